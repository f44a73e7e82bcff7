/**
 * Warns of policies that are applied in an order that does not work.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import type { ApiError } from "../../ApiError.js"

const warned = new WeakSet<object>()

/**
 * Returns a warning if an inner owner of retries has settled an error: then a combinator that belongs inside the retries is
 * outside of them. There is one warning for each limiter or breaker.
 */
export const orderWarning = (
  policy: object,
  combinator: string,
  option: "breaker" | "limiter",
  error: ApiError | undefined
): Effect.Effect<void> | undefined => {
  if (error === undefined || error.attempts === 0 || warned.has(policy)) return undefined
  warned.add(policy)
  return Effect.logWarning(
    `${combinator} is around retries: it sees one outcome for all attempts of a call, and does not hold back the attempts inside. ` +
      `Apply it inside the retries, or use the option ${option} of Reliability.make or of the client instead.`
  )
}
