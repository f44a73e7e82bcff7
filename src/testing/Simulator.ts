/**
 * Runs a retry policy, a rate limiter or any other client code against a model of a server, hours of traffic within seconds.
 *
 * A test with `TestClock` shows one call. It does not show what a thousand callers with the same policy do to a server, and to
 * each other. The simulator runs the real code of the policy in virtual time. It reports the successes as a share of the best
 * that was possible, the attempts per success, and what happened during outages. A seed determines everything: the same seed
 * gives the same report, and all policies of a run receive the same calls.
 *
 * | server | limits | models |
 * | --- | --- | --- |
 * | `bucket` | requests per second | an API with a rate limit |
 * | `tokens` | requests, input and output tokens per minute | a serverless model API |
 * | `slots` | requests in progress | a deployment |
 * | `effect` | those of your code | anything else, such as an `HttpClient` |
 *
 * Models respond with the statuses, hints and limit headers of real servers. An attempt that fails has the `ApiError` that
 * `Classify` makes of such a response. The models do not include connections: for those, see `FaultServer`.
 *
 * @since 0.2.0
 */
import type { DurationInput } from "effect/Duration"
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import type * as Scope from "effect/Scope"
import type { ApiError } from "../ApiError.js"
import { number, oneOf, refuse } from "../internal/options.js"
import * as Reliability from "../Reliability.js"
import { execute, type Perform, within } from "./internal/simulator/execute.js"
import { type Expectations, messageOf, Unmet } from "./internal/simulator/expectations.js"
import { workersOf } from "./internal/simulator/load.js"
import type * as model from "./internal/simulator/model.js"
import { checkBucket, checkLoad, checkSlots, checkTokens, millisOf } from "./internal/simulator/simulationOptions.js"
import { consult, type OracleResult } from "./internal/simulator/oracle.js"
import { lognormal as drawLognormal } from "./internal/simulator/random.js"
import { TrafficRecorder } from "./internal/simulator/recorder.js"
import { merged, type Report, reportOf } from "./internal/simulator/report.js"
import { type Connected, effectServer, modelServer, type Server } from "./internal/simulator/server.js"
import { BucketModel, SlotsModel, TokensModel } from "./internal/simulator/servers.js"
import {
  type Scale,
  type Scenario,
  type ScenarioName,
  scenarioNames,
  scenarioOf
} from "./internal/simulator/trafficScenarios.js"
import { VirtualTime } from "./internal/simulator/virtualTime.js"

export type { Interval } from "./internal/simulator/histogram.js"
export type * from "./internal/simulator/model.js"
export type { ClassReport, Report, Series, Settling } from "./internal/simulator/report.js"
export { type ClassExpectations, type Expectations, Unmet } from "./internal/simulator/expectations.js"
export { type Server, ServerTypeId } from "./internal/simulator/server.js"
export { policies } from "./internal/simulator/policies.js"
export { type Scale, type Scenario, type ScenarioName, scenarioNames } from "./internal/simulator/trafficScenarios.js"

// -------------------------------------------------------------------------------------------------
// Model
// -------------------------------------------------------------------------------------------------

/**
 * Options of `run`, apart from its policies.
 *
 * @since 0.2.0
 * @category model
 */
export interface Options<A = model.Response, E = ApiError, R = never> {
  /** The server, such as `Simulator.bucket({ perSecond: 50 })`. */
  readonly server: Server<A, E, R>
  /** The calls: closed loops `{ workers: 100 }` or open ones `{ perSecond: 50 }`. */
  readonly load: model.Load | ReadonlyArray<model.Load>
  /** The simulated time, at least 1 second. */
  readonly duration: DurationInput
  /** The number of client processes. Each has the load, and its own instance of the policy. @default 1 */
  readonly processes?: number | undefined
  /** The seed of all random numbers: an integer. @default 1 */
  readonly seed?: number | undefined
  /** The time at the beginning that the figures of the report leave out. @default 0 */
  readonly warmUp?: DurationInput | undefined
  /** The time that the network takes to a model and back, on average; it varies by a fifth. @default "10 millis" */
  readonly roundTrip?: DurationInput | undefined
  /**
   * True if policies or the server use promises, such as to decode JSON. The simulation then lets the event loop resolve them before
   * it advances the time. Work that takes real time, such as requests on sockets, cannot be part of a simulation.
   * @default true with `effect`, otherwise false
   */
  readonly promises?: boolean | undefined
  /** Called a hundred times for each policy, in equal intervals of simulated time. @default nothing */
  readonly onProgress?: ((progress: Progress) => void) | undefined
}

/**
 * The progress of a simulation.
 *
 * @since 0.2.0
 * @category model
 */
