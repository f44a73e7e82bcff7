/**
 * Exports metrics, traces and logs of all calls that are made with this package.
 *
 * The error of a failed call describes that call only. It does not show how often calls fail, how long they wait, or whether
 * retries hide an outage. The layers of this module observe every call of this package, without changes to the code that makes
 * the calls. They use Effect's own `Metric`s, `Tracer` and loggers, so `@effect/opentelemetry` exports all of them.
 *
 * | export | output |
 * | --- | --- |
 * | `metrics` | counters and histograms of calls, attempts, waits, streams, circuits and stores |
 * | `genAi` | the metrics of OpenTelemetry's conventions for generative models, such as `gen_ai.client.token.usage` |
 * | `spans` | a span for each call, and one for each of its attempts |
 * | `logs` | a line for each retry, each call that is given up, each transition of a circuit, … |
 * | `layer` | all of them |
 * | `prometheus` | the metrics of this package as a page that Prometheus can scrape |
 * | `names`, `attributes` | the tables of all names |
 *
 * Attributes have the names of OpenTelemetry's conventions where these exist: `server.address`, `error.type`,
 * `gen_ai.request.model`, `http.request.resend_count`. The metrics of `metrics` have names of their own, which begin with
 * `reliability.`: the conventions for HTTP count each request once, those for generative models count each operation once, and
 * neither define attempts. Durations are in seconds.
 *
 * In Prometheus's text format, dots become underscores, units are spelled out, and counters end in `_total`. Examples are
 * `reliability_call_duration_seconds` and `reliability_attempts_total`. A name or label that the format reserves is changed: a
 * gauge `y_count` beside a histogram `y` becomes `y_count_gauge`, and a label `__name__` becomes `exported___name__`.
 *
 * Tags of Effect metrics are strings, so `server.port` is a number in spans only. OpenTelemetry exporters read the unit from
 * the tag `unit`. They export that tag as an attribute too, since Effect has no other place for a unit.
 *
 * No attribute and no line holds a path, a query, an account, a secret, or content of a request or response. Of a response, only the
 * status, the error code, the ids, the model, the finish reasons and the numbers of tokens are reported. In metrics, after one hundred
 * workloads, models or hosts, further ones are reported as `(other)`.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import type * as MetricPair from "effect/MetricPair"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as CircuitBreaker from "./CircuitBreaker.js"
import { observing } from "./internal/call/context.js"
import type { Observer } from "./internal/call/model.js"
import { type Listener, listening } from "./internal/call/notices.js"
import { duration, oneOf } from "./internal/options.js"
import { genAiObserver, type Revision, revisions } from "./internal/telemetry/genAi.js"
import { limiterObserver } from "./internal/telemetry/limiter.js"
import { type Level, levelsOf, logsOf } from "./internal/telemetry/logs.js"
import { metricsListener, metricsObserver, recordState } from "./internal/telemetry/metrics.js"
import { attributes as allAttributes, names as allNames } from "./internal/telemetry/names.js"
import { prometheusText } from "./internal/telemetry/prometheusText.js"
import { spansObserver } from "./internal/telemetry/spans.js"
import { metricOf } from "./internal/telemetry/subjects.js"
import * as RateLimiter from "./RateLimiter.js"
import type { RetryBudget } from "./RetryBudget.js"

// -------------------------------------------------------------------------------------------------
// Model
// -------------------------------------------------------------------------------------------------

/**
 * A metric or a span: its name, its unit, and its attributes.
 *
 * @since 0.1.0
 * @category model
 */
export interface Named {
  /** The name. In the name of a span, an attribute in braces stands for its value. */
  readonly name: string
  readonly kind: "counter" | "histogram" | "gauge" | "span"
  /** The unit as OpenTelemetry writes it, such as `s` for seconds. Empty for spans. */
  readonly unit: string
  /** The short names of the attributes that it may have. */
  readonly attributes: ReadonlyArray<keyof typeof attributes>
  /** A sentence on what the metric counts or measures, or what the span covers. */
  readonly counts: string
}

/**
 * The level of a kind of line. `"None"` switches the kind off.
 *
 * @since 0.2.0
 * @category model
 */
export type LogLevel = Level

/**
 * Options of `logs`: the level of each kind of line.
 *
 * @since 0.2.0
 * @category model
 */
