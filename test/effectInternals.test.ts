import { Cause, Effect } from "effect"
import { describe, expect, it } from "vitest"
import { copySpan } from "../src/internal/call/effectInternals.js"

const raised = (error: Error): Promise<Error> =>
  Effect.runPromise(Effect.flip(Effect.withSpan(Effect.fail(error), "inner")))

describe("copySpan", () => {
  it("gives a copy the span that the installed version of Effect has put on the error", async () => {
    const copy = new Error("copy")
    copySpan(await raised(new Error("original")), copy)
    expect(Cause.pretty(Cause.fail(copy))).toContain("at inner")
  })

  it("leaves a copy as it is where the error has no span, or cannot be read", () => {
    const hostile = new Proxy(new Error("original"), {
      get: () => {
        throw new Error("no")
      }
    })
    for (const error of [new Error("original"), hostile]) {
      const copy = new Error("copy")
      copySpan(error, copy)
      expect(Object.getOwnPropertySymbols(copy)).toEqual([])
      expect(Cause.pretty(Cause.fail(copy))).not.toContain("at inner")
    }
  })
})
