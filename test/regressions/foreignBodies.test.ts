/**
 * Each body was read through a `Stream`, which takes several times as long as `response.text` and allocates 300 KB. Now a small
 * JSON body of known size is read as text. The bytes of all other bodies are still counted as they arrive.
 */
import { HttpClient, HttpClientResponse, HttpIncomingMessage } from "@effect/platform"
import { describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Option, Stream } from "effect"
import { Retry, ReliableHttpClient, Workload } from "effect-reliability"
import { createServer, type RequestListener } from "node:http"
import { gzipSync } from "node:zlib"
import { expect } from "vitest"
import { transports } from "../conformance/transports.js"

const workload = Workload.with(Workload.interactive, { retry: Retry.make({ attempts: 1 }) })

const url = "https://api.example.com/v1/models"

const type = { "content-type": "application/json" }

const bytesOf = (text: string) => new TextEncoder().encode(text)

/** Makes a client in memory that records how its bodies are read. */
const counting = (respond: () => Response) => {
  const reads: Array<"text" | "stream"> = []
  const client = HttpClient.make((request) =>
    Effect.sync(() => {
      const response = HttpClientResponse.fromWeb(request, respond())
      return Object.create(response, {
        text: { get: () => (reads.push("text"), response.text) },
        stream: { get: () => (reads.push("stream"), response.stream) }
      }) as HttpClientResponse.HttpClientResponse
    })
  )
  return { client, reads }
}

const server = (listener: RequestListener) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.async<ReturnType<typeof createServer>>((resume) => {
        const made = createServer(listener)
        made.listen(0, "127.0.0.1", () => resume(Effect.succeed(made)))
      }),
      (made) =>
        Effect.sync(() => {
          made.closeAllConnections()
          made.close()
        })
    ),
    (made) => {
      const address = made.address()
      return `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`
    }
  )

