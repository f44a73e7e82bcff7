import type { Interval } from "./histogram.js"
import type { OracleResult } from "./oracle.js"
import type { Counts, TrafficRecorder, Trouble } from "./recorder.js"
export interface ClassReport {
  readonly calls: number
  readonly succeeded: number
  readonly failed: number
  readonly p50?: number
  readonly p99?: number
  readonly max?: number
  readonly latencies: ReadonlyArray<Interval>
}
export interface Settling {
  readonly at: number
  readonly seconds?: number
}
export interface Series {
  readonly started: ReadonlyArray<number>
  readonly sent: ReadonlyArray<number>
  readonly admitted: ReadonlyArray<number>
  readonly refused: ReadonlyArray<number>
  readonly failed: ReadonlyArray<number>
  readonly succeeded: ReadonlyArray<number>
  readonly gaveUp: ReadonlyArray<number>
  readonly oracle: ReadonlyArray<number>
}
export interface Report {
  readonly seed: number
  readonly seconds: number
  readonly calls: number
  readonly succeeded: number
  readonly failed: number
  readonly attempts: number
  readonly goodput?: number
  readonly oracle?: number
  readonly attemptsPerSuccess?: number
  readonly amplification?: number
  readonly failures: Readonly<Record<string, number>>
  readonly classes: Readonly<Record<string, ClassReport>>
  readonly jain?: number
  readonly jainOfProcesses?: number
  readonly peak?: number
  readonly recovery: ReadonlyArray<Settling>
  readonly convergence: ReadonlyArray<Settling>
  readonly tokens: {
    readonly input: number
    readonly output: number
    readonly wasted: number
  }
  readonly series: Series
}
export declare const ratio: (value: number, of: number) => number | undefined
export declare const jain: (values: ReadonlyArray<number>) => number | undefined
type Succeeded = Pick<Counts, "succeeded">
export declare const recoveryOf: (
  { succeeded }: Succeeded,
  oracle: Uint32Array,
  troubles: ReadonlyArray<Trouble>
) => ReadonlyArray<Settling>
export declare const convergenceOf: (
  { sent, succeeded }: Succeeded & Pick<Counts, "sent">,
  oracle: Uint32Array,
  changes: ReadonlyArray<number>
) => ReadonlyArray<Settling>
export declare const merged: (troubles: ReadonlyArray<Trouble>) => ReadonlyArray<Trouble>
export interface ReportInput {
  readonly seed: number
  readonly duration: number
  readonly recorder: TrafficRecorder
  readonly oracle: OracleResult | undefined
  readonly countsTokens: boolean
  readonly workers: number
  readonly processes: number
  readonly troubles: ReadonlyArray<Trouble>
  readonly changes: ReadonlyArray<number>
}
export declare const goodputOf: (
  { succeeded, tokens }: Pick<TrafficRecorder, "succeeded" | "tokens">,
  oracle: OracleResult,
  countsTokens: boolean
) => number | undefined
export declare const reportOf: (input: ReportInput) => Report
export {}
