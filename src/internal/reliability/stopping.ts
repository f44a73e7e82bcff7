/**
 * Translates the reason of a schedule's step into the reason why a call stopped.
 *
 * @since 0.2.0
 */
import type { Stopping, Waiting } from "../call/model.js"

/**
 * Returns the reason why a schedule stopped. A combinator may stop where our schedule would have continued: the reason is
 * `Attempts`.
 */
export const stopping = (why: Waiting | Stopping): Stopping =>
  why === "Backoff" || why === "Hint" || why === "Patience" || why === "ReusedSocket" ? "Attempts" : why
