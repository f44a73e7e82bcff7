/**
 * The state of a Fireworks server, and the options that shape it.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import type { ErrorForm, Json } from "./messages.js"
import type { Fault, Answer } from "../../Fault.js"

/**
 * The kinds of jobs, by their collection.
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
 * The states of jobs; on the wire they begin with `JOB_STATE_`.
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
 * A state, and for how long.
 *
 * @since 0.1.0
 * @category model
 */
export interface Stage {
  readonly state: JobState
  /** @default for ever */
  readonly lasts?: Duration.DurationInput | undefined
  /** What the job's status says. @default what fits the state */
  readonly message?: string | undefined
  /**
   * The part of the work that is done when it is over, from 0 to 1. @default all of it for `RUNNING`, 60 % of what is left
   * if `FAILED` or `EXPIRED` follows
   */
  readonly progress?: number | undefined
}

/**
 * The states of a job, one after another. The last one stays.
 *
 * @since 0.1.0
 * @category model
 */
export type Timeline = ReadonlyArray<Stage>

/**
 * A job that is about to begin, or to be resumed.
 *
 * @since 0.1.0
 * @category model
 */
export interface NewJob {
  readonly kind: JobKind
  readonly id: string
  /** The body of the request that made it. */
  readonly input: Readonly<Record<string, unknown>>
  /** 1, and one more for each time it was resumed. */
  readonly life: number
}

/**
 * A job that was made, whatever the API shows of it by now.
 *
 * @since 0.1.0
 * @category model
 */
export interface JobRecord extends NewJob {
  readonly createdAt: number
  readonly state: JobState
  /** The states it has been in, the present one last, and since when, in milliseconds of wall time. */
  readonly history: ReadonlyArray<{ readonly state: JobState; readonly at: number }>
}

/**
 * How often a job was asked for, and how many there are: more than one is what a client must not bring about.
 *
 * @since 0.1.0
 * @category model
 */
export interface Creation {
  readonly kind: JobKind
  readonly id: string
  /** Requests to make it that were carried out or refused as duplicates. */
  readonly asked: number
  readonly made: number
}

/**
 * What is left of a deleted job: a state, a 404 and an id that cannot be used again (`hidden`), or nothing (`forgotten`).
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
 * A deployment that a test makes, or changes.
 *
 * @since 0.1.0
 * @category model
 */
export interface DeploymentOptions {
  /** @default "accounts/fireworks/models/test-model" */
  readonly baseModel?: string | undefined
  /** From 0 to 1000. @default 0 */
  readonly minReplicaCount?: number | undefined
  /** From `minReplicaCount` to 1000. @default the greater of `minReplicaCount` and 1 */
  readonly maxReplicaCount?: number | undefined
  /** How many replicas there are, ready at once. @default `minReplicaCount` */
  readonly replicas?: number | undefined
  /** Any other field of the resource, by its name on the wire. @default none */
  readonly fields?: Readonly<Record<string, unknown>> | undefined
  /** @default "READY", or "CREATING" until one that was made by a request has a replica */
  readonly state?: DeploymentState | undefined
}

/**
 * A deployment as it is.
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
  /** The other fields that clients set. */
  readonly fields: Readonly<Record<string, unknown>>
}

/**
 * A time in which no request has an effect.
 *
 * @since 0.1.0
 * @category model
 */
export interface Outage {
  /** When it begins, from now on. @default now */
  readonly after?: Duration.DurationInput | undefined
  /** May be infinite. */
  readonly lasts: Duration.DurationInput
  /** What requests get; `Fault.unanswered` lets them vanish. @default a 503 */
  readonly fault?: Fault | undefined
}

/**
 * What some of the next requests get instead of their answer.
 *
 * @since 0.1.0
 * @category model
 */
export interface Injection {
  /** @default any */
  readonly method?: string | undefined
  /** What the path, without its query, holds or matches. @default any */
  readonly path?: string | RegExp | undefined
  /** How many such requests are served first. @default 0 */
  readonly skip?: number | undefined
  /** How many get the fault, from 1 on. @default 1 */
  readonly times?: number | undefined
  readonly fault: Fault
  /** Whether the request is carried out, and only its answer lost. @default false */
  readonly takesEffect?: boolean | undefined
}

/**
 * What a model may be sent each minute, serverless. Four characters are a token.
 *
 * @since 0.1.0
 * @category model
 */
export interface Limits {
  /** @default 6000 */
  readonly requests?: number | undefined
  /** @default 3 600 000 */
  readonly promptTokens?: number | undefined
  /** @default 900 000 */
  readonly uncachedTokens?: number | undefined
  /** @default 36 000 */
  readonly generatedTokens?: number | undefined
  /** What a 429 asks for, those of deployments too. @default nothing, as the API does */
  readonly retryAfter?: Duration.DurationInput | undefined
}

/**
 * What `make` and `inMemory` take.
 *
 * @since 0.1.0
 * @category model
 */
export interface Options {
  /** The account; others are a 403. @default "acme" */
  readonly account?: string | undefined
  /** The keys that are good; others are a 401. @default any */
  readonly keys?: ReadonlyArray<string> | undefined
  /** The serverless models; others are a 404. @default any */
  readonly models?: ReadonlyArray<string> | undefined
  readonly limits?: Limits | undefined
  /** How long a good answer of the inference takes. @default 0 */
  readonly latency?: Duration.DurationInput | undefined

