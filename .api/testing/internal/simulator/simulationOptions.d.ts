import * as Duration from "effect/Duration"
import type { CheckedLoad } from "./load.js"
import type {
  BucketOptions,
  HeaderStyle,
  Load,
  ServerOptions,
  ServerState,
  SlotsOptions,
  TokenLimits,
  TokensOptions
} from "./model.js"
export type Late = (state: ServerState) => number
interface CheckedPeriod {
  readonly from: number
  readonly to: number
}
export interface CheckedServer {
  readonly hint: NonNullable<ServerOptions["hint"]>
  readonly headers: HeaderStyle
  readonly misstated: number
  readonly outages: ReadonlyArray<
    CheckedPeriod & {
      readonly status: number | "hang"
      readonly announced: boolean
    }
  >
  readonly brownOuts: ReadonlyArray<
    CheckedPeriod & {
      readonly factor: number
    }
  >
  readonly errors: ReadonlyArray<
    CheckedPeriod & {
      readonly share: number
      readonly status: number
    }
  >
}
export interface CheckedBucket extends CheckedServer {
  readonly perSecond: number
  readonly burst: number
  readonly window: number | undefined
  readonly latency: Late
  readonly changes: ReadonlyArray<{
    readonly at: number
    readonly perSecond: number
  }>
  readonly growth:
    | {
        readonly every: number
        readonly max: number
      }
    | undefined
}
export interface CheckedTokens extends CheckedServer {
  readonly perMinute: TokenLimits
  readonly burst: number
  readonly latency: Late
  readonly speed: number
  readonly stream: boolean
  readonly changes: ReadonlyArray<{
    readonly at: number
    readonly perMinute: Partial<TokenLimits>
  }>
}
export interface CheckedSlots extends CheckedServer {
  readonly slots: number
  readonly queue: number
  readonly status: number
  readonly latency: Late
  readonly firstByte: number
  readonly changes: ReadonlyArray<{
    readonly at: number
    readonly slots: number | undefined
    readonly latency: Late | undefined
  }>
}
export declare const millisOf: (owner: string, option: string, input: Duration.DurationInput, min?: number) => number
export declare const checkBucket: (options: BucketOptions) => CheckedBucket
export declare const checkTokens: (options: TokensOptions) => CheckedTokens
export declare const checkSlots: (options: SlotsOptions) => CheckedSlots
export declare const checkLoad: (owner: string, load: Load) => CheckedLoad
export {}