export interface LogOptions {
  /** An attempt failed, and another one follows after a wait. @default "Debug" */
  readonly retry?: LogLevel | undefined
  /** A call that may be retried failed for good, or a stream failed. @default "Warning" */
  readonly giveUp?: LogLevel | undefined
  /** A call failed at its first attempt with a `Fatal` error, which is never retried. @default "Debug" */
  readonly failure?: LogLevel | undefined
  /** The circuit of a breaker changed its state. @default "Warning" */
  readonly transition?: LogLevel | undefined
  /**
   * A rate limiter holds back all calls of a key for a second or longer. Logged once, until the server accepts a call again.
   * @default "Info"
   */
  readonly pause?: LogLevel | undefined
  /** The store of a limiter, a budget or a breaker is unavailable. Logged once for each outage. @default "Warning" */
  readonly outage?: LogLevel | undefined
  /** A trainer or another job was resumed. @default "Info" */
  readonly resumed?: LogLevel | undefined
  /** A trainer was interrupted and lost the state of its optimizer. @default "Error" */
  readonly optimizerLost?: LogLevel | undefined
}

/**
 * A revision of OpenTelemetry's conventions for generative models.
 *
 * - `1.41`: version 1.41.0 of the general conventions, with `gen_ai.client.operation.duration` and `gen_ai.client.token.usage`.
 * - `genai-0.1`: version 0.1.0 of the separate conventions, with `gen_ai.client.inference.duration` and
 *   `gen_ai.client.inference.usage.input_tokens`.
 *
 * @since 0.2.0
 * @category model
 */
export type Conventions = Revision

/**
 * Options of `genAi`.
 *
 * @since 0.2.0
 * @category model
 */
export interface GenAiOptions {
  /**
   * The revision whose names the metrics have. To change the revision without a gap, provide two layers.
   * @default "1.41", which most dashboards read
   */
  readonly conventions?: Conventions | undefined
}

/**
 * Options of `layer`.
 *
 * @since 0.2.0
 * @category model
 */
export interface Options extends GenAiOptions {
  /** The levels of `logs`. @default those of `logs` */
  readonly logs?: LogOptions | undefined
}

/**
 * Options of `observeBreaker`.
 *
 * @since 0.2.0
 * @category model
 */
export interface BreakerOptions {
  /** The wait between two readings of the breaker, at least 1 millisecond. @default "5 seconds" */
  readonly every?: Duration.DurationInput | undefined
}

/**
 * Options of `observeLimiter`.
 *
 * @since 0.2.0
 * @category model
 */
export interface LimiterOptions {
  /** The wait between two readings of the limiter, at least 1 millisecond. @default "5 seconds" */
  readonly every?: Duration.DurationInput | undefined
}

/**
 * Options of `observeBudget`.
 *
 * @since 0.1.0
 * @category model
 */
export interface BudgetOptions {
  /** The time between two readings of the budget, at least 1 millisecond. @default "5 seconds" */
  readonly every?: Duration.DurationInput | undefined
}

/**
 * All metrics and spans. This package uses no other names.
 *
 * @since 0.1.0
 * @category constants
 */
export const names: { readonly [K in keyof typeof allNames]: Named } = allNames

/**
 * The attributes of metrics and spans, by their short names.
 *
 * @since 0.1.0
 * @category constants
 */
export const attributes: {
  readonly [K in keyof typeof allAttributes]: { readonly name: string; readonly holds: string }
} = allAttributes

/**
 * The `content-type` of the page that `prometheus` returns.
 *
 * @since 0.1.0
 * @category constants
 */
export const prometheusType = "text/plain; version=0.0.4; charset=utf-8"

// -------------------------------------------------------------------------------------------------
// Layers
// -------------------------------------------------------------------------------------------------

interface Observing {
  readonly observer: Observer
  readonly listener?: Listener | undefined
}

const observingLayer = (observe: () => Observing): Layer.Layer<never> =>
  Layer.scopedDiscard(
    Effect.suspend(() => {
      const { listener, observer } = observe()
      return listener === undefined ? observing(observer) : Effect.zipRight(listening(listener), observing(observer))
    })
  )

/**
 * Records all calls, attempts, waits and streams as Effect metrics. They also have the tags of the current fiber
 * (`Effect.tagMetrics`). The transitions and refusals of all circuits, and the outages of stores, are recorded too.
 *
 * A call that consists of protected calls is not counted itself, because those calls are. Metrics are global to the process:
 * the layer counts nothing twice, however often it is provided.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Effect } from "effect"
 * import { Reliability, Telemetry, Workload } from "effect-reliability"
 *
 * const call = Effect.succeed("an answer").pipe(Reliability.protect(Workload.interactive))
 *
 * const program = Effect.zipRight(call, Telemetry.prometheus).pipe(Effect.provide(Telemetry.metrics))
 *
 * const page = await Effect.runPromise(program)
 * assert.match(page, /^reliability_calls_total\{reliability_outcome="success",reliability_workload="interactive"\} 1$/m)
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const metrics: Layer.Layer<never> = /*#__PURE__*/ observingLayer(() => ({
  observer: metricsObserver(),
  listener: metricsListener()
}))

