import type { Entry } from "./model.js"

const rfc = (section: string) => `RFC 9110 §${section}`
const openaiErrors = "https://platform.openai.com/docs/guides/error-codes"
const guide = "https://docs.fireworks.ai/guides/reliability"
const inferenceErrors = "https://docs.fireworks.ai/guides/inference-error-codes"
const quotas = "https://docs.fireworks.ai/guides/quotas_usage/account-quotas"
const gatewayCodes = "Fireworks Gateway REST API, gatewayCode"
const anthropicErrors = "https://docs.claude.com/en/api/errors"

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
  { status: 425, class: "Transient", reason: "WeightSwap", executed: false, source: "RFC 8470 §5.2" },
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
  // a code that nobody else uses, so that it is understood without naming the dialect
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
    advice: "Check the path and the model or deployment id; the model may exist and not be deployed.",
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
    advice: "Look the resource up by its id: it may be the one that an earlier, unanswered try created.",
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
      "Back off and smooth bursts out; limits grow with sustained use, and a dedicated deployment has none per account.",
    source: guide
  },
  {
    status: 429,
    target: "dedicated",
    class: "RateLimit",
    reason: "Capacity",
    executed: false,
    advice: "Send fewer requests at once, or raise the deployment's replica count; this is no account quota.",
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
    advice: "Try again; where it persists it is a fault of the server: contact support with the request id.",
    // the error-codes page calls a 500 unlikely to resolve itself; the guide and the SDKs retry it
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
    advice: "Try again; if it persists, shorten the prompt or the answer.",
    source: guide
  },
  {
    status: 520,
    class: "Transient",
    reason: "UnknownStatus",
    advice: "Try again; if it persists, contact support with the request id.",
    source: inferenceErrors
  },
  // Codes that come without a status of their own: in events of a stream, and in the `status` of a job
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
    advice: "Wait and try again; where traffic rose suddenly, go back to the earlier rate and raise it slowly.",
    source: openaiErrors
  }
]

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
    advice: "Try again, and stream answers that take long.",
    source: anthropicErrors
  },
  {
    status: 529,
    class: "Transient",
    reason: "UnknownStatus",
    advice: "Try again with backoff: the API is overloaded for everybody.",
    source: anthropicErrors
  },
  // events of a stream that began with 200
  { code: "invalid_request_error", class: "Fatal", reason: "BadRequest", source: anthropicErrors },
  { code: "authentication_error", class: "Fatal", reason: "Unauthorized", source: anthropicErrors },
  { code: "billing_error", class: "Fatal", reason: "PaymentRequired", source: anthropicErrors },
  { code: "permission_error", class: "Fatal", reason: "Forbidden", source: anthropicErrors },
  { code: "not_found_error", class: "Fatal", reason: "NotFound", source: anthropicErrors },
  { code: "request_too_large", class: "Fatal", reason: "TooLarge", source: anthropicErrors },
  { code: "rate_limit_error", class: "RateLimit", reason: "RateExceeded", executed: false, source: anthropicErrors },
  { code: "timeout_error", class: "Transient", reason: "GatewayTimeout", source: anthropicErrors },
  { code: "api_error", class: "Transient", reason: "ServerError", source: anthropicErrors },
  { code: "overloaded_error", class: "Transient", reason: "Unavailable", source: anthropicErrors }
]
