import type * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as ExecutionPlan from "effect/ExecutionPlan"
import type * as Layer from "effect/Layer"
import type * as Schedule from "effect/Schedule"
import type { ApiError } from "../../ApiError.js"
import type { Idempotency } from "../call/model.js"
export interface Plan {
  readonly [ExecutionPlan.TypeId]: ExecutionPlan.TypeId
  readonly steps: ReadonlyArray<{
    readonly provide: Context.Context<never> | Layer.Layer<never, unknown, unknown>
    readonly while?: ((error: unknown) => unknown) | undefined
    readonly schedule?: Schedule.Schedule<unknown, unknown, unknown> | undefined
  }>
}
export interface Step {
  readonly name: string
  readonly provide?: Context.Context<never> | Layer.Layer<never, unknown, unknown> | Plan | undefined
  readonly model?:
    | string
    | {
        readonly [name: string]: string
      }
    | undefined
  readonly client?: unknown
  readonly moveOn?: ((error: ApiError) => boolean) | undefined
  readonly share?: number | undefined
}
export interface Failed<out Name extends string = string> {
  readonly step: Name
  readonly error: ApiError
}
export interface Moved<out Name extends string = string> extends Failed<Name> {
  readonly next: Name
}
export interface Options<R = never, Name extends string = string> {
  readonly idempotency?: Idempotency | undefined
  readonly onFallback?: ((moved: Moved<Name>) => Effect.Effect<unknown, unknown, R>) | undefined
}
export declare const TypeId: unique symbol
export type TypeId = typeof TypeId
export interface Fallback<out S extends Step = Step, out R = never> {
  readonly [TypeId]: TypeId
  readonly steps: readonly [S, ...ReadonlyArray<S>]
  readonly options: Options<R>
}
export interface Result<out A, out Name extends string = string> {
  readonly value: A
  readonly step: Name
  readonly errors: ReadonlyArray<Failed<Name>>
}
type Given<S> = S extends {
  readonly provide?: infer P
}
  ? P
  : never
type OwnServices<S> = S extends {
  readonly provide: infer P
}
  ? P extends Context.Context<infer A>
    ? A
    : P extends Layer.Layer<infer A, infer _E, infer _R>
      ? A
      : P extends ExecutionPlan.ExecutionPlan<infer T>
        ? T["provides"]
        : never
  : never
export type Services<S> = (S extends unknown ? (box: { readonly of: OwnServices<S> }) => void : never) extends (
  box: infer B extends {
    readonly of: unknown
  }
) => void
  ? B["of"]
  : never
export type ErrorOf<S> =
  Given<S> extends infer P
    ? P extends Layer.Layer<infer _A, infer E, infer _R>
      ? E
      : P extends ExecutionPlan.ExecutionPlan<infer T>
        ? T["error"]
        : never
    : never
export type RequirementsOf<S> =
  Given<S> extends infer P
    ? P extends Layer.Layer<infer _A, infer _E, infer R>
      ? R
      : P extends ExecutionPlan.ExecutionPlan<infer T>
        ? T["requirements"]
        : never
    : never
export type Built<S> = S extends {
  readonly provide: Layer.Layer<infer A, infer _E, infer _R>
}
  ? Omit<S, "provide"> & {
      readonly provide: Context.Context<A>
    }
  : S
export {}
