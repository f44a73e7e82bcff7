import { FastCheck as fc } from "effect"
import { describe, expect, it } from "vitest"
import { begin, delayOf, end, initialKey, type Settings, withdraw } from "../../src/internal/hedge/keyState.js"
import { empty, growth, least, quantile, record } from "../../src/internal/hedge/latencies.js"

// -------------------------------------------------------------------------------------------------
// Quantiles
// -------------------------------------------------------------------------------------------------

const window = 10_000

const anyMillis = fc.oneof(
  fc.double({ min: least, max: 1e6, noNaN: true }),
  fc.double({ min: least, max: 100, noNaN: true })
)

/** The nearest rank among sorted samples. */
const sortedQuantile = (samples: ReadonlyArray<number>, share: number): number => {
  const sorted = samples.toSorted((a, b) => a - b)
  return sorted[Math.max(1, Math.ceil(share * sorted.length - 1e-9)) - 1] ?? Number.NaN
}

const anyShare = fc.double({ min: 0.5, max: 0.999, noNaN: true })

/** Expects an upper bound of a value that is at most one bucket larger. */
const expectBound = (bound: number | undefined, exact: number) => {
  expect(bound).toBeGreaterThanOrEqual(exact * (1 - 1e-6))
  expect(bound).toBeLessThanOrEqual(exact * growth * (1 + 1e-6))
}

describe("the quantile of latencies", () => {
  it("equals the one of the sorted samples, up to the width of a bucket", () => {
    fc.assert(
      fc.property(fc.array(anyMillis, { minLength: 1, maxLength: 300 }), anyShare, (samples, share) => {
        const latencies = empty(window)
        for (const millis of samples) record(latencies, 0, millis)
        expectBound(quantile(latencies, share), sortedQuantile(samples, share))
      })
    )
  })

  it("contains the samples of the window, and those of one slice more at most", () => {
    const anySample = fc.record({ after: fc.nat(3000), millis: anyMillis })
    fc.assert(
      fc.property(fc.array(anySample, { minLength: 1, maxLength: 200 }), anyShare, (samples, share) => {
        const latencies = empty(window)
        let now = 0
        const all = samples.map(({ after, millis }) => {
          now += after
          record(latencies, now, millis)
          return { slice: Math.floor(now / (window / 5)), millis }
        })
        const last = Math.floor(now / (window / 5))
        const kept = all.filter(({ slice }) => slice > last - 5).map(({ millis }) => millis)
        expect(latencies.count).toBe(kept.length)
        expectBound(quantile(latencies, share), sortedQuantile(kept, share))
      })
    )
  })

  it("returns nothing without samples, and a bound for those outside of the buckets", () => {
    const latencies = empty(window)
    expect(quantile(latencies, 0.95)).toBe(undefined)
    record(latencies, 0, 0)
    expect(quantile(latencies, 0.95)).toBe(least)
    record(latencies, 0, 1e300)
    expect(quantile(latencies, 0.95)).toBeLessThan(2 ** 31 * growth)
  })

  it("does not change when the clock goes back", () => {
    const latencies = empty(window)
    record(latencies, 50_000, 10)
    record(latencies, 10_000, 10)
    expect(latencies.count).toBe(2)
  })
})

// -------------------------------------------------------------------------------------------------
// One key
// -------------------------------------------------------------------------------------------------

const settings: Settings = {
  after: undefined,
  quantile: 0.95,
  samples: 30,
  window,
  budget: { ratio: 0.05, minPerSecond: 0, max: 10 },
  idle: 1e6
}

const learn = (count: number, millis: (n: number) => number) => {
  const state = initialKey(settings, 0)
  for (let n = 0; n < count; n++) {
    const delay = begin(state, settings, 0)
    end(state, 0, { delay, failed: false, millis: millis(n) })
  }
  return state
}

const free = () => true

describe("the state of a key", () => {
  it("learns a delay from the required number of samples", () => {
    expect(
      delayOf(
        learn(29, () => 100),
        settings,
        0
      )
    ).toBe(undefined)
    expectBound(
      delayOf(
        learn(30, () => 100),
        settings,
        0
      ),
      100
    )
  })

  it("forgets the delay once the samples are older than the window", () => {
    const state = learn(100, () => 100)
    expect(delayOf(state, settings, window * 0.79)).not.toBe(undefined)
    expect(delayOf(state, settings, window)).toBe(undefined)
  })

  it("follows latencies that change", () => {
    const state = learn(100, () => 100)
    expectBound(delayOf(state, settings, 0), 100)
    for (let n = 0; n < 100; n++) {
      end(state, 1, { delay: begin(state, settings, 1), failed: false, millis: 1000 })
    }
    expectBound(delayOf(state, settings, 1), 1000)
  })

  it("uses failures as samples only if they were slow", () => {
    const state = learn(100, () => 100)
    const delay = begin(state, settings, 0)
    end(state, 0, { delay, failed: true, millis: 50 })
    expect(state.latencies.count).toBe(100)
    end(state, 0, { delay: begin(state, settings, 0), failed: true, millis: 5000 })
    expect(state.latencies.count).toBe(101)
  })

  it("grants no more copies than the share of the calls, from the first call on", () => {
    const anyCall = fc.record({ slow: fc.boolean(), isFree: fc.boolean() })
    fc.assert(
      fc.property(fc.array(anyCall, { maxLength: 500 }), (calls) => {
        const state = initialKey(settings, 0)
        for (const [n, { isFree, slow }] of calls.entries()) {
          begin(state, settings, n)
          if (slow) withdraw(state, settings, n, () => isFree)
          expect(state.hedged).toBeLessThanOrEqual((n + 1) * 0.05 + 1e-9)
        }
        const { budget, limiter } = state.suppressed
        expect(state.hedged + budget + limiter).toBe(calls.filter(({ slow }) => slow).length)
      })
    )
  })

  it("saves up at most the maximum of the budget, and spends nothing while the limiter is busy", () => {
    const state = learn(1000, () => 1)
    expect(withdraw(state, settings, 0, () => false)).toBe(false)
    const granted = Array.from({ length: 20 }, () => withdraw(state, settings, 0, free))
    expect(granted.filter(Boolean)).toHaveLength(10)
    expect(state.suppressed).toEqual({ budget: 10, limiter: 1 })
  })
})
