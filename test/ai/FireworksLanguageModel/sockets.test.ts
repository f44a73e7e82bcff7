import { LanguageModel } from "@effect/ai"
import { describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer, Schema, Stream } from "effect"
import { Accounting } from "effect-reliability"
import { FireworksLanguageModel } from "effect-reliability/ai"
import { Fireworks } from "effect-reliability/fireworks"
import { Transport } from "effect-reliability/node"
import { Fault, FireworksServer } from "effect-reliability/testing"
import { expect } from "vitest"
import { model } from "../../support/fireworks.js"
import { handlers, tools } from "../../support/languageModel.js"

/** Starts the API with failures before its responses, and makes the layer of a model that calls it. */
const started = (...faults: ReadonlyArray<Fault.Fault>) =>
  Effect.gen(function* () {
    const api = yield* FireworksServer.make({ injections: faults.map((fault) => ({ fault })) })
    const Live = FireworksLanguageModel.layer({ model, config: { stream_options: { include_usage: true } } }).pipe(
      Layer.provide(Fireworks.layer(api.options)),
      Layer.provide(Transport.layer())
    )
    return { ...api, Live }
  })

const soon = Fault.answer(429, { retryAfter: "10 millis", form: "millis" })

describe("over sockets", () => {
  it.scopedLive("retries a response, and counts its attempts", () =>
    Effect.gen(function* () {
      const { Live, requests } = yield* started(soon)
      const program = Effect.gen(function* () {
        const { text, usage } = yield* LanguageModel.generateText({ prompt: "one two three" })
        return { text, usage: { ...usage }, snapshot: yield* Accounting.snapshot }
      })
      const { snapshot, text, usage } = yield* program.pipe(Effect.provide([Live, Accounting.layer()]))
      expect(text).toBe("one two three")
      expect(usage).toMatchObject({ inputTokens: 3, outputTokens: 3, totalTokens: 6 })
      expect((yield* requests).map(({ status }) => status)).toEqual([429, 200])
      const counts = snapshot.rows.map(({ count, of, outcome }) => `${of} ${outcome}: ${count}`)
      expect(counts.toSorted()).toEqual(["attempt failed: 1", "attempt ok: 1", "call ok: 1"])
    })
  )

  it.scopedLive("streams the words of a text, with the usage at the end", () =>
    Effect.gen(function* () {
      const { Live } = yield* started(soon)
      const parts = yield* LanguageModel.streamText({ prompt: "one two three" }).pipe(
        Stream.runCollect,
        Effect.provide(Live)
      )
      const deltas = [...parts].flatMap((part) => (part.type === "text-delta" ? [part.delta] : []))
      expect(deltas).toEqual(["one ", "two ", "three"])
      expect([...parts].at(-1)).toMatchObject({ type: "finish", reason: "stop", usage: { totalTokens: 6 } })
    })
  )

  it.scopedLive("calls a tool that the request demands, whole and streamed", () =>
    Effect.gen(function* () {
      const { Live } = yield* started()
      const cities: Array<string> = []
      const options = { prompt: '{ "city": "Oslo" }', toolkit: tools, toolChoice: { tool: "weather" } } as const
      const program = Effect.gen(function* () {
        const { toolResults } = yield* LanguageModel.generateText(options)
        const parts = yield* Stream.runCollect(LanguageModel.streamText({ ...options, toolChoice: "required" }))
        return [...toolResults, ...[...parts].filter((part) => part.type === "tool-result")]
      })
      const results = yield* program.pipe(Effect.provide([handlers(cities), Live]))
      expect(results.map(({ name, result }) => [name, result])).toEqual([
        ["weather", { celsius: -3 }],
        ["weather", { celsius: -3 }]
      ])
      expect(cities).toEqual(["Oslo", "Oslo"])
    })
  )

  it.scopedLive("decodes an object", () =>
    Effect.gen(function* () {
      const { Live } = yield* started()
      const { value } = yield* LanguageModel.generateObject({
        prompt: '{"name":"Ada"}',
        schema: Schema.Struct({ name: Schema.String })
      }).pipe(Effect.provide(Live))
      expect(value).toEqual({ name: "Ada" })
    })
  )

  it.scopedLive("fails in the middle of a stream without a second request", () =>
    Effect.gen(function* () {
      const { Live, requests } = yield* started(Fault.stream({ events: 5, after: 2, ending: "reset" }))
      const error = yield* LanguageModel.streamText({ prompt: "?" }).pipe(
        Stream.runDrain,
        Effect.provide(Live),
        Effect.flip
      )
      expect(error.cause).toMatchObject({ reason: "StreamBroken", delivery: "Partial" })
      expect(yield* requests).toHaveLength(1)
    })
  )

  for (const toolkit of [undefined, tools]) {
    it.scopedLive(`closes the connection of an interrupted stream ${toolkit ? "with" : "without"} tools`, () =>
      Effect.gen(function* () {
        const { Live, requests, server } = yield* started(Fault.stream({ events: 100, every: "20 millis" }))
        const began = yield* Deferred.make<void>()
        const fiber = yield* LanguageModel.streamText({ prompt: "?", ...(toolkit && { toolkit }) }).pipe(
          Stream.runForEach((part) => (part.type === "text-delta" ? Deferred.succeed(began, undefined) : Effect.void)),
          Effect.provide([handlers([]), Live]),
          Effect.fork
        )
        yield* Deferred.await(began)
        yield* Fiber.interrupt(fiber)
        yield* server.awaitClosed(1)
        expect((yield* requests)[0]).toMatchObject({ closed: { by: "client" }, ended: { complete: false } })
      })
    )
  }

  it.scopedLive("closes the connection of an interrupted call", () =>
    Effect.gen(function* () {
      const { Live, requests, server } = yield* started(Fault.unanswered)
      const fiber = yield* LanguageModel.generateText({ prompt: "?" }).pipe(Effect.provide(Live), Effect.fork)
      yield* server.awaitRequests(1)
      yield* Fiber.interrupt(fiber)
      yield* server.awaitClosed(1)
      expect((yield* requests)[0]).toMatchObject({ closed: { by: "client" } })
    })
  )
})
