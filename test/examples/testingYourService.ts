/**
 * The test of a service of one's own that asks a model: proved against an outage of two minutes, in no time.
 * Look at `outlastsAnOutage`. With `@effect/vitest` it is `it.effect("outlasts an outage", () => outlastsAnOutage)`.
 */
import { HttpClient, HttpClientRequest } from "@effect/platform"
import { Effect, Fiber, TestClock, TestContext } from "effect"
import { ReliableHttpClient, Workload } from "effect-reliability"
import { Fault, ScriptedClient } from "effect-reliability/testing"
import * as assert from "node:assert"

/** The service, as it runs in production over a client of Node's. */
export const summarize = (text: string) =>
  Effect.gen(function* () {
    const client = ReliableHttpClient.make(yield* HttpClient.HttpClient, {
      workload: Workload.agentic,
      // a chat may run twice; without this, the broken connection ends the call
      idempotency: "safe"
    })
    const messages = [{ role: "user", content: text }]
    const request = HttpClientRequest.bodyUnsafeJson(
      HttpClientRequest.post("https://api.example.com/v1/chat/completions"),
      { model: "a-model", messages }
    )
    return yield* Effect.flatMap(client.execute(request), (answer) => answer.json)
  })

// The API asks for a minute twice, then breaks a connection, then answers.
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
