/**
 * The states of a submission and of a watch, and the limits of both.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import type { ApiError } from "../../ApiError.js"

/**
 * What a snapshot of a job means to who watches it.
 *
 * - `Queued`: it waits for its turn or for a machine, as long as that takes.
 * - `Active`: it is on its way.
 * - `Changing`: it is between two states, in none of which it stays: being stopped, say, or not known yet.
 * - `Stopped`: it is over, and could be resumed, unless that is `final`. Soon after a resumption it may be the end before it.
 * - `Ended`: what was waited for has come, or cannot come any more.
 * - `Gone`: it was deleted. Its id cannot be used again.
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
 * A submission whose job is looked up: how often it was sent, the error of the last time, and the number of looks since then.
 *
 * @since 0.1.0
 * @category model
 */
export interface Doubt {
  /** 0 before the first time. */
  readonly sends: number
  /** Absent before the first time. */
  readonly error: ApiError | undefined
  readonly looks: number
}

/**
 * The next step of a submission. One that failed may have been carried out all the same (`inDoubt`).
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
 * What a job may be for a limited time.
 *
 * @since 0.1.0
 * @category model
 */
export type Phase = "queued" | "active" | "changing"

/**
 * Watch options that were checked, in milliseconds.
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
 * Where a watch stands. All times are milliseconds of one monotonic clock.
 *
 * @since 0.1.0
 * @category model
 */
export interface Watching {
  /** When the job was last looked at, and what it was when it was last seen. */
  readonly lookedAt: number
  readonly seen: Standing<unknown>["_tag"] | "Nothing"
  /** The wait before that look, before it was spread. */
  readonly wait: number
  /** For how long it was known to be in each phase, since it was last resumed. */
  readonly spent: Readonly<Record<Phase, number>>
  /** Since when every look has failed; absent while there is contact. */
  readonly lostSince: number | undefined
  /** Since when the server has known nothing of the job. */
  readonly unseenSince: number | undefined
  /** Since when it could not be asked to resume the job. */
  readonly refusedSince: number | undefined
  /** Since when every attempt to resume it was answered that there is none. */
  readonly missingSince: number | undefined
  readonly resumes: number
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
