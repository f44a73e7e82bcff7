/**
 * Refuses calls to a server that is down, instead of sending them.
 *
 * While a server is down, each call costs the time until it fails, and its retries add load at the worst moment. A breaker
 * counts the failures of each key, such as host, model and credential. After enough of them, its circuit opens: calls fail at
 * once with `Transient` `CircuitOpen`, until one call probes the server. Names and semantics are those of
 * `effect/persistence/CircuitBreaker` of Effect 4.
 *
 * | state | calls |
 * | --- | --- |
 * | `Closed` | run; the trip policy decides when the circuit opens |
 * | `Open` | fail with `CircuitOpen`, until the open time is over |
 * | `HalfOpen` | one call, the probe, runs; a success closes the circuit, a failure opens it again, an ignored outcome admits another probe |
 *
 * An outcome counts for the moment at which its attempt began. Outcomes of attempts that began before the circuit opened or
 * closed change nothing, and "consecutive" is the order of starts: a slow success from before an outage hides no failure.
 *
 * By default these outcomes are `Ignored`: refusals by rate or number (429), `ScalingUp`, `WeightSwap`, refusals by this library, and
 * mistakes of the caller (4xx). Failures before the origin was reached (DNS, TLS, proxy, the pool of connections), timeouts by the
 * deadline of the call, and interruptions are `Ignored` too. The table of reasons in
 * [ERRORS.md](https://github.com/effect-reliability/effect-reliability/blob/main/.github/ERRORS.md) has a column for them. A slow
 * success counts as a failure only with the option `slow`. A stream succeeds with its first event, and an event stream from
 * `ReliableHttpClient` with its headers; what breaks later does not count.
 *
 * The breaker belongs inside the retries, where it sees each attempt:
 *
 * ```text
 * ❌ Reliability.protect(call, policy).pipe(CircuitBreaker.withBreaker(breaker, { key }))
 *    counts one outcome for many attempts, and the retries inside go on while the server is down
 * ✅ Reliability.protect(call, Reliability.make({ workload, breaker, limiter }))
 *    retry → breaker → limiter → attempt; a refused call waits for the breaker if its deadline allows, and spends no attempt
 * ❌ Retry.retry(call, schedule).pipe(RateLimiter.limit(limiter, { key }))
 *    admits one call, and sends all of its attempts
 * ✅ call.pipe(RateLimiter.limit(limiter, { key }), CircuitBreaker.withBreaker(breaker, { key }), Retry.retry(schedule))
 * ```
 *
 * `withBreaker` and `RateLimiter.limit` log one warning if an inner owner of retries has settled the error that they receive.
 *
 * @since 0.2.0
 */
import * as Cause from "effect/Cause"
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { dual } from "effect/Function"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as PubSub from "effect/PubSub"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import type { ApiError, Transient } from "./ApiError.js"
import { orderWarning } from "./internal/call/order.js"
import { type CircuitBreaker as Breaker, TypeId } from "./internal/circuitBreaker/breakerService.js"
import { circuitOpen } from "./internal/circuitBreaker/circuitOpen.js"
import { Circuits, type Settings } from "./internal/circuitBreaker/circuits.js"
import type { KeyDescription, Outcome, Transition, TripPolicy } from "./internal/circuitBreaker/model.js"
import { growing, type OpenDuration, openTime } from "./internal/circuitBreaker/openTime.js"
import * as outcomes from "./internal/circuitBreaker/outcomes.js"
import { Permit, type Recording } from "./internal/circuitBreaker/permit.js"
import type { Refusal } from "./internal/circuitBreaker/circuit.js"
import { clockOf, monotonic } from "./internal/clock.js"
import { checkKey } from "./internal/keys.js"
import { duration, number } from "./internal/options.js"
import * as Store from "./Store.js"

export type { KeyDescription, Outcome, State, Transition, TripPolicy } from "./internal/circuitBreaker/model.js"
export type { OpenDuration } from "./internal/circuitBreaker/openTime.js"
export { TypeId, type Use } from "./internal/circuitBreaker/breakerService.js"

