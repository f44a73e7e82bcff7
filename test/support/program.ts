/** Runs the program of the command line. */
import { Effect } from "effect"
import { spawn } from "node:child_process"
import { root } from "./project.js"

interface Ended {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
  readonly millis: number
}

/** Runs the program without a terminal, and returns its output. */
export const program = (
  args: ReadonlyArray<string>,
  env: Readonly<Record<string, string>> = {}
): Effect.Effect<Ended> =>
  Effect.async<Ended>((resume) => {
    const since = performance.now()
    const child = spawn(process.execPath, ["--import", "tsx", `${root}src/cli/internal/main.ts`, ...args], {
      cwd: root,
      env: { PATH: process.env["PATH"], ...env },
      stdio: ["ignore", "pipe", "pipe"]
    })
    let [stdout, stderr] = ["", ""]
    child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()))
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()))
    child.on("close", (status) => resume(Effect.succeed({ status, stdout, stderr, millis: performance.now() - since })))
    return Effect.sync(() => child.kill())
  })

/** Returns an option of Node that hides a package. */
export const without = (name: string): string => {
  const hook = `export const resolve = (id, context, next) => {
    if (id === "${name}" || id.startsWith("${name}/")) {
      throw Object.assign(new Error("Cannot find package '${name}'"), { code: "ERR_MODULE_NOT_FOUND" })
    }
    return next(id, context)
  }`
  const url = (code: string) => `data:text/javascript,${encodeURIComponent(code)}`
  return `--import=${url(`import { register } from "node:module"; register(${JSON.stringify(url(hook))})`)}`
}
