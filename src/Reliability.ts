/**
 * Makes any effect reliable: with a deadline, retries, a timeout for each attempt, and notifications of observers, in the right
 * order.
 *
 * These parts work only in one order. A timeout outside of the retries cuts the third attempt short. A timeout inside, without
 * a deadline, allows five attempts of one minute. Retries around retries multiply, and a retry budget that is used before the
 * error was checked pays for calls that are never repeated. `protect` puts the parts together: a deadline around retries around
 * an attempt with a timeout. They share their state through the fiber. While nothing fails, this costs one timer.
 *
 * ```text
 * protect(workload)   its errors are settled: outer retries do not multiply them
 *   └ deadline        limits attempts and waits together
 *      └ retry        checks error, hint, idempotency, deadline and budget, in this order
 *         └ attempt   has a timeout, can be interrupted, and is counted
 *            └ your effect
 * ```
 *
 * See `Workload` for the time limits, `Retry` for the rules of retrying, and `ApiError.settle` for settled errors.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import { dual } from "effect/Function"
import * as Record from "effect/Record"
import * as RuntimeFlags from "effect/RuntimeFlags"
import type * as ScheduleDecision from "effect/ScheduleDecision"
import * as ScheduleIntervals from "effect/ScheduleIntervals"
import {
  type ApiError,
  type Delivery,
  isApiError,
  isSettled,
  mayHaveExecuted,
  settle,
  type Transient
} from "./ApiError.js"
import { unsafeMake } from "./internal/apiError/unsafeMake.js"
import { currentCall, ending, endOf, isPart, owning } from "./internal/call/context.js"
import type { About, Call, Idempotency, Outcome } from "./internal/call/model.js"
import { type CallReport, reportOf } from "./internal/call/observers.js"
import { limited, onLimitKey, type Sequel, type WithOnLimit } from "./internal/call/timeLimit.js"
import { clockOf, monotonic } from "./internal/clock.js"
import { timedOut } from "./internal/deadline/timedOut.js"
import { checkIdempotency } from "./internal/http/idempotency.js"
import { describeSchedule } from "./internal/retry/descriptions.js"
import type * as Retry from "./Retry.js"
import type { RetryBudget } from "./RetryBudget.js"
import type { Workload } from "./Workload.js"

export type { About, Idempotency, Outcome } from "./internal/call/model.js"

// -------------------------------------------------------------------------------------------------
// Model
// -------------------------------------------------------------------------------------------------

/**
 * A retry whose wait is about to begin.
 *
 * @since 0.1.0
 * @category model
 */
export interface Retrying {
  readonly workload: Workload
  readonly error: ApiError
  readonly step: Retry.Step
}

/**
 * A call that failed and is not retried again.
 *
 * @since 0.1.0
 * @category model
 */
export interface GivenUp {
  readonly workload: Workload
  /** The settled error. Its `attempts` is the number of attempts made. */
  readonly error: ApiError
  /** The reason why there was no further attempt. */
  readonly why: Retry.Stopping
}

/**
 * Options of `make`.
 *
 * @since 0.1.0
 * @category model
 */
export interface Options<R = never, R2 = R> {
  /** The timeouts, the deadline and the retry schedule. */
  readonly workload: Workload
  /**
   * The idempotency of the call: whether it may be repeated once the server may have executed it. With `"never"`, an error is
   * retried only if `ApiError.mayHaveExecuted` returns `false`. The option applies to the retries of this policy; a protected
   * call inside has its own. @default "safe", as with `Effect.retry`
   */
  readonly idempotency?: Idempotency | undefined
  /** Attributes of the calls, such as host and model, for observers. @default nothing */
  readonly about?: About | undefined
  /** The retry budget, which many calls share. Without a budget, only the schedule limits the retries. @default none */
  readonly budget?: RetryBudget | undefined
  /**
   * Runs in a daemon fiber when the wait before a retry begins. Its failure never affects the call, and interrupting the call
   * does not interrupt it.
   * @default nothing
   */
  readonly onRetry?: ((retrying: Retrying) => Effect.Effect<unknown, unknown, R>) | undefined
  /** Runs in a daemon fiber when the call has failed and is not retried again. @default nothing */
  readonly onGiveUp?: ((givenUp: GivenUp) => Effect.Effect<unknown, unknown, R2>) | undefined
  /**
   * Called once at the end of each attempt and of each call, in every case. A success has no error; an interruption has the
   * error `Fatal` `Aborted`. During the wait between two attempts, an interruption ends only the call. `record` is then called
   * when the fiber has ended, with the delivery of the previous attempt. The function runs synchronously within every call, so
   * it must be fast. What it throws is ignored. @default nothing
   */
  readonly record?: ((outcome: Outcome) => void) | undefined
}

