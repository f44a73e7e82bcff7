import { AiError, LanguageModel, Prompt } from "@effect/ai"
import { describe, it } from "@effect/vitest"
import { Cause, Effect, Ref, Schema, Stream } from "effect"
import { ApiError, CircuitBreaker, Classify, RateLimiter } from "effect-reliability"
import { Fault } from "effect-reliability/testing"
import { expect } from "vitest"
import { toAiError } from "../../../src/ai/internal/aiErrors.js"
import { reasons } from "../../../src/internal/reasons.js"
import { during, events, piece } from "../../support/fireworks.js"
import { called, handlers, inCause, reply, scriptedModel, tools } from "../../support/languageModel.js"

const ask = LanguageModel.generateText({ prompt: "a secret prompt" })
const stream = LanguageModel.streamText({ prompt: "a secret prompt" })

describe("generateText", () => {
  it.effect("retries in the client before it fails", () =>
    Effect.gen(function* () {
      const { Live, requests } = yield* scriptedModel([Fault.answer(429), Fault.answer(503), reply({ content: "Hi" })])
      const { text } = yield* during("1 minute")(Effect.provide(ask, Live))
      expect(text).toBe("Hi")
      const ids = (yield* requests).map(({ headers }) => headers["x-request-id"])
      expect(ids).toHaveLength(3)
      expect(new Set(ids).size).toBe(1)
    })
  )

  it.effect("fails with an HttpResponseError whose cause is the ApiError if the server refuses the call", () =>
    Effect.gen(function* () {
      const { Live, requests } = yield* scriptedModel(Fault.answer(401))
      const error = yield* ask.pipe(Effect.provide(Live), Effect.flip)
      expect(error).toBeInstanceOf(AiError.HttpResponseError)
      expect(error).toMatchObject({
        module: "FireworksLanguageModel",
        method: "generateText",
        reason: "StatusCode",
        request: { method: "POST", headers: {} },
        response: { status: 401, headers: {} }
      })
      const { cause } = error
      expect(cause).toBeInstanceOf(ApiError.Fatal)
      expect(cause).toMatchObject({ reason: "Unauthorized", attempts: 1, stopped: "Fatal" })
      expect(error.message).toContain("Unauthorized")
      expect(yield* requests).toHaveLength(1)
    })
  )

  it.effect("reports the attempts of a call that was retried in vain", () =>
    Effect.gen(function* () {
      const { Live } = yield* scriptedModel(Fault.answer(429))
      const error = yield* during("5 minutes")(ask.pipe(Effect.provide(Live), Effect.flip))
      expect(error).toMatchObject({ _tag: "HttpResponseError", response: { status: 429 } })
      expect(error.cause).toMatchObject({ _tag: "RateLimit", reason: "RateExceeded", stopped: "Attempts" })
    })
  )

  it.effect("fails without prompts, keys or responses in the texts of the error", () =>
    Effect.gen(function* () {
      const secret = { error: { message: 'Bad "a secret prompt" of fw_4f9ZsecretKey77', code: "BAD" } }
      const { Live } = yield* scriptedModel([
        Fault.answer(400, { body: secret }),
        reply({ tool_calls: [called("a", "weather", '{"a secret argument"')] })
      ])
      const first = yield* ask.pipe(Effect.provide(Live), Effect.exit)
      const second = yield* LanguageModel.generateText({ prompt: "a secret prompt", toolkit: tools }).pipe(
        Effect.provide([handlers([]), Live]),
        Effect.exit
      )
      for (const exit of [first, second]) {
        const cause = exit._tag === "Failure" ? exit.cause : Cause.empty
        expect(Cause.failures(cause).length).toBe(1)
        const texts = [Cause.pretty(cause, { renderErrorCause: true }), JSON.stringify(cause)].join("\n")
        expect(texts).not.toMatch(/a secret|secretKey/)
      }
    })
  )

  it.effect("fails with errors of all tags in which Classify.mapError finds the ApiError", () =>
    Effect.gen(function* () {
      const faults = [Fault.answer(401), Fault.invalidJson, Fault.reset, Fault.answer(200, { body: { error: "?" } })]
      const tags: Array<string> = []
      for (const fault of faults) {
        const { Live } = yield* scriptedModel(fault)
        const failing = ask.pipe(
          Effect.tapError(({ _tag }) => Effect.sync(() => tags.push(_tag))),
          Effect.provide(Live)
        )
        const error = yield* during("10 minutes")(Effect.flip(failing))
        const found = yield* during("10 minutes")(Effect.flip(Classify.mapError(Effect.fail(error))))
        expect(found).toBe(error.cause)
      }
      expect(tags).toEqual(["HttpResponseError", "MalformedOutput", "HttpRequestError", "UnknownError"])
    })
  )

  it.effect("fails with an UnknownError if this side refuses or ends the call", () =>
    Effect.gen(function* () {
      const breaker = yield* CircuitBreaker.make({ tripPolicy: CircuitBreaker.consecutive(1), openDuration: "1 hour" })
      const limiter = yield* RateLimiter.make({ concurrency: 1, queue: 0 })
      const broken = yield* scriptedModel(Fault.answer(500), {}, { breaker })
      const limited = yield* scriptedModel(Fault.unanswered, {}, { limiter })
      const hanging = yield* scriptedModel(Fault.unanswered)
      yield* during("10 minutes")(Effect.ignore(Effect.provide(ask, broken.Live)))
      yield* Effect.fork(Effect.provide(ask, limited.Live))
      const errors = yield* Effect.all([
        during("1 second")(ask.pipe(Effect.provide(limited.Live), Effect.flip)),
        during("1 second")(ask.pipe(Effect.provide(broken.Live), Effect.flip)),
        during("10 minutes")(ask.pipe(Effect.provide(hanging.Live), Effect.flip))
      ])
      expect(errors.map((error) => [error._tag, inCause(error, "reason")])).toEqual([
        ["UnknownError", "LocallyLimited"],
        ["UnknownError", "CircuitOpen"],
        ["UnknownError", "Timeout"]
      ])
    }).pipe(Effect.scoped)
  )

  it.effect("fails with MalformedInput if the prompt cannot be sent", () =>
    Effect.gen(function* () {
      const { Live, requests } = yield* scriptedModel(Fault.healthy, { model: " " })
      const pdf = { type: "file", mediaType: "application/pdf", data: new Uint8Array() } as const
      const big = { type: "tool-call", id: "a", name: "t", params: 1n } as const
      const prompts = ["no model", [{ role: "user", content: [pdf] }], [{ role: "assistant", content: [pdf] }]] as const
      const all = [...prompts, [{ role: "assistant", content: [big] }] as const]
      for (const prompt of all) {
        const text = LanguageModel.generateText({ prompt: Prompt.make(prompt) })
        const errors = [
          yield* text.pipe(Effect.provide(Live), Effect.flip),
          yield* LanguageModel.streamText({ prompt: Prompt.make(prompt) }).pipe(
            Stream.runDrain,
            Effect.provide(Live),
            Effect.flip
          )
        ]
        for (const error of errors) {
          expect(error).toMatchObject({
            _tag: "MalformedInput",
            cause: { reason: "InvalidRequest", delivery: "NotSent" }
          })
        }
      }
      expect(yield* requests).toEqual([])
    })
  )

  it.effect("fails with MalformedOutput if the arguments of a tool are not JSON", () =>
    Effect.gen(function* () {
      const cities: Array<string> = []
      const cut = [called("a", "weather", { city: "Oslo" }), called("b", "weather", '{"city":"Ro')]
      const nameless = [{ id: "a", function: { arguments: "{}" } }]
      const polluted = [called("a", "weather", '{"__proto__":{"city":"Oslo"}}')]
      const { Live } = yield* scriptedModel([
        reply({ tool_calls: cut }, {}, { finish_reason: "length" }),
        reply({ tool_calls: nameless }),
        reply({ tool_calls: polluted })
      ])
      const errors = yield* Effect.forEach([1, 2, 3], () =>
        Effect.flip(LanguageModel.generateText({ prompt: "?", toolkit: tools }))
      ).pipe(Effect.provide([handlers(cities), Live]))
      expect(errors.map(({ _tag }) => _tag)).toEqual(["MalformedOutput", "MalformedOutput", "MalformedOutput"])
      expect(errors.map((error) => inCause(error, "detail"))).toEqual([
        "the arguments of tool call 1 are not JSON, because the response reached its maximum length",
        "tool call 0 has no name",
        "the arguments of tool call 0 are not JSON"
      ])
      expect(cities).toEqual([])
    })
  )
})

