/**
 * The faults of `Fault` without sockets: an `HttpClient` in memory, whose time is that of the `Clock` service.
 *
 * Tests on sockets run in real time: half an hour of retries takes half an hour. Under `TestClock` the same retries finish
 * at once. To test the same script on sockets, pass it to `FaultServer`.
 *
 * The client behaves like `Transport`. Its errors report correctly whether the request was sent. Connections are kept alive,
 * and each carries one request at a time. The body of a response can be streamed once. Unlike on a network, connecting and
 * transfer take no time, and the server never waits for a slow reader.
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
 * An `HttpClient` whose responses and failures come from a script.
 *
 * @since 0.1.0
 * @category model
 */
export interface ScriptedClient extends HttpClient.HttpClient {
  /** Replaces the script. The next request gets the first fault of a list. */
  readonly script: (next: Script) => Effect.Effect<void>
  /** Replaces the script of connections. Open connections are not affected. */
  readonly scriptConnections: (next: ConnectionScript) => Effect.Effect<void>
  /** Resets open connections, and refuses new ones until `up`. */
  readonly down: Effect.Effect<void>
  /** Accepts connections again. */
  readonly up: Effect.Effect<void>
  /** The requests that arrived, in order. */
  readonly requests: Effect.Effect<ReadonlyArray<RequestRecord>>
  /** Number of connections that were opened. */
  readonly connections: Effect.Effect<number>
}

/**
 * Options of `make`.
 *
 * @since 0.1.0
 * @category model
 */
export interface Options {
  /** The treatments of connections. @default all `accept` */
  readonly connections?: ConnectionScript | undefined
}

// -------------------------------------------------------------------------------------------------
// make
// -------------------------------------------------------------------------------------------------

/**
 * Makes a client that performs a script. No `Scope` is needed: steps of the script that follow a response do not delay the
 * caller, nor keep the process running.
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
      down: Effect.flatMap(Effect.clock, (clock) => world.resetAll(clock.unsafeCurrentTimeMillis())),
      up: Effect.sync(() => void (world.isDown = false)),
      requests: Effect.sync(() => world.entries.map(({ line, ...entry }) => ({ ...entry, closed: line.closed }))),
      connections: Effect.sync(() => world.connections)
    })
  })

// -------------------------------------------------------------------------------------------------
// layer
// -------------------------------------------------------------------------------------------------

/**
 * The tag of the scripted client.
 *
 * @since 0.1.0
 * @category layers
 */
export const ScriptedClient: Context.Tag<ScriptedClient, ScriptedClient> =
  /*#__PURE__*/ Context.GenericTag<ScriptedClient>("effect-reliability/testing/ScriptedClient")

/**
 * Provides a scripted client as the `HttpClient`, and as `ScriptedClient` so that a test can read its requests.
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
