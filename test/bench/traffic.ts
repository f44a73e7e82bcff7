import { limited } from "../support/traffic/client.js"
import { prototype } from "../support/traffic/prototype.js"
import { type Scores, scenarios, score } from "../support/traffic/scenarios.js"

const runs = [1, 2, 3]

const mean = (rows: ReadonlyArray<Scores>, value: (scores: Scores) => number): number =>
  rows.reduce((sum, row) => sum + value(row), 0) / rows.length

const rounded = (value: number, digits = 3): number => Number(value.toFixed(digits))

/** The scores of the rate limiter, and whether they are those of the prototype, but for what differs from run to run. */
const scored = (scenario: (typeof scenarios)[number]) => {
  const rows = runs.map((seed) => score(scenario, seed, limited, () => undefined))
  const [goodput, perSuccess] = [mean(rows, (row) => row.goodput), mean(rows, (row) => row.perSuccess)]
  const before = prototype[scenario.name]
  const chance = 2 / Math.sqrt(runs.length)
  const held =
    before === undefined ||
    (goodput >= before[0] - 0.01 - chance * before[3] && perSuccess <= before[1] + 0.02 + chance * before[4])
  const { amplification, jain, jainOfProcesses, peak } = rows[0] ?? {}
  return {
    scenario: scenario.name,
    goodput: rounded(goodput),
    "attempts/success": rounded(perSuccess),
    failed: Math.round(mean(rows, (row) => row.failed)),
    "p99 s": rounded(mean(rows, (row) => row.p99) / 1000, 1),
    jain: rounded(jain ?? Number.NaN, 2),
    other: [
      amplification === undefined ? "" : `amplification ${rounded(amplification, 2)}`,
      peak === undefined ? "" : `peak ${rounded(peak, 2)}`,
      Number.isNaN(jainOfProcesses) ? "" : `Jain of processes ${rounded(jainOfProcesses ?? Number.NaN, 2)}`
    ]
      .filter(Boolean)
      .join(", "),
    prototype: before === undefined ? "" : `${before[0]} ${before[1]} ${Math.round(before[2])}`,
    held: held ? "yes" : "NO"
  }
}

/** How well many callers share a limited server: goodput as a share of what a client that knows everything would have had. */
export const traffic = (only = /./) => scenarios.filter(({ name }) => only.test(name)).map(scored)
