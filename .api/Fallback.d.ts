import * as Effect from "effect/Effect"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { ApiError, Transient } from "./ApiError.js"
import {
  type Built,
  type ErrorOf,
  type Fallback,
  type Options,
  type RequirementsOf,
  type Result,
  type Services,
  type Step
} from "./internal/fallback/model.js"
export * from "./internal/fallback/model.js"
export declare const movesOn: (error: ApiError) => boolean
type Known<Steps extends ReadonlyArray<Step>> = {
  readonly [K in keyof Steps]: {
    readonly [_ in Exclude<keyof Steps[K], keyof Step>]: never
  }
}
export declare const make: <const Steps extends readonly [Step, ...ReadonlyArray<Step>], R = never>(
  steps: Steps & Known<Steps>,
  options?: Options<R, Steps[number]["name"]>
) => Fallback<Steps[number], R>
export declare const build: <S extends Step, R>(
  fallback: Fallback<S, R>
) => Effect.Effect<Fallback<Built<S>, R>, ErrorOf<S>, RequirementsOf<S> | Scope.Scope>
export declare const run: <S extends Step, R2, A, E, R>(
  fallback: Fallback<S, R2>,
  call: (step: S) => Effect.Effect<A, E, R>
) => Effect.Effect<Result<A, S["name"]>, E | Transient | ErrorOf<S>, Exclude<R, Services<S>> | RequirementsOf<S> | R2>
export declare const withFallback: {
  <S extends Step, R2>(
    fallback: Fallback<S, R2>
  ): <A, E, R>(
    effect: Effect.Effect<A, E, R>
  ) => Effect.Effect<A, E | Transient | ErrorOf<S>, Exclude<R, Services<S>> | RequirementsOf<S> | R2>
  <A, E, R, S extends Step, R2>(
    effect: Effect.Effect<A, E, R>,
    fallback: Fallback<S, R2>
  ): Effect.Effect<A, E | Transient | ErrorOf<S>, Exclude<R, Services<S>> | RequirementsOf<S> | R2>
}
export declare const stream: <S extends Step, R2, A, E, R>(
  fallback: Fallback<S, R2>,
  call: (step: S) => Stream.Stream<A, E, R>
) => Stream.Stream<A, E | Transient | ErrorOf<S>, Exclude<R, Services<S>> | RequirementsOf<S> | R2>
