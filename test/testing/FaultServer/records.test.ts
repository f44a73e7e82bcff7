import { describe, it } from "@effect/vitest"
import { Effect, Fiber, TestClock } from "effect"
import { Fault, FaultServer } from "effect-reliability/testing"
import * as net from "node:net"
import OpenAI from "openai"
import * as undici from "undici"
import { expect } from "vitest"
import {
  client,
  closedOf,
  get,
  messages,
  openai,
  raw,
  settle,
  statusOf,
  withServer
} from "../../support/faultServer.js"

// -------------------------------------------------------------------------------------------------
// Records
// -------------------------------------------------------------------------------------------------

describe("FaultServer records", () => {
  it.live("contains all fields of a request and its response", () =>
    withServer({ script: [Fault.answer(503)] }, (server) =>
      Effect.gen(function* () {
        const before = Date.now()
        yield* raw(
          server,
          `PUT /a/b?c=d HTTP/1.1\r\nhost: x\r\nx-mine: 1\r\nX-Mine: 2\r\nset-cookie: a\r\nset-cookie: b\r\nconnection: close\r\ncontent-length: 6\r\n\r\ngröß`
        )
        yield* server.awaitAnswered(1)
        yield* server.awaitClosed(1)
        const [record] = yield* server.requests
        expect(record).toMatchObject({
          number: 1,
          connection: 1,
          onConnection: 1,
          method: "PUT",
          path: "/a/b?c=d",
          headers: { "x-mine": "1, 2", "set-cookie": "a, b", host: "x" },
          body: "größ",
          bytes: 6,
          fault: Fault.answer(503),
          rejected: false,
          status: 503,
          ended: { complete: true },
          closed: { by: "server", how: "end" }
        })
        expect(record?.at).toBeGreaterThanOrEqual(before)
        expect(record?.ended?.at).toBeGreaterThanOrEqual(record?.at ?? NaN)
        expect(record?.closed?.at).toBeLessThanOrEqual(Date.now())
      })
    )
  )

  it.live("returns snapshots, and drops the oldest records above `keep`", () =>
    withServer({ keep: 2 }, (server, send) =>
      Effect.gen(function* () {
        yield* send("/1")
        const early = yield* server.requests
        for (const n of [2, 3, 4, 5]) yield* send(`/${n}`)
        expect(early.map(({ path }) => path)).toEqual(["/1"])
        expect((yield* server.requests).map(({ number, path }) => [number, path])).toEqual([
          [4, "/4"],
          [5, "/5"]
        ])
        yield* server.awaitAnswered(5)
        expect(yield* server.counts).toEqual({ requests: 5, answered: 5, rejected: 0, opened: 1, closed: 0 })
      })
    )
  )

  it.live("waits for records, before and after they exist", () =>
    withServer({}, (server, send) =>
      Effect.gen(function* () {
        const waiting = yield* Effect.fork(server.awaitRequests(2))
        yield* send()
        expect(waiting.unsafePoll()).toBeNull()
        yield* send()
        yield* Fiber.join(waiting)
        yield* server.awaitRequests(2)
        const never = yield* Effect.fork(server.until(() => false))
        yield* Fiber.interrupt(never)
        const broken = yield* Effect.exit(
          server.until(() => {
            throw new Error("oops")
          })
        )
        expect(broken._tag).toBe("Failure")
      })
    )
  )
})

