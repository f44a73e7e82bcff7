/**
 * Classification of exceptions that hold no response.
 *
 * @since 0.1.0
 */
import type { ApiError } from "../../ApiError.js"
import { exception, type ExceptionContext } from "../../Classify.js"

/** Classifies an exception that holds no response, and therefore needs no current time. */
export const fromException = (cause: unknown, context?: ExceptionContext): ApiError =>
  // only dates in the headers of a response are compared with the time
  exception(cause, { ...context, now: Number.NaN })
