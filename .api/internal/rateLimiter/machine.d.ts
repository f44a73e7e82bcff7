import type { Cost, Decision, Event, Pace, Report, Resource, State, Ticket, Wait } from "./model.js"
export declare const unbounded: number
export interface Settings {
  readonly concurrency?: number | undefined
  readonly limits?:
    | {
        readonly [R in Resource]?: number | undefined
      }
    | undefined
}
export declare const initial: ({ concurrency, limits }?: Settings) => State
export declare const configure: (state: State, { concurrency, limits }: Settings) => boolean
export declare const copy: (state: State) => State
export declare const roomOf: (state: State, pace: Pace) => number
export declare const levelAt: (state: State, pace: Pace, now: number) => number
export declare const ask: (state: State, moment: number, cost: Cost, reserved?: number) => Wait
export declare const isFree: (state: State, now: number, cost: Cost) => boolean
export declare const admit: (state: State, moment: number, cost: Cost, heldBy: Wait["by"]) => Ticket
export declare const record: (state: State, moment: number, ticket: Ticket, report: Report) => void
export declare const apply: (state: State, now: number, event: Event) => Decision
export declare const transition: (state: State, now: number, event: Event) => readonly [State, Decision]
