import { it } from "@effect/vitest"
import { Effect, Fiber, TestClock } from "effect"
import { CircuitBreaker, RateLimiter, Reliability, RetryBudget, Store, Telemetry } from "effect-reliability"
import { describe, expect } from "vitest"
import { exactly, unavailable } from "../support/telemetry.js"

/** Returns the series of the page that contain a text, without the prefix of their names. */
const series = (containing: string) =>
  Effect.map(Telemetry.prometheus, (page) =>
    page
      .split("\n")
      .filter((line) => /^reliability_(breaker|store)_/.test(line) && line.includes(containing))
      .map((line) => line.replace("reliability_", ""))
      .toSorted()
  )

const tripping = { tripPolicy: CircuitBreaker.consecutive(1), openDuration: "2 seconds" } as const

describe("Telemetry.metrics of circuits", () => {
  it.effect("records the state, the transitions and the refusals of each circuit", () =>
    Effect.gen(function* () {
      const key = "circuit-1"
      const label = `reliability_breaker_key="${key}"`
      const breaker = yield* CircuitBreaker.make(tripping)
      const inCircuit = CircuitBreaker.withBreaker(breaker, { key })
      yield* inCircuit(Effect.void)
      // a circuit that never changed its state needs `observeBreaker`
      expect(yield* series(key)).toEqual([])
      yield* Effect.ignore(inCircuit(Effect.fail(unavailable)))
      yield* Effect.ignore(inCircuit(Effect.void))
      yield* Effect.ignore(inCircuit(Effect.void))
      const open = [
        `breaker_refusals_total{${label}} 2`,
        `breaker_state{${label}} 2`,
        `breaker_transitions_total{reliability_breaker_from="Closed",${label},reliability_breaker_to="Open"} 1`
      ]
      expect(yield* series(key)).toEqual(open)

      yield* TestClock.adjust("2 seconds")
      const probe = yield* Effect.fork(inCircuit(Effect.sleep("1 second")))
      yield* TestClock.adjust(0)
      expect(yield* series(key)).toContain(`breaker_state{${label}} 1`)
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(probe)
      expect(yield* series(key)).toContain(`breaker_state{${label}} 0`)
    }).pipe(Effect.provide(Telemetry.metrics))
  )

  it.effect("counts each refusal of a call that waits for its circuit", () =>
    Effect.gen(function* () {
      const key = "circuit-2"
      const breaker = yield* CircuitBreaker.make(tripping)
      const policy = Reliability.make({ workload: exactly("w"), breaker: { breaker, key } })
      let attempts = 0
      const call = Effect.suspend(() => (++attempts === 1 ? Effect.fail(unavailable) : Effect.void))
      const fiber = yield* Effect.fork(Reliability.protect(call, policy))
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(fiber)
      expect(yield* series(key)).toContain(`breaker_refusals_total{reliability_breaker_key="${key}"} 1`)
    }).pipe(Effect.provide(Telemetry.metrics))
  )

  it.effect("records nothing without the layer", () =>
    Effect.gen(function* () {
      const breaker = yield* CircuitBreaker.make(tripping)
      yield* Effect.ignore(CircuitBreaker.withBreaker(Effect.fail(unavailable), breaker, { key: "circuit-3" }))
      expect(yield* series("circuit-3")).toEqual([])
    })
  )

  it.scoped("records the state of circuits that never opened by observeBreaker", () =>
    Effect.gen(function* () {
      const key = "circuit-4"
      const breaker = yield* CircuitBreaker.make({ ...tripping, store: yield* Store.makeMemory })
      yield* Telemetry.observeBreaker(breaker, { every: "1 second" })
      yield* CircuitBreaker.withBreaker(Effect.void, breaker, { key })
      yield* TestClock.adjust("1 second")
      expect(yield* series(key)).toEqual([`breaker_state{reliability_breaker_key="${key}"} 0`])
      expect(() => Telemetry.observeBreaker(breaker, { every: 0 })).toThrow("Telemetry.observeBreaker: every")
    })
  )
})

describe("Telemetry.metrics of stores", () => {
  it.effect("counts outages and the steps that policies take without their store", () =>
    Effect.gen(function* () {
      let isOut = true
      const memory = yield* Store.makeMemory
      const store: Store.Store = {
        modify: (slot, key, step) =>
          isOut ? Effect.fail(new Store.StoreUnavailable({ detail: "down" })) : memory.modify(slot, key, step)
      }
      const budget = yield* RetryBudget.make({ store })
      const breaker = yield* CircuitBreaker.make({ store })
      const limiter = yield* RateLimiter.make({ store })
      const before = new Map((yield* series("policy")).map((line) => [line.split(" ")[0], Number(line.split(" ")[1])]))
      yield* budget.withdraw
      yield* budget.withdraw
      yield* breaker.state("a")
      yield* RateLimiter.limit(Effect.void, limiter, { key: "a" })
      isOut = false
      yield* budget.withdraw
      isOut = true
      yield* budget.withdraw
      const counted = (yield* series("policy")).map((line) => {
        const [name = "", value] = line.split(" ")
        return `${name} ${Number(value) - (before.get(name) ?? 0)}`
      })
      const of = (name: string, policy: string) =>
        counted
          .find((line) => line.startsWith(`store_${name}_total{reliability_store_policy="${policy}"}`))
          ?.split(" ")[1]
      expect([of("outages", "RetryBudget"), of("local_decisions", "RetryBudget")]).toEqual(["2", "3"])
      expect([of("outages", "CircuitBreaker"), of("local_decisions", "CircuitBreaker")]).toEqual(["1", "1"])
      expect(of("outages", "RateLimiter")).toBe("1")
      expect(Number(of("local_decisions", "RateLimiter"))).toBeGreaterThanOrEqual(1)
    }).pipe(Effect.provide(Telemetry.layer({ logs: { outage: "None" } })))
  )
})
