import { describe, expect, it } from "vitest"
import type { Settings } from "../../src/internal/hedge/keyState.js"
import { type Figures, simulate } from "../support/hedging.js"

/** The defaults of `Hedge.make`. */
const defaults: Settings = {
  after: undefined,
  quantile: 0.95,
  samples: 30,
  window: 300_000,
  budget: { ratio: 0.05, minPerSecond: 0, max: 10 },
  idle: 600_000
}

const seeds = [1, 2, 3]

const meanOf = (figures: ReadonlyArray<Figures>, of: (figures: Figures) => number): number =>
  figures.reduce((sum, one) => sum + of(one), 0) / figures.length

/** The same traffic without and with a hedge. */
const compared = (load: number, slots = 10) =>
  seeds.map((seed) => {
    const traffic = { load, seed, slots, calls: 10_000 }
    return [simulate({ ...traffic, hedge: undefined }), simulate({ ...traffic, hedge: defaults })] as const
  })

describe("a simulated server of which one call of twenty is slow", () => {
  it.each([5, 10, 20, 50])(
    "gets a p99 lower by 30 percent at a load of 0.4 of %d slots, at 1.05 attempts per call",
    (slots) => {
      for (const [bare, hedged] of compared(0.4, slots)) {
        expect(hedged.p99).toBeLessThanOrEqual(bare.p99 * 0.7)
        expect(hedged.attemptsPerCall).toBeLessThanOrEqual(1.05)
      }
    }
  )

  it.each([5, 10, 20, 50])(
    "gets at most 1 percent more attempts and latency at a load of 0.95 of %d slots",
    (slots) => {
      const runs = compared(0.95, slots)
      for (const [, hedged] of runs) expect(hedged.attemptsPerCall).toBeLessThanOrEqual(1.01)
      const bare = meanOf(
        runs.map(([one]) => one),
        ({ mean }) => mean
      )
      const hedged = meanOf(
        runs.map(([, one]) => one),
        ({ mean }) => mean
      )
      expect(hedged).toBeLessThanOrEqual(bare * 1.01)
    }
  )
})