describe("streamText", () => {
  it.effect("retries before the first event, and never after it", () =>
    Effect.gen(function* () {
      // the stream ends without `[DONE]`
      const { Live, requests } = yield* scriptedModel([
        Fault.answer(503),
        events(piece("one ")),
        events(piece("again"))
      ])
      const seen = yield* Ref.make("")
      const error = yield* stream.pipe(
        Stream.runForEach((part) =>
          part.type === "text-delta" ? Ref.update(seen, (text) => text + part.delta) : Effect.void
        ),
        Effect.provide(Live),
        Effect.flip,
        during("1 minute")
      )
      expect(yield* Ref.get(seen)).toBe("one ")
      expect(error).toMatchObject({ _tag: "UnknownError", module: "FireworksLanguageModel", method: "streamText" })
      expect(error.cause).toMatchObject({ reason: "StreamBroken", delivery: "Partial", stopped: "StreamBegan" })
      expect(yield* requests).toHaveLength(2)
    })
  )

  it.effect("runs no tool of a response that breaks off", () =>
    Effect.gen(function* () {
      const cities: Array<string> = []
      const call = { index: 0, id: "a", function: { name: "weather", arguments: '{"city":"Oslo"}' } }
      const { Live } = yield* scriptedModel(events({ choices: [{ index: 0, delta: { tool_calls: [call] } }] }))
      const error = yield* LanguageModel.streamText({ prompt: "?", toolkit: tools }).pipe(
        Stream.runDrain,
        Effect.provide([handlers(cities), Live]),
        Effect.flip
      )
      expect(error).toMatchObject({ _tag: "UnknownError", cause: { reason: "StreamBroken" } })
      expect(cities).toEqual([])
    })
  )

  it.effect("fails with an HttpResponseError whose cause is the ApiError if the server refuses the call", () =>
    Effect.gen(function* () {
      const { Live } = yield* scriptedModel(Fault.answer(404))
      const error = yield* stream.pipe(Stream.runDrain, Effect.provide(Live), Effect.flip)
      expect(error).toMatchObject({ _tag: "HttpResponseError", response: { status: 404 } })
      expect(error.cause).toMatchObject({ _tag: "Fatal", reason: "NotFound" })
    })
  )
})

describe("toAiError", () => {
  it("makes an error that its schema encodes, with the ApiError as its cause, for every reason", () => {
    const where = { module: "FireworksEmbeddingModel", method: "embedMany" } as const
    const encode = Schema.encodeSync(AiError.AiError)
    for (const reason of Object.keys(reasons)) {
      for (const delivery of ApiError.Delivery.literals) {
        for (const status of [undefined, 200, 503]) {
          const fields = { reason, delivery, status }
          // one of the classes has the reason
          const cause = [ApiError.Fatal, ApiError.RateLimit, ApiError.Transient].flatMap((make) => {
            try {
              return [new make(fields as never)]
            } catch {
              return []
            }
          })[0]
          if (cause === undefined) throw new Error(`no class has the reason ${reason}`)
          const error = toAiError(where)(cause)
          expect(error.cause).toBe(cause)
          expect(error.message).toContain(reason)
          expect(encode(error)._tag).toBe(error._tag)
        }
      }
    }
  })
})
