import { describe, it } from "@effect/vitest"
import { Clock, Config, Context, Effect, FastCheck as fc, Fiber, Layer, Random, Schedule, TestClock } from "effect"
import { ApiError, RateLimiter, Reliability, Retry, RetryBudget, Store, Workload } from "effect-reliability"
import { expect } from "vitest"
import { accrue } from "../src/internal/retryBudget/tokens.js"

// -------------------------------------------------------------------------------------------------
// Arithmetic
// -------------------------------------------------------------------------------------------------

const anyOptions = fc.record({
  ratio: fc.double({ min: 0, max: 10, noNaN: true }),
  minPerSecond: fc.double({ min: 0, max: 1000, noNaN: true }),
  max: fc.double({ min: 1, max: 10_000, noNaN: true })
})

/** Moments of a process that has run for a year at most. */
const anyMoment = fc.double({ min: 0, max: 3.2e10, noNaN: true })

const anyCalls = fc.nat(10_000)

/** Options, and a state that a budget of these options can be in. */
const anyBudget = anyOptions.chain((options) =>
  fc.record({
    options: fc.constant(options),
    state: fc.record({ tokens: fc.double({ min: 0, max: options.max, noNaN: true }), at: anyMoment })
  })
)

/** Expects equality up to rounding. */
const expectClose = (actual: number, expected: number) =>
  expect(Math.abs(actual - expected)).toBeLessThanOrEqual(1e-6 * Math.max(1, Math.abs(expected)))

describe("the accrual of tokens", () => {
  const options = { ratio: 0.1, minPerSecond: 2, max: 20 }

  it("adds tokens per second and per call, up to max", () => {
    const empty = { tokens: 0, at: 1000 }
    expect(accrue(empty, options, 1000, 0)).toEqual({ tokens: 0, at: 1000 })
    expect(accrue(empty, options, 1500, 0)).toEqual({ tokens: 1, at: 1500 })
    expect(accrue(empty, options, 1000, 5)).toEqual({ tokens: 0.5, at: 1000 })
    expect(accrue(empty, options, 4000, 10)).toEqual({ tokens: 7, at: 4000 })
    expect(accrue(empty, options, 11_000, 0)).toEqual({ tokens: 20, at: 11_000 })
    expect(accrue(empty, options, 60_000, 0)).toEqual({ tokens: 20, at: 60_000 })
    expect(accrue({ tokens: 19.5, at: 0 }, options, 0, 6)).toEqual({ tokens: 20, at: 0 })
  })

  it("adds no tokens while the clock is behind its latest time", () => {
    const state = { tokens: 3, at: 10_000 }
    const back = accrue(state, options, 4000, 0)
    expect(back).toEqual(state)
    expect(accrue(back, options, 10_000, 0)).toEqual(state)
    expect(accrue(back, options, 10_500, 0)).toEqual({ tokens: 4, at: 10_500 })
  })

  it("keeps the tokens between their previous number and max", () => {
    fc.assert(
      fc.property(anyBudget, anyMoment, anyCalls, ({ options, state }, now, calls) => {
        const { at, tokens } = accrue(state, options, now, calls)
        expect(tokens).toBeGreaterThanOrEqual(state.tokens)
        expect(tokens).toBeGreaterThanOrEqual(0)
        expect(tokens).toBeLessThanOrEqual(options.max)
        expect(at).toBe(Math.max(state.at, now))
      })
    )
  })

  it("increases with time and calls", () => {
    fc.assert(
      fc.property(
        anyBudget,
        anyMoment,
        anyMoment,
        anyCalls,
        anyCalls,
        ({ options, state }, now, later, calls, more) => {
          const { tokens } = accrue(state, options, Math.min(now, later), Math.min(calls, more))
          expect(accrue(state, options, Math.max(now, later), Math.min(calls, more)).tokens).toBeGreaterThanOrEqual(
            tokens
          )
          expect(accrue(state, options, Math.min(now, later), Math.max(calls, more)).tokens).toBeGreaterThanOrEqual(
            tokens
          )
        }
      )
    )
  })

  it("returns the same in one step and in two", () => {
    fc.assert(
      fc.property(anyBudget, anyMoment, anyMoment, anyCalls, anyCalls, ({ options, state }, a, b, calls, more) => {
        const [first, second] = [Math.min(a, b), Math.max(a, b)]
        const twice = accrue(accrue(state, options, first, calls), options, second, more)
        const once = accrue(state, options, second, calls + more)
        expectClose(twice.tokens, once.tokens)
        expect(twice.at).toBe(once.at)
      })
    )
  })
})

// -------------------------------------------------------------------------------------------------
// A naive model
// -------------------------------------------------------------------------------------------------

type Event = { readonly does: "passes"; readonly millis: number } | { readonly does: "deposit" | "withdraw" | "look" }

