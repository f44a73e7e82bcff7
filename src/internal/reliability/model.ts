/**
 * The types of policies and of their parts.
 *
 * @since 0.2.0
 */
import type * as Effect from "effect/Effect"
import type { ApiError, Delivery } from "../../ApiError.js"
import type * as Retry from "../../Retry.js"
import type { RetryBudget } from "../../RetryBudget.js"
import type { About, Idempotency, Outcome, Workload } from "../call/model.js"
import type { HedgeService, Use as HedgeUse } from "../hedge/model.js"
import type { CircuitBreaker, Use as KeyedBreaker } from "../circuitBreaker/breakerService.js"
import type { Cost } from "../rateLimiter/model.js"
import type { Pass } from "../rateLimiter/pass.js"
import type { RateLimiter, Use } from "../rateLimiter/service.js"

/**
 * A wait that is about to begin: before a retry, or for the circuit breaker. A wait for the breaker has the reason `CircuitOpen`, and
 * may come before the first attempt.
 *
 * @since 0.1.0
 * @category model
 */
export interface Retrying {
  readonly workload: Workload
  readonly error: ApiError
  readonly step: Retry.Step
}

/**
 * A call that failed and is not retried again.
 *
 * @since 0.1.0
 * @category model
 */
export interface GivenUp {
  readonly workload: Workload
  /** The settled error. Its `attempts` is the number of attempts made. */
  readonly error: ApiError
  /** The reason why there was no further attempt. */
  readonly why: Retry.Stopping
}

/**
 * Options of `make`.
 *
 * @since 0.1.0
 * @category model
 */
export interface Options<R = never, R2 = R> {
  /** The timeouts, the deadline and the retry schedule. */
  readonly workload: Workload
  /**
   * The idempotency of the call: whether it may be repeated once the server may have executed it. With `"never"`, an error is
   * retried only if `ApiError.mayHaveExecuted` returns `false`. The option applies to the retries of this policy; a protected
   * call inside has its own. @default "safe", as with `Effect.retry`
   */
  readonly idempotency?: Idempotency | undefined
  /** Attributes of the calls, such as host and model, for observers. @default nothing */
  readonly about?: About | undefined
  /** The retry budget, which many calls share. Without a budget, only the schedule limits the retries. @default none */
  readonly budget?: RetryBudget | undefined
  /**
   * The estimated tokens of one attempt, for a budget with costs and for `Accounting`. @default the `cost` of the limiter's `Use`;
   * without one, the tokens are unknown, and a retry takes its cost from the budget as the call around it does
   */
  readonly cost?: Cost | undefined
  /**
   * The rate limiter that admits each attempt. A retry keeps the place of its call in the queue. Waits count against the deadline,
   * and not against the timeout of the attempt. A wait that would end after the deadline fails at once with `RateLimit`
   * `LocallyLimited`. The key is that of the `Use`; without one, host and model of `about`. @default none
   */
  readonly limiter?: RateLimiter | Use | undefined
  /**
   * The circuit breaker that admits each attempt, before the limiter does. A refused call waits until the breaker probes again, with
   * jitter, as often as its deadline allows, and spends neither attempts nor budget. If the wait would end after the deadline, the
   * call fails with `Transient` `CircuitOpen`. The key is that of the `CircuitBreaker.Use`; without one, host and model of `about`.
   * @default none
   */
  readonly breaker?: CircuitBreaker | KeyedBreaker | undefined
  /**
   * The hedge that starts a second copy of a slow call, with attempts of its own and the same deadline. Observers are notified
   * of both copies; that of the interrupted copy fails with `Fatal` `Aborted`. It applies only to calls whose `idempotency` is
   * `"safe"`. The key is that of the `Use`; without one, host and model of `about`. @default none
   */
  readonly hedge?: HedgeService | HedgeUse | undefined
  /**
   * Runs in a daemon fiber when the wait before a retry, or for the circuit breaker, begins. Its failure never affects the call, and interrupting the call
   * does not interrupt it.
   * @default nothing
   */
  readonly onRetry?: ((retrying: Retrying) => Effect.Effect<unknown, unknown, R>) | undefined
  /** Runs in a daemon fiber when the call has failed and is not retried again. @default nothing */
  readonly onGiveUp?: ((givenUp: GivenUp) => Effect.Effect<unknown, unknown, R2>) | undefined
  /**
   * Called once at the end of each attempt and of each call, in every case. A success has no error; an interruption has the
   * error `Fatal` `Aborted`. During the wait between two attempts, an interruption ends only the call. `record` is then called
   * when the fiber has ended, with the delivery of the previous attempt. The function runs synchronously within every call, so
   * it must be fast. What it throws is ignored. @default nothing
   */
  readonly record?: ((outcome: Outcome) => void) | undefined
}

/**
 * The symbol that marks policies.
 *
 * @since 0.1.0
 * @category symbols
 */
export const PolicyTypeId: unique symbol = Symbol.for("effect-reliability/Policy")

/**
 * A policy: the options that `protect` applies to a call.
 *
 * @since 0.1.0
 * @category model
 */
export interface Policy<R = never> extends Options<R> {
  readonly [PolicyTypeId]: typeof PolicyTypeId
  readonly classify?: undefined
}

/**
 * The time at which an error is classified. Some responses hold a date until which to wait, which is compared with it. It is
 * accepted as the options of `Classify.exception`.
 *
 * @since 0.1.0
 * @category model
 */
export interface Moment {
  /** The wall time of the `Clock` service in milliseconds. */
  readonly now: number
}

/**
 * A policy for effects whose errors are not `ApiError`s: `classify` turns these errors into `ApiError`s.
 *
 * @since 0.1.0
 * @category model
 */
export interface Classifying<in E, R = never> extends Options<R> {
  readonly [PolicyTypeId]: typeof PolicyTypeId
  readonly classify: (error: E, at: Moment) => ApiError
}

/**
 * An attempt of a call, for effects that apply its timeout themselves.
 *
 * @since 0.1.0
 * @category model
 */
export interface Attempt {
  /** The number of the attempt, counted from 1. */
  readonly attempt: number
  readonly workload: Workload
  /** The time that the attempt may take, in milliseconds; Infinity if it has no limit. */
  readonly millis: number
  /** The limit that `millis` comes from: the timeout of the attempt, or the time left until the deadline. */
  readonly phase: "attempt" | "deadline"
  /** @internal */
  readonly pass?: Pass | undefined
  /** @internal */
  readonly onCancel?: ((delivery: Delivery) => void) | undefined
}
