/**
 * The three errors of a call to a remote API: `RateLimit`, `Transient` and `Fatal`.
 *
 * The fact that a call failed does not say what to do next. Each error therefore has fields that say whether to retry, how long
 * to wait, and whether the server may have received the request. The fields are set where the facts are known, so no caller has
 * to parse a message.
 *
 * | error | meaning | retried |
 * | --- | --- | --- |
 * | `RateLimit` | the server asks the caller to slow down | yes, not earlier than `retryAfter` |
 * | `Transient` | the call failed, and a retry may succeed | yes |
 * | `Fatal` | a retry would fail the same way | no |
 *
 * The server's `x-should-retry` header overrides the last column. A *settled* error is not retried again; see `settle`.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import { dual } from "effect/Function"
import * as Schema from "effect/Schema"
import { attachCause, construct } from "./internal/apiError/construct.js"
import { copyWith } from "./internal/apiError/copy.js"
import { mayBeExecuted } from "./internal/apiError/executed.js"
import { type CauseSummary, read } from "./internal/errors.js"
import type * as Reasons from "./internal/reasons.js"
import { fatalReasons, rateLimitReasons, reasons, transientReasons } from "./internal/reasons.js"
import { clip } from "./internal/redact.js"
import { type StopReason as Stopped, stopReasons } from "./internal/stopReasons.js"
import { maxDelay } from "./RetryHint.js"

// a table has at least one key, and `Object.keys` returns all of its keys
const literals = <K extends string>(table: { readonly [_ in K]: unknown }) =>
  Schema.Literal(...(Object.keys(table) as [K, ...Array<K>]))

// -------------------------------------------------------------------------------------------------
// Model
// -------------------------------------------------------------------------------------------------

/**
 * The states of a request, by whether the server received it.
 *
 * - `NotSent`: no byte of the request was sent.
 * - `Unconfirmed`: the server may have received the request; no response arrived.
 * - `Partial`: a response began and broke off.
 * - `Acknowledged`: an HTTP response arrived.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Delivery = /*#__PURE__*/ Schema.Literal("NotSent", "Unconfirmed", "Partial", "Acknowledged")

/**
 * The delivery of a request: one of the four states of the schema `Delivery`.
 *
 * @since 0.1.0
 * @category model
 */
export type Delivery = typeof Delivery.Type

/**
 * The part of a call whose timeout expired.
 *
 * - `pool`: the wait for a free connection.
 * - `connect`, `write`, `read`: the phases of an exchange with the server.
 * - `attempt`: the whole attempt.
 * - `deadline`: the whole call, with all attempts and waits.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Phase = /*#__PURE__*/ Schema.Literal("pool", "connect", "write", "read", "attempt", "deadline")

/**
 * The part of a call whose timeout expired: one of the literals of the schema `Phase`.
 *
 * @since 0.1.0
 * @category model
 */
export type Phase = typeof Phase.Type

/**
 * The reason why a settled error was not retried.
 *
 * The reasons of `Retry.Stopping`; `SpentBody`, for a request whose body is a stream that was read; and `StreamBegan`, for a
 * response whose stream had begun.
 *
 * @since 0.2.0
 * @category schemas
 */
export const StopReason = /*#__PURE__*/ literals(stopReasons)

/**
 * The reason why a settled error was not retried.
 *
 * @since 0.2.0
 * @category model
 */
export type StopReason = Stopped

/**
 * The reasons of `RateLimit`: the server asked the caller to slow down.
 *
 * @since 0.1.0
 * @category schemas
 */
export const RateLimitReason = /*#__PURE__*/ literals(rateLimitReasons)

/**
 * The reasons of `RateLimit`: the server asked the caller to slow down.
 *
 * @since 0.1.0
 * @category model
 */
export type RateLimitReason = Reasons.RateLimitReason

/**
 * The reasons of `Transient`: the call failed, and a retry may succeed.
 *
 * @since 0.1.0
 * @category schemas
 */
export const TransientReason = /*#__PURE__*/ literals(transientReasons)

/**
 * The reasons of `Transient`: the call failed, and a retry may succeed.
 *
 * @since 0.1.0
 * @category model
 */
export type TransientReason = Reasons.TransientReason

/**
 * The reasons of `Fatal`: a retry would fail the same way.
 *
 * @since 0.1.0
 * @category schemas
 */
