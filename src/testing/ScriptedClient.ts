/**
 * The same faults without sockets: an `HttpClient` in memory, in the time of the `Clock` service.
 *
 * A test on sockets waits for real. Half an hour of retries takes half an hour there, and under `TestClock` as long as the
 * code runs. What is proved here with a script is proved on sockets by giving the same script to `FaultServer`.
 *
 * It knows what the transport for Node knows: its errors say truly whether a request was sent. Of a transport's phases it
 * has none: requests do not wait for connections here, and connecting takes no time.
 *
 * @since 0.1.0
 */
import * as Cookies from "@effect/platform/Cookies"
import * as Headers from "@effect/platform/Headers"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Mailbox from "effect/Mailbox"
import * as Stream from "effect/Stream"
import { type ApiError, unsafeMake } from "../ApiError.js"
import * as Classify from "../Classify.js"
import { Answer, concat } from "../internal/answer.js"
import { check, Unsendable } from "../internal/request.js"
import { monotonic } from "../internal/time.js"
import {
  accept,
  type Connection,
  type ConnectionScript,
  type Fault,
  healthy,
  type Request,
  type Script
} from "./Fault.js"
import type { RequestRecord } from "./FaultServer.js"
import { makeGates } from "./internal/gates.js"
import { scripted } from "./internal/scripted.js"
import { type Step, stepsOf } from "./internal/steps.js"

// -------------------------------------------------------------------------------------------------
// Model
// -------------------------------------------------------------------------------------------------

/**
 * An `HttpClient` that fails as it is told.
 *
 * @since 0.1.0
 * @category model
 */
export interface ScriptedClient extends HttpClient.HttpClient {
  /** Replaces the script. A list begins anew with the next request. */
  readonly script: (next: Script) => Effect.Effect<void>
  /** Replaces the script of connections; those that are open stay. */
  readonly scriptConnections: (next: ConnectionScript) => Effect.Effect<void>
  /** Refuses connections from now on, and breaks those that are open. */
  readonly down: Effect.Effect<void>
  /** Takes connections again. */
  readonly up: Effect.Effect<void>
  /** The requests that arrived, in order. */
  readonly requests: Effect.Effect<ReadonlyArray<RequestRecord>>
  /** How many connections were made. */
  readonly connections: Effect.Effect<number>
}

/**
 * What `make` takes besides a script.
 *
 * @since 0.1.0
 * @category model
 */
export interface Options {
  /** Which connection gets which treatment. @default all `accept` */
  readonly connections?: ConnectionScript | undefined
}

// -------------------------------------------------------------------------------------------------
// Private: connections
// -------------------------------------------------------------------------------------------------

type Closed = NonNullable<RequestRecord["closed"]>
type Mutable<A> = { -readonly [K in keyof A]: A[K] }
type Entry = Mutable<RequestRecord>

/** A connection, which serves one request after another. */
interface Line {
  readonly id: number
  readonly treatment: Connection
  readonly entries: Array<Entry>
  requests: number
  busy: Exchange | undefined
  open: boolean
}

/** What connections of Node say when the other side closes them, or resets them. */
const codes = { end: "UND_ERR_SOCKET", reset: "ECONNRESET" } as const

/** What an HTTP client takes of headers, in bytes. */
const maxHeaders = 65_536

class World {
  readonly #lines = new Set<Line>()
  readonly #admit = makeGates()
  readonly entries: Array<Entry> = []
  faultFor: (request: Request) => Fault
  treatmentOf: (connection: number) => Connection
  connections = 0
  isDown = false

  constructor(script: Script, connections: ConnectionScript) {
    this.faultFor = scripted<Fault, Request>(script, healthy)
    this.treatmentOf = scripted<Connection, number>(connections, accept)
  }

