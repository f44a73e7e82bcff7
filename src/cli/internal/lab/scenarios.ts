/**
 * The scenarios of the lab: a fault of the server, and the expected outcome of a call.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import type { Delivery, Reason } from "../../../ApiError.js"
import * as Fault from "../../../testing/Fault.js"
import type { WorkloadName } from "./model.js"

/** Converts a duration to the time scale of the lab. */
export type Time = (duration: Duration.DurationInput) => Duration.Duration

export interface Expected {
  readonly outcome: "success" | Reason
  readonly delivery?: Delivery | undefined
  /** The number of requests that arrive. */
  readonly requests: number
}

export interface Scenario {
  readonly fault: string
  /** The rule, or the line of the provider's guide, that decides the outcome. */
  readonly rule: string
  /** The faults of the first requests, in order. Later requests succeed. */
  readonly script: (time: Time) => ReadonlyArray<Fault.Fault>
  /** True if nothing listens on the port. @default false */
  readonly closed?: true
  /** True if the response is a stream. Batch submissions have no streams. @default false */
  readonly stream?: true
  /** True if the stream stops halfway, so that a success would be half a response. @default false */
  readonly truncated?: true
  /** True if the requests that fail may have been executed. */
  readonly executed: boolean
  readonly expected: Expected
  /** The expected outcome under single workloads. */
  readonly exceptions?: { readonly [W in WorkloadName]?: Expected }
  /** True if the call waits for a timeout of many minutes. @default false */
  readonly slow?: true
}

const times = (count: number, fault: Fault.Fault) => (): ReadonlyArray<Fault.Fault> =>
  Array.from({ length: count }, () => fault)

const acknowledged = { delivery: "Acknowledged" } as const

const coded = (status: number, code: string, message: string): Fault.Answer =>
  Fault.answer(status, { body: { error: { message, code, type: "error" } } })

/** A status after which a retry succeeds. A batch is not submitted again, because it may have been created. */
const retryable = (status: number, count: number, reason: Reason, rule: string): Scenario => ({
  fault: `${status}${count === 1 ? "" : `, ${count} times`}`,
  rule,
  script: times(count, Fault.answer(status)),
  executed: true,
  expected: { outcome: "success", requests: count + 1 },
  exceptions: { batchSubmission: { outcome: reason, ...acknowledged, requests: 1 } }
})

const notRetryable = (status: number, reason: Reason, rule: string): Scenario => ({
  fault: String(status),
  rule,
  script: times(9, Fault.answer(status)),
  executed: false,
  expected: { outcome: reason, ...acknowledged, requests: 1 }
})

const completion = JSON.stringify({
  id: "chatcmpl-slow",
  object: "chat.completion",
  created: 0,
  model: "lab",
  choices: [{ index: 0, message: { role: "assistant", content: "slowly ".repeat(20) }, finish_reason: "stop" }],
  usage: { prompt_tokens: 1, completion_tokens: 20, total_tokens: 21 }
})

const whole = Fault.answer(200, { body: completion, headers: { "content-type": "application/json" } })
const pieces = 18

