/**
 * The distribution of latencies in the last while, in constant memory.
 *
 * A latency is counted in a bucket whose bounds differ by 5 percent. Counts are kept for slices of time, and a slice that is
 * older than the window is cleared. All functions change the value in place. Times are milliseconds.
 *
 * @since 0.2.0
 */
import { maxMillis } from "../options.js"

/** The ratio of the upper bounds of two neighbouring buckets. A quantile exceeds the exact one by this factor at most. */
export const growth = 1.05

/** The upper bound of the first bucket. */
export const least = 0.1

/** The number of slices of a window. Samples are forgotten when they are between 4/5 of the window and the window old. */
const slices = 5

const buckets = Math.ceil(Math.log(maxMillis / least) / Math.log(growth)) + 1

export interface Latencies {
  /** The length of a slice. */
  readonly slice: number
  /** The counts of each slice, as a ring. */
  readonly counts: ReadonlyArray<Uint32Array>
  /** The sum of the slices, for each bucket. */
  readonly sums: Uint32Array
  /** The number of samples. */
  count: number
  /** The number of the current slice since time 0. */
  current: number
}

export const empty = (window: number): Latencies => ({
  slice: window / slices,
  counts: Array.from({ length: slices }, () => new Uint32Array(buckets)),
  sums: new Uint32Array(buckets),
  count: 0,
  current: -Infinity
})

/** Returns the bucket of a latency. The tolerance keeps the upper bound of a bucket in that bucket. */
const bucketOf = (millis: number): number =>
  millis <= least ? 0 : Math.min(buckets - 1, Math.ceil(Math.log(millis / least) / Math.log(growth) - 1e-9))

/** Clears the slices that are too old. Returns true if a slice ended. A clock that goes back has no effect. */
export const advance = (latencies: Latencies, now: number): boolean => {
  const { counts, slice, sums } = latencies
  const slot = Math.floor(now / slice)
  if (slot <= latencies.current) return false
  const passed = Math.min(slices, slot - latencies.current)
  for (let i = 0; i < passed; i++) {
    const old = counts[(slot - i) % slices]
    if (old === undefined || latencies.count === 0) continue
    for (let bucket = 0; bucket < buckets; bucket++) {
      const count = old[bucket] ?? 0
      sums[bucket] = (sums[bucket] ?? 0) - count
      latencies.count -= count
    }
    old.fill(0)
  }
  latencies.current = slot
  return true
}

export const record = (latencies: Latencies, now: number, millis: number): void => {
  advance(latencies, now)
  const { counts, current, sums } = latencies
  const bucket = bucketOf(millis)
  const slice = counts[current % slices]
  if (slice !== undefined) slice[bucket] = (slice[bucket] ?? 0) + 1
  sums[bucket] = (sums[bucket] ?? 0) + 1
  latencies.count++
}

/** Returns an upper bound of a quantile, by the method of the nearest rank; `undefined` without samples. */
export const quantile = ({ count, sums }: Latencies, share: number): number | undefined => {
  if (count === 0) return undefined
  let rank = Math.max(1, Math.ceil(share * count - 1e-9))
  let bucket = -1
  while (rank > 0) rank -= sums[++bucket] ?? rank
  return least * growth ** bucket
}
