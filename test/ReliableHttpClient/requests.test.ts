import { HttpBody, HttpClientRequest } from "@effect/platform"
import { describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Fiber, Random, Stream, TestClock } from "effect"
import { ApiError, Classify, Deadline, Reliability, ReliableHttpClient, Retry, Workload } from "effect-reliability"
import { Transport } from "effect-reliability/node"
import { Fault, FaultServer } from "effect-reliability/testing"
import { Readable } from "node:stream"
import { expect } from "vitest"
import { transports } from "../conformance/transports.js"
import { closedPort } from "../support/faults.js"
import {
  api,
  counted,
  ended,
  failed,
  fake,
  json,
  once,
  post,
  put,
  refused,
  type Request,
  scripted,
  steady,
  workload
} from "../support/reliableHttpClient.js"

// -------------------------------------------------------------------------------------------------
// The id of a call
// -------------------------------------------------------------------------------------------------

describe("the id of a call", () => {
  const idsOf = (
    requests: ReadonlyArray<{ readonly headers: Readonly<Record<string, string>> }>,
    name = "x-request-id"
  ) => requests.map(({ headers }) => headers[name])

  it.effect("stays the same on each attempt and changes with the next call", () =>
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

  it.effect("equals the id of the caller if given", () =>
    Effect.gen(function* () {
      const { client, reliable } = yield* scripted([Fault.answer(503)])
      yield* ended(reliable.execute(HttpClientRequest.get(api, { headers: { "X-Request-ID": "mine" } })))
      expect(idsOf(yield* client.requests)).toEqual(["mine", "mine"])
    })
  )

  it.effect("uses the header of the option requestIdHeader", () =>
    Effect.gen(function* () {
      const { client, reliable } = yield* scripted([], { requestIdHeader: "X-Client-Trace" })
      yield* reliable.get(api)
      yield* reliable.execute(HttpClientRequest.get(api, { headers: { "x-client-trace": "mine" } }))
      const requests = yield* client.requests
      expect(idsOf(requests)).toEqual([undefined, undefined])
      expect(idsOf(requests, "x-client-trace")).toEqual([expect.stringMatching(/^[\da-f]{24}$/), "mine"])
    })
  )

  it.effect("comes from the Random service", () =>
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

  it.effect("stays the same in a reliable client within another", () =>
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
// Idempotency
// -------------------------------------------------------------------------------------------------

describe("the idempotency of a request", () => {
  const lost = Fault.reset
  const attemptsOf = (
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
  ] as const)("depends on the method: %s makes %s attempts", ([method, attempts]) =>
    Effect.gen(function* () {
      expect(yield* attemptsOf(method, {})).toBe(attempts)
      expect(yield* attemptsOf(method, { workload: undefined })).toBe(attempts)
      expect(yield* attemptsOf(method, { workload: Workload.interactive })).toBe(attempts)
      expect(yield* attemptsOf(method, { idempotency: "never" })).toBe(1)
      expect(yield* attemptsOf(method, { idempotency: "safe" })).toBe(2)
      expect(yield* attemptsOf(method, { idempotency: "keyed" })).toBe(2)
      expect(
        yield* attemptsOf(method, { idempotency: (request) => (request.method === method ? "safe" : "never") })
      ).toBe(2)
      expect(yield* attemptsOf(method, { idempotency: () => "never" })).toBe(1)
    })
  )

  it.effect("allows a repeated POST after a rejection that precedes execution", () =>
    Effect.gen(function* () {
      for (const status of [425, 429]) expect(yield* attemptsOf("POST", {}, Fault.answer(status))).toBe(2)
      for (const status of [408, 500, 502, 503, 504])
        expect(yield* attemptsOf("POST", {}, Fault.answer(status))).toBe(1)
      const scalingUp = Fault.answer(503, { body: { error: { code: "DEPLOYMENT_SCALING_UP" } } })
      const patient = Workload.with(workload, { patience: { waits: 1, base: "1 second" } })
      expect(yield* attemptsOf("POST", { workload: patient }, scalingUp)).toBe(2)
    })
  )

  it.effect("allows repetition with an Idempotency-Key, unless a function of the request decides otherwise", () =>
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

  it.effect("rejects an unknown value", () =>
    Effect.gen(function* () {
      // only possible without TypeScript
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
  it.effect("comes from the fiber before the client", () =>
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

  it.effect("comes from an outer protect, and allows one owner of retries", () =>
    Effect.gen(function* () {
      const { client, reliable } = yield* scripted(Fault.answer(503))
      // all attempts of the inner call are within one of the outer
      const three = Workload.with(workload, { retry: steady({ attempts: 3 }) })
      const attemptsOf = <A, E>(call: Effect.Effect<A, E>) =>
        Effect.gen(function* () {
          const before = (yield* client.requests).length
          const error = yield* failed(call)
          return [(yield* client.requests).length - before, Classify.exception(error, { now: 0 }).attempts]
        })
      expect(yield* attemptsOf(Reliability.protect(reliable.get(api), three))).toEqual([3, 3])
      const inner = ReliableHttpClient.make(client, { workload: three })
      expect(yield* attemptsOf(ReliableHttpClient.make(inner, { workload: three }).get(api))).toEqual([3, 3])
      expect(yield* attemptsOf(Retry.retry(inner.get(api), steady()))).toEqual([3, 3])
      expect(yield* attemptsOf(Effect.retry(inner.get(api), steady()))).toEqual([3, 3])
    })
  )

  it.effect("ends at the deadline around the call", () =>
    Effect.gen(function* () {
      const { client, reliable } = yield* scripted(Fault.unanswered)
      const fiber = yield* Effect.fork(Effect.flip(Deadline.within(reliable.get(api), "15 seconds")))
      yield* TestClock.adjust("15 seconds")
      expect(yield* Fiber.join(fiber)).toMatchObject({ reason: "Timeout", phase: "deadline", attempts: 2 })
      expect(yield* client.requests).toHaveLength(2)
    })
  )
})

const readAll = ({ body }: Request) =>
  body._tag === "Stream" ? Stream.mkString(Stream.decodeText(Stream.orDie(body.stream))) : Effect.succeed("")

describe("the body of a request", () => {
  it.effect("stays identical on each attempt if it is a value", () =>
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

  it.effect("prevents a retry and is read once if it is a stream that was begun", () =>
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

  it.effect("prevents a retry whatever the schedule allows", () =>
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

  it.effect("prevents a retry after the attempt timeout if it is a stream that was begun", () =>
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

  it.effect("allows a retry if it is a stream that was not begun", () =>
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

  it.effect("allows a retry if it is a replayable stream", () =>
    Effect.gen(function* () {
      const { client, reliable } = yield* scripted([Fault.answer(503), Fault.answer(503)])
      const { seen, stream } = counted()
      const request = ReliableHttpClient.replayable(HttpClientRequest.bodyStream(put, stream))
      yield* ended(reliable.execute(HttpClientRequest.setHeader(request, "x-other", "o")))
      expect(seen.reads).toBe(3)
      expect((yield* client.requests).map(({ body }) => body)).toEqual(["one two", "one two", "one two"])
    })
  )

  it.effect("preserves the headers of the request, whatever its own content type", () =>
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

  it.effect("prevents a retry if it is a source that was begun", () =>
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

  it.effect("allows a retry if it is a source that reports that it was not begun", () =>
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
    it.scopedLive(`allows at most one read by ${name}, and retries only if it was not read`, () =>
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
        // some clients read the first bytes before they connect
        expect([reason, attempts]).toEqual(["Connect", unsent.seen.reads === 0 ? 5 : 1])
        if (name.startsWith("Transport")) expect(unsent.seen.reads).toBe(0)
      })
    )
  }
})

// -------------------------------------------------------------------------------------------------
// Invalid requests
// -------------------------------------------------------------------------------------------------

describe("a request that cannot be sent", () => {
  const secret = "sk-live-0123456789abcdef0123456789abcdef"
  const bad: ReadonlyArray<readonly [name: string, request: Request, detail: RegExp]> = [
    ["an invalid URL", HttpClientRequest.get(`v1/models?key=${secret}`), /the URL is invalid/],
    ["another protocol", HttpClientRequest.get(`ftp://user:${secret}@example.com/`), /ftp:/],
    ["a key as the URL", HttpClientRequest.get(`${secret}:443`), /begins with something/],
    [
      "a line break in a header",
      HttpClientRequest.get(api, { headers: { "x-api-key": `${secret}\r\nx: y` } }),
      /x-api-key/
    ],
    ["a character beyond Latin 1", HttpClientRequest.get(api, { headers: { "x-name": `${secret}→` } }), /x-name/],
    ["a header without a name", HttpClientRequest.get(api, { headers: { "": secret } }), /an invalid name/],
    ["a key as the name of a header", HttpClientRequest.get(api, { headers: { [secret]: "a\nb" } }), /name is invalid/],
    ["an object as the body", HttpClientRequest.setBody(post, HttpBody.raw({ secret })), /bodyJson/],
    // only possible without TypeScript
    ["an invalid method", HttpClientRequest.make("GET IT" as "GET")(api), /the method is not a valid HTTP method/]
  ]

  it.effect.each(bad)("fails with InvalidRequest: %s", ([, request, detail]) =>
    Effect.gen(function* () {
      const { client, requests } = fake(() => json({}))
      const error = yield* Effect.flip(ReliableHttpClient.make(client, { workload }).execute(request))
      expect(error).toMatchObject({ _tag: "Fatal", reason: "InvalidRequest", delivery: "NotSent", attempts: 1 })
      expect(error.detail).toMatch(detail)
      expect(JSON.stringify(error) + error.message).not.toContain("0123456789")
      expect(requests).toHaveLength(0)
    })
  )

  it.scopedLive.each(bad)("fails with InvalidRequest over Transport: %s", ([, request, detail]) =>
    Effect.gen(function* () {
      const transport = yield* Transport.make({ proxy: "none" })
      const error = yield* Effect.flip(ReliableHttpClient.make(transport, { workload }).execute(request))
      expect(error).toMatchObject({ reason: "InvalidRequest", delivery: "NotSent", attempts: 1 })
      expect(error.detail).toMatch(detail)
      expect(JSON.stringify(error) + error.message).not.toContain("0123456789")
    })
  )
})

describe("ReliableHttpClient.Options", () => {
  const { client } = fake(() => json({}))

  it.each([
    [{ maxBody: 0 }, "maxBody is 0; it must be an integer of at least 1"],
    [{ maxBody: 1.5 }, "maxBody is 1.5; it must be an integer of at least 1"],
    [{ maxBody: Number.NaN }, "maxBody is NaN; it must be an integer of at least 1"],
    [{ maxBody: Infinity }, "maxBody is Infinity; it must be an integer of at least 1"],
    [{ maxJson: 0 }, "maxJson is 0; it must be an integer of at least 1"],
    [{ requestIdHeader: "a\nb" }, 'requestIdHeader is "a\\nb"; it must be the name of a header'],
    [{ requestIdHeader: "" }, 'requestIdHeader is ""; it must be the name of a header'],
    // only possible without TypeScript
    [{ idempotency: "sure" as "safe" }, 'idempotency is "sure"; it must be one of safe, keyed, never'],
    [{ target: "here" as "dedicated" }, 'target is "here"; it must be one of serverless, dedicated']
  ] as const)("rejects %o at construction", (options, message) => {
    for (const [owner, construct] of [
      ["make", () => ReliableHttpClient.make(client, options)],
      ["transform", () => ReliableHttpClient.transform(options)],
      ["layer", () => ReliableHttpClient.layer(options)]
    ] as const) {
      expect(construct).toThrow(new RangeError(`ReliableHttpClient.${owner}: ${message}`))
    }
  })
})
