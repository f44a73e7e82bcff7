/**
 * Waits for a batch on several machines over Postgres: if one is lost, another continues its waits.
 * Start this program on each machine, with another port. See `shardLockDisableAdvisory`: without it, a process that hangs keeps its jobs.
 */
import { ClusterWorkflowEngine, RunnerAddress } from "@effect/cluster"
import { NodeClusterSocket, NodeRuntime } from "@effect/platform-node"
import { PgClient } from "@effect/sql-pg"
import { Config, Console, Effect, Layer, Option, Schedule } from "effect"
import { Fireworks } from "effect-reliability/fireworks"
import { Transport } from "effect-reliability/node"
import { DurableJob } from "effect-reliability/workflow"

// these intervals suit a demonstration; the defaults suit jobs that take hours
const Batch = DurableJob.batch({ interval: "500 millis", suspendedRetrySchedule: Schedule.spaced("500 millis") })

const Engine = Layer.unwrapEffect(
  Effect.map(Config.integer("RUNNER_PORT"), (port) =>
    NodeClusterSocket.layer({
      storage: "sql",
      runnerHealth: "ping",
      shardingConfig: {
        // a port below 32768, which no outgoing connection uses
        runnerAddress: Option.some(RunnerAddress.make("127.0.0.1", port)),
        shardLockDisableAdvisory: true
      }
    })
  )
).pipe(Layer.provide(PgClient.layerConfig({ url: Config.redacted("DATABASE_URL") })))

// register all durable jobs on all machines
const Live = Batch.layer.pipe(
  Layer.provide(Fireworks.layerConfig().pipe(Layer.provide(Transport.layer()))),
  Layer.provideMerge(ClusterWorkflowEngine.layer),
  Layer.provideMerge(Engine)
)

// each machine asks for the same job, and only one submits it
const program = Effect.gen(function* () {
  const id = yield* Config.string("JOB_ID")
  const outcome = yield* Batch.execute(id, {
    model: "accounts/fireworks/models/kimi-k2",
    inputDatasetId: "reviews"
  })
  yield* Console.log(outcome._tag)
})

NodeRuntime.runMain(program.pipe(Effect.provide(Live)))
