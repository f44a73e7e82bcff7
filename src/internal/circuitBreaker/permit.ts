/**
 * The admission of one attempt by a circuit breaker, until its outcome is recorded.
 *
 * @since 0.2.0
 */
import type * as Cause from "effect/Cause"
import type * as Effect from "effect/Effect"
import type { ApiError } from "../../ApiError.js"
import { attempt } from "../errors.js"
import type { Admitted, Circuit } from "./circuit.js"
import type { Outcome } from "./model.js"
import { ignored, outcomeOf, success } from "./outcomes.js"

/** Waits until an outcome is recorded in a store; `undefined` if the outcome is recorded. */
export type Recording = Effect.Effect<void> | undefined

/** The circuit of one key, as this process knows it, and the counts of its calls. */
export interface Entry {
  readonly key: string
  /** The state; in a store, the state that was seen last. */
  circuit: Circuit | undefined
  /** The time of the store minus the time of this process, when the state was seen last. */
  offset: number
  admitted: number
  refused: number
}

/** The breaker that admitted an attempt. */
export interface PermitIssuer {
  /** Returns the error for which the outcome of a cause is decided; undefined for an interruption. */
  readonly errorIn: (cause: Cause.Cause<unknown>, now: number) => ApiError | undefined
  readonly now: () => number
  /** The milliseconds from which a success counts as a failure. */
  readonly slow: number
  readonly classify: ((error: ApiError) => Outcome) | undefined
  readonly record: (permit: Permit, outcome: Outcome) => Recording
}

export class Permit {
  readonly entry: Entry
  readonly admitted: Admitted
  /** True if the store admitted the attempt, and false if the state of this process did. */
  readonly isShared: boolean
  /** Stops the renewal of the lease of a probe. */
  stopRenewal: (() => void) | undefined
  readonly #issuer: PermitIssuer
  readonly #startedAt: number
  #isOver = false

  constructor(issuer: PermitIssuer, entry: Entry, admitted: Admitted, startedAt: number, isShared: boolean) {
    this.#issuer = issuer
    this.#startedAt = startedAt
    this.entry = entry
    this.admitted = admitted
    this.isShared = isShared
  }

  /** Records an outcome, unless one is recorded. */
  finish(outcome: Outcome): Recording {
    if (this.#isOver) return undefined
    this.#isOver = true
    this.stopRenewal?.()
    return this.#issuer.record(this, outcome)
  }

  succeed(): Recording {
    const { now, slow } = this.#issuer
    return this.finish(slow !== Infinity && now() - this.#startedAt >= slow ? { _tag: "Failure" } : success)
  }

  fail(error: ApiError): Recording {
    const { classify } = this.#issuer
    // an exception of a user's function must not fail the call
    return this.finish(classify === undefined ? outcomeOf(error) : (attempt(() => classify(error)) ?? ignored))
  }

  /** Records the failure of an effect of any type, or its interruption. */
  passOn(cause: Cause.Cause<unknown>, now: number): Recording {
    const error = this.#issuer.errorIn(cause, now)
    return error === undefined ? this.drop() : this.fail(error)
  }

  /** Records that the attempt does not describe the server. */
  drop(): Recording {
    return this.finish(ignored)
  }
}
