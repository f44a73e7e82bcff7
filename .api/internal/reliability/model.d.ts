import type * as Effect from "effect/Effect"
import type { ApiError } from "../../ApiError.js"
import type * as Retry from "../../Retry.js"
import type { RetryBudget } from "../../RetryBudget.js"
import type { About, Idempotency, Outcome, Workload } from "../call/model.js"
import type { HedgeService, Use as HedgeUse } from "../hedge/model.js"
import type { CircuitBreaker, Use as KeyedBreaker } from "../circuitBreaker/breakerService.js"
import type { Cost } from "../rateLimiter/model.js"
import type { RateLimiter, Use } from "../rateLimiter/service.js"
export interface Retrying {
  readonly workload: Workload
  readonly error: ApiError
  readonly step: Retry.Step
}
export interface GivenUp {
  readonly workload: Workload
  readonly error: ApiError
  readonly why: Retry.Stopping
}
export interface Options<R = never, R2 = R> {
  readonly workload: Workload
  readonly idempotency?: Idempotency | undefined
  readonly about?: About | undefined
  readonly budget?: RetryBudget | undefined
  readonly cost?: Cost | undefined
  readonly limiter?: RateLimiter | Use | undefined
  readonly breaker?: CircuitBreaker | KeyedBreaker | undefined
  readonly hedge?: HedgeService | HedgeUse | undefined
  readonly onRetry?: ((retrying: Retrying) => Effect.Effect<unknown, unknown, R>) | undefined
  readonly onGiveUp?: ((givenUp: GivenUp) => Effect.Effect<unknown, unknown, R2>) | undefined
  readonly record?: ((outcome: Outcome) => void) | undefined
}
export declare const PolicyTypeId: unique symbol
export interface Policy<R = never> extends Options<R> {
  readonly [PolicyTypeId]: typeof PolicyTypeId
  readonly classify?: undefined
}
export interface Moment {
  readonly now: number
}
export interface Classifying<in E, R = never> extends Options<R> {
  readonly [PolicyTypeId]: typeof PolicyTypeId
  readonly classify: (error: E, at: Moment) => ApiError
}
export interface Attempt {
  readonly attempt: number
  readonly workload: Workload
  readonly millis: number
  readonly phase: "attempt" | "deadline"
}
