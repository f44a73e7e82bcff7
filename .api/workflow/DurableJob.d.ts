import type * as WorkflowEngine from "@effect/workflow/WorkflowEngine"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import type { ApiError } from "../ApiError.js"
import * as BatchJobs from "../fireworks/BatchJobs.js"
import type * as Fireworks from "../fireworks/Fireworks.js"
import * as TrainerJobs from "../fireworks/TrainerJobs.js"
import * as Job from "../Job.js"
import type { PurgeOptions, Status } from "./internal/model.js"
export type { PurgeOptions, Status } from "./internal/model.js"
export interface DurableJob<in Input, out Snapshot, out A, out R> {
  readonly name: string
  readonly layer: Layer.Layer<never, never, WorkflowEngine.WorkflowEngine | R>
  readonly execute: (id: string, input: Input) => Effect.Effect<A, ApiError, WorkflowEngine.WorkflowEngine>
  readonly start: (id: string, input: Input) => Effect.Effect<void, never, WorkflowEngine.WorkflowEngine>
  readonly poll: (id: string) => Effect.Effect<Status<A>, never, WorkflowEngine.WorkflowEngine>
  readonly progress: (id: string) => Effect.Effect<Snapshot, ApiError, R>
  readonly interrupt: (id: string) => Effect.Effect<void, never, WorkflowEngine.WorkflowEngine>
  readonly resume: (id: string) => Effect.Effect<void, never, WorkflowEngine.WorkflowEngine>
  readonly purge: (options?: PurgeOptions) => ReadonlyArray<string>
}
export interface EngineOptions {
  readonly inMemory?: Duration.DurationInput | undefined
  readonly suspendedRetrySchedule?: Schedule.Schedule<unknown, unknown> | undefined
}
export interface Options<Input, InputEncoded, Snapshot, A, AEncoded, R> extends EngineOptions {
  readonly name: string
  readonly kind: Job.Kind<Input, Snapshot, A, R>
  readonly input: Schema.Schema<Input, InputEncoded>
  readonly outcome: Schema.Schema<A, AEncoded>
  readonly watch?: Job.WatchOptions | undefined
}
export declare const make: <Input, InputEncoded, Snapshot, A, AEncoded, R = never>(
  options: Options<Input, InputEncoded, Snapshot, A, AEncoded, R>
) => DurableJob<Input, Snapshot, A, R>
export interface BatchOptions extends EngineOptions, BatchJobs.WatchOptions {
  readonly name?: string | undefined
  readonly submission?: BatchJobs.KindOptions["submission"]
}
export declare const batch: (
  options?: BatchOptions
) => DurableJob<BatchJobs.Description, BatchJobs.BatchJob, BatchJobs.Outcome, Fireworks.Fireworks>
export interface TrainerOptions extends EngineOptions, TrainerJobs.ReconnectOptions {
  readonly name?: string | undefined
}
export declare const trainer: (
  options?: TrainerOptions
) => DurableJob<void, TrainerJobs.TrainerJob, TrainerJobs.Outcome, Fireworks.Fireworks>
