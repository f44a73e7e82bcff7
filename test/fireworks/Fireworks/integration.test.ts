import { LanguageModel } from "@effect/ai"
import { OpenAiClient, OpenAiLanguageModel } from "@effect/ai-openai"
import { FetchHttpClient, HttpClient, HttpClientRequest } from "@effect/platform"
import { describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Layer, Logger, Metric, Record, Redacted, Stream, Tracer } from "effect"
import {
  type ApiError,
  Classify,
  Dialect,
  Reliability,
  ReliableHttpClient,
  RetryBudget,
  Workload
} from "effect-reliability"
import { Fireworks } from "effect-reliability/fireworks"
import { Fault, FaultServer, FireworksServer, ScriptedClient } from "effect-reliability/testing"
import { expect } from "vitest"
import { withoutEchoes } from "../../../src/fireworks/internal/confidential.js"
import { controlOf } from "../../../src/fireworks/internal/control.js"
import { openais } from "../../support/clients.js"
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
  over,
  piece,
  scripted
} from "../../support/fireworks.js"

describe("the control plane", () => {
  const submission = HttpClientRequest.post("/batchInferenceJobs?batchInferenceJobId=n").pipe(
    HttpClientRequest.bodyUnsafeJson({ model })
  )

  it.effect("sends requests below the account with both forms of the key", () =>
    Effect.gen(function* () {
      const { fireworks, requests } = yield* scripted(Fault.healthy, { accountId: "acme" })
      const control = controlOf(fireworks)
      expect(yield* control.accountId).toBe("acme")
      const response = yield* control.request(submission, Workload.batchSubmission)
      expect(response.status).toBe(200)
      const [request] = yield* requests
      expect(request?.path).toBe("/v1/accounts/acme/batchInferenceJobs?batchInferenceJobId=n")
      expect(request?.headers).toMatchObject({
        authorization: `Bearer ${Redacted.value(apiKey)}`,
        "x-api-key": Redacted.value(apiKey)
      })
    })
  )

  it.effect("fails with InvalidRequest without an account id", () =>
    Effect.gen(function* () {
      const { fireworks, requests } = yield* scripted(Fault.healthy)
      for (const effect of [
        controlOf(fireworks).accountId,
        controlOf(fireworks).request(submission, Workload.batchSubmission)
      ]) {
        const error = yield* Effect.flip<unknown, ApiError.ApiError, never>(effect)
        expect(error.reason).toBe("InvalidRequest")
        expect(error.detail).toContain("FIREWORKS_ACCOUNT_ID")
      }
      expect(yield* requests).toEqual([])
    })
  )

  it.effect("rejects URLs that lead to another host or out of the account's path", () =>
    Effect.gen(function* () {
      const { fireworks, requests } = yield* scripted(Fault.healthy, { accountId: "acme" })
      for (const url of [
        "https://evil.example/x",
        "//evil.example",
        "jobs",
        "/../b/jobs",
        "/a/%2e%2E/jobs",
        "/a\\b",
        "/"
      ]) {
        const call = controlOf(fireworks).request(HttpClientRequest.get(url), Workload.interactive)
        expect((yield* Effect.flip(call)).reason).toBe("InvalidRequest")
      }
      expect(yield* requests).toEqual([])
    })
  )

  it.effect("retries a submission after a lost response only if it is declared keyed", () =>
    Effect.gen(function* () {
      const sent = (idempotency?: Reliability.Idempotency) =>
        Effect.gen(function* () {
          const { fireworks, requests } = yield* scripted([Fault.reset, Fault.healthy], { accountId: "acme" })
          const call = controlOf(fireworks).request(submission, Workload.batchSubmission, idempotency)
          yield* during("1 minute")(Effect.exit(call))
          return (yield* requests).length
        })
      expect([yield* sent(), yield* sent("never"), yield* sent("keyed")]).toEqual([1, 1, 2])
    })
  )

  it.effect("retries a GET, a PUT and a DELETE under the workload for submissions", () =>
    Effect.forEach(["GET", "PUT", "DELETE"] as const, (method) =>
      Effect.gen(function* () {
        const { fireworks, requests } = yield* scripted([Fault.reset, Fault.healthy], { accountId: "acme" })
        const call = controlOf(fireworks).request(HttpClientRequest.make(method)("/jobs/j"), Workload.batchSubmission)
        yield* during("1 minute")(Effect.exit(call))
        expect(yield* requests).toHaveLength(2)
      })
    )
  )
})

