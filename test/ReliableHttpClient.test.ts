import {
  FetchHttpClient,
  HttpBody,
  HttpClient,
  HttpClientError,
  HttpClientRequest,
  HttpClientResponse
} from "@effect/platform"
import { NodeHttpClient } from "@effect/platform-node"
import { describe, it } from "@effect/vitest"
import {
  Cause,
  Context,
  Deferred,
  Duration,
  Effect,
  Exit,
  Fiber,
  Layer,
  Option,
  Random,
  type Scope,
  Stream,
  TestClock,
  Tracer
} from "effect"
import {
  ApiError,
  Classify,
  Deadline,
  Dialect,
  Reliability,
  ReliableHttpClient,
  Retry,
  RetryBudget,
  Workload
} from "effect-reliability"
import { Transport } from "effect-reliability/node"
import { Fault, FaultServer, ScriptedClient } from "effect-reliability/testing"
import * as net from "node:net"
import { Readable } from "node:stream"
import { inspect } from "node:util"
import { Agent } from "undici"
import { expect } from "vitest"
import { singleTry } from "../src/internal/http/transportHook.js"
import { transports } from "./conformance/transports.js"
import { closedPort, deafPort } from "./support/faults.js"

// -------------------------------------------------------------------------------------------------
// What the tests are made of
// -------------------------------------------------------------------------------------------------

const api = "https://api.example.com/v1/models"

const steady = (options: Retry.Options = {}) => Retry.make({ base: "1 second", jitter: "none", ...options })

const workload = Workload.make({
  name: "test",
  timeouts: { attempt: "10 seconds" },
  deadline: "5 minutes",
  retry: steady()
})

const once = Workload.with(workload, { retry: steady({ attempts: 1 }) })

type Request = HttpClientRequest.HttpClientRequest

/** A client in memory, over `HttpClient.make` as those of the platform are, and what it was asked for. */
const fake = (respond: (request: Request, number: number) => Response | Effect.Effect<Response, unknown>) => {
  const requests: Array<Request> = []
  const client = HttpClient.make((request) =>
    Effect.suspend(() => {
      requests.push(request)
      const response = respond(request, requests.length)
      return Effect.mapBoth(response instanceof Response ? Effect.succeed(response) : response, {
        onSuccess: (response) => HttpClientResponse.fromWeb(request, response),
        onFailure: (cause) => new HttpClientError.RequestError({ request, reason: "Transport", cause })
      })
    })
  )
  return { client, requests }
}

const json = (value: unknown, init: ResponseInit = {}) =>
  new Response(JSON.stringify(value), { ...init, headers: { "content-type": "application/json", ...init.headers } })

/** Runs an effect until its end, whatever time that takes. */
const ended = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.fork(effect)
    yield* TestClock.adjust("1 hour")
    return yield* Fiber.join(fiber)
  })

const failed = <A, E, R>(effect: Effect.Effect<A, E, R>) => ended(Effect.flip(effect))

const scripted = (script: Fault.Script, options: ReliableHttpClient.Options = {}) =>
  Effect.map(ScriptedClient.make(script), (client) => ({
    client,
    reliable: ReliableHttpClient.make(client, { workload, ...options })
  }))

const arrivals = (client: ScriptedClient.ScriptedClient) =>
  Effect.map(client.requests, (requests) => requests.map(({ at }) => at))

/** A body of which the test sees what is asked for. */
const watched = (next: (pulls: number) => Uint8Array | "silence" | "end" | Error) => {
  const seen = { pulls: 0, cancelled: false }
  const stream = new ReadableStream<Uint8Array>(
    {
      pull: (controller) => {
        const chunk = next(++seen.pulls)
        if (chunk === "silence") return new Promise<void>(() => {})
        if (chunk === "end") controller.close()
        else if (chunk instanceof Error) controller.error(chunk)
        else controller.enqueue(chunk)
        return undefined
      },
      cancel: () => {
        seen.cancelled = true
      }
    },
    { highWaterMark: 0 }
  )
  return { seen, stream }
}

const post = HttpClientRequest.bodyUnsafeJson(HttpClientRequest.post(api), { a: 1 })

// -------------------------------------------------------------------------------------------------
// Answers
// -------------------------------------------------------------------------------------------------

describe("an answer that is no success", () => {
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
  ] as const)("of %s is %s %s", ([status, _tag, reason]) =>
    Effect.gen(function* () {
      const { client } = fake(() => new Response(null, { status }))
      const error = yield* Effect.flip(ReliableHttpClient.make(client, { workload: once }).get(api))
      expect(error).toMatchObject({ _tag, reason, status, delivery: "Acknowledged", attempts: 1, method: "GET" })
    })
  )

  it.effect("means what the dialect says", () =>
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

  it.effect("means what the model's place says", () =>
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

  it.effect("tells request id, method and URL, and neither query nor credentials", () =>
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
  ] as const)("is tried again when it asks, in %s", ([form, retryAfter, expected]) =>
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

  it.effect("is not waited for if it asks for too much", () =>
    Effect.gen(function* () {
      const { client, reliable } = yield* scripted(Fault.answer(429, { retryAfter: "121 seconds" }))
      const error = yield* Effect.flip(reliable.get(api))
      expect(error).toMatchObject({ reason: "RateExceeded", retryAfter: Duration.seconds(121), attempts: 1 })
      expect(yield* arrivals(client)).toEqual([0])
    })
  )

  it.effect("does as x-should-retry says", () =>
    Effect.gen(function* () {
      const yes = yield* scripted([Fault.answer(400, { shouldRetry: true })])
      expect((yield* ended(yes.reliable.get(api))).status).toBe(200)
      const no = yield* scripted([Fault.answer(503, { shouldRetry: false })])
      expect((yield* Effect.flip(no.reliable.get(api))).attempts).toBe(1)
    })
  )

  it.effect("leaves settled, with the number of attempts", () =>
    Effect.gen(function* () {
      const { client, reliable } = yield* scripted(Fault.answer(503))
      const error = yield* failed(reliable.get(api))
      expect(error).toMatchObject({ reason: "Unavailable", attempts: 5 })
      expect(ApiError.isSettled(error)).toBe(true)
      expect(yield* arrivals(client)).toEqual([0, 1000, 3000, 7000, 15_000])
    })
  )
})

