/**
 * A moment after which nothing of a call runs, carried by the fiber.
 *
 * A limit on each step does not bound the whole: five attempts of a minute each are five minutes. A deadline does, and what
 * runs inside can ask how much of it is left, so that nobody starts what cannot end in time. It is measured by the
 * monotonic time of the `Clock` service: a wall clock that jumps changes nothing.
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
 * Gives an effect so much time, and no more: it fails with `Transient` `Timeout`, phase `deadline`.
 *
 * Within another deadline the sooner one holds: an inner, longer one never extends an outer, shorter one. `Retry`'s
 * schedules inside do not wait past it, and `Reliability.protect` starts no attempt that it leaves no time for.
 *
 * What still runs once it has passed cleans up: a call that a finalizer makes then, such as to cancel what was begun, has the
 * limits of its own workload. What was forked inside and outlives the effect is limited no more, either.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { Deadline } from "effect-reliability"
 *
 * const program = Effect.sleep("1 hour").pipe(
 *   Deadline.within("2 hours"), // no longer than what is outside
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
 * How much time the fiber has left, if it runs under a deadline or within a limited try; zero once it has passed.
 *
 * @example
 * ```ts
 * import { Effect, Option } from "effect"
 * import { Deadline } from "effect-reliability"
 *
 * console.log(Option.isNone(await Effect.runPromise(Deadline.remaining))) // true
 * console.log(await Effect.runPromise(Deadline.remaining.pipe(Deadline.within("1 minute")))) // a little less
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
