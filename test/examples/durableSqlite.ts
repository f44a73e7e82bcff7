/**
 * Waits for a batch on one machine, in a file of SQLite: a restarted process continues the wait.
 * See `intMode`: without it, the driver cannot read the ids of the engine.
 */
import { ClusterWorkflowEngine, SingleRunner } from "@effect/cluster"
import { FileSystem } from "@effect/platform"
import { NodeFileSystem } from "@effect/platform-node"
import { LibsqlClient } from "@effect/sql-libsql"
import { Effect, Layer, Logger, LogLevel, Schedule } from "effect"
import { Fireworks } from "effect-reliability/fireworks"
import { Transport } from "effect-reliability/node"
import { FireworksServer } from "effect-reliability/testing"
import { DurableJob } from "effect-reliability/workflow"

// the default intervals suit jobs that take hours
const Batch = DurableJob.batch({ interval: "200 millis", suspendedRetrySchedule: Schedule.spaced("100 millis") })

// only one process may use the file at a time, so it needs no locks
const engineIn = (file: string) =>
  ClusterWorkflowEngine.layer.pipe(
    Layer.provide(SingleRunner.layer({ runnerStorage: "memory" })),
    Layer.provide(LibsqlClient.layer({ url: `file:${file}`, intMode: "bigint" }))
  )

const description = { model: "accounts/fireworks/models/kimi-k2", inputDatasetId: "reviews" }

const program = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const file = `${yield* fs.makeTempDirectoryScoped()}/jobs.db`
  // a local server; for the real API, use `Fireworks.layerConfig()`
  const api = yield* FireworksServer.make({
    timeline: [{ state: "RUNNING", lasts: "1 second" }, { state: "COMPLETED" }]
  })
  const Api = Fireworks.layer(api.options).pipe(Layer.provide(Transport.layer()))
  const Live = Batch.layer.pipe(Layer.provide(Api), Layer.provideMerge(engineIn(file)))

  // the first process ends once the job is stored
  yield* Batch.start("nightly", description).pipe(Effect.zipRight(api.server.awaitRequests(2)), Effect.provide(Live))
  const outcome = yield* Batch.execute("nightly", description).pipe(Effect.provide(Live))
  console.log(`${outcome._tag}; jobs: ${(yield* api.jobs).length}`)
})

await Effect.runPromise(
  program.pipe(Effect.scoped, Effect.provide([NodeFileSystem.layer, Logger.minimumLogLevel(LogLevel.Error)]))
)