/** Quarters and halves, so that no rounding hides a lost token. */
const exactOptions = fc.record({
  ratio: fc.constantFrom(0, 0.25, 0.5, 1, 3),
  minPerSecond: fc.constantFrom(0, 0.5, 1, 4),
  max: fc.constantFrom(1, 1.5, 2, 7)
})

const anyEvent: fc.Arbitrary<Event> = fc.oneof(
  fc.record({ does: fc.constant("passes" as const), millis: fc.integer({ min: -8, max: 24 }).map((n) => n * 125) }),
  fc.record({ does: fc.constantFrom("deposit" as const, "withdraw" as const, "look" as const) })
)

/** A naive budget that counts eighths of a token in steps of an eighth of a second. */
const naively = (options: RetryBudget.RetryBudget["options"], events: ReadonlyArray<Event>) => {
  const max = options.max * 8
  let eighths = max
  let clock = 0
  let latest = 0
  let suppressed = 0
  const earn = (amount: number) => (eighths = Math.min(max, eighths + amount))
  return events.map((event) => {
    if (event.does === "passes") {
      clock += event.millis
      return undefined
    }
    for (; latest < clock; latest += 125) earn(options.minPerSecond)
    if (event.does === "look") return [Math.floor(eighths / 8), suppressed]
    if (event.does === "deposit") {
      earn(options.ratio * 8)
      return undefined
    }
    if (eighths < 8) {
      suppressed++
      return false
    }
    eighths -= 8
    return true
  })
}

/** A clock whose two times are set by hand, and may go back. */
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

describe("RetryBudget", () => {
  it("agrees with a naive model over any history", () => {
    fc.assert(
      fc.property(exactOptions, fc.array(anyEvent, { maxLength: 60 }), (options, events) => {
        const clock = new ClockByHand()
        const program = Effect.gen(function* () {
          const budget = yield* RetryBudget.make(options)
          return yield* Effect.forEach(events, (event): Effect.Effect<unknown> => {
            switch (event.does) {
              case "passes":
                return Effect.sync(() => void (clock.nanos += BigInt(event.millis) * 1_000_000n))
              case "look":
                return Effect.all([budget.available, budget.suppressed])
              case "deposit":
              case "withdraw":
                return budget[event.does]
            }
          })
        })
        expect(Effect.runSync(Effect.withClock(program, clock))).toEqual(naively(options, events))
      }),
      { numRuns: 500 }
    )
  })

  it.each([20, 60, 3600])("adds at most a tenth to 50 calls a second in an outage of %i seconds", (seconds) => {
    const perSecond = 50
    const clock = new ClockByHand()
    const outage = Effect.gen(function* () {
      const budget = yield* RetryBudget.make()
      let sent = 0
      for (let call = 0; call < perSecond * seconds; call++) {
        clock.nanos = BigInt(Math.round((call * 1e9) / perSecond))
        yield* budget.deposit
        sent++
        // five attempts, if the budget allows them
        for (let retry = 0; retry < 4 && (yield* budget.withdraw); retry++) sent++
      }
      return sent / (perSecond * seconds)
    })
    const amplification = Effect.runSync(Effect.withClock(outage, clock))
    expect(amplification).toBeLessThanOrEqual(1.1)
    expect(amplification).toBeGreaterThan(1.07)
  })

  it.effect("starts full, with the documented defaults", () =>
    Effect.gen(function* () {
      const budget = yield* RetryBudget.make()
      expect(budget.options).toEqual({ ratio: 0.07, minPerSecond: 0.5, max: 20 })
      expect(yield* budget.available).toBe(20)
      expect(yield* budget.suppressed).toBe(0)
      const granted = yield* Effect.replicateEffect(budget.withdraw, 21)
      expect(granted).toEqual([...Array.from({ length: 20 }, () => true), false])
      expect(yield* Effect.all([budget.available, budget.suppressed])).toEqual([0, 1])
    })
  )

  it.effect("allows one retry per ten calls at a ratio of 0.1", () =>
    Effect.gen(function* () {
      const budget = yield* RetryBudget.make({ max: 1, minPerSecond: 0, ratio: 0.1 })
      expect(yield* budget.withdraw).toBe(true)
      yield* Effect.replicateEffect(budget.deposit, 9, { discard: true })
      expect(yield* Effect.all([budget.available, budget.withdraw])).toEqual([0, false])
      yield* budget.deposit
      expect(yield* Effect.all([budget.available, budget.withdraw, budget.withdraw])).toEqual([1, true, false])
    })
  )

  it.effect("refills with time and not a millisecond early", () =>
    Effect.gen(function* () {
      const budget = yield* RetryBudget.make({ ratio: 0, minPerSecond: 2, max: 5 })
      yield* Effect.replicateEffect(budget.withdraw, 5)
      yield* TestClock.adjust(499)
      expect(yield* Effect.all([budget.available, budget.withdraw])).toEqual([0, false])
      yield* TestClock.adjust(1)
      expect(yield* Effect.all([budget.available, budget.withdraw, budget.withdraw])).toEqual([1, true, false])
      yield* TestClock.adjust("2 seconds")
      expect(yield* budget.available).toBe(4)
      yield* TestClock.adjust("1 day")
      expect(yield* budget.available).toBe(5)
      expect(yield* budget.suppressed).toBe(2)
    })
  )

  it.effect("does not refill when only the wall clock advances", () =>
    Effect.gen(function* () {
      const clock = new ClockByHand()
      const program = Effect.gen(function* () {
        const budget = yield* RetryBudget.make({ max: 1 })
        yield* budget.withdraw
        clock.wall = 9e12
        const before = yield* budget.available
        clock.nanos = 2_000_000_000n
        return [before, yield* budget.available]
      })
      expect(yield* Effect.withClock(program, clock)).toEqual([0, 1])
    })
  )

  it.effect("starts anew each time the effect of RetryBudget.make runs", () =>
    Effect.gen(function* () {
      const make = RetryBudget.make({ max: 1, minPerSecond: 0 })
      const [one, other] = yield* Effect.all([make, make])
      expect(yield* Effect.all([one.withdraw, one.withdraw, other.withdraw])).toEqual([true, false, true])
      expect(yield* Effect.all([one.suppressed, other.suppressed])).toEqual([1, 0])
    })
  )

  it.effect("does not change when it is read", () =>
    Effect.gen(function* () {
      const budget = yield* RetryBudget.make({ ratio: 0.5, minPerSecond: 0, max: 3 })
      yield* Effect.replicateEffect(budget.withdraw, 3)
      yield* budget.deposit
      expect(yield* Effect.replicateEffect(budget.available, 3)).toEqual([0, 0, 0])
      yield* budget.deposit
      expect(yield* Effect.replicateEffect(budget.available, 3)).toEqual([1, 1, 1])
      expect(yield* budget.suppressed).toBe(0)
    })
  )
})

