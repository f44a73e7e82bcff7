/**
 * Waits between the calls of a submission, and between the polls of a watch.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Random from "effect/Random"
import type { ApiError } from "../../ApiError.js"
import { maxMillis } from "../options.js"
import type { Limits, Step, Submission, Watching } from "./model.js"

/** Returns milliseconds: 0 for the first lookup, then 1, 2, 4, 8 and 16 seconds, so that lagging replicas catch up. */
export const pauseBefore = (again: number): number => (again === 0 ? 0 : 1000 * 2 ** (again - 1))

export const hintOf = (error: ApiError | undefined): number =>
  error?.retryAfter === undefined ? 0 : Duration.toMillis(error.retryAfter)

/** Sleeps for the delay plus a random part of up to one second, or a tenth of the delay if that is longer. Zero stays zero. */
export const spread = (after: Duration.Duration): Effect.Effect<void> => {
  const millis = Duration.toMillis(after)
  if (millis === 0) return Effect.void
  return Effect.flatMap(Random.next, (random) => Effect.sleep(millis + random * Math.max(1000, millis / 10)))
}

/** Logs that a submission continues after a failed call. The log holds the job's id, and no text of the server. */
export const logged = (
  next: Submission<unknown>,
  result: Either.Either<unknown, ApiError>,
  id: string
): Effect.Effect<void> => {
  if (Either.isRight(result) || next._tag === "Done" || next._tag === "Failed") return Effect.void
  const { delivery, reason } = result.left
  const sends = next._tag === "Look" ? next.doubt.sends : next.sends
  return Effect.logDebug(next._tag === "Look" ? "the job is looked up" : "the job is sent").pipe(
    Effect.annotateLogs({ job: id, delay: Duration.format(next.after), sends, reason, delivery })
  )
}

interface Again {
  /** If true, waits restart from `interval`. */
  readonly anew: boolean
  /** Milliseconds until a limit of the watch is reached. */
  readonly left: number
  readonly random: number
  /** The error of the last call, if it failed. */
  readonly error?: ApiError | undefined
}

/** Schedules the next poll. The wait ends no later than a limit is reached, and never before the server hint allows. */
export const again = (
  state: Watching,
  { cap, factor, interval, jitter }: Limits,
  { anew, error, left, random }: Again
): readonly [Watching, Step<never>] => {
  const wait = anew || state.wait === 0 ? interval : Math.min(cap, state.wait * factor)
  const hint = hintOf(error)
  // the limit is reached before the server hint allows another poll
  if (error !== undefined && hint > left) return [state, { _tag: "Failed", error }]
  const hinted = hint === 0 || jitter === 0 ? hint : hint + random * Math.max(interval, hint / 10)
  const millis = Math.max(hint, Math.min(left, Math.max(hinted, wait * (1 - jitter + 2 * jitter * random))))
  // timers take whole milliseconds, at most 2^31 - 1
  const after = Duration.millis(Math.min(maxMillis, Math.max(1, Math.ceil(millis))))
  return [
    { ...state, wait },
    { _tag: "Look", after }
  ]
}
