/** Fixtures of the tests in fireworks/TrainerJobs/. */
import { HttpClient } from "@effect/platform"
import { Duration, Effect, Fiber, Layer, Logger, Redacted, TestClock } from "effect"
import type { ApiError } from "effect-reliability"
import { Fireworks, TrainerJobs } from "effect-reliability/fireworks"
import { Fault, FireworksServer, ScriptedClient } from "effect-reliability/testing"
import { expect } from "vitest"

export const seconds = 1000
export const minutes = 60 * seconds
export const hours = 60 * minutes

export const all: ReadonlyArray<TrainerJobs.Resumable> = ["FAILED", "CANCELLED", "PAUSED", "COMPLETED"]

export const key = "fw-test-key"
export const account = "acme"

export const over = (client: HttpClient.HttpClient) =>
  Fireworks.layer({ apiKey: Redacted.make(key), accountId: account }).pipe(
    Layer.provide(Layer.succeed(HttpClient.HttpClient, client))
  )

/** Runs a test against the API in memory. */
export const against = (
  options: FireworksServer.Options,
  test: (server: FireworksServer.InMemory) => Effect.Effect<void, ApiError.ApiError, Fireworks.Fireworks>
) =>
  Effect.flatMap(FireworksServer.inMemory({ account, ...options }), (server) =>
    Effect.provide(test(server), over(server.client))
  ).pipe(Effect.provide(quiet))

/** Runs a test against scripted responses. */
export const scripted = (
  script: Fault.Script,
  test: (client: ScriptedClient.ScriptedClient) => Effect.Effect<void, ApiError.ApiError, Fireworks.Fireworks>
) =>
  Effect.flatMap(ScriptedClient.make(script), (client) => Effect.provide(test(client), over(client))).pipe(
    Effect.provide(quiet)
  )

export const quiet = Logger.replace(
  Logger.defaultLogger,
  Logger.make(() => undefined)
)

/** Returns the result of an effect with the lines that it logs. */
export const logged = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.suspend(() => {
    const lines: Array<string> = []
    const logger = Logger.make(({ logLevel, message }) => void lines.push(`${logLevel.label} ${String(message)}`))
    return Effect.map(Effect.provide(effect, Logger.replace(Logger.defaultLogger, logger)), (a) => [a, lines] as const)
  })

/** Runs an effect, advances the clock, and expects the effect to have ended. */
export const within = <A, E, R>(effect: Effect.Effect<A, E, R>, time: Duration.DurationInput) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.fork(effect)
    yield* TestClock.adjust(time)
    expect(fiber.unsafePoll(), `it takes more than ${Duration.format(time)}`).not.toBeNull()
    return yield* Fiber.join(fiber)
  })

export const failureOf = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.orDieWith(Effect.flip(effect), () => new Error("it did not fail"))

export const requestsOf = (server: FireworksServer.FireworksServer) =>
  Effect.map(server.requests, (requests) => requests.map(({ method, path }) => `${method} ${path}`))

export const base = `/v1/accounts/${account}/rlorTrainerJobs`

export const json = (body: object): Fault.Answer => Fault.answer(200, { body })

export const make = TrainerJobs.create({ id: "j", dcpSaveInterval: 10 })

/** Makes a timeline for each life of a job; the last stage of each never ends. */
export const lives =
  (...timelines: ReadonlyArray<FireworksServer.Timeline>) =>
  ({ life }: FireworksServer.NewJob): FireworksServer.Timeline | undefined =>
    timelines[Math.min(life, timelines.length) - 1]

export const serving: FireworksServer.Timeline = [{ state: "CREATING", lasts: "1 minute" }, { state: "RUNNING" }]
export const preempted = (after: Duration.DurationInput): FireworksServer.Timeline => [
  { state: "RUNNING", lasts: after },
  { state: "FAILED", message: "The job was preempted" }
]

export const reached = (outcome: TrainerJobs.Outcome) => {
  if (outcome._tag !== "Ready") throw new Error(`it is ${outcome._tag}`)
  return outcome
}