/**
 * A policy: the options that `protect` applies to a call.
 *
 * @since 0.1.0
 * @category model
 */
export interface Policy<R = never> extends Options<R> {
  readonly [PolicyTypeId]: typeof PolicyTypeId
  readonly classify?: undefined
}

/**
 * The time at which an error is classified. Some responses hold a date until which to wait, which is compared with it. It is
 * accepted as the options of `Classify.exception`.
 *
 * @since 0.1.0
 * @category model
 */
export interface Moment {
  /** The wall time of the `Clock` service in milliseconds. */
  readonly now: number
}

/**
 * A policy for effects whose errors are not `ApiError`s: `classify` turns these errors into `ApiError`s.
 *
 * @since 0.1.0
 * @category model
 */
export interface Classifying<in E, R = never> extends Options<R> {
  readonly [PolicyTypeId]: typeof PolicyTypeId
  readonly classify: (error: E, at: Moment) => ApiError
}

/**
 * The symbol that marks policies.
 *
 * @since 0.1.0
 * @category symbols
 */
export const PolicyTypeId: unique symbol = Symbol.for("effect-reliability/Policy")

/**
 * The errors of a protected effect: its own, and the `Transient` of a timeout. The latter is possible even if the effect cannot
 * fail.
 *
 * @since 0.1.0
 * @category model
 */
export type Protected<E> = E | Transient

/**
 * An attempt of a call, for effects that apply its timeout themselves.
 *
 * @since 0.1.0
 * @category model
 */
export interface Attempt {
  /** The number of the attempt, counted from 1. */
  readonly attempt: number
  readonly workload: Workload
  /** The time that the attempt may take, in milliseconds; Infinity if it has no limit. */
  readonly millis: number
  /** The limit that `millis` comes from: the timeout of the attempt, or the time left until the deadline. */
  readonly phase: "attempt" | "deadline"
}

// -------------------------------------------------------------------------------------------------
// make
// -------------------------------------------------------------------------------------------------

