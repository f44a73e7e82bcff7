/**
 * The next request was written to a reused connection before the event loop could see that the server had closed it, or had
 * sent surplus bytes after the response.
 */
import { HttpBody, type HttpClient, HttpClientRequest } from "@effect/platform"
import { it } from "@effect/vitest"
import { Effect, Fiber, Schedule } from "effect"
import { ReliableHttpClient, Retry, Workload } from "effect-reliability"
import { Transport } from "effect-reliability/node"
import type * as net from "node:net"
import { describe, expect } from "vitest"
import { selfSigned } from "../support/certificate.js"
import { bare, web } from "../support/proxy.js"

const once = Workload.make({
  name: "once",
  timeouts: { attempt: "10 seconds" },
  retry: Retry.make({ attempts: 1 })
})

const make = (options: Transport.Options = {}) => Transport.make({ proxy: "none", ...options })

const post = (client: HttpClient.HttpClient, url: string) =>
  Effect.flatMap(
    ReliableHttpClient.make(client, { workload: once }).execute(
      HttpClientRequest.setBody(HttpClientRequest.post(url), HttpBody.text("hello"))
    ),
    ({ text }) => text
  )

const response = (body: string, headers = "") =>
  `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n${headers}\r\n${body}`

/** Calls back with the path of each request of a connection, counted from 0. */
const onRequest = (socket: net.Socket, respond: (path: string, nth: number) => void) => {
  let nth = 0
  let received = ""
  // without this option, a second segment could be delayed until the client acknowledges the first
  socket.setNoDelay(true)
  socket.on("data", (chunk: Buffer) => {
    received += chunk.toString("latin1")
    for (let end = received.indexOf("\r\n\r\nhello"); end >= 0; end = received.indexOf("\r\n\r\nhello")) {
      const path = /^\S+ (\S+)/.exec(received)?.[1] ?? ""
      received = received.slice(end + 9)
      respond(path, nth++)
    }
  })
}

const until = (holds: () => boolean) =>
  Effect.suspend(() => (holds() ? Effect.void : Effect.fail("not yet"))).pipe(
    Effect.retry(Schedule.spaced("2 millis")),
    Effect.timeout("5 seconds"),
    Effect.orDie
  )

/** The paths of the given number of calls. Each path is also the body of its response. */
const paths = (calls: number) => Array.from({ length: calls }, (_, index) => `/${index}`)

describe("a server that closes connections without an announcement", () => {
  const ways: Record<string, (socket: net.Socket, text: string) => void> = {
    "with the response": (socket, text) => socket.end(text),
    "right after the response": (socket, text) => {
      socket.write(text)
      setImmediate(() => socket.end())
    },
    "milliseconds after the response": (socket, text) => {
      socket.write(text)
      setTimeout(() => socket.end(), 2)
    }
  }
  for (const connections of [1, 1000]) {
    for (const [when, close] of Object.entries(ways)) {
      it.scopedLive(`causes no failure in 200 calls: closed ${when}, with up to ${connections} connections`, () =>
        Effect.gen(function* () {
          const server = yield* bare((socket) => onRequest(socket, (path) => close(socket, response(path))))
          const client = yield* make({ connections })
          const call = (path: string) => post(client, server.origin + path)
          expect(yield* Effect.forEach(paths(100), call)).toEqual(paths(100))
          expect(yield* Effect.forEach(paths(100), call, { concurrency: 10 })).toEqual(paths(100))
          expect(server.sockets.length).toBe(200)
        })
      )
    }
  }

  it.scopedLive("causes at most one failure on connections that close when idle", () =>
    Effect.gen(function* () {
      const server = yield* bare((socket) =>
        onRequest(socket, (path, nth) => {
          socket.write(response(path))
          if (nth === 2) setTimeout(() => socket.end(), 2)
        })
      )
      const client = yield* make()
      const results = yield* Effect.forEach(paths(100), (path) => Effect.either(post(client, server.origin + path)))
      expect(results.filter(({ _tag }) => _tag === "Left").length).toBeLessThanOrEqual(1)
    })
  )
})

