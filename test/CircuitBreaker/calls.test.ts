import { HttpClient, HttpClientRequest } from "@effect/platform"
import { describe, it } from "@effect/vitest"
import {
  Cause,
  Chunk,
  Deferred,
  Duration,
  Effect,
  Exit,
  Fiber,
  Layer,
  Logger,
  Metric,
  Predicate,
  Random,
  Redacted,
  Schedule,
  Stream,
  TestClock
} from "effect"
import {
  Accounting,
  ApiError,
  CircuitBreaker,
  RateLimiter,
  Reliability,
  ReliableHttpClient,
  Retry,
  RetryBudget,
  Store,
  Telemetry,
  Workload
} from "effect-reliability"
import { Fireworks } from "effect-reliability/fireworks"
import * as EventStream from "effect-reliability/stream"
import { Fault, ScriptedClient } from "effect-reliability/testing"
import { expect } from "vitest"

const only = (breaker: CircuitBreaker.CircuitBreaker) => {
  const [known, ...others] = CircuitBreaker.describe(breaker)
  if (known === undefined || others.length > 0) throw new Error(`${others.length} keys`)
  return known
}

const settle = Effect.repeatN(Effect.yieldNow(), 20)

const unavailable = new ApiError.Transient({ reason: "Unavailable", delivery: "Acknowledged", status: 503 })
const refused = new ApiError.RateLimit({ reason: "RateExceeded", delivery: "Acknowledged", status: 429 })

const workload = Workload.with(Workload.interactive, {
  retry: Retry.make({ attempts: 5, base: "1 second", factor: 1, jitter: "none" }),
  deadline: "1 minute",
  timeouts: { attempt: "10 seconds" }
})

const made = (options: CircuitBreaker.Options = {}) =>
  CircuitBreaker.make({ tripPolicy: CircuitBreaker.consecutive(2), openDuration: "10 seconds", ...options })

/** An effect that fails until a moment, and counts its runs. */
const server = (upAt: number, error: ApiError.ApiError = unavailable) => {
  const server = { attempts: 0, call: Effect.void as Effect.Effect<void, ApiError.ApiError> }
  server.call = Effect.flatMap(TestClock.currentTimeMillis, (now) => {
    server.attempts++
    return now >= upAt ? Effect.void : Effect.fail(error)
  })
  return server
}

