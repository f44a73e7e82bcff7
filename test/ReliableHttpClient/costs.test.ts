import { HttpClient, HttpClientRequest } from "@effect/platform"
import { describe, it } from "@effect/vitest"
import { Effect, Fiber, Redacted, Stream, TestClock } from "effect"
import { type RateLimiter, ReliableHttpClient, Reliability, Retry, RetryBudget, Workload } from "effect-reliability"
import { Fireworks } from "effect-reliability/fireworks"
import * as EventStream from "effect-reliability/stream"
import { Fault, ScriptedClient } from "effect-reliability/testing"
import { expect } from "vitest"

const workload = Workload.with(Workload.interactive, { retry: Retry.make({ attempts: 3, jitter: "none" }) })

const tokens = ({ input = 1, maxOutput = 0 }: RateLimiter.Cost) => input + maxOutput

/** A full budget of 100 000 tokens. */
const budgetOfTokens = RetryBudget.make({ cost: tokens, ratio: 0, minPerSecond: 0, max: 100_000 })

const url = "https://api.example.com/v1/chat/completions"
const post = (body: object) => HttpClientRequest.bodyUnsafeJson(HttpClientRequest.post(url), body)
const prompt = (size: number, more: object = {}) =>
  post({ model: "m", messages: [{ role: "user", content: "x".repeat(size) }], ...more })

/** The estimate of the limiter: a token for four bytes of the body. */
const inputOf = ({ body }: HttpClientRequest.HttpClientRequest) =>
  body._tag === "Uint8Array" ? Math.ceil(body.body.length / 4) : NaN

/** Runs calls while the clock advances. */
const during = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.fork(effect)
    yield* TestClock.adjust("5 minutes")
    return yield* Fiber.join(fiber)
  })

describe("a budget in tokens", () => {
  it.effect("suppresses the retry of a large prompt, and grants those of a ping", () =>
    Effect.gen(function* () {
      const scripted = yield* ScriptedClient.make(() => Fault.answer(503))
      const budget = yield* budgetOfTokens
      const client = ReliableHttpClient.make(scripted, { workload, budget, idempotency: "safe" })
      const [large, ping] = [prompt(300_000), prompt(10)]
      const first = yield* during(Effect.flip(client.execute(large)))
      expect([first.attempts, first.stopped]).toEqual([2, "Budget"])
      const second = yield* during(Effect.flip(client.execute(ping)))
      expect([second.attempts, second.stopped]).toEqual([3, "Attempts"])
      expect(yield* budget.balance).toBe(100_000 - inputOf(large) - 2 * inputOf(ping))
    })
  )

  it.effect("counts the limit of the output, and leaves requests without a model at an unknown cost", () =>
    Effect.gen(function* () {
      const scripted = yield* ScriptedClient.make(() => Fault.answer(503))
      const budget = yield* budgetOfTokens
      const client = ReliableHttpClient.make(scripted, { workload, budget, idempotency: "safe" })
      const limited = prompt(10, { max_tokens: 5000 })
      yield* during(Effect.flip(client.execute(limited)))
      const left = 100_000 - 2 * (inputOf(limited) + 5000)
      expect(yield* budget.balance).toBe(left)
      yield* during(Effect.flip(client.execute(post({ file: "x".repeat(9000) }))))
      expect(yield* budget.balance).toBe(left - 2)
    })
  )

  it.effect("takes the cost that the client's options state", () =>
    Effect.gen(function* () {
      const scripted = yield* ScriptedClient.make(() => Fault.answer(503))
      const budget = yield* budgetOfTokens
      const seen: Array<string> = []
      const cost = ({ url }: HttpClientRequest.HttpClientRequest) => {
        seen.push(url)
        return { input: 20_000 }
      }
      const client = ReliableHttpClient.make(scripted, { workload, budget, idempotency: "safe", cost })
      yield* during(Effect.flip(client.execute(prompt(10))))
      expect(yield* budget.balance).toBe(60_000)
      expect(seen).toEqual([url])
    })
  )

  it.effect("applies to clients inside of a policy that has it", () =>
    Effect.gen(function* () {
      const scripted = yield* ScriptedClient.make(() => Fault.answer(503))
      const budget = yield* budgetOfTokens
      const client = ReliableHttpClient.make(scripted, { idempotency: "safe" })
      const outer = Reliability.make({ workload, budget })
      const error = yield* during(Effect.flip(client.execute(prompt(300_000)).pipe(Reliability.protect(outer))))
      expect([error.attempts, error.stopped]).toEqual([2, "Budget"])
    })
  )

  it.effect("applies to streams before their first event", () =>
    Effect.gen(function* () {
      const scripted = yield* ScriptedClient.make(() => Fault.answer(503))
      const budget = yield* budgetOfTokens
      const client = ReliableHttpClient.make(scripted, { workload, budget, idempotency: "safe" })
      const [large, ping] = [prompt(300_000, { stream: true }), prompt(10, { stream: true })]
      const first = yield* during(Effect.flip(Stream.runDrain(EventStream.open(large, { client }))))
      expect([first.attempts, first.stopped]).toEqual([2, "Budget"])
      const second = yield* during(Effect.flip(Stream.runDrain(EventStream.open(ping, { client }))))
      expect([second.attempts, second.stopped]).toEqual([3, "Attempts"])
      expect(yield* budget.balance).toBe(100_000 - inputOf(large) - 2 * inputOf(ping))
    })
  )

  it.effect("applies to the calls and streams of Fireworks", () =>
    Effect.gen(function* () {
      const scripted = yield* ScriptedClient.make(() => Fault.answer(503))
      const budget = yield* budgetOfTokens
      const options = { apiKey: Redacted.make("fw_key"), workload, budget }
      const fireworks = yield* Effect.provideService(Fireworks.make(options), HttpClient.HttpClient, scripted)
      const ask = (size: number): Fireworks.ChatRequest => ({
        model: "accounts/fireworks/models/m",
        messages: [{ role: "user", content: "x".repeat(size) }]
      })
      const large = yield* during(Effect.flip(fireworks.chat(ask(300_000))))
      expect([large.attempts, large.stopped]).toEqual([2, "Budget"])
      const stream = yield* during(Effect.flip(Stream.runDrain(fireworks.chatStream(ask(300_000)))))
      expect([stream.attempts, stream.stopped]).toEqual([1, "Budget"])
      const ping = yield* during(Effect.flip(fireworks.chat(ask(10))))
      expect([ping.attempts, ping.stopped]).toEqual([3, "Attempts"])
    })
  )
})
