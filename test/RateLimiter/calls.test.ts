import { HttpClient, HttpClientRequest } from "@effect/platform"
import { describe, it } from "@effect/vitest"
import {
  Chunk,
  Clock,
  Duration,
  Effect,
  Either,
  Exit,
  Fiber,
  FastCheck as fc,
  Layer,
  Redacted,
  Stream,
  TestClock
} from "effect"
import {
  Accounting,
  ApiError,
  Dialect,
  RateLimiter,
  Reliability,
  ReliableHttpClient,
  Retry,
  RetryBudget,
  Telemetry,
  Workload
} from "effect-reliability"
import { Fireworks } from "effect-reliability/fireworks"
import * as EventStream from "effect-reliability/stream"
import { Fault, ScriptedClient } from "effect-reliability/testing"
import { expect } from "vitest"
import { usageOf, usageWithin } from "../../src/internal/rateLimiter/requestUse.js"

const only = (limiter: RateLimiter.RateLimiter) => {
  const [known, ...others] = RateLimiter.describe(limiter)
  if (known === undefined || others.length > 0) throw new Error(`${others.length} keys`)
  return known
}

const settle = Effect.repeatN(Effect.yieldNow(), 20)

const refused = new ApiError.RateLimit({ reason: "RateExceeded", delivery: "Acknowledged", status: 429 })
const unavailable = new ApiError.Transient({ reason: "Unavailable", delivery: "Acknowledged", status: 503 })

const workload = Workload.with(Workload.interactive, {
  retry: Retry.make({ base: "1 second", jitter: "none" }),
  deadline: "1 minute",
  timeouts: { attempt: "10 seconds" }
})

