import { Effect } from "effect"

/**
 * Costs of one operation, or its rate, as a share of another's, both measured in the same run, turn by turn, so that a
 * machine that slows down slows both.
 */

/** Something that is measured: `sample` makes one measurement, in the unit of the comparison. */
export interface Subject {
  readonly name: string
  readonly sample: () => Promise<number>
}

/**
 * A row of the table: the subject's figure as a share of the rival's, and the share it promises, if any: the most of a
 * cost, the least of a rate.
 */
export interface Comparison {
  readonly subject: Subject
  readonly rival: Subject
  readonly unit: "µs" | "bytes" | "calls/s"
  readonly bound?: number
}

/** The microseconds that one of many operations takes. */
export const timed = (name: string, times: number, run: (times: number) => void | Promise<void>): Subject => ({
  name,
  sample: async () => {
    const started = process.hrtime.bigint()
    await run(times)
    return Number(process.hrtime.bigint() - started) / 1000 / times
  }
})

/** How many of many calls are made in a second. */
export const rate = (name: string, calls: number, run: (calls: number) => Promise<unknown>): Subject => ({
  name,
  sample: async () => {
    const started = process.hrtime.bigint()
    await run(calls)
    return (calls * 1e9) / Number(process.hrtime.bigint() - started)
  }
})

const median = (values: ReadonlyArray<number>): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN

const rounds = 15

const percent = (ratio: number): string => ratio.toFixed(3)

/** Measures a comparison in interleaved rounds and returns its row of the table. */
export const compare = async ({ bound, rival, subject, unit }: Comparison) => {
  const mine: Array<number> = []
  const theirs: Array<number> = []
  const ratios: Array<number> = []
  // the first rounds warm the compiler up
  for (let round = -2; round < rounds; round++) {
    const first = round % 2 === 0
    const a = first ? await subject.sample() : undefined
    const b = await rival.sample()
    const cost = a ?? (await subject.sample())
    if (round < 0) continue
    mine.push(cost)
    theirs.push(b)
    ratios.push(cost / b)
  }
  const ratio = median(ratios)
  const least = unit === "calls/s"
  return {
    subject: subject.name,
    rival: rival.name,
    unit,
    ours: Number(median(mine).toFixed(1)),
    theirs: Number(median(theirs).toFixed(1)),
    share: percent(ratio),
    spread: `${percent(Math.min(...ratios))}–${percent(Math.max(...ratios))}`,
    bound: bound === undefined ? "" : `${least ? "≥" : "≤"} ${bound}`,
    held: bound === undefined ? "" : (least ? ratio >= bound : ratio <= bound) ? "yes" : "NO"
  }
}

// many short samples: some of them fall into the moments at which nothing else slows the machine down
const samples = 500
const runs = 100

/** Returns the microseconds of the processor that one run of an effect takes in a fiber. */
const micros = async (effect: Effect.Effect<number, unknown>): Promise<number> => {
  const started = process.cpuUsage()
  await Effect.runPromise(Effect.orDie(Effect.replicateEffect(effect, runs, { discard: true })))
  const { system, user } = process.cpuUsage(started)
  return (user + system) / runs
}

/**
 * Returns the microseconds that one effect costs more than another, both measured turn by turn. Other processes and the garbage
 * collector only add to a sample, and the machine is slower at times, so the fastest samples of each effect count.
 */
export const dearer = async (subject: Effect.Effect<number, unknown>, rival: Effect.Effect<number, unknown>) => {
  const taken: readonly [Array<number>, Array<number>] = [[], []]
  for (let sample = -samples / 5; sample < samples; sample++) {
    const pair = [await micros(subject), await micros(rival)] as const
    if (sample >= 0) taken.forEach((values, index) => values.push(pair[index] ?? Number.NaN))
  }
  const [mine, theirs] = taken.map((values) => values.toSorted((a, b) => a - b)[samples / 50] ?? Number.NaN)
  return (mine ?? Number.NaN) - (theirs ?? Number.NaN)
}
