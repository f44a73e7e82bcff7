/**
 * Validates and encodes requests for inference.
 *
 * @since 0.1.0
 */
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { ApiError } from "../../../ApiError.js"
import { fromException } from "../../../internal/classify/fromException.js"
import type { Target } from "../../../internal/dialect/model.js"
import { type Call, invalidRequest } from "../client.js"
import type { CallOptions } from "../model.js"

const isBlank = (text: unknown): boolean => typeof text !== "string" || text.trim() === ""

/** Adds the headers of the options to a request. Fails with the name of an empty option. */
export const withOptions = (
  request: HttpClientRequest.HttpClientRequest,
  options: CallOptions
): Effect.Effect<HttpClientRequest.HttpClientRequest, ApiError> => {
  const { headers = {}, multiTurnSession, requestId, sessionAffinity } = options
  const named = [
    ["sessionAffinity", "x-session-affinity", sessionAffinity],
    ["multiTurnSession", "x-multi-turn-session-id", multiTurnSession],
    ["requestId", "x-request-id", requestId]
  ] as const
  let prepared = HttpClientRequest.setHeaders(request, headers)
  for (const [option, header, value] of named) {
    if (value === undefined) continue
    if (isBlank(value)) return Effect.fail(invalidRequest(`${option} is empty`))
    prepared = HttpClientRequest.setHeader(prepared, header, value)
  }
  return Effect.succeed(prepared)
}

/** Returns the operation name of OpenTelemetry's semantic conventions. */
const operationOf = (url: string): string =>
  url.endsWith("/chat/completions") ? "chat" : url.endsWith("/completions") ? "text_completion" : "embeddings"

/** Encodes a request body with its schema, and prepares the call to the model. */
export const prepare = <A extends { readonly model: string }, I>(
  url: string,
  schema: Schema.Schema<A, I>,
  body: A,
  options: CallOptions,
  targetOf: (model: string) => Target | undefined,
  more: object = {}
): Effect.Effect<Call, ApiError> =>
  Effect.gen(function* () {
    const encoded = yield* Effect.mapError(Schema.encode(schema)(body), (cause) => {
      const { detail = "at an unknown path" } = fromException(cause)
      return invalidRequest(`the request has a missing or invalid value ${detail}`)
    })
    const { model } = body
    if (isBlank(model)) return yield* invalidRequest("model is empty")
    const request = yield* withOptions(HttpClientRequest.post(url), options)
    const sent = yield* Effect.mapError(
      HttpClientRequest.bodyJson(request, { ...encoded, ...more }),
      // the message of the cause may contain the value
      () => invalidRequest("the request contains a value that JSON cannot represent")
    )
    const target = targetOf(model)
    return {
      request: sent,
      body: () => encoded,
      model,
      operation: operationOf(url),
      target,
      workload: options.workload,
      // a repeated completion costs tokens and has no other effect
      idempotency: "safe"
    }
  })
