/**
 * The types that retries, workloads, policies and observers share.
 *
 * @since 0.1.0
 */
import type * as Clock from "effect/Clock"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type * as HashSet from "effect/HashSet"
import type * as Schedule from "effect/Schedule"
import type { ApiError } from "../../ApiError.js"
import type { StopReason } from "../stopReasons.js"
import type { RetryBudget } from "../../RetryBudget.js"

/**
 * Whether a call may be repeated once the server may have executed it.
 *
 * - `safe`: yes.
 * - `keyed`: yes, because the call carries its own id, which the server honours.
 * - `never`: no. The call is repeated only if nothing was sent, or if the server refused it before it executed anything.
 *
 * @since 0.1.0
 * @category model
 */
export type Idempotency = "safe" | "keyed" | "never"

/**
 * How long to wait for a deployment that is starting or swapping its weights.
 *
 * @since 0.1.0
 * @category model
 */
export interface Patience {
  /** The number of waits. */
  readonly waits: number
  /** The first wait. */
  readonly base: Duration.Duration
  /** What each wait is multiplied by. */
  readonly factor: number
  /** The longest wait. */
  readonly cap: Duration.Duration
}

/**
 * The limits of one attempt, by what it waits for.
 *
 * @since 0.1.0
 * @category model
 */
export interface Timeouts {
  /** For a free connection. */
  readonly pool: Duration.Duration
  /** For the connection to be made, its certificate checked. */
  readonly connect: Duration.Duration
  /** For the request to be written. */
  readonly write: Duration.Duration
  /** For the next bytes of the answer. */
  readonly read: Duration.Duration
  /** For all of it. */
  readonly attempt: Duration.Duration
}

/**
 * The limits of an event stream, which has no limit in all.
 *
 * @since 0.1.0
 * @category model
 */
export interface StreamTimeouts {
  /** From the request to the first event. */
  readonly first: Duration.Duration
  /** Between two signs of life. */
  readonly idle: Duration.Duration
}

/**
 * A kind of work.
 *
 * @since 0.1.0
 * @category model
 */
export interface Workload {
  /** What it is called in errors, spans and metrics. */
  readonly name: string
  readonly timeouts: Timeouts
  readonly stream: StreamTimeouts
  /** For the whole call: all attempts, and the waits between them. */
  readonly deadline: Duration.Duration
  /** When to try again. */
  readonly retry: Schedule.Schedule<Step, unknown>
  /**
   * How long to wait for a deployment that gets ready. Without, one that scales up from zero fails the call at once, and one
   * that swaps its weights counts as any other failure.
   */
  readonly patience: Patience | undefined
}

/**
 * Why a schedule goes on waiting.
 *
 * @since 0.1.0
 * @category model
 */
export type Waiting =
  /** The schedule's own delay. */
  | "Backoff"
  /** The server asked for more than that. */
  | "Hint"
  /** The deployment is starting or swapping its weights; neither attempts nor budget are spent. */
  | "Patience"
  /** A kept-alive connection turned out to be closed; tried again at once, uncounted. */
  | "ReusedSocket"

/**
 * The reason why a schedule stops.
 *
 * - `Foreign`: the error is not an `ApiError`.
 * - `Settled`: an inner owner of retries gave up already.
 * - `Fatal`: a retry would fail the same way, or the server forbids it.
 * - `Idempotency`: the server may have executed the call, whose idempotency is `never`.
 * - `Attempts`: all attempts are used up.
 * - `NameNotFound`: the host name was not found too often in a row.
 * - `PatienceEnded`: the deployment did not become ready within the workload's patience. Without patience, a deployment that
 *   scales up stops the call at once.
 * - `HintTooLong`: the server asks for a longer wait than `maxHint`.
 * - `Deadline`: the wait would end after the deadline.
 * - `Budget`: the budget that is shared with other calls is empty.
 *
 * @since 0.1.0
 * @category model
 */
export type Stopping = Exclude<StopReason, "SpentBody" | "StreamBegan">

/**
 * What a schedule decided after a failure, and why.
 *
 * @since 0.1.0
 * @category model
 */
export interface Step {
  /** The number of attempts made so far. */
  readonly attempt: number
  /** How long it waits before the next; zero where it stops. */
  readonly delay: Duration.Duration
  /** Why it waits, or why it stops. */
  readonly why: Waiting | Stopping
  /** The wait that the deadline did not allow, where `why` is `Deadline`. */
  readonly refusedWait?: Duration.Duration | undefined
}

