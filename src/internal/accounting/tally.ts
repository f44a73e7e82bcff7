/**
 * Counts attempts, calls and streams by labels, outcome and time bucket, in bounded memory.
 *
 * @since 0.1.0
 */
import type { ApiError } from "../../ApiError.js"
import type { Outcome, Begun, Observed, Observer } from "../call/model.js"
import type { Counts, InFlight, Row } from "./model.js"
import { TokenSums } from "./tokenSums.js"

/** Options that have been checked. */
export interface Bounds {
  /** The width of a bucket in milliseconds. */
  readonly bucket: number
  readonly buckets: number
  readonly labels: number
  readonly rows: number
}

/** The label that replaces labels beyond the limit. */
export const other = "(other)"

/** The longest label, in characters: no valid name is longer. */
const maxLabel = 256

type Kind = Pick<Row, "of" | "outcome" | "class" | "reason" | "phase" | "delivery">
type Labels = Pick<Row, "workload" | "model" | "host">

/** A count and a sum of durations, in total and by bucket. */
class Cell<Of> {
  count = 0
  millis = 0
  readonly of: Of
  // count and sum alternate
  readonly ring: Float64Array
  /** The sums of the tokens; absent if none were counted. */
  tokens: TokenSums | undefined

  constructor(of: Of, buckets: number) {
    this.of = of
    this.ring = new Float64Array(2 * buckets)
  }

  add(slot: number, count: number, millis: number): void {
    const { ring } = this
    this.count += count
    this.millis += millis
    if (slot < 0) return
    const at = 2 * slot
    ring[at] = (ring[at] ?? 0) + count
    ring[at + 1] = (ring[at + 1] ?? 0) + millis
  }

  clear(slot: number): void {
    this.ring.fill(0, 2 * slot, 2 * slot + 2)
    this.tokens?.clear(slot)
  }

  /** Returns the sums over some slots, or the totals if no slots are given. */
  sum(slots: ReadonlyArray<number> | undefined): { readonly count: number; readonly millis: number } {
    if (slots === undefined) return { count: this.count, millis: this.millis }
    let [count, millis] = [0, 0]
    for (const slot of slots) {
      count += this.ring[2 * slot] ?? 0
      millis += this.ring[2 * slot + 1] ?? 0
    }
    return { count, millis }
  }
}

type RowCell = Cell<Kind & Labels>

/** The counts under the same labels. It observes the calls that begin with these labels. */
class Group implements Observed {
  readonly tally: Tally
  readonly labels: Labels
  readonly open: Cell<Labels>
  /** The cells of successes, which are the most frequent. */
  readonly ok: { [of in Outcome["of"]]: RowCell | undefined } = {
    attempt: undefined,
    call: undefined,
    stream: undefined
  }
  readonly failed = new Map<string, Array<RowCell>>()

  constructor(tally: Tally, labels: Labels) {
    this.tally = tally
    this.labels = labels
    this.open = new Cell(labels, tally.bounds.buckets)
  }

  readonly notify = (outcome: Outcome): void => {
    const { tally } = this
    tally.record(outcome)
    if (outcome.of === "call") this.open.add(tally.slotOf(outcome.at, false), -1, 0)
  }

  get(of: Outcome["of"], error: ApiError | undefined): RowCell | undefined {
    if (error === undefined) return this.ok[of]
    const { delivery, phase, reason } = error
    return this.failed
      .get(reason)
      ?.find(({ of: row }) => row.of === of && row.phase === phase && row.delivery === delivery)
  }

  make(of: Outcome["of"], error: ApiError | undefined): RowCell {
    const kind: Kind =
      error === undefined
        ? { of, outcome: "ok", class: undefined, reason: undefined, phase: undefined, delivery: "Acknowledged" }
        : {
            of,
            outcome: "failed",
            class: error._tag,
            reason: error.reason,
            phase: error.phase,
            delivery: error.delivery
          }
    const cell = new Cell({ ...kind, ...this.labels }, this.tally.bounds.buckets)
    if (error === undefined) this.ok[of] = cell
    else {
      const sameReason = this.failed.get(error.reason)
      if (sameReason === undefined) this.failed.set(error.reason, [cell])
      else sameReason.push(cell)
    }
    return cell
  }
}

type ByModel = Map<string, Group>

/** The counts so far. Each change is synchronous, so no other fiber can interleave. */
export class Tally implements Observer {
  readonly bounds: Bounds
  /** The time of its creation. Calls that began before are not counted. */
  readonly since: number
  readonly #groups = new Map<string, Map<string, ByModel>>()
  readonly #all: Array<Group> = []
  readonly #rows: Array<RowCell> = []
  readonly #names = { workload: new Set<string>(), host: new Set<string>(), model: new Set<string>() }
  /** The number of the bucket, counted from the Unix epoch, that each slot of the rings holds. */
  readonly #epochs: Float64Array
  // a cache of the last result, which the next call most often needs again
  #last: Group | undefined
  #slot = -1
  #from = Infinity
  #to = -Infinity

  constructor(bounds: Bounds, since: number) {
    this.bounds = bounds
    this.since = since
    this.#epochs = new Float64Array(bounds.buckets).fill(-Infinity)
  }

  readonly late = true

  // --- Counting -----------------------------------------------------------------------------------

  readonly begin = ({ about, at, of, workload }: Begun): Observed => {
    if (of === "stream") return this.#streams
    const group = this.groupOf(workload.name, about.host ?? "", about.model ?? "")
    group.open.add(this.slotOf(at, true, true), 1, 0)
    return group
  }

