import { LanguageModel, Model, Prompt } from "@effect/ai"
import { describe, it } from "@effect/vitest"
import { Effect, Layer, Option, Tracer } from "effect"
import { Workload } from "effect-reliability"
import { FireworksLanguageModel } from "effect-reliability/ai"
import { Fireworks } from "effect-reliability/fireworks"
import { Fault, FireworksServer } from "effect-reliability/testing"
import { expect } from "vitest"
import { dedicated, model } from "../../support/fireworks.js"
import { called, reply, scriptedModel } from "../../support/languageModel.js"

const user = (text: string) => ({ role: "user", content: text })

describe("generateText", () => {
  it.effect("returns the text, reasoning, finish reason, usage and metadata of a response", () =>
    Effect.gen(function* () {
      const usage = {
        prompt_tokens: 12,
        completion_tokens: 5,
        total_tokens: 17,
        prompt_tokens_details: { cached_tokens: 8 },
        completion_tokens_details: { reasoning_tokens: 3 }
      }
      const { Live, bodies } = yield* scriptedModel(
        reply({ content: "Snow.", reasoning_content: "Oslo is cold." }, { usage, created: 1_700_000_000, model })
      )
      const response = yield* LanguageModel.generateText({ prompt: "How is Oslo?" }).pipe(Effect.provide(Live))
      expect(response.text).toBe("Snow.")
      expect(response.reasoningText).toBe("Oslo is cold.")
      expect(response.finishReason).toBe("stop")
      expect({ ...response.usage }).toEqual({
        inputTokens: 12,
        outputTokens: 5,
        totalTokens: 17,
        cachedInputTokens: 8,
        reasoningTokens: 3
      })
      const [metadata] = response.content
      expect(metadata).toMatchObject({ type: "response-metadata", id: Option.some("x"), modelId: Option.some(model) })
      expect(yield* bodies).toEqual([{ model, messages: [user("How is Oslo?")] }])
    })
  )

  it.effect("maps each finish reason of the API", () =>
    Effect.gen(function* () {
      const reasons = ["stop", "length", "content_filter", "tool_calls", "function_call", "bored", "constructor", null]
      const { Live } = yield* scriptedModel(
        reasons.map((finish_reason) => reply({ content: "." }, {}, { finish_reason }))
      )
      const ask = Effect.map(LanguageModel.generateText({ prompt: "?" }), ({ finishReason }) => finishReason)
      const found = yield* Effect.forEach(reasons, () => ask).pipe(Effect.provide(Live))
      expect(found).toEqual([
        "stop",
        "length",
        "content-filter",
        "tool-calls",
        "tool-calls",
        "other",
        "other",
        "unknown"
      ])
    })
  )

  it.effect("accepts a response without usage, content and date", () =>
    Effect.gen(function* () {
      const { Live } = yield* scriptedModel([
        reply({ content: null }, { created: 1e300 }),
        reply({}, { choices: null })
      ])
      const ask = LanguageModel.generateText({ prompt: "?" }).pipe(Effect.provide(Live))
      const first = yield* ask
      expect([first.text, first.usage.totalTokens, first.finishReason]).toEqual(["", undefined, "stop"])
      expect((yield* ask).finishReason).toBe("unknown")
    })
  )

  it.effect("sends every kind of message", () =>
    Effect.gen(function* () {
      const { Live, bodies } = yield* scriptedModel(Fault.healthy)
      const bytes = new Uint8Array([1, 2, 3])
      const prompt = Prompt.make([
        { role: "system", content: "Be brief." },
        {
          role: "user",
          content: [
            { type: "text", text: "What is this?" },
            { type: "file", mediaType: "image/png", data: bytes },
            { type: "file", mediaType: "image/*", data: "AQID" },
            { type: "file", mediaType: "image/png", data: "data:image/png;base64,AQID" },
            { type: "file", mediaType: "image/png", data: new URL("https://example.com/a.png") }
          ]
        },
        {
          role: "assistant",
          content: [
            { type: "reasoning", text: "It is " },
            { type: "reasoning", text: "a pixel." },
            { type: "tool-call", id: "a", name: "weather", params: { city: "Oslo" } },
            { type: "tool-call", id: "b", name: "noon", params: undefined },
            { type: "tool-call", id: "c", name: "search", params: {}, providerExecuted: true },
            { type: "tool-result", id: "c", name: "search", result: [], isFailure: false, providerExecuted: true }
          ]
        },
        {
          role: "tool",
          content: [
            {
              type: "tool-result",
              id: "a",
              name: "weather",
              result: { celsius: -3 },
              isFailure: false,
              providerExecuted: false
            },
            { type: "tool-result", id: "b", name: "noon", result: "12:00", isFailure: false, providerExecuted: false },
            { type: "tool-result", id: "d", name: "void", result: undefined, isFailure: false, providerExecuted: false }
          ]
        },
        { role: "assistant", content: "A pixel." },
        { role: "assistant", content: [{ type: "reasoning", text: "Hm." }] },
        { role: "assistant", content: [] }
      ])
      yield* LanguageModel.generateText({ prompt }).pipe(Effect.provide(Live))
      const image = (url: string) => ({ type: "image_url", image_url: { url } })
      expect((yield* bodies)[0]?.["messages"]).toEqual([
        { role: "system", content: "Be brief." },
        {
          role: "user",
          content: [
            { type: "text", text: "What is this?" },
            image("data:image/png;base64,AQID"),
            image("data:image/jpeg;base64,AQID"),
            image("data:image/png;base64,AQID"),
            image("https://example.com/a.png")
          ]
        },
        {
          role: "assistant",
          content: null,
          reasoning_content: "It is a pixel.",
          tool_calls: [called("a", "weather", { city: "Oslo" }), called("b", "noon", "{}")]
        },
        { role: "tool", tool_call_id: "a", content: '{"celsius":-3}' },
        { role: "tool", tool_call_id: "b", content: "12:00" },
        { role: "tool", tool_call_id: "d", content: "" },
        { role: "assistant", content: "A pixel." },
        { role: "assistant", content: "", reasoning_content: "Hm." }
      ])
    })
  )

  it.effect("adds span attributes without prompts and account ids", () =>
    Effect.gen(function* () {
      const usage = { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 }
      const { Live } = yield* scriptedModel(reply({ content: "secret answer" }, { usage, model: dedicated }), {
        model: dedicated,
        config: { temperature: 0.5, max_tokens: 100 }
      })
      const spans: Array<Tracer.Span> = []
      const tracer = yield* Effect.tracer
      const recording = Tracer.make({
        context: (f, fiber) => tracer.context(f, fiber),
        span: (...args) => {
          const span = tracer.span(...args)
          spans.push(span)
          return span
        }
      })
      yield* LanguageModel.generateText({ prompt: "secret question" }).pipe(
        Effect.provide(Live),
        Effect.withTracer(recording)
      )
      const span = spans.find(({ name }) => name === "LanguageModel.generateText")
      expect(Object.fromEntries(span?.attributes ?? [])).toMatchObject({
        "gen_ai.system": "fireworks",
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "deployments/ours",
        "gen_ai.request.temperature": 0.5,
        "gen_ai.request.max_tokens": 100,
        "gen_ai.response.id": "x",
        "gen_ai.response.model": "deployments/ours",
        "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.usage.input_tokens": 1,
        "gen_ai.usage.output_tokens": 2
      })
      const text = JSON.stringify(spans.map(({ attributes, name }) => [name, [...attributes]]))
      for (const secret of ["secret", "acme"]) expect(text).not.toContain(secret)
    })
  )
})

