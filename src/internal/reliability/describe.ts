/**
 * Describes policies as data for logs.
 *
 * @since 0.2.0
 */
import * as Duration from "effect/Duration"
import * as Record from "effect/Record"
import { describeSchedule } from "../retry/descriptions.js"
import { describeHedge } from "../hedge/hedging.js"
import type { CircuitBreaker } from "../circuitBreaker/breakerService.js"
import { describeOpenTime } from "../circuitBreaker/openTime.js"
import type { Options } from "./model.js"

const describeBreaker = ({ openDuration, tripPolicy }: CircuitBreaker["options"]): string => {
  const condition =
    tripPolicy._tag === "Consecutive"
      ? `after ${tripPolicy.failures} failures in a row`
      : `at ${100 * tripPolicy.threshold}% failures of the last ${tripPolicy.size} calls, of at least ${tripPolicy.minimumCalls}`
  return `opens ${condition}, for ${describeOpenTime(openDuration)}`
}

/** Returns the limits, the retries and the observers of a policy. */
export const describePolicy = <R>(policy: Options<R> & { readonly classify?: unknown }) => {
  const { breaker, budget, workload } = policy
  const { patience, stream, timeouts } = workload
  const { attempt: total, ...phases } = timeouts
  const format = (duration: Duration.Duration): string => Duration.format(duration)
  return {
    workload: workload.name,
    deadline: format(workload.deadline),
    retry: describeSchedule(workload.retry) ?? "a schedule of its own",
    attempt: Record.map({ total, ...phases }, format),
    stream: Record.map(stream, format),
    idempotency: policy.idempotency ?? "safe",
    patience:
      patience === undefined
        ? "none"
        : `${patience.waits} waits, ${format(patience.base)} × ${patience.factor} up to ${format(patience.cap)}`,
    budget:
      budget === undefined
        ? "none"
        : `${budget.options.ratio} of the ${budget.options.cost === undefined ? "calls" : "costs"}, ${budget.options.minPerSecond} a second, at most ${budget.options.max} at once`,
    limited: policy.limiter !== undefined,
    hedge: policy.hedge === undefined ? "none" : describeHedge(policy.hedge),
    breaker:
      breaker === undefined ? "none" : describeBreaker(("breaker" in breaker ? breaker.breaker : breaker).options),
    classifies: policy.classify !== undefined,
    observes: (["onRetry", "onGiveUp", "record"] as const).filter((name) => policy[name] !== undefined)
  }
}
