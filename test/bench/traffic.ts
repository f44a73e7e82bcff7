import type { Simulator } from "effect-reliability/testing"
import { prototype } from "../support/traffic/prototype.js"
import { type Scenario, scenarios, score } from "../support/traffic/scenarios.js"

const runs = [1, 2, 3]

type Reports = ReadonlyArray<Simulator.Report>

const mean = (reports: Reports, value: (report: Simulator.Report) => number | undefined): number =>
  reports.reduce((sum, report) => sum + (value(report) ?? Number.NaN), 0) / reports.length

const rounded = (value: number, digits = 3): number => Number(value.toFixed(digits))

const p99 = ({ classes }: Simulator.Report): number =>
  Math.max(...Object.values(classes).map(({ p99 = Number.NaN }) => p99))

/** The scores of the rate limiter, and whether they are those of the prototype, but for what differs from run to run. */
const scored = async (scenario: Scenario) => {
  const reports: Array<Simulator.Report> = []
  for (const seed of runs) reports.push(await score(scenario, seed))
  const { best } = scenario
  const goodput = mean(reports, (report) => (best === undefined ? report.goodput : report.succeeded / best))
  const perSuccess = mean(reports, (report) => report.attemptsPerSuccess)
  const before = prototype[scenario.name]
  const chance = 2 / Math.sqrt(runs.length)
  const held =
    before === undefined ||
    (goodput >= before[0] - 0.01 - chance * before[3] && perSuccess <= before[1] + 0.02 + chance * before[4])
  const { amplification, jain = Number.NaN, jainOfProcesses, peak = Number.NaN, recovery } = reports[0] ?? {}
  return {
    scenario: scenario.name,
    goodput: rounded(goodput),
    "attempts/success": rounded(perSuccess),
    failed: Math.round(mean(reports, (report) => report.failed)),
    "p99 s": rounded(mean(reports, p99) / 1000, 1),
    jain: rounded(jain, 2),
    other: [
      recovery?.length === 0 ? "" : `amplification ${rounded(amplification ?? Number.NaN, 2)}`,
      `peak ${rounded(peak, 2)}`,
      jainOfProcesses === undefined ? "" : `Jain of processes ${rounded(jainOfProcesses, 2)}`
    ]
      .filter(Boolean)
      .join(", "),
    prototype: before === undefined ? "" : `${before[0]} ${before[1]} ${Math.round(before[2])}`,
    held: held ? "yes" : "NO"
  }
}

/** How well many callers share a limited server: goodput as a share of that of clients that know everything. */
export const traffic = async (only = /./) => {
  const rows: Array<Awaited<ReturnType<typeof scored>>> = []
  for (const scenario of scenarios) if (only.test(scenario.name)) rows.push(await scored(scenario))
  return rows
}
