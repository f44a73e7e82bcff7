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
import { accrue, isWhole, type Rates, type State, taken } from "./tokens.js"

const slot: Slot<State> = {
  name: "RetryBudget/1",
  decode: (json) => {
    const { at, tokens } = Object(json) as { readonly [name: string]: unknown }
    return typeof at === "number" && typeof tokens === "number" ? { at, tokens } : undefined
  },
  timeToLive: Duration.hours(1)
}

/** The operations of a budget. */
export interface Tokens {
  readonly deposit: Effect.Effect<void>
  /** Takes one retry if there is one. */
  readonly withdraw: Effect.Effect<boolean>
  /** Returns the retries that are left. */
  readonly left: Effect.Effect<number>
}

export const sharedTokens = (options: Rates, store: Store, key: string): Tokens => {
  const { max, minPerSecond, ratio } = options
  const processes = store.processes ?? 1
  const share: Rates = { ratio, minPerSecond: minPerSecond / processes, max: Math.max(1, max / processes) }
  const modify = watched("RetryBudget", store, "this process decides with its share of the budget")
  /** The last state that this process has seen, by the clock of this process. */
  let known: State | undefined
  /** The state of this process while it decides alone. */
  let own: State | undefined
  /** The calls and the retries of which the store does not know. */
  let calls = 0
  let spent = 0

  const alone = (now: number, wanted: boolean): readonly [boolean, State] => {
    own ??= { at: now, tokens: Math.min(share.max, (known?.tokens ?? max) / processes) }
    own = accrue(own, share, now, 0)
    const isGranted = wanted && isWhole(own)
    if (isGranted) {
      own = taken(own)
      spent++
    }
    return [isGranted, own]
  }

  const step = (wanted: boolean): Effect.Effect<readonly [boolean, State]> =>
    Effect.flatMap(monotonicMillis, (began) => {
      const [earned, owed] = [calls, spent]
      calls -= earned
      spent -= owed
      const undo = () => {
        calls += earned
        spent += owed
      }
      return modify(slot, key, (stored, now): readonly [readonly [boolean, State, number], State] => {
        // a state that the store has lost continues from the one that this process knows
        const last = known && { tokens: known.tokens, at: known.at + now - began }
        const found = accrue(stored ?? last ?? { tokens: max, at: now }, options, now, earned)
        const state = owed === 0 ? found : { ...found, tokens: Math.max(0, found.tokens - owed) }
        const isGranted = wanted && isWhole(state)
        const next = isGranted ? taken(state) : state
        return [[isGranted, next, now], next]
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
    deposit: Effect.flatMap(monotonicMillis, (now) => {
      calls++
      if (own !== undefined) own = accrue(own, share, now, 1)
      // other processes may use what these calls have earned
      return calls * ratio < 1 ? Effect.void : Effect.asVoid(Effect.forkDaemon(step(false)))
    }),
    withdraw: Effect.map(step(true), ([isGranted]) => isGranted),
    left: Effect.map(step(false), ([, { tokens }]) => tokens)
  }
}
