import type { Brake, Cost, Report, State, Ticket } from "./model.js"
export interface Host<T> {
  readonly now: () => number
  readonly random: () => number
  readonly setTimer: (millis: number, fire: () => void) => T
  readonly clearTimer: (timer: T) => void
}
export interface Refusal {
  readonly why: "queue" | "deadline"
  readonly by: Brake | undefined
  readonly millis: number
}
export interface Waiter {
  readonly order: number
  readonly cost: Cost
  readonly deadline: number
  readonly admitted: (ticket: Ticket) => void
  readonly refused: (refusal: Refusal) => void
  heldBy: Brake | undefined
  since: number
  number: number
  inQueue: number
  inDeadlines: number
}
export declare const waiter: (given: Pick<Waiter, "order" | "cost" | "deadline" | "admitted" | "refused">) => Waiter
export interface LaneCounts {
  admitted: number
  waited: number
  waitedMillis: number
  readonly refused: {
    [B in Brake]?: number
  }
  serverRefusals: number
}
export declare class Lane<T> {
  #private
  readonly state: State
  readonly host: Host<T>
  readonly counts: LaneCounts
  readonly most: number
  constructor(state: State, host: Host<T>, most?: number)
  get waiting(): number
  get isBusy(): boolean
  tryAdmit(cost: Cost): Ticket | undefined
  wait(item: Waiter): void
  leave(item: Waiter): void
  record(ticket: Ticket, report: Report): void
  pump(): void
}
