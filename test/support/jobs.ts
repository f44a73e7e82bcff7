/** Fixtures of the tests in Job/. */
import { Clock, Duration, Effect } from "effect"
import type { Job } from "effect-reliability"
import { ApiError } from "effect-reliability"

// -------------------------------------------------------------------------------------------------
// Errors of calls
// -------------------------------------------------------------------------------------------------

const { Fatal, RateLimit, Transient } = ApiError

export const lost = new Transient({ reason: "ConnectionLost", delivery: "Unconfirmed" })
export const down = new Transient({ reason: "Connect", delivery: "NotSent" })
export const unavailable = new Transient({ reason: "Unavailable", delivery: "Acknowledged", status: 503 })
export const missing = new Fatal({ reason: "NotFound", delivery: "Acknowledged", status: 404 })
export const taken = new Fatal({ reason: "Conflict", delivery: "Acknowledged", status: 409 })
export const unreadable = new Fatal({ reason: "Decode", delivery: "Acknowledged", status: 200 })
export const forbidden = new Fatal({ reason: "Forbidden", delivery: "Acknowledged", status: 403 })
export const makeThrottled = (retryAfter: Duration.DurationInput) =>
  new RateLimit({
    reason: "RateExceeded",
    delivery: "Acknowledged",
    status: 429,
    retryAfter: Duration.decode(retryAfter)
  })

export const known = new Map<Duration.DurationInput, ApiError.RateLimit>()
export const throttled = (retryAfter: Duration.DurationInput) => {
  const error = known.get(retryAfter) ?? makeThrottled(retryAfter)
  known.set(retryAfter, error)
  return error
}

// -------------------------------------------------------------------------------------------------
// Watching, step by step
// -------------------------------------------------------------------------------------------------

export type Standing = Job.Standing<string>
export const queued: Standing = { _tag: "Queued" }
export const active: Standing = { _tag: "Active" }
export const changing: Standing = { _tag: "Changing" }
export const stopped: Standing = { _tag: "Stopped", outcome: "FAILED" }
export const ended: Standing = { _tag: "Ended", outcome: "COMPLETED" }
export const gone: Standing = { _tag: "Gone" }

// -------------------------------------------------------------------------------------------------
// Watching, random histories
// -------------------------------------------------------------------------------------------------

export interface Life {
  readonly since: number
  /** Seconds queued, active and changing, in turn, before the end. */
  readonly phases: ReadonlyArray<number>
  readonly end: "Stopped" | "Ended"
}

export const standingOf = (life: Life, index: number, now: number): Standing => {
  let at = life.since
  for (const [n, seconds] of life.phases.entries()) {
    at += seconds * 1000
    if (now < at) return [queued, active, changing][n % 3] ?? queued
  }
  return { _tag: life.end, outcome: `${life.end} ${index}` }
}

export interface Stored {
  readonly input: string
  readonly life: Life
}

export interface Snapshot {
  readonly input: string
  readonly standing: Standing
}

export interface Plan {
  readonly phases: ReadonlyArray<number>
  readonly end: Life["end"]
  readonly sends: ReadonlyArray<(typeof moods)[number]>
  readonly looks: ReadonlyArray<(typeof glances)[number]>
}

export const moods = [
  "well",
  "lost after",
  "lost before",
  "down",
  "failed after",
  "unreadable",
  "dies after",
  "dies before"
] as const
export const glances = ["well", "late", "later", "down", "lost", "busy", "dies"] as const

export const healthy: Plan = { phases: [60, 120], end: "Ended", sends: [], looks: [] }

export class Died extends Error {}

/** Makes a server that rejects a second job with the same id, and keeps all jobs. */
export const makeServer = (plan: Plan = healthy) => {
  const jobs = new Map<string, Stored>()
  const made: Array<string> = []
  const lookedAt: Array<number> = []
  let [sends, looks] = [0, 0]
  const create = (id: string, input: string) =>
    Effect.flatMap(Clock.currentTimeMillis, (now): Effect.Effect<Snapshot, ApiError.ApiError> => {
      const mood = plan.sends[sends++] ?? "well"
      if (mood === "lost before") return Effect.fail(lost)
      if (mood === "down") return Effect.fail(down)
      if (mood === "dies before") return Effect.die(new Died())
      const refused = jobs.has(id)
      if (!refused) {
        jobs.set(id, { input, life: { since: now, phases: plan.phases, end: plan.end } })
        made.push(id)
      }
      if (mood === "lost after") return Effect.fail(lost)
      if (mood === "failed after") return Effect.fail(unavailable)
      if (mood === "unreadable") return Effect.fail(unreadable)
      if (mood === "dies after") return Effect.die(new Died())
      return refused ? Effect.fail(taken) : Effect.succeed({ input, standing: queued })
    })
  const get = (id: string) =>
    Effect.flatMap(Clock.currentTimeMillis, (now): Effect.Effect<Snapshot, ApiError.ApiError> => {
      lookedAt.push(now)
      const glance = plan.looks[looks++] ?? "well"
      if (glance === "down") return Effect.fail(down)
      if (glance === "lost") return Effect.fail(lost)
      if (glance === "busy") return Effect.fail(throttled("30 seconds"))
      if (glance === "dies") return Effect.die(new Died())
      const at = now - (glance === "late" ? 20_000 : glance === "later" ? 90_000 : 0)
      const job = jobs.get(id)
      return job === undefined || job.life.since > at
        ? Effect.fail(missing)
        : Effect.succeed({ input: job.input, standing: standingOf(job.life, 0, at) })
    })
  return { jobs, made, lookedAt, create, get }
}

export const kindOf = (server: Pick<ReturnType<typeof makeServer>, "create" | "get">) =>
  ({
    create: server.create,
    get: server.get,
    standing: (snapshot) => snapshot.standing,
    isSame: (snapshot, input) => snapshot.input === input
  }) satisfies Job.Kind<string, Snapshot, string>
