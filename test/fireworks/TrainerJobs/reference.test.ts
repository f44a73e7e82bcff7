import { describe, it } from "@effect/vitest"
import { Duration, Either, FastCheck as fc } from "effect"
import { ApiError, type Job } from "effect-reliability"
import { TrainerJobs } from "effect-reliability/fireworks"
import type { FireworksServer } from "effect-reliability/testing"
import { expect } from "vitest"
import { limitsOf } from "../../../src/fireworks/internal/jobs/trainerWait.js"
import type { Limits, Phase, Step, Watching } from "../../../src/internal/job/model.js"
import * as watching from "../../../src/internal/job/watching.js"
import {
  bring,
  cases,
  clear,
  type Mood,
  reference,
  running,
  stage,
  type Verdict,
  type World,
  worldOf
} from "../../support/trainerReference.js"
import { all, hours, minutes, seconds } from "../../support/trainers.js"

const { left, right } = Either

// -------------------------------------------------------------------------------------------------
// Our implementation, through its pure functions
// -------------------------------------------------------------------------------------------------

interface Played extends Verdict {
  readonly limits: Limits
  readonly state: Watching
  readonly outcome: TrainerJobs.Ended | TrainerJobs.Up | undefined
  readonly error: ApiError.ApiError | undefined
  readonly job: ReturnType<typeof bring>
  /** The total time with contact to the server. */
  readonly known: number
}

const play = (
  world: World,
  method: "reconnectAndWait" | "awaitReady" | "resumeAndWait",
  options: TrainerJobs.ReadyOptions & { readonly resumes?: number } = {},
  random: () => number = () => 0.5
): Played => {
  const bounds: Job.WatchOptions = limitsOf(
    "test",
    options,
    method === "reconnectAndWait" ? "10 minutes" : "15 minutes"
  )
  const resumes = method === "awaitReady" ? 0 : (options.resumes ?? 3) - (method === "resumeAndWait" ? 1 : 0)
  const limits = watching.limits({ ...bounds, resumes, resumed: method === "resumeAndWait" })
  const job = bring(world, 0)
  let known = 0
  let state = watching.watchingSince(0, limits)
  if (method === "resumeAndWait") job.resume()
  for (let looks = 0; looks < 20_000; looks++) {
    const seen = job.get()
    const sight = ApiError.isApiError(seen)
      ? left(seen)
      : right(
          TrainerJobs.standingOf(
            { name: "accounts/a/rlorTrainerJobs/j", state: `JOB_STATE_${seen}` },
            { until: "ready", healthy: seen === "RUNNING" && job.healthy(), resumable: all }
          )
        )
    let step: Step<TrainerJobs.Ended | TrainerJobs.Up>
    ;[state, step] = watching.afterSight(state, job.now(), sight, limits, random())
    if (step._tag === "Resume") {
      const error = job.resume()
      ;[state, step] = watching.afterResume(
        state,
        job.now(),
        error === undefined ? right(undefined) : left(error),
        limits,
        random()
      )
    }
    switch (step._tag) {
      case "Look": {
        const wait = Duration.toMillis(step.after)
        if (!Either.isLeft(sight)) known += wait
        job.pass(wait)
        break
      }
      case "Resume":
        throw new Error("a resumption of a resumption")
      case "Done":
      case "Failed": {
        const outcome = step._tag === "Done" ? step.outcome : undefined
        const error = step._tag === "Failed" ? step.error : undefined
        const tag = outcome?._tag === "Up" ? "Ready" : outcome?._tag
        const says = tag ?? (error === undefined ? "" : (error.detail ?? error.reason))
        return { says, at: job.now(), resumed: job.lives() - 1, limits, state, outcome, error, job, known }
      }
    }
  }
  throw new Error("the wait does not end")
}

