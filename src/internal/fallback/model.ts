/**
 * The types of fallbacks, of their steps and of their results.
 *
 * @since 0.2.0
 */
import type * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as ExecutionPlan from "effect/ExecutionPlan"
import type * as Layer from "effect/Layer"
import type * as Schedule from "effect/Schedule"
import type { ApiError } from "../../ApiError.js"
import type { Idempotency } from "../call/model.js"

/**
 * An `ExecutionPlan` whose conditions and schedules accept every error.
 *
 * @since 0.2.0
 * @category model
 */
export interface Plan {
  readonly [ExecutionPlan.TypeId]: ExecutionPlan.TypeId
  readonly steps: ReadonlyArray<{
    readonly provide: Context.Context<never> | Layer.Layer<never, unknown, unknown>
    readonly while?: ((error: unknown) => unknown) | undefined
    readonly schedule?: Schedule.Schedule<unknown, unknown, unknown> | undefined
  }>
}

/**
 * A step of a fallback: a model, a deployment or a provider.
 *
 * @since 0.2.0
 * @category model
 */
export interface Step {
  /** The name in results, errors and spans: 1 to 64 characters, and different from those of the other steps. */
  readonly name: string
  /**
   * The services that the step provides to the call: a context, a layer, or an `ExecutionPlan`, whose steps and retries are then
   * one step here. As with `Effect.provide`, a layer is built for each call; see `build`. @default none
   */
  readonly provide?: Context.Context<never> | Layer.Layer<never, unknown, unknown> | Plan | undefined
  /** The model of the step: its name there, or a record of such names. The call receives it as `step.model`. @default none */
  readonly model?: string | { readonly [name: string]: string } | undefined
  /** A client, or any other value that the call needs. The call receives it as `step.client`. @default none */
  readonly client?: unknown
  /**
   * Returns `true` if the next step may follow this error. No function allows a repetition that `idempotency` forbids.
   * @default `movesOn`
   */
  readonly moveOn?: ((error: ApiError) => boolean) | undefined
  /**
   * The share of the time left that the step may take, above 0 and at most 1. The last step takes all of it, and so does a call
   * whose `idempotency` forbids its repetition. Without a deadline around the call, the share has no effect.
   * @default an equal share: 1 / the number of steps left
   */
  readonly share?: number | undefined
}

/**
 * A step that failed, and its error.
 *
 * @since 0.2.0
 * @category model
 */
export interface Failed<out Name extends string = string> {
  readonly step: Name
  readonly error: ApiError
}

/**
 * A move from a step that failed to the next one.
 *
 * @since 0.2.0
 * @category model
 */
export interface Moved<out Name extends string = string> extends Failed<Name> {
  /** The name of the next step. */
  readonly next: Name
}

/**
 * Options of `make`.
 *
 * @since 0.2.0
 * @category model
 */
export interface Options<R = never, Name extends string = string> {
  /**
   * The idempotency of the call. Unless it is `"safe"`, a call that may have been executed does not move on to the next step. A
   * key protects the call at one server only, so `"keyed"` does not suffice.
   * @default the strictest of the current call and of the protected call that failed, else "safe"
   */
  readonly idempotency?: Idempotency | undefined
  /**
   * Runs in a daemon fiber when the call moves on to the next step. Its failure never affects the call. @default nothing
   */
  readonly onFallback?: ((moved: Moved<Name>) => Effect.Effect<unknown, unknown, R>) | undefined
}

/**
 * The symbol that marks fallbacks.
 *
 * @since 0.2.0
 * @category symbols
 */
export const TypeId: unique symbol = Symbol.for("effect-reliability/Fallback")

/**
 * The type of the symbol that marks fallbacks.
 *
 * @since 0.2.0
 * @category symbols
 */
export type TypeId = typeof TypeId

/**
 * Steps in the order in which they are attempted, and the options of the moves between them.
 *
 * @since 0.2.0
 * @category model
 */
export interface Fallback<out S extends Step = Step, out R = never> {
  readonly [TypeId]: TypeId
  readonly steps: readonly [S, ...ReadonlyArray<S>]
  readonly options: Options<R>
}

/**
 * The value of a call, the step that it comes from, and the errors of the steps before it.
 *
 * @since 0.2.0
 * @category model
 */
export interface Result<out A, out Name extends string = string> {
  readonly value: A
  /** The name of the step that succeeded. */
  readonly step: Name
  /** The errors of the steps before it, the oldest first; the last 16 at most. */
  readonly errors: ReadonlyArray<Failed<Name>>
}

type Given<S> = S extends { readonly provide?: infer P } ? P : never

/** The services that a step is sure to provide. */
type OwnServices<S> = S extends { readonly provide: infer P }
  ? P extends Context.Context<infer A>
    ? A
    : P extends Layer.Layer<infer A, infer _E, infer _R>
      ? A
      : P extends ExecutionPlan.ExecutionPlan<infer T>
        ? T["provides"]
        : never
  : never

/**
 * The services that every one of the steps provides.
 *
 * @since 0.2.0
 * @category model
 */
export type Services<S> = (S extends unknown ? (box: { readonly of: OwnServices<S> }) => void : never) extends (
  box: infer B extends { readonly of: unknown }
) => void
  ? B["of"]
  : never

/**
 * The errors of the layers and plans of the steps.
 *
 * @since 0.2.0
 * @category model
 */
export type ErrorOf<S> =
  Given<S> extends infer P
    ? P extends Layer.Layer<infer _A, infer E, infer _R>
      ? E
      : P extends ExecutionPlan.ExecutionPlan<infer T>
        ? T["error"]
        : never
    : never

/**
 * The requirements of the layers and plans of the steps.
 *
 * @since 0.2.0
 * @category model
 */
export type RequirementsOf<S> =
  Given<S> extends infer P
    ? P extends Layer.Layer<infer _A, infer _E, infer R>
      ? R
      : P extends ExecutionPlan.ExecutionPlan<infer T>
        ? T["requirements"]
        : never
    : never

/**
 * A step whose layer was built.
 *
 * @since 0.2.0
 * @category model
 */
export type Built<S> = S extends { readonly provide: Layer.Layer<infer A, infer _E, infer _R> }
  ? Omit<S, "provide"> & { readonly provide: Context.Context<A> }
  : S
