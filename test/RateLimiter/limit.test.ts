import { describe, it } from "@effect/vitest"
import { Deferred, Duration, Effect, Exit, Fiber, FiberStatus, Layer, TestClock } from "effect"
import { ApiError, Deadline, RateLimiter, Retry } from "effect-reliability"
import { expect } from "vitest"

const key = "api.example.com"

const refusal = (retryAfter?: Duration.DurationInput) =>
  new ApiError.RateLimit({
    reason: "RateExceeded",
    delivery: "Acknowledged",
    status: 429,
    retryAfter: retryAfter === undefined ? undefined : Duration.decode(retryAfter)
  })

const unavailable = new ApiError.Transient({ reason: "Unavailable", delivery: "Acknowledged", status: 503 })

const known = (limiter: RateLimiter.RateLimiter, of = key) => {
  const found = RateLimiter.describe(limiter).find(({ key }) => key === of)
  if (found === undefined) throw new Error(`nothing is known of ${of}`)
  return found
}

/** Lets the forked fibers begin. */
const settle = Effect.repeatN(Effect.yieldNow(), 20)

describe("options", () => {
  it.each([
    [{ concurrency: 0 }, "RateLimiter.make: concurrency is 0; it must be an integer of at least 1"],
    [{ concurrency: 1.5 }, "RateLimiter.make: concurrency is 1.5; it must be an integer of at least 1"],
    [{ queue: -1 }, "RateLimiter.make: queue is -1; it must be an integer of at least 0"],
    [{ requests: { limit: 0 } }, "RateLimiter.make: requests.limit is 0; it must be above 0"],
    [{ requests: { limit: Number.NaN } }, "RateLimiter.make: requests.limit is NaN; it must be a number of at least 0"],
    [{ inputTokens: { limit: 1, per: 0 } }, "RateLimiter.make: inputTokens.per is 0; it must be at least 1 ms"],
    [
      { classes: { nightly: -1 } },
      "RateLimiter.make: classes.nightly is -1; it must be a duration that is not negative"
    ],
    [{ idleTimeToLive: "1 millis" }, "RateLimiter.make: idleTimeToLive is 1ms; it must be at least 1000 ms"]
  ] as const)("rejects %j, and names the value", (options, message) => {
    expect(() => RateLimiter.make(options)).toThrow(RangeError)
    expect(() => RateLimiter.make(options)).toThrow(message)
  })

  it.effect("rejects an unknown class, and an empty key", () =>
    Effect.gen(function* () {
      const limiter = yield* RateLimiter.make()
      expect(() => RateLimiter.limit(Effect.void, limiter, { key, class: "nightly" })).toThrow(
        'RateLimiter.limit: class is "nightly"; it must be one of interactive, batch'
      )
      expect(() => RateLimiter.limit(Effect.void, limiter, { key: "" })).toThrow(
        'RateLimiter.limit: key is ""; it must be a string that is not empty'
      )
      const own = yield* RateLimiter.make({ classes: { nightly: "1 hour" } })
      expect(Object.keys(own.classes)).toEqual(["interactive", "batch", "nightly"])
    })
  )
})

