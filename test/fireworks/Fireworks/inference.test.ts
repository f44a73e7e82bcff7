import { HttpClient, HttpClientRequest } from "@effect/platform"
import { describe, it } from "@effect/vitest"
import {
  Cause,
  Chunk,
  ConfigProvider,
  Duration,
  Effect,
  Exit,
  FastCheck as fc,
  Layer,
  Redacted,
  Schema,
  Stream
} from "effect"
import type { Reliability } from "effect-reliability"
import { type ApiError, ReliableHttpClient, Workload } from "effect-reliability"
import { Fireworks } from "effect-reliability/fireworks"
import { Fault, ScriptedClient } from "effect-reliability/testing"
import { expect } from "vitest"
import { controlOf } from "../../../src/fireworks/internal/control.js"
import {
  answer,
  apiKey,
  dedicated,
  during,
  events,
  hello,
  json,
  model,
  type Options,
  piece,
  scripted
} from "../../support/fireworks.js"

describe("Fireworks calls", () => {
  it.effect("preserves unknown fields of requests and responses", () =>
    Effect.gen(function* () {
      const sent = {
        ...hello,
        messages: [{ role: "oracle", content: [{ type: "smell", smell: "rose" }], mood: "kind" }],
        service_tier: "imperial",
        brand_new: { deep: [1, null] }
      }
      const received = answer(
        { index: 0, message: { role: "oracle", content: null, thought: 1 }, finish_reason: "bored" },
        { usage: { total_tokens: 3, dreams: 7 }, new_field: [1] }
      )
      const { fireworks, requests } = yield* scripted(json(received))
      const { value } = yield* fireworks.chat(sent)
      expect(value).toEqual(received)
      expect(JSON.parse((yield* requests)[0]?.body ?? "")).toEqual(sent)
    })
  )

  it.effect("requests the same path for base URLs with and without parts of the API's path", () =>
    Effect.gen(function* () {
      for (const path of ["", "/", "/v1", "/v1/", "/inference", "/inference/v1", "/inference/v1/"]) {
        for (const before of ["", "/eu"]) {
          const { fireworks, requests } = yield* scripted(Fault.healthy, { baseUrl: `https://host${before}${path}` })
          yield* Effect.ignore(fireworks.models())
          expect((yield* requests)[0]?.path).toBe(`${before}/inference/v1/models`)
        }
      }
      const { fireworks, requests } = yield* scripted(Fault.healthy, { baseUrl: "https://host/v12" })
      yield* Effect.ignore(fireworks.models())
      expect((yield* requests)[0]?.path).toBe("/v12/inference/v1/models")
    })
  )

  it.effect("sends each call to its path with the key, a request id and the session headers", () =>
    Effect.gen(function* () {
      const { fireworks, requests } = yield* scripted(Fault.healthy, {
        baseUrl: "https://gateway.example/inference/v1/"
      })
      const options = { sessionAffinity: "a", multiTurnSession: "m", headers: { "x-mine": "1" } }
      yield* fireworks.chat(hello, { ...options, requestId: "mine" })
      yield* fireworks.completions({ model, prompt: "one two" }, options)
      yield* fireworks.embeddings({ model, input: ["one", "two"] }, options)
      yield* fireworks.models(options)
      yield* Stream.runDrain(fireworks.chatStream(hello, options))
      const seen = yield* requests
      expect(seen.map(({ method, path }) => `${method} ${path}`)).toEqual([
        "POST /inference/v1/chat/completions",
        "POST /inference/v1/completions",
        "POST /inference/v1/embeddings",
        "GET /inference/v1/models",
        "POST /inference/v1/chat/completions"
      ])
      for (const { headers } of seen) {
        expect(headers).toMatchObject({
          authorization: `Bearer ${Redacted.value(apiKey)}`,
          "x-session-affinity": "a",
          "x-multi-turn-session-id": "m",
          "x-mine": "1"
        })
        expect(headers).not.toHaveProperty("x-api-key")
        expect(headers).not.toHaveProperty("traceparent")
      }
      expect(seen.map(({ headers }) => headers["x-request-id"]?.length)).toEqual([4, 24, 24, 24, 24])
    })
  )

  it.effect("sends the same request id and session in all attempts", () =>
    Effect.gen(function* () {
      const { fireworks, requests } = yield* scripted([Fault.answer(425), Fault.answer(500), Fault.healthy])
      yield* during("1 minute")(fireworks.chat(hello, { sessionAffinity: "a" }))
      const ids = (yield* requests).map(({ headers }) => `${headers["x-request-id"]} ${headers["x-session-affinity"]}`)
      expect(ids).toHaveLength(3)
      expect(new Set(ids).size).toBe(1)
    })
  )

  it.effect("returns the request id, rate limits and performance from the headers", () =>
    Effect.gen(function* () {
      const headers = {
        "x-request-id": "req-1",
        "x-ratelimit-limit-tokens-generated": "600",
        "x-ratelimit-remaining-requests": "59",
        "fireworks-prompt-tokens": "12",
        "fireworks-server-processing-time": "0.5"
      }
      const script = json(answer({ message: { content: "hi" } }), headers)
      const { meta } = yield* (yield* scripted(script, { limitsPer: "second" })).fireworks.chat(hello)
      expect(meta).toEqual({
        requestId: "req-1",
        rateLimits: { limit: { generatedTokens: 36_000 }, remaining: { requests: 59 } },
        performance: { promptTokens: 12, serverProcessingTime: Duration.millis(500) }
      })
    })
  )

  it.effect("prefers the workload of the call to Workload.within, and that to the workload of the service", () =>
    Effect.gen(function* () {
      const named = (name: string) => Workload.with(Workload.interactive, { name })
      const seen: Array<string> = []
      const { fireworks } = yield* scripted(Fault.healthy, {
        workload: named("service"),
        record: ({ of, workload }) => void (of === "call" && seen.push(workload.name))
      })
      const stream = (options: Fireworks.StreamOptions) => Stream.runDrain(fireworks.chatStream(hello, options))
      for (const call of [(options: Fireworks.CallOptions) => fireworks.chat(hello, options), stream]) {
        yield* call({})
        yield* Workload.within(call({}), named("around"))
        yield* Workload.within(call({ workload: named("own") }), named("around"))
      }
      expect(seen).toEqual(["service", "around", "own", "service", "around", "own"])
    })
  )

  it.effect("retries after a lost response unless the idempotency is never", () =>
    Effect.gen(function* () {
      const script = [Fault.reset, Fault.healthy]
      const safe = yield* scripted(script)
      yield* during("1 minute")(safe.fireworks.chat(hello))
      expect(yield* safe.requests).toHaveLength(2)
      const never = yield* scripted(script)
      const once = ReliableHttpClient.withIdempotency(never.fireworks.chat(hello), "never")
      const error = yield* during("1 minute")(Effect.flip(once))
      expect([error.reason, error.attempts]).toEqual(["ConnectionLost", 1])
      // listing models is idempotent
      yield* never.client.script(script)
      yield* during("1 minute")(never.fireworks.models())
    })
  )
})

