/**
 * Starts a second copy of a call that is slower than usual, and takes the first success.
 *
 * A few calls take ten times as long as the others, because of a busy machine or a lost packet. A program that makes many calls
 * waits for the slowest. A second copy usually takes the usual time. Copies of all slow calls would double the load of a server
 * that is overloaded. So a budget bounds the copies. None starts while the limiter would hold it back, or while five sixths of the
 * calls that the limiter admits at once are in flight.
 *
 * | option | default | why |
 * | --- | --- | --- |
 * | `after` | the quantile `quantile` of the latencies of the key | no fixed delay fits two models |
 * | `quantile` | 0.95 | one call of twenty gets a second copy |
 * | `samples` | 30 | fewer latencies do not show what is slow; until then no copy starts |
 * | `window` | 5 minutes | a server changes |
 * | `budget.ratio` | 0.05 | at most 1.05 copies per call, from the first call on |
 * | `budget.max` | 10 | the copies that are saved up for a slow moment |
 *
 * Only calls that are `safe` are hedged, since both copies may be executed. The loser is interrupted, which closes its connection.
 * A first copy that fails before the delay fails the call: its retries are inside of it. Once two copies run, a copy that fails
 * waits for the other. If both fail, the call fails with the error of the first copy. The call ends when the loser has ended, as
 * with `Effect.race`; `Effect.disconnect` around the effect lets a loser end in the background.
 *
 * ```text
 * ✅ Hedge.hedge(hedge, options)       two whole calls, each with its retries
 *      └ Reliability.protect(policy)
 *          └ RateLimiter.limit         the limiter knows each attempt
 *
 * ✅ Reliability.make({ workload, limiter, hedge })   the same order
 *
 * ❌ Reliability.protect(policy)
 *      └ Hedge.hedge                   each attempt is hedged, and its timeout ends both copies: a warning is logged
 *
 * ❌ RateLimiter.limit
 *      └ Hedge.hedge                   the limiter admits one attempt, and the server receives two
 * ```
 *
 * Its weaknesses: a server that is slow for everyone without refusing calls receives up to 5 percent more of them, unless a
 * limiter is given. Servers charge for the tokens of a loser that they do not stop. Each process has its own latencies and budget.
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import * as Layer from "effect/Layer"
import type * as Stream from "effect/Stream"
import { checkIdempotency } from "./internal/http/idempotency.js"
import { hedged, isFreeFor, valueOf } from "./internal/hedge/hedging.js"
import { initialKey, type KeyState, type Settings } from "./internal/hedge/keyState.js"
import { type Copy, type HedgeOptions, type HedgeService, TypeId } from "./internal/hedge/model.js"
import { hedgedStream } from "./internal/hedge/streams.js"
import { checkKey } from "./internal/keys.js"
import { duration, number } from "./internal/options.js"
import { checkUse } from "./internal/rateLimiter/use.js"

export { type Copy, type HedgeOptions, TypeId, type Use } from "./internal/hedge/model.js"

// -------------------------------------------------------------------------------------------------
// Model
// -------------------------------------------------------------------------------------------------

/**
 * Options of `make`. All are optional.
 *
 * @since 0.2.0
 * @category model
 */
export interface Options {
  /** A fixed delay of the second copy, at least 1 millisecond. @default learned */
  readonly after?: Duration.DurationInput | undefined
  /** The share of calls that are faster than the learned delay, from 0.5 to 0.999. @default 0.95 */
  readonly quantile?: number | undefined
  /** The number of latencies from which a delay is learned, at least 1. @default 30 */
  readonly samples?: number | undefined
  /** The time for which latencies are kept, at least 1 second. They are kept for at least four fifths of it. @default "5 minutes" */
  readonly window?: Duration.DurationInput | undefined
  /** The budget of second copies. Each key has its own, which starts empty. */
  readonly budget?:
    | {
        /** The number of copies that each call adds to the budget, from 0 to 1. @default 0.05 */
        readonly ratio?: number | undefined
        /** The maximum number of copies in the budget, at least 1. @default 10 */
        readonly max?: number | undefined
      }
    | undefined
  /** The time after which an unused key is removed, at least 1 second. @default "10 minutes" */
  readonly idleTimeToLive?: Duration.DurationInput | undefined
}

