import { it } from "@effect/vitest"
import {
  Clock,
  Duration,
  Effect,
  FastCheck as fc,
  Fiber,
  Random,
  Schedule,
  ScheduleDecision,
  ScheduleIntervals,
  TestClock
} from "effect"
import { ApiError, Deadline, Reliability, Retry, RetryBudget, Workload } from "effect-reliability"
import { describe, expect } from "vitest"
import { currentCall } from "../src/internal/call/context.js"
import type { Call } from "../src/internal/call/model.js"

const transient = (props: Partial<ConstructorParameters<typeof ApiError.Transient>[0]> = {}) =>
  new ApiError.Transient({ reason: "Unavailable", delivery: "Acknowledged", status: 503, ...props })

const fixed = Effect.withRandom(Random.fixed([0.5]))

/** Returns the waits between the attempts of an effect that keeps failing, and checks its final error. */
const waitsOf = (error: unknown, schedule: Schedule.Schedule<unknown, unknown>) =>
  Effect.gen(function* () {
    const times: Array<number> = []
    const attempt = Effect.zipRight(
      Effect.flatMap(Clock.currentTimeMillis, (now) => Effect.sync(() => times.push(now))),
      Effect.fail(error)
    )
    const fiber = yield* Effect.fork(Effect.flip(Effect.retry(attempt, schedule)))
    yield* TestClock.adjust("1 hour")
    expect(yield* Fiber.join(fiber)).toBe(error)
    return times.slice(1).map((time, index) => time - (times[index] ?? 0))
  }).pipe(fixed)

