/**
 * Runs an effect under a time limit, at the price of one child fiber and one timer.
 *
 * `Effect.timeoutFail` races two fibers and costs three times as much. The behaviour is the same: changes of `FiberRef`s come
 * back on success, and fibers that the effect forks end with it. An uninterruptible effect is awaited, the outcome is decided
 * once, and no fiber or timer is left behind.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import * as FiberRefs from "effect/FiberRefs"
import * as Runtime from "effect/Runtime"
import * as RuntimeFlags from "effect/RuntimeFlags"
import type { ApiError } from "../../ApiError.js"
import { inheritedFrom, currentCall, nested } from "./context.js"
import { afterPoll, clearTimer, monotonic, setTimer, type Timer } from "../clock.js"
import type { Workload, Call } from "./model.js"

// the flags that each fiber has of its own
const own = RuntimeFlags.WindDown | RuntimeFlags.Interruption

const unset: FiberRefs.FiberRefs = /*#__PURE__*/ FiberRefs.empty()

/** Tests whether a reference of the fiber has another value than at the start of the fiber. */
const changed = (before: FiberRefs.FiberRefs["locals"], after: FiberRefs.FiberRefs["locals"]): boolean => {
  let found = false
  // an iterator would make an array of each entry
  after.forEach(([[, value]], ref) => {
    const start = before.get(ref)
    // a reference that was set and set back has an entry now, and had none
    const initial: unknown = start === undefined ? FiberRefs.getOrDefault(unset, ref) : start[0][1]
    if (initial === value) return
    const isFlags = ref === FiberRef.currentRuntimeFlags && typeof initial === "number" && typeof value === "number"
    found ||= !isFlags || ((initial ^ value) & ~own) !== 0
  })
  return found
}

/** Continuations of an effect under a limit. */
export interface Sequel<A, E, B, E2, R2> {
  /**
   * Milliseconds after the limit in which an owner of retries inside may still fail by itself. It has the same limit, and its
   * error says how far the call got. Absent means none.
   */
  readonly grace?: number
  /** Called just before the effect begins. After it, one of the other functions is called. */
  readonly onStart?: () => void
  readonly onSuccess: (exit: Exit.Success<A, E>) => Effect.Effect<B, E2, R2>
  readonly onFailure: (cause: Cause.Cause<E>) => Effect.Effect<B, E2, R2>
  /** Continues after the limit, once the effect has ended. `owned` is true if an owner of retries was active inside. */
  readonly onLimit: (owned: boolean) => Effect.Effect<B, E2, R2>
  /** Called if the parent was interrupted, and with it the effect. */
  readonly onInterrupt?: () => void
}

/**
 * Key of a function in a policy of `Reliability` that completes the error of an attempt that timed out. The function knows the
 * request of the attempt and how far the attempt got.
 */
export const onLimitKey: unique symbol = Symbol.for("effect-reliability/OnLimit")

/** A policy with such a function. */
export interface WithOnLimit {
  readonly [onLimitKey]?: ((error: ApiError) => ApiError) | undefined
}

// A child that starts at once uses the stack of its parent, which about eight hundred levels would overflow. One child in so
// many levels starts with an empty stack instead.
const levelsOnOneStack = 64

/** Milliseconds after which a timer is taken to have been held up. */
export const late = 10

type AnyFiber = Fiber.RuntimeFiber<unknown, unknown>

// `Effect.exit` with no closures of its own
const asExit = {
  onFailure: <E>(cause: Cause.Cause<E>) => Effect.succeed(Exit.failCause(cause)),
  onSuccess: <A>(value: A) => Effect.succeed(Exit.succeed(value))
}

export type Child<A, E> = Fiber.RuntimeFiber<Exit.Exit<A, E>>

/** The references of a child at its start; absent before. */
export interface Started {
  before: FiberRefs.FiberRefs["locals"] | undefined
}

/**
 * Starts a child at once, as part of a call if one is given. Its parent does not wait for it yet, so an exception here would
 * leave it running.
 */
