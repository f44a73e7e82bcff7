/**
 * Inference of the simulated API: the admission of requests, and the headers of responses. Bodies are those of `Fault.healthy`.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import { type Answer, answer, type Fault, type Request } from "../../Fault.js"
import { changed, current, deploymentName, readyAt, resized, stateOf } from "./deploymentRoutes.js"
import { type Call, failure, isObject, type Json, ok, parse } from "./messages.js"
import { chunks, respond } from "../chatResponses.js"
import type { Config, Tally, World, Deployment } from "./model.js"

type Transition = readonly [World, Answer]

/** Interval at which the metrics are updated, in milliseconds. */
export const tickMillis = 30_000

/** Window of the metrics, in intervals of `tickMillis`. */
export const windowTicks = 2

/** Returns an error response in the form of the inference server, which differs from that of the gateway. */
const serverError = (status: number, code: string, message: string, retryAfter: Config["retryAfter"]): Answer =>
  answer(status, {
    body: { error: { object: "error", type: "invalid_request_error", code, message } },
    retryAfter
  })

// -------------------------------------------------------------------------------------------------
// Serverless: limits of requests and tokens per minute
// -------------------------------------------------------------------------------------------------

type Limited = keyof Config["limits"]

const headerOf: { readonly [K in Limited]: string } = {
  requests: "requests",
  promptTokens: "tokens-prompt",
  uncachedTokens: "tokens-cache-adjusted-prompt",
  generatedTokens: "tokens-generated"
}

const limitedBy: ReadonlyArray<Limited> = ["requests", "promptTokens", "uncachedTokens", "generatedTokens"]

/** Estimates the number of tokens: four characters are one token. */
const tokensOf = (text: string): number => Math.max(1, Math.ceil(text.length / 4))

/** Takes the costs from all buckets of a model if each bucket has enough, otherwise from none. */
const take = (config: Config, world: World, model: string, costs: { readonly [K in Limited]: number }, at: number) => {
  const filled = limitedBy.map((name) => {
    const key = `${name} ${model}`
    const limit = config.limits[name]
    const bucket = world.buckets.get(key) ?? { tokens: limit, at }
    const tokens = Math.min(limit, bucket.tokens + (Math.max(0, at - bucket.at) / 60_000) * limit)
    return { key, name, limit, tokens }
  })
  const admitted = filled.every(({ name, tokens }) => tokens >= costs[name])
  const left = filled.map((bucket) => ({ ...bucket, tokens: bucket.tokens - (admitted ? costs[bucket.name] : 0) }))
  const headers = Object.fromEntries(
    left.flatMap(({ limit, name, tokens }) => [
      [`x-ratelimit-limit-${headerOf[name]}`, String(limit)],
      [`x-ratelimit-remaining-${headerOf[name]}`, String(Math.floor(tokens))]
    ])
  )
  const buckets = new Map([...world.buckets, ...left.map(({ key, tokens }) => [key, { tokens, at }] as const)])
  return { admitted, headers: { ...headers, "x-ratelimit-over-limit": "no" }, world: { ...world, buckets } }
}

// -------------------------------------------------------------------------------------------------
// Responses
// -------------------------------------------------------------------------------------------------

const performance = (prompt: number): Readonly<Record<string, string>> => ({
  "prompt-tokens": String(prompt),
  "cached-prompt-tokens": "0",
  "server-time-to-first-token": "0.050",
  "server-processing-time": "0.100"
})

const prefixed = (headers: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [`fireworks-${name}`, value]))

const data = (json: Json): string => `data: ${JSON.stringify(json)}\n\n`

/** Returns all events in one body: unlike `Fault.stream`, an `answer` can have headers. */
const eventStream = (request: Request, body: Json, metrics: Json): Answer => {
  const events = chunks(request, undefined)
  const wantsMetrics = body["perf_metrics_in_response"] === true
  const all = events.map((event, index) =>
    data(wantsMetrics && index === events.length - 1 ? { ...event, perf_metrics: metrics } : event)
  )
  return answer(200, { headers: { "content-type": "text/event-stream" }, body: `${all.join("")}data: [DONE]\n\n` })
}

