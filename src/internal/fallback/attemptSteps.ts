/**
 * Runs the steps of a fallback, one after another.
 *
 * @since 0.2.0
 */
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import type * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type * as RuntimeFlags from "effect/RuntimeFlags"
import { type ApiError, isApiError, isSettled, mayHaveExecuted, settle } from "../../ApiError.js"
import { copyWith } from "../apiError/copy.js"
import { beside } from "../call/beside.js"
import { currentCall, inheritedFrom, nested, timeLeftOf } from "../call/context.js"
import type { Call } from "../call/model.js"
import { limited, type Sequel } from "../call/timeLimit.js"
import { isUnsafe } from "../call/unsafeErrors.js"
import { clockOf, monotonic } from "../clock.js"
import { timedOut } from "../deadline/timedOut.js"
import { attempt } from "../errors.js"
import type { Failed, Fallback, Result, Step } from "./model.js"

type AnyFiber = Fiber.RuntimeFiber<unknown, unknown>

/** The number of errors that are kept. */
const maxErrors = 16

/** Milliseconds in which a call that reaches the end of its share may still fail by itself. */
const grace = 10

const none: ReadonlyArray<never> = []

/** The reasons of `Fatal` that concern one model or account only. */
const elsewhere: ReadonlySet<ApiError["reason"]> = /*#__PURE__*/ new Set(["QuotaExhausted", "NotFound"])

/** Returns `true` if another model or provider may succeed where this error occurred. */
export const movesOn = (error: ApiError): boolean => error._tag !== "Fatal" || elsewhere.has(error.reason)

/** Adds the steps that failed before to an error. An error of a nested fallback has some already. */
export const withEarlier = <E>(error: E, failed: ReadonlyArray<Failed>): E => {
  if (failed.length === 0 || !isApiError(error)) return error
  const before = failed.flatMap(
    ({ error: { attempts, code, delivery, earlier = [], reason, requestId, status }, step }) => {
      const known = { step, reason, delivery, status, code, requestId, attempts }
      // an absent field equals what the JSON of the error decodes to, and an undefined one does not
      const present = Object.fromEntries(Object.entries(known).filter(([, value]) => value !== undefined))
      return [...earlier, Data.struct(present)]
    }
  )
  return copyWith(error, { earlier: Data.array([...before, ...(error.earlier ?? [])].slice(-maxErrors)) })
}

/** One run of a fallback. */
class Run<S extends Step, A, E, R, R2> {
  readonly fallback: Fallback<S, R2>
  readonly effectOf: (step: S) => Effect.Effect<A, E, R>
  readonly fiber: AnyFiber
  readonly flags: RuntimeFlags.RuntimeFlags
  readonly outer: Call | undefined
  readonly clock: Clock.Clock
  /** The end of the time of all steps, in monotonic milliseconds. */
  readonly endsAt: number

  constructor(
    fallback: Fallback<S, R2>,
    effectOf: (step: S) => Effect.Effect<A, E, R>,
    fiber: AnyFiber,
    flags: RuntimeFlags.RuntimeFlags
  ) {
    this.fallback = fallback
    this.effectOf = effectOf
    this.fiber = fiber
    this.flags = flags
    this.outer = fiber.getFiberRef(currentCall)
    this.clock = clockOf(fiber)
    const left = timeLeftOf(this.outer)
    this.endsAt = left === Infinity ? Infinity : monotonic(this.clock) + left
  }

  left(): number {
    return this.endsAt === Infinity ? Infinity : this.endsAt - monotonic(this.clock)
  }

