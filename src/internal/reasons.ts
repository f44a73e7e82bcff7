/**
 * All facts about the error reasons, in one table for each class: what happened, what to do, and who can act on it.
 *
 * The reasons are the keys of these tables, so that no reason can lack a fact.
 *
 * @since 0.1.0
 */

/** The part of an exchange in which an attempt was lost. */
export type LostIn = "dns" | "connect" | "tls" | "proxy" | "connection" | "abort" | "client"

/**
 * The party that can act on an error: the caller, the provider or the owner of the account; `unclear` if evidence must decide.
 */
export const sides = ["yours", "provider", "account", "unclear"] as const

/** One of `sides`. */
export type Side = (typeof sides)[number]

/** Groups of errors that servers report, for advice on many errors at once. */
export type Group = "rate" | "capacity" | "starting" | "account" | "request" | "server"

/** The facts about one reason. */
export interface Facts {
  /** A clause that says what happened. In an error's message it follows the reason. */
  readonly happened: string
  /** The default advice, a sentence in the imperative. */
  readonly advice: string
  /**
   * The server refused the request before it executed any of it: always, or only if the reason comes from a response with an
   * error status. Absent if the request may have been executed.
   */
  readonly refused?: "always" | "by status"
  /** The part in which the attempt was lost; absent if a response of the server reports the reason. */
  readonly lostIn?: LostIn
  readonly side: Side
  readonly group?: Group
  /**
   * The outcome of the attempt for a circuit breaker. `Ignored` are refusals by rate or number, starting deployments, mistakes of
   * the caller, and failures before the origin was reached. See `outcomeOf` for what else an error says.
   */
  readonly circuit: "Failure" | "Ignored"
}

/** Reasons of `RateLimit`. */
export const rateLimitReasons = {
  RateExceeded: {
    happened: "the rate limit was exceeded",
    advice: "Wait as long as the server asks, and spread the calls out.",
    refused: "always",
    side: "account",
    group: "rate",
    circuit: "Ignored"
  },
  Capacity: {
    happened: "the deployment is saturated",
    advice: "Send fewer calls at once, or add replicas.",
    refused: "always",
    side: "account",
    group: "capacity",
    circuit: "Ignored"
  },
  Overloaded: {
    happened: "the service is overloaded",
    advice: "Wait, then retry with fewer calls at once.",
    refused: "always",
    side: "provider",
    group: "capacity",
    circuit: "Failure"
  },
  LocallyLimited: {
    happened: "the rate limiter of this process had no room for the call",
    advice: "Send fewer calls at once, or allow them more time.",
    lostIn: "client",
    side: "yours",
    circuit: "Ignored"
  }
} as const satisfies Record<string, Facts>

/** Reasons of `Transient`. */
export const transientReasons = {
  ServerError: {
    happened: "the server failed",
    advice: "Retry; if the error persists, contact the provider with the request id.",
    side: "provider",
    group: "server",
    circuit: "Failure"
  },
  BadGateway: {
    happened: "a gateway received no valid response from the server behind it",
    advice: "Wait a moment, then retry.",
    side: "provider",
    group: "server",
    circuit: "Failure"
  },
  Unavailable: {
    happened: "the service is unavailable",
    advice: "Wait, then retry; check the provider's status page.",
    side: "provider",
    group: "server",
    circuit: "Failure"
  },
  GatewayTimeout: {
    happened: "a gateway waited too long for the server behind it",
    advice: "Retry, or make the request smaller.",
    side: "provider",
    group: "server",
    circuit: "Failure"
  },
  RequestTimeout: {
    happened: "the server gave up waiting for the request",
    advice: "Wait a moment, then retry.",
    side: "provider",
    group: "server",
    circuit: "Failure"
  },
  TooEarly: {
    happened: "the server does not accept early data",
    advice: "Retry once the connection is established.",
    refused: "always",
    side: "provider",
    group: "server",
    circuit: "Ignored"
  },
  ScalingUp: {
    happened: "the deployment is scaling up from zero",
    advice: "Wait some minutes, or keep at least one replica running.",
    refused: "always",
    side: "account",
    group: "starting",
    circuit: "Ignored"
  },
  WeightSwap: {
    happened: "the deployment is loading new weights",
    advice: "Retry shortly.",
    refused: "always",
    side: "account",
    group: "starting",
    circuit: "Ignored"
  },
  UnknownStatus: {
    happened: "the server failed with an unusual status",
    advice: "Retry; if the error persists, contact the provider.",
    side: "provider",
    group: "server",
    circuit: "Failure"
  },
  Timeout: {
    happened: "a timeout expired",
    advice: "Retry, or choose a workload that allows more time.",
    lostIn: "client",
    side: "provider",
    circuit: "Failure"
  },
  NameLookup: {
    happened: "the lookup of the host name failed temporarily",
    advice: "Check the DNS resolver of this machine.",
    lostIn: "dns",
    side: "yours",
    circuit: "Ignored"
  },
  NameNotFound: {
    happened: "the host name does not exist",
    advice: "Check the base URL, and the DNS resolver of this machine.",
    lostIn: "dns",
    side: "yours",
    circuit: "Ignored"
  },
  Connect: {
    happened: "no connection could be made",
    advice: "Check that the host and port are right and reachable from this machine.",
    lostIn: "connect",
    side: "yours",
    circuit: "Failure"
  },
  ConnectionLost: {
    happened: "the connection broke",
    advice: "Retry; if the error persists, check the network path and its proxies.",
    lostIn: "connection",
    side: "provider",
    circuit: "Failure"
  },
  StreamBroken: {
    happened: "the stream broke off before its end",
    advice: "Start over: what was received cannot be continued.",
    lostIn: "connection",
    side: "unclear",
    circuit: "Failure"
  },
  InvalidAnswer: {
    happened: "the response could not be read",
    advice: "Retry; if the error persists, look for a proxy that alters responses.",
    lostIn: "client",
    side: "unclear",
    circuit: "Failure"
  },
  CircuitOpen: {
    happened: "the circuit breaker of this process refuses calls to a server that failed",
    advice: "Wait until the breaker probes the server again, or call another server.",
    lostIn: "client",
    side: "provider",
    circuit: "Ignored"
  }
} as const satisfies Record<string, Facts>

