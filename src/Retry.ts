/**
 * Schedules that read the error before they decide whether to retry and how long to wait.
 *
 * A schedule that only counts attempts retries a 401, shortens the wait that the server asked for, and waits past the caller's
 * deadline. It also multiplies the retries of an inner library, and submits a batch job twice. The schedules of this module
 * avoid all of these. They are plain `Schedule`s without state of their own, so any number of services can share one.
 *
 * | schedule | attempts | backoff after failure n, from 0 | wait with a server hint |
 * | --- | --- | --- | --- |
 * | `documented` | 5 | 1 s · 2ⁿ + U(0, 1 s) | max(1 s · 2ⁿ, hint) + U(0, 1 s) |
 * | `sdk` | 4 | min(0.5 s · 2ⁿ, 8 s), less up to 25 % | max(backoff, hint) + U(0, max(0.5 s, 10 % of the hint)) |
 * | `make` | `attempts` | min(base · factorⁿ, cap), with jitter | max(backoff, hint), with jitter on top |
 *
 * U(a, b) is a random number between a and b. All schedules follow these rules:
 *
 * 1. A server hint (see `RetryHint`) is a minimum and is never shortened. Jitter is added on top: wait = max(backoff, hint) +
 *    U(0, max(base, 10 % of the hint)).
 * 2. A wait that would end after the deadline is not started, and neither is a wait for a hint above `maxHint` (2 minutes). The
 *    call fails at once.
 * 3. The server's `x-should-retry` header overrides the dialect in both directions.
 * 4. No wait is longer than 2³¹−1 ms (24.8 days), the longest delay of a timer.
 * 5. `NameNotFound` is attempted at most twice in a row. `NameLookup` is retried like any transient error.
 * 6. If the server closed a kept-alive connection before any byte of a response, the request is sent again at once. This
 *    happens once for each call, and it counts as no failure. Rule 7 still applies.
 * 7. A call that the server may have executed is repeated only if it is declared repeatable. Idempotency is a property of the
 *    request, and not of the workload: `safe`, `keyed` or `never`. GET, HEAD, PUT, DELETE and OPTIONS are `safe`. POST and
 *    PATCH are `never`, unless the client or the request declares otherwise. `effect-reliability/fireworks` declares inference
 *    `safe`, and submissions with a client-chosen id `keyed`. For any other effect, `Reliability.protect` uses the
 *    `idempotency` of its policy, which is `safe` by default. With `never`, a call is repeated only if
 *    `ApiError.mayHaveExecuted` returns `false`.
 * 8. Three kinds of waits use neither attempts nor budget. `ScalingUp` and `WeightSwap` are waited for within the workload's patience
 *    (see `Workload.Patience`). `CircuitOpen` is waited for until the breaker admits a call, with jitter on top, as often as the
 *    deadline allows; with the option `breaker` of `Reliability.make`, the call waits by itself, and its schedule is not asked. A
 *    429 of an attempt that a `RateLimiter` had admitted (option `limiter`) is retried as often as the deadline allows, with growing
 *    waits: the limiter slows all calls down. A schedule of one attempt does not retry it. Without a deadline, `CircuitOpen` and
 *    such a 429 are retried like any transient error.
 * 9. Retries have one owner, the innermost. Outer owners pass a settled error on (see `ApiError.settle`), unless they use
 *    `Retry.make({ settled: "retry" })`.
 *
 * An error that is not an `ApiError` also stops the schedules.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import * as ScheduleDecision from "effect/ScheduleDecision"
import * as ScheduleInterval from "effect/ScheduleInterval"
import * as Schema from "effect/Schema"
import { type ApiError, isApiError, isSettled, mayHaveExecuted, settle, type Stop, StopReason } from "./ApiError.js"
import { currentCall, owning, remaining } from "./internal/call/context.js"
import type { Step, Stopping, Waiting, Call, Patience } from "./internal/call/model.js"
import { read } from "./internal/errors.js"
import { duration, maxMillis, number, oneOf, refuse } from "./internal/options.js"
import { descriptions } from "./internal/retry/descriptions.js"

export type { Step, Waiting, Stopping } from "./internal/call/model.js"

// -------------------------------------------------------------------------------------------------
// Model
// -------------------------------------------------------------------------------------------------

/**
 * The way in which waits are spread, so that callers that failed at the same time do not retry at the same time.
 *
 * - `additive`: adds up to `spread` to the backoff.
 * - `full`: takes a random part of the backoff, from nothing to all of it.
 * - `subtractive`: subtracts up to a quarter of the backoff.
 * - `none`: leaves the backoff unchanged.
 *
 * Jitter never shortens a server hint. With any value but `none`, a random part of `spread` is added to the hint.
 *
 * @since 0.1.0
 * @category model
 */
