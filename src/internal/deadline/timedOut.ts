/**
 * The error of a limit that is kept by this package.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import type { Delivery, Phase, Transient } from "../../ApiError.js"
import { unsafeMake } from "../apiError/unsafeMake.js"

/** Makes the error of a call that ran into its own limit; names what the attempt before failed with. */
export const timedOut = (
  phase: Phase,
  limit: Duration.Duration,
  {
    attempts,
    delivery = "Unconfirmed",
    last
  }: { readonly attempts: number; readonly delivery?: Delivery; readonly last?: string | undefined }
): Transient => {
  const before = last === undefined ? "" : `; the attempt before failed with ${last}`
  const detail = `the limit is ${Duration.format(limit)}${before}`
  const error = unsafeMake({ class: "Transient", reason: "Timeout" }, { delivery, phase, detail, attempts })
  // of the class just named
  return error as Transient
}
