/**
 * The types of dialects: tables of the meaning of a provider's statuses and codes.
 *
 * @since 0.1.0
 */
import type { Kind } from "../../ApiError.js"

/**
 * The servers that the model runs on: shared ones, or a deployment of one account. They decide the meaning of a 429.
 *
 * @since 0.1.0
 * @category model
 */
export type Target = "serverless" | "dedicated"

/**
 * The condition under which an entry applies: all given fields must match. If several entries apply, the most specific one
 * wins: a code before a target, a target before words.
 *
 * @since 0.1.0
 * @category model
 */
export interface Condition {
  /** The HTTP status, 100 to 999. Without it, the entry applies to its code if no entry matches the status. */
  readonly status?: number | undefined
  /** A code or type in the body; case does not matter. */
  readonly code?: string | undefined
  /** The servers that the model runs on. */
  readonly target?: Target | undefined
  /** A pattern of the body's message. Servers change their messages, so an entry with a pattern may differ only in `advice`. */
  readonly says?: RegExp | undefined
}

/**
 * The meaning of a response.
 *
 * @since 0.1.0
 * @category model
 */
export type Meaning = Kind & {
  /** The advice to the reader, in one sentence. @default the advice of the reason */
  readonly advice?: string | undefined
  /**
   * `false` if the server refused the request before it executed anything. Then even a call with idempotency `never` is
   * retried.
   */
  readonly executed?: boolean | undefined
  /** The source of the entry: a page, or an observed response. */
  readonly source: string
}

/**
 * A row of the table.
 *
 * @since 0.1.0
 * @category model
 */
export type Entry = Condition & Meaning
