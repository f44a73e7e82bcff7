/**
 * The statuses and codes of the Fireworks AI API.
 *
 * @since 0.1.0
 */
import { get } from "../http/headers.js"
import { amount, limitOf, type LimitsReader, resetIn, tighter } from "./limitHeaders.js"
import type { Entry } from "./model.js"

const guide = "https://docs.fireworks.ai/guides/reliability"
const inferenceErrors = "https://docs.fireworks.ai/guides/inference-error-codes"
const quotas = "https://docs.fireworks.ai/guides/quotas_usage/account-quotas"
const gatewayCodes = "Fireworks Gateway REST API, gatewayCode"

export const fireworks: ReadonlyArray<Entry> = [
  { status: 400, class: "Fatal", reason: "BadRequest", advice: "Fix the request's parameters.", source: guide },
  {
    status: 401,
    class: "Fatal",
    reason: "Unauthorized",
    advice: "Check the API key: it is missing, wrong or revoked.",
    source: guide
  },
  {
    status: 402,
    class: "Fatal",
    reason: "PaymentRequired",
    advice: "Put the account on a paid plan, or raise its usage limit, at https://fireworks.ai/account/billing.",
    source: inferenceErrors
  },
  {
    status: 403,
    class: "Fatal",
    reason: "Forbidden",
    advice: "Check that the API key belongs to the account that is called and may use the model.",
    source: inferenceErrors
  },
  {
    status: 403,
    code: "quota_exceeded",
    class: "Fatal",
    reason: "Forbidden",
    advice: "Raise the account's tier: its training quota is used up, and waiting will not help.",
    source: quotas
  },
  {
    status: 404,
    class: "Fatal",
    reason: "NotFound",
    advice: "Check the path and the model or deployment id; the model may exist without being deployed.",
    source: guide
  },
  {
    status: 405,
    class: "Fatal",
    reason: "MethodNotAllowed",
    advice: "Check the method; inference takes POST.",
    source: inferenceErrors
  },
  {
    status: 408,
    class: "Transient",
    reason: "RequestTimeout",
    advice: "Try again after a short wait; if it persists, allow more time or shorten the prompt.",
    source: inferenceErrors
  },
  {
    status: 409,
    class: "Fatal",
    reason: "Conflict",
    advice: "Look up the resource by its id: an earlier attempt without a response may have created it.",
    source: gatewayCodes
  },
  {
    status: 412,
    class: "Fatal",
    reason: "PreconditionFailed",
    advice: "Check that the account is in good standing, and that the LoRA is compatible with its base model.",
    source: inferenceErrors
  },
  {
    status: 412,
    says: /suspend|spending limit|past invoice|billing/i,
    class: "Fatal",
    reason: "PreconditionFailed",
    advice:
      "The account is suspended: settle its invoices or raise its spending limit at https://fireworks.ai/account/billing.",
    source: inferenceErrors
  },
  {
    status: 412,
    says: /\blora\b|adapter|add-?on/i,
    class: "Fatal",
    reason: "PreconditionFailed",
    advice: "The LoRA failed to load: check that it was trained for this base model and is deployed on it.",
    source: inferenceErrors
  },
  {
    status: 413,
    class: "Fatal",
    reason: "TooLarge",
    advice: "Send a shorter prompt, or fewer or smaller images.",
    source: inferenceErrors
  },
  {
    status: 422,
    class: "Fatal",
    reason: "Unprocessable",
    advice: "Fix the fields of the request's body that the detail names.",
    source: guide
  },
  {
    status: 425,
    class: "Transient",
    reason: "WeightSwap",
    executed: false,
    advice: "Try again with backoff under the same session-affinity key: the deployment is loading new weights.",
    source: "https://docs.fireworks.ai/guides/rollout-inference"
  },
  {
    status: 429,
    class: "RateLimit",
    reason: "RateExceeded",
    executed: false,
    advice:
      "Back off and spread bursts out; limits grow with sustained use, and a dedicated deployment has no limit per account.",
    source: guide
  },
  {
    status: 429,
    target: "dedicated",
    class: "RateLimit",
    reason: "Capacity",
    executed: false,
    advice: "Send fewer requests at once, or raise the deployment's replica count; this is not an account quota.",
    source: inferenceErrors
  },
  {
    status: 429,
    code: "too_many_requests",
    class: "RateLimit",
    reason: "Overloaded",
    executed: false,
    advice:
      "Back off: the service had no first token ready before its own deadline; the priority tier or a dedicated deployment helps.",
    source: 'observed: "Request didn\'t generate first token before the given deadline, the service is overloaded"'
  },
  {
    status: 429,
    code: "quota_exceeded",
    class: "Fatal",
    reason: "QuotaExhausted",
    advice: "Raise the account's tier; waiting does not free this quota.",
    source: quotas
  },
  {
    status: 500,
    class: "Transient",
    reason: "ServerError",
    advice: "Try again; if it persists, contact support with the request id: the fault is on the server.",
    // the error-codes page says that a 500 is unlikely to resolve itself; the guide and the SDKs retry it
    source: guide
  },
  { status: 502, class: "Transient", reason: "BadGateway", advice: "Wait a moment and try again.", source: guide },
  {
    status: 503,
    class: "Transient",
    reason: "Unavailable",
    advice: "Try again with backoff: load is being shed, or maintenance is under way; see https://status.fireworks.ai.",
    source: guide
  },
  {
    status: 503,
    code: "DEPLOYMENT_SCALING_UP",
    class: "Transient",
    reason: "ScalingUp",
    executed: false,
    advice:
      "Keep trying for some minutes: this request woke the deployment; set a minimum of one replica to avoid cold starts.",
    source: "https://docs.fireworks.ai/deployments/autoscaling"
  },
  {
    status: 504,
    class: "Transient",
    reason: "GatewayTimeout",
    advice: "Try again; if it persists, shorten the prompt or the output.",
    source: guide
  },
  {
    status: 520,
    class: "Transient",
    reason: "UnknownStatus",
    advice: "Try again; if it persists, contact support with the request id.",
    source: inferenceErrors
  },
  // Codes without an HTTP status: in the events of a stream, and in the `status` of a job
  { code: "DEPLOYMENT_SCALING_UP", class: "Transient", reason: "ScalingUp", executed: false, source: gatewayCodes },
  { code: "INVALID_ARGUMENT", class: "Fatal", reason: "BadRequest", source: gatewayCodes },
  { code: "FAILED_PRECONDITION", class: "Fatal", reason: "PreconditionFailed", source: gatewayCodes },
  { code: "OUT_OF_RANGE", class: "Fatal", reason: "BadRequest", source: gatewayCodes },
  { code: "UNAUTHENTICATED", class: "Fatal", reason: "Unauthorized", source: gatewayCodes },
  { code: "PERMISSION_DENIED", class: "Fatal", reason: "Forbidden", source: gatewayCodes },
  { code: "NOT_FOUND", class: "Fatal", reason: "NotFound", source: gatewayCodes },
  { code: "ALREADY_EXISTS", class: "Fatal", reason: "Conflict", source: gatewayCodes },
  { code: "ABORTED", class: "Fatal", reason: "Conflict", source: gatewayCodes },
  { code: "RESOURCE_EXHAUSTED", class: "RateLimit", reason: "RateExceeded", executed: false, source: gatewayCodes },
  { code: "UNAVAILABLE", class: "Transient", reason: "Unavailable", source: gatewayCodes },
  { code: "DEADLINE_EXCEEDED", class: "Transient", reason: "GatewayTimeout", source: gatewayCodes },
  { code: "INTERNAL", class: "Transient", reason: "ServerError", source: gatewayCodes }
]

/**
 * Reads the limits of requests, prompt and generated tokens: https://docs.fireworks.ai/serverless/rate-limits
 *
 * Prompts have two limits: one of all tokens and one of the tokens that are not cached. The one of which the smaller share is left
 * is returned.
 */
export const fireworksLimits: LimitsReader = (headers, _now, scale) => {
  const read = (name: string, resource: "requests" | "input" | "output") => {
    const part = (of: string) => get(headers, `x-ratelimit-${of}-${name}`)
    return limitOf(resource, amount(part("limit")), amount(part("remaining")), resetIn(part("reset")), scale)
  }
  return [
    ...read("requests", "requests"),
    ...tighter([...read("tokens-prompt", "input"), ...read("tokens-cache-adjusted-prompt", "input")]),
    ...read("tokens-generated", "output")
  ]
}
