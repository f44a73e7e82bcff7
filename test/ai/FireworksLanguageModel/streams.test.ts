import { IdGenerator, LanguageModel, Prompt } from "@effect/ai"
import { describe, it } from "@effect/vitest"
import { Chunk, Effect, Stream } from "effect"
import { FireworksLanguageModel } from "effect-reliability/ai"
import { expect } from "vitest"
import { events, model } from "../../support/fireworks.js"
import { handlers, scriptedModel, tools } from "../../support/languageModel.js"

const ids = IdGenerator.IdGenerator.context({ generateId: () => Effect.succeed("r") })

const chunk = (delta: object, more: object = {}) => ({ id: "x", model, choices: [{ index: 0, delta, ...more }] })

const toolDelta = (index: number | undefined, more: object) => chunk({ tool_calls: [{ index, ...more }] })

const usage = { prompt_tokens: 4, completion_tokens: 2, total_tokens: 6 }

/** Collects the parts of a stream, without what is the same in all of them. */
const collect = <A extends { readonly type: string }, E, R>(stream: Stream.Stream<A, E, R>) =>
  Effect.map(Stream.runCollect(stream), (parts) =>
    Chunk.toReadonlyArray(parts).map(({ metadata: _, ...part }: A & { metadata?: unknown }) => ({ ...part }))
  )

/** The parts that a text with a toolkit is made of. */
const partsOf = (chunks: ReadonlyArray<object | string>, cities: Array<string> = []) =>
  Effect.gen(function* () {
    const { Live } = yield* scriptedModel(events(...chunks, "[DONE]"))
    return yield* collect(LanguageModel.streamText({ prompt: "?", toolkit: tools })).pipe(
      Effect.provide([handlers(cities), Live]),
      Effect.provide(ids)
    )
  })

