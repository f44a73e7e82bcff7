import { Heap, HeapNode } from "../heap.js"
import type { Brake, Cost, Report, State, Ticket } from "./model.js"
export interface Host<T> {
  readonly now: () => number
  readonly random: () => number
  readonly setTimer: (millis: number, fire: () => void) => T
  readonly clearTimer: (timer: T) => void
}
export interface Refusal {
  readonly why: "queue" | "deadline" | "outage"
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
  inQueue: HeapNode<Waiter> | undefined
  inDeadlines: HeapNode<Waiter> | undefined
}
export interface LaneCounts {
  admitted: number
  waited: number
  waitedMillis: number
  readonly refused: {
    [B in Brake]?: number
  }
  serverRefusals: number
  outages: number
}
export declare class Lane<T> {
  #private
  state: State
  readonly host: Host<T>
  readonly counts: LaneCounts
  readonly most: number
  protected readonly queue: Heap<Waiter>
  protected readonly deadlines: Heap<Waiter>
  protected number: number
  protected heldBy: Brake | undefined
  onPause: ((millis: number, by: "failures" | "refusals") => void) | undefined
  constructor(state: State, host: Host<T>, most?: number)
  get waiting(): number
  get isBusy(): boolean
  tryAdmit(cost: Cost): Ticket | undefined
  isFree(cost: Cost): boolean
  wait(item: Waiter): void
  leave(item: Waiter): void
  record(ticket: Ticket, report: Report): void
  pump(): void
  protected advance(): number
  protected get isQuiet(): boolean
  protected rest(): void
  protected learn(ticket: Ticket, report: Report): void
  protected admit(now: number, cost: Cost, heldBy: Brake | undefined): Ticket
  protected countWait({ since }: Waiter, now: number): void
  protected remove(item: Waiter): void
  protected expire(moment: number, now: number): void
  protected refuse(item: Waiter, refusal: Refusal): void
  protected rate(): number
}
