/**
 * Schemas of the requests and responses of inference, with the known fields.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { maybe, open } from "../decoded.js"

const MessageStruct = /*#__PURE__*/ Schema.Struct(
  {
    /** The role: `system`, `user`, `assistant`, `tool`, or another one. */
    role: Schema.String,
    content: /*#__PURE__*/ maybe(
      /*#__PURE__*/ Schema.Union(Schema.String, /*#__PURE__*/ Schema.Array(/*#__PURE__*/ Schema.Object))
    )
  },
  open
)

/**
 * A message of a chat.
 *
 * @since 0.1.0
 * @category model
 */
export interface Message extends Schema.Schema.Type<typeof MessageStruct> {}

/**
 * The JSON form of `Message`.
 *
 * @since 0.2.0
 * @category model
 */
export interface MessageEncoded extends Schema.Schema.Encoded<typeof MessageStruct> {}

/**
 * A message of a chat, with any role, and with text or a list of content parts.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Message: Schema.Schema<Message, MessageEncoded> = MessageStruct

const sampling = {
  model: Schema.String,
  max_tokens: /*#__PURE__*/ maybe(Schema.Finite),
  temperature: /*#__PURE__*/ maybe(Schema.Finite),
  top_p: /*#__PURE__*/ maybe(Schema.Finite),
  top_k: /*#__PURE__*/ maybe(Schema.Finite),
  n: /*#__PURE__*/ maybe(Schema.Finite),
  stop: /*#__PURE__*/ maybe(/*#__PURE__*/ Schema.Union(Schema.String, /*#__PURE__*/ Schema.Array(Schema.String))),
  user: /*#__PURE__*/ maybe(Schema.String),
  /** The service tier. Only `priority` has an effect. */
  service_tier: /*#__PURE__*/ maybe(Schema.String),
  prompt_cache_key: /*#__PURE__*/ maybe(Schema.String),
  /** The handling of a prompt that is too long: `truncate`, the default, lowers `max_tokens` silently; `error` fails. */
  context_length_exceeded_behavior: /*#__PURE__*/ maybe(Schema.String),
  /** If true, the response body contains server timings, which the headers of a stream lack; see `performance`. */
  perf_metrics_in_response: /*#__PURE__*/ maybe(Schema.Boolean),
  /** Set by the call; use `chatStream` for streaming. */
  stream: /*#__PURE__*/ Schema.optional(/*#__PURE__*/ Schema.Literal(false))
}

const ChatRequestStruct = /*#__PURE__*/ Schema.Struct(
  {
    ...sampling,
    messages: /*#__PURE__*/ Schema.Array(Message),
    tools: /*#__PURE__*/ maybe(/*#__PURE__*/ Schema.Array(/*#__PURE__*/ Schema.Object)),
    response_format: /*#__PURE__*/ maybe(/*#__PURE__*/ Schema.Object)
  },
  open
)

/**
 * A request of `chat` and `chatStream`.
 *
 * @since 0.1.0
 * @category model
 */
export interface ChatRequest extends Schema.Schema.Type<typeof ChatRequestStruct> {}

/**
 * The JSON form of `ChatRequest`.
 *
 * @since 0.2.0
 * @category model
 */
export interface ChatRequestEncoded extends Schema.Schema.Encoded<typeof ChatRequestStruct> {}

/**
 * A request of `chat` and `chatStream`. Fields that are not listed here are sent unchanged.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ChatRequest: Schema.Schema<ChatRequest, ChatRequestEncoded> = ChatRequestStruct

const CompletionRequestStruct = /*#__PURE__*/ Schema.Struct(
  {
    ...sampling,
    /** The prompt: a text, several texts, or their tokens. */
    prompt: /*#__PURE__*/ Schema.Union(Schema.String, /*#__PURE__*/ Schema.Array(Schema.Unknown))
  },
  open
)

/**
 * A request of `completions`.
 *
 * @since 0.1.0
 * @category model
 */
export interface CompletionRequest extends Schema.Schema.Type<typeof CompletionRequestStruct> {}

/**
 * The JSON form of `CompletionRequest`.
 *
 * @since 0.2.0
 * @category model
 */
