/** A server that is sometimes slow, and calls that get a second copy, on a virtual clock: the pure parts without Effect. */
import { begin, end, initialKey, type Settings, withdraw } from "../../src/internal/hedge/keyState.js"
import { Lane } from "../../src/internal/rateLimiter/lane.js"
import { initial } from "../../src/internal/rateLimiter/machine.js"
import type { Ticket } from "../../src/internal/rateLimiter/model.js"
import { type Scheduled, Simulation } from "./virtualTimers.js"
import { exponential, lognormal, type Random, seeded } from "../../src/testing/internal/simulator/random.js"
import { waiter } from "./waiter.js"

/** The time that a call takes on an idle server: 100 ms in the mean, and ten times as long for one call of twenty. */
const serviceTime = (random: Random): number => lognormal(random, 100, 0.4) * (random() < 0.05 ? 10 : 1)

const meanServiceTime = 100 * (0.95 + 0.05 * 10)

export interface Traffic {
  /** The share of the server's slots that calls would use without second copies. */
  readonly load: number
  /** The number of calls that the server runs at once; the limiter holds the others back. */
  readonly slots: number
  readonly calls: number
  readonly seed: number
  /** The options of the hedge; absent for calls without one. */
  readonly hedge: Settings | undefined
}

export interface Figures {
  readonly mean: number
  readonly p99: number
  readonly attemptsPerCall: number
}

interface Copy {
  readonly leave: () => void
}

/** Returns the latencies and attempts of many calls at random times. The first fifth, in which the delay is learned, is left out. */
export const simulate = ({ calls, hedge, load, seed, slots }: Traffic): Figures => {
  const simulation = new Simulation(seed)
  // arrivals and first copies are the same with and without a hedge
  const traffic = seeded(seed + 1)
  const { random } = simulation
  // a pace that holds nothing back: only the slots do
  const limits = { requests: 1e9 }
  const lane = new Lane(initial({ concurrency: slots, limits }), {
    now: () => simulation.now,
    random,
    setTimer: (millis, fire) => simulation.after(millis, fire),
    clearTimer: (timer) => simulation.cancel(timer)
  })
  const state = hedge && initialKey(hedge, 0)
  const latencies: Array<number> = []
  let attempts = 0

  const send = (millis: number, done: () => void): Copy => {
    let ticket: Ticket | undefined
    let timer: Scheduled | undefined
    const admitted = (granted: Ticket) => {
      ticket = granted
      timer = simulation.after(millis, () => {
        lane.record(granted, { kind: "ok" })
        done()
      })
    }
    const item = waiter({ order: simulation.now, cost: {}, deadline: Infinity, admitted, refused: () => {} })
    const leave = () => {
      if (ticket === undefined) return lane.leave(item)
      simulation.cancel(timer)
      lane.record(ticket, { kind: "dropped" })
    }
    const now = lane.tryAdmit({})
    if (now === undefined) lane.wait(item)
    else admitted(now)
    return { leave }
  }

  const call = (measured: boolean, time: number): void => {
    const startedAt = simulation.now
    const delay = state && hedge && begin(state, hedge, startedAt)
    const copies: Array<Copy> = []
    const start = (by: number) => {
      if (measured) attempts++
      copies[by] = send(by === 0 ? time : serviceTime(random), () => {
        simulation.cancel(timer)
        copies[1 - by]?.leave()
        const millis = simulation.now - startedAt
        if (measured) latencies.push(millis)
        if (state !== undefined) end(state, simulation.now, { delay, millis, failed: false })
      })
    }
    // a call ends after its start at the earliest
    const timer =
      delay === undefined
        ? undefined
        : simulation.after(delay, () => {
            if (state && hedge && withdraw(state, hedge, simulation.now, () => lane.isFree({}))) start(1)
          })
    start(0)
  }

  const gap = meanServiceTime / (load * slots)
  let time = 0
  for (let n = 0; n < calls; n++) {
    time += exponential(traffic, gap)
    const own = serviceTime(traffic)
    simulation.at(time, () => call(n >= calls / 5, own))
  }
  simulation.run(time + 1e7)
  latencies.sort((a, b) => a - b)
  const count = latencies.length
  return {
    mean: latencies.reduce((sum, millis) => sum + millis, 0) / count,
    p99: latencies[Math.floor(count * 0.99)] ?? Number.NaN,
    attemptsPerCall: attempts / count
  }
}
