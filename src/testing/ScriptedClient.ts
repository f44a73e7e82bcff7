/**
 * The same faults without sockets: an `HttpClient` in memory, in the time of the `Clock` service.
 *
 * A test on sockets waits for real. Half an hour of retries takes half an hour there, and under `TestClock` as long as the
 * code runs. What is proved here with a script is proved on sockets by giving the same script to `FaultServer`.
 *
 * It knows what the transport for Node knows: its errors say truly whether a request was sent, its connections are kept
 * alive, one for each request that is under way to an origin, and an answer is read once. What takes no time here is
 * connecting, and the network; and the server never waits for a slow reader.
 *
 * @since 0.1.0
 */
import * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientError from "@effect/platform/HttpClientError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import {
  accept,
  type Connection,
  type ConnectionScript,
  type Fault,
  healthy,
  type Request,
  type Script
} from "./Fault.js"
import type { RequestRecord } from "./FaultServer.js"
import { execute, World } from "./internal/memory.js"
import { scripted } from "./internal/scripted.js"

// -------------------------------------------------------------------------------------------------
// Model
// -------------------------------------------------------------------------------------------------

/**
 * An `HttpClient` that fails as it is told.
 *
 * @since 0.1.0
 * @category model
 */
export interface ScriptedClient extends HttpClient.HttpClient {
  /** Replaces the script. A list begins anew with the next request. */
  readonly script: (next: Script) => Effect.Effect<void>
  /** Replaces the script of connections; those that are open stay. */
  readonly scriptConnections: (next: ConnectionScript) => Effect.Effect<void>
  /** Refuses connections from now on, and breaks those that are open. */
  readonly down: Effect.Effect<void>
  /** Takes connections again. */
  readonly up: Effect.Effect<void>
  /** The requests that arrived, in order. */
  readonly requests: Effect.Effect<ReadonlyArray<RequestRecord>>
  /** How many connections were made. */
  readonly connections: Effect.Effect<number>
}

/**
 * What `make` takes besides a script.
 *
 * @since 0.1.0
 * @category model
 */
export interface Options {
  /** Which connection gets which treatment. @default all `accept` */
  readonly connections?: ConnectionScript | undefined
}

// -------------------------------------------------------------------------------------------------
// make
// -------------------------------------------------------------------------------------------------

/**
 * Makes a client that acts a script out. It needs no `Scope`: what its server does after an answer holds up nobody.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Effect, Fiber, TestClock, TestContext } from "effect"
 * import { ReliableHttpClient } from "effect-reliability"
 * import { Fault, ScriptedClient } from "effect-reliability/testing"
 *
 * const program = Effect.gen(function* () {
 *   const scripted = yield* ScriptedClient.make([Fault.answer(429, { retryAfter: "30 seconds" }), Fault.healthy])
 *   const call = yield* Effect.fork(ReliableHttpClient.make(scripted).get("https://api.example.com/v1/models"))
 *   yield* TestClock.adjust("1 minute")
 *   assert.strictEqual((yield* Fiber.join(call)).status, 200)
 *   const [first, second] = yield* scripted.requests
 *   assert.ok(first && second && second.at - first.at >= 30_000)
 * })
 *
 * await Effect.runPromise(program.pipe(Effect.provide(TestContext.TestContext)))
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (script: Script = [], options: Options = {}): Effect.Effect<ScriptedClient> =>
  Effect.sync(() => {
    const world = new World(script, options.connections ?? [])
    const client = HttpClient.makeWith<never, never, HttpClientError.HttpClientError, never>(
      Effect.flatMap((request) => execute(world, request)),
      Effect.succeed
    )
    return Object.assign(client, {
      script: (next: Script) => Effect.sync(() => void (world.faultFor = scripted<Fault, Request>(next, healthy))),
      scriptConnections: (next: ConnectionScript) =>
        Effect.sync(() => void (world.treatmentOf = scripted<Connection, number>(next, accept))),
      down: Effect.flatMap(Effect.clock, (clock) => world.fall(clock.unsafeCurrentTimeMillis())),
      up: Effect.sync(() => void (world.isDown = false)),
      requests: Effect.sync(() => world.entries.map(({ line, ...entry }) => ({ ...entry, closed: line.closed }))),
      connections: Effect.sync(() => world.connections)
    })
  })

// -------------------------------------------------------------------------------------------------
// layer
// -------------------------------------------------------------------------------------------------

/**
 * The scripted client of a test.
 *
 * @since 0.1.0
 * @category layers
 */
export const ScriptedClient: Context.Tag<ScriptedClient, ScriptedClient> =
  /*#__PURE__*/ Context.GenericTag<ScriptedClient>("effect-reliability/testing/ScriptedClient")

/**
 * Provides a scripted client to all that asks for an `HttpClient`, and to the test that wants to see its requests.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { HttpClient } from "@effect/platform"
 * import { Effect } from "effect"
 * import { Fault, ScriptedClient } from "effect-reliability/testing"
 *
 * const program = Effect.gen(function* () {
 *   const client = yield* HttpClient.HttpClient
 *   assert.strictEqual((yield* client.get("https://api.example.com/")).status, 418)
 *   const { requests } = yield* ScriptedClient.ScriptedClient
 *   assert.strictEqual((yield* requests).length, 1)
 * })
 *
 * await Effect.runPromise(program.pipe(Effect.provide(ScriptedClient.layer(Fault.answer(418)))))
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  script: Script = [],
  options: Options = {}
): Layer.Layer<ScriptedClient | HttpClient.HttpClient> =>
  Layer.unwrapEffect(
    Effect.map(make(script, options), (client) =>
      Layer.merge(Layer.succeed(ScriptedClient, client), Layer.succeed(HttpClient.HttpClient, client))
    )
  )
