import { Cause, Duration, Effect, FastCheck as fc, Logger, Schema } from "effect"
import { ApiError, Classify, Dialect } from "effect-reliability"
import { inspect } from "node:util"
import { describe, expect, it } from "vitest"

const fireworks = (status: number, body?: unknown, options: Partial<Classify.Answer> = {}) =>
  Classify.answer({ status, body, dialect: Dialect.fireworks, now: 0, ...options })

const kind = (error: ApiError.ApiError) => `${error._tag} ${error.reason}`

describe("Classify.answer", () => {
  // Each shape of ../src/internal/answerBody.ts, as the providers' pages and users' reports show it
  it.each<[string, number, unknown, string, string | undefined, string | undefined]>([
    [
      "a deployment at zero",
      503,
      {
        error: {
          message: "Deployment is currently scaled to zero and is scaling up.",
          code: "DEPLOYMENT_SCALING_UP",
          type: "error"
        }
      },
      "Transient ScalingUp",
      "DEPLOYMENT_SCALING_UP",
      "Deployment is currently scaled to zero and is scaling up."
    ],
    [
      "a wrong key",
      401,
      { error: { message: "The API key you provided is invalid.", code: "UNAUTHORIZED", type: "error" } },
      "Fatal Unauthorized",
      "UNAUTHORIZED",
      "The API key you provided is invalid."
    ],
    [
      "a suspended account",
      412,
      {
        error: {
          message: "Account acme-42 is suspended, possibly due to reaching the monthly spending limit.",
          param: null,
          code: "PRECONDITION_FAILED",
          type: "error"
        }
      },
      "Fatal PreconditionFailed",
      "PRECONDITION_FAILED",
      "Account [account] is suspended, possibly due to reaching the monthly spending limit."
    ],
    [
      "a token limit, whose code lies",
      429,
      {
        error: {
          object: "error",
          type: "invalid_request_error",
          code: "invalid_request_error",
          message: "rate limit exceeded"
        }
      },
      "RateLimit RateExceeded",
      "invalid_request_error",
      "rate limit exceeded"
    ],
    [
      "no first token in time",
      429,
      { error: { object: "error", code: "too_many_requests", message: "the service is overloaded" } },
      "RateLimit Overloaded",
      "too_many_requests",
      "the service is overloaded"
    ],
    [
      "an error that is a string, beside its message",
      429,
      { error: "Too Many Requests", message: "You have exceeded your usage limits." },
      "RateLimit RateExceeded",
      undefined,
      "You have exceeded your usage limits."
    ],
    ["an error that is a string", 500, { error: "boom" }, "Transient ServerError", undefined, "boom"],
    ["a numeric code", 400, { error: { code: 1234, message: "no" } }, "Fatal BadRequest", "1234", "no"],
    [
      "FastAPI's list, without the input it quotes",
      422,
      {
        detail: [
          { loc: ["body", "messages", 0, "role"], msg: "Field required", type: "missing", input: { content: "psst" } }
        ]
      },
      "Fatal Unprocessable",
      undefined,
      "body.messages.0.role: Field required"
    ],
    ["FastAPI's string", 404, { detail: "Not Found" }, "Fatal NotFound", undefined, "Not Found"],
    [
      "the Anthropic endpoint",
      529,
      { type: "error", error: { type: "overloaded_error", message: "Overloaded" }, request_id: "req_1" },
      "Transient UnknownStatus",
      "overloaded_error",
      "Overloaded"
    ],
    [
      "the control plane, with google.rpc.ErrorInfo",
      409,
      {
        code: 6,
        message: "already exists",
        details: [{ "@type": "x" }, { reason: "JOB_EXISTS", domain: "fireworks.ai" }]
      },
      "Fatal Conflict",
      "JOB_EXISTS",
      "already exists"
    ],
    [
      "a proxy's line",
      503,
      "upstream connect error or disconnect/reset before headers",
      "Transient Unavailable",
      undefined,
      "upstream connect error or disconnect/reset before headers"
    ],
    [
      "a proxy's page",
      502,
      "<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body>secret</body>",
      "Transient BadGateway",
      undefined,
      "502 Bad Gateway"
    ],
    [
      "truncated JSON",
      503,
      '{"error":{"code":"DEPLOYMENT_SCALING_UP","message":"soon","det',
      "Transient ScalingUp",
      "DEPLOYMENT_SCALING_UP",
      "soon"
    ],
    ["a JSON string", 500, '"it broke"', "Transient ServerError", undefined, "it broke"],
    ["a list around the error", 400, [{ error: { code: "BAD", message: "no" } }], "Fatal BadRequest", "BAD", "no"],
    ["nothing", 504, undefined, "Transient GatewayTimeout", undefined, undefined],
    ["blanks", 408, "  \n", "Transient RequestTimeout", undefined, undefined],
    ["binary", 500, new Uint8Array([0, 159, 146, 150]), "Transient ServerError", undefined, undefined]
  ])("reads %s", (_, status, body, expected, code, detail) => {
    for (const form of typeof body === "object" && !(body instanceof Uint8Array)
      ? [body, JSON.stringify(body), new TextEncoder().encode(JSON.stringify(body))]
      : [body]) {
      const error = fireworks(status, form)
      expect(kind(error)).toBe(expected)
      expect(error.code).toBe(code)
      expect(error.detail).toBe(detail)
      expect(error.delivery).toBe("Acknowledged")
      expect(error.status).toBe(status)
      expect(error.attempts).toBe(0)
    }
  })

  it.each([
    [402, "Fatal PaymentRequired"],
    [403, "Fatal Forbidden"],
    [405, "Fatal MethodNotAllowed"],
    [407, "Fatal ProxyRefused"],
    [413, "Fatal TooLarge"],
    [425, "Transient WeightSwap"],
    [520, "Transient UnknownStatus"],
    [529, "Transient UnknownStatus"],
    [0, "Fatal UnexpectedStatus"],
    [99, "Fatal UnexpectedStatus"],
    [700, "Fatal UnexpectedStatus"],
    [302, "Fatal UnexpectedStatus"],
    [Number.NaN, "Fatal UnexpectedStatus"]
  ])("takes %d for %s", (status, expected) => {
    expect(kind(fireworks(status))).toBe(expected)
  })

  it("tells an account's limit from a saturated deployment and from an empty quota", () => {
    expect(kind(fireworks(429, undefined, { target: "serverless" }))).toBe("RateLimit RateExceeded")
    expect(kind(fireworks(429, undefined, { target: "dedicated" }))).toBe("RateLimit Capacity")
    expect(kind(fireworks(429, { error: { code: "quota_exceeded" } }))).toBe("Fatal QuotaExhausted")
    expect(kind(Classify.answer({ status: 429, body: { error: { type: "insufficient_quota" } }, now: 0 }))).toBe(
      "Fatal QuotaExhausted"
    )
  })

  it("understands the commonest codes without being told the dialect", () => {
    const error = Classify.answer({ status: 503, body: { error: { code: "DEPLOYMENT_SCALING_UP" } }, now: 0 })
    expect(kind(error)).toBe("Transient ScalingUp")
    expect(ApiError.mayHaveExecuted(error)).toBe(false)
  })

  it("says which of the two things a 412 is", () => {
    expect(fireworks(412, { error: { message: "Account x is suspended" } }).advice).toContain("account is suspended")
    expect(fireworks(412, { error: { message: "LoRA could not be loaded" } }).advice).toContain("LoRA failed to load")
  })

  it("takes a success that is no JSON for an answer that cannot be read", () => {
    expect(kind(fireworks(200, "<html>"))).toBe("Transient InvalidAnswer")
    expect(kind(fireworks(200, { error: { code: "UNAVAILABLE" } }))).toBe("Transient Unavailable")
    expect(kind(fireworks(200, { fine: true }))).toBe("Fatal Decode")
  })

  it("carries the server's hints", () => {
    const error = fireworks(429, undefined, { headers: { "Retry-After": "7", "X-Should-Retry": "false" } })
    expect(error.retryAfter).toEqual(Duration.seconds(7))
    expect(ApiError.isRetryable(error)).toBe(false)
  })

  it("finds the request's id, in the dialect's order, in any casing, or in the body", () => {
    const id = (headers: Record<string, string>, body?: unknown) => fireworks(500, body, { headers }).requestId
    expect(id({ "CF-Ray": "c", "X-Fireworks-Request-Id": "f", "X-Request-Id": "r" })).toBe("r")
    expect(id({ "CF-Ray": "c", "X-Fireworks-Request-Id": "f" })).toBe("f")
    expect(id({ "CF-Ray": "c" })).toBe("c")
    expect(id({}, { request_id: "b" })).toBe("b")
    expect(id({ "x-request-id": "two words" })).toBeUndefined()
    expect(id({ "x-request-id": "x".repeat(200) })).toBeUndefined()
  })

  it("keeps the URL without query, credentials and account", () => {
    const url = (u: string) => fireworks(500, undefined, { method: "GET", url: u }).url
    expect(url("https://me:pw@api.fireworks.ai:8443/v1/accounts/acme/models?key=1#x")).toBe(
      "https://api.fireworks.ai:8443/v1/accounts/[account]/models"
    )
    expect(url("https://api.fireworks.ai/v1/accounts/fireworks/models/m")).toBe(
      "https://api.fireworks.ai/v1/accounts/fireworks/models/m"
    )
    expect(url("not a url")).toBeUndefined()
  })

  it("keeps at most 1 KiB of what the provider says, in whole characters", () => {
    const detail = fireworks(500, { error: { message: "é ".repeat(5000) } }).detail ?? ""
    expect(new TextEncoder().encode(detail).length).toBeLessThanOrEqual(1024)
    expect(detail.length).toBeGreaterThan(300)
    expect(detail).not.toContain("\ufffd")
  })

  it("puts what the server says on one line, without what steers a terminal", () => {
    expect(fireworks(500, { error: { message: "a\r\nb\u001bc\u202ed" } }).detail).toBe("a b c d")
  })

  it("looks at no more than the beginning of a 10 MB body", () => {
    const pad = "x".repeat(10_000_000)
    const code = `"code":"DEPLOYMENT_SCALING_UP"`
    const early = `{"error":{${code},"message":"${pad}"}}`
    const late = `{"error":{"message":"${pad}",${code}}}`
    for (const form of [(text: string) => text, (text: string) => new TextEncoder().encode(text)]) {
      expect(kind(fireworks(503, form(early)))).toBe("Transient ScalingUp")
      expect(kind(fireworks(503, form(late)))).toBe("Transient Unavailable")
    }
  })

  it("honours the caller's knowledge of the delivery", () => {
    expect(fireworks(200, "x", { delivery: "Partial" }).delivery).toBe("Partial")
  })
})

