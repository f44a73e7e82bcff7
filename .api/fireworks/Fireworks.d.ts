import * as HttpClient from "@effect/platform/HttpClient"
import * as Config from "effect/Config"
import * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import type { ApiError } from "../ApiError.js"
import { type Target } from "../Dialect.js"
import type { HeadersInput } from "../RetryHint.js"
import * as Workload from "../Workload.js"
import { type Observers } from "./internal/client.js"
import {
  ChatChunk,
  ChatCompletion,
  ChatRequest,
  Completion,
  CompletionRequest,
  EmbeddingRequest,
  Embeddings,
  Models
} from "./internal/inference/model.js"
import type { CallOptions } from "./internal/model.js"
export type { CallOptions } from "./internal/model.js"
export {
  ChatChunk,
  ChatCompletion,
  ChatRequest,
  Completion,
  CompletionRequest,
  EmbeddingRequest,
  Embeddings,
  Message,
  Models,
  Usage
} from "./internal/inference/model.js"
export type {
  ChatChunkEncoded,
  ChatCompletionEncoded,
  ChatRequestEncoded,
  CompletionEncoded,
  CompletionRequestEncoded,
  EmbeddingRequestEncoded,
  EmbeddingsEncoded,
  MessageEncoded,
  ModelsEncoded,
  UsageEncoded
} from "./internal/inference/model.js"
export declare const targetOf: (model: string) => Target | undefined
export interface Amounts {
  readonly promptTokens?: number
  readonly uncachedPromptTokens?: number
  readonly generatedTokens?: number
  readonly requests?: number
}
export interface RateLimits {
  readonly limit: Amounts
  readonly remaining: Amounts
  readonly isOverLimit?: boolean
}
export type LimitsPer = "minute" | "second"
export declare const rateLimits: (headers: HeadersInput, limitsPer?: LimitsPer) => RateLimits
export interface Performance {
  readonly promptTokens?: number
  readonly cachedPromptTokens?: number
  readonly serverTimeToFirstToken?: Duration.Duration
  readonly serverProcessingTime?: Duration.Duration
  readonly tokenizerQueueDuration?: Duration.Duration
  readonly tokenizerDuration?: Duration.Duration
  readonly prefillQueueDuration?: Duration.Duration
  readonly prefillDuration?: Duration.Duration
  readonly generationQueueDuration?: Duration.Duration
  readonly generationDuration?: Duration.Duration
  readonly concurrentRequests?: number
  readonly backendHost?: string
  readonly deployment?: string
}
export declare const performance: (source: HeadersInput | Readonly<Record<string, unknown>>) => Performance
export interface Meta {
  readonly requestId?: string
  readonly rateLimits: RateLimits
  readonly performance: Performance
}
export interface Answer<out A> {
  readonly value: A
  readonly meta: Meta
}
export interface StreamOptions extends CallOptions {
  readonly onMeta?: ((meta: Meta) => Effect.Effect<unknown>) | undefined
}
export interface Fireworks {
  readonly chat: (request: ChatRequest, options?: CallOptions) => Effect.Effect<Answer<ChatCompletion>, ApiError>
  readonly chatStream: (request: ChatRequest, options?: StreamOptions) => Stream.Stream<ChatChunk, ApiError>
  readonly completions: (
    request: CompletionRequest,
    options?: CallOptions
  ) => Effect.Effect<Answer<Completion>, ApiError>
  readonly embeddings: (request: EmbeddingRequest, options?: CallOptions) => Effect.Effect<Answer<Embeddings>, ApiError>
  readonly models: (options?: CallOptions) => Effect.Effect<Answer<Models>, ApiError>
}
export interface Options<R = never> extends Observers<R> {
  readonly workload?: Workload.Workload | undefined
  readonly limitsPer?: LimitsPer | undefined
  readonly apiKey: Redacted.Redacted
  readonly accountId?: string | undefined
  readonly baseUrl?: string | undefined
  readonly controlUrl?: string | undefined
}
export interface ConfigOptions<R = never> extends Omit<
  Options<R>,
  "apiKey" | "accountId" | "baseUrl" | "controlUrl" | "workload"
> {
  readonly apiKey?: Config.Config<Redacted.Redacted> | undefined
  readonly accountId?: Config.Config<string | undefined> | undefined
  readonly baseUrl?: Config.Config<string | undefined> | undefined
  readonly controlUrl?: Config.Config<string | undefined> | undefined
  readonly workload?: Workload.Workload | Config.Config<Workload.Workload> | undefined
}
export declare const make: <R = never>(
  options: Options<R>
) => Effect.Effect<Fireworks, never, HttpClient.HttpClient | R>
export declare const Fireworks: Context.Tag<Fireworks, Fireworks>
export declare const layer: <R = never>(options: Options<R>) => Layer.Layer<Fireworks, never, HttpClient.HttpClient | R>
export declare const layerConfig: <R = never>(
  options?: ConfigOptions<R>
) => Layer.Layer<Fireworks, ConfigError.ConfigError, HttpClient.HttpClient | R>
