/**
 * The faults that a client of a model API can meet, as plain values.
 *
 * A retry policy must be tested against real failures, and the hard ones do not occur on demand: a truncated response, a
 * kept-alive socket that breaks on reuse, a stream that stops sending. Here each fault is a value that can be printed, listed
 * and combined with others. `FaultServer` performs faults on real sockets, `ScriptedClient` in memory.
 *
 * | what fails | fault |
 * | --- | --- |
 * | nothing | `healthy` |
 * | the status, the headers, the body | `answer`, `invalidJson`, `oversizedHeaders` |
 * | time | `stall`, `drip`, `unanswered` |
 * | the connection | `reset`, `close`, `reused`, `closeAfter` |
 * | the framing | `cut`, `mislabel`, `garbage` |
 * | an event stream | `stream` |
 * | the load | `rateLimit`, `capacity` |
 * | connections, before any request | `accept`, `refuse`, `ignore`: each is a `Connection`, not a `Fault` |
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import { duration, number, oneOf, refuse as refuseOption } from "../internal/options.js"

// -------------------------------------------------------------------------------------------------
// Model
// -------------------------------------------------------------------------------------------------

/**
 * A request, as passed to a script.
 *
 * @since 0.1.0
 * @category model
 */
export interface Request {
  /** Sequence number of the request; 1 for the first that arrived. */
  readonly number: number
  /** Number of the connection that carried the request; 1 for the first that was opened. */
  readonly connection: number
  /** Position of the request on its connection; 1 for the first. */
  readonly onConnection: number
  /** Wall-clock time of arrival, in milliseconds. */
  readonly at: number
  readonly method: string
  /** Path and query. */
  readonly path: string
  /** Headers by lower-case name; the values of a repeated header are joined by commas. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/**
 * An OpenAI-compatible response that echoes the request.
 *
 * @since 0.1.0
 * @category model
 */
export interface Healthy {
  readonly _tag: "Healthy"
}

/**
 * The form of a server hint: `retry-after` in seconds or as a date, or `retry-after-ms`.
 *
 * @since 0.1.0
 * @category model
 */
export type HintForm = "seconds" | "date" | "millis"

/**
 * A response with a given status, headers and body.
 *
 * @since 0.1.0
 * @category model
 */
export interface Answer {
  readonly _tag: "Answer"
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** The server hint: the delay after the arrival of the request, and the form in which it is sent. */
  readonly retryAfter: { readonly delay: Duration.Duration; readonly form: HintForm } | undefined
}

/**
 * The end of an event stream.
 *
 * - `done`: after `[DONE]`.
 * - `missing`: without `[DONE]`.
 * - `error`: after an `error` event.
 * - `silence`: never; the connection stays open and nothing more is sent.
 * - `close`: the connection is closed (FIN).
 * - `reset`: the connection is reset (RST).
 *
 * @since 0.1.0
 * @category model
 */
export type Ending = "done" | "missing" | "error" | "silence" | "close" | "reset"

/**
 * Server-sent events.
 *
 * @since 0.1.0
 * @category model
 */
export interface Events {
  readonly _tag: "Events"
  /** Number of events besides `[DONE]`. If absent, the stream echoes the request: one event per word, and a last one. */
  readonly events: number | undefined
  /** The wait before each event except the first. */
  readonly every: Duration.Duration
  /** If true, a comment precedes each event. */
  readonly pings: boolean
  /** Number of events that are sent before the ending. */
  readonly after: number
  readonly ending: Ending
  /** Data of the `error` event, as JSON. */
  readonly error: string
}

/**
 * Bytes that are not HTTP, followed by a closed connection.
 *
 * @since 0.1.0
 * @category model
 */
export interface Garbage {
  readonly _tag: "Garbage"
  readonly bytes: string
}

/**
 * No response: the connection is closed (FIN) or reset (RST) instead.
 *
 * @since 0.1.0
 * @category model
 */
export interface Hangup {
  readonly _tag: "Hangup"
  readonly by: "close" | "reset"
}

/**
 * A wait before the status line.
 *
 * @since 0.1.0
 * @category model
 */
export interface Stall {
  readonly _tag: "Stall"
  readonly delay: Duration.Duration
  readonly reply: Reply
}

/**
 * A body that is sent in small pieces.
 *
 * @since 0.1.0
 * @category model
 */
export interface Drip {
  readonly _tag: "Drip"
  readonly every: Duration.Duration
  readonly bytes: number
  readonly reply: Reply
}

/**
 * A body that is cut short.
 *
 * @since 0.1.0
 * @category model
 */
export interface Cut {
  readonly _tag: "Cut"
  /** Number of bytes of the body that are sent. If absent, half of the body. */
  readonly after: number | undefined
  readonly by: "close" | "reset" | "silence"
  readonly framing: "length" | "chunked"
  readonly reply: Reply
}

/**
 * A `content-length` that differs from the length of the body.
 *
 * @since 0.1.0
 * @category model
 */
export interface Mislabel {
  readonly _tag: "Mislabel"
  /** Number of bytes that is added to the length; negative to announce fewer. */
  readonly by: number
  readonly reply: Reply
}

/**
 * A connection that is closed after the response, without a `connection: close` header.
 *
 * @since 0.1.0
 * @category model
 */
export interface CloseAfter {
  readonly _tag: "CloseAfter"
  /** The wait between the end of the response and the close. */
  readonly delay: Duration.Duration
  readonly reply: Reply
}

/**
 * A fault that applies only to requests on a reused connection.
 *
 * @since 0.1.0
 * @category model
 */
export interface Reused {
  readonly _tag: "Reused"
  /** The reply to the second and later requests of each connection. */
  readonly reply: Reply
  /** The reply to the first request of each connection. */
  readonly first: Reply
}

/**
 * The reply to one request, independent of other requests.
 *
 * @since 0.1.0
 * @category model
 */
export type Reply = Healthy | Answer | Events | Garbage | Hangup | Stall | Drip | Cut | Mislabel | CloseAfter | Reused

/**
 * A token bucket: each request takes a token, or is rejected with a 429.
 *
 * @since 0.1.0
 * @category model
 */
export interface RateLimit {
  readonly _tag: "RateLimit"
  /** Number of tokens at the start, and the maximum. */
  readonly burst: number
  /** Number of tokens that are added each second. */
  readonly perSecond: number
  /** Form of the server hint in a 429. */
  readonly hint: HintForm | "none"
  /** The fault of requests that got a token. */
  readonly admitted: Fault
}

/**
 * A limit on the number of requests that a server processes at once.
 *
 * @since 0.1.0
 * @category model
 */
export interface Capacity {
  readonly _tag: "Capacity"
  /** Maximum number of requests that are processed at once. */
  readonly concurrent: number
  /** Maximum number of requests that wait. */
  readonly queue: number
  /** The response to requests that find the queue full. */
  readonly rejection: Answer
  /** The fault of requests that are processed. */
  readonly admitted: Fault
}

/**
 * A reply, or a limit that selects one. Limits wrap replies, never the reverse: `rateLimit({ admitted: stall("1 second") })`.
 *
 * @since 0.1.0
 * @category model
 */
export type Fault = Reply | RateLimit | Capacity

/**
 * The treatment of a new connection, before its first request.
 *
 * - `Accept`: the connection works normally.
 * - `Refuse`: the connection is reset as soon as it is established.
 * - `Ignore`: the server processes nothing from the connection and writes nothing to it, not even a TLS handshake.
 *
 * @since 0.1.0
 * @category model
 */
export interface Connection {
  readonly _tag: "Accept" | "Refuse" | "Ignore"
}

/**
 * The faults of a server: one fault for all requests, a list, or a function of the request.
 *
 * Each request takes the next fault of a list; after the last one, requests get `healthy`.
 *
 * `RateLimit` and `Capacity` keep their state per object. A function that creates a new one for each request therefore never
 * rejects a request.
 *
 * @since 0.1.0
 * @category model
 */
export type Script = Fault | ReadonlyArray<Fault> | ((request: Request) => Fault)

/**
 * The treatments of connections: one for all connections, a list, or a function of the connection's number, which starts at 1.
 *
 * Each connection takes the next treatment of a list; after the last one, connections get `accept`.
 *
 * @since 0.1.0
 * @category model
 */
export type ConnectionScript = Connection | ReadonlyArray<Connection> | ((connection: number) => Connection)

// -------------------------------------------------------------------------------------------------
// Responses
// -------------------------------------------------------------------------------------------------

/**
 * A successful response that echoes the request.
 *
 * Under `/v1` and `/inference/v1`, requests for chats, completions, embeddings and models get an OpenAI-compatible response,
 * streamed if requested. A chat whose `tool_choice` demands a tool gets a call of the tool, with the text of the last message as
 * its arguments. Any other request gets a JSON object with its number, method, path and body.
 *
 * @since 0.1.0
 * @category constants
 */
export const healthy: Healthy = { _tag: "Healthy" }

/**
 * Options of `answer`.
 *
 * @since 0.1.0
 * @category model
 */
export interface AnswerOptions {
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Text is sent unchanged, an object as JSON. @default an OpenAI-style error for statuses from 400 on, otherwise empty */
  readonly body?: string | object | undefined
  /** The delay in the server hint. Dates are rounded up to a full second. @default no hint */
  readonly retryAfter?: Duration.DurationInput | undefined
  /** Form of the server hint. Seconds are rounded up. @default "seconds" */
  readonly form?: HintForm | undefined
  /** The `x-should-retry` header. @default none */
  readonly shouldRetry?: boolean | undefined
}

// RFC 9110 §5.1 and §5.5
const headerName = /^[\w!#$%&'*+.^`|~-]+$/
const headerValue = /^[\t\x20-\x7e\x80-\xff]*$/

const forms: ReadonlyArray<HintForm> = ["seconds", "date", "millis"]

/**
 * Makes a response with a status from 200 to 599, and any headers and body.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Fault } from "effect-reliability/testing"
 *
 * const fault = Fault.answer(429, { retryAfter: "2 seconds", form: "millis" })
 * assert.match(fault.body, /"code":"429"/)
 * assert.throws(() => Fault.answer(42), /status is 42; it must be an integer from 200 to 599/)
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const answer = (status: number, options: AnswerOptions = {}): Answer => {
  const owner = "Fault.answer"
  number(owner, "status", status, { integer: true, min: 200, max: 599 })
  const form = oneOf(owner, "form", options.form ?? "seconds", forms)
  const error = { error: { message: `The test script returned ${status}`, type: "fault", code: String(status) } }
  const body = options.body ?? (status < 400 ? "" : error)
  const text = typeof body === "string" ? body : JSON.stringify(body)
  const given = Object.entries(options.headers ?? {})
  for (const [name, value] of given) {
    if (!headerName.test(name)) refuseOption(owner, "headers", name, "made of valid HTTP header names")
    if (!headerValue.test(value)) refuseOption(owner, `headers.${name}`, value, "a single line of Latin-1 text")
  }
  const headers = Object.fromEntries(given.map(([name, value]) => [name.toLowerCase(), value]))
  return {
    _tag: "Answer",
    status,
    headers: {
      ...(text !== "" && { "content-type": typeof body === "string" ? "text/plain" : "application/json" }),
      ...(options.shouldRetry !== undefined && { "x-should-retry": String(options.shouldRetry) }),
      ...headers
    },
    body: text,
    retryAfter:
      options.retryAfter === undefined ? undefined : { delay: duration(owner, "retryAfter", options.retryAfter), form }
  }
}

/**
 * A 200 whose content type is JSON and whose body is invalid JSON.
 *
 * @since 0.1.0
 * @category constants
 */
export const invalidJson: Answer = {
  _tag: "Answer",
  status: 200,
  headers: { "content-type": "application/json" },
  body: `{"id":"chatcmpl-1","choices":[`,
  retryAfter: undefined
}

/**
 * Makes a 200 with a header of the given size in bytes. The default of 128 KiB exceeds the limit of clients, which is 16 KiB
 * in Node.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Fault } from "effect-reliability/testing"
 *
 * assert.strictEqual(Fault.oversizedHeaders(100_000).headers["x-oversized"]?.length, 100_000)
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const oversizedHeaders = (bytes = 128 * 1024): Answer =>
  answer(200, {
    headers: {
      "x-oversized": "x".repeat(
        number("Fault.oversizedHeaders", "bytes", bytes, { integer: true, min: 1, max: 2 ** 24 })
      )
    }
  })

/**
 * Options of `stream`.
 *
 * @since 0.1.0
 * @category model
 */
export interface StreamOptions {
  /** Number of events besides `[DONE]`, up to 100 000. @default one per word of the last message, and a final one */
  readonly events?: number | undefined
  /** The wait before each event except the first. @default 0 */
  readonly every?: Duration.DurationInput | undefined
  /** If true, a comment precedes each event, as servers send to keep a connection open. @default false */
  readonly pings?: boolean | undefined
  /** Number of events that are sent before the ending. @default all */
  readonly after?: number | undefined
  /** The end of the stream. @default "done" */
  readonly ending?: Ending | undefined
  /** Data of the `error` event. @default an OpenAI-style error */
  readonly error?: object | undefined
}

const endings: ReadonlyArray<Ending> = ["done", "missing", "error", "silence", "close", "reset"]

/**
 * Makes a response of server-sent events with the given ending, even if the request did not ask for a stream. Without options,
 * the stream is complete and ends with `[DONE]`.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Fault } from "effect-reliability/testing"
 *
 * const silentFromTheStart = Fault.stream({ after: 0, ending: "silence" })
 * const breaksAfterTwo = Fault.stream({ events: 5, after: 2, ending: "reset" })
 * assert.deepStrictEqual([silentFromTheStart.after, breaksAfterTwo.after], [0, 2])
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const stream = (options: StreamOptions = {}): Events => {
  const owner = "Fault.stream"
  const count = { integer: true, max: 100_000 }
  const error = options.error ?? {
    error: { message: "The test script returned an error", type: "fault", code: "fault" }
  }
  return {
    _tag: "Events",
    events: options.events === undefined ? undefined : number(owner, "events", options.events, count),
    every: duration(owner, "every", options.every ?? 0),
    pings: options.pings ?? false,
    after: options.after === undefined ? Infinity : number(owner, "after", options.after, count),
    ending: oneOf(owner, "ending", options.ending ?? "done", endings),
    error: JSON.stringify(error)
  }
}

/**
 * Makes a reply of bytes that are not HTTP, followed by a closed connection.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Fault } from "effect-reliability/testing"
 *
 * assert.strictEqual(Fault.garbage("SSH-2.0-OpenSSH_9.6\r\n").bytes.slice(0, 3), "SSH")
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const garbage = (bytes = "\u0000\u0001 this is not HTTP \u0002\r\n\r\n"): Garbage => ({ _tag: "Garbage", bytes })

/**
 * A connection that is reset (RST) instead of a response.
 *
 * @since 0.1.0
 * @category constants
 */
export const reset: Hangup = { _tag: "Hangup", by: "reset" }

/**
 * A connection that is closed (FIN) instead of a response.
 *
 * @since 0.1.0
 * @category constants
 */
export const close: Hangup = { _tag: "Hangup", by: "close" }

// -------------------------------------------------------------------------------------------------
// Combinators of replies
// -------------------------------------------------------------------------------------------------

/**
 * Waits before the status line. With an infinite wait, no response is sent.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Fault } from "effect-reliability/testing"
 *
 * const slowFailure = Fault.stall("100 millis", Fault.answer(503))
 * assert.strictEqual(slowFailure.reply._tag, "Answer")
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const stall = (delay: Duration.DurationInput, reply: Reply = healthy): Stall => ({
  _tag: "Stall",
  delay: duration("Fault.stall", "delay", delay, { infinite: true }),
  reply
})

/**
 * No response; the connection stays open.
 *
 * @since 0.1.0
 * @category constants
 */
export const unanswered: Stall = { _tag: "Stall", delay: Duration.infinity, reply: healthy }

/**
 * Sends the body in small pieces, with a wait between them.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Fault } from "effect-reliability/testing"
 *
 * assert.strictEqual(Fault.drip({ every: "10 millis" }).bytes, 1)
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const drip = (
  options: {
    /** The wait before each piece except the first. */
    readonly every: Duration.DurationInput
    /** Size of a piece in bytes. @default 1 */
    readonly bytes?: number | undefined
  },
  reply: Reply = healthy
): Drip => ({
  _tag: "Drip",
  every: duration("Fault.drip", "every", options.every),
  bytes: number("Fault.drip", "bytes", options.bytes ?? 1, { integer: true, min: 1 }),
  reply
})

