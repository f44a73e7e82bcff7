/**
 * The Fireworks AI API as a service with typed calls, retries and deadlines. Calls fail with an `ApiError`.
 *
 * The service works with any `HttpClient`. Requests and responses have types for the known fields, and keep unknown fields. No
 * error, observer or span of a call contains the API key, the prompt or the account id.
 *
 * | call | default workload | result |
 * | --- | --- | --- |
 * | `chat`, `completions`, `embeddings`, `models` | `Workload.interactive` | the decoded body, and data from the headers |
 * | `chatStream` | `Workload.interactive` | the chunks, without `[DONE]` |
 *
 * The workload of a call is the one in its options, else that of the current fiber (`Workload.within`), else that of the
 * service. Inference has the idempotency `safe`: a call whose response is lost is repeated. To prevent that, use
 * `ReliableHttpClient.withIdempotency("never")`.
 *
 * A deployment takes minutes to start from zero replicas. If the workload has no patience, a call to it fails at once, and the
 * advice of the error says so.
 *
 * Our choices where the provider's documentation is silent or contradictory:
 *
 * - A 200 response that contains an `error`, or a `finish_reason` of `"error"`, is a failure. Its reason follows the error's
 *   code, or is `ServerError`. It is retried like a 500. In a stream, which has begun already, it ends the stream.
 * - The documentation says both per second and per minute for the rate limits in headers. Measured limits were per minute; see
 *   `limitsPer`.
 * - No `Retry-After` header is documented. If a response has one, it is used.
 * - A custom model (`accounts/me/models/…`) can run serverless or on a deployment. A 429 is then read as that of a serverless
 *   model.
 * - It is not documented whether regional hosts serve the control plane; see `controlUrl`.
 *
 * @since 0.1.0
 */
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Config from "effect/Config"
import * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import type { ApiError } from "../ApiError.js"
import { CircuitBreaker } from "../CircuitBreaker.js"
import { fireworks as dialect, type Target } from "../Dialect.js"
import { withContext } from "../internal/call/observerServices.js"
import { requestIdOf } from "../internal/classify/requestId.js"
import * as Headers from "../internal/http/headers.js"
import { oneOf, refuse } from "../internal/options.js"
import { RateLimiter } from "../RateLimiter.js"
import type { HeadersInput } from "../RetryHint.js"
import { RetryBudget } from "../RetryBudget.js"
import * as Workload from "../Workload.js"
import { makeClient, type Observers, type Settings } from "./internal/client.js"
import { makeControl, withControl } from "./internal/control.js"
import {
  ChatChunk,
  ChatCompletion,
  ChatRequest,
  Completion,
  CompletionRequest,
  EmbeddingRequest,
  Embeddings,
  Models
} from "./internal/inference/model.js"
import { prepare, withOptions } from "./internal/inference/prepare.js"
import { after, withChoices, withDeltas } from "./internal/lenient.js"
import type { CallOptions } from "./internal/model.js"
import { accountIdOf, apiKeyOf, baseUrlFrom, baseUrlOf } from "./internal/settings.js"

export type { CallOptions } from "./internal/model.js"

export {
  ChatChunk,
  ChatCompletion,
  ChatRequest,
  Completion,
  CompletionRequest,
  EmbeddingRequest,
  Embeddings,
  Message,
  Models,
  Usage
} from "./internal/inference/model.js"
export type {
  ChatChunkEncoded,
  ChatCompletionEncoded,
  ChatRequestEncoded,
  CompletionEncoded,
  CompletionRequestEncoded,
  EmbeddingRequestEncoded,
  EmbeddingsEncoded,
  MessageEncoded,
  ModelsEncoded,
  UsageEncoded
} from "./internal/inference/model.js"

// -------------------------------------------------------------------------------------------------
// Targets
// -------------------------------------------------------------------------------------------------

/**
 * Returns where a model runs, according to its name; undefined if the name does not show it.
 *
 * The target decides the meaning of a 429. Serverless models have rate limits that grow with sustained use. The capacity of a
 * dedicated deployment depends on its number of replicas.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Fireworks } from "effect-reliability/fireworks"
 *
 * assert.strictEqual(Fireworks.targetOf("accounts/fireworks/models/kimi-k2"), "serverless")
 * assert.strictEqual(Fireworks.targetOf("accounts/me/deployments/ours"), "dedicated")
 * assert.strictEqual(Fireworks.targetOf("accounts/fireworks/models/kimi-k2#accounts/me/deployments/ours"), "dedicated")
 * assert.strictEqual(Fireworks.targetOf("accounts/me/models/tuned"), undefined)
 * ```
 *
 * @since 0.1.0
 * @category getters
 */
