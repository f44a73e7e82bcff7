/**
 * What a fiber knows of the call that it is part of: its limits, and who owns its retries.
 *
 * @since 0.1.0
 */
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import { globalValue } from "effect/GlobalValue"
import type { RetryBudget } from "../RetryBudget.js"
import type { Idempotency, Workload } from "../Workload.js"
import { clockOf, monotonic } from "./time.js"

export interface Call {
  readonly outer: Call | undefined
  readonly workload: Workload | undefined
  /** Absent where nobody said whether the call may be made twice: retrying is then the caller's word for it. */
  readonly idempotency: Idempotency | undefined
  readonly budget: RetryBudget | undefined
  readonly clock: Clock.Clock
  /** The moment, by `clock`, after which nothing of the call runs; Infinity if there is none. */
  readonly endsAt: number
  /** How many calls it is within, itself included; absent for one. */
  readonly depth?: number | undefined
  /** How many owners of retries are at work inside; while there is one, a limit that cuts them off is final. */
  owners: number
  /** Whether there ever was one that is told of by itself. */
  owned?: boolean
}

/** Children carry the call on; what they know of theirs is no business of their parent. */
export const currentCall: FiberRef.FiberRef<Call | undefined> = /*#__PURE__*/ globalValue(
  /*#__PURE__*/ Symbol.for("effect-reliability/Call"),
  () => FiberRef.unsafeMake<Call | undefined>(undefined, { join: (parent) => parent })
)

/** The milliseconds that are left of a call. */
export const remaining = (call: Call): number =>
  call.endsAt === Infinity ? Infinity : call.endsAt - monotonic(call.clock)

/** What a call takes over from the one around it. */
export const carried = (outer: Call | undefined, fiber: Fiber.RuntimeFiber<unknown, unknown>) => ({
  workload: outer?.workload,
  idempotency: outer?.idempotency,
  budget: outer?.budget,
  clock: clockOf(fiber)
})

/** A call within another, which ends at a moment of its clock. */
export const ending = (
  outer: Call | undefined,
  { budget, clock, idempotency, workload }: Pick<Call, "workload" | "idempotency" | "budget" | "clock">,
  endsAt: number
): Call => ({ outer, workload, idempotency, budget, clock, endsAt, depth: (outer?.depth ?? 0) + 1, owners: 0 })

/** A call within another, for at most so many milliseconds: it may end sooner than the outer one, never later. */
export const nested = (
  outer: Call | undefined,
  own: Pick<Call, "workload" | "idempotency" | "budget" | "clock">,
  millis: number,
  now: number = monotonic(own.clock)
): Call => ending(outer, own, endOf(outer, millis, now))

/** When a call that begins now, and may last so long, ends. */
export const endOf = (outer: Call | undefined, millis: number, now: number): number =>
  now + (outer === undefined ? millis : Math.min(millis, remaining(outer)))

const count = (outer: Call | undefined, difference: 1 | -1, told: boolean): void => {
  for (let call = outer; call !== undefined; call = call.outer) {
    call.owners += difference
    if (told) call.owned = true
  }
}

/** Registers an owner of retries with the calls around it, for as long as the effect runs. */
export const owning = <A, E, R>(
  outer: Call | undefined,
  effect: Effect.Effect<A, E, R>,
  told = false
): Effect.Effect<A, E, R> =>
  outer === undefined
    ? effect
    : Effect.acquireUseRelease(
        Effect.sync(() => count(outer, 1, told)),
        () => effect,
        () => Effect.sync(() => count(outer, -1, told))
      )
