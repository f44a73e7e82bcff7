/**
 * Connections, requests and answers in memory, in the time of the fiber's clock.
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
import { Answer, concat } from "../../internal/http/response.js"
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

/** What is known of a request; when its connection closed is looked up. */
interface Entry extends Omit<{ -readonly [K in keyof RequestRecord]: RequestRecord[K] }, "closed"> {
  readonly line: Line
}

/** A connection, which serves one request after another. */
interface Line {
  readonly id: number
  readonly origin: string
  readonly treatment: Connection
  /** The server's fibers; they go on when the client has what it wants. */
  readonly answering: Set<Fiber.RuntimeFiber<void>>
  /** Those whose answers are not over, as the server sees it. */
  readonly unanswered: Set<Entry>
  requests: number
  /** What the client uses it for. */
  busy: Exchange | undefined
  closed: Closed | undefined
}

/** What connections of Node say when the other side closes them, or resets them. */
const codes = { end: "UND_ERR_SOCKET", reset: "ECONNRESET" } as const

/** What an HTTP client takes of headers, in bytes. */
const maxHeaders = 65_536

/** The bytes of a body that are remembered, as `FaultServer` does. */
const remembered = 2 ** 16

/** All connections of a client, and what it is answered. */
export class World {
  readonly #open = new Set<Line>()
  /** Connections that are free, the one used last at the end. */
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

