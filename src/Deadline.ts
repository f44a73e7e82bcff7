/**
 * A limit on the total time of an effect, which every effect inside it can read.
 *
 * A timeout of each step does not limit the whole: five attempts of one minute take five minutes. A deadline limits the whole.
 * Effects inside it read the remaining time with `remaining`, so that they start no work that cannot end in time. Deadlines use
 * the monotonic time of the `Clock` service, so changes of the wall clock do not affect them.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import * as Option from "effect/Option"
import type { Transient } from "./ApiError.js"
import { currentCall, remaining as remainingOf } from "./internal/call/context.js"
import { limitedTo } from "./internal/call/timeLimit.js"
import { timedOut } from "./internal/deadline/timedOut.js"
import { duration } from "./internal/options.js"

/**
 * Interrupts an effect at a deadline and fails with `Transient`, reason `Timeout`, phase `deadline`.
 *
 * Within another deadline, the earlier one applies: an inner deadline never extends an outer one. `Retry`'s schedules do not
 * wait past the deadline, and `Reliability.protect` starts no attempt after it.
 *
 * After the deadline only cleanup still runs. A call that a finalizer makes then, such as a cancellation, has the limits of its
 * own workload, and outer deadlines still apply.
 *
 * As under `Effect.timeoutFail`, a fiber that the effect forks with `Effect.fork` ends with the effect, at the deadline or
 * before. Fibers of `Effect.forkDaemon`, `Effect.forkScoped` and `Effect.forkIn` outlive it, and then have no deadline.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { Deadline } from "effect-reliability"
 *
 * const program = Effect.sleep("1 hour").pipe(
 *   Deadline.within("2 hours"), // the outer deadline of 10 milliseconds is earlier
 *   Deadline.within("10 millis"),
 *   Effect.flip
 * )
 *
 * const error = await Effect.runPromise(program)
 * console.log(error.reason, error.phase) // Timeout deadline
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const within: {
  (limit: Duration.DurationInput): <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E | Transient, R>
  <A, E, R>(effect: Effect.Effect<A, E, R>, limit: Duration.DurationInput): Effect.Effect<A, E | Transient, R>
} = /*#__PURE__*/ dual(2, <A, E, R>(effect: Effect.Effect<A, E, R>, limit: Duration.DurationInput) => {
  const checked = duration("Deadline.within", "limit", limit, { infinite: true })
  return limitedTo(effect, {
    millis: Duration.toMillis(checked),
    error: (owned) => timedOut("deadline", checked, { attempts: owned ? 1 : 0 })
  })
})

/**
 * Returns the time that the current fiber has left, under its deadline and the timeout of its attempt. Returns `None` if there
 * is neither, and zero after the end.
 *
 * @example
 * ```ts
 * import { Effect, Option } from "effect"
 * import { Deadline } from "effect-reliability"
 *
 * console.log(Option.isNone(await Effect.runPromise(Deadline.remaining))) // true
 * console.log(await Effect.runPromise(Deadline.remaining.pipe(Deadline.within("1 minute")))) // a little less than 1 minute
 * ```
 *
 * @since 0.1.0
 * @category getters
 */
export const remaining: Effect.Effect<Option.Option<Duration.Duration>> = /*#__PURE__*/ Effect.withFiberRuntime(
  (fiber) => {
    const left = remainingOf(fiber.getFiberRef(currentCall))
    return Effect.succeed(left === Infinity ? Option.none() : Option.some(Duration.millis(Math.max(0, left))))
  }
)
