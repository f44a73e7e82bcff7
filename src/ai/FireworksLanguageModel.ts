/**
 * Language models of the Fireworks AI API for programs that are written against the `LanguageModel` of `@effect/ai`.
 *
 * `layer` provides a `LanguageModel` over the service `Fireworks`. Its calls have the workload, retries, timeouts, limiter, breaker
 * and observers of that service. `@effect/ai` is an optional peer, which only `effect-reliability/ai` imports.
 *
 * If a request fails, the `cause` of the `AiError` is the `ApiError`, and after `Classify.mapError()` the effect fails with the `ApiError`
 * instead. If `@effect/ai` cannot decode an object or a tool call, there is no `ApiError`.
 *
 * | error of `@effect/ai` | the `ApiError` |
 * | --- | --- |
 * | `HttpResponseError` | a response with an error status, such as `Unauthorized` or `RateExceeded` |
 * | `HttpRequestError` | no response, because of the name lookup, connection, TLS or proxy |
 * | `MalformedInput` | `InvalidRequest`: the prompt or a tool cannot be sent |
 * | `MalformedOutput` | `Decode`, `InvalidAnswer`, or a response or event that is too large |
 * | `UnknownError` | others, such as `Timeout`, `StreamBroken`, `LocallyLimited` and `CircuitOpen` |
 *
 * Not supported:
 *
 * - Files other than images in messages of the user, and all files in messages of the assistant: they fail with `MalformedInput`.
 * - Tools that a provider defines: they fail with `MalformedInput`. Tool calls that a provider executed are not sent.
 *
 * What to know before using it:
 *
 * - The server enforces the schema of `generateObject`, but does not show it to the model. Describe the object in the prompt.
 * - The reasoning of earlier turns is sent back to the model, which some models need between tool calls.
 * - A stream is never retried after its first event. Tool calls are emitted at its end, so no tool runs for a stream that
 *   broke off.
 *
 * @since 0.2.0
 */
import type * as AiError from "@effect/ai/AiError"
import * as IdGenerator from "@effect/ai/IdGenerator"
import * as LanguageModel from "@effect/ai/LanguageModel"
import * as Model from "@effect/ai/Model"
import type * as Response from "@effect/ai/Response"
import * as Chunk from "effect/Chunk"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import type { ApiError } from "../ApiError.js"
import * as Fireworks from "../fireworks/Fireworks.js"
import { toAiError } from "./internal/aiErrors.js"
import { chatRequest } from "./internal/chatRequest.js"
import { overridden, withOverride } from "./internal/configuration.js"
import { responseParts } from "./internal/responseParts.js"
import { annotateRequest, annotateResponse } from "./internal/spanAttributes.js"
import * as streamParts from "./internal/streamParts.js"

// -------------------------------------------------------------------------------------------------
// Model
// -------------------------------------------------------------------------------------------------

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

/**
 * Fields of the request, and options of the call. Fields that are not listed are sent unchanged, such as `reasoning_effort`.
 *
 * @since 0.2.0
 * @category model
 */
export interface Config extends Sampling {
  /** The name of the model. @default the model of the layer */
  readonly model?: string | undefined
  /** The workload, routing keys and headers of the call; see `Fireworks.CallOptions`. @default none */
  readonly callOptions?: Fireworks.CallOptions | undefined
  /** Set from the prompt. */
  readonly messages?: never
  /** Set from the toolkit. */
  readonly tools?: never
  /** The model returns one response. */
  readonly n?: never
  /** Set by the call. */
  readonly stream?: never
  readonly [field: string]: unknown
}

/**
 * The tag of the overrides in the context; see `withConfigOverride`.
 *
 * @since 0.2.0
 * @category model
 */
export const Config: Context.Tag<Config, Config> = /*#__PURE__*/ Context.GenericTag<Config>(
  "effect-reliability/ai/FireworksLanguageModel/Config"
)

/**
 * Options of `make` and `layer`.
 *
 * @since 0.2.0
 * @category model
 */
export interface Options {
  /** The name of the model, such as `accounts/fireworks/models/kimi-k2`. */
  readonly model: string
  /** Fields of each request, and options of each call. @default none */
  readonly config?: Config | undefined
}

// -------------------------------------------------------------------------------------------------
// make
// -------------------------------------------------------------------------------------------------

/** Maps errors of the client. */
const failed = (method: "generateText" | "streamText"): ((error: ApiError) => AiError.AiError) =>
  toAiError({ module: "FireworksLanguageModel", method })

/**
 * Makes a language model with the service `Fireworks`.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Effect, Layer, Redacted } from "effect"
 * import { FireworksLanguageModel } from "effect-reliability/ai"
 * import { Fireworks } from "effect-reliability/fireworks"
 * import { ScriptedClient } from "effect-reliability/testing"
 *
 * const program = Effect.gen(function* () {
 *   const model = yield* FireworksLanguageModel.make({ model: "accounts/fireworks/models/kimi-k2" })
 *   return yield* model.generateText({ prompt: "Hello" })
 * })
 *
 * const Live = Fireworks.layer({ apiKey: Redacted.make("fw_secret") }).pipe(Layer.provide(ScriptedClient.layer()))
 * assert.strictEqual((await Effect.runPromise(program.pipe(Effect.provide(Live)))).text, "Hello")
 * ```
 *
 * @since 0.2.0
 * @category constructors
 */