// -------------------------------------------------------------------------------------------------
// Model
// -------------------------------------------------------------------------------------------------

/**
 * A circuit breaker with one circuit for each key, which any number of calls can share.
 *
 * @since 0.2.0
 * @category model
 */
export interface CircuitBreaker extends Breaker {}

/**
 * Options of `make` and `layer`. All are optional.
 *
 * @since 0.2.0
 * @category model
 */
export interface Options {
  /** The condition under which a closed circuit opens. @default `consecutive(5)` */
  readonly tripPolicy?: TripPolicy | undefined
  /**
   * The open time. With a schedule, the n-th opening in a row lasts its n-th delay, and the last delay repeats when the schedule
   * ends. The schedule runs on a simulated time in which only its delays pass, and must be synchronous. Openings are in a row until
   * the circuit has stayed closed as long as it was last open.
   * @default 1 second, a quarter longer each time, up to 30 seconds
   */
  readonly openDuration?: OpenDuration | undefined
  /**
   * The longest open time that a server hint leads to. A hint only lengthens the open time; this option does not limit
   * `openDuration`. @default "1 hour"
   */
  readonly maxOpenDuration?: Duration.DurationInput | undefined
  /** Counts a success as a failure if its attempt took `threshold` or longer. @default successes are never failures */
  readonly slow?: { readonly threshold: Duration.DurationInput } | undefined
  /**
   * Returns the outcome of an `ApiError`. Other errors and defects are classified by `Classify.exception` before. Interruptions
   * are always `Ignored`, and so is an error for which the function throws. @default `CircuitBreaker.outcome`
   */
  readonly classify?: ((error: ApiError) => Outcome) | undefined
  /** The time after which an unused key is removed, at least 1 second. @default "1 hour" */
  readonly idleTimeToLive?: Duration.DurationInput | undefined
  /**
   * The store that holds the circuits. While it is unavailable, the state that this process saw last decides.
   * @default none: the breaker keeps its circuits in memory
   */
  readonly store?: Store.Store | undefined
}

/**
 * Options of `layerConfig`.
 *
 * @since 0.2.0
 * @category model
 */
export interface ConfigOptions {
  /** See `Options`. */
  readonly tripPolicy?: TripPolicy | undefined
  /** See `Options`. */
  readonly openDuration?: Duration.DurationInput | undefined
  /** See `Options`. */
  readonly maxOpenDuration?: Duration.DurationInput | undefined
  /** See `Options`. */
  readonly idleTimeToLive?: Duration.DurationInput | undefined
}

/**
 * Options of `withBreaker`.
 *
 * @since 0.2.0
 * @category model
 */
export interface BreakerOptions<in A = never, in E = never, R = never> {
  /** The key: calls with the same key share a circuit. It must not contain a credential, because keys are shown in errors and logs. */
  readonly key: string
  /**
   * Returns the outcome of a call. An exit that is only an interruption is always `Ignored`. If the function throws or dies, the
   * outcome is `Ignored` and the call dies. @default that of the breaker
   */
  readonly classify?: ((exit: Exit.Exit<A, E>) => Outcome | Effect.Effect<Outcome, never, R>) | undefined
}

// -------------------------------------------------------------------------------------------------
// Trip policies
// -------------------------------------------------------------------------------------------------

/**
 * Opens the circuit after a number of failures in a row, in the order in which the calls began. Throws a `RangeError` if
 * `failures` is not an integer of at least 1.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { CircuitBreaker } from "effect-reliability"
 *
 * const breaker = CircuitBreaker.make({ tripPolicy: CircuitBreaker.consecutive(3) })
 * console.log((await Effect.runPromise(breaker)).options.tripPolicy) // { _tag: "Consecutive", failures: 3 }
 * ```
 *
 * @since 0.2.0
 * @category constructors
 */
export const consecutive = (failures: number): TripPolicy => ({
  _tag: "Consecutive",
  failures: number("CircuitBreaker.consecutive", "failures", failures, { min: 1, integer: true })
})

