/**
 * Holds the state that rate limiters, circuit breakers and retry budgets of one or more processes share.
 *
 * The decisions of these modules are pure functions of a state. A store applies such a function to the state of a key in one
 * atomic step, so that no two of its users decide on the same state. By default each limiter, breaker and budget keeps its own
 * state and needs no store.
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { clockOf, monotonic } from "./internal/clock.js"

// -------------------------------------------------------------------------------------------------
// Model
// -------------------------------------------------------------------------------------------------

/**
 * A kind of state in a store.
 *
 * @since 0.2.0
 * @category model
 */
export interface Slot<S> {
  /** The name of the kind. States of different kinds do not share a key. */
  readonly name: string
  /** Returns a state that was stored as JSON, or `undefined` if the value is not such a state. */
  readonly decode: (json: unknown) => S | undefined
  /** The time after its last change at which a state is removed. */
  readonly timeToLive: Duration.Duration
}

/**
 * A store of states.
 *
 * @since 0.2.0
 * @category model
 */
export interface Store {
  /**
   * Replaces the state of a key in one atomic step, and returns the result.
   *
   * `step` receives the current state, or `undefined` if it is absent, and the milliseconds of the store's clock. That clock is
   * the same for all users of the store, and its origin is arbitrary. `step` must be pure and must not change the given state: a
   * store may call it again when another user was faster. States must survive a round trip through JSON. A step that changes
   * nothing returns the given state itself, so that a store need not write it.
   */
  readonly modify: <S, A>(
    slot: Slot<S>,
    key: string,
    step: (state: S | undefined, now: number) => readonly [A, S]
  ) => Effect.Effect<A, StoreUnavailable>
  /**
   * The number of processes that share the store. While the store is unavailable, each process decides alone with this share of the
   * limits. @default 1
   */
  readonly processes?: number | undefined
}

// -------------------------------------------------------------------------------------------------
// Errors
// -------------------------------------------------------------------------------------------------

/**
 * The error of a store that cannot be reached or does not respond in time.
 *
 * @since 0.2.0
 * @category errors
 */
export class StoreUnavailable extends Data.TaggedError("StoreUnavailable")<{
  /** A description of the failure, without addresses and credentials. */
  readonly detail: string
}> {
  override get message(): string {
    return `the store of shared limits is unavailable: ${this.detail}`
  }
}

// -------------------------------------------------------------------------------------------------
// make
// -------------------------------------------------------------------------------------------------

interface Kept {
  readonly state: unknown
  /** The moment of the store's clock after which the state is ignored. */
  readonly expiresAt: number
}

/** The number of changes after which expired states are removed. */
const sweepEvery = 1024

/**
 * Makes a store in memory. Limiters, breakers and budgets of one process share it.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Duration, Effect } from "effect"
 * import { Store } from "effect-reliability"
 *
 * const calls: Store.Slot<number> = {
 *   name: "calls",
 *   decode: (json) => (typeof json === "number" ? json : undefined),
 *   timeToLive: Duration.minutes(1)
 * }
 *
 * const program = Effect.gen(function* () {
 *   const store = yield* Store.makeMemory
 *   const count = store.modify(calls, "api.example.com", (state = 0) => [state + 1, state + 1])
 *   yield* count
 *   assert.strictEqual(yield* count, 2)
 * })
 *
 * await Effect.runPromise(program)
 * ```
 *
 * @since 0.2.0
 * @category constructors
 */
export const makeMemory: Effect.Effect<Store> = /*#__PURE__*/ Effect.sync(() => {
  const states = new Map<string, Kept>()
  let changes = 0
  return {
    modify: <S, A>(slot: Slot<S>, key: string, step: (state: S | undefined, now: number) => readonly [A, S]) =>
      Effect.withFiberRuntime<A>((fiber) => {
        const now = monotonic(clockOf(fiber))
        if (++changes % sweepEvery === 0) {
          for (const [name, { expiresAt }] of states) if (now >= expiresAt) states.delete(name)
        }
        const name = `${slot.name}:${key}`
        const kept = states.get(name)
        // the name belongs to the slot: all states under it were returned by its steps
        const state = kept !== undefined && now < kept.expiresAt ? (kept.state as S) : undefined
        const [result, next] = step(state, now)
        states.set(name, { state: next, expiresAt: now + Duration.toMillis(slot.timeToLive) })
        return Effect.succeed(result)
      })
  }
})

// -------------------------------------------------------------------------------------------------
// Service
// -------------------------------------------------------------------------------------------------

/**
 * The store of an application, as a service. `RateLimiter.layer`, `CircuitBreaker.layer` and `RetryBudget.layer` use it if it is in
 * their context.
 *
 * @since 0.2.0
 * @category layers
 */
export const Store: Context.Tag<Store, Store> = /*#__PURE__*/ Context.GenericTag<Store>("effect-reliability/Store")

/**
 * Provides a store in memory as the service `Store.Store`.
 *
 * @example
 * ```ts
 * import { Effect, Layer } from "effect"
 * import { RateLimiter, Store } from "effect-reliability"
 *
 * const program = Effect.map(RateLimiter.RateLimiter, RateLimiter.describe)
 *
 * const Limits = RateLimiter.layer().pipe(Layer.provide(Store.layerMemory))
 * console.log(await Effect.runPromise(program.pipe(Effect.provide(Limits)))) // []
 * ```
 *
 * @since 0.2.0
 * @category layers
 */
export const layerMemory: Layer.Layer<Store> = /*#__PURE__*/ Layer.effect(Store, makeMemory)
