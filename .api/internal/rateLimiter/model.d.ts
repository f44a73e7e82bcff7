export type Resource = "requests" | "input" | "output"
export type Brake = Resource | "window" | "concurrency" | "pause" | "store"
export interface Cost {
  readonly input?: number | undefined
  readonly maxOutput?: number | undefined
}
export interface ServerLimit {
  readonly resource: Resource
  readonly perMinute: number
  readonly remaining?: number | undefined
  readonly resetAfter?: number | undefined
}
export interface TokenUsage {
  readonly input?: number | undefined
  readonly output?: number | undefined
}
export interface Report {
  readonly kind: "first" | "ok" | "refused" | "failed" | "dropped" | "unsent"
  readonly streamed?: boolean | undefined
  readonly hint?: number | undefined
  readonly limits?: ReadonlyArray<ServerLimit> | undefined
  readonly usage?: TokenUsage | undefined
  readonly timeout?: boolean | undefined
}
export interface Pace {
  readonly resource: Resource
  rate: number
  ceiling: number
  level: number
  limit: number | undefined
  readonly cap: number | undefined
  seen: number
  spent: number
  pending: number
}
export interface State {
  at: number
  paces: Array<Pace>
  output: number
  concurrency: number
  sequence: number
  inFlight: number
  sentAt: number
  measured: number
  strict: boolean
  mostAccepted: number
  leastRefused: number
  runs: number
  until: number
  mark: number
  markedAt: number
  probedAt: number
  roundTrip: number
  refusals: number
  refusedShare: number
  failures: number
  failedShare: number
  window: number
  windowCeiling: number
  held: boolean
  slow: boolean
  best: {
    first: number
    ok: number
  }
  from:
    | {
        inFlight: number
        mean: number
      }
    | undefined
  windowMark: number
  peak: number
  sum: number
  count: number
  ended: number
}
export interface Ticket {
  readonly sequence: number
  readonly at: number
  readonly heldBy: Brake | undefined
  readonly gap: number
  readonly inFlight: number
  readonly charged: ReadonlyArray<{
    readonly amount: number
    readonly spent: number
    readonly pending: number
  }>
}
export interface Wait {
  readonly millis: number
  readonly by: Brake | undefined
}
export type Event =
  | {
      readonly _tag: "Ask"
      readonly cost: Cost
      readonly heldBy: Brake | undefined
    }
  | {
      readonly _tag: "Report"
      readonly ticket: Ticket
      readonly report: Report
    }
export type Decision =
  | {
      readonly _tag: "Admitted"
      readonly ticket: Ticket
    }
  | {
      readonly _tag: "Waiting"
      readonly millis: number
      readonly by: Brake | undefined
    }
  | {
      readonly _tag: "Noted"
    }
