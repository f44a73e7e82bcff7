/** An answer that takes six real minutes: longer than every default of undici and fetch. `npm run six-minutes` prints who waits. */
import { Duration, Effect } from "effect"
import { ReliableHttpClient, Retry, Workload } from "effect-reliability"
import { Transport } from "effect-reliability/node"
import { Fault, FaultServer } from "effect-reliability/testing"
import { request } from "undici"

const once = Retry.make({ attempts: 1 })

const outcome = (promise: Promise<unknown>): Effect.Effect<string> =>
  Effect.promise(() =>
    promise.then(
      (answer) => `answered: ${String(answer)}`,
      (error: Error & { readonly cause?: Error }) => `failed: ${error.message}, ${error.cause?.message ?? ""}`
    )
  )

const program = Effect.gen(function* () {
  const server = yield* FaultServer.make({ script: Fault.stall("6 minutes") })
  const url = `${server.baseUrl}/models`
  const transport = yield* Transport.make({ proxy: "none" })
  const under = (workload: Workload.Workload) =>
    ReliableHttpClient.make(transport, { workload: Workload.with(workload, { retry: once }) })
      .get(url)
      .pipe(
        Effect.map(({ status }) => `answered: ${status}`),
        Effect.catchAll(({ message }) => Effect.succeed(`failed: ${message}`))
      )
  const rows = yield* Effect.forEach(
    [
      ["Transport, under agentic", under(Workload.agentic)],
      ["Transport, under interactive", under(Workload.interactive)],
      ["bare undici", Effect.suspend(() => outcome(request(url).then(({ statusCode }) => statusCode)))],
      ["bare fetch", Effect.suspend(() => outcome(fetch(url).then(({ status }) => status)))]
    ] as const,
    ([name, effect]) =>
      Effect.map(Effect.timed(effect), ([time, became]) => ({
        name,
        became,
        seconds: Math.round(Duration.toSeconds(time))
      })),
    { concurrency: "unbounded" }
  )
  console.table(rows)
})

await Effect.runPromise(Effect.scoped(program))
