/**
 * The key and the cost of an HTTP request for a rate limiter.
 *
 * @since 0.2.0
 */
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import { attempt } from "../errors.js"
import type { RequestFacts } from "../http/requestFacts.js"
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

// --- The default cost ------------------------------------------------------------------------------

const sizeOf = ({ body }: Request): number =>
  body._tag === "Uint8Array"
    ? body.body.length
    : body._tag === "Raw" && typeof body.body === "string"
      ? body.body.length
      : 0

// a quote inside a JSON string follows a backslash, so that the expression matches only the name of a field
const maxField = /(?<!\\)"max_(?:completion_|output_)?tokens"\s*:\s*(\d{1,9})\b/

const inputOf = (request: Request): number => Math.ceil(sizeOf(request) / 4)

const maxOutputOf = ({ text }: RequestFacts): number | undefined => {
  const most = maxField.exec(text)?.[1]
  return most === undefined ? undefined : Number(most)
}

/** Returns the use of a limiter for one request. */
export const useFor = ({ cost, key, use }: CheckedRequestUse, request: Request, facts: RequestFacts): CheckedUse => ({
  ...use,
  key: key?.(request) ?? facts.key,
  cost: cost?.(request) ?? { input: inputOf(request), maxOutput: maxOutputOf(facts) }
})

/**
 * The estimated tokens of a request, computed when they are read. Unless the option `cost` states them, they are unknown for a request
 * that names no model, such as the upload of a file.
 */
export class RequestCost implements Cost {
  readonly #request: Request
  readonly #facts: RequestFacts
  readonly #of: RequestUse["cost"]
  #stated: Cost | undefined

  constructor(request: Request, facts: RequestFacts, of: RequestUse["cost"]) {
    this.#request = request
    this.#facts = facts
    this.#of = of
  }

  get input(): number | undefined {
    if (this.#of !== undefined) return this.#state(this.#of).input
    return this.#facts.model === undefined ? undefined : inputOf(this.#request)
  }

  get maxOutput(): number | undefined {
    if (this.#of !== undefined) return this.#state(this.#of).maxOutput
    return this.#facts.model === undefined ? undefined : maxOutputOf(this.#facts)
  }

  // an exception of the option must not fail a call
  #state(of: (request: Request) => Cost): Cost {
    return (this.#stated ??= attempt(() => of(this.#request)) ?? {})
  }
}

// --- Usage -----------------------------------------------------------------------------------------

type Fields = Readonly<Record<string, unknown>>

export const fieldsOf = (value: unknown): Fields =>
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
