/**
 * The situations that can happen to a call, with their expected outcomes.
 *
 * A situation is one entry: the behaviour of the server, the workload, the expected outcome and the reason for it. It is run in
 * memory and over each transport. A new situation needs only a new entry.
 */
import { Duration, Stream } from "effect"
import type { ApiError, Dialect, Reliability } from "effect-reliability"
import { Workload } from "effect-reliability"
import { Fault, type FaultServer } from "effect-reliability/testing"

// -------------------------------------------------------------------------------------------------
// Model
// -------------------------------------------------------------------------------------------------

/** The knowledge of a transport about failures. */
export type Certainty =
  /** It knows whether each byte was sent, and distinguishes the phases. */
  | "sure"
  /** It knows only the exceptions that its client throws. */
  | "told"

/** Converts a duration of a situation. On sockets all durations of a situation are scaled down by the same factor. */
export type Time = (duration: Duration.DurationInput) => Duration.Duration

export interface Outcome {
  /** `"success"`, or the error's reason. */
  readonly outcome: "success" | ApiError.Reason
  readonly delivery?: ApiError.Delivery | undefined
  readonly phase?: ApiError.Phase | undefined
  /** The number of requests that arrived completely. */
  readonly arrived: number
  /** The number of events of a stream that were delivered. */
  readonly events?: number | undefined
}

export interface Situation {
  readonly title: string
  /** The common title of situations that differ only in their workload. */
  readonly family?: string
  /** The rule of `Retry` or the line of the provider's reliability guide that requires the outcome. */
  readonly why: string
  readonly workload: Workload.Workload
  readonly script: (time: Time) => Fault.Script
  readonly connections?: Fault.ConnectionScript
  readonly tls?: FaultServer.TlsOptions
  /** A closed port, or one whose queue of connections is full. @default an open port */
  readonly port?: "closed" | "deaf"
  /** The number of successful calls that are made before, one after the other. @default 0 */
  readonly before?: number
  readonly method?: "GET" | "POST"
  /** The client's option. @default `idempotencyUnder(workload)` */
  readonly idempotency?: Reliability.Idempotency
  readonly target?: Dialect.Target
  /** If true, the response is read as an event stream. @default false */
  readonly stream?: true
  /** A stream that is sent as the body. @default a JSON value */
  readonly body?: () => Stream.Stream<Uint8Array>
  readonly expected: Outcome
  /** The differences over transports with certainty `"told"`. */
  readonly told?: Partial<Outcome>
  /** The shortest allowed times between the arrivals of requests, in order. */
  readonly waits?: ReadonlyArray<Duration.DurationInput>
  /** The differences over some transports, with the reason. */
  readonly over?: Readonly<Record<string, Partial<Outcome> & { readonly because: string }>>
  /** The transports with which the situation cannot be run. */
  readonly not?: ReadonlyArray<string>
}

// -------------------------------------------------------------------------------------------------
// Every fault under every workload
// -------------------------------------------------------------------------------------------------

/** A failure of the first attempt; the second attempt succeeds. */
interface Case {
  readonly title: string
  readonly why?: string
  readonly fault?: (time: Time) => Fault.Fault
  readonly connection?: Fault.Connection
  readonly error: Omit<Outcome, "arrived" | "outcome"> & { readonly reason: ApiError.Reason }
  /** True if a retry can succeed. */
  readonly repeat: boolean
  /** True if the server may have executed the request. */
  readonly executed: boolean
  /** The number of requests of the failing attempt that arrive. @default 1 */
  readonly arrives?: number
  readonly told?: Partial<Outcome>
  readonly over?: Situation["over"]
  /** The workloads under which the outcome is certain. @default all */
  readonly under?: ReadonlyArray<Workload.Workload>
}

const workloads = [Workload.interactive, Workload.agentic, Workload.largeModel, Workload.batchSubmission]

/** Returns `safe` for inference. A submission has the default of the client, `never` for a POST. */
export const idempotencyUnder = (workload: Workload.Workload): Reliability.Idempotency | undefined =>
  workload === Workload.batchSubmission ? undefined : "safe"

const answered = (
  status: number,
  reason: ApiError.Reason,
  { executed, repeat, why }: { readonly executed: boolean; readonly repeat: boolean; readonly why?: string }
): Case => ({
  title: `a ${status}`,
  why: why ?? "the table of reasons",
  fault: () => Fault.answer(status),
  error: { reason, delivery: "Acknowledged" },
  repeat,
  executed
})