export const FatalReason = /*#__PURE__*/ literals(fatalReasons)

/**
 * The reasons of `Fatal`: a retry would fail the same way.
 *
 * @since 0.1.0
 * @category model
 */
export type FatalReason = Reasons.FatalReason

/**
 * All reasons of the three classes. No two classes share a reason.
 *
 * @since 0.1.0
 * @category model
 */
export type Reason = Reasons.Reason

/**
 * An error class with one of its reasons.
 *
 * @since 0.1.0
 * @category model
 */
export type Kind =
  | { readonly class: "RateLimit"; readonly reason: RateLimitReason }
  | { readonly class: "Transient"; readonly reason: TransientReason }
  | { readonly class: "Fatal"; readonly reason: FatalReason }

const phases: { readonly [P in Phase]: string } = {
  pool: "no connection of the pool became free in time",
  connect: "the connection was not made in time",
  write: "the request was not written in time",
  read: "the response did not arrive in time",
  attempt: "the attempt took longer than the workload allows",
  deadline: "the deadline passed"
}

const deliveries: { readonly [D in Delivery]: string | undefined } = {
  NotSent: "Nothing was sent.",
  Unconfirmed: "The server may have received the request.",
  Partial: "The response broke off.",
  Acknowledged: undefined
}

// -------------------------------------------------------------------------------------------------
// Errors
// -------------------------------------------------------------------------------------------------

/**
 * The symbol that marks the three error classes. All copies of this package share it.
 *
 * @since 0.1.0
 * @category symbols
 */
export const TypeId: unique symbol = Symbol.for("effect-reliability/ApiError")

/**
 * The type of the symbol `TypeId`.
 *
 * @since 0.1.0
 * @category symbols
 */
export type TypeId = typeof TypeId

const maxDetail = 1024

// decoding truncates a longer detail instead of failing, so that the error itself is not lost
const Detail = /*#__PURE__*/ Schema.transform(
  Schema.String,
  /*#__PURE__*/ Schema.String.pipe(
    /*#__PURE__*/ Schema.filter((text) => clip(text, maxDetail) === text || `at most ${maxDetail} bytes of UTF-8`)
  ),
  { strict: true, decode: (text) => clip(text, maxDetail), encode: (text) => text }
)

const Delay = /*#__PURE__*/ Schema.DurationFromMillis.pipe(
  /*#__PURE__*/ Schema.betweenDuration(Duration.zero, maxDelay)
)

const Status = /*#__PURE__*/ Schema.Int.pipe(/*#__PURE__*/ Schema.between(0, 999))

const maxEarlier = 16

/**
 * A step of a `Fallback` that failed: its name, and the names, codes and numbers of its error, without any message.
 *
 * @since 0.2.0
 * @category schemas
 */
export const FailedStep = /*#__PURE__*/ Schema.Struct({
  /** The name of the step. */
  step: Schema.String,
  reason: /*#__PURE__*/ literals(reasons),
  delivery: Delivery,
  status: /*#__PURE__*/ Schema.optionalWith(Status, { exact: true }),
  code: /*#__PURE__*/ Schema.optionalWith(Schema.String, { exact: true }),
  requestId: /*#__PURE__*/ Schema.optionalWith(Schema.String, { exact: true }),
  attempts: Schema.NonNegativeInt
})

/**
 * A step of a `Fallback` that failed: its name, and the names, codes and numbers of its error, without any message.
 *
 * @since 0.2.0
 * @category model
 */
export interface FailedStep extends Schema.Schema.Type<typeof FailedStep> {}

