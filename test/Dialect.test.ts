import { FastCheck as fc } from "effect"
import { ApiError, Classify, Dialect } from "effect-reliability"
import { describe, expect, it } from "vitest"

const dialects = [Dialect.generic, Dialect.fireworks, Dialect.openai, Dialect.anthropic]

const row: Dialect.Entry = { status: 503, class: "Transient", reason: "Unavailable", source: "here" }

describe("Dialect.make", () => {
  const make = (...entries: ReadonlyArray<object>) =>
    // only possible without TypeScript
    Dialect.make({ name: "acme", entries: entries as ReadonlyArray<Dialect.Entry> })

  const kinds = "it must be one of RateLimit, Transient, Fatal"
  const range = "it must be an integer from 100 to 999"
  const word = "it must be a non-empty string"
  const pattern = "it must be a regular expression without the flags g and y"
  const fallback = (plain: string) =>
    `an entry with says may change the advice only; add an entry for ${plain} with the same reason and the same executed`

  it.each<[string, ReadonlyArray<object>, string]>([
    ["a status mapped twice", [row, row], "entries[0] and entries[1] have the same condition, 503; remove one"],
    [
      "a code mapped twice in two casings",
      [
        { ...row, code: "A" },
        { ...row, code: "a" }
      ],
      "entries[0] and entries[1] have the same condition, 503 / a; remove one"
    ],
    [
      "a code without a status mapped twice",
      [row, { ...row, status: undefined, code: "a" }, { ...row, status: undefined, code: "A" }],
      "entries[1] and entries[2] have the same condition, any status / a; remove one"
    ],
    [
      "a target and a pattern mapped twice",
      [row, { ...row, target: "dedicated" }, ...[1, 2].map(() => ({ ...row, target: "dedicated", says: /x/ }))],
      "entries[2] and entries[3] have the same condition, 503 / dedicated / x; remove one"
    ],
    ["an unknown class", [{ ...row, class: "Maybe" }], `entries[0].class is "Maybe"; ${kinds}`],
    [
      "a class named like an inherited property",
      [{ ...row, class: "constructor" }],
      `entries[0].class is "constructor"; ${kinds}`
    ],
    [
      "a reason of another class",
      [{ ...row, class: "RateLimit" }],
      `entries[0].reason is "Unavailable"; the reasons of RateLimit are ${ApiError.RateLimitReason.literals.join(", ")}`
    ],
    ["a status of 99", [{ ...row, status: 99 }], `entries[0].status is 99; ${range}`],
    ["a status of 1000", [{ ...row, status: 1000 }], `entries[0].status is 1000; ${range}`],
    ["a status that is not a number", [{ ...row, status: "503" }], `entries[0].status is 503; ${range}`],
    ["a status of NaN", [{ ...row, status: Number.NaN }], `entries[0].status is NaN; ${range}`],
    [
      "neither status nor code",
      [{ ...row, status: undefined }],
      "entries[0] has neither a status nor a code; give it one"
    ],
    ["an empty code", [{ ...row, code: "" }], `entries[0].code is ""; ${word}`],
    ["a code that is not a string", [{ ...row, code: 6 }], `entries[0].code is 6; ${word}`],
    [
      "an unknown target",
      [{ ...row, target: "moon" }],
      'entries[0].target is "moon"; it must be "serverless" or "dedicated"'
    ],
    ["a global pattern", [row, { ...row, says: /x/g }], `entries[1].says is /x/g; ${pattern}`],
    ["a sticky pattern", [row, { ...row, says: /x/y }], `entries[1].says is /x/y; ${pattern}`],
    ["a pattern that is not a regular expression", [row, { ...row, says: "x" }], `entries[1].says is x; ${pattern}`],
    [
      "a pattern that changes the reason",
      [row, { ...row, says: /x/, reason: "BadGateway" }],
      `entries[1].says is /x/; ${fallback("503")}`
    ],
    [
      "a pattern that changes executed",
      [row, { ...row, says: /x/, executed: false }],
      `entries[1].says is /x/; ${fallback("503")}`
    ],
    [
      "a pattern without an entry to fall back on",
      [{ ...row, status: 599, code: "C", says: /x/ }],
      `entries[0].says is /x/; ${fallback("599 / c")}`
    ],
    [
      "an entry without a source",
      [{ ...row, source: "" }],
      'entries[0].source is ""; name the page or the observation that it comes from'
    ],
    [
      "a source that is not a string",
      [{ ...row, source: 1 }],
      "entries[0].source is 1; name the page or the observation that it comes from"
    ]
  ])("rejects %s and names option and value", (_, entries, message) => {
    expect(() => make(...entries)).toThrow(new RangeError(`Dialect.make("acme"): ${message}`))
  })

  it.each([[""], [7]])("rejects %j as a name", (name) => {
    expect(() => Dialect.make({ name: name as string, entries: [] })).toThrow(
      new RangeError(`Dialect.make(""): name is ${JSON.stringify(name)}; ${word}`)
    )
  })

  it("accepts the smallest and largest status, and both targets", () => {
    const [low, high] = [100, 999].map((status) => ({ ...row, status }))
    expect(() => make({ ...low, target: "serverless" }, { ...high, target: "dedicated" })).not.toThrow()
  })

  it("replaces entries of its base and keeps the rest", () => {
    const acme = Dialect.make({
      name: "acme",
      base: Dialect.fireworks,
      entries: [{ status: 503, class: "Fatal", reason: "Unknown", source: "here" }]
    })
    expect(Dialect.lookup(acme, { status: 503, codes: [] }).reason).toBe("Unknown")
    expect(Dialect.lookup(acme, { status: 503, codes: ["DEPLOYMENT_SCALING_UP"] }).reason).toBe("ScalingUp")
    expect(Dialect.lookup(acme, { status: 412, codes: [] })).toEqual(
      Dialect.lookup(Dialect.fireworks, { status: 412, codes: [] })
    )
    expect(acme.requestIdHeaders).toEqual(Dialect.fireworks.requestIdHeaders)
    expect(acme.entries.length).toBe(Dialect.fireworks.entries.length)
  })
})

