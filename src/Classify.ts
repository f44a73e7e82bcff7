/**
 * Turns a failed response or an exception of an HTTP client into an `ApiError`.
 *
 * HTTP clients report the same failure in different ways. A refused connection is a `TypeError` in one client and a
 * `RequestError` in another; a truncated body may be a decoding error. The reliable facts are the codes along the cause chain,
 * the status and the headers, so this module reads those. Messages of exceptions are not kept, since they may contain keys and
 * prompts. Every function accepts any input, always returns an `ApiError`, and never throws.
 *
 * | failed with | function |
 * | --- | --- |
 * | an effect that fails with any error | `mapError` |
 * | a response whose status, headers and body are known | `answer` |
 * | an exception | `exception` |
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import { type ApiError, type Delivery, isApiError, type Kind, type Phase } from "./ApiError.js"
import * as Dialect from "./Dialect.js"
import { type Fields, unsafeMake } from "./internal/apiError/unsafeMake.js"
import { readBody } from "./internal/classify/errorBody.js"
import { requestIdOf } from "./internal/classify/requestId.js"
import { attempt, chain, codeOf, list, nameOf, read } from "./internal/errors.js"
import type { Sender } from "./internal/http/sender.js"
import { clip, isSecret, redact, redactUrl } from "./internal/redact.js"
import * as RetryHint from "./RetryHint.js"

// -------------------------------------------------------------------------------------------------
// Options
// -------------------------------------------------------------------------------------------------

/**
 * Facts about a call that its caller knows, independent of its outcome.
 *
 * @since 0.1.0
 * @category model
 */
export interface Context {
  /** The dialect of the provider: its table of statuses and error codes. @default `Dialect.generic` */
  readonly dialect?: Dialect.Dialect | undefined
  /** The place where the model runs, which decides the meaning of a 429. @default unknown, treated as serverless */
  readonly target?: Dialect.Target | undefined
  /** Overrides the delivery that would be concluded, for callers that know it. */
  readonly delivery?: Delivery | undefined
  /** The HTTP method of the request. */
  readonly method?: string | undefined
  /** The URL of the request. Its query and credentials are removed, and its account id is masked. */
  readonly url?: string | undefined
}

/**
 * An HTTP response to classify.
 *
 * @since 0.1.0
 * @category model
 */
export interface Answer extends Context {
  /** The status. Any number is accepted, since some clients report 0 or NaN. */
  readonly status: number
  /** The headers, in any of the accepted forms and any casing. */
  readonly headers?: RetryHint.HeadersInput | undefined
  /** The body: a string, bytes, parsed JSON or any other value. Only the first 64 KiB of text are read. */
  readonly body?: unknown
  /**
   * The current wall time in milliseconds, from the `Clock` service. A date in `Retry-After` is compared with it if the
   * response has no `Date`.
   */
  readonly now: number
  /**
   * The sender of the response, if it may not be the server.
   * @internal
   */
  readonly sender?: Sender | undefined
}

/**
 * Facts about a call that threw an exception.
 *
 * @since 0.2.0
 * @category model
 */
export interface ExceptionContext extends Context {
  /** Overrides whether the connection had served an earlier request, for callers that know it. */
  readonly reusedSocket?: boolean | undefined
}

/**
 * Options of `exception`.
 *
 * @since 0.1.0
 * @category model
 */
export interface ExceptionOptions extends ExceptionContext {
  /** The current wall time in milliseconds, as in `Answer`. It is used for exceptions that carry a response. */
  readonly now: number
}

// -------------------------------------------------------------------------------------------------
// answer
// -------------------------------------------------------------------------------------------------

const maxDetail = 1024

const methodPattern = /^[A-Za-z]{1,16}$/

const describe = (context: Context): Pick<Fields, "method" | "url"> => ({
  method: typeof context.method === "string" && methodPattern.test(context.method) ? context.method : undefined,
  url: typeof context.url === "string" ? redactUrl(context.url) : undefined
})

const invalidJson: Kind = { class: "Transient", reason: "InvalidAnswer" }

// a 2xx response whose body holds an error without a row in the dialect, whatever the dialect says about the status
const unknownError: Kind & { readonly advice: string } = {
  class: "Fatal",
  reason: "Unknown",
  advice: "Look the code up in the provider's documentation, and add a row for it to the dialect."
}
const noError: Kind & { readonly advice?: undefined } = { class: "Fatal", reason: "Decode" }