describe("a 429 response", () => {
  const rejected = (of: string, workload: Workload.Workload = Workload.interactive) =>
    Effect.gen(function* () {
      const { fireworks } = yield* scripted(Fault.answer(429))
      const ask = { ...hello, model: of }
      const chat = Effect.flip(fireworks.chat(ask, { workload }))
      const stream = Effect.flip(Stream.runDrain(fireworks.chatStream(ask, { workload })))
      return yield* during("2 minutes")(Effect.all([chat, stream], { concurrency: 2 }))
    })

  it.effect("fails with RateExceeded for a serverless model, and advises a dedicated deployment", () =>
    Effect.gen(function* () {
      for (const error of yield* rejected(model)) {
        expect([error._tag, error.reason, error.attempts]).toEqual(["RateLimit", "RateExceeded", 5])
        expect(error.advice).toMatch(/grow with sustained use.*dedicated deployment/)
      }
    })
  )

  it.effect("fails with Capacity for a deployment, and advises a higher replica count", () =>
    Effect.gen(function* () {
      for (const name of [dedicated, `${model}#${dedicated}`]) {
        for (const error of yield* rejected(name)) {
          expect(error.reason).toBe("Capacity")
          expect(error.advice).toMatch(/replica count/)
        }
      }
    })
  )
})