describe("a policy with a breaker", () => {
  it.effect("holds attempts back while the circuit is open, without spending attempts", () =>
    Effect.gen(function* () {
      const breaker = yield* made()
      const policy = Reliability.make({ workload, breaker })
      const outage = server(35_000)
      const fiber = yield* Effect.fork(
        Reliability.protect(outage.call, policy).pipe(Effect.zipRight(TestClock.currentTimeMillis))
      )
      yield* TestClock.adjust("1 minute").pipe(Effect.withRandom(Random.fixed([0])))
      // attempts at 0 s and 1 s open the circuit; probes follow at 11, 21 and 31 s, then the schedule has no attempt left
      expect(outage.attempts).toBe(5)
      expect(yield* Effect.flip(Fiber.join(fiber))).toMatchObject({ reason: "Unavailable", stopped: "Attempts" })
      expect(only(breaker)).toMatchObject({ key: "default", admitted: 5, state: "Open" })
    }).pipe(Effect.withRandom(Random.fixed([0])))
  )

  it.effect("lets other calls wait for the probe, and releases them once it succeeds", () =>
    Effect.gen(function* () {
      const breaker = yield* made()
      const budget = yield* RetryBudget.make()
      const policy = Reliability.make({ workload, breaker, budget })
      const outage = server(15_000)
      const fibers = yield* Effect.forkAll(Effect.replicate(Reliability.protect(outage.call, policy), 2))
      yield* TestClock.adjust("1 second")
      expect(yield* breaker.state("default")).toMatchObject({ _tag: "Open", consecutiveOpenings: 1 })
      const others = yield* Effect.forkAll(Effect.replicate(Reliability.protect(outage.call, policy), 100))
      yield* TestClock.adjust("40 seconds")
      expect(Exit.isSuccess(yield* Fiber.await(fibers))).toBe(true)
      expect(Exit.isSuccess(yield* Fiber.await(others))).toBe(true)
      // 2 failures, 1 probe that fails, 102 successes
      expect(outage.attempts).toBe(105)
      expect(yield* budget.suppressed).toBe(0)
      expect(yield* breaker.state("default")).toEqual({ _tag: "Closed", key: "default" })
    })
  )

  it.effect("reports each wait for the breaker to onRetry and to observers", () =>
    Effect.gen(function* () {
      const breaker = yield* made()
      const seen: Array<readonly [number, string, string, number]> = []
      const policy = Reliability.make({
        workload,
        breaker,
        about: { host: "waits.example.com" },
        onRetry: ({ error, step }) =>
          Effect.sync(() => seen.push([step.attempt, step.why, error.reason, Duration.toMillis(step.delay)]))
      })
      const outage = server(15_000)
      const call = Reliability.protect(outage.call, policy)
      const fiber = yield* Effect.fork(Effect.provide(call, Telemetry.layer()))
      yield* TestClock.adjust("1 second")
      // this call has made no attempt when it begins to wait
      const other = yield* Effect.fork(call)
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(fiber)
      yield* Fiber.join(other)
      expect(seen.slice(0, 4)).toEqual([
        [1, "Backoff", "Unavailable", 1000],
        [2, "Backoff", "Unavailable", 1000],
        [0, "CircuitOpen", "CircuitOpen", 10_000],
        [2, "CircuitOpen", "CircuitOpen", 9000]
      ])
      const waits = (yield* Metric.snapshot).filter(({ metricKey: { name } }) => name === "reliability.waits")
      const labels = waits.map(({ metricKey: { tags } }) => tags.map(({ value }) => value))
      expect(labels.filter((values) => values.includes("waits.example.com"))).toContainEqual(
        expect.arrayContaining(["CircuitOpen"])
      )
    }).pipe(Effect.withRandom(Random.fixed([0])))
  )

  it.effect("fails with CircuitOpen, settled, as soon as the wait would end after the deadline", () =>
    Effect.gen(function* () {
      const breaker = yield* made({ openDuration: "2 minutes" })
      const accounting = yield* Accounting.make()
      const policy = Reliability.make({
        workload,
        breaker: { breaker, key: "api.example.com" },
        record: accounting.record
      })
      const outage = server(Infinity)
      const open = outage.call.pipe(CircuitBreaker.withBreaker(breaker, { key: "api.example.com" }), Effect.ignore)
      yield* Effect.zipRight(open, open)
      const error = yield* Effect.flip(Reliability.protect(outage.call, policy))
      expect(error).toMatchObject({
        _tag: "Transient",
        reason: "CircuitOpen",
        code: "open",
        delivery: "NotSent",
        stopped: "Deadline",
        attempts: 1,
        retryAfter: Duration.minutes(2),
        nextWait: Duration.minutes(2)
      })
      expect(error.message).toBe(
        "CircuitOpen: the circuit breaker of this process refuses calls to a server that failed (open): the key is api.example.com; " +
          "the next probe is in 2m. Nothing was sent. Wait until the breaker probes the server again, or call another server. " +
          "Not retried: the next wait (2m) would end after the deadline (1m left)."
      )
      expect(outage.attempts).toBe(2)
      const { rows } = yield* accounting.snapshot
      // a call, and no attempt that a server could have counted
      expect(rows.map(({ count, of, reason }) => ({ count, of, reason }))).toEqual([
        { count: 1, of: "call", reason: "CircuitOpen" }
      ])
    })
  )

  it.effect("waits again and again until the deadline, and names the failure before", () =>
    Effect.gen(function* () {
      const breaker = yield* made({ tripPolicy: CircuitBreaker.consecutive(1), openDuration: "25 seconds" })
      const policy = Reliability.make({ workload, breaker })
      const outage = server(Infinity)
      const fiber = yield* Effect.fork(Effect.flip(Reliability.protect(outage.call, policy)))
      yield* TestClock.adjust("1 minute")
      const error = yield* Fiber.join(fiber)
      expect(error).toMatchObject({ reason: "CircuitOpen", stopped: "Deadline", attempts: 3 })
      if (!ApiError.isApiError(error)) throw new Error("foreign")
      expect(error.message).toContain("the attempt before failed with Unavailable (HTTP 503)")
      expect(outage.attempts).toBe(3)
    }).pipe(Effect.withRandom(Random.fixed([0])))
  )

  it.effect("admits attempts of calls that apply their own timeout", () =>
    Effect.gen(function* () {
      const breaker = yield* made()
      const outage = server(5000)
      const fiber = yield* Effect.fork(Reliability.leaf(Reliability.make({ workload, breaker }), () => outage.call))
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(fiber)
      expect(outage.attempts).toBe(3)
      expect(only(breaker)).toMatchObject({ state: "Closed", admitted: 3, failures: 0, probing: false })
    })
  )

  it.effect("does not let a success of a call that began before the outage close the circuit", () =>
    Effect.gen(function* () {
      const breaker = yield* made({ openDuration: "5 seconds" })
      const policy = Reliability.make({ workload, breaker })
      const gate = yield* Deferred.make<void>()
      const early = yield* Effect.fork(Reliability.protect(Deferred.await(gate), policy))
      yield* settle
      const failing = yield* Effect.fork(Reliability.protect(Effect.fail(unavailable), policy))
      yield* TestClock.adjust("2 seconds")
      expect(yield* breaker.state("default")).toMatchObject({ _tag: "Open" })
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.join(early)
      expect(yield* breaker.state("default")).toMatchObject({ _tag: "Open" })
      yield* Fiber.interrupt(failing)
    })
  )

  it.effect("does not let a success of a call that began before the failures hide them", () =>
    Effect.gen(function* () {
      const breaker = yield* made()
      const withKey = CircuitBreaker.withBreaker(breaker, { key: "a" })
      const gate = yield* Deferred.make<void>()
      const early = yield* Effect.fork(withKey(Deferred.await(gate)))
      yield* settle
      yield* Effect.ignore(withKey(Effect.fail(unavailable)))
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.join(early)
      yield* Effect.ignore(withKey(Effect.fail(unavailable)))
      expect(yield* breaker.state("a")).toMatchObject({ _tag: "Open" })
    })
  )

  it.effect("ignores an interruption, also that of a probe and of a call that waits", () =>
    Effect.gen(function* () {
      const breaker = yield* made({ tripPolicy: CircuitBreaker.consecutive(1) })
      const policy = Reliability.make({ workload, breaker })
      const hanging = Reliability.protect(Effect.never, policy)
      const first = yield* Effect.fork(hanging)
      yield* settle
      yield* Fiber.interrupt(first)
      expect(yield* breaker.state("default")).toMatchObject({ _tag: "Closed" })
      const failing = yield* Effect.fork(Reliability.protect(Effect.fail(unavailable), policy))
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.interrupt(failing)
      expect(yield* breaker.state("default")).toMatchObject({ _tag: "Open" })
      yield* TestClock.adjust("20 seconds")
      const probe = yield* Effect.fork(hanging)
      yield* settle
      expect(yield* breaker.state("default")).toMatchObject({ _tag: "HalfOpen", probing: true })
      yield* Fiber.interrupt(probe)
      expect(yield* breaker.state("default")).toMatchObject({ _tag: "HalfOpen", probing: false })
      yield* Reliability.protect(Effect.void, policy)
      expect(yield* breaker.state("default")).toMatchObject({ _tag: "Closed" })
    })
  )

  it.effect("asks the breaker before the limiter, and again after the queue", () =>
    Effect.gen(function* () {
      const breaker = yield* made({ tripPolicy: CircuitBreaker.consecutive(1), openDuration: "5 seconds" })
      const limiter = yield* RateLimiter.make({ concurrency: 1 })
      const policy = Reliability.make({ workload, breaker, limiter })
      const outage = server(8000)
      const slow = Effect.zipRight(Effect.sleep("1 second"), outage.call)
      const fibers = yield* Effect.forkAll(Effect.replicate(Reliability.protect(slow, policy), 5))
      yield* TestClock.adjust("1500 millis")
      // the first failed, and the others, which waited in the queue, were not sent
      expect(outage.attempts).toBe(1)
      expect(RateLimiter.describe(limiter)[0]).toMatchObject({ inFlight: 0, waiting: 0 })
      yield* TestClock.adjust("50 seconds")
      yield* Fiber.join(fibers)
      expect(RateLimiter.describe(limiter)[0]).toMatchObject({ inFlight: 0, waiting: 0 })
    })
  )

  it.effect("loses no call of an outage of 10 seconds, sends few attempts, and recovers within 3 seconds", () =>
    Effect.gen(function* () {
      const policy = Reliability.make({ workload: Workload.interactive, breaker: yield* CircuitBreaker.make() })
      const ends: Array<number> = []
      let failed = 0
      const attempt = Effect.flatMap(TestClock.currentTimeMillis, (now) => {
        if (now >= 1000 && now < 11_000)
          return Effect.sync(() => failed++).pipe(Effect.zipRight(Effect.fail(unavailable)))
        return Effect.sync(() => void ends.push(now))
      })
      const fibers: Array<Fiber.RuntimeFiber<void, ApiError.ApiError>> = []
      for (let i = 0; i < 120; i++) {
        fibers.push(yield* Effect.fork(Effect.delay(Reliability.protect(attempt, policy), i * 100)))
      }
      yield* TestClock.adjust("30 seconds")
      expect(Exit.isSuccess(yield* Fiber.await(Fiber.all(fibers)))).toBe(true)
      // 120 calls, 100 of them in the outage
      expect(ends).toHaveLength(120)
      expect(failed / 100).toBeLessThanOrEqual(0.3)
      expect(Math.min(...ends.filter((end) => end >= 11_000))).toBeLessThanOrEqual(14_000)
    })
  )

  it.effect("works with a schedule of the user, which is not asked about an open circuit", () =>
    Effect.gen(function* () {
      const breaker = yield* made({ tripPolicy: CircuitBreaker.consecutive(1), openDuration: "5 seconds" })
      const inputs: Array<string> = []
      const retry = Schedule.recurs(3).pipe(
        Schedule.tapInput((error) => Effect.sync(() => inputs.push(ApiError.isApiError(error) ? error.reason : "?")))
      ) as unknown as Workload.Workload["retry"]
      const policy = Reliability.make({ workload: { ...workload, retry }, breaker })
      const outage = server(12_000)
      const fiber = yield* Effect.fork(Reliability.protect(outage.call, policy))
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(fiber)
      expect(inputs).toEqual(["Unavailable", "Unavailable", "Unavailable"])
    }).pipe(Effect.withRandom(Random.fixed([0])))
  )

  it.effect("describes the breaker", () =>
    Effect.gen(function* () {
      const breaker = yield* made()
      expect(Reliability.describe(Reliability.make({ workload, breaker })).breaker).toBe(
        "opens after 2 failures in a row, for 10s"
      )
      const other = yield* CircuitBreaker.make({ tripPolicy: CircuitBreaker.rate({ size: 20 }) })
      expect(Reliability.describe(Reliability.make({ workload, breaker: { breaker: other, key: "a" } })).breaker).toBe(
        "opens at 50% failures of the last 20 calls, of at least 20, for 1s × 1.25 up to 30s"
      )
    })
  )
})

