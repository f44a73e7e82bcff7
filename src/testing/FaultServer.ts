/**
 * A server on the loopback address that performs scripted faults, and records connections and requests.
 *
 * A mocked client fails only in the ways that its author thought of. With this server, the client, its pool, its sockets and
 * its timeouts are the real ones; only the server is simulated. Tests can compare what a policy reports with the requests that
 * arrived.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DefaultServices from "effect/DefaultServices"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { number, oneOf } from "../internal/options.js"
import type { ConnectionScript, Script } from "./Fault.js"
import { selfSigned } from "./internal/certificate.js"
import { makeLedger } from "./internal/faultServer/ledger.js"
import { listen } from "./internal/faultServer/listen.js"
import type { ConnectionRecord, Counts, RequestRecord } from "./internal/faultServer/model.js"

export type { Closed, RequestRecord, ConnectionRecord, Counts } from "./internal/faultServer/model.js"

// -------------------------------------------------------------------------------------------------
// Model
// -------------------------------------------------------------------------------------------------

/**
 * TLS options of a server.
 *
 * @since 0.1.0
 * @category model
 */
export interface TlsOptions {
  /**
   * The server's certificate: self-signed and valid for 127.0.0.1, the same but expired, or issued for another host.
   * @default "selfSigned"
   */
  readonly certificate?: "selfSigned" | "expired" | "otherHost" | undefined
  /** A CA certificate in PEM. If set, clients without a certificate signed by it are rejected. @default none */
  readonly clientCa?: string | undefined
}

/**
 * Options of `make`.
 *
 * @since 0.1.0
 * @category model
 */
export interface Options {
  /** The faults of requests. @default all `healthy` */
  readonly script?: Script | undefined
  /** The treatments of connections. @default all `accept` */
  readonly connections?: ConnectionScript | undefined
  /** `true`, or TLS options, to serve HTTPS. @default false */
  readonly tls?: boolean | TlsOptions | undefined
  /** Number of requests, and of closed connections, that are recorded; the latest are kept. At least 1. @default 10 000 */
  readonly keep?: number | undefined
  /** Maximum size of a request body in bytes, up to 2^30. Longer bodies get a 413. @default 16 MiB */
  readonly maxBody?: number | undefined
}

/**
 * A server that runs until its scope closes.
 *
 * @since 0.1.0
 * @category model
 */
export interface FaultServer {
  /** `http://127.0.0.1:` and the port; `https` with TLS. */
  readonly origin: string
  /** The base URL for OpenAI-compatible clients: the origin and `/v1`. */
  readonly baseUrl: string
  readonly port: number
  /** The certificate that clients must trust, in PEM; absent without TLS. */
  readonly ca: string | undefined
  /** Replaces the script. The next request gets the first fault of a list. */
  readonly script: (next: Script) => Effect.Effect<void>
  /** Replaces the script of connections. Open connections are not affected. */
  readonly scriptConnections: (next: ConnectionScript) => Effect.Effect<void>
  /** Closes the port and resets all connections, as when a machine fails. */
  readonly down: Effect.Effect<void>
  /** Opens the same port again. */
  readonly up: Effect.Effect<void>
  /** The requests that arrived, in order. */
  readonly requests: Effect.Effect<ReadonlyArray<RequestRecord>>
  /** The connections that were opened, in order. */
  readonly connections: Effect.Effect<ReadonlyArray<ConnectionRecord>>
  readonly counts: Effect.Effect<Counts>
  /** Waits until the counts meet a condition. */
  readonly until: (condition: (counts: Counts) => boolean) => Effect.Effect<void>
  /** Waits until the given number of requests have arrived since the server was made. */
  readonly awaitRequests: (count: number) => Effect.Effect<void>
  /** Waits until the given number of responses have ended, complete or not. */
  readonly awaitAnswered: (count: number) => Effect.Effect<void>
  /** Waits until the given number of connections have closed; without a number, until no connection is open. */
  readonly awaitClosed: (count?: number) => Effect.Effect<void>
}

// -------------------------------------------------------------------------------------------------
// make
// -------------------------------------------------------------------------------------------------

