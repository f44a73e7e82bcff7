/**
 * Adds the retries, timeouts and errors of this package to `@effect/ai-openai`.
 * See `transformClient`, the only option that is needed, and `Classify.mapError`, which finds the `ApiError` in their errors.
 */
import { LanguageModel } from "@effect/ai"
import { OpenAiClient, OpenAiLanguageModel } from "@effect/ai-openai"
import { Effect, Layer, Redacted } from "effect"
import { Classify, Dialect, ReliableHttpClient, Workload } from "effect-reliability"
import { Transport } from "effect-reliability/node"
import { Fault, FaultServer } from "effect-reliability/testing"

const transformClient = ReliableHttpClient.transform({
  workload: Workload.interactive,
  dialect: Dialect.openai,
  // the package sends only inference requests, which may be executed twice
  idempotency: "safe"
})

const Model = (apiUrl: string) =>
  OpenAiLanguageModel.layer({ model: "gpt-4o" }).pipe(
    Layer.provide(OpenAiClient.layer({ apiKey: Redacted.make("a-key"), apiUrl, transformClient })),
    // this transport has no timeouts that are shorter than those of a workload
    Layer.provide(Transport.layer())
  )

const ask = (prompt: string) =>
  LanguageModel.generateText({ prompt }).pipe(
    Effect.map(({ text }) => text),
    Classify.mapError({ dialect: Dialect.openai })
  )

// the fields that the package requires in a response
const envelope = { id: "resp_1", object: "response", created_at: 0, status: "completed", model: "gpt-4o", tools: [] }
const options = { parallel_tool_calls: true, temperature: 1, top_p: 1, tool_choice: "auto" }
const nothing = { error: null, incomplete_details: null, instructions: null, metadata: null }
const response = (text: string) => {
  const content = [{ type: "output_text", text, annotations: [], logprobs: [] }]
  const message = { type: "message", id: "msg_1", role: "assistant", status: "completed", content }
  return { ...envelope, ...options, ...nothing, output: [message] }
}

const program = Effect.gen(function* () {
  const success = Fault.answer(200, { body: response("I am here.") })
  const busy = Fault.answer(429, { retryAfter: "50 millis", form: "millis" })
  const api = yield* FaultServer.make({ script: [busy, success, Fault.answer(401)] })
  // a local server; for the real API, use "https://api.openai.com/v1"
  const Live = Model(api.baseUrl)

  console.log(yield* Effect.provide(ask("Are you there?"), Live))
  const seen = yield* api.requests
  console.log(seen.map(({ status }) => status).join(", "))

  const error = yield* Effect.flip(Effect.provide(ask("And now?"), Live))
  console.log(`${error._tag} ${error.reason}: ${error.advice}`)
})

await Effect.runPromise(Effect.scoped(program))
