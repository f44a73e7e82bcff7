/**
 * The types that scaling and autoscaling of deployments share.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import type { ApiError } from "../../../ApiError.js"

/**
 * A time in which there are more replicas.
 *
 * @since 0.1.0
 * @category model
 */
export interface ScalingSchedule {
  /** From 0 on. */
  readonly minReplicaCount: number
  /** When it begins: the five fields of cron. */
  readonly schedule: string
  /** From 5 minutes to 7 days. */
  readonly duration: Duration.DurationInput
  /** Such as `Europe/Berlin`. */
  readonly timezone: string
  readonly description?: string | undefined
  readonly disabled?: boolean | undefined
}

/**
 * How a deployment scales by itself. What is not given stays as it is.
 *
 * @since 0.1.0
 * @category model
 */
export interface Autoscaling {
  /** From 0 on. One without a minimum scales to zero, and is deleted after 7 days without traffic. */
  readonly minReplicaCount?: number | undefined
  /** At least `minReplicaCount`; 0 for a deployment that never starts. */
  readonly maxReplicaCount?: number | undefined
  /** How long the load must be above its target, up to 1 hour. */
  readonly scaleUpWindow?: Duration.DurationInput | undefined
  /** How long it must be below, up to 1 hour. */
  readonly scaleDownWindow?: Duration.DurationInput | undefined
  /** How long there must be no request, from 5 minutes on. */
  readonly scaleToZeroWindow?: Duration.DurationInput | undefined
  /**
   * The load of a replica, above 0, by what it is measured in: `default`, `tokens_generated_per_second`,
   * `prompt_tokens_per_second`, `requests_per_second`, `concurrent_requests`. They replace all that there were.
   */
  readonly loadTargets?: Readonly<Record<string, number | undefined>> | undefined
  /** At most five, by names of one's own. They replace all that there were. */
  readonly scalingSchedules?: Readonly<Record<string, ScalingSchedule>> | undefined
}

/**
 * What `scaleOutOn429` did, or did not, when capacity errors were sustained.
 *
 * - `Raised`: more replicas were asked for; `WouldRaise`: in a dry run, they were not.
 * - `AtBound`: there are as many as may be.
 * - `NotReady`: replicas that were asked for before are still on their way.
 * - `Ready`: they have arrived, and errors are counted anew.
 * - `Failed`: the control plane could not be asked, or refused.
 *
 * @since 0.1.0
 * @category model
 */
export type Decision = {
  /** When, in milliseconds of wall time. */
  readonly at: number
  /** The capacity errors that were counted within `after.within` when it was begun. */
  readonly errors: number
} & (Outcome | { readonly _tag: "WouldRaise"; readonly from: number; readonly to: number })

/** What came of it. */
export type Outcome =
  | { readonly _tag: "Raised"; readonly from: number; readonly to: number }
  | { readonly _tag: "AtBound"; readonly replicas: number; readonly bound: "maxReplicas" | "maxReplicaCount" }
  | { readonly _tag: "NotReady"; readonly replicas: number; readonly ready: number }
  | { readonly _tag: "Ready"; readonly replicas: number }
  | { readonly _tag: "Failed"; readonly call: "get" | "scale"; readonly error: ApiError }