/**
 * Learned latencies and budgets, which any number of calls can share.
 *
 * @since 0.2.0
 * @category model
 */
export interface Hedge extends HedgeService {}

/**
 * The value of a call, and the copy that it is from.
 *
 * @since 0.2.0
 * @category model
 */
export interface Winner<out A> {
  readonly value: A
  readonly by: Copy
}

/**
 * The state of one key of a hedge.
 *
 * @since 0.2.0
 * @category model
 */
export interface KeyDescription {
  readonly key: string
  /** The delay after which a call gets a second copy; absent while there are too few samples. */
  readonly after: Duration.Duration | undefined
  /** The number of latencies that are kept. */
  readonly samples: number
  /** The number of calls that are running. */
  readonly inFlight: number
  /** The number of calls since the key was created. */
  readonly calls: number
  /** The number of second copies that began. */
  readonly hedged: number
  /** The number of second copies that succeeded first. */
  readonly won: number
  /** The number of slow calls without a second copy, by the reason: an empty budget, or a limiter that admits no call. */
  readonly suppressed: { readonly budget: number; readonly limiter: number }
}

// -------------------------------------------------------------------------------------------------
// make
// -------------------------------------------------------------------------------------------------

const checked = (owner: string, options: Options): Settings => {
  const { after, budget: { max, ratio } = {}, idleTimeToLive, quantile, samples, window } = options
  const millis = (option: string, input: Duration.DurationInput, min: number) =>
    Duration.toMillis(duration(owner, option, input, { min }))
  return {
    after: after === undefined ? undefined : millis("after", after, 1),
    quantile: number(owner, "quantile", quantile ?? 0.95, { min: 0.5, max: 0.999 }),
    samples: number(owner, "samples", samples ?? 30, { min: 1, integer: true }),
    window: millis("window", window ?? "5 minutes", 1000),
    budget: {
      ratio: number(owner, "budget.ratio", ratio ?? 0.05, { max: 1 }),
      minPerSecond: 0,
      max: number(owner, "budget.max", max ?? 10, { min: 1 })
    },
    idle: millis("idleTimeToLive", idleTimeToLive ?? "10 minutes", 1000)
  }
}

/** The keys of a hedge. */
class Keys implements HedgeService {
  readonly [TypeId]: TypeId = TypeId
  readonly settings: Settings
  readonly states: Map<string, KeyState> = new Map()
  #sweptAt = -Infinity

  constructor(settings: Settings) {
    this.settings = settings
  }

  stateOf(key: string, now: number): KeyState {
    const known = this.states.get(key)
    if (known !== undefined) return known
    this.#sweep(now)
    const state = initialKey(this.settings, now)
    this.states.set(key, state)
    return state
  }

  /** Removes the keys that were not used for `idle` milliseconds. */
  #sweep(now: number): void {
    const { idle } = this.settings
    if (now - this.#sweptAt < idle / 2) return
    this.#sweptAt = now
    for (const [key, { running, usedAt }] of this.states) {
      if (running === 0 && now - usedAt >= idle) this.states.delete(key)
    }
  }
}

/**
 * Makes a hedge. Its latencies are learned from the calls that use it.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Effect } from "effect"
 * import { Hedge } from "effect-reliability"
 *
 * const program = Effect.gen(function* () {
 *   const hedge = yield* Hedge.make({ after: "5 millis", budget: { ratio: 1 } })
 *   let copies = 0
 *   // the first copy never ends
 *   const call = Effect.suspend(() => (++copies === 1 ? Effect.never : Effect.succeed("a response")))
 *   const response = yield* call.pipe(Hedge.hedge(hedge, { key: "api.example.com" }))
 *   assert.deepStrictEqual([response, copies], ["a response", 2])
 * })
 *
 * await Effect.runPromise(program)
 * ```
 *
 * @since 0.2.0
 * @category constructors
 */
