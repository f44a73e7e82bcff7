import * as HttpClient from "@effect/platform/HttpClient"
import * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { ApiError } from "../ApiError.js"
import { type Target } from "../Dialect.js"
import type { HeadersInput } from "../RetryHint.js"
import * as Workload from "../Workload.js"
import { type Observers } from "./internal/client.js"
import type { CallOptions, Control } from "./internal/model.js"
export type { CallOptions, Control } from "./internal/model.js"
export declare const Message: Schema.TypeLiteral<
  {
    role: typeof Schema.String
    content: Schema.optional<
      Schema.NullOr<Schema.Schema<string | readonly object[], string | readonly object[], never>>
    >
  },
  readonly [
    {
      readonly key: typeof Schema.String
      readonly value: typeof Schema.Unknown
    }
  ]
>
export type Message = typeof Message.Type
export declare const ChatRequest: Schema.TypeLiteral<
  {
    messages: Schema.Array$<
      Schema.TypeLiteral<
        {
          role: typeof Schema.String
          content: Schema.optional<
            Schema.NullOr<Schema.Schema<string | readonly object[], string | readonly object[], never>>
          >
        },
        readonly [
          {
            readonly key: typeof Schema.String
            readonly value: typeof Schema.Unknown
          }
        ]
      >
    >
    tools: Schema.optional<Schema.NullOr<Schema.Schema<readonly object[], readonly object[], never>>>
    response_format: Schema.optional<Schema.NullOr<Schema.Schema<object, object, never>>>
    model: typeof Schema.String
    max_tokens: Schema.optional<Schema.NullOr<Schema.Schema<number, number, never>>>
    temperature: Schema.optional<Schema.NullOr<Schema.Schema<number, number, never>>>
    top_p: Schema.optional<Schema.NullOr<Schema.Schema<number, number, never>>>
    top_k: Schema.optional<Schema.NullOr<Schema.Schema<number, number, never>>>
    n: Schema.optional<Schema.NullOr<Schema.Schema<number, number, never>>>
    stop: Schema.optional<Schema.NullOr<Schema.Schema<string | readonly string[], string | readonly string[], never>>>
    user: Schema.optional<Schema.NullOr<Schema.Schema<string, string, never>>>
    service_tier: Schema.optional<Schema.NullOr<Schema.Schema<string, string, never>>>
    prompt_cache_key: Schema.optional<Schema.NullOr<Schema.Schema<string, string, never>>>
    context_length_exceeded_behavior: Schema.optional<Schema.NullOr<Schema.Schema<string, string, never>>>
    perf_metrics_in_response: Schema.optional<Schema.NullOr<Schema.Schema<boolean, boolean, never>>>
    stream: Schema.optional<Schema.Literal<[false]>>
  },
  readonly [
    {
      readonly key: typeof Schema.String
      readonly value: typeof Schema.Unknown
    }
  ]
>
export type ChatRequest = typeof ChatRequest.Type
export declare const CompletionRequest: Schema.TypeLiteral<
  {
    prompt: Schema.Union<[typeof Schema.String, Schema.Array$<typeof Schema.Unknown>]>
    model: typeof Schema.String
    max_tokens: Schema.optional<Schema.NullOr<Schema.Schema<number, number, never>>>
    temperature: Schema.optional<Schema.NullOr<Schema.Schema<number, number, never>>>
    top_p: Schema.optional<Schema.NullOr<Schema.Schema<number, number, never>>>
    top_k: Schema.optional<Schema.NullOr<Schema.Schema<number, number, never>>>
    n: Schema.optional<Schema.NullOr<Schema.Schema<number, number, never>>>
    stop: Schema.optional<Schema.NullOr<Schema.Schema<string | readonly string[], string | readonly string[], never>>>
    user: Schema.optional<Schema.NullOr<Schema.Schema<string, string, never>>>
    service_tier: Schema.optional<Schema.NullOr<Schema.Schema<string, string, never>>>
    prompt_cache_key: Schema.optional<Schema.NullOr<Schema.Schema<string, string, never>>>
    context_length_exceeded_behavior: Schema.optional<Schema.NullOr<Schema.Schema<string, string, never>>>
    perf_metrics_in_response: Schema.optional<Schema.NullOr<Schema.Schema<boolean, boolean, never>>>
    stream: Schema.optional<Schema.Literal<[false]>>
  },
  readonly [
    {
      readonly key: typeof Schema.String
      readonly value: typeof Schema.Unknown
    }
  ]
>
export type CompletionRequest = typeof CompletionRequest.Type
export declare const EmbeddingRequest: Schema.TypeLiteral<
  {
    model: typeof Schema.String
    input: Schema.Union<[typeof Schema.String, Schema.Array$<typeof Schema.Unknown>]>
    dimensions: Schema.optional<Schema.NullOr<Schema.Schema<number, number, never>>>
  },
  readonly [
    {
      readonly key: typeof Schema.String
      readonly value: typeof Schema.Unknown
    }
  ]
