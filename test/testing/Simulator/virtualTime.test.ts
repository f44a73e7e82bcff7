import { Clock, Deferred, Duration, Effect, Fiber, Random } from "effect"
import { describe, expect, it } from "vitest"
import { monotonicMillis } from "../../../src/internal/clock.js"
import { within } from "../../../src/testing/internal/simulator/execute.js"
import { VirtualTime } from "../../../src/testing/internal/simulator/virtualTime.js"

/** Runs an effect in virtual time. */
const run = <A, E>(effect: Effect.Effect<A, E>, { promises = false, seed = 1 } = {}) =>
  Effect.runPromise(within(new VirtualTime({ promises }), seed, effect))

const day = 86_400_000
const start = Date.UTC(2026, 0, 1)

describe("the clock of a simulation", () => {
  it("advances to the next timer at once", async () => {
    const before = performance.now()
    const times = Effect.all([
      Clock.currentTimeMillis,
      Clock.currentTimeNanos,
      monotonicMillis,
      Effect.clockWith((clock) => Effect.sync(() => clock.unsafeCurrentTimeMillis())),
      Effect.clockWith((clock) => Effect.sync(() => clock.unsafeCurrentTimeNanos()))
    ])
    expect(await run(Effect.zip(times, Effect.zipRight(Effect.sleep("1 day"), times)))).toEqual([
      [start, BigInt(start) * 1_000_000n, 0, start, BigInt(start) * 1_000_000n],
      [start + day, BigInt(start + day) * 1_000_000n, day, start + day, BigInt(start + day) * 1_000_000n]
    ])
    expect(performance.now() - before).toBeLessThan(day / 1000)
  })

  it("wakes sleepers in the order of time, and those of one moment in the order in which they began", async () => {
    const log: Array<string> = []
    const sleeper = (name: string, millis: number) =>
      Effect.sleep(millis).pipe(
        Effect.zipRight(monotonicMillis),
        Effect.map((now) => log.push(`${name} ${now}`))
      )
    const sleepers = [sleeper("a", 20), sleeper("b", 10), sleeper("c", 20), sleeper("d", 0.5)]
    await run(Effect.all(sleepers, { concurrency: "unbounded" }))
    expect(log).toEqual(["d 0.5", "b 10", "a 20", "c 20"])
  })

  it("lets all fibers run before it advances", async () => {
    const program = Effect.gen(function* () {
      const deferred = yield* Deferred.make<void>()
      const slow = yield* Effect.fork(
        Effect.zipRight(Effect.replicateEffect(Effect.yieldNow(), 100), Deferred.succeed(deferred, undefined))
      )
      yield* Deferred.await(deferred).pipe(Effect.timeout("1 millis"))
      yield* Fiber.join(slow)
      return yield* monotonicMillis
    })
    expect(await run(program)).toBe(0)
  })

  it("removes the timer of an interrupted sleeper", async () => {
    const program = Effect.sleep("1 day").pipe(Effect.timeoutOption("1 second"), Effect.zipRight(monotonicMillis))
    expect(await run(program)).toBe(1000)
  })

  it("does not wake after an infinite time", async () => {
    const program = Effect.sleep(Duration.infinity).pipe(
      Effect.timeoutOption("1 hour"),
      Effect.map(({ _tag }) => _tag)
    )
    expect(await run(program)).toBe("None")
  })

  it("draws the same random numbers for the same seed", async () => {
    const draw = Effect.replicateEffect(Random.next, 5)
    expect(await run(draw, { seed: 7 })).toEqual(await run(draw, { seed: 7 }))
    expect(await run(draw, { seed: 7 })).not.toEqual(await run(draw, { seed: 8 }))
  })
})

describe("a program in virtual time", () => {
  it("fails with its own error", async () => {
    expect(await run(Effect.flip(Effect.zipRight(Effect.sleep("1 second"), Effect.fail("broken"))))).toBe("broken")
  })

  it("runs its finalizers when it is interrupted", async () => {
    const log: Array<string> = []
    const time = new VirtualTime({ promises: false })
    const program = Effect.gen(function* () {
      const began = yield* Deferred.make<void>()
      const busy = Effect.forever(Effect.sleep("1 millis")).pipe(
        Effect.onInterrupt(() =>
          Effect.zipRight(
            Effect.sleep("1 second"),
            Effect.sync(() => log.push("finalized"))
          )
        )
      )
      const fiber = yield* Effect.fork(Effect.zipRight(Deferred.succeed(began, undefined), within(time, 1, busy)))
      yield* Deferred.await(began)
      yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
      yield* Fiber.interrupt(fiber)
    })
    await Effect.runPromise(program)
    expect(log).toEqual(["finalized"])
  })

  it("dies if a promise resumes a fiber unexpectedly", async () => {
    const later = Effect.promise(() => Promise.resolve(1))
    await expect(run(Effect.zip(later, Effect.sleep("1 second"), { concurrent: true }))).rejects.toThrow(/`promises`/)
    const busy = Effect.forever(Effect.sleep(1))
    await expect(run(Effect.zip(later, busy, { concurrent: true }))).rejects.toThrow(/resumed a fiber/)
  })

  it("waits for promises if it may use them", async () => {
    const program = Effect.gen(function* () {
      const before = yield* monotonicMillis
      let steps: Promise<unknown> = Promise.resolve()
      for (let i = 0; i < 100; i++) steps = steps.then(() => i)
      yield* Effect.promise(() => steps).pipe(Effect.timeout("1 millis"))
      return (yield* monotonicMillis) - before
    })
    expect(await run(program, { promises: true })).toBe(0)
  })

  it("dies if all fibers wait for ever", async () => {
    await expect(run(Effect.never)).rejects.toThrow(/^Every fiber of the simulation waits, and no timer is set/)
  })

  it("dies if a fiber runs without end at one moment", async () => {
    await expect(run(Effect.forever(Effect.yieldNow()))).rejects.toThrow(/at the moment 0 ms of the simulation/)
  })
})
