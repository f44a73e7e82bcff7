/**
 * The panels of the dashboard, and the queries that rules share with them.
 *
 * @since 0.2.0
 */
import type { Attribute } from "../../../internal/telemetry/names.js"
import {
  labelOf,
  type Matcher,
  max,
  perMinute,
  type Query,
  quantile,
  rate,
  ratio,
  sum,
  sumPerMinute
} from "./queries.js"

/** A query of a panel, with a template for the names of its lines. */
export interface Target {
  readonly query: Query
  readonly legend: string
}

export interface Panel {
  readonly title: string
  /** A description of what the panel shows, in one or two sentences. */
  readonly description: string
  /** The unit, as Grafana names it. */
  readonly unit: "percentunit" | "reqps" | "s" | "short"
  /** The maximum of the axis. */
  readonly max?: number
  /** Shows texts instead of the values 0, 1, 2, … */
  readonly states?: ReadonlyArray<{ readonly text: string; readonly color: string }>
  readonly isStacked?: boolean
  readonly targets: ReadonlyArray<Target>
}

export interface Section {
  readonly title: string
  readonly panels: ReadonlyArray<Panel>
}

/** Returns a template that names a line by a text and the values of attributes. */
const legend = (text: string, ...by: ReadonlyArray<Attribute>): string =>
  [text, ...by.map((attribute) => `{{${labelOf(attribute)}}}`)].filter((part) => part !== "").join(" ")

// -------------------------------------------------------------------------------------------------
// The shared queries
// -------------------------------------------------------------------------------------------------

/** The attributes that lines of calls keep. */
const subject = ["workload", "model"] as const

/** Calls that their caller aborted neither succeeded nor failed. */
const notAborted = { error: '!="Aborted"' } as const

/** Leaves out attempts that the caller ended, and those that a policy of this process refused. */
const notHeldBack: Matcher = '!~"Aborted|CircuitOpen|LocallyLimited"'

const calls = rate("calls", { by: subject, where: notAborted })

const attempts = rate("attempts", { by: subject, where: { error: notHeldBack } })

const attemptsWith = (where: { readonly delivery: Matcher; readonly outcome?: Matcher }): Query =>
  rate("attempts", { by: subject, where: { error: notHeldBack, ...where } })

const failed = '!="success"'

export const successRatio: Query = ratio(
  rate("calls", { by: subject, where: { outcome: '="success"', ...notAborted } }),
  calls
)

export const attemptsPerCall: Query = ratio(attempts, calls)

/** The share of attempts that failed without a response: never sent, or lost. */
export const clientSideLoss: Query = ratio(
  attemptsWith({ delivery: '=~"NotSent|Unconfirmed"', outcome: failed }),
  attempts
)

/** The share of attempts that failed by a response of the server. */
export const serverSideLoss: Query = ratio(
  attemptsWith({ delivery: '=~"Acknowledged|Partial"', outcome: failed }),
  attempts
)

export const limiterWait: Query = ratio(rate("limiterWaitTime", { by: ["key"] }), rate("limiterWaits", { by: ["key"] }))

/** Returns a quantile of the time to the first token of streams that began. */
export const firstToken = (share: number): Query =>
  quantile(share, "firstEvent", { by: subject, where: { error: '=""' } })

export const breakerState: Query = max("breakerState", { by: ["circuit"] })

export const suppressed: Query = rate("suppressed", { by: subject })

export const limiterWaiting: Query = sum("limiterWaiting", { by: ["key"] })

export const withoutStore: Query = rate("storeLocalDecisions", { by: ["policy"] })

// -------------------------------------------------------------------------------------------------
// The panels
// -------------------------------------------------------------------------------------------------

