/**
 * An agent that is written against `@effect/ai` and runs on the Fireworks AI API, with the retries and errors of this package.
 * See `Model`, the only part that names Fireworks, and `whyItFailed`, which finds the `ApiError` in an error of `@effect/ai`.
 */
import { type AiError, Chat, Tool, Toolkit } from "@effect/ai"
import { Console, Effect, Layer, Schema } from "effect"
import { ApiError, Workload } from "effect-reliability"
import { FireworksLanguageModel } from "effect-reliability/ai"
import { Fireworks } from "effect-reliability/fireworks"
import { Transport } from "effect-reliability/node"
import { Fault, FireworksServer } from "effect-reliability/testing"

const Weather = Tool.make("weather", { parameters: { city: Schema.String }, success: Schema.String })
const tools = Toolkit.make(Weather)
const Tools = tools.toLayer({ weather: ({ city }) => Effect.succeed(city === "Oslo" ? "-3 °C, snow" : "unknown") })

const solve = (question: string) =>
  Effect.gen(function* () {
    const chat = yield* Chat.empty
    let response = yield* chat.generateText({ prompt: question, toolkit: tools })
    while (response.finishReason === "tool-calls") {
      for (const { name, result } of response.toolResults) yield* Console.log(`${name}: ${result}`)
      response = yield* chat.generateText({ prompt: [], toolkit: tools })
    }
    return response.text
  })

const whyItFailed = ({ _tag, cause }: AiError.AiError) =>
  ApiError.isApiError(cause) ? `${_tag}: ${cause.reason} after ${cause.attempts} attempt. ${cause.advice}` : _tag

const Model = FireworksLanguageModel.layer({
  model: "accounts/fireworks/models/kimi-k2",
  config: { temperature: 0, callOptions: { workload: Workload.agentic, multiTurnSession: "conversation-1" } }
})

const message = (fields: object, finish_reason: string) =>
  Fault.answer(200, { body: { choices: [{ message: { role: "assistant", ...fields }, finish_reason }] } })
const call = { id: "call-1", type: "function", function: { name: "weather", arguments: '{"city":"Oslo"}' } }

const program = Effect.gen(function* () {
  const busy = Fault.answer(429, { retryAfter: "50 millis", form: "millis" })
  const faults = [busy, message({ tool_calls: [call] }, "tool_calls"), message({ content: "It snows." }, "stop")]
  const injections = [...faults, Fault.answer(401)].map((fault) => ({ fault }))
  const api = yield* FireworksServer.make({ injections })
  // a local server; for the real API, use `Fireworks.layerConfig()`
  const Live = Model.pipe(Layer.provide(Fireworks.layer(api.options)), Layer.provide(Transport.layer()))
  const answer = solve("How is the weather in Oslo?").pipe(Effect.provide([Tools, Live]))
  yield* Console.log(yield* answer)
  yield* Console.log(whyItFailed(yield* Effect.flip(answer)))
  yield* Console.log((yield* api.requests).map(({ status }) => status).join(", "))
})

await Effect.runPromise(Effect.scoped(program))