describe("the built-in dialects", () => {
  it("names the headers of the request id in order of preference", () => {
    expect(dialects.map(({ name, requestIdHeaders }) => [name, ...requestIdHeaders])).toEqual([
      ["generic", "x-request-id", "request-id", "cf-ray"],
      ["fireworks", "x-request-id", "x-fireworks-request-id", "cf-ray"],
      ["openai", "x-request-id", "request-id", "cf-ray"],
      ["anthropic", "request-id", "x-request-id", "cf-ray"]
    ])
  })

  it.each(dialects.map((dialect) => [dialect.name, dialect] as const))(
    "reaches every entry of %s by a lookup",
    (_, dialect) => {
      for (const entry of dialect.entries) {
        const text = entry.says === undefined ? undefined : "lora spending limit"
        if (entry.says !== undefined && text !== undefined && !entry.says.test(text)) continue
        const found = Dialect.lookup(dialect, {
          status: entry.status ?? 200,
          codes: entry.code === undefined ? [] : [entry.code],
          target: entry.target,
          text
        })
        expect(found.reason).toBe(entry.reason)
        expect(found.class).toBe(entry.class)
      }
    }
  )

  it.each(dialects.map((dialect) => [dialect.name, dialect] as const))(
    "maps 429 to RateLimit, 5xx to Transient and 4xx to Fatal in %s",
    (_, dialect) => {
      const classes = (statuses: ReadonlyArray<number>) =>
        statuses.map((status) => Dialect.lookup(dialect, { status, codes: [] }).class)
      expect(classes([429])).toEqual(["RateLimit"])
      expect(new Set(classes([500, 502, 503, 504]))).toEqual(new Set(["Transient"]))
      expect(new Set(classes([400, 401, 404, 422]))).toEqual(new Set(["Fatal"]))
    }
  )

  const own = Dialect.make({ name: "own", entries: [row] })
  const within: ReadonlyArray<readonly [string, object]> = [
    ["a code", { error: { code: "server_error", message: "no" } }],
    ["a code in capitals", { error: { code: "SERVER_ERROR", message: "no" } }],
    ["a type", { error: { type: "server_error", code: null, message: "no" } }],
    ["a type beside an unknown code", { error: { type: "server_error", code: "odd", message: "no" } }],
    ["a code at the top", { type: "error", code: "server_error", message: "no" }],
    ["the longer code", { error: { code: "internal_server_error", message: "no" } }]
  ]
  it.each([...dialects, own].flatMap((dialect) => within.map((one) => [dialect.name, ...one, dialect] as const)))(
    "retries a server_error inside a stream with status 200 in %s: %s",
    (_name, _place, body, dialect) => {
      const error = Classify.answer({ status: 200, body, dialect, now: 0 })
      expect(error).toMatchObject({ _tag: "Transient", reason: "ServerError" })
      expect(ApiError.isRetryable(error)).toBe(true)
    }
  )

  it.each([...dialects, own].map((dialect) => [dialect.name, dialect] as const))(
    "classifies rate_limit_exceeded inside a stream with status 200 as RateLimit in %s",
    (_name, dialect) => {
      const error = Classify.answer({ status: 200, body: { error: { code: "rate_limit_exceeded" } }, dialect, now: 0 })
      expect(error).toMatchObject({ _tag: "RateLimit", reason: "RateExceeded" })
    }
  )

  it("marks exactly the rejections that precede execution as not executed", () => {
    const marked = Dialect.fireworks.entries.filter((entry) => entry.executed === false)
    expect(new Set(marked.map((entry) => entry.reason))).toEqual(
      new Set(["RateExceeded", "Capacity", "Overloaded", "ScalingUp", "WeightSwap"])
    )
  })
})

