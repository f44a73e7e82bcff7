/**
 * Keeps many callers below the rate limit of a server, even if the limit is unknown.
 *
 * A hundred workers that each back off after a 429 still send several attempts for each success. A shared limiter learns how many
 * calls the server admits, and queues the others. It has one state for each key, such as host, model and credential.
 *
 * Three brakes hold calls back.
 *
 * | brake | learns from | does |
 * | --- | --- | --- |
 * | pace: `requests`, `input`, `output` | refusals (429), limit headers, `usage` | a token bucket for each resource |
 * | `window` | the time to the first byte, refusals by number | bounds the calls in flight |
 * | `pause` | refusals and failures in a row, `Retry-After` | stops all calls but one probe |
 *
 * Around retries it cannot work. `limit` logs one warning if an inner owner of retries has settled the error that it receives.
 *
 * ```text
 * ❌ call.pipe(Retry.retry(schedule), RateLimiter.limit(limiter, { key }))   admits one call, and sends all of its attempts
 * ✅ call.pipe(RateLimiter.limit(limiter, { key }), Retry.retry(schedule))   admits each attempt
 * ```
 *
 * Its weaknesses: token limits without headers cost 1.07 to 1.10 attempts per success, because servers charge output after they
 * admit a call. A limit of ten requests per minute without headers costs 1.6 attempts per success in the first ten minutes. A limit
 * of 1000 requests per second is reached after two seconds; the option `requests` avoids that. Refusals for reasons other than the
 * rate slow the limiter down. Without a store, several processes have separate limiters: they find the limit together, with 1.01 (two
 * processes) to 1.1 (ten) attempts per success. A limit header with the wrong unit sets a wrong pace: see `limitsPer` of
 * `Dialect.make`.
 *
 * With the option `store`, the limiters of several processes share the state of each key. Queues stay in their processes, and
 * processes that wait take turns. Each attempt waits for one step of the store, and its outcome travels with the step of a later
 * attempt, or 5 milliseconds later. A process that ends without reporting its calls in flight still counts with them for 30 seconds.
 *
 * @since 0.2.0
 */
import * as Cause from "effect/Cause"
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Runtime from "effect/Runtime"
import { isApiError, type RateLimit } from "./ApiError.js"
import * as Classify from "./Classify.js"
import { unsafeMake } from "./internal/apiError/unsafeMake.js"
import { currentCall, remaining } from "./internal/call/context.js"
import { orderWarning } from "./internal/call/order.js"
import { clearTimer, clockOf, monotonic, setTimer } from "./internal/clock.js"
import { checkKey } from "./internal/keys.js"
import { duration, maxMillis, number, oneOf, refuse } from "./internal/options.js"
import { randomId } from "./internal/randomId.js"
import { Engine, type Entry, type KeyDescription } from "./internal/rateLimiter/engine.js"
import type { Lane, Refusal } from "./internal/rateLimiter/lane.js"
import type { Brake } from "./internal/rateLimiter/model.js"
import { kindOf, Pass } from "./internal/rateLimiter/pass.js"
import type { Sharing } from "./internal/rateLimiter/sharedLane.js"
import { type LimitOptions, type RateLimiter as Limiter, type Refused, TypeId } from "./internal/rateLimiter/service.js"
import { slotOf } from "./internal/rateLimiter/sharedState.js"
import { slackOf } from "./internal/rateLimiter/use.js"
import { watched } from "./internal/store/outage.js"
import { Store } from "./Store.js"

export type { Brake, Cost, Resource, TokenUsage } from "./internal/rateLimiter/model.js"
export type { KeyDescription } from "./internal/rateLimiter/engine.js"
export { type LimitOptions, TypeId, type Use } from "./internal/rateLimiter/service.js"

// -------------------------------------------------------------------------------------------------
// Model
// -------------------------------------------------------------------------------------------------

/**
 * A limit that is known in advance.
 *
 * @since 0.2.0
 * @category model
 */
export interface Limit {
  /** The amount that the server admits within `per`; above 0. */
  readonly limit: number
  /** The interval of the limit, at least 1 millisecond. @default "1 minute" */
  readonly per?: Duration.DurationInput | undefined
}

/**
 * Options of `make`. All are optional.
 *
 * @since 0.2.0
 * @category model
 */