/** The dialect of responses that a proxy sends itself. The provider's dialect does not apply to them. */
const ofProxies: Dialect.Dialect = /*#__PURE__*/ Dialect.make({
  name: "proxy",
  entries: [{ status: 403, class: "Fatal", reason: "ProxyRefused", source: "RFC 9110 §15.5.4" }]
})

/** A proxy that refuses a request has not forwarded it. A proxy that fails may have forwarded it. */
const deliveryBy = (sender: Sender | undefined, status: number): Delivery => {
  if (sender === undefined) return "Acknowledged"
  return sender === "proxy" && [403, 407, 429].includes(status) ? "NotSent" : "Unconfirmed"
}

const isStatus = (status: unknown): status is number =>
  Number.isInteger(status) && Number(status) >= 0 && Number(status) <= 999

/**
 * Classifies an HTTP response that is not a success.
 *
 * `now` is the time of the `Clock` service; `Reliability.make` passes it to `classify`. For an effect that fails with the
 * response itself, use `mapError`.
 *
 * The dialect decides, by the status and then by the codes in the body. A 2xx without JSON is `InvalidAnswer`. A 2xx with JSON
 * has the reason of the error in that JSON, or `Unknown` if the dialect has no row for that error. A 2xx with JSON that holds
 * no error is `Decode`.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Duration } from "effect"
 * import { Classify, Dialect } from "effect-reliability"
 *
 * const error = Classify.answer({
 *   status: 503,
 *   headers: { "retry-after": "30", "x-request-id": "4f1d" },
 *   body: `{"error":{"message":"Deployment is scaling up.","code":"DEPLOYMENT_SCALING_UP","type":"error"}}`,
 *   dialect: Dialect.fireworks,
 *   now: 0
 * })
 * assert.strictEqual(error._tag, "Transient")
 * assert.strictEqual(error.reason, "ScalingUp")
 * assert.deepStrictEqual(error.retryAfter, Duration.seconds(30))
 * assert.strictEqual(error.requestId, "4f1d")
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const answer = (input: Answer): ApiError =>
  // plain JavaScript may pass values that the types forbid
  attempt(() => classifyResponse(input)) ?? unsafeMake(unknown, { delivery: "Acknowledged" })

const classifyResponse = (input: Answer): ApiError => {
  const { sender, target } = input
  const dialect = sender === "proxy" ? ofProxies : (input.dialect ?? Dialect.generic)
  const status = typeof input.status === "number" ? input.status : Number.NaN
  const content = readBody(input.body)
  const hint = RetryHint.parse(input.headers, input.now)
  const text = content.text?.slice(0, maxDetail * 4)
  const entry = Dialect.lookup(dialect, { status, codes: content.codes, target, text })
  const code = content.codes[0]
  const success = status >= 200 && status < 300
  const known = entry.reason !== "UnexpectedStatus" || !success
  const meaning = known ? entry : code === undefined && text === undefined ? noError : unknownError
  return unsafeMake(success && !content.json ? invalidJson : meaning, {
    delivery: input.delivery ?? deliveryBy(sender, status),
    status: isStatus(status) ? status : undefined,
    code: code !== undefined && !isSecret(code) ? code : undefined,
    detail: text === undefined ? undefined : clip(redact(text), maxDetail) || undefined,
    retryAfter: hint?.delay,
    shouldRetry: hint?.shouldRetry,
    executed: entry.executed,
    requestId: requestIdOf(dialect.requestIdHeaders, input.headers, content.requestId),
    remedy: meaning.advice,
    ...describe(input)
  })
}

// -------------------------------------------------------------------------------------------------
// exception
// -------------------------------------------------------------------------------------------------

type Verdict = Kind & { readonly delivery: Delivery; readonly phase?: Phase }

const refused: Verdict = { class: "Transient", reason: "Connect", delivery: "NotSent" }
const lost: Verdict = { class: "Transient", reason: "ConnectionLost", delivery: "Unconfirmed" }
const truncated: Verdict = { class: "Transient", reason: "ConnectionLost", delivery: "Partial" }
const garbled: Verdict = { class: "Transient", reason: "InvalidAnswer", delivery: "Partial" }
const unreadable: Verdict = { class: "Transient", reason: "InvalidAnswer", delivery: "Acknowledged" }
const nameLookup: Verdict = { class: "Transient", reason: "NameLookup", delivery: "NotSent" }
const nameNotFound: Verdict = { class: "Transient", reason: "NameNotFound", delivery: "NotSent" }
const connectTimeout: Verdict = { class: "Transient", reason: "Timeout", delivery: "NotSent", phase: "connect" }
const readTimeout: Verdict = { class: "Transient", reason: "Timeout", delivery: "Unconfirmed", phase: "read" }
const attemptTimeout: Verdict = { class: "Transient", reason: "Timeout", delivery: "Unconfirmed", phase: "attempt" }
const untrusted: Verdict = { class: "Fatal", reason: "Tls", delivery: "NotSent" }
const invalidRequest: Verdict = { class: "Fatal", reason: "InvalidRequest", delivery: "NotSent" }
const otherShape: Verdict = { class: "Fatal", reason: "Decode", delivery: "Acknowledged" }
const tooLarge: Verdict = { class: "Fatal", reason: "AnswerTooLarge", delivery: "Partial" }
const aborted: Verdict = { class: "Fatal", reason: "Aborted", delivery: "Unconfirmed" }
const unknown: Verdict = { class: "Fatal", reason: "Unknown", delivery: "Unconfirmed" }

// codes of Node's net, dns, tls and http modules, and of undici
const byCode: Readonly<Record<string, Verdict>> = {
  ECONNREFUSED: refused,
  EHOSTUNREACH: refused,
  EHOSTDOWN: refused,
  ENETUNREACH: refused,
  ENETDOWN: refused,
  EADDRNOTAVAIL: refused,
  ENOTFOUND: nameNotFound,
  EAI_AGAIN: nameLookup,
  EAI_FAIL: nameLookup,
  ECONNRESET: lost,
  ECONNABORTED: lost,
  EPIPE: lost,
  ETIMEDOUT: lost,
  UND_ERR_SOCKET: lost,
  ERR_STREAM_PREMATURE_CLOSE: truncated,
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: truncated,
  HPE_INVALID_EOF_STATE: truncated,
  Z_BUF_ERROR: truncated,
  UND_ERR_CONNECT_TIMEOUT: connectTimeout,
  UND_ERR_HEADERS_TIMEOUT: readTimeout,
  UND_ERR_BODY_TIMEOUT: { ...readTimeout, delivery: "Partial" },
  ESOCKETTIMEDOUT: readTimeout,
  EPROTO: untrusted,
  UND_ERR_PRX_TLS: untrusted,
  UND_ERR_HEADERS_OVERFLOW: tooLarge,
  HPE_HEADER_OVERFLOW: tooLarge,
  UND_ERR_RES_EXCEEDED_MAX_SIZE: tooLarge,
  ERR_INVALID_URL: invalidRequest,
  ERR_INVALID_PROTOCOL: invalidRequest,
  ERR_INVALID_CHAR: invalidRequest,
  ERR_HTTP_INVALID_HEADER_VALUE: invalidRequest,
  ERR_INVALID_HTTP_TOKEN: invalidRequest,
  ERR_UNESCAPED_CHARACTERS: invalidRequest,
  UND_ERR_INVALID_ARG: invalidRequest,
  UND_ERR_NOT_SUPPORTED: invalidRequest,
  UND_ERR_REQ_CONTENT_LENGTH_MISMATCH: { ...invalidRequest, delivery: "Unconfirmed" },
  ABORT_ERR: aborted,
  UND_ERR_ABORT: aborted,
  UND_ERR_ABORTED: aborted,
  UND_ERR_DESTROYED: aborted,
  UND_ERR_CLOSED: { ...aborted, delivery: "NotSent" }
}

// codes of OpenSSL's certificate verification, and of Node's TLS
const tlsCode =
  /^(?:ERR_TLS_|ERR_SSL_|CERT_|CRL_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|ERROR_IN_C|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE)/

// the timeout of the `openai` package, which holds the client's exception from version 7 on
const wrappedTimeout: Verdict = { ...attemptTimeout }

// names of exceptions without a code: those of the web, of Effect, and of clients that only set a class
const byName: Readonly<Record<string, Verdict>> = {
  TimeoutException: attemptTimeout,
  TimeoutError: attemptTimeout,
  APIConnectionTimeoutError: wrappedTimeout,
  AbortError: aborted,
  APIUserAbortError: aborted,
  InterruptedException: aborted,
  Interrupt: aborted,
  HTTPParserError: garbled,
  SyntaxError: unreadable,
  ParseError: otherShape,
  HttpBodyError: invalidRequest
}

const proxyRefused: Verdict = { class: "Fatal", reason: "ProxyRefused", delivery: "NotSent" }
const redirectLoop: Verdict = { class: "Fatal", reason: "UnexpectedStatus", delivery: "Acknowledged" }

// failures that clients report only by a fixed message
const byText: ReadonlyArray<readonly [name: string, message: RegExp, Verdict]> = [
  ["Error", /^(?:bad port|unknown scheme)$/, invalidRequest],
  ["Error", /^redirect count exceeded$/, redirectLoop],
  ["AbortError", /^Proxy response \(407\) !== 200/, proxyRefused],
  ["TypeError", /^Headers\.\w+: |^Cannot convert argument to a ByteString/, invalidRequest]
]

// `fetch` sets no code for a failed connection, and in browsers no cause either; "terminated" is undici's message for a broken
// body
const fetchFailed =
  /^(?:fetch failed|Failed to fetch|NetworkError when attempting to fetch resource\.?|Load failed|terminated)$/

const hasMessage = (node: unknown, name: string, message: RegExp): boolean => {
  const text = read(node, "message")
  return typeof text === "string" && nameOf(node) === name && message.test(text)
}

const isFetchFailure = (node: unknown): boolean => hasMessage(node, "TypeError", fetchFailed)

const lookup = (table: Readonly<Record<string, Verdict>>, key: string | undefined): Verdict | undefined =>
  key !== undefined && Object.hasOwn(table, key) ? table[key] : undefined

const verdictOf = (node: unknown): Verdict | undefined => {
  const code = codeOf(node)
  // an AggregateError repeats the code of one of its errors; the errors themselves hold more
  const isAggregate = list(read(node, "errors")).length > 0
  if (code !== undefined && !isAggregate) {
    const syscall = read(node, "syscall")
    if (syscall === "connect") return code === "ETIMEDOUT" ? connectTimeout : refused
    if (typeof syscall === "string" && /^(?:getaddrinfo|query)/.test(syscall)) {
      return code === "ENOTFOUND" ? nameNotFound : nameLookup
    }
    // only a reset during the TLS handshake names the host
    if (code === "ECONNRESET" && syscall === undefined && typeof read(node, "host") === "string") return refused
  }
  const text = byText.find(([name, message]) => hasMessage(node, name, message))
  if (text !== undefined) return text[2]
  if (code !== undefined && !isAggregate) {
    const known = lookup(byCode, code)
    if (known !== undefined) return known
    // a server may send a TLS alert or plain bytes after the request was written
    if (tlsCode.test(code)) return code.startsWith("ERR_SSL_") ? { ...untrusted, delivery: "Unconfirmed" } : untrusted
    if (/^(?:HPE|Z)_/.test(code)) return garbled
  }
  const reason = read(node, "reason")
  if (read(node, "_tag") === "RequestError" && (reason === "InvalidUrl" || reason === "Encode")) {
    // part of a streamed body may have been sent before the stream failed
    const streamed = read(read(read(node, "request"), "body"), "_tag") === "Stream"
    return streamed ? { ...invalidRequest, delivery: "Unconfirmed" } : invalidRequest
  }
  return lookup(byName, nameOf(node))
}

type Found = Pick<Answer, "status" | "headers" | "body" | "sender">

const statusOf = (u: unknown): unknown => read(u, "status") ?? read(u, "statusCode")

// `RetryHint.parse` and `requestIdOf` accept any object
const headersOf = (u: unknown): RetryHint.HeadersInput | undefined => {
  const headers = read(u, "headers")
  return typeof headers === "object" && headers !== null ? (headers as RetryHint.HeadersInput) : undefined
}

/** Returns the sender that a transport of this package stored in its response. */
const senderIn = (response: unknown): Sender | undefined => {
  const sender = read(read(response, "head"), "sender")
  return sender === "proxy" || sender === "unknown" ? sender : undefined
}