describe("a schedule under a plain Effect.retry", () => {
  it.effect("makes five attempts with Retry.documented, doubling from 1 s with up to 1 s of jitter", () =>
    Effect.gen(function* () {
      expect(yield* waitsOf(transient(), Retry.documented)).toEqual([1500, 2500, 4500, 8500])
    })
  )

  it.effect("waits at least as long as the server hint with Retry.documented", () =>
    Effect.gen(function* () {
      const hinted = transient({ retryAfter: Duration.seconds(3) })
      expect(yield* waitsOf(hinted, Retry.documented)).toEqual([3500, 3500, 4500, 8500])
      const long = transient({ retryAfter: Duration.seconds(30) })
      expect(yield* waitsOf(long, Retry.documented)).toEqual([30_500, 30_500, 30_500, 30_500])
    })
  )

  it.effect("makes three retries with Retry.sdk, doubling from 0.5 s minus up to a quarter", () =>
    Effect.gen(function* () {
      expect(yield* waitsOf(transient(), Retry.sdk)).toEqual([437.5, 875, 1750])
      const hinted = transient({ retryAfter: Duration.seconds(20) })
      expect(yield* waitsOf(hinted, Retry.sdk)).toEqual([21_000, 21_000, 21_000])
    })
  )

  it.effect("stops at once on Fatal, settled and other errors", () =>
    Effect.gen(function* () {
      const fatal = new ApiError.Fatal({ reason: "BadRequest", delivery: "Acknowledged", status: 400 })
      for (const error of [fatal, transient({ attempts: 3 }), new Error("other"), "text", undefined]) {
        expect(yield* waitsOf(error, Retry.documented)).toEqual([])
      }
    })
  )

  it.effect("accepts hints up to two minutes and two NameNotFound in a row by default", () =>
    Effect.gen(function* () {
      const hinted = (millis: number) => transient({ retryAfter: Duration.millis(millis) })
      const atMost = Array(4).fill(126_000)
      expect(yield* waitsOf(hinted(120_000), Retry.make())).toEqual(atMost)
      expect(yield* waitsOf(hinted(120_001), Retry.make())).toEqual([])
      const nameless = transient({ reason: "NameNotFound", delivery: "NotSent", status: undefined })
      expect(yield* waitsOf(nameless, Retry.make())).toEqual([1500])
    })
  )

  it.effect("stops at once on ScalingUp only within a workload without patience", () =>
    Effect.gen(function* () {
      const scaling = transient({ reason: "ScalingUp" })
      const attempts = (within: <A, E>(effect: Effect.Effect<A, E>) => Effect.Effect<A, E | ApiError.ApiError>) =>
        Effect.gen(function* () {
          const fiber = yield* Effect.fork(Effect.flip(scaling.pipe(Retry.retry(Retry.documented), within)))
          yield* TestClock.adjust("1 hour")
          return (yield* Fiber.join(fiber)).attempts
        })
      expect(yield* attempts((effect) => effect)).toBe(5)
      expect(yield* attempts(Deadline.within("1 hour"))).toBe(5)
      expect(yield* attempts(Workload.within(Workload.interactive))).toBe(1)
    })
  )

  it("describes its options in Reliability.describe", () => {
    const described = (retry: Workload.Workload["retry"]) =>
      Reliability.describe(Workload.with(Workload.interactive, { retry })).retry
    expect(described(Retry.documented)).toBe("5 attempts, 1s × 2, additive jitter, hints up to 2m")
    expect(described(Retry.sdk)).toBe("4 attempts, 500ms × 2 up to 8s, subtractive jitter, hints up to 2m")
    expect(described(Retry.documented.pipe(Schedule.addDelay(() => "1 second")))).toBe("a schedule of its own")
  })

  it.effect("keeps its rules under combinators that stop it or lengthen its waits", () =>
    Effect.gen(function* () {
      const twice = Retry.documented.pipe(Schedule.intersect(Schedule.recurs(2)))
      expect(yield* waitsOf(transient(), twice)).toEqual([1500, 2500])
      const longer = Retry.documented.pipe(Schedule.addDelay(() => "1 second"))
      expect(yield* waitsOf(transient(), longer)).toEqual([2500, 3500, 5500, 9500])
      const fatal = new ApiError.Fatal({ reason: "BadRequest", delivery: "Acknowledged" })
      expect(yield* waitsOf(fatal, longer)).toEqual([])
    })
  )

  it.effect("outputs the attempt, the delay and the reason of each step", () =>
    Effect.gen(function* () {
      const steps: Array<Retry.Step> = []
      const errors = [transient(), transient({ retryAfter: Duration.seconds(9) }), transient({ attempts: 1 })]
      let attempts = 0
      const call = Effect.suspend(() => Effect.fail(errors[attempts++] ?? transient()))
      const schedule = Retry.documented.pipe(Schedule.tapOutput((step) => Effect.sync(() => steps.push(step))))
      const fiber = yield* Effect.fork(Effect.flip(Effect.retry(call, schedule)))
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(fiber)
      expect(steps).toEqual([
        { attempt: 1, delay: Duration.millis(1500), why: "Backoff" },
        { attempt: 2, delay: Duration.millis(9500), why: "Hint" },
        { attempt: 3, delay: Duration.zero, why: "Settled" }
      ])
    }).pipe(fixed)
  )

  it.effect("keeps no state between concurrent calls", () =>
    Effect.gen(function* () {
      const times: Array<string> = []
      const call = (name: string) =>
        Effect.zipRight(
          Effect.flatMap(Clock.currentTimeMillis, (now) => Effect.sync(() => times.push(`${name} ${now}`))),
          transient()
        ).pipe(Effect.retry(Retry.documented), Effect.ignore)
      const fiber = yield* Effect.fork(call("a"))
      yield* TestClock.adjust("2 seconds")
      const other = yield* Effect.fork(call("b"))
      yield* TestClock.adjust("1 minute")
      yield* Fiber.joinAll([fiber, other])
      expect(times.filter((time) => time.startsWith("a"))).toEqual(["a 0", "a 1500", "a 4000", "a 8500", "a 17000"])
      expect(times.filter((time) => time.startsWith("b"))).toEqual(["b 2000", "b 3500", "b 6000", "b 10500", "b 19000"])
    }).pipe(fixed)
  )
})

