/** Runs the program `effect-reliability` as a process, and sets the names and proxies of the host for a test. */
import { build } from "esbuild"
import { Effect, type Scope } from "effect"
import { spawn } from "node:child_process"
import dns from "node:dns"
import { rm } from "node:fs/promises"
import { syncBuiltinESMExports } from "node:module"
import * as net from "node:net"
import { Worker } from "node:worker_threads"
import { root } from "./project.js"

// as deep as in the package, because the program reads its manifest; each run has its own folder
const folder = `${root}.cache/cli/${process.pid}`

/** Bundles the program without a build of the package, and returns how to remove it. */
export const buildProgram = async (): Promise<() => Promise<void>> => {
  await build({
    entryPoints: [`${root}src/cli/internal/main.ts`],
    outdir: folder,
    format: "esm",
    platform: "node",
    bundle: true,
    splitting: true,
    // one file starts three times as fast as hundreds; bundled packages may need `require`
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url)' },
    logLevel: "silent"
  })
  return () => rm(folder, { recursive: true, force: true })
}

export interface Ended {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs the program with an environment that holds only the path and the given variables. */
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

/** The addresses of host names, in order. The host looks up names without an entry. */
export const names = new Map<string, ReadonlyArray<string> | "silent">()

/** Looks up names in `names` first, in this process, and removes the proxies from its environment; returns how to undo it. */
export const isolate = (): (() => void) => {
  const real = dns.lookup
  const lookup = (
    host: string,
    options: dns.LookupOptions,
    done: (error: NodeJS.ErrnoException | null, found: string | Array<dns.LookupAddress>, family: number) => void
  ): void => {
    const found = names.get(host)
    if (found === undefined) real(host, options, done)
    else if (found !== "silent") {
      const all = found.map((address) => ({ address, family: net.isIP(address) }))
      const [first] = all
      if (options.all === true || first === undefined) setImmediate(done, null, all, 0)
      else setImmediate(done, null, first.address, first.family)
    }
  }
  Object.assign(dns, { lookup })
  syncBuiltinESMExports()
  const proxies = Object.entries(process.env).filter(([name]) => /_proxy$/i.test(name))
  for (const [name] of proxies) delete process.env[name]
  return () => {
    Object.assign(dns, { lookup: real })
    syncBuiltinESMExports()
    Object.assign(process.env, Object.fromEntries(proxies))
  }
}

// the thread sleeps, so that connections of the kernel are never accepted
const deafListener = `
  const { parentPort, workerData: port } = require("node:worker_threads")
  const ready = () => {
    parentPort.postMessage("ready")
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
  }
  require("node:net").createServer().on("error", ready).listen({ port, host: "::1", backlog: 1 }, ready)`

/** Makes a port silent over IPv6, or unreachable on a host without IPv6. */
export const deafByIPv6 = (port: number): Effect.Effect<void, never, Scope.Scope> =>
  Effect.gen(function* () {
    const worker = yield* Effect.acquireRelease(
      Effect.sync(() => new Worker(deafListener, { eval: true, workerData: port })),
      (worker) => Effect.promise(() => worker.terminate())
    )
    yield* Effect.async<void>((resume) => {
      worker.once("message", () => resume(Effect.void))
    })
    const fill = Effect.acquireRelease(
      Effect.sync(() => net.connect(port, "::1").on("error", () => {})),
      (socket) => Effect.sync(() => socket.destroy())
    )
    yield* Effect.replicateEffect(fill, 8)
  })
