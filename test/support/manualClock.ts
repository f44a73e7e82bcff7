/**
 * A clock that is moved by hand. `TestClock` derives wall time and monotonic time from one instant and keeps the wake-ups
 * of sleepers that are gone; here the wall clock jumps by itself, and a sleeper that was interrupted leaves nothing.
 */
import { Clock, Duration, Effect } from "effect"

export interface ManualClock extends Clock.Clock {
  /** Monotonic milliseconds. */
  readonly now: () => number
  /** The milliseconds until each wake-up, the next one first. */
  readonly pending: () => ReadonlyArray<number>
  /** Lets time pass, and wakes who is due, in order. */
  readonly advance: (millis: number) => void
  /** Sets the wall clock forward or, below zero, back. No time passes. */
  readonly jump: (millis: number) => void
}

interface Sleeper {
  readonly at: number
  readonly wake: () => void
}

export const make = (): ManualClock => {
  let monotonic = 12_345
  let wall = Date.UTC(2026, 0, 1)
  let sleepers: ReadonlyArray<Sleeper> = []

  const unsafeCurrentTimeMillis = () => wall
  const unsafeCurrentTimeNanos = () => BigInt(Math.round(monotonic * 1e6))
  const move = (millis: number) => {
    monotonic += millis
    wall += millis
  }

  return {
    [Clock.ClockTypeId]: Clock.ClockTypeId,
    unsafeCurrentTimeMillis,
    currentTimeMillis: Effect.sync(unsafeCurrentTimeMillis),
    unsafeCurrentTimeNanos,
    currentTimeNanos: Effect.sync(unsafeCurrentTimeNanos),
    sleep: (duration) =>
      Effect.suspend(() => {
        let sleeper: Sleeper | undefined
        const asleep = Effect.async<void>((resume) => {
          sleeper = { at: monotonic + Duration.toMillis(duration), wake: () => resume(Effect.void) }
          // a stable sort: those who wake at the same moment wake in the order in which they fell asleep
          sleepers = [...sleepers, sleeper].toSorted((a, b) => a.at - b.at)
        })
        // the canceler that `Effect.async` takes is not run between the registration and the next operation
        return Effect.onInterrupt(asleep, () =>
          Effect.sync(() => {
            sleepers = sleepers.filter((other) => other !== sleeper)
          })
        )
      }),
    now: () => monotonic,
    pending: () => sleepers.map(({ at }) => at - monotonic),
    advance: (millis) => {
      const end = monotonic + millis
      for (let next = sleepers[0]; next !== undefined && next.at <= end; next = sleepers[0]) {
        sleepers = sleepers.slice(1)
        move(Math.max(0, next.at - monotonic))
        next.wake()
      }
      move(end - monotonic)
    },
    jump: (millis) => {
      wall += millis
    }
  }
}
