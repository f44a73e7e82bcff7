import { ClusterWorkflowEngine, SingleRunner } from "@effect/cluster"
import { describe, it } from "@effect/vitest"
import { SqlClient } from "@effect/sql"
import { LibsqlClient } from "@effect/sql-libsql"
import { Duration, Effect, Layer } from "effect"
import { Fireworks } from "effect-reliability/fireworks"
import { Transport } from "effect-reliability/node"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { pathToFileURL } from "node:url"
import { afterAll, expect } from "vitest"
import { apiOf, Batch, bundleRunner, description, jobsFor, notOnce, sharding } from "../../support/durable.js"
import { freePorts } from "../../support/postgres.js"

const folder = mkdtempSync(`${tmpdir()}/durable-`)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const count = (table: string) =>
  Effect.flatMap(SqlClient.SqlClient, (sql) =>
    Effect.map(sql.unsafe<{ readonly n: bigint }>(`SELECT count(*) AS n FROM ${table}`), ([row]) => Number(row?.n))
  )

describe("a durable job on a single runner with SQLite", () => {
  it.live("keeps the outcome and frees the rows of its steps when the statements of `purge` run", () =>
    Effect.gen(function* () {
      const server = yield* jobsFor("2 seconds")
      const Sql = LibsqlClient.layer({ url: pathToFileURL(`${folder}/purge.db`).href, intMode: "bigint" })
      const Engine = ClusterWorkflowEngine.layer.pipe(
        Layer.provide(SingleRunner.layer({ runnerStorage: "memory", shardingConfig: sharding })),
        Layer.provideMerge(Sql)
      )
      const Live = Batch.layer.pipe(
        Layer.provide(Fireworks.layer(server.options).pipe(Layer.provide(Transport.layer()))),
        Layer.provideMerge(Engine)
      )
      yield* Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const purge = Effect.forEach(Batch.purge({ dialect: "sqlite" }), (statement) => sql.unsafe(statement))
        yield* Batch.start("waiting", description)
        const outcome = yield* Batch.execute("done", description)
        expect(outcome._tag).toBe("Completed")
        const before = yield* count("cluster_messages")
        yield* sql.withTransaction(purge)
        expect(yield* count("cluster_messages")).toBeLessThan(before)

        // what waits goes on, and what is over keeps its outcome and its id
        const other = yield* Batch.execute("waiting", description)
        expect(other._tag).toBe("Completed")
        expect(yield* Batch.poll("done")).toEqual({ _tag: "Ended", outcome })
        expect(yield* Batch.execute("done", description)).toEqual(outcome)
        yield* Effect.sleep("1 second")
        yield* sql.withTransaction(purge)
        expect([yield* count("cluster_messages"), yield* count("cluster_replies")]).toEqual([2, 2])
        expect(yield* Batch.execute("waiting", description)).toEqual(other)
        expect(yield* notOnce(server, ["done", "waiting"])).toEqual([])
      }).pipe(Effect.provide(Live))
    }).pipe(Effect.scoped)
  )

  it.live("goes on after kill -9 and a restart: each job is created once, and no wait is lost", () =>
    Effect.gen(function* () {
      const server = yield* jobsFor("12 seconds")
      const startRunner = yield* Effect.promise(bundleRunner)
      const ids = Array.from({ length: 8 }, (_, n) => `nightly-${n}`)
      const [port = 0] = yield* Effect.promise(async () => freePorts(1))
      const settings = {
        storage: "sqlite",
        url: `${folder}/restarts.db`,
        port,
        api: apiOf(server),
        locks: "short",
        start: ids
      } as const
      let runner = startRunner(settings)
      yield* Effect.addFinalizer(() => Effect.promise(async () => runner.kill()))
      for (let kills = 0; kills < 4; kills++) {
        yield* Effect.promise(async () => runner.ready)
        // during the submissions, and later during the waits
        yield* Effect.sleep(Duration.millis(300 + 700 * kills + 500 * Math.random()))
        yield* Effect.promise(async () => runner.kill())
        runner = startRunner(settings)
      }
      const isOver = Effect.sync(() => runner.lines.filter((line) => line.startsWith("outcome")).length === ids.length)
      yield* Effect.repeat(Effect.delay(isOver, "200 millis"), { until: (over) => over })
      expect(runner.lines.filter((line) => line.startsWith("outcome")).toSorted()).toEqual(
        ids.map((id) => `outcome ${id} Completed`)
      )
      expect(yield* notOnce(server, ids)).toEqual([])
      const jobs = yield* server.jobs
      expect(jobs.map(({ id }) => id).toSorted()).toEqual(ids)
    }).pipe(Effect.scoped)
  )
})
