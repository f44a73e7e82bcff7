/**
 * Costs of one operation as a share of another's, both measured in the same run, turn by turn, so that a machine that
 * slows down slows both.
 */

/** An operation, and how many of it make one sample of some milliseconds. */
export interface Subject {
  readonly name: string
  readonly times: number
  readonly run: (times: number) => void | Promise<void>
}

/** A row of the table: the subject's cost as a share of the rival's, and the share it promises to stay below, if any. */
export interface Comparison {
  readonly subject: Subject
  readonly rival: Subject
  readonly bound?: number
}

const median = (values: ReadonlyArray<number>): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN

const sample = async (subject: Subject): Promise<number> => {
  const started = process.hrtime.bigint()
  await subject.run(subject.times)
  return Number(process.hrtime.bigint() - started) / 1000 / subject.times
}

const rounds = 15

/** Measures each comparison in interleaved rounds and returns the rows of the table. */
export const compare = async (comparisons: ReadonlyArray<Comparison>) => {
  const rows: Array<Record<string, string>> = []
  for (const { subject, rival, bound } of comparisons) {
    const mine: Array<number> = []
    const theirs: Array<number> = []
    const ratios: Array<number> = []
    for (let round = -2; round < rounds; round++) {
      const [a, b] =
        round % 2 === 0
          ? [await sample(subject), await sample(rival)]
          : [await sample(rival), await sample(subject)].reverse()
      // the first rounds warm the compiler up
      if (round < 0 || a === undefined || b === undefined) continue
      mine.push(a)
      theirs.push(b)
      ratios.push(a / b)
    }
    const ratio = median(ratios)
    rows.push({
      subject: subject.name,
      µs: median(mine).toFixed(2),
      rival: rival.name,
      "rival's µs": median(theirs).toFixed(2),
      share: ratio.toFixed(4),
      spread: `${Math.min(...ratios).toFixed(4)}–${Math.max(...ratios).toFixed(4)}`,
      bound: bound === undefined ? "none" : `≤ ${bound}`,
      held: bound === undefined ? "" : ratio <= bound ? "yes" : "NO"
    })
  }
  return rows
}
