import { FetchHttpClient, HttpClient, HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { NodeHttpClient } from "@effect/platform-node"
import { describe, it } from "@effect/vitest"
import {
  Cause,
  Chunk,
  Clock,
  Context,
  Deferred,
  Duration,
  Effect,
  Exit,
  FastCheck as fc,
  Fiber,
  Layer,
  Option,
  ParseResult,
  Schedule,
  Schema,
  type Scope,
  Stream,
  Supervisor,
  TestClock
} from "effect"
import {
  type ApiError,
  Classify,
  Deadline,
  Dialect,
  Reliability,
  ReliableHttpClient,
  Retry,
  Workload
} from "effect-reliability"
import { Transport } from "effect-reliability/node"
import * as EventStream from "effect-reliability/stream"
import { createParser } from "eventsource-parser"
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import { inspect } from "node:util"
import { expect } from "vitest"
import { bytesKey, Decoder, type End, isLastByName } from "../src/internal/sse/decoder.js"
import { isEventStream } from "../src/internal/http/transportHook.js"

// -------------------------------------------------------------------------------------------------
// A provider in memory
// -------------------------------------------------------------------------------------------------

type Body = Stream.Stream<Uint8Array, Error>

const say = (...texts: ReadonlyArray<string>): Body => Stream.fromIterable(texts).pipe(Stream.encodeText)
const wait = (millis: number): Body => Stream.execute(Effect.sleep(millis))
const hang: Body = Stream.never
const reset: Body = Stream.fail(Object.assign(new Error("secret"), { code: "ECONNRESET" }))
const all = (...parts: ReadonlyArray<Body>): Body =>
  parts.reduce<Body>((body, part) => Stream.concat(body, part), Stream.empty)

interface Answer {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Body | string
  /** Milliseconds until the headers. */
  readonly after?: number
}

const streaming = (...parts: ReadonlyArray<Body>): Answer => ({ body: all(...parts) })

/** A client that gives each request the next of some answers, and then the last one again and again. */
const provider = (...answers: ReadonlyArray<Answer>) =>
  Effect.map(Effect.runtime<never>(), (runtime) => {
    const seen = { requests: new Array<HttpClientRequest.HttpClientRequest>(), reading: 0, at: new Array<number>() }
    const bodyOf = (body: Body | string) =>
      typeof body === "string"
        ? body
        : Stream.toReadableStreamRuntime(
            Stream.ensuring(
              Stream.concat(Stream.execute(Effect.sync(() => void seen.reading++)), body),
              Effect.sync(() => void seen.reading--)
            ),
            runtime,
            { strategy: { highWaterMark: 0 } }
          )
    const inner = HttpClient.make((request) =>
      Effect.gen(function* () {
        const { after = 0, body = "", headers, status = 200 } = answers[seen.requests.length] ?? answers.at(-1) ?? {}
        seen.requests.push(request)
        seen.at.push(yield* Clock.currentTimeMillis)
        yield* Effect.sleep(after)
        const init = { status, headers: headers ?? { "content-type": "text/event-stream" } }
        return HttpClientResponse.fromWeb(request, new Response(status === 204 ? null : bodyOf(body), init))
      })
    )
    return { client: ReliableHttpClient.make(inner), inner, seen }
  })

const request = HttpClientRequest.post("http://api.test/v1/chat/completions?key=secret").pipe(
  HttpClientRequest.bodyUnsafeJson({ stream: true })
)

const retry = Retry.make({ attempts: 3, base: "1 second", factor: 1, jitter: "none" })

const workload = Workload.make({
  name: "test",
  timeouts: { attempt: "20 seconds" },
  stream: { first: "10 seconds", idle: "5 seconds" },
  deadline: "1 minute",
  retry
})

interface Outcome {
  readonly data: ReadonlyArray<string>
  readonly error: ApiError.ApiError | undefined
}

/** What a stream hands out, and what it ends with. */
const collect = <R>(stream: Stream.Stream<EventStream.Event, ApiError.ApiError, R>): Effect.Effect<Outcome, never, R> =>
  Effect.suspend(() => {
    const data = new Array<string>()
    return Stream.runForEach(stream, (event) => Effect.sync(() => void data.push(event.data))).pipe(
      Effect.match({
        onFailure: (error): Outcome => ({ data, error }),
        onSuccess: (): Outcome => ({ data, error: undefined })
      })
    )
  })

/** Lets an effect run through all its waits, and tells when it ended. */
const through = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.fork(effect)
    while (true) {
      yield* TestClock.adjust(0)
      const done = yield* Fiber.poll(fiber)
      const now = yield* Clock.currentTimeMillis
      if (Option.isSome(done)) return { value: yield* done.value, now }
      const pending = Chunk.toArray(yield* TestClock.sleeps()).filter((wake) => wake > now)
      if (pending.length === 0) return yield* Effect.dieMessage("nothing happens any more")
      yield* TestClock.setTime(Math.min(...pending))
    }
  })

const outcomeOf = (answer: Answer, options: EventStream.Options = {}) =>
  Effect.gen(function* () {
    const { client, seen } = yield* provider(answer)
    const { now, value } = yield* through(
      collect(EventStream.open(request, { workload, idempotency: "safe", client, ...options }))
    )
    return { ...value, now, attempts: seen.requests.length, seen }
  })

const event = (data: string) => `data: ${data}\n\n`
const done = event("[DONE]")

/** The fields that are given, as the error has them. */
const expectError = (error: ApiError.ApiError | undefined, expected: Partial<ApiError.ApiError>) => {
  expect(error).toMatchObject(expected)
  expect(error?.message).not.toContain("secret")
}

// -------------------------------------------------------------------------------------------------

describe("a stream", () => {
  it.effect("hands out events, and neither comments nor pings nor [DONE]", () =>
    Effect.gen(function* () {
      const { client } = yield* provider(
        streaming(say(": hi\n\nevent: ping\ndata: {}\n\n", "id: 7\nevent: delta\nda", `ta: ä\ndata: b\n\n${done}`))
      )
      const events = yield* Stream.runCollect(EventStream.open(request, { client }))
      expect(Chunk.toArray(events)).toEqual([{ id: "7", event: "delta", data: "ä\nb" }])
    })
  )

  it.effect("takes its client from the context where none is given", () =>
    Effect.gen(function* () {
      const { inner } = yield* provider(streaming(say(event("a") + done)))
      const layer = ReliableHttpClient.layer().pipe(Layer.provide(Layer.succeed(HttpClient.HttpClient, inner)))
      const { data } = yield* Effect.provide(collect(EventStream.open(request)), layer)
      expect(data).toEqual(["a"])
    })
  )

  it.effect("can be run twice, as two calls", () =>
    Effect.gen(function* () {
      const { client, seen } = yield* provider(streaming(say(event("a") + done)))
      const stream = EventStream.open(request, { client })
      expect(yield* collect(stream)).toEqual(yield* collect(stream))
      const ids = seen.requests.map(({ headers }) => headers["x-request-id"])
      expect(new Set(ids).size).toBe(2)
    })
  )

  it.effect("carries one id on all its attempts, the caller's own if there is one", () =>
    Effect.gen(function* () {
      const { client, seen } = yield* provider({ status: 503 }, streaming(say(done)))
      const own = HttpClientRequest.setHeader(request, "x-request-id", "mine")
      yield* through(collect(EventStream.open(request, { client, workload, idempotency: "safe" })))
      yield* through(collect(EventStream.open(own, { client, workload, idempotency: "safe" })))
      const ids = seen.requests.map(({ headers }) => headers["x-request-id"])
      expect(ids[0]).toMatch(/^[\da-f]{24}$/)
      expect(ids).toEqual([ids[0], ids[0], "mine"])
    })
  )

  it.effect("hands on all events of a piece at once, and nothing before it is asked for", () =>
    Effect.gen(function* () {
      let asked = 0
      const pieces = Stream.range(0, 99).pipe(
        Stream.rechunk(1),
        Stream.tap(() => Effect.sync(() => asked++)),
        Stream.map((n) => event(`${n}a`) + event(`${n}b`)),
        Stream.encodeText
      )
      const { client } = yield* provider(streaming(pieces))
      const chunks = yield* EventStream.open(request, { client }).pipe(
        Stream.chunks,
        Stream.map((chunk) => ({ size: chunk.length, ahead: asked })),
        Stream.take(3),
        Stream.runCollect
      )
      expect(Chunk.toArray(chunks).map(({ size }) => size)).toEqual([2, 2, 2])
      expect(Math.max(...Chunk.map(chunks, ({ ahead }) => ahead))).toBeLessThanOrEqual(4)
    })
  )

  for (const [option, value, bound] of [
    ["maxEvent", 0, "an integer of at least 1"],
    ["requestIdHeader", "a b", "the name of a header"],
    ["idempotency", "always", "one of safe, keyed, never"],
    ["target", "moon", "one of serverless, dedicated"]
  ] as const) {
    it(`refuses ${option} ${value} where it is opened`, () => {
      expect(() => EventStream.open(request, { [option]: value })).toThrow(`EventStream.open: ${option} is`)
      expect(() => EventStream.open(request, { [option]: value })).toThrow(bound)
    })
  }
})

