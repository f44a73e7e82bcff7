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

const isObject = (u: unknown): u is Readonly<Record<PropertyKey, unknown>> => typeof u === "object" && u !== null

/**
 * Looks a header up by its lower-case name, whatever the casing of the input. Never throws: headers come from the
 * network through whatever client the user has.
 */
export const get = (headers: unknown, name: string): string | undefined => {
  try {
    if (!isObject(headers)) return undefined
    const direct = headers[name]
    if (direct !== undefined && typeof direct !== "function") return first(direct)
    // a Map has a `get` too, which minds the casing
    if (typeof headers["get"] === "function" && !(headers instanceof Map))
      return first(Reflect.apply(headers["get"], headers, [name]))
    if (typeof headers[Symbol.iterator] === "function") {
      // iterable, as just seen; of what is looked at pair by pair
      const pairs: unknown = headers
      for (const pair of pairs as Iterable<unknown>) {
        if (Array.isArray(pair) && String(pair[0]).toLowerCase() === name) return first(pair[1])
      }
      return undefined
    }
    for (const key in headers) {
      if (key.length === name.length && key.toLowerCase() === name) return first(headers[key])
    }
    return undefined
  } catch {
    return undefined
  }
}
