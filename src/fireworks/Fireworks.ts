/**
 * The Fireworks AI API as a service whose calls succeed, or fail with an `ApiError` that says what to do.
 *
 * Any `HttpClient` sends the requests; workload, retries, the provider's meaning of its answers and the deadline come from
 * here. Requests and answers are typed as far as they are known and open beyond: what the API learns tomorrow is sent and
 * handed out today. No error, observer or span of a call holds the key, the prompt or the account's id.
 *
 * | call | workload, where nobody says more | what is handed out |
 * | --- | --- | --- |
 * | `chat`, `completions`, `embeddings`, `models` | `Workload.interactive` | the answer, and what its headers say |
 * | `chatStream` | `Workload.interactive` | its chunks, without `[DONE]` |
 *
 * A workload is looked for in the call's options, then around the call (`Workload.within`), then in those of the service.
 * Inference has the idempotency `safe`, whatever the workload: a call whose response is lost is repeated, unless
 * `ReliableHttpClient.withIdempotency("never")` is around it. A deployment that starts from zero takes minutes: under a workload
 * without patience a call fails at once, and says so.
 *
 * Where the provider's documents are silent or contradict each other:
 *
 * - An answer of 200 that holds an `error`, or whose `finish_reason` is `"error"`, is a failure: `Transient` `ServerError`, or
 *   what the error's code says. It is tried again as a 500 is; in a stream, which was begun, it ends the stream.
 * - The limits in the headers are said to be per second and per minute; measured were those per minute: see `limitsPer`.
 * - No `Retry-After` is documented; where there is one it holds.
 * - A model of an account of one's own (`accounts/me/models/…`) may run anywhere: what a 429 means is then read as serverless.
 * - Whether regional hosts serve the control plane is not documented: see `controlUrl`.
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
import { fireworks as dialect, type Target } from "../Dialect.js"
import { withContext } from "../internal/call/observerServices.js"
import { requestIdOf } from "../internal/classify/requestId.js"
import * as Headers from "../internal/http/headers.js"
import { oneOf, refuse } from "../internal/options.js"
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
 * Reads off a model's name where it runs, which decides what a 429 means: everybody's servers have limits that grow with
 * sustained use, a deployment of one's own has as much capacity as it has replicas. Nothing where the name does not tell.
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
// What headers tell
// -------------------------------------------------------------------------------------------------

/**
 * How much is allowed, or left, of each kind; absent where the server does not say.
 *
 * @since 0.1.0
 * @category model
 */
export interface Amounts {
  /** All tokens of prompts. */
  readonly promptTokens?: number
  /** Tokens of prompts that no cache held. */
  readonly uncachedPromptTokens?: number
  /** Tokens generated. */
  readonly generatedTokens?: number
  /** Requests; not told any more by newer servers. */
  readonly requests?: number
}

/**
 * The rate limits that an answer told of, per minute.
 *
 * @since 0.1.0
 * @category model
 */
export interface RateLimits {
  readonly limit: Amounts
  readonly remaining: Amounts
  /** Whether the server calls itself near its capacity. It was seen to say no beside a 429. */
  readonly isOverLimit?: boolean
}

/**
 * What the numbers in rate-limit headers count by.
 *
 * @since 0.1.0
 * @category model
 */
export type LimitsPer = "minute" | "second"

const present = <A extends object>(fields: { readonly [K in keyof A]: A[K] | undefined }): A =>
  // what is undefined is left out, which `fromEntries` cannot tell
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as A

const decimal = (headers: unknown, name: string): number | undefined => {
  const text = Headers.get(headers, name)
  return text !== undefined && /^\d{1,15}(?:\.\d{1,15})?(?:e-?\d{1,2})?$/i.test(text) ? Number(text) : undefined
}

/**
 * Reads the rate limits out of the headers of an answer. Whatever is no number is left out.
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
      // these were always per minute
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
 * What the server tells of its work on a request; the queues, the host and the deployment only where it is a dedicated one.
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
  /** Names the account. */
  readonly deployment?: string
}

/**
 * Reads the server's times out of the headers of an answer (`fireworks-…`), or out of the `perf_metrics` of its body.
 * Whatever is no number is left out.
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
    // whole nanoseconds would be a bigint, which prints badly; a millionth of a second is enough
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
 * What the headers of an answer tell.
 *
 * @since 0.1.0
 * @category model
 */
export interface Meta {
  /** The server's id of the request, or the one that was sent. */
  readonly requestId?: string
  readonly rateLimits: RateLimits
  readonly performance: Performance
}

/**
 * An answer, and what its headers tell.
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
 * What `chatStream` takes.
 *
 * @since 0.1.0
 * @category model
 */
export interface StreamOptions extends CallOptions {
  /**
   * Runs when an answer begins, with what its headers tell. The times are incomplete then: they are in the last chunk's
   * `perf_metrics`, if the request asks for them by `perf_metrics_in_response`. @default nothing
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
  /** Answers a chat. */
  readonly chat: (request: ChatRequest, options?: CallOptions) => Effect.Effect<Answer<ChatCompletion>, ApiError>
  /** Answers a chat piece by piece; a stream that broke off fails, and is never put together out of two. */
  readonly chatStream: (request: ChatRequest, options?: StreamOptions) => Stream.Stream<ChatChunk, ApiError>
  /** Continues a text. */
  readonly completions: (
    request: CompletionRequest,
    options?: CallOptions
  ) => Effect.Effect<Answer<Completion>, ApiError>
  /** Turns texts into vectors. */
  readonly embeddings: (request: EmbeddingRequest, options?: CallOptions) => Effect.Effect<Answer<Embeddings>, ApiError>
  /** Lists the models. */
  readonly models: (options?: CallOptions) => Effect.Effect<Answer<Models>, ApiError>
}

