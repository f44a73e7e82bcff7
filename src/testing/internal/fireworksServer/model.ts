/**
 * Types of the simulated Fireworks API: its options, its records and its state.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import type { ErrorForm, Json } from "./messages.js"
import type { Fault, Answer } from "../../Fault.js"

/**
 * The kinds of jobs, named after their collections.
 *
 * @since 0.1.0
 * @category model
 */
export type JobKind =
  | "batchInferenceJobs"
  | "rlorTrainerJobs"
  | "supervisedFineTuningJobs"
  | "reinforcementFineTuningJobs"
  | "dpoJobs"

/**
 * The states of jobs. In requests and responses they have the prefix `JOB_STATE_`.
 *
 * @since 0.1.0
 * @category model
 */
export type JobState =
  | "UNSPECIFIED"
  | "CREATING"
  | "RUNNING"
  | "COMPLETED"
  | "FAILED"
  | "CANCELLED"
  | "DELETING"
  | "WRITING_RESULTS"
  | "VALIDATING"
  | "DELETING_CLEANING_UP"
  | "PENDING"
  | "EXPIRED"
  | "RE_QUEUEING"
  | "CREATING_INPUT_DATASET"
  | "IDLE"
  | "CANCELLING"
  | "EARLY_STOPPED"
  | "PAUSED"
  | "DELETED"
  | "ARCHIVED"

/**
 * A state of a job, and its duration.
 *
 * @since 0.1.0
 * @category model
 */
export interface Stage {
  readonly state: JobState
  /** Duration of the stage. @default infinite */
  readonly lasts?: Duration.DurationInput | undefined
  /** The message in the job's status. @default a message that fits the state */
  readonly message?: string | undefined
  /**
   * The part of the job's work that is done at the end of the stage, from 0 to 1.
   * @default 1 for `COMPLETED` and `RUNNING`. `RUNNING` does only 60 % of the remaining work if `FAILED` or `EXPIRED` follows.
   * Other states make no progress.
   */
  readonly progress?: number | undefined
}

/**
 * The stages of a job, in order. The last state never ends.
 *
 * @since 0.1.0
 * @category model
 */
export type Timeline = ReadonlyArray<Stage>

/**
 * A job that is being created or resumed.
 *
 * @since 0.1.0
 * @category model
 */
export interface NewJob {
  readonly kind: JobKind
  readonly id: string
  /** The body of the request that created the job. */
  readonly input: Readonly<Record<string, unknown>>
  /** 1 plus the number of times that the job was resumed. */
  readonly life: number
}

/**
 * A job that was created. Deleted and hidden jobs are recorded too.
 *
 * @since 0.1.0
 * @category model
 */
export interface JobRecord extends NewJob {
  readonly createdAt: number
  readonly state: JobState
  /** The states of the job so far, the current one last. `at` is the start of a state, in milliseconds of wall-clock time. */
  readonly history: ReadonlyArray<{ readonly state: JobState; readonly at: number }>
}

/**
 * The number of requests to create a job, and of jobs that were created. If `made` is above 1, the client submitted twice.
 *
 * @since 0.1.0
 * @category model
 */
export interface Creation {
  readonly kind: JobKind
  readonly id: string
  /** Number of requests to create the job that succeeded or were rejected as duplicates. */
  readonly asked: number
  /** Number of jobs that were created. */
  readonly made: number
}

/**
 * The remains of a deleted job.
 *
 * - `DELETED`, `ARCHIVED`: a GET still returns the job, in this state.
 * - `hidden`: the job is a 404, and its id cannot be used again.
 * - `forgotten`: the job is a 404, and its id can be used again.
 *
 * @since 0.1.0
 * @category model
 */
export type Tombstone = "DELETED" | "ARCHIVED" | "hidden" | "forgotten"

/**
 * The states of deployments.
 *
 * @since 0.1.0
 * @category model
 */
export type DeploymentState = "CREATING" | "READY" | "DELETING" | "FAILED" | "UPDATING" | "DELETED"

/**
 * Options of a deployment that a test creates or changes.
 *
 * @since 0.1.0
 * @category model
 */
export interface DeploymentOptions {
  /** The model of the deployment. @default "accounts/fireworks/models/test-model" */
  readonly baseModel?: string | undefined
  /** Minimum number of replicas, from 0 to 1000. @default 0 */
  readonly minReplicaCount?: number | undefined
  /** Maximum number of replicas, from `minReplicaCount` to 1000. @default the greater of `minReplicaCount` and 1 */
  readonly maxReplicaCount?: number | undefined
  /** Number of replicas, which are ready at once. @default `minReplicaCount` */
  readonly replicas?: number | undefined
  /** Other fields of the resource, by their names in the API. @default none */
  readonly fields?: Readonly<Record<string, unknown>> | undefined
  /** The state. @default "READY"; "CREATING" for a deployment that a request created, until its first replica is ready */
  readonly state?: DeploymentState | undefined
}

