/**
 * The situations of the conformance tests: what the server does, under which workload, the expected outcome, and the reason.
 *
 * Each situation runs in memory and over each transport. Adding a situation means adding an entry to a list.
 */
import { Duration, Stream } from "effect"
import type { ApiError, Dialect, Reliability } from "effect-reliability"
import { Workload } from "effect-reliability"
import { Fault, type FaultServer } from "effect-reliability/testing"

// -------------------------------------------------------------------------------------------------
// Model
// -------------------------------------------------------------------------------------------------

/** How much a transport knows about a request. */
export type Certainty =
  /** It knows which bytes were sent, and distinguishes the phases. */
  | "exact"
  /** It knows only the errors that its client throws. */
  | "inferred"

/** Converts a duration of a situation. On sockets, all times of a situation are scaled down by the same factor. */
export type Time = (duration: Duration.DurationInput) => Duration.Duration

export interface Outcome {
  /** `"success"`, or the error's reason. */
  readonly outcome: "success" | ApiError.Reason
  readonly delivery?: ApiError.Delivery | undefined
  readonly phase?: ApiError.Phase | undefined
  /** The reason why the call was not retried again; absent after a success. */
  readonly stopped?: ApiError.StopReason | undefined
  /** The number of requests that arrived completely. */
  readonly arrived: number
  /** The number of events that the stream delivered. */
  readonly events?: number | undefined
}

export interface Situation {
  readonly title: string
  /** The title without the workload, for situations that differ only in their workload. */
  readonly family?: string
  /** The rule, or the line of the provider's guide, that it follows from. */
  readonly why: string
  readonly workload: Workload.Workload
  readonly script: (time: Time) => Fault.Script
  readonly connections?: Fault.ConnectionScript
  readonly tls?: FaultServer.TlsOptions
  /** The port: closed, or one that accepts no connections because its queue is full. @default open */
  readonly port?: "closed" | "deaf"
  /** The number of healthy calls before the situation, one after the other. @default 0 */
  readonly before?: number
  readonly method?: "GET" | "POST"
  /** The option of the client. @default `idempotencyUnder` the workload */
  readonly idempotency?: Reliability.Idempotency
  readonly target?: Dialect.Target
  /** Whether the response is read as an event stream. @default false */
  readonly stream?: true
  /** A body that is a stream. */
  readonly body?: () => Stream.Stream<Uint8Array>
  readonly expected: Outcome
  /** Differences over transports that only infer what happened. */
  readonly inferred?: Partial<Outcome>
  /** The minimum times between the arrivals of requests, in order. */
  readonly waits?: ReadonlyArray<Duration.DurationInput>
  /** Differences over single transports, with the reason. */
  readonly over?: Readonly<Record<string, Partial<Outcome> & { readonly because: string }>>
  /** The transports over which the situation cannot occur. */
  readonly not?: ReadonlyArray<string>
}

// -------------------------------------------------------------------------------------------------
// Every fault under every workload
// -------------------------------------------------------------------------------------------------

/** A failure of the first attempt. The second attempt succeeds. */
interface Case {
  readonly title: string
  readonly why?: string
  readonly fault?: (time: Time) => Fault.Fault
  readonly connection?: Fault.Connection
  readonly error: Omit<Outcome, "arrived" | "outcome"> & { readonly reason: ApiError.Reason }
  /** Whether a retry can succeed. */
  readonly repeat: boolean
  /** Whether the server may have executed the request. */
  readonly executed: boolean
  /** The number of requests of the failing attempt that arrive. @default 1 */
  readonly arrives?: number
  readonly inferred?: Partial<Outcome>
  readonly over?: Situation["over"]
  /** The workloads under which the outcome is certain. @default all */
  readonly under?: ReadonlyArray<Workload.Workload>
}

const workloads = [Workload.interactive, Workload.agentic, Workload.largeModel, Workload.batchSubmission]

/** Inference is declared repeatable. A submission uses the client's default: a POST is not repeatable. */
export const idempotencyUnder = (workload: Workload.Workload): Reliability.Idempotency | undefined =>
  workload === Workload.batchSubmission ? undefined : "safe"

