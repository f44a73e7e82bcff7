/**
 * The key and the cost of an HTTP request for a rate limiter.
 *
 * @since 0.2.0
 */
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import { hostOf } from "../http/request.js"
import { withoutAccount } from "../redact.js"
import type { Cost, TokenUsage } from "./model.js"
import type { RateLimiter } from "./service.js"
import { type CheckedUse, checkUse } from "./use.js"

type Request = HttpClientRequest.HttpClientRequest

/**
 * A limiter, with the key, the cost and the class of HTTP requests.
 *
 * @since 0.2.0
 * @category model
 */
export interface RequestUse {
  readonly limiter: RateLimiter
  /**
   * Returns the key of a request: the server limits all calls with the same key together. It must not contain a credential,
   * because keys are shown in logs and metrics. @default host, model and a digest of the credential
   */
  readonly key?: ((request: Request) => string) | undefined
  /**
   * Returns the tokens of a call. @default one token for four bytes of the body, and the `max_tokens`, `max_completion_tokens` or
   * `max_output_tokens` of a JSON body
   */
  readonly cost?: ((request: Request) => Cost) | undefined
  /** The class of the calls, one of those of the limiter. @default "interactive" */
  readonly class?: string | undefined
}

/** A use that was validated, with the slack of its class. */
export interface CheckedRequestUse extends Pick<RequestUse, "key" | "cost"> {
  readonly use: CheckedUse
}

export const checkRequestUse = (owner: string, given: RateLimiter | RequestUse): CheckedRequestUse => {
  if (!("limiter" in given)) return { use: checkUse(owner, given) }
  const { cost, key, limiter } = given
  return { use: checkUse(owner, { limiter, class: given.class }), key, cost }
}

// --- The default key -------------------------------------------------------------------------------

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

// --- The default cost ------------------------------------------------------------------------------

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

const sizeOf = ({ body }: Request): number =>
  body._tag === "Uint8Array"
    ? body.body.length
    : body._tag === "Raw" && typeof body.body === "string"
      ? body.body.length
      : 0

// a quote inside a JSON string follows a backslash, so that these expressions match only names of fields
const modelField = /(?<!\\)"model"\s*:\s*"([^"\\]{1,200})"/
const maxField = /(?<!\\)"max_(?:completion_|output_)?tokens"\s*:\s*(\d{1,9})\b/

/** Returns the default key of a request whose model is in its body. */
export const defaultKeyOf = (request: Request): string => keyOf(request, modelField.exec(textOf(request))?.[1])

/** Returns the use of a limiter for one request. */
export const useFor = (
  { cost, key, use }: CheckedRequestUse,
  request: Request,
  model: string | undefined
): CheckedUse => {
  const text = key === undefined || cost === undefined ? textOf(request) : ""
  const [, most] = maxField.exec(text) ?? []
  return {
    ...use,
    key: key?.(request) ?? keyOf(request, model ?? modelField.exec(text)?.[1]),
    cost: cost?.(request) ?? {
      input: Math.ceil(sizeOf(request) / 4),
      maxOutput: most === undefined ? undefined : Number(most)
    }
  }
}

// --- Usage -----------------------------------------------------------------------------------------

type Fields = Readonly<Record<string, unknown>>

const fieldsOf = (value: unknown): Fields =>
  // every property of an object may have any type
  typeof value === "object" && value !== null ? (value as Fields) : {}

const countOf = (value: unknown): number | undefined =>
  typeof value === "number" && value >= 0 && value <= 1e9 ? value : undefined

/** Reads the `usage` of a response or of an event, in the forms of OpenAI, Fireworks and Anthropic. */
export const usageOf = (value: unknown): TokenUsage | undefined => {
  const { message, response, usage } = fieldsOf(value)
  const found = fieldsOf(usage ?? fieldsOf(message)["usage"] ?? fieldsOf(response)["usage"])
  const input = countOf(found["prompt_tokens"] ?? found["input_tokens"])
  const output = countOf(found["completion_tokens"] ?? found["output_tokens"])
  if (input === undefined && output === undefined) return undefined
  return { ...(input !== undefined && { input }), ...(output !== undefined && { output }) }
}

/** Reads the `usage` in the data of an event, which is parsed only if it contains that word. */
export const usageWithin = (data: string): TokenUsage | undefined => {
  if (!data.includes('"usage"')) return undefined
  try {
    return usageOf(JSON.parse(data))
  } catch {
    return undefined
  }
}
