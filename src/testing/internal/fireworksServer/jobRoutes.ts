/**
 * Jobs of the simulated API: the routes that read or change them.
 *
 * @since 0.1.0
 */
import type { Answer } from "../../Fault.js"
import { isId, provisioning } from "./config.js"
import { type Call, type Code, failure, type Json, masked, ok, page, parse, timestamp } from "./messages.js"
import { momentAt, momentsFrom, progressAt, redirect, runsUntil } from "./jobTimeline.js"
import type { Creation, JobKind, JobRecord, JobState, Timeline, Config, World, Moment } from "./model.js"
import type { Transition, Job } from "./model.js"

const deleted: ReadonlySet<JobState> = /*#__PURE__*/ new Set<JobState>(["DELETED", "ARCHIVED"])

const over: ReadonlySet<JobState> = /*#__PURE__*/ new Set<JobState>([
  ...deleted,
  "COMPLETED",
  "FAILED",
  "CANCELLED",
  "EXPIRED",
  "EARLY_STOPPED"
])

/** The states from which the SDK resumes a job. */
const resumable: ReadonlySet<JobState> = /*#__PURE__*/ new Set<JobState>(["FAILED", "CANCELLED", "PAUSED", "COMPLETED"])

export const jobName = (config: Config, kind: JobKind, id: string): string => `accounts/${config.account}/${kind}/${id}`

export const isDeleted = (job: Job, at: number): boolean =>
  deleted.has(momentAt(job.moments, at)?.state ?? "UNSPECIFIED")

/** Returns the latest job with an id, even if it is deleted. */
export const latest = (world: World, id: string, kind?: JobKind): Job | undefined =>
  world.jobs.findLast((job) => job.id === id && (kind === undefined || job.kind === kind))

/** Returns the moment of a job that a read shows; undefined before the job is visible and after it is hidden. */
const seen = (config: Config, job: Job, { asOf, at }: Call): Moment | undefined => {
  if (asOf < job.createdAt || at < job.createdAt + config.visibleAfter) return undefined
  const moment = momentAt(job.moments, asOf)
  const hidden = config.tombstone === "hidden" || config.tombstone === "forgotten"
  return moment !== undefined && hidden && deleted.has(moment.state) ? undefined : moment
}

const replaced = (world: World, job: Job): World => ({
  ...world,
  jobs: world.jobs.map((other) => (other.sequence === job.sequence ? job : other))
})

/** Replaces the rest of a job's timeline. */
export const sendOn = (world: World, job: Job, timeline: Timeline, at: number): World =>
  replaced(world, { ...job, moments: redirect(job.moments, timeline, at) })

// -------------------------------------------------------------------------------------------------
// Resources
// -------------------------------------------------------------------------------------------------

const statusOf = ({ message, state }: Moment): Json => {
  const code = state === "FAILED" ? "INTERNAL" : state === "EXPIRED" ? "DEADLINE_EXCEEDED" : "OK"
  return { code, message: message ?? (code === "OK" ? "" : `The job has ${state.toLowerCase()}`) }
}

/** Returns the number of requests of a batch that are processed. */
const doneOf = (job: Job, moment: Moment, at: number): number => Math.floor(progressAt(moment, at) * job.rows + 1e-9)

const progressOf = (job: Job, moment: Moment, at: number): Json => {
  const percent = Math.floor(progressAt(moment, at) * 100 + 1e-9)
  if (job.kind !== "batchInferenceJobs") return { percent, epoch: percent === 100 ? 1 : 0 }
  const done = doneOf(job, moment, at)
  return {
    percent,
    epoch: 0,
    totalInputRequests: job.rows,
    totalProcessedRequests: done,
    successfullyProcessedRequests: done,
    failedRequests: 0,
    outputRows: done,
    inputTokens: 10 * done,
    outputTokens: 20 * done,
    cachedInputTokenCount: 0
  }
}

const directHandle = (config: Config, job: Job, moment: Moment, call: Call): Json | undefined => {
  const shown = job.kind === "rlorTrainerJobs" && config.health !== "gateway" && moment.state === "RUNNING"
  const host = call.request.headers["host"] ?? "api.fireworks.ai"
  return shown ? { directRouteHandle: `${config.scheme}://${host}/direct/${config.account}/${job.id}` } : undefined
}

const resourceOf = (config: Config, job: Job, moment: Moment, call: Call): Json => {
  // progress is shown once the job has reached RUNNING
  const counted = job.moments.some(({ at, state }) => state === "RUNNING" && at <= call.asOf)
  return {
    displayName: "",
    createdBy: "test@example.com",
    ...job.input,
    name: jobName(config, job.kind, job.id),
    createTime: timestamp(job.createdAt),
    updateTime: timestamp(moment.at),
    state: `JOB_STATE_${moment.state}`,
    status: statusOf(moment),
    ...(counted && { jobProgress: progressOf(job, moment, call.asOf) }),
    ...directHandle(config, job, moment, call)
  }
}

