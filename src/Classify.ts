/**
 * Turns what a client saw, an answer or an exception, into an `ApiError`.
 *
 * Clients disagree about everything: a refused connection is a `TypeError` here, a `RequestError` there, and a broken
 * body a decoding error. The truth is in the codes along the cause chain, in the status and in the headers, and is read
 * from there; messages are not trusted and, since they may hold keys and prompts, not kept. Both functions are total:
 * whatever comes in, an `ApiError` comes out, and nothing is thrown.
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
 * What a caller knows about the call, whatever became of it.
 *
 * @since 0.1.0
 * @category model
 */
export interface Context {
  /** What the provider means by its answers. @default `Dialect.generic` */
  readonly dialect?: Dialect.Dialect | undefined
  /** Where the model runs; it decides what a 429 means. @default unknown, read as serverless */
  readonly target?: Dialect.Target | undefined
  /** Overrides what is concluded about the delivery, where the caller knows better. */
  readonly delivery?: Delivery | undefined
  /** The request's method. */
  readonly method?: string | undefined
  /** The request's URL; its query and credentials are dropped and its account id masked. */
  readonly url?: string | undefined
}

/**
 * An HTTP answer.
 *
 * @since 0.1.0
 * @category model
 */
export interface Answer extends Context {
  /** The status; anything, since some clients report 0 or NaN. */
  readonly status: number
  /** The headers, in any shape and casing. */
  readonly headers?: RetryHint.HeadersInput | undefined
  /** The body: a string, bytes, parsed JSON, anything. Only its first 64 KiB are looked at. */
  readonly body?: unknown
  /**
   * The wall time in milliseconds, from the `Clock` service. A date in `Retry-After` is compared with it where the response has
   * no `Date`.
   */
  readonly now: number
  /**
   * Who sent the response, if not surely the server.
   * @internal
   */
  readonly sender?: Sender | undefined
}

/**
 * What is known about a call that threw, apart from the time.
 *
 * @since 0.2.0
 * @category model
 */
export interface ExceptionContext extends Context {
  /** Overrides what is concluded about the connection, where the caller knows whether it had served a request before. */
  readonly reusedSocket?: boolean | undefined
}

/**
 * What is known about a call that threw.
 *
 * @since 0.1.0
 * @category model
 */
