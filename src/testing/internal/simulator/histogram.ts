/**
 * Counts of durations in intervals of equal ratio, whose memory does not grow with the number of durations.
 *
 * @since 0.2.0
 */

/** The intervals in which a duration doubles: each is 1.1 % wide. */
const perDoubling = 64
/** The lower bound of the first interval, in milliseconds. */
const least = 2 ** -7
/** Doublings up to 50 days. */
const doublings = 39

/**
 * An interval of durations.
 *
 * @since 0.2.0
 * @category model
 */
export interface Interval {
  /** The upper bound in milliseconds. */
  readonly upTo: number
  readonly count: number
}

export class Histogram {
  count = 0
  max = 0
  readonly #counts = new Uint32Array(perDoubling * doublings)

  add(millis: number): void {
    const index = Math.floor(Math.log2(Math.max(millis, least) / least) * perDoubling)
    const place = Math.min(index, this.#counts.length - 1)
    this.#counts[place] = (this.#counts[place] ?? 0) + 1
    this.count++
    if (millis > this.max) this.max = millis
  }

  /** Returns a quantile in milliseconds, with an error below 1 %; undefined without durations. */
  quantile(share: number): number | undefined {
    if (this.count === 0) return undefined
    let left = Math.floor(share * this.count)
    for (const [index, count] of this.#counts.entries()) {
      if (left < count) return Math.min(this.max, least * 2 ** ((index + 0.5) / perDoubling))
      left -= count
    }
    return this.max
  }

  /** Returns the intervals that hold durations, each a tenth of a doubling or so wide. */
  intervals(): ReadonlyArray<Interval> {
    const merged = 8
    const found: Array<Interval> = []
    for (let index = 0; index < this.#counts.length; index += merged) {
      const count = this.#counts.subarray(index, index + merged).reduce((sum, value) => sum + value, 0)
      if (count > 0) found.push({ upTo: least * 2 ** ((index + merged) / perDoubling), count })
    }
    return found
  }
}