const hostile: fc.Arbitrary<unknown> = fc.oneof(
  fc.anything({
    maxDepth: 1,
    maxKeys: 3,
    withBigInt: true,
    withDate: true,
    withMap: true,
    withNullPrototype: true,
    withSet: true,
    withTypedArray: true
  }),
  fc.json(),
  fc.string({ unit: "binary" }),
  fc.uint8Array({ maxLength: 64 }),
  fc.constantFrom("revoked proxy", "throwing proxy")
)

const throwing = () => {
  throw new Error("trap")
}

/** Puts the proxies in, which fast-check itself could not carry. */
const withProxies = (u: unknown): unknown => {
  if (u === "throwing proxy")
    return new Proxy(() => 1, { get: throwing, has: throwing, getPrototypeOf: throwing, ownKeys: throwing })
  if (u === "revoked proxy") {
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()
    return proxy
  }
  if (Array.isArray(u)) return u.map(withProxies)
  return typeof u === "object" && u !== null && Object.getPrototypeOf(u) === Object.prototype
    ? Object.fromEntries(Object.entries(u).map(([k, v]) => [k, withProxies(v)]))
    : u
}

// objects that look like what is looked for, filled with anything
const lookalike: fc.Arbitrary<unknown> = fc.letrec<{ error: unknown }>((tie) => ({
  error: fc.oneof(
    { maxDepth: 2 },
    hostile,
    fc.record(
      {
        _tag: fc.constantFrom("RequestError", "ResponseError", "ParseError", "TimeoutException", "Fail", "Die"),
        name: fc.oneof(fc.constantFrom("AbortError", "TimeoutError", "TypeError", "SyntaxError"), hostile),
        code: fc.oneof(
          fc.constantFrom("ECONNRESET", "ENOTFOUND", "ETIMEDOUT", "UND_ERR_SOCKET", "CERT_HAS_EXPIRED"),
          hostile
        ),
        syscall: fc.oneof(fc.constantFrom("connect", "getaddrinfo", "read"), hostile),
        reason: fc.oneof(fc.constantFrom("StatusCode", "Transport", "Encode", "Decode"), hostile),
        message: fc.oneof(fc.constantFrom("fetch failed", "terminated"), hostile),
        status: fc.oneof(fc.integer({ min: -5, max: 1005 }), fc.double(), hostile),
        headers: hostile,
        detail: hostile,
        details: hostile,
        errors: hostile,
        issue: tie("error"),
        path: hostile,
        response: tie("error"),
        error: tie("error"),
        cause: tie("error"),
        socket: fc.record({ bytesWritten: hostile, bytesRead: hostile })
      },
      { requiredKeys: [] }
    )
  )
})).error

