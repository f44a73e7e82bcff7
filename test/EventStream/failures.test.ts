import { HttpClient, HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { describe, it } from "@effect/vitest"
import { Cause, Chunk, Clock, Duration, Effect, Exit, Fiber, Option, Stream, Supervisor, TestClock } from "effect"
import { type ApiError, Deadline, Dialect, Reliability, ReliableHttpClient, Retry, Workload } from "effect-reliability"
import * as EventStream from "effect-reliability/stream"
import { inspect } from "node:util"
import { expect } from "vitest"
import { bytesKey } from "../../src/internal/sse/decoder.js"
import {
  all,
  type Answer,
  type Body,
  collect,
  done,
  encoder,
  event,
  expectError,
  hang,
  outcomeOf,
  provider,
  request,
  reset,
  say,
  streaming,
  through,
  wait,
  workload
} from "../support/eventStream.js"

describe("the time to the first event", () => {
  it.effect("limits each attempt, whether or not headers, comments and pings arrive", () =>
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

  it.effect("reports the request and the state of its response on a timeout", () =>
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

  it.effect("reports no response of an earlier attempt", () =>
    Effect.gen(function* () {
      const records = new Array<string>()
      const { client } = yield* provider(streaming(hang), { after: 1e6 })
      const record = ({ attempt, error, of }: Reliability.Outcome) =>
        void records.push(`${of} ${attempt}: ${error?.delivery} ${error?.status} ${error?.method} ${error?.url}`)
      yield* through(collect(EventStream.open(request, { client, workload, idempotency: "safe", record })))
      expect(records).toEqual([
        `attempt 1: Partial 200 ${named.method} ${named.url}`,
        `attempt 2: Unconfirmed undefined ${named.method} ${named.url}`,
        `attempt 3: Unconfirmed undefined ${named.method} ${named.url}`,
        `call 3: Unconfirmed undefined ${named.method} ${named.url}`
      ])
    })
  )

  it.effect("reports the request as the client completed it, and NotSent before it was sent", () =>
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

  it.effect("follows the workload of the fiber, then of the option, then interactive", () =>
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

  it.effect("ends with the deadline of the workload or of the caller", () =>
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
  it.effect("follows the idle timeout of the workload, not its attempt timeout and deadline", () =>
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

  it.effect("restarts with each comment, each ping and each byte", () =>
    Effect.gen(function* () {
      const life = [": hi\n\n", "event: ping\ndata: {}\n\n", "da"].map((text) => all(wait(4000), say(text)))
      const { data, error, now } = yield* outcomeOf(
        streaming(say(event("a")), ...life, wait(4000), say("ta: b\n\n" + done))
      )
      expect({ data, error, now }).toEqual({ data: ["a", "b"], error: undefined, now: 16_000 })
    })
  )

  it.effect("does not run while the consumer does not pull", () =>
    Effect.gen(function* () {
      const { client } = yield* provider(streaming(say(event("a"), event("b"), done)))
      const stream = EventStream.open(request, { client, workload, idempotency: "safe" }).pipe(
        Stream.tap(() => Effect.sleep("1 hour"))
      )
      expect((yield* through(collect(stream))).value).toEqual({ data: ["a", "b"], error: undefined })
    })
  )

  it.effect("ends with the deadline of the caller", () =>
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
    ["an early end", streaming(say(": hi\n\n")), { reason: "StreamBroken", delivery: "Partial" }],
    ["a reset", streaming(say("data: a"), reset), { reason: "StreamBroken", delivery: "Partial", code: "ECONNRESET" }],
    [
      "an error event",
      streaming(say(`event: error\ndata: {"error":{"code":"server_error"}}\n\n`)),
      { reason: "ServerError" }
    ],
    ["an HTML page", { headers: { "content-type": "text/html" }, body: "<html>" }, { reason: "InvalidAnswer" }]
  ]

  for (const [name, answer, expected] of failures) {
    it.effect(`causes retries and a settled error in the end: ${name}`, () =>
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

    it.effect(`does not cause a retry if the call may have been executed: ${name}`, () =>
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

  it.effect("causes retries of a POST only if its option or the request allows them", () =>
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

  it.effect("causes waits for the server hint, and with the patience of the workload", () =>
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

  it.effect("does not cause a retry once a streamed body was sent", () =>
    Effect.gen(function* () {
      const lines = HttpClientRequest.bodyStream(request, Stream.make(new Uint8Array(1)))
      for (const answer of [{ status: 503 }, streaming(hang), streaming(say(": hi\n\n"))]) {
        const { client, seen } = yield* provider(answer)
        // this client sends the body that it receives
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

  it.effect("notifies the observers, for whom the first event is a success", () =>
    Effect.gen(function* () {
      const { client } = yield* provider({ status: 503 }, streaming(say(event("a"))))
      const events = new Array<string>()
      const { value } = yield* through(
        collect(
          EventStream.open(request, {
            client,
            workload,
            idempotency: "safe",
            onRetry: ({ error }) => Effect.sync(() => events.push(`again after ${error.reason}`)),
            record: ({ error, of }) => void events.push(`${of}: ${error?.reason ?? "success"}`)
          })
        )
      )
      expect(value.error?.reason).toBe("StreamBroken")
      expect(events).toEqual([
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
    ["an early end", Stream.empty, { reason: "StreamBroken" }],
    ["half an event", say("data: b\n"), { reason: "StreamBroken" }],
    ["a reset", reset, { reason: "StreamBroken", code: "ECONNRESET" }],
    ["an error event", say(`data: {"error":{"message":"no","code":"server_error"}}\n\n`), { reason: "ServerError" }],
    ["an event that is too large", say(event("x".repeat(200))), { reason: "EventTooLarge" }],
    [
      "a timeout of the client's own",
      Stream.fail(Object.assign(new Error(), { code: "UND_ERR_BODY_TIMEOUT" })),
      { reason: "Timeout", phase: "read" }
    ]
  ]
  for (const [name, failure, expected] of failures) {
    it.effect(`fails the stream with a settled error and causes no retry: ${name}`, () =>
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

  it.effect("comes after the events of the same piece", () =>
    Effect.gen(function* () {
      const { data, error } = yield* outcomeOf(
        streaming(say(event("a") + event("b") + event(`{"error":{}}`) + event("c")))
      )
      expect({ data, delivery: error?.delivery }).toEqual({ data: ["a", "b"], delivery: "Partial" })
    })
  )
})

describe("an error of a stream", () => {
  it.effect("contains no secret of the request or of the response", () =>
    Effect.gen(function* () {
      const secret = /secret|fw_|prompt/
      const secretRequest = HttpClientRequest.post("http://user:secret@api.test/v1/chat?key=secret").pipe(
        HttpClientRequest.setHeader("authorization", "Bearer fw_4f9ZsecretKey77"),
        HttpClientRequest.bodyUnsafeJson({ messages: [{ role: "user", content: "my secret prompt" }] })
      )
      const responses: ReadonlyArray<Answer> = [
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
      for (const answer of responses) {
        const { client } = yield* provider(answer)
        const exit = yield* through(
          Effect.exit(
            Stream.runDrain(EventStream.open(secretRequest, { client, workload, idempotency: "safe", maxEvent: 100 }))
          )
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

describe("the release of a stream", () => {
  const moments: ReadonlyArray<readonly [string, Answer]> = [
    ["before the headers", { after: 1e6 }],
    ["before the first event", streaming(say(": hi\n\n"), hang)],
    ["after the first event", streaming(say(event("a")), hang)]
  ]
  for (const [name, answer] of moments) {
    it.effect(`ends fibers and connection when interrupted ${name}`, () =>
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

  it.effect("closes a response that offers its bytes without a stream", () =>
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

  it.effect("closes the connection at once when the consumer stops early", () =>
    Effect.gen(function* () {
      const { client, seen } = yield* provider(streaming(say(event("a") + event("b")), hang))
      const taken = yield* Stream.runCollect(
        Stream.take(EventStream.open(request, { client, workload, idempotency: "safe" }), 1)
      )
      expect({ size: taken.length, reading: seen.reading }).toEqual({ size: 1, reading: 0 })
    })
  )
})