export const startChild = <A, E, R>(
  started: Started,
  effect: Effect.Effect<A, E, R>,
  parent: AnyFiber,
  flags: RuntimeFlags.RuntimeFlags,
  call: Call | undefined
): Child<A, E> =>
  Runtime.runFork(
    Runtime.make({
      // the context of a fiber that runs this holds what its effects require
      context: parent.currentContext as Context.Context<R>,
      runtimeFlags: RuntimeFlags.disable(flags, RuntimeFlags.Interruption),
      fiberRefs: parent.getFiberRefs()
    }),
    Effect.matchCauseEffect<A, E, R, Exit.Exit<A, E>, never, never, Exit.Exit<A, E>, never, never>(
      RuntimeFlags.interruption(flags) ? Effect.interruptible(effect) : effect,
      asExit
    ),
    {
      immediate: (call?.depth ?? 1) % levelsOnOneStack !== 0,
      updateRefs: (refs, id) => {
        const updated =
          call === undefined ? refs : FiberRefs.updateAs(refs, { fiberId: id, fiberRef: currentCall, value: call })
        started.before = updated.locals
        return updated
      }
    }
  )

/** Brings the changes of references of a child that has ended to its parent, before the effect that follows. */
export const inheriting = <A, E, B, E2, R2>(
  { before }: Started,
  child: Child<A, E>,
  next: Effect.Effect<B, E2, R2>
): Effect.Effect<Effect.Effect<B, E2, R2>> =>
  before !== undefined && changed(before, child.getFiberRefs().locals)
    ? Effect.as(Fiber.inheritAll(child), next)
    : Effect.succeed(next)

/** Returns the interruptions that a fiber has received. */
export const interruptionsOf = (fiber: AnyFiber): unknown => fiber.getFiberRef(FiberRef.interruptedCause)

/** One run of an effect under a limit. A class with few closures, since there is one for each call that waits. */
class Watch<A, E, R, B, E2, R2> {
  readonly effect: Effect.Effect<A, E, R>
  readonly parent: AnyFiber
  readonly flags: RuntimeFlags.RuntimeFlags
  readonly call: Call
  readonly millis: number
  readonly sequel: Sequel<A, E, B, E2, R2>
  readonly interruptions: unknown
  before: FiberRefs.FiberRefs["locals"] | undefined
  child: Child<A, E> | undefined
  timer: Timer | undefined
  /** True if an owner of retries was active when the limit was reached; `undefined` before. */
  owned: boolean | undefined

  constructor(
    effect: Effect.Effect<A, E, R>,
    parent: AnyFiber,
    flags: RuntimeFlags.RuntimeFlags,
    call: Call,
    millis: number,
    sequel: Sequel<A, E, B, E2, R2>,
    // read before the mask, so that an interruption between the two is not lost
    interruptions: unknown = interruptionsOf(parent)
  ) {
    this.effect = effect
    this.parent = parent
    this.flags = flags
    this.call = call
    this.millis = millis
    this.sequel = sequel
    this.interruptions = interruptions
  }

  run(): Effect.Effect<Effect.Effect<B, E2, R2>, E2> {
    const { call, millis, sequel } = this
    sequel.onStart?.()
    const child = startChild(this, this.effect, this.parent, this.flags, call)
    this.child = child
    const done = child.unsafePoll()
    if (done !== null) return Effect.suspend(() => this.settle(done))
    if (millis !== Infinity) this.timer = setTimer(call.clock, millis, () => this.reach())
    child.addObserver(() => clearTimer(this.timer))
    const ended = Effect.async<void>((resume) => child.addObserver(() => resume(Effect.void)))
    const next = () => this.next(child)
    // also in an uninterruptible region, because an interruption of the parent ends interruptible parts of the effect
    return Effect.matchCauseEffect(Effect.interruptible(ended), { onSuccess: next, onFailure: next })
  }

  /** Continues once the child has ended or the parent was interrupted. */
  next(child: Child<A, E>): Effect.Effect<Effect.Effect<B, E2, R2>, E2> {
    const exit = child.unsafePoll()
    if (exit !== null) return this.settle(exit)
    // an uninterruptible parent continues, and its limit still applies
    if (RuntimeFlags.interruption(this.flags)) clearTimer(this.timer)
    // a parent that was interrupted before the child began is running its finalizers, and the child is one of them
    if (this.interrupted()) this.stop()
    return Effect.flatMap(Fiber.await(child), (exit) => this.settle(exit))
  }

