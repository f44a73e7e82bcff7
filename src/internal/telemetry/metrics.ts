/**
 * Records calls in Effect's metrics, at a low cost for each call.
 *
 * @since 0.1.0
 */
import { globalValue } from "effect/GlobalValue"
import * as FiberRef from "effect/FiberRef"
import type { ApiError } from "../../ApiError.js"
import type { Outcome, Observed, Observer, Backoff, Tokens } from "../call/model.js"
import type { Listener, Notice } from "../call/notices.js"
import { names } from "./names.js"
import { bounded, type Labels, metricOf, type SubjectMetrics, Subjects } from "./subjects.js"

// -------------------------------------------------------------------------------------------------
// The outcomes of calls
// -------------------------------------------------------------------------------------------------

const record = (subjects: Subjects, outcome: Outcome, labels: Labels): void => {
  // the protected calls that it consists of have been counted by themselves
  if (outcome.composite) return
  const { about, error, of, why } = outcome
  const subject = subjects.of(outcome)
  const seconds = outcome.millis / 1000
  if (outcome.tokens !== undefined) recordTokens(subject, outcome.tokens, error, labels)
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

const recordTokens = (
  subject: SubjectMetrics,
  { input, output }: Tokens,
  error: ApiError | undefined,
  labels: Labels
): void => {
  const ended = { outcome: error?._tag ?? "success", error: error?.reason }
  if (input > 0) subject.metric(names.tokens, { ...ended, tokenType: "input" }).unsafeUpdate(input, labels)
  if (output > 0) subject.metric(names.tokens, { ...ended, tokenType: "output" }).unsafeUpdate(output, labels)
}

const recordStream = (subject: SubjectMetrics, error: ApiError | undefined, seconds: number, labels: Labels): void => {
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

const states = { Closed: 0, HalfOpen: 1, Open: 2 } as const

/** Records the state of a circuit in the gauge. */
export const recordState = (circuit: string, state: keyof typeof states): void =>
  metricOf(names.breakerState, { circuit }).unsafeUpdate(states[state], [])

const recordNotice = (notice: Notice, circuitOf: (key: string) => string): void => {
  switch (notice._tag) {
    case "Transition": {
      const { from, key, to } = notice.transition
      const circuit = circuitOf(key)
      metricOf(names.breakerTransitions, { circuit, from, to }).unsafeUpdate(1, [])
      if (circuit === key) recordState(circuit, to)
      return
    }
    case "Refused":
      return metricOf(names.breakerRefusals, { circuit: circuitOf(notice.key) }).unsafeUpdate(1, [])
    case "StoreUnavailable": {
      const { isFirst, policy } = notice
      if (isFirst) metricOf(names.storeOutages, { policy }).unsafeUpdate(1, [])
      return metricOf(names.storeLocalDecisions, { policy }).unsafeUpdate(1, [])
    }
    case "Paused":
    case "Resumed":
    case "OptimizerLost":
  }
}

const makeListener = (): Listener => {
  const circuitOf = bounded()
  return { logs: false, receive: (notice) => recordNotice(notice, circuitOf) }
}

const make = (): Observer => {
  const subjects = new Subjects()
  const observed = (labels: Labels): Observed => ({
    notify: (outcome) => record(subjects, outcome, labels),
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

/** Returns the listener that records notices. All layers and copies of this module share it, too. */
export const metricsListener = (): Listener =>
  globalValue(Symbol.for("effect-reliability/Telemetry/metricsListener"), () => makeListener())
