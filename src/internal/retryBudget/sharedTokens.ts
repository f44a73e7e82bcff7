/**
 * A budget whose state is in a store that several processes share.
 *
 * Deposits are kept in this process until the next step of the store. While the store is unavailable, this process decides alone,
 * with its share of the budget; the store then subtracts what was taken meanwhile.
 *
 * @since 0.2.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { Slot, Store } from "../../Store.js"
import { monotonicMillis } from "../clock.js"
import { watched } from "../store/outage.js"
import { accrue, grants, type Rates, type State, taken } from "./tokens.js"

const slotOf = (name: string): Slot<State> => ({
  name,
  decode: (json) => {
    const { at, tokens } = Object(json) as { readonly [name: string]: unknown }
    return typeof at === "number" && typeof tokens === "number" ? { at, tokens } : undefined
  },
  timeToLive: Duration.hours(1)
})

// amounts of different units never share a state
const slots = { retries: slotOf("RetryBudget/1"), costs: slotOf("RetryBudget/costs/1") }

/** The operations of a budget. */
export interface Tokens {
  /** Counts a call of a cost. */
  readonly deposit: (cost: number) => Effect.Effect<void>
  /** Does the same at once; absent if a store counts. */
  readonly depositAt?: (now: number, cost: number) => void
  /** Takes the cost of a retry if the budget grants it. */
  readonly withdraw: (cost: number) => Effect.Effect<boolean>
  /** Returns the amount that is left. */
  readonly left: Effect.Effect<number>
}

export const sharedTokens = (options: Rates, unit: keyof typeof slots, store: Store, key: string): Tokens => {
  const { max, minPerSecond, ratio } = options
  const least = unit === "retries" ? 1 : 0
  const processes = store.processes ?? 1
  const share: Rates = { ratio, minPerSecond: minPerSecond / processes, max: Math.max(least, max / processes) }
  const modify = watched("RetryBudget", store, "this process decides with its share of the budget")
  /** The last state that this process has seen, by the clock of this process. */
  let known: State | undefined
  /** The state of this process while it decides alone. */
  let own: State | undefined
  /** The costs of the calls and of the retries that the store does not know. */
  let calls = 0
  let spent = 0

  /** `wanted` is the cost of a retry; it is undefined if none is wanted. */
  const alone = (now: number, wanted: number | undefined): readonly [boolean, State] => {
    own ??= { at: now, tokens: Math.min(share.max, (known?.tokens ?? max) / processes) }
    own = accrue(own, share, now, 0)
    if (wanted === undefined || !grants(own, wanted, share)) return [false, own]
    own = taken(own, wanted)
    spent += wanted
    return [true, own]
  }

  // several processes that decided alone may have spent more than there was: only the debt of a large retry remains
  const debt = (found: State): number => Math.min(0, found.tokens, own?.tokens ?? 0)

  const step = (wanted: number | undefined): Effect.Effect<readonly [boolean, State]> =>
    Effect.flatMap(monotonicMillis, (began) => {
      const [earned, owed] = [calls, spent]
      calls -= earned
      spent -= owed
      const undo = () => {
        calls += earned
        spent += owed
      }
      return modify(slots[unit], key, (stored, now): readonly [readonly [boolean, State, number], State] => {
        // a state that the store has lost continues from the one that this process knows
        const last = known && { tokens: known.tokens, at: known.at + now - began }
        const found = accrue(stored ?? last ?? { tokens: max, at: now }, options, now, earned)
        const state = owed === 0 ? found : { ...found, tokens: Math.max(debt(found), found.tokens - owed) }
        if (wanted === undefined || !grants(state, wanted, options)) return [[false, state, now], state]
        const next = taken(state, wanted)
        return [[true, next, now], next]
      }).pipe(
        Effect.onInterrupt(() => Effect.sync(undo)),
        Effect.match({
          onSuccess: ([isGranted, state, now]) => {
            known = { tokens: state.tokens, at: state.at + began - now }
            own = undefined
            return [isGranted, state] as const
          },
          onFailure: () => {
            undo()
            return alone(began, wanted)
          }
        })
      )
    })

  return {
    deposit: (cost) =>
      Effect.flatMap(monotonicMillis, (now) => {
        calls += cost
        if (own !== undefined) own = accrue(own, share, now, cost)
        // other processes may use what these calls have earned, once that is a retry of this cost
        return calls * ratio < cost || cost === 0 ? Effect.void : Effect.asVoid(Effect.forkDaemon(step(undefined)))
      }),
    withdraw: (cost) => Effect.map(step(cost), ([isGranted]) => isGranted),
    left: Effect.map(step(undefined), ([, { tokens }]) => tokens)
  }
}
