/**
 * Tests a service that waits for a batch for 10 hours, on the engine in memory: the clock is a `TestClock`.
 * See the engine: it is a layer, so the service runs unchanged on SQLite and Postgres.
 */
import { WorkflowEngine } from "@effect/workflow"
import { Effect, Fiber, Layer, Schedule, TestClock, TestContext } from "effect"
import { Fireworks } from "effect-reliability/fireworks"
import { FireworksServer } from "effect-reliability/testing"
import { DurableJob } from "effect-reliability/workflow"

// by default, `execute` looks for the outcome every 30 seconds: each of these wake-ups takes a test some milliseconds
const Batch = DurableJob.batch({ queued: "2 days", suspendedRetrySchedule: Schedule.spaced("1 hour") })

/** The service. Its id is used once: a second call with the same id returns the same outcome. */
const nightly = (day: string) =>
  Batch.execute(`nightly-${day}`, { model: "accounts/fireworks/models/kimi-k2", inputDatasetId: `reviews-${day}` })

// the engine hashes ids asynchronously, and the clock does not wait for that: small steps keep them together
const pass = (hours: number) => Effect.repeatN(TestClock.adjust("20 minutes"), 3 * hours - 1)

const test = Effect.gen(function* () {
  const api = yield* FireworksServer.FireworksServer
  const fiber = yield* Effect.fork(nightly("2026-01-01"))
  yield* pass(8)
  const { _tag: status } = yield* Batch.poll("nightly-2026-01-01")
  console.log(`after 8 hours: ${status}`)

  yield* pass(4)
  const outcome = yield* Fiber.join(fiber)
  console.log(`after 12 hours: ${outcome._tag}; jobs: ${(yield* api.jobs).length}`)
})

const timeline = [{ state: "PENDING", lasts: "10 hours" }, { state: "COMPLETED" }] as const
const Api = FireworksServer.layerClient(Fireworks.layer).pipe(
  Layer.provideMerge(FireworksServer.layerInMemory({ timeline }))
)
const Live = Batch.layer.pipe(Layer.provideMerge(WorkflowEngine.layerMemory), Layer.provideMerge(Api))
await Effect.runPromise(test.pipe(Effect.provide(Layer.provideMerge(Live, TestContext.TestContext))))
