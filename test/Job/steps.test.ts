import { describe, it } from "@effect/vitest"
import { Duration, Either, FastCheck as fc } from "effect"
import { ApiError, Job } from "effect-reliability"
import { expect } from "vitest"
import type { Doubt, Finding, Step, Submission } from "../../src/internal/job/model.js"
import { afterLook, afterSend } from "../../src/internal/job/submission.js"
import * as watching from "../../src/internal/job/watching.js"
import {
  active,
  changing,
  down,
  ended,
  forbidden,
  gone,
  kindOf,
  type Life,
  lost,
  makeServer,
  missing,
  queued,
  type Standing,
  standingOf,
  stopped,
  taken,
  throttled,
  unavailable,
  unreadable
} from "../support/jobs.js"

// -------------------------------------------------------------------------------------------------
// The errors of calls
// -------------------------------------------------------------------------------------------------

const { Fatal, RateLimit, Transient } = ApiError
const untrusted = new Fatal({ reason: "Tls", delivery: "NotSent" })
const unpaid = new Fatal({ reason: "PaymentRequired", delivery: "Acknowledged", status: 402 })

const { left, right } = Either

const detailOf = (error: ApiError.ApiError): string => `${error.reason}/${error.phase ?? error.detail ?? ""}`

// -------------------------------------------------------------------------------------------------
// Submitting, step by step
// -------------------------------------------------------------------------------------------------

const same = right({ _tag: "Same", snapshot: "job" } as const)
const other = right({ _tag: "Other" } as const)
const deleted = right({ _tag: "Gone" } as const)

const doubtOf = (error: ApiError.ApiError, looks = 0, sends = 1): Doubt => ({ sends, error, looks })

/** Before anything was sent. */
const unsent = (looks = 0): Doubt => ({ sends: 0, error: undefined, looks })

const tagOf = (step: Submission<unknown>): string =>
  step._tag === "Failed" ? `Failed ${step.error.reason}${step.inDoubt ? ", in doubt" : ""}` : step._tag

describe("afterSend", () => {
  it.each([
    ["looks up the job after a lost response", lost, "Look"],
    ["looks up the job after a server error", unavailable, "Look"],
    ["looks up the job after an unreadable response", unreadable, "Look"],
    ["looks up the job after a conflict", taken, "Look"],
    ["fails if nothing was sent", down, "Failed Connect"],
    ["fails if nothing was sent by any attempt", ApiError.settle(down, 5), "Failed Connect"],
    ["fails with a rate limit", throttled("1 second"), "Failed RateExceeded"],
    ["fails with a rejection", forbidden, "Failed Forbidden"],
    ["fails with a rejection for lack of payment", unpaid, "Failed PaymentRequired"]
  ])("%s", (_, error, expected) => {
    expect(tagOf(afterSend(1, left(error)))).toBe(expected)
  })

  it("looks up the job of an earlier send if a later one was not executed, and reports doubt", () => {
    expect(tagOf(afterSend(2, left(down)))).toBe("Look")
    expect(tagOf(afterSend(2, left(throttled("1 second"))))).toBe("Look")
    expect(tagOf(afterSend(2, left(forbidden)))).toBe("Failed Forbidden, in doubt")
  })

  it("accepts only the same job", () => {
    expect(tagOf(afterSend(1, same))).toBe("Done")
    expect(tagOf(afterSend(1, other))).toBe("Failed Conflict")
    expect(tagOf(afterSend(1, deleted))).toBe("Failed Conflict")
  })

  it("delays the lookup by the server hint, and fails if the hint is too long", () => {
    const busy = (retryAfter: Duration.Duration) =>
      new Transient({ reason: "Unavailable", delivery: "Acknowledged", status: 503, retryAfter })
    expect(afterSend(1, left(busy(Duration.seconds(120))))).toMatchObject({ after: Duration.seconds(120) })
    expect(tagOf(afterSend(1, left(busy(Duration.millis(120_001)))))).toBe("Failed Unavailable, in doubt")
  })
})

