import { describe, it } from "@effect/vitest"
import {
  Clock,
  Duration,
  Effect,
  Either,
  FastCheck as fc,
  Fiber,
  FiberRef,
  Option,
  Random,
  Ref,
  Schedule,
  TestClock
} from "effect"
import { Accounting, ApiError, Deadline, Retry, Workload } from "effect-reliability"
import { expect } from "vitest"

/** Returns the result of the effect and the time of its end. */
const endOf = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.all({ result: Effect.either(effect), at: Clock.currentTimeMillis })

/** Does the same while an hour of virtual time passes. */
const endWithinAnHour = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.fork(endOf(effect))
    yield* TestClock.adjust("1 hour")
    return yield* Fiber.join(fiber)
  })

const millisLeft = Effect.map(Deadline.remaining, Option.map(Duration.toMillis))

const down = new ApiError.Transient({ reason: "Unavailable", delivery: "Acknowledged", status: 503 })

/** A clock whose two times are set by hand. */
class ClockByHand implements Clock.Clock {
  readonly [Clock.ClockTypeId]: Clock.ClockTypeId = Clock.ClockTypeId
  wall = 0
  nanos = 0n
  readonly unsafeCurrentTimeMillis = () => this.wall
  readonly unsafeCurrentTimeNanos = () => this.nanos
  readonly currentTimeMillis = Effect.sync(this.unsafeCurrentTimeMillis)
  readonly currentTimeNanos = Effect.sync(this.unsafeCurrentTimeNanos)
  readonly sleep = () => Effect.never
}

describe("Deadline.within", () => {
  it.effect("fails at the deadline and not a millisecond earlier", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.fork(endOf(Effect.never.pipe(Deadline.within("10 seconds"))))
      yield* TestClock.adjust(9999)
      expect(yield* Fiber.poll(fiber)).toEqual(Option.none())
      yield* TestClock.adjust(1)
      const { at, result } = yield* Fiber.join(fiber)
      const error = Either.getOrThrow(Either.flip(result))
      expect(at).toBe(10_000)
      expect(error).toBeInstanceOf(ApiError.Transient)
      expect(error).toMatchObject({
        reason: "Timeout",
        phase: "deadline",
        delivery: "Unconfirmed",
        detail: "the limit is 10s",
        attempts: 0
      })
    })
  )

  it.effect("passes on a success or failure that comes a millisecond before the deadline", () =>
    Effect.gen(function* () {
      const late = Effect.sleep(9999)
      const success = late.pipe(Effect.as("a response"), Deadline.within("10 seconds"))
      expect(yield* endWithinAnHour(success)).toEqual({ result: Either.right("a response"), at: 9999 })
      const failure = late.pipe(Effect.zipRight(Effect.fail("mine")))
      const { result } = yield* endWithinAnHour(Deadline.within(failure, "10 seconds"))
      expect(result).toEqual(Either.left("mine"))
    })
  )

  it.effect("interrupts the effect and waits for it to clean up", () =>
    Effect.gen(function* () {
      const cleaned = yield* Ref.make(false)
      const slow = Effect.never.pipe(
        Effect.onInterrupt(() => Effect.zipRight(Effect.sleep("3 seconds"), Ref.set(cleaned, true)))
      )
      const { at } = yield* endWithinAnHour(slow.pipe(Deadline.within("10 seconds")))
      expect([at, yield* cleaned]).toEqual([13_000, true])
    })
  )

  it.effect.each([
    { outer: 5000, inner: 10_000, at: 5000, limit: "5s" },
    { outer: 5000, inner: 5001, at: 5000, limit: "5s" },
    { outer: 5001, inner: 5000, at: 5000, limit: "5s" },
    { outer: 10_000, inner: 5000, at: 5000, limit: "5s" },
    { outer: 5000, inner: Infinity, at: 5000, limit: "5s" },
    { outer: Infinity, inner: 5000, at: 5000, limit: "5s" }
  ])("ends at the earlier of two nested deadlines: $outer ms around $inner ms", ({ at, inner, limit, outer }) =>
    Effect.gen(function* () {
      const left = yield* millisLeft.pipe(Deadline.within(inner), Deadline.within(outer))
      expect(left).toEqual(Option.some(at))
      const nested = Effect.never.pipe(Deadline.within(inner), Deadline.within(outer))
      const end = yield* endWithinAnHour(nested)
      expect(end).toMatchObject({ at, result: Either.left({ phase: "deadline", detail: `the limit is ${limit}` }) })
    })
  )

  it.effect("keeps the outer deadline after a shorter inner one has passed", () =>
    Effect.gen(function* () {
      const inner = Effect.never.pipe(Deadline.within("3 seconds"), Effect.ignore)
      const both = Effect.zipRight(inner, Effect.zipLeft(millisLeft, Effect.sleep("6 seconds")))
      expect(yield* endWithinAnHour(both.pipe(Deadline.within("10 seconds")))).toEqual({
        result: Either.right(Option.some(7000)),
        at: 9000
      })
    })
  )

  it.effect("interrupts work that continues after a shorter inner deadline", () =>
    Effect.gen(function* () {
      const inner = Effect.never.pipe(Deadline.within("3 seconds"), Effect.ignore)
      const { at } = yield* endWithinAnHour(Effect.zipRight(inner, Effect.never).pipe(Deadline.within("10 seconds")))
      expect(at).toBe(10_000)
    })
  )

  it("uses the earliest of any number of nested deadlines, in any order", () => {
    const limits = fc.array(fc.integer({ min: 1, max: 9999 }), { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(limits, (limits) => {
        const nested = limits.reduce<Effect.Effect<Option.Option<number>, ApiError.Transient>>(
          (effect, limit) => Deadline.within(effect, limit),
          millisLeft
        )
        const left = Effect.runSync(Effect.withClock(nested, new ClockByHand()))
        expect(left).toEqual(Option.some(Math.min(...limits)))
      })
    )
  })

  it.effect("imposes no limit when it is infinite", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.fork(Effect.sleep("60 days").pipe(Effect.as("done"), Deadline.within(Infinity)))
      yield* TestClock.adjust("60 days")
      expect(yield* Fiber.join(fiber)).toBe("done")
    })
  )

  it.effect("allows an effect that takes no time, even when no time is left", () =>
    Effect.gen(function* () {
      expect(yield* Deadline.within(Effect.succeed(1), 0)).toBe(1)
      expect(yield* endOf(Deadline.within(Effect.never, 0))).toMatchObject({ at: 0, result: { _tag: "Left" } })
    })
  )

  it.each([
    [-1, "-1"],
    [-Infinity, "-Infinity"],
    [Number.NaN, "NaN"],
    [-1n, "-1"],
    ["-1 seconds", `"-1 seconds"`],
    ["soon", `"soon"`],
    [undefined, "undefined"]
  ])("rejects a limit of %s", (limit, shown) => {
    const message = `Deadline.within: limit is ${shown}; it must be a duration that is not negative`
    const within = () => Deadline.within(Effect.void, limit as Duration.DurationInput)
    expect(within).toThrow(new RangeError(message))
  })

  it("rejects a limit above 2^31-1 ms unless it is infinite", () => {
    const within = (limit: Duration.DurationInput) => () => Deadline.within(Effect.void, limit)
    expect(within(2 ** 31)).toThrow(
      "Deadline.within: limit is 24d 20h 31m 23s 648ms; it must be at most 2^31-1 ms (24.8 days), or infinite"
    )
    expect(within(2 ** 31 - 1)).not.toThrow()
    expect(within(Duration.infinity)).not.toThrow()
  })
})