export interface CompletionRequestEncoded extends Schema.Schema.Encoded<typeof CompletionRequestStruct> {}

/**
 * A request of `completions`.
 *
 * @since 0.1.0
 * @category schemas
 */
export const CompletionRequest: Schema.Schema<CompletionRequest, CompletionRequestEncoded> = CompletionRequestStruct

const EmbeddingRequestStruct = /*#__PURE__*/ Schema.Struct(
  {
    model: Schema.String,
    /** The input: a text, several texts, or their tokens. */
    input: /*#__PURE__*/ Schema.Union(Schema.String, /*#__PURE__*/ Schema.Array(Schema.Unknown)),
    dimensions: /*#__PURE__*/ maybe(Schema.Finite)
  },
  open
)

/**
 * A request of `embeddings`.
 *
 * @since 0.1.0
 * @category model
 */
export interface EmbeddingRequest extends Schema.Schema.Type<typeof EmbeddingRequestStruct> {}

/**
 * The JSON form of `EmbeddingRequest`.
 *
 * @since 0.2.0
 * @category model
 */
export interface EmbeddingRequestEncoded extends Schema.Schema.Encoded<typeof EmbeddingRequestStruct> {}

/**
 * A request of `embeddings`.
 *
 * @since 0.1.0
 * @category schemas
 */
export const EmbeddingRequest: Schema.Schema<EmbeddingRequest, EmbeddingRequestEncoded> = EmbeddingRequestStruct

const UsageStruct = /*#__PURE__*/ Schema.Struct(
  {
    prompt_tokens: /*#__PURE__*/ maybe(Schema.Number),
    completion_tokens: /*#__PURE__*/ maybe(Schema.Number),
    total_tokens: /*#__PURE__*/ maybe(Schema.Number)
  },
  open
)

/**
 * The token counts of a call.
 *
 * @since 0.2.0
 * @category model
 */
export interface Usage extends Schema.Schema.Type<typeof UsageStruct> {}

/**
 * The JSON form of `Usage`.
 *
 * @since 0.2.0
 * @category model
 */
export interface UsageEncoded extends Schema.Schema.Encoded<typeof UsageStruct> {}

/**
 * The token counts of a call.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Usage: Schema.Schema<Usage, UsageEncoded> = UsageStruct

const ToolCall = /*#__PURE__*/ Schema.Struct(
  {
    index: /*#__PURE__*/ maybe(Schema.Number),
    id: /*#__PURE__*/ maybe(Schema.String),
    type: /*#__PURE__*/ maybe(Schema.String),
    function: /*#__PURE__*/ maybe(
      /*#__PURE__*/ Schema.Struct(
        { name: /*#__PURE__*/ maybe(Schema.String), arguments: /*#__PURE__*/ maybe(Schema.String) },
        open
      )
    )
  },
  open
)

const MessageContent = /*#__PURE__*/ Schema.Struct(
  {
    role: /*#__PURE__*/ maybe(Schema.String),
    content: /*#__PURE__*/ maybe(Schema.String),
    reasoning_content: /*#__PURE__*/ maybe(Schema.String),
    tool_calls: /*#__PURE__*/ maybe(/*#__PURE__*/ Schema.Array(ToolCall))
  },
  open
)

const envelope = {
  id: /*#__PURE__*/ maybe(Schema.String),
  created: /*#__PURE__*/ maybe(Schema.Number),
  model: /*#__PURE__*/ maybe(Schema.String),
  usage: /*#__PURE__*/ maybe(Usage),
  /** Server timings, present with `perf_metrics_in_response`; `performance` reads them. */
  perf_metrics: /*#__PURE__*/ maybe(/*#__PURE__*/ Schema.Record({ key: Schema.String, value: Schema.Unknown }))
}

const choice = {
  index: /*#__PURE__*/ maybe(Schema.Number),
  /** The reason: `stop`, `length`, `tool_calls`, `function_call`, or another one; never `error`, which is a failure. */
  finish_reason: /*#__PURE__*/ maybe(Schema.String)
}

const ChatCompletionStruct = /*#__PURE__*/ Schema.Struct(
  {
    ...envelope,
    choices: /*#__PURE__*/ Schema.Array(/*#__PURE__*/ Schema.Struct({ ...choice, message: MessageContent }, open))
  },
  open
)

