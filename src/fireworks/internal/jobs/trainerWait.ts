/**
 * Waits until a job is ready: the meaning of its states, the health probe of a trainer, and the record of interruptions.
 *
 * @since 0.1.0
 */
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Random from "effect/Random"
import * as Stream from "effect/Stream"
import { type ApiError, mayHaveExecuted, settle } from "../../../ApiError.js"
import * as Deadline from "../../../Deadline.js"
import { monotonicMillis } from "../../../internal/clock.js"
import type { Limits, Phase, Watching } from "../../../internal/job/model.js"
import * as watching from "../../../internal/job/watching.js"
import { duration, number, refuse } from "../../../internal/options.js"
import { noted } from "../../../internal/telemetry/logLines.js"
import * as Job from "../../../Job.js"
import type * as Reliability from "../../../Reliability.js"
import type * as Workload from "../../../Workload.js"
import * as Fireworks from "../../Fireworks.js"
import { altered } from "../confidential.js"
import { controlOf } from "../control.js"
import { type Call, checkId, idOf, isRemoved, stateOf, whyOf } from "./lifecycle.js"
import type {
  Checkpoint,
  Ended,
  Goal,
  Kind,
  Optimizer,
  Outcome,
  ReadyOptions,
  Reached,
  Resumable,
  Risk,
  TrainerJob,
  Up
} from "./model.js"
import * as trainer from "./trainerStates.js"

export const paths = {
  trainer: "/rlorTrainerJobs",
  supervised: "/supervisedFineTuningJobs",
  reinforcement: "/reinforcementFineTuningJobs",
  preference: "/dpoJobs"
} as const

// --- Standings -------------------------------------------------------------------------------------

const ends = {
  COMPLETED: "Completed",
  CANCELLED: "Cancelled",
  PAUSED: "Paused",
  EXPIRED: "Expired",
  EARLY_STOPPED: "EarlyStopped"
} as const

const endOf = (job: TrainerJob): Ended | undefined => {
  const state = stateOf(job)
  if (state === "FAILED") return { _tag: "Failed", job, ...whyOf(job) }
  return Object.hasOwn(ends, state) ? { _tag: ends[state as keyof typeof ends], job } : undefined
}

const phases: Readonly<Record<string, "Queued" | "Active">> = {
  PENDING: "Queued",
  RE_QUEUEING: "Queued",
  CREATING: "Active",
  CREATING_INPUT_DATASET: "Active",
  RUNNING: "Active",
  VALIDATING: "Active",
  WRITING_RESULTS: "Active",
  IDLE: "Active"
}

/** Returns the standing of a job for a wait until its end. Of the stopped states, only `FAILED` can be resumed. */
export const untilEnd = (job: TrainerJob, onPause: "wait" | "end" = "wait"): Job.Standing<Ended> => {
  const state = stateOf(job)
  if (isRemoved(state)) return { _tag: "Gone" }
  if (state === "PAUSED" && onPause === "wait") return { _tag: "Queued" }
  const outcome = endOf(job)
  if (outcome !== undefined) return { _tag: "Stopped", outcome, final: state !== "FAILED" }
  return { _tag: phases[state] ?? "Active" }
}

/** Returns the standing of a job for a wait until it is ready. States that are not known are `Changing`. */
export const untilReady = (
  job: TrainerJob,
  { healthy, resumable }: Extract<Goal, { readonly until: "ready" }>
): Job.Standing<Ended | Up> => {
  const state = stateOf(job)
  if (isRemoved(state)) return { _tag: "Gone" }
  const outcome = endOf(job)
  if (outcome !== undefined) return { _tag: "Stopped", outcome, final: !resumable.some((one) => one === state) }
  if (state === "RUNNING" && healthy) return { _tag: "Ended", outcome: { _tag: "Up", job } }
  return { _tag: phases[state] ?? "Changing" }
}

// --- Calls ----------------------------------------------------------------------------------------

/** Calls the custom method `:resume` or `:cancel` of a job, and ignores the body of the response. Logs a resumption. */
export const act = (
  kind: Kind,
  id: string,
  verb: "resume" | "cancel",
  workload: Workload.Workload,
  idempotency: Reliability.Idempotency
): Call<void> =>
  Effect.flatMap(Fireworks.Fireworks, (fireworks) =>
    Effect.zipRight(
      controlOf(fireworks).request(
        HttpClientRequest.bodyUnsafeJson(HttpClientRequest.post(`${paths[kind]}/${id}:${verb}`), {}),
        workload,
        idempotency
      ),
      verb === "resume" ? noted({ _tag: "Resumed", job: id, kind }) : Effect.void
    )
  )

/** The jobs that a warning was logged for, by service. */
const warned = /*#__PURE__*/ new WeakMap<Fireworks.Fireworks, Set<string>>()