describe("Deadline.remaining", () => {
  it.effect("returns none without a deadline and with an infinite one", () =>
    Effect.gen(function* () {
      expect(yield* Deadline.remaining).toEqual(Option.none())
      expect(yield* Deadline.remaining.pipe(Deadline.within(Infinity))).toEqual(Option.none())
      expect(yield* Deadline.remaining.pipe(Workload.within(Workload.interactive))).toEqual(Option.none())
      yield* Effect.void.pipe(Deadline.within("1 minute"))
      expect(yield* Deadline.remaining).toEqual(Option.none())
    })
  )

  it.effect("decreases as time passes, down to the last millisecond", () =>
    Effect.gen(function* () {
      const left = Effect.all([
        millisLeft,
        Effect.zipRight(Effect.sleep(4000), millisLeft),
        Effect.zipRight(Effect.sleep(5999), millisLeft)
      ])
      expect((yield* endWithinAnHour(left.pipe(Deadline.within("10 seconds")))).result).toEqual(
        Either.right([Option.some(10_000), Option.some(6000), Option.some(1)])
      )
    })
  )

  it.effect("returns zero at the deadline and afterwards", () =>
    Effect.gen(function* () {
      const seen = yield* Ref.make<ReadonlyArray<Option.Option<number>>>([])
      const look = Effect.flatMap(millisLeft, (left) => Ref.update(seen, (before) => [...before, left]))
      const overdue = Effect.sleep("10 seconds").pipe(
        Effect.zipRight(look),
        Effect.zipRight(Effect.sleep(1)),
        Effect.zipRight(look)
      )
      yield* endWithinAnHour(Effect.uninterruptible(overdue).pipe(Deadline.within("10 seconds")))
      expect(yield* seen).toEqual([Option.some(0), Option.some(0)])
    })
  )

  it.effect("includes the timeout of the attempt", () =>
    Effect.gen(function* () {
      const left = millisLeft.pipe(Workload.timeout(Workload.interactive))
      expect(yield* left).toEqual(Option.some(60_000))
      expect(yield* left.pipe(Deadline.within("5 seconds"))).toEqual(Option.some(5000))
    })
  )

  it.effect("follows into forked fibers, whose own deadlines do not propagate back", () =>
    Effect.gen(function* () {
      const later = Effect.zipRight(Effect.sleep("4 seconds"), millisLeft)
      const parent = Effect.flatMap(Effect.fork(later), Fiber.join)
      expect(yield* endWithinAnHour(parent.pipe(Deadline.within("10 seconds")))).toEqual({
        result: Either.right(Option.some(6000)),
        at: 4000
      })

      const shorter = Effect.fork(Effect.void.pipe(Deadline.within("2 seconds"), Effect.zipRight(millisLeft)))
      const both = Effect.zip(Effect.flatMap(shorter, Fiber.join), millisLeft)
      expect(yield* both.pipe(Deadline.within("10 seconds"))).toEqual([Option.some(10_000), Option.some(10_000)])

      const all = Effect.all([later, later, later], { concurrency: "unbounded" })
      expect((yield* endWithinAnHour(all.pipe(Deadline.within("10 seconds")))).result).toEqual(
        Either.right(Array.from({ length: 3 }, () => Option.some(6000)))
      )
    })
  )

  it.effect("resets after the effect, whose other FiberRef changes persist", () =>
    Effect.gen(function* () {
      const setting = FiberRef.unsafeMake("before")
      yield* FiberRef.set(setting, "after").pipe(Deadline.within("10 seconds"))
      expect(yield* FiberRef.get(setting)).toBe("after")
      expect(yield* Deadline.remaining).toEqual(Option.none())
    })
  )

  it.effect("returns the outer deadline to a fiber that outlives the inner call", () =>
    Effect.gen(function* () {
      const later = Effect.forkDaemon(Effect.delay(millisLeft, "3 seconds"))
      const [alone, within] = yield* Effect.gen(function* () {
        const first = yield* later.pipe(Deadline.within("10 seconds"))
        const second = yield* Effect.zipLeft(later.pipe(Deadline.within("10 seconds")), Effect.sleep("8 seconds")).pipe(
          Deadline.within("20 seconds"),
          Effect.fork
        )
        yield* TestClock.adjust("8 seconds")
        return [yield* Fiber.join(first), yield* Effect.flatMap(Fiber.join(second), Fiber.join)]
      })
      expect(alone).toEqual(Option.none())
      expect(within).toEqual(Option.some(17_000))
    })
  )

  it.effect("returns none to a fiber that outlives its call, also inside Accounting.count", () =>
    Effect.gen(function* () {
      const accounting = yield* Accounting.make()
      const later = Effect.forkDaemon(Effect.delay(millisLeft, "3 seconds"))
      const daemon = yield* later.pipe(Accounting.count(accounting), Deadline.within("10 seconds"))
      yield* TestClock.adjust("3 seconds")
      expect(yield* Fiber.join(daemon)).toEqual(Option.none())
      const inside = millisLeft.pipe(Accounting.count(accounting), Deadline.within("10 seconds"))
      expect(yield* inside).toEqual(Option.some(10_000))
    })
  )

  it.effect("follows the monotonic clock and ignores the wall clock", () =>
    Effect.gen(function* () {
      const clock = new ClockByHand()
      const left = Effect.all([
        millisLeft,
        Effect.zipRight(
          Effect.sync(() => (clock.wall = 9e12)),
          millisLeft
        ),
        Effect.zipRight(
          Effect.sync(() => (clock.wall = -9e12)),
          millisLeft
        ),
        Effect.zipRight(
          Effect.sync(() => (clock.nanos = 2_500_000_000n)),
          millisLeft
        )
      ])
      expect(yield* left.pipe(Deadline.within("10 seconds"), Effect.withClock(clock))).toEqual(
        [10_000, 10_000, 10_000, 7500].map(Option.some)
      )
    })
  )
})

