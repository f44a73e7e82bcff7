/**
 * Makes errors from fields that are valid by construction.
 *
 * @since 0.1.0
 */
import { type ApiError, Fatal, type Kind, RateLimit, Transient } from "../../ApiError.js"
import { attachCause, construct, stackless } from "./construct.js"

/** The fields of an error, except its reason, its cause and the number of attempts. */
export interface Fields extends Omit<ConstructorParameters<typeof Transient>[0], "reason" | "cause" | "attempts"> {}

const classes = { RateLimit, Transient, Fatal }

/** Makes an error without a stack from fields that are valid by construction. */
export const unsafeMake = (kind: Kind, rest: Fields & { readonly attempts?: number }, cause?: unknown): ApiError => {
  const props: Record<string, unknown> = { _tag: kind.class, reason: kind.reason, attempts: 0 }
  for (const [key, value] of Object.entries(rest)) {
    if (value !== undefined) props[key] = value
  }
  const error = stackless((): ApiError => construct<ApiError>(classes[kind.class], props))
  return attachCause(error, cause)
}
