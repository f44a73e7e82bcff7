/** A store of shared limits on a virtual clock, whose states make a round trip through JSON. */
import { Duration } from "effect"
import type { Sharing } from "../../../src/internal/rateLimiter/sharedLane.js"
import { type SharedState, slotOf } from "../../../src/internal/rateLimiter/sharedState.js"
import type { Simulation } from "../virtualTimers.js"

export interface SimulatedStore {
  readonly states: Map<string, string>
  /** The difference between the clock of the store and that of the simulation. */
  offset: number
  /** The number of steps that were applied. */
  steps: number
  /** The number of states that were written. */
  writes: number
  /** Returns `modify` of one process. `outcome` decides about each of its steps when it begins. */
  readonly modify: (outcome?: () => { readonly delay: number; readonly fails?: boolean }) => Sharing["modify"]
}

export const decode = slotOf(Duration.minutes(10)).decode

export const simulatedStore = (simulation: Simulation): SimulatedStore => {
  const store: SimulatedStore = {
    states: new Map(),
    offset: 0,
    steps: 0,
    writes: 0,
    modify: (outcome) => (key, step, done) => {
      const { delay, fails = false } = outcome?.() ?? { delay: 0 }
      const run = () => {
        if (fails) return done(undefined)
        const text = store.states.get(key)
        const stored = text === undefined ? undefined : decode(JSON.parse(text))
        if (text !== undefined && stored === undefined) throw new Error(`the state ${text} cannot be decoded`)
        const [result, next]: readonly [Parameters<typeof done>[0], SharedState] = step(
          stored,
          simulation.now + store.offset
        )
        store.steps++
        if (next !== stored) {
          store.writes++
          store.states.set(key, JSON.stringify(next))
        }
        done(result)
      }
      if (delay === 0) run()
      else simulation.after(delay, run)
    }
  }
  return store
}

/** What a lane knows of a store, in tests. */
export const sharingOf = (given: Partial<Sharing> & Pick<Sharing, "id" | "modify">): Sharing => ({
  settings: {},
  processes: 1,
  onOutage: "local",
  idle: 600_000,
  delay: 0,
  ...given
})