describe("withBreaker", () => {
  it.effect("waits for the breaker inside protect without spending attempts", () =>
    Effect.gen(function* () {
      const breaker = yield* made({ tripPolicy: CircuitBreaker.consecutive(1) })
      const outage = server(Infinity)
      const whys: Array<string> = []
      const policy = Reliability.make({ workload, onRetry: ({ step }) => Effect.sync(() => whys.push(step.why)) })
      const fiber = yield* Effect.fork(
        outage.call.pipe(CircuitBreaker.withBreaker(breaker, { key: "a" }), Reliability.protect(policy), Effect.flip)
      )
      yield* TestClock.adjust("1 minute")
      expect(yield* Fiber.join(fiber)).toMatchObject({ stopped: "Attempts", reason: "Unavailable" })
      expect(outage.attempts).toBe(5)
      expect(whys.filter((why) => why === "CircuitOpen")).toHaveLength(4)
      expect(whys.filter((why) => why === "Backoff")).toHaveLength(4)
    })
  )

  it.effect("fails at once if the circuit is open and the policy does not wait", () =>
    Effect.gen(function* () {
      const breaker = yield* made({ tripPolicy: CircuitBreaker.consecutive(1) })
      const outage = server(Infinity)
      const policy = Reliability.make({ workload, breaker: { breaker, key: "a", whenOpen: "fail" } })
      const fiber = yield* Effect.fork(Effect.flip(Reliability.protect(outage.call, policy)))
      yield* TestClock.adjust("1 second")
      expect(yield* Fiber.join(fiber)).toMatchObject({
        reason: "CircuitOpen",
        stopped: "CircuitOpen",
        delivery: "NotSent"
      })
      expect(outage.attempts).toBe(1)
      expect(() => Reliability.make({ workload, breaker: { breaker, whenOpen: "never" as "fail" } })).toThrow(
        /breaker.whenOpen/
      )
    })
  )

  it.effect("retries a refusal without a deadline like any transient error", () =>
    Effect.gen(function* () {
      const breaker = yield* made({ tripPolicy: CircuitBreaker.consecutive(1), openDuration: "100 seconds" })
      const outage = server(Infinity)
      const fiber = yield* Effect.fork(
        outage.call.pipe(
          CircuitBreaker.withBreaker(breaker, { key: "a" }),
          Retry.retry(Retry.make({ attempts: 3, jitter: "none" })),
          Effect.flip
        )
      )
      yield* TestClock.adjust("5 minutes")
      expect(yield* Fiber.join(fiber)).toMatchObject({ stopped: "Attempts", attempts: 3 })
      expect(outage.attempts).toBe(2)
    })
  )

  it.effect("counts a slow success as a failure only if asked", () =>
    Effect.gen(function* () {
      const tripPolicy = CircuitBreaker.consecutive(1)
      const patient = yield* made({ tripPolicy })
      const strict = yield* made({ tripPolicy, slow: { threshold: "1 second" } })
      const run = Effect.fn(function* (breaker: CircuitBreaker.CircuitBreaker, millis: number) {
        const fiber = yield* Effect.fork(CircuitBreaker.withBreaker(Effect.sleep(millis), breaker, { key: "a" }))
        yield* TestClock.adjust(millis)
        yield* Fiber.join(fiber)
        return (yield* breaker.state("a"))._tag
      })
      expect(yield* run(patient, 60_000)).toBe("Closed")
      expect(yield* run(strict, 999)).toBe("Closed")
      expect(yield* run(strict, 1000)).toBe("Open")
    })
  )

  it.effect("lengthens the open time by the server hint, up to the longest open time", () =>
    Effect.gen(function* () {
      const breaker = yield* made({ tripPolicy: CircuitBreaker.consecutive(1), maxOpenDuration: "1 minute" })
      const open = (key: string, retryAfter: Duration.DurationInput) => {
        const hint = Duration.decode(retryAfter)
        const error = new ApiError.Transient({ reason: "Unavailable", delivery: "Acknowledged", retryAfter: hint })
        return Effect.fail(error).pipe(
          CircuitBreaker.withBreaker(breaker, { key }),
          Effect.ignore,
          Effect.zipRight(breaker.state(key))
        )
      }
      expect(yield* open("a", "20 seconds")).toMatchObject({ retryAfter: Duration.seconds(20) })
      expect(yield* open("b", "1 second")).toMatchObject({ retryAfter: Duration.seconds(10) })
      expect(yield* open("c", "1 hour")).toMatchObject({ retryAfter: Duration.minutes(1) })
    })
  )

  it.effect("lets a function of the user decide the outcome of an error", () =>
    Effect.gen(function* () {
      const breaker = yield* made({
        tripPolicy: CircuitBreaker.consecutive(1),
        classify: (error) =>
          error.reason === "RateExceeded" ? CircuitBreaker.failure() : CircuitBreaker.outcome(error)
      })
      const run = (error: ApiError.ApiError) =>
        Effect.ignore(CircuitBreaker.withBreaker(Effect.fail(error), breaker, { key: "a" }))
      yield* run(new ApiError.Fatal({ reason: "BadRequest", delivery: "Acknowledged", status: 400 }))
      expect(yield* breaker.state("a")).toMatchObject({ _tag: "Closed" })
      yield* run(refused)
      expect(yield* breaker.state("a")).toMatchObject({ _tag: "Open" })
    })
  )

  it.effect("ignores an error for which the function of the user throws", () =>
    Effect.gen(function* () {
      const breaker = yield* made({
        tripPolicy: CircuitBreaker.consecutive(1),
        classify: () => {
          throw new Error("classify")
        }
      })
      const error = yield* Effect.flip(CircuitBreaker.withBreaker(Effect.fail(unavailable), breaker, { key: "a" }))
      expect(error).toBe(unavailable)
      expect(yield* breaker.state("a")).toMatchObject({ _tag: "Closed" })
    })
  )

  it.effect("ignores an exit for which `classify` of the call dies, and dies", () =>
    Effect.gen(function* () {
      const breaker = yield* made({ tripPolicy: CircuitBreaker.consecutive(1) })
      const exit = yield* Effect.exit(
        CircuitBreaker.withBreaker(Effect.fail("own"), breaker, { key: "a", classify: () => Effect.die("classify") })
      )
      expect(Exit.isFailure(exit) && Chunk.toArray(Cause.defects(exit.cause))).toEqual(["classify"])
      expect(Exit.isFailure(exit) && Chunk.toArray(Cause.failures(exit.cause))).toEqual(["own"])
      expect(yield* breaker.state("a")).toMatchObject({ _tag: "Closed" })
    })
  )

  const deaf = new ApiError.Transient({ reason: "Timeout", delivery: "Unconfirmed", phase: "read" })
  const outcomes: ReadonlyArray<readonly [string, CircuitBreaker.Outcome["_tag"], unknown]> = [
    ["503", "Failure", unavailable],
    ["429", "Ignored", refused],
    ["a timeout of the server", "Failure", deaf],
    ["a timeout of the pool", "Ignored", new ApiError.Transient({ ...deaf, phase: "pool" })],
    ["a timeout by the deadline", "Ignored", new ApiError.Transient({ ...deaf, phase: "deadline" })],
    ["a refused connection", "Failure", new ApiError.Transient({ reason: "Connect", delivery: "NotSent" })],
    ["a name lookup", "Ignored", new ApiError.Transient({ reason: "NameLookup", delivery: "NotSent" })],
    ["a scaling deployment", "Ignored", new ApiError.Transient({ reason: "ScalingUp", delivery: "Acknowledged" })],
    ["a swap of weights", "Ignored", new ApiError.Transient({ reason: "WeightSwap", delivery: "Acknowledged" })],
    ["a mistake of the caller", "Ignored", new ApiError.Fatal({ reason: "BadRequest", delivery: "Acknowledged" })],
    ["a local refusal", "Ignored", new ApiError.RateLimit({ reason: "LocallyLimited", delivery: "NotSent" })],
    ["an open circuit", "Ignored", new ApiError.Transient({ reason: "CircuitOpen", delivery: "NotSent" })],
    [
      "a closed idle connection",
      "Ignored",
      new ApiError.Transient({ reason: "ConnectionLost", delivery: "Unconfirmed", reusedSocket: true })
    ],
    ["an unknown error", "Failure", new Error("unknown")],
    ["a text", "Failure", "unknown"],
    ["an aborted fetch", "Ignored", new DOMException("aborted", "AbortError")]
  ]

  it.effect.each(outcomes)("counts %s as %s", ([, outcome, error]) =>
    Effect.gen(function* () {
      const breaker = yield* made({ tripPolicy: CircuitBreaker.consecutive(1) })
      yield* Effect.ignore(CircuitBreaker.withBreaker(Effect.fail(error), breaker, { key: "a" }))
      expect((yield* breaker.state("a"))._tag).toBe(outcome === "Failure" ? "Open" : "Closed")
    })
  )

  it.effect("does not count towards a rate limiter around it", () =>
    Effect.gen(function* () {
      const breaker = yield* made({ tripPolicy: CircuitBreaker.consecutive(1), openDuration: "1 hour" })
      const limiter = yield* RateLimiter.make()
      const call = CircuitBreaker.withBreaker(Effect.fail(unavailable), breaker, { key: "a" })
      yield* Effect.ignore(call)
      const limited = Effect.ignore(RateLimiter.limit(call, limiter, { key: "a" }))
      const fiber = yield* Effect.fork(Effect.replicateEffect(limited, 20))
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(fiber)
      expect(RateLimiter.describe(limiter)[0]).toMatchObject({ pausedFor: 0, admitted: 20, serverRefusals: 0 })
      expect(only(breaker)).toMatchObject({ admitted: 1, refused: 20 })
    })
  )

  it.effect("emits each transition once", () =>
    Effect.gen(function* () {
      const breaker = yield* made({ tripPolicy: CircuitBreaker.consecutive(1) })
      const seen = yield* Effect.fork(Stream.runCollect(Stream.take(breaker.transitions, 3)))
      yield* settle
      const withKey = CircuitBreaker.withBreaker(breaker, { key: "a" })
      yield* Effect.ignore(withKey(Effect.fail(unavailable)))
      yield* Effect.ignore(withKey(Effect.fail(unavailable)))
      yield* TestClock.adjust("10 seconds")
      yield* withKey(Effect.void)
      expect(Chunk.toArray(yield* Fiber.join(seen))).toEqual([
        { key: "a", from: "Closed", to: "Open", retryAfter: Duration.seconds(10), consecutiveOpenings: 1 },
        { key: "a", from: "Open", to: "HalfOpen" },
        { key: "a", from: "HalfOpen", to: "Closed" }
      ])
    })
  )

  it.effect("removes a key that is not used", () =>
    Effect.gen(function* () {
      const breaker = yield* made({ idleTimeToLive: "10 seconds", tripPolicy: CircuitBreaker.consecutive(2) })
      const withKey = CircuitBreaker.withBreaker(breaker, { key: "a" })
      yield* Effect.ignore(withKey(Effect.fail(unavailable)))
      yield* TestClock.adjust("10 seconds")
      yield* Effect.ignore(withKey(Effect.fail(unavailable)))
      expect(yield* breaker.state("a")).toMatchObject({ _tag: "Closed" })
      yield* TestClock.adjust("10 seconds")
      yield* CircuitBreaker.withBreaker(Effect.void, breaker, { key: "b" })
      expect(CircuitBreaker.describe(breaker).map(({ key }) => key)).toEqual(["b"])
    })
  )

  it("rejects invalid options", () => {
    expect(() => CircuitBreaker.make({ openDuration: "nonsense" as "1 second" })).toThrow(RangeError)
    expect(() => CircuitBreaker.make({ idleTimeToLive: 1 })).toThrow(/at least 1000 ms/)
    expect(() => CircuitBreaker.make({ slow: { threshold: 0 } })).toThrow(/slow.threshold/)
    expect(() => CircuitBreaker.make({ tripPolicy: { _tag: "Consecutive", failures: 0 } })).toThrow(RangeError)
    expect(() => CircuitBreaker.make({ tripPolicy: {} as CircuitBreaker.TripPolicy })).toThrow(/tripPolicy is invalid/)
    expect(() => Reliability.make({ workload, breaker: {} as CircuitBreaker.CircuitBreaker })).toThrow(RangeError)
  })
})

