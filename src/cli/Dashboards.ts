/**
 * Makes a dashboard for Grafana, and recording and alert rules for Prometheus, from the names of `Telemetry`.
 *
 * Their queries read the metrics of `Telemetry.layer`, as `Telemetry.prometheus` prints them. Limiters, budgets and circuits that never
 * opened also need `Telemetry.observeLimiter`, `Telemetry.observeBudget` and `Telemetry.observeBreaker`. The command
 * `effect-reliability dashboards` prints the same as files; this module is for programs that provision Grafana and Prometheus.
 *
 * The dashboard does not need the rules: its panels and the recorded metrics are made from the same queries. The alerts read the
 * recorded metrics.
 *
 * @since 0.2.0
 */
import type * as Duration from "effect/Duration"
import { duration, number } from "../internal/options.js"
import { grafanaDashboard } from "./internal/dashboards/grafana.js"
import type { Dashboard, RuleFile } from "./internal/dashboards/model.js"
import { ruleFile, thresholds } from "./internal/dashboards/rules.js"

export type { Alert, Dashboard, Recording, RuleFile } from "./internal/dashboards/model.js"

/**
 * Options of `rules`: the thresholds of the alerts.
 *
 * @since 0.2.0
 * @category model
 */
export interface Options {
  /** The share of calls that must succeed, from 0 to 1. @default 0.95 */
  readonly successRatio?: number | undefined
  /** The maximum number of attempts per call, at least 1. @default 1.5 */
  readonly attemptsPerCall?: number | undefined
  /** The maximum number of calls that wait for a key of a rate limiter, over all instances. @default 50 */
  readonly limiterWaiting?: number | undefined
  /** The maximum time to the first token, for 95 % of the streams. @default "10 seconds" */
  readonly firstToken?: Duration.DurationInput | undefined
  /** The maximum share of attempts without a response, from 0 to 1. @default 0.05 */
  readonly clientSideLoss?: number | undefined
}

/**
 * Returns the dashboard, in the JSON format of Grafana 10 and newer.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Dashboards } from "effect-reliability/cli"
 *
 * // the body of a request to Grafana's `POST /api/dashboards/db`
 * const body = JSON.stringify({ dashboard: Dashboards.grafana(), overwrite: true })
 * assert.match(body, /reliability_calls_total/)
 * ```
 *
 * @since 0.2.0
 * @category constructors
 */
export const grafana = (): Dashboard => grafanaDashboard()

/**
 * Returns the recording and alert rules. Prometheus reads rule files in YAML, of which JSON is a part.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Dashboards } from "effect-reliability/cli"
 *
 * const file = JSON.stringify(Dashboards.rules({ successRatio: 0.99, firstToken: "30 seconds" }))
 * assert.match(file, /"ReliabilitySuccessRatioLow","expr":"[^"]+ < 0.99"/)
 * ```
 *
 * @since 0.2.0
 * @category constructors
 */
export const rules = (options: Options = {}): RuleFile => {
  const checked = (
    option: Exclude<keyof Options, "firstToken">,
    bounds: { readonly min?: number; readonly max?: number }
  ) => number("Dashboards.rules", option, options[option] ?? thresholds[option], bounds)
  const firstToken = duration("Dashboards.rules", "firstToken", options.firstToken ?? thresholds.firstToken)
  return ruleFile({
    successRatio: checked("successRatio", { max: 1 }),
    attemptsPerCall: checked("attemptsPerCall", { min: 1 }),
    limiterWaiting: checked("limiterWaiting", {}),
    firstToken,
    clientSideLoss: checked("clientSideLoss", { max: 1 })
  })
}
