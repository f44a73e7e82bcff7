/**
 * Runs an effect under a time limit, at the price of one child fiber and one timer.
 *
 * `Effect.timeoutFail` races two fibers and costs three times as much. What it promises is kept: changes of `FiberRef`s
 * come back on success, fibers that the effect forks belong to the parent, an uninterruptible effect is waited for, the
 * outcome is decided once, and nothing is left behind.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import type * as FiberRefs from "effect/FiberRefs"
import { identity } from "effect/Function"
import { globalValue } from "effect/GlobalValue"
import * as Option from "effect/Option"
import * as Runtime from "effect/Runtime"
import * as RuntimeFlags from "effect/RuntimeFlags"
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

interface FiberScope {
  readonly add: (flags: RuntimeFlags.RuntimeFlags, child: Fiber.RuntimeFiber<unknown, unknown>) => void
}

// What a fiber's children belong to; every fiber of the runtime has it, and its interface does not show it
const scopeOf = (fiber: object): FiberScope => (fiber as { readonly scope: () => FiberScope }).scope()

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

// What a child never hands to its parent
const own = RuntimeFlags.WindDown | RuntimeFlags.Interruption

/** Whether any reference has another value than at the start. */
const changed = (before: FiberRefs.FiberRefs["locals"], after: FiberRefs.FiberRefs["locals"]): boolean => {
  for (const [ref, [[, value]]] of after) {
    const start = before.get(ref)
    if (start !== undefined && start[0][1] === value) continue
    if (ref !== runtimeFlagsRef()) return true
    const flags: unknown = start?.[0][1] ?? value
    if (typeof flags === "number" && typeof value === "number" && ((flags ^ value) & ~own) !== 0) return true
  }
  return false
}

/** What comes of an effect under a limit. */
export interface Sequel<A, E, B, E2, R2> {
  readonly onSuccess: (exit: Exit.Success<A, E>) => Effect.Effect<B, E2, R2>
  readonly onFailure: (cause: Cause.Cause<E>) => Effect.Effect<B, E2, R2>
  /** What comes after the limit, once the effect has ended; `owned`: an owner of retries was at work inside. */
  readonly onLimit: (owned: boolean) => Effect.Effect<B, E2, R2>
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
  // An interruption of the parent reaches the child as it reaches every child, and the parent waits for it. What comes next
  // runs outside of the mask: inside, each try would nest in the one before.
  Effect.flatten(
    Effect.uninterruptibleMask((restore): Effect.Effect<Effect.Effect<B, E2, R2>, E2, R> => {
      const scope = scopeOf(parent)
      const around = Option.getOrElse(parent.getFiberRef(forkScope()), () => scope)
      const interruptions = parent.getFiberRef(FiberRef.interruptedCause)
      const interrupted = () => parent.getFiberRef(FiberRef.interruptedCause) !== interruptions
      let before: FiberRefs.FiberRefs["locals"] = new Map()
      const child: Fiber.RuntimeFiber<Exit.Exit<A, E>> = Runtime.runFork(
        Runtime.make({
          // the context of a fiber that runs this holds what its effects require
          context: parent.currentContext as Context.Context<R>,
          runtimeFlags: RuntimeFlags.disable(flags, RuntimeFlags.Interruption),
          fiberRefs: parent.getFiberRefs()
        }),
        Effect.withFiberRuntime<Exit.Exit<A, E>, never, R>((self) => {
          scope.add(flags, self)
          return Effect.exit(restore(effect))
        }),
        {
          updateRefs: (refs, id) => {
            // made for this child a moment ago, and seen by nobody else yet
            before = refs.locals.set(currentCall, [[id, call]]).set(forkScope(), [[id, Option.some(around)]])
            return refs
          }
        }
      )
      const settle = (exit: Exit.Exit<Exit.Exit<A, E>>): Effect.Effect<Effect.Effect<B, E2, R2>, E2> => {
        const result = Exit.flatten(exit)
        if (result._tag === "Failure") {
          // nothing follows an interruption, and what the effect died of on its way out would be lost behind the mask
          return interrupted() && !Cause.isFailure(result.cause)
            ? Effect.failCause(result.cause as Cause.Cause<never>)
            : Effect.succeed(sequel.onFailure(result.cause))
        }
        const next = sequel.onSuccess(result)
        return changed(before, child.getFiberRefs().locals)
          ? Effect.as(Fiber.inheritAll(child), next)
          : Effect.succeed(next)
      }

      const done = child.unsafePoll()
      if (done !== null) return Effect.suspend(() => settle(done))

      // whether an owner of retries was at work when the limit was reached, once it is
      let owned: boolean | undefined
      const timer =
        millis === Infinity
          ? undefined
          : setTimer(call.clock, millis, () => {
              owned = call.owners > 0
              child.unsafeInterruptAsFork(parent.id())
            })
      return Effect.async((resume) => {
        // by an interruption that came before the child was known
        if (interrupted()) child.unsafeInterruptAsFork(parent.id())
        child.addObserver((exit) => {
          clearTimer(timer)
          resume(Effect.suspend(() => (owned === undefined ? settle(exit) : Effect.succeed(sequel.onLimit(owned)))))
        })
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
      onLimit: (owned) => Effect.fail(limit.error(owned))
    })
  })
