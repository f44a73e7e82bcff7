import { describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber, Option, Duration, TestClock } from "effect"
import { ApiError, Deadline, Fallback, Reliability, Retry, Workload } from "effect-reliability"
import { expect } from "vitest"

const unavailable = new ApiError.Transient({ reason: "Unavailable", delivery: "Acknowledged", status: 503 })

const three = Fallback.make([{ name: "first" }, { name: "second" }, { name: "third" }])

/** Runs an effect for a time, and returns its exit and the steps with the moments at which they began and their time left. */
const timed = <E>(
  fallback: Fallback.Fallback<{ readonly name: string }>,
  call: (name: string) => Effect.Effect<string, E>,
  time: Duration.DurationInput,
  around: (
    effect: Effect.Effect<Fallback.Result<string>, E | ApiError.Transient>
  ) => Effect.Effect<Fallback.Result<string>, E | ApiError.Transient> = Deadline.within("12 seconds")
) =>
  Effect.gen(function* () {
    const begun: Array<readonly [string, number, number]> = []
    const run = Fallback.run(fallback, ({ name }) =>
      Effect.gen(function* () {
        const left = Option.match(yield* Deadline.remaining, { onNone: () => Infinity, onSome: Duration.toMillis })
        begun.push([name, yield* Clock.currentTimeMillis, left])
        return yield* call(name)
      })
    )
    const fiber = yield* Effect.fork(around(run))
    yield* TestClock.adjust(time)
    const exit = Option.getOrUndefined(yield* Fiber.poll(fiber))
    return { exit, begun }
  })

describe("the share of a step", () => {
  it.effect("equals by default the time left divided by the steps left, so that the last step has all of it", () =>
    Effect.gen(function* () {
      const { begun, exit } = yield* timed(three, () => Effect.never, "12 seconds")
      expect(begun).toEqual([
        ["first", 0, 4000],
        ["second", 4000, 4000],
        ["third", 8000, 3999]
      ])
      // the last step ends just before the deadline, so that the error includes the earlier steps
      expect(exit).toMatchObject({ cause: { error: { reason: "Timeout", phase: "deadline" } } })
      const steps = [{ step: "first", reason: "Timeout" }, { step: "second" }]
      expect(exit).toMatchObject({ cause: { error: { earlier: steps } } })
    })
  )

  it.effect("grows by what the steps before did not use", () =>
    Effect.gen(function* () {
      const { begun } = yield* timed(
        three,
        (name) => (name === "first" ? Effect.delay(Effect.fail(unavailable), "2 seconds") : Effect.never),
        "7 seconds"
      )
      expect(begun).toEqual([
        ["first", 0, 4000],
        ["second", 2000, 5000],
        ["third", 7000, 4999]
      ])
    })
  )

  it.effect("follows the option if it is given", () =>
    Effect.gen(function* () {
      const fallback = Fallback.make([
        { name: "first", share: 0.75 },
        { name: "second", share: 0.1 }
      ])
      const { begun } = yield* timed(fallback, () => Effect.never, "9 seconds")
      expect(begun).toEqual([
        ["first", 0, 9000],
        ["second", 9000, 2999]
      ])
    })
  )

  it.effect("does not end a step that succeeds within it, and leaves a later step time to succeed", () =>
    Effect.gen(function* () {
      const slow = (millis: number) => (name: string) =>
        name === "first"
          ? Effect.delay(Effect.succeed("first"), millis)
          : Effect.delay(Effect.succeed(name), "1 seconds")
      expect((yield* timed(three, slow(3999), "12 seconds")).exit).toMatchObject({ value: { step: "first" } })
      const { exit } = yield* timed(three, slow(4001), "12 seconds")
      expect(exit).toMatchObject({ value: { step: "second", errors: [{ error: { phase: "deadline" } }] } })
    })
  )

  it.effect("does not exist without a deadline", () =>
    Effect.gen(function* () {
      const { begun } = yield* timed(
        three,
        () => Effect.never,
        "1 hour",
        (effect) => effect
      )
      expect(begun).toEqual([["first", 0, Infinity]])
    })
  )

  it.effect("counts from the deadline or timeout around the call, whatever sets it", () =>
    Effect.gen(function* () {
      const workload = Workload.make({ name: "short", timeouts: { attempt: "6 seconds" }, deadline: "8 seconds" })
      const { begun } = yield* timed(three, () => Effect.never, "2 seconds", Reliability.protect(workload))
      expect(begun.slice(0, 2)).toEqual([
        ["first", 0, 2000],
        ["second", 2000, 2000]
      ])
    })
  )

  it.effect("limits a protected call inside, whose own error counts", () =>
    Effect.gen(function* () {
      const call = (name: string) =>
        name === "first" ? Reliability.protect(Effect.fail(unavailable), Workload.interactive) : Effect.succeed(name)
      const { begun, exit } = yield* timed(three, call, "12 seconds")
      // the wait before the third or fourth attempt would end after the share
      expect(begun[1]?.[1]).toBeLessThan(4000)
      const error = { reason: "Unavailable", stopped: "Deadline" }
      expect(exit).toMatchObject({ value: { step: "second", errors: [{ step: "first", error }] } })
    })
  )

  it.effect("does not apply to a call that must not be repeated, which its end would lose", () =>
    Effect.gen(function* () {
      const never = Fallback.make([{ name: "first" }, { name: "second" }], { idempotency: "never" })
      const slow = () => Effect.delay(Effect.succeed(""), "11 seconds")
      expect((yield* timed(never, slow, "12 seconds")).exit).toMatchObject({ value: { step: "first" } })
      const { begun, exit } = yield* timed(never, () => Effect.never, "12 seconds")
      expect(begun).toHaveLength(1)
      expect(exit).toMatchObject({ cause: { error: { reason: "Timeout" } } })
    })
  )
})

