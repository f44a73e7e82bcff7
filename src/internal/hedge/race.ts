/**
 * A race of two copies of an effect, the second of which begins only if the first is slow.
 *
 * Each copy has a fiber of its own, so that the loser can be interrupted. A call that ends before the delay costs one fiber and
 * one timer.
 *
 * @since 0.2.0
 */
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type * as RuntimeFlags from "effect/RuntimeFlags"
import type { AnyFiber, Call } from "../call/model.js"
import { type Child, inheriting, interruptionsOf, late, type Started, startChild } from "../call/timeLimit.js"
import { afterPoll, clearTimer, monotonic, setTimer, type Timer } from "../clock.js"
import type { Copy } from "./model.js"

/** The decisions of a race. */
export interface Plan<A, B, R> {
  readonly clock: Clock.Clock
  readonly startedAt: number
  /** Milliseconds after which the second copy begins. */
  readonly delay: number
  /** Returns the second copy and the call that it is part of; `undefined` if it must not begin. */
  readonly second: () => { readonly call: Call; readonly before: Effect.Effect<unknown, never, R> } | undefined
  /** Called once, when the outcome is known. `by` is absent if no copy succeeded. */
  readonly onEnd: (by: Copy | undefined) => void
  readonly onSuccess: (value: A, by: Copy) => B
  /** Releases the value of a copy that succeeded and was not needed. */
  readonly discard: ((value: A) => Effect.Effect<unknown>) | undefined
}

/** A copy that has begun. */
class Running<A, E> implements Started {
  readonly by: Copy
  before: Started["before"]
  child: Child<A, E> | undefined
  /** The call that the copy is part of; absent for the first copy. */
  call: Call | undefined

  constructor(by: Copy, call?: Call) {
    this.by = by
    this.call = call
  }

  get exit(): Exit.Exit<A, E> | undefined {
    const done = this.child?.unsafePoll()
    return done === null || done === undefined ? undefined : Exit.flatten(done)
  }
}

export class Race<A, E, R, B> {
  readonly #effect: Effect.Effect<A, E, R>
  readonly #parent: AnyFiber
  readonly #flags: RuntimeFlags.RuntimeFlags
  readonly #plan: Plan<A, B, R>
  // read before the mask, so that an interruption between the two is not lost
  readonly #interruptions: unknown
  readonly #first: Running<A, E> = new Running<A, E>("first")
  #second: Running<A, E> | undefined
  #timer: Timer | undefined
  #decided: Running<A, E> | undefined
  #resume: ((effect: Effect.Effect<void>) => void) | undefined

  constructor(effect: Effect.Effect<A, E, R>, parent: AnyFiber, flags: RuntimeFlags.RuntimeFlags, plan: Plan<A, B, R>) {
    this.#effect = effect
    this.#parent = parent
    this.#flags = flags
    this.#plan = plan
    this.#interruptions = interruptionsOf(parent)
  }

  /** Runs the race. It runs under a mask, and the effect that it returns outside of it. */
  run(): Effect.Effect<Effect.Effect<B, E>, E> {
    this.#begin(this.#first, this.#effect)
    if (this.#decided !== undefined) return this.#settle(this.#decided)
    const { clock, delay } = this.#plan
    this.#timer = setTimer(clock, delay, () => this.#reach())
    const next = () => (this.#decided === undefined ? this.#interrupted() : this.#settle(this.#decided))
    // also in an uninterruptible region, because an interruption of the parent ends interruptible parts of the copies
    return Effect.matchCauseEffect(Effect.interruptible(this.#decision), { onSuccess: next, onFailure: next })
  }

  readonly #decision: Effect.Effect<void> = Effect.async<void>((resume) => {
    if (this.#decided !== undefined) resume(Effect.void)
    else this.#resume = resume
  })

  #begin(copy: Running<A, E>, effect: Effect.Effect<A, E, R>): void {
    copy.child = startChild(copy, effect, this.#parent, this.#flags, copy.call)
    copy.child.addObserver(() => this.#onEnd(copy))
  }

  #reach(): void {
    const { clock, delay, startedAt } = this.#plan
    // a response that arrived while the event loop was blocked makes a second copy needless
    if (monotonic(clock) - startedAt - delay < late) this.#hedge()
    else this.#timer = afterPoll(clock, () => this.#hedge())
  }

  #hedge(): void {
    if (this.#decided !== undefined) return
    const second = this.#plan.second()
    if (second === undefined) return
    this.#second = new Running("hedge", second.call)
    this.#begin(this.#second, Effect.zipRight(second.before, this.#effect))
  }

  #onEnd(copy: Running<A, E>): void {
    if (this.#decided !== undefined) return
    const other = copy === this.#first ? this.#second : this.#first
    const isSuccess = copy.exit?._tag === "Success"
    // one copy waits for the other; if both fail, the error is that of the first
    if (!isSuccess && other !== undefined && other.exit === undefined) return
    this.#decided = isSuccess ? copy : this.#first
    clearTimer(this.#timer)
    this.#plan.onEnd(isSuccess ? copy.by : undefined)
    if (other?.exit === undefined) this.#stop(other)
    this.#resume?.(Effect.void)
  }

  #stop(copy: Running<A, E> | undefined): void {
    copy?.child?.unsafeInterruptAsFork(this.#parent.id())
  }

  /** Continues after an interruption of the parent. An uninterruptible copy still decides the call. */
  #interrupted(): Effect.Effect<Effect.Effect<B, E>, E> {
    // a parent that was interrupted before the race began is running its finalizers, and the race is part of one
    if (interruptionsOf(this.#parent) !== this.#interruptions) {
      clearTimer(this.#timer)
      this.#stop(this.#first)
      this.#stop(this.#second)
    }
    return Effect.flatMap(this.#decision, () => this.#settle(this.#decided ?? this.#first))
  }

  #settle(decided: Running<A, E>): Effect.Effect<Effect.Effect<B, E>, E> {
    const loser = decided === this.#first ? this.#second : this.#first
    if (loser?.child === undefined) return this.#finish(decided)
    // the call ends when its loser has: nothing of a call runs on after its end
    return Effect.flatMap(Fiber.await(loser.child), () => {
      if (this.#second?.call !== undefined) this.#second.call.endsAt = -Infinity
      const { discard } = this.#plan
      const finish = this.#finish(decided)
      const { exit } = loser
      return discard === undefined || exit?._tag !== "Success" ? finish : Effect.zipRight(discard(exit.value), finish)
    })
  }

  #finish(decided: Running<A, E>): Effect.Effect<Effect.Effect<B, E>, E> {
    const { by, child, exit } = decided
    // a race settles after the copy that decided it has ended
    if (child === undefined || exit === undefined) return Effect.interrupt
    if (exit._tag === "Success") {
      return inheriting(decided, child, Effect.succeed(this.#plan.onSuccess(exit.value, by)))
    }
    const failure = Effect.failCause(exit.cause)
    // nothing follows an interruption, and the mask would hide a defect of the finalizers
    return interruptionsOf(this.#parent) === this.#interruptions ? Effect.succeed(failure) : failure
  }
}

/** Runs a race as part of the fiber that made it. */
export const run = <A, E, R, B>(race: Race<A, E, R, B>): Effect.Effect<B, E, R> =>
  // the continuation runs outside of the mask
  Effect.flatten(Effect.uninterruptible(Effect.suspend(() => race.run())))
