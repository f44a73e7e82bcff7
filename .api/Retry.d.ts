import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type { Step } from "./internal/call/model.js"
export type { Step, Waiting, Stopping } from "./internal/call/model.js"
export type Jitter = "additive" | "full" | "subtractive" | "none"
export interface Options {
  readonly attempts?: number | undefined
  readonly base?: Duration.DurationInput | undefined
  readonly factor?: number | undefined
  readonly cap?: Duration.DurationInput | undefined
  readonly jitter?: Jitter | undefined
  readonly spread?: Duration.DurationInput | undefined
  readonly maxHint?: Duration.DurationInput | undefined
  readonly nameNotFound?: number | undefined
  readonly settled?: "stop" | "retry" | undefined
}
export declare const delay: (
  options: Options,
  failure: {
    readonly failures: number
    readonly random: number
    readonly hint?: Duration.DurationInput | undefined
  }
) => Duration.Duration
export declare const make: (options?: Options) => Schedule.Schedule<Step, unknown>
export declare const documented: Schedule.Schedule<Step, unknown>
export declare const sdk: Schedule.Schedule<Step, unknown>
export declare const retry: {
  <R2>(
    schedule: Schedule.Schedule<unknown, unknown, R2>
  ): <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R | R2>
  <A, E, R, R2>(
    effect: Effect.Effect<A, E, R>,
    schedule: Schedule.Schedule<unknown, unknown, R2>
  ): Effect.Effect<A, E, R | R2>
}