export const make = (options: Options): Effect.Effect<LanguageModel.Service, never, Fireworks.Fireworks> =>
  Effect.flatMap(Fireworks.Fireworks, (fireworks) => {
    const prepare = (asked: LanguageModel.ProviderOptions) =>
      Effect.gen(function* () {
        const config = yield* overridden(Config, { ...options.config, model: options.model })
        const { callOptions, model = options.model, ...fields } = config
        const request = yield* chatRequest({ ...fields, model }, asked)
        annotateRequest(asked.span, request)
        const ids = yield* IdGenerator.IdGenerator
        return { request, callOptions, prefix: yield* ids.generateId() }
      })
    return LanguageModel.make({
      generateText: (asked) =>
        Effect.gen(function* () {
          const { callOptions, prefix, request } = yield* prepare(asked)
          const { meta, value } = yield* fireworks.chat(request, callOptions)
          const parts = yield* responseParts(value, prefix, meta.requestId)
          annotateResponse(asked.span, parts)
          return parts
        }).pipe(Effect.mapError(failed("generateText"))),
      streamText: (asked) =>
        prepare(asked).pipe(
          Effect.map(({ callOptions, prefix, request }) => {
            let state = streamParts.initial(prefix)
            const next = (chunk: Fireworks.ChatChunk): Chunk.Chunk<Response.StreamPartEncoded> => {
              const [after, parts] = streamParts.step(state, chunk)
              state = after
              annotateResponse(asked.span, parts)
              return Chunk.unsafeFromArray(parts)
            }
            const last = Effect.suspend(() => streamParts.end(state)).pipe(
              Effect.tap((parts) => Effect.sync(() => annotateResponse(asked.span, parts)))
            )
            return fireworks
              .chatStream(request, callOptions)
              .pipe(Stream.mapChunks(Chunk.flatMap(next)), Stream.concat(Stream.fromIterableEffect(last)))
          }),
          Stream.unwrap,
          Stream.mapError(failed("streamText"))
        )
    })
  })

/**
 * Overrides the configuration of the requests within an effect. Inner overrides take precedence over outer ones.
 *
 * A stream sends its request when it runs: apply the combinator to the effect that runs it.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { LanguageModel } from "@effect/ai"
 * import { Effect, Layer } from "effect"
 * import { FireworksLanguageModel } from "effect-reliability/ai"
 * import { Fireworks } from "effect-reliability/fireworks"
 * import { FireworksServer } from "effect-reliability/testing"
 *
 * const Api = FireworksServer.layerInMemory()
 * const Live = FireworksLanguageModel.layer({ model: "accounts/fireworks/models/kimi-k2" }).pipe(
 *   Layer.provide(FireworksServer.layerClient(Fireworks.layer)),
 *   Layer.provideMerge(Api)
 * )
 *
 * const program = Effect.gen(function* () {
 *   // the session id routes all turns to the replica that has cached the conversation
 *   const overrides = { reasoning_effort: "high", callOptions: { multiTurnSession: "conversation-1" } }
 *   yield* LanguageModel.generateText({ prompt: "Hello" }).pipe(FireworksLanguageModel.withConfigOverride(overrides))
 *   const { requests } = yield* FireworksServer.FireworksServer
 *   return (yield* requests)[0]?.headers["x-multi-turn-session-id"]
 * })
 * assert.strictEqual(await Effect.runPromise(program.pipe(Effect.provide(Live))), "conversation-1")
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
 * Provides a language model with the service `Fireworks`.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { LanguageModel } from "@effect/ai"
 * import { Effect, Layer } from "effect"
 * import { FireworksLanguageModel } from "effect-reliability/ai"
 * import { Fireworks } from "effect-reliability/fireworks"
 * import { FireworksServer } from "effect-reliability/testing"
 *
 * const Live = FireworksLanguageModel.layer({ model: "accounts/fireworks/models/kimi-k2" }).pipe(
 *   // in an application, `Fireworks.layerConfig()` and `Transport.layer()` of `effect-reliability/node`
 *   Layer.provide(FireworksServer.layerClient(Fireworks.layer)),
 *   Layer.provide(FireworksServer.layerInMemory())
 * )
 *
 * const program = LanguageModel.generateText({ prompt: "Hello" }).pipe(Effect.map(({ text }) => text))
 * assert.strictEqual(await Effect.runPromise(program.pipe(Effect.provide(Live))), "Hello")
 * ```
 *
 * @since 0.2.0
 * @category layers
 */
export const layer = (options: Options): Layer.Layer<LanguageModel.LanguageModel, never, Fireworks.Fireworks> =>
  Layer.effect(LanguageModel.LanguageModel, make(options))

/**
 * Makes a model of `@effect/ai`: a layer that also provides the name of the provider, `fireworks`.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { LanguageModel } from "@effect/ai"
 * import { Effect, Layer } from "effect"
 * import { FireworksLanguageModel } from "effect-reliability/ai"
 * import { Fireworks } from "effect-reliability/fireworks"
 * import { FireworksServer } from "effect-reliability/testing"
 *
 * const Kimi = FireworksLanguageModel.model("accounts/fireworks/models/kimi-k2", { temperature: 0 })
 *
 * const program = Effect.gen(function* () {
 *   const model = yield* Kimi
 *   return yield* LanguageModel.generateText({ prompt: "Hello" }).pipe(Effect.provide(model))
 * })
 *
 * const Live = FireworksServer.layerClient(Fireworks.layer).pipe(Layer.provide(FireworksServer.layerInMemory()))
 * assert.strictEqual((await Effect.runPromise(program.pipe(Effect.provide(Live)))).text, "Hello")
 * ```
 *
 * @since 0.2.0
 * @category constructors
 */
export const model = (
  model: string,
  config?: Config
): Model.Model<"fireworks", LanguageModel.LanguageModel, Fireworks.Fireworks> =>
  Model.make("fireworks", layer({ model, config }))
