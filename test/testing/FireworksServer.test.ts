/** The model of the Fireworks API: in memory by the TestClock, and on sockets by the real clients. */
import { HttpClient, HttpClientRequest, type HttpMethod } from "@effect/platform"
import { describe, it } from "@effect/vitest"
import {
  Cause,
  Duration,
  Effect,
  Either,
  Exit,
  FastCheck as fc,
  Fiber,
  Layer,
  Random,
  Redacted,
  TestClock
} from "effect"
import { Classify, Dialect, Job, Reliability, ReliableHttpClient, Workload } from "effect-reliability"
import { Fireworks } from "effect-reliability/fireworks"
import { Transport } from "effect-reliability/node"
import { Fault, FireworksServer } from "effect-reliability/testing"
import OpenAI from "openai"
import { expect } from "vitest"
import { controlOf } from "../../src/fireworks/internal/control.js"

// -------------------------------------------------------------------------------------------------
// Calls
// -------------------------------------------------------------------------------------------------

/** A value of JSON, of which the fields are looked at. */
interface Json {
  readonly [key: string]: Json | undefined
}

const list = (value: Json | undefined): ReadonlyArray<Json> => (Array.isArray(value) ? (value as Array<Json>) : [])

const shown = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value))

const lastPart = (value: unknown): string | undefined => shown(value).split("/").at(-1)

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
  readonly json: Json
}

type Send = (
  method: HttpMethod.HttpMethod,
  path: string,
  body?: unknown,
  headers?: Readonly<Record<string, string>>
) => Effect.Effect<Answer>

interface Api extends FireworksServer.InMemory {
  readonly send: Send
  /** Below the account. */
  readonly at: Send
  /** A chat with a model. */
  readonly chat: (model?: string, rest?: object) => Effect.Effect<Answer>
}

const jsonOf = (body: string): Json => {
  try {
    return JSON.parse(body) as Json
  } catch {
    return {}
  }
}

const lost: Answer = { status: 0, headers: {}, text: "", json: {} }

const inMemory = (options?: FireworksServer.Options): Effect.Effect<Api> =>
  Effect.map(FireworksServer.inMemory(options), (server) => {
    const send: Send = (method, path, body, headers = { authorization: `Bearer ${server.key}` }) => {
      const bare = HttpClientRequest.make(method)(server.origin + path, { headers })
      const text = typeof body === "string" ? body : JSON.stringify(body)
      const request = body === undefined ? bare : HttpClientRequest.bodyText(bare, text, "application/json")
      return server.client.execute(request).pipe(
        Effect.flatMap((answer) =>
          Effect.map(answer.text, (text) => ({
            status: answer.status,
            headers: answer.headers,
            text,
            json: jsonOf(text)
          }))
        ),
        Effect.orElseSucceed(() => lost)
      )
    }
    const chat: Api["chat"] = (model = "accounts/fireworks/models/m", rest = {}) =>
      send("POST", "/inference/v1/chat/completions", {
        model,
        messages: [{ role: "user", content: "one two three" }],
        ...rest
      })
    return { ...server, send, chat, at: (method, path, ...rest) => send(method, `/v1/accounts/acme${path}`, ...rest) }
  })

const input = { model: "accounts/fireworks/models/m", inputDatasetId: "accounts/acme/datasets/d" }

const batches = "/batchInferenceJobs"
const trainers = "/rlorTrainerJobs"

const submit = ({ at }: Api, id: string, body: object = input) =>
  at("POST", `${batches}?batchInferenceJobId=${id}`, body)

const train = ({ at }: Api, id: string) => at("POST", `${trainers}?rlorTrainerJobId=${id}`, {})

const stateOf = (api: Api, path: string) =>
  Effect.map(api.at("GET", path), ({ json, status }) => (status === 200 ? json["state"] : status))

/** What is read at some times from now on, in minutes. */
const over = <A>(minutes: ReadonlyArray<number>, read: Effect.Effect<A>) =>
  Effect.gen(function* () {
    const seen: Array<A> = []
    let now = 0
    for (const minute of minutes) {
      yield* TestClock.adjust(Duration.minutes(minute - now))
      now = minute
      seen.push(yield* read)
    }
    return seen
  })

const codeOf = ({ json, status }: Answer) => `${status} ${shown(json["error"]?.["code"])}`

/** What `Classify` makes of an answer. */
const reasonOf = ({ headers, status, text }: Answer, target?: "serverless" | "dedicated") =>
  Classify.answer({ status, headers, body: text, dialect: Dialect.fireworks, target, now: 0 }).reason

// -------------------------------------------------------------------------------------------------
// Inference
// -------------------------------------------------------------------------------------------------

