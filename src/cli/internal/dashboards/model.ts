/**
 * The types of dashboards and rules.
 *
 * @since 0.2.0
 */
import type * as Duration from "effect/Duration"

/**
 * A rule that records the result of a query as a metric.
 *
 * @since 0.2.0
 * @category model
 */
export interface Recording {
  readonly record: string
  readonly expr: string
}

/**
 * A rule that fires an alert for each result of a query.
 *
 * @since 0.2.0
 * @category model
 */
export interface Alert {
  readonly alert: string
  readonly expr: string
  /** The time for which the query must have the result, such as `10m`. */
  readonly for: string
  readonly labels: { readonly severity: "critical" | "warning" }
  readonly annotations: { readonly summary: string; readonly description: string; readonly runbook_url: string }
}

/**
 * A file of rules, as Prometheus reads it.
 *
 * @since 0.2.0
 * @category model
 */
export interface RuleFile {
  readonly groups: ReadonlyArray<{ readonly name: string; readonly rules: ReadonlyArray<Recording | Alert> }>
}

/**
 * A dashboard in the JSON format of Grafana.
 *
 * @since 0.2.0
 * @category model
 */
export interface Dashboard {
  readonly uid: string
  readonly title: string
  readonly schemaVersion: number
  readonly panels: ReadonlyArray<Readonly<Record<string, unknown>>>
  readonly [field: string]: unknown
}

/** The limits above or below which alerts fire. */
export interface Thresholds {
  readonly successRatio: number
  readonly attemptsPerCall: number
  readonly limiterWaiting: number
  readonly firstToken: Duration.Duration
  readonly clientSideLoss: number
}
