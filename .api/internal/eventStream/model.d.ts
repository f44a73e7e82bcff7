import type { Dialect } from "../../Dialect.js"
import type * as Reliability from "../../Reliability.js"
import type * as Workload from "../../Workload.js"
import type { Target } from "../dialect/model.js"
import type { BreakerUse, CircuitBreaker } from "../circuitBreaker/breakerService.js"
import type { RequestUse } from "../rateLimiter/requestUse.js"
import type { RateLimiter } from "../rateLimiter/service.js"
import type { Event } from "../sse/model.js"
export type { Event } from "../sse/model.js"
export interface Options<R = never> extends Omit<
  Reliability.Options<R>,
  "workload" | "limiter" | "breaker" | "hedge" | "cost"
> {
  readonly workload?: Workload.Workload | undefined
  readonly idempotency?: Reliability.Idempotency | undefined
  readonly cost?: RequestUse["cost"]
  readonly limiter?: RateLimiter | RequestUse | undefined
  readonly breaker?: CircuitBreaker | BreakerUse | undefined
  readonly dialect?: Dialect | undefined
  readonly target?: Target | undefined
  readonly maxEvent?: number | undefined
  readonly done?: ((event: Event) => boolean) | undefined
  readonly requestIdHeader?: string | undefined
}
