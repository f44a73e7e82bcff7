import { HttpBody, HttpClientRequest } from "@effect/platform"
import { describe, it } from "@effect/vitest"
import { Effect, FastCheck as fc, Fiber, Stream } from "effect"
import type { ApiError } from "effect-reliability"
import { Deadline, Workload } from "effect-reliability"
import { inspect } from "node:util"
import * as undici from "undici"
import { afterEach, beforeEach, expect, vi } from "vitest"
import { closedPort, deafPort } from "../../support/faults.js"
import { bare, web } from "../../support/proxy.js"
import {
  answer,
  failure,
  make,
  matching,
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
  until,
  workload
} from "../../support/transport.js"

const { post } = HttpClientRequest

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

describe("timeouts", () => {
  const timeout = (phase: ApiError.Phase, delivery: ApiError.Delivery) => ({
    _tag: "Transient",
    reason: "Timeout",
    phase,
    delivery
  })

  it.scopedLive("fails with phase pool if no connection becomes free", () =>
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

  it.scopedLive("fails with phase connect if the server does not accept", () =>
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
    it.scopedLive(`fails with phase write if the server does not read ${kind}`, () =>
      Effect.gen(function* () {
        const server = yield* bare((socket) => socket.pause())
        const client = reliable(yield* make(), { write: 80 })
        const error = yield* failure(client.post(server.origin, { body }))
        expect(error).toMatchObject(timeout("write", "Unconfirmed"))
        yield* until(() => server.sockets.every((socket) => socket.resume().closed))
      })
    )
  }

  it.scopedLive("fails with phase write and NotSent if the body stream never emits", () =>
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

  it.scopedLive("fails with phase read if the headers or a chunk of the body do not arrive in time", () =>
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

  it.scopedLive("limits gaps of a streamed response, but not pauses of its reader", () =>
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

  it.scopedLive("fails with phase attempt or deadline if the response does not arrive in time", () =>
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

  it.scopedLive("applies the transport's default connect timeout without a workload", () =>
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
    it.scopedLive(`accepts the longest delay of a timer, with ${kind}`, () =>
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

describe("an error of the transport", () => {
  const whole = answer("0123456789")

  it.scopedLive("contains only the method and the URL without its query", () =>
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

  it("reports NotSent only if no byte arrived, wherever the connection fails", async () => {
    interface Death {
      /** Bytes that the server reads before it kills the connection. */
      readonly reads: number
      /** Bytes of the response that the server sends. */
      readonly answers: number
      readonly reset: boolean
      /** Bytes of the request's body. */
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

  it.scopedLive("reports NotSent if the connection cannot be established", () =>
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

  it.scopedLive("reports Partial for invalid or too long headers", () =>
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

  it.scopedLive(
    "does not occur after the server has closed an idle connection, because the call opens another one",
    () =>
      Effect.gen(function* () {
        const server = yield* bare((socket) => onRequest(socket, () => socket.write(answer())))
        const client = reliable(yield* make({ connections: 1 }))
        expect(yield* text(client.get(server.origin))).toBe("ok")
        // the end of the connection arrives in the turn in which the next request begins
        server.sockets[0]?.end()
        yield* until(() => server.sockets[0]?.writableFinished === true)
        const end = performance.now() + 3
        while (performance.now() < end);
        const calls = yield* Effect.all(
          [text(client.get(server.origin)), text(client.execute(sending(server.origin)))],
          {
            concurrency: 2
          }
        )
        expect(calls).toEqual(["ok", "ok"])
        expect(server.sockets.length).toBe(2)
      })
  )

  it.scopedLive("reports reusedSocket once the request was written to a reused connection", () =>
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
