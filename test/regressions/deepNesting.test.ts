/**
 * Each limit starts its effect on the stack of the fiber that waits for it. At about eight hundred nested limits the stack
 * overflowed within a fiber. That fiber never ended, and all fibers around it waited for ever.
 */
import { Cause, Effect, Exit, Fiber } from "effect"
import { ApiError, Deadline, Reliability, Workload } from "effect-reliability"
import { setTimeout } from "node:timers/promises"
import { describe, expect, it } from "vitest"

const depth = 3000

type Limit = <A, E>(effect: Effect.Effect<A, E>) => Effect.Effect<A, E | ApiError.Transient>

const limits: Record<string, Limit> = {
  "Reliability.protect": Reliability.protect(Workload.interactive),
  "Deadline.within": Deadline.within("1 minute"),
  "Workload.timeout": Workload.timeout(Workload.interactive)
}

const nest = <A, E>(limit: Limit, effect: Effect.Effect<A, E>): Effect.Effect<A, E | ApiError.Transient> => {
  let nested: Effect.Effect<A, E | ApiError.Transient> = effect
  for (let level = 0; level < depth; level++) nested = limit(nested)
  return nested
}

describe.each(Object.entries(limits))("%s, nested 3000 times", (_, limit) => {
  it("returns the value of an immediate and of a delayed success", async () => {
    expect(await Effect.runPromise(nest(limit, Effect.succeed(1)))).toBe(1)
    expect(await Effect.runPromise(nest(limit, Effect.delay(Effect.succeed(1), 1)))).toBe(1)
    expect(Effect.runSync(nest(limit, Effect.succeed(1)))).toBe(1)
  })

  it("fails with the error of the effect", async () => {
    const fatal = new ApiError.Fatal({ reason: "NotFound", delivery: "Acknowledged" })
    expect(await Effect.runPromise(Effect.flip(nest(limit, fatal)))).toMatchObject({ reason: "NotFound" })
    expect(await Effect.runPromise(Effect.flip(nest(limit, Effect.fail("other"))))).toBe("other")
  })

  it("ends when it is interrupted", async () => {
    let released = 0
    const fiber = Effect.runFork(
      nest(
        limit,
        Effect.onInterrupt(Effect.never, () => Effect.sync(() => void released++))
      )
    )
    await setTimeout(1)
    const exit = await Effect.runPromise(Fiber.interrupt(fiber))
    expect(Exit.isInterrupted(exit)).toBe(true)
    expect(released).toBe(1)
  })

  it("ends when it is interrupted before all levels have started", async () => {
    const fiber = Effect.runFork(nest(limit, Effect.never))
    expect(Exit.isInterrupted(await Effect.runPromise(Fiber.interrupt(fiber)))).toBe(true)
  })
})

it("fails the call with a defect if its fiber cannot start", async () => {
  // a scheduler that starts no other fiber
  const full = {
    shouldYield: () => false as const,
    scheduleTask: () => {
      throw new RangeError("Maximum call stack size exceeded")
    }
  }
  const exit = await Effect.runPromise(
    Effect.exit(Effect.withScheduler(Deadline.within(Effect.yieldNow(), "1 minute"), full))
  )
  expect(Exit.isFailure(exit) && Cause.isDie(exit.cause)).toBe(true)
})
