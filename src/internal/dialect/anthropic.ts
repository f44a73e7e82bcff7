/**
 * The statuses and codes of the Anthropic API that differ from the generic ones.
 *
 * @since 0.1.0
 */
import { get } from "../http/headers.js"
import { amount, limitOf, type LimitsReader, resetAt } from "./limitHeaders.js"
import type { Entry } from "./model.js"

const anthropicErrors = "https://docs.claude.com/en/api/errors"

export const anthropic: ReadonlyArray<Entry> = [
  {
    status: 402,
    class: "Fatal",
    reason: "PaymentRequired",
    advice: "Check the organisation's payment details.",
    source: anthropicErrors
  },
  {
    status: 413,
    class: "Fatal",
    reason: "TooLarge",
    advice: "Keep the request below the endpoint's limit, 32 MB for messages.",
    source: anthropicErrors
  },
  {
    status: 429,
    class: "RateLimit",
    reason: "RateExceeded",
    executed: false,
    advice: "Wait as long as the server asks, and raise traffic gradually: sudden growth is limited too.",
    source: anthropicErrors
  },
  {
    status: 504,
    class: "Transient",
    reason: "GatewayTimeout",
    advice: "Try again, and stream long responses.",
    source: anthropicErrors
  },
  {
    status: 529,
    class: "RateLimit",
    reason: "Overloaded",
    executed: false,
    advice: "Retry with backoff: the API is overloaded for all its users.",
    source: anthropicErrors
  },
  // codes of error events in a stream that began with 200
  { code: "invalid_request_error", class: "Fatal", reason: "BadRequest", source: anthropicErrors },
  { code: "authentication_error", class: "Fatal", reason: "Unauthorized", source: anthropicErrors },
  { code: "billing_error", class: "Fatal", reason: "PaymentRequired", source: anthropicErrors },
  { code: "permission_error", class: "Fatal", reason: "Forbidden", source: anthropicErrors },
  { code: "not_found_error", class: "Fatal", reason: "NotFound", source: anthropicErrors },
  { code: "request_too_large", class: "Fatal", reason: "TooLarge", source: anthropicErrors },
  { code: "rate_limit_error", class: "RateLimit", reason: "RateExceeded", executed: false, source: anthropicErrors },
  { code: "timeout_error", class: "Transient", reason: "GatewayTimeout", source: anthropicErrors },
  { code: "api_error", class: "Transient", reason: "ServerError", source: anthropicErrors },
  { code: "overloaded_error", class: "RateLimit", reason: "Overloaded", source: anthropicErrors }
]

const limited = { requests: "requests", "input-tokens": "input", "output-tokens": "output" } as const

/**
 * Reads the limits of requests, input and output tokens, with resets as dates of RFC 3339:
 * https://docs.claude.com/en/api/rate-limits#response-headers
 */
export const anthropicLimits: LimitsReader = (headers, now, scale) =>
  Object.entries(limited).flatMap(([name, resource]) => {
    const read = (part: string) => get(headers, `anthropic-ratelimit-${name}-${part}`)
    return limitOf(resource, amount(read("limit")), amount(read("remaining")), resetAt(read("reset"), now), scale)
  })
