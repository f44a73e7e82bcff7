/**
 * Deployments of the simulated API: their replicas, which replicas are ready, and the routes that read or change them.
 *
 * @since 0.1.0
 */
import type { Answer } from "../../Fault.js"
import { boundsOf, checkId, isId } from "./config.js"
import {
  type Call,
  camel,
  type Code,
  failure,
  isObject,
  type Json,
  masked,
  ok,
  page,
  parse,
  timestamp
} from "./messages.js"
import type { DeploymentOptions, DeploymentRecord, DeploymentState, Config, World, Transition } from "./model.js"
import type { Deployment, Version } from "./model.js"

export const deploymentName = (config: Config, id: string): string => `accounts/${config.account}/deployments/${id}`

export const current = ({ versions }: Deployment): Version => versions.at(-1) ?? versions[0]

/** Maximum number of versions that are kept for stale reads. */
const kept = 1000

/** Adds a version of a deployment that holds from a time on. */
export const changed = (world: World, deployment: Deployment, at: number, change: Partial<Version>): World => {
  const next: Version = { ...current(deployment), ...change, at }
  const [first, ...rest] = [...deployment.versions.filter((version) => version.at < at), next].slice(-kept)
  const versions: Deployment["versions"] = first === undefined ? [next] : [first, ...rest]
  return { ...world, deployments: new Map(world.deployments).set(deployment.id, { ...deployment, versions }) }
}

export const readyAt = ({ replicas }: Version, at: number): number => replicas.filter((ready) => ready <= at).length

/** Returns `count` replicas. New replicas are ready at the given time; surplus ones are removed from the end. */
export const resized = (replicas: Version["replicas"], count: number, ready: number): ReadonlyArray<number> =>
  [...replicas.slice(0, count), ...Array.from({ length: Math.max(0, count - replicas.length) }, () => ready)].toSorted(
    (a, b) => a - b
  )

const bounded = (version: Version, config: Config, at: number): Version => {
  const count = Math.max(version.min, Math.min(version.max, version.replicas.length))
  return { ...version, replicas: resized(version.replicas, count, at + config.startup) }
}

// -------------------------------------------------------------------------------------------------
// Reads
// -------------------------------------------------------------------------------------------------

export const stateOf = (deployment: Deployment, version: Version, at: number): DeploymentState => {
  if (version.state !== undefined) return version.state
  const [first] = version.replicas
  // a deployment that was created with replicas is CREATING until the first of them is ready
  const made = deployment.versions[0].replicas.length > 0 && deployment.versions[0].replicas[0] === first
  return made && first !== undefined && first > at ? "CREATING" : "READY"
}

const resourceOf = (config: Config, deployment: Deployment, version: Version, at: number): Json => {
  const ready = readyAt(version, at)
  const state = stateOf(deployment, version, at)
  return {
    displayName: "",
    ...version.fields,
    name: deploymentName(config, deployment.id),
    createTime: timestamp(deployment.createdAt),
    updateTime: timestamp(Math.max(version.at, deployment.createdAt)),
    state,
    status: state === "FAILED" ? { code: "INTERNAL", message: "The deployment failed" } : { code: "OK", message: "" },
    minReplicaCount: version.min,
    maxReplicaCount: version.max,
    desiredReplicaCount: version.replicas.length,
    replicaCount: version.replicas.length,
    replicaStats: {
      pendingSchedulingReplicaCount: 0,
      downloadingModelReplicaCount: 0,
      initializingReplicaCount: version.replicas.length - ready,
      readyReplicaCount: ready
    }
  }
}

const gone: ReadonlySet<DeploymentState> = /*#__PURE__*/ new Set<DeploymentState>(["DELETED"])

const seen = (deployment: Deployment, at: number): Version | undefined => {
  const version = deployment.versions.findLast((version) => version.at <= at)
  return version === undefined || (version.state !== undefined && gone.has(version.state)) ? undefined : version
}

// -------------------------------------------------------------------------------------------------
// Changes
// -------------------------------------------------------------------------------------------------

/** Fields that only the server sets. */
const computed: ReadonlySet<string> = /*#__PURE__*/ new Set([
  "name",
  "createTime",
  "updateTime",
  "state",
  "status",
  "replicaCount",
  "desiredReplicaCount",
  "replicaStats"
])