describe("comparison with the reference implementation", () => {
  it.each(cases)("%s", (_, method, world, wrong, so, resumed) => {
    expect(reference(world, method).says).toBe(wrong)
    const ours = play(world, method)
    expect([ours.says, ours.resumed]).toEqual([so, resumed])
  })

  it("reports a deleted job immediately, where the reference waits for two minutes", () => {
    for (const state of ["DELETED", "ARCHIVED", "DELETING", "DELETING_CLEANING_UP"] as const) {
      const world = worldOf([[stage(state)]])
      expect(reference(world, "reconnectAndWait")).toMatchObject({ at: 130 * seconds })
      expect(play(world, "reconnectAndWait")).toMatchObject({ says: "the job was deleted", at: 0 })
    }
  })

  it("sends at most 200 requests in two days, where the reference sends one every five seconds", () => {
    const world = worldOf([[stage("PENDING", 47 * hours), stage("RUNNING")]])
    const naive = bring(world, 0)
    while (naive.get() !== "RUNNING") naive.pass(5 * seconds)
    expect(naive.requests()).toBeGreaterThan(30_000)
    expect(play(world, "awaitReady").job.requests()).toBeLessThanOrEqual(200)
  })

  it("returns the same result as the reference if no fault occurs", () => {
    const lives = [
      [[stage("RUNNING")]],
      [[stage("CREATING", 90 * seconds), stage("RUNNING")]],
      [[stage("FAILED")], running]
    ]
    for (const life of lives) {
      const [theirs, ours] = [reference(worldOf(life), "reconnectAndWait"), play(worldOf(life), "reconnectAndWait")]
      expect([theirs.says, theirs.resumed]).toEqual(["Ready", ours.resumed])
      expect(ours.says).toBe("Ready")
    }
  })
})

// -------------------------------------------------------------------------------------------------
// Properties
// -------------------------------------------------------------------------------------------------

const anyState = fc.constantFrom<FireworksServer.JobState>(
  "CREATING",
  "PENDING",
  "PENDING",
  "RE_QUEUEING",
  "RUNNING",
  "IDLE",
  "CANCELLING",
  "VALIDATING"
)

const anyEnd = fc.constantFrom<FireworksServer.JobState>(
  "RUNNING",
  "RUNNING",
  "FAILED",
  "FAILED",
  "CANCELLED",
  "PAUSED",
  "COMPLETED",
  "EXPIRED",
  "EARLY_STOPPED",
  "DELETED",
  "PENDING",
  "IDLE"
)

const anyMood = fc.oneof(
  { weight: 6, arbitrary: fc.nat(80 * seconds).map((lag): Mood => ({ does: "see", lag })) },
  { weight: 1, arbitrary: fc.constantFrom<Mood>({ does: "fail", lag: 0 }, { does: "miss", lag: 0 }) }
)

const span = (max: number) => fc.integer({ min: 1, max }).map((n) => n * seconds)

const anyHistory = fc.record({
  lives: fc.array(
    fc
      .tuple(fc.array(fc.record({ state: anyState, lasts: span(900) }), { maxLength: 4 }), anyEnd)
      .map(([stages, end]) => [...stages, stage(end)]),
    { minLength: 1, maxLength: 4 }
  ),
  moods: fc.array(anyMood, { minLength: 1, maxLength: 30 }),
  outage: fc.record({ from: span(3600), lasts: span(2400) }),
  resumes: fc.array(
    fc.constantFrom(
      "done" as const,
      "done" as const,
      "lost after" as const,
      "lost before" as const,
      "not sent" as const
    ),
    {
      minLength: 1,
      maxLength: 5
    }
  ),
  healthyAfter: fc.constantFrom(0, 30 * seconds, 10 * minutes),
  randoms: fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), { minLength: 1, maxLength: 6 }),
  options: fc.record({
    pending: span(3000),
    ready: span(1200),
    resumable: span(300),
    outage: span(2400),
    unseen: span(300),
    stale: fc.constantFrom("90 seconds" as const, "2 minutes" as const),
    resumes: fc.integer({ min: 1, max: 3 }),
    cap: fc.constantFrom("1 minute" as const, "20 minutes" as const)
  }),
  method: fc.constantFrom("reconnectAndWait" as const, "awaitReady" as const, "resumeAndWait" as const)
})