/**
 * Options of `make` and `layer`. Budget and observers are those of `Reliability.make`.
 *
 * @since 0.1.0
 * @category model
 */
export interface Options<R = never> extends Observers<R> {
  /** Limits and retries of calls that have no workload of their own. @default `Workload.interactive` */
  readonly workload?: Workload.Workload | undefined
  /** The interval that the server's rate-limit headers count by; `Meta` counts by the minute. @default "minute" */
  readonly limitsPer?: LimitsPer | undefined
  readonly apiKey: Redacted.Redacted
  /** The account, which only the control plane needs. @default none */
  readonly accountId?: string | undefined
  /**
   * Where the API is: the part before `/inference/v1`, which may be there too. The key is sent there.
   * @default "https://api.fireworks.ai"
   */
  readonly baseUrl?: string | undefined
  /** The same of the control plane: the part before `/v1`. @default `baseUrl` */
  readonly controlUrl?: string | undefined
}

/**
 * Options of `layerConfig`: the strings, and the workload if wanted, are read from a `Config`.
 *
 * @since 0.1.0
 * @category model
 */
export interface ConfigOptions<R = never> extends Omit<
  Options<R>,
  "apiKey" | "accountId" | "baseUrl" | "controlUrl" | "workload"
> {
  /** @default `Config.redacted("FIREWORKS_API_KEY")` */
  readonly apiKey?: Config.Config<Redacted.Redacted> | undefined
  /** An empty string counts as not set. @default `Config.string("FIREWORKS_ACCOUNT_ID")`, if set */
  readonly accountId?: Config.Config<string | undefined> | undefined
  /** An empty string counts as not set. @default `Config.string("FIREWORKS_BASE_URL")`, if set */
  readonly baseUrl?: Config.Config<string | undefined> | undefined
  /** An empty string counts as not set. @default `Config.string("FIREWORKS_CONTROL_URL")`, if set */
  readonly controlUrl?: Config.Config<string | undefined> | undefined
  /** Limits and retries of calls that have no workload of their own; see `Workload.config`. @default `Workload.interactive` */
  readonly workload?: Workload.Workload | Config.Config<Workload.Workload> | undefined
}

// -------------------------------------------------------------------------------------------------
// Private: what an answer tells
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
  const answered = <A>(value: A, response: HttpClientResponse.HttpClientResponse): Answer<A> => ({
    value,
    meta: metaOf(response, limitsPer)
  })
  const service: Fireworks = {
    chat: (request, options = {}) =>
      Effect.flatMap(prepare(below("chat/completions"), ChatRequest, request, options, targetOf), (call) =>
        client.json(call, chatCompletion, answered)
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
        client.json(call, completion, answered)
      ),
    embeddings: (request, options = {}) =>
      Effect.flatMap(prepare(below("embeddings"), EmbeddingRequest, request, options, targetOf), (call) =>
        client.json(call, Embeddings, answered)
      ),
    models: (options = {}) =>
      Effect.flatMap(withOptions(HttpClientRequest.get(below("models")), options), (request) =>
        client.json({ request, workload: options.workload }, Models, answered)
      )
  }
  return withControl(service, makeControl(client, settings))
}

/** Builds the service in a context that has the services of its observers. */
const built = <R>(settings: Settings<R>): Effect.Effect<Fireworks, never, HttpClient.HttpClient | R> =>
  Effect.zipWith(HttpClient.HttpClient, Effect.context<R>(), (http, context) =>
    build(http, { ...settings, ...withContext(settings, context) })
  )

/**
 * Makes the service over the `HttpClient` of the context, which also has what the observers need.
 *
 * A redirect is an error: followed by `fetch`, it would take the key to another host. To see to that, each call has its own
 * `FetchHttpClient.RequestInit`, made of the one in its context; one that only the client's layer was given is without effect.
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
 * // in a program, `Transport.layer` of `effect-reliability/node`, or any other client
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
 * The Fireworks API of an application.
 *
 * @since 0.1.0
 * @category layers
 */
export const Fireworks: Context.Tag<Fireworks, Fireworks> = /*#__PURE__*/ Context.GenericTag<Fireworks>(
  "effect-reliability/fireworks/Fireworks"
)

/**
 * Provides the Fireworks API over the application's `HttpClient`. The services of observers are taken from the layer's context,
 * and so is a `RetryBudget`, if there is one and the option `budget` is not set.
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
    Effect.flatMap(Effect.serviceOption(RetryBudget), (found) =>
      built({ ...settings, budget: settings.budget ?? Option.getOrUndefined(found) })
    )
  )
}

/**
 * Provides the Fireworks API with options from `Config`: by default from the variables `FIREWORKS_API_KEY`, and if they are set
 * `FIREWORKS_ACCOUNT_ID`, `FIREWORKS_BASE_URL` and `FIREWORKS_CONTROL_URL`. Errors name the variable and never its value.
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
  // refuses bad options here, and not where the layer is used
  oneOf("Fireworks.layerConfig", "limitsPer", options.limitsPer ?? "minute", ["minute", "second"])
  return Layer.unwrapEffect(Effect.map(settings, (found) => layer({ ...options, ...found })))
}