const status = (
  code: number,
  reason: ApiError.Reason,
  { executed, repeat, why }: { readonly executed: boolean; readonly repeat: boolean; readonly why?: string }
): Case => ({
  title: `status ${code}`,
  why: why ?? "the table of reasons",
  fault: () => Fault.answer(code),
  error: { reason, delivery: "Acknowledged" },
  repeat,
  executed
})

const notRetryable = { repeat: false, executed: false }
const notExecuted = { repeat: true, executed: false }
const unclear = { repeat: true, executed: true }

const broken: Omit<Case, "title" | "fault"> = {
  why: "a truncated body is a broken connection",
  error: { reason: "ConnectionLost", delivery: "Partial" },
  ...unclear
}

const cutShort: Omit<Case, "title" | "fault"> = {
  why: "only the workload limits an attempt",
  error: { reason: "Timeout", delivery: "Partial", phase: "attempt" },
  inferred: { delivery: "Unconfirmed" },
  ...unclear
}

const cases: ReadonlyArray<Case> = [
  status(400, "BadRequest", { ...notRetryable, why: "guide: not retried" }),
  status(401, "Unauthorized", { ...notRetryable, why: "guide: not retried" }),
  status(402, "PaymentRequired", notRetryable),
  status(403, "Forbidden", notRetryable),
  status(404, "NotFound", { ...notRetryable, why: "guide: not retried" }),
  status(405, "MethodNotAllowed", notRetryable),
  status(408, "RequestTimeout", unclear),
  status(409, "Conflict", notRetryable),
  status(412, "PreconditionFailed", notRetryable),
  status(413, "TooLarge", notRetryable),
  status(418, "UnexpectedStatus", notRetryable),
  status(422, "Unprocessable", { ...notRetryable, why: "guide: not retried" }),
  status(425, "WeightSwap", notExecuted),
  status(429, "RateExceeded", { ...notExecuted, why: "guide: retried with backoff" }),
  status(500, "ServerError", { ...unclear, why: "guide: retried" }),
  status(501, "UnexpectedStatus", notRetryable),
  status(502, "BadGateway", { ...unclear, why: "guide: retried" }),
  status(503, "Unavailable", { ...unclear, why: "guide: retried with backoff" }),
  status(504, "GatewayTimeout", { ...unclear, why: "guide: retried" }),
  status(505, "UnexpectedStatus", notRetryable),
  status(520, "UnknownStatus", unclear),
  status(529, "Overloaded", notExecuted),
  {
    title: "status 503, the deployment is scaling up",
    why: "rule 8",
    fault: () =>
      Fault.answer(503, { body: { error: { message: "wait", code: "DEPLOYMENT_SCALING_UP", type: "error" } } }),
    error: { reason: "ScalingUp", delivery: "Acknowledged" },
    ...notExecuted
  },
  {
    title: "status 429, the quota is exhausted",
    fault: () => Fault.answer(429, { body: { error: { message: "none left", code: "insufficient_quota" } } }),
    error: { reason: "QuotaExhausted", delivery: "Acknowledged" },
    ...notRetryable
  },
  {
    title: "status 503 with an HTML page of a proxy",
    fault: () =>
      Fault.answer(503, {
        headers: { "content-type": "text/html" },
        body: "<html><h1>Service Unavailable</h1></html>"
      }),
    error: { reason: "Unavailable", delivery: "Acknowledged" },
    ...unclear
  },
  {
    title: "status 503, the body is reset",
    why: "the status decides, not the body",
    fault: () => Fault.cut({ by: "reset" }, Fault.answer(503)),
    error: { reason: "Unavailable", delivery: "Acknowledged" },
    ...unclear
  },
  {
    title: "status 503, the body never ends",
    why: "the status decides, not the body",
    fault: () => Fault.cut({ by: "silence" }, Fault.answer(503)),
    error: { reason: "Unavailable", delivery: "Acknowledged" },
    ...unclear
  },
  {
    title: "status 400 with x-should-retry: true",
    why: "rule 3",
    fault: () => Fault.answer(400, { shouldRetry: true }),
    error: { reason: "BadRequest", delivery: "Acknowledged" },
    ...notExecuted
  },
  {
    title: "status 503 with x-should-retry: false",
    why: "rule 3",
    fault: () => Fault.answer(503, { shouldRetry: false }),
    error: { reason: "Unavailable", delivery: "Acknowledged" },
    ...notRetryable
  },
  {
    title: "invalid JSON",
    fault: () => Fault.invalidJson,
    error: { reason: "InvalidAnswer", delivery: "Acknowledged" },
    ...unclear
  },
  {
    title: "headers that exceed the size limit",
    fault: () => Fault.oversizedHeaders(),
    error: { reason: "AnswerTooLarge", delivery: "Partial" },
    repeat: false,
    executed: true
  },
  {
    title: "a response that is not HTTP",
    fault: () => Fault.garbage(),
    error: { reason: "InvalidAnswer", delivery: "Partial" },
    ...unclear
  },
  {
    title: "a connection reset before the headers",
    why: "rule 7",
    fault: () => Fault.reset,
    error: { reason: "ConnectionLost", delivery: "Unconfirmed" },
    ...unclear
  },
  {
    title: "a connection closed before the headers",
    why: "rule 7",
    fault: () => Fault.close,
    error: { reason: "ConnectionLost", delivery: "Unconfirmed" },
    ...unclear
  },
  { title: "a body that is reset halfway", fault: () => Fault.cut({ by: "reset" }), ...broken },
  { title: "a body that is closed halfway", fault: () => Fault.cut({ by: "close" }), ...broken },
  {
    title: "a chunked body that is reset halfway",
    fault: () => Fault.cut({ by: "reset", framing: "chunked" }),
    ...broken
  },
  {
    title: "a chunked body that is closed halfway",
    fault: () => Fault.cut({ by: "close", framing: "chunked" }),
    ...broken
  },
  { title: "a body that never ends", fault: () => Fault.cut({ by: "silence" }), ...cutShort },
  {
    title: "a chunked body that never ends",
    fault: () => Fault.cut({ by: "silence", framing: "chunked" }),
    ...cutShort
  },
  {
    title: "a content-length larger than the body",
    fault: () => Fault.mislabel(5),
    ...cutShort,
    over: {
      "NodeHttpClient.layer": {
        outcome: "ConnectionLost",
        delivery: "Partial",
        phase: undefined,
        because: "it does not reuse connections, so the server closes the connection after the body"
      }
    }
  },
  {
    title: "a content-length smaller than the body",
    fault: () => Fault.mislabel(-5),
    error: { reason: "InvalidAnswer", delivery: "Acknowledged" },
    ...unclear
  },
  {
    title: "no response",
    why: "only the workload limits an attempt",
    fault: () => Fault.unanswered,
    error: { reason: "Timeout", delivery: "Unconfirmed", phase: "attempt" },
    ...unclear
  },
  {
    title: "headers that arrive after the attempt timeout",
    why: "only the workload limits an attempt",
    fault: (time) => Fault.stall(time("31 minutes")),
    error: { reason: "Timeout", delivery: "Unconfirmed", phase: "attempt" },
    ...unclear
  },
  {
    title: "a connection that is reset immediately",
    // it is not certain whether the request is sent before the reset
    under: [Workload.interactive, Workload.agentic, Workload.largeModel],
    connection: Fault.refuse,
    error: { reason: "ConnectionLost", delivery: "Unconfirmed" },
    arrives: 0,
    ...unclear
  },
  {
    title: "a server that accepts the connection and reads nothing",
    connection: Fault.ignore,
    error: { reason: "Timeout", delivery: "Unconfirmed", phase: "attempt" },
    arrives: 0,
    ...unclear
  }
]

