import { AiError, Chat, LanguageModel, Tool, Toolkit } from "@effect/ai"
import { describe, it } from "@effect/vitest"
import { Effect, JSONSchema, Layer, Schema } from "effect"
import { Fault } from "effect-reliability/testing"
import { expect } from "vitest"
import { model } from "../../support/fireworks.js"
import { called, handlers, history, reply, scriptedModel, tools } from "../../support/languageModel.js"

describe("a toolkit", () => {
  it.effect("runs a tool for each call of a response, and sends the results with the history", () =>
    Effect.gen(function* () {
      const cities: Array<string> = []
      const calls = [
        called("a", "weather", { city: "Oslo" }),
        called("b", "weather", { city: "Olso" }),
        called("c", "noon", "")
      ]
      const { Live, bodies } = yield* scriptedModel([
        reply({ content: null, tool_calls: calls }, {}, { finish_reason: "tool_calls" }),
        reply({ content: "It is cold." })
      ])
      const program = Effect.gen(function* () {
        const first = yield* LanguageModel.generateText({ prompt: "How is Oslo?", toolkit: tools })
        expect(first.finishReason).toBe("tool-calls")
        expect(first.toolCalls.map(({ id, name, params }) => [id, name, params])).toEqual([
          ["a", "weather", { city: "Oslo" }],
          ["b", "weather", { city: "Olso" }],
          ["c", "noon", {}]
        ])
        expect(first.toolResults.map(({ id, isFailure }) => [id, isFailure])).toEqual([
          ["a", false],
          ["b", true],
          ["c", false]
        ])
        const second = yield* LanguageModel.generateText({ prompt: history("How is Oslo?", first), toolkit: tools })
        expect(second.text).toBe("It is cold.")
      })
      yield* program.pipe(Effect.provide([handlers(cities), Live]))
      expect(cities).toEqual(["Oslo", "Olso"])
      const [first, second] = yield* bodies
      expect(first).toMatchObject({
        tool_choice: "auto",
        tools: [
          {
            type: "function",
            function: {
              name: "weather",
              description: "Returns the temperature in a city",
              parameters: {
                type: "object",
                properties: { city: { type: "string" } },
                required: ["city"],
                additionalProperties: false
              }
            }
          },
          { type: "function", function: { name: "noon", parameters: { type: "object" } } }
        ]
      })
      expect(second?.["messages"]).toEqual([
        { role: "user", content: "How is Oslo?" },
        { role: "assistant", content: null, tool_calls: [calls[0], calls[1], called("c", "noon", "{}")] },
        { role: "tool", tool_call_id: "a", content: '{"celsius":-3}' },
        { role: "tool", tool_call_id: "b", content: '{"city":"Olso","_tag":"NoSuchCity"}' },
        { role: "tool", tool_call_id: "c", content: "12:00" }
      ])
    })
  )

  it.effect("sends the choice of the options", () =>
    Effect.gen(function* () {
      const { Live, bodies } = yield* scriptedModel(Array.from({ length: 6 }, () => reply({ content: "." })))
      const ask = (toolChoice: LanguageModel.ToolChoice<"noon" | "weather">) =>
        LanguageModel.generateText({ prompt: "?", toolkit: tools, toolChoice })
      yield* Effect.forEach(
        [
          "auto",
          "none",
          "required",
          { tool: "noon" },
          { oneOf: ["noon"] },
          { oneOf: ["weather"], mode: "required" }
        ] as const,
        ask
      ).pipe(Effect.provide([handlers([]), Live]))
      const named = (tools: unknown) => (tools as ReadonlyArray<{ function: object }>).map((tool) => tool.function)
      const seen = yield* bodies
      expect(seen.map((body) => body["tool_choice"])).toEqual([
        "auto",
        "none",
        "required",
        { type: "function", function: { name: "noon" } },
        "auto",
        "required"
      ])
      expect(named(seen[4]?.["tools"])).toMatchObject([{ name: "noon" }])
      expect(named(seen[5]?.["tools"])).toMatchObject([{ name: "weather" }])
    })
  )

  it.effect("accepts calls without id, and with the finish reason stop", () =>
    Effect.gen(function* () {
      const { Live } = yield* scriptedModel(
        reply({ tool_calls: [{ function: { name: "noon" } }, { id: "", function: { name: "noon", arguments: "{}" } }] })
      )
      const { finishReason, toolCalls } = yield* LanguageModel.generateText({ prompt: "?", toolkit: tools }).pipe(
        Effect.provide([handlers([]), Live])
      )
      expect(finishReason).toBe("tool-calls")
      expect(toolCalls.map(({ name, params }) => [name, params])).toEqual([
        ["noon", {}],
        ["noon", {}]
      ])
      expect(new Set(toolCalls.map(({ id }) => id)).size).toBe(2)
    })
  )

  it.effect("continues a conversation of `Chat` until the model calls no tool", () =>
    Effect.gen(function* () {
      const { Live } = yield* scriptedModel([
        reply({ tool_calls: [called("a", "weather", { city: "Oslo" })], reasoning_content: "I look it up." }),
        reply({ content: "-3 °C" })
      ])
      const text = yield* Effect.gen(function* () {
        const chat = yield* Chat.fromPrompt("How is Oslo?")
        let response = yield* chat.generateText({ prompt: [], toolkit: tools })
        while (response.finishReason === "tool-calls")
          response = yield* chat.generateText({ prompt: [], toolkit: tools })
        return response.text
      }).pipe(Effect.provide([handlers([]), Live]))
      expect(text).toBe("-3 °C")
    })
  )

  it.effect("rejects a tool that another provider executes", () =>
    Effect.gen(function* () {
      const Search = Tool.providerDefined({
        id: "openai.web_search",
        toolkitName: "search",
        providerName: "web_search",
        args: {},
        success: Schema.String
      })
      const { Live, requests } = yield* scriptedModel(Fault.healthy)
      const error = yield* LanguageModel.generateText({ prompt: "?", toolkit: Toolkit.make(Search({})) }).pipe(
        Effect.provide(Live),
        Effect.flip
      )
      expect(error).toMatchObject({ _tag: "MalformedInput", cause: { _tag: "Fatal", reason: "InvalidRequest" } })
      expect(yield* requests).toEqual([])
    })
  )

  it.effect("rejects a tool whose parameters have no JSON Schema", () =>
    Effect.gen(function* () {
      const Odd = Tool.make("odd", { parameters: { big: Schema.BigIntFromSelf } })
      const { Live } = yield* scriptedModel(Fault.healthy)
      const error = yield* LanguageModel.generateText({
        prompt: "?",
        toolkit: Toolkit.make(Odd),
        disableToolCallResolution: true
      }).pipe(Effect.provide(Layer.merge(Toolkit.make(Odd).toLayer({ odd: () => Effect.void }), Live)), Effect.flip)
      const detail = 'the schema of the tool "odd" has no JSON Schema'
      expect(error).toMatchObject({ _tag: "MalformedInput", cause: { detail } })
    })
  )
})

