export type Places<K extends string> = {
  [_ in K]: number
}
export declare class Heap<K extends string, A extends Places<K>> {
  #private
  constructor(place: K, isBefore: (a: A, b: A) => boolean)
  get size(): number
  get first(): A | undefined
  add(item: A): void
  remove(item: A): void
}
