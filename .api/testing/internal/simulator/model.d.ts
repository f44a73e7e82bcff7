import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type { ApiError } from "../../../ApiError.js"
import type * as Reliability from "../../../Reliability.js"
import type { Workload } from "../../../Workload.js"
export interface Size {
  readonly input: number
  readonly output: number
  readonly maxOutput?: number | undefined
}
export interface Call {
  readonly id: number
  readonly class: string
  readonly process: number
  readonly input: number
  readonly maxOutput: number | undefined
}
export interface Response {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
}
export interface LoadOptions {
  readonly class?: string | undefined
  readonly sizes?: ((random: () => number) => Size) | undefined
  readonly deadline?: Duration.DurationInput | undefined
  readonly from?: Duration.DurationInput | undefined
  readonly to?: Duration.DurationInput | undefined
  readonly stagger?: Duration.DurationInput | undefined
}
export interface ClosedLoad extends LoadOptions {
  readonly workers: number
  readonly perSecond?: undefined
  readonly think?: Duration.DurationInput | undefined
  readonly afterFailure?: Duration.DurationInput | undefined
}
export interface OpenLoad extends LoadOptions {
  readonly perSecond: number
  readonly workers?: undefined
}
export type Load = ClosedLoad | OpenLoad
export interface ServerState {
  readonly random: () => number
  readonly active: number
  readonly queued: number
  readonly slots: number
}
export type Latency = Duration.DurationInput | ((state: ServerState) => Duration.DurationInput)
export interface Period {
  readonly from: Duration.DurationInput
  readonly to: Duration.DurationInput
}
export interface Outage extends Period {
  readonly status?: number | "hang" | undefined
  readonly announced?: boolean | undefined
}
export interface BrownOut extends Period {
  readonly factor: number
}
export interface ErrorShare extends Partial<Period> {
  readonly share: number
  readonly status?: number | undefined
}
export type HeaderStyle = "none" | "ietf" | "openai" | "anthropic" | "fireworks"
export interface ServerOptions {
  readonly hint?: "none" | "seconds" | "millis" | "date" | undefined
  readonly headers?: HeaderStyle | undefined
  readonly misstated?: number | undefined
  readonly outages?: ReadonlyArray<Outage> | undefined
  readonly brownOuts?: ReadonlyArray<BrownOut> | undefined
  readonly errors?: ReadonlyArray<ErrorShare> | undefined
}
export interface BucketOptions extends ServerOptions {
  readonly perSecond: number
  readonly burst?: number | undefined
  readonly window?: Duration.DurationInput | undefined
  readonly latency?: Latency | undefined
  readonly changes?:
    | ReadonlyArray<{
        readonly at: Duration.DurationInput
        readonly perSecond: number
      }>
    | undefined
  readonly growth?:
    | {
        readonly every: Duration.DurationInput
        readonly max: number
      }
    | undefined
}
export interface TokenLimits {
  readonly requests: number
  readonly input: number
  readonly output: number
}
export interface TokensOptions extends ServerOptions {
  readonly perMinute?: Partial<TokenLimits> | undefined
  readonly burst?: Duration.DurationInput | undefined
  readonly latency?: Latency | undefined
  readonly speed?: number | undefined
  readonly stream?: boolean | undefined
  readonly changes?:
    | ReadonlyArray<{
        readonly at: Duration.DurationInput
        readonly perMinute: Partial<TokenLimits>
      }>
    | undefined
}
export interface SlotsOptions extends ServerOptions {
  readonly slots?: number | undefined
  readonly queue?: number | undefined
  readonly status?: number | undefined
  readonly latency?: Latency | undefined
  readonly firstByte?: number | undefined
  readonly changes?:
    | ReadonlyArray<{
        readonly at: Duration.DurationInput
        readonly slots?: number | undefined
        readonly latency?: Latency | undefined
      }>
    | undefined
}
export interface Apply<A, E, R, R2 = R> {
  (attempt: Effect.Effect<A, E, R>, call: Call): Effect.Effect<unknown, unknown, R2>
}
export type Instance<A = Response, E = ApiError, R = never, R2 = R> =
  | Workload
  | Reliability.Policy<R2>
  | Apply<A, E, R, R2>
export type Policy<A = Response, E = ApiError, R = never, R2 = R, EX = never, RX = never> =
  | Instance<A, E, R, R2>
  | Effect.Effect<Instance<A, E, R, R2>, EX, RX>
