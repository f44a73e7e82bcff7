import type * as Duration from "effect/Duration"
import type { ApiError } from "../../ApiError.js"
export type Standing<A> =
  | {
      readonly _tag: "Queued" | "Active" | "Changing"
    }
  | {
      readonly _tag: "Stopped"
      readonly outcome: A
      readonly final?: boolean | undefined
    }
  | {
      readonly _tag: "Ended"
      readonly outcome: A
    }
  | {
      readonly _tag: "Gone"
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
export interface Doubt {
  readonly sends: number
  readonly error: ApiError | undefined
  readonly looks: number
}
export type Submission<Snapshot> =
  | {
      readonly _tag: "Look"
      readonly after: Duration.Duration
      readonly doubt: Doubt
    }
  | {
      readonly _tag: "Send"
      readonly after: Duration.Duration
      readonly sends: number
    }
  | {
      readonly _tag: "Done"
      readonly snapshot: Snapshot
    }
  | {
      readonly _tag: "Failed"
      readonly error: ApiError
      readonly inDoubt: boolean
    }
export type Phase = "queued" | "active" | "changing"
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
export interface Watching {
  readonly lookedAt: number
  readonly seen: Standing<unknown>["_tag"] | "Nothing"
  readonly wait: number
  readonly spent: Readonly<Record<Phase, number>>
  readonly lostSince: number | undefined
  readonly unseenSince: number | undefined
  readonly refusedSince: number | undefined
  readonly missingSince: number | undefined
  readonly resumes: number
  readonly resumedAt: number
}
export type Step<A> =
  | {
      readonly _tag: "Look"
      readonly after: Duration.Duration
    }
  | {
      readonly _tag: "Resume"
    }
  | {
      readonly _tag: "Done"
      readonly outcome: A
    }
  | {
      readonly _tag: "Failed"
      readonly error: ApiError
    }