describe("generateObject", () => {
  const City = Schema.Struct({ name: Schema.String, population: Schema.Number })

  it.effect("sends the schema of the object and decodes the response", () =>
    Effect.gen(function* () {
      const { Live, bodies } = yield* scriptedModel(reply({ content: '{"name":"Oslo","population":700000}' }))
      const { value } = yield* LanguageModel.generateObject({
        prompt: "Describe Oslo",
        objectName: "a/city!",
        schema: City
      }).pipe(Effect.provide(Live))
      expect(value).toEqual({ name: "Oslo", population: 700_000 })
      const { $schema: _, ...schema } = JSONSchema.make(City)
      expect(yield* bodies).toEqual([
        {
          model,
          messages: [{ role: "user", content: "Describe Oslo" }],
          response_format: { type: "json_schema", json_schema: { name: "a_city_", schema } }
        }
      ])
    })
  )

  it.effect("fails with MalformedOutput if the object does not match the schema", () =>
    Effect.gen(function* () {
      const { Live } = yield* scriptedModel([
        reply({ content: '{"name":"Oslo"}' }),
        reply({ content: "Oslo" }),
        reply({})
      ])
      const ask = LanguageModel.generateObject({ prompt: "Describe Oslo", schema: City }).pipe(Effect.flip)
      const errors = yield* Effect.all([ask, ask, ask]).pipe(Effect.provide(Live))
      for (const error of errors) expect(error).toBeInstanceOf(AiError.MalformedOutput)
    })
  )

  it.effect("replaces a response format of the configuration, which texts keep", () =>
    Effect.gen(function* () {
      const grammar = { type: "grammar", grammar: "root ::= [0-9]+" }
      const { Live, bodies } = yield* scriptedModel(reply({ content: '{"name":"Oslo","population":1}' }), {
        config: { response_format: grammar }
      })
      yield* LanguageModel.generateText({ prompt: "1?" }).pipe(Effect.provide(Live))
      yield* LanguageModel.generateObject({ prompt: "?", schema: City }).pipe(Effect.provide(Live), Effect.ignore)
      const formats = (yield* bodies).map((body) => body["response_format"])
      expect(formats).toEqual([grammar, expect.objectContaining({ type: "json_schema" })])
    })
  )
})
