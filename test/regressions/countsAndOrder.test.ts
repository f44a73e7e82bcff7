/**
 * A policy that retries settled errors reported only the `attempts` of the last inner owner, and observers could be notified of
 * a retry after it had begun.
 */
import { it } from "@effect/vitest"
import { Effect, Fiber, TestClock } from "effect"
import { ApiError, Reliability, Retry, Workload } from "effect-reliability"
import { expect } from "vitest"

it.effect("counts the attempts of all owners if settled errors are retried", () =>
  Effect.gen(function* () {
    let attempts = 0
    const call = Effect.suspend(() => {
      attempts++
      return new ApiError.Transient({ reason: "Unavailable", delivery: "Acknowledged" })
    })
    const owner = (attempts: number, settled: "stop" | "retry") =>
      Workload.with(Workload.interactive, { retry: Retry.make({ attempts, base: "1 millis", settled }) })
    const nested = call.pipe(Reliability.protect(owner(2, "stop")), Reliability.protect(owner(3, "retry")))
    const fiber = yield* Effect.fork(Effect.flip(nested))
    yield* TestClock.adjust("1 minute")
    expect(yield* Fiber.join(fiber)).toMatchObject({ attempts: 6 })
    expect(attempts).toBe(6)
  })
)

it.effect("notifies an observer of an immediate retry before the retry begins", () =>
  Effect.gen(function* () {
    const order: Array<string> = []
    const closed = new ApiError.Transient({ reason: "ConnectionLost", delivery: "Unconfirmed", reusedSocket: true })
    const policy = Reliability.make({
      workload: Workload.interactive,
      onRetry: ({ step }) => Effect.sync(() => void order.push(`notified of ${step.why}`))
    })
    let attempts = 0
    const call = Effect.suspend(() => {
      order.push(`attempt ${++attempts}`)
      return attempts === 1 ? closed : Effect.succeed("a response")
    })
    yield* Reliability.protect(call, policy)
    expect(order).toEqual(["attempt 1", "notified of ReusedSocket", "attempt 2"])
  })
)