/**
 * Creates a span for each call, as a child of the caller's span, and a child of it for each attempt.
 *
 * An attempt that times out ends with an error and its reason. An attempt that is interrupted ends as `Aborted`. If the
 * operation and the model of a call are known, its span is named after both. OpenTelemetry's conventions for generative AI
 * require that name.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Effect } from "effect"
 * import { Reliability, Telemetry, Workload } from "effect-reliability"
 *
 * const inner = Effect.map(Effect.currentSpan, (span) => span.name)
 * const call = inner.pipe(Reliability.protect(Workload.interactive))
 *
 * const name = await Effect.runPromise(call.pipe(Effect.provide(Telemetry.spans)))
 * assert.strictEqual(name, "reliability.attempt")
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const spans: Layer.Layer<never> = /*#__PURE__*/ observingLayer(() => ({ observer: spansObserver }))

/**
 * Logs what this package does about failures, through Effect's loggers and with structured annotations.
 *
 * | line | level | annotations beside `workload`, `operation`, `model`, `address`, `reason`, `delivery`, `requestId` |
 * | --- | --- | --- |
 * | `retry` | Debug | `attempt`, `why` the wait has its length, `wait`, `phase`, `status`, `code` |
 * | `giveUp` | Warning | `attempt`, `why` there is no further attempt, `duration`, `phase`, `status`, `code` |
 * | `failure` | Debug | the same |
 * | `transition` | Warning | only `key`, `from`, `to`, and for an opening `wait` and `openings` |
 * | `pause` | Info | only `key`, `reason`, `wait` |
 * | `outage` | Warning | only `policy` |
 * | `resumed` | Info | only `job`, `kind` |
 * | `optimizerLost` | Error | only `job`, `kind`, `resumed` |
 *
 * Calls use the loggers and the annotations of their fiber, and so does the call that changes a circuit or pauses a limiter. A
 * call that is interrupted logs nothing, nor does a call without a failure. The last three kinds, and retries of requests that
 * concern jobs, are logged at their default levels without this layer too. Keys contain digests of credentials, not credentials.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Effect, HashMap, Layer, Logger, LogLevel } from "effect"
 * import { ApiError, Reliability, Retry, Telemetry, Workload } from "effect-reliability"
 *
 * const lines: Array<string> = []
 * const logger = Logger.make<unknown, void>(({ annotations, logLevel }) => {
 *   lines.push(`${logLevel.label} ${HashMap.unsafeGet(annotations, "reason")} ${HashMap.unsafeGet(annotations, "attempt")}`)
 * })
 * const Live = Layer.mergeAll(
 *   Telemetry.logs({ retry: "Info" }),
 *   Logger.replace(Logger.defaultLogger, logger),
 *   Logger.minimumLogLevel(LogLevel.Info)
 * )
 *
 * const down = new ApiError.Transient({ reason: "Unavailable", delivery: "Acknowledged", status: 503 })
 * let attempts = 0
 * const call = Effect.suspend(() => (++attempts < 2 ? Effect.fail(down) : Effect.succeed("a response")))
 * const workload = Workload.with(Workload.interactive, { retry: Retry.make({ base: "1 millis" }) })
 *
 * await Effect.runPromise(call.pipe(Reliability.protect(workload), Effect.provide(Live)))
 * assert.deepStrictEqual(lines, ["INFO Unavailable 1"])
 * ```
 *
 * @since 0.2.0
 * @category layers
 */
export const logs = (options: LogOptions = {}): Layer.Layer<never> => {
  const levels = levelsOf("Telemetry.logs", options)
  return observingLayer(() => logsOf(levels))
}

