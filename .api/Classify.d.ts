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
  readonly now?: number | undefined
}
export interface ExceptionOptions extends Context {
  readonly now?: number | undefined
  readonly reusedSocket?: boolean | undefined
}
export declare const answer: (input: Answer) => ApiError
export declare const exception: (cause: unknown, options?: ExceptionOptions) => ApiError