// -------------------------------------------------------------------------------------------------
// Many fibers
// -------------------------------------------------------------------------------------------------

/** Lets other fibers run, up to four times. */
const someYields = Effect.flatMap(Random.nextIntBetween(0, 5), (times) =>
  Effect.replicateEffect(Effect.yieldNow(), times, { discard: true })
)

const shuffled = <A>(items: ReadonlyArray<A>, seed: string) =>
  Effect.map(Random.shuffle(items), (chunk) => [...chunk]).pipe(Effect.withRandom(Random.make(seed)))

describe("RetryBudget with thousands of fibers", () => {
  it.effect.each(["one", "two", "three"])("loses and invents no token (seed: %s)", (seed) =>
    Effect.gen(function* () {
      const budget = yield* RetryBudget.make({ ratio: 0.5, minPerSecond: 0, max: 10_000 })
      yield* Effect.replicateEffect(budget.withdraw, 10_000, { discard: true })
      let granted = 0
      let refused = 0
      let deposits = 0
      const deposit = Effect.zipRight(
        budget.deposit,
        Effect.sync(() => void deposits++)
      )
      const withdraw = Effect.map(budget.withdraw, (yes) => (yes ? granted++ : refused++))
      const work = [...Array.from({ length: 4000 }, () => deposit), ...Array.from({ length: 3000 }, () => withdraw)]
      yield* Effect.forEach(
        yield* shuffled(work, seed),
        (action) => someYields.pipe(Effect.zipRight(action), Effect.zipRight(someYields)),
        { concurrency: "unbounded", discard: true }
      ).pipe(Effect.withRandom(Random.make(seed)))

      expect(deposits).toBe(4000)
      expect(granted + refused).toBe(3000)
      expect(yield* budget.available).toBe(2000 - granted)
      expect(yield* budget.suppressed).toBe(refused)
      // otherwise the test exercises nothing
      expect(granted).toBeGreaterThan(1000)
      expect(refused).toBeGreaterThan(100)
    })
  )

  it.effect("grants exactly as many retries as it has tokens", () =>
    Effect.gen(function* () {
      const budget = yield* RetryBudget.make({ ratio: 0, minPerSecond: 0, max: 100 })
      const granted = yield* Effect.forEach(
        Array.from({ length: 5000 }, (_, index) => index),
        () => Effect.zipRight(someYields, budget.withdraw),
        { concurrency: "unbounded" }
      )
      expect(granted.filter((yes) => yes).length).toBe(100)
      expect(yield* Effect.all([budget.available, budget.suppressed])).toEqual([0, 4900])
    })
  )

  it.effect("limits the extra load on an unavailable service to its ratio", () =>
    Effect.gen(function* () {
      const budget = yield* RetryBudget.make({ ratio: 0.25, minPerSecond: 0, max: 10 })
      let sent = 0
      const call = Effect.suspend(() => {
        sent++
        return new ApiError.Transient({ reason: "Unavailable", delivery: "Acknowledged" })
      })
      const policy = Reliability.make({ workload: Workload.interactive, budget })
      yield* Effect.forkDaemon(
        Effect.forEach(Array.from({ length: 400 }), () => Effect.exit(Reliability.protect(call, policy)), {
          concurrency: "unbounded"
        })
      )
      yield* TestClock.adjust("10 minutes")
      // a quarter, plus at most the ten initial tokens
      expect(sent).toBeGreaterThan(500)
      expect(sent).toBeLessThanOrEqual(510)
      expect(yield* budget.suppressed).toBe(400)
    })
  )
})

