/**
 * The definition of a durable job, and the position that is stored between its steps.
 *
 * @since 0.2.0
 */
import type * as Effect from "effect/Effect"
import type * as Either from "effect/Either"
import type * as Schedule from "effect/Schedule"
import type * as Schema from "effect/Schema"
import type { ApiError } from "../../ApiError.js"
import type { Limits, Watching } from "../../internal/job/model.js"
import type * as Job from "../../Job.js"

/** A schema whose JSON form only the engine reads. */
export interface Stored<A> extends Schema.Schema<A, unknown> {}

/** The memory of a watch beyond `Watching`, such as the interruptions of a trainer. It is stored with each step. */
export interface History<H, Snapshot> {
  readonly schema: Stored<H>
  readonly initial: H
  readonly afterGet: (history: H, snapshot: Snapshot, now: number) => H
  readonly afterResume: (history: H, now: number, result: Either.Either<unknown, ApiError>) => H
}

/** The definition of a durable job. `End` is the outcome of its standings, and `A` the outcome of the execution. */
export interface Plan<Input, Snapshot, End, A, H, R> {
  readonly name: string
  readonly input: Stored<Input>
  readonly outcome: Stored<A>
  readonly submit: (id: string, input: Input) => Effect.Effect<unknown, ApiError, R>
  readonly watched: Job.Watched<Snapshot, End, R>
  readonly limits: Limits
  readonly history: History<H, Snapshot>
  /** Returns the outcome of the execution, given the outcome of the last standing. */
  readonly conclude: (id: string, end: End, history: H) => Effect.Effect<A, ApiError, R>
  /** Changes an error that ends the execution. */
  readonly failed: (error: ApiError) => ApiError
  /** The longest wait in memory, in milliseconds. */
  readonly inMemory: number
  readonly suspendedRetrySchedule: Schedule.Schedule<unknown, unknown> | undefined
}

/** The position of an execution between two steps. */
export interface Position<H> {
  /** True once the job is known to exist. */
  readonly submitted: boolean
  /** The state of the watch, or of repeated submissions. Its times are milliseconds since 1970. */
  readonly watching: Watching
  readonly history: H
  /** Milliseconds to wait before the next step. */
  readonly after: number
}

/** The result of a step: the position to continue from, or the outcome. */
export type Turn<A, H> =
  | { readonly _tag: "Wait"; readonly position: Position<H> }
  | { readonly _tag: "Done"; readonly outcome: A }

/**
 * The state of an execution.
 *
 * - `Pending`: neither a result nor a wait is stored. Either no execution has this id, or one takes a step at this moment.
 * - `Waiting`: the execution waits for its next step, on no machine.
 * - `Ended`: the execution has returned the outcome.
 * - `Failed`: the execution has failed.
 * - `Interrupted`: the execution was interrupted. The job itself may still be running.
 * - `Died`: the execution ended with a defect, for example because no stored data matches a changed schema.
 *
 * @since 0.2.0
 * @category model
 */
export type Status<A> =
  | { readonly _tag: "Pending" | "Waiting" | "Interrupted" }
  | { readonly _tag: "Ended"; readonly outcome: A }
  | { readonly _tag: "Failed"; readonly error: ApiError }
  | { readonly _tag: "Died"; readonly defect: unknown }

/**
 * Options of `purge`.
 *
 * @since 0.2.0
 * @category model
 */
export interface PurgeOptions {
  /** The dialect of the database. @default "pg" */
  readonly dialect?: "pg" | "sqlite" | undefined
  /** The prefix of the tables, as passed to `SqlMessageStorage`. @default "cluster" */
  readonly prefix?: string | undefined
}
