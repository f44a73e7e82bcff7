/** The transport on real sockets: what it says of a failure is held against what arrived at the server. */
import { HttpBody, HttpClient, type HttpClientError, HttpClientRequest } from "@effect/platform"
import { describe, it } from "@effect/vitest"
import {
  Cause,
  Chunk,
  Duration,
  Effect,
  Exit,
  FastCheck as fc,
  Fiber,
  Option,
  Redacted,
  Runtime,
  Schedule,
  Scheduler,
  type Scope,
  Stream
} from "effect"
import { ApiError, Classify, Deadline, Dialect, ReliableHttpClient, Retry, Workload } from "effect-reliability"
import { Transport } from "effect-reliability/node"
import * as EventStream from "effect-reliability/stream"
import { randomBytes } from "node:crypto"
import type * as http from "node:http"
import * as net from "node:net"
import { Readable } from "node:stream"
import { TLSSocket } from "node:tls"
import { inspect } from "node:util"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import * as zlib from "node:zlib"
import * as undici from "undici"
import { afterEach, beforeEach, expect, vi } from "vitest"
import { selfSigned } from "../support/certificate.js"
import { closedPort, deafPort } from "../support/faults.js"
import { bare, proxy, web } from "../support/proxy.js"

// -------------------------------------------------------------------------------------------------
// Clients
// -------------------------------------------------------------------------------------------------

const matching = (pattern: RegExp): unknown => expect.stringMatching(pattern)

const millis = (time: number): Duration.Duration => Duration.millis(time)

const once = Retry.make({ attempts: 1 })

/** One attempt with the given limits; what is not given is long. */
const workload = (timeouts: Partial<Workload.Options["timeouts"]> = {}): Workload.Workload =>
  Workload.make({ name: "test", timeouts: { attempt: "10 seconds", ...timeouts }, retry: once })

const make = (options: Transport.Options = {}): Effect.Effect<HttpClient.HttpClient, never, Scope.Scope> =>
  Transport.make({ proxy: "none", ...options })

const reliable = (client: HttpClient.HttpClient, timeouts?: Partial<Workload.Options["timeouts"]>) =>
  ReliableHttpClient.make(client, { workload: workload(timeouts) })

type AnyClient = HttpClient.HttpClient.With<ApiError.ApiError | HttpClientError.HttpClientError>

/** A transport by itself, and under `ReliableHttpClient`. */
const both = (transport: HttpClient.HttpClient): ReadonlyArray<AnyClient> => [transport, reliable(transport)]

/** What a call fails with. */
const failure = <A, E>(call: Effect.Effect<A, E>): Effect.Effect<ApiError.ApiError> =>
  Effect.map(Effect.exit(Effect.scoped(call)), (exit) => {
    if (Exit.isSuccess(exit)) throw new Error("it succeeded")
    const error = Cause.failureOption(exit.cause)
    if (Option.isNone(error)) throw new Error(`it died: ${Cause.pretty(exit.cause)}`)
    return Classify.exception(error.value, { now: 0 })
  })

const { del, get, post } = HttpClientRequest

const sending = (url: string, text = "hello"): HttpClientRequest.HttpClientRequest =>
  HttpClientRequest.bodyText(post(url), text)

const text = <E, E2, R>(
  answer: Effect.Effect<{ readonly text: Effect.Effect<string, E2> }, E, R>
): Effect.Effect<string, E | E2, R> => Effect.flatMap(answer, ({ text }) => text)

/** Answers a request when all of it is here. */
const onBody =
  (
    respond: (body: Buffer, request: http.IncomingMessage, response: http.ServerResponse) => void
  ): http.RequestListener =>
  (request, response) => {
    const chunks: Array<Buffer> = []
    request.on("data", (chunk: Buffer) => chunks.push(chunk))
    request.on("end", () => respond(Buffer.concat(chunks), request, response))
  }

/** Says what was asked. */
const echo = onBody((body, request, response) => response.end(`${request.method} ${request.url} ${body.toString()}`))

/** Takes requests and does not answer. */
const silent: http.RequestListener = (request) => void request.resume()

const pause = (time: number) => Effect.sleep(millis(time))

/** Looks again until something holds. */
const until = (holds: () => boolean, millis = 2000): Effect.Effect<void> =>
  Effect.suspend(() => (holds() ? Effect.void : Effect.fail("not yet"))).pipe(
    Effect.retry(Schedule.spaced("2 millis")),
    Effect.timeout(millis),
    Effect.orDie,
    Effect.asVoid
  )

const answer = (body = "ok", headers = ""): string =>
  `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n${headers}\r\n${body}`

/** Calls back with each request of a connection, whose body is not looked at. */
const onRequest = (socket: net.Socket, respond: (nth: number) => void): void => {
  let nth = 0
  let head = ""
  socket.on("data", (chunk: Buffer) => {
    head += chunk.toString("latin1")
    for (let end = head.indexOf("\r\n\r\n"); end >= 0; end = head.indexOf("\r\n\r\n")) {
      head = head.slice(end + 4)
      respond(nth++)
    }
  })
}

// -------------------------------------------------------------------------------------------------
// What is left
// -------------------------------------------------------------------------------------------------

const resources = (): Record<string, number> => {
  const counts: Record<string, number> = {}
  for (const name of process.getActiveResourcesInfo()) {
    if (/TCP|TLS|Timeout|GetAddrInfo/.test(name)) counts[name] = (counts[name] ?? 0) + 1
  }
  return counts
}

/** Waits, by no timer, until there is no more than before. */
const nothingLeft = async (before: Record<string, number>): Promise<void> => {
  const end = performance.now() + 1000
  const more = () => Object.entries(resources()).filter(([name, count]) => count > (before[name] ?? 0))
  while (more().length > 0 && performance.now() < end) await new Promise((resolve) => setImmediate(resolve))
  expect(more()).toEqual([])
}

const problems: Array<unknown> = []
const note = (problem: unknown) => void problems.push(problem)

beforeEach(() => {
  process.on("unhandledRejection", note)
  process.on("uncaughtException", note)
  process.on("warning", note)
})

afterEach(async () => {
  await new Promise((resolve) => setImmediate(resolve))
  for (const name of ["unhandledRejection", "uncaughtException", "warning"]) process.off(name, note)
  expect(problems.splice(0)).toEqual([])
  vi.unstubAllEnvs()
})

// -------------------------------------------------------------------------------------------------
// Phases
// -------------------------------------------------------------------------------------------------

describe("a limit", () => {
  const timeout = (phase: ApiError.Phase, delivery: ApiError.Delivery) => ({
    _tag: "Transient",
    reason: "Timeout",
    phase,
    delivery
  })

  it.scopedLive("for a free connection ends the wait for it", () =>
    Effect.gen(function* () {
      const server = yield* web(silent)
      const client = reliable(yield* make({ connections: 1 }), { pool: 60 })
      const first = yield* Effect.fork(client.get(server.origin))
      yield* until(() => server.requests.length === 1)
      expect(yield* failure(client.get(`${server.origin}/second`))).toMatchObject(timeout("pool", "NotSent"))
      yield* Fiber.interrupt(first)
      expect(server.requests.map(({ url }) => url)).toEqual(["/"])
    })
  )

  it.scopedLive("for connecting ends with the server that does not accept", () =>
    Effect.gen(function* () {
      const port = yield* deafPort
      const before = resources()
      const client = reliable(yield* make(), { connect: 60 })
      const error = yield* failure(client.get(`http://127.0.0.1:${port}/a?b=secret`))
      expect(error).toMatchObject({
        ...timeout("connect", "NotSent"),
        method: "GET",
        url: `http://127.0.0.1:${port}/a`
      })
      yield* Effect.promise(() => nothingLeft(before))
    })
  )

  for (const [kind, body] of [
    ["bytes", HttpBody.uint8Array(new Uint8Array(32 * 2 ** 20))],
    ["a stream", HttpBody.stream(Stream.forever(Stream.make(new Uint8Array(2 ** 16))))]
  ] as const) {
    it.scopedLive(`for writing ends with the server that does not read ${kind}`, () =>
      Effect.gen(function* () {
        const server = yield* bare((socket) => socket.pause())
        const client = reliable(yield* make(), { write: 80 })
        const error = yield* failure(client.post(server.origin, { body }))
        expect(error).toMatchObject(timeout("write", "Unconfirmed"))
        yield* until(() => server.sockets.every((socket) => socket.resume().closed))
      })
    )
  }

  it.scopedLive("for writing ends with a stream that never begins: no byte has left", () =>
    Effect.gen(function* () {
      const server = yield* bare(() => undefined)
      let released = false
      const body = Stream.ensuring(
        Stream.never,
        Effect.sync(() => void (released = true))
      )
      const client = reliable(yield* make(), { write: 50 })
      const error = yield* failure(client.execute(HttpClientRequest.bodyStream(post(server.origin), body)))
      expect(error).toMatchObject(timeout("write", "NotSent"))
      yield* until(() => released)
      expect(server.sockets.map(({ bytesRead }) => bytesRead)).toEqual([0])
    })
  )

  it.scopedLive("for reading ends before the headers, and with each gap of the body", () =>
    Effect.gen(function* () {
      const server = yield* web((request, response) => {
        if (request.url === "/silent") return
        response.write("x")
        if (request.url === "/drip") {
          let left = 5
          const timer = setInterval(() => {
            if (--left > 0) response.write("x")
            else {
              clearInterval(timer)
              response.end()
            }
          }, 40)
        }
      })
      const client = reliable(yield* make(), { read: 80 })
      expect(yield* failure(client.get(`${server.origin}/silent`))).toMatchObject(timeout("read", "Unconfirmed"))
      expect(yield* failure(client.get(`${server.origin}/gap`))).toMatchObject(timeout("read", "Partial"))
      expect(yield* text(client.get(`${server.origin}/drip`))).toBe("xxxxx")
      yield* until(() => server.open() === 1)
    })
  )

  it.scopedLive("of an answer that is read as it arrives is for its gaps too, but not for its reader's", () =>
    Effect.gen(function* () {
      const server = yield* web((request, response) => {
        response.statusCode = request.url === "/404" ? 404 : 200
        if (request.url === "/large") response.end(Buffer.alloc(2 ** 23))
        else response.write("x")
      })
      const client = yield* make()
      const within = Workload.within(workload({ read: 100 }))
      for (const path of ["/", "/404"]) {
        const call = Effect.flatMap(client.get(server.origin + path), ({ text }) => text)
        expect(yield* failure(within(call))).toMatchObject(timeout("read", "Partial"))
      }
      const slow = Effect.flatMap(client.get(`${server.origin}/large`), ({ stream }) =>
        Stream.runFoldEffect(stream, 0, (size, chunk) =>
          Effect.as(size === 0 ? pause(250) : Effect.void, size + chunk.length)
        )
      )
      expect(yield* within(slow)).toBe(2 ** 23)
    })
  )

  it.scopedLive("for the attempt ends all of it, and a deadline around it", () =>
    Effect.gen(function* () {
      const server = yield* web(silent)
      const transport = yield* make()
      const client = reliable(transport, { attempt: 60 })
      expect(yield* failure(client.get(server.origin))).toMatchObject(timeout("attempt", "Unconfirmed"))
      const error = yield* failure(Deadline.within(transport.get(server.origin), 50))
      expect(error).toMatchObject(timeout("deadline", "Unconfirmed"))
      yield* until(() => server.open() === 0)
    })
  )

  it.scopedLive("is the transport's own where there is no workload", () =>
    Effect.gen(function* () {
      vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] })
      yield* Effect.addFinalizer(() => Effect.sync(() => vi.useRealTimers()))
      const port = yield* deafPort
      const client = yield* make()
      const fiber = yield* Effect.fork(failure(client.get(`http://127.0.0.1:${port}`)))
      yield* Effect.yieldNow()
      expect(vi.getTimerCount()).toBe(1)
      vi.advanceTimersByTime(9999)
      expect(vi.getTimerCount()).toBe(1)
      vi.advanceTimersByTime(2)
      expect(yield* Fiber.join(fiber)).toMatchObject(timeout("connect", "NotSent"))
      expect(vi.getTimerCount()).toBe(0)
    })
  )

  for (const kind of ["connections of its own", "a dispatcher"]) {
    it.scopedLive(`as long as a timer can hold is one, with ${kind}`, () =>
      Effect.gen(function* () {
        const server = yield* web(silent)
        const dispatcher = new undici.Agent()
        yield* Effect.addFinalizer(() => Effect.promise(() => dispatcher.destroy()))
        const transport = yield* make(kind === "a dispatcher" ? { dispatcher } : {})
        const longest = 2 ** 31 - 1
        const limits = workload({ attempt: longest, pool: longest, connect: longest, write: longest })
        const set = vi.spyOn(globalThis, "setTimeout")
        yield* Effect.addFinalizer(() => Effect.sync(() => set.mockRestore()))
        const fiber = yield* Effect.fork(Workload.within(transport.get(server.origin), limits))
        yield* until(() => server.requests.length === 1)
        yield* pause(30)
        yield* Fiber.interrupt(fiber)
        const delays = set.mock.calls.map(([, delay = 0]) => delay)
        expect(delays.filter((delay) => delay > longest)).toEqual([])
        expect(delays.filter((delay) => delay > longest / 2).length).toBeLessThan(4)
      })
    )
  }
})

