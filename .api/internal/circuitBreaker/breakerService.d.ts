import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { State, Transition, TripPolicy } from "./model.js"
import type { OpenDuration } from "./openTime.js"
export declare const TypeId: unique symbol
export type TypeId = typeof TypeId
export interface CircuitBreaker {
  readonly [TypeId]: TypeId
  readonly options: {
    readonly tripPolicy: TripPolicy
    readonly openDuration: OpenDuration
  }
  readonly state: (key: string) => Effect.Effect<State>
  readonly transitions: Stream.Stream<Transition>
}
export interface Use {
  readonly breaker: CircuitBreaker
  readonly key?: string | undefined
  readonly whenOpen?: "wait" | "fail" | undefined
}
export interface BreakerUse {
  readonly breaker: CircuitBreaker
  readonly key?: ((request: HttpClientRequest.HttpClientRequest) => string) | undefined
  readonly whenOpen?: "wait" | "fail" | undefined
}
export declare const checkBreaker: (owner: string, given: CircuitBreaker | Use) => Use
export declare const checkRequestBreaker: (owner: string, given: CircuitBreaker | BreakerUse) => BreakerUse
