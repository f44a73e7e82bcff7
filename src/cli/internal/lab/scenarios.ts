/**
 * What goes wrong in the lab, and what must come of it: a row each.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import type { Delivery, Reason } from "../../../ApiError.js"
import * as Fault from "../../../testing/Fault.js"
import type { WorkloadName } from "./model.js"

/** A length of time in the measure of the lab. */
export type Time = (duration: Duration.DurationInput) => Duration.Duration

export interface Expected {
  readonly outcome: "success" | Reason
  readonly delivery?: Delivery | undefined
  /** Requests that arrive. */
  readonly requests: number
}

export interface Row {
  readonly fault: string
  /** What the guide says, or the rule. */
  readonly rule: string
  /** What the requests get, one after the other; healthy is what comes after. */
  readonly script: (time: Time) => ReadonlyArray<Fault.Fault>
  /** Whether nobody listens. @default false */
  readonly closed?: true
  /** Whether the answer is asked for as a stream, for which batches have no use. @default false */
  readonly stream?: true
  /** Whether a success would be half an answer. @default false */
  readonly halved?: true
  /** Whether what fails may have been carried out. */
  readonly executed: boolean
  readonly expected: Expected
  /** Where a workload differs. */
  readonly but?: { readonly [W in WorkloadName]?: Expected }
  /** Whether a limit of many minutes is run into. @default false */
  readonly slow?: true
}

const times = (count: number, fault: Fault.Fault) => (): ReadonlyArray<Fault.Fault> =>
  Array.from({ length: count }, () => fault)

const acknowledged = { delivery: "Acknowledged" } as const

const coded = (status: number, code: string, message: string): Fault.Answer =>
  Fault.answer(status, { body: { error: { message, code, type: "error" } } })

/** An answer that helps only those who ask again, and once too often whoever must not. */
const unclear = (status: number, count: number, reason: Reason, rule: string): Row => ({
  fault: `${status}${count === 1 ? "" : `, ${count} times`}`,
  rule,
  script: times(count, Fault.answer(status)),
  executed: true,
  expected: { outcome: "success", requests: count + 1 },
  but: { batchSubmission: { outcome: reason, ...acknowledged, requests: 1 } }
})

const hopeless = (status: number, reason: Reason, rule: string): Row => ({
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

export const rows: ReadonlyArray<Row> = [
  {
    fault: "nothing",
    rule: "one request, one answer",
    script: () => [],
    executed: true,
    expected: { outcome: "success", requests: 1 }
  },
  {
    fault: "429, 3 times",
    rule: "guide: retry with backoff; it was not run, so that even a batch may be repeated",
    script: times(3, Fault.answer(429)),
    executed: false,
    expected: { outcome: "success", requests: 4 }
  },
  {
    fault: "429 with Retry-After: 20",
    rule: "the server's hint is the shortest wait",
    script: (time) => [Fault.answer(429, { retryAfter: time("20 seconds"), form: "millis" })],
    executed: false,
    expected: { outcome: "success", requests: 2 }
  },
  {
    fault: "429, quota exhausted",
    rule: "no wait cures it: not repeated",
    script: times(9, coded(429, "insufficient_quota", "You exceeded your current quota")),
    executed: false,
    expected: { outcome: "QuotaExhausted", ...acknowledged, requests: 1 }
  },
  unclear(500, 3, "ServerError", "guide: retry; a batch may have been created, and is not submitted twice"),
  unclear(502, 1, "BadGateway", "guide: retry"),
  unclear(503, 2, "Unavailable", "guide: retry with backoff"),
  unclear(504, 1, "GatewayTimeout", "guide: retry"),
  {
    fault: "503, scaling up from zero",
    rule: "patience, which spends no attempts; a person is told at once",
    script: times(6, coded(503, "DEPLOYMENT_SCALING_UP", "The deployment is scaling up")),
    executed: false,
    expected: { outcome: "success", requests: 7 },
    but: { interactive: { outcome: "ScalingUp", ...acknowledged, requests: 1 } }
  },
  hopeless(400, "BadRequest", "guide: no retry, fix the request"),
  hopeless(401, "Unauthorized", "guide: no retry, check the API key"),
  hopeless(404, "NotFound", "guide: no retry, check the model's name"),
  hopeless(422, "Unprocessable", "guide: no retry, fix the body"),
  {
    fault: "connection refused",
    rule: "nothing was sent, so that anything may be repeated; the dashboard shows none of it",
    script: () => [],
    closed: true,
    executed: false,
    expected: { outcome: "Connect", delivery: "NotSent", requests: 0 }
  },
  {
    fault: "connection reset",
    rule: "the request may have arrived",
    script: () => [Fault.reset],
    executed: true,
    expected: { outcome: "success", requests: 2 },
    but: { batchSubmission: { outcome: "ConnectionLost", delivery: "Unconfirmed", requests: 1 } }
  },
  {
    fault: "answer breaks off",
    rule: "the body belongs to the attempt",
    script: () => [Fault.cut({ by: "reset" })],
    executed: true,
    expected: { outcome: "success", requests: 2 },
    but: { batchSubmission: { outcome: "ConnectionLost", delivery: "Partial", requests: 1 } }
  },
  {
    fault: "answer is no JSON",
    rule: "a 200 is not yet an answer",
    script: () => [Fault.invalidJson],
    executed: true,
    expected: { outcome: "success", requests: 2 },
    but: { batchSubmission: { outcome: "InvalidAnswer", ...acknowledged, requests: 1 } }
  },
  {
    fault: "stream breaks in the middle",
    rule: "two halves of two answers are no answer",
    script: () => [Fault.stream({ events: 6, after: 3, every: "5 millis", ending: "reset" })],
    stream: true,
    executed: true,
    expected: { outcome: "StreamBroken", delivery: "Partial", requests: 1 }
  },
  {
    fault: "stream just stops",
    rule: "the end is [DONE]; a closed connection is none",
    script: () => [Fault.stream({ events: 6, after: 3, every: "5 millis", ending: "missing" })],
    stream: true,
    halved: true,
    executed: true,
    expected: { outcome: "StreamBroken", delivery: "Partial", requests: 1 }
  },
  {
    fault: "slow body, 3 minutes",
    rule: "too long for a person, not for an agent",
    script: (time) => [
      Fault.drip(
        { every: Duration.times(time("3 minutes"), 1 / pieces), bytes: Math.ceil(completion.length / pieces) },
        whole
      )
    ],
    executed: true,
    expected: { outcome: "success", requests: 1 },
    but: {
      interactive: { outcome: "success", requests: 2 },
      batchSubmission: { outcome: "Timeout", delivery: "Partial", requests: 1 }
    },
    slow: true
  },
  {
    fault: "hangs before headers",
    rule: "each attempt ends with its workload's limit",
    script: () => [Fault.unanswered],
    executed: true,
    expected: { outcome: "success", requests: 2 },
    but: { batchSubmission: { outcome: "Timeout", delivery: "Unconfirmed", requests: 1 } },
    slow: true
  },
  {
    fault: "stream without a first event",
    rule: "a limit of its own for the first event",
    script: () => [Fault.stream({ after: 0, ending: "silence" })],
    stream: true,
    executed: true,
    expected: { outcome: "success", requests: 2 },
    slow: true
  }
]
