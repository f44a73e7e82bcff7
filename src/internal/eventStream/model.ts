/**
 * The types of streams.
 *
 * @since 0.2.0
 */
import type { Dialect } from "../../Dialect.js"
import type * as Reliability from "../../Reliability.js"
import type * as Workload from "../../Workload.js"
import type { Target } from "../dialect/model.js"
import type { BreakerUse, CircuitBreaker } from "../circuitBreaker/breakerService.js"
import type { RequestUse } from "../rateLimiter/requestUse.js"
import type { RateLimiter } from "../rateLimiter/service.js"
import type { Event } from "../sse/model.js"

export type { Event } from "../sse/model.js"

/**
 * Options of `open`. An option that is not set is taken from the options of the client (see `ReliableHttpClient.make`). Budget
 * and observers are those of `Reliability.make`; to observers, a call succeeds with its first event.
 *
 * @since 0.1.0
 * @category model
 */
export interface Options<R = never> extends Omit<
  Reliability.Options<R>,
  "workload" | "limiter" | "breaker" | "hedge" | "cost"
> {
  /** The workload of streams without a `Workload.within` or `Reliability.protect` around them. @default that of the client */
  readonly workload?: Workload.Workload | undefined
  /**
   * The idempotency of the request: whether it may be repeated once the server may have executed it.
   * `ReliableHttpClient.withIdempotency` and an `Idempotency-Key` header of the request take precedence over this option.
   * @default the option of the client; without one, "safe" for GET, HEAD, PUT, DELETE and OPTIONS, and "never" for others
   */
  readonly idempotency?: Reliability.Idempotency | undefined
  /**
   * Returns the estimated tokens of the request, for a limiter, for a budget with costs and for `Accounting`. @default that of the
   * client
   */
  readonly cost?: RequestUse["cost"]
  /**
   * The rate limiter that admits each attempt. A stream counts as in flight until its end, and the `usage` in its events corrects
   * its estimated cost. Key and cost are read from the request as the client completes it. @default that of the client
   */
  readonly limiter?: RateLimiter | RequestUse | undefined
  /**
   * The circuit breaker that admits each attempt. A stream is a success with its first event; what breaks later does not count. The
   * key is read from the request as the client completes it. @default that of the client
   */
  readonly breaker?: CircuitBreaker | BreakerUse | undefined
  /** The dialect of the provider: its table of statuses and error codes. @default that of the client */
  readonly dialect?: Dialect | undefined
  /** The place where the model runs, which decides the meaning of a 429. @default that of the client */
  readonly target?: Target | undefined
  /** The maximum number of characters of one event, including the names of its fields; at least 1. @default 1 048 576 */
  readonly maxEvent?: number | undefined
  /**
   * Returns true for the last event of the stream, which is emitted. `[DONE]` always ends the stream, and is not emitted.
   * @default by event name: Anthropic's `message_stop`, and OpenAI's `response.completed`, `.incomplete` and `.failed`
   */
  readonly done?: ((event: Event) => boolean) | undefined
  /** The header with the id of the call, the same on each attempt. The caller's own id is kept. @default that of the client */
  readonly requestIdHeader?: string | undefined
}
