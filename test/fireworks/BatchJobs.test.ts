import { HttpClient } from "@effect/platform"
import { describe, it } from "@effect/vitest"
import {
  Cause,
  Chunk,
  Context,
  DefaultServices,
  Duration,
  Effect,
  FastCheck as fc,
  Fiber,
  Layer,
  Random,
  Redacted,
  Stream,
  TestClock,
  type Utils
} from "effect"
import { type ApiError, Deadline } from "effect-reliability"
import { BatchJobs, Fireworks } from "effect-reliability/fireworks"
import { Fault, FireworksServer, ScriptedClient } from "effect-reliability/testing"
import { spawn } from "node:child_process"
import { expect } from "vitest"
import { root } from "../support/project.js"

// -------------------------------------------------------------------------------------------------
// The API in memory
// -------------------------------------------------------------------------------------------------

const key = "fw-test-key"
const account = "acme"

const input = { model: "accounts/fireworks/models/m", inputDatasetId: "rows" } as const

const over = (client: HttpClient.HttpClient) =>
  Fireworks.layer({ apiKey: Redacted.make(key), accountId: account }).pipe(
    Layer.provide(Layer.succeed(HttpClient.HttpClient, client))
  )

/** Runs a test against the API in memory. */
const against = (
  options: FireworksServer.Options,
  test: (server: FireworksServer.InMemory) => Effect.Effect<void, ApiError.ApiError, Fireworks.Fireworks>
) =>
  Effect.flatMap(FireworksServer.inMemory({ account, ...options }), (server) =>
    Effect.provide(test(server), over(server.client))
  )

/** Runs a test against scripted responses. */
const scripted = (
  script: Fault.Script,
  test: (client: ScriptedClient.ScriptedClient) => Effect.Effect<void, ApiError.ApiError, Fireworks.Fireworks>
) => Effect.flatMap(ScriptedClient.make(script), (client) => Effect.provide(test(client), over(client)))

/** Runs an effect, advances the clock, and expects the effect to have ended. */
const within = <A, E, R>(effect: Effect.Effect<A, E, R>, time: Duration.DurationInput) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.fork(effect)
    yield* TestClock.adjust(time)
    expect(fiber.unsafePoll(), `it takes more than ${Duration.format(time)}`).not.toBeNull()
    return yield* Fiber.join(fiber)
  })

/** Returns the error of an effect, and dies if the effect succeeds. */
const failureOf = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.orDieWith(Effect.flip(effect), () => new Error("it did not fail"))

const madeOf = (server: FireworksServer.FireworksServer) =>
  Effect.map(server.creations, (creations) => creations.map(({ id, made }) => [id, made] as const))

const requestsOf = (server: FireworksServer.FireworksServer) =>
  Effect.map(server.requests, (requests) =>
    requests.map(({ method, path }) => `${method} ${path.replace(/^.*Jobs/, "")}`)
  )

const json = (body: object): Fault.Answer => Fault.answer(200, { body })

const nameOf = (id: string) => `accounts/${account}/batchInferenceJobs/${id}`

const lostAfter = { method: "POST", fault: Fault.reset, takesEffect: true } as const
const lostBefore = { method: "POST", fault: Fault.reset } as const

// -------------------------------------------------------------------------------------------------
// submit
// -------------------------------------------------------------------------------------------------

