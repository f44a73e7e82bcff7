/**
 * One request on one connection, with all its limits on one timer.
 *
 * @since 0.1.0
 */
import * as Cookies from "@effect/platform/Cookies"
import * as Headers from "@effect/platform/Headers"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { Dispatcher } from "undici"
import { type ApiError, type Delivery, type Phase, unsafeMake } from "../../ApiError.js"
import * as Classify from "../../Classify.js"
import { type Body, type Head, ReadAnswer } from "../../internal/answer.js"
import { type Bounds, isEventStream } from "../../internal/exchange.js"
import { redactUrl } from "../../internal/redact.js"
import { clearTimer, monotonic, setTimer, type Timer } from "../../internal/time.js"
import { OpenAnswer, Source } from "./openAnswer.js"
import type { Attempt, Connection, Origin, Waiter } from "./pool.js"

/** How long each phase may take, in milliseconds, and the whole of it. */
export interface Limits {
  readonly pool: number
  readonly connect: number
  readonly write: number
  readonly read: number
  readonly whole: number
  /** What running out of the whole is called. */
  readonly as: "attempt" | "deadline"
}

/** What is sent. */
export interface Sending {
  readonly request: HttpClientRequest.HttpClientRequest
  readonly url: URL
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Exclude<Dispatcher.DispatchOptions["body"], undefined>
}

type Result = Effect.Effect<HttpClientResponse.HttpClientResponse, ApiError>

type Stage = "pool" | "connect" | "write" | "read" | "body"

const utf8 = (chunks: ReadonlyArray<Buffer>): string => {
  const text = (chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks)).toString("utf8")
  return text.codePointAt(0) === 0xfeff ? text.slice(1) : text
}

const bodyOf = (chunks: ReadonlyArray<Buffer>): Body => ({
  bytes: () => Buffer.concat(chunks),
  text: () => utf8(chunks)
})

/** The value of the first header of a name, in lower case. */
const headerOf = (raw: ReadonlyArray<Buffer>, name: string): string | undefined => {
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const key = raw[index]
    if (key?.length === name.length && key.toString("latin1").toLowerCase() === name) {
      return raw[index + 1]?.toString("latin1")
    }
  }
  return undefined
}

const headersOf = (raw: ReadonlyArray<Buffer>): Headers.Headers => {
  const headers: Record<string, string> = {}
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index]?.toString("latin1").toLowerCase() ?? ""
    const value = raw[index + 1]?.toString("latin1") ?? ""
    const before = Object.hasOwn(headers, name) ? headers[name] : undefined
    headers[name] = before === undefined ? value : `${before}, ${value}`
  }
  return Headers.unsafeFromRecord(headers)
}

const cookiesOf = (raw: ReadonlyArray<Buffer>): ReadonlyArray<string> =>
  raw.flatMap((name, index) =>
    index % 2 === 0 && name.toString("latin1").toLowerCase() === "set-cookie"
      ? [raw[index + 1]?.toString("latin1") ?? ""]
      : []
  )

/** Undici's handler of the kind that learns when a request has been written. */
export class Exchange implements Waiter {
  attempt: Attempt | undefined
  readonly #sending: Sending
  readonly #limits: Limits
  readonly #clock: Clock.Clock
  readonly #bounds: Bounds | undefined
  readonly #resume: (result: Result) => void

  #stage: Stage = "pool"
  /** The moment that the present stage ends at, and the whole. */
  #stageEndsAt = 0
  readonly #endsAt: number
  #timer: Timer | undefined
  #timerAt = Infinity

  #origin: Origin | undefined
  #connection: Connection | undefined
  #abort: ((error?: Error) => void) | undefined
  /** Bytes that the connection had written before. */
  #base = 0
  #settled = false
  #cancelled = false

  #status = 0
  #raw: ReadonlyArray<Buffer> = []
  #chunks: Array<Buffer> = []
  #size = 0
  #kept = 0
  #source: Source | undefined

  constructor(
    sending: Sending,
    limits: Limits,
    clock: Clock.Clock,
    bounds: Bounds | undefined,
    resume: (result: Result) => void
  ) {
    this.#sending = sending
    this.#limits = limits
    this.#clock = clock
    this.#bounds = bounds
    this.#resume = resume
    this.#endsAt = monotonic(clock) + limits.whole
  }

  // --- Time ---------------------------------------------------------------------------------------

  #now(): number {
    return monotonic(this.#clock)
  }

