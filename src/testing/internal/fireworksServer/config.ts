/**
 * Options of the model, checked, and its state.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import { duration, number, oneOf, refuse } from "../../../internal/options.js"
import type { Fault } from "../../Fault.js"
import type {
  DeploymentOptions,
  Injection,
  JobKind,
  Limits,
  NewJob,
  Options,
  Outage,
  Timeline,
  Tombstone
} from "../../FireworksServer.js"
import type { Deployment } from "./deploymentRoutes.js"
import { type ErrorForm, failure } from "./messages.js"
import type { Job } from "./jobRoutes.js"
import { checkTimeline } from "./jobTimeline.js"

/** What does not change. Times are milliseconds. */
export interface Config {
  /** Where clients see the server, for the links in its answers. */
  readonly scheme: "http" | "https"
  readonly account: string
  readonly keys: ReadonlyArray<string> | undefined
  readonly models: ReadonlyArray<string> | undefined
  readonly limits: { readonly [K in keyof Required<Omit<Limits, "retryAfter">>]: number }
  readonly retryAfter: Duration.Duration | undefined
  readonly latency: Duration.Duration
  readonly startup: number
  readonly settling: number
  readonly capacity: number
  readonly saturated: "capacity" | "overloaded"
  readonly patch: "replace" | "merge"
  readonly timeline: (job: NewJob) => Timeline
  readonly rows: number
  readonly tombstone: Tombstone
  readonly duplicates: "refused" | "made"
  readonly visibleAfter: number
  readonly checkpointEvery: number
  readonly checkpoints: "training" | "inference"
  readonly healthyAfter: number
  readonly health: "gateway" | "direct" | "both"
  readonly errors: ErrorForm
}

/** A time in which nothing arrives. */
export interface Window {
  readonly from: number
  readonly until: number
  readonly fault: Fault
}

export interface Pending extends Injection {
  readonly left: number
  readonly toSkip: number
}

/** Tokens that come back with time. */
export interface Bucket {
  readonly tokens: number
  readonly at: number
}

/** How many requests of a deployment had a status, within one tick of the metrics. */
export interface Tally {
  readonly tick: number
  readonly deployment: string
  readonly status: number
  readonly count: number
}

/** What a model of the API remembers. A plain value; nobody writes into it. */
export interface World {
  readonly jobs: ReadonlyArray<Job>
  /** How often a job was asked for, by its kind and id. */
  readonly asked: ReadonlyMap<string, { readonly kind: JobKind; readonly id: string; readonly count: number }>
  /** Timelines of jobs to come, by id. */
  readonly planned: ReadonlyMap<string, Timeline>
  readonly deployments: ReadonlyMap<string, Deployment>
  readonly outages: ReadonlyArray<Window>
  readonly injections: ReadonlyArray<Pending>
  readonly suspended: boolean
  readonly stale: number
  readonly buckets: ReadonlyMap<string, Bucket>
  readonly scrapes: ReadonlyArray<number>
  readonly traffic: ReadonlyArray<Tally>
}

// -------------------------------------------------------------------------------------------------
// Timelines
// -------------------------------------------------------------------------------------------------

/** What a batch goes through before it runs. */
export const queued: Timeline = [
  { state: "VALIDATING", lasts: "1 minute" },
  { state: "PENDING", lasts: "8 minutes" }
]

export const batch: Timeline = [...queued, { state: "RUNNING", lasts: "4 minutes" }, { state: "COMPLETED" }]

/** How a trainer gets its machines. */
export const provisioning: Timeline = [
  { state: "CREATING", lasts: "1 minute" },
  { state: "PENDING", lasts: "5 minutes" }
]

const serving: Timeline = [...provisioning, { state: "RUNNING" }]

const tuning: Timeline = [...provisioning, { state: "RUNNING", lasts: "30 minutes" }, { state: "COMPLETED" }]

const usual = ({ kind }: NewJob): Timeline => {
  switch (kind) {
    case "batchInferenceJobs":
      return batch
    case "rlorTrainerJobs":
      return serving
    case "supervisedFineTuningJobs":
    case "reinforcementFineTuningJobs":
    case "dpoJobs":
      return tuning
  }
}

const timelineOf = (owner: string, given: Options["timeline"]): Config["timeline"] => {
  if (given === undefined) return usual
  if (typeof given !== "function") {
    const checked = checkTimeline(owner, "timeline", given)
    return () => checked
  }
  return (job) => {
    const timeline = given(job)
    return timeline === undefined ? usual(job) : checkTimeline(owner, "timeline", timeline)
  }
}

