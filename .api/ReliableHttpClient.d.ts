import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { type ApiError } from "./ApiError.js"
import { CircuitBreaker } from "./CircuitBreaker.js"
import * as Dialect from "./Dialect.js"
import type { BreakerUse } from "./internal/circuitBreaker/breakerService.js"
import type { HedgeService, RequestHedge } from "./internal/hedge/model.js"
import { type RequestUse } from "./internal/rateLimiter/requestUse.js"
import { RateLimiter } from "./RateLimiter.js"
import * as Reliability from "./Reliability.js"
import * as Workload from "./Workload.js"
export type { RequestHedge } from "./internal/hedge/model.js"
export type { BreakerUse } from "./internal/circuitBreaker/breakerService.js"
export type { RequestUse } from "./internal/rateLimiter/requestUse.js"
export interface ReliableHttpClient<R = never> extends HttpClient.HttpClient.With<ApiError, R> {}
export interface Options<R = never> extends Omit<
  Reliability.Options<R>,
  "workload" | "about" | "idempotency" | "limiter" | "breaker" | "hedge" | "cost"
> {
  readonly about?: ((request: HttpClientRequest.HttpClientRequest) => Reliability.About) | undefined
  readonly workload?: Workload.Workload | undefined
  readonly idempotency?:
    | Reliability.Idempotency
    | ((request: HttpClientRequest.HttpClientRequest) => Reliability.Idempotency)
    | undefined
  readonly dialect?: Dialect.Dialect | undefined
  readonly target?:
    | Dialect.Target
    | ((request: HttpClientRequest.HttpClientRequest) => Dialect.Target | undefined)
    | undefined
  readonly cost?: RequestUse["cost"]
  readonly limiter?: RateLimiter | RequestUse | undefined
  readonly breaker?: CircuitBreaker | BreakerUse | undefined
  readonly hedge?: HedgeService | RequestHedge | undefined
  readonly maxBody?: number | undefined
  readonly maxJson?: number | undefined
  readonly requestIdHeader?: string | undefined
  readonly propagateTrace?: boolean | undefined
}
export declare const replayable: (request: HttpClientRequest.HttpClientRequest) => HttpClientRequest.HttpClientRequest
export declare const withIdempotency: {
  (idempotency: Reliability.Idempotency): <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  <A, E, R>(effect: Effect.Effect<A, E, R>, idempotency: Reliability.Idempotency): Effect.Effect<A, E, R>
}
export declare const make: {
  (options?: Options): <E, R>(client: HttpClient.HttpClient.With<E, R>) => ReliableHttpClient<R>
  <E, R, R2 = never>(client: HttpClient.HttpClient.With<E, R>, options?: Options<R2>): ReliableHttpClient<R | R2>
}
export declare const transform: <R = never>(
  options?: Options<R>
) => (client: HttpClient.HttpClient) => HttpClient.HttpClient.With<HttpClientError.HttpClientError, R>
export declare const ReliableHttpClient: Context.Tag<ReliableHttpClient, ReliableHttpClient>
export declare const layer: <R = never>(
  options?: Options<R>
) => Layer.Layer<ReliableHttpClient, never, HttpClient.HttpClient | R>
