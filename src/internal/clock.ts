/**
 * Time as the fiber's `Clock` service tells it, monotonic, and timers that cost as little as the host's.
 *
 * The `Clock` service offers `sleep` and nothing else, which takes a fiber. The default clock sleeps by the host's timer,
 * so its timers are set there directly; every other clock, `TestClock` first, is asked to sleep.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DefaultServices from "effect/DefaultServices"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"

/** The fiber's clock. */
export const clockOf = (fiber: Fiber.RuntimeFiber<unknown, unknown>): Clock.Clock =>
  Context.unsafeGet(fiber.currentDefaultServices, Clock.Clock)

let host: Clock.Clock | undefined

const isHost = (clock: Clock.Clock): boolean =>
  clock === (host ??= Context.get(DefaultServices.liveServices, Clock.Clock))

/** Milliseconds since some origin of the clock's own; no jump of the wall clock moves them. */
export const monotonic = (clock: Clock.Clock): number =>
  isHost(clock) ? performance.now() : Number(clock.unsafeCurrentTimeNanos()) / 1e6

/** The same, of the clock of the fiber that asks. */
export const monotonicMillis: Effect.Effect<number> = /*#__PURE__*/ Effect.withFiberRuntime((fiber) =>
  Effect.succeed(monotonic(clockOf(fiber)))
)

let [wall, read] = [0, -Infinity]

/** The wall's time at a moment just now, of which `monotonic` told: to read a clock twice is a good part of what it costs to count a call. */
export const wallAt = (clock: Clock.Clock, now: number): number => {
  if (!isHost(clock)) return clock.unsafeCurrentTimeMillis()
  if (!(Math.abs(now - read) <= 1)) [wall, read] = [clock.unsafeCurrentTimeMillis(), now]
  return Math.floor(wall + (now - read))
}

/** A timer that is set: the host's handle, or how to cancel it. */
export type Timer = ReturnType<typeof setTimeout> | (() => void)

/** Calls `fire` once after the delay, unless it is cancelled before. */
export const setTimer = (clock: Clock.Clock, millis: number, fire: () => void): Timer => {
  if (isHost(clock)) return setTimeout(fire, millis)
  // `runCallback` reports the interruption by its own canceler too
  return Effect.runCallback(clock.sleep(Duration.millis(millis)), {
    onExit: (exit) => (exit._tag === "Success" ? fire() : undefined)
  })
}

/**
 * Calls `look` once the host has delivered what has arrived meanwhile. After the event loop was blocked, timers fire before
 * the sockets are read. Other clocks than the host's are never late, and are not waited for.
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

/** Cancels a timer, which may have fired. */
export const clearTimer = (timer: Timer | undefined): void => {
  if (typeof timer === "function") timer()
  else clearTimeout(timer)
}