describe("ReliableHttpClient over any client", () => {
  const sized = (text: string, headers: Record<string, string> = {}) =>
    new Response(bytesOf(text), { headers: { ...type, "content-length": `${bytesOf(text).length}`, ...headers } })

  it.effect("reads a body of known size with the client's own text", () =>
    Effect.gen(function* () {
      const { client, reads } = counting(() =>
        sized(`{"a":"ä"}`, { "set-cookie": "c=1", "content-type": "application/json; charset=UTF-8" })
      )
      const response = yield* ReliableHttpClient.make(client, { workload }).get(url)
      expect(reads).toEqual(["text"])
      expect(yield* response.json).toEqual({ a: "ä" })
      expect(yield* response.text).toBe(`{"a":"ä"}`)
      expect(new Uint8Array(yield* response.arrayBuffer)).toEqual(bytesOf(`{"a":"ä"}`))
      expect(yield* Stream.mkString(Stream.decodeText(response.stream))).toBe(`{"a":"ä"}`)
      expect(Object.keys(response.cookies.cookies)).toEqual(["c"])
      expect(reads).toEqual(["text"])
    })
  )

  const longest = JSON.stringify("x".repeat(256 * 1024 - 2))

  it.effect.each([
    ["has no content-length", () => new Response(bytesOf("{}"), { headers: type })],
    ["has an invalid content-length", () => sized("{}", { "content-length": "2, 2" })],
    ["has a content-encoding", () => sized("{}", { "content-encoding": "gzip" })],
    ["is chunked", () => sized("{}", { "transfer-encoding": "chunked" })],
    ["has another charset", () => sized("{}", { "content-type": "application/json; charset=latin1" })],
    ["is not JSON", () => sized("{}", { "content-type": "application/octet-stream" })],
    [
      "belongs to an error response",
      () => new Response("{}", { status: 500, headers: { ...type, "content-length": "2" } })
    ],
    ["is longer than 256 KiB", () => sized(`${longest} `)]
  ] as const)("counts the bytes of a body that %s", ([, respond]) =>
    Effect.gen(function* () {
      const { client, reads } = counting(respond)
      yield* Effect.exit(ReliableHttpClient.make(client, { workload }).get(url))
      expect(reads).toEqual(["stream"])
    })
  )

  it.effect("reads up to 256 KiB with the client's own text, within maxBody and maxJson", () =>
    Effect.gen(function* () {
      const whole = counting(() => sized(longest))
      yield* ReliableHttpClient.make(whole.client, { workload }).get(url)
      expect(whole.reads).toEqual(["text"])
      for (const bound of ["maxBody", "maxJson"]) {
        const exact = counting(() => sized("[1]"))
        yield* ReliableHttpClient.make(exact.client, { workload, [bound]: 3 }).get(url)
        expect(exact.reads).toEqual(["text"])
        const beyond = counting(() => sized("[10]"))
        const error = yield* Effect.flip(ReliableHttpClient.make(beyond.client, { workload, [bound]: 3 }).get(url))
        expect(error.reason).toBe("AnswerTooLarge")
        expect(beyond.reads).toEqual(["stream"])
      }
    })
  )

  it.effect("counts the bytes of a body if HttpIncomingMessage.withMaxBodySize is set", () =>
    Effect.gen(function* () {
      const { client, reads } = counting(() => sized("{}"))
      yield* ReliableHttpClient.make(client, { workload })
        .get(url)
        .pipe(HttpIncomingMessage.withMaxBodySize(Option.some(1)))
      expect(reads).toEqual(["stream"])
    })
  )

  it.effect("counts the bytes of each body on runtimes that may hide content-encoding", () =>
    Effect.gen(function* () {
      const { client, reads } = counting(() => sized("{}"))
      const { versions } = process
      const elsewhere = <A, E>(changed: object, effect: Effect.Effect<A, E>) =>
        Effect.acquireUseRelease(
          Effect.sync(() => Object.defineProperty(process, "versions", { value: changed, configurable: true })),
          () => effect,
          () => Effect.sync(() => Object.defineProperty(process, "versions", { value: versions, configurable: true }))
        )
      const call = ReliableHttpClient.make(client, { workload }).get(url)
      for (const changed of [{ ...versions, bun: "1.3.0" }, { ...versions, deno: "2.5.0" }, {}]) {
        yield* elsewhere(changed, call)
      }
      expect(reads).toEqual(["stream", "stream", "stream"])
    })
  )

  it.effect("rejects a body that is longer than its content-length and its bound", () =>
    Effect.gen(function* () {
      const of = (text: string) => {
        const { client, reads } = counting(() => sized(text, { "content-length": "10" }))
        return { call: ReliableHttpClient.make(client, { workload, maxBody: 1001 }).get(url), reads }
      }
      // each of these characters has three bytes
      const most = of(JSON.stringify("€".repeat(333)))
      expect(yield* (yield* most.call).text).toHaveLength(335)
      const more = of(`${JSON.stringify("€".repeat(333))} `)
      expect(yield* Effect.flip(more.call)).toMatchObject({
        reason: "AnswerTooLarge",
        delivery: "Partial",
        status: 200
      })
      expect([...most.reads, ...more.reads]).toEqual(["text", "text"])
    })
  )

  it.effect("drops a byte order mark that the client keeps", () =>
    Effect.gen(function* () {
      const client = HttpClient.make((request) =>
        Effect.sync(() => {
          const response = HttpClientResponse.fromWeb(request, sized(`[1]`))
          return Object.create(response, {
            text: { value: Effect.succeed("\ufeff[1]") }
          }) as HttpClientResponse.HttpClientResponse
        })
      )
      const response = yield* ReliableHttpClient.make(client, { workload }).get(url)
      expect([yield* response.text, yield* response.json]).toEqual(["[1]", [1]])
    })
  )

  it.effect("aborts the request when it is interrupted", () =>
    Effect.gen(function* () {
      let aborted = 0
      const client = HttpClient.make((request, _, signal) =>
        Effect.sync(() => {
          signal.addEventListener("abort", () => aborted++)
          const silent = new ReadableStream({ pull: () => new Promise<void>(() => {}) })
          const headers = { ...type, "content-length": "100" }
          return HttpClientResponse.fromWeb(request, new Response(silent, { headers }))
        })
      )
      const fiber = yield* Effect.fork(ReliableHttpClient.make(client, { workload }).get(url))
      yield* Effect.yieldNow().pipe(Effect.repeatN(20))
      expect(aborted).toBe(0)
      expect(Exit.isInterrupted(yield* Fiber.interrupt(fiber))).toBe(true)
      expect(aborted).toBe(1)
    })
  )

  for (const { client, name } of transports) {
    describe(`over ${name}`, () => {
      it.scopedLive("limits the decompressed size of a body", () =>
        Effect.gen(function* () {
          const bomb = gzipSync(JSON.stringify("x".repeat(2 ** 20)))
          const origin = yield* server((_, response) => {
            response.writeHead(200, { ...type, "content-encoding": "gzip", "content-length": bomb.length })
            response.end(bomb)
          })
          const reliable = ReliableHttpClient.make(yield* client, { workload, maxBody: 100_000 })
          const exit = yield* Effect.exit(reliable.get(origin))
          // the clients of platform-node do not decompress
          if (name.startsWith("NodeHttpClient")) expect(String(exit)).toContain("InvalidAnswer")
          else expect(String(exit)).toContain("AnswerTooLarge")
        })
      )

      it.scopedLive("stops reading a body that does not end, and closes its connection", () =>
        Effect.gen(function* () {
          const closed = yield* Deferred.make<void>()
          const origin = yield* server((_, response) => {
            response.writeHead(200, type)
            const more = (): void => {
              while (response.write(" ".repeat(10_000))) {}
            }
            response.on("drain", more)
            response.on("close", () => Deferred.unsafeDone(closed, Effect.void))
            more()
          })
          const reliable = ReliableHttpClient.make(yield* client, { workload, maxBody: 100_000 })
          expect(yield* Effect.flip(reliable.get(origin))).toMatchObject({ reason: "AnswerTooLarge" })
          yield* Deferred.await(closed)
        })
      )

      it.scopedLive("returns a body that middleware has read before", () =>
        Effect.gen(function* () {
          const origin = yield* server((_, response) => {
            response.writeHead(200, { ...type, "content-length": 7 })
            response.end(`{"a":1}`)
          })
          const logged: Array<string> = []
          const logging = HttpClient.tap(yield* client, (response) =>
            Effect.map(response.text, (text) => void logged.push(text))
          )
          const response = yield* ReliableHttpClient.make(logging, { workload }).get(origin)
          expect(yield* response.json).toEqual({ a: 1 })
          expect(logged).toEqual([`{"a":1}`])
        })
      )
    })
  }
})