describe("a policy with a limiter", () => {
  it.effect("asks once for each attempt, inside the retries", () =>
    Effect.gen(function* () {
      const limiter = yield* RateLimiter.make()
      const policy = Reliability.make({ workload, limiter })
      let attempts = 0
      const call = Effect.suspend(() => (++attempts < 3 ? Effect.fail(unavailable) : Effect.succeed("done")))
      const fiber = yield* Effect.fork(Reliability.protect(call, policy))
      yield* TestClock.adjust("10 seconds")
      expect(yield* Fiber.join(fiber)).toBe("done")
      expect(only(limiter)).toMatchObject({ key: "default", admitted: 3, inFlight: 0, waiting: 0 })
      expect(Reliability.describe(policy).limited).toBe(true)
    })
  )

  it.effect("asks once for each attempt of a call that applies its own timeout", () =>
    Effect.gen(function* () {
      const limiter = yield* RateLimiter.make({ concurrency: 1 })
      const policy = Reliability.make({ workload, limiter: { limiter, key: "own" } })
      let inside = 0
      let attempts = 0
      const call = Reliability.leaf(policy, () =>
        Effect.acquireUseRelease(
          Effect.sync(() => expect(++inside).toBe(1)),
          () => Effect.zipRight(Effect.sleep("1 second"), ++attempts === 1 ? Effect.fail(refused) : Effect.void),
          () => Effect.sync(() => inside--)
        )
      )
      const fibers = yield* Effect.forkAll(Effect.replicate(call, 4))
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(fibers)
      expect(only(limiter)).toMatchObject({ key: "own", admitted: 5, serverRefusals: 1, inFlight: 0, waiting: 0 })
    })
  )

  it.effect("keeps the place of a retry in the queue", () =>
    Effect.gen(function* () {
      const limiter = yield* RateLimiter.make({ concurrency: 1 })
      const policy = Reliability.make({ workload, limiter })
      const order: Array<string> = []
      const call = (name: string, fails: number) => {
        let left = fails
        return Effect.suspend(() => {
          order.push(name)
          return Effect.zipRight(Effect.sleep("3 seconds"), left-- > 0 ? Effect.fail(unavailable) : Effect.void)
        }).pipe(Reliability.protect(policy))
      }
      const fibers: Array<Fiber.Fiber<void, ApiError.ApiError>> = []
      for (const [name, fails] of [
        ["a", 1],
        ["b", 0],
        ["c", 0]
      ] as const) {
        fibers.push(yield* Effect.fork(call(name, fails)))
        yield* TestClock.adjust("10 millis")
      }
      yield* TestClock.adjust("1 minute")
      yield* Fiber.joinAll(fibers)
      // `a` fails while `b` begins, and comes back before `c`
      expect(order).toEqual(["a", "b", "a", "c"])
    })
  )

  /**
   * Runs a call that fails with each of these errors in turn. Returns how it ended, the moments of its attempts in seconds, and what
   * its retries took from a budget.
   */
  const failing = (
    errors: ReadonlyArray<ApiError.ApiError>,
    given: Partial<Reliability.Options>,
    deadline: Duration.DurationInput = "1 minute"
  ) =>
    Effect.gen(function* () {
      const budget = yield* RetryBudget.make({ ratio: 0, minPerSecond: 0, max: 10 })
      const policy = Reliability.make({
        workload: Workload.with(workload, {
          retry: Retry.make({ attempts: 2, base: "1 second", jitter: "none" }),
          deadline
        }),
        budget,
        ...given
      })
      const moments: Array<number> = []
      const call = Effect.flatMap(Clock.currentTimeMillis, (now) => {
        const error = errors[moments.push(now / 1000) - 1]
        return error === undefined ? Effect.succeed("done") : Effect.fail(error)
      })
      const fiber = yield* Effect.fork(Effect.either(Reliability.protect(call, policy)))
      yield* TestClock.adjust("10 minutes")
      const end = Either.merge(Either.mapLeft(yield* Fiber.join(fiber), ({ stopped }) => `${stopped}`))
      return { end, attempts: moments.length, moments, spent: 10 - (yield* budget.balance) }
    })

  it.effect("retries refusals until the deadline, with growing waits, and uses no attempt and no budget for them", () =>
    Effect.gen(function* () {
      const limiter = yield* RateLimiter.make()
      const { end, moments, spent } = yield* failing([refused, refused, refused, refused], { limiter })
      expect([end, spent]).toEqual(["done", 0])
      moments.slice(1).forEach((at, i) => expect(at - (moments[i] ?? 0)).toBeGreaterThanOrEqual(2 ** i))
      const endless = Array.from({ length: 20 }, () => refused)
      expect(yield* failing(endless, { limiter })).toMatchObject({ end: "Deadline", attempts: 6, spent: 0 })
    })
  )

  it.effect("uses attempts and budget for all other failures, and for refusals without a limiter or a deadline", () =>
    Effect.gen(function* () {
      const limiter = yield* RateLimiter.make()
      const overloaded = new ApiError.RateLimit({ reason: "Overloaded", delivery: "Acknowledged", status: 429 })
      expect(yield* failing([refused, unavailable, refused], { limiter })).toMatchObject({ end: "done", spent: 1 })
      for (const error of [unavailable, overloaded]) {
        const ended = yield* failing([refused, error, error], { limiter })
        expect(ended).toMatchObject({ end: "Attempts", attempts: 3, spent: 1 })
      }
      expect(yield* failing([refused, refused], {})).toMatchObject({ end: "Attempts", attempts: 2, spent: 1 })
      const never = { workload: Workload.with(workload, { retry: Retry.make({ attempts: 1 }) }), limiter }
      expect(yield* failing([refused, refused], never)).toMatchObject({ end: "Attempts", attempts: 1, spent: 0 })
      const unbounded = yield* failing([refused, refused], { limiter }, Duration.infinity)
      expect(unbounded).toMatchObject({ end: "Attempts", attempts: 2, spent: 1 })
    })
  )

  it.effect("does not count the wait as time of the attempt", () =>
    Effect.gen(function* () {
      const limiter = yield* RateLimiter.make({ concurrency: 1 })
      const policy = Reliability.make({ workload, limiter })
      const call = Reliability.protect(Effect.sleep("9 seconds"), policy)
      const fibers = yield* Effect.forkAll(Effect.replicate(call, 3))
      yield* TestClock.adjust("40 seconds")
      expect(Exit.isSuccess(yield* Fiber.await(fibers))).toBe(true)
    })
  )

  it.effect("fails at the deadline with LocallyLimited, settled, and makes no attempt", () =>
    Effect.gen(function* () {
      const limiter = yield* RateLimiter.make({ concurrency: 1 })
      const accounting = yield* Accounting.make()
      const policy = Reliability.make({ workload, limiter, record: accounting.record })
      yield* Effect.fork(Effect.never.pipe(RateLimiter.limit(limiter, { key: "default" })))
      yield* settle
      let attempts = 0
      const fiber = yield* Effect.fork(
        Effect.flip(
          Reliability.protect(
            Effect.sync(() => void attempts++),
            policy
          )
        )
      )
      yield* TestClock.adjust("59 seconds")
      expect(fiber.unsafePoll()).toBe(null)
      yield* TestClock.adjust("1 second")
      const error = yield* Fiber.join(fiber)
      expect(error).toMatchObject({ reason: "LocallyLimited", delivery: "NotSent", stopped: "Deadline", attempts: 1 })
      expect(attempts).toBe(0)
      const { rows } = yield* accounting.snapshot
      // a call, and no attempt that a server could have counted
      expect(rows.map(({ count, of, reason }) => ({ count, of, reason }))).toEqual([
        { count: 1, of: "call", reason: "LocallyLimited" }
      ])
    })
  )

  it.effect("does not retry a call for which the queue has no room", () =>
    Effect.gen(function* () {
      const limiter = yield* RateLimiter.make({ concurrency: 1, queue: 0 })
      yield* Effect.fork(Effect.never.pipe(RateLimiter.limit(limiter, { key: "default" })))
      yield* settle
      const error = yield* Effect.flip(Reliability.protect(Effect.void, Reliability.make({ workload, limiter })))
      expect(error).toMatchObject({ reason: "LocallyLimited", stopped: "QueueFull" })
      expect(error.message).toContain("Not retried: the queue of the rate limiter is full.")
    })
  )

  it.effect("holds nothing after an interruption, in the wait, the attempt or the backoff", () =>
    Effect.gen(function* () {
      const limiter = yield* RateLimiter.make({ concurrency: 1 })
      const policy = Reliability.make({ workload, limiter })
      const hanging = yield* Effect.fork(Reliability.protect(Effect.never, policy))
      yield* settle
      const waiting = yield* Effect.fork(Reliability.protect(Effect.never, policy))
      yield* settle
      expect(only(limiter)).toMatchObject({ inFlight: 1, waiting: 1 })
      yield* Fiber.interrupt(waiting)
      expect(only(limiter)).toMatchObject({ inFlight: 1, waiting: 0 })
      yield* Fiber.interrupt(hanging)
      expect(only(limiter)).toMatchObject({ inFlight: 0, waiting: 0 })
      const failing = yield* Effect.fork(Reliability.protect(Effect.fail(unavailable), policy))
      yield* settle
      expect(only(limiter)).toMatchObject({ inFlight: 0, waiting: 0 })
      yield* Fiber.interrupt(failing)
      const leaf = yield* Effect.fork(Reliability.leaf(policy, () => Effect.never))
      yield* TestClock.adjust("1 second")
      expect(only(limiter).inFlight).toBe(1)
      yield* Fiber.interrupt(leaf)
      expect(only(limiter)).toMatchObject({ inFlight: 0, waiting: 0 })
    })
  )

  it.effect("gives back what it was admitted with when the attempt times out or dies", () =>
    Effect.gen(function* () {
      const limiter = yield* RateLimiter.make()
      const policy = Reliability.make({
        workload: Workload.with(workload, { retry: Retry.make({ attempts: 1 }) }),
        limiter
      })
      const slow = yield* Effect.fork(Effect.flip(Reliability.protect(Effect.never, policy)))
      yield* TestClock.adjust("10 seconds")
      expect((yield* Fiber.join(slow)).reason).toBe("Timeout")
      yield* Effect.exit(Reliability.protect(Effect.die("a defect"), policy))
      expect(only(limiter)).toMatchObject({ admitted: 2, inFlight: 0 })
    })
  )
})

