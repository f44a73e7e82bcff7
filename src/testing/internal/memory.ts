/**
 * Connections, requests and responses in memory, whose time is that of the fiber's `Clock`.
 *
 * @since 0.1.0
 */
import * as Cookies from "@effect/platform/Cookies"
import * as Headers from "@effect/platform/Headers"
import * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import type * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import { constVoid } from "effect/Function"
import * as Mailbox from "effect/Mailbox"
import * as Stream from "effect/Stream"
import type { ApiError } from "../../ApiError.js"
import { unsafeMake } from "../../internal/apiError/unsafeMake.js"
import { fromException } from "../../internal/classify/fromException.js"
import { clearTimer, monotonic, setTimer } from "../../internal/clock.js"
import { check, isStreamed, methodOf, reduced, Unsendable } from "../../internal/http/request.js"
import { BaseResponse, concat } from "../../internal/http/response.js"
import { redactUrl } from "../../internal/redact.js"
import {
  accept,
  type Connection,
  type ConnectionScript,
  type Fault,
  healthy,
  type Request,
  type Script
} from "../Fault.js"
import type { Closed, RequestRecord } from "./faultServer/model.js"
import { type Admission, makeAdmissions } from "./gates.js"
import { scripted } from "./scripted.js"
import { read, type Sent } from "./sent.js"
import type { Step } from "./steps.js"

// -------------------------------------------------------------------------------------------------
// Connections
// -------------------------------------------------------------------------------------------------

type HttpRequest = HttpClientRequest.HttpClientRequest
type HttpResponse = HttpClientResponse.HttpClientResponse

/** The record of a request. The time of the connection's close is read from `line` on demand. */
interface Entry extends Omit<{ -readonly [K in keyof RequestRecord]: RequestRecord[K] }, "closed"> {
  readonly line: Line
}

/** A connection, which carries one request at a time. */
interface Line {
  readonly id: number
  readonly origin: string
  readonly treatment: Connection
  /** The server's fibers. They may run on after the client has the whole response. */
  readonly responding: Set<Fiber.RuntimeFiber<void>>
  /** The requests whose responses the server has not ended. */
  readonly pending: Set<Entry>
  requests: number
  /** The exchange that the client currently runs on this connection. */
  busy: Exchange | undefined
  closed: Closed | undefined
}

/** The error codes that undici and Node report when the server closes or resets a connection. */
const codes = { end: "UND_ERR_SOCKET", reset: "ECONNRESET" } as const

/** Maximum size of response headers in bytes. */
const maxHeaders = 65_536

/** Maximum number of bytes of a body that are recorded, as in `FaultServer`. */
const remembered = 2 ** 16

/** The state of a scripted client: its connections, its scripts and the records of its requests. */
export class World {
  readonly #open = new Set<Line>()
  /** Idle connections; the most recently used is last. */
  readonly #idle: Array<Line> = []
  readonly #admit = makeAdmissions()
  readonly entries: Array<Entry> = []
  faultFor: (request: Request) => Fault
  treatmentOf: (connection: number) => Connection
  connections = 0
  isDown = false

  constructor(script: Script, connections: ConnectionScript) {
    this.faultFor = scripted<Fault, Request>(script, healthy)
    this.treatmentOf = scripted<Connection, number>(connections, accept)
  }

  /** Returns a connection that is reserved for the exchange: an idle one, or a new one. */
  connect(origin: string, exchange: Exchange): Line {
    const index = this.#idle.findLastIndex((line) => line.origin === origin)
    const [line = this.#made(origin)] = index < 0 ? [] : this.#idle.splice(index, 1)
    line.busy = exchange
    return line
  }

  #made(origin: string): Line {
    const id = ++this.connections
    let treatment = accept
    try {
      treatment = this.treatmentOf(id)
    } catch {
      // if the script throws, the connection is accepted
    }
    const line: Line = {
      id,
      origin,
      treatment,
      responding: new Set(),
      pending: new Set(),
      requests: 0,
      busy: undefined,
      closed: undefined
    }
    this.#open.add(line)
    return line
  }

  /** Makes a connection idle after the client has received the whole response. */
  free(line: Line): void {
    line.busy = undefined
    if (line.closed === undefined) this.#idle.push(line)
  }

