/**
 * The errors of an event stream, each with what is known of its request and response.
 *
 * @since 0.1.0
 */
import type { HttpClientRequest } from "@effect/platform/HttpClientRequest"
import type { HttpClientResponse } from "@effect/platform/HttpClientResponse"
import * as Duration from "effect/Duration"
import { type ApiError, type Delivery, type Fields, type Kind, unsafeMake } from "../ApiError.js"
import * as Classify from "../Classify.js"
import { isSuccess } from "./answer.js"
import { readBody } from "./answerBody.js"
import { type End, givenUpDetail } from "./events.js"

/** What is known of a stream. */
export interface Seen extends Pick<Classify.Context, "dialect" | "target"> {
  readonly request: HttpClientRequest
  /** The response of the present attempt, once its headers have arrived. */
  readonly response: HttpClientResponse | undefined
  readonly now: number
}

const stopped: Kind = { class: "Transient", reason: "StreamBroken" }
const timeout: Kind = { class: "Transient", reason: "Timeout" }
const abort: Kind = { class: "Fatal", reason: "Aborted" }
const eventTooLarge: Kind = { class: "Fatal", reason: "EventTooLarge" }
const serverError: Kind = { class: "Transient", reason: "ServerError" }

const contextOf = ({ dialect, now, response, target, ...seen }: Seen) => {
  // the client may have changed the request
  const { method, url } = response?.request ?? seen.request
  return { dialect, target, method, url, now, ...(response !== undefined && { headers: response.headers }) }
}

const fault = (seen: Seen, kind: Kind, fields: Omit<Fields, "attempts">, cause?: unknown): ApiError => {
  const status = seen.response?.status
  const { method, requestId, url } = Classify.answer({ ...contextOf(seen), status: status ?? 0 })
  return unsafeMake(kind, { status, method, requestId, url, ...fields }, cause)
}

/** The error in the body of a success: what the dialect says of its code, or of the status that gateways put in its place. */
export const errorWithin = (answer: Classify.Answer): ApiError => {
  const said = Classify.answer(answer)
  if (said.reason !== "Unknown") return said
  const status = readBody(answer.body).codes.find((code) => /^[45]\d\d$/.test(code))
  return status === undefined ? said : Classify.answer({ ...answer, status: Number(status) })
}

/** A body that ended too soon, by an error or without one. */
export const broken = (seen: Seen, cause: unknown): ApiError => {
  if (cause === undefined) return fault(seen, stopped, { delivery: "Partial" })
  const { code, detail, phase, reason } = Classify.exception(cause, contextOf(seen))
  const kind = reason === "Timeout" ? timeout : reason === "Aborted" ? abort : stopped
  return fault(seen, kind, { delivery: "Partial", code, detail, phase }, cause)
}

/** A stream that its reader left. */
export const aborted = (seen: Seen): ApiError => fault(seen, abort, { delivery: "Partial" })

/** An attempt that ran into its limit before the first event; `sent`: whether the request had been handed to be sent. */
export const late = (seen: Seen, { delivery, detail, phase }: ApiError, sent: boolean): ApiError =>
  fault(seen, timeout, {
    delivery: seen.response !== undefined ? "Partial" : sent ? delivery : "NotSent",
    detail,
    phase
  })

/** A stream that brought nothing for too long. */
export const silent = (seen: Seen, limit: Duration.Duration): ApiError =>
  fault(seen, timeout, { delivery: "Partial", phase: "read", detail: `the limit is ${Duration.format(limit)}` })

/** A response that is no event stream, and its body. */
export const refused = (seen: Seen, { headers, status }: HttpClientResponse, body: string): ApiError => {
  const answer = { ...contextOf(seen), status, body }
  if (!isSuccess(status)) return Classify.answer(answer)
  const said = errorWithin(answer)
  if (said.reason !== "Decode" && said.reason !== "InvalidAnswer") return said
  const type = /^[\w.+-]{1,40}\/[\w.+-]{1,40}/.exec(headers["content-type"] ?? "")?.[0]
  return fault(
    seen,
    said.reason === "Decode" ? { class: "Fatal", reason: "Decode" } : { class: "Transient", reason: "InvalidAnswer" },
    { delivery: "Acknowledged", detail: `the answer is ${type ?? "something"} and no event stream` }
  )
}

/** An event that ends the stream otherwise than well. */
export const ended = (
  seen: Seen,
  end: Exclude<End, { readonly _tag: "Done" }>,
  maxEvent: number,
  delivery: Delivery
): ApiError => {
  if (end._tag === "TooLarge") {
    return fault(seen, eventTooLarge, { delivery: "Partial", detail: `the limit is ${maxEvent} characters` })
  }
  if (end._tag === "GivenUp") return fault(seen, serverError, { delivery, detail: givenUpDetail })
  return errorWithin({ ...contextOf(seen), delivery, body: end.body, status: seen.response?.status ?? 200 })
}