const isWhole = (error: ApiError.ApiError) => {
  const json = JSON.stringify(Schema.encodeSync(ApiError.ApiError)(error))
  Schema.decodeUnknownSync(ApiError.ApiError)(JSON.parse(json))
  return ApiError.isApiError(error) && new TextEncoder().encode(error.detail ?? "").length <= 1024
}

/** In slices: a worker that answers nobody for a minute is taken for dead. */
const assertInSlices = async <T>(property: fc.IProperty<T>, { numRuns }: { readonly numRuns: number }) => {
  const slices = 50
  for (let slice = 0; slice < slices; slice++) {
    fc.assert(property, { numRuns: numRuns / slices })
    await new Promise((resolve) => setImmediate(resolve))
  }
}

describe("totality", () => {
  it("answer: anything in, a valid ApiError out", async () => {
    const status = fc.oneof(
      fc.integer({ min: -1, max: 1001 }),
      fc.double(),
      fc.constantFrom(0, 99, 700, Number.NaN, 200, 429, 503)
    )
    const body = fc.oneof(
      hostile,
      lookalike,
      lookalike.map((u) => fc.stringify(u))
    )
    await assertInSlices(
      fc.property(
        status,
        lookalike,
        body,
        fc.double(),
        fc.constantFrom(Dialect.generic, Dialect.fireworks),
        (s, headers, b, now, dialect) =>
          isWhole(
            // the types forbid what the network may send
            Classify.answer({
              status: s,
              headers: withProxies(headers) as Record<string, string>,
              body: withProxies(b),
              now,
              dialect
            })
          )
      ),
      { numRuns: 50_000 }
    )
  })

  it("exception: anything in, a valid ApiError out", async () => {
    await assertInSlices(
      fc.property(lookalike, (cause) => isWhole(Classify.exception(withProxies(cause)))),
      { numRuns: 50_000 }
    )
  })
})

