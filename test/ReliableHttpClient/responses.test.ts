import type { HttpClient, HttpClientResponse } from "@effect/platform"
import { HttpClientRequest } from "@effect/platform"
import { NodeHttpClient } from "@effect/platform-node"
import { describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber, Layer, Option, type Scope, Stream, TestClock } from "effect"
import { ApiError, Dialect, ReliableHttpClient, Retry, Workload } from "effect-reliability"
import { Transport } from "effect-reliability/node"
import type { ScriptedClient } from "effect-reliability/testing"
import { Fault, FaultServer } from "effect-reliability/testing"
import { expect } from "vitest"
import { transports } from "../conformance/transports.js"
import {
  agentOf,
  api,
  built,
  ended,
  failed,
  fake,
  json,
  once,
  overFetch,
  overUndici,
  post,
  scripted,
  steady,
  watched,
  workload
} from "../support/reliableHttpClient.js"

const arrivals = (client: ScriptedClient.ScriptedClient) =>
  Effect.map(client.requests, (requests) => requests.map(({ at }) => at))

// -------------------------------------------------------------------------------------------------
// Responses
// -------------------------------------------------------------------------------------------------

describe("a response other than 2xx", () => {
  it.effect.each([
    [400, "Fatal", "BadRequest"],
    [401, "Fatal", "Unauthorized"],
    [402, "Fatal", "PaymentRequired"],
    [403, "Fatal", "Forbidden"],
    [404, "Fatal", "NotFound"],
    [405, "Fatal", "MethodNotAllowed"],
    [407, "Fatal", "ProxyRefused"],
    [408, "Transient", "RequestTimeout"],
    [409, "Fatal", "Conflict"],
    [412, "Fatal", "PreconditionFailed"],
    [413, "Fatal", "TooLarge"],
    [418, "Fatal", "UnexpectedStatus"],
    [422, "Fatal", "Unprocessable"],
    [425, "Transient", "TooEarly"],
    [429, "RateLimit", "RateExceeded"],
    [500, "Transient", "ServerError"],
    [501, "Fatal", "UnexpectedStatus"],
    [502, "Transient", "BadGateway"],
    [503, "Transient", "Unavailable"],
    [504, "Transient", "GatewayTimeout"],
    [505, "Fatal", "UnexpectedStatus"],
    [520, "Transient", "UnknownStatus"],
    [529, "RateLimit", "Overloaded"],
    // redirects that a client does not follow
    [301, "Fatal", "UnexpectedStatus"],
    [302, "Fatal", "UnexpectedStatus"],
    [304, "Fatal", "UnexpectedStatus"]
  ] as const)("maps status %s to %s %s", ([status, _tag, reason]) =>
    Effect.gen(function* () {
      const { client } = fake(() => new Response(null, { status }))
      const error = yield* Effect.flip(ReliableHttpClient.make(client, { workload: once }).get(api))
      expect(error).toMatchObject({ _tag, reason, status, delivery: "Acknowledged", attempts: 1, method: "GET" })
    })
  )

  it.effect("fails as the dialect defines", () =>
    Effect.gen(function* () {
      const acme = Dialect.make({
        name: "acme",
        entries: [{ status: 503, code: "warming_up", class: "Transient", reason: "ScalingUp", source: "a test" }]
      })
      const { client } = fake(() => json({ error: { message: "wait", code: "warming_up" } }, { status: 503 }))
      const of = (options: ReliableHttpClient.Options) =>
        Effect.flip(ReliableHttpClient.make(client, { workload: once, ...options }).get(api))
      expect((yield* of({})).reason).toBe("Unavailable")
      expect(yield* of({ dialect: acme })).toMatchObject({ reason: "ScalingUp", code: "warming_up", detail: "wait" })
    })
  )

  it.effect("fails according to the target of the model", () =>
    Effect.gen(function* () {
      const { client } = fake(() => new Response(null, { status: 429 }))
      const of = (target: ReliableHttpClient.Options["target"]) =>
        Effect.flip(ReliableHttpClient.make(client, { workload: once, target }).get(api))
      expect((yield* of("dedicated")).reason).toBe("Capacity")
      expect((yield* of("serverless")).reason).toBe("RateExceeded")
      expect((yield* of((request) => (request.url === api ? "dedicated" : undefined))).reason).toBe("Capacity")
      expect((yield* of(() => undefined)).reason).toBe("RateExceeded")
    })
  )

  it.effect("reports request id, method and URL without query and credentials", () =>
    Effect.gen(function* () {
      const { client } = fake(() => json({}, { status: 404, headers: { "x-request-id": "req-1" } }))
      const request = HttpClientRequest.del("https://someone:hush@api.example.com/v1/files/7?key=hush#hush")
      const error = yield* Effect.flip(ReliableHttpClient.make(client, { workload }).execute(request))
      expect(error).toMatchObject({
        requestId: "req-1",
        method: "DELETE",
        url: "https://api.example.com/v1/files/7"
      })
      expect(JSON.stringify(error) + error.message).not.toContain("hush")
    })
  )

  it.effect.each([
    ["millis", "1500 millis", 1500],
    ["seconds", "2 seconds", 2000],
    ["date", "3 seconds", 3000]
  ] as const)("causes a retry after the server hint, in %s", ([form, retryAfter, expected]) =>
    Effect.gen(function* () {
      const { client, reliable } = yield* scripted([Fault.answer(429, { retryAfter, form })], {
        workload: Workload.with(workload, { retry: steady({ base: 1 }) })
      })
      const fiber = yield* Effect.fork(reliable.get(api))
      yield* TestClock.adjust(expected - 1)
      expect(yield* arrivals(client)).toEqual([0])
      yield* TestClock.adjust(1)
      expect((yield* Fiber.join(fiber)).status).toBe(200)
      expect(yield* arrivals(client)).toEqual([0, expected])
    })
  )

  it.effect("causes no retry if the server hint is too long", () =>
    Effect.gen(function* () {
      const { client, reliable } = yield* scripted(Fault.answer(429, { retryAfter: "121 seconds" }))
      const error = yield* Effect.flip(reliable.get(api))
      expect(error).toMatchObject({ reason: "RateExceeded", retryAfter: Duration.seconds(121), attempts: 1 })
      expect(yield* arrivals(client)).toEqual([0])
    })
  )

  it.effect("follows x-should-retry", () =>
    Effect.gen(function* () {
      const yes = yield* scripted([Fault.answer(400, { shouldRetry: true })])
      expect((yield* ended(yes.reliable.get(api))).status).toBe(200)
      const no = yield* scripted([Fault.answer(503, { shouldRetry: false })])
      expect((yield* Effect.flip(no.reliable.get(api))).attempts).toBe(1)
    })
  )

  it.effect("fails with a settled error and the number of attempts", () =>
    Effect.gen(function* () {
      const { client, reliable } = yield* scripted(Fault.answer(503))
      const error = yield* failed(reliable.get(api))
      expect(error).toMatchObject({ reason: "Unavailable", attempts: 5 })
      expect(ApiError.isSettled(error)).toBe(true)
      expect(yield* arrivals(client)).toEqual([0, 1000, 3000, 7000, 15_000])
    })
  )
})

