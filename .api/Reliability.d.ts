import * as Effect from "effect/Effect"
import { type ApiError, type Transient } from "./ApiError.js"
import type { About, Idempotency, Outcome } from "./internal/call/model.js"
import type * as Retry from "./Retry.js"
import type { RetryBudget } from "./RetryBudget.js"
import type { Workload } from "./Workload.js"
export type { About, Idempotency, Outcome } from "./internal/call/model.js"
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
  readonly onRetry?: ((retrying: Retrying) => Effect.Effect<unknown, unknown, R>) | undefined
  readonly onGiveUp?: ((givenUp: GivenUp) => Effect.Effect<unknown, unknown, R2>) | undefined
  readonly record?: ((outcome: Outcome) => void) | undefined
}
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
export declare const PolicyTypeId: unique symbol
export type Protected<E> = E | Transient
export interface Attempt {
  readonly attempt: number
  readonly workload: Workload
  readonly millis: number
  readonly phase: "attempt" | "deadline"
}
export declare function make<E, R = never, R2 = never>(
  options: Options<R, R2> & {
    readonly classify: (error: E, at: Moment) => ApiError
  }
): Classifying<E, R | R2>
export declare function make<R = never, R2 = never>(options: Options<R, R2>): Policy<R | R2>
type AnyPolicy<R> = Policy<R> | Classifying<never, R>
export declare const protect: {
  <E, R2>(
    policy: Classifying<E, R2>
  ): <A, R, E1 extends E | ApiError>(effect: Effect.Effect<A, E1, R>) => Effect.Effect<A, ApiError, R | R2>
  <R2 = never>(
    policy: Workload | Policy<R2>
  ): <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, Protected<E>, R | R2>
  <A, E1 extends E | ApiError, R, E, R2>(
    effect: Effect.Effect<A, E1, R>,
    policy: Classifying<E, R2>
  ): Effect.Effect<A, ApiError, R | R2>
  <A, E, R, R2 = never>(
    effect: Effect.Effect<A, E, R>,
    policy: Workload | Policy<R2>
  ): Effect.Effect<A, Protected<E>, R | R2>
}
export declare const leaf: {
  <A, E1 extends E | ApiError, R, E, R2>(
    policy: Classifying<E, R2>,
    call: (attempt: Attempt) => Effect.Effect<A, E1, R>
  ): Effect.Effect<A, ApiError, R | R2>
  <A, E, R, R2 = never>(
    policy: Workload | Policy<R2>,
    call: (attempt: Attempt) => Effect.Effect<A, E, R>
  ): Effect.Effect<A, Protected<E>, R | R2>
}
export declare const describe: <R>(input: Workload | AnyPolicy<R>) => {
  workload: string
  deadline: string
  retry: string
  attempt: Record<"connect" | "pool" | "write" | "read" | "total", string>
  stream: Record<keyof import("./Workload.js").StreamTimeouts, string>
  idempotency: Idempotency
  patience: string
  budget: string
  classifies: boolean
  observes: ("record" | "onRetry" | "onGiveUp")[]
}
