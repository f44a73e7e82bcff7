/**
 * Admission of one attempt of a call by a rate limiter.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as RuntimeFlags from "effect/RuntimeFlags"
import type { AnyFiber } from "../call/model.js"
import { interruptionsOf } from "../call/timeLimit.js"
import type { Entry } from "./engine.js"
import type { Pass } from "./pass.js"
import type { RateLimiter, Refused } from "./service.js"

/** The continuations of an admission. */
export interface Continuation<A, E, R> {
  /** Called before a wait begins. */
  readonly onWait: () => void
  /** Continues a call that the limiter refused. */
  readonly onRefusal: (refused: Refused) => Effect.Effect<A, E, R>
  /** Runs the admitted attempt. It is called inside a mask; the effect that it returns runs outside of the mask. */
  readonly onPass: (
    pass: Pass,
    fiber: AnyFiber,
    flags: RuntimeFlags.RuntimeFlags,
    interruptions: unknown
  ) => Effect.Effect<Effect.Effect<A, E, R>, E, R>
}

/**
 * Requests admission, and waits for it if necessary. Nothing can be interrupted between the admission and `onPass`, so that no
 * pass is lost.
 */
export const admission = <A, E, R>(
  limiter: RateLimiter,
  entry: Entry,
  fiber: AnyFiber,
  flags: RuntimeFlags.RuntimeFlags,
  continuation: Continuation<A, E, R>
): Effect.Effect<A, E, R> => {
  const interruptions = interruptionsOf(fiber)
  const admitted = Effect.suspend(() => {
    const pass = limiter.enter(entry)
    if (pass !== undefined) return continuation.onPass(pass, fiber, flags, interruptions)
    continuation.onWait()
    const waiting = limiter.wait(entry)
    return Effect.matchEffect(RuntimeFlags.interruption(flags) ? Effect.interruptible(waiting) : waiting, {
      onFailure: (refused) => Effect.succeed(continuation.onRefusal(refused)),
      onSuccess: (late) => continuation.onPass(late, fiber, flags, interruptions)
    })
  })
  return Effect.flatten(Effect.uninterruptible(admitted))
}
