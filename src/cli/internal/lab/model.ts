/**
 * The types of the lab: runs, lines, reports and events.
 *
 * @since 0.1.0
 */

/** The name of one of the four workloads. */
export type WorkloadName = "interactive" | "agentic" | "largeModel" | "batchSubmission"

/** A part of a call, in milliseconds since the call began. */
export interface Segment {
  /** An attempt, a wait between two attempts, or a stream after its first event. */
  readonly kind: "attempt" | "wait" | "stream"
  readonly from: number
  readonly to: number
  /** True if the attempt or the stream failed. */
  readonly failed: boolean
  /** The outcome of an attempt or a stream, or the reason for a wait. */
  readonly label: string
}

/** One call through one client. */
export interface Run {
  readonly segments: ReadonlyArray<Segment>
  readonly millis: number
  /** True if the caller received a response, complete or not. */
  readonly ok: boolean
  /** `success`, or the reason of the error. */
  readonly outcome: string
  /** The delivery of the error, if the client reports one. */
  readonly delivery: string | undefined
  /** The number of events that the caller received; absent if the call is not a stream. */
  readonly events: number | undefined
  /** The statuses of the requests that arrived, undefined for one without a response; absent if the server is not the lab's own. */
  readonly arrived: ReadonlyArray<number | undefined> | undefined
  /** The number of requests that may have been executed. */
  readonly executed: number
}

/** The number of attempts by delivery. A success is acknowledged. */
export interface Deliveries {
  readonly acknowledged: number
  readonly partial: number
  readonly unconfirmed: number
  readonly notSent: number
}

/** One call of the lab, through both clients. */
export interface Line {
  /** The fault of the server. */
  readonly fault: string
  /** The rule, or the line of the provider's guide, that decides the outcome. */
  readonly rule: string
  readonly workload: WorkloadName
  /** True if the stream stops halfway, so that a success would be half a response. */
  readonly truncated: boolean
  /** The call through effect-reliability. */
  readonly ours: Run
  /** The same call through the `openai` package; absent if it is not installed. */
  readonly theirs: Run | undefined
  /** The attempts that effect-reliability counted. */
  readonly counted: Deliveries
  /** The expected outcome, in words. */
  readonly expected: string
  /** True if the expected outcome is a failure. */
  readonly mustFail: boolean
  /** True if the outcome is the expected one. */
  readonly met: boolean
  /** True if the call was repeated alone: on a busy machine, a timeout of some hundred milliseconds may expire early. */
  readonly again: boolean
}

/** The result of the lab. */
export interface Report {
  readonly version: 1
  /** The number by which all times were divided. */
  readonly scale: number
  /** The server: one of the lab's own, or an address. */
  readonly server: string
  /** When the lab began, in milliseconds of wall time. */
  readonly at: number
  readonly millis: number
  /** The version of the `openai` package, if it is installed. */
  readonly openai: string | undefined
  readonly lines: ReadonlyArray<Line>
}

/** An event that the lab reports while it runs. */
export type Event =
  | { readonly _tag: "Planned"; readonly calls: number; readonly openai: boolean }
  | { readonly _tag: "Began"; readonly fault: string; readonly workload: WorkloadName }
  | {
      readonly _tag: "Progressed"
      readonly fault: string
      readonly workload: WorkloadName
      readonly segments: ReadonlyArray<Segment>
    }
  | { readonly _tag: "Ended"; readonly fault: string; readonly workload: WorkloadName }

/** The totals of a report. */
export interface Summary {
  readonly calls: number
  /** The number of lines whose outcome is not the expected one. */
  readonly unmet: number
  /** The number of lines whose expected outcome is a failure. */
  readonly mustFail: number
  readonly ours: Totals
  readonly theirs: Totals | undefined
  /** One row for each fault. */
  readonly matrix: ReadonlyArray<MatrixRow>
  /** The dashboard law: the attempts that the client counted, the requests that arrived, and whether both agree for each call. */
  readonly law: { readonly counted: Deliveries; readonly arrived: number; readonly holds: boolean } | undefined
}

/** The totals of one client. */
export interface Totals {
  readonly calls: number
  /** Complete responses. */
  readonly succeeded: number
  /** Half responses that were returned as successes. */
  readonly truncated: number
  /** Requests that arrived. */
  readonly requests: number
  /** Batch submissions that may have been executed more than once. */
  readonly duplicates: number
}

/** The calls with one fault, under all workloads. */
export interface MatrixRow {
  readonly fault: string
  /** The number of calls that must succeed. */
  readonly mustSucceed: number
  readonly met: boolean
  readonly ours: Totals
  readonly theirs: Totals | undefined
}
