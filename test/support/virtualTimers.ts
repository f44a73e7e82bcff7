/** A virtual clock in milliseconds with timers, for the pure parts that need no Effect. */
import { Heap, HeapNode } from "../../src/internal/heap.js"
import { type Random, seeded } from "../../src/testing/internal/simulator/random.js"

/** A timer: its key is the moment at which its value is called. */
export type Scheduled = HeapNode<() => void>

export class Simulation {
  now = 0
  events = 0
  readonly random: Random
  readonly #timers = new Heap<() => void>()
  #number = 0

  constructor(seed: number) {
    this.random = seeded(seed)
  }

  at(time: number, run: () => void): Scheduled {
    const timer = new HeapNode(Math.max(time, this.now), this.#number++, run)
    this.#timers.add(timer)
    return timer
  }

  after(millis: number, run: () => void): Scheduled {
    return this.at(this.now + millis, run)
  }

  cancel(timer: Scheduled | undefined): void {
    if (timer !== undefined) this.#timers.remove(timer)
  }

  run(until: number): void {
    for (;;) {
      const timer = this.#timers.first
      if (timer === undefined || timer.key > until) break
      this.#timers.remove(timer)
      this.now = timer.key
      this.events++
      timer.value()
    }
    this.now = until
  }
}