/**
 * Records the metrics that OpenTelemetry's conventions for generative models define, beside those of `metrics`.
 *
 * | what | `1.41`: `gen_ai.client.` | `genai-0.1`: `gen_ai.client.inference.` |
 * | --- | --- | --- |
 * | duration of the operation | `operation.duration` | `duration` |
 * | tokens | `token.usage` | `usage.input_tokens`, `usage.output_tokens`, `operation.input_tokens`, `operation.output_tokens` |
 * | time to the first chunk | `operation.time_to_first_chunk` | `time_to_first_chunk` |
 * | time between chunks | `operation.time_per_output_chunk` | `time_per_output_chunk` |
 *
 * An operation is a call with all its attempts and waits, and with the stream that it opens. A chunk is an event of the stream. Only
 * calls whose `about` names `operation` and `provider` are recorded, since the conventions require both; the Fireworks client names
 * them. Tokens are those that the response states, so a stream has them only if its request asks for them.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Effect, Layer, Redacted } from "effect"
 * import { Telemetry } from "effect-reliability"
 * import { Fireworks } from "effect-reliability/fireworks"
 * import { ScriptedClient } from "effect-reliability/testing"
 *
 * const Live = Layer.mergeAll(
 *   Telemetry.genAi(),
 *   Fireworks.layer({ apiKey: Redacted.make("fw_secret") }).pipe(Layer.provide(ScriptedClient.layer()))
 * )
 *
 * const program = Effect.gen(function* () {
 *   const fireworks = yield* Fireworks.Fireworks
 *   yield* fireworks.chat({ model: "accounts/fireworks/models/kimi-k2", messages: [{ role: "user", content: "Hello" }] })
 *   return yield* Telemetry.prometheus
 * })
 *
 * const page = await Effect.runPromise(program.pipe(Effect.provide(Live)))
 * assert.match(page, /gen_ai_client_token_usage_count\{.*gen_ai_token_type="output"/)
 * ```
 *
 * @since 0.2.0
 * @category layers
 */
export const genAi = (options: GenAiOptions = {}): Layer.Layer<never> => {
  const revision = oneOf("Telemetry.genAi", "conventions", options.conventions ?? "1.41", revisions)
  return observingLayer(() => ({ observer: genAiObserver(revision) }))
}

/**
 * Provides `metrics`, `genAi`, `spans` and `logs`.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Effect } from "effect"
 * import { Reliability, Telemetry, Workload } from "effect-reliability"
 *
 * const call = Effect.succeed("a response").pipe(Reliability.protect(Workload.interactive))
 * const program = Effect.zipRight(call, Telemetry.prometheus)
 *
 * const page = await Effect.runPromise(program.pipe(Effect.provide(Telemetry.layer({ logs: { pause: "None" } }))))
 * assert.match(page, /reliability_attempts_total/)
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options = {}): Layer.Layer<never> =>
  Layer.mergeAll(metrics, genAi(options), spans, logs(options.logs))

// -------------------------------------------------------------------------------------------------
// Observers
// -------------------------------------------------------------------------------------------------

/**
 * Reports the retries that a budget has left in a gauge, or the amount that a budget with costs holds, until the scope closes.
 *
 * The budget is read at a fixed interval, since other code than the calls of this package may use it too.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Effect } from "effect"
 * import { RetryBudget, Telemetry } from "effect-reliability"
 *
 * const program = Effect.gen(function* () {
 *   yield* Telemetry.observeBudget("inference", yield* RetryBudget.make({ max: 7 }))
 *   return yield* Telemetry.prometheus
 * })
 *
 * const page = await Effect.runPromise(Effect.scoped(program))
 * assert.match(page, /^reliability_budget_available\{reliability_budget="inference"\} 7$/m)
 * ```
 *
 * @since 0.1.0
 * @category observers
 */
export const observeBudget = (
  name: string,
  budget: RetryBudget,
  options: BudgetOptions = {}
): Effect.Effect<void, never, Scope.Scope> => {
  const every = duration("Telemetry.observeBudget", "every", options.every ?? "5 seconds", { min: 1 })
  return Effect.suspend(() => {
    const hasCosts = budget.options.cost !== undefined
    const gauge = metricOf(hasCosts ? allNames.budgetBalance : allNames.budget, { budget: name })
    const amount = hasCosts ? budget.balance : budget.available
    return repeatedly(
      Effect.map(amount, (value) => gauge.unsafeUpdate(value, [])),
      every
    )
  })
}

/** Runs an effect now and at intervals, until the scope closes. */
const repeatedly = (effect: Effect.Effect<void>, every: Duration.Duration): Effect.Effect<void, never, Scope.Scope> =>
  Effect.zipRight(
    effect,
    Effect.asVoid(Effect.forkScoped(Effect.delay(Effect.repeat(effect, Schedule.spaced(every)), every)))
  )

