/**
 * Separates requests that a server may have executed from those that it refused.
 *
 * @since 0.2.0
 */
import { reasons } from "../reasons.js"

/** The fields of an `ApiError` that decide. */
interface Failure {
  readonly delivery: string
  readonly executed?: boolean | undefined
  readonly reason: keyof typeof reasons
  readonly status?: number | undefined
}

/** See `ApiError.mayHaveExecuted`. */
export const mayBeExecuted = (error: Failure): boolean =>
  error.delivery !== "NotSent" && (error.executed ?? !refuses(error))

const refuses = (error: Failure): boolean => {
  const { refused } = reasons[error.reason]
  // an error event of a stream follows a response with a successful status
  return (
    refused === "always" ||
    (refused === "by status" && error.delivery === "Acknowledged" && (error.status ?? 400) >= 400)
  )
}