export type Jitter = "additive" | "full" | "subtractive" | "none"

/**
 * Options of `make`.
 *
 * @since 0.1.0
 * @category model
 */
export interface Options {
  /** The maximum number of attempts, including the first; at least 1. @default 5 */
  readonly attempts?: number | undefined
  /** The first backoff. @default 1 second */
  readonly base?: Duration.DurationInput | undefined
  /** The factor by which each backoff grows, at least 1. @default 2 */
  readonly factor?: number | undefined
  /** The longest backoff, at least `base`. It does not limit server hints. @default the longer of 1 minute and `base` */
  readonly cap?: Duration.DurationInput | undefined
  /** The way in which waits are spread. @default "additive" */
  readonly jitter?: Jitter | undefined
  /** The most that jitter adds to a backoff or a hint. @default the larger of `base` and a tenth of the hint */
  readonly spread?: Duration.DurationInput | undefined
  /** The longest server hint that is waited for. A longer hint fails the call at once. @default 2 minutes */
  readonly maxHint?: Duration.DurationInput | undefined
  /** The maximum number of attempts in a row that fail to find the host name, at least 1. @default 2 */
  readonly nameNotFound?: number | undefined
  /**
   * The treatment of an error that an inner owner of retries settled. An error whose `stopped` is `Idempotency` is never
   * retried.
   * @default "stop"
   */
  readonly settled?: "stop" | "retry" | undefined
}

interface Checked {
  readonly attempts: number
  readonly base: number
  readonly factor: number
  readonly cap: number
  readonly jitter: Jitter
  readonly spread: number | undefined
  readonly maxHint: number
  readonly nameNotFound: number
  readonly settled: "stop" | "retry"
}

const check = (owner: string, options: Options): Checked => {
  const millis = (option: string, input: Duration.DurationInput, infinite = false) =>
    Duration.toMillis(duration(owner, option, input, { infinite }))
  const base = millis("base", options.base ?? "1 second")
  const cap = millis("cap", options.cap ?? Math.max(60_000, base), true)
  if (cap < base) refuse(owner, "cap", options.cap, `at least base, ${Duration.format(Duration.millis(base))}`)
  return {
    attempts: number(owner, "attempts", options.attempts ?? 5, { min: 1, integer: true }),
    base,
    factor: number(owner, "factor", options.factor ?? 2, { min: 1 }),
    cap,
    jitter: oneOf(owner, "jitter", options.jitter ?? "additive", ["additive", "full", "subtractive", "none"]),
    spread: options.spread === undefined ? undefined : millis("spread", options.spread),
    maxHint: millis("maxHint", options.maxHint ?? "2 minutes"),
    nameNotFound: number(owner, "nameNotFound", options.nameNotFound ?? 2, { min: 1, integer: true }),
    settled: oneOf(owner, "settled", options.settled ?? "stop", ["stop", "retry"])
  }
}

// -------------------------------------------------------------------------------------------------
// The formula
// -------------------------------------------------------------------------------------------------

const wait = (options: Checked, failures: number, hint: number | undefined, random: number): number => {
  const backoff = Math.min(options.base * options.factor ** failures, options.cap)
  const shaped =
    options.jitter === "full"
      ? backoff * random
      : options.jitter === "subtractive"
        ? backoff * (1 - 0.25 * random)
        : backoff
  const jittered = options.jitter === "additive" || (options.jitter !== "none" && hint !== undefined)
  const spread = options.spread ?? Math.max(options.base, (hint ?? 0) / 10)
  return Math.min(Math.max(shaped, hint ?? 0) + (jittered ? random * spread : 0), maxMillis)
}

