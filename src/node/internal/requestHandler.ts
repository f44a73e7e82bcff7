/**
 * One request on one connection, with all its limits on one timer.
 *
 * @since 0.1.0
 */
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { IncomingHttpHeaders } from "node:http"
import type { Readable } from "node:stream"
import type { Dispatcher } from "undici"
import type { ApiError, Delivery, Kind, Phase } from "../../ApiError.js"
import { unsafeMake } from "../../internal/apiError/unsafeMake.js"
import { fromException } from "../../internal/classify/fromException.js"
import { codeOf, nameOf } from "../../internal/errors.js"
import { type Head, ReadAnswer } from "../../internal/http/response.js"
import { type Bounds, isEventStream } from "../../internal/http/transportHook.js"
import { redactUrl } from "../../internal/redact.js"
import { bodyOf } from "./chunks.js"
import type { About, Failure } from "./connect.js"
import { type ContentDecoder, decoderOf } from "./contentDecoder.js"
import { senderOf } from "./forwardProxy.js"
import type { Dispatching, Handler, Limits, Sending } from "./model.js"
import { type Attempt, type Connection, gone, type Origin, type Waiter } from "./pool.js"
import { cookiesOf, headerOf, headersOf, type RawHeaders, rawOf } from "./rawHeaders.js"
import { StageTimer } from "./stageTimer.js"
import { OpenAnswer, Source } from "./streamingResponse.js"
import { Upload } from "./upload.js"

type Result = Effect.Effect<HttpClientResponse.HttpClientResponse, ApiError>

type Stage = "pool" | "connect" | "write" | "read" | "body"

const ignore = (): void => undefined

const aborted = (): Error => new Error("The request was aborted")

/** A request on its way, as undici's handler. */
export class RequestHandler implements Waiter, Handler {
  attempt: Attempt | undefined
  isFresh = false
  readonly #sending: Sending
  #body: Sending["body"]
  readonly #limits: Limits
  readonly #bounds: Bounds | undefined
  #resume: (result: Result) => void

  #stage: Stage = "pool"
  readonly #time: StageTimer

  #origin: Origin | undefined
  /** All that a dispatcher is busy with. */
  #others: Set<RequestHandler> | undefined
  #connection: Connection | undefined
  /** Undici's, once the request is being written. */
  #controller: Dispatcher.DispatchController | undefined
  /** Bytes that the connection had written and read before. */
  #written = 0
  #read = 0
  /** Whether somebody else keeps the time, or there is none left to keep. */
  #settled = false
  /** Whether the connection is no longer its own. */
  #over = false
  /** Whether all of the answer has arrived. */
  #received = false

