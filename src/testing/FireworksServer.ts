/**
 * A simulation of the Fireworks AI API, inference and control plane, with scripted failures.
 *
 * Some failures cannot be produced on the real API: a lost response to the submission of a job, an outage during a wait, a
 * stale read, a preemption, or a deployment that takes eight minutes to scale up. This simulation is a pure function of its
 * state, a request and the time. It runs on sockets (`make`), or in memory in the time of a `TestClock` (`inMemory`).
 *
 * | resource | path |
 * | --- | --- |
 * | chat, completions, embeddings, models | `/inference/v1/…`, serverless and on deployments |
 * | batch jobs, trainer jobs, fine-tuning jobs | `/v1/accounts/{account}/batchInferenceJobs`, `…/rlorTrainerJobs`, … |
 * | deployments | `/v1/accounts/{account}/deployments` |
 * | metrics of deployments | `/v1/accounts/{account}/metrics` |
 * | the health of a trainer | `/training/v1/rlorTrainerJobs/{account}/{job}/api/v1/healthz` |
 *
 * The documentation of the API leaves some behaviour open. The simulation does the following:
 *
 * - Errors of the control plane have the form of the gateway's errors, unless the option `errors` is set.
 * - `:scale` sets the desired replica count, and rejects a count above `maxReplicaCount`.
 * - A `PATCH` without `updateMask` replaces all fields that can be updated, unless the option `patch` is set.
 * - A deployment scales by itself only from zero to one replica, when a request arrives.
 *
 * @since 0.1.0
 */
import * as HttpClient from "@effect/platform/HttpClient"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DefaultServices from "effect/DefaultServices"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { duration, refuse } from "../internal/options.js"
import type { Fault, Request } from "./Fault.js"
import * as FaultServer from "./FaultServer.js"
import { batch, queued, configOf, pendingOf, provisioning, windowOf } from "./internal/fireworksServer/config.js"
import * as deployments from "./internal/fireworksServer/deploymentRoutes.js"
import { emptyWorld, step } from "./internal/fireworksServer/gateway.js"
import * as jobs from "./internal/fireworksServer/jobRoutes.js"
import { checkTimeline } from "./internal/fireworksServer/jobTimeline.js"
import * as ScriptedClient from "./ScriptedClient.js"
import type {
  Creation,
  DeploymentOptions,
  DeploymentRecord,
  Injection,
  JobRecord,
  JobState,
  Options,
  Outage,
  Timeline,
  Config,
  World
} from "./internal/fireworksServer/model.js"

export type {
  JobKind,
  JobState,
  Stage,
  Timeline,
  NewJob,
  JobRecord,
  Creation,
  Tombstone,
  DeploymentState,
  DeploymentOptions,
  DeploymentRecord,
  Outage,
  Injection,
  Limits,
  Options
} from "./internal/fireworksServer/model.js"

// -------------------------------------------------------------------------------------------------
// Options
// -------------------------------------------------------------------------------------------------

/**
 * Options to connect a client to the simulated API, named as in `Fireworks.layer`.
 *
 * @since 0.1.0
 * @category model
 */
export interface ClientOptions {
  readonly apiKey: Redacted.Redacted
  readonly accountId: string
  /** The origin, without a path. */
  readonly baseUrl: string
}

/**
 * The simulated API: its address, its records, and operations to make it fail.
 *
 * @since 0.1.0
 * @category model
 */