describe("the time to the first event", () => {
  it.effect("is the workload's, for each attempt, whether or not headers, comments and pings arrive", () =>
    Effect.gen(function* () {
      const chatter = all(...Array.from({ length: 20 }, () => all(wait(900), say(": hi\n\nevent: ping\ndata: {}\n\n"))))
      for (const answer of [{ after: 1e6 }, streaming(hang), streaming(chatter)]) {
        const start = yield* Clock.currentTimeMillis
        const { data, error, now, attempts } = yield* outcomeOf(answer)
        expectError(error, { reason: "Timeout", phase: "attempt", attempts: 3 })
        expect({ data, attempts, took: now - start }).toEqual({ data: [], attempts: 3, took: 10_000 * 3 + 2000 })
      }
    })
  )

  const once = { workload: Workload.with(workload, { retry: Retry.make({ attempts: 1 }) }) }
  const named = { method: "POST", url: "http://api.test/v1/chat/completions" }

  it.effect("reports what the response had come to when it ran out, and names the request", () =>
    Effect.gen(function* () {
      const headers = { "content-type": "text/event-stream", "x-request-id": "r1" }
      const begun = { ...named, delivery: "Partial", status: 200, requestId: "r1" } as const
      const cases: ReadonlyArray<readonly [Answer, Partial<ApiError.Transient>]> = [
        [{ after: 1e6 }, { ...named, delivery: "Unconfirmed" }],
        [{ ...streaming(hang), headers }, begun],
        [{ ...streaming(say(": hi\n\n"), hang), headers }, begun],
        [{ ...streaming(say("data: a\n"), hang), headers }, begun]
      ]
      const hasty = { workload: Workload.with(workload, { deadline: "15 seconds" }) }
      for (const [answer, expected] of cases) {
        for (const [options, phase, limit] of [
          [once, "attempt", "the limit is 10s"],
          [hasty, "deadline", "the limit is 15s; the attempt before failed with Timeout"]
        ] as const) {
          const { error } = yield* outcomeOf(answer, options)
          expectError(error, { reason: "Timeout", ...expected, phase })
          expect(error?.detail).toContain(limit)
          expect(error?.message).toContain("POST http://api.test/v1/chat/completions.")
          if (expected.status === undefined) expect(error?.status).toBe(undefined)
        }
      }
    })
  )

  it.effect("forgets the response of the attempt before", () =>
    Effect.gen(function* () {
      const told = new Array<string>()
      const { client } = yield* provider(streaming(hang), { after: 1e6 })
      const record = ({ attempt, error, of }: Reliability.Outcome) =>
        void told.push(`${of} ${attempt}: ${error?.delivery} ${error?.status} ${error?.method} ${error?.url}`)
      yield* through(collect(EventStream.open(request, { client, workload, idempotency: "safe", record })))
      expect(told).toEqual([
        `attempt 1: Partial 200 ${named.method} ${named.url}`,
        `attempt 2: Unconfirmed undefined ${named.method} ${named.url}`,
        `attempt 3: Unconfirmed undefined ${named.method} ${named.url}`,
        `call 3: Unconfirmed undefined ${named.method} ${named.url}`
      ])
    })
  )

  it.effect("names the request as the client has completed it, and knows when it was not yet sent", () =>
    Effect.gen(function* () {
      const { client } = yield* provider({ after: 1e6 })
      const relative = HttpClientRequest.post("/v1/chat?key=secret")
      const completed = HttpClient.mapRequest(client, HttpClientRequest.prependUrl("http://api.test"))
      const { value } = yield* through(collect(EventStream.open(relative, { client: completed, ...once })))
      expectError(value.error, { delivery: "Unconfirmed", method: "POST", url: "http://api.test/v1/chat" })

      const slow = HttpClient.mapRequestEffect(client, (mapped) => Effect.delay(Effect.succeed(mapped), "1 hour"))
      const unsent = yield* through(collect(EventStream.open(request, { client: slow, ...once })))
      expectError(unsent.value.error, { ...named, delivery: "NotSent", phase: "attempt" })
    })
  )

  it.effect("ends with the first event", () =>
    Effect.gen(function* () {
      const late = yield* outcomeOf(streaming(wait(9999), say(event("a")), wait(4999), say(done)))
      expect(late).toMatchObject({ data: ["a"], error: undefined, attempts: 1 })
      const tooLate = yield* outcomeOf(streaming(wait(10_001), say(event("a") + done)))
      expect(tooLate).toMatchObject({ data: [], attempts: 3 })
    })
  )

  it.effect("is the fiber's workload's before the option's, and interactive's where there is none", () =>
    Effect.gen(function* () {
      const { client } = yield* provider(streaming(hang))
      const impatient = Workload.with(workload, { stream: { first: "1 second" }, retry: Retry.make({ attempts: 1 }) })
      const times = [
        [EventStream.open(request, { client }), 30_000],
        [EventStream.open(request, { client, workload: impatient, idempotency: "safe" }), 1000]
      ] as const
      for (const [stream, expected] of times) {
        const start = yield* Clock.currentTimeMillis
        expect((yield* through(collect(stream))).now - start).toBe(expected)
        const begin = yield* Clock.currentTimeMillis
        const within = collect(stream).pipe(
          Workload.within(Workload.with(impatient, { stream: { first: "2 seconds" } }))
        )
        expect((yield* through(within)).now - begin).toBe(2000)
      }
    })
  )

  it.effect("ends with the deadline, the workload's or the caller's", () =>
    Effect.gen(function* () {
      const hasty = Workload.with(workload, { deadline: "15 seconds", timeouts: { attempt: "10 seconds" } })
      const own = yield* outcomeOf(streaming(hang), { workload: hasty })
      expectError(own.error, { reason: "Timeout", phase: "deadline" })
      expect(own).toMatchObject({ now: 15_000, attempts: 2 })

      const { client } = yield* provider(streaming(hang))
      const stream = EventStream.open(request, { client, workload, idempotency: "safe" })
      const limited = Stream.runDrain(stream).pipe(Deadline.within("3 seconds"), Effect.flip)
      const { now, value } = yield* through(limited)
      expectError(value, { reason: "Timeout", phase: "deadline" })
      expect(now).toBe(18_000)
    })
  )
})

describe("the time between events", () => {
  it.effect("is the workload's idle time; the attempt's and the deadline have ended", () =>
    Effect.gen(function* () {
      const slow = all(...Array.from({ length: 30 }, (_, n) => all(wait(4999), say(event(`${n}`)))))
      const long = yield* outcomeOf(streaming(slow, say(done)))
      expect(long).toMatchObject({ error: undefined, attempts: 1, now: 4999 * 30 })
      expect(long.data.length).toBe(30)

      const idle = yield* outcomeOf(streaming(say(event("a")), wait(5001), say(event("b") + done)))
      expectError(idle.error, { reason: "Timeout", phase: "read", delivery: "Partial", attempts: 1, status: 200 })
      expect(idle.error?.message).toContain("POST http://api.test/v1/chat/completions.")
      expect(idle).toMatchObject({ data: ["a"], attempts: 1 })
      expect(idle.seen.reading).toBe(0)
    })
  )

  it.effect("begins anew with each comment, each ping and each byte", () =>
    Effect.gen(function* () {
      const life = [": hi\n\n", "event: ping\ndata: {}\n\n", "da"].map((text) => all(wait(4000), say(text)))
      const { data, error, now } = yield* outcomeOf(
        streaming(say(event("a")), ...life, wait(4000), say("ta: b\n\n" + done))
      )
      expect({ data, error, now }).toEqual({ data: ["a", "b"], error: undefined, now: 16_000 })
    })
  )

  it.effect("does not run while nobody asks", () =>
    Effect.gen(function* () {
      const { client } = yield* provider(streaming(say(event("a"), event("b"), done)))
      const stream = EventStream.open(request, { client, workload, idempotency: "safe" }).pipe(
        Stream.tap(() => Effect.sleep("1 hour"))
      )
      expect((yield* through(collect(stream))).value).toEqual({ data: ["a", "b"], error: undefined })
    })
  )

  it.effect("ends with a deadline of the caller's", () =>
    Effect.gen(function* () {
      const { client, seen } = yield* provider(streaming(say(event("a")), hang))
      const drained = Stream.runDrain(EventStream.open(request, { client, workload, idempotency: "safe" }))
      const { now, value } = yield* through(drained.pipe(Deadline.within("3 seconds"), Effect.flip))
      expectError(value, { reason: "Timeout", phase: "deadline" })
      expect({ now, ...seen }).toMatchObject({ now: 3000, reading: 0 })
    })
  )
})