/** Returns the body if it was already read. Returns `undefined` for a stream that has yet to be read. */
const bodyOf = (u: unknown): unknown => {
  const body = read(u, "data") ?? read(u, "_data") ?? read(u, "body")
  const flows = [read(body, "getReader"), read(body, "pipe")].some((method) => typeof method === "function")
  return flows ? undefined : body
}

/**
 * Returns the response that axios, ky, got and ofetch attach to an exception. A status below 300 did not cause the exception.
 */
const attachedResponse = (node: unknown): Found | undefined => {
  const response = read(node, "response")
  const status = statusOf(response)
  if (typeof status !== "number" || !(status >= 300 && status <= 999)) return undefined
  return { status, headers: headersOf(response), body: bodyOf(response) ?? read(node, "data") }
}

/**
 * Returns the HTTP response that a client threw itself (`throw response`, also with fetch) or wrapped in an exception. It knows
 * the exceptions of `openai`, undici and `@effect/platform`, and those of `attachedResponse`.
 */
const responseIn = (node: unknown): Found | undefined => {
  const tag = read(node, "_tag")
  const effects = tag === "RequestError" || tag === "ResponseError"
  const from = effects && read(node, "reason") === "StatusCode" ? read(node, "response") : node
  const status = statusOf(from)
  const headers = headersOf(from)
  const error = read(node, "error")
  if (headers === undefined) return effects ? undefined : attachedResponse(node)
  if (typeof status !== "number") {
    // `openai` throws an error event of a stream without the status of the response
    const event = status === undefined && typeof error === "object" && error !== null
    return event ? { status: 200, headers, body: { error } } : effects ? undefined : attachedResponse(node)
  }
  const body = error === undefined ? (from === node ? bodyOf(node) : undefined) : { error }
  return { status, headers, body, sender: senderIn(from) }
}

