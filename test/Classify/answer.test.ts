import { Duration } from "effect"
import { ApiError, Classify } from "effect-reliability"
import { describe, expect, it } from "vitest"
import { fireworks, kind, throwing } from "../support/classify.js"

describe("Classify.answer", () => {
  // Each shape of ../src/internal/classify/errorBody.ts, as the providers' pages and users' reports show it
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
      "a token limit with a misleading code",
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
      "an error of the Anthropic endpoint",
      529,
      { type: "error", error: { type: "overloaded_error", message: "Overloaded" }, request_id: "req_1" },
      "RateLimit Overloaded",
      "overloaded_error",
      "Overloaded"
    ],
    [
      "an error of the control plane, with google.rpc.ErrorInfo",
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
      "a proxy's line of text",
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
    ["no body", 504, undefined, "Transient GatewayTimeout", undefined, undefined],
    ["a blank body", 408, "  \n", "Transient RequestTimeout", undefined, undefined],
    ["a binary body", 500, new Uint8Array([0, 159, 146, 150]), "Transient ServerError", undefined, undefined]
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

  const pad = (length: number) => "x".repeat(length)
  const details = (count: number) => [
    ...Array.from({ length: count }, () => ({ reason: "not a code" })),
    { reason: "R" }
  ]
  const lines = (...parts: ReadonlyArray<string>) => ({
    detail: parts.map((part) => ({ msg: part, loc: Array.from({ length: 10 }, (_, index) => index) }))
  })

  it.each<[string, unknown, string | undefined, string | undefined]>([
    ["bytes in a buffer", new TextEncoder().encode(`{"error":{"code":"C","message":"m"}}`).buffer, "C", "m"],
    [
      "a part of a buffer",
      new DataView(new TextEncoder().encode(`??{"code":"C","message":"m"}??`).buffer, 2, 26),
      "C",
      "m"
    ],
    ["a status as the code", { error: { status: "NOT_FOUND" } }, "NOT_FOUND", undefined],
    ["the most specific of several codes", { code: 4, error: { type: "t", status: "S", code: "C" } }, "C", undefined],
    ["the outer code if there is no other", { code: 4, error: { message: "m" } }, "4", "m"],
    ["the first valid code", { error: { code: "two words", status: ["S"], type: "t" } }, "t", undefined],
    ["the eighth detail", { details: details(7), code: "C" }, "R", undefined],
    ["no ninth detail", { details: details(8), code: "C" }, "C", undefined],
    ["a gateway's fault", { fault: { code: "C", message: "m" } }, "C", "m"],
    ["the first message that is not empty", { error: { message: "" }, message: "outer" }, undefined, "outer"],
    ["nothing for empty messages", { error: "", message: "", detail: "" }, undefined, undefined],
    ["nothing for a list of strings", ["boom"], undefined, undefined],
    [
      "the first three of FastAPI's lines",
      lines("a", "b", "c", "d"),
      undefined,
      ["a", "b", "c"].map((m) => `0.1.2.3.4.5.6.7: ${m}`).join("; ")
    ],
    ["FastAPI's lines, without invalid ones", { detail: [{ loc: ["a"] }, { msg: "m" }] }, undefined, "m"],
    ["FastAPI's path, without parts that may quote", { detail: [{ loc: ["a", "b c"], msg: "m" }] }, undefined, "a: m"],
    ["truncated JSON after blanks", ` \n{"type":"t","message":"say \\"m\\"`, "t", `say \\"m\\"`],
    ["the beginning of truncated JSON", `{"a":"${pad(4060)}","code":"C","x":`, "C", undefined],
    ["only the beginning of truncated JSON", `{"a":"${pad(4096)}","code":"C","x":`, undefined, undefined],
    ["text with JSON in it, redacted", `code{"code":"C","message":"m"`, undefined, "code[redacted]"],
    ["the first line of text after blanks", "\n  upstream error\nmore", undefined, "upstream error"],
    ["nothing for text that begins with a control character", "\u0001ELF", undefined, undefined],
    ["a title with attributes, after blanks", ` <TITLE lang="en">Bad Gateway</TITLE>`, undefined, "Bad Gateway"],
    ["no title beyond the first 4 KiB", `<html>${pad(4096)}<title>Bad Gateway</title>`, undefined, undefined],
    ["nothing for a page without a title", "<html><body>secret</body>", undefined, undefined]
  ])("extracts from a body %s", (_, body, code, detail) => {
    const error = fireworks(500, body)
    expect([error.code, error.detail]).toEqual([code, detail])
  })

  it.each([
    [402, "Fatal PaymentRequired"],
    [403, "Fatal Forbidden"],
    [405, "Fatal MethodNotAllowed"],
    [407, "Fatal ProxyRefused"],
    [413, "Fatal TooLarge"],
    [425, "Transient WeightSwap"],
    [520, "Transient UnknownStatus"],
    [529, "RateLimit Overloaded"],
    [0, "Fatal UnexpectedStatus"],
    [99, "Fatal UnexpectedStatus"],
    [700, "Fatal UnexpectedStatus"],
    [302, "Fatal UnexpectedStatus"],
    [Number.NaN, "Fatal UnexpectedStatus"]
  ])("classifies %d as %s", (status, expected) => {
    expect(kind(fireworks(status))).toBe(expected)
  })

  it("distinguishes a rate limit, a saturated deployment and an empty quota", () => {
    expect(kind(fireworks(429, undefined, { target: "serverless" }))).toBe("RateLimit RateExceeded")
    expect(kind(fireworks(429, undefined, { target: "dedicated" }))).toBe("RateLimit Capacity")
    expect(kind(fireworks(429, { error: { code: "quota_exceeded" } }))).toBe("Fatal QuotaExhausted")
    expect(kind(Classify.answer({ status: 429, body: { error: { type: "insufficient_quota" } }, now: 0 }))).toBe(
      "Fatal QuotaExhausted"
    )
  })

  it("recognizes common codes without a dialect", () => {
    const error = Classify.answer({ status: 503, body: { error: { code: "DEPLOYMENT_SCALING_UP" } }, now: 0 })
    expect(kind(error)).toBe("Transient ScalingUp")
    expect(ApiError.mayHaveExecuted(error)).toBe(false)
  })

  it("distinguishes the two kinds of 412 in its advice", () => {
    expect(fireworks(412, { error: { message: "Account x is suspended" } }).advice).toContain("account is suspended")
    expect(fireworks(412, { error: { message: "LoRA could not be loaded" } }).advice).toContain("LoRA failed to load")
  })

  it("classifies a success with an unreadable body as InvalidAnswer, and other successes by their body", () => {
    expect(kind(fireworks(200, "<html>"))).toBe("Transient InvalidAnswer")
    expect(kind(fireworks(200, { error: { code: "UNAVAILABLE" } }))).toBe("Transient Unavailable")
    expect(kind(fireworks(200, { fine: true }))).toBe("Fatal Decode")
    expect(kind(fireworks(200, '"fine"'))).toBe("Fatal Unknown")
    for (const body of [undefined, null, 5, "", "  ", '{"code":"UNAVAILABLE","message":', throwing]) {
      expect(kind(fireworks(200, body))).toBe("Transient InvalidAnswer")
    }
  })

  it("includes the server hints", () => {
    const error = fireworks(429, undefined, { headers: { "Retry-After": "7", "X-Should-Retry": "false" } })
    expect(error.retryAfter).toEqual(Duration.seconds(7))
    expect(ApiError.isRetryable(error)).toBe(false)
  })

  it("finds the request id in the headers, in the dialect's order and any casing, or in the body", () => {
    const id = (headers: Record<string, string>, body?: unknown) => fireworks(500, body, { headers }).requestId
    expect(id({ "CF-Ray": "c", "X-Fireworks-Request-Id": "f", "X-Request-Id": "r" })).toBe("r")
    expect(id({ "CF-Ray": "c", "X-Fireworks-Request-Id": "f" })).toBe("f")
    expect(id({ "CF-Ray": "c" })).toBe("c")
    expect(id({}, { request_id: "b" })).toBe("b")
    expect(id({}, { error: { request_id: "e" } })).toBe("e")
    for (const no of ["two words", "x".repeat(200), "sk-abcd1234"]) expect(id({}, { request_id: no })).toBeUndefined()
    expect(id({}, { error: { request_id: "e" }, request_id: "b" })).toBe("b")
    expect(id({ "x-request-id": "two words" })).toBeUndefined()
    expect(id({ "x-request-id": "x".repeat(200) })).toBeUndefined()
  })

  it.each<[string, unknown]>([
    ["an object literal", { "X-Request-Id": " r " }],
    ["lists of values", { "x-request-id": ["r", "s"] }],
    ["Headers", new Headers({ "X-Request-Id": "r" })],
    ["a Map", new Map([["X-Request-Id", "r"]])],
    ["pairs", ["no pair", ["Date", "d"], ["X-Request-Id", "r"], ["x-request-id", "s"]]],
    ["an object with only a get method", { get: (name: string) => (name === "x-request-id" ? "r" : null) }],
    ["a proxy that lists no keys", new Proxy({}, { get: (_, name) => (name === "x-request-id" ? "r" : undefined) })],
    ["a record with a value of 1024 characters", { "x-request-id": "r".padEnd(1024) }]
  ])("reads headers in the form of %s", (_, headers) => {
    // the headers of clients may have any type
    expect(fireworks(500, undefined, { headers: headers as Record<string, string> }).requestId).toBe("r")
  })

  it.each<[unknown]>([["x-request-id"], [{ "x-request-id": {} }], [{ "x-request-id": "r".padEnd(1025) }], [throwing]])(
    "ignores invalid headers (%#)",
    (headers) => {
      const read = fireworks(500, undefined, { headers: headers as Record<string, string> })
      expect(kind(read)).toBe("Transient ServerError")
      expect(read.requestId).toBeUndefined()
    }
  )

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

  it("keeps at most 1 KiB of the provider's message, in whole characters", () => {
    const detail = fireworks(500, { error: { message: "é ".repeat(5000) } }).detail ?? ""
    expect(new TextEncoder().encode(detail).length).toBeLessThanOrEqual(1024)
    expect(detail.length).toBeGreaterThan(300)
    expect(detail).not.toContain("\ufffd")
  })

  it("reduces the provider's message to one line without control characters", () => {
    expect(fireworks(500, { error: { message: "a\r\nb\u001bc\u202ed" } }).detail).toBe("a b c d")
  })

  it("reads only the beginning of a 10 MB body", () => {
    const pad = "x".repeat(10_000_000)
    const code = `"code":"DEPLOYMENT_SCALING_UP"`
    const early = `{"error":{${code},"message":"${pad}"}}`
    const late = `{"error":{"message":"${pad}",${code}}}`
    const bytes = (text: string) => new TextEncoder().encode(text)
    for (const form of [(text: string) => text, bytes, (text: string) => bytes(text).buffer]) {
      expect(kind(fireworks(503, form(early)))).toBe("Transient ScalingUp")
      expect(kind(fireworks(503, form(late)))).toBe("Transient Unavailable")
    }
  })

  it("reads a date in Retry-After against now, and ignores it if now is NaN", () => {
    const headers = { "Retry-After": "Thu, 01 Jan 1970 00:01:00 GMT" }
    expect(fireworks(429, undefined, { headers, now: 15_000 }).retryAfter).toEqual(Duration.seconds(45))
    expect(fireworks(429, undefined, { headers, now: Number.NaN }).retryAfter).toBeUndefined()
  })

  it("keeps only a valid status, code and method", () => {
    expect([0, 999].map((status) => fireworks(status).status)).toEqual([0, 999])
    for (const status of [-1, 1000, 1.5, Number.NaN]) expect(fireworks(status).status).toBeUndefined()
    expect(fireworks(400, { error: { code: "sk-abcd1234" } }).code).toBeUndefined()
    expect(fireworks(400, undefined, { method: "two words" }).method).toBeUndefined()
    expect(fireworks(400, undefined, { method: "PATCH" }).method).toBe("PATCH")
  })

  it("treats every status from 200 to 299 as a success", () => {
    const kinds = [199, 200, 299, 300].map((status) => kind(fireworks(status, "<html>")))
    expect(kinds).toEqual([
      "Fatal UnexpectedStatus",
      "Transient InvalidAnswer",
      "Transient InvalidAnswer",
      "Fatal UnexpectedStatus"
    ])
    expect(kind(fireworks(200, { error: { code: "strange" } }))).toBe("Fatal Unknown")
    expect(kind(fireworks(200, { error: { message: "strange" } }))).toBe("Fatal Unknown")
  })

  it("matches patterns in the first 4 KiB of a message", () => {
    const advice = (pad: number) => fireworks(412, { error: { message: `${"-".repeat(pad)}LoRA` } }).advice
    expect(advice(4092)).toContain("LoRA failed to load")
    expect(advice(4093)).not.toContain("LoRA failed to load")
  })

  it("prefers the delivery given by the caller", () => {
    expect(fireworks(200, "x", { delivery: "Partial" }).delivery).toBe("Partial")
  })
})