describe("streamText", () => {
  it.effect("emits reasoning and texts in their order, and the usage of the last chunk", () =>
    Effect.gen(function* () {
      const { Live, bodies } = yield* scriptedModel(
        events(
          chunk({ role: "assistant" }),
          chunk({ reasoning_content: "It " }),
          chunk({ reasoning_content: "snows.", content: "" }),
          chunk({ content: "Snow" }),
          chunk({ content: "." }),
          chunk({ reasoning_content: "Really?", content: " Yes." }),
          { id: "x", choices: [{ index: 1, delta: { content: "another choice" } }] },
          chunk({}, { finish_reason: "stop" }),
          { id: "x", choices: [], usage },
          "[DONE]"
        )
      )
      const found = yield* collect(LanguageModel.streamText({ prompt: "How is Oslo?" })).pipe(
        Effect.provide(Live),
        Effect.provide(ids)
      )
      expect(found).toMatchObject([
        { type: "response-metadata" },
        { type: "reasoning-start", id: "r-reasoning-0" },
        { type: "reasoning-delta", id: "r-reasoning-0", delta: "It " },
        { type: "reasoning-delta", id: "r-reasoning-0", delta: "snows." },
        { type: "reasoning-end", id: "r-reasoning-0" },
        { type: "text-start", id: "r-text-1" },
        { type: "text-delta", id: "r-text-1", delta: "Snow" },
        { type: "text-delta", id: "r-text-1", delta: "." },
        { type: "text-end", id: "r-text-1" },
        { type: "reasoning-start", id: "r-reasoning-2" },
        { type: "reasoning-delta", id: "r-reasoning-2", delta: "Really?" },
        { type: "reasoning-end", id: "r-reasoning-2" },
        { type: "text-start", id: "r-text-3" },
        { type: "text-delta", id: "r-text-3", delta: " Yes." },
        { type: "text-end", id: "r-text-3" },
        { type: "finish", reason: "stop", usage: { inputTokens: 4, outputTokens: 2, totalTokens: 6 } }
      ])
      expect(yield* bodies).toEqual([{ model, messages: [{ role: "user", content: "How is Oslo?" }], stream: true }])
    })
  )

  it.effect("emits parallel calls of tools, and runs them after the end of the stream", () =>
    Effect.gen(function* () {
      const cities: Array<string> = []
      const found = yield* partsOf(
        [
          chunk({ content: "I look." }),
          toolDelta(0, { id: "a", type: "function", function: { name: "weather", arguments: "" } }),
          toolDelta(1, { id: "b", type: "function", function: { name: "weather", arguments: '{"city":' } }),
          toolDelta(0, { function: { arguments: '{"city":"Os' } }),
          toolDelta(1, { function: { arguments: '"Rome"}' } }),
          toolDelta(0, { function: { arguments: 'lo"}' } }),
          chunk({}, { finish_reason: "tool_calls", usage: null })
        ],
        cities
      )
      expect(found).toMatchObject([
        { type: "response-metadata" },
        { type: "text-start" },
        { type: "text-delta", delta: "I look." },
        { type: "text-end" },
        { type: "tool-params-start", id: "a", name: "weather" },
        { type: "tool-params-start", id: "b", name: "weather" },
        { type: "tool-params-delta", id: "b", delta: '{"city":' },
        { type: "tool-params-delta", id: "a", delta: '{"city":"Os' },
        { type: "tool-params-delta", id: "b", delta: '"Rome"}' },
        { type: "tool-params-delta", id: "a", delta: 'lo"}' },
        { type: "tool-params-end", id: "a" },
        { type: "tool-call", id: "a", name: "weather", params: { city: "Oslo" } },
        { type: "tool-params-end", id: "b" },
        { type: "tool-call", id: "b", name: "weather", params: { city: "Rome" } },
        { type: "finish", reason: "tool-calls" },
        { type: "tool-result", id: "a", isFailure: false },
        { type: "tool-result", id: "b", isFailure: true }
      ])
      expect(cities).toEqual(["Oslo", "Rome"])
    })
  )

  it.effect("accepts calls of tools without index, with an id in each delta, and with a late name", () =>
    Effect.gen(function* () {
      const found = yield* partsOf([
        toolDelta(undefined, { id: "a", function: { name: "weather", arguments: '{"city":' } }),
        toolDelta(undefined, { id: "a", function: { arguments: '"Oslo"' } }),
        toolDelta(undefined, { id: "", function: { arguments: "}" } }),
        toolDelta(undefined, { id: "b", function: { name: "noon" } }),
        toolDelta(7, { function: { arguments: '{"city"' } }),
        toolDelta(7, { function: { name: "weather", arguments: ':"Rome"}' } }),
        chunk({}, { finish_reason: "tool_calls" })
      ])
      const of = (type: string) => found.filter((part) => part.type === type)
      expect(of("tool-call")).toMatchObject([
        { id: "a", name: "weather", params: { city: "Oslo" } },
        { id: "b", name: "noon", params: {} },
        { id: "r-2", name: "weather", params: { city: "Rome" } }
      ])
      expect(of("tool-params-start")).toMatchObject([{ id: "a" }, { id: "b" }, { id: "r-2" }])
      expect(of("tool-params-delta").at(-1)).toMatchObject({ id: "r-2", delta: '{"city":"Rome"}' })
    })
  )

  it.effect("finishes with the reason unknown if the server reports none", () =>
    Effect.gen(function* () {
      const found = yield* partsOf([chunk({ content: "Hi" })])
      expect(found.at(-1)).toMatchObject({ type: "finish", reason: "unknown" })
    })
  )

  it.effect("emits parts that make the history of the next turn", () =>
    Effect.gen(function* () {
      const { Live, bodies } = yield* scriptedModel([
        events(
          chunk({ reasoning_content: "Look." }),
          toolDelta(0, { id: "a", function: { name: "noon", arguments: "{}" } }),
          chunk({}, { finish_reason: "tool_calls" }),
          "[DONE]"
        ),
        events(chunk({ content: "Noon." }, { finish_reason: "stop" }), "[DONE]")
      ])
      yield* Effect.gen(function* () {
        const parts = yield* Stream.runCollect(LanguageModel.streamText({ prompt: "When?", toolkit: tools }))
        const prompt = Prompt.merge(Prompt.make("When?"), Prompt.fromResponseParts(Chunk.toReadonlyArray(parts)))
        yield* Stream.runDrain(LanguageModel.streamText({ prompt, toolkit: tools }))
      }).pipe(Effect.provide([handlers([]), Live]))
      expect((yield* bodies)[1]?.["messages"]).toEqual([
        { role: "user", content: "When?" },
        {
          role: "assistant",
          content: null,
          reasoning_content: "Look.",
          tool_calls: [{ id: "a", type: "function", function: { name: "noon", arguments: "{}" } }]
        },
        { role: "tool", tool_call_id: "a", content: "12:00" }
      ])
    })
  )

  it.effect("sends the overrides of the effect that runs it", () =>
    Effect.gen(function* () {
      const { Live, bodies } = yield* scriptedModel(events(chunk({ content: "Hi" }), "[DONE]"))
      yield* LanguageModel.streamText({ prompt: "Hi" }).pipe(
        Stream.runDrain,
        FireworksLanguageModel.withConfigOverride({ temperature: 1 }),
        Effect.provide(Live)
      )
      expect(yield* bodies).toMatchObject([{ temperature: 1 }])
    })
  )
})
