/**
 * Descriptions of the schedules that `Retry` made.
 *
 * @since 0.1.0
 */
import type * as Schedule from "effect/Schedule"

export const descriptions = /*#__PURE__*/ new WeakMap<object, string>()

/** Describes a schedule that `Retry` made; undefined for any other. */
export const describeSchedule = (made: Schedule.Schedule<unknown, unknown>): string | undefined =>
  descriptions.get(made)