// -------------------------------------------------------------------------------------------------
// Delivery
// -------------------------------------------------------------------------------------------------

describe("an error", () => {
  const whole = answer("0123456789")

  it.scopedLive("shows of its request no more than the method and the place", () =>
    Effect.gen(function* () {
      const port = yield* closedPort
      const transport = yield* make()
      const url = `http://127.0.0.1:${port}/v1?key=of-mine`
      const post = HttpClientRequest.post(url, { body: HttpBody.text("a prompt"), headers: { "x-key": "of-mine" } })
      const error = yield* Effect.flip(transport.execute(post))
      expect(error.request).toMatchObject({ method: "POST", url: `http://127.0.0.1:${port}/v1` })
      const everything = [error.message, error.methodAndUrl, JSON.stringify(error), inspect(error, { depth: null })]
      expect(everything.join("\n")).not.toMatch(/of-mine|a prompt/)
    })
  )

  it("says NotSent only if nothing arrived, wherever the connection dies", async () => {
    interface Death {
      /** Bytes that the server reads before it kills the connection. */
      readonly reads: number
      /** Bytes of its answer. */
      readonly answers: number
      readonly reset: boolean
      /** Bytes that it is sent. */
      readonly body: number
    }
    const death: fc.Arbitrary<Death> = fc.record({
      reads: fc.constantFrom(0, 1, 40, 500, 100_000),
      answers: fc.nat(whole.length - 1),
      reset: fc.boolean(),
      body: fc.constantFrom(0, 10, 5000)
    })
    const program = ({ answers, body, reads, reset }: Death) =>
      Effect.gen(function* () {
        const server = yield* bare((socket) => {
          const kill = () => {
            socket.write(whole.slice(0, answers), () => (reset ? socket.resetAndDestroy() : socket.destroySoon()))
          }
          let size = 0
          if (reads === 0) {
            if (reset) socket.resetAndDestroy()
            else socket.destroy()
          } else {
            socket.on("data", (chunk: Buffer) => {
              const before = size
              size += chunk.length
              if (before < reads && (size >= reads || size > body + 100)) kill()
            })
          }
        })
        const client = reliable(yield* make())
        const error = yield* failure(client.execute(sending(server.origin, "x".repeat(body))))
        const arrived = server.sockets.reduce((sum, { bytesRead }) => sum + bytesRead, 0)
        if (arrived > 0) expect(error.delivery).not.toBe("NotSent")
        if (error.delivery === "Partial") expect(answers).toBeGreaterThan(0)
        if (reads > 0) expect(error.delivery).toBe(answers > 0 && !reset ? "Partial" : error.delivery)
        expect(error._tag).toBe("Transient")
      })
    await fc.assert(
      fc.asyncProperty(death, (death) => Effect.runPromise(Effect.scoped(program(death)))),
      { numRuns: 150, seed: 7 }
    )
  })

  it.scopedLive("says NotSent of a connection that cannot be made", () =>
    Effect.gen(function* () {
      const port = yield* closedPort
      const client = reliable(yield* make())
      expect(yield* failure(client.get(`http://127.0.0.1:${port}/p?q`))).toMatchObject({
        reason: "Connect",
        delivery: "NotSent",
        code: "ECONNREFUSED",
        method: "GET",
        url: `http://127.0.0.1:${port}/p`
      })
      expect(yield* failure(client.get("http://nowhere.invalid/"))).toMatchObject({
        reason: matching(/NameNotFound|NameLookup/),
        delivery: "NotSent"
      })
    })
  )

  it.scopedLive("says Partial of headers that are none, or too long", () =>
    Effect.gen(function* () {
      const server = yield* bare((socket) =>
        onRequest(socket, () => {
          const long = `HTTP/1.1 200 OK\r\nx-long: ${"x".repeat(4000)}\r\ncontent-length: 0\r\n\r\n`
          socket.end(server.sockets.length === 1 ? "\u0000 this is no HTTP\r\n\r\n" : long)
        })
      )
      const client = reliable(yield* make({ maxHeaders: 2048 }))
      expect(yield* failure(client.get(server.origin))).toMatchObject({ reason: "InvalidAnswer", delivery: "Partial" })
      expect(yield* failure(client.get(server.origin))).toMatchObject({ reason: "AnswerTooLarge", delivery: "Partial" })
    })
  )

  it.scopedLive("does not come of a kept connection that the server has closed: another one is made", () =>
    Effect.gen(function* () {
      const server = yield* bare((socket) => onRequest(socket, () => socket.write(answer())))
      const client = reliable(yield* make({ connections: 1 }))
      expect(yield* text(client.get(server.origin))).toBe("ok")
      // its end arrives in the same turn as the next request is begun
      server.sockets[0]?.end()
      yield* until(() => server.sockets[0]?.writableFinished === true)
      const end = performance.now() + 3
      while (performance.now() < end);
      const calls = yield* Effect.all([text(client.get(server.origin)), text(client.execute(sending(server.origin)))], {
        concurrency: 2
      })
      expect(calls).toEqual(["ok", "ok"])
      expect(server.sockets.length).toBe(2)
    })
  )

  it.scopedLive("says that the connection was a kept one, once the request was written to it", () =>
    Effect.gen(function* () {
      const server = yield* bare((socket) =>
        onRequest(socket, (nth) => (nth === 0 ? socket.write(answer()) : socket.resetAndDestroy()))
      )
      const transport = yield* make()
      yield* text(transport.get(server.origin))
      expect(yield* failure(transport.execute(sending(server.origin)))).toMatchObject({
        reason: "ConnectionLost",
        delivery: "Unconfirmed",
        reusedSocket: true
      })
      expect(server.sockets.length).toBe(1)
    })
  )
})

// -------------------------------------------------------------------------------------------------
// Interruption
// -------------------------------------------------------------------------------------------------

describe("an interrupted call", () => {
  it.scopedLive("leaves the line, in which the others are served in the order of their arrival", () =>
    Effect.gen(function* () {
      const held: Array<http.ServerResponse> = []
      const server = yield* web((_, response) => void held.push(response))
      const client = reliable(yield* make({ connections: 1 }))
      const fibers = yield* Effect.forEach([1, 2, 3, 4, 5], (n) =>
        Effect.tap(Effect.fork(text(client.get(`${server.origin}/${n}`))), Effect.yieldNow())
      )
      yield* until(() => held.length === 1)
      yield* Fiber.interruptAll(fibers.filter((_, nth) => nth === 1 || nth === 3))
      for (const served of [1, 2, 3]) {
        yield* until(() => held.length === served)
        held[served - 1]?.end(`answer ${served}`)
      }
      const exits = yield* Effect.forEach(fibers, Fiber.await)
      expect(exits.map((exit) => (Exit.isSuccess(exit) ? exit.value : "interrupted"))).toEqual([
        "answer 1",
        "interrupted",
        "answer 2",
        "interrupted",
        "answer 3"
      ])
      expect(server.requests.map(({ url }) => url)).toEqual(["/1", "/3", "/5"])
      expect(server.sockets.length).toBe(1)
    })
  )

  it.scopedLive("that was connecting leaves its connection to the next, or closes it", () =>
    Effect.gen(function* () {
      const server = yield* web(echo)
      const client = reliable(yield* make({ connections: 1 }))
      const first = yield* Effect.fork(client.get(`${server.origin}/first`))
      const second = yield* Effect.fork(text(client.get(`${server.origin}/second`)))
      yield* Effect.yieldNow()
      yield* Fiber.interrupt(first)
      expect(yield* Fiber.join(second)).toBe("GET /second ")
      expect(server.sockets.length).toBe(1)

      const port = yield* deafPort
      const before = resources()
      const alone = yield* Effect.fork(client.get(`http://127.0.0.1:${port}`))
      yield* Effect.yieldNow()
      yield* Fiber.interrupt(alone)
      yield* Effect.promise(() => nothingLeft(before))
    })
  )

  const stages: Record<string, (client: HttpClient.HttpClient, origin: string) => Effect.Effect<unknown, unknown>> = {
    "before the headers": (client, origin) => reliable(client).get(`${origin}/silent`),
    "in a body that is read whole": (client, origin) => reliable(client).get(`${origin}/half`),
    "in a body that is read as it comes": (client, origin) =>
      Effect.flatMap(client.get(`${origin}/half`), ({ stream }) => Stream.runDrain(stream)),
    "in an event stream": (client, origin) =>
      Effect.flatMap(reliable(client).get(`${origin}/events`), ({ stream }) => Stream.runDrain(stream)),
    "in an upload": (client, origin) =>
      client.execute(
        HttpClientRequest.bodyStream(post(`${origin}/silent`), Stream.concat(Stream.make(bytes), Stream.never))
      )
  }
  const bytes = new Uint8Array(10)

  for (const [stage, call] of Object.entries(stages)) {
    it.scopedLive(`${stage} closes its connection at once`, () =>
      Effect.gen(function* () {
        const server = yield* web((request, response) => {
          request.resume()
          if (request.url === "/events") response.setHeader("content-type", "text/event-stream")
          if (request.url !== "/silent") response.write("half")
        })
        const client = yield* make()
        const before = resources()
        const fiber = yield* Effect.fork(call(client, server.origin))
        yield* until(() => server.requests.length === 1)
        yield* pause(20)
        const start = performance.now()
        yield* Fiber.interrupt(fiber)
        yield* until(() => server.open() === 0)
        expect(performance.now() - start).toBeLessThan(50)
        yield* Effect.promise(() => nothingLeft(before))
      })
    )
  }

  /** Interrupts a fiber before its nth operation. */
  class Interrupting extends Scheduler.MixedScheduler {
    operations = 0
    readonly nth: number
    target: unknown

    constructor(nth: number) {
      super(2048)
      this.nth = nth
    }

    override shouldYield(fiber: Fiber.RuntimeFiber<unknown, unknown>): number | false {
      // the first that runs is the one
      this.target ??= fiber
      if (fiber === this.target && ++this.operations === this.nth) fiber.unsafeInterruptAsFork(fiber.id())
      return super.shouldYield(fiber)
    }
  }

  for (const kind of ["reliable", "streamed", "refused"] as const) {
    it.scopedLive(`before any of its operations leaves nothing: ${kind}`, () =>
      Effect.gen(function* () {
        const server = yield* web(echo)
        const port = yield* closedPort
        const transport = yield* make({ connections: 2 })
        const url = kind === "refused" ? `http://127.0.0.1:${port}` : server.origin
        const request = sending(url)
        const call: Effect.Effect<unknown, unknown> =
          kind === "streamed"
            ? Effect.flatMap(transport.execute(request), ({ stream }) => Stream.runDrain(stream))
            : Effect.flatMap(reliable(transport).execute(request), ({ text }) => text)
        let nth = 0
        let interruptions = 0
        for (let ended = false; !ended && nth < 2000;) {
          const scheduler = new Interrupting(++nth)
          const exit = yield* Fiber.await(Effect.runFork(call, { scheduler }))
          if (Exit.isInterrupted(exit)) interruptions++
          ended = scheduler.operations < nth
        }
        expect(interruptions).toBeGreaterThan(10)
        // all connections are free, or closed
        const two = Effect.all(
          [text(transport.execute(sending(server.origin))), text(transport.execute(sending(server.origin)))],
          {
            concurrency: 2
          }
        )
        expect(yield* Effect.timeout(two, "1 second")).toEqual(["POST / hello", "POST / hello"])
        yield* until(() => server.open() <= 2)
      })
    )
  }

  /** Holds a fiber where it is, while the world goes on. */
  class Holding extends Scheduler.MixedScheduler {
    held: Array<() => void> | undefined

    constructor() {
      super(2048)
    }

    override scheduleTask(task: () => void, priority: number): void {
      if (this.held === undefined) super.scheduleTask(task, priority)
      else this.held.push(task)
    }

    release(): void {
      const held = this.held ?? []
      this.held = undefined
      for (const task of held) task()
    }
  }

  it.scopedLive("whose answer is there leaves alone the connection, which serves another by now", () =>
    Effect.gen(function* () {
      const answers: Array<() => void> = []
      const server = yield* bare((socket) =>
        onRequest(socket, (nth) => answers.push(() => socket.write(answer(`${nth}`))))
      )
      const transport = yield* make({ connections: 1 })
      const scheduler = new Holding()
      const first = Effect.runFork(transport.get(server.origin), { scheduler })
      yield* until(() => answers.length === 1)
      const second = yield* Effect.fork(text(transport.get(server.origin)))
      yield* Effect.yieldNow()
      scheduler.held = []
      answers[0]?.()
      yield* until(() => answers.length === 2)
      first.unsafeInterruptAsFork(first.id())
      scheduler.release()
      expect(Exit.isInterrupted(yield* Fiber.await(first))).toBe(true)
      answers[1]?.()
      expect(yield* Fiber.join(second)).toBe("1")
      expect(server.sockets.length).toBe(1)
    })
  )
})

