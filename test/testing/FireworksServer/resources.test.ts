import { HttpClientRequest } from "@effect/platform"
import { describe, it } from "@effect/vitest"
import { Effect, Fiber, TestClock } from "effect"
import { Classify, Dialect, Reliability, ReliableHttpClient, Workload } from "effect-reliability"
import { FireworksServer } from "effect-reliability/testing"
import { expect } from "vitest"
import {
  type Answer,
  type Api,
  batches,
  inMemory,
  input,
  type Json,
  over,
  shown,
  stateOf,
  submit,
  train,
  trainers
} from "../../support/fireworksServer.js"

const list = (value: Json | undefined): ReadonlyArray<Json> => (Array.isArray(value) ? (value as Array<Json>) : [])

const lastPart = (value: unknown): string | undefined => shown(value).split("/").at(-1)

const codeOf = ({ json, status }: Answer) => `${status} ${shown(json["error"]?.["code"])}`

/** Returns the reason that `Classify.answer` assigns to a response. */
const reasonOf = ({ headers, status, text }: Answer, target?: "serverless" | "dedicated") =>
  Classify.answer({ status, headers, body: text, dialect: Dialect.fireworks, target, now: 0 }).reason

// -------------------------------------------------------------------------------------------------
// Inference
// -------------------------------------------------------------------------------------------------

describe("FireworksServer inference", () => {
  it.effect("serves chats, completions, embeddings and models, with rate limits and performance in the headers", () =>
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

  it.effect("calls the tool that a request demands, with the text of the last message as arguments", () =>
    Effect.gen(function* () {
      const api = yield* inMemory()
      const tools = ["first", "second"].map((name) => ({ type: "function", function: { name } }))
      const calledBy = (answer: Answer) => {
        const choice = answer.json["choices"]?.[0]
        return [choice?.["finish_reason"], choice?.["message"]?.["tool_calls"]?.[0]?.["function"]]
      }
      const called = (name: string) => ["tool_calls", { name, arguments: "one two three" }]
      expect(calledBy(yield* api.chat("m", { tools, tool_choice: "required" }))).toEqual(called("first"))
      const second = { tools, tool_choice: tools[1] }
      expect(calledBy(yield* api.chat("m", second))).toEqual(called("second"))
      for (const rest of [{ tools, tool_choice: "auto" }, { tools }, { tool_choice: "required" }]) {
        expect(calledBy(yield* api.chat("m", rest))).toEqual(["stop", undefined])
      }
      const { text } = yield* api.chat("m", { ...second, stream: true })
      expect([...text.matchAll(/"arguments":"(.*?)"/g)].map(([, piece]) => piece)).toEqual(["one ", "two ", "three"])
      expect(text.match(/"name":"second"/g)).toHaveLength(1)
    })
  )

  it.effect("streams events up to [DONE], with the performance in the last one on request", () =>
    Effect.gen(function* () {
      const api = yield* inMemory()
      const { headers, text } = yield* api.chat("m", { stream: true, perf_metrics_in_response: true })
      expect(headers["content-type"]).toBe("text/event-stream")
      expect(text.endsWith("data: [DONE]\n\n")).toBe(true)
      expect(text.match(/perf_metrics/g)).toHaveLength(1)
    })
  )

  it.effect("returns the request id, or generates one", () =>
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

  it.effect("rejects invalid keys, unknown models and paths, wrong methods and invalid bodies", () =>
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

  it.effect("rejects requests above the limit of a model until it has refilled", () =>
    Effect.gen(function* () {
      const api = yield* inMemory({ limits: { requests: 2, retryAfter: "5 seconds" } })
      expect([(yield* api.chat()).status, (yield* api.chat()).status]).toEqual([200, 200])
      const refused = yield* api.chat()
      expect(codeOf(refused)).toBe("429 invalid_request_error")
      expect(refused.headers["x-ratelimit-remaining-requests"]).toBe("0")
      expect(refused.headers["retry-after"]).toBe("5")
      expect(reasonOf(refused, "serverless")).toBe("RateExceeded")
      // each model has a limit of its own
      expect((yield* api.chat("another")).status).toBe(200)
      yield* TestClock.adjust("29 seconds")
      expect((yield* api.chat()).status).toBe(429)
      yield* TestClock.adjust("1 second")
      expect((yield* api.chat()).status).toBe(200)
    })
  )

  it.effect("responds with 412 and the name of the account while it is suspended", () =>
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

  it.effect("responds after the given latency", () =>
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

describe("FireworksServer deployments", () => {
  const model = "accounts/acme/deployments/d"

  it.effect("scales up from zero after the first request, and responds with 503 meanwhile", () =>
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

  it.effect("does not wake a deployment whose maxReplicaCount is 0", () =>
    Effect.gen(function* () {
      const api = yield* inMemory({ deployments: { d: { maxReplicaCount: 0 } } })
      expect((yield* api.chat(model)).status).toBe(404)
    })
  )

  it.effect("responds to one call under a patient workload once it has scaled up", () =>
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

  it.effect("rejects requests above the capacity of the replicas", () =>
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

  it.effect("responds with 404 and 503 while it settles, and with 425 during a weight swap", () =>
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

  it.effect("creates, returns, lists and deletes deployments", () =>
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

  it.effect("adds replicas after the startup time, and removes them immediately", () =>
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

  it.effect("changes only the fields of the mask", () =>
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

  it.effect("resets fields that a PATCH without a mask omits, unless `patch` is merge", () =>
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

describe("FireworksServer batch jobs", () => {
  it.effect("advances the state and progress with the clock", () =>
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

  it.effect("follows a timeline that fails, expires or stays pending", () =>
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

  it.effect("continues with the remaining rows of an expired job", () =>
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

  it.effect("creates one job for each id, and rejects duplicates", () =>
    Effect.gen(function* () {
      const api = yield* inMemory()
      expect((yield* submit(api, "j")).status).toBe(200)
      expect(codeOf(yield* submit(api, "j"))).toBe("409 ALREADY_EXISTS")
      expect(yield* api.creations).toEqual([{ kind: "batchInferenceJobs", id: "j", asked: 2, made: 1 }])
      expect(yield* api.jobs).toMatchObject([{ id: "j", state: "VALIDATING", input, life: 1 }])
    })
  )

  it.effect("creates a job for each request if duplicates are allowed or ids are missing", () =>
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
    it.effect(`deletes a job with the tombstone ${tombstone}`, () =>
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

  it.effect("lists pages that deletions do not shift, with filters and masks", () =>
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

  it.effect("rejects missing fields, invalid ids and other accounts", () =>
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

  it.effect("returns errors in the given form", () =>
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

describe("FireworksServer trainer jobs", () => {
  const path = `${trainers}/t`
  const health = (api: Api) =>
    Effect.map(api.send("GET", "/training/v1/rlorTrainerJobs/acme/t/api/v1/healthz"), ({ status }) => status)

  it.effect("keeps the job running, and reports it healthy some time after its start", () =>
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

  it.effect("serves only the direct route if `health` is direct", () =>
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

  it.effect("preempts the job, and continues it after a resumption", () =>
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

  it.effect("preempts a job on request, and requeues it", () =>
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

  it.effect("applies a timeline that was set before the creation", () =>
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

  it.effect("cancels a job once", () =>
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
    it.effect(`completes jobs of ${kind}`, () =>
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
