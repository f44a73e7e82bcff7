import { Arbitrary, Cause, Duration, Effect, Equal, FastCheck as fc, Hash, Schema } from "effect"
import { ApiError, Classify } from "effect-reliability"
import { inspect } from "node:util"
import { describe, expect, it } from "vitest"

const anyError = Arbitrary.make(ApiError.ApiError)

const transient = (props: Partial<ConstructorParameters<typeof ApiError.Transient>[0]> = {}) =>
  new ApiError.Transient({ reason: "Unavailable", delivery: "Acknowledged", status: 503, ...props })

describe("ApiError", () => {
  it("has the three tags", () => {
    const tags = [
      new ApiError.RateLimit({ reason: "Capacity", delivery: "Acknowledged" }),
      transient(),
      new ApiError.Fatal({ reason: "Unknown", delivery: "Unconfirmed" })
    ].map((error) => error._tag)
    expect(tags).toEqual(["RateLimit", "Transient", "Fatal"])
  })

  it("can be yielded, caught by tag, and is an Error", () => {
    const program = Effect.gen(function* () {
      return yield* transient()
    }).pipe(Effect.catchTag("Transient", (error) => Effect.succeed(error instanceof Error)))
    expect(Effect.runSync(program)).toBe(true)
  })

  it("comes back equal from JSON, whatever its fields", () => {
    fc.assert(
      fc.property(anyError, (error) => {
        const json = JSON.stringify(Schema.encodeSync(ApiError.ApiError)(error))
        const back = Schema.decodeUnknownSync(ApiError.ApiError)(JSON.parse(json))
        return Equal.equals(back, error) && Hash.hash(back) === Hash.hash(error) && back.message === error.message
      }),
      { numRuns: 2000 }
    )
  })

  it("leaves fields out that say nothing, so that they do not make a difference", () => {
    expect(Object.keys(transient({ status: undefined, code: undefined }))).toEqual(
      expect.not.arrayContaining(["status", "code"])
    )
    expect(Equal.equals(transient({ code: undefined }), transient())).toBe(true)
  })

  it("keeps of the cause names and codes, hidden from keys, JSON and equality", () => {
    const socket = Object.assign(new Error("secret"), { code: "ECONNRESET", key: "fw_secret" })
    const error = transient({ cause: new TypeError("prompt", { cause: socket }) })
    expect(error.cause).toMatchObject({ name: "TypeError", cause: { name: "Error", code: "ECONNRESET" } })
    expect(Object.keys(error)).not.toContain("cause")
    expect(Schema.encodeSync(ApiError.ApiError)(error)).not.toHaveProperty("cause")
    expect(Equal.equals(error, transient())).toBe(true)
    const shown = [inspect(error), JSON.stringify(error), Cause.pretty(Cause.fail(error), { renderErrorCause: true })]
    for (const text of shown) expect(text).not.toMatch(/secret|prompt/)
    expect(shown[2]).toContain("ECONNRESET")
  })

  it("reduces causes that bite: cycles, throwing getters, revoked proxies, endless chains", () => {
    const cycle = new Error("a")
    cycle.cause = cycle
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()
    const thrower = {
      get code(): string {
        throw new Error("no")
      },
      name: "sk-abcdefghijkl"
    }
    const endless = new Proxy({}, { get: (_, key) => (key === "cause" ? { ...endless } : undefined) })
    for (const cause of [cycle, proxy, thrower, endless, Object.create(null), Symbol("x"), 1n, () => 1]) {
      expect(() => inspect(transient({ cause }))).not.toThrow()
      expect(inspect(transient({ cause }))).not.toContain("sk-abc")
    }
  })

  it.each([
    ["a reason of another class", { reason: "RateExceeded" }, /RateExceeded/],
    ["an unknown delivery", { delivery: "Maybe" }, /Maybe/],
    ["a status of 1000", { status: 1000 }, /1000/],
    ["half an attempt", { attempts: 0.5 }, /0\.5/],
    ["an infinite hint", { retryAfter: Duration.infinity }, /Infinity|infin/i]
  ])("refuses %s at construction, naming it", (_, props, message) => {
    // what JavaScript callers can do, and TypeScript's cannot
    expect(() => transient(props as object)).toThrow(message)
  })

  it("says what happened, whether the server saw it, and what to do", () => {
    const error = new ApiError.Transient({
      reason: "Timeout",
      delivery: "Unconfirmed",
      phase: "read",
      method: "POST",
      url: "https://api.example/v1/chat",
      requestId: "r-1",
      attempts: 3
    })
    expect(error.message).toBe(
      "Timeout: the answer did not arrive in time. POST https://api.example/v1/chat. " +
        "The server may have received the request. Given up after 3 tries. Request id r-1. " +
        "Try again, or choose a workload that allows more time."
    )
    expect(String(error)).toBe(`Transient: ${error.message}`)
  })

  it("says a status once that is its code as well", () => {
    expect(transient({ status: 503, code: "503" }).message).toContain(" (HTTP 503)")
    expect(transient({ status: 503, code: "OVERLOADED" }).message).toContain(" (HTTP 503, OVERLOADED)")
  })

  it("has a message and an advice for every reason", () => {
    fc.assert(fc.property(anyError, (error) => error.message.includes(error.reason) && error.advice.length > 0))
  })

  it("prefers the provider's advice", () => {
    expect(transient({ remedy: "Look here." }).advice).toBe("Look here.")
    expect(transient({ remedy: "Look here." }).message).toContain("Look here.")
  })
})