describe("the end of a share", () => {
  it.effect("interrupts the step, and begins the next one only when the step has ended", () =>
    Effect.gen(function* () {
      const log: Array<string> = []
      const call = (name: string) =>
        name === "first"
          ? Effect.never.pipe(
              Effect.ensuring(
                Effect.delay(
                  Effect.sync(() => log.push("released")),
                  "1 seconds"
                )
              )
            )
          : Effect.sync(() => (log.push(name), name))
      const { begun } = yield* timed(three, call, "6 seconds")
      expect(log).toEqual(["released", "second"])
      expect(begun[1]).toEqual(["second", 5000, 3500])
    })
  )

  it.effect("keeps what the call inside knows about the delivery, so that an unsent request of any kind moves on", () =>
    Effect.gen(function* () {
      const policy = Reliability.make({ workload: Workload.interactive, idempotency: "never" })
      // a client with a timer of its own, which runs out at the same moment as the share
      const client = (delivery: ApiError.Delivery) =>
        Reliability.leaf(policy, ({ millis, phase }) =>
          Effect.delay(Effect.fail(new ApiError.Transient({ reason: "Timeout", delivery, phase })), millis)
        )
      const outcome = (delivery: ApiError.Delivery) =>
        timed(three, (name) => (name === "first" ? client(delivery) : Effect.succeed(name)), "12 seconds")
      const unsent = yield* outcome("NotSent")
      expect(unsent.begun).toEqual([
        ["first", 0, 4000],
        ["second", 4000, 4000]
      ])
      const unconfirmed = yield* outcome("Unconfirmed")
      expect(unconfirmed.begun).toHaveLength(1)
      expect(unconfirmed.exit).toMatchObject({ cause: { error: { reason: "Timeout", attempts: 1 } } })
    })
  )

  it.effect("interrupts an owner of retries that does not end by itself", () =>
    Effect.gen(function* () {
      const call = (name: string) =>
        name === "first" ? Retry.retry(Effect.never, Retry.documented) : Effect.succeed(name)
      const { begun } = yield* timed(three, call, "12 seconds")
      expect(begun[1]).toEqual(["second", 4010, 3995])
    })
  )

  it.effect("begins no step after the deadline, which an uninterruptible call outlasts", () =>
    Effect.gen(function* () {
      const { begun, exit } = yield* timed(
        three,
        () => Effect.delay(Effect.fail(unavailable), "13 seconds"),
        // long enough for all three, so that a test that fails also ends
        "1 minute",
        (effect) => Deadline.within(Effect.uninterruptible(effect), "12 seconds")
      )
      expect(begun).toEqual([["first", 0, 4000]])
      expect(exit).toMatchObject({ cause: { error: { reason: "Timeout" } } })
    })
  )
})
