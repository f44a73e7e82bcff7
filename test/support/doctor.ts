/** The program `effect-reliability` as a process of its own. */
import { build } from "esbuild"
import { Effect } from "effect"
import { spawn } from "node:child_process"
import { root } from "./project.js"

// as deep as in the package, whose manifest it reads
const folder = `${root}.cache/cli/bin`

/** Makes the program once, without a build of the package. */
export const buildProgram = async (): Promise<void> => {
  await build({
    entryPoints: [`${root}src/cli/internal/main.ts`],
    outdir: folder,
    format: "esm",
    platform: "node",
    bundle: true,
    splitting: true,
    packages: "external",
    logLevel: "silent"
  })
}

export interface Ended {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs it with nothing of this process' environment but the path. */
export const program = (args: ReadonlyArray<string>, env: Readonly<Record<string, string>> = {}) =>
  Effect.async<Ended>((resume) => {
    const child = spawn(process.execPath, [`${folder}/main.js`, ...args], {
      env: { PATH: process.env["PATH"], ...env },
      stdio: ["ignore", "pipe", "pipe"]
    })
    let [stdout, stderr] = ["", ""]
    child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()))
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()))
    child.on("close", (status) => resume(Effect.succeed({ status, stdout, stderr })))
    return Effect.sync(() => child.kill())
  })
