/**
 * What a call to a remote API fails with: `RateLimit`, `Transient` or `Fatal`.
 *
 * "It failed" is not enough to act on. Whether to try again, how long to wait and whether the server may have seen the
 * request are fields of the error, put there where they were known, so that nobody has to guess them from a message.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import { dual } from "effect/Function"
import * as Hash from "effect/Hash"
import * as Schema from "effect/Schema"
import { attachCause, stackless } from "./internal/apiError/construct.js"
import { attempt, type CauseSummary, read } from "./internal/errors.js"
import type * as Reasons from "./internal/reasons.js"
import { fatalReasons, rateLimitReasons, reasons, transientReasons } from "./internal/reasons.js"
import { clip } from "./internal/redact.js"
import { type StopReason as Stopped, stopReasons } from "./internal/stopReasons.js"
import { maxDelay } from "./RetryHint.js"

// a table has at least one key, and its keys are all that `Object.keys` returns
const literals = <K extends string>(table: { readonly [_ in K]: unknown }) =>
  Schema.Literal(...(Object.keys(table) as [K, ...Array<K>]))

// -------------------------------------------------------------------------------------------------
// Model
// -------------------------------------------------------------------------------------------------

/**
 * Did the server see the request?
 *
 * - `NotSent`: no byte of it left.
 * - `Unconfirmed`: it may have arrived; no answer was seen.
 * - `Partial`: an answer began, and broke off.
 * - `Acknowledged`: an HTTP answer arrived.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Delivery = /*#__PURE__*/ Schema.Literal("NotSent", "Unconfirmed", "Partial", "Acknowledged")

/**
 * The four answers to "did the server see it?".
 *
 * @since 0.1.0
 * @category model
 */
export type Delivery = typeof Delivery.Type

/**
 * Which limit a timeout ran into.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Phase = /*#__PURE__*/ Schema.Literal("pool", "connect", "write", "read", "attempt", "deadline")

/**
 * The limits of a call, from the narrowest to the widest.
 *
 * @since 0.1.0
 * @category model
 */
export type Phase = typeof Phase.Type

/**
 * The reason why a settled error was not retried.
 *
 * The reasons of `Retry.Stopping`, `SpentBody` for a request whose body is a stream, and `StreamBegan` for a response whose
 * stream had begun.
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
 * Why the server asked the caller to slow down.
 *
 * @since 0.1.0
 * @category schemas
 */
export const RateLimitReason = /*#__PURE__*/ literals(rateLimitReasons)

/**
 * Why the server asked the caller to slow down.
 *
 * @since 0.1.0
 * @category model
 */
export type RateLimitReason = Reasons.RateLimitReason

/**
 * What went wrong, and may go right the next time.
 *
 * @since 0.1.0
 * @category schemas
 */
export const TransientReason = /*#__PURE__*/ literals(transientReasons)

/**
 * What went wrong, and may go right the next time.
 *
 * @since 0.1.0
 * @category model
 */
export type TransientReason = Reasons.TransientReason

/**
 * What no repetition will cure.
 *
 * @since 0.1.0
 * @category schemas
 */
export const FatalReason = /*#__PURE__*/ literals(fatalReasons)

/**
 * What no repetition will cure.
 *
 * @since 0.1.0
 * @category model
 */
export type FatalReason = Reasons.FatalReason

/**
 * Every reason of the three classes; no two classes share one.
 *
 * @since 0.1.0
 * @category model
 */
export type Reason = Reasons.Reason

/**
 * A class with one of its own reasons.
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
 * Marks the three classes, across copies of this package.
 *
 * @since 0.1.0
 * @category symbols
 */
export const TypeId: unique symbol = Symbol.for("effect-reliability/ApiError")

/**
 * The type of the mark.
 *
 * @since 0.1.0
 * @category symbols
 */
export type TypeId = typeof TypeId

const maxDetail = 1024

// What comes from elsewhere is cut, not refused: an error that is too long is still that error
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