/**
 * Opens the circuit when failures reach a share of the recent calls.
 *
 * Of the last `size` recorded calls, at least `minimumCalls` are needed, and at least one failure. `threshold` is a share from 0 to
 * 1. Throws a `RangeError` for options out of their bounds.
 *
 * @example
 * ```ts
 * import { CircuitBreaker } from "effect-reliability"
 *
 * const tripPolicy = CircuitBreaker.rate({ threshold: 0.5, size: 100, minimumCalls: 20 })
 * console.log(tripPolicy._tag) // Rate
 * ```
 *
 * @since 0.2.0
 * @category constructors
 */
export const rate = (
  options: {
    /** The share of failures from which the circuit opens, from 0 to 1. @default 0.5 */
    readonly threshold?: number | undefined
    /** The number of recent calls, at least 1. @default 100 */
    readonly size?: number | undefined
    /** The number of recorded calls that are needed, from 1 to `size`. @default `size` */
    readonly minimumCalls?: number | undefined
  } = {}
): TripPolicy => {
  const owner = "CircuitBreaker.rate"
  const size = number(owner, "size", options.size ?? 100, { min: 1, integer: true })
  return {
    _tag: "Rate",
    threshold: number(owner, "threshold", options.threshold ?? 0.5, { max: 1 }),
    minimumCalls: number(owner, "minimumCalls", options.minimumCalls ?? size, { min: 1, max: size, integer: true }),
    size
  }
}

// -------------------------------------------------------------------------------------------------
// Outcomes
// -------------------------------------------------------------------------------------------------

/**
 * The outcome of a call that shows that the server is healthy.
 *
 * @example
 * ```ts
 * import { CircuitBreaker } from "effect-reliability"
 *
 * // a response with a warning still shows that the server works
 * const outcome = CircuitBreaker.make({ classify: () => CircuitBreaker.success })
 * console.log(typeof outcome) // object
 * ```
 *
 * @since 0.2.0
 * @category constructors
 */
export const success: Outcome = outcomes.success

/**
 * The outcome of a call that says nothing about the health of the server.
 *
 * @example
 * ```ts
 * import { CircuitBreaker } from "effect-reliability"
 *
 * const breaker = CircuitBreaker.make({
 *   classify: (error) => (error.status === 404 ? CircuitBreaker.ignored : CircuitBreaker.outcome(error))
 * })
 * console.log(typeof breaker) // object
 * ```
 *
 * @since 0.2.0
 * @category constructors
 */
export const ignored: Outcome = outcomes.ignored

/**
 * Makes the outcome of a call that the server failed. If it opens the circuit, `retryAfter` lengthens the open time, up to
 * `maxOpenDuration`.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { CircuitBreaker } from "effect-reliability"
 *
 * assert.strictEqual(CircuitBreaker.failure({ retryAfter: "2 seconds" })._tag, "Failure")
 * ```
 *
 * @since 0.2.0
 * @category constructors
 */
export const failure = (options: { readonly retryAfter?: Duration.DurationInput | undefined } = {}): Outcome => ({
  _tag: "Failure",
  retryAfter: options.retryAfter === undefined ? undefined : Duration.decode(options.retryAfter)
})

/**
 * Returns the default outcome of an error.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Duration } from "effect"
 * import { ApiError, CircuitBreaker } from "effect-reliability"
 *
 * const { outcome } = CircuitBreaker
 * const answered = { delivery: "Acknowledged" } as const
 * const hint = Duration.seconds(3)
 * const unavailable = new ApiError.Transient({ ...answered, reason: "Unavailable", status: 503, retryAfter: hint })
 * const limited = new ApiError.RateLimit({ ...answered, reason: "RateExceeded", status: 429 })
 *
 * assert.deepStrictEqual(outcome(unavailable), CircuitBreaker.failure({ retryAfter: hint }))
 * assert.deepStrictEqual(outcome(limited), CircuitBreaker.ignored)
 * ```
 *
 * @since 0.2.0
 * @category getters
 */
export const outcome = (error: ApiError): Outcome => outcomes.outcomeOf(error)

