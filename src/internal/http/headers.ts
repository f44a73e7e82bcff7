/**
 * Access to the headers of responses in any of the forms in which HTTP clients return them.
 *
 * @since 0.1.0
 */

/** The header types of fetch, Node, undici and `@effect/platform`, and plain objects. */
export type HeadersInput =
  | Readonly<Record<string, string | ReadonlyArray<string> | number | undefined>>
  | Iterable<readonly [string, string]>
  | { readonly get: (name: string) => string | null | undefined }

/** The longest header value, in characters. A longer one is treated as absent. */
const maxLength = 1024

const first = (value: unknown): string | undefined => {
  const one: unknown = Array.isArray(value) ? value[0] : value
  if (typeof one === "number") return String(one)
  return typeof one === "string" && one.length <= maxLength ? one.trim() : undefined
}

/**
 * Returns a header by its lower-case name; the case of the input's names does not matter. Never throws, since headers come from
 * the network through any HTTP client.
 */
export const get = (headers: unknown, name: string): string | undefined => {
  try {
    // a primitive becomes an object without headers
    const given = Object(headers) as Readonly<Record<PropertyKey, unknown>>
    const direct = given[name]
    if (direct !== undefined) return first(direct)
    // `get` of a Map is case-sensitive
    if (typeof given["get"] === "function" && !(given instanceof Map))
      return first(Reflect.apply(given["get"], given, [name]))
    if (typeof given[Symbol.iterator] === "function") {
      // the test above shows that it is iterable; each element is checked
      const pairs: unknown = given
      for (const pair of pairs as Iterable<unknown>) {
        if (Array.isArray(pair) && String(pair[0]).toLowerCase() === name) return first(pair[1])
      }
      return undefined
    }
    for (const key in given) {
      if (key.toLowerCase() === name) return first(given[key])
    }
    return undefined
  } catch {
    return undefined
  }
}
