/**
 * The facts about an HTTP request from which the default keys and costs of rate limiters and circuit breakers are made.
 *
 * @since 0.2.0
 */
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import { withoutAccount } from "../redact.js"
import { hostOf } from "./request.js"

type Request = HttpClientRequest.HttpClientRequest

const credentials = ["authorization", "x-api-key", "api-key", "x-goog-api-key"]

/** Returns a digest of 53 bits that distinguishes credentials (cyrb53). It is too short to reconstruct a credential from it. */
const digest = (text: string): string => {
  let [a, b] = [0xdeadbeef, 0x41c6ce57]
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    a = Math.imul(a ^ code, 2654435761)
    b = Math.imul(b ^ code, 1597334677)
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909)
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909)
  return (4294967296 * (2097151 & b) + (a >>> 0)).toString(36)
}

/** Returns the default key of a request: host, model and a digest of the credential. */
export const keyOf = ({ headers, url }: Request, model: string | undefined): string => {
  const parts = [hostOf(url), model === undefined ? undefined : withoutAccount(model)]
  for (const name of credentials) {
    const credential = headers[name]
    if (credential !== undefined) parts.push(`#${digest(credential)}`)
  }
  return parts.filter(Boolean).join(" ") || "default"
}

const scanned = 4096

/** Returns the beginning and the end of a JSON body: clients put the fields other than the prompt there. */
const textOf = ({ body }: Request): string => {
  if (body._tag === "Raw" && typeof body.body === "string") {
    const text = body.body
    return text.length <= 2 * scanned ? text : text.slice(0, scanned) + text.slice(-scanned)
  }
  if (body._tag !== "Uint8Array" || !/json/i.test(body.contentType)) return ""
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes)
  const bytes = body.body
  return bytes.length <= 2 * scanned
    ? decode(bytes)
    : decode(bytes.subarray(0, scanned)) + decode(bytes.subarray(-scanned))
}

// a quote inside a JSON string follows a backslash, so that the expression matches only the name of a field
const modelField = /(?<!\\)"model"\s*:\s*"([^"\\]{1,200})"/

/** The facts about one request, each computed once and only if it is needed. */
export class RequestFacts {
  readonly #request: Request
  readonly #model: string | undefined
  #text: string | undefined
  #key: string | undefined
  #named: string | undefined

  /** Without a model, it is read from the body. */
  constructor(request: Request, model: string | undefined) {
    this.#request = request
    this.#model = model
  }

  /** The beginning and the end of a JSON body. */
  get text(): string {
    return (this.#text ??= textOf(this.#request))
  }

  /** The model of the request; undefined if it names none. */
  get model(): string | undefined {
    this.#named ??= this.#model ?? modelField.exec(this.text)?.[1] ?? ""
    return this.#named === "" ? undefined : this.#named
  }

  /** The default key of the request. */
  get key(): string {
    return (this.#key ??= keyOf(this.#request, this.model))
  }
}