describe("submit", () => {
  it.effect("creates a job with the given id, and expands the data set ids to full names", () =>
    against({}, (server) =>
      Effect.gen(function* () {
        const job = yield* BatchJobs.submit({
          ...input,
          id: "nightly",
          outputDatasetId: "accounts/other/datasets/results",
          inferenceParameters: { maxTokens: 100, extraBody: `{"seed":1}` },
          displayName: "Nightly",
          more: { colour: "blue" }
        })
        expect(BatchJobs.idOf(job)).toBe("nightly")
        const [, request] = yield* server.requests
        expect(request?.path).toBe(`/v1/accounts/${account}/batchInferenceJobs?batchInferenceJobId=nightly`)
        expect(JSON.parse(request?.body ?? "")).toEqual({
          model: "accounts/fireworks/models/m",
          inputDatasetId: "accounts/acme/datasets/rows",
          outputDatasetId: "accounts/other/datasets/results",
          inferenceParameters: { maxTokens: 100, extraBody: `{"seed":1}` },
          displayName: "Nightly",
          colour: "blue"
        })
      })
    )
  )

  it.effect("generates an id with the Random service", () =>
    against({}, (server) =>
      Effect.gen(function* () {
        const submit = Effect.map(BatchJobs.submit(input), BatchJobs.idOf)
        const ids = yield* Effect.all([submit, submit, Effect.withRandom(submit, Random.make(1))])
        expect(new Set(ids).size).toBe(3)
        expect(ids[2]).toBe(yield* Effect.withRandom(BatchJobs.newId, Random.make(1)))
        expect(yield* madeOf(server)).toEqual(ids.map((id) => [id, 1]))
      })
    )
  )

  it.live("generates ids with 96 random bits that do not depend on the seed of Effect's Random", () =>
    Effect.gen(function* () {
      const ids = yield* Effect.replicateEffect(BatchJobs.newId, 1000)
      expect(new Set(ids).size).toBe(1000)
      for (const id of ids) expect(id).toMatch(/^batch-[\da-f]{24}$/)
      // each of the 24 hexadecimal digits takes all 16 values, so all 96 bits vary
      for (let place = 6; place < 30; place++) expect(new Set(ids.map((id) => id[place])).size).toBe(16)
      // the state of the generator is a private field of Effect's class
      const live = Context.get(DefaultServices.liveServices, Random.Random) as unknown as {
        readonly PRNG: Utils.PCGRandom
      }
      const state = live.PRNG.getState()
      const id = yield* BatchJobs.newId
      live.PRNG.setState(state)
      expect(yield* BatchJobs.newId).not.toBe(id)
    })
  )

  it.effect("finds the created job after a lost response, and does not submit it twice", () =>
    against({ injections: [{ ...lostAfter, times: 1 }] }, (server) =>
      Effect.gen(function* () {
        const job = yield* within(BatchJobs.submit({ ...input, id: "j" }), "1 minute")
        expect(BatchJobs.idOf(job)).toBe("j")
        expect(yield* madeOf(server)).toEqual([["j", 1]])
      })
    )
  )

  it.effect("submits the job again after a request that did not arrive", () =>
    against({ injections: [{ ...lostBefore, times: 5 }] }, (server) =>
      Effect.gen(function* () {
        yield* within(BatchJobs.submit({ ...input, id: "j" }), "3 minutes")
        expect(yield* madeOf(server)).toEqual([["j", 1]])
      })
    )
  )

  it.effect("returns the existing job with the same id and input, even while lookups do not find it yet", () =>
    against({ visibleAfter: "20 seconds" }, (server) =>
      Effect.gen(function* () {
        const submit = BatchJobs.submit({ ...input, id: "j", inferenceParameters: { temperature: 0, maxTokens: 5 } })
        yield* submit
        yield* within(submit, "1 minute")
        expect(yield* madeOf(server)).toEqual([["j", 1]])
      })
    )
  )

  it.effect("fails with Conflict if a job with the same id has a different input", () =>
    against({}, (server) =>
      Effect.gen(function* () {
        const first = { ...input, id: "j", inferenceParameters: { maxTokens: 5 } }
        yield* BatchJobs.submit(first)
        const others: ReadonlyArray<BatchJobs.Submission> = [
          { ...first, model: "accounts/fireworks/models/other" },
          { ...first, inputDatasetId: "other" },
          { ...first, outputDatasetId: "other" },
          { ...first, inferenceParameters: { maxTokens: 6 } },
          { ...first, inferenceParameters: { maxTokens: 5, temperature: 1 } },
          { ...first, displayName: "other" }
        ]
        for (const other of others) {
          const error = yield* failureOf(BatchJobs.submit(other))
          expect([error._tag, error.reason]).toEqual(["Fatal", "Conflict"])
          expect(error.message).toContain("its input is different")
        }
        expect(yield* madeOf(server)).toEqual([["j", 1]])
      })
    )
  )

  it.effect("fails with Conflict for the id of a deleted job", () =>
    Effect.forEach(["DELETED", "ARCHIVED", "hidden"] as const, (tombstone) =>
      against({ tombstone }, (server) =>
        Effect.gen(function* () {
          yield* BatchJobs.submit({ ...input, id: "j" })
          yield* BatchJobs.delete("j")
          const error = yield* within(failureOf(BatchJobs.submit({ ...input, id: "j" })), "2 minutes")
          expect(error.reason).toBe("Conflict")
          expect(yield* madeOf(server)).toEqual([["j", 1]])
        })
      )
    )
  )

  it.effect("fails at the workload's deadline, and names the id to submit again with", () =>
    against({ outages: [{ lasts: "1 hour", fault: Fault.unanswered }] }, (server) =>
      Effect.gen(function* () {
        const error = yield* within(failureOf(BatchJobs.submit({ ...input, id: "j" })), "5 minutes")
        expect([error.reason, error.phase, error.attempts]).toEqual(["Timeout", "deadline", 1])
        expect(error.advice).toContain("nothing was submitted")
        expect(error.advice).toContain("with the id j")
        const doubtful = yield* within(failureOf(BatchJobs.submit(input)), "5 minutes")
        expect([doubtful.reason, doubtful.phase]).toEqual(["Timeout", "deadline"])
        expect(doubtful.advice).toMatch(/^The job may exist: submit it again with the id batch-/)
        yield* TestClock.adjust("1 hour")
        yield* BatchJobs.submit({ ...input, id: "j" })
        expect(yield* madeOf(server)).toEqual([["j", 1]])
      })
    )
  )

  it.effect("fails without a retry when the key is rejected", () =>
    against({ keys: ["another-key"] }, (server) =>
      Effect.gen(function* () {
        const error = yield* failureOf(BatchJobs.submit({ ...input, id: "j" }))
        expect(error.reason).toBe("Unauthorized")
        expect((yield* server.requests).length).toBe(1)
      })
    )
  )

  it.effect("accepts a response without fields, and looks the job up after an invalid one", () =>
    scripted(
      [
        Fault.answer(404),
        json({}),
        Fault.answer(404),
        json({ name: 7 }),
        json({ name: nameOf("k"), ...input, futureField: 1 })
      ],
      (client) =>
        Effect.gen(function* () {
          const job = yield* BatchJobs.submit({ ...input, id: "j" })
          expect([BatchJobs.idOf(job), job.model, BatchJobs.stateOf(job)]).toEqual(["j", input.model, "UNSPECIFIED"])
          const found = yield* BatchJobs.submit({ ...input, id: "k" })
          expect(found["futureField"]).toBe(1)
          expect((yield* client.requests).map(({ method }) => method)).toEqual(["GET", "POST", "GET", "POST", "GET"])
        })
    )
  )

  it.effect("looks up a given id before submission, but not a generated id", () =>
    against({}, (server) =>
      Effect.gen(function* () {
        yield* BatchJobs.submit({ ...input, id: "j" })
        yield* BatchJobs.submit({ ...input, id: "j" })
        const id = BatchJobs.idOf(yield* BatchJobs.submit(input))
        expect(yield* requestsOf(server)).toEqual([
          "GET /j",
          "POST ?batchInferenceJobId=j",
          "GET /j",
          `POST ?batchInferenceJobId=${id}`
        ])
      })
    )
  )

  it.effect("submits nothing if the lookup of the given id is forbidden", () =>
    scripted(
      (request) => (request.method === "GET" ? Fault.answer(403) : json({})),
      (client) =>
        Effect.gen(function* () {
          const error = yield* failureOf(BatchJobs.submit({ ...input, id: "j" }))
          expect([error.reason, error.method]).toEqual(["Forbidden", "GET"])
          yield* BatchJobs.submit(input)
          expect((yield* client.requests).map(({ method }) => method)).toEqual(["GET", "POST"])
        })
    )
  )

  it.effect("retries a failing lookup, and then submits the job", () =>
    against({ outages: [{ lasts: "1 minute", fault: Fault.answer(503) }] }, (server) =>
      Effect.gen(function* () {
        yield* within(BatchJobs.submit({ ...input, id: "j" }), "3 minutes")
        expect(yield* madeOf(server)).toEqual([["j", 1]])
      })
    )
  )

  it.effect("fails if the server creates a job with a different id", () =>
    scripted(
      (request) => (request.method === "POST" ? json({ name: nameOf("other") }) : Fault.answer(404)),
      (client) =>
        Effect.gen(function* () {
          const error = yield* within(failureOf(BatchJobs.submit({ ...input, id: "j" })), "1 minute")
          expect(error.detail).toBe("the server created a job with a different id")
          expect((yield* client.requests).filter(({ method }) => method === "POST").length).toBe(1)
        })
    )
  )

  it.effect("rejects invalid fields, ids and options by name before any request", () =>
    against({}, (server) =>
      Effect.gen(function* () {
        const bad: ReadonlyArray<readonly [string, BatchJobs.Submission]> = [
          ["model", { ...input, model: " " }],
          ["model", { inputDatasetId: "rows" }],
          ["inputDatasetId", { model: "m" }],
          ["inputDatasetId", { ...input, inputDatasetId: "accounts/acme/models/x" }],
          ["inputDatasetId", { ...input, inputDatasetId: "" }],
          ["outputDatasetId", { ...input, outputDatasetId: "a b" }],
          ["continuedFrom", { continuedFrom: "../x" }],
          ["displayName", { ...input, displayName: "" }],
          ["inferenceParameters.temperature", { ...input, inferenceParameters: { temperature: Number.NaN } }],
          ...["", "a/b", "-a", "a b", "..", "x".repeat(64)].map((id) => ["id", { ...input, id }] as const)
        ]
        for (const [field, submission] of bad) {
          const error = yield* failureOf(BatchJobs.submit(submission))
          expect([error.reason, error.delivery]).toEqual(["InvalidRequest", "NotSent"])
          expect(error.detail?.split(" ")[0]).toBe(field)
        }
        for (const effect of [
          BatchJobs.get("a/b"),
          BatchJobs.delete("../x"),
          BatchJobs.await(""),
          Stream.runDrain(BatchJobs.watch("?"))
        ]) {
          expect((yield* failureOf(effect)).detail?.split(" ")[0]).toBe("id")
        }
        expect(() => BatchJobs.await("j", { interval: "-1 second" })).toThrow("interval")
        expect(() => BatchJobs.watch("j", { jitter: 2 })).toThrow("jitter")
        expect(() => BatchJobs.list({ pageSize: 201 })).toThrow("pageSize")
        expect((yield* server.requests).length).toBe(0)
      })
    )
  )
})

