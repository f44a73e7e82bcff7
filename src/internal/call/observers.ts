/**
 * Reports calls to the `record` of their policy, and to the observers that layers have installed for all calls.
 *
 * @since 0.1.0
 */
import type * as Clock from "effect/Clock"
import type * as Effect from "effect/Effect"
import * as HashSet from "effect/HashSet"
import type { ApiError } from "../../ApiError.js"
import { currentCall, observersOf } from "./context.js"
import { monotonic } from "../clock.js"
import type { Workload, Step, Stopping, About, ModelResponse, Outcome, Call } from "./model.js"
import type { AnyFiber, Begun, Observed, Observer } from "./model.js"
import { type TokenSource, tokensOf } from "./spentTokens.js"

interface Observers {
  readonly all: ReadonlyArray<Observer>
  readonly late: boolean
}

const lists = new WeakMap<HashSet.HashSet<Observer>, Observers>()
// usually there is one set, and a lookup in the map costs as much as the report itself
let lastSet: HashSet.HashSet<Observer> | undefined
let lastList: Observers | undefined

/** Returns the observers of the calls made within `outer`; undefined without observers. */
const listOf = (outer: Call | undefined): Observers | undefined => {
  if (outer === undefined) return undefined
  const set = observersOf(outer)
  if (set === lastSet) return lastList
  if (HashSet.size(set) === 0) return undefined
  let list = lists.get(set)
  if (list === undefined) {
    const all = [...set]
    lists.set(set, (list = { all, late: all.every(({ late }) => late === true) }))
  }
  lastSet = set
  return (lastList = list)
}

type Record = ((outcome: Outcome) => void) | undefined

/** Tests whether the calls of a fiber are reported to a `record` function or to an observer. */
export const isObserved = (fiber: AnyFiber, record: Record): boolean =>
  record !== undefined || listOf(fiber.getFiberRef(currentCall)) !== undefined

const nothing: About = {}

/** The owner of a call, with what it knows when the call begins. */
export interface Owner {
  readonly fiber: AnyFiber
  readonly clock: Clock.Clock
  /** The current call of the fiber before this one began. */
  readonly outer: Call | undefined
  readonly startedAt: number
  readonly policy: { readonly workload: Workload; readonly record?: Record } & TokenSource
}

/** Makes the reporter of one call, or of the stream that it opens; undefined if there is nothing to report to. */
export const reportOf = (owner: Owner, of: Begun["of"]): CallReport | undefined => {
  const observers = listOf(owner.outer)
  if (observers === undefined && owner.policy.record === undefined) return undefined
  const one = new CallReport(owner)
  if (observers === undefined) return one
  const { about = nothing, workload } = owner.policy
  one.begun = { of, workload, about, at: owner.clock.unsafeCurrentTimeMillis() }
  one.pending = observers.all
  if (of === "stream" || !observers.late) one.begin()
  return one
}

const none: ReadonlyArray<never> = []
const silent: Observed = { notify: () => {} }

/** Runs a handler of an observer. Its exceptions must not fail the call. */
const safely = <A>(f: () => A): A | undefined => {
  try {
    return f()
  } catch {
    return undefined
  }
}

/** Reports one call to its observers. */
export class CallReport {
  readonly owner: Owner
  observed: ReadonlyArray<Observed> = none
  /** The start of the call, as observers receive it. */
  begun: Begun | undefined
  /** The observers that have not received the start yet. */
  pending: ReadonlyArray<Observer> = none
  attemptStartedAt = 0
  /** The response that was known when the current attempt began. */
  before: ModelResponse | undefined
  /** The time at which the last events of the stream arrived, for the observers that receive them. */
  chunkAt = 0
  /** True while an attempt has begun and its end has not been reported. */
  trying = false
  /** True once the end of the call has been reported. */
  ended = false
  composite = false
  /** The current call of the fibers of the current attempt. */
  call: Call | undefined
  fiberObserver: (() => void) | undefined

  constructor(owner: Owner) {
    this.owner = owner
  }

  /** Reports the start to the observers that have not received it yet. */
  begin(): void {
    const { begun, owner, pending } = this
    if (begun === undefined || pending === none) return
    this.pending = none
    const observed = Array<Observed>(pending.length)
    for (let i = 0; i < pending.length; i++) {
      try {
        observed[i] = pending[i]?.begin(begun, owner.fiber) ?? silent
      } catch {
        // an exception of an observer must not fail the call
        observed[i] = silent
      }
    }
    this.observed = observed
  }

