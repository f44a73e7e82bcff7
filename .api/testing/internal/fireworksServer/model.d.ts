import type * as Duration from "effect/Duration"
import type { ErrorForm, Json } from "./messages.js"
import type { Fault, Answer } from "../../Fault.js"
export type JobKind =
  | "batchInferenceJobs"
  | "rlorTrainerJobs"
  | "supervisedFineTuningJobs"
  | "reinforcementFineTuningJobs"
  | "dpoJobs"
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
export interface Stage {
  readonly state: JobState
  readonly lasts?: Duration.DurationInput | undefined
  readonly message?: string | undefined
  readonly progress?: number | undefined
}
export type Timeline = ReadonlyArray<Stage>
export interface NewJob {
  readonly kind: JobKind
  readonly id: string
  readonly input: Readonly<Record<string, unknown>>
  readonly life: number
}
export interface JobRecord extends NewJob {
  readonly createdAt: number
  readonly state: JobState
  readonly history: ReadonlyArray<{
    readonly state: JobState
    readonly at: number
  }>
}
export interface Creation {
  readonly kind: JobKind
  readonly id: string
  readonly asked: number
  readonly made: number
}
export type Tombstone = "DELETED" | "ARCHIVED" | "hidden" | "forgotten"
export type DeploymentState = "CREATING" | "READY" | "DELETING" | "FAILED" | "UPDATING" | "DELETED"
export interface DeploymentOptions {
  readonly baseModel?: string | undefined
  readonly minReplicaCount?: number | undefined
  readonly maxReplicaCount?: number | undefined
  readonly replicas?: number | undefined
  readonly fields?: Readonly<Record<string, unknown>> | undefined
  readonly state?: DeploymentState | undefined
}
export interface DeploymentRecord {
  readonly id: string
  readonly state: DeploymentState
  readonly minReplicaCount: number
  readonly maxReplicaCount: number
  readonly replicas: number
  readonly readyReplicas: number
  readonly fields: Readonly<Record<string, unknown>>
}
export interface Outage {
  readonly after?: Duration.DurationInput | undefined
  readonly lasts: Duration.DurationInput
  readonly fault?: Fault | undefined
}
export interface Injection {
  readonly method?: string | undefined
  readonly path?: string | RegExp | undefined
  readonly skip?: number | undefined
  readonly times?: number | undefined
  readonly fault: Fault
  readonly takesEffect?: boolean | undefined
}
export interface Limits {
  readonly requests?: number | undefined
  readonly promptTokens?: number | undefined
  readonly uncachedTokens?: number | undefined
  readonly generatedTokens?: number | undefined
  readonly retryAfter?: Duration.DurationInput | undefined
}
export interface Options {
  readonly account?: string | undefined
  readonly keys?: ReadonlyArray<string> | undefined
  readonly models?: ReadonlyArray<string> | undefined
  readonly limits?: Limits | undefined
  readonly latency?: Duration.DurationInput | undefined
  readonly deployments?: Readonly<Record<string, DeploymentOptions>> | undefined
  readonly startup?: Duration.DurationInput | undefined
  readonly settling?: Duration.DurationInput | undefined
  readonly capacity?: number | undefined
  readonly saturated?: "capacity" | "overloaded" | undefined
  readonly patch?: "replace" | "merge" | undefined
  readonly timeline?: Timeline | ((job: NewJob) => Timeline | undefined) | undefined
  readonly rows?: number | undefined
  readonly tombstone?: Tombstone | undefined
  readonly duplicates?: "refused" | "made" | undefined
  readonly visibleAfter?: Duration.DurationInput | undefined
  readonly checkpointEvery?: Duration.DurationInput | undefined
  readonly checkpoints?: "training" | "inference" | undefined
  readonly healthyAfter?: Duration.DurationInput | undefined
  readonly health?: "gateway" | "direct" | "both" | undefined
  readonly errors?: "gateway" | "rpc" | undefined
  readonly stale?: Duration.DurationInput | undefined
  readonly outages?: ReadonlyArray<Outage> | undefined
  readonly injections?: ReadonlyArray<Injection> | undefined
}
export interface Config {
  readonly scheme: "http" | "https"
  readonly account: string
  readonly keys: ReadonlyArray<string> | undefined
  readonly models: ReadonlyArray<string> | undefined
  readonly limits: {
    readonly [K in keyof Required<Omit<Limits, "retryAfter">>]: number
  }
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
export interface Window {
  readonly from: number
  readonly until: number
  readonly fault: Fault
}
export interface Pending extends Injection {
  readonly left: number
  readonly toSkip: number
}
export interface Bucket {
  readonly tokens: number
  readonly at: number
}
export interface Tally {
  readonly tick: number
  readonly deployment: string
  readonly status: number
  readonly count: number
}
export interface World {
  readonly jobs: ReadonlyArray<Job>
  readonly requested: ReadonlyMap<
    string,
    {
      readonly kind: JobKind
      readonly id: string
      readonly count: number
    }
  >
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
export interface Version {
  readonly at: number
  readonly fields: Json
  readonly min: number
  readonly max: number
  readonly replicas: ReadonlyArray<number>
  readonly state: DeploymentState | undefined
  readonly swapUntil: number
}
export interface Deployment {
  readonly sequence: number
  readonly id: string
  readonly createdAt: number
  readonly versions: readonly [Version, ...ReadonlyArray<Version>]
}
export interface Job {
  readonly sequence: number
  readonly kind: JobKind
  readonly id: string
  readonly createdAt: number
  readonly input: Json
  readonly rows: number
  readonly life: number
  readonly moments: Moments
}
export type Transition = readonly [World, Answer]
export interface Moment {
  readonly at: number
  readonly until: number
  readonly state: JobState
  readonly message: string | undefined
  readonly from: number
  readonly to: number
}
export type Moments = ReadonlyArray<Moment>
