import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { Store } from "../Store.js"
export interface Client {
  readonly evalSha: (digest: string, key: string, args: ReadonlyArray<string>) => Promise<unknown>
  readonly eval: (script: string, key: string, args: ReadonlyArray<string>) => Promise<unknown>
}
export interface Settings {
  readonly prefix?: string | undefined
  readonly timeout?: Duration.DurationInput | undefined
  readonly rest?: Duration.DurationInput | undefined
  readonly processes?: number | undefined
}
export interface Options extends Settings {
  readonly client: Client
}
export interface Ioredis {
  readonly evalsha: (digest: string, numberOfKeys: number, ...args: Array<string>) => Promise<unknown>
  readonly eval: (script: string, numberOfKeys: number, ...args: Array<string>) => Promise<unknown>
}
export interface NodeRedis {
  readonly evalSha: (digest: string, options: NodeRedisOptions) => Promise<unknown>
  readonly eval: (script: string, options: NodeRedisOptions) => Promise<unknown>
}
export interface NodeRedisOptions {
  keys: Array<string>
  arguments: Array<string>
}
export declare const fromIoredis: (redis: Ioredis) => Client
export declare const fromNodeRedis: (redis: NodeRedis) => Client
export declare const make: (options: Options) => Effect.Effect<Store>
export declare const layer: (options: Options) => Layer.Layer<Store>
export interface ConfigOptions extends Settings {
  readonly url: Redacted.Redacted
}
export declare const layerConfig: (
  options: Config.Config.Wrap<ConfigOptions>
) => Layer.Layer<Store, ConfigError.ConfigError>
