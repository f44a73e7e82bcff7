/**
 * Random numbers that a seed determines.
 *
 * @since 0.2.0
 */

/** Returns a number from [0, 1). */
export type Random = () => number

/** Returns the numbers of a seed (sfc32). Each further number of `path` selects another, independent sequence. */
export const seeded = (seed: number, ...path: ReadonlyArray<number>): Random => {
  let a = seed >>> 0
  let b = 0x9e3779b9
  let c = 0x243f6a88
  let d = 0xb7e15162
  const next = (): number => {
    const t = (((a + b) | 0) + d) | 0
    d = (d + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + t) | 0
    return (t >>> 0) / 4294967296
  }
  const mix = (): void => {
    for (let i = 0; i < 15; i++) next()
  }
  mix()
  for (const part of path) {
    a = (a ^ part) >>> 0
    mix()
  }
  return next
}

/** Returns an exponentially distributed number, the time between two independent arrivals. */
export const exponential = (random: Random, mean: number): number => -Math.log(1 - random()) * mean

const normal = (random: Random): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())

/** Returns a lognormally distributed number with an arithmetic mean of `mean`. */
export const lognormal = (random: Random, mean: number, sigma: number): number =>
  mean * Math.exp(sigma * normal(random) - (sigma * sigma) / 2)
