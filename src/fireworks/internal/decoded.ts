/**
 * Decodes responses of the control plane with a schema.
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

/** An index signature for schemas: fields that a schema does not name are kept. */
export const open = { key: Schema.String, value: Schema.Unknown } as const

/** A field that may be absent or null. */
export const maybe = <A, I>(schema: Schema.Schema<A, I>) => Schema.optional(Schema.NullOr(schema))

/**
 * Decodes the body of a successful response. Fails with `InvalidAnswer` if the body is not JSON, and with `Decode` if it does
 * not match the schema. Errors name the path and never the value. `before` transforms the JSON before it is decoded.
 */
export const decoded =
  <A, I>(schema: Schema.Schema<A, I>, before: (json: unknown) => unknown = identity) =>
  (response: HttpClientResponse.HttpClientResponse): Effect.Effect<A, ApiError> => {
    const { request, status } = response
    return response.json.pipe(
      Effect.flatMap((json) => Schema.decodeUnknown(schema)(before(json))),
      Effect.mapError((cause) => {
        const { _tag, reason, ...rest } = fromException(cause, { method: request.method, url: request.url })
        // `_tag` and `reason` come from one error, so they are a valid `Kind`
        const kind = { class: _tag, reason } as Kind
        // the status shows that the request was carried out
        return unsafeMake(kind, { ...rest, delivery: "Acknowledged", status, attempts: 1 }, cause)
      })
    )
  }
