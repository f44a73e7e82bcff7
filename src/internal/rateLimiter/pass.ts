/**
 * The admission of an attempt, until its outcome is reported.
 *
 * @since 0.2.0
 */
import * as Duration from "effect/Duration"
import type { ApiError } from "../../ApiError.js"
import type { Report, ServerLimit, Ticket, TokenUsage } from "./model.js"

/** The receiver of outcomes. */
export interface OutcomeReceiver {
  readonly record: (ticket: Ticket, report: Report) => void
}

/** Returns the outcome that an error stands for: whether the server refused the call by its rate or number, or failed. */
export const kindOf = ({ delivery, phase, reason, status, _tag }: ApiError): Report["kind"] => {
  if (_tag === "RateLimit") {
    return reason === "LocallyLimited" ? "dropped" : reason === "Overloaded" ? "failed" : "refused"
  }
  // a starting deployment, the deadline of the call and the pool of connections do not describe the load of the server
  if (reason === "ScalingUp" || reason === "WeightSwap" || reason === "TooEarly") return "dropped"
  if (phase === "deadline" || phase === "pool" || reason === "Aborted" || reason === "CircuitOpen") return "dropped"
  if (_tag === "Transient") return "failed"
  return status === undefined && delivery === "NotSent" ? "dropped" : "ok"
}

export class Pass {
  readonly #receiver: OutcomeReceiver
  readonly #ticket: Ticket
  /** The place in the queue. A retry keeps it. */
  readonly order: number
  #limits: ReadonlyArray<ServerLimit> | undefined
  #usage: TokenUsage | undefined
  #isStream = false
  #isOver = false

  constructor(receiver: OutcomeReceiver, ticket: Ticket, order: number) {
    this.#receiver = receiver
    this.#ticket = ticket
    this.order = order
  }

  /** Stores limits from headers for the report. */
  note(limits: ReadonlyArray<ServerLimit>): void {
    if (limits.length > 0) this.#limits = limits
  }

  /** Stores token counts of the server for the report. */
  use(usage: TokenUsage | undefined): void {
    if (usage !== undefined) this.#usage = { ...this.#usage, ...usage }
  }

  /** Reports the headers of a stream. The call stays in flight until the end of the stream. */
  first(): void {
    if (this.#isOver || this.#isStream) return
    this.#isStream = true
    const limits = this.#limits
    this.#limits = undefined
    this.#receiver.record(this.#ticket, {
      kind: "first",
      streamed: false,
      hint: undefined,
      limits,
      usage: undefined,
      timeout: false
    })
  }

  /** Reports that the attempt succeeded. For a stream, `end` reports it later. */
  succeed(): void {
    if (!this.#isStream) this.end()
  }

  /** Reports that the whole response arrived. */
  end(): void {
    this.#report("ok")
  }

  fail(error: ApiError): void {
    const { reason, retryAfter } = error
    const kind = kindOf(error)
    const hint = retryAfter === undefined ? undefined : Duration.toMillis(retryAfter)
    this.#report(kind, hint ?? this.#reset(), reason === "Timeout")
  }

  /** Reports that the caller gave up before the attempt was sent. */
  cancel(): void {
    this.#report("unsent")
  }

  /** Reports that the caller gave up. */
  drop(): void {
    this.#report("dropped")
  }

  /** Reports the end of a stream, unless it was reported. */
  close(isComplete: boolean): void {
    this.#report(isComplete ? "ok" : "dropped")
  }

  /** Returns the longest reset of the limits that are used up. */
  #reset(): number | undefined {
    const resets = (this.#limits ?? []).flatMap(({ remaining, resetAfter }) =>
      remaining === 0 && resetAfter !== undefined ? [resetAfter] : []
    )
    return resets.length === 0 ? undefined : Math.max(...resets)
  }

  // each field is written out: a spread would cost as much as the rest of the report
  #report(kind: Report["kind"], hint?: number, timeout = false): void {
    if (this.#isOver) return
    this.#isOver = true
    const report: Report = {
      kind,
      streamed: this.#isStream,
      hint,
      limits: this.#limits,
      usage: this.#usage,
      timeout
    }
    this.#receiver.record(this.#ticket, report)
  }
}
