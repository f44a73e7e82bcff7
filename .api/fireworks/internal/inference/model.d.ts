import * as Schema from "effect/Schema"
declare const MessageStruct: Schema.TypeLiteral<
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
export interface Message extends Schema.Schema.Type<typeof MessageStruct> {}
export interface MessageEncoded extends Schema.Schema.Encoded<typeof MessageStruct> {}
export declare const Message: Schema.Schema<Message, MessageEncoded>
declare const ChatRequestStruct: Schema.TypeLiteral<
  {
    messages: Schema.Array$<Schema.Schema<Message, MessageEncoded, never>>
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
export interface ChatRequest extends Schema.Schema.Type<typeof ChatRequestStruct> {}
export interface ChatRequestEncoded extends Schema.Schema.Encoded<typeof ChatRequestStruct> {}
export declare const ChatRequest: Schema.Schema<ChatRequest, ChatRequestEncoded>
declare const CompletionRequestStruct: Schema.TypeLiteral<
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
export interface CompletionRequest extends Schema.Schema.Type<typeof CompletionRequestStruct> {}
export interface CompletionRequestEncoded extends Schema.Schema.Encoded<typeof CompletionRequestStruct> {}
export declare const CompletionRequest: Schema.Schema<CompletionRequest, CompletionRequestEncoded>
declare const EmbeddingRequestStruct: Schema.TypeLiteral<
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
export interface EmbeddingRequest extends Schema.Schema.Type<typeof EmbeddingRequestStruct> {}
export interface EmbeddingRequestEncoded extends Schema.Schema.Encoded<typeof EmbeddingRequestStruct> {}
export declare const EmbeddingRequest: Schema.Schema<EmbeddingRequest, EmbeddingRequestEncoded>
declare const UsageStruct: Schema.TypeLiteral<
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
export interface Usage extends Schema.Schema.Type<typeof UsageStruct> {}
export interface UsageEncoded extends Schema.Schema.Encoded<typeof UsageStruct> {}
export declare const Usage: Schema.Schema<Usage, UsageEncoded>
declare const ChatCompletionStruct: Schema.TypeLiteral<
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
    usage: Schema.optional<Schema.NullOr<Schema.Schema<Usage, UsageEncoded, never>>>
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
export interface ChatCompletion extends Schema.Schema.Type<typeof ChatCompletionStruct> {}
export interface ChatCompletionEncoded extends Schema.Schema.Encoded<typeof ChatCompletionStruct> {}
export declare const ChatCompletion: Schema.Schema<ChatCompletion, ChatCompletionEncoded>
declare const ChatChunkStruct: Schema.TypeLiteral<
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
    usage: Schema.optional<Schema.NullOr<Schema.Schema<Usage, UsageEncoded, never>>>
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
export interface ChatChunk extends Schema.Schema.Type<typeof ChatChunkStruct> {}
export interface ChatChunkEncoded extends Schema.Schema.Encoded<typeof ChatChunkStruct> {}
export declare const ChatChunk: Schema.Schema<ChatChunk, ChatChunkEncoded>
declare const CompletionStruct: Schema.TypeLiteral<
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
    usage: Schema.optional<Schema.NullOr<Schema.Schema<Usage, UsageEncoded, never>>>
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
export interface Completion extends Schema.Schema.Type<typeof CompletionStruct> {}
export interface CompletionEncoded extends Schema.Schema.Encoded<typeof CompletionStruct> {}
export declare const Completion: Schema.Schema<Completion, CompletionEncoded>
declare const EmbeddingsStruct: Schema.TypeLiteral<
  {
    model: Schema.optional<Schema.NullOr<Schema.Schema<string, string, never>>>
    usage: Schema.optional<Schema.NullOr<Schema.Schema<Usage, UsageEncoded, never>>>
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
export interface Embeddings extends Schema.Schema.Type<typeof EmbeddingsStruct> {}
export interface EmbeddingsEncoded extends Schema.Schema.Encoded<typeof EmbeddingsStruct> {}
export declare const Embeddings: Schema.Schema<Embeddings, EmbeddingsEncoded>
declare const ModelsStruct: Schema.TypeLiteral<
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
export interface Models extends Schema.Schema.Type<typeof ModelsStruct> {}
export interface ModelsEncoded extends Schema.Schema.Encoded<typeof ModelsStruct> {}
export declare const Models: Schema.Schema<Models, ModelsEncoded>
export {}
