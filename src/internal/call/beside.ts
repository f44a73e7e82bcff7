/**
 * Runs observers that are effects, and makes the errors that only observers receive.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import type { ApiError, Delivery } from "../../ApiError.js"
import { unsafeMake } from "../apiError/unsafeMake.js"

/** Runs an observer in a daemon fiber, so that it can neither fail nor delay the call. */
export const beside = <R>(observe: () => Effect.Effect<unknown, unknown, R>): Effect.Effect<unknown, never, R> =>
  Effect.forkDaemon(Effect.catchAllCause(Effect.suspend(observe), () => Effect.void))

/** Returns the error that observers receive for an error that was not classified. */
export const unclassified = (cause: unknown): ApiError =>
  unsafeMake({ class: "Fatal", reason: "Unknown" }, { delivery: "Unconfirmed" }, cause)

/** Returns the error of a call that was interrupted. `last` describes the error of the attempt before. */
export const abortedAfter = (last: string | undefined, delivery: Delivery): ApiError => {
  const detail = last === undefined ? undefined : `the attempt before failed with ${last}`
  return unsafeMake({ class: "Fatal", reason: "Aborted" }, { delivery, detail })
}