export const targetOf = (model: string): Target | undefined => {
  if (model.includes("#") || /^accounts\/[^/]+\/deploy(?:ments|edModels)\//.test(model)) return "dedicated"
  return /^accounts\/fireworks\/(?:models|routers)\//.test(model) ? "serverless" : undefined
}

// -------------------------------------------------------------------------------------------------
// Response headers
// -------------------------------------------------------------------------------------------------

/**
 * Rate-limit amounts by kind; a kind that the server does not report is absent.
 *
 * @since 0.1.0
 * @category model
 */
export interface Amounts {
  /** All prompt tokens. */
  readonly promptTokens?: number
  /** Prompt tokens that were not cached. */
  readonly uncachedPromptTokens?: number
  /** Generated tokens. */
  readonly generatedTokens?: number
  /** Requests. Newer servers do not report them. */
  readonly requests?: number
}

/**
 * The rate limits in the headers of a response, per minute.
 *
 * @since 0.1.0
 * @category model
 */
export interface RateLimits {
  readonly limit: Amounts
  readonly remaining: Amounts
  /** True if the server reports that it is near its capacity. A 429 response with the value false was observed. */
  readonly isOverLimit?: boolean
}

/**
 * The interval of the amounts in rate-limit headers.
 *
 * @since 0.1.0
 * @category model
 */
export type LimitsPer = "minute" | "second"

const present = <A extends object>(fields: { readonly [K in keyof A]: A[K] | undefined }): A =>
  // undefined fields are left out, which the type of `fromEntries` does not express
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as A

const decimal = (headers: unknown, name: string): number | undefined => {
  const text = Headers.get(headers, name)
  return text !== undefined && /^\d{1,15}(?:\.\d{1,15})?(?:e-?\d{1,2})?$/i.test(text) ? Number(text) : undefined
}

/**
 * Reads the rate limits from the headers of a response. Values that are not numbers are left out.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Fireworks } from "effect-reliability/fireworks"
 *
 * const headers = {
 *   "x-ratelimit-limit-tokens-generated": "216000",
 *   "x-ratelimit-remaining-tokens-generated": "36000"
 * }
 * assert.deepStrictEqual(Fireworks.rateLimits(headers), {
 *   limit: { generatedTokens: 216_000 },
 *   remaining: { generatedTokens: 36_000 }
 * })
 * assert.strictEqual(Fireworks.rateLimits(headers, "second").limit.generatedTokens, 12_960_000)
 * ```
 *
 * @since 0.1.0
 * @category getters
 */
export const rateLimits = (headers: HeadersInput, limitsPer: LimitsPer = "minute"): RateLimits => {
  const perMinute = limitsPer === "second" ? 60 : 1
  const amounts = (kind: "limit" | "remaining"): Amounts => {
    const tokens = (name: string) => {
      const amount = decimal(headers, `x-ratelimit-${kind}-tokens-${name}`)
      return amount === undefined ? undefined : amount * perMinute
    }
    return present<Amounts>({
      promptTokens: tokens("prompt"),
      uncachedPromptTokens: tokens("cache-adjusted-prompt"),
      generatedTokens: tokens("generated"),
      // request limits are per minute in every case
      requests: decimal(headers, `x-ratelimit-${kind}-requests`)
    })
  }
  const over = Headers.get(headers, "x-ratelimit-over-limit")?.toLowerCase()
  return present<RateLimits>({
    limit: amounts("limit"),
    remaining: amounts("remaining"),
    isOverLimit: over === "yes" || over === "true" ? true : over === "no" || over === "false" ? false : undefined
  })
}

/**
 * Server-side timings and counts of a request. Queue times, host and deployment are reported by dedicated deployments only.
 *
 * @since 0.1.0
 * @category model
 */
export interface Performance {
  readonly promptTokens?: number
  readonly cachedPromptTokens?: number
  readonly serverTimeToFirstToken?: Duration.Duration
  readonly serverProcessingTime?: Duration.Duration
  readonly tokenizerQueueDuration?: Duration.Duration
  readonly tokenizerDuration?: Duration.Duration
  readonly prefillQueueDuration?: Duration.Duration
  readonly prefillDuration?: Duration.Duration
  readonly generationQueueDuration?: Duration.Duration
  readonly generationDuration?: Duration.Duration
  readonly concurrentRequests?: number
  readonly backendHost?: string
  /** The full name, which contains the account id. */
  readonly deployment?: string
}

/**
 * Reads the server's timings from the headers of a response (`fireworks-…`), or from the `perf_metrics` of its body. Numbers
 * that are not valid are left out.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Duration } from "effect"
 * import { Fireworks } from "effect-reliability/fireworks"
 *
 * const { cachedPromptTokens, serverTimeToFirstToken } = Fireworks.performance({
 *   "fireworks-cached-prompt-tokens": "120",
 *   "fireworks-server-time-to-first-token": "0.25"
 * })
 * assert.deepStrictEqual([cachedPromptTokens, serverTimeToFirstToken], [120, Duration.millis(250)])
 * assert.deepStrictEqual(Fireworks.performance({ "prompt-tokens": 7 }), { promptTokens: 7 })
 * ```
 *
 * @since 0.1.0
 * @category getters
 */
export const performance = (source: HeadersInput | Readonly<Record<string, unknown>>): Performance => {
  const count = (name: string) => decimal(source, `fireworks-${name}`) ?? decimal(source, name)
  const text = (name: string) => Headers.get(source, `fireworks-${name}`) ?? Headers.get(source, name)
  const seconds = (name: string) => {
    const amount = count(name)
    // rounded to microseconds; a duration in nanoseconds would be a bigint, which is harder to print
    return amount === undefined ? undefined : Duration.millis(Math.round(amount * 1e6) / 1e3)
  }
  return present<Performance>({
    promptTokens: count("prompt-tokens"),
    cachedPromptTokens: count("cached-prompt-tokens"),
    serverTimeToFirstToken: seconds("server-time-to-first-token"),
    serverProcessingTime: seconds("server-processing-time"),
    tokenizerQueueDuration: seconds("tokenizer-queue-duration"),
    tokenizerDuration: seconds("tokenizer-duration"),
    prefillQueueDuration: seconds("prefill-queue-duration"),
    prefillDuration: seconds("prefill-duration"),
    generationQueueDuration: seconds("generation-queue-duration"),
    generationDuration: seconds("generation-duration"),
    concurrentRequests: count("num-concurrent-requests"),
    backendHost: text("backend-host"),
    deployment: text("deployment")
  })
}

/**
 * The data from the headers of a response.
 *
 * @since 0.1.0
 * @category model
 */
export interface Meta {
  /** The request id of the server, or the id that the client sent. */
  readonly requestId?: string
  readonly rateLimits: RateLimits
  readonly performance: Performance
}

/**
 * The decoded body of a response, and the data from its headers.
 *
 * @since 0.1.0
 * @category model
 */
export interface Answer<out A> {
  readonly value: A
  readonly meta: Meta
}

// -------------------------------------------------------------------------------------------------
// The service
// -------------------------------------------------------------------------------------------------

/**
 * Options of `chatStream`.
 *
 * @since 0.1.0
 * @category model
 */
export interface StreamOptions extends CallOptions {
  /**
   * Runs when the headers of a response arrive, with their data. The timings are incomplete at that moment. For all of them,
   * set `perf_metrics_in_response` in the request and read the `perf_metrics` of the last chunk. @default nothing
   */
  readonly onMeta?: ((meta: Meta) => Effect.Effect<unknown>) | undefined
}

/**
 * The Fireworks API.
 *
 * @since 0.1.0
 * @category model
 */
export interface Fireworks {
  /** Completes a chat. */
  readonly chat: (request: ChatRequest, options?: CallOptions) => Effect.Effect<Answer<ChatCompletion>, ApiError>
  /** Completes a chat, and streams the chunks. A stream that breaks off fails: chunks of two attempts are never combined. */
  readonly chatStream: (request: ChatRequest, options?: StreamOptions) => Stream.Stream<ChatChunk, ApiError>
  /** Completes a text. */
  readonly completions: (
    request: CompletionRequest,
    options?: CallOptions
  ) => Effect.Effect<Answer<Completion>, ApiError>
  /** Computes embedding vectors of texts. */
  readonly embeddings: (request: EmbeddingRequest, options?: CallOptions) => Effect.Effect<Answer<Embeddings>, ApiError>
  /** Lists the models. */
  readonly models: (options?: CallOptions) => Effect.Effect<Answer<Models>, ApiError>
}

/**
 * Options of `make` and `layer`. The budget and the observers are the same as in `Reliability.make`.
 *
 * @since 0.1.0
 * @category model
 */
export interface Options<R = never> extends Observers<R> {
  /** The workload of calls without one in their options or in the current fiber. @default `Workload.interactive` */
  readonly workload?: Workload.Workload | undefined
  /** The interval of the server's rate-limit headers. `Meta` is always per minute. @default "minute" */
  readonly limitsPer?: LimitsPer | undefined
  /** The API key. */
  readonly apiKey: Redacted.Redacted
  /** The account id, which only the control plane needs. @default none */
  readonly accountId?: string | undefined
  /**
   * The base URL of the API, with or without `/inference/v1` at its end. The API key is sent to this host.
   * @default "https://api.fireworks.ai"
   */
  readonly baseUrl?: string | undefined
  /** The base URL of the control plane, with or without `/v1` at its end. @default `baseUrl` */
  readonly controlUrl?: string | undefined
}

/**
 * Options of `layerConfig`. The strings are read from a `Config`, and the workload may be.
 *
 * @since 0.1.0
 * @category model
 */
export interface ConfigOptions<R = never> extends Omit<
  Options<R>,
  "apiKey" | "accountId" | "baseUrl" | "controlUrl" | "workload"
> {
  /** The API key. @default `Config.redacted("FIREWORKS_API_KEY")` */
  readonly apiKey?: Config.Config<Redacted.Redacted> | undefined
  /** The account id. An empty string counts as not set. @default `Config.string("FIREWORKS_ACCOUNT_ID")`, if set */
  readonly accountId?: Config.Config<string | undefined> | undefined
  /** The base URL. An empty string counts as not set. @default `Config.string("FIREWORKS_BASE_URL")`, if set */
  readonly baseUrl?: Config.Config<string | undefined> | undefined
  /** The control-plane URL. An empty string counts as not set. @default `Config.string("FIREWORKS_CONTROL_URL")`, if set */
  readonly controlUrl?: Config.Config<string | undefined> | undefined
  /** The workload of calls without one of their own; see `Workload.config`. @default `Workload.interactive` */
  readonly workload?: Workload.Workload | Config.Config<Workload.Workload> | undefined
}

// -------------------------------------------------------------------------------------------------
// Private: reading responses
// -------------------------------------------------------------------------------------------------

const completion = /*#__PURE__*/ after(withChoices, Completion)
const chatCompletion = /*#__PURE__*/ after(withChoices, ChatCompletion)
const chatChunk = /*#__PURE__*/ after(withDeltas, ChatChunk)

const metaOf = (response: HttpClientResponse.HttpClientResponse, limitsPer: LimitsPer): Meta => {
  const { headers, request } = response
  return present<Meta>({
    requestId: requestIdOf(dialect.requestIdHeaders, headers) ?? request.headers["x-request-id"],
    rateLimits: rateLimits(headers, limitsPer),
    performance: performance(headers)
  })
}

// -------------------------------------------------------------------------------------------------
// make
// -------------------------------------------------------------------------------------------------

const checked = <R>(owner: string, options: Options<R>): Settings<R> => {
  const given = <A>(option: string, either: Either.Either<A, string>, value: string): A =>
    Either.getOrElse(either, (bound) => refuse(owner, option, value, bound))
  const { accountId, baseUrl = "https://api.fireworks.ai", controlUrl = baseUrl, ...rest } = options
  return {
    ...rest,
    workload: options.workload ?? Workload.interactive,
    limitsPer: oneOf(owner, "limitsPer", options.limitsPer ?? "minute", ["minute", "second"]),
    apiKey: given("apiKey", apiKeyOf(options.apiKey), "<redacted>"),
    accountId: accountId === undefined ? undefined : given("accountId", accountIdOf(accountId), "<redacted>"),
    baseUrl: baseUrlFrom(owner, "baseUrl", baseUrl),
    controlUrl: baseUrlFrom(owner, "controlUrl", controlUrl)
  }
}

const build = (http: HttpClient.HttpClient, settings: Settings): Fireworks => {
  const { baseUrl, limitsPer } = settings
  const client = makeClient(http, settings)
  const below = (path: string) => `${baseUrl}/inference/v1/${path}`
  const withMeta = <A>(value: A, response: HttpClientResponse.HttpClientResponse): Answer<A> => ({
    value,
    meta: metaOf(response, limitsPer)
  })
  const service: Fireworks = {
    chat: (request, options = {}) =>
      Effect.flatMap(prepare(below("chat/completions"), ChatRequest, request, options, targetOf), (call) =>
        client.json(call, chatCompletion, withMeta)
      ),
    chatStream: (request, options = {}) =>
      Stream.unwrap(
        Effect.map(
          prepare(below("chat/completions"), ChatRequest, request, options, targetOf, { stream: true }),
          (call) =>
            client.events(call, chatChunk, (response) => options.onMeta?.(metaOf(response, limitsPer)) ?? Effect.void)
        )
      ),
    completions: (request, options = {}) =>
      Effect.flatMap(prepare(below("completions"), CompletionRequest, request, options, targetOf), (call) =>
        client.json(call, completion, withMeta)
      ),
    embeddings: (request, options = {}) =>
      Effect.flatMap(prepare(below("embeddings"), EmbeddingRequest, request, options, targetOf), (call) =>
        client.json(call, Embeddings, withMeta)
      ),
    models: (options = {}) =>
      Effect.flatMap(withOptions(HttpClientRequest.get(below("models")), options), (request) =>
        client.json({ request, workload: options.workload }, Models, withMeta)
      )
  }
  return withControl(service, makeControl(client, settings))
}

/** Builds the service. The services of its observers come from the context. */
const built = <R>(settings: Settings<R>): Effect.Effect<Fireworks, never, HttpClient.HttpClient | R> =>
  Effect.zipWith(HttpClient.HttpClient, Effect.context<R>(), (http, context) =>
    build(http, { ...settings, ...withContext(settings, context) })
  )

/**
 * Makes the service with the `HttpClient` of the context. The services of the observers also come from the context.
 *
 * A redirect is an error, because `fetch` would send the API key to the new host. Each call therefore sets
 * `redirect: "manual"` in its `FetchHttpClient.RequestInit`, and keeps the other settings from the context of the call. A
 * `RequestInit` that is provided only to the client's layer has no effect.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Effect, Redacted } from "effect"
 * import { Fireworks } from "effect-reliability/fireworks"
 * import { Fault, ScriptedClient } from "effect-reliability/testing"
 *
 * const program = Effect.gen(function* () {
 *   const fireworks = yield* Fireworks.make({ apiKey: Redacted.make("fw_secret") })
 *   const { value } = yield* fireworks.chat({
 *     model: "accounts/fireworks/models/kimi-k2",
 *     messages: [{ role: "user", content: "Hello" }]
 *   })
 *   return value.choices[0]?.message.content
 * })
 *
 * // in an application, provide `Transport.layer` of `effect-reliability/node`, or any other client
 * const inMemory = ScriptedClient.layer(Fault.healthy)
 * assert.strictEqual(await Effect.runPromise(program.pipe(Effect.provide(inMemory))), "Hello")
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = <R = never>(options: Options<R>): Effect.Effect<Fireworks, never, HttpClient.HttpClient | R> =>
  built(checked("Fireworks.make", options))

// -------------------------------------------------------------------------------------------------
// layer
// -------------------------------------------------------------------------------------------------

/**
 * The tag of the Fireworks API service.
 *
 * @since 0.1.0
 * @category layers
 */
export const Fireworks: Context.Tag<Fireworks, Fireworks> = /*#__PURE__*/ Context.GenericTag<Fireworks>(
  "effect-reliability/fireworks/Fireworks"
)

/**
 * Provides the Fireworks API with the `HttpClient` of the context. The services of observers also come from the context. So do
 * a `RetryBudget`, a `RateLimiter` and a `CircuitBreaker`, unless the options `budget`, `limiter` and `breaker` are set.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Effect, Layer, Redacted, Stream } from "effect"
 * import { Fireworks } from "effect-reliability/fireworks"
 * import { ScriptedClient } from "effect-reliability/testing"
 *
 * const Live = Fireworks.layer({ apiKey: Redacted.make("fw_secret") }).pipe(Layer.provide(ScriptedClient.layer()))
 *
 * const program = Effect.gen(function* () {
 *   const fireworks = yield* Fireworks.Fireworks
 *   const chunks = fireworks.chatStream({
 *     model: "accounts/fireworks/models/kimi-k2",
 *     messages: [{ role: "user", content: "one two three" }]
 *   })
 *   return yield* chunks.pipe(Stream.map((chunk) => chunk.choices[0]?.delta.content ?? ""), Stream.mkString)
 * })
 *
 * assert.strictEqual(await Effect.runPromise(program.pipe(Effect.provide(Live))), "one two three")
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = <R = never>(options: Options<R>): Layer.Layer<Fireworks, never, HttpClient.HttpClient | R> => {
  const settings = checked("Fireworks.layer", options)
  return Layer.effect(
    Fireworks,
    Effect.flatMap(Effect.context<R>(), (context) =>
      built({
        ...settings,
        budget: settings.budget ?? Option.getOrUndefined(Context.getOption(context, RetryBudget)),
        limiter: settings.limiter ?? Option.getOrUndefined(Context.getOption(context, RateLimiter)),
        breaker: settings.breaker ?? Option.getOrUndefined(Context.getOption(context, CircuitBreaker))
      })
    )
  )
}

/**
 * Provides the Fireworks API with options from `Config`.
 *
 * By default it reads `FIREWORKS_API_KEY`, and `FIREWORKS_ACCOUNT_ID`, `FIREWORKS_BASE_URL` and `FIREWORKS_CONTROL_URL` if they
 * are set. Errors name the variable and never contain its value.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Config, ConfigProvider, Effect, Layer } from "effect"
 * import { Workload } from "effect-reliability"
 * import { Fireworks } from "effect-reliability/fireworks"
 * import { ScriptedClient } from "effect-reliability/testing"
 *
 * const environment = ConfigProvider.fromMap(new Map([["FIREWORKS_API_KEY", " "]]))
 * const Live = Fireworks.layerConfig({
 *   accountId: Config.succeed("my-account"),
 *   workload: Config.nested(Workload.config(Workload.interactive), "CHAT") // such as CHAT_DEADLINE="30 seconds"
 * }).pipe(Layer.provide(ScriptedClient.layer()), Layer.provide(Layer.setConfigProvider(environment)))
 *
 * const error = await Effect.runPromise(Fireworks.Fireworks.pipe(Effect.provide(Live), Effect.flip))
 * assert.match(String(error), /FIREWORKS_API_KEY/)
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = <R = never>(
  options: ConfigOptions<R> = {}
): Layer.Layer<Fireworks, ConfigError.ConfigError, HttpClient.HttpClient | R> => {
  const invalid = (name: string) => (wrong: string) => ConfigError.InvalidData([name], `It ${wrong}`)
  const must = <A>(checked: Either.Either<A, string>) => Either.mapLeft(checked, (bound) => `must be ${bound}`)
  const optional = (
    given: Config.Config<string | undefined> | undefined,
    option: string,
    variable: string,
    check: (text: string) => Either.Either<string, string>
  ) =>
    (given ?? Config.withDefault(Config.string(variable), "")).pipe(
      Config.mapOrFail((text = "") =>
        text.trim() === ""
          ? Either.right(undefined)
          : Either.mapLeft(check(text.trim()), invalid(given === undefined ? variable : option))
      )
    )
  const { workload } = options
  const settings = Config.all({
    apiKey: (options.apiKey ?? Config.redacted("FIREWORKS_API_KEY")).pipe(
      Config.mapOrFail((key) =>
        Either.mapLeft(must(apiKeyOf(key)), invalid(options.apiKey === undefined ? "FIREWORKS_API_KEY" : "apiKey"))
      )
    ),
    accountId: optional(options.accountId, "accountId", "FIREWORKS_ACCOUNT_ID", (text) => must(accountIdOf(text))),
    baseUrl: optional(options.baseUrl, "baseUrl", "FIREWORKS_BASE_URL", baseUrlOf),
    controlUrl: optional(options.controlUrl, "controlUrl", "FIREWORKS_CONTROL_URL", baseUrlOf),
    workload: Config.isConfig(workload) ? workload : Config.succeed(workload)
  })
  // throws on invalid options here, and not when the layer is built
  oneOf("Fireworks.layerConfig", "limitsPer", options.limitsPer ?? "minute", ["minute", "second"])
  return Layer.unwrapEffect(Effect.map(settings, (found) => layer({ ...options, ...found })))
}
