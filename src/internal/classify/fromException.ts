/**
 * Classifies an exception that holds no response.
 *
 * @since 0.1.0
 */
import type { ApiError } from "../../ApiError.js"
import { exception, type ExceptionContext } from "../../Classify.js"

/** Classifies an exception that holds no response, so that the time makes no difference. */
export const fromException = (cause: unknown, context?: ExceptionContext): ApiError =>
  // no date can be compared with it
  exception(cause, { ...context, now: Number.NaN })