  /** Records the start of an attempt, and wraps its effect for the observers. */
  try<A, E, R>(
    effect: Effect.Effect<A, E, R>,
    attempt: number,
    now: number,
    call: Call | undefined
  ): Effect.Effect<A, E, R> {
    this.trying = true
    this.attemptStartedAt = now
    this.before = this.owner.policy.about?.response
    this.call = call
    let wrapped = effect
    for (const { aroundAttempt } of this.observed) {
      if (aroundAttempt === undefined) continue
      const inner = wrapped
      wrapped = safely(() => aroundAttempt(attempt)(inner)) ?? inner
    }
    return wrapped
  }

  /**
   * Tests whether an observer has received the start. For a leaf the start is reported here and not with the first attempt:
   * watching its fiber costs less than a mask.
   */
  isBegun(leaf: boolean): boolean {
    if (leaf) this.begin()
    return this.observed.length > 0
  }

  /** True if an observer wraps the effect of the call. */
  get wraps(): boolean {
    return this.observed !== none && this.observed.some(({ aroundCall }) => aroundCall !== undefined)
  }

  around<A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    let wrapped = effect
    for (const { aroundCall } of this.observed) {
      if (aroundCall === undefined) continue
      const inner = wrapped
      wrapped = safely(() => aroundCall(inner)) ?? inner
    }
    return wrapped
  }

  waits(error: ApiError, step: Step, millis: number): void {
    const { about = nothing, workload } = this.owner.policy
    for (const { waits } of this.observed) {
      if (waits !== undefined) safely(() => waits({ about, workload, error, step, millis }))
    }
  }

  /** Reports events of a stream that arrived together. `isFirst` marks the first ones of an attempt. */
  chunks(count: number, isFirst: boolean): void {
    let millis: number | undefined
    for (const { chunks } of this.observed) {
      if (chunks === undefined) continue
      if (millis === undefined) {
        const now = monotonic(this.owner.clock)
        millis = now - this.chunkAt
        this.chunkAt = now
      }
      const since = isFirst ? undefined : millis
      safely(() => chunks(count, since))
    }
  }

  /** Reports a call whose last attempt succeeded. */
  succeed(attempt: number): void {
    const now = monotonic(this.owner.clock)
    this.notify("attempt", attempt, undefined, undefined, now)
    this.notify("call", attempt, undefined, undefined, now)
  }

  notify(
    of: Outcome["of"],
    attempt: number,
    error: ApiError | undefined,
    why?: Stopping,
    now = monotonic(this.owner.clock)
  ): void {
    this.ends(of)
    const outcome = this.outcome(of, attempt, error, why, now)
    const { record } = this.owner.policy
    if (record !== undefined) safely(() => record(outcome))
    for (const one of this.observed) {
      try {
        one.notify(outcome)
      } catch {
        // an exception of an observer must not fail the call
      }
    }
  }

  ends(of: Outcome["of"]): void {
    if (of === "attempt") {
      this.trying = false
      this.composite = this.call?.owned === true
    } else if (of === "call") {
      this.ended = true
      if (this.fiberObserver !== undefined) this.owner.fiber.removeObserver(this.fiberObserver)
    }
  }

  outcome(
    of: Outcome["of"],
    attempt: number,
    error: ApiError | undefined,
    why: Stopping | undefined,
    now: number
  ): Outcome {
    const { clock, policy, startedAt } = this.owner
    const { about = nothing, workload } = policy
    const at = this.begun?.at ?? clock.unsafeCurrentTimeMillis() - (now - startedAt)
    const millis = now - (of === "attempt" ? this.attemptStartedAt : startedAt)
    const tokens = tokensOf(of, policy, error, this.before)
    return { of, workload, about, attempt, error, why, at, millis, composite: this.composite, tokens }
  }

  /** Calls `onEnd` when the fiber ends, which reports an interruption between two attempts. */
  // A mask around the wait would stay in memory for every call that waits.
  watch(onEnd: () => void): void {
    if (this.fiberObserver !== undefined) return
    this.fiberObserver = onEnd
    this.owner.fiber.addObserver(onEnd)
  }
}
