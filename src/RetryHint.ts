/**
 * What the server asks of a retry: how long to wait, and whether to try at all.
 *
 * Servers answer in three dialects (`retry-after-ms`, `retry-after` in seconds, `retry-after` as an HTTP-date) and
 * now and then in garbage. A hint read wrongly is worse than none: a negative or NaN delay becomes a busy loop, a year
 * becomes a timer that never fires. What is returned here can be slept on as it is.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Headers from "./internal/headers.js"

/**
 * The server's wishes. An absent field means that the server said nothing about it.
 *
 * @since 0.1.0
 * @category model
 */
export interface RetryHint {
  /** How long to wait at least, from the arrival of the answer; at most `maxDelay`. */
  readonly delay?: Duration.Duration
  /** `x-should-retry`: overrides the status table in both directions. After `true`, even a 401 is tried again, within all limits. */
  readonly shouldRetry?: boolean
}

/**
 * The header shapes that are understood: a record in any casing, pairs, or anything with a `get` (fetch's `Headers`).
 *
 * @since 0.1.0
 * @category model
 */
export type HeadersInput = Headers.HeadersInput

// not that of `internal/options`, so that who reads hints brings nothing else along
const maxMillis = 2 ** 31 - 1

/**
 * The longest delay that a timer of the host can hold, 2^31−1 ms (24.8 days). Longer hints are cut to it.
 *
 * @since 0.1.0
 * @category constants
 */
export const maxDelay: Duration.Duration = /*#__PURE__*/ Duration.millis(maxMillis)

const decimal = /^\d{1,15}(?:\.\d{1,9})?$/

// RFC 9110 §5.6.7: IMF-fixdate, RFC 850, asctime. `Date.parse` alone would read "foo 1" as a day in 2001.
const httpDate =
  /^(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, \d{2}-[A-Z][a-z]{2}-\d{2} \d{2}:\d{2}:\d{2} GMT|(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} \d{4})$/

const number = (value: string | undefined, scale: number): number | undefined =>
  value !== undefined && decimal.test(value) ? Number(value) * scale : undefined

const date = (value: string | undefined, now: number): number | undefined => {
  if (value === undefined || !httpDate.test(value)) return undefined
  const millis = Date.parse(value.endsWith("GMT") ? value : `${value} GMT`) - now
  return millis > 0 ? millis : undefined
}

/**
 * Reads the hint out of an answer's headers, or returns `undefined` when they hold none.
 *
 * `retry-after-ms` wins over `retry-after`. `now` is the wall time in milliseconds that an HTTP-date is read against,
 * from the `Clock` service. Garbage, NaN, negative numbers and dates in the past are no hint; fractions of a
 * millisecond are rounded up, so that nobody returns early.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Duration } from "effect"
 * import { RetryHint } from "effect-reliability"
 *
 * assert.deepStrictEqual(RetryHint.parse({ "Retry-After": "2" }, 0), { delay: Duration.seconds(2) })
 * assert.deepStrictEqual(RetryHint.parse({ "retry-after": "Thu, 01 Jan 1970 00:01:00 GMT" }, 0), {
 *   delay: Duration.minutes(1)
 * })
 * assert.deepStrictEqual(RetryHint.parse({ "x-should-retry": "false" }, 0), { shouldRetry: false })
 * assert.strictEqual(RetryHint.parse({ "retry-after": "-1" }, 0), undefined)
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const parse = (headers: HeadersInput | undefined, now: number): RetryHint | undefined => {
  if (headers === undefined) return undefined
  const after = Headers.get(headers, "retry-after")
  const millis = number(Headers.get(headers, "retry-after-ms"), 1) ?? number(after, 1000) ?? date(after, now)
  const should = Headers.get(headers, "x-should-retry")?.toLowerCase()
  const shouldRetry = should === "true" ? true : should === "false" ? false : undefined
  if (millis === undefined && shouldRetry === undefined) return undefined
  return {
    ...(millis === undefined ? undefined : { delay: Duration.millis(Math.min(Math.ceil(millis), maxMillis)) }),
    ...(shouldRetry === undefined ? undefined : { shouldRetry })
  }
}
