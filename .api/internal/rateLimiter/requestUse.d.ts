import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type { RequestFacts } from "../http/requestFacts.js"
import type { Cost, TokenUsage } from "./model.js"
import type { RateLimiter } from "./service.js"
import { type CheckedUse } from "./use.js"
type Request = HttpClientRequest.HttpClientRequest
export interface RequestUse {
  readonly limiter: RateLimiter
  readonly key?: ((request: Request) => string) | undefined
  readonly cost?: ((request: Request) => Cost) | undefined
  readonly class?: string | undefined
}
export interface CheckedRequestUse extends Pick<RequestUse, "key" | "cost"> {
  readonly use: CheckedUse
}
export declare const checkRequestUse: (owner: string, given: RateLimiter | RequestUse) => CheckedRequestUse
export declare const useFor: (
  { cost, key, use }: CheckedRequestUse,
  request: Request,
  facts: RequestFacts
) => CheckedUse
export declare class RequestCost implements Cost {
  #private
  constructor(request: Request, facts: RequestFacts, of: RequestUse["cost"])
  get input(): number | undefined
  get maxOutput(): number | undefined
}
type Fields = Readonly<Record<string, unknown>>
export declare const fieldsOf: (value: unknown) => Fields
export declare const usageOf: (value: unknown) => TokenUsage | undefined
export declare const usageWithin: (data: string) => TokenUsage | undefined
export {}
