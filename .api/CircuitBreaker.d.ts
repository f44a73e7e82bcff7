import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import type { ApiError, Transient } from "./ApiError.js"
import { type CircuitBreaker as Breaker } from "./internal/circuitBreaker/breakerService.js"
import type { KeyDescription, Outcome, TripPolicy } from "./internal/circuitBreaker/model.js"
import { type OpenDuration } from "./internal/circuitBreaker/openTime.js"
import * as Store from "./Store.js"
export type { KeyDescription, Outcome, State, Transition, TripPolicy } from "./internal/circuitBreaker/model.js"
export type { OpenDuration } from "./internal/circuitBreaker/openTime.js"
export { TypeId, type Use } from "./internal/circuitBreaker/breakerService.js"
export interface CircuitBreaker extends Breaker {}
export interface Options {
  readonly tripPolicy?: TripPolicy | undefined
  readonly openDuration?: OpenDuration | undefined
  readonly maxOpenDuration?: Duration.DurationInput | undefined
  readonly slow?:
    | {
        readonly threshold: Duration.DurationInput
      }
    | undefined
  readonly classify?: ((error: ApiError) => Outcome) | undefined
  readonly idleTimeToLive?: Duration.DurationInput | undefined
  readonly store?: Store.Store | undefined
}
export interface ConfigOptions {
  readonly tripPolicy?: TripPolicy | undefined
  readonly openDuration?: Duration.DurationInput | undefined
  readonly maxOpenDuration?: Duration.DurationInput | undefined
  readonly idleTimeToLive?: Duration.DurationInput | undefined
}
export interface BreakerOptions<in A = never, in E = never, R = never> {
  readonly key: string
  readonly classify?: ((exit: Exit.Exit<A, E>) => Outcome | Effect.Effect<Outcome, never, R>) | undefined
}
export declare const consecutive: (failures: number) => TripPolicy
export declare const rate: (options?: {
  readonly threshold?: number | undefined
  readonly size?: number | undefined
  readonly minimumCalls?: number | undefined
}) => TripPolicy
export declare const success: Outcome
export declare const ignored: Outcome
export declare const failure: (options?: { readonly retryAfter?: Duration.DurationInput | undefined }) => Outcome
export declare const outcome: (error: ApiError) => Outcome
export declare const make: (options?: Options) => Effect.Effect<CircuitBreaker>
export declare const withBreaker: {
  (
    breaker: CircuitBreaker,
    options: {
      readonly key: string
      readonly classify?: undefined
    }
  ): <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E | Transient, R>
  <A, E, R2 = never>(
    breaker: CircuitBreaker,
    options: BreakerOptions<A, E, R2>
  ): <R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E | Transient, R | R2>
  <A, E, R, R2 = never>(
    self: Effect.Effect<A, E, R>,
    breaker: CircuitBreaker,
    options: BreakerOptions<A, E, R2>
  ): Effect.Effect<A, E | Transient, R | R2>
}
export declare const CircuitBreaker: Context.Tag<CircuitBreaker, CircuitBreaker>
export declare const layer: (options?: Options) => Layer.Layer<CircuitBreaker>
export declare const layerConfig: (
  options: Config.Config.Wrap<ConfigOptions>
) => Layer.Layer<CircuitBreaker, ConfigError.ConfigError>
export declare const describe: (breaker: CircuitBreaker) => ReadonlyArray<KeyDescription>
