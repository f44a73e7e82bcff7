import { HttpBody, HttpClient, HttpClientRequest } from "@effect/platform"
import { describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Runtime, Scheduler, Stream } from "effect"
import { Transport } from "effect-reliability/node"
import type * as http from "node:http"
import * as net from "node:net"
import { afterEach, beforeEach, expect, vi } from "vitest"
import { selfSigned } from "../../support/certificate.js"
import { closedPort, deafPort } from "../../support/faults.js"
import { bare, web } from "../../support/proxy.js"
import {
  answer,
  echo,
  failure,
  make,
  note,
  nothingLeft,
  onRequest,
  pause,
  problems,
  reliable,
  resources,
  sending,
  silent,
  text,
  until
} from "../../support/transport.js"

const { del, get, post } = HttpClientRequest

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
// Interruption
// -------------------------------------------------------------------------------------------------

describe("an interrupted call", () => {
  it.scopedLive("cancels its place in the queue, and preserves the order of the other calls", () =>
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
        held[served - 1]?.end(`response ${served}`)
      }
      const exits = yield* Effect.forEach(fibers, Fiber.await)
      expect(exits.map((exit) => (Exit.isSuccess(exit) ? exit.value : "interrupted"))).toEqual([
        "response 1",
        "interrupted",
        "response 2",
        "interrupted",
        "response 3"
      ])
      expect(server.requests.map(({ url }) => url)).toEqual(["/1", "/3", "/5"])
      expect(server.sockets.length).toBe(1)
    })
  )

  it.scopedLive("passes its new connection to the next call, or closes it", () =>
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
    "within a buffered body": (client, origin) => reliable(client).get(`${origin}/half`),
    "within a streamed body": (client, origin) =>
      Effect.flatMap(client.get(`${origin}/half`), ({ stream }) => Stream.runDrain(stream)),
    "within an event stream": (client, origin) =>
      Effect.flatMap(reliable(client).get(`${origin}/events`), ({ stream }) => Stream.runDrain(stream)),
    "within an upload": (client, origin) =>
      client.execute(
        HttpClientRequest.bodyStream(post(`${origin}/silent`), Stream.concat(Stream.make(bytes), Stream.never))
      )
  }
  const bytes = new Uint8Array(10)

  for (const [stage, call] of Object.entries(stages)) {
    it.scopedLive(`closes its connection immediately: ${stage}`, () =>
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
      // the first fiber that runs is the target
      this.target ??= fiber
      if (fiber === this.target && ++this.operations === this.nth) fiber.unsafeInterruptAsFork(fiber.id())
      return super.shouldYield(fiber)
    }
  }

  for (const kind of ["reliable", "streamed", "refused"] as const) {
    it.scopedLive(`frees its connection at an interruption before each of its operations: ${kind}`, () =>
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
        // all connections are free or closed
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

  /** Suspends a fiber while all others continue. */
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

  it.scopedLive("keeps the connection open if it already serves another call", () =>
    Effect.gen(function* () {
      const responses: Array<() => void> = []
      const server = yield* bare((socket) =>
        onRequest(socket, (nth) => responses.push(() => socket.write(answer(`${nth}`))))
      )
      const transport = yield* make({ connections: 1 })
      const scheduler = new Holding()
      const first = Effect.runFork(transport.get(server.origin), { scheduler })
      yield* until(() => responses.length === 1)
      const second = yield* Effect.fork(text(transport.get(server.origin)))
      yield* Effect.yieldNow()
      scheduler.held = []
      responses[0]?.()
      yield* until(() => responses.length === 2)
      first.unsafeInterruptAsFork(first.id())
      scheduler.release()
      expect(Exit.isInterrupted(yield* Fiber.await(first))).toBe(true)
      responses[1]?.()
      expect(yield* Fiber.join(second)).toBe("1")
      expect(server.sockets.length).toBe(1)
    })
  )
})

// -------------------------------------------------------------------------------------------------
// Connections
// -------------------------------------------------------------------------------------------------

