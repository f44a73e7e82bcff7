export type LostIn = "dns" | "connect" | "tls" | "proxy" | "connection" | "abort" | "client"
export declare const sides: readonly ["yours", "provider", "account", "unclear"]
export type Side = (typeof sides)[number]
export type Group = "rate" | "capacity" | "starting" | "account" | "request" | "server"
export interface Facts {
  readonly happened: string
  readonly advice: string
  readonly refused?: "always" | "by status"
  readonly lostIn?: LostIn
  readonly side: Side
  readonly group?: Group
  readonly circuit: "Failure" | "Ignored"
}
export declare const rateLimitReasons: {
  readonly RateExceeded: {
    readonly happened: "the rate limit was exceeded"
    readonly advice: "Wait as long as the server asks, and spread the calls out."
    readonly refused: "always"
    readonly side: "account"
    readonly group: "rate"
    readonly circuit: "Ignored"
  }
  readonly Capacity: {
    readonly happened: "the deployment is saturated"
    readonly advice: "Send fewer calls at once, or add replicas."
    readonly refused: "always"
    readonly side: "account"
    readonly group: "capacity"
    readonly circuit: "Ignored"
  }
  readonly Overloaded: {
    readonly happened: "the service is overloaded"
    readonly advice: "Wait, then retry with fewer calls at once."
    readonly refused: "always"
    readonly side: "provider"
    readonly group: "capacity"
    readonly circuit: "Failure"
  }
  readonly LocallyLimited: {
    readonly happened: "the rate limiter of this process had no room for the call"
    readonly advice: "Send fewer calls at once, or allow them more time."
    readonly lostIn: "client"
    readonly side: "yours"
    readonly circuit: "Ignored"
  }
}
export declare const transientReasons: {
  readonly ServerError: {
    readonly happened: "the server failed"
    readonly advice: "Retry; if the error persists, contact the provider with the request id."
    readonly side: "provider"
    readonly group: "server"
    readonly circuit: "Failure"
  }
  readonly BadGateway: {
    readonly happened: "a gateway received no valid response from the server behind it"
    readonly advice: "Wait a moment, then retry."
    readonly side: "provider"
    readonly group: "server"
    readonly circuit: "Failure"
  }
  readonly Unavailable: {
    readonly happened: "the service is unavailable"
    readonly advice: "Wait, then retry; check the provider's status page."
    readonly side: "provider"
    readonly group: "server"
    readonly circuit: "Failure"
  }
  readonly GatewayTimeout: {
    readonly happened: "a gateway waited too long for the server behind it"
    readonly advice: "Retry, or make the request smaller."
    readonly side: "provider"
    readonly group: "server"
    readonly circuit: "Failure"
  }
  readonly RequestTimeout: {
    readonly happened: "the server gave up waiting for the request"
    readonly advice: "Wait a moment, then retry."
    readonly side: "provider"
    readonly group: "server"
    readonly circuit: "Failure"
  }
  readonly TooEarly: {
    readonly happened: "the server does not accept early data"
    readonly advice: "Retry once the connection is established."
    readonly refused: "always"
    readonly side: "provider"
    readonly group: "server"
    readonly circuit: "Ignored"
  }
  readonly ScalingUp: {
    readonly happened: "the deployment is scaling up from zero"
    readonly advice: "Wait some minutes, or keep at least one replica running."
    readonly refused: "always"
    readonly side: "account"
    readonly group: "starting"
    readonly circuit: "Ignored"
  }
  readonly WeightSwap: {
    readonly happened: "the deployment is loading new weights"
    readonly advice: "Retry shortly."
    readonly refused: "always"
    readonly side: "account"
    readonly group: "starting"
    readonly circuit: "Ignored"
  }
  readonly UnknownStatus: {
    readonly happened: "the server failed with an unusual status"
    readonly advice: "Retry; if the error persists, contact the provider."
    readonly side: "provider"
    readonly group: "server"
    readonly circuit: "Failure"
  }
  readonly Timeout: {
    readonly happened: "a timeout expired"
    readonly advice: "Retry, or choose a workload that allows more time."
    readonly lostIn: "client"
    readonly side: "provider"
    readonly circuit: "Failure"
  }
  readonly NameLookup: {
    readonly happened: "the lookup of the host name failed temporarily"
    readonly advice: "Check the DNS resolver of this machine."
    readonly lostIn: "dns"
    readonly side: "yours"
    readonly circuit: "Ignored"
  }
  readonly NameNotFound: {
    readonly happened: "the host name does not exist"
    readonly advice: "Check the base URL, and the DNS resolver of this machine."
    readonly lostIn: "dns"
    readonly side: "yours"
    readonly circuit: "Ignored"
  }
  readonly Connect: {
    readonly happened: "no connection could be made"
    readonly advice: "Check that the host and port are right and reachable from this machine."
    readonly lostIn: "connect"
    readonly side: "yours"
    readonly circuit: "Failure"
  }
  readonly ConnectionLost: {
    readonly happened: "the connection broke"
    readonly advice: "Retry; if the error persists, check the network path and its proxies."
    readonly lostIn: "connection"
    readonly side: "provider"
    readonly circuit: "Failure"
  }
  readonly StreamBroken: {
    readonly happened: "the stream broke off before its end"
    readonly advice: "Start over: what was received cannot be continued."
    readonly lostIn: "connection"
    readonly side: "unclear"
    readonly circuit: "Failure"
  }
  readonly InvalidAnswer: {
    readonly happened: "the response could not be read"
    readonly advice: "Retry; if the error persists, look for a proxy that alters responses."
    readonly lostIn: "client"
    readonly side: "unclear"
    readonly circuit: "Failure"
  }
  readonly CircuitOpen: {
    readonly happened: "the circuit breaker of this process refuses calls to a server that failed"
    readonly advice: "Wait until the breaker probes the server again, or call another server."
    readonly lostIn: "client"
    readonly side: "provider"
    readonly circuit: "Ignored"
  }
}
export declare const fatalReasons: {
  readonly BadRequest: {
    readonly happened: "the server rejected the request as malformed"
    readonly advice: "Fix the request."
    readonly refused: "by status"
    readonly side: "yours"
    readonly group: "request"
    readonly circuit: "Ignored"
  }
  readonly Unauthorized: {
    readonly happened: "the server rejected the API key"
    readonly advice: "Check the API key."
    readonly refused: "by status"
    readonly side: "account"
    readonly group: "account"
    readonly circuit: "Ignored"
  }
  readonly PaymentRequired: {
    readonly happened: "the account's plan or balance does not allow the call"
    readonly advice: "Check the account's billing."
    readonly side: "account"
    readonly group: "account"
    readonly circuit: "Ignored"
  }
  readonly Forbidden: {
    readonly happened: "the call is not allowed"
    readonly advice: "Check the API key and its permissions."
    readonly refused: "by status"
    readonly side: "account"
    readonly group: "account"
    readonly circuit: "Ignored"
  }
  readonly NotFound: {
    readonly happened: "the path or model does not exist"
    readonly advice: "Check the URL and the model's name, and that the model is deployed."
    readonly refused: "by status"
    readonly side: "provider"
    readonly group: "request"
    readonly circuit: "Ignored"
  }
  readonly MethodNotAllowed: {
    readonly happened: "the path does not allow this method"
    readonly advice: "Check the method and the URL."
    readonly refused: "by status"
    readonly side: "yours"
    readonly group: "request"
    readonly circuit: "Ignored"
  }
  readonly Conflict: {
    readonly happened: "the call conflicts with the current state"
    readonly advice: "Look up what exists under this id before sending again."
    readonly side: "provider"
    readonly group: "request"
    readonly circuit: "Ignored"
  }
  readonly PreconditionFailed: {
    readonly happened: "a precondition of the call does not hold"
    readonly advice: "Check the state of the account and of the model."
    readonly side: "account"
    readonly group: "account"
    readonly circuit: "Ignored"
  }
  readonly TooLarge: {
    readonly happened: "the request is too large"
    readonly advice: "Send less at once."
    readonly refused: "by status"
    readonly side: "provider"
    readonly group: "request"
    readonly circuit: "Ignored"
  }
  readonly Unprocessable: {
    readonly happened: "the server could not process the request's content"
    readonly advice: "Fix the request's body."
    readonly refused: "by status"
    readonly side: "yours"
    readonly group: "request"
    readonly circuit: "Ignored"
  }
  readonly QuotaExhausted: {
    readonly happened: "the quota is exhausted"
    readonly advice: "Raise the quota or the spending limit; waiting does not help."
    readonly side: "account"
    readonly group: "account"
    readonly circuit: "Ignored"
  }
  readonly Tls: {
    readonly happened: "no trusted connection could be made"
    readonly advice: "Check the certificates on both sides, and this machine's clock."
    readonly lostIn: "tls"
    readonly side: "yours"
    readonly circuit: "Ignored"
  }
  readonly ProxyRefused: {
    readonly happened: "the proxy refused the call"
    readonly advice: "Check the proxy's address and credentials."
    readonly lostIn: "proxy"
    readonly side: "yours"
    readonly circuit: "Ignored"
  }
  readonly InvalidRequest: {
    readonly happened: "the request cannot be sent"
    readonly advice: "Fix its URL, headers or body."
    readonly lostIn: "client"
    readonly side: "yours"
    readonly circuit: "Ignored"
  }
  readonly Decode: {
    readonly happened: "the response does not match the expected schema"
    readonly advice: "Check the schema against the provider's documentation."
    readonly lostIn: "client"
    readonly side: "unclear"
    readonly circuit: "Ignored"
  }
  readonly AnswerTooLarge: {
    readonly happened: "the response exceeds the size limit"
    readonly advice: "Request less, or raise the limit."
    readonly lostIn: "client"
    readonly side: "provider"
    readonly circuit: "Ignored"
  }
  readonly EventTooLarge: {
    readonly happened: "an event of the stream exceeds the size limit"
    readonly advice: "Raise the limit."
    readonly lostIn: "client"
    readonly side: "provider"
    readonly circuit: "Ignored"
  }
  readonly Aborted: {
    readonly happened: "the call was aborted"
    readonly advice: "Look for the code on this side that aborted it."
    readonly lostIn: "abort"
    readonly side: "unclear"
    readonly circuit: "Ignored"
  }
  readonly UnexpectedStatus: {
    readonly happened: "the status has no meaning for this API"
    readonly advice: "Check the base URL."
    readonly side: "yours"
    readonly group: "request"
    readonly circuit: "Ignored"
  }
  readonly Unknown: {
    readonly happened: "an unexpected error occurred"
    readonly advice: "Look at the names and codes of the cause."
    readonly lostIn: "client"
    readonly side: "unclear"
    readonly circuit: "Failure"
  }
}
export type RateLimitReason = keyof typeof rateLimitReasons
export type TransientReason = keyof typeof transientReasons
export type FatalReason = keyof typeof fatalReasons
export type Reason = RateLimitReason | TransientReason | FatalReason
export declare const reasons: {
  readonly [R in Reason]: Facts
}
