/**
 * Effects in a user's schedule ran outside of all limits: if one hung, the call did not end at its deadline.
 */
import { it } from "@effect/vitest"
import { Clock, Duration, Effect, Fiber, Schedule, TestClock } from "effect"
import { ApiError, Deadline, Reliability, Retry, RetryBudget, Workload } from "effect-reliability"
import { describe, expect } from "vitest"

const transient = new ApiError.Transient({ reason: "Unavailable", delivery: "Acknowledged", status: 503 })

const schedules: Record<string, Schedule.Schedule<Retry.Step, unknown>> = {
  tapOutput: Retry.documented.pipe(Schedule.tapOutput(() => Effect.never)),
  modifyDelayEffect: Retry.documented.pipe(Schedule.modifyDelayEffect(() => Effect.delay(Effect.succeed(0), "1 hour")))
}

const limits: Record<string, <A, E>(call: Effect.Effect<A, E>) => Effect.Effect<A, E | ApiError.Transient>> = {
  "its own deadline": (call) => call,
  "a deadline around it": Deadline.within("5 minutes")
}

describe.each(Object.entries(schedules))("a schedule that hangs in %s", (_, retry) => {
  for (const [limit, within] of Object.entries(limits)) {
    it.effect(`ends the call at ${limit}, with the error of the last attempt`, () =>
      Effect.gen(function* () {
        const deadline = limit === "its own deadline" ? "5 minutes" : Duration.infinity
        const recorded: Array<string> = []
        const policy = Reliability.make({
          workload: Workload.with(Workload.interactive, { deadline, retry }),
          record: ({ error, of }) => void recorded.push(`${of} ${error?.reason}`)
        })
        const started = yield* Clock.currentTimeMillis
        const fiber = yield* Effect.fork(
          within(Reliability.protect(transient, policy)).pipe(
            Effect.flip,
            Effect.zip(Effect.map(Clock.currentTimeMillis, (now) => now - started))
          )
        )
        yield* TestClock.adjust("299 seconds")
        expect(yield* Fiber.poll(fiber)).toMatchObject({ _tag: "None" })
        yield* TestClock.adjust("1 second")
        const [error, millis] = yield* Fiber.join(fiber)
        expect(millis).toBe(300_000)
        if (limit === "its own deadline") expect(error).toMatchObject({ reason: "Unavailable", attempts: 1 })
        expect(recorded).toHaveLength(2)
      })
    )
  }
})

it.effect("preserves the rules, waits and state of a schedule with effects", () =>
  Effect.gen(function* () {
    const steps: Array<string> = []
    const retry = Retry.make({ attempts: 3, jitter: "none" }).pipe(
      Schedule.tapOutput((step) => Effect.sync(() => void steps.push(`${step.attempt} ${step.why}`)))
    )
    const started = yield* Clock.currentTimeMillis
    const call = Reliability.protect(transient, Workload.with(Workload.interactive, { retry }))
    const fiber = yield* Effect.fork(Effect.flip(call))
    yield* TestClock.adjust("3 seconds")
    expect(yield* Fiber.join(fiber)).toMatchObject({ attempts: 3 })
    expect((yield* Clock.currentTimeMillis) - started).toBe(3000)
    expect(steps).toEqual(["1 Backoff", "2 Backoff", "3 Attempts"])
  })
)

describe("a budget with a schedule that stops early", () => {
  const stopping = (retry: Schedule.Schedule<Retry.Step, unknown>) =>
    retry.pipe(Schedule.whileOutput((step) => step.attempt < 2))

  it.effect("pays only for the retries that are made", () =>
    Effect.gen(function* () {
      const budget = yield* RetryBudget.make({ ratio: 0, minPerSecond: 0, max: 5 })
      const workload = Workload.with(Workload.interactive, { retry: stopping(Retry.make({ base: "1 millis" })) })
      const fiber = yield* Effect.fork(
        Effect.flip(Reliability.protect(transient, Reliability.make({ workload, budget })))
      )
      yield* TestClock.adjust("1 minute")
      expect(yield* Fiber.join(fiber)).toMatchObject({ attempts: 2 })
      expect(yield* budget.available).toBe(4)
      expect(yield* budget.suppressed).toBe(0)
    })
  )

  it.effect("stops the call when it is empty, and counts that once", () =>
    Effect.gen(function* () {
      const budget = yield* RetryBudget.make({ ratio: 0, minPerSecond: 0, max: 1 })
      yield* budget.withdraw
      const why: Array<string> = []
      const policy = Reliability.make({
        workload: Workload.with(Workload.interactive, { retry: stopping(Retry.documented) }),
        budget,
        onGiveUp: (givenUp) => Effect.sync(() => why.push(givenUp.why))
      })
      expect(yield* Effect.flip(Reliability.protect(transient, policy))).toMatchObject({ attempts: 1 })
      yield* Effect.yieldNow()
      expect(why).toEqual(["Budget"])
      expect(yield* budget.suppressed).toBe(1)
    })
  )
})
