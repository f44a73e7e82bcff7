/**
 * Tests a service that calls a model against an outage of two minutes, with the `TestClock`, so the test takes milliseconds.
 * See `outlastsAnOutage`. With `@effect/vitest`, write `it.effect("outlasts an outage", () => outlastsAnOutage)`.
 */
import { HttpClient, HttpClientRequest } from "@effect/platform"
import { Effect, Fiber, TestClock, TestContext } from "effect"
import { ReliableHttpClient, Workload } from "effect-reliability"
import { Fault, ScriptedClient } from "effect-reliability/testing"
import * as assert from "node:assert"

/** The service under test. In production, it runs with a Node `HttpClient`. */
export const summarize = (text: string) =>
  Effect.gen(function* () {
    const client = ReliableHttpClient.make(yield* HttpClient.HttpClient, {
      workload: Workload.agentic,
      // a chat may be executed twice; without this option, the call fails when its connection breaks
      idempotency: "safe"
    })
    const messages = [{ role: "user", content: text }]
    const request = HttpClientRequest.bodyUnsafeJson(
      HttpClientRequest.post("https://api.example.com/v1/chat/completions"),
      { model: "a-model", messages }
    )
    return yield* Effect.flatMap(client.execute(request), (response) => response.json)
  })

// The API sends two 429s with a hint of one minute, then breaks a connection, then responds.
const busy = Fault.answer(429, { retryAfter: "1 minute" })

export const outlastsAnOutage = Effect.gen(function* () {
  const { requests } = yield* ScriptedClient.ScriptedClient
  const call = yield* Effect.fork(summarize("a long text"))
  yield* TestClock.adjust("10 minutes")
  assert.match(JSON.stringify(yield* Fiber.join(call)), /a long text/)
  const seen = yield* requests
  assert.deepStrictEqual(
    seen.map(({ status }) => status),
    [429, 429, undefined, 200]
  )
  assert.ok((seen[2]?.at ?? 0) >= 120_000)
}).pipe(Effect.provide(ScriptedClient.layer([busy, busy, Fault.reset, Fault.healthy])))

await Effect.runPromise(Effect.provide(outlastsAnOutage, TestContext.TestContext))
console.log("The service outlasts an outage of two minutes.")
