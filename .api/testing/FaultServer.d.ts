import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { ConnectionScript, Script } from "./Fault.js"
import type { ConnectionRecord, Counts, RequestRecord } from "./internal/faultServer/model.js"
export type { Closed, RequestRecord, ConnectionRecord, Counts } from "./internal/faultServer/model.js"
export interface TlsOptions {
  readonly certificate?: "selfSigned" | "expired" | "otherHost" | undefined
  readonly clientCa?: string | undefined
}
export interface Options {
  readonly script?: Script | undefined
  readonly connections?: ConnectionScript | undefined
  readonly tls?: boolean | TlsOptions | undefined
  readonly keep?: number | undefined
  readonly maxBody?: number | undefined
}
export interface FaultServer {
  readonly origin: string
  readonly baseUrl: string
  readonly port: number
  readonly ca: string | undefined
  readonly script: (next: Script) => Effect.Effect<void>
  readonly scriptConnections: (next: ConnectionScript) => Effect.Effect<void>
  readonly down: Effect.Effect<void>
  readonly up: Effect.Effect<void>
  readonly requests: Effect.Effect<ReadonlyArray<RequestRecord>>
  readonly connections: Effect.Effect<ReadonlyArray<ConnectionRecord>>
  readonly counts: Effect.Effect<Counts>
  readonly until: (condition: (counts: Counts) => boolean) => Effect.Effect<void>
  readonly awaitRequests: (count: number) => Effect.Effect<void>
  readonly awaitAnswered: (count: number) => Effect.Effect<void>
  readonly awaitClosed: (count?: number) => Effect.Effect<void>
}
export declare const make: (options?: Options) => Effect.Effect<FaultServer, never, Scope.Scope>
export declare const FaultServer: Context.Tag<FaultServer, FaultServer>
export declare const layer: (options?: Options) => Layer.Layer<FaultServer>
