/**
 * The interface of a rate limiter, and the options of its users.
 *
 * @since 0.2.0
 */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type { ApiError, RateLimit } from "../../ApiError.js"
import type { Entry, KeyDescription, Restore } from "./engine.js"
import type { Refusal } from "./lane.js"
import type { Cost } from "./model.js"
import type { Pass } from "./pass.js"

/**
 * The symbol that marks rate limiters.
 *
 * @since 0.2.0
 * @category symbols
 */
export const TypeId: unique symbol = Symbol.for("effect-reliability/RateLimiter")

/**
 * The type of the symbol that marks rate limiters.
 *
 * @since 0.2.0
 * @category symbols
 */
export type TypeId = typeof TypeId

/**
 * A rate limiter, which any number of calls can share.
 *
 * @since 0.2.0
 * @category model
 */
export interface RateLimiter {
  readonly [TypeId]: TypeId
  /** The slack of each class. */
  readonly classes: { readonly [name: string]: Duration.Duration }
  /** @internal */
  readonly enter: (entry: Entry) => Pass | undefined
  /** @internal */
  readonly isFree: (entry: Pick<Entry, "cost" | "key">) => boolean
  /** @internal */
  readonly wait: <A, E, R>(
    entry: Entry,
    restore: Restore,
    next: (end: Pass | Refused) => Effect.Effect<A, E, R>
  ) => Effect.Effect<A, E, R>
  /**
   * Tests whether an error says that the server refused a call by its rate or number.
   *
   * @internal
   */
  readonly isRefusal: (error: ApiError) => boolean
  /** @internal */
  readonly describe: () => ReadonlyArray<KeyDescription>
}

/**
 * The key, the cost and the class of calls.
 *
 * @since 0.2.0
 * @category model
 */
export interface LimitOptions {
  /**
   * The key: the server limits all calls with the same key together. It must not contain a credential, because keys are shown in
   * logs and metrics.
   */
  readonly key: string
  /** The tokens that one call costs. @default none */
  readonly cost?: Cost | undefined
  /** The class of the calls, one of those of the limiter. @default "interactive" */
  readonly class?: string | undefined
}

/**
 * A limiter, with the key, the cost and the class of the calls of a policy.
 *
 * @since 0.2.0
 * @category model
 */
export interface Use extends Partial<LimitOptions> {
  readonly limiter: RateLimiter
}

/**
 * The error of a call that was not admitted, and its reason.
 *
 * @internal
 */
export interface Refused {
  readonly why: Refusal["why"]
  readonly error: RateLimit
}
