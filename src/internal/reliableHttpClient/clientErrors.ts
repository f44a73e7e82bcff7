/**
 * Conversions between the errors of this package and those of `@effect/platform`.
 *
 * @since 0.2.0
 */
import * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Effect from "effect/Effect"
import type { ApiError } from "../../ApiError.js"
import { reduced } from "../http/request.js"
import { type BaseResponse, isSuccess, readWithin, type TooLarge } from "../http/response.js"
import type { Bounds } from "../http/transportHook.js"

/** Returns the error as one of `@effect/platform`. `last` is the last response of the call. */
export const toHttpClientError = (
  request: HttpClientRequest.HttpClientRequest,
  last: BaseResponse | undefined,
  cause: ApiError
): HttpClientError.HttpClientError => {
  if (last !== undefined && cause.status === last.status) {
    const reason = isSuccess(last.status) ? "Decode" : "StatusCode"
    const response = last.shown
    return new HttpClientError.ResponseError({ request: response.request, response, reason, cause })
  }
  const reason = cause.reason === "InvalidRequest" ? "Encode" : "Transport"
  return new HttpClientError.RequestError({ request: reduced(request), reason, cause })
}

/**
 * Returns the response that a filter refused: its body says more, and reading it keeps the connection. A success stays refused.
 */
export const refused = (
  cause: HttpClientError.ResponseError,
  bounds: Bounds
): Effect.Effect<HttpClientResponse.HttpClientResponse, HttpClientError.ResponseError | TooLarge> =>
  isSuccess(cause.response.status)
    ? Effect.zipRight(readWithin(cause.response, bounds, false), Effect.fail(cause))
    : Effect.succeed(cause.response)