describe("a successful response", () => {
  const answering = (respond: () => Response) => {
    const { client, requests } = fake(respond)
    return { reliable: ReliableHttpClient.make(client, { workload }), requests }
  }

  it.effect("provides its body in every format", () =>
    Effect.gen(function* () {
      const { reliable } = answering(() => json({ b: [1] }, { headers: { "set-cookie": "c=1", "x-other": "o" } }))
      const response = yield* reliable.get(api)
      expect(yield* response.json).toEqual({ b: [1] })
      expect(yield* response.text).toBe(`{"b":[1]}`)
      expect(new TextDecoder().decode(yield* response.arrayBuffer)).toBe(`{"b":[1]}`)
      expect(yield* Stream.mkString(Stream.decodeText(response.stream))).toBe(`{"b":[1]}`)
      expect(response.headers["x-other"]).toBe("o")
      expect(response.status).toBe(200)
      expect(JSON.stringify(response)).not.toContain("c=1")
    })
  )

  it.effect("provides form data and URL parameters", () =>
    Effect.gen(function* () {
      const form = new FormData()
      form.set("a", "1")
      const multipart = answering(() => new Response(form))
      expect((yield* (yield* multipart.reliable.get(api)).formData).get("a")).toBe("1")
      const encoded = answering(() => new Response("a=1&b=2"))
      expect(yield* (yield* encoded.reliable.get(api)).urlParamsBody).toEqual([
        ["a", "1"],
        ["b", "2"]
      ])
    })
  )

  it.effect("provides a new JSON value to each reader, also if one effect runs twice", () =>
    Effect.gen(function* () {
      const { reliable } = answering(() => json({ b: 1 }))
      const response = yield* reliable.get(api)
      const read = response.json
      const values = [yield* read, yield* read, yield* response.json]
      expect(values).toEqual([{ b: 1 }, { b: 1 }, { b: 1 }])
      expect(new Set(values).size).toBe(3)
    })
  )

  it.effect("fails with InvalidAnswer if its JSON is invalid", () =>
    Effect.gen(function* () {
      const half = `{"choices":[{"message":"a secret of the user`
      const { client, reliable } = yield* scripted([
        Fault.answer(200, { headers: { "content-type": "application/json" }, body: half })
      ])
      expect((yield* ended(reliable.get(api))).status).toBe(200)
      expect(yield* arrivals(client)).toEqual([0, 1000])

      const { client: broken } = fake(
        () =>
          new Response(half, { headers: { "content-type": "Application/JSON; charset=utf-8", "x-request-id": "r" } })
      )
      const error = yield* Effect.flip(ReliableHttpClient.make(broken, { workload: once }).get(api))
      expect(error).toMatchObject({
        _tag: "Transient",
        reason: "InvalidAnswer",
        status: 200,
        delivery: "Acknowledged",
        requestId: "r"
      })
      expect(JSON.stringify(error) + error.message).not.toContain("secret")
    })
  )

  it.effect("fails with InvalidAnswer for long invalid JSON", () =>
    Effect.gen(function* () {
      // the beginning is valid by itself; the fault lies far behind it
      const body = `[]${" ".repeat(70_000)}]`
      const { client } = fake(() => new Response(body, { headers: { "content-type": "application/json" } }))
      const error = yield* Effect.flip(ReliableHttpClient.make(client, { workload: once }).get(api))
      expect(error.reason).toBe("InvalidAnswer")
    })
  )

  it.effect("causes no retry of a POST for invalid JSON", () =>
    Effect.gen(function* () {
      const { client, requests } = fake(() => new Response("{", { headers: { "content-type": "application/json" } }))
      const error = yield* failed(ReliableHttpClient.make(client, { workload }).execute(post))
      expect(error).toMatchObject({ reason: "InvalidAnswer", attempts: 1 })
      expect(requests).toHaveLength(1)
    })
  )

  it.effect.each([
    ["text/plain", "{"],
    ["application/x-ndjson", "{}\n{}\n"],
    ["application/jsonl", "{}\n{}\n"],
    ["application/json-seq", "\u001e{}\n\u001e{}\n"],
    ["application/stream+json", "{}\n{}\n"],
    ["application/json", ""],
    ["application/json", "null"],
    ["application/problem+json", `{"a":1}`],
    ["application/json", `\ufeff{"a":1}`],
    ["", "{"]
  ] as const)("accepts for the type %o the body %o", ([type, body]) =>
    Effect.gen(function* () {
      const { reliable, requests } = answering(
        () => new Response(new TextEncoder().encode(body), { headers: type === "" ? {} : { "content-type": type } })
      )
      const response = yield* reliable.get(api)
      expect(yield* response.text).toBe(body.replace(/^\ufeff/, ""))
      expect(requests).toHaveLength(1)
    })
  )

  it.effect.each([
    ["application/vnd.api+json", "{"],
    ["application/json,application/json", "{"],
    ["application/json ; charset=utf-8", "<html>"]
  ] as const)("rejects for the type %o the body %o", ([type, body]) =>
    Effect.gen(function* () {
      const { client } = fake(() => new Response(body, { headers: { "content-type": type } }))
      const error = yield* Effect.flip(ReliableHttpClient.make(client, { workload: once }).get(api))
      expect(error.reason).toBe("InvalidAnswer")
    })
  )

  it.effect("accepts a missing body", () =>
    Effect.gen(function* () {
      const headers = { "content-type": "application/json", "content-length": "0" }
      const none = answering(() => new Response(null, { status: 204, headers }))
      expect(yield* (yield* none.reliable.get(api)).text).toBe("")
      expect(yield* (yield* none.reliable.get(api)).json).toBe(null)
      const head = answering(() => new Response(null, { headers: { ...headers, "content-length": "99" } }))
      const response = yield* head.reliable.head(api)
      expect([response.status, response.headers["content-length"]]).toEqual([200, "99"])
    })
  )

  for (const { client, name } of transports) {
    it.scopedLive(`accepts a missing body over ${name}`, () =>
      Effect.gen(function* () {
        const reliable = ReliableHttpClient.make(yield* client, { workload: once })
        const server = yield* FaultServer.make({
          script: [
            Fault.answer(204),
            Fault.answer(200, { headers: { "content-type": "application/json" } }),
            Fault.healthy
          ]
        })
        expect((yield* reliable.get(server.baseUrl)).status).toBe(204)
        expect(yield* (yield* reliable.get(server.baseUrl)).json).toBe(null)
        expect(yield* (yield* reliable.head(`${server.baseUrl}/models`)).text).toBe("")
      })
    )
  }
})

