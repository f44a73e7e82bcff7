import type { HttpClient } from "@effect/platform"
import { type ConfigError, Context, type Effect, type Layer, type Redacted, type Schema, type Stream } from "effect"
import type { ApiError } from "effect-reliability"
import { Fireworks } from "effect-reliability/fireworks"
import { describe, expectTypeOf, it } from "vitest"

class Log extends Context.Tag("Log")<Log, { readonly write: (line: string) => Effect.Effect<void> }>() {}

declare const fireworks: Fireworks.Fireworks
declare const apiKey: Redacted.Redacted
declare const log: (line: string) => Effect.Effect<void, never, Log>

const model = "accounts/fireworks/models/kimi-k2"

describe("Fireworks", () => {
  it("fails with ApiError only, and requires nothing more", () => {
    const chat = fireworks.chat({ model, messages: [{ role: "user", content: "Hi" }] })
    expectTypeOf(chat).toEqualTypeOf<Effect.Effect<Fireworks.Answer<Fireworks.ChatCompletion>, ApiError.ApiError>>()
    const stream = fireworks.chatStream({ model, messages: [] })
    expectTypeOf(stream).toEqualTypeOf<Stream.Stream<Fireworks.ChatChunk, ApiError.ApiError>>()
    expectTypeOf(fireworks.models()).toEqualTypeOf<
      Effect.Effect<Fireworks.Answer<Fireworks.Models>, ApiError.ApiError>
    >()
  })

  it("exposes schemas whose types print as their names", () => {
    expectTypeOf(Fireworks.ChatRequest).toEqualTypeOf<
      Schema.Schema<Fireworks.ChatRequest, Fireworks.ChatRequestEncoded>
    >()
    expectTypeOf<Fireworks.ChatRequest["messages"]>().toEqualTypeOf<ReadonlyArray<Fireworks.Message>>()
  })

  it("accepts unknown parameters and checks known ones", () => {
    void fireworks.chat({ model, messages: [{ role: "user", content: "Hi", new_one: 1 }], another: { deep: true } })
    // @ts-expect-error a model is needed
    void fireworks.chat({ messages: [] })
    // @ts-expect-error a temperature is a number
    void fireworks.chat({ model, messages: [], temperature: "hot" })
    // @ts-expect-error `chatStream` streams
    void fireworks.chat({ model, messages: [], stream: true })
  })

  it("returns known fields typed and unknown fields as unknown", () => {
    expectTypeOf<Fireworks.ChatCompletion["choices"][number]["message"]["content"]>().toEqualTypeOf<
      string | null | undefined
    >()
    expectTypeOf<Fireworks.ChatChunk["usage"]>().toExtend<object | null | undefined>()
    expectTypeOf<Fireworks.ChatCompletion["of_tomorrow"]>().toEqualTypeOf<unknown>()
  })

  it("provides a layer over any HttpClient", () => {
    expectTypeOf(Fireworks.layer({ apiKey })).toEqualTypeOf<
      Layer.Layer<Fireworks.Fireworks, never, HttpClient.HttpClient>
    >()
    expectTypeOf(Fireworks.layerConfig()).toEqualTypeOf<
      Layer.Layer<Fireworks.Fireworks, ConfigError.ConfigError, HttpClient.HttpClient>
    >()
    // @ts-expect-error a key is Redacted
    void Fireworks.layer({ apiKey: "fw_key" })
  })

  it("requires the services of its observers once, at construction", () => {
    const onGiveUp = () => log("no")
    expectTypeOf(Fireworks.layer({ apiKey, onGiveUp })).toEqualTypeOf<
      Layer.Layer<Fireworks.Fireworks, never, HttpClient.HttpClient | Log>
    >()
    expectTypeOf(Fireworks.layerConfig({ onGiveUp })).toEqualTypeOf<
      Layer.Layer<Fireworks.Fireworks, ConfigError.ConfigError, HttpClient.HttpClient | Log>
    >()
    expectTypeOf(Fireworks.make({ apiKey, onGiveUp })).toEqualTypeOf<
      Effect.Effect<Fireworks.Fireworks, never, HttpClient.HttpClient | Log>
    >()
  })
})
