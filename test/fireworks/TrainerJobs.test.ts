import { FetchHttpClient, HttpClient, HttpClientRequest } from "@effect/platform"
import { describe, it } from "@effect/vitest"
import {
  Cause,
  Chunk,
  Duration,
  Effect,
  Either,
  FastCheck as fc,
  Fiber,
  Layer,
  Logger,
  Redacted,
  Stream,
  TestClock
} from "effect"
import { ApiError, type Job, Workload } from "effect-reliability"
import { Fireworks, TrainerJobs } from "effect-reliability/fireworks"
import { Transport } from "effect-reliability/node"
import { Fault, FireworksServer, ScriptedClient } from "effect-reliability/testing"
import { spawn } from "node:child_process"
import { createServer, type RequestListener } from "node:http"
import type { AddressInfo } from "node:net"
import { expect } from "vitest"
import { controlOf } from "../../src/fireworks/internal/control.js"
import { holds } from "../../src/fireworks/internal/jobs/lifecycle.js"
import * as trainer from "../../src/fireworks/internal/jobs/trainerStates.js"
import { limitsOf } from "../../src/fireworks/internal/jobs/trainerWait.js"
import type { Limits, Phase, Step, Watching } from "../../src/internal/job/model.js"
import * as watching from "../../src/internal/job/watching.js"
import { root } from "../support/project.js"

const { left, right } = Either

const seconds = 1000
const minutes = 60 * seconds
const hours = 60 * minutes

const all: ReadonlyArray<TrainerJobs.Resumable> = ["FAILED", "CANCELLED", "PAUSED", "COMPLETED"]

// -------------------------------------------------------------------------------------------------
// A world: what becomes of a job, and what is told of it
// -------------------------------------------------------------------------------------------------

interface Stage {
  readonly state: FireworksServer.JobState
  /** Milliseconds. */
  readonly lasts: number
}

/** What the server does to a request: it may answer with what was so long ago. */
type Mood = { readonly does: "see"; readonly lag: number } | { readonly does: "fail" | "miss"; readonly lag: number }

interface World {
  /** What becomes of it, and what after each time that it is resumed; the last stage of each stays. */
  readonly lives: ReadonlyArray<ReadonlyArray<Stage>>
  readonly mood: (now: number, request: number) => Mood
  /** What becomes of the n-th attempt to resume it. */
  readonly resume: (attempt: number) => "done" | "lost after" | "lost before" | "not sent"
  /** After how long a run it answers. */
  readonly healthyAfter: number
}

const clear: Mood = { does: "see", lag: 0 }

/** A world in which all goes well but for what is said. */
const worldOf = (lives: World["lives"], more: Partial<World> = {}): World => ({
  lives,
  mood: () => clear,
  resume: () => "done",
  healthyAfter: 30 * seconds,
  ...more
})

const down = new ApiError.Transient({ reason: "Connect", delivery: "NotSent" })
const lost = new ApiError.Transient({ reason: "ConnectionLost", delivery: "Unconfirmed" })
const missing = new ApiError.Fatal({ reason: "NotFound", delivery: "Acknowledged", status: 404 })
const refused = new ApiError.Fatal({ reason: "BadRequest", delivery: "Acknowledged", status: 400 })

interface Truth {
  readonly life: number
  readonly state: FireworksServer.JobState
  readonly since: number
}

/** A job that lives by a world's rules; its time goes on as it is told. */
const bring = (world: World, start: number) => {
  const begun = [start]
  let now = start
  let requests = 0
  let attempts = 0
  const truth = (at = now): Truth => {
    const life = Math.max(
      0,
      begun.findLastIndex((since) => since <= at)
    )
    const stages = world.lives[Math.min(life, world.lives.length - 1)] ?? []
    let since = begun[life] ?? start
    for (const { lasts, state } of stages) {
      if (at < since + lasts) return { life, state, since }
      since += lasts
    }
    const last = stages.at(-1)
    return { life, state: last?.state ?? "UNSPECIFIED", since: since - (last?.lasts ?? 0) }
  }
  const healthy = () => {
    const { since, state } = truth()
    return state === "RUNNING" && now - since >= world.healthyAfter
  }
  const get = (): FireworksServer.JobState | ApiError.ApiError => {
    const { does, lag } = world.mood(now, requests++)
    return does === "see" ? truth(now - lag).state : does === "miss" ? missing : down
  }
  const resume = (): ApiError.ApiError | undefined => {
    const answer = world.resume(attempts++)
    if (answer === "not sent") return down
    if (answer === "lost before") return lost
    if (!all.some((state) => state === truth().state)) return refused
    begun.push(now)
    return answer === "done" ? undefined : lost
  }
  return {
    truth,
    healthy,
    get,
    resume,
    now: () => now,
    pass: (millis: number) => void (now += millis),
    lives: () => begun.length,
    requests: () => requests
  }
}

/** How a wait ended: what it said, when, and how often it resumed. */
interface Verdict {
  readonly says: string
  readonly at: number
  readonly resumed: number
}

// -------------------------------------------------------------------------------------------------
// Ours, by its pure functions
// -------------------------------------------------------------------------------------------------

