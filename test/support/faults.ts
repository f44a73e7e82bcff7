/** Servers on the loopback interface that fail in a given way, and count the bytes and requests that they receive. */
import { Effect, type Scope } from "effect"
import * as net from "node:net"
import * as tls from "node:tls"
import { Worker } from "node:worker_threads"

/** The counts of one connection so far. */
export interface Connection {
  /** Bytes of requests; those of a TLS handshake do not count. */
  readonly bytes: number
  /** Requests that arrived completely. */
  readonly requests: number
  /** The socket on which the client receives responses. */
  readonly socket: net.Socket
  /** The TCP socket below `socket`; the same one without TLS. */
  readonly tcp: net.Socket
}

/** The reactions of a server. */
export interface Behaviour {
  /** Options of TLS; without them, the server uses plain TCP. */
  readonly secure?: tls.TlsOptions | undefined
  /** Called when a client has connected, before it sends anything. */
  readonly onConnect?: (tcp: net.Socket) => void
  /** Called when the first bytes of the first request of a connection have arrived. */
  readonly onFirstBytes?: (connection: Connection) => void
  /** Called when a whole request has arrived. */
  readonly onRequest?: (connection: Connection) => void
}

/** A server that runs until its scope closes. */
export interface Server {
  readonly origin: string
  /** The connections, in the order of their arrival. */
  readonly connections: ReadonlyArray<Connection>
}

/** Makes a function that returns the number of requests that end in a chunk. */
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
          // the response of an HTTP server to a TLS handshake
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

/** Returns a port without a listener. */
export const closedPort: Effect.Effect<number> = Effect.suspend(() => {
  const server = net.createServer()
  return Effect.zipLeft(
    listening(server),
    Effect.async<void>((resume) => {
      server.close(() => resume(Effect.void))
    })
  )
})

// its thread sleeps, so the connections that the kernel makes are never accepted
const deafListener = `
  const { parentPort } = require("node:worker_threads")
  const server = require("node:net").createServer()
  server.listen({ port: 0, host: "127.0.0.1", backlog: 1 }, () => {
    parentPort.postMessage(server.address().port)
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
  })`

/** Returns a port whose queue of connections is full: the SYN of a new client receives no response. */
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
