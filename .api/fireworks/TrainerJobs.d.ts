import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { ApiError } from "../ApiError.js"
import * as Job from "../Job.js"
import * as Workload from "../Workload.js"
import * as Fireworks from "./Fireworks.js"
import * as jobs from "./internal/jobs/lifecycle.js"
import type {
  CallOptions,
  Checkpoint,
  Ended,
  Goal,
  Kind,
  OptimizerStateAtRisk,
  Outcome,
  ReadyOptions,
  ReconnectOptions,
  TrainerJob,
  Up
} from "./internal/jobs/model.js"
export { Checkpoint, Outcome, TrainerJob } from "./internal/jobs/model.js"
export type {
  CheckpointEncoded,
  TrainerJobEncoded,
  Ended,
  Goal,
  Resumable,
  Kind,
  Optimizer,
  OptimizerStateAtRisk,
  OutcomeEncoded,
  ReadyOptions,
  ReconnectOptions,
  CallOptions,
  Up
} from "./internal/jobs/model.js"
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
export interface PageOptions extends Omit<CallOptions, "kind"> {
  readonly pageSize?: number | undefined
}
export interface ListOptions extends PageOptions {
  readonly kind?: Kind | undefined
  readonly filter?: string | undefined
  readonly orderBy?: string | undefined
}
export interface AwaitReadyOptions extends ReadyOptions {
  readonly resumed?: boolean | undefined
}
export interface ResumeOptions extends ReadyOptions {
  readonly resumes?: number | undefined
}
export interface WatchOptions extends Omit<Job.WatchOptions, "changing"> {
  readonly kind?: Kind | undefined
  readonly onPause?: "wait" | "end" | undefined
  readonly workload?: Workload.Workload | undefined
}
export declare const idOf: (job: TrainerJob) => string
export declare const stateOf: (job: TrainerJob) => string
export declare const standingOf: (job: TrainerJob, goal: Goal) => Job.Standing<Ended | Up>
type Call<A> = jobs.Call<A>
export declare const newId: Effect.Effect<string>
export declare const create: (submission: Submission) => Call<Created>
export declare const get: (id: string, options?: CallOptions) => Call<TrainerJob>
export declare const list: (options?: ListOptions) => Stream.Stream<TrainerJob, ApiError, Fireworks.Fireworks>
export declare const checkpoints: (
  id: string,
  options?: PageOptions
) => Stream.Stream<Checkpoint, ApiError, Fireworks.Fireworks>
export declare const resume: (id: string, options?: CallOptions) => Call<void>
export declare const cancel: (id: string, options?: CallOptions) => Call<void>
declare const delete_: (id: string, options?: CallOptions) => Call<void>
export declare const awaitReady: (id: string, options?: AwaitReadyOptions) => Call<Outcome>
export declare const resumeAndWait: (id: string, options?: ResumeOptions) => Call<Outcome>
export declare const reconnectAndWait: (id: string, options?: ReconnectOptions) => Call<Outcome>
export declare const watch: (
  id: string,
  options?: WatchOptions
) => Stream.Stream<TrainerJob, ApiError, Fireworks.Fireworks>
declare const await_: (id: string, options?: WatchOptions) => Call<Ended>
export { await_ as await, delete_ as delete }