describe("isApiError", () => {
  it("knows the three, and what another copy of the package made", () => {
    expect(ApiError.isApiError(transient())).toBe(true)
    expect(ApiError.isApiError({ [ApiError.TypeId]: Symbol.for("effect-reliability/ApiError") })).toBe(true)
  })

  it("knows nothing else", () => {
    for (const u of [undefined, null, 0, "RateLimit", { _tag: "RateLimit" }, new Error("x")]) {
      expect(ApiError.isApiError(u)).toBe(false)
    }
  })
})

describe("isRetryable", () => {
  const fatal = (shouldRetry?: boolean) =>
    new ApiError.Fatal({ reason: "BadRequest", delivery: "Acknowledged", shouldRetry })

  it("follows the class", () => {
    expect(ApiError.isRetryable(transient())).toBe(true)
    expect(ApiError.isRetryable(new ApiError.RateLimit({ reason: "Capacity", delivery: "Acknowledged" }))).toBe(true)
    expect(ApiError.isRetryable(fatal())).toBe(false)
  })

  it("lets the server overrule the class, both ways", () => {
    expect(ApiError.isRetryable(fatal(true))).toBe(true)
    expect(ApiError.isRetryable(transient({ shouldRetry: false }))).toBe(false)
  })

  it("is over once the error is settled, whatever the server said", () => {
    expect(ApiError.isRetryable(ApiError.settle(transient(), 1))).toBe(false)
    expect(ApiError.isRetryable(ApiError.settle(fatal(true), 2))).toBe(false)
    expect(ApiError.isRetryable(ApiError.unsettle(ApiError.settle(transient(), 2)))).toBe(true)
  })
})

describe("settle and unsettle", () => {
  it("change the attempts and nothing else, and keep class and cause", () => {
    fc.assert(
      fc.property(anyError, fc.integer({ min: 1, max: 9 }), (error, attempts) => {
        const settled = ApiError.settle(error, attempts)
        expect({ ...settled }).toEqual({ ...error, attempts })
        expect(settled).toBeInstanceOf(error.constructor)
        expect(ApiError.isSettled(settled)).toBe(true)
        expect(Equal.equals(ApiError.unsettle(settled), ApiError.unsettle(error))).toBe(true)
      }),
      { numRuns: 500 }
    )
    const caused = transient({ cause: Object.assign(new Error("x"), { code: "EPIPE" }) })
    expect(ApiError.settle(caused, 2).cause).toBe(caused.cause)
  })

  it("do not touch the error they are given", () => {
    const error = transient()
    ApiError.settle(error, 3)
    expect(error.attempts).toBe(0)
  })

  it("take their arguments in both orders", () => {
    expect(Equal.equals(ApiError.settle(2)(transient()), ApiError.settle(transient(), 2))).toBe(true)
  })
})

describe("mayHaveExecuted", () => {
  it.each<[string, boolean, ApiError.ApiError]>([
    ["nothing was sent", false, transient({ delivery: "NotSent", status: undefined })],
    ["a 503", true, transient()],
    ["a lost answer", true, transient({ reason: "ConnectionLost", delivery: "Unconfirmed" })],
    ["a deployment scaling up", false, transient({ reason: "ScalingUp" })],
    ["a weight swap", false, transient({ reason: "WeightSwap", status: 425 })],
    ["a rate limit", false, new ApiError.RateLimit({ reason: "RateExceeded", delivery: "Acknowledged" })],
    ["a 503 that a table marks as refused", false, transient({ executed: false })],
    [
      "a rate limit that a table marks as run",
      true,
      new ApiError.RateLimit({ reason: "Overloaded", delivery: "Acknowledged", executed: true })
    ]
  ])("%s: %s", (_, expected, error) => {
    expect(ApiError.mayHaveExecuted(error)).toBe(expected)
  })
})

describe("match", () => {
  it("calls the case of the class, in both orders of arguments", () => {
    const cases = { RateLimit: () => "r", Transient: (e: ApiError.Transient) => e.reason, Fatal: () => "f" }
    expect(ApiError.match(transient(), cases)).toBe("Unavailable")
    expect(ApiError.match(cases)(new ApiError.Fatal({ reason: "Tls", delivery: "NotSent" }))).toBe("f")
    expect(ApiError.match(cases)(Classify.answer({ status: 429, now: 0 }))).toBe("r")
  })
})
