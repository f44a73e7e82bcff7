/**
 * Advice for callers whose submission or watch failed.
 *
 * @since 0.1.0
 */
import { type ApiError, type Kind, mayHaveExecuted, settle } from "../../ApiError.js"
import { unsafeMake } from "../apiError/unsafeMake.js"
import type { Phase } from "./model.js"

export const conflicts = {
  Other: "a job with this id exists, and its input is different",
  Gone: "a job with this id was deleted, and the id cannot be used again"
}

export const mayExist = (id: string): string =>
  `The job may exist: submit it again with the id ${id}. An existing job is found and not created twice.`

// a response with an error status shows that the network path works
const again = (error: ApiError, id: string): string =>
  `${error.delivery === "NotSent" ? "check the network path to the API, then " : ""}submit again with the id ${id}.`

export const notLookedUp = (error: ApiError, id: string): string =>
  `The job could not be looked up, so nothing was submitted: ${again(error, id)}`

/** Returns advice for a submission that did not reach the server. Refusals keep the advice of their own error. */
export const nothingSent = (error: ApiError, id: string, isSent: boolean): string | undefined => {
  if (error._tag !== "Transient") return undefined
  if (!isSent) return notLookedUp(error, id)
  return error.delivery === "NotSent" ? `Nothing was sent, so no job exists: ${again(error, id)}` : undefined
}

export const moreOf = (option: Phase | "outage"): string =>
  `The job may still be running: wait for it again, or raise the option ${option}.`

export const settled = (error: ApiError): ApiError => (error.attempts > 0 ? error : settle(error, 1))

// `_tag` and `reason` come from one error, so they are a valid `Kind`
export const advised = ({ _tag, reason, ...rest }: ApiError, remedy: string): ApiError =>
  unsafeMake({ class: _tag, reason } as Kind, { ...rest, remedy }, rest.cause)

/** Returns true if the server may have carried out the call. A `Fatal` error status is a refusal. */
export const mayStand = (error: ApiError): boolean =>
  mayHaveExecuted(error) &&
  !(error._tag === "Fatal" && error.delivery === "Acknowledged" && (error.status ?? 400) >= 400)
