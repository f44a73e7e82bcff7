import type { Call, Size } from "./model.js"
import { type Random } from "./random.js"
import type { VirtualTime } from "./virtualTime.js"
export interface SimulatedCall extends Call {
  readonly worker: number
  readonly output: number
  readonly startedAt: number
}
export interface CheckedLoad {
  readonly class: string
  readonly workers: number | undefined
  readonly perSecond: number
  readonly sizes: ((random: Random) => Size) | undefined
  readonly deadline: number
  readonly from: number
  readonly to: number
  readonly stagger: number
  readonly think: number
  readonly afterFailure: number
}
export type Start = (call: SimulatedCall, load: CheckedLoad, done: (succeeded: boolean) => void) => void
export interface LoadSetup {
  readonly loads: ReadonlyArray<CheckedLoad>
  readonly processes: number
  readonly seed: number
}
export declare const workersOf: ({ loads, processes }: LoadSetup) => number
export declare const generate: (time: VirtualTime, { loads, processes, seed }: LoadSetup, start: Start) => () => void
