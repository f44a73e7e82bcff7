/**
 * Translates the reason of a schedule's step into the reason why a call stopped.
 *
 * @since 0.2.0
 */
import type { Stopping, Waiting } from "../call/model.js"

const isWaiting = (why: Waiting | Stopping): why is Waiting =>
  why === "Backoff" || why === "Hint" || why === "Patience" || why === "CircuitOpen" || why === "ReusedSocket"

/**
 * Returns the reason why a schedule stopped. A combinator may stop where our schedule would have continued: the reason is
 * `Attempts`.
 */
export const stopping = (why: Waiting | Stopping): Stopping => (isWaiting(why) ? "Attempts" : why)