describe("afterLook", () => {
  it("ends with the same job, and fails with Conflict for another or a deleted one", () => {
    expect(tagOf(afterLook(doubtOf(lost), same))).toBe("Done")
    for (const finding of [other, deleted]) {
      const step = afterLook(doubtOf(taken), finding)
      expect(step).toMatchObject({ _tag: "Failed", inDoubt: false, error: { reason: "Conflict", status: 409 } })
    }
  })

  it("sends a missing job after one lookup", () => {
    expect(afterLook(unsent(), left(missing))).toEqual({ _tag: "Send", after: Duration.zero, sends: 1 })
    expect(afterLook(unsent(3), left(missing))).toMatchObject({ _tag: "Send", sends: 1 })
  })

  it("finds an existing job before anything is sent", () => {
    expect(tagOf(afterLook(unsent(), same))).toBe("Done")
    expect(tagOf(afterLook(unsent(), other))).toBe("Failed Conflict")
    expect(tagOf(afterLook(unsent(), deleted))).toBe("Failed Conflict")
  })

  it.each([
    ["repeats a lookup after a server error", unavailable, "Look"],
    ["repeats a lookup after a lost response", lost, "Look"],
    ["fails if the lookup was not sent", down, "Failed Connect"],
    ["fails with a rate limit of the lookup", throttled("1 second"), "Failed RateExceeded"],
    ["fails if the lookup is forbidden", forbidden, "Failed Forbidden"],
    ["fails if the response of the lookup is unreadable", unreadable, "Failed Decode"]
  ])("%s, before anything is sent", (_, error, expected) => {
    expect(tagOf(afterLook(unsent(), left(error)))).toBe(expected)
  })

  it("makes six lookups before anything is sent, and then fails without doubt", () => {
    const waits = [0, 1, 2, 3, 4].map((looks) => afterLook(unsent(looks), left(unavailable)))
    expect(waits.map((step) => step._tag === "Look" && Duration.toSeconds(step.after))).toEqual([1, 2, 4, 8, 16])
    expect(tagOf(afterLook(unsent(5), left(unavailable)))).toBe("Failed Unavailable")
    const later = new Transient({ ...unavailable, retryAfter: Duration.millis(120_001) })
    expect(tagOf(afterLook(unsent(), left(later)))).toBe("Failed Unavailable")
  })

  it("sends again after two lookups without a job, six times in all", () => {
    expect(tagOf(afterLook(doubtOf(lost, 0), left(missing)))).toBe("Look")
    expect(afterLook(doubtOf(lost, 1), left(missing))).toMatchObject({ _tag: "Send", sends: 2 })
    expect(afterLook(doubtOf(lost, 1, 5), left(missing))).toMatchObject({ _tag: "Send", sends: 6 })
    expect(tagOf(afterLook(doubtOf(lost, 1, 6), left(missing)))).toBe("Failed ConnectionLost, in doubt")
  })

  it("does not send again after an unreadable response", () => {
    expect(tagOf(afterLook(doubtOf(unreadable, 1), left(missing)))).toBe("Failed Decode, in doubt")
  })

  it("makes six lookups in 31 seconds for a job that is reported to exist", () => {
    const waits = [0, 1, 2, 3, 4].map((looks) => afterLook(doubtOf(taken, looks), left(missing)))
    expect(waits.map((step) => step._tag === "Look" && Duration.toSeconds(step.after))).toEqual([1, 2, 4, 8, 16])
    expect(tagOf(afterLook(doubtOf(taken, 5), left(missing)))).toBe("Failed Conflict, in doubt")
    expect(tagOf(afterLook(doubtOf(lost, 5), left(down)))).toBe("Failed ConnectionLost, in doubt")
  })

  it("fails if the lookup is forbidden", () => {
    expect(tagOf(afterLook(doubtOf(lost), left(forbidden)))).toBe("Failed Forbidden, in doubt")
  })
})

// -------------------------------------------------------------------------------------------------
// Submitting, any history
// -------------------------------------------------------------------------------------------------