const hopeless = { repeat: false, executed: false }
const notExecuted = { repeat: true, executed: false }
const unclear = { repeat: true, executed: true }

const broken: Omit<Case, "title" | "fault"> = {
  why: "a broken body is a broken connection",
  error: { reason: "ConnectionLost", delivery: "Partial" },
  ...unclear
}

const cutShort: Omit<Case, "title" | "fault"> = {
  why: "nothing but the workload ends an attempt",
  error: { reason: "Timeout", delivery: "Partial", phase: "attempt" },
  told: { delivery: "Unconfirmed" },
  ...unclear
}

const cases: ReadonlyArray<Case> = [
  answered(400, "BadRequest", { ...hopeless, why: "guide: 400, no" }),
  answered(401, "Unauthorized", { ...hopeless, why: "guide: 401, no" }),
  answered(402, "PaymentRequired", hopeless),
  answered(403, "Forbidden", hopeless),
  answered(404, "NotFound", { ...hopeless, why: "guide: 404, no" }),
  answered(405, "MethodNotAllowed", hopeless),
  answered(408, "RequestTimeout", unclear),
  answered(409, "Conflict", hopeless),
  answered(412, "PreconditionFailed", hopeless),
  answered(413, "TooLarge", hopeless),
  answered(418, "UnexpectedStatus", hopeless),
  answered(422, "Unprocessable", { ...hopeless, why: "guide: 422, no" }),
  answered(425, "WeightSwap", notExecuted),
  answered(429, "RateExceeded", { ...notExecuted, why: "guide: 429, yes, with backoff" }),
  answered(500, "ServerError", { ...unclear, why: "guide: 500, yes" }),
  answered(501, "UnexpectedStatus", hopeless),
  answered(502, "BadGateway", { ...unclear, why: "guide: 502, yes" }),
  answered(503, "Unavailable", { ...unclear, why: "guide: 503, yes, with backoff" }),
  answered(504, "GatewayTimeout", { ...unclear, why: "guide: 504, yes" }),
  answered(505, "UnexpectedStatus", hopeless),
  answered(520, "UnknownStatus", unclear),
  answered(529, "Overloaded", notExecuted),
  {
    title: "a 503 of a deployment that is scaling up",
    why: "rule 8",
    fault: () =>
      Fault.answer(503, { body: { error: { message: "wait", code: "DEPLOYMENT_SCALING_UP", type: "error" } } }),
    error: { reason: "ScalingUp", delivery: "Acknowledged" },
    ...notExecuted
  },
  {
    title: "a 429 of a quota that is used up",
    fault: () => Fault.answer(429, { body: { error: { message: "none left", code: "insufficient_quota" } } }),
    error: { reason: "QuotaExhausted", delivery: "Acknowledged" },
    ...hopeless
  },
  {
    title: "a 503 in HTML, of some proxy",
    fault: () =>
      Fault.answer(503, {
        headers: { "content-type": "text/html" },
        body: "<html><h1>Service Unavailable</h1></html>"
      }),
    error: { reason: "Unavailable", delivery: "Acknowledged" },
    ...unclear
  },
  {
    title: "a failure whose body breaks off",
    why: "the status says more than the body",
    fault: () => Fault.cut({ by: "reset" }, Fault.answer(503)),
    error: { reason: "Unavailable", delivery: "Acknowledged" },
    ...unclear
  },
  {
    title: "a failure whose body never ends",
    why: "the status says more than the body",
    fault: () => Fault.cut({ by: "silence" }, Fault.answer(503)),
    error: { reason: "Unavailable", delivery: "Acknowledged" },
    ...unclear
  },
  {
    title: "a 400 that says to try again",
    why: "rule 3",
    fault: () => Fault.answer(400, { shouldRetry: true }),
    error: { reason: "BadRequest", delivery: "Acknowledged" },
    ...notExecuted
  },
  {
    title: "a 503 that says not to",
    why: "rule 3",
    fault: () => Fault.answer(503, { shouldRetry: false }),
    error: { reason: "Unavailable", delivery: "Acknowledged" },
    ...hopeless
  },
  {
    title: "JSON that is none",
    fault: () => Fault.invalidJson,
    error: { reason: "InvalidAnswer", delivery: "Acknowledged" },
    ...unclear
  },
  {
    title: "headers that are too long",
    fault: () => Fault.oversizedHeaders(),
    error: { reason: "AnswerTooLarge", delivery: "Partial" },
    repeat: false,
    executed: true
  },
  {
    title: "bytes that are no HTTP",
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
  { title: "a body reset in its middle", fault: () => Fault.cut({ by: "reset" }), ...broken },
  { title: "a body cut short", fault: () => Fault.cut({ by: "close" }), ...broken },
  {
    title: "a chunked body reset in its middle",
    fault: () => Fault.cut({ by: "reset", framing: "chunked" }),
    ...broken
  },
  {
    title: "a chunked body without its end",
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
    title: "a content-length that is too large",
    fault: () => Fault.mislabel(5),
    ...cutShort,
    over: {
      "NodeHttpClient.layer": {
        outcome: "ConnectionLost",
        delivery: "Partial",
        phase: undefined,
        because: "it keeps no connection, so that the server closes it after what it sent"
      }
    }
  },
  {
    title: "a content-length that is too small",
    fault: () => Fault.mislabel(-5),
    error: { reason: "InvalidAnswer", delivery: "Acknowledged" },
    ...unclear
  },
  {
    title: "no answer",
    why: "nothing but the workload ends an attempt",
    fault: () => Fault.unanswered,
    error: { reason: "Timeout", delivery: "Unconfirmed", phase: "attempt" },
    ...unclear
  },
  {
    title: "headers that come too late",
    why: "nothing but the workload ends an attempt",
    fault: (time) => Fault.stall(time("31 minutes")),
    error: { reason: "Timeout", delivery: "Unconfirmed", phase: "attempt" },
    ...unclear
  },
  {
    title: "a connection that is reset at once",
    // a race decides whether the request was sent before the reset, so a submission has no certain outcome
    under: [Workload.interactive, Workload.agentic, Workload.largeModel],
    connection: Fault.refuse,
    error: { reason: "ConnectionLost", delivery: "Unconfirmed" },
    arrives: 0,
    ...unclear
  },
  {
    title: "a server that accepts and reads nothing",
    connection: Fault.ignore,
    error: { reason: "Timeout", delivery: "Unconfirmed", phase: "attempt" },
    arrives: 0,
    ...unclear
  }
]

/** Returns the situations of a case under each workload. Only rules 7 and 8 of `Retry` decide the outcome. */
const underEach = (kase: Case): ReadonlyArray<Situation> =>
  (kase.under ?? workloads).map((workload) => {
    const { arrives = 1, error, executed, repeat } = kase
    const { reason, ...rest } = error
    const impatient = reason === "ScalingUp" && workload.patience === undefined
    const repeated = repeat && !impatient && (idempotencyUnder(workload) === "safe" || !executed)
    return {
      title: `${kase.title}, ${workload.name}`,
      family: kase.title,
      why: kase.why ?? "the table of reasons",
      workload,
      script: (time) => (kase.fault === undefined ? [] : [kase.fault(time)]),
      ...(kase.connection !== undefined && { connections: [kase.connection] }),
      expected: repeated
        ? { outcome: "success", arrived: arrives + 1 }
        : { outcome: reason, arrived: arrives, ...rest },
      ...(!repeated && kase.told !== undefined && { told: kase.told }),
      ...(!repeated && kase.over !== undefined && { over: kase.over })
    }
  })

// -------------------------------------------------------------------------------------------------
// Rules, and situations with more than one failure
// -------------------------------------------------------------------------------------------------

const { agentic, batchSubmission, interactive, largeModel } = Workload

const hint = (time: Time, delay: Duration.DurationInput, form: Fault.HintForm = "millis") =>
  Fault.answer(429, { retryAfter: time(delay), form })

const success = (arrived: number): Outcome => ({ outcome: "success", arrived })

const failure = (
  reason: ApiError.Reason,
  arrived: number,
  rest: Omit<Outcome, "outcome" | "arrived"> = {}
): Outcome => ({
  outcome: reason,
  arrived,
  ...rest
})

const sockets = ["memory"]

/** Makes a situation in which connecting fails. It cannot be run in memory, which has no ports and no certificates. */
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
  because: "it waits for a connection as long as the attempt lasts, and tells nobody"
} as const