export const make = (options: Options = {}): Effect.Effect<Hedge> => makeWith(checked("Hedge.make", options))

const makeWith = (settings: Settings): Effect.Effect<Hedge> => Effect.sync(() => new Keys(settings))

// -------------------------------------------------------------------------------------------------
// hedge
// -------------------------------------------------------------------------------------------------

const checkedOptions = (owner: string, hedge: Hedge, { idempotency, key, limiter }: HedgeOptions) => {
  const use = limiter && checkUse(owner, limiter)
  return {
    hedge,
    key: checkKey(owner, key),
    idempotency: idempotency && checkIdempotency(owner, idempotency),
    isFree: use && (() => isFreeFor(use, key))
  }
}

/**
 * Runs an effect, and starts a second copy of it if the first is slower than usual.
 *
 * Apply `hedge` to a whole call: outside of `Reliability.protect` and `Effect.retry`. Both copies run the same effect in fibers of
 * their own, so it must be an effect that may run twice. `hedge` does not see the requests of an effect. A protected call inside
 * of the effect whose idempotency is not `"safe"` never runs in a second copy: it interrupts that copy.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Effect } from "effect"
 * import { Hedge, Reliability, Workload } from "effect-reliability"
 *
 * const call = Effect.succeed("a response").pipe(Reliability.protect(Workload.interactive))
 *
 * const program = Effect.gen(function* () {
 *   const hedge = yield* Hedge.make()
 *   const response = yield* call.pipe(Hedge.hedge(hedge, { key: "api.example.com" }))
 *   assert.strictEqual(response, "a response")
 *   assert.strictEqual(Hedge.describe(hedge)[0]?.hedged, 0)
 * })
 *
 * await Effect.runPromise(program)
 * ```
 *
 * @since 0.2.0
 * @category combinators
 */
export const hedge: {
  (hedge: Hedge, options: HedgeOptions): <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  <A, E, R>(effect: Effect.Effect<A, E, R>, hedge: Hedge, options: HedgeOptions): Effect.Effect<A, E, R>
} = /*#__PURE__*/ dual(3, <A, E, R>(effect: Effect.Effect<A, E, R>, hedge: Hedge, options: HedgeOptions) =>
  hedged<A, E, R, A>(effect, { ...checkedOptions("Hedge.hedge", hedge, options), onSuccess: valueOf })
)

/**
 * Does the same as `hedge`, and returns which copy the value is from.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Effect } from "effect"
 * import { Hedge } from "effect-reliability"
 *
 * const program = Effect.gen(function* () {
 *   const hedge = yield* Hedge.make()
 *   return yield* Effect.succeed(1).pipe(Hedge.hedgeWithWinner(hedge, { key: "api.example.com" }))
 * })
 *
 * assert.deepStrictEqual(await Effect.runPromise(program), { value: 1, by: "first" })
 * ```
 *
 * @since 0.2.0
 * @category combinators
 */
export const hedgeWithWinner: {
  (hedge: Hedge, options: HedgeOptions): <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<Winner<A>, E, R>
  <A, E, R>(effect: Effect.Effect<A, E, R>, hedge: Hedge, options: HedgeOptions): Effect.Effect<Winner<A>, E, R>
} = /*#__PURE__*/ dual(3, <A, E, R>(effect: Effect.Effect<A, E, R>, hedge: Hedge, options: HedgeOptions) =>
  hedged<A, E, R, Winner<A>>(effect, {
    ...checkedOptions("Hedge.hedgeWithWinner", hedge, options),
    onSuccess: (value, by) => ({ value, by })
  })
)

// -------------------------------------------------------------------------------------------------
// hedgeStream
// -------------------------------------------------------------------------------------------------