/** The outcomes of a call that creates a job: whether it is carried out, and the error that it reports. */
const sendMoods = [
  { carries: true, reports: undefined },
  { carries: true, reports: lost },
  { carries: true, reports: unavailable },
  { carries: true, reports: unreadable },
  { carries: false, reports: lost },
  { carries: false, reports: unavailable },
  { carries: false, reports: down },
  { carries: false, reports: ApiError.settle(down, 5) },
  { carries: false, reports: ApiError.settle(throttled("20 seconds"), 4) },
  { carries: false, reports: forbidden },
  { carries: false, reports: throttled("5 seconds") }
] as const

const lookMoods = ["sees", "sees", "sees", "misses", "fails", "is throttled", "is forbidden"] as const

const anySubmission = fc.record({
  before: fc.constantFrom("nothing", "the same", "another", "a deleted one"),
  sends: fc.array(fc.constantFrom(...sendMoods), { maxLength: 6 }),
  looks: fc.array(fc.constantFrom(...lookMoods), { maxLength: 40 }),
  duplicates: fc.constantFrom("refused", "made"),
  isNew: fc.boolean()
})

describe("a submission", () => {
  it("makes at most one job, reports doubt truthfully, and ends", () => {
    fc.assert(
      fc.property(anySubmission, ({ before, duplicates, isNew, looks, sends }) => {
        // no job exists under a new id, and a server that makes duplicates hides none of them
        fc.pre(!isNew || before === "nothing")
        fc.pre(duplicates === "refused" || !looks.includes("misses"))
        let stored = before === "nothing" ? undefined : before
        let made = 0
        let time = 0
        let steps = 0
        const find = (): Either.Either<Finding<string>, ApiError.ApiError> => {
          if (stored === undefined) return left(missing)
          return stored === "the same" ? same : stored === "another" ? other : deleted
        }
        let [nthSend, nthLook] = [0, 0]
        const send = (): Either.Either<Finding<string>, ApiError.ApiError> => {
          const mood = sends[nthSend++] ?? sendMoods[0]
          if (!mood.carries) return left(mood.reports)
          const refused = stored !== undefined && duplicates === "refused"
          if (!refused) {
            stored = "the same"
            made++
          }
          return mood.reports !== undefined ? left(mood.reports) : refused ? left(taken) : same
        }
        const see = (): Either.Either<Finding<string>, ApiError.ApiError> => {
          const mood = looks[nthLook++] ?? "sees"
          if (mood === "sees") return find()
          return left(
            mood === "misses"
              ? missing
              : mood === "fails"
                ? unavailable
                : mood === "is forbidden"
                  ? forbidden
                  : throttled("3 seconds")
          )
        }
        let step: Submission<string> = isNew
          ? afterSend(1, send())
          : { _tag: "Look", after: Duration.zero, doubt: unsent() }
        while (step._tag === "Look" || step._tag === "Send") {
          steps++
          time += Duration.toMillis(step.after)
          step = step._tag === "Look" ? afterLook(step.doubt, see()) : afterSend(step.sends, send())
        }
        expect(made).toBeLessThanOrEqual(before === "nothing" ? 1 : 0)
        expect(nthSend).toBeLessThanOrEqual(6)
        expect(steps).toBeLessThanOrEqual(50)
        expect(time).toBeLessThanOrEqual(10 * 60_000)
        if (step._tag === "Done") expect(stored).toBe("the same")
        // without doubt, no job was made
        else if (!step.inDoubt) expect(made).toBe(0)
      }),
      { numRuns: 8000 }
    )
  })
})

// -------------------------------------------------------------------------------------------------
// limits
// -------------------------------------------------------------------------------------------------