/**
 * Cuts the body short. With `"close"` the connection is closed in the middle of the body, with `"reset"` it is reset, and with
 * `"silence"` it stays open and nothing more is sent.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Fault } from "effect-reliability/testing"
 *
 * const truncated = Fault.cut({ by: "close" }) // content-length is larger than what is sent
 * const noTerminator = Fault.cut({ by: "close", framing: "chunked" })
 * const neverEnds = Fault.cut({ by: "silence", after: 10 })
 * assert.deepStrictEqual([truncated.framing, noTerminator.framing, neverEnds.after], ["length", "chunked", 10])
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const cut = (
  options: {
    readonly by: Cut["by"]
    /** Number of bytes of the body that are sent. @default half of the body */
    readonly after?: number | undefined
    /** Framing of the body: a `content-length` header or chunked encoding. @default "length" */
    readonly framing?: Cut["framing"] | undefined
  },
  reply: Reply = healthy
): Cut => ({
  _tag: "Cut",
  after: options.after === undefined ? undefined : number("Fault.cut", "after", options.after, { integer: true }),
  by: oneOf("Fault.cut", "by", options.by, ["close", "reset", "silence"]),
  framing: oneOf("Fault.cut", "framing", options.framing ?? "length", ["length", "chunked"]),
  reply
})

