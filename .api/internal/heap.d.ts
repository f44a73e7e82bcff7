export declare class HeapNode<A> {
  readonly key: number
  readonly number: number
  readonly value: A
  index: number
  constructor(key: number, number: number, value: A)
}
export declare class Heap<A> {
  #private
  get size(): number
  get first(): HeapNode<A> | undefined
  add(node: HeapNode<A>): void
  remove(node: HeapNode<A>): void
}
