/**
 * A runner of durable batch jobs in a process of its own, which tests kill. Usage: durableRunner.ts SETTINGS, as JSON.
 *
 * It prints a line when it is ready, and a line for each outcome of the jobs that it was asked to start.
 */
import { ClusterWorkflowEngine, type MessageStorage, RunnerAddress, type Sharding, SingleRunner } from "@effect/cluster"
import { NodeClusterSocket, NodeRuntime } from "@effect/platform-node"
import { LibsqlClient } from "@effect/sql-libsql"
import { PgClient } from "@effect/sql-pg"
import { Duration, Effect, Layer, Logger, Option, Redacted } from "effect"
import { Fireworks } from "effect-reliability/fireworks"
import { Transport } from "effect-reliability/node"
import { pathToFileURL } from "node:url"
import { Batch, description, type RunnerSettings, sharding } from "./durable.js"

const settings = JSON.parse(process.argv[2] ?? "") as RunnerSettings

const address = { runnerAddress: Option.some(RunnerAddress.make("127.0.0.1", settings.port)) }
const shardingConfig = settings.locks === "short" ? { ...sharding, ...address } : address

const Engine: Layer.Layer<Sharding.Sharding | MessageStorage.MessageStorage, unknown> =
  settings.storage === "pg"
    ? NodeClusterSocket.layer({ storage: "sql", runnerHealth: "ping", shardingConfig }).pipe(
        Layer.provide(PgClient.layer({ url: Redacted.make(settings.url) }))
      )
    : SingleRunner.layer({ runnerStorage: "memory", shardingConfig }).pipe(
        Layer.provide(LibsqlClient.layer({ url: pathToFileURL(settings.url).href, intMode: "bigint" }))
      )

const Api = Fireworks.layer({
  apiKey: Redacted.make(settings.api.key),
  accountId: settings.api.account,
  baseUrl: settings.api.baseUrl
}).pipe(Layer.provide(Transport.layer()))

const print = (line: string) => void process.stdout.write(`${line}\n`)

const started = Effect.forEach(
  settings.start ?? [],
  (id) =>
    Effect.match(Batch.execute(id, description), {
      onFailure: (error) => print(`outcome ${id} ${error.reason}`),
      onSuccess: (outcome) => print(`outcome ${id} ${outcome._tag}`)
    }),
  { concurrency: "unbounded", discard: true }
)

const Live = Batch.layer.pipe(
  Layer.provide(Api),
  Layer.provideMerge(ClusterWorkflowEngine.layer),
  Layer.provideMerge(Engine)
)

const program = Effect.gen(function* () {
  print("ready")
  yield* started
  yield* Effect.sleep(Duration.infinity)
})

program.pipe(
  Effect.provide(
    Layer.provideMerge(
      Live,
      Logger.replace(
        Logger.defaultLogger,
        Logger.map(Logger.logfmtLogger, (line) => void process.stderr.write(`${line}\n`))
      )
    )
  ),
  NodeRuntime.runMain({ disablePrettyLogger: true })
)
