/**
 * The sockets of a fault server: its port, its connections and their requests.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as Clock from "effect/Clock"
import * as FiberSet from "effect/FiberSet"
import type * as Scope from "effect/Scope"
import { Buffer } from "node:buffer"
import * as http from "node:http"
import * as https from "node:https"
import * as net from "node:net"
import type { Duplex } from "node:stream"
import { setImmediate } from "node:timers"
import { monotonic } from "../../../internal/clock.js"
import {
  accept,
  answer,
  type Connection,
  type ConnectionScript,
  type Fault,
  healthy,
  type Request,
  type Script
} from "../../Fault.js"
import type { Certificate } from "../certificate.js"
import { makeAdmissions } from "../gates.js"
import { endedBy, type Entry, type Ledger, type Live } from "./ledger.js"
import { play, playAtOnce } from "./play.js"
import { scripted } from "../scripted.js"

interface Settings {
  readonly certificate: (Certificate & { readonly clientCa: string | undefined }) | undefined
  readonly clock: Clock.Clock
  readonly connections: ConnectionScript
  readonly ledger: Ledger
  readonly maxBody: number
  readonly script: Script
}

interface Listener {
  readonly port: number
  readonly script: (next: Script) => Effect.Effect<void>
  readonly scriptConnections: (next: ConnectionScript) => Effect.Effect<void>
  readonly down: Effect.Effect<void>
  readonly up: Effect.Effect<void>
}

const ignoreError = (): void => undefined

/** The response to a request whose body exceeds `maxBody`. */
const tooLarge = /*#__PURE__*/ answer(413, { headers: { connection: "close" } })

/** Maximum number of bytes of a body that are recorded, and that are read from an ignored connection. */
const keptBytes = 2 ** 16

const headersOf = ({ headers }: http.IncomingMessage): Readonly<Record<string, string>> => {
  // with `joinDuplicateHeaders`, all headers except set-cookie are strings
  const joined = headers["set-cookie"] && { "set-cookie": headers["set-cookie"].join(", ") }
  return { ...(headers as Readonly<Record<string, string>>), ...joined }
}

const portOf = (server: net.Server): number => {
  const address = server.address()
  return typeof address === "object" && address !== null ? address.port : 0
}

const open = (server: net.Server, port: number): Effect.Effect<void> =>
  Effect.async<void>((resume) => {
    const failed = (error: Error) => resume(Effect.die(error))
    server.once("error", failed)
    server.listen(port, "127.0.0.1", 1024, () => {
      server.off("error", failed)
      resume(Effect.void)
    })
  })

const turn = /*#__PURE__*/ Effect.async<void>((resume) => void setImmediate(() => resume(Effect.void)))

