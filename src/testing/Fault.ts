/**
 * What can go wrong between a client and a model API, each case a plain value.
 *
 * A policy is only as good as the failures it was tried on, and the hard ones (half an answer, a socket that dies while it
 * is reused, a stream that falls silent) do not come on demand. Here they are data: printed in a report, put in a list,
 * wrapped in one another. `FaultServer` acts them out on real sockets.
 *
 * | what is to fail | fault |
 * | --- | --- |
 * | nothing | `healthy` |
 * | the status, the headers, the body | `answer`, `invalidJson`, `oversizedHeaders` |
 * | time | `stall`, `drip`, `unanswered` |
 * | the connection | `reset`, `close`, `reused`, `closeAfter` |
 * | the framing | `cut`, `mislabel`, `garbage` |
 * | an event stream | `stream` |
 * | the load | `rateLimit`, `capacity` |
 * | connections, before there is a request | `accept`, `refuse`, `ignore`: a `Connection`, not a `Fault` |
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import { duration, number, oneOf, refuse as refuseOption } from "../internal/options.js"

// -------------------------------------------------------------------------------------------------
// Model
// -------------------------------------------------------------------------------------------------

/**
 * A request as a script sees it.
 *
 * @since 0.1.0
 * @category model
 */
export interface Request {
  /** 1 for the first that arrived. */
  readonly number: number
  /** The connection it came on; 1 is the first that was opened. */
  readonly connection: number
  /** 1 for the first request of its connection. */
  readonly onConnection: number
  /** Wall time of its arrival, in milliseconds. */
  readonly at: number
  readonly method: string
  /** With its query. */
  readonly path: string
  /** By lower-case name; what was sent several times is joined by commas. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/**
 * An OpenAI-compatible answer that says what was asked.
 *
 * @since 0.1.0
 * @category model
 */
export interface Healthy {
  readonly _tag: "Healthy"
}

/**
 * The form in which an answer asks for a wait: `retry-after` in seconds or as a date, or `retry-after-ms`.
 *
 * @since 0.1.0
 * @category model
 */
export type HintForm = "seconds" | "date" | "millis"

/**
 * A given answer.
 *
 * @since 0.1.0
 * @category model
 */
export interface Answer {
  readonly _tag: "Answer"
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** What it asks for, counted from the arrival of the request. */
  readonly retryAfter: { readonly delay: Duration.Duration; readonly form: HintForm } | undefined
}

/**
 * How an event stream ends: with `[DONE]`, without it, by an `error` event, by silence, or by a closed or reset connection.
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
  /** Absent: as many as the echo of the request has words. */
  readonly events: number | undefined
  readonly every: Duration.Duration
  readonly pings: boolean
  readonly after: number
  readonly ending: Ending
  /** What an `error` event holds, as JSON. */
  readonly error: string
}

/**
 * Bytes that are no HTTP, and a closed connection.
 *
 * @since 0.1.0
 * @category model
 */
export interface Garbage {
  readonly _tag: "Garbage"
  readonly bytes: string
}

/**
 * No answer: the connection is closed (FIN) or reset (RST) instead.
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
 * A body in small pieces.
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
 * A body that breaks off.
 *
 * @since 0.1.0
 * @category model
 */
export interface Cut {
  readonly _tag: "Cut"
  /** Bytes of the body that are sent; absent for half of them. */
  readonly after: number | undefined
  readonly by: "close" | "reset" | "silence"
  readonly framing: "length" | "chunked"
  readonly reply: Reply
}

/**
 * A `content-length` that is not the body's.
 *
 * @since 0.1.0
 * @category model
 */
export interface Mislabel {
  readonly _tag: "Mislabel"
  readonly by: number
  readonly reply: Reply
}

/**
 * A connection that is closed after the answer, unannounced.
 *
 * @since 0.1.0
 * @category model
 */
export interface CloseAfter {
  readonly _tag: "CloseAfter"
  readonly delay: Duration.Duration
  readonly reply: Reply
}

/**
 * A fault of kept-alive connections.
 *
 * @since 0.1.0
 * @category model
 */
export interface Reused {
  readonly _tag: "Reused"
  readonly reply: Reply
  /** For the first request of each connection. */
  readonly first: Reply
}

/**
 * What one request gets, whatever happens to others.
 *
 * @since 0.1.0
 * @category model
 */
export type Reply = Healthy | Answer | Events | Garbage | Hangup | Stall | Drip | Cut | Mislabel | CloseAfter | Reused