// -------------------------------------------------------------------------------------------------
// make
// -------------------------------------------------------------------------------------------------

const checkPolicy = (owner: string, policy: TripPolicy): TripPolicy => {
  if (policy._tag === "Consecutive") return consecutive(policy.failures)
  if (policy._tag === "Rate") return rate(policy)
  throw new RangeError(`${owner}: tripPolicy is invalid; use CircuitBreaker.consecutive or CircuitBreaker.rate`)
}

interface Checked extends Omit<Settings, "openTime"> {
  readonly openDuration: OpenDuration
}

const checked = (owner: string, options: Options): Checked => {
  const millis = (option: string, given: Duration.DurationInput, min = 0) =>
    Duration.toMillis(duration(owner, option, given, { min }))
  const { openDuration = growing, slow } = options
  if (!Schedule.isSchedule(openDuration)) duration(owner, "openDuration", openDuration)
  return {
    policy: checkPolicy(owner, options.tripPolicy ?? consecutive(5)),
    openDuration,
    maxOpen: millis("maxOpenDuration", options.maxOpenDuration ?? "1 hour"),
    slow: slow === undefined ? Infinity : millis("slow.threshold", slow.threshold, 1),
    classify: options.classify,
    idle: millis("idleTimeToLive", options.idleTimeToLive ?? "1 hour", 1000),
    store: options.store
  }
}

const build = (owner: string, { openDuration, ...settings }: Checked): Effect.Effect<CircuitBreaker> =>
  Effect.zipWith(
    Effect.zip(Effect.runtime<never>(), Effect.clock),
    PubSub.sliding<Transition>(128),
    ([runtime, clock], transitions) => {
      const circuits = new Circuits(
        { ...settings, openTime: openTime(owner, openDuration, runtime) },
        () => monotonic(clock),
        runtime,
        transitions
      )
      return {
        [TypeId]: TypeId,
        options: { tripPolicy: settings.policy, openDuration },
        state: (key) => circuits.state(key),
        transitions: Stream.fromPubSub(transitions),
        circuits
      }
    }
  )

/**
 * Makes a circuit breaker. It uses the `Clock` of the current fiber.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Effect } from "effect"
 * import { ApiError, CircuitBreaker } from "effect-reliability"
 *
 * const unavailable = new ApiError.Transient({ reason: "Unavailable", delivery: "Acknowledged", status: 503 })
 *
 * const program = Effect.gen(function* () {
 *   const breaker = yield* CircuitBreaker.make({
 *     tripPolicy: CircuitBreaker.consecutive(2),
 *     openDuration: "30 seconds"
 *   })
 *   const call = Effect.flip(Effect.fail(unavailable).pipe(CircuitBreaker.withBreaker(breaker, { key: "api.example.com" })))
 *   yield* call
 *   yield* call // opens the circuit
 *   return (yield* call).reason
 * })
 *
 * assert.strictEqual(await Effect.runPromise(program), "CircuitOpen")
 * ```
 *
 * @since 0.2.0
 * @category constructors
 */
export const make = (options: Options = {}): Effect.Effect<CircuitBreaker> => {
  const owner = "CircuitBreaker.make"
  return build(owner, checked(owner, options))
}

// -------------------------------------------------------------------------------------------------
// withBreaker
// -------------------------------------------------------------------------------------------------

const after = <A, E>(first: Recording, exit: Effect.Effect<A, E>): Effect.Effect<A, E> =>
  first === undefined ? exit : Effect.zipRight(first, exit)