// -------------------------------------------------------------------------------------------------
// Layer and options
// -------------------------------------------------------------------------------------------------

class Chat extends Effect.Service<Chat>()("Chat", {
  effect: Effect.map(RetryBudget.RetryBudget, (budget) => ({ budget }))
}) {}

class Search extends Effect.Service<Search>()("Search", {
  effect: Effect.map(RetryBudget.RetryBudget, (budget) => ({ budget }))
}) {}

describe("RetryBudget.layer", () => {
  it.effect("shares one budget between all services it is provided to", () =>
    Effect.gen(function* () {
      const budgets = Layer.provide(Layer.merge(Chat.Default, Search.Default), RetryBudget.layer({ max: 1 }))
      const context = yield* Effect.scoped(Layer.build(budgets))
      const chat = Context.get(context, Chat).budget
      const search = Context.get(context, Search).budget
      expect(yield* chat.withdraw).toBe(true)
      expect(yield* search.withdraw).toBe(false)
      expect(yield* Effect.all([chat.suppressed, search.suppressed])).toEqual([1, 1])
    })
  )

  it.effect("accepts the options of RetryBudget.make, or none", () =>
    Effect.gen(function* () {
      const options = Effect.map(RetryBudget.RetryBudget, (budget) => budget.options)
      expect(yield* Effect.provide(options, RetryBudget.layer({ ratio: 0.5 }))).toEqual({
        ratio: 0.5,
        minPerSecond: 0.5,
        max: 20
      })
      expect(yield* Effect.provide(options, RetryBudget.layer())).toEqual({ ratio: 0.07, minPerSecond: 0.5, max: 20 })
    })
  )
})

describe("RetryBudget.make", () => {
  const cases: ReadonlyArray<readonly ["ratio" | "minPerSecond" | "max", number, string | undefined]> = [
    ["ratio", -0.001, "a number from 0 to 10"],
    ["ratio", 0, undefined],
    ["ratio", 10, undefined],
    ["ratio", 10.001, "a number from 0 to 10"],
    ["ratio", Number.NaN, "a number from 0 to 10"],
    ["ratio", Infinity, "a number from 0 to 10"],
    ["minPerSecond", -0.001, "a number of at least 0"],
    ["minPerSecond", 0, undefined],
    ["minPerSecond", 1e6, undefined],
    ["minPerSecond", Number.NaN, "a number of at least 0"],
    ["minPerSecond", Infinity, "a number of at least 0"],
    ["max", 0.999, "a number of at least 1"],
    ["max", 1, undefined],
    ["max", 1.5, undefined],
    ["max", -1, "a number of at least 1"],
    ["max", Number.NaN, "a number of at least 1"],
    ["max", Infinity, "a number of at least 1"]
  ]

  it.each(cases.filter(([, , bound]) => bound !== undefined))("rejects a %s of %s", (option, value, bound) => {
    const message = (owner: string) => `${owner}: ${option} is ${value}; it must be ${bound}`
    expect(() => RetryBudget.make({ [option]: value })).toThrow(new RangeError(message("RetryBudget.make")))
    expect(() => RetryBudget.layer({ [option]: value })).toThrow(new RangeError(message("RetryBudget.layer")))
    const build = Layer.build(RetryBudget.layerConfig({ [option]: Config.succeed(value) })).pipe(
      Effect.scoped,
      Effect.flip
    )
    expect(Effect.runSync(build)).toMatchObject({
      message: expect.stringContaining(message("RetryBudget.layerConfig")) as unknown
    })
  })

  it.each(cases.filter(([, , bound]) => bound === undefined))("accepts a %s of %s", (option, value) => {
    expect(Effect.runSync(RetryBudget.make({ [option]: value })).options[option]).toBe(value)
  })

  it.each(["ratio", "minPerSecond", "max"] as const)("rejects %s as a string", (option) => {
    const options: RetryBudget.Options = { [option]: "2" }
    expect(() => RetryBudget.make(options)).toThrow(`RetryBudget.make: ${option} is "2"`)
  })
})

// -------------------------------------------------------------------------------------------------
// Costs
// -------------------------------------------------------------------------------------------------

type Paid =
  | { readonly does: "passes"; readonly millis: number }
  | { readonly does: "deposit" | "withdraw"; readonly tokens: RateLimiter.Cost }

/** Quarters, so that no rounding hides a part of an amount. */
const anyAmount = fc.integer({ min: 1, max: 400 }).map((n) => n / 4)

