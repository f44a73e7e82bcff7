import { it } from "@effect/vitest"
import { Deferred, Effect, Fiber, FiberId, Layer, Logger, Option, TestClock } from "effect"
import { RateLimiter, Reliability, Store, Workload } from "effect-reliability"
import { describe, expect } from "vitest"
import { jain } from "../../src/testing/internal/simulator/report.js"

const only = (limiter: RateLimiter.RateLimiter) => {
  const [known, ...others] = RateLimiter.describe(limiter)
  if (known === undefined || others.length > 0) throw new Error(`${others.length} keys`)
  return known
}

const settle = Effect.repeatN(Effect.yieldNow(), 50)
const asking = { key: "api.example.com" }

/** A store that can be unavailable or slow, and counts its steps. */
const unreliable = Effect.map(Store.makeMemory, (store) => {
  const behaviour = { isOut: false, delay: 0, steps: 0, processes: 4, defect: false }
  const made: Store.Store = {
    get processes() {
      return behaviour.processes
    },
    modify: (slot, key, step) =>
      Effect.suspend(() => {
        behaviour.steps++
        if (behaviour.defect) return Effect.die("defect")
        if (behaviour.isOut) return Effect.fail(new Store.StoreUnavailable({ detail: "a test" }))
        return Effect.delay(store.modify(slot, key, step), behaviour.delay)
      })
  }
  return { store: made, behaviour }
})

/** Collects the messages of warnings. */
const collecting = () => {
  const messages: Array<unknown> = []
  const logger = Logger.make(({ logLevel, message }) => {
    if (logLevel.label === "WARN") messages.push(...(Array.isArray(message) ? (message as Array<unknown>) : [message]))
  })
  return { messages, layer: Logger.replace(Logger.defaultLogger, logger) }
}

