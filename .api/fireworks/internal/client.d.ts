import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { ApiError } from "../../ApiError.js"
import type { CircuitBreaker } from "../../CircuitBreaker.js"
import * as Dialect from "../../Dialect.js"
import type { RateLimiter } from "../../RateLimiter.js"
import * as Reliability from "../../Reliability.js"
import * as ReliableHttpClient from "../../ReliableHttpClient.js"
import * as Workload from "../../Workload.js"
type Request = HttpClientRequest.HttpClientRequest
type Response = HttpClientResponse.HttpClientResponse
export interface Observers<R = never> extends Omit<
  Reliability.Options<R>,
  "workload" | "about" | "idempotency" | "limiter" | "breaker" | "hedge" | "cost"
> {
  readonly cost?: ReliableHttpClient.RequestUse["cost"]
  readonly limiter?: RateLimiter | ReliableHttpClient.RequestUse | undefined
  readonly breaker?: CircuitBreaker | ReliableHttpClient.BreakerUse | undefined
}
export interface Settings<R = never> extends Observers<R> {
  readonly apiKey: Redacted.Redacted
  readonly accountId: string | undefined
  readonly baseUrl: string
  readonly controlUrl: string
  readonly workload: Workload.Workload
  readonly limitsPer: "minute" | "second"
}
export interface Call {
  readonly request: Request
  readonly body?: (() => unknown) | undefined
  readonly model?: string | undefined
  readonly operation?: string | undefined
  readonly target?: Dialect.Target | undefined
  readonly workload?: Workload.Workload | undefined
  readonly idempotency?: Reliability.Idempotency | undefined
  readonly isLogged?: boolean | undefined
}
export declare const invalidRequest: (detail: string) => ApiError
export interface Client {
  readonly send: <A>(call: Call, read: (response: Response) => Effect.Effect<A, ApiError>) => Effect.Effect<A, ApiError>
  readonly json: <A, I, B>(
    call: Call,
    schema: Schema.Schema<A, I>,
    resultOf: (value: A, response: Response) => B
  ) => Effect.Effect<B, ApiError>
  readonly events: <A, I>(
    call: Call,
    schema: Schema.Schema<A, I>,
    opened: (response: Response) => Effect.Effect<unknown>
  ) => Stream.Stream<A, ApiError>
}
export declare const makeClient: (http: HttpClient.HttpClient, settings: Settings) => Client
export {}