describe("Classify.exception", () => {
  const error = new ApiError.Transient({ reason: "BadGateway", delivery: "Acknowledged", attempts: 4 })

  it("returns an ApiError as it is, settled mark included, however deep it is", () => {
    expect(Classify.exception(error)).toBe(error)
    expect(Classify.exception(new Error("a", { cause: new Error("b", { cause: error }) }))).toBe(error)
    expect(Classify.exception(Cause.fail(error))).toBe(error)
  })

  it("finds an ApiError in what runPromise rejects with", async () => {
    const rejection: unknown = await Effect.runPromise(Effect.fail(error)).catch((u: unknown) => u)
    expect(Classify.exception(rejection)).toBe(error)
  })

  it("prefers the reason of an abort to the abort", () => {
    const timeout = Object.assign(new Error(), { name: "TimeoutError" })
    const abort = Object.assign(new Error(), { name: "AbortError", code: "ABORT_ERR", cause: timeout })
    expect(Classify.exception(abort)).toMatchObject({ reason: "Timeout", phase: "attempt" })
    timeout.name = "Error"
    expect(Classify.exception(abort)).toMatchObject({ reason: "Aborted", delivery: "Unconfirmed" })
  })

  it("believes the caller about the delivery", () => {
    const reset = Object.assign(new Error(), { code: "ECONNRESET" })
    expect(Classify.exception(reset).delivery).toBe("Unconfirmed")
    expect(Classify.exception(reset, { delivery: "Partial" }).delivery).toBe("Partial")
  })

  it.each<[unknown]>([
    [undefined],
    [null],
    ["oops"],
    [new Error("oops")],
    [new TypeError("x is not a function")],
    [{}]
  ])("takes %s for Unknown, without repeating it", (cause) => {
    expect(kind(Classify.exception(cause))).toBe("Fatal Unknown")
    expect(Classify.exception(cause).message).not.toContain("oops")
  })
})

