/**
 * The states of a job over time, past and future. The state at any time is computed, so that a stale read is a read of an
 * earlier time.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import { duration, number, oneOf, refuse } from "../../../internal/options.js"
import type { JobKind, JobState, Timeline } from "./model.js"
import type { Moment, Moments } from "./model.js"

export const kinds: ReadonlyArray<JobKind> = [
  "batchInferenceJobs",
  "rlorTrainerJobs",
  "supervisedFineTuningJobs",
  "reinforcementFineTuningJobs",
  "dpoJobs"
]

const states: ReadonlyArray<JobState> = [
  "UNSPECIFIED",
  "CREATING",
  "RUNNING",
  "COMPLETED",
  "FAILED",
  "CANCELLED",
  "DELETING",
  "WRITING_RESULTS",
  "VALIDATING",
  "DELETING_CLEANING_UP",
  "PENDING",
  "EXPIRED",
  "RE_QUEUEING",
  "CREATING_INPUT_DATASET",
  "IDLE",
  "CANCELLING",
  "EARLY_STOPPED",
  "PAUSED",
  "DELETED",
  "ARCHIVED"
]

/** Validates a timeline. The `RangeError` for an invalid stage contains the index of the stage. */
export const checkTimeline = (owner: string, option: string, timeline: Timeline): Timeline => {
  if (timeline.length === 0) refuse(owner, `${option}.length`, 0, "at least 1")
  for (const [index, { lasts, progress, state }] of timeline.entries()) {
    oneOf(owner, `${option}[${index}].state`, state, states)
    if (lasts !== undefined) duration(owner, `${option}[${index}].lasts`, lasts, { infinite: true })
    if (progress !== undefined) number(owner, `${option}[${index}].progress`, progress, { max: 1 })
  }
  return timeline
}

/** Part of the remaining work that a `RUNNING` stage does if `FAILED` or `EXPIRED` follows. */
const broken = 0.6

const cutShort: ReadonlySet<JobState> = /*#__PURE__*/ new Set<JobState>(["FAILED", "EXPIRED"])

/** Converts a timeline that begins at `start` into moments. */
export const momentsFrom = (timeline: Timeline, start: number, progress: number): Moments => {
  const moments: Array<Moment> = []
  let at = start
  let from = progress
  for (const [index, stage] of timeline.entries()) {
    const until = at + (stage.lasts === undefined ? Infinity : Duration.toMillis(stage.lasts))
    const next = timeline[index + 1]?.state
    const far = next !== undefined && cutShort.has(next) ? from + (1 - from) * broken : 1
    const to = stage.progress ?? (stage.state === "COMPLETED" ? 1 : stage.state === "RUNNING" ? far : from)
    moments.push({ at, until, state: stage.state, message: stage.message, from, to })
    if (until === Infinity) break
    at = until
    from = to
  }
  // the last state has no end
  const last = moments.at(-1)
  return last === undefined ? [] : [...moments.slice(0, -1), { ...last, until: Infinity }]
}

/** Returns the moment that contains a time; undefined before the first. */
export const momentAt = (moments: Moments, at: number): Moment | undefined =>
  moments.findLast((moment) => moment.at <= at)

/** Returns the part of the work that is done, from 0 to 1. A state without an end makes no progress. */
export const progressAt = ({ at, from, state, to, until }: Moment, now: number): number => {
  if (until === Infinity || until === at) return state === "COMPLETED" ? to : from
  return from + (to - from) * Math.min(1, Math.max(0, (now - at) / (until - at)))
}

/** Replaces the moments after a time by a timeline. The moments before it, and the progress made, are kept. */
export const redirect = (moments: Moments, timeline: Timeline, at: number): Moments => {
  const now = momentAt(moments, at)
  const before = moments
    .filter((moment) => moment.at <= at)
    .map((moment) =>
      moment.until <= at || moment.until === Infinity
        ? { ...moment, until: Math.min(moment.until, at), to: progressAt(moment, at) }
        : { ...moment, until: at, to: progressAt(moment, at) }
    )
  return [...before, ...momentsFrom(timeline, at, now === undefined ? 0 : progressAt(now, at))]
}

/** Returns the start and the length of each `RUNNING` period before a time, in milliseconds. */
export const runsUntil = (
  moments: Moments,
  now: number
): ReadonlyArray<{ readonly at: number; readonly millis: number }> =>
  moments
    .filter(({ at, state }) => state === "RUNNING" && at < now)
    .map(({ at, until }) => ({ at, millis: Math.min(until, now) - at }))