describe("a failure before the first event", () => {
  const good = streaming(say(event("a") + done))
  const failures: ReadonlyArray<readonly [string, Answer, Partial<ApiError.ApiError>]> = [
    ["a 503", { status: 503 }, { reason: "Unavailable", delivery: "Acknowledged" }],
    ["an end", streaming(say(": hi\n\n")), { reason: "StreamBroken", delivery: "Partial" }],
    ["a reset", streaming(say("data: a"), reset), { reason: "StreamBroken", delivery: "Partial", code: "ECONNRESET" }],
    [
      "an error event",
      streaming(say(`event: error\ndata: {"error":{"code":"server_error"}}\n\n`)),
      { reason: "ServerError" }
    ],
    ["a page", { headers: { "content-type": "text/html" }, body: "<html>" }, { reason: "InvalidAnswer" }]
  ]

  for (const [name, answer, expected] of failures) {
    it.effect(`is tried again, and settled in the end: ${name}`, () =>
      Effect.gen(function* () {
        const { client, seen } = yield* provider(answer, answer, good)
        const options = { client, workload, idempotency: "safe", dialect: Dialect.openai } as const
        const { now, value } = yield* through(collect(EventStream.open(request, options)))
        expect({ ...value, now, attempts: seen.requests.length }).toEqual({
          data: ["a"],
          error: undefined,
          now: 2000,
          attempts: 3
        })
        const hopeless = yield* outcomeOf(answer, { dialect: Dialect.openai })
        expectError(hopeless.error, { ...expected, attempts: 3, method: "POST" })
        expect(hopeless.error?.url).toBe("http://api.test/v1/chat/completions")
        expect(hopeless.seen.reading).toBe(0)
      })
    )

    it.effect(`is not tried again where it may have been carried out: ${name}`, () =>
      Effect.gen(function* () {
        const { client, seen } = yield* provider(answer)
        const { value } = yield* through(collect(EventStream.open(request, { client })))
        expect({ attempts: value.error?.attempts, requests: seen.requests.length }).toEqual({
          attempts: 1,
          requests: 1
        })
        const { attempts } = yield* outcomeOf(answer, { idempotency: "never" })
        expect(attempts).toBe(1)
      })
    )
  }

  it.effect("repeats a POST only if its option or the request declares it", () =>
    Effect.gen(function* () {
      const { inner, seen } = yield* provider({ status: 500 })
      const client = ReliableHttpClient.make(inner)
      const keyed = HttpClientRequest.setHeader(request, "Idempotency-Key", "k")
      const get = HttpClientRequest.get("http://api.test/v1/events")
      type Run = Effect.Effect<void, ApiError.ApiError>
      const around: Record<"nothing" | "within" | "protect" | "safe" | "never", (run: Run) => Run> = {
        nothing: (run) => run,
        within: Workload.within(workload),
        protect: Reliability.protect(Workload.agentic),
        safe: ReliableHttpClient.withIdempotency("safe"),
        never: ReliableHttpClient.withIdempotency("never")
      }
      const cases = [
        [request, undefined, "nothing", 1],
        [request, undefined, "within", 1],
        [request, undefined, "protect", 1],
        [request, "never", "protect", 1],
        [request, "safe", "nothing", 3],
        [request, "keyed", "within", 3],
        [request, "never", "safe", 3],
        [request, "safe", "never", 1],
        [keyed, undefined, "nothing", 3],
        [get, undefined, "nothing", 3],
        [get, "never", "nothing", 1]
      ] as const
      for (const [sent, idempotency, name, expected] of cases) {
        seen.requests = []
        const options = name === "within" || name === "protect" ? {} : { workload }
        const stream = EventStream.open(sent, { client, idempotency, ...options })
        yield* through(Effect.ignore(around[name](Stream.runDrain(stream))))
        expect([sent.method, idempotency, name, seen.requests.length]).toEqual([
          sent.method,
          idempotency,
          name,
          expected
        ])
      }
    })
  )

  it.effect("waits as long as the server asks, and with the workload's patience", () =>
    Effect.gen(function* () {
      const asked = { status: 429, headers: { "retry-after": "30" } }
      const starting = { status: 503, body: `{"error":{"code":"DEPLOYMENT_SCALING_UP"}}` }
      const { client, seen } = yield* provider(asked, ...Array.from({ length: 6 }, () => starting), good)
      const patient = Workload.with(workload, { deadline: Duration.infinity, patience: { waits: 6, base: "1 minute" } })
      const { now, value } = yield* through(
        collect(
          EventStream.open(request, { client, workload: patient, idempotency: "safe", dialect: Dialect.fireworks })
        )
      )
      expect({ ...value, attempts: seen.requests.length }).toEqual({ data: ["a"], error: undefined, attempts: 8 })
      expect(now).toBeGreaterThanOrEqual(30_000 + 6 * 60_000)
    })
  )

  it.effect("is not tried again once a body was sent that is a stream", () =>
    Effect.gen(function* () {
      const lines = HttpClientRequest.bodyStream(request, Stream.make(new Uint8Array(1)))
      for (const answer of [{ status: 503 }, streaming(hang), streaming(say(": hi\n\n"))]) {
        const { client, seen } = yield* provider(answer)
        // what this client is given it sends
        const sending = ReliableHttpClient.make(
          HttpClient.makeWith<never, never, ApiError.ApiError, never>(
            Effect.flatMap((sent) =>
              Effect.zipRight(
                sent.body._tag === "Stream" ? Effect.ignore(Stream.runDrain(sent.body.stream)) : Effect.void,
                client.execute(sent)
              )
            ),
            Effect.succeed
          )
        )
        yield* through(collect(EventStream.open(lines, { client: sending, workload, idempotency: "safe" })))
        expect(seen.requests.length).toBe(1)
      }
    })
  )

  it.effect("spends the budget, and is told to observers, the first event as a success", () =>
    Effect.gen(function* () {
      const { client } = yield* provider({ status: 503 }, streaming(say(event("a"))))
      const told = new Array<string>()
      const { value } = yield* through(
        collect(
          EventStream.open(request, {
            client,
            workload,
            idempotency: "safe",
            onRetry: ({ error }) => Effect.sync(() => told.push(`again after ${error.reason}`)),
            record: ({ error, of }) => void told.push(`${of}: ${error?.reason ?? "success"}`)
          })
        )
      )
      expect(value.error?.reason).toBe("StreamBroken")
      expect(told).toEqual([
        "attempt: Unavailable",
        "again after Unavailable",
        "attempt: success",
        "call: success",
        "stream: StreamBroken"
      ])
    })
  )
})

describe("a failure after the first event", () => {
  const failures: ReadonlyArray<readonly [string, Body, Partial<ApiError.ApiError>]> = [
    ["an end", Stream.empty, { reason: "StreamBroken" }],
    ["half an event", say("data: b\n"), { reason: "StreamBroken" }],
    ["a reset", reset, { reason: "StreamBroken", code: "ECONNRESET" }],
    ["an error event", say(`data: {"error":{"message":"no","code":"server_error"}}\n\n`), { reason: "ServerError" }],
    ["an event that is too large", say(event("x".repeat(200))), { reason: "EventTooLarge" }],
    [
      "a limit of the client's own",
      Stream.fail(Object.assign(new Error(), { code: "UND_ERR_BODY_TIMEOUT" })),
      { reason: "Timeout", phase: "read" }
    ]
  ]
  for (const [name, failure, expected] of failures) {
    it.effect(`fails the stream, settled, and is never tried again: ${name}`, () =>
      Effect.gen(function* () {
        for (const together of [true, false]) {
          const { client, seen } = yield* provider(
            { status: 503 },
            streaming(say(event("a")), together ? Stream.empty : wait(10), failure)
          )
          const stream = EventStream.open(request, {
            client,
            workload,
            idempotency: "safe",
            dialect: Dialect.openai,
            maxEvent: 100
          })
          const data = new Array<string>()
          const drained = Stream.runForEach(stream, (event) => Effect.sync(() => void data.push(event.data)))
          const { value } = yield* through(Effect.flip(Reliability.protect(drained, workload)))
          expectError(value, { ...expected, delivery: "Partial", attempts: 2 })
          expect({ data, attempts: seen.requests.length, reading: seen.reading }).toEqual({
            data: ["a"],
            attempts: 2,
            reading: 0
          })
        }
      })
    )
  }

  it.effect("comes after the events that came with it", () =>
    Effect.gen(function* () {
      const { data, error } = yield* outcomeOf(
        streaming(say(event("a") + event("b") + event(`{"error":{}}`) + event("c")))
      )
      expect({ data, delivery: error?.delivery }).toEqual({ data: ["a", "b"], delivery: "Partial" })
    })
  )
})