export interface FireworksServer {
  /** The origin of the API: scheme, host and port. */
  readonly origin: string
  /** The base URL for OpenAI-compatible clients: the origin and `/inference/v1`. */
  readonly baseUrl: string
  readonly account: string
  /** A valid API key. */
  readonly key: string
  /** Key, account and origin, as options of `Fireworks.make` and `Fireworks.layer`. */
  readonly options: ClientOptions
  /** Processes a request and returns its fault. Each call updates the state, as a request does. */
  readonly script: (request: Request) => Fault
  /** The requests that arrived, in order. */
  readonly requests: Effect.Effect<ReadonlyArray<FaultServer.RequestRecord>>
  /** All jobs that were created, in order, deleted ones included. */
  readonly jobs: Effect.Effect<ReadonlyArray<JobRecord>>
  /** For each kind and id, the number of requests to create a job, and of jobs created. */
  readonly creations: Effect.Effect<ReadonlyArray<Creation>>
  readonly deployments: Effect.Effect<ReadonlyArray<DeploymentRecord>>
  /** Replaces the rest of the timeline of the latest job with an id, or sets the timeline of jobs created with it later. */
  readonly setJob: (id: string, next: JobState | Timeline) => Effect.Effect<void>
  /** Preempts a job: it fails, or it is queued again and then runs. @default "FAILED" */
  readonly preempt: (id: string, to?: "FAILED" | "RE_QUEUEING") => Effect.Effect<void>
  /** Creates a deployment, or changes the given fields of an existing one. */
  readonly setDeployment: (id: string, options: DeploymentOptions) => Effect.Effect<void>
  /** Makes requests to a deployment fail with 425 for a time, as during a swap of weights. */
  readonly swap: (id: string, lasts: Duration.DurationInput) => Effect.Effect<void>
  /** Suspends the account, so that inference fails with 412, or ends the suspension. */
  readonly suspend: (suspended: boolean) => Effect.Effect<void>
  /** Makes reads return state that is up to this old. */
  readonly stale: (upTo: Duration.DurationInput) => Effect.Effect<void>
  /** Adds an outage. */
  readonly outage: (outage: Outage) => Effect.Effect<void>
  /** Adds an injection. */
  readonly inject: (injection: Injection) => Effect.Effect<void>
  /** Resets all connections and refuses new ones, as when a machine fails. The state of the API is kept. */
  readonly down: Effect.Effect<void>
  /** Accepts connections again. */
  readonly up: Effect.Effect<void>
}

/**
 * The API on sockets.
 *
 * @since 0.1.0
 * @category model
 */
export interface OnSockets extends FireworksServer {
  /** The fault server that the API runs on. */
  readonly server: FaultServer.FaultServer
}

/**
 * The API in memory.
 *
 * @since 0.1.0
 * @category model
 */
export interface InMemory extends FireworksServer {
  /** A client all of whose requests go to the simulated API, whatever their host. */
  readonly client: ScriptedClient.ScriptedClient
}

// -------------------------------------------------------------------------------------------------
// Timelines
// -------------------------------------------------------------------------------------------------

/**
 * A batch job that is validated for 1 minute, waits for 8 minutes, runs for 4 minutes, and is completed.
 *
 * @since 0.1.0
 * @category constants
 */
export const completed: Timeline = batch

/**
 * A batch job that fails after running for 4 minutes.
 *
 * @since 0.1.0
 * @category constants
 */
export const failed: Timeline = [...queued, { state: "RUNNING", lasts: "4 minutes" }, { state: "FAILED" }]

/**
 * A batch job that expires 24 hours after its creation, and keeps the rows that are done.
 *
 * @since 0.1.0
 * @category constants
 */
export const expired: Timeline = [...queued, { state: "RUNNING", lasts: "1431 minutes" }, { state: "EXPIRED" }]

/**
 * A job that stays pending forever, like a job of an unsupported model.
 *
 * @since 0.1.0
 * @category constants
 */
export const stuck: Timeline = [{ state: "VALIDATING", lasts: "1 minute" }, { state: "PENDING" }]

/**
 * Makes the timeline of a trainer job that is preempted after running for a time: it fails, or is queued again and then runs.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { FireworksServer } from "effect-reliability/testing"
 *
 * const states = FireworksServer.preempted("2 hours").map(({ state }) => state)
 * assert.deepStrictEqual(states, ["CREATING", "PENDING", "RUNNING", "FAILED"])
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const preempted = (after: Duration.DurationInput, to: "FAILED" | "RE_QUEUEING" = "FAILED"): Timeline => [
  ...provisioning,
  { state: "RUNNING", lasts: duration("FireworksServer.preempted", "after", after) },
  ...jobs.preemption(to)
]

// -------------------------------------------------------------------------------------------------
// make
// -------------------------------------------------------------------------------------------------

/** The records of the API, and the operations that change its state. */
type Control = Omit<FireworksServer, keyof Place | "requests" | "down" | "up">

/** The address of the API, its account and a valid key. */
type Place = Pick<FireworksServer, "origin" | "baseUrl" | "account" | "key" | "options">

const millis = (method: string, option: string, input: Duration.DurationInput): number =>
  Duration.toMillis(duration(`FireworksServer.${method}`, option, input))

