/**
 * The interface of a hedge, and the options of its users.
 *
 * @since 0.2.0
 */
import type { HttpClientRequest } from "@effect/platform/HttpClientRequest"
import type { Idempotency } from "../call/model.js"
import type { RateLimiter, Use as LimiterUse } from "../rateLimiter/service.js"
import type { KeyState, Settings } from "./keyState.js"

/**
 * The symbol that marks hedges.
 *
 * @since 0.2.0
 * @category symbols
 */
export const TypeId: unique symbol = Symbol.for("effect-reliability/Hedge")

/**
 * The type of the symbol that marks hedges.
 *
 * @since 0.2.0
 * @category symbols
 */
export type TypeId = typeof TypeId

/**
 * The copy of a call that decided it: the first copy, or the hedge that began when the first copy was slow.
 *
 * @since 0.2.0
 * @category model
 */
export type Copy = "first" | "hedge"

/**
 * Learned latencies and budgets, which any number of calls share.
 *
 * @since 0.2.0
 */
export interface HedgeService {
  readonly [TypeId]: TypeId
  /** @internal */
  readonly settings: Settings
  /** @internal */
  readonly stateOf: (key: string, now: number) => KeyState
  /** @internal */
  readonly states: ReadonlyMap<string, KeyState>
}

/**
 * The key of calls, and the conditions under which they are hedged.
 *
 * @since 0.2.0
 * @category model
 */
export interface HedgeOptions {
  /**
   * The key: latencies and budget are those of all calls with the same key. Calls of one key should be alike, for example use
   * one model. It must not contain a credential, because keys are shown in logs.
   */
  readonly key: string
  /**
   * The idempotency of the call. Only a `"safe"` call is hedged, because its copies run at the same time. @default that of
   * `ReliableHttpClient.withIdempotency` or of the `protect` around the call; without them "safe"
   */
  readonly idempotency?: Idempotency | undefined
  /**
   * The rate limiter that the call uses. No copy starts if the limiter would hold it back, or while five sixths of the calls that
   * it admits at once are in flight. The key of the limiter is that of the `Use`; without one, `key`. @default none
   */
  readonly limiter?: RateLimiter | LimiterUse | undefined
}

/**
 * A hedge, with the key of the calls of a policy.
 *
 * @since 0.2.0
 * @category model
 */
export interface Use {
  readonly hedge: HedgeService
  /** The key, see `HedgeOptions`. @default host and model of `about` */
  readonly key?: string | undefined
}

/**
 * A hedge, with the key of HTTP requests.
 *
 * @since 0.2.0
 * @category model
 */
export interface RequestHedge {
  readonly hedge: HedgeService
  /**
   * Returns the key of a request, see `HedgeOptions`. @default the method, host, model and a digest of the credential
   */
  readonly key?: ((request: HttpClientRequest) => string) | undefined
}