export interface Progress {
  /** The name of the policy; `"policy"` if there is only one. */
  readonly policy: string
  /** The share of the duration that is over, from 0 to 1. */
  readonly share: number
}

// -------------------------------------------------------------------------------------------------
// Servers
// -------------------------------------------------------------------------------------------------

/**
 * Makes a model of a server that limits requests per second: by a token bucket, or by a fixed window.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Effect } from "effect"
 * import { Simulator } from "effect-reliability/testing"
 *
 * const report = await Effect.runPromise(
 *   Simulator.run({
 *     server: Simulator.bucket({ perSecond: 10, burst: 1, hint: "seconds" }),
 *     load: { workers: 20 },
 *     policy: (attempt) => attempt, // one attempt per call
 *     duration: "1 minute"
 *   })
 * )
 * assert.ok(report.failed > 0)
 * ```
 *
 * @since 0.2.0
 * @category constructors
 */
export const bucket = (options: model.BucketOptions): Server => modelServer("bucket", checkBucket(options), BucketModel)

/**
 * Makes a model of a server that limits requests, input tokens and output tokens per minute. Output is charged when a response is
 * complete, so that a server admits more than its limit for a moment.
 *
 * @example
 * ```ts
 * import { Simulator } from "effect-reliability/testing"
 *
 * const server = Simulator.tokens({ perMinute: { requests: 600, output: 60_000 }, headers: "anthropic" })
 * console.log(server.kind) // tokens
 * ```
 *
 * @since 0.2.0
 * @category constructors
 */
export const tokens = (options: model.TokensOptions = {}): Server =>
  modelServer("tokens", checkTokens(options), TokensModel)

/**
 * Makes a model of a deployment: it processes a number of requests at once, lets a number of requests wait, and refuses the others.
 *
 * @example
 * ```ts
 * import { Simulator } from "effect-reliability/testing"
 *
 * // slower under load, and down for ten seconds
 * const server = Simulator.slots({
 *   slots: 16,
 *   latency: ({ active, random, slots }) => (1 + active / slots) * Simulator.lognormal(random, { mean: 800, sigma: 0.5 }),
 *   outages: [{ from: "30 seconds", to: "40 seconds" }]
 * })
 * console.log(server.kind) // slots
 * ```
 *
 * @since 0.2.0
 * @category constructors
 */
export const slots = (options: model.SlotsOptions = {}): Server => modelServer("slots", checkSlots(options), SlotsModel)

/**
 * Makes a server of an effect, such as a request of an `HttpClient` in memory. Each run of the effect is one attempt. Its oracle
 * is the number of calls of open loops; closed loops have none.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { HttpClient } from "@effect/platform"
 * import { Effect } from "effect"
 * import { Classify, Workload } from "effect-reliability"
 * import { Fault, ScriptedClient, Simulator } from "effect-reliability/testing"
 *
 * const program = Effect.gen(function* () {
 *   const client = yield* ScriptedClient.make(Fault.rateLimit({ burst: 10, perSecond: 5 }))
 *   const get = HttpClient.filterStatusOk(client).get("https://api.example.com/v1/models").pipe(Classify.mapError())
 *   const report = yield* Simulator.run({
 *     server: Simulator.effect(() => get),
 *     load: { perSecond: 4 },
 *     policy: Workload.interactive,
 *     duration: "1 minute"
 *   })
 *   assert.strictEqual(report.failed, 0)
 * })
 *
 * await Effect.runPromise(program)
 * ```
 *
 * @since 0.2.0
 * @category constructors
 */
export const effect = <A, E, R = never>(attempt: (call: model.Call) => Effect.Effect<A, E, R>): Server<A, E, R> =>
  effectServer(attempt)

/**
 * Returns a lognormally distributed number, as latencies and sizes are. `mean` is the arithmetic mean.
 *
 * @since 0.2.0
 * @category getters
 */
export const lognormal = (
  random: () => number,
  options: {
    readonly mean: number
    /** The standard deviation of the logarithm. @default 0.5 */
    readonly sigma?: number | undefined
  }
): number => drawLognormal(random, options.mean, options.sigma ?? 0.5)

// -------------------------------------------------------------------------------------------------
// Scenarios
// -------------------------------------------------------------------------------------------------

/**
 * Returns a scenario by its name: options of `run` without the policy. See `scenarioNames` and `policies`.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Effect } from "effect"
 * import { Simulator } from "effect-reliability/testing"
 *
 * const { documented, toolkit } = Simulator.policies
 * const program = Simulator.run({ ...Simulator.scenario("limit"), policies: { documented, toolkit } })
 *
 * const reports = await Effect.runPromise(program)
 * assert.ok(Number(reports.toolkit.attemptsPerSuccess) < Number(reports.documented.attemptsPerSuccess))
 * ```
 *
 * @since 0.2.0
 * @category constructors
 */