/** The expected outcome of a case under each workload, by rules 7 and 8. */
const underEach = (failure: Case): ReadonlyArray<Situation> =>
  (failure.under ?? workloads).map((workload) => {
    const { arrives = 1, error, executed, repeat } = failure
    const { reason, ...rest } = error
    const impatient = reason === "ScalingUp" && workload.patience === undefined
    const allowed = idempotencyUnder(workload) === "safe" || !executed
    const repeated = repeat && !impatient && allowed
    const stopped = !repeat ? "Fatal" : impatient ? "PatienceEnded" : "Idempotency"
    return {
      title: `${failure.title}, ${workload.name}`,
      family: failure.title,
      why: failure.why ?? "the table of reasons",
      workload,
      script: (time) => (failure.fault === undefined ? [] : [failure.fault(time)]),
      ...(failure.connection !== undefined && { connections: [failure.connection] }),
      expected: repeated
        ? { outcome: "success", arrived: arrives + 1 }
        : { outcome: reason, arrived: arrives, stopped, ...rest },
      ...(!repeated && failure.inferred !== undefined && { inferred: failure.inferred }),
      ...(!repeated && failure.over !== undefined && { over: failure.over })
    }
  })

// -------------------------------------------------------------------------------------------------
// Rules, and situations with several failures
// -------------------------------------------------------------------------------------------------