describe("the configuration", () => {
  it.effect("applies to each request, inner overrides before outer ones", () =>
    Effect.gen(function* () {
      const { Live, requests, bodies } = yield* scriptedModel(Fault.healthy, {
        config: { temperature: 0, user: "u", top_k: 1, callOptions: { sessionAffinity: "a", headers: { "x-a": "1" } } }
      })
      const ask = LanguageModel.generateText({ prompt: "Hi" })
      const { withConfigOverride } = FireworksLanguageModel
      yield* Effect.gen(function* () {
        yield* ask.pipe(
          withConfigOverride({ temperature: 1, service_tier: "priority", callOptions: { multiTurnSession: "m" } }),
          withConfigOverride({ temperature: 2, model: dedicated, reasoning_effort: "high" })
        )
        yield* withConfigOverride(ask, { top_k: undefined, user: "v" })
        yield* ask
      }).pipe(Effect.provide(Live))
      const messages = [user("Hi")]
      expect(yield* bodies).toEqual([
        {
          model: dedicated,
          temperature: 1,
          user: "u",
          top_k: 1,
          service_tier: "priority",
          reasoning_effort: "high",
          messages
        },
        { model, temperature: 0, user: "v", messages },
        { model, temperature: 0, user: "u", top_k: 1, messages }
      ])
      const [first, second] = yield* requests
      expect(first?.headers).toMatchObject({ "x-session-affinity": "a", "x-multi-turn-session-id": "m", "x-a": "1" })
      expect(second?.headers).not.toHaveProperty("x-multi-turn-session-id")
    })
  )

  it.effect("uses the workload of the call, else that of the fiber", () =>
    Effect.gen(function* () {
      const names: Array<string> = []
      const { Live } = yield* scriptedModel(
        Fault.answer(401),
        {},
        {
          record: ({ of, workload }) => void (of === "call" && names.push(workload.name))
        }
      )
      const ask = LanguageModel.generateText({ prompt: "Hi" }).pipe(Effect.provide(Live), Effect.ignore)
      yield* ask
      yield* ask.pipe(Workload.within(Workload.agentic))
      yield* ask.pipe(
        FireworksLanguageModel.withConfigOverride({ callOptions: { workload: Workload.largeModel } }),
        Workload.within(Workload.agentic)
      )
      expect(names).toEqual(["interactive", "agentic", "largeModel"])
    })
  )
})

describe("model", () => {
  it.effect("provides a language model and the name of its provider", () =>
    Effect.gen(function* () {
      const Live = FireworksServer.layerClient(Fireworks.layer).pipe(Layer.provide(FireworksServer.layerInMemory()))
      const program = Effect.gen(function* () {
        const { text } = yield* LanguageModel.generateText({ prompt: "Hi" })
        return [yield* Model.ProviderName, text]
      })
      const layer = yield* FireworksLanguageModel.model(model, { temperature: 0 }).pipe(Effect.provide(Live))
      expect(yield* Effect.provide(program, layer)).toEqual(["fireworks", "Hi"])
    })
  )
})
