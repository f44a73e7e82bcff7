import type * as Duration from "effect/Duration"
import type { Cost } from "./model.js"
export declare const TypeId: unique symbol
export type TypeId = typeof TypeId
export interface RateLimiter {
  readonly [TypeId]: TypeId
  readonly classes: {
    readonly [name: string]: Duration.Duration
  }
}
export interface LimitOptions {
  readonly key: string
  readonly cost?: Cost | undefined
  readonly class?: string | undefined
}
export interface Use extends Partial<LimitOptions> {
  readonly limiter: RateLimiter
}
