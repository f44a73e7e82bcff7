import { it } from "@effect/vitest"
import { Cause, Chunk, Clock, Duration, Effect, Either, Exit, Fiber, Option, Random, TestClock } from "effect"
import {
  ApiError,
  Classify,
  Deadline,
  Dialect,
  RateLimiter,
  Reliability,
  Retry,
  RetryBudget,
  Workload
} from "effect-reliability"
import { describe, expect } from "vitest"
import { unsafeMake } from "../src/internal/apiError/unsafeMake.js"

const transient = (props: Partial<ConstructorParameters<typeof ApiError.Transient>[0]> = {}) =>
  new ApiError.Transient({ reason: "Unavailable", delivery: "Acknowledged", status: 503, ...props })

const fixed = Effect.withRandom(Random.fixed([0.5]))

/** Runs an effect through all its waits and returns them, as read from the pending sleeps. */
const through = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.fork(effect)
    const waits: Array<number> = []
    while (true) {
      yield* TestClock.adjust(0)
      const done = yield* Fiber.poll(fiber)
      if (done._tag === "Some") return { waits, exit: done.value }
      const now = yield* Clock.currentTimeMillis
      const pending = Chunk.toArray(yield* TestClock.sleeps()).filter((wake) => wake > now)
      const next = Math.min(...pending)
      waits.push(next - now)
      yield* TestClock.setTime(next)
    }
  })

const failing = (error: ApiError.ApiError) => {
  const seen = { attempts: 0 }
  const call = Effect.suspend(() => {
    seen.attempts++
    return Effect.fail(error)
  })
  return { call, seen }
}

// -------------------------------------------------------------------------------------------------

const workloads = [Workload.interactive, Workload.agentic, Workload.largeModel, Workload.batchSubmission]

const retried = [429, 500, 502, 503, 504]

describe("Reliability.protect, by workload, idempotency and status", () => {
  for (const workload of workloads) {
    for (const idempotency of ["safe", "keyed", "never"] as const) {
      it.effect(`retries the documented statuses: ${workload.name}, ${idempotency}`, () =>
        Effect.gen(function* () {
          for (const status of [...retried, 400, 401, 404, 422]) {
            const random = Random.make("guide")
            const { call, seen } = failing(Classify.answer({ status, dialect: Dialect.fireworks, now: 0 }))
            const policy = Reliability.make({ workload, idempotency })
            const { exit, waits } = yield* through(Reliability.protect(call, policy)).pipe(Effect.withRandom(random))

            // a 429 precedes execution, so even a call that must not run twice is retried
            const repeats = status === 429 || (retried.includes(status) && idempotency !== "never")
            const draws = Random.make("guide")
            const expected = repeats
              ? yield* Effect.forEach([1000, 2000, 4000, 8000], (base) =>
                  Effect.map(draws.next, (u) => base + u * 1000)
                )
              : []
            expect(seen.attempts).toBe(repeats ? 5 : 1)
            expect(waits.length).toBe(expected.length)
            for (const [index, wait] of waits.entries()) expect(wait).toBeCloseTo(expected[index] ?? Number.NaN, 2)
            expect(exit).toMatchObject({ cause: { error: { status, attempts: seen.attempts } } })
          }
        })
      )
    }
  }
})

