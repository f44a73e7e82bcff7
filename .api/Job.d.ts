import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Stream from "effect/Stream"
import { type ApiError } from "./ApiError.js"
import type { Doubt, Limits, Standing, Step, Submission, Watching } from "./internal/job/model.js"
export type { Limits, Phase, Step, Submission, Doubt, Watching, Standing } from "./internal/job/model.js"
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
export type Finding<Snapshot> =
  | {
      readonly _tag: "Same"
      readonly snapshot: Snapshot
    }
  | {
      readonly _tag: "Other"
    }
  | {
      readonly _tag: "Gone"
    }
export declare const afterSend: <Snapshot>(
  sends: number,
  result: Either.Either<Finding<Snapshot>, ApiError>
) => Submission<Snapshot>
export declare const afterLook: <Snapshot>(
  doubt: Doubt,
  result: Either.Either<Finding<Snapshot>, ApiError>
) => Submission<Snapshot>
export declare const submit: <Input, Snapshot, A, R>(
  kind: Kind<Input, Snapshot, A, R>,
  id: string,
  input: Input,
  options?: SubmitOptions
) => Effect.Effect<Snapshot, ApiError, R>
export interface WatchOptions {
  readonly interval?: Duration.DurationInput | undefined
  readonly factor?: number | undefined
  readonly cap?: Duration.DurationInput | undefined
  readonly jitter?: number | undefined
  readonly outage?: Duration.DurationInput | undefined
  readonly unseen?: Duration.DurationInput | undefined
  readonly queued?: Duration.DurationInput | undefined
  readonly active?: Duration.DurationInput | undefined
  readonly changing?: Duration.DurationInput | undefined
  readonly resumes?: number | undefined
  readonly stale?: Duration.DurationInput | undefined
  readonly resumed?: boolean | undefined
}
export declare const limits: (options?: WatchOptions, owner?: string) => Limits
export declare const watchingSince: (now: number, limits: Limits) => Watching
export declare const afterSight: <A>(
  before: Watching,
  now: number,
  result: Either.Either<Standing<A>, ApiError>,
  limits: Limits,
  random: number
) => readonly [Watching, Step<A>]
export declare const afterResume: (
  before: Watching,
  now: number,
  result: Either.Either<unknown, ApiError>,
  limits: Limits,
  random: number
) => readonly [Watching, Step<never>]
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