const rules: ReadonlyArray<Situation> = [
  {
    title: "waits as long as the server asks, in milliseconds",
    why: "rule 1",
    workload: interactive,
    script: (time) => [hint(time, "30 seconds")],
    waits: ["30 seconds"],
    expected: success(2)
  },
  {
    title: "waits as long as the server asks, in seconds",
    why: "rule 1",
    workload: interactive,
    script: () => [Fault.answer(429, { retryAfter: "1 second" })],
    waits: ["1 second"],
    expected: success(2)
  },
  {
    title: "waits until the date that the server names",
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
    expected: failure("Unavailable", 5, { delivery: "Acknowledged" })
  },
  {
    title: "does not wait past the deadline",
    why: "rule 2",
    workload: Workload.with(agentic, { timeouts: { attempt: "4 minutes" }, deadline: "4 minutes" }),
    script: (time) => [Fault.stall(time("150 seconds"), hint(time, "110 seconds"))],
    expected: failure("RateExceeded", 1, { delivery: "Acknowledged" })
  },
  {
    title: "does not wait longer than two minutes for anybody",
    why: "rule 2",
    workload: agentic,
    script: (time) => [hint(time, "3 minutes")],
    expected: failure("RateExceeded", 1, { delivery: "Acknowledged" })
  },
  {
    title: "ends at the deadline, in the middle of an attempt",
    why: "the deadline bounds the whole call",
    workload: interactive,
    script: () => Fault.unanswered,
    expected: failure("Timeout", 2, { phase: "deadline", delivery: "Unconfirmed" })
  },
  {
    title: "answers after more than five minutes, under agentic",
    why: "no default of a transport undercuts a workload",
    workload: agentic,
    script: (time) => [Fault.stall(time("25 minutes"))],
    expected: success(1)
  },
  {
    title: "a body that drips for more than five minutes, under largeModel",
    why: "no default of a transport undercuts a workload",
    workload: largeModel,
    script: (time) => [
      Fault.drip({ every: time("2 minutes"), bytes: 60 }, Fault.answer(200, { body: { a: "b".repeat(500) } }))
    ],
    expected: success(1)
  },
  {
    title: "a deployment that takes eight refusals to scale up, under agentic",
    why: "rule 8",
    workload: agentic,
    script: () => Array.from({ length: 8 }, () => scalingUp),
    waits: ["5 seconds", "7.5 seconds", "11.25 seconds"],
    expected: success(9)
  },
  {
    title: "a deployment that scales up, under interactive",
    why: "rule 8",
    workload: interactive,
    script: () => scalingUp,
    expected: failure("ScalingUp", 1, { delivery: "Acknowledged" })
  },
  {
    title: "a kept-alive connection that the server has given up",
    why: "rule 6",
    workload: interactive,
    before: 1,
    script: () => [Fault.healthy, Fault.reused(Fault.reset)],
    expected: success(2),
    not: ["NodeHttpClient.layer"]
  },
  {
    title: "a kept-alive connection that the server has given up, a submission",
    why: "rules 6 and 7",
    workload: batchSubmission,
    before: 1,
    script: () => [Fault.healthy, Fault.reused(Fault.reset)],
    expected: failure("ConnectionLost", 1, { delivery: "Unconfirmed" }),
    not: ["NodeHttpClient.layer"]
  },
  {
    title: "a submission whose answer is lost is not repeated",
    why: "rule 7",
    workload: batchSubmission,
    script: () => [Fault.reset],
    expected: failure("ConnectionLost", 1, { delivery: "Unconfirmed" })
  },
  {
    title: "a GET is repeated whatever the workload",
    why: "rule 7",
    workload: batchSubmission,
    method: "GET",
    script: () => [Fault.reset],
    expected: success(2)
  },
  {
    title: "a submission with an id of its own is repeated",
    why: "rule 7",
    workload: batchSubmission,
    idempotency: "keyed",
    script: () => [Fault.reset],
    expected: success(2)
  },
  {
    title: "a stream that was sent once is not sent again",
    why: "a stream is never copied",
    workload: interactive,
    body: () => Stream.make("{}").pipe(Stream.encodeText),
    script: () => [Fault.answer(503)],
    expected: failure("Unavailable", 1, { delivery: "Acknowledged" })
  },
  {
    title: "a 429 of a dedicated deployment is a lack of capacity",
    why: "guide: on dedicated deployments, raise replica counts",
    workload: interactive,
    target: "dedicated",
    script: () => Fault.answer(429),
    expected: failure("Capacity", 5, { delivery: "Acknowledged" })
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
    title: "a server that takes nobody in",
    why: "guide: 503",
    workload: interactive,
    script: () => Fault.answer(503),
    expected: failure("Unavailable", 5)
  },
  {
    title: "an answer that is closed after, without a word",
    why: "a connection that is closed is replaced",
    workload: interactive,
    before: 3,
    script: () => Fault.closeAfter(0),
    expected: success(1)
  },
  connecting("a port that nobody listens on", {
    port: "closed",
    why: "guide: what the dashboard does not see",
    expected: failure("Connect", 0, { delivery: "NotSent" })
  }),
  connecting("a port that nobody listens on, a submission", {
    port: "closed",
    workload: batchSubmission,
    expected: failure("Connect", 0, { delivery: "NotSent" })
  }),
  connecting("a host that answers no SYN", {
    port: "deaf",
    workload: Workload.with(interactive, { deadline: "10 minutes" }),
    why: "guide: timeout before connection",
    expected: failure("Timeout", 0, { delivery: "NotSent", phase: "connect" }),
    over: {
      "Transport over an Agent": { phase: "pool", because: "a dispatcher does not tell waiting from connecting" },
      "NodeHttpClient.layerUndici": slowToConnect,
      "NodeHttpClient.layer": slowToConnect,
      FetchHttpClient: slowToConnect
    }
  }),
  connecting("a certificate that nobody vouches for", {
    tls: { certificate: "selfSigned" },
    expected: failure("Tls", 0, { delivery: "NotSent" })
  }),
  connecting("a certificate that has expired", {
    tls: { certificate: "expired" },
    expected: failure("Tls", 0, { delivery: "NotSent" })
  })
]

