/**
 * The error of a time limit that this package enforces.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import type { ApiError, Delivery, Phase, Transient } from "../../ApiError.js"
import { unsafeMake } from "../apiError/unsafeMake.js"

/** Makes the error of a call that reached one of its time limits. `last` describes the error of the attempt before. */
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
  // `unsafeMake` makes the class that the first argument names
  return error as Transient
}

/** Returns a timeout with another detail. */
export const timedOutAgain = (
  { _tag: _, cause, reason: __, ...rest }: ApiError,
  detail: string | undefined
): ApiError => unsafeMake({ class: "Transient", reason: "Timeout" }, { ...rest, detail }, cause)
