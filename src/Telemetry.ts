/**
 * Shows what happens to calls where an application is watched: in metrics, and in traces.
 *
 * A failed call says what went wrong with it, and nothing of how often that happens, how long everybody waits, or whether
 * retries hide an outage. The two layers here tell it of every call that is made with this package, with no mark on those who
 * call: `metrics` in Effect's own `Metric`s, `spans` by Effect's `Tracer`, so that `@effect/opentelemetry` exports both, and
 * `prometheus` is a page that can be scraped.
 *
 * `names` is the table of all names, and nothing goes by another. Attributes are OpenTelemetry's where it has them
 * (`server.address`, `error.type`, `gen_ai.request.model`, `http.request.resend_count`); the metrics are ours, below
 * `reliability.`, since those of the conventions for HTTP count each request once and know nothing of attempts. Durations are
 * seconds. In Prometheus's text dots become underscores, units are spelt out, and counters end in `_total`:
 * `reliability_call_duration_seconds`, `reliability_attempts_total`. A name or label that the text format reserves gets another one:
 * a gauge `y_count` beside a histogram `y` is `y_count_gauge`, and a label `__name__` is `exported___name__`.
 *
 * Effect's metric tags are strings: `server.port` is a number in spans only. Exporters of OpenTelemetry read the unit from the tag
 * `unit`, and export that tag as an attribute too, since Effect has no other place for it.
 *
 * No attribute holds a path, a query, an account, a key or anything that was asked or answered. More than a hundred workloads,
 * models or hosts are `(other)`.
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
import { metricOf, metricsObserver } from "./internal/telemetry/metrics.js"
import { attributes as allAttributes, names as allNames } from "./internal/telemetry/names.js"
import { spansObserver } from "./internal/telemetry/spans.js"
import type { RetryBudget } from "./RetryBudget.js"
import type { Observer } from "./internal/call/model.js"

// -------------------------------------------------------------------------------------------------
// Model
// -------------------------------------------------------------------------------------------------

/**
 * A metric or span: what it is called, and what it tells.
 *
 * @since 0.1.0
 * @category model
 */
export interface Named {
  /** Of a span, a name in braces stands for the attribute's value. */
  readonly name: string
  readonly kind: "counter" | "histogram" | "gauge" | "span"
  /** As OpenTelemetry writes it: seconds are `s`; nothing for spans. */
  readonly unit: string
  /** The short names of the attributes it may have. */
  readonly attributes: ReadonlyArray<keyof typeof attributes>
  /** What it counts, measures or covers, in a sentence. */
  readonly counts: string
}

/**
 * What `observeBudget` takes.
 *
 * @since 0.1.0
 * @category model
 */
export interface BudgetOptions {
  /** How long to wait between two looks, from 1 millisecond on. @default "5 seconds" */
  readonly every?: Duration.DurationInput | undefined
}

/**
 * All metrics and spans. Nothing is called by a name that is not here.
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
 * The media type of what `prometheus` makes.
 *
 * @since 0.1.0
 * @category constants
 */
export const prometheusType = "text/plain; version=0.0.4; charset=utf-8"

// -------------------------------------------------------------------------------------------------
// Layers
// -------------------------------------------------------------------------------------------------

const installing = (observer: () => Observer): Layer.Layer<never> =>
  Layer.scopedDiscard(Effect.suspend(() => observing(observer())))

/**
 * Counts all calls, attempts, waits and streams in Effect's metrics; those of a fiber with tags of its own
 * (`Effect.tagMetrics`) have these too.
 *
 * A call that is made of protected calls is not counted, since they are. Metrics are one for the whole process: the layer
 * counts nothing twice, however often it is provided.
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
export const metrics: Layer.Layer<never> = /*#__PURE__*/ installing(metricsObserver)

/**
 * Makes a span of each call, below the caller's own, and one of each attempt below that.
 *
 * An attempt that runs into its limit is an error with its reason, and one that is interrupted is `Aborted`. The span of a call of
 * which operation and model are known is called by both, as the conventions for generative models want it.
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
export const spans: Layer.Layer<never> = /*#__PURE__*/ installing(() => spansObserver)

/**
 * Both `metrics` and `spans`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (): Layer.Layer<never> => Layer.merge(metrics, spans)

// -------------------------------------------------------------------------------------------------
// Observers
// -------------------------------------------------------------------------------------------------

/**
 * Shows in a gauge what a budget has left, until the scope is closed.
 *
 * A budget is not told of by calls, since it may be anybody's: it is looked at now and then.
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
    const look = Effect.map(budget.available, (available) => gauge.unsafeUpdate(available, []))
    const looking = Effect.delay(Effect.repeat(look, Schedule.spaced(every)), every)
    return Effect.zipRight(look, Effect.asVoid(Effect.forkScoped(looking)))
  })
}

/**
 * A snapshot of any metrics as Prometheus's text format, version 0.0.4.
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
 * This package's metrics as they are now, as a page that Prometheus can scrape; `prometheusOf(yield* Metric.snapshot)` is one
 * of all metrics of the application.
 *
 * @since 0.1.0
 * @category getters
 */
export const prometheus: Effect.Effect<string> = /*#__PURE__*/ Effect.map(Metric.snapshot, (snapshot) =>
  prometheusText(snapshot.filter(({ metricKey }) => ours.has(metricKey.name)))
)