describe("inference", () => {
  it.effect("answers chats, completions, embeddings and models, with limits and performance in the headers", () =>
    Effect.gen(function* () {
      const api = yield* inMemory()
      const chat = yield* api.chat()
      expect(chat.json["choices"]?.[0]?.["message"]?.["content"]).toBe("one two three")
      expect(chat.headers["x-ratelimit-limit-tokens-generated"]).toBe("36000")
      expect(chat.headers["x-ratelimit-remaining-tokens-generated"]).toBe("35996")
      expect(chat.headers["x-ratelimit-over-limit"]).toBe("no")
      expect(Number(chat.headers["fireworks-prompt-tokens"])).toBeGreaterThan(0)
      expect(chat.headers["fireworks-server-time-to-first-token"]).toBe("0.050")
      const completion = yield* api.send("POST", "/inference/v1/completions", { model: "m", prompt: "hello" })
      expect(completion.json["choices"]?.[0]?.["text"]).toBe("hello")
      const embeddings = yield* api.send("POST", "/inference/v1/embeddings", { model: "m", input: ["a", "b"] })
      expect(embeddings.json["data"]).toHaveLength(2)
      expect((yield* api.send("GET", "/inference/v1/models")).json["data"]).toHaveLength(1)
    })
  )

  it.effect("streams events to their end, with the performance in the last if asked", () =>
    Effect.gen(function* () {
      const api = yield* inMemory()
      const { headers, text } = yield* api.chat("m", { stream: true, perf_metrics_in_response: true })
      expect(headers["content-type"]).toBe("text/event-stream")
      expect(text.endsWith("data: [DONE]\n\n")).toBe(true)
      expect(text.match(/perf_metrics/g)).toHaveLength(1)
    })
  )

  it.effect("repeats the id of a request, or gives it one", () =>
    Effect.gen(function* () {
      const api = yield* inMemory()
      expect((yield* api.chat()).headers["x-request-id"]).toBe("req-1")
      const own = yield* api.send("GET", "/inference/v1/models", undefined, {
        "x-request-id": "mine",
        "x-api-key": "k"
      })
      expect([own.status, own.headers["x-request-id"]]).toEqual([200, "mine"])
    })
  )

  it.effect("refuses those without a good key, models and paths it does not know, and wrong methods", () =>
    Effect.gen(function* () {
      const api = yield* inMemory({ keys: ["good"], models: ["known"] })
      const wrong = { authorization: "Bearer bad" }
      expect(codeOf(yield* api.send("GET", "/inference/v1/models", undefined, wrong))).toBe("401 UNAUTHORIZED")
      expect(codeOf(yield* api.send("GET", "/inference/v1/models", undefined, {}))).toBe("401 UNAUTHORIZED")
      expect(codeOf(yield* api.chat("unknown"))).toBe("404 NOT_FOUND")
      expect((yield* api.chat("known")).status).toBe(200)
      expect(codeOf(yield* api.chat("accounts/acme/deployments/none"))).toBe("404 NOT_FOUND")
      expect(codeOf(yield* api.send("POST", "/inference/v1/nothing", {}))).toBe("404 NOT_FOUND")
      expect((yield* api.send("GET", "/inference/v1/chat/completions")).status).toBe(405)
      expect((yield* api.send("POST", "/inference/v1/chat/completions", "no json")).status).toBe(400)
    })
  )

  it.effect("turns away what is over a limit, until enough of it has come back", () =>
    Effect.gen(function* () {
      const api = yield* inMemory({ limits: { requests: 2, retryAfter: "5 seconds" } })
      expect([(yield* api.chat()).status, (yield* api.chat()).status]).toEqual([200, 200])
      const refused = yield* api.chat()
      expect(codeOf(refused)).toBe("429 invalid_request_error")
      expect(refused.headers["x-ratelimit-remaining-requests"]).toBe("0")
      expect(refused.headers["retry-after"]).toBe("5")
      expect(reasonOf(refused, "serverless")).toBe("RateExceeded")
      // each model has its own
      expect((yield* api.chat("another")).status).toBe(200)
      yield* TestClock.adjust("29 seconds")
      expect((yield* api.chat()).status).toBe(429)
      yield* TestClock.adjust("1 second")
      expect((yield* api.chat()).status).toBe(200)
    })
  )

  it.effect("is a 412 that names the account while it is suspended", () =>
    Effect.gen(function* () {
      const api = yield* inMemory()
      yield* api.suspend(true)
      const answer = yield* api.chat()
      expect([codeOf(answer), reasonOf(answer)]).toEqual(["412 PRECONDITION_FAILED", "PreconditionFailed"])
      expect(answer.text).toContain("Account acme is suspended")
      yield* api.suspend(false)
      expect((yield* api.chat()).status).toBe(200)
    })
  )

  it.effect("takes as long as it is told", () =>
    Effect.gen(function* () {
      const api = yield* inMemory({ latency: "10 seconds" })
      const call = yield* Effect.fork(api.chat())
      yield* TestClock.adjust("9 seconds")
      expect(call.unsafePoll()).toBeNull()
      yield* TestClock.adjust("1 second")
      const { headers, status } = yield* Fiber.join(call)
      expect([status, headers["x-request-id"]]).toEqual([200, "req-1"])
    })
  )
})

// -------------------------------------------------------------------------------------------------
// Deployments
// -------------------------------------------------------------------------------------------------