const fields = {
  /** The delivery of the request: whether the server received it. */
  delivery: Delivery,
  /** The HTTP status, from 0 to 999. */
  status: Schema.optional(Status),
  /** The provider's error code, or the code of a network error, such as `ECONNREFUSED`. */
  code: Schema.optional(Schema.String),
  /** The provider's message, or an explanation by this library, of at most 1 KiB. Secrets and account ids are masked. */
  detail: Schema.optional(Detail),
  /** The phase whose timeout expired. */
  phase: Schema.optional(Phase),
  /** The server hint: the wait that the server asked for. */
  retryAfter: Schema.optional(Delay),
  /**
   * The value of the server's `x-should-retry` header. It overrides the class in both directions: with `true`, a 400, 401 or
   * 403 is retried like any other failure. Attempts, idempotency, budget and deadline still limit these retries.
   */
  shouldRetry: Schema.optional(Schema.Boolean),
  /**
   * `false` if the response shows that the server executed nothing, `true` if it may have; absent if it shows neither. See
   * `mayHaveExecuted`.
   */
  executed: Schema.optional(Schema.Boolean),
  /** True if a kept-alive connection failed before any byte of a response. The server may have been closing it. */
  reusedSocket: Schema.optional(Schema.Boolean),
  /** The provider's id of the request. Include it in support tickets. */
  requestId: Schema.optional(Schema.String),
  /** The HTTP method of the request. */
  method: Schema.optional(Schema.String),
  /** The URL of the request, without query and credentials. */
  url: Schema.optional(Schema.String),
  /** The advice of the provider's dialect. It replaces the default advice of the reason; see `advice`. */
  remedy: Schema.optional(Schema.String),
  /** The reason why there was no further attempt. It is set when the error is settled. */
  stopped: Schema.optional(StopReason),
  /**
   * The wait before the next attempt. It is set if `stopped` is `Deadline` because that wait would have ended after the
   * deadline.
   */
  nextWait: Schema.optional(Delay),
  /** The time that was left until the deadline. It is set together with `nextWait`. */
  timeLeft: Schema.optional(Delay),
  /** The earlier steps of a `Fallback` that failed before the step of this error, the oldest first; the last 16 at most. */
  earlier: Schema.optional(Schema.Data(Schema.Array(Schema.Data(FailedStep)).pipe(Schema.maxItems(maxEarlier)))),
  /**
   * The number of attempts; 0 until the error is settled. An error is settled when it leaves the owner of its retries, such as
   * `Reliability.protect`.
   */
  attempts: Schema.NonNegativeInt.pipe(
    Schema.propertySignature,
    Schema.withConstructorDefault(() => 0)
  )
}

interface Fields extends Schema.Struct.Type<typeof fields> {}

type Props<R extends Reason> = Schema.Struct.Constructor<typeof fields> & {
  readonly reason: R
  /** The original exception, of any type. Only the names and codes along its cause chain are kept. */
  readonly cause?: unknown
}

/** Removes undefined fields, so that an error equals what its JSON decodes to. */
const present = <R extends Reason>({ cause: _, ...props }: Props<R>): Omit<Props<R>, "cause"> => {
  const entries = Object.entries(props).filter(([, value]) => value !== undefined)
  // the entries that remain have the types of the fields, which `Object.fromEntries` does not infer
  const fields = Object.fromEntries(entries) as Omit<Props<R>, "cause">
  return typeof fields.detail === "string" ? { ...fields, detail: clip(fields.detail, maxDetail) } : fields
}

/** Tests one field; absent for an unknown name. */
type Tests = { readonly [name: string]: ((value: unknown) => boolean) | undefined }

let tests: Tests | undefined

const testsOf = (): Tests =>
  Object.fromEntries(
    Object.entries(fields).map(([name, field]) => {
      const { ast } = field
      const type =
        ast._tag === "PropertySignatureDeclaration"
          ? ast.type
          : ast._tag === "PropertySignatureTransformation"
            ? ast.to.type
            : ast
      return [name, Schema.is(Schema.make(type))]
    })
  )

/**
 * Makes an error from fields that are valid and known; returns `undefined` for others. The constructor of the schema then throws
 * an error that describes the fault. It takes ten times as long, since it checks all fields, absent ones included.
 */
const constructValid = <E extends ApiError>(
  errorClass: abstract new (...args: Array<never>) => E,
  tag: E["_tag"],
  reasons: object,
  props: Props<Reason>
): E | undefined => {
  if (props.delivery === undefined || !Object.hasOwn(reasons, props.reason)) return undefined
  const known = (tests ??= testsOf())
  const valid: Record<string, unknown> = { _tag: tag, reason: props.reason, attempts: 0 }
  for (const [name, value] of Object.entries(props)) {
    if (name === "reason" || name === "cause" || value === undefined) continue
    const isDetail = name === "detail" && typeof value === "string"
    if (!isDetail && known[name]?.(value) !== true) return undefined
    valid[name] = isDetail ? clip(value, maxDetail) : value
  }
  return attachCause(construct(errorClass, valid), props.cause)
}

const adviceOf = (error: Fields & { readonly reason: Reason }): string => error.remedy || reasons[error.reason].advice

