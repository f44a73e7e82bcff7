import type { Effect } from "effect"
import { Doctor } from "effect-reliability/cli"
import { describe, expectTypeOf, it } from "vitest"

describe("Doctor", () => {
  it("succeeds always and requires nothing", () => {
    expectTypeOf(Doctor.examine({})).toEqualTypeOf<Effect.Effect<Doctor.Report>>()
    expectTypeOf(Doctor.exitStatus).returns.toEqualTypeOf<0 | 1>()
  })

  it("limits findings to known sides, and keys to Redacted", () => {
    expectTypeOf<Doctor.Finding["side"]>().toEqualTypeOf<"yours" | "provider" | "account" | "unclear">()
    // @ts-expect-error a key is Redacted
    void Doctor.examine({ apiKey: "fw_key" })
  })
})
