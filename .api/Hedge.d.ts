import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Stream from "effect/Stream"
import { type Copy, type HedgeOptions, type HedgeService } from "./internal/hedge/model.js"
export { type Copy, type HedgeOptions, TypeId, type Use } from "./internal/hedge/model.js"
export interface Options {
  readonly after?: Duration.DurationInput | undefined
  readonly quantile?: number | undefined
  readonly samples?: number | undefined
  readonly window?: Duration.DurationInput | undefined
  readonly budget?:
    | {
        readonly ratio?: number | undefined
        readonly max?: number | undefined
      }
    | undefined
  readonly idleTimeToLive?: Duration.DurationInput | undefined
}
export interface Hedge extends HedgeService {}
export interface Winner<out A> {
  readonly value: A
  readonly by: Copy
}
export interface KeyDescription {
  readonly key: string
  readonly after: Duration.Duration | undefined
  readonly samples: number
  readonly inFlight: number
  readonly calls: number
  readonly hedged: number
  readonly won: number
  readonly suppressed: {
    readonly budget: number
    readonly limiter: number
  }
}
export declare const make: (options?: Options) => Effect.Effect<Hedge>
export declare const hedge: {
  (hedge: Hedge, options: HedgeOptions): <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  <A, E, R>(effect: Effect.Effect<A, E, R>, hedge: Hedge, options: HedgeOptions): Effect.Effect<A, E, R>
}
export declare const hedgeWithWinner: {
  (hedge: Hedge, options: HedgeOptions): <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<Winner<A>, E, R>
  <A, E, R>(effect: Effect.Effect<A, E, R>, hedge: Hedge, options: HedgeOptions): Effect.Effect<Winner<A>, E, R>
}
export declare const hedgeStream: {
  (hedge: Hedge, options: HedgeOptions): <A, E, R>(stream: Stream.Stream<A, E, R>) => Stream.Stream<A, E, R>
  <A, E, R>(stream: Stream.Stream<A, E, R>, hedge: Hedge, options: HedgeOptions): Stream.Stream<A, E, R>
}
export declare const Hedge: Context.Tag<Hedge, Hedge>
export declare const layer: (options?: Options) => Layer.Layer<Hedge>
export declare const describe: (hedge: Hedge) => ReadonlyArray<KeyDescription>
