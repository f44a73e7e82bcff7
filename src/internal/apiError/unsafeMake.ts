/**
 * Makes errors of fields that are valid by construction.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import { type ApiError, Fatal, type Kind, RateLimit, Transient } from "../../ApiError.js"
import { attachCause, stackless } from "./construct.js"

/** The fields of an error, but for its reason, its cause and the number of attempts. */
export interface Fields extends Omit<ConstructorParameters<typeof Transient>[0], "reason" | "cause" | "attempts"> {}

const classes = { RateLimit, Transient, Fatal }

/**
 * Makes an error of fields that are valid by construction, and without a stack.
 *
 * The schema's constructor checks and copies every field; that costs more than everything else a classification does,
 * on the way of each failed call. This calls the constructor beneath it.
 */
export const unsafeMake = (kind: Kind, rest: Fields & { readonly attempts?: number }, cause?: unknown): ApiError => {
  const props: Record<string, unknown> = { _tag: kind.class, reason: kind.reason, attempts: 0 }
  for (const [key, value] of Object.entries(rest)) {
    if (value !== undefined) props[key] = value
  }
  const error: unknown = stackless(() => Reflect.construct(Data.Error, [props], classes[kind.class]))
  // an instance of the third argument, which `Reflect.construct` is not typed to tell
  return attachCause(error as ApiError, cause)
}