const anyPaid: fc.Arbitrary<Paid> = fc.oneof(
  fc.record({ does: fc.constant("passes" as const), millis: fc.integer({ min: 0, max: 24 }).map((n) => n * 125) }),
  fc.record({
    does: fc.constantFrom("deposit" as const, "withdraw" as const),
    tokens: fc.record({ input: fc.constantFrom(0, 1, 5, 40, 150) })
  })
)

const anyRates = fc.record({
  ratio: fc.constantFrom(0, 0.25, 1),
  minPerSecond: fc.constantFrom(0, 1, 8),
  max: anyAmount
})

describe("a budget with costs", () => {
  const tokens = ({ input = 0, maxOutput = 0 }: RateLimiter.Cost) => input + maxOutput

  it.effect("takes the cost of an attempt for a retry, and adds a share of the costs of calls", () =>
    Effect.gen(function* () {
      const budget = yield* RetryBudget.make({ cost: tokens, ratio: 0.5, minPerSecond: 0, max: 100_000 })
      const large = budget.costing({ input: 60_000, maxOutput: 10_000 })
      const ping = budget.costing({ input: 10 })
      expect(yield* Effect.all([large.available, ping.available, budget.balance])).toEqual([1, 10_000, 100_000])
      expect(yield* large.withdraw).toBe(true)
      expect(yield* Effect.all([large.withdraw, ping.withdraw])).toEqual([false, true])
      expect(yield* Effect.all([large.available, ping.available, budget.balance])).toEqual([0, 2999, 29_990])
      yield* large.deposit
      expect(yield* budget.balance).toBe(64_990)
      yield* large.deposit
      expect(yield* Effect.all([large.withdraw, budget.balance, budget.suppressed])).toEqual([true, 29_990, 1])
    })
  )

  it.effect("grants a retry above max only if it is full, and is in debt afterwards", () =>
    Effect.gen(function* () {
      const budget = yield* RetryBudget.make({ cost: tokens, ratio: 0, minPerSecond: 10, max: 100 })
      const huge = budget.costing({ input: 250 })
      expect(yield* Effect.all([huge.available, huge.withdraw, budget.balance])).toEqual([1, true, -150])
      yield* TestClock.adjust("15 seconds")
      const small = budget.costing({ input: 1 })
      expect(yield* Effect.all([small.available, small.withdraw, budget.balance])).toEqual([0, false, 0])
      yield* TestClock.adjust("9900 millis")
      expect(yield* Effect.all([huge.withdraw, small.withdraw])).toEqual([false, true])
      yield* TestClock.adjust("200 millis")
      expect(yield* Effect.all([huge.available, huge.withdraw])).toEqual([1, true])
    })
  )

  it.effect("grants each retry that costs nothing, and earns nothing from it", () =>
    Effect.gen(function* () {
      const budget = yield* RetryBudget.make({ cost: tokens, ratio: 1, minPerSecond: 0, max: 10 })
      const free = budget.costing({})
      expect(yield* budget.costing({ input: 1000 }).withdraw).toBe(true)
      yield* free.deposit
      expect(yield* Effect.all([free.withdraw, free.available, budget.balance])).toEqual([true, Infinity, -990])
    })
  )

  it.effect.each([NaN, -1, Infinity, new Error("no cost")])("takes all for a retry whose cost is %s", (cost) =>
    Effect.gen(function* () {
      const costOf = () => {
        if (typeof cost === "number") return cost
        throw cost
      }
      const budget = yield* RetryBudget.make({ cost: costOf, ratio: 1, minPerSecond: 0, max: 10 })
      const unknown = budget.costing({ input: 1 })
      expect(yield* Effect.all([unknown.withdraw, budget.balance])).toEqual([true, 0])
      yield* unknown.deposit
      expect(yield* Effect.all([unknown.withdraw, budget.balance])).toEqual([false, 0])
    })
  )

  it("spends at most what it has earned and its first content, and one debt, in any unit", () => {
    const history = (rates: RetryBudget.Options, store: Store.Store | undefined, events: ReadonlyArray<Paid>) =>
      Effect.gen(function* () {
        const clock = new ClockByHand()
        return yield* Effect.gen(function* () {
          const budget = yield* RetryBudget.make({ ...rates, cost: tokens, store })
          let earned = 0
          let spent = 0
          let debt = 0
          for (const event of events) {
            if (event.does === "passes") {
              clock.wall += event.millis
              clock.nanos += BigInt(event.millis) * 1_000_000n
              earned += (event.millis / 1000) * (rates.minPerSecond ?? 0)
              continue
            }
            const cost = tokens(event.tokens)
            if (event.does === "deposit") earned += cost * (rates.ratio ?? 0)
            if ((yield* budget.costing(event.tokens)[event.does]) === true) {
              spent += cost
              debt = Math.max(debt, cost - (rates.max ?? 0))
            }
            expect(spent).toBeLessThanOrEqual((rates.max ?? 0) + earned + debt + 1e-6)
          }
          return spent
        }).pipe(Effect.withClock(clock))
      })
    let spent = 0
    fc.assert(
      fc.property(anyRates, fc.array(anyPaid, { maxLength: 60 }), (rates, events) => {
        const alone = Effect.runSync(history(rates, undefined, events))
        const shared = Effect.runSync(Effect.flatMap(Store.makeMemory, (store) => history(rates, store, events)))
        expect(shared).toBe(alone)
        spent += alone
      })
    )
    // otherwise the property says nothing
    expect(spent).toBeGreaterThan(0)
  })

  it("decides like a budget of retries if each attempt costs 1", () => {
    const decisions = (budget: RetryBudget.RetryBudget, clock: ClockByHand, events: ReadonlyArray<Paid>) =>
      Effect.forEach(events, (event): Effect.Effect<unknown> => {
        if (event.does !== "passes") return Effect.all([budget.costing(event.tokens)[event.does], budget.available])
        return Effect.sync(() => void (clock.nanos += BigInt(event.millis) * 1_000_000n))
      })
    const run = (rates: RetryBudget.Options, events: ReadonlyArray<Paid>) => {
      const clock = new ClockByHand()
      const program = Effect.flatMap(RetryBudget.make(rates), (budget) => decisions(budget, clock, events))
      return Effect.runSync(Effect.withClock(program, clock))
    }
    fc.assert(
      fc.property(anyRates, fc.array(anyPaid, { maxLength: 60 }), (given, events) => {
        const rates = { ...given, max: Math.max(1, given.max) }
        expect(run({ ...rates, cost: () => 1 }, events)).toEqual(run(rates, events))
      })
    )
  })

  it.effect("counts a call by the effect of a budget that was changed", () =>
    Effect.gen(function* () {
      const budget = yield* RetryBudget.make()
      let counted = 0
      const changed = { ...budget, deposit: Effect.sync(() => void counted++) }
      yield* Effect.void.pipe(
        Reliability.protect(Reliability.make({ workload: Workload.interactive, budget: changed }))
      )
      expect(counted).toBe(1)
    })
  )

  it.effect("charges a call for its tokens, and no call twice", () =>
    Effect.gen(function* () {
      const budget = yield* RetryBudget.make({ cost: tokens, ratio: 0.1, minPerSecond: 0, max: 1000 })
      yield* budget.costing({ input: 1000 }).withdraw
      const once = Reliability.make({ workload: Workload.interactive, budget, cost: { input: 500, maxOutput: 500 } })
      yield* Effect.void.pipe(Reliability.protect(once))
      expect(yield* budget.balance).toBe(100)
      const inner = Reliability.make({ workload: Workload.interactive, budget, cost: { input: 3 } })
      yield* Effect.void.pipe(Reliability.protect(inner), Reliability.protect(once))
      expect(yield* budget.balance).toBe(200)
    })
  )

  it.effect("lets a retry pay what its own attempt costs, under a schedule of any origin", () =>
    Effect.gen(function* () {
      const budget = yield* RetryBudget.make({ cost: tokens, ratio: 0, minPerSecond: 0, max: 1000 })
      const call = (retry: Workload.Workload["retry"], cost: RateLimiter.Cost) => {
        const workload = Workload.with(Workload.interactive, { retry })
        let attempts = 0
        const attempt = Effect.suspend(() => {
          attempts++
          return new ApiError.Transient({ reason: "Unavailable", delivery: "Acknowledged" })
        })
        const policy = Reliability.make({ workload, budget, cost })
        return Effect.flatMap(Effect.fork(Effect.flip(attempt.pipe(Reliability.protect(policy)))), (fiber) =>
          TestClock.adjust("1 minute").pipe(
            Effect.zipRight(Fiber.join(fiber)),
            Effect.map(({ stopped }) => [attempts, stopped])
          )
        )
      }
      const own = Retry.make({ attempts: 5 })
      const other = own.pipe(Schedule.tapOutput(() => Effect.void))
      expect(yield* call(own, { input: 400 })).toEqual([3, "Budget"])
      expect(yield* call(other, { input: 150 })).toEqual([2, "Budget"])
      expect(yield* call(own, { input: 10 })).toEqual([5, "Attempts"])
      expect(yield* Effect.all([budget.balance, budget.suppressed])).toEqual([10, 2])
    })
  )

  it.effect("takes the tokens of the limiter's use if the policy states none", () =>
    Effect.gen(function* () {
      const budget = yield* RetryBudget.make({ cost: tokens, ratio: 0.1, minPerSecond: 0, max: 1000 })
      yield* budget.costing({ input: 1000 }).withdraw
      const limiter = { limiter: yield* RateLimiter.make(), key: "key", cost: { input: 70 } }
      yield* Effect.void.pipe(
        Reliability.protect(Reliability.make({ workload: Workload.interactive, budget, limiter }))
      )
      expect(yield* budget.balance).toBe(7)
    })
  )

  it.effect("lets calls without a budget pay their own costs from the budget around them", () =>
    Effect.gen(function* () {
      const budget = yield* RetryBudget.make({ cost: tokens, ratio: 0, minPerSecond: 0, max: 1000 })
      const attempt = new ApiError.Transient({ reason: "Unavailable", delivery: "Acknowledged" })
      const workload = Workload.with(Workload.interactive, { retry: Retry.make({ attempts: 2 }) })
      const calls = Effect.all([
        Effect.flip(attempt.pipe(Reliability.protect(Reliability.make({ workload, cost: { input: 7 } })))),
        Effect.flip(attempt.pipe(Reliability.protect(workload)))
      ])
      const outer = Reliability.make({ workload, budget, cost: { input: 100 } })
      const fiber = yield* Effect.fork(calls.pipe(Reliability.protect(outer)))
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(fiber)
      expect(yield* budget.balance).toBe(893)
    })
  )

  it("needs amounts in the unit of its costs", () => {
    const given = { cost: tokens, ratio: 0.1, minPerSecond: 1, max: 0.5 }
    expect(() => RetryBudget.make(given)).not.toThrow()
    for (const [changes, message] of [
      [{ max: undefined }, "max is undefined; it must be given in the unit of cost"],
      [{ minPerSecond: undefined }, "minPerSecond is undefined; it must be given in the unit of cost"],
      [{ max: 0 }, "max is 0; it must be above 0"],
      [{ max: -1 }, "max is -1; it must be a number of at least 0"],
      [{ minPerSecond: NaN }, "minPerSecond is NaN; it must be a number of at least 0"]
    ] as const) {
      expect(() => RetryBudget.layer({ ...given, ...changes })).toThrow(new RangeError(`RetryBudget.layer: ${message}`))
    }
  })

  it.effect("describes the share of its costs", () =>
    Effect.gen(function* () {
      const budget = yield* RetryBudget.make({ cost: tokens, ratio: 0.1, minPerSecond: 100, max: 5000 })
      expect(Reliability.describe(Reliability.make({ workload: Workload.interactive, budget })).budget).toBe(
        "0.1 of the costs, 100 a second, at most 5000 at once"
      )
    })
  )
})

