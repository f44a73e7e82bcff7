/**
 * The id that the server gave a request.
 *
 * @since 0.1.0
 */
import * as Headers from "../http/headers.js"
import { isRequestId } from "../redact.js"

const requestIdPattern = /^[\w.:/=+-]{1,128}$/

/** Finds the request's id in the headers of a response, or in what its body says. */
export const requestIdOf = (names: ReadonlyArray<string>, headers: unknown, fromBody?: string): string | undefined => {
  for (const name of names) {
    const id = Headers.get(headers, name)
    if (id !== undefined) return requestIdPattern.test(id) && isRequestId(id) ? id : undefined
  }
  return fromBody !== undefined && requestIdPattern.test(fromBody) && isRequestId(fromBody) ? fromBody : undefined
}