const bounds: ReadonlySet<string> = /*#__PURE__*/ new Set(["minReplicaCount", "maxReplicaCount"])

/** Fields that no update changes, not even one that replaces all fields. */
const fixed: ReadonlySet<string> = /*#__PURE__*/ new Set(["baseModel", "createdBy"])

const pick = (json: Json, keep: (name: string) => boolean): Json =>
  Object.fromEntries(Object.entries(json).filter(([name]) => keep(name)))

const own = (body: Json): Json => pick(body, (name) => !computed.has(name) && !bounds.has(name))

const count = (body: Json, name: string, otherwise: number): number | undefined => {
  const value = body[name] ?? otherwise
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 1000 ? value : undefined
}

const boundsIn = (body: Json, minimum: number, maximum: number | undefined) => {
  const min = count(body, "minReplicaCount", minimum)
  const max = min === undefined ? undefined : count(body, "maxReplicaCount", maximum ?? Math.max(min, 1))
  return min === undefined || max === undefined || max < min ? undefined : { min, max }
}

/** Copies the field at a path from the body to the resource; removes the field if the body does not have it. */
const copied = (resource: Json, body: Json, [name = "", ...rest]: ReadonlyArray<string>): Json => {
  const value = Object.hasOwn(body, name) ? body[name] : undefined
  const before = Object.hasOwn(resource, name) ? resource[name] : undefined
  if (rest.length > 0) {
    const inner = copied(isObject(before) ? before : {}, isObject(value) ? value : {}, rest)
    return { ...resource, [name]: inner }
  }
  return value === undefined ? pick(resource, (other) => other !== name) : { ...resource, [name]: value }
}

const patch = (config: Config, world: World, deployment: Deployment, call: Call): Transition => {
  const refused = (message: string): Transition => [world, failure("INVALID_ARGUMENT", message, config.errors)]
  const body = parse(call.request.body)
  if (body === undefined) return refused("the body is not a JSON object")
  const version = current(deployment)
  const mask = call.query.get("updateMask") ?? call.query.get("update_mask") ?? ""
  const paths = mask
    .split(",")
    .map((path) => path.trim().split(".").slice(0, 10).map(camel))
    .filter(([name]) => name !== undefined && name !== "")
  const locked = paths.find(([name = ""]) => computed.has(name) || fixed.has(name))
  if (locked !== undefined) return refused(`updateMask: ${locked.join(".")} cannot be updated`)

  const { fields, max, min } = version
  const before: Json = { ...fields, minReplicaCount: min, maxReplicaCount: max }
  const immutable = pick(fields, (name) => fixed.has(name))
  const replaced = config.patch === "merge" ? { ...before, ...body, ...immutable } : { ...body, ...immutable }
  const after = paths.length === 0 ? replaced : paths.reduce((all, path) => copied(all, body, path), before)
  const limits = boundsIn(after, 0, undefined)
  if (limits === undefined)
    return refused("minReplicaCount and maxReplicaCount must be integers, with max at least min")
  const next = bounded({ ...version, fields: own(after), ...limits }, config, call.at)
  const result = changed(world, deployment, call.at, next)
  return [result, ok(resourceOf(config, deployment, next, call.at))]
}

const scale = (config: Config, world: World, deployment: Deployment, call: Call): Transition => {
  const refused = (code: Code, message: string): Transition => [world, failure(code, message, config.errors)]
  const version = current(deployment)
  const replicas = count(parse(call.request.body) ?? {}, "replicaCount", -1)
  if (replicas === undefined) return refused("INVALID_ARGUMENT", "replicaCount must be a non-negative integer")
  if (replicas > version.max) {
    return refused("INVALID_ARGUMENT", `replicaCount is above maxReplicaCount, which is ${version.max}`)
  }
  const next = { replicas: resized(version.replicas, replicas, call.at + config.startup) }
  return [changed(world, deployment, call.at, next), ok({})]
}

