import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { ApiError } from "../ApiError.js"
import * as Job from "../Job.js"
import * as Workload from "../Workload.js"
import * as Fireworks from "./Fireworks.js"
import * as jobs from "./internal/jobs.js"
export declare const TrainerJob: Schema.TypeLiteral<
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
export type TrainerJob = typeof TrainerJob.Type
export declare const Checkpoint: Schema.TypeLiteral<
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
export type Checkpoint = typeof Checkpoint.Type
export type Kind = "trainer" | "supervised" | "reinforcement" | "preference"
export type Resumable = "FAILED" | "CANCELLED" | "PAUSED" | "COMPLETED"
export interface OptimizerStateAtRisk {
  readonly _tag: "OptimizerStateAtRisk"
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
interface Reached {
  readonly job: TrainerJob
  readonly resumed: number
  readonly optimizer: Optimizer
  readonly atRisk: OptimizerStateAtRisk | undefined
}
export type Outcome =
  | (Reached & {
      readonly _tag: "Ready"
      readonly baseUrl: string
    })
  | (Reached & {
      readonly _tag: "Running"
    })
  | Ended
export interface Submission {
  readonly id?: string | undefined
  readonly kind?: Kind | undefined
  readonly displayName?: string | undefined
  readonly trainingConfig?: Readonly<Record<string, unknown>> | undefined
  readonly dataset?: string | undefined
  readonly nodeCount?: number | undefined
  readonly hotLoadDeploymentId?: string | undefined
  readonly inactivityTimeout?: Duration.DurationInput | undefined
  readonly trainingShape?: string | undefined
  readonly more?: Readonly<Record<string, unknown>> | undefined
  readonly dcpSaveInterval?: number | undefined
  readonly workload?: Workload.Workload | undefined
}
export interface Created {
  readonly job: TrainerJob
  readonly atRisk: OptimizerStateAtRisk | undefined
}
export interface CallOptions {
  readonly kind?: Kind | undefined
  readonly workload?: Workload.Workload | undefined
}
export interface PageOptions extends Omit<CallOptions, "kind"> {
  readonly pageSize?: number | undefined
}
export interface ListOptions extends PageOptions {
  readonly kind?: Kind | undefined
  readonly filter?: string | undefined
  readonly orderBy?: string | undefined
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
export interface AwaitReadyOptions extends ReadyOptions {
  readonly resumed?: boolean | undefined
}
export interface ResumeOptions extends ReadyOptions {
  readonly resumes?: number | undefined
}
export interface ReconnectOptions extends ReadyOptions {
  readonly resumes?: number | undefined
  readonly resumableStates?: ReadonlyArray<Resumable> | undefined
  readonly dcpSaveInterval?: number | undefined
}
export interface WatchOptions extends Omit<Job.WatchOptions, "changing"> {
  readonly kind?: Kind | undefined
  readonly onPause?: "wait" | "end" | undefined
  readonly workload?: Workload.Workload | undefined
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
export declare const idOf: (job: TrainerJob) => string
export declare const stateOf: (job: TrainerJob) => string
export declare const standingOf: (job: TrainerJob, goal: Goal) => Job.Standing<Ended | Up>
type Call<A> = jobs.Call<A>
export declare const newId: Effect.Effect<string>
export declare const create: (submission: Submission) => Call<Created>
export declare const get: (id: string, options?: CallOptions) => Call<TrainerJob>
export declare const list: (options?: ListOptions) => Stream.Stream<TrainerJob, ApiError, Fireworks.Service>
export declare const checkpoints: (
  id: string,
  options?: PageOptions
) => Stream.Stream<Checkpoint, ApiError, Fireworks.Service>
export declare const resume: (id: string, options?: CallOptions) => Call<void>
export declare const cancel: (id: string, options?: CallOptions) => Call<void>
declare const delete_: (id: string, options?: CallOptions) => Call<void>
export declare const awaitReady: (id: string, options?: AwaitReadyOptions) => Call<Outcome>
export declare const resumeAndWait: (id: string, options?: ResumeOptions) => Call<Outcome>
export declare const reconnectAndWait: (id: string, options?: ReconnectOptions) => Call<Outcome>
export declare const watch: (
  id: string,
  options?: WatchOptions
) => Stream.Stream<TrainerJob, ApiError, Fireworks.Service>
declare const await_: (id: string, options?: WatchOptions) => Call<Ended>
export { await_ as await, delete_ as delete }