  /** A connection for this exchange alone. */
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
      // a script that fails leaves the connection alone
    }
    const line: Line = {
      id,
      origin,
      treatment,
      answering: new Set(),
      unanswered: new Set(),
      requests: 0,
      busy: undefined,
      closed: undefined
    }
    this.#open.add(line)
    return line
  }

  /** The client has what it wants, and keeps the connection for the next request. */
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
    for (const entry of line.unanswered) entry.ended = { at: closed.at, complete: false }
    for (const fiber of line.answering) fiber.unsafeInterruptAsFork(FiberId.none)
    if (closed.by === "server") line.busy?.broken(codes[closed.how])
  }

  /** Resets all connections; ends when the server does nothing more for them. */
  fall(at: number): Effect.Effect<void> {
    this.isDown = true
    const answering = [...this.#open].flatMap((line) => [...line.answering])
    for (const line of this.#open) this.close(line, { by: "server", how: "reset", at })
    return Effect.asVoid(Fiber.awaitAll(answering))
  }

  /** What is done for a request, and the rooms that it has to pass first. */
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
  // logs show what such an error holds
  Effect.fail(new HttpClientError.RequestError({ request: reduced(request), reason, cause }))

/** A request on its connection, and its answer. */
class Exchange {
  readonly request: HttpRequest
  readonly world: World
  readonly url: URL
  readonly clock: Clock.Clock
  readonly line: Line
  readonly head = Deferred.unsafeMake<HttpResponse, HttpClientError.HttpClientError>(FiberId.none)
  readonly body: Mailbox.Mailbox<Uint8Array, ApiError>
  #server: Fiber.RuntimeFiber<void> | undefined
  /** Bytes of the answer's body that the client waits for; undefined until its headers were sent. */
  #left: number | undefined
  /** Whether an answer such as this has no body, whatever the server writes. */
  #bodiless = false
  /** Whether the client is done with it. */
  #over = false
  /** Whether the connection was used before. */
  readonly #reused: boolean
  /** Whether the client has seen what makes it close the connection. */
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

  /** Sends the request; ends when it has arrived, or never will. */
  get sending(): Effect.Effect<void> {
    if (this.#over) return Effect.void
    let delivery: "NotSent" | "Unconfirmed" = "NotSent"
    const sent = Effect.matchCauseEffect(
      read(this.request, () => void (delivery = "Unconfirmed")),
      {
        onSuccess: (sent) => this.arrive(sent),
        onFailure: () => Effect.sync(() => this.unsent(delivery))
      }
    )
    // a source that is silent must not hide that the connection is gone
    return isStreamed(this.request.body) ? Effect.raceFirst(sent, Effect.exit(Deferred.await(this.head))) : sent
  }

  unsent(delivery: "NotSent" | "Unconfirmed"): void {
    const detail = "the body that was to be sent could not be read"
    const url = redactUrl(this.url.href)
    const { method } = this.request
    const cause = unsafeMake({ class: "Fatal", reason: "InvalidRequest" }, { delivery, detail, method, url })
    this.fail({ cause, reason: "Encode" })
    this.close("client", "end")
  }

  /** The client sees its connection end with this code. */
  broken(code: string): void {
    // what is no HTTP is an answer all the same
    const answering = this.#left !== undefined || /^HPE|OVERFLOW/.test(code)
    const cause = fromException(Object.assign(new Error(code), { code }), {
      delivery: answering ? "Partial" : "Unconfirmed",
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

  whole(): void {
    if (this.#over) return
    this.#over = true
    this.world.free(this.line)
    this.body.unsafeDone(Exit.void)
  }

  /** The client goes away; ends when the server has seen it. */
  readonly leave: Effect.Effect<void> = Effect.suspend(() => {
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
      line.unanswered.add(entry)
      const work = rooms.reduceRight((work, room) => room(work), this.play(steps, entry))
      // it goes on by itself, as servers do; and who has an answer's end finds its room free
      const server = Effect.forkDaemon(Effect.interruptible(Effect.withMaxOpsBeforeYield(work, Infinity)))
      return Effect.map(server, (fiber) => {
        this.#server = fiber
        line.answering.add(fiber)
        fiber.addObserver(() => line.answering.delete(fiber))
      })
    }).pipe(Effect.uninterruptible)
  }

  /** Does one step after another; what happens at one moment, the client sees together. */
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
    // `Effect.never` would hold the process
    if (!Duration.isFinite(delay)) return Effect.async<never>(constVoid)
    if (!this.#over) return Effect.sleep(delay)
    return Effect.async<void>((resume) => {
      const timer = setTimer(this.clock, Duration.toMillis(delay), () => resume(Effect.void))
      // nobody waits for what a server does after its answer, nor does the process
      if (typeof timer === "object") timer.unref()
      return Effect.sync(() => clearTimer(timer))
    })
  }

  act(step: Exclude<Step, { readonly _tag: "Wait" }>, entry: Entry): void {
    switch (step._tag) {
      case "Head":
        entry.status = step.status
        this.answer(step)
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
        this.line.unanswered.delete(entry)
        // who was promised more goes on waiting
        if (this.#left === Infinity) this.whole()
        return
      case "Close":
        this.close("server", "end")
        return
      case "Reset":
        this.close("server", "reset")
    }
  }

  answer(head: Head): void {
    const size = Object.entries(head.headers).reduce((sum, [name, value]) => sum + name.length + value.length, 0)
    if (size > maxHeaders) {
      this.#spoiled = true
      this.broken("UND_ERR_HEADERS_OVERFLOW")
      return
    }
    this.#bodiless = this.request.method === "HEAD" || head.status === 204 || head.status === 304
    this.#left = this.#bodiless ? 0 : (head.length ?? Infinity)
    Deferred.unsafeDone(this.head, Effect.succeed(new Played(head, this)))
    if (this.#left === 0) this.whole()
  }

  send(bytes: string | Uint8Array): void {
    if (this.#left === undefined || this.#bodiless) return
    const all = typeof bytes === "string" ? encoder.encode(bytes) : bytes
    const chunk = all.subarray(0, this.#left)
    // more than was announced spoils the connection
    if (chunk.length < all.length) this.#spoiled = true
    if (chunk.length === 0) return
    this.#left -= chunk.length
    this.body.unsafeOffer(chunk)
    if (this.#left === 0) this.whole()
  }
}

/** An answer that is given while it is read. */
class Played extends Answer {
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
        return Stream.fail(this.failure(new Error("the body of the answer was read, or is being read, already")))
      }
      this.#begun = true
      const { body, leave } = this.#exchange
      return Mailbox.toStream(body).pipe(
        Stream.mapError((cause) => this.failure(cause)),
        Stream.ensuring(leave)
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

/** Sends a request, and waits for the head of its answer. */
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
          () => exchange.leave
        )
      })
    )
  )
