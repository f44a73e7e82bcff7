/** A `redis-server` of its own for a test, on a free port of 127.0.0.1, without data on disk. */
import { Effect, type Scope } from "effect"
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { connect, createServer } from "node:net"
import { tmpdir } from "node:os"
import { setTimeout } from "node:timers/promises"

/** True if `redis-server` is installed. */
export const isInstalled: boolean = spawnSync("redis-server", ["--version"]).status === 0

/** The end of the title of tests that need the server. */
export const needed: string = isInstalled ? "" : " (SKIPPED: they need redis-server, see apt-get install redis-server)"

export interface RedisServer {
  readonly port: number
  /** Ends the process at once, as a crash does. */
  readonly kill: () => Promise<void>
  /** Starts the server again, without data. */
  readonly start: () => Promise<void>
  /** Stops the process, which stays connected. */
  readonly pause: () => void
  readonly resume: () => void
  /** Runs a command, and returns its response as text. */
  readonly command: (...words: ReadonlyArray<string>) => Promise<string>
}

const isFree = async (port: number): Promise<boolean> => {
  const probe = createServer().listen(port, "127.0.0.1")
  const isListening = await Promise.race([
    once(probe, "listening").then(() => true),
    once(probe, "error").then(() => false)
  ])
  if (isListening) await new Promise((done) => probe.close(done))
  return isListening
}

/** Returns a port below those that the system gives to connections, which a restart can use again. */
const freePort = async (): Promise<number> => {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000)
    if (await isFree(port)) return port
  }
}

const commandOn = async (port: number, words: ReadonlyArray<string>): Promise<string> => {
  const socket = connect(port, "127.0.0.1")
  try {
    await once(socket, "connect")
    socket.write(`*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join("")}`)
    const [data] = (await once(socket, "data")) as [Buffer]
    return data.toString()
  } finally {
    socket.destroy()
  }
}

const startOn = async (port: number, folder: string): Promise<ChildProcess> => {
  const options = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", folder]
  const child = spawn("redis-server", ["--port", String(port), ...options], { stdio: "ignore" })
  for (let waits = 0; ; waits++) {
    const response = await commandOn(port, ["PING"]).catch(() => "")
    if (response.startsWith("+PONG")) return child
    if (waits > 500) throw new Error(`redis-server does not respond on port ${port}`)
    await setTimeout(20)
  }
}

const stop = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, "exit")
  child.kill("SIGKILL")
  await exit
}

/** Starts a server, which ends with the scope. */
export const make: Effect.Effect<RedisServer, never, Scope.Scope> = Effect.acquireRelease(
  Effect.promise(async () => {
    const port = await freePort()
    const folder = mkdtempSync(`${tmpdir()}/redis-`)
    let child = await startOn(port, folder)
    const server: RedisServer = {
      port,
      kill: () => stop(child),
      start: async () => {
        child = await startOn(port, folder)
      },
      pause: () => void child.kill("SIGSTOP"),
      resume: () => void child.kill("SIGCONT"),
      command: (...words) => commandOn(port, words)
    }
    return { server, folder }
  }),
  ({ folder, server }) =>
    Effect.promise(async () => {
      await server.kill()
      rmSync(folder, { recursive: true, force: true })
    })
).pipe(Effect.map(({ server }) => server))