// --- Order -----------------------------------------------------------------------------------------

describe("a policy around the retries", () => {
  const logs = () => {
    const messages: Array<string> = []
    const logger = Logger.make(({ message }) => void messages.push(String(message)))
    return { messages, layer: Logger.replace(Logger.defaultLogger, logger) }
  }

  const exhausted = Reliability.protect(
    Effect.fail(unavailable),
    Workload.with(workload, { retry: Retry.make({ attempts: 1 }) })
  )

  it.effect("warns once if it is a breaker", () =>
    Effect.gen(function* () {
      const breaker = yield* made()
      const { layer, messages } = logs()
      const wrong = exhausted.pipe(CircuitBreaker.withBreaker(breaker, { key: "a" }), Effect.ignore)
      yield* Effect.provide(Effect.zipRight(wrong, wrong), layer)
      expect(messages).toEqual([expect.stringContaining("CircuitBreaker.withBreaker is around retries")])
      expect(messages[0]).toContain("option breaker of Reliability.make")
    })
  )

  it.effect("warns once if it is a limiter", () =>
    Effect.gen(function* () {
      const limiter = yield* RateLimiter.make()
      const { layer, messages } = logs()
      const wrong = exhausted.pipe(RateLimiter.limit(limiter, { key: "a" }), Effect.ignore)
      yield* Effect.provide(Effect.zipRight(wrong, wrong), layer)
      expect(messages).toEqual([expect.stringContaining("RateLimiter.limit is around retries")])
    })
  )

  it.effect("does not warn of the order that works", () =>
    Effect.gen(function* () {
      const [breaker, limiter] = [yield* made(), yield* RateLimiter.make()]
      const { layer, messages } = logs()
      const right = Effect.fail(unavailable).pipe(
        RateLimiter.limit(limiter, { key: "a" }),
        CircuitBreaker.withBreaker(breaker, { key: "a" }),
        Retry.retry(Retry.make({ attempts: 2, base: "1 millis" })),
        Effect.ignore
      )
      const fiber = yield* Effect.fork(Effect.provide(right, layer))
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(fiber)
      expect(messages).toEqual([])
    })
  )
})