const certificates: ReadonlyArray<NonNullable<TlsOptions["certificate"]>> = ["selfSigned", "expired", "otherHost"]

const certificateOf = (kind: NonNullable<TlsOptions["certificate"]>) => {
  switch (kind) {
    case "selfSigned":
      return selfSigned("127.0.0.1", 2020, 2049)
    case "expired":
      return selfSigned("127.0.0.1", 2001, 2002)
    case "otherHost":
      return selfSigned("elsewhere.invalid", 2020, 2049)
  }
}

// real sockets run in real time, even under a TestClock
const clock = () => Context.get(DefaultServices.liveServices, Clock.Clock)

/**
 * Starts a server. When the scope closes, the server closes its port and all connections, and stops all responses.
 *
 * The server waits in real time, even under a `TestClock`.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Effect } from "effect"
 * import { Fault, FaultServer } from "effect-reliability/testing"
 *
 * const program = Effect.gen(function* () {
 *   const server = yield* FaultServer.make({ script: [Fault.answer(503, { retryAfter: "1 second" }), Fault.healthy] })
 *   const get = Effect.promise(() => fetch(`${server.baseUrl}/models`))
 *   assert.strictEqual((yield* get).headers.get("retry-after"), "1")
 *   assert.strictEqual((yield* get).status, 200)
 *   assert.deepStrictEqual(
 *     (yield* server.requests).map(({ path, status }) => [path, status]),
 *     [["/v1/models", 503], ["/v1/models", 200]]
 *   )
 * })
 *
 * await Effect.runPromise(Effect.scoped(program))
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}): Effect.Effect<FaultServer, never, Scope.Scope> => {
  const owner = "FaultServer.make"
  const keep = number(owner, "keep", options.keep ?? 10_000, { integer: true, min: 1 })
  const maxBody = number(owner, "maxBody", options.maxBody ?? 16 * 2 ** 20, { integer: true, max: 2 ** 30 })
  const tls = options.tls === true ? {} : options.tls === false ? undefined : options.tls
  const kind = oneOf(owner, "tls.certificate", tls?.certificate ?? "selfSigned", certificates)
  return Effect.gen(function* () {
    const certificate = tls && { ...certificateOf(kind), clientCa: tls.clientCa }
    const ledger = makeLedger(keep, () => clock().unsafeCurrentTimeMillis())
    const { down, port, script, scriptConnections, up } = yield* listen({
      certificate,
      clock: clock(),
      connections: options.connections ?? [],
      ledger,
      maxBody,
      script: options.script ?? []
    })
    const origin = `${tls === undefined ? "http" : "https"}://127.0.0.1:${port}`
    return {
      origin,
      baseUrl: `${origin}/v1`,
      port,
      ca: certificate?.cert,
      script,
      scriptConnections,
      down,
      up,
      requests: Effect.sync(ledger.requests),
      connections: Effect.sync(ledger.connections),
      counts: Effect.sync(() => ({ ...ledger.counts })),
      until: ledger.until,
      awaitRequests: (count) => ledger.until(({ requests }) => requests >= count),
      awaitAnswered: (count) => ledger.until(({ answered }) => answered >= count),
      awaitClosed: (count) => ledger.until(({ closed, opened }) => closed >= (count ?? opened))
    }
  })
}

/**
 * The tag of the fault server.
 *
 * @since 0.1.0
 * @category layers
 */
export const FaultServer: Context.Tag<FaultServer, FaultServer> = /*#__PURE__*/ Context.GenericTag<FaultServer>(
  "effect-reliability/testing/FaultServer"
)

/**
 * Provides a fault server as the service `FaultServer.FaultServer`.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { FaultServer } from "effect-reliability/testing"
 *
 * const program = Effect.gen(function* () {
 *   const server = yield* FaultServer.FaultServer
 *   yield* Effect.promise(() => fetch(server.origin))
 *   yield* server.awaitRequests(1)
 * })
 *
 * await Effect.runPromise(program.pipe(Effect.provide(FaultServer.layer())))
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options = {}): Layer.Layer<FaultServer> => Layer.scoped(FaultServer, make(options))