export interface Options {
  /** The limit of requests. No header raises it. @default learned */
  readonly requests?: Limit | undefined
  /** The limit of input tokens. @default learned from headers */
  readonly inputTokens?: Limit | undefined
  /** The limit of output tokens. @default learned from headers */
  readonly outputTokens?: Limit | undefined
  /** The maximum number of calls of a key in flight, at least 1. @default unbounded */
  readonly concurrency?: number | undefined
  /** The maximum number of waiting calls of a key, at least 0. A further call fails at once. @default unbounded */
  readonly queue?: number | undefined
  /**
   * Classes of calls besides `interactive` and `batch`, each with its slack. The slack is the time for which calls without slack may
   * overtake a call of the class. @default `interactive` none, `batch` 1 minute
   */
  readonly classes?: { readonly [name: string]: Duration.DurationInput } | undefined
  /** The time after which an unused key is removed, at least 1 second. @default "10 minutes" */
  readonly idleTimeToLive?: Duration.DurationInput | undefined
  /** The store of the state of each key, which the limiters of several processes share. @default each limiter has its own state */
  readonly store?: Store | undefined
  /**
   * The behaviour while the store is unavailable. With `local`, this process decides alone, with its share of the limits: see
   * `processes` of `Store.Store`. With `fail`, calls fail with `RateLimit` `LocallyLimited`. @default "local"
   */
  readonly onOutage?: "local" | "fail" | undefined
}

/**
 * A rate limiter, which any number of calls can share.
 *
 * @since 0.2.0
 * @category model
 */
export interface RateLimiter extends Limiter {}

// -------------------------------------------------------------------------------------------------
// Errors
// -------------------------------------------------------------------------------------------------

const held: { readonly [B in Brake]: string } = {
  requests: "the pace of requests",
  input: "the pace of input tokens",
  output: "the pace of output tokens",
  window: "the number of calls in flight, which the server does not serve faster",
  concurrency: "the number of calls in flight (option concurrency)",
  pause: "a pause after refusals or failures of the server",
  store: "the store of the limits"
}

const format = (millis: number): string => Duration.format(Duration.millis(Math.round(millis)))

/** Returns the error of a call that is not admitted. */
const locallyLimited = (
  { state, waiting }: Pick<Lane<never>, "state" | "waiting">,
  { by = "requests", millis, why }: Refusal,
  left: number
): Refused => {
  const queue = `${waiting} ${waiting === 1 ? "call waits" : "calls wait"}, ${state.inFlight} in flight`
  const problem =
    why === "outage"
      ? "the store is unavailable, and the option onOutage is fail"
      : why === "queue"
        ? "the queue is full"
        : `the deadline leaves ${left === Infinity ? "no time" : format(left)}`
  const room = Duration.millis(Math.min(Math.ceil(millis), maxMillis))
  const error = unsafeMake(
    { class: "RateLimit", reason: "LocallyLimited" },
    {
      delivery: "NotSent",
      code: by,
      detail: `the brake is ${held[by]}; ${problem} (${queue})`,
      retryAfter: millis > 0 ? room : undefined
    }
  )
  // `unsafeMake` makes an error of the given class
  return { why, error: error as RateLimit }
}

// -------------------------------------------------------------------------------------------------
// make
// -------------------------------------------------------------------------------------------------

const owner = "RateLimiter.make"

const perSecond = (option: string, given: Limit | undefined): number | undefined => {
  if (given === undefined) return undefined
  const per = duration(owner, `${option}.per`, given.per ?? "1 minute", { min: 1 })
  const limit = number(owner, `${option}.limit`, given.limit, {})
  if (limit === 0) refuse(owner, `${option}.limit`, limit, "above 0")
  return (limit / Duration.toMillis(per)) * 1000
}

const checked = (options: Options) => {
  const most = { integer: true, min: 1 }
  return {
    settings: {
      concurrency:
        options.concurrency === undefined ? undefined : number(owner, "concurrency", options.concurrency, most),
      limits: {
        requests: perSecond("requests", options.requests),
        input: perSecond("inputTokens", options.inputTokens),
        output: perSecond("outputTokens", options.outputTokens)
      }
    },
    onOutage: oneOf(owner, "onOutage", options.onOutage ?? "local", ["local", "fail"]),
    store: options.store,
    processes: number(owner, "store.processes", options.store?.processes ?? 1, most),
    most: options.queue === undefined ? Infinity : number(owner, "queue", options.queue, { integer: true }),
    idle: Duration.toMillis(duration(owner, "idleTimeToLive", options.idleTimeToLive ?? "10 minutes", { min: 1000 })),
    classes: Object.fromEntries(
      Object.entries({ interactive: 0, batch: "1 minute", ...options.classes } as const).map(([name, slack]) => [
        name,
        duration(owner, `classes.${name}`, slack)
      ])
    )
  }
}

