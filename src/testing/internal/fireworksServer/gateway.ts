/**
 * The model of the API as a pure function: from a state and a request to the next state and the reply.
 *
 * @since 0.1.0
 */
import { answer, type Answer, type Fault, type Request } from "../../Fault.js"
import { current, deploymentName, deployments } from "./deploymentRoutes.js"
import { type Call, callOf, failure, ok, withHeaders } from "./messages.js"
import { inference, tickMillis, windowTicks } from "./inferenceRoutes.js"
import { health, jobs } from "./jobRoutes.js"
import { kinds } from "./jobTimeline.js"
import type { Injection, JobKind, Config, Pending, World } from "./model.js"

type Transition = readonly [World, Fault]

export const emptyWorld: World = {
  jobs: [],
  requested: new Map(),
  planned: new Map(),
  deployments: new Map(),
  outages: [],
  injections: [],
  suspended: false,
  stale: 0,
  buckets: new Map(),
  scrapes: [],
  traffic: []
}

// -------------------------------------------------------------------------------------------------
// Metrics
// -------------------------------------------------------------------------------------------------

const scrapesPerMinute = 6

const escaped = (value: string): string => value.replace(/[\\"]/g, "\\$&").replaceAll("\n", "\\n")

const line = (name: string, labels: Readonly<Record<string, string>>, value: number): string => {
  const all = Object.entries(labels).map(([label, value]) => `${label}="${escaped(value)}"`)
  return `${name}{${all.join(",")}} ${value}\n`
}

/** Returns the metrics as text: requests and errors per second, averaged over the last `windowTicks` complete ticks. */
const exposition = (config: Config, world: World, at: number): string => {
  const tick = Math.floor(at / tickMillis)
  const recent = world.traffic.filter((tally) => tally.tick < tick && tally.tick >= tick - windowTicks)
  const rate = (count: number) => count / ((windowTicks * tickMillis) / 1000)
  const lines = [...world.deployments.values()].flatMap((deployment) => {
    const { baseModel } = current(deployment).fields
    const labels = {
      base_model: typeof baseModel === "string" ? baseModel : "",
      deployment: deploymentName(config, deployment.id),
      deployment_account: config.account,
      deployment_id: deployment.id
    }
    const own = recent.filter((tally) => tally.deployment === deployment.id)
    const total = own.reduce((sum, { count }) => sum + count, 0)
    const errors = new Map<number, number>()
    for (const { count, status } of own) if (status >= 400) errors.set(status, (errors.get(status) ?? 0) + count)
    return [
      line("request_counter_total:sum_by_deployment", labels, rate(total)),
      ...[...errors].map(([status, count]) =>
        line("requests_error_total:sum_by_deployment", { ...labels, http_code: String(status) }, rate(count))
      )
    ]
  })
  return lines.join("")
}

const metrics = (config: Config, world: World, { at, method }: Call): Transition | undefined => {
  if (method !== "GET") return undefined
  const recent = world.scrapes.filter((scrape) => scrape > at - 60_000)
  if (recent.length >= scrapesPerMinute) {
    return [world, failure("RESOURCE_EXHAUSTED", "metrics can be read at most 6 times a minute", config.errors)]
  }
  const text = answer(200, {
    headers: { "content-type": "text/plain; version=0.0.4" },
    body: exposition(config, world, at)
  })
  return [{ ...world, scrapes: [...recent, at] }, text]
}

// -------------------------------------------------------------------------------------------------
// Control plane
// -------------------------------------------------------------------------------------------------

const isKind = (name: string): name is JobKind => kinds.some((kind) => kind === name)

const described = (config: Config) => ({
  name: `accounts/${config.account}`,
  displayName: config.account,
  state: "READY"
})

/** Handles requests below `/v1/accounts`. Returns undefined if no route matches. */
const control = (config: Config, world: World, call: Call): Transition | undefined => {
  const [, , account, collection, ...rest] = call.segments
  if (account === undefined) {
    return call.method === "GET"
      ? [world, ok({ accounts: [described(config)], nextPageToken: "", totalSize: 1 })]
      : undefined
  }
  if (account !== config.account) {
    return [world, failure("PERMISSION_DENIED", "the API key does not belong to this account", config.errors)]
  }
  if (collection === undefined) return call.method === "GET" ? [world, ok(described(config))] : undefined
  if (collection === "metrics" && rest.length === 0) return metrics(config, world, call)
  if (collection === "deployments") return deployments(config, world, call, rest)
  return isKind(collection) ? jobs(config, world, call, collection, rest) : undefined
}

const trainer = /^\/(training\/v1\/rlorTrainerJobs|direct)\/([^/]+)\/([^/]+)\/api\/v1\/healthz$/

const route = (config: Config, world: World, call: Call): Transition => {
  const nothing: Transition = [world, failure("NOT_FOUND", "Path not found", config.errors)]
  const [, way, account, job] = trainer.exec(call.path) ?? []
  if (account === config.account && job !== undefined && call.method === "GET") {
    return [world, health(config, world, call, job, way === "direct" ? "direct" : "gateway")]
  }
  const [first, second] = call.segments
  if (first === "inference" && second === "v1") return inference(config, world, call)
  return (first === "v1" && second === "accounts" ? control(config, world, call) : undefined) ?? nothing
}

const authorized = (config: Config, { headers }: Request): boolean => {
  const bearer = /^Bearer\s+(\S+)\s*$/i.exec(headers["authorization"] ?? "")?.[1]
  const key = bearer ?? headers["x-api-key"]?.trim() ?? ""
  return config.keys === undefined ? key !== "" : config.keys.includes(key)
}

const served = (config: Config, world: World, call: Call): Transition => {
  const unauthorized = (): Answer => failure("UNAUTHORIZED", "The API key you provided is invalid.")
  return authorized(config, call.request) ? route(config, world, call) : [world, unauthorized()]
}

// -------------------------------------------------------------------------------------------------
// Outages and injections
// -------------------------------------------------------------------------------------------------

const matches = ({ method, path }: Injection, call: Call): boolean =>
  (method === undefined || method.toUpperCase() === call.method) &&
  // unlike `test`, `search` ignores `lastIndex` of expressions with the flags g or y
  (path === undefined || (typeof path === "string" ? call.path.includes(path) : call.path.search(path) >= 0))

/** Returns the injection that applies to a request, if any, and the injections that remain. */
const injected = (injections: ReadonlyArray<Pending>, call: Call) => {
  let hit: Pending | undefined
  const left = injections.flatMap((injection): ReadonlyArray<Pending> => {
    if (hit !== undefined || !matches(injection, call)) return [injection]
    if (injection.toSkip > 0) return [{ ...injection, toSkip: injection.toSkip - 1 }]
    hit = injection
    return injection.left > 1 ? [{ ...injection, left: injection.left - 1 }] : []
  })
  return { hit, left }
}

const requestId = ({ headers, number }: Request): string => {
  const given = headers["x-request-id"]?.trim() ?? ""
  return /^[\x20-\x7e]{1,200}$/.test(given) ? given : `req-${number}`
}

const withFaults = (config: Config, world: World, call: Call): Transition => {
  const outage = world.outages.find(({ from, until }) => from <= call.at && call.at < until)
  if (outage !== undefined) return [world, outage.fault]
  const { hit, left } = injected(world.injections, call)
  const next = left.length === 0 && hit === undefined ? world : { ...world, injections: left }
  if (hit === undefined) return served(config, next, call)
  return [hit.takesEffect === true ? served(config, next, call)[0] : next, hit.fault]
}

/** Processes one request. */
export const step = (config: Config, world: World, request: Request): Transition => {
  const call = callOf(request, world.stale)
  const [next, fault] = withFaults(config, world, call)
  return [next, withHeaders(fault, { "x-request-id": requestId(request) })]
}
