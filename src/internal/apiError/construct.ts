/**
 * Construction of errors without a stack and with fields that are not enumerable.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import { reduce } from "../errors.js"

// V8's limit of stack frames: other engines and TypeScript's types do not have it
const v8 = Error as { stackTraceLimit?: number | undefined }

/** Makes an error without a stack. */
export const stackless = <A>(make: () => A): A => {
  const limit = v8.stackTraceLimit
  // an assignment would throw if `Error` is frozen
  Reflect.set(v8, "stackTraceLimit", 0)
  try {
    return make()
  } finally {
    Reflect.set(v8, "stackTraceLimit", limit)
  }
}

/**
 * Makes an instance of a class of errors from fields that are valid.
 *
 * The constructor of a schema class checks and copies every field, which costs more than all the rest. Therefore this function
 * calls the constructor of its base class.
 */
export const construct = <E>(errorClass: abstract new (...args: Array<never>) => E, fields: object): E =>
  // `Reflect.construct` makes an instance of its third argument; its type does not say that
  Reflect.construct(Data.Error, [fields], errorClass) as E

/** Sets a field that is not enumerable, like the fields of `Error` itself. Does nothing if the value is undefined. */
export const hide = <E extends object>(error: E, key: PropertyKey, value: unknown): E =>
  value === undefined
    ? error
    : Object.defineProperty(error, key, { value, enumerable: false, writable: true, configurable: true })

/** Sets the `cause` of an error to the reduced form of an exception. */
export const attachCause = <E extends object>(error: E, cause: unknown): E => hide(error, "cause", reduce(cause))