  close(line: Line, closed: Closed): void {
    if (line.closed !== undefined) return
    line.closed = closed
    this.#open.delete(line)
    const index = this.#idle.indexOf(line)
    if (index >= 0) this.#idle.splice(index, 1)
    for (const entry of line.pending) entry.ended = { at: closed.at, complete: false }
    for (const fiber of line.responding) fiber.unsafeInterruptAsFork(FiberId.none)
    if (closed.by === "server") line.busy?.broken(codes[closed.how])
  }

  /** Resets all connections, refuses new ones, and waits until the server's fibers for them have ended. */
  resetAll(at: number): Effect.Effect<void> {
    this.isDown = true
    const responding = [...this.#open].flatMap((line) => [...line.responding])
    for (const line of this.#open) this.close(line, { by: "server", how: "reset", at })
    return Effect.asVoid(Fiber.awaitAll(responding))
  }

  /** Returns the steps of the reply to a request, and the `Capacity` limits that the request waits for first. */
  admit(request: Request, entry: Entry, now: number): { readonly steps: Steps; readonly rooms: Admission["rooms"] } {
    return this.#admit(this.faultFor, request, entry, now)
  }
}

// -------------------------------------------------------------------------------------------------
// One request
// -------------------------------------------------------------------------------------------------

const encoder = /*#__PURE__*/ new TextEncoder()
const decoder = /*#__PURE__*/ new TextDecoder("utf-8", { ignoreBOM: true })

type Steps = ReadonlyArray<Step>
type Head = Extract<Step, { readonly _tag: "Head" }>
type Failure = { readonly cause: ApiError; readonly reason: "Transport" | "Encode" }

const failed = (request: HttpRequest, { cause, reason }: Failure) =>
  // such an error may be logged, so that it must not contain headers or the body of the request
  Effect.fail(new HttpClientError.RequestError({ request: reduced(request), reason, cause }))

/** A request on its connection, and its response. */
class Exchange {
  readonly request: HttpRequest
  readonly world: World
  readonly url: URL
  readonly clock: Clock.Clock
  readonly line: Line
  readonly head = Deferred.unsafeMake<HttpResponse, HttpClientError.HttpClientError>(FiberId.none)
  readonly body: Mailbox.Mailbox<Uint8Array, ApiError>
  #server: Fiber.RuntimeFiber<void> | undefined
  /** Bytes of the body that the client still expects; undefined until the headers are sent. */
  #left: number | undefined
  /** True if the response has no body by its method or status, even if the server writes one. */
  #bodiless = false
  /** True if the client has finished the exchange. */
  #over = false
  /** True if the connection carried a request before this one. */
  readonly #reused: boolean
  /** True if the client received bytes that make it close the connection. */
  #spoiled = false

  constructor(world: World, request: HttpRequest, { body, clock, url }: Pick<Exchange, "body" | "clock" | "url">) {
    this.request = request
    this.world = world
    this.url = url
    this.clock = clock
    this.body = body
    this.line = world.connect(url.origin, this)
    this.#reused = this.line.requests > 0
    if (this.line.treatment._tag === "Refuse") this.close("server", "reset")
  }

  now(): number {
    return this.clock.unsafeCurrentTimeMillis()
  }

  close(by: Closed["by"], how: Closed["how"]): void {
    this.world.close(this.line, { by, how, at: this.now() })
  }

  // --- The client's side

  /** Sends the request, and waits until it has arrived or has failed. */
  get sending(): Effect.Effect<void> {
    if (this.#over) return Effect.void
    let delivery: "NotSent" | "Unconfirmed" = "NotSent"
    const sent = Effect.matchCauseEffect(
      read(this.request, () => void (delivery = "Unconfirmed")),
      {
        onSuccess: (sent) => this.arrive(sent),
        onFailure: () => Effect.sync(() => this.failBody(delivery))
      }
    )
    // the end of the connection must be noticed even while the source of the body produces nothing
    return isStreamed(this.request.body) ? Effect.raceFirst(sent, Effect.exit(Deferred.await(this.head))) : sent
  }

  failBody(delivery: "NotSent" | "Unconfirmed"): void {
    const detail = "the request body could not be read"
    const url = redactUrl(this.url.href)
    const { method } = this.request
    const cause = unsafeMake({ class: "Fatal", reason: "InvalidRequest" }, { delivery, detail, method, url })
    this.fail({ cause, reason: "Encode" })
    this.close("client", "end")
  }

  /** Fails the exchange because its connection ended with this error code. */
  broken(code: string): void {
    // bytes that are not HTTP are part of a response too
    const responded = this.#left !== undefined || /^HPE|OVERFLOW/.test(code)
    const cause = fromException(Object.assign(new Error(code), { code }), {
      delivery: responded ? "Partial" : "Unconfirmed",
      reusedSocket: this.#reused,
      method: this.request.method,
      url: this.url.href
    })
    this.fail({ cause, reason: "Transport" })
  }

  fail(failure: Failure): void {
    if (this.#over) return
    this.#over = true
    this.line.busy = undefined
    Deferred.unsafeDone(this.head, failed(this.request, failure))
    this.body.unsafeDone(Exit.fail(failure.cause))
  }

  complete(): void {
    if (this.#over) return
    this.#over = true
    this.world.free(this.line)
    this.body.unsafeDone(Exit.void)
  }

  /** Closes the connection if the response is not complete, and waits until the server's fiber has ended. */
  readonly abort: Effect.Effect<void> = Effect.suspend(() => {
    if (this.#over) return Effect.void
    this.#over = true
    this.line.busy = undefined
    this.close("client", "end")
    return this.#server === undefined ? Effect.void : Effect.asVoid(Fiber.await(this.#server))
  })

  // --- The server's side

  arrive({ bytes, type }: Sent): Effect.Effect<void> {
    const { clock, line, request, url, world } = this
    return Effect.suspend(() => {
      if (line.closed !== undefined || line.treatment._tag === "Ignore") return Effect.void
      const seen: Request = {
        number: world.entries.length + 1,
        connection: line.id,
        onConnection: ++line.requests,
        at: this.now(),
        method: request.method,
        path: url.pathname + url.search,
        headers: { host: url.host, ...(type !== undefined && { "content-type": type }), ...request.headers },
        body: decoder.decode(bytes)
      }
      const entry: Entry = {
        ...seen,
        body: bytes.length > remembered ? decoder.decode(bytes.subarray(0, remembered)) : seen.body,
        bytes: bytes.length,
        fault: healthy,
        rejected: false,
        status: undefined,
        ended: undefined,
        line
      }
      const { rooms, steps } = world.admit(seen, entry, monotonic(clock))
      world.entries.push(entry)
      line.pending.add(entry)
      const work = rooms.reduceRight((work, room) => room(work), this.play(steps, entry))
      // The server runs independently of the client's fiber. Without yields, a request's place in a `Capacity` is free as soon
      // as the client has the whole response.
      const server = Effect.forkDaemon(Effect.interruptible(Effect.withMaxOpsBeforeYield(work, Infinity)))
      return Effect.map(server, (fiber) => {
        this.#server = fiber
        line.responding.add(fiber)
        fiber.addObserver(() => line.responding.delete(fiber))
      })
    }).pipe(Effect.uninterruptible)
  }

  /** Performs the steps in order. Steps without a `Wait` between them run synchronously. */
  play(steps: Steps, entry: Entry): Effect.Effect<void> {
    let next = 0
    return Effect.whileLoop({
      while: () => next < steps.length,
      body: () => {
        let step = steps[next++]
        for (; step !== undefined && step._tag !== "Wait"; step = steps[next++]) this.act(step, entry)
        if (this.#spoiled) this.close("client", "end")
        return step === undefined ? Effect.void : this.pause(step.delay)
      },
      step: constVoid
    })
  }

  pause(delay: Duration.Duration): Effect.Effect<void> {
    // `Effect.never` would keep the process running
    if (!Duration.isFinite(delay)) return Effect.async<never>(constVoid)
    if (!this.#over) return Effect.sleep(delay)
    return Effect.async<void>((resume) => {
      const timer = setTimer(this.clock, Duration.toMillis(delay), () => resume(Effect.void))
      // the client has the whole response, so that this wait must not keep the process running
      if (typeof timer === "object") timer.unref()
      return Effect.sync(() => clearTimer(timer))
    })
  }

  act(step: Exclude<Step, { readonly _tag: "Wait" }>, entry: Entry): void {
    switch (step._tag) {
      case "Head":
        entry.status = step.status
        this.respond(step)
        return
      case "Body":
        this.send(step.bytes)
        return
      case "Raw":
        this.#spoiled = true
        this.broken("HPE_INVALID_CONSTANT")
        return
      case "End":
        entry.ended = { at: this.now(), complete: true }
        this.line.pending.delete(entry)
        // after too large a content-length, the client waits for the rest
        if (this.#left === Infinity) this.complete()
        return
      case "Close":
        this.close("server", "end")
        return
      case "Reset":
        this.close("server", "reset")
    }
  }

  respond(head: Head): void {
    const size = Object.entries(head.headers).reduce((sum, [name, value]) => sum + name.length + value.length, 0)
    if (size > maxHeaders) {
      this.#spoiled = true
      this.broken("UND_ERR_HEADERS_OVERFLOW")
      return
    }
    this.#bodiless = this.request.method === "HEAD" || head.status === 204 || head.status === 304
    this.#left = this.#bodiless ? 0 : (head.length ?? Infinity)
    Deferred.unsafeDone(this.head, Effect.succeed(new PlayedResponse(head, this)))
    if (this.#left === 0) this.complete()
  }

  send(bytes: string | Uint8Array): void {
    if (this.#left === undefined || this.#bodiless) return
    const all = typeof bytes === "string" ? encoder.encode(bytes) : bytes
    const chunk = all.subarray(0, this.#left)
    // bytes beyond content-length make the client close the connection
    if (chunk.length < all.length) this.#spoiled = true
    if (chunk.length === 0) return
    this.#left -= chunk.length
    this.body.unsafeOffer(chunk)
    if (this.#left === 0) this.complete()
  }
}

/** A response whose body arrives while it is read. */
class PlayedResponse extends BaseResponse {
  readonly #exchange: Exchange
  #begun = false
  #bytes: Uint8Array | undefined

  constructor(head: Head, exchange: Exchange) {
    const headers = {
      ...head.headers,
      ...(head.length !== undefined && { "content-length": String(head.length) })
    }
    super({
      request: exchange.request,
      status: head.status,
      contentType: head.headers["content-type"],
      headers: () => Headers.fromInput(headers),
      cookies: () => Cookies.fromSetCookie(head.headers["set-cookie"] ?? []),
      remoteAddress: "127.0.0.1"
    })
    this.#exchange = exchange
  }

  override get stream(): Stream.Stream<Uint8Array, HttpClientError.ResponseError> {
    return Stream.suspend(() => {
      if (this.#bytes !== undefined) return Stream.make(this.#bytes)
      if (this.#begun) {
        return Stream.fail(this.failure(new Error("the response body has already been read, or is being read")))
      }
      this.#begun = true
      const { body, abort } = this.#exchange
      return Mailbox.toStream(body).pipe(
        Stream.mapError((cause) => this.failure(cause)),
        Stream.ensuring(abort)
      )
    })
  }

  override get bytes(): Effect.Effect<Uint8Array, HttpClientError.ResponseError> {
    return Effect.suspend(() =>
      this.#bytes === undefined
        ? Effect.map(Stream.runCollect(this.stream), (chunks) => (this.#bytes = concat([...chunks])))
        : Effect.succeed(this.#bytes)
    )
  }
  override get text(): Effect.Effect<string, HttpClientError.ResponseError> {
    return Effect.map(this.bytes, (bytes) => new TextDecoder().decode(bytes))
  }
}

/** Sends a request, and waits for the status and headers of the response. */
export const execute = (
  world: World,
  request: HttpRequest
): Effect.Effect<HttpResponse, HttpClientError.HttpClientError> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.zipWith(Effect.clock, Mailbox.make<Uint8Array, ApiError>(), (clock, body) => ({ body, clock })).pipe(
      Effect.flatMap(({ body, clock }) => {
        const url = check(request)
        const method = methodOf(request)
        if (url instanceof Unsendable) {
          const { detail } = url
          const cause = unsafeMake(
            { class: "Fatal", reason: "InvalidRequest" },
            { delivery: "NotSent", detail, method }
          )
          return failed(request, { cause, reason: "Encode" })
        }
        if (world.isDown) {
          const cause = fromException({ code: "ECONNREFUSED", syscall: "connect" }, { method, url: url.href })
          return failed(request, { cause, reason: "Transport" })
        }
        const exchange = new Exchange(world, request, { body, clock, url })
        return Effect.onInterrupt(
          restore(Effect.zipRight(exchange.sending, Deferred.await(exchange.head))),
          () => exchange.abort
        )
      })
    )
  )