// -------------------------------------------------------------------------------------------------
// The rules, over random schedules of failures, against a naive model
// -------------------------------------------------------------------------------------------------

/** A clock that moves only when it is set. */
class ManualClock implements Clock.Clock {
  readonly [Clock.ClockTypeId]: Clock.ClockTypeId = Clock.ClockTypeId
  now = 1_700_000_000_000
  unsafeCurrentTimeMillis = () => this.now
  unsafeCurrentTimeNanos = () => BigInt(Math.round(this.now * 1e6))
  currentTimeMillis = Effect.sync(this.unsafeCurrentTimeMillis)
  currentTimeNanos = Effect.sync(this.unsafeCurrentTimeNanos)
  sleep = () => Effect.void
}

interface Situation {
  readonly options: {
    readonly attempts: number
    readonly base: number
    readonly factor: number
    readonly cap: number
    readonly jitter: Retry.Jitter
    readonly maxHint: number
    readonly nameNotFound: number
    readonly settled: "stop" | "retry"
  }
  /** Milliseconds until the deadline, and what each attempt takes of it. */
  readonly deadline: number
  readonly attemptMillis: number
  readonly idempotency: Reliability.Idempotency
  readonly patience:
    | { readonly waits: number; readonly base: number; readonly factor: number; readonly cap: number }
    | undefined
  readonly budget: number
  readonly errors: ReadonlyArray<unknown>
  readonly randoms: ReadonlyArray<number>
}

interface Decision {
  readonly why: Retry.Waiting | Retry.Stopping
  readonly delay: number
}

const millis = (max: number) => fc.integer({ min: 0, max })

const anyError: fc.Arbitrary<unknown> = fc.oneof(
  {
    weight: 30,
    arbitrary: fc
      .record({
        kind: fc.constantFrom(
          ["Transient", "Unavailable"],
          ["Transient", "ConnectionLost"],
          ["Transient", "ScalingUp"],
          ["Transient", "WeightSwap"],
          ["Transient", "NameNotFound"],
          ["Transient", "CircuitOpen"],
          ["RateLimit", "RateExceeded"],
          ["Fatal", "BadRequest"]
        ),
        delivery: fc.constantFrom("NotSent", "Unconfirmed", "Partial", "Acknowledged"),
        hint: fc.option(fc.oneof(millis(5000), millis(400_000)), { nil: undefined, freq: 2 }),
        shouldRetry: fc.option(fc.boolean(), { nil: undefined, freq: 8 }),
        executed: fc.option(fc.boolean(), { nil: undefined, freq: 6 }),
        reusedSocket: fc.option(fc.boolean(), { nil: undefined, freq: 3 }),
        attempts: fc.constantFrom(0, 0, 0, 0, 0, 0, 0, 3)
      })
      .map(({ attempts, delivery, executed, hint, kind: [tag, reason], reusedSocket, shouldRetry }) => {
        const props = {
          delivery,
          executed,
          reusedSocket,
          shouldRetry,
          attempts,
          retryAfter: hint === undefined ? undefined : Duration.millis(hint)
        } as const
        const shared = props as Omit<ConstructorParameters<typeof ApiError.Fatal>[0], "reason">
        if (tag === "Fatal") return new ApiError.Fatal({ ...shared, reason: "BadRequest" }, true)
        if (tag === "RateLimit") return new ApiError.RateLimit({ ...shared, reason: "RateExceeded" }, true)
        return new ApiError.Transient({ ...shared, reason: reason as "Unavailable" }, true)
      })
  },
  { weight: 1, arbitrary: fc.constantFrom<unknown>(new Error("other"), undefined, "text") }
)