/**
 * Computes the wait after a failure by the formula of `make`.
 *
 * `failures` is the number of earlier failures that counted, from 0 on. `random` is drawn from [0, 1).
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Duration } from "effect"
 * import { Retry } from "effect-reliability"
 *
 * const options = { base: "1 second", cap: "10 seconds" } as const
 * assert.deepStrictEqual(Retry.delay(options, { failures: 2, random: 0.5 }), Duration.millis(4500))
 * assert.deepStrictEqual(
 *   Retry.delay(options, { failures: 2, random: 0.5, hint: "30 seconds" }),
 *   Duration.millis(31_500)
 * )
 * ```
 *
 * @since 0.1.0
 * @category getters
 */
export const delay = (
  options: Options,
  failure: {
    readonly failures: number
    readonly random: number
    readonly hint?: Duration.DurationInput | undefined
  }
): Duration.Duration => {
  const hint = failure.hint === undefined ? undefined : Duration.toMillis(failure.hint)
  return Duration.millis(wait(check("Retry.delay", options), failure.failures, hint, failure.random))
}

// -------------------------------------------------------------------------------------------------
// The rules
// -------------------------------------------------------------------------------------------------

interface State {
  /** The number of attempts made. */
  readonly attempts: number
  /** The number of failures that lengthen the next wait. */
  readonly failures: number
  /** The number of these that used no attempt, because a rate limiter had admitted the call. */
  readonly paced: number
  /** The number of waits within the workload's patience. */
  readonly waits: number
  /** The number of attempts in a row that did not find the host name. */
  readonly nameless: number
  /** True if the one attempt that a closed connection allows was already used. */
  readonly reconnected: boolean
}

const initial: State = { attempts: 0, failures: 0, paced: 0, waits: 0, nameless: 0, reconnected: false }

type Verdict =
  | { readonly why: Stopping; readonly refused?: number }
  /** `isPaid`: the wait uses an attempt and the budget. */
  | { readonly why: Waiting; readonly millis: number; readonly isPaid: boolean }

const getsReady = (error: ApiError): boolean => error.reason === "ScalingUp" || error.reason === "WeightSwap"

/** Tests whether the server closed a kept-alive connection before any byte of a response. */
const wasClosedUnused = ({ delivery, reason, reusedSocket }: ApiError): boolean =>
  reusedSocket === true && reason === "ConnectionLost" && (delivery === "NotSent" || delivery === "Unconfirmed")

/** Applies all rules but the budget to a failure. Pure: it does not wait, draw random numbers or change state. */
const judge = (options: Checked, state: State, input: unknown, call: Call | undefined, random: number): Verdict => {
  if (!isApiError(input)) return { why: "Foreign" }
  if (isSettled(input) && (options.settled === "stop" || input.stopped === "Idempotency")) return { why: "Settled" }
  if (!(input.shouldRetry ?? input._tag !== "Fatal")) return { why: "Fatal" }
  if (call?.idempotency === "never" && mayHaveExecuted(input)) return { why: "Idempotency" }

  const left = remaining(call)
  if (wasClosedUnused(input) && !state.reconnected && left > 0) {
    return { why: "ReusedSocket", millis: 0, isPaid: false }
  }
  const hint = input.retryAfter === undefined ? undefined : Duration.toMillis(input.retryAfter)
  if (input.reason === "CircuitOpen" && hint !== undefined && left !== Infinity) {
    if (hint >= left) return { why: "Deadline", refused: hint }
    const jitter = options.jitter === "none" ? 0 : random * (options.spread ?? Math.max(options.base, hint / 10))
    return { why: "CircuitOpen", millis: Math.min(hint + jitter, (hint + left) / 2), isPaid: false }
  }
  if (hint !== undefined && hint > options.maxHint) return { why: "HintTooLong" }

  const patience = getsReady(input) ? call?.workload?.patience : undefined
  if (patience !== undefined && state.waits >= patience.waits) return { why: "PatienceEnded" }
  // scaling up takes minutes: without patience, fail at once and not after some attempts
  if (call?.workload !== undefined && patience === undefined && input.reason === "ScalingUp" && !input.shouldRetry) {
    return { why: "PatienceEnded" }
  }
  if (patience === undefined && state.nameless + 1 >= options.nameNotFound && input.reason === "NameNotFound") {
    return { why: "NameNotFound" }
  }
  // the limiter slows all calls down, and the deadline bounds the retries of this one; one attempt means no retry at all
  const isPaced = call?.paced === true && left !== Infinity && options.attempts > 1
  const failed = state.failures - state.paced
  if (patience === undefined && !isPaced && failed + 1 >= options.attempts) return { why: "Attempts" }

  const curve = patience === undefined ? options : patiently(options, patience)
  const failures = patience === undefined ? state.failures : state.waits
  const millis = wait(curve, failures, hint, random)
  if (millis >= left) return { why: "Deadline", refused: millis }
  if (patience !== undefined) return { why: "Patience", millis, isPaid: false }
  const hinted = hint !== undefined && hint > wait(curve, failures, undefined, random)
  return { why: hinted ? "Hint" : "Backoff", millis, isPaid: !isPaced }
}

