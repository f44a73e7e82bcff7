/**
 * The headers of an answer as undici has them: names and values in turn, as bytes.
 *
 * @since 0.1.0
 */
import * as Cookies from "@effect/platform/Cookies"
import * as Headers from "@effect/platform/Headers"

export type RawHeaders = ReadonlyArray<Buffer>

/** Undici's interceptors put the values of a name that came several times into a list. */
export const flat = (raw: ReadonlyArray<Buffer | ReadonlyArray<Buffer>>): RawHeaders => {
  const pairs: Array<Buffer> = []
  for (let index = 0; index + 1 < raw.length; index += 2) {
    for (const name of [raw[index]].flat()) {
      for (const value of [raw[index + 1]].flat())
        if (name !== undefined && value !== undefined) pairs.push(name, value)
    }
  }
  return pairs
}

/** The value of the first header of a name, in lower case. */
export const headerOf = (raw: RawHeaders, name: string): string | undefined => {
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const key = raw[index]
    if (key?.length === name.length && key.toString("latin1").toLowerCase() === name) {
      return raw[index + 1]?.toString("latin1")
    }
  }
  return undefined
}

export const headersOf = (raw: RawHeaders): Headers.Headers => {
  const headers: Record<string, string> = {}
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index]?.toString("latin1").toLowerCase() ?? ""
    const value = raw[index + 1]?.toString("latin1") ?? ""
    const before = Object.hasOwn(headers, name) ? headers[name] : undefined
    headers[name] = before === undefined ? value : `${before}, ${value}`
  }
  return Headers.unsafeFromRecord(headers)
}

export const cookiesOf = (raw: RawHeaders): Cookies.Cookies =>
  Cookies.fromSetCookie(
    raw.flatMap((name, index) =>
      index % 2 === 0 && name.toString("latin1").toLowerCase() === "set-cookie"
        ? [raw[index + 1]?.toString("latin1") ?? ""]
        : []
    )
  )