describe("a 200 response", () => {
  it.effect("retries a completion that ended with finish_reason error", () =>
    Effect.gen(function* () {
      const bad = json(answer({ text: "hal", finish_reason: "error" }))
      const { fireworks, requests } = yield* scripted([bad, Fault.healthy])
      yield* during("1 minute")(fireworks.completions({ model, prompt: "hi" }))
      expect(yield* requests).toHaveLength(2)
      const only = yield* scripted(bad)
      const error = yield* during("1 minute")(Effect.flip(only.fireworks.completions({ model, prompt: "hi" })))
      expect([error._tag, error.reason, error.attempts, error.delivery]).toEqual([
        "Transient",
        "ServerError",
        5,
        "Acknowledged"
      ])
      expect(error.detail).toContain("finish_reason")
    })
  )

  it.effect("retries the error in a body that also has choices", () =>
    Effect.gen(function* () {
      const body = { error: { code: "UNAVAILABLE", message: "no" }, choices: [] }
      const { fireworks, requests } = yield* scripted([json(body), Fault.healthy])
      yield* during("1 minute")(fireworks.chat(hello))
      expect(yield* requests).toHaveLength(2)
    })
  )

  it.effect("fails with the error in a body of vLLM's form, and retries it if it is transient", () =>
    Effect.gen(function* () {
      const vllm = { object: "error", message: "no", type: "InternalServerError", param: null, code: 500 }
      const { fireworks, requests } = yield* scripted([json(vllm), json({ error: { code: 503 } }), Fault.healthy])
      yield* during("1 minute")(fireworks.chat(hello))
      expect(yield* requests).toHaveLength(3)
      const refused = yield* scripted(json({ ...vllm, type: "BadRequestError", code: 400 }))
      const error = yield* Effect.flip(refused.fireworks.completions({ model, prompt: "one" }))
      expect([error._tag, error.reason, error.status, error.detail]).toEqual(["Fatal", "BadRequest", 400, "no"])
    })
  )

  it.effect("accepts choices of null beside a usage, and fails with Decode if choices are missing", () =>
    Effect.gen(function* () {
      const usage = { prompt_tokens: 3, completion_tokens: 0, total_tokens: 3 }
      const { fireworks } = yield* scripted(json({ id: "x", choices: null, usage }))
      expect((yield* fireworks.chat(hello)).value).toEqual({ id: "x", choices: [], usage })
      expect((yield* fireworks.completions({ model, prompt: "one" })).value).toEqual({ id: "x", choices: [], usage })
      const other = yield* scripted(json({ id: "x", usage }))
      const error = yield* Effect.flip(other.fireworks.chat(hello))
      expect([error.reason, error.detail]).toEqual(["Decode", "at choices"])
    })
  )

  it.effect("fails with Decode for a body of another shape, names the field, and does not retry", () =>
    Effect.gen(function* () {
      const { fireworks, requests } = yield* scripted(
        json(answer({ message: { content: 7 } }), { "x-request-id": "r" })
      )
      const error = yield* Effect.flip(fireworks.chat(hello))
      expect([error._tag, error.reason, error.status, error.requestId]).toEqual(["Fatal", "Decode", 200, "r"])
      expect(error.detail).toBe("at choices.0.message.content")
      expect(error.attempts).toBe(1)
      expect(yield* requests).toHaveLength(1)
    })
  )

  it.effect("retries a body that is not JSON", () =>
    Effect.gen(function* () {
      const html = Fault.answer(200, { body: "<html>", headers: { "content-type": "text/html" } })
      const { fireworks, requests } = yield* scripted([html, Fault.invalidJson, Fault.healthy])
      yield* during("1 minute")(fireworks.chat(hello))
      expect(yield* requests).toHaveLength(3)
    })
  )
})

