/**
 * Records the metrics that OpenTelemetry's conventions for generative models define.
 *
 * The conventions count operations: here one call with all its attempts, and with the stream that it opens. Two revisions are
 * known. Version 1.41.0 of `open-telemetry/semantic-conventions` is the last one there that defines these metrics, and the one that
 * most dashboards read. Version 0.1.0 of `open-telemetry/semantic-conventions-genai` has replaced it, with other names.
 *
 * @since 0.2.0
 */
import { globalValue } from "effect/GlobalValue"
import * as FiberRef from "effect/FiberRef"
import type { ModelResponse, Observed, Observer, Outcome, Subject } from "../call/model.js"
import { names } from "./names.js"
import { type Shown, showing } from "./showing.js"
import { type Counted, type Labels, type SubjectMetrics, Subjects } from "./subjects.js"

/** A revision of the conventions. */
export type Revision = "1.41" | "genai-0.1"

/** Records the duration of an operation, or one of its parts. */
interface Conventions {
  readonly duration: (subject: SubjectMetrics, seconds: number, error: string | undefined, labels: Labels) => void
  readonly usage: (subject: SubjectMetrics, response: ModelResponse | undefined, labels: Labels) => void
  readonly firstChunk: (subject: SubjectMetrics, seconds: number, labels: Labels) => void
  readonly chunk: (subject: SubjectMetrics, seconds: number, labels: Labels) => void
}

const none: Shown = {}
const inputTokens: Shown = { tokenType: "input" }
const outputTokens: Shown = { tokenType: "output" }
const unknownModality: Shown = { modality: "unknown" }

const recordDuration = (
  subject: SubjectMetrics,
  named: Counted,
  seconds: number,
  error: string | undefined,
  labels: Labels
): void => {
  const metric = error === undefined ? subject.constant(named, none) : subject.metric(named, { error })
  metric.unsafeUpdate(seconds, labels)
}

const generalConventions: Conventions = {
  duration: (subject, seconds, error, labels) => recordDuration(subject, names.genAiDuration, seconds, error, labels),
  usage: (subject, response = {}, labels) => {
    if (response.inputTokens !== undefined) {
      subject.constant(names.genAiTokenUsage, inputTokens).unsafeUpdate(response.inputTokens, labels)
    }
    if (response.outputTokens !== undefined) {
      subject.constant(names.genAiTokenUsage, outputTokens).unsafeUpdate(response.outputTokens, labels)
    }
  },
  firstChunk: (subject, seconds, labels) => subject.constant(names.genAiFirstChunk, none).unsafeUpdate(seconds, labels),
  chunk: (subject, seconds, labels) => subject.constant(names.genAiChunk, none).unsafeUpdate(seconds, labels)
}

const inferences: ReadonlySet<string | undefined> = /*#__PURE__*/ new Set([
  "chat",
  "text_completion",
  "generate_content"
])

const isInference = ({ shown }: SubjectMetrics): boolean => inferences.has(shown.operation)
const isEmbedding = ({ shown }: SubjectMetrics): boolean => shown.operation === "embeddings"

const separateConventions: Conventions = {
  duration: (subject, seconds, error, labels) => {
    const named = isInference(subject)
      ? names.inferenceDuration
      : isEmbedding(subject)
        ? names.embeddingsDuration
        : names.genAiDuration
    recordDuration(subject, named, seconds, error, labels)
  },
  usage: (subject, { inputTokens, outputTokens } = {}, labels) => {
    const record = (named: Counted, tokens: number | undefined): void => {
      if (tokens !== undefined) subject.constant(named, none).unsafeUpdate(tokens, labels)
    }
    if (isEmbedding(subject)) record(names.embeddingsInputPerCall, inputTokens)
    if (!isInference(subject)) return
    // the counters count each operation, also those whose usage is not known
    subject.constant(names.inferenceInput, unknownModality).unsafeUpdate(inputTokens ?? 0, labels)
    subject.constant(names.inferenceOutput, unknownModality).unsafeUpdate(outputTokens ?? 0, labels)
    record(names.inferenceInputPerCall, inputTokens)
    record(names.inferenceOutputPerCall, outputTokens)
  },
  firstChunk: (subject, seconds, labels) => {
    if (isInference(subject)) subject.constant(names.inferenceFirstChunk, none).unsafeUpdate(seconds, labels)
  },
  chunk: (subject, seconds, labels) => {
    if (isInference(subject)) subject.constant(names.inferenceChunk, none).unsafeUpdate(seconds, labels)
  }
}

const conventions: { readonly [R in Revision]: Conventions } = {
  "1.41": generalConventions,
  "genai-0.1": separateConventions
}

export const revisions: ReadonlyArray<Revision> = ["1.41", "genai-0.1"]

/** The attributes of a call without the workload. The conventions require a port, and hosts leave out that of HTTPS. */
const showingModel = (of: Subject): Shown => {
  const { address, model, operation, port, provider } = showing(of)
  return { operation, provider, model, address, port: address === undefined ? undefined : (port ?? "443") }
}

/** Tests whether a call is an operation of a model: the conventions require the names of the operation and the provider. */
const isOperation = ({ about: { operation, provider } }: Subject): boolean =>
  operation !== undefined && provider !== undefined

class Recorder {
  readonly subjects = new Subjects(showingModel)
  readonly conventions: Conventions

  constructor(conventions: Conventions) {
    this.conventions = conventions
  }

  record(outcome: Outcome, labels: Labels): void {
    const { about, composite, error, millis, of } = outcome
    if (of === "attempt" || composite || !isOperation(outcome)) return
    const subject = this.subjects.of(outcome)
    const opens = of === "call" && about.stream === true && error === undefined
    // a stream reports its end later
    if (opens) return this.conventions.firstChunk(subject, millis / 1000, labels)
    this.conventions.duration(subject, millis / 1000, error?.reason, labels)
    this.conventions.usage(subject, about.response, labels)
  }

  observed(labels: Labels, stream: Subject | undefined): Observed {
    const notify = (outcome: Outcome): void => this.record(outcome, labels)
    if (stream === undefined || !isOperation(stream)) return { notify }
    return {
      notify,
      chunks: (count, millis) => {
        const subject = this.subjects.of(stream)
        if (millis !== undefined) this.conventions.chunk(subject, millis / 1000, labels)
        for (let more = 1; more < count; more++) this.conventions.chunk(subject, 0, labels)
      }
    }
  }
}

const make = (revision: Revision): Observer => {
  const recorder = new Recorder(conventions[revision])
  const plain = recorder.observed([], undefined)
  return {
    late: true,
    begin: (begun, fiber) => {
      const labels = fiber.getFiberRef(FiberRef.currentMetricLabels)
      const isStream = begun.of === "stream"
      return labels.length === 0 && !isStream ? plain : recorder.observed(labels, isStream ? begun : undefined)
    }
  }
}

/** Returns the observer for a revision. All layers and copies of this module share it: two would count each call twice. */
export const genAiObserver = (revision: Revision): Observer =>
  globalValue(Symbol.for(`effect-reliability/Telemetry/genAi/${revision}`), () => make(revision))
