/**
 * A clock that tests advance. `TestClock` derives wall time and monotonic time from one instant, and keeps the wake-ups of
 * interrupted sleepers. Here the wall clock can jump alone, and the wake-up of an interrupted sleeper is removed.
 */
import { Clock, Duration, Effect } from "effect"

export interface ManualClock extends Clock.Clock {
  /** Monotonic milliseconds. */
  readonly now: () => number
  /** Returns the milliseconds until each wake-up, the next one first. */
  readonly pending: () => ReadonlyArray<number>
  /** Advances the time, and wakes the sleepers that are due, in order. */
  readonly advance: (millis: number) => void
  /** Moves only the wall clock, forward or, with a negative number, back. */
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
          // the sort is stable: sleepers with the same wake-up time wake in the order in which they began
          sleepers = [...sleepers, sleeper].toSorted((a, b) => a.at - b.at)
        })
        // the canceler of `Effect.async` does not run between the registration and the next operation
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
