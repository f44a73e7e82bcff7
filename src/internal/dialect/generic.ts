/**
 * The meaning of each status according to HTTP, and codes that OpenAI-compatible servers share.
 *
 * @since 0.1.0
 */
import { ietfLimits, type LimitsReader } from "./limitHeaders.js"
import { openaiLimits } from "./openai.js"
import type { Entry } from "./model.js"

const rfc = (section: string) => `RFC 9110 §${section}`
const openaiErrors = "https://platform.openai.com/docs/guides/error-codes"

export const generic: ReadonlyArray<Entry> = [
  { status: 400, class: "Fatal", reason: "BadRequest", source: rfc("15.5.1") },
  { status: 401, class: "Fatal", reason: "Unauthorized", source: rfc("15.5.2") },
  { status: 402, class: "Fatal", reason: "PaymentRequired", source: rfc("15.5.3") },
  { status: 403, class: "Fatal", reason: "Forbidden", source: rfc("15.5.4") },
  { status: 404, class: "Fatal", reason: "NotFound", source: rfc("15.5.5") },
  { status: 405, class: "Fatal", reason: "MethodNotAllowed", source: rfc("15.5.6") },
  { status: 407, class: "Fatal", reason: "ProxyRefused", source: rfc("15.5.8") },
  { status: 408, class: "Transient", reason: "RequestTimeout", source: rfc("15.5.9") },
  { status: 409, class: "Fatal", reason: "Conflict", source: rfc("15.5.10") },
  { status: 412, class: "Fatal", reason: "PreconditionFailed", source: rfc("15.5.13") },
  { status: 413, class: "Fatal", reason: "TooLarge", source: rfc("15.5.14") },
  { status: 422, class: "Fatal", reason: "Unprocessable", source: rfc("15.5.21") },
  { status: 425, class: "Transient", reason: "TooEarly", executed: false, source: "RFC 8470 §5.2" },
  { status: 429, class: "RateLimit", reason: "RateExceeded", executed: false, source: "RFC 6585 §4" },
  {
    status: 429,
    target: "dedicated",
    class: "RateLimit",
    reason: "Capacity",
    executed: false,
    source: "RFC 6585 §4"
  },
  { status: 429, code: "insufficient_quota", class: "Fatal", reason: "QuotaExhausted", source: openaiErrors },
  { status: 429, code: "quota_exceeded", class: "Fatal", reason: "QuotaExhausted", source: openaiErrors },
  { status: 500, class: "Transient", reason: "ServerError", source: rfc("15.6.1") },
  { status: 501, class: "Fatal", reason: "UnexpectedStatus", source: rfc("15.6.2") },
  { status: 502, class: "Transient", reason: "BadGateway", source: rfc("15.6.3") },
  { status: 503, class: "Transient", reason: "Unavailable", source: rfc("15.6.4") },
  { status: 504, class: "Transient", reason: "GatewayTimeout", source: rfc("15.6.5") },
  { status: 505, class: "Fatal", reason: "UnexpectedStatus", source: rfc("15.6.6") },
  // Anthropic's status and code, which gateways in front of other providers send too
  {
    status: 529,
    class: "RateLimit",
    reason: "Overloaded",
    executed: false,
    source: "https://docs.claude.com/en/api/errors"
  },
  {
    code: "overloaded_error",
    class: "RateLimit",
    reason: "Overloaded",
    source: "https://docs.claude.com/en/api/errors"
  },
  // only Fireworks uses this code, so it is safe in the generic dialect
  {
    status: 503,
    code: "DEPLOYMENT_SCALING_UP",
    class: "Transient",
    reason: "ScalingUp",
    executed: false,
    source: "https://docs.fireworks.ai/deployments/autoscaling"
  },
  // errors within a stream whose status was 200: OpenAI-compatible servers share these codes
  { code: "server_error", class: "Transient", reason: "ServerError", source: openaiErrors },
  { code: "internal_server_error", class: "Transient", reason: "ServerError", source: openaiErrors },
  { code: "rate_limit_exceeded", class: "RateLimit", reason: "RateExceeded", source: openaiErrors }
]

/** Reads the headers of the IETF draft, or those of OpenAI, which many servers send. */
export const genericLimits: LimitsReader = (headers, now, scale) => {
  const standard = ietfLimits(headers, now, scale)
  return standard.length > 0 ? standard : openaiLimits(headers, now, scale)
}