/**
 * Records the state of each circuit of a breaker in a gauge, until the scope closes: 0 for closed, 1 for half-open, 2 for open.
 *
 * `metrics` records the state of a circuit when it changes. This function also records circuits that never opened, and those whose
 * state another process changed in their store. The breaker is read at intervals, so that its calls cost nothing more. Only the
 * first hundred keys are recorded.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Effect } from "effect"
 * import { CircuitBreaker, Telemetry } from "effect-reliability"
 *
 * const program = Effect.gen(function* () {
 *   const breaker = yield* CircuitBreaker.make()
 *   yield* Effect.void.pipe(CircuitBreaker.withBreaker(breaker, { key: "api.example.com" }))
 *   yield* Telemetry.observeBreaker(breaker)
 *   return yield* Telemetry.prometheus
 * })
 *
 * const page = await Effect.runPromise(Effect.scoped(program))
 * assert.match(page, /^reliability_breaker_state\{reliability_breaker_key="api.example.com"\} 0$/m)
 * ```
 *
 * @since 0.2.0
 * @category observers
 */
export const observeBreaker = (
  breaker: CircuitBreaker.CircuitBreaker,
  options: BreakerOptions = {}
): Effect.Effect<void, never, Scope.Scope> => {
  const every = duration("Telemetry.observeBreaker", "every", options.every ?? "5 seconds", { min: 1 })
  const reading = Effect.sync(() => {
    for (const { key, state } of CircuitBreaker.describe(breaker).slice(0, 100)) recordState(key, state)
  })
  return repeatedly(reading, every)
}

/**
 * Records the state of a rate limiter in metrics, until the scope is closed: paces, limits, waits and refusals of each key.
 *
 * The limiter is read at intervals, so that its calls cost nothing more. Only the first hundred keys are recorded.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Effect } from "effect"
 * import { RateLimiter, Telemetry } from "effect-reliability"
 *
 * const program = Effect.gen(function* () {
 *   const limiter = yield* RateLimiter.make({ requests: { limit: 600 } })
 *   yield* Effect.void.pipe(RateLimiter.limit(limiter, { key: "api.example.com" }))
 *   yield* Telemetry.observeLimiter(limiter)
 *   return yield* Telemetry.prometheus
 * })
 *
 * const page = await Effect.runPromise(Effect.scoped(program))
 * assert.match(page, /^reliability_limiter_in_flight\{reliability_limiter_key="api.example.com"\} 0$/m)
 * ```
 *
 * @since 0.2.0
 * @category observers
 */
export const observeLimiter = (
  limiter: RateLimiter.RateLimiter,
  options: LimiterOptions = {}
): Effect.Effect<void, never, Scope.Scope> => {
  const every = duration("Telemetry.observeLimiter", "every", options.every ?? "5 seconds", { min: 1 })
  return Effect.suspend(() => {
    const look = Effect.sync(limiterObserver(() => RateLimiter.describe(limiter)))
    // the last reading records the time since the one before
    return Effect.zipRight(
      Effect.addFinalizer(() => look),
      repeatedly(look, every)
    )
  })
}

/**
 * Formats a snapshot of any metrics in Prometheus's text format, version 0.0.4.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Effect, Metric } from "effect"
 * import { Telemetry } from "effect-reliability"
 *
 * const page = Metric.increment(Metric.counter("shop.orders", { description: "Orders." })).pipe(
 *   Effect.zipRight(Metric.snapshot),
 *   Effect.map(Telemetry.prometheusOf)
 * )
 * assert.match(await Effect.runPromise(page), /# TYPE shop_orders_total counter\nshop_orders_total 1/)
 * ```
 *
 * @since 0.1.0
 * @category conversions
 */
export const prometheusOf = (snapshot: Iterable<MetricPair.MetricPair.Untyped>): string => prometheusText(snapshot)

const ours: ReadonlySet<string> = /*#__PURE__*/ new Set(/*#__PURE__*/ Object.values(allNames).map(({ name }) => name))

/**
 * Returns the current metrics of this package as a page that Prometheus can scrape. For all metrics of the application, use
 * `prometheusOf(yield* Metric.snapshot)`.
 *
 * @since 0.1.0
 * @category getters
 */
export const prometheus: Effect.Effect<string> = /*#__PURE__*/ Effect.map(Metric.snapshot, (snapshot) =>
  prometheusText(snapshot.filter(({ metricKey }) => ours.has(metricKey.name)))
)
