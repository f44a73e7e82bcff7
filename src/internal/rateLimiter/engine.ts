/**
 * The keys of one rate limiter, each with its own queue.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import { currentFiber, notify } from "../call/notices.js"
import type { HeapNode } from "../heap.js"
import { type Host, Lane, type Refusal, type Waiter } from "./lane.js"
import { initial, type Settings, unbounded } from "./machine.js"
import type { Brake, Cost, Resource, Ticket } from "./model.js"
import { Pass } from "./pass.js"
import { SharedLane, type Sharing } from "./sharedLane.js"

/** A request for the admission of one attempt. */
export interface Entry {
  readonly key: string
  readonly cost: Cost
  /** The slack of the class, in milliseconds. */
  readonly slack: number
  /** The time within which the attempt must begin, in milliseconds. */
  readonly left: number
  /** The place in the queue of an earlier attempt of the same call; absent for the first attempt. */
  readonly order: number | undefined
}

export interface EngineOptions<T> {
  readonly settings: Settings
  /** The maximum number of waiting calls of a key. */
  readonly most: number
  /** Milliseconds after which an idle key is forgotten. */
  readonly idle: number
  readonly host: Host<T>
  /** The store of the states; absent if this limiter keeps them. */
  readonly sharing: Sharing | undefined
}

/**
 * The state of one key of a limiter.
 *
 * @since 0.2.0
 * @category model
 */
export interface KeyDescription {
  readonly key: string
  /** The number of calls in flight; with a store, those of all processes. */
  readonly inFlight: number
  readonly waiting: number
  /** The current pace of each resource, and the limit from headers or options if one is known. */
  readonly paces: ReadonlyArray<{
    readonly resource: Resource
    readonly perSecond: number
    readonly limitPerSecond: number | undefined
  }>
  /** The maximum number of calls in flight; absent if there is no maximum. */
  readonly window: number | undefined
  /** The milliseconds that are left of a pause, in which only a probe is admitted. */
  readonly pausedFor: number
  /** The number of calls admitted since the key was created. */
  readonly admitted: number
  /** The number of these calls that waited. */
  readonly waited: number
  /** The sum of their waits, in milliseconds. */
  readonly waitedMillis: number
  /** The number of calls that the server refused. */
  readonly serverRefusals: number
  /** The number of calls that the limiter refused, by the brake that held them back. */
  readonly refused: { readonly [B in Brake]?: number }
  /** The number of times that the store of the key became unavailable; 0 without a store. */
  readonly outages: number
}

/** Restores the interruptibility that an effect had before a mask. */
export type Restore = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

type ToError<T, E> = (lane: Lane<T>, refusal: Refusal, left: number) => E

/** A call that waits. A class with few closures, since there may be thousands. */
class Waiting<T, E> implements Waiter {
  readonly order: number
  readonly cost: Cost
  readonly deadline: number
  heldBy: Brake | undefined
  since = 0
  inQueue: HeapNode<Waiter> | undefined
  inDeadlines: HeapNode<Waiter> | undefined
  readonly #lane: Lane<T>
  readonly #left: number
  readonly #toError: ToError<T, E>
  #resume: ((end: Effect.Effect<Pass | E>) => void) | undefined
  #pass: Pass | undefined

  constructor(lane: Lane<T>, { cost, left, order, slack }: Entry, toError: ToError<T, E>) {
    const now = lane.host.now()
    this.order = order ?? now + slack
    this.cost = cost
    this.deadline = now + left
    this.#lane = lane
    this.#left = left
    this.#toError = toError
  }

  begin(resume: (end: Effect.Effect<Pass | E>) => void): void {
    this.#resume = resume
    this.#lane.wait(this)
  }

  admitted(ticket: Ticket): void {
    this.#pass = new Pass(this.#lane, ticket, this.order)
    this.#resume?.(Effect.succeed(this.#pass))
  }

  refused(refusal: Refusal): void {
    this.#resume?.(Effect.succeed(this.#toError(this.#lane, refusal, this.#left)))
  }

  /** Removes the call from the queue. The fiber may be interrupted between the admission and its next step. */
  leave(): void {
    if (this.#pass === undefined) this.#lane.leave(this)
    else this.#pass.cancel()
  }
}

export class Engine<T, E> {
  readonly #options: EngineOptions<T>
  readonly #toError: ToError<T, E>
  readonly #lanes = new Map<string, Lane<T>>()
  #sweptAt = -Infinity

  constructor(options: EngineOptions<T>, toError: ToError<T, E>) {
    this.#options = options
    this.#toError = toError
  }

  /** Admits a call at once, or returns `undefined`. */
  enter(entry: Entry): Pass | undefined {
    const lane = this.#laneOf(entry.key)
    const ticket = lane.tryAdmit(entry.cost)
    return ticket && new Pass(lane, ticket, entry.order ?? ticket.at + entry.slack)
  }

  /** Tests whether there is room for a call that is not needed, such as a second copy. */
  isFree({ cost, key }: Pick<Entry, "cost" | "key">): boolean {
    return this.#lanes.get(key)?.isFree(cost) ?? true
  }

  /**
   * Waits until a call is admitted or refused, and continues with `next`. It must run within a mask, so that `next`
   * loses no pass. `restore` is applied to the wait.
   */
  wait<A, E2, R>(
    entry: Entry,
    restore: Restore,
    next: (end: Pass | E) => Effect.Effect<A, E2, R>
  ): Effect.Effect<A, E2, R> {
    const waiting = new Waiting(this.#laneOf(entry.key), entry, this.#toError)
    // without the finalizer of `Effect.async`, which would double the cost of a wait
    const end = Effect.async<Pass | E>((resume) => waiting.begin(resume))
    return Effect.matchCauseEffect(restore(end), {
      onSuccess: next,
      onFailure: (cause) => {
        waiting.leave()
        return Effect.failCause(cause)
      }
    })
  }

  describe(): ReadonlyArray<KeyDescription> {
    const now = this.#options.host.now()
    return Array.from(this.#lanes, ([key, { counts, state, waiting }]) => {
      const window = Math.min(state.concurrency, Math.floor(state.window))
      return {
        key,
        inFlight: state.inFlight,
        waiting,
        paces: state.paces.map(({ limit, rate, resource }) => ({
          resource,
          perSecond: rate,
          limitPerSecond: limit
        })),
        window: window >= unbounded ? undefined : window,
        pausedFor: Math.max(0, state.until - now),
        ...counts,
        refused: { ...counts.refused }
      }
    })
  }

  #laneOf(key: string): Lane<T> {
    const known = this.#lanes.get(key)
    if (known !== undefined) return known
    this.#sweep()
    const { host, most, settings, sharing } = this.#options
    const lane =
      sharing === undefined
        ? new Lane({ ...initial(settings), at: host.now() }, host, most)
        : new SharedLane(key, sharing, host, most)
    lane.onPause = (millis, by) => notify({ _tag: "Paused", key, millis, by }, currentFiber())
    this.#lanes.set(key, lane)
    return lane
  }

  /** Removes the keys that were not used for `idle` milliseconds. */
  #sweep(): void {
    const { host, idle } = this.#options
    const now = host.now()
    if (now - this.#sweptAt < idle / 2) return
    this.#sweptAt = now
    for (const [key, lane] of this.#lanes) {
      if (!lane.isBusy && now - lane.state.at >= idle) this.#lanes.delete(key)
    }
  }
}
