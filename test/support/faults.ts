/** Servers on the loopback that fail in one chosen way, and keep count of what reached them. */
import { Effect, type Scope } from "effect"
import * as net from "node:net"
import * as tls from "node:tls"
import { Worker } from "node:worker_threads"

/** What one connection has brought so far. */
export interface Connection {
  /** Bytes of requests; those of a TLS handshake do not count. */
  readonly bytes: number
  /** Requests that arrived whole. */
  readonly requests: number
  /** What the client reads from. */
  readonly socket: net.Socket
  /** The TCP connection beneath it, the same unless it is encrypted. */
  readonly tcp: net.Socket
}

/** What a server does, and when. */
export interface Behaviour {
  /** The server speaks TLS. */
  readonly secure?: tls.TlsOptions | undefined
  /** A client has connected, and sent nothing yet. */
  readonly onConnect?: (tcp: net.Socket) => void
  /** The first bytes of a connection's first request are here. */
  readonly onFirstBytes?: (connection: Connection) => void
  /** A whole request is here. */
  readonly onRequest?: (connection: Connection) => void
}

/** A server that is up as long as its scope. */
export interface Server {
  readonly origin: string
  /** What arrived, by connection. */
  readonly connections: ReadonlyArray<Connection>
}

/** Tells of each chunk how many requests end in it. */
const requestCounter = (): ((chunk: Buffer) => number) => {
  let head = ""
  let missing: number | undefined
  return function count(chunk): number {
    if (missing === undefined) {
      head += chunk.toString("latin1")
      const end = head.indexOf("\r\n\r\n") + 4
      if (end < 4) return 0
      const rest = Buffer.from(head.slice(end), "latin1")
      const length = /^content-length: *(\d+)/im.exec(head)?.[1]
      // a body of unknown length is not waited for
      missing = Number(length ?? 0)
      head = ""
      return count(rest)
    }
    if (chunk.length < missing) {
      missing -= chunk.length
      return 0
    }
    const rest = chunk.subarray(missing)
    missing = undefined
    return 1 + (rest.length === 0 ? 0 : count(rest))
  }
}

// A TLS record that carries a handshake begins with 22 and the version 3.x
const isHandshake = (bytes: Buffer): boolean => bytes[0] === 22 && bytes[1] === 3

const ignore = (): void => undefined

const listening = (server: net.Server): Effect.Effect<number> =>
  Effect.async((resume) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address()
      resume(Effect.succeed(typeof address === "object" && address !== null ? address.port : 0))
    })
  })

/** Starts a server that misbehaves in the given way. */
export const serve = ({
  onConnect,
  onFirstBytes,
  onRequest,
  secure
}: Behaviour): Effect.Effect<Server, never, Scope.Scope> =>
  Effect.gen(function* () {
    const connections: Array<Connection> = []
    const open = new Set<net.Socket>()
    let latest: net.Socket | undefined

    const accept = (socket: net.Socket): void => {
      const connection = { bytes: 0, requests: 0, socket, tcp: latest ?? socket }
      const count = requestCounter()
      connections.push(connection)
      socket.on("error", ignore)
      socket.on("data", (chunk: Buffer) => {
        if (secure === undefined && isHandshake(chunk)) {
          // what an HTTP server says to a client that speaks TLS
          socket.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
          return
        }
        const first = connection.bytes === 0
        connection.bytes += chunk.length
        if (first) onFirstBytes?.(connection)
        const whole = count(chunk)
        for (let n = 0; n < whole; n++) {
          connection.requests++
          onRequest?.(connection)
        }
      })
    }

    const server = yield* Effect.acquireRelease(
      Effect.sync(() => (secure === undefined ? net.createServer(accept) : tls.createServer({ ...secure }, accept))),
      (server) =>
        Effect.async<void>((resume) => {
          server.close(() => resume(Effect.void))
          for (const socket of open) socket.destroy()
        })
    )
    server.prependListener("connection", (tcp: net.Socket) => {
      latest = tcp
      open.add(tcp)
      tcp.on("error", ignore)
      tcp.once("close", () => open.delete(tcp))
      onConnect?.(tcp)
    })
    server.on("tlsClientError", ignore)

    const port = yield* listening(server)
    return { origin: `${secure === undefined ? "http" : "https"}://127.0.0.1:${port}`, connections }
  })

/** A port that nobody listens on any more. */
export const closedPort: Effect.Effect<number> = Effect.suspend(() => {
  const server = net.createServer()
  return Effect.zipLeft(
    listening(server),
    Effect.async<void>((resume) => {
      server.close(() => resume(Effect.void))
    })
  )
})

// Its thread sleeps, so that nobody accepts what the kernel connected
const deafListener = `
  const { parentPort } = require("node:worker_threads")
  const server = require("node:net").createServer()
  server.listen({ port: 0, host: "127.0.0.1", backlog: 1 }, () => {
    parentPort.postMessage(server.address().port)
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
  })`

/** A port whose queue of connections is full: who connects now waits for an answer to its SYN. */
export const deafPort: Effect.Effect<number, never, Scope.Scope> = Effect.gen(function* () {
  const worker = yield* Effect.acquireRelease(
    Effect.sync(() => new Worker(deafListener, { eval: true })),
    (worker) => Effect.promise(() => worker.terminate())
  )
  const port = yield* Effect.async<number>((resume) => {
    worker.once("message", (port: number) => resume(Effect.succeed(port)))
  })
  const fill = Effect.acquireRelease(
    Effect.sync(() => net.connect(port, "127.0.0.1").on("error", ignore)),
    (socket) => Effect.sync(() => socket.destroy())
  )
  yield* Effect.replicateEffect(fill, 8)
  return port
})
