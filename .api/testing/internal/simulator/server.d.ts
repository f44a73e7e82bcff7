import type * as Effect from "effect/Effect"
import type { ApiError } from "../../../ApiError.js"
import type { Attempt } from "../../../Reliability.js"
import { type Progress } from "./exchange.js"
import type { Call, Response } from "./model.js"
import type { CheckedServer } from "./simulationOptions.js"
import { type Random } from "./random.js"
import type { TrafficRecorder } from "./recorder.js"
import type { Model } from "./servers.js"
import type { VirtualTime } from "./virtualTime.js"
export declare const ServerTypeId: unique symbol
export interface Connection {
  readonly time: VirtualTime
  readonly recorder: TrafficRecorder
  readonly seed: number
  readonly roundTrip: number
}
export interface Connected<A, E, R> {
  readonly attempt: (progress: Progress) => Effect.Effect<A, E, R>
  readonly leaf: ((progress: Progress) => (limits: Attempt) => Effect.Effect<A, E, R>) | undefined
}
export interface Server<A = Response, E = ApiError, R = never> {
  readonly [ServerTypeId]: typeof ServerTypeId
  readonly kind: "bucket" | "tokens" | "slots" | "effect"
}
type MakeModel<O> = new (time: VirtualTime, random: Random, options: O) => Model
interface WithChanges extends CheckedServer {
  readonly changes: ReadonlyArray<{
    readonly at: number
  }>
}
export declare const modelServer: <O extends WithChanges>(
  kind: Server["kind"],
  options: O,
  Model: MakeModel<O>
) => Server
export declare const effectServer: <A, E, R>(attempt: (call: Call) => Effect.Effect<A, E, R>) => Server<A, E, R>
export {}
