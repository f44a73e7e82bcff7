/**
 * Requests, looked at before anything is connected.
 *
 * @since 0.1.0
 */
import type * as HttpBody from "@effect/platform/HttpBody"
import type { HttpMethod } from "@effect/platform/HttpMethod"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as UrlParams from "@effect/platform/UrlParams"
import { isSecret, redactUrl } from "../redact.js"

/** Why a request cannot be sent, in words that hold nothing of its contents. */
export class Unsendable {
  readonly detail: string
  constructor(detail: string) {
    this.detail = detail
  }
}

const token = /^[!#$%&'*+.^_`|~\dA-Za-z-]+$/

// what HTTP/1.1 lets a value hold: no control character but the tab
const unsendable = /[^\t\x20-\x7e\x80-\xff]/

// somebody may have taken one argument for another
const shown = (name: string): string =>
  token.test(name) && name.length <= 64 && !isSecret(name) ? name : "of which the name is invalid"

const isOneOf = (value: unknown, ...names: ReadonlyArray<string>): boolean =>
  names.some((name) => Object.prototype.toString.call(value) === `[object ${name}]`)

const isFunction = (value: unknown): boolean => typeof value === "function"

/** Whether a raw body is a value, which can be sent again, or a source that is read once; undefined if it is neither. */
const rawKind = (body: unknown): "value" | "source" | undefined => {
  if (body === null || body === undefined || typeof body === "string" || ArrayBuffer.isView(body)) return "value"
  if (isOneOf(body, "ArrayBuffer", "FormData", "URLSearchParams", "Blob", "File")) return "value"
  if (typeof body !== "object") return undefined
  const source = body as { readonly [Symbol.asyncIterator]?: unknown; readonly getReader?: unknown }
  return isFunction(source[Symbol.asyncIterator]) || isFunction(source.getReader) ? "source" : undefined
}

/** Whether a body is read as it is sent, and perhaps only once. */
export const isStreamed = (body: HttpBody.HttpBody): boolean =>
  body._tag === "Stream" || (body._tag === "Raw" && rawKind(body.body) === "source")

/** Whether anything was asked of a source; what does not tell is taken to have been. */
export const wasRead = (source: unknown): boolean => {
  const { destroyed, locked, readableDidRead } = source as {
    readonly destroyed?: unknown
    readonly locked?: unknown
    readonly readableDidRead?: unknown
  }
  return typeof readableDidRead === "boolean" ? readableDidRead || destroyed === true : locked !== false
}

/** The method, if it can be shown. */
export const methodOf = ({ method }: HttpClientRequest.HttpClientRequest): string | undefined =>
  /^[A-Za-z]{1,16}$/.test(method) ? method : undefined

/** What errors may hold of a request: its method, and its URL as far as it may be shown. */
export const reduced = (request: HttpClientRequest.HttpClientRequest): HttpClientRequest.HttpClientRequest => {
  const { url } = request
  // of a URL that is relative, a host completes what can be recognised
  const shown =
    redactUrl(url) ?? (/^\/(?!\/)/.test(url) ? redactUrl(`http://-${url}`)?.slice("http://-".length) : undefined)
  // a method that cannot be shown is none, which the type does not know
  return HttpClientRequest.make((methodOf(request) ?? "") as HttpMethod)(shown ?? "")
}

/** The host and port of a URL; nothing of one that is relative. */
export const hostOf = (url: string): string | undefined =>
  /^https?:\/\/(?:[^/?#]*@)?([^/?#@]+)/i.exec(url)?.[1]?.toLowerCase()

/** Where a request goes, or why it goes nowhere. */
export const check = (request: HttpClientRequest.HttpClientRequest): URL | Unsendable => {
  const { body, hash, headers, method, url, urlParams } = request
  if (!token.test(method)) return new Unsendable("the method is no HTTP method")
  const target = UrlParams.makeUrl(url, urlParams, hash)
  if (target._tag === "Left") return new Unsendable("the URL is none")
  const { protocol } = target.right
  if (protocol !== "http:" && protocol !== "https:") {
    const begin = isSecret(protocol) ? "something" : protocol.slice(0, 32)
    return new Unsendable(`the URL begins with ${begin} and not with http: or https:`)
  }
  for (const name in headers) {
    const value: unknown = headers[name]
    if (!token.test(name)) return new Unsendable(`a header ${shown(name)}`)
    if (typeof value !== "string" || unsendable.test(value)) {
      return new Unsendable(`the header ${shown(name)} holds a line break, or a character that headers cannot hold`)
    }
  }
  if (body._tag === "Raw" && rawKind(body.body) === undefined) {
    return new Unsendable(
      "the body is no string, bytes, form, blob or stream; to send JSON, use HttpClientRequest.bodyJson"
    )
  }
  return target.right
}
