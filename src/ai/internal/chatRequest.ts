/**
 * Builds the request of a chat from a prompt, tools and a response format of `@effect/ai`.
 *
 * @since 0.2.0
 */
import type * as LanguageModel from "@effect/ai/LanguageModel"
import type * as Prompt from "@effect/ai/Prompt"
import * as Tool from "@effect/ai/Tool"
import * as Either from "effect/Either"
import * as Encoding from "effect/Encoding"
import type * as AST from "effect/SchemaAST"
import type { ApiError } from "../../ApiError.js"
import type { ChatRequest, Message } from "../../fireworks/Fireworks.js"
import { invalidRequest } from "../../fireworks/internal/client.js"

type Result<A> = Either.Either<A, ApiError>

const jsonOf = (value: unknown): Result<string> =>
  Either.try({
    // undefined, the result of a tool without one, has no JSON
    try: () => JSON.stringify(value) ?? "",
    catch: () => invalidRequest("the prompt contains a value that JSON cannot represent")
  })

// -------------------------------------------------------------------------------------------------
// Messages
// -------------------------------------------------------------------------------------------------

const urlOf = ({ data, mediaType }: Prompt.FilePart): string => {
  if (data instanceof URL) return data.href
  if (typeof data === "string" && /^(?:data|https?):/i.test(data)) return data
  const type = mediaType === "image/*" ? "image/jpeg" : mediaType
  return `data:${type};base64,${typeof data === "string" ? data : Encoding.encodeBase64(data)}`
}

const userPart = (part: Prompt.UserMessagePart): Result<object> => {
  if (part.type === "text") return Either.right({ type: "text", text: part.text })
  return part.mediaType.startsWith("image/")
    ? Either.right({ type: "image_url", image_url: { url: urlOf(part) } })
    : Either.left(invalidRequest("a message of the user contains a file that is not an image"))
}

const userMessage = ({ content }: Prompt.UserMessage): Result<ReadonlyArray<Message>> => {
  const [first, ...more] = content
  if (first?.type === "text" && more.length === 0) return Either.right([{ role: "user", content: first.text }])
  return Either.map(Either.all(content.map(userPart)), (parts) => [{ role: "user", content: parts }])
}

const toolCall = ({ id, name, params }: Prompt.ToolCallPart): Result<object> =>
  Either.map(jsonOf(params), (json) => ({ id, type: "function", function: { name, arguments: json || "{}" } }))

const assistantMessage = ({ content }: Prompt.AssistantMessage): Result<ReadonlyArray<Message>> =>
  Either.gen(function* () {
    let text: string | undefined
    let reasoning: string | undefined
    const calls: Array<object> = []
    for (const part of content) {
      switch (part.type) {
        case "text":
          text = (text ?? "") + part.text
          break
        case "reasoning":
          reasoning = (reasoning ?? "") + part.text
          break
        case "tool-call":
          // another provider executed the call, and its result is not for this one
          if (!part.providerExecuted) calls.push(yield* toolCall(part))
          break
        case "tool-result":
          break
        case "file":
          return yield* Either.left(invalidRequest("a message of the assistant contains a file"))
      }
    }
    if (text === undefined && reasoning === undefined && calls.length === 0) return []
    return [
      {
        role: "assistant",
        content: text ?? (calls.length === 0 ? "" : null),
        // models that reason between calls of tools need their earlier reasoning; others ignore it
        ...(reasoning !== undefined && { reasoning_content: reasoning }),
        ...(calls.length > 0 && { tool_calls: calls })
      }
    ]
  })

const toolResult = ({ id, result }: Prompt.ToolResultPart): Result<Message> =>
  Either.map(typeof result === "string" ? Either.right(result) : jsonOf(result), (content) => ({
    role: "tool",
    tool_call_id: id,
    content
  }))

const messagesOf = (message: Prompt.Message): Result<ReadonlyArray<Message>> => {
  switch (message.role) {
    case "system":
      return Either.right([{ role: "system", content: message.content }])
    case "user":
      return userMessage(message)
    case "assistant":
      return assistantMessage(message)
    case "tool":
      return Either.all(message.content.map(toolResult))
  }
}

// -------------------------------------------------------------------------------------------------
// Tools and formats
// -------------------------------------------------------------------------------------------------

const schemaOf = (ast: AST.AST, owner: string): Result<object> =>
  Either.try({
    try: () => Tool.getJsonSchemaFromSchemaAst(ast),
    catch: () => invalidRequest(`the schema of ${owner} has no JSON Schema`)
  })

const toolOf = (tool: Tool.Any): Result<object> => {
  const { description = Tool.getDescriptionFromSchemaAst(tool.parametersSchema.ast), name, parametersSchema } = tool
  if (Tool.isProviderDefined(tool)) {
    return Either.left(invalidRequest(`the tool "${name}" belongs to another provider`))
  }
  return Either.map(schemaOf(parametersSchema.ast, `the tool "${name}"`), (parameters) => ({
    type: "function",
    function: { name, ...(description !== undefined && { description }), parameters }
  }))
}

const toolChoiceOf = (choice: LanguageModel.ToolChoice<string>): unknown => {
  if (typeof choice === "string") return choice
  return "tool" in choice ? { type: "function", function: { name: choice.tool } } : (choice.mode ?? "auto")
}

const toolsOf = (
  tools: ReadonlyArray<Tool.Any>,
  choice: LanguageModel.ToolChoice<string>
): Result<Partial<ChatRequest>> =>
  tools.length === 0
    ? Either.right({})
    : Either.map(Either.all(tools.map(toolOf)), (tools) => ({ tools, tool_choice: toolChoiceOf(choice) }))

const formatOf = (format: LanguageModel.ProviderOptions["responseFormat"]): Result<Partial<ChatRequest>> => {
  if (format.type === "text") return Either.right({})
  const name = format.objectName.replace(/[^\w-]/g, "_").slice(0, 64)
  return Either.map(schemaOf(format.schema.ast, "the object"), (schema) => ({
    response_format: { type: "json_schema", json_schema: { name, schema } }
  }))
}

// -------------------------------------------------------------------------------------------------
// Requests
// -------------------------------------------------------------------------------------------------

/** Returns the request of a chat. It has the fields of a configuration, unless the prompt, tools or format set them. */
export const chatRequest = (
  fields: { readonly model: string },
  { prompt, responseFormat, toolChoice, tools }: LanguageModel.ProviderOptions
): Result<ChatRequest> =>
  Either.gen(function* () {
    const messages = yield* Either.all(prompt.content.map(messagesOf))
    const chosen = yield* toolsOf(tools, toolChoice)
    const format = yield* formatOf(responseFormat)
    return { ...fields, messages: messages.flat(), ...chosen, ...format }
  })
