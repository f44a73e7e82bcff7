import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { ApiError } from "./ApiError.js"
import type { Standing, WatchOptions } from "./internal/job/model.js"
export type { Standing, WatchOptions } from "./internal/job/model.js"
export interface Kind<in Input, in out Snapshot, out A, out R = never> {
  readonly create: (id: string, input: Input) => Effect.Effect<Snapshot, ApiError, R>
  readonly get: (id: string) => Effect.Effect<Snapshot, ApiError, R>
  readonly standing: (snapshot: Snapshot) => Standing<A>
  readonly isSame: (snapshot: Snapshot, input: Input) => boolean
  readonly resume?: ((id: string) => Effect.Effect<unknown, ApiError, R>) | undefined
}
export type Watched<Snapshot, A, R = never> = Pick<Kind<never, Snapshot, A, R>, "get" | "standing" | "resume">
export interface SubmitOptions {
  readonly isNew?: boolean | undefined
  readonly deadline?: Duration.DurationInput | undefined
}
export declare const submit: <Input, Snapshot, A, R>(
  kind: Kind<Input, Snapshot, A, R>,
  id: string,
  input: Input,
  options?: SubmitOptions
) => Effect.Effect<Snapshot, ApiError, R>
export declare const watch: <Snapshot, A, R>(
  kind: Watched<Snapshot, A, R>,
  id: string,
  options?: WatchOptions
) => Stream.Stream<Snapshot, ApiError, R>
declare const await_: <Snapshot, A, R>(
  kind: Watched<Snapshot, A, R>,
  id: string,
  options?: WatchOptions
) => Effect.Effect<A, ApiError, R>
export { await_ as await }
