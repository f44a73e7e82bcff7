import * as HttpClient from "@effect/platform/HttpClient"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import type { Fault, Request } from "./Fault.js"
import * as FaultServer from "./FaultServer.js"
import * as ScriptedClient from "./ScriptedClient.js"
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
export interface ClientOptions {
  readonly apiKey: Redacted.Redacted
  readonly accountId: string
  readonly baseUrl: string
}
export interface FireworksServer {
  readonly origin: string
  readonly baseUrl: string
  readonly account: string
  readonly key: string
  readonly options: ClientOptions
  readonly script: (request: Request) => Fault
  readonly requests: Effect.Effect<ReadonlyArray<FaultServer.RequestRecord>>
  readonly jobs: Effect.Effect<ReadonlyArray<JobRecord>>
  readonly creations: Effect.Effect<ReadonlyArray<Creation>>
  readonly deployments: Effect.Effect<ReadonlyArray<DeploymentRecord>>
  readonly setJob: (id: string, next: JobState | Timeline) => Effect.Effect<void>
  readonly preempt: (id: string, to?: "FAILED" | "RE_QUEUEING") => Effect.Effect<void>
  readonly setDeployment: (id: string, options: DeploymentOptions) => Effect.Effect<void>
  readonly swap: (id: string, lasts: Duration.DurationInput) => Effect.Effect<void>
  readonly suspend: (suspended: boolean) => Effect.Effect<void>
  readonly stale: (upTo: Duration.DurationInput) => Effect.Effect<void>
  readonly outage: (outage: Outage) => Effect.Effect<void>
  readonly inject: (injection: Injection) => Effect.Effect<void>
  readonly down: Effect.Effect<void>
  readonly up: Effect.Effect<void>
}
export interface OnSockets extends FireworksServer {
  readonly server: FaultServer.FaultServer
}
export interface InMemory extends FireworksServer {
  readonly client: ScriptedClient.ScriptedClient
}
export declare const completed: Timeline
export declare const failed: Timeline
export declare const expired: Timeline
export declare const stuck: Timeline
export declare const preempted: (after: Duration.DurationInput, to?: "FAILED" | "RE_QUEUEING") => Timeline
export declare const make: (options?: Options) => Effect.Effect<OnSockets, never, Scope.Scope>
export declare const inMemory: (options?: Options) => Effect.Effect<InMemory>
declare const Service_base: Context.TagClass<Service, "effect-reliability/testing/FireworksServer", FireworksServer>
export declare class Service extends Service_base {}
export declare const layer: (options?: Options) => Layer.Layer<Service>
export declare const layerInMemory: (options?: Options) => Layer.Layer<Service | HttpClient.HttpClient>
export declare const layerClient: <A, E, R>(
  layer: (options: ClientOptions) => Layer.Layer<A, E, R>
) => Layer.Layer<A, E, R | Service>
export {}
