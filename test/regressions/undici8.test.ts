/** undici 8 rejects the handlers that undici 7 deprecates. It requires a newer Node than this package. */
import { HttpBody, type HttpClient, HttpClientRequest } from "@effect/platform"
import { it } from "@effect/vitest"
import { Effect, Fiber, Schedule, Stream } from "effect"
import { ReliableHttpClient, Retry, Workload } from "effect-reliability"
import { Transport } from "effect-reliability/node"
import type * as http from "node:http"
import { describe, expect } from "vitest"
import { bare, web } from "../support/proxy.js"

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number)
const isSupported = major > 22 || (major === 22 && minor >= 19)

const agents = ["Agent", "Agent with an interceptor", "RetryAgent"] as const

const dispatcherOf = (kind: (typeof agents)[number]) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const undici = await import("undici8")
      const agent = new undici.Agent({ connections: 1 })
      switch (kind) {
        case "Agent":
          return agent
        case "Agent with an interceptor":
          return agent.compose(undici.interceptors.redirect({ maxRedirections: 1 }))
        case "RetryAgent":
          return new undici.RetryAgent(agent, { maxRetries: 0 })
      }
    }),
    (dispatcher) => Effect.promise(() => dispatcher.destroy())
  )

const make = (kind: (typeof agents)[number]) =>
  Effect.flatMap(dispatcherOf(kind), (dispatcher) => Transport.make({ dispatcher }))

const reliable = (client: HttpClient.HttpClient, timeouts: Partial<Workload.Options["timeouts"]> = {}) =>
  ReliableHttpClient.make(client, {
    workload: Workload.make({
      name: "test",
      timeouts: { attempt: "10 seconds", ...timeouts },
      retry: Retry.make({ attempts: 1 })
    })
  })

const echo: http.RequestListener = (request, response) => {
  response.setHeader("set-cookie", ["a=1", "b=2"])
  request.pipe(response)
}

const silent: http.RequestListener = (request) => void request.resume()

const until = (holds: () => boolean) =>
  Effect.suspend(() => (holds() ? Effect.void : Effect.fail("not yet"))).pipe(
    Effect.retry(Schedule.spaced("2 millis")),
    Effect.timeout("5 seconds"),
    Effect.orDie
  )

describe.skipIf(!isSupported)("an undici 8 dispatcher", () => {
  for (const kind of agents) {
    it.scopedLive(`sends bodies and reads responses: ${kind}`, () =>
      Effect.gen(function* () {
        const server = yield* web(echo)
        const client = reliable(yield* make(kind))
        const form = new FormData()
        form.append("file", new Blob(["in a form"]), "name.txt")
        const bodies = {
          "as text": HttpBody.text("as text"),
          "in a form": HttpBody.formData(form),
          "in a stream": HttpBody.stream(Stream.encodeText(Stream.make("in a ", "stream")))
        }
        for (const [text, body] of Object.entries(bodies)) {
          const response = yield* client.execute(HttpClientRequest.setBody(HttpClientRequest.post(server.origin), body))
          expect(yield* response.text).toContain(text)
          expect(Object.keys(response.cookies.cookies)).toEqual(["a", "b"])
        }
      })
    )

    it.scopedLive(`applies backpressure to a response that is not read: ${kind}`, () =>
      Effect.gen(function* () {
        const chunk = Buffer.alloc(1 << 16)
        let written = 0
        const server = yield* web((_, response) => {
          const write = (): void => {
            while (written < 1000) {
              written++
              if (!response.write(chunk)) return void response.once("drain", write)
            }
            response.end()
          }
          write()
        })
        const client = yield* make(kind)
        const response = yield* client.execute(HttpClientRequest.get(server.origin))
        yield* Effect.sleep("100 millis")
        expect(written).toBeLessThan(1000)
        expect((yield* response.arrayBuffer).byteLength).toBe(1000 << 16)
      })
    )

    it.scopedLive(`reports the phase and delivery of failed requests: ${kind}`, () =>
      Effect.gen(function* () {
        const server = yield* web(silent)
        const client = reliable(yield* make(kind), { read: "150 millis", pool: "40 millis", connect: "40 millis" })
        const fiber = yield* Effect.fork(Effect.flip(client.get(server.origin)))
        yield* until(() => server.requests.length === 1)
        const waiting = yield* Effect.flip(client.get(server.origin))
        expect(waiting).toMatchObject({ reason: "Timeout", phase: "pool", delivery: "NotSent" })
        expect(yield* Fiber.join(fiber)).toMatchObject({ reason: "Timeout", phase: "read", delivery: "Unconfirmed" })
        yield* until(() => server.open() === 0)

        const garbled = yield* bare((socket) => socket.on("data", () => socket.end("\u0000 no HTTP\r\n\r\n")))
        const error = yield* Effect.flip(client.get(garbled.origin))
        expect(error).toMatchObject({ reason: "InvalidAnswer", delivery: "Partial" })
      })
    )

    it.scopedLive(`fails with phase write if a request body stalls: ${kind}`, () =>
      Effect.gen(function* () {
        const server = yield* web(silent)
        const client = reliable(yield* make(kind), { write: "100 millis" })
        const stalls = HttpBody.stream(Stream.concat(Stream.encodeText(Stream.make("a")), Stream.never))
        const error = yield* Effect.flip(
          client.execute(HttpClientRequest.setBody(HttpClientRequest.post(server.origin), stalls))
        )
        expect(error).toMatchObject({ reason: "Timeout", phase: "write", delivery: "Unconfirmed" })
        yield* until(() => server.open() === 0)
      })
    )

    it.scopedLive(`closes the connection of an interrupted request: ${kind}`, () =>
      Effect.gen(function* () {
        const server = yield* web(silent)
        const client = yield* make(kind)
        const fiber = yield* Effect.fork(client.get(server.origin))
        yield* until(() => server.requests.length === 1)
        yield* Fiber.interrupt(fiber)
        yield* until(() => server.open() === 0)
      })
    )
  }
})
