import * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"
import { type CauseSummary } from "./internal/errors.js"
import type * as Reasons from "./internal/reasons.js"
import { type StopReason as Stopped } from "./internal/stopReasons.js"
export declare const Delivery: Schema.Literal<["NotSent", "Unconfirmed", "Partial", "Acknowledged"]>
export type Delivery = typeof Delivery.Type
export declare const Phase: Schema.Literal<["pool", "connect", "write", "read", "attempt", "deadline"]>
export type Phase = typeof Phase.Type
export declare const StopReason: Schema.Literal<
  [
    (
      | "NameNotFound"
      | "CircuitOpen"
      | "Foreign"
      | "Settled"
      | "Fatal"
      | "Idempotency"
      | "Attempts"
      | "PatienceEnded"
      | "HintTooLong"
      | "Deadline"
      | "Budget"
      | "QueueFull"
      | "StoreUnavailable"
      | "SpentBody"
      | "StreamBegan"
    ),
    ...(
      | "NameNotFound"
      | "CircuitOpen"
      | "Foreign"
      | "Settled"
      | "Fatal"
      | "Idempotency"
      | "Attempts"
      | "PatienceEnded"
      | "HintTooLong"
      | "Deadline"
      | "Budget"
      | "QueueFull"
      | "StoreUnavailable"
      | "SpentBody"
      | "StreamBegan"
    )[]
  ]
>
export type StopReason = Stopped
export declare const RateLimitReason: Schema.Literal<
  [
    "RateExceeded" | "Capacity" | "Overloaded" | "LocallyLimited",
    ...("RateExceeded" | "Capacity" | "Overloaded" | "LocallyLimited")[]
  ]
>
export type RateLimitReason = Reasons.RateLimitReason
export declare const TransientReason: Schema.Literal<
  [
    (
      | "ServerError"
      | "BadGateway"
      | "Unavailable"
      | "GatewayTimeout"
      | "RequestTimeout"
      | "TooEarly"
      | "ScalingUp"
      | "WeightSwap"
      | "UnknownStatus"
      | "Timeout"
      | "NameLookup"
      | "NameNotFound"
      | "Connect"
      | "ConnectionLost"
      | "StreamBroken"
      | "InvalidAnswer"
      | "CircuitOpen"
    ),
    ...(
      | "ServerError"
      | "BadGateway"
      | "Unavailable"
      | "GatewayTimeout"
      | "RequestTimeout"
      | "TooEarly"
      | "ScalingUp"
      | "WeightSwap"
      | "UnknownStatus"
      | "Timeout"
      | "NameLookup"
      | "NameNotFound"
      | "Connect"
      | "ConnectionLost"
      | "StreamBroken"
      | "InvalidAnswer"
      | "CircuitOpen"
    )[]
  ]
>
export type TransientReason = Reasons.TransientReason
export declare const FatalReason: Schema.Literal<
  [
    (
      | "BadRequest"
      | "Unauthorized"
      | "PaymentRequired"
      | "Forbidden"
      | "NotFound"
      | "MethodNotAllowed"
      | "Conflict"
      | "PreconditionFailed"
      | "TooLarge"
      | "Unprocessable"
      | "QuotaExhausted"
      | "Tls"
      | "ProxyRefused"
      | "InvalidRequest"
      | "Decode"
      | "AnswerTooLarge"
      | "EventTooLarge"
      | "Aborted"
      | "UnexpectedStatus"
      | "Unknown"
    ),
    ...(
      | "BadRequest"
      | "Unauthorized"
      | "PaymentRequired"
      | "Forbidden"
      | "NotFound"
      | "MethodNotAllowed"
      | "Conflict"
      | "PreconditionFailed"
      | "TooLarge"
      | "Unprocessable"
      | "QuotaExhausted"
      | "Tls"
      | "ProxyRefused"
      | "InvalidRequest"
      | "Decode"
      | "AnswerTooLarge"
      | "EventTooLarge"
      | "Aborted"
      | "UnexpectedStatus"
      | "Unknown"
    )[]
  ]
>
export type FatalReason = Reasons.FatalReason
export type Reason = Reasons.Reason
export type Kind =
  | {
      readonly class: "RateLimit"
      readonly reason: RateLimitReason
    }
  | {
      readonly class: "Transient"
      readonly reason: TransientReason
    }
  | {
      readonly class: "Fatal"
      readonly reason: FatalReason
    }