/**
 * A token bucket: a request takes a token, or is turned away.
 *
 * @since 0.1.0
 * @category model
 */
export interface RateLimit {
  readonly _tag: "RateLimit"
  readonly burst: number
  readonly perSecond: number
  readonly hint: HintForm | "none"
  readonly admitted: Fault
}

/**
 * A server that works on few requests at a time.
 *
 * @since 0.1.0
 * @category model
 */
export interface Capacity {
  readonly _tag: "Capacity"
  readonly concurrent: number
  readonly queue: number
  readonly rejection: Answer
  readonly admitted: Fault
}

/**
 * What a request gets. The limits go outside, for they decide what the request gets: `rateLimit({ admitted: stall("1 second") })`.
 *
 * @since 0.1.0
 * @category model
 */
export type Fault = Reply | RateLimit | Capacity

/**
 * What happens to a connection before it brings a request.
 *
 * - `Accept`: nothing.
 * - `Refuse`: it is reset as soon as it is made.
 * - `Ignore`: nobody reads from it or writes to it; of TLS, not even the handshake is made.
 *
 * @since 0.1.0
 * @category model
 */
export interface Connection {
  readonly _tag: "Accept" | "Refuse" | "Ignore"
}

/**
 * Which request gets which fault: all the same; the first the first, and so on, and then `healthy`; or by what it asks.
 *
 * Limits count by the identity of their value. A function that makes a new one for each request makes a limit that never
 * turns anybody away.
 *
 * @since 0.1.0
 * @category model
 */
export type Script = Fault | ReadonlyArray<Fault> | ((request: Request) => Fault)

/**
 * Which connection gets which treatment: all the same; the first the first, and so on, and then `accept`; or by its number,
 * from 1 on.
 *
 * @since 0.1.0
 * @category model
 */
export type ConnectionScript = Connection | ReadonlyArray<Connection> | ((connection: number) => Connection)

// -------------------------------------------------------------------------------------------------
// Answers
// -------------------------------------------------------------------------------------------------

/**
 * An OpenAI-compatible answer to chats, completions, embeddings and models, plain or streamed, under `/v1` and
 * `/inference/v1`; to anything else, a JSON object that repeats the request.
 *
 * @since 0.1.0
 * @category constants
 */
export const healthy: Healthy = { _tag: "Healthy" }

/**
 * What `answer` takes.
 *
 * @since 0.1.0
 * @category model
 */
export interface AnswerOptions {
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Text as it is, anything else as JSON. @default an error of the OpenAI kind for a status from 400 on, or nothing */
  readonly body?: string | object | undefined
  /** How long it asks to wait; of a date, the next full second. @default not at all */
  readonly retryAfter?: Duration.DurationInput | undefined
  /** How it asks; seconds are rounded up. @default "seconds" */
  readonly form?: HintForm | undefined
  /** The `x-should-retry` header. @default none */
  readonly shouldRetry?: boolean | undefined
}

