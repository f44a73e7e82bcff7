/**
 * The uses of a rate limiter and of a circuit breaker by the requests of a client, and the estimated tokens of these requests.
 *
 * @since 0.2.0
 */
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import {
  type BreakerUse,
  checkRequestBreaker,
  type CircuitBreaker,
  type Use as KeyedBreaker
} from "../circuitBreaker/breakerService.js"
import {
  type CheckedRequestUse,
  checkRequestUse,
  RequestCost,
  type RequestUse,
  useFor
} from "../rateLimiter/requestUse.js"
import type { RateLimiter } from "../rateLimiter/service.js"
import type { CheckedUse } from "../rateLimiter/use.js"
import { keyOf, RequestFacts } from "./requestFacts.js"

type Request = HttpClientRequest.HttpClientRequest

/** The options of a client that admit its attempts, and estimate their tokens. */
export interface GateOptions {
  readonly limiter?: RateLimiter | RequestUse | undefined
  readonly breaker?: CircuitBreaker | BreakerUse | undefined
  readonly cost?: RequestUse["cost"]
}

/** Validated options. */
export interface CheckedGates {
  readonly limiter: CheckedRequestUse | undefined
  readonly breaker: BreakerUse | undefined
  readonly cost: RequestUse["cost"]
}

/** Returns the validated options. A limiter without a `cost` uses that of the client, and the client that of its limiter. */
export const checkGates = (owner: string, { breaker, cost, limiter }: GateOptions): CheckedGates => {
  const use = limiter && checkRequestUse(owner, limiter)
  return {
    limiter: use && { ...use, cost: use.cost ?? cost },
    breaker: breaker && checkRequestBreaker(owner, breaker),
    cost: cost ?? use?.cost
  }
}

/** Tests whether there is a limiter or a breaker. */
export const hasGates = ({ breaker, limiter }: CheckedGates): boolean => breaker !== undefined || limiter !== undefined

/** The options of a policy for one request. */
export interface PolicyGates {
  readonly limiter: CheckedUse | undefined
  readonly breaker: KeyedBreaker | undefined
  readonly cost: RequestCost
}

/** Returns the options of the policy of one request. Without a model, it is read from the body. */
export const gatesFor = (
  { breaker, cost, limiter }: CheckedGates,
  request: Request,
  model: string | undefined
): PolicyGates => {
  const facts = new RequestFacts(request, model)
  return {
    limiter: limiter && useFor(limiter, request, facts),
    breaker: breaker && { ...breaker, key: breaker.key?.(request) ?? facts.key },
    cost: new RequestCost(request, facts, cost)
  }
}

/** Returns the estimated tokens of one request. Without a model, it is read from the body. */
export const costFor = ({ cost }: CheckedGates, request: Request, model: string | undefined): RequestCost =>
  new RequestCost(request, new RequestFacts(request, model), cost)

/** Returns the options of another client, whose requests are all for one model. */
export const gatesOfModel = ({ breaker, cost, limiter }: CheckedGates, model: string | undefined): GateOptions => {
  const key = (request: Request) => keyOf(request, model)
  return {
    limiter: limiter && {
      limiter: limiter.use.limiter,
      class: limiter.use.class,
      cost: limiter.cost,
      key: limiter.key ?? key
    },
    breaker: breaker && { ...breaker, key: breaker.key ?? key },
    cost
  }
}
