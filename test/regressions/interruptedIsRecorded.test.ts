/**
 * Interrupted attempts and calls were not recorded: a client's own count stayed below the server's.
 */
import { it } from "@effect/vitest"
import { Effect, Fiber, TestClock } from "effect"
import { ApiError, Reliability, Workload } from "effect-reliability"
import { describe, expect } from "vitest"

const transient = new ApiError.Transient({ reason: "Unavailable", delivery: "Acknowledged", status: 503 })

type Call = (use: (attempt: number) => Effect.Effect<string, ApiError.ApiError>) => {
  readonly recorded: Array<unknown>
  readonly call: Effect.Effect<string, ApiError.ApiError>
}

const recording = () => {
  const recorded: Array<unknown> = []
  const policy = Reliability.make({
    workload: Workload.interactive,
    record: ({ attempt, error, of }) =>
      void recorded.push([of, attempt, error?.reason ?? "ok", error?.delivery, error?.attempts])
  })
  return { recorded, policy }
}

const calls: Record<string, Call> = {
  protect: (use) => {
    const { policy, recorded } = recording()
    let attempt = 0
    return {
      recorded,
      call: Reliability.protect(
        Effect.suspend(() => use(++attempt)),
        policy
      )
    }
  },
  leaf: (use) => {
    const { policy, recorded } = recording()
    return { recorded, call: Reliability.leaf(policy, ({ attempt }) => use(attempt)) }
  }
}

describe.each(Object.entries(calls))("an interrupted %s", (_, make) => {
  const cutAfter = (seconds: number, { call, recorded }: ReturnType<Call>) =>
    Effect.gen(function* () {
      const fiber = yield* Effect.fork(call)
      yield* TestClock.adjust(`${seconds} seconds`)
      yield* Fiber.interrupt(fiber)
      return recorded
    })

  it.effect("records the attempt and the call as Aborted with unconfirmed delivery", () =>
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

  it.effect("records only the call during a backoff, with the delivery of the previous attempt", () =>
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

  it.effect("records the interrupted attempt after earlier ones", () =>
    Effect.gen(function* () {
      const call = make((attempt) => (attempt === 1 ? transient : Effect.never))
      expect(yield* cutAfter(10, call)).toEqual([
        ["attempt", 1, "Unavailable", "Acknowledged", 0],
        ["attempt", 2, "Aborted", "Unconfirmed", 0],
        ["call", 2, "Aborted", "Unconfirmed", 2]
      ])
    })
  )

  it.effect("records the attempt and the call once if the attempt interrupts itself", () =>
    Effect.gen(function* () {
      const { call, recorded } = make(() => Effect.interrupt)
      yield* Effect.exit(call)
      expect(recorded).toEqual([
        ["attempt", 1, "Aborted", "Unconfirmed", 0],
        ["call", 1, "Aborted", "Unconfirmed", 1]
      ])
    })
  )
})
