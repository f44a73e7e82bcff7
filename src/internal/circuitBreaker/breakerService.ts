/**
 * The interface of a circuit breaker, and its uses by policies and clients.
 *
 * @since 0.2.0
 */
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import { checkKey } from "../keys.js"
import { oneOf, refuse } from "../options.js"
import type { Circuits } from "./circuits.js"
import type { State, Transition, TripPolicy } from "./model.js"
import type { OpenDuration } from "./openTime.js"

/**
 * The symbol that marks circuit breakers.
 *
 * @since 0.2.0
 * @category symbols
 */
export const TypeId: unique symbol = Symbol.for("effect-reliability/CircuitBreaker")

/**
 * The type of the symbol that marks circuit breakers.
 *
 * @since 0.2.0
 * @category symbols
 */
export type TypeId = typeof TypeId

/**
 * A circuit breaker with one circuit for each key, which any number of calls can share.
 *
 * @since 0.2.0
 * @category model
 */
export interface CircuitBreaker {
  readonly [TypeId]: TypeId
  readonly options: { readonly tripPolicy: TripPolicy; readonly openDuration: OpenDuration }
  /** Returns the state of the circuit of a key. */
  readonly state: (key: string) => Effect.Effect<State>
  /** The changes of state that this breaker makes from now on. The stream does not end. */
  readonly transitions: Stream.Stream<Transition>
  /** @internal */
  readonly circuits: Pick<Circuits, "enter" | "peek" | "describe" | "errorIn">
}

/**
 * A breaker, with the key of the calls of a policy.
 *
 * @since 0.2.0
 * @category model
 */
export interface Use {
  readonly breaker: CircuitBreaker
  /**
   * The key: calls with the same key share a circuit. It must not contain a credential, because keys are shown in errors and logs.
   * @default host and model of the call
   */
  readonly key?: string | undefined
  /**
   * The treatment of a call that finds the circuit open: it waits as often as its deadline allows, or fails at once with
   * `CircuitOpen`, for example so that a `Fallback` moves on. @default "wait"
   */
  readonly whenOpen?: "wait" | "fail" | undefined
}

/**
 * A breaker, with the key of HTTP requests.
 *
 * @since 0.2.0
 * @category model
 */
export interface BreakerUse {
  readonly breaker: CircuitBreaker
  /**
   * Returns the key of a request. It must not contain a credential, because keys are shown in errors and logs. @default host, model
   * and a digest of the credential
   */
  readonly key?: ((request: HttpClientRequest.HttpClientRequest) => string) | undefined
  /**
   * The treatment of a call that finds the circuit open: it waits as often as its deadline allows, or fails at once with
   * `CircuitOpen`, for example so that a `Fallback` moves on. @default "wait"
   */
  readonly whenOpen?: "wait" | "fail" | undefined
}

/** Returns the use of a breaker; throws if it is neither a breaker nor a use. */
const useOf = <U extends Pick<Use, "breaker" | "whenOpen">>(owner: string, given: CircuitBreaker | U) => {
  const use: Pick<Use, "breaker" | "whenOpen"> & (U | {}) = "breaker" in given ? given : { breaker: given }
  if (!(TypeId in use.breaker)) refuse(owner, "breaker", use.breaker, "a CircuitBreaker")
  if (use.whenOpen !== undefined) oneOf(owner, "breaker.whenOpen", use.whenOpen, ["wait", "fail"])
  return use
}

export const checkBreaker = (owner: string, given: CircuitBreaker | Use): Use => {
  const use: Use = useOf(owner, given)
  if (use.key !== undefined) checkKey(owner, use.key)
  return use
}

export const checkRequestBreaker = (owner: string, given: CircuitBreaker | BreakerUse): BreakerUse =>
  useOf(owner, given)