describe("Reliability.protect with patience", () => {
  const scalingUp = Classify.answer({ status: 503, body: { error: { code: "DEPLOYMENT_SCALING_UP" } }, now: 0 })

  it.effect("waits for a deployment and spends neither attempts nor budget", () =>
    Effect.gen(function* () {
      const budget = yield* RetryBudget.make({ ratio: 0, minPerSecond: 0, max: 1 })
      const { call, seen } = failing(scalingUp)
      const policy = Reliability.make({ workload: Workload.agentic, budget })
      const { exit, waits } = yield* through(Reliability.protect(call, policy)).pipe(
        Effect.withRandom(Random.fixed([0]))
      )
      expect(seen.attempts).toBe(31)
      expect(waits.slice(0, 8)).toEqual([5000, 7500, 11_250, 16_875, 25_312.5, 37_968.75, 56_953.125, 60_000])
      expect(waits.length).toBe(30)
      expect(yield* budget.available).toBe(1)
      expect(exit).toMatchObject({ cause: { error: { reason: "ScalingUp", attempts: 31 } } })
    })
  )

  it.effect("fails at once with advice if the workload has no patience", () =>
    Effect.gen(function* () {
      const { call, seen } = failing(scalingUp)
      const { exit } = yield* through(Reliability.protect(call, Workload.interactive)).pipe(fixed)
      expect(seen.attempts).toBe(1)
      expect(exit).toMatchObject({
        cause: {
          error: {
            reason: "ScalingUp",
            advice: unsafeMake({ class: "Transient", reason: "ScalingUp" }, { delivery: "Acknowledged" }).advice
          }
        }
      })
    })
  )

  it.effect("counts a weight swap as an ordinary failure if the workload has no patience", () =>
    Effect.gen(function* () {
      const { call, seen } = failing(Classify.answer({ status: 425, now: 0 }))
      const { waits } = yield* through(Reliability.protect(call, Workload.interactive)).pipe(fixed)
      expect(seen.attempts).toBe(5)
      expect(waits).toEqual([1500, 2500, 4500, 8500])
    })
  )

  it.effect("keeps the count of ordinary failures while it waits", () =>
    Effect.gen(function* () {
      const errors = [transient(), scalingUp, transient(), scalingUp, transient(), transient(), transient()]
      let attempts = 0
      const call = Effect.suspend(() => Effect.fail(errors[attempts++] ?? transient()))
      const { waits } = yield* through(Reliability.protect(call, Workload.agentic)).pipe(
        Effect.withRandom(Random.fixed([0]))
      )
      expect(waits).toEqual([1000, 5000, 2000, 7500, 4000, 8000])
    })
  )
})

describe("timeouts and deadlines", () => {
  it.effect("limits each attempt and the whole call, and reports the error of the attempt before", () =>
    Effect.gen(function* () {
      let attempts = 0
      const call = Effect.suspend(() => (attempts++ === 0 ? transient() : Effect.never))
      const started = yield* Clock.currentTimeMillis
      const { exit } = yield* through(Reliability.protect(call, Workload.interactive)).pipe(fixed)
      expect((yield* Clock.currentTimeMillis) - started).toBe(120_000)
      const error = yield* Effect.flip(exit)
      expect(error).toMatchObject({
        _tag: "Transient",
        reason: "Timeout",
        phase: "deadline",
        delivery: "Unconfirmed",
        attempts: 3
      })
      expect(error.message).toContain("the attempt before failed with Timeout")
    })
  )

  it.effect("fails an attempt a millisecond past its timeout, and not one a millisecond short of it", () =>
    Effect.gen(function* () {
      const call = (millis: number) =>
        Effect.sleep(millis).pipe(
          Effect.zipRight(Effect.succeed("done")),
          Effect.zipLeft(Effect.void as Effect.Effect<void, ApiError.ApiError>)
        )
      const once = Workload.with(Workload.interactive, { retry: Retry.make({ attempts: 1 }) })
      expect((yield* through(Reliability.protect(call(59_999), once))).exit).toEqual(Exit.succeed("done"))
      const late = yield* through(Reliability.protect(call(60_001), once))
      expect(late.exit).toMatchObject({ cause: { error: { reason: "Timeout", phase: "attempt", attempts: 1 } } })
    })
  )

  it.effect("does not start a wait or an attempt that would pass the deadline", () =>
    Effect.gen(function* () {
      const { call, seen } = failing(transient({ retryAfter: Duration.seconds(100) }))
      const { exit, waits } = yield* through(Reliability.protect(call, Workload.interactive)).pipe(fixed)
      // 100 s fit into two minutes once
      expect(waits).toEqual([100_500])
      expect(seen.attempts).toBe(2)
      expect(exit).toMatchObject({ cause: { error: { reason: "Unavailable", attempts: 2 } } })
    })
  )

  it.effect("stops the retries of an inner call at an outer deadline", () =>
    Effect.gen(function* () {
      const { call, seen } = failing(transient())
      const inner = Reliability.protect(call, Workload.agentic)
      const { exit, waits } = yield* through(Deadline.within(inner, "5 seconds")).pipe(fixed)
      expect(waits).toEqual([1500, 2500])
      expect(seen.attempts).toBe(3)
      expect(exit).toMatchObject({ cause: { error: { reason: "Unavailable", attempts: 3 } } })
    })
  )
})

