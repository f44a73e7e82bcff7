/**
 * Computes the report of a simulation from its counts.
 *
 * @since 0.2.0
 */
import type { Interval } from "./histogram.js"
import type { OracleResult } from "./oracle.js"
import type { Counts, TrafficRecorder, Trouble } from "./recorder.js"

/**
 * The calls of a class. Times are in milliseconds.
 *
 * @since 0.2.0
 * @category model
 */
export interface ClassReport {
  readonly calls: number
  readonly succeeded: number
  readonly failed: number
  /** The median duration of successful calls, within 1 %; absent without successes. */
  readonly p50?: number
  readonly p99?: number
  readonly max?: number
  /** The distribution of these durations. */
  readonly latencies: ReadonlyArray<Interval>
}

/**
 * The time that passed after an event until the clients did as well as the oracle. Both are in seconds.
 *
 * @since 0.2.0
 * @category model
 */
export interface Settling {
  /** The time of the event. */
  readonly at: number
  /** The seconds after it; absent if the simulation ended before. */
  readonly seconds?: number
}

/**
 * Counts for each second of the simulation.
 *
 * @since 0.2.0
 * @category model
 */
export interface Series {
  /** The calls that began. */
  readonly started: ReadonlyArray<number>
  /** The attempts that clients sent. */
  readonly sent: ReadonlyArray<number>
  /** The attempts that the server admitted. */
  readonly admitted: ReadonlyArray<number>
  /** The attempts that the server refused because of a limit. */
  readonly refused: ReadonlyArray<number>
  /** The attempts that failed for another reason. */
  readonly failed: ReadonlyArray<number>
  /** The calls that succeeded. */
  readonly succeeded: ReadonlyArray<number>
  /** The calls that failed. */
  readonly gaveUp: ReadonlyArray<number>
  /** The calls of the oracle that succeeded; empty without an oracle. */
  readonly oracle: ReadonlyArray<number>
}

/**
 * The result of a simulation, as plain data. Except for the series, it describes the time after the warm-up.
 *
 * @since 0.2.0
 * @category model
 */
export interface Report {
  readonly seed: number
  /** The duration of the simulation in seconds. */
  readonly seconds: number
  /** The calls that began. Those in progress at the end are neither successes nor failures. */
  readonly calls: number
  readonly succeeded: number
  readonly failed: number
  readonly attempts: number
  /**
   * The successes as a share of those of an oracle: clients that know the state of the server, and send each request as soon as it is
   * admitted. With `tokens`, the share of tokens. Absent for a closed loop on a server of the user.
   */
  readonly goodput?: number
  /** The successes of the oracle. */
  readonly oracle?: number
  /** Absent without successes. */
  readonly attemptsPerSuccess?: number
  /**
   * The attempts per call during outages, brown-outs and error shares. A call counts if it was in progress then. Without such
   * troubles, the attempts per call of the whole simulation.
   */
  readonly amplification?: number
  /** The failed calls by the reason of their error, and the reason why they were not retried. */
  readonly failures: Readonly<Record<string, number>>
  readonly classes: Readonly<Record<string, ClassReport>>
  /** Jain's index of the successes of workers: 1 if all have the same number; absent without closed loops. */
  readonly jain?: number
  /** The same of processes; absent with one process. */
  readonly jainOfProcesses?: number
  /**
   * The largest number of requests that arrived within a second, as a multiple of the limit. With `slots`, the largest number of
   * requests in progress, as a multiple of slots and queue.
   */
  readonly peak?: number
  /** The ends of troubles, and the time until successes were back at 95 % of their rate. */
  readonly recovery: ReadonlyArray<Settling>
  /** The start and the changes of limits, and the time until clients sent what the server admits: 93 % of it, with 10 % of refusals. */
  readonly convergence: ReadonlyArray<Settling>
  /** The tokens of successful calls, and those that the server spent in vain. */
  readonly tokens: { readonly input: number; readonly output: number; readonly wasted: number }
  readonly series: Series
}

/** Returns a quotient; undefined if it is not a number. */
export const ratio = (value: number, of: number): number | undefined => (of > 0 ? value / of : undefined)

/** Returns Jain's index: 1 if all values are equal, and one part in n if one of n has everything. */
export const jain = (values: ReadonlyArray<number>): number | undefined => {
  let [sum, squares] = [0, 0]
  for (const value of values) {
    sum += value
    squares += value * value
  }
  return values.length > 1 ? ratio(sum * sum, values.length * squares) : undefined
}

const sum = (counts: Uint32Array, from: number, to: number): number => {
  let total = 0
  for (let i = Math.max(0, from); i < Math.min(to, counts.length); i++) total += counts[i] ?? 0
  return total
}

/** The seconds that are compared with those of the oracle. */
const span = 3

/** Returns the first second from `from` on, from which on a condition holds for a span. */
const firstFrom = (from: number, seconds: number, holds: (from: number, to: number) => boolean): number | undefined => {
  for (let at = from; at + span <= seconds; at++) if (holds(at, at + span)) return at
  return undefined
}

const settling = (at: number, found: number | undefined): Settling =>
  found === undefined ? { at } : { at, seconds: Math.max(0, found - at) }

type Succeeded = Pick<Counts, "succeeded">

/**
 * Returns the time after each trouble until successes were back at 95 %: of those of the oracle in the same seconds, or of the
 * oracle's rate before the trouble, if that is less.
 */
