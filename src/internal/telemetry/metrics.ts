/**
 * Records calls in Effect's metrics, at a low cost for each call.
 *
 * Effect looks up a tagged metric by its name and tags at every update. Here each metric is looked up once for each
 * combination of tags. The number of combinations is bounded: beyond 100 values of an attribute, such as the model, its value
 * is `(other)`.
 *
 * @since 0.1.0
 */
import { globalValue } from "effect/GlobalValue"
import * as FiberRef from "effect/FiberRef"
import * as Metric from "effect/Metric"
import * as MetricBoundaries from "effect/MetricBoundaries"
import * as MetricKey from "effect/MetricKey"
import * as MetricLabel from "effect/MetricLabel"
import type { ApiError } from "../../ApiError.js"
import { withoutAccount } from "../redact.js"
import { type Attribute, attributes, names } from "./names.js"
import type { Outcome, Observed, Observer, Backoff } from "../call/model.js"

type Labels = ReadonlyArray<MetricLabel.MetricLabel>

interface Updated {
  readonly unsafeUpdate: (value: number, labels: Labels) => void
}

type Counted = Exclude<(typeof names)[keyof typeof names], { readonly kind: "span" }>

const boundaries = /*#__PURE__*/ MetricBoundaries.fromIterable([
  // the boundaries of OpenTelemetry's conventions for generative models, continued up to the hour of the slowest workloads
  0.01,
  0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92, 163.84, 327.68, 655.36, 1310.72,
  2621.44
])

/** Returns a metric with the values of some attributes. */
export const metricOf = (
  { counts, kind, name, unit }: Counted,
  values: { readonly [K in Attribute]?: string | undefined }
): Updated => {
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
      return Metric.fromMetricKey(MetricKey.taggedWithLabels(MetricKey.histogram(name, boundaries, counts), tags))
  }
}

// -------------------------------------------------------------------------------------------------
// The subject of a call
// -------------------------------------------------------------------------------------------------

/** The values of a call's attributes, as they may be shown. */
export type Shown = { readonly [K in Attribute]?: string | undefined }

const longest = 128

/** Removes control characters from a value and limits its length. */
const cleaned = (value: string | undefined): string | undefined => value?.replace(/\p{C}/gu, "").slice(0, longest)

/** Returns the attributes that describe a call, without anything that must not be shown. */
export const showing = ({ about, workload }: Pick<Outcome, "about" | "workload">): Shown => {
  const { host, model, operation, provider } = about
  // only the host and the port are kept, not the credentials before them
  const [, address, port] = /^(?:[^/]*@)?\[?([^\]/@]*?)\]?(?::(\d{1,5}))?$/.exec(host ?? "") ?? []
  return {
    workload: cleaned(workload.name),
    operation: cleaned(operation),
    provider: cleaned(provider),
    model: model === undefined ? undefined : cleaned(withoutAccount(model)),
    address: address === "" ? undefined : cleaned(address),
    port
  }
}

const other = "(other)"
const most = 100
const mostSubjects = 1000

interface Successes {
  readonly attempts: Updated
  readonly attemptDuration: Updated
  readonly calls: Updated
  readonly callDuration: Updated
}

/** The metrics of the calls with the same attributes. */
class Subject {
  readonly shown: Shown
  readonly metrics = new Map<string, Updated>()
  successes: Successes | undefined

  constructor(shown: Shown) {
    this.shown = shown
  }

