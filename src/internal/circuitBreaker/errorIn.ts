/**
 * The classification of causes for a circuit breaker. Policies reach it by their breaker, so that it is not loaded without one.
 *
 * @since 0.2.0
 */
import * as Cause from "effect/Cause"
import { type ApiError, isApiError } from "../../ApiError.js"
import * as Classify from "../../Classify.js"

/** Returns the error for which the outcome of a cause is decided; undefined for an interruption. */
export const errorIn = (cause: Cause.Cause<unknown>, now: number): ApiError | undefined => {
  if (Cause.isInterruptedOnly(cause)) return undefined
  const error = Cause.squash(cause)
  return isApiError(error) ? error : Classify.exception(error, { now })
}
