/**
 * The id that a server has given to a request.
 *
 * @since 0.1.0
 */
import * as Headers from "../http/headers.js"
import { isRequestId } from "../redact.js"

const requestIdPattern = /^[\w.:/=+-]{1,128}$/

/** Returns the request's id from the headers of a response or from its body; undefined if it looks like a secret. */
export const requestIdOf = (names: ReadonlyArray<string>, headers: unknown, fromBody?: string): string | undefined => {
  for (const name of names) {
    const id = Headers.get(headers, name)
    if (id !== undefined) return requestIdPattern.test(id) && isRequestId(id) ? id : undefined
  }
  return fromBody !== undefined && requestIdPattern.test(fromBody) && isRequestId(fromBody) ? fromBody : undefined
}
