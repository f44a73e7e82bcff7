import { HttpClient } from "@effect/platform"
import { describe, it } from "@effect/vitest"
import { Duration, Effect, Exit, FastCheck as fc, Fiber, Layer, Redacted, Scope, TestClock } from "effect"
import { Deadline } from "effect-reliability"
import { Fireworks, ServerMetrics } from "effect-reliability/fireworks"
import { Fault, FireworksServer, ScriptedClient } from "effect-reliability/testing"
import { expect } from "vitest"
import { parse } from "../../src/fireworks/internal/prometheus.js"
import { parseRates } from "../../src/fireworks/internal/rates.js"

const account = "acme"
const ours = `accounts/${account}/deployments/ours`

const over = (client: HttpClient.HttpClient) => {
  const fireworks = Fireworks.layer({ apiKey: Redacted.make("fw-test-key"), accountId: account }).pipe(
    Layer.provide(Layer.succeed(HttpClient.HttpClient, client))
  )
  return Layer.merge(Layer.provide(ServerMetrics.layer(), fireworks), fireworks)
}

/** Runs a test against scripted responses. */
const scripted = <A, E>(
  script: Fault.Script,
  test: (
    client: ScriptedClient.ScriptedClient
  ) => Effect.Effect<A, E, ServerMetrics.ServerMetrics | Fireworks.Fireworks>
) => Effect.flatMap(ScriptedClient.make(script), (client) => Effect.provide(test(client), over(client)))

const text = (body: string): Fault.Fault => Fault.answer(200, { body })

const requestsLine = (value: string | number, deployment = ours) =>
  `request_counter_total:sum_by_deployment{base_model="m",deployment="${deployment}"} ${value}\n`

const errorsLine = (status: string, value: number, deployment = ours) =>
  `requests_error_total:sum_by_deployment{deployment="${deployment}",http_code="${status}"} ${value}\n`

// -------------------------------------------------------------------------------------------------
// Parsing
// -------------------------------------------------------------------------------------------------

