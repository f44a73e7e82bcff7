import { HttpClient } from "@effect/platform"
import { it } from "@effect/vitest"
import { Effect, Layer, Redacted, Stream } from "effect"
import { ApiError, Reliability, Retry, Telemetry, Workload } from "effect-reliability"
import { Fireworks } from "effect-reliability/fireworks"
import { Fault, ScriptedClient } from "effect-reliability/testing"
import { describe, expect } from "vitest"
import { modelResponseOf } from "../../src/internal/http/modelResponse.js"
import { sdkInMemory } from "../support/otel.js"
import { chat, exactly } from "../support/telemetry.js"

const seconds = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92]
const tokens = [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864]

/** Calls of a server on a host of its own, since metrics are global to the process, over an OpenTelemetry SDK. */
const observed = (
  host: string,
  use: (fireworks: Fireworks.Fireworks, http: ScriptedClient.ScriptedClient) => Effect.Effect<unknown, unknown>,
  layer: Layer.Layer<never> = Telemetry.layer()
) =>
  Effect.gen(function* () {
    const sdk = sdkInMemory()
    const http = yield* ScriptedClient.make()
    const options = { apiKey: Redacted.make("fw_secret"), baseUrl: `https://${host}`, workload: exactly("w") }
    const fireworks = yield* Fireworks.make(options).pipe(Effect.provideService(HttpClient.HttpClient, http))
    const program = Effect.flatMap(Effect.exit(use(fireworks, http)), () => Effect.zip(sdk.exported, sdk.spans))
    const [all, spans] = yield* program.pipe(Effect.provide(Layer.merge(layer, sdk.layer)))
    const metrics = all.filter(
      ({ attributes, name }) => name.startsWith("gen_ai.") && attributes["server.address"] === host
    )
    return { metrics, spans, named: (name: string) => metrics.filter((one) => one.name === name) }
  })

const streamed = { ...chat("one two three"), stream_options: { include_usage: true } }

