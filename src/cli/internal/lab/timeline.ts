import type { Line, Run, Segment } from "./model.js"

export interface Placed {
  readonly segment: Segment
  readonly start: number
  readonly end: number
}

/** Divides a width among segments, by their length, but at least so much each. */
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

/** `7 ms`, `0.34 s`, `12.1 s`. */
export const said = (millis: number): string => {
  if (millis < 100) return `${Math.round(millis)} ms`
  return `${(millis / 1000).toFixed(millis < 10_000 ? 2 : 1)} s`
}

/** What arrived, such as `503×3 200`; a dash for what got no answer. */
export const arrivals = (statuses: Run["arrived"]): string => {
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

export type Verdict = "good" | "doubtful" | "bad" | "due"

/** What to think of a run: a success may be false, and a failure due. */
export const verdict = (run: Run, { halved, hopeless, workload }: Line): Verdict => {
  if (run.ok) return halved || (workload === "batchSubmission" && run.executed > 1) ? "doubtful" : "good"
  return hopeless ? "due" : "bad"
}

/** How it ended, in a few words. */
export const ending = (run: Run, line: Line): string => {
  const { delivery, events, ok, outcome } = run
  if (verdict(run, line) === "doubtful")
    return line.halved ? "half of it, as a success" : `success, perhaps ${run.executed} batches`
  const cut = !ok && events !== undefined && events > 0 ? plural(events, "event") : undefined
  return [outcome, delivery, cut].filter((part) => part !== undefined).join(", ")
}

export const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`