  /** Runs a step and everything that follows it. */
  attempt(
    step: S,
    later: ReadonlyArray<S>,
    errors: Result<A, S["name"]>["errors"]
  ): Effect.Effect<Result<A, S["name"]>, unknown, R | R2> {
    const effect = this.effectOf(step)
    const onSuccess = (value: A) => Effect.succeed({ value, step: step.name, errors })
    const onFailure = (cause: Cause.Cause<unknown>) => this.follow(step, later, errors, cause)
    const left = this.left()
    // a call that must not be repeated would be lost at the end of its share
    const share = later.length === 0 || !this.isSafe() ? 1 : (step.share ?? 1 / (later.length + 1))
    // after another step, a limit also where the step may take all, so that the error at the deadline has the earlier ones
    if (left === Infinity || (share === 1 && errors.length === 0)) {
      return Effect.matchCauseEffect(effect, { onSuccess, onFailure })
    }
    // a millisecond before the deadline around the call, which would interrupt all of this
    const millis = Math.max(1, Math.floor(Math.min(left * share, left - 1)))
    const call = nested(this.outer, inheritedFrom(this.outer, this.fiber), millis)
    const sequel: Sequel<A, E, Result<A, S["name"]>, unknown, R | R2> = {
      grace,
      onSuccess: (exit) => onSuccess(exit.value),
      onFailure,
      onLimit: (owned) =>
        onFailure(Cause.fail(timedOut("deadline", Duration.millis(millis), { attempts: owned ? 1 : 0 })))
    }
    return limited(effect, this.fiber, this.flags, call, millis, sequel)
  }

  /** Moves on to the next step, or fails. */
  follow(
    step: S,
    [next, ...rest]: ReadonlyArray<S>,
    errors: Result<A, S["name"]>["errors"],
    cause: Cause.Cause<unknown>
  ): Effect.Effect<Result<A, S["name"]>, unknown, R | R2> {
    const failure = Cause.failureOption(cause)
    if (failure._tag === "None" || !isApiError(failure.value)) return Effect.failCause(cause)
    const error = failure.value
    const fail = (last: ApiError) =>
      Effect.failCause(Cause.map(cause, (other) => (other === error ? withEarlier(last, errors) : other)))
    if (next === undefined || !Chunk.isEmpty(Cause.defects(cause)) || this.left() <= 0) return fail(error)
    if (!(step.moveOn ?? movesOn)(error)) return fail(error)
    if (mayHaveExecuted(error) && !this.isSafe(error)) {
      // an owner of retries around the steps must not repeat it, either
      return fail(isSettled(error) ? error : settle(error, 1, { stopped: "Idempotency" }))
    }
    const moved = { step: step.name, next: next.name, error }
    this.annotate(moved)
    const again = Effect.suspend(() =>
      this.attempt(next, rest, [...errors, { step: step.name, error }].slice(-maxErrors))
    )
    const { onFallback } = this.fallback.options
    return onFallback === undefined
      ? again
      : Effect.zipRight(
          beside(() => onFallback(moved)),
          again
        )
  }

  /** Tests whether the call may be repeated, also if it was executed; with an error, what the call inside says counts, too. */
  isSafe(error?: ApiError): boolean {
    const { idempotency } = this.fallback.options
    if (idempotency !== undefined) return idempotency === "safe"
    const { idempotency: current = "safe" } = this.outer ?? {}
    return current === "safe" && !(error !== undefined && isUnsafe(error))
  }

  /** Adds an event to the span of the caller. */
  annotate({ error, next, step }: { readonly step: string; readonly next: string; readonly error: ApiError }): void {
    const span = this.fiber.currentSpan
    if (span?._tag !== "Span") return
    const attributes = {
      "reliability.fallback.from": step,
      "reliability.fallback.to": next,
      "error.type": error.reason
    }
    attempt(() => span.event("fallback", this.clock.unsafeCurrentTimeNanos(), attributes))
  }
}

/** Runs the steps of a fallback until one succeeds. */
export const runSteps = <S extends Step, A, E, R, R2>(
  fallback: Fallback<S, R2>,
  effectOf: (step: S) => Effect.Effect<A, E, R>
): Effect.Effect<Result<A, S["name"]>, unknown, R | R2> =>
  Effect.withFiberRuntime((fiber, status) => {
    const [first, ...later] = fallback.steps
    return new Run(fallback, effectOf, fiber, status.runtimeFlags).attempt(first, later, none)
  })
