/**
 * Runs observers that are effects.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"

/** Runs an observer in a daemon fiber, so that it can neither fail nor delay the call. */
export const beside = <R>(observe: () => Effect.Effect<unknown, unknown, R>): Effect.Effect<unknown, never, R> =>
  Effect.forkDaemon(Effect.catchAllCause(Effect.suspend(observe), () => Effect.void))
