/**
 * The keys of one rate limiter, each with its own queue.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import { currentFiber, notify } from "../call/notices.js"
import { type Host, Lane, type Refusal, waiter } from "./lane.js"
import { initial, type Settings, unbounded } from "./machine.js"
import type { Brake, Cost, Resource } from "./model.js"
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

export class Engine<T, E> {
  readonly #options: EngineOptions<T>
  readonly #toError: (lane: Lane<T>, refusal: Refusal, left: number) => E
  readonly #lanes = new Map<string, Lane<T>>()
  #sweptAt = -Infinity

  constructor(options: EngineOptions<T>, toError: (lane: Lane<T>, refusal: Refusal, left: number) => E) {
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

  /** Waits until a call is admitted. An interruption removes the call from the queue, or returns its admission. */
  wait({ cost, key, left, order: place, slack }: Entry): Effect.Effect<Pass, E> {
    return Effect.async<Pass, E>((resume) => {
      const lane = this.#laneOf(key)
      const now = this.#options.host.now()
      const order = place ?? now + slack
      let pass: Pass | undefined
      const item = waiter({
        order,
        cost,
        deadline: now + left,
        admitted: (ticket) => {
          pass = new Pass(lane, ticket, order)
          resume(Effect.succeed(pass))
        },
        refused: (refusal) => resume(Effect.fail(this.#toError(lane, refusal, left)))
      })
      lane.wait(item)
      // the fiber may be interrupted between the admission and its next step
      return Effect.sync(() => (pass === undefined ? lane.leave(item) : pass.cancel()))
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