/**
 * Makes a limiter. It uses the `Clock` of the current fiber.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Effect } from "effect"
 * import { RateLimiter } from "effect-reliability"
 *
 * const program = Effect.gen(function* () {
 *   const limiter = yield* RateLimiter.make({ concurrency: 2 })
 *   let [now, most] = [0, 0]
 *   const call = Effect.acquireUseRelease(
 *     Effect.sync(() => (most = Math.max(most, ++now))),
 *     () => Effect.sleep("1 millis"),
 *     () => Effect.sync(() => now--)
 *   )
 *   const limited = call.pipe(RateLimiter.limit(limiter, { key: "api.example.com" }))
 *   yield* Effect.all(Effect.replicate(limited, 5), { concurrency: "unbounded" })
 *   assert.strictEqual(most, 2)
 * })
 *
 * await Effect.runPromise(program)
 * ```
 *
 * @since 0.2.0
 * @category constructors
 */
export const make = (options: Options = {}): Effect.Effect<RateLimiter> => {
  const { classes, store, ...settings } = checked(options)
  const sharing = store === undefined ? Effect.succeed(undefined) : sharingOf(store, settings)
  return Effect.flatMap(Effect.zip(Random.nextIntBetween(1, 2 ** 31 - 1), sharing), ([seed, sharing]) =>
    Effect.withFiberRuntime((fiber) => {
      const clock = clockOf(fiber)
      const engine = new Engine(
        {
          ...settings,
          sharing,
          host: {
            now: () => monotonic(clock),
            random: spread(seed),
            setTimer: (millis, fire) => setTimer(clock, millis, fire),
            clearTimer
          }
        },
        locallyLimited
      )
      return Effect.succeed<RateLimiter>({
        [TypeId]: TypeId,
        classes,
        enter: (entry) => engine.enter(entry),
        isFree: (entry) => engine.isFree(entry),
        wait: (entry, restore, next) => engine.wait(entry, restore, next),
        isRefusal: (error) => kindOf(error) === "refused",
        describe: () => engine.describe()
      })
    })
  )
}

/** The milliseconds that an outcome may wait for the next call. */
const reportDelay = 5

/** Returns the access of one limiter to a store. */
const sharingOf = (
  store: Store,
  { idle, onOutage, processes, settings }: Pick<Sharing, "idle" | "onOutage" | "processes" | "settings">
): Effect.Effect<Sharing> =>
  Effect.zipWith(randomId, Effect.runtime<never>(), (id, runtime) => {
    const slot = slotOf(Duration.millis(idle))
    const run = Runtime.runCallback(runtime)
    const modify = watched(
      "RateLimiter",
      store,
      onOutage === "fail" ? "calls fail until it is available" : "this process decides with its share of the limits"
    )
    return {
      id: id.slice(0, 12),
      settings,
      idle,
      delay: reportDelay,
      onOutage,
      processes,
      modify: (key, step, done) => {
        run(modify(slot, key, step), {
          onExit: (exit) => done(exit._tag === "Success" ? exit.value : undefined)
        })
      }
    }
  })

/** Returns a generator of numbers from [0, 1), by the method of Lehmer. They spread timers. */
const spread = (seed: number) => {
  let state = seed
  return () => {
    state = (state * 48_271) % (2 ** 31 - 1)
    return state / (2 ** 31 - 1)
  }
}

// -------------------------------------------------------------------------------------------------
// limit
// -------------------------------------------------------------------------------------------------

