/**
 * Copies of errors with other fields.
 *
 * @since 0.2.0
 */
import * as Hash from "effect/Hash"
import { copySpan } from "../call/effectInternals.js"
import { isUnsafe, markUnsafe } from "../call/unsafeErrors.js"
import { attempt } from "../errors.js"
import { stackless } from "./construct.js"

/** Returns the stack frames of an error under the name and message of its copy. */
const stackOf = (error: Error, copy: Error): string | undefined => {
  const { stack } = error
  if (stack === undefined || !stack.includes("\n    at ")) return undefined
  const words = `${error.name}: ${error.message}`
  return stack.startsWith(words) ? `${copy.name}: ${copy.message}${stack.slice(words.length)}` : stack
}

/**
 * Copies an error with other values of some fields. A field whose value is undefined is removed. The copy keeps the class, the
 * other fields and the stack of the original, which may be of a subclass of the user.
 */
export const copyWith = <E extends Error>(error: E, fields: { readonly [field: string]: unknown }): E => {
  const { stack: _stack, ...own } = Object.getOwnPropertyDescriptors<Error>(error)
  // the copy has other fields than the original, whose hash `Equal` stores on the object
  Reflect.deleteProperty(own, Hash.symbol)
  for (const key of Object.keys(fields)) Reflect.deleteProperty(own, key)
  const blank = stackless(() => new Error())
  Reflect.setPrototypeOf(blank, Reflect.getPrototypeOf(error))
  // the copy has the prototype and all fields of `E`
  const copy = Object.defineProperties(blank, own) as E
  const define = (key: PropertyKey, value: unknown, enumerable = false) =>
    Object.defineProperty(copy, key, { value, enumerable, writable: true, configurable: true })
  for (const [key, value] of Object.entries(fields)) if (value !== undefined) define(key, value, true)
  const stack = attempt(() => stackOf(error, copy))
  if (stack !== undefined) define("stack", stack)
  copySpan(error, copy)
  if (isUnsafe(error)) markUnsafe(copy)
  return copy
}
