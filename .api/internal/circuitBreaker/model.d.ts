import type * as Duration from "effect/Duration"
export type TripPolicy =
  | {
      readonly _tag: "Consecutive"
      readonly failures: number
    }
  | {
      readonly _tag: "Rate"
      readonly threshold: number
      readonly minimumCalls: number
      readonly size: number
    }
export type Outcome =
  | {
      readonly _tag: "Success"
    }
  | {
      readonly _tag: "Ignored"
    }
  | {
      readonly _tag: "Failure"
      readonly retryAfter?: Duration.Duration | undefined
    }
export type State =
  | {
      readonly _tag: "Closed"
      readonly key: string
    }
  | {
      readonly _tag: "Open"
      readonly key: string
      readonly retryAfter: Duration.Duration
      readonly consecutiveOpenings: number
    }
  | {
      readonly _tag: "HalfOpen"
      readonly key: string
      readonly probing: boolean
      readonly consecutiveOpenings: number
    }
export type Transition =
  | {
      readonly key: string
      readonly from: "Closed" | "HalfOpen"
      readonly to: "Open"
      readonly retryAfter: Duration.Duration
      readonly consecutiveOpenings: number
    }
  | {
      readonly key: string
      readonly from: "Open"
      readonly to: "HalfOpen"
    }
  | {
      readonly key: string
      readonly from: "HalfOpen"
      readonly to: "Closed"
    }
export interface KeyDescription {
  readonly key: string
  readonly state: State["_tag"]
  readonly opensFor: number
  readonly probing: boolean
  readonly consecutiveOpenings: number
  readonly failures: number
  readonly admitted: number
  readonly refused: number
}