describe("a deployment", () => {
  const model = "accounts/acme/deployments/d"

  it.effect("scales up from zero by the first request, and queues none", () =>
    Effect.gen(function* () {
      const api = yield* inMemory({ deployments: { d: {} }, startup: "8 minutes" })
      const first = yield* api.chat(model)
      expect([codeOf(first), reasonOf(first)]).toEqual(["503 DEPLOYMENT_SCALING_UP", "ScalingUp"])
      const seen = yield* over(
        [7.99, 8],
        Effect.map(api.chat(model), ({ status }) => status)
      )
      expect(seen).toEqual([503, 200])
      const served = yield* api.chat(`accounts/fireworks/models/m#${model}`)
      expect(served.headers["fireworks-deployment"]).toBe(model)
      expect((yield* api.chat("accounts/fireworks/models/m#d")).status).toBe(200)
      expect(served.headers["x-ratelimit-limit-requests"]).toBeUndefined()
    })
  )

  it.effect("does not wake if it may have no replica", () =>
    Effect.gen(function* () {
      const api = yield* inMemory({ deployments: { d: { maxReplicaCount: 0 } } })
      expect((yield* api.chat(model)).status).toBe(404)
    })
  )

  it.effect("is waited for under a patient workload, as one call", () =>
    Effect.gen(function* () {
      const api = yield* inMemory({ deployments: { d: {} }, startup: "8 minutes" })
      const client = ReliableHttpClient.make(api.client, { dialect: Dialect.fireworks })
      const call = HttpClientRequest.post(`${api.baseUrl}/chat/completions`).pipe(
        HttpClientRequest.bearerToken(api.key),
        HttpClientRequest.bodyUnsafeJson({ model, messages: [] }),
        client.execute,
        Reliability.protect(Workload.agentic)
      )
      const fiber = yield* Effect.fork(call)
      yield* TestClock.adjust("10 minutes")
      expect((yield* Fiber.join(fiber)).status).toBe(200)
    })
  )

  it.effect("turns away more than its replicas take, as capacity", () =>
    Effect.gen(function* () {
      const api = yield* inMemory({ deployments: { d: { minReplicaCount: 1, maxReplicaCount: 4 } }, capacity: 2 })
      const many = Effect.map(Effect.replicateEffect(api.chat(model), 5), (all) => all.map(({ status }) => status))
      expect(yield* many).toEqual([200, 200, 429, 429, 429])
      const refused = yield* api.chat(model)
      expect([codeOf(refused), reasonOf(refused, "dedicated")]).toEqual(["429 too_many_requests", "Overloaded"])
      yield* api.setDeployment("d", { replicas: 2 })
      yield* TestClock.adjust("1 second")
      expect(yield* many).toEqual([200, 200, 200, 200, 429])
    })
  )

  it.effect("answers 425 while it swaps weights, and 404 and 503 shortly after it is ready", () =>
    Effect.gen(function* () {
      const api = yield* inMemory({ deployments: { d: {} }, startup: "1 minute", settling: "10 seconds" })
      yield* api.chat(model)
      yield* TestClock.adjust("1 minute")
      expect(yield* stateOf(api, "/deployments/d")).toBe("READY")
      expect(new Set([(yield* api.chat(model)).status, (yield* api.chat(model)).status])).toEqual(new Set([404, 503]))
      yield* TestClock.adjust("10 seconds")
      expect((yield* api.chat(model)).status).toBe(200)
      yield* api.swap("d", "30 seconds")
      const swapping = yield* api.chat(model)
      expect([swapping.status, reasonOf(swapping)]).toEqual([425, "WeightSwap"])
      yield* TestClock.adjust("30 seconds")
      expect((yield* api.chat(model)).status).toBe(200)
    })
  )

  it.effect("is created, found, listed and deleted", () =>
    Effect.gen(function* () {
      const api = yield* inMemory({ startup: "2 minutes" })
      const body = { baseModel: "accounts/fireworks/models/m", minReplicaCount: 1 }
      expect((yield* api.at("POST", "/deployments?deploymentId=d", body)).json["state"]).toBe("CREATING")
      expect(codeOf(yield* api.at("POST", "/deployments?deploymentId=d", body))).toBe("409 ALREADY_EXISTS")
      expect((yield* api.chat(model)).status).toBe(404)
      expect(yield* over([1.9, 2], stateOf(api, "/deployments/d"))).toEqual(["CREATING", "READY"])
      expect((yield* api.chat(model)).status).toBe(200)
      expect((yield* api.at("GET", "/deployments")).json["totalSize"]).toBe(1)
      yield* api.at("DELETE", "/deployments/d")
      expect(yield* stateOf(api, "/deployments/d")).toBe(404)
      expect((yield* api.chat(model)).status).toBe(404)
    })
  )

  const replicas = (api: Api) =>
    Effect.map(api.at("GET", "/deployments/d"), ({ json }) => [
      json["desiredReplicaCount"],
      json["replicaStats"]?.["readyReplicaCount"]
    ])

  it.effect("has new replicas after a while, and loses them at once", () =>
    Effect.gen(function* () {
      const api = yield* inMemory({ deployments: { d: { minReplicaCount: 1, maxReplicaCount: 3 } } })
      const scale = (replicaCount: number) => api.at("PATCH", "/deployments/d:scale", { replicaCount })
      expect((yield* scale(3)).json).toEqual({})
      expect(yield* over([0, 4.9, 5], replicas(api))).toEqual([
        [3, 1],
        [3, 1],
        [3, 3]
      ])
      yield* scale(0)
      expect(yield* replicas(api)).toEqual([0, 0])
      expect((yield* scale(4)).status).toBe(400)
      expect((yield* scale(-1)).status).toBe(400)
      expect((yield* api.at("PATCH", "/deployments/d:scale", {})).status).toBe(400)
    })
  )

  const policy = { scaleUpWindow: "30s", scaleDownWindow: "600s" }
  const full = {
    d: { minReplicaCount: 1, maxReplicaCount: 3, fields: { displayName: "mine", autoscalingPolicy: policy } }
  }

  it.effect("changes nothing but the fields of the mask", () =>
    Effect.gen(function* () {
      const api = yield* inMemory({ deployments: full })
      const patch = (mask: string, body: object) => api.at("PATCH", `/deployments/d?updateMask=${mask}`, body)
      const one = yield* patch("max_replica_count", { maxReplicaCount: 5, displayName: "ignored" })
      expect(one.json).toMatchObject({ minReplicaCount: 1, maxReplicaCount: 5, displayName: "mine" })
      const inner = yield* patch("autoscaling_policy.scale_up_window", { autoscalingPolicy: { scaleUpWindow: "1s" } })
      expect(inner.json["autoscalingPolicy"]).toEqual({ ...policy, scaleUpWindow: "1s" })
      expect((yield* patch("displayName", {})).json["displayName"]).toBe("")
      expect(codeOf(yield* patch("state", { state: "FAILED" }))).toBe("400 INVALID_ARGUMENT")
      expect(codeOf(yield* patch("minReplicaCount", { minReplicaCount: 9 }))).toBe("400 INVALID_ARGUMENT")
    })
  )

  it.effect("loses all that a PATCH without a mask does not name, unless told to merge", () =>
    Effect.gen(function* () {
      const replacing = yield* inMemory({ deployments: full })
      const { json } = yield* replacing.at("PATCH", "/deployments/d", { maxReplicaCount: 5 })
      expect(json).toMatchObject({ minReplicaCount: 0, maxReplicaCount: 5, displayName: "" })
      expect(json["autoscalingPolicy"]).toBeUndefined()
      expect(json["baseModel"]).toBe("accounts/fireworks/models/test-model")
      const merging = yield* inMemory({ deployments: full, patch: "merge" })
      const merged = yield* merging.at("PATCH", "/deployments/d", { maxReplicaCount: 5 })
      expect(merged.json).toMatchObject({ minReplicaCount: 1, maxReplicaCount: 5, displayName: "mine" })
    })
  )
})

// -------------------------------------------------------------------------------------------------
// Batch jobs
// -------------------------------------------------------------------------------------------------