// -------------------------------------------------------------------------------------------------
// Connections
// -------------------------------------------------------------------------------------------------

describe("the pool", () => {
  it.scopedLive("opens as many connections as it may, and uses them again", () =>
    Effect.gen(function* () {
      let most = 0
      const server = yield* web((_, response) => {
        most = Math.max(most, server.open())
        setTimeout(() => response.end("ok"), 2)
      })
      const client = reliable(yield* make({ connections: 5 }))
      const before = resources()
      yield* Effect.forEach(Array.from({ length: 60 }), () => client.execute(sending(server.origin)), {
        concurrency: "unbounded"
      })
      expect([most, server.sockets.length, server.requests.length]).toEqual([5, 5, 60])
      yield* Effect.forEach(Array.from({ length: 20 }), () => client.get(server.origin))
      expect(server.sockets.length).toBe(5)
      expect(resources()["Timeout"] ?? 0).toBeLessThanOrEqual(before["Timeout"] ?? 0)
    })
  )

  it.scopedLive("does not connect anew for each of those who give up together", () =>
    Effect.gen(function* () {
      const port = yield* deafPort
      const server = yield* web(silent)
      const client = reliable(yield* make({ connections: 2 }), { attempt: 80 })
      for (const origin of [`http://127.0.0.1:${port}`, server.origin]) {
        const before = resources()
        const calls = Array.from({ length: 100 }, () => failure(client.get(origin)))
        const errors = yield* Effect.all(calls, { concurrency: "unbounded" })
        expect(new Set(errors.map(({ reason }) => reason))).toEqual(new Set(["Timeout"]))
        // eight of them are the deaf port's own
        expect(process.getActiveResourcesInfo().filter((name) => name === "ConnectWrap").length).toBeLessThan(16)
        yield* Effect.promise(() => nothingLeft(before))
      }
      // one for each would be a hundred
      expect(server.sockets.length).toBeLessThan(30)
    })
  )

  it.scopedLive("fails of a failed connection the one that it was made for", () =>
    Effect.gen(function* () {
      const certificate = selfSigned("127.0.0.1", 2020, 2049)
      const server = yield* web(echo, certificate)
      // with TLS it takes more than to be accepted to be connected
      const front = yield* bare((socket, nth) => {
        if (nth === 1) socket.destroy()
        else socket.pipe(net.connect(server.port, "127.0.0.1")).pipe(socket)
      })
      const client = reliable(yield* make({ connections: 3, tls: { ca: certificate.cert } }))
      const call = (n: number) => Effect.either(text(client.get(`https://127.0.0.1:${front.port}/${n}`)))
      const results = yield* Effect.all([call(0), call(1), call(2), call(3)], { concurrency: 4 })
      expect(results.map((result) => (result._tag === "Right" ? result.right : result.left.reason))).toEqual([
        "GET /0 ",
        "Connect",
        "GET /2 ",
        "GET /3 "
      ])
    })
  )

  for (const [keepAlive, expected] of [
    ["1 minute", 1],
    ["40 millis", 2],
    [0, 3]
  ] as const) {
    it.scopedLive(`keeps an idle connection for ${keepAlive}`, () =>
      Effect.gen(function* () {
        const server = yield* web(echo)
        const client = reliable(yield* make({ keepAlive }))
        yield* client.get(server.origin)
        yield* client.get(server.origin)
        yield* pause(150)
        if (keepAlive !== "1 minute") yield* until(() => server.open() === 0)
        yield* client.get(server.origin)
        expect(server.sockets.length).toBe(expected)
      })
    )
  }

  it.scopedLive("keeps one no longer than the server says, and none that it is told to close", () =>
    Effect.gen(function* () {
      const server = yield* bare((socket, nth) =>
        onRequest(socket, () =>
          socket.write(answer("ok", nth === 0 ? "keep-alive: timeout=1\r\n" : nth === 1 ? "connection: close\r\n" : ""))
        )
      )
      const client = reliable(yield* make())
      for (let n = 0; n < 4; n++) expect(yield* text(client.get(server.origin))).toBe("ok")
      expect(server.sockets.length).toBe(3)
    })
  )

  const framings: Record<string, readonly [bytes: string, body: string, HttpClientRequest.HttpClientRequest?]> = {
    "an answer in chunks": [
      "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
      "abc"
    ],
    "one without a body": ["HTTP/1.1 204 No Content\r\n\r\n", ""],
    "one after early hints": [`HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n${answer("late")}`, "late"],
    "one without a reason": ["HTTP/1.1 200\r\ncontent-length: 1\r\n\r\nx", "x"],
    "one to DELETE": [answer("gone"), "gone", del("/")]
  }
  for (const [what, [bytes, body, request = get("/")]] of Object.entries(framings)) {
    it.scopedLive(`goes on using a connection after ${what}`, () =>
      Effect.gen(function* () {
        const server = yield* bare((socket) => onRequest(socket, () => socket.write(bytes)))
        const client = reliable(yield* make())
        const call = client.execute(HttpClientRequest.prependUrl(request, server.origin))
        for (let n = 0; n < 3; n++) expect(yield* text(call)).toBe(body)
        expect(server.sockets.length).toBe(1)
      })
    )
  }

  it.scopedLive("reads the answer to a HEAD without waiting for a body, and one that ends with its connection", () =>
    Effect.gen(function* () {
      const server = yield* bare((socket, nth) =>
        onRequest(socket, () =>
          nth === 0
            ? socket.write("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
            : socket.end("HTTP/1.1 200 OK\r\n\r\nto the end")
        )
      )
      const client = reliable(yield* make())
      const { headers, status } = yield* client.head(server.origin)
      expect([status, headers["content-length"]]).toEqual([200, "1000"])
      expect(yield* text(client.get(server.origin))).toBe("to the end")
    })
  )

  it.scopedLive("uses no connection again that brought less or more than announced", () =>
    Effect.gen(function* () {
      const server = yield* bare((socket, nth) =>
        onRequest(socket, () => {
          const bytes = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n"
          if (nth === 0) socket.end(`${bytes}ab`)
          else socket.write(nth === 1 ? `${bytes}abcdef` : answer())
        })
      )
      const client = reliable(yield* make())
      expect(yield* failure(client.get(server.origin))).toMatchObject({ reason: "ConnectionLost", delivery: "Partial" })
      expect(yield* text(client.get(server.origin))).toBe("abcd")
      expect(yield* text(client.get(server.origin))).toBe("ok")
      expect(server.sockets.length).toBe(3)
    })
  )

  for (const keeps of [true, false]) {
    it.scopedLive(`takes an answer for one that comes before the request was read, ${keeps ? "kept" : "closed"}`, () =>
      Effect.gen(function* () {
        const large = Buffer.alloc(8 * 2 ** 20)
        const server = yield* bare((socket, nth) => {
          socket.once("data", () => {
            if (nth > 0) {
              socket.write(answer())
              return
            }
            socket.pause()
            const bytes = `HTTP/1.1 413 Too Large\r\ncontent-length: 2\r\n${keeps ? "" : "connection: close\r\n"}\r\nno`
            socket.write(bytes)
          })
        })
        const client = reliable(yield* make({ connections: 1 }), { write: "2 seconds" })
        const error = yield* failure(client.post(server.origin, { body: HttpBody.uint8Array(large) }))
        expect(error).toMatchObject({ reason: "TooLarge", status: 413, delivery: "Acknowledged" })
        expect(yield* text(client.get(server.origin))).toBe("ok")
      })
    )
  }

  it.scopedLive("keeps origins apart: one that is busy does not hold up another", () =>
    Effect.gen(function* () {
      const [busy, free] = yield* Effect.all([web(silent), web(echo)])
      const client = reliable(yield* make({ connections: 1 }))
      const fiber = yield* Effect.fork(client.get(busy.origin))
      yield* until(() => busy.requests.length === 1)
      expect(yield* text(client.get(free.origin))).toBe("GET / ")
      yield* Fiber.interrupt(fiber)
    })
  )

  it.scopedLive("sends the host that it is told", () =>
    Effect.gen(function* () {
      const server = yield* web(echo)
      const client = reliable(yield* make())
      const hosts = ["one.test", "two.test:81", "one.test"]
      for (const host of hosts) yield* client.execute(HttpClientRequest.setHeader(get(server.origin), "host", host))
      yield* client.get(server.origin)
      expect(server.requests.map(({ headers }) => headers.host)).toEqual([...hosts, server.origin.slice(7)])
    })
  )

  it.scopedLive("sends the user and password of a URL, and shows them to nobody else", () =>
    Effect.gen(function* () {
      const server = yield* web(echo)
      const client = reliable(yield* make())
      const url = server.origin.replace("//", "//me:p%40ss@")
      yield* client.get(url)
      expect(server.requests[0]?.headers.authorization).toBe(`Basic ${btoa("me:p@ss")}`)
      const port = yield* closedPort
      const error = yield* failure(client.get(`http://me:p%40ss@127.0.0.1:${port}`))
      expect(JSON.stringify(error) + error.message).not.toContain("p%40ss")
    })
  )

  it.live("closes with its scope: all sockets, whatever is in flight or waits, and nothing after", () =>
    Effect.gen(function* () {
      const server = yield* web((request, response) => {
        if (request.url === "/half") response.write("half")
        if (request.url === "/whole") response.end("whole")
      })
      const connecting = yield* deafPort
      const before = resources()
      const [client, fibers] = yield* Effect.scoped(
        Effect.gen(function* () {
          const client = yield* make({ connections: 2 })
          yield* text(client.get(`${server.origin}/whole`))
          const urls = ["/silent", "/half", "/waits"].map((path) => server.origin + path)
          const fibers = yield* Effect.forEach([...urls, `http://127.0.0.1:${connecting}`], (url) =>
            Effect.fork(failure(text(client.get(url))))
          )
          yield* until(() => server.requests.length === 3)
          // the half is to arrive
          yield* Effect.sleep("200 millis")
          return [client, fibers] as const
        })
      )
      yield* until(() => server.open() === 0)
      const errors = yield* Effect.forEach(fibers, Fiber.join)
      expect(errors.map(({ delivery, reason }) => `${reason} ${delivery}`)).toEqual([
        "Aborted Unconfirmed",
        "Aborted Partial",
        "Aborted NotSent",
        "Aborted NotSent"
      ])
      expect(yield* failure(client.get(server.origin))).toMatchObject({
        reason: "Aborted",
        delivery: "NotSent",
        detail: "the transport was closed"
      })
      expect(server.requests.length).toBe(3)
      yield* Effect.promise(() => nothingLeft(before))
    }).pipe(Effect.scoped)
  )

  it.scopedLive("is closed whole, also where a kept connection was lost just before", () =>
    Effect.gen(function* () {
      const server = yield* bare((socket, nth) =>
        onRequest(socket, () => {
          socket.write(answer())
          if (nth < 3) setImmediate(() => socket.destroy())
        })
      )
      yield* Effect.scoped(
        Effect.gen(function* () {
          const client = reliable(yield* make({ connections: 2 }))
          for (let n = 0; n < 10; n++) {
            yield* Effect.all([client.get(server.origin), client.get(server.origin)], { concurrency: 2 })
          }
        })
      )
      yield* until(() => server.open() === 0)
    })
  )

  it.scopedLive("is as a layer what it is made as", () =>
    Effect.gen(function* () {
      const server = yield* web(echo)
      const call = Effect.flatMap(HttpClient.HttpClient, (client) => text(client.get(server.origin)))
      expect(yield* Effect.provide(call, Transport.layer())).toBe("GET / ")
      expect(yield* Effect.provide(call, Transport.layer({ connections: 1 }))).toBe("GET / ")
      yield* until(() => server.open() === 0)
    })
  )
})

// -------------------------------------------------------------------------------------------------
// Bodies
// -------------------------------------------------------------------------------------------------

describe("a body that is sent", () => {
  /** Tells of a request what it consisted of. */
  const tell = onBody((body, { headers }, response) => {
    const { "content-length": length, "content-type": type, "transfer-encoding": encoding } = headers
    response.setHeader("content-type", "application/json")
    response.end(JSON.stringify({ length, type, encoding, body: body.toString("latin1") }))
  })

  const form = (): FormData => {
    const form = new FormData()
    form.append("a", "ä")
    form.append("file", new Blob(["file"], { type: "text/x" }), "name.txt")
    return form
  }

  const readable = () => Readable.from([Buffer.from("ab"), "cd"])
  const webStream = () => new Blob(["abcd"]).stream()
  const stream = () => Stream.encodeText(Stream.make("ab", "cd"))
  const chunked = { encoding: "chunked", body: "abcd" }
  const sized = { length: "4", encoding: undefined, body: "abcd" }

  const bodies: Record<string, readonly [body: () => HttpBody.HttpBody, expected: object]> = {
    nothing: [() => HttpBody.empty, { length: "0", body: "" }],
    "a string": [() => HttpBody.raw("abcd"), sized],
    "a text": [
      () => HttpBody.text("äöü"),
      { length: "6", type: "text/plain", body: "\u00c3\u00a4\u00c3\u00b6\u00c3\u00bc" }
    ],
    bytes: [() => HttpBody.uint8Array(new TextEncoder().encode("abcdef").subarray(0, 4)), sized],
    "an ArrayBuffer": [() => HttpBody.raw(new Uint8Array([97, 98, 99, 100]).buffer), sized],
    JSON: [() => HttpBody.unsafeJson({ a: 1 }), { length: "7", type: "application/json", body: '{"a":1}' }],
    parameters: [
      () => HttpBody.raw(new URLSearchParams({ a: "b c" })),
      { length: "5", type: "application/x-www-form-urlencoded;charset=UTF-8", body: "a=b+c" }
    ],
    "a blob": [() => HttpBody.raw(new Blob(["abcd"], { type: "text/blob" })), { ...sized, type: "text/blob" }],
    "a form": [() => HttpBody.formData(form()), { type: matching(/^multipart\/form-data; boundary=/) }],
    "a raw form": [() => HttpBody.raw(form()), { body: matching(/filename="name.txt"/) }],
    "a stream": [() => HttpBody.stream(stream()), chunked],
    "a stream of known length": [() => HttpBody.stream(stream(), "text/x", 4), { ...sized, type: "text/x" }],
    "an empty stream": [() => HttpBody.stream(Stream.empty), { length: "0", body: "" }],
    "a stream of the web": [() => HttpBody.raw(webStream()), chunked],
    "a stream of the web, of known length": [() => HttpBody.raw(webStream(), { contentLength: 4 }), sized],
    "a stream of Node": [() => HttpBody.raw(readable()), chunked],
    "a stream of Node, of known length": [() => HttpBody.raw(readable(), { contentLength: 4 }), sized]
  }

  it.scopedLive("encodes forms as `fetch` does, and says how long they are", () =>
    Effect.gen(function* () {
      const received: Array<readonly [body: Buffer, headers: http.IncomingHttpHeaders]> = []
      const server = yield* web(
        onBody((body, { headers }, response) => {
          received.push([body, headers])
          response.end()
        })
      )
      const form = new FormData()
      form.append("plain", "text")
      form.append('a "name"\r\nof\ntwo lines', "a\nb\rc\r\nd")
      form.append("empty", "")
      form.append("file", new Blob([new Uint8Array([0, 13, 10, 45, 45, 255])]), 'a "file".bin')
      form.append("file", new File(["ä"], "ä.txt", { type: "text/plain" }))
      const client = yield* make()
      yield* client.execute(HttpClientRequest.setBody(post(server.origin), HttpBody.formData(form)))
      yield* Effect.promise(() => fetch(server.origin, { method: "POST", body: form }))

      const [ours, theirs] = received.map(([body, headers]) => {
        const boundary = /boundary=(.*)/.exec(headers["content-type"] ?? "")?.[1] ?? ""
        expect(headers["content-length"]).toBe(`${body.length}`)
        expect(headers["transfer-encoding"]).toBeUndefined()
        return body.toString("latin1").replaceAll(boundary, "boundary").trimEnd()
      })
      expect(ours).toBe(theirs)
    })
  )

  for (const [what, [body, expected]] of Object.entries(bodies)) {
    it.scopedLive(`arrives as it was: ${what}`, () =>
      Effect.gen(function* () {
        const server = yield* web(tell)
        const transport = yield* make()
        for (const client of both(transport)) {
          const call = Effect.flatMap(
            client.execute(HttpClientRequest.setBody(post(server.origin), body())),
            ({ json }) => json
          )
          const told = yield* call
          expect({ encoding: undefined, length: undefined, ...(told as object) }).toMatchObject(expected)
        }
        expect(server.sockets.length).toBe(1)
      })
    )
  }

  it.scopedLive("may be large", () =>
    Effect.gen(function* () {
      const server = yield* web(onBody(({ length }, _, response) => response.end(`${length}`)))
      const client = reliable(yield* make())
      const large = new Uint8Array(20 * 2 ** 20)
      const pieces = Stream.fromChunk(Chunk.fromIterable(Array.from({ length: 320 }, () => new Uint8Array(2 ** 16))))
      for (const body of [HttpBody.uint8Array(large), HttpBody.stream(pieces), HttpBody.raw(new Blob([large]))]) {
        expect(yield* text(client.post(server.origin, { body }))).toBe(`${20 * 2 ** 20}`)
      }
      expect(server.sockets.length).toBe(1)
    })
  )

  class Broken extends Error {
    override readonly name = "Broken"
    readonly code = "ECONNRESET"
  }

  const unavailable = new ApiError.Transient({ reason: "Unavailable", delivery: "Acknowledged", status: 503 })
  const failing = (after: string, error: Error) =>
    Readable.from(
      (async function* () {
        if (after !== "") yield after
        throw error
      })()
    )

  const failures: Record<string, readonly [body: () => HttpBody.HttpBody, name: string, delivery: ApiError.Delivery]> =
    {
      "before it began": [() => HttpBody.stream(Stream.fail(new Broken("secret"))), "Broken", "NotSent"],
      midway: [
        () => HttpBody.stream(Stream.concat(Stream.make(new Uint8Array(9)), Stream.fail(new Broken("secret")))),
        "Broken",
        "Unconfirmed"
      ],
      "midway, with an error that looks like the call's own": [
        () => HttpBody.stream(Stream.concat(Stream.make(new Uint8Array(9)), Stream.fail(unavailable))),
        "Transient",
        "Unconfirmed"
      ],
      "midway, with a defect": [
        () => HttpBody.stream(Stream.concat(Stream.make(new Uint8Array(9)), Stream.die(new Broken("secret")))),
        "Broken",
        "Unconfirmed"
      ],
      "as a stream of Node": [() => HttpBody.raw(failing("abc", new Broken("secret"))), "Broken", "Unconfirmed"],
      "by a piece that is none": [() => HttpBody.raw(Readable.from([{ a: 1 }])), "TypeError", "NotSent"]
    }

  for (const [when, [body, name, delivery]] of Object.entries(failures)) {
    it.scopedLive(`that fails ${when} is the caller's fault, and named`, () =>
      Effect.gen(function* () {
        const server = yield* web(silent)
        const client = reliable(yield* make())
        const error = yield* failure(client.post(server.origin, { body: body() }))
        expect(error).toMatchObject({ _tag: "Fatal", reason: "InvalidRequest", delivery, method: "POST" })
        expect(error.detail).toBe(`the stream that was to be sent failed: ${name}`)
        expect(JSON.stringify(error)).not.toContain("secret")
        yield* until(() => server.open() === 0)
        expect(server.requests.length).toBe(delivery === "NotSent" ? 0 : 1)
      })
    )
  }

  it.scopedLive("of Node that breaks before there is a connection does no harm", () =>
    Effect.gen(function* () {
      const server = yield* web(silent)
      const client = reliable(yield* make({ connections: 1 }))
      const first = yield* Effect.fork(client.get(server.origin))
      yield* until(() => server.requests.length === 1)
      const body = new Readable({ read: () => undefined })
      const second = yield* Effect.fork(failure(client.post(server.origin, { body: HttpBody.raw(body) })))
      yield* Effect.yieldNow()
      body.destroy(new Broken("no such file"))
      yield* pause(10)
      yield* Fiber.interrupt(first)
      expect(yield* Fiber.join(second)).toMatchObject({ reason: "InvalidRequest", delivery: "NotSent" })
    })
  )

  it.scopedLive("that is longer or shorter than announced fails", () =>
    Effect.gen(function* () {
      const server = yield* web(silent)
      const client = reliable(yield* make())
      for (const length of [2, 9]) {
        const call = client.post(server.origin, { body: HttpBody.stream(stream(), "text/x", length) })
        expect(yield* failure(call)).toMatchObject({ reason: "InvalidRequest" })
      }
      yield* until(() => server.open() === 0)
    })
  )

  it.scopedLive("is not read on when its request ends: a silent source is released", () =>
    Effect.gen(function* () {
      const server = yield* bare((socket, nth) =>
        socket.once("data", () => {
          if (nth % 3 === 0) socket.resetAndDestroy()
          else if (nth % 3 === 1) socket.write("HTTP/1.1 413 No\r\ncontent-length: 0\r\n\r\n")
        })
      )
      const client = reliable(yield* make(), { attempt: 100 })
      let released = 0
      const release = () => void released++
      const sources: ReadonlyArray<() => HttpBody.HttpBody> = [
        () =>
          HttpBody.stream(
            Stream.ensuring(Stream.concat(Stream.make(new Uint8Array(1)), Stream.never), Effect.sync(release))
          ),
        () => {
          let begun = false
          const read = function (this: Readable) {
            if (!begun) this.push("x")
            begun = true
          }
          return HttpBody.raw(new Readable({ read }).on("close", release))
        },
        () =>
          HttpBody.raw(
            new ReadableStream({ start: (controller) => controller.enqueue(new Uint8Array(1)), cancel: release })
          )
      ]
      for (const source of sources) {
        // reset, answered early, and timed out
        for (let n = 0; n < 3; n++) yield* failure(client.post(server.origin, { body: source() }))
      }
      yield* until(() => released === 9)
    })
  )

  it.scopedLive("that is a stream is read once, also where a kept connection turns out to be closed", () =>
    Effect.gen(function* () {
      let runs = 0
      const server = yield* bare((socket) =>
        onRequest(socket, () => {
          socket.write(answer())
          setImmediate(() => socket.destroy())
        })
      )
      const client = reliable(yield* make())
      for (let n = 0; n < 20; n++) {
        const body = Stream.suspend(() => {
          runs++
          return stream()
        })
        yield* Effect.exit(client.post(server.origin, { body: HttpBody.stream(body) }))
        expect(runs).toBeLessThanOrEqual(n + 1)
      }
    })
  )
})

// -------------------------------------------------------------------------------------------------
// Answers
// -------------------------------------------------------------------------------------------------

describe("an answer", () => {
  it.scopedLive("has status, headers, cookies, address and body in all forms, whole or as it comes", () =>
    Effect.gen(function* () {
      const server = yield* web((request, response) => {
        response.statusCode = 201
        response.setHeader("X-Twice", ["1", "2"])
        response.setHeader("Set-Cookie", ["a=1; Path=/", "b=2"])
        if (request.url === "/form") {
          response.setHeader("content-type", "application/x-www-form-urlencoded")
          response.end("a=b")
        } else response.end('{"a":"ä"}')
      })
      const transport = yield* make()
      for (const client of both(transport)) {
        const call = client.get(server.origin)
        const { cookies, headers, remoteAddress, status } = yield* call
        expect([status, headers["x-twice"], remoteAddress]).toEqual([201, "1, 2", Option.some("127.0.0.1")])
        expect(Object.keys(cookies.cookies)).toEqual(["a", "b"])
        const bytes = new TextEncoder().encode('{"a":"ä"}')
        expect(yield* Effect.flatMap(call, ({ json }) => json)).toEqual({ a: "ä" })
        expect(yield* Effect.flatMap(call, ({ text }) => text)).toBe('{"a":"ä"}')
        expect(new Uint8Array(yield* Effect.flatMap(call, ({ arrayBuffer }) => arrayBuffer))).toEqual(bytes)
        expect(yield* Effect.flatMap(call, ({ stream }) => Stream.mkString(Stream.decodeText(stream)))).toBe(
          '{"a":"ä"}'
        )
        const other = client.get(`${server.origin}/form`)
        expect((yield* Effect.flatMap(other, ({ formData }) => formData)).get("a")).toBe("b")
        expect(yield* Effect.flatMap(other, ({ urlParamsBody }) => urlParamsBody)).toEqual([["a", "b"]])
      }
      yield* until(() => server.open() <= 2)
    })
  )

  it.scopedLive("that comes as a stream is read whole as often as asked, and piece by piece once", () =>
    Effect.gen(function* () {
      const server = yield* web(echo)
      const client = yield* make()
      const whole = yield* client.get(server.origin)
      expect([yield* whole.text, yield* whole.text]).toEqual(["GET / ", "GET / "])
      expect(yield* Stream.mkString(Stream.decodeText(whole.stream))).toBe("GET / ")
      const pieces = yield* client.get(server.origin)
      yield* Stream.runDrain(pieces.stream)
      for (const again of [pieces.text, Stream.runDrain(pieces.stream)]) {
        expect(yield* Effect.flip(again)).toMatchObject({ _tag: "ResponseError", reason: "Decode" })
      }
    })
  )

  it.scopedLive("holds the server up while nobody reads it", () =>
    Effect.gen(function* () {
      let written = 0
      let blocked = false
      const server = yield* web((_, response) => {
        const chunk = Buffer.alloc(2 ** 16)
        const go = () => {
          while (written < 2 ** 26) {
            written += chunk.length
            if (!response.write(chunk)) {
              blocked = true
              response.once("drain", go)
              return
            }
          }
          response.end()
        }
        go()
      })
      const client = yield* make()
      const { stream } = yield* client.get(server.origin)
      yield* pause(100)
      expect(blocked).toBe(true)
      const held = written
      expect(held).toBeLessThan(2 ** 25)
      yield* pause(50)
      expect(written).toBe(held)
      expect(yield* Stream.runFold(stream, 0, (size, chunk) => size + chunk.length)).toBe(2 ** 26)
      expect(server.open()).toBe(1)
    })
  )

  it.scopedLive("that breaks off fails its reader after what arrived", () =>
    Effect.gen(function* () {
      const server = yield* bare((socket) =>
        onRequest(socket, () => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf"))
      )
      const client = yield* make()
      const { stream } = yield* client.get(server.origin)
      yield* pause(20)
      let seen = ""
      const error = yield* failure(
        Stream.runForEach(Stream.decodeText(stream), (piece) => Effect.sync(() => void (seen += piece)))
      )
      expect([seen, error.reason, error.delivery]).toEqual(["half", "ConnectionLost", "Partial"])
    })
  )

  it.scopedLive("frees its connection when its reader stops, and when it is collected unread", () =>
    Effect.gen(function* () {
      const server = yield* web((_, response) => void response.write("half"))
      const client = yield* make()
      const { stream } = yield* client.get(server.origin)
      yield* Stream.runHead(stream)
      yield* until(() => server.open() === 0)

      setFlagsFromString("--expose-gc")
      // which the flag has made a global
      const collect = runInNewContext("gc") as () => void
      // what a fiber ended with is as good as forgotten with the fiber
      yield* Effect.forEach([1, 2, 3], () => Fiber.await(Effect.runFork(client.get(server.origin))), { discard: true })
      expect(server.open()).toBe(3)
      yield* until(() => {
        collect()
        return server.open() === 0
      }, 5000)
    })
  )

  it.scopedLive("of a failure is drained to keep the connection, within bounds", () =>
    Effect.gen(function* () {
      const server = yield* web((request, response) => {
        response.statusCode = 503
        if (request.url === "/small") response.end("x".repeat(200_000))
        else if (request.url === "/large") response.end("x".repeat(3 * 2 ** 20))
        else response.write('{"error":{"message":"half"')
      })
      const transport = yield* make()
      const client = reliable(transport)
      for (let n = 0; n < 10; n++) yield* failure(client.get(`${server.origin}/small`))
      expect(server.sockets.length).toBe(1)
      expect(yield* failure(client.get(`${server.origin}/large`))).toMatchObject({ status: 503 })
      yield* until(() => server.open() === 0)
      const [elapsed, error] = yield* Effect.timed(failure(client.get(`${server.origin}/stalls`)))
      expect(error).toMatchObject({ status: 503, delivery: "Acknowledged" })
      expect(Duration.toMillis(elapsed)).toBeLessThan(400)
      // its status tells more than the limit that it runs into
      const brief = reliable(transport, { attempt: 100 })
      expect(yield* failure(brief.get(`${server.origin}/stalls`))).toMatchObject({ status: 503 })
      yield* until(() => server.open() === 0)
    })
  )

  it.scopedLive("that is too long fails, and its connection is closed", () =>
    Effect.gen(function* () {
      const server = yield* web((_, response) => response.end("x".repeat(100_000)))
      const client = ReliableHttpClient.make(yield* make(), { workload: workload(), maxBody: 99_999 })
      expect(yield* failure(client.get(`${server.origin}/a`))).toMatchObject({
        reason: "AnswerTooLarge",
        delivery: "Partial",
        url: `${server.origin}/a`
      })
      yield* until(() => server.open() === 0)
      const enough = ReliableHttpClient.make(yield* make(), { workload: workload(), maxBody: 100_000 })
      expect((yield* text(enough.get(server.origin))).length).toBe(100_000)
    })
  )
})

// -------------------------------------------------------------------------------------------------
// Encodings
// -------------------------------------------------------------------------------------------------

describe("an answer that was compressed", () => {
  /** Since Node 22.15, which is newer than the types. */
  const { zstdCompressSync } = zlib as { readonly zstdCompressSync?: (bytes: Buffer) => Buffer }

  const encoders: Record<string, (bytes: Buffer) => Buffer> = {
    gzip: (bytes) => zlib.gzipSync(bytes),
    "x-gzip": (bytes) => zlib.gzipSync(bytes),
    GZip: (bytes) => zlib.gzipSync(bytes),
    "identity, gzip": (bytes) => zlib.gzipSync(bytes),
    deflate: (bytes) => zlib.deflateSync(bytes),
    "deflate ": (bytes) => zlib.deflateRawSync(bytes),
    br: (bytes) => zlib.brotliCompressSync(bytes, { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 1 } }),
    ...(zstdCompressSync !== undefined && { zstd: zstdCompressSync })
  }

  const unknown = ["compress", "gzip, br", "dcz", ...(zstdCompressSync === undefined ? ["zstd"] : [])]

  /** Answers with an encoding, whatever the bytes are. */
  const encoded =
    (encoding: string, bytes: Buffer | string, status = 200, type = "application/json"): http.RequestListener =>
    (_, response) => {
      response.writeHead(status, { "content-type": type, "content-encoding": encoding, "x-more": "1" })
      response.end(bytes)
    }

  /** What all that decode gzip have in common. */
  const decoder = () => Object.getPrototypeOf(zlib.createGunzip()) as zlib.Gunzip

  const quota = Buffer.from(`{"error":{"message":"No more.","code":"insufficient_quota"}}`)

  for (const [encoding, encode] of Object.entries(encoders)) {
    it.scopedLive(`is read as if it had not been: ${encoding}`, () =>
      Effect.gen(function* () {
        const long = Buffer.from(JSON.stringify(Array.from({ length: 20_000 }, (_, nth) => `ä${nth}`)))
        const bytes = new Map<string | undefined, Buffer>([
          ["/", encode(long)],
          ["/short", encode(Buffer.from("{}"))],
          ["/429", encode(quota)]
        ])
        const server = yield* web((request, response) => {
          const body = bytes.get(request.url) ?? ""
          response.setHeader("content-length", body.length)
          encoded(encoding, body, request.url === "/429" ? 429 : 200)(request, response)
        })
        const dispatcher = new undici.Agent({ connections: 1 })
        yield* Effect.addFinalizer(() => Effect.promise(() => dispatcher.destroy()))
        for (const options of [{ connections: 1 }, { dispatcher }]) {
          const transport = yield* make(options)
          for (const client of both(transport)) {
            const answer = yield* client.get(server.origin)
            expect(yield* answer.text).toBe(long.toString())
            expect(answer.headers).toMatchObject({ "content-type": "application/json", "x-more": "1" })
            expect(answer.headers).not.toHaveProperty("content-encoding")
            expect(answer.headers).not.toHaveProperty("content-length")
            const known = "connections" in options
            expect(answer.remoteAddress).toEqual(known ? Option.some("127.0.0.1") : Option.none())
            expect(yield* Effect.flatMap(client.get(`${server.origin}/short`), ({ json }) => json)).toEqual({})
          }
          const client = ReliableHttpClient.make(transport, { workload: workload(), dialect: Dialect.openai })
          expect(yield* failure(client.get(`${server.origin}/429`))).toMatchObject({
            reason: "QuotaExhausted",
            code: "insufficient_quota",
            detail: "No more.",
            delivery: "Acknowledged"
          })
        }
        expect(server.sockets.length).toBe(2)
      })
    )
  }

  for (const encoding of ["identity", "utf-8", ""]) {
    it.scopedLive(`is left as it is where the header names no compression: "${encoding}"`, () =>
      Effect.gen(function* () {
        const server = yield* web(encoded(encoding, "{}"))
        for (const client of both(yield* make())) {
          const answer = yield* client.get(server.origin)
          expect([yield* answer.text, answer.headers["content-encoding"]]).toEqual(["{}", encoding])
        }
      })
    )
  }

  it.scopedLive("may be empty", () =>
    Effect.gen(function* () {
      const server = yield* web((request, response) => {
        response.statusCode = Number(request.url?.slice(1))
        response.setHeader("content-encoding", "gzip")
        if (request.method === "HEAD") response.setHeader("content-length", 50)
        response.end()
      })
      for (const client of both(yield* make({ connections: 1 }))) {
        for (const status of [200, 204]) expect(yield* text(client.get(`${server.origin}/${status}`))).toBe("")
        expect(server.open()).toBe(1)
        const { headers } = yield* client.head(`${server.origin}/200`)
        expect([headers["content-encoding"], headers["content-length"]]).toEqual(["gzip", "50"])
        // which undici closes
        yield* until(() => server.open() === 0)
      }
    })
  )

  for (const [encoding, compress] of [
    ["gzip", () => zlib.createGzip()],
    ["br", () => zlib.createBrotliCompress()]
  ] as const) {
    it.scopedLive(`is handed out event by event: ${encoding}`, () =>
      Effect.gen(function* () {
        let goOn = (): void => undefined
        const server = yield* web((_, response) => {
          response.writeHead(200, { "content-type": "text/event-stream", "content-encoding": encoding })
          const stream = compress()
          stream.pipe(response)
          stream.write("data: one\n\n")
          stream.flush()
          goOn = () => stream.end("data: two\n\ndata: [DONE]\n\n")
        })
        const client = reliable(yield* make())
        const seen: Array<string> = []
        const events = EventStream.open(get(server.origin), { client, workload: workload() })
        yield* Stream.runForEach(events, ({ data }) =>
          Effect.sync(() => {
            seen.push(data)
            goOn()
          })
        )
        expect(seen).toEqual(["one", "two"])
        expect(server.requests.length).toBe(1)
      })
    )
  }

  it.scopedLive("is bounded by what comes out of it, and its connection closed", () =>
    Effect.gen(function* () {
      const bomb = zlib.gzipSync(Buffer.alloc(2 ** 26))
      expect(bomb.length).toBeLessThan(99_999)
      const server = yield* web((request, response) =>
        encoded("gzip", bomb, Number(request.url?.slice(1)))(request, response)
      )
      const transport = yield* make()
      const client = ReliableHttpClient.make(transport, { workload: workload(), maxBody: 99_999 })
      expect(yield* failure(client.get(`${server.origin}/200`))).toMatchObject({
        _tag: "Fatal",
        reason: "AnswerTooLarge",
        detail: "the limit is 99999 bytes"
      })
      // of a failure no more is decoded than would be read of it
      const written = vi.spyOn(Buffer, "concat")
      expect(yield* failure(client.get(`${server.origin}/503`))).toMatchObject({ status: 503 })
      for (const [chunks] of written.mock.calls) {
        expect(chunks.reduce((size, { length }) => size + length, 0)).toBeLessThan(2 ** 20)
      }
      written.mockRestore()
    })
  )

  it.scopedLive("holds the server up while nobody reads it", () =>
    Effect.gen(function* () {
      let written = 0
      let blocked = false
      // one after the other they are one answer
      const piece = zlib.gzipSync(randomBytes(2 ** 16))
      const count = 1000
      const server = yield* web((_, response) => {
        response.writeHead(200, { "content-encoding": "gzip" })
        const go = () => {
          while (written < count) {
            written++
            if (!response.write(piece)) {
              blocked = true
              response.once("drain", go)
              return
            }
          }
          response.end()
        }
        go()
      })
      const client = yield* make()
      const { stream } = yield* client.get(server.origin)
      yield* pause(100)
      expect(blocked).toBe(true)
      const held = written
      expect(held).toBeLessThan(count)
      yield* pause(50)
      expect(written).toBe(held)
      const size = yield* Stream.runFold(Stream.take(stream, 200), 0, (size, chunk) => size + chunk.length)
      expect(size).toBeGreaterThan(2 ** 20)
      yield* until(() => server.open() === 0)
    })
  )

  it.scopedLive(
    "is decoded no faster than it is read, and leaves its connection to others once all of it is here",
    () =>
      Effect.gen(function* () {
        const decoded = vi.spyOn(decoder(), "push")
        yield* Effect.addFinalizer(() => Effect.sync(() => decoded.mockRestore()))
        const size = () =>
          decoded.mock.calls.reduce((size, [chunk]) => size + (chunk instanceof Uint8Array ? chunk.length : 0), 0)
        const body = zlib.gzipSync(Buffer.alloc(2 ** 22))
        const server = yield* web((request, response) =>
          request.url === "/" ? encoded("gzip", body)(request, response) : response.end("ok")
        )
        const client = yield* make({ connections: 1 })
        const slow = yield* client.get(server.origin)
        const stopped = yield* client.get(server.origin)
        expect(yield* text(client.get(`${server.origin}/a`))).toBe("ok")
        yield* pause(50)
        expect(size()).toBeLessThan(2 ** 19)
        yield* Stream.runHead(stopped.stream)
        expect(yield* text(client.get(`${server.origin}/b`))).toBe("ok")
        expect((yield* slow.arrayBuffer).byteLength).toBe(2 ** 22)
        expect(server.sockets.length).toBe(1)
      })
  )

  it.scopedLive("that broke on its way fails as any that cannot be read, unless its status says enough", () =>
    Effect.gen(function* () {
      const whole = zlib.gzipSync(quota)
      for (const [encoding, bytes] of [
        ["gzip", whole.subarray(0, 20)],
        ["gzip", quota],
        ["deflate", quota],
        ["br", Buffer.alloc(100, "no brotli")],
        ["gzip", Buffer.concat([whole.subarray(0, -8), Buffer.alloc(8)])]
      ] as const) {
        const server = yield* web((request, response) =>
          encoded(encoding, bytes, Number(request.url?.slice(1)))(request, response)
        )
        const transport = yield* make()
        for (const client of [transport, reliable(transport)] satisfies ReadonlyArray<AnyClient>) {
          const call = text<unknown, unknown, never>(client.get(`${server.origin}/200`))
          expect(yield* failure(call)).toMatchObject({
            _tag: "Transient",
            reason: "InvalidAnswer",
            delivery: "Partial",
            detail: `the answer is no valid ${encoding}`
          })
        }
        expect(yield* failure(reliable(transport).get(`${server.origin}/429`))).toMatchObject({
          _tag: "RateLimit",
          status: 429
        })
        const events = yield* web(encoded(encoding, bytes, 200, "text/event-stream"))
        const open = EventStream.open(get(events.origin), { client: reliable(transport), workload: workload() })
        expect(yield* failure(Stream.runDrain(open))).toMatchObject({ _tag: "Transient", reason: "StreamBroken" })
      }
    })
  )

  for (const encoding of unknown) {
    it.scopedLive(`is refused, and not asked for again, where nobody here can read it: ${encoding}`, () =>
      Effect.gen(function* () {
        const server = yield* web((request, response) =>
          encoded(encoding, "??", Number(request.url?.slice(1)))(request, response)
        )
        const transport = yield* make()
        const client = ReliableHttpClient.make(transport, {
          workload: { ...workload(), retry: Retry.make({ attempts: 3, base: 1 }) }
        })
        const refused = {
          _tag: "Fatal",
          reason: "Decode",
          status: 200,
          detail: `the answer is encoded as ${encoding}, which is not decoded here`
        }
        expect(yield* failure(client.get(`${server.origin}/200`))).toMatchObject(refused)
        expect(yield* failure(client.get(`${server.origin}/400`))).toMatchObject({ _tag: "Fatal", status: 400 })
        expect(server.requests.length).toBe(2)
        const answer = yield* transport.get(`${server.origin}/302`)
        expect([answer.status, answer.headers["content-encoding"]]).toEqual([302, encoding])
        expect(yield* failure(answer.text)).toMatchObject({ ...refused, status: 302 })
        const events = yield* web(encoded(encoding, "??", 200, "text/event-stream"))
        expect(yield* failure(Stream.runDrain(EventStream.open(get(events.origin), { client })))).toMatchObject(refused)
        expect(events.requests.length).toBe(1)
        yield* until(() => server.open() === 0 && events.open() === 0)
      })
    )
  }

  it.scopedLive("leaves nothing behind, whoever stops", () =>
    Effect.gen(function* () {
      const destroyed = vi.spyOn(decoder(), "destroy")
      yield* Effect.addFinalizer(() => Effect.sync(() => destroyed.mockRestore()))
      const half = zlib.gzipSync(Buffer.alloc(2 ** 16, "half of it")).subarray(0, 100)
      const server = yield* web((_, response) => {
        response.setHeader("content-encoding", "gzip")
        response.write(half)
      })
      const before = resources()
      const transport = yield* make()
      const isOver = (times: number) =>
        until(() => server.open() === 0 && new Set(destroyed.mock.contexts).size === times)
      const call = yield* Effect.fork(reliable(transport).get(server.origin))
      yield* until(() => server.requests.length === 1)
      yield* pause(30)
      yield* Fiber.interrupt(call)
      yield* isOver(1)
      expect(yield* failure(reliable(transport, { read: 50 }).get(server.origin))).toMatchObject({ phase: "read" })
      yield* isOver(2)
      yield* Stream.runHead((yield* transport.get(server.origin)).stream)
      yield* isOver(3)
      const reader = yield* Effect.fork(text(transport.get(server.origin)))
      yield* until(() => server.requests.length === 4)
      yield* pause(30)
      yield* Fiber.interrupt(reader)
      yield* isOver(4)
      yield* Effect.promise(() => nothingLeft(before))
    })
  )
})

// -------------------------------------------------------------------------------------------------
// TLS
// -------------------------------------------------------------------------------------------------

describe("over TLS", () => {
  const valid = selfSigned("127.0.0.1", 2020, 2049)
  const named = selfSigned("localhost", 2020, 2049)
  const expired = selfSigned("127.0.0.1", 2001, 2002)
  const client = selfSigned("client.test", 2020, 2049)

  it.scopedLive("a server is believed whose certificate is given, by its address or its name", () =>
    Effect.gen(function* () {
      const [byAddress, byName] = yield* Effect.all([web(echo, valid), web(echo, named)])
      const transport = reliable(yield* make({ tls: { ca: [valid.cert, named.cert] } }))
      expect(yield* text(transport.execute(sending(byAddress.origin)))).toBe("POST / hello")
      expect(yield* text(transport.get(`https://localhost:${byName.port}`))).toBe("GET / ")
      // the name that is asked for is the one to be proved
      const asked = HttpClientRequest.setHeader(get(byName.origin), "host", `localhost:${byName.port}`)
      expect(yield* text(transport.execute(asked))).toBe("GET / ")
      yield* transport.get(byAddress.origin)
      expect([byAddress.sockets.length, byName.sockets.length]).toEqual([1, 2])
    })
  )

  const untrusted: Record<string, readonly [certificate: typeof valid, ca: string | undefined, code: string]> = {
    "whom nobody vouches for": [valid, undefined, "DEPTH_ZERO_SELF_SIGNED_CERT"],
    "whom another vouches for": [valid, client.cert, "DEPTH_ZERO_SELF_SIGNED_CERT"],
    "of another name": [named, named.cert, "ERR_TLS_CERT_ALTNAME_INVALID"],
    "whose certificate has expired": [expired, expired.cert, "CERT_HAS_EXPIRED"]
  }
  for (const [whose, [certificate, ca, code]] of Object.entries(untrusted)) {
    it.scopedLive(`a server is sent nothing ${whose}`, () =>
      Effect.gen(function* () {
        const server = yield* web(echo, certificate)
        const transport = reliable(yield* make({ tls: { ca } }))
        const before = resources()
        const error = yield* failure(transport.execute(sending(`${server.origin}/p`)))
        expect(error).toMatchObject({
          _tag: "Fatal",
          reason: "Tls",
          delivery: "NotSent",
          code,
          url: `${server.origin}/p`
        })
        expect(server.requests).toEqual([])
        yield* until(() => server.open() === 0)
        yield* Effect.promise(() => nothingLeft(before))
      })
    )
  }

  it.scopedLive("a client shows its certificate where one is asked for", () =>
    Effect.gen(function* () {
      const server = yield* web(echo, { ...valid, requestCert: true, rejectUnauthorized: true, ca: client.cert })
      const key = Redacted.make(client.key)
      const known = reliable(yield* make({ tls: { ca: valid.cert, cert: client.cert, key } }))
      expect(yield* text(known.get(server.origin))).toBe("GET / ")
      const unknown = reliable(yield* make({ tls: { ca: valid.cert } }))
      expect((yield* failure(unknown.get(server.origin))).delivery).not.toBe("Acknowledged")
      expect(server.requests.length).toBe(1)
    })
  )

  it.scopedLive("a later connection takes up the session of an earlier one", () =>
    Effect.gen(function* () {
      const reused: Array<boolean> = []
      const server = yield* web((request, response) => {
        if (request.socket instanceof TLSSocket) reused.push(request.socket.isSessionReused())
        response.setHeader("connection", "close")
        response.end("ok")
      }, valid)
      const transport = reliable(yield* make({ tls: { ca: valid.cert } }))
      yield* Effect.all(
        [0, 1, 2, 3].map(() => text(transport.get(server.origin))),
        { concurrency: 1 }
      )
      expect(server.sockets.length).toBe(4)
      expect(reused.slice(1)).toEqual([true, true, true])
    })
  )

  it.scopedLive("a server that speaks no TLS, or does where it should not, ends the call soon", () =>
    Effect.gen(function* () {
      const [plain, secure] = yield* Effect.all([web(echo), web(echo, valid)])
      const transport = reliable(yield* make({ tls: { ca: valid.cert } }))
      const first = yield* failure(transport.get(plain.origin.replace("http:", "https:")))
      expect([first.delivery, plain.requests.length]).toEqual(["NotSent", 0])
      const second = yield* failure(transport.get(secure.origin.replace("https:", "http:")))
      expect([second.delivery, secure.requests.length]).toEqual(["Unconfirmed", 0])
      yield* until(() => plain.open() + secure.open() === 0)
    })
  )
})

// -------------------------------------------------------------------------------------------------
// Proxies
// -------------------------------------------------------------------------------------------------

describe("through a proxy", () => {
  const certificate = selfSigned("127.0.0.1", 2020, 2049)
  const tls = { ca: certificate.cert }
  const credentials = `Basic ${btoa("user:pa:ss%")}`
  const at = (port: number) => `http://user:pa%3Ass%@127.0.0.1:${port}`

  beforeEach(() => {
    for (const name of ["http_proxy", "https_proxy", "all_proxy", "no_proxy"]) {
      vi.stubEnv(name, "")
      vi.stubEnv(name.toUpperCase(), "")
    }
  })

  it.scopedLive("a tunnel leads to a secure server, and a plain one is asked for whole URLs", () =>
    Effect.gen(function* () {
      const [secure, plain, between] = yield* Effect.all([web(echo, certificate), web(echo), proxy()])
      const client = reliable(yield* Transport.make({ tls, proxy: at(between.port) }))
      for (let n = 0; n < 2; n++) {
        expect(yield* text(client.execute(sending(`${secure.origin}/a?b`)))).toBe("POST /a?b hello")
        expect(yield* text(client.execute(sending(`${plain.origin}/a?b`)))).toBe("POST /a?b hello")
      }
      expect(between.asked).toEqual([
        { method: "CONNECT", target: `127.0.0.1:${secure.port}`, credentials },
        { method: "POST", target: `${plain.origin}/a?b`, credentials },
        { method: "POST", target: `${plain.origin}/a?b`, credentials }
      ])
      expect([...secure.requests, ...plain.requests].map(({ headers }) => headers.host)).toEqual([
        `127.0.0.1:${secure.port}`,
        `127.0.0.1:${secure.port}`,
        `127.0.0.1:${plain.port}`,
        `127.0.0.1:${plain.port}`
      ])
      expect(secure.requests[0]?.headers["proxy-authorization"]).toBeUndefined()
    })
  )

  it.scopedLive("one that is spoken to over TLS itself proves its own name", () =>
    Effect.gen(function* () {
      const own = selfSigned("localhost", 2020, 2049)
      const [secure, plain, between] = yield* Effect.all([web(echo, certificate), web(echo), proxy(undefined, own)])
      const trusted = { ca: [certificate.cert, own.cert] }
      const client = reliable(yield* Transport.make({ tls: trusted, proxy: `https://localhost:${between.port}` }))
      expect(yield* text(client.get(secure.origin))).toBe("GET / ")
      expect(yield* text(client.get(plain.origin))).toBe("GET / ")
      expect(between.asked.map(({ method }) => method)).toEqual(["CONNECT", "GET"])
    })
  )

  const environments: Record<
    string,
    readonly [environment: (port: number) => Record<string, string>, proxied: number]
  > = {
    HTTPS_PROXY: [(port) => ({ HTTPS_PROXY: at(port) }), 1],
    https_proxy: [(port) => ({ https_proxy: at(port) }), 1],
    "one without a scheme": [(port) => ({ HTTPS_PROXY: `127.0.0.1:${port}` }), 1],
    HTTP_PROXY: [(port) => ({ HTTP_PROXY: at(port) }), 1],
    both: [(port) => ({ HTTP_PROXY: at(port), HTTPS_PROXY: at(port) }), 2],
    ALL_PROXY: [(port) => ({ ALL_PROXY: at(port) }), 2],
    NO_PROXY: [(port) => ({ ALL_PROXY: at(port), NO_PROXY: "127.0.0.1" }), 0],
    no_proxy: [(port) => ({ all_proxy: at(port), no_proxy: "localhost,127.0.0.1" }), 0]
  }
  for (const [name, [environment, proxied]] of Object.entries(environments)) {
    it.scopedLive(`goes what the environment says: ${name}`, () =>
      Effect.gen(function* () {
        const [secure, plain, between] = yield* Effect.all([web(echo, certificate), web(echo), proxy()])
        for (const [key, value] of Object.entries(environment(between.port))) vi.stubEnv(key, value)
        const client = reliable(yield* Transport.make({ tls }))
        for (const { origin } of [secure, plain]) expect(yield* text(client.get(origin))).toBe("GET / ")
        expect(between.asked.length).toBe(proxied)
      })
    )
  }

  for (const [status, expected] of [
    [407, { _tag: "Fatal", reason: "ProxyRefused", delivery: "NotSent", status: 407 }],
    [403, { _tag: "Fatal", reason: "ProxyRefused", delivery: "NotSent", status: 403 }],
    [502, { _tag: "Transient", reason: "Connect", delivery: "NotSent", status: 502 }],
    [0, { _tag: "Transient", reason: "Timeout", phase: "connect", delivery: "NotSent" }]
  ] as const) {
    it.scopedLive(`no call gets whom the proxy ${status === 0 ? "does not answer" : `answers ${status}`}`, () =>
      Effect.gen(function* () {
        const between = yield* proxy(status)
        const client = reliable(yield* Transport.make({ tls, proxy: at(between.port) }), { connect: 80 })
        const before = resources()
        const error = yield* failure(client.execute(sending("https://example.invalid/p?q")))
        expect(error).toMatchObject({ ...expected, url: "https://example.invalid/p" })
        expect(`${JSON.stringify(error)} ${error.message} ${String(error.cause)}`).not.toMatch(/pa(?::|%3A)ss|Basic/)
        expect(between.asked.length).toBe(1)
        yield* until(() => between.open() === 0)
        yield* Effect.promise(() => nothingLeft(before))
      })
    )
  }

  it.scopedLive("goes nothing to a proxy that is not there, or hangs up", () =>
    Effect.gen(function* () {
      const port = yield* closedPort
      const hangsUp = yield* bare((socket) => socket.once("data", () => socket.destroy()))
      for (const target of [port, hangsUp.port]) {
        const client = reliable(yield* Transport.make({ proxy: at(target) }))
        expect(yield* failure(client.get("https://example.invalid"))).toMatchObject({
          reason: "Connect",
          delivery: "NotSent"
        })
      }
    })
  )
})

// -------------------------------------------------------------------------------------------------
// Dispatchers
// -------------------------------------------------------------------------------------------------

describe("a dispatcher of undici's", () => {
  const agents: Record<string, () => undici.Dispatcher> = {
    Agent: () => new undici.Agent({ connections: 1, headersTimeout: 20, bodyTimeout: 20 }),
    "Pool with an interceptor": () =>
      new undici.Agent({ connections: 1 }).compose(undici.interceptors.redirect({ maxRedirections: 1 })),
    RetryAgent: () => new undici.RetryAgent(new undici.Agent({ connections: 1 }), { maxRetries: 0 })
  }

  for (const [name, agent] of Object.entries(agents)) {
    it.scopedLive(`sends, and none of its limits undercuts the workload's: ${name}`, () =>
      Effect.gen(function* () {
        const dispatcher = agent()
        yield* Effect.addFinalizer(() => Effect.promise(() => dispatcher.destroy()))
        // undici looks at its limits once in a second
        const wait = name === "Agent" ? 1100 : 150
        const server = yield* web(
          onBody((body, _, response) => {
            response.setHeader("set-cookie", ["a=1", "b=2"])
            setTimeout(() => {
              response.write("half ")
              setTimeout(() => response.end(body), wait)
            }, wait)
          })
        )
        const client = reliable(yield* make({ dispatcher }), { write: 100, pool: 50, connect: 50 })
        const answer = yield* client.execute(sending(server.origin))
        expect(yield* answer.text).toBe("half hello")
        expect(Object.keys(answer.cookies.cookies)).toEqual(["a", "b"])
      })
    )
  }

  it.scopedLive("is as certain as it can be: of what waits or connects, and of what was begun", () =>
    Effect.gen(function* () {
      const dispatcher = new undici.Agent({ connections: 1 })
      yield* Effect.addFinalizer(() => Effect.promise(() => dispatcher.destroy()))
      const server = yield* web(silent)
      const transport = yield* make({ dispatcher })
      const client = reliable(transport, { pool: 40, connect: 40, read: 150 })
      const first = yield* Effect.fork(failure(client.get(server.origin)))
      yield* until(() => server.requests.length === 1)
      const waiting = yield* failure(client.get(`${server.origin}/waits`))
      expect(waiting).toMatchObject({ reason: "Timeout", phase: "pool", delivery: "NotSent" })
      expect(waiting.detail).toContain("80ms")
      expect(yield* Fiber.join(first)).toMatchObject({ reason: "Timeout", phase: "read", delivery: "Unconfirmed" })
      const port = yield* closedPort
      expect(yield* failure(client.get(`http://127.0.0.1:${port}`))).toMatchObject({
        reason: "Connect",
        delivery: "NotSent"
      })
      const fiber = yield* Effect.fork(transport.get(server.origin))
      yield* until(() => server.requests.length === 2)
      yield* Fiber.interrupt(fiber)
      yield* until(() => server.open() === 0)
      // what was taken back while it waited is never sent
      expect(server.requests.map(({ url }) => url)).toEqual(["/", "/"])
    })
  )

  it.scopedLive("that breaks off while an answer is read says so to the reader, and not how it was told", () =>
    Effect.gen(function* () {
      const dispatcher = new undici.Agent({ connections: 1 })
      yield* Effect.addFinalizer(() => Effect.promise(() => dispatcher.destroy()))
      const server = yield* web((_, response) => void response.write("half"))
      const client = yield* make({ dispatcher })
      const call = text(client.get(server.origin)).pipe(Workload.within(workload({ read: 60 })))
      expect(yield* failure(call)).toMatchObject({ reason: "Timeout", phase: "read", delivery: "Partial" })
    })
  )

  it.scopedLive("says Partial of an answer that cannot be read, whatever is in between", () =>
    Effect.gen(function* () {
      const server = yield* bare((socket) => onRequest(socket, () => socket.end("\u0000 no HTTP\r\n\r\n")))
      for (const agent of Object.values(agents)) {
        const dispatcher = agent()
        yield* Effect.addFinalizer(() => Effect.promise(() => dispatcher.destroy()))
        const client = reliable(yield* make({ dispatcher }))
        const error = yield* failure(client.get(server.origin))
        expect(error).toMatchObject({ reason: "InvalidAnswer", delivery: "Partial" })
      }
    })
  )

  it.scopedLive("may be a mock, or one that is closed", () =>
    Effect.gen(function* () {
      const mock = new undici.MockAgent()
      mock.disableNetConnect()
      yield* Effect.addFinalizer(() => Effect.promise(() => mock.close()))
      mock
        .get("http://api.test")
        .intercept({ path: "/a", method: "POST" })
        .reply(200, { a: 1 }, { headers: { "x-b": "c" } })
      const client = reliable(yield* make({ dispatcher: mock }))
      const answer = yield* client.execute(sending("http://api.test/a"))
      expect([yield* answer.json, answer.headers["x-b"]]).toEqual([{ a: 1 }, "c"])
      expect((yield* failure(client.get("http://api.test/b")))._tag).toBe("Fatal")

      const closed = new undici.Agent()
      yield* Effect.promise(() => closed.close())
      const error = yield* failure(reliable(yield* make({ dispatcher: closed })).get("http://api.test/"))
      expect(error).toMatchObject({ reason: "Aborted", delivery: "NotSent" })
    })
  )

  it.scopedLive("may be a proxy's", () =>
    Effect.gen(function* () {
      const [plain, between] = yield* Effect.all([web(echo), proxy()])
      const dispatcher = new undici.ProxyAgent(`http://127.0.0.1:${between.port}`)
      yield* Effect.addFinalizer(() => Effect.promise(() => dispatcher.destroy()))
      const client = reliable(yield* make({ dispatcher }))
      expect(yield* text(client.execute(sending(plain.origin)))).toBe("POST / hello")
      expect(between.asked.length).toBe(1)
    })
  )

  it.live("is left by all that is in flight when the scope closes", () =>
    Effect.gen(function* () {
      const dispatcher = new undici.Agent({ connections: 1 })
      yield* Effect.addFinalizer(() => Effect.promise(() => dispatcher.destroy()))
      const server = yield* web(silent)
      const fibers = yield* Effect.scoped(
        Effect.gen(function* () {
          const client = yield* make({ dispatcher })
          const fibers = yield* Effect.forEach([1, 2], () => Effect.fork(failure(client.get(server.origin))))
          yield* until(() => server.requests.length === 1)
          return fibers
        })
      )
      const errors = yield* Effect.forEach(fibers, Fiber.join)
      expect(errors.map(({ delivery, reason }) => `${reason} ${delivery}`)).toEqual([
        "Aborted Unconfirmed",
        "Aborted NotSent"
      ])
      yield* until(() => server.open() === 0)
      expect(server.requests.length).toBe(1)
    }).pipe(Effect.scoped)
  )
})

// -------------------------------------------------------------------------------------------------
// Bad input
// -------------------------------------------------------------------------------------------------

describe("bad input", () => {
  const bad: Record<string, readonly [change: (url: string) => HttpClientRequest.HttpClientRequest, detail: string]> = {
    "a URL that is none": [() => get("not a URL"), "the URL is none"],
    "a scheme that is not of HTTP": [() => get("ftp://host/"), "ftp:"],
    "a header with a line break": [(url) => HttpClientRequest.setHeader(get(url), "x-a", "b\r\nsecret: c"), "x-a"],
    "a header with a character of no single byte": [(url) => HttpClientRequest.setHeader(get(url), "x-a", "ł"), "x-a"],
    "transfer-encoding": [
      (url) => HttpClientRequest.setHeader(get(url), "transfer-encoding", "chunked"),
      "transfer-encoding"
    ],
    expect: [(url) => HttpClientRequest.setHeader(get(url), "expect", "100-continue"), "expect"],
    upgrade: [(url) => HttpClientRequest.setHeader(get(url), "upgrade", "h2c"), "upgrade"],
    "a length that is none": [
      (url) => HttpClientRequest.setHeader(get(url), "content-length", "secret"),
      "content-length"
    ],
    "a body that is a plain object": [
      (url) => HttpClientRequest.setBody(post(url), HttpBody.raw({ secret: 1 })),
      "bodyJson"
    ]
  }
  for (const [what, [change, detail]] of Object.entries(bad)) {
    it.scopedLive(`fails before there is a connection, and is named: ${what}`, () =>
      Effect.gen(function* () {
        const server = yield* web(echo)
        const client = yield* make()
        const error = yield* failure(client.execute(change(server.origin)))
        expect(error).toMatchObject({ _tag: "Fatal", reason: "InvalidRequest", delivery: "NotSent" })
        expect(error.detail).toContain(detail)
        expect(error.message).not.toContain("secret")
        expect(server.sockets).toEqual([])
      })
    )
  }

  const options: Record<string, Transport.Options> = {
    "connections is 0": { connections: 0 },
    "connections is 1.5": { connections: 1.5 },
    keepAlive: { keepAlive: "-1 seconds" },
    "maxHeaders is 10": { maxHeaders: 10 },
    proxy: { proxy: "secret" },
    "proxy is": { proxy: "ftp://me:secret@host" },
    "tls is": { tls: { ca: "secret" } },
    tls: { tls: { cert: selfSigned("a.test", 2020, 2049).cert, key: Redacted.make("secret") } }
  }
  for (const [named, wrong] of Object.entries(options)) {
    it(`is refused where the transport is made: ${named}`, () => {
      const refused = (() => {
        try {
          return typeof Transport.make(wrong)
        } catch (error) {
          return String(error)
        }
      })()
      expect(refused).toContain(`Transport.make: ${named}`)
      expect(refused).not.toContain("secret")
    })
  }

  it.scopedLive("in the environment fails the call", () =>
    Effect.gen(function* () {
      for (const url of ["socks5://me:secret@host:1", "http://["]) {
        vi.stubEnv("https_proxy", url)
        const client = reliable(yield* Transport.make())
        const error = yield* failure(client.get("https://example.invalid"))
        expect(error).toMatchObject({ _tag: "Fatal", reason: "InvalidRequest", delivery: "NotSent" })
        expect(error.detail).toContain("proxy that the environment names")
        expect(error.message).not.toContain("secret")
      }
    })
  )
})

// -------------------------------------------------------------------------------------------------
// Many calls
// -------------------------------------------------------------------------------------------------

describe("many calls", () => {
  it.scopedLive("leave no listener on the signal that all of them might be aborted by, and no socket", () =>
    Effect.gen(function* () {
      const server = yield* bare((socket) => onRequest(socket, () => socket.write(answer())))
      const client = reliable(yield* make({ connections: 4 }))
      const runtime = yield* Effect.runtime()
      const controller = new AbortController()
      const add = vi.spyOn(controller.signal, "addEventListener")
      const remove = vi.spyOn(controller.signal, "removeEventListener")
      const call = Effect.asVoid(client.get(server.origin))
      const run = (times: number) =>
        Effect.promise(() =>
          Runtime.runPromise(
            runtime,
            Effect.all(
              Array.from({ length: times }, () => call),
              { concurrency: 8, discard: true }
            ),
            {
              signal: controller.signal
            }
          )
        )
      yield* run(100)
      const before = resources()
      for (let n = 0; n < 10; n++) yield* run(10_000)
      expect(server.sockets.length).toBe(4)
      // one for each time the runtime was run is Effect's own
      expect(add.mock.calls.length - remove.mock.calls.length).toBeLessThanOrEqual(11)
      yield* Effect.promise(() => nothingLeft(before))
    })
  )
})