export const scenario = (name: ScenarioName, scale: Scale = {}): Scenario => {
  const owner = "Simulator.scenario"
  oneOf(owner, "name", name, scenarioNames)
  if (scale.perSecond !== undefined) number(owner, "perSecond", scale.perSecond, { min: 1 })
  if (scale.workers !== undefined) number(owner, "workers", scale.workers, { integer: true, min: 1 })
  return scenarioOf(name, scale)
}

// -------------------------------------------------------------------------------------------------
// run
// -------------------------------------------------------------------------------------------------

/**
 * Simulates the calls of many clients, and returns a report for the policy, or one for each of several policies.
 *
 * A policy is a `Workload`, a policy of `Reliability`, or a function that receives an attempt and returns a call, such as one with
 * `Effect.retry`. An effect of one of these runs once for each client process: make a `RateLimiter` or a `RetryBudget` there.
 *
 * On a model of a server, a workload or a policy runs by `Reliability.leaf`, as in `ReliableHttpClient`: the attempt applies its own
 * timeout. A function receives attempts without a timeout.
 *
 * The effects run on the `Clock`, the `Random` numbers and a scheduler of the simulation, and on nothing else that is random. A
 * defect of a policy ends the simulation.
 *
 * Callers that wait live longer than a young generation of the usual size. With a thousand of them, `node --max-semi-space-size=64`
 * saves about a quarter of the CPU time.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { RateLimiter, Reliability, RetryBudget, Workload } from "effect-reliability"
 * import { Simulator } from "effect-reliability/testing"
 *
 * const policy = Effect.gen(function* () {
 *   const budget = yield* RetryBudget.make()
 *   const limiter = yield* RateLimiter.make()
 *   return Reliability.make({ workload: Workload.interactive, budget, limiter })
 * })
 *
 * // our policy survives an outage of ten seconds, and does not make it worse
 * const program = Simulator.run({
 *   server: Simulator.bucket({ perSecond: 50, outages: [{ from: "30 seconds", to: "40 seconds" }] }),
 *   load: { perSecond: 40 },
 *   policy,
 *   duration: "2 minutes"
 * }).pipe(Effect.flatMap(Simulator.expect({ goodput: 0.95, amplification: 1.1, failed: 0, recovery: "10 seconds" })))
 *
 * await Effect.runPromise(program)
 * ```
 *
 * @since 0.2.0
 * @category constructors
 */
export const run: {
  <A, E, R, K extends string, R2 = never, EX = never, RX = never>(
    options: Options<A, E, R> & {
      readonly policies: { readonly [_ in K]: model.Policy<A, E, R, R2, EX, RX> }
      readonly policy?: undefined
    }
  ): Effect.Effect<{ readonly [_ in K]: Report }, EX, R | R2 | Exclude<RX, Scope.Scope>>
  <A, E, R, R2 = never, EX = never, RX = never>(
    options: Options<A, E, R> & {
      readonly policy: model.Policy<A, E, R, R2, EX, RX>
      readonly policies?: undefined
    }
  ): Effect.Effect<Report, EX, R | R2 | Exclude<RX, Scope.Scope>>
} = <A, E, R, R2, EX, RX>(
  options: Options<A, E, R> & {
    readonly policy?: model.Policy<A, E, R, R2, EX, RX> | undefined
    readonly policies?: { readonly [name: string]: model.Policy<A, E, R, R2, EX, RX> } | undefined
  }
  // the overloads say which of the two it returns
): Effect.Effect<never, EX, R | R2 | Exclude<RX, Scope.Scope>> => {
  const { policies = {}, policy } = options
  const checked = check(options)
  const { server } = checked
  // all policies have the same oracle
  const oracle = server.ideal === undefined ? Effect.succeed(undefined) : consult({ ...checked, server: server.ideal })
  const result = Effect.flatMap(oracle, (ideal): Effect.Effect<unknown, EX, R | R2 | Exclude<RX, Scope.Scope>> =>
    policy !== undefined
      ? runOne(checked, ideal, "policy", policy)
      : Effect.map(
          Effect.forEach(Object.entries(policies), ([name, policy]) =>
            Effect.map(runOne(checked, ideal, name, policy), (report) => [name, report] as const)
          ),
          (reports) => Object.fromEntries(reports)
        )
  )
  return result as Effect.Effect<never, EX, R | R2 | Exclude<RX, Scope.Scope>>
}

type Checked<A, E, R> = ReturnType<typeof check<A, E, R>>

