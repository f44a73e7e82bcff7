/**
 * Makes the calls of a load. The arrivals and the sizes depend on the seed alone, so that all policies receive the same calls.
 *
 * @since 0.2.0
 */
import type { Call, Size } from "./model.js"
import { exponential, type Random, seeded } from "./random.js"
import type { VirtualTime } from "./virtualTime.js"

/** A call with everything that the simulation knows of it. */
export interface SimulatedCall extends Call {
  readonly worker: number
  readonly output: number
  readonly startedAt: number
}

/** The load of a simulation with all times in milliseconds. */
export interface CheckedLoad {
  readonly class: string
  readonly workers: number | undefined
  readonly perSecond: number
  readonly sizes: ((random: Random) => Size) | undefined
  readonly deadline: number
  readonly from: number
  readonly to: number
  readonly stagger: number
  readonly think: number
  readonly afterFailure: number
}

/** Starts a call. The caller reports its end by `done`. */
export type Start = (call: SimulatedCall, load: CheckedLoad, done: (succeeded: boolean) => void) => void

export interface LoadSetup {
  readonly loads: ReadonlyArray<CheckedLoad>
  readonly processes: number
  readonly seed: number
}

const one: Size = { input: 1, output: 1 }

/** Returns the number of workers of all closed loops and processes. */
export const workersOf = ({ loads, processes }: LoadSetup): number =>
  loads.reduce((sum, { workers = 0 }) => sum + workers * processes, 0)

/** Begins all loads. Returns a function that ends them. */
export const generate = (time: VirtualTime, { loads, processes, seed }: LoadSetup, start: Start): (() => void) => {
  let isOver = false
  let calls = 0
  let workers = 0

  const begin = (
    load: CheckedLoad,
    random: Random | undefined,
    worker: number,
    process: number,
    done: (succeeded: boolean) => void
  ): void => {
    const { input, maxOutput, output } = random === undefined ? one : (load.sizes?.(random) ?? one)
    const call = { id: calls++, class: load.class, process, worker, input, output, maxOutput, startedAt: time.now }
    start(call, load, done)
  }

  const loop = (load: CheckedLoad, index: number, process: number): void => {
    const worker = workers++
    const random = load.sizes && seeded(seed, index, process, worker)
    let startedAt = 0
    const done = (succeeded: boolean): void => {
      if (isOver) return
      const pause = succeeded ? load.think : load.afterFailure
      // a worker whose calls take no time must not keep others from running
      if (pause > 0 || time.now === startedAt) time.after(pause, next)
      else next()
    }
    const next = (): void => {
      if (isOver || time.now >= load.to) return
      startedAt = time.now
      begin(load, random, worker, process, done)
    }
    time.at(load.from + process * load.stagger, next)
  }

  const ignore = (): void => {}

  const arrivals = (load: CheckedLoad, index: number, process: number): void => {
    const random = seeded(seed, index, process)
    const mean = 1000 / load.perSecond
    const next = (): void => {
      if (isOver || time.now >= load.to) return
      begin(load, random, -1, process, ignore)
      time.after(exponential(random, mean), next)
    }
    time.at(load.from + process * load.stagger + exponential(random, mean), next)
  }

  for (const [index, load] of loads.entries()) {
    for (let process = 0; process < processes; process++) {
      for (let i = 0; i < (load.workers ?? 0); i++) loop(load, index + 1, process)
      if (load.workers === undefined) arrivals(load, index + 1, process)
    }
  }
  return () => {
    isOver = true
  }
}
