/**
 * Makes errors from fields that are valid by construction.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import { type ApiError, Fatal, type Kind, RateLimit, Transient } from "../../ApiError.js"
import { attachCause, stackless } from "./construct.js"

/** The fields of an error, except its reason, its cause and the number of attempts. */
export interface Fields extends Omit<ConstructorParameters<typeof Transient>[0], "reason" | "cause" | "attempts"> {}

const classes = { RateLimit, Transient, Fatal }

/**
 * Makes an error without a stack from fields that are valid by construction.
 *
 * The schema's constructor checks and copies every field, which costs more than the rest of a classification. Therefore this
 * function calls the constructor of its base class.
 */
export const unsafeMake = (kind: Kind, rest: Fields & { readonly attempts?: number }, cause?: unknown): ApiError => {
  const props: Record<string, unknown> = { _tag: kind.class, reason: kind.reason, attempts: 0 }
  for (const [key, value] of Object.entries(rest)) {
    if (value !== undefined) props[key] = value
  }
  const error: unknown = stackless(() => Reflect.construct(Data.Error, [props], classes[kind.class]))
  // `Reflect.construct` makes an instance of its third argument; its type does not say that
  return attachCause(error as ApiError, cause)
}