describe("parseRates", () => {
  const rates = (body: string, deployment = ours) => parseRates(body)?.get(deployment)

  it("reads requests and errors by status, and sums the samples that differ only in other labels", () => {
    const body = `# HELP request_counter_total:sum_by_deployment Requests
# TYPE request_counter_total:sum_by_deployment gauge
${requestsLine(1.5)}request_counter_total:sum_by_deployment{base_model="n",deployment="${ours}"} 5e-1 1700000000000
latency_overall_ms_bucket:sum_by_deployment{deployment="${ours}",le="+Inf"} 3
${errorsLine("503", 0.25)}${errorsLine("429", 0.5)}`
    expect(rates(body)).toEqual({ requests: 2, errors: 0.75, byStatus: { 503: 0.25, 429: 0.5 } })
  })

  it("separates deployments, and identifies one without a name by its account and id", () => {
    const body = `${requestsLine(1)}${requestsLine(2, "accounts/acme/deployments/theirs")}
request_counter_total:sum_by_deployment{deployment_account="acme",deployment_id="third"} 3`
    expect([rates(body), rates(body, "accounts/acme/deployments/third")].map((one) => one?.requests)).toEqual([1, 3])
    expect(parseRates(body)?.size).toBe(3)
  })

  it("skips invalid lines and reads the others", () => {
    const broken = [
      `request_counter_total:sum_by_deployment{deployment="${ours}" 9`,
      `request_counter_total:sum_by_deployment{deployment="${ours}"} nine`,
      `request_counter_total:sum_by_deployment{deployment="${ours}"}`,
      `request_counter_total:sum_by_deployment 9`,
      `request_counter_total:sum_by_deployment{deployment="../../etc"} 9`,
      requestsLine("NaN"),
      requestsLine("+Inf"),
      requestsLine(-4),
      `request_counter_total:sum_by_deployment{deployment="${"x".repeat(10_000)}"} 9`,
      "???"
    ]
    expect(rates(`${broken.join("\n")}\r\n${requestsLine(1).trim()}\r\n`)?.requests).toBe(1)
  })

  it("reads labels with escapes and blanks, and a last line without a newline", () => {
    const body = `request_counter_total:sum_by_deployment { base_model = "a\\"b\\\\,}\\n" , deployment="${ours}", } 7`
    expect(rates(body)?.requests).toBe(7)
  })

  it("returns undefined for other kinds of text, and an empty map for metrics without deployments", () => {
    expect(parseRates("")).toEqual(new Map())
    expect(parseRates("# nothing here\nup 1\n")).toEqual(new Map())
    expect(parseRates(`<html><body>Sign in</body></html>`)).toBeUndefined()
    expect(parseRates(`{"error":"no"}`)).toBeUndefined()
    expect(parseRates("Service unavailable, try later")).toBeUndefined()
  })

  it("limits the deployments and status codes that it keeps from a hostile server", () => {
    const many = Array.from({ length: 50_000 }, (_, index) => requestsLine(1, `accounts/a/deployments/d${index}`))
    expect(parseRates(many.join(""))?.size).toBe(2000)
    const codes = Array.from({ length: 3000 }, (_, index) => errorsLine(String(index), 1))
    expect(Object.keys(rates(codes.join(""))?.byStatus ?? {}).length).toBeLessThan(901)
    expect(rates(codes.join(""))?.errors).toBe(3000)
    // the time of parsing must be linear in the length of the text
    const label = `{deployment="${"\\\\".repeat(4000)}`
    expect(parseRates(`request_counter_total:sum_by_deployment${label}\n`.repeat(2000))).toBeUndefined()
  })

  it("does not throw on any text", () => {
    const piece = fc.constantFrom(
      "{",
      "}",
      '"',
      "\\",
      ",",
      "=",
      " ",
      "\n",
      "1",
      "deployment",
      requestsLine(1),
      "é",
      "#"
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        parseRates(pieces.join(""))
      }),
      { numRuns: 500 }
    )
  })
})

describe("Prometheus parse", () => {
  const read = (text: string) => parse(text, new Set(["m", "n"]))
  const values = (text: string) => read(text).samples.map(({ value }) => value)

  it.each([
    ["1", 1],
    ["12", 12],
    ["12.", 12],
    ["12.25", 12.25],
    [".5", 0.5],
    [".25", 0.25],
    ["12e3", 12_000],
    ["1E+10", 1e10],
    ["1.5e-12", 1.5e-12],
    [".5e1", 5],
    [".25e+12", 0.25e12],
    [".5e-1", 0.05],
    ["+1", 1],
    ["-2.5", -2.5],
    ["+.5", 0.5],
    ["Inf", Infinity],
    ["+inf", Infinity],
    ["-INF", -Infinity],
    ["NaN", Number.NaN]
  ])("reads the value %s with any blanks and timestamps around it", (text, value) => {
    for (const line of [`m ${text}`, `m\t${text} 1700000000000`, `m{a="b"}${text}`, ` m \t${text} \r`]) {
      expect(values(line)).toEqual([value])
    }
  })

  it.each(["1x", "~1", ".", ".x", ".x5", "e5", "1e", "1e~5", ".5e~1", ".5ex", "one", "-", "~inf", "1.5.5", "", "} 1"])(
    "rejects the value %j",
    (text) => {
      expect(read(`m ${text}`)).toEqual({ samples: [], isMetrics: false })
    }
  )

  it("keeps names and labels as written", () => {
    const { samples } = read(`m 1\nn{ a = "b\\"c" , d_1="" ,} 2\nm{} 3\nother{a="b"} 4`)
    expect(samples).toEqual([
      { name: "m", labels: new Map(), value: 1 },
      { name: "n", labels: new Map(Object.entries({ a: `b\\"c`, d_1: "" })), value: 2 },
      { name: "m", labels: new Map(), value: 3 }
    ])
    expect(read("m}1").samples).toEqual([])
    expect(read(`ma="b"} 1`).samples).toEqual([])
  })

  it("recognizes metrics if any line is a sample, or if all lines are empty or comments", () => {
    for (const line of ["up 1", 'up{a="b"} 1', "up +Inf", "up -inf", "up nan", "up .5", "up -1"]) {
      expect([line, read(`???\n${line}`).isMetrics]).toEqual([line, true])
    }
    for (const line of ["up", "up we go", "up <1", "up info", "up ~1", "up we go at 1", "1 up"]) {
      expect([line, read(line).isMetrics]).toEqual([line, false])
    }
    for (const nothing of ["", "\n", " \n\t\r\n", "# m 1\n", "#", "# m 1\n\n # n#"]) {
      expect(read(nothing)).toEqual({ samples: [], isMetrics: true })
    }
    expect(read("# m 1\n???\n")).toEqual({ samples: [], isMetrics: false })
    expect(values("\nm 1\n\n# m 2\nm 3")).toEqual([1, 3])
  })

  it("limits the length of a line and the number of samples", () => {
    const line = (length: number) => `m{a="${"x".repeat(length - 'm{a=""} 1'.length)}"} 1`
    expect(values(`${line(8192)}\nn 2`)).toEqual([1, 2])
    expect(values(`${line(8193)}\nn 2`)).toEqual([2])
    expect(read(line(8193)).isMetrics).toBe(false)
    expect(values("m 1\n".repeat(20_001)).length).toBe(20_000)
  })
})

