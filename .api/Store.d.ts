import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
export interface Slot<S> {
  readonly name: string
  readonly decode: (json: unknown) => S | undefined
  readonly timeToLive: Duration.Duration
}
export interface Store {
  readonly modify: <S, A>(
    slot: Slot<S>,
    key: string,
    step: (state: S | undefined, now: number) => readonly [A, S]
  ) => Effect.Effect<A, StoreUnavailable>
  readonly processes?: number | undefined
}
declare const StoreUnavailable_base: new <A extends Record<string, any> = {}>(
  args: import("effect/Types").VoidIfEmpty<{ readonly [P in keyof A as P extends "_tag" ? never : P]: A[P] }>
) => import("effect/Cause").YieldableError & {
  readonly _tag: "StoreUnavailable"
} & Readonly<A>
export declare class StoreUnavailable extends StoreUnavailable_base<{
  readonly detail: string
}> {
  get message(): string
}
export declare const makeMemory: Effect.Effect<Store>
export declare const Store: Context.Tag<Store, Store>
export declare const layerMemory: Layer.Layer<Store>
export {}
