import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Cost } from "./internal/rateLimiter/model.js"
import { Store } from "./Store.js"
export interface Options {
  readonly ratio?: number | undefined
  readonly minPerSecond?: number | undefined
  readonly max?: number | undefined
  readonly cost?: ((tokens: Cost) => number) | undefined
  readonly store?: Store | undefined
  readonly key?: string | undefined
}
export interface RetryBudget {
  readonly options: {
    readonly [K in "ratio" | "minPerSecond" | "max"]: number
  } & Pick<Options, "cost">
  readonly deposit: Effect.Effect<void>
  readonly withdraw: Effect.Effect<boolean>
  readonly available: Effect.Effect<number>
  readonly balance: Effect.Effect<number>
  readonly suppressed: Effect.Effect<number>
  readonly costing: (tokens: Cost) => RetryBudget
}
export declare const make: (options?: Options) => Effect.Effect<RetryBudget>
export declare const RetryBudget: Context.Tag<RetryBudget, RetryBudget>
export declare const layer: (options?: Options) => Layer.Layer<RetryBudget>
export declare const layerConfig: (
  options: Config.Config.Wrap<Omit<Options, "store">>
) => Layer.Layer<RetryBudget, ConfigError.ConfigError>
