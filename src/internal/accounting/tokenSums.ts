/**
 * Sums of tokens, in total and by time bucket.
 *
 * @since 0.2.0
 */
import type { Tokens } from "../call/model.js"
import type { Row, TokenCounts, TokenReport } from "./model.js"

/** The sums of one row. Only rows with tokens have them, since their buckets need more memory than those of the row. */
export class TokenSums {
  input = 0
  estimated = 0
  output = 0
  // the three sums alternate
  readonly ring: Float64Array

  constructor(buckets: number) {
    this.ring = new Float64Array(3 * buckets)
  }

  add(slot: number, { input, isEstimated, output }: Tokens): void {
    const estimated = isEstimated ? input : 0
    this.input += input
    this.estimated += estimated
    this.output += output
    if (slot < 0) return
    const { ring } = this
    const at = 3 * slot
    ring[at] = (ring[at] ?? 0) + input
    ring[at + 1] = (ring[at + 1] ?? 0) + estimated
    ring[at + 2] = (ring[at + 2] ?? 0) + output
  }

  clear(slot: number): void {
    this.ring.fill(0, 3 * slot, 3 * slot + 3)
  }

  /** Returns the sums over some slots, or the totals if no slots are given; undefined if there are no tokens in these slots. */
  sum(slots: ReadonlyArray<number> | undefined): TokenCounts | undefined {
    if (slots === undefined) return { input: this.input, estimated: this.estimated, output: this.output }
    let [input, estimated, output] = [0, 0, 0]
    for (const slot of slots) {
      input += this.ring[3 * slot] ?? 0
      estimated += this.ring[3 * slot + 1] ?? 0
      output += this.ring[3 * slot + 2] ?? 0
    }
    return input === 0 && output === 0 ? undefined : { input, estimated, output }
  }
}

const combined =
  (sign: 1 | -1) =>
  (one: TokenCounts, other: TokenCounts = { input: 0, estimated: 0, output: 0 }): TokenCounts => ({
    input: Math.max(0, one.input + sign * other.input),
    estimated: Math.max(0, one.estimated + sign * other.estimated),
    output: Math.max(0, one.output + sign * other.output)
  })

/** Returns the sums of two counts. */
export const plus = /*#__PURE__*/ combined(1)

/** Returns the differences of two counts, at least 0. */
export const minus = /*#__PURE__*/ combined(-1)

/** Returns the tokens of rows. */
export const reportOf = (rows: ReadonlyArray<Row>): TokenReport => {
  const sumOf = (fits: (row: Row) => boolean): TokenCounts =>
    rows.reduce((sum, row) => (fits(row) ? plus(sum, row.tokens) : sum), { input: 0, estimated: 0, output: 0 })
  const aborted = sumOf(({ reason }) => reason === "Aborted")
  const failed = sumOf(({ outcome, reason }) => outcome === "failed" && reason !== "Aborted")
  return { spent: sumOf(() => true), wasted: plus(failed, aborted), failed, aborted }
}
