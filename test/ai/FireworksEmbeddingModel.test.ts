import { EmbeddingModel, Model } from "@effect/ai"
import { HttpClient } from "@effect/platform"
import { describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import { Deadline, Workload } from "effect-reliability"
import { FireworksEmbeddingModel } from "effect-reliability/ai"
import { Fireworks } from "effect-reliability/fireworks"
import { Transport } from "effect-reliability/node"
import { Fault, FireworksServer, ScriptedClient } from "effect-reliability/testing"
import { expect } from "vitest"
import { apiKey, dedicated, during, json } from "../support/fireworks.js"

const model = "accounts/fireworks/models/qwen3-embedding-8b"

const scriptedModel = (
  script: Fault.Script,
  options: Partial<FireworksEmbeddingModel.Options> = {},
  service: Partial<Fireworks.Options> = {}
) =>
  Effect.gen(function* () {
    const client = yield* ScriptedClient.make(script)
    const Live = FireworksEmbeddingModel.layer({ model, ...options }).pipe(
      Layer.provide(Fireworks.layer({ apiKey, ...service })),
      Layer.provide(Layer.succeed(HttpClient.HttpClient, client))
    )
    const bodies = Effect.map(client.requests, (requests) =>
      requests.map(({ body }) => JSON.parse(body) as Readonly<Record<string, unknown>>)
    )
    return { Live, bodies, requests: client.requests }
  })

const embed = (text: string) => Effect.flatMap(EmbeddingModel.EmbeddingModel, (model) => model.embed(text))

const embedMany = (texts: ReadonlyArray<string>) =>
  Effect.flatMap(EmbeddingModel.EmbeddingModel, (model) => model.embedMany(texts))

const vectors = (...data: ReadonlyArray<object>) => json({ data })

describe("FireworksEmbeddingModel", () => {
  it.effect("embeds texts in batches, in their order", () =>
    Effect.gen(function* () {
      const { Live, bodies } = yield* scriptedModel(Fault.healthy, { maxBatchSize: 2, config: { dimensions: 2 } })
      const found = yield* embedMany(["a", "b", "c"]).pipe(Effect.provide(Live))
      const single = yield* Effect.forEach(["a", "b", "c"], embed).pipe(Effect.provide(Live))
      expect(found).toEqual(single)
      expect(found.map((vector) => vector.length)).toEqual([2, 2, 2])
      expect((yield* bodies).map(({ input }) => input)).toEqual([["a", "b"], ["c"], ["a"], ["b"], ["c"]])
      expect((yield* bodies)[0]).toEqual({ model, dimensions: 2, input: ["a", "b"] })
    })
  )

  it.effect("assigns vectors to texts by index, or by position without one", () =>
    Effect.gen(function* () {
      const { Live } = yield* scriptedModel([
        vectors({ index: 1, embedding: [1] }, { index: 0, embedding: [0] }),
        vectors({ embedding: [0] }, { embedding: [1] })
      ])
      const ask = embedMany(["a", "b"])
      expect(yield* Effect.all([ask, ask]).pipe(Effect.provide(Live))).toEqual([
        [[0], [1]],
        [[0], [1]]
      ])
    })
  )

  it.effect("fails with MalformedOutput if a text has no vector", () =>
    Effect.gen(function* () {
      const one = { index: 0, embedding: [0] }
      const faults = [
        vectors(one),
        vectors(one, one),
        vectors(one, { index: 7, embedding: [1] }),
        vectors(one, { index: 1, embedding: "AA==" })
      ]
      const { Live } = yield* scriptedModel(faults)
      for (const _ of faults) {
        const error = yield* embedMany(["a", "b"]).pipe(Effect.provide(Live), Effect.flip)
        expect(error).toMatchObject({ _tag: "MalformedOutput", module: "FireworksEmbeddingModel", method: "embedMany" })
        expect(error.cause).toMatchObject({ _tag: "Fatal", reason: "Decode" })
      }
    })
  )

  it.effect("retries in the client, and fails with an AiError whose cause is the ApiError", () =>
    Effect.gen(function* () {
      const { Live, requests } = yield* scriptedModel([Fault.answer(429), Fault.healthy, Fault.answer(403)])
      expect(yield* during("1 minute")(embed("a").pipe(Effect.provide(Live)))).toHaveLength(8)
      const error = yield* embed("a").pipe(Effect.provide(Live), Effect.flip)
      expect(error).toMatchObject({ _tag: "HttpResponseError", response: { status: 403 } })
      expect(error.cause).toMatchObject({ _tag: "Fatal", reason: "Forbidden" })
      expect(yield* requests).toHaveLength(3)
    })
  )

  it.effect("obeys the overrides, the workload and the deadline of its caller", () =>
    Effect.gen(function* () {
      const names: Array<string> = []
      const { Live, bodies } = yield* scriptedModel(
        [Fault.answer(401), Fault.unanswered],
        {},
        {
          record: ({ of, workload }) => void (of === "call" && names.push(workload.name))
        }
      )
      yield* embedMany(["a", "b"]).pipe(
        FireworksEmbeddingModel.withConfigOverride({ dimensions: 4, model: dedicated }),
        Workload.within(Workload.agentic),
        Effect.provide(Live),
        Effect.ignore
      )
      expect(names).toEqual(["agentic"])
      expect(yield* bodies).toEqual([{ model: dedicated, dimensions: 4, input: ["a", "b"] }])
      const error = yield* during("2 seconds")(
        embed("a").pipe(Deadline.within("1 second"), Effect.provide(Live), Effect.flip)
      )
      expect(error.cause).toMatchObject({ reason: "Timeout", phase: "deadline" })
    })
  )

  it.effect("shares a request between texts that are embedded with batching", () =>
    Effect.gen(function* () {
      const { Live, bodies } = yield* scriptedModel(Fault.healthy)
      yield* Effect.forEach(["a", "b"], embed, { batching: true }).pipe(Effect.provide(Live))
      expect((yield* bodies).map(({ input }) => input)).toEqual([["a", "b"]])
    })
  )

  it("rejects an invalid size of a batch", () => {
    for (const maxBatchSize of [0, 1.5, Number.NaN]) {
      expect(() => FireworksEmbeddingModel.layer({ model, maxBatchSize })).toThrow("maxBatchSize is")
    }
  })

  it.effect("provides a model and the name of its provider", () =>
    Effect.gen(function* () {
      const Live = FireworksServer.layerClient(Fireworks.layer).pipe(Layer.provide(FireworksServer.layerInMemory()))
      const program = Effect.zip(Model.ProviderName, embed("a"))
      const Embeddings = FireworksEmbeddingModel.model(model, { config: { dimensions: 3 } })
      const [name, vector] = yield* program.pipe(Effect.provide(Layer.provide(Embeddings, Live)))
      expect([name, vector.length]).toEqual(["fireworks", 3])
    })
  )

  for (const [name, call] of Object.entries({
    embed: Effect.asVoid(embed("a")),
    embedMany: Effect.asVoid(embedMany(["a", "b", "c"]))
  })) {
    it.scopedLive(`closes the connection of an interrupted call of ${name}`, () =>
      Effect.gen(function* () {
        const { options, requests, server } = yield* FireworksServer.make({ injections: [{ fault: Fault.unanswered }] })
        const Live = FireworksEmbeddingModel.layer({ model, maxBatchSize: 2 }).pipe(
          Layer.provide(Fireworks.layer(options)),
          Layer.provide(Transport.layer())
        )
        const fiber = yield* call.pipe(Effect.provide(Live), Effect.fork)
        yield* server.awaitRequests(1)
        yield* Fiber.interrupt(fiber)
        yield* server.awaitClosed(1)
        expect((yield* requests).map(({ closed }) => closed?.by)).toEqual(["client"])
      })
    )
  }
})