describe("a batch job", () => {
  it.effect("goes through its states by the clock, with its progress", () =>
    Effect.gen(function* () {
      const api = yield* inMemory()
      const created = yield* submit(api, "j")
      expect(created.json).toMatchObject({
        ...input,
        name: "accounts/acme/batchInferenceJobs/j",
        state: "JOB_STATE_VALIDATING",
        status: { code: "OK" }
      })
      const seen = yield* over(
        [0.9, 1, 8.9, 9, 11, 12.9, 13],
        Effect.map(api.at("GET", `${batches}/j`), ({ json }) => [
          json["state"],
          json["jobProgress"]?.["successfullyProcessedRequests"]
        ])
      )
      expect(seen).toEqual([
        ["JOB_STATE_VALIDATING", undefined],
        ["JOB_STATE_PENDING", undefined],
        ["JOB_STATE_PENDING", undefined],
        ["JOB_STATE_RUNNING", 0],
        ["JOB_STATE_RUNNING", 50],
        ["JOB_STATE_RUNNING", 97],
        ["JOB_STATE_COMPLETED", 100]
      ])
    })
  )

  it.effect("can fail, expire with rows that are done, or wait for ever", () =>
    Effect.gen(function* () {
      const { expired, failed, stuck } = FireworksServer
      const timelines = new Map([
        ["f", failed],
        ["e", expired],
        ["s", stuck]
      ])
      const api = yield* inMemory({ timeline: ({ id }) => timelines.get(id) })
      for (const id of ["f", "e", "s", "c"]) yield* submit(api, id)
      yield* TestClock.adjust("1440 minutes")
      const { json } = yield* api.at("GET", batches)
      const jobs = list(json["batchInferenceJobs"])
      expect(
        jobs.map((job) => [
          job["state"],
          job["status"]?.["code"],
          job["jobProgress"]?.["successfullyProcessedRequests"]
        ])
      ).toEqual([
        ["JOB_STATE_FAILED", "INTERNAL", 60],
        ["JOB_STATE_EXPIRED", "DEADLINE_EXCEEDED", 60],
        ["JOB_STATE_PENDING", "OK", undefined],
        ["JOB_STATE_COMPLETED", "OK", 100]
      ])
    })
  )

  it.effect("goes on with the rows that another one left", () =>
    Effect.gen(function* () {
      const api = yield* inMemory({ timeline: ({ id }) => (id === "old" ? FireworksServer.expired : undefined) })
      yield* submit(api, "old")
      const next = { continuedFromJobName: "accounts/acme/batchInferenceJobs/old" }
      expect((yield* submit(api, "early", next)).status).toBe(400)
      yield* TestClock.adjust("24 hours")
      expect((yield* submit(api, "new", next)).json).toMatchObject(input)
      yield* TestClock.adjust("13 minutes")
      expect((yield* api.at("GET", `${batches}/new`)).json["jobProgress"]).toMatchObject({ totalInputRequests: 40 })
    })
  )

  it.effect("exists once, whatever is asked for", () =>
    Effect.gen(function* () {
      const api = yield* inMemory()
      expect((yield* submit(api, "j")).status).toBe(200)
      expect(codeOf(yield* submit(api, "j"))).toBe("409 ALREADY_EXISTS")
      expect(yield* api.creations).toEqual([{ kind: "batchInferenceJobs", id: "j", asked: 2, made: 1 }])
      expect(yield* api.jobs).toMatchObject([{ id: "j", state: "VALIDATING", input, life: 1 }])
    })
  )

  it.effect("exists as often as it is asked for, where ids are not honoured or not given", () =>
    Effect.gen(function* () {
      const api = yield* inMemory({ duplicates: "made" })
      yield* submit(api, "j")
      yield* submit(api, "j")
      expect(yield* api.creations).toMatchObject([{ id: "j", asked: 2, made: 2 }])
      yield* api.at("POST", batches, input)
      yield* api.at("POST", batches, input)
      expect(yield* api.jobs).toHaveLength(4)
    })
  )

  for (const [tombstone, shown, again] of [
    ["DELETED", "JOB_STATE_DELETED", 409],
    ["ARCHIVED", "JOB_STATE_ARCHIVED", 409],
    ["hidden", 404, 409],
    ["forgotten", 404, 200]
  ] as const) {
    it.effect(`leaves a tombstone when it is deleted: ${tombstone}`, () =>
      Effect.gen(function* () {
        const api = yield* inMemory({ tombstone })
        yield* submit(api, "j")
        expect((yield* api.at("DELETE", `${batches}/j`)).status).toBe(200)
        expect(yield* stateOf(api, `${batches}/j`)).toBe(shown)
        expect((yield* api.at("GET", batches)).json["totalSize"]).toBe(0)
        expect((yield* api.at("DELETE", `${batches}/j`)).status).toBe(404)
        expect((yield* submit(api, "j")).status).toBe(again)
      })
    )
  }

  it.effect("is listed in pages, which deletions do not shift", () =>
    Effect.gen(function* () {
      const api = yield* inMemory()
      for (let index = 1; index <= 7; index++) yield* submit(api, `j${index}`)
      const namesOf = ({ json }: Answer) => list(json["batchInferenceJobs"]).map((job) => lastPart(job["name"]))
      const first = yield* api.at("GET", `${batches}?pageSize=3`)
      expect([namesOf(first), first.json["totalSize"]]).toEqual([["j1", "j2", "j3"], 7])
      yield* api.at("DELETE", `${batches}/j2`)
      const second = yield* api.at("GET", `${batches}?pageSize=3&pageToken=${shown(first.json["nextPageToken"])}`)
      expect(namesOf(second)).toEqual(["j4", "j5", "j6"])
      const third = yield* api.at("GET", `${batches}?pageSize=3&pageToken=${shown(second.json["nextPageToken"])}`)
      expect([namesOf(third), third.json["nextPageToken"]]).toEqual([["j7"], ""])
      yield* api.setJob("j7", "FAILED")
      const filter = encodeURIComponent('state="JOB_STATE_FAILED"')
      expect(namesOf(yield* api.at("GET", `${batches}?filter=${filter}`))).toEqual(["j7"])
      for (const bad of ["pageSize=-1", "pageSize=x", "pageToken=x", "filter=x"]) {
        expect((yield* api.at("GET", `${batches}?${bad}`)).status).toBe(400)
      }
      const masked = yield* api.at("GET", `${batches}/j7?readMask=name,state`)
      expect(Object.keys(masked.json)).toEqual(["name", "state"])
    })
  )

  it.effect("needs what its kind needs, an id that is one, and the right account", () =>
    Effect.gen(function* () {
      const api = yield* inMemory()
      expect((yield* submit(api, "j", { model: "m" })).text).toContain("inputDatasetId is required")
      expect((yield* submit(api, "NO")).status).toBe(400)
      expect((yield* api.at("POST", "/dpoJobs", {})).text).toContain("dataset is required")
      expect(codeOf(yield* api.send("GET", "/v1/accounts/other/batchInferenceJobs"))).toBe("403 PERMISSION_DENIED")
      expect((yield* api.send("GET", "/v1/accounts?pageSize=2")).json["accounts"]?.[0]?.["name"]).toBe("accounts/acme")
      expect((yield* api.at("POST", `${batches}/j:cancel`, {})).status).toBe(404)
      expect(yield* api.jobs).toEqual([])
    })
  )

  it.effect("has errors in the form that is asked for", () =>
    Effect.gen(function* () {
      const api = yield* inMemory({ errors: "rpc" })
      const { json } = yield* api.at("GET", `${batches}/none`)
      expect(json).toMatchObject({ code: 5, details: [{ reason: "NOT_FOUND" }] })
    })
  )
})

// -------------------------------------------------------------------------------------------------
// Trainer jobs
// -------------------------------------------------------------------------------------------------

