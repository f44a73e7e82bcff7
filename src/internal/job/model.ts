/**
 * The states of a submission and of a watch, and their limits.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import type { ApiError } from "../../ApiError.js"

/**
 * The standing of a job: the state of a job as a watch sees it, derived from a snapshot.
 *
 * - `Queued`: the job waits for its turn or for a machine.
 * - `Active`: the job is in progress.
 * - `Changing`: the job is in a temporary state, such as being cancelled, or in an unknown state.
 * - `Stopped`: the job has stopped. It can be resumed, unless `final` is true. Soon after a resumption, a snapshot may still
 *   show the previous stop.
 * - `Ended`: the awaited outcome is reached, or can no longer be reached.
 * - `Gone`: the job was deleted. Its id cannot be used again.
 *
 * @since 0.1.0
 * @category model
 */
export type Standing<A> =
  | { readonly _tag: "Queued" | "Active" | "Changing" }
  | { readonly _tag: "Stopped"; readonly outcome: A; readonly final?: boolean | undefined }
  | { readonly _tag: "Ended"; readonly outcome: A }
  | { readonly _tag: "Gone" }

/**
 * The result of a lookup by id: the submitted job, a job with a different input, or a deleted job.
 *
 * @since 0.1.0
 * @category model
 */
export type Finding<Snapshot> =
  | { readonly _tag: "Same"; readonly snapshot: Snapshot }
  | { readonly _tag: "Other" }
  | { readonly _tag: "Gone" }
/**
 * The state of a submission while its job is looked up.
 *
 * @since 0.1.0
 * @category model
 */
export interface Doubt {
  /** Number of times the job was sent; 0 before the first send. */
  readonly sends: number
  /** Error of the last send; undefined before the first send. */
  readonly error: ApiError | undefined
  /** Number of lookups since the last send. */
  readonly looks: number
}

/**
 * The next step of a submission. After a failure with `inDoubt`, the job may exist nevertheless.
 *
 * @since 0.1.0
 * @category model
 */
export type Submission<Snapshot> =
  | { readonly _tag: "Look"; readonly after: Duration.Duration; readonly doubt: Doubt }
  | { readonly _tag: "Send"; readonly after: Duration.Duration; readonly sends: number }
  | { readonly _tag: "Done"; readonly snapshot: Snapshot }
  | { readonly _tag: "Failed"; readonly error: ApiError; readonly inDoubt: boolean }

/**
 * A phase of a job whose total time can be limited.
 *
 * @since 0.1.0
 * @category model
 */
export type Phase = "queued" | "active" | "changing"

/**
 * Options of `watch` and `await`. A poll is one call of the kind's `get`.
 *
 * @since 0.1.0
 * @category model
 */
export interface WatchOptions {
  /** The first wait between polls, at least 1 ms. Waits restart from it when the job's standing changes. @default 5 seconds */
  readonly interval?: Duration.DurationInput | undefined
  /** The factor by which each wait grows while the job's standing does not change, at least 1. @default 1.5 */
  readonly factor?: number | undefined
  /** The longest wait, at least `interval`. @default 1 minute, or `interval` if that is longer */
  readonly cap?: Duration.DurationInput | undefined
  /** The fraction by which each wait is randomly shortened or lengthened, from 0 to 0.5. @default 0.2 */
  readonly jitter?: number | undefined
  /** The longest single loss of contact with the server before the watch fails; may be infinite. @default 1 hour */
  readonly outage?: Duration.DurationInput | undefined
  /** Time during which a `NotFound` response may come from a lagging replica, and is polled again. @default 2 minutes */
  readonly unseen?: Duration.DurationInput | undefined
  /** The total time that the job may be queued since its last resumption; may be infinite. @default infinite */
  readonly queued?: Duration.DurationInput | undefined
  /** The total time that the job may be active since its last resumption; may be infinite. @default infinite */
  readonly active?: Duration.DurationInput | undefined
  /** The total time that the job may be changing since its last resumption; may be infinite. @default infinite */
  readonly changing?: Duration.DurationInput | undefined
  /** The maximum number of times a stopped job is resumed, if its kind has `resume`; 0 for never. @default 0 */
  readonly resumes?: number | undefined
  /** Time after a resumption during which the server may still report the previous stop. @default 2 minutes */
  readonly stale?: Duration.DurationInput | undefined
  /** True if the job was resumed just before the watch, so that `stale` applies from the start. @default false */
  readonly resumed?: boolean | undefined
}

/**
 * Validated watch options, with durations in milliseconds.
 *
 * @since 0.1.0
 * @category model
 */
export interface Limits extends Readonly<Record<Phase, number>> {
  readonly interval: number
  readonly factor: number
  readonly cap: number
  readonly jitter: number
  readonly outage: number
  readonly unseen: number
  readonly resumes: number
  readonly stale: number
  readonly resumed: boolean
}

/**
 * The state of a watch. All times are milliseconds of one monotonic clock.
 *
 * @since 0.1.0
 * @category model
 */
export interface Watching {
  /** Time of the last poll or attempt to resume. */
  readonly lookedAt: number
  /** Standing in the last successful poll; `Nothing` at the start and after a resumption. */
  readonly seen: Standing<unknown>["_tag"] | "Nothing"
  /** The last wait between polls, without jitter; 0 before the first poll. */
  readonly wait: number
  /** Time known to be spent in each phase since the last resumption. */
  readonly spent: Readonly<Record<Phase, number>>
  /** Start of the current loss of contact; undefined while there is contact. `NotFound` counts as contact. */
  readonly lostSince: number | undefined
  /** Start of the current series of `NotFound` responses, moved forward by any time without contact. */
  readonly unseenSince: number | undefined
  /** Start of the current series of failed attempts to resume the job. */
  readonly refusedSince: number | undefined
  /** Start of the current series of attempts to resume that failed with `NotFound`. */
  readonly missingSince: number | undefined
  /** Number of resumptions. */
  readonly resumes: number
  /** Time of the last resumption; `-Infinity` if there was none. */
  readonly resumedAt: number
}

/**
 * The next step of a watch.
 *
 * @since 0.1.0
 * @category model
 */
export type Step<A> =
  | { readonly _tag: "Look"; readonly after: Duration.Duration }
  | { readonly _tag: "Resume" }
  | { readonly _tag: "Done"; readonly outcome: A }
  | { readonly _tag: "Failed"; readonly error: ApiError }
