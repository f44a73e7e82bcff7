import { Cause, Effect, Exit } from "effect"
import { ApiError, Deadline, Fallback, Reliability, Retry, Workload } from "effect-reliability"
import { describe, expect, it } from "vitest"
import * as ManualClock from "../support/manualClock.js"
import { type Random, seeded } from "../../src/testing/internal/simulator/random.js"

type Failure = "busy" | "unavailable" | "unconnected" | "lost"

const errors: { readonly [F in Failure]: ApiError.ApiError } = {
  busy: new ApiError.RateLimit({ reason: "RateExceeded", delivery: "Acknowledged", status: 429 }),
  unavailable: new ApiError.Transient({ reason: "Unavailable", delivery: "Acknowledged", status: 503 }),
  unconnected: new ApiError.Transient({ reason: "Connect", delivery: "NotSent" }),
  lost: new ApiError.Transient({ reason: "ConnectionLost", delivery: "Unconfirmed" })
}

/** A call, and all that happens to it. Times are milliseconds. */
interface Scenario {
  readonly idempotency: "safe" | "never"
  readonly deadline: number
  readonly primary: Failure | "success" | "hang"
  readonly primaryTakes: number
  readonly secondaryTakes: number
}

const pick = <A>(random: Random, values: readonly [A, ...ReadonlyArray<A>]): A =>
  values[Math.floor(random() * values.length)] ?? values[0]

// the times of the two steps and the deadlines are chosen so that no two events have the same time
const scenario = (random: Random): Scenario => {
  const fate = random()
  return {
    idempotency: pick(random, ["safe", "never"]),
    deadline: pick(random, [2000, 4000, 6000, 10_000]),
    primary:
      fate < 0.3
        ? pick<Failure>(random, ["busy", "unavailable", "unconnected", "lost"])
        : fate < 0.35
          ? "hang"
          : "success",
    primaryTakes: 50 + 100 * Math.floor(random() * 40),
    secondaryTakes: 25 + 100 * Math.floor(random() * 40)
  }
}

/** The end that the rules demand, computed from the times alone. */
const expected = ({ deadline, idempotency, primary, primaryTakes, secondaryTakes }: Scenario): string => {
  const safe = idempotency === "safe"
  // half of the time, unless the end of the share would lose the call
  const share = safe ? deadline / 2 : deadline
  const ends = primary === "hang" ? Infinity : primaryTakes
  if (primary === "success" && ends < share) return "primary"
  const failsAt = Math.min(ends, share)
  if (failsAt >= deadline) return "lost"
  const repeatable = safe || primary === "busy" || primary === "unconnected"
  return repeatable && failsAt + secondaryTakes < deadline ? "secondary" : "lost"
}

const workload = Workload.make({
  name: "once",
  timeouts: { attempt: "30 seconds" },
  deadline: "30 seconds",
  retry: Retry.make({ attempts: 1 })
})

/** Runs calls at once in a time of their own, and returns the end of each with the number of its executions. */
const runAll = async (scenarios: ReadonlyArray<Scenario>) => {
  const clock = ManualClock.make()
  const settle = async () => {
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve))
  }
  const outcomes = scenarios.map((scenario) => {
    const { deadline, idempotency, primary, primaryTakes, secondaryTakes } = scenario
    const outcome = { end: "pending", executions: 0, endedAt: Number.NaN }
    const execute = Effect.sync(() => outcome.executions++)
    const fallback = Fallback.make([{ name: "primary" }, { name: "secondary" }], { idempotency })
    const attempt = (step: "primary" | "secondary"): Effect.Effect<string, ApiError.ApiError> => {
      if (step === "secondary") return Effect.zipRight(execute, Effect.delay(Effect.succeed(step), secondaryTakes))
      if (primary === "hang") return Effect.zipRight(execute, Effect.never)
      if (primary === "success") return Effect.zipRight(execute, Effect.delay(Effect.succeed(step), primaryTakes))
      const error = errors[primary]
      const executed = ApiError.mayHaveExecuted(error) ? execute : Effect.void
      return Effect.zipRight(executed, Effect.delay(Effect.fail(error), primaryTakes))
    }
    const call = Fallback.run(fallback, ({ name }) =>
      Reliability.protect(attempt(name), Reliability.make({ workload, idempotency }))
    ).pipe(Deadline.within(deadline), Effect.withClock(clock))
    const started = clock.now()
    Effect.runFork(call).addObserver((exit) => {
      outcome.end = Exit.isSuccess(exit)
        ? exit.value.step
        : Cause.isFailure(exit.cause)
          ? "lost"
          : Cause.pretty(exit.cause)
      outcome.endedAt = clock.now() - started
    })
    return { scenario, outcome }
  })
  await settle()
  for (let [next] = clock.pending(); next !== undefined; [next] = clock.pending()) {
    clock.advance(next)
    await settle()
  }
  return outcomes
}

describe("ten thousand calls with a primary that fails 30 % and hangs 5 %", () => {
  it("loses none that the deadline allows to be saved, and runs none twice that may not", async () => {
    const random = seeded(18)
    const outcomes: Array<Awaited<ReturnType<typeof runAll>>[number]> = []
    for (let batch = 0; batch < 20; batch++) {
      outcomes.push(...(await runAll(Array.from({ length: 500 }, () => scenario(random)))))
    }
    expect(outcomes).toHaveLength(10_000)
    const wrong = outcomes.filter(({ outcome, scenario }) => outcome.end !== expected(scenario))
    expect(wrong).toEqual([])
    const twice = outcomes.filter(({ outcome, scenario }) => scenario.idempotency === "never" && outcome.executions > 1)
    expect(twice).toEqual([])
    const late = outcomes.filter(({ outcome, scenario }) => !(outcome.endedAt <= scenario.deadline))
    expect(late).toEqual([])
    const count = (end: string) => outcomes.filter(({ outcome }) => outcome.end === end).length
    const unlucky = outcomes.filter(({ scenario }) => scenario.primary !== "success").length
    // the test is not empty
    expect(unlucky / 10_000).toBeCloseTo(0.35, 1)
    expect(count("secondary")).toBeGreaterThan(1500)
    expect(count("lost")).toBeGreaterThan(500)
  })
})