const stopOf = ({ attempts, nextWait, retryAfter, stopped, timeLeft }: Fields): string | undefined => {
  const after = attempts > 1 ? ` after ${attempts} attempts` : ""
  if (stopped === undefined || stopped === "Attempts") return after && `Gave up${after}.`
  const format = (duration: Duration.Duration) =>
    Duration.format(Duration.millis(Math.round(Duration.toMillis(duration))))
  const words =
    stopped === "Deadline" && nextWait !== undefined && timeLeft !== undefined
      ? `the next wait (${format(nextWait)}) would end after the deadline (${format(timeLeft)} left)`
      : stopped === "HintTooLong" && retryAfter !== undefined
        ? `the server asks to wait ${format(retryAfter)}, longer than maxHint allows`
        : stopReasons[stopped]
  return `Not retried${after}: ${words}.`
}

const earlierOf = ({ earlier }: Fields): string | undefined =>
  earlier &&
  `Earlier steps: ${earlier
    .map(
      ({ reason, status, step }) => `${step} failed with ${reason}${status === undefined ? "" : ` (HTTP ${status})`}`
    )
    .join("; ")}.`

const messageOf = (error: Fields & { readonly reason: Reason }): string => {
  const { code, delivery, detail, method = "Request to", phase, reason, requestId, status, url } = error
  const happened = phase === undefined ? reasons[reason].happened : phases[phase]
  const marks = [status !== undefined && `HTTP ${status}`, code !== `${status}` && code].filter(Boolean).join(", ")
  return [
    `${reason}: ${happened}${marks && ` (${marks})`}${detail ? `: ${detail.replace(/[.!?]?$/, ".")}` : "."}`,
    url !== undefined && `${method} ${url}.`,
    deliveries[delivery],
    requestId !== undefined && `Request id ${requestId}.`,
    adviceOf(error),
    stopOf(error),
    earlierOf(error)
  ]
    .filter(Boolean)
    .join(" ")
}

/**
 * An error by which the server asks the caller to slow down. A later retry may succeed.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { ApiError } from "effect-reliability"
 *
 * const error = new ApiError.RateLimit({ reason: "RateExceeded", delivery: "Acknowledged", status: 429 })
 * assert.strictEqual(error._tag, "RateLimit")
 * assert.ok(error.message.includes("HTTP 429"))
 * ```
 *
 * @since 0.1.0
 * @category errors
 */
export class RateLimit extends Schema.TaggedError<RateLimit>("effect-reliability/RateLimit")("RateLimit", {
  reason: RateLimitReason,
  ...fields
}) {
  /**
   * The original exception, reduced to names and codes; its messages are dropped. It is not encoded, and not part of equality.
   */
  declare readonly cause?: CauseSummary
  // decoding calls this constructor with the parameters of the one that it replaces
  // @effect-diagnostics-next-line overriddenSchemaConstructor:off
  constructor(props: Props<RateLimitReason>, options?: Schema.MakeOptions) {
    const valid = options === undefined && constructValid(new.target, "RateLimit", rateLimitReasons, props)
    if (valid) return valid
    super(present(props), options)
    attachCause(this, props.cause)
  }
  get [TypeId](): TypeId {
    return TypeId
  }
  /**
   * A description of the failure: what happened, its delivery, what to do, and for a settled error why there was no further
   * attempt.
   */
  override get message(): string {
    return messageOf(this)
  }
  /** The next step to take, in one sentence. */
  get advice(): string {
    return adviceOf(this)
  }
}

/**
 * An error that may not occur again: a retry may succeed.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { ApiError } from "effect-reliability"
 *
 * const error = new ApiError.Transient({ reason: "Timeout", delivery: "NotSent", phase: "connect" })
 * assert.ok(ApiError.isRetryable(error))
 * ```
 *
 * @since 0.1.0
 * @category errors
 */
export class Transient extends Schema.TaggedError<Transient>("effect-reliability/Transient")("Transient", {
  reason: TransientReason,
  ...fields
}) {
  /**
   * The original exception, reduced to names and codes; its messages are dropped. It is not encoded, and not part of equality.
   */
  declare readonly cause?: CauseSummary
  // decoding calls this constructor with the parameters of the one that it replaces
  // @effect-diagnostics-next-line overriddenSchemaConstructor:off
  constructor(props: Props<TransientReason>, options?: Schema.MakeOptions) {
    const valid = options === undefined && constructValid(new.target, "Transient", transientReasons, props)
    if (valid) return valid
    super(present(props), options)
    attachCause(this, props.cause)
  }
  get [TypeId](): TypeId {
    return TypeId
  }
  /**
   * A description of the failure: what happened, its delivery, what to do, and for a settled error why there was no further
   * attempt.
   */
  override get message(): string {
    return messageOf(this)
  }
  /** The next step to take, in one sentence. */
  get advice(): string {
    return adviceOf(this)
  }
}

