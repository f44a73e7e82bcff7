/**
 * Requests for inference, looked at before anything is sent.
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

/** A request with the headers of its options; fails with the name of the one that is empty. */
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

/** By the names of OpenTelemetry's conventions. */
const operationOf = (url: string): string =>
  url.endsWith("/chat/completions") ? "chat" : url.endsWith("/completions") ? "text_completion" : "embeddings"

/** A request that sends JSON of a schema to a model. */
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
      const { detail = "somewhere" } = fromException(cause)
      return invalidRequest(`the request has another shape than the API takes, ${detail}`)
    })
    const { model } = body
    if (isBlank(model)) return yield* invalidRequest("model is empty")
    const request = yield* withOptions(HttpClientRequest.post(url), options)
    const sent = yield* Effect.mapError(
      HttpClientRequest.bodyJson(request, { ...encoded, ...more }),
      // what it says may quote what it could not encode
      () => invalidRequest("the request holds something that JSON cannot hold")
    )
    const target = targetOf(model)
    return {
      request: sent,
      body: () => encoded,
      model,
      operation: operationOf(url),
      target,
      workload: options.workload,
      // a second completion does no harm but its price
      idempotency: "safe"
    }
  })
