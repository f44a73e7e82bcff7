import { describe, it } from "@effect/vitest"
import { Duration } from "effect"
import { Fault } from "effect-reliability/testing"
import { expect } from "vitest"
import { makeGates } from "../../src/testing/internal/gates.js"
import { type Step, stepsOf } from "../../src/testing/internal/steps.js"

const request: Fault.Request = {
  number: 7,
  connection: 1,
  onConnection: 1,
  at: 1000,
  method: "POST",
  path: "/v1/chat/completions",
  headers: {},
  body: JSON.stringify({ model: "m", messages: [{ role: "user", content: "größer als" }] })
}

const steps = (fault: Fault.Reply, changes: Partial<Fault.Request> = {}) => stepsOf(fault, { ...request, ...changes })

const bytesOf = (steps: ReadonlyArray<Step>): Uint8Array =>
  Buffer.concat(steps.map((step) => (step._tag === "Body" ? Buffer.from(step.bytes) : Buffer.alloc(0))))

const textOf = (steps: ReadonlyArray<Step>): string => Buffer.from(bytesOf(steps)).toString()

const tagsOf = (steps: ReadonlyArray<Step>) => steps.map(({ _tag }) => _tag)

const headOf = (steps: ReadonlyArray<Step>) => steps.find((step) => step._tag === "Head")

describe("Fault", () => {
  it("preserves its fields as JSON", () => {
    const fault = Fault.capacity({
      concurrent: 2,
      admitted: Fault.rateLimit({ burst: 1, perSecond: 1, admitted: Fault.cut({ by: "close" }, Fault.answer(200)) })
    })
    expect(JSON.parse(JSON.stringify(fault))).toMatchObject({
      _tag: "Capacity",
      concurrent: 2,
      queue: 0,
      rejection: { status: 503 },
      admitted: { _tag: "RateLimit", admitted: { _tag: "Cut", by: "close", reply: { _tag: "Answer", status: 200 } } }
    })
  })

  it("throws for invalid options by name", () => {
    const refused = [
      [() => Fault.answer(199), "Fault.answer: status is 199"],
      [() => Fault.answer(600), "Fault.answer: status is 600"],
      [() => Fault.answer(429, { retryAfter: -1 }), "Fault.answer: retryAfter is -1"],
      [() => Fault.answer(200, { headers: { "a b": "" } }), 'Fault.answer: headers is "a b"'],
      [() => Fault.answer(200, { headers: { a: "b\nc" } }), "Fault.answer: headers.a is"],
      [() => Fault.stall(-1), "Fault.stall: delay is -1"],
      [() => Fault.drip({ every: 1, bytes: 0 }), "Fault.drip: bytes is 0"],
      [() => Fault.cut({ by: "close", after: -1 }), "Fault.cut: after is -1"],
      [() => Fault.mislabel(0), "Fault.mislabel: by is 0"],
      [() => Fault.stream({ events: -1 }), "Fault.stream: events is -1"],
      [() => Fault.stream({ after: 0.5 }), "Fault.stream: after is 0.5"],
      [() => Fault.oversizedHeaders(0), "Fault.oversizedHeaders: bytes is 0"],
      [() => Fault.rateLimit({ burst: 0, perSecond: 1 }), "Fault.rateLimit: burst is 0"],
      [() => Fault.rateLimit({ burst: 1, perSecond: NaN }), "Fault.rateLimit: perSecond is NaN"],
      [() => Fault.capacity({ concurrent: 0 }), "Fault.capacity: concurrent is 0"],
      [() => Fault.capacity({ concurrent: 1, queue: -1 }), "Fault.capacity: queue is -1"]
    ] as const
    for (const [make, message] of refused) expect(make).toThrow(message)
  })
})

describe("Fault.answer", () => {
  const headersOf = (options: Fault.AnswerOptions) => headOf(steps(Fault.answer(429, options)))?.headers

  it("sends the hint in each form, rounded up", () => {
    const retryAfter = "1500 millis"
    expect(headersOf({ retryAfter })).toMatchObject({ "retry-after": "2" })
    expect(headersOf({ retryAfter, form: "millis" })).toMatchObject({ "retry-after-ms": "1500" })
    expect(headersOf({ retryAfter, form: "date" })).toMatchObject({ "retry-after": "Thu, 01 Jan 1970 00:00:03 GMT" })
    expect(headersOf({ shouldRetry: false })).toMatchObject({ "x-should-retry": "false" })
  })

  it("prefers the given headers in any case", () => {
    const headers = { "Content-Type": "text/html", "Retry-After": "soon" }
    expect(headersOf({ headers, retryAfter: 1 })).toEqual({ "content-type": "text/html", "retry-after": "soon" })
  })

  it("announces the length of the body in bytes", () => {
    const body = "größer"
    expect(headOf(steps(Fault.answer(200, { body })))?.length).toBe(8)
    expect(headOf(steps(Fault.answer(204)))?.length).toBeUndefined()
  })
})