describe("a deployment that starts from zero for 8 minutes", () => {
  const starting = (options: Options) =>
    Effect.gen(function* () {
      const api = yield* FireworksServer.inMemory({ deployments: { ours: {} }, startup: "8 minutes" })
      const fireworks = yield* over(api.client, { apiKey: Redacted.make(api.key), ...options })
      return { fireworks, api }
    })

  it.effect("succeeds in one call under `agentic` without use of the retry budget", () =>
    Effect.gen(function* () {
      const budget = yield* RetryBudget.make({ max: 3, minPerSecond: 0, ratio: 0 })
      const whys: Array<string> = []
      const calls: Array<number> = []
      const { api, fireworks } = yield* starting({
        budget,
        workload: Workload.agentic,
        onRetry: ({ step }) => Effect.sync(() => whys.push(step.why)),
        record: ({ attempt, error, of }) => void (of === "call" && error === undefined && calls.push(attempt))
      })
      const { value } = yield* during("10 minutes")(fireworks.chat({ ...hello, model: dedicated }))
      expect(value.choices[0]?.message.content).toBe("one two three")
      expect(new Set(whys)).toEqual(new Set(["Patience"]))
      expect(whys.length).toBeGreaterThan(5)
      expect(yield* budget.available).toBe(3)
      expect(calls).toEqual([(yield* api.requests).length])
    })
  )

  it.effect("succeeds for a stream under `agentic`", () =>
    Effect.gen(function* () {
      const { fireworks } = yield* starting({ workload: Workload.agentic })
      const chunks = Stream.runCount(fireworks.chatStream({ ...hello, model: dedicated }))
      expect(yield* during("10 minutes")(chunks)).toBeGreaterThan(1)
    })
  )

  it.effect("fails with ScalingUp under `interactive` without a retry, and advises `agentic`", () =>
    Effect.gen(function* () {
      const { api, fireworks } = yield* starting({})
      const asked = { ...hello, model: dedicated }
      // without a TestClock.adjust, a call that waits would never end
      for (const call of [fireworks.chat(asked), Stream.runDrain(fireworks.chatStream(asked))]) {
        const error = yield* Effect.flip<unknown, ApiError.ApiError, never>(call)
        expect([error._tag, error.reason, error.attempts]).toEqual(["Transient", "ScalingUp", 1])
        expect(error.advice).toMatch(/Workload.agentic.*"interactive" has no patience/)
      }
      expect(yield* api.requests).toHaveLength(2)
    })
  )

  it.effect("retries under `interactive` if the server sends x-should-retry", () =>
    Effect.gen(function* () {
      const body = { error: { code: "DEPLOYMENT_SCALING_UP", message: "soon", type: "error" } }
      const script = [Fault.answer(503, { body, shouldRetry: true }), Fault.healthy]
      const { fireworks } = yield* scripted(script)
      yield* during("10 seconds")(fireworks.chat(hello))
    })
  )
})

// --- Secrets ---------------------------------------------------------------------------------------

const secrets = {
  key: "fw_Zx81markerKeyQq",
  odd: "markerkeywithoutpattern",
  account: "markercorp",
  prompt: "please summarise the divorce of my neighbour Quentin, code word zebra-9-marker"
}