describe("the end", () => {
  const ends: ReadonlyArray<readonly [string, string, ReadonlyArray<string>, EventStream.Options["done"]?]> = [
    ["[DONE]", "data: [DONE]\n\n", []],
    ["[DONE] with spaces around it", "data:  [DONE] \r\n\r\n", []],
    ["Anthropic's", `event: message_stop\ndata: {}\n\n`, ["{}"]],
    ["that of OpenAI's responses", `event: response.completed\ndata: {}\n\n`, ["{}"]],
    ["the caller's own", `data: fin\n\n`, ["fin"], ({ data }) => data === "fin"]
  ]
  for (const [name, text, last, isLast] of ends) {
    it.effect(`is ${name}, whether or not the server closes, and nothing follows it`, () =>
      Effect.gen(function* () {
        for (const body of [
          all(say(event("a") + text + event("b")), hang),
          all(say(event("a")), say(text), wait(1000), say(event("b"))),
          say(event("a"), text)
        ]) {
          const { client, seen } = yield* provider(streaming(body))
          const start = yield* Clock.currentTimeMillis
          const { now, value } = yield* through(
            collect(EventStream.open(request, { client, workload, idempotency: "safe", done: isLast }))
          )
          expect({ ...value, took: now - start }).toEqual({ data: ["a", ...last], error: undefined, took: 0 })
          yield* TestClock.adjust("250 millis")
          expect(seen.reading).toBe(0)
        }
      })
    )
  }

  const whole: ReadonlyArray<readonly [string, string, ReadonlyArray<string>]> = [
    ["[DONE]", "data: [DONE]", []],
    ["[DONE] on a line", "data: [DONE]\r\n", []],
    ["[DONE] on a line that ends by a carriage return", "data: [DONE]\r", []],
    ["Anthropic's", `event: message_stop\ndata: {"type":"message_stop"}`, [`{"type":"message_stop"}`]]
  ]
  for (const [name, text, last] of whole) {
    it.effect(`needs no blank line where the body ends with it: ${name}`, () =>
      Effect.gen(function* () {
        expect(yield* outcomeOf(streaming(say(event("a"), text)))).toMatchObject({
          data: ["a", ...last],
          error: undefined
        })
        const reset_ = yield* outcomeOf(streaming(say(event("a"), text), reset))
        expectError(reset_.error, { reason: "StreamBroken", code: "ECONNRESET" })
      })
    )
  }

  it.effect("is an error's where the body ends with one that has no blank line", () =>
    Effect.gen(function* () {
      const error = `data: {"error":{"code":"server_error"}}`
      const { data, error: found } = yield* outcomeOf(streaming(say(event("a"), error)), { dialect: Dialect.openai })
      expectError(found, { reason: "ServerError", delivery: "Partial" })
      expect(data).toEqual(["a"])
    })
  )

  it.effect("is no half of an event", () =>
    Effect.gen(function* () {
      for (const half of [
        "data: [DON",
        `data: {"text":"b"}`,
        `data: {"error":{"code":"server_err`,
        `event: error\ndata: {"error":{"code":"serv`,
        `event: message_stop\ndata: {"ty`
      ]) {
        const { data, error } = yield* outcomeOf(streaming(say(event("a"), half)), { dialect: Dialect.openai })
        expectError(error, { reason: "StreamBroken", delivery: "Partial" })
        expect(data).toEqual(["a"])
      }
    })
  )

  it.effect("may come first", () =>
    Effect.gen(function* () {
      expect(yield* outcomeOf(streaming(say(done), hang))).toMatchObject({ data: [], error: undefined, attempts: 1 })
    })
  )

  it.effect("is no other event, nor [DONE] among other words", () =>
    Effect.gen(function* () {
      const { data, error } = yield* outcomeOf(streaming(say(event("[DONE] not"), "event: done\ndata: 1\n\n")))
      expect({ data, reason: error?.reason }).toEqual({ data: ["[DONE] not", "1"], reason: "StreamBroken" })
    })
  )

  it.effect("does not wait for a server that talks on", () =>
    Effect.gen(function* () {
      const { client, seen } = yield* provider(streaming(say(done), Stream.repeatValue(new Uint8Array(1000))))
      yield* collect(EventStream.open(request, { client }))
      yield* TestClock.adjust(0)
      expect(seen.reading).toBe(0)
    })
  )

  it.effect("dies of a `done` that throws, and closes the connection", () =>
    Effect.gen(function* () {
      const { client, seen } = yield* provider(streaming(say(event("a")), hang))
      const done = () => {
        throw new Error("mine")
      }
      const exit = yield* Effect.exit(
        collect(EventStream.open(request, { client, workload, idempotency: "safe", done }))
      )
      expect(Exit.isFailure(exit) && Cause.isDie(exit.cause)).toBe(true)
      expect(seen).toMatchObject({ reading: 0, requests: { length: 1 } })
    })
  )
})

describe("an error event", () => {
  const own = Dialect.make({
    name: "own",
    entries: [{ code: "502", class: "Fatal", reason: "Conflict", source: "this test" }]
  })
  const errors: ReadonlyArray<readonly [string, string, Dialect.Dialect, Partial<ApiError.ApiError>]> = [
    [
      "by name",
      `event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"busy"}}\n\n`,
      Dialect.anthropic,
      { reason: "Overloaded", code: "overloaded_error", detail: "busy", status: 200 }
    ],
    [
      "by its data",
      `data: {"error":{"code":"rate_limit_exceeded","message":"slow"}}\n\n`,
      Dialect.openai,
      { _tag: "RateLimit", reason: "RateExceeded" }
    ],
    [
      "with the fields at the top",
      `event: error\ndata: {"type":"error","code":"server_error","message":"no"}\n\n`,
      Dialect.openai,
      { reason: "ServerError", detail: "no" }
    ],
    [
      "of the status that the answer should have had",
      `data: {"error":{"code":502,"message":"no"},"choices":[]}\n\n`,
      Dialect.generic,
      { reason: "BadGateway", status: 502 }
    ],
    ["of a number that the dialect knows as a code", `data: {"error":{"code":502}}\n\n`, own, { reason: "Conflict" }],
    [
      "of no known code",
      `data: {"error":{"code":"odd","message":"no"}}\n\n`,
      Dialect.generic,
      { _tag: "Fatal", reason: "Unknown", code: "odd" }
    ],
    [
      "that is a text",
      `data: {"error":"went wrong"}\n\n`,
      Dialect.fireworks,
      { reason: "Unknown", detail: "went wrong" }
    ],
    [
      "that is no JSON",
      `event: error\ndata: went wrong\n\n`,
      Dialect.generic,
      { reason: "Unknown", detail: "went wrong" }
    ],
    ["that says nothing", `event: error\ndata: {}\n\n`, Dialect.generic, { _tag: "Fatal", reason: "Decode" }],
    [
      "of vLLM, with the status as its code",
      `data: {"object":"error","message":"no","type":"InternalServerError","param":null,"code":500}\n\n`,
      Dialect.generic,
      { _tag: "Transient", reason: "ServerError", status: 500, code: "500", detail: "no" }
    ],
    [
      "of vLLM, with a type that the dialect knows",
      `data: {"object":"error","message":"no","type":"server_error","code":null}\n\n`,
      Dialect.openai,
      { _tag: "Transient", reason: "ServerError", status: 200, code: "server_error" }
    ],
    [
      "of OpenAI's responses, without its name",
      `data: {"type":"error","code":"rate_limit_exceeded","message":"slow"}\n\n`,
      Dialect.openai,
      { _tag: "RateLimit", reason: "RateExceeded", detail: "slow" }
    ],
    [
      "whose status comes after an odd code",
      `data: {"error":{"code":"odd","status":503,"message":"no"}}\n\n`,
      Dialect.generic,
      { _tag: "Transient", reason: "Unavailable", status: 503, code: "odd" }
    ],
    [
      "with its words beside it",
      `data: {"error":true,"code":"server_error","message":"no"}\n\n`,
      Dialect.openai,
      { _tag: "Transient", reason: "ServerError", detail: "no" }
    ],
    [
      "in a field of llama.cpp's own",
      `error: {"code":500,"message":"no","type":"server_error"}\n\n`,
      Dialect.generic,
      { _tag: "Transient", reason: "ServerError", detail: "no" }
    ],
    [
      "as the reason why the generation has ended",
      `data: {"choices":[{"finish_reason":null},{"finish_reason":"error"}]}\n\n`,
      Dialect.generic,
      { _tag: "Transient", reason: "ServerError", status: 200 }
    ]
  ]
  for (const [name, text, dialect, expected] of errors) {
    it.effect(`is what the dialect says, first or later: ${name}`, () =>
      Effect.gen(function* () {
        const answer = {
          ...streaming(say(text)),
          headers: { "content-type": "text/event-stream", "x-request-id": "r1" }
        }
        const once = { dialect, workload: Workload.with(workload, { retry: Retry.make({ attempts: 1 }) }) }
        const first = yield* outcomeOf(answer, once)
        expectError(first.error, { ...expected, delivery: "Acknowledged", requestId: "r1", attempts: 1 })
        const later = yield* outcomeOf({ ...answer, ...streaming(say(event("a")), say(text)) }, once)
        expectError(later.error, { ...expected, delivery: "Partial", requestId: "r1", attempts: 1 })
      })
    )
  }

  it.effect("means in each dialect what its code means in a body", () =>
    Effect.gen(function* () {
      const once = { workload: Workload.with(workload, { retry: Retry.make({ attempts: 1 }) }) }
      for (const dialect of [Dialect.generic, Dialect.openai, Dialect.anthropic, Dialect.fireworks]) {
        const codes = dialect.entries.flatMap(({ code }) => code ?? [])
        for (const code of ["server_error", "odd", ...codes]) {
          for (const body of [
            { error: { code } },
            { error: { type: code } },
            { type: "error", error: { type: code } }
          ]) {
            const { class: _class, reason } = Dialect.lookup(dialect, { status: 200, codes: [code] })
            const known = reason === "UnexpectedStatus" ? "Unknown" : reason
            for (const name of ["", "event: error\n"]) {
              const { error } = yield* outcomeOf(streaming(say(`${name}data: ${JSON.stringify(body)}\n\n`)), {
                ...once,
                dialect
              })
              expect([dialect.name, code, error?._tag, error?.reason]).toEqual([dialect.name, code, _class, known])
            }
          }
        }
      }
    })
  )

  it.effect("is not an event that only mentions one", () =>
    Effect.gen(function* () {
      const events = [
        `{"object":"chat.completion.chunk","message":"error"}`,
        `{"a":{"object":"error"}}`,
        `{"error":false}`,
        `{"error":null}`,
        `{"error":""}`,
        `{"text":"an \\"error\\": {}"}`,
        `{"a":{"error":{}}}`,
        `{"choices":[{"delta":{"finish_reason":"error"}}]}`,
        `an "error"`,
        `["error"]`
      ]
      const { data, error } = yield* outcomeOf(streaming(say(events.map(event).join("") + done)))
      expect({ data, error }).toEqual({ data: events, error: undefined })
    })
  )
})