/**
 * What a call is about, for those who count: nothing of it is sent.
 *
 * @since 0.1.0
 * @category model
 */
export interface About {
  /** The host and port that it goes to. */
  readonly host?: string | undefined
  /** The model that answers. */
  readonly model?: string | undefined
  /** What is done, in a word, such as `chat`. */
  readonly operation?: string | undefined
  /** Who serves the model, in a word, such as `fireworks`. */
  readonly provider?: string | undefined
  /** The HTTP method. */
  readonly method?: string | undefined
  /** The HTTP status of the last answer, once there is one. */
  readonly status?: number | undefined
  /** Whether the answer is a stream, so that the call ends with its first event. */
  readonly stream?: boolean | undefined
}

/**
 * An attempt, or a call, that has ended: what accounting is made of. A stream's call ends with its first event; what becomes of it
 * after that is told once more, of the `"stream"`.
 *
 * @since 0.1.0
 * @category model
 */
export interface Outcome {
  readonly of: "attempt" | "call" | "stream"
  readonly workload: Workload
  readonly about: About
  /** The number of the attempt, or of all attempts of the call, from 1 on. */
  readonly attempt: number
  /** Absent after a success. */
  readonly error: ApiError | undefined
  /** Why a call that failed was not tried again, where that was decided. */
  readonly why: Stopping | undefined
  /** When the call began: milliseconds of the `Clock` service's wall time. */
  readonly at: number
  /** Milliseconds of the `Clock` service's monotonic time. */
  readonly millis: number
  /** Whether the attempt, or the last one of the call, made protected calls of its own, which are told by themselves. */
  readonly composite: boolean
}

export interface Call {
  readonly outer: Call | undefined
  readonly workload: Workload | undefined
  /** Absent outside of protected calls: a schedule of `Retry` then repeats as `Effect.retry` does. */
  readonly idempotency: Idempotency | undefined
  readonly budget: RetryBudget | undefined
  readonly clock: Clock.Clock
  /**
   * The moment, by `clock`, after which nothing of the call runs; Infinity if there is none, and -Infinity where that of the
   * call around holds: once it has ended, or where it only says who observes.
   */
  endsAt: number
  /** How many calls it is within, itself included; absent for one, and 0 where there is none and somebody observes. */
  readonly depth?: number | undefined
  /** Who observes what is called from here on, where that is all that it says. */
  readonly observers?: HashSet.HashSet<Observer> | undefined
  /** How many owners of retries are at work inside; while there is one, a limit that cuts them off is final. */
  owners: number
  /** Whether there ever was one that is told of by itself. */
  owned?: boolean
}

export type AnyFiber = Fiber.RuntimeFiber<unknown, unknown>

/** What a call, or an attempt of one, runs in, such as a span. */
export type Around = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

export interface Subject {
  readonly workload: Workload
  readonly about: About
}

/** A call that begins, or a stream whose call is about to; of the latter nothing more is told if it does not open. */
export interface Begun extends Subject {
  readonly of: "call" | "stream"
  /** As in what is told of it. */
  readonly at: number
}

/** A wait that begins after an attempt. */
export interface Backoff extends Subject {
  readonly error: ApiError
  readonly step: Step
  readonly millis: number
}

/** What one who observes does about one call. None of it may throw: what it throws is ignored. */
export interface Observed {
  /** Told each attempt and the call once, however they end. */
  readonly tell: (outcome: Outcome) => void
  /** Told of a call that succeeded at once in place of both, as of the call: of its try it is the same. */
  readonly tellBoth?: ((call: Outcome) => void) | undefined
  readonly waits?: ((waiting: Backoff) => void) | undefined
  readonly aroundCall?: Around | undefined
  readonly aroundTry?: ((attempt: number) => Around) | undefined
}

/** One who observes all calls. */
export interface Observer {
  /**
   * Whether it is enough to tell it of a call when the first attempt begins: then nothing has to watch over what comes before,
   * which costs more than all else. Of one that runs calls in something, it is not.
   */
  readonly late?: boolean | undefined
  readonly begin: (begun: Begun, fiber: AnyFiber) => Observed
}
