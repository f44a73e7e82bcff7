/**
 * The open time of a circuit: a duration, or the delays of a schedule.
 *
 * @since 0.2.0
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Runtime from "effect/Runtime"
import * as Schedule from "effect/Schedule"
import * as ScheduleDecision from "effect/ScheduleDecision"
import * as ScheduleIntervals from "effect/ScheduleIntervals"
import { duration } from "../options.js"

/**
 * A duration, or a schedule whose n-th delay is the duration of the n-th opening in a row.
 *
 * @since 0.2.0
 * @category model
 */
export type OpenDuration = Duration.DurationInput | Schedule.Schedule<unknown, number>

/** The default open times. At their end, a quarter of the time since the outage began is lost at most. */
export const growing: Schedule.Schedule<unknown, unknown> = /*#__PURE__*/ Schedule.union(
  /*#__PURE__*/ Schedule.exponential("1 second", 1.25),
  /*#__PURE__*/ Schedule.spaced("30 seconds")
)

/** Describes open times as text for logs. */
export const describeOpenTime = (given: OpenDuration): string => {
  if (given === growing) return "1s × 1.25 up to 30s"
  return Schedule.isSchedule(given) ? "the delays of a schedule" : Duration.format(given)
}

/**
 * Returns the delay of a schedule before the n-th recurrence; the last delay if the schedule ends before. The schedule runs on a
 * simulated time, in which only its own delays pass.
 */
const replay = (schedule: Schedule.Schedule<unknown, number>, openings: number): Effect.Effect<number> =>
  Effect.gen(function* () {
    let now = yield* Clock.currentTimeMillis
    let state: unknown = schedule.initial
    let delay = 0
    for (let opening = 1; opening <= openings; opening++) {
      const stepped: readonly [unknown, unknown, ScheduleDecision.ScheduleDecision] = yield* schedule.step(
        now,
        opening,
        state
      )
      const [next, , decision] = stepped
      if (ScheduleDecision.isDone(decision)) break
      delay = Math.max(0, ScheduleIntervals.start(decision.intervals) - now)
      now += delay
      state = next
    }
    return delay
  })

/**
 * Returns the function from the number of an opening to its milliseconds. A step of the schedule that is asynchronous, or fails
 * with a defect, opens the circuit for `fallback` milliseconds.
 */
export const openTime = (
  owner: string,
  given: OpenDuration,
  runtime: Runtime.Runtime<never>
): ((openings: number) => number) => {
  if (!Schedule.isSchedule(given)) {
    const millis = Duration.toMillis(duration(owner, "openDuration", given))
    return () => millis
  }
  return (openings) => {
    const exit = Runtime.runSyncExit(runtime)(replay(given, openings))
    return exit._tag === "Success" ? exit.value : fallback
  }
}

const fallback = 1000