/**
 * Creates a policy.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { Classify, Reliability, RetryBudget, Workload } from "effect-reliability"
 *
 * const program = Effect.gen(function* () {
 *   const policy = Reliability.make({
 *     workload: Workload.interactive,
 *     budget: yield* RetryBudget.make(),
 *     classify: Classify.exception,
 *     onGiveUp: ({ error, why }) => Effect.log(`gave up (${why}): ${error.message}`)
 *   })
 *   const ask = Effect.tryPromise(() => Promise.resolve("an answer"))
 *   return yield* ask.pipe(Reliability.protect(policy))
 * })
 *
 * console.log(await Effect.runPromise(program)) // an answer
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export function make<E, R = never, R2 = never>(
  options: Options<R, R2> & { readonly classify: (error: E, at: Moment) => ApiError }
): Classifying<E, R | R2>
export function make<R = never, R2 = never>(options: Options<R, R2>): Policy<R | R2>
export function make<R, R2>(
  options: Options<R, R2> & { readonly classify?: (error: never, at: Moment) => ApiError }
): AnyPolicy<R | R2> {
  if (options.idempotency !== undefined) checkIdempotency("Reliability.make", options.idempotency)
  return { ...options, [PolicyTypeId]: PolicyTypeId }
}

type AnyPolicy<R> = Policy<R> | Classifying<never, R>

const toPolicy = <R>(input: Workload | AnyPolicy<R>): AnyPolicy<R> =>
  PolicyTypeId in input ? input : make({ workload: input })

// -------------------------------------------------------------------------------------------------
// protect
// -------------------------------------------------------------------------------------------------

/**
 * Makes a call reliable: applies the workload's deadline, its retries, and its timeout for each attempt.
 *
 * It works on any effect that fails with an `ApiError`. Other errors pass through unchanged, unless the policy has `classify`,
 * which makes it work on any effect. Its errors are settled (see `ApiError.settle`): an outer `protect` or `Retry.retry` passes
 * them on.
 *
 * An attempt runs in a fiber of its own. As under `Effect.timeoutFail`, a fiber that it forks with `Effect.fork` ends with the
 * attempt, whether the attempt succeeds, fails or times out, and before the next attempt begins. Fibers of
 * `Effect.forkDaemon`, `Effect.forkScoped` and `Effect.forkIn` outlive it.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { Classify, Reliability, Workload } from "effect-reliability"
 *
 * const ask = (url: string) =>
 *   Effect.tryPromise((signal) => fetch(url, { signal })).pipe(Classify.mapError())
 *
 * const impatient = Workload.with(Workload.interactive, { deadline: "100 millis" })
 *
 * const program = ask("http://127.0.0.1:4/").pipe(
 *   Reliability.protect(impatient),
 *   Effect.catchTag("Transient", (error) => Effect.succeed(`${error.reason}, attempts: ${error.attempts}`))
 * )
 *
 * console.log(await Effect.runPromise(program)) // Connect, attempts: 1 (the first wait would end after the deadline)
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const protect: {
  <E, R2>(
    policy: Classifying<E, R2>
  ): <A, R, E1 extends E | ApiError>(effect: Effect.Effect<A, E1, R>) => Effect.Effect<A, ApiError, R | R2>
  <R2 = never>(
    policy: Workload | Policy<R2>
  ): <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, Protected<E>, R | R2>
  <A, E1 extends E | ApiError, R, E, R2>(
    effect: Effect.Effect<A, E1, R>,
    policy: Classifying<E, R2>
  ): Effect.Effect<A, ApiError, R | R2>
  <A, E, R, R2 = never>(
    effect: Effect.Effect<A, E, R>,
    policy: Workload | Policy<R2>
  ): Effect.Effect<A, Protected<E>, R | R2>
} = /*#__PURE__*/ dual(2, <A, E, R, R2>(effect: Effect.Effect<A, E, R>, input: Workload | AnyPolicy<R2>) => {
  const policy = toPolicy(input)
  return perform<A, E, R, R2>((fiber) => new Protection(policy, fiber, effect))
})

/**
 * Makes a call reliable that applies its own timeout, such as a request on a socket with timers for each phase.
 *
 * The call receives the time that the attempt may take, and must fail by itself when that time is over. In return, it needs
 * neither the fiber nor the timer with which `protect` applies the timeout.
 * A fiber that the call forks belongs to the calling fiber and outlives the attempt.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { Reliability, Workload } from "effect-reliability"
 *
 * const leaf = Reliability.leaf(Workload.interactive, (attempt) =>
 *   Effect.async<string>((resume) => {
 *     const timer = setTimeout(() => resume(Effect.succeed(`within ${attempt.millis} ms`)), 1)
 *     return Effect.sync(() => clearTimeout(timer))
 *   })
 * )
 *
 * console.log(await Effect.runPromise(leaf)) // within 60000 ms
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const leaf: {
  <A, E1 extends E | ApiError, R, E, R2>(
    policy: Classifying<E, R2>,
    call: (attempt: Attempt) => Effect.Effect<A, E1, R>
  ): Effect.Effect<A, ApiError, R | R2>
  <A, E, R, R2 = never>(
    policy: Workload | Policy<R2>,
    call: (attempt: Attempt) => Effect.Effect<A, E, R>
  ): Effect.Effect<A, Protected<E>, R | R2>
} = <A, E, R, R2>(input: Workload | AnyPolicy<R2>, call: (attempt: Attempt) => Effect.Effect<A, E, R>) => {
  const policy = toPolicy(input)
  return perform<A, E, R, R2>((fiber) => new Protection(policy, fiber, call))
}

// -------------------------------------------------------------------------------------------------
// One call
// -------------------------------------------------------------------------------------------------

type AnyFiber = Fiber.RuntimeFiber<unknown, unknown>

/** One run of a protected effect. */
class Protection<A, E, R, R2> implements Sequel<A, E, A, unknown, R | R2> {
  readonly outer: Call | undefined
  readonly clock: Clock.Clock
  readonly startedAt: number
  /** The deadline of the call, in monotonic milliseconds. */
  readonly endsAt: number
  /** Notifies the observers of the call; absent if there are none. */
  readonly told: CallReport | undefined
  attempts = 0
  /** The number of attempts made, including those of inner owners of retries. */
  made = 0
  phase: Attempt["phase"] = "attempt"
  state: unknown
  /** The reason of the previous attempt's error, as text. The error itself would be kept in memory during the wait. */
  last: string | undefined
  lastDelivery: Delivery = "NotSent"