describe("Job.WatchOptions", () => {
  it.each([
    [{ interval: 0 }, "Job.watch: interval is 0; it must be at least 1 ms"],
    [{ interval: -1 }, "Job.watch: interval is -1; it must be a duration that is not negative"],
    [{ interval: "2 minutes", cap: "1 minute" }, "Job.watch: cap is 1m; it must be at least interval, 2m"],
    [{ factor: 0.9 }, "Job.watch: factor is 0.9; it must be a number of at least 1"],
    [{ jitter: 0.6 }, "Job.watch: jitter is 0.6; it must be a number from 0 to 0.5"],
    [{ resumes: 1.5 }, "Job.watch: resumes is 1.5; it must be an integer of at least 0"],
    [{ outage: "-5 minutes" }, `Job.watch: outage is "-5 minutes"; it must be a duration that is not negative`],
    [{ queued: Number.NaN }, "Job.watch: queued is NaN; it must be a duration that is not negative"]
  ] as ReadonlyArray<readonly [Job.WatchOptions, string]>)("rejects %o", (options, message) => {
    expect(() => watching.limits(options)).toThrow(message)
    const kind = { ...kindOf(makeServer()), resume: undefined }
    expect(() => Job.await(kind, "job", options)).toThrow(message.replace("Job.watch", "Job.await"))
    expect(() => Job.watch(kind, "job", options)).toThrow(message)
  })

  it("names the owner of an invalid option", () => {
    expect(() => watching.limits({ interval: 0 }, "Other.wait")).toThrow("Other.wait: interval is 0")
  })

  it("raises the cap to a long interval", () => {
    expect(watching.limits({ interval: "10 minutes" })).toMatchObject({
      interval: 600_000,
      cap: 600_000,
      queued: Infinity
    })
  })
})
const finished: Standing = { _tag: "Stopped", outcome: "COMPLETED", final: true }

type Sight = Standing | ApiError.ApiError
const eitherOf = (sight: Sight): Either.Either<Standing, ApiError.ApiError> =>
  ApiError.isApiError(sight) ? left(sight) : right(sight)

/** Returns the consequence of each sight: the wait in seconds, or the end. */
const follow = (options: Job.WatchOptions, sights: ReadonlyArray<readonly [at: number, Sight]>, random = 0.5) => {
  const limits = watching.limits(options)
  let state = watching.watchingSince(0, limits)
  return sights.map(([at, sight]) => {
    const [next, step] = watching.afterSight(state, at * 1000, eitherOf(sight), limits, random)
    state = next
    switch (step._tag) {
      case "Look":
        return Duration.toSeconds(step.after)
      case "Done":
        return step.outcome
      case "Failed":
        return detailOf(step.error)
      case "Resume": {
        state = watching.afterResume(state, at * 1000, right(undefined), limits, random)[0]
        return "Resume"
      }
    }
  })
}

const still = { jitter: 0 }

