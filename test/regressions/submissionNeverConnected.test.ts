/**
 * After a submission that never reached the server, the job was looked up for minutes. The error then said both that nothing
 * was sent and that the job may exist.
 */
import { HttpClient, HttpClientError } from "@effect/platform"
import { it } from "@effect/vitest"
import { Clock, type Duration, Effect, Fiber, HashMap, Layer, Logger, LogLevel, Redacted, TestClock } from "effect"
import { type ApiError, type Reliability, Retry, Workload } from "effect-reliability"
import { BatchJobs, Fireworks, TrainerJobs } from "effect-reliability/fireworks"
import { Transport } from "effect-reliability/node"
import { describe, expect } from "vitest"
import { closedPort, deafPort } from "../support/faults.js"

const key = "fw-test-key"
const account = "acme-of-tests"

type Submit = Effect.Effect<unknown, ApiError.ApiError, Fireworks.Fireworks>

const input = { model: "accounts/fireworks/models/m", inputDatasetId: "rows" } as const

const submissions = (workload = Workload.batchSubmission): Readonly<Record<string, Submit>> => ({
  "a batch with a new id": BatchJobs.submit({ ...input, workload }),
  "a batch with a given id": BatchJobs.submit({ ...input, id: "j", workload }),
  "a trainer with a new id": TrainerJobs.create({ dcpSaveInterval: 1, workload }),
  "a trainer with a given id": TrainerJobs.create({ id: "j", dcpSaveInterval: 1, workload })
})

const refusing = HttpClient.make((request) =>
  Effect.fail(
    new HttpClientError.RequestError({
      request,
      reason: "Transport",
      cause: { code: "ECONNREFUSED", syscall: "connect" }
    })
  )
)

/** Returns the error of a submission with its duration, the observed retries and the logged lines. */
const failed = (submit: Submit, client: Layer.Layer<HttpClient.HttpClient>, options: Partial<Fireworks.Options> = {}) =>
  Effect.suspend(() => {
    const retries: Array<Reliability.Retrying> = []
    const lines: Array<Record<string, unknown>> = []
    const logger = Logger.make(({ annotations, logLevel, message }) => {
      lines.push({ level: logLevel.label, message, ...Object.fromEntries(HashMap.entries(annotations)) })
    })
    const onRetry = (retrying: Reliability.Retrying) => Effect.sync(() => void retries.push(retrying))
    const Live = Fireworks.layer({ apiKey: Redacted.make(key), accountId: account, onRetry, ...options })
    return Effect.gen(function* () {
      const started = yield* Clock.currentTimeMillis
      const error = yield* Effect.flip(submit)
      return { error, millis: (yield* Clock.currentTimeMillis) - started, retries, lines }
    }).pipe(
      Effect.provide(Layer.provide(Live, client)),
      Logger.withMinimumLogLevel(LogLevel.Debug),
      Effect.provide(Logger.replace(Logger.defaultLogger, logger))
    )
  })

const within = <A, E>(effect: Effect.Effect<A, E>, time: Duration.DurationInput) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.fork(effect)
    yield* TestClock.adjust(time)
    expect(fiber.unsafePoll(), "it still runs").not.toBeNull()
    return yield* Fiber.join(fiber)
  })

const expectNothing = (error: ApiError.ApiError) => {
  expect(error).toMatchObject({ _tag: "Transient", delivery: "NotSent" })
  expect(error.advice).toMatch(
    /^(Nothing was sent, so no job exists|The job could not be looked up, so nothing was submitted)/
  )
  expect(error.advice).toMatch(/check the network path to the API, then submit again with the id \S+\.$/)
  expect(error.message).not.toContain("may exist")
}

describe.each(Object.entries(submissions()))("%s, without a connection", (_, submit) => {
  it.effect("fails with Connect after five attempts, and reports each retry", () =>
    Effect.gen(function* () {
      const { error, lines, millis, retries } = yield* within(
        failed(submit, Layer.succeed(HttpClient.HttpClient, refusing)),
        "20 seconds"
      )
      expectNothing(error)
      expect(error).toMatchObject({ reason: "Connect", code: "ECONNREFUSED", attempts: 5 })
      expect(millis).toBeGreaterThanOrEqual(15_000)
      expect(retries.map(({ step }) => step.attempt)).toEqual([1, 2, 3, 4])
      expect(lines.length).toBe(4)
      expect(lines[0]).toMatchObject({
        level: "DEBUG",
        workload: "batchSubmission",
        attempt: 1,
        why: "Backoff",
        reason: "Connect",
        delivery: "NotSent",
        code: "ECONNREFUSED"
      })
      expect(lines[0]?.["delay"]).toMatch(/^1s/)
      expect(JSON.stringify(lines)).not.toMatch(new RegExp(`${key}|${account}`))
    })
  )
})

const quick = { retry: Retry.make({ attempts: 3, base: "10 millis" }) } as const

describe.each(Object.entries(submissions(Workload.with(Workload.batchSubmission, quick))))(
  "%s, to a closed port",
  (_, submit) => {
    it.live("fails with NotSent after its attempts, on sockets", () =>
      Effect.gen(function* () {
        const baseUrl = `http://127.0.0.1:${yield* closedPort}`
        const { error } = yield* failed(submit, Transport.layer(), { baseUrl })
        expectNothing(error)
        expect(error).toMatchObject({ code: "ECONNREFUSED", attempts: 3 })
      })
    )
  }
)

const hurried = Workload.with(Workload.batchSubmission, { deadline: "1 second" })

describe.each(Object.entries(submissions(hurried)))("%s, to a port that does not accept", (title, submit) => {
  it.scopedLive("fails at its deadline, on sockets", () =>
    Effect.gen(function* () {
      const baseUrl = `http://127.0.0.1:${yield* deafPort}`
      const { error, millis } = yield* failed(submit, Transport.layer(), { baseUrl })
      expect(error).toMatchObject({ reason: "Timeout", attempts: 1 })
      expect(millis).toBeLessThan(2000)
      // the deadline interrupts the first attempt, which may have been sent; with a given id, that attempt is a lookup
      if (title.includes("given id")) expect(error.message).not.toContain("may exist")
    })
  )
})
