/**
 * A binary heap whose elements store their index, so that any of them can be removed.
 *
 * @since 0.2.0
 */

/** The property of an element that stores its index in a heap. An element can be in several heaps. */
export type Places<K extends string> = { [_ in K]: number }

export class Heap<K extends string, A extends Places<K>> {
  readonly #items: Array<A> = []
  readonly #place: K
  readonly #isBefore: (a: A, b: A) => boolean

  constructor(place: K, isBefore: (a: A, b: A) => boolean) {
    this.#place = place
    this.#isBefore = isBefore
  }

  get size(): number {
    return this.#items.length
  }

  get first(): A | undefined {
    return this.#items[0]
  }

  add(item: A): void {
    this.#items.push(item)
    this.#up(item, this.#items.length - 1)
  }

  /** Removes an element; does nothing if the heap does not hold it. */
  remove(item: A): void {
    const items = this.#items
    const index = item[this.#place]
    if (items[index] !== item) return
    this.#set(item, -1)
    const last = items.pop()
    if (last === undefined || last === item) return
    this.#up(last, index)
    this.#down(last, last[this.#place])
  }

  #set(item: A, index: number): void {
    // the index is a number, but `A[K]` may be a narrower type
    item[this.#place] = index as A[K]
  }

  #up(item: A, from: number): void {
    const items = this.#items
    let index = from
    while (index > 0) {
      const above = (index - 1) >> 1
      const other = items[above]
      if (other === undefined || this.#isBefore(other, item)) break
      items[index] = other
      this.#set(other, index)
      index = above
    }
    items[index] = item
    this.#set(item, index)
  }

  #down(item: A, from: number): void {
    const items = this.#items
    let index = from
    for (;;) {
      let below = 2 * index + 1
      let other = items[below]
      if (other === undefined) break
      const right = items[below + 1]
      if (right !== undefined && this.#isBefore(right, other)) {
        other = right
        below++
      }
      if (this.#isBefore(item, other)) break
      items[index] = other
      this.#set(other, index)
      index = below
    }
    items[index] = item
    this.#set(item, index)
  }
}
