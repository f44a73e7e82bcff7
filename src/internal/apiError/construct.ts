/**
 * How errors are constructed: without a stack, and with fields that are not enumerable.
 *
 * @since 0.1.0
 */
import { reduce } from "../errors.js"

// V8's switch for stacks, which other engines do not have, nor the types of the language
const v8 = Error as { stackTraceLimit?: number | undefined }

/** Makes an error without a stack. */
export const stackless = <A>(make: () => A): A => {
  const limit = v8.stackTraceLimit
  // no assignment: it would throw where `Error` is frozen
  Reflect.set(v8, "stackTraceLimit", 0)
  try {
    return make()
  } finally {
    Reflect.set(v8, "stackTraceLimit", limit)
  }
}

/** Sets what is not to be seen: not enumerable, as the fields of an error's base class are. */
export const hide = <E extends object>(error: E, key: PropertyKey, value: unknown): E =>
  value === undefined
    ? error
    : Object.defineProperty(error, key, { value, enumerable: false, writable: true, configurable: true })

export const attachCause = <E extends object>(error: E, cause: unknown): E => hide(error, "cause", reduce(cause))
