/**
 * Makes any effect reliable: with a deadline, retries, a timeout for each attempt, and notifications of observers, in the right
 * order.
 *
 * These parts work only in one order. A timeout outside of the retries cuts the third attempt short. A timeout inside, without
 * a deadline, allows five attempts of one minute. Retries around retries multiply, and a retry budget that is used before the
 * error was checked pays for calls that are never repeated. `protect` puts the parts together: a deadline around retries around
 * an attempt with a timeout. They share their state through the fiber. While nothing fails, this costs one timer. The options
 * `breaker` and `limiter` admit each attempt; an attempt that they hold back waits, and spends nothing.
 *
 * ```text
 * protect(workload)   its errors are settled: outer retries do not multiply them
 *   └ deadline        limits attempts and waits together
 *      └ retry        checks error, hint, idempotency, deadline and budget, in this order
 *         └ breaker   holds attempts back while the server is down
 *            └ limiter      queues attempts, and keeps them below the rate limit
 *               └ attempt   has a timeout, can be interrupted, and is counted
 *                  └ your effect
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
import { abortedAfter, beside, unclassified } from "./internal/call/beside.js"
import { currentCall, ending, endOf, isCopy, isPart, owning } from "./internal/call/context.js"
import type { Call } from "./internal/call/model.js"
import { type CallReport, reportOf } from "./internal/call/observers.js"
import { limited, limitedWithin, onLimitKey, type Sequel, type WithOnLimit } from "./internal/call/timeLimit.js"
import { markUnsafe } from "./internal/call/unsafeErrors.js"
import { clockOf, monotonic } from "./internal/clock.js"
import type { Refusal } from "./internal/circuitBreaker/circuit.js"
import { circuitOpen } from "./internal/circuitBreaker/circuitOpen.js"
import { timedOut, timedOutAgain } from "./internal/deadline/timedOut.js"
import { evaluate } from "./internal/errors.js"
import { type Continuation, type Gates, gatesOf } from "./internal/reliability/admission.js"
import { after, spreadWait } from "./internal/reliability/breaking.js"
import { checkOptions } from "./internal/reliability/check.js"
import { describePolicy } from "./internal/reliability/describe.js"
import {
  type Attempt,
  type Classifying,
  type Moment,
  type Options,
  type Policy,
  PolicyTypeId
} from "./internal/reliability/model.js"
import { hedgedBy } from "./internal/reliability/hedgedBy.js"
import { budgetOf, count, lookingAt } from "./internal/reliability/payment.js"
import { stopping } from "./internal/reliability/stopping.js"
import { describeSchedule } from "./internal/retry/descriptions.js"
import type { Pass } from "./internal/rateLimiter/pass.js"
import type { Refused } from "./internal/rateLimiter/service.js"
import type * as Retry from "./Retry.js"
import type { RetryBudget } from "./RetryBudget.js"
import type { Workload } from "./Workload.js"

export type { About, Idempotency, ModelResponse, Outcome, Tokens } from "./internal/call/model.js"
export * from "./internal/reliability/model.js"

// -------------------------------------------------------------------------------------------------
// Model
// -------------------------------------------------------------------------------------------------

/**
 * The errors of a protected effect: its own, and the `Transient` of a timeout. The latter is possible even if the effect cannot
 * fail.
 *
 * @since 0.1.0
 * @category model
 */
export type Protected<E> = E | Transient

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
  return { ...options, ...checkOptions("Reliability.make", options), [PolicyTypeId]: PolicyTypeId }
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
  return hedgedBy(
    policy,
    perform<A, E, R, R2>((fiber) => new Protection(policy, fiber, effect))
  )
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
  return hedgedBy(
    policy,
    perform<A, E, R, R2>((fiber) => new Protection(policy, fiber, call))
  )
}

// -------------------------------------------------------------------------------------------------
// One call
// -------------------------------------------------------------------------------------------------

type AnyFiber = Fiber.RuntimeFiber<unknown, unknown>