describe("afterSight", () => {
  it("increases the waits while nothing changes, and resets them on a change", () => {
    const options = { ...still, interval: "5 seconds", factor: 2, cap: "30 seconds" } as const
    const sights = [queued, queued, queued, queued, queued, active, active].map((sight, n) => [n * 30, sight] as const)
    expect(follow(options, sights)).toEqual([5, 10, 20, 30, 30, 5, 10])
  })

  it("spreads waits by the jitter, in both directions", () => {
    const options = { interval: "10 seconds", jitter: 0.2 } as const
    expect(follow(options, [[0, active]], 0)).toEqual([8])
    expect(follow(options, [[0, active]], 0.5)).toEqual([10])
    expect(follow(options, [[0, active]], 1 - 2 ** -53)).toEqual([12])
  })

  it("waits at least as long as the server hint, but not past the limit of an outage", () => {
    const options = { interval: "5 seconds", outage: "10 minutes" } as const
    const lines = [[0, throttled("100 seconds")]] as const
    expect(follow(options, lines, 0)).toEqual([100])
    expect(follow(options, lines, 0.9)).toEqual([109])
    expect(follow({ ...options, jitter: 0 }, lines, 0.9)).toEqual([100])
    expect(follow(options, [[0, throttled("10 minutes")]])).toEqual([600])
    expect(follow(options, [[0, throttled("601 seconds")]])).toEqual(["RateExceeded/"])
  })

  it("makes one lookup at the very end of a limit", () => {
    const options = { ...still, interval: "40 seconds", queued: "1 minute" } as const
    expect(
      follow(options, [
        [0, queued],
        [40, queued],
        [60, queued]
      ])
    ).toEqual([40, 20, "Timeout/deadline"])
    expect(
      follow(options, [
        [0, queued],
        [40, queued],
        [60, active]
      ])
    ).toEqual([40, 20, 40])
  })

  it("counts queued and active time separately, and time without contact to neither", () => {
    const options = { ...still, interval: "1 minute", queued: "3 minutes", active: "2 minutes" } as const
    expect(
      follow(options, [
        [0, queued],
        [60, queued],
        [120, active],
        [180, down],
        [3000, active],
        [3059, active],
        [3060, active]
      ])
    ).toEqual([60, 60, 60, 60, 60, 1, "Timeout/deadline"])
  })

  it("counts changing time to its own limit", () => {
    const options = { ...still, interval: "1 minute", queued: "3 minutes", changing: "2 minutes" } as const
    expect(
      follow(options, [
        [0, queued],
        [179, changing],
        [239, queued],
        [239, changing],
        [298, changing],
        [299, changing]
      ])
    ).toEqual([60, 60, 1, 60, 1, "Timeout/deadline"])
  })

  it("counts no time to a limit if it may belong to another", () => {
    const options = { ...still, interval: "5 minutes", factor: 1, queued: "1 hour", active: "10 minutes" } as const
    expect(
      follow(options, [
        [0, active],
        [300, active],
        [590, queued],
        [900, active],
        [1199, active],
        [1200, active]
      ])
    ).toEqual([300, 300, 300, 300, 1, "Timeout/deadline"])
  })

  it("names the option that allows more time", () => {
    const limits = watching.limits({ queued: 0, outage: 0 })
    for (const [sight, option] of [
      [queued, "queued"],
      [down, "outage"]
    ] as const) {
      const [, step] = watching.afterSight(watching.watchingSince(0, limits), 0, eitherOf(sight), limits, 0)
      expect(step._tag === "Failed" && step.error.advice).toContain(`raise the option ${option}.`)
    }
  })

  it("fails on lost contact only if it was lost for too long in one go", () => {
    const options = { ...still, interval: "1 minute", outage: "5 minutes" } as const
    const long = [
      [0, down],
      [240, unavailable],
      [299, throttled("1 second")],
      [300, lost]
    ] as const
    expect(follow(options, long)).toEqual([60, 60, 1, "ConnectionLost/"])
    const twice = [
      [0, down],
      [240, active],
      [241, lost],
      [540, down],
      [541, ended]
    ] as const
    expect(follow(options, twice)).toEqual([60, 60, 60, 1, "COMPLETED"])
  })

  it("fails at once if the lookup is forbidden, unless the server asks for a retry", () => {
    expect(follow(still, [[0, forbidden]])).toEqual(["Forbidden/"])
    const mild = new Fatal({ reason: "Forbidden", delivery: "Acknowledged", status: 403, shouldRetry: true })
    expect(follow(still, [[0, mild]])).toEqual([5])
  })

  it("fails at once on an untrusted server only before the first contact", () => {
    const sights = [
      [0, active],
      [5, untrusted],
      [10, active]
    ] as const
    expect(follow(still, sights)).toEqual([5, 7.5, 11.25])
    expect(follow(still, [[0, untrusted]])).toEqual(["Tls/"])
  })

  it("does not end on a 503 with x-should-retry false", () => {
    const once = new Transient({ reason: "Unavailable", delivery: "Acknowledged", status: 503, shouldRetry: false })
    expect(follow(still, [[0, once]])).toEqual([5])
  })

  it("fails with NotFound only after a while, whether or not the job was seen before", () => {
    const options = { ...still, interval: "1 minute", unseen: "2 minutes" } as const
    expect(
      follow(options, [
        [0, missing],
        [60, missing],
        [119, missing],
        [120, missing]
      ])
    ).toEqual([60, 60, 1, "NotFound/"])
    expect(
      follow(options, [
        [0, active],
        [60, missing],
        [179, active],
        [180, missing],
        [299, ended]
      ])
    ).toEqual([60, 60, 60, 60, "COMPLETED"])
  })

  it("does not count an outage to the time without a job", () => {
    const options = { ...still, interval: "1 minute", factor: 1, unseen: "2 minutes" } as const
    expect(
      follow(options, [
        [0, active],
        [5, missing],
        [10, down],
        [600, down],
        [601, missing],
        [715, missing],
        [716, missing]
      ])
    ).toEqual([60, 60, 60, 60, 60, 1, "NotFound/"])
  })

  it("fails with NotFound if the job was deleted", () => {
    expect(follow(still, [[0, gone]])).toEqual(["NotFound/the job was deleted"])
  })

  it("resumes a stopped job as often as allowed, and ignores an end that may precede the resumption", () => {
    const options = { ...still, interval: "50 seconds", resumes: 1, stale: "2 minutes" } as const
    expect(
      follow(options, [
        [0, stopped],
        [50, stopped],
        [100, active],
        [119, stopped],
        [120, stopped]
      ])
    ).toEqual(["Resume", 60, 50, 1, "FAILED"])
    expect(follow({ ...options, resumes: 0 }, [[0, stopped]])).toEqual(["FAILED"])
  })

  it("does not resume a finished job, and accepts its end once it cannot be stale", () => {
    const options = { ...still, interval: "50 seconds", resumes: 2, stale: "2 minutes" } as const
    const sights = [
      [0, stopped],
      [60, finished],
      [120, finished]
    ] as const
    expect(follow(options, sights)).toEqual(["Resume", 60, "COMPLETED"])
    expect(follow(options, [[0, finished]])).toEqual(["COMPLETED"])
  })

  it("ignores an end right after a resumption that preceded the watch", () => {
    const options = { ...still, stale: "1 minute", resumed: true } as const
    expect(
      follow(options, [
        [0, stopped],
        [59, stopped],
        [60, stopped]
      ])
    ).toEqual([5, 1, "FAILED"])
  })

  it("restarts the limits when it resumes", () => {
    const options = { ...still, interval: "1 minute", active: "2 minutes", resumes: 1, stale: 0 } as const
    expect(
      follow(options, [
        [0, active],
        [119, stopped],
        [179, active],
        [298, active],
        [299, active]
      ])
    ).toEqual([60, "Resume", 60, 1, "Timeout/deadline"])
  })
})

