/**
 * Reads the rest of a response after the last event of its stream.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import { limitedTo } from "../call/timeLimit.js"
import type { Pull } from "../sse/decoder.js"

// the bytes and the milliseconds that are read after the last event, before the connection is closed
const maxDrained = 64 * 1024
const maxDraining = 250

/** Reads a source to its end, so that another request can reuse its connection. */
export const drain = (source: Pull): Effect.Effect<void> => {
  let size = 0
  const rest: Effect.Effect<void, unknown> = Effect.flatMap(source, (pieces) => {
    for (const piece of pieces) size += piece.length
    return size > maxDrained ? Effect.void : rest
  })
  return Effect.ignore(limitedTo(rest, { millis: maxDraining, error: () => undefined }))
}