// -------------------------------------------------------------------------------------------------
// Checks
// -------------------------------------------------------------------------------------------------

const identifier = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/

/** Whether the API takes it as the id of a resource. */
export const isId = (id: string): boolean => identifier.test(id)

export const checkId = (owner: string, option: string, id: string): string =>
  isId(id) ? id : refuse(owner, option, id, "an id of at most 63 lower-case letters, digits and hyphens")

const millis = (...args: Parameters<typeof duration>): number => Duration.toMillis(duration(...args))

const tombstones: ReadonlyArray<Tombstone> = ["DELETED", "ARCHIVED", "hidden", "forgotten"]

/** Checks options; a bad one is refused by its name. */
export const configOf = (owner: string, scheme: Config["scheme"], options: Options): Config => {
  const limit = (name: keyof Config["limits"], otherwise: number) =>
    number(owner, `limits.${name}`, options.limits?.[name] ?? otherwise, { integer: true, min: 1 })
  const { limits } = options
  return {
    scheme,
    account: checkId(owner, "account", options.account ?? "acme"),
    keys: options.keys,
    models: options.models,
    // docs.fireworks.ai/serverless/rate-limits: where accounts start
    limits: {
      requests: limit("requests", 6000),
      promptTokens: limit("promptTokens", 3_600_000),
      uncachedTokens: limit("uncachedTokens", 900_000),
      generatedTokens: limit("generatedTokens", 36_000)
    },
    retryAfter: limits?.retryAfter === undefined ? undefined : duration(owner, "limits.retryAfter", limits.retryAfter),
    latency: duration(owner, "latency", options.latency ?? 0),
    startup: millis(owner, "startup", options.startup ?? "5 minutes"),
    settling: millis(owner, "settling", options.settling ?? 0),
    capacity:
      options.capacity === undefined
        ? Infinity
        : number(owner, "capacity", options.capacity, { min: Number.MIN_VALUE }),
    saturated: oneOf(owner, "saturated", options.saturated ?? "overloaded", ["capacity", "overloaded"]),
    patch: oneOf(owner, "patch", options.patch ?? "replace", ["replace", "merge"]),
    timeline: timelineOf(owner, options.timeline),
    rows: number(owner, "rows", options.rows ?? 100, { integer: true, min: 1 }),
    tombstone: oneOf(owner, "tombstone", options.tombstone ?? "DELETED", tombstones),
    duplicates: oneOf(owner, "duplicates", options.duplicates ?? "refused", ["refused", "made"]),
    visibleAfter: millis(owner, "visibleAfter", options.visibleAfter ?? 0),
    checkpointEvery: millis(owner, "checkpointEvery", options.checkpointEvery ?? "10 minutes", {
      infinite: true,
      min: 1
    }),
    checkpoints: oneOf(owner, "checkpoints", options.checkpoints ?? "training", ["training", "inference"]),
    healthyAfter: millis(owner, "healthyAfter", options.healthyAfter ?? "30 seconds", { infinite: true }),
    health: oneOf(owner, "health", options.health ?? "gateway", ["gateway", "direct", "both"]),
    errors: oneOf(owner, "errors", options.errors ?? "gateway", ["gateway", "rpc"])
  }
}

export const pendingOf = (owner: string, injection: Injection): Pending => ({
  ...injection,
  left: number(owner, "injection.times", injection.times ?? 1, { integer: true, min: 1 }),
  toSkip: number(owner, "injection.skip", injection.skip ?? 0, { integer: true })
})

/** An outage, by the time from which on it is counted. */
export const windowOf = (owner: string, outage: Outage, errors: ErrorForm): ((now: number) => Window) => {
  const after = millis(owner, "outage.after", outage.after ?? 0)
  const lasts = millis(owner, "outage.lasts", outage.lasts, { infinite: true })
  const fault = outage.fault ?? failure("UNAVAILABLE", "The service is unavailable", errors)
  return (now) => ({ from: now + after, until: now + after + lasts, fault })
}

/** Bounds on replicas that fit together. */
export const boundsOf = (owner: string, options: DeploymentOptions) => {
  const min = number(owner, "minReplicaCount", options.minReplicaCount ?? 0, { integer: true, max: 1000 })
  const max = number(owner, "maxReplicaCount", options.maxReplicaCount ?? Math.max(min, 1), {
    integer: true,
    max: 1000
  })
  if (max < min) refuse(owner, "maxReplicaCount", max, `at least minReplicaCount, ${min}`)
  return { min, max, replicas: number(owner, "replicas", options.replicas ?? min, { integer: true, max }) }
}