const fields = {
  /** Did the server see the request? */
  delivery: Delivery,
  /** The HTTP status, 0 to 999. */
  status: Schema.optional(Schema.Int.pipe(Schema.between(0, 999))),
  /** The provider's code for the error, or the network's (`ECONNREFUSED`). */
  code: Schema.optional(Schema.String),
  /** What the provider said, at most 1 KiB, secrets and account ids masked. */
  detail: Schema.optional(Detail),
  /** The limit that a timeout ran into. */
  phase: Schema.optional(Phase),
  /** How long the server asked to wait. */
  retryAfter: Schema.optional(Delay),
  /**
   * What the server said about trying again (`x-should-retry`). It overrides the class both ways: with `true` a 401, 403 or
   * 400 is tried again like any other failure, by the schedule's count and within idempotency, budget and deadline.
   */
  shouldRetry: Schema.optional(Schema.Boolean),
  /** Whether the server did anything with the request, where the answer tells. See `mayHaveExecuted`. */
  executed: Schema.optional(Schema.Boolean),
  /** Whether a kept-alive connection failed before any byte of a response: the server may have been closing it. */
  reusedSocket: Schema.optional(Schema.Boolean),
  /** The provider's id of the request, for support tickets. */
  requestId: Schema.optional(Schema.String),
  /** The request's method. */
  method: Schema.optional(Schema.String),
  /** The request's URL, without query and credentials. */
  url: Schema.optional(Schema.String),
  /** What to do, in the words of the provider's table; see `advice`. */
  remedy: Schema.optional(Schema.String),
  /** Why there was no further attempt, once the error is settled. */
  stopped: Schema.optional(StopReason),
  /** The wait before the next attempt, where `stopped` is `Deadline` because it would have ended after the deadline. */
  nextWait: Schema.optional(Delay),
  /** The time that was left until the deadline, where `nextWait` is set. */
  timeLeft: Schema.optional(Delay),
  /** 0 until the error is settled, which is when it leaves the owner of its retries; then the number of attempts made. */
  attempts: Schema.NonNegativeInt.pipe(
    Schema.propertySignature,
    Schema.withConstructorDefault(() => 0)
  )
}

interface Fields extends Schema.Struct.Type<typeof fields> {}

type Props<R extends Reason> = Schema.Struct.Constructor<typeof fields> & {
  readonly reason: R
  /** Anything; only the names and codes along its cause chain are kept. */
  readonly cause?: unknown
}

/** Fields that say nothing are left out, so that an error equals what its JSON decodes to. */
const present = <R extends Reason>({ cause: _, ...props }: Props<R>): Omit<Props<R>, "cause"> => {
  const entries = Object.entries(props).filter(([, value]) => value !== undefined)
  // what is left has the fields' types, which `fromEntries` cannot know
  const fields = Object.fromEntries(entries) as Omit<Props<R>, "cause">
  return typeof fields.detail === "string" ? { ...fields, detail: clip(fields.detail, maxDetail) } : fields
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
    stopOf(error)
  ]
    .filter(Boolean)
    .join(" ")
}

/**
 * The server asked to slow down: worth trying again, later.
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
  /** What was thrown, reduced to names and codes: never its messages. Not encoded, not part of equality. */
  declare readonly cause?: CauseSummary
  // decoding calls it as it called the one it replaces
  // @effect-diagnostics-next-line overriddenSchemaConstructor:off
  constructor(props: Props<RateLimitReason>, options?: Schema.MakeOptions) {
    super(present(props), options)
    attachCause(this, props.cause)
  }
  get [TypeId](): TypeId {
    return TypeId
  }
  /** What happened, whether the server saw it, and what to do. */
  override get message(): string {
    return messageOf(this)
  }
  /** What to do next, in one sentence. */
  get advice(): string {
    return adviceOf(this)
  }
}

/**
 * Something went wrong that may go right the next time.
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
  /** What was thrown, reduced to names and codes: never its messages. Not encoded, not part of equality. */
  declare readonly cause?: CauseSummary
  // decoding calls it as it called the one it replaces
  // @effect-diagnostics-next-line overriddenSchemaConstructor:off
  constructor(props: Props<TransientReason>, options?: Schema.MakeOptions) {
    super(present(props), options)
    attachCause(this, props.cause)
  }
  get [TypeId](): TypeId {
    return TypeId
  }
  /** What happened, whether the server saw it, and what to do. */
  override get message(): string {
    return messageOf(this)
  }
  /** What to do next, in one sentence. */
  get advice(): string {
    return adviceOf(this)
  }
}

/**
 * Nothing that a repetition would cure.
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
  /** What was thrown, reduced to names and codes: never its messages. Not encoded, not part of equality. */
  declare readonly cause?: CauseSummary
  // decoding calls it as it called the one it replaces
  // @effect-diagnostics-next-line overriddenSchemaConstructor:off
  constructor(props: Props<FatalReason>, options?: Schema.MakeOptions) {
    super(present(props), options)
    attachCause(this, props.cause)
  }
  get [TypeId](): TypeId {
    return TypeId
  }
  /** What happened, whether the server saw it, and what to do. */
  override get message(): string {
    return messageOf(this)
  }
  /** What to do next, in one sentence. */
  get advice(): string {
    return adviceOf(this)
  }
}

/**
 * The three classes as one schema, to carry errors across RPC, queues and workflows.
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
 * What a call to a remote API fails with.
 *
 * @since 0.1.0
 * @category errors
 */
export type ApiError = RateLimit | Transient | Fatal

// -------------------------------------------------------------------------------------------------
// Questions
// -------------------------------------------------------------------------------------------------

/**
 * Tells whether a value is one of the three classes, also when another copy of this package made it.
 *
 * @since 0.1.0
 * @category guards
 */