interface Played extends Verdict {
  readonly limits: Limits
  readonly state: Watching
  readonly outcome: TrainerJobs.Ended | TrainerJobs.Up | undefined
  readonly error: ApiError.ApiError | undefined
  readonly job: ReturnType<typeof bring>
  /** For how long there was contact, in all. */
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
    const told = job.get()
    const sight = ApiError.isApiError(told)
      ? left(told)
      : right(
          TrainerJobs.standingOf(
            { name: "accounts/a/rlorTrainerJobs/j", state: `JOB_STATE_${told}` },
            { until: "ready", healthy: told === "RUNNING" && job.healthy(), resumable: all }
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

// -------------------------------------------------------------------------------------------------
// The reference's, as it is
// -------------------------------------------------------------------------------------------------

/** Its loops over its HTTP calls, each of which retries for 300 seconds; milliseconds, in the order of the original. */
const reference = (world: World, method: "reconnectAndWait" | "awaitReady" | "resumeAndWait"): Verdict => {
  const job = bring(world, 0)
  const end = (says: string): Verdict => ({ says, at: job.now(), resumed: job.lives() - 1 })
  const retried = <A>(call: () => A | ApiError.ApiError): A | ApiError.ApiError => {
    const start = job.now()
    for (let n = 0; ; n++) {
      const answer = call()
      if (!ApiError.isApiError(answer) || answer._tag === "Fatal") return answer
      const delay = Math.min(2 ** n, 30) * seconds
      if (job.now() - start + delay > 300 * seconds) return answer
      job.pass(delay)
    }
  }
  const waitForExisting = (timeout: number, pending = 172_800 * seconds): Verdict => {
    const start = job.now()
    let deadline: number | undefined
    for (;;) {
      const state = retried(job.get)
      if (ApiError.isApiError(state)) return end(`RuntimeError: ${state.reason}`)
      if (state === "DELETED" || state === "ARCHIVED") return end("RuntimeError: deleted")
      if (state === "FAILED") return end("RuntimeError: failed")
      if (state === "RUNNING" && job.healthy()) return end("Ready")
      if (state === "PENDING") {
        if (job.now() > start + pending) return end("TimeoutError: pending")
      } else {
        deadline ??= job.now() + timeout
        if (job.now() > deadline) return end(`TimeoutError: ${state}`)
      }
      job.pass(5 * seconds)
    }
  }
  const resumeAndWait = (timeout: number): Verdict => {
    const error = retried(() => job.resume() ?? true)
    return ApiError.isApiError(error) ? end(`RuntimeError: ${error.reason}`) : waitForExisting(timeout)
  }
  if (method === "awaitReady") return waitForExisting(900 * seconds)
  if (method === "resumeAndWait") return resumeAndWait(900 * seconds)
  for (;;) {
    const state = retried(job.get)
    if (ApiError.isApiError(state)) {
      if (job.now() > 120 * seconds) return end(`RuntimeError: ${state.reason}`)
      job.pass(5 * seconds)
    } else if (state === "RUNNING") return waitForExisting(600 * seconds)
    else if (all.some((one) => one === state)) return resumeAndWait(600 * seconds)
    else if (job.now() > 120 * seconds) return end(`RuntimeError: stuck in ${state}`)
    else job.pass(10 * seconds)
  }
}

const stage = (state: FireworksServer.JobState, lasts = Infinity): Stage => ({ state, lasts })

const running = [stage("CREATING", minutes), stage("RUNNING")]

/** What the reference gets wrong: the world, what it says, and what is so. */
const cases: ReadonlyArray<
  readonly [string, "reconnectAndWait" | "awaitReady" | "resumeAndWait", World, string, string, number]
> = [
  [
    "waiting for capacity counts against the 120 seconds",
    "reconnectAndWait",
    worldOf([[stage("PENDING", hours), stage("RUNNING")]]),
    "RuntimeError: stuck in PENDING",
    "Ready",
    0
  ],
  [
    "so does waiting for new machines after a preemption",
    "reconnectAndWait",
    worldOf([[stage("RE_QUEUEING", 10 * minutes), ...running]]),
    "RuntimeError: stuck in RE_QUEUEING",
    "Ready",
    0
  ],
  [
    "so does being created",
    "reconnectAndWait",
    worldOf([[stage("CREATING", 5 * minutes), stage("RUNNING")]]),
    "RuntimeError: stuck in CREATING",
    "Ready",
    0
  ],
  [
    "the failure before a resumption, told after it, is the end",
    "reconnectAndWait",
    worldOf([[stage("FAILED")], running], { mood: (_, n) => ({ does: "see", lag: n < 3 ? 20 * seconds : 0 }) }),
    "RuntimeError: failed",
    "Ready",
    1
  ],
  [
    "a job that fails again is not resumed again",
    "reconnectAndWait",
    worldOf([[stage("FAILED")], [stage("CREATING", minutes), stage("FAILED")], running]),
    "RuntimeError: failed",
    "Ready",
    2
  ],
  [
    "a preemption while it becomes ready is the end",
    "reconnectAndWait",
    worldOf([[stage("RUNNING", 20 * seconds), stage("FAILED")], running]),
    "RuntimeError: failed",
    "Ready",
    1
  ],
  [
    "an outage of half an hour is a failed job",
    "reconnectAndWait",
    worldOf([[stage("RUNNING", 20 * seconds), stage("PENDING", hours), ...running]], {
      mood: (now) => (now >= 5 * minutes && now < 35 * minutes ? { does: "fail", lag: 0 } : clear)
    }),
    "RuntimeError: Connect",
    "Ready",
    0
  ],
  [
    "so is one at the very beginning",
    "reconnectAndWait",
    worldOf([[stage("RUNNING")]], { mood: (now) => (now < 10 * minutes ? { does: "fail", lag: 0 } : clear) }),
    "RuntimeError: Connect",
    "Ready",
    0
  ],
  [
    "the time for becoming ready goes on while it waits for capacity again",
    "awaitReady",
    worldOf([[stage("CREATING", minutes), stage("PENDING", 2 * hours), stage("RUNNING")]], {
      healthyAfter: 2 * minutes
    }),
    "TimeoutError: RUNNING",
    "Ready",
    0
  ],
  [
    "waiting for new machines counts as becoming ready",
    "awaitReady",
    worldOf([[stage("RUNNING", 20 * seconds), stage("RE_QUEUEING", hours), ...running]]),
    "TimeoutError: RE_QUEUEING",
    "Ready",
    0
  ],
  [
    "a job that is cancelled while it is waited for is waited for",
    "awaitReady",
    worldOf([[stage("CREATING", minutes), stage("CANCELLED")]]),
    "TimeoutError: CANCELLED",
    "Cancelled",
    0
  ],
  [
    "one that is completed too",
    "awaitReady",
    worldOf([[stage("CREATING", minutes), stage("COMPLETED")]]),
    "TimeoutError: COMPLETED",
    "Completed",
    0
  ],
  [
    "one that cannot be seen yet does not exist",
    "awaitReady",
    worldOf([running], { mood: (now) => (now < 20 * seconds ? { does: "miss", lag: 0 } : clear) }),
    "RuntimeError: NotFound",
    "Ready",
    0
  ],
  [
    "one whose time is over is waited for, and has no outcome",
    "reconnectAndWait",
    worldOf([[stage("EXPIRED")]]),
    "RuntimeError: stuck in EXPIRED",
    "Expired",
    0
  ],
  [
    "a resumption whose answer is lost is asked for again, and refused",
    "resumeAndWait",
    worldOf([[stage("FAILED")], running], { resume: (n) => (n === 0 ? "lost after" : "done") }),
    "RuntimeError: BadRequest",
    "Ready",
    1
  ]
]

describe("where the reference is wrong", () => {
  it.each(cases)("%s", (_, method, world, wrong, so, resumed) => {
    expect(reference(world, method).says).toBe(wrong)
    const ours = play(world, method)
    expect([ours.says, ours.resumed]).toEqual([so, resumed])
  })

  it("a deleted job is waited for, for two minutes", () => {
    for (const state of ["DELETED", "ARCHIVED", "DELETING", "DELETING_CLEANING_UP"] as const) {
      const world = worldOf([[stage(state)]])
      expect(reference(world, "reconnectAndWait")).toMatchObject({ at: 130 * seconds })
      expect(play(world, "reconnectAndWait")).toMatchObject({ says: "the job was deleted", at: 0 })
    }
  })

  it("it asks every five seconds for two days", () => {
    const world = worldOf([[stage("PENDING", 47 * hours), stage("RUNNING")]])
    const naive = bring(world, 0)
    while (naive.get() !== "RUNNING") naive.pass(5 * seconds)
    expect(naive.requests()).toBeGreaterThan(30_000)
    expect(play(world, "awaitReady").job.requests()).toBeLessThanOrEqual(200)
  })

  it("both agree where nothing goes wrong", () => {
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
// Any history
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

describe("a wait", () => {
  it("ends within its limits, takes no live job for dead nor a dead one for live, and resumes no oftener than allowed", () => {
    const seen = { Up: 0, Ended: 0, Limit: 0, Gone: 0, resumed: 0, wrong: 0 }
    fc.assert(
      fc.property(anyHistory, ({ healthyAfter, lives, method, moods, options, outage, randoms, resumes }) => {
        let draws = 0
        const world: World = {
          lives,
          healthyAfter,
          // a server that is never well again is watched in vain
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
        // a resumption that does not arrive is made again for as long as contact may be lost
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
    // the histories are worth something only if all ends occur
    expect(Math.min(...Object.values(seen))).toBeGreaterThan(30)
  })

  it("looks fewer than 200 times in two days, whatever the jitter", () => {
    for (const random of [0, 0.25, 0.5, 0.75, 0.999]) {
      let draws = 0
      const played = play(
        worldOf([[stage("CREATING", minutes), stage("PENDING", 48 * hours), ...running]], {
          mood: (now) => (now > 20 * hours && now < 20.5 * hours ? { does: "fail", lag: 0 } : clear)
        }),
        "awaitReady",
        { jitter: 0.2 },
        // chance is even in the long run
        () => (draws++ % 2 === 0 ? random : 0.999 - random)
      )
      expect(played.says).toBe("Ready")
      expect(played.job.requests()).toBeLessThanOrEqual(200)
    }
  })
})

// -------------------------------------------------------------------------------------------------
// The API in memory
// -------------------------------------------------------------------------------------------------

const key = "fw-test-key"
const account = "acme"

const over = (client: HttpClient.HttpClient) =>
  Fireworks.layer({ apiKey: Redacted.make(key), accountId: account }).pipe(
    Layer.provide(Layer.succeed(HttpClient.HttpClient, client))
  )

/** A test with the API behind it. */
const against = (
  options: FireworksServer.Options,
  test: (server: FireworksServer.InMemory) => Effect.Effect<void, ApiError.ApiError, Fireworks.Fireworks>
) =>
  Effect.flatMap(FireworksServer.inMemory({ account, ...options }), (server) =>
    Effect.provide(test(server), over(server.client))
  ).pipe(Effect.provide(quiet))

/** A test with answers of its own behind it. */
const scripted = (
  script: Fault.Script,
  test: (client: ScriptedClient.ScriptedClient) => Effect.Effect<void, ApiError.ApiError, Fireworks.Fireworks>
) =>
  Effect.flatMap(ScriptedClient.make(script), (client) => Effect.provide(test(client), over(client))).pipe(
    Effect.provide(quiet)
  )

const quiet = Logger.replace(
  Logger.defaultLogger,
  Logger.make(() => undefined)
)

/** What an effect logs, with its result. */
const logged = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.suspend(() => {
    const lines: Array<string> = []
    const logger = Logger.make(({ logLevel, message }) => void lines.push(`${logLevel.label} ${String(message)}`))
    return Effect.map(Effect.provide(effect, Logger.replace(Logger.defaultLogger, logger)), (a) => [a, lines] as const)
  })

/** What comes of an effect within some time. */
const within = <A, E, R>(effect: Effect.Effect<A, E, R>, time: Duration.DurationInput) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.fork(effect)
    yield* TestClock.adjust(time)
    expect(fiber.unsafePoll(), `it takes more than ${Duration.format(time)}`).not.toBeNull()
    return yield* Fiber.join(fiber)
  })

const failureOf = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.orDieWith(Effect.flip(effect), () => new Error("it did not fail"))

const requestsOf = (server: FireworksServer.FireworksServer) =>
  Effect.map(server.requests, (requests) => requests.map(({ method, path }) => `${method} ${path}`))

const base = `/v1/accounts/${account}/rlorTrainerJobs`
const healthz = `/training/v1/rlorTrainerJobs/${account}/j/api/v1/healthz`

const json = (body: object): Fault.Answer => Fault.answer(200, { body })

const make = TrainerJobs.create({ id: "j", dcpSaveInterval: 10 })

/** Lives one after the other, each with its last stage for ever. */
const lives =
  (...timelines: ReadonlyArray<FireworksServer.Timeline>) =>
  ({ life }: FireworksServer.NewJob): FireworksServer.Timeline | undefined =>
    timelines[Math.min(life, timelines.length) - 1]

const serving: FireworksServer.Timeline = [{ state: "CREATING", lasts: "1 minute" }, { state: "RUNNING" }]
const preempted = (after: Duration.DurationInput): FireworksServer.Timeline => [
  { state: "RUNNING", lasts: after },
  { state: "FAILED", message: "The job was preempted" }
]

const reached = (outcome: TrainerJobs.Outcome) => {
  if (outcome._tag !== "Ready") throw new Error(`it is ${outcome._tag}`)
  return outcome
}

// -------------------------------------------------------------------------------------------------
// create
// -------------------------------------------------------------------------------------------------

describe("create", () => {
  it.effect("makes a job of each kind, under the id it is given", () =>
    against({}, (server) =>
      Effect.gen(function* () {
        const { job } = yield* TrainerJobs.create({
          id: "policy",
          displayName: "Policy",
          trainingConfig: { baseModel: "accounts/fireworks/models/m", loraRank: 8 },
          nodeCount: 2,
          inactivityTimeout: "30 minutes",
          trainingShape: "large",
          more: { serviceMode: true }
        })
        expect([TrainerJobs.idOf(job), job.nodeCount, job.serviceMode]).toEqual(["policy", 2, true])
        for (const kind of ["supervised", "reinforcement", "preference"] as const) {
          yield* TrainerJobs.create({ kind, id: kind, dataset: "rows" })
          expect(TrainerJobs.idOf(yield* TrainerJobs.get(kind, { kind }))).toBe(kind)
        }
        const [first, second] = (yield* server.requests).filter(({ method }) => method === "POST")
        expect(first?.path).toBe(`${base}?rlorTrainerJobId=policy&trainingShape=large`)
        expect(JSON.parse(first?.body ?? "")).toEqual({
          displayName: "Policy",
          trainingConfig: { baseModel: "accounts/fireworks/models/m", loraRank: 8 },
          nodeCount: 2,
          inactivityTimeout: "1800s",
          serviceMode: true
        })
        expect(second?.path).toContain("/supervisedFineTuningJobs?supervisedFineTuningJobId=supervised")
        expect(JSON.parse(second?.body ?? "")).toEqual({ dataset: "accounts/acme/datasets/rows" })
        expect((yield* server.creations).map(({ kind }) => kind)).toEqual([
          "rlorTrainerJobs",
          "supervisedFineTuningJobs",
          "reinforcementFineTuningJobs",
          "dpoJobs"
        ])
      })
    )
  )

  it.effect("makes one job, though the answer is lost, and is in conflict with another", () =>
    against({ injections: [{ method: "POST", fault: Fault.reset, takesEffect: true }] }, (server) =>
      Effect.gen(function* () {
        const trainingConfig = { loraRank: 8 }
        yield* within(TrainerJobs.create({ id: "j", trainingConfig }), "1 minute")
        yield* TrainerJobs.create({ id: "j", trainingConfig })
        const error = yield* within(
          failureOf(TrainerJobs.create({ id: "j", trainingConfig: { loraRank: 9 } })),
          "1 minute"
        )
        expect(error.reason).toBe("Conflict")
        expect((yield* server.creations).map(({ made }) => made)).toEqual([1])
      })
    )
  )

  it.effect("warns once, typed and in the log, where the optimizer's state is at risk", () =>
    against({}, () =>
      Effect.gen(function* () {
        const [none, silence] = yield* logged(TrainerJobs.create({ dcpSaveInterval: 1 }))
        expect([none.atRisk, silence]).toEqual([undefined, []])
        for (const interval of [0, undefined] as const) {
          const [{ atRisk }, lines] = yield* logged(TrainerJobs.create({ dcpSaveInterval: interval }))
          expect(atRisk).toMatchObject({ _tag: "OptimizerStateAtRisk", interval })
          expect(lines).toEqual([`WARN ${atRisk?.advice}`])
          expect(lines.join()).toContain("set dcp_save_interval above 0")
        }
      })
    )
  )

  it.effect("warns of a job once, whoever comes upon it first, and of each job anew", () =>
    against({ timeline: [{ state: "RUNNING" }], healthyAfter: 0 }, () =>
      Effect.gen(function* () {
        const [{ atRisk }, created] = yield* logged(TrainerJobs.create({ id: "j" }))
        expect(created).toEqual([`WARN ${atRisk?.advice}`])
        const reconnect = (id: string) =>
          logged(within(TrainerJobs.reconnectAndWait(id, { dcpSaveInterval: 0 }), "1 minute"))
        const [outcome, again] = yield* reconnect("j")
        expect([reached(outcome).atRisk?.interval, again]).toEqual([0, []])

        yield* TrainerJobs.create({ id: "another", dcpSaveInterval: 10 })
        expect((yield* reconnect("another"))[1].length).toBe(1)
        expect((yield* reconnect("another"))[1]).toEqual([])
      })
    )
  )

  it.effect("refuses what it cannot send, by the name of the field, before any request", () =>
    against({}, (server) =>
      Effect.gen(function* () {
        const bad: ReadonlyArray<readonly [string, TrainerJobs.Submission]> = [
          ["id", { id: "a/b" }],
          ["displayName", { displayName: " " }],
          ["trainingShape", { trainingShape: "" }],
          ["dataset", { kind: "supervised", dataset: "accounts/acme/models/x" }]
        ]
        for (const [field, submission] of bad) {
          const error = yield* failureOf(TrainerJobs.create(submission))
          expect([error.reason, error.detail?.split(" ")[0]]).toEqual(["InvalidRequest", field])
        }
        expect(() => TrainerJobs.create({ dcpSaveInterval: -1 })).toThrow("TrainerJobs.create: dcpSaveInterval is -1")
        expect(() => TrainerJobs.create({ nodeCount: 0 })).toThrow("nodeCount is 0")
        expect(() => TrainerJobs.create({ inactivityTimeout: "-1 second" })).toThrow("inactivityTimeout")
        expect((yield* server.requests).length).toBe(0)
      })
    )
  )
})

// -------------------------------------------------------------------------------------------------
// Other calls
// -------------------------------------------------------------------------------------------------

describe("the other calls", () => {
  it.effect("list jobs and checkpoints page by page, as they are asked for", () =>
    against({ timeline: [{ state: "RUNNING" }], checkpointEvery: "1 minute" }, (server) =>
      Effect.gen(function* () {
        const ids = ["a", "b", "c"]
        yield* Effect.forEach(ids, (id) => TrainerJobs.create({ id, dcpSaveInterval: 1 }))
        const found = yield* Stream.runCollect(TrainerJobs.list({ pageSize: 2 }))
        expect(Chunk.toReadonlyArray(found).map(TrainerJobs.idOf)).toEqual(ids)
        yield* TestClock.adjust("7 minutes")
        const saved = yield* Stream.runCollect(TrainerJobs.checkpoints("a", { pageSize: 3 }))
        expect(Chunk.size(saved)).toBe(7)
        expect((yield* requestsOf(server)).slice(-3)).toEqual([
          `GET ${base}/a/checkpoints?pageSize=3`,
          `GET ${base}/a/checkpoints?pageSize=3&pageToken=after-3`,
          `GET ${base}/a/checkpoints?pageSize=3&pageToken=after-6`
        ])
        expect(yield* Stream.runCollect(TrainerJobs.list({ kind: "preference" }))).toEqual(Chunk.empty())
      })
    )
  )

  it.effect("cancel once, though the answer is lost, and not what has ended otherwise", () =>
    against({ timeline: [{ state: "RUNNING" }] }, (server) =>
      Effect.gen(function* () {
        yield* make
        yield* server.inject({ path: ":cancel", fault: Fault.reset, takesEffect: true })
        yield* within(TrainerJobs.cancel("j"), "10 seconds")
        yield* TestClock.adjust("10 seconds")
        expect(TrainerJobs.stateOf(yield* TrainerJobs.get("j"))).toBe("CANCELLED")
        yield* TrainerJobs.cancel("j")
        yield* server.setJob("j", "COMPLETED")
        expect((yield* failureOf(TrainerJobs.cancel("j"))).reason).toBe("BadRequest")
      })
    )
  )

  it.effect("resume what stopped, and ask for it once", () =>
    against({ timeline: lives([{ state: "FAILED" }], serving) }, (server) =>
      Effect.gen(function* () {
        yield* make
        yield* server.inject({ path: ":resume", fault: Fault.answer(503), takesEffect: true })
        expect((yield* failureOf(TrainerJobs.resume("j"))).reason).toBe("Unavailable")
        expect((yield* server.jobs).map(({ life }) => life)).toEqual([2])
        expect((yield* failureOf(TrainerJobs.resume("j"))).reason).toBe("BadRequest")
        expect((yield* requestsOf(server)).filter((line) => line.endsWith(":resume")).length).toBe(2)
      })
    )
  )

  it.effect("delete once, though the answer is lost", () =>
    against({ tombstone: "hidden", injections: [{ method: "DELETE", fault: Fault.reset, takesEffect: true }] }, () =>
      Effect.gen(function* () {
        yield* make
        yield* within(TrainerJobs.delete("j"), "10 seconds")
        expect((yield* failureOf(TrainerJobs.get("j"))).reason).toBe("NotFound")
      })
    )
  )

  it.effect("refuse bad ids and bad options by their names, before any request", () =>
    against({}, (server) =>
      Effect.gen(function* () {
        const calls = [
          TrainerJobs.get("a/b"),
          TrainerJobs.resume(""),
          TrainerJobs.cancel("../x"),
          TrainerJobs.delete("a b"),
          TrainerJobs.awaitReady("?"),
          TrainerJobs.resumeAndWait("-a"),
          TrainerJobs.reconnectAndWait("a:resume"),
          TrainerJobs.await("a/b"),
          Stream.runDrain(TrainerJobs.watch("a/b")),
          Stream.runDrain(TrainerJobs.checkpoints("a/b"))
        ]
        for (const call of calls) expect((yield* failureOf(call)).detail?.split(" ")[0]).toBe("id")
        const named = yield* failureOf(TrainerJobs.get(`accounts/${account}/rlorTrainerJobs/j`))
        expect(named.detail).toContain("give the id alone")
        expect((yield* server.requests).length).toBe(0)
      })
    )
  )

  it.effect("lead out of the account by no blank that a URL drops", () =>
    scripted(json({}), (client) =>
      Effect.gen(function* () {
        const control = controlOf(yield* Fireworks.Fireworks)
        for (const path of ["/.\t./victim/deployments", "/.\n./victim", "/.\r/x", "/ x"]) {
          const error = yield* failureOf(control.request(HttpClientRequest.get(path), Workload.interactive))
          expect(error.reason).toBe("InvalidRequest")
        }
        expect(yield* client.requests).toEqual([])
      })
    )
  )

  it("take an empty list for one that the server leaves out", () => {
    expect(holds({ name: "x" }, { tags: [] })).toBe(true)
    expect(holds({ name: "x", tags: [] }, { tags: undefined })).toBe(true)
    expect(holds({ name: "x", tags: ["a"] }, { tags: [] })).toBe(false)
  })

  it("refuse bad options in their own names", () => {
    expect(() => TrainerJobs.await("j", { interval: 0 })).toThrow("TrainerJobs.await: interval is 0")
    expect(() => TrainerJobs.watch("j", { factor: 0 })).toThrow("TrainerJobs.watch: factor is 0")
  })

  it.each([
    [{ pollInterval: 0 }, "pollInterval is 0"],
    [{ pollInterval: "1 hour", cap: "1 minute" }, "cap is 1m; it must be at least pollInterval, 1h"],
    [{ factor: 0.5 }, "factor is 0.5"],
    [{ jitter: 0.6 }, "jitter is 0.6"],
    [{ ready: -1 }, "ready is -1"],
    [{ resumable: Number.NaN }, "resumable is NaN"],
    [{ pending: "-1 day" }, `pending is "-1 day"`],
    [{ outage: -1 }, "outage is -1"],
    [{ unseen: -1 }, "unseen is -1"],
    [{ stale: -1 }, "stale is -1"],
    [{ resumes: 1.5 }, "resumes is 1.5"],
    [{ dcpSaveInterval: 0.5 }, "dcpSaveInterval is 0.5"]
  ] as ReadonlyArray<readonly [TrainerJobs.ReconnectOptions, string]>)("refuse %o", (options, message) => {
    expect(() => TrainerJobs.reconnectAndWait("j", options)).toThrow(`TrainerJobs.reconnectAndWait: ${message}`)
  })

  it("refuse what is no state to resume from, no kind, and no resumption to begin with", () => {
    const states = ["RUNNING"] as unknown as ReadonlyArray<TrainerJobs.Resumable>
    expect(() => TrainerJobs.reconnectAndWait("j", { resumableStates: states })).toThrow("resumableStates")
    expect(() => TrainerJobs.get("j", { kind: "batch" as TrainerJobs.Kind })).toThrow(`kind is "batch"`)
    expect(() => TrainerJobs.resumeAndWait("j", { resumes: 0 })).toThrow("resumes is 0")
    expect(() => TrainerJobs.watch("j", { jitter: 2 })).toThrow("jitter")
    expect(() => TrainerJobs.list({ pageSize: 0 })).toThrow("pageSize")
  })
})

// -------------------------------------------------------------------------------------------------
// Ready
// -------------------------------------------------------------------------------------------------

describe("awaitReady", () => {
  it.effect("waits until the trainer answers, and says where", () =>
    against({}, (server) =>
      Effect.gen(function* () {
        yield* make
        const outcome = reached(yield* within(TrainerJobs.awaitReady("j"), "9 minutes"))
        expect(outcome).toMatchObject({
          baseUrl: `https://api.fireworks.ai/training/v1/rlorTrainerJobs/${account}/j`,
          resumed: 0,
          optimizer: { _tag: "Untouched" },
          atRisk: undefined
        })
        const probe = (yield* server.requests).find(({ path }) => path === healthz)
        expect(probe?.headers).toMatchObject({ authorization: `Bearer ${key}`, "x-api-key": key })
      })
    )
  )

  it.effect("takes the direct route where the gateway does not answer", () =>
    against({ timeline: [{ state: "RUNNING" }], health: "direct", healthyAfter: 0 }, () =>
      Effect.gen(function* () {
        yield* make
        const { baseUrl } = reached(yield* TrainerJobs.awaitReady("j"))
        expect(baseUrl).toBe(`https://api.fireworks.ai/direct/${account}/j`)
      })
    )
  )

  it.effect("sends the key to no other host", () => {
    const handles = [
      "http://trainer.fireworks.ai",
      "https://fireworks.ai.evil.example",
      "https://evilfireworks.ai",
      "https://user:pass@trainer.fireworks.ai",
      "https://evil.example/fireworks.ai",
      "trainer.fireworks.ai",
      "https://trainer.fireworks.ai:8443/t/"
    ]
    return scripted([], (client) =>
      Effect.gen(function* () {
        for (const directRouteHandle of handles) {
          yield* client.script((request) =>
            request.path === `${base}/j`
              ? json({ name: "n/j", state: "JOB_STATE_RUNNING", directRouteHandle })
              : Fault.answer(request.path.includes("/direct/") || request.path.startsWith("/t/") ? 200 : 503)
          )
          const wait = TrainerJobs.awaitReady("j", { ready: "10 seconds" })
          const outcome = yield* within(Effect.either(wait), "1 minute")
          expect([directRouteHandle, Either.isRight(outcome) && reached(outcome.right).baseUrl]).toEqual([
            directRouteHandle,
            directRouteHandle.endsWith("/t/") && "https://trainer.fireworks.ai:8443/t"
          ])
        }
        const hosts = new Set((yield* client.requests).map(({ headers }) => headers["host"] ?? ""))
        expect([...hosts].toSorted()).toEqual(["api.fireworks.ai", "trainer.fireworks.ai:8443"])
      })
    )
  })

  it.live.each([
    [302, "fetch"],
    [307, "fetch"],
    [302, "Transport"],
    [307, "Transport"]
  ] as const)("takes a %d to another host for no answer, by %s, and leaves the key at home", ([status, client]) => {
    const listening = (listener: RequestListener) =>
      Effect.acquireRelease(
        Effect.async<AddressInfo & { close: () => void }>((resume) => {
          const server = createServer(listener)
          server.listen(0, "127.0.0.1", () => {
            const close = () => void (server.closeAllConnections(), server.close())
            resume(Effect.succeed({ ...(server.address() as AddressInfo), close }))
          })
        }),
        ({ close }) => Effect.sync(close)
      )
    return Effect.scoped(
      Effect.gen(function* () {
        const strayed: Array<string | undefined> = []
        const other = yield* listening((request, response) => {
          strayed.push(request.url)
          response.end("{}")
        })
        const ours = yield* listening((request, response) => {
          if (request.url === `${base}/j`) {
            response.setHeader("content-type", "application/json")
            response.end(JSON.stringify({ name: "n/j", state: "JOB_STATE_RUNNING" }))
          } else {
            response.writeHead(status, { location: `http://localhost:${other.port}/login` }).end()
          }
        })
        const http = client === "fetch" ? FetchHttpClient.layer : Transport.layer()
        const options = { apiKey: Redacted.make(key), accountId: account, baseUrl: `http://127.0.0.1:${ours.port}` }
        const Live = Fireworks.layer(options).pipe(Layer.provide(http))
        const asked = Effect.gen(function* () {
          const control = controlOf(yield* Fireworks.Fireworks)
          const healthy = yield* control.probe(`${control.baseUrl}/healthz`)
          return [healthy, (yield* failureOf(TrainerJobs.resume("j")))._tag]
        })
        expect(yield* Effect.provide(asked, Live)).toEqual([false, "Fatal"])
        expect(strayed).toEqual([])
      })
    )
  })

  it.effect("gives a probe five seconds, and takes only 200 for an answer", () =>
    scripted(
      (() => {
        let probes = 0
        return (request) => {
          if (request.path === `${base}/j`) return json({ name: "n/j", state: "JOB_STATE_RUNNING" })
          probes++
          return probes === 1 ? Fault.unanswered : Fault.answer(probes === 2 ? 204 : 200)
        }
      })(),
      (client) =>
        Effect.gen(function* () {
          yield* within(TrainerJobs.awaitReady("j", { jitter: 0, factor: 1 }), "15 seconds")
          expect((yield* client.requests).map(({ path }) => (path === healthz ? "probe" : "look"))).toEqual([
            "look",
            "probe",
            "look",
            "probe",
            "look",
            "probe"
          ])
        })
    )
  )

  it.effect("tells of each end, and resumes none", () =>
    against({}, (server) =>
      Effect.gen(function* () {
        yield* make
        const ends = [
          ["FAILED", "Failed"],
          ["COMPLETED", "Completed"],
          ["CANCELLED", "Cancelled"],
          ["PAUSED", "Paused"],
          ["EXPIRED", "Expired"],
          ["EARLY_STOPPED", "EarlyStopped"]
        ] as const
        for (const [state, tag] of ends) {
          yield* server.setJob("j", [{ state, message: "so it is" }])
          const outcome = yield* TrainerJobs.awaitReady("j")
          expect(outcome._tag).toBe(tag)
          if (outcome._tag === "Failed") expect([outcome.code, outcome.message]).toEqual(["INTERNAL", "so it is"])
        }
        for (const state of ["DELETING", "DELETING_CLEANING_UP", "DELETED", "ARCHIVED"] as const) {
          yield* server.setJob("j", state)
          expect((yield* failureOf(TrainerJobs.reconnectAndWait("j"))).detail).toBe("the job was deleted")
        }
        expect((yield* requestsOf(server)).filter((line) => line.endsWith(":resume"))).toEqual([])
      })
    )
  )

  it.effect("ends with a limit of each kind, and by no other's", () =>
    against({ healthyAfter: Duration.infinity }, (server) =>
      Effect.gen(function* () {
        const seldom = { pollInterval: "50 minutes", cap: "2 hours" } as const
        const limits = [
          ["PENDING", "pending", "queued for 3h"],
          ["RE_QUEUEING", "pending", "queued for 3h"],
          ["CREATING", "ready", "active for 3h"],
          ["RUNNING", "ready", "active for 3h"],
          // it is at work, or up and without work; that takes more than the two minutes between two states
          ["VALIDATING", "ready", "active for 3h"],
          ["WRITING_RESULTS", "ready", "active for 3h"],
          ["IDLE", "ready", "active for 3h"],
          ["CANCELLING", "resumable", "changing for 3h"]
        ] as const
        const short = { pending: "1 minute", ready: "1 minute", resumable: "1 minute" } as const
        yield* make
        for (const [state, option, detail] of limits) {
          yield* server.setJob("j", state)
          const wait = TrainerJobs.awaitReady("j", { ...short, [option]: "3 hours", ...seldom })
          const error = yield* within(failureOf(wait), "3 hours")
          expect([error.reason, error.phase, error.detail]).toEqual(["Timeout", "deadline", `the job was ${detail}`])
          expect(error.advice).toContain(`by the option ${option}.`)
        }
      })
    )
  )

  it.effect("has the reference's limits where nothing is said", () =>
    against({ healthyAfter: Duration.infinity }, (server) =>
      Effect.gen(function* () {
        yield* make
        const seldom = { factor: 10, cap: "12 hours" } as const
        const ends = [
          ["RUNNING", TrainerJobs.awaitReady("j", seldom), "15 minutes", "active for 15m"],
          ["RUNNING", TrainerJobs.reconnectAndWait("j", seldom), "10 minutes", "active for 10m"],
          ["RUNNING", TrainerJobs.resumeAndWait("j", seldom), "15 minutes", "active for 15m"],
          ["CANCELLING", TrainerJobs.reconnectAndWait("j", seldom), "2 minutes", "changing for 2m"],
          ["PENDING", TrainerJobs.reconnectAndWait("j", seldom), "48 hours", "queued for 2d"]
        ] as const
        for (const [state, wait, time, detail] of ends) {
          yield* server.setJob("j", state)
          expect((yield* within(failureOf(wait), Duration.sum(time, "10 seconds"))).detail).toBe(
            `the job was ${detail}`
          )
        }
      })
    )
  )

  it.effect("takes a fine-tuning job for ready when it runs", () =>
    against({}, (server) =>
      Effect.gen(function* () {
        yield* TrainerJobs.create({ kind: "supervised", id: "s", dataset: "rows" })
        const outcome = yield* within(TrainerJobs.awaitReady("s", { kind: "supervised" }), "9 minutes")
        expect(outcome).toMatchObject({ _tag: "Running", resumed: 0, optimizer: { _tag: "Untouched" } })
        expect((yield* requestsOf(server)).filter((line) => line.includes("healthz"))).toEqual([])
      })
    )
  )

  it.effect("looks fewer than 200 times in two days, half an hour of them without contact", () =>
    against(
      {
        timeline: [
          { state: "CREATING", lasts: "1 minute" },
          { state: "PENDING", lasts: "48 hours" },
          { state: "CREATING", lasts: "1 minute" },
          { state: "RUNNING" }
        ],
        outages: [{ after: "20 hours", lasts: "30 minutes" }]
      },
      (server) =>
        Effect.gen(function* () {
          yield* make
          const waiting = yield* Effect.fork(TrainerJobs.awaitReady("j"))
          yield* TestClock.adjust("49 hours")
          expect(reached(yield* Fiber.join(waiting)).resumed).toBe(0)
          expect((yield* server.requests).length).toBeLessThanOrEqual(200)
          const [, ...looks] = yield* server.requests
          const waits = looks.map(({ at }, n) => at - (looks[n - 1]?.at ?? at))
          // what becomes ready is noticed soon
          expect(Math.max(...waits)).toBeLessThanOrEqual(24 * minutes)
        })
    )
  )

  it.effect("leaves nothing behind when it is interrupted", () =>
    against({}, (server) =>
      Effect.gen(function* () {
        yield* make
        const waiting = yield* Effect.fork(TrainerJobs.awaitReady("j"))
        yield* TestClock.adjust("3 minutes")
        yield* Fiber.interrupt(waiting)
        const before = (yield* server.requests).length
        yield* TestClock.adjust("1 hour")
        expect((yield* server.requests).length).toBe(before)
        expect(Chunk.size(yield* TestClock.sleeps())).toBe(0)
      })
    )
  )
})

// -------------------------------------------------------------------------------------------------
// Preempted
// -------------------------------------------------------------------------------------------------

const went = (outcome: TrainerJobs.Outcome) => {
  const { optimizer, resumed } = reached(outcome)
  const from = optimizer._tag === "Preserved" ? optimizer.checkpoint.name.split("/").at(-1) : undefined
  return [resumed, optimizer._tag, from]
}

describe("reconnectAndWait", () => {
  it.effect("resumes what was preempted, and says from which checkpoint it went on", () =>
    against({ timeline: lives(preempted("45 minutes"), serving) }, () =>
      Effect.gen(function* () {
        yield* make
        yield* TestClock.adjust("50 minutes")
        const outcome = yield* within(TrainerJobs.reconnectAndWait("j", { dcpSaveInterval: 10 }), "3 minutes")
        expect(went(outcome)).toEqual([1, "Preserved", "step-4"])
      })
    )
  )

  it.effect("counts no checkpoint that was saved after the interruption", () =>
    against({ timeline: lives(preempted("45 minutes"), serving), checkpointEvery: "20 seconds" }, (server) =>
      Effect.gen(function* () {
        yield* make
        yield* TestClock.adjust("50 minutes")
        // it is long back when that is noticed
        const wait = TrainerJobs.reconnectAndWait("j", { pollInterval: "9 minutes", dcpSaveInterval: 10 })
        expect(went(yield* within(wait, "20 minutes"))).toEqual([1, "Preserved", "step-135"])
        expect((yield* server.jobs)[0]?.life).toBe(2)
      })
    )
  )

  it.effect("says that the optimizer's state is lost where no checkpoint holds it", () =>
    Effect.forEach([{ checkpoints: "inference" }, { checkpointEvery: Duration.infinity }] as const, (options) =>
      against({ ...options, timeline: lives(preempted("45 minutes"), serving) }, () =>
        Effect.gen(function* () {
          yield* make
          yield* TestClock.adjust("50 minutes")
          const [outcome, lines] = yield* logged(
            within(TrainerJobs.reconnectAndWait("j", { dcpSaveInterval: 0 }), "3 minutes")
          )
          expect(went(outcome)).toEqual([1, "Lost", undefined])
          expect(reached(outcome).atRisk).toMatchObject({ _tag: "OptimizerStateAtRisk", interval: 0 })
          expect(lines.length).toBe(1)
          expect(lines.join()).not.toContain(account)
        })
      )
    )
  )

  it.effect("says that it does not know where the checkpoints cannot be read, and is ready all the same", () =>
    against({ timeline: lives(preempted("45 minutes"), serving) }, (server) =>
      Effect.gen(function* () {
        yield* make
        yield* TestClock.adjust("50 minutes")
        yield* server.inject({ path: "/checkpoints", times: 100, fault: Fault.answer(500) })
        const outcome = yield* within(TrainerJobs.reconnectAndWait("j"), "5 minutes")
        expect(reached(outcome).optimizer).toEqual({
          _tag: "Unknown",
          why: "the checkpoints could not be read: ServerError"
        })
        expect(reached(outcome).atRisk?.interval).toBeUndefined()
      })
    )
  )

  it.effect("waits for new machines for days, and sees that it was interrupted", () =>
    against(
      {
        timeline: [{ state: "RUNNING", lasts: "25 minutes" }, { state: "RE_QUEUEING", lasts: "30 hours" }, ...serving]
      },
      (server) =>
        Effect.gen(function* () {
          yield* make
          yield* TestClock.adjust("26 minutes")
          const outcome = yield* within(TrainerJobs.reconnectAndWait("j"), "31 hours")
          expect(went(outcome)).toEqual([0, "Preserved", "step-2"])
          expect((yield* server.jobs)[0]?.life).toBe(1)
        })
    )
  )

  it.effect("is preempted on the way by the server's hand, once and again", () =>
    against({ timeline: lives(serving), healthyAfter: "20 minutes" }, (server) =>
      Effect.gen(function* () {
        yield* make
        const waiting = yield* Effect.fork(TrainerJobs.reconnectAndWait("j", { ready: "30 minutes" }))
        yield* TestClock.adjust("15 minutes")
        yield* server.preempt("j", "RE_QUEUEING")
        yield* TestClock.adjust("15 minutes")
        yield* server.preempt("j")
        yield* TestClock.adjust("40 minutes")
        const outcome = yield* Fiber.join(waiting)
        expect(went(outcome)).toEqual([1, "Preserved", "step-1"])
      })
    )
  )

  it.effect("takes no failure that is told late for the end", () =>
    against({ timeline: lives(preempted("5 minutes"), serving) }, (server) =>
      Effect.gen(function* () {
        yield* make
        yield* TestClock.adjust("10 minutes")
        yield* server.stale("100 seconds")
        const outcome = yield* within(TrainerJobs.reconnectAndWait("j"), "10 minutes")
        expect(reached(outcome).resumed).toBe(1)
        expect((yield* requestsOf(server)).filter((line) => line.endsWith(":resume")).length).toBe(1)
      })
    )
  )

  it.effect("resumes no oftener than allowed, and then tells why it failed", () =>
    against({ timeline: preempted("5 minutes"), healthyAfter: "1 hour" }, (server) =>
      Effect.gen(function* () {
        yield* make
        const outcome = yield* within(TrainerJobs.reconnectAndWait("j", { resumes: 2 }), "1 hour")
        expect(outcome).toMatchObject({ _tag: "Failed", message: "The job was preempted" })
        expect((yield* server.jobs)[0]?.life).toBe(3)
      })
    )
  )

  it.effect("resumes from the states that it is told, and completed fine-tuning only if it is told so", () =>
    against({ timeline: lives([{ state: "COMPLETED" }], [{ state: "RUNNING" }]), healthyAfter: 0 }, () =>
      Effect.gen(function* () {
        yield* make
        const none = yield* TrainerJobs.reconnectAndWait("j", { resumableStates: ["FAILED"] })
        expect(none._tag).toBe("Completed")
        expect(went(yield* within(TrainerJobs.reconnectAndWait("j"), "1 minute"))[0]).toBe(1)
        const kind = "preference"
        yield* TrainerJobs.create({ kind, id: "p", dataset: "rows" })
        expect((yield* TrainerJobs.reconnectAndWait("p", { kind }))._tag).toBe("Completed")
        const outcome = yield* within(
          TrainerJobs.reconnectAndWait("p", { kind, resumableStates: ["COMPLETED"] }),
          "1 minute"
        )
        expect(outcome).toMatchObject({ _tag: "Running", resumed: 1, optimizer: { _tag: "Unknown" } })
      })
    )
  )

  it.effect("waits for what is hidden for a while, and believes then that it is gone", () =>
    against({ visibleAfter: "90 seconds", tombstone: "hidden", healthyAfter: 0 }, () =>
      Effect.gen(function* () {
        yield* make
        expect((yield* within(TrainerJobs.reconnectAndWait("j"), "9 minutes"))._tag).toBe("Ready")
        yield* TrainerJobs.delete("j")
        const error = yield* within(failureOf(TrainerJobs.reconnectAndWait("j")), "3 minutes")
        expect(error.reason).toBe("NotFound")
      })
    )
  )

  it.effect("shows neither key nor account in what it fails with", () => {
    const echo = (request: Fault.Request) =>
      Fault.answer(403, {
        body: { error: { message: `${request.headers["x-api-key"]} of accounts/${account}`, code: account } }
      })
    return scripted(echo, () =>
      Effect.gen(function* () {
        for (const wait of [
          TrainerJobs.reconnectAndWait("j"),
          TrainerJobs.resumeAndWait("j"),
          TrainerJobs.cancel("j")
        ]) {
          const error = yield* failureOf(wait)
          expect(error.reason).toBe("Forbidden")
          const shown = [
            error.message,
            JSON.stringify(error),
            Cause.pretty(Cause.fail(error), { renderErrorCause: true })
          ]
          expect(shown.join("\n")).not.toMatch(new RegExp(`${key}|\\b${account}\\b`))
        }
      })
    )
  })
})

describe("resumeAndWait", () => {
  it.effect("resumes what stopped, once, though the answer is lost", () =>
    Effect.forEach([true, false], (takesEffect) =>
      against({ timeline: lives(preempted("25 minutes"), serving) }, (server) =>
        Effect.gen(function* () {
          yield* make
          yield* TestClock.adjust("30 minutes")
          yield* server.inject({ path: ":resume", fault: Fault.reset, takesEffect })
          const outcome = yield* within(TrainerJobs.resumeAndWait("j"), "10 minutes")
          expect(went(outcome)).toEqual([1, "Preserved", "step-2"])
          expect((yield* server.jobs)[0]?.life).toBe(2)
        })
      )
    )
  )

  it.effect("takes no failure from before the resumption for the end", () =>
    against({ timeline: lives(preempted("5 minutes"), serving) }, (server) =>
      Effect.gen(function* () {
        yield* make
        yield* TestClock.adjust("10 minutes")
        yield* server.stale("100 seconds")
        const outcome = yield* within(TrainerJobs.resumeAndWait("j", { resumes: 1 }), "10 minutes")
        expect(reached(outcome).resumed).toBe(1)
      })
    )
  )

  it.effect.each(["COMPLETED", "EARLY_STOPPED"])("takes no %s from before the resumption for the end", (end) =>
    scripted(
      ({ method, number }) =>
        method === "POST" ? json({}) : json({ name: "n/j", state: `JOB_STATE_${number <= 4 ? end : "RUNNING"}` }),
      () =>
        Effect.gen(function* () {
          const outcome = yield* within(TrainerJobs.resumeAndWait("j", { kind: "supervised" }), "2 minutes")
          expect(outcome._tag).toBe("Running")
        })
    )
  )

  it.effect("asks for no resumption of what was deleted", () =>
    against({ tombstone: "DELETED" }, (server) =>
      Effect.gen(function* () {
        yield* make
        yield* TrainerJobs.delete("j")
        yield* TestClock.adjust("10 minutes")
        const error = yield* within(failureOf(TrainerJobs.resumeAndWait("j")), "1 second")
        expect([error.reason, error.detail]).toEqual(["NotFound", "the job was deleted"])
        expect((yield* requestsOf(server)).filter((line) => line.endsWith(":resume"))).toEqual([])
      })
    )
  )

  it.effect("looks no sooner than the server asks after a resumption", () =>
    scripted(
      ({ method }) =>
        method === "POST"
          ? Fault.answer(503, { retryAfter: "60 seconds" })
          : json({ name: "n/j", state: "JOB_STATE_FAILED" }),
      (client) =>
        Effect.gen(function* () {
          const fiber = yield* Effect.fork(TrainerJobs.resumeAndWait("j", { kind: "supervised" }))
          yield* TestClock.adjust("59 seconds")
          expect((yield* client.requests).map(({ method }) => method)).toEqual(["GET", "POST"])
          yield* TestClock.adjust("10 seconds")
          expect((yield* client.requests)[2]?.method).toBe("GET")
          yield* Fiber.interrupt(fiber)
        })
    )
  )

  it.effect("waits for what runs already, and outlasts an outage", () =>
    against({ outages: [{ after: "1 second", lasts: "20 minutes" }] }, (server) =>
      Effect.gen(function* () {
        yield* make
        yield* TestClock.adjust("1 second")
        const outcome = yield* within(TrainerJobs.resumeAndWait("j"), "30 minutes")
        expect([went(outcome)[0], went(outcome)[1], (yield* server.jobs)[0]?.life]).toEqual([0, "Untouched", 1])
      })
    )
  )
})

describe("await and watch", () => {
  it.effect("wait for the end of a fine-tuning job, and resume it if they are told to", () =>
    against(
      { timeline: lives(preempted("5 minutes"), [{ state: "RUNNING", lasts: "5 minutes" }, { state: "COMPLETED" }]) },
      () =>
        Effect.gen(function* () {
          const kind = "reinforcement"
          yield* TrainerJobs.create({ kind, id: "r", dataset: "rows" })
          const states = yield* within(Stream.runCollect(TrainerJobs.watch("r", { kind })), "7 minutes")
          expect(new Set(Chunk.map(states, TrainerJobs.stateOf))).toEqual(new Set(["RUNNING", "FAILED"]))
          expect(yield* TrainerJobs.await("r", { kind })).toMatchObject({
            _tag: "Failed",
            message: "The job was preempted"
          })
          expect((yield* within(TrainerJobs.await("r", { kind, resumes: 1 }), "10 minutes"))._tag).toBe("Completed")
        })
    )
  )

  it.effect("wait for what is paused, unless that is an end", () =>
    against({ timeline: [{ state: "PAUSED", lasts: "5 minutes" }, { state: "COMPLETED" }] }, () =>
      Effect.gen(function* () {
        yield* make
        expect((yield* TrainerJobs.await("j", { onPause: "end" }))._tag).toBe("Paused")
        expect((yield* within(TrainerJobs.await("j"), "7 minutes"))._tag).toBe("Completed")
      })
    )
  )
})

// -------------------------------------------------------------------------------------------------
// The optimizer, step by step
// -------------------------------------------------------------------------------------------------

describe("what became of the optimizer", () => {
  const at = (minute: number) => new Date(minute * minutes).toISOString()
  const sight = (state: string, minute?: number): TrainerJobs.TrainerJob => ({
    name: "n/j",
    state: `JOB_STATE_${state}`,
    ...(minute !== undefined && { updateTime: at(minute) })
  })
  const seen = (...sights: ReadonlyArray<TrainerJobs.TrainerJob>) =>
    sights.reduce((past, one, n) => trainer.afterSight(past, one, n * minutes), trainer.nothingSeen).interruptedAt
  const saved = (type: string, minute?: number): TrainerJobs.Checkpoint => ({
    name: `${type}@${minute}`,
    checkpointType: `CHECKPOINT_TYPE_${type}`,
    ...(minute !== undefined && { createTime: at(minute) })
  })
  const from = (minute: number, ...all: ReadonlyArray<TrainerJobs.Checkpoint>) => {
    const found = trainer.optimizerOf(
      all.reduce((newest, one) => trainer.afterCheckpoint(newest, one, minute * minutes), trainer.noCheckpoint)
    )
    return found._tag === "Preserved" ? found.checkpoint.name : found._tag
  }

  it("is told by the server's times, the last interruption counting", () => {
    expect(seen(sight("CREATING", 1), sight("PENDING", 2), sight("RUNNING", 3))).toBeUndefined()
    expect(seen(sight("RUNNING", 3), sight("RE_QUEUEING", 9), sight("RUNNING", 12))).toBe(9 * minutes)
    expect(seen(sight("RE_QUEUEING", 9), sight("FAILED", 30))).toBe(30 * minutes)
    // its queueing again was missed
    expect(seen(sight("RUNNING", 3), sight("PENDING", 10))).toBe(10 * minutes)
    expect(seen(sight("RUNNING", 3), sight("CREATING", 10))).toBe(10 * minutes)
    for (const end of ["FAILED", "CANCELLED", "PAUSED", "COMPLETED"]) {
      expect(seen(sight("RUNNING", 3), sight(end, 9))).toBe(9 * minutes)
    }
    // of these it tells nothing
    expect(seen(sight("RUNNING", 3), sight("PENDING", 3), sight("WRITING_RESULTS", 9))).toBeUndefined()
    // these are told late
    expect(seen(sight("RUNNING", 3), sight("PENDING", 2), sight("CREATING", 1))).toBeUndefined()
    expect(seen(sight("FAILED", 30), sight("RE_QUEUEING", 9))).toBe(30 * minutes)
    // without times of the server, the clock's
    expect(seen(sight("RUNNING"), sight("FAILED"))).toBe(minutes)
    expect(trainer.afterResume(trainer.nothingSeen, 7, true)).toMatchObject({ interruptedAt: 7, resumed: 1 })
  })

  it("knows of a resumption whose answer was lost by the next sight of a job that goes on", () => {
    const running = trainer.afterSight(trainer.nothingSeen, sight("RUNNING", 3), 0)
    expect(running).toMatchObject({ stopped: false, asked: false, resumed: 0 })
    // there was nothing to be resumed
    expect(trainer.afterResume(running, 0, false)).toEqual(running)
    const stopped = trainer.afterSight(running, sight("FAILED", 9), 0)
    const asked = trainer.afterResume(stopped, 0, false)
    expect(asked).toEqual({ ...stopped, asked: true, resumed: 0 })
    const still = trainer.afterSight(asked, sight("FAILED", 9), 0)
    expect(still).toMatchObject({ stopped: true, asked: true, resumed: 0 })
    expect(trainer.afterResume(still, 0, true)).toMatchObject({ asked: false, resumed: 1 })
    expect(trainer.afterSight(still, sight("PENDING", 10), 0)).toMatchObject({ asked: false, resumed: 1 })
    expect(trainer.afterResume(trainer.nothingSeen, 0, false)).toEqual(trainer.nothingSeen)
    expect(trainer.afterSight(trainer.nothingSeen, sight("RUNNING", 3), 0).resumed).toBe(0)
  })

  it("is the newest checkpoint with optimizer from before, in whatever order they come", () => {
    const all = [saved("TRAINING", 10), saved("TRAINING_LORA", 20), saved("TRAINING", 31), saved("INFERENCE_BASE", 25)]
    fc.assert(
      fc.property(fc.shuffledSubarray(all, { minLength: 4 }), (shuffled) => {
        expect(from(30, ...shuffled)).toBe("TRAINING_LORA@20")
      })
    )
    expect(from(9, ...all)).toBe("Lost")
    expect(from(10, ...all)).toBe("TRAINING@10")
    expect(from(30, saved("INFERENCE_LORA", 5), saved("INFERENCE_ARC_V2", 6))).toBe("Lost")
    expect(from(30, saved("TRAINING", 5), saved("TRAINING"))).toBe("Unknown")
    expect(trainer.optimizerOf(trainer.afterCheckpoint(trainer.noCheckpoint, saved("TRAINING"), 30))).toEqual({
      _tag: "Unknown",
      why: "a checkpoint does not say when it was saved"
    })
  })

  it("is held by checkpoints of training only, with a prefix or without", () => {
    const types = ["TRAINING", "CHECKPOINT_TYPE_TRAINING_LORA", "PRE_TRAINING", "TRAINING_X", undefined]
    expect(types.map((checkpointType) => trainer.hasOptimizer({ name: "c", checkpointType }))).toEqual([
      true,
      true,
      false,
      false,
      false
    ])
  })
})

// -------------------------------------------------------------------------------------------------
// A process that is killed
// -------------------------------------------------------------------------------------------------

/** Starts a program that reconnects to the job and waits until it is ready. */
const start = (server: FireworksServer.OnSockets, id: string) => {
  const child = spawn(process.execPath, ["--import", "tsx", "test/support/trainerJob.ts", id], {
    cwd: root,
    env: {
      ...process.env,
      NODE_OPTIONS: "",
      FIREWORKS_API_KEY: server.key,
      FIREWORKS_ACCOUNT_ID: server.account,
      FIREWORKS_BASE_URL: server.origin
    },
    stdio: ["ignore", "pipe", "pipe"]
  })
  let said = ""
  child.stdout.on("data", (data: Buffer) => (said += data.toString()))
  child.stderr.on("data", (data: Buffer) => (said += data.toString()))
  const ended = new Promise<string>((resolve) =>
    child.once("close", (code, signal) => resolve(signal ?? (code === 0 ? said : `${code}: ${said}`)))
  )
  return { ended, kill: () => child.kill("SIGKILL") }
}

const until = (condition: Effect.Effect<boolean>): Effect.Effect<void> =>
  Effect.repeat(Effect.delay(condition, "20 millis"), { until: (holds) => holds }).pipe(
    Effect.timeout("60 seconds"),
    Effect.orDie,
    Effect.asVoid
  )

it.scopedLive(
  "a new process reconnects to the job of one that was killed while it waited, and resumes it",
  () =>
    Effect.gen(function* () {
      const server = yield* FireworksServer.make({
        timeline: lives([{ state: "PENDING" }], [{ state: "RUNNING" }]),
        healthyAfter: 0
      })
      const looks = Effect.map(server.requests, (all) => all.filter(({ method }) => method === "GET").length)
      const first = start(server, "j")
      yield* until(Effect.map(looks, (count) => count >= 3))
      first.kill()
      expect(yield* Effect.promise(() => first.ended)).toBe("SIGKILL")

      yield* server.preempt("j")
      const second = start(server, "j")
      const said = yield* Effect.promise(() => second.ended)
      expect(said).toBe(`1 Lost ${server.origin}/training/v1/rlorTrainerJobs/${account}/j`)
      expect(yield* server.creations).toEqual([{ kind: "rlorTrainerJobs", id: "j", asked: 1, made: 1 }])
    }),
  300_000
)
