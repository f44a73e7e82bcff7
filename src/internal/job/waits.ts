/**
 * Waits between the calls of a submission, and between the looks of a watch.
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

/** At once, then after 1, 2, 4, 8, 16 seconds: replicas lag behind. */
export const pauseBefore = (again: number): number => (again === 0 ? 0 : 1000 * 2 ** (again - 1))

export const hintOf = (error: ApiError | undefined): number =>
  error?.retryAfter === undefined ? 0 : Duration.toMillis(error.retryAfter)

/** Waits so long and, unless that is not at all, up to a second or a tenth more. */
export const spread = (after: Duration.Duration): Effect.Effect<void> => {
  const millis = Duration.toMillis(after)
  if (millis === 0) return Effect.void
  return Effect.flatMap(Random.next, (random) => Effect.sleep(millis + random * Math.max(1000, millis / 10)))
}

/** Reports that a submission goes on after a call that failed, in words that name nothing but the job. */
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
  /** Whether waits begin anew. */
  readonly anew: boolean
  /** How long a limit leaves. */
  readonly left: number
  readonly random: number
  /** What came of the last call, if it failed. */
  readonly error?: ApiError | undefined
}

/** Waits, and looks again: as soon as a limit would be reached, but never before the server wants. */
export const again = (
  state: Watching,
  { cap, factor, interval, jitter }: Limits,
  { anew, error, left, random }: Again
): readonly [Watching, Step<never>] => {
  const wait = anew || state.wait === 0 ? interval : Math.min(cap, state.wait * factor)
  const hint = hintOf(error)
  // what would be asked after the limit would be asked in vain
  if (error !== undefined && hint > left) return [state, { _tag: "Failed", error }]
  const hinted = hint === 0 || jitter === 0 ? hint : hint + random * Math.max(interval, hint / 10)
  const millis = Math.max(hint, Math.min(left, Math.max(hinted, wait * (1 - jitter + 2 * jitter * random))))
  // a timer has whole milliseconds, and not too many
  const after = Duration.millis(Math.min(maxMillis, Math.max(1, Math.ceil(millis))))
  return [
    { ...state, wait },
    { _tag: "Look", after }
  ]
}