/**
 * An error that a retry would not fix.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { ApiError } from "effect-reliability"
 *
 * const error = new ApiError.Fatal({ reason: "Unauthorized", delivery: "Acknowledged", status: 401 })
 * assert.strictEqual(error.advice, "Check the API key.")
 * assert.ok(!ApiError.isRetryable(error))
 * ```
 *
 * @since 0.1.0
 * @category errors
 */
export class Fatal extends Schema.TaggedError<Fatal>("effect-reliability/Fatal")("Fatal", {
  reason: FatalReason,
  ...fields
}) {
  /**
   * The original exception, reduced to names and codes; its messages are dropped. It is not encoded, and not part of equality.
   */
  declare readonly cause?: CauseSummary
  // decoding calls this constructor with the parameters of the one that it replaces
  // @effect-diagnostics-next-line overriddenSchemaConstructor:off
  constructor(props: Props<FatalReason>, options?: Schema.MakeOptions) {
    const valid = options === undefined && constructValid(new.target, "Fatal", fatalReasons, props)
    if (valid) return valid
    super(present(props), options)
    attachCause(this, props.cause)
  }
  get [TypeId](): TypeId {
    return TypeId
  }
  /**
   * A description of the failure: what happened, its delivery, what to do, and for a settled error why there was no further
   * attempt.
   */
  override get message(): string {
    return messageOf(this)
  }
  /** The next step to take, in one sentence. */
  get advice(): string {
    return adviceOf(this)
  }
}

/**
 * The schema of the three error classes. Use it to send errors through RPC, queues and workflows.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Equal, Schema } from "effect"
 * import { ApiError } from "effect-reliability"
 *
 * const error: ApiError.ApiError = new ApiError.Transient({ reason: "BadGateway", delivery: "Acknowledged", status: 502 })
 * const json = JSON.stringify(Schema.encodeSync(ApiError.ApiError)(error))
 * assert.ok(Equal.equals(Schema.decodeSync(ApiError.ApiError)(JSON.parse(json)), error))
 * ```
 *
 * @since 0.1.0
 * @category schemas
 */
export const ApiError = /*#__PURE__*/ Schema.Union(RateLimit, Transient, Fatal)

/**
 * The error of a call to a remote API: one of the three classes.
 *
 * @since 0.1.0
 * @category errors
 */
export type ApiError = RateLimit | Transient | Fatal

// -------------------------------------------------------------------------------------------------
// Guards
// -------------------------------------------------------------------------------------------------

/**
 * Returns `true` for an instance of the three error classes, including those of another copy of this package.
 *
 * @since 0.1.0
 * @category guards
 */
export const isApiError = (u: unknown): u is ApiError => read(u, TypeId) === TypeId

/**
 * Returns `true` if the error is settled: it has left the owner of its retries, and outer owners pass it on without a retry.
 *
 * @since 0.1.0
 * @category guards
 */
export const isSettled = (error: ApiError): boolean => error.attempts > 0

/**
 * Returns `true` if another attempt may succeed.
 *
 * The server's `x-should-retry` header decides if it is present: with `true`, even a 401 is retryable. Without it, all errors
 * but `Fatal` are retryable. A settled error never is.
 *
 * Another attempt may succeed and still execute the request twice. To rule that out, check `mayHaveExecuted`.
 *
 * @since 0.1.0
 * @category guards
 */
export const isRetryable = (error: ApiError): boolean =>
  !isSettled(error) && (error.shouldRetry ?? error._tag !== "Fatal")