const check = <A, E, R>(options: Options<A, E, R>) => {
  const owner = "Simulator.run"
  const { load, onProgress, processes = 1, promises, roundTrip = 10, seed = 1, server, warmUp = 0 } = options
  const duration = millisOf(owner, "duration", options.duration, 1000)
  const loads = (isList(load) ? load : [load]).map((one) => checkLoad(owner, one))
  const before = millisOf(owner, "warmUp", warmUp)
  if (before >= duration) refuse(owner, "warmUp", warmUp, "less than duration")
  return {
    server,
    duration,
    onProgress,
    loads,
    warmUp: before,
    processes: number(owner, "processes", processes, { integer: true, min: 1 }),
    seed: number(owner, "seed", seed, { integer: true, min: -(2 ** 31), max: 2 ** 32 }),
    roundTrip: millisOf(owner, "roundTrip", roundTrip),
    promises: promises ?? server.kind === "effect",
    troubles: merged(server.troubles.filter(({ from }) => from < duration)),
    changes: server.changes.filter((at) => at < duration)
  }
}

const isList = <A>(input: A | ReadonlyArray<A>): input is ReadonlyArray<A> => Array.isArray(input)

/** Returns the function that makes the calls of a client. */
const performing = <A, E, R, R2>(
  { attempt, leaf }: Connected<A, E, R>,
  instance: model.Instance<A, E, R, R2>
): Perform<R | R2> => {
  if (typeof instance === "function") return (call, progress) => instance(attempt(progress), call)
  // a policy that `protect` and `leaf` would make of a workload for each call
  const policy = Reliability.PolicyTypeId in instance ? instance : Reliability.make({ workload: instance })
  return leaf === undefined
    ? (_, progress) => Reliability.protect(attempt(progress), policy)
    : (_, progress) => Reliability.leaf(policy, leaf(progress))
}

const runOne = <A, E, R, R2, EX, RX>(
  checked: Checked<A, E, R>,
  ideal: OracleResult | undefined,
  name: string,
  policy: model.Policy<A, E, R, R2, EX, RX>
): Effect.Effect<Report, EX, R | R2 | Exclude<RX, Scope.Scope>> =>
  Effect.suspend(() => {
    const { loads, onProgress, promises, seed, server, troubles } = checked
    const time = new VirtualTime({ promises })
    const recorder = new TrafficRecorder(checked)
    const connected = server.connect({ ...checked, time, recorder })
    for (const { from } of troubles) time.at(from, () => recorder.beginTrouble())
    const running = execute<R | R2, EX, RX>({
      ...checked,
      time,
      recorder,
      client: () =>
        Effect.map(Effect.isEffect(policy) ? policy : Effect.succeed(policy), (instance) =>
          performing(connected, instance)
        ),
      onProgress: onProgress && ((share) => onProgress({ policy: name, share }))
    })
    return Effect.map(within(time, seed, running), () =>
      reportOf({
        ...checked,
        recorder,
        // without a model, all calls of an open loop may succeed
        oracle: ideal ?? (loads.every(({ workers }) => workers === undefined) ? allOf(recorder) : undefined),
        countsTokens: server.kind === "tokens",
        workers: workersOf(checked)
      })
    )
  })

const allOf = ({ calls, series, tokens }: TrafficRecorder): OracleResult => ({
  succeeded: calls,
  tokens,
  perSecond: series.started
})

// -------------------------------------------------------------------------------------------------
// expect
// -------------------------------------------------------------------------------------------------

/**
 * Fails with `Unmet` if a report does not meet the expectations. The message lists all figures with their bounds.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Effect } from "effect"
 * import { Workload } from "effect-reliability"
 * import { Simulator } from "effect-reliability/testing"
 *
 * // a hundred workers without a limiter
 * const error = await Effect.runPromise(
 *   Simulator.run({
 *     server: Simulator.bucket({ perSecond: 50 }),
 *     load: { workers: 100 },
 *     policy: Workload.interactive,
 *     duration: "20 seconds"
 *   }).pipe(Effect.flatMap(Simulator.expect({ goodput: 0.5, attemptsPerSuccess: 1.1 })), Effect.flip)
 * )
 * assert.match(error.message, /✓ goodput: .* \(expected ≥ 0.5\)\n {2}✗ attempts per success: .* \(expected ≤ 1.1\)/)
 * ```
 *
 * @since 0.2.0
 * @category combinators
 */
export const expect: {
  (expected: Expectations): (report: Report) => Effect.Effect<Report, Unmet>
  (report: Report, expected: Expectations): Effect.Effect<Report, Unmet>
} = /*#__PURE__*/ dual(2, (report: Report, expected: Expectations) =>
  Effect.suspend(() => {
    const message = messageOf(report, expected)
    return message === undefined ? Effect.succeed(report) : Effect.fail(new Unmet({ message, report }))
  })
)