// -------------------------------------------------------------------------------------------------
// integrate
// -------------------------------------------------------------------------------------------------

describe("integrate", () => {
  const at = (seconds: number, requests = 1): ServerMetrics.Reading => ({
    at: seconds * 1000,
    rates: { requests, errors: requests / 2, byStatus: { "500": requests / 2 } }
  })
  const counted = (readings: ReadonlyArray<ServerMetrics.Reading>, from: number, to: number) => {
    const { coverage, errors, requests } = ServerMetrics.integrate(readings, { from: from * 1000, to: to * 1000 })
    return [requests, errors, coverage]
  }

  it("applies a reading to the time since the previous one", () => {
    expect(counted([at(60, 1), at(90, 3)], 0, 90)).toEqual([60 + 90, 75, 1])
    expect(counted([at(60, 1), at(70, 3)], 0, 70)).toEqual([60 + 30, 45, 1])
  })

  it("applies a reading to at most one minute, and reports the coverage", () => {
    expect(counted([at(300)], 0, 300)).toEqual([60, 30, 0.2])
    expect(counted([at(60), at(180)], 0, 180)).toEqual([120, 60, 0.666667])
  })

  it("cuts readings at both ends of the window", () => {
    expect(counted([at(60), at(120)], 30, 90)).toEqual([60, 30, 1])
    expect(counted([at(60), at(120)], 500, 600)).toEqual([0, 0, 0])
    expect(counted([at(60)], 60, 60)).toEqual([0, 0, 0])
  })

  it("counts a deployment absent from the metrics as idle only after an earlier reading", () => {
    const absent = { at: 120_000, rates: undefined }
    expect(counted([at(60), absent], 0, 120)).toEqual([60, 30, 1])
    expect(counted([absent], 60, 120)).toEqual([0, 0, 0])
  })

  it("counts each second at most once, and returns the same total for a window and for its two parts", () => {
    const readings = fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 1, maxLength: 20 }).map((gaps) =>
      gaps.map((_, index) =>
        at(
          gaps.slice(0, index + 1).reduce((a, b) => a + b),
          1
        )
      )
    )
    const time = fc.integer({ min: 0, max: 4000 })
    fc.assert(
      fc.property(readings, fc.tuple(time, time, time), (readings, times) => {
        const [from = 0, middle = 0, to = 0] = times.toSorted((a, b) => a - b)
        const [whole = 0, , coverage = 0] = counted(readings, from, to)
        const [first = 0] = counted(readings, from, middle)
        const [second = 0] = counted(readings, middle, to)
        expect(coverage).toBeLessThanOrEqual(1)
        // at one request a second, the count is the number of covered seconds
        expect(whole).toBeCloseTo(coverage * (to - from), 2)
        expect(first + second).toBeCloseTo(whole, 3)
      }),
      { numRuns: 200 }
    )
  })
})

