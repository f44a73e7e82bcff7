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
import type { ApiError, Delivery } from "../../ApiError.js"
import type { Pass } from "../rateLimiter/pass.js"
import type { StopReason } from "../stopReasons.js"
import type { RetryBudget } from "../../RetryBudget.js"

/**
 * The condition under which a call may be repeated after the server may have executed it.
 *
 * - `safe`: always.
 * - `keyed`: always, because the call carries its own id, by which the server recognises a repetition.
 * - `never`: never. The call is repeated only if nothing was sent, or if the server refused it before it executed anything.
 *
 * @since 0.1.0
 * @category model
 */
export type Idempotency = "safe" | "keyed" | "never"

/**
 * The waits allowed for a deployment that is starting or swapping its weights.
 *
 * @since 0.1.0
 * @category model
 */
export interface Patience {
  /** The largest number of waits. */
  readonly waits: number
  /** The first wait. */
  readonly base: Duration.Duration
  /** The factor between a wait and the next one. */
  readonly factor: number
  /** The longest wait. */
  readonly cap: Duration.Duration
}

/**
 * The timeouts of one attempt and of its phases.
 *
 * @since 0.1.0
 * @category model
 */
export interface Timeouts {
  /** The longest wait for a free connection. */
  readonly pool: Duration.Duration
  /** The longest time to make a connection, the check of its certificate included. */
  readonly connect: Duration.Duration
  /** The longest time to write the request. */
  readonly write: Duration.Duration
  /** The longest wait for the next bytes of the response. */
  readonly read: Duration.Duration
  /** The longest duration of the whole attempt. */
  readonly attempt: Duration.Duration
}

/**
 * The timeouts of an event stream. Its total duration is not limited.
 *
 * @since 0.1.0
 * @category model
 */
export interface StreamTimeouts {
  /** The longest time from the request to the first event. */
  readonly first: Duration.Duration
  /** The longest wait for the next bytes after the first event; pings count. */
  readonly idle: Duration.Duration
}

/**
 * A kind of work: its timeouts, deadline, retries and patience.
 *
 * @since 0.1.0
 * @category model
 */
export interface Workload {
  /** The name in errors, spans and metrics. */
  readonly name: string
  readonly timeouts: Timeouts
  readonly stream: StreamTimeouts
  /** The longest duration of the whole call: all attempts, and the waits between them. */
  readonly deadline: Duration.Duration
  /** The schedule that decides whether and when a failed attempt is retried. */
  readonly retry: Schedule.Schedule<Step, unknown>
  /**
   * The waits for a deployment that is not ready. If undefined, a deployment that scales up from zero fails the call at once,
   * and a deployment that swaps its weights counts as any other failure.
   */
  readonly patience: Patience | undefined
}

/**
 * The reason why a schedule waits before the next attempt.
 *
 * @since 0.1.0
 * @category model
 */
export type Waiting =
  /** The schedule's own delay. */
  | "Backoff"
  /** The server hint, which is longer than that delay. */
  | "Hint"
  /** The deployment is starting or swapping its weights. The wait spends neither attempts nor budget. */
  | "Patience"
  /** The circuit breaker refused the attempt. The wait spends neither attempts nor budget. */
  | "CircuitOpen"
  /** The server had closed a kept-alive connection. The request is repeated at once, and not counted as an attempt. */
  | "ReusedSocket"

/**
 * The reason why a schedule stops.
 *
 * - `Foreign`: the error is not an `ApiError`.
 * - `Settled`: an inner owner of retries has given up already.
 * - `Fatal`: a retry would fail the same way, or the server forbids it.
 * - `Idempotency`: the server may have executed the call, whose idempotency is `never`.
 * - `Attempts`: all attempts are used up.
 * - `NameNotFound`: the host name was not found in too many consecutive attempts.
 * - `PatienceEnded`: the deployment did not become ready within the workload's patience. Without patience, a deployment that
 *   scales up stops the call at once.
 * - `HintTooLong`: the server hint is longer than `maxHint`.
 * - `Deadline`: the wait would end after the deadline.
 * - `Budget`: the retry budget, which other calls share, is empty.
 * - `QueueFull`: the queue of the rate limiter is full.
 * - `CircuitOpen`: the circuit breaker is open, and the policy does not wait for it.
 * - `StoreUnavailable`: the store of the rate limiter is unavailable, and its option `onOutage` is `fail`.
 *
 * @since 0.1.0
 * @category model
 */
export type Stopping = Exclude<StopReason, "SpentBody" | "StreamBegan">

/**
 * The decision of a schedule after a failure, and its reason.
 *
 * @since 0.1.0
 * @category model
 */
export interface Step {
  /** The number of attempts made so far. */
  readonly attempt: number
  /** The delay before the next attempt; zero if the schedule stops. */
  readonly delay: Duration.Duration
  /** The reason for the wait or for the stop. */
  readonly why: Waiting | Stopping
  /** The wait that would have ended after the deadline; set only if `why` is `Deadline`. */
  readonly refusedWait?: Duration.Duration | undefined
}

/**
 * The facts that the response of a model states about itself, as far as it states them.
 *
 * @since 0.2.0
 * @category model
 */
export interface ModelResponse {
  /** The id of the response. */
  readonly id?: string | undefined
  /** The model that generated the response. */
  readonly model?: string | undefined
  /** The reason why each generation ended, such as `stop`. */
  readonly finishReasons?: ReadonlyArray<string> | undefined
  /** The tokens of the prompt. */
  readonly inputTokens?: number | undefined
  /** The generated tokens. */
  readonly outputTokens?: number | undefined
}

/**
 * The description of a call in metrics, spans and accounting. Nothing of it is sent to the server.
 *
 * @since 0.1.0
 * @category model
 */