describe("confidential data in errors, logs, spans and metrics", () => {
  const markers = [secrets.key, secrets.account, "divorce of my neighbour", "zebra-9-marker"]
  const request = {
    model: `accounts/${secrets.account}/deployments/ours`,
    messages: [{ role: "user", content: secrets.prompt }]
  }
  const echo = `${secrets.prompt} by ${secrets.key} ${secrets.odd} of ${secrets.account} at accounts/${secrets.account}/x`
  const bodies: ReadonlyArray<object | string> = [
    { error: { message: `no: ${echo}`, code: secrets.odd, type: "error" } },
    { error: { message: `bad: messages.0: ${secrets.prompt.slice(7, 60)}` } },
    { detail: [{ loc: ["body", "messages"], msg: `bad ${echo}`, input: request }] },
    { message: JSON.stringify(request) },
    { error: echo },
    echo,
    `<html><title>${echo}</title>`,
    `{"error":{"message":"${echo}`
  ]
  const statuses = [400, 401, 402, 403, 404, 408, 409, 412, 413, 422, 425, 429, 500, 502, 503, 504, 520]
  const headers = {
    "x-request-id": secrets.odd,
    "fireworks-deployment": `accounts/${secrets.account}/deployments/ours`
  }
  const faults: ReadonlyArray<Fault.Fault> = [
    ...statuses.map((status, index) => Fault.answer(status, { body: bodies[index % bodies.length], headers })),
    ...bodies.flatMap((body) => [400, 503].map((status) => Fault.answer(status, { body, headers }))),
    ...bodies.map((body) => Fault.answer(200, { body, headers })),
    ...bodies.map((body) => events(piece("x"), body)),
    events({ error: { message: echo, code: secrets.odd } }),
    events({ choices: [{ delta: { content: 7 } }], echo }),
    json(answer({ message: { content: { [secrets.prompt]: 1 } } }, { echo })),
    json(answer({ finish_reason: "error", echo })),
    Fault.reset,
    Fault.garbage(echo),
    Fault.cut({ by: "reset" }, Fault.answer(200, { body: { echo } }))
  ]

  /** Returns all texts that a caller, a log, a tracer or the metrics show of an effect. */
  const watched = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.gen(function* () {
      const seen: Array<string> = []
      const logger = Logger.make(
        (options) =>
          void seen.push(
            JSON.stringify([
              options.message,
              Cause.pretty(options.cause, { renderErrorCause: true }),
              [...options.annotations]
            ])
          )
      )
      const native = tracerTo(seen)
      const exit = yield* effect.pipe(
        Effect.tapErrorCause((cause) => Effect.logError("failed", cause)),
        Effect.withSpan("a caller"),
        Effect.provide(Logger.replace(Logger.defaultLogger, logger)),
        Effect.withTracer(native),
        Effect.exit
      )
      seen.push(shown(exit))
      seen.push(JSON.stringify(Array.from(yield* Metric.snapshot, ({ metricKey }) => [metricKey.name, metricKey.tags])))
      return seen
    })

  const tracerTo = (seen: Array<string>) =>
    Tracer.make({
      span: (name, parent, context, links, startTime, kind) => {
        const attributes = new Map<string, unknown>()
        return {
          _tag: "Span",
          name,
          parent,
          context,
          links,
          kind,
          attributes,
          spanId: "0".repeat(16),
          traceId: "0".repeat(32),
          sampled: true,
          status: { _tag: "Started", startTime },
          end: (_at, exit) => void seen.push(shown(exit), name),
          attribute: (key, value) => void seen.push(`${key}=${String(value)}`),
          event: (event, _at, given) => void seen.push(event, JSON.stringify(given)),
          addLinks: () => {}
        }
      },
      context: (f) => f()
    })

  const shown = (exit: Exit.Exit<unknown, unknown>): string => {
    if (Exit.isSuccess(exit)) return ""
    const failures = [...Cause.failures(exit.cause), ...Cause.defects(exit.cause)]
    return [
      Cause.pretty(exit.cause, { renderErrorCause: true }),
      JSON.stringify(exit.cause),
      ...failures.map(
        (error) => `${String(error)} ${JSON.stringify(error)} ${error instanceof Error ? error.stack : ""}`
      )
    ].join("\n")
  }

  const unseen = (seen: ReadonlyArray<string>, key: string, what: unknown) => {
    const all = seen.join("\n").toLowerCase()
    for (const marker of [...markers, key]) {
      if (all.includes(marker.toLowerCase())) {
        const at = all.indexOf(marker.toLowerCase())
        throw new Error(`${marker} after ${JSON.stringify(what)}: ${all.slice(Math.max(0, at - 300), at + 80)}`)
      }
    }
  }

  const failing = (client: HttpClient.HttpClient, key: string, what: unknown) =>
    Effect.gen(function* () {
      const observed: Array<ApiError.ApiError> = []
      const fireworks = yield* over(client, {
        apiKey: Redacted.make(key),
        accountId: secrets.account,
        // the deadline is short, but each error still reaches the observers
        workload: Workload.make({
          name: "w",
          timeouts: { attempt: "1 second" },
          deadline: "1 second"
        }),
        onGiveUp: ({ error }) => Effect.sync(() => observed.push(error)),
        record: ({ error }) => void (error !== undefined && observed.push(error))
      })
      const control = controlOf(fireworks).request(
        HttpClientRequest.post("/batchInferenceJobs").pipe(HttpClientRequest.bodyUnsafeJson(request)),
        Workload.with(Workload.batchSubmission, { deadline: "1 second" })
      )
      const calls: ReadonlyArray<Effect.Effect<unknown, ApiError.ApiError>> = [
        fireworks.chat(request),
        fireworks.completions({ model: request.model, prompt: secrets.prompt }),
        fireworks.embeddings({ model: request.model, input: [secrets.prompt] }),
        Stream.runDrain(fireworks.chatStream(request)),
        fireworks.chat({ ...request, model: " " }),
        fireworks.chat({ ...request, temperature: Number.NaN }),
        fireworks.chat({ ...request, big: 1n }),
        control.pipe(Effect.map(() => "a response"))
      ]
      for (const call of calls) unseen(yield* watched(call), key, what)
      unseen(
        observed.map((error) => `${error.message} ${JSON.stringify(error)}`),
        key,
        what
      )
    })

  it.live(
    "hides the key, the prompt and the account over a scripted client",
    () =>
      Effect.gen(function* () {
        for (const fault of faults) {
          const client = yield* ScriptedClient.make(fault)
          yield* failing(client, secrets.key, fault)
        }
      }),
    300_000
  )

  it.live(
    "hides the key, the prompt and the account over FetchHttpClient with its own spans",
    () =>
      Effect.gen(function* () {
        const server = yield* FaultServer.make()
        const client = yield* HttpClient.HttpClient
        const atServer = client.pipe(
          HttpClient.mapRequest((sent) =>
            HttpClientRequest.setUrl(sent, sent.url.replace("https://api.fireworks.ai", server.origin))
          )
        )
        for (const fault of faults.filter((_, index) => index % 9 === 0)) {
          yield* server.script(fault)
          yield* failing(atServer, secrets.odd, fault)
        }
      }).pipe(Effect.scoped, Effect.provide(FetchHttpClient.layer)),
    300_000
  )

  it("redacts words of the prompt, and preserves the server's own words", () => {
    const body = { messages: [{ role: "user", content: "tell me all about my aunt Agatha" }] }
    expect(withoutEchoes("messages.0.content: too long", body)).toBe("messages.0.content: too long")
    expect(withoutEchoes("cannot answer: tell me  all about, sorry", body)).toBe("cannot answer: [redacted], sorry")
    expect(withoutEchoes("cannot say hello-42 to you", { prompt: "so: hello-42?" })).toBe(
      "cannot say [redacted] to you"
    )
    expect(withoutEchoes("I tell me all about", { a: "tell me", b: "tell me all about" })).toBe("I [redacted]")
    expect(withoutEchoes("no Agatha here", { prompt: "Agatha" })).toBe("no [redacted] here")
  })
})

