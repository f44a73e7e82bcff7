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
    ["25 days, cut to what a timer can hold", { "retry-after": String(25 * 86_400) }, 2 ** 31 - 1],
    ["a year in milliseconds, cut too", { "retry-after-ms": "31536000000" }, 2 ** 31 - 1]
  ])("reads %s", (_, headers, millis) => {
    expect(delay(headers)).toEqual(Duration.millis(millis))
  })

  it.each([
    ["nothing", {}],
    ["an empty value", { "retry-after": "" }],
    ["a negative number", { "retry-after": "-5" }],
    ["NaN", { "retry-after": "NaN" }],
    ["Infinity", { "retry-after": "Infinity" }],
    ["an exponent", { "retry-after": "1e3" }],
    ["hexadecimal", { "retry-after": "0x10" }],
    ["words", { "retry-after": "soon" }],
    ["what Date.parse takes for a date", { "retry-after": "foo 1" }],
    ["an ISO date, which is no HTTP-date", { "retry-after": "2026-11-21T09:00:00Z" }],
    ["two values in one", { "retry-after": "1, 2" }],
    ["a date in the past", { "retry-after": "Sat, 21 Nov 2026 07:59:59 GMT" }],
    ["the present moment as a date", { "retry-after": "Sat, 21 Nov 2026 08:00:00 GMT" }],
    ["a date with something before it", { "retry-after": "at Sat, 21 Nov 2026 08:00:30 GMT" }],
    ["a date with something after it", { "retry-after": "Sat, 21 Nov 2026 08:00:30 GMT (soon)" }],
    ["an impossible date", { "retry-after": "Sat, 99 Nov 2026 08:00:00 GMT" }],
    ["an endless value", { "retry-after": "1".repeat(5000) }]
  ])("takes %s for no hint", (_, headers) => {
    expect(RetryHint.parse(headers, now)).toBeUndefined()
  })

  it.each(["Sat Nov 21 08:00:05 2026", "Sat, 21 Nov 2026 08:00:05 GMT"])("reads %s as UTC wherever it runs", (date) => {
    const { TZ } = process.env
    process.env["TZ"] = "America/New_York"
    try {
      expect(delay({ "retry-after": date })).toEqual(Duration.seconds(5))
    } finally {
      if (TZ === undefined) delete process.env["TZ"]
      else process.env["TZ"] = TZ
    }
  })

  it("has no field for what the server did not say", () => {
    expect(RetryHint.parse({ "retry-after": "2" }, now)).toStrictEqual({ delay: Duration.seconds(2) })
    expect(RetryHint.parse({ "x-should-retry": "true" }, now)).toStrictEqual({ shouldRetry: true })
  })

  it("ignores a date when it is not told the time", () => {
    expect(RetryHint.parse({ "retry-after": "Sat, 21 Nov 2026 08:00:30 GMT" }, Number.NaN)).toBeUndefined()
  })

  it.each([
    ["a record in any casing", { "Retry-After": "2" }],
    ["fetch's Headers", new Headers({ "Retry-After": "2" })],
    ["pairs", [["RETRY-AFTER", "2"] as const]],
    ["a Map", new Map([["Retry-After", "2"]])]
  ])("understands %s", (_, headers) => {
    expect(delay(headers)).toEqual(Duration.seconds(2))
  })

  it("reads x-should-retry both ways, and nothing else in it", () => {
    expect(RetryHint.parse({ "x-should-retry": "true" }, now)).toEqual({ shouldRetry: true })
    expect(RetryHint.parse({ "x-should-retry": "FALSE" }, now)).toEqual({ shouldRetry: false })
    expect(RetryHint.parse({ "x-should-retry": "1" }, now)).toBeUndefined()
  })

  it("survives headers that throw", () => {
    const hostile = {
      get: () => {
        throw new Error("no")
      }
    }
    expect(RetryHint.parse(hostile, now)).toBeUndefined()
    expect(RetryHint.parse(undefined, now)).toBeUndefined()
  })

  it("gives no delay that is negative, NaN or above 2^31−1 ms, whatever comes in", () => {
    const value = fc.oneof(
      fc.string(),
      fc.double().map(String),
      fc.bigInt().map(String),
      fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
      fc.stringMatching(/^[-+ ]?\d{1,25}(\.\d{0,20})?(e\d{1,3})?$/)
    )
    const headers = fc.record({ "retry-after": value, "retry-after-ms": value }, { requiredKeys: [] })
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