// --- Clients ---------------------------------------------------------------------------------------

describe("a client with a breaker", () => {
  const down = Fault.answer(503)
  const up = Fault.healthy
  const short = Workload.with(workload, { deadline: "5 seconds" })

  it.effect("uses one circuit for host, model and credential, and shows no credential", () =>
    Effect.gen(function* () {
      const breaker = yield* made()
      const scripted = yield* ScriptedClient.make([up, up, up])
      const client = ReliableHttpClient.make(scripted, { breaker })
      const post = (model: string, key: string) =>
        HttpClientRequest.post("https://api.example.com/v1/chat").pipe(
          HttpClientRequest.setHeader("authorization", `Bearer ${key}`),
          HttpClientRequest.bodyUnsafeJson({ model }),
          client.execute
        )
      yield* post("a", "secret-1")
      yield* post("b", "secret-1")
      yield* post("a", "secret-2")
      const keys = CircuitBreaker.describe(breaker).map(({ key }) => key)
      expect(new Set(keys).size).toBe(3)
      expect(keys.every((key) => /^api\.example\.com [ab] #\w+$/.test(key))).toBe(true)
      expect(keys.join()).not.toContain("secret")
    })
  )

  it.effect("waits for the breaker, and fails with CircuitOpen at the deadline", () =>
    Effect.gen(function* () {
      const breaker = yield* made({ openDuration: "1 minute" })
      const scripted = yield* ScriptedClient.make([down, down, up])
      const client = ReliableHttpClient.make(scripted, { breaker, workload: short })
      const fiber = yield* Effect.fork(Effect.flip(client.get("https://api.example.com/")))
      yield* TestClock.adjust("5 seconds")
      expect(yield* Fiber.join(fiber)).toMatchObject({
        reason: "CircuitOpen",
        stopped: "Deadline",
        delivery: "NotSent"
      })
      expect(only(breaker)).toMatchObject({ key: "api.example.com", admitted: 2 })
    })
  )

  it.effect("takes the breaker of its context, as do streams and Fireworks", () =>
    Effect.gen(function* () {
      const breaker = yield* made()
      const Breaker = Layer.succeed(CircuitBreaker.CircuitBreaker, breaker)
      const body = "data: one\n\ndata: [DONE]\n\n"
      const scripted = yield* ScriptedClient.make([
        Fault.answer(200, { headers: { "content-type": "text/event-stream" }, body })
      ])
      const Http = Layer.succeed(HttpClient.HttpClient, scripted)
      const Client = ReliableHttpClient.layer().pipe(Layer.provide([Http, Breaker]))
      const request = HttpClientRequest.get("https://api.example.com/events")
      yield* Effect.gen(function* () {
        const client = yield* ReliableHttpClient.ReliableHttpClient
        yield* Stream.runDrain(EventStream.open(request, { client }))
      }).pipe(Effect.provide(Client))
      expect(only(breaker)).toMatchObject({ key: "api.example.com", admitted: 1 })

      const Chat = Fireworks.layer({ apiKey: Redacted.make("fw_secret"), baseUrl: "https://fireworks.example" }).pipe(
        Layer.provide([ScriptedClient.layer(), Breaker])
      )
      yield* Effect.gen(function* () {
        const { chat, chatStream } = yield* Fireworks.Fireworks
        const asked = { model: "accounts/a/models/m", messages: [{ role: "user", content: "one" }] } as const
        yield* chat(asked)
        yield* Stream.runDrain(chatStream(asked))
      }).pipe(Effect.provide(Chat))
      const keys = CircuitBreaker.describe(breaker)
      expect(keys).toHaveLength(2)
      expect(keys[1]?.key).toMatch(/^fireworks\.example .*m #\w+$/)
      expect(keys[1]?.admitted).toBe(2)
    })
  )

  it.effect("uses the key that the user gives", () =>
    Effect.gen(function* () {
      const breaker = yield* made()
      const scripted = yield* ScriptedClient.make([up])
      const client = ReliableHttpClient.make(scripted, { breaker: { breaker, key: ({ url }) => url } })
      yield* client.get("https://api.example.com/a")
      expect(only(breaker).key).toBe("https://api.example.com/a")
    })
  )

  it.scoped("counts as no server failure in accounting and telemetry", () =>
    Effect.gen(function* () {
      const breaker = yield* made({ tripPolicy: CircuitBreaker.consecutive(1), openDuration: "1 minute" })
      const scripted = yield* ScriptedClient.make([down])
      const client = ReliableHttpClient.make(scripted, { breaker, workload: short })
      yield* Effect.ignore(Effect.forkScoped(client.get("https://api.example.com/")))
      yield* TestClock.adjust("5 seconds")
      yield* Effect.ignore(client.get("https://api.example.com/"))
      const { rows } = yield* Accounting.snapshot
      expect(rows.filter(({ of }) => of === "attempt").map(({ reason }) => reason)).toEqual(["Unavailable"])
    }).pipe(Effect.provide(Layer.merge(Accounting.layer(), Telemetry.layer())))
  )
})

// --- A store ---------------------------------------------------------------------------------------

describe("a breaker with a store", () => {
  /** A store that can be switched off. */
  const switched = Effect.gen(function* () {
    const memory = yield* Store.makeMemory
    const control = { isUp: true }
    const store: Store.Store = {
      modify: (slot, key, step) =>
        Effect.suspend(() =>
          control.isUp ? memory.modify(slot, key, step) : Effect.fail(new Store.StoreUnavailable({ detail: "off" }))
        )
    }
    return { control, store }
  })

  it.effect("shares its circuits with other breakers", () =>
    Effect.gen(function* () {
      const store = yield* Store.makeMemory
      const [one, other] = [yield* made({ store }), yield* made({ store })]
      const fail = (breaker: CircuitBreaker.CircuitBreaker) =>
        Effect.ignore(CircuitBreaker.withBreaker(Effect.fail(unavailable), breaker, { key: "a" }))
      yield* fail(one)
      yield* fail(other)
      expect(yield* one.state("a")).toMatchObject({ _tag: "Open" })
      expect(yield* Effect.flip(CircuitBreaker.withBreaker(Effect.void, one, { key: "a" }))).toMatchObject({
        reason: "CircuitOpen"
      })
      yield* TestClock.adjust("10 seconds")
      const probe = yield* Effect.fork(CircuitBreaker.withBreaker(Effect.sleep("1 minute"), one, { key: "a" }))
      // the lease of the probe is renewed while the probe runs
      yield* TestClock.adjust("30 seconds")
      expect(yield* Effect.flip(CircuitBreaker.withBreaker(Effect.void, other, { key: "a" }))).toMatchObject({
        code: "half-open"
      })
      yield* TestClock.adjust("30 seconds")
      yield* Fiber.join(probe)
      yield* CircuitBreaker.withBreaker(Effect.void, other, { key: "a" })
      expect(yield* other.state("a")).toEqual({ _tag: "Closed", key: "a" })
    })
  )

  it.effect("protects calls", () =>
    Effect.gen(function* () {
      const store = yield* Store.makeMemory
      const breaker = yield* made({ store })
      const outage = server(5000)
      const fiber = yield* Effect.fork(Reliability.protect(outage.call, Reliability.make({ workload, breaker })))
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(fiber)
      expect(outage.attempts).toBe(3)
      expect(yield* breaker.state("default")).toMatchObject({ _tag: "Closed" })
    })
  )

  it.effect("decides by the state that it saw last while the store is unavailable", () =>
    Effect.gen(function* () {
      const { control, store } = yield* switched
      const breaker = yield* made({ store })
      const messages: Array<string> = []
      const logger = Logger.replace(
        Logger.defaultLogger,
        Logger.make(({ message }) => void messages.push(String(message)))
      )
      const fail = Effect.ignore(CircuitBreaker.withBreaker(Effect.fail(unavailable), breaker, { key: "a" }))
      yield* fail
      control.isUp = false
      yield* Effect.provide(fail, logger)
      expect(yield* Effect.provide(breaker.state("a"), logger)).toMatchObject({ _tag: "Open" })
      expect(messages).toEqual([expect.stringContaining("the store of shared limits is unavailable")])
      yield* TestClock.adjust("10 seconds")
      yield* CircuitBreaker.withBreaker(Effect.void, breaker, { key: "a" })
      expect(yield* breaker.state("a")).toMatchObject({ _tag: "Closed" })
      control.isUp = true
      // the store has not seen what happened meanwhile
      expect(yield* breaker.state("a")).toMatchObject({ _tag: "Closed" })
    })
  )

  it.effect("does not change a state that its store holds", () =>
    Effect.gen(function* () {
      const memory = yield* Store.makeMemory
      const control = { isUp: true }
      const store: Store.Store = {
        // keeps each state as it is, and applies each step twice
        modify: (slot, key, step) =>
          Effect.suspend(() =>
            control.isUp
              ? memory.modify(slot, key, (stored, now) => {
                  step(stored, now)
                  const [result, next] = step(stored, now)
                  if (Predicate.hasProperty(next, "outcomes")) Object.freeze(next.outcomes)
                  return [result, Object.freeze(next)]
                })
              : Effect.fail(new Store.StoreUnavailable({ detail: "off" }))
          )
      }
      const breaker = yield* made({ store, tripPolicy: CircuitBreaker.rate({ size: 2, threshold: 1 }) })
      const fail = Effect.ignore(CircuitBreaker.withBreaker(Effect.fail(unavailable), breaker, { key: "a" }))
      yield* fail
      expect(yield* breaker.state("a")).toMatchObject({ _tag: "Closed" })
      control.isUp = false
      yield* fail
      expect(yield* breaker.state("a")).toMatchObject({ _tag: "Open" })
      control.isUp = true
      expect(yield* breaker.state("a")).toMatchObject({ _tag: "Closed" })
    })
  )

  it.effect("comes from the context of the layer", () =>
    Effect.gen(function* () {
      const store = yield* Store.makeMemory
      const Stored = CircuitBreaker.layer({ tripPolicy: CircuitBreaker.consecutive(1) }).pipe(
        Layer.provide(Layer.succeed(Store.Store, store))
      )
      const fail = Effect.flatMap(CircuitBreaker.CircuitBreaker, (breaker) =>
        Effect.ignore(CircuitBreaker.withBreaker(Effect.fail(unavailable), breaker, { key: "a" }))
      )
      yield* Effect.provide(fail, Stored)
      const other = yield* CircuitBreaker.make({ store })
      expect(yield* other.state("a")).toMatchObject({ _tag: "Open" })
    })
  )
})