describe("faults of another response", () => {
  const answered = steps(Fault.answer(200, { body: "größer" }))

  it("drips the same bytes one by one, with a wait before each except the first", () => {
    const dripped = steps(Fault.drip({ every: "1 second" }, Fault.answer(200, { body: "größer" })))
    expect(bytesOf(dripped)).toEqual(bytesOf(answered))
    expect(dripped.filter(({ _tag }) => _tag === "Body")).toHaveLength(8)
    expect(dripped.filter(({ _tag }) => _tag === "Wait")).toHaveLength(7)
  })

  it("cuts the body at half or at `after`, and announces its full length", () => {
    const cut = (options: Parameters<typeof Fault.cut>[0]) =>
      steps(Fault.cut(options, Fault.answer(200, { body: "0123456789" })))
    expect(tagsOf(cut({ by: "close" }))).toEqual(["Head", "Body", "Close"])
    expect(textOf(cut({ by: "reset" }))).toBe("01234")
    expect(headOf(cut({ by: "reset" }))?.length).toBe(10)
    expect(headOf(cut({ by: "reset", framing: "chunked" }))?.length).toBeUndefined()
    expect(tagsOf(cut({ by: "reset", after: 0 }))).toEqual(["Head", "Reset"])
    expect(tagsOf(cut({ by: "silence", after: 10 }))).toEqual(["Head", "Body", "Wait"])
    expect(textOf(cut({ by: "close", after: 99 }))).toBe("0123456789")
  })

  it("cuts a stream within an event", () => {
    const whole = textOf(steps(Fault.stream({ events: 3 })))
    const cut = steps(Fault.cut({ by: "close", after: 250, framing: "chunked" }, Fault.stream({ events: 3 })))
    expect(textOf(cut)).toBe(whole.slice(0, 250))
    expect(tagsOf(cut).at(-1)).toBe("Close")
  })

  it("changes the announced length, to 0 at least", () => {
    expect(headOf(steps(Fault.mislabel(5, Fault.answer(200, { body: "abc" }))))?.length).toBe(8)
    expect(headOf(steps(Fault.mislabel(-5, Fault.answer(200, { body: "abc" }))))?.length).toBe(0)
  })

  it("omits all steps after an infinite wait", () => {
    expect(steps(Fault.unanswered)).toEqual([{ _tag: "Wait", delay: Duration.infinity }])
    expect(tagsOf(steps(Fault.stall(1, Fault.reset)))).toEqual(["Wait", "Reset"])
  })

  it("applies a reused fault from the second request of a connection on", () => {
    const stale = Fault.reused(Fault.reset, Fault.close)
    expect(tagsOf(steps(stale))).toEqual(["Close"])
    expect(tagsOf(steps(stale, { onConnection: 2 }))).toEqual(["Reset"])
  })
})

describe("Fault.stream", () => {
  const events = (options: Fault.StreamOptions) =>
    textOf(steps(Fault.stream(options)))
      .split("\n\n")
      .slice(0, -1)

  it("echoes the last message with one word for each event, and ends with [DONE]", () => {
    const echoed = events({})
    expect(echoed).toHaveLength(4)
    expect(echoed[0]).toContain(`"content":"größer "`)
    expect(echoed[2]).toContain(`"finish_reason":"stop"`)
    expect(echoed[3]).toBe("data: [DONE]")
  })

  it("ends with the given ending after the given number of events", () => {
    expect(events({ events: 5, after: 2, ending: "missing" })).toHaveLength(2)
    expect(events({ events: 0 })).toEqual(["data: [DONE]"])
    expect(events({ after: 0, ending: "error", error: { e: 1 } })).toEqual([`event: error\ndata: {"e":1}`])
    for (const [ending, last] of [
      ["silence", "Wait"],
      ["close", "Close"],
      ["reset", "Reset"]
    ] as const) {
      expect(tagsOf(steps(Fault.stream({ events: 5, after: 1, ending })))).toEqual(["Head", "Body", last])
    }
  })

  it("sends pings before events, and waits between events", () => {
    expect(events({ events: 2, pings: true }).filter((event) => event === ": ping")).toHaveLength(2)
    const slow = tagsOf(steps(Fault.stream({ events: 2, every: 1 })))
    expect(slow).toEqual(["Head", "Body", "Wait", "Body", "Body", "End"])
  })
})

describe("Fault.rateLimit", () => {
  it("admits the burst, then requests at the refill rate, and hints at the next token", () => {
    const admit = makeGates()
    const limit = Fault.rateLimit({ burst: 2, perSecond: 10, hint: "millis" })
    const at = (now: number) => admit(limit, now)
    expect([at(0), at(0), at(0)].map(({ rejected }) => rejected)).toEqual([false, false, true])
    expect(at(40).reply).toMatchObject({ status: 429, retryAfter: { delay: Duration.millis(60), form: "millis" } })
    expect(at(99).rejected).toBe(true)
    expect([at(100), at(100)].map(({ rejected }) => rejected)).toEqual([false, true])
    expect([at(9000), at(9000), at(9000)].map(({ rejected }) => rejected)).toEqual([false, false, true])
  })

  it("sends no hint if the refill rate is 0", () => {
    const admit = makeGates()
    const limit = Fault.rateLimit({ burst: 1, perSecond: 0 })
    admit(limit, 0)
    expect(admit(limit, 1e9).reply).toMatchObject({ status: 429, retryAfter: undefined })
  })

  it("counts each limit and each server separately", () => {
    const [one, other] = [makeGates(), makeGates()]
    const [a, b] = [Fault.rateLimit({ burst: 1, perSecond: 0 }), Fault.rateLimit({ burst: 1, perSecond: 0 })]
    expect([one(a, 0), one(b, 0), other(a, 0), one(a, 0)].map(({ rejected }) => rejected)).toEqual([
      false,
      false,
      false,
      true
    ])
  })
})
