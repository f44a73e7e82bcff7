/**
 * Attempts and calls that were interrupted were told to nobody: a client's own count stayed below the server's.
 */
import { it } from "@effect/vitest"
import { Effect, Fiber, TestClock } from "effect"
import { ApiError, Reliability, Workload } from "effect-reliability"
import { describe, expect } from "vitest"

const transient = new ApiError.Transient({ reason: "Unavailable", delivery: "Acknowledged", status: 503 })

type Call = (use: (attempt: number) => Effect.Effect<string, ApiError.ApiError>) => {
  readonly told: Array<unknown>
  readonly call: Effect.Effect<string, ApiError.ApiError>
}

const recording = () => {
  const told: Array<unknown> = []
  const policy = Reliability.make({
    workload: Workload.interactive,
    record: ({ attempt, error, of }) =>
      void told.push([of, attempt, error?.reason ?? "ok", error?.delivery, error?.attempts])
  })
  return { told, policy }
}

const calls: Record<string, Call> = {
  protect: (use) => {
    const { policy, told } = recording()
    let attempt = 0
    return {
      told,
      call: Reliability.protect(
        Effect.suspend(() => use(++attempt)),
        policy
      )
    }
  },
  leaf: (use) => {
    const { policy, told } = recording()
    return { told, call: Reliability.leaf(policy, ({ attempt }) => use(attempt)) }
  }
}

describe.each(Object.entries(calls))("an interrupted %s", (_, make) => {
  const cutAfter = (seconds: number, { call, told }: ReturnType<Call>) =>
    Effect.gen(function* () {
      const fiber = yield* Effect.fork(call)
      yield* TestClock.adjust(`${seconds} seconds`)
      yield* Fiber.interrupt(fiber)
      return told
    })

  it.effect("is told with its try, Aborted, of unknown delivery", () =>
    Effect.gen(function* () {
      expect(
        yield* cutAfter(
          5,
          make(() => Effect.never)
        )
      ).toEqual([
        ["attempt", 1, "Aborted", "Unconfirmed", 0],
        ["call", 1, "Aborted", "Unconfirmed", 1]
      ])
    })
  )

  it.effect("is told alone in a backoff, with the delivery of the attempt before", () =>
    Effect.gen(function* () {
      expect(
        yield* cutAfter(
          0.5,
          make(() => transient)
        )
      ).toEqual([
        ["attempt", 1, "Unavailable", "Acknowledged", 0],
        ["call", 1, "Aborted", "Acknowledged", 1]
      ])
    })
  )

  it.effect("is told with a later try", () =>
    Effect.gen(function* () {
      const call = make((attempt) => (attempt === 1 ? transient : Effect.never))
      expect(yield* cutAfter(10, call)).toEqual([
        ["attempt", 1, "Unavailable", "Acknowledged", 0],
        ["attempt", 2, "Aborted", "Unconfirmed", 0],
        ["call", 2, "Aborted", "Unconfirmed", 2]
      ])
    })
  )

  it.effect("is told once when it interrupts itself", () =>
    Effect.gen(function* () {
      const { call, told } = make(() => Effect.interrupt)
      yield* Effect.exit(call)
      expect(told).toEqual([
        ["attempt", 1, "Aborted", "Unconfirmed", 0],
        ["call", 1, "Aborted", "Unconfirmed", 1]
      ])
    })
  )
})
