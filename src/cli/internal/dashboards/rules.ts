/**
 * The recording and alert rules, and the text of their file.
 *
 * @see https://prometheus.io/docs/prometheus/latest/configuration/recording_rules/
 * @since 0.2.0
 */
import * as Duration from "effect/Duration"
import type { Attribute } from "../../../internal/telemetry/names.js"
import type { Alert, Recording, RuleFile, Thresholds } from "./model.js"
import {
  attemptsPerCall,
  breakerState,
  clientSideLoss,
  firstToken,
  limiterWait,
  limiterWaiting,
  serverSideLoss,
  successRatio,
  suppressed,
  withoutStore
} from "./panels.js"
import { labelOf, type Place, rate } from "./queries.js"

const place: Place = { window: "5m", where: {} }

// -------------------------------------------------------------------------------------------------
// Recordings
// -------------------------------------------------------------------------------------------------

const recording = (record: string, expr: string): Recording => ({ record, expr })

const recorded = {
  successRatio: recording("job_workload_model:reliability_calls_success:ratio_rate5m", successRatio(place)),
  attemptsPerCall: recording("job_workload_model:reliability_attempts_per_call:ratio_rate5m", attemptsPerCall(place)),
  clientSideLoss: recording("job_workload_model:reliability_loss_client:ratio_rate5m", clientSideLoss(place)),
  serverSideLoss: recording("job_workload_model:reliability_loss_server:ratio_rate5m", serverSideLoss(place)),
  firstToken: recording("job_workload_model:reliability_first_event_seconds:p95_rate5m", firstToken(0.95)(place)),
  limiterWait: recording("job_key:reliability_limiter_wait_seconds:mean_rate5m", limiterWait(place))
}

// -------------------------------------------------------------------------------------------------
// Alerts
// -------------------------------------------------------------------------------------------------

export const thresholds: Thresholds = {
  successRatio: 0.95,
  attemptsPerCall: 1.5,
  limiterWaiting: 50,
  firstToken: Duration.seconds(10),
  clientSideLoss: 0.05
}

/** A template of the value of an attribute. */
const value = (attribute: Attribute): string => `{{ $labels.${labelOf(attribute)} }}`

const percentage = "{{ $value | humanizePercentage }}"

/** Calls of other services than models have no model. */
const called = `calls of ${value("workload")}{{ with $labels.${labelOf("model")} }} to {{ . }}{{ end }}`

const page = "https://github.com/effect-reliability/effect-reliability/blob/main/.github/DASHBOARDS.md#alerts"

interface Texts {
  readonly summary: string
  readonly description: string
}

const alert = (
  name: string,
  severity: "critical" | "warning",
  expr: string,
  time: string,
  { description, summary }: Texts
): Alert => ({
  alert: `Reliability${name}`,
  expr,
  for: time,
  labels: { severity },
  annotations: { summary, description, runbook_url: page }
})

/** Selects circuits with calls: without calls a circuit stays open, however healthy its server is. */
const used = (["breakerRefusals", "breakerTransitions"] as const)
  .map((metric) => `${rate(metric, { by: ["circuit"] })({ ...place, window: "15m" })} > 0`)
  .join(" or ")

const alertsOf = (limits: Thresholds): ReadonlyArray<Alert> => [
  alert("SuccessRatioLow", "critical", `${recorded.successRatio.record} < ${limits.successRatio}`, "10m", {
    summary: `Only ${percentage} of the ${called} succeed`,
    description:
      "Calls fail after all their attempts. Look at the panels Calls by outcome and Loss by side: Fatal errors are in the request, the key or the account; other errors are those of the server or the network."
  }),
  alert("RetriesAmplify", "warning", `${recorded.attemptsPerCall.record} > ${limits.attemptsPerCall}`, "10m", {
    summary: `The ${called} take {{ $value | humanize }} attempts each`,
    description:
      "Retries add load to a server in trouble, and cost tokens. Look at the panel Waits before retries for their reasons; share a retry budget and a circuit breaker between the clients."
  }),
  alert("BudgetExhausted", "warning", `${suppressed(place)} > 0`, "10m", {
    summary: `The retry budget for ${called} is empty`,
    description:
      "Calls fail without a retry, because most attempts fail. The server has an outage, or the budget is too small. Do not raise the budget during an outage."
  }),
  alert("BreakerOpen", "critical", `${breakerState(place)} > 0 and (${used})`, "5m", {
    summary: `The circuit ${value("circuit")} has not been closed for 5 minutes`,
    description:
      "The server still fails the trial calls, so other calls are refused at once. Check the status of the provider, or call another model with a Fallback."
  }),
  alert("LimiterQueueLong", "warning", `${limiterWaiting(place)} > ${limits.limiterWaiting}`, "10m", {
    summary: `{{ $value }} calls wait for the rate limiter ${value("key")}`,
    description:
      "Calls come faster than the limit of the account admits them. Send fewer calls, raise the limit with the provider, or set option queue to refuse calls early."
  }),
  alert(
    "FirstTokenSlow",
    "warning",
    `${recorded.firstToken.record} > ${Duration.toSeconds(limits.firstToken)}`,
    "10m",
    {
      summary: `The first tokens for ${called} take {{ $value | humanizeDuration }} (p95)`,
      description:
        "The time includes retries and waits for the rate limiter. Look at the panels Attempts per call and Limiter wait; if both are low, the server is slow or the prompts are long."
    }
  ),
  alert("ClientSideLoss", "warning", `${recorded.clientSideLoss.record} > ${limits.clientSideLoss}`, "10m", {
    summary: `${percentage} of the attempts for ${called} get no response`,
    description:
      "The attempts fail on the way to the server, so most of them are on no dashboard of the provider. Look at the panel Failed attempts by reason for the phase, and run effect-reliability doctor on the machine."
  }),
  alert("StoreOutage", "warning", `${withoutStore(place)} > 0`, "10m", {
    summary: `${value("policy")} works without its store`,
    description:
      "The store, such as Redis, is unavailable or too slow. Each process decides alone, so all of them together may exceed the limit."
  })
]

export const ruleFile = (limits: Thresholds): RuleFile => ({
  groups: [
    { name: "effect-reliability.recordings", rules: Object.values(recorded) },
    { name: "effect-reliability.alerts", rules: alertsOf(limits) }
  ]
})

// -------------------------------------------------------------------------------------------------
// The file
// -------------------------------------------------------------------------------------------------

type Value = string | ReadonlyArray<Value> | { readonly [key: string]: Value }

const isList = (value: Value): value is ReadonlyArray<Value> => Array.isArray(value)

/** Renders a value as lines of YAML. All texts are on one line and in single quotes, where only a quote has a meaning. */
const linesOf = (value: Value): ReadonlyArray<string> => {
  if (typeof value === "string") return [`'${value.replaceAll("'", "''")}'`]
  if (isList(value)) {
    return value.flatMap((item) => linesOf(item).map((line, index) => `${index === 0 ? "- " : "  "}${line}`))
  }
  return Object.entries(value).flatMap(([key, item]) =>
    typeof item === "string"
      ? [`${key}: ${linesOf(item).join("")}`]
      : [`${key}:`, ...linesOf(item).map((line) => `  ${line}`)]
  )
}

/** Renders the rules as a file of Prometheus. */
export const yamlOf = ({ groups }: RuleFile): string => {
  const plain = groups.map(({ name, rules }) => ({ name, rules: rules.map((rule) => ({ ...rule })) }))
  return `${linesOf({ groups: plain }).join("\n")}\n`
}
