import { Duration, Effect, Schedule } from "effect"
import { ApiError, Retry } from "effect-reliability"
import { type Comparison, timed } from "./harness.js"

const times = (name: string, make: () => unknown) =>
  timed(name, 2000, (count) => {
    for (let i = 0; i < count; i++) make()
  })

const error = new ApiError.Transient({ reason: "Unavailable", delivery: "Acknowledged", status: 503 })

// two failures, then a success
const retried = (name: string, schedule: Schedule.Schedule<unknown, unknown>) => {
  const call = Effect.flatMap(
    Effect.sync(() => ({ left: 2 })),
    (state) =>
      Effect.retry(
        Effect.suspend(() => (state.left-- > 0 ? Effect.fail(error) : Effect.void)),
        schedule
      )
  )
  return timed(name, 500, (count) =>
    Effect.runPromise(Effect.replicateEffect(Effect.orDie(call), count, { discard: true }))
  )
}

/** The costs of failures: making an error, and the decision to retry. */
export const errors: ReadonlyArray<Comparison> = [
  {
    subject: times("new ApiError.Transient", () => {
      return new ApiError.Transient({ reason: "Unavailable", delivery: "Acknowledged", status: 503 })
    }),
    rival: times("new Error", () => new Error("the service is unavailable")),
    unit: "µs",
    bound: 3
  },
  {
    subject: retried("Effect.retry(Retry.make(…)), two retries", Retry.make({ base: 0 })),
    rival: retried(
      "Effect.retry with a plain schedule, two retries",
      Schedule.exponential(Duration.zero).pipe(Schedule.intersect(Schedule.recurs(4)))
    ),
    unit: "µs",
    bound: 1.5
  }
]
