/**
 * The error of a call that a circuit breaker refuses.
 *
 * @since 0.2.0
 */
import * as Duration from "effect/Duration"
import type { Transient } from "../../ApiError.js"
import { unsafeMake } from "../apiError/unsafeMake.js"
import { maxMillis } from "../options.js"
import type { Refusal } from "./circuit.js"

/** Returns the error of a refused call. `last` describes the failure of the attempt before. */
export const circuitOpen = (key: string, { millis, state }: Refusal, last?: string): Transient => {
  const retryAfter = Duration.millis(Math.min(Math.ceil(millis), maxMillis))
  const next = state === "Open" ? `the next probe is in ${Duration.format(retryAfter)}` : "a probe is under way"
  const error = unsafeMake(
    { class: "Transient", reason: "CircuitOpen" },
    {
      delivery: "NotSent",
      code: state === "Open" ? "open" : "half-open",
      detail: `the key is ${key}; ${next}${last === undefined ? "" : `; the attempt before failed with ${last}`}`,
      retryAfter
    }
  )
  // `unsafeMake` makes an error of the given class
  return error as Transient
}
