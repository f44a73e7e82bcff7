/**
 * Exports metrics and traces of all calls that are made with this package.
 *
 * The error of a failed call describes that call only. It does not show how often calls fail, how long they wait, or whether
 * retries hide an outage. The layers of this module observe every call of this package, without changes to the code that makes
 * the calls. They use Effect's own `Metric`s and `Tracer`, so `@effect/opentelemetry` exports both.
 *
 * | export | output |
 * | --- | --- |
 * | `metrics` | counters and histograms of calls, attempts, waits and streams |
 * | `spans` | a span for each call, and one for each of its attempts |
 * | `layer` | both |
 * | `prometheus` | the metrics of this package as a page that Prometheus can scrape |
 * | `names`, `attributes` | the tables of all names |
 *
 * Attributes have the names of OpenTelemetry's conventions where these exist: `server.address`, `error.type`,
 * `gen_ai.request.model`, `http.request.resend_count`. The metrics have names of their own, which begin with `reliability.`:
 * the conventions for HTTP count each request once and do not define attempts. Durations are in seconds.
 *
 * In Prometheus's text format, dots become underscores, units are spelled out, and counters end in `_total`. Examples are
 * `reliability_call_duration_seconds` and `reliability_attempts_total`. A name or label that the format reserves is changed: a
 * gauge `y_count` beside a histogram `y` becomes `y_count_gauge`, and a label `__name__` becomes `exported___name__`.
 *
 * Tags of Effect metrics are strings, so `server.port` is a number in spans only. OpenTelemetry exporters read the unit from
 * the tag `unit`. They export that tag as an attribute too, since Effect has no other place for a unit.
 *
 * No attribute holds a path, a query, an account, a key, or content of a request or response. After one hundred workloads,
 * models or hosts, further ones are reported as `(other)`.
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
import { observing } from "./internal/call/context.js"
import { duration } from "./internal/options.js"
import { prometheusText } from "./internal/telemetry/prometheusText.js"
import { limiterObserver } from "./internal/telemetry/limiter.js"
import { metricOf, metricsObserver } from "./internal/telemetry/metrics.js"
import { attributes as allAttributes, names as allNames } from "./internal/telemetry/names.js"
import { spansObserver } from "./internal/telemetry/spans.js"
import * as RateLimiter from "./RateLimiter.js"
import type { RetryBudget } from "./RetryBudget.js"
import type { Observer } from "./internal/call/model.js"

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

const observingLayer = (observer: () => Observer): Layer.Layer<never> =>
  Layer.scopedDiscard(Effect.suspend(() => observing(observer())))

/**
 * Records all calls, attempts, waits and streams as Effect metrics. They also have the tags of the current fiber
 * (`Effect.tagMetrics`).
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
export const metrics: Layer.Layer<never> = /*#__PURE__*/ observingLayer(metricsObserver)

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
export const spans: Layer.Layer<never> = /*#__PURE__*/ observingLayer(() => spansObserver)

/**
 * Provides both `metrics` and `spans`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (): Layer.Layer<never> => Layer.merge(metrics, spans)

// -------------------------------------------------------------------------------------------------
// Observers
// -------------------------------------------------------------------------------------------------

/**
 * Reports the retries that a budget has left in a gauge, until the scope closes.
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
    const gauge = metricOf(allNames.budget, { budget: name })
    const reading = Effect.map(budget.available, (available) => gauge.unsafeUpdate(available, []))
    const readings = Effect.delay(Effect.repeat(reading, Schedule.spaced(every)), every)
    return Effect.zipRight(reading, Effect.asVoid(Effect.forkScoped(readings)))
  })
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
    const looking = Effect.delay(Effect.repeat(look, Schedule.spaced(every)), every)
    // the last reading records the time since the one before
    const watching = Effect.zipRight(
      Effect.addFinalizer(() => look),
      Effect.forkScoped(looking)
    )
    return Effect.zipRight(look, Effect.asVoid(watching))
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