  #status = 0
  #raw: RawHeaders = []
  #address: string | undefined
  #decoder: ContentDecoder | undefined
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
    this.#body = sending.body
    this.#limits = limits
    this.#bounds = bounds
    this.#resume = resume
    this.#time = new StageTimer(clock, limits.whole, (of) => this.#onLimit(of))
  }

  // --- Time ---------------------------------------------------------------------------------------

  #enter(stage: Stage, millis: number, now?: number): void {
    this.#stage = stage
    this.#time.enter(millis, now)
  }

  #onLimit(of: "stage" | "whole"): void {
    // all has arrived, and is only being decoded
    if (this.#received && this.#source === undefined) return
    if (of === "whole") this.#onEnd()
    else this.#onStageEnd()
  }

  #onEnd(): void {
    if (this.#isFailure()) this.#finishEarly()
    else this.#timeOut(this.#limits.as, this.#limits.whole)
  }

  #onStageEnd(): void {
    const { connect, pool, read } = this.#limits
    switch (this.#stage) {
      case "pool":
        this.#timeOut("pool", this.#origin === undefined ? pool + connect : pool)
        return
      case "connect":
      case "write":
      case "read":
        this.#timeOut(this.#stage, this.#limits[this.#stage])
        return
      case "body":
        if (this.#isFailure()) this.#finishEarly()
        else if (this.#source === undefined || this.#source.isAwaited) this.#timeOut("read", read)
        else this.#enter("body", read)
    }
  }

  #timeOut(phase: Phase, limit: number): void {
    const reused = this.#isReused() && !this.#isAnswered() ? true : undefined
    const detail = `the limit is ${Duration.format(Duration.millis(Math.round(limit)))}`
    this.#fail(
      unsafeMake({ class: "Transient", reason: "Timeout" }, { ...this.#about(), phase, detail, reusedSocket: reused })
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

  /** Leaves it to a dispatcher, which tells waiting from connecting as little as it gives back what waits. */
  startOn(dispatcher: Dispatching, others: Set<RequestHandler>): void {
    const { headers, path, request, url } = this.#sending
    this.#others = others
    others.add(this)
    this.#enter("pool", this.#limits.pool + this.#limits.connect)
    const { origin } = url
    const { method } = request
    try {
      dispatcher.dispatch(
        { origin, method, path, headers, body: this.#dispatched(), headersTimeout: 0, bodyTimeout: 0 },
        this
      )
    } catch (cause) {
      this.#onError(cause)
    }
  }

  onConnecting(): void {
    const now = this.#time.now()
    if (this.attempt !== undefined) this.attempt.since ??= now
    this.#enter("connect", this.#limits.connect, now)
  }

  onFailure(failure: Failure): void {
    this.#fail(failure(this.#about()))
  }

  onConnection(connection: Connection): void {
    const { headers, path, request } = this.#sending
    this.#connection = connection
    this.#written = connection.socket.bytesWritten
    this.#read = connection.socket.bytesRead
    this.#enter("write", this.#limits.write)
    connection.client.dispatch(
      { method: request.method, path, headers, body: this.#dispatched(), blocking: false },
      this
    )
  }

  /** The body as undici takes it. */
  #dispatched(): string | Uint8Array | Readable | null {
    const body = this.#body
    if (body instanceof Upload) body.onEnd = () => this.#onHandedOver()
    // undici takes every async iterable, and its types do not know
    return body as Exclude<Sending["body"], Upload>
  }

  #upload(): Upload | undefined {
    return this.#body instanceof Upload ? this.#body : undefined
  }

  /** Whether bytes of the request may have left. */
  #wrote(): boolean {
    return this.#controller !== undefined && (this.#connection?.socket.bytesWritten ?? Infinity) > this.#written
  }

  /** Whether bytes of a response have arrived. */
  #isAnswered(): boolean {
    return this.#status > 0 || (this.#connection?.socket.bytesRead ?? 0) > this.#read
  }

  #isReused(): boolean {
    return this.#connection !== undefined && this.#connection.requests > 0
  }

  #delivery(cause?: unknown): Delivery {
    const wrote = this.#wrote()
    // what cannot be read has arrived; each copy of undici has classes of its own
    const garbled = /^(?:HTTPParserError|HeadersOverflowError)$/.test(nameOf(cause) ?? "")
    if (this.#isAnswered() || (wrote && garbled)) return "Partial"
    return wrote ? "Unconfirmed" : "NotSent"
  }

  #about(): About {
    const { request, url } = this.#sending
    return { method: request.method, url: redactUrl(url.href), delivery: this.#delivery() }
  }

  // --- The end ------------------------------------------------------------------------------------

  /** Nobody waits for it any more. */
  cancel(): void {
    if (this.#over) return
    this.#settle()
    this.#letGo()
  }

  #settle(): void {
    this.#settled = true
    this.#time.stop()
  }

  /** Nothing that happens to the connection from now on is of its concern. */
  #leave(): void {
    this.#over = true
    this.#others?.delete(this)
    this.#upload()?.stop()
    this.#decoder?.close()
  }

  #letGo(): void {
    this.#leave()
    // it may serve somebody else already
    if (this.#received) return
    if (this.#connection !== undefined) this.#connection.close()
    else if (this.#controller !== undefined) this.#controller.abort(aborted())
    else this.#origin?.leave(this, { hung: this.#isHung() })
  }

  /** Whether the connection that is being made is hardly worth waiting for. */
  #isHung(): boolean {
    const since = this.attempt?.since
    return since !== undefined && this.#time.now() - since >= this.#limits.connect / 2
  }

  /** Answers the one who waits, and holds him no longer: an answer that nobody reads could not be collected. */
  #reply(result: Result): void {
    const resume = this.#resume
    this.#resume = ignore
    resume(result)
  }

  #fail(error: ApiError): void {
    if (this.#over) return
    this.#settle()
    this.#letGo()
    if (this.#source === undefined) this.#reply(Effect.fail(error))
    else this.#source.fail(error)
  }

  /** Whether it reads an answer of which only the status matters. */
  #isFailure(): boolean {
    return this.#status >= 300 && this.#source === undefined
  }

  /** An answer whose rest is not read. */
  #finishEarly(): void {
    const answer = new ReadAnswer(this.#head(), bodyOf(this.#chunks))
    this.#settle()
    this.#letGo()
    this.#reply(Effect.succeed(answer))
  }

  // --- Undici's handler ---------------------------------------------------------------------------

  onRequestStart(controller: Dispatcher.DispatchController): void {
    const connection = this.#connection
    // a dispatcher's queue gives nothing back
    if (this.#over) controller.abort(aborted())
    // what arrived since the connection was taken would pass for the response
    else if (connection !== undefined && !connection.isQuiet) connection.close(gone())
    else {
      this.#controller = controller
      if (connection === undefined) this.#enter("write", this.#limits.write)
      // undici writes a body that it has as a whole at once
      if (this.#upload() === undefined) queueMicrotask(() => this.#onHandedOver())
    }
  }

  /** The socket has taken the whole request, and begins to read the response once it has written it. */
  #onHandedOver(): void {
    const isWriting = () => this.#stage === "write" && !this.#settled
    if (!isWriting()) return
    const socket = this.#connection?.socket
    if (socket?.writableNeedDrain === true) {
      socket.once("drain", () => {
        if (isWriting()) this.#enter("read", this.#limits.read)
      })
    } else this.#enter("read", this.#limits.read)
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    if (this.#over) return
    this.#status = status
    if (status < 200) return
    const resume = () => controller.resume()
    // of a connection of its own they come as they were sent; interceptors change only the others
    this.#raw = this.#connection === undefined ? rawOf(headers) : (controller.rawHeaders as RawHeaders)
    this.#address = this.#connection?.socket.remoteAddress
    const decoder = decoderOf(this.#sending.request.method, status, this.#raw, {
      onBytes: (bytes) => this.#onBytes(bytes),
      onDrain: () => {
        if (!this.#received && !this.#over) resume()
      },
      onEnd: () => this.#finish(),
      onBroken: (kind, detail, cause) => this.#onBroken(kind, detail, cause)
    })
    this.#decoder = decoder
    this.#raw = decoder?.headers ?? this.#raw
    const success = status < 300
    const bounds = this.#bounds
    const { read } = this.#limits
    if (bounds === undefined || (success && isEventStream(headerOf(this.#raw, "content-type")))) {
      // whatever becomes of the stream once it is open, its reader takes for broken
      if (bounds !== undefined && decoder?.isKnown === false) {
        decoder.unknown()
        return
      }
      // while nobody read, the server had to wait
      const goOn = () => {
        this.#time.extend(read)
        if (decoder === undefined) resume()
        else decoder.resume()
      }
      const source = new Source(goOn, () => this.cancel())
      this.#source = source
      // who reads an event stream keeps its time
      if (bounds === undefined) this.#enter("body", read)
      else this.#settle()
      this.#reply(Effect.succeed(new OpenAnswer(this.#head(), source)))
      return
    }
    this.#enter("body", success ? read : bounds.draining)
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#over) return
    const goesOn = this.#decoder === undefined ? this.#onBytes(chunk) : this.#decoder.write(chunk)
    if (!goesOn) controller.pause()
  }

  #onBytes(chunk: Buffer): boolean {
    this.#size += chunk.length
    if (this.#over) return true
    if (this.#source !== undefined) {
      if (!this.#settled) this.#time.extend(this.#limits.read)
      return this.#source.push(chunk)
    }
    const bounds = this.#bounds
    if (bounds === undefined) return true
    if (this.#status < 300) {
      if (this.#size > bounds.body) {
        const detail = `the limit is ${bounds.body} bytes`
        this.#fail(
          unsafeMake({ class: "Fatal", reason: "AnswerTooLarge" }, { ...this.#about(), status: this.#status, detail })
        )
        return false
      }
      this.#chunks.push(chunk)
      if (this.#limits.read < this.#limits.whole) this.#time.extend(this.#limits.read)
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

  onResponseEnd(): void {
    if (this.#over) return
    const connection = this.#connection
    this.#received = true
    this.#upload()?.stop()
    connection?.free()
    if (this.#decoder === undefined) this.#finish()
    else this.#decoder.end()
  }

  #finish(): void {
    if (this.#over) return
    const source = this.#source
    this.#settle()
    this.#leave()
    if (source === undefined) this.#reply(Effect.succeed(new ReadAnswer(this.#head(), bodyOf(this.#chunks))))
    else source.end()
  }

  onResponseError(_controller: Dispatcher.DispatchController, cause: unknown): void {
    this.#onError(cause)
  }

  #onError(cause: unknown): void {
    if (this.#over) return
    // a failure's status tells more than that its body broke off
    if (this.#isFailure()) {
      this.#finishEarly()
      return
    }
    const error = this.#classified(cause)
    const connection = this.#connection
    if (!this.#replace(error)) this.#fail(error)
    // those that have been idle for as long are as likely to be dead, and each would cost an attempt
    if (error.reusedSocket === true && error.reason === "ConnectionLost") connection?.origin.distrust(connection)
  }

  #onBroken(kind: Kind, detail: string, cause: unknown): void {
    if (this.#over) return
    if (this.#isFailure()) this.#finishEarly()
    else {
      const code = codeOf(cause)
      this.#fail(unsafeMake(kind, { ...this.#about(), status: this.#status, code, detail }, cause))
    }
  }

  /** Takes another connection, if the server has closed this one before it was used again. */
  #replace({ reason }: ApiError): boolean {
    const connection = this.#connection
    const origin = this.#origin
    const upload = this.#upload()
    const body = upload === undefined ? this.#body : upload.again()
    const unsent = reason === "ConnectionLost" && this.#isReused() && !this.#wrote() && body !== undefined
    if (!unsent || connection === undefined || origin === undefined) return false
    this.#body = body
    this.#connection = undefined
    this.#controller = undefined
    this.#stage = "pool"
    this.isFresh = true
    // first this: an origin that nobody waits for is forgotten with its last connection
    this.start(origin)
    connection.close()
    return true
  }

  #classified(cause: unknown): ApiError {
    const failure = this.#upload()?.failure
    if (failure !== undefined) {
      const detail = `the stream that was to be sent failed: ${nameOf(failure.cause) ?? typeof failure.cause}`
      return unsafeMake({ class: "Fatal", reason: "InvalidRequest" }, { ...this.#about(), detail }, failure.cause)
    }
    const { request, url } = this.#sending
    return fromException(cause, {
      delivery: this.#delivery(cause),
      reusedSocket: this.#isReused() && !this.#isAnswered(),
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
      cookies: () => cookiesOf(raw),
      remoteAddress: this.#address,
      sender: this.#origin && senderOf(this.#origin.route, this.#status, (name) => headerOf(raw, name))
    }
  }
}