/** Reasons of `Fatal`. */
export const fatalReasons = {
  BadRequest: {
    happened: "the server rejected the request as malformed",
    advice: "Fix the request.",
    refused: "by status",
    side: "yours",
    group: "request",
    circuit: "Ignored"
  },
  Unauthorized: {
    happened: "the server rejected the API key",
    advice: "Check the API key.",
    refused: "by status",
    side: "account",
    group: "account",
    circuit: "Ignored"
  },
  PaymentRequired: {
    happened: "the account's plan or balance does not allow the call",
    advice: "Check the account's billing.",
    side: "account",
    group: "account",
    circuit: "Ignored"
  },
  Forbidden: {
    happened: "the call is not allowed",
    advice: "Check the API key and its permissions.",
    refused: "by status",
    side: "account",
    group: "account",
    circuit: "Ignored"
  },
  NotFound: {
    happened: "the path or model does not exist",
    advice: "Check the URL and the model's name, and that the model is deployed.",
    refused: "by status",
    side: "provider",
    group: "request",
    circuit: "Ignored"
  },
  MethodNotAllowed: {
    happened: "the path does not allow this method",
    advice: "Check the method and the URL.",
    refused: "by status",
    side: "yours",
    group: "request",
    circuit: "Ignored"
  },
  Conflict: {
    happened: "the call conflicts with the current state",
    advice: "Look up what exists under this id before sending again.",
    side: "provider",
    group: "request",
    circuit: "Ignored"
  },
  PreconditionFailed: {
    happened: "a precondition of the call does not hold",
    advice: "Check the state of the account and of the model.",
    side: "account",
    group: "account",
    circuit: "Ignored"
  },
  TooLarge: {
    happened: "the request is too large",
    advice: "Send less at once.",
    refused: "by status",
    side: "provider",
    group: "request",
    circuit: "Ignored"
  },
  Unprocessable: {
    happened: "the server could not process the request's content",
    advice: "Fix the request's body.",
    refused: "by status",
    side: "yours",
    group: "request",
    circuit: "Ignored"
  },
  QuotaExhausted: {
    happened: "the quota is exhausted",
    advice: "Raise the quota or the spending limit; waiting does not help.",
    side: "account",
    group: "account",
    circuit: "Ignored"
  },
  Tls: {
    happened: "no trusted connection could be made",
    advice: "Check the certificates on both sides, and this machine's clock.",
    lostIn: "tls",
    side: "yours",
    circuit: "Ignored"
  },
  ProxyRefused: {
    happened: "the proxy refused the call",
    advice: "Check the proxy's address and credentials.",
    lostIn: "proxy",
    side: "yours",
    circuit: "Ignored"
  },
  InvalidRequest: {
    happened: "the request cannot be sent",
    advice: "Fix its URL, headers or body.",
    lostIn: "client",
    side: "yours",
    circuit: "Ignored"
  },
  Decode: {
    happened: "the response does not match the expected schema",
    advice: "Check the schema against the provider's documentation.",
    lostIn: "client",
    side: "unclear",
    circuit: "Ignored"
  },
  AnswerTooLarge: {
    happened: "the response exceeds the size limit",
    advice: "Request less, or raise the limit.",
    lostIn: "client",
    side: "provider",
    circuit: "Ignored"
  },
  EventTooLarge: {
    happened: "an event of the stream exceeds the size limit",
    advice: "Raise the limit.",
    lostIn: "client",
    side: "provider",
    circuit: "Ignored"
  },
  Aborted: {
    happened: "the call was aborted",
    advice: "Look for the code on this side that aborted it.",
    lostIn: "abort",
    side: "unclear",
    circuit: "Ignored"
  },
  UnexpectedStatus: {
    happened: "the status has no meaning for this API",
    advice: "Check the base URL.",
    side: "yours",
    group: "request",
    circuit: "Ignored"
  },
  Unknown: {
    happened: "an unexpected error occurred",
    advice: "Look at the names and codes of the cause.",
    lostIn: "client",
    side: "unclear",
    circuit: "Failure"
  }
} as const satisfies Record<string, Facts>

export type RateLimitReason = keyof typeof rateLimitReasons
export type TransientReason = keyof typeof transientReasons
export type FatalReason = keyof typeof fatalReasons
export type Reason = RateLimitReason | TransientReason | FatalReason

/** The facts of every reason. */
export const reasons: { readonly [R in Reason]: Facts } = { ...rateLimitReasons, ...transientReasons, ...fatalReasons }