// -------------------------------------------------------------------------------------------------
// scrape and counts
// -------------------------------------------------------------------------------------------------

describe("scrape", () => {
  const paths = (client: ScriptedClient.ScriptedClient) =>
    Effect.map(client.requests, (requests) => requests.map(({ method, path }) => `${method} ${path}`))

  it.effect("shares one request for the account's metrics among all callers within 10 seconds", () =>
    scripted(text(requestsLine(1)), (client) =>
      Effect.gen(function* () {
        const all = yield* Effect.all(
          Array.from({ length: 20 }, () => ServerMetrics.scrape),
          {
            concurrency: "unbounded"
          }
        )
        expect(new Set(all).size).toBe(1)
        yield* TestClock.adjust("9999 millis")
        yield* ServerMetrics.scrape
        expect(yield* paths(client)).toEqual([`GET /v1/accounts/${account}/metrics`])
        yield* TestClock.adjust("1 millis")
        yield* ServerMetrics.scrape
        expect(yield* paths(client)).toHaveLength(2)
      })
    )
  )

  it.effect("stays below the API's rate limit with any number of callers", () =>
    Effect.gen(function* () {
      const { client } = yield* FireworksServer.inMemory({ account, deployments: { ours: {} } })
      const busy = Effect.forever(Effect.zipRight(ServerMetrics.scrape, Effect.sleep("1 second")))
      const fibers = Effect.all([busy, busy, busy], { concurrency: "unbounded" })
      const fiber = yield* Effect.fork(Effect.provide(fibers, over(client)))
      for (let minute = 0; minute < 5; minute++) yield* TestClock.adjust("1 minute")
      expect(fiber.unsafePoll(), "a scrape failed").toBeNull()
      const count = (yield* client.requests).length
      expect(count).toBeGreaterThan(25)
      expect(count).toBeLessThanOrEqual(31)
      yield* Fiber.interrupt(fiber)
    })
  )

  it.effect("attempts once, and returns the same failure until the server hint has elapsed", () =>
    scripted([Fault.answer(429, { retryAfter: "30 seconds" }), text(requestsLine(1))], (client) =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(ServerMetrics.scrape)
        expect([error._tag, error.attempts]).toEqual(["RateLimit", 1])
        yield* TestClock.adjust("29 seconds")
        expect(yield* Effect.flip(ServerMetrics.scrape)).toBe(error)
        expect(yield* client.requests).toHaveLength(1)
        yield* TestClock.adjust("1 seconds")
        expect((yield* ServerMetrics.scrape).deployments.size).toBe(1)
      })
    )
  )

  it.effect("fails with InvalidAnswer if the response is not a page of metrics", () =>
    scripted(text("<html>Sign in</html>"), () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(ServerMetrics.scrape)
        expect([error.reason, error.delivery, error.status]).toEqual(["InvalidAnswer", "Acknowledged", 200])
      })
    )
  )

  it.effect("applies the deadline of one caller to that caller only", () =>
    scripted([Fault.unanswered, text(requestsLine(1))], () =>
      Effect.gen(function* () {
        const hasty = yield* Effect.fork(Effect.flip(Deadline.within(ServerMetrics.scrape, "1 second")))
        yield* TestClock.adjust("10 millis")
        const patient = yield* Effect.fork(ServerMetrics.scrape)
        yield* TestClock.adjust("30 seconds")
        expect((yield* Fiber.join(hasty)).phase).toBe("deadline")
        expect((yield* Fiber.join(patient)).deployments.size).toBe(1)
      })
    )
  )

  it.effect("delays the next request by the full 10 seconds after an interrupted scrape", () =>
    scripted([Fault.unanswered, text(requestsLine(1))], (client) =>
      Effect.gen(function* () {
        const first = yield* Effect.fork(ServerMetrics.scrape)
        yield* TestClock.adjust("1 seconds")
        yield* Fiber.interrupt(first)
        const second = yield* Effect.fork(ServerMetrics.scrape)
        yield* TestClock.adjust("9999 millis")
        expect(yield* client.requests).toHaveLength(1)
        yield* TestClock.adjust("1 millis")
        expect((yield* Fiber.join(second)).deployments.size).toBe(1)
      })
    )
  )
})