// --- Other clients -----------------------------------------------------------------------

describe("@effect/ai-openai", () => {
  const response = (text: string) => ({
    id: "resp_1",
    object: "response",
    created_at: 0,
    status: "completed",
    error: null,
    incomplete_details: null,
    instructions: null,
    metadata: null,
    model: "gpt-4o",
    output: [
      {
        type: "message",
        id: "msg_1",
        role: "assistant",
        status: "completed",
        content: [{ type: "output_text", text, annotations: [], logprobs: [] }]
      }
    ],
    parallel_tool_calls: true,
    temperature: 1,
    top_p: 1,
    tool_choice: "auto",
    tools: []
  })

  const over = <E>(client: Layer.Layer<OpenAiClient.OpenAiClient, E, HttpClient.HttpClient>) =>
    OpenAiLanguageModel.layer({ model: "gpt-4o" }).pipe(Layer.provide(client), Layer.provide(FetchHttpClient.layer))

  const asked = (script: Fault.Script) =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make({ script })
      const client = OpenAiClient.layer({
        apiKey,
        apiUrl: server.baseUrl,
        transformClient: ReliableHttpClient.transform({
          dialect: Dialect.fireworks,
          workload: Workload.interactive
        })
      })
      const result = yield* LanguageModel.generateText({ prompt: "Say hello" }).pipe(
        Effect.provide(over(client)),
        Effect.either
      )
      return { result, requests: yield* server.requests }
    }).pipe(Effect.scoped)

  it.live("generates text after a 429 that is retried after the server's hint", () =>
    Effect.gen(function* () {
      const { requests, result } = yield* asked([
        Fault.answer(429, { retryAfter: "50 millis", form: "millis" }),
        json(response("Hello"))
      ])
      expect(result).toMatchObject({ _tag: "Right", right: { text: "Hello" } })
      expect(requests.map(({ status }) => status)).toEqual([429, 200])
      expect(new Set(requests.map(({ headers }) => headers["x-request-id"])).size).toBe(1)
    })
  )

  it.live("fails with an exception that Classify.exception converts to an ApiError", () =>
    Effect.gen(function* () {
      const { requests, result } = yield* asked(Fault.answer(401))
      expect(requests).toHaveLength(1)
      if (result._tag === "Right") throw new Error("it succeeded")
      const error = Classify.exception(result.left, { now: 0, dialect: Dialect.fireworks })
      expect([error._tag, error.reason, error.status]).toEqual(["Fatal", "Unauthorized", 401])
    })
  )

  it.live("fails with the settled ApiError itself when no response arrives", () =>
    Effect.gen(function* () {
      const transformClient = ReliableHttpClient.transform({
        workload: Workload.with(Workload.interactive, { deadline: "200 millis" })
      })
      const client = OpenAiClient.layer({ apiKey, apiUrl: "http://127.0.0.1:4/v1", transformClient })
      const failure = yield* LanguageModel.generateText({ prompt: "Say hello" }).pipe(
        Effect.provide(over(client)),
        Effect.flip
      )
      const error = Classify.exception(failure, { now: 0 })
      expect([error.reason, error.delivery, error.attempts]).toEqual(["Connect", "NotSent", 1])
    })
  )
})