// What must not be seen again, and where servers and clients put it
const key = fc.stringMatching(/^(fw_|sk-|sk-proj-|fpk_)[A-Za-z0-9]{16,40}$/)
const account = fc.stringMatching(/^[a-z]{4,8}-[a-z0-9]{4,8}zq$/)
const prompt = fc.stringMatching(/^Tell me about [a-z]{4,9} and [a-z]{4,9}zq$/)

const answers: ReadonlyArray<(s: { key: string; account: string; prompt: string }) => unknown> = [
  (s) => ({
    error: { message: `Incorrect API key provided: ${s.key}. Account ${s.account} is suspended.`, code: s.key }
  }),
  (s) => ({
    error: { message: `The model accounts/${s.account}/models/m got "${s.prompt}"`, type: s.key, param: s.prompt }
  }),
  (s) => ({
    detail: [{ loc: ["body", s.prompt], msg: `unexpected value '${s.prompt}'`, input: s.prompt, ctx: { given: s.key } }]
  }),
  (s) => ({ error: `Bearer ${s.key} of account ${s.account} may not`, request: { messages: [{ content: s.prompt }] } }),
  (s) => ({ error: { message: `invalid body: {"messages":[{"role":"user","content":"${s.prompt}"}]}` } }),
  (s) => ({ error: { message: `Authorization: Bearer ${s.key}, prompt: ${s.prompt}`, details: [{ reason: s.key }] } }),
  (s) => `<html><title>Error for ${s.key}</title><body>${s.prompt} ${s.account}</body>`,
  (s) => `{"error":{"message":"rejected 'input': ${s.prompt}","code":"${s.key}","acc`,
  (s) => ({ message: `https://user:${s.key}@api.example/v1/accounts/${s.account}/x?api_key=${s.key} failed` }),
  (s) => ({ error: { message: `${"x ".repeat(1000)}${s.key}${"y".repeat(300)}` }, request_id: s.key })
]

const causes: ReadonlyArray<(s: { key: string; account: string; prompt: string }) => unknown> = [
  (s) => new Error(`${s.key} ${s.account} ${s.prompt}`, { cause: new TypeError(s.prompt) }),
  (s) =>
    Object.assign(new Error(s.prompt), {
      code: s.key,
      name: s.key,
      headers: { authorization: s.key },
      config: { data: s.prompt }
    }),
  (s) => ({
    _tag: "RequestError",
    reason: "Transport",
    request: { method: "POST", url: `https://h/v1/accounts/${s.account}?k=${s.key}`, body: s.prompt },
    cause: new Error(s.key)
  }),
  (s) => ({
    status: 429,
    headers: { "x-request-id": s.key },
    error: { message: `account ${s.account} used ${s.key}`, code: s.key }
  }),
  (s) => `${s.key} ${s.prompt} ${s.account}`
]

