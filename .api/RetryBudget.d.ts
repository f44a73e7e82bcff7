import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
export interface Options {
  readonly ratio?: number | undefined
  readonly minPerSecond?: number | undefined
  readonly max?: number | undefined
}
export interface RetryBudget {
  readonly options: Required<{
    readonly [K in keyof Options]: number
  }>
  readonly deposit: Effect.Effect<void>
  readonly withdraw: Effect.Effect<boolean>
  readonly available: Effect.Effect<number>
  readonly suppressed: Effect.Effect<number>
}
export declare const make: (options?: Options) => Effect.Effect<RetryBudget>
export declare const RetryBudget: Context.Tag<RetryBudget, RetryBudget>
export declare const layer: (options?: Options) => Layer.Layer<RetryBudget>
export declare const layerConfig: (
  options: Config.Config.Wrap<Options>
) => Layer.Layer<RetryBudget, ConfigError.ConfigError>