it.effect("exposes the remaining time inside an attempt, and reports a deadline around the call", () =>
  Effect.gen(function* () {
    const inside = yield* Reliability.protect(Deadline.remaining, Workload.interactive)
    expect(inside).toEqual(Option.some(Duration.seconds(60)))
    const cut = Reliability.protect(Effect.zipRight(Effect.never, transient()), Workload.interactive)
    const { exit } = yield* through(Effect.flip(Deadline.within(cut, "30 seconds")))
    expect(exit).toMatchObject({ value: { phase: "deadline", detail: "the limit is 30s" } })
  })
)

describe("after a timeout or deadline", () => {
  const minute = Workload.make({ name: "minute", timeouts: { attempt: "1 minute" }, deadline: "2 minutes" })
  const limits = {
    "the attempt timeout of protect": Reliability.protect(
      Workload.with(minute, { retry: Retry.make({ attempts: 1 }) })
    ),
    "the deadline of protect": Reliability.protect(Workload.with(minute, { deadline: "1 minute" })),
    "Deadline.within": Deadline.within("1 minute"),
    "Workload.timeout": Workload.timeout(minute),
    "a deadline and an attempt timeout that end together": <A, E, R>(effect: Effect.Effect<A, E, R>) =>
      Deadline.within(Reliability.protect(effect, minute), "1 minute")
  }

  for (const [name, limit] of Object.entries(limits)) {
    it.effect(`allows calls during cleanup: ${name}`, () =>
      Effect.gen(function* () {
        const sent: Array<string> = []
        const cancel = Effect.sync(() => sent.push("cancel")).pipe(Reliability.protect(minute), Effect.ignore)
        const call = Effect.acquireUseRelease(
          Effect.void,
          () => Effect.never,
          () => cancel
        )
        const fiber = yield* Effect.fork(Effect.either(limit(call)))
        yield* TestClock.adjust("1 minute")
        expect(sent).toEqual(["cancel"])
        expect(Either.isLeft(yield* Fiber.join(fiber))).toBe(true)
      })
    )
  }

  it.scoped("allows calls in a fiber that was forked into an outer scope", () =>
    Effect.gen(function* () {
      const scope = yield* Effect.scope
      const refreshed: Array<boolean> = []
      const refresh = Effect.succeed("token").pipe(Reliability.protect(minute), Effect.isSuccess)
      const forever = Effect.forever(
        Effect.delay(
          Effect.map(refresh, (ok) => refreshed.push(ok)),
          "1 minute"
        )
      )
      yield* Effect.forkIn(forever, scope).pipe(Reliability.protect(minute))
      yield* TestClock.adjust("5 minutes")
      expect(refreshed).toEqual([true, true, true, true, true])
    })
  )
})

// -------------------------------------------------------------------------------------------------

