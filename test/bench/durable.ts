/**
 * Kills runners of durable jobs, and measures what waiting jobs cost. Takes about ten minutes: `npm run durable`.
 *
 * Each part prints a row. Parts can be chosen: `npm run durable -- costs kills`.
 */
import { ClusterWorkflowEngine, SingleRunner } from "@effect/cluster"
import { NodeClusterSocket } from "@effect/platform-node"
import { SqlClient } from "@effect/sql"
import { LibsqlClient } from "@effect/sql-libsql"
import { PgClient } from "@effect/sql-pg"
import type { WorkflowEngine } from "@effect/workflow"
import { Clock, Duration, Effect, Layer, Logger, LogLevel, Redacted, Schema } from "effect"
import type { Job } from "effect-reliability"
import { DurableJob } from "effect-reliability/workflow"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import {
  apiOf,
  Batch,
  bundleRunner,
  description,
  jobsFor,
  notOnce,
  pollsOf,
  type RunnerSettings,
  sharding,
  type StartRunner
} from "../support/durable.js"
import { freePorts, missingPostgres, startPostgres } from "../support/postgres.js"

const chosen = process.argv.slice(2)
const folder = mkdtempSync(`${tmpdir()}/durable-`)
process.once("exit", () => rmSync(folder, { recursive: true, force: true }))
if (missingPostgres !== undefined) throw new Error(`this benchmark ${missingPostgres}`)
const [postgres, startRunner] = await Promise.all([startPostgres(), bundleRunner()])

const part = async (name: string, effect: Effect.Effect<object, unknown>) => {
  if (chosen.length > 0 && !chosen.includes(name)) return
  const began = performance.now()
  const row = await Effect.runPromise(Effect.provide(effect, Logger.minimumLogLevel(LogLevel.Error)))
  console.log(name, { ...row, seconds: Math.round((performance.now() - began) / 1000) })
}

const spread = (times: ReadonlyArray<number>) => {
  const sorted = times.toSorted((a, b) => a - b).map(Math.round)
  return { median: sorted[Math.floor(sorted.length / 2)], longest: sorted.at(-1) }
}

const idsOf = (count: number) => Array.from({ length: count }, (_, n) => `job-${n}`)

// --- Kills -----------------------------------------------------------------------------------------------------------

/** Starts two runners over Postgres, the first one alone, and runs an effect as a client of them. */
const onTwoRunners = <A, E>(
  name: string,
  locks: "short" | "default",
  test: (
    server: Effect.Effect.Success<ReturnType<typeof jobsFor>>,
    start: (index: number) => ReturnType<StartRunner>
  ) => Effect.Effect<A, E, WorkflowEngine.WorkflowEngine>,
  lasts: Duration.DurationInput
) =>
  Effect.gen(function* () {
    const server = yield* jobsFor(lasts)
    const url = postgres.database(name)
    const ports = yield* Effect.promise(async () => freePorts(2))
    const all: Array<ReturnType<StartRunner>> = []
    yield* Effect.addFinalizer(() => Effect.promise(async () => Promise.all(all.map((runner) => runner.kill()))))
    const start = (index: number) => {
      const settings: RunnerSettings = { storage: "pg", url, port: ports[index] ?? 0, api: apiOf(server), locks }
      const runner = startRunner(settings)
      all.push(runner)
      return runner
    }
    const Client = ClusterWorkflowEngine.layer.pipe(
      Layer.provide(NodeClusterSocket.layer({ clientOnly: true, storage: "sql", shardingConfig: sharding })),
      Layer.provide(PgClient.layer({ url: Redacted.make(url) }))
    )
    return yield* Effect.provide(test(server, start), Client)
  }).pipe(Effect.scoped)

const ended = (ids: ReadonlyArray<string>) =>
  Effect.forEach(ids, (id) =>
    Effect.repeat(Effect.delay(Batch.poll(id), "500 millis"), {
      until: ({ _tag }) => _tag !== "Pending" && _tag !== "Waiting"
    })
  )