// -------------------------------------------------------------------------------------------------
// await, watch, list and delete
// -------------------------------------------------------------------------------------------------

describe("await and watch", () => {
  it.effect("returns the outcome of each final state, with its message and completed rows", () =>
    against({}, (server) =>
      Effect.gen(function* () {
        const endOf = (id: string, timeline: FireworksServer.Timeline) =>
          Effect.gen(function* () {
            yield* server.setJob(id, timeline)
            yield* BatchJobs.submit({ ...input, id })
            return yield* within(BatchJobs.await(id, { onPause: "end", cap: "2 hours" }), "28 hours")
          })
        expect((yield* endOf("completed", FireworksServer.completed))._tag).toBe("Completed")
        expect(yield* endOf("failed", [{ state: "FAILED", message: "no such model" }])).toMatchObject({
          _tag: "Failed",
          message: "no such model"
        })
        const expired = yield* endOf("expired", FireworksServer.expired)
        expect(expired).toMatchObject({ _tag: "Expired", completedRows: 60 })
        expect((yield* endOf("cancelled", [{ state: "CANCELLED" }]))._tag).toBe("Cancelled")
        expect((yield* endOf("stopped", [{ state: "EARLY_STOPPED" }]))._tag).toBe("EarlyStopped")
        expect((yield* endOf("paused", [{ state: "PAUSED" }]))._tag).toBe("Paused")
        yield* BatchJobs.submit({ ...input, id: "deleted" })
        yield* BatchJobs.delete("deleted")
        const error = yield* failureOf(BatchJobs.await("deleted"))
        expect([error.reason, error.detail]).toEqual(["NotFound", "the job was deleted"])
      })
    )
  )

  it.effect("continues through paused and unknown states until the job ends", () =>
    scripted(
      [
        json({ name: nameOf("j"), state: "JOB_STATE_PAUSED" }),
        json({ name: nameOf("j"), state: "JOB_STATE_DREAMING", jobProgress: { percent: "40", inputTokens: "12" } }),
        json({ name: nameOf("j") }),
        json({ name: nameOf("j"), state: "COMPLETED" })
      ],
      () =>
        Effect.gen(function* () {
          const seen = yield* within(Stream.runCollect(BatchJobs.watch("j")), "2 minutes")
          expect(Chunk.toReadonlyArray(Chunk.map(seen, BatchJobs.stateOf))).toEqual([
            "PAUSED",
            "DREAMING",
            "UNSPECIFIED",
            "COMPLETED"
          ])
          expect(Chunk.toReadonlyArray(seen)[1]?.jobProgress).toEqual({ percent: 40, inputTokens: 12 })
        })
    )
  )

  it.effect("survives an outage of half an hour, and fails once `outage` has elapsed", () =>
    against({ outages: [{ after: "5 minutes", lasts: "30 minutes" }] }, (server) =>
      Effect.gen(function* () {
        yield* BatchJobs.submit({ ...input, id: "j" })
        const patient = yield* Effect.fork(BatchJobs.await("j"))
        const impatient = yield* Effect.fork(failureOf(BatchJobs.await("j", { outage: "10 minutes" })))
        yield* TestClock.adjust("40 minutes")
        expect((yield* Fiber.join(patient))._tag).toBe("Completed")
        expect((yield* Fiber.join(impatient)).reason).toBe("Unavailable")
        expect(yield* madeOf(server)).toEqual([["j", 1]])
      })
    )
  )

  it.effect("fails once the job has been pending for longer than `queued`, and at a deadline", () =>
    against({ timeline: FireworksServer.stuck }, () =>
      Effect.gen(function* () {
        yield* BatchJobs.submit({ ...input, id: "j" })
        const error = yield* within(failureOf(BatchJobs.await("j", { queued: "1 hour" })), "1 hour")
        expect([error.reason, error.phase, error.detail]).toEqual(["Timeout", "deadline", "the job was queued for 1h"])
        const late = BatchJobs.await("j").pipe(Deadline.within("10 minutes"), failureOf)
        expect((yield* within(late, "10 minutes")).phase).toBe("deadline")
      })
    )
  )
})

