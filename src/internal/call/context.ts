/**
 * The current call of a fiber: its deadline, the owners of its retries, and its observers.
 *
 * One `FiberRef` holds all of it, since each additional one makes every fork more expensive.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Differ from "effect/Differ"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import type * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import { globalValue } from "effect/GlobalValue"
import * as HashSet from "effect/HashSet"
import type * as Scope from "effect/Scope"
import { clockOf, monotonic } from "../clock.js"
import type { Observer } from "./model.js"
import type { Call } from "./model.js"

type Observers = HashSet.HashSet<Observer>
type Patch = Differ.Differ.HashSet.Patch<Observer>

const noObservers: Observers = /*#__PURE__*/ HashSet.empty()
const sets: Differ.Differ<Observers, Patch> = /*#__PURE__*/ Differ.hashSet()

/** Returns the observers of the calls made within a call. */
export const observersOf = (call: Call | undefined): Observers => {
  let at = call
  while (at !== undefined && at.observers === undefined) at = at.outer
  return at?.observers ?? noObservers
}

/** Returns the same call with other observers. */
const observed = (call: Call | undefined, observers: Observers): Call | undefined => {
  // a record that holds only observers is replaced
  const outer = call?.observers === undefined ? call : call.outer
  if (Equal.equals(observersOf(outer), observers)) return outer
  const { budget, clock = Clock.make(), depth = 0, idempotency, workload } = outer ?? {}
  return { outer, workload, idempotency, budget, clock, endsAt: -Infinity, depth, owners: 0, observers }
}

// Effect diffs and patches at every fork and join. The differ of `HashSet` inspects a chunk even if nothing has changed.
const differ = /*#__PURE__*/ Differ.make<Call | undefined, Patch>({
  empty: sets.empty,
  combine: (first, second) => sets.combine(first, second),
  diff: (before, after) => (before === after ? sets.empty : sets.diff(observersOf(before), observersOf(after))),
  patch: (patch, call) => (patch === sets.empty ? call : observed(call, sets.patch(patch, observersOf(call))))
})

/**
 * The current call. Child fibers inherit it, and their changes to it are discarded when they join. Only the observers that they
 * added are kept: layers that are built concurrently are built by child fibers.
 */
export const currentCall: FiberRef.FiberRef<Call | undefined> = /*#__PURE__*/ globalValue(
  /*#__PURE__*/ Symbol.for("effect-reliability/Call"),
  () =>
    FiberRef.unsafeMakePatch<Call | undefined, Patch>(undefined, {
      differ,
      fork: sets.empty,
      join: (parent, child) => observed(parent, observersOf(child))
    })
)

const withObserver =
  (observer: Observer) =>
  (call: Call | undefined): Call | undefined =>
    observed(call, HashSet.add(observersOf(call), observer))

/** Reports the calls of an effect to an observer. */
export const observedBy = <A, E, R>(effect: Effect.Effect<A, E, R>, observer: Observer): Effect.Effect<A, E, R> =>
  Effect.locallyWith(effect, currentCall, withObserver(observer))

/** Reports the calls that follow to an observer, until the scope closes. */
export const observing = (observer: Observer): Effect.Effect<unknown, never, Scope.Scope> =>
  Effect.acquireRelease(
    FiberRef.modify(currentCall, (call) => [HashSet.has(observersOf(call), observer), withObserver(observer)(call)]),
    (known) =>
      known
        ? Effect.void
        : // the fiber that closes the scope may be part of another call
          FiberRef.update(currentCall, (call) => observed(call, HashSet.remove(observersOf(call), observer)))
  )

/** Runs an effect outside of the current call. Its calls are still reported to the same observers. */
export const detached = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.locallyWith(effect, currentCall, (call) => observed(undefined, observersOf(call)))

/** Tests whether a fiber with this value runs inside of a call. The value may also hold observers only. */
export const isPart = (call: Call | undefined): boolean => call !== undefined && call.depth !== 0

/** Tests whether a call is part of the second copy of a hedged call. */
export const isCopy = (call: Call | undefined): boolean => {
  let at = call
  while (at !== undefined && at.copy !== true) at = at.outer
  return at !== undefined
}

/** Returns the milliseconds until the end of a call. After the call has ended, those until the end of the outer call. */
export const remaining = (call: Call | undefined): number => {
  let at = call
  while (at?.endsAt === -Infinity) at = at.outer
  return at === undefined || at.endsAt === Infinity ? Infinity : at.endsAt - monotonic(at.clock)
}

/**
 * Returns the milliseconds available to work that starts now. After the end of a call only cleanup still runs, which the end
 * does not limit: then the time left of the outer call counts.
 */
export const timeLeftOf = (call: Call | undefined): number => {
  for (let at = call; at !== undefined; at = at.outer) {
    const left = remaining(at)
    if (left > 0) return left
  }
  return Infinity
}

/** Returns the fields that a new call inherits from the outer call, and the clock of the fiber. */
export const inheritedFrom = (outer: Call | undefined, fiber: Fiber.RuntimeFiber<unknown, unknown>) => ({
  workload: outer?.workload,
  idempotency: outer?.idempotency,
  budget: outer?.budget,
  clock: clockOf(fiber)
})

/** Makes a call inside of another one. `endsAt` is a moment of its clock. */
export const ending = (
  outer: Call | undefined,
  { budget, clock, idempotency, workload }: Pick<Call, "workload" | "idempotency" | "budget" | "clock">,
  endsAt: number
): Call => ({ outer, workload, idempotency, budget, clock, endsAt, depth: (outer?.depth ?? 0) + 1, owners: 0 })

/** Makes a call inside of another one, for at most `millis`. It never ends later than the outer call. */
export const nested = (
  outer: Call | undefined,
  own: Pick<Call, "workload" | "idempotency" | "budget" | "clock">,
  millis: number,
  now: number = monotonic(own.clock)
): Call => ending(outer, own, endOf(outer, millis, now))

/** Returns the end of a call that begins now and may last `millis`, but not longer than the outer call. */
export const endOf = (outer: Call | undefined, millis: number, now: number): number =>
  now + Math.min(millis, timeLeftOf(outer))

const count = (outer: Call | undefined, difference: 1 | -1, reports: boolean): void => {
  for (let call = outer; call !== undefined; call = call.outer) {
    call.owners += difference
    if (reports) call.owned = true
  }
}

/**
 * Registers an owner of retries with the outer calls while the effect runs. `reports` says that the owner reports its call to
 * observers itself.
 */
export const owning = <A, E, R>(
  outer: Call | undefined,
  effect: Effect.Effect<A, E, R>,
  reports = false
): Effect.Effect<A, E, R> =>
  isPart(outer)
    ? Effect.acquireUseRelease(
        Effect.sync(() => count(outer, 1, reports)),
        () => effect,
        () => Effect.sync(() => count(outer, -1, reports))
      )
    : effect
