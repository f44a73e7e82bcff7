/**
 * Waits of a protected call for its circuit breaker.
 *
 * @since 0.2.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import type { Step } from "../call/model.js"
import type { Refusal } from "../circuitBreaker/circuit.js"
import type { Recording } from "../circuitBreaker/permit.js"
import { maxMillis } from "../options.js"

/** Continues when the outcome of an attempt is recorded. */
export const after = <A, E, R>(recording: Recording, next: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  recording === undefined ? next : Effect.zipRight(recording, next)

/** Waits after a refusal, with jitter that ends before the deadline. */
export const spreadWait = <A, E, R>(
  { millis, spread }: Refusal,
  left: number,
  wait: (step: Omit<Step, "attempt">, millis: number) => Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  Effect.flatMap(Random.next, (random) => {
    const total = Math.min(millis + random * Math.min(spread, left - millis), maxMillis)
    return wait({ delay: Duration.millis(total), why: "CircuitOpen" }, total)
  })
