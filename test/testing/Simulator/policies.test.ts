import { Effect } from "effect"
import {
  type ApiError,
  CircuitBreaker,
  Hedge,
  RateLimiter,
  Reliability,
  Retry,
  RetryBudget,
  Workload
} from "effect-reliability"
import { Simulator } from "effect-reliability/testing"
import { describe, expect, it } from "vitest"

const hasty = Workload.with(Workload.interactive, { timeouts: { attempt: "2 seconds" }, deadline: "1 minute" })

// the deadline ends the second attempt
const late = Workload.with(Workload.interactive, {
  timeouts: { attempt: "2 seconds" },
  retry: Retry.make({ base: "100 millis" }),
  deadline: "3 seconds"
})

const withLimiter = Effect.gen(function* () {
  const budget = yield* RetryBudget.make()
  const limiter = yield* RateLimiter.make()
  return Reliability.make({ workload: hasty, budget, limiter })
})

const withBreaker = Effect.map(CircuitBreaker.make(), (breaker) => Reliability.make({ workload: hasty, breaker }))

const withHedge = Effect.map(Hedge.make(), (hedge) => Reliability.make({ workload: hasty, hedge }))

/** Applies a policy as a function of the user does, with the timeout of each attempt in a fiber of its own. */
const protecting =
  (instance: Workload.Workload | Reliability.Policy): Simulator.Apply<Simulator.Response, ApiError.ApiError, never> =>
  (attempt) =>
    Reliability.protect(attempt, instance)

// a server that stops responding, and then slows down
const traffic = {
  server: Simulator.bucket({
    perSecond: 20,
    latency: ({ random }) => Simulator.lognormal(random, { mean: 400, sigma: 1 }),
    outages: [{ from: "20 seconds", to: "25 seconds", status: "hang" }],
    brownOuts: [{ from: "40 seconds", to: "50 seconds", factor: 3 }]
  }),
  load: [{ workers: 10 }, { perSecond: 8, class: "open" }],
  duration: "1 minute"
} as const

describe("a policy whose attempts apply their own timeout", () => {
  const compare = (policy: Workload.Workload | Effect.Effect<Reliability.Policy>) =>
    Effect.runPromise(
      Simulator.run({
        ...traffic,
        policies: { policy, asFunction: Effect.isEffect(policy) ? Effect.map(policy, protecting) : protecting(policy) }
      })
    )

  it.each([
    ["a workload", hasty],
    ["a rate limiter", withLimiter],
    ["a circuit breaker", withBreaker],
    ["a hedge", withHedge]
  ] as const)("gives the same report as a function that protects the attempt: %s", async (_, policy) => {
    const { asFunction, policy: report } = await compare(policy)
    expect(report).toEqual(asFunction)
    expect(report.attempts).toBeGreaterThan(report.succeeded)
  })

  it("ends an attempt at the deadline of the call", async () => {
    const { policy: report } = await compare(late)
    expect(report.failures).toHaveProperty("Timeout (Deadline)")
    expect(report.classes["open"]?.max).toBeLessThanOrEqual(3000)
    expect(report.classes["interactive"]?.max).toBeLessThanOrEqual(3000)
  })
})
