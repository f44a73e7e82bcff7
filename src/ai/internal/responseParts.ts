/**
 * Makes the parts of a response from a complete chat.
 *
 * @since 0.2.0
 */
import type * as Response from "@effect/ai/Response"
import * as Tool from "@effect/ai/Tool"
import * as DateTime from "effect/DateTime"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type { ApiError } from "../../ApiError.js"
import type { ChatChunk, ChatCompletion, Usage } from "../../fireworks/Fireworks.js"
import { malformed } from "./aiErrors.js"

/** Returns the part with the data of a response or of a chunk. */
export const metadataPart = ({
  created,
  id,
  model
}: ChatChunk | ChatCompletion): Response.ResponseMetadataPartEncoded => ({
  type: "response-metadata",
  id: id ?? undefined,
  modelId: model ?? undefined,
  timestamp: DateTime.make((created ?? Number.NaN) * 1000).pipe(Option.map(DateTime.formatIso), Option.getOrUndefined)
})

/** A call of a tool: its arguments are JSON. */
export interface Call {
  readonly id: string
  readonly name: string | undefined
  readonly arguments: string
}

/** Returns the part of a complete call of a tool. `position` is the number of calls before it. */
export const toolCallPart = (
  call: Call,
  position: number,
  finishReason: string | null | undefined,
  requestId?: string
): Either.Either<Response.ToolCallPartEncoded, ApiError> => {
  const { arguments: json, id, name } = call
  if (name === undefined) return Either.left(malformed(`tool call ${position} has no name`, requestId))
  return Either.try({
    try: () => ({
      type: "tool-call",
      id,
      name,
      params: Tool.unsafeSecureJsonParse(json.trim() === "" ? "{}" : json)
    }),
    // the message of the exception may contain the arguments
    catch: () => {
      const cause = finishReason === "length" ? ", because the response reached its maximum length" : ""
      return malformed(`the arguments of tool call ${position} are not JSON${cause}`, requestId)
    }
  })
}

const finishReasons: ReadonlyMap<string, Response.FinishReason> = /*#__PURE__*/ new Map<string, Response.FinishReason>([
  ["stop", "stop"],
  ["length", "length"],
  ["content_filter", "content-filter"],
  ["tool_calls", "tool-calls"],
  ["function_call", "tool-calls"]
])

const countIn = (details: unknown, name: string): number | undefined => {
  if (typeof details !== "object" || details === null) return undefined
  const count: unknown = Reflect.get(details, name)
  return typeof count === "number" ? count : undefined
}

/** Returns the last part of a response. A response that calls tools and stops has the reason `tool-calls`. */
export const finishPart = (
  reason: string | null | undefined,
  usage: Usage | null | undefined,
  callsTools: boolean
): Response.FinishPartEncoded => {
  const known = typeof reason === "string" ? (finishReasons.get(reason) ?? "other") : "unknown"
  return {
    type: "finish",
    // a call of a tool that the request demands ends with `stop`
    reason: callsTools && (known === "stop" || known === "unknown") ? "tool-calls" : known,
    usage: {
      inputTokens: usage?.prompt_tokens ?? undefined,
      outputTokens: usage?.completion_tokens ?? undefined,
      totalTokens: usage?.total_tokens ?? undefined,
      reasoningTokens: countIn(usage?.["completion_tokens_details"], "reasoning_tokens"),
      cachedInputTokens: countIn(usage?.["prompt_tokens_details"], "cached_tokens")
    }
  }
}

/** Returns the parts of a complete response, of which only the first choice is read. */
export const responseParts = (
  completion: ChatCompletion,
  prefix: string,
  requestId: string | undefined
): Either.Either<Array<Response.PartEncoded>, ApiError> =>
  Either.gen(function* () {
    const [choice] = completion.choices
    const { content, reasoning_content: reasoning, tool_calls } = choice?.message ?? {}
    const parts: Array<Response.PartEncoded> = [metadataPart(completion)]
    if (reasoning) parts.push({ type: "reasoning", text: reasoning })
    if (content) parts.push({ type: "text", text: content })
    for (const [position, { function: tool, id }] of (tool_calls ?? []).entries()) {
      const call = {
        id: id || `${prefix}-${position}`,
        name: tool?.name || undefined,
        arguments: tool?.arguments ?? ""
      }
      parts.push(yield* toolCallPart(call, position, choice?.finish_reason, requestId))
    }
    parts.push(finishPart(choice?.finish_reason, completion.usage, (tool_calls ?? []).length > 0))
    return parts
  })
