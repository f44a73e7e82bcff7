/**
 * Makes the calls of the lab through `ReliableHttpClient` and `EventStream`, and records their timelines.
 *
 * @since 0.1.0
 */
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { performance } from "node:perf_hooks"
import type { ApiError, Delivery } from "../../../ApiError.js"
import * as Dialect from "../../../Dialect.js"
import * as EventStream from "../../../EventStream.js"
import * as Transport from "../../../node/Transport.js"
import type { Retrying } from "../../../Reliability.js"
import * as ReliableHttpClient from "../../../ReliableHttpClient.js"
import * as Retry from "../../../Retry.js"
import * as Workload from "../../../Workload.js"
import type { Time } from "./scenarios.js"
import type { Outcome } from "../../../internal/call/model.js"
import type { Deliveries, Run, Segment, WorkloadName } from "./model.js"

export const workloads: { readonly [W in WorkloadName]: Workload.Workload } = {
  interactive: Workload.interactive,
  agentic: Workload.agentic,
  largeModel: Workload.largeModel,
  batchSubmission: Workload.batchSubmission
}

/** Converts a workload to the time scale of the lab. Its timeouts for connecting are not scaled, because connections are real. */
export const scaled = (workload: Workload.Workload, time: Time): Workload.Workload =>
  Workload.make({
    name: workload.name,
    timeouts: { attempt: time(workload.timeouts.attempt) },
    stream: { first: time(workload.stream.first), idle: time(workload.stream.idle) },
    deadline: time(workload.deadline),
    // `Retry.documented`
    retry: Retry.make({
      base: time("1 second"),
      spread: time("1 second"),
      cap: Duration.infinity,
      maxHint: time("2 minutes")
    }),
    patience: workload.patience && {
      ...workload.patience,
      base: time(workload.patience.base),
      cap: time(workload.patience.cap)
    }
  })

export const model = "accounts/fireworks/models/lab"
export const messages = [{ role: "user" as const, content: "please say these six words" }]
/** The paths of the API. */
export const inference = "/inference/v1"
export const batches = "/v1/accounts/lab/batchInferenceJobs"
export const batch = { displayName: "lab", model, inputDatasetId: "questions" }

const requestOf = (origin: string, name: WorkloadName, stream: boolean): HttpClientRequest.HttpClientRequest =>
  name === "batchSubmission"
    ? HttpClientRequest.bodyUnsafeJson(HttpClientRequest.post(origin + batches), batch)
    : HttpClientRequest.bodyUnsafeJson(HttpClientRequest.post(`${origin}${inference}/chat/completions`), {
        model,
        messages,
        ...(stream && { stream })
      })

// -------------------------------------------------------------------------------------------------
// Recording
// -------------------------------------------------------------------------------------------------

type Counts = { -readonly [K in keyof Deliveries]: Deliveries[K] }

const counters: { readonly [D in Delivery]: keyof Deliveries } = {
  Acknowledged: "acknowledged",
  Partial: "partial",
  Unconfirmed: "unconfirmed",
  NotSent: "notSent"
}

const labelOf = (error: ApiError): string =>
  [error.reason, ...(error.status === undefined ? [] : [`HTTP ${error.status}`]), error.delivery].join(", ")

const waitReasons: { readonly [W in Retry.Waiting]: string } = {
  Backoff: "backoff",
  Hint: "server hint",
  Patience: "patience",
  CircuitOpen: "open circuit",
  ReusedSocket: "a reused connection was closed"
}

const isWaiting = (why: Retry.Step["why"]): why is Retry.Waiting => why in waitReasons

/** Records the timeline and the attempts of one call. */
export class Recorder {
  readonly segments: Array<Segment> = []
  readonly counted: Counts = { acknowledged: 0, partial: 0, unconfirmed: 0, notSent: 0 }
  readonly since = performance.now()
  readonly onChange: (segments: ReadonlyArray<Segment>) => void
  #why = "backoff"

  constructor(onChange: (segments: ReadonlyArray<Segment>) => void) {
    this.onChange = onChange
  }

  get now(): number {
    return performance.now() - this.since
  }

  get last(): number {
    return this.segments.at(-1)?.to ?? 0
  }

  readonly record = ({ error, millis, of }: Outcome): void => {
    const { last, now } = this
    const failed = error !== undefined
    if (of === "attempt") {
      this.counted[error === undefined ? "acknowledged" : counters[error.delivery]]++
      const from = Math.max(last, now - millis)
      if (this.segments.length > 0) {
        this.segments.push({ kind: "wait", from: last, to: from, failed: false, label: this.#why })
      }
      this.segments.push({ kind: "attempt", from, to: now, failed, label: failed ? labelOf(error) : "success" })
    } else if (of === "stream") {
      const label = failed ? labelOf(error) : "the rest of the stream"
      this.segments.push({ kind: "stream", from: last, to: now, failed, label })
    } else return
    this.onChange(this.segments)
  }

  readonly onRetry = ({ step }: Retrying): Effect.Effect<void> =>
    Effect.sync(() => void (this.#why = isWaiting(step.why) ? waitReasons[step.why] : step.why))

  /** Returns the result of the call, without what only the server knows. */
  run(error: ApiError | undefined, events: number | undefined): Omit<Run, "arrived" | "executed"> {
    return {
      segments: this.segments,
      millis: this.now,
      ok: error === undefined,
      outcome: error === undefined ? "success" : error.reason,
      delivery: error?.delivery,
      events
    }
  }
}

// -------------------------------------------------------------------------------------------------
// Calling
// -------------------------------------------------------------------------------------------------

export const call = (
  origin: string,
  name: WorkloadName,
  stream: boolean,
  time: Time,
  onChange: Recorder["onChange"]
): Effect.Effect<
  { readonly run: Omit<Run, "arrived" | "executed">; readonly counted: Deliveries },
  never,
  Scope.Scope
> =>
  Effect.gen(function* () {
    const transport = yield* Transport.make({ proxy: "none" })
    const recorder = new Recorder(onChange)
    const options = {
      workload: scaled(workloads[name], time),
      dialect: Dialect.fireworks,
      record: recorder.record,
      onRetry: recorder.onRetry,
      // a batch job that is submitted twice is executed twice
      idempotency: name === "batchSubmission" ? ("never" as const) : ("safe" as const)
    }
    const client = ReliableHttpClient.make(transport, options)
    const request = requestOf(origin, name, stream)
    let events = stream ? 0 : undefined
    const response: Effect.Effect<unknown, ApiError> = stream
      ? Stream.runForEach(EventStream.open(request, { ...options, client }), () =>
          Effect.sync(() => void (events = (events ?? 0) + 1))
        )
      : client.execute(request)
    const error = yield* Effect.match(response, { onFailure: (error) => error, onSuccess: () => undefined })
    return { run: recorder.run(error, events), counted: recorder.counted }
  })
