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
 * What was found under an id: the job that was submitted, one with another input, or one that was deleted.
 *
 * @since 0.1.0
 * @category model
 */
export type Finding<Snapshot> =
  | { readonly _tag: "Same"; readonly snapshot: Snapshot }
  | { readonly _tag: "Other" }
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
 * How a job is watched.
 *
 * @since 0.1.0
 * @category model
 */
export interface WatchOptions {
  /** The wait between looks, as long as something changes, at least 1 ms. @default 5 seconds */
  readonly interval?: Duration.DurationInput | undefined
  /** What each wait is multiplied by while nothing changes, from 1 on. @default 1.5 */
  readonly factor?: number | undefined
  /** The longest wait, at least `interval`. @default 1 minute */
  readonly cap?: Duration.DurationInput | undefined
  /** The part by which each wait is shortened or lengthened at random, from 0 to 0.5. @default 0.2 */
  readonly jitter?: number | undefined
  /** For how long contact may be lost, in one go; may be infinite. @default 1 hour */
  readonly outage?: Duration.DurationInput | undefined
  /** For how long the server may know nothing of the job before that is believed. @default 2 minutes */
  readonly unseen?: Duration.DurationInput | undefined
  /** For how long it may be queued, in all, since it was last resumed; may be infinite. @default infinite */
  readonly queued?: Duration.DurationInput | undefined
  /** For how long it may be active, in all, since it was last resumed; may be infinite. @default infinite */
  readonly active?: Duration.DurationInput | undefined
  /** For how long it may be changing, in all, since it was last resumed; may be infinite. @default infinite */
  readonly changing?: Duration.DurationInput | undefined
  /** How often a job that stopped is resumed, where its kind can be; 0 for never. @default 0 */
  readonly resumes?: number | undefined
  /** For how long after a resumption the server may still tell of the end before it. @default 2 minutes */
  readonly stale?: Duration.DurationInput | undefined
  /** Whether it was resumed just before the watch, so that `stale` holds from its beginning. @default false */
  readonly resumed?: boolean | undefined
}

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