  readonly fiber: AnyFiber

  readonly policy: AnyPolicy<R2>
  /** An effect runs in a child fiber with a timeout. A function applies the timeout itself. */
  readonly effect: Effect.Effect<A, E, R> | ((attempt: Attempt) => Effect.Effect<A, E, R>)

  constructor(policy: AnyPolicy<R2>, fiber: AnyFiber, effect: Protection<A, E, R, R2>["effect"]) {
    this.policy = policy
    this.fiber = fiber
    this.effect = effect
    this.outer = fiber.getFiberRef(currentCall)
    this.clock = clockOf(fiber)
    this.startedAt = monotonic(this.clock)
    this.endsAt = endOf(this.outer, Duration.toMillis(policy.workload.deadline), this.startedAt)
    this.state = policy.workload.retry.initial
    this.told = reportOf(this, "call")
  }

  /** Returns the call that its fibers inherit. Code inside an attempt has the time of the attempt, not that of the call. */
  until(endsAt: number): Call {
    const { clock, outer, policy } = this
    const { idempotency = "safe", workload } = policy
    const budget = policy.budget ?? outer?.budget
    return ending(outer, { workload, idempotency, budget, clock }, endsAt)
  }

  left(): number {
    return this.endsAt === Infinity ? Infinity : this.endsAt - monotonic(this.clock)
  }

  /** Runs one attempt and everything that follows it. */
  attempt(fiber: AnyFiber, flags: RuntimeFlags.RuntimeFlags): Effect.Effect<A, unknown, R | R2> {
    const { clock, effect, policy } = this
    const attemptMillis = Duration.toMillis(policy.workload.timeouts.attempt)
    // the first attempt begins when the call does
    const now = this.attempts === 0 ? this.startedAt : monotonic(clock)
    const left = this.endsAt - now
    if (left <= 0) return this.giveUp(this.outOfTime(this.lastDelivery), "Deadline")
    const { told } = this
    const attempt = ++this.attempts
    const millis = Math.min(attemptMillis, left)
    this.phase = attemptMillis <= left ? "attempt" : "deadline"
    if (typeof effect !== "function") {
      const call = this.until(now + millis)
      const try_ = told === undefined ? effect : told.try(effect, attempt, now, call)
      return limited(try_, fiber, flags, call, millis, this)
    }
    const limits = { attempt, workload: policy.workload, millis, phase: this.phase }
    if (told === undefined) return this.handled(effect(limits))
    const try_ = told.try(
      Effect.suspend(() => effect(limits)),
      attempt,
      now,
      undefined
    )
    return this.recorded(try_, flags)
  }

  handled(try_: Effect.Effect<A, E, R>): Effect.Effect<A, unknown, R | R2> {
    return Effect.matchCauseEffect(try_, {
      onSuccess: (value) => this.onSuccess(Effect.succeed(value)),
      onFailure: (cause) => this.onFailure(cause)
    })
  }

  /** An attempt of a leaf whose end is told however it ends: what is interrupted tells within a mask, unless its fiber is watched. */
  recorded(try_: Effect.Effect<A, E, R>, flags: RuntimeFlags.RuntimeFlags): Effect.Effect<A, unknown, R | R2> {
    return Effect.flatten(
      Effect.uninterruptible(
        Effect.matchCauseEffect(RuntimeFlags.interruption(flags) ? Effect.interruptible(try_) : try_, {
          onSuccess: (value) => Effect.succeed(this.onSuccess(Effect.succeed(value))),
          onFailure: (cause) => Effect.succeed(this.onFailure(cause))
        })
      )
    )
  }