describe("afterResume", () => {
  const limits = watching.limits({ ...still, resumes: 2, outage: "10 minutes", unseen: "2 minutes" })
  const start = watching.watchingSince(0, limits)
  const resume = (error: ApiError.ApiError, state = start, now = 1000) =>
    watching.afterResume(state, now, left(error), limits, 0.5)

  it("counts a resumption that may have been executed or was made by another client", () => {
    const refused = new Fatal({ reason: "BadRequest", delivery: "Acknowledged", status: 400 })
    for (const error of [lost, unavailable, taken, refused, unreadable]) {
      const [state, step] = resume(error)
      expect(state).toMatchObject({ resumes: 1, resumedAt: 1000 })
      expect(step).toMatchObject({ _tag: "Look", after: Duration.seconds(5) })
    }
  })

  it("does not count a resumption that did not arrive, and continues within the limit of an outage", () => {
    for (const error of [down, throttled("2 seconds")]) {
      const [state, step] = resume(error)
      expect([state.resumes, state.resumedAt, step._tag]).toEqual([0, -Infinity, "Look"])
      expect(resume(error, state, 598_000)[1]._tag).toBe("Look")
      expect(resume(error, state, 601_000)[1]).toMatchObject({ _tag: "Failed", error: { reason: error.reason } })
    }
    const [state] = resume(missing)
    expect(resume(missing, state, 121_000)[1]).toMatchObject({ _tag: "Failed", error: { reason: "NotFound" } })
  })

  it("does not count the time without contact to the time without a job", () => {
    const [state] = resume(down)
    const [next, step] = resume(missing, state, 300_000)
    expect(step._tag).toBe("Look")
    expect(resume(missing, next, 419_999)[1]._tag).toBe("Look")
    expect(resume(missing, next, 420_000)[1]).toMatchObject({ _tag: "Failed", error: { reason: "NotFound" } })
  })

  it("fails if the resumption is forbidden", () => {
    expect(resume(forbidden)[1]).toMatchObject({ _tag: "Failed", error: { reason: "Forbidden" } })
    expect(resume(unpaid)[1]).toMatchObject({ _tag: "Failed", error: { reason: "PaymentRequired" } })
  })
})

