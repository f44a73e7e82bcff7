/**
 * Checks of reports.
 *
 * @since 0.2.0
 */
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import type { ClassReport, Report } from "./report.js"

/**
 * The expected figures of a class.
 *
 * @since 0.2.0
 * @category model
 */
export interface ClassExpectations {
  /** The maximum of the median duration. */
  readonly p50?: Duration.DurationInput | undefined
  /** The maximum of the duration that 99 % of the successes do not exceed. */
  readonly p99?: Duration.DurationInput | undefined
  /** The maximum number of failed calls. */
  readonly failed?: number | undefined
}

/**
 * The expected figures of a report. Only those that are given are checked.
 *
 * @since 0.2.0
 * @category model
 */
export interface Expectations {
  /** The minimum share of the oracle's success. */
  readonly goodput?: number | undefined
  /** The maximum number of attempts per success. */
  readonly attemptsPerSuccess?: number | undefined
  /** The maximum number of attempts per call during troubles. */
  readonly amplification?: number | undefined
  /** The maximum number of failed calls. */
  readonly failed?: number | undefined
  /** The minimum of Jain's index of workers. */
  readonly jain?: number | undefined
  /** The maximum number of requests that arrive within a second, as a multiple of the limit. */
  readonly peak?: number | undefined
  /** The maximum time after each trouble. */
  readonly recovery?: Duration.DurationInput | undefined
  /** The maximum time after the start and after each change of a limit. */
  readonly convergence?: Duration.DurationInput | undefined
  /** The maximum number of wasted tokens. */
  readonly wasted?: number | undefined
  /** The figures of classes by name. */
  readonly classes?: Readonly<Record<string, ClassExpectations>> | undefined
}

/**
 * A report that does not meet the expectations.
 *
 * @since 0.2.0
 * @category errors
 */
export class Unmet extends Data.TaggedError("Unmet")<{ readonly message: string; readonly report: Report }> {}

interface Check {
  readonly name: string
  /** The figure; undefined if the report does not have it. */
  readonly value: number | undefined
  readonly bound: number
  readonly isMinimum?: boolean
  readonly unit?: "ms" | "s"
}

const shown = (value: number, unit: Check["unit"]): string => {
  if (unit !== undefined) return Duration.format(Duration.millis(Math.round(unit === "s" ? value * 1000 : value)))
  return String(Number(value.toPrecision(4)))
}

const holds = ({ bound, isMinimum, value }: Check): boolean =>
  value !== undefined && (isMinimum === true ? value >= bound : value <= bound)

const lineOf = (check: Check): string => {
  const { bound, isMinimum, name, unit, value } = check
  const figure = value === undefined ? "unknown" : value === Infinity ? "never" : shown(value, unit)
  return `  ${holds(check) ? "✓" : "✗"} ${name}: ${figure} (expected ${isMinimum === true ? "≥" : "≤"} ${shown(bound, unit)})`
}

/** Returns the longest of some times in seconds; Infinity if one of them did not end. */
const longest = (settlings: Report["recovery"]): number | undefined =>
  settlings.length === 0 ? undefined : Math.max(...settlings.map(({ seconds = Infinity }) => seconds))

const given = (check: Omit<Check, "bound">, bound: number | undefined): ReadonlyArray<Check> =>
  bound === undefined ? [] : [{ ...check, bound }]

const inUnit = (input: Duration.DurationInput | undefined, unit: "ms" | "s"): number | undefined =>
  input === undefined ? undefined : unit === "ms" ? Duration.toMillis(input) : Duration.toSeconds(input)

const ofClass = (
  name: string,
  found: ClassReport | undefined,
  { failed, p50, p99 }: ClassExpectations
): ReadonlyArray<Check> => [
  ...given({ name: `${name} p50`, value: found?.p50, unit: "ms" }, inUnit(p50, "ms")),
  ...given({ name: `${name} p99`, value: found?.p99, unit: "ms" }, inUnit(p99, "ms")),
  ...given({ name: `${name} failed`, value: found?.failed }, failed)
]

/** Returns the message of a report that does not meet the expectations; undefined if it meets them. */
export const messageOf = (report: Report, expected: Expectations): string | undefined => {
  const { classes = {}, convergence, recovery } = expected
  const checks = [
    ...given({ name: "goodput", value: report.goodput, isMinimum: true }, expected.goodput),
    ...given({ name: "attempts per success", value: report.attemptsPerSuccess }, expected.attemptsPerSuccess),
    ...given({ name: "amplification", value: report.amplification }, expected.amplification),
    ...given({ name: "failed calls", value: report.failed }, expected.failed),
    ...given({ name: "Jain's index", value: report.jain, isMinimum: true }, expected.jain),
    ...given({ name: "peak", value: report.peak }, expected.peak),
    ...given({ name: "recovery", value: longest(report.recovery), unit: "s" }, inUnit(recovery, "s")),
    ...given({ name: "convergence", value: longest(report.convergence), unit: "s" }, inUnit(convergence, "s")),
    ...given({ name: "wasted tokens", value: report.tokens.wasted }, expected.wasted),
    ...Object.entries(classes).flatMap(([name, figures]) => ofClass(name, report.classes[name], figures))
  ]
  if (checks.every(holds)) return undefined
  const unmet = checks.filter((check) => !holds(check)).length
  const { attempts, calls, failed, failures, oracle, seconds, seed, succeeded } = report
  const reasons = Object.entries(failures).map(([reason, count]) => `${count} ${reason}`)
  return [
    `${unmet} of ${checks.length} expectations are not met:`,
    ...checks.map(lineOf),
    `  ${calls} calls in ${seconds} s (seed ${seed}): ${succeeded} succeeded${oracle === undefined ? "" : ` (oracle ${oracle})`}, ` +
      `${failed} failed, ${attempts} attempts`,
    ...(reasons.length > 0 ? [`  failures: ${reasons.join(", ")}`] : [])
  ].join("\n")
}