describe("counts", () => {
  it.effect("returns the counts of the last minute of a deployment, by id or by name", () =>
    scripted(text(requestsLine(2) + errorsLine("503", 0.5) + requestsLine(99, "accounts/acme/deployments/b")), () =>
      Effect.gen(function* () {
        yield* TestClock.setTime(1_000_000)
        const counts = yield* ServerMetrics.counts({ deployment: "ours" })
        expect(counts).toEqual({
          from: 940_000,
          to: 1_000_000,
          requests: 120,
          errors: 30,
          byStatus: { 503: 30 },
          coverage: 1,
          resolution: 90_000
        })
        expect(yield* ServerMetrics.counts({ deployment: ours })).toEqual(counts)
        const window = { from: 880_000, to: 1_000_000 }
        expect(yield* ServerMetrics.counts({ deployment: ours, window })).toMatchObject({
          requests: 120,
          coverage: 0.5
        })
        expect((yield* ServerMetrics.counts({ deployment: "unknown" })).coverage).toBe(0)
      })
    )
  )

  it.effect("rejects invalid names, windows and options", () =>
    scripted(Fault.healthy, () =>
      Effect.gen(function* () {
        const metrics = yield* ServerMetrics.ServerMetrics
        expect(() => metrics.counts({ deployment: "a/b" })).toThrow(
          'ServerMetrics.counts: deployment is "a/b"; it must be an id, or accounts/{account}/deployments/{id}'
        )
        expect(() => metrics.counts({ deployment: "a", window: { from: 2, to: 1 } })).toThrow("window")
        expect(() => metrics.collect("a", { every: "5 seconds" })).toThrow("every")
        expect(() => metrics.collect("a", { every: "2 minutes" })).toThrow("every")
        expect(() => metrics.collect("a", { keep: "2 days" })).toThrow("keep")
      })
    )
  )
})

// -------------------------------------------------------------------------------------------------
// collect
// -------------------------------------------------------------------------------------------------