describe("FaultServer, hostile clients", () => {
  it.live("records a reset by the client", () =>
    withServer({ script: Fault.unanswered }, (server) =>
      Effect.gen(function* () {
        const socket = net.connect(server.port, "127.0.0.1", () => socket.write(get))
        yield* server.awaitRequests(1)
        socket.resetAndDestroy()
        yield* server.awaitClosed(1)
        expect((yield* server.requests).map(closedOf)).toEqual(["reset by client"])
      })
    )
  )

  it.live("rejects bodies above maxBody with 413", () =>
    withServer({ maxBody: 1000 }, (server, send) =>
      Effect.gen(function* () {
        expect(statusOf(yield* send("/", "x".repeat(1000)))).toBe(200)
        expect([413, "UND_ERR_SOCKET", "EPIPE", "ECONNRESET"]).toContain(statusOf(yield* send("/", "x".repeat(1001))))
        yield* server.awaitRequests(2)
        expect((yield* server.requests)[1]).toMatchObject({ fault: { status: 413 } })
      })
    )
  )

  it.live("records the first 64 KiB of a body, and its size", () =>
    withServer({}, (server, send) =>
      Effect.gen(function* () {
        expect(yield* send("/", "x".repeat(1e6))).toMatchObject({ status: 200 })
        const [record] = yield* server.requests
        expect([record?.body.length, record?.bytes]).toEqual([65_536, 1e6])
      })
    )
  )

  it.live("survives invalid HTTP, early disconnects and hostile bodies", () =>
    withServer({}, (server, send) =>
      Effect.gen(function* () {
        for (const bytes of [
          "\u0000\u0001\u0002",
          "GET / HTTP/9.9\r\n\r\n",
          `GET / HTTP/1.1\r\nx: ${"y".repeat(100_000)}\r\n\r\n`,
          "POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
          "CONNECT x:1 HTTP/1.1\r\nhost: x\r\n\r\n"
        ]) {
          yield* Effect.timeout(raw(server, bytes), "1 second")
        }
        const gone = yield* Effect.fork(raw(server, "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nhalf"))
        yield* server.until(({ opened }) => opened === 6)
        yield* Effect.sleep(20)
        yield* Fiber.interrupt(gone)
        yield* server.awaitClosed(6)
        expect((yield* server.counts).requests).toBe(0)
        expect(statusOf(yield* send())).toBe(200)
        for (const body of [
          "",
          "null",
          "[]",
          "{",
          `{"input":null,"dimensions":1e9}`,
          `{"messages":[1],"stream":true}`
        ]) {
          for (const path of ["/v1/chat/completions", "/v1/completions", "/v1/embeddings"]) {
            expect([200, 400]).toContain(statusOf(yield* send(path, body)))
          }
        }
        const deep = "[".repeat(200_000) + "]".repeat(200_000)
        // the engine decides how deep a value may be
        expect([200, 400, 500]).toContain(statusOf(yield* send("/v1/embeddings", `{"input":${deep}}`)))
        expect(statusOf(yield* send("/v1/embeddings", JSON.stringify({ input: Array(3000).fill("") })))).toBe(400)
        const content = "word ".repeat(50_000)
        const long = yield* send("/v1/chat/completions", JSON.stringify({ stream: true, messages: [{ content }] }))
        expect(typeof long === "string" ? 0 : long.text.split("data: ").length).toBe(10_003)
      }).pipe(Effect.orDie)
    )
  )
})

// -------------------------------------------------------------------------------------------------
// The openai package
// -------------------------------------------------------------------------------------------------

describe("FaultServer with the openai package", () => {
  it.live("serves chats, completions, embeddings and models", () =>
    withServer({}, (server) =>
      Effect.promise(async () => {
        const client = openai(server)
        const chat = await client.chat.completions.create({ model: "m", messages })
        expect(chat).toMatchObject({ model: "m", choices: [{ message: { content: "one two three" } }] })
        const text = await client.completions.create({ model: "m", prompt: "four" })
        expect(text.choices[0]?.text).toBe("four")
        const base64 = await client.embeddings.create({ model: "m", input: ["a", "b"], dimensions: 4 })
        const float = await client.embeddings.create({
          model: "m",
          input: "a",
          encoding_format: "float",
          dimensions: 4
        })
        expect(base64.data.map(({ embedding }) => embedding.length)).toEqual([4, 4])
        expect([...(base64.data[0]?.embedding ?? [])]).toEqual(float.data[0]?.embedding)
        const models = await client.models.list()
        expect(models.data.map(({ id }) => id)).toEqual(["fault-model"])
        expect((await client.models.retrieve("mine")).id).toBe("mine")
        const fireworks = new OpenAI({ baseURL: `${server.origin}/inference/v1`, apiKey: "key" })
        expect((await fireworks.chat.completions.create({ model: "m", messages })).object).toBe("chat.completion")
      })
    )
  )

  for (const status of [503, 429]) {
    it.live(`records two retries after a ${status}`, () => {
      const fault = Fault.answer(status, { retryAfter: "20 millis", form: "millis" })
      return withServer({ script: [fault, fault] }, (server) =>
        Effect.gen(function* () {
          const body = { model: "m", messages }
          const answer = yield* Effect.promise(() => openai(server, 2).chat.completions.create(body))
          expect(answer.id).toBe("chatcmpl-3")
          const records = yield* server.requests
          expect(records.map((record) => record.status)).toEqual([status, status, 200])
          expect(records.map(({ headers }) => headers["x-stainless-retry-count"])).toEqual(["0", "1", "2"])
          const times = records.map(({ at }) => at)
          expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(19)
          yield* server.script(fault)
          const failure = yield* settle(() => openai(server, 2).chat.completions.create(body))
          expect(failure).toBe(String(status))
          expect((yield* server.counts).requests).toBe(6)
        })
      )
    })
  }

  it.live("receives no retry after `shouldRetry: false`", () =>
    withServer({ script: Fault.answer(503, { shouldRetry: false }) }, (server) =>
      Effect.gen(function* () {
        yield* settle(() => openai(server, 2).models.list())
        expect((yield* server.counts).requests).toBe(1)
      })
    )
  )
})