// RFC 9110 §5.1 and §5.5
const headerName = /^[\w!#$%&'*+.^`|~-]+$/
const headerValue = /^[\t\x20-\x7e\x80-\xff]*$/

const forms: ReadonlyArray<HintForm> = ["seconds", "date", "millis"]

/**
 * A given status, with whatever headers and body.
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
  const error = { error: { message: `The test asked for ${status}`, type: "fault", code: String(status) } }
  const body = options.body ?? (status < 400 ? "" : error)
  const text = typeof body === "string" ? body : JSON.stringify(body)
  const given = Object.entries(options.headers ?? {})
  for (const [name, value] of given) {
    if (!headerName.test(name)) refuseOption(owner, "headers", name, "made of names that HTTP allows")
    if (!headerValue.test(value)) refuseOption(owner, `headers.${name}`, value, "a line of Latin-1")
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
 * A 200 whose body says that it is JSON, and is not.
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
 * A 200 with a header longer than clients take, which is 16 KiB in Node.
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
 * What `stream` takes.
 *
 * @since 0.1.0
 * @category model
 */
export interface StreamOptions {
  /** How many events there are, besides `[DONE]`, up to 100 000. @default a word of the last message each, and a last one */
  readonly events?: number | undefined
  /** The wait before each event but the first. @default 0 */
  readonly every?: Duration.DurationInput | undefined
  /** Whether a comment precedes each event, as servers send to keep a connection open. @default false */
  readonly pings?: boolean | undefined
  /** How many events come before the ending. @default all */
  readonly after?: number | undefined
  /** @default "done" */
  readonly ending?: Ending | undefined
  /** What an `error` event holds. @default an error of the OpenAI kind */
  readonly error?: object | undefined
}

const endings: ReadonlyArray<Ending> = ["done", "missing", "error", "silence", "close", "reset"]

/**
 * Server-sent events that end as told, whether or not the request asked for a stream. Without options, a healthy stream.
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
  const error = options.error ?? { error: { message: "The test asked for an error", type: "fault", code: "fault" } }
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
 * Bytes that are no HTTP, and then a closed connection.
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
export const garbage = (bytes = "\u0000\u0001 this is no HTTP \u0002\r\n\r\n"): Garbage => ({ _tag: "Garbage", bytes })

/**
 * A connection that is reset (RST) instead of an answer.
 *
 * @since 0.1.0
 * @category constants
 */
export const reset: Hangup = { _tag: "Hangup", by: "reset" }

/**
 * A connection that is closed (FIN) instead of an answer.
 *
 * @since 0.1.0
 * @category constants
 */
export const close: Hangup = { _tag: "Hangup", by: "close" }

// -------------------------------------------------------------------------------------------------
// What befalls another answer
// -------------------------------------------------------------------------------------------------

/**
 * Waits before the status line. An infinite wait is no answer at all.
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
 * No answer; the connection stays open.
 *
 * @since 0.1.0
 * @category constants
 */
export const unanswered: Stall = { _tag: "Stall", delay: Duration.infinity, reply: healthy }

/**
 * Sends the body a byte, or a few, at a time.
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
    /** The wait before each piece but the first. */
    readonly every: Duration.DurationInput
    /** The size of a piece. @default 1 */
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
 * Breaks the body off: by `"close"` it is truncated, by `"reset"` the connection dies in the middle, by `"silence"` it
 * never ends.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Fault } from "effect-reliability/testing"
 *
 * const truncated = Fault.cut({ by: "close" }) // its content-length promises more than it sends
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
    /** Bytes of the body that are sent. @default half of them */
    readonly after?: number | undefined
    /** How the body's end could be known. @default "length" */
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
 * Sends a `content-length` that is so many bytes more, or fewer, than the body has. The connection stays open: with more,
 * the client waits for the rest; with fewer, the rest spoils its next answer.
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
 * Answers, and then closes the connection (FIN) without having said `connection: close`. A client that keeps connections
 * finds out when it next uses it, or shortly before.
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
 * Applies a fault from the second request of each connection on. `reused(reset)` is the kept-alive socket that the server
 * has already given up.
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
 * Lets a burst through and then so many requests each second; the others get a 429 that says when the next token is there.
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
  /** How many tokens there are at first, and at most; from 1 on. */
  readonly burst: number
  /** How many come back each second, from 0 on. */
  readonly perSecond: number
  /** How a 429 says when to come back. @default "seconds" */
  readonly hint?: HintForm | "none" | undefined
  /** What those get that have a token. @default `healthy` */
  readonly admitted?: Fault | undefined
}): RateLimit => ({
  _tag: "RateLimit",
  burst: number("Fault.rateLimit", "burst", options.burst, { min: 1 }),
  perSecond: number("Fault.rateLimit", "perSecond", options.perSecond, {}),
  hint: oneOf("Fault.rateLimit", "hint", options.hint ?? "seconds", [...forms, "none"]),
  admitted: options.admitted ?? healthy
})

/**
 * Works on a few requests at a time, lets a few wait, and turns the others away.
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
  /** How many are worked on at once, from 1 on. */
  readonly concurrent: number
  /** How many wait. @default 0 */
  readonly queue?: number | undefined
  /** What the others get. @default `answer(503)` */
  readonly rejection?: Answer | undefined
  /** What those get that are worked on; the work lasts as long as the answer. @default `healthy` */
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
 * A connection like any other.
 *
 * @since 0.1.0
 * @category constants
 */
export const accept: Connection = { _tag: "Accept" }

/**
 * A connection that is reset as soon as it is made. A port that nobody listens on is `FaultServer`'s `down`.
 *
 * @since 0.1.0
 * @category constants
 */
export const refuse: Connection = { _tag: "Refuse" }

/**
 * A connection that is made, and nobody reads from or writes to.
 *
 * @since 0.1.0
 * @category constants
 */
export const ignore: Connection = { _tag: "Ignore" }
