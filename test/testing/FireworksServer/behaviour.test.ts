import { HttpClient, type HttpMethod } from "@effect/platform"
import { describe, it } from "@effect/vitest"
import { Cause, Effect, Either, Exit, FastCheck as fc, Fiber, Layer, Random, Redacted, TestClock } from "effect"
import { Classify, Dialect, Job } from "effect-reliability"
import { Fireworks } from "effect-reliability/fireworks"
import { Transport } from "effect-reliability/node"
import { Fault, FireworksServer } from "effect-reliability/testing"
import OpenAI from "openai"
import { expect } from "vitest"
import { controlOf } from "../../../src/fireworks/internal/control.js"
import {
  type Answer,
  batches,
  inMemory,
  input,
  jsonOf,
  over,
  shown,
  stateOf,
  submit,
  train,
  trainers
} from "../../support/fireworksServer.js"

// -------------------------------------------------------------------------------------------------
// Stale reads and failures
// -------------------------------------------------------------------------------------------------

describe("FireworksServer stale reads", () => {
  it.effect("returns states up to `stale` old, in a reproducible sequence", () =>
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

  it.effect("returns the old final state after a resumption", () =>
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

  it.effect("returns old replica counts", () =>
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

describe("FireworksServer failures", () => {
  it.effect("hides a new job for `visibleAfter`, and still rejects its duplicate", () =>
    Effect.gen(function* () {
      const api = yield* inMemory({ visibleAfter: "10 seconds" })
      yield* submit(api, "j")
      expect(yield* stateOf(api, `${batches}/j`)).toBe(404)
      expect((yield* submit(api, "j")).status).toBe(409)
      yield* TestClock.adjust("10 seconds")
      expect(yield* stateOf(api, `${batches}/j`)).toBe("JOB_STATE_VALIDATING")
    })
  )

  it.effect("fails all requests of an outage without their effect", () =>
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

  it.effect("injects a fault into the next requests of a method and path, in place of their effect", () =>
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

  it.effect("loses the response of the nth creation, which still has its effect", () =>
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

  it.effect("fails requests while it is down, and preserves its state", () =>
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

  it.effect("allows a Job to complete despite faults, stale reads and an outage", () =>
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
      // waits must be whole milliseconds: TestClock rounds fractions in nanoseconds
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

describe("FireworksServer metrics", () => {
  it.effect("reports the rates of deployments for the last minute, half a minute late", () =>
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

  it.effect("rejects more than six scrapes a minute", () =>
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
// Invalid input
// -------------------------------------------------------------------------------------------------

describe("FireworksServer options", () => {
  it("rejects invalid options by name", () => {
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

  it.effect("rejects invalid arguments of its methods by name", () =>
    Effect.gen(function* () {
      const api = yield* inMemory()
      expect(() => api.setJob("j", [])).toThrow(/FireworksServer.setJob: next.length is 0/)
      expect(() => api.stale(-1)).toThrow(/FireworksServer.stale: upTo/)
      for (const effect of [api.swap("none", "1 second"), api.preempt("none")]) {
        const exit = yield* Effect.exit(effect)
        expect(Exit.isFailure(exit) && Cause.pretty(exit.cause)).toMatch(/id is "none"; it must be the id of a/)
      }
    })
  )
})

describe("FireworksServer, hostile input", () => {
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

  it.effect("responds to any request with a valid response", () =>
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
          // the constructor rejects invalid responses
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

describe("FireworksServer clients", () => {
  const model = "accounts/fireworks/models/m"
  const asked = Effect.gen(function* () {
    const fireworks = yield* Fireworks.Fireworks
    const { value } = yield* fireworks.chat({ model, messages: [{ role: "user", content: "one two" }] })
    return { text: value.choices[0]?.message.content, account: yield* controlOf(fireworks).accountId }
  })
  const given = { account: "ours", keys: ["fw-a", "fw-b"] }
  const expected = { text: "one two", account: "ours" }

  it.effect("connects with the server's options, in memory", () =>
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

  it.live("connects with the server's options, on sockets", () =>
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

describe("FireworksServer on sockets", () => {
  const openai = ({ baseUrl, key }: FireworksServer.FireworksServer, apiKey = key) =>
    new OpenAI({ baseURL: baseUrl, apiKey, maxRetries: 0, fetch: globalThis.fetch })

  const messages = [{ role: "user" as const, content: "one two three" }]

  it.live("serves the openai package, with and without streams", () =>
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

  it.live("creates a job whose response is lost, and returns it later", () =>
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

  it.live("returns the same responses as in memory", () =>
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