const url = "https://api.example.com/v1/chat/completions"

const post = (body: unknown) =>
  HttpClientRequest.post(url).pipe(
    HttpClientRequest.setHeader("authorization", "Bearer sk-very-secret"),
    HttpClientRequest.bodyUnsafeJson(body)
  )

const json = (value: unknown, headers: Record<string, string> = {}, status = 200) =>
  Fault.answer(status, { headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(value) })

describe("an HTTP client with a limiter", () => {
  it.effect("uses a key for each host, model and credential, without showing the credential", () =>
    Effect.gen(function* () {
      const limiter = yield* RateLimiter.make()
      const client = ReliableHttpClient.make(yield* ScriptedClient.make(), { workload, limiter })
      yield* client.execute(post({ model: "accounts/mine/models/big", messages: [{ content: '"model":"other"' }] }))
      yield* client.execute(post({ messages: [{ content: "x".repeat(20_000) }], model: "models/big" }))
      yield* client.execute(HttpClientRequest.get("https://api.example.com/v1/models"))
      const keys = RateLimiter.describe(limiter).map(({ key }) => key)
      expect(keys).toEqual([expect.stringMatching(/^api\.example\.com models\/big #[0-9a-z]+$/), "api.example.com"])
      expect(keys.join()).not.toContain("secret")
    })
  )

  it.effect("learns limits from headers, and settles the tokens that were counted", () =>
    Effect.gen(function* () {
      const limiter = yield* RateLimiter.make({ outputTokens: { limit: 60_000 } })
      const headers = { "x-ratelimit-limit-requests": "600", "x-ratelimit-limit-tokens": "6000" }
      const server = yield* ScriptedClient.make(() =>
        json({ usage: { prompt_tokens: 10, completion_tokens: 50 } }, headers)
      )
      const client = ReliableHttpClient.make(server, { workload, limiter, dialect: Dialect.openai })
      const response = yield* client.execute(post({ model: "m", max_tokens: 100 }))
      expect(yield* response.json).toMatchObject({ usage: { completion_tokens: 50 } })
      expect(only(limiter).paces).toEqual([
        { resource: "requests", perSecond: 10, limitPerSecond: 10 },
        { resource: "output", perSecond: 1000, limitPerSecond: 1000 },
        { resource: "input", perSecond: 100, limitPerSecond: 100 }
      ])
      expect(only(limiter).inFlight).toBe(0)
    })
  )

  it.effect("waits out refusals, and counts each", () =>
    Effect.gen(function* () {
      const limiter = yield* RateLimiter.make()
      const server = yield* ScriptedClient.make([Fault.answer(429, { retryAfter: "2 seconds" }), Fault.healthy])
      const client = ReliableHttpClient.make(server, { workload, limiter, idempotency: "safe" })
      const fiber = yield* Effect.fork(client.execute(post({ model: "m" })))
      yield* TestClock.adjust("20 seconds")
      expect((yield* Fiber.join(fiber)).status).toBe(200)
      expect(only(limiter)).toMatchObject({ admitted: 2, serverRefusals: 1, inFlight: 0 })
    })
  )

  it.effect("uses the key, the cost and the class of its options", () =>
    Effect.gen(function* () {
      const limiter = yield* RateLimiter.make({ classes: { nightly: "1 hour" } })
      const server = yield* ScriptedClient.make()
      const asked: Array<string> = []
      const client = ReliableHttpClient.make(server, {
        workload,
        limiter: {
          limiter,
          class: "nightly",
          key: ({ method }) => `all ${method}`,
          cost: ({ url }) => {
            asked.push(url)
            return { input: 1 }
          }
        }
      })
      yield* client.execute(post({ model: "m" }))
      expect(asked).toEqual([url])
      expect(only(limiter).key).toBe("all POST")
      const unknown = { limiter, class: "weekly" }
      expect(() => ReliableHttpClient.make(server, { limiter: unknown })).toThrow(/class is "weekly"/)
      expect(() => EventStream.open(post({}), { limiter: unknown, client })).toThrow(/class is "weekly"/)
    })
  )
})

describe("a stream with a limiter", () => {
  const events = (...data: ReadonlyArray<unknown>) =>
    Fault.answer(200, {
      headers: { "content-type": "text/event-stream", "x-ratelimit-limit-requests": "600" },
      body: data.map((one) => `data: ${typeof one === "string" ? one : JSON.stringify(one)}\n\n`).join("")
    })

  const open = (limiter: RateLimiter.RateLimiter, fault: Fault.Fault) =>
    Effect.map(
      ScriptedClient.make(() => fault),
      (server) =>
        EventStream.open(post({ stream: true, model: "m" }), {
          client: ReliableHttpClient.make(server),
          workload,
          limiter,
          idempotency: "safe"
        })
    )

  it.effect("stays in flight until its end, and settles its usage", () =>
    Effect.gen(function* () {
      const limiter = yield* RateLimiter.make()
      const stream = yield* open(limiter, events({ text: "a" }, { usage: { completion_tokens: 3 } }, "[DONE]"))
      const seen: Array<number> = []
      yield* Stream.runForEach(stream, () => Effect.sync(() => seen.push(only(limiter).inFlight)))
      expect(seen).toEqual([1, 1])
      expect(only(limiter)).toMatchObject({ admitted: 1, inFlight: 0 })
      expect(only(limiter).paces[0]?.limitPerSecond).toBe(10)
    })
  )

  it.effect("leaves nothing in flight when it breaks off, is ended early or interrupted", () =>
    Effect.gen(function* () {
      const limiter = yield* RateLimiter.make()
      yield* Effect.flip(Stream.runDrain(yield* open(limiter, events({ text: "a" }))))
      expect(only(limiter)).toMatchObject({ admitted: 1, inFlight: 0 })
      const taken = yield* Stream.runCollect(Stream.take(yield* open(limiter, events({ text: "a" }, { text: "b" })), 1))
      expect(Chunk.size(taken)).toBe(1)
      expect(only(limiter)).toMatchObject({ admitted: 2, inFlight: 0 })
      const silent = yield* open(limiter, Fault.stream({ events: 2, every: "1 minute" }))
      const fiber = yield* Effect.fork(Stream.runDrain(silent))
      yield* TestClock.adjust("1 second")
      expect(only(limiter).inFlight).toBe(1)
      yield* Fiber.interrupt(fiber)
      expect(only(limiter)).toMatchObject({ admitted: 3, inFlight: 0 })
    })
  )

  it.effect("uses the limiter and the key of its client, whose functions complete the request", () =>
    Effect.gen(function* () {
      const limiter = yield* RateLimiter.make()
      const server = yield* ScriptedClient.make(({ headers }) =>
        headers["accept"] === "text/event-stream" ? events({ text: "a" }, "[DONE]") : json({})
      )
      const client = ReliableHttpClient.make(server, { workload, limiter, idempotency: "safe" }).pipe(
        HttpClient.mapRequest(HttpClientRequest.prependUrl("https://api.example.com")),
        HttpClient.mapRequest(HttpClientRequest.bearerToken("a secret"))
      )
      const request = HttpClientRequest.post("/v1/chat").pipe(HttpClientRequest.bodyUnsafeJson({ model: "m" }))
      yield* client.execute(request)
      yield* Stream.runDrain(EventStream.open(HttpClientRequest.accept(request, "text/event-stream"), { client }))
      expect(only(limiter)).toMatchObject({ admitted: 2, inFlight: 0 })
      expect(only(limiter).key).toMatch(/^api\.example\.com m #/)
    })
  )

  it.effect("prefers its own limiter to that of its client", () =>
    Effect.gen(function* () {
      const [ofClient, own] = [yield* RateLimiter.make(), yield* RateLimiter.make()]
      const server = yield* ScriptedClient.make(() => events({ text: "a" }, "[DONE]"))
      const client = ReliableHttpClient.make(server, { workload, limiter: ofClient, idempotency: "safe" })
      yield* Stream.runDrain(EventStream.open(post({}), { client, limiter: { limiter: own, key: () => "own" } }))
      expect(only(own)).toMatchObject({ key: "own", admitted: 1, inFlight: 0 })
      expect(RateLimiter.describe(ofClient)).toEqual([])
    })
  )
})

describe("a limiter in the context", () => {
  it.effect("applies to the calls of ReliableHttpClient.layer and Fireworks.layer", () =>
    Effect.gen(function* () {
      const limiter = yield* RateLimiter.RateLimiter
      yield* Effect.flatMap(ReliableHttpClient.ReliableHttpClient, (client) => client.get("https://api.example.com/"))
      yield* Effect.flatMap(Fireworks.Fireworks, (fireworks) => fireworks.models())
      expect(RateLimiter.describe(limiter).map(({ key }) => key.split(" ")[0])).toEqual([
        "api.example.com",
        "api.fireworks.ai"
      ])
    }).pipe(
      Effect.provide(
        Layer.mergeAll(ReliableHttpClient.layer(), Fireworks.layer({ apiKey: Redacted.make("fw_secret") })).pipe(
          Layer.provideMerge(RateLimiter.layer()),
          Layer.provide(ScriptedClient.layer(json({ data: [] })))
        )
      )
    )
  )
})

describe("Fireworks with a limiter", () => {
  it.effect("limits chats and streams of a model together", () =>
    Effect.gen(function* () {
      const limiter = yield* RateLimiter.make()
      const fireworks = yield* Fireworks.make({ apiKey: Redacted.make("fw_secret"), limiter })
      const request = { model: "accounts/mine/deployments/d", messages: [{ role: "user", content: "Hello" }] }
      yield* fireworks.chat(request)
      yield* Stream.runDrain(fireworks.chatStream(request))
      expect(only(limiter)).toMatchObject({ admitted: 2, inFlight: 0 })
      expect(only(limiter).key).toMatch(/^api\.fireworks\.ai deployments\/d #/)
    }).pipe(Effect.provide(ScriptedClient.layer(Fault.healthy)))
  )

  it.effect("reads its limits per second, if the options say so", () =>
    Effect.gen(function* () {
      const limiter = yield* RateLimiter.make()
      const fireworks = yield* Fireworks.make({ apiKey: Redacted.make("fw_secret"), limiter, limitsPer: "second" })
      yield* Effect.ignore(fireworks.models())
      expect(only(limiter).paces[0]).toEqual({ resource: "requests", perSecond: 10, limitPerSecond: 10 })
    }).pipe(Effect.provide(ScriptedClient.layer(json({ data: [] }, { "x-ratelimit-limit-requests": "10" }))))
  )
})

describe("Telemetry.observeLimiter", () => {
  it.scoped("records paces, waits and refusals of each key", () =>
    Effect.gen(function* () {
      const limiter = yield* RateLimiter.make({ concurrency: 1, queue: 1, requests: { limit: 600 } })
      const key = "observed.example.com"
      yield* Telemetry.observeLimiter(limiter)
      const call = Effect.sleep("1 second").pipe(RateLimiter.limit(limiter, { key }))
      yield* Effect.fork(call)
      yield* settle
      yield* Effect.fork(call)
      yield* settle
      yield* Effect.ignore(call)
      yield* TestClock.adjust("5 seconds")
      yield* Effect.ignore(Effect.fail(refused).pipe(RateLimiter.limit(limiter, { key })))
      yield* TestClock.adjust("5 seconds")
      const page = yield* Telemetry.prometheus
      const of = (name: string, more = "") => {
        const found = page
          .split("\n")
          .find((line) => line.startsWith(`reliability_limiter_${name}{`) && line.includes(key) && line.includes(more))
        return Number(found?.split(" ").at(-1))
      }
      expect(of("limit")).toBe(10)
      expect(of("pace")).toBeLessThanOrEqual(10)
      expect(of("in_flight")).toBe(0)
      expect(of("waiting")).toBe(0)
      expect(of("waits_total")).toBe(1)
      expect(of("wait_time_seconds_total")).toBeCloseTo(1, 1)
      expect(of("refusals_total", "concurrency")).toBe(1)
      expect(of("refusals_total", "server")).toBe(1)
    })
  )
})

describe("limit headers", () => {
  const now = Date.parse("2026-01-01T00:00:00Z")

  it.each([
    [
      "Fireworks'",
      Dialect.fireworks,
      {
        "x-ratelimit-limit-requests": "6000",
        "x-ratelimit-remaining-requests": "5999",
        "x-ratelimit-limit-tokens-prompt": "3600000",
        "x-ratelimit-remaining-tokens-prompt": "3500000",
        "x-ratelimit-limit-tokens-cache-adjusted-prompt": "900000",
        "x-ratelimit-remaining-tokens-cache-adjusted-prompt": "100000",
        "x-ratelimit-limit-tokens-generated": "36000",
        "x-ratelimit-remaining-tokens-generated": "0"
      },
      [
        { resource: "requests", perMinute: 6000, remaining: 5999, resetAfter: undefined },
        { resource: "input", perMinute: 900_000, remaining: 100_000, resetAfter: undefined },
        { resource: "output", perMinute: 36_000, remaining: 0, resetAfter: undefined }
      ]
    ],
    [
      "OpenAI's",
      Dialect.openai,
      {
        "x-ratelimit-limit-requests": "60",
        "x-ratelimit-remaining-requests": "59",
        "x-ratelimit-reset-requests": "1s",
        "x-ratelimit-limit-tokens": "150000",
        "x-ratelimit-remaining-tokens": "149984",
        "x-ratelimit-reset-tokens": "6m0s"
      },
      [
        { resource: "requests", perMinute: 60, remaining: 59, resetAfter: 1000 },
        { resource: "input", perMinute: 150_000, remaining: 149_984, resetAfter: 360_000 }
      ]
    ],
    [
      "Anthropic's",
      Dialect.anthropic,
      {
        "anthropic-ratelimit-requests-limit": "50",
        "anthropic-ratelimit-requests-remaining": "49",
        "anthropic-ratelimit-requests-reset": "2026-01-01T00:00:30Z",
        "anthropic-ratelimit-input-tokens-limit": "40000",
        "anthropic-ratelimit-output-tokens-limit": "8000",
        "anthropic-ratelimit-output-tokens-reset": "2025-12-31T23:59:59Z"
      },
      [
        { resource: "requests", perMinute: 50, remaining: 49, resetAfter: 30_000 },
        { resource: "input", perMinute: 40_000, remaining: undefined, resetAfter: undefined },
        { resource: "output", perMinute: 8000, remaining: undefined, resetAfter: 0 }
      ]
    ],
    [
      "the IETF's",
      Dialect.generic,
      {
        "ratelimit-policy": '"burst";q=100;w=60, "daily";q=1000;w=86400',
        ratelimit: '"burst";r=50;t=30, "daily";r=900'
      },
      [{ resource: "requests", perMinute: 100, remaining: 50, resetAfter: 30_000 }]
    ],
    [
      "the IETF's older",
      Dialect.generic,
      { "ratelimit-limit": "10, 10;w=1, 50;w=60", "ratelimit-remaining": "9", "ratelimit-reset": "1" },
      [{ resource: "requests", perMinute: 10, remaining: 9, resetAfter: 1000 }]
    ],
    [
      "the IETF's seventh",
      Dialect.generic,
      { ratelimit: "limit=100, remaining=50, reset=5" },
      [{ resource: "requests", perMinute: 100, remaining: 50, resetAfter: 5000 }]
    ]
  ] as const)("reads %s form", (_, dialect, headers, expected) => {
    expect(Dialect.limits(dialect, headers, now)).toEqual(expected)
  })

  it("reads amounts in the unit of the dialect", () => {
    const hourly = Dialect.make({ name: "hourly", entries: [], limitsPer: "hour" })
    expect(Dialect.limits(hourly, { "x-ratelimit-limit-requests": "6000" }, now)).toMatchObject([{ perMinute: 100 }])
    // @ts-expect-error an invalid unit
    expect(() => Dialect.make({ name: "x", entries: [], limitsPer: "week" })).toThrow(/limitsPer is "week"/)
  })

  it("returns bounded and finite numbers, whatever a server sends", () => {
    const names = [
      "x-ratelimit-limit-requests",
      "x-ratelimit-remaining-requests",
      "x-ratelimit-reset-requests",
      "x-ratelimit-limit-tokens",
      "x-ratelimit-limit-tokens-prompt",
      "x-ratelimit-limit-tokens-cache-adjusted-prompt",
      "anthropic-ratelimit-requests-limit",
      "anthropic-ratelimit-requests-remaining",
      "anthropic-ratelimit-requests-reset",
      "ratelimit",
      "ratelimit-policy",
      "ratelimit-limit",
      "ratelimit-remaining",
      "ratelimit-reset"
    ]
    const value = fc.oneof(
      fc.string(),
      fc.constantFrom(
        "0",
        "-1",
        "1e400",
        "NaN",
        "Infinity",
        "9".repeat(400),
        "1;w=0",
        "6m0s",
        ";;;===,,,",
        "1h".repeat(50)
      ),
      fc.double().map(String),
      fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
      fc.tuple(fc.string(), fc.nat(), fc.nat()).map(([name, q, w]) => `"${name}";q=${q};w=${w};r=${q};t=${w}`)
    )
    const headers = fc.dictionary(fc.constantFrom(...names), value)
    fc.assert(
      fc.property(
        headers,
        fc.constantFrom(Dialect.generic, Dialect.openai, Dialect.anthropic, Dialect.fireworks),
        (headers, dialect) => {
          for (const { perMinute, remaining = 0, resetAfter = 0 } of Dialect.limits(dialect, headers, now)) {
            expect(perMinute > 0 && perMinute <= 1e12).toBe(true)
            expect(remaining >= 0 && Number.isFinite(remaining)).toBe(true)
            expect(resetAfter >= 0 && resetAfter <= 86_400_000).toBe(true)
          }
        }
      ),
      { numRuns: 3000 }
    )
  })

  it.effect("uses the reset of a used-up limit if a refusal has no hint", () =>
    Effect.gen(function* () {
      const limiter = yield* RateLimiter.make()
      const headers = {
        "x-ratelimit-limit-requests": "60",
        "x-ratelimit-remaining-requests": "0",
        "x-ratelimit-reset-requests": "40s"
      }
      const server = yield* ScriptedClient.make(() => json({}, headers, 429))
      const client = ReliableHttpClient.make(server, {
        workload: Workload.with(workload, { retry: Retry.make({ attempts: 1 }) }),
        limiter
      })
      for (let i = 0; i < 2; i++) {
        const fiber = yield* Effect.fork(Effect.ignore(client.get("https://api.example.com/")))
        yield* TestClock.adjust("5 seconds")
        yield* Fiber.join(fiber)
      }
      expect(only(limiter).pausedFor).toBeGreaterThan(30_000)
    })
  )
})

describe("the usage of tokens", () => {
  it.each([
    [{ usage: { prompt_tokens: 1, completion_tokens: 2 } }, { input: 1, output: 2 }],
    [{ usage: { input_tokens: 1, output_tokens: 2 } }, { input: 1, output: 2 }],
    [{ message: { usage: { input_tokens: 5 } } }, { input: 5 }],
    [{ response: { usage: { input_tokens: 5, output_tokens: 7 } } }, { input: 5, output: 7 }],
    [{ usage: { prompt_tokens: -1, completion_tokens: Number.NaN } }, undefined],
    [{ usage: { prompt_tokens: "12", completion_tokens: 1e12 } }, undefined],
    [{ usage: null }, undefined],
    [null, undefined],
    ["usage", undefined]
  ])("reads %j as %j", (value, expected) => {
    expect(usageOf(value)).toEqual(expected)
  })

  it("reads the usage of an event, and ignores data that is not JSON", () => {
    expect(usageWithin('{"usage":{"output_tokens":3}}')).toEqual({ output: 3 })
    expect(usageWithin('{"usage":')).toBeUndefined()
    expect(usageWithin("{}")).toBeUndefined()
  })
})
