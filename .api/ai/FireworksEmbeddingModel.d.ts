import * as EmbeddingModel from "@effect/ai/EmbeddingModel"
import * as Model from "@effect/ai/Model"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Fireworks from "../fireworks/Fireworks.js"
export interface Config extends Pick<Fireworks.EmbeddingRequest, "dimensions"> {
  readonly model?: string | undefined
  readonly callOptions?: Fireworks.CallOptions | undefined
  readonly input?: never
  readonly encoding_format?: never
  readonly [field: string]: unknown
}
export declare const Config: Context.Tag<Config, Config>
export interface Options {
  readonly model: string
  readonly config?: Config | undefined
  readonly maxBatchSize?: number | undefined
}
export declare const make: (options: Options) => Effect.Effect<EmbeddingModel.Service, never, Fireworks.Fireworks>
export declare const withConfigOverride: {
  (overrides: Config): <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  <A, E, R>(effect: Effect.Effect<A, E, R>, overrides: Config): Effect.Effect<A, E, R>
}
export declare const layer: (options: Options) => Layer.Layer<EmbeddingModel.EmbeddingModel, never, Fireworks.Fireworks>
export declare const model: (
  model: string,
  options?: Omit<Options, "model">
) => Model.Model<"fireworks", EmbeddingModel.EmbeddingModel, Fireworks.Fireworks>