  /** A connection that is free, the one used last, or a new one. */
  connect(): Line {
    const idle = [...this.#lines].findLast((line) => line.busy === undefined)
    if (idle !== undefined) return idle
    const id = ++this.connections
    const line = { id, treatment: this.treatmentOf(id), entries: [], requests: 0, busy: undefined, open: true }
    this.#lines.add(line)
    return line
  }

  close(line: Line, closed: Closed): void {
    if (!line.open) return
    line.open = false
    this.#lines.delete(line)
    for (const entry of line.entries) entry.closed = closed
    if (closed.by === "server") line.busy?.broken(codes[closed.how])
  }

  closeAll(at: number): void {
    for (const line of this.#lines) this.close(line, { by: "server", how: "reset", at })
  }

  /** What a request gets, and what it has to wait for first. */
  admit(request: Request, now: number) {
    const fault = this.faultFor(request)
    return { fault, ...this.#admit(fault, now) }
  }
}

// -------------------------------------------------------------------------------------------------
// Private: one request
// -------------------------------------------------------------------------------------------------

interface Setting {
  readonly world: World
  readonly line: Line
  readonly entry: Entry
  readonly now: () => number
  readonly head: Deferred.Deferred<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError>
  readonly body: Mailbox.Mailbox<Uint8Array, ApiError>
}

/** A request that is being answered. */
class Exchange {
  readonly request: HttpClientRequest.HttpClientRequest
  readonly setting: Setting
  /** Bytes of the body that the client waits for; undefined until its headers were sent. */
  left: number | undefined
  over = false
  /** The client goes away, whether or not it has all. */
  leave: () => void = () => undefined

  constructor(request: HttpClientRequest.HttpClientRequest, setting: Setting) {
    this.request = request
    this.setting = setting
  }

  /** The client's side of the end: the answer came whole, or failed, or is not wanted any more. */
  finish(complete: boolean): boolean {
    if (this.over) return false
    const { entry, line, now } = this.setting
    this.over = true
    entry.ended = { at: now(), complete }
    line.busy = undefined
    return true
  }

  /** The client closes the connection. */
  hangUp(): void {
    const { line, now, world } = this.setting
    world.close(line, { by: "client", how: "end", at: now() })
  }

  /** The client sees an error with this code, and does with the connection what it has to. */
  broken(code: string): void {
    if (!this.finish(false)) return
    const { body, entry, head } = this.setting
    this.hangUp()
    const cause = Classify.exception(Object.assign(new Error(code), { code }), {
      // what is no HTTP is an answer all the same
      delivery: this.left === undefined && !/^HPE|OVERFLOW/.test(code) ? "Unconfirmed" : "Partial",
      reusedSocket: entry.onConnection > 1,
      method: this.request.method,
      url: this.request.url
    })
    const { request } = this
    Deferred.unsafeDone(head, Effect.fail(new HttpClientError.RequestError({ request, reason: "Transport", cause })))
    body.unsafeDone(Exit.fail(cause))
  }

  answer(head: Extract<Step, { readonly _tag: "Head" }>): void {
    const size = Object.entries(head.headers).reduce((sum, [name, value]) => sum + name.length + value.length, 0)
    if (size > maxHeaders) {
      this.broken("UND_ERR_HEADERS_OVERFLOW")
      return
    }
    this.setting.entry.status = head.status
    const empty = this.request.method === "HEAD" || head.status === 204 || head.status === 304
    this.left = empty ? 0 : (head.length ?? Infinity)
    Deferred.unsafeDone(this.setting.head, Effect.succeed(new Played(this.request, head, this, this.leave)))
    if (this.left === 0) this.whole()
  }

  send(bytes: string | Uint8Array): void {
    if (this.left === undefined) return
    // more than was announced spoils the connection
    if (this.over) {
      this.hangUp()
      return
    }
    const all = typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes
    const chunk = all.subarray(0, this.left)
    this.left -= chunk.length
    this.setting.body.unsafeOffer(chunk)
    if (this.left === 0) this.whole()
    if (chunk.length < all.length) this.hangUp()
  }

  whole(): void {
    if (this.finish(true)) this.setting.body.unsafeDone(Exit.void)
  }

  /** Acts one step out. */
  act(step: Step): Effect.Effect<void> {
    const { line, now, world } = this.setting
    switch (step._tag) {
      case "Wait":
        return Duration.isFinite(step.delay) ? Effect.sleep(step.delay) : Effect.never
      case "Head":
        return Effect.sync(() => this.answer(step))
      case "Body":
        return Effect.sync(() => this.send(step.bytes))
      case "Raw":
        return Effect.sync(() => this.broken("HPE_INVALID_CONSTANT"))
      case "End":
        // who was promised more goes on waiting
        return Effect.sync(() => (this.left === Infinity ? this.whole() : undefined))
      case "Close":
        return Effect.sync(() => world.close(line, { by: "server", how: "end", at: now() }))
      case "Reset":
        return Effect.sync(() => world.close(line, { by: "server", how: "reset", at: now() }))
    }
  }
}

/** An answer that is given while it is read. */
class Played extends Answer {
  readonly stream: Stream.Stream<Uint8Array, HttpClientError.ResponseError>
  #bytes: Uint8Array | undefined

  constructor(
    request: HttpClientRequest.HttpClientRequest,
    head: Extract<Step, { readonly _tag: "Head" }>,
    exchange: Exchange,
    leave: () => void
  ) {
    const headers = {
      ...head.headers,
      ...(head.length !== undefined && { "content-length": String(head.length) })
    }
    super({
      request,
      status: head.status,
      contentType: head.headers["content-type"],
      headers: () => Headers.fromInput(headers),
      cookies: () => Cookies.fromSetCookie(head.headers["set-cookie"] ?? []),
      remoteAddress: "127.0.0.1"
    })
    this.stream = Mailbox.toStream(exchange.setting.body).pipe(
      Stream.mapError((cause) => this.failure(cause)),
      Stream.ensuring(Effect.sync(() => leave()))
    )
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

// -------------------------------------------------------------------------------------------------
// make
// -------------------------------------------------------------------------------------------------

const refused = (request: HttpClientRequest.HttpClientRequest, cause: ApiError, reason: "Transport" | "Encode") =>
  Effect.fail(new HttpClientError.RequestError({ request, reason, cause }))

const textOf = ({ body }: HttpClientRequest.HttpClientRequest): Effect.Effect<string> => {
  switch (body._tag) {
    case "Empty":
      return Effect.succeed("")
    case "Uint8Array":
      return Effect.sync(() => new TextDecoder().decode(body.body))
    case "Stream":
      return Effect.map(Effect.orDie(Stream.runCollect(body.stream)), (chunks) =>
        new TextDecoder().decode(concat([...chunks]))
      )
    case "FormData":
      return Effect.promise(() => new Response(body.formData).text())
    case "Raw":
      return Effect.promise(() => new Response(body.body as BodyInit).text())
  }
}

const arriving = (
  world: World,
  line: Line,
  request: HttpClientRequest.HttpClientRequest,
  { body, now, url }: { readonly body: string; readonly now: number; readonly url: URL }
): Request => ({
  number: world.entries.length + 1,
  connection: line.id,
  onConnection: ++line.requests,
  at: now,
  method: request.method,
  path: url.pathname + url.search,
  headers: { host: url.host, ...request.headers },
  body
})

const execute = (
  world: World,
  request: HttpClientRequest.HttpClientRequest
): Effect.Effect<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError> =>
  Effect.gen(function* () {
    const url = check(request)
    const { method } = request
    if (url instanceof Unsendable) {
      const { detail } = url
      const cause = unsafeMake({ class: "Fatal", reason: "InvalidRequest" }, { delivery: "NotSent", detail, method })
      return yield* refused(request, cause, "Encode")
    }
    if (world.isDown) {
      const cause = Classify.exception({ code: "ECONNREFUSED", syscall: "connect" }, { method, url: url.href })
      return yield* refused(request, cause, "Transport")
    }
    const text = yield* textOf(request)
    const clock = yield* Effect.clock
    const now = () => clock.unsafeCurrentTimeMillis()
    const line = world.connect()
    if (line.treatment._tag === "Refuse") {
      world.close(line, { by: "server", how: "reset", at: now() })
      const cause = Classify.exception({ code: "ECONNRESET" }, { method, url: url.href })
      return yield* refused(request, cause, "Transport")
    }
    if (line.treatment._tag === "Ignore") {
      return yield* Effect.onInterrupt(Effect.never, () =>
        Effect.sync(() => world.close(line, { by: "client", how: "end", at: now() }))
      )
    }

    const seen = arriving(world, line, request, { body: text, now: now(), url })
    const { fault, rejected, reply, rooms } = world.admit(seen, monotonic(clock))
    const entry: Entry = {
      ...seen,
      bytes: new TextEncoder().encode(text).length,
      fault,
      rejected,
      status: undefined,
      ended: undefined,
      closed: undefined
    }
    world.entries.push(entry)
    line.entries.push(entry)
    const body = yield* Mailbox.make<Uint8Array, ApiError>()
    const head = yield* Deferred.make<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError>()
    const exchange = new Exchange(request, { world, line, entry, now, head, body })
    line.busy = exchange

    const work = rooms.reduceRight(
      (work, room) => room(work),
      Effect.forEach(stepsOf(reply, seen), (step) => exchange.act(step), { discard: true })
    )
    // the server goes on by itself, as servers do
    const server = yield* Effect.forkDaemon(work)
    exchange.leave = () => {
      if (!exchange.finish(false)) return
      exchange.hangUp()
      server.unsafeInterruptAsFork(server.id())
    }
    return yield* Effect.onInterrupt(Deferred.await(head), () => Effect.sync(exchange.leave))
  })

/**
 * Makes a client that acts a script out, without a `Scope`: nothing of it outlives the calls.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Effect, Fiber, TestClock, TestContext } from "effect"
 * import { ReliableHttpClient } from "effect-reliability"
 * import { Fault, ScriptedClient } from "effect-reliability/testing"
 *
 * const program = Effect.gen(function* () {
 *   const scripted = yield* ScriptedClient.make([Fault.answer(429, { retryAfter: "30 seconds" }), Fault.healthy])
 *   const call = yield* Effect.fork(ReliableHttpClient.make(scripted).get("https://api.example.com/v1/models"))
 *   yield* TestClock.adjust("1 minute")
 *   assert.strictEqual((yield* Fiber.join(call)).status, 200)
 *   const [first, second] = yield* scripted.requests
 *   assert.ok(first && second && second.at - first.at >= 30_000)
 * })
 *
 * await Effect.runPromise(program.pipe(Effect.provide(TestContext.TestContext)))
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (script: Script = [], options: Options = {}): Effect.Effect<ScriptedClient> =>
  Effect.sync(() => {
    const world = new World(script, options.connections ?? [])
    const client = HttpClient.makeWith<never, never, HttpClientError.HttpClientError, never>(
      Effect.flatMap((request) => execute(world, request)),
      Effect.succeed
    )
    return Object.assign(client, {
      script: (next: Script) => Effect.sync(() => void (world.faultFor = scripted<Fault, Request>(next, healthy))),
      scriptConnections: (next: ConnectionScript) =>
        Effect.sync(() => void (world.treatmentOf = scripted<Connection, number>(next, accept))),
      down: Effect.map(Effect.clock, (clock) => {
        world.isDown = true
        world.closeAll(clock.unsafeCurrentTimeMillis())
      }),
      up: Effect.sync(() => void (world.isDown = false)),
      requests: Effect.sync(() => world.entries.map((entry) => ({ ...entry }))),
      connections: Effect.sync(() => world.connections)
    })
  })

// -------------------------------------------------------------------------------------------------
// layer
// -------------------------------------------------------------------------------------------------

/**
 * The scripted client of a test.
 *
 * @since 0.1.0
 * @category layers
 */
export class Service extends Context.Tag("effect-reliability/testing/ScriptedClient")<Service, ScriptedClient>() {}

/**
 * Provides a scripted client to all that asks for an `HttpClient`, and to the test that wants to see its requests.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { HttpClient } from "@effect/platform"
 * import { Effect } from "effect"
 * import { Fault, ScriptedClient } from "effect-reliability/testing"
 *
 * const program = Effect.gen(function* () {
 *   const client = yield* HttpClient.HttpClient
 *   assert.strictEqual((yield* client.get("https://api.example.com/")).status, 418)
 *   const { requests } = yield* ScriptedClient.Service
 *   assert.strictEqual((yield* requests).length, 1)
 * })
 *
 * await Effect.runPromise(program.pipe(Effect.provide(ScriptedClient.layer(Fault.answer(418)))))
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (script: Script = [], options: Options = {}): Layer.Layer<Service | HttpClient.HttpClient> =>
  Layer.unwrapEffect(
    Effect.map(make(script, options), (client) =>
      Layer.merge(Layer.succeed(Service, client), Layer.succeed(HttpClient.HttpClient, client))
    )
  )
