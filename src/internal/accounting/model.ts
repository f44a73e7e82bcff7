/**
 * The counts of calls, what a server counted, and the verdict that compares the two.
 *
 * @since 0.1.0
 */
import type { ApiError, Reason, Phase as Limit, Delivery } from "../../ApiError.js"
import type { Outcome } from "../../Reliability.js"

/**
 * What makes calls different for those who look at numbers.
 *
 * @since 0.1.0
 * @category model
 */
export interface Labels {
  /** The workload's name. */
  readonly workload: string
  /** Absent where the call did not say. */
  readonly model: string | undefined
  /** Host and port; absent where the call did not say. */
  readonly host: string | undefined
}

/**
 * How many came to the same.
 *
 * @since 0.1.0
 * @category model
 */
export interface Row extends Labels {
  readonly of: Outcome["of"]
  readonly outcome: "ok" | "failed"
  /** The error's class and reason; absent for a success. */
  readonly class: ApiError["_tag"] | undefined
  readonly reason: Reason | undefined
  /** The limit that a timeout ran into. */
  readonly phase: Limit | undefined
  /** Of a success, `Acknowledged`. */
  readonly delivery: Delivery
  readonly count: number
  /** How long all of them took together. */
  readonly millis: number
}

/**
 * Calls that have begun and not ended.
 *
 * @since 0.1.0
 * @category model
 */
export interface InFlight extends Labels {
  readonly calls: number
}

/**
 * What was counted.
 *
 * @since 0.1.0
 * @category model
 */
export interface Counts {
  readonly rows: ReadonlyArray<Row>
  /** How many calls had begun and not ended when it was looked at, those around other calls included. */
  readonly inFlight: number
  /** The same by what they are about, as far as that is known when a call begins. */
  readonly open: ReadonlyArray<InFlight>
}

/**
 * What became of the calls that began within a time.
 *
 * @since 0.1.0
 * @category model
 */
export interface Window extends Counts {
  /** In milliseconds of wall time, at the edge of a bucket: what to ask the servers for. */
  readonly from: number
  /** The same, or the moment that it was looked at. */
  readonly to: number
}

/**
 * What servers counted between two moments, in milliseconds of wall time. The numbers may come of rates: they need not be whole.
 *
 * @since 0.1.0
 * @category model
 */
export interface ServerCounts {
  readonly from: number
  readonly to: number
  /** Requests that were acknowledged, those that failed among them. */
  readonly requests: number
  /** Requests that were answered by an error. */
  readonly errors: number
  /** Of the errors, how many had which HTTP status. */
  readonly byStatus?: Readonly<Record<string, number>> | undefined
  /** The part of the time that the numbers are of, from 0 to 1. @default 1 */
  readonly coverage?: number | undefined
  /** How far off in time they may be at both ends, in milliseconds. @default 0 */
  readonly resolution?: number | undefined
}

/**
 * Where a client loses attempts: looking up the name, waiting for a connection, making one, trusting it, passing the proxy,
 * sending, waiting for the answer, by a connection that breaks, by the time that runs out before anything is sent, by an
 * interruption, or by what the client itself cannot send or read.
 *
 * @since 0.1.0
 * @category model
 */
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

/**
 * Attempts that failed alike.
 *
 * @since 0.1.0
 * @category model
 */
export interface Failure {
  /** Where the client lost them; absent where a server answered. */
  readonly phase: Phase | undefined
  readonly reason: Reason
  readonly delivery: Delivery
  readonly count: number
}

/**
 * Between what the law says that servers count, and by how much they may be off.
 *
 * @since 0.1.0
 * @category model
 */
export interface Bounds {
  readonly least: number
  readonly most: number
  readonly tolerance: number
}

/**
 * The numbers that a verdict rests on.
 *
 * @since 0.1.0
 * @category model
 */
export interface Evidence {
  /** Calls that ended, their attempts by delivery, and those that succeeded. */
  readonly client: { readonly [D in Delivery]: number } & {
    readonly calls: number
    readonly attempts: number
    readonly ok: number
    readonly inFlight: number
  }
  readonly server: ServerCounts
  readonly bounds: Bounds
  /** What this side lost, the most frequent first. */
  readonly lost: ReadonlyArray<Failure>
  /** What servers answered with errors, the most frequent first. */
  readonly refused: ReadonlyArray<Failure>
}

/**
 * Why there is no verdict: numbers that are none, a window that is empty or to come, counts of different times, numbers of too
 * little of it, a window shorter than they are sharp, too few requests, too many calls that have not ended, or servers
 * that counted less than succeeded.
 *
 * @since 0.1.0
 * @category model
 */
export type NotEnough =
  | "NoNumbers"
  | "NoTime"
  | "OtherTime"
  | "Coverage"
  | "TooShort"
  | "TooFew"
  | "InFlight"
  | "OtherServer"

/**
 * Who lost the requests, by which numbers, and what to do next.
 *
 * @since 0.1.0
 * @category model
 */
export type Verdict = { readonly next: string } & (
  | {
      /**
       * Attempts were lost between this client and the servers, most often in this phase: before or while they were sent, so that
       * the servers may know nothing of them, or on the way back, where they counted a request whose answer nobody got.
       */
      readonly _tag: "ClientSide"
      readonly phase: Phase
      /** The attempts that were lost in this phase. */
      readonly lost: number
      readonly evidence: Evidence
    }
  | {
      /** The servers answered, with errors. */
      readonly _tag: "ServerSide"
      readonly errors: number
      readonly byReason: Readonly<Record<string, number>>
      readonly byStatus: Readonly<Record<string, number>> | undefined
      readonly evidence: Evidence
    }
  | { readonly _tag: "InAgreement"; readonly evidence: Evidence }
  | {
      /** The servers counted more than this client can have sent. */
      readonly _tag: "MissingOnClient"
      readonly missing: number
      readonly evidence: Evidence
    }
  | {
      readonly _tag: "NotEnoughData"
      readonly why: NotEnough
      /** Absent where the numbers are none. */
      readonly evidence: Evidence | undefined
    }
)

/**
 * How much difference counts as one. The tolerance is the greater of `count` and `share`, plus what the server's numbers are
 * off by their own account.
 *
 * @since 0.1.0
 * @category model
 */
export interface ReconcileOptions {
  /** Requests that may be missing, whatever the share, and failures that do not matter. @default 3 */
  readonly count?: number | undefined
  /** The share of all requests that may be missing, 0 to 1: server counts come of rates. @default 0.1 */
  readonly share?: number | undefined
  /** The share of attempts that may fail without mattering, 0 to 1. @default 0.01 */
  readonly failing?: number | undefined
  /** The least coverage of the server's numbers, 0 to 1. @default 0.5 */
  readonly coverage?: number | undefined
  /** The fewest requests, on the side that has more of them, that allow a verdict, from 1 on. @default 10 */
  readonly attempts?: number | undefined
}
