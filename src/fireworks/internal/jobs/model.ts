/**
 * Trainer jobs: their states, their checkpoints, and what a wait for one ends in.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import * as jobs from "./lifecycle.js"
import type * as Duration from "effect/Duration"
import type * as Workload from "../../../Workload.js"
import { Count } from "./lifecycle.js"
import { maybe, open } from "../decoded.js"

const Fields = /*#__PURE__*/ Schema.Record({ key: Schema.String, value: Schema.Unknown })

const TrainerJobStruct = /*#__PURE__*/ Schema.Struct(
  {
    /** `accounts/{account}/rlorTrainerJobs/{id}`, or that of another kind; see `idOf`. */
    name: Schema.String,
    ...jobs.commonFields,
    trainingConfig: /*#__PURE__*/ maybe(Fields),
    dataset: /*#__PURE__*/ maybe(Schema.String),
    nodeCount: /*#__PURE__*/ maybe(Count),
    serviceMode: /*#__PURE__*/ maybe(Schema.Boolean),
    keepAlive: /*#__PURE__*/ maybe(Schema.Boolean),
    hotLoadDeploymentId: /*#__PURE__*/ maybe(Schema.String),
    /** Where the trainer can be reached besides the gateway. */
    directRouteHandle: /*#__PURE__*/ maybe(Schema.String),
    jobProgress: /*#__PURE__*/ maybe(Fields)
  },
  open
)

/**
 * A trainer or a fine-tuning job.
 *
 * @since 0.1.0
 * @category model
 */
export interface TrainerJob extends Schema.Schema.Type<typeof TrainerJobStruct> {}

/**
 * The JSON form of `TrainerJob`.
 *
 * @since 0.2.0
 * @category model
 */
export interface TrainerJobEncoded extends Schema.Schema.Encoded<typeof TrainerJobStruct> {}

/**
 * A trainer or a fine-tuning job; what the API learns tomorrow is kept.
 *
 * @since 0.1.0
 * @category schemas
 */
export const TrainerJob: Schema.Schema<TrainerJob, TrainerJobEncoded> = TrainerJobStruct

const CheckpointStruct = /*#__PURE__*/ Schema.Struct(
  {
    name: Schema.String,
    createTime: /*#__PURE__*/ maybe(Schema.String),
    /** Such as `CHECKPOINT_TYPE_TRAINING`, which holds the optimizer's state. */
    checkpointType: /*#__PURE__*/ maybe(Schema.String),
    promotable: /*#__PURE__*/ maybe(Schema.Boolean)
  },
  open
)

/**
 * A checkpoint of a trainer.
 *
 * @since 0.1.0
 * @category model
 */
export interface Checkpoint extends Schema.Schema.Type<typeof CheckpointStruct> {}

/**
 * The JSON form of `Checkpoint`.
 *
 * @since 0.2.0
 * @category model
 */
export interface CheckpointEncoded extends Schema.Schema.Encoded<typeof CheckpointStruct> {}

/**
 * A checkpoint of a trainer.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Checkpoint: Schema.Schema<Checkpoint, CheckpointEncoded> = CheckpointStruct

/**
 * The kinds of jobs: `rlorTrainerJobs`, `supervisedFineTuningJobs`, `reinforcementFineTuningJobs` and `dpoJobs`.
 *
 * @since 0.1.0
 * @category model
 */
export type Kind = "trainer" | "supervised" | "reinforcement" | "preference"

/**
 * The states that a job can be resumed from.
 *
 * @since 0.1.0
 * @category model
 */
export type Resumable = "FAILED" | "CANCELLED" | "PAUSED" | "COMPLETED"

/**
 * The state of the optimizer will not outlast an interruption: no checkpoints with it are saved (`interval` 0), or nobody
 * said whether they are.
 *
 * @since 0.1.0
 * @category model
 */
export interface OptimizerStateAtRisk {
  readonly _tag: "OptimizerStateAtRisk"
  readonly interval: 0 | undefined
  /** What to do, in one sentence. */
  readonly advice: string
}