// -------------------------------------------------------------------------------------------------
// Retries
// -------------------------------------------------------------------------------------------------

/** Waits of 1.5 s, 2.5 s, 4.5 s and 8.5 s: `Retry.documented`, half of its jitter drawn each time. */
const halfWay = Effect.withRandom(Random.fixed([0.5]))

describe("a retry under a deadline", () => {
  const retries = {
    "Effect.retry": <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.retry(effect, Retry.documented),
    "Retry.retry": <A, E, R>(effect: Effect.Effect<A, E, R>) => Retry.retry(effect, Retry.documented),
    "Effect.retry in a fork": <A, E, R>(effect: Effect.Effect<A, E, R>) =>
      Effect.flatMap(Effect.fork(Effect.retry(effect, Retry.documented)), Fiber.join),
    "a schedule with combinators on top": <A, E, R>(effect: Effect.Effect<A, E, R>) =>
      Effect.retry(
        effect,
        Retry.documented.pipe(
          Schedule.tapOutput(() => Effect.void),
          Schedule.intersect(Schedule.recurs(9))
        )
      )
  }

  it.effect.each(
    Object.entries(retries).flatMap(([name, retry]) => [
      { name, retry, limit: 1500, attempts: 1, at: 0 },
      { name, retry, limit: 1501, attempts: 2, at: 1500 },
      { name, retry, limit: 8500, attempts: 3, at: 4000 },
      { name, retry, limit: 8501, attempts: 4, at: 8500 },
      { name, retry, limit: 17_000, attempts: 4, at: 8500 },
      { name, retry, limit: 17_001, attempts: 5, at: 17_000 },
      { name, retry, limit: Infinity, attempts: 5, at: 17_000 }
    ])
  )("does not wait past the deadline: $name within $limit ms", ({ at, limit, retry, attempts }) =>
    Effect.gen(function* () {
      const made = yield* Ref.make(0)
      const call = Effect.zipRight(
        Ref.update(made, (n) => n + 1),
        down
      )
      const end = yield* endWithinAnHour(retry(call).pipe(Deadline.within(limit), halfWay))
      expect(end.at).toBe(at)
      // the effect's own error instead of a timeout: no attempt was interrupted
      expect(end.result).toMatchObject(Either.left({ reason: "Unavailable", status: 503 }))
      expect(yield* made).toBe(attempts)
    })
  )

  it.effect("counts the duration of the attempts themselves", () =>
    Effect.gen(function* () {
      const made = yield* Ref.make(0)
      const call = Effect.zipRight(
        Effect.zipRight(
          Ref.update(made, (n) => n + 1),
          Effect.sleep("1 second")
        ),
        down
      )
      // attempts end at 1 s, 3.5 s and 7 s
      const end = yield* endWithinAnHour(call.pipe(Effect.retry(Retry.documented), Deadline.within(7001), halfWay))
      expect([end.at, yield* made]).toEqual([7000, 3])
    })
  )

  it.effect("obeys the earlier of two deadlines", () =>
    Effect.gen(function* () {
      const nested = down.pipe(
        Effect.retry(Retry.documented),
        Deadline.within("1 minute"),
        Deadline.within("5 seconds"),
        halfWay
      )
      expect((yield* endWithinAnHour(nested)).at).toBe(4000)
    })
  )

  it.effect("does not wait for a server hint that ends past the deadline", () =>
    Effect.gen(function* () {
      const hinted = new ApiError.RateLimit({
        reason: "RateExceeded",
        delivery: "Acknowledged",
        retryAfter: Duration.seconds(30)
      })
      const within = (limit: Duration.DurationInput) => {
        const made = Ref.unsafeMake(0)
        const call = Effect.zipRight(
          Ref.update(made, (n) => n + 1),
          hinted
        )
        return endWithinAnHour(call.pipe(Effect.retry(Retry.documented), Deadline.within(limit), halfWay)).pipe(
          Effect.zipRight(made)
        )
      }
      expect(yield* within(30_500)).toBe(1)
      expect(yield* within(30_501)).toBe(2)
    })
  )

  it.effect("fails with a settled error when the deadline interrupts an attempt", () =>
    Effect.gen(function* () {
      const made = yield* Ref.make(0)
      const hangs = Effect.zipRight(
        Ref.update(made, (n) => n + 1),
        Effect.never
      )
      const again = Retry.make({ attempts: 3, base: 1, jitter: "none" })
      const owned = hangs.pipe(Retry.retry(again), Deadline.within("5 seconds"), Retry.retry(again))
      const end = yield* endWithinAnHour(owned)
      expect(end).toMatchObject({ at: 5000, result: Either.left({ phase: "deadline", attempts: 1 }) })
      expect(yield* made).toBe(1)
    })
  )

  it.effect("restarts the deadline for each attempt when the retry is outside", () =>
    Effect.gen(function* () {
      const again = Retry.make({ attempts: 3, base: 1000, factor: 1, jitter: "none" })
      const end = yield* endWithinAnHour(Effect.never.pipe(Deadline.within("5 seconds"), Retry.retry(again)))
      expect(end).toMatchObject({ at: 17_000, result: Either.left({ phase: "deadline", attempts: 3 }) })
    })
  )
})

it("rejects an invalid limit in seconds and nanoseconds", () => {
  for (const limit of [
    [Number.NaN, 0],
    [0, -5]
  ] as const) {
    expect(() => Deadline.within(Effect.void, limit)).toThrow("Deadline.within: limit is")
  }
})