/** One run of a protected effect. */
class Protection<A, E, R, R2> implements Sequel<A, E, A, unknown, R | R2>, Continuation<A, unknown, R | R2> {
  readonly outer: Call | undefined
  readonly clock: Clock.Clock
  readonly startedAt: number
  /** The deadline of the call, in monotonic milliseconds. */
  readonly endsAt: number
  /** The budget that pays for retries. */
  readonly budget: RetryBudget | undefined
  /** Notifies the observers of the call; absent without observers. */
  readonly report: CallReport | undefined
  attempts = 0
  /** The number of attempts made, including those of inner owners of retries. */
  made = 0
  phase: Attempt["phase"] = "attempt"
  state: unknown
  /** The reason of the previous attempt's error, as text. The error itself would be kept in memory during the wait. */
  last: string | undefined
  lastDelivery: Delivery = "NotSent"
  /** The rate limiter and the circuit breaker of the call. */
  readonly gates: Gates<A, unknown, R | R2> | undefined
  /** The delivery of the current attempt, once it was interrupted and its transport reported it. */
  cancelled: Delivery | undefined
  /** True once the call has waited for the circuit breaker. */
  hasWaited = false

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
    this.budget = budgetOf(policy, this.outer?.budget)
    this.gates = gatesOf(policy, this)
    this.report = reportOf(this, "call")
  }

  /** Returns the call that its fibers inherit. Code inside an attempt has the time of the attempt, not that of the call. */
  until(endsAt: number): Call {
    const { budget, clock, outer, policy } = this
    const { idempotency = "safe", workload } = policy
    return ending(outer, { workload, idempotency, budget, clock }, endsAt)
  }

  left(): number {
    return this.endsAt === Infinity ? Infinity : this.endsAt - monotonic(this.clock)
  }

  /** Runs one attempt and everything that follows it. */
  attempt(fiber: AnyFiber, flags: RuntimeFlags.RuntimeFlags): Effect.Effect<A, unknown, R | R2> {
    const { clock, effect, gates } = this
    // the first attempt begins when the call does
    const now = this.attempts === 0 && !this.hasWaited ? this.startedAt : monotonic(clock)
    const left = this.endsAt - now
    if (left <= 0) return this.giveUp(this.outOfTime(this.lastDelivery), "Deadline")
    if (gates !== undefined) return gates.admit(now, left, flags)
    const { report } = this
    const millis = this.begin(left)
    if (typeof effect !== "function") {
      const call = this.until(now + millis)
      const attemptEffect = report === undefined ? effect : report.try(effect, this.attempts, now, call)
      return limited(attemptEffect, fiber, flags, call, millis, this)
    }
    const limits = this.limitsOf(millis, undefined)
    if (report === undefined) return this.handled(effect(limits))
    return Effect.flatten(Effect.uninterruptible(this.recorded(this.leaf(effect, limits, now), flags)))
  }

  /** Counts an attempt and returns the milliseconds that it may take. */
  begin(left: number): number {
    const attemptMillis = Duration.toMillis(this.policy.workload.timeouts.attempt)
    this.attempts++
    this.cancelled = undefined
    this.phase = attemptMillis <= left ? "attempt" : "deadline"
    return Math.min(attemptMillis, left)
  }

  limitsOf(millis: number, pass: Attempt["pass"]): Attempt {
    const { attempts: attempt, phase, policy, report } = this
    const onCancel = report && ((delivery: Delivery) => void (this.cancelled = delivery))
    return { attempt, workload: policy.workload, millis, phase, pass, onCancel }
  }

  leaf(effect: (attempt: Attempt) => Effect.Effect<A, E, R>, limits: Attempt, now: number): Effect.Effect<A, E, R> {
    const { report } = this
    if (report === undefined) return evaluate(() => effect(limits))
    const attemptEffect = Effect.suspend(() => effect(limits))
    return report.try(attemptEffect, limits.attempt, now, undefined)
  }

  onWait(): void {
    this.report?.begin()
    this.watch()
  }

  onPass(
    pass: Pass | undefined,
    moment: number | undefined,
    flags: RuntimeFlags.RuntimeFlags,
    before: unknown
  ): Effect.Effect<Effect.Effect<A, unknown, R | R2>, unknown, R | R2> {
    const { effect, report } = this
    const now = moment ?? monotonic(this.clock)
    // a late timer may have used up the time
    const millis = this.begin(Math.max(1, this.endsAt - now))
    if (typeof effect === "function") {
      return this.recorded(this.leaf(effect, this.limitsOf(millis, pass), now), flags)
    }
    const call = this.until(now + millis)
    if (pass !== undefined) call.pass = pass
    const attemptEffect = report === undefined ? effect : report.try(effect, this.attempts, now, call)
    return limitedWithin(attemptEffect, this.fiber, flags, call, millis, this, before)
  }

  onRefusal({ error, why }: Refused): Effect.Effect<never, ApiError, R2> {
    this.report?.begin()
    const stopped = why === "queue" ? "QueueFull" : why === "outage" ? "StoreUnavailable" : "Deadline"
    return this.giveUp(error, stopped, error.retryAfter)
  }

  /** Waits until the circuit breaker probes again, if the policy and the deadline allow. */
  onOpen(refusal: Refusal, key: string, waits: boolean): Effect.Effect<A, unknown, R | R2> {
    this.onWait()
    this.hasWaited = true
    const left = this.left()
    const error = circuitOpen(key, refusal, this.last)
    if (waits && refusal.millis < left) {
      return spreadWait(refusal, left, (step, millis) => this.wait(error, { ...step, attempt: this.attempts }, millis))
    }
    return this.giveUp(error, waits ? "Deadline" : "CircuitOpen", error.retryAfter)
  }

  handled(attemptEffect: Effect.Effect<A, E, R>): Effect.Effect<A, unknown, R | R2> {
    return Effect.matchCauseEffect(attemptEffect, {
      onSuccess: (value) => this.onSuccess(Effect.succeed(value)),
      onFailure: (cause) => this.onFailure(cause)
    })
  }

  /** Runs an attempt of a leaf within a mask, so that its end is reported even if it is interrupted. */
  recorded(
    attemptEffect: Effect.Effect<A, E, R>,
    flags: RuntimeFlags.RuntimeFlags
  ): Effect.Effect<Effect.Effect<A, unknown, R | R2>, never, R> {
    const restored = RuntimeFlags.interruption(flags) ? Effect.interruptible(attemptEffect) : attemptEffect
    return Effect.matchCauseEffect(restored, {
      onSuccess: (value) => Effect.succeed(this.onSuccess(Effect.succeed(value))),
      onFailure: (cause) => Effect.succeed(this.onFailure(cause))
    })
  }

  // under the mask in which the end is reported, so that observers receive both or neither
  onStart(): void {
    this.report?.begin()
  }

  again(): Effect.Effect<A, unknown, R | R2> {
    return Effect.withFiberRuntime((fiber, status) => this.attempt(fiber, status.runtimeFlags))
  }

  onSuccess(value: Effect.Effect<A, unknown>): Effect.Effect<A, unknown> {
    const recording = this.gates?.succeed()
    this.report?.succeed(this.attempts)
    return after(recording, value)
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
    const recording = this.gates?.fail(known)
    this.report?.notify("attempt", this.attempts, known)
    this.made += Math.max(1, known.attempts)
    return after(recording, this.decide(known))
  }

  /** Adds the previous failure to the error of a leaf that reached the deadline, which the leaf does not know. */
  explained(error: ApiError): ApiError {
    const isOwn = typeof this.effect === "function" && this.phase === "deadline" && error.phase === "deadline"
    return isOwn && this.last !== undefined ? timedOutAgain(error, this.outOfTime().detail) : error
  }

  /** Fails with an error that is not an `ApiError`, unchanged. */
  passOn<E3>(cause: Cause.Cause<E3>, reason: unknown): Effect.Effect<never, E3> {
    const recording = this.gates?.passOn(cause, this.clock.unsafeCurrentTimeMillis())
    this.abandon(() => (Cause.isInterruptedOnly(cause) ? this.aborted() : unclassified(reason)))
    return after(recording, Effect.failCause(cause))
  }

  onLimit(owned: boolean): Effect.Effect<A, unknown, R | R2> {
    const { last, phase, policy } = this
    const { attempt } = policy.workload.timeouts
    const late = phase === "deadline" ? this.outOfTime() : timedOut("attempt", attempt, { attempts: 0, last })
    const error = (policy as WithOnLimit)[onLimitKey]?.(late) ?? late
    const recording = this.gates?.fail(error)
    this.report?.notify("attempt", this.attempts, error)
    this.made++
    if (phase === "deadline") return after(recording, this.giveUp(error, "Deadline"))
    // an owner of retries inside was at work: to start it anew would multiply its attempts
    return after(recording, owned ? this.giveUp(error, "Settled") : this.decide(error))
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
    if (this.gates?.isRefusal(error) === true) call.paced = true
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
    const left = this.left()
    if (left <= 0) return this.giveUp(error, "Deadline")
    const look = lookingAt(call.budget)
    const looking = { ...call, budget: look?.budget }
    const step = Effect.suspend(() => this.policy.workload.retry.step(now, error, this.state))
    return Effect.withFiberRuntime((fiber, status) =>
      limited(step, fiber, status.runtimeFlags, looking, left, {
        onSuccess: ({ value }) => this.follow(error, now, value, look?.payer()),
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
    this.report?.waits(error, step, millis)
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
    const { idempotency, onGiveUp, workload } = this.policy
    const passed = why === "Settled" && isSettled(error)
    const timeLeft = nextWait && Duration.millis(Math.max(0, this.left()))
    const settled = passed ? error : settle(error, Math.max(1, this.made), { stopped: why, nextWait, timeLeft })
    if (idempotency !== undefined && idempotency !== "safe") markUnsafe(settled)
    this.report?.notify("call", this.attempts, settled, why)
    const failure = Effect.fail(settled)
    if (onGiveUp === undefined) return failure
    const observer = beside(() => onGiveUp({ workload, error: settled, why }))
    return Effect.zipRight(observer, failure)
  }

  // -----------------------------------------------------------------------------------------------
  // Reports: each attempt and each call is reported once, whether it succeeds, fails or is interrupted
  // -----------------------------------------------------------------------------------------------

  // a function of its own, so that the listener keeps no other variables alive
  watch(): void {
    this.report?.watch(() => this.onInterrupt())
  }

  onInterrupt(): void {
    this.gates?.drop()
    this.abandon(() => this.aborted())
  }

  /** Notifies observers of a call that ends by an interruption or a foreign error. */
  abandon(reason: () => ApiError): void {
    const { report, attempts } = this
    if (report === undefined || report.ended) return
    const error = reason()
    if (report.trying) {
      report.notify("attempt", attempts, error)
      this.made++
    }
    report.notify("call", attempts, isSettled(error) ? error : settle(error, Math.max(1, this.made)))
  }

  aborted(): ApiError {
    const { cancelled, last, lastDelivery, report } = this
    const delivery = report?.trying === true ? (cancelled ?? report.call?.cancelled ?? "Unconfirmed") : lastDelivery
    return abortedAfter(last, delivery)
  }
}

const perform = <A, E, R, R2>(
  make: (fiber: AnyFiber) => Protection<A, E, R, R2>
): Effect.Effect<A, Protected<E>, R | R2> => {
  const effect: Effect.Effect<A, unknown, R | R2> = Effect.withFiberRuntime((fiber, status) => {
    const protection = make(fiber)
    const { budget, outer, policy, report } = protection
    // another copy of this call is running, and may have been executed
    if (outer !== undefined && (policy.idempotency ?? "safe") !== "safe" && isCopy(outer)) return Effect.interrupt
    // a begin that was reported is followed by an end, even if no attempt is made
    if (report?.isBegun(typeof protection.effect === "function") === true) protection.watch()
    const deposit = count(budget, outer?.budget, protection.startedAt)
    if (!isPart(outer) && deposit === undefined && report?.wraps !== true) {
      return protection.attempt(fiber, status.runtimeFlags)
    }
    const run = deposit === undefined ? protection.again() : Effect.zipRight(deposit, protection.again())
    return owning(outer, report === undefined ? run : report.around(run), report !== undefined)
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
  return describePolicy(policy)
}
