/**
 * Metrics with the attributes of calls, each of which is looked up once.
 *
 * Effect looks up a tagged metric by its name and tags at every update. Here each metric is looked up once for each
 * combination of tags. The number of combinations is bounded: beyond 100 values of an attribute, such as the model, its value
 * is `(other)`.
 *
 * @since 0.2.0
 */
import * as Metric from "effect/Metric"
import * as MetricBoundaries from "effect/MetricBoundaries"
import * as MetricKey from "effect/MetricKey"
import * as MetricLabel from "effect/MetricLabel"
import type { Subject } from "../call/model.js"
import { type Attribute, attributes, names } from "./names.js"
import { type Shown, showing } from "./showing.js"

export type Labels = ReadonlyArray<MetricLabel.MetricLabel>

export interface Updated {
  readonly unsafeUpdate: (value: number, labels: Labels) => void
}

export type Counted = Exclude<(typeof names)[keyof typeof names], { readonly kind: "span" }>

// the boundaries of OpenTelemetry's conventions for generative models
const seconds = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92]
const powersOfFour = [
  1, 4, 16, 64, 256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216, 67_108_864
]

const boundaries = /*#__PURE__*/ MetricBoundaries.fromIterable(seconds)
/** The same, continued up to the hour of the slowest workloads. */
const longBoundaries = /*#__PURE__*/ MetricBoundaries.fromIterable([
  ...seconds,
  163.84,
  327.68,
  655.36,
  1310.72,
  2621.44
])
const tokenBoundaries = /*#__PURE__*/ MetricBoundaries.fromIterable(powersOfFour)

const boundariesOf = ({ name, unit }: Counted): MetricBoundaries.MetricBoundaries =>
  unit === "{token}" ? tokenBoundaries : name.startsWith("gen_ai.") ? boundaries : longBoundaries

/** Returns a metric with the values of some attributes. */
export const metricOf = (named: Counted, values: Shown): Updated => {
  const { counts, kind, name, unit } = named
  // OpenTelemetry exporters read the unit from the tags
  const tags = [MetricLabel.make("unit", unit)]
  for (const [attribute, value] of Object.entries(values)) {
    // the type of `values` restricts its keys
    if (value !== undefined) tags.push(MetricLabel.make(attributes[attribute as Attribute].name, value))
  }
  switch (kind) {
    case "counter":
      return Metric.fromMetricKey(
        MetricKey.taggedWithLabels(MetricKey.counter(name, { description: counts, incremental: true }), tags)
      )
    case "gauge":
      return Metric.fromMetricKey(MetricKey.taggedWithLabels(MetricKey.gauge(name, { description: counts }), tags))
    case "histogram":
      return Metric.fromMetricKey(
        MetricKey.taggedWithLabels(MetricKey.histogram(name, boundariesOf(named), counts), tags)
      )
  }
}

const other = "(other)"
const most = 100
const mostSubjects = 1000

/** Returns a function that keeps the first hundred values of an attribute, and replaces further ones. */
export const bounded = (): ((value: string) => string) => {
  const known = new Set<string>()
  return (value) => {
    if (known.has(value)) return value
    if (known.size >= most) return other
    known.add(value)
    return value
  }
}

interface Successes {
  readonly attempts: Updated
  readonly attemptDuration: Updated
  readonly calls: Updated
  readonly callDuration: Updated
}

/** The metrics of the calls with the same attributes. */
export class SubjectMetrics {
  readonly shown: Shown
  readonly metrics = new Map<string, Updated>()
  readonly constants = new Map<Shown, Map<Counted, Updated>>()
  successes: Successes | undefined

  constructor(shown: Shown) {
    this.shown = shown
  }

  metric(named: Counted, values: Shown): Updated {
    // each of these values comes from a short list
    const { delivery, error, phase, stopped, tokenType, waited } = values
    const key = `${named.name} ${error} ${delivery} ${phase} ${stopped} ${waited} ${tokenType}`
    let metric = this.metrics.get(key)
    if (metric === undefined) this.metrics.set(key, (metric = metricOf(named, { ...this.shown, ...values })))
    return metric
  }

  /** Returns a metric with values that are constants of a module. The lookup costs less than that of `metric`. */
  constant(named: Counted, values: Shown): Updated {
    let metrics = this.constants.get(values)
    if (metrics === undefined) this.constants.set(values, (metrics = new Map<Counted, Updated>()))
    let metric = metrics.get(named)
    if (metric === undefined) metrics.set(named, (metric = metricOf(named, { ...this.shown, ...values })))
    return metric
  }

  success(): Successes {
    const outcome = "success"
    return (this.successes ??= {
      attempts: this.metric(names.attempts, { outcome, delivery: "Acknowledged" }),
      attemptDuration: this.metric(names.attemptDuration, {}),
      calls: this.metric(names.calls, { outcome }),
      callDuration: this.metric(names.callDuration, {})
    })
  }
}

export class Subjects {
  readonly #show: (of: Subject) => Shown
  readonly known: { readonly [K in Attribute]?: (value: string) => string } = {
    workload: bounded(),
    operation: bounded(),
    provider: bounded(),
    model: bounded(),
    address: bounded(),
    port: bounded()
  }
  readonly all = new Map<string, SubjectMetrics>()
  /** The subjects, by the workload and attributes of their calls. */
  readonly byWords = new Map<string, SubjectMetrics>()
  /** The subject of the last call, which most often is that of the next one, too. */
  last: SubjectMetrics | undefined
  lastOf: Subject | undefined
  lastHost: string | undefined

  constructor(show: (of: Subject) => Shown = showing) {
    this.#show = show
  }

  of({ about, workload }: Subject): SubjectMetrics {
    if (this.last !== undefined && this.lastOf?.about === about && this.lastOf.workload === workload) {
      // the host may become known during the call
      if (this.lastHost === about.host) return this.last
    }
    this.lastOf = { about, workload }
    this.lastHost = about.host
    return (this.last = this.find({ about, workload }))
  }

  find(of: Subject): SubjectMetrics {
    const { host, model, operation, provider } = of.about
    // no attribute contains NUL
    const key = `${of.workload.name}\0${host ?? ""}\0${model ?? ""}\0${operation ?? ""}\0${provider ?? ""}`
    let subject = this.byWords.get(key)
    if (subject === undefined) {
      subject = this.make(of)
      // the size of the map is bounded
      if (this.byWords.size >= 4 * mostSubjects) this.byWords.clear()
      this.byWords.set(key, subject)
    }
    return subject
  }

  make(of: Subject): SubjectMetrics {
    // `entries` and `fromEntries` lose the type of the keys
    const shown = Object.fromEntries(
      Object.entries(this.#show(of)).map(([attribute, value]) => [
        attribute,
        value === undefined ? undefined : this.bounded(attribute as Attribute, value)
      ])
    ) as Shown
    const key = JSON.stringify(shown)
    const found = this.all.get(key)
    if (found !== undefined) return found
    const full = this.all.size >= mostSubjects
    const boundedKey = full ? other : key
    let subject = this.all.get(boundedKey)
    if (subject === undefined) {
      subject = new SubjectMetrics(full ? { workload: other, model: other, address: other } : shown)
      this.all.set(boundedKey, subject)
    }
    return subject
  }

  bounded(attribute: Attribute, value: string): string {
    return this.known[attribute]?.(value) ?? value
  }
}
