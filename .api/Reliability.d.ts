import * as Effect from "effect/Effect"
import { type ApiError, type Transient } from "./ApiError.js"
import { type Attempt, type Classifying, type Moment, type Options, type Policy } from "./internal/reliability/model.js"
import type { Workload } from "./Workload.js"
export type { About, Idempotency, ModelResponse, Outcome, Tokens } from "./internal/call/model.js"
export * from "./internal/reliability/model.js"
export type Protected<E> = E | Transient
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
  idempotency: import("./internal/call/model.js").Idempotency
  patience: string
  budget: string
  limited: boolean
  hedge: string
  breaker: string
  classifies: boolean
  observes: ("record" | "onRetry" | "onGiveUp")[]
}
