import { Duration, FastCheck as fc, Option } from "effect"
import { RetryHint } from "effect-reliability"
import { describe, expect, it } from "vitest"

const now = Date.parse("2026-11-21T08:00:00Z")

const delay = (headers: RetryHint.HeadersInput) => RetryHint.parse(headers, now)?.delay

describe("RetryHint.parse", () => {
  it.each([
    ["seconds", { "retry-after": "2" }, 2000],
    ["zero seconds", { "retry-after": "0" }, 0],
    ["fractions of a second", { "retry-after": "1.5" }, 1500],
    ["hundredths of a second", { "retry-after": "1.25" }, 1250],
    ["blanks around", { "retry-after": "  7 " }, 7000],
    ["milliseconds", { "retry-after-ms": "250" }, 250],
    ["fractions of a millisecond, rounded up", { "retry-after-ms": "0.2" }, 1],
    ["milliseconds before seconds", { "retry-after-ms": "250", "retry-after": "9" }, 250],
    ["seconds when the milliseconds are garbage", { "retry-after-ms": "soon", "retry-after": "9" }, 9000],
    ["an IMF-fixdate", { "retry-after": "Sat, 21 Nov 2026 08:00:30 GMT" }, 30_000],
    ["an RFC 850 date", { "retry-after": "Saturday, 21-Nov-26 08:01:00 GMT" }, 60_000],
    ["an asctime date, which is UTC", { "retry-after": "Sat Nov 21 08:00:05 2026" }, 5000],
    ["a list of one", { "retry-after": ["3"] }, 3000],
    ["a number", { "retry-after": 4 }, 4000],
    ["25 days, capped at 2^31-1 ms", { "retry-after": String(25 * 86_400) }, 2 ** 31 - 1],
    ["a year in milliseconds, capped as well", { "retry-after-ms": "31536000000" }, 2 ** 31 - 1]
  ])("reads %s", (_, headers, millis) => {
    expect(delay(headers)).toEqual(Duration.millis(millis))
  })

  it.each([
    ["missing headers", {}],
    ["an empty value", { "retry-after": "" }],
    ["a negative number", { "retry-after": "-5" }],
    ["NaN", { "retry-after": "NaN" }],
    ["Infinity", { "retry-after": "Infinity" }],
    ["an exponent", { "retry-after": "1e3" }],
    ["hexadecimal", { "retry-after": "0x10" }],
    ["text", { "retry-after": "soon" }],
    ["a text that only Date.parse reads as a date", { "retry-after": "foo 1" }],
    ["an ISO date, which is not an HTTP-date", { "retry-after": "2026-11-21T09:00:00Z" }],
    ["two values in one", { "retry-after": "1, 2" }],
    ["a date in the past", { "retry-after": "Sat, 21 Nov 2026 07:59:59 GMT" }],
    ["the current time as a date", { "retry-after": "Sat, 21 Nov 2026 08:00:00 GMT" }],
    ["a date with something before it", { "retry-after": "at Sat, 21 Nov 2026 08:00:30 GMT" }],
    ["a date with something after it", { "retry-after": "Sat, 21 Nov 2026 08:00:30 GMT (soon)" }],
    ["an impossible date", { "retry-after": "Sat, 99 Nov 2026 08:00:00 GMT" }],
    ["an endless value", { "retry-after": "1".repeat(5000) }]
  ])("ignores %s", (_, headers) => {
    expect(RetryHint.parse(headers, now)).toBeUndefined()
  })

  it.each(["Sat Nov 21 08:00:05 2026", "Sat, 21 Nov 2026 08:00:05 GMT"])("reads %s as UTC in any time zone", (date) => {
    const { TZ } = process.env
    process.env["TZ"] = "America/New_York"
    try {
      expect(delay({ "retry-after": date })).toEqual(Duration.seconds(5))
    } finally {
      if (TZ === undefined) delete process.env["TZ"]
      else process.env["TZ"] = TZ
    }
  })

  it("omits fields that the server did not send", () => {
    expect(RetryHint.parse({ "retry-after": "2" }, now)).toStrictEqual({ delay: Duration.seconds(2) })
    expect(RetryHint.parse({ "x-should-retry": "true" }, now)).toStrictEqual({ shouldRetry: true })
  })

  it("ignores a date if the current time is NaN", () => {
    expect(RetryHint.parse({ "retry-after": "Sat, 21 Nov 2026 08:00:30 GMT" }, Number.NaN)).toBeUndefined()
  })

  it.each([
    ["a record in any casing", { "Retry-After": "2" }],
    ["fetch's Headers", new Headers({ "Retry-After": "2" })],
    ["pairs", [["RETRY-AFTER", "2"] as const]],
    ["a Map", new Map([["Retry-After", "2"]])]
  ])("accepts %s", (_, headers) => {
    expect(delay(headers)).toEqual(Duration.seconds(2))
  })

  it("reads true and false in x-should-retry and ignores other values", () => {
    expect(RetryHint.parse({ "x-should-retry": "true" }, now)).toEqual({ shouldRetry: true })
    expect(RetryHint.parse({ "x-should-retry": "FALSE" }, now)).toEqual({ shouldRetry: false })
    expect(RetryHint.parse({ "x-should-retry": "1" }, now)).toBeUndefined()
  })

  it("returns undefined for missing headers and headers that throw", () => {
    const hostile = {
      get: () => {
        throw new Error("no")
      }
    }
    expect(RetryHint.parse(hostile, now)).toBeUndefined()
    expect(RetryHint.parse(undefined, now)).toBeUndefined()
  })

  it("returns whole delays from 0 to 2^31−1 ms for any headers", () => {
    const value = fc.oneof(
      fc.string(),
      fc.double().map(String),
      fc.bigInt().map(String),
      fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
      fc.stringMatching(/^[-+ ]?\d{1,25}(\.\d{0,20})?(e\d{1,3})?$/)
    )
    const headers = fc.record(
      { "retry-after": value, "retry-after-ms": value, date: value, age: value },
      { requiredKeys: [] }
    )
    fc.assert(
      fc.property(headers, fc.oneof(fc.double(), fc.constant(now)), (input, at) => {
        const found = Option.fromNullable(RetryHint.parse(input, at)?.delay)
        return Option.match(found, {
          onNone: () => true,
          onSome: (duration) => {
            const millis = Duration.toMillis(duration)
            return Number.isInteger(millis) && millis >= 0 && millis <= 2 ** 31 - 1
          }
        })
      }),
      { numRuns: 20_000 }
    )
  })
})

