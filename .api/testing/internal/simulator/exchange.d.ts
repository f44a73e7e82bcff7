import * as Effect from "effect/Effect"
import { type ApiError } from "../../../ApiError.js"
import * as Dialect from "../../../Dialect.js"
import type { Attempt } from "../../../Reliability.js"
import type { SimulatedCall } from "./load.js"
import type { Response } from "./model.js"
import type { Random } from "./random.js"
import type { TrafficRecorder } from "./recorder.js"
import type { Model } from "./servers.js"
import type { VirtualTime } from "./virtualTime.js"
export declare class Progress {
  readonly call: SimulatedCall
  delivered: number
  constructor(call: SimulatedCall)
}
export interface Network {
  readonly time: VirtualTime
  readonly random: Random
  readonly recorder: TrafficRecorder
  readonly model: Model
  readonly dialect: Dialect.Dialect
  readonly roundTrip: number
}
export declare const attemptOn: (network: Network, progress: Progress) => Effect.Effect<Response, ApiError>
export declare const leafOn: (
  network: Network,
  progress: Progress
) => (limits: Attempt) => Effect.Effect<Response, ApiError>
export declare const counted: <A, E, R>(
  { recorder, time }: Pick<Network, "recorder" | "time">,
  progress: Progress,
  attempt: Effect.Effect<A, E, R>
) => Effect.Effect<A, E, R>