describe("a success", () => {
  const answering = (respond: () => Response) => {
    const { client, requests } = fake(respond)
    return { reliable: ReliableHttpClient.make(client, { workload }), requests }
  }

  it.effect("hands out its body in every form", () =>
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

  it.effect("hands out forms", () =>
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

  it.effect("gives each reader JSON of its own, also of one effect run twice", () =>
    Effect.gen(function* () {
      const { reliable } = answering(() => json({ b: 1 }))
      const response = yield* reliable.get(api)
      const read = response.json
      const values = [yield* read, yield* read, yield* response.json]
      expect(values).toEqual([{ b: 1 }, { b: 1 }, { b: 1 }])
      expect(new Set(values).size).toBe(3)
    })
  )

  it.effect("is none if it says JSON and is something else", () =>
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

  it.effect("is none, however long its invalid JSON is", () =>
    Effect.gen(function* () {
      // a beginning that is valid by itself, beyond which nobody looks for what failed
      const body = `[]${" ".repeat(70_000)}]`
      const { client } = fake(() => new Response(body, { headers: { "content-type": "application/json" } }))
      const error = yield* Effect.flip(ReliableHttpClient.make(client, { workload: once }).get(api))
      expect(error.reason).toBe("InvalidAnswer")
    })
  )

  it.effect("of a POST is not asked for again for its JSON", () =>
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
  ] as const)("of the type %o may hold %o", ([type, body]) =>
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
  ] as const)("of the type %o may not hold %o", ([type, body]) =>
    Effect.gen(function* () {
      const { client } = fake(() => new Response(body, { headers: { "content-type": type } }))
      const error = yield* Effect.flip(ReliableHttpClient.make(client, { workload: once }).get(api))
      expect(error.reason).toBe("InvalidAnswer")
    })
  )

  it.effect("without a body needs none", () =>
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
    it.scopedLive(`without a body needs none over ${name}`, () =>
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
// Bodies of answers
// -------------------------------------------------------------------------------------------------

describe("reading an answer", () => {
  it.effect("is part of the attempt: what is slower than its limit is tried again", () =>
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

  it.effect("has the attempt's limit and no other", () =>
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

  it.effect("takes maxBody bytes, and not one more", () =>
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

  it.effect("looks beyond maxBody bytes for one more", () =>
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

  it.effect("stops at maxBody, and lets go of the rest", () =>
    Effect.gen(function* () {
      const endless = watched(() => new Uint8Array(400))
      const { client } = fake(() => new Response(endless.stream))
      yield* Effect.flip(ReliableHttpClient.make(client, { workload, maxBody: 1000 }).get(api))
      expect(endless.seen).toEqual({ pulls: 3, cancelled: true })
    })
  )

  it.effect("keeps 64 KiB of a failure, and drains no more than a mebibyte", () =>
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

  it.effect("drains a failure for 250 ms", () =>
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

  it.effect("does not mind that a failure's body breaks off", () =>
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
      ] as const)("attempts again what %s, where it may", ([, fault]) =>
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

      it.scopedLive("takes maxBody bytes, and not one more", () =>
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

      it.scopedLive("keeps 64 KiB of a failure, and its connection", () =>
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

      it.scopedLive("closes the socket of a failure that does not end", () =>
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

// -------------------------------------------------------------------------------------------------
// Sockets
// -------------------------------------------------------------------------------------------------

const built = <I>(layer: Layer.Layer<HttpClient.HttpClient, never, I>) =>
  Effect.map(Layer.build(layer), (context) => Context.get(context, HttpClient.HttpClient))

const agentOf = (connections: number) =>
  Effect.acquireRelease(
    Effect.sync(() => new Agent({ connections, pipelining: 1 })),
    (agent) => Effect.promise(() => agent.destroy())
  )

const overUndici = (agent: Agent) =>
  built(Layer.provide(NodeHttpClient.layerUndiciWithoutDispatcher, Layer.succeed(NodeHttpClient.Dispatcher, agent)))

const overFetch = (dispatcher: Agent) =>
  built(
    Layer.provide(
      FetchHttpClient.layer,
      // an option of Node's fetch that the types of the web do not know
      Layer.succeed(FetchHttpClient.RequestInit, { dispatcher } as unknown as RequestInit)
    )
  )

type Pooling = (connections: number) => Effect.Effect<HttpClient.HttpClient, never, Scope.Scope>

/** The transports that keep connections, with so many of them. */
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

describe("twenty failures that are tried again", () => {
  const many = Workload.make({
    name: "many",
    timeouts: { attempt: "10 seconds" },
    retry: Retry.make({ attempts: 21, base: 1, factor: 1 })
  })
  const large = Fault.answer(503, { body: "x".repeat(200_000) })

  for (const [name, make] of pooling) {
    it.scopedLive(`take one or two sockets over ${name}`, () =>
      Effect.gen(function* () {
        const server = yield* FaultServer.make({ script: Array.from({ length: 20 }, () => large) })
        const reliable = ReliableHttpClient.make(yield* make(10), { workload: many })
        expect((yield* reliable.get(`${server.baseUrl}/models`)).status).toBe(200)
        const { opened, requests } = yield* server.counts
        expect(requests).toBe(21)
        expect(opened).toBeLessThanOrEqual(2)
      })
    )

    it.scopedLive(`do not wait for each other on one connection over ${name}`, () =>
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

// -------------------------------------------------------------------------------------------------
// The id of a call
// -------------------------------------------------------------------------------------------------

describe("the id of a call", () => {
  const idsOf = (
    requests: ReadonlyArray<{ readonly headers: Readonly<Record<string, string>> }>,
    name = "x-request-id"
  ) => requests.map(({ headers }) => headers[name])

  it.effect("is the same on each attempt, and another for the next call", () =>
    Effect.gen(function* () {
      const { client, reliable } = yield* scripted([Fault.answer(503), Fault.answer(503)])
      yield* ended(reliable.get(api))
      yield* reliable.get(api)
      const [first, second, third, fourth] = idsOf(yield* client.requests)
      expect(first).toMatch(/^[\da-f]{24}$/)
      expect([second, third]).toEqual([first, first])
      expect(fourth).toMatch(/^[\da-f]{24}$/)
      expect(fourth).not.toBe(first)
    })
  )

  it.effect("is the caller's, if there is one", () =>
    Effect.gen(function* () {
      const { client, reliable } = yield* scripted([Fault.answer(503)])
      yield* ended(reliable.execute(HttpClientRequest.get(api, { headers: { "X-Request-ID": "mine" } })))
      expect(idsOf(yield* client.requests)).toEqual(["mine", "mine"])
    })
  )

  it.effect("has the header that it is given", () =>
    Effect.gen(function* () {
      const { client, reliable } = yield* scripted([], { requestIdHeader: "X-Client-Trace" })
      yield* reliable.get(api)
      yield* reliable.execute(HttpClientRequest.get(api, { headers: { "x-client-trace": "mine" } }))
      const requests = yield* client.requests
      expect(idsOf(requests)).toEqual([undefined, undefined])
      expect(idsOf(requests, "x-client-trace")).toEqual([expect.stringMatching(/^[\da-f]{24}$/), "mine"])
    })
  )

  it.effect("is of the Random service", () =>
    Effect.gen(function* () {
      const { client, reliable } = yield* scripted([])
      const get = reliable.get(api)
      yield* Effect.withRandom(get, Random.fixed([0.5, 0.25]))
      yield* Effect.withRandom(get, Random.make("seed"))
      yield* Effect.withRandom(get, Random.make("seed"))
      const [fixed, one, two] = idsOf(yield* client.requests)
      expect(fixed).toBe("800000000000400000000000")
      expect(one).toBe(two)
      expect(one).not.toBe(fixed)
    })
  )

  it.effect("is kept by a reliable client within another", () =>
    Effect.gen(function* () {
      const { client, reliable } = yield* scripted([Fault.answer(503)])
      yield* ended(ReliableHttpClient.make(reliable, { workload }).get(api))
      const ids = idsOf(yield* client.requests)
      expect(ids).toHaveLength(2)
      expect(new Set(ids).size).toBe(1)
    })
  )
})

// -------------------------------------------------------------------------------------------------
// What may be repeated
// -------------------------------------------------------------------------------------------------

describe("what may have happened", () => {
  const lost = Fault.reset
  const triesOf = (
    method: HttpClientRequest.HttpClientRequest["method"],
    options: ReliableHttpClient.Options,
    fault: Fault.Fault = lost,
    around: <A, E>(effect: Effect.Effect<A, E>) => Effect.Effect<A, unknown> = (effect) => effect
  ) =>
    Effect.gen(function* () {
      const { client, reliable } = yield* scripted([fault], options)
      yield* ended(Effect.ignore(around(reliable.execute(HttpClientRequest.make(method)(api)))))
      return (yield* client.requests).length
    })

  it.effect.each([
    ["GET", 2],
    ["HEAD", 2],
    ["PUT", 2],
    ["DELETE", 2],
    ["OPTIONS", 2],
    ["POST", 1],
    ["PATCH", 1]
  ] as const)("is asked for again by its method: %s makes %s attempts", ([method, attempts]) =>
    Effect.gen(function* () {
      expect(yield* triesOf(method, {})).toBe(attempts)
      expect(yield* triesOf(method, { workload: undefined })).toBe(attempts)
      expect(yield* triesOf(method, { workload: Workload.interactive })).toBe(attempts)
      expect(yield* triesOf(method, { idempotency: "never" })).toBe(1)
      expect(yield* triesOf(method, { idempotency: "safe" })).toBe(2)
      expect(yield* triesOf(method, { idempotency: "keyed" })).toBe(2)
      expect(yield* triesOf(method, { idempotency: (request) => (request.method === method ? "safe" : "never") })).toBe(
        2
      )
      expect(yield* triesOf(method, { idempotency: () => "never" })).toBe(1)
    })
  )

  it.effect("is not what was refused before it was carried out", () =>
    Effect.gen(function* () {
      for (const status of [425, 429]) expect(yield* triesOf("POST", {}, Fault.answer(status))).toBe(2)
      for (const status of [408, 500, 502, 503, 504]) expect(yield* triesOf("POST", {}, Fault.answer(status))).toBe(1)
      const scalingUp = Fault.answer(503, { body: { error: { code: "DEPLOYMENT_SCALING_UP" } } })
      const patient = Workload.with(workload, { patience: { waits: 1, base: "1 second" } })
      expect(yield* triesOf("POST", { workload: patient }, scalingUp)).toBe(2)
    })
  )

  it.effect("is repeatable with an Idempotency-Key, unless a function of the request decides otherwise", () =>
    Effect.gen(function* () {
      const sent = (key: string, options: ReliableHttpClient.Options = {}) =>
        Effect.gen(function* () {
          const { client, reliable } = yield* scripted([lost], options)
          yield* ended(Effect.exit(reliable.execute(HttpClientRequest.setHeader(post, "Idempotency-Key", key))))
          return (yield* client.requests).length
        })
      expect(yield* sent("k")).toBe(2)
      expect(yield* sent("k", { idempotency: "never" })).toBe(2)
      expect(yield* sent("k", { idempotency: () => "never" })).toBe(1)
      expect(yield* sent("")).toBe(1)
    })
  )

  it.effect("rejects an unknown idempotency", () =>
    Effect.gen(function* () {
      // what JavaScript lets a caller return
      const idempotency = () => "perhaps" as Reliability.Idempotency
      const { reliable } = yield* scripted([], { idempotency })
      const exit = yield* Effect.exit(reliable.execute(post))
      expect(Exit.isFailure(exit) && String(Cause.squash(exit.cause))).toContain(
        'ReliableHttpClient.make: idempotency is "perhaps"'
      )
    })
  )
})

describe("the workload of a call", () => {
  it.effect("is that of the fiber before that of the client", () =>
    Effect.gen(function* () {
      const names: Array<string> = []
      const { reliable } = yield* scripted(Fault.unanswered, {
        record: ({ of, workload }) => void (of === "call" && names.push(workload.name))
      })
      const hasty = Workload.with(once, { name: "hasty", timeouts: { attempt: "2 seconds" } })
      const fiber = yield* Effect.fork(Effect.flip(Workload.within(reliable.get(api), hasty)))
      yield* TestClock.adjust("2 seconds")
      expect(yield* Fiber.join(fiber)).toMatchObject({ reason: "Timeout", phase: "attempt", attempts: 1 })
      yield* failed(reliable.get(api))
      expect(names).toEqual(["hasty", "test"])
    })
  )

  it.effect("is that of an outer protect, and retries have one owner", () =>
    Effect.gen(function* () {
      const { client, reliable } = yield* scripted(Fault.answer(503))
      // all attempts of the inner call are within one of the outer
      const three = Workload.with(workload, { retry: steady({ attempts: 3 }) })
      const triesOf = <A, E>(call: Effect.Effect<A, E>) =>
        Effect.gen(function* () {
          const before = (yield* client.requests).length
          const error = yield* failed(call)
          return [(yield* client.requests).length - before, Classify.exception(error, { now: 0 }).attempts]
        })
      expect(yield* triesOf(Reliability.protect(reliable.get(api), three))).toEqual([3, 3])
      const inner = ReliableHttpClient.make(client, { workload: three })
      expect(yield* triesOf(ReliableHttpClient.make(inner, { workload: three }).get(api))).toEqual([3, 3])
      expect(yield* triesOf(Retry.retry(inner.get(api), steady()))).toEqual([3, 3])
      expect(yield* triesOf(Effect.retry(inner.get(api), steady()))).toEqual([3, 3])
    })
  )

  it.effect("ends at the deadline around it", () =>
    Effect.gen(function* () {
      const { client, reliable } = yield* scripted(Fault.unanswered)
      const fiber = yield* Effect.fork(Effect.flip(Deadline.within(reliable.get(api), "15 seconds")))
      yield* TestClock.adjust("15 seconds")
      expect(yield* Fiber.join(fiber)).toMatchObject({ reason: "Timeout", phase: "deadline", attempts: 2 })
      expect(yield* client.requests).toHaveLength(2)
    })
  )
})

// -------------------------------------------------------------------------------------------------
// Bodies of requests
// -------------------------------------------------------------------------------------------------

const put = HttpClientRequest.put(api)

/** A body that is counted each time somebody begins to read it. */
const counted = (chunks: Stream.Stream<string> = Stream.make("one ", "two")) => {
  const seen = { reads: 0 }
  const stream = Stream.unwrap(
    Effect.sync(() => {
      seen.reads++
      return Stream.encodeText(chunks)
    })
  )
  return { seen, stream }
}

const refused = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED", syscall: "connect" })

const readAll = ({ body }: Request) =>
  body._tag === "Stream" ? Stream.mkString(Stream.decodeText(Stream.orDie(body.stream))) : Effect.succeed("")

describe("what a request sends", () => {
  it.effect("is identical on each attempt, if it is a value", () =>
    Effect.gen(function* () {
      const value = { toJSON: () => ({ n: ++calls }) }
      let calls = 0
      const { client, reliable } = yield* scripted([Fault.answer(503), Fault.answer(503)])
      const form = new FormData()
      form.set("a", "1")
      for (const request of [
        HttpClientRequest.bodyUnsafeJson(put, value),
        HttpClientRequest.bodyText(put, "text"),
        HttpClientRequest.bodyUrlParams(put, { a: "1" }),
        HttpClientRequest.setBody(put, HttpBody.raw("raw"))
      ]) {
        yield* client.script([Fault.answer(503), Fault.answer(503)])
        const before = (yield* client.requests).length
        yield* ended(reliable.execute(request))
        const bodies = (yield* client.requests).slice(before).map(({ body }) => body)
        expect(bodies).toHaveLength(3)
        expect(new Set(bodies).size).toBe(1)
        expect(bodies[0]).not.toBe("")
      }
      expect(calls).toBe(1)
    })
  )

  it.effect("is not copied nor sent again, if it is a stream that was begun", () =>
    Effect.gen(function* () {
      const { client, reliable } = yield* scripted(Fault.answer(503))
      const { seen, stream } = counted()
      const error = yield* failed(reliable.execute(HttpClientRequest.bodyStream(put, stream)))
      expect(error).toMatchObject({ reason: "Unavailable", attempts: 1 })
      expect(ApiError.isSettled(error)).toBe(true)
      expect(seen.reads).toBe(1)
      expect((yield* client.requests).map(({ body }) => body)).toEqual(["one two"])
    })
  )

  it.effect("is not sent again, whatever the schedule says", () =>
    Effect.gen(function* () {
      const { client, reliable } = yield* scripted(Fault.answer(503), {
        workload: Workload.with(workload, { retry: steady({ settled: "retry" }) })
      })
      const { seen, stream } = counted()
      yield* failed(reliable.execute(HttpClientRequest.bodyStream(put, stream)))
      expect(seen.reads).toBe(1)
      expect(yield* client.requests).toHaveLength(1)
    })
  )

  it.effect("is not sent again after the attempt's limit, if it is a stream that was begun", () =>
    Effect.gen(function* () {
      const { client, requests } = fake((request) => Effect.zipRight(readAll(request), Effect.never))
      const { seen, stream } = counted()
      const error = yield* failed(
        ReliableHttpClient.make(client, { workload }).execute(HttpClientRequest.bodyStream(put, stream))
      )
      expect(error).toMatchObject({ reason: "Timeout", phase: "attempt", attempts: 1 })
      expect(seen.reads).toBe(1)
      expect(requests).toHaveLength(1)
    })
  )

  it.effect("is sent, if it is a stream that nobody had begun to read", () =>
    Effect.gen(function* () {
      const { client, requests } = fake((request, number) =>
        number === 1 ? Effect.fail(refused) : Effect.map(readAll(request), (text) => new Response(text))
      )
      const { seen, stream } = counted()
      const response = yield* ended(
        ReliableHttpClient.make(client, { workload }).execute(HttpClientRequest.bodyStream(put, stream))
      )
      expect(yield* response.text).toBe("one two")
      expect(seen.reads).toBe(1)
      expect(requests).toHaveLength(2)
    })
  )

  it.effect("is sent again, if it is a stream that may be", () =>
    Effect.gen(function* () {
      const { client, reliable } = yield* scripted([Fault.answer(503), Fault.answer(503)])
      const { seen, stream } = counted()
      const request = ReliableHttpClient.replayable(HttpClientRequest.bodyStream(put, stream))
      yield* ended(reliable.execute(HttpClientRequest.setHeader(request, "x-other", "o")))
      expect(seen.reads).toBe(3)
      expect((yield* client.requests).map(({ body }) => body)).toEqual(["one two", "one two", "one two"])
    })
  )

  it.effect("keeps its headers, whatever its body says", () =>
    Effect.gen(function* () {
      const { client, requests } = fake((request) => Effect.map(readAll(request), (text) => new Response(text)))
      const request = HttpClientRequest.bodyStream(put, counted().stream, {
        contentType: "text/plain",
        contentLength: 7
      })
      const changed = HttpClientRequest.setHeader(request, "content-type", "application/x-ndjson")
      yield* ReliableHttpClient.make(client, { workload }).execute(changed)
      expect(requests[0]?.headers).toMatchObject({ "content-type": "application/x-ndjson", "content-length": "7" })
      expect(requests[0]?.body).toMatchObject({ contentType: "text/plain", contentLength: 7 })
    })
  )

  it.effect("is not sent again, if it is a source that was begun", () =>
    Effect.gen(function* () {
      for (const source of [
        () => Readable.from(["x"]),
        () => new Response("x").body,
        async function* () {
          yield "x"
        }
      ]) {
        const { client, requests } = fake((request) =>
          Effect.as(
            Effect.promise(() =>
              new Response(request.body._tag === "Raw" ? (request.body.body as BodyInit) : "").text()
            ),
            new Response(null, { status: 503 })
          )
        )
        const request = HttpClientRequest.setBody(put, HttpBody.raw(source()))
        const error = yield* Effect.flip(ReliableHttpClient.make(client, { workload }).execute(request))
        expect(error).toMatchObject({ reason: "Unavailable", attempts: 1 })
        expect(requests).toHaveLength(1)
      }
    })
  )

  it.effect("is sent, if it is a source that tells that nobody had begun to read", () =>
    Effect.gen(function* () {
      for (const source of [Readable.from(["x"]), new Response("x").body]) {
        const { client, requests } = fake((_, number) => (number === 1 ? Effect.fail(refused) : new Response()))
        const request = HttpClientRequest.setBody(put, HttpBody.raw(source))
        yield* ended(ReliableHttpClient.make(client, { workload }).execute(request))
        expect(requests).toHaveLength(2)
      }
    })
  )

  for (const { client, name } of transports) {
    it.scopedLive(`is read once by ${name}, and only if it was connected`, () =>
      Effect.gen(function* () {
        const brisk = Workload.with(workload, { retry: steady({ base: 10 }) })
        const reliable = ReliableHttpClient.make(yield* client, { workload: brisk })
        const server = yield* FaultServer.make({ script: Fault.reset })
        const sent = counted()
        const upload = HttpClientRequest.put(`${server.baseUrl}/files`)
        const error = yield* Effect.flip(reliable.execute(HttpClientRequest.bodyStream(upload, sent.stream)))
        expect(error).toMatchObject({ reason: "ConnectionLost", delivery: "Unconfirmed", attempts: 1 })
        expect(sent.seen.reads).toBe(1)
        const unsent = counted()
        const nowhere = HttpClientRequest.put(`http://127.0.0.1:${yield* closedPort}`)
        const { attempts, reason } = yield* Effect.flip(
          reliable.execute(HttpClientRequest.bodyStream(nowhere, unsent.stream))
        )
        // some ask for the first bytes before they connect
        expect([reason, attempts]).toEqual(["Connect", unsent.seen.reads === 0 ? 5 : 1])
        if (name.startsWith("Transport")) expect(unsent.seen.reads).toBe(0)
      })
    )
  }
})

// -------------------------------------------------------------------------------------------------
// Event streams
// -------------------------------------------------------------------------------------------------

describe("an event stream", () => {
  for (const { client, name } of transports) {
    it.scopedLive(`passes as it comes over ${name}, and closes its socket when nobody listens`, () =>
      Effect.gen(function* () {
        const reliable = ReliableHttpClient.make(yield* client, { workload: once })
        const server = yield* FaultServer.make({ script: Fault.stream({ events: 5, after: 1, ending: "silence" }) })
        const response = yield* reliable.execute(
          HttpClientRequest.bodyUnsafeJson(HttpClientRequest.post(`${server.baseUrl}/chat/completions`), {
            model: "m",
            stream: true,
            messages: []
          })
        )
        const arrived = yield* Deferred.make<string>()
        const fiber = yield* Effect.fork(
          Stream.runForEach(Stream.decodeText(response.stream), (text) => Deferred.succeed(arrived, text))
        )
        expect(yield* Deferred.await(arrived)).toContain("data: ")
        expect((yield* server.counts).answered).toBe(0)
        yield* Fiber.interrupt(fiber)
        yield* server.awaitClosed()
        const [connection] = yield* server.connections
        expect(connection?.closed?.by).toBe("client")
      })
    )
  }

  it.effect("has no bound, and no limit but the headers'", () =>
    Effect.gen(function* () {
      const { reliable } = yield* scripted(Fault.stream({ events: 100, every: "30 seconds" }), {
        workload: Workload.with(once, { deadline: "1 minute" }),
        maxBody: 10
      })
      const response = yield* reliable.post(`${api}/chat/completions`)
      const text = yield* ended(Stream.mkString(Stream.decodeText(response.stream)))
      expect(text).toContain("[DONE]")
    })
  )

  it.effect("that is a failure is read", () =>
    Effect.gen(function* () {
      const { client } = fake(
        () => new Response("data: x\n\n", { status: 503, headers: { "content-type": "text/event-stream" } })
      )
      const error = yield* Effect.flip(ReliableHttpClient.make(client, { workload: once }).get(api))
      expect(error.reason).toBe("Unavailable")
    })
  )
})

// -------------------------------------------------------------------------------------------------
// Traces
// -------------------------------------------------------------------------------------------------

describe("the current span", () => {
  const traced = (headers: Readonly<Record<string, string>>) => [headers["traceparent"], headers["b3"]]
  const inSpan = Effect.withSpan("outer")

  it.effect("is nobody's business, unless asked", () =>
    Effect.gen(function* () {
      const { client, requests } = fake(() => json({}))
      yield* inSpan(ReliableHttpClient.make(client, { workload }).get(api))
      yield* inSpan(ReliableHttpClient.transform({ workload })(client).get(api))
      expect(requests.map(({ headers }) => traced(headers))).toEqual([
        [undefined, undefined],
        [undefined, undefined]
      ])
      yield* inSpan(ReliableHttpClient.make(client, { workload, propagateTrace: true }).get(api))
      expect(traced(requests[2]?.headers ?? {})).toEqual([
        expect.stringMatching(/^00-[\da-f]{32}-[\da-f]{16}-01$/),
        expect.stringMatching(/^[\da-f]{32}-[\da-f]{16}-1-[\da-f]{16}$/)
      ])
    })
  )

  it.effect("is told if asked, also where telling is off for all", () =>
    Effect.gen(function* () {
      const { client, requests } = fake(() => json({}))
      const reliable = ReliableHttpClient.make(client, { workload, propagateTrace: true })
      yield* inSpan(Effect.locally(reliable.get(api), HttpClient.currentTracerPropagation, false))
      expect(traced(requests[0]?.headers ?? {})).toEqual([expect.any(String), expect.any(String)])
    })
  )

  it.scopedLive("is told once, by Transport too, of whatever kind it is", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make({ script: [Fault.answer(503)] })
      const transport = yield* Transport.make({ proxy: "none" })
      const get = (options: ReliableHttpClient.Options, client: HttpClient.HttpClient = transport) =>
        ReliableHttpClient.make(client, {
          workload: Workload.with(workload, { retry: steady({ base: 1 }) }),
          ...options
        }).get(`${server.baseUrl}/models`)
      yield* inSpan(get({}))
      yield* inSpan(get({ propagateTrace: true }))
      const external = Tracer.externalSpan({ traceId: "a".repeat(32), spanId: "b".repeat(16), sampled: false })
      yield* Effect.withParentSpan(get({ propagateTrace: true }), external)
      yield* get({ propagateTrace: true })
      const mapped = HttpClient.mapRequest(transport, HttpClientRequest.setHeader("x-other", "o"))
      yield* inSpan(get({ propagateTrace: true }, mapped))
      const requests = yield* server.requests
      const span = [
        expect.stringMatching(/^00-[\da-f]{32}-[\da-f]{16}-01$/),
        expect.stringMatching(/^[\da-f]{32}-[\da-f]{16}-1$/)
      ]
      expect(requests.map(({ headers }) => traced(headers))).toEqual([
        [undefined, undefined],
        [undefined, undefined],
        span,
        [`00-${"a".repeat(32)}-${"b".repeat(16)}-00`, `${"a".repeat(32)}-${"b".repeat(16)}-0`],
        [undefined, undefined],
        span
      ])
    })
  )
})

// -------------------------------------------------------------------------------------------------
// transform
// -------------------------------------------------------------------------------------------------

describe("transform", () => {
  const through = (client: HttpClient.HttpClient, options: ReliableHttpClient.Options = {}) =>
    ReliableHttpClient.transform({ workload, ...options })(client)

  it.effect("fails with a response that can be read, and the ApiError as its cause", () =>
    Effect.gen(function* () {
      const { client } = fake(() => json({ error: { message: "no" } }, { status: 404 }))
      const error = yield* Effect.flip(through(client).get(api))
      expect(error._tag === "ResponseError" && error.reason).toBe("StatusCode")
      if (error._tag !== "ResponseError") return
      expect(error.response.status).toBe(404)
      expect(yield* error.response.json).toEqual({ error: { message: "no" } })
      expect(ApiError.isApiError(error.cause) && error.cause.reason).toBe("NotFound")
      expect(Classify.exception(error, { now: 0 })).toBe(error.cause)
    })
  )

  it.effect("makes the attempts, and its errors are settled", () =>
    Effect.gen(function* () {
      const { client, requests } = fake(() => json({}, { status: 503 }))
      const three = Workload.with(workload, { retry: steady({ attempts: 3 }) })
      const error = yield* failed(through(client, { workload: three }).get(api))
      const found = Classify.exception(error, { now: 0 })
      expect(found).toMatchObject({ reason: "Unavailable", attempts: 3 })
      expect(requests).toHaveLength(3)
      // an owner of retries around it passes it on
      const classify = (cause: unknown) => Classify.exception(cause, { now: 0 })
      const policy = Reliability.make({ workload: three, classify })
      yield* failed(Reliability.protect(through(client).get(api), policy))
      expect(requests).toHaveLength(6)
    })
  )

  it.effect("hands out the answer that is no JSON", () =>
    Effect.gen(function* () {
      const { client } = fake(() => new Response("<html>", { headers: { "content-type": "application/json" } }))
      const error = yield* Effect.flip(through(client, { workload: once }).get(api))
      expect(error).toMatchObject({ _tag: "ResponseError", reason: "Decode" })
      if (error._tag === "ResponseError") expect(yield* error.response.text).toBe("<html>")
      expect(Classify.exception(error, { now: 0 }).reason).toBe("InvalidAnswer")
    })
  )

  it.effect("has no response where there was none at last", () =>
    Effect.gen(function* () {
      const { client } = fake((_, number) =>
        number === 1 ? new Response(null, { status: 503 }) : Effect.fail(refused)
      )
      const two = Workload.with(workload, { retry: steady({ attempts: 2 }) })
      const error = yield* failed(through(client, { workload: two }).get(api))
      expect(error).toMatchObject({ _tag: "RequestError", reason: "Transport" })
      expect(Classify.exception(error, { now: 0 })).toMatchObject({ reason: "Connect", attempts: 2 })
    })
  )

  it.effect("names a request that cannot be sent", () =>
    Effect.gen(function* () {
      const { client, requests } = fake(() => json({}))
      const error = yield* Effect.flip(through(client).get("ftp://example.com"))
      expect(error).toMatchObject({ _tag: "RequestError", reason: "Encode" })
      expect(requests).toHaveLength(0)
    })
  )

  it.effect("succeeds like its client", () =>
    Effect.gen(function* () {
      const { client } = fake(() => json({ a: 1 }))
      const response = yield* HttpClient.filterStatusOk(through(client)).get(api)
      expect(yield* response.json).toEqual({ a: 1 })
    })
  )
})

// -------------------------------------------------------------------------------------------------
// What errors hold
// -------------------------------------------------------------------------------------------------

/** All that can be read off a value, by whatever way it gets into a log. */
const everythingIn = (value: unknown): string => {
  const seen = new Set<unknown>()
  const texts: Array<string> = []
  const walk = (node: unknown): void => {
    if (typeof node === "string") texts.push(node)
    if (typeof node !== "object" || node === null || seen.has(node)) return
    seen.add(node)
    if (ArrayBuffer.isView(node)) {
      texts.push(new TextDecoder().decode(node))
      return
    }
    const getters = HttpClientError.isHttpClientError(node)
      ? ["request", "response", "message"]
      : ["request", "headers"]
    for (const key of [...Reflect.ownKeys(node), ...getters]) walk(Reflect.get(node, key))
  }
  walk(value)
  const printed = [inspect(value, { depth: 20, showHidden: true }), JSON.stringify(value), String(value)]
  return [...texts, ...printed, Cause.pretty(Cause.fail(value), { renderErrorCause: true })].join("\n")
}

describe("what leaves as an error of the platform", () => {
  const secret = HttpClientRequest.post("https://me:hush1@api.example.com/v1/chat?key=hush2#hush3").pipe(
    HttpClientRequest.setHeader("x-my-key", "hush4"),
    HttpClientRequest.setUrlParam("token", "hush5"),
    HttpClientRequest.bodyUnsafeJson({ prompt: "hush6" })
  )
  const expectReduced = (error: HttpClientError.HttpClientError, url = "https://api.example.com/v1/chat") => {
    expect(everythingIn(error)).not.toContain("hush")
    expect(error.message).toContain(`POST ${url}`)
    expect([error.request.method, error.request.url]).toEqual(["POST", url])
  }
  const through = (client: HttpClient.HttpClient) => ReliableHttpClient.transform({ workload: once })(client)

  it.effect("holds neither body nor headers, nor query or credentials of the request", () =>
    Effect.gen(function* () {
      const failing = fake(() => json({ error: "no" }, { status: 503, headers: { "x-request-id": "req-1" } })).client
      const refusedByServer = yield* Effect.flip(through(failing).execute(secret))
      expectReduced(refusedByServer)
      // the answer is all there
      expect(refusedByServer._tag).toBe("ResponseError")
      if (refusedByServer._tag !== "ResponseError") return
      const { response } = refusedByServer
      expect([response.status, response.headers["x-request-id"]]).toEqual([503, "req-1"])
      expect(yield* response.json).toEqual({ error: "no" })
      expect(new TextDecoder().decode(yield* response.arrayBuffer)).toBe(`{"error":"no"}`)
      expect(yield* Stream.runCount(response.stream)).toBe(1)
      expectReduced(yield* Effect.flip(Effect.zipRight(response.formData, Effect.never)))

      expectReduced(yield* Effect.flip(through(fake(() => Effect.fail(refused)).client).execute(secret)))
      const relative = HttpClientRequest.setUrl(secret, "/v1/chat?key=hush")
      expectReduced(yield* Effect.flip(through(failing).execute(relative)), "/v1/chat")
      expectReduced(yield* Effect.flip(through(failing).execute(HttpClientRequest.setUrl(secret, "//hush@a/b"))), "")
      const forged = Object.assign(Object.create(secret), { method: "hush hush" }) as Request
      expect(everythingIn(yield* Effect.flip(through(failing).execute(forged)))).not.toContain("hush")
    })
  )

  it.effect("nor do those of an answer that is read as what it is not, nor its text", () =>
    Effect.gen(function* () {
      const { client } = fake(
        () => new Response("hush, this is no JSON", { headers: { "content-type": "text/plain" } })
      )
      const answer = yield* ReliableHttpClient.make(client, { workload: once }).execute(secret)
      expect(everythingIn(answer.toJSON())).not.toContain("hush")
      // who made the call has the request
      expect(answer.request.url).toBe(secret.url)
      for (const read of [answer.json, answer.formData]) {
        const error = yield* Effect.flip(Effect.zipRight(read, Effect.never))
        expectReduced(error)
        expect(Classify.exception(error, { now: 0 })).toMatchObject({ _tag: "Transient", reason: "InvalidAnswer" })
      }
    })
  )

  it.scopedLive("nor those of an answer over Transport, read or open", () =>
    Effect.gen(function* () {
      const stream = Fault.answer(200, { body: "hush", headers: { "content-type": "text/event-stream" } })
      const server = yield* FaultServer.make({ script: [Fault.answer(200, { body: "hush" }), stream] })
      const client = ReliableHttpClient.make(yield* Transport.make({ proxy: "none" }), { workload: once })
      const url = `${server.baseUrl}/v1/chat`
      const request = HttpClientRequest.setUrl(secret, `${url}?key=hush`)
      for (const _ of [1, 2]) {
        const answer = yield* client.execute(request)
        expectReduced(yield* Effect.flip(Effect.zipRight(answer.json, Effect.never)), url)
      }
    })
  )
})

// -------------------------------------------------------------------------------------------------
// One attempt
// -------------------------------------------------------------------------------------------------

describe("one attempt, where somebody else keeps limits and repeats", () => {
  const single = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.locally(effect, singleTry, { id: undefined, about: undefined })

  it.effect("is one, has no limit and is not settled", () =>
    Effect.gen(function* () {
      const failing = yield* scripted(Fault.answer(503))
      const error = yield* failed(single(failing.reliable.get(api)))
      expect(error).toMatchObject({ reason: "Unavailable", attempts: 0 })
      expect(yield* failing.client.requests).toHaveLength(1)
      const slow = yield* scripted(Fault.stall("30 minutes"))
      expect((yield* ended(single(slow.reliable.get(api)))).status).toBe(200)
    })
  )

  it.effect("is settled if its body cannot be sent again", () =>
    Effect.gen(function* () {
      const { reliable } = yield* scripted(Fault.answer(503))
      const error = yield* failed(single(reliable.execute(HttpClientRequest.bodyStream(put, counted().stream))))
      expect(error.attempts).toBe(1)
    })
  )

  it.scopedLive("over Transport too", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make({ script: [Fault.answer(503), Fault.stall(300)] })
      const hasty = Workload.with(workload, { timeouts: { attempt: 100, read: 100 } })
      const reliable = ReliableHttpClient.make(yield* Transport.make({ proxy: "none" }), {
        workload: Workload.with(hasty, { timeouts: { read: 100 } })
      })
      expect(yield* Effect.flip(single(reliable.get(server.baseUrl)))).toMatchObject({
        reason: "Unavailable",
        attempts: 0
      })
      expect((yield* server.counts).requests).toBe(1)
      // a phase has its limit, the whole has none
      expect(yield* Effect.flip(single(reliable.get(server.baseUrl)))).toMatchObject({ phase: "read", attempts: 0 })
    })
  )
})

// -------------------------------------------------------------------------------------------------
// Composition
// -------------------------------------------------------------------------------------------------

describe("a client that filters by the status", () => {
  const filtered = (client: HttpClient.HttpClient, options: ReliableHttpClient.Options = {}) =>
    ReliableHttpClient.make(HttpClient.filterStatusOk(client), { workload, ...options })

  it.effect("fails as without: what the body says counts", () =>
    Effect.gen(function* () {
      const quota = { error: { code: "insufficient_quota", message: "pay" } }
      const { client, requests } = fake(() => json(quota, { status: 429 }))
      const options = { dialect: Dialect.openai }
      const error = yield* failed(filtered(client, options).get(api))
      expect(error).toMatchObject({ reason: "QuotaExhausted", status: 429, detail: "pay", attempts: 1 })
      expect(requests).toHaveLength(1)
      const plain = yield* failed(ReliableHttpClient.make(client, { workload, ...options }).get(api))
      expect(error.toJSON()).toEqual(plain.toJSON())
      // `transform` finds the answer too
      const told = yield* Effect.flip(
        ReliableHttpClient.transform({ workload, ...options })(HttpClient.filterStatusOk(client)).get(api)
      )
      expect(told).toMatchObject({ _tag: "ResponseError", reason: "StatusCode" })
      if (told._tag === "ResponseError") expect(yield* told.response.json).toEqual(quota)
    })
  )

  it.scopedLive("keeps no connection", () =>
    Effect.gen(function* () {
      const body = { error: { code: "DEPLOYMENT_SCALING_UP", message: "x".repeat(50_000) } }
      const server = yield* FaultServer.make({ script: Fault.answer(503, { body }) })
      const transport = yield* Transport.make({ proxy: "none", connections: 1 })
      const three = Workload.with(workload, {
        retry: steady({ base: 1, attempts: 3 }),
        patience: { waits: 2, base: 1 }
      })
      const client = filtered(transport, { workload: three, dialect: Dialect.fireworks })
      const error = yield* Effect.flip(client.get(`${server.baseUrl}/models`))
      expect(error).toMatchObject({ reason: "ScalingUp", attempts: 3 })
    })
  )

  it.effect("may have read the body, or refuse a success, which is drained", () =>
    Effect.gen(function* () {
      const greedy = HttpClient.transformResponse(
        fake(() => json({ error: { message: "read" } }, { status: 503 })).client,
        Effect.flatMap((response) =>
          Effect.zipRight(
            response.text,
            new HttpClientError.ResponseError({ request: response.request, response, reason: "StatusCode" })
          )
        )
      )
      const error = yield* Effect.flip(ReliableHttpClient.make(greedy, { workload: once }).get(api))
      expect(error).toMatchObject({ reason: "Unavailable", status: 503, attempts: 1 })

      const { seen, stream } = watched((pulls) => (pulls < 3 ? new Uint8Array(10) : "end"))
      const { client, requests } = fake(() => new Response(stream))
      const picky = HttpClient.filterStatus(client, (status) => status === 201)
      const refused = yield* Effect.flip(ReliableHttpClient.make(picky, { workload: once }).get(api))
      expect(refused).toMatchObject({ status: 200, attempts: 1 })
      expect([seen.pulls, requests.length]).toEqual([3, 1])
    })
  )

  it.effect("may be a reliable one already: its errors are settled", () =>
    Effect.gen(function* () {
      const { client, requests } = fake(() => json({}, { status: 503 }))
      const twice = ReliableHttpClient.make(ReliableHttpClient.transform({ workload: once })(client), { workload })
      expect(yield* failed(twice.get(api))).toMatchObject({ reason: "Unavailable", attempts: 4 })
      expect(requests).toHaveLength(4)
    })
  )
})

describe("what is mapped", () => {
  const prefixed = HttpClient.mapRequest(HttpClientRequest.prependUrl("https://api.example.com"))

  it.effect("onto the client that it is given happens in each attempt", () =>
    Effect.gen(function* () {
      let count = 0
      const numbered = HttpClient.mapRequest((request: Request) =>
        HttpClientRequest.setHeader(request, "x-number", String(++count))
      )
      const { client, requests } = fake((_, number) => new Response(null, { status: number < 3 ? 503 : 200 }))
      const reliable = ReliableHttpClient.make(numbered(prefixed(client)), { workload })
      yield* ended(reliable.get("/v1/models"))
      expect(requests.map(({ headers, url }) => [url, headers["x-number"]])).toEqual([
        [api, "1"],
        [api, "2"],
        [api, "3"]
      ])
    })
  )

  it.effect("onto the client that it makes happens once", () =>
    Effect.gen(function* () {
      let count = 0
      const { client, requests } = fake((_, number) => new Response(null, { status: number < 3 ? 503 : 200 }))
      const reliable = ReliableHttpClient.make(client, { workload }).pipe(
        HttpClient.mapRequest((request) => HttpClientRequest.setHeader(request, "x-number", String(++count))),
        prefixed
      )
      yield* ended(reliable.get("/v1/models"))
      expect(requests.map(({ headers, url }) => [url, headers["x-number"]])).toEqual([
        [api, "1"],
        [api, "1"],
        [api, "1"]
      ])
    })
  )

  it.effect("is told in errors", () =>
    Effect.gen(function* () {
      const { client } = fake(() => new Response(null, { status: 404 }))
      const error = yield* Effect.flip(ReliableHttpClient.make(prefixed(client), { workload }).get("/v1/models"))
      expect(error.url).toBe(api)
    })
  )

  it.effect("may fail, in its own words", () =>
    Effect.gen(function* () {
      class NoToken {
        readonly _tag = "NoToken"
      }
      const { client, requests } = fake(() => json({}))
      const failing = HttpClient.mapRequestEffect(client, () => Effect.fail(new NoToken()))
      const error = yield* Effect.flip(ReliableHttpClient.make(failing, { workload }).get(api))
      expect(error).toMatchObject({ _tag: "Fatal", reason: "Unknown" })
      expect(requests).toHaveLength(0)
    })
  )

  it.effect("and what stands around it compose", () =>
    Effect.gen(function* () {
      const { client } = fake(() => json({ a: 1 }, { status: 201 }))
      const reliable = ReliableHttpClient.make(client, { workload })
      expect((yield* HttpClient.filterStatusOk(reliable).get(api)).status).toBe(201)
      const strict = HttpClient.filterStatus(reliable, (status) => status === 200)
      expect((yield* Effect.flip(strict.get(api)))._tag).toBe("ResponseError")
      const tapped: Array<number> = []
      const tapping = HttpClient.tap(reliable, ({ status }) => Effect.sync(() => tapped.push(status)))
      yield* tapping.get(api)
      expect(tapped).toEqual([201])
      const recovering = HttpClient.catchTag(
        ReliableHttpClient.make(fake(() => new Response(null, { status: 404 })).client, { workload }),
        "Fatal",
        () => reliable.get(api)
      )
      expect((yield* recovering.get(api)).status).toBe(201)
    })
  )

  it.scopedLive("onto Transport leaves it as sure as it was", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make({ script: Fault.cut({ by: "silence" }) })
      const hasty = Workload.with(once, { timeouts: { attempt: 100 }, deadline: "10 seconds" })
      const transport = yield* Transport.make({ proxy: "none" })
      const mapped = HttpClient.mapRequest(transport, HttpClientRequest.prependUrl(server.baseUrl))
      const error = yield* Effect.flip(ReliableHttpClient.make(mapped, { workload: hasty }).get("/models"))
      // who sees only what a client throws knows of no answer that began
      expect(error).toMatchObject({ reason: "Timeout", phase: "attempt", delivery: "Partial", attempts: 1 })
      expect(error.url).toBe(`${server.baseUrl}/models`)
    })
  )

  it.scopedLive("onto Transport is limited with the attempt, and counts as nothing sent", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make({ script: Fault.stall("1 second") })
      const transport = yield* Transport.make({ proxy: "none" })
      const hasty = Workload.with(once, { timeouts: { attempt: 200 }, deadline: "10 seconds" })
      const get = (before: Effect.Effect<unknown, unknown>) => {
        const mapped = HttpClient.mapRequestEffect(transport, (request) => Effect.as(before, request))
        return Effect.flip(ReliableHttpClient.make(mapped, { workload: hasty }).get(server.baseUrl))
      }
      const timeout = { reason: "Timeout", phase: "attempt", attempts: 1 }
      expect(yield* get(Effect.never)).toMatchObject({ ...timeout, delivery: "NotSent" })
      expect(yield* get(Effect.fail("no token"))).toMatchObject({ reason: "Unknown", delivery: "NotSent" })
      expect((yield* server.counts).requests).toBe(0)
      const [elapsed, error] = yield* Effect.timed(get(Effect.sleep(150)))
      expect(error).toMatchObject({ ...timeout, delivery: "Unconfirmed" })
      expect(Duration.toMillis(elapsed)).toBeLessThan(300)
    })
  )

  it.effect("is provided by a layer", () =>
    Effect.gen(function* () {
      const { client, requests } = fake((_, number) => new Response(null, { status: number === 1 ? 503 : 200 }))
      const layer = Layer.provide(ReliableHttpClient.layer({ workload }), Layer.succeed(HttpClient.HttpClient, client))
      const get = Effect.flatMap(ReliableHttpClient.ReliableHttpClient, (reliable) => reliable.get(api))
      expect((yield* ended(Effect.provide(get, layer))).status).toBe(200)
      expect(requests).toHaveLength(2)
    })
  )
})

describe("budget and observers", () => {
  it.effect("are passed through", () =>
    Effect.gen(function* () {
      const seen: Array<string> = []
      const note = (text: string) => Effect.sync(() => void seen.push(text))
      const budget = yield* RetryBudget.make({ ratio: 0, minPerSecond: 0, max: 1 })
      const { reliable } = yield* scripted(Fault.answer(503), {
        budget,
        onRetry: ({ error, step }) => note(`retry ${error.reason} ${step.attempt}`),
        onGiveUp: ({ error, why }) => note(`give up ${error.reason} ${why}`),
        record: ({ attempt, error, of }) => void seen.push(`${of} ${attempt} ${error?.reason}`)
      })
      yield* failed(reliable.get(api))
      const available = yield* budget.available
      expect(available).toBeLessThan(1)
      expect(seen).toContain(`give up Unavailable Budget`)
      expect(seen.filter((line) => line.startsWith("call"))).toHaveLength(1)
      expect(seen.filter((line) => line.startsWith("attempt")).length).toBe(
        1 + seen.filter((line) => line.startsWith("retry")).length
      )
    })
  )

  it.scopedLive("are told of each attempt over Transport", () =>
    Effect.gen(function* () {
      const seen: Array<string> = []
      const server = yield* FaultServer.make({ script: [Fault.answer(503), Fault.invalidJson] })
      const reliable = ReliableHttpClient.make(yield* Transport.make({ proxy: "none" }), {
        workload: Workload.with(workload, { retry: steady({ base: 1 }) }),
        record: ({ attempt, error, of }) => void seen.push(`${of} ${attempt} ${error?.reason}`)
      })
      yield* reliable.get(`${server.baseUrl}/models`)
      expect(seen).toEqual([
        "attempt 1 Unavailable",
        "attempt 2 InvalidAnswer",
        "attempt 3 undefined",
        "call 3 undefined"
      ])
    })
  )

  it.effect("may require services", () =>
    Effect.gen(function* () {
      class Log extends Context.Tag("Log")<Log, Array<string>>() {}
      const { client } = fake(() => new Response(null, { status: 404 }))
      const reliable = ReliableHttpClient.make(client, {
        workload,
        onGiveUp: ({ error }) => Effect.map(Log, (log) => log.push(error.reason))
      })
      const log: Array<string> = []
      yield* Effect.ignore(Effect.provideService(reliable.get(api), Log, log))
      yield* Effect.yieldNow()
      expect(log).toEqual(["NotFound"])
    })
  )

  it.effect("find them where the layer was built, in the span of the call", () =>
    Effect.gen(function* () {
      class Log extends Context.Tag("Log")<Log, Array<string>>() {}
      const { client } = fake((_, number) => new Response(null, { status: number === 1 ? 503 : 404 }))
      const seen = (what: string) =>
        Effect.gen(function* () {
          const span = yield* Effect.option(Effect.currentSpan)
          ;(yield* Log).push(`${what} in ${Option.match(span, { onNone: () => "none", onSome: ({ name }) => name })}`)
        })
      const log: Array<string> = []
      const others: Array<string> = []
      const layer = ReliableHttpClient.layer({
        workload,
        onRetry: () => seen("retry"),
        onGiveUp: ({ error }) => seen(error.reason)
      }).pipe(
        Layer.provide(Layer.succeed(HttpClient.HttpClient, client)),
        Layer.provide(Layer.succeed(Log, log)),
        // what is built within a span sees it
        Layer.provide(Layer.span("start"))
      )
      const context = yield* Effect.scoped(Layer.build(layer))
      const get = Context.get(context, ReliableHttpClient.ReliableHttpClient).get(api)
      yield* failed(Effect.provideService(Effect.withSpan(get, "request"), Log, others))
      expect(log).toEqual(["retry in request", "NotFound in request"])
      expect(others).toEqual([])
    })
  )

  it.effect("of `transform` find them where the call is", () =>
    Effect.gen(function* () {
      class Log extends Context.Tag("Log")<Log, Array<string>>() {}
      const { client } = fake(() => new Response(null, { status: 404 }))
      const onGiveUp = ({ error }: Reliability.GivenUp) => Effect.map(Log, (log) => log.push(error.reason))
      const log: Array<string> = []
      const transformed = ReliableHttpClient.transform({ workload, onGiveUp })(client)
      yield* failed(Effect.provideService(transformed.get(api), Log, log))
      expect(log).toEqual(["NotFound"])
    })
  )
})

// -------------------------------------------------------------------------------------------------
// What cannot be sent
// -------------------------------------------------------------------------------------------------

describe("a request that cannot be sent", () => {
  const secret = "sk-live-0123456789abcdef0123456789abcdef"
  const bad: ReadonlyArray<readonly [name: string, request: Request, says: RegExp]> = [
    ["a URL that is none", HttpClientRequest.get(`v1/models?key=${secret}`), /the URL is none/],
    ["another protocol", HttpClientRequest.get(`ftp://user:${secret}@example.com/`), /ftp:/],
    ["a key for a URL", HttpClientRequest.get(`${secret}:443`), /begins with something/],
    [
      "a line break in a header",
      HttpClientRequest.get(api, { headers: { "x-api-key": `${secret}\r\nx: y` } }),
      /x-api-key/
    ],
    ["a character beyond Latin 1", HttpClientRequest.get(api, { headers: { "x-name": `${secret}→` } }), /x-name/],
    ["a header without a name", HttpClientRequest.get(api, { headers: { "": secret } }), /name is invalid/],
    ["a key for a header's name", HttpClientRequest.get(api, { headers: { [secret]: "a\nb" } }), /name is invalid/],
    ["an object for a body", HttpClientRequest.setBody(post, HttpBody.raw({ secret })), /bodyJson/],
    // what JavaScript lets a caller pass
    ["a method that is none", HttpClientRequest.make("GET IT" as "GET")(api), /the method is no HTTP method/]
  ]

  it.effect.each(bad)("says so: %s", ([, request, says]) =>
    Effect.gen(function* () {
      const { client, requests } = fake(() => json({}))
      const error = yield* Effect.flip(ReliableHttpClient.make(client, { workload }).execute(request))
      expect(error).toMatchObject({ _tag: "Fatal", reason: "InvalidRequest", delivery: "NotSent", attempts: 1 })
      expect(error.detail).toMatch(says)
      expect(JSON.stringify(error) + error.message).not.toContain("0123456789")
      expect(requests).toHaveLength(0)
    })
  )

  it.scopedLive.each(bad)("says so over Transport: %s", ([, request, says]) =>
    Effect.gen(function* () {
      const transport = yield* Transport.make({ proxy: "none" })
      const error = yield* Effect.flip(ReliableHttpClient.make(transport, { workload }).execute(request))
      expect(error).toMatchObject({ reason: "InvalidRequest", delivery: "NotSent", attempts: 1 })
      expect(error.detail).toMatch(says)
      expect(JSON.stringify(error) + error.message).not.toContain("0123456789")
    })
  )
})

describe("options", () => {
  const { client } = fake(() => json({}))

  it.each([
    [{ maxBody: 0 }, "maxBody is 0; it must be an integer of at least 1"],
    [{ maxBody: 1.5 }, "maxBody is 1.5; it must be an integer of at least 1"],
    [{ maxBody: Number.NaN }, "maxBody is NaN; it must be an integer of at least 1"],
    [{ maxBody: Infinity }, "maxBody is Infinity; it must be an integer of at least 1"],
    [{ maxJson: 0 }, "maxJson is 0; it must be an integer of at least 1"],
    [{ requestIdHeader: "a\nb" }, 'requestIdHeader is "a\\nb"; it must be the name of a header'],
    [{ requestIdHeader: "" }, 'requestIdHeader is ""; it must be the name of a header'],
    // what JavaScript lets a caller pass
    [{ idempotency: "sure" as "safe" }, 'idempotency is "sure"; it must be one of safe, keyed, never'],
    [{ target: "here" as "dedicated" }, 'target is "here"; it must be one of serverless, dedicated']
  ] as const)("are refused where they are given: %o", (options, message) => {
    for (const [owner, construct] of [
      ["make", () => ReliableHttpClient.make(client, options)],
      ["transform", () => ReliableHttpClient.transform(options)],
      ["layer", () => ReliableHttpClient.layer(options)]
    ] as const) {
      expect(construct).toThrow(new RangeError(`ReliableHttpClient.${owner}: ${message}`))
    }
  })
})

// -------------------------------------------------------------------------------------------------
// How sure it is
// -------------------------------------------------------------------------------------------------

/** A port whose server takes connections, and reads nothing. */
const readsNothing = Effect.map(
  Effect.acquireRelease(
    Effect.async<{ readonly server: net.Server; readonly sockets: Set<net.Socket> }>((resume) => {
      const sockets = new Set<net.Socket>()
      const server = net.createServer({ pauseOnConnect: true }, (socket) => {
        socket.on("error", () => undefined)
        sockets.add(socket)
      })
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed({ server, sockets })))
    }),
    ({ server, sockets }) =>
      Effect.sync(() => {
        for (const socket of sockets) socket.destroy()
        server.close()
      })
  ),
  ({ server }) => {
    const address = server.address()
    return typeof address === "object" && address !== null ? address.port : 0
  }
)

/** The table of the module's comment. */
describe("certainty", () => {
  const hasty = Workload.make({
    name: "hasty",
    timeouts: { attempt: 600, pool: 150, connect: 150, write: 150, read: 300 },
    retry: steady({ attempts: 1 })
  })
  type Told = Pick<ApiError.ApiError, "reason" | "delivery" | "phase">
  interface Row {
    /** A connection that nobody answers. */
    readonly deaf: Told
    /** A request that is larger than what the other side takes. */
    readonly unread: Told
    /** No answer. */
    readonly silent: Told
    /** Half an answer. */
    readonly half: Told
  }
  const attempt: Told = { reason: "Timeout", delivery: "Unconfirmed", phase: "attempt" }
  const told: Row = { deaf: attempt, unread: attempt, silent: attempt, half: attempt }
  const sure: Row = {
    deaf: { reason: "Timeout", delivery: "NotSent", phase: "connect" },
    unread: { reason: "Timeout", delivery: "Unconfirmed", phase: "write" },
    silent: { reason: "Timeout", delivery: "Unconfirmed", phase: "read" },
    half: { reason: "Timeout", delivery: "Partial", phase: "read" }
  }
  const rows: Readonly<Record<string, Row>> = {
    Transport: sure,
    "Transport over an Agent": {
      ...sure,
      deaf: { reason: "Timeout", delivery: "NotSent", phase: "pool" },
      // a dispatcher takes a value for written when the socket has it
      unread: { reason: "Timeout", delivery: "Unconfirmed", phase: "read" }
    },
    "NodeHttpClient.layerUndici": told,
    "NodeHttpClient.layer": told,
    FetchHttpClient: told
  }

  for (const { client, name } of transports) {
    describe(`of ${name}`, () => {
      const fails = (request: (transport: HttpClient.HttpClient) => Effect.Effect<Request, never, Scope.Scope>) =>
        Effect.gen(function* () {
          const transport = yield* client
          const reliable = ReliableHttpClient.make(transport, { workload: hasty })
          const { delivery, phase, reason } = yield* Effect.flip(reliable.execute(yield* request(transport)))
          return { reason, delivery, phase }
        })
      const at = (effect: Effect.Effect<string, never, Scope.Scope>) => () =>
        Effect.map(effect, (origin) => HttpClientRequest.post(origin))
      const scriptedServer = (script: Fault.Script) =>
        Effect.map(FaultServer.make({ script }), ({ baseUrl }) => `${baseUrl}/models`)

      it.scopedLive("knows that a refused connection sent nothing", () =>
        Effect.gen(function* () {
          const origin = Effect.map(closedPort, (port) => `http://127.0.0.1:${port}`)
          expect(yield* fails(at(origin))).toMatchObject({ reason: "Connect", delivery: "NotSent" })
        })
      )

      it.scopedLive("knows that a name that is none sent nothing", () =>
        Effect.gen(function* () {
          const error = yield* fails(at(Effect.succeed("http://nobody.invalid/")))
          expect(error).toMatchObject({ delivery: "NotSent" })
          expect(["NameNotFound", "NameLookup"]).toContain(error.reason)
        })
      )

      it.scopedLive("knows that a certificate that nobody vouches for sent nothing", () =>
        Effect.gen(function* () {
          const origin = Effect.map(FaultServer.make({ tls: true }), ({ origin }) => origin)
          expect(yield* fails(at(origin))).toMatchObject({ reason: "Tls", delivery: "NotSent" })
        })
      )

      it.scopedLive("knows that a reset after the request may have been received", () =>
        Effect.gen(function* () {
          expect(yield* fails(at(scriptedServer(Fault.reset)))).toMatchObject({
            reason: "ConnectionLost",
            delivery: "Unconfirmed"
          })
        })
      )

      it.scopedLive("knows that a body that broke off was begun", () =>
        Effect.gen(function* () {
          expect(yield* fails(at(scriptedServer(Fault.cut({ by: "reset" }))))).toMatchObject({
            reason: "ConnectionLost",
            delivery: "Partial"
          })
        })
      )

      it.scopedLive("tells, of a port that does not answer, what the table says", () =>
        Effect.gen(function* () {
          const origin = Effect.map(deafPort, (port) => `http://127.0.0.1:${port}`)
          expect(yield* fails(at(origin))).toEqual(rows[name]?.deaf)
        })
      )

      it.scopedLive("tells, of a server that reads nothing, what the table says", () =>
        Effect.gen(function* () {
          const body = new Uint8Array(64 * 2 ** 20)
          const error = yield* fails(() =>
            Effect.map(readsNothing, (port) =>
              HttpClientRequest.bodyUint8Array(HttpClientRequest.post(`http://127.0.0.1:${port}`), body)
            )
          )
          expect(error).toEqual(rows[name]?.unread)
        })
      )

      it.scopedLive("tells, of a server that does not answer, what the table says", () =>
        Effect.gen(function* () {
          expect(yield* fails(at(scriptedServer(Fault.unanswered)))).toEqual(rows[name]?.silent)
        })
      )

      it.scopedLive("tells, of an answer that stops, what the table says", () =>
        Effect.gen(function* () {
          expect(yield* fails(at(scriptedServer(Fault.cut({ by: "silence" }))))).toEqual(rows[name]?.half)
        })
      )
    })
  }

  it.scopedLive("of Transport over an Agent tells that a stream is not written", () =>
    Effect.gen(function* () {
      const port = yield* readsNothing
      const dispatcher = yield* agentOf(1)
      const reliable = ReliableHttpClient.make(yield* Transport.make({ dispatcher }), { workload: hasty })
      const endless = Stream.repeatValue(new Uint8Array(2 ** 20))
      const request = HttpClientRequest.bodyStream(HttpClientRequest.put(`http://127.0.0.1:${port}`), endless)
      expect(yield* Effect.flip(reliable.execute(request))).toMatchObject(rows["Transport"]?.unread ?? {})
    })
  )

  it.scopedLive("of undici includes the time that it gives a connection", () =>
    Effect.gen(function* () {
      const port = yield* deafPort
      const agent = yield* Effect.acquireRelease(
        Effect.sync(() => new Agent({ connect: { timeout: 100 } })),
        (agent) => Effect.promise(() => agent.destroy())
      )
      const patient = Workload.with(hasty, { timeouts: { attempt: "10 seconds" } })
      for (const client of [yield* overUndici(agent), yield* overFetch(agent)]) {
        const error = yield* Effect.flip(
          ReliableHttpClient.make(client, { workload: patient }).get(`http://127.0.0.1:${port}`)
        )
        expect(error).toMatchObject({ reason: "Timeout", delivery: "NotSent", phase: "connect" })
      }
    })
  )

  it.scopedLive("of Transport is such that it tells waiting for a connection", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make({ script: Fault.stall(400) })
      const patient = Workload.with(hasty, { timeouts: { attempt: 1000, read: 1000 } })
      const reliable = ReliableHttpClient.make(yield* Transport.make({ connections: 1, proxy: "none" }), {
        workload: patient
      })
      const first = yield* Effect.fork(reliable.get(server.origin))
      yield* server.awaitRequests(1)
      expect(yield* Effect.flip(reliable.get(server.origin))).toMatchObject({ phase: "pool", delivery: "NotSent" })
      yield* Fiber.join(first)
    })
  )

  it.effect("of a browser's fetch never says that nothing was sent", () =>
    Effect.gen(function* () {
      const fetch: typeof globalThis.fetch = () => Promise.reject(new TypeError("Failed to fetch"))
      const client = yield* built(FetchHttpClient.layer)
      const error = yield* ReliableHttpClient.make(client, { workload: once })
        .get(api)
        .pipe(Effect.provideService(FetchHttpClient.Fetch, fetch), Effect.flip)
      expect(error).toMatchObject({ reason: "ConnectionLost", delivery: "Unconfirmed" })
    }).pipe(Effect.scoped)
  )
})

// -------------------------------------------------------------------------------------------------
// Interruption
// -------------------------------------------------------------------------------------------------

describe("an interruption", () => {
  it.effect("in the time between two attempts ends the call", () =>
    Effect.gen(function* () {
      const { client, reliable } = yield* scripted(Fault.answer(503))
      const fiber = yield* Effect.fork(reliable.get(api))
      yield* TestClock.adjust(500)
      expect(Exit.isInterrupted(yield* Fiber.interrupt(fiber))).toBe(true)
      yield* TestClock.adjust("1 hour")
      expect(yield* client.requests).toHaveLength(1)
    })
  )

  it.effect("while a body is read, or drained, lets go of it", () =>
    Effect.gen(function* () {
      for (const status of [200, 500]) {
        const silent = watched((pulls) => (pulls === 1 ? new Uint8Array(1) : "silence"))
        const { client } = fake(() => new Response(silent.stream, { status }))
        const fiber = yield* Effect.fork(ReliableHttpClient.make(client, { workload }).get(api))
        yield* TestClock.adjust(100)
        expect(silent.seen.pulls).toBe(2)
        yield* Fiber.interrupt(fiber)
        expect(silent.seen.cancelled).toBe(true)
      }
    })
  )

  const moments = {
    "before the headers": Fault.unanswered,
    "within a body": Fault.cut({ by: "silence" }),
    "within a failure's body": Fault.cut({ by: "silence" }, Fault.answer(500)),
    "within a body that drips": Fault.drip({ every: 5 })
  } as const

  for (const { client, name } of transports) {
    it.scopedLive.each(Object.entries(moments))(`%s closes the socket over ${name}`, ([, fault]) =>
      Effect.gen(function* () {
        const server = yield* FaultServer.make({ script: fault })
        const reliable = ReliableHttpClient.make(yield* client, { workload: once })
        const fiber = yield* Effect.fork(reliable.get(`${server.baseUrl}/models`))
        yield* server.awaitRequests(1)
        yield* Effect.sleep(30)
        yield* Fiber.interrupt(fiber)
        yield* server.awaitClosed()
        expect((yield* server.connections).map(({ closed }) => closed?.by)).toEqual(["client"])
      })
    )

    it.scopedLive(`at any time leaves nothing over ${name}`, () =>
      Effect.gen(function* () {
        const server = yield* FaultServer.make({
          script: ({ number }) =>
            number % 3 === 0
              ? Fault.answer(503)
              : number % 3 === 1
                ? Fault.drip({ every: 1, bytes: 20 })
                : Fault.healthy
        })
        yield* Effect.scoped(
          Effect.gen(function* () {
            const brisk = Workload.with(workload, { retry: steady({ base: 1 }) })
            const reliable = ReliableHttpClient.make(yield* client, { workload: brisk })
            yield* Effect.forEach(
              Array.from({ length: 60 }, (_, index) => index),
              (index) =>
                Effect.gen(function* () {
                  const fiber = yield* Effect.fork(reliable.get(`${server.baseUrl}/models`))
                  yield* Effect.sleep(index / 4)
                  yield* Fiber.interrupt(fiber)
                }),
              { concurrency: 5 }
            )
            // what is left serves others
            expect((yield* Effect.exit(reliable.get(`${server.baseUrl}/models`)))._tag).toBe("Success")
          })
        )
        if (name !== "FetchHttpClient") yield* server.awaitClosed()
      })
    )
  }
})
