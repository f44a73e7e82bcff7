/**
 * Embedding models of the Fireworks AI API for programs that are written against the `EmbeddingModel` of `@effect/ai`.
 *
 * `layer` provides an `EmbeddingModel` over the service `Fireworks`. Its calls have the workload, retries, timeouts, limiter, breaker
 * and observers of that service. If a call fails, the `cause` of the `AiError` is the `ApiError`: see the table in
 * `FireworksLanguageModel`.
 *
 * `embedMany` sends the texts in batches of `maxBatchSize`, one after another by default. `embed` sends one text. Calls of `embed`
 * within `Effect.forEach` with `batching` share a request, but an interruption of that effect waits for the request to end.
 *
 * @since 0.2.0
 */
import * as EmbeddingModel from "@effect/ai/EmbeddingModel"
import * as Model from "@effect/ai/Model"
import * as Arr from "effect/Array"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import type { ApiError } from "../ApiError.js"
import * as Fireworks from "../fireworks/Fireworks.js"
import { number } from "../internal/options.js"
import { malformed, toAiError } from "./internal/aiErrors.js"
import { overridden, withOverride } from "./internal/configuration.js"

// -------------------------------------------------------------------------------------------------
// Model
// -------------------------------------------------------------------------------------------------

/**
 * Fields of the request, and options of the call. Fields that are not listed are sent unchanged.
 *
 * @since 0.2.0
 * @category model
 */
export interface Config extends Pick<Fireworks.EmbeddingRequest, "dimensions"> {
  /** The name of the model. @default the model of the layer */
  readonly model?: string | undefined
  /** The workload, routing keys and headers of the call; see `Fireworks.CallOptions`. @default none */
  readonly callOptions?: Fireworks.CallOptions | undefined
  /** Set from the texts. */
  readonly input?: never
  /** Vectors are lists of numbers. */
  readonly encoding_format?: never
  readonly [field: string]: unknown
}

/**
 * The tag of the overrides in the context; see `withConfigOverride`.
 *
 * @since 0.2.0
 * @category model
 */
export const Config: Context.Tag<Config, Config> = /*#__PURE__*/ Context.GenericTag<Config>(
  "effect-reliability/ai/FireworksEmbeddingModel/Config"
)

/**
 * Options of `make` and `layer`.
 *
 * @since 0.2.0
 * @category model
 */
export interface Options {
  /** The name of the model, such as `accounts/fireworks/models/qwen3-embedding-8b`. */
  readonly model: string
  /** Fields of each request, and options of each call. @default none */
  readonly config?: Config | undefined
  /** The largest number of texts in one request, at least 1. The API documents no limit. @default 100 */
  readonly maxBatchSize?: number | undefined
}

// -------------------------------------------------------------------------------------------------
// make
// -------------------------------------------------------------------------------------------------

const resultsOf = (
  count: number,
  { meta, value }: Fireworks.Answer<Fireworks.Embeddings>
): Either.Either<Array<EmbeddingModel.Result>, ApiError> => {
  const vectors = new Map<number, Array<number>>()
  for (const [position, { embedding, index }] of value.data.entries()) {
    if (typeof embedding !== "string") vectors.set(index ?? position, [...embedding])
  }
  const results = Array.from({ length: count }, (_, index) => ({ index, embeddings: vectors.get(index) ?? [] }))
  return results.every(({ embeddings }) => embeddings.length > 0)
    ? Either.right(results)
    : Either.left(malformed("a text has no vector in the response", meta.requestId))
}

/**
 * Makes an embedding model with the service `Fireworks`.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Effect, Layer, Redacted } from "effect"
 * import { FireworksEmbeddingModel } from "effect-reliability/ai"
 * import { Fireworks } from "effect-reliability/fireworks"
 * import { ScriptedClient } from "effect-reliability/testing"
 *
 * const program = Effect.gen(function* () {
 *   const model = yield* FireworksEmbeddingModel.make({ model: "accounts/fireworks/models/qwen3-embedding-8b" })
 *   return yield* model.embedMany(["Hello", "Goodbye"])
 * })
 *
 * const Live = Fireworks.layer({ apiKey: Redacted.make("fw_secret") }).pipe(Layer.provide(ScriptedClient.layer()))
 * assert.strictEqual((await Effect.runPromise(program.pipe(Effect.provide(Live)))).length, 2)
 * ```
 *
 * @since 0.2.0
 * @category constructors
 */
