import type * as Duration from "effect/Duration"
export interface Recording {
  readonly record: string
  readonly expr: string
}
export interface Alert {
  readonly alert: string
  readonly expr: string
  readonly for: string
  readonly labels: {
    readonly severity: "critical" | "warning"
  }
  readonly annotations: {
    readonly summary: string
    readonly description: string
    readonly runbook_url: string
  }
}
export interface RuleFile {
  readonly groups: ReadonlyArray<{
    readonly name: string
    readonly rules: ReadonlyArray<Recording | Alert>
  }>
}
export interface Dashboard {
  readonly uid: string
  readonly title: string
  readonly schemaVersion: number
  readonly panels: ReadonlyArray<Readonly<Record<string, unknown>>>
  readonly [field: string]: unknown
}
export interface Thresholds {
  readonly successRatio: number
  readonly attemptsPerCall: number
  readonly limiterWaiting: number
  readonly firstToken: Duration.Duration
  readonly clientSideLoss: number
}