export declare const TypeId: unique symbol
export type TypeId = typeof TypeId
export declare const FailedStep: Schema.Struct<{
  step: typeof Schema.String
  reason: Schema.Literal<[Reasons.Reason, ...Reasons.Reason[]]>
  delivery: Schema.Literal<["NotSent", "Unconfirmed", "Partial", "Acknowledged"]>
  status: Schema.optionalWith<
    Schema.filter<typeof Schema.Int>,
    {
      exact: true
    }
  >
  code: Schema.optionalWith<
    typeof Schema.String,
    {
      exact: true
    }
  >
  requestId: Schema.optionalWith<
    typeof Schema.String,
    {
      exact: true
    }
  >
  attempts: Schema.refine<number, typeof Schema.NonNegative>
}>
export interface FailedStep extends Schema.Schema.Type<typeof FailedStep> {}
declare const fields: {
  delivery: Schema.Literal<["NotSent", "Unconfirmed", "Partial", "Acknowledged"]>
  status: Schema.optional<Schema.filter<typeof Schema.Int>>
  code: Schema.optional<typeof Schema.String>
  detail: Schema.optional<Schema.transform<typeof Schema.String, Schema.filter<typeof Schema.String>>>
  phase: Schema.optional<Schema.Literal<["pool", "connect", "write", "read", "attempt", "deadline"]>>
  retryAfter: Schema.optional<Schema.filter<typeof Schema.DurationFromMillis>>
  shouldRetry: Schema.optional<typeof Schema.Boolean>
  executed: Schema.optional<typeof Schema.Boolean>
  reusedSocket: Schema.optional<typeof Schema.Boolean>
  requestId: Schema.optional<typeof Schema.String>
  method: Schema.optional<typeof Schema.String>
  url: Schema.optional<typeof Schema.String>
  remedy: Schema.optional<typeof Schema.String>
  stopped: Schema.optional<
    Schema.Literal<
      [
        (
          | "NameNotFound"
          | "CircuitOpen"
          | "Foreign"
          | "Settled"
          | "Fatal"
          | "Idempotency"
          | "Attempts"
          | "PatienceEnded"
          | "HintTooLong"
          | "Deadline"
          | "Budget"
          | "QueueFull"
          | "StoreUnavailable"
          | "SpentBody"
          | "StreamBegan"
        ),
        ...(
          | "NameNotFound"
          | "CircuitOpen"
          | "Foreign"
          | "Settled"
          | "Fatal"
          | "Idempotency"
          | "Attempts"
          | "PatienceEnded"
          | "HintTooLong"
          | "Deadline"
          | "Budget"
          | "QueueFull"
          | "StoreUnavailable"
          | "SpentBody"
          | "StreamBegan"
        )[]
      ]
    >
  >
  nextWait: Schema.optional<Schema.filter<typeof Schema.DurationFromMillis>>
  timeLeft: Schema.optional<Schema.filter<typeof Schema.DurationFromMillis>>
  earlier: Schema.optional<
    Schema.Data<
      Schema.filter<
        Schema.Array$<
          Schema.Data<
            Schema.Struct<{
              step: typeof Schema.String
              reason: Schema.Literal<[Reasons.Reason, ...Reasons.Reason[]]>
              delivery: Schema.Literal<["NotSent", "Unconfirmed", "Partial", "Acknowledged"]>
              status: Schema.optionalWith<
                Schema.filter<typeof Schema.Int>,
                {
                  exact: true
                }
              >
              code: Schema.optionalWith<
                typeof Schema.String,
                {
                  exact: true
                }
              >
              requestId: Schema.optionalWith<
                typeof Schema.String,
                {
                  exact: true
                }
              >
              attempts: Schema.refine<number, typeof Schema.NonNegative>
            }>
          >
        >
      >
    >
  >
  attempts: Schema.PropertySignature<":", number, never, ":", number, true, never>
}
type Props<R extends Reason> = Schema.Struct.Constructor<typeof fields> & {
  readonly reason: R
  readonly cause?: unknown
}
declare const RateLimit_base: Schema.TaggedErrorClass<
  RateLimit,
  "RateLimit",
  {
    readonly _tag: Schema.tag<"RateLimit">
  } & {
    delivery: Schema.Literal<["NotSent", "Unconfirmed", "Partial", "Acknowledged"]>
    status: Schema.optional<Schema.filter<typeof Schema.Int>>
    code: Schema.optional<typeof Schema.String>
    detail: Schema.optional<Schema.transform<typeof Schema.String, Schema.filter<typeof Schema.String>>>
    phase: Schema.optional<Schema.Literal<["pool", "connect", "write", "read", "attempt", "deadline"]>>
    retryAfter: Schema.optional<Schema.filter<typeof Schema.DurationFromMillis>>
    shouldRetry: Schema.optional<typeof Schema.Boolean>
    executed: Schema.optional<typeof Schema.Boolean>
    reusedSocket: Schema.optional<typeof Schema.Boolean>
    requestId: Schema.optional<typeof Schema.String>
    method: Schema.optional<typeof Schema.String>
    url: Schema.optional<typeof Schema.String>
    remedy: Schema.optional<typeof Schema.String>
    stopped: Schema.optional<
      Schema.Literal<
        [
          (
            | "NameNotFound"
            | "CircuitOpen"
            | "Foreign"
            | "Settled"
            | "Fatal"
            | "Idempotency"
            | "Attempts"
            | "PatienceEnded"
            | "HintTooLong"
            | "Deadline"
            | "Budget"
            | "QueueFull"
            | "StoreUnavailable"
            | "SpentBody"
            | "StreamBegan"
          ),
          ...(
            | "NameNotFound"
            | "CircuitOpen"
            | "Foreign"
            | "Settled"
            | "Fatal"
            | "Idempotency"
            | "Attempts"
            | "PatienceEnded"
            | "HintTooLong"
            | "Deadline"
            | "Budget"
            | "QueueFull"
            | "StoreUnavailable"
            | "SpentBody"
            | "StreamBegan"
          )[]
        ]
      >
    >
    nextWait: Schema.optional<Schema.filter<typeof Schema.DurationFromMillis>>
    timeLeft: Schema.optional<Schema.filter<typeof Schema.DurationFromMillis>>
    earlier: Schema.optional<
      Schema.Data<
        Schema.filter<
          Schema.Array$<
            Schema.Data<
              Schema.Struct<{
                step: typeof Schema.String
                reason: Schema.Literal<[Reasons.Reason, ...Reasons.Reason[]]>
                delivery: Schema.Literal<["NotSent", "Unconfirmed", "Partial", "Acknowledged"]>
                status: Schema.optionalWith<
                  Schema.filter<typeof Schema.Int>,
                  {
                    exact: true
                  }
                >
                code: Schema.optionalWith<
                  typeof Schema.String,
                  {
                    exact: true
                  }
                >
                requestId: Schema.optionalWith<
                  typeof Schema.String,
                  {
                    exact: true
                  }
                >
                attempts: Schema.refine<number, typeof Schema.NonNegative>
              }>
            >
          >
        >
      >
    >
    attempts: Schema.PropertySignature<":", number, never, ":", number, true, never>
    reason: Schema.Literal<
      [
        "RateExceeded" | "Capacity" | "Overloaded" | "LocallyLimited",
        ...("RateExceeded" | "Capacity" | "Overloaded" | "LocallyLimited")[]
      ]
    >
  }