describe("limit", () => {
  it.effect("lets the first calls go at once, and paces the others", () =>
    Effect.gen(function* () {
      const limiter = yield* RateLimiter.make()
      let done = 0
      const call = Effect.sync(() => void done++).pipe(RateLimiter.limit(limiter, { key }))
      const fibers = yield* Effect.forkAll(Effect.replicate(call, 50))
      yield* settle
      expect(done).toBe(5)
      expect(known(limiter).waiting).toBe(45)
      yield* TestClock.adjust("10 seconds")
      yield* Fiber.join(fibers)
      expect(done).toBe(50)
      expect(known(limiter)).toMatchObject({ waiting: 0, inFlight: 0, admitted: 50, waited: 45 })
      expect(known(limiter).waitedMillis).toBeGreaterThan(0)
    })
  )

  it.effect("admits one call after another within the concurrency, first in, first out", () =>
    Effect.gen(function* () {
      const limiter = yield* RateLimiter.make({ concurrency: 1, requests: { limit: 1e6 } })
      const order: Array<number> = []
      const call = (n: number) =>
        Effect.zipRight(
          Effect.sync(() => order.push(n)),
          Effect.sleep("1 second")
        ).pipe(RateLimiter.limit(limiter, { key }))
      const fibers = yield* Effect.forEach([1, 2, 3, 4], (n) => Effect.fork(call(n)))
      yield* settle
      expect(order).toEqual([1])
      yield* TestClock.adjust("1500 millis")
      expect(order).toEqual([1, 2])
      yield* TestClock.adjust("10 seconds")
      yield* Fiber.joinAll(fibers)
      expect(order).toEqual([1, 2, 3, 4])
    })
  )

  it.effect("lets interactive calls overtake batch calls", () =>
    Effect.gen(function* () {
      const limiter = yield* RateLimiter.make({ concurrency: 1, requests: { limit: 1e6 } })
      const order: Array<string> = []
      const call = (name: string, klass: string) =>
        Effect.zipRight(
          Effect.sync(() => order.push(name)),
          Effect.sleep("1 second")
        ).pipe(RateLimiter.limit(limiter, { key, class: klass }))
      const fibers: Array<Fiber.Fiber<void, ApiError.RateLimit>> = []
      for (const [name, klass] of [
        ["first", "batch"],
        ["patient", "batch"],
        ["urgent", "interactive"]
      ] as const) {
        fibers.push(yield* Effect.fork(call(name, klass)))
        yield* settle
      }
      yield* TestClock.adjust("1 minute")
      yield* Fiber.joinAll(fibers)
      expect(order).toEqual(["first", "urgent", "patient"])
    })
  )

  it.effect("keeps keys apart, and forgets those that are idle", () =>
    Effect.gen(function* () {
      const limiter = yield* RateLimiter.make({ concurrency: 1, idleTimeToLive: "10 seconds" })
      const hanging = yield* Effect.fork(Effect.never.pipe(RateLimiter.limit(limiter, { key: "a" })))
      yield* settle
      yield* Effect.void.pipe(RateLimiter.limit(limiter, { key: "b" }))
      yield* TestClock.adjust("11 seconds")
      yield* Effect.void.pipe(RateLimiter.limit(limiter, { key: "c" }))
      // what is in flight is remembered
      expect(RateLimiter.describe(limiter).map(({ key }) => key)).toEqual(["a", "c"])
      yield* Fiber.interrupt(hanging)
      expect(known(limiter, "a").inFlight).toBe(0)
    })
  )

  it.effect("holds nothing after an interruption, of the wait or of the effect", () =>
    Effect.gen(function* () {
      const limiter = yield* RateLimiter.make({ concurrency: 1 })
      const running = yield* Effect.fork(Effect.never.pipe(RateLimiter.limit(limiter, { key })))
      yield* settle
      const waiting = yield* Effect.fork(Effect.never.pipe(RateLimiter.limit(limiter, { key })))
      yield* settle
      expect(known(limiter)).toMatchObject({ inFlight: 1, waiting: 1 })
      yield* Fiber.interrupt(waiting)
      expect(known(limiter)).toMatchObject({ inFlight: 1, waiting: 0 })
      yield* Fiber.interrupt(running)
      expect(known(limiter)).toMatchObject({ inFlight: 0, waiting: 0 })
      expect(yield* TestClock.sleeps()).toHaveLength(0)
    })
  )

  it.effect("gives back an admission that meets an interruption", () =>
    Effect.gen(function* () {
      const limiter = yield* RateLimiter.make({ concurrency: 1 })
      const gate = yield* Deferred.make<void>()
      const running = yield* Effect.fork(Deferred.await(gate).pipe(RateLimiter.limit(limiter, { key })))
      yield* settle
      const waiting = yield* Effect.fork(Effect.never.pipe(RateLimiter.limit(limiter, { key })))
      yield* settle
      // the end of the one admits the other, whose fiber is interrupted before it runs
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.interruptFork(waiting)
      yield* Fiber.join(running)
      yield* TestClock.adjust("10 seconds")
      yield* settle
      expect(Exit.isInterrupted(yield* Fiber.await(waiting))).toBe(true)
      expect(known(limiter)).toMatchObject({ inFlight: 0, waiting: 0 })
    })
  )

  it.effect("ends at once when it is interrupted in a wait", () =>
    Effect.gen(function* () {
      const limiter = yield* RateLimiter.make({ concurrency: 1 })
      yield* Effect.fork(Effect.never.pipe(RateLimiter.limit(limiter, { key })))
      yield* settle
      const waiting = yield* Effect.fork(Effect.void.pipe(RateLimiter.limit(limiter, { key })))
      yield* settle
      expect(FiberStatus.isSuspended(yield* Fiber.status(waiting))).toBe(true)
      const exit = yield* Fiber.interrupt(waiting)
      expect(Exit.isInterrupted(exit)).toBe(true)
    })
  )

  it.effect("sets one timer for all that wait for a key", () =>
    Effect.gen(function* () {
      const limiter = yield* RateLimiter.make()
      yield* Effect.forkAll(Effect.replicate(Effect.never.pipe(RateLimiter.limit(limiter, { key })), 200))
      yield* settle
      expect(known(limiter).waiting).toBe(195)
      expect(yield* TestClock.sleeps()).toHaveLength(1)
    })
  )

  it.effect("fails at once if the queue is full, and says so", () =>
    Effect.gen(function* () {
      const limiter = yield* RateLimiter.make({ concurrency: 1, queue: 1 })
      const call = Effect.never.pipe(RateLimiter.limit(limiter, { key }))
      yield* Effect.fork(call)
      yield* settle
      yield* Effect.fork(call)
      yield* settle
      const error = yield* Effect.flip(call)
      expect(error).toMatchObject({
        _tag: "RateLimit",
        reason: "LocallyLimited",
        delivery: "NotSent",
        code: "concurrency",
        attempts: 0
      })
      expect(error.message).toBe(
        "LocallyLimited: the rate limiter of this process had no room for the call (concurrency): the brake is the number " +
          "of calls in flight (option concurrency); the queue is full (1 call waits, 1 in flight). Nothing was sent. Send " +
          "fewer calls at once, or allow them more time."
      )
      expect(ApiError.mayHaveExecuted(error)).toBe(false)
      expect(known(limiter).refused).toEqual({ concurrency: 1 })
    })
  )

  it.effect("fails at once if the wait would end after the deadline, and says when there will be room", () =>
    Effect.gen(function* () {
      const limiter = yield* RateLimiter.make({ requests: { limit: 60 } })
      const call = Effect.void.pipe(RateLimiter.limit(limiter, { key }))
      yield* Effect.forkAll(Effect.replicate(call, 15))
      yield* settle
      expect(known(limiter).waiting).toBe(10)
      const error = yield* Effect.flip(Deadline.within(call, "5 seconds"))
      expect(error).toMatchObject({ reason: "LocallyLimited", code: "requests", delivery: "NotSent" })
      expect(Duration.toSeconds(error.retryAfter ?? Duration.zero)).toBe(10)
      // the others are not disturbed
      expect(known(limiter).waiting).toBe(10)
    })
  )

  it.effect("fails when the deadline comes, if the end of the wait was not known", () =>
    Effect.gen(function* () {
      const limiter = yield* RateLimiter.make({ concurrency: 1 })
      yield* Effect.fork(Effect.never.pipe(RateLimiter.limit(limiter, { key })))
      yield* settle
      const waiting = yield* Effect.fork(
        Effect.flip(Deadline.within(Effect.void.pipe(RateLimiter.limit(limiter, { key })), "5 seconds"))
      )
      yield* TestClock.adjust("4999 millis")
      expect(known(limiter).waiting).toBe(1)
      yield* TestClock.adjust("1 millis")
      const error = yield* Fiber.join(waiting)
      expect(["LocallyLimited", "Timeout"]).toContain(error.reason)
      expect(known(limiter).waiting).toBe(0)
    })
  )

  it.effect("learns from refusals, waits out pauses, and leaves the caller's mistakes alone", () =>
    Effect.gen(function* () {
      const limiter = yield* RateLimiter.make()
      const asking = { key }
      yield* Effect.ignore(Effect.fail(refusal()).pipe(RateLimiter.limit(limiter, asking)))
      expect(known(limiter).serverRefusals).toBe(1)
      expect(known(limiter).pausedFor).toBeGreaterThan(0)
      yield* TestClock.adjust("10 seconds")
      const paces = known(limiter).paces
      const wrong = new ApiError.Fatal({ reason: "BadRequest", delivery: "Acknowledged", status: 400 })
      yield* Effect.ignore(Effect.fail(wrong).pipe(RateLimiter.limit(limiter, asking)))
      yield* TestClock.adjust("1 second")
      yield* Effect.ignore(Effect.fail("an error of its own").pipe(RateLimiter.limit(limiter, asking)))
      expect(known(limiter).paces).toEqual(paces)
      expect(known(limiter).pausedFor).toBe(0)
    })
  )

  it.effect("parks all calls at the second refusal in a row that carries a hint", () =>
    Effect.gen(function* () {
      const limiter = yield* RateLimiter.make()
      const refused = Effect.ignore(Effect.fail(refusal("30 seconds")).pipe(RateLimiter.limit(limiter, { key })))
      yield* refused
      expect(known(limiter).pausedFor).toBeLessThan(3000)
      yield* TestClock.adjust("3 seconds")
      yield* refused
      expect(known(limiter).pausedFor).toBe(30_000)
      let went = false
      const next = yield* Effect.fork(Effect.sync(() => void (went = true)).pipe(RateLimiter.limit(limiter, { key })))
      yield* TestClock.adjust("29 seconds")
      expect(went).toBe(false)
      yield* TestClock.adjust("5 seconds")
      yield* Fiber.join(next)
      expect(went).toBe(true)
    })
  )

  it.effect("shuts after failures in a row, also those of an overloaded service", () =>
    Effect.gen(function* () {
      const limiter = yield* RateLimiter.make({ requests: { limit: 6000 } })
      const overloaded = new ApiError.RateLimit({ reason: "Overloaded", delivery: "Acknowledged", status: 429 })
      const gate = yield* Deferred.make<void>()
      const fail = (error: ApiError.ApiError) =>
        Effect.zipRight(Deferred.await(gate), Effect.fail(error)).pipe(
          RateLimiter.limit(limiter, { key }),
          Effect.ignore
        )
      const errors = [overloaded, unavailable, overloaded, unavailable, unavailable]
      const fibers = yield* Effect.forEach(errors, (error) => Effect.fork(fail(error)))
      yield* settle
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.joinAll(fibers)
      expect(known(limiter).serverRefusals).toBe(0)
      expect(known(limiter).pausedFor).toBeGreaterThan(0)
    })
  )

  it.effect("works inside retries, whose delays remain floors", () =>
    Effect.gen(function* () {
      const limiter = yield* RateLimiter.make()
      let attempts = 0
      const call = Effect.suspend(() => (++attempts < 3 ? Effect.fail(unavailable) : Effect.succeed("done"))).pipe(
        RateLimiter.limit(limiter, { key }),
        Retry.retry(Retry.make({ base: "10 seconds", jitter: "none" }))
      )
      const fiber = yield* Effect.fork(call)
      yield* TestClock.adjust("9 seconds")
      expect(attempts).toBe(1)
      yield* TestClock.adjust("1 second")
      expect(attempts).toBe(2)
      yield* TestClock.adjust("20 seconds")
      expect(yield* Fiber.join(fiber)).toBe("done")
    })
  )

  it.effect("charges tokens, at the pace that is given", () =>
    Effect.gen(function* () {
      const limiter = yield* RateLimiter.make({ inputTokens: { limit: 1000, per: "1 second" } })
      let done = 0
      const call = Effect.sync(() => void done++).pipe(RateLimiter.limit(limiter, { key, cost: { input: 2000 } }))
      yield* Effect.forkAll(Effect.replicate(call, 4))
      yield* settle
      // three seconds are saved up
      expect(done).toBe(1)
      yield* TestClock.adjust("20 seconds")
      expect(done).toBe(4)
    })
  )
})

describe("layer", () => {
  it.effect("provides one limiter to all", () =>
    Effect.gen(function* () {
      const twice = yield* Effect.all([RateLimiter.RateLimiter, RateLimiter.RateLimiter])
      expect(twice[0]).toBe(twice[1])
    }).pipe(Effect.provide(Layer.fresh(RateLimiter.layer({ concurrency: 3 }))))
  )
})
