import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Outcome } from "./Reliability.js"
import type {
  Counts,
  Labels,
  ReconcileOptions,
  ServerCounts,
  TokenReport,
  Verdict,
  Window
} from "./internal/accounting/model.js"
export type {
  Row,
  Labels,
  InFlight,
  TokenCounts,
  TokenReport,
  Counts,
  Window,
  ServerCounts,
  Phase,
  Failure,
  Bounds,
  Evidence,
  NotEnough,
  Verdict,
  ReconcileOptions
} from "./internal/accounting/model.js"
export interface Snapshot extends Counts {
  readonly at: number
}
export interface Options {
  readonly bucket?: Duration.DurationInput | undefined
  readonly buckets?: number | undefined
  readonly labels?: number | undefined
  readonly rows?: number | undefined
}
export interface Accounting {
  readonly options: {
    readonly [K in keyof Options]-?: number
  }
  readonly record: (outcome: Outcome) => void
  readonly snapshot: Effect.Effect<Snapshot>
  readonly window: (from: number, to: number) => Effect.Effect<Window>
}
export declare const make: (options?: Options) => Effect.Effect<Accounting>
export declare const count: {
  (accounting: Accounting): <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  <A, E, R>(effect: Effect.Effect<A, E, R>, accounting: Accounting): Effect.Effect<A, E, R>
}
export declare const Accounting: Context.Tag<Accounting, Accounting>
export declare const layer: (options?: Options) => Layer.Layer<Accounting>
export declare const snapshot: Effect.Effect<Snapshot, never, Accounting>
export declare const window: (from: number, to: number) => Effect.Effect<Window, never, Accounting>
export declare const since: {
  (earlier: Snapshot): (later: Snapshot) => Snapshot
  (later: Snapshot, earlier: Snapshot): Snapshot
}
export declare const only: {
  (labels: Partial<Labels>): <C extends Counts>(counts: C) => C
  <C extends Counts>(counts: C, labels: Partial<Labels>): C
}
export declare const tokens: ({ rows }: Pick<Counts, "rows">) => TokenReport
export declare const reconcile: (window: Window, counts: ServerCounts, options?: ReconcileOptions) => Verdict
export declare const format: (verdict: Verdict) => string
