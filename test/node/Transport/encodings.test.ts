import { HttpClientRequest } from "@effect/platform"
import { describe, it } from "@effect/vitest"
import { Effect, Fiber, Option, Stream } from "effect"
import { Dialect, ReliableHttpClient, Retry } from "effect-reliability"
import * as EventStream from "effect-reliability/stream"
import { randomBytes } from "node:crypto"
import type * as http from "node:http"
import * as zlib from "node:zlib"
import * as undici from "undici"
import { afterEach, beforeEach, expect, vi } from "vitest"
import { web } from "../../support/proxy.js"
import {
  type AnyClient,
  both,
  failure,
  make,
  note,
  nothingLeft,
  pause,
  problems,
  reliable,
  resources,
  text,
  until,
  workload
} from "../../support/transport.js"

const { get } = HttpClientRequest

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

describe("a compressed response", () => {
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

  /** Responds with a content-encoding; the bytes need not match it. */
  const encoded =
    (encoding: string, bytes: Buffer | string, status = 200, type = "application/json"): http.RequestListener =>
    (_, response) => {
      response.writeHead(status, { "content-type": type, "content-encoding": encoding, "x-more": "1" })
      response.end(bytes)
    }

  /** Returns the prototype of all decoders of gzip. */
  const decoder = () => Object.getPrototypeOf(zlib.createGunzip()) as zlib.Gunzip

  const quota = Buffer.from(`{"error":{"message":"No more.","code":"insufficient_quota"}}`)

  for (const [encoding, encode] of Object.entries(encoders)) {
    it.scopedLive(`decodes the body: ${encoding}`, () =>
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
    it.scopedLive(`preserves the body if the content-encoding is not a compression: "${encoding}"`, () =>
      Effect.gen(function* () {
        const server = yield* web(encoded(encoding, "{}"))
        for (const client of both(yield* make())) {
          const answer = yield* client.get(server.origin)
          expect([yield* answer.text, answer.headers["content-encoding"]]).toEqual(["{}", encoding])
        }
      })
    )
  }

  it.scopedLive("accepts an empty body", () =>
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
        // undici closes the connection after a HEAD
        yield* until(() => server.open() === 0)
      }
    })
  )

  for (const [encoding, compress] of [
    ["gzip", () => zlib.createGzip()],
    ["br", () => zlib.createBrotliCompress()]
  ] as const) {
    it.scopedLive(`emits events as they arrive: ${encoding}`, () =>
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

  it.scopedLive("limits the decoded size, and closes the connection", () =>
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
      // no more of an error body is decoded than is read
      const written = vi.spyOn(Buffer, "concat")
      expect(yield* failure(client.get(`${server.origin}/503`))).toMatchObject({ status: 503 })
      for (const [chunks] of written.mock.calls) {
        expect(chunks.reduce((size, { length }) => size + length, 0)).toBeLessThan(2 ** 20)
      }
      written.mockRestore()
    })
  )

  it.scopedLive("applies backpressure to the server while the body is not read", () =>
    Effect.gen(function* () {
      let written = 0
      let blocked = false
      // concatenated, the pieces are one valid gzip body
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

  it.scopedLive("decodes no faster than it is read, and releases its connection once all bytes have arrived", () =>
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

  it.scopedLive(
    "fails with InvalidAnswer or StreamBroken if the encoding is corrupt, unless the status is an error",
    () =>
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
              detail: `the response is not valid ${encoding}`
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
    it.scopedLive(`fails with Decode without a retry if the encoding is not supported: ${encoding}`, () =>
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
          detail: `the response is encoded as ${encoding}, which is not supported`
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

  it.scopedLive("releases its decoder and connection after interruption, timeout and an early stop", () =>
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
