/**
 * The arithmetic of a budget, as plain functions over plain values.
 *
 * @since 0.1.0
 */

/** The number of saved retries, and the moment it was computed. */
export interface State {
  readonly tokens: number
  /** Monotonic milliseconds. */
  readonly at: number
}

// in floating point, ten times 0.1 is a little less than 1
const whole = 1 - 1e-9

/** True if a budget has a retry. */
export const isWhole = ({ tokens }: State): boolean => tokens >= whole

/** Returns the number of whole retries. */
export const wholeOf = (tokens: number): number => Math.floor(tokens + (1 - whole))

/** Returns a state without one of its retries. */
export const taken = (state: State): State => ({ ...state, tokens: Math.max(0, state.tokens - 1) })

/** The checked options of a budget. */
export interface Rates {
  readonly ratio: number
  readonly minPerSecond: number
  readonly max: number
}

/**
 * Returns the state of a budget after time has passed and calls have been counted. It has at most `max` tokens, and a clock
 * that goes back takes none away.
 */
export const accrue = (state: State, options: Rates, now: number, calls: number): State => ({
  tokens: Math.min(
    options.max,
    state.tokens + (Math.max(0, now - state.at) / 1000) * options.minPerSecond + calls * options.ratio
  ),
  at: Math.max(now, state.at)
})
