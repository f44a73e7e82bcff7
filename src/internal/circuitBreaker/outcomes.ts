/**
 * The outcomes of errors for a circuit breaker.
 *
 * @since 0.2.0
 */
import type { ApiError } from "../../ApiError.js"
import { reasons } from "../reasons.js"
import type { Outcome } from "./model.js"

export const success: Outcome = { _tag: "Success" }
export const ignored: Outcome = { _tag: "Ignored" }
const failed: Outcome = { _tag: "Failure" }

/** Returns the outcome of an error, by its reason and what else it says. */
export const outcomeOf = ({ phase, reason, retryAfter, reusedSocket }: ApiError): Outcome => {
  if (reasons[reason].circuit === "Ignored") return ignored
  // the caller's deadline and its pool of connections do not describe the server, and neither does a connection it closed idle
  if (phase === "deadline" || phase === "pool" || reusedSocket === true) return ignored
  return retryAfter === undefined ? failed : { _tag: "Failure", retryAfter }
}
