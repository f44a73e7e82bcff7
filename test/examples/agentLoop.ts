/**
 * An agent that calls tools in a loop until the model returns a final text. Each turn may take minutes.
 * See `options`: each turn is one call with its own retries, so no tool runs twice. See `use` for a tool that fails.
 */
import { Console, Data, Effect } from "effect"
import { Workload } from "effect-reliability"
import { Fireworks } from "effect-reliability/fireworks"
import { Transport } from "effect-reliability/node"
import { Fault, FireworksServer } from "effect-reliability/testing"

class NoSuchCity extends Data.TaggedError("NoSuchCity")<{ readonly message: string }> {}

const weather = (city: unknown) =>
  city === "Oslo" ? Effect.succeed("-3 °C, snow") : new NoSuchCity({ message: `there is no ${String(city)}` })

const tools = [{ type: "function", function: { name: "weather", parameters: { type: "string" } } }]

/** A failed tool is not an error of the agent: the model receives the message and can correct its input. */
const use = (input: string) =>
  Effect.try((): unknown => JSON.parse(input)).pipe(
    Effect.flatMap(weather),
    Effect.catchAll((error) => Effect.succeed(`It failed: ${error.message}`)),
    Effect.tap((result) => Console.log(`weather(${input}): ${result}`))
  )

const solve = (question: string, multiTurnSession: string) =>
  Effect.gen(function* () {
    const { chat } = yield* Fireworks.Fireworks
    // the session id routes all turns to the replica that has cached the conversation
    const options = { workload: Workload.agentic, multiTurnSession }
    const messages: Array<Fireworks.Message> = [{ role: "user", content: question }]
    for (let turn = 1; turn <= 20; turn++) {
      const { value } = yield* chat({ model: "accounts/fireworks/models/kimi-k2", messages, tools }, options)
      const reply = value.choices[0]?.message
      const calls = reply?.tool_calls ?? []
      if (calls.length === 0) return reply?.content ?? ""
      messages.push({ content: null, ...reply, role: "assistant" })
      for (const { function: tool, id } of calls) {
        messages.push({ role: "tool", tool_call_id: id, content: yield* use(tool?.arguments ?? "") })
      }
    }
    return "The agent did not finish within 20 turns."
  })

const wants = (city: string) => {
  const call = { id: city, type: "function", function: { name: "weather", arguments: JSON.stringify(city) } }
  return Fault.answer(200, { body: { choices: [{ message: { role: "assistant", tool_calls: [call] } }] } })
}

const program = Effect.gen(function* () {
  const faults = [wants("Olso"), Fault.answer(503), wants("Oslo")]
  const api = yield* FireworksServer.make({ injections: faults.map((fault) => ({ fault })) })
  // a local server; for the real API, use `Fireworks.layerConfig()`
  const Model = Fireworks.layer(api.options)
  console.log(yield* Effect.provide(solve("How is the weather in Olso?", "conversation-1"), Model))
  for (const { headers, status } of yield* api.requests) console.log(status, headers["x-multi-turn-session-id"])
})

await Effect.runPromise(program.pipe(Effect.scoped, Effect.provide(Transport.layer())))