const { agentic, batchSubmission, interactive, largeModel } = Workload

const hint = (time: Time, delay: Duration.DurationInput, form: Fault.HintForm = "millis") =>
  Fault.answer(429, { retryAfter: time(delay), form })

const success = (arrived: number): Outcome => ({ outcome: "success", arrived })

const fails = (
  reason: ApiError.Reason,
  arrived: number,
  stopped: ApiError.StopReason,
  rest: Omit<Outcome, "outcome" | "arrived" | "stopped"> = {}
): Outcome => ({ outcome: reason, arrived, stopped, ...rest })

const sockets = ["memory"]

/** A situation of connecting, which does not exist in memory. */
const connecting = (title: string, rest: Partial<Situation> & Pick<Situation, "expected">): Situation => ({
  title,
  why: "nothing was sent",
  workload: interactive,
  script: () => [],
  not: sockets,
  ...rest
})

const scalingUp = Fault.answer(503, {
  body: { error: { message: "wait", code: "DEPLOYMENT_SCALING_UP", type: "error" } }
})

const slowToConnect = {
  phase: "attempt",
  delivery: "Unconfirmed",
  because: "it waits for the connection until the attempt timeout, and does not report the phase"
} as const

const rules: ReadonlyArray<Situation> = [
  {
    title: "waits for the delay of the hint, in milliseconds",
    why: "rule 1",
    workload: interactive,
    script: (time) => [hint(time, "30 seconds")],
    waits: ["30 seconds"],
    expected: success(2)
  },
  {
    title: "waits for the delay of the hint, in seconds",
    why: "rule 1",
    workload: interactive,
    script: () => [Fault.answer(429, { retryAfter: "1 second" })],
    waits: ["1 second"],
    expected: success(2)
  },
  {
    title: "waits until the date of the hint",
    why: "rule 1",
    workload: Workload.with(interactive, { deadline: "10 minutes" }),
    script: () => [Fault.answer(503, { retryAfter: "1 second", form: "date" })],
    waits: ["1 second"],
    expected: success(2)
  },
  {
    title: "backs off exponentially",
    why: "guide: exponential backoff with jitter",
    workload: interactive,
    script: () => [Fault.answer(500), Fault.answer(502), Fault.answer(503), Fault.answer(504)],
    waits: ["1 second", "2 seconds", "4 seconds", "8 seconds"],
    expected: success(5)
  },
  {
    title: "gives up after five attempts",
    why: "guide: max_retries=5",
    workload: interactive,
    script: () => Fault.answer(503),
    waits: ["1 second", "2 seconds", "4 seconds", "8 seconds"],
    expected: fails("Unavailable", 5, "Attempts", { delivery: "Acknowledged" })
  },
  {
    title: "does not wait past the deadline",
    why: "rule 2",
    workload: Workload.with(agentic, { timeouts: { attempt: "4 minutes" }, deadline: "4 minutes" }),
    script: (time) => [Fault.stall(time("150 seconds"), hint(time, "110 seconds"))],
    expected: fails("RateExceeded", 1, "Deadline", { delivery: "Acknowledged" })
  },
  {
    title: "does not wait for a hint longer than two minutes",
    why: "rule 2",
    workload: agentic,
    script: (time) => [hint(time, "3 minutes")],
    expected: fails("RateExceeded", 1, "HintTooLong", { delivery: "Acknowledged" })
  },
  {
    title: "ends at the deadline, in the middle of an attempt",
    why: "the deadline limits the whole call",
    workload: interactive,
    script: () => Fault.unanswered,
    expected: fails("Timeout", 2, "Deadline", { phase: "deadline", delivery: "Unconfirmed" })
  },
  {
    title: "a response after 25 minutes, agentic",
    why: "no transport has a shorter limit than the workload",
    workload: agentic,
    script: (time) => [Fault.stall(time("25 minutes"))],
    expected: success(1)
  },
  {
    title: "a body that takes more than five minutes, largeModel",
    why: "no transport has a shorter limit than the workload",
    workload: largeModel,
    script: (time) => [
      Fault.drip({ every: time("2 minutes"), bytes: 60 }, Fault.answer(200, { body: { a: "b".repeat(500) } }))
    ],
    expected: success(1)
  },
  {
    title: "a deployment that refuses eight requests while scaling up, agentic",
    why: "rule 8",
    workload: agentic,
    script: () => Array.from({ length: 8 }, () => scalingUp),
    waits: ["5 seconds", "7.5 seconds", "11.25 seconds"],
    expected: success(9)
  },
  {
    title: "a deployment that is scaling up, interactive",
    why: "rule 8",
    workload: interactive,
    script: () => scalingUp,
    expected: fails("ScalingUp", 1, "PatienceEnded", { delivery: "Acknowledged" })
  },
  {
    title: "a reused connection that the server has closed",
    why: "rule 6",
    workload: interactive,
    before: 1,
    script: () => [Fault.healthy, Fault.reused(Fault.reset)],
    expected: success(2),
    not: ["NodeHttpClient.layer"]
  },
  {
    title: "a reused connection that the server has closed, submission",
    why: "rules 6 and 7",
    workload: batchSubmission,
    before: 1,
    script: () => [Fault.healthy, Fault.reused(Fault.reset)],
    expected: fails("ConnectionLost", 1, "Idempotency", { delivery: "Unconfirmed" }),
    not: ["NodeHttpClient.layer"]
  },
  {
    title: "does not repeat a submission whose response is lost",
    why: "rule 7",
    workload: batchSubmission,
    script: () => [Fault.reset],
    expected: fails("ConnectionLost", 1, "Idempotency", { delivery: "Unconfirmed" })
  },
  {
    title: "repeats a GET under any workload",
    why: "rule 7",
    workload: batchSubmission,
    method: "GET",
    script: () => [Fault.reset],
    expected: success(2)
  },
  {
    title: "repeats a submission with an id of its own",
    why: "rule 7",
    workload: batchSubmission,
    idempotency: "keyed",
    script: () => [Fault.reset],
    expected: success(2)
  },
  {
    title: "does not send a body again that is a stream",
    why: "a stream body is read once",
    workload: interactive,
    body: () => Stream.make("{}").pipe(Stream.encodeText),
    script: () => [Fault.answer(503)],
    expected: fails("Unavailable", 1, "SpentBody", { delivery: "Acknowledged" })
  },
  {
    title: "status 429 of a dedicated deployment",
    why: "guide: on dedicated deployments, raise replica counts",
    workload: interactive,
    target: "dedicated",
    script: () => Fault.answer(429),
    expected: fails("Capacity", 5, "Attempts", { delivery: "Acknowledged" })
  },
  {
    title: "a server that limits the rate",
    why: "guide: handling 429",
    workload: interactive,
    before: 1,
    script: (time) =>
      Fault.rateLimit({ burst: 1, perSecond: 1000 / Duration.toMillis(time("10 seconds")), hint: "millis" }),
    expected: { outcome: "success", arrived: 2 }
  },
  {
    title: "a server that refuses every request",
    why: "guide: 503",
    workload: interactive,
    script: () => Fault.answer(503),
    expected: fails("Unavailable", 5, "Attempts")
  },
  {
    title: "a server that closes the connection after each response",
    why: "a closed connection is replaced",
    workload: interactive,
    before: 3,
    script: () => Fault.closeAfter(0),
    expected: success(1)
  },
  connecting("a closed port", {
    port: "closed",
    why: "guide: the dashboard does not show it",
    expected: fails("Connect", 0, "Attempts", { delivery: "NotSent" })
  }),
  connecting("a closed port, submission", {
    port: "closed",
    workload: batchSubmission,
    expected: fails("Connect", 0, "Attempts", { delivery: "NotSent" })
  }),
  connecting("a host that accepts no connection", {
    port: "deaf",
    workload: Workload.with(interactive, { deadline: "10 minutes" }),
    why: "guide: timeout before connection",
    expected: fails("Timeout", 0, "Attempts", { delivery: "NotSent", phase: "connect" }),
    over: {
      "Transport over an Agent": {
        phase: "pool",
        because: "it cannot distinguish connecting from waiting in the pool"
      },
      "NodeHttpClient.layerUndici": slowToConnect,
      "NodeHttpClient.layer": slowToConnect,
      FetchHttpClient: slowToConnect
    }
  }),
  connecting("a self-signed certificate", {
    tls: { certificate: "selfSigned" },
    expected: fails("Tls", 0, "Fatal", { delivery: "NotSent" })
  }),
  connecting("an expired certificate", {
    tls: { certificate: "expired" },
    expected: fails("Tls", 0, "Fatal", { delivery: "NotSent" })
  })
]

