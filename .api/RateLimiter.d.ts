import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { type RateLimit } from "./ApiError.js"
import { type KeyDescription } from "./internal/rateLimiter/engine.js"
import { type LimitOptions, type RateLimiter as Limiter } from "./internal/rateLimiter/service.js"
import { Store } from "./Store.js"
export type { Brake, Cost, Resource, TokenUsage } from "./internal/rateLimiter/model.js"
export type { KeyDescription } from "./internal/rateLimiter/engine.js"
export { type LimitOptions, TypeId, type Use } from "./internal/rateLimiter/service.js"
export interface Limit {
  readonly limit: number
  readonly per?: Duration.DurationInput | undefined
}
export interface Options {
  readonly requests?: Limit | undefined
  readonly inputTokens?: Limit | undefined
  readonly outputTokens?: Limit | undefined
  readonly concurrency?: number | undefined
  readonly queue?: number | undefined
  readonly classes?:
    | {
        readonly [name: string]: Duration.DurationInput
      }
    | undefined
  readonly idleTimeToLive?: Duration.DurationInput | undefined
  readonly store?: Store | undefined
  readonly onOutage?: "local" | "fail" | undefined
}
export interface RateLimiter extends Limiter {}
export declare const make: (options?: Options) => Effect.Effect<RateLimiter>
export declare const limit: {
  (
    limiter: RateLimiter,
    asking: LimitOptions
  ): <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E | RateLimit, R>
  <A, E, R>(
    effect: Effect.Effect<A, E, R>,
    limiter: RateLimiter,
    asking: LimitOptions
  ): Effect.Effect<A, E | RateLimit, R>
}
export declare const RateLimiter: Context.Tag<RateLimiter, RateLimiter>
export declare const layer: (options?: Options) => Layer.Layer<RateLimiter>
export declare const config: Config.Config<Options>
export declare const layerConfig: (
  options?: Config.Config.Wrap<Omit<Options, "store">>
) => Layer.Layer<RateLimiter, ConfigError.ConfigError>
export declare const describe: (limiter: RateLimiter) => ReadonlyArray<KeyDescription>