const situation: fc.Arbitrary<Situation> = fc
  .record({
    attempts: fc.integer({ min: 1, max: 8 }),
    base: millis(3000),
    factor: fc.constantFrom(1, 1.5, 2, 10),
    over: millis(20_000),
    jitter: fc.constantFrom<Retry.Jitter>("additive", "full", "subtractive", "none"),
    maxHint: fc.constantFrom(0, 1000, 120_000),
    nameNotFound: fc.integer({ min: 1, max: 3 }),
    settled: fc.constantFrom<"stop" | "retry">("stop", "stop", "retry"),
    deadline: fc.oneof(fc.constant(Infinity), millis(60_000)),
    attemptMillis: millis(2000),
    idempotency: fc.constantFrom<Reliability.Idempotency>("safe", "keyed", "never"),
    patience: fc.option(
      fc.record({
        waits: fc.integer({ min: 1, max: 4 }),
        base: fc.constantFrom(0, 100, 5000),
        factor: fc.constantFrom(1, 1.5),
        over: millis(10_000)
      }),
      { nil: undefined }
    ),
    budget: fc.integer({ min: 1, max: 6 }),
    errors: fc.array(anyError, { minLength: 1, maxLength: 14 }),
    randoms: fc.array(fc.double({ min: 0, max: 0.999999, noNaN: true }), { minLength: 14, maxLength: 14 })
  })
  .map(({ attempts, base, factor, jitter, maxHint, nameNotFound, over, patience, settled, ...rest }) => ({
    ...rest,
    options: { attempts, base, factor, cap: base + over, jitter, maxHint, nameNotFound, settled },
    patience: patience === undefined ? undefined : { ...patience, cap: patience.base + patience.over }
  }))

/** Returns whether two sums differ only by rounding. Such cases are skipped. */
const near = (a: number, b: number) => Math.abs(a - b) < 0.01

const refusals = new Set([
  "BadRequest",
  "Unauthorized",
  "Forbidden",
  "NotFound",
  "MethodNotAllowed",
  "TooLarge",
  "Unprocessable"
])

/** A naive model of the rules, one after the other. */
const model = (s: Situation): ReadonlyArray<Decision> => {
  const decisions: Array<Decision> = []
  const { attempts, base, cap, factor, jitter, maxHint, nameNotFound, settled } = s.options
  let elapsed = 0
  let budget = s.budget
  let counted = 0
  let patient = 0
  let nameless = 0
  let reconnected = false
  for (const [index, error] of s.errors.entries()) {
    elapsed += s.attemptMillis
    const left = s.deadline - elapsed
    const u = s.randoms[index] ?? 0
    const stop = (why: Retry.Stopping) => [...decisions, { why, delay: 0 }]
    if (!ApiError.isApiError(error)) return stop("Foreign")
    if (error.attempts > 0 && settled === "stop") return stop("Settled")
    if (error.shouldRetry === false || (error.shouldRetry === undefined && error._tag === "Fatal")) return stop("Fatal")
    const refused = error.delivery === "Acknowledged" && (error.status ?? 400) >= 400 && refusals.has(error.reason)
    const ran =
      error.executed ?? !(error._tag === "RateLimit" || refused || ["ScalingUp", "WeightSwap"].includes(error.reason))
    if (s.idempotency === "never" && error.delivery !== "NotSent" && ran) return stop("Idempotency")
    nameless = error.reason === "NameNotFound" ? nameless + 1 : 0
    const hasResponse = error.delivery === "Partial" || error.delivery === "Acknowledged"
    const isClosed = error.reason === "ConnectionLost" && error.reusedSocket === true && !hasResponse
    if (isClosed && !reconnected) fc.pre(!near(left, 0))
    if (isClosed && !reconnected && left > 0) {
      reconnected = true
      decisions.push({ why: "ReusedSocket", delay: 0 })
      continue
    }
    const hint = error.retryAfter === undefined ? undefined : Duration.toMillis(error.retryAfter)
    if (error.reason === "CircuitOpen" && hint !== undefined && s.deadline !== Infinity) {
      fc.pre(!near(hint, left))
      if (hint >= left) return stop("Deadline")
      const delay = Math.min(hint + (jitter === "none" ? 0 : u * Math.max(base, hint / 10)), (hint + left) / 2)
      elapsed += delay
      decisions.push({ why: "CircuitOpen", delay })
      continue
    }
    if (hint !== undefined && hint > maxHint) return stop("HintTooLong")
    if (s.patience === undefined && error.reason === "ScalingUp" && error.shouldRetry !== true)
      return stop("PatienceEnded")
    const waitsForIt = s.patience !== undefined && (error.reason === "ScalingUp" || error.reason === "WeightSwap")
    if (waitsForIt && s.patience !== undefined) {
      if (patient === s.patience.waits) return stop("PatienceEnded")
      const backoff = Math.min(s.patience.base * s.patience.factor ** patient, s.patience.cap)
      const top = jitter === "none" ? 0 : u * Math.max(s.patience.base, (hint ?? 0) / 10)
      const delay = Math.max(backoff, hint ?? 0) + top
      fc.pre(!near(delay, left))
      if (delay >= left) return stop("Deadline")
      patient++
      elapsed += delay
      decisions.push({ why: "Patience", delay })
      continue
    }
    if (nameless >= nameNotFound && error.reason === "NameNotFound") return stop("NameNotFound")
    if (counted + 1 >= attempts) return stop("Attempts")
    const backoff = Math.min(base * factor ** counted, cap)
    const top = u * Math.max(base, (hint ?? 0) / 10)
    const curve = jitter === "full" ? u * backoff : jitter === "subtractive" ? backoff * (1 - u / 4) : backoff
    const alone = jitter === "additive" ? curve + top : curve
    const delay =
      jitter === "none" ? Math.max(curve, hint ?? 0) : hint === undefined ? alone : Math.max(curve, hint) + top
    const unhinted = jitter === "additive" ? curve + u * base : curve
    fc.pre(!near(delay, left))
    if (delay >= left) return stop("Deadline")
    if (budget < 1) return stop("Budget")
    budget--
    counted++
    elapsed += delay
    decisions.push({ why: hint !== undefined && hint > unhinted ? "Hint" : "Backoff", delay })
  }
  return decisions
}

