import { HttpClient, HttpClientError, HttpClientRequest } from "@effect/platform"
import { describe, it } from "@effect/vitest"
import { Cause, Context, Deferred, Duration, Effect, Fiber, Layer, Option, Stream, Tracer } from "effect"
import { ApiError, Classify, Dialect, Reliability, ReliableHttpClient, RetryBudget, Workload } from "effect-reliability"
import { Transport } from "effect-reliability/node"
import { Fault, FaultServer } from "effect-reliability/testing"
import { inspect } from "node:util"
import { expect } from "vitest"
import { singleTry } from "../../src/internal/http/transportHook.js"
import { transports } from "../conformance/transports.js"
import {
  api,
  counted,
  ended,
  failed,
  fake,
  json,
  once,
  put,
  refused,
  type Request,
  scripted,
  steady,
  watched,
  workload
} from "../support/reliableHttpClient.js"

// -------------------------------------------------------------------------------------------------
// Event streams
// -------------------------------------------------------------------------------------------------

describe("an event stream", () => {
  for (const { client, name } of transports) {
    it.scopedLive(`arrives piece by piece over ${name}, and closes its socket when interrupted`, () =>
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

  it.effect("ignores maxBody, and all timeouts after the headers", () =>
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

  it.effect("fails with an error if its status is an error", () =>
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

describe("the propagation of the current span", () => {
  const traced = (headers: Readonly<Record<string, string>>) => [headers["traceparent"], headers["b3"]]
  const inSpan = Effect.withSpan("outer")

  it.effect("requires the option propagateTrace", () =>
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

  it.effect("follows the option even if propagation is disabled for all clients", () =>
    Effect.gen(function* () {
      const { client, requests } = fake(() => json({}))
      const reliable = ReliableHttpClient.make(client, { workload, propagateTrace: true })
      yield* inSpan(Effect.locally(reliable.get(api), HttpClient.currentTracerPropagation, false))
      expect(traced(requests[0]?.headers ?? {})).toEqual([expect.any(String), expect.any(String)])
    })
  )

  it.scopedLive("sends each header once over Transport, for any kind of span", () =>
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

describe("ReliableHttpClient.transform", () => {
  const through = (client: HttpClient.HttpClient, options: ReliableHttpClient.Options = {}) =>
    ReliableHttpClient.transform({ workload, ...options })(client)

  it.effect("fails with a readable response and the ApiError as its cause", () =>
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

  it.effect("makes the attempts and fails with settled errors", () =>
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

  it.effect("fails with a response whose invalid JSON can be read", () =>
    Effect.gen(function* () {
      const { client } = fake(() => new Response("<html>", { headers: { "content-type": "application/json" } }))
      const error = yield* Effect.flip(through(client, { workload: once }).get(api))
      expect(error).toMatchObject({ _tag: "ResponseError", reason: "Decode" })
      if (error._tag === "ResponseError") expect(yield* error.response.text).toBe("<html>")
      expect(Classify.exception(error, { now: 0 }).reason).toBe("InvalidAnswer")
    })
  )

  it.effect("fails without a response if the last attempt received none", () =>
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

  it.effect("fails with a RequestError for a request that cannot be sent", () =>
    Effect.gen(function* () {
      const { client, requests } = fake(() => json({}))
      const error = yield* Effect.flip(through(client).get("ftp://example.com"))
      expect(error).toMatchObject({ _tag: "RequestError", reason: "Encode" })
      expect(requests).toHaveLength(0)
    })
  )

  it.effect("returns the successes of its client", () =>
    Effect.gen(function* () {
      const { client } = fake(() => json({ a: 1 }))
      const response = yield* HttpClient.filterStatusOk(through(client)).get(api)
      expect(yield* response.json).toEqual({ a: 1 })
    })
  )
})

// -------------------------------------------------------------------------------------------------
// The contents of errors
// -------------------------------------------------------------------------------------------------

/** Returns everything that can be read from a value by any kind of logging. */
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

describe("an error of the platform", () => {
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

  it.effect("contains neither body nor headers, query or credentials of the request", () =>
    Effect.gen(function* () {
      const failing = fake(() => json({ error: "no" }, { status: 503, headers: { "x-request-id": "req-1" } })).client
      const refusedByServer = yield* Effect.flip(through(failing).execute(secret))
      expectReduced(refusedByServer)
      // the response is complete
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

  it.effect("contains no secrets and no text of a response that is read in the wrong format", () =>
    Effect.gen(function* () {
      const { client } = fake(
        () => new Response("hush, this is no JSON", { headers: { "content-type": "text/plain" } })
      )
      const response = yield* ReliableHttpClient.make(client, { workload: once }).execute(secret)
      expect(everythingIn(response.toJSON())).not.toContain("hush")
      // the caller has the request anyway
      expect(response.request.url).toBe(secret.url)
      for (const read of [response.json, response.formData]) {
        const error = yield* Effect.flip(Effect.zipRight(read, Effect.never))
        expectReduced(error)
        expect(Classify.exception(error, { now: 0 })).toMatchObject({ _tag: "Transient", reason: "InvalidAnswer" })
      }
    })
  )

  it.scopedLive("contains no secrets of a response over Transport, read or open", () =>
    Effect.gen(function* () {
      const stream = Fault.answer(200, { body: "hush", headers: { "content-type": "text/event-stream" } })
      const server = yield* FaultServer.make({ script: [Fault.answer(200, { body: "hush" }), stream] })
      const client = ReliableHttpClient.make(yield* Transport.make({ proxy: "none" }), { workload: once })
      const url = `${server.baseUrl}/v1/chat`
      const request = HttpClientRequest.setUrl(secret, `${url}?key=hush`)
      for (const _ of [1, 2]) {
        const response = yield* client.execute(request)
        expectReduced(yield* Effect.flip(Effect.zipRight(response.json, Effect.never)), url)
      }
    })
  )
})

// -------------------------------------------------------------------------------------------------
// One attempt
// -------------------------------------------------------------------------------------------------

describe("a single attempt inside an outer owner of retries", () => {
  const single = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.locally(effect, singleTry, { id: undefined, about: undefined })

  it.effect("makes one request without a timeout and fails unsettled", () =>
    Effect.gen(function* () {
      const failing = yield* scripted(Fault.answer(503))
      const error = yield* failed(single(failing.reliable.get(api)))
      expect(error).toMatchObject({ reason: "Unavailable", attempts: 0 })
      expect(yield* failing.client.requests).toHaveLength(1)
      const slow = yield* scripted(Fault.stall("30 minutes"))
      expect((yield* ended(single(slow.reliable.get(api)))).status).toBe(200)
    })
  )

  it.effect("fails settled if its body cannot be sent again", () =>
    Effect.gen(function* () {
      const { reliable } = yield* scripted(Fault.answer(503))
      const error = yield* failed(single(reliable.execute(HttpClientRequest.bodyStream(put, counted().stream))))
      expect(error.attempts).toBe(1)
    })
  )

  it.scopedLive("makes one request over Transport with phase timeouts only, and fails unsettled", () =>
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
      // only the phases have a timeout
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

  it.effect("fails with the same error as an unfiltered client", () =>
    Effect.gen(function* () {
      const quota = { error: { code: "insufficient_quota", message: "pay" } }
      const { client, requests } = fake(() => json(quota, { status: 429 }))
      const options = { dialect: Dialect.openai }
      const error = yield* failed(filtered(client, options).get(api))
      expect(error).toMatchObject({ reason: "QuotaExhausted", status: 429, detail: "pay", attempts: 1 })
      expect(requests).toHaveLength(1)
      const plain = yield* failed(ReliableHttpClient.make(client, { workload, ...options }).get(api))
      expect(error.toJSON()).toEqual(plain.toJSON())
      // `transform` finds the response too
      const transformed = yield* Effect.flip(
        ReliableHttpClient.transform({ workload, ...options })(HttpClient.filterStatusOk(client)).get(api)
      )
      expect(transformed).toMatchObject({ _tag: "ResponseError", reason: "StatusCode" })
      if (transformed._tag === "ResponseError") expect(yield* transformed.response.json).toEqual(quota)
    })
  )

  it.scopedLive("releases the connection of each attempt", () =>
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

  it.effect("allows a body that was already read, and drains a rejected success", () =>
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

  it.effect("fails with settled errors if it is a reliable client already", () =>
    Effect.gen(function* () {
      const { client, requests } = fake(() => json({}, { status: 503 }))
      const twice = ReliableHttpClient.make(ReliableHttpClient.transform({ workload: once })(client), { workload })
      expect(yield* failed(twice.get(api))).toMatchObject({ reason: "Unavailable", attempts: 4 })
      expect(requests).toHaveLength(4)
    })
  )
})

describe("a mapped request", () => {
  const prefixed = HttpClient.mapRequest(HttpClientRequest.prependUrl("https://api.example.com"))

  it.effect("changes in each attempt if the inner client maps it", () =>
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

  it.effect("changes once per call if the reliable client maps it", () =>
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

  it.effect("appears in errors", () =>
    Effect.gen(function* () {
      const { client } = fake(() => new Response(null, { status: 404 }))
      const error = yield* Effect.flip(ReliableHttpClient.make(prefixed(client), { workload }).get("/v1/models"))
      expect(error.url).toBe(api)
    })
  )

  it.effect("fails with Unknown if the mapping fails", () =>
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

  it.effect("supports filters, taps and recovery around the client", () =>
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

  it.scopedLive("keeps the part of another combinator than mapping in a call over Transport", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make({ script: Fault.answer(404) })
      const transport = HttpClient.mapRequest(
        yield* Transport.make({ proxy: "none" }),
        HttpClientRequest.prependUrl(server.baseUrl)
      )
      let tapped = 0
      const clients = [
        HttpClient.tap(transport, () => Effect.sync(() => void tapped++)),
        HttpClient.transformResponse(
          transport,
          Effect.tap(() => void tapped++)
        ),
        HttpClient.mapRequest(
          HttpClient.tap(transport, () => Effect.sync(() => void tapped++)),
          HttpClientRequest.acceptJson
        )
      ]
      for (const client of clients) {
        const error = yield* Effect.flip(ReliableHttpClient.make(client, { workload: once }).get("/models"))
        expect(error).toMatchObject({ reason: "NotFound", status: 404 })
      }
      expect(tapped).toBe(clients.length)
    })
  )

  it.effect("does not run a mapping when the client is made, where the mapping may throw", () =>
    Effect.gen(function* () {
      const { client, requests } = fake(() => json({}))
      const strict = HttpClient.makeWith(Effect.flatMap(client.execute), (request: Request) => {
        if (request.url !== api) throw new Error(`unexpected request to ${request.url}`)
        return Effect.succeed(request)
      })
      const reliable = ReliableHttpClient.make(strict, { workload: once })
      expect(requests).toEqual([])
      yield* reliable.get(api)
      expect(requests).toHaveLength(1)
    })
  )

  it.scopedLive("preserves the certainty of Transport", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make({ script: Fault.cut({ by: "silence" }) })
      const hasty = Workload.with(once, { timeouts: { attempt: 100 }, deadline: "10 seconds" })
      const transport = yield* Transport.make({ proxy: "none" })
      const mapped = HttpClient.mapRequest(transport, HttpClientRequest.prependUrl(server.baseUrl))
      const error = yield* Effect.flip(ReliableHttpClient.make(mapped, { workload: hasty }).get("/models"))
      // the exception alone would not reveal that a response had begun
      expect(error).toMatchObject({ reason: "Timeout", phase: "attempt", delivery: "Partial", attempts: 1 })
      expect(error.url).toBe(`${server.baseUrl}/models`)
    })
  )

  it.scopedLive("counts to the attempt timeout over Transport, and as NotSent while it is mapped", () =>
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

  it.effect("supports a client provided by a layer", () =>
    Effect.gen(function* () {
      const { client, requests } = fake((_, number) => new Response(null, { status: number === 1 ? 503 : 200 }))
      const layer = Layer.provide(ReliableHttpClient.layer({ workload }), Layer.succeed(HttpClient.HttpClient, client))
      const get = Effect.flatMap(ReliableHttpClient.ReliableHttpClient, (reliable) => reliable.get(api))
      expect((yield* ended(Effect.provide(get, layer))).status).toBe(200)
      expect(requests).toHaveLength(2)
    })
  )
})

describe("a client with a budget and observers", () => {
  it.effect("spends the budget and notifies the observers", () =>
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

  it.scopedLive("records each attempt over Transport", () =>
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

  it.effect("accepts observers that require services", () =>
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

  it.effect("runs observers with the services of its layer, in the span of the call", () =>
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
        // a layer that is built within a span inherits it
        Layer.provide(Layer.span("start"))
      )
      const context = yield* Effect.scoped(Layer.build(layer))
      const get = Context.get(context, ReliableHttpClient.ReliableHttpClient).get(api)
      yield* failed(Effect.provideService(Effect.withSpan(get, "request"), Log, others))
      expect(log).toEqual(["retry in request", "NotFound in request"])
      expect(others).toEqual([])
    })
  )

  it.effect("runs observers of `transform` with the services of the call", () =>
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
