/**
 * Computes what the terminal and the page show of a simulation.
 *
 * @since 0.2.0
 */
import type { Report, Series } from "../../../testing/Simulator.js"
import { formatMillis } from "../format.js"
import type { Simulation } from "./model.js"

// -------------------------------------------------------------------------------------------------
// The table
// -------------------------------------------------------------------------------------------------

/** A figure of all policies. */
export interface Row {
  readonly label: string
  /** True if the figure is a part of the one above. */
  readonly isPart: boolean
  /** One value for each policy. */
  readonly values: ReadonlyArray<string>
}

const absent = "–"

export const percent = (share: number): string => `${(share * 100).toFixed(1)} %`
const decimal = (value: number): string => value.toFixed(2)
const multiple = (value: number): string => `${value.toFixed(2)}×`

/** Returns the longest of some times; "never" if one of them did not end within the simulation. */
const longest = (settlings: Report["recovery"]): string | undefined => {
  if (settlings.length === 0) return undefined
  const seconds = Math.max(...settlings.map(({ seconds = Infinity }) => seconds))
  return seconds === Infinity ? "never" : `${seconds} s`
}

/** Returns the names that occur in a record of one of the reports, those of the first report first. */
const namesOf = (reports: ReadonlyArray<Report>, record: (report: Report) => object): ReadonlyArray<string> => [
  ...new Set(reports.flatMap((report) => Object.keys(record(report))))
]

/** Returns the names of the classes of calls. */
export const classesOf = ({ policies }: Simulation): ReadonlyArray<string> =>
  namesOf(Object.values(policies), ({ classes }) => classes)

/** Returns the figures of a simulation. A figure that no report has is left out. */
export const rowsOf = (simulation: Simulation): ReadonlyArray<Row> => {
  const reports = Object.values(simulation.policies)
  const row = (label: string, value: (report: Report) => string | undefined, isPart = false): ReadonlyArray<Row> => {
    const values = reports.map(value)
    return values.every((one) => one === undefined)
      ? []
      : [{ label, isPart, values: values.map((one) => one ?? absent) }]
  }
  const number = (
    label: string,
    value: (report: Report) => number | undefined,
    format: (value: number) => string,
    isPart = false
  ) =>
    row(
      label,
      (report) => {
        const found = value(report)
        return found === undefined ? undefined : format(found)
      },
      isPart
    )
  const classes = classesOf(simulation)
  const ofClass = (name: string): ReadonlyArray<Row> => {
    const of = classes.length === 1 ? "" : ` of ${name}`
    return [
      ...number(`median duration${of}`, ({ classes }) => classes[name]?.p50, formatMillis),
      ...number(`99th percentile${of}`, ({ classes }) => classes[name]?.p99, formatMillis)
    ]
  }
  const isTroubled = simulation.troubles.length > 0
  return [
    ...number("goodput, of the oracle's", ({ goodput }) => goodput, percent),
    ...number("attempts per success", ({ attemptsPerSuccess }) => attemptsPerSuccess, decimal),
    // without troubles, it is about the same as the attempts per success
    ...(isTroubled ? number("attempts per call in troubles", ({ amplification }) => amplification, decimal) : []),
    ...number("calls", ({ calls }) => calls, String),
    ...number("failed calls", ({ failed }) => failed, String),
    ...namesOf(reports, ({ failures }) => failures).flatMap((reason) =>
      number(reason, ({ failures }) => failures[reason] ?? 0, String, true)
    ),
    ...classes.flatMap(ofClass),
    ...number("peak, of the limit", ({ peak }) => peak, multiple),
    ...row("longest recovery", ({ recovery }) => longest(recovery)),
    ...row("longest convergence", ({ convergence }) => longest(convergence)),
    ...number("Jain's index of workers", ({ jain }) => jain, decimal),
    ...number("Jain's index of processes", ({ jainOfProcesses }) => jainOfProcesses, decimal),
    ...(reports.some(({ tokens }) => tokens.wasted > 0)
      ? number("wasted tokens", ({ tokens }) => tokens.wasted, String)
      : [])
  ]
}

const glossary: ReadonlyArray<readonly [term: string, text: string]> = [
  ["Oracle", "Clients that know the state of the server, and send each request as soon as the server admits it."],
  ["Peak", "The most requests that arrived within a second. With slots, the most requests in progress."],
  ["Recovery", "The time after a trouble until successes were back at 95 % of their rate."],
  ["Convergence", "The time after a change of the limit until clients sent what the server admits."],
  ["Jain's index", "1 if all have the same number of successes, close to 0 if one has everything."]
]

/** Returns explanations of the figures that a simulation has. */
export const glossaryOf = (simulation: Simulation): typeof glossary => {
  const labels = rowsOf(simulation).map(({ label }) => label.toLowerCase())
  return glossary.filter(([term]) => labels.some((label) => label.includes(term.toLowerCase())))
}

// -------------------------------------------------------------------------------------------------
// Series
// -------------------------------------------------------------------------------------------------

/** Averages the counts of seconds in at most `most` bins of equal length. */
export const binned = (counts: ReadonlyArray<number>, most: number): ReadonlyArray<number> => {
  const bins = Math.min(most, counts.length)
  return Array.from({ length: bins }, (_, bin) => {
    const [from, to] = [Math.floor((bin * counts.length) / bins), Math.floor(((bin + 1) * counts.length) / bins)]
    return counts.slice(from, to).reduce((sum, count) => sum + count, 0) / (to - from)
  })
}

/** The attempts that did not succeed at the server, because of a limit or for another reason. */
export const refusedOf = ({ failed, refused }: Series): ReadonlyArray<number> =>
  refused.map((count, second) => count + (failed[second] ?? 0))

/** Returns the largest of many numbers, at least `least`. */
export const largest = (values: ReadonlyArray<number>, least = 0): number =>
  values.reduce((max, value) => Math.max(max, value), least)

/** Formats a simulated time: `45 s`, `2 min`, `1 h 30 min`. */
export const formatSeconds = (seconds: number): string => {
  if (seconds < 60) return `${seconds} s`
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]
  const parts = [
    [hours, "h"],
    [minutes, "min"],
    [rest, "s"]
  ] as const
  return parts.flatMap(([count, unit]) => (count === 0 ? [] : [`${count} ${unit}`])).join(" ")
}

/** Describes a simulation in one sentence. */
export const outlineOf = ({ policies, seconds, seed, warmUp }: Simulation): string => {
  const count = Object.keys(policies).length
  const before = warmUp === 0 ? "" : `; the figures leave out the first ${formatSeconds(warmUp)}`
  return `${formatSeconds(seconds)} of simulated time for ${count === 1 ? "1 policy" : `each of ${count} policies`}, seed ${seed}${before}.`
}