describe.each(Record.toEntries(openais))("the official package: %s", (_, OpenAI) => {
  const asked = (server: FireworksServer.OnSockets, of: string = model) => {
    const openai = new OpenAI({ apiKey: server.key, baseURL: server.baseUrl, maxRetries: 0 })
    return Effect.tryPromise({
      try: (signal) =>
        openai.chat.completions.create({ model: of, messages: [{ role: "user", content: "one two" }] }, { signal }),
      catch: (cause) =>
        Classify.exception(cause, { now: 0, dialect: Dialect.fireworks, target: Fireworks.targetOf(of) })
    }).pipe(Reliability.protect(Workload.interactive))
  }

  it.live("returns a completion after a 429 that is retried", () =>
    Effect.gen(function* () {
      const fault = Fault.answer(429, { retryAfter: "50 millis", form: "millis" })
      const server = yield* FireworksServer.make({ injections: [{ fault }] })
      const completion = yield* asked(server)
      expect(completion.choices[0]?.message.content).toContain("one two")
      expect((yield* server.requests).map(({ status }) => status)).toEqual([429, 200])
    }).pipe(Effect.scoped)
  )

  it.live("fails with Capacity for a 429 of a dedicated deployment", () =>
    Effect.gen(function* () {
      const server = yield* FireworksServer.make()
      yield* server.inject({ fault: Fault.answer(429, { retryAfter: "1 hour" }) })
      const error = yield* Effect.flip(asked(server, dedicated))
      expect([error._tag, error.reason, error.attempts]).toEqual(["RateLimit", "Capacity", 1])
    }).pipe(Effect.scoped)
  )
})