// -------------------------------------------------------------------------------------------------
// Streams
// -------------------------------------------------------------------------------------------------

type Timed = Omit<Fault.StreamOptions, "every"> & { readonly every?: Duration.DurationInput }

/** A stream of four events with the given fault, and healthy streams after it. */
const streaming = (
  title: string,
  { every = 0, ...options }: Timed,
  expected: Outcome,
  rest: Partial<Situation> = {}
): Situation => ({
  title: `a stream ${title}`,
  why: "retried until the first event, never after it",
  workload: interactive,
  stream: true,
  script: (time) => [Fault.stream({ events: 4, ...options, every: time(every) }), Fault.stream({ events: 4 })],
  expected,
  ...rest
})

const delivered = (events: number, arrived = 1): Outcome => ({ outcome: "success", arrived, events })

const broke = (reason: ApiError.Reason, events: number, phase?: ApiError.Phase): Outcome => ({
  outcome: reason,
  stopped: events === 0 ? "Idempotency" : "StreamBegan",
  delivery: "Partial",
  arrived: 1,
  events,
  ...(phase !== undefined && { phase })
})

const streams: ReadonlyArray<Situation> = [
  streaming("without a fault", {}, delivered(4)),
  streaming("with pings", { pings: true }, delivered(4)),
  streaming("with slow events", { every: "15 seconds" }, delivered(4)),
  streaming("that lasts longer than the attempt timeout", { every: "22 seconds" }, delivered(4)),
  streaming("that falls silent after two events", { after: 2, ending: "silence" }, broke("Timeout", 2, "read")),
  streaming("that is closed after two events", { after: 2, ending: "close" }, broke("StreamBroken", 2)),
  streaming("that is reset after two events", { after: 2, ending: "reset" }, broke("StreamBroken", 2)),
  streaming("that is closed without its end mark", { ending: "missing" }, broke("StreamBroken", 4)),
  streaming("that is reset before its first event", { after: 0, ending: "reset" }, delivered(4, 2)),
  streaming("without a first event", { after: 0, ending: "silence" }, delivered(4, 2)),
  streaming("that ends before its first event", { after: 0, ending: "missing" }, delivered(4, 2)),
  streaming("with pings only", { every: "20 seconds", after: 0, pings: true, ending: "silence" }, delivered(4, 2)),
  streaming("whose first attempt gets status 503", {}, delivered(4, 2), {
    script: () => [Fault.answer(503), Fault.stream({ events: 4 })]
  }),
  streaming(
    "that is reset before its first event, submission",
    { after: 0, ending: "reset" },
    broke("StreamBroken", 0),
    {
      idempotency: "never"
    }
  ),
  streaming("that begins after two minutes, agentic", {}, delivered(4), {
    workload: Workload.with(agentic, { timeouts: { attempt: "10 minutes" }, deadline: "20 minutes" }),
    script: (time) => [Fault.stall(time("2 minutes"), Fault.stream({ events: 4, every: time("30 seconds") }))]
  })
]

export const situations: ReadonlyArray<Situation> = [...cases.flatMap(underEach), ...rules, ...streams]