export const sections: ReadonlyArray<Section> = [
  {
    title: "Calls",
    panels: [
      {
        title: "Success ratio",
        description: "The share of calls that succeeded, after all their attempts. Aborted calls are left out.",
        unit: "percentunit",
        max: 1,
        targets: [{ query: successRatio, legend: legend("", ...subject) }]
      },
      {
        title: "Calls by outcome",
        description: "Calls per second. `Fatal` errors need a change of the request, the key or the account.",
        unit: "reqps",
        isStacked: true,
        targets: [{ query: rate("calls", { by: ["outcome", "error"] }), legend: legend("", "outcome", "error") }]
      },
      {
        title: "Call duration",
        description: "The time of calls with all their attempts and waits, without those that open streams.",
        unit: "s",
        targets: [
          { query: quantile(0.5, "callDuration", { by: subject }), legend: legend("p50", ...subject) },
          { query: quantile(0.95, "callDuration", { by: subject }), legend: legend("p95", ...subject) }
        ]
      }
    ]
  },
  {
    title: "Retries",
    panels: [
      {
        title: "Attempts per call",
        description: "1 without retries. A higher number is load that retries add to a server in trouble.",
        unit: "short",
        targets: [{ query: attemptsPerCall, legend: legend("", ...subject) }]
      },
      {
        title: "Waits before retries",
        description:
          "Waits per second by their reason. `Hint` is a wait by a hint of the server, such as `Retry-After`.",
        unit: "reqps",
        isStacked: true,
        targets: [{ query: rate("waits", { by: ["waited", "error"] }), legend: legend("", "waited", "error") }]
      },
      {
        title: "Retries suppressed",
        description: "Retries per second that were not made, because the retry budget was empty.",
        unit: "reqps",
        targets: [{ query: suppressed, legend: legend("", ...subject) }]
      },
      {
        title: "Retry budget",
        description:
          "The retries that the budgets of all instances would grant now. It needs `Telemetry.observeBudget`.",
        unit: "short",
        targets: [{ query: sum("budget", { by: ["budget"] }), legend: legend("", "budget") }]
      }
    ]
  },
  {
    title: "Client side and server side",
    panels: [
      {
        title: "Dashboard law",
        description:
          "The provider's dashboard shows between `at least` and `at most` requests, if it covers the same calls. The attempts above `at most` never left this side.",
        unit: "reqps",
        targets: [
          { query: rate("attempts", { by: [], where: { error: notHeldBack } }), legend: "attempts of the client" },
          {
            query: rate("attempts", {
              by: [],
              where: { error: notHeldBack, delivery: '=~"Acknowledged|Partial"' }
            }),
            legend: "seen by the server: at least"
          },
          {
            query: rate("attempts", { by: [], where: { error: notHeldBack, delivery: '!="NotSent"' } }),
            legend: "seen by the server: at most"
          }
        ]
      },
      {
        title: "Loss by side",
        description:
          "The share of attempts that failed. On the client side no response arrived, so most of these are on no dashboard of the provider. On the server side the response was an error.",
        unit: "percentunit",
        max: 1,
        targets: [
          { query: clientSideLoss, legend: legend("client side", ...subject) },
          { query: serverSideLoss, legend: legend("server side", ...subject) }
        ]
      },
      {
        title: "Failed attempts by reason",
        description: "Failed attempts per second, with the phase of a timeout and with what the server saw.",
        unit: "reqps",
        isStacked: true,
        targets: [
          {
            query: rate("attempts", { by: ["error", "phase", "delivery"], where: { outcome: failed } }),
            legend: legend("", "error", "phase", "delivery")
          }
        ]
      }
    ]
  },
  {
    title: "Breakers and limiters",
    panels: [
      {
        title: "Breaker state",
        description: "The worst state of each circuit over all instances.",
        unit: "short",
        states: [
          { text: "closed", color: "green" },
          { text: "half-open", color: "yellow" },
          { text: "open", color: "red" }
        ],
        targets: [{ query: breakerState, legend: legend("", "circuit") }]
      },
      {
        title: "Limiter wait",
        description: "The mean wait of the calls that a rate limiter delayed. It needs `Telemetry.observeLimiter`.",
        unit: "s",
        targets: [{ query: limiterWait, legend: legend("", "key") }]
      },
      {
        title: "Limiter queue",
        description:
          "The calls that wait for a rate limiter, and those in flight. It needs `Telemetry.observeLimiter`.",
        unit: "short",
        targets: [
          { query: limiterWaiting, legend: legend("waiting", "key") },
          { query: sum("limiterInFlight", { by: ["key"] }), legend: legend("in flight", "key") }
        ]
      },
      {
        title: "Refusals",
        description: "Calls per second that a limiter, a server or an open circuit refused.",
        unit: "reqps",
        isStacked: true,
        targets: [
          { query: rate("limiterRefusals", { by: ["key", "brake"] }), legend: legend("limiter", "key", "brake") },
          { query: rate("breakerRefusals", { by: ["circuit"] }), legend: legend("breaker", "circuit") }
        ]
      }
    ]
  },
  {
    title: "Streams",
    panels: [
      {
        title: "Time to first token",
        description: "The time from the call to the first event of its stream, retries included.",
        unit: "s",
        targets: [
          { query: firstToken(0.5), legend: legend("p50", ...subject) },
          { query: firstToken(0.95), legend: legend("p95", ...subject) }
        ]
      },
      {
        title: "Streams by end",
        description:
          "Streams per second that had begun, by how they ended. `StreamBroken` lost the rest of a response.",
        unit: "reqps",
        isStacked: true,
        targets: [{ query: rate("streams", { by: ["outcome", "error"] }), legend: legend("", "outcome", "error") }]
      }
    ]
  },
  {
    title: "Tokens and stores",
    panels: [
      {
        title: "Tokens per minute",
        description:
          "The tokens that responses state. Streams state them only if their request asks for them. It needs `Telemetry.genAi` or `Telemetry.layer`.",
        unit: "short",
        isStacked: true,
        targets: [
          {
            query: sumPerMinute("genAiTokenUsage", { by: ["model", "tokenType"] }),
            legend: legend("", "model", "tokenType")
          }
        ]
      },
      {
        title: "Tokens wasted",
        description:
          "The tokens, stated or estimated, of attempts and streams that failed, were aborted, or were hedged away.",
        unit: "short",
        isStacked: true,
        targets: [
          {
            query: perMinute(rate("tokens", { by: ["model", "error"], where: { outcome: failed } })),
            legend: legend("", "model", "error")
          }
        ]
      },
      {
        title: "Decisions without the store",
        description:
          "Steps per second that a policy took alone, because its store was unavailable. Above zero, its limits are not shared.",
        unit: "reqps",
        targets: [{ query: withoutStore, legend: legend("", "policy") }]
      }
    ]
  }
]
