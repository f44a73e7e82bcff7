export interface Interval {
  readonly upTo: number
  readonly count: number
}
export declare class Histogram {
  #private
  count: number
  max: number
  add(millis: number): void
  quantile(share: number): number | undefined
  intervals(): ReadonlyArray<Interval>
}
