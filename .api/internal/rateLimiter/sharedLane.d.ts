import { type Host, Lane, type Waiter } from "./lane.js"
import { type Settings } from "./machine.js"
import type { Brake, Cost, Report, Ticket } from "./model.js"
import { type Outcome, type SharedState, type SharedTicket } from "./sharedState.js"
export interface Sharing {
  readonly id: string
  readonly settings: Settings
  readonly processes: number
  readonly onOutage: "local" | "fail"
  readonly delay: number
  readonly idle: number
  readonly modify: (
    key: string,
    step: (stored: SharedState | undefined, now: number) => readonly [Outcome, SharedState],
    done: (outcome: Outcome | undefined) => void
  ) => void
}
export declare class SharedLane<T> extends Lane<T> {
  #private
  constructor(key: string, sharing: Sharing, host: Host<T>, most?: number)
  get waiting(): number
  get isBusy(): boolean
  tryAdmit(cost: Cost): Ticket | undefined
  leave(item: Waiter): void
  protected get isQuiet(): boolean
  protected remove(item: Waiter): void
  protected admit(now: number, cost: Cost, heldBy: Brake | undefined): SharedTicket
  protected learn(ticket: SharedTicket, report: Report): void
  protected advance(): number
}
