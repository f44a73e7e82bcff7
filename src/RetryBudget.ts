/**
 * A budget that limits the retries of all calls together, so that retries do not keep a failing service down.
 *
 * When a service fails for all its callers, each of them retries. A service that could not handle the calls then receives up to
 * five times as many. A budget that all calls share limits retries to a share of the calls. It also grants a few retries per
 * second, so that a client with few calls can retry too. If the budget is empty, the call fails with the error of its last
 * attempt.
 *
 * | option | default | why |
 * | --- | --- | --- |
 * | `ratio` | 0.07 | 7 retries for 100 calls |
 * | `minPerSecond` | 0.5 | a client with few calls may still retry |
 * | `max` | 20 | the retries that are saved up for a burst of failures |
 *
 * Take r calls per second, in an outage of T seconds. A full budget then grants at most `ratio` + `minPerSecond` / r + `max` /
 * (r · T) retries per call. With the defaults, 50 calls per second and 20 seconds, that is 0.07 + 0.01 + 0.02. The outage then
 * adds at most a tenth to the load. A longer outage or more calls make that share smaller. A client with fewer calls adds more
 * retries per call, and fewer in total.
 *
 * With the option `store`, the budgets of several processes share their retries. Only `withdraw` and `available` wait for the store.
 * While it is unavailable, each process uses its share.
 *
 * @since 0.1.0
 */
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { clockOf, monotonic } from "./internal/clock.js"
import { number, refuse } from "./internal/options.js"
import { sharedTokens } from "./internal/retryBudget/sharedTokens.js"
import { accrue, isWhole, type State, taken, wholeOf } from "./internal/retryBudget/tokens.js"
import { Store } from "./Store.js"

// -------------------------------------------------------------------------------------------------
// Model
// -------------------------------------------------------------------------------------------------

/**
 * Options of `make` and `layer`.
 *
 * @since 0.1.0
 * @category model
 */
export interface Options {
  /** The number of retries that each call adds to the budget, from 0 to 10. @default 0.07 */
  readonly ratio?: number | undefined
  /** The number of retries that each second adds to the budget, at least 0. @default 0.5 */
  readonly minPerSecond?: number | undefined
  /** The maximum number of retries in the budget, at least 1. The budget starts full. @default 20 */
  readonly max?: number | undefined
  /** The store of the budget, which several processes share. @default each budget has its own state */
  readonly store?: Store | undefined
  /** The key of the budget in the store: all budgets with the same key share their retries. @default "default" */
  readonly key?: string | undefined
}

/**
 * A budget of retries that any number of calls share.
 *
 * @since 0.1.0
 * @category model
 */
export interface RetryBudget {
  readonly options: { readonly [K in "ratio" | "minPerSecond" | "max"]: number }
  /** Counts a call, which adds `ratio` retries to the budget. `Reliability.protect` runs it once for each call. */
  readonly deposit: Effect.Effect<void>
  /**
   * Takes one retry and returns `true`. If the budget holds less than one, counts a suppressed retry and returns `false`.
   * `Retry`'s schedules run it before each retry that counts.
   */
  readonly withdraw: Effect.Effect<boolean>
  /** Returns the number of retries that the budget would grant now. */
  readonly available: Effect.Effect<number>
  /** Returns the number of retries that were refused since the budget was created. */
  readonly suppressed: Effect.Effect<number>
}

// -------------------------------------------------------------------------------------------------
// make
// -------------------------------------------------------------------------------------------------

const defaults = { ratio: 0.07, minPerSecond: 0.5, max: 20 }

