/**
 * The descriptions of the schedules that `Retry` has made.
 *
 * @since 0.1.0
 */
import type * as Schedule from "effect/Schedule"

export const descriptions = /*#__PURE__*/ new WeakMap<object, string>()

/** Returns the description of a schedule that `Retry` has made; undefined for any other schedule. */
export const describeSchedule = (made: Schedule.Schedule<unknown, unknown>): string | undefined =>
  descriptions.get(made)
