/**
 * An agent that uses tools until it knows the answer, in turns that may take minutes each.
 * Look at `options`: a turn is a call, tried again by itself, so that no tool runs twice; and at `use`, where a tool fails.
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

/** That a tool failed is for the model to hear, and to mend. */
const use = (input: string) =>
  Effect.try((): unknown => JSON.parse(input)).pipe(
    Effect.flatMap(weather),
    Effect.catchAll((error) => Effect.succeed(`It failed: ${error.message}`)),
    Effect.tap((result) => Console.log(`weather(${input}): ${result}`))
  )

const solve = (question: string, multiTurnSession: string) =>
  Effect.gen(function* () {
    const { chat } = yield* Fireworks.Fireworks
    // the session leads all turns to the replica whose cache knows the conversation
    const options = { workload: Workload.agentic, multiTurnSession }
    const messages: Array<Fireworks.Message> = [{ role: "user", content: question }]
    for (let turn = 1; turn <= 20; turn++) {
      const { value } = yield* chat({ model: "accounts/fireworks/models/kimi-k2", messages, tools }, options)
      const said = value.choices[0]?.message
      const calls = said?.tool_calls ?? []
      if (calls.length === 0) return said?.content ?? ""
      messages.push({ content: null, ...said, role: "assistant" })
      for (const { function: asked, id } of calls) {
        messages.push({ role: "tool", tool_call_id: id, content: yield* use(asked?.arguments ?? "") })
      }
    }
    return "That would take too long."
  })

const wants = (city: string) => {
  const call = { id: city, type: "function", function: { name: "weather", arguments: JSON.stringify(city) } }
  return Fault.answer(200, { body: { choices: [{ message: { role: "assistant", tool_calls: [call] } }] } })
}

const program = Effect.gen(function* () {
  const faults = [wants("Olso"), Fault.answer(503), wants("Oslo")]
  const api = yield* FireworksServer.make({ injections: faults.map((fault) => ({ fault })) })
  // in place of the API, which is `Fireworks.layerConfig()`
  const Model = Fireworks.layer(api.options)
  console.log(yield* Effect.provide(solve("How is the weather in Olso?", "conversation-1"), Model))
  for (const { headers, status } of yield* api.requests) console.log(status, headers["x-multi-turn-session-id"])
})

await Effect.runPromise(program.pipe(Effect.scoped, Effect.provide(Transport.layer())))
