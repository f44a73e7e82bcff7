import * as Duration from "effect/Duration"
import * as Headers from "./internal/http/headers.js"
export interface RetryHint {
  readonly delay?: Duration.Duration
  readonly shouldRetry?: boolean
}
export type HeadersInput = Headers.HeadersInput
export declare const maxDelay: Duration.Duration
export declare const parse: (headers: HeadersInput | undefined, now: number) => RetryHint | undefined