// -------------------------------------------------------------------------------------------------
// Bodies of responses
// -------------------------------------------------------------------------------------------------

describe("the reading of a response", () => {
  it.effect("counts to the attempt timeout, after which the attempt is retried", () =>
    Effect.gen(function* () {
      const slow = watched((pulls) => (pulls === 1 ? new Uint8Array(10) : "silence"))
      const { client, requests } = fake((_, number) => (number === 1 ? new Response(slow.stream) : json({})))
      const fiber = yield* Effect.fork(ReliableHttpClient.make(client, { workload }).get(api))
      yield* TestClock.adjust("10 seconds")
      expect(slow.seen.cancelled).toBe(true)
      expect(requests).toHaveLength(1)
      yield* TestClock.adjust("1 second")
      expect((yield* Fiber.join(fiber)).status).toBe(200)
    })
  )

  it.effect("ends at the attempt timeout while the body still arrives", () =>
    Effect.gen(function* () {
      const { reliable } = yield* scripted(
        Fault.drip({ every: "1 second", bytes: 1 }, Fault.answer(200, { body: "xxxxxxxxxxxxxxx" })),
        {
          workload: once
        }
      )
      const error = yield* failed(reliable.get(api))
      expect(error).toMatchObject({ reason: "Timeout", phase: "attempt", attempts: 1 })
    })
  )

  it.effect("accepts maxBody bytes and not one more", () =>
    Effect.gen(function* () {
      const of = (size: number) => {
        const { client } = fake(() => new Response(new Uint8Array(size)))
        return ReliableHttpClient.make(client, { workload, maxBody: 1000 }).get(`${api}?hush`)
      }
      expect((yield* (yield* of(1000)).arrayBuffer).byteLength).toBe(1000)
      const error = yield* Effect.flip(of(1001))
      expect(error).toMatchObject({
        _tag: "Fatal",
        reason: "AnswerTooLarge",
        delivery: "Partial",
        detail: "the limit is 1000 bytes",
        status: 200,
        method: "GET",
        url: api,
        attempts: 1
      })
    })
  )

  it.effect("rejects one byte beyond maxBody in a later piece", () =>
    Effect.gen(function* () {
      const sizes = [600, 400, 1]
      const { stream } = watched((pulls) => {
        const size = sizes[pulls - 1]
        return size === undefined ? "end" : new Uint8Array(size)
      })
      const { client } = fake(() => new Response(stream))
      const error = yield* Effect.flip(ReliableHttpClient.make(client, { workload, maxBody: 1000 }).get(api))
      expect(error.reason).toBe("AnswerTooLarge")
    })
  )

  it.effect("stops at maxBody and cancels the rest", () =>
    Effect.gen(function* () {
      const endless = watched(() => new Uint8Array(400))
      const { client } = fake(() => new Response(endless.stream))
      yield* Effect.flip(ReliableHttpClient.make(client, { workload, maxBody: 1000 }).get(api))
      expect(endless.seen).toEqual({ pulls: 3, cancelled: true })
    })
  )

  it.effect("keeps 64 KiB of an error body and drains at most 1 MiB", () =>
    Effect.gen(function* () {
      const chunk = new Uint8Array(40 * 1024).fill(120)
      const endless = watched(() => chunk)
      const { client } = fake(() => new Response(endless.stream, { status: 500 }))
      let seen: HttpClientResponse.HttpClientResponse | undefined
      yield* Effect.ignore(
        ReliableHttpClient.transform({ workload: once })(client)
          .get(api)
          .pipe(Effect.tapErrorTag("ResponseError", (error) => Effect.sync(() => (seen = error.response))))
      )
      expect((yield* seen?.text ?? Effect.succeed("")).length).toBe(64 * 1024)
      // 1 MiB is 25.6 chunks
      expect(endless.seen).toEqual({ pulls: 26, cancelled: true })
    })
  )

  it.effect("drains an error body for 250 ms", () =>
    Effect.gen(function* () {
      const silent = watched((pulls) => (pulls === 1 ? new TextEncoder().encode(`{"error":{"code":"c"}}`) : "silence"))
      const { client } = fake(() => new Response(silent.stream, { status: 500 }))
      const fiber = yield* Effect.fork(Effect.flip(ReliableHttpClient.make(client, { workload: once }).get(api)))
      yield* TestClock.adjust(249)
      expect(yield* Fiber.poll(fiber)).toEqual(Option.none())
      expect(silent.seen.cancelled).toBe(false)
      yield* TestClock.adjust(1)
      expect(yield* Fiber.join(fiber)).toMatchObject({ reason: "ServerError", code: "c" })
      expect(silent.seen.cancelled).toBe(true)
    })
  )

  it.effect("ignores that an error body breaks off", () =>
    Effect.gen(function* () {
      const broken = watched((pulls) => (pulls === 1 ? new TextEncoder().encode(`{"error":{"code":"c"}`) : new Error()))
      const { client } = fake(() => new Response(broken.stream, { status: 500 }))
      const error = yield* Effect.flip(ReliableHttpClient.make(client, { workload: once }).get(api))
      expect(error).toMatchObject({ reason: "ServerError", delivery: "Acknowledged" })
    })
  )

  for (const { client, name } of transports) {
    describe(`over ${name}`, () => {
      const brisk = Workload.with(workload, { retry: steady({ base: 10 }) })

      it.scopedLive.each([
        ["is cut", Fault.cut({ by: "close" })],
        ["is reset", Fault.cut({ by: "reset" })],
        ["ends without its last chunk", Fault.cut({ by: "close", framing: "chunked" })]
      ] as const)("retries a body that %s, if the method allows it", ([, fault]) =>
        Effect.gen(function* () {
          const reliable = ReliableHttpClient.make(yield* client, { workload: brisk })
          const server = yield* FaultServer.make({ script: [fault] })
          expect((yield* reliable.get(`${server.baseUrl}/models`)).status).toBe(200)
          expect((yield* server.counts).requests).toBe(2)
          yield* server.script([fault])
          const error = yield* Effect.flip(
            reliable.execute(HttpClientRequest.setMethod(HttpClientRequest.get(`${server.baseUrl}/models`), "POST"))
          )
          expect(error).toMatchObject({ reason: "ConnectionLost", delivery: "Partial", attempts: 1 })
          expect((yield* server.counts).requests).toBe(3)
        })
      )

      it.scopedLive("accepts maxBody bytes and not one more", () =>
        Effect.gen(function* () {
          const reliable = ReliableHttpClient.make(yield* client, { workload: once, maxBody: 100_000 })
          const server = yield* FaultServer.make({
            script: [100_000, 100_001].map((size) => Fault.answer(200, { body: "x".repeat(size) }))
          })
          const response = yield* reliable.get(server.origin)
          expect((yield* response.text).length).toBe(100_000)
          expect(Option.getOrElse(response.remoteAddress, () => "127.0.0.1")).toBe("127.0.0.1")
          const error = yield* Effect.flip(reliable.get(server.origin))
          expect(error).toMatchObject({ reason: "AnswerTooLarge", delivery: "Partial", status: 200, attempts: 1 })
        })
      )

      it.scopedLive("keeps 64 KiB of an error body, and the connection if the client supports it", () =>
        Effect.gen(function* () {
          const hardy = ReliableHttpClient.transform({ workload: once })(yield* client)
          const server = yield* FaultServer.make({ script: [Fault.answer(500, { body: "x".repeat(200_000) })] })
          const error = yield* Effect.flip(hardy.get(server.origin))
          expect(error._tag === "ResponseError" && (yield* error.response.text).length).toBe(64 * 1024)
          const [connection] = yield* server.connections
          if (name === "NodeHttpClient.layer") expect(connection?.closed).toBeDefined()
          else expect(connection?.closed).toBeUndefined()
        })
      )

      it.scopedLive("closes the socket of an error body that does not end", () =>
        Effect.gen(function* () {
          const reliable = ReliableHttpClient.make(yield* client, { workload: once })
          const server = yield* FaultServer.make({
            script: [
              Fault.cut({ by: "silence" }, Fault.answer(503)),
              Fault.answer(503, { body: "x".repeat(16 * 2 ** 20) })
            ]
          })
          for (const _ of [1, 2]) {
            expect((yield* Effect.flip(reliable.get(server.origin))).status).toBe(503)
            yield* server.awaitClosed()
          }
          // undici opens connections that it does not use
          const used = (yield* server.connections).filter(({ requests }) => requests > 0)
          expect(used.map(({ closed }) => closed?.by)).toEqual(["client", "client"])
        })
      )
    })
  }
})

