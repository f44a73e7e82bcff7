/**
 * Starts Postgres servers for tests: one per call, in a temporary folder, on 127.0.0.1, stopped by its process id.
 *
 * The servers of Debian's package `postgresql` refuse to run as root, so root runs them as the user `postgres`.
 */
import { execFileSync, spawn } from "node:child_process"
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"

const folders = (process.env["PATH"] ?? "").split(":")
const debian = "/usr/lib/postgresql"
if (existsSync(debian)) {
  const versions = readdirSync(debian).toSorted((a, b) => Number(b) - Number(a))
  folders.push(...versions.map((version) => `${debian}/${version}/bin`))
}
const bin = folders.find((folder) =>
  ["initdb", "postgres", "createdb"].every((name) => existsSync(`${folder}/${name}`))
)

const isRoot = process.getuid?.() === 0

const idOf = (flag: "-u" | "-g"): number | undefined => {
  try {
    return Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8", stdio: "pipe" }))
  } catch {
    return undefined
  }
}

const [uid, gid] = isRoot ? [idOf("-u"), idOf("-g")] : [undefined, undefined]

/** What a test needs and how to install it; undefined if it is there. The titles of skipped tests contain it. */
export const missingPostgres: string | undefined =
  bin !== undefined && (!isRoot || (uid !== undefined && gid !== undefined))
    ? undefined
    : "needs Postgres: apt-get install postgresql"

/** Returns free ports below the range of outgoing connections, in which another process could take them. */
export const freePorts = async (count: number): Promise<ReadonlyArray<number>> => {
  const ports: Array<number> = []
  while (ports.length < count) {
    const port = 20_000 + Math.floor(Math.random() * 12_000)
    const isFree = await new Promise<boolean>((resolve) => {
      const server = createServer()
      server.once("error", () => resolve(false))
      server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)))
    })
    if (isFree && !ports.includes(port)) ports.push(port)
  }
  return ports
}

export interface Postgres {
  /** Creates an empty database, and returns its URL. */
  readonly database: (name: string) => string
  readonly stop: () => Promise<void>
}

/** Starts a server. */
export const startPostgres = async (): Promise<Postgres> => {
  if (bin === undefined || missingPostgres !== undefined) throw new Error(missingPostgres)
  const folder = mkdtempSync(`${tmpdir()}/postgres-`)
  if (uid !== undefined && gid !== undefined) chownSync(folder, uid, gid)
  const user = { cwd: folder, ...(uid !== undefined && gid !== undefined && { uid, gid }) }
  const data = `${folder}/data`
  const made = ["-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync"]
  execFileSync(`${bin}/initdb`, made, { ...user, stdio: "pipe" })
  const [port = 0] = await freePorts(1)
  const settings = {
    port,
    listen_addresses: "127.0.0.1",
    unix_socket_directories: "",
    max_connections: 100,
    // the tests crash clients, and never this server
    fsync: "off"
  }
  const options = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`])
  const server = spawn(`${bin}/postgres`, ["-D", data, ...options], { ...user, stdio: ["ignore", "ignore", "pipe"] })
  const ended = new Promise<void>((resolve) => server.once("exit", () => resolve()))
  const kill = () => void server.kill("SIGQUIT")
  process.once("exit", kill)
  await new Promise<void>((resolve, reject) => {
    let log = ""
    server.stderr.on("data", (chunk: Buffer) => {
      log += chunk.toString()
      if (log.includes("ready to accept connections")) resolve()
      log = log.slice(-4000)
    })
    server.once("exit", () => reject(new Error(`postgres did not start:\n${log}`)))
  })
  return {
    database: (name) => {
      execFileSync(`${bin}/createdb`, ["-h", "127.0.0.1", "-p", String(port), "-U", "postgres", name], {
        stdio: "pipe"
      })
      return `postgres://postgres@127.0.0.1:${port}/${name}`
    },
    stop: async () => {
      process.removeListener("exit", kill)
      server.kill("SIGQUIT")
      await ended
      rmSync(folder, { recursive: true, force: true })
    }
  }
}
