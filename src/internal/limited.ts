/**
 * Runs an effect under a time limit, at the price of one child fiber and one timer.
 *
 * `Effect.timeoutFail` races two fibers and costs three times as much. What it promises is kept: changes of `FiberRef`s
 * come back on success, fibers that the effect forks belong to the parent, an uninterruptible effect is waited for, the
 * outcome is decided once, and nothing is left behind.
 *
 * @since 0.1.0
 */
import type * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import type * as FiberRefs from "effect/FiberRefs"
import { identity } from "effect/Function"
import { globalValue } from "effect/GlobalValue"
import * as Option from "effect/Option"
import * as Runtime from "effect/Runtime"
import type * as RuntimeFlags from "effect/RuntimeFlags"
import type { Workload } from "../Workload.js"
import { type Call, carried, currentCall, nested } from "./call.js"
import { clearTimer, setTimer } from "./time.js"

// Effect's combinators give the children of a helper fiber to its parent by this reference, which is exported only under
// its global key. Should a later Effect rename it, forked fibers would end with the attempt: a test tells.
let forkScopeRef: FiberRef.FiberRef<Option.Option<unknown>> | undefined
const forkScope = (): FiberRef.FiberRef<Option.Option<unknown>> =>
  (forkScopeRef ??= globalValue(Symbol.for("effect/FiberRef/currentForkScopeOverride"), () =>
    FiberRef.unsafeMake(Option.none())
  ))

const scopeOf = (fiber: object): Option.Option<unknown> =>
  "scope" in fiber && typeof fiber.scope === "function"
    ? Option.some(Reflect.apply(fiber.scope, fiber, []))
    : Option.none()

// The runtime writes its flags into a reference of its own whenever it hands the references out, and winds down with
// another value than it began with. It is the one number among the references of a fiber that has set none.
let runtimeFlags: FiberRef.FiberRef<unknown> | undefined
const runtimeFlagsRef = (): FiberRef.FiberRef<unknown> | undefined => {
  if (runtimeFlags === undefined) {
    const { locals } = Effect.runSync(Effect.getFiberRefs)
    for (const [ref, [[, value]]] of locals) if (typeof value === "number") runtimeFlags = ref
  }
  return runtimeFlags
}

/** Whether any reference has another value than at the start. */
const changed = (before: FiberRefs.FiberRefs["locals"] | undefined, after: FiberRefs.FiberRefs["locals"]): boolean => {
  for (const [ref, [[, value]]] of after) {
    if (before?.get(ref)?.[0][1] !== value && ref !== runtimeFlagsRef()) return true
  }
  return false
}

/** What comes of an effect under a limit. */
export interface Sequel<A, E, B, E2, R2> {
  readonly onSuccess: (exit: Exit.Success<A, E>) => Effect.Effect<B, E2, R2>
  readonly onFailure: (cause: Cause.Cause<E>) => Effect.Effect<B, E2, R2>
  /** Asked at the very moment, and run once the effect has ended. */
  readonly onLimit: () => Effect.Effect<B, E2, R2>
}

const settle = <A, E, B, E2, R2>(
  exit: Exit.Exit<A, E>,
  child: Fiber.RuntimeFiber<A, E>,
  before: FiberRefs.FiberRefs["locals"] | undefined,
  sequel: Sequel<A, E, B, E2, R2>
): Effect.Effect<B, E2, R2> => {
  if (exit._tag === "Failure") return sequel.onFailure(exit.cause)
  const next = sequel.onSuccess(exit)
  return changed(before, child.getFiberRefs().locals) ? Effect.zipRight(Fiber.inheritAll(child), next) : next
}

/** Runs an effect, which knows of its call, for so many milliseconds, Infinity for no limit. */
export const limited = <A, E, R, B, E2, R2>(
  effect: Effect.Effect<A, E, R>,
  parent: Fiber.RuntimeFiber<unknown, unknown>,
  flags: RuntimeFlags.RuntimeFlags,
  call: Call,
  millis: number,
  sequel: Sequel<A, E, B, E2, R2>
): Effect.Effect<B, E2, R | R2> =>
  // Nothing may come between starting the child and being ready to interrupt it. What follows runs outside of the mask:
  // inside, it would hold the child, and each try would nest in the one before.
  Effect.flatten(
    Effect.uninterruptibleMask((restore): Effect.Effect<Effect.Effect<B, E2, R2>, never, R> => {
      let before: FiberRefs.FiberRefs["locals"] | undefined
      const child = Runtime.runFork(
        Runtime.make({
          // the context of a fiber that runs this holds what its effects require
          context: parent.currentContext as Context.Context<R>,
          runtimeFlags: flags,
          fiberRefs: parent.getFiberRefs()
        }),
        effect,
        {
          updateRefs: (refs, id) => {
            // made for this child a moment ago, and seen by nobody else yet
            before = refs.locals.set(currentCall, [[id, call]]).set(forkScope(), [[id, scopeOf(parent)]])
            return refs
          }
        }
      )
      const done = child.unsafePoll()
      if (done !== null) return Effect.succeed(settle(done, child, before, sequel))

      let afterLimit: Effect.Effect<B, E2, R2> | undefined
      const timer =
        millis === Infinity
          ? undefined
          : setTimer(call.clock, millis, () => {
              afterLimit = sequel.onLimit()
              child.unsafeInterruptAsFork(parent.id())
            })
      const next = Effect.async<Effect.Effect<B, E2, R2>>((resume) =>
        child.addObserver((exit) => {
          clearTimer(timer)
          resume(Effect.succeed(afterLimit ?? settle(exit, child, before, sequel)))
        })
      )
      return Effect.catchAllCause(restore(next), (interruption) => {
        clearTimer(timer)
        return Effect.zipRight(Fiber.interrupt(child), Effect.failCause(interruption))
      })
    })
  )

/** One limit around an effect; `error` is told whether an owner of retries was at work inside. */
export const limitedTo = <A, E, R, E2>(
  effect: Effect.Effect<A, E, R>,
  limit: { readonly millis: number; readonly workload?: Workload; readonly error: (owned: boolean) => E2 }
): Effect.Effect<A, E | E2, R> =>
  Effect.withFiberRuntime((parent, status) => {
    const outer = parent.getFiberRef(currentCall)
    const inherited = carried(outer, parent)
    const call = nested(outer, { ...inherited, workload: limit.workload ?? inherited.workload }, limit.millis)
    return limited<A, E, R, A, E | E2, never>(effect, parent, status.runtimeFlags, call, limit.millis, {
      onSuccess: identity,
      onFailure: Effect.failCause,
      onLimit: () => Effect.fail(limit.error(call.owners > 0))
    })
  })