/** Makes the operations on a new state of the API. `now` is the time of these operations. */
const control = (config: Config, start: World, now: Effect.Effect<number>): Control => {
  let world = start
  const change = (f: (world: World, at: number) => World): Effect.Effect<void> =>
    Effect.map(now, (at) => void (world = f(world, at)))
  return {
    script: (request) => {
      const [next, fault] = step(config, world, request)
      world = next
      return fault
    },
    jobs: Effect.map(now, (at) => world.jobs.map((job) => jobs.recordOf(job, at))),
    creations: Effect.sync(() => jobs.creationsOf(world)),
    deployments: Effect.map(now, (at) => [...world.deployments.values()].map((one) => deployments.recordOf(one, at))),
    setJob: (id, next) => {
      const stages = typeof next === "string" ? [{ state: next }] : next
      const timeline = checkTimeline("FireworksServer.setJob", "next", stages)
      return change((world, at) => jobs.setJob(world, id, timeline, at))
    },
    preempt: (id, to = "FAILED") =>
      change((world, at) => {
        const job = jobs.latest(world, id) ?? refuse("FireworksServer.preempt", "id", id, "the id of a job")
        return jobs.sendOn(world, job, jobs.preemption(to), at)
      }),
    setDeployment: (id, given) =>
      change((world, at) => deployments.setDeployment("FireworksServer.setDeployment", world, id, given, at)),
    swap: (id, lasts) => {
      const span = millis("swap", "lasts", lasts)
      return change((world, at) => {
        const one = world.deployments.get(id) ?? refuse("FireworksServer.swap", "id", id, "the id of a deployment")
        return deployments.changed(world, one, at, { swapUntil: at + span })
      })
    },
    suspend: (suspended) => change((world) => ({ ...world, suspended })),
    stale: (upTo) => {
      const stale = millis("stale", "upTo", upTo)
      return change((world) => ({ ...world, stale }))
    },
    outage: (outage) => {
      const from = windowOf("FireworksServer.outage", outage, config.errors)
      return change((world, at) => ({
        ...world,
        outages: [...world.outages.filter(({ until }) => until > at), from(at)]
      }))
    },
    inject: (injection) => {
      const pending = pendingOf("FireworksServer.inject", injection)
      return change((world) => ({ ...world, injections: [...world.injections, pending] }))
    }
  }
}

/** Validates options, and returns a function that makes the API once the time is known. */
const modelOf = (method: "make" | "inMemory", scheme: Config["scheme"], options: Options) => {
  const owner = `FireworksServer.${method}`
  const config = configOf(owner, scheme, options)
  const outages = (options.outages ?? []).map((outage) => windowOf(owner, outage, config.errors))
  const injections = (options.injections ?? []).map((injection) => pendingOf(owner, injection))
  const stale = millis(method, "stale", options.stale ?? 0)
  const given = Object.entries(options.deployments ?? {})
  const empty = { ...emptyWorld, injections, stale }
  const start = (at: number): World =>
    given.reduce<World>((world, [id, one]) => deployments.setDeployment(owner, world, id, one, at), {
      ...empty,
      outages: outages.map((from) => from(at))
    })
  // throws if the options of a deployment are invalid
  start(0)
  const { account, keys } = config
  const key = keys?.[0] ?? "fw-test-key"
  const placed = (origin: string): Place => ({
    origin,
    baseUrl: `${origin}/inference/v1`,
    account,
    key,
    options: { apiKey: Redacted.make(key), accountId: account, baseUrl: origin }
  })
  return (now: Effect.Effect<number>) => Effect.map(now, (at) => ({ placed, made: control(config, start(at), now) }))
}

// real sockets run in real time, even under a TestClock
const hostTime = Effect.sync(() => Context.get(DefaultServices.liveServices, Clock.Clock).unsafeCurrentTimeMillis())

