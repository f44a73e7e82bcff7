/**
 * The monotonic time of the fiber's `Clock` service, and timers that cost as little as the host's.
 *
 * The only timer of a `Clock` service is `sleep`, which needs a fiber. The default clock sleeps with the host's timers, so
 * timers are set there directly. A clock of this package may have timers of its own. For every other clock, such as `TestClock`,
 * `sleep` is used.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DefaultServices from "effect/DefaultServices"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"

/** Returns the fiber's `Clock` service. */
export const clockOf = (fiber: Fiber.RuntimeFiber<unknown, unknown>): Clock.Clock =>
  Context.unsafeGet(fiber.currentDefaultServices, Clock.Clock)

let host: Clock.Clock | undefined

const isHost = (clock: Clock.Clock): boolean =>
  clock === (host ??= Context.get(DefaultServices.liveServices, Clock.Clock))

/** The key of the timers of a clock. */
export const timersKey: unique symbol = Symbol.for("effect-reliability/Timers")

/** Timers that need no fiber, and the monotonic milliseconds that they run on. */
export interface Timers {
  readonly now: () => number
  /** Calls `fire` once after the delay. Returns a function that cancels it. */
  readonly set: (millis: number, fire: () => void) => () => void
}

const timersOf = (clock: Clock.Clock & { readonly [timersKey]?: Timers }): Timers | undefined => clock[timersKey]

/** Returns the monotonic time of a clock in milliseconds. Changes of the wall clock do not affect it. */
export const monotonic = (clock: Clock.Clock): number =>
  isHost(clock) ? performance.now() : (timersOf(clock)?.now() ?? Number(clock.unsafeCurrentTimeNanos()) / 1e6)

/** Returns the monotonic time of the current fiber's clock in milliseconds. */
export const monotonicMillis: Effect.Effect<number> = /*#__PURE__*/ Effect.withFiberRuntime((fiber) =>
  Effect.succeed(monotonic(clockOf(fiber)))
)

/** A timer: the handle of the host, or a function that cancels it. */
export type Timer = ReturnType<typeof setTimeout> | (() => void)

/** Calls `fire` once after the delay, unless the timer is cancelled before. */
export const setTimer = (clock: Clock.Clock, millis: number, fire: () => void): Timer => {
  if (isHost(clock)) return setTimeout(fire, millis)
  const timers = timersOf(clock)
  if (timers !== undefined) return timers.set(millis, fire)
  // `runCallback` calls `onExit` also after a cancellation, with an interruption
  return Effect.runCallback(clock.sleep(Duration.millis(millis)), {
    onExit: (exit) => (exit._tag === "Success" ? fire() : undefined)
  })
}

/**
 * Calls `look` once the host has delivered the input that has arrived meanwhile. After the event loop was blocked, timers fire
 * before the sockets are read. Clocks other than the host's are never late: `look` is called at once.
 */
export const afterPoll = (clock: Clock.Clock, look: () => void): Timer | undefined => {
  if (!isHost(clock)) {
    look()
    return undefined
  }
  return nextTurn(look)
}

/** Calls a function in the next turn of the event loop, once all promises that can be resolved have been. */
export const nextTurn = (run: () => void): Timer => {
  if (typeof setImmediate !== "function") return setTimeout(run, 0)
  const immediate = setImmediate(run)
  return () => clearImmediate(immediate)
}

/** Cancels a timer. Does nothing if it has fired. */
export const clearTimer = (timer: Timer | undefined): void => {
  if (typeof timer === "function") timer()
  else clearTimeout(timer)
}