>
export declare class RateLimit extends RateLimit_base {
  readonly cause?: CauseSummary
  constructor(props: Props<RateLimitReason>, options?: Schema.MakeOptions)
  get [TypeId](): TypeId
  get message(): string
  get advice(): string
}
declare const Transient_base: Schema.TaggedErrorClass<
  Transient,
  "Transient",
  {
    readonly _tag: Schema.tag<"Transient">
  } & {
    delivery: Schema.Literal<["NotSent", "Unconfirmed", "Partial", "Acknowledged"]>
    status: Schema.optional<Schema.filter<typeof Schema.Int>>
    code: Schema.optional<typeof Schema.String>
    detail: Schema.optional<Schema.transform<typeof Schema.String, Schema.filter<typeof Schema.String>>>
    phase: Schema.optional<Schema.Literal<["pool", "connect", "write", "read", "attempt", "deadline"]>>
    retryAfter: Schema.optional<Schema.filter<typeof Schema.DurationFromMillis>>
    shouldRetry: Schema.optional<typeof Schema.Boolean>
    executed: Schema.optional<typeof Schema.Boolean>
    reusedSocket: Schema.optional<typeof Schema.Boolean>
    requestId: Schema.optional<typeof Schema.String>
    method: Schema.optional<typeof Schema.String>
    url: Schema.optional<typeof Schema.String>
    remedy: Schema.optional<typeof Schema.String>
    stopped: Schema.optional<
      Schema.Literal<
        [
          (
            | "NameNotFound"
            | "CircuitOpen"
            | "Foreign"
            | "Settled"
            | "Fatal"
            | "Idempotency"
            | "Attempts"
            | "PatienceEnded"
            | "HintTooLong"
            | "Deadline"
            | "Budget"
            | "QueueFull"
            | "StoreUnavailable"
            | "SpentBody"
            | "StreamBegan"
          ),
          ...(
            | "NameNotFound"
            | "CircuitOpen"
            | "Foreign"
            | "Settled"
            | "Fatal"
            | "Idempotency"
            | "Attempts"
            | "PatienceEnded"
            | "HintTooLong"
            | "Deadline"
            | "Budget"
            | "QueueFull"
            | "StoreUnavailable"
            | "SpentBody"
            | "StreamBegan"
          )[]
        ]
      >
    >
    nextWait: Schema.optional<Schema.filter<typeof Schema.DurationFromMillis>>
    timeLeft: Schema.optional<Schema.filter<typeof Schema.DurationFromMillis>>
    earlier: Schema.optional<
      Schema.Data<
        Schema.filter<
          Schema.Array$<
            Schema.Data<
              Schema.Struct<{
                step: typeof Schema.String
                reason: Schema.Literal<[Reasons.Reason, ...Reasons.Reason[]]>
                delivery: Schema.Literal<["NotSent", "Unconfirmed", "Partial", "Acknowledged"]>
                status: Schema.optionalWith<
                  Schema.filter<typeof Schema.Int>,
                  {
                    exact: true
                  }
                >
                code: Schema.optionalWith<
                  typeof Schema.String,
                  {
                    exact: true
                  }
                >
                requestId: Schema.optionalWith<
                  typeof Schema.String,
                  {
                    exact: true
                  }
                >
                attempts: Schema.refine<number, typeof Schema.NonNegative>
              }>
            >
          >
        >
      >
    >
    attempts: Schema.PropertySignature<":", number, never, ":", number, true, never>
    reason: Schema.Literal<
      [
        (
          | "ServerError"
          | "BadGateway"
          | "Unavailable"
          | "GatewayTimeout"
          | "RequestTimeout"
          | "TooEarly"
          | "ScalingUp"
          | "WeightSwap"
          | "UnknownStatus"
          | "Timeout"
          | "NameLookup"
          | "NameNotFound"
          | "Connect"
          | "ConnectionLost"
          | "StreamBroken"
          | "InvalidAnswer"
          | "CircuitOpen"
        ),
        ...(
          | "ServerError"
          | "BadGateway"
          | "Unavailable"
          | "GatewayTimeout"
          | "RequestTimeout"
          | "TooEarly"
          | "ScalingUp"
          | "WeightSwap"
          | "UnknownStatus"
          | "Timeout"
          | "NameLookup"
          | "NameNotFound"
          | "Connect"
          | "ConnectionLost"
          | "StreamBroken"
          | "InvalidAnswer"
          | "CircuitOpen"
        )[]
      ]
    >
  }
