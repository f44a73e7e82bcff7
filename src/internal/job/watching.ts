/**
 * The pure steps of a watch: plain functions that decide the next step after each poll and each attempt to resume.
 *
 * `Job.watch` and `Job.await` run them in one fiber; `Deployments.awaitReady` and `TrainerJobs` call them directly. A durable
 * workflow can run each poll as an activity, store the `Watching` and the `Step` between them, and wait on its own timer. All
 * state is plain data, and its times are from one monotonic clock.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type { ApiError, Reason } from "../../ApiError.js"
import { unsafeMake } from "../apiError/unsafeMake.js"
import { duration, number, refuse } from "../options.js"
import { advised, mayStand, moreOf } from "./advice.js"
import type { Limits, Phase, Standing, Step, WatchOptions, Watching } from "./model.js"
import { again } from "./waits.js"

/** Validates watch options. Throws a `RangeError` that names the invalid option and its function, `owner`. */
export const limits = (options: WatchOptions = {}, owner = "Job.watch"): Limits => {
  const interval = duration(owner, "interval", options.interval ?? "5 seconds", { min: 1 })
  const cap = duration(owner, "cap", options.cap ?? Duration.max(interval, "1 minute"), { min: 1 })
  if (Duration.lessThan(cap, interval)) refuse(owner, "cap", cap, `at least interval, ${Duration.format(interval)}`)
  const span = (name: "outage" | "unseen" | "stale" | Phase, otherwise: Duration.DurationInput): number =>
    Duration.toMillis(duration(owner, name, options[name] ?? otherwise, { infinite: true }))
  return {
    interval: Duration.toMillis(interval),
    factor: number(owner, "factor", options.factor ?? 1.5, { min: 1 }),
    cap: Duration.toMillis(cap),
    jitter: number(owner, "jitter", options.jitter ?? 0.2, { max: 0.5 }),
    outage: span("outage", "1 hour"),
    unseen: span("unseen", "2 minutes"),
    queued: span("queued", Duration.infinity),
    active: span("active", Duration.infinity),
    changing: span("changing", Duration.infinity),
    resumes: number(owner, "resumes", options.resumes ?? 0, { integer: true }),
    stale: span("stale", "2 minutes"),
    resumed: options.resumed ?? false
  }
}

const none = { Stopped: undefined, Ended: undefined, Gone: undefined, Nothing: undefined }

const phases = { Queued: "queued", Active: "active", Changing: "changing", ...none } as const

const unspent: Watching["spent"] = { queued: 0, active: 0, changing: 0 }

/** Returns the state of a watch that starts at `now`. */
export const watchingSince = (now: number, limits: Limits): Watching => ({
  lookedAt: now,
  seen: "Nothing",
  wait: 0,
  spent: unspent,
  lostSince: undefined,
  unseenSince: undefined,
  refusedSince: undefined,
  missingSince: undefined,
  resumes: 0,
  resumedAt: limits.resumed ? now : -Infinity
})

const timedOut = (what: Phase, millis: number): Step<never> => {
  const detail = `the job was ${what} for ${Duration.format(Duration.millis(Math.round(millis)))}`
  const about = { delivery: "Acknowledged", phase: "deadline", detail, remedy: moreOf(what) } as const
  return { _tag: "Failed", error: unsafeMake({ class: "Transient", reason: "Timeout" }, about) }
}

const unreached: ReadonlySet<Reason> = /*#__PURE__*/ new Set<Reason>(["Tls", "ProxyRefused"])

/**
 * Returns true if the error ends the watch. A `Fatal` error does, with two exceptions: the server declares it retryable, or it
 * is a TLS or proxy error and the server was reached before.
 */
const isFatal = (error: ApiError, { resumes, seen }: Watching): boolean => {
  const wasReached = seen !== "Nothing" || resumes > 0
  const isAway = wasReached && error.delivery === "NotSent" && unreached.has(error.reason)
  return error._tag === "Fatal" && error.shouldRetry !== true && !isAway
}

/** Decides the next step after a failed poll. */
const afterLoss = (
  state: Watching,
  now: number,
  error: ApiError,
  limits: Limits,
  random: number
): readonly [Watching, Step<never>] => {
  const missing = error.reason === "NotFound"
  const lostSince = state.lostSince ?? now
  // time without contact does not count towards `unseen`
  const unseenSince = (state.unseenSince ?? lostSince) + now - lostSince
  const next = missing ? { ...state, lostSince: undefined, unseenSince } : { ...state, lostSince }
  const left = (missing ? unseenSince + limits.unseen : lostSince + limits.outage) - now
  if (isFatal(error, state) && !missing) return [next, { _tag: "Failed", error }]
  if (left > 0) return again(next, limits, { anew: false, left, random, error })
  return [next, { _tag: "Failed", error: missing ? error : advised(error, moreOf("outage")) }]
}

