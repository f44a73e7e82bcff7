/**
 * Settling rebuilt the error from its known fields: subclasses, their fields, stacks and spans were lost.
 */
import { Cause, Effect, Option } from "effect"
import { ApiError, Reliability, Workload } from "effect-reliability"
import { describe, expect, it } from "vitest"

class Throttled extends ApiError.RateLimit {
  tenant = "nobody"
  get label(): string {
    return `${this.tenant} is throttled`
  }
}

describe("a settled error", () => {
  it("preserves its class, fields and getters", async () => {
    const error = new Throttled({ reason: "RateExceeded", delivery: "Acknowledged", status: 429, shouldRetry: false })
    error.tenant = "acme"
    const settled = await Effect.runPromise(Effect.flip(Reliability.protect(error, Workload.interactive)))
    expect(settled).toBeInstanceOf(Throttled)
    expect(settled).toMatchObject({ tenant: "acme", label: "acme is throttled", attempts: 1, status: 429 })
    expect(error.attempts).toBe(0)
  })

  it("keeps the frames of its stack under its new message", () => {
    const error = new ApiError.Transient({ reason: "Unavailable", delivery: "Acknowledged" })
    const settled = ApiError.settle(error, 3)
    const frames = (stack: string | undefined) => stack?.slice(stack.indexOf("\n    at "))
    expect(frames(settled.stack)).toContain("settledCopies.test.ts")
    expect(frames(settled.stack)).toBe(frames(error.stack))
    expect(settled.stack).toContain("Gave up after 3 attempts")
    expect(Object.keys(settled)).not.toContain("stack")
  })

  it("keeps the span in which it was raised", async () => {
    const error = new ApiError.Fatal({ reason: "NotFound", delivery: "Acknowledged" })
    const exit = await Effect.runPromise(
      Effect.exit(Effect.withSpan(Effect.fail(error), "inner").pipe(Reliability.protect(Workload.interactive)))
    )
    const failure = exit._tag === "Failure" ? Option.getOrThrow(Cause.failureOption(exit.cause)) : undefined
    expect(failure).toMatchObject({ attempts: 1 })
    expect(exit._tag === "Failure" && Cause.pretty(exit.cause)).toContain("at inner")
  })

  it("copies a frozen error", () => {
    const error = Object.freeze(new ApiError.Fatal({ reason: "NotFound", delivery: "Acknowledged" }))
    expect(ApiError.settle(error, 2)).toMatchObject({ reason: "NotFound", attempts: 2 })
  })
})

it("restores Error.stackTraceLimit after ApiError.settle throws", () => {
  const limit = Error.stackTraceLimit
  const error = new ApiError.Fatal({ reason: "NotFound", delivery: "Acknowledged" })
  const hostile = new Proxy(error, {
    getPrototypeOf: () => {
      throw new Error("no")
    }
  })
  expect(() => ApiError.settle(hostile, 1)).toThrow("no")
  expect(Error.stackTraceLimit).toBe(limit)
})
