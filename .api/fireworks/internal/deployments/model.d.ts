import type * as Duration from "effect/Duration"
import type { ApiError } from "../../../ApiError.js"
export interface ScalingSchedule {
  readonly minReplicaCount: number
  readonly schedule: string
  readonly duration: Duration.DurationInput
  readonly timezone: string
  readonly description?: string | undefined
  readonly disabled?: boolean | undefined
}
export interface Autoscaling {
  readonly minReplicaCount?: number | undefined
  readonly maxReplicaCount?: number | undefined
  readonly scaleUpWindow?: Duration.DurationInput | undefined
  readonly scaleDownWindow?: Duration.DurationInput | undefined
  readonly scaleToZeroWindow?: Duration.DurationInput | undefined
  readonly loadTargets?: Readonly<Record<string, number | undefined>> | undefined
  readonly scalingSchedules?: Readonly<Record<string, ScalingSchedule>> | undefined
}
export type Decision = {
  readonly at: number
  readonly errors: number
} & (
  | Outcome
  | {
      readonly _tag: "WouldRaise"
      readonly from: number
      readonly to: number
    }
)
export type Outcome =
  | {
      readonly _tag: "Raised"
      readonly from: number
      readonly to: number
    }
  | {
      readonly _tag: "AtBound"
      readonly replicas: number
      readonly bound: "maxReplicas" | "maxReplicaCount"
    }
  | {
      readonly _tag: "NotReady"
      readonly replicas: number
      readonly ready: number
    }
  | {
      readonly _tag: "Ready"
      readonly replicas: number
    }
  | {
      readonly _tag: "Failed"
      readonly call: "get" | "scale"
      readonly error: ApiError
    }