/**
 * Sends a `content-length` that differs from the length of the body by a number of bytes. The connection stays open.
 *
 * If the header is too large, the client waits for bytes that never arrive. If it is too small, the client reads the remaining
 * bytes as the start of the next response.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Fault } from "effect-reliability/testing"
 *
 * assert.strictEqual(Fault.mislabel(-5).by, -5)
 * assert.throws(() => Fault.mislabel(0), /by is 0; it must be other than 0/)
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const mislabel = (by: number, reply: Reply = healthy): Mislabel => {
  number("Fault.mislabel", "by", by, { integer: true, min: -(2 ** 31), max: 2 ** 31 })
  return { _tag: "Mislabel", by: by === 0 ? refuseOption("Fault.mislabel", "by", by, "other than 0") : by, reply }
}

/**
 * Sends the reply, waits, and then closes the connection (FIN) without a `connection: close` header. A client that keeps
 * connections alive notices the close when it next uses the connection, or shortly before.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Fault } from "effect-reliability/testing"
 *
 * assert.strictEqual(Fault.closeAfter("5 millis").reply._tag, "Healthy")
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const closeAfter = (delay: Duration.DurationInput, reply: Reply = healthy): CloseAfter => ({
  _tag: "CloseAfter",
  delay: duration("Fault.closeAfter", "delay", delay),
  reply
})

/**
 * Applies a fault to the second and later requests of each connection. `reused(reset)` simulates a kept-alive socket that the
 * server has already abandoned.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Fault } from "effect-reliability/testing"
 *
 * const stale = Fault.reused(Fault.reset)
 * assert.deepStrictEqual([stale.first, stale.reply], [Fault.healthy, Fault.reset])
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const reused = (reply: Reply, first: Reply = healthy): Reused => ({ _tag: "Reused", reply, first })

// -------------------------------------------------------------------------------------------------
// Limits
// -------------------------------------------------------------------------------------------------

/**
 * Admits a burst of requests, and then a number of requests each second. Other requests get a 429 whose server hint is the time
 * until the next token.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Fault } from "effect-reliability/testing"
 *
 * assert.strictEqual(Fault.rateLimit({ burst: 10, perSecond: 5, hint: "millis" }).admitted, Fault.healthy)
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const rateLimit = (options: {
  /** Number of tokens at the start, and the maximum; at least 1. */
  readonly burst: number
  /** Number of tokens that are added each second; at least 0. */
  readonly perSecond: number
  /** Form of the server hint in a 429. @default "seconds" */
  readonly hint?: HintForm | "none" | undefined
  /** The fault of requests that got a token. @default `healthy` */
  readonly admitted?: Fault | undefined
}): RateLimit => ({
  _tag: "RateLimit",
  burst: number("Fault.rateLimit", "burst", options.burst, { min: 1 }),
  perSecond: number("Fault.rateLimit", "perSecond", options.perSecond, {}),
  hint: oneOf("Fault.rateLimit", "hint", options.hint ?? "seconds", [...forms, "none"]),
  admitted: options.admitted ?? healthy
})

