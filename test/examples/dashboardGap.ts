/**
 * Most calls fail, and the provider's dashboard is clean: who loses the requests?
 * Look at `verdict`, which holds what the client counted against what the servers counted of the same time.
 */
import { HttpBody, HttpClient } from "@effect/platform"
import { Effect } from "effect"
import { Accounting, ReliableHttpClient, Retry, Workload } from "effect-reliability"
import { Transport } from "effect-reliability/node"
import { Fault, FaultServer } from "effect-reliability/testing"

// one attempt a call, so that the numbers are easily followed
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
  // in place of `collector.counts({ from, to })` of a `ServerMetrics.collect`, or of what the provider's console shows
  const counts = { from, to, requests: (yield* api.counts).requests, errors: 0 }
  const verdict = Accounting.reconcile(window, counts)
  console.log(Accounting.format(verdict))
})

// the cause, which is to be found: too few connections
const TwoConnections = Transport.layer({ connections: 2 })

await Effect.runPromise(program.pipe(Effect.scoped, Effect.provide([TwoConnections, Accounting.layer()])))
