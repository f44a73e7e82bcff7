/** A virtual clock in milliseconds with timers, for the pure parts that need no Effect. */
import { type Random, seeded } from "../../src/testing/internal/simulator/random.js"

export interface Scheduled {
  readonly time: number
  readonly number: number
  /** Absent once it was cancelled. */
  run: (() => void) | undefined
}

const isBefore = (a: Scheduled, b: Scheduled): boolean => a.time < b.time || (a.time === b.time && a.number < b.number)

export class Simulation {
  now = 0
  events = 0
  readonly random: Random
  readonly #heap: Array<Scheduled> = []
  #number = 0

  constructor(seed: number) {
    this.random = seeded(seed)
  }

  at(time: number, run: () => void): Scheduled {
    const event: Scheduled = { time: Math.max(time, this.now), number: this.#number++, run }
    const heap = this.#heap
    let index = heap.length
    heap.push(event)
    while (index > 0) {
      const above = (index - 1) >> 1
      const other = heap[above]
      if (other === undefined || isBefore(other, event)) break
      heap[index] = other
      index = above
    }
    heap[index] = event
    return event
  }

  after(millis: number, run: () => void): Scheduled {
    return this.at(this.now + millis, run)
  }

  cancel(event: Scheduled | undefined): void {
    if (event !== undefined) event.run = undefined
  }

  run(until: number): void {
    for (;;) {
      const event = this.#heap[0]
      if (event === undefined || event.time > until) break
      this.#removeFirst()
      const { run } = event
      if (run === undefined) continue
      this.now = event.time
      this.events++
      run()
    }
    this.now = until
  }

  #removeFirst(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    let index = 0
    for (;;) {
      let below = 2 * index + 1
      let other = heap[below]
      if (other === undefined) break
      const right = heap[below + 1]
      if (right !== undefined && isBefore(right, other)) {
        other = right
        below++
      }
      if (isBefore(last, other)) break
      heap[index] = other
      index = below
    }
    heap[index] = last
  }
}