describe("Telemetry.genAi", () => {
  it.live("records the duration and the tokens of a call as the conventions define them", () =>
    Effect.gen(function* () {
      const { metrics, named } = yield* observed("whole.test", (fireworks) => fireworks.chat(chat()))
      const subject = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "fireworks",
        "gen_ai.request.model": "accounts/fireworks/models/kimi-k2",
        "server.address": "whole.test",
        "server.port": "443"
      }
      expect(
        metrics.map(({ attributes, boundaries, name, unit, value }) => ({ name, unit, value, boundaries, attributes }))
      ).toEqual([
        {
          name: "gen_ai.client.operation.duration",
          unit: "s",
          value: 1,
          boundaries: seconds,
          attributes: { ...subject, unit: "s" }
        },
        ...["input", "output"].map((type) => ({
          name: "gen_ai.client.token.usage",
          unit: "{token}",
          value: 1,
          boundaries: tokens,
          attributes: { ...subject, unit: "{token}", "gen_ai.token.type": type }
        }))
      ])
      expect(named("gen_ai.client.token.usage").every(({ sum = 0 }) => sum >= 1)).toBe(true)
    })
  )

  it.live("records the time to the first chunk and between chunks of a stream, and its tokens at the end", () =>
    Effect.gen(function* () {
      const { metrics, named } = yield* observed("stream.test", (fireworks) =>
        Stream.runDrain(fireworks.chatStream(streamed))
      )
      expect(metrics.map(({ name, value }) => `${name} ${value}`).toSorted()).toEqual([
        "gen_ai.client.operation.duration 1",
        // three words, the finish reason and the usage
        "gen_ai.client.operation.time_per_output_chunk 4",
        "gen_ai.client.operation.time_to_first_chunk 1",
        "gen_ai.client.token.usage 1",
        "gen_ai.client.token.usage 1"
      ])
      const output = named("gen_ai.client.token.usage").find(
        ({ attributes }) => attributes["gen_ai.token.type"] === "output"
      )
      expect(output?.sum).toBe(3)
    })
  )

  it.live("records the error of a failed call and of a broken stream, without tokens", () =>
    Effect.gen(function* () {
      const { metrics } = yield* observed("failing.test", (fireworks, http) =>
        Effect.gen(function* () {
          yield* http.script(Fault.answer(400))
          yield* Effect.exit(fireworks.chat(chat()))
          yield* http.script(Fault.stream({ events: 3, after: 2, ending: "reset" }))
          yield* Effect.exit(Stream.runDrain(fireworks.chatStream(chat())))
        })
      )
      const durations = metrics.filter(({ name }) => name === "gen_ai.client.operation.duration")
      expect(durations.map(({ attributes, value }) => [attributes["error.type"], value])).toEqual([
        ["BadRequest", 1],
        ["StreamBroken", 1]
      ])
      expect(metrics.some(({ name }) => name === "gen_ai.client.token.usage")).toBe(false)
    })
  )

  it.live("counts a call with retries as one operation", () =>
    Effect.gen(function* () {
      const { named } = yield* observed("retried.test", (fireworks, http) =>
        Effect.gen(function* () {
          yield* http.script([Fault.answer(503), Fault.healthy])
          yield* Workload.within(
            fireworks.chat(chat()),
            exactly("w", { retry: Retry.make({ attempts: 2, base: "1 millis" }) })
          )
        })
      )
      expect(named("gen_ai.client.operation.duration").map(({ value }) => value)).toEqual([1])
    })
  )

  it.live("records the names of the separate conventions with their option", () =>
    Effect.gen(function* () {
      const { metrics, named } = yield* observed(
        "separate.test",
        (fireworks, http) =>
          Effect.gen(function* () {
            yield* fireworks.chat(chat())
            yield* Stream.runDrain(fireworks.chatStream(streamed))
            yield* fireworks.embeddings({ model: "m", input: "Hello" })
            yield* http.script(Fault.answer(400))
            yield* Effect.exit(fireworks.chat(chat()))
          }),
        Telemetry.genAi({ conventions: "genai-0.1" })
      )
      expect(new Set(metrics.map(({ name }) => name.replace("gen_ai.client.", "")))).toEqual(
        new Set([
          "inference.duration",
          "inference.time_to_first_chunk",
          "inference.time_per_output_chunk",
          "inference.usage.input_tokens",
          "inference.usage.output_tokens",
          "inference.operation.input_tokens",
          "inference.operation.output_tokens",
          "embeddings.duration",
          "embeddings.operation.input_tokens"
        ])
      )
      expect(named("gen_ai.client.inference.operation.output_tokens").map(({ value }) => value)).toEqual([2])
      expect(named("gen_ai.client.inference.usage.output_tokens")[0]?.attributes["gen_ai.token.modality"]).toBe(
        "unknown"
      )
    })
  )

  it.live("records nothing for calls without an operation or a provider", () =>
    Effect.gen(function* () {
      const { metrics } = yield* observed("other.test", (fireworks) => {
        const about = { host: "other.test", model: "m", operation: "chat" }
        const call = Reliability.protect(Effect.void, Reliability.make({ workload: exactly("w"), about }))
        return Effect.zipRight(fireworks.models(), call)
      })
      expect(metrics).toEqual([])
    })
  )

  it("rejects unknown conventions", () => {
    expect(() => Telemetry.genAi({ conventions: "2.0" as never })).toThrow(
      'Telemetry.genAi: conventions is "2.0"; it must be one of 1.41, genai-0.1'
    )
  })
})

