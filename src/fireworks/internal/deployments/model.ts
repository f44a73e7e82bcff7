/**
 * Types shared by the scale-out and the autoscaling of deployments.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import type { ApiError } from "../../../ApiError.js"

/**
 * A recurring period with a minimum number of replicas.
 *
 * @since 0.1.0
 * @category model
 */
export interface ScalingSchedule {
  /** The minimum number of replicas during the period, at least 0. */
  readonly minReplicaCount: number
  /** The start of the period: a cron expression with five fields. */
  readonly schedule: string
  /** The length of the period, from 5 minutes to 7 days. */
  readonly duration: Duration.DurationInput
  /** The time zone, such as `Europe/Berlin`. */
  readonly timezone: string
  readonly description?: string | undefined
  readonly disabled?: boolean | undefined
}

/**
 * The autoscaling settings of a deployment. Settings that are not given are not changed.
 *
 * @since 0.1.0
 * @category model
 */
export interface Autoscaling {
  /** The minimum number of replicas, at least 0. With 0, it scales to zero, and is deleted after 7 days without traffic. */
  readonly minReplicaCount?: number | undefined
  /** The maximum number of replicas, at least `minReplicaCount`. With 0, the deployment never starts. */
  readonly maxReplicaCount?: number | undefined
  /** The time that the load must be above its target before replicas are added, at most 1 hour. */
  readonly scaleUpWindow?: Duration.DurationInput | undefined
  /** The time that the load must be below its target before replicas are removed, at most 1 hour. */
  readonly scaleDownWindow?: Duration.DurationInput | undefined
  /** The time without a request after which the deployment scales to zero, at least 5 minutes. */
  readonly scaleToZeroWindow?: Duration.DurationInput | undefined
  /**
   * The target loads of a replica, above 0, by metric: `default`, `tokens_generated_per_second`, `prompt_tokens_per_second`,
   * `requests_per_second`, `concurrent_requests`. They replace all existing targets.
   */
  readonly loadTargets?: Readonly<Record<string, number | undefined>> | undefined
  /** At most five schedules, by names that you choose. They replace all existing schedules. */
  readonly scalingSchedules?: Readonly<Record<string, ScalingSchedule>> | undefined
}

/**
 * A decision of `scaleOutOn429` after sustained capacity errors.
 *
 * - `Raised`: it requested more replicas.
 * - `WouldRaise`: in a dry run, it would have requested more replicas.
 * - `AtBound`: the deployment has the maximum number of replicas.
 * - `NotReady`: replicas of the deployment are still starting.
 * - `Ready`: all replicas are ready now, and errors are counted anew.
 * - `Failed`: a call to the control plane failed.
 *
 * @since 0.1.0
 * @category model
 */
export type Decision = {
  /** The time of the decision, in milliseconds since 1970. */
  readonly at: number
  /** The number of capacity errors within `after.within` that led to the decision. */
  readonly errors: number
} & (Outcome | { readonly _tag: "WouldRaise"; readonly from: number; readonly to: number })

/** The outcome of a decision. */
export type Outcome =
  | { readonly _tag: "Raised"; readonly from: number; readonly to: number }
  | { readonly _tag: "AtBound"; readonly replicas: number; readonly bound: "maxReplicas" | "maxReplicaCount" }
  | { readonly _tag: "NotReady"; readonly replicas: number; readonly ready: number }
  | { readonly _tag: "Ready"; readonly replicas: number }
  | { readonly _tag: "Failed"; readonly call: "get" | "scale"; readonly error: ApiError }
