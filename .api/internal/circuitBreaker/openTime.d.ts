import * as Duration from "effect/Duration"
import * as Runtime from "effect/Runtime"
import * as Schedule from "effect/Schedule"
export type OpenDuration = Duration.DurationInput | Schedule.Schedule<unknown, number>
export declare const growing: Schedule.Schedule<unknown, unknown>
export declare const describeOpenTime: (given: OpenDuration) => string
export declare const openTime: (
  owner: string,
  given: OpenDuration,
  runtime: Runtime.Runtime<never>
) => (openings: number) => number
