/**
 * Runs the observers of a policy, and makes the errors that they receive.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import type { ApiError } from "../../ApiError.js"
import { unsafeMake } from "../apiError/unsafeMake.js"

/** Returns the error that observers receive for an error that was not classified. */
export const unknown = (cause: unknown): ApiError =>
  unsafeMake({ class: "Fatal", reason: "Unknown" }, { delivery: "Unconfirmed" }, cause)

/** Runs an observer in a daemon fiber, so that it can neither fail nor delay the call. */
export const beside = <R>(observe: () => Effect.Effect<unknown, unknown, R>): Effect.Effect<unknown, never, R> =>
  Effect.forkDaemon(Effect.catchAllCause(Effect.suspend(observe), () => Effect.void))