/** Returns the saved checkpoints, oldest first: one for each `checkpointEvery` of a run. */
const checkpointsOf = (config: Config, job: Job, call: Call) => {
  let step = 0
  return runsUntil(job.moments, call.asOf).flatMap(({ at, millis }) =>
    Array.from({ length: Math.min(10_000, Math.floor(millis / config.checkpointEvery)) }, (_, index) => ({
      sequence: ++step,
      resource: {
        name: `${jobName(config, job.kind, job.id)}/checkpoints/step-${step}`,
        createTime: timestamp(at + (index + 1) * config.checkpointEvery),
        checkpointType:
          config.checkpoints === "training" ? "CHECKPOINT_TYPE_TRAINING" : "CHECKPOINT_TYPE_INFERENCE_LORA",
        promotable: config.checkpoints === "inference"
      }
    }))
  )
}

// -------------------------------------------------------------------------------------------------
// Changes
// -------------------------------------------------------------------------------------------------

/** The required fields of each kind of job. */
const required: { readonly [K in JobKind]: ReadonlyArray<string> } = {
  batchInferenceJobs: ["model", "inputDatasetId"],
  rlorTrainerJobs: [],
  supervisedFineTuningJobs: ["dataset"],
  reinforcementFineTuningJobs: ["dataset"],
  dpoJobs: ["dataset"]
}

const lacks = (kind: JobKind, body: Json): string | undefined =>
  required[kind].find((field) => typeof body[field] !== "string" || body[field] === "")

/** Returns the input of a batch that continues another batch, and the number of rows that the other one left unprocessed. */
const continued = (config: Config, world: World, body: Json, at: number) => {
  const name = body["continuedFromJobName"]
  if (typeof name !== "string" || name === "") return undefined
  const former = world.jobs.findLast((job) => jobName(config, job.kind, job.id) === name)
  const moment = former && momentAt(former.moments, at)
  if (former?.kind !== "batchInferenceJobs" || moment === undefined || !over.has(moment.state)) return "unknown"
  const { inputDatasetId, model } = former.input
  return { rows: former.rows - doneOf(former, moment, at), input: { model, inputDatasetId, ...body } }
}

/** Returns the query parameter for the id of a new job, such as `batchInferenceJobId` for `batchInferenceJobs`. */
const idParameter = (kind: JobKind): string => `${kind.slice(0, -1)}Id`

const create = (config: Config, world: World, call: Call, kind: JobKind): Transition => {
  const refused = (code: Code, message: string): Transition => [world, failure(code, message, config.errors)]
  const body = parse(call.request.body)
  if (body === undefined) return refused("INVALID_ARGUMENT", "the body is not a JSON object")
  const sequence = world.jobs.length + 1
  const id = call.query.get(idParameter(kind)) ?? `server-made-${sequence}`
  if (!isId(id)) return refused("INVALID_ARGUMENT", `${idParameter(kind)} is not a valid id`)
  const former = kind === "batchInferenceJobs" ? continued(config, world, body, call.at) : undefined
  if (former === "unknown")
    return refused("INVALID_ARGUMENT", "continuedFromJobName is not the name of a batch job that has ended")
  const lacking = former === undefined ? lacks(kind, body) : undefined
  if (lacking !== undefined) return refused("INVALID_ARGUMENT", `${lacking} is required`)

  const key = `${kind}/${id}`
  const count = (world.requested.get(key)?.count ?? 0) + 1
  const counted = { ...world, requested: new Map(world.requested).set(key, { kind, id, count }) }
  const existing = latest(world, id, kind)
  const taken = existing !== undefined && !(config.tombstone === "forgotten" && isDeleted(existing, call.at))
  if (taken && config.duplicates === "refused") {
    return [counted, failure("ALREADY_EXISTS", `${jobName(config, kind, id)} already exists`, config.errors)]
  }
  const input = former?.input ?? body
  const timeline = world.planned.get(id) ?? config.timeline({ kind, id, input, life: 1 })
  const moments = momentsFrom(timeline, call.at, 0)
  const rows = former?.rows ?? config.rows
  const job: Job = { sequence, kind, id, createdAt: call.at, input, rows, life: 1, moments }
  // the response to the creation is never stale
  const now = { ...call, asOf: call.at }
  const [first] = moments
  const shown = first === undefined ? {} : resourceOf(config, job, first, now)
  return [{ ...counted, jobs: [...counted.jobs, job] }, ok(shown)]
}

const list = (config: Config, world: World, call: Call, kind: JobKind): Answer => {
  const items = world.jobs.flatMap((job) => {
    const moment = job.kind === kind ? seen(config, job, call) : undefined
    return moment === undefined || deleted.has(moment.state)
      ? []
      : [{ sequence: job.sequence, resource: resourceOf(config, job, moment, call) }]
  })
  return page(kind, items, call, config.errors)
}

const cancel = (config: Config, world: World, job: Job, at: number): Transition => {
  const { state = "UNSPECIFIED" } = momentAt(job.moments, at) ?? {}
  if (over.has(state)) {
    return [world, failure("FAILED_PRECONDITION", `the job is ${state} and cannot be cancelled`, config.errors)]
  }
  return [sendOn(world, job, [{ state: "CANCELLING", lasts: "10 seconds" }, { state: "CANCELLED" }], at), ok({})]
}

