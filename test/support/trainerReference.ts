/** A port of the reference implementation that waits for a trainer, and the world that it runs in. */
import { ApiError } from "effect-reliability"
import type { FireworksServer } from "effect-reliability/testing"
import { all, hours, minutes, seconds } from "./trainers.js"

// -------------------------------------------------------------------------------------------------
// A model of a job and of the responses about it
// -------------------------------------------------------------------------------------------------

export interface Stage {
  readonly state: FireworksServer.JobState
  /** Milliseconds. */
  readonly lasts: number
}

/** The reaction of the server to a request. With a `lag` it responds with the state of that long ago. */
export type Mood =
  | { readonly does: "see"; readonly lag: number }
  | { readonly does: "fail" | "miss"; readonly lag: number }

export interface World {
  /** The stages of the job, first from its creation and then from each resumption. The last stage never ends. */
  readonly lives: ReadonlyArray<ReadonlyArray<Stage>>
  readonly mood: (now: number, request: number) => Mood
  /** The outcome of the n-th attempt to resume the job. */
  readonly resume: (attempt: number) => "done" | "lost after" | "lost before" | "not sent"
  /** Milliseconds from the state RUNNING until the trainer responds. */
  readonly healthyAfter: number
}

export const clear: Mood = { does: "see", lag: 0 }

/** Makes a world without faults other than the given ones. */
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

/** Makes a job that follows a world's rules. Its time advances with `pass`. */
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
    const outcome = world.resume(attempts++)
    if (outcome === "not sent") return down
    if (outcome === "lost before") return lost
    if (!all.some((state) => state === truth().state)) return refused
    begun.push(now)
    return outcome === "done" ? undefined : lost
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

/** The end of a wait: its message, its time and the number of resumptions. */
export interface Verdict {
  readonly says: string
  readonly at: number
  readonly resumed: number
}

// -------------------------------------------------------------------------------------------------
// The reference implementation
// -------------------------------------------------------------------------------------------------

/** Waits as the reference does. Each of its HTTP calls is retried for 300 seconds. The order of the code is the original's. */
export const reference = (world: World, method: "reconnectAndWait" | "awaitReady" | "resumeAndWait"): Verdict => {
  const job = bring(world, 0)
  const end = (says: string): Verdict => ({ says, at: job.now(), resumed: job.lives() - 1 })
  const retried = <A>(call: () => A | ApiError.ApiError): A | ApiError.ApiError => {
    const start = job.now()
    for (let n = 0; ; n++) {
      const result = call()
      if (!ApiError.isApiError(result) || result._tag === "Fatal") return result
      const delay = Math.min(2 ** n, 30) * seconds
      if (job.now() - start + delay > 300 * seconds) return result
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

/** Defects of the reference: a title, the world, the reference's verdict, and the correct one with its resumptions. */
export const cases: ReadonlyArray<
  readonly [string, "reconnectAndWait" | "awaitReady" | "resumeAndWait", World, string, string, number]
> = [
  [
    "waits for capacity beyond the reference's 120 seconds",
    "reconnectAndWait",
    worldOf([[stage("PENDING", hours), stage("RUNNING")]]),
    "RuntimeError: stuck in PENDING",
    "Ready",
    0
  ],
  [
    "waits for new machines after a preemption beyond the reference's 120 seconds",
    "reconnectAndWait",
    worldOf([[stage("RE_QUEUEING", 10 * minutes), ...running]]),
    "RuntimeError: stuck in RE_QUEUEING",
    "Ready",
    0
  ],
  [
    "waits for the creation of the job beyond the reference's 120 seconds",
    "reconnectAndWait",
    worldOf([[stage("CREATING", 5 * minutes), stage("RUNNING")]]),
    "RuntimeError: stuck in CREATING",
    "Ready",
    0
  ],
  [
    "ignores a stale failure after a resumption, where the reference fails",
    "reconnectAndWait",
    worldOf([[stage("FAILED")], running], { mood: (_, n) => ({ does: "see", lag: n < 3 ? 20 * seconds : 0 }) }),
    "RuntimeError: failed",
    "Ready",
    1
  ],
  [
    "resumes a job that fails again, where the reference fails",
    "reconnectAndWait",
    worldOf([[stage("FAILED")], [stage("CREATING", minutes), stage("FAILED")], running]),
    "RuntimeError: failed",
    "Ready",
    2
  ],
  [
    "resumes a job preempted before it is ready, where the reference fails",
    "reconnectAndWait",
    worldOf([[stage("RUNNING", 20 * seconds), stage("FAILED")], running]),
    "RuntimeError: failed",
    "Ready",
    1
  ],
  [
    "survives an outage of half an hour, where the reference fails",
    "reconnectAndWait",
    worldOf([[stage("RUNNING", 20 * seconds), stage("PENDING", hours), ...running]], {
      mood: (now) => (now >= 5 * minutes && now < 35 * minutes ? { does: "fail", lag: 0 } : clear)
    }),
    "RuntimeError: Connect",
    "Ready",
    0
  ],
  [
    "survives an outage at the beginning, where the reference fails",
    "reconnectAndWait",
    worldOf([[stage("RUNNING")]], { mood: (now) => (now < 10 * minutes ? { does: "fail", lag: 0 } : clear) }),
    "RuntimeError: Connect",
    "Ready",
    0
  ],
  [
    "stops the time limit for readiness during a wait for capacity, where the reference fails",
    "awaitReady",
    worldOf([[stage("CREATING", minutes), stage("PENDING", 2 * hours), stage("RUNNING")]], {
      healthyAfter: 2 * minutes
    }),
    "TimeoutError: RUNNING",
    "Ready",
    0
  ],
  [
    "stops the time limit for readiness during a wait for new machines, where the reference fails",
    "awaitReady",
    worldOf([[stage("RUNNING", 20 * seconds), stage("RE_QUEUEING", hours), ...running]]),
    "TimeoutError: RE_QUEUEING",
    "Ready",
    0
  ],
  [
    "reports a job cancelled during the wait, where the reference waits on",
    "awaitReady",
    worldOf([[stage("CREATING", minutes), stage("CANCELLED")]]),
    "TimeoutError: CANCELLED",
    "Cancelled",
    0
  ],
  [
    "reports a job completed during the wait, where the reference waits on",
    "awaitReady",
    worldOf([[stage("CREATING", minutes), stage("COMPLETED")]]),
    "TimeoutError: COMPLETED",
    "Completed",
    0
  ],
  [
    "waits for a job that lookups do not find yet, where the reference fails",
    "awaitReady",
    worldOf([running], { mood: (now) => (now < 20 * seconds ? { does: "miss", lag: 0 } : clear) }),
    "RuntimeError: NotFound",
    "Ready",
    0
  ],
  [
    "reports an expired job, where the reference waits on",
    "reconnectAndWait",
    worldOf([[stage("EXPIRED")]]),
    "RuntimeError: stuck in EXPIRED",
    "Expired",
    0
  ],
  [
    "succeeds after a resumption with a lost response, where the reference fails",
    "resumeAndWait",
    worldOf([[stage("FAILED")], running], { resume: (n) => (n === 0 ? "lost after" : "done") }),
    "RuntimeError: BadRequest",
    "Ready",
    1
  ]
]