/** The time from a kill until the job is polled again; polls until 3 seconds after it may be in flight, or of the other runner. */
const gapsOf = (polls: ReadonlyMap<string, ReadonlyArray<number>>, ids: ReadonlyArray<string>, killed: number) =>
  ids.flatMap((id) => {
    const at = polls.get(id)?.find((time) => time > killed + 3000)
    return at === undefined ? [] : [at - killed]
  })

const kills = (count: number) =>
  onTwoRunners(
    "kills",
    "short",
    (server, start) =>
      Effect.gen(function* () {
        const ids = idsOf(20)
        const runners = [start(0)]
        yield* Effect.promise(async () => runners[0]?.ready)
        runners.push(start(1))
        yield* Effect.promise(async () => runners[1]?.ready)
        yield* Effect.fork(Effect.forEach(ids, (id) => Batch.start(id, description), { discard: true }))
        const gaps: Array<number> = []
        for (let n = 0; n < count; n++) {
          yield* Effect.sleep(Duration.millis(500 + 6000 * Math.random()))
          const index = Math.random() < 0.5 ? 0 : 1
          yield* Effect.promise(async () => runners[index]?.kill())
          const killed = yield* Clock.currentTimeMillis
          runners[index] = start(index)
          yield* Effect.promise(async () => runners[index]?.ready)
          yield* Effect.sleep("4 seconds")
          gaps.push(...gapsOf(yield* pollsOf(server), ids, killed))
        }
        const statuses = yield* ended(ids)
        return {
          kills: count,
          jobs: (yield* server.jobs).length,
          completed: statuses.filter((status) => status._tag === "Ended" && status.outcome._tag === "Completed").length,
          others: statuses
            .filter((status) => status._tag !== "Ended" || status.outcome._tag !== "Completed")
            .map((status) => (status._tag === "Died" ? String(status.defect) : status._tag)),
          notCreatedOnce: (yield* notOnce(server, ids)).length,
          polledAgainAfterMs: spread(gaps)
        }
      }),
    Duration.seconds(count * 9)
  )

/** Stops one of two runners by a signal, and measures when its jobs are polled again. */
const takeOver = (name: string, locks: "short" | "default", signal: "SIGKILL" | "SIGSTOP") =>
  onTwoRunners(
    name,
    locks,
    (server, start) =>
      Effect.gen(function* () {
        const ids = idsOf(20)
        const first = start(0)
        yield* Effect.promise(async () => first.ready)
        const second = start(1)
        yield* Effect.promise(async () => second.ready)
        yield* Effect.sleep("5 seconds")
        yield* Effect.forEach(ids, (id) => Batch.start(id, description), { discard: true })
        const polled = Effect.map(pollsOf(server), (polls) => ids.every((id) => (polls.get(id)?.length ?? 0) >= 2))
        yield* Effect.repeat(Effect.delay(polled, "200 millis"), { until: (all) => all })
        first.process.kill(signal)
        const stopped = yield* Clock.currentTimeMillis
        const gaps = Effect.map(pollsOf(server), (polls) => gapsOf(polls, ids, stopped))
        const all = yield* Effect.repeat(Effect.delay(gaps, "200 millis"), {
          until: (gaps) => gaps.length === ids.length
        })
        return { locks, signal, notCreatedOnce: (yield* notOnce(server, ids)).length, polledAgainAfterMs: spread(all) }
      }),
    "2 hours"
  )

const restarts = (count: number) =>
  Effect.gen(function* () {
    const server = yield* jobsFor(Duration.seconds(count * 4))
    const ids = idsOf(20)
    const [port = 0] = yield* Effect.promise(async () => freePorts(1))
    const url = `${folder}/restarts.db`
    const start = () => startRunner({ storage: "sqlite", url, port, api: apiOf(server), locks: "short", start: ids })
    let runner = start()
    yield* Effect.addFinalizer(() => Effect.promise(async () => runner.kill()))
    for (let n = 0; n < count; n++) {
      yield* Effect.promise(async () => runner.ready)
      yield* Effect.sleep(Duration.millis(3000 * Math.random()))
      yield* Effect.promise(async () => runner.kill())
      runner = start()
    }
    const outcomes = () => runner.lines.filter((line) => line.startsWith("outcome"))
    yield* Effect.repeat(Effect.delay(Effect.sync(outcomes), "500 millis"), {
      until: (all) => all.length === ids.length
    })
    return {
      kills: count,
      jobs: (yield* server.jobs).length,
      completed: outcomes().filter((line) => line.endsWith("Completed")).length,
      notCreatedOnce: (yield* notOnce(server, ids)).length
    }
  }).pipe(Effect.scoped)