const healthy = (request: Request, body: Json, headers: Readonly<Record<string, string>>): Answer => {
  const prompt = tokensOf(request.body)
  const metrics = performance(prompt)
  const reply = respond(request)
  const whole = reply === "stream" ? eventStream(request, body, metrics) : answer(reply.status, { body: reply.body })
  return { ...whole, headers: { ...prefixed(metrics), ...headers, ...whole.headers } }
}

/** Returns the number of tokens in the response to a request, which are those of its last message or of its prompt. */
const generated = (body: Json): number => {
  const { messages, prompt } = body
  const last: unknown = Array.isArray(messages) ? messages.at(-1) : undefined
  const content = isObject(last) ? last["content"] : prompt
  return typeof content === "string" ? tokensOf(content) : 1
}

const serverless = (config: Config, world: World, call: Call, body: Json, model: string): Transition => {
  if (config.models !== undefined && !config.models.includes(model)) return [world, noModel()]
  const prompt = tokensOf(call.request.body)
  const costs = { requests: 1, promptTokens: prompt, uncachedTokens: prompt, generatedTokens: generated(body) }
  const { admitted, headers, world: next } = take(config, world, model, costs, call.at)
  if (admitted) return [next, healthy(call.request, body, headers)]
  // the API sends the code of an invalid request here, so that only the status shows the rate limit
  const message = "rate limit exceeded, please try again later"
  const refusal = serverError(429, "invalid_request_error", message, config.retryAfter)
  return [next, { ...refusal, headers: { ...refusal.headers, ...headers } }]
}

const noModel = (): Answer => failure("NOT_FOUND", "Model not found, inaccessible, and/or not deployed")

// -------------------------------------------------------------------------------------------------
// Deployments
// -------------------------------------------------------------------------------------------------