describe("chatStream", () => {
  it.effect("requests a stream and emits its chunks without the [DONE] event", () =>
    Effect.gen(function* () {
      const metas: Array<Fireworks.Meta> = []
      const last = { choices: [], perf_metrics: { "prompt-tokens": 3, "server-processing-time": "0.25" }, extra: 1 }
      const { fireworks, requests } = yield* scripted([
        Fault.answer(503),
        events(piece("a"), piece("b", { odd: 1 }), last, "[DONE]")
      ])
      const chunks = fireworks.chatStream(hello, { onMeta: (meta) => Effect.sync(() => metas.push(meta)) })
      const all = Chunk.toReadonlyArray(yield* during("1 minute")(Stream.runCollect(chunks)))
      expect(all).toEqual([piece("a"), piece("b", { odd: 1 }), last])
      expect(Fireworks.performance(all[2]?.perf_metrics ?? {})).toEqual({
        promptTokens: 3,
        serverProcessingTime: Duration.millis(250)
      })
      expect(metas).toHaveLength(1)
      const seen = yield* requests
      expect(seen.map(({ body }) => (JSON.parse(body) as { stream: unknown }).stream)).toEqual([true, true])
      expect(new Set(seen.map(({ headers }) => headers["x-request-id"])).size).toBe(1)
    })
  )

  const collected = (script: Fault.Script, options: Options = {}) =>
    Effect.gen(function* () {
      const { fireworks, requests } = yield* scripted(script, options)
      const texts: Array<string> = []
      const chunks = Stream.runForEach(fireworks.chatStream(hello), (chunk) =>
        Effect.sync(() => texts.push(chunk.choices[0]?.delta.content ?? ""))
      )
      const error = yield* during("5 minutes")(Effect.flip(chunks))
      return { error, texts, count: (yield* requests).length }
    })

  it.effect("emits chunks without choices or content, with their other fields", () =>
    Effect.gen(function* () {
      const usage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 }
      const ended = { index: 0, finish_reason: "stop" }
      const { fireworks } = yield* scripted(
        events(
          { choices: null, usage: null },
          "",
          piece("a"),
          { id: "x", choices: [{ ...ended, delta: null }] },
          { choices: [ended] },
          { id: "x", object: "chat.completion.chunk", usage },
          { choices: null, usage, perf_metrics: { "prompt-tokens": 3 } },
          "[DONE]"
        )
      )
      const all = yield* Stream.runCollect(fireworks.chatStream(hello))
      expect(Chunk.toReadonlyArray(all)).toEqual([
        { choices: [], usage: null },
        piece("a"),
        { id: "x", choices: [{ ...ended, delta: {} }] },
        { choices: [{ ...ended, delta: {} }] },
        { id: "x", object: "chat.completion.chunk", choices: [], usage },
        { choices: [], usage, perf_metrics: { "prompt-tokens": 3 } }
      ])
    })
  )

  it.effect("fails with an error of vLLM's form that arrives in place of a chunk", () =>
    Effect.gen(function* () {
      const vllm = { object: "error", message: "no", type: "InternalServerError", param: null, code: 500 }
      const { error, texts } = yield* collected(events(piece("a"), vllm, "[DONE]"))
      expect([error._tag, error.reason, error.delivery, error.detail]).toEqual([
        "Transient",
        "ServerError",
        "Partial",
        "no"
      ])
      expect(texts).toEqual(["a"])
    })
  )

  it.effect("does not retry after the first chunk", () =>
    Effect.gen(function* () {
      const { count, error, texts } = yield* collected([events(piece("a"), piece("b")), Fault.healthy])
      expect([error.reason, error.delivery, error.attempts]).toEqual(["StreamBroken", "Partial", 1])
      expect([texts, count]).toEqual([["a", "b"], 1])
    })
  )

  it.effect(
    "fails with Partial delivery at a finish_reason of error, after the chunks before it, and records the failure",
    () =>
      Effect.gen(function* () {
        const outcomes: Array<Reliability.Outcome> = []
        const failing = events(piece("a"), piece("", { finish_reason: "error" }), piece("c"), "[DONE]")
        const { count, error, texts } = yield* collected(failing, { record: (outcome) => void outcomes.push(outcome) })
        expect([error.reason, error.delivery, error.attempts, error.status]).toEqual(["ServerError", "Partial", 1, 200])
        expect(error.detail).toContain("finish_reason")
        expect([texts, count]).toEqual([["a"], 1])
        const ends = outcomes.map(({ error, of }) => [of, error?.reason, error?.delivery])
        expect(ends).toEqual([
          ["attempt", undefined, undefined],
          ["call", undefined, undefined],
          ["stream", "ServerError", "Partial"]
        ])
      })
  )

  it.effect("retries if a finish_reason of error arrives before any content", () =>
    Effect.gen(function* () {
      const { fireworks, requests } = yield* scripted([events(piece("", { finish_reason: "error" })), Fault.healthy])
      const chunks = yield* during("1 minute")(Stream.runCollect(fireworks.chatStream(hello)))
      expect([Chunk.size(chunks) > 0, (yield* requests).length]).toEqual([true, 2])
    })
  )

  it.effect("fails with Timeout if the first or a later event exceeds the limits of the workload", () =>
    Effect.gen(function* () {
      const silent = yield* collected(Fault.stream({ events: 3, after: 1, ending: "silence" }))
      expect([silent.error.reason, silent.error.phase, silent.texts.length]).toEqual(["Timeout", "read", 1])
      const never = yield* collected(Fault.stream({ after: 0, ending: "silence" }))
      expect([never.error.reason, never.texts.length]).toEqual(["Timeout", 0])
    })
  )

  it.effect("closes the connection when the consumer stops early", () =>
    Effect.gen(function* () {
      const { fireworks, requests } = yield* scripted(Fault.stream({ events: 100, every: "1 second" }))
      yield* during("10 seconds")(Stream.runDrain(Stream.take(fireworks.chatStream(hello), 2)))
      const [request] = yield* requests
      expect(request?.ended?.complete).toBe(false)
    })
  )
})