describe("surplus bytes after a response", () => {
  const surplus = response("surplus")
  const ways: Record<string, (socket: net.Socket, text: string) => void> = {
    "in the same segment": (socket, text) => socket.write(text + surplus),
    "in the next segment": (socket, text) => {
      socket.write(text)
      setImmediate(() => socket.write(surplus))
    },
    "in pieces": (socket, text) => {
      socket.write(text + surplus.slice(0, 3))
      setImmediate(() => socket.write(surplus.slice(3)))
    },
    "while the connection is idle": (socket, text) => {
      socket.write(text)
      setTimeout(() => socket.write(surplus), 2)
    }
  }
  for (const nth of [0, 2]) {
    for (const [when, send] of Object.entries(ways)) {
      // a reused connection rests for one turn; later bytes cannot be distinguished from a response
      if (nth > 0 && when === "while the connection is idle") continue
      it.scopedLive(`does not reach the next call: ${when}, after response ${nth}`, () =>
        Effect.gen(function* () {
          const server = yield* bare((socket) =>
            onRequest(socket, (path, at) =>
              at === nth ? send(socket, response(path)) : void socket.write(response(path))
            )
          )
          const client = yield* make()
          const calls = Effect.forEach(paths(60), (path) => post(client, server.origin + path))
          expect(yield* calls).toEqual(paths(60))
          expect(server.sockets.length).toBe(60 / (nth + 1))
        })
      )
    }
  }

  for (const [what, bytes] of Object.entries({ "a response": surplus, "an empty line": "\r\n", nonsense: "x" })) {
    it.scopedLive(`does not reach a call that already waits for the connection: ${what}`, () =>
      Effect.gen(function* () {
        const server = yield* bare((socket) => onRequest(socket, (path) => socket.write(response(path))))
        const client = yield* make()
        yield* post(client, `${server.origin}/a`)
        yield* Effect.sleep("100 millis")
        const fiber = yield* Effect.fork(post(client, `${server.origin}/b`))
        yield* Effect.sync(() => server.sockets[0]?.write(bytes))
        expect(yield* Fiber.join(fiber)).toBe("/b")
        expect(server.sockets.length).toBe(2)
      })
    )
  }

  it.scopedLive("closes an idle connection", () =>
    Effect.gen(function* () {
      const server = yield* bare((socket) => onRequest(socket, (path) => socket.write(response(path))))
      const client = yield* make()
      yield* post(client, `${server.origin}/a`)
      yield* Effect.sleep("100 millis")
      yield* Effect.sync(() => server.sockets[0]?.write(surplus))
      yield* until(() => server.open() === 0)
    })
  )
})

describe("a connection that rests after a response", () => {
  it.scopedLive("serves the calls that wait, in the order of their arrival", () =>
    Effect.gen(function* () {
      const seen: Array<string> = []
      const server = yield* bare((socket) =>
        onRequest(socket, (path) => {
          seen.push(path)
          socket.write(response(path))
        })
      )
      const client = yield* make({ connections: 1 })
      const call = (path: string) => post(client, server.origin + path)
      expect(yield* Effect.forEach(paths(20), call, { concurrency: "unbounded" })).toEqual(paths(20))
      expect(seen).toEqual(paths(20))
      expect(server.sockets.length).toBe(1)
    })
  )

  it.scopedLive("serves the next call over TLS", () =>
    Effect.gen(function* () {
      const { cert, key } = selfSigned("127.0.0.1", 2020, 2049)
      const server = yield* web(
        (request, response) => void request.resume().on("end", () => response.end(request.url)),
        {
          cert,
          key
        }
      )
      const client = yield* make({ tls: { ca: cert } })
      const call = (path: string) => post(client, server.origin + path)
      expect(yield* Effect.forEach(paths(20), call)).toEqual(paths(20))
      expect(server.sockets.length).toBe(1)
    })
  )

  it.scopedLive("skips an interrupted call that waits", () =>
    Effect.gen(function* () {
      const server = yield* bare((socket) => onRequest(socket, (path) => socket.write(response(path))))
      const client = yield* make({ connections: 1 })
      yield* post(client, `${server.origin}/a`)
      yield* Fiber.interrupt(yield* Effect.fork(post(client, `${server.origin}/b`)))
      expect(yield* post(client, `${server.origin}/c`)).toBe("/c")
      expect(server.sockets.length).toBe(1)
    })
  )

  it.live("closes with the scope", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const server = yield* bare((socket) => onRequest(socket, (path) => socket.write(response(path))))
        yield* Effect.scoped(Effect.flatMap(make(), (client) => post(client, `${server.origin}/a`)))
        yield* until(() => server.open() === 0)
      })
    )
  )

  it.scopedLive("closes if keepAlive is 0", () =>
    Effect.gen(function* () {
      const server = yield* bare((socket) => onRequest(socket, (path) => socket.write(response(path))))
      const client = yield* make({ keepAlive: 0 })
      yield* post(client, `${server.origin}/a`)
      yield* until(() => server.open() === 0)
    })
  )

  for (const [what, headers] of Object.entries({
    "connection: close": "connection: close\r\n",
    "no connection header": ""
  })) {
    it.scopedLive(`closes after a response of HTTP/1.0 with ${what}`, () =>
      Effect.gen(function* () {
        const server = yield* bare((socket) =>
          onRequest(socket, (path) => socket.write(response(path, headers).replace("HTTP/1.1", "HTTP/1.0")))
        )
        const client = yield* make({ connections: 1 })
        const call = (path: string) => post(client, server.origin + path)
        expect(yield* Effect.forEach(paths(5), call)).toEqual(paths(5))
        expect(server.sockets.length).toBe(5)
      })
    )
  }
})