/**
 * Runs a stream, and opens a second copy of it if the first element takes longer than usual.
 *
 * The copy that has an element first, or ends first, decides. The other stream is closed, and none of its elements is emitted.
 * Nothing is hedged after the first element. The learned latencies are those until the first element, so use another key than for
 * other calls.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Chunk, Effect, Stream } from "effect"
 * import { Hedge } from "effect-reliability"
 *
 * const program = Effect.gen(function* () {
 *   const hedge = yield* Hedge.make({ after: "5 millis", budget: { ratio: 1 } })
 *   let copies = 0
 *   // the first copy never sends an element
 *   const tokens = Stream.suspend(() => (++copies === 1 ? Stream.never : Stream.make("Hel", "lo")))
 *   return yield* tokens.pipe(Hedge.hedgeStream(hedge, { key: "api.example.com streams" }), Stream.runCollect)
 * })
 *
 * assert.deepStrictEqual(Chunk.toArray(await Effect.runPromise(program)), ["Hel", "lo"])
 * ```
 *
 * @since 0.2.0
 * @category combinators
 */
export const hedgeStream: {
  (hedge: Hedge, options: HedgeOptions): <A, E, R>(stream: Stream.Stream<A, E, R>) => Stream.Stream<A, E, R>
  <A, E, R>(stream: Stream.Stream<A, E, R>, hedge: Hedge, options: HedgeOptions): Stream.Stream<A, E, R>
} = /*#__PURE__*/ dual(3, <A, E, R>(stream: Stream.Stream<A, E, R>, hedge: Hedge, options: HedgeOptions) =>
  hedgedStream(stream, checkedOptions("Hedge.hedgeStream", hedge, options))
)

// -------------------------------------------------------------------------------------------------
// Service
// -------------------------------------------------------------------------------------------------

/**
 * The hedge of an application, as a service.
 *
 * @since 0.2.0
 * @category layers
 */
export const Hedge: Context.Tag<Hedge, Hedge> = /*#__PURE__*/ Context.GenericTag<Hedge>("effect-reliability/Hedge")

/**
 * Provides a hedge as the service `Hedge.Hedge`. No client uses it by itself: calls are hedged only where a hedge is given.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Effect } from "effect"
 * import { Hedge } from "effect-reliability"
 *
 * const program = Effect.flatMap(Hedge.Hedge, (hedge) =>
 *   Effect.succeed("a response").pipe(Hedge.hedge(hedge, { key: "api.example.com" }))
 * )
 *
 * const response = await Effect.runPromise(program.pipe(Effect.provide(Hedge.layer({ quantile: 0.9 }))))
 * assert.strictEqual(response, "a response")
 * ```
 *
 * @since 0.2.0
 * @category layers
 */
export const layer = (options: Options = {}): Layer.Layer<Hedge> => {
  const settings = checked("Hedge.layer", options)
  return Layer.effect(Hedge, makeWith(settings))
}

// -------------------------------------------------------------------------------------------------
// Observers
// -------------------------------------------------------------------------------------------------

/**
 * Returns the state of each key of a hedge, as of its last call, as plain data.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Effect } from "effect"
 * import { Hedge } from "effect-reliability"
 *
 * const program = Effect.gen(function* () {
 *   const hedge = yield* Hedge.make({ samples: 1 })
 *   const call = Effect.sleep("20 millis").pipe(Hedge.hedge(hedge, { key: "api.example.com" }))
 *   yield* Effect.repeatN(call, 1)
 *   const [known] = Hedge.describe(hedge)
 *   assert.deepStrictEqual([known?.key, known?.calls], ["api.example.com", 2])
 *   console.log(known?.after) // about 20 ms
 * })
 *
 * await Effect.runPromise(program)
 * ```
 *
 * @since 0.2.0
 * @category getters
 */
export const describe = (hedge: Hedge): ReadonlyArray<KeyDescription> =>
  Array.from(hedge.states, ([key, { calls, delay, hedged, latencies, running, suppressed, won }]) => {
    const after = hedge.settings.after ?? delay
    return {
      key,
      after: after === undefined ? undefined : Duration.millis(after),
      samples: latencies.count,
      inFlight: running,
      calls,
      hedged,
      won,
      suppressed: { ...suppressed }
    }
  })