describe("a limiter with a store", () => {
  it.effect("keeps a known limit together with other limiters, and shares it fairly", () =>
    Effect.gen(function* () {
      const store = yield* Store.makeMemory
      const make = RateLimiter.make({ requests: { limit: 10, per: "1 second" }, store })
      const limiters = yield* Effect.all([make, make, make])
      const counts = limiters.map(() => 0)
      yield* Effect.forEach(limiters, (limiter, n) =>
        Effect.sync(() => void (counts[n] = (counts[n] ?? 0) + 1)).pipe(
          RateLimiter.limit(limiter, asking),
          Effect.replicateEffect(100, { concurrency: "unbounded" }),
          Effect.fork
        )
      )
      yield* settle
      yield* TestClock.adjust("15 seconds")
      const total = counts.reduce((sum, count) => sum + count, 0)
      expect(total).toBeGreaterThan(0.95 * 150)
      expect(total).toBeLessThanOrEqual(156)
      expect(jain(counts)).toBeGreaterThan(0.95)
    })
  )

  it.effect("shows the calls in flight of all limiters, and counts waits only of calls that were held back", () =>
    Effect.gen(function* () {
      const store = yield* Store.makeMemory
      const [one, other] = yield* Effect.all(Effect.replicate(RateLimiter.make({ store, concurrency: 3 }), 2))
      if (one === undefined || other === undefined) throw new Error("no limiter")
      const call = (limiter: RateLimiter.RateLimiter) =>
        Effect.fork(Effect.sleep("1 second").pipe(RateLimiter.limit(limiter, asking)))
      yield* call(one)
      yield* settle
      yield* Effect.replicateEffect(call(other), 3)
      yield* settle
      expect(only(one)).toMatchObject({ inFlight: 1, admitted: 1, waited: 0 })
      expect(only(other)).toMatchObject({ inFlight: 3, waiting: 1, admitted: 2, waited: 0 })
      yield* TestClock.adjust("5 seconds")
      expect(only(other)).toMatchObject({ inFlight: 0, waiting: 0, admitted: 3, waited: 1 })
    })
  )

  it.effect("admits a call that was interrupted during its step nowhere", () =>
    Effect.gen(function* () {
      const { behaviour, store } = yield* unreliable
      const limiter = yield* RateLimiter.make({ store, concurrency: 1 })
      behaviour.delay = 50
      let runs = 0
      const call = Effect.sync(() => void runs++).pipe(RateLimiter.limit(limiter, asking))
      const fiber = yield* Effect.fork(call)
      yield* settle
      yield* Fiber.interrupt(fiber)
      expect(only(limiter).waiting).toBe(0)
      const next = yield* Effect.fork(call)
      yield* TestClock.adjust("300 millis")
      yield* Fiber.join(next)
      yield* TestClock.adjust("300 millis")
      expect(runs).toBe(1)
      expect(only(limiter)).toMatchObject({ inFlight: 0, waiting: 0 })
    })
  )

  it.effect("returns the admission of a call that was interrupted before it was sent", () =>
    Effect.gen(function* () {
      const limiter = yield* RateLimiter.make({ requests: { limit: 1 }, concurrency: 1 })
      const gate = yield* Deferred.make<void>()
      const holding = yield* Effect.fork(Deferred.await(gate).pipe(RateLimiter.limit(limiter, asking)))
      yield* settle
      const fiber = yield* Effect.fork(Effect.never.pipe(RateLimiter.limit(limiter, asking)))
      yield* settle
      // the fiber is admitted and interrupted before it runs again
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.join(holding)
      fiber.unsafeInterruptAsFork(FiberId.none)
      yield* Fiber.await(fiber)
      expect(only(limiter)).toMatchObject({ inFlight: 0, waiting: 0 })
    })
  )

  it.effect("decides alone during an outage, with its share, logs it once, and returns", () => {
    const { layer, messages } = collecting()
    return Effect.gen(function* () {
      const { behaviour, store } = yield* unreliable
      const limiter = yield* RateLimiter.make({ store, requests: { limit: 8, per: "1 second" } })
      let runs = 0
      const call = Effect.sync(() => void runs++).pipe(RateLimiter.limit(limiter, asking))
      yield* call
      behaviour.isOut = true
      const many = yield* Effect.fork(Effect.replicateEffect(call, 200, { concurrency: "unbounded" }))
      yield* settle
      yield* TestClock.adjust("10 seconds")
      expect(runs).toBeGreaterThan(18)
      expect(runs).toBeLessThan(24)
      expect(messages).toEqual([
        "RateLimiter: the store of shared limits is unavailable: a test; this process decides with its share of the limits"
      ])
      expect(only(limiter).outages).toBe(1)
      // looks for the store a few times a second, not for each call
      expect(behaviour.steps).toBeLessThan(100)
      behaviour.isOut = false
      const before = runs
      yield* TestClock.adjust("10 seconds")
      expect(runs - before).toBeGreaterThan(75)
      yield* Fiber.interrupt(many)
      behaviour.isOut = true
      const last = yield* Effect.fork(call)
      yield* TestClock.adjust("3 seconds")
      yield* Fiber.join(last)
      expect(messages).toHaveLength(2)
    }).pipe(Effect.provide(layer))
  })

  it.effect("treats a defect of the store as an outage", () => {
    const { layer, messages } = collecting()
    return Effect.gen(function* () {
      const { behaviour, store } = yield* unreliable
      behaviour.defect = true
      const limiter = yield* RateLimiter.make({ store })
      expect(yield* Effect.succeed(1).pipe(RateLimiter.limit(limiter, asking))).toBe(1)
      expect(messages).toHaveLength(1)
    }).pipe(Effect.provide(layer))
  })

  it.effect("fails calls during an outage with the option fail, and says why", () => {
    const { layer, messages } = collecting()
    return Effect.gen(function* () {
      const { behaviour, store } = yield* unreliable
      const limiter = yield* RateLimiter.make({ store, onOutage: "fail" })
      behaviour.isOut = true
      const error = yield* Effect.flip(Effect.void.pipe(RateLimiter.limit(limiter, asking)))
      expect(error).toMatchObject({ reason: "LocallyLimited", delivery: "NotSent", code: "store" })
      expect(error.message).toContain("the store is unavailable, and the option onOutage is fail")
      const policy = Reliability.make({ workload: Workload.interactive, limiter: { limiter, ...asking } })
      const settled = yield* Effect.flip(Reliability.protect(Effect.void, policy))
      expect(settled).toMatchObject({ reason: "LocallyLimited", stopped: "StoreUnavailable" })
      expect(only(limiter).refused).toEqual({ store: 2 })
      expect(messages).toEqual([
        "RateLimiter: the store of shared limits is unavailable: a test; calls fail until it is available"
      ])
      behaviour.isOut = false
      yield* Effect.void.pipe(RateLimiter.limit(limiter, asking))
    }).pipe(Effect.provide(layer))
  })

  it.effect("refuses a call at its deadline while the store does not respond", () =>
    Effect.gen(function* () {
      const { behaviour, store } = yield* unreliable
      behaviour.delay = 10_000
      const limiter = yield* RateLimiter.make({ store })
      const workload = Workload.with(Workload.interactive, { deadline: "1 second" })
      const fiber = yield* Effect.fork(
        Effect.flip(Reliability.protect(Effect.void, Reliability.make({ workload, limiter })))
      )
      yield* TestClock.adjust("1 second")
      expect(yield* Fiber.join(fiber)).toMatchObject({ reason: "LocallyLimited", stopped: "Deadline" })
      yield* TestClock.adjust("1 minute")
      expect(only(limiter)).toMatchObject({ inFlight: 0, waiting: 0 })
    })
  )

  it.effect("uses the store of its layer's context", () =>
    Effect.gen(function* () {
      const { behaviour, store } = yield* unreliable
      const limits = RateLimiter.layer()
      const call = Effect.flatMap(RateLimiter.RateLimiter, (limiter) =>
        Effect.void.pipe(RateLimiter.limit(limiter, asking))
      )
      yield* call.pipe(Effect.provide(limits))
      expect(behaviour.steps).toBe(0)
      yield* call.pipe(Effect.provide(limits.pipe(Layer.provide(Layer.succeed(Store.Store, store)))))
      expect(behaviour.steps).toBe(1)
      yield* TestClock.adjust("5 millis")
      expect(behaviour.steps).toBe(2)
      expect(Option.isNone(yield* Effect.serviceOption(Store.Store))).toBe(true)
    })
  )

  it("rejects invalid options", () => {
    const store = (processes: number): Store.Store => ({ processes, modify: () => Effect.never })
    expect(() => RateLimiter.make({ store: store(0) })).toThrow(
      "RateLimiter.make: store.processes is 0; it must be an integer of at least 1"
    )
    // @ts-expect-error no such behaviour
    expect(() => RateLimiter.make({ onOutage: "wait" })).toThrow(
      'RateLimiter.make: onOutage is "wait"; it must be one of local, fail'
    )
  })
})