/**
 * Returns `true` if the server may have executed the request, so that sending it again could execute it twice.
 *
 * Returns `false` if nothing was sent. It also returns `false` for responses that refuse a request before it is executed: 429,
 * 425, a deployment that is scaling up, 400, 401, 403, 404, 405, 413 and 422. The `executed` of a dialect's row takes
 * precedence over this list.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { ApiError } from "effect-reliability"
 *
 * const reset = new ApiError.Transient({ reason: "ConnectionLost", delivery: "Unconfirmed" })
 * const refused = new ApiError.Transient({ reason: "Connect", delivery: "NotSent" })
 * assert.deepStrictEqual([reset, refused].map(ApiError.mayHaveExecuted), [true, false])
 * ```
 *
 * @since 0.1.0
 * @category guards
 */
export const mayHaveExecuted = (error: ApiError): boolean => mayBeExecuted(error)

/**
 * Handles each of the three error classes.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { ApiError } from "effect-reliability"
 *
 * const headline = ApiError.match({
 *   RateLimit: () => "We are a little busy, one moment.",
 *   Transient: () => "That did not work, please try again.",
 *   Fatal: (error) => `The request failed: ${error.reason}.`
 * })
 * assert.strictEqual(
 *   headline(new ApiError.Fatal({ reason: "NotFound", delivery: "Acknowledged", status: 404 })),
 *   "The request failed: NotFound."
 * )
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const match: {
  <A, B = A, C = B>(cases: {
    readonly RateLimit: (error: RateLimit) => A
    readonly Transient: (error: Transient) => B
    readonly Fatal: (error: Fatal) => C
  }): (error: ApiError) => A | B | C
  <A, B = A, C = B>(
    error: ApiError,
    cases: {
      readonly RateLimit: (error: RateLimit) => A
      readonly Transient: (error: Transient) => B
      readonly Fatal: (error: Fatal) => C
    }
  ): A | B | C
} = /*#__PURE__*/ dual(
  2,
  <A, B, C>(
    error: ApiError,
    cases: {
      readonly RateLimit: (error: RateLimit) => A
      readonly Transient: (error: Transient) => B
      readonly Fatal: (error: Fatal) => C
    }
  ): A | B | C => {
    switch (error._tag) {
      case "RateLimit":
        return cases.RateLimit(error)
      case "Transient":
        return cases.Transient(error)
      case "Fatal":
        return cases.Fatal(error)
    }
  }
)

// -------------------------------------------------------------------------------------------------
// Settling
// -------------------------------------------------------------------------------------------------

/**
 * The reason why an error is settled.
 *
 * @since 0.2.0
 * @category model
 */
export interface Stop {
  readonly stopped?: StopReason | undefined
  /** The wait before the next attempt, if it would have ended after the deadline. */
  readonly nextWait?: Duration.Duration | undefined
  /** The time that was left until the deadline, if `nextWait` is given. */
  readonly timeLeft?: Duration.Duration | undefined
}

const stopKeys = ["stopped", "nextWait", "timeLeft"] as const

const withAttempts = <E extends ApiError>(error: E, attempts: number, stop?: Stop): E => {
  const keeps = attempts > 0 && stop === undefined
  if (error.attempts === attempts && (keeps || stopKeys.every((key) => error[key] === stop?.[key]))) return error
  const { nextWait, stopped, timeLeft } = stop ?? {}
  return copyWith(error, keeps ? { attempts } : { attempts, stopped, nextWait, timeLeft })
}

/**
 * Marks an error as settled after a number of attempts. An outer owner of retries passes a settled error on and does not retry
 * it.
 *
 * `stop` holds the reason why there was no further attempt. The message of the error includes it.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { ApiError } from "effect-reliability"
 *
 * const error = new ApiError.Transient({ reason: "Unavailable", delivery: "Acknowledged", status: 503 })
 * assert.ok(ApiError.isRetryable(error))
 * assert.ok(!ApiError.isRetryable(ApiError.settle(error, 5)))
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const settle: {
  (attempts: number, stop?: Stop): <E extends ApiError>(error: E) => E
  <E extends ApiError>(error: E, attempts: number, stop?: Stop): E
} = /*#__PURE__*/ dual((args) => isApiError(args[0]), withAttempts)

/**
 * Makes a settled error retryable again. Use it where a queue redelivers the work later as a new call.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { ApiError } from "effect-reliability"
 *
 * const givenUp = new ApiError.Transient({ reason: "Unavailable", delivery: "Acknowledged", attempts: 5 })
 * assert.ok(ApiError.isRetryable(ApiError.unsettle(givenUp)))
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const unsettle = <E extends ApiError>(error: E): E => withAttempts(error, 0)