const anyLook = fc.oneof(
  { weight: 6, arbitrary: fc.record({ does: fc.constant("see" as const), lag: fc.nat(90_000) }) },
  { weight: 3, arbitrary: fc.record({ does: fc.constantFrom("fail" as const, "miss" as const), lag: fc.constant(0) }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant("throttle" as const), lag: fc.nat(40).map((n) => n * 1000) }) }
)

const anyResume = fc.constantFrom("done", "lost after", "lost before", "not sent", "busy")

const seconds = (max: number) => fc.integer({ min: 1, max }).map((n) => Duration.seconds(n))

const anyHistory = fc.record({
  lives: fc.array(
    fc.record({
      phases: fc.array(fc.nat(900), { minLength: 1, maxLength: 6 }),
      end: fc.constantFrom("Stopped" as const, "Stopped" as const, "Ended" as const)
    }),
    { minLength: 1, maxLength: 4 }
  ),
  looks: fc.array(anyLook, { minLength: 1, maxLength: 30 }),
  resumes: fc.array(anyResume, { minLength: 1, maxLength: 6 }),
  randoms: fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), { minLength: 1, maxLength: 8 }),
  options: fc.record({
    interval: fc.integer({ min: 5, max: 30 }).map((n) => Duration.seconds(n)),
    factor: fc.constantFrom(1, 1.5, 3),
    cap: fc.constantFrom(Duration.seconds(30), Duration.minutes(5)),
    jitter: fc.constantFrom(0, 0.2, 0.5),
    outage: seconds(1200),
    unseen: seconds(300),
    queued: seconds(2000),
    active: seconds(2000),
    changing: seconds(2000),
    resumes: fc.nat(3),
    stale: fc.constantFrom(Duration.seconds(90), Duration.minutes(5))
  })
})

type History = typeof anyHistory extends fc.Arbitrary<infer H> ? H : never

/** Plays a history without any Effect; lookups and resumptions take no time. */
const play = ({ lives, looks, options, randoms, resumes }: History) => {
  const limits = watching.limits(options)
  let state = watching.watchingSince(0, limits)
  let now = 0
  let resumed = 0
  let steps = 0
  let draws = 0
  let lostSince: number | undefined
  let known = 0
  const random = () => randoms[draws++ % randoms.length] ?? 0
  const [first] = lives
  const past: Array<Life> = first === undefined ? [] : [{ ...first, since: 0 }]
  /** Returns the life that a moment belongs to, and the standing of the job. */
  const truth = (at: number): readonly [number, Standing] => {
    const index = Math.max(
      0,
      past.findLastIndex(({ since }) => since <= at)
    )
    const life = past[index]
    return [index, life === undefined ? gone : standingOf(life, index, at)]
  }
  for (;;) {
    if (++steps > 20_000) throw new Error("the watch does not end")
    const look = looks[steps % looks.length]
    // after 400 steps every lookup succeeds, so that the watch can end
    const does = look === undefined || steps > 400 ? "see" : look.does
    const sight: Sight =
      does === "see"
        ? truth(Math.max(0, now - (look?.lag ?? 0)))[1]
        : does === "fail"
          ? down
          : does === "miss"
            ? missing
            : throttled(look?.lag ?? 0)
    const before = state
    const [seen, step] = watching.afterSight(before, now, eitherOf(sight), limits, random())
    state = seen
    lostSince = ApiError.isApiError(sight) && sight.reason !== "NotFound" ? (lostSince ?? now) : undefined
    let next: Step<string> = step
    if (next._tag === "Resume") {
      const response = resumes[resumed % resumes.length] ?? "done"
      const [, standing] = truth(now)
      if ((response === "done" || response === "lost after") && standing._tag === "Stopped") {
        const life = lives[past.length % lives.length]
        if (life !== undefined) past.push({ ...life, since: now })
      }
      const error = { done: undefined, "lost after": lost, "lost before": lost, "not sent": down, busy: throttled(0) }
      const result = error[response as keyof typeof error]
      ;[state, next] = watching.afterResume(
        state,
        now,
        result === undefined ? right(0) : left(result),
        limits,
        random()
      )
      resumed++
    }
    if (next._tag !== "Look") return { step: next, past, now, limits, state, steps, truth, lostSince, sight, known }
    const wait = Duration.toMillis(next.after)
    if (wait < 1 || !Number.isInteger(wait)) throw new Error(`a wait of ${wait} ms`)
    const hint = sight instanceof RateLimit ? (look?.lag ?? 0) : 0
    if (wait < hint) throw new Error("a hint was shortened")
    const longest = Math.max(limits.cap * (1 + limits.jitter), hint + Math.max(limits.interval, hint / 10)) + 1
    if (wait > longest) throw new Error(`a wait of ${wait} ms above ${longest}`)
    if (lostSince !== undefined && now + wait > lostSince + limits.outage + 1)
      throw new Error("a look after the outage")
    if (!ApiError.isApiError(sight) && state.lostSince === undefined) known += wait
    now += wait
  }
}

