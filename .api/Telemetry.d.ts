import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as MetricPair from "effect/MetricPair"
import type * as Scope from "effect/Scope"
import * as CircuitBreaker from "./CircuitBreaker.js"
import { type Revision } from "./internal/telemetry/genAi.js"
import { type Level } from "./internal/telemetry/logs.js"
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
export type LogLevel = Level
export interface LogOptions {
  readonly retry?: LogLevel | undefined
  readonly giveUp?: LogLevel | undefined
  readonly failure?: LogLevel | undefined
  readonly transition?: LogLevel | undefined
  readonly pause?: LogLevel | undefined
  readonly outage?: LogLevel | undefined
  readonly resumed?: LogLevel | undefined
  readonly optimizerLost?: LogLevel | undefined
}
export type Conventions = Revision
export interface GenAiOptions {
  readonly conventions?: Conventions | undefined
}
export interface Options extends GenAiOptions {
  readonly logs?: LogOptions | undefined
}
export interface BreakerOptions {
  readonly every?: Duration.DurationInput | undefined
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
export declare const logs: (options?: LogOptions) => Layer.Layer<never>
export declare const genAi: (options?: GenAiOptions) => Layer.Layer<never>
export declare const layer: (options?: Options) => Layer.Layer<never>
export declare const observeBudget: (
  name: string,
  budget: RetryBudget,
  options?: BudgetOptions
) => Effect.Effect<void, never, Scope.Scope>
export declare const observeBreaker: (
  breaker: CircuitBreaker.CircuitBreaker,
  options?: BreakerOptions
) => Effect.Effect<void, never, Scope.Scope>
export declare const observeLimiter: (
  limiter: RateLimiter.RateLimiter,
  options?: LimiterOptions
) => Effect.Effect<void, never, Scope.Scope>
export declare const prometheusOf: (snapshot: Iterable<MetricPair.MetricPair.Untyped>) => string
export declare const prometheus: Effect.Effect<string>