>
export type EmbeddingRequest = typeof EmbeddingRequest.Type
export declare const Usage: Schema.TypeLiteral<
  {
    prompt_tokens: Schema.optional<Schema.NullOr<Schema.Schema<number, number, never>>>
    completion_tokens: Schema.optional<Schema.NullOr<Schema.Schema<number, number, never>>>
    total_tokens: Schema.optional<Schema.NullOr<Schema.Schema<number, number, never>>>
  },
  readonly [
    {
      readonly key: typeof Schema.String
      readonly value: typeof Schema.Unknown
    }
  ]
>
export declare const ChatCompletion: Schema.TypeLiteral<
  {
    choices: Schema.Array$<
      Schema.TypeLiteral<
        {
          message: Schema.TypeLiteral<
            {
              role: Schema.optional<Schema.NullOr<Schema.Schema<string, string, never>>>
              content: Schema.optional<Schema.NullOr<Schema.Schema<string, string, never>>>
              reasoning_content: Schema.optional<Schema.NullOr<Schema.Schema<string, string, never>>>
              tool_calls: Schema.optional<
                Schema.NullOr<
                  Schema.Schema<
                    readonly {
                      readonly [x: string]: unknown
                      readonly function?:
                        | {
                            readonly [x: string]: unknown
                            readonly name?: string | null | undefined
                            readonly arguments?: string | null | undefined
                          }
                        | null
                        | undefined
                      readonly index?: number | null | undefined
                      readonly type?: string | null | undefined
                      readonly id?: string | null | undefined
                    }[],
                    readonly {
                      readonly [x: string]: unknown
                      readonly function?:
                        | {
                            readonly [x: string]: unknown
                            readonly name?: string | null | undefined
                            readonly arguments?: string | null | undefined
                          }
                        | null
                        | undefined
                      readonly index?: number | null | undefined
                      readonly type?: string | null | undefined
                      readonly id?: string | null | undefined
                    }[],
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
          index: Schema.optional<Schema.NullOr<Schema.Schema<number, number, never>>>
          finish_reason: Schema.optional<Schema.NullOr<Schema.Schema<string, string, never>>>
        },
        readonly [
          {
            readonly key: typeof Schema.String
            readonly value: typeof Schema.Unknown
          }
        ]
      >
    >
    id: Schema.optional<Schema.NullOr<Schema.Schema<string, string, never>>>
    created: Schema.optional<Schema.NullOr<Schema.Schema<number, number, never>>>
    model: Schema.optional<Schema.NullOr<Schema.Schema<string, string, never>>>
    usage: Schema.optional<
      Schema.NullOr<
        Schema.Schema<
          {
            readonly [x: string]: unknown
            readonly prompt_tokens?: number | null | undefined
            readonly completion_tokens?: number | null | undefined
            readonly total_tokens?: number | null | undefined
          },
          {
            readonly [x: string]: unknown
            readonly prompt_tokens?: number | null | undefined
            readonly completion_tokens?: number | null | undefined
            readonly total_tokens?: number | null | undefined
          },
          never
        >
      >
    >
    perf_metrics: Schema.optional<
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
export type ChatCompletion = typeof ChatCompletion.Type
export declare const ChatChunk: Schema.TypeLiteral<
  {
    choices: Schema.Array$<
      Schema.TypeLiteral<
        {
          delta: Schema.TypeLiteral<
            {
              role: Schema.optional<Schema.NullOr<Schema.Schema<string, string, never>>>
              content: Schema.optional<Schema.NullOr<Schema.Schema<string, string, never>>>
              reasoning_content: Schema.optional<Schema.NullOr<Schema.Schema<string, string, never>>>
              tool_calls: Schema.optional<
                Schema.NullOr<
                  Schema.Schema<
                    readonly {
                      readonly [x: string]: unknown
                      readonly function?:
                        | {
                            readonly [x: string]: unknown
                            readonly name?: string | null | undefined
                            readonly arguments?: string | null | undefined
                          }
                        | null
                        | undefined
                      readonly index?: number | null | undefined
                      readonly type?: string | null | undefined
                      readonly id?: string | null | undefined
                    }[],
                    readonly {
                      readonly [x: string]: unknown
                      readonly function?:
                        | {
                            readonly [x: string]: unknown
                            readonly name?: string | null | undefined
                            readonly arguments?: string | null | undefined
                          }
                        | null
                        | undefined
                      readonly index?: number | null | undefined
                      readonly type?: string | null | undefined
                      readonly id?: string | null | undefined
                    }[],
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
          index: Schema.optional<Schema.NullOr<Schema.Schema<number, number, never>>>
          finish_reason: Schema.optional<Schema.NullOr<Schema.Schema<string, string, never>>>
        },
        readonly [
          {
            readonly key: typeof Schema.String
            readonly value: typeof Schema.Unknown
          }
        ]
      >
    >
    id: Schema.optional<Schema.NullOr<Schema.Schema<string, string, never>>>
    created: Schema.optional<Schema.NullOr<Schema.Schema<number, number, never>>>
    model: Schema.optional<Schema.NullOr<Schema.Schema<string, string, never>>>
    usage: Schema.optional<
      Schema.NullOr<
        Schema.Schema<
          {
            readonly [x: string]: unknown
            readonly prompt_tokens?: number | null | undefined
            readonly completion_tokens?: number | null | undefined
            readonly total_tokens?: number | null | undefined
          },
          {
            readonly [x: string]: unknown
            readonly prompt_tokens?: number | null | undefined
            readonly completion_tokens?: number | null | undefined
            readonly total_tokens?: number | null | undefined
          },
          never
        >
      >
    >
    perf_metrics: Schema.optional<
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
export type ChatChunk = typeof ChatChunk.Type
export declare const Completion: Schema.TypeLiteral<
  {
    choices: Schema.Array$<
      Schema.TypeLiteral<
        {
          text: typeof Schema.String
          index: Schema.optional<Schema.NullOr<Schema.Schema<number, number, never>>>
          finish_reason: Schema.optional<Schema.NullOr<Schema.Schema<string, string, never>>>
        },
        readonly [
          {
            readonly key: typeof Schema.String
            readonly value: typeof Schema.Unknown
          }
        ]
      >
    >
    id: Schema.optional<Schema.NullOr<Schema.Schema<string, string, never>>>
    created: Schema.optional<Schema.NullOr<Schema.Schema<number, number, never>>>
    model: Schema.optional<Schema.NullOr<Schema.Schema<string, string, never>>>
    usage: Schema.optional<
      Schema.NullOr<
        Schema.Schema<
          {
            readonly [x: string]: unknown
            readonly prompt_tokens?: number | null | undefined
            readonly completion_tokens?: number | null | undefined
            readonly total_tokens?: number | null | undefined
          },
          {
            readonly [x: string]: unknown
            readonly prompt_tokens?: number | null | undefined
            readonly completion_tokens?: number | null | undefined
            readonly total_tokens?: number | null | undefined
          },
          never
        >
      >
    >
    perf_metrics: Schema.optional<
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
export type Completion = typeof Completion.Type
export declare const Embeddings: Schema.TypeLiteral<
  {
    model: Schema.optional<Schema.NullOr<Schema.Schema<string, string, never>>>
    usage: Schema.optional<
      Schema.NullOr<
        Schema.Schema<
          {
            readonly [x: string]: unknown
            readonly prompt_tokens?: number | null | undefined
            readonly completion_tokens?: number | null | undefined
            readonly total_tokens?: number | null | undefined
          },
          {
            readonly [x: string]: unknown
            readonly prompt_tokens?: number | null | undefined
            readonly completion_tokens?: number | null | undefined
            readonly total_tokens?: number | null | undefined
          },
          never
        >
      >
    >
    data: Schema.Array$<
      Schema.TypeLiteral<
        {
          index: Schema.optional<Schema.NullOr<Schema.Schema<number, number, never>>>
          embedding: Schema.Union<[Schema.Array$<typeof Schema.Number>, typeof Schema.String]>
        },
        readonly [
          {
            readonly key: typeof Schema.String
            readonly value: typeof Schema.Unknown
          }
        ]
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
export type Embeddings = typeof Embeddings.Type
export declare const Models: Schema.TypeLiteral<
  {
    data: Schema.Array$<
      Schema.TypeLiteral<
        {
          id: typeof Schema.String
        },
        readonly [
          {
            readonly key: typeof Schema.String
            readonly value: typeof Schema.Unknown
          }
        ]
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
export type Models = typeof Models.Type
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
  readonly control: Control
}
export interface ConfigOptions<R = never> extends Observers<R> {
  readonly workload?: Workload.Workload | undefined
  readonly limitsPer?: LimitsPer | undefined
}
export interface Options<R = never> extends ConfigOptions<R> {
  readonly apiKey: Redacted.Redacted
  readonly accountId?: string | undefined
  readonly baseUrl?: string | undefined
  readonly controlUrl?: string | undefined
}
export declare const make: <R = never>(
  options: Options<R>
) => Effect.Effect<Fireworks, never, HttpClient.HttpClient | R>
export declare const Fireworks: Context.Tag<Fireworks, Fireworks>
export declare const layer: <R = never>(options: Options<R>) => Layer.Layer<Fireworks, never, HttpClient.HttpClient | R>
export declare const layerConfig: <R = never>(
  options?: ConfigOptions<R>
) => Layer.Layer<Fireworks, ConfigError.ConfigError, HttpClient.HttpClient | R>
