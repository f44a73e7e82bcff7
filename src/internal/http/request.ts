/**
 * Checks of requests before a connection is made.
 *
 * @since 0.1.0
 */
import type * as HttpBody from "@effect/platform/HttpBody"
import type { HttpMethod } from "@effect/platform/HttpMethod"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as UrlParams from "@effect/platform/UrlParams"
import { isSecret, redactUrl } from "../redact.js"

/** The reason why a request cannot be sent. `detail` quotes no secret part of the request. */
export class Unsendable {
  readonly detail: string
  constructor(detail: string) {
    this.detail = detail
  }
}

const token = /^[!#$%&'*+.^_`|~\dA-Za-z-]+$/

// RFC 9110 §5.5: no control character but the tab
const unsendable = /[^\t\x20-\x7e\x80-\xff]/

// the caller may have swapped the name and the value, so the name may be a key
const headerText = (name: string): string =>
  token.test(name) && name.length <= 64 && !isSecret(name) ? `the header ${name}` : "a header whose name is invalid"

const isOneOf = (value: unknown, ...names: ReadonlyArray<string>): boolean =>
  names.some((name) => Object.prototype.toString.call(value) === `[object ${name}]`)

const isFunction = (value: unknown): boolean => typeof value === "function"

/** Returns "value" for a raw body that can be sent again, "source" for one that is read once; undefined for any other. */
const rawKind = (body: unknown): "value" | "source" | undefined => {
  if (body === null || body === undefined || typeof body === "string" || ArrayBuffer.isView(body)) return "value"
  if (isOneOf(body, "ArrayBuffer", "FormData", "URLSearchParams", "Blob", "File")) return "value"
  if (typeof body !== "object") return undefined
  const source = body as { readonly [Symbol.asyncIterator]?: unknown; readonly getReader?: unknown }
  return isFunction(source[Symbol.asyncIterator]) || isFunction(source.getReader) ? "source" : undefined
}

/** Tests whether a body is read while it is sent. It may be readable only once. */
export const isStreamed = (body: HttpBody.HttpBody): boolean =>
  body._tag === "Stream" || (body._tag === "Raw" && rawKind(body.body) === "source")

/** Tests whether reading a source has begun. A source that does not show it counts as read. */
export const wasRead = (source: unknown): boolean => {
  const { destroyed, locked, readableDidRead } = source as {
    readonly destroyed?: unknown
    readonly locked?: unknown
    readonly readableDidRead?: unknown
  }
  return typeof readableDidRead === "boolean" ? readableDidRead || destroyed === true : locked !== false
}

/** Returns the method if it consists of 1 to 16 letters; otherwise undefined, since it could hold a secret. */
export const methodOf = ({ method }: HttpClientRequest.HttpClientRequest): string | undefined =>
  /^[A-Za-z]{1,16}$/.test(method) ? method : undefined

/** Returns a copy of a request for errors: its method and its redacted URL, nothing else. */
export const reduced = (request: HttpClientRequest.HttpClientRequest): HttpClientRequest.HttpClientRequest => {
  const { url } = request
  // a relative URL is redacted with a placeholder for the host
  const safeUrl =
    redactUrl(url) ?? (/^\/(?!\/)/.test(url) ? redactUrl(`http://-${url}`)?.slice("http://-".length) : undefined)
  // the empty method stands for one that cannot be shown
  return HttpClientRequest.make((methodOf(request) ?? "") as HttpMethod)(safeUrl ?? "")
}

/** Returns the host and port of a URL; undefined for a relative one. */
export const hostOf = (url: string): string | undefined =>
  /^https?:\/\/(?:[^/?#]*@)?([^/?#@]+)/i.exec(url)?.[1]?.toLowerCase()

/** The URL that was parsed last. Most calls of a client go to the same one, and parsing costs a few percent of a call. */
let parsed: { readonly text: string; readonly url: URL } | undefined

const urlOf = ({ hash, url: text, urlParams }: HttpClientRequest.HttpClientRequest): URL | undefined => {
  const isWhole = urlParams.length === 0 && hash._tag === "None"
  if (isWhole && parsed?.text === text) return parsed.url
  const made = UrlParams.makeUrl(text, urlParams, hash)
  if (made._tag === "Left") return undefined
  // a relative URL depends on the page
  if (isWhole && hostOf(text) !== undefined) parsed = { text, url: made.right }
  return made.right
}

/** Returns the URL of a request, which is not to be changed, or the reason why the request cannot be sent. */
export const check = (request: HttpClientRequest.HttpClientRequest): URL | Unsendable => {
  const { body, headers, method } = request
  if (!token.test(method)) return new Unsendable("the method is not a valid HTTP method")
  const url = urlOf(request)
  if (url === undefined) return new Unsendable("the URL is invalid")
  const { protocol } = url
  if (protocol !== "http:" && protocol !== "https:") {
    const begin = isSecret(protocol) ? "something" : protocol.slice(0, 32)
    return new Unsendable(`the URL begins with ${begin} instead of http: or https:`)
  }
  for (const name in headers) {
    const value: unknown = headers[name]
    if (!token.test(name)) return new Unsendable("a header has an invalid name")
    if (typeof value !== "string" || unsendable.test(value)) {
      return new Unsendable(`${headerText(name)} contains a line break or another invalid character`)
    }
  }
  if (body._tag === "Raw" && rawKind(body.body) === undefined) {
    return new Unsendable(
      "the body must be a string, bytes, a form, a blob or a stream; to send JSON, use HttpClientRequest.bodyJson"
    )
  }
  return url
}