// --- Costs -----------------------------------------------------------------------------------------------------------

const heap = () => {
  for (let n = 0; n < 3; n++) globalThis.gc?.()
  return process.memoryUsage().heapUsed
}

/** Lets jobs wait on one runner in this process, and measures each after their first polls. */
const costs = (storage: "pg" | "sqlite", count: number, options: Partial<DurableJob.EngineOptions> = {}) =>
  Effect.gen(function* () {
    let looks = 0
    const kind: Job.Kind<string, string, string> = {
      create: () => Effect.succeed("RUNNING"),
      get: () => Effect.sync(() => (looks++, "RUNNING")),
      standing: () => ({ _tag: "Active" }),
      isSame: () => true
    }
    const long = { interval: "20 minutes", jitter: 0 } as const
    const short = { interval: "1 minute", cap: "1 minute", jitter: 0 } as const
    const job = DurableJob.make({
      name: "Costs",
      kind,
      input: Schema.String,
      outcome: Schema.String,
      watch: options.inMemory === undefined ? long : short,
      ...options
    })
    const Sql =
      storage === "pg"
        ? PgClient.layer({ url: Redacted.make(postgres.database(`costs_${options.inMemory === undefined}`)) })
        : LibsqlClient.layer({ url: `file:${folder}/costs.db`, intMode: "bigint" })
    const Engine = ClusterWorkflowEngine.layer.pipe(
      Layer.provide(SingleRunner.layer({ runnerStorage: "memory" })),
      Layer.provideMerge(Sql)
    )
    return yield* Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const rowsOf = (table: string) =>
        Effect.map(sql.unsafe<{ readonly n: bigint | string }>(`SELECT count(*) AS n FROM ${table}`), ([row]) =>
          Number(row?.n)
        )
      const [heapBefore, cpuBefore] = [heap(), process.cpuUsage()]
      yield* Effect.forEach(idsOf(count), (id) => job.start(id, "input"), { concurrency: 16, discard: true })
      // a lookup before the submission, and the first poll
      yield* Effect.repeat(
        Effect.delay(
          Effect.sync(() => looks),
          "500 millis"
        ),
        { until: (n) => n >= 2 * count }
      )
      const cpu = process.cpuUsage(cpuBefore)
      if (options.inMemory === undefined) yield* Effect.sleep("90 seconds") // what is idle for a minute is dropped
      const heapAfter = heap()
      const idleBefore = process.cpuUsage()
      yield* Effect.sleep("20 seconds")
      const idle = process.cpuUsage(idleBefore)
      return {
        storage,
        jobs: count,
        heapKbPerJob: Number(((heapAfter - heapBefore) / 1024 / count).toFixed(2)),
        messagesPerJob: (yield* rowsOf("cluster_messages")) / count,
        repliesPerJob: (yield* rowsOf("cluster_replies")) / count,
        cpuMsPerJob: Number(((cpu.user + cpu.system) / 1000 / count).toFixed(1)),
        idleCpuPercent: Number(((idle.user + idle.system) / 1e4 / 20).toFixed(1))
      }
    }).pipe(Effect.provide(Layer.provideMerge(job.layer, Engine)))
  })

await part("costs", costs("pg", 1000))
await part("costs", costs("sqlite", 1000))
await part("costs", costs("pg", 300, { inMemory: "1 minute" }))
await part("kills", kills(Number(process.env["KILLS"] ?? 30)))
await part("restarts", restarts(30))
await part("hung", takeOver("hung", "short", "SIGSTOP"))
await part("default", takeOver("defaults", "default", "SIGKILL"))
await postgres.stop()
