import { ClusterWorkflowEngine } from "@effect/cluster"
import type { WorkflowEngine } from "@effect/workflow"
import { NodeClusterSocket } from "@effect/platform-node"
import { SqlClient } from "@effect/sql"
import { PgClient } from "@effect/sql-pg"
import { describe, it } from "@effect/vitest"
import { Clock, Duration, Effect, Fiber, Layer, Redacted } from "effect"
import { afterAll, beforeAll, expect } from "vitest"
import {
  apiOf,
  Batch,
  bundleRunner,
  description,
  jobsFor,
  notOnce,
  pollsOf,
  printed,
  type RunnerSettings,
  sharding,
  type StartRunner
} from "../../support/durable.js"
import { root, run } from "../../support/project.js"
import { freePorts, missingPostgres, type Postgres, startPostgres } from "../../support/postgres.js"

const title = (behaviour: string) => (missingPostgres === undefined ? behaviour : `${behaviour} (${missingPostgres})`)

describe.skipIf(missingPostgres !== undefined)(title("a durable job on two runners over Postgres"), () => {
  let postgres: Postgres
  let startRunner: StartRunner
  beforeAll(async () => {
    ;[postgres, startRunner] = await Promise.all([startPostgres(), bundleRunner()])
  })
  afterAll(async () => postgres.stop())

  /** Runs a test with runners on an empty database, as a client that is not a runner itself. */
  const withRunners = <A, E>(
    name: string,
    server: Effect.Effect.Success<ReturnType<typeof jobsFor>>,
    test: (runners: {
      /** Kills a runner, and starts another one unless `only`. */
      readonly kill: (index: number, only?: "only") => Effect.Effect<void>
    }) => Effect.Effect<A, E, WorkflowEngine.WorkflowEngine | SqlClient.SqlClient>
  ) =>
    Effect.gen(function* () {
      const url = postgres.database(name)
      const ports = yield* Effect.promise(async () => freePorts(2))
      const settingsOf = (port: number): RunnerSettings => ({
        storage: "pg",
        url,
        port,
        api: apiOf(server),
        locks: "short"
      })
      const Client = ClusterWorkflowEngine.layer.pipe(
        Layer.provideMerge(NodeClusterSocket.layer({ clientOnly: true, storage: "sql", shardingConfig: sharding })),
        Layer.provideMerge(PgClient.layer({ url: Redacted.make(url) }))
      )
      return yield* Effect.gen(function* () {
        // the client has created the tables: runners that do so at the same time can fail
        const all = ports.map((port) => startRunner(settingsOf(port)))
        yield* Effect.addFinalizer(() => Effect.promise(async () => Promise.all(all.map((runner) => runner.kill()))))
        const ready = Effect.promise(async () => Promise.all(all.map((runner) => runner.ready)))
        yield* ready
        const kill = (index: number, only?: "only") =>
          Effect.gen(function* () {
            yield* Effect.promise(async () => all[index]?.kill())
            if (only === "only") return
            all[index] = startRunner(settingsOf(ports[index] ?? 0))
            yield* ready
          })
        return yield* test({ kill })
      }).pipe(Effect.provide(Client))
    }).pipe(Effect.scoped)

  const idsOf = (name: string, count: number) => Array.from({ length: count }, (_, n) => `${name}-${n}`)

  const startAll = (ids: ReadonlyArray<string>) =>
    Effect.forEach(ids, (id) => Batch.start(id, description), { concurrency: 4, discard: true })

  /** Waits until all executions have ended, and returns the tags of their outcomes. */
  const outcomesOf = (ids: ReadonlyArray<string>) =>
    Effect.forEach(ids, (id) => {
      const ended = Effect.map(Batch.poll(id), (status) =>
        status._tag === "Ended" ? status.outcome._tag : JSON.stringify(status)
      )
      return Effect.repeat(Effect.delay(ended, "200 millis"), {
        until: (tag) => !/"(Waiting|Pending)"/.test(tag)
      })
    })

  it.live("goes on after each kill -9 of a runner: each job is created once, and no wait is lost", () =>
    Effect.gen(function* () {
      const server = yield* jobsFor("25 seconds")
      const ids = idsOf("killed", 20)
      yield* withRunners(
        "killed",
        server,
        Effect.fn(function* ({ kill }) {
          const starting = yield* Effect.fork(startAll(ids))
          for (let kills = 0; kills < 5; kills++) {
            // the first ones hit submissions, the later ones waits
            yield* Effect.sleep(Duration.millis(500 + 2500 * Math.random()))
            yield* kill(kills % 2)
          }
          yield* Fiber.join(starting)
          expect((yield* outcomesOf(ids)).filter((outcome) => outcome !== "Completed")).toEqual([])
        })
      )
      expect(yield* notOnce(server, ids)).toEqual([])
      expect(yield* server.jobs).toHaveLength(ids.length)
    }).pipe(Effect.scoped)
  )

  it.live("moves to the other runner once the locks have expired", () =>
    Effect.gen(function* () {
      const server = yield* jobsFor("1 hour")
      const ids = idsOf("taken", 12)
      yield* withRunners(
        "taken",
        server,
        Effect.fn(function* ({ kill }) {
          yield* startAll(ids)
          const polled = Effect.map(pollsOf(server), (polls) => ids.every((id) => (polls.get(id)?.length ?? 0) >= 3))
          yield* Effect.repeat(Effect.delay(polled, "200 millis"), { until: (all) => all })
          yield* kill(0, "only")
          const killed = yield* Clock.currentTimeMillis
          const nextOf = (polls: ReadonlyMap<string, ReadonlyArray<number>>, id: string) =>
            polls.get(id)?.find((at) => at > killed + 3000)
          const taken = Effect.map(pollsOf(server), (polls) => ids.every((id) => nextOf(polls, id) !== undefined))
          yield* Effect.repeat(Effect.delay(taken, "200 millis"), { until: (all) => all })
          const polls = yield* pollsOf(server)
          const gaps = ids.map((id) => (nextOf(polls, id) ?? Infinity) - killed)
          printed(`take-over after kill -9, with locks of 15 seconds: ${Math.round(Math.max(...gaps))} ms`)
          expect(Math.max(...gaps)).toBeLessThan(60_000)
        })
      )
      expect(yield* notOnce(server, ids)).toEqual([])
    }).pipe(Effect.scoped)
  )

  it.live("lets a process that is not a runner follow, interrupt and purge it", () =>
    Effect.gen(function* () {
      const server = yield* jobsFor((id) => (id === "stopped" ? "1 hour" : "4 seconds"))
      yield* withRunners(
        "followed",
        server,
        Effect.fn(function* () {
          expect(yield* Batch.poll("followed")).toEqual({ _tag: "Pending" })
          const outcome = yield* Batch.execute("followed", description)
          expect(outcome._tag).toBe("Completed")
          expect(yield* Batch.poll("followed")).toEqual({ _tag: "Ended", outcome })

          yield* Batch.start("stopped", description)
          yield* Effect.sleep("2 seconds")
          yield* Batch.interrupt("stopped")
          // an interruption that arrives while a step ends needs another wake-up
          const awake = Effect.zipRight(Effect.delay(Batch.resume("stopped"), "2 seconds"), Batch.poll("stopped"))
          const status = yield* Effect.repeat(awake, { until: ({ _tag }) => _tag !== "Waiting" && _tag !== "Pending" })
          expect(status).toEqual({ _tag: "Interrupted" })

          const sql = yield* SqlClient.SqlClient
          const rows = Effect.map(
            sql<{ readonly n: number }>`
              SELECT count(*)::int AS n FROM cluster_messages WHERE entity_id IN (
                SELECT entity_id FROM cluster_messages WHERE payload LIKE '%"followed"%' OR payload LIKE '%"stopped"%'
              )`,
            ([row]) => row?.n ?? 0
          )
          expect(yield* rows).toBeGreaterThan(6)
          const purge = Effect.forEach(Batch.purge(), (statement) => sql.unsafe(statement))
          yield* sql.withTransaction(purge)
          expect(yield* rows).toBe(2)
          expect(yield* Batch.poll("followed")).toEqual({ _tag: "Ended", outcome })
          expect(yield* Batch.poll("stopped")).toEqual({ _tag: "Interrupted" })
        })
      )
    }).pipe(Effect.scoped)
  )

  it.live("submits once for two machines that ask for the same id", () =>
    Effect.gen(function* () {
      const server = yield* jobsFor("3 seconds")
      const ports = yield* Effect.promise(async () => freePorts(2))
      const url = postgres.database("example")
      const example = async (port: number | undefined, id: string) =>
        run(process.execPath, ["--import", "tsx", "test/examples/durablePostgres.ts"], root, {
          DATABASE_URL: url,
          RUNNER_PORT: String(port),
          JOB_ID: id,
          FIREWORKS_API_KEY: server.key,
          FIREWORKS_ACCOUNT_ID: server.account,
          FIREWORKS_BASE_URL: server.baseUrl
        })
      // the first one creates the tables alone
      expect(yield* Effect.promise(async () => example(ports[0], "first"))).toContain("Completed\n")
      const printed = yield* Effect.promise(async () => Promise.all(ports.map((port) => example(port, "asked-twice"))))
      for (const lines of printed) expect(lines).toContain("Completed\n")
      expect(yield* notOnce(server, ["asked-twice"])).toEqual([])
    }).pipe(Effect.scoped)
  )
})
