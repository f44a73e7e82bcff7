import { ApiError, Classify, Deadline, Reliability, Retry, RetryBudget, Workload } from "effect-reliability"
import { it } from "@effect/vitest"
import { Duration, Effect, Equal, Fiber, Schema, TestClock } from "effect"
import { describe, expect } from "vitest"

const unavailable = new ApiError.Transient({ reason: "Unavailable", delivery: "Acknowledged", status: 503 })
const lost = new ApiError.Transient({ reason: "ConnectionLost", delivery: "Unconfirmed" })
const steady = (attempts: number) => Retry.make({ attempts, base: "1 second", factor: 1, jitter: "none" })

/** Runs a call that always fails, and returns the error that leaves it. */
const settledOf = <E>(effect: Effect.Effect<unknown, E>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.fork(Effect.flip(effect))
    yield* TestClock.adjust("1 hour")
    return yield* Fiber.join(fiber)
  })

const workload = Workload.make({
  name: "test",
  timeouts: { attempt: "1 minute" },
  retry: steady(3)
})

describe("a settled error", () => {
  it.effect("reports that its attempts are exhausted", () =>
    Effect.gen(function* () {
      const error = yield* settledOf(unavailable.pipe(Reliability.protect(workload)))
      expect(error).toMatchObject({ stopped: "Attempts", attempts: 3 })
      expect(error.message).toMatch(/Gave up after 3 attempts\.$/)
    })
  )

  it.effect("reports the wait that would end after the deadline, and the time left", () =>
    Effect.gen(function* () {
      const slow = Workload.with(workload, {
        deadline: "12 seconds",
        retry: Retry.make({ base: "30 seconds", jitter: "none" })
      })
      const error = yield* settledOf(unavailable.pipe(Reliability.protect(slow)))
      expect(error.stopped).toBe("Deadline")
      expect(error.message).toMatch(/Not retried: the next wait \(30s\) would end after the deadline \(12s left\)\.$/)
    })
  )

  it.effect("reports a server hint that is longer than maxHint", () =>
    Effect.gen(function* () {
      const error = yield* settledOf(
        Effect.fail(Classify.answer({ status: 429, headers: { "retry-after": "300" }, now: 0 })).pipe(
          Reliability.protect(workload)
        )
      )
      expect(error.stopped).toBe("HintTooLong")
      expect(error.message).toMatch(/Not retried: the server asks to wait 5m, longer than maxHint allows\.$/)
    })
  )

  it.effect("reports that the budget is exhausted", () =>
    Effect.gen(function* () {
      const budget = yield* RetryBudget.make({ ratio: 0, minPerSecond: 0, max: 1 })
      const policy = Reliability.make({ workload, budget })
      const error = yield* settledOf(unavailable.pipe(Reliability.protect(policy)))
      expect(error.stopped).toBe("Budget")
      expect(error.message).toMatch(/Not retried after 2 attempts: the retry budget is exhausted\.$/)
    })
  )

  it.effect("names the option idempotency if the request may have been executed", () =>
    Effect.gen(function* () {
      const never = Reliability.make({ workload, idempotency: "never" })
      const error = yield* settledOf(lost.pipe(Reliability.protect(never)))
      expect(error.stopped).toBe("Idempotency")
      expect(error.message).toContain("is not declared idempotent (option idempotency)")
    })
  )

  it.effect("reports why Retry.retry stopped", () =>
    Effect.gen(function* () {
      expect(yield* settledOf(unavailable.pipe(Retry.retry(steady(2))))).toMatchObject({
        stopped: "Attempts",
        attempts: 2
      })
      const refused = new ApiError.Fatal({ reason: "Forbidden", delivery: "Acknowledged", status: 403 })
      const error = yield* settledOf(refused.pipe(Retry.retry(steady(2))))
      expect(error.stopped).toBe("Fatal")
    })
  )

  it("preserves the reason and its durations as JSON, and drops them when it is unsettled", () => {
    const stop = { stopped: "Deadline", nextWait: Duration.seconds(30), timeLeft: Duration.seconds(12) } as const
    const error = ApiError.settle(unavailable, 2, stop)
    const schema = Schema.parseJson(ApiError.ApiError)
    const decoded = Schema.decodeSync(schema)(Schema.encodeSync(schema)(error))
    expect(Equal.equals(decoded, error)).toBe(true)
    expect(decoded.message).toBe(error.message)
    expect(Equal.equals(ApiError.unsettle(error), unavailable)).toBe(true)
    expect(unavailable.pipe(ApiError.settle(2, stop))).toEqual(error)
  })

  it.effect("prevents retries of an outer owner if the request may have been executed", () =>
    Effect.gen(function* () {
      let attempts = 0
      const payment = Effect.suspend(() => Effect.fail((attempts++, lost)))
      const inner = payment.pipe(Reliability.protect(Reliability.make({ workload, idempotency: "never" })))
      yield* settledOf(inner.pipe(Retry.retry(Retry.make({ attempts: 5, base: "1 second", settled: "retry" }))))
      expect(attempts).toBe(1)
    })
  )

  it.effect("stays unchanged under a deadline around the call", () =>
    Effect.gen(function* () {
      const error = yield* settledOf(unavailable.pipe(Reliability.protect(workload), Deadline.within("1 minute")))
      expect(error).toMatchObject({ stopped: "Attempts" })
    })
  )
})