/** Returns the decisions of the schedule, stepped by hand: no fiber sleeps. */
const actual = (s: Situation): ReadonlyArray<Decision> => {
  const clock = new ManualClock()
  const start = clock.now
  const patience =
    s.patience === undefined
      ? undefined
      : { ...s.patience, base: Duration.millis(s.patience.base), cap: Duration.millis(s.patience.cap) }
  const program = Effect.gen(function* () {
    const budget = yield* RetryBudget.make({ minPerSecond: 0, ratio: 0, max: s.budget })
    const call: Call = {
      outer: undefined,
      workload: { ...Workload.interactive, patience },
      idempotency: s.idempotency,
      budget,
      clock,
      endsAt: start + s.deadline,
      owners: 0
    }
    const schedule = Retry.make(s.options)
    const decisions: Array<Decision> = []
    let state: unknown = schedule.initial
    for (const [index, error] of s.errors.entries()) {
      clock.now += s.attemptMillis
      const stepped: readonly [unknown, Retry.Step, ScheduleDecision.ScheduleDecision] = yield* schedule
        .step(clock.now, error, state)
        .pipe(Effect.locally(currentCall, call), Effect.withRandom(Random.fixed([s.randoms[index] ?? 0])))
      const [next, step, decision] = stepped
      state = next
      expect(step.attempt).toBe(index + 1)
      decisions.push({ why: step.why, delay: Duration.toMillis(step.delay) })
      if (ScheduleDecision.isDone(decision)) break
      const wait = ScheduleIntervals.start(decision.intervals) - clock.now
      expect(wait).toBeCloseTo(Duration.toMillis(step.delay), 2)
      clock.now += Duration.toMillis(step.delay)
    }
    return decisions
  })
  return Effect.runSync(Effect.withClock(program, clock))
}

const closed = transient({ reason: "ConnectionLost", delivery: "Unconfirmed", reusedSocket: true, status: undefined })

const waiting = new Set<string>(["Backoff", "Hint", "Patience", "CircuitOpen", "ReusedSocket"])