describe("a trainer job", () => {
  const path = `${trainers}/t`
  const health = (api: Api) =>
    Effect.map(api.send("GET", "/training/v1/rlorTrainerJobs/acme/t/api/v1/healthz"), ({ status }) => status)

  it.effect("runs until it is stopped, and is healthy some time after it began", () =>
    Effect.gen(function* () {
      const api = yield* inMemory()
      yield* train(api, "t")
      const both = Effect.zip(stateOf(api, path), health(api))
      expect(yield* over([0, 1, 6, 6.4, 6.5, 600], both)).toEqual([
        ["JOB_STATE_CREATING", 503],
        ["JOB_STATE_PENDING", 503],
        ["JOB_STATE_RUNNING", 503],
        ["JOB_STATE_RUNNING", 503],
        ["JOB_STATE_RUNNING", 200],
        ["JOB_STATE_RUNNING", 200]
      ])
    })
  )

  it.effect("can be reached by its direct route only", () =>
    Effect.gen(function* () {
      const api = yield* inMemory({ health: "direct" })
      yield* train(api, "t")
      yield* TestClock.adjust("7 minutes")
      const { directRouteHandle } = (yield* api.at("GET", path)).json
      expect(directRouteHandle).toBe("https://api.fireworks.ai/direct/acme/t")
      expect(yield* health(api)).toBe(503)
      expect((yield* api.send("GET", "/direct/acme/t/api/v1/healthz")).status).toBe(200)
    })
  )

  it.effect("is preempted, and goes on when it is resumed", () =>
    Effect.gen(function* () {
      const api = yield* inMemory({
        timeline: ({ life }) => (life === 1 ? FireworksServer.preempted("25 minutes") : undefined)
      })
      yield* train(api, "t")
      yield* TestClock.adjust("10 minutes")
      expect(codeOf(yield* api.at("POST", `${path}:resume`, {}))).toBe("400 FAILED_PRECONDITION")
      yield* TestClock.adjust("21 minutes")
      expect((yield* api.at("GET", path)).json).toMatchObject({
        state: "JOB_STATE_FAILED",
        status: { message: "The job was preempted" }
      })
      expect(yield* health(api)).toBe(503)
      const checkpoints = Effect.map(api.at("GET", `${path}/checkpoints`), ({ json }) =>
        list(json["checkpoints"]).map((one) => [lastPart(one["name"]), one["createTime"]])
      )
      const saved = [
        ["step-1", "1970-01-01T00:16:00.000Z"],
        ["step-2", "1970-01-01T00:26:00.000Z"]
      ]
      expect(yield* checkpoints).toEqual(saved)
      expect((yield* api.at("POST", `${path}:resume`, {})).json["state"]).toBe("JOB_STATE_CREATING")
      yield* TestClock.adjust("16 minutes")
      expect(yield* stateOf(api, path)).toBe("JOB_STATE_RUNNING")
      expect(yield* checkpoints).toEqual([...saved, ["step-3", "1970-01-01T00:47:00.000Z"]])
      const [job] = yield* api.jobs
      expect(job?.life).toBe(2)
      expect(job?.history.map(({ state }) => state)).toEqual([
        "CREATING",
        "PENDING",
        "RUNNING",
        "FAILED",
        "CREATING",
        "PENDING",
        "RUNNING"
      ])
    })
  )

  it.effect("is preempted by hand, and queued again by itself", () =>
    Effect.gen(function* () {
      const api = yield* inMemory()
      yield* train(api, "t")
      yield* TestClock.adjust("10 minutes")
      yield* api.preempt("t", "RE_QUEUEING")
      expect(yield* over([0, 1, 6], stateOf(api, path))).toEqual([
        "JOB_STATE_RE_QUEUEING",
        "JOB_STATE_PENDING",
        "JOB_STATE_RUNNING"
      ])
      yield* api.preempt("t")
      expect(yield* stateOf(api, path)).toBe("JOB_STATE_FAILED")
    })
  )

  it.effect("waits for hours, if it is told to before it is made", () =>
    Effect.gen(function* () {
      const api = yield* inMemory()
      yield* api.setJob("t", [{ state: "PENDING", lasts: "47 hours" }, { state: "RUNNING" }])
      yield* train(api, "t")
      expect(yield* over([0, 2819, 2820], stateOf(api, path))).toEqual([
        "JOB_STATE_PENDING",
        "JOB_STATE_PENDING",
        "JOB_STATE_RUNNING"
      ])
    })
  )

  it.effect("is cancelled, once", () =>
    Effect.gen(function* () {
      const api = yield* inMemory()
      yield* train(api, "t")
      expect((yield* api.at("POST", `${path}:cancel`, {})).status).toBe(200)
      expect(yield* stateOf(api, path)).toBe("JOB_STATE_CANCELLING")
      yield* TestClock.adjust("10 seconds")
      expect(yield* stateOf(api, path)).toBe("JOB_STATE_CANCELLED")
      expect((yield* api.at("POST", `${path}:cancel`, {})).status).toBe(400)
      yield* api.at("DELETE", path)
      expect((yield* api.at("POST", `${path}:resume`, {})).status).toBe(404)
      expect((yield* train(api, "t")).status).toBe(409)
    })
  )

  for (const kind of ["supervisedFineTuningJobs", "reinforcementFineTuningJobs", "dpoJobs"]) {
    it.effect(`is like those of ${kind}, which end`, () =>
      Effect.gen(function* () {
        const api = yield* inMemory()
        const body = { dataset: "accounts/acme/datasets/d" }
        expect((yield* api.at("POST", `/${kind}?${kind.slice(0, -1)}Id=t`, body)).status).toBe(200)
        yield* TestClock.adjust("36 minutes")
        expect((yield* api.at("GET", `/${kind}/t`)).json).toMatchObject({
          state: "JOB_STATE_COMPLETED",
          jobProgress: { percent: 100 }
        })
        expect((yield* api.at("POST", `/${kind}/t:resume`, {})).status).toBe(200)
      })
    )
  }
})

// -------------------------------------------------------------------------------------------------
// Misbehaviour
// -------------------------------------------------------------------------------------------------

describe("a read that is stale", () => {
  it.effect("shows the state of some time ago, no more than was said, and the same for the same request", () =>
    Effect.gen(function* () {
      const histories: Array<ReadonlyArray<unknown>> = []
      for (let round = 0; round < 2; round++) {
        const api = yield* inMemory({ stale: "30 seconds" })
        yield* submit(api, "j")
        yield* TestClock.adjust("75 seconds")
        const read = stateOf(api, `${batches}/j`)
        const early = yield* Effect.replicateEffect(read, 20)
        expect(new Set(early)).toEqual(new Set(["JOB_STATE_VALIDATING", "JOB_STATE_PENDING"]))
        yield* TestClock.adjust("15 seconds")
        expect(new Set(yield* Effect.replicateEffect(read, 20))).toEqual(new Set(["JOB_STATE_PENDING"]))
        histories.push(early)
        yield* TestClock.adjust("10 minutes")
      }
      expect(histories[0]).toEqual(histories[1])
    })
  )

  it.effect("shows an end that is over, after the job was resumed", () =>
    Effect.gen(function* () {
      const api = yield* inMemory()
      yield* train(api, "t")
      yield* api.setJob("t", "FAILED")
      yield* TestClock.adjust("1 minute")
      yield* api.stale("20 seconds")
      yield* api.at("POST", `${trainers}/t:resume`, {})
      yield* TestClock.adjust("1 second")
      const seen = yield* Effect.replicateEffect(stateOf(api, `${trainers}/t`), 20)
      expect(new Set(seen)).toEqual(new Set(["JOB_STATE_FAILED", "JOB_STATE_CREATING"]))
    })
  )

  it.effect("shows the replicas of some time ago", () =>
    Effect.gen(function* () {
      const api = yield* inMemory({ deployments: { d: { maxReplicaCount: 3, replicas: 1 } }, stale: "1 minute" })
      yield* TestClock.adjust("1 second")
      yield* api.at("PATCH", "/deployments/d:scale", { replicaCount: 3 })
      const read = Effect.map(api.at("GET", "/deployments/d"), ({ json }) => json["replicaCount"])
      expect(new Set(yield* Effect.replicateEffect(read, 20))).toContain(1)
      yield* TestClock.adjust("1 minute")
      expect(new Set(yield* Effect.replicateEffect(read, 20))).toEqual(new Set([3]))
    })
  )
})

