/**
 * A job's life: what state it is in from when on, those to come included. Looking at it at another time needs no memory
 * of it, so that a stale read is a look at an earlier time.
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
/** Checks a timeline; a bad one is refused by the number of its stage. */
export const checkTimeline = (owner: string, option: string, timeline: Timeline): Timeline => {
  if (timeline.length === 0) refuse(owner, `${option}.length`, 0, "at least 1")
  for (const [index, { lasts, progress, state }] of timeline.entries()) {
    oneOf(owner, `${option}[${index}].state`, state, states)
    if (lasts !== undefined) duration(owner, `${option}[${index}].lasts`, lasts, { infinite: true })
    if (progress !== undefined) number(owner, `${option}[${index}].progress`, progress, { max: 1 })
  }
  return timeline
}

/** How far a job comes that does not come to its end. */
const broken = 0.6

const cutShort: ReadonlySet<JobState> = /*#__PURE__*/ new Set<JobState>(["FAILED", "EXPIRED"])

/** What a timeline means from a time on. */
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
  // the last state stays
  const last = moments.at(-1)
  return last === undefined ? [] : [...moments.slice(0, -1), { ...last, until: Infinity }]
}

/** The moment that holds at a time; undefined before the first. */
export const momentAt = (moments: Moments, at: number): Moment | undefined =>
  moments.findLast((moment) => moment.at <= at)

/** The part of the work that is done; what has no end in sight makes no progress. */
export const progressAt = ({ at, from, state, to, until }: Moment, now: number): number => {
  if (until === Infinity || until === at) return state === "COMPLETED" ? to : from
  return from + (to - from) * Math.min(1, Math.max(0, (now - at) / (until - at)))
}

/** Goes on otherwise from a time on; what was before stays as it was seen. */
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

/** How long a job has run until a time, in milliseconds, with when each of its runs began. */
export const runsUntil = (
  moments: Moments,
  now: number
): ReadonlyArray<{ readonly at: number; readonly millis: number }> =>
  moments
    .filter(({ at, state }) => state === "RUNNING" && at < now)
    .map(({ at, until }) => ({ at, millis: Math.min(until, now) - at }))
