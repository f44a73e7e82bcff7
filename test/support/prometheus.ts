/** Runs promtool, and Prometheus with a configuration. */
import { Effect } from "effect"
import { spawn, spawnSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"

const isInstalled = (tool: string): boolean => spawnSync(tool, ["--version"]).status === 0

export const hasPromtool = isInstalled("promtool")
export const hasPrometheus = hasPromtool && isInstalled("prometheus")

const needed = (tool: string): string => ` (SKIPPED: it needs ${tool}, see apt-get install prometheus)`

/** The ends of the titles of tests that need these tools. */
export const needsPromtool = hasPromtool ? "" : needed("promtool")
export const needsPrometheus = hasPrometheus ? "" : needed("prometheus")

/** Runs promtool. */
export const promtool = (args: ReadonlyArray<string>, input = "") => {
  const { status, stderr, stdout } = spawnSync("promtool", args, { input, encoding: "utf8" })
  return { status, output: stdout + stderr }
}

/** A temporary folder with files. */
export const folderWith = (files: Readonly<Record<string, string>>) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const folder = mkdtempSync(`${tmpdir()}/prometheus-`)
      for (const [file, content] of Object.entries(files)) writeFileSync(`${folder}/${file}`, content)
      return folder
    }),
    (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
  )

/** Starts a process, and returns the first capture of a pattern in its output. The process ends with the scope. */
export const started = (command: string, args: ReadonlyArray<string>, ready: RegExp) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.async<{ readonly found: string; readonly end: Effect.Effect<void> }>((resume) => {
        const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] })
        let output = ""
        const end = Effect.async<void>((ended) => {
          if (child.exitCode !== null || child.signalCode !== null) return ended(Effect.void)
          child.once("exit", () => ended(Effect.void))
          child.kill("SIGKILL")
        })
        const read = (chunk: Buffer): void => {
          output += chunk.toString()
          const found = ready.exec(output)?.[1]
          if (found !== undefined) resume(Effect.succeed({ found, end }))
        }
        child.stdout.on("data", read)
        child.stderr.on("data", read)
        child.once("exit", () => resume(Effect.dieMessage(`${command} ended:\n${output}`)))
        return end
      }),
      ({ end }) => end
    ),
    ({ found }) => found
  )

/** Starts Prometheus on a free port, and returns its address. */
export const prometheusServer = (config: unknown, files: Readonly<Record<string, string>>) =>
  Effect.gen(function* () {
    const folder = yield* folderWith({ ...files, "prometheus.yml": JSON.stringify(config) })
    const address = yield* started(
      "prometheus",
      [
        `--config.file=${folder}/prometheus.yml`,
        `--storage.tsdb.path=${folder}/data`,
        "--web.listen-address=127.0.0.1:0"
      ],
      /msg="Listening on" address=(\S+)/
    )
    return `http://${address}`
  })