/**
 * Creates a full budget.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { RetryBudget } from "effect-reliability"
 *
 * const program = Effect.gen(function* () {
 *   const budget = yield* RetryBudget.make({ ratio: 0.2, max: 1 })
 *   console.log(yield* budget.withdraw) // true
 *   console.log(yield* budget.withdraw) // false: the retry is suppressed
 *   console.log(yield* budget.suppressed) // 1
 * })
 *
 * await Effect.runPromise(program)
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}): Effect.Effect<RetryBudget> => build(checked("RetryBudget.make", options))

interface Checked {
  readonly rates: RetryBudget["options"]
  readonly store: Store | undefined
  readonly key: string
}

const checked = (owner: string, options: Options): Checked => ({
  store: options.store,
  key: options.key === "" ? refuse(owner, "key", "", "a string that is not empty") : (options.key ?? "default"),
  rates: {
    ratio: number(owner, "ratio", options.ratio ?? defaults.ratio, { max: 10 }),
    minPerSecond: number(owner, "minPerSecond", options.minPerSecond ?? defaults.minPerSecond, {}),
    max: number(owner, "max", options.max ?? defaults.max, { min: 1 })
  }
})

const build = ({ key, rates, store }: Checked): Effect.Effect<RetryBudget> =>
  store === undefined ? alone(rates) : Effect.sync(() => shared(rates, store, key))

const shared = (options: RetryBudget["options"], store: Store, key: string): RetryBudget => {
  const { deposit, left, withdraw } = sharedTokens(options, store, key)
  let suppressed = 0
  return {
    options,
    deposit,
    withdraw: Effect.tap(withdraw, (isGranted) => {
      if (!isGranted) suppressed++
    }),
    available: Effect.map(left, wholeOf),
    suppressed: Effect.sync(() => suppressed)
  }
}

const alone = (options: RetryBudget["options"]): Effect.Effect<RetryBudget> =>
  withNow((start) => {
    let state: State = { tokens: options.max, at: start }
    let suppressed = 0
    // each operation runs synchronously, so that no other fiber runs between its reads and writes
    const at = (now: number, calls: number): State => (state = accrue(state, options, now, calls))
    return {
      options,
      deposit: withNow((now) => void at(now, 1)),
      withdraw: withNow((now) => {
        if (!isWhole(at(now, 0))) {
          suppressed++
          return false
        }
        state = taken(state)
        return true
      }),
      available: withNow((now) => wholeOf(at(now, 0).tokens)),
      suppressed: Effect.sync(() => suppressed)
    }
  })

/**
 * The retry budget of an application, as a service.
 *
 * @since 0.1.0
 * @category layers
 */
export const RetryBudget: Context.Tag<RetryBudget, RetryBudget> = /*#__PURE__*/ Context.GenericTag<RetryBudget>(
  "effect-reliability/RetryBudget"
)

/**
 * Provides a budget. It uses the service `Store.Store` if that is in the context of the layer and the option `store` is not set.
 * `ReliableHttpClient.layer` and `Fireworks.layer` use it if it is in their context and their option `budget` is
 * not set: provide one layer beneath them with `Layer.provide`. Beside them it has no effect, and each call of `layer` makes
 * another budget. `Reliability.protect` takes its budget only from the option `budget` of `Reliability.make`.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { RetryBudget } from "effect-reliability"
 *
 * const program = RetryBudget.RetryBudget.pipe(Effect.flatMap((budget) => budget.available))
 *
 * console.log(await Effect.runPromise(program.pipe(Effect.provide(RetryBudget.layer({ max: 5 }))))) // 5
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options = {}): Layer.Layer<RetryBudget> =>
  Layer.effect(RetryBudget, withStore(checked("RetryBudget.layer", options)))

const withStore = (options: Checked): Effect.Effect<RetryBudget> =>
  Effect.flatMap(Effect.serviceOption(Store), (found) =>
    build({ ...options, store: options.store ?? Option.getOrUndefined(found) })
  )

/**
 * Provides one budget whose options are read from `Config`.
 *
 * @example
 * ```ts
 * import { Config, Effect } from "effect"
 * import { RetryBudget } from "effect-reliability"
 *
 * const Live = RetryBudget.layerConfig({ ratio: Config.withDefault(Config.number("RETRY_RATIO"), 0.1), max: Config.succeed(3) })
 *
 * const program = RetryBudget.RetryBudget.pipe(Effect.flatMap((budget) => budget.available))
 *
 * console.log(await Effect.runPromise(program.pipe(Effect.provide(Live)))) // 3
 * ```
 *
 * @since 0.2.0
 * @category layers
 */
export const layerConfig = (
  options: Config.Config.Wrap<Omit<Options, "store">>
): Layer.Layer<RetryBudget, ConfigError.ConfigError> =>
  Layer.effect(
    RetryBudget,
    Config.unwrap(options).pipe(
      Config.mapAttempt((found) => checked("RetryBudget.layerConfig", found)),
      Effect.flatMap(withStore)
    )
  )

// -------------------------------------------------------------------------------------------------
// Private
// -------------------------------------------------------------------------------------------------

const withNow = <A>(f: (now: number) => A): Effect.Effect<A> =>
  Effect.withFiberRuntime((fiber) => Effect.succeed(f(monotonic(clockOf(fiber)))))
