import * as Effect from "effect/Effect"
import { type LoadSetup } from "./load.js"
import type { Model } from "./servers.js"
import { type Random } from "./random.js"
import { VirtualTime } from "./virtualTime.js"
export interface OracleSetup extends LoadSetup {
  readonly duration: number
  readonly warmUp: number
  readonly roundTrip: number
  readonly server: (time: VirtualTime, random: Random) => Model
}
export interface OracleResult {
  readonly succeeded: number
  readonly tokens: {
    readonly input: number
    readonly output: number
  }
  readonly perSecond: Uint32Array
}
export declare const consult: (setup: OracleSetup) => Effect.Effect<OracleResult>
