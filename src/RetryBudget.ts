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
 * A retry of a prompt of 200 000 tokens costs more than one of a ping. With the option `cost`, the budget holds tokens or money: each
 * call adds `ratio` times its cost, and each retry takes its cost. The clients of this package estimate the tokens of a request; for
 * other effects, the option `cost` of `Reliability.make` states them. A full budget grants any retry. After one that costs more
 * than `max`, the budget is in debt: it grants nothing until calls and time have paid the debt. Choose a `max` above the cost of your
 * largest request.
 *
 * With the option `store`, the budgets of several processes share their retries. `withdraw`, `available` and `balance` wait for the store; `deposit` does not.
 * While it is unavailable, each process uses the budget divided by the number of processes (`processes` of the store).
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
import { attempt } from "./internal/errors.js"
import { number, refuse } from "./internal/options.js"
import { sharedTokens, type Tokens } from "./internal/retryBudget/sharedTokens.js"
import type { Cost } from "./internal/rateLimiter/model.js"
import { accrue, countOf, grants, type Rates, type State, taken } from "./internal/retryBudget/tokens.js"
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
  /**
   * Returns the cost of an attempt from its estimated tokens, at least 0. `minPerSecond` and `max` are then amounts of the same unit,
   * such as tokens or dollars, and must be given; `ratio` is a share of the costs. Both fields of the argument are absent if the tokens
   * are unknown, and `maxOutput` is absent if the request does not limit the output. A cost that is negative or not finite adds nothing
   * to the budget, and a retry of that cost takes all that the budget can hold. @default each attempt costs 1
   */
  readonly cost?: ((tokens: Cost) => number) | undefined
  /** The store of the budget, which several processes share. @default each budget has its own state */
  readonly store?: Store | undefined
  /** The key of the budget in the store: all budgets with the same key share their retries, and need the same unit. @default "default" */
  readonly key?: string | undefined
}

/**
 * A budget of retries that any number of calls share.
 *
 * @since 0.1.0
 * @category model
 */
export interface RetryBudget {
  readonly options: { readonly [K in "ratio" | "minPerSecond" | "max"]: number } & Pick<Options, "cost">
  /**
   * Counts a call, which adds `ratio` retries to the budget, or `ratio` times its cost. `Reliability.protect` runs it once for each
   * call.
   */
  readonly deposit: Effect.Effect<void>
  /**
   * Takes one retry and returns `true`. If the budget does not hold its cost, counts a suppressed retry and returns `false`. `Retry`'s
   * schedules run it before each retry that counts.
   */
  readonly withdraw: Effect.Effect<boolean>
  /** Returns the number of retries that the budget would grant now. */
  readonly available: Effect.Effect<number>
  /**
   * Returns the amount that the budget holds, in the unit of its `cost`: without `cost`, a number of retries with a fraction. It is
   * negative after a retry that cost more than `max`.
   */
  readonly balance: Effect.Effect<number>
  /** Returns the number of retries that were refused since the budget was created, whatever they cost. */
  readonly suppressed: Effect.Effect<number>
  /**
   * Returns this budget for calls of other tokens: `deposit`, `withdraw` and `available` then apply to attempts of their cost. Without
   * the option `cost`, returns the budget itself.
   */
  readonly costing: (tokens: Cost) => RetryBudget
  /** @internal */
  readonly root?: RetryBudget | undefined
  /**
   * Does what the effect `of` does, without the cost of an effect. A budget whose `deposit` is another effect was changed.
   *
   * @internal
   */
  readonly atOnce?: { readonly of: Effect.Effect<void>; readonly deposit: (now: number) => void } | undefined
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
 *
 *   // a budget in dollars: a tenth of the costs, a cent per second, and at most two dollars at once
 *   const dollars = yield* RetryBudget.make({
 *     cost: ({ input = 0, maxOutput = 1000 }) => (input * 0.9 + maxOutput * 2.7) / 1_000_000,
 *     ratio: 0.1,
 *     minPerSecond: 0.01,
 *     max: 2
 *   })
 *   console.log(yield* dollars.costing({ input: 200_000 }).available) // 10
 *   console.log(yield* dollars.costing({ input: 10, maxOutput: 100 }).available) // 7168
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

const checked = (owner: string, { cost, ...options }: Options): Checked => ({
  store: options.store,
  key: options.key === "" ? refuse(owner, "key", "", "a string that is not empty") : (options.key ?? "default"),
  rates: {
    ratio: number(owner, "ratio", options.ratio ?? defaults.ratio, { max: 10 }),
    ...(cost === undefined
      ? {
          minPerSecond: number(owner, "minPerSecond", options.minPerSecond ?? defaults.minPerSecond, {}),
          max: number(owner, "max", options.max ?? defaults.max, { min: 1 })
        }
      : { cost, minPerSecond: amount(owner, "minPerSecond", options), max: amount(owner, "max", options) })
  }
})

// the defaults are numbers of retries, which mean nothing in another unit
const amount = (owner: string, name: "minPerSecond" | "max", { [name]: value }: Options): number => {
  if (value === undefined) return refuse(owner, name, value, "given in the unit of cost")
  return value === 0 && name === "max" ? refuse(owner, name, value, "above 0") : number(owner, name, value, {})
}

const build = ({ key, rates, store }: Checked): Effect.Effect<RetryBudget> =>
  store === undefined
    ? Effect.map(alone(rates), (tokens) => over(rates, tokens))
    : Effect.sync(() => over(rates, sharedTokens(rates, rates.cost === undefined ? "retries" : "costs", store, key)))

/** Makes a budget over its operations. */
const over = (options: RetryBudget["options"], tokens: Tokens): RetryBudget => {
  const { cost: priceOf, max } = options
  // an exception of the function must not fail a call
  const costOf = (of: Cost): number => (priceOf === undefined ? 1 : (attempt(() => priceOf(of)) ?? NaN))
  let suppressed = 0
  const costing = (cost: number, root?: RetryBudget): RetryBudget => {
    const isValid = Number.isFinite(cost) && cost >= 0
    const price = isValid ? cost : max
    const counted = isValid ? cost : 0
    const deposit = tokens.deposit(counted)
    const { depositAt } = tokens
    const budget: RetryBudget = {
      options,
      root,
      deposit,
      atOnce: depositAt && { of: deposit, deposit: (now) => depositAt(now, counted) },
      withdraw: Effect.map(tokens.withdraw(price), (isGranted) => {
        if (!isGranted) suppressed++
        return isGranted
      }),
      available: Effect.map(tokens.left, (left) => countOf(left, price, options)),
      balance: tokens.left,
      suppressed: Effect.sync(() => suppressed),
      costing: (of) => (priceOf === undefined ? budget : costing(costOf(of), root ?? budget))
    }
    return budget
  }
  return costing(costOf({}))
}

const alone = (options: Rates): Effect.Effect<Tokens> =>
  withNow((start) => {
    let state: State = { tokens: options.max, at: start }
    // each operation runs synchronously, so that no other fiber runs between its reads and writes
    const at = (now: number, cost: number): State => (state = accrue(state, options, now, cost))
    return {
      deposit: (cost) => withNow((now) => void at(now, cost)),
      depositAt: (now, cost) => void at(now, cost),
      withdraw: (cost) =>
        withNow((now) => {
          if (!grants(at(now, 0), cost, options)) return false
          state = taken(state, cost)
          return true
        }),
      left: withNow((now) => at(now, 0).tokens)
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