  /** The deployments that there are, by id. @default none */
  readonly deployments?: Readonly<Record<string, DeploymentOptions>> | undefined
  /** How long it takes until a new replica is ready. @default 5 minutes */
  readonly startup?: Duration.DurationInput | undefined
  /** For how long after its first replica is ready a deployment still answers 404 and 503. @default 0 */
  readonly settling?: Duration.DurationInput | undefined
  /** The requests that a replica takes each second; more are a 429. @default any number */
  readonly capacity?: number | undefined
  /** What that 429 says: that there is no capacity, or that no first token was ready in time. @default "overloaded" */
  readonly saturated?: "capacity" | "overloaded" | undefined
  /** What a `PATCH` without `updateMask` does. @default "replace" */
  readonly patch?: "replace" | "merge" | undefined

  /**
   * The lives of jobs. @default `completed` for batches; `CREATING` 1 minute, `PENDING` 5 minutes, `RUNNING` for trainers;
   * and 30 minutes later `COMPLETED` for fine-tuning
   */
  readonly timeline?: Timeline | ((job: NewJob) => Timeline | undefined) | undefined
  /** How many requests a batch holds. @default 100 */
  readonly rows?: number | undefined
  /** What is left of deleted jobs. @default "DELETED" */
  readonly tombstone?: Tombstone | undefined
  /** Whether a second job of an id is a 409, or made. @default "refused" */
  readonly duplicates?: "refused" | "made" | undefined
  /** For how long a new job is a 404 to those who look for it. @default 0 */
  readonly visibleAfter?: Duration.DurationInput | undefined
  /** After how much of a trainer's run a checkpoint is saved; may be infinite. @default 10 minutes */
  readonly checkpointEvery?: Duration.DurationInput | undefined
  /** What its checkpoints hold: weights and the optimizer's state, or what inference needs. @default "training" */
  readonly checkpoints?: "training" | "inference" | undefined
  /** How long a trainer runs until it answers; may be infinite. @default 30 seconds */
  readonly healthyAfter?: Duration.DurationInput | undefined
  /** Where a trainer can be reached: by the gateway's path, by its `directRouteHandle`, or by both. @default "gateway" */
  readonly health?: "gateway" | "direct" | "both" | undefined
  /** How errors of the control plane are written: in the form of the gateway's, or of `google.rpc.Status`. @default "gateway" */
  readonly errors?: "gateway" | "rpc" | undefined

  /** How old the state may be that a read shows, by the number of the request. @default 0 */
  readonly stale?: Duration.DurationInput | undefined
  /** @default none */
  readonly outages?: ReadonlyArray<Outage> | undefined
  /** The first that fits is the one that counts. @default none */
  readonly injections?: ReadonlyArray<Injection> | undefined
}

/** What does not change. Times are milliseconds. */
export interface Config {
  /** Where clients see the server, for the links in its answers. */
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

/** A time in which nothing arrives. */
export interface Window {
  readonly from: number
  readonly until: number
  readonly fault: Fault
}

export interface Pending extends Injection {
  readonly left: number
  readonly toSkip: number
}

/** Tokens that come back with time. */
export interface Bucket {
  readonly tokens: number
  readonly at: number
}

/** How many requests of a deployment had a status, within one tick of the metrics. */
export interface Tally {
  readonly tick: number
  readonly deployment: string
  readonly status: number
  readonly count: number
}

/** What a model of the API remembers. A plain value; nobody writes into it. */
export interface World {
  readonly jobs: ReadonlyArray<Job>
  /** How often a job was asked for, by its kind and id. */
  readonly asked: ReadonlyMap<string, { readonly kind: JobKind; readonly id: string; readonly count: number }>
  /** Timelines of jobs to come, by id. */
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

/** A deployment from a time on. */
export interface Version {
  readonly at: number
  /** What clients set. */
  readonly fields: Json
  readonly min: number
  readonly max: number
  /** When each replica is ready, the first first. */
  readonly replicas: ReadonlyArray<number>
  /** Set by hand. */
  readonly state: DeploymentState | undefined
  readonly swapUntil: number
}

export interface Deployment {
  readonly sequence: number
  readonly id: string
  readonly createdAt: number
  /** How it was and is, the present last. */
  readonly versions: readonly [Version, ...ReadonlyArray<Version>]
}

/** A job that was made; it is never forgotten here, whatever the API shows of it. */
export interface Job {
  readonly sequence: number
  readonly kind: JobKind
  readonly id: string
  readonly createdAt: number
  readonly input: Json
  /** How many requests a batch holds. */
  readonly rows: number
  /** 1, and one more for each time it was resumed. */
  readonly life: number
  readonly moments: Moments
}

export type Answered = readonly [World, Answer]

/** A state from when on, and the progress made in it, as parts of the whole. */
export interface Moment {
  readonly at: number
  readonly until: number
  readonly state: JobState
  readonly message: string | undefined
  readonly from: number
  readonly to: number
}

export type Moments = ReadonlyArray<Moment>
