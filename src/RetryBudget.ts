/**
 * Keeps retries from becoming the load that keeps a service down.
 *
 * When a service fails for everybody, every caller repeats, and a service that could not serve the calls is asked to serve
 * five times as many. A budget shared by all calls lets retries be a share of the calls made, and a few per second on top
 * so that a quiet client can retry too. When it is empty, a failure is returned as it is.
 *
 * | option | default | why |
 * | --- | --- | --- |
 * | `ratio` | 0.07 | 7 retries for 100 calls |
 * | `minPerSecond` | 0.5 | a client that calls rarely may still retry |
 * | `max` | 20 | what a quiet time saves up for a burst of failures |
 *
 * A budget that starts full grants at most `ratio` + `minPerSecond` / r + `max` / (r · T) retries for each call, at r calls a second
 * in an outage of T seconds. With the defaults, 50 calls a second and 20 seconds that is 0.07 + 0.01 + 0.02: the outage adds a tenth
 * to the load at most, and less if it is longer or the calls are more. A client that calls less often adds more for each call, and
 * less in all.
 *
 * @since 0.1.0
 */
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { clockOf, monotonic } from "./internal/clock.js"
import { number } from "./internal/options.js"
import { accrue, type State } from "./internal/retryBudget/tokens.js"

// -------------------------------------------------------------------------------------------------
// Model
// -------------------------------------------------------------------------------------------------

/**
 * What `make` takes.
 *
 * @since 0.1.0
 * @category model
 */
export interface Options {
  /** Retries earned by each call, 0 to 10. @default 0.07 */
  readonly ratio?: number | undefined
  /** Retries earned by each second that passes, from 0 on. @default 0.5 */
  readonly minPerSecond?: number | undefined
  /** The most retries that can be saved up, at least 1; the budget starts with as many. @default 20 */
  readonly max?: number | undefined
}

/**
 * A budget of retries that any number of calls share.
 *
 * @since 0.1.0
 * @category model
 */
export interface RetryBudget {
  readonly options: Required<{ readonly [K in keyof Options]: number }>
  /** Counts a call, which earns `ratio` of a retry. `Reliability.protect` does this. */
  readonly deposit: Effect.Effect<void>
  /** Takes one retry if there is one, and counts a suppressed one if there is none. `Retry`'s schedules do this. */
  readonly withdraw: Effect.Effect<boolean>
  /** The retries that could be made now. */
  readonly available: Effect.Effect<number>
  /** The retries that were not made for want of budget, since the budget was made. */
  readonly suppressed: Effect.Effect<number>
}

// -------------------------------------------------------------------------------------------------
// make
// -------------------------------------------------------------------------------------------------

// ten tenths add up to a little less than one
const whole = 1 - 1e-9

const defaults = { ratio: 0.07, minPerSecond: 0.5, max: 20 }

/**
 * Makes a budget, full.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { RetryBudget } from "effect-reliability"
 *
 * const program = Effect.gen(function* () {
 *   const budget = yield* RetryBudget.make({ ratio: 0.2, max: 1 })
 *   console.log(yield* budget.withdraw) // true
 *   console.log(yield* budget.withdraw) // false: returned as it is, and counted
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

const checked = (owner: string, options: Options): RetryBudget["options"] => ({
  ratio: number(owner, "ratio", options.ratio ?? defaults.ratio, { max: 10 }),
  minPerSecond: number(owner, "minPerSecond", options.minPerSecond ?? defaults.minPerSecond, {}),
  max: number(owner, "max", options.max ?? defaults.max, { min: 1 })
})

const build = (options: RetryBudget["options"]): Effect.Effect<RetryBudget> =>
  withNow((start) => {
    let state: State = { tokens: options.max, at: start }
    let suppressed = 0
    // each runs in one step of one fiber, so that no other can come between reading and writing
    const at = (now: number, calls: number): State => (state = accrue(state, options, now, calls))
    return {
      options,
      deposit: withNow((now) => void at(now, 1)),
      withdraw: withNow((now) => {
        const { tokens } = at(now, 0)
        if (tokens < whole) {
          suppressed++
          return false
        }
        state = { ...state, tokens: Math.max(0, tokens - 1) }
        return true
      }),
      available: withNow((now) => Math.floor(at(now, 0).tokens + (1 - whole))),
      suppressed: Effect.sync(() => suppressed)
    }
  })

/**
 * The budget of an application, for the calls that are made with it.
 *
 * @since 0.1.0
 * @category layers
 */
export const RetryBudget: Context.Tag<RetryBudget, RetryBudget> = /*#__PURE__*/ Context.GenericTag<RetryBudget>(
  "effect-reliability/RetryBudget"
)

/**
 * Provides one budget to all effects and layers that require `RetryBudget.RetryBudget`. `ReliableHttpClient.layer` and
 * `Fireworks.layer` use it for their calls when it is in their context and their option `budget` is not set.
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
  Layer.effect(RetryBudget, build(checked("RetryBudget.layer", options)))

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
export const layerConfig = (options: Config.Config.Wrap<Options>): Layer.Layer<RetryBudget, ConfigError.ConfigError> =>
  Layer.effect(
    RetryBudget,
    Config.unwrap(options).pipe(
      Config.mapAttempt((found) => checked("RetryBudget.layerConfig", found)),
      Effect.flatMap(build)
    )
  )

// -------------------------------------------------------------------------------------------------
// Private
// -------------------------------------------------------------------------------------------------

const withNow = <A>(f: (now: number) => A): Effect.Effect<A> =>
  Effect.withFiberRuntime((fiber) => Effect.succeed(f(monotonic(clockOf(fiber)))))