// -------------------------------------------------------------------------------------------------
// Streams
// -------------------------------------------------------------------------------------------------

type Timed = Omit<Fault.StreamOptions, "every"> & { readonly every?: Duration.DurationInput }

/** Makes a situation with a stream of four events that fails as described. A second attempt receives a complete stream. */
const streaming = (
  title: string,
  { every = 0, ...options }: Timed,
  expected: Outcome,
  rest: Partial<Situation> = {}
): Situation => ({
  title: `a stream ${title}`,
  why: "retried until the first event, never spliced after",
  workload: interactive,
  stream: true,
  script: (time) => [Fault.stream({ events: 4, ...options, every: time(every) }), Fault.stream({ events: 4 })],
  expected,
  ...rest
})

const delivered = (events: number, arrived = 1): Outcome => ({ outcome: "success", arrived, events })

const broke = (reason: ApiError.Reason, events: number, phase?: ApiError.Phase): Outcome => ({
  outcome: reason,
  delivery: "Partial",
  arrived: 1,
  events,
  ...(phase !== undefined && { phase })
})

const streams: ReadonlyArray<Situation> = [
  streaming("that is healthy", {}, delivered(4)),
  streaming("with pings", { pings: true }, delivered(4)),
  streaming("that is slow, and not too slow", { every: "15 seconds" }, delivered(4)),
  streaming("that lasts longer than an attempt may", { every: "22 seconds" }, delivered(4)),
  streaming("that falls silent", { after: 2, ending: "silence" }, broke("Timeout", 2, "read")),
  streaming("that is closed", { after: 2, ending: "close" }, broke("StreamBroken", 2)),
  streaming("that is reset", { after: 2, ending: "reset" }, broke("StreamBroken", 2)),
  streaming("that ends without saying so", { ending: "missing" }, broke("StreamBroken", 4)),
  streaming("that breaks before its first event", { after: 0, ending: "reset" }, delivered(4, 2)),
  streaming("that is silent from the start", { after: 0, ending: "silence" }, delivered(4, 2)),
  streaming("that ends before its first event", { after: 0, ending: "missing" }, delivered(4, 2)),
  streaming(
    "of which nothing comes but pings",
    { every: "20 seconds", after: 0, pings: true, ending: "silence" },
    delivered(4, 2)
  ),
  streaming("that is refused at first", {}, delivered(4, 2), {
    script: () => [Fault.answer(503), Fault.stream({ events: 4 })]
  }),
  streaming(
    "of a submission, which breaks before its first event",
    { after: 0, ending: "reset" },
    broke("StreamBroken", 0),
    {
      idempotency: "never"
    }
  ),
  streaming("that begins late, under agentic", {}, delivered(4), {
    workload: Workload.with(agentic, { timeouts: { attempt: "10 minutes" }, deadline: "20 minutes" }),
    script: (time) => [Fault.stall(time("2 minutes"), Fault.stream({ events: 4, every: time("30 seconds") }))]
  })
]

export const situations: ReadonlyArray<Situation> = [...cases.flatMap(underEach), ...rules, ...streams]
