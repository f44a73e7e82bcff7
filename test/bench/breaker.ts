import { Effect } from "effect"
import { CircuitBreaker, Reliability, Workload } from "effect-reliability"
import { dearer } from "./harness.js"
import { row } from "./limiter.js"

/** Measures the cost of a closed circuit. */
export const breakerCosts = async () => {
  const call = Effect.async<number>((resume) => queueMicrotask(() => resume(Effect.succeed(1))))
  const { interactive: workload } = Workload
  const key = "api.example.com"
  const consecutive = await Effect.runPromise(CircuitBreaker.make())
  const rate = await Effect.runPromise(CircuitBreaker.make({ tripPolicy: CircuitBreaker.rate({ size: 100 }) }))
  const off = Reliability.protect(call, Reliability.make({ workload }))
  const on = (breaker: CircuitBreaker.CircuitBreaker) =>
    Reliability.protect(call, Reliability.make({ workload, breaker: { breaker, key } }))
  return [
    row("protect with a breaker, consecutive", await dearer(on(consecutive), off), "µs more", 1),
    row("protect with a breaker, rate", await dearer(on(rate), off), "µs more", 1),
    row("withBreaker", await dearer(CircuitBreaker.withBreaker(call, consecutive, { key }), call), "µs more", 3)
  ]
}
