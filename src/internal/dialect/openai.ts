/**
 * The statuses and codes of the OpenAI API that differ from the generic ones.
 *
 * @since 0.1.0
 */
import { get } from "../http/headers.js"
import { amount, limitOf, type LimitsReader, resetIn } from "./limitHeaders.js"
import type { Entry } from "./model.js"

const openaiErrors = "https://platform.openai.com/docs/guides/error-codes"

export const openai: ReadonlyArray<Entry> = [
  {
    status: 400,
    code: "context_length_exceeded",
    class: "Fatal",
    reason: "BadRequest",
    advice: "Shorten the prompt or choose a model with a longer context.",
    source: openaiErrors
  },
  {
    status: 403,
    code: "unsupported_country_region_territory",
    class: "Fatal",
    reason: "Forbidden",
    advice: "Call from a country, region or territory that the provider supports.",
    source: openaiErrors
  },
  {
    status: 404,
    code: "model_not_found",
    class: "Fatal",
    reason: "NotFound",
    advice: "Check the model's name, and that the key's project may use it.",
    source: openaiErrors
  },
  {
    status: 429,
    code: "insufficient_quota",
    class: "Fatal",
    reason: "QuotaExhausted",
    advice: "Buy credits or raise the monthly budget; waiting will not help.",
    source: openaiErrors
  },
  {
    status: 500,
    class: "Transient",
    reason: "ServerError",
    advice: "Try again after a brief wait; if it persists, look at https://status.openai.com.",
    source: openaiErrors
  },
  {
    status: 503,
    class: "Transient",
    reason: "Unavailable",
    advice: "Wait and try again; if traffic rose suddenly, go back to the earlier rate and raise it slowly.",
    source: openaiErrors
  }
]

/**
 * Reads the limits of requests and of tokens, with resets such as `6m0s`:
 * https://platform.openai.com/docs/guides/rate-limits#rate-limits-in-headers
 *
 * The limit of tokens counts input and output together. It is returned as the limit of input tokens.
 */
export const openaiLimits: LimitsReader = (headers, _now, scale) =>
  (["requests", "tokens"] as const).flatMap((name) => {
    const read = (part: string) => get(headers, `x-ratelimit-${part}-${name}`)
    const resource = name === "tokens" ? "input" : name
    return limitOf(resource, amount(read("limit")), amount(read("remaining")), resetIn(read("reset")), scale)
  })