describe("RetryHint.parse of HTTP-dates", () => {
  const at = (value: string, reference: string | number = now) =>
    RetryHint.parse({ "retry-after": value }, typeof reference === "number" ? reference : Date.parse(reference))?.delay

  it.each([
    // RFC 9110 §5.6.7 and §10.2.3
    ["Sun, 06 Nov 1994 08:49:37 GMT", "1994-11-06T08:49:07Z", 30],
    ["Sunday, 06-Nov-94 08:49:37 GMT", "1994-11-06T08:49:07Z", 30],
    ["Sun Nov  6 08:49:37 1994", "1994-11-06T08:49:07Z", 30],
    ["Fri, 31 Dec 1999 23:59:59 GMT", "1999-12-31T23:58:59Z", 60],
    // leap seconds: the second of 2016, and one in a minute that never had one
    ["Sat, 31 Dec 2016 23:59:60 GMT", "2016-12-31T23:59:30Z", 30],
    ["Saturday, 31-Dec-16 23:59:60 GMT", "2016-12-31T23:59:30Z", 30],
    ["Sat Dec 31 23:59:60 2016", "2016-12-31T23:59:30Z", 30],
    ["Sat, 21 Nov 2026 08:00:60 GMT", "2026-11-21T08:00:30Z", 30],
    // leap days
    ["Thu, 29 Feb 2024 00:00:30 GMT", "2024-02-29T00:00:00Z", 30],
    ["Tue, 29 Feb 2000 00:00:30 GMT", "2000-02-29T00:00:00Z", 30],
    // a wrong weekday is ignored
    ["Mon, 21 Nov 2026 08:00:30 GMT", "2026-11-21T08:00:00Z", 30],
    ["Monday, 21-Nov-26 08:00:30 GMT", "2026-11-21T08:00:00Z", 30],
    ["Mon Nov 21 08:00:30 2026", "2026-11-21T08:00:00Z", 30]
  ])("reads %s", (value, reference, seconds) => {
    expect(at(value, reference)).toEqual(Duration.seconds(seconds))
  })

  it.each([
    "Mon, 30 Feb 2026 08:00:00 GMT",
    "Sun, 29 Feb 2026 08:00:00 GMT",
    "Sun, 31 Apr 2026 08:00:00 GMT",
    "Sat, 00 Nov 2026 08:00:00 GMT",
    "Sat, 32 Nov 2026 08:00:00 GMT",
    "Sat, 21 Foo 2026 08:00:00 GMT",
    "Sat, 21 nov 2026 08:00:00 GMT",
    "Sat, 21 Nov 2026 24:00:00 GMT",
    "Sat, 21 Nov 2026 08:60:00 GMT",
    "Sat, 21 Nov 2026 08:00:61 GMT",
    "Sat, 21 Nov 2026 08:00:00 UTC",
    "Sat, 21 Nov 2026 08:00:00",
    "Sat, 21 Nov 26 08:00:00 GMT",
    "Saturday, 30-Feb-26 08:00:00 GMT",
    "Saturday, 21-Nov-2026 08:00:00 GMT",
    "Sat Feb 30 08:00:00 2026",
    "Sat Nov 21 24:00:00 2026",
    "Sat Nov 1 08:00:00 2026"
  ])("ignores %s", (value) => {
    expect(at(value, "2020-01-01T00:00:00Z")).toBeUndefined()
  })

  it("reads a two-digit year as the latest one that is at most 50 years ahead", () => {
    const day = 86_400_000
    // delays are capped, so only the presence of a hint shows which year was read
    const ahead = (value: string, reference: string) => at(value, reference) !== undefined
    expect(ahead("Friday, 20-Nov-76 08:00:00 GMT", "2026-11-21T08:00:00Z")).toBe(true)
    expect(ahead("Saturday, 21-Nov-76 08:00:00 GMT", "2026-11-21T08:00:00Z")).toBe(true)
    expect(ahead("Saturday, 21-Nov-76 08:00:01 GMT", "2026-11-21T08:00:00Z")).toBe(false)
    expect(ahead("Thursday, 31-Dec-76 08:00:00 GMT", "2026-11-21T08:00:00Z")).toBe(false)
    expect(ahead("Sunday, 06-Nov-94 08:49:37 GMT", "2026-11-21T08:00:00Z")).toBe(false)
    expect(ahead("Tuesday, 01-Jan-25 00:00:00 GMT", "2026-11-21T08:00:00Z")).toBe(false)
    // into the next century
    expect(at("Saturday, 01-Jan-00 00:00:30 GMT", "1999-12-31T23:59:59Z")).toEqual(Duration.seconds(31))
    expect(at("Friday, 01-Jan-00 00:00:30 GMT", "2099-12-31T23:59:59Z")).toEqual(Duration.seconds(31))
    expect(Duration.toMillis(at("Tuesday, 01-Jan-30 00:00:00 GMT", Date.UTC(2030, 0, 1) - day) ?? 0)).toBe(day)
  })

  it("validates 29 February by the full year of a two-digit year", () => {
    expect(at("Tuesday, 29-Feb-00 00:00:30 GMT", "2000-02-29T00:00:00Z")).toEqual(Duration.seconds(30))
    expect(at("Monday, 29-Feb-00 00:00:30 GMT", "2100-02-28T00:00:00Z")).toBeUndefined()
  })
})

