import * as LanguageModel from "@effect/ai/LanguageModel"
import * as Model from "@effect/ai/Model"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Fireworks from "../fireworks/Fireworks.js"
type Sampling = Pick<
  Fireworks.ChatRequest,
  | "context_length_exceeded_behavior"
  | "max_tokens"
  | "perf_metrics_in_response"
  | "prompt_cache_key"
  | "response_format"
  | "service_tier"
  | "stop"
  | "temperature"
  | "top_k"
  | "top_p"
  | "user"
>
export interface Config extends Sampling {
  readonly model?: string | undefined
  readonly callOptions?: Fireworks.CallOptions | undefined
  readonly messages?: never
  readonly tools?: never
  readonly n?: never
  readonly stream?: never
  readonly [field: string]: unknown
}
export declare const Config: Context.Tag<Config, Config>
export interface Options {
  readonly model: string
  readonly config?: Config | undefined
}
export declare const make: (options: Options) => Effect.Effect<LanguageModel.Service, never, Fireworks.Fireworks>
export declare const withConfigOverride: {
  (overrides: Config): <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  <A, E, R>(effect: Effect.Effect<A, E, R>, overrides: Config): Effect.Effect<A, E, R>
}
export declare const layer: (options: Options) => Layer.Layer<LanguageModel.LanguageModel, never, Fireworks.Fireworks>
export declare const model: (
  model: string,
  config?: Config
) => Model.Model<"fireworks", LanguageModel.LanguageModel, Fireworks.Fireworks>
export {}
