/**
 * Who is told of calls: a policy's own `record`, and those that layers have installed for all calls.
 *
 * @since 0.1.0
 */
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import { globalValue } from "effect/GlobalValue"
import * as HashSet from "effect/HashSet"
import type { ApiError } from "../ApiError.js"
import type { About, Outcome } from "../Reliability.js"
import type { Step, Stopping } from "../Retry.js"
import type { Workload } from "../Workload.js"
import type { Call } from "./call.js"
import { monotonic } from "./time.js"

type AnyFiber = Fiber.RuntimeFiber<unknown, unknown>

/** What a call, or a try of one, runs in, such as a span. */
export type Around = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

/** A call that begins. */
export interface Begun {
  readonly workload: Workload
  readonly about: About
}

/** A wait that begins after a try. */
export interface Waiting extends Begun {
  readonly error: ApiError
  readonly step: Step
  readonly millis: number
}

/** What one who observes does about one call. None of it may throw: what it throws is ignored. */
export interface Observed {
  /** Told each try and the call once, however they end. */
  readonly tell: (outcome: Outcome) => void
  readonly waits?: ((waiting: Waiting) => void) | undefined
  readonly aroundCall?: Around | undefined
  readonly aroundTry?: ((attempt: number) => Around) | undefined
}

/** One who observes all calls. */
export interface Observer {
  readonly begin: (begun: Begun) => Observed
}

/** A set, so that layers that are built side by side do not replace each other's. */
export const currentObservers: FiberRef.FiberRef<HashSet.HashSet<Observer>> = /*#__PURE__*/ globalValue(
  /*#__PURE__*/ Symbol.for("effect-reliability/Observers"),
  () => FiberRef.unsafeMakeHashSet<Observer>(HashSet.empty())
)

const lists = new WeakMap<HashSet.HashSet<Observer>, ReadonlyArray<Observer>>()

/** The observers of a fiber's calls; nothing where there are none. */
const observersOf = (fiber: AnyFiber): ReadonlyArray<Observer> | undefined => {
  const set = fiber.getFiberRef(currentObservers)
  if (HashSet.size(set) === 0) return undefined
  let list = lists.get(set)
  if (list === undefined) lists.set(set, (list = [...set]))
  return list
}

type Record = ((outcome: Outcome) => void) | undefined

/** Whether anybody is told of a fiber's calls. */
export const isObserved = (fiber: AnyFiber, record: Record): boolean =>
  record !== undefined || HashSet.size(fiber.getFiberRef(currentObservers)) > 0

const nothing: About = {}

/** A call, as its owner knows it. */
export interface Told {
  readonly fiber: AnyFiber
  readonly clock: Clock.Clock
  readonly startedAt: number
  readonly policy: { readonly workload: Workload; readonly about?: About | undefined; readonly record?: Record }
}

/** What is told of one call; undefined where nobody listens. */
export const telling = (told: Told): Telling | undefined => {
  const observers = observersOf(told.fiber)
  if (observers === undefined) return told.policy.record === undefined ? undefined : new Telling(told, none)
  const { about = nothing, workload } = told.policy
  const begun: Begun = { workload, about }
  const observed: Array<Observed> = []
  for (const observer of observers) {
    const one = safely(() => observer.begin(begun))
    if (one !== undefined) observed.push(one)
  }
  return new Telling(told, observed)
}

const none: ReadonlyArray<Observed> = []

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
  readonly observed: ReadonlyArray<Observed>
  triedAt = 0
  /** Whether a try has begun whose end was not told yet. */
  trying = false
  /** Whether the call's end was told. */
  ended = false
  composite = false
  /** What the fibers of the present try know of their call. */
  call: Call | undefined
  observer: (() => void) | undefined

  constructor(told: Told, observed: ReadonlyArray<Observed>) {
    this.told = told
    this.observed = observed
  }

  /** What a try that begins runs in. */
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

  /** Whether the call runs in something. */
  get wraps(): boolean {
    return this.observed.some(({ aroundCall }) => aroundCall !== undefined)
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

  tell(of: Outcome["of"], attempt: number, error: ApiError | undefined, why?: Stopping): void {
    const { clock, fiber, policy, startedAt } = this.told
    const { about = nothing, record, workload } = policy
    if (of === "try") {
      this.trying = false
      this.composite = this.call?.owned === true
    } else if (of === "call") {
      this.ended = true
      if (this.observer !== undefined) fiber.removeObserver(this.observer)
    }
    const now = monotonic(clock)
    const at = clock.unsafeCurrentTimeMillis() - (now - startedAt)
    const millis = now - (of === "try" ? this.triedAt : startedAt)
    const outcome: Outcome = { of, workload, about, attempt, error, why, at, millis, composite: this.composite }
    if (record !== undefined) safely(() => record(outcome))
    for (const one of this.observed) safely(() => one.tell(outcome))
  }

  // Between two tries the end of the fiber tells of an interruption, which nothing but its finalizers follows: a mask around
  // the wait would be held by all that wait.
  watch(onEnd: () => void): void {
    if (this.observer !== undefined) return
    this.observer = onEnd
    this.told.fiber.addObserver(onEnd)
  }
}