describe("RetryHint.parse with a Date header", () => {
  const retryAfter = "Sat, 21 Nov 2026 08:00:30 GMT"
  const date = "Sat, 21 Nov 2026 08:00:00 GMT"
  const read = (headers: Record<string, string>, at = now) => RetryHint.parse(headers, at)?.delay
  const hour = 3_600_000

  it.each([
    ["an hour slow", now - hour],
    ["an hour fast", now + hour],
    ["right", now],
    ["unknown", Number.NaN]
  ])("follows the server's clock if the client's is %s", (_, at) => {
    expect(read({ "retry-after": retryAfter, date }, at)).toEqual(Duration.seconds(30))
  })

  it("reads a Date in any of the three formats", () => {
    for (const form of [date, "Saturday, 21-Nov-26 08:00:00 GMT", "Sat Nov 21 08:00:00 2026"]) {
      expect(read({ "retry-after": retryAfter, Date: form }, now + hour)).toEqual(Duration.seconds(30))
    }
  })

  it.each(["", "now", "0", "2026-11-21T09:00:00Z", "Sat, 30 Feb 2026 08:00:00 GMT"])(
    "falls back to the client's clock if the Date is %j",
    (invalid) => {
      expect(read({ "retry-after": retryAfter, date: invalid }, now + 10_000)).toEqual(Duration.seconds(20))
    }
  )

  it("adds the Age of a cached response to its Date", () => {
    const cached = (age: string) => read({ "retry-after": retryAfter, date, age }, now + hour)
    expect(cached("10")).toEqual(Duration.seconds(20))
    expect(cached("0")).toEqual(Duration.seconds(30))
    expect(cached("30")).toBeUndefined()
    expect(cached("3600")).toBeUndefined()
    for (const invalid of ["-10", "1.5", "soon", ""]) expect(cached(invalid)).toEqual(Duration.seconds(30))
  })

  it("counts seconds from the arrival of the response, whatever Date and Age are", () => {
    expect(read({ "retry-after": "5", date, age: "60" }, now + hour)).toEqual(Duration.seconds(5))
  })

  it("ignores a date that the server's clock has passed", () => {
    expect(read({ "retry-after": date, date: retryAfter }, now - hour)).toBeUndefined()
    expect(read({ "retry-after": date, date }, now - hour)).toBeUndefined()
  })

  it("caps a date that is years ahead at the longest delay", () => {
    const wrong = "Thu, 01 Jan 1970 00:00:00 GMT"
    expect(read({ "retry-after": retryAfter, date: wrong })).toEqual(RetryHint.maxDelay)
  })
})
