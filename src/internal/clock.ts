/**
 * The monotonic time of the fiber's `Clock` service, and timers that cost as little as the host's.
 *
 * The only timer of a `Clock` service is `sleep`, which needs a fiber. The default clock sleeps with the host's timers, so
 * timers are set there directly. For every other clock, such as `TestClock`, `sleep` is used.
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

/** Returns the monotonic time of a clock in milliseconds. Changes of the wall clock do not affect it. */
export const monotonic = (clock: Clock.Clock): number =>
  isHost(clock) ? performance.now() : Number(clock.unsafeCurrentTimeNanos()) / 1e6

/** Returns the monotonic time of the current fiber's clock in milliseconds. */
export const monotonicMillis: Effect.Effect<number> = /*#__PURE__*/ Effect.withFiberRuntime((fiber) =>
  Effect.succeed(monotonic(clockOf(fiber)))
)

/** A timer: the handle of the host, or a function that cancels it. */
export type Timer = ReturnType<typeof setTimeout> | (() => void)

/** Calls `fire` once after the delay, unless the timer is cancelled before. */
export const setTimer = (clock: Clock.Clock, millis: number, fire: () => void): Timer => {
  if (isHost(clock)) return setTimeout(fire, millis)
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
  if (typeof setImmediate !== "function") return setTimeout(look, 0)
  const immediate = setImmediate(look)
  return () => clearImmediate(immediate)
}

/** Cancels a timer. Does nothing if it has fired. */
export const clearTimer = (timer: Timer | undefined): void => {
  if (typeof timer === "function") timer()
  else clearTimeout(timer)
}
