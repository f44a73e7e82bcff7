import type { ApiError, Reason, Phase as Limit, Delivery } from "../../ApiError.js"
import type { Outcome } from "../../Reliability.js"
export interface Labels {
  readonly workload: string
  readonly model: string | undefined
  readonly host: string | undefined
}
export interface TokenCounts {
  readonly input: number
  readonly estimated: number
  readonly output: number
}
export interface TokenReport {
  readonly spent: TokenCounts
  readonly wasted: TokenCounts
  readonly failed: TokenCounts
  readonly aborted: TokenCounts
}
export interface Row extends Labels {
  readonly of: Outcome["of"]
  readonly outcome: "ok" | "failed"
  readonly class: ApiError["_tag"] | undefined
  readonly reason: Reason | undefined
  readonly phase: Limit | undefined
  readonly delivery: Delivery
  readonly count: number
  readonly millis: number
  readonly tokens?: TokenCounts | undefined
}
export interface InFlight extends Labels {
  readonly calls: number
}
export interface Counts {
  readonly rows: ReadonlyArray<Row>
  readonly inFlight: number
  readonly open: ReadonlyArray<InFlight>
}
export interface Window extends Counts {
  readonly from: number
  readonly to: number
}
export interface ServerCounts {
  readonly from: number
  readonly to: number
  readonly requests: number
  readonly errors: number
  readonly byStatus?: Readonly<Record<string, number>> | undefined
  readonly coverage?: number | undefined
  readonly resolution?: number | undefined
}
export type Phase =
  | "dns"
  | "pool"
  | "connect"
  | "tls"
  | "proxy"
  | "write"
  | "read"
  | "connection"
  | "attempt"
  | "abort"
  | "client"
export interface Failure {
  readonly phase: Phase | undefined
  readonly reason: Reason
  readonly delivery: Delivery
  readonly count: number
}
export interface Bounds {
  readonly least: number
  readonly most: number
  readonly tolerance: number
}
export interface Evidence {
  readonly client: {
    readonly [D in Delivery]: number
  } & {
    readonly calls: number
    readonly attempts: number
    readonly ok: number
    readonly inFlight: number
  }
  readonly server: ServerCounts
  readonly bounds: Bounds
  readonly lost: ReadonlyArray<Failure>
  readonly refused: ReadonlyArray<Failure>
}
export type NotEnough =
  | "NoNumbers"
  | "NoTime"
  | "OtherTime"
  | "Coverage"
  | "TooShort"
  | "TooFew"
  | "InFlight"
  | "OtherServer"
export type Verdict = {
  readonly next: string
} & (
  | {
      readonly _tag: "ClientSide"
      readonly phase: Phase
      readonly lost: number
      readonly evidence: Evidence
    }
  | {
      readonly _tag: "ServerSide"
      readonly errors: number
      readonly byReason: Readonly<Record<string, number>>
      readonly byStatus: Readonly<Record<string, number>> | undefined
      readonly evidence: Evidence
    }
  | {
      readonly _tag: "InAgreement"
      readonly evidence: Evidence
    }
  | {
      readonly _tag: "MissingOnClient"
      readonly missing: number
      readonly evidence: Evidence
    }
  | {
      readonly _tag: "NotEnoughData"
      readonly why: NotEnough
      readonly evidence: Evidence | undefined
    }
)
export interface ReconcileOptions {
  readonly count?: number | undefined
  readonly share?: number | undefined
  readonly failing?: number | undefined
  readonly coverage?: number | undefined
  readonly attempts?: number | undefined
}
