/**
 * One request on one connection, with one timer for all its limits.
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
import { type Head, BufferedResponse } from "../../internal/http/response.js"
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
import { StreamingResponse, Source } from "./streamingResponse.js"
import { Upload } from "./upload.js"

type Result = Effect.Effect<HttpClientResponse.HttpClientResponse, ApiError>

type Stage = "pool" | "connect" | "write" | "read" | "body"

const cancelled = (): Error => new Error("The request was aborted")

/** A request in progress, as a handler of undici. */
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
  /** The requests that the dispatcher is processing, this one included. */
  #others: Set<RequestHandler> | undefined
  #connection: Connection | undefined
  /** The controller of undici, once undici starts to write the request. */
  #controller: Dispatcher.DispatchController | undefined
  /** Number of bytes that were written to the connection before this request. */
  #written = 0
  /** Number of bytes that were read from the connection before this request. */
  #read = 0
  /** True if this handler enforces no more limits: the exchange has ended, or the reader of an event stream enforces them. */
  #settled = false
  /** True if this handler no longer uses the connection. */
  #over = false
  /** True if the whole response has arrived. */
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
    // the whole response has arrived, and only decoding is left
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
    const reused = this.#isReused() && !this.#hasResponse() ? true : undefined
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
    // `acquire` may already have started an attempt to connect, or failed
    else if (this.attempt === undefined && !this.#settled) this.#enter("pool", this.#limits.pool)
  }

  /** Sends the request with a dispatcher, which does not report when it connects, and cannot withdraw a queued request. */
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

  /** Returns the body as undici accepts it. */
  #dispatched(): string | Uint8Array | Readable | null {
    const body = this.#body
    if (body instanceof Upload) body.onEnd = () => this.#onHandedOver()
    // undici accepts any async iterable, but its types do not include them
    return body as Exclude<Sending["body"], Upload>
  }

  #upload(): Upload | undefined {
    return this.#body instanceof Upload ? this.#body : undefined
  }

  /** Returns true if bytes of the request may have been written. */
  #wrote(): boolean {
    return this.#controller !== undefined && (this.#connection?.socket.bytesWritten ?? Infinity) > this.#written
  }

  /** Returns true if bytes of a response have arrived. */
  #hasResponse(): boolean {
    return this.#status > 0 || (this.#connection?.socket.bytesRead ?? 0) > this.#read
  }

  #isReused(): boolean {
    return this.#connection !== undefined && this.#connection.requests > 0
  }

  #delivery(cause?: unknown): Delivery {
    const wrote = this.#wrote()
    // an unreadable response has arrived too; compared by name, since each copy of undici has its own classes
    const garbled = /^(?:HTTPParserError|HeadersOverflowError)$/.test(nameOf(cause) ?? "")
    if (this.#hasResponse() || (wrote && garbled)) return "Partial"
    return wrote ? "Unconfirmed" : "NotSent"
  }

  #about(): About {
    const { request, url } = this.#sending
    return { method: request.method, url: redactUrl(url.href), delivery: this.#delivery() }
  }

  // --- The end ------------------------------------------------------------------------------------

  /** Ends the exchange without a result, when the caller no longer waits for it. Returns the delivery of its request. */
  cancel(): Delivery {
    const delivery = this.#delivery()
    if (this.#over) return delivery
    this.#settle()
    this.#release()
    return delivery
  }

  #settle(): void {
    this.#settled = true
    this.#time.stop()
  }

  /** Detaches the handler: it ignores all later events of the connection. */
  #detach(): void {
    this.#over = true
    this.#others?.delete(this)
    this.#upload()?.stop()
    this.#decoder?.close()
  }

  #release(): void {
    this.#detach()
    // after a complete response, the connection may already carry another request
    if (this.#received) return
    if (this.#connection !== undefined) this.#connection.close()
    else if (this.#controller !== undefined) this.#controller.abort(cancelled())
    else this.#origin?.leave(this, { hung: this.#isHung() })
  }

  /** Returns true if the attempt to connect has used at least half of its limit, so that no other waiter should inherit it. */
  #isHung(): boolean {
    const since = this.attempt?.since
    return since !== undefined && this.#time.now() - since >= this.#limits.connect / 2
  }

  /** Resumes the caller, and drops the reference to it, so that an unread response can be garbage-collected. */
  #reply(result: Result): void {
    const resume = this.#resume
    this.#resume = () => undefined
    resume(result)
  }

  #fail(error: ApiError): void {
    if (this.#over) return
    this.#settle()
    this.#release()
    if (this.#source === undefined) this.#reply(Effect.fail(error))
    else this.#source.fail(error)
  }

  /** Returns true if the response is not a success and is not streamed, so that its status matters more than its body. */
  #isFailure(): boolean {
    return this.#status >= 300 && this.#source === undefined
  }

  /** Returns the response without reading the rest of its body. */
  #finishEarly(): void {
    const response = new BufferedResponse(this.#head(), bodyOf(this.#chunks))
    this.#settle()
    this.#release()
    this.#reply(Effect.succeed(response))
  }

  // --- Undici's handler ---------------------------------------------------------------------------

  onRequestStart(controller: Dispatcher.DispatchController): void {
    const connection = this.#connection
    // a dispatcher may start a request that was cancelled while it was queued
    if (this.#over) controller.abort(cancelled())
    // bytes that arrived since the connection was acquired would be parsed as the response
    else if (connection !== undefined && !connection.isQuiet) connection.close(gone())
    else {
      this.#controller = controller
      if (connection === undefined) this.#enter("write", this.#limits.write)
      // undici writes a body that is not streamed at once, right after this callback
      if (this.#upload() === undefined) queueMicrotask(() => this.#onHandedOver())
    }
  }

  /** Starts the read stage after undici has passed the whole request to the socket, and the socket has written it. */
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
    // the raw headers are those that the server sent; with a dispatcher, interceptors may have changed the parsed ones
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
      // fails here, because the reader of an open event stream reports every failure as a broken stream
      if (bounds !== undefined && decoder?.isKnown === false) {
        decoder.unknown()
        return
      }
      // the server could not send while the reader was not reading, so that the limit starts again
      const onRead = () => {
        this.#time.extend(read)
        if (decoder === undefined) resume()
        else decoder.resume()
      }
      const source = new Source(onRead, () => this.cancel())
      this.#source = source
      // the reader of an event stream enforces its limits
      if (bounds === undefined) this.#enter("body", read)
      else this.#settle()
      this.#reply(Effect.succeed(new StreamingResponse(this.#head(), source)))
      return
    }
    this.#enter("body", success ? read : bounds.draining)
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#over) return
    const acceptsMore = this.#decoder === undefined ? this.#onBytes(chunk) : this.#decoder.write(chunk)
    if (!acceptsMore) controller.pause()
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
    this.#detach()
    if (source === undefined) this.#reply(Effect.succeed(new BufferedResponse(this.#head(), bodyOf(this.#chunks))))
    else source.end()
  }

  onResponseError(_controller: Dispatcher.DispatchController, cause: unknown): void {
    this.#onError(cause)
  }

  #onError(cause: unknown): void {
    if (this.#over) return
    // the status of an error response matters more than its truncated body
    if (this.#isFailure()) {
      this.#finishEarly()
      return
    }
    const error = this.#classified(cause)
    const connection = this.#connection
    if (!this.#replace(error)) this.#fail(error)
    // connections that have been idle for as long are likely to be dead too, and each would cost an attempt
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

  /**
   * Repeats the request on a new connection, if a reused connection was lost before any byte of the request was written.
   * Returns false if the request cannot be repeated.
   */
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
    // `start` comes first, because an origin without waiters is removed when its last connection closes
    this.start(origin)
    connection.close()
    return true
  }

  #classified(cause: unknown): ApiError {
    const failure = this.#upload()?.failure
    if (failure !== undefined) {
      const detail = `the request body stream failed: ${nameOf(failure.cause) ?? typeof failure.cause}`
      return unsafeMake({ class: "Fatal", reason: "InvalidRequest" }, { ...this.#about(), detail }, failure.cause)
    }
    const { request, url } = this.#sending
    return fromException(cause, {
      delivery: this.#delivery(cause),
      reusedSocket: this.#isReused() && !this.#hasResponse(),
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