/** Listens on the loopback until the scope closes. */
export const listen = (settings: Settings): Effect.Effect<Listener, never, Scope.Scope> =>
  Effect.gen(function* () {
    const { certificate, clock, ledger, maxBody } = settings
    const fork = yield* FiberSet.makeRuntime<never>()
    const admit = makeAdmissions()
    const lives = new WeakMap<Duplex, Live>()
    let faultFor = scripted<Fault, Request>(settings.script, healthy)
    let treatmentOf = scripted<Connection, number>(settings.connections, accept)

    // --- Requests

    const respond = (
      entry: Entry,
      request: Request,
      response: http.ServerResponse,
      decide: (request: Request) => Fault
    ): void => {
      const { live } = entry
      const { rooms, steps } = admit(decide, request, entry, monotonic(clock))
      if (entry.rejected) ledger.counts.rejected++
      response.once("close", () => ledger.answered(entry, response.writableFinished))
      ledger.arrived(entry)
      if (rooms.length === 0 && playAtOnce(steps, response, entry)) return
      const work = rooms.reduceRight((work, room) => room(work), play(steps, response, entry))
      const fiber = fork(Effect.withClock(work, clock))
      live.responding.add(fiber)
      fiber.addObserver(() => live.responding.delete(fiber))
    }

    const onRequest = (incoming: http.IncomingMessage, response: http.ServerResponse): void => {
      const live = lives.get(incoming.socket)
      if (live === undefined) return
      const chunks: Array<Buffer> = []
      let bytes = 0
      const arrived = (decide: (request: Request) => Fault): void => {
        const whole = Buffer.concat(chunks)
        const request: Request = {
          number: ++ledger.counts.requests,
          connection: live.id,
          onConnection: ++live.requests,
          at: clock.unsafeCurrentTimeMillis(),
          method: incoming.method ?? "",
          path: incoming.url ?? "",
          headers: headersOf(incoming),
          body: whole.toString()
        }
        const entry: Entry = {
          ...request,
          body: bytes > keptBytes ? whole.toString("utf8", 0, keptBytes) : request.body,
          bytes,
          fault: healthy,
          rejected: false,
          status: undefined,
          ended: undefined,
          live
        }
        respond(entry, request, response, decide)
      }
      const collect = (chunk: Buffer): void => {
        bytes += chunk.length
        if (bytes <= maxBody) {
          chunks.push(chunk)
          return
        }
        incoming.off("data", collect)
        incoming.off("end", whole)
        incoming.resume()
        arrived(() => tooLarge)
      }
      const whole = () => arrived(faultFor)
      incoming.on("data", collect)
      incoming.on("end", whole)
      incoming.on("error", ignoreError)
      response.on("error", ignoreError)
    }

    // --- Connections

    // Node's own timeouts are off, so that all limits come from the script
    const limits = { keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0, joinDuplicateHeaders: true }
    const server =
      certificate === undefined
        ? http.createServer(limits, onRequest)
        : https.createServer(
            {
              ...limits,
              key: certificate.key,
              cert: certificate.cert,
              ...(certificate.clientCa !== undefined && {
                ca: certificate.clientCa,
                requestCert: true,
                rejectUnauthorized: true
              })
            },
            onRequest
          )

    const watch = (socket: Duplex, live: Live): void => {
      lives.set(socket, live)
      socket.on("end", () => endedBy(live, "client", "end"))
      socket.on("finish", () => endedBy(live, "server", "end"))
      socket.on("error", (error: NodeJS.ErrnoException) => {
        if (error.code === "ECONNRESET" || error.code === "EPIPE") endedBy(live, "client", "reset")
      })
    }

    const onConnection = (tcp: net.Socket): void => {
      let treatment = accept
      try {
        treatment = treatmentOf(ledger.counts.opened + 1)
      } catch {
        // if the script throws, the connection is accepted
      }
      const live = ledger.opened(tcp, treatment)
      watch(tcp, live)
      switch (treatment._tag) {
        case "Accept":
          server.emit("connection", tcp)
          return
        case "Refuse":
          endedBy(live, "server", "reset")
          tcp.resetAndDestroy()
          return
        case "Ignore":
          // reading makes the client's close visible
          tcp.on("data", () => void (tcp.bytesRead > keptBytes && tcp.pause()))
          tcp.on("end", () => tcp.destroy())
      }
    }

    server.on("secureConnection", (socket: net.Socket) => {
      // the TCP socket under the TLS socket has the same remote port
      for (const live of ledger.open.values()) {
        if (live.tcp.remotePort === socket.remotePort) watch(socket, live)
      }
    })
    server.on("tlsClientError", ignoreError)

    const closing = (listener: net.Server, how: "end" | "reset"): Effect.Effect<void> =>
      Effect.async<void>((resume) => {
        listener.close(() => resume(Effect.void))
        for (const live of ledger.open.values()) {
          endedBy(live, "server", how)
          if (how === "end") live.tcp.destroy()
          else live.tcp.resetAndDestroy()
        }
      }).pipe(
        // Node releases closed sockets, and emits their `close` events, at the end of an event loop turn
        Effect.andThen(Effect.repeatN(turn, 1))
      )

    const listener = yield* Effect.acquireRelease(
      Effect.sync(() => net.createServer({ allowHalfOpen: true, noDelay: true }, onConnection)),
      (listener) => closing(listener, "end")
    )
    yield* open(listener, 0)
    const port = portOf(listener)
    return {
      port,
      script: (next) => Effect.sync(() => void (faultFor = scripted<Fault, Request>(next, healthy))),
      scriptConnections: (next) => Effect.sync(() => void (treatmentOf = scripted<Connection, number>(next, accept))),
      down: closing(listener, "reset"),
      up: Effect.suspend(() => (listener.listening ? Effect.void : open(listener, port)))
    }
  })