/** Logs the advice of a risk, once for each job and service. */
export const warn = (kind: Kind, id: string, risk: Risk | undefined): Call<void> =>
  Effect.flatMap(Fireworks.Fireworks, (service) => {
    const jobs = warned.get(service) ?? new Set()
    warned.set(service, jobs)
    const job = `${paths[kind]}/${id}`
    if (risk === undefined || jobs.has(job)) return Effect.void
    jobs.add(job)
    return Effect.annotateLogs(Effect.logWarning(risk.advice), { job: id, kind })
  })

// --- Waiting --------------------------------------------------------------------------------------

/** Validates the options of a wait, and maps them to the options of `Job.watch`. */
export const limitsOf = (owner: string, options: ReadyOptions, ready: Duration.DurationInput): Job.WatchOptions => {
  const span = (
    name: "pending" | "ready" | "resumable" | "outage" | "unseen" | "stale",
    otherwise: Duration.DurationInput
  ) => duration(owner, name, options[name] ?? otherwise, { infinite: true })
  const interval = duration(owner, "pollInterval", options.pollInterval ?? "5 seconds", { min: 1 })
  const cap = duration(owner, "cap", options.cap ?? Duration.max(interval, "20 minutes"), { min: 1 })
  if (Duration.lessThan(cap, interval)) {
    refuse(owner, "cap", cap, `at least pollInterval, ${Duration.format(interval)}`)
  }
  return {
    interval,
    cap,
    factor: number(owner, "factor", options.factor ?? 1.2, { min: 1 }),
    jitter: number(owner, "jitter", options.jitter ?? 0.2, { max: 0.5 }),
    queued: span("pending", "48 hours"),
    active: span("ready", ready),
    changing: span("resumable", "2 minutes"),
    outage: span("outage", "1 hour"),
    unseen: span("unseen", "2 minutes"),
    stale: span("stale", "2 minutes")
  }
}

const optionNames = { queued: "pending", active: "ready", changing: "resumable" } as const

/** Replaces the option names of `Job.watch` in the error's advice by those of `ReadyOptions`. */
export const withOwnOptions = (error: ApiError): ApiError => {
  // the pattern matches the keys of `optionNames`
  const remedy = error.remedy?.replace(
    /(?<=raise the option )(?:queued|active|changing)(?=\.$)/,
    (phase) => optionNames[phase as Phase]
  )
  return remedy === error.remedy ? error : altered(error, { remedy })
}

/** A wait with validated options. */
export interface Wait {
  readonly kind: Kind
  readonly limits: Job.WatchOptions
  readonly workload: Workload.Workload
  readonly resumable: ReadonlyArray<Resumable>
  readonly atRisk?: Risk | undefined
  readonly get: (id: string) => Call<TrainerJob>
  readonly checkpoints: (id: string) => Stream.Stream<Checkpoint, ApiError, Fireworks.Fireworks>
}

export interface Sight {
  readonly job: TrainerJob
  /** The base URL at which the trainer's health probe succeeded; undefined if none did. */
  readonly baseUrl: string | undefined
}

/** Probes a trainer, first through the gateway and then at its `directRouteHandle`. Returns the first healthy base URL. */
const healthyAt = (job: TrainerJob): Call<string | undefined> =>
  Effect.gen(function* () {
    const control = controlOf(yield* Fireworks.Fireworks)
    const id = `${yield* control.accountId}/${idOf(job)}`
    const bases = [`${control.baseUrl}/training/v1${paths.trainer}/${id}`, job.directRouteHandle?.replace(/\/+$/, "")]
    for (const base of bases) {
      if (base !== undefined && (yield* control.probe(`${base}/api/v1/healthz`))) return base
    }
    return undefined
  })

/** Returns the state of the optimizer. Reads the checkpoints if the trainer was interrupted. */
const optimizerOf = ({ checkpoints, kind }: Wait, id: string, { interruptedAt }: trainer.Past): Call<Optimizer> => {
  if (interruptedAt === undefined) return Effect.succeed({ _tag: "Untouched" })
  if (kind !== "trainer")
    return Effect.succeed({ _tag: "Unknown", why: "the API lists no checkpoints for jobs of this kind" })
  return checkpoints(id).pipe(
    Stream.runFold(trainer.noCheckpoint, (newest, one) => trainer.afterCheckpoint(newest, one, interruptedAt)),
    Deadline.within("2 minutes"),
    Effect.map(trainer.optimizerOf),
    // the job is ready: a failure to read its checkpoints must not fail the wait
    Effect.catchAll(({ reason }) =>
      Effect.succeed<Optimizer>({ _tag: "Unknown", why: `the checkpoints could not be read: ${reason}` })
    )
  )
}