const resume = (config: Config, world: World, job: Job, call: Call): Transition => {
  const { state = "UNSPECIFIED" } = momentAt(job.moments, call.at) ?? {}
  if (!resumable.has(state)) {
    return [world, failure("FAILED_PRECONDITION", `the job is ${state} and cannot be resumed`, config.errors)]
  }
  const life = job.life + 1
  const timeline = config.timeline({ kind: job.kind, id: job.id, input: job.input, life })
  const next: Job = { ...job, life, moments: redirect(job.moments, timeline, call.at) }
  const moment = momentAt(next.moments, call.at)
  const now = { ...call, asOf: call.at }
  return [replaced(world, next), ok(moment === undefined ? {} : resourceOf(config, next, moment, now))]
}

/** Handles a change of an existing job. Returns undefined if no route matches. */
const change = (
  config: Config,
  world: World,
  call: Call,
  job: Job,
  verb: string | undefined
): Transition | undefined => {
  const canBeResumed = job.kind !== "batchInferenceJobs"
  if (call.method === "DELETE" && verb === undefined) {
    const state = config.tombstone === "ARCHIVED" ? "ARCHIVED" : "DELETED"
    return [sendOn(world, job, [{ state }], call.at), ok({})]
  }
  if (call.method !== "POST" || !canBeResumed) return undefined
  if (verb === "cancel") return cancel(config, world, job, call.at)
  return verb === "resume" ? resume(config, world, job, call) : undefined
}

/** Handles requests below `/v1/accounts/{account}/{kind}`. Returns undefined if no route matches. */
export const jobs = (
  config: Config,
  world: World,
  call: Call,
  kind: JobKind,
  [name, sub, ...rest]: ReadonlyArray<string>
): Transition | undefined => {
  if (rest.length > 0) return undefined
  if (name === undefined) {
    if (call.method === "GET") return [world, list(config, world, call, kind)]
    return call.method === "POST" ? create(config, world, call, kind) : undefined
  }
  const [id = "", verb] = name.split(":")
  const unknown: Transition = [world, failure("NOT_FOUND", `${jobName(config, kind, id)} not found`, config.errors)]
  const job = latest(world, id, kind)
  if (call.method === "GET" && verb === undefined) {
    const moment = job && seen(config, job, call)
    if (job === undefined || moment === undefined) return unknown
    if (sub === undefined) return [world, ok(masked(resourceOf(config, job, moment, call), call))]
    const kept = sub === "checkpoints" && kind === "rlorTrainerJobs"
    return kept ? [world, page("checkpoints", checkpointsOf(config, job, call), call, config.errors)] : undefined
  }
  if (sub !== undefined) return undefined
  return job === undefined || isDeleted(job, call.at) ? unknown : change(config, world, call, job, verb)
}

/** Handles a health check of a trainer, which succeeds from `healthyAfter` on, by the routes that `health` allows. */
export const health = (config: Config, world: World, call: Call, id: string, by: "gateway" | "direct"): Answer => {
  const job = latest(world, id, "rlorTrainerJobs")
  const moment = job && momentAt(job.moments, call.at)
  if (moment === undefined) return failure("NOT_FOUND", "no such trainer", config.errors)
  const reached = config.health === "both" || config.health === by
  const healthy = moment.state === "RUNNING" && call.at - moment.at >= config.healthyAfter
  return reached && healthy ? ok({ status: "ok" }) : failure("UNAVAILABLE", "the trainer is not ready", config.errors)
}

/** Returns the stages that follow a preemption: failure, or a new wait for machines and another run. */
export const preemption = (to: "FAILED" | "RE_QUEUEING"): Timeline =>
  to === "FAILED"
    ? [{ state: "FAILED", message: "The job was preempted" }]
    : [{ state: "RE_QUEUEING", lasts: "1 minute" }, ...provisioning.slice(1), { state: "RUNNING" }]

// -------------------------------------------------------------------------------------------------
// Control by tests
// -------------------------------------------------------------------------------------------------

/** Replaces the rest of the timeline of the latest job with an id, or sets the timeline of jobs created with it later. */
export const setJob = (world: World, id: string, timeline: Timeline, at: number): World => {
  const job = latest(world, id)
  return job === undefined
    ? { ...world, planned: new Map(world.planned).set(id, timeline) }
    : sendOn(world, job, timeline, at)
}

export const recordOf = ({ createdAt, id, input, kind, life, moments }: Job, now: number): JobRecord => ({
  kind,
  id,
  input,
  life,
  createdAt,
  state: momentAt(moments, now)?.state ?? "UNSPECIFIED",
  history: moments.filter(({ at }) => at <= now).map(({ at, state }) => ({ state, at }))
})

export const creationsOf = (world: World): ReadonlyArray<Creation> =>
  [...world.requested.values()].map(({ count, id, kind }) => ({
    kind,
    id,
    asked: count,
    made: world.jobs.filter((job) => job.kind === kind && job.id === id).length
  }))