describe("a schedule of Retry.make", () => {
  it("agrees with a naive model in every decision and delay", () => {
    fc.assert(
      fc.property(situation, (s) => {
        const [mine, theirs] = [actual(s), model(s)]
        expect(mine.map(({ why }) => why)).toEqual(theirs.map(({ why }) => why))
        for (const [index, { delay }] of mine.entries())
          expect(delay).toBeCloseTo(theirs[index]?.delay ?? Number.NaN, 3)
      }),
      { numRuns: 8000 }
    )
  })

  const check = (title: string, holds: (s: Situation, decisions: ReadonlyArray<Decision>) => void) =>
    it(title, () => {
      fc.assert(
        fc.property(situation, (s) => holds(s, actual(s))),
        { numRuns: 2000 }
      )
    })

  const errorAt = (s: Situation, index: number): ApiError.ApiError | undefined => {
    const error = s.errors[index]
    return ApiError.isApiError(error) ? error : undefined
  }

  check(
    "waits at least as long as the hint, at most the cap unless hinted, with bounded jitter (rule 1)",
    (s, decisions) => {
      for (const [index, { delay, why }] of decisions.entries()) {
        if (why !== "Backoff" && why !== "Hint") continue
        const hint = Duration.toMillis(errorAt(s, index)?.retryAfter ?? Duration.zero)
        expect(delay).toBeGreaterThanOrEqual(hint)
        expect(delay).toBeLessThanOrEqual(Math.max(s.options.cap, hint) + Math.max(s.options.base, hint / 10))
      }
    }
  )

  check("does not wait past the deadline or for a hint above maxHint (rule 2)", (s, decisions) => {
    let elapsed = 0
    for (const [index, { delay, why }] of decisions.entries()) {
      elapsed += s.attemptMillis + delay
      if (waiting.has(why)) expect(elapsed).toBeLessThan(s.deadline + 0.01)
      const hint = errorAt(s, index)?.retryAfter
      if (hint !== undefined && Duration.toMillis(hint) > s.options.maxHint)
        expect(["Backoff", "Hint", "Patience"]).not.toContain(why)
    }
  })

  check("prefers x-should-retry to the class, in both directions (rule 3)", (s, decisions) => {
    for (const [index, { why }] of decisions.entries()) {
      const error = errorAt(s, index)
      if (error?.shouldRetry === false) expect(waiting.has(why)).toBe(false)
      if (error?.shouldRetry === true) expect(why).not.toBe("Fatal")
    }
  })

  check("limits the attempts in a row that fail with NameNotFound (rule 5)", (s, decisions) => {
    let run = 0
    for (const [index, { why }] of decisions.entries()) {
      run = errorAt(s, index)?.reason === "NameNotFound" ? run + 1 : 0
      if (waiting.has(why)) expect(run).toBeLessThan(s.options.nameNotFound)
    }
  })

  check("retries a closed kept-alive connection once, at once and uncounted (rule 6)", (_, decisions) => {
    const free = decisions.filter(({ why }) => why === "ReusedSocket")
    expect(free.length).toBeLessThanOrEqual(1)
    for (const { delay } of free) expect(delay).toBe(0)
  })

  check("repeats a possibly executed call only if its idempotency allows it (rule 7)", (s, decisions) => {
    if (s.idempotency !== "never") return
    for (const [index, { why }] of decisions.entries()) {
      const error = errorAt(s, index)
      if (error !== undefined && waiting.has(why)) expect(ApiError.mayHaveExecuted(error)).toBe(false)
    }
  })

  check("spends neither attempts nor budget on patience, and exceeds neither (rule 8)", (s, decisions) => {
    const spent = decisions.filter(({ why }) => why === "Backoff" || why === "Hint").length
    expect(spent).toBeLessThan(s.options.attempts)
    expect(spent).toBeLessThanOrEqual(s.budget)
    expect(decisions.filter(({ why }) => why === "Patience").length).toBeLessThanOrEqual(s.patience?.waits ?? 0)
  })

  check("does not retry settled errors unless asked (rule 9)", (s, decisions) => {
    for (const [index, { why }] of decisions.entries()) {
      if (s.options.settled === "stop" && (errorAt(s, index)?.attempts ?? 0) > 0) expect(why).toBe("Settled")
    }
  })

  it.each<[string, number, Partial<Situation>, Retry.Waiting | Retry.Stopping]>([
    ["stops before a wait that ends at the deadline", 1100, {}, "Deadline"],
    ["allows a wait that ends a millisecond before the deadline", 1101, {}, "Backoff"],
    ["stops after a connection that closed at the deadline", 100, { errors: [closed] }, "Deadline"],
    ["retries a connection that closed a millisecond before the deadline", 101, { errors: [closed] }, "ReusedSocket"]
  ])("%s (rule 2)", (_, deadline, rest, why) => {
    const options = { attempts: 5, base: 1000, factor: 2, cap: 1000, jitter: "none", maxHint: 0 } as const
    const s: Situation = {
      options: { ...options, nameNotFound: 2, settled: "stop" },
      deadline,
      attemptMillis: 100,
      idempotency: "safe",
      patience: undefined,
      budget: 1,
      errors: [transient()],
      randoms: [],
      ...rest
    }
    expect(actual(s).map((decision) => decision.why)).toEqual([why])
  })

  it("waits at most 2^31-1 ms (rule 4)", () => {
    const options = { base: "20 days", factor: 10, cap: Duration.infinity, maxHint: "24 days" } as const
    for (const failures of [0, 1, 5, 400]) {
      const wait = Retry.delay(options, { failures, random: 0.999, hint: "24 days" })
      expect(Duration.toMillis(wait)).toBeLessThanOrEqual(2 ** 31 - 1)
    }
  })
})

