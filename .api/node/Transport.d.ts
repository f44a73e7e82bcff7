import * as HttpClient from "@effect/platform/HttpClient"
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import type { Dispatching } from "./internal/model.js"
export interface Tls {
  readonly ca?: string | ReadonlyArray<string> | undefined
  readonly cert?: string | undefined
  readonly key?: Redacted.Redacted<string> | undefined
}
export interface Options {
  readonly connections?: number | undefined
  readonly keepAlive?: Duration.DurationInput | undefined
  readonly maxHeaders?: number | undefined
  readonly tls?: Tls | undefined
  readonly proxy?: "environment" | "none" | (string & {}) | undefined
  readonly dispatcher?: Dispatching | undefined
}
export declare const make: (options?: Options) => Effect.Effect<HttpClient.HttpClient, never, Scope.Scope>
export declare const layer: (options?: Options) => Layer.Layer<HttpClient.HttpClient>
export declare const config: Config.Config<{
  readonly connections: number
  readonly keepAlive: Duration.DurationInput
  readonly maxHeaders: number
}>
export declare const layerConfig: (
  options?: Config.Config.Wrap<Omit<Options, "dispatcher">>
) => Layer.Layer<HttpClient.HttpClient, ConfigError.ConfigError>
