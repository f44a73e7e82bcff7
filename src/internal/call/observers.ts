/**
 * Who is told of calls: a policy's own `record`, and those that layers have installed for all calls.
 *
 * @since 0.1.0
 */
import type * as Clock from "effect/Clock"
import type * as Effect from "effect/Effect"
import * as HashSet from "effect/HashSet"
import type { ApiError } from "../../ApiError.js"
import { currentCall, observersOf } from "./context.js"
import { monotonic, wallAt } from "../clock.js"
import type { Workload, Step, Stopping, About, Outcome, Call } from "./model.js"
import type { AnyFiber, Begun, Observed, Observer } from "./model.js"

interface Observers {
  readonly all: ReadonlyArray<Observer>
  readonly late: boolean
}

const lists = new WeakMap<HashSet.HashSet<Observer>, Observers>()
// mostly there is one, and a look into the map costs as much as what is told
let lastSet: HashSet.HashSet<Observer> | undefined
let lastList: Observers | undefined

/** The observers of what is called within a call; nothing where there are none. */
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

/** Whether anybody is told of a fiber's calls. */
export const isObserved = (fiber: AnyFiber, record: Record): boolean =>
  record !== undefined || listOf(fiber.getFiberRef(currentCall)) !== undefined

const nothing: About = {}

/** A call, as its owner knows it. */
export interface Told {
  readonly fiber: AnyFiber
  readonly clock: Clock.Clock
  /** What its fiber knew before it began. */
  readonly outer: Call | undefined
  readonly startedAt: number
  readonly policy: { readonly workload: Workload; readonly about?: About | undefined; readonly record?: Record }
}

/** What is told of one call, or of the stream that it opens; undefined where nobody listens. */
export const telling = (told: Told, of: Begun["of"]): Telling | undefined => {
  const observers = listOf(told.outer)
  if (observers === undefined && told.policy.record === undefined) return undefined
  const one = new Telling(told)
  if (observers === undefined) return one
  const { about = nothing, workload } = told.policy
  one.begun = { of, workload, about, at: wallAt(told.clock, told.startedAt) }
  one.pending = observers.all
  if (of === "stream" || !observers.late) one.begin()
  return one
}

const none: ReadonlyArray<never> = []
const silent: Observed = { tell: () => {} }

/** An observer breaks no call. */
const safely = <A>(f: () => A): A | undefined => {
  try {
    return f()
  } catch {
    return undefined
  }
}

/** One call, as those who observe it are told. */
export class Telling {
  readonly told: Told
  observed: ReadonlyArray<Observed> = none
  /** What observers are told of the beginning. */
  begun: Begun | undefined
  /** Who has not been told of it yet. */
  pending: ReadonlyArray<Observer> = none
  triedAt = 0
  /** Whether an attempt has begun whose end was not told yet. */
  trying = false
  /** Whether the call's end was told. */
  ended = false
  composite = false
  /** What the fibers of the present attempt know of their call. */
  call: Call | undefined
  observer: (() => void) | undefined

  constructor(told: Told) {
    this.told = told
  }

  /** Tells those who do not know yet that it begins. */
  begin(): void {
    const { begun, pending, told } = this
    if (begun === undefined || pending === none) return
    this.pending = none
    const observed = Array<Observed>(pending.length)
    for (let i = 0; i < pending.length; i++) {
      try {
        observed[i] = pending[i]?.begin(begun, told.fiber) ?? silent
      } catch {
        // an observer breaks no call
        observed[i] = silent
      }
    }
    this.observed = observed
  }

  /** What an attempt that begins runs in. */
  try<A, E, R>(
    effect: Effect.Effect<A, E, R>,
    attempt: number,
    now: number,
    call: Call | undefined
  ): Effect.Effect<A, E, R> {
    this.trying = true
    this.triedAt = now
    this.call = call
    let wrapped = effect
    for (const { aroundTry } of this.observed) {
      if (aroundTry === undefined) continue
      const inner = wrapped
      wrapped = safely(() => aroundTry(attempt)(inner)) ?? inner
    }
    return wrapped
  }

  /** Whether anybody was told that it begins, which is not put off for a leaf: to watch that costs less than to mask it. */
  isBegun(leaf: boolean): boolean {
    if (leaf) this.begin()
    return this.observed.length > 0
  }

  /** Whether the call runs in something. */
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
    const { about = nothing, workload } = this.told.policy
    for (const { waits } of this.observed) {
      if (waits !== undefined) safely(() => waits({ about, workload, error, step, millis }))
    }
  }

  /** Tells of a call whose last attempt succeeded. */
  succeed(attempt: number): void {
    const now = monotonic(this.told.clock)
    if (attempt > 1 || this.told.policy.record !== undefined) {
      this.tell("attempt", attempt, undefined, undefined, now)
      this.tell("call", attempt, undefined, undefined, now)
      return
    }
    this.ends("attempt")
    this.ends("call")
    const outcome = this.outcome("call", 1, undefined, undefined, now)
    for (const one of this.observed) {
      if (one.tellBoth === undefined) {
        safely(() => one.tell({ ...outcome, of: "attempt" }))
        safely(() => one.tell(outcome))
        continue
      }
      try {
        one.tellBoth(outcome)
      } catch {
        // an observer breaks no call
      }
    }
  }

  tell(
    of: Outcome["of"],
    attempt: number,
    error: ApiError | undefined,
    why?: Stopping,
    now = monotonic(this.told.clock)
  ): void {
    this.ends(of)
    const outcome = this.outcome(of, attempt, error, why, now)
    const { record } = this.told.policy
    if (record !== undefined) safely(() => record(outcome))
    for (const one of this.observed) {
      try {
        one.tell(outcome)
      } catch {
        // an observer breaks no call
      }
    }
  }

  ends(of: Outcome["of"]): void {
    if (of === "attempt") {
      this.trying = false
      this.composite = this.call?.owned === true
    } else if (of === "call") {
      this.ended = true
      if (this.observer !== undefined) this.told.fiber.removeObserver(this.observer)
    }
  }

  outcome(
    of: Outcome["of"],
    attempt: number,
    error: ApiError | undefined,
    why: Stopping | undefined,
    now: number
  ): Outcome {
    const { clock, policy, startedAt } = this.told
    const { about = nothing, workload } = policy
    const at = this.begun?.at ?? clock.unsafeCurrentTimeMillis() - (now - startedAt)
    const millis = now - (of === "attempt" ? this.triedAt : startedAt)
    return { of, workload, about, attempt, error, why, at, millis, composite: this.composite }
  }

  // Between two attempts the end of the fiber tells of an interruption, which nothing but its finalizers follows: a mask around
  // the wait would be held by all that wait.
  watch(onEnd: () => void): void {
    if (this.observer !== undefined) return
    this.observer = onEnd
    this.told.fiber.addObserver(onEnd)
  }
}
