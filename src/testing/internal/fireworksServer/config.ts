/**
 * Validates the options of the model and fills in their defaults.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import { duration, number, oneOf, refuse } from "../../../internal/options.js"
import { type ErrorForm, failure } from "./messages.js"
import { checkTimeline } from "./jobTimeline.js"
import type { DeploymentOptions, Injection, NewJob, Options, Outage, Timeline, Tombstone } from "./model.js"
import type { Config, Pending, Window } from "./model.js"

// -------------------------------------------------------------------------------------------------
// Timelines
// -------------------------------------------------------------------------------------------------

/** The stages of a batch job before it runs. */
export const queued: Timeline = [
  { state: "VALIDATING", lasts: "1 minute" },
  { state: "PENDING", lasts: "8 minutes" }
]

export const batch: Timeline = [...queued, { state: "RUNNING", lasts: "4 minutes" }, { state: "COMPLETED" }]

/** The stages of a trainer job before it runs. */
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
// Validation
// -------------------------------------------------------------------------------------------------

const identifier = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/

/** Returns true if the API accepts the text as the id of a resource. */
export const isId = (id: string): boolean => identifier.test(id)

export const checkId = (owner: string, option: string, id: string): string =>
  isId(id) ? id : refuse(owner, option, id, "an id of at most 63 lower-case letters, digits and hyphens")

const millis = (...args: Parameters<typeof duration>): number => Duration.toMillis(duration(...args))

const tombstones: ReadonlyArray<Tombstone> = ["DELETED", "ARCHIVED", "hidden", "forgotten"]

/** Validates options. The `RangeError` for an invalid option contains its name. */
export const configOf = (owner: string, scheme: Config["scheme"], options: Options): Config => {
  const limit = (name: keyof Config["limits"], otherwise: number) =>
    number(owner, `limits.${name}`, options.limits?.[name] ?? otherwise, { integer: true, min: 1 })
  const { limits } = options
  return {
    scheme,
    account: checkId(owner, "account", options.account ?? "acme"),
    keys: options.keys,
    models: options.models,
    // docs.fireworks.ai/serverless/rate-limits: the limits of new accounts
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

/** Validates an outage, and returns a function from the time at which it is set to its window. */
export const windowOf = (owner: string, outage: Outage, errors: ErrorForm): ((now: number) => Window) => {
  const after = millis(owner, "outage.after", outage.after ?? 0)
  const lasts = millis(owner, "outage.lasts", outage.lasts, { infinite: true })
  const fault = outage.fault ?? failure("UNAVAILABLE", "The service is unavailable", errors)
  return (now) => ({ from: now + after, until: now + after + lasts, fault })
}

/** Validates the replica count of a deployment and its bounds. */
export const boundsOf = (owner: string, options: DeploymentOptions) => {
  const min = number(owner, "minReplicaCount", options.minReplicaCount ?? 0, { integer: true, max: 1000 })
  const max = number(owner, "maxReplicaCount", options.maxReplicaCount ?? Math.max(min, 1), {
    integer: true,
    max: 1000
  })
  if (max < min) refuse(owner, "maxReplicaCount", max, `at least minReplicaCount, ${min}`)
  return { min, max, replicas: number(owner, "replicas", options.replicas ?? min, { integer: true, max }) }
}
