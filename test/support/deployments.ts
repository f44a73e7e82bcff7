/** Fixtures of the tests in fireworks/Deployments/. */
import { HttpClient } from "@effect/platform"
import type { Duration, Scope } from "effect"
import { Effect, Fiber, Layer, Redacted, TestClock } from "effect"
import type { ApiError } from "effect-reliability"
import { Fireworks } from "effect-reliability/fireworks"
import { Fault, FireworksServer, ScriptedClient } from "effect-reliability/testing"
import { expect } from "vitest"

export const key = "fw-test-key"
export const account = "acme"
export const model = `accounts/${account}/deployments/d`

export const over = (client: HttpClient.HttpClient) =>
  Fireworks.layer({ apiKey: Redacted.make(key), accountId: account }).pipe(
    Layer.provide(Layer.succeed(HttpClient.HttpClient, client))
  )

export type Test<A, C> = (api: C) => Effect.Effect<A, ApiError.ApiError, Fireworks.Fireworks | Scope.Scope>

/** Runs a test against the API in memory. */
export const against = <A>(options: FireworksServer.Options, test: Test<A, FireworksServer.InMemory>) =>
  Effect.flatMap(FireworksServer.inMemory({ account, ...options }), (server) =>
    Effect.provide(Effect.scoped(test(server)), over(server.client))
  )

/** Runs a test against scripted responses. */
export const scripted = <A>(script: Fault.Script, test: Test<A, ScriptedClient.ScriptedClient>) =>
  Effect.flatMap(ScriptedClient.make(script), (client) => Effect.provide(Effect.scoped(test(client)), over(client)))

/** Runs an effect, advances the clock, and expects the effect to have ended. */
export const within = <A, E, R>(effect: Effect.Effect<A, E, R>, time: Duration.DurationInput) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.fork(effect)
    yield* TestClock.adjust(time)
    return yield* joined(fiber)
  })

/** Joins a fiber that is expected to have ended. */
export const joined = <A, E>(fiber: Fiber.RuntimeFiber<A, E>) =>
  Effect.suspend(() => {
    expect(fiber.unsafePoll(), "it takes longer").not.toBeNull()
    return Fiber.join(fiber)
  })

/** Returns the error of an effect, and dies if the effect succeeds. */
export const failureOf = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.orDieWith(Effect.flip(effect), () => new Error("it did not fail"))

export const requestsOf = (api: { readonly requests: FireworksServer.FireworksServer["requests"] }) =>
  Effect.map(api.requests, (requests) =>
    requests.map(({ method, path }) => `${method} ${path.replace(/^.*\/(?=deployments|chat|embeddings)/, "")}`)
  )

export const countOf = (api: { readonly requests: FireworksServer.FireworksServer["requests"] }, start: string) =>
  Effect.map(requestsOf(api), (requests) => requests.filter((request) => request.startsWith(start)).length)

export const scaled = (api: FireworksServer.InMemory) =>
  Effect.map(api.requests, (requests) =>
    requests.filter(({ method }) => method === "PATCH").map(({ body }): unknown => JSON.parse(body))
  )

export const json = (body: object): Fault.Answer => Fault.answer(200, { body })

export const chat = Effect.flatMap(Fireworks.Fireworks, (fireworks) =>
  fireworks.chat({ model, messages: [{ role: "user", content: "Hi" }] })
)
