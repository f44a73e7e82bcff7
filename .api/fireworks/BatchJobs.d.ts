import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { ApiError } from "../ApiError.js"
import * as Job from "../Job.js"
import * as Workload from "../Workload.js"
import * as Fireworks from "./Fireworks.js"
import * as jobs from "./internal/jobs/lifecycle.js"
declare const ProgressStruct: Schema.TypeLiteral<
  {
    percent: Schema.optional<Schema.NullOr<Schema.Schema<number, string | number, never>>>
    totalInputRequests: Schema.optional<Schema.NullOr<Schema.Schema<number, string | number, never>>>
    totalProcessedRequests: Schema.optional<Schema.NullOr<Schema.Schema<number, string | number, never>>>
    successfullyProcessedRequests: Schema.optional<Schema.NullOr<Schema.Schema<number, string | number, never>>>
    failedRequests: Schema.optional<Schema.NullOr<Schema.Schema<number, string | number, never>>>
    outputRows: Schema.optional<Schema.NullOr<Schema.Schema<number, string | number, never>>>
    inputTokens: Schema.optional<Schema.NullOr<Schema.Schema<number, string | number, never>>>
    outputTokens: Schema.optional<Schema.NullOr<Schema.Schema<number, string | number, never>>>
    cachedInputTokenCount: Schema.optional<Schema.NullOr<Schema.Schema<number, string | number, never>>>
  },
  readonly [
    {
      readonly key: typeof Schema.String
      readonly value: typeof Schema.Unknown
    }
  ]
>
export interface Progress extends Schema.Schema.Type<typeof ProgressStruct> {}
export interface ProgressEncoded extends Schema.Schema.Encoded<typeof ProgressStruct> {}
export declare const Progress: Schema.Schema<Progress, ProgressEncoded>
declare const BatchJobStruct: Schema.TypeLiteral<
  {
    model: Schema.optional<Schema.NullOr<Schema.Schema<string, string, never>>>
    inputDatasetId: Schema.optional<Schema.NullOr<Schema.Schema<string, string, never>>>
    outputDatasetId: Schema.optional<Schema.NullOr<Schema.Schema<string, string, never>>>
    inferenceParameters: Schema.optional<
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
    precision: Schema.optional<Schema.NullOr<Schema.Schema<string, string, never>>>
    continuedFromJobName: Schema.optional<Schema.NullOr<Schema.Schema<string, string, never>>>
    jobProgress: Schema.optional<Schema.NullOr<Schema.Schema<Progress, ProgressEncoded, never>>>
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
export interface BatchJob extends Schema.Schema.Type<typeof BatchJobStruct> {}
export interface BatchJobEncoded extends Schema.Schema.Encoded<typeof BatchJobStruct> {}
export declare const BatchJob: Schema.Schema<BatchJob, BatchJobEncoded>
export interface InferenceParameters {
  readonly maxTokens?: number | undefined
  readonly temperature?: number | undefined
  readonly topP?: number | undefined
  readonly topK?: number | undefined
  readonly n?: number | undefined
  readonly extraBody?: string | undefined
  readonly [parameter: string]: unknown
}
export interface Description {
  readonly model?: string | undefined
  readonly inputDatasetId?: string | undefined
  readonly outputDatasetId?: string | undefined
  readonly inferenceParameters?: InferenceParameters | undefined
  readonly displayName?: string | undefined
  readonly precision?: string | undefined
  readonly continuedFrom?: string | undefined
  readonly more?: Readonly<Record<string, unknown>> | undefined
}
export interface Submission extends Description {
  readonly id?: string | undefined
  readonly workload?: Workload.Workload | undefined
}
export interface CallOptions {
  readonly workload?: Workload.Workload | undefined
}
export interface ListOptions extends CallOptions {
  readonly pageSize?: number | undefined
  readonly filter?: string | undefined
  readonly orderBy?: string | undefined
}
export interface WatchOptions extends Omit<Job.WatchOptions, "resumes" | "resumed" | "stale"> {
  readonly onPause?: "wait" | "end" | undefined
  readonly workload?: Workload.Workload | undefined
}
export type Outcome =
  | {
      readonly _tag: "Completed"
      readonly job: BatchJob
    }
  | {
      readonly _tag: "Failed"
      readonly job: BatchJob
      readonly code: string | undefined
      readonly message: string | undefined
    }
  | {
      readonly _tag: "Expired"
      readonly job: BatchJob
      readonly completedRows: number | undefined
    }
  | {
      readonly _tag: "Cancelled"
      readonly job: BatchJob
    }
  | {
      readonly _tag: "EarlyStopped"
      readonly job: BatchJob
    }
  | {
      readonly _tag: "Paused"
      readonly job: BatchJob
    }
export type OutcomeEncoded =
  | {
      readonly _tag: "Completed" | "Cancelled" | "EarlyStopped" | "Paused"
      readonly job: BatchJobEncoded
    }
  | {
      readonly _tag: "Failed"
      readonly job: BatchJobEncoded
      readonly code: string | undefined
      readonly message: string | undefined
    }
  | {
      readonly _tag: "Expired"
      readonly job: BatchJobEncoded
      readonly completedRows: number | undefined
    }
export declare const Outcome: Schema.Schema<Outcome, OutcomeEncoded>
export declare const Description: Schema.Schema<Description>
export declare const idOf: (job: BatchJob) => string
export declare const stateOf: (job: BatchJob) => string
export declare const standingOf: (job: BatchJob, onPause?: "wait" | "end") => Job.Standing<Outcome>
export declare const newId: Effect.Effect<string>
type Call<A> = jobs.Call<A>
export interface KindOptions extends Pick<WatchOptions, "onPause" | "workload"> {
  readonly submission?: Workload.Workload | undefined
}
export declare const kind: (options?: KindOptions) => Job.Kind<Description, BatchJob, Outcome, Fireworks.Fireworks>
export declare const submit: (submission: Submission) => Call<BatchJob>
export declare const get: (id: string, options?: CallOptions) => Call<BatchJob>
export declare const list: (options?: ListOptions) => Stream.Stream<BatchJob, ApiError, Fireworks.Fireworks>
declare const delete_: (id: string, options?: CallOptions) => Call<void>
declare const await_: (id: string, options?: WatchOptions) => Call<Outcome>
export declare const watch: (
  id: string,
  options?: WatchOptions
) => Stream.Stream<BatchJob, ApiError, Fireworks.Fireworks>
export { await_ as await, delete_ as delete }