/**
 * Processes a number of requests at once, lets a number of requests wait, and rejects the others.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Fault } from "effect-reliability/testing"
 *
 * const busy = Fault.capacity({ concurrent: 2, queue: 8, admitted: Fault.stall("50 millis") })
 * assert.strictEqual(busy.rejection.status, 503)
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const capacity = (options: {
  /** Maximum number of requests that are processed at once; at least 1. */
  readonly concurrent: number
  /** Maximum number of requests that wait. @default 0 */
  readonly queue?: number | undefined
  /** The response to requests that find the queue full. @default `answer(503)` */
  readonly rejection?: Answer | undefined
  /** The fault of requests that are processed. Processing ends with the response. @default `healthy` */
  readonly admitted?: Fault | undefined
}): Capacity => ({
  _tag: "Capacity",
  concurrent: number("Fault.capacity", "concurrent", options.concurrent, { integer: true, min: 1 }),
  queue: number("Fault.capacity", "queue", options.queue ?? 0, { integer: true }),
  rejection: options.rejection ?? answer(503),
  admitted: options.admitted ?? healthy
})

// -------------------------------------------------------------------------------------------------
// Connections
// -------------------------------------------------------------------------------------------------

/**
 * A connection that works normally.
 *
 * @since 0.1.0
 * @category constants
 */
export const accept: Connection = { _tag: "Accept" }

/**
 * A connection that is reset as soon as it is established. To simulate a closed port, use `down` of `FaultServer`.
 *
 * @since 0.1.0
 * @category constants
 */
export const refuse: Connection = { _tag: "Refuse" }

/**
 * A connection that is established and then ignored: the server sends nothing and processes no request.
 *
 * @since 0.1.0
 * @category constants
 */
export const ignore: Connection = { _tag: "Ignore" }
