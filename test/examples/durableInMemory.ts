/**
 * Tests a service that waits for a batch for 30 hours, on the engine in memory: the clock is a `TestClock`.
 * See the engine: it is a layer, so the service runs unchanged on SQLite and Postgres.
 */
import { WorkflowEngine } from "@effect/workflow"
import { Effect, Fiber, Layer, TestClock, TestContext } from "effect"
import { Fireworks } from "effect-reliability/fireworks"
import { FireworksServer } from "effect-reliability/testing"
import { DurableJob } from "effect-reliability/workflow"

const Batch = DurableJob.batch({ queued: "2 days" })

/** The service. Its id is used once: a second call with the same id returns the same outcome. */
const nightly = (day: string) =>
  Batch.execute(`nightly-${day}`, { model: "accounts/fireworks/models/kimi-k2", inputDatasetId: `reviews-${day}` })

const test = Effect.gen(function* () {
  const api = yield* FireworksServer.FireworksServer
  const fiber = yield* Effect.fork(nightly("2026-01-01"))
  yield* TestClock.adjust("12 hours")
  const { _tag: status } = yield* Batch.poll("nightly-2026-01-01")
  console.log(`after 12 hours: ${status}`)

  yield* TestClock.adjust("19 hours")
  const outcome = yield* Fiber.join(fiber)
  console.log(`after 31 hours: ${outcome._tag}; jobs: ${(yield* api.jobs).length}`)
})

const timeline = [{ state: "PENDING", lasts: "30 hours" }, { state: "COMPLETED" }] as const
const Api = FireworksServer.layerClient(Fireworks.layer).pipe(
  Layer.provideMerge(FireworksServer.layerInMemory({ timeline }))
)
const Live = Batch.layer.pipe(Layer.provideMerge(WorkflowEngine.layerMemory), Layer.provideMerge(Api))
await Effect.runPromise(test.pipe(Effect.provide(Live), Effect.provide(TestContext.TestContext)))
