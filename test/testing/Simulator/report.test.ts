import { Effect, FastCheck as fc } from "effect"
import { Simulator } from "effect-reliability/testing"
import { describe, expect, it } from "vitest"
import { Histogram } from "../../../src/testing/internal/simulator/histogram.js"
import {
  convergenceOf,
  goodputOf,
  jain,
  merged,
  ratio,
  recoveryOf
} from "../../../src/testing/internal/simulator/report.js"
import { TrafficRecorder } from "../../../src/testing/internal/simulator/recorder.js"

const counts = (...values: ReadonlyArray<number>) => Uint32Array.from(values)
const call = (over: object = {}) => ({
  id: 0,
  class: "interactive",
  process: 0,
  worker: 0,
  input: 1,
  output: 1,
  maxOutput: undefined,
  startedAt: 0,
  ...over
})
const recorder = (options: Partial<ConstructorParameters<typeof TrafficRecorder>[0]> = {}) =>
  new TrafficRecorder({ duration: 10_000, warmUp: 0, processes: 1, troubles: [], ...options })

describe("a histogram", () => {
  it("finds quantiles with an error of less than one percent", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0.01, max: 1e8, noNaN: true }), { minLength: 1, maxLength: 200 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (durations, share) => {
          const histogram = new Histogram()
          for (const duration of durations) histogram.add(duration)
          const exact = durations.toSorted((a, b) => a - b)[Math.floor(share * durations.length)] ?? Number.NaN
          expect(Math.abs((histogram.quantile(share) ?? Number.NaN) / exact - 1)).toBeLessThan(0.01)
        }
      )
    )
  })

  it("lists the intervals that hold durations", () => {
    const histogram = new Histogram()
    for (const duration of [0, 1, 1.01, 1000, Infinity]) histogram.add(duration)
    const intervals = histogram.intervals()
    expect(intervals.map(({ count }) => count)).toEqual([1, 2, 1, 1])
    expect(intervals[1]?.upTo).toBeCloseTo(2 ** (1 / 8), 10)
    expect(histogram.max).toBe(Infinity)
  })

  it("returns no quantiles without durations", () => {
    expect(new Histogram().quantile(0.5)).toBeUndefined()
    expect(new Histogram().intervals()).toEqual([])
  })
})

describe("Jain's index", () => {
  it("returns 1 if all have the same, and one part in n if one has everything", () => {
    expect(jain([3, 3, 3])).toBe(1)
    expect(jain([0, 0, 0, 8])).toBe(0.25)
    expect(jain([1, 2, 3])).toBeCloseTo(36 / 42, 12)
    expect(jain([5])).toBeUndefined()
    expect(jain([0, 0])).toBeUndefined()
  })
})

describe("the recovery", () => {
  const oracle = counts(10, 10, 10, 0, 0, 20, 20, 10, 10, 10)
  const trouble = [{ from: 3000, to: 5000 }]

  it("ends when three seconds have 95 % of the rate before the trouble", () => {
    const recovered = (...succeeded: ReadonlyArray<number>) =>
      recoveryOf({ succeeded: counts(10, 10, 10, 0, 0, ...succeeded) }, oracle, trouble)
    expect(recovered(10, 10, 10, 10, 10)).toEqual([{ at: 5, seconds: 0 }])
    expect(recovered(8, 10, 10, 10, 10)).toEqual([{ at: 5, seconds: 1 }])
    expect(recovered(0, 0, 10, 10, 9)).toEqual([{ at: 5, seconds: 2 }])
    expect(recovered(10, 10, 8, 10, 10)).toEqual([{ at: 5 }])
  })

  it("needs no more than the oracle", () => {
    const succeeded = counts(10, 10, 10, 0, 0, 5, 5, 5, 5, 5)
    expect(recoveryOf({ succeeded }, counts(10, 10, 10, 0, 0, 5, 5, 5, 5, 5), trouble)).toEqual([{ at: 5, seconds: 0 }])
  })

  it("leaves out troubles that last to the end", () => {
    expect(recoveryOf({ succeeded: counts(1, 1, 1, 1) }, oracle, [{ from: 0, to: 2000 }])).toEqual([])
  })
})

describe("the convergence", () => {
  it("ends when clients send what the server admits", () => {
    const oracle = counts(10, 10, 10, 10, 10, 10)
    const after = (succeeded: ReadonlyArray<number>, sent: ReadonlyArray<number>) =>
      convergenceOf({ succeeded: counts(...succeeded), sent: counts(...sent) }, oracle, [0])
    const full = [10, 10, 10, 10, 10, 10]
    expect(after(full, full)).toEqual([{ at: 0, seconds: 0 }])
    expect(after([5, 9, 10, 10, 10, 10], full)).toEqual([{ at: 0, seconds: 1 }])
    expect(after(full, [20, 20, 12, 12, 12, 12])).toEqual([{ at: 0, seconds: 2 }])
    expect(after(full, [20, 20, 20, 20, 20, 20])).toEqual([{ at: 0 }])
  })
})