  /** Begins a stage that may take so long. The timer is left alone if it fires before; it then looks again. */
  #enter(stage: Stage, millis: number, now = this.#now()): void {
    this.#stage = stage
    this.#stageEndsAt = now + millis
    this.#arm(now)
  }

  #arm(now: number): void {
    const at = Math.min(this.#stageEndsAt, this.#endsAt)
    if (at >= this.#timerAt) return
    clearTimer(this.#timer)
    this.#timerAt = at
    this.#timer = setTimer(this.#clock, Math.max(1, Math.ceil(at - now)), () => this.#onTime())
  }

  #onTime(): void {
    this.#timer = undefined
    this.#timerAt = Infinity
    const now = this.#now()
    if (now >= this.#endsAt) this.#timeOut(this.#limits.as, this.#limits.whole)
    else if (now < this.#stageEndsAt) this.#arm(now)
    else this.#onStageEnd()
  }

  #onStageEnd(): void {
    const { read } = this.#limits
    switch (this.#stage) {
      case "pool":
      case "connect":
      case "write":
      case "read":
        this.#timeOut(this.#stage, this.#limits[this.#stage])
        return
      case "body":
        if (this.#status >= 300) this.#finishEarly()
        else if (this.#source === undefined || this.#source.isAwaited) this.#timeOut("read", read)
        else this.#enter("body", read)
    }
  }

  #timeOut(phase: Phase, limit: number): void {
    const reused = this.#isReused() ? true : undefined
    const { request, url } = this.#sending
    const detail = `the limit is ${Duration.format(Duration.millis(Math.round(limit)))}`
    const described = { method: request.method, url: redactUrl(url.href) }
    this.#fail(
      unsafeMake(
        { class: "Transient", reason: "Timeout" },
        { delivery: this.#delivery(), phase, detail, reusedSocket: reused, ...described }
      )
    )
  }

  // --- Connection ---------------------------------------------------------------------------------

  start(origin: Origin): void {
    this.#origin = origin
    const connection = origin.acquire(this)
    if (connection !== undefined) this.onConnection(connection)
    // an attempt to connect may have begun at once
    else if (this.attempt === undefined && !this.#settled) this.#enter("pool", this.#limits.pool)
  }

  /** Leaves it to a dispatcher, which tells neither waiting from connecting nor when it has written. */
  startOn(dispatcher: Dispatcher): void {
    const { body, headers, path, request, url } = this.#sending
    this.#enter("pool", this.#limits.pool + this.#limits.connect)
    dispatcher.dispatch(
      {
        origin: url.origin,
        method: request.method,
        path,
        headers,
        body,
        headersTimeout: 0,
        bodyTimeout: 0
      },
      this
    )
  }

  onConnecting(): void {
    this.#enter("connect", this.#limits.connect)
  }

  onFailure(error: ApiError): void {
    this.#fail(error)
  }

  onConnection(connection: Connection): void {
    const { body, headers, path, request } = this.#sending
    this.#connection = connection
    this.#base = connection.socket.bytesWritten
    this.#enter("write", this.#limits.write)
    connection.client.dispatch({ method: request.method, path, headers, body, blocking: false }, this)
  }

  /** Whether bytes of the request may have left. */
  #wrote(): boolean {
    return this.#abort !== undefined && (this.#connection?.socket.bytesWritten ?? Infinity) > this.#base
  }

  #isReused(): boolean {
    return this.#connection !== undefined && this.#connection.requests > 0
  }

  #delivery(): Delivery {
    if (this.#status > 0) return "Partial"
    return this.#wrote() ? "Unconfirmed" : "NotSent"
  }

  // --- The end ------------------------------------------------------------------------------------

  /** Nobody waits for it any more. */
  cancel(): void {
    if (this.#settled && this.#source === undefined) return
    this.#cancelled = true
    this.#settle()
    this.#letGo(false)
  }

  #settle(): void {
    this.#settled = true
    clearTimer(this.#timer)
    this.#timer = undefined
    this.#timerAt = Infinity
  }

  #letGo(hung: boolean): void {
    if (this.#connection !== undefined) this.#connection.close()
    else if (this.#abort !== undefined) this.#abort()
    else this.#origin?.leave(this, { hung })
  }

  #fail(error: ApiError): void {
    const hung = this.#stage === "connect"
    if (this.#source !== undefined) {
      const source = this.#source
      this.#settle()
      this.#letGo(hung)
      source.fail(error)
      return
    }
    if (this.#settled) return
    this.#settle()
    this.#letGo(hung)
    this.#resume(Effect.fail(error))
  }

  #succeed(answer: HttpClientResponse.HttpClientResponse): void {
    this.#settle()
    this.#resume(Effect.succeed(answer))
  }

  // --- Undici's handler ---------------------------------------------------------------------------

  onConnect(abort: (error?: Error) => void): void {
    this.#abort = abort
    // a dispatcher's queue gives nothing back
    if (this.#settled) abort()
    else if (this.#connection === undefined) this.#enter("write", this.#limits.write)
  }

  onRequestSent(): void {
    if (this.#stage !== "write" || this.#settled) return
    const socket = this.#connection?.socket
    if (socket?.writableNeedDrain === true) {
      socket.once("drain", () => {
        if (this.#stage === "write" && !this.#settled) this.#enter("read", this.#limits.read)
      })
    } else this.#enter("read", this.#limits.read)
  }

  onHeaders(status: number, raw: Array<Buffer>, resume: () => void): boolean {
    if (status < 200) return true
    this.#status = status
    this.#raw = raw
    const success = status < 300
    const bounds = this.#bounds
    if (bounds === undefined || (success && isEventStream(headerOf(raw, "content-type")))) {
      const source = new Source(resume, () => this.cancel())
      this.#source = source
      // who reads an event stream keeps its time
      if (bounds === undefined) this.#enter("body", this.#limits.read)
      else this.#settle()
      this.#resume(Effect.succeed(new OpenAnswer(this.#head(), source)))
      return true
    }
    this.#enter("body", success ? this.#limits.read : bounds.draining)
    return true
  }

  onData(chunk: Buffer): boolean {
    this.#size += chunk.length
    if (this.#source !== undefined) {
      if (!this.#settled) this.#stageEndsAt = this.#now() + this.#limits.read
      return this.#source.push(chunk)
    }
    const bounds = this.#bounds
    if (bounds === undefined || this.#settled) return true
    if (this.#status < 300) {
      if (this.#size > bounds.body) {
        this.#fail(
          unsafeMake(
            { class: "Fatal", reason: "AnswerTooLarge" },
            { delivery: "Partial", status: this.#status, detail: `the limit is ${bounds.body} bytes` }
          )
        )
        return false
      }
      this.#chunks.push(chunk)
      if (this.#limits.read < this.#limits.whole) this.#stageEndsAt = this.#now() + this.#limits.read
      return true
    }
    if (this.#kept < bounds.kept) {
      const part = chunk.subarray(0, bounds.kept - this.#kept)
      this.#kept += part.length
      this.#chunks.push(part)
    }
    if (this.#size > bounds.drained) {
      this.#finishEarly()
      return false
    }
    return true
  }

  onComplete(): void {
    const connection = this.#connection
    // undici is not done with the connection yet
    if (connection !== undefined) queueMicrotask(() => connection.free())
    if (this.#source !== undefined) {
      this.#settle()
      this.#source.end()
    } else if (!this.#settled) this.#succeed(new ReadAnswer(this.#head(), bodyOf(this.#chunks)))
  }

  onError(cause: Error): void {
    if (this.#cancelled || (this.#settled && this.#source === undefined)) return
    const connection = this.#connection
    const wrote = this.#wrote()
    if (connection !== undefined && !wrote && this.#isReused() && this.#origin !== undefined) {
      // the server had closed it, and nothing was sent: another one will do
      connection.close()
      this.#connection = undefined
      this.#abort = undefined
      this.#stage = "pool"
      this.start(this.#origin)
      return
    }
    // a failure's status tells more than that its body broke off
    if (this.#status >= 300 && this.#bounds !== undefined) this.#finishEarly()
    else this.#fail(this.#classified(cause))
  }

  /** An answer whose rest is not read. */
  #finishEarly(): void {
    if (this.#settled) return
    const answer = new ReadAnswer(this.#head(), bodyOf(this.#chunks))
    this.#succeed(answer)
    this.#letGo(false)
  }

  #classified(cause: unknown): ApiError {
    const { request, url } = this.#sending
    return Classify.exception(cause, {
      delivery: this.#delivery(),
      reusedSocket: this.#isReused(),
      method: request.method,
      url: url.href
    })
  }

  #head(): Head {
    const raw = this.#raw
    return {
      request: this.#sending.request,
      status: this.#status,
      contentType: headerOf(raw, "content-type"),
      headers: () => headersOf(raw),
      cookies: () => Cookies.fromSetCookie(cookiesOf(raw)),
      remoteAddress: this.#connection?.socket.remoteAddress
    }
  }
}
