import { Arbitrary, Cause, Duration, Effect, Equal, FastCheck as fc, Hash, Schema } from "effect"
import { ApiError, Classify } from "effect-reliability"
import { inspect } from "node:util"
import { describe, expect, it } from "vitest"

const anyError = Arbitrary.make(ApiError.ApiError)

type Props = Partial<ConstructorParameters<typeof ApiError.Transient>[0]>

const transient = (props: Props = {}) =>
  new ApiError.Transient({ reason: "Unavailable", delivery: "Acknowledged", status: 503, ...props })

describe("ApiError", () => {
  it("tags each of its three classes", () => {
    const tags = [
      new ApiError.RateLimit({ reason: "Capacity", delivery: "Acknowledged" }),
      transient(),
      new ApiError.Fatal({ reason: "Unknown", delivery: "Unconfirmed" })
    ].map((error) => error._tag)
    expect(tags).toEqual(["RateLimit", "Transient", "Fatal"])
  })

  it("extends Error, and supports yielding and catching by tag", () => {
    const program = Effect.gen(function* () {
      return yield* transient()
    }).pipe(Effect.catchTag("Transient", (error) => Effect.succeed(error instanceof Error)))
    expect(Effect.runSync(program)).toBe(true)
  })

  it("equals its decoded JSON, for any fields", () => {
    fc.assert(
      fc.property(anyError, (error) => {
        const json = JSON.stringify(Schema.encodeSync(ApiError.ApiError)(error))
        const back = Schema.decodeUnknownSync(ApiError.ApiError)(JSON.parse(json))
        return Equal.equals(back, error) && Hash.hash(back) === Hash.hash(error) && back.message === error.message
      }),
      { numRuns: 2000 }
    )
  })

  it("omits undefined fields, which do not affect equality", () => {
    expect(Object.keys(transient({ status: undefined, code: undefined }))).toEqual(
      expect.not.arrayContaining(["status", "code"])
    )
    expect(Equal.equals(transient({ code: undefined }), transient())).toBe(true)
  })

  it("accepts exactly the fields that its schema accepts", () => {
    const values = fc.oneof(
      fc.constantFrom<unknown>(
        "Acknowledged",
        "NotSent",
        "read",
        "Attempts",
        "",
        true,
        false,
        0,
        1,
        -1,
        503,
        1000,
        1.5,
        NaN
      ),
      fc.constantFrom<unknown>(
        Duration.seconds(1),
        Duration.millis(-1),
        Duration.infinity,
        null,
        {},
        [],
        "x".repeat(2000)
      ),
      fc.string()
    )
    const names = [
      "delivery",
      "status",
      "code",
      "detail",
      "phase",
      "retryAfter",
      "shouldRetry",
      "executed",
      "reusedSocket"
    ]
    const more = [
      "requestId",
      "method",
      "url",
      "remedy",
      "stopped",
      "nextWait",
      "timeLeft",
      "attempts",
      "foreign",
      "_tag"
    ]
    const some = fc.dictionary(fc.constantFrom(...names, ...more), values, { maxKeys: 3 })
    const reason = fc.constantFrom("Unavailable", "Unauthorized", "toString", 1)
    const construct = (props: object, options?: Schema.MakeOptions) => {
      try {
        // the test passes fields of any type
        return { ...new ApiError.Transient(props as never, options) }
      } catch (error) {
        return String(error)
      }
    }
    fc.assert(
      fc.property(reason, some, (reason, props) => {
        const given = { reason, delivery: "NotSent", ...props }
        expect(construct(given)).toEqual(construct(given, false))
      }),
      { numRuns: 1000 }
    )
  })

  it("keeps only names and codes of the cause, hidden from keys, JSON and equality", () => {
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

  it("reduces hostile causes: cycles, throwing getters, revoked proxies, endless chains", () => {
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
    ["a negative status", { status: -1 }, /-1/],
    ["half a status", { status: 200.5 }, /200\.5/],
    ["half an attempt", { attempts: 0.5 }, /0\.5/],
    ["a negative attempt", { attempts: -1 }, /-1/],
    ["a hint that no timer can hold", { retryAfter: Duration.millis(2 ** 31) }, /24d 20h 31m 23s 648ms/],
    ["an infinite hint", { retryAfter: Duration.infinity }, /Infinity|infin/i]
  ])("rejects %s at construction and names the value", (_, props, message) => {
    // only possible without TypeScript
    expect(() => transient(props as object)).toThrow(message)
  })

  it("accepts the smallest and largest status and hint", () => {
    const longest = Duration.millis(2 ** 31 - 1)
    expect(transient({ status: 0, retryAfter: Duration.zero })).toMatchObject({ status: 0, attempts: 0 })
    expect(transient({ status: 999, retryAfter: longest })).toMatchObject({ status: 999, retryAfter: longest })
  })

  it("describes what happened, whether the server saw the request, and what to do", () => {
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
      "Timeout: the response did not arrive in time. POST https://api.example/v1/chat. " +
        "The server may have received the request. Request id r-1. " +
        "Retry, or choose a workload that allows more time. Gave up after 3 attempts."
    )
    expect(String(error)).toBe(`Transient: ${error.message}`)
  })

  it.each<[string, Props]>([
    ["", { status: undefined }],
    [" (HTTP 503)", {}],
    [" (HTTP 503)", { code: "503" }],
    [" (HTTP 503, OVERLOADED)", { code: "OVERLOADED" }],
    [" (OVERLOADED)", { status: undefined, code: "OVERLOADED" }],
    [" (HTTP 503): come back later", { detail: "come back later" }],
    [" (HTTP 503): come back later", { detail: "come back later!" }],
    [": is it? yes", { status: undefined, detail: "is it? yes." }],
    [" (HTTP 503)", { detail: "" }],
    [" (HTTP 503). Request to https://api.example/v1", { url: "https://api.example/v1" }],
    [" (HTTP 503)", { method: "POST" }],
    [" (HTTP 503)", { attempts: 1 }]
  ])("adds %j to the message, and nothing else, given %j", (known, props) => {
    expect(transient({ remedy: "Wait.", ...props }).message).toBe(
      `Unavailable: the service is unavailable${known}. Wait.`
    )
  })

  it("words its message by reason, phase and delivery", () => {
    const delivery = "Acknowledged"
    const messages = [
      ...ApiError.RateLimitReason.literals.map((reason) => new ApiError.RateLimit({ reason, delivery })),
      ...ApiError.TransientReason.literals.map((reason) => new ApiError.Transient({ reason, delivery })),
      ...ApiError.FatalReason.literals.map((reason) => new ApiError.Fatal({ reason, delivery })),
      ...ApiError.Phase.literals.map((phase) =>
        transient({ reason: "Timeout", phase, remedy: "-", status: undefined })
      ),
      ...ApiError.Delivery.literals.map((delivery) => transient({ delivery, remedy: "-", status: undefined }))
    ].map(({ message }) => message)
    expect(`\n${messages.join("\n")}\n`).toMatchInlineSnapshot(`
      "
      RateExceeded: the rate limit was exceeded. Wait as long as the server asks, and spread the calls out.
      Capacity: the deployment is saturated. Send fewer calls at once, or add replicas.
      Overloaded: the service is overloaded. Wait, then retry with fewer calls at once.
      LocallyLimited: the rate limiter of this process had no room for the call. Send fewer calls at once, or allow them more time.
      ServerError: the server failed. Retry; if the error persists, contact the provider with the request id.
      BadGateway: a gateway received no valid response from the server behind it. Wait a moment, then retry.
      Unavailable: the service is unavailable. Wait, then retry; check the provider's status page.
      GatewayTimeout: a gateway waited too long for the server behind it. Retry, or make the request smaller.
      RequestTimeout: the server gave up waiting for the request. Wait a moment, then retry.
      TooEarly: the server does not accept early data. Retry once the connection is established.
      ScalingUp: the deployment is scaling up from zero. Wait some minutes, or keep at least one replica running.
      WeightSwap: the deployment is loading new weights. Retry shortly.
      UnknownStatus: the server failed with an unusual status. Retry; if the error persists, contact the provider.
      Timeout: a timeout expired. Retry, or choose a workload that allows more time.
      NameLookup: the lookup of the host name failed temporarily. Check the DNS resolver of this machine.
      NameNotFound: the host name does not exist. Check the base URL, and the DNS resolver of this machine.
      Connect: no connection could be made. Check that the host and port are right and reachable from this machine.
      ConnectionLost: the connection broke. Retry; if the error persists, check the network path and its proxies.
      StreamBroken: the stream broke off before its end. Start over: what was received cannot be continued.
      InvalidAnswer: the response could not be read. Retry; if the error persists, look for a proxy that alters responses.
      CircuitOpen: the circuit breaker of this process refuses calls to a server that failed. Wait until the breaker probes the server again, or call another server.
      BadRequest: the server rejected the request as malformed. Fix the request.
      Unauthorized: the server rejected the API key. Check the API key.
      PaymentRequired: the account's plan or balance does not allow the call. Check the account's billing.
      Forbidden: the call is not allowed. Check the API key and its permissions.
      NotFound: the path or model does not exist. Check the URL and the model's name, and that the model is deployed.
      MethodNotAllowed: the path does not allow this method. Check the method and the URL.
      Conflict: the call conflicts with the current state. Look up what exists under this id before sending again.
      PreconditionFailed: a precondition of the call does not hold. Check the state of the account and of the model.
      TooLarge: the request is too large. Send less at once.
      Unprocessable: the server could not process the request's content. Fix the request's body.
      QuotaExhausted: the quota is exhausted. Raise the quota or the spending limit; waiting does not help.
      Tls: no trusted connection could be made. Check the certificates on both sides, and this machine's clock.
      ProxyRefused: the proxy refused the call. Check the proxy's address and credentials.
      InvalidRequest: the request cannot be sent. Fix its URL, headers or body.
      Decode: the response does not match the expected schema. Check the schema against the provider's documentation.
      AnswerTooLarge: the response exceeds the size limit. Request less, or raise the limit.
      EventTooLarge: an event of the stream exceeds the size limit. Raise the limit.
      Aborted: the call was aborted. Look for the code on this side that aborted it.
      UnexpectedStatus: the status has no meaning for this API. Check the base URL.
      Unknown: an unexpected error occurred. Look at the names and codes of the cause.
      Timeout: no connection of the pool became free in time. -
      Timeout: the connection was not made in time. -
      Timeout: the request was not written in time. -
      Timeout: the response did not arrive in time. -
      Timeout: the attempt took longer than the workload allows. -
      Timeout: the deadline passed. -
      Unavailable: the service is unavailable. Nothing was sent. -
      Unavailable: the service is unavailable. The server may have received the request. -
      Unavailable: the service is unavailable. The response broke off. -
      Unavailable: the service is unavailable. -
      "
    `)
  })

  it("prefers the provider's advice unless it is empty", () => {
    expect(transient({ remedy: "Look here." }).advice).toBe("Look here.")
    expect(transient({ remedy: "Look here." }).message).toContain("Look here.")
    expect(transient({ remedy: "" }).advice).toBe(transient().advice)
    for (const { advice, message } of [
      new ApiError.RateLimit({ reason: "Capacity", delivery: "NotSent" }),
      transient(),
      new ApiError.Fatal({ reason: "Tls", delivery: "NotSent" })
    ]) {
      expect(message).toContain(advice)
    }
  })

  it.each([
    ["RateLimit", new ApiError.RateLimit({ reason: "Capacity", delivery: "NotSent", cause: new TypeError("x") })],
    ["Transient", transient({ cause: new TypeError("x") })],
    ["Fatal", new ApiError.Fatal({ reason: "Tls", delivery: "NotSent", cause: new TypeError("x") })]
  ])("identifies %s as an ApiError with a cause and a named schema", (tag, error) => {
    expect(ApiError.isApiError(error)).toBe(true)
    expect(error.cause?.name).toBe("TypeError")
    expect(error.constructor).toHaveProperty("identifier", `effect-reliability/${tag}`)
  })

  it("omits the cause property when no cause is given", () => {
    expect(Object.hasOwn(transient(), "cause")).toBe(false)
    expect(Object.hasOwn(transient({ cause: null }), "cause")).toBe(false)
  })

  it("keeps its cause writable and configurable, but not enumerable", () => {
    const error = transient({ cause: new Error("x") })
    expect(Object.getOwnPropertyDescriptor(error, "cause")).toMatchObject({
      enumerable: false,
      writable: true,
      configurable: true
    })
  })
})

describe("ApiError.detail", () => {
  const json = (detail: unknown) => ({
    _tag: "Transient",
    reason: "Unavailable",
    delivery: "Acknowledged",
    attempts: 0,
    detail
  })

  it("keeps at most 1 KiB of UTF-8, on construction and on decoding", () => {
    for (const make of [
      (detail: string) => transient({ detail }),
      (detail: string) => Schema.decodeUnknownSync(ApiError.Transient)(json(detail))
    ]) {
      expect(make("x".repeat(1024)).detail).toBe("x".repeat(1024))
      expect(make("x".repeat(1025)).detail).toBe("x".repeat(1024))
      // newer versions of `TextEncoder` omit a character that fits exactly
      expect(make(`${"x".repeat(1022)}é!`).detail).toMatch(/^x{1022}é?$/)
      expect(make(`${"x".repeat(1023)}é!`).detail).toBe("x".repeat(1023))
    }
  })

  it("fails to encode if it was replaced by a longer text after construction", () => {
    const forged = Object.defineProperty(transient(), "detail", { value: "x".repeat(1025), enumerable: true })
    expect(() => Schema.encodeSync(ApiError.Transient)(forged)).toThrow("at most 1024 bytes of UTF-8")
  })

  it("rejects a value that is not a string", () => {
    // only possible without TypeScript
    expect(() => transient({ detail: 7 as unknown as string })).toThrow("Expected string, actual 7")
    expect(() => Schema.decodeUnknownSync(ApiError.Transient)(json(7))).toThrow("Expected string, actual 7")
  })
})

describe("ApiError.isApiError", () => {
  it("accepts errors of this and of another copy of the package", () => {
    expect(ApiError.isApiError(transient())).toBe(true)
    expect(ApiError.isApiError({ [ApiError.TypeId]: Symbol.for("effect-reliability/ApiError") })).toBe(true)
  })

  it("rejects everything else", () => {
    for (const u of [undefined, null, 0, "RateLimit", { _tag: "RateLimit" }, new Error("x")]) {
      expect(ApiError.isApiError(u)).toBe(false)
    }
  })
})

describe("ApiError.isRetryable", () => {
  const fatal = (shouldRetry?: boolean) =>
    new ApiError.Fatal({ reason: "BadRequest", delivery: "Acknowledged", shouldRetry })

  it("returns true for RateLimit and Transient, false for Fatal", () => {
    expect(ApiError.isRetryable(transient())).toBe(true)
    expect(ApiError.isRetryable(new ApiError.RateLimit({ reason: "Capacity", delivery: "Acknowledged" }))).toBe(true)
    expect(ApiError.isRetryable(fatal())).toBe(false)
  })

  it("prefers shouldRetry to the class, in both directions", () => {
    expect(ApiError.isRetryable(fatal(true))).toBe(true)
    expect(ApiError.isRetryable(transient({ shouldRetry: false }))).toBe(false)
  })

  it("returns false once the error is settled, whatever shouldRetry is", () => {
    expect(ApiError.isRetryable(ApiError.settle(transient(), 1))).toBe(false)
    expect(ApiError.isRetryable(ApiError.settle(fatal(true), 2))).toBe(false)
    expect(ApiError.isRetryable(ApiError.unsettle(ApiError.settle(transient(), 2)))).toBe(true)
  })
})

describe("ApiError.settle and unsettle", () => {
  it("changes only the attempts, and keeps class and cause", () => {
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

  it("does not modify the original error", () => {
    const error = transient()
    ApiError.settle(error, 3)
    expect(error.attempts).toBe(0)
  })

  it("accepts the arguments in both orders", () => {
    expect(Equal.equals(ApiError.settle(2)(transient()), ApiError.settle(transient(), 2))).toBe(true)
  })

  it("returns the same error if nothing changes", () => {
    const error = transient()
    expect(ApiError.unsettle(error)).toBe(error)
    const settled = ApiError.settle(error, 2)
    expect(ApiError.settle(settled, 2)).toBe(settled)
  })

  it("keeps the frames of the stack below the new message", () => {
    const error = transient()
    const settled = ApiError.settle(error, 2)
    const frames = error.stack?.slice(String(error).length)
    expect(frames).toContain("ApiError.test.ts")
    expect(settled.stack).toBe(`${String(settled)}${frames}`)
    expect(Object.getOwnPropertyDescriptor(settled, "stack")).toMatchObject({
      enumerable: false,
      writable: true,
      configurable: true
    })
  })

  it("keeps a stack that does not start with the message, and invents no frames", () => {
    const foreign = Object.assign(transient(), { stack: "elsewhere\n    at the.end" })
    expect(ApiError.settle(foreign, 2).stack).toBe("elsewhere\n    at the.end")
    for (const stack of [undefined, "words without a frame"]) {
      const bare = ApiError.settle(Object.defineProperty(transient(), "stack", { value: stack }), 2)
      expect(bare.stack).not.toMatch(/\n {4}at |words/)
    }
  })

  it("keeps the span of the error as a non-enumerable property", () => {
    const span = Symbol.for("effect/SpanAnnotation")
    const settled = ApiError.settle(Object.assign(transient(), { [span]: "the span" }), 2)
    expect(Object.getOwnPropertyDescriptor(settled, span)).toMatchObject({ value: "the span", enumerable: false })
    expect(Object.getOwnPropertySymbols(ApiError.settle(transient(), 2))).not.toContain(span)
  })

  it("exposes attempts as an enumerable property", () => {
    expect(Object.keys(ApiError.settle(transient(), 2))).toContain("attempts")
  })
})

describe("an error made by Classify", () => {
  const classified = () => Classify.answer({ status: 503, now: 0 })

  it("equals the error made by the constructor, but omits stack frames", () => {
    const { _tag, stack, ...fields } = classified()
    expect(stack).not.toContain("\n    at ")
    expect(_tag).toBe("Transient")
    expect(Equal.equals(classified(), transient({ ...fields, reason: "Unavailable" }))).toBe(true)
    expect(Object.keys(classified())).not.toContain("code")
  })

  it("restores Error.stackTraceLimit", () => {
    const limit = Error.stackTraceLimit
    try {
      Error.stackTraceLimit = 7
      classified()
      ApiError.settle(transient(), 2)
      expect(Error.stackTraceLimit).toBe(7)
    } finally {
      Error.stackTraceLimit = limit
    }
  })
})

describe("ApiError.mayHaveExecuted", () => {
  const fatal = (props: Partial<ConstructorParameters<typeof ApiError.Fatal>[0]>) =>
    new ApiError.Fatal({ reason: "BadRequest", delivery: "Acknowledged", ...props })

  it.each<[string, boolean, ApiError.ApiError]>([
    ["an error before anything was sent", false, transient({ delivery: "NotSent", status: undefined })],
    ["a 503", true, transient()],
    ["a lost response", true, transient({ reason: "ConnectionLost", delivery: "Unconfirmed" })],
    ["a deployment scaling up", false, transient({ reason: "ScalingUp" })],
    ["a weight swap", false, transient({ reason: "WeightSwap", status: 425 })],
    ["a rate limit", false, new ApiError.RateLimit({ reason: "RateExceeded", delivery: "Acknowledged" })],
    ["a 503 marked as not executed", false, transient({ executed: false })],
    ["an unsent request, even if marked as executed", false, transient({ delivery: "NotSent", executed: true })],
    ["a 400", false, fatal({ status: 400 })],
    ["a BadRequest without a status", false, fatal({})],
    ["a BadRequest inside a stream with status 200", true, fatal({ status: 200 })],
    ["a 400 whose response broke off", true, fatal({ status: 400, delivery: "Partial" })],
    ["a response with an unexpected schema", true, fatal({ reason: "Decode", status: 400 })],
    [
      "a rate limit marked as executed",
      true,
      new ApiError.RateLimit({ reason: "Overloaded", delivery: "Acknowledged", executed: true })
    ]
  ])("returns $1 for %s", (_, expected, error) => {
    expect(ApiError.mayHaveExecuted(error)).toBe(expected)
  })

  it("returns false for exactly the Fatal reasons that precede execution", () => {
    const refusals = ApiError.FatalReason.literals.filter(
      (reason) => !ApiError.mayHaveExecuted(fatal({ reason, status: 400 }))
    )
    expect(refusals).toEqual([
      "BadRequest",
      "Unauthorized",
      "Forbidden",
      "NotFound",
      "MethodNotAllowed",
      "TooLarge",
      "Unprocessable"
    ])
  })
})

describe("ApiError.match", () => {
  it("calls the case of the class, in both orders of arguments", () => {
    const cases = { RateLimit: () => "r", Transient: (e: ApiError.Transient) => e.reason, Fatal: () => "f" }
    expect(ApiError.match(transient(), cases)).toBe("Unavailable")
    expect(ApiError.match(cases)(new ApiError.Fatal({ reason: "Tls", delivery: "NotSent" }))).toBe("f")
    expect(ApiError.match(cases)(Classify.answer({ status: 429, now: 0 }))).toBe("r")
  })
})