describe("the figures of a report", () => {
  it("merges troubles that overlap", () => {
    const troubles = [
      { from: 5, to: 7 },
      { from: 0, to: 2 },
      { from: 1, to: 3 },
      { from: 6, to: 6.5 }
    ]
    expect(merged(troubles)).toEqual([
      { from: 0, to: 3 },
      { from: 5, to: 7 }
    ])
  })

  it("counts the goodput in calls, or in the tokens that are limited", () => {
    const oracle = { succeeded: 20, tokens: { input: 1000, output: 100 }, perSecond: counts() }
    const done = { succeeded: 10, tokens: { input: 600, output: 80, wasted: 0 } }
    expect(goodputOf(done, oracle, false)).toBe(0.5)
    expect(goodputOf(done, oracle, true)).toBe(0.8)
    expect(goodputOf(done, { ...oracle, succeeded: 0 }, false)).toBeUndefined()
    expect(ratio(1, 0)).toBeUndefined()
  })

  it("finds the largest number of arrivals within a second", () => {
    const recorded = recorder()
    for (const at of [0, 0, 950, 950, 950, 1050, 1050, 2900]) recorded.arrive(at, 2, undefined)
    // five from 0.9 to 1.1 s
    expect(recorded.peak).toBe(2.5)
  })

  it("relates the peak to the room of a server without a rate", () => {
    const recorded = recorder()
    for (let i = 0; i < 6; i++) recorded.send(0)
    recorded.arrive(0, undefined, 4)
    expect(recorded.peak).toBe(1.5)
    for (let i = 0; i < 6; i++) recorded.receive()
    recorded.send(1)
    recorded.arrive(1, undefined, 4)
    expect(recorded.peak).toBe(1.5)
  })

  it("counts the attempts and the calls in progress during troubles", () => {
    const recorded = recorder({ troubles: [{ from: 1000, to: 2000 }] })
    for (let i = 0; i < 3; i++) recorded.start(0, call())
    recorded.succeed(999, call())
    recorded.beginTrouble()
    recorded.start(1000, call())
    for (const at of [999, 1000, 1999, 2000]) recorded.send(at)
    expect(recorded.troubled).toEqual({ attempts: 2, calls: 3 })
  })

  it("counts nothing after the end", () => {
    const recorded = recorder()
    recorded.start(0, call())
    recorded.close()
    recorded.send(1)
    recorded.decide(1, "admitted")
    recorded.waste(1, 10)
    recorded.succeed(1, call())
    recorded.fail(1, call(), "Interrupted")
    expect(recorded).toMatchObject({ attempts: 0, succeeded: 0, failed: 0, tokens: { wasted: 0 } })
  })
})

describe("expectations", () => {
  const report: Simulator.Report = {
    seed: 3,
    seconds: 60,
    calls: 100,
    succeeded: 90,
    failed: 10,
    attempts: 180,
    goodput: 0.9,
    oracle: 100,
    attemptsPerSuccess: 2,
    amplification: 1.234_56,
    failures: { "Unavailable (Attempts)": 9, Timeout: 1 },
    classes: { interactive: { calls: 100, succeeded: 90, failed: 10, p50: 20, p99: 1500, max: 2000, latencies: [] } },
    jain: 0.99,
    peak: 3,
    recovery: [{ at: 40, seconds: 4 }, { at: 50 }],
    convergence: [{ at: 0, seconds: 2 }],
    tokens: { input: 90, output: 90, wasted: 30 },
    series: {
      started: [],
      sent: [],
      admitted: [],
      refused: [],
      failed: [],
      succeeded: [],
      gaveUp: [],
      oracle: []
    }
  }

  it("returns the report if all expectations are met, also at their bounds", () => {
    const met = Simulator.expect(report, {
      goodput: 0.9,
      attemptsPerSuccess: 2,
      amplification: 1.3,
      failed: 10,
      jain: 0.99,
      peak: 3,
      convergence: "2 seconds",
      wasted: 30,
      classes: { interactive: { p50: 20, p99: "1500 millis", failed: 10 } }
    })
    expect(Effect.runSync(met)).toBe(report)
  })

  it("fails with a message that shows all figures and their bounds", () => {
    const expected = {
      goodput: 0.95,
      amplification: 1.1,
      attemptsPerSuccess: 2,
      recovery: "10 seconds",
      classes: { interactive: { p99: "1 second" }, batch: { p99: "1 minute" } }
    } as const
    const error = Effect.runSync(Effect.flip(Simulator.expect(expected)(report)))
    expect(error).toMatchObject({ _tag: "Unmet", report })
    expect(error.message).toBe(
      [
        "5 of 6 expectations are not met:",
        "  ✗ goodput: 0.9 (expected ≥ 0.95)",
        "  ✓ attempts per success: 2 (expected ≤ 2)",
        "  ✗ amplification: 1.235 (expected ≤ 1.1)",
        "  ✗ recovery: never (expected ≤ 10s)",
        "  ✗ interactive p99: 1s 500ms (expected ≤ 1s)",
        "  ✗ batch p99: unknown (expected ≤ 1m)",
        "  100 calls in 60 s (seed 3): 90 succeeded (oracle 100), 10 failed, 180 attempts",
        "  failures: 9 Unavailable (Attempts), 1 Timeout"
      ].join("\n")
    )
  })
})
