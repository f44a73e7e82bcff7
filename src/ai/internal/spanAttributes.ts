/**
 * Attributes of OpenTelemetry's conventions for generative AI, on the spans of `@effect/ai`. They contain neither prompts nor
 * account ids.
 *
 * @since 0.2.0
 */
import type * as Response from "@effect/ai/Response"
import * as Telemetry from "@effect/ai/Telemetry"
import type { Span } from "effect/Tracer"
import type { ChatRequest } from "../../fireworks/Fireworks.js"
import { withoutAccount } from "../../internal/redact.js"

/** Adds the attributes of a request. */
export const annotateRequest = (span: Span, request: ChatRequest): void => {
  const { max_tokens: maxTokens, model, temperature, top_k: topK, top_p: topP } = request
  Telemetry.addGenAIAnnotations(span, {
    system: "fireworks",
    operation: { name: "chat" },
    request: { model: withoutAccount(model), maxTokens, temperature, topK, topP }
  })
}

/** Adds the attributes that parts of a response contain. */
export const annotateResponse = (
  span: Span,
  parts: ReadonlyArray<Response.PartEncoded | Response.StreamPartEncoded>
): void => {
  for (const part of parts) {
    if (part.type === "response-metadata") {
      const { id, modelId } = part
      const model = modelId === undefined ? undefined : withoutAccount(modelId)
      Telemetry.addGenAIAnnotations(span, { response: { id, model } })
    } else if (part.type === "finish") {
      const { inputTokens, outputTokens } = part.usage
      Telemetry.addGenAIAnnotations(span, {
        response: { finishReasons: [part.reason] },
        usage: { inputTokens, outputTokens }
      })
    }
  }
}
