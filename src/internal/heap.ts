/**
 * A heap of nodes, from which any node can be removed. The node with the smallest key is the first; of equal keys, that with the
 * smallest number.
 *
 * Each node has up to four others below it, and the keys are in an array of their own: a limiter and a simulator spend much of their
 * time here, and most of that on reads from memory.
 *
 * @since 0.2.0
 */

/** A place of a value in a heap. A value that is in several heaps has a node for each of them. */
export class HeapNode<A> {
  readonly key: number
  readonly number: number
  readonly value: A
  /** The index in the heap; -1 outside of it. */
  index = -1

  constructor(key: number, number: number, value: A) {
    this.key = key
    this.number = number
    this.value = value
  }
}

/** The nodes below a node, as a power of two. */
const shift = 2
const width = 1 << shift

export class Heap<A> {
  readonly #nodes: Array<HeapNode<A>> = []
  readonly #keys: Array<number> = []

  get size(): number {
    return this.#nodes.length
  }

  get first(): HeapNode<A> | undefined {
    return this.#nodes[0]
  }

  add(node: HeapNode<A>): void {
    this.#nodes.push(node)
    this.#keys.push(node.key)
    this.#up(node, this.#nodes.length - 1)
  }

  /** Removes a node; does nothing if the heap does not hold it. */
  remove(node: HeapNode<A>): void {
    const nodes = this.#nodes
    const { index } = node
    if (index < 0 || nodes[index] !== node) return
    node.index = -1
    const last = nodes.pop()
    this.#keys.pop()
    if (last === undefined || last === node) return
    this.#up(last, index)
    this.#down(last, last.index)
  }

  #put(node: HeapNode<A>, index: number, key: number): void {
    this.#nodes[index] = node
    this.#keys[index] = key
    node.index = index
  }

  #up(node: HeapNode<A>, from: number): void {
    const { key, number } = node
    let index = from
    while (index > 0) {
      const above = (index - 1) >> shift
      const other = this.#nodes[above]
      const otherKey = this.#keys[above]
      if (other === undefined || otherKey === undefined) break
      if (otherKey < key || (otherKey === key && other.number < number)) break
      this.#put(other, index, otherKey)
      index = above
    }
    this.#put(node, index, key)
  }

  #down(node: HeapNode<A>, from: number): void {
    const nodes = this.#nodes
    const keys = this.#keys
    const { key, number } = node
    let index = from
    for (;;) {
      const begin = index * width + 1
      const end = Math.min(begin + width, nodes.length)
      let least = key
      let place = -1
      for (let below = begin; below < end; below++) {
        const other = keys[below]
        if (other === undefined || other > least) continue
        // the numbers decide between equal keys
        if (other === least && (nodes[below]?.number ?? 0) > (place < 0 ? number : (nodes[place]?.number ?? 0)))
          continue
        least = other
        place = below
      }
      const other = place < 0 ? undefined : nodes[place]
      if (other === undefined) break
      this.#put(other, index, least)
      index = place
    }
    this.#put(node, index, key)
  }
}
