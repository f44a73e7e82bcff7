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
import type {
  Creation,
  DeploymentOptions,
  DeploymentRecord,
  Injection,
  JobRecord,
  JobState,
  Options,
  Outage,
  Timeline
} from "./internal/fireworksServer/model.js"
export type {
  JobKind,
  JobState,
  Stage,
  Timeline,
  NewJob,
  JobRecord,
  Creation,
  Tombstone,
  DeploymentState,
  DeploymentOptions,
  DeploymentRecord,
  Outage,
  Injection,
  Limits,
  Options
} from "./internal/fireworksServer/model.js"
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
export declare const FireworksServer: Context.Tag<FireworksServer, FireworksServer>
export declare const layer: (options?: Options) => Layer.Layer<FireworksServer>
export declare const layerInMemory: (options?: Options) => Layer.Layer<FireworksServer | HttpClient.HttpClient>
export declare const layerClient: <A, E, R>(
  layer: (options: ClientOptions) => Layer.Layer<A, E, R>
) => Layer.Layer<A, E, R | FireworksServer>
