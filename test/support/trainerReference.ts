/** A port of the reference implementation that waits for a trainer, and the world that it runs in. */
import { ApiError } from "effect-reliability"
import type { FireworksServer } from "effect-reliability/testing"
import { all, hours, minutes, seconds } from "./trainers.js"

// -------------------------------------------------------------------------------------------------
// A world: what becomes of a job, and what is told of it
// -------------------------------------------------------------------------------------------------

export interface Stage {
  readonly state: FireworksServer.JobState
  /** Milliseconds. */
  readonly lasts: number
}

/** What the server does to a request: it may answer with what was so long ago. */
export type Mood =
  | { readonly does: "see"; readonly lag: number }
  | { readonly does: "fail" | "miss"; readonly lag: number }

export interface World {
  /** What becomes of it, and what after each time that it is resumed; the last stage of each stays. */
  readonly lives: ReadonlyArray<ReadonlyArray<Stage>>
  readonly mood: (now: number, request: number) => Mood
  /** What becomes of the n-th attempt to resume it. */
  readonly resume: (attempt: number) => "done" | "lost after" | "lost before" | "not sent"
  /** After how long a run it answers. */
  readonly healthyAfter: number
}

export const clear: Mood = { does: "see", lag: 0 }

/** A world in which all goes well but for what is said. */
export const worldOf = (lives: World["lives"], more: Partial<World> = {}): World => ({
  lives,
  mood: () => clear,
  resume: () => "done",
  healthyAfter: 30 * seconds,
  ...more
})

export const down = new ApiError.Transient({ reason: "Connect", delivery: "NotSent" })
export const lost = new ApiError.Transient({ reason: "ConnectionLost", delivery: "Unconfirmed" })
export const missing = new ApiError.Fatal({ reason: "NotFound", delivery: "Acknowledged", status: 404 })
export const refused = new ApiError.Fatal({ reason: "BadRequest", delivery: "Acknowledged", status: 400 })

export interface Truth {
  readonly life: number
  readonly state: FireworksServer.JobState
  readonly since: number
}

/** A job that lives by a world's rules; its time goes on as it is told. */
export const bring = (world: World, start: number) => {
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
export interface Verdict {
  readonly says: string
  readonly at: number
  readonly resumed: number
}

// -------------------------------------------------------------------------------------------------
// The reference's, as it is
// -------------------------------------------------------------------------------------------------

/** Its loops over its HTTP calls, each of which retries for 300 seconds; milliseconds, in the order of the original. */
export const reference = (world: World, method: "reconnectAndWait" | "awaitReady" | "resumeAndWait"): Verdict => {
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

export const stage = (state: FireworksServer.JobState, lasts = Infinity): Stage => ({ state, lasts })

export const running = [stage("CREATING", minutes), stage("RUNNING")]

/** What the reference gets wrong: the world, what it says, and what is so. */
export const cases: ReadonlyArray<
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