  // under the mask that the end is told from: who is told of the one is told of the other
  onStart(): void {
    this.told?.begin()
  }

  again(): Effect.Effect<A, unknown, R | R2> {
    return Effect.withFiberRuntime((fiber, status) => this.attempt(fiber, status.runtimeFlags))
  }

  onSuccess(value: Effect.Effect<A, unknown>): Effect.Effect<A, unknown> {
    this.told?.succeed(this.attempts)
    return value
  }

  onFailure(cause: Cause.Cause<E>): Effect.Effect<A, unknown, R | R2> {
    const { classify } = this.policy
    const failure = Cause.failureOrCause(cause)
    if (failure._tag === "Right") return this.passOn(cause, Cause.squash(cause))
    const foreign = classify !== undefined && !isApiError(failure.left)
    let error: unknown
    try {
      // a policy with `classify` is applied to effects whose errors it takes: `protect`'s type says so
      error = foreign ? classify(failure.left as never, { now: this.clock.unsafeCurrentTimeMillis() }) : failure.left
    } catch (defect) {
      return this.passOn(Cause.die(defect), defect)
    }
    if (!isApiError(error)) return this.passOn(cause, error)
    const known = this.explained(error)
    this.told?.tell("attempt", this.attempts, known)
    this.made += Math.max(1, known.attempts)
    return this.decide(known)
  }

  /** Adds the previous failure to the error of a leaf that reached the deadline, which the leaf does not know. */
  explained(error: ApiError): ApiError {
    const { effect, last, phase } = this
    if (typeof effect !== "function" || phase !== "deadline" || error.phase !== "deadline" || last === undefined) {
      return error
    }
    const { _tag: _, reason: __, ...rest } = error
    const { detail } = this.outOfTime()
    return unsafeMake({ class: "Transient", reason: "Timeout" }, { ...rest, detail }, error.cause)
  }

  /** Fails with an error that is not an `ApiError`, unchanged. */
  passOn<E3>(cause: Cause.Cause<E3>, reason: unknown): Effect.Effect<never, E3> {
    this.abandon(() => (Cause.isInterruptedOnly(cause) ? this.aborted() : unknown(reason)))
    return Effect.failCause(cause)
  }

  onLimit(owned: boolean): Effect.Effect<A, unknown, R | R2> {
    const { last, phase, policy } = this
    const late =
      phase === "deadline"
        ? this.outOfTime()
        : timedOut("attempt", policy.workload.timeouts.attempt, { attempts: 0, last })
    const error = (policy as WithOnLimit)[onLimitKey]?.(late) ?? late
    this.told?.tell("attempt", this.attempts, error)
    this.made++
    if (phase === "deadline") return this.giveUp(error, "Deadline")
    // an owner of retries inside was at work: to start it anew would multiply its attempts
    return owned ? this.giveUp(error, "Settled") : this.decide(error)
  }

  outOfTime(delivery: Delivery = "Unconfirmed"): ApiError {
    // the deadline around the call may be the sooner one
    const limit = Duration.millis(Math.round(this.endsAt - this.startedAt))
    return timedOut("deadline", limit, { attempts: 0, delivery, last: this.last })
  }

  decide(error: ApiError): Effect.Effect<A, unknown, R | R2> {
    const { retry } = this.policy.workload
    this.last = error.status === undefined ? error.reason : `${error.reason} (HTTP ${error.status})`
    this.lastDelivery = error.delivery
    this.watch()
    const now = this.clock.unsafeCurrentTimeMillis()
    const call = this.until(this.endsAt)
    // others than `Retry`'s own may do anything
    if (describeSchedule(retry) === undefined) return this.decideWithin(error, now, call)
    const step = Effect.suspend(() => retry.step(now, error, this.state))
    return Effect.matchCauseEffect(Effect.locally(step, currentCall, call), {
      onSuccess: (decided) => this.follow(error, now, decided),
      onFailure: (cause) => this.passOn(cause, Cause.squash(cause))
    })
  }

