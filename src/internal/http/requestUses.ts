/**
 * The uses of a rate limiter and of a circuit breaker by the requests of a client.
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
import { type CheckedRequestUse, checkRequestUse, type RequestUse, useFor } from "../rateLimiter/requestUse.js"
import type { RateLimiter } from "../rateLimiter/service.js"
import type { CheckedUse } from "../rateLimiter/use.js"
import { keyOf, RequestFacts } from "./requestFacts.js"

type Request = HttpClientRequest.HttpClientRequest

/** The options of a client that admit its attempts. */
export interface GateOptions {
  readonly limiter?: RateLimiter | RequestUse | undefined
  readonly breaker?: CircuitBreaker | BreakerUse | undefined
}

/** Validated options. */
export interface CheckedGates {
  readonly limiter: CheckedRequestUse | undefined
  readonly breaker: BreakerUse | undefined
}

/** Returns the validated options; `undefined` if there is neither a limiter nor a breaker. */
export const checkGates = (owner: string, { breaker, limiter }: GateOptions): CheckedGates | undefined =>
  breaker === undefined && limiter === undefined
    ? undefined
    : {
        limiter: limiter && checkRequestUse(owner, limiter),
        breaker: breaker && checkRequestBreaker(owner, breaker)
      }

/** The options of a policy for one request. */
export interface PolicyGates {
  readonly limiter: CheckedUse | undefined
  readonly breaker: KeyedBreaker | undefined
}

/** Returns the options of the policy of one request. Without a model, it is read from the body. */
export const gatesFor = (
  { breaker, limiter }: CheckedGates,
  request: Request,
  model: string | undefined
): PolicyGates => {
  const facts = new RequestFacts(request, model)
  return {
    limiter: limiter && useFor(limiter, request, facts),
    breaker: breaker && { ...breaker, key: breaker.key?.(request) ?? facts.key }
  }
}

/** Returns the options of another client, whose requests are all for one model. */
export const gatesOfModel = ({ breaker, limiter }: CheckedGates, model: string | undefined): GateOptions => {
  const key = (request: Request) => keyOf(request, model)
  return {
    limiter: limiter && {
      limiter: limiter.use.limiter,
      class: limiter.use.class,
      cost: limiter.cost,
      key: limiter.key ?? key
    },
    breaker: breaker && { ...breaker, key: breaker.key ?? key }
  }
}
