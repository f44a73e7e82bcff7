/**
 * Two models of `@effect/ai-openai`, of which the second responds if the first cannot.
 * See `Fallback.build`, which makes their clients once, and `withFallback`, which any code with a `LanguageModel` can use.
 */
import { LanguageModel } from "@effect/ai"
import { OpenAiClient, OpenAiLanguageModel } from "@effect/ai-openai"
import { Console, Effect, Layer, Redacted } from "effect"
import { Classify, Deadline, Dialect, Fallback, ReliableHttpClient, Workload } from "effect-reliability"
import { Transport } from "effect-reliability/node"
import { Fault, FaultServer } from "effect-reliability/testing"

// inference may be executed twice
const transformClient = ReliableHttpClient.transform({
  workload: Workload.interactive,
  dialect: Dialect.openai,
  idempotency: "safe"
})

// one layer, so that `Fallback.build` makes one transport for both models
const Http = Transport.layer()

const Model = (apiUrl: string, model: string) =>
  OpenAiLanguageModel.layer({ model }).pipe(
    Layer.provide(OpenAiClient.layer({ apiKey: Redacted.make("a-key"), apiUrl, transformClient })),
    Layer.provide(Http)
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
const content = [{ type: "output_text", text: "I am here.", annotations: [], logprobs: [] }]
const message = { type: "message", id: "msg_1", role: "assistant", status: "completed", content }
const success = Fault.answer(200, { body: { ...envelope, ...options, ...nothing, output: [message] } })

const program = Effect.gen(function* () {
  const first = yield* FaultServer.make({ script: () => Fault.answer(404) })
  const second = yield* FaultServer.make({ script: [success, Fault.answer(401)] })
  const models = yield* Fallback.build(
    Fallback.make([
      { name: "large", provide: Model(first.baseUrl, "gpt-4o") },
      { name: "small", provide: Model(second.baseUrl, "gpt-4o-mini") }
    ])
  )
  const answer = ask("Are you there?").pipe(Fallback.withFallback(models), Deadline.within("1 minute"))
  yield* Console.log(yield* answer)
  const { earlier = [], reason } = yield* Effect.flip(answer)
  yield* Console.log(`${reason}; before: ${earlier.map(({ reason, step }) => `${step} ${reason}`).join(", ")}`)
})

await Effect.runPromise(Effect.scoped(program))
