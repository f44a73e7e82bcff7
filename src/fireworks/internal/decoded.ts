/**
 * Answers of the control plane, read by a schema.
 *
 * @since 0.1.0
 */
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import * as Schema from "effect/Schema"
import type { ApiError, Kind } from "../../ApiError.js"
import { unsafeMake } from "../../internal/apiError/unsafeMake.js"
import { fromException } from "../../internal/classify/fromException.js"

/** Fields that a schema does not name are kept. */
export const open = { key: Schema.String, value: Schema.Unknown } as const

/** A field that may be absent, or null. */
export const maybe = <A, I>(schema: Schema.Schema<A, I>) => Schema.optional(Schema.NullOr(schema))

/**
 * Reads the body of a success. It fails with `InvalidAnswer` where it is no JSON and `Decode` where it is another, naming the
 * place and never the value. `before` sees what is read first.
 */
export const decoded =
  <A, I>(schema: Schema.Schema<A, I>, before: (json: unknown) => unknown = identity) =>
  (response: HttpClientResponse.HttpClientResponse): Effect.Effect<A, ApiError> => {
    const { request, status } = response
    return response.json.pipe(
      Effect.flatMap((json) => Schema.decodeUnknown(schema)(before(json))),
      Effect.mapError((cause) => {
        const { _tag, reason, ...rest } = fromException(cause, { method: request.method, url: request.url })
        // both are of one error
        const kind = { class: _tag, reason } as Kind
        // a success: who reads the error knows by it that the request was carried out
        return unsafeMake(kind, { ...rest, delivery: "Acknowledged", status, attempts: 1 }, cause)
      })
    )
  }