export const scenarios: ReadonlyArray<Scenario> = [
  {
    fault: "no fault",
    rule: "one request, one response",
    script: () => [],
    executed: true,
    expected: { outcome: "success", requests: 1 }
  },
  {
    fault: "429, 3 times",
    rule: "guide: retry with backoff; the server executed nothing, so even a batch is submitted again",
    script: times(3, Fault.answer(429)),
    executed: false,
    expected: { outcome: "success", requests: 4 }
  },
  {
    fault: "429 with Retry-After: 20",
    rule: "rule 1: a wait is never shorter than the server hint",
    script: (time) => [Fault.answer(429, { retryAfter: time("20 seconds"), form: "millis" })],
    executed: false,
    expected: { outcome: "success", requests: 2 }
  },
  {
    fault: "429, quota exhausted",
    rule: "not retried: waiting does not help",
    script: times(9, coded(429, "insufficient_quota", "You exceeded your current quota")),
    executed: false,
    expected: { outcome: "QuotaExhausted", ...acknowledged, requests: 1 }
  },
  retryable(500, 3, "ServerError", "guide: retry; a batch may have been created, so it is not submitted again"),
  retryable(502, 1, "BadGateway", "guide: retry"),
  retryable(503, 2, "Unavailable", "guide: retry with backoff"),
  retryable(504, 1, "GatewayTimeout", "guide: retry"),
  {
    fault: "503, scaling up from zero",
    rule: "rule 8: patience spends no attempts; interactive has none and fails at once",
    script: times(6, coded(503, "DEPLOYMENT_SCALING_UP", "The deployment is scaling up")),
    executed: false,
    expected: { outcome: "success", requests: 7 },
    exceptions: { interactive: { outcome: "ScalingUp", ...acknowledged, requests: 1 } }
  },
  notRetryable(400, "BadRequest", "guide: do not retry, fix the request"),
  notRetryable(401, "Unauthorized", "guide: do not retry, check the API key"),
  notRetryable(404, "NotFound", "guide: do not retry, check the name of the model"),
  notRetryable(422, "Unprocessable", "guide: do not retry, fix the body"),
  {
    fault: "connection refused",
    rule: "nothing was sent, so every call is retried; the dashboard does not show it",
    script: () => [],
    closed: true,
    executed: false,
    expected: { outcome: "Connect", delivery: "NotSent", requests: 0 }
  },
  {
    fault: "connection reset",
    rule: "the request may have arrived, so a batch is not submitted again",
    script: () => [Fault.reset],
    executed: true,
    expected: { outcome: "success", requests: 2 },
    exceptions: { batchSubmission: { outcome: "ConnectionLost", delivery: "Unconfirmed", requests: 1 } }
  },
  {
    fault: "body reset halfway",
    rule: "a response without its end is a failed attempt",
    script: () => [Fault.cut({ by: "reset" })],
    executed: true,
    expected: { outcome: "success", requests: 2 },
    exceptions: { batchSubmission: { outcome: "ConnectionLost", delivery: "Partial", requests: 1 } }
  },
  {
    fault: "invalid JSON",
    rule: "a status of 200 is not a success until the body can be read",
    script: () => [Fault.invalidJson],
    executed: true,
    expected: { outcome: "success", requests: 2 },
    exceptions: { batchSubmission: { outcome: "InvalidAnswer", ...acknowledged, requests: 1 } }
  },
  {
    fault: "stream reset halfway",
    rule: "never retried after the first event: the parts of two responses do not fit together",
    script: () => [Fault.stream({ events: 6, after: 3, every: "5 millis", ending: "reset" })],
    stream: true,
    executed: true,
    expected: { outcome: "StreamBroken", delivery: "Partial", requests: 1 }
  },
  {
    fault: "stream closed without [DONE]",
    rule: "a stream ends with [DONE]; without it, the response is incomplete",
    script: () => [Fault.stream({ events: 6, after: 3, every: "5 millis", ending: "missing" })],
    stream: true,
    truncated: true,
    executed: true,
    expected: { outcome: "StreamBroken", delivery: "Partial", requests: 1 }
  },
  {
    fault: "slow body, 3 minutes",
    rule: "longer than the attempt timeout of interactive and batchSubmission",
    script: (time) => [
      Fault.drip(
        { every: Duration.times(time("3 minutes"), 1 / pieces), bytes: Math.ceil(completion.length / pieces) },
        whole
      )
    ],
    executed: true,
    expected: { outcome: "success", requests: 1 },
    exceptions: {
      interactive: { outcome: "success", requests: 2 },
      batchSubmission: { outcome: "Timeout", delivery: "Partial", requests: 1 }
    },
    slow: true
  },
  {
    fault: "no response",
    rule: "each attempt ends at the attempt timeout of its workload",
    script: () => [Fault.unanswered],
    executed: true,
    expected: { outcome: "success", requests: 2 },
    exceptions: { batchSubmission: { outcome: "Timeout", delivery: "Unconfirmed", requests: 1 } },
    slow: true
  },
  {
    fault: "stream without a first event",
    rule: "the first event of a stream has its own timeout",
    script: () => [Fault.stream({ after: 0, ending: "silence" })],
    stream: true,
    executed: true,
    expected: { outcome: "success", requests: 2 },
    slow: true
  }
]