/**
 * Runs an effect when the limiter admits it, and reports its outcome to the limiter.
 *
 * The limiter learns from the error of the effect whether the server refused the call, failed or responded. Errors other than
 * `ApiError` are classified by `Classify.exception`. Waits count against the deadline of the current call. A wait that would end
 * after the deadline fails with `RateLimit` `LocallyLimited`. Apply `limit` inside the retries, so that it admits each attempt. A
 * retry by `Effect.retry` queues again; with the option `limiter` of `Reliability.make`, a retry keeps its place.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Effect } from "effect"
 * import { ApiError, RateLimiter, Retry } from "effect-reliability"
 *
 * const refused = new ApiError.RateLimit({ reason: "RateExceeded", delivery: "Acknowledged", status: 429 })
 *
 * const program = Effect.gen(function* () {
 *   const limiter = yield* RateLimiter.make()
 *   const call = Effect.fail(refused).pipe(
 *     RateLimiter.limit(limiter, { key: "api.example.com" }),
 *     Retry.retry(Retry.make({ attempts: 2, base: "1 millis" })),
 *     Effect.ignore
 *   )
 *   yield* call
 *   assert.strictEqual(RateLimiter.describe(limiter)[0]?.serverRefusals, 2)
 * })
 *
 * await Effect.runPromise(program)
 * ```
 *
 * @since 0.2.0
 * @category combinators
 */
export const limit: {
  (
    limiter: RateLimiter,
    asking: LimitOptions
  ): <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E | RateLimit, R>
  <A, E, R>(
    effect: Effect.Effect<A, E, R>,
    limiter: RateLimiter,
    asking: LimitOptions
  ): Effect.Effect<A, E | RateLimit, R>
} = /*#__PURE__*/ dual(3, <A, E, R>(effect: Effect.Effect<A, E, R>, limiter: RateLimiter, asking: LimitOptions) => {
  const owner = "RateLimiter.limit"
  const { cost = {} } = asking
  const key = checkKey(owner, asking.key)
  const slack = slackOf(owner, limiter, asking.class)
  const entry: Entry = { key, cost, slack, left: Infinity, order: undefined }
  return Effect.uninterruptibleMask((restore) => {
    const run = (pass: Pass): Effect.Effect<A, E, R> =>
      Effect.matchCauseEffect(restore(effect), {
        onSuccess: (value) => {
          pass.succeed()
          return Effect.succeed(value)
        },
        onFailure: (cause) => fail(limiter, pass, cause)
      })
    const pass = limiter.enter(entry)
    if (pass !== undefined) return run(pass)
    return Effect.withFiberRuntime<A, E | RateLimit, R>((fiber) =>
      limiter.wait<A, E | RateLimit, R>({ ...entry, left: remaining(fiber.getFiberRef(currentCall)) }, restore, (end) =>
        end instanceof Pass ? run(end) : Effect.fail(end.error)
      )
    )
  })
})

/** Reports the failure of an effect to the limiter, and fails with it. */
const fail = <E>(limiter: RateLimiter, pass: Pass, cause: Cause.Cause<E>): Effect.Effect<never, E> =>
  Effect.withFiberRuntime((fiber) => {
    const failure = Cause.failureOption(cause)
    if (failure._tag === "None") {
      pass.drop()
      return Effect.failCause(cause)
    }
    const now = clockOf(fiber).unsafeCurrentTimeMillis()
    const error = isApiError(failure.value) ? failure.value : Classify.exception(failure.value, { now })
    pass.fail(error)
    const warning = orderWarning(limiter, "RateLimiter.limit", "limiter", error)
    return warning === undefined ? Effect.failCause(cause) : Effect.zipRight(warning, Effect.failCause(cause))
  })

// -------------------------------------------------------------------------------------------------
// Service
// -------------------------------------------------------------------------------------------------

/**
 * The rate limiter of an application, as a service. `ReliableHttpClient.layer` and `Fireworks.layer` use it.
 *
 * @since 0.2.0
 * @category layers
 */
export const RateLimiter: Context.Tag<RateLimiter, RateLimiter> = /*#__PURE__*/ Context.GenericTag<RateLimiter>(
  "effect-reliability/RateLimiter"
)

/**
 * Provides a limiter as the service `RateLimiter.RateLimiter`. It uses the service `Store.Store` if that is in the context of the
 * layer and the option `store` is not set.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Effect } from "effect"
 * import { RateLimiter } from "effect-reliability"
 *
 * const program = Effect.flatMap(RateLimiter.RateLimiter, (limiter) =>
 *   Effect.succeed("a response").pipe(RateLimiter.limit(limiter, { key: "api.example.com" }))
 * )
 *
 * const response = await Effect.runPromise(program.pipe(Effect.provide(RateLimiter.layer())))
 * assert.strictEqual(response, "a response")
 * ```
 *
 * @since 0.2.0
 * @category layers
 */
