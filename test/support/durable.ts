/** Fixtures of the tests of durable jobs on a cluster: their processes, and the API that they call. */
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { rmSync } from "node:fs"
import { build } from "esbuild"
import { type Duration, Effect, Schedule } from "effect"
import { Fault, FireworksServer } from "effect-reliability/testing"
import { DurableJob } from "effect-reliability/workflow"
import { root } from "./project.js"

/** The settings of `durableRunner.ts`. */
export interface RunnerSettings {
  readonly storage: "pg" | "sqlite"
  /** The URL of the Postgres database, or the path of the SQLite file. */
  readonly url: string
  readonly port: number
  readonly api: { readonly key: string; readonly account: string; readonly baseUrl: string }
  readonly locks?: "short" | "default"
  /** The ids of jobs to start, and whose outcomes to print. */
  readonly start?: ReadonlyArray<string>
}

/** Prints a measurement, which no test checks. */
export const printed = (line: string): void => void process.stdout.write(`${line}\n`)

/** A batch job that polls every two seconds, and whose waits are all stored. */
export const Batch = DurableJob.batch({
  interval: "2 seconds",
  cap: "2 seconds",
  inMemory: 0,
  suspendedRetrySchedule: Schedule.spaced("500 millis")
})

export const description = { model: "accounts/fireworks/models/kimi-k2", inputDatasetId: "reviews" }

/**
 * Locks in a table, for fifteen seconds, and polls each second. The refresh interval is also the time limit of the engine's calls
 * to the storage: if a busy machine exceeds it after a take-over, messages are read again only after ten minutes.
 */
export const sharding = {
  shardLockDisableAdvisory: true,
  shardLockExpiration: "15 seconds",
  shardLockRefreshInterval: "5 seconds",
  refreshAssignmentsInterval: "1 second",
  entityMessagePollInterval: "1 second",
  runnerHealthCheckInterval: "4 seconds"
} as const

export interface Runner {
  readonly process: ChildProcess
  readonly lines: ReadonlyArray<string>
  readonly ready: Promise<void>
  /** Sends SIGKILL, and waits for the end of the process. */
  readonly kill: () => Promise<void>
}

/** Starts a runner in a process of its own. */
export type StartRunner = (settings: RunnerSettings) => Runner

/** Bundles `durableRunner.ts`, because a process that loads one file starts several times faster. */
export const bundleRunner = async (): Promise<StartRunner> => {
  const file = `${root}.cache/durableRunner.${process.pid}.mjs`
  process.once("exit", () => rmSync(file, { force: true }))
  await build({
    entryPoints: [`${root}test/support/durableRunner.ts`],
    outfile: file,
    tsconfig: `${root}tsconfig.json`,
    bundle: true,
    platform: "node",
    format: "esm",
    external: ["libsql", "@libsql/*", "pg-native"],
    // what is bundled from CommonJS calls it
    banner: {
      js: `import { createRequire as requireFrom } from "node:module"; const require = requireFrom(import.meta.url);`
    },
    logLevel: "silent"
  })
  return (settings) => {
    const child = spawn(process.execPath, [file, JSON.stringify(settings)], {
      cwd: root,
      stdio: ["ignore", "pipe", "pipe"]
    })
    const lines: Array<string> = []
    let errors = ""
    const onExit = () => void child.kill("SIGKILL")
    process.once("exit", onExit)
    const ended = once(child, "exit").then(() => void process.removeListener("exit", onExit))
    child.stderr.on("data", (chunk: Buffer) => (errors = (errors + chunk.toString()).slice(-8000)))
    const ready = new Promise<void>((resolve, reject) => {
      child.stdout.on("data", (chunk: Buffer) => {
        lines.push(...chunk.toString().trim().split("\n"))
        if (lines.includes("ready")) resolve()
      })
      void ended.then(() => reject(new Error(`the runner ended:\n${errors}`)))
    })
    // a runner may be killed before it is ready
    ready.catch(() => undefined)
    return {
      process: child,
      lines,
      ready,
      kill: async () => {
        child.kill("SIGKILL")
        await ended
      }
    }
  }
}

/** Returns the connection to a server on sockets. */
export const apiOf = (server: FireworksServer.OnSockets): RunnerSettings["api"] => ({
  key: server.key,
  account: server.account,
  baseUrl: server.baseUrl
})

/** Starts an API whose batch jobs run for a while, and which loses the responses to some submissions. */
export const jobsFor = (lasts: Duration.DurationInput | ((id: string) => Duration.DurationInput)) =>
  FireworksServer.make({
    timeline: ({ id }) => [
      { state: "RUNNING", lasts: typeof lasts === "function" ? lasts(id) : lasts },
      { state: "COMPLETED" }
    ],
    // a duplicate submission would create a second job
    duplicates: "made",
    injections: [{ method: "POST", path: "batchInferenceJobs", fault: Fault.reset, takesEffect: true, times: 3 }]
  })

/** Returns the ids whose number of created jobs is not one. */
export const notOnce = (server: FireworksServer.OnSockets, ids: ReadonlyArray<string>) =>
  Effect.map(server.creations, (creations) =>
    ids.filter((id) => creations.find((creation) => creation.id === id)?.made !== 1)
  )

/** Returns the times of the polls of each job. */
export const pollsOf = (server: FireworksServer.OnSockets) =>
  Effect.map(server.requests, (requests) => {
    const polls = new Map<string, Array<number>>()
    for (const { at, method, path } of requests) {
      const id = /batchInferenceJobs\/([^?]+)/.exec(path)?.[1]
      if (method === "GET" && id !== undefined) polls.set(id, [...(polls.get(id) ?? []), at])
    }
    return polls
  })
