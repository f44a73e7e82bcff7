/**
 * One retry schedule for three services with different errors: HTTP statuses, tagged errors, and gRPC codes.
 * See `workload`, which defines the retries once, and each `classify`, which turns an error of a service into an `ApiError`.
 */
import { Data, Effect } from "effect"
import { ApiError, Classify, Reliability, Retry, Workload } from "effect-reliability"

const workload = Workload.make({
  name: "services",
  timeouts: { attempt: "1 second" },
  retry: Retry.make({ attempts: 4, base: "10 millis" })
})

const chat = Reliability.make({
  workload,
  classify: ({ headers, status }: Response, { now }) => Classify.answer({ status, headers, now })
})

class Deadlock extends Data.TaggedError("Deadlock") {}
class UniqueViolation extends Data.TaggedError("UniqueViolation") {}

const database = Reliability.make({
  workload,
  classify: (error: Deadlock | UniqueViolation) =>
    error._tag === "Deadlock"
      ? new ApiError.Transient({ reason: "ServerError", delivery: "Acknowledged", executed: false })
      : new ApiError.Fatal({ reason: "Conflict", delivery: "Acknowledged" })
})

const search = Reliability.make({
  workload,
  classify: (code: number) =>
    code === 14
      ? new ApiError.Transient({ reason: "Unavailable", delivery: "Unconfirmed", code: "UNAVAILABLE" })
      : new ApiError.Fatal({ reason: "Unknown", delivery: "Acknowledged", code: `gRPC ${code}` })
})

/** Fails with one error after another, then succeeds. */
const after = <Errors extends ReadonlyArray<unknown>>(...errors: Errors) => {
  let attempts = 0
  return Effect.suspend(() => {
    const error: Errors[number] = errors[attempts++]
    return attempts > errors.length ? Effect.succeed(`succeeded at attempt ${attempts}`) : Effect.fail(error)
  })
}

const calls = {
  chat: after(new Response(null, { status: 503 }), new Response(null, { status: 429 })).pipe(Reliability.protect(chat)),
  database: after(new Deadlock(), new UniqueViolation()).pipe(Reliability.protect(database)),
  search: after(14, 14, 14, 14).pipe(Reliability.protect(search))
}

for (const [service, call] of Object.entries(calls)) {
  const failed = ({ attempts, reason }: ApiError.ApiError) => `${reason} after ${attempts} attempts`
  console.log(`${service}: ${await Effect.runPromise(Effect.merge(Effect.mapError(call, failed)))}`)
}
