/** Fixtures of the tests in fireworks/Fireworks/. */
import { HttpClient } from "@effect/platform"
import type { Duration } from "effect"
import { Effect, Fiber, Redacted, TestClock } from "effect"
import { Fireworks } from "effect-reliability/fireworks"
import { Fault, ScriptedClient } from "effect-reliability/testing"

export const apiKey = Redacted.make("fw_4f9ZsecretKey77")
export const model = "accounts/fireworks/models/kimi-k2"
export const dedicated = "accounts/acme/deployments/ours"
export const hello = { model, messages: [{ role: "user", content: "one two three" }] } as const

export type Options = Partial<Fireworks.Options>

export const over = (client: HttpClient.HttpClient, options: Options = {}) =>
  Fireworks.make({ apiKey, ...options }).pipe(Effect.provideService(HttpClient.HttpClient, client))

/** Makes the service over a scripted client. */
export const scripted = (script: Fault.Script, options: Options = {}) =>
  Effect.gen(function* () {
    const client = yield* ScriptedClient.make(script)
    const fireworks = yield* over(client, options)
    return { fireworks, client, requests: client.requests }
  })

/** Runs an effect while the clock advances by the given time. */
export const during =
  (time: Duration.DurationInput) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.gen(function* () {
      const fiber = yield* Effect.fork(effect)
      yield* TestClock.adjust(time)
      return yield* Fiber.join(fiber)
    })

export const json = (body: object, headers = {}) => Fault.answer(200, { body, headers })

export const answer = (choice: object, more: object = {}) => ({ id: "x", choices: [choice], ...more })

export const events = (...data: ReadonlyArray<object | string>) =>
  Fault.answer(200, {
    headers: { "content-type": "text/event-stream" },
    body: data.map((one) => `data: ${typeof one === "string" ? one : JSON.stringify(one)}\n\n`).join("")
  })

export const piece = (content: string, more: object = {}) => ({ choices: [{ index: 0, delta: { content }, ...more }] })