/** Repeats the request to resume until one may have been carried out. */
const resumed = (resume: Call<void>, limits: Limits): Call<void> => {
  const from = (state: Watching): Call<void> =>
    Effect.gen(function* () {
      const result = yield* Effect.either(resume)
      const [next, step] = watching.afterResume(state, yield* monotonicMillis, result, limits, yield* Random.next)
      if (step._tag === "Failed") return yield* Effect.fail(settle(step.error, Math.max(1, step.error.attempts)))
      const isDone = next.resumes > state.resumes
      // after a resumption the first poll follows at once, unless there is a server hint
      const isHinted = Either.isLeft(result) && result.left.retryAfter !== undefined
      if (step._tag === "Look" && (isHinted || !isDone)) yield* Effect.sleep(step.after)
      if (!isDone) yield* from(next)
    })
  return Effect.flatMap(monotonicMillis, (now) => from(watching.watchingSince(now, limits)))
}

/** The end of a wait, as the snapshots show it. */
export interface Arrival {
  readonly outcome: Ended | Up
  readonly baseUrl: string | undefined
}

/** The calls of a wait, and the standings of its snapshots. */
export interface Watched extends Job.Watched<Sight, Arrival, Fireworks.Fireworks> {
  readonly resume: (id: string) => Call<void>
}

/** Returns the calls of a wait, and the standings of its snapshots. */
export const watchedOf = ({ get, kind, resumable, workload }: Wait): Watched => ({
  get: (id) =>
    Effect.gen(function* () {
      const job = yield* get(id)
      const runs = kind === "trainer" && stateOf(job) === "RUNNING"
      return { job, baseUrl: runs ? yield* healthyAt(job) : undefined }
    }),
  standing: ({ baseUrl, job }) => {
    const healthy = kind !== "trainer" || baseUrl !== undefined
    const standing = untilReady(job, { until: "ready", healthy, resumable })
    return "outcome" in standing ? { ...standing, outcome: { outcome: standing.outcome, baseUrl } } : standing
  },
  resume: (id) => act(kind, id, "resume", workload, "never")
})

/** Adds a request to resume to the history of a job. A request that was refused or not delivered changes nothing. */
export const afterResume = (
  past: trainer.Past,
  now: number,
  result: Either.Either<unknown, ApiError>
): trainer.Past => {
  if (Either.isRight(result)) return trainer.afterResume(past, now, true)
  const { left } = result
  return left._tag !== "Fatal" && mayHaveExecuted(left) ? trainer.afterResume(past, now, false) : past
}

/** Returns the outcome of a wait, given its end and the history of the job. Logs that the optimizer's state is lost. */
export const conclude = (id: string, wait: Wait, { baseUrl, outcome }: Arrival, past: trainer.Past): Call<Outcome> =>
  Effect.gen(function* () {
    if (outcome._tag !== "Up") return outcome
    const { resumed } = past
    const { kind } = wait
    const optimizer = yield* optimizerOf(wait, id, past)
    if (optimizer._tag === "Lost") yield* noted({ _tag: "OptimizerLost", job: id, kind, resumed })
    const reached: Reached = {
      job: outcome.job,
      resumed,
      ...(optimizer._tag === "Preserved"
        ? { optimizer, atRisk: undefined }
        : { optimizer, atRisk: wait.atRisk && { ...wait.atRisk, job: id } })
    }
    return baseUrl === undefined ? { _tag: "Running", ...reached } : { _tag: "Ready", baseUrl, ...reached }
  })

/** Waits until a job is ready or has ended. Counts its resumptions and records its interruptions. */
export const reach = (id: string, wait: Wait, first: "look" | "resume"): Call<Outcome> =>
  Effect.gen(function* () {
    yield* checkId(id)
    yield* warn(wait.kind, id, wait.atRisk)
    let past = trainer.nothingSeen
    const record = (next: (now: number) => trainer.Past) =>
      Effect.map(Clock.currentTimeMillis, (now) => void (past = next(now)))
    const { get, resume, standing } = watchedOf(wait)
    const watched: Watched = {
      get: (id) => Effect.tap(get(id), ({ job }) => record((now) => trainer.afterSight(past, job, now))),
      standing,
      resume: (id) =>
        Effect.flatMap(Effect.either(resume(id)), (result) =>
          Effect.zipRight(
            record((now) => afterResume(past, now, result)),
            result
          )
        )
    }
    if (first === "resume") {
      // a snapshot before the resumption holds the server's time of the stop
      const sight = yield* Effect.either(watched.get(id))
      const isGone = Either.isRight(sight) && isRemoved(stateOf(sight.right.job))
      if (!isGone) yield* resumed(watched.resume(id), watching.limits(wait.limits))
    }
    const arrival = yield* Effect.mapError(Job.await(watched, id, wait.limits), withOwnOptions)
    return yield* conclude(id, wait, arrival, past)
  })