  reach(): void {
    const { clock, endsAt, owners } = this.call
    const { grace } = this.sequel
    // what arrived while the event loop was blocked is in time; otherwise nothing more begins from now on
    if (grace !== undefined && owners > 0) this.timer = setTimer(clock, grace, () => this.end())
    else if (monotonic(clock) - endsAt < late) this.end()
    else this.timer = afterPoll(clock, () => this.end())
  }

  end(): void {
    if (this.child?.unsafePoll() !== null) return
    this.owned = this.call.owners > 0
    this.stop()
  }

  stop(): void {
    this.child?.unsafeInterruptAsFork(this.parent.id())
  }

  interrupted(): boolean {
    return interruptionsOf(this.parent) !== this.interruptions
  }

  settle(exit: Exit.Exit<Exit.Exit<A, E>>): Effect.Effect<Effect.Effect<B, E2, R2>, E2> {
    const { call, child, owned, sequel } = this
    // fibers that the child forked may still run
    call.endsAt = -Infinity
    if (owned !== undefined) return Effect.succeed(sequel.onLimit(owned))
    const result = Exit.flatten(exit)
    if (result._tag === "Failure") {
      if (!this.interrupted() || Cause.isFailure(result.cause)) return Effect.succeed(sequel.onFailure(result.cause))
      // nothing follows an interruption, and the mask would hide a defect of the effect's finalizers
      sequel.onInterrupt?.()
      return Effect.failCause(result.cause as Cause.Cause<never>)
    }
    const next = sequel.onSuccess(result)
    return child === undefined ? Effect.succeed(next) : inheriting(this, child, next)
  }
}

/** Runs an effect as part of a call for at most `millis` milliseconds; `Infinity` means without a limit. */
export const limited = <A, E, R, B, E2, R2>(
  effect: Effect.Effect<A, E, R>,
  parent: AnyFiber,
  flags: RuntimeFlags.RuntimeFlags,
  call: Call,
  millis: number,
  sequel: Sequel<A, E, B, E2, R2>
): Effect.Effect<B, E2, R | R2> => {
  const watch = new Watch(effect, parent, flags, call, millis, sequel)
  // The continuation runs outside of the mask; inside, each attempt would nest in the previous one.
  return Effect.flatten(Effect.uninterruptible(Effect.suspend(() => watch.run())))
}

/**
 * Does the same inside a mask of the caller. `interruptions` are those before the mask. The returned effect runs outside of the
 * mask.
 */
export const limitedWithin = <A, E, R, B, E2, R2>(
  effect: Effect.Effect<A, E, R>,
  parent: AnyFiber,
  flags: RuntimeFlags.RuntimeFlags,
  call: Call,
  millis: number,
  sequel: Sequel<A, E, B, E2, R2>,
  interruptions: unknown
): Effect.Effect<Effect.Effect<B, E2, R2>, E2, R> =>
  new Watch(effect, parent, flags, call, millis, sequel, interruptions).run()

/** Limits an effect. `error` receives true if an owner of retries was active inside. */
export const limitedTo = <A, E, R, E2>(
  effect: Effect.Effect<A, E, R>,
  limit: { readonly millis: number; readonly workload?: Workload; readonly error: (owned: boolean) => E2 }
): Effect.Effect<A, E | E2, R> =>
  Effect.withFiberRuntime((parent, status) => {
    const outer = parent.getFiberRef(currentCall)
    const inherited = inheritedFrom(outer, parent)
    const call = nested(outer, { ...inherited, workload: limit.workload ?? inherited.workload }, limit.millis)
    return limited<A, E, R, A, E | E2, never>(effect, parent, status.runtimeFlags, call, limit.millis, {
      onSuccess: (exit) => exit,
      onFailure: Effect.failCause,
      onLimit: (owned) => Effect.fail(limit.error(owned))
    })
  })