describe("an answer that is no event stream", () => {
  const answers: ReadonlyArray<readonly [string, Answer, Partial<ApiError.ApiError>]> = [
    [
      "an error as JSON",
      { headers: { "content-type": "application/json" }, body: `{"error":{"code":"server_error"}}` },
      { reason: "ServerError", status: 200 }
    ],
    [
      "other JSON",
      { headers: { "content-type": "application/json" }, body: `{"choices":[]}` },
      { _tag: "Fatal", reason: "Decode", detail: "the answer is application/json and no event stream" }
    ],
    [
      "a page",
      { headers: { "content-type": "text/html; charset=utf-8" }, body: "<html>" },
      { reason: "InvalidAnswer", detail: "the answer is text/html and no event stream" }
    ],
    ["nothing", { status: 204, headers: {} }, { reason: "InvalidAnswer", status: 204 }],
    [
      "an error as JSON, with a status as its code",
      { headers: { "content-type": "application/json" }, body: `{"object":"error","message":"no","code":503}` },
      { _tag: "Transient", reason: "Unavailable", status: 503, detail: "no" }
    ],
    [
      "a type that only begins like it",
      { headers: { "content-type": "text/event-stream-bogus" }, body: event("a") + done },
      { reason: "InvalidAnswer", detail: "the answer is text/event-stream-bogus and no event stream" }
    ],
    ["a failure", { status: 401, body: `{"error":{"message":"key"}}` }, { reason: "Unauthorized", status: 401 }],
    ["a failure as a stream", { status: 429, body: event(`{"error":{}}`) }, { reason: "RateExceeded", status: 429 }]
  ]
  for (const [name, answer, expected] of answers) {
    it.effect(`is an error: ${name}`, () =>
      Effect.gen(function* () {
        const { data, error } = yield* outcomeOf(answer, { dialect: Dialect.openai })
        expectError(error, { ...expected, delivery: "Acknowledged" })
        expect(data).toEqual([])
      })
    )
  }
})

describe("a response that only calls itself an event stream", () => {
  const bodies: ReadonlyArray<readonly [string, string, Partial<ApiError.ApiError>]> = [
    ["an error on one line", `{"error":{"code":"invalid_api_key","message":"no"}}`, { reason: "Unauthorized" }],
    [
      "an error on many lines",
      JSON.stringify({ error: { message: "no", type: "server_error" } }, undefined, 2),
      { reason: "ServerError", detail: "no" }
    ],
    ["other JSON", `{"choices":[]}\n`, { reason: "StreamBroken" }],
    ["JSON that is cut off", `{"error":{"code":"invalid_api_key"`, { reason: "StreamBroken" }],
    ["a page", "<html>\n{}", { reason: "StreamBroken" }],
    ["nothing", "", { reason: "StreamBroken" }]
  ]
  const own = Dialect.make({
    name: "own",
    base: Dialect.openai,
    entries: [{ code: "invalid_api_key", class: "Fatal", reason: "Unauthorized", source: "this test" }]
  })
  for (const [name, body, expected] of bodies) {
    it.effect(`fails with what is in it: ${name}`, () =>
      Effect.gen(function* () {
        const once = { dialect: own, workload: Workload.with(workload, { retry: Retry.make({ attempts: 1 }) }) }
        const { data, error } = yield* outcomeOf(streaming(say(body)), once)
        expectError(error, { ...expected, status: 200 })
        expect({ data, delivery: error?.delivery }).toEqual({
          data: [],
          delivery: expected.reason === "StreamBroken" ? "Partial" : "Acknowledged"
        })
      })
    )
  }

  it("is bounded in what is kept of it", () => {
    const decoder = new Decoder(createParser, { maxEvent: 2 ** 20, isLast: isLastByName })
    decoder.feed(encoder.encode(`{\n"a": "${"x".repeat(20_000)}",\n"error": {}\n}`))
    decoder.finish()
    expect(decoder.end).toBe(undefined)
  })
})

describe("a media type", () => {
  const types: ReadonlyArray<readonly [string, boolean]> = [
    ["text/event-stream", true],
    ["Text/Event-Stream", true],
    ["text/event-stream;charset=utf-8", true],
    ["text/event-stream ; x", true],
    ["\ttext/event-stream\t;", true],
    ["text/event-stream;", true],
    [`text/event-stream; a="b, text/html"`, true],
    ["text/event-stream, text/event-stream", true],
    ["text/html, text/event-stream; charset=utf-8", true],
    ["text/event-stream,", true],
    ["text/event-stream, no type", true],
    ["text/event-stream, application/json", false],
    ["text/event-stream-bogus", false],
    ["text/event-stream+json", false],
    ["text/event-stream x", false],
    ["text/event-stream/x", false],
    ["x-text/event-stream", false],
    ["application/x; a=text/event-stream", false],
    [`application/x; a=", text/event-stream"`, false],
    [`application/x; a=", text/event-stream`, false],
    ["text /event-stream", false],
    ["event-stream", false],
    ["", false]
  ]
  for (const [type, expected] of types) {
    it(`${expected ? "is" : "is not"} an event stream's: ${JSON.stringify(type)}`, () => {
      expect(isEventStream(type)).toBe(expected)
    })
  }

  it("is read in no more than linear time", () => {
    const started = performance.now()
    for (const part of ['"', '\\"', ",", ";", "a/b", " ", "text/event-stream,", '"\\', "\t;"])
      isEventStream(`text/event-stream${part.repeat(100_000)}`)
    expect(performance.now() - started).toBeLessThan(5000)
  })
})

describe("maxEvent", () => {
  const tooLarge: ReadonlyArray<readonly [string, Body]> = [
    ["one line", say(`data: ${"x".repeat(95)}\n\n`)],
    ["many lines", say("data: xxx\n".repeat(11) + "\n")],
    ["a line without an end", say("x".repeat(60), "x".repeat(60))],
    ["a comment without an end", say(":" + "x".repeat(60), "x".repeat(60))],
    ["a name", say(`event: ${"x".repeat(100)}\ndata: 1\n\n`)]
  ]
  for (const [name, body] of tooLarge) {
    it.effect(`bounds ${name}`, () =>
      Effect.gen(function* () {
        const { data, error, attempts } = yield* outcomeOf(streaming(say(event("a")), body, hang), { maxEvent: 100 })
        expectError(error, { _tag: "Fatal", reason: "EventTooLarge", delivery: "Partial", attempts: 1 })
        expect({ data, attempts, detail: error?.detail }).toEqual({
          data: ["a"],
          attempts: 1,
          detail: "the limit is 100 characters"
        })
        const first = yield* outcomeOf(streaming(body, hang), { maxEvent: 100 })
        expect(first).toMatchObject({ data: [], attempts: 1, error: { reason: "EventTooLarge" } })
      })
    )
  }

  it.effect("lets pass what is just as long, and any number of short comments", () =>
    Effect.gen(function* () {
      const fits = "x".repeat(94)
      const body = streaming(say(": hello\n".repeat(100), event(fits), event(fits) + event(fits), done))
      expect(yield* outcomeOf(body, { maxEvent: 100 })).toMatchObject({ data: [fits, fits, fits], error: undefined })
    })
  )
})

describe("an error over any client", () => {
  it.effect("holds nothing of the request, nor of what was received", () =>
    Effect.gen(function* () {
      const secret = /secret|fw_|prompt/
      const told = HttpClientRequest.post("http://user:secret@api.test/v1/chat?key=secret").pipe(
        HttpClientRequest.setHeader("authorization", "Bearer fw_4f9ZsecretKey77"),
        HttpClientRequest.bodyUnsafeJson({ messages: [{ role: "user", content: "my secret prompt" }] })
      )
      const answers: ReadonlyArray<Answer> = [
        { after: 1e6 },
        streaming(hang),
        streaming(reset),
        streaming(say("my secret prompt")),
        streaming(say(event("my secret prompt")), reset),
        streaming(say(event("my secret prompt")), hang),
        streaming(say(event("a") + event("x".repeat(200)))),
        { headers: { "content-type": "text/html" }, body: "my secret prompt" },
        { headers: { "content-type": "application/json" }, body: `{"choices":["my secret prompt"]}` }
      ]
      for (const answer of answers) {
        const { client } = yield* provider(answer)
        const exit = yield* through(
          Effect.exit(Stream.runDrain(EventStream.open(told, { client, workload, idempotency: "safe", maxEvent: 100 })))
        )
        const { value } = exit
        if (Exit.isSuccess(value)) return expect.unreachable()
        const [error] = Cause.failures(value.cause)
        expect(error?.url).toBe("http://api.test/v1/chat")
        const shown = [
          Cause.pretty(value.cause, { renderErrorCause: true }),
          JSON.stringify(value.cause),
          inspect(error, { depth: 20, showHidden: true })
        ]
        for (const text of shown) expect(text).not.toMatch(secret)
      }
    })
  )
})