describe("misbehaviour", () => {
  it.effect("hides a new job for some time, which exists all the same", () =>
    Effect.gen(function* () {
      const api = yield* inMemory({ visibleAfter: "10 seconds" })
      yield* submit(api, "j")
      expect(yield* stateOf(api, `${batches}/j`)).toBe(404)
      expect((yield* submit(api, "j")).status).toBe(409)
      yield* TestClock.adjust("10 seconds")
      expect(yield* stateOf(api, `${batches}/j`)).toBe("JOB_STATE_VALIDATING")
    })
  )

  it.effect("fails all requests in an outage, which have no effect", () =>
    Effect.gen(function* () {
      const api = yield* inMemory({ outages: [{ after: "1 minute", lasts: "1 minute" }] })
      const statuses = Effect.map(api.chat(), ({ status }) => status)
      expect(yield* over([0.9, 1, 1.9], statuses)).toEqual([200, 503, 503])
      expect((yield* submit(api, "j")).status).toBe(503)
      yield* TestClock.adjust("6 seconds")
      expect((yield* api.chat()).status).toBe(200)
      expect(yield* api.creations).toEqual([])
      yield* api.outage({ lasts: "1 minute", fault: Fault.unanswered })
      const vanished = yield* Effect.fork(api.chat())
      yield* TestClock.adjust("1 hour")
      expect(vanished.unsafePoll()).toBeNull()
      yield* Fiber.interrupt(vanished)
      expect((yield* api.chat()).status).toBe(200)
    })
  )

  it.effect("gives a fault to the next requests of a method and path, only to them, and instead of their effect", () =>
    Effect.gen(function* () {
      const api = yield* inMemory()
      yield* api.inject({ method: "GET", path: /models$/g, skip: 1, times: 2, fault: Fault.answer(418) })
      const models = Effect.map(api.send("GET", "/inference/v1/models"), ({ status }) => status)
      expect((yield* api.chat()).status).toBe(200)
      expect(yield* Effect.replicateEffect(models, 4)).toEqual([200, 418, 418, 200])
      yield* api.inject({ path: batches, fault: Fault.answer(500) })
      expect((yield* submit(api, "j")).status).toBe(500)
      expect(yield* api.jobs).toEqual([])
    })
  )

  it.effect("loses the answer to the nth create, which takes effect", () =>
    Effect.gen(function* () {
      const fault = Fault.reset
      const api = yield* inMemory({
        injections: [{ method: "POST", path: batches, skip: 1, fault, takesEffect: true }]
      })
      expect((yield* submit(api, "a")).status).toBe(200)
      expect((yield* submit(api, "b")).status).toBe(0)
      expect((yield* submit(api, "b")).status).toBe(409)
      expect(yield* api.creations).toMatchObject([
        { id: "a", asked: 1, made: 1 },
        { id: "b", asked: 2, made: 1 }
      ])
    })
  )

  it.effect("goes down as a machine does, and comes back with its state", () =>
    Effect.gen(function* () {
      const api = yield* inMemory()
      yield* submit(api, "j")
      yield* api.down
      expect((yield* api.chat()).status).toBe(0)
      yield* api.up
      expect(yield* stateOf(api, `${batches}/j`)).toBe("JOB_STATE_VALIDATING")
      expect(yield* api.requests).toHaveLength(2)
    })
  )

  it.effect("is survived by a Job", () =>
    Effect.gen(function* () {
      const api = yield* inMemory({ stale: "20 seconds", visibleAfter: "3 seconds" })
      yield* api.inject({ method: "POST", path: batches, fault: Fault.close, takesEffect: true })
      yield* api.outage({ after: "5 minutes", lasts: "20 minutes", fault: Fault.reset })
      const call = (effect: Effect.Effect<Answer>) =>
        Effect.flatMap(effect, (answer): Effect.Effect<string, ReturnType<typeof Classify.answer>> => {
          if (answer.status === 0)
            return Effect.fail(Classify.exception({ code: "ECONNRESET" }, { now: 0, delivery: "Unconfirmed" }))
          const { headers, json, status, text } = answer
          return status < 400
            ? Effect.succeed(shown(json["state"]))
            : Effect.fail(Classify.answer({ status, headers, body: text, dialect: Dialect.fireworks, now: 0 }))
        })
      const kind: Job.Kind<object, string, string> = {
        create: (id, body) => call(submit(api, id, body)),
        get: (id) => call(api.at("GET", `${batches}/${id}`)),
        standing: (state) => (state === "JOB_STATE_COMPLETED" ? { _tag: "Ended", outcome: state } : { _tag: "Active" }),
        isSame: () => true
      }
      const job = Effect.zipRight(Job.submit(kind, "j", input), Job.await(kind, "j", { factor: 1 }))
      // no wait of a part of a millisecond, which a TestClock cannot tell in nanoseconds
      const run = yield* Effect.fork(Effect.withRandom(job, Random.fixed([0.5])))
      for (let minute = 0; minute < 40; minute++) yield* TestClock.adjust("1 minute")
      expect(yield* Fiber.join(run)).toBe("JOB_STATE_COMPLETED")
      expect(yield* api.creations).toMatchObject([{ id: "j", made: 1 }])
    })
  )
})

// -------------------------------------------------------------------------------------------------
// Metrics
// -------------------------------------------------------------------------------------------------

