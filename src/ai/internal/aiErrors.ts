/**
 * Makes the errors of `@effect/ai` from an `ApiError`, which is always their cause.
 *
 * @since 0.2.0
 */
import * as AiError from "@effect/ai/AiError"
import * as Option from "effect/Option"
import type { ApiError } from "../../ApiError.js"
import { unsafeMake } from "../../internal/apiError/unsafeMake.js"
import { type LostIn, type Reason, reasons } from "../../internal/reasons.js"

/** The module and the method that fail. */
export interface Where {
  readonly module: "FireworksEmbeddingModel" | "FireworksLanguageModel"
  readonly method: "embedMany" | "generateText" | "streamText"
}

/** Returns the error for a response that arrived and that `@effect/ai` cannot represent. `detail` contains no text of the model. */
export const malformed = (detail: string, requestId?: string): ApiError =>
  unsafeMake({ class: "Fatal", reason: "Decode" }, { delivery: "Acknowledged", detail, requestId, attempts: 1 })

const unreadable: ReadonlySet<Reason> = /*#__PURE__*/ new Set<Reason>([
  "AnswerTooLarge",
  "Decode",
  "EventTooLarge",
  "InvalidAnswer"
])

const network: ReadonlySet<LostIn | undefined> = /*#__PURE__*/ new Set<LostIn>([
  "connect",
  "connection",
  "dns",
  "proxy",
  "tls"
])

const isUnanswered = ({ delivery, reason }: ApiError): boolean =>
  (delivery === "NotSent" || delivery === "Unconfirmed") && network.has(reasons[reason].lostIn)

/** Sets the cause of an error whose schema has no field for it. */
const withCause = <E extends Error>(error: E, cause: unknown): E =>
  Object.defineProperty(error, "cause", { value: cause, configurable: true, writable: true })

/** Returns the `AiError` with a failed call as its cause. Its fields contain neither headers nor bodies. */
export const toAiError =
  (where: Where) =>
  (cause: ApiError): AiError.AiError => {
    const { reason, status, url = "" } = cause
    const about = { ...where, description: cause.message }
    const request = { method: "POST", url, urlParams: [], hash: Option.none(), headers: {} } as const
    if (reason === "InvalidRequest") return new AiError.MalformedInput({ ...about, cause })
    if (unreadable.has(reason)) return new AiError.MalformedOutput({ ...about, cause })
    if (status !== undefined && (status < 200 || status > 299)) {
      const response = { status, headers: {} }
      return withCause(new AiError.HttpResponseError({ ...about, reason: "StatusCode", request, response }), cause)
    }
    if (isUnanswered(cause)) return new AiError.HttpRequestError({ ...about, reason: "Transport", request, cause })
    return new AiError.UnknownError({ ...about, cause })
  }
