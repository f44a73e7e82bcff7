/**
 * What a fiber knows of the call that it is part of: its limits, who owns its retries, and who observes.
 *
 * All in one reference: each more that a fiber has makes each fork dearer.
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

const nobody: Observers = /*#__PURE__*/ HashSet.empty()
const sets: Differ.Differ<Observers, Patch> = /*#__PURE__*/ Differ.hashSet()

/** Who observes what is called within a call. */
export const observersOf = (call: Call | undefined): Observers => {
  let at = call
  while (at !== undefined && at.observers === undefined) at = at.outer
  return at?.observers ?? nobody
}

/** The same call with other observers. */
const observed = (call: Call | undefined, observers: Observers): Call | undefined => {
  // what said no more than who observes gives way
  const outer = call?.observers === undefined ? call : call.outer
  if (Equal.equals(observersOf(outer), observers)) return outer
  const { budget, clock = Clock.make(), depth = 0, idempotency, workload } = outer ?? {}
  return { outer, workload, idempotency, budget, clock, endsAt: -Infinity, depth, owners: 0, observers }
}

// each fork and each join asks; Effect's own takes a chunk apart to find that nothing has changed
const differ = /*#__PURE__*/ Differ.make<Call | undefined, Patch>({
  empty: sets.empty,
  combine: (first, second) => sets.combine(first, second),
  diff: (before, after) => (before === after ? sets.empty : sets.diff(observersOf(before), observersOf(after))),
  patch: (patch, call) => (patch === sets.empty ? call : observed(call, sets.patch(patch, observersOf(call))))
})

/**
 * Children carry the call on; what they know of theirs is no business of their parent. The observers that they add are: layers
 * that are built side by side are built by children.
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

const adding =
  (observer: Observer) =>
  (call: Call | undefined): Call | undefined =>
    observed(call, HashSet.add(observersOf(call), observer))

/** Tells an observer of the calls of an effect. */
export const observedBy = <A, E, R>(effect: Effect.Effect<A, E, R>, observer: Observer): Effect.Effect<A, E, R> =>
  Effect.locallyWith(effect, currentCall, adding(observer))

/** Tells an observer of the calls that follow, until the scope closes. */
export const observing = (observer: Observer): Effect.Effect<unknown, never, Scope.Scope> =>
  Effect.acquireRelease(
    FiberRef.modify(currentCall, (call) => [HashSet.has(observersOf(call), observer), adding(observer)(call)]),
    (known) =>
      known
        ? Effect.void
        : // the fiber that closes the scope may be part of another call
          FiberRef.update(currentCall, (call) => observed(call, HashSet.remove(observersOf(call), observer)))
  )

/** Runs an effect as part of no call; who observes still does. */
export const apart = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.locallyWith(effect, currentCall, (call) => observed(undefined, observersOf(call)))

/** Whether a fiber that knows of a call is part of one. */
export const isPart = (call: Call | undefined): boolean => call !== undefined && call.depth !== 0

/** The milliseconds that are left of a call, and of the one around it for what outlives the call. */
export const remaining = (call: Call | undefined): number => {
  let at = call
  while (at?.endsAt === -Infinity) at = at.outer
  return at === undefined || at.endsAt === Infinity ? Infinity : at.endsAt - monotonic(at.clock)
}

/** The milliseconds for what begins now. What still runs after the end of a call cleans up, which that end limits no more. */
export const ahead = (call: Call | undefined): number => {
  for (let at = call; at !== undefined; at = at.outer) {
    const left = remaining(at)
    if (left > 0) return left
  }
  return Infinity
}

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
  now + Math.min(millis, ahead(outer))

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
  isPart(outer)
    ? Effect.acquireUseRelease(
        Effect.sync(() => count(outer, 1, told)),
        () => effect,
        () => Effect.sync(() => count(outer, -1, told))
      )
    : effect
