import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { ServerCounts as Counted } from "../Accounting.js"
import type { ApiError } from "../ApiError.js"
import * as Fireworks from "./Fireworks.js"
import { type Rates } from "./internal/rates.js"
export type { Rates } from "./internal/rates.js"
export interface Window {
  readonly from: number
  readonly to: number
}
export interface ServerCounts extends Counted {
  readonly byStatus: Readonly<Record<string, number>>
  readonly coverage: number
  readonly resolution: number
}
export interface Scrape {
  readonly at: number
  readonly deployments: ReadonlyMap<string, Rates>
}
export interface Reading {
  readonly at: number
  readonly rates: Rates | undefined
}
export interface Collector {
  readonly counts: (window: Window) => Effect.Effect<ServerCounts>
  readonly readings: Effect.Effect<ReadonlyArray<Reading>>
  readonly last: Effect.Effect<Exit.Exit<Scrape, ApiError> | undefined>
}
export interface CollectOptions {
  readonly every?: Duration.DurationInput | undefined
  readonly keep?: Duration.DurationInput | undefined
}
export interface ServerMetrics {
  readonly scrape: Effect.Effect<Scrape, ApiError>
  readonly counts: (options: {
    readonly deployment: string
    readonly window?: Window | undefined
  }) => Effect.Effect<ServerCounts, ApiError>
  readonly collect: (deployment: string, options?: CollectOptions) => Effect.Effect<Collector, never, Scope.Scope>
}
export declare const integrate: (readings: ReadonlyArray<Reading>, window: Window) => ServerCounts
export declare const make: Effect.Effect<ServerMetrics, never, Fireworks.Fireworks>
export declare const ServerMetrics: Context.Tag<ServerMetrics, ServerMetrics>
export declare const layer: () => Layer.Layer<ServerMetrics, never, Fireworks.Fireworks>
export declare const scrape: Effect.Effect<Scrape, ApiError, ServerMetrics>
export declare const counts: (
  options: Parameters<ServerMetrics["counts"]>[0]
) => Effect.Effect<ServerCounts, ApiError, ServerMetrics>
export declare const collect: (
  deployment: string,
  options?: CollectOptions
) => Effect.Effect<Collector, never, ServerMetrics | Scope.Scope>