  readonly #streams: Observed = { notify: (outcome) => this.record(outcome) }

  readonly record = (outcome: Outcome): void => {
    // the protected calls that it consists of are reported by themselves
    if (outcome.composite) return
    const { about, at, error, millis, of, tokens, workload } = outcome
    const group = this.groupOf(workload.name, about.host ?? "", about.model ?? "")
    const cell = this.cellOf(group, of, error)
    const slot = this.slotOf(at, true)
    cell.add(slot, 1, millis)
    if (tokens !== undefined) (cell.tokens ??= new TokenSums(this.bounds.buckets)).add(slot, tokens)
  }

  /** Returns the row of a group, or the common row if there are too many rows. */
  cellOf(group: Group, of: Outcome["of"], error: ApiError | undefined): RowCell {
    return group.get(of, error) ?? this.#admit(group, of, error)
  }

  #admit(group: Group, of: Outcome["of"], error: ApiError | undefined): RowCell {
    const target = this.#rows.length < this.bounds.rows ? group : this.#find(other, other, other)
    const known = target.get(of, error)
    if (known !== undefined) return known
    const cell = target.make(of, error)
    this.#rows.push(cell)
    return cell
  }

  groupOf(workload: string, host: string, model: string): Group {
    const last = this.#last
    if (last !== undefined) {
      const { labels } = last
      if (labels.workload === workload && (labels.host ?? "") === host && (labels.model ?? "") === model) return last
    }
    const known = this.#groups.get(workload)?.get(host)?.get(model)
    if (known !== undefined) return (this.#last = known)
    const { host: hosts, model: models, workload: workloads } = this.#names
    return this.#find(this.#name(workloads, workload), this.#name(hosts, host), this.#name(models, model))
  }

  /** Returns a label, or `other` if the limit of labels is reached or the label is too long. */
  #name(names: Set<string>, name: string): string {
    if (name === "" || names.has(name)) return name
    if (names.size >= this.bounds.labels || name.length > maxLabel) return other
    names.add(name)
    return name
  }

  #find(workload: string, host: string, model: string): Group {
    const known = this.#groups.get(workload)?.get(host)?.get(model)
    if (known !== undefined) return known
    // a group has no row before its first call ends, so groups have a limit of their own
    if (this.#all.length >= this.bounds.rows && !(workload === other && host === other && model === other)) {
      return this.#find(other, other, other)
    }
    const group = new Group(this, { workload, host: host || undefined, model: model || undefined })
    this.#all.push(group)
    const byHost = this.#groups.get(workload) ?? new Map<string, ByModel>()
    const byModel = byHost.get(host) ?? new Map<string, Group>()
    this.#groups.set(workload, byHost.set(host, byModel.set(model, group)))
    return group
  }

  /** Returns the slot of the bucket of a moment; -1 if no slot holds that bucket. `open` allows a slot to be taken over. */
  slotOf(at: number, open: boolean, begins = false): number {
    if (at >= this.#from && at < this.#to) return this.#slot
    const { bucket, buckets } = this.bounds
    const epoch = Math.floor(at / bucket)
    const slot = ((epoch % buckets) + buckets) % buckets
    const held = this.#epochs[slot]
    if (held === epoch) return slot
    // a call that begins now also takes over a slot of a future bucket: the clock was ahead then
    if (held === undefined || !open || !(begins ? held !== epoch : epoch > held)) return -1
    for (const row of this.#rows) row.clear(slot)
    for (const group of this.#all) group.open.clear(slot)
    this.#epochs[slot] = epoch
    this.#slot = slot
    this.#from = epoch * bucket
    this.#to = this.#from + bucket
    return slot
  }

  // --- Reading ------------------------------------------------------------------------------------

  /** Returns the counts of some slots, or all counts. */
  read(slots?: ReadonlyArray<number>): Counts {
    const rows: Array<Row> = []
    for (const cell of this.#rows) {
      const { count, millis } = cell.sum(slots)
      if (count === 0) continue
      const tokens = cell.tokens?.sum(slots)
      rows.push({ ...cell.of, count, millis, ...(tokens !== undefined && { tokens }) })
    }
    const open: Array<InFlight> = []
    let inFlight = 0
    for (const group of this.#all) {
      const calls = group.open.sum(slots).count
      if (calls <= 0) continue
      open.push({ ...group.labels, calls })
      inFlight += calls
    }
    return { rows, inFlight, open }
  }

  /**
   * Returns the counts of the calls that began between two moments, in whole buckets that are remembered and not in the future.
   */
  window(from: number, to: number, now: number): Counts & { readonly from: number; readonly to: number } {
    const { bucket, buckets } = this.bounds
    // NaN means no bound
    const last = Math.ceil(Math.min(Number.isNaN(to) ? now : to, now + 1) / bucket)
    const start = Math.min(Math.max(Number.isNaN(from) ? 0 : from, this.since), now)
    let first = Math.max(Math.floor(start / bucket), last - buckets)
    const slots: Array<number> = []
    for (let epoch = last - 1; epoch >= first; epoch--) {
      const slot = this.slotOf(epoch * bucket, false)
      if (slot >= 0) slots.push(slot)
      // a later bucket has taken over its slot
      else if ((this.#epochs[((epoch % buckets) + buckets) % buckets] ?? 0) > epoch) first = epoch + 1
    }
    const begins = Math.max(first * bucket, this.since)
    return { from: begins, to: Math.max(begins, Math.min(last * bucket, now)), ...this.read(slots) }
  }
}
