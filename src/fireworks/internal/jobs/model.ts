/**
 * The types of trainer jobs: snapshots, checkpoints, and the outcomes of a wait.
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
    /** The full name, such as `accounts/{account}/rlorTrainerJobs/{id}`; see `idOf`. */
    name: Schema.String,
    ...jobs.commonFields,
    trainingConfig: /*#__PURE__*/ maybe(Fields),
    dataset: /*#__PURE__*/ maybe(Schema.String),
    nodeCount: /*#__PURE__*/ maybe(Count),
    serviceMode: /*#__PURE__*/ maybe(Schema.Boolean),
    keepAlive: /*#__PURE__*/ maybe(Schema.Boolean),
    hotLoadDeploymentId: /*#__PURE__*/ maybe(Schema.String),
    /** A base URL of the trainer that bypasses the gateway. */
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
 * A trainer or a fine-tuning job. Decoding keeps unknown fields.
 *
 * @since 0.1.0
 * @category schemas
 */
export const TrainerJob: Schema.Schema<TrainerJob, TrainerJobEncoded> = TrainerJobStruct

const CheckpointStruct = /*#__PURE__*/ Schema.Struct(
  {
    name: Schema.String,
    createTime: /*#__PURE__*/ maybe(Schema.String),
    /** The type, such as `CHECKPOINT_TYPE_TRAINING`, which holds the optimizer's state. */
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
 * A warning that an interruption may lose the optimizer's state.
 *
 * If `interval` is 0, no checkpoints with the optimizer's state are saved. If `interval` is undefined, it is not known whether
 * any are saved.
 *
 * @since 0.1.0
 * @category model
 */
export interface OptimizerStateAtRisk {
  readonly _tag: "OptimizerStateAtRisk"
  /** The id of the job. */
  readonly job: string
  readonly interval: 0 | undefined
  /** One sentence that says what to do. */
  readonly advice: string
}

/**
 * The fate of the optimizer's state during a wait.
 *
 * - `Untouched`: no interruption was observed.
 * - `Preserved`: the trainer continued from `checkpoint`, the newest one with the optimizer's state from before the last
 *   interruption.
 * - `Lost`: the trainer was interrupted, and no such checkpoint exists.
 * - `Unknown`: the job was interrupted, and its checkpoints are not known; `why` says the reason.
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
 * The end of a job.
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
 * A running job. A trainer has also passed its health probe.
 *
 * @since 0.1.0
 * @category model
 */
export interface Up {
  readonly _tag: "Up"
  readonly job: TrainerJob
}

/** The risk of the options of a call, before the job is known. */
export type Risk = Omit<OptimizerStateAtRisk, "job">

interface ReachedJob {
  readonly job: TrainerJob
  /** Number of times the wait resumed the job. */
  readonly resumed: number
}

/** The fate of the optimizer's state, and the risk of the next interruption. A preserved state is not at risk. */
type Fate =
  | { readonly optimizer: Extract<Optimizer, { readonly _tag: "Preserved" }>; readonly atRisk: undefined }
  | {
      readonly optimizer: Exclude<Optimizer, { readonly _tag: "Preserved" }>
      /** A warning of `reconnectAndWait`, unless its option `dcpSaveInterval` is above 0. Other functions set no warning. */
      readonly atRisk: OptimizerStateAtRisk | undefined
    }

export type Reached = ReachedJob & Fate

/**
 * The outcome of waiting for a job: `Ready` for a trainer that is healthy at `baseUrl`, `Running` for a fine-tuning job, or
 * the job's end.
 *
 * @since 0.1.0
 * @category model
 */
export type Outcome =
  | (Reached & { readonly _tag: "Ready"; readonly baseUrl: string })
  | (Reached & { readonly _tag: "Running" })
  | Ended

type ReachedEncoded = {
  readonly job: TrainerJobEncoded
  readonly resumed: number
} & (
  | {
      readonly optimizer: { readonly _tag: "Preserved"; readonly checkpoint: CheckpointEncoded }
      readonly atRisk: undefined
    }
  | {
      readonly optimizer: { readonly _tag: "Untouched" | "Lost" } | { readonly _tag: "Unknown"; readonly why: string }
      readonly atRisk: OptimizerStateAtRisk | undefined
    }
)

/**
 * The JSON form of `Outcome`.
 *
 * @since 0.2.0
 * @category model
 */
export type OutcomeEncoded =
  | (ReachedEncoded & { readonly _tag: "Ready"; readonly baseUrl: string })
  | (ReachedEncoded & { readonly _tag: "Running" })
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

// JSON drops undefined fields; decoding reads a missing field as undefined
const Text = /*#__PURE__*/ Schema.UndefinedOr(Schema.String)

const reachedFields = { job: TrainerJob, resumed: Schema.Number }

const preservedFields = {
  ...reachedFields,
  optimizer: /*#__PURE__*/ Schema.Struct({ _tag: /*#__PURE__*/ Schema.Literal("Preserved"), checkpoint: Checkpoint }),
  atRisk: Schema.Undefined
}

const otherFields = {
  ...reachedFields,
  optimizer: /*#__PURE__*/ Schema.Union(
    /*#__PURE__*/ Schema.Struct({ _tag: /*#__PURE__*/ Schema.Literal("Untouched") }),
    /*#__PURE__*/ Schema.Struct({ _tag: /*#__PURE__*/ Schema.Literal("Lost") }),
    /*#__PURE__*/ Schema.Struct({ _tag: /*#__PURE__*/ Schema.Literal("Unknown"), why: Schema.String })
  ),
  atRisk: /*#__PURE__*/ Schema.UndefinedOr(
    /*#__PURE__*/ Schema.Struct({
      _tag: /*#__PURE__*/ Schema.Literal("OptimizerStateAtRisk"),
      job: Schema.String,
      interval: /*#__PURE__*/ Schema.UndefinedOr(/*#__PURE__*/ Schema.Literal(0)),
      advice: Schema.String
    })
  )
}

const readyFields = { _tag: /*#__PURE__*/ Schema.Literal("Ready"), baseUrl: Schema.String }
const runningFields = { _tag: /*#__PURE__*/ Schema.Literal("Running") }

/**
 * The outcome of waiting for a job, to store it or to send it to another process.
 *
 * @since 0.2.0
 * @category schemas
 */
export const Outcome: Schema.Schema<Outcome, OutcomeEncoded> = /*#__PURE__*/ Schema.Union(
  /*#__PURE__*/ Schema.Struct({ ...readyFields, ...preservedFields }),
  /*#__PURE__*/ Schema.Struct({ ...readyFields, ...otherFields }),
  /*#__PURE__*/ Schema.Struct({ ...runningFields, ...preservedFields }),
  /*#__PURE__*/ Schema.Struct({ ...runningFields, ...otherFields }),
  /*#__PURE__*/ Schema.Struct({
    _tag: /*#__PURE__*/ Schema.Literal("Failed"),
    job: TrainerJob,
    code: Text,
    message: Text
  }),
  /*#__PURE__*/ Schema.Struct({
    _tag: /*#__PURE__*/ Schema.Literal("Completed", "Cancelled", "Expired", "EarlyStopped", "Paused"),
    job: TrainerJob
  })
)

/**
 * Options of `get`, `resume`, `cancel` and `delete`.
 *
 * @since 0.1.0
 * @category model
 */
export interface CallOptions {
  /** The kind of the job. @default "trainer" */
  readonly kind?: Kind | undefined
  /** The workload of this call. @default `Workload.interactive` */
  readonly workload?: Workload.Workload | undefined
}

/**
 * Options of a wait until a job is ready. A poll is one call that gets the job.
 *
 * The limits `pending`, `ready` and `resumable` bound the total time in their states since the job was last resumed. All limits
 * may be infinite. With the defaults, two days in the queue take fewer than 200 polls. A ready job is noticed after about one
 * fifth of the time it took to become ready, and after at most 24 minutes.
 *
 * @since 0.1.0
 * @category model
 */
export interface ReadyOptions extends CallOptions {
  /** The first wait between polls, at least 1 ms. Waits restart from it when the job's standing changes. @default 5 seconds */
  readonly pollInterval?: Duration.DurationInput | undefined
  /** The factor by which each wait grows while the job's standing does not change, at least 1. @default 1.2 */
  readonly factor?: number | undefined
  /** The longest wait, at least `pollInterval`. @default 20 minutes, or `pollInterval` if that is longer */
  readonly cap?: Duration.DurationInput | undefined
  /** The fraction by which each wait is randomly shortened or lengthened, from 0 to 0.5. @default 0.2 */
  readonly jitter?: number | undefined
  /** The total time that the job may wait for capacity, in `PENDING` and `RE_QUEUEING`. @default 48 hours */
  readonly pending?: Duration.DurationInput | undefined
  /**
   * The total time that the job may be active without being ready, such as being created, or running without a healthy trainer.
   * @default 15 minutes; 10 minutes for `reconnectAndWait`
   */
  readonly ready?: Duration.DurationInput | undefined
  /** The total time that the job may be in a temporary state, such as `CANCELLING`, or in an unknown one. @default 2 minutes */
  readonly resumable?: Duration.DurationInput | undefined
  /** The longest single loss of contact with the server before the wait fails. @default 1 hour */
  readonly outage?: Duration.DurationInput | undefined
  /** Time during which a `NotFound` response may come from a lagging replica, and is polled again. @default 2 minutes */
  readonly unseen?: Duration.DurationInput | undefined
  /** Time after a resumption during which the server may still report the previous stop. @default 2 minutes */
  readonly stale?: Duration.DurationInput | undefined
}

/**
 * Options of `reconnectAndWait`.
 *
 * @since 0.1.0
 * @category model
 */
export interface ReconnectOptions extends ReadyOptions {
  /** The maximum number of times the job is resumed; 0 for never. @default 3 */
  readonly resumes?: number | undefined
  /** The states from which the job is resumed; others are its end. @default all; for fine-tuning all except `COMPLETED` */
  readonly resumableStates?: ReadonlyArray<Resumable> | undefined
  /** The number of steps between checkpoints; see `Submission`. @default not known */
  readonly dcpSaveInterval?: number | undefined
}

/**
 * The goal of a wait: until the job is ready, or until its end.
 *
 * @since 0.1.0
 * @category model
 */
export type Goal =
  | {
      readonly until: "ready"
      /** True if the health probe of the trainer succeeded. Pass true for fine-tuning jobs, which have no probe. */
      readonly healthy: boolean
      /** The states that the job can be resumed from. */
      readonly resumable: ReadonlyArray<Resumable>
    }
  | { readonly until: "end"; readonly onPause?: "wait" | "end" | undefined }
