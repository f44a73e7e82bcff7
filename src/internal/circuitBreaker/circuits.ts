/**
 * The circuits of one breaker, by key, and their steps on the state of this process or on a store.
 *
 * @since 0.2.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as PubSub from "effect/PubSub"
import * as Runtime from "effect/Runtime"
import type { ApiError } from "../../ApiError.js"
import type { Slot, Store } from "../../Store.js"
import { currentFiber, hasListeners, notify } from "../call/notices.js"
import { watched } from "../store/outage.js"
import {
  admit,
  type Admitted,
  type Change,
  type Circuit,
  copy,
  decode,
  initial,
  isIdle,
  record,
  refusalOf,
  type Refusal,
  renew
} from "./circuit.js"
import { errorIn } from "./errorIn.js"
import type { KeyDescription, Outcome, State, Transition, TripPolicy } from "./model.js"
import { type Entry, Permit, type PermitIssuer, type Recording } from "./permit.js"

/** The validated options of a breaker. */
export interface Settings {
  readonly policy: TripPolicy
  readonly openTime: (openings: number) => number
  /** The most that a server hint lengthens an open time to. */
  readonly maxOpen: number
  readonly slow: number
  readonly classify: ((error: ApiError) => Outcome) | undefined
  /** Milliseconds after which an idle key is removed. */
  readonly idle: number
  readonly store: Store | undefined
}

/** The time after which another process replaces a probe whose process does not renew it. */
const lease = 10_000

/** Changes a circuit in place. */
type Step<A> = (circuit: Circuit, now: number) => A