export interface ExceptionOptions extends ExceptionContext {
  /** The wall time in milliseconds, as in `Answer`, for exceptions that carry a response. */
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

const invalidAnswer: Kind = { class: "Transient", reason: "InvalidAnswer" }

// What a success with a body that no row knows is, whatever the table says of its status
const unforeseen: Kind & { readonly advice: string } = {
  class: "Fatal",
  reason: "Unknown",
  advice: "Look the code up at the provider; a row of the dialect can give it a meaning."
}
const otherAnswer: Kind & { readonly advice?: undefined } = { class: "Fatal", reason: "Decode" }

/** What a proxy's own responses mean: the provider's table is not about them. */
const ofProxies: Dialect.Dialect = /*#__PURE__*/ Dialect.make({
  name: "proxy",
  entries: [{ status: 403, class: "Fatal", reason: "ProxyRefused", source: "RFC 9110 §15.5.4" }]
})

/** A proxy refuses a request before it forwards it. A proxy that fails may have forwarded it. */
const deliveryBy = (sender: Sender | undefined, status: number): Delivery => {
  if (sender === undefined) return "Acknowledged"
  return sender === "proxy" && [403, 407, 429].includes(status) ? "NotSent" : "Unconfirmed"
}

const isStatus = (status: unknown): status is number =>
  Number.isInteger(status) && Number(status) >= 0 && Number(status) <= 999

/**
 * Classifies an HTTP response that is not a success.
 *
 * `now` is the time of the `Clock` service; `Reliability.make` passes it to `classify`. An effect that fails with the response
 * itself needs only `mapError`.
 *
 * Status first, then the body's code; the dialect's table decides. A 2xx without JSON is an answer that could not be read;
 * with JSON it is the error in it, `Unknown` where the dialect has no row for that, `Decode` where there is none.
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
  // types forbid what throws in there, and plain JavaScript does not
  attempt(() => answered(input)) ?? unsafeMake(unknown, { delivery: "Acknowledged" })

const answered = (input: Answer): ApiError => {
  const { sender, target } = input
  const dialect = sender === "proxy" ? ofProxies : (input.dialect ?? Dialect.generic)
  const status = typeof input.status === "number" ? input.status : Number.NaN
  const said = readBody(input.body)
  const hint = RetryHint.parse(input.headers, input.now)
  const text = said.text?.slice(0, maxDetail * 4)
  const entry = Dialect.lookup(dialect, { status, codes: said.codes, target, text })
  const code = said.codes[0]
  const success = status >= 200 && status < 300
  const known = entry.reason !== "UnexpectedStatus" || !success
  const meant = known ? entry : code === undefined && text === undefined ? otherAnswer : unforeseen
  return unsafeMake(success && !said.json ? invalidAnswer : meant, {
    delivery: input.delivery ?? deliveryBy(sender, status),
    status: isStatus(status) ? status : undefined,
    code: code !== undefined && !isSecret(code) ? code : undefined,
    detail: text === undefined ? undefined : clip(redact(text), maxDetail) || undefined,
    retryAfter: hint?.delay,
    shouldRetry: hint?.shouldRetry,
    executed: entry.executed,
    requestId: requestIdOf(dialect.requestIdHeaders, input.headers, said.requestId),
    remedy: meant.advice,
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

// The codes of Node's net, dns, tls and http, and of undici
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

// OpenSSL's verification results and Node's own
const tlsCode =
  /^(?:ERR_TLS_|ERR_SSL_|CERT_|CRL_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|ERROR_IN_C|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE)/

// Where there is no code: web exceptions, Effect's, and clients that set only a class
const byName: Readonly<Record<string, Verdict>> = {
  TimeoutException: attemptTimeout,
  TimeoutError: attemptTimeout,
  APIConnectionTimeoutError: attemptTimeout,
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
const circular: Verdict = { class: "Fatal", reason: "UnexpectedStatus", delivery: "Acknowledged" }

// What clients tell by a fixed text and by nothing else
const byText: ReadonlyArray<readonly [name: string, message: RegExp, Verdict]> = [
  ["Error", /^(?:bad port|unknown scheme)$/, invalidRequest],
  ["Error", /^redirect count exceeded$/, circular],
  ["AbortError", /^Proxy response \(407\) !== 200/, proxyRefused],
  ["TypeError", /^Headers\.\w+: |^Cannot convert argument to a ByteString/, invalidRequest]
]

// `fetch` names no code for a failed connection, in browsers not even a cause; "terminated" is undici's for a body
const fetchFailed =
  /^(?:fetch failed|Failed to fetch|NetworkError when attempting to fetch resource\.?|Load failed|terminated)$/

const says = (node: unknown, name: string, message: RegExp): boolean => {
  const text = read(node, "message")
  return typeof text === "string" && nameOf(node) === name && message.test(text)
}

const isFetchFailure = (node: unknown): boolean => says(node, "TypeError", fetchFailed)

const lookup = (table: Readonly<Record<string, Verdict>>, key: string | undefined): Verdict | undefined =>
  key !== undefined && Object.hasOwn(table, key) ? table[key] : undefined

const verdictOf = (node: unknown): Verdict | undefined => {
  const code = codeOf(node)
  // an AggregateError repeats one of its errors' codes: the errors themselves say more
  const isAggregate = list(read(node, "errors")).length > 0
  if (code !== undefined && !isAggregate) {
    const syscall = read(node, "syscall")
    if (syscall === "connect") return code === "ETIMEDOUT" ? connectTimeout : refused
    if (typeof syscall === "string" && /^(?:getaddrinfo|query)/.test(syscall)) {
      return code === "ENOTFOUND" ? nameNotFound : nameLookup
    }
    // of all resets only the one within a TLS handshake names the host
    if (code === "ECONNRESET" && syscall === undefined && typeof read(node, "host") === "string") return refused
  }
  const text = byText.find(([name, message]) => says(node, name, message))
  if (text !== undefined) return text[2]
  if (code !== undefined && !isAggregate) {
    const known = lookup(byCode, code)
    if (known !== undefined) return known
    // an alert, or plain bytes, may answer what was already written
    if (tlsCode.test(code)) return code.startsWith("ERR_SSL_") ? { ...untrusted, delivery: "Unconfirmed" } : untrusted
    if (/^(?:HPE|Z)_/.test(code)) return garbled
  }
  const reason = read(node, "reason")
  if (read(node, "_tag") === "RequestError" && (reason === "InvalidUrl" || reason === "Encode")) {
    // a stream that fails has sent what came before
    const streamed = read(read(read(node, "request"), "body"), "_tag") === "Stream"
    return streamed ? { ...invalidRequest, delivery: "Unconfirmed" } : invalidRequest
  }
  return lookup(byName, nameOf(node))
}

type Found = Pick<Answer, "status" | "headers" | "body" | "sender">

const statusOf = (u: unknown): unknown => read(u, "status") ?? read(u, "statusCode")

// read leniently, whatever they are
const headersOf = (u: unknown): RetryHint.HeadersInput | undefined => {
  const headers = read(u, "headers")
  return typeof headers === "object" && headers !== null ? (headers as RetryHint.HeadersInput) : undefined
}

/** The sender that a transport of this package noted beside its response. */
const senderIn = (response: unknown): Sender | undefined => {
  const sender = read(read(response, "head"), "sender")
  return sender === "proxy" || sender === "unknown" ? sender : undefined
}

/** A body that is there: one that would have to be read first is none. */
const bodyOf = (u: unknown): unknown => {
  const body = read(u, "data") ?? read(u, "_data") ?? read(u, "body")
  const flows = [read(body, "getReader"), read(body, "pipe")].some((method) => typeof method === "function")
  return flows ? undefined : body
}

/** The answer beside an exception: axios's, ky's, got's, ofetch's. A success in there is not what failed. */
const answerBeside = (node: unknown): Found | undefined => {
  const response = read(node, "response")
  const status = statusOf(response)
  if (typeof status !== "number" || !(status >= 300 && status <= 999)) return undefined
  return { status, headers: headersOf(response), body: bodyOf(response) ?? read(node, "data") }
}

/**
 * An HTTP answer that a client threw as it is (`throw response`, of fetch too), or wrapped into an exception: `openai`'s,
 * undici's, `@effect/platform`'s, those of `answerBeside`.
 */
const answerIn = (node: unknown): Found | undefined => {
  const tag = read(node, "_tag")
  const effects = tag === "RequestError" || tag === "ResponseError"
  const from = effects && read(node, "reason") === "StatusCode" ? read(node, "response") : node
  const status = statusOf(from)
  const headers = headersOf(from)
  const error = read(node, "error")
  if (headers === undefined) return effects ? undefined : answerBeside(node)
  if (typeof status !== "number") {
    // `openai` throws an event of a stream that is an error without the status that the stream began with
    const event = status === undefined && typeof error === "object" && error !== null
    return event ? { status: 200, headers, body: { error } } : effects ? undefined : answerBeside(node)
  }
  const body = error === undefined ? (from === node ? bodyOf(node) : undefined) : { error }
  return { status, headers, body, sender: senderIn(from) }
}

/** Where in a decoded answer the first difference lies: names of fields, no values. */
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
 * Classifies whatever a client threw, at a known time. In an effect, `mapError` takes the time from the `Clock` service.
 *
 * An `ApiError` anywhere along the cause chain is returned as it is, its settled mark included; an HTTP answer inside the
 * exception, or thrown itself (`throw response`), goes through `answer`, where its body was read already; else the codes along the chain decide, outermost first. `NotSent` is concluded only
 * where no byte of the request can have left.
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
  // types forbid to leave the options out, and plain JavaScript does not
  attempt(() => thrown(cause, { ...timeless, ...options })) ?? unsafeMake(unknown, { delivery: "Unconfirmed" }, cause)

// no date can be compared with it
const timeless: ExceptionOptions = { now: Number.NaN }

const thrown = (cause: unknown, options: ExceptionOptions): ApiError => {
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
    const found = answerIn(node)
    if (found !== undefined) return answer({ ...context, ...found })
  }