/**
 * Runs an effect if the circuit of the key admits it, and records its outcome.
 *
 * A refused call fails with `Transient` `CircuitOpen`, whose `retryAfter` is the time after which the breaker admits a call. Apply
 * `withBreaker` inside the retries, so that it sees each attempt. With the option `breaker` of `Reliability.make`, a refused call
 * waits instead, as long as its deadline allows.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Effect, Exit } from "effect"
 * import { CircuitBreaker } from "effect-reliability"
 *
 * const program = Effect.gen(function* () {
 *   const breaker = yield* CircuitBreaker.make({ tripPolicy: CircuitBreaker.consecutive(1), openDuration: "1 minute" })
 *   const call = Effect.fail("no such record").pipe(
 *     CircuitBreaker.withBreaker(breaker, {
 *       key: "records.example.com",
 *       classify: (exit) => (Exit.isSuccess(exit) ? CircuitBreaker.success : CircuitBreaker.ignored)
 *     })
 *   )
 *   yield* Effect.ignore(call)
 *   return yield* breaker.state("records.example.com")
 * })
 *
 * assert.strictEqual((await Effect.runPromise(program))._tag, "Closed")
 * ```
 *
 * @since 0.2.0
 * @category combinators
 */
export const withBreaker: {
  (
    breaker: CircuitBreaker,
    options: { readonly key: string; readonly classify?: undefined }
  ): <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E | Transient, R>
  <A, E, R2 = never>(
    breaker: CircuitBreaker,
    options: BreakerOptions<A, E, R2>
  ): <R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E | Transient, R | R2>
  <A, E, R, R2 = never>(
    self: Effect.Effect<A, E, R>,
    breaker: CircuitBreaker,
    options: BreakerOptions<A, E, R2>
  ): Effect.Effect<A, E | Transient, R | R2>
} = /*#__PURE__*/ dual(
  3,
  <A, E, R, R2>(self: Effect.Effect<A, E, R>, breaker: CircuitBreaker, options: BreakerOptions<A, E, R2>) => {
    const key = checkKey("CircuitBreaker.withBreaker", options.key)
    const { classify } = options
    const { circuits } = breaker
    return Effect.uninterruptibleMask((restore) => {
      const run = (admission: Permit | Refusal): Effect.Effect<A, E | Transient, R | R2> => {
        if (!(admission instanceof Permit)) return Effect.fail(circuitOpen(key, admission))
        if (classify !== undefined) return classified(restore(self), admission, classify, restore)
        return Effect.matchCauseEffect(restore(self), {
          onSuccess: (value) => after(admission.succeed(), Effect.succeed(value)),
          onFailure: (cause) => fail(circuits, admission, cause)
        })
      }
      const entered = circuits.enter(key)
      // first the case without a store, which costs less to find
      return entered instanceof Permit || !Effect.isEffect(entered) ? run(entered) : Effect.flatMap(entered, run)
    })
  }
)

/** Records the failure of an effect, and fails with it. */
const fail = <E>(circuits: Breaker["circuits"], permit: Permit, cause: Cause.Cause<E>): Effect.Effect<never, E> =>
  Effect.withFiberRuntime((fiber) => {
    const error = circuits.errorIn(cause, clockOf(fiber).unsafeCurrentTimeMillis())
    const recording = error === undefined ? permit.drop() : permit.fail(error)
    const warning = orderWarning(circuits, "CircuitBreaker.withBreaker", "breaker", error)
    return after(warning, after(recording, Effect.failCause(cause)))
  })

/** Runs an effect whose outcome a function of the user decides. */
const classified = <A, E, R, R2>(
  self: Effect.Effect<A, E, R>,
  permit: Permit,
  classify: NonNullable<BreakerOptions<A, E, R2>["classify"]>,
  restore: <A1, E1, R1>(effect: Effect.Effect<A1, E1, R1>) => Effect.Effect<A1, E1, R1>
): Effect.Effect<A, E, R | R2> =>
  Effect.flatMap(Effect.exit(self), (exit) => {
    if (Exit.isFailure(exit) && Cause.isInterruptedOnly(exit.cause)) return after(permit.drop(), exit)
    const decided = Effect.suspend(() => {
      const found = classify(exit)
      return Effect.isEffect(found) ? found : Effect.succeed(found)
    })
    return Effect.matchCauseEffect(restore(decided), {
      onSuccess: (found) => after(permit.finish(found), exit),
      onFailure: (cause) => {
        const both = Exit.isFailure(exit) ? Cause.sequential(exit.cause, cause) : cause
        return after(permit.drop(), Effect.failCause(both))
      }
    })
  })