describe("a span of a model's response", () => {
  it.live("holds what the response states about itself", () =>
    Effect.gen(function* () {
      const { spans } = yield* observed("spans.test", (fireworks) =>
        Effect.zipRight(fireworks.chat(chat("one two three")), Stream.runDrain(fireworks.chatStream(streamed)))
      )
      const [call, opening] = spans.filter(({ name }) => name === "chat accounts/fireworks/models/kimi-k2")
      const stream = spans.find(({ name }) => name === "reliability.stream")
      const facts = {
        "gen_ai.response.model": "accounts/fireworks/models/kimi-k2",
        // the tracer of `@effect/opentelemetry` turns arrays into texts
        "gen_ai.response.finish_reasons": '[\n  "stop"\n]',
        "gen_ai.usage.output_tokens": 3
      }
      expect(call?.attributes).toMatchObject({ ...facts, "gen_ai.response.id": "chatcmpl-1" })
      expect(call?.attributes["gen_ai.usage.input_tokens"]).toBeGreaterThan(0)
      expect(opening?.attributes["gen_ai.request.stream"]).toBe(true)
      expect(opening?.attributes["gen_ai.response.time_to_first_chunk"]).toBeGreaterThanOrEqual(0)
      expect(stream?.attributes).toMatchObject({ ...facts, "gen_ai.response.id": "chatcmpl-2" })
    })
  )
})

describe("modelResponse", () => {
  const anthropic = [
    { type: "message_start", message: { id: "msg_1", model: "claude", usage: { input_tokens: 7, output_tokens: 1 } } },
    { type: "content_block_delta", delta: { type: "text_delta", text: "Hi" } },
    { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 9 } }
  ]

  it("reads the events of Anthropic", () => {
    expect(
      anthropic.reduce<Reliability.About["response"]>((before, event) => modelResponseOf(event, before), undefined)
    ).toEqual({
      id: "msg_1",
      model: "claude",
      finishReasons: ["end_turn"],
      inputTokens: 7,
      outputTokens: 9
    })
  })

  it("reads a response of OpenAI's Responses API", () => {
    const response = { id: "resp_1", model: "gpt", status: "completed", usage: { input_tokens: 2, output_tokens: 3 } }
    const facts = { id: "resp_1", model: "gpt", finishReasons: ["completed"], inputTokens: 2, outputTokens: 3 }
    expect(modelResponseOf(response)).toEqual(facts)
    const begun = modelResponseOf({
      type: "response.created",
      response: { id: "resp_1", model: "gpt", status: "in_progress" }
    })
    expect(modelResponseOf({ type: "response.completed", response }, begun)).toEqual(facts)
  })

  it.each([null, "text", [], { id: "x", status: "ok" }, { model: 7 }, { choices: [null] }])(
    "finds nothing in %j",
    (value) => {
      expect(modelResponseOf(value)).toBeUndefined()
    }
  )

  it("omits a reason that is more than a word", () => {
    const choices = [{ finish_reason: "the prompt was: hello" }, { finish_reason: "stop" }]
    expect(modelResponseOf({ model: "m", choices })?.finishReasons).toEqual(["stop"])
  })
})

describe("an attempt that fails", () => {
  it.live("leaves the response of the call empty", () =>
    Effect.gen(function* () {
      const outcomes: Array<Reliability.Outcome> = []
      const http = yield* ScriptedClient.make([Fault.answer(503), Fault.healthy])
      const workload = exactly("w", { retry: Retry.make({ attempts: 2, base: "1 millis" }) })
      const fireworks = yield* Fireworks.make({
        apiKey: Redacted.make("fw_secret"),
        workload,
        record: (outcome) => void outcomes.push({ ...outcome, about: { ...outcome.about } })
      }).pipe(Effect.provideService(HttpClient.HttpClient, http))
      yield* fireworks.chat(chat())
      expect(outcomes.map(({ about, of }) => [of, about.response?.finishReasons])).toEqual([
        ["attempt", undefined],
        ["attempt", ["stop"]],
        ["call", ["stop"]]
      ])
      expect(outcomes[0]?.error).toBeInstanceOf(ApiError.Transient)
    })
  )
})