// -------------------------------------------------------------------------------------------------
// Scope
// -------------------------------------------------------------------------------------------------

/** Returns the resources that keep the process alive. */
const handles = Effect.sync(() => process.getActiveResourcesInfo().filter((name) => name !== "Immediate"))

/** Removes the elements of one list from another, each as often as it occurs. */
const without = (list: ReadonlyArray<string>, other: ReadonlyArray<string>) =>
  other.reduce((rest, name) => (rest.includes(name) ? rest.toSpliced(rest.indexOf(name), 1) : rest), list)

describe("FaultServer scope", () => {
  for (const tls of [false, true]) {
    it.live(`ends all requests and releases all resources, on ${tls ? "TLS" : "TCP"}`, () =>
      Effect.gen(function* () {
        yield* Effect.sleep(50)
        const before = yield* handles
        const faults = [
          Fault.unanswered,
          Fault.stall("1 hour"),
          Fault.drip({ every: "1 hour" }),
          Fault.cut({ by: "silence" }),
          Fault.stream({ events: 5, after: 1, ending: "silence" }),
          Fault.capacity({ concurrent: 1, queue: 9, admitted: Fault.stall("1 hour") }),
          Fault.closeAfter("1 hour"),
          Fault.healthy
        ]
        const connections = [...faults.map(() => Fault.accept), Fault.ignore]
        const sending = yield* Effect.scoped(
          Effect.gen(function* () {
            const server = yield* FaultServer.make({ script: faults, connections, tls })
            const fibers = yield* Effect.forEach([...faults, null], () =>
              Effect.forkDaemon(Effect.scoped(Effect.flatMap(client(server), (send) => send("/", "hello"))))
            )
            yield* server.awaitRequests(faults.length - 1)
            yield* server.until(({ opened }) => opened === faults.length + 1)
            return fibers
          })
        )
        // no client still waits
        yield* Fiber.joinAll(sending)
        expect(without(yield* handles, before)).toEqual([])
      })
    )
  }

  it.effect("uses the live clock even under TestClock", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const server = yield* FaultServer.make({ script: Fault.stall("5 millis") })
        yield* Effect.promise(() => fetch(server.origin))
        const [record] = yield* server.requests
        expect(record?.at).toBeGreaterThan(1e12)
        expect(yield* TestClock.currentTimeMillis).toBe(0)
      })
    )
  )

  it.live("serves a thousand concurrent requests", () =>
    withServer({ script: Fault.stall("50 millis") }, (server) =>
      Effect.gen(function* () {
        const pool = new undici.Pool(server.origin, { pipelining: 1 })
        const one = Effect.promise(() => pool.request({ path: "/", method: "GET" }).then(({ body }) => body.dump()))
        yield* Effect.all(
          Array.from({ length: 1000 }, () => one),
          { concurrency: "unbounded", discard: true }
        )
        expect(yield* server.counts).toMatchObject({ requests: 1000, opened: 1000 })
        yield* Effect.promise(() => pool.destroy())
        yield* server.awaitClosed()
      })
    )
  )

  it("throws for invalid options", () => {
    expect(() => FaultServer.make({ keep: 0 })).toThrow("FaultServer.make: keep is 0")
    expect(() => FaultServer.make({ maxBody: -1 })).toThrow("FaultServer.make: maxBody is -1")
  })

  it.live("provides the server as a layer", () =>
    Effect.flatMap(FaultServer.FaultServer, (server) => Effect.promise(() => fetch(server.origin))).pipe(
      Effect.provide(FaultServer.layer({ script: Fault.answer(204) })),
      Effect.map(({ status }) => expect(status).toBe(204))
    )
  )
})
