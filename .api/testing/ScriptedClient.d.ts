import * as HttpClient from "@effect/platform/HttpClient"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { type ConnectionScript, type Script } from "./Fault.js"
import type { RequestRecord } from "./FaultServer.js"
export interface ScriptedClient extends HttpClient.HttpClient {
  readonly script: (next: Script) => Effect.Effect<void>
  readonly scriptConnections: (next: ConnectionScript) => Effect.Effect<void>
  readonly down: Effect.Effect<void>
  readonly up: Effect.Effect<void>
  readonly requests: Effect.Effect<ReadonlyArray<RequestRecord>>
  readonly connections: Effect.Effect<number>
}
export interface Options {
  readonly connections?: ConnectionScript | undefined
}
export declare const make: (script?: Script, options?: Options) => Effect.Effect<ScriptedClient>
export declare const ScriptedClient: Context.Tag<ScriptedClient, ScriptedClient>
export declare const layer: (script?: Script, options?: Options) => Layer.Layer<ScriptedClient | HttpClient.HttpClient>