// -------------------------------------------------------------------------------------------------
// Service
// -------------------------------------------------------------------------------------------------

/**
 * The circuit breaker of an application, as a service. `ReliableHttpClient.layer` and `Fireworks.layer` use it.
 *
 * @since 0.2.0
 * @category layers
 */
export const CircuitBreaker: Context.Tag<CircuitBreaker, CircuitBreaker> =
  /*#__PURE__*/ Context.GenericTag<CircuitBreaker>("effect-reliability/CircuitBreaker")

const provided = (owner: string, settings: Checked): Effect.Effect<CircuitBreaker> =>
  Effect.flatMap(Effect.context<never>(), (context) => {
    const store = settings.store ?? Option.getOrUndefined(Context.getOption(context, Store.Store))
    return build(owner, { ...settings, store })
  })

/**
 * Provides a breaker as the service `CircuitBreaker.CircuitBreaker`. It uses the `Store.Store` of its context, if there is one and the
 * option `store` is not set.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Effect } from "effect"
 * import { CircuitBreaker } from "effect-reliability"
 *
 * const program = Effect.flatMap(CircuitBreaker.CircuitBreaker, (breaker) =>
 *   Effect.succeed("a response").pipe(CircuitBreaker.withBreaker(breaker, { key: "api.example.com" }))
 * )
 *
 * const response = await Effect.runPromise(program.pipe(Effect.provide(CircuitBreaker.layer())))
 * assert.strictEqual(response, "a response")
 * ```
 *
 * @since 0.2.0
 * @category layers
 */
export const layer = (options: Options = {}): Layer.Layer<CircuitBreaker> => {
  const owner = "CircuitBreaker.layer"
  return Layer.effect(CircuitBreaker, provided(owner, checked(owner, options)))
}

/**
 * Provides one breaker whose options are read from `Config`.
 *
 * @example
 * ```ts
 * import { Config, Effect } from "effect"
 * import { CircuitBreaker } from "effect-reliability"
 *
 * const Live = CircuitBreaker.layerConfig({
 *   tripPolicy: Config.map(Config.withDefault(Config.integer("BREAKER_FAILURES"), 3), CircuitBreaker.consecutive),
 *   openDuration: Config.withDefault(Config.duration("BREAKER_OPEN"), "5 seconds")
 * })
 *
 * const program = Effect.map(CircuitBreaker.CircuitBreaker, CircuitBreaker.describe)
 *
 * console.log(await Effect.runPromise(program.pipe(Effect.provide(Live)))) // []
 * ```
 *
 * @since 0.2.0
 * @category layers
 */
export const layerConfig = (
  options: Config.Config.Wrap<ConfigOptions>
): Layer.Layer<CircuitBreaker, ConfigError.ConfigError> => {
  const owner = "CircuitBreaker.layerConfig"
  return Layer.effect(
    CircuitBreaker,
    Config.unwrap(options).pipe(
      Config.mapAttempt((found) => checked(owner, found)),
      Effect.flatMap((settings) => provided(owner, settings))
    )
  )
}

// -------------------------------------------------------------------------------------------------
// Observers
// -------------------------------------------------------------------------------------------------

/**
 * Returns the state of each key of a breaker, as plain data. With a store, it is the state that this process saw last.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Effect } from "effect"
 * import { CircuitBreaker } from "effect-reliability"
 *
 * const program = Effect.gen(function* () {
 *   const breaker = yield* CircuitBreaker.make()
 *   yield* Effect.void.pipe(CircuitBreaker.withBreaker(breaker, { key: "api.example.com" }))
 *   return CircuitBreaker.describe(breaker)
 * })
 *
 * const [known] = await Effect.runPromise(program)
 * assert.strictEqual(known?.state, "Closed")
 * assert.strictEqual(known.admitted, 1)
 * ```
 *
 * @since 0.2.0
 * @category observers
 */
export const describe = (breaker: CircuitBreaker): ReadonlyArray<KeyDescription> => breaker.circuits.describe()
