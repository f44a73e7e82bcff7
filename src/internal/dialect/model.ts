/**
 * The types of the tables that say what a provider's status means.
 *
 * @since 0.1.0
 */
import type { Kind } from "../../ApiError.js"

/**
 * Where the model runs, which decides what a 429 means: everybody's servers, or a deployment of one's own.
 *
 * @since 0.1.0
 * @category model
 */
export type Target = "serverless" | "dedicated"

/**
 * When an entry applies. All that is given must hold; of several entries that apply, the most specific one wins: a code
 * before a target, a target before words.
 *
 * @since 0.1.0
 * @category model
 */
export interface Condition {
  /** The HTTP status, 100 to 999. Without it the entry holds for its code where the status has no entry. */
  readonly status?: number | undefined
  /** A code or type of the body, in any casing. */
  readonly code?: string | undefined
  /** Where the model runs. */
  readonly target?: Target | undefined
  /** Words of the body's message. Servers change their words: an entry with words may differ in `advice` only. */
  readonly says?: RegExp | undefined
}

/**
 * What an answer means.
 *
 * @since 0.1.0
 * @category model
 */
export type Meaning = Kind & {
  /** What the reader should do, in one sentence; by default the reason's own advice. */
  readonly advice?: string | undefined
  /** `false` where the server refused before it ran anything, so that even a call that must not run twice may repeat. */
  readonly executed?: boolean | undefined
  /** Where this is written: a page, or what was observed. */
  readonly source: string
}

/**
 * A row of the table.
 *
 * @since 0.1.0
 * @category model
 */
export type Entry = Condition & Meaning
