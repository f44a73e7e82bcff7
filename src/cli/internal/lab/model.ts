/**
 * The runs, lines and reports of the lab.
 *
 * @since 0.1.0
 */

/**
 * The name of one of the four workloads.
 *
 * @since 0.1.0
 * @category model
 */
export type WorkloadName = "interactive" | "agentic" | "largeModel" | "batchSubmission"

/**
 * A part of a call's time, in milliseconds since its beginning.
 *
 * @since 0.1.0
 * @category model
 */
export interface Segment {
  /** An attempt, the wait after it, or what came after the first event of a stream. */
  readonly kind: "attempt" | "wait" | "stream"
  readonly from: number
  readonly to: number
  /** Whether an attempt, or a stream, ended badly. */
  readonly failed: boolean
  /** What it ended with, or why it was waited. */
  readonly label: string
}

/**
 * What became of a call.
 *
 * @since 0.1.0
 * @category model
 */
export interface Run {
  readonly segments: ReadonlyArray<Segment>
  readonly millis: number
  /** Whether the caller was given an answer, whole or not. */
  readonly ok: boolean
  /** `success`, or what it failed with. */
  readonly outcome: string
  /** What the client says of the request's arrival, where it says anything. */
  readonly delivery: string | undefined
  /** How many events the caller was given, of a stream. */
  readonly events: number | undefined
  /** The statuses of the requests that arrived, of which those without an answer have none; absent where nobody knows. */
  readonly arrived: ReadonlyArray<number | undefined> | undefined
  /** How many of them may have been carried out. */
  readonly executed: number
}

/**
 * What attempts came to, by delivery; successes are acknowledged.
 *
 * @since 0.1.0
 * @category model
 */
export interface Deliveries {
  readonly acknowledged: number
  readonly partial: number
  readonly unconfirmed: number
  readonly notSent: number
}

/**
 * One call of the lab, both ways.
 *
 * @since 0.1.0
 * @category model
 */
export interface Line {
  /** What goes wrong. */
  readonly fault: string
  /** What the guide, or the rule, says about it. */
  readonly rule: string
  readonly workload: WorkloadName
  /** Whether a success would be half an answer that passes for a whole one. */
  readonly halved: boolean
  readonly ours: Run
  /** The same through the `openai` package; absent where it is not installed. */
  readonly theirs: Run | undefined
  readonly counted: Deliveries
  /** What must come of it. */
  readonly expected: string
  /** Whether what must come of it is a failure. */
  readonly hopeless: boolean
  /** Whether what must come of it did. */
  readonly met: boolean
  /** Whether it took a second look, alone: on a busy machine a limit of a few hundred milliseconds may be run into. */
  readonly again: boolean
}

/**
 * What the lab has seen.
 *
 * @since 0.1.0
 * @category model
 */
export interface Report {
  readonly version: 1
  /** What all times were divided by. */
  readonly scale: number
  /** Against what it ran: a server of its own, or an address. */
  readonly server: string
  /** When it began, in milliseconds of wall time, and how long it took. */
  readonly at: number
  readonly millis: number
  /** The version of the `openai` package. */
  readonly openai: string | undefined
  readonly lines: ReadonlyArray<Line>
}

/**
 * What the lab tells while it runs.
 *
 * @since 0.1.0
 * @category model
 */
export type Event =
  | { readonly _tag: "Planned"; readonly calls: number; readonly openai: boolean }
  | { readonly _tag: "Began"; readonly fault: string; readonly workload: WorkloadName }
  | {
      readonly _tag: "Went"
      readonly fault: string
      readonly workload: WorkloadName
      readonly segments: ReadonlyArray<Segment>
    }
  | { readonly _tag: "Ended"; readonly fault: string; readonly workload: WorkloadName }
  /** In the order of the report. */
  | { readonly _tag: "Seen"; readonly line: Line }

/**
 * What a report comes to.
 *
 * @since 0.1.0
 * @category model
 */
export interface Summary {
  readonly calls: number
  /** The lines whose outcome is not what it must be. */
  readonly unmet: number
  /** The lines that must fail. */
  readonly hopeless: number
  readonly ours: Side
  readonly theirs: Side | undefined
  /** What all attempts came to, what all servers saw of them, and whether that fits, in all and line by line. */
  readonly law: { readonly counted: Deliveries; readonly arrived: number; readonly holds: boolean } | undefined
}

/**
 * What one way of calling comes to.
 *
 * @since 0.1.0
 * @category model
 */
export interface Side {
  /** Whole answers. */
  readonly succeeded: number
  /** Half answers that passed for whole ones. */
  readonly halved: number
  /** Requests that arrived. */
  readonly requests: number
  /** Submissions that may have been carried out more than once. */
  readonly repeated: number
}
