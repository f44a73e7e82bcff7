/**
 * `EventStream.open` ignored the options of its client: dialect, workload, budget and observers had to be repeated.
 */
import { HttpClient, HttpClientRequest } from "@effect/platform"
import { describe, it } from "@effect/vitest"
import { Effect, Layer, Stream } from "effect"
import { Dialect, type Reliability, ReliableHttpClient, Retry, RetryBudget, Workload } from "effect-reliability"
import * as EventStream from "effect-reliability/stream"
import { Fault, ScriptedClient } from "effect-reliability/testing"
import { expect } from "vitest"

const twice = Workload.with(Workload.interactive, { name: "twice", retry: Retry.make({ base: 0, attempts: 2 }) })
const thrice = Workload.with(Workload.interactive, { name: "thrice", retry: Retry.make({ base: 0, attempts: 3 }) })
const request = HttpClientRequest.post("/v1/chat/completions").pipe(HttpClientRequest.bodyUnsafeJson({ stream: true }))

const failing = (options: ReliableHttpClient.Options, own: EventStream.Options = {}, status = 503) =>
  Effect.gen(function* () {
    const server = yield* ScriptedClient.make(Fault.answer(status))
    const client = ReliableHttpClient.make(server, options).pipe(
      HttpClient.mapRequest(HttpClientRequest.prependUrl("https://api.example.com"))
    )
    const error = yield* Effect.flip(Stream.runDrain(EventStream.open(request, { client, ...own })))
    return { error, requests: yield* server.requests }
  })

describe("a stream of a reliable client", () => {
  it.effect("uses the client's workload, idempotency and dialect", () =>
    Effect.gen(function* () {
      const { error, requests } = yield* failing(
        { workload: twice, idempotency: "safe", dialect: Dialect.fireworks },
        {},
        425
      )
      expect(error).toMatchObject({ reason: "WeightSwap" })
      const plain = yield* failing({ workload: twice, idempotency: "safe" })
      expect(plain.error.attempts).toBe(2)
      expect(requests.length).toBeGreaterThan(0)
    })
  )

  it.effect("prefers its own options to the client's", () =>
    Effect.gen(function* () {
      const client = { workload: twice, idempotency: "safe", dialect: Dialect.fireworks } as const
      expect((yield* failing(client, { workload: thrice })).error.attempts).toBe(3)
      expect((yield* failing(client, { idempotency: "never" })).error.attempts).toBe(1)
      expect((yield* failing(client, { dialect: Dialect.generic }, 425)).error.reason).toBe("TooEarly")
    })
  )

  it.effect("prefers Workload.within to the client's workload", () =>
    Effect.gen(function* () {
      const { error } = yield* failing({ workload: twice, idempotency: "safe" }).pipe(Workload.within(thrice))
      expect(error.attempts).toBe(3)
    })
  )

  it.effect("calls the client's functions with the request", () =>
    Effect.gen(function* () {
      const outcomes: Array<Reliability.Outcome> = []
      const { error } = yield* failing(
        {
          workload: thrice,
          idempotency: ({ method }) => (method === "POST" ? "safe" : "never"),
          target: () => "dedicated",
          dialect: Dialect.fireworks,
          about: ({ method }) => ({ model: `model of ${method}` }),
          record: (outcome) => outcomes.push(outcome)
        },
        {},
        429
      )
      expect(error.reason).toBe("Capacity")
      expect(new Set(outcomes.map(({ about }) => about?.model))).toEqual(new Set(["model of POST"]))
      expect(outcomes.filter(({ of }) => of === "call")).toHaveLength(1)
    })
  )

  it.effect("spends the budget of the client", () =>
    Effect.gen(function* () {
      const budget = yield* RetryBudget.make({ ratio: 0, minPerSecond: 0, max: 1 })
      const { error } = yield* failing({ workload: thrice, idempotency: "safe", budget })
      expect([error.attempts, error.stopped]).toEqual([2, "Budget"])
    })
  )

  it.effect("uses the options of the client in the context", () =>
    Effect.gen(function* () {
      const server = yield* ScriptedClient.make(Fault.answer(503))
      const Live = ReliableHttpClient.layer({ workload: twice, idempotency: "safe" }).pipe(
        Layer.provide(Layer.succeed(HttpClient.HttpClient, server))
      )
      const absolute = HttpClientRequest.setUrl(request, "https://api.example.com/v1/chat/completions")
      const error = yield* Stream.runDrain(EventStream.open(absolute)).pipe(Effect.flip, Effect.provide(Live))
      expect(error.attempts).toBe(2)
    })
  )
})
