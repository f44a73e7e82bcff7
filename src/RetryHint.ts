/**
 * Reads the server hint of a response: how long to wait before a retry, and whether to retry at all.
 *
 * Servers send the wait in three forms: `retry-after-ms`, `retry-after` in seconds, and `retry-after` as an HTTP-date.
 * Sometimes they send invalid values. A hint that is read wrongly is worse than none: a negative delay or NaN causes a busy
 * loop, and a delay of a year creates a timer that never fires. Every delay that `parse` returns is valid for `Effect.sleep`.
 *
 * | header | field of the hint |
 * | --- | --- |
 * | `retry-after-ms: 1500` | `delay` of 1.5 seconds; takes precedence over `retry-after` |
 * | `retry-after: 2` | `delay` of 2 seconds |
 * | `retry-after: Thu, 01 Jan 1970 00:01:00 GMT` | `delay` until that date, by the server's clock |
 * | `x-should-retry: false` | `shouldRetry` |
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Headers from "./internal/http/headers.js"

/**
 * A server hint. A field is absent if the response says nothing about it.
 *
 * @since 0.1.0
 * @category model
 */
export interface RetryHint {
  /** The shortest wait, counted from the arrival of the response; at most `maxDelay`. */
  readonly delay?: Duration.Duration
  /**
   * The value of `x-should-retry`. It overrides the dialect in both directions: with `true`, even a 401 is retried, within all
   * limits.
   */
  readonly shouldRetry?: boolean
}

/**
 * The accepted forms of headers: a record in any casing, pairs, or an object with a method `get`, such as fetch's `Headers`.
 *
 * @since 0.1.0
 * @category model
 */
export type HeadersInput = Headers.HeadersInput

// a copy of the constant in `internal/options`, so that importing this module loads nothing else
const maxMillis = 2 ** 31 - 1

/**
 * The longest delay that a timer of the runtime supports, 2^31−1 ms (24.8 days). Longer hints are shortened to it.
 *
 * @since 0.1.0
 * @category constants
 */
export const maxDelay: Duration.Duration = /*#__PURE__*/ Duration.millis(maxMillis)

const decimal = /^\d{1,15}(?:\.\d{1,9})?$/

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

// The forms of RFC 9110 §5.6.7: IMF-fixdate, RFC 850, asctime. `Date.parse` would read "foo 1" as a day in 2001, and 30
// February as 2 March.
const forms = [
  /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (?<day>\d\d) (?<month>[A-Z][a-z]{2}) (?<year>\d{4}) (?<time>\d\d:\d\d:\d\d) GMT$/,
  /^(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, (?<day>\d\d)-(?<month>[A-Z][a-z]{2})-(?<year>\d\d) (?<time>\d\d:\d\d:\d\d) GMT$/,
  /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) (?<month>[A-Z][a-z]{2}) (?<day>[ \d]\d) (?<time>\d\d:\d\d:\d\d) (?<year>\d{4})$/
]

const number = (value: string | undefined, scale: number): number | undefined =>
  value !== undefined && decimal.test(value) ? Number(value) * scale : undefined

/**
 * Parses an HTTP-date to milliseconds; `now` decides the century of a two-digit year. The weekday is not checked: the date is
 * complete without it, and RFC 9110 encourages recipients to be lenient.
 */
const instant = (value: string | undefined, now: number): number | undefined => {
  const found = forms.map((form) => form.exec(value ?? "")?.groups).find((groups) => groups !== undefined)
  if (found === undefined) return undefined
  const { day = "", month = "", time = "", year = "" } = found
  const [hours = 0, minutes = 0, seconds = 0] = time.split(":").map(Number)
  // the second 60 is a leap second
  if (hours > 23 || minutes > 59 || seconds > 60) return undefined
  const at = (fullYear: number): number | undefined => {
    const date = new Date(0)
    date.setUTCFullYear(fullYear, months.indexOf(month), Number(day))
    return date.getUTCDate() === Number(day) && months[date.getUTCMonth()] === month
      ? date.setUTCHours(hours, minutes, seconds)
      : undefined
  }
  if (year.length === 4) return at(Number(year))
  // RFC 9110 §5.6.7: a date that appears to be more than 50 years in the future is in the past
  const latest = new Date(now)
  latest.setUTCFullYear(latest.getUTCFullYear() + 50)
  const lastYear = latest.getUTCFullYear()
  const fullYear = lastYear - ((lastYear - Number(year)) % 100)
  const millis = at(fullYear)
  return millis !== undefined && millis > latest.getTime() ? at(fullYear - 100) : millis
}

const age = /^\d{1,10}$/

/** Returns the time of the server: its `Date`, plus the `Age` of a cached response. Without a valid `Date`, returns `now`. */
const serverTime = (headers: HeadersInput, now: number): number => {
  const date = instant(Headers.get(headers, "date"), now)
  if (date === undefined) return now
  const seconds = Headers.get(headers, "age") ?? ""
  return age.test(seconds) ? date + Number(seconds) * 1000 : date
}

const untilDate = (value: string | undefined, headers: HeadersInput, now: number): number | undefined => {
  if (value === undefined) return undefined
  const reference = serverTime(headers, now)
  const millis = (instant(value, reference) ?? Number.NaN) - reference
  return millis > 0 ? millis : undefined
}

/**
 * Reads the hint in the headers of a response. Returns `undefined` if they hold none.
 *
 * `retry-after-ms` takes precedence over `retry-after`. An HTTP-date is compared with the `Date` of the response, so a wrong
 * clock on either side does not change the wait. The `Age` of a cached response is added to its `Date`. Without a valid `Date`,
 * the HTTP-date is compared with `now`, the wall time in milliseconds from the `Clock` service.
 *
 * Invalid values, NaN, negative numbers, days that do not exist and dates in the past are ignored. Fractions of a millisecond
 * are rounded up, so that no retry is early.
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
 * assert.deepStrictEqual(
 *   RetryHint.parse({ "retry-after": "Fri, 31 Dec 1999 23:59:59 GMT", date: "Fri, 31 Dec 1999 23:59:29 GMT" }, 0),
 *   { delay: Duration.seconds(30) }
 * )
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
  const millis =
    number(Headers.get(headers, "retry-after-ms"), 1) ?? number(after, 1000) ?? untilDate(after, headers, now)
  const should = Headers.get(headers, "x-should-retry")?.toLowerCase()
  const shouldRetry = should === "true" ? true : should === "false" ? false : undefined
  if (millis === undefined && shouldRetry === undefined) return undefined
  return {
    ...(millis === undefined ? undefined : { delay: Duration.millis(Math.min(Math.ceil(millis), maxMillis)) }),
    ...(shouldRetry === undefined ? undefined : { shouldRetry })
  }
}
