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
export declare class Engine<T, E> {
  #private
  constructor(options: EngineOptions<T>, toError: (lane: Lane<T>, refusal: Refusal, left: number) => E)
  enter(entry: Entry): Pass | undefined
  isFree({ cost, key }: Pick<Entry, "cost" | "key">): boolean
  wait({ cost, key, left, order: place, slack }: Entry): Effect.Effect<Pass, E>
  describe(): ReadonlyArray<KeyDescription>
}
