import { FastCheck as fc } from "effect"
import { Dialect } from "effect-reliability"
import { describe, expect, it } from "vitest"

const dialects = [Dialect.generic, Dialect.fireworks, Dialect.openai, Dialect.anthropic]

const row: Dialect.Entry = { status: 503, class: "Transient", reason: "Unavailable", source: "here" }

describe("Dialect.make", () => {
  const make = (...entries: ReadonlyArray<object>) =>
    // what JavaScript callers can do, and TypeScript's cannot
    Dialect.make({ name: "acme", entries: entries as ReadonlyArray<Dialect.Entry> })

  it.each([
    ["a status mapped twice", [row, row], "entries[0] and entries[1] both map 503"],
    [
      "a code mapped twice in two casings",
      [
        { ...row, code: "A" },
        { ...row, code: "a" }
      ],
      "both map 503 / a"
    ],
    ["an unknown class", [{ ...row, class: "Maybe" }], 'entries[0].class is "Maybe"'],
    ["a class that every object has", [{ ...row, class: "constructor" }], 'class is "constructor"'],
    [
      "a reason of another class",
      [{ ...row, reason: "Capacity" }],
      'entries[0].reason is "Capacity"; Transient has ServerError'
    ],
    ["a status of 99", [{ ...row, status: 99 }], "entries[0].status is 99"],
    ["a status of 1000", [{ ...row, status: 1000 }], "status is 1000"],
    ["a status that is no number", [{ ...row, status: "503" }], "status is 503"],
    ["NaN", [{ ...row, status: Number.NaN }], "status is NaN"],
    ["neither status nor code", [{ ...row, status: undefined }], "entries[0] needs a status or a code"],
    ["an empty code", [{ ...row, code: "" }], 'entries[0].code is ""'],
    ["an unknown target", [{ ...row, target: "moon" }], 'target is "moon"'],
    ["a stateful pattern", [row, { ...row, says: /x/g }], "entries[1].says is /x/g"],
    [
      "words that change the reason",
      [row, { ...row, says: /x/, reason: "BadGateway" }],
      "words may change the advice only"
    ],
    ["words without a row to fall back on", [{ ...row, status: 599, says: /x/ }], "an entry for 599 must exist"],
    ["a row without a source", [{ ...row, source: "" }], 'entries[0].source is ""']
  ])("refuses %s, naming option and value", (_, entries, message) => {
    expect(() => make(...entries)).toThrow(message)
    expect(() => make(...entries)).toThrow('Dialect.make("acme")')
  })

  it("refuses a nameless dialect", () => {
    expect(() => Dialect.make({ name: "", entries: [] })).toThrow("name is")
  })

  it("accepts the edges of the statuses", () => {
    expect(() => make({ ...row, status: 100 }, { ...row, status: 999 })).not.toThrow()
  })

  it("replaces the rows of its base, and keeps the rest", () => {
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

describe("the tables", () => {
  it.each(dialects.map((dialect) => [dialect.name, dialect] as const))(
    "of %s: every row can be reached",
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
    "of %s hold the guide to the letter",
    (_, dialect) => {
      const classes = (statuses: ReadonlyArray<number>) =>
        statuses.map((status) => Dialect.lookup(dialect, { status, codes: [] }).class)
      expect(classes([429])).toEqual(["RateLimit"])
      expect(new Set(classes([500, 502, 503, 504]))).toEqual(new Set(["Transient"]))
      expect(new Set(classes([400, 401, 404, 422]))).toEqual(new Set(["Fatal"]))
    }
  )

  it("mark as not executed what the server refused before running it, and nothing else", () => {
    const marked = Dialect.fireworks.entries.filter((entry) => entry.executed === false)
    expect(new Set(marked.map((entry) => entry.reason))).toEqual(
      new Set(["RateExceeded", "Capacity", "Overloaded", "ScalingUp", "WeightSwap"])
    )
  })
})

describe("Dialect.lookup", () => {
  const lookup = (status: number, ...codes: ReadonlyArray<string>) =>
    Dialect.lookup(Dialect.fireworks, { status, codes }).reason

  it("asks the status before the code", () => {
    expect(lookup(429, "invalid_request_error")).toBe("RateExceeded")
    expect(lookup(400, "RESOURCE_EXHAUSTED")).toBe("BadRequest")
  })

  it("refines a status by its code, in any casing and place", () => {
    expect(lookup(503, "deployment_scaling_up")).toBe("ScalingUp")
    expect(lookup(503, "error", "DEPLOYMENT_SCALING_UP")).toBe("ScalingUp")
    expect(lookup(429, "quota_exceeded")).toBe("QuotaExhausted")
    expect(lookup(429, "too_many_requests")).toBe("Overloaded")
  })

  it("asks the code where the status says nothing", () => {
    expect(lookup(200, "UNAVAILABLE")).toBe("Unavailable")
    expect(lookup(200, "?", "PERMISSION_DENIED")).toBe("Forbidden")
  })

  it("tells the two kinds of 412 apart in its advice only", () => {
    const advice = (text?: string) =>
      Dialect.lookup(Dialect.fireworks, { status: 412, codes: ["PRECONDITION_FAILED"], text }).advice
    expect(advice("Account x is suspended, possibly due to reaching the monthly spending limit")).toContain("suspended")
    expect(advice("failed to load LoRA weights")).toContain("LoRA failed to load")
    expect(advice()).toContain("good standing")
  })

  it.each([
    [520, "UnknownStatus"],
    [529, "UnknownStatus"],
    [583, "UnknownStatus"],
    [599, "UnknownStatus"],
    [501, "UnexpectedStatus"],
    [505, "UnexpectedStatus"],
    [600, "UnexpectedStatus"],
    [499, "UnexpectedStatus"],
    [302, "UnexpectedStatus"],
    [0, "UnexpectedStatus"],
    [Number.NaN, "UnexpectedStatus"]
  ])("takes %d for %s", (status, reason) => {
    expect(lookup(status)).toBe(reason)
  })

  it("has a meaning for every status and code", () => {
    fc.assert(
      fc.property(fc.constantFrom(...dialects), fc.double(), fc.array(fc.string()), (dialect, status, codes) => {
        const { class: tag, reason } = Dialect.lookup(dialect, { status, codes })
        return typeof tag === "string" && typeof reason === "string"
      })
    )
  })
})