const patiently = (options: Checked, patience: Patience): Checked => ({
  ...options,
  base: Duration.toMillis(patience.base),
  factor: patience.factor,
  cap: Duration.toMillis(patience.cap),
  jitter: options.jitter === "none" ? "none" : "additive",
  spread: undefined
})

const schedule = (options: Checked): Schedule.Schedule<Step, unknown> => {
  const made = Schedule.makeWithState<State, unknown, Step>(initial, (now, input, state) =>
    Effect.withFiberRuntime((fiber) => {
      const call = fiber.getFiberRef(currentCall)
      const attempt = state.attempts + 1
      const stop = (why: Stopping, refused?: number): readonly [State, Step, ScheduleDecision.ScheduleDecision] => [
        { ...state, attempts: attempt },
        {
          attempt,
          delay: Duration.zero,
          why,
          ...(refused !== undefined && { refusedWait: Duration.millis(refused) })
        },
        ScheduleDecision.done
      ]
      return Effect.flatMap(Random.next, (random) => {
        const verdict = judge(options, state, input, call, random)
        if (!("millis" in verdict)) return Effect.succeed(stop(verdict.why, verdict.refused))
        const { isPaid, millis, why } = verdict
        const lengthens = why === "Backoff" || why === "Hint"
        const next: State = {
          attempts: attempt,
          failures: state.failures + (lengthens ? 1 : 0),
          paced: state.paced + (lengthens && !isPaid ? 1 : 0),
          waits: state.waits + (why === "Patience" ? 1 : 0),
          nameless: isApiError(input) && input.reason === "NameNotFound" ? state.nameless + 1 : 0,
          reconnected: state.reconnected || why === "ReusedSocket"
        }
        const go = [
          next,
          { attempt, delay: Duration.millis(millis), why },
          ScheduleDecision.continueWith(ScheduleInterval.after(now + millis))
        ] as const
        if (!isPaid || call?.budget === undefined) return Effect.succeed(go)
        return Effect.map(call.budget.withdraw, (granted) => (granted ? go : stop("Budget")))
      })
    })
  )
  descriptions.set(made, describeOptions(options))
  return made
}

const describeOptions = (options: Checked): string => {
  const { attempts, base, cap, factor, jitter, maxHint } = options
  const format = (millis: number) => Duration.format(Duration.millis(millis))
  const upTo = cap === Infinity ? "" : ` up to ${format(cap)}`
  return `${attempts} attempts, ${format(base)} × ${factor}${upTo}, ${jitter} jitter, hints up to ${format(maxHint)}`
}

// -------------------------------------------------------------------------------------------------
// Schedules
// -------------------------------------------------------------------------------------------------