describe("errors of Reliability.protect", () => {
  it.effect("reports NotSent if no attempt has sent anything and the last wait ends past the deadline", () =>
    Effect.gen(function* () {
      const { call, seen } = failing(transient({ reason: "Connect", delivery: "NotSent", status: undefined }))
      const clock = yield* Effect.clock
      const sleep = (duration: Duration.Duration) => clock.sleep(Duration.times(duration, 1000))
      const late = Object.assign(Object.create(clock) as typeof clock, { sleep })
      const fiber = yield* Effect.flip(Reliability.protect(call, Workload.interactive)).pipe(
        Effect.withClock(late),
        Effect.fork
      )
      yield* TestClock.adjust("1 hour")
      const error = yield* Fiber.join(fiber)
      expect(seen.attempts).toBe(1)
      expect(error).toMatchObject({ reason: "Timeout", phase: "deadline", delivery: "NotSent" })
    })
  )

  it.effect("passes on other errors, defects and interruptions unchanged", () =>
    Effect.gen(function* () {
      class Other {
        readonly _tag = "Other"
      }
      const other = new Other()
      expect(yield* Effect.flip(Reliability.protect(Effect.fail(other), Workload.interactive))).toBe(other)
      const died = yield* Effect.exit(Reliability.protect(Effect.die("defect"), Workload.interactive))
      expect(died).toEqual(Exit.die("defect"))
      const interrupted = yield* Effect.exit(Reliability.protect(Effect.interrupt, Workload.interactive))
      expect(Exit.isInterrupted(interrupted)).toBe(true)
    })
  )

  it.effect("fails with settled errors, which outer owners of retries pass on", () =>
    Effect.gen(function* () {
      const { call, seen } = failing(transient())
      const nested = call.pipe(
        Reliability.protect(Workload.agentic),
        Retry.retry(Retry.documented),
        Reliability.protect(Workload.agentic)
      )
      const { exit } = yield* through(nested).pipe(fixed)
      expect(seen.attempts).toBe(5)
      expect(exit).toMatchObject({ cause: { error: { attempts: 5 } } })
    })
  )

  it.effect("passes on what the function of a leaf throws, and returns the admission of its limiter", () =>
    Effect.gen(function* () {
      const limiter = yield* RateLimiter.make({ concurrency: 1 })
      const policy = Reliability.make({ workload: Workload.interactive, limiter })
      const thrown = new Error("defect")
      const call = Reliability.leaf(policy, (): Effect.Effect<never> => {
        throw thrown
      })
      for (let i = 0; i < 2; i++) expect(yield* Effect.exit(call)).toEqual(Exit.die(thrown))
      expect(RateLimiter.describe(limiter)).toMatchObject([{ admitted: 2, inFlight: 0, waiting: 0 }])
    })
  )

  it.effect("records unclassified errors and defects as Unknown", () =>
    Effect.gen(function* () {
      for (const foreign of [Effect.fail("foreign"), Effect.die(new Error("defect"))]) {
        const records: Array<unknown> = []
        const policy = Reliability.make({
          workload: Workload.interactive,
          record: ({ error, of }) => void records.push([of, error?.reason, error?.delivery, error?.attempts])
        })
        yield* Effect.exit(Reliability.protect(foreign, policy))
        expect(records).toEqual([
          ["attempt", "Unknown", "Unconfirmed", 0],
          ["call", "Unknown", "Unconfirmed", 1]
        ])
      }
    })
  )

  it.effect("classifies foreign errors with the classifier of the policy", () =>
    Effect.gen(function* () {
      let attempts = 0
      const call = Effect.suspend(() => Effect.fail({ code: attempts++ === 0 ? "BUSY" : "GONE" }))
      const policy = Reliability.make({
        workload: Workload.interactive,
        classify: (error: { readonly code: string }) =>
          error.code === "BUSY" ? transient() : new ApiError.Fatal({ reason: "NotFound", delivery: "Acknowledged" })
      })
      const { exit, waits } = yield* through(Reliability.protect(call, policy)).pipe(fixed)
      expect(waits).toEqual([1500])
      expect(exit).toMatchObject({ cause: { error: { _tag: "Fatal", reason: "NotFound", attempts: 2 } } })
    })
  )

  it.effect("dies if the classifier throws", () =>
    Effect.gen(function* () {
      const policy = Reliability.make({
        workload: Workload.interactive,
        classify: (): ApiError.ApiError => {
          throw new Error("classifier")
        }
      })
      const exit = yield* Effect.exit(Reliability.protect(Effect.fail("x"), policy))
      expect(Exit.isFailure(exit) && Cause.isDie(exit.cause)).toBe(true)
    })
  )
})

describe("Reliability.protect with a retry budget", () => {
  it.effect("fails with the last error and counts the suppressed retry when the budget is empty", () =>
    Effect.gen(function* () {
      const budget = yield* RetryBudget.make({ ratio: 0, minPerSecond: 0, max: 2 })
      const why: Array<string> = []
      const policy = Reliability.make({
        workload: Workload.interactive,
        budget,
        onGiveUp: (givenUp) => Effect.sync(() => why.push(givenUp.why))
      })
      const { call, seen } = failing(transient())
      const { exit } = yield* through(Reliability.protect(call, policy)).pipe(fixed)
      expect(seen.attempts).toBe(3)
      expect(exit).toMatchObject({ cause: { error: { reason: "Unavailable", attempts: 3 } } })
      expect(yield* budget.suppressed).toBe(1)
      expect(why).toEqual(["Budget"])
    })
  )

  it.effect("deposits the ratio once per call", () =>
    Effect.gen(function* () {
      const budget = yield* RetryBudget.make({ ratio: 0.5, minPerSecond: 0, max: 2 })
      yield* budget.withdraw
      yield* budget.withdraw
      const policy = Reliability.make({ workload: Workload.interactive, budget })
      yield* Effect.replicateEffect(Reliability.protect(Effect.succeed(1), policy), 3)
      expect(yield* budget.available).toBe(1)
    })
  )
})