describe("list", () => {
  it.effect("requests pages on demand, and returns all jobs", () =>
    against({}, (server) =>
      Effect.gen(function* () {
        const ids = Array.from({ length: 7 }, (_, n) => `job-${n}`)
        yield* Effect.forEach(ids, (id) => BatchJobs.submit({ ...input, id }))
        const jobs = BatchJobs.list({ pageSize: 3, orderBy: "create_time" })
        const before = (yield* server.requests).length
        yield* Stream.runDrain(Stream.take(jobs, 2))
        expect((yield* server.requests).length).toBe(before + 1)
        const all = Chunk.toReadonlyArray(yield* Stream.runCollect(jobs)).map(BatchJobs.idOf)
        expect(all.toSorted()).toEqual(ids)
        expect((yield* requestsOf(server))[before]).toBe("GET ?pageSize=3&orderBy=create_time")
      })
    )
  )

  it.effect("fails if the server returns the token of the current page again", () =>
    scripted(json({ batchInferenceJobs: [], nextPageToken: "again" }), (client) =>
      Effect.gen(function* () {
        const error = yield* failureOf(Stream.runDrain(BatchJobs.list()))
        expect(error.detail).toBe("nextPageToken is the token of the current page")
        expect((yield* client.requests).length).toBe(2)
      })
    )
  )
})