describe("the pool", () => {
  it.scopedLive("opens up to `connections` connections, and reuses them", () =>
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

  it.scopedLive("does not open a connection for each of many calls that time out together", () =>
    Effect.gen(function* () {
      const port = yield* deafPort
      const server = yield* web(silent)
      const client = reliable(yield* make({ connections: 2 }), { attempt: 80 })
      for (const origin of [`http://127.0.0.1:${port}`, server.origin]) {
        const before = resources()
        const calls = Array.from({ length: 100 }, () => failure(client.get(origin)))
        const errors = yield* Effect.all(calls, { concurrency: "unbounded" })
        expect(new Set(errors.map(({ reason }) => reason))).toEqual(new Set(["Timeout"]))
        // eight of the connections belong to the fixture of the deaf port
        expect(process.getActiveResourcesInfo().filter((name) => name === "ConnectWrap").length).toBeLessThan(16)
        yield* Effect.promise(() => nothingLeft(before))
      }
      // one connection for each call would be a hundred
      expect(server.sockets.length).toBeLessThan(30)
    })
  )

  it.scopedLive("fails only the call for which a failed connection was opened", () =>
    Effect.gen(function* () {
      const certificate = selfSigned("127.0.0.1", 2020, 2049)
      const server = yield* web(echo, certificate)
      // with TLS, an accepted connection is not yet established
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
    it.scopedLive(`applies a keepAlive of ${keepAlive} to idle connections`, () =>
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

  it.scopedLive("closes connections after the server's keep-alive timeout and after `connection: close`", () =>
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
    "a chunked response": [
      "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
      "abc"
    ],
    "a response without a body": ["HTTP/1.1 204 No Content\r\n\r\n", ""],
    "early hints and a response": [`HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n${answer("late")}`, "late"],
    "a response without a reason phrase": ["HTTP/1.1 200\r\ncontent-length: 1\r\n\r\nx", "x"],
    "a response to DELETE": [answer("gone"), "gone", del("/")]
  }
  for (const [what, [bytes, body, request = get("/")]] of Object.entries(framings)) {
    it.scopedLive(`reuses a connection after ${what}`, () =>
      Effect.gen(function* () {
        const server = yield* bare((socket) => onRequest(socket, () => socket.write(bytes)))
        const client = reliable(yield* make())
        const call = client.execute(HttpClientRequest.prependUrl(request, server.origin))
        for (let n = 0; n < 3; n++) expect(yield* text(call)).toBe(body)
        expect(server.sockets.length).toBe(1)
      })
    )
  }

  it.scopedLive("reads a response to HEAD without a body, and a body that ends with its connection", () =>
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

  it.scopedLive("closes connections whose bodies are shorter or longer than announced", () =>
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
    it.scopedLive(
      `accepts a response that arrives before the request was read, and ${keeps ? "keep-alive" : "connection: close"}`,
      () =>
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

  it.scopedLive("separates origins, so that a busy one does not block another", () =>
    Effect.gen(function* () {
      const [busy, free] = yield* Effect.all([web(silent), web(echo)])
      const client = reliable(yield* make({ connections: 1 }))
      const fiber = yield* Effect.fork(client.get(busy.origin))
      yield* until(() => busy.requests.length === 1)
      expect(yield* text(client.get(free.origin))).toBe("GET / ")
      yield* Fiber.interrupt(fiber)
    })
  )

  it.scopedLive("sends the given host header", () =>
    Effect.gen(function* () {
      const server = yield* web(echo)
      const client = reliable(yield* make())
      const hosts = ["one.test", "two.test:81", "one.test"]
      for (const host of hosts) yield* client.execute(HttpClientRequest.setHeader(get(server.origin), "host", host))
      yield* client.get(server.origin)
      expect(server.requests.map(({ headers }) => headers.host)).toEqual([...hosts, server.origin.slice(7)])
    })
  )

  it.scopedLive("sends the user and password of a URL, and hides them in errors", () =>
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

  it.live(
    "closes all sockets with its scope, and fails calls in flight, waiting calls and later calls with Aborted",
    () =>
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
            // the first half of the body must arrive
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

  it.scopedLive("closes all sockets with its scope after lost idle connections", () =>
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

  it.scopedLive("provides the client as a layer", () =>
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
// Many calls
// -------------------------------------------------------------------------------------------------

describe("many calls with one abort signal", () => {
  it.scopedLive("removes its listeners from the signal, and reuses its connections", () =>
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
      // Effect itself leaves one listener for each run of the runtime
      expect(add.mock.calls.length - remove.mock.calls.length).toBeLessThanOrEqual(11)
      yield* Effect.promise(() => nothingLeft(before))
    })
  )
})