/**
 * What became of the optimizer's state.
 *
 * - `Untouched`: no interruption was seen.
 * - `Preserved`: the newest checkpoint with optimizer from before the last interruption, from which the trainer went on.
 * - `Lost`: there was none.
 * - `Unknown`: it was interrupted, and what was saved cannot be told.
 *
 * @since 0.1.0
 * @category model
 */
export type Optimizer =
  | { readonly _tag: "Untouched" }
  | { readonly _tag: "Preserved"; readonly checkpoint: Checkpoint }
  | { readonly _tag: "Lost" }
  | { readonly _tag: "Unknown"; readonly why: string }

/**
 * How a job has ended.
 *
 * @since 0.1.0
 * @category model
 */
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

/**
 * A job that runs and, if it is a trainer, answers.
 *
 * @since 0.1.0
 * @category model
 */
export interface Up {
  readonly _tag: "Up"
  readonly job: TrainerJob
}

export interface Reached {
  readonly job: TrainerJob
  /** How often it was resumed on the way. */
  readonly resumed: number
  readonly optimizer: Optimizer
  /** A warning, unless `dcpSaveInterval` was said to be above 0. Only `reconnectAndWait` warns. */
  readonly atRisk: OptimizerStateAtRisk | undefined
}

/**
 * What came of waiting for a job: a trainer that is `Ready` and answers at `baseUrl`, a fine-tuning job that is `Running`, or
 * its end.
 *
 * @since 0.1.0
 * @category model
 */
export type Outcome =
  | (Reached & { readonly _tag: "Ready"; readonly baseUrl: string })
  | (Reached & { readonly _tag: "Running" })
  | Ended

/**
 * What `get`, `resume`, `cancel` and `delete` take.
 *
 * @since 0.1.0
 * @category model
 */
export interface CallOptions {
  /** @default "trainer" */
  readonly kind?: Kind | undefined
  /** The limits and retries of this call. @default `Workload.interactive` */
  readonly workload?: Workload.Workload | undefined
}

/**
 * How a job is waited for until it is ready. Each limit is for all of its kind since the job was last resumed, and may be
 * infinite. With these defaults two days in the queue take fewer than 200 looks, and what becomes ready is noticed after a
 * fifth more of the time that it took, and at most 24 minutes.
 *
 * @since 0.1.0
 * @category model
 */
export interface ReadyOptions extends CallOptions {
  /** The wait between looks, as long as something changes, at least 1 ms. @default 5 seconds */
  readonly pollInterval?: Duration.DurationInput | undefined
  /** What each wait is multiplied by while nothing changes, from 1 on. @default 1.2 */
  readonly factor?: number | undefined
  /** The longest wait, at least `pollInterval`. @default 20 minutes */
  readonly cap?: Duration.DurationInput | undefined
  /** The part by which each wait is shortened or lengthened at random, from 0 to 0.5. @default 0.2 */
  readonly jitter?: number | undefined
  /** For how long it may wait for capacity: `PENDING` and `RE_QUEUEING`. @default 48 hours */
  readonly pending?: Duration.DurationInput | undefined
  /** For how long it may be created, or run and not answer. @default 15 minutes; 10 for `reconnectAndWait` */
  readonly ready?: Duration.DurationInput | undefined
  /** For how long it may be in a state between others, such as `CANCELLING`, or in one not known. @default 2 minutes */
  readonly resumable?: Duration.DurationInput | undefined
  /** For how long contact may be lost, in one go. @default 1 hour */
  readonly outage?: Duration.DurationInput | undefined
  /** For how long the server may know nothing of the job before that is believed. @default 2 minutes */
  readonly unseen?: Duration.DurationInput | undefined
  /** For how long after a resumption the server may still tell of the end before it. @default 2 minutes */
  readonly stale?: Duration.DurationInput | undefined
}

/**
 * What a job is looked at for.
 *
 * @since 0.1.0
 * @category model
 */
export type Goal =
  | {
      readonly until: "ready"
      /** Whether a job that runs answers. */
      readonly healthy: boolean
      /** The states that it could be resumed from. */
      readonly resumable: ReadonlyArray<Resumable>
    }
  | { readonly until: "end"; readonly onPause?: "wait" | "end" | undefined }