/**
 * Decides the next step after a poll. `random` is drawn from [0, 1).
 *
 * A watch ends when the server reports an end, when a limit is reached, or on a `Fatal` error (see `isFatal`). Time without
 * contact counts only towards `outage`. Each other time counts towards the limit of its phase. If the phase changed between two
 * polls, the time between them counts towards the phase with more time left. A lagging replica can prolong the watch; within
 * `unseen` and `stale` it cannot end the watch.
 */
export const afterSight = <A>(
  before: Watching,
  now: number,
  result: Either.Either<Standing<A>, ApiError>,
  limits: Limits,
  random: number
): readonly [Watching, Step<A>] => {
  const known = before.lostSince === undefined && before.unseenSince === undefined
  const earlier = known ? phases[before.seen] : undefined
  const later = Either.isRight(result) ? phases[result.right._tag] : undefined
  const leftOf = (phase: Phase): number => limits[phase] - before.spent[phase]
  // the moment of the change is not known, so the time is charged to the phase with more time left
  const phase = earlier && later && leftOf(later) > leftOf(earlier) ? later : earlier
  const passed = phase && { [phase]: before.spent[phase] + Math.max(0, now - before.lookedAt) }
  const state: Watching = { ...before, lookedAt: now, spent: { ...before.spent, ...passed } }
  if (Either.isLeft(result)) return afterLoss(state, now, result.left, limits, random)

  const standing = result.right
  const seen: Watching = { ...state, seen: standing._tag, lostSince: undefined, unseenSince: undefined }
  const anew = before.seen !== standing._tag
  switch (standing._tag) {
    case "Ended":
      return [seen, { _tag: "Done", outcome: standing.outcome }]
    case "Gone":
      return [seen, { _tag: "Failed", error: gone() }]
    case "Stopped": {
      // the snapshot may still show the stop before the last resumption
      const left = seen.resumedAt + limits.stale - now
      if (left > 0) return again(seen, limits, { anew: false, left, random })
      const resumable = seen.resumes < limits.resumes && standing.final !== true
      return [seen, resumable ? { _tag: "Resume" } : { _tag: "Done", outcome: standing.outcome }]
    }
    case "Queued":
    case "Active":
    case "Changing": {
      const phase = phases[standing._tag]
      const left = limits[phase] - seen.spent[phase]
      if (left <= 0) return [seen, timedOut(phase, seen.spent[phase])]
      return again({ ...seen, refusedSince: undefined, missingSince: undefined }, limits, { anew, left, random })
    }
  }
}

const gone = (): ApiError =>
  unsafeMake({ class: "Fatal", reason: "NotFound" }, { delivery: "Acknowledged", detail: "the job was deleted" })

/** Reasons with which a server refuses to resume a running job. Gateways turn a failed precondition into status 400. */
const alreadyRunning: ReadonlySet<Reason> = /*#__PURE__*/ new Set<Reason>([
  "Conflict",
  "PreconditionFailed",
  "BadRequest"
])

/**
 * Decides the next step after an attempt to resume a job. `random` is drawn from [0, 1).
 *
 * An attempt counts, and is followed by a poll, in three cases: it succeeded, the server refused it because the job already
 * runs, or the response was lost. An attempt that did not arrive does not count, and is repeated for at most `outage`. After
 * `NotFound` it is repeated for at most `unseen`.
 */
export const afterResume = (
  before: Watching,
  now: number,
  result: Either.Either<unknown, ApiError>,
  limits: Limits,
  random: number
): readonly [Watching, Step<never>] => {
  const error = Option.getOrUndefined(Either.getLeft(result))
  if (error === undefined || alreadyRunning.has(error.reason) || mayStand(error)) {
    // the next snapshot may still show the previous stop
    const counted = { resumes: before.resumes + 1, resumedAt: now, refusedSince: undefined, missingSince: undefined }
    const resumed: Watching = { ...before, ...counted, lookedAt: now, seen: "Nothing", spent: unspent }
    const left = error === undefined ? Infinity : Math.max(limits.outage, limits.interval)
    return again(resumed, limits, { anew: true, left, random, error })
  }
  const missing = error.reason === "NotFound"
  const refusedSince = before.refusedSince ?? now
  const missingSince = missing ? (before.missingSince ?? now) : undefined
  const next: Watching = { ...before, lookedAt: now, refusedSince, missingSince }
  const left = (missingSince === undefined ? refusedSince + limits.outage : missingSince + limits.unseen) - now
  const over = left <= 0 || (isFatal(error, before) && !missing)
  return over ? [next, { _tag: "Failed", error }] : again(next, limits, { anew: false, left, random, error })
}