describe("letting go", () => {
  const moments: ReadonlyArray<readonly [string, Answer]> = [
    ["before the headers", { after: 1e6 }],
    ["before the first event", streaming(say(": hi\n\n"), hang)],
    ["after it", streaming(say(event("a")), hang)]
  ]
  for (const [name, answer] of moments) {
    it.effect(`interrupted ${name}, leaves nothing behind`, () =>
      Effect.gen(function* () {
        const { client, seen } = yield* provider(answer)
        const supervisor = yield* Supervisor.track
        const fiber = yield* collect(EventStream.open(request, { client, workload, idempotency: "safe" })).pipe(
          Effect.supervised(supervisor),
          Effect.fork
        )
        yield* TestClock.adjust("1 second")
        yield* Fiber.interrupt(fiber)
        expect(seen).toMatchObject({ reading: 0, requests: { length: 1 } })
        expect(yield* supervisor.value).toEqual([])
      })
    )
  }

  it.effect("closes the connection of each attempt before the next", () =>
    Effect.gen(function* () {
      const { client, seen } = yield* provider(streaming(hang))
      const most = { reading: 0 }
      const policy = { onRetry: () => Effect.sync(() => (most.reading = Math.max(most.reading, seen.reading))) }
      yield* through(collect(EventStream.open(request, { client, workload, idempotency: "safe", ...policy })))
      expect({ most: most.reading, left: seen.reading, attempts: seen.requests.length }).toEqual({
        most: 0,
        left: 0,
        attempts: 3
      })
    })
  )

  it.effect("reads an answer that offers its bytes without a stream, and lets go of it", () =>
    Effect.gen(function* () {
      for (const ending of [Effect.fail(Option.none()), Effect.fail(Option.some(new Error())), Effect.never]) {
        const state = { pulled: 0, closed: 0 }
        const client = ReliableHttpClient.make(
          HttpClient.makeWith<never, never, never, never>(
            Effect.map((request) => {
              const init = { headers: { "content-type": "text/event-stream" } }
              const pull = Effect.suspend(() =>
                state.pulled++ === 0 ? Effect.succeed(Chunk.of(encoder.encode(event("a") + event("b")))) : ending
              )
              const bytes = { pull, close: () => void state.closed++ }
              return Object.assign(HttpClientResponse.fromWeb(request, new Response("", init)), {
                [bytesKey]: () => bytes
              })
            }),
            Effect.succeed
          )
        )
        const { value } = yield* through(collect(EventStream.open(request, { client, workload, idempotency: "safe" })))
        expect(value.data).toEqual(["a", "b"])
        expect(value.error?.reason).toBe(ending === Effect.never ? "Timeout" : "StreamBroken")
        expect(state).toEqual({ pulled: 2, closed: 1 })
      }
    })
  )

  it.effect("ended early, closes the connection at once", () =>
    Effect.gen(function* () {
      const { client, seen } = yield* provider(streaming(say(event("a") + event("b")), hang))
      const taken = yield* Stream.runCollect(
        Stream.take(EventStream.open(request, { client, workload, idempotency: "safe" }), 1)
      )
      expect({ size: taken.length, reading: seen.reading }).toEqual({ size: 1, reading: 0 })
    })
  )
})

// -------------------------------------------------------------------------------------------------
// decode
// -------------------------------------------------------------------------------------------------

describe("decode", () => {
  const Piece = Schema.Struct({ n: Schema.NumberFromString })
  const piece = (n: number) => ({ data: `{"n":"${n}"}` })
  const decoded = (...events: ReadonlyArray<EventStream.Event>) =>
    Effect.gen(function* () {
      const values = new Array<number>()
      const error = yield* Stream.make(...events).pipe(
        EventStream.decode(Piece),
        Stream.runForEach(({ n }) => Effect.sync(() => values.push(n))),
        Effect.match({ onFailure: (error) => error, onSuccess: () => undefined })
      )
      return { values, error }
    })

  it.effect("reads each event's data, and never [DONE]", () =>
    Effect.gen(function* () {
      expect(yield* decoded(piece(1), piece(2), { data: "[DONE]" })).toEqual({ values: [1, 2], error: undefined })
      const dataFirst = EventStream.decode(Stream.make(piece(3)), Piece)
      expect(Chunk.toArray(yield* Stream.runCollect(dataFirst))).toEqual([{ n: 3 }])
    })
  )

  it.effect("passes over events without data, which keep a connection open", () =>
    Effect.gen(function* () {
      const blank = [{ data: "" }, { data: " " }, { event: "heartbeat", data: "\n" }]
      expect(yield* decoded(...blank, piece(1), ...blank, piece(2))).toEqual({ values: [1, 2], error: undefined })
    })
  )

  it.effect("fails with what is wrong, after what came before it", () =>
    Effect.gen(function* () {
      const other = yield* decoded(piece(1), piece(2), { data: `{"n":"secret"}` }, piece(3))
      expect(other.values).toEqual([1, 2])
      expectError(other.error, { _tag: "Fatal", reason: "Decode", delivery: "Partial", detail: "at n", attempts: 1 })
      const none = yield* decoded({ data: `{"n": secret` })
      expectError(none.error, { _tag: "Transient", reason: "InvalidAnswer", delivery: "Partial", attempts: 1 })
    })
  )

  it.effect("runs schemas with effects and requirements", () =>
    Effect.gen(function* () {
      const Slow = Schema.transformOrFail(Schema.Number, Schema.Number, {
        strict: true,
        decode: (n, _, ast) =>
          Effect.zipRight(
            Effect.sleep("1 second"),
            Effect.flatMap(Clock.currentTimeMillis, (now) =>
              n < 2 ? Effect.succeed(now) : Effect.fail(new ParseResult.Type(ast, n))
            )
          ),
        encode: (n) => Effect.succeed(n)
      })
      const events = Stream.make({ data: "0" }, { data: "1" }, { data: "2" })
      const values = new Array<number>()
      const run = Stream.runForEach(EventStream.decode(events, Slow), (n) => Effect.sync(() => values.push(n)))
      const { value } = yield* through(Effect.flip(run))
      expect({ values, reason: value.reason }).toEqual({ values: [1000, 2000], reason: "Decode" })
    })
  )

  it.effect("passes on what the stream fails with", () =>
    Effect.gen(function* () {
      const error = Classify.answer({ now: 0, status: 503 })
      const stream = Stream.concat(Stream.make(piece(1)), Stream.fail(error)).pipe(EventStream.decode(Piece))
      expect(yield* Effect.flip(Stream.runDrain(stream))).toBe(error)
    })
  )
})

describe("awaitFirst", () => {
  const error = Classify.answer({ now: 0, status: 503 })
  const broken = Stream.fail(error)

  it.effect("fails with what comes before the first elements, and leaves to the stream what comes after", () =>
    Effect.gen(function* () {
      expect(yield* Effect.flip(EventStream.awaitFirst(broken))).toBe(error)
      const begun = yield* EventStream.awaitFirst(
        Stream.concat(Stream.make(1, 2), Stream.concat(Stream.make(3), broken))
      )
      const seen = Stream.catchAll(begun, (error) => Stream.make(error))
      expect(Chunk.toArray(yield* Stream.runCollect(seen))).toEqual([1, 2, 3, error])
    }).pipe(Effect.scoped)
  )

  it.effect("hands on all there is, once it is asked for, and also nothing", () =>
    Effect.gen(function* () {
      const pulled = new Array<number>()
      const numbers = Stream.rechunk(Stream.make(1, 2, 3), 1).pipe(Stream.tap((n) => Effect.sync(() => pulled.push(n))))
      const begun = yield* EventStream.awaitFirst(numbers)
      expect(pulled).toEqual([1])
      expect(Chunk.toArray(yield* Stream.runCollect(begun))).toEqual([1, 2, 3])
      const empty = yield* EventStream.awaitFirst(Stream.empty)
      expect(Chunk.isEmpty(yield* Stream.runCollect(empty))).toBe(true)
    }).pipe(Effect.scoped)
  )

  it.effect("lets go of the stream at its end, when it is left early, and with the scope", () =>
    Effect.gen(function* () {
      const released = new Array<string>()
      const endless = (name: string) =>
        Stream.ensuring(
          Stream.concat(Stream.make(1), Stream.never),
          Effect.sync(() => released.push(name))
        )
      const left = yield* EventStream.awaitFirst(endless("left"))
      yield* Stream.runDrain(Stream.take(left, 1))
      expect(released).toEqual(["left"])
      yield* Effect.asVoid(Effect.scoped(EventStream.awaitFirst(endless("scope"))))
      expect(released).toEqual(["left", "scope"])
      const silent = Stream.ensuring(
        Stream.never,
        Effect.sync(() => released.push("interrupted"))
      )
      const waiting = yield* Effect.fork(Effect.scoped(EventStream.awaitFirst(silent)))
      yield* Effect.yieldNow()
      yield* Fiber.interrupt(waiting)
      expect(released).toEqual(["left", "scope", "interrupted"])
    }).pipe(Effect.scoped)
  )
})

// -------------------------------------------------------------------------------------------------
// Any bytes, cut anywhere
// -------------------------------------------------------------------------------------------------

/** Numbers from a seed, of which a million cost nothing. */
const dice = (seed: number) => {
  let state = seed
  return (below: number): number => {
    // mulberry32
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % below
  }
}

const encoder = new TextEncoder()