describe("metrics", () => {
  it.effect("tell the rates of the last minute, half a minute late, of deployments only", () =>
    Effect.gen(function* () {
      const api = yield* inMemory({ deployments: { d: { minReplicaCount: 1 } }, capacity: 1 })
      const model = "accounts/acme/deployments/d"
      const statuses = yield* Effect.replicateEffect(
        Effect.map(api.chat(model), ({ status }) => status),
        3
      )
      expect(statuses).toEqual([200, 429, 429])
      yield* api.chat()
      const labels =
        'base_model="accounts/fireworks/models/test-model",deployment="accounts/acme/deployments/d",' +
        'deployment_account="acme",deployment_id="d"'
      expect((yield* api.at("GET", "/metrics")).text).toBe(`request_counter_total:sum_by_deployment{${labels}} 0\n`)
      yield* TestClock.adjust("30 seconds")
      const { headers, text } = yield* api.at("GET", "/metrics")
      expect(headers["content-type"]).toContain("text/plain")
      expect(text).toBe(
        `request_counter_total:sum_by_deployment{${labels}} 0.05\n` +
          `requests_error_total:sum_by_deployment{${labels},http_code="429"} ${2 / 60}\n`
      )
      yield* TestClock.adjust("1 minute")
      expect((yield* api.at("GET", "/metrics")).text).toContain("} 0\n")
    })
  )

  it.effect("are refused above six times a minute", () =>
    Effect.gen(function* () {
      const api = yield* inMemory()
      const scrapes = yield* Effect.replicateEffect(api.at("GET", "/metrics"), 7)
      expect(scrapes.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200, 429])
      yield* TestClock.adjust("1 minute")
      expect((yield* api.at("GET", "/metrics")).status).toBe(200)
    })
  )
})

// -------------------------------------------------------------------------------------------------
// Bad input
// -------------------------------------------------------------------------------------------------

describe("options", () => {
  it("are checked where they are given, by name", () => {
    const { inMemory, make, preempted } = FireworksServer
    expect(() => inMemory({ account: "No Account" })).toThrow(/FireworksServer.inMemory: account is "No Account"/)
    expect(() => make({ startup: -1 })).toThrow(/FireworksServer.make: startup/)
    expect(() => make({ limits: { requests: 0 } })).toThrow(/limits.requests is 0/)
    expect(() => make({ timeline: [] })).toThrow(/timeline.length is 0/)
    expect(() => make({ timeline: [{ state: "RUNNING", progress: 2 }] })).toThrow(/timeline\[0\].progress is 2/)
    expect(() => make({ deployments: { d: { minReplicaCount: 2, maxReplicaCount: 1 } } })).toThrow(
      /maxReplicaCount is 1/
    )
    expect(() => make({ deployments: { "not an id": {} } })).toThrow(/deployment is "not an id"/)
    expect(() => make({ outages: [{ lasts: -1 }] })).toThrow(/outage.lasts/)
    expect(() => make({ injections: [{ fault: Fault.reset, times: 0 }] })).toThrow(/injection.times is 0/)
    expect(() => preempted(-1)).toThrow(/FireworksServer.preempted: after/)
  })

  it.effect("of what is done by hand, too", () =>
    Effect.gen(function* () {
      const api = yield* inMemory()
      expect(() => api.setJob("j", [])).toThrow(/FireworksServer.setJob: next.length is 0/)
      expect(() => api.stale(-1)).toThrow(/FireworksServer.stale: upTo/)
      for (const effect of [api.swap("none", "1 second"), api.preempt("none")]) {
        const exit = yield* Effect.exit(effect)
        expect(Exit.isFailure(exit) && Cause.pretty(exit.cause)).toMatch(/id is "none"; it must be that of a/)
      }
    })
  )
})

describe("hostile input", () => {
  const path = fc.oneof(
    fc.string({ maxLength: 80 }),
    fc
      .array(
        fc.constantFrom(
          "v1",
          "inference",
          "accounts",
          "acme",
          "batchInferenceJobs",
          "rlorTrainerJobs",
          "deployments",
          "d:scale",
          "d",
          "j",
          "t:resume",
          ":",
          "",
          "%",
          "%2F",
          "%00",
          "..",
          "__proto__",
          "constructor",
          "checkpoints",
          "metrics",
          "chat",
          "completions",
          "models",
          "training",
          "healthz",
          "direct"
        ),
        { maxLength: 8 }
      )
      .map((parts) => parts.join("/")),
    fc.constantFrom(
      ...["batchInferenceJobs", "batchInferenceJobs/j", "deployments/d", "deployments/d:scale", "rlorTrainerJobs"].map(
        (rest) => `v1/accounts/acme/${rest}`
      ),
      "inference/v1/chat/completions"
    )
  )
  const query = fc.dictionary(
    fc.constantFrom("pageSize", "pageToken", "filter", "updateMask", "readMask", "batchInferenceJobId", "deploymentId"),
    fc.oneof(fc.string(), fc.constantFrom("__proto__", "__proto__.x", "a.b.c", "1e999", "-0", "after-1"))
  )
  const body = fc.oneof(
    fc.string(),
    fc.json(),
    fc.constantFrom(
      "[".repeat(200_000),
      `${'{"a":'.repeat(20_000)}1${"}".repeat(20_000)}`,
      '{"__proto__":{"x":1},"model":"m","inputDatasetId":"d"}',
      '{"replicaCount":1e300}',
      '{"minReplicaCount":-1,"baseModel":"b","autoscalingPolicy":7}',
      '{"model":{},"messages":7}',
      '{"model":"#","messages":[null]}'
    )
  )

  it.effect("is answered, whatever it is", () =>
    Effect.gen(function* () {
      const { account, jobs, key, script } = yield* FireworksServer.inMemory({
        deployments: { d: { minReplicaCount: 1 } },
        stale: "1 minute"
      })
      expect(account).toBe("acme")
      let number = 0
      const request = fc.record({
        method: fc.constantFrom("GET", "POST", "PATCH", "DELETE", "HEAD", "get", "\u0000"),
        path: fc.tuple(path, query).map(([path, query]) => `/${path}?${new URLSearchParams(query).toString()}`),
        body,
        id: fc.string(),
        at: fc.oneof(fc.integer(), fc.constantFrom(0, -1, 8.64e15, 9e15))
      })
      fc.assert(
        fc.property(request, ({ at, body, id, method, path }) => {
          const headers = { authorization: `Bearer ${key}`, "x-request-id": id, host: id }
          const fault = script({ number: ++number, connection: 1, onConnection: 1, at, method, path, headers, body })
          expect(fault._tag).toBe("Answer")
          if (fault._tag !== "Answer") return
          expect(fault.status).toBeLessThan(500 + 4)
          // what is sent can be sent
          Fault.answer(fault.status, { headers: fault.headers, body: fault.body })
        }),
        { numRuns: 3000 }
      )
      expect(Array.isArray(yield* jobs)).toBe(true)
    })
  )
})

// -------------------------------------------------------------------------------------------------
// On sockets
// -------------------------------------------------------------------------------------------------

