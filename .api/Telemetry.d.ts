import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as MetricPair from "effect/MetricPair"
import type * as Scope from "effect/Scope"
import { attributes as allAttributes, names as allNames } from "./internal/telemetry/names.js"
import * as RateLimiter from "./RateLimiter.js"
import type { RetryBudget } from "./RetryBudget.js"
export interface Named {
  readonly name: string
  readonly kind: "counter" | "histogram" | "gauge" | "span"
  readonly unit: string
  readonly attributes: ReadonlyArray<keyof typeof attributes>
  readonly counts: string
}
export interface LimiterOptions {
  readonly every?: Duration.DurationInput | undefined
}
export interface BudgetOptions {
  readonly every?: Duration.DurationInput | undefined
}
export declare const names: {
  readonly [K in keyof typeof allNames]: Named
}
export declare const attributes: {
  readonly [K in keyof typeof allAttributes]: {
    readonly name: string
    readonly holds: string
  }
}
export declare const prometheusType = "text/plain; version=0.0.4; charset=utf-8"
export declare const metrics: Layer.Layer<never>
export declare const spans: Layer.Layer<never>
export declare const layer: () => Layer.Layer<never>
export declare const observeBudget: (
  name: string,
  budget: RetryBudget,
  options?: BudgetOptions
) => Effect.Effect<void, never, Scope.Scope>
export declare const observeLimiter: (
  limiter: RateLimiter.RateLimiter,
  options?: LimiterOptions
) => Effect.Effect<void, never, Scope.Scope>
export declare const prometheusOf: (snapshot: Iterable<MetricPair.MetricPair.Untyped>) => string
export declare const prometheus: Effect.Effect<string>