/** Returns the path to the first mismatch in a decoded response: names of fields, no values. */
const issuePath = (nodes: ReadonlyArray<unknown>): string | undefined => {
  const parseError = nodes.find((node) => read(node, "_tag") === "ParseError")
  const names: Array<string> = []
  let issue = read(parseError, "issue")
  for (let depth = 0; depth < 32 && issue !== undefined && names.length < 8; depth++) {
    if (read(issue, "_tag") === "Pointer") {
      const path = read(issue, "path")
      for (const step of [...list(path), path]) {
        if (typeof step === "number" || (typeof step === "string" && /^[\w-]{1,40}$/.test(step)))
          names.push(String(step))
      }
    }
    const inner = read(issue, "issues") ?? read(issue, "issue")
    issue = list(inner)[0] ?? inner
  }
  const text = names.join(".")
  return text === "" || isSecret(text) ? undefined : `at ${text}`
}

/**
 * Classifies an exception at a given time. In an effect, use `mapError`, which takes the time from the `Clock` service.
 *
 * The first of these that is found decides:
 *
 * - An `ApiError` anywhere along the cause chain is returned unchanged, including its settled mark.
 * - An HTTP response inside the exception, or one that was thrown itself (`throw response`), is classified by `answer`. Its
 *   body counts only if it was already read.
 * - The codes along the cause chain decide, outermost first.
 *
 * `NotSent` is concluded only if no byte of the request can have been sent.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Classify } from "effect-reliability"
 *
 * const error = await fetch("http://127.0.0.1:4/").then(
 *   () => undefined,
 *   (cause: unknown) => Classify.exception(cause, { now: Date.now() })
 * )
 * assert.strictEqual(error?._tag, "Transient")
 * assert.strictEqual(error.delivery, "NotSent")
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const exception = (cause: unknown, options: ExceptionOptions): ApiError =>
  // plain JavaScript may omit the options
  attempt(() => classifyException(cause, { ...timeless, ...options })) ??
  unsafeMake(unknown, { delivery: "Unconfirmed" }, cause)

// without a time, a date in `Retry-After` counts only if the response has a `Date`
const timeless: ExceptionOptions = { now: Number.NaN }

const classifyException = (cause: unknown, options: ExceptionOptions): ApiError => {
  const nodes = chain(cause)
  const known = nodes.find(isApiError)
  if (known !== undefined) return known

  const request = read(
    nodes.find((node) => read(node, "_tag") === "RequestError" || read(node, "_tag") === "ResponseError"),
    "request"
  )
  const method = options.method ?? read(request, "method")
  const url = options.url ?? read(request, "url")
  const context = {
    ...options,
    method: typeof method === "string" ? method : undefined,
    url: typeof url === "string" ? url : undefined
  }

  for (const node of nodes) {
    const found = responseIn(node)
    if (found !== undefined) return answer({ ...context, ...found })
  }

  const duringBody = nodes.some(
    (node) => read(node, "_tag") === "ResponseError" || (isFetchFailure(node) && read(node, "message") === "terminated")
  )
  const beforeBody = !duringBody && nodes.some((node) => read(node, "_tag") === "RequestError" || isFetchFailure(node))
  const verdicts = nodes.flatMap((node) => verdictOf(node) ?? [])
  const verdict =
    // a timeout aborts through a signal: its own reason is more specific than the abort
    verdicts.find((found) => found !== aborted && found !== wrappedTimeout) ??
    verdicts.find((found) => found !== aborted) ??
    verdicts[0] ??
    (read(cause, "_tag") === "ResponseError" ? unreadable : undefined) ??
    (beforeBody || duringBody || nodes.some((node) => nameOf(node) === "APIConnectionError") ? lost : unknown)

  const socket = nodes.map((node) => read(node, "socket")).find((found) => read(found, "bytesWritten") !== undefined)
  const unwritten = verdict === lost && read(socket, "bytesWritten") === 0
  // bytes were read on this connection before this response began, so it was a kept-alive one
  const bytesRead = read(socket, "bytesRead")
  const reused =
    options.reusedSocket ?? (verdict === lost && beforeBody && typeof bytesRead === "number" && bytesRead > 0)
  const delivery =
    options.delivery ??
    (unwritten ? "NotSent" : duringBody && verdict.delivery === "Unconfirmed" ? "Partial" : verdict.delivery)
  const beforeResponse = delivery === "NotSent" || delivery === "Unconfirmed"

  return unsafeMake(
    verdict,
    {
      delivery,
      code: nodes.map(codeOf).find((code) => code !== undefined),
      phase: verdict.phase,
      reusedSocket: reused && beforeResponse ? true : undefined,
      detail: verdict === otherShape ? issuePath(nodes) : undefined,
      ...describe(context)
    },
    cause
  )
}

// -------------------------------------------------------------------------------------------------
// mapError
// -------------------------------------------------------------------------------------------------

/**
 * Classifies the errors of an effect by `exception`, at the time of the current fiber's `Clock`.
 *
 * It works on `Effect.tryPromise`, on clients whose errors carry a response, and on effects that fail with a `Response`. The
 * `catch` of `Effect.tryPromise` has no access to the `Clock`: omit it or let it return its argument, and classify afterwards.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Effect } from "effect"
 * import { Classify, Dialect } from "effect-reliability"
 *
 * const program = Effect.tryPromise((signal) => fetch("http://127.0.0.1:4/", { signal })).pipe(
 *   Effect.filterOrFail((response) => response.ok, (response) => response),
 *   Classify.mapError({ dialect: Dialect.fireworks })
 * )
 *
 * const error = await Effect.runPromise(Effect.flip(program))
 * assert.strictEqual(error._tag, "Transient")
 * assert.strictEqual(error.delivery, "NotSent")
 * ```
 *
 * @since 0.2.0
 * @category combinators
 */
export const mapError: {
  (context?: ExceptionContext): <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, ApiError, R>
  <A, E, R>(effect: Effect.Effect<A, E, R>, context?: ExceptionContext): Effect.Effect<A, ApiError, R>
} = /*#__PURE__*/ dual(
  (args) => Effect.isEffect(args[0]),
  <A, E, R>(effect: Effect.Effect<A, E, R>, context?: ExceptionContext): Effect.Effect<A, ApiError, R> =>
    Effect.catchAll(effect, (error) =>
      Effect.clockWith((clock) => Effect.fail(exception(error, { ...context, now: clock.unsafeCurrentTimeMillis() })))
    )
)