describe("a client", () => {
  const model = "accounts/fireworks/models/m"
  const asked = Effect.gen(function* () {
    const fireworks = yield* Fireworks.Fireworks
    const { value } = yield* fireworks.chat({ model, messages: [{ role: "user", content: "one two" }] })
    return { said: value.choices[0]?.message.content, account: yield* controlOf(fireworks).accountId }
  })
  const given = { account: "ours", keys: ["fw-a", "fw-b"] }
  const expected = { said: "one two", account: "ours" }

  it.effect("is made of the options, in memory", () =>
    Effect.gen(function* () {
      const { client, options } = yield* FireworksServer.inMemory(given)
      const http = Layer.succeed(HttpClient.HttpClient, client)
      expect(yield* Effect.provide(asked, Layer.provide(Fireworks.layer(options), http))).toEqual(expected)
      expect(Redacted.value(options.apiKey)).toBe("fw-a")
      const live = FireworksServer.layerClient(Fireworks.layer).pipe(
        Layer.provide(FireworksServer.layerInMemory(given))
      )
      expect(yield* Effect.provide(asked, live)).toEqual(expected)
    })
  )

  it.live("is made of the options, on sockets", () =>
    Effect.gen(function* () {
      const { options, origin } = yield* FireworksServer.make(given)
      expect(options.baseUrl).toBe(origin)
      const direct = Layer.provide(Fireworks.layer(options), Transport.layer())
      expect(yield* Effect.provide(asked, direct)).toEqual(expected)
      const live = FireworksServer.layerClient((api) => Fireworks.layer({ ...api, limitsPer: "second" }))
      const around = Layer.provide(live, [FireworksServer.layer(given), Transport.layer()])
      expect(yield* Effect.provide(asked, around)).toEqual(expected)
    }).pipe(Effect.scoped)
  )
})

describe("on sockets", () => {
  const openai = ({ baseUrl, key }: FireworksServer.FireworksServer, apiKey = key) =>
    new OpenAI({ baseURL: baseUrl, apiKey, maxRetries: 0, fetch: globalThis.fetch })

  const messages = [{ role: "user" as const, content: "one two three" }]

  it.live("serves the openai package, plain and streamed", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const server = yield* FireworksServer.make({ keys: ["fw-key"] })
        const client = openai(server)
        const model = "accounts/fireworks/models/m"
        const plain = yield* Effect.promise(() => client.chat.completions.create({ model, messages }))
        expect(plain.choices[0]?.message.content).toBe("one two three")
        const streamed = yield* Effect.promise(async () => {
          let text = ""
          for await (const chunk of await client.chat.completions.create({ model, messages, stream: true })) {
            text += chunk.choices[0]?.delta.content ?? ""
          }
          return text
        })
        expect(streamed).toBe("one two three")
        const failed = yield* Effect.either(
          Effect.tryPromise({
            try: () => openai(server, "other").models.list(),
            catch: (error) => Classify.exception(error, { now: 0, dialect: Dialect.fireworks })
          })
        )
        expect(Either.isLeft(failed) && failed.left).toMatchObject({ reason: "Unauthorized", status: 401 })
        expect(yield* server.requests).toHaveLength(3)
      })
    )
  )

  it.live("scales up from zero in real time", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const server = yield* FireworksServer.make({ deployments: { d: {} }, startup: "200 millis" })
        const client = openai(server)
        const chat = Effect.promise(() =>
          client.chat.completions.create({ model: "accounts/acme/deployments/d", messages }).then(
            () => "served",
            (error: unknown) => Classify.exception(error, { now: 0, dialect: Dialect.fireworks }).reason
          )
        )
        expect(yield* chat).toBe("ScalingUp")
        yield* Effect.sleep("250 millis")
        expect(yield* chat).toBe("served")
      })
    )
  )

  it.live("makes a job, loses the answer, and knows of it", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const { account, creations, inject, key, origin, preempt, setJob } = yield* FireworksServer.make({
          health: "both",
          healthyAfter: 0
        })
        const headers = { authorization: `Bearer ${key}` }
        const jobs = `${origin}/v1/accounts/${account}/rlorTrainerJobs`
        const call = (url: string, method = "GET") =>
          Effect.promise(() =>
            fetch(url, { method, headers, ...(method === "POST" && { body: "{}" }) }).then(
              async (answer) => ({ status: answer.status, json: jsonOf(await answer.text()) }),
              () => ({ status: 0, json: jsonOf("") })
            )
          )
        yield* inject({ method: "POST", path: "/rlorTrainerJobs", fault: Fault.reset, takesEffect: true })
        yield* setJob("t", "RUNNING")
        expect((yield* call(`${jobs}?rlorTrainerJobId=t`, "POST")).status).toBe(0)
        const { json } = yield* call(`${jobs}/t`)
        expect(json["state"]).toBe("JOB_STATE_RUNNING")
        expect((yield* call(`${shown(json["directRouteHandle"])}/api/v1/healthz`)).status).toBe(200)
        yield* preempt("t")
        expect((yield* call(`${jobs}/t:resume`, "POST")).json["state"]).toBe("JOB_STATE_CREATING")
        expect(yield* creations).toEqual([{ kind: "rlorTrainerJobs", id: "t", asked: 1, made: 1 }])
      })
    )
  )

  it.live("gives the same answers as in memory", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const options = { limits: { requests: 2 }, deployments: { d: {} }, errors: "rpc" } as const
        const memory = yield* inMemory(options)
        const server = yield* FireworksServer.make(options)
        const calls: ReadonlyArray<readonly [HttpMethod.HttpMethod, string, object?]> = [
          ["POST", "/v1/accounts/acme/dpoJobs", {}],
          ["GET", "/v1/accounts/acme/deployments/none"],
          ["PATCH", "/v1/accounts/acme/deployments/d:scale", { replicaCount: 1 }],
          ["POST", "/inference/v1/chat/completions", { model: "accounts/acme/deployments/d" }],
          ["POST", "/inference/v1/embeddings", { model: "m", input: "x" }],
          ["GET", "/nowhere"]
        ]
        for (const [method, path, body] of calls) {
          const one = yield* memory.send(method, path, body)
          const other = yield* Effect.promise(async () => {
            const headers = { authorization: `Bearer ${server.key}` }
            const init = body === undefined ? { method, headers } : { method, headers, body: JSON.stringify(body) }
            const answer = await fetch(server.origin + path, init)
            return { status: answer.status, text: await answer.text(), headers: Object.fromEntries(answer.headers) }
          })
          expect([other.status, other.text]).toEqual([one.status, one.text])
          expect(other.headers).toMatchObject(one.headers)
        }
      })
    )
  )
})
