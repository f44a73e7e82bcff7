/**
 * Finds out where requests are lost if most calls fail and the provider's dashboard shows no errors.
 * See `verdict`: it compares the client's counts with the counts of the servers for the same period.
 */
import { HttpBody, HttpClient } from "@effect/platform"
import { Effect } from "effect"
import { Accounting, ReliableHttpClient, Retry, Workload } from "effect-reliability"
import { Transport } from "effect-reliability/node"
import { Fault, FaultServer } from "effect-reliability/testing"

// one attempt per call keeps the numbers easy to follow
const workload = Workload.make({
  name: "summaries",
  timeouts: { attempt: "30 seconds", pool: "100 millis" },
  retry: Retry.make({ attempts: 1 })
})

const program = Effect.gen(function* () {
  const api = yield* FaultServer.make({ script: Fault.stall("1 second") })
  const client = ReliableHttpClient.make(yield* HttpClient.HttpClient, { workload })
  const call = client.post(`${api.baseUrl}/chat/completions`, { body: HttpBody.unsafeJson({ model: "a-model" }) })
  yield* Effect.replicateEffect(Effect.ignore(call), 20, { concurrency: "unbounded" })

  const window = yield* Accounting.window(0, Infinity)
  const { from, to } = window
  // the counts of the local server; for a real one, use `ServerMetrics.collect`, or the numbers in the provider's console
  const counts = { from, to, requests: (yield* api.counts).requests, errors: 0 }
  const verdict = Accounting.reconcile(window, counts)
  console.log(Accounting.format(verdict))
})

// the cause of the failures: the pool has too few connections
const TwoConnections = Transport.layer({ connections: 2 })

await Effect.runPromise(program.pipe(Effect.scoped, Effect.provide([TwoConnections, Accounting.layer()])))