/**
 * The current state of a deployment.
 *
 * @since 0.1.0
 * @category model
 */
export interface DeploymentRecord {
  readonly id: string
  readonly state: DeploymentState
  readonly minReplicaCount: number
  readonly maxReplicaCount: number
  readonly replicas: number
  readonly readyReplicas: number
  /** Other fields of the resource, as set by clients. */
  readonly fields: Readonly<Record<string, unknown>>
}

/**
 * A period in which every request fails without effect.
 *
 * @since 0.1.0
 * @category model
 */
export interface Outage {
  /** Time until the outage begins. @default 0 */
  readonly after?: Duration.DurationInput | undefined
  /** Duration of the outage; may be infinite. */
  readonly lasts: Duration.DurationInput
  /** The fault of all requests; `Fault.unanswered` sends no response. @default a 503 */
  readonly fault?: Fault | undefined
}

/**
 * A fault that some of the next requests get instead of their response.
 *
 * @since 0.1.0
 * @category model
 */
export interface Injection {
  /** The method of matching requests. @default any */
  readonly method?: string | undefined
  /** A text that the path without its query contains, or an expression that it matches. @default any */
  readonly path?: string | RegExp | undefined
  /** Number of matching requests that are served normally first. @default 0 */
  readonly skip?: number | undefined
  /** Number of matching requests that get the fault; at least 1. @default 1 */
  readonly times?: number | undefined
  readonly fault: Fault
  /** If true, the server executes the request, and the fault replaces only the response. @default false */
  readonly takesEffect?: boolean | undefined
}

/**
 * The limits per minute of each serverless model. Four characters count as one token.
 *
 * @since 0.1.0
 * @category model
 */
export interface Limits {
  /** Requests per minute. @default 6000 */
  readonly requests?: number | undefined
  /** Tokens of prompts per minute. @default 3 600 000 */
  readonly promptTokens?: number | undefined
  /** Tokens of prompts that are not cached, per minute. @default 900 000 */
  readonly uncachedTokens?: number | undefined
  /** Generated tokens per minute. @default 36 000 */
  readonly generatedTokens?: number | undefined
  /** The delay in the server hint of a 429, those of deployments included. @default no hint, as in the API */
  readonly retryAfter?: Duration.DurationInput | undefined
}

/**
 * Options of `make` and `inMemory`.
 *
 * @since 0.1.0
 * @category model
 */
export interface Options {
  /** The account id. Requests for other accounts get a 403. @default "acme" */
  readonly account?: string | undefined
  /** The valid API keys. Other keys get a 401. @default any */
  readonly keys?: ReadonlyArray<string> | undefined
  /** The serverless models. Other models get a 404. @default any */
  readonly models?: ReadonlyArray<string> | undefined
  /** Rate limits of serverless models. @default those of a new account */
  readonly limits?: Limits | undefined
  /** Delay of each successful response of inference. @default 0 */
  readonly latency?: Duration.DurationInput | undefined

  /** The deployments that exist at the start, by id. @default none */
  readonly deployments?: Readonly<Record<string, DeploymentOptions>> | undefined
  /** Time until a new replica is ready. @default 5 minutes */
  readonly startup?: Duration.DurationInput | undefined
  /** Time after its first replica is ready during which a deployment still responds with 404 or 503. @default 0 */
  readonly settling?: Duration.DurationInput | undefined
  /** Requests that a replica accepts each second. Further requests get a 429. @default unlimited */
  readonly capacity?: number | undefined
  /** The reason in that 429: no capacity, or no first token in time. @default "overloaded" */
  readonly saturated?: "capacity" | "overloaded" | undefined
  /** The effect of a `PATCH` without `updateMask`: it replaces all fields, or merges the given ones. @default "replace" */
  readonly patch?: "replace" | "merge" | undefined

  /**
   * The timelines of jobs. @default `completed` for batches. Trainers are `CREATING` for 1 minute, `PENDING` for 5 minutes, and
   * then `RUNNING`. Fine-tuning jobs do the same, and are `COMPLETED` after 30 minutes of running.
   */
  readonly timeline?: Timeline | ((job: NewJob) => Timeline | undefined) | undefined
  /** Number of requests in a batch. @default 100 */
  readonly rows?: number | undefined
  /** The remains of deleted jobs. @default "DELETED" */
  readonly tombstone?: Tombstone | undefined
  /** The result of creating a second job with an id: a 409, or another job. @default "refused" */
  readonly duplicates?: "refused" | "made" | undefined
  /** Time after its creation during which reads of a job get a 404. @default 0 */
  readonly visibleAfter?: Duration.DurationInput | undefined
  /** Running time between two checkpoints of a trainer; may be infinite. @default 10 minutes */
  readonly checkpointEvery?: Duration.DurationInput | undefined
  /** Content of checkpoints: weights and optimizer state for training, or the weights for inference. @default "training" */
  readonly checkpoints?: "training" | "inference" | undefined
  /** Running time of a trainer until its health check succeeds; may be infinite. @default 30 seconds */
  readonly healthyAfter?: Duration.DurationInput | undefined
  /** Route of a trainer's health check: the gateway's path, its `directRouteHandle`, or both. @default "gateway" */
  readonly health?: "gateway" | "direct" | "both" | undefined
  /** Form of the control plane's errors: that of the gateway, or `google.rpc.Status`. @default "gateway" */
  readonly errors?: "gateway" | "rpc" | undefined