  /**
   * Runs a schedule that may contain effects of the user, until the deadline at most. A combinator may stop although the
   * schedule beneath it would continue, so the budget is only checked until the decision is known.
   */
  decideWithin(error: ApiError, now: number, call: Call): Effect.Effect<A, unknown, R | R2> {
    const { budget } = call
    const left = this.left()
    if (left <= 0) return this.giveUp(error, "Deadline")
    let wanted = false
    const look: RetryBudget["withdraw"] | undefined =
      budget &&
      Effect.flatMap(budget.available, (available) => {
        wanted = available >= 1
        return wanted ? Effect.succeed(true) : budget.withdraw
      })
    const looking =
      budget === undefined || look === undefined ? call : { ...call, budget: { ...budget, withdraw: look } }
    const step = Effect.suspend(() => this.policy.workload.retry.step(now, error, this.state))
    return Effect.withFiberRuntime((fiber, status) =>
      limited(step, fiber, status.runtimeFlags, looking, left, {
        onSuccess: ({ value }) => this.follow(error, now, value, wanted ? budget : undefined),
        onFailure: (cause) => this.passOn(cause, Cause.squash(cause)),
        onLimit: () => this.giveUp(error, "Deadline")
      })
    )
  }

  follow(
    error: ApiError,
    now: number,
    [next, step, decision]: readonly [unknown, Retry.Step, ScheduleDecision.ScheduleDecision],
    payer?: RetryBudget
  ): Effect.Effect<A, unknown, R | R2> {
    this.state = next
    if (decision._tag === "Done") return this.giveUp(error, stopping(step.why), step.refusedWait)
    // schedules of another origin than `Retry` do not ask
    if (this.policy.idempotency === "never" && mayHaveExecuted(error)) return this.giveUp(error, "Idempotency")
    // a combinator on top of the schedule may have lengthened the wait
    const millis = Math.max(0, ScheduleIntervals.start(decision.intervals) - now)
    if (millis >= this.left()) return this.giveUp(error, "Deadline", Duration.millis(millis))
    if (payer === undefined) return this.wait(error, step, millis)
    return Effect.flatMap(payer.withdraw, (granted) =>
      granted ? this.wait(error, step, millis) : this.giveUp(error, "Budget")
    )
  }

  wait(error: ApiError, step: Retry.Step, millis: number): Effect.Effect<A, unknown, R | R2> {
    const { onRetry, workload } = this.policy
    this.told?.waits(error, step, millis)
    const wait = this.pause(millis)
    if (onRetry === undefined) return wait
    const observer = beside(() => onRetry({ workload, error, step }))
    // the observer's turn comes before that of a retry without a wait
    return Effect.zipRight(Effect.zipRight(observer, Effect.yieldNow()), wait)
  }

  // a function of its own, so that what waits holds nothing of what led to the wait
  pause(millis: number): Effect.Effect<A, unknown, R | R2> {
    if (millis <= 0) return this.again()
    return Effect.flatMap(this.clock.sleep(Duration.millis(millis)), () => this.again())
  }

  giveUp(error: ApiError, why: Retry.Stopping, nextWait?: Duration.Duration): Effect.Effect<never, ApiError, R2> {
    const { onGiveUp, workload } = this.policy
    const passed = why === "Settled" && isSettled(error)
    const timeLeft = nextWait && Duration.millis(Math.max(0, this.left()))
    const settled = passed ? error : settle(error, Math.max(1, this.made), { stopped: why, nextWait, timeLeft })
    this.told?.tell("call", this.attempts, settled, why)
    const failure = Effect.fail(settled)
    if (onGiveUp === undefined) return failure
    const observer = beside(() => onGiveUp({ workload, error: settled, why }))
    return Effect.zipRight(observer, failure)
  }

  // -----------------------------------------------------------------------------------------------
  // What `record` is told: each attempt and each call once, however it ends
  // -----------------------------------------------------------------------------------------------

  // a function of its own, so that what listens holds nothing of what led to it
  watch(): void {
    this.told?.watch(() => this.onInterrupt())
  }

  onInterrupt(): void {
    this.abandon(() => this.aborted())
  }

  /** Notifies observers of a call that ends by an interruption or a foreign error. */
  abandon(reason: () => ApiError): void {
    const { told, attempts } = this
    if (told === undefined || told.ended) return
    const error = reason()
    if (told.trying) {
      told.tell("attempt", attempts, error)
      this.made++
    }
    told.tell("call", attempts, isSettled(error) ? error : settle(error, Math.max(1, this.made)))
  }