describe("secrets", () => {
  const logged = (error: ApiError.ApiError) => {
    const lines: Array<string> = []
    const capture = Logger.make((options) => {
      lines.push(
        Logger.logfmtLogger.log(options),
        Logger.stringLogger.log(options),
        JSON.stringify(Logger.structuredLogger.log(options))
      )
    })
    Effect.runSync(
      Effect.logError("failed", Cause.fail(error), error).pipe(
        Effect.provide(Logger.replace(Logger.defaultLogger, capture))
      )
    )
    return lines
  }

  const everywhere = (error: ApiError.ApiError) => [
    error.message,
    error.stack ?? "",
    JSON.stringify(error),
    JSON.stringify(Schema.encodeSync(ApiError.ApiError)(error)),
    Cause.pretty(Cause.fail(error), { renderErrorCause: true }),
    inspect(error, { depth: 10, showHidden: true }),
    ...logged(error)
  ]

  const leaks = (error: ApiError.ApiError, planted: { key: string; account: string; prompt: string }) =>
    everywhere(error).flatMap((text) => Object.values(planted).filter((secret) => text.includes(secret)))

  it("planted in an answer are not seen again", () => {
    fc.assert(
      fc.property(
        fc.record({ key, account, prompt }),
        fc.constantFrom(...answers),
        fc.boolean(),
        (planted, place, text) => {
          const body = place(planted)
          const error = fireworks(400, text && typeof body === "object" ? JSON.stringify(body) : body, {
            headers: { "x-request-id": planted.key, "retry-after": planted.key },
            url: `https://api.fireworks.ai/v1/accounts/${planted.account}/${planted.key}?q=${planted.prompt}`,
            method: planted.key
          })
          expect(leaks(error, planted)).toEqual([])
        }
      ),
      { numRuns: 2000 }
    )
  })

  it("planted in a cause are not seen again", () => {
    fc.assert(
      fc.property(fc.record({ key, account, prompt }), fc.constantFrom(...causes), (planted, place) => {
        const error = Classify.exception(place(planted), { dialect: Dialect.fireworks })
        expect(leaks(error, planted)).toEqual([])
        expect(leaks(ApiError.settle(error, 3), planted)).toEqual([])
      }),
      { numRuns: 2000 }
    )
  })

  it("are taken out without taking the sense", () => {
    const detail = (message: string) => fireworks(400, { error: { message } }).detail
    expect(detail("max_tokens must be at most 4096, got 5000")).toBe("max_tokens must be at most 4096, got 5000")
    expect(detail('Unknown parameter: "top_q"')).toBe('Unknown parameter: "top_q"')
    expect(detail("Model accounts/fireworks/models/llama-v3 not found")).toBe(
      "Model accounts/fireworks/models/llama-v3 not found"
    )
    expect(detail("Your account's rate limit was exceeded")).toBe("Your account's rate limit was exceeded")
    expect(detail("The input is too long (9000 tokens)")).toBe("The input is too long (9000 tokens)")
    expect(detail("invalid_request_error: api_error")).toBe("invalid_request_error: api_error")
  })

  // a pattern that backtracks over all of one of these would not end within the runner's limit
  it("are looked for in hostile text too, to its end", () => {
    for (const piece of ["{", "'a ", '"', "a@", "accounts ", "a-", "https://", "prompt", "eyJ", "\u0000", "key: "]) {
      const text = piece.repeat(8000)
      expect(fireworks(400, { error: { message: text } }).detail?.length ?? 0).toBeLessThan(text.length)
    }
  })
})
