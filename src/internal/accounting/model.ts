/**
 * The counts of calls, what a server counted, and the verdict that compares the two.
 *
 * @since 0.1.0
 */
import type { ApiError, Reason, Phase as Limit, Delivery } from "../../ApiError.js"
import type { Outcome } from "../../Reliability.js"

/**
 * The labels under which calls are counted.
 *
 * @since 0.1.0
 * @category model
 */
export interface Labels {
  /** The workload's name. */
  readonly workload: string
  /** The model; absent if the call has none. */
  readonly model: string | undefined
  /** The host and port; absent if they are unknown. */
  readonly host: string | undefined
}

/**
 * The sums of the tokens of attempts and streams.
 *
 * @since 0.2.0
 * @category model
 */
export interface TokenCounts {
  /** The tokens of prompts: those that responses state, and estimates from requests without such a response. */
  readonly input: number
  /** The part of `input` that is estimated. */
  readonly estimated: number
  /** The generated tokens that responses state. What a server generated without stating it is not counted. */
  readonly output: number
}

/**
 * The tokens that were spent, and the part of them from which no call has a result.
 *
 * @since 0.2.0
 * @category model
 */
export interface TokenReport {
  /** The tokens of all attempts and streams. */
  readonly spent: TokenCounts
  /** The tokens of the attempts and streams that failed or were aborted. */
  readonly wasted: TokenCounts
  /** The part of `wasted` that failed. */
  readonly failed: TokenCounts
  /** The part of `wasted` that was interrupted: by the caller, by the winner of a hedge, or by an early end of a stream. */
  readonly aborted: TokenCounts
}

/**
 * The number of attempts, calls or streams with the same labels and the same outcome.
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
  /** The phase of a timeout. */
  readonly phase: Limit | undefined
  /** The delivery; `Acknowledged` for a success. */
  readonly delivery: Delivery
  readonly count: number
  /** The sum of their durations, in milliseconds. */
  readonly millis: number
  /** The sums of their tokens; absent if these are not known, and for calls. */
  readonly tokens?: TokenCounts | undefined
}

/**
 * The number of calls with the same labels that have begun and not ended.
 *
 * @since 0.1.0
 * @category model
 */
export interface InFlight extends Labels {
  readonly calls: number
}

/**
 * The counts of attempts, calls and streams.
 *
 * @since 0.1.0
 * @category model
 */
export interface Counts {
  readonly rows: ReadonlyArray<Row>
  /** The number of calls that had begun and not ended at the time of reading. Calls that contain other calls are included. */
  readonly inFlight: number
  /** The same number by labels, as far as these are known when a call begins. */
  readonly open: ReadonlyArray<InFlight>
}

/**
 * The counts of the calls that began within a period.
 *
 * @since 0.1.0
 * @category model
 */
export interface Window extends Counts {
  /**
   * The start in milliseconds of wall time: the edge of a bucket, or the creation of the accounts. Request the servers' counts
   * for this period.
   */
  readonly from: number
  /** The end, at the edge of a bucket, or the time of reading. */
  readonly to: number
}

/**
 * The counts of the servers between two moments, in milliseconds of wall time. The numbers may be computed from rates, so they
 * need not be integers.
 *
 * @since 0.1.0
 * @category model
 */
export interface ServerCounts {
  readonly from: number
  readonly to: number
  /** The acknowledged requests, including those that failed. */
  readonly requests: number
  /** The requests that received an error response. */
  readonly errors: number
  /** The number of errors by HTTP status. */
  readonly byStatus?: Readonly<Record<string, number>> | undefined
  /** The part of the period that the numbers cover, from 0 to 1. @default 1 */
  readonly coverage?: number | undefined
  /** The precision of both ends of the period, in milliseconds. @default 0 */
  readonly resolution?: number | undefined
}

/**
 * The phase in which a client loses attempts.
 *
 * - `dns`: the lookup of the host name.
 * - `pool`: the wait for a free connection.
 * - `connect`: the making of a connection.
 * - `tls`: the TLS handshake, with the check of the certificate.
 * - `proxy`: the proxy refused the call.
 * - `write`: the sending of the request.
 * - `read`: the wait for the response.
 * - `connection`: the connection broke.
 * - `attempt`: the time of the attempt ended before anything was sent.
 * - `abort`: the call was interrupted.
 * - `client`: the client could not send the request, or could not read the response.
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
 * The number of attempts that failed in the same way.
 *
 * @since 0.1.0
 * @category model
 */
export interface Failure {
  /** The phase in which the client lost them; absent if a server responded. */
  readonly phase: Phase | undefined
  readonly reason: Reason
  readonly delivery: Delivery
  readonly count: number
}

/**
 * The number of requests that servers must have counted: at least `Acknowledged + Partial`, at most that plus `Unconfirmed` and
 * the calls in flight. `tolerance` is the allowed deviation.
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
  /** The client's counts: ended calls, attempts in total and by delivery, successful attempts, and calls in flight. */
  readonly client: { readonly [D in Delivery]: number } & {
    readonly calls: number
    readonly attempts: number
    readonly ok: number
    readonly inFlight: number
  }
  readonly server: ServerCounts
  readonly bounds: Bounds
  /** The attempts that the client lost, the most frequent failures first. */
  readonly lost: ReadonlyArray<Failure>
  /** The attempts that received an error response, the most frequent failures first. */
  readonly refused: ReadonlyArray<Failure>
}

/**
 * The reason why no verdict is possible.
 *
 * - `NoNumbers`: a number is invalid, for example negative.
 * - `NoTime`: the window is empty, or lies in the future.
 * - `OtherTime`: the two counts are of different periods.
 * - `Coverage`: the servers' numbers cover too small a part of the period.
 * - `TooShort`: the period is too short for the precision of the servers' numbers, or the tolerance exceeds half of the
 *   requests.
 * - `TooFew`: there are too few requests.
 * - `InFlight`: too many calls have not ended.
 * - `OtherServer`: the servers counted fewer requests than succeeded, so these are the counts of other servers.
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
 * The result of a reconciliation: the side that lost the requests, the evidence, and what to do next.
 *
 * @since 0.1.0
 * @category model
 */
export type Verdict = { readonly next: string } & (
  | {
      /**
       * Attempts were lost between this client and the servers, most often in this phase. If they were lost before or while
       * they were sent, the servers may not have counted them; if the response was lost, the servers counted them.
       */
      readonly _tag: "ClientSide"
      readonly phase: Phase
      /** The attempts that were lost in this phase. */
      readonly lost: number
      readonly evidence: Evidence
    }
  | {
      /** The servers responded with errors. */
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
      /** Absent if `why` is `NoNumbers`. */
      readonly evidence: Evidence | undefined
    }
)

/**
 * Options of `reconcile`: the smallest differences that matter. The tolerance is the greater of `count` and `share` of all
 * requests. `share` grows with the parts of the two periods that do not overlap, and with `resolution` and missing `coverage`.
 *
 * @since 0.1.0
 * @category model
 */
export interface ReconcileOptions {
  /** The number of requests that may always be missing, and of failures that are ignored. @default 3 */
  readonly count?: number | undefined
  /** The share of all requests that may be missing, 0 to 1, since servers' counts are computed from rates. @default 0.1 */
  readonly share?: number | undefined
  /** The share of attempts whose failure is ignored, 0 to 1. @default 0.01 */
  readonly failing?: number | undefined
  /** The least coverage of the server's numbers, 0 to 1. @default 0.5 */
  readonly coverage?: number | undefined
  /** The smallest number of requests that allows a verdict, from 1 on, counted on the side that has more. @default 10 */
  readonly attempts?: number | undefined
}