/**
 * Starts the API on a port of the loopback address, in real time, until the scope closes.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Effect } from "effect"
 * import { FireworksServer } from "effect-reliability/testing"
 *
 * const program = Effect.gen(function* () {
 *   const { account, creations, key, origin } = yield* FireworksServer.make()
 *   const create = Effect.promise(() =>
 *     fetch(`${origin}/v1/accounts/${account}/batchInferenceJobs?batchInferenceJobId=nightly`, {
 *       method: "POST",
 *       headers: { authorization: `Bearer ${key}` },
 *       body: JSON.stringify({ model: "accounts/fireworks/models/m", inputDatasetId: "accounts/acme/datasets/d" })
 *     })
 *   )
 *   assert.strictEqual((yield* create).status, 200)
 *   assert.strictEqual((yield* create).status, 409)
 *   assert.deepStrictEqual(yield* creations, [{ kind: "batchInferenceJobs", id: "nightly", asked: 2, made: 1 }])
 * })
 *
 * await Effect.runPromise(Effect.scoped(program))
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}): Effect.Effect<OnSockets, never, Scope.Scope> => {
  const model = modelOf("make", "http", options)
  return Effect.gen(function* () {
    const { made, placed } = yield* model(hostTime)
    const server = yield* FaultServer.make({ script: made.script })
    const { down, origin, requests, up } = server
    return { ...made, ...placed(origin), requests, down, up, server }
  })
}

/**
 * Makes the API in memory, in the time of the `Clock` service. All requests of its `client` go to the API, whatever their host.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { HttpClientRequest } from "@effect/platform"
 * import { Effect, TestClock, TestContext } from "effect"
 * import { FireworksServer } from "effect-reliability/testing"
 *
 * const program = Effect.gen(function* () {
 *   const { baseUrl, client, key } = yield* FireworksServer.inMemory({ deployments: { d: {} }, startup: "8 minutes" })
 *   const chat = HttpClientRequest.post(`${baseUrl}/chat/completions`).pipe(
 *     HttpClientRequest.bearerToken(key),
 *     HttpClientRequest.bodyUnsafeJson({ model: "accounts/acme/deployments/d", messages: [] }),
 *     client.execute
 *   )
 *   assert.strictEqual((yield* chat).status, 503) // the deployment is scaled to zero, and starts to scale up
 *   yield* TestClock.adjust("8 minutes")
 *   assert.strictEqual((yield* chat).status, 200)
 * })
 *
 * await Effect.runPromise(program.pipe(Effect.provide(TestContext.TestContext)))
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const inMemory = (options: Options = {}): Effect.Effect<InMemory> => {
  const model = modelOf("inMemory", "https", options)
  return Effect.gen(function* () {
    const { made, placed } = yield* model(Clock.currentTimeMillis)
    const client = yield* ScriptedClient.make(made.script)
    const { down, requests, up } = client
    return { ...made, ...placed("https://api.fireworks.ai"), requests, down, up, client }
  })
}

// -------------------------------------------------------------------------------------------------
// layer
// -------------------------------------------------------------------------------------------------

/**
 * The tag of the simulated API.
 *
 * @since 0.1.0
 * @category layers
 */
export const FireworksServer: Context.Tag<FireworksServer, FireworksServer> =
  /*#__PURE__*/ Context.GenericTag<FireworksServer>("effect-reliability/testing/FireworksServer")

/**
 * Provides the API on sockets.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { FireworksServer } from "effect-reliability/testing"
 *
 * const program = Effect.gen(function* () {
 *   const { baseUrl, key } = yield* FireworksServer.FireworksServer
 *   yield* Effect.promise(() => fetch(`${baseUrl}/models`, { headers: { authorization: `Bearer ${key}` } }))
 * })
 *
 * await Effect.runPromise(program.pipe(Effect.provide(FireworksServer.layer())))
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options = {}): Layer.Layer<FireworksServer> =>
  Layer.scoped(FireworksServer, make(options))

/**
 * Provides the API in memory: as the `HttpClient`, and as `FireworksServer` for the test.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { HttpClient } from "@effect/platform"
 * import { Effect } from "effect"
 * import { FireworksServer } from "effect-reliability/testing"
 *
 * const program = Effect.gen(function* () {
 *   const { baseUrl } = yield* FireworksServer.FireworksServer
 *   const response = yield* HttpClient.get(`${baseUrl}/models`)
 *   assert.strictEqual(response.status, 401) // no key
 * })
 *
 * await Effect.runPromise(program.pipe(Effect.provide(FireworksServer.layerInMemory())))
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerInMemory = (options: Options = {}): Layer.Layer<FireworksServer | HttpClient.HttpClient> =>
  Layer.unwrapEffect(
    Effect.map(inMemory(options), (made) =>
      Layer.merge(Layer.succeed(FireworksServer, made), Layer.succeed(HttpClient.HttpClient, made.client))
    )
  )

/**
 * Builds the layer of a client, such as `Fireworks.layer`, with options that connect it to the simulated API.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Effect, Layer } from "effect"
 * import { Fireworks } from "effect-reliability/fireworks"
 * import { FireworksServer } from "effect-reliability/testing"
 *
 * const Live = FireworksServer.layerClient(Fireworks.layer).pipe(
 *   Layer.provide(FireworksServer.layerInMemory({ models: ["accounts/fireworks/models/kimi-k2"] }))
 * )
 *
 * const { value } = await Effect.runPromise(
 *   Effect.flatMap(Fireworks.Fireworks, ({ models }) => models()).pipe(Effect.provide(Live))
 * )
 * assert.deepStrictEqual(value.data.map(({ id }) => id), ["accounts/fireworks/models/kimi-k2"])
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerClient = <A, E, R>(
  layer: (options: ClientOptions) => Layer.Layer<A, E, R>
): Layer.Layer<A, E, R | FireworksServer> =>
  Layer.unwrapEffect(Effect.map(FireworksServer, ({ options }) => layer(options)))