export class Circuits implements PermitIssuer {
  readonly errorIn = errorIn
  readonly now: () => number
  readonly slow: number
  readonly classify: ((error: ApiError) => Outcome) | undefined
  readonly #settings: Settings
  readonly #runtime: Runtime.Runtime<never>
  readonly #transitions: PubSub.PubSub<Transition>
  readonly #slot: Slot<Circuit>
  readonly #entries = new Map<string, Entry>()
  #sweptAt = -Infinity
  /** Returns the open time of an opening that an outcome causes. */
  readonly #openFor = (openings: number, outcome: Outcome): number => {
    const { maxOpen, openTime } = this.#settings
    const hint = outcome._tag === "Failure" ? outcome.retryAfter : undefined
    const millis = openTime(openings)
    return hint === undefined ? millis : Math.max(millis, Math.min(Duration.toMillis(hint), maxOpen))
  }

  constructor(
    settings: Settings,
    now: () => number,
    runtime: Runtime.Runtime<never>,
    transitions: PubSub.PubSub<Transition>
  ) {
    this.now = now
    this.slow = settings.slow
    this.classify = settings.classify
    const { store } = settings
    const consequence = "the circuit breaker decides by the state of this process"
    this.#settings = { ...settings, store: store && { modify: watched("CircuitBreaker", store, consequence) } }
    this.#runtime = runtime
    this.#transitions = transitions
    const longest = settings.store === undefined ? 0 : Math.max(settings.maxOpen, settings.openTime(1))
    this.#slot = { name: "circuit", decode, timeToLive: Duration.millis(settings.idle + longest) }
  }

  /** Returns the refusal that a call receives now by what this process knows, without a request to the store. */
  peek(key: string): Refusal | undefined {
    const entry = this.#entries.get(key)
    if (entry?.circuit === undefined || entry.circuit.state === "Closed") return undefined
    // the probe of another process may have ended since its state was seen
    if (this.#settings.store !== undefined && entry.circuit.state === "HalfOpen") return undefined
    const refusal = refusalOf(entry.circuit, this.now() + entry.offset)
    if (refusal !== undefined) refused(entry)
    return refusal
  }

  /** Admits or refuses a call. With a store, an effect decides. */
  enter(key: string): Permit | Refusal | Effect.Effect<Permit | Refusal> {
    const { store } = this.#settings
    if (store === undefined) {
      const now = this.now()
      const entry = this.#entryOf(key, now)
      return this.#entered(entry, admit(this.#circuitOf(entry, now), now, Infinity), now, false)
    }
    return Effect.suspend(() => {
      const refusal = this.peek(key)
      if (refusal !== undefined) return Effect.succeed(refusal)
      return Effect.map(
        this.#modify(store, key, (circuit, now) => admit(circuit, now, lease)),
        ([admission, isShared]) => {
          const now = this.now()
          return this.#entered(this.#entryOf(key, now), admission, now, isShared)
        }
      )
    })
  }

  #entered(entry: Entry, admission: Admitted | Refusal, now: number, isShared: boolean): Permit | Refusal {
    if (!("generation" in admission)) {
      refused(entry)
      return admission
    }
    if (admission.change !== undefined) this.#publish(entry.key, admission.change)
    entry.admitted++
    const permit = new Permit(this, entry, admission, now, isShared)
    if (isShared && admission.isProbe) this.#renew(permit)
    return permit
  }

  /** Records the outcome of an attempt. With a store, the outcome is recorded even if the returned effect is interrupted. */
  record({ admitted, entry, isShared }: Permit, outcome: Outcome): Recording {
    const { policy, store } = this.#settings
    const { key } = entry
    if (store === undefined || !isShared) {
      const { circuit } = entry
      // a success of a closed circuit, the most frequent outcome, has no use for the time, which costs as much as the rest
      const isPlain = circuit?.state === "Closed" && outcome._tag === "Success"
      const now = isPlain ? circuit.at : this.now() + entry.offset
      const change = record(this.#circuitOf(entry, now), now, admitted, outcome, policy, this.#openFor)
      if (change !== undefined) this.#publish(key, change)
      return undefined
    }
    let millis: number | undefined
    // a store may repeat a step: then the delays of a random schedule must not differ
    const once = (openings: number): number => (millis ??= this.#openFor(openings, outcome))
    // the step runs in another fiber, but the notice belongs to the call
    const caller = currentFiber()
    const recorded = Effect.map(
      this.#modify(store, key, (circuit, now) => record(circuit, now, admitted, outcome, policy, once)),
      ([change]) => (change === undefined ? undefined : this.#publish(key, change, caller))
    )
    return Fiber.join(Runtime.runFork(this.#runtime)(recorded))
  }

  state(key: string): Effect.Effect<State> {
    return Effect.suspend(() => {
      const { store } = this.#settings
      if (store === undefined) {
        const now = this.now()
        return Effect.succeed(viewOf(key, this.#circuitOf(this.#entryOf(key, now), now), now))
      }
      return Effect.map(
        this.#modify(store, key, (circuit, now) => viewOf(key, circuit, now)),
        ([state]) => state
      )
    })
  }

  describe(): ReadonlyArray<KeyDescription> {
    return Array.from(this.#entries, ([key, { admitted, circuit, offset, refused }]) => {
      const now = this.now() + offset
      const state = viewOf(key, circuit, now)
      return {
        key,
        state: state._tag,
        opensFor: state._tag === "Open" ? Duration.toMillis(state.retryAfter) : 0,
        probing: state._tag === "HalfOpen" && state.probing,
        consecutiveOpenings: state._tag === "Closed" ? (circuit?.openings ?? 0) : state.consecutiveOpenings,
        failures: circuit?.failures ?? 0,
        admitted,
        refused
      }
    })
  }

  /** Applies a step to the state in the store; without the store, to the state that was seen last. */
  #modify<A>(store: Store, key: string, step: Step<A>): Effect.Effect<readonly [result: A, isShared: boolean]> {
    const modified = store.modify(this.#slot, key, (stored, now) => {
      // a store may hold the state that it passes, and repeat a step
      const circuit = stored === undefined ? initial(now) : copy(stored)
      return [[step(circuit, now), circuit, now] as const, circuit]
    })
    return Effect.matchEffect(modified, {
      onSuccess: ([result, circuit, now]) => {
        const here = this.now()
        const entry = this.#entryOf(key, here)
        entry.circuit = copy(circuit)
        entry.offset = now - here
        return Effect.succeed([result, true] as const)
      },
      onFailure: () => {
        const here = this.now()
        const entry = this.#entryOf(key, here)
        const now = here + entry.offset
        return Effect.succeed([step(this.#circuitOf(entry, now), now), false] as const)
      }
    })
  }

  #renew(permit: Permit): void {
    const { store } = this.#settings
    if (store === undefined) return
    const renewal: Effect.Effect<void> = Effect.flatMap(
      Effect.delay(
        this.#modify(store, permit.entry.key, (circuit, now) => renew(circuit, now, permit.admitted, lease)),
        lease / 3
      ),
      ([isRenewed]) => (isRenewed ? renewal : Effect.void)
    )
    const fiber = Runtime.runFork(this.#runtime)(renewal)
    permit.stopRenewal = () => fiber.unsafeInterruptAsFork(fiber.id())
  }

  #publish(key: string, { from, openFor, openings, to }: Change, caller = currentFiber()): void {
    // the machine makes only the changes that the type lists
    const transition = (
      to === "Open"
        ? { key, from, to, retryAfter: Duration.millis(openFor), consecutiveOpenings: openings }
        : { key, from, to }
    ) as Transition
    this.#transitions.unsafeOffer(transition)
    notify({ _tag: "Transition", transition }, caller)
  }

  #entryOf(key: string, now: number): Entry {
    const known = this.#entries.get(key)
    if (known !== undefined) return known
    this.#sweep(now)
    const entry: Entry = { key, circuit: undefined, offset: 0, admitted: 0, refused: 0 }
    this.#entries.set(key, entry)
    return entry
  }

  /** Returns the circuit of a key; a new one if the key was not used for `idle` milliseconds. */
  #circuitOf(entry: Entry, now: number): Circuit {
    const { circuit } = entry
    if (circuit !== undefined && !isIdle(circuit, now, this.#settings.idle)) return circuit
    return (entry.circuit = initial(now))
  }

  /** Removes the keys that were not used for `idle` milliseconds. */
  #sweep(now: number): void {
    const { idle } = this.#settings
    if (now - this.#sweptAt < idle / 2) return
    this.#sweptAt = now
    for (const [key, { circuit, offset }] of this.#entries) {
      if (circuit === undefined || isIdle(circuit, now + offset, idle)) this.#entries.delete(key)
    }
  }
}

const refused = (entry: Entry): void => {
  entry.refused++
  if (hasListeners()) notify({ _tag: "Refused", key: entry.key }, currentFiber())
}

const viewOf = (key: string, circuit: Circuit | undefined, now: number): State => {
  if (circuit === undefined || circuit.state === "Closed") return { _tag: "Closed", key }
  const { openings: consecutiveOpenings, probeUntil, state, until } = circuit
  return state === "Open"
    ? { _tag: state, key, retryAfter: Duration.millis(Math.max(0, until - now)), consecutiveOpenings }
    : { _tag: state, key, probing: now < probeUntil, consecutiveOpenings }
}