export const isApiError = (u: unknown): u is ApiError => read(u, TypeId) === TypeId

/**
 * Tells whether the error left the combinator that owned its retries: an outer one passes it on.
 *
 * @since 0.1.0
 * @category guards
 */
export const isSettled = (error: ApiError): boolean => error.attempts > 0

/**
 * Tells whether another attempt makes sense: the server's word if it gave one (`x-should-retry`), else not for `Fatal`;
 * never once the error is settled. A server that says `true` to a 401 gets it again: that word overrides the table too.
 *
 * Whether another attempt is *safe* depends on the call too: see `mayHaveExecuted`.
 *
 * @since 0.1.0
 * @category guards
 */
export const isRetryable = (error: ApiError): boolean =>
  !isSettled(error) && (error.shouldRetry ?? error._tag !== "Fatal")

/**
 * Tells whether the server may have acted on the request, so that sending it again could do the thing twice.
 *
 * Not when nothing was sent, and not for answers that refuse a request before running it: 429, 425, a deployment that
 * is scaling up, 400, 401, 403, 404, 405, 413 and 422. Where the provider's table says otherwise (`executed`), it holds.
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
export const mayHaveExecuted = (error: ApiError): boolean =>
  error.delivery !== "NotSent" && (error.executed ?? !refuses(error))

const refuses = (error: ApiError): boolean => {
  const { refused } = reasons[error.reason]
  // an event of a stream comes after a response that began as a success
  return (
    refused === "always" ||
    (refused === "by status" && error.delivery === "Acknowledged" && (error.status ?? 400) >= 400)
  )
}

/**
 * Handles each of the three classes.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { ApiError } from "effect-reliability"
 *
 * const headline = ApiError.match({
 *   RateLimit: () => "We are a little busy, one moment.",
 *   Transient: () => "That did not work, please try again.",
 *   Fatal: (error) => `We have been told: ${error.reason}.`
 * })
 * assert.strictEqual(
 *   headline(new ApiError.Fatal({ reason: "NotFound", delivery: "Acknowledged", status: 404 })),
 *   "We have been told: NotFound."
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

// Where Effect keeps the span that an error was first raised in
const spanSymbol = Symbol.for("effect/SpanAnnotation")

/** The frames of an error's stack under the words of another. */
const stackOf = (error: ApiError, copy: ApiError): string | undefined => {
  const { stack } = error
  if (stack === undefined || !stack.includes("\n    at ")) return undefined
  const words = `${error.name}: ${error.message}`
  return stack.startsWith(words) ? `${copy.name}: ${copy.message}${stack.slice(words.length)}` : stack
}

/**
 * Why an error is settled.
 *
 * @since 0.2.0
 * @category model
 */
export interface Stop {
  readonly stopped?: StopReason | undefined
  /** The wait before the next attempt, where it would have ended after the deadline. */
  readonly nextWait?: Duration.Duration | undefined
  /** The time that was left until the deadline, where `nextWait` is given. */
  readonly timeLeft?: Duration.Duration | undefined
}

const stopKeys = ["stopped", "nextWait", "timeLeft"] as const

// the copy keeps the class, fields and stack of the original, which may be a user's subclass
const withAttempts = <E extends ApiError>(error: E, attempts: number, stop?: Stop): E => {
  const keeps = attempts > 0 && stop === undefined
  if (error.attempts === attempts && (keeps || stopKeys.every((key) => error[key] === stop?.[key]))) return error
  const { attempts: _attempts, stack: _stack, ...own } = Object.getOwnPropertyDescriptors<Partial<ApiError>>(error)
  // the hash that `Equal` keeps on an object is that of the original
  Reflect.deleteProperty(own, Hash.symbol)
  if (!keeps) for (const key of stopKeys) Reflect.deleteProperty(own, key)
  const blank = stackless(() => new Error())
  Reflect.setPrototypeOf(blank, Reflect.getPrototypeOf(error))
  // it has the prototype and all the fields
  const copy = Object.defineProperties(blank, own) as E
  const define = (key: PropertyKey, value: unknown, enumerable = false) =>
    Object.defineProperty(copy, key, { value, enumerable, writable: true, configurable: true })
  define("attempts", attempts, true)
  for (const [key, value] of Object.entries(stop ?? {})) if (value !== undefined) define(key, value, true)
  const stack = attempt(() => stackOf(error, copy))
  if (stack !== undefined) define("stack", stack)
  const span = read(error, spanSymbol)
  if (span !== undefined) define(spanSymbol, span)
  return copy
}

/**
 * Marks an error as settled after a number of attempts: an outer owner of retries passes it on and does not retry it.
 *
 * `stop` says why there was no further attempt, and completes the message.
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
 * Makes a settled error retryable again, for a queue that redelivers the work later as a call of its own.
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
