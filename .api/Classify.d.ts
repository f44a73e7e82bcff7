import * as Effect from "effect/Effect"
import { type ApiError, type Delivery } from "./ApiError.js"
import * as Dialect from "./Dialect.js"
import * as RetryHint from "./RetryHint.js"
export interface Context {
  readonly dialect?: Dialect.Dialect | undefined
  readonly target?: Dialect.Target | undefined
  readonly delivery?: Delivery | undefined
  readonly method?: string | undefined
  readonly url?: string | undefined
}
export interface Answer extends Context {
  readonly status: number
  readonly headers?: RetryHint.HeadersInput | undefined
  readonly body?: unknown
  readonly now: number
}
export interface ExceptionContext extends Context {
  readonly reusedSocket?: boolean | undefined
}
export interface ExceptionOptions extends ExceptionContext {
  readonly now: number
}
export declare const answer: (input: Answer) => ApiError
export declare const exception: (cause: unknown, options: ExceptionOptions) => ApiError
export declare const mapError: {
  (context?: ExceptionContext): <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, ApiError, R>
  <A, E, R>(effect: Effect.Effect<A, E, R>, context?: ExceptionContext): Effect.Effect<A, ApiError, R>
}