const stateOfEnd: Readonly<Record<string, string>> = {
  Completed: "COMPLETED",
  Failed: "FAILED",
  Cancelled: "CANCELLED",
  Paused: "PAUSED",
  Expired: "EXPIRED",
  EarlyStopped: "EARLY_STOPPED"
}

describe("a wait, under random histories", () => {
  it("ends within its limits, reports the actual state of the job, and resumes no more often than allowed", () => {
    const seen = { Up: 0, Ended: 0, Limit: 0, Gone: 0, resumed: 0, wrong: 0 }
    fc.assert(
      fc.property(anyHistory, ({ healthyAfter, lives, method, moods, options, outage, randoms, resumes }) => {
        let draws = 0
        const world: World = {
          lives,
          healthyAfter,
          // a server that fails for ever would keep the wait from its end
          mood: (now, n) =>
            n > 500
              ? clear
              : now >= outage.from && now < outage.from + outage.lasts
                ? { does: "fail", lag: 0 }
                : (moods[n % moods.length] ?? clear),
          resume: (n) => resumes[n % resumes.length] ?? "done"
        }
        const played = play(world, method, options, () => randoms[draws++ % randoms.length] ?? 0)
        const { error, job, known, limits, outcome, resumed, state } = played
        const allowed = method === "awaitReady" ? 0 : options.resumes
        expect(resumed).toBeLessThanOrEqual(allowed)
        if (resumed > 0) seen.resumed++
        // a resumption that does not arrive is retried for as long as contact may be lost
        const spans = limits.queued + limits.active + limits.changing + limits.stale + limits.unseen + limits.outage
        expect(known).toBeLessThanOrEqual((spans + limits.cap * 1.5) * (limits.resumes + 1))
        const truth = job.truth()
        if (outcome?._tag === "Up") {
          seen.Up++
          expect([truth.state, job.healthy()]).toEqual(["RUNNING", true])
        } else if (outcome !== undefined) {
          seen.Ended++
          expect(truth.state).toBe(stateOfEnd[outcome._tag])
        } else if (error?.reason === "Timeout") {
          seen.Limit++
          const [phase] = /queued|active|changing/.exec(error.detail ?? "") ?? []
          const limit = { queued: "pending", active: "ready", changing: "resumable" }[phase ?? ""] as "pending"
          expect(state.spent[phase as Phase]).toBeGreaterThanOrEqual(Duration.toMillis(options[limit]))
        } else if (error?.detail === "the job was deleted") {
          seen.Gone++
          expect(truth.state).toBe("DELETED")
        } else if (error?.reason === "NotFound") {
          expect(job.now() - (state.unseenSince ?? state.refusedSince ?? job.now())).toBeGreaterThanOrEqual(
            limits.unseen
          )
        } else {
          expect(job.now() - (state.lostSince ?? state.refusedSince ?? job.now())).toBeGreaterThanOrEqual(limits.outage)
        }
        if (outcome?._tag === "Up" && reference(world, method).says !== "Ready") seen.wrong++
      }),
      { numRuns: 4000 }
    )
    // the property means something only if all outcomes occur
    expect(Math.min(...Object.values(seen))).toBeGreaterThan(30)
  })

  it("sends at most 200 requests in two days with any jitter", () => {
    for (const random of [0, 0.25, 0.5, 0.75, 0.999]) {
      let draws = 0
      const played = play(
        worldOf([[stage("CREATING", minutes), stage("PENDING", 48 * hours), ...running]], {
          mood: (now) => (now > 20 * hours && now < 20.5 * hours ? { does: "fail", lag: 0 } : clear)
        }),
        "awaitReady",
        { jitter: 0.2 },
        // the random numbers have a mean of one half
        () => (draws++ % 2 === 0 ? random : 0.999 - random)
      )
      expect(played.says).toBe("Ready")
      expect(played.job.requests()).toBeLessThanOrEqual(200)
    }
  })
})
