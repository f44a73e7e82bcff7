/**
 * All access to parts of Effect that its public API does not have; no other file may name such a part.
 *
 * Each function checks what it finds. Where a version of Effect lacks the part, the function does nothing, and what its callers
 * do with public API holds.
 *
 * @since 0.2.0
 */
import { read } from "../errors.js"

// where Effect keeps the span that an error was first raised in
const span = Symbol.for("effect/SpanAnnotation")

/**
 * Gives a copy of an error the span that the error was raised in. Without it, `Cause.pretty` names the span in which the copy
 * was raised.
 */
export const copySpan = (error: object, copy: object): void => {
  const value = read(error, span)
  const hidden = { value, enumerable: false, writable: true, configurable: true }
  if (value !== undefined) Object.defineProperty(copy, span, hidden)
}