/**
 * The response of `chat`.
 *
 * @since 0.1.0
 * @category model
 */
export interface ChatCompletion extends Schema.Schema.Type<typeof ChatCompletionStruct> {}

/**
 * The JSON form of `ChatCompletion`.
 *
 * @since 0.2.0
 * @category model
 */
export interface ChatCompletionEncoded extends Schema.Schema.Encoded<typeof ChatCompletionStruct> {}

/**
 * The response of `chat`.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ChatCompletion: Schema.Schema<ChatCompletion, ChatCompletionEncoded> = ChatCompletionStruct

const ChatChunkStruct = /*#__PURE__*/ Schema.Struct(
  {
    ...envelope,
    choices: /*#__PURE__*/ Schema.Array(/*#__PURE__*/ Schema.Struct({ ...choice, delta: MessageContent }, open))
  },
  open
)

/**
 * A chunk of the response of `chatStream`.
 *
 * @since 0.1.0
 * @category model
 */
export interface ChatChunk extends Schema.Schema.Type<typeof ChatChunkStruct> {}

/**
 * The JSON form of `ChatChunk`.
 *
 * @since 0.2.0
 * @category model
 */
export interface ChatChunkEncoded extends Schema.Schema.Encoded<typeof ChatChunkStruct> {}

/**
 * A chunk of the response of `chatStream`. The last chunks may have no choices, only usage and timings.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ChatChunk: Schema.Schema<ChatChunk, ChatChunkEncoded> = ChatChunkStruct

const CompletionStruct = /*#__PURE__*/ Schema.Struct(
  {
    ...envelope,
    choices: /*#__PURE__*/ Schema.Array(/*#__PURE__*/ Schema.Struct({ ...choice, text: Schema.String }, open))
  },
  open
)

/**
 * The response of `completions`.
 *
 * @since 0.1.0
 * @category model
 */
export interface Completion extends Schema.Schema.Type<typeof CompletionStruct> {}

/**
 * The JSON form of `Completion`.
 *
 * @since 0.2.0
 * @category model
 */
export interface CompletionEncoded extends Schema.Schema.Encoded<typeof CompletionStruct> {}

/**
 * The response of `completions`.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Completion: Schema.Schema<Completion, CompletionEncoded> = CompletionStruct

const EmbeddingsStruct = /*#__PURE__*/ Schema.Struct(
  {
    model: /*#__PURE__*/ maybe(Schema.String),
    usage: /*#__PURE__*/ maybe(Usage),
    data: /*#__PURE__*/ Schema.Array(
      /*#__PURE__*/ Schema.Struct(
        {
          index: /*#__PURE__*/ maybe(Schema.Number),
          embedding: /*#__PURE__*/ Schema.Union(/*#__PURE__*/ Schema.Array(Schema.Number), Schema.String)
        },
        open
      )
    )
  },
  open
)

/**
 * The response of `embeddings`.
 *
 * @since 0.1.0
 * @category model
 */
export interface Embeddings extends Schema.Schema.Type<typeof EmbeddingsStruct> {}

/**
 * The JSON form of `Embeddings`.
 *
 * @since 0.2.0
 * @category model
 */
export interface EmbeddingsEncoded extends Schema.Schema.Encoded<typeof EmbeddingsStruct> {}

/**
 * The response of `embeddings`. A vector requested as `base64` is a string.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Embeddings: Schema.Schema<Embeddings, EmbeddingsEncoded> = EmbeddingsStruct

const ModelsStruct = /*#__PURE__*/ Schema.Struct(
  { data: /*#__PURE__*/ Schema.Array(/*#__PURE__*/ Schema.Struct({ id: Schema.String }, open)) },
  open
)

/**
 * The response of `models`.
 *
 * @since 0.1.0
 * @category model
 */
export interface Models extends Schema.Schema.Type<typeof ModelsStruct> {}

/**
 * The JSON form of `Models`.
 *
 * @since 0.2.0
 * @category model
 */
export interface ModelsEncoded extends Schema.Schema.Encoded<typeof ModelsStruct> {}

/**
 * The response of `models`.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Models: Schema.Schema<Models, ModelsEncoded> = ModelsStruct
