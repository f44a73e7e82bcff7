export declare class Wake {
  readonly time: number
  readonly number: number
  readonly fire: () => void
  place: number
  constructor(time: number, number: number, fire: () => void)
}
export declare class TimerQueue {
  #private
  get first(): Wake | undefined
  add(wake: Wake): void
  remove(wake: Wake): void
}