describe("Dialect.lookup", () => {
  const advised = (advice: string, condition: Dialect.Condition): Dialect.Entry => ({ ...row, ...condition, advice })

  it("prefers a code to a target, a target to a pattern, and more conditions to fewer", () => {
    const acme = Dialect.make({
      name: "acme",
      requestIdHeaders: ["X-Acme-Id"],
      entries: [
        advised("plain", {}),
        advised("pattern", { says: /x|undefined/ }),
        advised("target", { target: "dedicated" }),
        advised("target, pattern", { target: "dedicated", says: /x/ }),
        advised("code", { code: "C" }),
        advised("code, target", { code: "C", target: "dedicated" })
      ]
    })
    const advice = (codes: ReadonlyArray<string>, target?: Dialect.Target, text?: string) =>
      Dialect.lookup(acme, { status: 503, codes, target, text }).advice
    expect(acme.requestIdHeaders).toEqual(["x-acme-id"])
    expect(advice([])).toBe("plain")
    expect(advice([], "serverless", "-")).toBe("plain")
    expect(advice([], "serverless", "x")).toBe("pattern")
    expect(advice([], "dedicated", "-")).toBe("target")
    expect(advice([], "dedicated", "x")).toBe("target, pattern")
    expect(advice(["c"], "serverless", "x")).toBe("code")
    expect(advice(["c"], "dedicated", "x")).toBe("code, target")
  })

  const lookup = (status: number, ...codes: ReadonlyArray<string>) =>
    Dialect.lookup(Dialect.fireworks, { status, codes }).reason

  it("prefers the status to the code", () => {
    expect(lookup(429, "invalid_request_error")).toBe("RateExceeded")
    expect(lookup(400, "RESOURCE_EXHAUSTED")).toBe("BadRequest")
  })

  it("refines a status by its code, in any casing and position", () => {
    expect(lookup(503, "deployment_scaling_up")).toBe("ScalingUp")
    expect(lookup(503, "error", "DEPLOYMENT_SCALING_UP")).toBe("ScalingUp")
    expect(lookup(429, "quota_exceeded")).toBe("QuotaExhausted")
    expect(lookup(429, "too_many_requests")).toBe("Overloaded")
  })

  it("falls back to the code when the status is 200", () => {
    expect(lookup(200, "UNAVAILABLE")).toBe("Unavailable")
    expect(lookup(200, "?", "PERMISSION_DENIED")).toBe("Forbidden")
  })

  it("distinguishes the two kinds of 412 in its advice", () => {
    const advice = (text?: string) =>
      Dialect.lookup(Dialect.fireworks, { status: 412, codes: ["PRECONDITION_FAILED"], text }).advice
    expect(advice("Account x is suspended, possibly due to reaching the monthly spending limit")).toContain("suspended")
    expect(advice("failed to load LoRA weights")).toContain("LoRA failed to load")
    expect(advice()).toContain("good standing")
  })

  it.each([
    [520, "UnknownStatus"],
    [529, "Overloaded"],
    [583, "UnknownStatus"],
    [599, "UnknownStatus"],
    [501, "UnexpectedStatus"],
    [505, "UnexpectedStatus"],
    [600, "UnexpectedStatus"],
    [499, "UnexpectedStatus"],
    [302, "UnexpectedStatus"],
    [0, "UnexpectedStatus"],
    [Number.NaN, "UnexpectedStatus"]
  ])("maps status %d to %s", (status, reason) => {
    expect(lookup(status)).toBe(reason)
  })

  it("maps an unlisted 5xx to Transient and an unknown status to Fatal", () => {
    const meaning = (status: number) => {
      const { class: tag, source } = Dialect.lookup(Dialect.generic, { status, codes: [] })
      return [tag, source]
    }
    expect(meaning(599)).toEqual(["Transient", "RFC 9110 §15.6: a 5xx is the server's failure"])
    expect(meaning(600)).toEqual(["Fatal", "no entry"])
  })

  it("returns a class, a reason and a source for every status and code", () => {
    fc.assert(
      fc.property(fc.constantFrom(...dialects), fc.double(), fc.array(fc.string()), (dialect, status, codes) => {
        const { class: tag, reason, source } = Dialect.lookup(dialect, { status, codes })
        return [tag, reason, source].every((word) => typeof word === "string" && word !== "")
      })
    )
  })
})