  /** Maximum age of the state that a read returns. The age depends on the number of the request. @default 0 */
  readonly stale?: Duration.DurationInput | undefined
  /** The outages, whose `after` counts from the start of the server. @default none */
  readonly outages?: ReadonlyArray<Outage> | undefined
  /** The injections. The first one that matches a request applies. @default none */
  readonly injections?: ReadonlyArray<Injection> | undefined
}

/** The validated options. Times are in milliseconds. */
export interface Config {
  /** Scheme of the server's URLs, for the links in its responses. */
  readonly scheme: "http" | "https"
  readonly account: string
  readonly keys: ReadonlyArray<string> | undefined
  readonly models: ReadonlyArray<string> | undefined
  readonly limits: { readonly [K in keyof Required<Omit<Limits, "retryAfter">>]: number }
  readonly retryAfter: Duration.Duration | undefined
  readonly latency: Duration.Duration
  readonly startup: number
  readonly settling: number
  readonly capacity: number
  readonly saturated: "capacity" | "overloaded"
  readonly patch: "replace" | "merge"
  readonly timeline: (job: NewJob) => Timeline
  readonly rows: number
  readonly tombstone: Tombstone
  readonly duplicates: "refused" | "made"
  readonly visibleAfter: number
  readonly checkpointEvery: number
  readonly checkpoints: "training" | "inference"
  readonly healthyAfter: number
  readonly health: "gateway" | "direct" | "both"
  readonly errors: ErrorForm
}

/** An outage with absolute times, in milliseconds. */
export interface Window {
  readonly from: number
  readonly until: number
  readonly fault: Fault
}

/** An injection, and the number of requests that it still skips and still fails. */
export interface Pending extends Injection {
  readonly left: number
  readonly toSkip: number
}

/** A token bucket: the number of tokens at a time. */
export interface Bucket {
  readonly tokens: number
  readonly at: number
}

/** The number of responses of a deployment with a status, within one tick of the metrics. */
export interface Tally {
  readonly tick: number
  readonly deployment: string
  readonly status: number
  readonly count: number
}

/** The state of the API, an immutable value. */
export interface World {
  readonly jobs: ReadonlyArray<Job>
  /** Number of requests to create each job, by its kind and id. */
  readonly requested: ReadonlyMap<string, { readonly kind: JobKind; readonly id: string; readonly count: number }>
  /** Timelines of jobs that are created later, by id. */
  readonly planned: ReadonlyMap<string, Timeline>
  readonly deployments: ReadonlyMap<string, Deployment>
  readonly outages: ReadonlyArray<Window>
  readonly injections: ReadonlyArray<Pending>
  readonly suspended: boolean
  readonly stale: number
  readonly buckets: ReadonlyMap<string, Bucket>
  readonly scrapes: ReadonlyArray<number>
  readonly traffic: ReadonlyArray<Tally>
}

/** The state of a deployment from the time `at` on. */
export interface Version {
  readonly at: number
  /** Fields set by clients. */
  readonly fields: Json
  readonly min: number
  readonly max: number
  /** The time at which each replica is ready, in ascending order. */
  readonly replicas: ReadonlyArray<number>
  /** The state, if a test or a deletion set it. */
  readonly state: DeploymentState | undefined
  readonly swapUntil: number
}

export interface Deployment {
  readonly sequence: number
  readonly id: string
  readonly createdAt: number
  /** The versions in order of time, the current one last. */
  readonly versions: readonly [Version, ...ReadonlyArray<Version>]
}

/** A job that was created. Jobs are kept here even if the API no longer shows them. */
export interface Job {
  readonly sequence: number
  readonly kind: JobKind
  readonly id: string
  readonly createdAt: number
  readonly input: Json
  /** Number of requests in a batch. */
  readonly rows: number
  /** 1 plus the number of times that the job was resumed. */
  readonly life: number
  readonly moments: Moments
}

/** The next state of the model, and the response to a request. */
export type Transition = readonly [World, Answer]

/** A state of a job from `at` to `until`, and its progress at both times, from 0 to 1. */
export interface Moment {
  readonly at: number
  readonly until: number
  readonly state: JobState
  readonly message: string | undefined
  readonly from: number
  readonly to: number
}

export type Moments = ReadonlyArray<Moment>