export const layer = (options: Options = {}): Layer.Layer<RateLimiter> => {
  checked(options)
  return Layer.effect(
    RateLimiter,
    Effect.flatMap(Effect.serviceOption(Store), (found) =>
      make({ ...options, store: options.store ?? Option.getOrUndefined(found) })
    )
  )
}

const perMinute = (variable: string): Config.Config<Limit | undefined> =>
  Config.map(
    Config.option(Config.number(variable)),
    Option.match({ onNone: () => undefined, onSome: (limit) => ({ limit }) })
  )

const count = (variable: string): Config.Config<number | undefined> =>
  Config.map(Config.option(Config.integer(variable)), Option.getOrUndefined)

/**
 * Reads the limits of a limiter from `Config`. A limit without a variable is learned, or absent.
 *
 * | variable | option | | variable | option |
 * | --- | --- | --- | --- | --- |
 * | `REQUESTS_PER_MINUTE` | `requests` | | `CONCURRENCY` | `concurrency` |
 * | `INPUT_TOKENS_PER_MINUTE` | `inputTokens` | | `QUEUE` | `queue` |
 * | `OUTPUT_TOKENS_PER_MINUTE` | `outputTokens` | | | |
 *
 * If there are several limiters, give their variables prefixes with `Config.nested`.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Config, ConfigProvider, Effect } from "effect"
 * import { RateLimiter } from "effect-reliability"
 *
 * const environment = ConfigProvider.fromMap(new Map([["CHAT_REQUESTS_PER_MINUTE", "600"]]), { pathDelim: "_" })
 * const options = Config.nested(RateLimiter.config, "CHAT")
 *
 * const limiter = options.pipe(Effect.flatMap(RateLimiter.make), Effect.withConfigProvider(environment))
 * assert.deepStrictEqual(RateLimiter.describe(await Effect.runPromise(limiter)), [])
 * ```
 *
 * @since 0.2.0
 * @category constructors
 */
export const config: Config.Config<Options> = /*#__PURE__*/ Config.mapAttempt(
  /*#__PURE__*/ Config.all({
    requests: /*#__PURE__*/ perMinute("REQUESTS_PER_MINUTE"),
    inputTokens: /*#__PURE__*/ perMinute("INPUT_TOKENS_PER_MINUTE"),
    outputTokens: /*#__PURE__*/ perMinute("OUTPUT_TOKENS_PER_MINUTE"),
    concurrency: /*#__PURE__*/ count("CONCURRENCY"),
    queue: /*#__PURE__*/ count("QUEUE")
  }),
  (options) => (checked(options), options)
)

/**
 * Provides a limiter whose options are read from `Config`, by default those of `config`.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { ConfigProvider, Effect, Layer } from "effect"
 * import { RateLimiter } from "effect-reliability"
 *
 * const environment = ConfigProvider.fromMap(new Map([["CONCURRENCY", "0"]]))
 * const Live = RateLimiter.layerConfig().pipe(Layer.provide(Layer.setConfigProvider(environment)))
 *
 * const error = await Effect.runPromise(RateLimiter.RateLimiter.pipe(Effect.provide(Live), Effect.flip))
 * assert.match(String(error), /concurrency is 0; it must be an integer of at least 1/)
 * ```
 *
 * @since 0.2.0
 * @category layers
 */
export const layerConfig = (
  options: Config.Config.Wrap<Omit<Options, "store">> = config
): Layer.Layer<RateLimiter, ConfigError.ConfigError> =>
  Layer.unwrapEffect(Config.mapAttempt(Config.unwrap(options), (found) => layer(found)))

// -------------------------------------------------------------------------------------------------
// Observers
// -------------------------------------------------------------------------------------------------

/**
 * Returns the state of each key of a limiter, as plain data.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Effect } from "effect"
 * import { RateLimiter } from "effect-reliability"
 *
 * const program = Effect.gen(function* () {
 *   const limiter = yield* RateLimiter.make({ requests: { limit: 600 } })
 *   yield* Effect.void.pipe(RateLimiter.limit(limiter, { key: "api.example.com" }))
 *   return RateLimiter.describe(limiter)
 * })
 *
 * const [known] = await Effect.runPromise(program)
 * assert.strictEqual(known?.paces[0]?.perSecond, 10)
 * assert.strictEqual(known.admitted, 1)
 * ```
 *
 * @since 0.2.0
 * @category observers
 */
export const describe = (limiter: RateLimiter): ReadonlyArray<KeyDescription> => limiter.describe()