export interface About {
  /** The host and port that the request goes to. */
  readonly host?: string | undefined
  /** The model that the call uses. */
  readonly model?: string | undefined
  /** The operation, in one word such as `chat`. */
  readonly operation?: string | undefined
  /** The provider that serves the model, in one word such as `fireworks`. */
  readonly provider?: string | undefined
  /** The HTTP method. */
  readonly method?: string | undefined
  /** The HTTP status of the last response, once there is one. */
  readonly status?: number | undefined
  /** If true, the response is a stream, and the call ends with its first event. */
  readonly stream?: boolean | undefined
  /**
   * The facts from the last response of a model, once it has arrived; of a stream, once it has ended. The clients of this package
   * set it for calls that are observed.
   */
  readonly response?: ModelResponse | undefined
}

/**
 * The tokens of an attempt or a stream.
 *
 * @since 0.2.0
 * @category model
 */
export interface Tokens {
  /** The tokens of the prompt: those that the response states, or else an estimate from the request. */
  readonly input: number
  /** The generated tokens that the response states; 0 if it states none. */
  readonly output: number
  /** True if the response does not state the tokens of the prompt. */
  readonly isEstimated: boolean
}

/**
 * An attempt, a call or a stream that has ended. The call that opens a stream ends with the first event. The end of the stream
 * is reported separately, with `of: "stream"`.
 *
 * @since 0.1.0
 * @category model
 */
export interface Outcome {
  readonly of: "attempt" | "call" | "stream"
  readonly workload: Workload
  readonly about: About
  /**
   * The number of the attempt, from 1 on; for a call or a stream, the number of its attempts. It is 0 for a call whose first
   * attempt the rate limiter or the circuit breaker refused.
   */
  readonly attempt: number
  /** Absent after a success. */
  readonly error: ApiError | undefined
  /** The reason why a failed call was not retried, if a schedule or a limit decided it. */
  readonly why: Stopping | undefined
  /** The start of the call, in milliseconds of the `Clock` service's wall time. */
  readonly at: number
  /** The duration, in milliseconds of the `Clock` service's monotonic time. */
  readonly millis: number
  /** True if the attempt, or the last attempt of the call, made protected calls. These are reported by themselves. */
  readonly composite: boolean
  /**
   * The tokens of an attempt that the server may have executed, and of a stream; absent if they are unknown. The attempt that opens a
   * stream has none: the end of the stream reports them.
   */
  readonly tokens?: Tokens | undefined
}

/** The state of a call, which its fibers share, or a record of observers outside of any call. */
export interface Call {
  readonly outer: Call | undefined
  readonly workload: Workload | undefined
  /** Absent outside of protected calls. Then a schedule of `Retry` retries whatever the delivery, as `Effect.retry` does. */
  readonly idempotency: Idempotency | undefined
  readonly budget: RetryBudget | undefined
  readonly clock: Clock.Clock
  /**
   * The moment of `clock` after which nothing of the call runs; Infinity for no limit. -Infinity means that the end of the
   * outer call applies: this call has ended, or the record holds only observers.
   */
  endsAt: number
  /** The number of nested calls, this one included. Absent means 1; 0 means that the record holds observers and no call. */
  readonly depth?: number | undefined
  /** The observers of the calls that follow. Set only on records that hold nothing else. */
  readonly observers?: HashSet.HashSet<Observer> | undefined
  /** The number of owners of retries that run inside. While it is not 0, reaching the time limit is not retried. */
  owners: number
  /** True once an owner of retries inside reports its own call to observers. */
  owned?: boolean
  /** The admission of the attempt by the rate limiter; absent without a limiter. */
  pass?: Pass
  /** True if the server refused an attempt that a rate limiter had admitted. */
  paced?: boolean
  /** The delivery of the request that was sent for the attempt, once the attempt was interrupted. */
  cancelled?: Delivery
  /** True if the record is that of the second copy of a hedged call. */
  readonly copy?: boolean
}

export type AnyFiber = Fiber.RuntimeFiber<unknown, unknown>

/** Wraps the effect of a call or of an attempt, for example in a span. */
export type Around = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

/** The workload and the description of a call. */
export interface Subject {
  readonly workload: Workload
  readonly about: About
}

/** A call that begins, or a stream whose call is about to begin. If the stream does not open, its end is not reported. */
export interface Begun extends Subject {
  readonly of: "call" | "stream"
  /** The start, as in `Outcome.at`. */
  readonly at: number
}

/** A wait that begins, before a retry or for the circuit breaker. */
export interface Backoff extends Subject {
  readonly error: ApiError
  readonly step: Step
  readonly millis: number
}

/** The handlers of an observer for one call. They must not throw; exceptions are ignored. */
export interface Observed {
  /** Called once at the end of each attempt and of the call, whether it succeeds, fails or is interrupted. */
  readonly notify: (outcome: Outcome) => void
  readonly waits?: ((waiting: Backoff) => void) | undefined
  /**
   * Called when events of a stream arrive together, with their number and the milliseconds since the events before; `millis` is
   * undefined for the first ones.
   */
  readonly chunks?: ((count: number, millis: number | undefined) => void) | undefined
  readonly aroundCall?: Around | undefined
  readonly aroundAttempt?: ((attempt: number) => Around) | undefined
}

/** An observer of all calls. */
export interface Observer {
  /**
   * If true, `begin` may be called as late as the start of the first attempt. Otherwise the fiber is watched before that, which
   * costs more than all other reporting. An observer that wraps calls must not set it.
   */
  readonly late?: boolean | undefined
  readonly begin: (begun: Begun, fiber: AnyFiber) => Observed
}
