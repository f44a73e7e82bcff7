import { type AiError, EmbeddingModel, LanguageModel, type Model } from "@effect/ai"
import { type Context, Effect, type Layer, Schema, type Stream } from "effect"
import { Workload } from "effect-reliability"
import { FireworksEmbeddingModel, FireworksLanguageModel } from "effect-reliability/ai"
import type { Fireworks } from "effect-reliability/fireworks"
import { describe, expectTypeOf, it } from "vitest"

const model = "accounts/fireworks/models/kimi-k2"

describe("FireworksLanguageModel", () => {
  it("provides a language model, and requires only the service", () => {
    expectTypeOf(FireworksLanguageModel.layer({ model })).toEqualTypeOf<
      Layer.Layer<LanguageModel.LanguageModel, never, Fireworks.Fireworks>
    >()
    expectTypeOf(FireworksLanguageModel.make({ model })).toEqualTypeOf<
      Effect.Effect<LanguageModel.Service, never, Fireworks.Fireworks>
    >()
    expectTypeOf(FireworksLanguageModel.model(model, { temperature: 0 })).toEqualTypeOf<
      Model.Model<"fireworks", LanguageModel.LanguageModel, Fireworks.Fireworks>
    >()
    expectTypeOf(FireworksLanguageModel.Config).toEqualTypeOf<
      Context.Tag<FireworksLanguageModel.Config, FireworksLanguageModel.Config>
    >()
  })

  it("leaves the type of a program that is written against `@effect/ai` with only the service to provide", () => {
    const Live = FireworksLanguageModel.layer({ model })
    const object = LanguageModel.generateObject({ prompt: "?", schema: Schema.Struct({ name: Schema.String }) })
    const program = Effect.map(object, ({ value }) => value.name).pipe(
      FireworksLanguageModel.withConfigOverride({ temperature: 1 }),
      Effect.provide(Live)
    )
    expectTypeOf(program).toEqualTypeOf<Effect.Effect<string, AiError.AiError, Fireworks.Fireworks>>()
    const stream = LanguageModel.streamText({ prompt: "?" })
    expectTypeOf<Stream.Stream.Error<typeof stream>>().toEqualTypeOf<AiError.AiError>()
  })

  it("keeps the type of an effect whose configuration it overrides", () => {
    class Log extends Effect.Tag("Log")<Log, { readonly write: Effect.Effect<void, Error> }>() {}
    const written = FireworksLanguageModel.withConfigOverride(Log.write, { temperature: 1 })
    expectTypeOf(written).toEqualTypeOf<Effect.Effect<void, Error, Log>>()
  })

  it("checks known fields of the configuration, and accepts unknown ones", () => {
    const config: FireworksLanguageModel.Config = {
      temperature: 0,
      reasoning_effort: "high",
      callOptions: { workload: Workload.agentic, multiTurnSession: "m" }
    }
    void FireworksLanguageModel.layer({ model, config })
    expectTypeOf<FireworksLanguageModel.Config["max_tokens"]>().toEqualTypeOf<number | null | undefined>()
    // @ts-expect-error a temperature is a number
    void FireworksLanguageModel.layer({ model, config: { temperature: "hot" } })
    // @ts-expect-error the messages are those of the prompt
    void FireworksLanguageModel.layer({ model, config: { messages: [] } })
    // @ts-expect-error a model is needed
    void FireworksLanguageModel.layer({ config })
  })
})

describe("FireworksEmbeddingModel", () => {
  it("provides an embedding model, and requires only the service", () => {
    expectTypeOf(FireworksEmbeddingModel.layer({ model, maxBatchSize: 8 })).toEqualTypeOf<
      Layer.Layer<EmbeddingModel.EmbeddingModel, never, Fireworks.Fireworks>
    >()
    expectTypeOf(FireworksEmbeddingModel.make({ model })).toEqualTypeOf<
      Effect.Effect<EmbeddingModel.Service, never, Fireworks.Fireworks>
    >()
    expectTypeOf(FireworksEmbeddingModel.model(model)).toEqualTypeOf<
      Model.Model<"fireworks", EmbeddingModel.EmbeddingModel, Fireworks.Fireworks>
    >()
    const vector = Effect.flatMap(EmbeddingModel.EmbeddingModel, ({ embed }) => embed("a")).pipe(
      FireworksEmbeddingModel.withConfigOverride({ dimensions: 2 })
    )
    expectTypeOf(vector).toEqualTypeOf<Effect.Effect<Array<number>, AiError.AiError, EmbeddingModel.EmbeddingModel>>()
    // @ts-expect-error vectors are lists of numbers
    void FireworksEmbeddingModel.layer({ model, config: { encoding_format: "base64" } })
  })
})