const create = (config: Config, world: World, call: Call): Transition => {
  const refused = (code: Code, message: string): Transition => [world, failure(code, message, config.errors)]
  const body = parse(call.request.body)
  if (body === undefined) return refused("INVALID_ARGUMENT", "the body is not a JSON object")
  const sequence = world.deployments.size + 1
  const id = call.query.get("deploymentId") ?? `server-made-${sequence}`
  if (!isId(id)) return refused("INVALID_ARGUMENT", "deploymentId is not a valid id")
  if (typeof body["baseModel"] !== "string") return refused("INVALID_ARGUMENT", "baseModel is required")
  const limits = boundsIn(body, 0, undefined)
  if (limits === undefined) return refused("INVALID_ARGUMENT", "minReplicaCount or maxReplicaCount is not valid")
  if (world.deployments.has(id)) return refused("ALREADY_EXISTS", `${deploymentName(config, id)} already exists`)
  const empty: Version = { ...limits, at: call.at, fields: own(body), replicas: [], state: undefined, swapUntil: 0 }
  const version = bounded(empty, config, call.at)
  const deployment: Deployment = { sequence, id, createdAt: call.at, versions: [version] }
  const deployments = new Map(world.deployments).set(id, deployment)
  return [{ ...world, deployments }, ok(resourceOf(config, deployment, version, call.at))]
}

const list = (config: Config, world: World, call: Call): Answer => {
  const items = [...world.deployments.values()].flatMap((deployment) => {
    const version = seen(deployment, call.asOf)
    return version === undefined
      ? []
      : [{ sequence: deployment.sequence, resource: resourceOf(config, deployment, version, call.asOf) }]
  })
  return page("deployments", items, call, config.errors)
}

/** Handles requests below `/v1/accounts/{account}/deployments`. Returns undefined if no route matches. */
export const deployments = (
  config: Config,
  world: World,
  call: Call,
  [name, ...rest]: ReadonlyArray<string>
): Transition | undefined => {
  if (rest.length > 0) return undefined
  if (name === undefined) {
    if (call.method === "GET") return [world, list(config, world, call)]
    return call.method === "POST" ? create(config, world, call) : undefined
  }
  const [id = "", verb] = name.split(":")
  const deployment = world.deployments.get(id)
  const version = deployment && seen(deployment, call.method === "GET" ? call.asOf : call.at)
  if (deployment === undefined || version === undefined) {
    return [world, failure("NOT_FOUND", `${deploymentName(config, id)} not found`, config.errors)]
  }
  switch (`${call.method} ${verb ?? ""}`) {
    case "GET ":
      return [world, ok(masked(resourceOf(config, deployment, version, call.asOf), call))]
    case "PATCH ":
      return patch(config, world, deployment, call)
    case "PATCH scale":
      return scale(config, world, deployment, call)
    case "DELETE ":
      return [changed(world, deployment, call.at, { state: "DELETED", replicas: [] }), ok({})]
    default:
      return undefined
  }
}

// -------------------------------------------------------------------------------------------------
// Control by tests
// -------------------------------------------------------------------------------------------------

/** Creates a deployment, or changes the given fields of an existing one. Its replicas are ready at once. */
export const setDeployment = (
  owner: string,
  world: World,
  id: string,
  given: DeploymentOptions,
  now: number
): World => {
  checkId(owner, "deployment", id)
  const existing = world.deployments.get(id)
  const before = existing && current(existing)
  const { max, min, replicas } = boundsOf(owner, {
    minReplicaCount: given.minReplicaCount ?? before?.min,
    maxReplicaCount: given.maxReplicaCount ?? before?.max,
    replicas: given.replicas ?? before?.replicas.length
  })
  const version: Version = {
    at: now,
    fields: {
      baseModel: "accounts/fireworks/models/test-model",
      ...before?.fields,
      ...given.fields,
      ...(given.baseModel !== undefined && { baseModel: given.baseModel })
    },
    min,
    max,
    replicas: resized(before?.replicas ?? [], replicas, -Infinity),
    state: given.state ?? before?.state,
    swapUntil: before?.swapUntil ?? -Infinity
  }
  if (existing !== undefined) return changed(world, existing, now, version)
  // a stale read finds the new deployment too
  const versions: Deployment["versions"] = [{ ...version, at: -Infinity }]
  const made: Deployment = { sequence: world.deployments.size + 1, id, createdAt: now, versions }
  return { ...world, deployments: new Map(world.deployments).set(id, made) }
}

export const recordOf = (deployment: Deployment, now: number): DeploymentRecord => {
  const version = current(deployment)
  return {
    id: deployment.id,
    state: stateOf(deployment, version, now),
    minReplicaCount: version.min,
    maxReplicaCount: version.max,
    replicas: version.replicas.length,
    readyReplicas: readyAt(version, now),
    fields: version.fields
  }
}
