import * as Config from "effect/Config"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import type { Transient } from "./ApiError.js"
import type { Workload } from "./internal/call/model.js"
import * as Retry from "./Retry.js"
export type { Workload, Timeouts, StreamTimeouts, Patience } from "./internal/call/model.js"
export interface Options {
  readonly name: string
  readonly timeouts: {
    readonly pool?: Duration.DurationInput | undefined
    readonly connect?: Duration.DurationInput | undefined
    readonly write?: Duration.DurationInput | undefined
    readonly read?: Duration.DurationInput | undefined
    readonly attempt: Duration.DurationInput
  }
  readonly stream?:
    | {
        readonly first?: Duration.DurationInput | undefined
        readonly idle?: Duration.DurationInput | undefined
      }
    | undefined
  readonly deadline?: Duration.DurationInput | undefined
  readonly retry?: Schedule.Schedule<Retry.Step, unknown> | undefined
  readonly patience?:
    | {
        readonly waits: number
        readonly base: Duration.DurationInput
        readonly factor?: number | undefined
        readonly cap?: Duration.DurationInput | undefined
      }
    | undefined
}
export interface Overrides extends Partial<Omit<Options, "timeouts">> {
  readonly timeouts?:
    | {
        readonly [K in keyof Options["timeouts"]]?: Options["timeouts"][K] | undefined
      }
    | undefined
}
export declare const make: (options: Options) => Workload
declare const with_: {
  (overrides: Overrides): (workload: Workload) => Workload
  (workload: Workload, overrides: Overrides): Workload
}
export { with_ as with }
export declare const config: (workload: Workload) => Config.Config<Workload>
export declare const interactive: Workload
export declare const agentic: Workload
export declare const largeModel: Workload
export declare const batchSubmission: Workload
export declare const timeout: {
  (workload: Workload): <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E | Transient, R>
  <A, E, R>(effect: Effect.Effect<A, E, R>, workload: Workload): Effect.Effect<A, E | Transient, R>
}
export declare const within: {
  (workload: Workload): <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  <A, E, R>(effect: Effect.Effect<A, E, R>, workload: Workload): Effect.Effect<A, E, R>
}
export declare const current: Effect.Effect<Option.Option<Workload>>