export const recoveryOf = (
  { succeeded }: Succeeded,
  oracle: Uint32Array,
  troubles: ReadonlyArray<Trouble>
): ReadonlyArray<Settling> =>
  troubles
    .filter(({ to }) => to / 1000 + span <= succeeded.length)
    .map(({ from, to }) => {
      const before = Math.floor(from / 1000)
      const calm = Math.min(before, 20)
      const usual = calm === 0 ? Infinity : (sum(oracle, before - calm, before) / calm) * span
      const found = firstFrom(Math.ceil(to / 1000), succeeded.length, (start, end) => {
        return sum(succeeded, start, end) >= 0.95 * Math.min(usual, sum(oracle, start, end))
      })
      return settling(to / 1000, found)
    })

/** Returns the time after each change until the clients sent what the server admits. */
export const convergenceOf = (
  { sent, succeeded }: Succeeded & Pick<Counts, "sent">,
  oracle: Uint32Array,
  changes: ReadonlyArray<number>
): ReadonlyArray<Settling> =>
  changes
    .filter((at) => at / 1000 + span <= succeeded.length)
    .map((at) => {
      const found = firstFrom(Math.floor(at / 1000), succeeded.length, (start, end) => {
        const successes = sum(succeeded, start, end)
        return successes >= 0.93 * sum(oracle, start, end) && sum(sent, start, end) <= 1.1 * successes + span
      })
      return settling(at / 1000, found)
    })

/** Merges periods that overlap. */
export const merged = (troubles: ReadonlyArray<Trouble>): ReadonlyArray<Trouble> => {
  const found: Array<Trouble> = []
  for (const trouble of troubles.toSorted((a, b) => a.from - b.from)) {
    const last = found.at(-1)
    if (last === undefined || trouble.from > last.to) found.push(trouble)
    else found[found.length - 1] = { from: last.from, to: Math.max(last.to, trouble.to) }
  }
  return found
}

export interface ReportInput {
  readonly seed: number
  readonly duration: number
  readonly recorder: TrafficRecorder
  readonly oracle: OracleResult | undefined
  /** True if the server limits tokens. */
  readonly countsTokens: boolean
  readonly workers: number
  readonly processes: number
  readonly troubles: ReadonlyArray<Trouble>
  readonly changes: ReadonlyArray<number>
}

/** Returns the share of an oracle's success. */
export const goodputOf = (
  { succeeded, tokens }: Pick<TrafficRecorder, "succeeded" | "tokens">,
  oracle: OracleResult,
  countsTokens: boolean
): number | undefined => {
  if (!countsTokens) return ratio(succeeded, oracle.succeeded)
  const shares = [ratio(tokens.input, oracle.tokens.input), ratio(tokens.output, oracle.tokens.output)]
  const known = shares.filter((share) => share !== undefined)
  return known.length === 0 ? undefined : Math.max(...known)
}

/** Returns an object without its undefined properties. */
const compact = <A extends object>(value: A): { [K in keyof A]: Exclude<A[K], undefined> } =>
  // the properties that are left are those that are not undefined
  Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined)) as {
    [K in keyof A]: Exclude<A[K], undefined>
  }

const listed = (counts: Uint32Array): ReadonlyArray<number> => [...counts]

export const reportOf = (input: ReportInput): Report => {
  const { changes, countsTokens, duration, oracle, processes, recorder, seed, troubles, workers } = input
  const { attempts, calls, classes, failed, peak, reasons, series, succeeded, tokens, troubled } = recorder
  const successes = Array.from({ length: workers }, (_, worker) => recorder.ofWorkers[worker] ?? 0)
  const ofOracle = oracle?.perSecond ?? new Uint32Array()
  return {
    seed,
    seconds: duration / 1000,
    calls,
    succeeded,
    failed,
    attempts,
    ...compact({
      goodput: oracle && goodputOf(recorder, oracle, countsTokens),
      oracle: oracle?.succeeded,
      attemptsPerSuccess: ratio(attempts, succeeded),
      amplification: troubles.length > 0 ? ratio(troubled.attempts, troubled.calls) : ratio(attempts, calls),
      jain: jain(successes),
      jainOfProcesses: processes > 1 ? jain(recorder.ofProcesses) : undefined,
      peak
    }),
    failures: Object.fromEntries([...reasons].toSorted(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))),
    classes: Object.fromEntries(
      [...classes].map(([name, { calls, failed, latencies, succeeded }]) => [
        name,
        {
          calls,
          succeeded,
          failed,
          ...compact({
            p50: latencies.quantile(0.5),
            p99: latencies.quantile(0.99),
            max: latencies.count > 0 ? latencies.max : undefined
          }),
          latencies: latencies.intervals()
        }
      ])
    ),
    recovery: oracle === undefined ? [] : recoveryOf(series, ofOracle, troubles),
    convergence: oracle === undefined ? [] : convergenceOf(series, ofOracle, changes),
    tokens: { ...tokens },
    series: {
      started: listed(series.started),
      sent: listed(series.sent),
      admitted: listed(series.admitted),
      refused: listed(series.refused),
      failed: listed(series.failed),
      succeeded: listed(series.succeeded),
      gaveUp: listed(series.gaveUp),
      oracle: listed(ofOracle)
    }
  }
}
