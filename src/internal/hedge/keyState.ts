/**
 * The state of one key of a hedge: the learned delay, the budget and the counts. Times are milliseconds.
 *
 * All functions change the state in place. They run no effect, so that a simulation can drive them.
 *
 * @since 0.2.0
 */
import { accrue, type Rates, type State } from "../retryBudget/tokens.js"
import { advance, empty, type Latencies, quantile, record } from "./latencies.js"

/** The options of a hedge, checked. */
export interface Settings {
  /** The fixed delay; absent if it is learned. */
  readonly after: number | undefined
  readonly quantile: number
  readonly samples: number
  readonly window: number
  readonly budget: Rates
  readonly idle: number
}

/** The reason why a slow call did not get a second copy. */
export type Suppression = "budget" | "limiter"

export interface KeyState {
  readonly latencies: Latencies
  /** The learned delay, and the number of samples since it was computed. */
  delay: number | undefined
  fresh: number
  tokens: State
  /** The calls that `tokens` does not contain yet. */
  uncounted: number
  usedAt: number
  running: number
  calls: number
  hedged: number
  won: number
  readonly suppressed: { [S in Suppression]: number }
  /** True once a warning about the order of hedge and retries was logged. */
  warned: boolean
}

/** The number of samples after which the delay is computed again. */
const enough = 16

/** In floating point, twenty times 0.05 may be a little less than 1. */
const whole = 1 - 1e-9

export const initialKey = ({ window }: Settings, now: number): KeyState => ({
  latencies: empty(window),
  delay: undefined,
  fresh: 0,
  // an empty budget keeps the number of second copies within the share of the calls from the first call on
  tokens: { tokens: 0, at: now },
  uncounted: 0,
  usedAt: now,
  running: 0,
  calls: 0,
  hedged: 0,
  won: 0,
  suppressed: { budget: 0, limiter: 0 },
  warned: false
})

/** Returns the delay after which a call gets a second copy; `undefined` while there are too few samples. */
export const delayOf = (state: KeyState, { after, quantile: share, samples }: Settings, now: number) => {
  if (after !== undefined) return after
  const { latencies } = state
  const isStale = advance(latencies, now) || state.fresh >= enough || state.delay === undefined
  if (isStale) {
    state.fresh = 0
    state.delay = latencies.count < samples ? undefined : quantile(latencies, share)
  }
  return state.delay
}

/** Counts a call that begins, and returns its delay. */
export const begin = (state: KeyState, settings: Settings, now: number): number | undefined => {
  state.calls++
  state.uncounted++
  state.running++
  state.usedAt = now
  return delayOf(state, settings, now)
}

/**
 * Records the end of a call. A call that failed, or whose caller gave up, is a sample only if it had already been slow: then its
 * latency is at least this long. So is that of a call whose second copy won, which keeps the share of slow calls unbiased.
 */
export const end = (
  state: KeyState,
  now: number,
  { delay, failed, millis }: { readonly delay: number | undefined; readonly failed: boolean; readonly millis: number }
): void => {
  state.running--
  if (failed && (delay === undefined || millis < delay)) return
  record(state.latencies, now, millis)
  state.fresh++
}

/** Takes one copy from the budget, unless it is empty or the limiter would hold the copy back. */
export const withdraw = (state: KeyState, { budget }: Settings, now: number, isFree: () => boolean): boolean => {
  state.tokens = accrue(state.tokens, budget, now, state.uncounted)
  state.uncounted = 0
  const why: Suppression | undefined = state.tokens.tokens < whole ? "budget" : isFree() ? undefined : "limiter"
  if (why !== undefined) {
    state.suppressed[why]++
    return false
  }
  state.tokens = { ...state.tokens, tokens: Math.max(0, state.tokens.tokens - 1) }
  state.hedged++
  return true
}
