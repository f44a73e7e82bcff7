import type * as Effect from "effect/Effect"
import type * as Either from "effect/Either"
import type * as Schedule from "effect/Schedule"
import type * as Schema from "effect/Schema"
import type { ApiError } from "../../ApiError.js"
import type { Limits, Watching } from "../../internal/job/model.js"
import type * as Job from "../../Job.js"
export interface Stored<A> extends Schema.Schema<A, unknown> {}
export interface History<H, Snapshot> {
  readonly schema: Stored<H>
  readonly initial: H
  readonly afterGet: (history: H, snapshot: Snapshot, now: number) => H
  readonly afterResume: (history: H, now: number, result: Either.Either<unknown, ApiError>) => H
}
export interface Plan<Input, Snapshot, End, A, H, R> {
  readonly name: string
  readonly input: Stored<Input>
  readonly outcome: Stored<A>
  readonly submit: (id: string, input: Input) => Effect.Effect<unknown, ApiError, R>
  readonly watched: Job.Watched<Snapshot, End, R>
  readonly limits: Limits
  readonly history: History<H, Snapshot>
  readonly conclude: (id: string, end: End, history: H) => Effect.Effect<A, ApiError, R>
  readonly failed: (error: ApiError) => ApiError
  readonly inMemory: number
  readonly suspendedRetrySchedule: Schedule.Schedule<unknown, unknown> | undefined
}
export interface Position<H> {
  readonly submitted: boolean
  readonly watching: Watching
  readonly history: H
  readonly after: number
}
export type Turn<A, H> =
  | {
      readonly _tag: "Wait"
      readonly position: Position<H>
    }
  | {
      readonly _tag: "Done"
      readonly outcome: A
    }
export type Status<A> =
  | {
      readonly _tag: "Pending" | "Waiting" | "Interrupted"
    }
  | {
      readonly _tag: "Ended"
      readonly outcome: A
    }
  | {
      readonly _tag: "Failed"
      readonly error: ApiError
    }
  | {
      readonly _tag: "Died"
      readonly defect: unknown
    }
export interface PurgeOptions {
  readonly dialect?: "pg" | "sqlite" | undefined
  readonly prefix?: string | undefined
}
