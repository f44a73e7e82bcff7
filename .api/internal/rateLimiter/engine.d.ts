import * as Effect from "effect/Effect"
import { type Host, Lane, type Refusal } from "./lane.js"
import { type Settings } from "./machine.js"
import type { Brake, Cost, Resource } from "./model.js"
import { Pass } from "./pass.js"
import { type Sharing } from "./sharedLane.js"
export interface Entry {
  readonly key: string
  readonly cost: Cost
  readonly slack: number
  readonly left: number
  readonly order: number | undefined
}
export interface EngineOptions<T> {
  readonly settings: Settings
  readonly most: number
  readonly idle: number
  readonly host: Host<T>
  readonly sharing: Sharing | undefined
}
export interface KeyDescription {
  readonly key: string
  readonly inFlight: number
  readonly waiting: number
  readonly paces: ReadonlyArray<{
    readonly resource: Resource
    readonly perSecond: number
    readonly limitPerSecond: number | undefined
  }>
  readonly window: number | undefined
  readonly pausedFor: number
  readonly admitted: number
  readonly waited: number
  readonly waitedMillis: number
  readonly serverRefusals: number
  readonly refused: {
    readonly [B in Brake]?: number
  }
  readonly outages: number
}
export type Restore = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
type ToError<T, E> = (lane: Lane<T>, refusal: Refusal, left: number) => E
export declare class Engine<T, E> {
  #private
  constructor(options: EngineOptions<T>, toError: ToError<T, E>)
  enter(entry: Entry): Pass | undefined
  isFree({ cost, key }: Pick<Entry, "cost" | "key">): boolean
  wait<A, E2, R>(
    entry: Entry,
    restore: Restore,
    next: (end: Pass | E) => Effect.Effect<A, E2, R>
  ): Effect.Effect<A, E2, R>
  describe(): ReadonlyArray<KeyDescription>
}
export {}