>
export declare class Transient extends Transient_base {
  readonly cause?: CauseSummary
  constructor(props: Props<TransientReason>, options?: Schema.MakeOptions)
  get [TypeId](): TypeId
  get message(): string
  get advice(): string
}
declare const Fatal_base: Schema.TaggedErrorClass<
  Fatal,
  "Fatal",
  {
    readonly _tag: Schema.tag<"Fatal">
  } & {
    delivery: Schema.Literal<["NotSent", "Unconfirmed", "Partial", "Acknowledged"]>
    status: Schema.optional<Schema.filter<typeof Schema.Int>>
    code: Schema.optional<typeof Schema.String>
    detail: Schema.optional<Schema.transform<typeof Schema.String, Schema.filter<typeof Schema.String>>>
    phase: Schema.optional<Schema.Literal<["pool", "connect", "write", "read", "attempt", "deadline"]>>
    retryAfter: Schema.optional<Schema.filter<typeof Schema.DurationFromMillis>>
    shouldRetry: Schema.optional<typeof Schema.Boolean>
    executed: Schema.optional<typeof Schema.Boolean>
    reusedSocket: Schema.optional<typeof Schema.Boolean>
    requestId: Schema.optional<typeof Schema.String>
    method: Schema.optional<typeof Schema.String>
    url: Schema.optional<typeof Schema.String>
    remedy: Schema.optional<typeof Schema.String>
    stopped: Schema.optional<
      Schema.Literal<
        [
          (
            | "NameNotFound"
            | "CircuitOpen"
            | "Foreign"
            | "Settled"
            | "Fatal"
            | "Idempotency"
            | "Attempts"
            | "PatienceEnded"
            | "HintTooLong"
            | "Deadline"
            | "Budget"
            | "QueueFull"
            | "StoreUnavailable"
            | "SpentBody"
            | "StreamBegan"
          ),
          ...(
            | "NameNotFound"
            | "CircuitOpen"
            | "Foreign"
            | "Settled"
            | "Fatal"
            | "Idempotency"
            | "Attempts"
            | "PatienceEnded"
            | "HintTooLong"
            | "Deadline"
            | "Budget"
            | "QueueFull"
            | "StoreUnavailable"
            | "SpentBody"
            | "StreamBegan"
          )[]
        ]
      >
    >
    nextWait: Schema.optional<Schema.filter<typeof Schema.DurationFromMillis>>
    timeLeft: Schema.optional<Schema.filter<typeof Schema.DurationFromMillis>>
    earlier: Schema.optional<
      Schema.Data<
        Schema.filter<
          Schema.Array$<
            Schema.Data<
              Schema.Struct<{
                step: typeof Schema.String
                reason: Schema.Literal<[Reasons.Reason, ...Reasons.Reason[]]>
                delivery: Schema.Literal<["NotSent", "Unconfirmed", "Partial", "Acknowledged"]>
                status: Schema.optionalWith<
                  Schema.filter<typeof Schema.Int>,
                  {
                    exact: true
                  }
                >
                code: Schema.optionalWith<
                  typeof Schema.String,
                  {
                    exact: true
                  }
                >
                requestId: Schema.optionalWith<
                  typeof Schema.String,
                  {
                    exact: true
                  }
                >
                attempts: Schema.refine<number, typeof Schema.NonNegative>
              }>
            >
          >
        >
      >
    >
    attempts: Schema.PropertySignature<":", number, never, ":", number, true, never>
    reason: Schema.Literal<
      [
        (
          | "BadRequest"
          | "Unauthorized"
          | "PaymentRequired"
          | "Forbidden"
          | "NotFound"
          | "MethodNotAllowed"
          | "Conflict"
          | "PreconditionFailed"
          | "TooLarge"
          | "Unprocessable"
          | "QuotaExhausted"
          | "Tls"
          | "ProxyRefused"
          | "InvalidRequest"
          | "Decode"
          | "AnswerTooLarge"
          | "EventTooLarge"
          | "Aborted"
          | "UnexpectedStatus"
          | "Unknown"
        ),
        ...(
          | "BadRequest"
          | "Unauthorized"
          | "PaymentRequired"
          | "Forbidden"
          | "NotFound"
          | "MethodNotAllowed"
          | "Conflict"
          | "PreconditionFailed"
          | "TooLarge"
          | "Unprocessable"
          | "QuotaExhausted"
          | "Tls"
          | "ProxyRefused"
          | "InvalidRequest"
          | "Decode"
          | "AnswerTooLarge"
          | "EventTooLarge"
          | "Aborted"
          | "UnexpectedStatus"
          | "Unknown"
        )[]
      ]
    >
  }
>
export declare class Fatal extends Fatal_base {
  readonly cause?: CauseSummary
  constructor(props: Props<FatalReason>, options?: Schema.MakeOptions)
  get [TypeId](): TypeId
  get message(): string
  get advice(): string
}
export declare const ApiError: Schema.Union<[typeof RateLimit, typeof Transient, typeof Fatal]>
export type ApiError = RateLimit | Transient | Fatal
export declare const isApiError: (u: unknown) => u is ApiError
export declare const isSettled: (error: ApiError) => boolean
export declare const isRetryable: (error: ApiError) => boolean
export declare const mayHaveExecuted: (error: ApiError) => boolean
export declare const match: {
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
}
export interface Stop {
  readonly stopped?: StopReason | undefined
  readonly nextWait?: Duration.Duration | undefined
  readonly timeLeft?: Duration.Duration | undefined
}
export declare const settle: {
  (attempts: number, stop?: Stop): <E extends ApiError>(error: E) => E
  <E extends ApiError>(error: E, attempts: number, stop?: Stop): E
}
export declare const unsettle: <E extends ApiError>(error: E) => E
export {}