const concat = (parts: ReadonlyArray<Uint8Array>): Uint8Array => {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

const words = [
  "",
  "a",
  "ä€😀",
  "\u{feff}",
  " ",
  ":",
  "x".repeat(20),
  "[DONE]x",
  `{"error":null}`,
  "\u2028",
  "ï»¿",
  "\0"
]
const lines = [
  (word: string) => `data: ${word}`,
  (word: string) => `data:${word}`,
  () => "data",
  (word: string) => `event: ${word}`,
  (word: string) => `id: ${word}`,
  (word: string) => `: ${word}`,
  () => "retry: 5",
  (word: string) => `other: ${word}`,
  (word: string) => `${word}data: a`,
  () => "event: ping",
  () => "",
  () => "",
  () => "",
  () => ""
]
const rarely = [
  "data: [DONE]\n",
  "event: error\ndata",
  `data: {"error":{"code":"x"}}\n`,
  `data: {"choices":[{"finish_reason":"error"}]}\n`,
  "event: message_stop\ndata",
  "x".repeat(120)
]

const lineEnds = ["\n", "\n", "\r\n", "\r"]
const encoded = (texts: ReadonlyArray<string>) =>
  texts.flatMap((text) => lineEnds.map((end) => encoder.encode(text + end)))
const usual = encoded(lines.flatMap((line) => words.map(line)))
const rare = encoded(rarely)
const mark = Uint8Array.of(0xef, 0xbb, 0xbf)

/** A stream as servers send them, or one with noise in it, or nothing but noise. */
const anyBytes = (below: (n: number) => number): Uint8Array => {
  const pick = <A>(list: ReadonlyArray<A>): A => list[below(list.length)] as A
  const noise = () => Uint8Array.from({ length: below(12) }, () => pick([below(256), 10, 13, 0xef, 0xf0, 58]))
  const kind = below(4)
  const parts: Array<Uint8Array> = below(8) === 0 ? [mark] : []
  const count = below(24)
  for (let n = 0; n < count; n++) {
    if (kind === 0 || (kind === 1 && below(4) === 0)) parts.push(noise())
    if (kind !== 0) parts.push(pick(below(40) === 0 ? rare : usual))
  }
  return concat(parts)
}

const cut = (bytes: Uint8Array, below: (n: number) => number): ReadonlyArray<Uint8Array> => {
  const pieces: Array<Uint8Array> = []
  const longest = 1 + below(below(8) === 0 ? 2 : 64)
  for (let at = 0; at < bytes.length;) {
    const size = below(longest + 1)
    pieces.push(bytes.subarray(at, at + size))
    at += size
  }
  return pieces
}

interface Decoded {
  readonly events: ReadonlyArray<EventStream.Event>
  readonly end: End | undefined
}

const maxEvent = 100

const decode = (pieces: ReadonlyArray<Uint8Array>, finished = false): Decoded => {
  const decoder = new Decoder(createParser, { maxEvent, isLast: isLastByName })
  const events: Array<EventStream.Event> = []
  for (const piece of pieces) {
    decoder.feed(piece)
    events.push(...decoder.take().map(({ data, event, id }) => ({ data, event, id })))
  }
  if (finished) decoder.finish()
  events.push(...decoder.take().map(({ data, event, id }) => ({ data, event, id })))
  return { events, end: decoder.end }
}

const same = (a: Decoded, b: Decoded): boolean =>
  a.end?._tag === b.end?._tag &&
  a.events.length === b.events.length &&
  a.events.every((event, index) => {
    const other = b.events[index]
    return event.data === other?.data && event.event === other.event && event.id === other.id
  })

/** The algorithm of the standard, word by word, over the whole text. */
const model = (bytes: Uint8Array): Decoded => {
  const events: Array<EventStream.Event> = []
  const all = new TextDecoder().decode(bytes, { stream: true }).split(/\r\n|\r|\n/)
  let [data, name, id, size]: [string | undefined, string | undefined, string | undefined, number] = [
    undefined,
    undefined,
    undefined,
    0
  ]
  for (const [index, line] of all.entries()) {
    if (line !== "" && size + line.length > maxEvent) return { events, end: { _tag: "TooLarge" } }
    if (index === all.length - 1) break
    if (line === "") {
      const event = data === undefined ? undefined : { data, event: name || undefined, id }
      ;[data, name, id, size] = [undefined, undefined, undefined, 0]
      if (event === undefined || event.event === "ping") continue
      if (event.data.trim() === "[DONE]") return { events, end: { _tag: "Done" } }
      const said = event.data.replaceAll(/^[ \n]+|[ \n]+$/g, "")
      if (said === `{"error":{"code":"x"}}`) return { events, end: { _tag: "Error", body: { error: { code: "x" } } } }
      if (event.event === "error") return { events, end: expect.objectContaining({ _tag: "Error" }) as End }
      if (said === `{"choices":[{"finish_reason":"error"}]}`) return { events, end: { _tag: "GivenUp" } }
      events.push(event)
      if (event.event === "message_stop") return { events, end: { _tag: "Done" } }
      continue
    }
    if (line.startsWith(":")) continue
    size += line.length + 1
    const colon = line.indexOf(":")
    const [field, value] = colon < 0 ? [line, ""] : [line.slice(0, colon), line.slice(colon + 1).replace(/^ /, "")]
    if (field === "data") data = data === undefined ? value : `${data}\n${value}`
    if (field === "event") name = value
    if (field === "id" && !value.includes("\0")) id = value
  }
  return { events, end: undefined }
}

describe("any bytes", () => {
  it("give the same events, those of the standard, wherever they are cut", () => {
    const ends = { Done: 0, Error: 0, GivenUp: 0, TooLarge: 0, open: 0 }
    let events = 0
    for (let seed = 0; seed < 100_000; seed++) {
      const below = dice(seed)
      const bytes = anyBytes(below)
      const whole = decode([bytes])
      const pieces = decode(cut(bytes, below))
      // what matchers say is worth their price only where something is wrong
      if (!same(pieces, whole)) expect(pieces, `seed ${seed}`).toEqual(whole)
      if (seed % 10 === 0) {
        // what the end of the body adds ends the stream, and is no half of an event
        const finished = decode(cut(bytes, below), true)
        expect(finished, `seed ${seed}`).toEqual(decode([bytes], true))
        const added = finished.events.slice(whole.events.length)
        if (added.length > 0) expect({ added, end: finished.end }).toMatchObject({ added: [{}], end: { _tag: "Done" } })
      }
      if (seed % 10 === 0) expect(whole, `seed ${seed}`).toEqual(model(bytes))
      events += whole.events.length
      ends[whole.end?._tag ?? "open"]++
    }
    // all kinds of them were there
    expect(Math.min(...Object.values(ends), events / 50)).toBeGreaterThan(1000)
  }, 300_000)

  it("are handed to the parser no further than the bound", () => {
    for (let seed = 0; seed < 10_000; seed++) {
      const below = dice(seed)
      let fed = ""
      const watched: typeof createParser = (callbacks) => {
        const parser = createParser(callbacks)
        return { ...parser, feed: (text) => ((fed += text), parser.feed(text)) }
      }
      const decoder = new Decoder(watched, { maxEvent, isLast: () => false })
      for (const piece of cut(concat([anyBytes(below), new Uint8Array(below(200)).fill(120)]), below))
        decoder.feed(piece)
      expect(Math.max(...fed.split("\n").map((line) => line.length))).toBeLessThanOrEqual(maxEvent)
      for (const block of fed.split("\n\n")) {
        const lines = block.split("\n").filter((line) => line !== "" && !line.startsWith(":"))
        expect(lines.join("\n").length).toBeLessThanOrEqual(maxEvent)
      }
    }
  })

  it("are decoded in no more than linear time", () => {
    const million = (text: string) => encoder.encode(text.repeat(1_000_000 / text.length))
    for (const text of ["\r", "\n", "\r\n", ":\r", "\r:\n", "data:\r\r", "x", "data: a\n\n"]) {
      const decoder = new Decoder(createParser, { maxEvent: 2 ** 20, isLast: isLastByName })
      const started = performance.now()
      decoder.feed(million(text))
      expect(performance.now() - started, JSON.stringify(text)).toBeLessThan(5000)
    }
  })

  it("take no more memory than the bound, however long they go on", () => {
    const decoder = new Decoder(createParser, { maxEvent: 2 ** 20, isLast: isLastByName })
    const piece = new Uint8Array(64 * 1024).fill(120)
    const before = process.memoryUsage().heapUsed
    for (let n = 0; n < 10_000; n++) decoder.feed(piece)
    expect(decoder.end).toEqual({ _tag: "TooLarge" })
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(16 * 2 ** 20)
  })

  it.effect("end a stream, or fail it with a settled error", () =>
    Effect.gen(function* () {
      const reasons = new Set<string | undefined>()
      for (let seed = 0; seed < 200; seed++) {
        const below = dice(seed)
        const pieces = cut(anyBytes(below), below)
        const { client } = yield* provider(streaming(Stream.fromIterable(pieces)))
        const { data, error } = yield* collect(EventStream.open(request, { client, maxEvent }))
        const { end, events } = decode(pieces, true)
        expect({ data, done: error === undefined }).toEqual({
          data: events.map(({ data }) => data),
          done: end?._tag === "Done"
        })
        if (error !== undefined) expect(error.attempts).toBe(1)
        reasons.add(error?.reason)
      }
      expect([...reasons]).toEqual(expect.arrayContaining([undefined, "StreamBroken", "EventTooLarge", "Unknown"]))
    })
  )

  it("of a list decode to what was encoded", () => {
    const anyText = fc.string({ unit: "binary" }).map((text) => text.replaceAll(/[\r\n]/g, ""))
    const anyEvent = fc.record({
      event: fc.constantFrom(undefined, "delta"),
      data: fc.array(anyText, { minLength: 1, maxLength: 3 })
    })
    fc.assert(
      fc.property(fc.array(anyEvent), fc.constantFrom("\n", "\r", "\r\n"), fc.integer(), (sent, end, seed) => {
        const text = sent
          .map(({ data, event }) =>
            [...(event ? [`event: ${event}`] : []), ...data.map((line) => `data: ${line}`), "", ""].join(end)
          )
          .join("")
        const decoder = new Decoder(createParser, { maxEvent: 2 ** 20, isLast: () => false })
        for (const piece of cut(encoder.encode(text), dice(seed))) decoder.feed(piece)
        const got = decoder.take().map(({ data, event }) => ({ data, event }))
        expect(got).toEqual(sent.map(({ data, event }) => ({ data: data.join("\n"), event })))
      }),
      { numRuns: 500 }
    )
  })
})

// -------------------------------------------------------------------------------------------------
// Sockets
// -------------------------------------------------------------------------------------------------

interface Visit {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

/** A server that answers with an open event stream, and leaves what is in it to `answer`. */
const listening = (answer: (visit: Visit) => void) =>
  Effect.acquireRelease(
    Effect.async<Server>((resume) => {
      const server = createServer((request, response) => {
        response.writeHead(200, { "content-type": "text/event-stream" })
        request.resume().on("end", () => answer({ request, response }))
      })
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
    }),
    (server) =>
      Effect.sync(() => {
        server.closeAllConnections()
        server.close()
      })
  ).pipe(
    Effect.map((server) => {
      const address = server.address()
      const sockets = new Set<unknown>()
      server.on("connection", (socket) => sockets.add(socket))
      const url = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}/`
      return { sockets, request: HttpClientRequest.bodyUnsafeJson(HttpClientRequest.post(url), { stream: true }) }
    })
  )

const clientOf = (layer: Layer.Layer<HttpClient.HttpClient>) =>
  Effect.map(Layer.build(layer), (context) => Context.get(context, HttpClient.HttpClient))

const transports: ReadonlyArray<readonly [string, Effect.Effect<HttpClient.HttpClient, never, Scope.Scope>]> = [
  ["Transport", Transport.make()],
  ["fetch", clientOf(FetchHttpClient.layer)],
  ["layerUndici", clientOf(NodeHttpClient.layerUndici)],
  ["NodeHttpClient", clientOf(NodeHttpClient.layer)]
]

type HangUp = <A, E, R>(stream: Stream.Stream<A, E, R>) => Effect.Effect<unknown, E, R>

/** Milliseconds until the server sees that a stream was hung up. */
const hangingUp = (client: ReliableHttpClient.ReliableHttpClient, hangUp: HangUp) =>
  Effect.gen(function* () {
    const closed = yield* Deferred.make<number>()
    const { request } = yield* listening(({ request, response }) => {
      request.socket.once("close", () =>
        Deferred.unsafeDone(
          closed,
          Effect.sync(() => performance.now())
        )
      )
      const timer = setInterval(() => response.write(event("a")), 5)
      response.on("close", () => clearInterval(timer))
    })
    const supervisor = yield* Supervisor.track
    yield* hangUp(EventStream.open(request, { client, workload, idempotency: "safe" })).pipe(
      Effect.supervised(supervisor)
    )
    const hungUp = performance.now()
    const late = (yield* Effect.timeout(Deferred.await(closed), "5 seconds")) - hungUp
    expect(yield* supervisor.value).toEqual([])
    return late
  })

describe("on sockets", () => {
  for (const [name, transport] of transports) {
    it.scopedLive(
      `over ${name}, a stream that is hung up closes its connection within 50 ms, and leaves no fiber`,
      () =>
        Effect.gen(function* () {
          const client = ReliableHttpClient.make(yield* transport)
          const ways: Readonly<Record<string, HangUp>> = {
            take: (stream) => Stream.runDrain(Stream.take(stream, 3)),
            interrupt: (stream) =>
              Stream.runDrain(stream).pipe(
                Effect.fork,
                Effect.delay(0),
                Effect.flatMap((fiber) => Effect.zipRight(Effect.sleep(100), Fiber.interrupt(fiber)))
              ),
            fail: (stream) => Effect.ignore(Stream.runForEach(Stream.drop(stream, 2), () => Effect.fail("enough")))
          }
          for (const [way, hangUp] of Object.entries(ways)) {
            const late = yield* Effect.replicateEffect(hangingUp(client, hangUp), 3)
            // the best of three: others may keep this machine busy
            expect(Math.min(...late), way).toBeLessThan(50)
          }
        })
    )

    it.scopedLive(`over ${name}, a reader that does not read holds the server back`, () =>
      Effect.gen(function* () {
        const client = ReliableHttpClient.make(yield* transport)
        let written = 0
        const text = event("x".repeat(16_000)).repeat(4)
        const { request } = yield* listening(({ response }) => {
          const write = () => {
            while (!response.destroyed && response.write(text)) written += text.length
          }
          response.on("drain", write)
          write()
        })
        const before = process.memoryUsage().arrayBuffers
        yield* EventStream.open(request, { client, workload, idempotency: "safe" }).pipe(
          Stream.take(1),
          Stream.tap(() => Effect.sleep(500)),
          Stream.runDrain
        )
        // what both sides of a loopback connection buffer
        expect(written).toBeLessThan(24 * 2 ** 20)
        expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 * 2 ** 20)
      })
    )

    it.scopedLive(`over ${name}, a connection that breaks is a broken stream`, () =>
      Effect.gen(function* () {
        const client = ReliableHttpClient.make(yield* transport)
        for (const how of ["resetAndDestroy", "destroy"] as const) {
          const { request } = yield* listening(({ request, response }) => {
            response.write(event("a"), () => setTimeout(() => request.socket[how](), 20))
          })
          const { data, error } = yield* collect(EventStream.open(request, { client, workload, idempotency: "safe" }))
          expectError(error, { reason: "StreamBroken", delivery: "Partial", attempts: 1 })
          expect(data).toEqual(["a"])
        }
      })
    )
  }

  for (const [name, transport] of transports) {
    it.scopedLive(`over ${name}, leaves neither sockets nor timers, however a stream ends`, () =>
      Effect.gen(function* () {
        const client = ReliableHttpClient.make(yield* transport)
        const open = new Set<unknown>()
        const { request } = yield* listening(({ request, response }) => {
          const { socket } = request
          open.add(socket)
          socket.once("close", () => open.delete(socket))
          response.write(request.headers["x-silent"] === undefined ? event("a") : ": hi\n\n")
        })
        const silent = HttpClientRequest.setHeader(request, "x-silent", "yes")
        const once = Workload.with(workload, {
          stream: { first: "50 millis", idle: "50 millis" },
          retry: Retry.make({ attempts: 1 })
        })
        const patient = Workload.with(once, { stream: { first: "20 seconds", idle: "20 seconds" } })
        const events = (sent: HttpClientRequest.HttpClientRequest, limits: Workload.Workload) =>
          EventStream.open(sent, { client, workload: limits, idempotency: "safe" })
        const interrupted = (stream: Stream.Stream<unknown, unknown>) =>
          Effect.flatMap(Effect.fork(Stream.runDrain(stream)), (fiber) =>
            Effect.zipRight(Effect.sleep(50), Fiber.interrupt(fiber))
          )
        const ways: Readonly<Record<string, Effect.Effect<unknown, unknown>>> = {
          "first runs out": Stream.runDrain(events(silent, once)),
          "idle runs out": Stream.runDrain(events(request, once)),
          "taken early": Stream.runDrain(Stream.take(events(request, patient), 1)),
          "interrupted before the first event": interrupted(events(silent, patient)),
          "interrupted after it": interrupted(events(request, patient)),
          "its scope closes": Effect.scoped(EventStream.awaitFirst(events(request, patient))),
          "a deadline around it": Stream.runDrain(events(request, patient)).pipe(Deadline.within("50 millis")),
          "a failure of its reader": Stream.runForEach(events(request, patient), () => Effect.fail("enough"))
        }
        const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length
        yield* Effect.ignore(ways["taken early"] ?? Effect.void)
        yield* Effect.sleep(100)
        const before = timers()
        for (const [way, end] of Object.entries(ways)) {
          yield* Effect.all(
            Array.from({ length: 5 }, () => Effect.exit(end)),
            { concurrency: 5 }
          )
          const gone = Effect.suspend(() => (open.size === 0 && timers() <= before ? Effect.void : Effect.fail(way)))
          yield* Effect.retry(gone, { times: 100, schedule: Schedule.spaced("20 millis") })
        }
      })
    )
  }

  it.scopedLive("over Transport, the connection of a stream that ended well serves the next", () =>
    Effect.gen(function* () {
      const client = ReliableHttpClient.make(yield* Transport.make())
      const { request, sockets } = yield* listening(({ response }) => {
        response.write(event("a") + done)
        setTimeout(() => response.end(), 20)
      })
      for (let n = 0; n < 5; n++) {
        expect(yield* collect(EventStream.open(request, { client, workload, idempotency: "safe" }))).toEqual({
          data: ["a"],
          error: undefined
        })
        yield* Effect.sleep(50)
      }
      expect(sockets.size).toBe(1)
    })
  )
})
