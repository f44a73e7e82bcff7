import type * as Duration from "effect/Duration"
import type { Slot } from "../../Store.js"
import { type Settings } from "./machine.js"
import type { Brake, Cost, Report, Resource, State, Ticket, Wait } from "./model.js"
export declare const seenEvery = 10000
export interface Member {
  readonly inFlight: number
  readonly pending: number
  readonly seenAt: number
  readonly since?: number | undefined
}
export interface SharedState {
  readonly epoch: string
  readonly state: State
  readonly members: {
    readonly [id: string]: Member
  }
}
export interface SharedTicket extends Ticket {
  readonly epoch: string
  readonly output: number
}
export interface Batch {
  readonly id: string
  readonly epoch: string
  readonly now: number
  readonly settings: Settings
  readonly inFlight: number
  readonly pending: number
  readonly reports: ReadonlyArray<{
    readonly ticket: SharedTicket
    readonly report: Report
  }>
  readonly asks: ReadonlyArray<{
    readonly cost: Cost
    readonly heldBy: Brake | undefined
  }>
  readonly known: State | undefined
  readonly spent:
    | {
        readonly epoch: string
        readonly amounts: Spent
      }
    | undefined
}
type Spent = {
  readonly [R in Resource]?: number
}
export interface Outcome {
  readonly now: number
  readonly epoch: string
  readonly state: State
  readonly others: number
  readonly tickets: ReadonlyArray<SharedTicket>
  readonly wait: Wait | undefined
}
export declare const shift: (state: State, millis: number) => State
export declare const scaled: (given: State, factor: number) => State
export declare const spentOf: (state: State, now: number) => Spent
export declare const foreign: (ticket: Ticket) => Ticket
export declare const step: (
  batch: Batch,
  stored: SharedState | undefined,
  now: number
) => readonly [Outcome, SharedState]
export declare const slotOf: (timeToLive: Duration.Duration) => Slot<SharedState>
export {}
