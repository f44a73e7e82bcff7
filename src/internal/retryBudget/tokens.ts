/**
 * The arithmetic of a budget, as plain functions over plain values.
 *
 * @since 0.1.0
 */

/** The amount that is saved up, and the moment it was computed. Without costs, the amount is a number of retries. */
export interface State {
  /** The amount. It is negative after a retry that cost more than `max`. */
  readonly tokens: number
  /** Monotonic milliseconds. */
  readonly at: number
}

// in floating point, ten times 0.1 is a little less than 1
const rounding = 1e-9

/** Returns the amount that a budget must hold to grant a retry: `max` is enough for any. */
const needed = (cost: number, { max }: Pick<Rates, "max">): number => Math.min(cost, max)

/** Tests whether a budget grants a retry of a cost. */
export const grants = ({ tokens }: State, cost: number, rates: Pick<Rates, "max">): boolean =>
  cost === 0 || tokens >= needed(cost, rates) * (1 - rounding)

/** Returns the number of retries of a cost that a budget grants. */
export const countOf = (tokens: number, cost: number, rates: Pick<Rates, "max">): number =>
  cost === 0 ? Infinity : Math.max(0, Math.floor(tokens / needed(cost, rates) + rounding))

/** Returns a state without the cost of a retry that it has granted. */
export const taken = (state: State, cost: number): State => {
  const left = state.tokens - cost
  return { ...state, tokens: left < 0 && left >= -2 * rounding * cost ? 0 : left }
}

/** The checked options of a budget. */
export interface Rates {
  readonly ratio: number
  readonly minPerSecond: number
  readonly max: number
}

/**
 * Returns the state of a budget after time has passed and calls of a cost have been counted. It has at most `max` tokens, and a
 * clock that goes back takes none away.
 */
export const accrue = (state: State, options: Rates, now: number, cost: number): State => ({
  tokens: Math.min(
    options.max,
    state.tokens + (Math.max(0, now - state.at) / 1000) * options.minPerSecond + cost * options.ratio
  ),
  at: Math.max(now, state.at)
})