  const duringBody = nodes.some(
    (node) => read(node, "_tag") === "ResponseError" || (isFetchFailure(node) && read(node, "message") === "terminated")
  )
  const beforeBody = !duringBody && nodes.some((node) => read(node, "_tag") === "RequestError" || isFetchFailure(node))
  const verdicts = nodes.flatMap((node) => verdictOf(node) ?? [])
  const verdict =
    // a timeout's signal aborts: the reason says more than the abort
    verdicts.find((found) => found !== aborted) ??
    verdicts[0] ??
    (read(cause, "_tag") === "ResponseError" ? unreadable : undefined) ??
    (beforeBody || duringBody || nodes.some((node) => nameOf(node) === "APIConnectionError") ? lost : unknown)

  const socket = nodes.map((node) => read(node, "socket")).find((found) => read(found, "bytesWritten") !== undefined)
  const unwritten = verdict === lost && read(socket, "bytesWritten") === 0
  // bytes were read on this connection, and not of this answer: it was a kept-alive one
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
 * Classifies the errors of an effect, whatever they are, by `exception`, at the time of the current fiber's `Clock`.
 *
 * Works on `Effect.tryPromise` with and without a `catch` that returns its argument, on clients whose errors carry a response,
 * and on effects that fail with a `Response`. `Effect.tryPromise`'s own `catch` has no access to the `Clock`: classify after it.
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
