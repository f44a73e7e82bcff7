/**
 * Advice to callers whose submission or watch failed.
 *
 * @since 0.1.0
 */
import { type ApiError, type Kind, mayHaveExecuted, settle } from "../../ApiError.js"
import { unsafeMake } from "../apiError/unsafeMake.js"
import type { Phase } from "./model.js"

export const conflicts = {
  Other: "a job of this id exists, with another input",
  Gone: "a job of this id was deleted, and the id cannot be used again"
}

export const mayExist = (id: string): string =>
  `The job may exist: submit it again under the id ${id}, and it is found instead of made twice.`

/** An error status is no fault of the network. */
const again = (error: ApiError, id: string): string =>
  `${error.delivery === "NotSent" ? "check the network path to the API, then " : ""}submit again under the id ${id}.`

export const notLookedUp = (error: ApiError, id: string): string =>
  `The job could not be looked up, so nothing was submitted: ${again(error, id)}`

/** What to do about a submission of which nothing arrived; refusals have an advice of their own. */
export const nothingSent = (error: ApiError, id: string, isSent: boolean): string | undefined => {
  if (error._tag !== "Transient") return undefined
  if (!isSent) return notLookedUp(error, id)
  return error.delivery === "NotSent" ? `Nothing was sent, so no job exists: ${again(error, id)}` : undefined
}

export const moreOf = (option: Phase | "outage"): string =>
  `The job may go on: wait for it again, or allow more time by the option ${option}.`

export const settled = (error: ApiError): ApiError => (error.attempts > 0 ? error : settle(error, 1))

// both are of one error
export const advised = ({ _tag, reason, ...rest }: ApiError, remedy: string): ApiError =>
  unsafeMake({ class: _tag, reason } as Kind, { ...rest, remedy }, rest.cause)

/** Whether a call may have been carried out: not if a server refused it, whatever it refuses with. */
export const mayStand = (error: ApiError): boolean =>
  mayHaveExecuted(error) &&
  !(error._tag === "Fatal" && error.delivery === "Acknowledged" && (error.status ?? 400) >= 400)
