/**
 * The types that the rate limiter shares with dialects, calls and observers. Times are milliseconds, rates are per second.
 *
 * @since 0.2.0
 */

/**
 * A resource that a server limits: requests, input tokens or output tokens.
 *
 * @since 0.2.0
 * @category model
 */
export type Resource = "requests" | "input" | "output"

/**
 * The mechanism that holds a call back.
 *
 * - `requests`, `input`, `output`: the pace of a resource.
 * - `window`: a learned maximum of calls in flight, because the server became slow or refused calls by their number.
 * - `concurrency`: the option `concurrency`, a maximum of calls in flight.
 * - `pause`: a pause after refusals in a row, a server hint or an outage. Only a probe is admitted.
 * - `store`: the store of the shared state is unavailable, and the option `onOutage` is `fail`.
 *
 * @since 0.2.0
 * @category model
 */
export type Brake = Resource | "window" | "concurrency" | "pause" | "store"

/**
 * The tokens that a call costs.
 *
 * @since 0.2.0
 * @category model
 */
export interface Cost {
  /** The input tokens. */
  readonly input?: number | undefined
  /** The maximum of output tokens. @default the mean of the previous calls */
  readonly maxOutput?: number | undefined
}

/**
 * A rate limit from the headers of a response.
 *
 * @since 0.2.0
 * @category model
 */
export interface ServerLimit {
  readonly resource: Resource
  /** The amount that the server admits per minute. */
  readonly perMinute: number
  /** The amount that is left now. */
  readonly remaining?: number | undefined
  /** The milliseconds until the remaining amount increases. */
  readonly resetAfter?: number | undefined
}

/**
 * The token counts in the `usage` of a response.
 *
 * @since 0.2.0
 * @category model
 */
export interface TokenUsage {
  readonly input?: number | undefined
  readonly output?: number | undefined
}

/**
 * The outcome of a call that was admitted.
 *
 * - `first`: the headers of a stream arrived; the call is still in flight.
 * - `ok`: the server responded, possibly with an error that the caller caused.
 * - `refused`: the server refused the call because of its rate or number.
 * - `failed`: the server failed, timed out, or was not reached.
 * - `dropped`: the outcome does not describe the server, for example because the caller gave up.
 * - `unsent`: the caller gave up before the call was sent.
 */
export interface Report {
  readonly kind: "first" | "ok" | "refused" | "failed" | "dropped" | "unsent"
  /** True if `first` was reported before. */
  readonly streamed?: boolean | undefined
  /** The server hint, in milliseconds. */
  readonly hint?: number | undefined
  readonly limits?: ReadonlyArray<ServerLimit> | undefined
  readonly usage?: TokenUsage | undefined
  /** True if the failure was a timeout. */
  readonly timeout?: boolean | undefined
}

/** The pace of one resource: a token bucket at a learned rate. */
export interface Pace {
  readonly resource: Resource
  rate: number
  /** The rate at the last refusal; `unbounded` before any refusal. */
  ceiling: number
  level: number
  /** The limit per second, from headers or options. */
  limit: number | undefined
  /** The limit per second from the options. No header raises it. */
  readonly cap: number | undefined
  /** The sequence number of the call whose response last contained a remaining amount. */
  seen: number
  /** The sum of all charges, minus the returned amounts. */
  spent: number
  /** The charges of calls in flight that the server applies only at their end. */
  pending: number
}

/** The state of one key. It is plain data and survives a round trip through JSON. */
export interface State {
  at: number
  paces: Array<Pace>
  /** The mean of the output tokens of a call. */
  output: number
  /** The maximum number of calls in flight by the options. */
  concurrency: number
  /** The number of calls that were admitted. */
  sequence: number
  inFlight: number
  sentAt: number
  /** The number of calls in about the last second. */
  measured: number
  /** True if bursts are not admitted. */
  strict: boolean
  /** The largest number of calls in flight with an accepted call, and the smallest with a refused call. */
  mostAccepted: number
  leastRefused: number
  /** The number of series of refusals since these two ranges last overlapped. */
  runs: number
  /** No call is admitted before this moment. */
  until: number
  /** The sequence number of the last call before the last pause, and the start of that pause. */
  mark: number
  markedAt: number
  probedAt: number
  /** The mean time from an attempt to its refusal. */
  roundTrip: number
  /** Refusals in a row, and the share of the last ten responses that were refusals. */
  refusals: number
  refusedShare: number
  /** Failures in a row, and the share of the last ten calls that failed. */
  failures: number
  failedShare: number
  window: number
  windowCeiling: number
  /** True if the window has held a call back since its last change. */
  held: boolean
  slow: boolean
  /** The best means of the time to the first byte of streams, and of the time of whole responses. */
  best: { first: number; ok: number }
  /** The window and the mean before it was made smaller. */
  from: { inFlight: number; mean: number } | undefined
  windowMark: number
  peak: number
  sum: number
  count: number
  ended: number
}

/** A call that was admitted. */
export interface Ticket {
  readonly sequence: number
  readonly at: number
  /** The brake that last held the call back. */
  readonly heldBy: Brake | undefined
  /** The time since the previous call. */
  readonly gap: number
  /** The calls in flight, this one included. */
  readonly inFlight: number
  readonly charged: ReadonlyArray<{ readonly amount: number; readonly spent: number; readonly pending: number }>
}

/** The wait of a call. With `millis` 0 it is admitted now; with Infinity it waits for a response. */
export interface Wait {
  readonly millis: number
  readonly by: Brake | undefined
}

/** An event that changes the state of a key. */
export type Event =
  | { readonly _tag: "Ask"; readonly cost: Cost; readonly heldBy: Brake | undefined }
  | { readonly _tag: "Report"; readonly ticket: Ticket; readonly report: Report }

/** The result of an event: a ticket, a wait, or nothing after a report. */
export type Decision =
  | { readonly _tag: "Admitted"; readonly ticket: Ticket }
  | { readonly _tag: "Waiting"; readonly millis: number; readonly by: Brake | undefined }
  | { readonly _tag: "Noted" }
