import { Histogram } from "./histogram.js"
import type { SimulatedCall } from "./load.js"
import type { Verdict } from "./servers.js"
export interface Counts {
  readonly started: Uint32Array
  readonly sent: Uint32Array
  readonly admitted: Uint32Array
  readonly refused: Uint32Array
  readonly failed: Uint32Array
  readonly succeeded: Uint32Array
  readonly gaveUp: Uint32Array
}
export interface ClassCounts {
  calls: number
  succeeded: number
  failed: number
  readonly latencies: Histogram
}
export interface Trouble {
  readonly from: number
  readonly to: number
}
export interface RecorderOptions {
  readonly duration: number
  readonly warmUp: number
  readonly processes: number
  readonly troubles: ReadonlyArray<Trouble>
}
export declare class TrafficRecorder {
  #private
  calls: number
  attempts: number
  succeeded: number
  failed: number
  active: number
  readonly reasons: Map<string, number>
  readonly classes: Map<string, ClassCounts>
  readonly series: Counts
  readonly ofWorkers: Array<number>
  readonly ofProcesses: Array<number>
  readonly tokens: {
    input: number
    output: number
    wasted: number
  }
  peak: number | undefined
  readonly troubled: {
    attempts: number
    calls: number
  }
  constructor(options: RecorderOptions)
  close(): void
  start(now: number, call: SimulatedCall): void
  beginTrouble(): void
  send(now: number): void
  arrive(now: number, perSecond: number | undefined, room: number | undefined): void
  decide(now: number, verdict: Verdict): void
  receive(): void
  waste(now: number, tokens: number): void
  succeed(now: number, call: SimulatedCall): void
  fail(now: number, call: SimulatedCall, reason: string): void
  classOf(name: string): ClassCounts
}