it.effect("deposits once for nested calls that share a budget", () =>
  Effect.gen(function* () {
    const budget = yield* RetryBudget.make({ ratio: 0.5, minPerSecond: 0, max: 2 })
    yield* budget.withdraw
    yield* budget.withdraw
    const policy = Reliability.make({ workload: Workload.interactive, budget })
    const twice = Reliability.protect(Reliability.protect(Effect.succeed(1), policy), policy)
    yield* twice
    expect(yield* budget.available).toBe(0)
    yield* twice
    expect(yield* budget.available).toBe(1)
  })
)

describe("an observer of a policy", () => {
  it.effect("receives each retry, the end of the retries, and every outcome", () =>
    Effect.gen(function* () {
      const events: Array<string> = []
      const policy = Reliability.make({
        workload: Workload.with(Workload.interactive, { retry: Retry.make({ attempts: 2, base: "1 second" }) }),
        onRetry: ({ error, step, workload }) =>
          Effect.sync(() =>
            events.push(
              `retry ${workload.name} ${error.reason} ${step.attempt} ${step.why} ${Duration.toMillis(step.delay)}`
            )
          ),
        onGiveUp: ({ error, why }) => Effect.sync(() => events.push(`give up ${error.attempts} ${why}`)),
        record: ({ attempt, error, millis, of }) =>
          void events.push(`${of} ${attempt} ${error?.reason ?? "ok"} ${millis}`)
      })
      yield* through(Reliability.protect(Effect.delay(transient(), "1 second"), policy)).pipe(fixed)
      yield* Reliability.protect(Effect.succeed(1), policy)
      expect(events).toEqual([
        "attempt 1 Unavailable 1000",
        "retry interactive Unavailable 1 Backoff 1500",
        "attempt 2 Unavailable 1000",
        "call 2 Unavailable 3500",
        "give up 2 Attempts",
        "attempt 1 ok 0",
        "call 1 ok 0"
      ])
    })
  )
})

describe("Reliability.leaf", () => {
  it.effect("passes the remaining time to each attempt and retries it", () =>
    Effect.gen(function* () {
      const limits: Array<string> = []
      const workload = Workload.with(Workload.interactive, { deadline: "62 seconds" })
      const call = Reliability.leaf(workload, ({ attempt, millis, phase }) =>
        Effect.suspend(() => {
          limits.push(`${attempt} ${millis} ${phase}`)
          return transient()
        })
      )
      const { exit } = yield* through(call).pipe(fixed)
      expect(limits).toEqual([
        "1 60000 attempt",
        "2 60000 attempt",
        "3 58000 deadline",
        "4 53500 deadline",
        "5 45000 deadline"
      ])
      expect(exit).toMatchObject({ cause: { error: { attempts: 5 } } })
    })
  )

  it.effect("passes on successes and other errors unchanged", () =>
    Effect.gen(function* () {
      expect(yield* Reliability.leaf(Workload.interactive, () => Effect.succeed(1))).toBe(1)
      expect(yield* Effect.flip(Reliability.leaf(Workload.interactive, () => Effect.fail("other")))).toBe("other")
    })
  )
})

describe("Reliability.describe", () => {
  it("returns the composition as data", () => {
    const policy = Reliability.make({ workload: Workload.batchSubmission, idempotency: "never", record: () => {} })
    expect(Reliability.describe(policy)).toEqual({
      workload: "batchSubmission",
      deadline: "5m",
      retry: "5 attempts, 1s × 2, additive jitter, hints up to 2m",
      attempt: { total: "1m", pool: "10s", connect: "10s", write: "30s", read: "1m" },
      stream: { first: "1m", idle: "1m" },
      idempotency: "never",
      patience: "30 waits, 5s × 1.5 up to 1m",
      budget: "none",
      limited: false,
      hedge: "none",
      breaker: "none",
      classifies: false,
      observes: ["record"]
    })
  })

  it("reports the default idempotency", () => {
    expect(Reliability.describe(Workload.batchSubmission).idempotency).toBe("safe")
  })

  it.effect("names the budget and the schedule", () =>
    Effect.gen(function* () {
      const policy = Reliability.make({
        workload: Workload.with(Workload.interactive, { retry: Retry.sdk }),
        budget: yield* RetryBudget.make()
      })
      const described = Reliability.describe(policy)
      expect(described.retry).toBe("4 attempts, 500ms × 2 up to 8s, subtractive jitter, hints up to 2m")
      expect(described.budget).toBe("0.07 of the calls, 0.5 a second, at most 20 at once")
    })
  )
})
