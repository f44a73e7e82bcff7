/**
 * Decodes the data of one event.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { type ApiError, settle } from "../../ApiError.js"
import { fromException } from "../classify/fromException.js"
import { known } from "../sse/decodeEach.js"
import type { Event } from "../sse/model.js"

/** Returns a function that decodes the data of an event as JSON with a schema. Its errors are settled. */
export const eventDecoder = <A, I, R>(schema: Schema.Schema<A, I, R>) => {
  const decode = Schema.decodeUnknown(schema)
  const failed = (cause: unknown) => settle(fromException(cause, { delivery: "Partial" }), 1)
  return ({ data }: Event): Effect.Effect<A, ApiError, R> => {
    let value: unknown
    try {
      value = JSON.parse(data)
    } catch (cause) {
      return Effect.fail(failed(cause))
    }
    const decoded = decode(value)
    const outcome = known(decoded)
    return outcome === undefined ? Effect.mapError(decoded, failed) : Either.mapLeft(outcome, failed)
  }
}
