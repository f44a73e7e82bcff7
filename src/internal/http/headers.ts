/**
 * What answers carry in their headers, in any of the shapes in which clients hand them out.
 *
 * @since 0.1.0
 */

/** The header shapes of fetch, Node, undici, `@effect/platform` and of plain literals. */
export type HeadersInput =
  | Readonly<Record<string, string | ReadonlyArray<string> | number | undefined>>
  | Iterable<readonly [string, string]>
  | { readonly get: (name: string) => string | null | undefined }

/** A header value longer than this is noise or an attack, and is treated as absent. */
const maxLength = 1024

const first = (value: unknown): string | undefined => {
  const one: unknown = Array.isArray(value) ? value[0] : value
  if (typeof one === "number") return String(one)
  return typeof one === "string" && one.length <= maxLength ? one.trim() : undefined
}

/**
 * Looks a header up by its lower-case name, whatever the casing of the input. Never throws: headers come from the
 * network through whatever client the user has.
 */
export const get = (headers: unknown, name: string): string | undefined => {
  try {
    // what is no object becomes one without headers
    const given = Object(headers) as Readonly<Record<PropertyKey, unknown>>
    const direct = given[name]
    if (direct !== undefined) return first(direct)
    // a Map has a `get` too, which minds the casing
    if (typeof given["get"] === "function" && !(given instanceof Map))
      return first(Reflect.apply(given["get"], given, [name]))
    if (typeof given[Symbol.iterator] === "function") {
      // iterable, as just seen; of what is looked at pair by pair
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
