/**
 * `@effect/ai-openai`, with the retries, limits and errors of this package beneath it.
 * Look at `transformClient`, which is all it takes, and at `Classify.mapError`, which finds the error in Effect AI's.
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
  // the package only asks models, which may run twice
  idempotency: "safe"
})

const Model = (apiUrl: string) =>
  OpenAiLanguageModel.layer({ model: "gpt-4o" }).pipe(
    Layer.provide(OpenAiClient.layer({ apiKey: Redacted.make("a-key"), apiUrl, transformClient })),
    // no limit of it undercuts a workload's
    Layer.provide(Transport.layer())
  )

const ask = (prompt: string) =>
  LanguageModel.generateText({ prompt }).pipe(
    Effect.map(({ text }) => text),
    Classify.mapError({ dialect: Dialect.openai })
  )

// as much as the package insists on
const envelope = { id: "resp_1", object: "response", created_at: 0, status: "completed", model: "gpt-4o", tools: [] }
const options = { parallel_tool_calls: true, temperature: 1, top_p: 1, tool_choice: "auto" }
const nothing = { error: null, incomplete_details: null, instructions: null, metadata: null }
const said = (text: string) => {
  const content = [{ type: "output_text", text, annotations: [], logprobs: [] }]
  const message = { type: "message", id: "msg_1", role: "assistant", status: "completed", content }
  return { ...envelope, ...options, ...nothing, output: [message] }
}

const program = Effect.gen(function* () {
  const answers = Fault.answer(200, { body: said("I am here.") })
  const busy = Fault.answer(429, { retryAfter: "50 millis", form: "millis" })
  const api = yield* FaultServer.make({ script: [busy, answers, Fault.answer(401)] })
  // in place of "https://api.openai.com/v1"
  const Live = Model(api.baseUrl)

  console.log(yield* Effect.provide(ask("Are you there?"), Live))
  const seen = yield* api.requests
  console.log(seen.map(({ status }) => status).join(", "))

  const error = yield* Effect.flip(Effect.provide(ask("And now?"), Live))
  console.log(`${error._tag} ${error.reason}: ${error.advice}`)
})

await Effect.runPromise(Effect.scoped(program))
