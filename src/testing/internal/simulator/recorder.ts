/**
 * Counts what happens in a simulation. Its memory depends on the duration and on the number of workers, not on the number of calls.
 *
 * @since 0.2.0
 */
import { Histogram } from "./histogram.js"
import type { SimulatedCall } from "./load.js"
import type { Verdict } from "./servers.js"

/** Counts by second. */
export interface Counts {
  /** The calls that began. */
  readonly started: Uint32Array
  /** The attempts that clients sent. */
  readonly sent: Uint32Array
  /** The attempts that the server admitted. */
  readonly admitted: Uint32Array
  /** The attempts that the server refused by a limit. */
  readonly refused: Uint32Array
  /** The attempts that failed for another reason. */
  readonly failed: Uint32Array
  /** The calls that succeeded. */
  readonly succeeded: Uint32Array
  /** The calls that failed. */
  readonly gaveUp: Uint32Array
}

/** Counts of the calls of a class. */
export interface ClassCounts {
  calls: number
  succeeded: number
  failed: number
  readonly latencies: Histogram
}

/** A time during which something was wrong with the server, in milliseconds. */
export interface Trouble {
  readonly from: number
  readonly to: number
}

export interface RecorderOptions {
  readonly duration: number
  /** Milliseconds at the beginning that are only part of the series. */
  readonly warmUp: number
  readonly processes: number
  readonly troubles: ReadonlyArray<Trouble>
}

const add = (counts: Uint32Array, index: number): void => {
  counts[index] = (counts[index] ?? 0) + 1
}

/** The intervals of the moving second in which arrivals are counted. */
const tenths = 10

export class TrafficRecorder {
  calls = 0
  attempts = 0
  succeeded = 0
  failed = 0
  /** The calls in progress. */
  active = 0
  readonly reasons = new Map<string, number>()
  readonly classes = new Map<string, ClassCounts>()
  readonly series: Counts
  /** The successes of each worker of closed loops. */
  readonly ofWorkers: Array<number> = []
  readonly ofProcesses: Array<number>
  /** The tokens of successes. */
  readonly tokens = { input: 0, output: 0, wasted: 0 }
  /** The largest number of requests that arrived within a second, as a multiple of the limit; undefined without a limit. */
  peak: number | undefined
  /** The attempts that were sent during troubles, and the calls that were in progress during them. */
  readonly troubled = { attempts: 0, calls: 0 }
  readonly #options: RecorderOptions
  #isOver = false
  readonly #arrivals = new Uint32Array(tenths)
  #arrived = 0
  #tenth = 0
  #outstanding = 0

  constructor(options: RecorderOptions) {
    this.#options = options
    const seconds = () => new Uint32Array(Math.ceil(options.duration / 1000))
    this.ofProcesses = Array<number>(options.processes).fill(0)
    this.series = {
      started: seconds(),
      sent: seconds(),
      admitted: seconds(),
      refused: seconds(),
      failed: seconds(),
      succeeded: seconds(),
      gaveUp: seconds()
    }
  }

  /** Ends the counts: what happens after the duration does not count. */
  close(): void {
    this.#isOver = true
  }

  start(now: number, call: SimulatedCall): void {
    this.active++
    add(this.series.started, second(now))
    if (this.#isTroubled(now)) this.troubled.calls++
    if (now < this.#options.warmUp) return
    this.calls++
    this.classOf(call.class).calls++
  }

  /** Counts the calls that are in progress when a trouble begins. */
  beginTrouble(): void {
    this.troubled.calls += this.active
  }

  send(now: number): void {
    if (this.#isOver) return
    this.#outstanding++
    add(this.series.sent, second(now))
    if (this.#isTroubled(now)) this.troubled.attempts++
    if (now >= this.#options.warmUp) this.attempts++
  }

  /** Counts a request that reached the server. */
  arrive(now: number, perSecond: number | undefined, room: number | undefined): void {
    if (this.#isOver) return
    const tenth = Math.floor(now / 100)
    for (; this.#tenth < tenth; this.#tenth++) {
      const place = (this.#tenth + 1) % tenths
      this.#arrived -= this.#arrivals[place] ?? 0
      this.#arrivals[place] = 0
      if (tenth - this.#tenth > tenths) this.#tenth = tenth - tenths
    }
    add(this.#arrivals, tenth % tenths)
    this.#arrived++
    if (now < this.#options.warmUp) return
    const load = perSecond === undefined ? room && this.#outstanding / room : this.#arrived / Math.max(1, perSecond)
    if (load !== undefined && !(load <= (this.peak ?? 0))) this.peak = load
  }

  decide(now: number, verdict: Verdict): void {
    if (this.#isOver) return
    if (verdict === "admitted") add(this.series.admitted, second(now))
    else if (verdict === "refused") add(this.series.refused, second(now))
    else add(this.series.failed, second(now))
  }

  /** Counts the end of an attempt. */
  receive(): void {
    this.#outstanding--
  }

  waste(now: number, tokens: number): void {
    if (!this.#isOver && now >= this.#options.warmUp) this.tokens.wasted += tokens
  }

  succeed(now: number, call: SimulatedCall): void {
    this.active--
    if (this.#isOver) return
    add(this.series.succeeded, second(now))
    if (now < this.#options.warmUp) return
    this.succeeded++
    this.tokens.input += call.input
    this.tokens.output += call.output
    const { ofProcesses, ofWorkers } = this
    const counts = this.classOf(call.class)
    counts.succeeded++
    counts.latencies.add(now - call.startedAt)
    if (call.worker >= 0) ofWorkers[call.worker] = (ofWorkers[call.worker] ?? 0) + 1
    ofProcesses[call.process] = (ofProcesses[call.process] ?? 0) + 1
  }

  fail(now: number, call: SimulatedCall, reason: string): void {
    this.active--
    if (this.#isOver) return
    add(this.series.gaveUp, second(now))
    if (now < this.#options.warmUp) return
    this.failed++
    this.classOf(call.class).failed++
    this.reasons.set(reason, (this.reasons.get(reason) ?? 0) + 1)
  }

  classOf(name: string): ClassCounts {
    let counts = this.classes.get(name)
    if (counts === undefined) {
      counts = { calls: 0, succeeded: 0, failed: 0, latencies: new Histogram() }
      this.classes.set(name, counts)
    }
    return counts
  }

  #isTroubled(now: number): boolean {
    for (const { from, to } of this.#options.troubles) if (now >= from && now < to) return true
    return false
  }
}

const second = (now: number): number => Math.floor(now / 1000)
