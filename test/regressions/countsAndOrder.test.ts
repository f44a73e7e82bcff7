/**
 * What a policy that retries settled errors reported as `attempts` were the attempts of the last owner inside alone, and an
 * observer could be told of a retry after it had begun.
 */
import { it } from "@effect/vitest"
import { Effect, Fiber, TestClock } from "effect"
import { ApiError, Reliability, Retry, Workload } from "effect-reliability"
import { expect } from "vitest"

it.effect("counts the attempts of all owners where settled errors are retried", () =>
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

it.effect("tells an observer of a retry without a wait before it begins", () =>
  Effect.gen(function* () {
    const order: Array<string> = []
    const closed = new ApiError.Transient({ reason: "ConnectionLost", delivery: "Unconfirmed", reusedSocket: true })
    const policy = Reliability.make({
      workload: Workload.interactive,
      onRetry: ({ step }) => Effect.sync(() => void order.push(`told of ${step.why}`))
    })
    let attempts = 0
    const call = Effect.suspend(() => {
      order.push(`try ${++attempts}`)
      return attempts === 1 ? closed : Effect.succeed("an answer")
    })
    yield* Reliability.protect(call, policy)
    expect(order).toEqual(["try 1", "told of ReusedSocket", "try 2"])
  })
)
