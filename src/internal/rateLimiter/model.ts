/**
 * The types that the rate limiter shares with dialects, calls and observers. Times are milliseconds, rates are per second.
 *
 * @since 0.2.0
 */

/**
 * What a server counts: requests, input tokens and output tokens.
 *
 * @since 0.2.0
 * @category model
 */
export type Resource = "requests" | "input" | "output"

/**
 * What makes a call wait.
 *
 * - `requests`, `input`, `output`: the pace of a resource.
 * - `window`: the calls in flight, since the server became slow or refused calls by their number.
 * - `concurrency`: the calls in flight, by the option of that name.
 * - `pause`: refusals in a row, the server's hint, or an outage. No call may go but a probe.
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
  /** Tokens of input. */
  readonly input?: number | undefined
  /** The most tokens of output. @default the mean of the calls before */
  readonly maxOutput?: number | undefined
}

/**
 * A limit that a response names.
 *
 * @since 0.2.0
 * @category model
 */
export interface ServerLimit {
  readonly resource: Resource
  /** How much the server admits in a minute. */
  readonly perMinute: number
  /** How much of it is left now. */
  readonly remaining?: number | undefined
  /** Milliseconds until there is more. */
  readonly resetAfter?: number | undefined
}

/**
 * Tokens that a response counted.
 *
 * @since 0.2.0
 * @category model
 */
export interface TokenUsage {
  readonly input?: number | undefined
  readonly output?: number | undefined
}

/**
 * What became of a call that was admitted.
 *
 * - `first`: the headers of a stream arrived; the call is still in flight.
 * - `ok`: the server responded, also with an error that the caller caused.
 * - `refused`: the server refused the call because of its rate or number.
 * - `failed`: the server failed, timed out, or was not reached.
 * - `dropped`: the caller gave up; the server said nothing.
 */
export interface Report {
  readonly kind: "first" | "ok" | "refused" | "failed" | "dropped"
  /** Whether `first` was reported before. */
  readonly streamed?: boolean | undefined
  /** How long the server asks to wait, in milliseconds. */
  readonly hint?: number | undefined
  readonly limits?: ReadonlyArray<ServerLimit> | undefined
  readonly usage?: TokenUsage | undefined
  /** Whether a failure was a timeout. */
  readonly timeout?: boolean | undefined
}

/** The pace of one resource: a token bucket at a learned rate. */
export interface Pace {
  readonly resource: Resource
  rate: number
  /** The rate that was refused last; `unbounded` before any refusal. */
  ceiling: number
  level: number
  /** The limit that the server named, or that was given, per second. */
  limit: number | undefined
  /** The limit that was given, per second; no header raises it. */
  readonly cap: number | undefined
  /** The number of the call whose response told `remaining` last. */
  seen: number
  /** All that was ever charged, less what was returned. */
  spent: number
  /** What calls in flight will be charged, as far as the server charges it at their end. */
  pending: number
}

/** What is known of one key. Plain data, which JSON keeps as it is. */
export interface State {
  at: number
  paces: Array<Pace>
  /** The mean of output tokens. */
  output: number
  /** The most calls in flight that the options allow. */
  concurrency: number
  /** The number of calls that were admitted. */
  sequence: number
  inFlight: number
  sentAt: number
  /** The calls of about the last second. */
  measured: number
  /** Whether calls must not bunch. */
  strict: boolean
  /** The most calls in flight among which one was accepted, and the fewest among which one was refused. */
  mostAccepted: number
  leastRefused: number
  /** Runs of refusals since these two last overlapped. */
  runs: number
  /** No call goes before this moment. */
  until: number
  /** The number of the last call that was admitted before a refusal or failure paused the key, and when it did. */
  mark: number
  markedAt: number
  probedAt: number
  /** How long a refusal takes. */
  roundTrip: number
  /** Refusals in a row, and the share of the last ten responses that were refusals. */
  refusals: number
  refusedShare: number
  /** Failures in a row, and the share of the last ten calls that failed. */
  failures: number
  failedShare: number
  window: number
  windowCeiling: number
  /** Whether the window held a call back since it was last changed. */
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
  /** What it last waited for. */
  readonly heldBy: Brake | undefined
  /** The time since the call before. */
  readonly gap: number
  /** The calls in flight, this one included. */
  readonly inFlight: number
  readonly charged: ReadonlyArray<{ readonly amount: number; readonly spent: number; readonly pending: number }>
}

/** Whether a call may go: now if `millis` is 0, after a response if it is Infinity. */
export interface Wait {
  readonly millis: number
  readonly by: Brake | undefined
}

/** What happens to a key. */
export type Event =
  | { readonly _tag: "Ask"; readonly cost: Cost; readonly heldBy: Brake | undefined }
  | { readonly _tag: "Report"; readonly ticket: Ticket; readonly report: Report }

/** What follows: a ticket, a wait, or nothing after a report. */
export type Decision =
  | { readonly _tag: "Admitted"; readonly ticket: Ticket }
  | { readonly _tag: "Waiting"; readonly millis: number; readonly by: Brake | undefined }
  | { readonly _tag: "Noted" }