/** Returns the deployment id in a model name: `accounts/a/deployments/d` or `model#d`. */
const deploymentOf = (model: string): string | undefined =>
  /^(?:.*#)?accounts\/[^/]+\/deployments\/([^/#]+)$/.exec(model)?.[1] ?? /#([^/#]+)$/.exec(model)?.[1]

const scalingUp =
  "Deployment is currently scaled to zero and is scaling up. Please retry your request in a few minutes."

/** Returns the error of requests that arrive before the gateway can route to a new replica: 503 or 404. */
const unrouted = ({ request }: Call): Answer =>
  request.number % 2 === 0 ? failure("UNAVAILABLE", "upstream connect error") : noModel()

/** Code and message of a deployment's 429: `capacity` as documented, `overloaded` as observed on the real API. */
const saturations = {
  capacity: ["invalid_request_error", "Deployment capacity exceeded"],
  overloaded: [
    "too_many_requests",
    "Request didn't generate first token before the given deadline, the service is overloaded"
  ]
} as const

const dedicated = (config: Config, world: World, call: Call, body: Json, deployment: Deployment): Transition => {
  const { at, request } = call
  const version = current(deployment)
  const ready = readyAt(version, at)
  const state = stateOf(deployment, version, at)
  if (state !== "READY" && ready === 0) return [world, noModel()]
  if (state === "FAILED" || state === "DELETED") return [world, noModel()]
  if (ready === 0) {
    if (version.max === 0) return [world, noModel()]
    const waking = { replicas: resized(version.replicas, 1, at + config.startup) }
    const next = version.replicas.length === 0 ? changed(world, deployment, at, waking) : world
    return [next, failure("DEPLOYMENT_SCALING_UP", scalingUp)]
  }
  if (version.swapUntil > at) return [world, failure("TOO_EARLY", "The deployment is swapping weights")]
  if (at - (version.replicas[0] ?? at) < config.settling) return [world, unrouted(call)]

  const key = `capacity ${deployment.id}`
  const most = Math.max(1, config.capacity * ready)
  const before = world.buckets.get(key) ?? { tokens: most, at }
  const tokens =
    config.capacity === Infinity
      ? most
      : Math.min(most, before.tokens + (Math.max(0, at - before.at) / 1000) * config.capacity * ready)
  if (tokens < 1) {
    const [code, message] = saturations[config.saturated]
    return [world, serverError(429, code, message, config.retryAfter)]
  }
  const buckets = new Map(world.buckets).set(key, { tokens: tokens - 1, at })
  const headers = prefixed({
    deployment: deploymentName(config, deployment.id),
    "backend-host": `replica-${request.number % ready}`,
    "num-concurrent-requests": "1",
    "prefill-queue-duration": "0.000",
    "prefill-duration": "0.050",
    "generation-queue-duration": "0.000",
    "generation-duration": "0.050"
  })
  return [config.capacity === Infinity ? world : { ...world, buckets }, healthy(request, body, headers)]
}

/** Counts a response of a deployment, for the metrics. */
const tallied = (world: World, deployment: string, status: number, at: number): World => {
  const tick = Math.floor(at / tickMillis)
  const same = (tally: Tally) => tally.tick === tick && tally.deployment === deployment && tally.status === status
  const count = (world.traffic.find(same)?.count ?? 0) + 1
  const others = world.traffic.filter((tally) => !same(tally) && tally.tick >= tick - windowTicks)
  return { ...world, traffic: [...others, { tick, deployment, status, count }] }
}

// -------------------------------------------------------------------------------------------------
// Routes
// -------------------------------------------------------------------------------------------------

const posts: ReadonlySet<string> = /*#__PURE__*/ new Set(["chat/completions", "completions", "embeddings"])

const models = (config: Config, id: string): Answer => {
  const all = config.models ?? ["accounts/fireworks/models/test-model"]
  const described = (id: string) => ({ id, object: "model", created: 0, owned_by: "fireworks" })
  if (id === "") return ok({ object: "list", data: all.map(described) })
  return config.models === undefined || all.includes(id) ? ok(described(id)) : noModel()
}

const suspended = (config: Config): Answer =>
  failure(
    "PRECONDITION_FAILED",
    `Account ${config.account} is suspended, possibly due to reaching the monthly spending limit or failure to pay past ` +
      "invoices. Please go to https://fireworks.ai/account/billing"
  )

/** Handles requests below `/inference/v1`. */
export const inference = (config: Config, world: World, arrived: Call): readonly [World, Fault] => {
  const route = arrived.segments.slice(2).join("/")
  // the path in canonical form, without repeated slashes or percent-encoding
  const call = { ...arrived, request: { ...arrived.request, path: `/inference/v1/${route}` } }
  const isModels = route === "models" || route.startsWith("models/")
  const method = isModels ? "GET" : posts.has(route) ? "POST" : undefined
  if (method === undefined) return [world, failure("NOT_FOUND", "Path not found")]
  if (call.method !== method) return [world, failure("METHOD_NOT_ALLOWED", `${call.method} is not allowed here`)]
  if (world.suspended) return [world, suspended(config)]
  if (isModels) return [world, models(config, route.slice("models/".length))]
  const body = parse(call.request.body)
  if (body === undefined || call.request.body.trim() === "") {
    return [world, serverError(400, "invalid_request_error", "The body is not a JSON object", undefined)]
  }
  const model = typeof body["model"] === "string" ? body["model"] : ""
  const id = deploymentOf(model)
  const deployment = id === undefined ? undefined : world.deployments.get(id)
  if (id !== undefined && deployment === undefined) return [world, noModel()]
  const [next, response] =
    deployment === undefined
      ? serverless(config, world, call, body, model)
      : dedicated(config, world, call, body, deployment)
  const counted = deployment === undefined ? next : tallied(next, deployment.id, response.status, call.at)
  const slow = response.status === 200 && Duration.toMillis(config.latency) > 0
  return [counted, slow ? { _tag: "Stall", delay: config.latency, reply: response } : response]
}
