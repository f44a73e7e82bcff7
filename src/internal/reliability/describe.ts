/**
 * Describes policies as data for logs.
 *
 * @since 0.2.0
 */
import * as Duration from "effect/Duration"
import * as Record from "effect/Record"
import { describeSchedule } from "../retry/descriptions.js"
import { describeHedge } from "../hedge/hedging.js"
import type { Options } from "./model.js"

/** Returns the limits, the retries and the observers of a policy. */
export const describePolicy = <R>(policy: Options<R> & { readonly classify?: unknown }) => {
  const { budget, workload } = policy
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
        : `${budget.options.ratio} of the calls, ${budget.options.minPerSecond} a second, at most ${budget.options.max} at once`,
    limited: policy.limiter !== undefined,
    hedge: policy.hedge === undefined ? "none" : describeHedge(policy.hedge),
    classifies: policy.classify !== undefined,
    observes: (["onRetry", "onGiveUp", "record"] as const).filter((name) => policy[name] !== undefined)
  }
}