describe("invalid input", () => {
  const refused = (call: (fireworks: Fireworks.Fireworks) => Effect.Effect<unknown, ApiError.ApiError>) =>
    Effect.gen(function* () {
      const { fireworks, requests } = yield* scripted(Fault.healthy)
      const error = yield* Effect.flip(call(fireworks))
      expect([error._tag, error.reason, error.delivery]).toEqual(["Fatal", "InvalidRequest", "NotSent"])
      expect(error.attempts).toBeGreaterThan(0)
      expect(yield* requests).toEqual([])
      return error.detail
    })
  // as in a program without types
  const untyped = (value: unknown) => value as never

  it.effect("fails with InvalidRequest before any request, and names the field", () =>
    Effect.gen(function* () {
      expect(yield* refused((f) => f.chat({ ...hello, model: " " }))).toBe("model is empty")
      expect(yield* refused((f) => f.embeddings({ model: "", input: "x" }))).toBe("model is empty")
      expect(yield* refused((f) => Stream.runDrain(f.chatStream({ ...hello, model: "" })))).toBe("model is empty")
      expect(yield* refused((f) => f.chat(untyped({ model })))).toContain("messages")
      expect(yield* refused((f) => f.chat({ ...hello, temperature: Number.NaN }))).toContain("at temperature")
      expect(yield* refused((f) => f.chat(untyped({ ...hello, stream: true })))).toContain("at stream")
      expect(yield* refused((f) => f.chat({ ...hello, big: 1n }))).toContain("JSON")
      expect(yield* refused((f) => f.chat(hello, { sessionAffinity: "" }))).toBe("sessionAffinity is empty")
      expect(yield* refused((f) => f.models({ requestId: " " }))).toBe("requestId is empty")
      expect(yield* refused((f) => f.chat(hello, { multiTurnSession: "a\nb" }))).toContain("x-multi-turn-session-id")
    })
  )

  it("throws for invalid service options, without secrets in the message", () => {
    const made = (options: Options) => () => Fireworks.layer({ apiKey, ...options })
    expect(made({ apiKey: Redacted.make("  ") })).toThrow(/^Fireworks.layer: apiKey is "<redacted>"/)
    expect(made({ apiKey: Redacted.make("fw_key\n") })).toThrow(/apiKey/)
    expect(made({ apiKey: untyped("fw_plain") })).toThrow(/^(?!.*fw_plain).*apiKey/)
    expect(made({ accountId: "" })).toThrow(/accountId/)
    expect(made({ accountId: "accounts/acme" })).toThrow(/^(?!.*acme).*accountId/)
    expect(made({ baseUrl: "api.fireworks.ai" })).toThrow(/baseUrl/)
    expect(made({ baseUrl: "localhost:3" })).toThrow(/^Fireworks.layer: baseUrl has no scheme: write https:\/\/…$/)
    expect(made({ baseUrl: "me:pass@host" })).toThrow(/^(?!.*pass).*baseUrl has no scheme/)
    expect(made({ baseUrl: " " })).toThrow(/baseUrl is empty/)
    expect(made({ baseUrl: "https://" })).toThrow(/baseUrl is not a valid URL/)
    expect(made({ baseUrl: "ftp://api.fireworks.ai" })).toThrow(/baseUrl begins with neither http: nor https:/)
    expect(made({ baseUrl: "https://me:pass@api.fireworks.ai" })).toThrow(/^(?!.*pass).*baseUrl/)
    expect(made({ controlUrl: "https://api.fireworks.ai?key=pass" })).toThrow(/^(?!.*pass).*controlUrl/)
    expect(made({ limitsPer: untyped("hour") })).toThrow(/limitsPer/)
    expect(made({})).not.toThrow()
  })

  it.effect("fails the layer for invalid environment variables, and reports the name but not the value", () =>
    Effect.gen(function* () {
      const built = (...variables: ReadonlyArray<readonly [string, string]>) =>
        Layer.build(Fireworks.layerConfig()).pipe(
          Effect.scoped,
          Effect.withConfigProvider(ConfigProvider.fromMap(new Map(variables))),
          Effect.provide(ScriptedClient.layer()),
          Effect.exit,
          Effect.map((exit) => (Exit.isFailure(exit) ? Cause.pretty(exit.cause, { renderErrorCause: true }) : "built"))
        )
      const key = ["FIREWORKS_API_KEY", "fw_secretsecret"] as const
      expect(yield* built()).toMatch(/FIREWORKS_API_KEY/)
      expect(yield* built(["FIREWORKS_API_KEY", " "])).toMatch(/FIREWORKS_API_KEY/)
      expect(yield* built(["FIREWORKS_API_KEY", "fw_secretsecret \n"])).toMatch(
        /^(?![^]*fw_secret)[^]*FIREWORKS_API_KEY/
      )
      expect(yield* built(key, ["FIREWORKS_ACCOUNT_ID", "a/b"])).toMatch(/^(?![^]*a\/b)[^]*FIREWORKS_ACCOUNT_ID/)
      expect(yield* built(key, ["FIREWORKS_BASE_URL", "nowhere"])).toMatch(/^(?![^]*nowhere)[^]*FIREWORKS_BASE_URL/)
      expect(yield* built(key, ["FIREWORKS_BASE_URL", "localhost:3"])).toMatch(/It has no scheme: write https:/)
      expect(yield* built(key, ["FIREWORKS_CONTROL_URL", "x:y"])).toMatch(/FIREWORKS_CONTROL_URL/)
      expect(yield* built(key, ["FIREWORKS_ACCOUNT_ID", ""], ["FIREWORKS_BASE_URL", ""])).toBe("built")
    })
  )

  it.effect("reads the key, the account and the URLs from the environment", () =>
    Effect.gen(function* () {
      const client = yield* ScriptedClient.make()
      const environment = new Map([
        ["FIREWORKS_API_KEY", "fw_fromTheEnvironment"],
        ["FIREWORKS_ACCOUNT_ID", "acme"],
        ["FIREWORKS_BASE_URL", "https://us.api.fireworks.ai"],
        ["FIREWORKS_CONTROL_URL", "https://api.fireworks.ai/"]
      ])
      const Live = Fireworks.layerConfig().pipe(
        Layer.provide(Layer.succeed(HttpClient.HttpClient, client)),
        Layer.provide(Layer.setConfigProvider(ConfigProvider.fromMap(environment)))
      )
      yield* Effect.gen(function* () {
        const fireworks = yield* Fireworks.Fireworks
        yield* fireworks.models()
        yield* controlOf(fireworks).request(HttpClientRequest.get("/deployments"), Workload.interactive)
      }).pipe(Effect.provide(Live))
      const seen = yield* client.requests
      expect(seen.map(({ headers, path }) => [path, headers["authorization"]])).toEqual([
        ["/inference/v1/models", "Bearer fw_fromTheEnvironment"],
        ["/v1/accounts/acme/deployments", "Bearer fw_fromTheEnvironment"]
      ])
    })
  )
})