describe("delete", () => {
  it.effect("succeeds after a lost response, and fails with NotFound on a second deletion", () =>
    against({ tombstone: "hidden", injections: [{ method: "DELETE", fault: Fault.reset, takesEffect: true }] }, () =>
      Effect.gen(function* () {
        yield* BatchJobs.submit({ ...input, id: "j" })
        yield* within(BatchJobs.delete("j"), "10 seconds")
        expect((yield* failureOf(BatchJobs.get("j"))).reason).toBe("NotFound")
        expect((yield* failureOf(BatchJobs.delete("j"))).reason).toBe("NotFound")
      })
    )
  )
})

// -------------------------------------------------------------------------------------------------
// Properties
// -------------------------------------------------------------------------------------------------

const anyInjection = fc.record({
  method: fc.constantFrom("POST", "GET"),
  skip: fc.nat(3),
  times: fc.integer({ min: 1, max: 4 }),
  takesEffect: fc.boolean(),
  fault: fc.constantFrom<Fault.Fault>(
    Fault.reset,
    Fault.answer(503),
    Fault.answer(500),
    Fault.answer(429, { retryAfter: "10 seconds" }),
    Fault.invalidJson,
    Fault.unanswered
  )
})

const anyHistory = fc.record({
  injections: fc.array(anyInjection, { maxLength: 4 }),
  visibleAfter: fc.constantFrom(0, 5000, 15_000),
  stale: fc.constantFrom(0, 30_000),
  end: fc.constantFrom("COMPLETED" as const, "FAILED" as const, "EXPIRED" as const),
  interrupted: fc.option(fc.nat(20_000), { nil: undefined })
})

