/**
 * Runs calls with a hedge, and validates its uses.
 *
 * @since 0.2.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { currentCall, inheritedFrom, isCopy, nested } from "../call/context.js"
import type { AnyFiber, Call, Idempotency } from "../call/model.js"
import { clockOf, monotonic } from "../clock.js"
import { declaredIdempotency } from "../http/idempotency.js"
import { checkKey } from "../keys.js"
import type { CheckedUse as LimiterUse } from "../rateLimiter/use.js"
import { begin, end, type KeyState, withdraw } from "./keyState.js"
import type { Copy, HedgeService, Use } from "./model.js"
import { Race, run } from "./race.js"

/** A call to hedge: what `HedgeOptions` say, checked. */
export interface Hedging<A, B> {
  readonly hedge: HedgeService
  readonly key: string
  readonly idempotency?: Idempotency | undefined
  /** Tests whether the limiter of the call would admit a copy. */
  readonly isFree?: (() => boolean) | undefined
  /** The milliseconds after which the call must be over, from its start. */
  readonly deadline?: number | undefined
  readonly onSuccess: (value: A, by: Copy) => B
  readonly discard?: ((value: A) => Effect.Effect<unknown>) | undefined
}

export const checkHedgeUse = (owner: string, given: HedgeService | Use): Use => {
  const use = "hedge" in given ? given : { hedge: given }
  if (use.key !== undefined) checkKey(owner, use.key)
  return use
}

/** Describes a hedge for logs. */
export const describeHedge = (given: HedgeService | Use): string => {
  const { after, budget, quantile, window } = ("hedge" in given ? given.hedge : given).settings
  const format = (millis: number) => Duration.format(Duration.millis(millis))
  const delay = after === undefined ? `the ${quantile} quantile of the last ${format(window)}` : format(after)
  return `a copy after ${delay}, for at most ${budget.ratio} of the calls`
}

/** Returns the value of a call, whichever copy it is from. */
export const valueOf = <A>(value: A): A => value

/** Runs a call. If it is slow, starts a second copy, as far as its idempotency, the limiter and the budget allow. */
export const hedged = <A, E, R, B>(effect: Effect.Effect<A, E, R>, hedging: Hedging<A, B>): Effect.Effect<B, E, R> =>
  Effect.withFiberRuntime((fiber, status) => {
    const { hedge, key, onSuccess } = hedging
    const outer = fiber.getFiberRef(currentCall)
    const idempotency = hedging.idempotency ?? fiber.getFiberRef(declaredIdempotency) ?? outer?.idempotency ?? "safe"
    // copies of copies would multiply
    if (idempotency !== "safe" || isCopy(outer)) return Effect.map(effect, (value) => onSuccess(value, "first"))
    const clock = clockOf(fiber)
    const startedAt = monotonic(clock)
    const state = hedge.stateOf(key, startedAt)
    const delay = begin(state, hedge.settings, startedAt)
    const onEnd = (failed: boolean) => {
      const now = monotonic(clock)
      end(state, now, { delay, failed, millis: now - startedAt })
    }
    if (delay === undefined) return measured(effect, onSuccess, onEnd)
    return run(
      new Race(effect, fiber, status.runtimeFlags, {
        clock,
        startedAt,
        delay,
        second: () => {
          if (!withdraw(state, hedge.settings, monotonic(clock), hedging.isFree ?? isAlwaysFree)) return undefined
          return { call: copyOf(outer, fiber, hedging.deadline ?? Infinity, startedAt), before: warned(state, outer) }
        },
        onEnd: (by) => {
          if (by === "hedge") state.won++
          onEnd(by === undefined)
        },
        onSuccess,
        discard: hedging.discard
      })
    )
  })

/** Runs a call that is not hedged, because too few latencies are known, and measures it. */
const measured = <A, E, R, B>(
  effect: Effect.Effect<A, E, R>,
  onSuccess: (value: A, by: Copy) => B,
  onEnd: (failed: boolean) => void
): Effect.Effect<B, E, R> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.matchCauseEffect(restore(effect), {
      onFailure: (cause) => {
        onEnd(true)
        return Effect.failCause(cause)
      },
      onSuccess: (value) => {
        onEnd(false)
        return Effect.succeed(onSuccess(value, "first"))
      }
    })
  )

/** Returns the call of a second copy. The copy ends when the call must be over, which began earlier. */
const copyOf = (outer: Call | undefined, fiber: AnyFiber, deadline: number, startedAt: number): Call => {
  const own = inheritedFrom(outer, fiber)
  const left = startedAt + deadline - monotonic(own.clock)
  return { ...nested(outer, own, left), copy: true }
}

const isAlwaysFree = () => true

/** Tests whether a limiter would admit a call. `other` is the key of a use without one. */
export const isFreeFor = ({ cost = {}, key, limiter }: LimiterUse, other: string): boolean =>
  limiter.isFree({ cost, key: key ?? other })

/**
 * Logs a warning, once for each key, if the call is a single attempt of a protected call: then each attempt is hedged, and the
 * timeout of the attempt ends both copies.
 */
const warned = (state: KeyState, outer: Call | undefined): Effect.Effect<void> => {
  const isAttempt = outer?.idempotency !== undefined && outer.owners === 0
  if (!isAttempt || state.warned) return Effect.void
  state.warned = true
  return Effect.logWarning(
    "Hedge: the hedge is inside the retries, so that a copy is one attempt. Use the option `hedge` of `Reliability.make`, or " +
      "apply `Hedge.hedge` outside of `Reliability.protect`."
  )
}
