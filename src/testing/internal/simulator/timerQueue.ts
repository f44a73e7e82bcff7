/**
 * The timers of virtual time: a binary heap in the order of their times. Timers of the same time keep the order in which they were
 * set.
 *
 * `Heap` orders any elements, by a function that is called for each comparison. A simulation spends most of its own time with
 * timers, and this heap takes half of the time of the other.
 *
 * @since 0.2.0
 */

/** A timer. */
export class Wake {
  readonly time: number
  readonly number: number
  readonly fire: () => void
  /** The index in the queue; -1 outside of it. */
  place = -1

  constructor(time: number, number: number, fire: () => void) {
    this.time = time
    this.number = number
    this.fire = fire
  }
}

const isBefore = (a: Wake, b: Wake): boolean => a.time < b.time || (a.time === b.time && a.number < b.number)

export class TimerQueue {
  readonly #items: Array<Wake> = []

  get first(): Wake | undefined {
    return this.#items[0]
  }

  add(wake: Wake): void {
    this.#items.push(wake)
    this.#up(wake, this.#items.length - 1)
  }

  /** Removes a timer; does nothing if the queue does not hold it. */
  remove(wake: Wake): void {
    const items = this.#items
    const index = wake.place
    if (items[index] !== wake) return
    wake.place = -1
    const last = items.pop()
    if (last === undefined || last === wake) return
    this.#up(last, index)
    this.#down(last, last.place)
  }

  #up(wake: Wake, from: number): void {
    const items = this.#items
    let index = from
    while (index > 0) {
      const above = (index - 1) >> 1
      const other = items[above]
      if (other === undefined || isBefore(other, wake)) break
      items[index] = other
      other.place = index
      index = above
    }
    items[index] = wake
    wake.place = index
  }

  #down(wake: Wake, from: number): void {
    const items = this.#items
    let index = from
    for (;;) {
      let below = 2 * index + 1
      let other = items[below]
      if (other === undefined) break
      const right = items[below + 1]
      if (right !== undefined && isBefore(right, other)) {
        other = right
        below++
      }
      if (isBefore(wake, other)) break
      items[index] = other
      other.place = index
      index = below
    }
    items[index] = wake
    wake.place = index
  }
}
