import { plural } from "../format.js"
import type { Line, Run, Segment } from "./model.js"

export interface Placed {
  readonly segment: Segment
  readonly start: number
  readonly end: number
}

/** Divides a width among segments by their length. Each gets at least `least`, if they all fit. */
export const place = (segments: ReadonlyArray<Segment>, width: number, least: number): ReadonlyArray<Placed> => {
  const min = Math.min(least, width / Math.max(1, segments.length))
  const total = segments.reduce((sum, { from, to }) => sum + Math.max(0, to - from), 0)
  const spare = width - min * segments.length
  let end = 0
  return segments.map((segment) => {
    const start = end
    end += min + (total > 0 ? (spare * Math.max(0, segment.to - segment.from)) / total : 0)
    return { segment, start, end }
  })
}

/** Returns the length of the longest timeline of a line: both of its timelines are drawn on that scale. */
export const scaleOf = ({ ours, theirs }: Line): number => Math.max(ours.millis, theirs?.millis ?? 0)

/** Returns the width of a timeline on a scale: its share of the full width, but at least `least` for each segment. */
export const widthOf = (segments: ReadonlyArray<Segment>, scale: number, full: number, least: number): number => {
  const share = scale > 0 ? full * Math.min(1, (segments.at(-1)?.to ?? 0) / scale) : full
  return Math.min(full, Math.max(share, segments.length * least))
}

/** Formats the statuses of requests, such as `503×3 200`; a dash stands for a request without a response. */
export const formatArrivals = (statuses: Run["arrived"]): string => {
  if (statuses === undefined) return ""
  if (statuses.length === 0) return "nothing"
  const runs: Array<{ readonly status: string; count: number }> = []
  for (const one of statuses) {
    const status = one === undefined ? "–" : String(one)
    const last = runs.at(-1)
    if (last?.status === status) last.count++
    else runs.push({ status, count: 1 })
  }
  return runs.map(({ count, status }) => (count === 1 ? status : `${status}×${count}`)).join(" ")
}

/**
 * The judgement of a run: `good` for a success, `doubtful` for a success that hides damage, `expected` for a failure that is the
 * expected outcome, `bad` for any other failure.
 */
export type Verdict = "good" | "doubtful" | "bad" | "expected"

export const verdict = (run: Run, { mustFail, truncated, workload }: Line): Verdict => {
  if (run.ok) return truncated || (workload === "batchSubmission" && run.executed > 1) ? "doubtful" : "good"
  return mustFail ? "expected" : "bad"
}

/** Describes how a run ended. */
export const describeEnd = (run: Run, line: Line): string => {
  const { delivery, events, ok, outcome } = run
  if (verdict(run, line) === "doubtful")
    return line.truncated ? "half a response, as a success" : `success, perhaps ${run.executed} batches`
  const received = !ok && events !== undefined && events > 0 ? plural(events, "event") : undefined
  return [outcome, delivery, received].filter((part) => part !== undefined).join(", ")
}
