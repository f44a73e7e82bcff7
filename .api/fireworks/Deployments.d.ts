import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import { type ApiError } from "../ApiError.js"
import type * as Job from "../Job.js"
import * as Workload from "../Workload.js"
import * as Fireworks from "./Fireworks.js"
import type { Autoscaling, Decision } from "./internal/deployments/model.js"
import { type Call } from "./internal/jobs/lifecycle.js"
export type { ScalingSchedule, Autoscaling, Decision } from "./internal/deployments/model.js"
declare const ReplicaStatsStruct: Schema.TypeLiteral<
  {
    pendingSchedulingReplicaCount: Schema.optional<Schema.NullOr<Schema.Schema<number, string | number, never>>>
    downloadingModelReplicaCount: Schema.optional<Schema.NullOr<Schema.Schema<number, string | number, never>>>
    initializingReplicaCount: Schema.optional<Schema.NullOr<Schema.Schema<number, string | number, never>>>
    readyReplicaCount: Schema.optional<Schema.NullOr<Schema.Schema<number, string | number, never>>>
  },
  readonly [
    {
      readonly key: typeof Schema.String
      readonly value: typeof Schema.Unknown
    }
  ]
>
export interface ReplicaStats extends Schema.Schema.Type<typeof ReplicaStatsStruct> {}
export interface ReplicaStatsEncoded extends Schema.Schema.Encoded<typeof ReplicaStatsStruct> {}
export declare const ReplicaStats: Schema.Schema<ReplicaStats, ReplicaStatsEncoded>
declare const DeploymentStruct: Schema.TypeLiteral<
  {
    name: typeof Schema.String
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
    baseModel: Schema.optional<Schema.NullOr<Schema.Schema<string, string, never>>>
    minReplicaCount: Schema.optional<Schema.NullOr<Schema.Schema<number, string | number, never>>>
    maxReplicaCount: Schema.optional<Schema.NullOr<Schema.Schema<number, string | number, never>>>
    desiredReplicaCount: Schema.optional<Schema.NullOr<Schema.Schema<number, string | number, never>>>
    replicaCount: Schema.optional<Schema.NullOr<Schema.Schema<number, string | number, never>>>
    replicaStats: Schema.optional<Schema.NullOr<Schema.Schema<ReplicaStats, ReplicaStatsEncoded, never>>>
    autoscalingPolicy: Schema.optional<
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
  },
  readonly [
    {
      readonly key: typeof Schema.String
      readonly value: typeof Schema.Unknown
    }
  ]
>
export interface Deployment extends Schema.Schema.Type<typeof DeploymentStruct> {}
export interface DeploymentEncoded extends Schema.Schema.Encoded<typeof DeploymentStruct> {}
export declare const Deployment: Schema.Schema<Deployment, DeploymentEncoded>
export interface CallOptions {
  readonly workload?: Workload.Workload | undefined
}
export interface ListOptions extends CallOptions {
  readonly pageSize?: number | undefined
  readonly filter?: string | undefined
  readonly orderBy?: string | undefined
}
export interface AwaitOptions<in out R = never> extends Pick<Job.WatchOptions, "jitter" | "unseen"> {
  readonly interval?: Duration.DurationInput | undefined
  readonly factor?: number | undefined
  readonly cap?: Duration.DurationInput | undefined
  readonly timeout?: Duration.DurationInput | undefined
  readonly outage?: Duration.DurationInput | undefined
  readonly probe?: ((model: string) => Effect.Effect<unknown, ApiError, R>) | undefined
  readonly workload?: Workload.Workload | undefined
}
export interface ScaleOutOptions<in out R = never> {
  readonly maxReplicas: number
  readonly step?: number | undefined
  readonly after?:
    | {
        readonly errors?: number | undefined
        readonly within?: Duration.DurationInput | undefined
      }
    | undefined
  readonly every?: Duration.DurationInput | undefined
  readonly pause?: Duration.DurationInput | undefined
  readonly dryRun?: boolean | undefined
  readonly onDecision?: ((decision: Decision) => Effect.Effect<unknown, unknown, R>) | undefined
  readonly workload?: Workload.Workload | undefined
}
export interface ScaleOut {
  readonly observe: (error: ApiError) => Effect.Effect<void>
  readonly watch: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  readonly decisions: Effect.Effect<ReadonlyArray<Decision>>
}
declare const DeploymentFailed_base: Schema.TaggedErrorClass<
  DeploymentFailed,
  "DeploymentFailed",
  {
    readonly _tag: Schema.tag<"DeploymentFailed">
  } & {
    id: typeof Schema.String
    code: Schema.optional<typeof Schema.String>
    detail: Schema.optional<typeof Schema.String>
  }
>
export declare class DeploymentFailed extends DeploymentFailed_base {
  get message(): string
}
export declare const idOf: (deployment: Deployment) => string
export declare const stateOf: ({ state }: Deployment) => string
export declare const replicasOf: (deployment: Deployment) => {
  readonly wanted: number | undefined
  readonly ready: number | undefined
  readonly max: number | undefined
}
export declare const get: (id: string, options?: CallOptions) => Call<Deployment>
export declare const list: (options?: ListOptions) => Stream.Stream<Deployment, ApiError, Fireworks.Fireworks>
export declare const scale: (id: string, replicaCount: number, options?: CallOptions) => Call<void>
export declare const setAutoscaling: (id: string, autoscaling: Autoscaling, options?: CallOptions) => Call<Deployment>
export declare const awaitReady: <R = never>(
  id: string,
  options?: AwaitOptions<R>
) => Effect.Effect<Deployment, ApiError | DeploymentFailed, Fireworks.Fireworks | R>
export declare const scaleOutOn429: <R = never>(
  id: string,
  options: ScaleOutOptions<R>
) => Effect.Effect<ScaleOut, never, Fireworks.Fireworks | Scope.Scope | R>
