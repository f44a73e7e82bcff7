import * as Schema from "effect/Schema"
import type * as Duration from "effect/Duration"
import type * as Workload from "../../../Workload.js"
declare const TrainerJobStruct: Schema.TypeLiteral<
  {
    trainingConfig: Schema.optional<
      Schema.NullOr<
        Schema.Schema<
          {
            readonly [x: string]: unknown
          },
          {
            readonly [x: string]: unknown
          },
          never
        >
      >
    >
    dataset: Schema.optional<Schema.NullOr<Schema.Schema<string, string, never>>>
    nodeCount: Schema.optional<Schema.NullOr<Schema.Schema<number, string | number, never>>>
    serviceMode: Schema.optional<Schema.NullOr<Schema.Schema<boolean, boolean, never>>>
    keepAlive: Schema.optional<Schema.NullOr<Schema.Schema<boolean, boolean, never>>>
    hotLoadDeploymentId: Schema.optional<Schema.NullOr<Schema.Schema<string, string, never>>>
    directRouteHandle: Schema.optional<Schema.NullOr<Schema.Schema<string, string, never>>>
    jobProgress: Schema.optional<
      Schema.NullOr<
        Schema.Schema<
          {
            readonly [x: string]: unknown
          },
          {
            readonly [x: string]: unknown
          },
          never
        >
      >
    >
    state: Schema.optional<Schema.NullOr<Schema.Schema<string, string, never>>>
    status: Schema.optional<
      Schema.NullOr<
        Schema.Schema<
          {
            readonly [x: string]: unknown
            readonly code?: string | number | null | undefined
            readonly message?: string | null | undefined
          },
          {
            readonly [x: string]: unknown
            readonly code?: string | number | null | undefined
            readonly message?: string | null | undefined
          },
          never
        >
      >
    >
    displayName: Schema.optional<Schema.NullOr<Schema.Schema<string, string, never>>>
    createTime: Schema.optional<Schema.NullOr<Schema.Schema<string, string, never>>>
    updateTime: Schema.optional<Schema.NullOr<Schema.Schema<string, string, never>>>
    createdBy: Schema.optional<Schema.NullOr<Schema.Schema<string, string, never>>>
    name: typeof Schema.String
  },
  readonly [
    {
      readonly key: typeof Schema.String
      readonly value: typeof Schema.Unknown
    }
  ]
>
export interface TrainerJob extends Schema.Schema.Type<typeof TrainerJobStruct> {}
export interface TrainerJobEncoded extends Schema.Schema.Encoded<typeof TrainerJobStruct> {}
export declare const TrainerJob: Schema.Schema<TrainerJob, TrainerJobEncoded>
declare const CheckpointStruct: Schema.TypeLiteral<
  {
    name: typeof Schema.String
    createTime: Schema.optional<Schema.NullOr<Schema.Schema<string, string, never>>>
    checkpointType: Schema.optional<Schema.NullOr<Schema.Schema<string, string, never>>>
    promotable: Schema.optional<Schema.NullOr<Schema.Schema<boolean, boolean, never>>>
  },
  readonly [
    {
      readonly key: typeof Schema.String
      readonly value: typeof Schema.Unknown
    }
  ]
>
export interface Checkpoint extends Schema.Schema.Type<typeof CheckpointStruct> {}
export interface CheckpointEncoded extends Schema.Schema.Encoded<typeof CheckpointStruct> {}
export declare const Checkpoint: Schema.Schema<Checkpoint, CheckpointEncoded>
export type Kind = "trainer" | "supervised" | "reinforcement" | "preference"
export type Resumable = "FAILED" | "CANCELLED" | "PAUSED" | "COMPLETED"
export interface OptimizerStateAtRisk {
  readonly _tag: "OptimizerStateAtRisk"
  readonly job: string
  readonly interval: 0 | undefined
  readonly advice: string
}
export type Optimizer =
  | {
      readonly _tag: "Untouched"
    }
  | {
      readonly _tag: "Preserved"
      readonly checkpoint: Checkpoint
    }
  | {
      readonly _tag: "Lost"
    }
  | {
      readonly _tag: "Unknown"
      readonly why: string
    }
export type Ended =
  | {
      readonly _tag: "Failed"
      readonly job: TrainerJob
      readonly code: string | undefined
      readonly message: string | undefined
    }
  | {
      readonly _tag: "Completed" | "Cancelled" | "Expired" | "EarlyStopped" | "Paused"
      readonly job: TrainerJob
    }
export interface Up {
  readonly _tag: "Up"
  readonly job: TrainerJob
}
export type Risk = Omit<OptimizerStateAtRisk, "job">
interface ReachedJob {
  readonly job: TrainerJob
  readonly resumed: number
}
type Fate =
  | {
      readonly optimizer: Extract<
        Optimizer,
        {
          readonly _tag: "Preserved"
        }
      >
      readonly atRisk: undefined
    }
  | {
      readonly optimizer: Exclude<
        Optimizer,
        {
          readonly _tag: "Preserved"
        }
      >
      readonly atRisk: OptimizerStateAtRisk | undefined
    }
export type Reached = ReachedJob & Fate
export type Outcome =
  | (Reached & {
      readonly _tag: "Ready"
      readonly baseUrl: string
    })
  | (Reached & {
      readonly _tag: "Running"
    })
  | Ended
type ReachedEncoded = {
  readonly job: TrainerJobEncoded
  readonly resumed: number
} & (
  | {
      readonly optimizer: {
        readonly _tag: "Preserved"
        readonly checkpoint: CheckpointEncoded
      }
      readonly atRisk: undefined
    }
  | {
      readonly optimizer:
        | {
            readonly _tag: "Untouched" | "Lost"
          }
        | {
            readonly _tag: "Unknown"
            readonly why: string
          }
      readonly atRisk: OptimizerStateAtRisk | undefined
    }
)
export type OutcomeEncoded =
  | (ReachedEncoded & {
      readonly _tag: "Ready"
      readonly baseUrl: string
    })
  | (ReachedEncoded & {
      readonly _tag: "Running"
    })
  | {
      readonly _tag: "Failed"
      readonly job: TrainerJobEncoded
      readonly code: string | undefined
      readonly message: string | undefined
    }
  | {
      readonly _tag: "Completed" | "Cancelled" | "Expired" | "EarlyStopped" | "Paused"
      readonly job: TrainerJobEncoded
    }
export declare const Outcome: Schema.Schema<Outcome, OutcomeEncoded>
export interface CallOptions {
  readonly kind?: Kind | undefined
  readonly workload?: Workload.Workload | undefined
}
export interface ReadyOptions extends CallOptions {
  readonly pollInterval?: Duration.DurationInput | undefined
  readonly factor?: number | undefined
  readonly cap?: Duration.DurationInput | undefined
  readonly jitter?: number | undefined
  readonly pending?: Duration.DurationInput | undefined
  readonly ready?: Duration.DurationInput | undefined
  readonly resumable?: Duration.DurationInput | undefined
  readonly outage?: Duration.DurationInput | undefined
  readonly unseen?: Duration.DurationInput | undefined
  readonly stale?: Duration.DurationInput | undefined
}
export interface ReconnectOptions extends ReadyOptions {
  readonly resumes?: number | undefined
  readonly resumableStates?: ReadonlyArray<Resumable> | undefined
  readonly dcpSaveInterval?: number | undefined
}
export type Goal =
  | {
      readonly until: "ready"
      readonly healthy: boolean
      readonly resumable: ReadonlyArray<Resumable>
    }
  | {
      readonly until: "end"
      readonly onPause?: "wait" | "end" | undefined
    }
export {}