  aborted(): ApiError {
    const { last, lastDelivery, told } = this
    const detail = last === undefined ? undefined : `the attempt before failed with ${last}`
    return unsafeMake(
      { class: "Fatal", reason: "Aborted" },
      { delivery: told?.trying === true ? "Unconfirmed" : lastDelivery, detail }
    )
  }
}

/** Returns the error that observers receive for an error that was not classified. */
const unknown = (cause: unknown): ApiError =>
  unsafeMake({ class: "Fatal", reason: "Unknown" }, { delivery: "Unconfirmed" }, cause)

/**
 * Returns the reason why a schedule stopped. A combinator may stop where our schedule would have continued: the reason is
 * `Attempts`.
 */
const stopping = (why: Retry.Waiting | Retry.Stopping): Retry.Stopping =>
  why === "Backoff" || why === "Hint" || why === "Patience" || why === "ReusedSocket" ? "Attempts" : why

/** Runs an observer in a daemon fiber, so that it can neither fail nor delay the call. */
const beside = <R>(observe: () => Effect.Effect<unknown, unknown, R>): Effect.Effect<unknown, never, R> =>
  Effect.forkDaemon(Effect.catchAllCause(Effect.suspend(observe), () => Effect.void))

const perform = <A, E, R, R2>(
  make: (fiber: AnyFiber) => Protection<A, E, R, R2>
): Effect.Effect<A, Protected<E>, R | R2> => {
  const effect: Effect.Effect<A, unknown, R | R2> = Effect.withFiberRuntime((fiber, status) => {
    const protection = make(fiber)
    const { outer, policy, told } = protection
    // who was told that it begins is told that it ends, even where no attempt comes about
    if (told?.isBegun(typeof protection.effect === "function") === true) protection.watch()
    if (!isPart(outer) && policy.budget === undefined && told?.wraps !== true) {
      return protection.attempt(fiber, status.runtimeFlags)
    }
    // a call within a call of the same budget has been counted
    const counted = policy.budget === undefined || policy.budget === outer?.budget
    const run = counted ? protection.again() : Effect.zipRight(policy.budget.deposit, protection.again())
    return owning(outer, told === undefined ? run : told.around(run), told !== undefined)
  })
  // what fails inside is what the effect failed with, or an `ApiError` made here, which the types above account for
  return effect as Effect.Effect<A, Protected<E>, R | R2>
}

// -------------------------------------------------------------------------------------------------
// describe
// -------------------------------------------------------------------------------------------------

/**
 * Describes the limits and retries of a workload or policy as data for logs.
 *
 * @example
 * ```ts
 * import { Reliability, Workload } from "effect-reliability"
 *
 * console.log(Reliability.describe(Workload.interactive))
 * // { workload: "interactive", deadline: "2m", retry: "5 attempts, 1s × 2, additive jitter, …", attempt: { … }, … }
 * ```
 *
 * @since 0.1.0
 * @category getters
 */
export const describe = <R>(input: Workload | AnyPolicy<R>) => {
  const policy: AnyPolicy<R> = toPolicy(input)
  const { budget, workload } = policy
  const { patience, stream, timeouts } = workload
  const { attempt: total, ...phases } = timeouts
  const format = (duration: Duration.Duration): string => Duration.format(duration)
  return {
    workload: workload.name,
    deadline: format(workload.deadline),
    retry: describeSchedule(workload.retry) ?? "a schedule of its own",
    attempt: Record.map({ total, ...phases }, format),
    stream: Record.map(stream, format),
    idempotency: policy.idempotency ?? "safe",
    patience:
      patience === undefined
        ? "none"
        : `${patience.waits} waits, ${format(patience.base)} × ${patience.factor} up to ${format(patience.cap)}`,
    budget:
      budget === undefined
        ? "none"
        : `${budget.options.ratio} of the calls, ${budget.options.minPerSecond} a second, at most ${budget.options.max} at once`,
    classifies: policy.classify !== undefined,
    observes: (["onRetry", "onGiveUp", "record"] as const).filter((name) => policy[name] !== undefined)
  }
}