// -------------------------------------------------------------------------------------------------
// Store
// -------------------------------------------------------------------------------------------------

describe("a budget with a store", () => {
  const unreliable = (processes?: number) =>
    Effect.map(Store.makeMemory, (memory) => {
      const behaviour = { store: memory, isOut: false, steps: 0 }
      const store: Store.Store = {
        processes,
        modify: (slot, key, step) =>
          Effect.suspend(() => {
            behaviour.steps++
            return behaviour.isOut
              ? Effect.fail(new Store.StoreUnavailable({ detail: "a test" }))
              : behaviour.store.modify(slot, key, step)
          })
      }
      return { behaviour, store }
    })

  /** Takes retries until the budget is empty, and returns their number. */
  const drain = (budget: RetryBudget.RetryBudget): Effect.Effect<number> =>
    Effect.flatMap(budget.withdraw, (isGranted) =>
      isGranted ? Effect.map(drain(budget), (others) => others + 1) : Effect.succeed(0)
    )

  it.effect("decides like a budget with its own state", () =>
    Effect.gen(function* () {
      const options = { ratio: 0.3, minPerSecond: 1, max: 4 }
      const own = yield* RetryBudget.make(options)
      const shared = yield* RetryBudget.make({ ...options, store: yield* Store.makeMemory })
      const random = Random.make("seed")
      for (let i = 0; i < 500; i++) {
        const drawn = yield* random.next
        if (drawn < 0.1) yield* TestClock.adjust("300 millis")
        else if (drawn < 0.5) yield* Effect.zipRight(own.deposit, shared.deposit)
        else if (drawn < 0.9) expect(yield* shared.withdraw).toBe(yield* own.withdraw)
        else expect(yield* shared.available).toBe(yield* own.available)
      }
      expect(yield* shared.suppressed).toBe(yield* own.suppressed)
    })
  )

  it.effect("shares its retries with budgets of the same key", () =>
    Effect.gen(function* () {
      const store = yield* Store.makeMemory
      const options = { max: 5, minPerSecond: 1, ratio: 0, store }
      const one = yield* RetryBudget.make(options)
      const two = yield* RetryBudget.make(options)
      const other = yield* RetryBudget.make({ ...options, key: "other" })
      expect(yield* one.withdraw).toBe(true)
      expect(yield* two.withdraw).toBe(true)
      expect(yield* one.available).toBe(3)
      expect(yield* drain(two)).toBe(3)
      expect(yield* one.withdraw).toBe(false)
      expect(yield* one.suppressed).toBe(1)
      expect(yield* other.available).toBe(5)
      yield* TestClock.adjust("2 seconds")
      expect(yield* drain(one)).toBe(2)
    })
  )

  it.effect("lets other budgets use what its calls have earned, once that is a retry", () =>
    Effect.gen(function* () {
      const { behaviour, store } = yield* unreliable()
      const options = { max: 5, minPerSecond: 0, ratio: 0.1, store }
      const one = yield* RetryBudget.make(options)
      const two = yield* RetryBudget.make(options)
      yield* drain(one)
      const steps = behaviour.steps
      yield* Effect.repeatN(one.deposit, 8)
      yield* Effect.yieldNow()
      expect(behaviour.steps).toBe(steps)
      expect(yield* two.available).toBe(0)
      yield* one.deposit
      yield* Effect.yieldNow()
      expect(yield* two.available).toBe(1)
    })
  )

  it.effect("uses its share while the store is unavailable, which the store subtracts later", () =>
    Effect.gen(function* () {
      const { behaviour, store } = yield* unreliable(4)
      const options = { max: 20, minPerSecond: 4, ratio: 0, store }
      const budget = yield* RetryBudget.make(options)
      yield* budget.available
      behaviour.isOut = true
      expect(yield* drain(budget)).toBe(5)
      yield* TestClock.adjust("2 seconds")
      expect(yield* drain(budget)).toBe(2)
      behaviour.isOut = false
      expect(yield* budget.available).toBe(13)
      expect(yield* budget.suppressed).toBe(2)
    })
  )

  it.effect("continues from what it knows when the store has lost its state", () =>
    Effect.gen(function* () {
      const { behaviour, store } = yield* unreliable()
      const budget = yield* RetryBudget.make({ max: 5, minPerSecond: 1, store })
      expect(yield* drain(budget)).toBe(5)
      behaviour.store = yield* Store.makeMemory
      expect(yield* budget.withdraw).toBe(false)
      yield* TestClock.adjust("1 second")
      expect(yield* budget.withdraw).toBe(true)
    })
  )

  it.effect("uses the store of its layer's context", () =>
    Effect.gen(function* () {
      const { behaviour, store } = yield* unreliable()
      const context = Layer.succeed(Store.Store, store)
      const available = Effect.flatMap(RetryBudget.RetryBudget, (budget) => budget.available)
      for (const layer of [RetryBudget.layer({ max: 3 }), RetryBudget.layerConfig({ max: Config.succeed(3) })]) {
        expect(yield* available.pipe(Effect.provide(layer.pipe(Layer.provide(context))))).toBe(3)
      }
      expect(behaviour.steps).toBe(2)
    })
  )

  const tokens = ({ input = 0 }: RateLimiter.Cost) => input

  it.effect("shares the amounts of its costs, and none with a budget of retries", () =>
    Effect.gen(function* () {
      const { behaviour, store } = yield* unreliable()
      const options = { cost: tokens, ratio: 0.1, minPerSecond: 0, max: 1000, store }
      const one = yield* RetryBudget.make(options)
      const two = yield* RetryBudget.make(options)
      const retries = yield* RetryBudget.make({ store })
      expect(yield* one.costing({ input: 800 }).withdraw).toBe(true)
      expect(yield* two.costing({ input: 300 }).withdraw).toBe(false)
      expect(yield* two.costing({ input: 150 }).withdraw).toBe(true)
      expect(yield* Effect.all([one.balance, two.balance, retries.available])).toEqual([50, 50, 20])
      const steps = behaviour.steps
      yield* Effect.repeatN(one.costing({ input: 100 }).deposit, 8)
      yield* Effect.yieldNow()
      expect(behaviour.steps).toBe(steps)
      yield* one.costing({ input: 100 }).deposit
      yield* Effect.yieldNow()
      expect(behaviour.steps).toBe(steps + 1)
      expect(yield* two.balance).toBe(150)
    })
  )

  it.effect("keeps the debt of a large retry when the store is available again", () =>
    Effect.gen(function* () {
      const { behaviour, store } = yield* unreliable(4)
      const budget = yield* RetryBudget.make({ cost: tokens, ratio: 0, minPerSecond: 4, max: 0.4, store })
      yield* budget.balance
      behaviour.isOut = true
      expect(yield* budget.costing({ input: 0.05 }).withdraw).toBe(true)
      expect(yield* budget.costing({ input: 0.1 }).withdraw).toBe(false)
      yield* TestClock.adjust("1 second")
      expect(yield* budget.costing({ input: 10 }).withdraw).toBe(true)
      behaviour.isOut = false
      expect(yield* budget.balance).toBeCloseTo(0.4 - 10.05)
      yield* TestClock.adjust("1 second")
      expect(yield* budget.balance).toBeCloseTo(-5.65)
    })
  )

  it("rejects an empty key", () => {
    expect(() => RetryBudget.make({ key: "" })).toThrow(
      'RetryBudget.make: key is ""; it must be a string that is not empty'
    )
  })
})