describe("collect", () => {
  const chat = {
    model: ours,
    messages: [{ role: "user", content: "Hi" }]
  } as const

  it.effect("counts the sent requests within the precision of the rates", () =>
    Effect.gen(function* () {
      const server = yield* FireworksServer.inMemory({ account, deployments: { ours: { replicas: 1 } }, capacity: 2 })
      const program = Effect.gen(function* () {
        const fireworks = yield* Fireworks.Fireworks
        const collector = yield* ServerMetrics.collect("ours")
        const start = yield* Effect.clock
        const from = start.unsafeCurrentTimeMillis()
        for (let second = 0; second < 600; second += 5) {
          yield* Effect.fork(Effect.ignore(fireworks.chat(chat)))
          yield* TestClock.adjust("5 seconds")
        }
        yield* TestClock.adjust("2 minutes")
        return yield* collector.counts({ from, to: start.unsafeCurrentTimeMillis() })
      })
      const counts = yield* Effect.scoped(Effect.provide(program, over(server.client)))
      const sent = (yield* server.requests).filter(({ path }) => path.endsWith("/chat/completions")).length
      expect(sent).toBe(120)
      expect(counts.coverage).toBeGreaterThan(0.95)
      expect(Math.abs(counts.requests - sent)).toBeLessThanOrEqual(12)
      expect(counts.errors).toBe(0)
    })
  )

  it.effect("reports a gap in the coverage after more than a minute of failed scrapes, and continues", () =>
    scripted(
      (request) => (request.number > 2 && request.number <= 7 ? Fault.answer(503) : text(requestsLine(1))),
      () =>
        Effect.scoped(
          Effect.gen(function* () {
            const collector = yield* ServerMetrics.collect("ours")
            yield* TestClock.adjust("2 minutes")
            const failed = yield* collector.last
            expect(failed !== undefined && Exit.isFailure(failed)).toBe(true)
            yield* TestClock.adjust("8 minutes")
            const { coverage, requests } = yield* collector.counts({ from: 0, to: 600_000 })
            // there are readings at 0 and 30, then at 210, of which one minute counts
            expect([coverage, requests]).toEqual([0.8, 480])
            const recovered = yield* collector.last
            expect(recovered !== undefined && Exit.isSuccess(recovered)).toBe(true)
          })
        )
    )
  )

  it.effect(
    "keeps readings only for the time of `keep`, shares scrapes with other collectors, and ends with its scope",
    () =>
      scripted(text(requestsLine(1)), (client) =>
        Effect.gen(function* () {
          const work = Effect.gen(function* () {
            const [one, other] = yield* Effect.all([
              ServerMetrics.collect("ours", { keep: "5 minutes" }),
              ServerMetrics.collect(ours, { every: "1 minute" })
            ])
            yield* TestClock.adjust("30 minutes")
            expect((yield* one.readings).length).toBeLessThanOrEqual(13)
            expect((yield* other.readings).length).toBe(31)
            expect(yield* one.counts({ from: 0, to: 60_000 })).toMatchObject({ coverage: 0 })
            return (yield* client.requests).length
          })
          const count = yield* Effect.scoped(work)
          expect(count).toBe(61)
          yield* TestClock.adjust("1 hour")
          expect(yield* client.requests).toHaveLength(count)
        })
      )
  )

  it.effect("continues after the deadline of the call that started it", () =>
    scripted(text(requestsLine(1)), () =>
      Effect.scoped(
        Effect.gen(function* () {
          const collector = yield* Deadline.within(ServerMetrics.collect("ours"), "1 minute")
          yield* TestClock.adjust("10 minutes")
          expect(yield* collector.counts({ from: 0, to: 600_000 })).toMatchObject({ coverage: 1 })
        })
      )
    )
  )

  it.effect("ends with its scope even if it was started in an uninterruptible region", () =>
    scripted(text(requestsLine(1)), () =>
      Effect.gen(function* () {
        const scope = yield* Scope.make()
        yield* Scope.extend(Effect.uninterruptible(ServerMetrics.collect("ours")), scope)
        yield* TestClock.adjust("1 minute")
        const fiber = yield* Effect.fork(Scope.close(scope, Exit.void))
        yield* TestClock.adjust("1 second")
        expect(fiber.unsafePoll(), "it still runs").not.toBeNull()
      })
    )
  )

  it.effect("drops readings from the future after the clock is set back", () =>
    Effect.gen(function* () {
      const clock = yield* Effect.clock
      let offset = Duration.toMillis("1 hour")
      const wall = () => clock.unsafeCurrentTimeMillis() + offset
      // the methods of the clock are on its prototype
      const jumping = Object.assign(Object.create(clock) as typeof clock, {
        unsafeCurrentTimeMillis: wall,
        currentTimeMillis: Effect.sync(wall),
        // the monotonic clock does not jump
        unsafeCurrentTimeNanos: () => clock.unsafeCurrentTimeNanos()
      })
      yield* scripted(text(requestsLine(1)), () =>
        Effect.scoped(
          Effect.gen(function* () {
            const collector = yield* Effect.withClock(ServerMetrics.collect("ours"), jumping)
            yield* TestClock.adjust("2 minutes")
            offset = 0
            yield* TestClock.adjust("2 minutes")
            expect((yield* collector.readings).map(({ at }) => at)).toEqual([150_000, 180_000, 210_000, 240_000])
          })
        )
      )
    })
  )
})
