import { Cause, Effect } from "effect"
import { ApiError, Classify } from "effect-reliability"
import { describe, expect, it } from "vitest"
import { kind, throwing } from "../support/classify.js"

describe("Classify.exception", () => {
  const error = new ApiError.Transient({ reason: "BadGateway", delivery: "Acknowledged", attempts: 4 })

  const concluded = (exception: unknown, options?: Partial<Classify.ExceptionOptions>) => {
    const { delivery, phase, ...found } = Classify.exception(exception, { now: 0, ...options })
    return [kind(Classify.exception(exception, { now: 0, ...options })), delivery, phase, found.detail]
      .filter(Boolean)
      .join(" ")
  }
  const coded = (code: string, more?: object) => Object.assign(new Error("-"), { code, ...more })

  // The codes of Node's net, dns, tls and http, and of undici
  it.each([
    ["Transient Connect NotSent", "ECONNREFUSED EHOSTUNREACH EHOSTDOWN ENETUNREACH ENETDOWN EADDRNOTAVAIL"],
    ["Transient NameNotFound NotSent", "ENOTFOUND"],
    ["Transient NameLookup NotSent", "EAI_AGAIN EAI_FAIL"],
    ["Transient ConnectionLost Unconfirmed", "ECONNRESET ECONNABORTED EPIPE ETIMEDOUT UND_ERR_SOCKET"],
    [
      "Transient ConnectionLost Partial",
      "ERR_STREAM_PREMATURE_CLOSE UND_ERR_RES_CONTENT_LENGTH_MISMATCH HPE_INVALID_EOF_STATE Z_BUF_ERROR"
    ],
    ["Transient Timeout NotSent connect", "UND_ERR_CONNECT_TIMEOUT"],
    ["Transient Timeout Unconfirmed read", "UND_ERR_HEADERS_TIMEOUT ESOCKETTIMEDOUT"],
    ["Transient Timeout Partial read", "UND_ERR_BODY_TIMEOUT"],
    [
      "Fatal Tls NotSent",
      "EPROTO UND_ERR_PRX_TLS ERR_TLS_CERT_ALTNAME_INVALID CERT_HAS_EXPIRED CRL_HAS_EXPIRED UNABLE_TO_GET_CRL " +
        "SELF_SIGNED_CERT_IN_CHAIN DEPTH_ZERO_SELF_SIGNED_CERT ERROR_IN_CERT_NOT_AFTER_FIELD HOSTNAME_MISMATCH INVALID_CA " +
        "INVALID_PURPOSE"
    ],
    ["Fatal Tls Unconfirmed", "ERR_SSL_WRONG_VERSION_NUMBER"],
    ["Fatal AnswerTooLarge Partial", "UND_ERR_HEADERS_OVERFLOW HPE_HEADER_OVERFLOW UND_ERR_RES_EXCEEDED_MAX_SIZE"],
    [
      "Fatal InvalidRequest NotSent",
      "ERR_INVALID_URL ERR_INVALID_PROTOCOL ERR_INVALID_CHAR ERR_HTTP_INVALID_HEADER_VALUE ERR_INVALID_HTTP_TOKEN " +
        "ERR_UNESCAPED_CHARACTERS UND_ERR_INVALID_ARG UND_ERR_NOT_SUPPORTED"
    ],
    ["Fatal InvalidRequest Unconfirmed", "UND_ERR_REQ_CONTENT_LENGTH_MISMATCH"],
    ["Fatal Aborted Unconfirmed", "ABORT_ERR UND_ERR_ABORT UND_ERR_ABORTED UND_ERR_DESTROYED"],
    ["Fatal Aborted NotSent", "UND_ERR_CLOSED"],
    ["Transient InvalidAnswer Partial", "HPE_INVALID_CONSTANT Z_DATA_ERROR"],
    ["Fatal Unknown Unconfirmed", "ENOENT X_HPE_ X_CERT_ XZ_A constructor"]
  ])("returns %s for the codes %s", (expected, codes) => {
    for (const code of codes.split(" ")) expect([code, concluded(coded(code))]).toEqual([code, expected])
  })

  it.each([
    ["Transient Timeout Unconfirmed attempt", "TimeoutException TimeoutError APIConnectionTimeoutError"],
    ["Fatal Aborted Unconfirmed", "AbortError APIUserAbortError InterruptedException Interrupt"],
    ["Transient InvalidAnswer Partial", "HTTPParserError"],
    ["Transient InvalidAnswer Acknowledged", "SyntaxError"],
    ["Fatal Decode Acknowledged", "ParseError"],
    ["Fatal InvalidRequest NotSent", "HttpBodyError"],
    ["Transient ConnectionLost Unconfirmed", "APIConnectionError"],
    ["Fatal Unknown Unconfirmed", "RangeError toString"]
  ])("returns %s for the names %s if there is no code", (expected, names) => {
    for (const name of names.split(" ")) expect([name, concluded({ name })]).toEqual([name, expected])
  })

  it.each<[string, string, string]>([
    ["Fatal InvalidRequest NotSent", "Error", "bad port"],
    ["Fatal InvalidRequest NotSent", "Error", "unknown scheme"],
    ["Fatal UnexpectedStatus Acknowledged", "Error", "redirect count exceeded"],
    ["Fatal ProxyRefused NotSent", "AbortError", "Proxy response (407) !== 200 when HTTP Tunneling"],
    ["Fatal InvalidRequest NotSent", "TypeError", "Headers.append: is an invalid header value."],
    ["Fatal InvalidRequest NotSent", "TypeError", "Cannot convert argument to a ByteString because"],
    ["Transient ConnectionLost Unconfirmed", "TypeError", "fetch failed"],
    ["Transient ConnectionLost Unconfirmed", "TypeError", "Failed to fetch"],
    ["Transient ConnectionLost Unconfirmed", "TypeError", "NetworkError when attempting to fetch resource."],
    ["Transient ConnectionLost Unconfirmed", "TypeError", "NetworkError when attempting to fetch resource"],
    ["Transient ConnectionLost Unconfirmed", "TypeError", "Load failed"],
    ["Transient ConnectionLost Partial", "TypeError", "terminated"],
    ["Fatal Aborted Unconfirmed", "AbortError", "a Proxy response (407) !== 200"],
    ["Fatal Unknown Unconfirmed", "TypeError", "bad port"],
    ["Fatal Unknown Unconfirmed", "Error", "a bad port"],
    ["Fatal Unknown Unconfirmed", "Error", "bad ports"],
    ["Fatal Unknown Unconfirmed", "Error", "a redirect count exceeded"],
    ["Fatal Unknown Unconfirmed", "Error", "redirect count exceeded."],
    ["Fatal Unknown Unconfirmed", "TypeError", "the Headers.append: "],
    ["Fatal Unknown Unconfirmed", "TypeError", "Headers.: "],
    ["Fatal Unknown Unconfirmed", "TypeError", "It Cannot convert argument to a ByteString"],
    ["Fatal Unknown Unconfirmed", "Error", "fetch failed"],
    ["Fatal Unknown Unconfirmed", "TypeError", "a fetch failed"],
    ["Fatal Unknown Unconfirmed", "TypeError", "fetch failed again"]
  ])("returns %s for the message of a %s: %s", (expected, name, message) => {
    expect(concluded(Object.assign(new Error(message), { name }))).toBe(expected)
  })

  it("derives delivery and phase from the system call", () => {
    expect(concluded(coded("ETIMEDOUT", { syscall: "connect" }))).toBe("Transient Timeout NotSent connect")
    expect(concluded(coded("EACCES", { syscall: "connect" }))).toBe("Transient Connect NotSent")
    expect(concluded(coded("ENOTFOUND", { syscall: "getaddrinfo" }))).toBe("Transient NameNotFound NotSent")
    expect(concluded(coded("ETIMEOUT", { syscall: "queryA" }))).toBe("Transient NameLookup NotSent")
    expect(concluded(coded("ENOENT", { syscall: "a query" }))).toBe("Fatal Unknown Unconfirmed")
    expect(concluded(coded("ECONNRESET", { syscall: "read", host: "h" }))).toBe("Transient ConnectionLost Unconfirmed")
    expect(concluded(coded("ECONNRESET", { host: "h" }))).toBe("Transient Connect NotSent")
    expect(concluded(coded("ECONNRESET", { host: 5 }))).toBe("Transient ConnectionLost Unconfirmed")
    expect(concluded(coded("EPIPE", { host: "h" }))).toBe("Transient ConnectionLost Unconfirmed")
  })

  it("ignores an invalid code, system call or message", () => {
    for (const error of [{ syscall: "connect" }, coded("ENOENT", { syscall: ["getaddrinfo"] })]) {
      expect(concluded(error)).toBe("Fatal Unknown Unconfirmed")
    }
    expect(concluded(Object.assign(new Error("-"), { message: ["bad port"] }))).toBe("Fatal Unknown Unconfirmed")
    const cause = new Error("-")
    expect(concluded({ name: "APIConnectionError", cause })).toBe("Transient ConnectionLost Unconfirmed")
  })

  it("prefers the errors of an aggregate to its own code", () => {
    const errors = [coded("ENOTFOUND"), coded("EPIPE")]
    expect(concluded(coded("ECONNREFUSED", { errors }))).toBe("Transient NameNotFound NotSent")
    expect(concluded(coded("ECONNREFUSED", { errors, syscall: "connect" }))).toBe("Transient NameNotFound NotSent")
    expect(concluded(coded("ECONNREFUSED", { errors: [] }))).toBe("Transient Connect NotSent")
  })

  const headers = { "x-request-id": "r" }
  const body = { error: { code: "C" } }

  it.each<[string, object, number, string | undefined]>([
    ["a response", { status: 503, headers, body }, 503, "C"],
    ["a response of another client", { statusCode: 503, headers, body }, 503, "C"],
    ["a response with both names of a status", { status: 503, statusCode: 400, headers }, 503, undefined],
    ["data before other bodies", { status: 503, headers, data: { code: "D" }, _data: body, body }, 503, "D"],
    ["ofetch's data", { status: 503, headers, _data: { code: "D" }, body }, 503, "D"],
    [
      "a response whose body must be read first",
      { status: 503, headers, body: { ...body, getReader: throwing } },
      503,
      undefined
    ],
    ["a response whose body is a stream", { status: 503, headers, body: { ...body, pipe: throwing } }, 503, undefined],
    ["a response whose body has an invalid pipe", { status: 503, headers, body: { ...body, pipe: 5 } }, 503, "C"],
    ["openai's error before a body", { status: 503, headers, error: { code: "E" }, body }, 503, "E"],
    ["openai's error within a stream", { headers, error: { code: "E" } }, 200, "E"],
    [
      "Effect's request error",
      { _tag: "RequestError", reason: "StatusCode", response: { status: 503, headers, body } },
      503,
      undefined
    ],
    [
      "Effect's response error",
      { _tag: "ResponseError", reason: "StatusCode", response: { status: 503, headers, body } },
      503,
      undefined
    ],
    [
      "axios's response",
      { _tag: "Other", reason: "StatusCode", response: { status: 503, headers, data: body } },
      503,
      "C"
    ],
    ["ky's data", { response: { status: 503, headers }, data: body }, 503, "C"],
    [
      "a response's body before the exception's",
      { response: { status: 503, headers, body }, data: { code: "D" } },
      503,
      "C"
    ],
    [
      "a response beside headers",
      { headers: {}, status: "x", error: {}, response: { status: 503, headers } },
      503,
      undefined
    ],
    ["a response beside a status", { status: 400, headers: null, response: { status: 503, headers } }, 503, undefined],
    ["a nested response with the lowest status", { response: { status: 300, headers } }, 300, undefined],
    ["a nested response with the highest status", { response: { status: 999, headers } }, 999, undefined]
  ])("finds the response in %s", (_, exception, status, code) => {
    const found = Classify.exception(new Error("-", { cause: exception }), { now: 0, method: "GET" })
    expect([found.status, found.code, found.requestId, found.method]).toEqual([status, code, "r", "GET"])
  })

  it.each<[string, object]>([
    ["a status alone", { status: 503 }],
    ["invalid headers", { status: 503, headers: "x" }],
    ["headers alone", { headers }],
    ["an error that is null", { headers, error: null }],
    ["an error that is a string", { headers, error: "x" }],
    ["a nested success", { response: { status: 299, headers } }],
    ["a nested status that is too high", { response: { status: 1000, headers } }],
    ["a nested status that is a string", { response: { status: "503", headers } }]
  ])("finds no response in %s", (_, exception) => {
    const { reason, status } = Classify.exception(exception, { now: 0 })
    expect([reason, status]).toEqual(["Unknown", undefined])
  })

  it("ignores the response of an Effect error that is not about its status", () => {
    const response = { status: 503, headers }
    for (const more of [{}, { headers }, { headers, status: "x" }]) {
      const error = Classify.exception({ _tag: "ResponseError", reason: "Decode", response, ...more }, { now: 0 })
      expect([error.reason, error.status]).toEqual(["InvalidAnswer", undefined])
    }
    expect(Classify.exception({ _tag: "RequestError", reason: "Transport", response }, { now: 0 }).reason).toBe(
      "ConnectionLost"
    )
  })

  const requestError = (reason: string, more?: object) => ({ _tag: "RequestError", reason, ...more })
  const responseError = (reason: string, more?: object) => ({ _tag: "ResponseError", reason, ...more })

  it("classifies Effect's errors by their reasons, and their delivery by the body", () => {
    expect(concluded(requestError("InvalidUrl"))).toBe("Fatal InvalidRequest NotSent")
    expect(concluded(requestError("Encode"))).toBe("Fatal InvalidRequest NotSent")
    expect(concluded(requestError("Encode", { request: { body: { _tag: "Raw" } } }))).toBe(
      "Fatal InvalidRequest NotSent"
    )
    expect(concluded(requestError("Encode", { request: { body: { _tag: "Stream" } } }))).toBe(
      "Fatal InvalidRequest Unconfirmed"
    )
    expect(concluded(requestError("Transport"))).toBe("Transient ConnectionLost Unconfirmed")
    expect(concluded(responseError("Encode"))).toBe("Transient InvalidAnswer Acknowledged")
    expect(concluded(new Error("-", { cause: responseError("Decode") }))).toBe("Transient ConnectionLost Partial")
    expect(concluded(responseError("Decode", { cause: coded("ECONNRESET") }))).toBe("Transient ConnectionLost Partial")
    expect(concluded(responseError("Decode", { cause: coded("UND_ERR_CLOSED") }))).toBe("Fatal Aborted NotSent")
  })

  it("keeps the method and the URL that the exception or the caller names", () => {
    const request = { method: "POST", url: "https://h/v1?key=1" }
    const about = (exception: unknown, options?: Partial<Classify.ExceptionOptions>) => {
      const { method, url } = Classify.exception(exception, { now: 0, ...options })
      return [method, url]
    }
    expect(about(requestError("Transport", { request }))).toEqual(["POST", "https://h/v1"])
    expect(about(new Error("-", { cause: responseError("Decode", { request }) }))).toEqual(["POST", "https://h/v1"])
    expect(about(requestError("Transport", { request }), { method: "GET", url: "https://g/" })).toEqual([
      "GET",
      "https://g/"
    ])
    expect(about({ request })).toEqual([undefined, undefined])
    expect(about(requestError("Transport", { request: { method: ["POST"], url: 2 } }))).toEqual([undefined, undefined])
  })

  it("derives delivery and reuse from the socket", () => {
    const derived = (cause: unknown, options?: Partial<Classify.ExceptionOptions>) => {
      const { delivery, reason, reusedSocket } = Classify.exception(cause, { now: 0, ...options })
      return [reason, delivery, reusedSocket]
    }
    const socket = (bytesWritten: unknown, bytesRead: unknown) =>
      requestError("Transport", { cause: coded("UND_ERR_SOCKET", { socket: { bytesWritten, bytesRead } }) })
    expect(derived(socket(0, 0))).toEqual(["ConnectionLost", "NotSent", undefined])
    expect(derived(socket(1, 0))).toEqual(["ConnectionLost", "Unconfirmed", undefined])
    expect(derived(socket(1, 1))).toEqual(["ConnectionLost", "Unconfirmed", true])
    expect(derived(socket(1, "1"))).toEqual(["ConnectionLost", "Unconfirmed", undefined])
    expect(derived(socket(1, 1), { reusedSocket: false })).toEqual(["ConnectionLost", "Unconfirmed", undefined])
    expect(derived(socket(1, 0), { reusedSocket: true })).toEqual(["ConnectionLost", "Unconfirmed", true])
    expect(derived({ ...socket(1, 1), _tag: "ResponseError" })).toEqual(["ConnectionLost", "Partial", undefined])
    expect(derived(coded("UND_ERR_SOCKET", { socket: { bytesWritten: 1, bytesRead: 1 } }))).toEqual([
      "ConnectionLost",
      "Unconfirmed",
      undefined
    ])
    const untrusted = coded("EPROTO", { socket: { bytesWritten: 1, bytesRead: 1 } })
    expect(derived(requestError("Transport", { cause: untrusted }))).toEqual(["Tls", "NotSent", undefined])
    expect(derived({ name: "TimeoutError", socket: { bytesWritten: 0 } })).toEqual([
      "Timeout",
      "Unconfirmed",
      undefined
    ])
  })

  it("reports the outermost code", () => {
    const cause = coded("ECONNREFUSED")
    expect(Classify.exception(new Error("-", { cause }), { now: 0 }).code).toBe("ECONNREFUSED")
    expect(Classify.exception(coded("UND_ERR_SOCKET", { cause }), { now: 0 }).code).toBe("UND_ERR_SOCKET")
  })

  it.each<[string, unknown, string | undefined]>([
    ["a path", { _tag: "Pointer", path: ["choices", 0], issue: { _tag: "Type" } }, "at choices.0"],
    ["a single key", { _tag: "Pointer", path: "text" }, "at text"],
    [
      "the first of several issues",
      {
        _tag: "Composite",
        issues: [
          { _tag: "Pointer", path: "a" },
          { _tag: "Pointer", path: "b" }
        ]
      },
      "at a"
    ],
    [
      "a single issue",
      { _tag: "Composite", issues: { _tag: "Pointer", path: "a", issue: { _tag: "Pointer", path: 1 } } },
      "at a.1"
    ],
    [
      "only names",
      { _tag: "Pointer", path: ["two words", "a".repeat(41), "b".repeat(40), Symbol("s")] },
      `at ${"b".repeat(40)}`
    ],
    ["only pointers", { _tag: "Type", path: ["a"] }, undefined],
    ["no API key", { _tag: "Pointer", path: ["sk-abcd1234"] }, undefined]
  ])("reports of a decoding error %s", (_, issue, detail) => {
    expect(Classify.exception(new Error("-", { cause: { _tag: "ParseError", issue } }), { now: 0 }).detail).toBe(detail)
    expect(
      Classify.exception(coded("EPIPE", { cause: { _tag: "ParseError", issue } }), { now: 0 }).detail
    ).toBeUndefined()
  })

  it("reports at most eight names of a decoding error, down to a depth of 32", () => {
    const nested = (depth: number, path: string, inner: unknown): unknown =>
      depth === 0 ? inner : { _tag: "Pointer", path, issue: nested(depth - 1, path, inner) }
    const detail = (issue: unknown) => Classify.exception({ _tag: "ParseError", issue }, { now: 0 }).detail
    expect(detail(nested(9, "a", undefined))).toBe(`at ${"a.".repeat(7)}a`)
    expect(detail(nested(31, " ", nested(1, "a", undefined)))).toBe("at a")
    expect(detail(nested(32, " ", nested(1, "a", undefined)))).toBeUndefined()
  })

  it("returns an ApiError unchanged, however deep it is nested", () => {
    expect(Classify.exception(error, { now: 0 })).toBe(error)
    expect(Classify.exception(new Error("a", { cause: new Error("b", { cause: error }) }), { now: 0 })).toBe(error)
    expect(Classify.exception(Cause.fail(error), { now: 0 })).toBe(error)
  })

  it("finds an ApiError in the rejection of runPromise", async () => {
    const rejection: unknown = await Effect.runPromise(Effect.fail(error)).catch((u: unknown) => u)
    expect(Classify.exception(rejection, { now: 0 })).toBe(error)
  })

  it("prefers the cause of an abort to the abort", () => {
    const timeout = Object.assign(new Error(), { name: "TimeoutError" })
    const abort = Object.assign(new Error(), { name: "AbortError", code: "ABORT_ERR", cause: timeout })
    expect(Classify.exception(abort, { now: 0 })).toMatchObject({ reason: "Timeout", phase: "attempt" })
    timeout.name = "Error"
    expect(Classify.exception(abort, { now: 0 })).toMatchObject({ reason: "Aborted", delivery: "Unconfirmed" })
  })

  it("prefers the delivery given by the caller", () => {
    const reset = Object.assign(new Error(), { code: "ECONNRESET" })
    expect(Classify.exception(reset, { now: 0 }).delivery).toBe("Unconfirmed")
    expect(Classify.exception(reset, { now: 0, delivery: "Partial" }).delivery).toBe("Partial")
  })

  it.each<[unknown]>([
    [undefined],
    [null],
    ["oops"],
    [new Error("oops")],
    [new TypeError("x is not a function")],
    [{}]
  ])("classifies %s as Unknown without quoting it", (cause) => {
    expect(kind(Classify.exception(cause, { now: 0 }))).toBe("Fatal Unknown")
    expect(Classify.exception(cause, { now: 0 }).message).not.toContain("oops")
  })
})
