/**
 * The types of the circuit breaker. Times are milliseconds.
 *
 * @since 0.2.0
 */
import type * as Duration from "effect/Duration"

/**
 * The condition under which a closed circuit opens. See `consecutive` and `rate`.
 *
 * @since 0.2.0
 * @category model
 */
export type TripPolicy =
  | { readonly _tag: "Consecutive"; readonly failures: number }
  | { readonly _tag: "Rate"; readonly threshold: number; readonly minimumCalls: number; readonly size: number }

/**
 * The outcome of a call for a circuit: the server is healthy, the server failed, or the call shows neither.
 *
 * @since 0.2.0
 * @category model
 */
export type Outcome =
  | { readonly _tag: "Success" }
  | { readonly _tag: "Ignored" }
  | {
      readonly _tag: "Failure"
      /** The server hint. It lengthens the open time if this failure opens the circuit. */
      readonly retryAfter?: Duration.Duration | undefined
    }

/**
 * The state of the circuit of one key.
 *
 * A circuit whose open time is over is `Open` until the next call, which is its probe.
 *
 * @since 0.2.0
 * @category model
 */
export type State =
  | { readonly _tag: "Closed"; readonly key: string }
  | {
      readonly _tag: "Open"
      readonly key: string
      /** The time that is left until a call is admitted as the probe. */
      readonly retryAfter: Duration.Duration
      /** The number of openings since the open time was last reset. */
      readonly consecutiveOpenings: number
    }
  | {
      readonly _tag: "HalfOpen"
      readonly key: string
      /** True while a probe is under way. */
      readonly probing: boolean
      /** The number of openings since the open time was last reset. */
      readonly consecutiveOpenings: number
    }

/**
 * A change of the state of a circuit.
 *
 * @since 0.2.0
 * @category model
 */
export type Transition =
  | {
      readonly key: string
      /** `HalfOpen` if a probe failed. */
      readonly from: "Closed" | "HalfOpen"
      readonly to: "Open"
      /** The open time. */
      readonly retryAfter: Duration.Duration
      /** The number of openings since the open time was last reset, this one included. */
      readonly consecutiveOpenings: number
    }
  | { readonly key: string; readonly from: "Open"; readonly to: "HalfOpen" }
  | { readonly key: string; readonly from: "HalfOpen"; readonly to: "Closed" }

/**
 * The state of one key of a breaker, as plain data. Times are milliseconds.
 *
 * @since 0.2.0
 * @category model
 */
export interface KeyDescription {
  readonly key: string
  readonly state: State["_tag"]
  /** The time until a call is admitted as the probe; 0 unless the state is `Open`. */
  readonly opensFor: number
  /** True while a probe is under way. */
  readonly probing: boolean
  /** The number of openings since the open time was last reset. */
  readonly consecutiveOpenings: number
  /** The number of failures that count towards the next opening. */
  readonly failures: number
  /** The number of calls that this breaker admitted since the key was created. */
  readonly admitted: number
  /** The number of times that this breaker refused a call since the key was created. */
  readonly refused: number
}