describe("Retry.delay", () => {
  const seconds = (options: Retry.Options, failure: Partial<Parameters<typeof Retry.delay>[1]>) =>
    Duration.toSeconds(Retry.delay(options, { failures: 0, random: 0.5, ...failure }))

  it("doubles from 1 s up to 1 min by default, with up to 1 s of jitter", () => {
    const waits = [0, 1, 2, 3, 4, 5, 6, 7].map((failures) => seconds({}, { failures, random: 0 }))
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60])
    expect(seconds({}, { failures: 2 })).toBe(4.5)
  })

  it("caps at the longer of one minute and the base by default", () => {
    expect(seconds({ base: "2 minutes" }, { failures: 3, random: 0 })).toBe(120)
    expect(seconds({ base: "59 seconds" }, { failures: 3, random: 0 })).toBe(60)
  })

  it.each<[string, number, number, number, Retry.Options]>([
    ["additive", 10, 32, 52.5, { jitter: "additive" }],
    ["additive (spread of 1 s)", 8.5, 30.5, 50.5, { jitter: "additive", spread: "1 second" }],
    ["full", 4, 32, 52.5, { jitter: "full" }],
    ["subtractive", 7, 32, 52.5, { jitter: "subtractive" }],
    ["no", 8, 30, 50, { jitter: "none" }]
  ])("applies %s jitter: %d s, or %d s with a hint of 30 s", (_, alone, hinted, long, options) => {
    const base = { ...options, base: "4 seconds" } as const
    expect(seconds(base, { failures: 1 })).toBe(alone)
    expect(seconds(base, { failures: 1, hint: "30 seconds" })).toBe(hinted)
    expect(seconds(base, { failures: 1, hint: "50 seconds" })).toBe(long)
  })

  it("treats a hint as a lower bound", () => {
    expect(seconds({ base: "4 seconds", jitter: "none" }, { failures: 1, hint: "7 seconds" })).toBe(8)
  })

  it("rejects the same options as Retry.make", () => {
    expect(() => seconds({ base: -1 }, {})).toThrow("Retry.delay: base is -1")
  })
})