export const make = (options: Options): Effect.Effect<EmbeddingModel.Service, never, Fireworks.Fireworks> => {
  const least = { integer: true, min: 1 }
  const maxBatchSize = number("FireworksEmbeddingModel.make", "maxBatchSize", options.maxBatchSize ?? 100, least)
  return Effect.flatMap(Fireworks.Fireworks, (fireworks) => {
    const embedBatch = (input: ReadonlyArray<string>) =>
      overridden(Config, { ...options.config, model: options.model }).pipe(
        Effect.flatMap(({ callOptions, model = options.model, ...fields }) =>
          fireworks.embeddings({ ...fields, model, input }, callOptions)
        ),
        Effect.flatMap((answer) => resultsOf(input.length, answer)),
        Effect.mapError(toAiError({ module: "FireworksEmbeddingModel", method: "embedMany" }))
      )
    return Effect.map(EmbeddingModel.make({ embedMany: embedBatch, maxBatchSize }), ({ embed }) =>
      EmbeddingModel.EmbeddingModel.of({
        embed,
        // not by the resolver of `embed`: Effect does not interrupt a batch of requests
        embedMany: (texts, { concurrency } = {}) =>
          Effect.forEach(Arr.chunksOf(texts, maxBatchSize), embedBatch, { concurrency }).pipe(
            Effect.map((batches) => batches.flatMap((batch) => batch.map(({ embeddings }) => embeddings))),
            Effect.withSpan("EmbeddingModel.embedMany", { captureStackTrace: false })
          )
      })
    )
  })
}

/**
 * Overrides the configuration of the requests within an effect. Inner overrides take precedence over outer ones.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { EmbeddingModel } from "@effect/ai"
 * import { Effect, Layer } from "effect"
 * import { FireworksEmbeddingModel } from "effect-reliability/ai"
 * import { Fireworks } from "effect-reliability/fireworks"
 * import { FireworksServer } from "effect-reliability/testing"
 *
 * const short = Effect.flatMap(EmbeddingModel.EmbeddingModel, (model) => model.embed("Hello")).pipe(
 *   FireworksEmbeddingModel.withConfigOverride({ dimensions: 2 })
 * )
 *
 * const Live = FireworksEmbeddingModel.layer({ model: "accounts/fireworks/models/qwen3-embedding-8b" }).pipe(
 *   Layer.provide(FireworksServer.layerClient(Fireworks.layer)),
 *   Layer.provide(FireworksServer.layerInMemory())
 * )
 * assert.strictEqual((await Effect.runPromise(short.pipe(Effect.provide(Live)))).length, 2)
 * ```
 *
 * @since 0.2.0
 * @category combinators
 */
export const withConfigOverride: {
  (overrides: Config): <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  <A, E, R>(effect: Effect.Effect<A, E, R>, overrides: Config): Effect.Effect<A, E, R>
} = /*#__PURE__*/ withOverride(Config)

// -------------------------------------------------------------------------------------------------
// layer
// -------------------------------------------------------------------------------------------------

/**
 * Provides an embedding model with the service `Fireworks`.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { EmbeddingModel } from "@effect/ai"
 * import { Effect, Layer } from "effect"
 * import { FireworksEmbeddingModel } from "effect-reliability/ai"
 * import { Fireworks } from "effect-reliability/fireworks"
 * import { FireworksServer } from "effect-reliability/testing"
 *
 * const Live = FireworksEmbeddingModel.layer({ model: "accounts/fireworks/models/qwen3-embedding-8b" }).pipe(
 *   Layer.provide(FireworksServer.layerClient(Fireworks.layer)),
 *   Layer.provide(FireworksServer.layerInMemory())
 * )
 *
 * const program = Effect.flatMap(EmbeddingModel.EmbeddingModel, (model) => model.embed("Hello"))
 * assert.strictEqual((await Effect.runPromise(program.pipe(Effect.provide(Live)))).length, 8)
 * ```
 *
 * @since 0.2.0
 * @category layers
 */
export const layer = (options: Options): Layer.Layer<EmbeddingModel.EmbeddingModel, never, Fireworks.Fireworks> =>
  Layer.effect(EmbeddingModel.EmbeddingModel, make(options))

/**
 * Makes a model of `@effect/ai`: a layer that also provides the name of the provider, `fireworks`.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { FireworksEmbeddingModel } from "effect-reliability/ai"
 *
 * const Embeddings = FireworksEmbeddingModel.model("accounts/fireworks/models/qwen3-embedding-8b", { maxBatchSize: 32 })
 * assert.strictEqual(Embeddings.provider, "fireworks")
 * ```
 *
 * @since 0.2.0
 * @category constructors
 */
export const model = (
  model: string,
  options?: Omit<Options, "model">
): Model.Model<"fireworks", EmbeddingModel.EmbeddingModel, Fireworks.Fireworks> =>
  Model.make("fireworks", layer({ ...options, model }))