describe("a watch", () => {
  it("ends within its limits with the true outcome, and resumes no more often than allowed", () => {
    const seen = { Done: 0, Failed: 0, resumed: 0 }
    fc.assert(
      fc.property(anyHistory, (history) => {
        const { known, limits, now, past, sight, state, step, truth } = play(history)
        expect(state.resumes).toBeLessThanOrEqual(limits.resumes)
        expect(past.length - 1).toBeLessThanOrEqual(limits.resumes)
        if (state.resumes > 0) seen.resumed++
        // the observed time fits into the limits of all lives, plus one wait for each
        const spans =
          (limits.queued + limits.active + limits.changing + limits.stale + limits.unseen) * (limits.resumes + 1)
        expect(known).toBeLessThanOrEqual(spans + (limits.resumes + 1) * limits.cap * 1.5)
        if (step._tag === "Resume") throw new Error("a resumption of a resumption")
        seen[step._tag]++
        if (step._tag === "Done") {
          const [, standing] = truth(now)
          expect(standing).toMatchObject({ outcome: step.outcome })
          return
        }
        // a watch fails by a limit, never by what the job is
        const { error } = step
        if (error.reason === "Timeout") {
          const phase = sight === queued ? "queued" : sight === active ? "active" : "changing"
          const [spent, limit] = [state.spent[phase], limits[phase]]
          expect(spent).toBeGreaterThanOrEqual(limit)
          expect(spent).toBeLessThanOrEqual(now)
        } else if (error.reason === "NotFound") {
          expect(now - (state.unseenSince ?? now)).toBeGreaterThanOrEqual(limits.unseen)
        } else {
          const since = state.refusedSince ?? state.lostSince ?? now
          const hint = error.retryAfter === undefined ? 0 : Duration.toMillis(error.retryAfter)
          expect(now - since + hint).toBeGreaterThanOrEqual(limits.outage)
        }
      }),
      { numRuns: 12_000 }
    )
    // the test is meaningful only if all ends occur
    expect(Math.min(seen.Done, seen.Failed, seen.resumed)).toBeGreaterThan(500)
  })

  it("polls rarely while nothing changes for days", () => {
    const limits = watching.limits({ cap: "20 minutes" })
    let [now, looks, state] = [0, 0, watching.watchingSince(0, limits)]
    while (now < 48 * 3_600_000) {
      const [next, step] = watching.afterSight(state, now, right(queued), limits, 0.5)
      if (step._tag !== "Look") throw new Error(step._tag)
      state = next
      looks++
      now += Duration.toMillis(step.after)
    }
    expect(looks).toBeLessThanOrEqual(160)
  })
})