describe("submit and await, under random faults", () => {
  it.effect("creates one job, and returns its actual outcome, despite lost, delayed and interrupted requests", () =>
    Effect.forEach(fc.sample(anyHistory, { numRuns: 16, seed: 3 }), ({ end, interrupted, ...history }) =>
      against({ ...history, timeline: [{ state: "RUNNING", lasts: "20 minutes" }, { state: end }] }, (server) =>
        Effect.gen(function* () {
          const submit = BatchJobs.submit({ ...input, id: "j" })
          if (interrupted !== undefined) {
            const first = yield* Effect.fork(submit)
            yield* TestClock.adjust(interrupted)
            yield* Fiber.interrupt(first)
          }
          const run = Effect.retry(submit, { times: 5 }).pipe(
            Effect.zipRight(BatchJobs.await("j", { cap: "5 minutes" })),
            Effect.map((outcome) => outcome._tag.toUpperCase())
          )
          expect(yield* within(run, "2 hours")).toBe(end)
          expect(yield* madeOf(server)).toEqual([["j", 1]])
        })
      )
    )
  )

  it.effect("hides the key and the account in errors", () => {
    const echo = (request: Fault.Request): Fault.Fault => {
      const message = `${request.headers["authorization"]} of accounts/${account}/datasets/rows`
      return Fault.answer(request.method === "POST" ? 400 : 403, { body: { error: { message, code: account } } })
    }
    return scripted(echo, (client) =>
      Effect.gen(function* () {
        const failures = [
          BatchJobs.submit({ ...input, id: "j" }),
          BatchJobs.get("j"),
          BatchJobs.await("j"),
          Stream.runDrain(BatchJobs.list())
        ]
        for (const failure of failures) {
          const error = yield* failureOf(failure)
          const shown = [
            error.message,
            JSON.stringify(error),
            Cause.pretty(Cause.fail(error), { renderErrorCause: true })
          ]
          expect(shown.join("\n")).not.toMatch(new RegExp(`${key}|\\b${account}\\b`))
        }
        yield* client.script(json({ name: nameOf("j"), state: 17 }))
        const error = yield* failureOf(BatchJobs.get("j"))
        expect(error.reason).toBe("Decode")
        expect(error.message + JSON.stringify(error)).not.toMatch(new RegExp(`${key}|\\b${account}\\b|17`))
      })
    )
  })
})

// -------------------------------------------------------------------------------------------------
// Killed processes
// -------------------------------------------------------------------------------------------------

/** Starts a program that submits the job and waits for it. */
const start = (server: FireworksServer.OnSockets, id: string) => {
  const child = spawn(process.execPath, ["--import", "tsx", "test/support/fireworksJob.ts", id], {
    cwd: root,
    env: {
      ...process.env,
      NODE_OPTIONS: "",
      FIREWORKS_API_KEY: server.key,
      FIREWORKS_ACCOUNT_ID: server.account,
      FIREWORKS_BASE_URL: server.origin
    },
    stdio: ["ignore", "pipe", "pipe"]
  })
  let output = ""
  child.stdout.on("data", (data: Buffer) => (output += data.toString()))
  child.stderr.on("data", (data: Buffer) => (output += data.toString()))
  const ended = new Promise<string>((resolve) =>
    child.once("close", (code, signal) => resolve(signal ?? (code === 0 ? output : `${code}: ${output}`)))
  )
  return { ended, kill: () => child.kill("SIGKILL") }
}

const until = (condition: Effect.Effect<boolean>): Effect.Effect<void> =>
  Effect.repeat(Effect.delay(condition, "20 millis"), { until: (holds) => holds }).pipe(
    Effect.timeout("1 minute"),
    Effect.orDie,
    Effect.asVoid
  )

it.scopedLive(
  "resumes the job of a process that was killed before the response to its submission, and again during the wait",
  () =>
    Effect.gen(function* () {
      const server = yield* FireworksServer.make({
        timeline: [{ state: "RUNNING" }],
        injections: [{ method: "POST", fault: Fault.unanswered, takesEffect: true }]
      })
      const looks = Effect.map(server.requests, (all) => all.filter(({ method }) => method === "GET").length)
      const first = start(server, "j")
      yield* until(Effect.map(server.jobs, (jobs) => jobs.length === 1))
      first.kill()
      expect(yield* Effect.promise(() => first.ended)).toBe("SIGKILL")

      const second = start(server, "j")
      yield* until(Effect.map(looks, (count) => count >= 4))
      second.kill()
      expect(yield* Effect.promise(() => second.ended)).toBe("SIGKILL")

      yield* server.setJob("j", "COMPLETED")
      const third = start(server, "j")
      expect(yield* Effect.promise(() => third.ended)).toBe("Completed")
      expect(yield* server.creations).toEqual([{ kind: "batchInferenceJobs", id: "j", asked: 1, made: 1 }])
    }),
  300_000
)