/**
 * Creates a schedule that follows the rules of this module.
 *
 * It works with `Effect.retry` on any effect. Combinators that stop it earlier or lengthen its waits keep its rules.
 * Combinators that shorten its waits, such as `Schedule.jittered`, break them. Inside `Reliability.protect`, it also applies
 * the deadline, the budget, the workload's patience and the idempotency of the call. Elsewhere, it treats every call as
 * repeatable.
 *
 * @example
 * ```ts
 * import { Effect, Schedule } from "effect"
 * import { ApiError, Retry } from "effect-reliability"
 *
 * const policy = Retry.make({ attempts: 3, base: "10 millis" })
 *
 * const program = new ApiError.Transient({ reason: "Unavailable", delivery: "Acknowledged", status: 503 }).pipe(
 *   Effect.tapError((error) => Effect.sync(() => console.log(error.reason))), // three times
 *   Effect.retry(policy.pipe(Schedule.tapOutput((step) => Effect.log(`attempt ${step.attempt} failed: ${step.why}`)))),
 *   Effect.ignore
 * )
 *
 * await Effect.runPromise(program)
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}): Schedule.Schedule<Step, unknown> => schedule(check("Retry.make", options))

/**
 * The retry loop of the [Fireworks reliability guide](https://docs.fireworks.ai/guides/reliability): five attempts with waits
 * of 1, 2, 4 and 8 seconds. Each wait has up to one second of jitter added, and a server hint lengthens it.
 *
 * @since 0.1.0
 * @category constants
 */
export const documented: Schedule.Schedule<Step, unknown> = /*#__PURE__*/ make({
  cap: Duration.infinity,
  spread: "1 second"
})

/**
 * The curve of the official SDKs, with the `max_retries=3` of the [Fireworks reliability
 * guide](https://docs.fireworks.ai/guides/reliability). The backoff begins with half a second and doubles up to 8 seconds;
 * jitter subtracts up to a quarter.
 *
 * @since 0.1.0
 * @category constants
 */
export const sdk: Schedule.Schedule<Step, unknown> = /*#__PURE__*/ make({
  attempts: 4,
  base: "500 millis",
  cap: "8 seconds",
  jitter: "subtractive"
})

// -------------------------------------------------------------------------------------------------
// retry
// -------------------------------------------------------------------------------------------------

const isStopReason = /*#__PURE__*/ Schema.is(StopReason)

/**
 * Reads the reason why a schedule stopped from its output. A combinator may have changed the output, or stopped before our
 * schedule would have: the reason is `Attempts` then.
 */
const stopOf = (output: unknown): Stop => {
  const why = read(output, "why")
  if (!isStopReason(why)) return { stopped: "Attempts" }
  return { stopped: why }
}

/**
 * Retries an effect that fails with an `ApiError`, and settles the final error. An outer owner of retries passes a settled error
 * on, so that attempts do not multiply. An error of another type is not retried: turn it into an `ApiError` first, for example
 * with `Classify.mapError`.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Effect } from "effect"
 * import { ApiError, Retry } from "effect-reliability"
 *
 * const call = new ApiError.Transient({ reason: "Unavailable", delivery: "Acknowledged", status: 503 })
 * const policy = Retry.make({ attempts: 3, base: "1 millis" })
 *
 * // three attempts, not nine
 * const error = await Effect.runPromise(call.pipe(Retry.retry(policy), Retry.retry(policy), Effect.flip))
 * assert.strictEqual(error.attempts, 3)
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const retry: {
  <R2>(
    schedule: Schedule.Schedule<unknown, unknown, R2>
  ): <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R | R2>
  <A, E, R, R2>(
    effect: Effect.Effect<A, E, R>,
    schedule: Schedule.Schedule<unknown, unknown, R2>
  ): Effect.Effect<A, E, R | R2>
} = /*#__PURE__*/ dual(
  2,
  <A, E, R, R2>(effect: Effect.Effect<A, E, R>, schedule: Schedule.Schedule<unknown, unknown, R2>) =>
    Effect.withFiberRuntime<A, E, R | R2>((fiber) => {
      let made = 0
      let passedOn = true
      const counted = Effect.mapError(effect, (error) => {
        const settled = isApiError(error) && isSettled(error)
        passedOn = made === 0 && settled
        // a settled error holds the number of attempts that an inner owner made
        made += settled ? error.attempts : 1
        return error
      })
      let stop: Stop = {}
      const watched = Schedule.onDecision(schedule, (output, decision) => {
        if (ScheduleDecision.isDone(decision)) stop = stopOf(output)
        return Effect.void
      })
      return owning(fiber.getFiberRef(currentCall), Effect.retry(counted, watched)).pipe(
        Effect.mapError((error) => (isApiError(error) && !passedOn ? settle(error, made, stop) : error))
      )
    })
)