// --- Plain functions -------------------------------------------------------------------------------

describe("targetOf", () => {
  const name = fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,20}$/)

  it("distinguishes serverless models from dedicated deployments", () => {
    fc.assert(
      fc.property(name, name, fc.constantFrom("models", "routers"), (account, id, kind) => {
        const shared = `accounts/fireworks/${kind}/${id}`
        expect(Fireworks.targetOf(shared)).toBe("serverless")
        expect(Fireworks.targetOf(`accounts/${account}/deployments/${id}`)).toBe("dedicated")
        expect(Fireworks.targetOf(`${shared}#accounts/${account}/deployments/${id}`)).toBe("dedicated")
        if (account !== "fireworks") expect(Fireworks.targetOf(`accounts/${account}/models/${id}`)).toBe(undefined)
        expect(Fireworks.targetOf(id)).toBe(undefined)
      })
    )
  })

  it("accepts any text", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect([undefined, "serverless", "dedicated"]).toContain(Fireworks.targetOf(text))
      })
    )
  })
})

describe("rateLimits and performance", () => {
  const amount = fc.integer({ min: 0, max: 1e9 })

  it("reads headers of any case, from a record or from Headers", () => {
    fc.assert(
      fc.property(amount, amount, (limit, remaining) => {
        const plain = {
          "X-RateLimit-Limit-Tokens-Prompt": `${limit}`,
          "X-RateLimit-Remaining-Tokens-Cache-Adjusted-Prompt": `${remaining}`
        }
        const expected = { limit: { promptTokens: limit }, remaining: { uncachedPromptTokens: remaining } }
        expect(Fireworks.rateLimits(plain)).toEqual(expected)
        expect(Fireworks.rateLimits(new Headers(plain))).toEqual(expected)
        expect(Fireworks.rateLimits(plain, "second").limit).toEqual({ promptTokens: limit * 60 })
      })
    )
  })

  it("omits values that are not numbers", () => {
    const names = [
      "x-ratelimit-limit-tokens-prompt",
      "x-ratelimit-over-limit",
      "fireworks-prompt-tokens",
      "fireworks-server-processing-time"
    ]
    const noNumber = fc.string().filter((text) => !/^\s*\d/.test(text) && !/^\s*(yes|no|true|false)\s*$/i.test(text))
    fc.assert(
      fc.property(
        fc.constantFrom(...names),
        fc.oneof(noNumber, fc.constantFrom("NaN", "-1", "Infinity", "1e999", "0x10")),
        (name, value) => {
          expect(Fireworks.rateLimits({ [name]: value })).toStrictEqual({ limit: {}, remaining: {} })
          expect(Fireworks.performance({ [name]: value })).toStrictEqual({})
        }
      )
    )
  })

  it("returns the same performance for headers and for `perf_metrics`", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 3_600_000 }), amount, (millis, tokens) => {
        const metrics = { "prompt-tokens": tokens, "generation-queue-duration": millis / 1000 }
        const headers = Object.fromEntries(
          Object.entries(metrics).map(([name, value]) => [`fireworks-${name}`, String(value)])
        )
        expect(Fireworks.performance(metrics)).toEqual(Fireworks.performance(headers))
        expect(Fireworks.performance(metrics)).toEqual({
          promptTokens: tokens,
          generationQueueDuration: Duration.millis(millis)
        })
      })
    )
  })

  it("does not throw on header values of any kind", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.anything()), (headers) => {
        Fireworks.performance(headers)
      })
    )
  })
})

describe("Fireworks.ChatCompletion", () => {
  it("decodes and preserves unknown fields", () => {
    const extra = fc.dictionary(fc.stringMatching(/^new_[a-z]{1,8}$/), fc.jsonValue())
    fc.assert(
      fc.property(extra, extra, extra, fc.string(), (a, b, c, finish_reason) => {
        const future = { ...a, choices: [{ ...b, finish_reason, message: { ...c, content: "x" } }] }
        expect(Schema.decodeUnknownSync(Fireworks.ChatCompletion)(future)).toEqual(future)
      })
    )
  })
})
