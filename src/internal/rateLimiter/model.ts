/**
 * Types that the rate limiter shares with dialects, calls and observers. Times are in milliseconds, and rates are per second.
 *
 * @since 0.2.0
 */

/**
 * A resource that a server counts: requests, input tokens or output tokens.
 *
 * @since 0.2.0
 * @category model
 */
export type Resource = "requests" | "input" | "output"

/**
 * The reason for which a call waits.
 *
 * - `requests`, `input`, `output`: the pace of a resource.
 * - `window`: the number of calls in flight, after the server became slow or refused calls because of their number.
 * - `concurrency`: the number of calls in flight, limited by the option `concurrency`.
 * - `pause`: consecutive refusals, a server hint, or an outage. Only probes are admitted.
 *
 * @since 0.2.0
 * @category model
 */
export type Brake = Resource | "window" | "concurrency" | "pause"

/**
 * The tokens that a call costs.
 *
 * @since 0.2.0
 * @category model
 */
export interface Cost {
  /** The input tokens. */
  readonly input?: number | undefined
  /** The maximum number of output tokens. @default the mean of the earlier calls */
  readonly maxOutput?: number | undefined
}

/**
 * A limit that a response reports.
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
  /** Milliseconds until the amount that is left increases. */
  readonly resetAfter?: number | undefined
}

/**
 * The tokens that a response reports as used.
 *
 * @since 0.2.0
 * @category model
 */
export interface TokenUsage {
  readonly input?: number | undefined
  readonly output?: number | undefined
}

/**
 * The outcome of an admitted call.
 *
 * - `first`: the headers of a stream arrived; the call is still in flight.
 * - `ok`: the server responded, possibly with an error that the caller caused.
 * - `refused`: the server refused the call because of its rate or number.
 * - `failed`: the server failed, timed out, or was not reached.
 * - `dropped`: the outcome does not show how the server deals with load, for example because the caller gave up.
 */
export interface Report {
  readonly kind: "first" | "ok" | "refused" | "failed" | "dropped"
  /** True if `first` was reported before. */
  readonly streamed?: boolean | undefined
  /** The server hint, in milliseconds. */
  readonly hint?: number | undefined
  readonly limits?: ReadonlyArray<ServerLimit> | undefined
  readonly usage?: TokenUsage | undefined
  /** True if a failure was a timeout. */
  readonly timeout?: boolean | undefined
}

/** The pace of one resource: a token bucket at a learned rate. */
export interface Pace {
  readonly resource: Resource
  rate: number
  /** The rate at the last refusal; `unbounded` before any refusal. */
  ceiling: number
  level: number
  /** The limit per second that the server reported or an option set. */
  limit: number | undefined
  /** The limit per second that an option set. Headers never raise it. */
  readonly cap: number | undefined
  /** The number of the last call whose response reported `remaining`. */
  seen: number
  /** The total amount that was charged, minus the amount that was returned. */
  spent: number
  /** The amount that the server will charge at the end of the calls in flight. */
  pending: number
}

/** The state of one key, as plain data that survives JSON. */
export interface State {
  at: number
  paces: Array<Pace>
  /** The mean number of output tokens per call. */
  output: number
  /** The maximum number of calls in flight that the options allow. */
  concurrency: number
  /** The number of admitted calls. */
  sequence: number
  inFlight: number
  sentAt: number
  /** The number of calls in about the last second. */
  measured: number
  /** True if calls must be spread evenly over time. */
  strict: boolean
  /** The highest number of calls in flight at which a call was accepted, and the lowest at which one was refused. */
  mostAccepted: number
  leastRefused: number
  /** The number of runs of refusals since these two numbers last overlapped. */
  runs: number
  /** The time before which no call is admitted. */
  until: number
  /** The number of the last call that was admitted before a refusal or failure paused the key, and the time of the pause. */
  mark: number
  markedAt: number
  probedAt: number
  /** The mean time from sending a call to its refusal. */
  roundTrip: number
  /** The number of consecutive refusals, and the share of refusals in the last ten responses. */
  refusals: number
  refusedShare: number
  /** The number of consecutive failures, and the share of failures in the last ten calls. */
  failures: number
  failedShare: number
  window: number
  windowCeiling: number
  /** True if the window made a call wait since it last changed. */
  held: boolean
  slow: boolean
  /** The lowest mean time to the first byte of streams, and of complete responses. */
  best: { first: number; ok: number }
  /** The window and the mean time before the window was reduced. */
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
  /** The last reason for which the call waited. */
  readonly heldBy: Brake | undefined
  /** The time since the previous call. */
  readonly gap: number
  /** The number of calls in flight, including this one. */
  readonly inFlight: number
  readonly charged: ReadonlyArray<{ readonly amount: number; readonly spent: number; readonly pending: number }>
}

/** The time until a call may go: 0 for now, Infinity for after the next response. */
export interface Wait {
  readonly millis: number
  readonly by: Brake | undefined
}

/** An event of a key. */
export type Event =
  | { readonly _tag: "Ask"; readonly cost: Cost; readonly heldBy: Brake | undefined }
  | { readonly _tag: "Report"; readonly ticket: Ticket; readonly report: Report }

/** The decision after an event: a ticket, a wait, or nothing after a report. */
export type Decision =
  | { readonly _tag: "Admitted"; readonly ticket: Ticket }
  | { readonly _tag: "Waiting"; readonly millis: number; readonly by: Brake | undefined }
  | { readonly _tag: "Noted" }