describe("Retry.retry", () => {
  it.effect("settles an ApiError with the number of attempts, and passes on the rest unchanged", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.fork(Effect.flip(Retry.retry(transient(), Retry.documented)))
      yield* TestClock.adjust("1 minute")
      expect((yield* Fiber.join(fiber)).attempts).toBe(5)

      const fatal = new ApiError.Fatal({ reason: "BadRequest", delivery: "Acknowledged" })
      expect((yield* Effect.flip(Retry.retry(fatal, Retry.documented))).attempts).toBe(1)
      expect(yield* Effect.flip(Retry.retry(Effect.fail("other"), Retry.documented))).toBe("other")
      expect(yield* Retry.retry(Effect.succeed(1), Retry.documented)).toBe(1)
    })
  )

  it.effect("does not multiply attempts when nested, unless asked", () =>
    Effect.gen(function* () {
      let attempts = 0
      const call = Effect.suspend(() => {
        attempts++
        return transient()
      })
      const three = Retry.make({ attempts: 3, base: "1 second" })
      const nested = call.pipe(Retry.retry(three), Retry.retry(three), Retry.retry(three))
      const fiber = yield* Effect.fork(Effect.flip(nested))
      yield* TestClock.adjust("1 hour")
      expect((yield* Fiber.join(fiber)).attempts).toBe(3)
      expect(attempts).toBe(3)

      attempts = 0
      const asked = Retry.make({ attempts: 2, base: "1 second", settled: "retry" })
      const again = yield* Effect.fork(Effect.flip(call.pipe(Retry.retry(three), Retry.retry(asked))))
      yield* TestClock.adjust("1 hour")
      expect((yield* Fiber.join(again)).attempts).toBe(6)
      expect(attempts).toBe(6)
    })
  )
})

describe("Retry.make", () => {
  it.each<[Retry.Options, string]>([
    [{ attempts: 0 }, "Retry.make: attempts is 0; it must be an integer of at least 1"],
    [{ attempts: 1.5 }, "attempts is 1.5"],
    [{ attempts: Number.NaN }, "attempts is NaN"],
    [{ attempts: Infinity }, "attempts is Infinity"],
    [{ base: -1 }, "base is -1; it must be a duration that is not negative"],
    [{ base: Number.NaN }, "base is NaN"],
    [{ base: Infinity }, "base is Infinity; it must be at most 2^31-1 ms"],
    [{ base: "2 seconds", cap: "1 second" }, 'cap is "1 second"; it must be at least base, 2s'],
    [{ cap: "30 days" }, "cap is 30d; it must be at most 2^31-1 ms (24.8 days), or infinite"],
    [{ factor: 0.5 }, "factor is 0.5; it must be a number of at least 1"],
    [{ factor: Infinity }, "factor is Infinity"],
    [{ spread: -1 }, "spread is -1"],
    [{ maxHint: "30 days" }, "maxHint is 30d"],
    [{ nameNotFound: 0 }, "nameNotFound is 0"],
    [{ nameNotFound: 1.5 }, "nameNotFound is 1.5"]
  ])("rejects %o and names option, value and bound", (options, message) => {
    expect(() => Retry.make(options)).toThrow(message)
  })

  it("rejects an unknown jitter, settled or base", () => {
    // only possible without TypeScript
    expect(() => Retry.make({ jitter: "some" as "none" })).toThrow(
      'jitter is "some"; it must be one of additive, full, subtractive, none'
    )
    expect(() => Retry.make({ settled: "maybe" as "stop" })).toThrow('settled is "maybe"')
    expect(() => Retry.make({ base: "soon" as "1 second" })).toThrow('base is "soon"')
  })

  it("accepts the smallest and largest values", () => {
    expect(() => Retry.make({ attempts: 1, base: 0, cap: 0, factor: 1, maxHint: 0, spread: 0 })).not.toThrow()
    expect(() => Retry.make({ base: 2 ** 31 - 1, cap: Duration.infinity })).not.toThrow()
  })
})