type Pooling = (connections: number) => Effect.Effect<HttpClient.HttpClient, never, Scope.Scope>

/** The transports that keep connections, limited to a number of them. */
const pooling: ReadonlyArray<readonly [name: string, Pooling]> = [
  ["Transport", (connections) => Transport.make({ connections, proxy: "none" })],
  [
    "Transport over an Agent",
    (connections) => Effect.flatMap(agentOf(connections), (dispatcher) => Transport.make({ dispatcher }))
  ],
  ["NodeHttpClient.layerUndici", (connections) => Effect.flatMap(agentOf(connections), overUndici)],
  [
    "NodeHttpClient with an agent",
    (maxSockets) =>
      built(
        Layer.provide(NodeHttpClient.layerWithoutAgent, NodeHttpClient.makeAgentLayer({ keepAlive: true, maxSockets }))
      )
  ],
  ["FetchHttpClient", (connections) => Effect.flatMap(agentOf(connections), overFetch)]
]

describe("a call with twenty retried failures", () => {
  const many = Workload.make({
    name: "many",
    timeouts: { attempt: "10 seconds" },
    retry: Retry.make({ attempts: 21, base: 1, factor: 1 })
  })
  const large = Fault.answer(503, { body: "x".repeat(200_000) })

  for (const [name, make] of pooling) {
    it.scopedLive(`uses at most two sockets over ${name}`, () =>
      Effect.gen(function* () {
        const server = yield* FaultServer.make({ script: Array.from({ length: 20 }, () => large) })
        const reliable = ReliableHttpClient.make(yield* make(10), { workload: many })
        expect((yield* reliable.get(`${server.baseUrl}/models`)).status).toBe(200)
        const { opened, requests } = yield* server.counts
        expect(requests).toBe(21)
        expect(opened).toBeLessThanOrEqual(2)
      })
    )

    it.scopedLive(`does not block other calls on one connection over ${name}`, () =>
      Effect.gen(function* () {
        const server = yield* FaultServer.make({
          script: ({ number }) => (number % 3 === 0 ? Fault.healthy : large)
        })
        const reliable = ReliableHttpClient.make(yield* make(1), { workload: many })
        const statuses = yield* Effect.forEach(
          Array.from({ length: 5 }),
          () => Effect.map(reliable.get(`${server.baseUrl}/models`), ({ status }) => status),
          { concurrency: "unbounded" }
        )
        expect(statuses).toEqual([200, 200, 200, 200, 200])
      })
    )
  }
})