  metric(named: Counted, values: Shown): Updated {
    // each of these values comes from a short list
    const key = `${named.name} ${values.error} ${values.delivery} ${values.phase} ${values.stopped} ${values.waited}`
    let metric = this.metrics.get(key)
    if (metric === undefined) this.metrics.set(key, (metric = metricOf(named, { ...this.shown, ...values })))
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

class Subjects {
  readonly known: { readonly [K in Attribute]?: Set<string> } = {
    workload: new Set(),
    operation: new Set(),
    provider: new Set(),
    model: new Set(),
    address: new Set(),
    port: new Set()
  }
  readonly all = new Map<string, Subject>()
  /** The subjects, by the workload and attributes of their calls. */
  readonly byWords = new Map<string, Subject>()
  /** The subject of the last call, which most often is that of the next one, too. */
  last: Subject | undefined
  lastOf: Pick<Outcome, "about" | "workload"> | undefined
  lastHost: string | undefined

  of({ about, workload }: Pick<Outcome, "about" | "workload">): Subject {
    if (this.last !== undefined && this.lastOf?.about === about && this.lastOf.workload === workload) {
      // the host may become known during the call
      if (this.lastHost === about.host) return this.last
    }
    this.lastOf = { about, workload }
    this.lastHost = about.host
    return (this.last = this.find({ about, workload }))
  }

  find(of: Pick<Outcome, "about" | "workload">): Subject {
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

  make(of: Pick<Outcome, "about" | "workload">): Subject {
    // `entries` and `fromEntries` lose the type of the keys
    const shown = Object.fromEntries(
      Object.entries(showing(of)).map(([attribute, value]) => [
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
      subject = new Subject(full ? { workload: other, model: other, address: other } : shown)
      this.all.set(boundedKey, subject)
    }
    return subject
  }

  bounded(attribute: Attribute, value: string): string {
    const known = this.known[attribute]
    if (known === undefined || known.has(value)) return value
    if (known.size >= most) return other
    known.add(value)
    return value
  }
}

// -------------------------------------------------------------------------------------------------
// The outcomes of calls
// -------------------------------------------------------------------------------------------------

const record = (subjects: Subjects, outcome: Outcome, labels: Labels): void => {
  // the protected calls that it consists of have been counted by themselves
  if (outcome.composite) return
  const { about, error, of, why } = outcome
  const subject = subjects.of(outcome)
  const seconds = outcome.millis / 1000
  if (of === "stream") return recordStream(subject, error, seconds, labels)
  if (error === undefined) {
    const { callDuration, calls, attempts, attemptDuration } = subject.success()
    if (of === "attempt") {
      attempts.unsafeUpdate(1, labels)
      attemptDuration.unsafeUpdate(seconds, labels)
    } else {
      calls.unsafeUpdate(1, labels)
      const duration = about.stream === true ? subject.metric(names.firstEvent, {}) : callDuration
      duration.unsafeUpdate(seconds, labels)
    }
    return
  }
  const { _tag: outcomeOf, delivery, phase, reason } = error
  const failed = { outcome: outcomeOf, error: reason }
  if (of === "attempt") {
    subject.metric(names.attempts, { ...failed, delivery, phase }).unsafeUpdate(1, labels)
    subject.metric(names.attemptDuration, { error: reason }).unsafeUpdate(seconds, labels)
    return
  }
  subject.metric(names.calls, { ...failed, stopped: why }).unsafeUpdate(1, labels)
  subject
    .metric(about.stream === true ? names.firstEvent : names.callDuration, { error: reason })
    .unsafeUpdate(seconds, labels)
  if (why === "Budget") subject.metric(names.suppressed, { error: reason }).unsafeUpdate(1, labels)
}

const recordStream = (subject: Subject, error: ApiError | undefined, seconds: number, labels: Labels): void => {
  const failed = error === undefined ? { outcome: "success" } : { outcome: error._tag, error: error.reason }
  subject.metric(names.streams, failed).unsafeUpdate(1, labels)
  subject.metric(names.streamDuration, { error: error?.reason }).unsafeUpdate(seconds, labels)
}

const recordWait = (subjects: Subjects, waiting: Backoff, labels: Labels): void => {
  const { error, millis, step } = waiting
  const subject = subjects.of(waiting)
  subject.metric(names.waits, { error: error.reason, waited: step.why }).unsafeUpdate(1, labels)
  subject.metric(names.waitDuration, { waited: step.why }).unsafeUpdate(millis / 1000, labels)
}

const make = (): Observer => {
  const subjects = new Subjects()
  const observed = (labels: Labels): Observed => ({
    tell: (outcome) => record(subjects, outcome, labels),
    waits: (waiting) => recordWait(subjects, waiting, labels)
  })
  const plain = observed([])
  return {
    late: true,
    begin: (_, fiber) => {
      const labels = fiber.getFiberRef(FiberRef.currentMetricLabels)
      return labels.length === 0 ? plain : observed(labels)
    }
  }
}

/**
 * Returns the observer that records metrics. All layers and copies of this module share it: two would count each call twice.
 */
export const metricsObserver = (): Observer =>
  globalValue(Symbol.for("effect-reliability/Telemetry/metrics"), () => make())
