import type { HttpClientRequest } from "@effect/platform/HttpClientRequest"
import type { Idempotency } from "../call/model.js"
import type { RateLimiter, Use as LimiterUse } from "../rateLimiter/service.js"
export declare const TypeId: unique symbol
export type TypeId = typeof TypeId
export type Copy = "first" | "hedge"
export interface HedgeService {
  readonly [TypeId]: TypeId
}
export interface HedgeOptions {
  readonly key: string
  readonly idempotency?: Idempotency | undefined
  readonly limiter?: RateLimiter | LimiterUse | undefined
}
export interface Use {
  readonly hedge: HedgeService
  readonly key?: string | undefined
}
export interface RequestHedge {
  readonly hedge: HedgeService
  readonly key?: ((request: HttpClientRequest) => string) | undefined
}
