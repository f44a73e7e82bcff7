/**
 * Response headers in undici's raw form: a list of bytes in which names and values alternate.
 *
 * @since 0.1.0
 */
import * as Cookies from "@effect/platform/Cookies"
import * as Headers from "@effect/platform/Headers"
import type { IncomingHttpHeaders } from "node:http"

export type RawHeaders = ReadonlyArray<Buffer>

/** Converts headers that a dispatcher reports as an object, with repeated headers as lists. */
export const rawOf = (headers: IncomingHttpHeaders): RawHeaders =>
  Object.entries(headers).flatMap(([name, values]) =>
    [values ?? []].flat().flatMap((value) => [Buffer.from(name, "latin1"), Buffer.from(value, "latin1")])
  )

/** Returns the value of the first header with a name, which must be in lower case. */
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
