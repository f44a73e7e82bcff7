import { it } from "@effect/vitest"
import { Effect, FastCheck as fc, Layer, Metric, MetricBoundaries, Redacted, Stream } from "effect"
import { CircuitBreaker, RateLimiter, Reliability, Retry, RetryBudget, Store, Telemetry } from "effect-reliability"
import { Fireworks } from "effect-reliability/fireworks"
import { ScriptedClient } from "effect-reliability/testing"
import { describe, expect } from "vitest"
import { root, run } from "../support/project.js"
import { hasPromtool, needsPromtool, promtool } from "../support/prometheus.js"
import { chat, exactly, failing, unavailable } from "../support/telemetry.js"

/** Parses a page like a scraper: each family with its type, each series with its labels unescaped. */
const scraped = (page: string) => {
  const types = new Map<string, string>()
  const series = new Map<string, number>()
  const owned = new Set<string>()
  let own: ReadonlyArray<string> = []
  expect(page === "" || page.endsWith("\n")).toBe(true)
  for (const line of page.split("\n").slice(0, -1)) {
    if (/^# HELP [a-zA-Z_:][a-zA-Z0-9_:]* [^\n]*$/.test(line)) continue
    const [, family, type] = /^# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge|histogram|summary)$/.exec(line) ?? []
    if (family !== undefined && type !== undefined) {
      expect(types.has(family), family).toBe(false)
      types.set(family, type)
      own = {
        counter: [""],
        gauge: [""],
        summary: ["", "_sum", "_count"],
        histogram: ["", "_bucket", "_sum", "_count"]
      }[type as "counter" | "gauge" | "summary" | "histogram"].map((ending) => family + ending)
      for (const one of own) {
        expect(owned.has(one), `${one} of two families`).toBe(false)
        owned.add(one)
      }
      continue
    }
    const [, name = "", , labels = "", value = ""] =
      /^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{((?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\]|\\[\\"n])*",?)*)\})? ([^ ]+)$/.exec(line) ??
      []
    expect(own, line).toContain(name)
    const read = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\[\\"n])*)"/g)].map(([, label, word = ""]) => [
      label,
      word.replace(/\\([\\"n])/g, (_, char: string) => (char === "n" ? "\n" : char))
    ])
    const keys = read.map(([label = ""]) => label)
    expect(new Set(keys).size, line).toBe(keys.length)
    expect(keys.filter((label) => label.startsWith("__"))).toEqual([])
    const id = JSON.stringify([name, ...read])
    expect(series.has(id), `${id} twice`).toBe(false)
    series.set(id, Number(value.replace("Inf", "Infinity")))
  }
  return { types, series }
}

const snapshotOf = (name: string) =>
  Effect.map(Metric.snapshot, (snapshot) => snapshot.filter(({ metricKey }) => metricKey.name.startsWith(name)))

/** Checks a page with Prometheus's own tool. */
const checked = (page: string) => promtool(["check", "metrics"], page)

/** Metrics whose names or labels must be changed, with an id that separates them from those of other tests. */
const awkward = (id: string) =>
  Effect.gen(function* () {
    const boundaries = MetricBoundaries.fromIterable([1])
    const summary = (name: string) => Metric.summary({ name, maxAge: "1 day", maxSize: 10, error: 0, quantiles: [0.5] })
    yield* Metric.update(Metric.gauge(`${id}.a`).pipe(Metric.tagged("__name__", "b"), Metric.tagged("__x", "c")), 1)
    // gauges first, so that no order of arrival helps
    for (const ending of ["bucket", "sum", "count"]) yield* Metric.update(Metric.gauge(`${id}.y_${ending}`), 1)
    yield* Metric.update(Metric.histogram(`${id}.y`, boundaries), 1)
    for (const ending of ["sum", "count"]) yield* Metric.update(Metric.gauge(`${id}.z_${ending}`), 1)
    yield* Metric.update(summary(`${id}.z`), 1)
    yield* Metric.update(Metric.histogram(`${id}.y_sum`, boundaries), 1)
    yield* Metric.update(Metric.gauge(`${id}.y_count_gauge`), 1)
    yield* Metric.update(Metric.histogram(`${id}.n_total`, boundaries), 1)
    yield* Metric.update(Metric.counter(`${id}.n`), 1)
    yield* Metric.update(Metric.gauge(`${id}.n_total`), 1)
    // one name and labels in this format
    yield* Metric.update(Metric.histogram(`${id}.h/1`, boundaries), 1)
    yield* Metric.update(Metric.histogram(`${id}.h.1`, MetricBoundaries.fromIterable([2, 3])), 1)
    yield* Metric.update(Metric.gauge(`${id}.g`), 1)
    yield* Metric.update(Metric.gauge(`${id}.g`).pipe(Metric.tagged("empty", "")), 2)
    yield* Metric.update(Metric.frequency(`${id}.words`).pipe(Metric.tagged("key", "k")), "a word")
  })

describe("Telemetry.prometheusOf", () => {
  it.effect("renames the names and labels that the format reserves", () =>
    Effect.gen(function* () {
      yield* awkward("p4")
      const page = Telemetry.prometheusOf(yield* snapshotOf("p4"))
      const { series, types } = scraped(page)
      expect(page).toContain('p4_a{exported___name__="b",exported___x="c"} 1\n')
      expect(page).toContain('p4_words_total{exported_key="k",key="a word"} 1\n')
      expect(Object.fromEntries(types)).toMatchObject({
        p4_y: "histogram",
        p4_y_bucket_gauge: "gauge",
        p4_y_sum_gauge: "gauge",
        p4_y_sum_histogram: "histogram",
        p4_z: "summary",
        p4_z_count_gauge: "gauge",
        p4_n_total: "histogram",
        p4_n_total_counter_total: "counter",
        p4_n_total_gauge: "gauge"
      })
      const buckets = [...series.keys()].filter((id) => id.startsWith('["p4_h_1_bucket"'))
      expect([2, 3]).toContain(buckets.length)
      expect([...series.keys()].filter((id) => id.startsWith('["p4_g"'))).toHaveLength(1)
      // the order of arrival changes no name
      const reversed = Telemetry.prometheusOf((yield* snapshotOf("p4")).toReversed())
      expect(new Set(scraped(reversed).types.keys())).toEqual(new Set(types.keys()))
    })
  )

  it.skipIf(!hasPromtool)(`passes promtool${needsPromtool}`, () =>
    Effect.runPromise(
      Effect.gen(function* () {
        yield* awkward("p5")
        const { output, status } = checked(Telemetry.prometheusOf(yield* snapshotOf("p5")))
        // 3: valid, with advice on names
        expect([0, 3], output).toContain(status)
        const call = Reliability.protect(
          failing(unavailable),
          exactly("p5", { retry: Retry.make({ base: "1 millis" }) })
        )
        yield* Telemetry.observeBudget("p5", yield* RetryBudget.make())
        const page = yield* Effect.zipRight(call, Telemetry.prometheus).pipe(Effect.provide(Telemetry.metrics))
        expect(checked(page)).toEqual({ status: 0, output: "" })
      }).pipe(Effect.scoped)
    )
  )

  it.skipIf(!hasPromtool)(
    `passes promtool with the metrics of models, circuits, limiters and stores${needsPromtool}`,
    () =>
      Effect.runPromise(
        Effect.gen(function* () {
          const fireworks = yield* Fireworks.Fireworks
          const request = { ...chat(), stream_options: { include_usage: true } }
          yield* fireworks.chat(chat())
          yield* Stream.runDrain(fireworks.chatStream(request))
          yield* fireworks.embeddings({ model: "m", input: "Hello" })
          const key = "promtool"
          const breaker = yield* CircuitBreaker.make({ tripPolicy: CircuitBreaker.consecutive(1) })
          const inCircuit = CircuitBreaker.withBreaker(breaker, { key })
          yield* Effect.ignore(inCircuit(Effect.fail(unavailable)))
          yield* Effect.ignore(inCircuit(Effect.void))
          const limiter = yield* RateLimiter.make()
          yield* RateLimiter.limit(Effect.void, limiter, { key })
          yield* Telemetry.observeLimiter(limiter)
          const store: Store.Store = { modify: () => Effect.fail(new Store.StoreUnavailable({ detail: "down" })) }
          const { withdraw } = yield* RetryBudget.make({ store })
          yield* withdraw
          const page = yield* Telemetry.prometheus
          for (const { kind, name } of [Telemetry.names.genAiTokenUsage, Telemetry.names.breakerState]) {
            expect(page).toContain(`# TYPE ${name.replaceAll(".", "_")} ${kind}`)
          }
          expect(checked(page)).toEqual({ status: 0, output: "" })
        }).pipe(
          Effect.provide(
            Layer.mergeAll(
              Telemetry.layer({ logs: { outage: "None", transition: "None" } }),
              Telemetry.genAi({ conventions: "genai-0.1" }),
              Fireworks.layer({ apiKey: Redacted.make("fw_secret") }).pipe(Layer.provide(ScriptedClient.layer()))
            )
          ),
          Effect.scoped
        )
      )
  )

  it.effect("prints cumulative buckets and names with units, and escapes quoted text", () =>
    Effect.gen(function* () {
      const histogram = Metric.histogram("p1.time", MetricBoundaries.fromIterable([1, 2]), "Of a\nthing, \\ok")
      const tagged = histogram.pipe(
        Metric.tagged("unit", "s"),
        Metric.tagged("a.b", 'x"\\\n'),
        Metric.tagged("le", "z")
      )
      yield* Effect.forEach([0.5, 1.5, 1.5, 9], (value) => Metric.update(tagged, value))
      expect(Telemetry.prometheusOf(yield* snapshotOf("p1"))).toBe(
        [
          "# HELP p1_time_seconds Of a\\nthing, \\\\ok",
          "# TYPE p1_time_seconds histogram",
          ...[
            ["1", 1],
            ["2", 3],
            ["+Inf", 4]
          ].map(([le, count]) => `p1_time_seconds_bucket{a_b="x\\"\\\\\\n",exported_le="z",le="${le}"} ${count}`),
          `p1_time_seconds_sum{a_b="x\\"\\\\\\n",exported_le="z"} 12.5`,
          `p1_time_seconds_count{a_b="x\\"\\\\\\n",exported_le="z"} 4`,
          ""
        ].join("\n")
      )
    })
  )

  it.effect("supports every kind of metric, and separates kinds of one name", () =>
    Effect.gen(function* () {
      yield* Metric.update(Metric.gauge("p2.level"), -Infinity)
      yield* Metric.update(Metric.counter("p2.level"), 2)
      yield* Metric.update(Metric.counter("p2.big_total", { bigint: true }), 9_007_199_254_740_993n)
      yield* Metric.update(Metric.frequency("p2 words"), "a word")
      const summary = Metric.summary({ name: "p2.sum", maxAge: "1 day", maxSize: 10, error: 0, quantiles: [0.5] })
      yield* Metric.update(summary, 4)
      const page = Telemetry.prometheusOf(yield* snapshotOf("p2"))
      const { series, types } = scraped(page)
      expect(Object.fromEntries(types)).toEqual({
        p2_level: "gauge",
        p2_level_total: "counter",
        p2_big_total: "counter",
        p2_words_total: "counter",
        p2_sum: "summary"
      })
      expect(page).toContain("p2_big_total 9007199254740993\n")
      expect(Object.fromEntries(series)).toMatchObject({
        '["p2_level"]': -Infinity,
        '["p2_words_total",["key","a word"]]': 1,
        '["p2_sum",["quantile","0.5"]]': 4,
        '["p2_sum_count"]': 1
      })
    })
  )

  it.effect("separates metrics whose names collide in this format, and merges labels that collide", () =>
    Effect.gen(function* () {
      const jobs = Metric.counter("p3.jobs")
      yield* Metric.update(jobs, 1)
      yield* Metric.update(jobs.pipe(Metric.tagged("z", "1"), Metric.tagged("a:b", "2"), Metric.tagged("a_b", "3")), 2)
      yield* Metric.update(Metric.gauge("p3.jobs_total"), 7)
      yield* Metric.update(Metric.gauge("p3.wait").pipe(Metric.tagged("time_unit", "ms")), 5)
      const lines = Telemetry.prometheusOf(yield* snapshotOf("p3")).split("\n")
      const numbers = lines.filter((line) => line !== "" && !line.startsWith("#"))
      const counter = lines.indexOf("# TYPE p3_jobs_total counter") >= 0
      // the first one keeps the name
      expect(numbers.map((line) => line.replace(/^p3_jobs_total_(gauge|counter)/, "p3_jobs_total")).toSorted()).toEqual(
        ["p3_jobs_total 1", "p3_jobs_total 7", `p3_jobs_total{a_b="2;3",z="1"} 2`, "p3_wait_milliseconds 5"]
      )
      expect(lines).toContain(counter ? "# TYPE p3_jobs_total_gauge gauge" : "# TYPE p3_jobs_total_counter counter")
    })
  )

  it.effect("prints a valid page for any names and tags", () =>
    Effect.promise(() =>
      fc.assert(
        fc.asyncProperty(
          fc.array(
            fc.record({
              name: fc.string({ unit: "binary" }),
              tags: fc.dictionary(fc.string({ minLength: 1 }), fc.string({ unit: "binary" }), { maxKeys: 3 }),
              kind: fc.constantFrom("counter" as const, "gauge" as const, "histogram" as const),
              value: fc.nat(1000)
            }),
            { maxLength: 6 }
          ),
          fc.uuid(),
          (rows, id) =>
            Effect.gen(function* () {
              for (const { kind, name, tags, value } of rows) {
                const updated = {
                  counter: () => Metric.update(Metric.counter(id + name), value),
                  gauge: () => Metric.update(Metric.gauge(id + name), value),
                  histogram: () => Metric.update(Metric.histogram(id + name, MetricBoundaries.fromIterable([1])), value)
                }[kind]
                yield* Effect.tagMetrics(updated(), tags)
              }
              const { types } = scraped(Telemetry.prometheusOf(yield* snapshotOf(id)))
              expect(types.size).toBeLessThanOrEqual(rows.length)
              expect(types.size > 0).toBe(rows.length > 0)
            }).pipe(Effect.runPromise)
        ),
        { numRuns: 20 }
      )
    )
  )
})

describe("the example of a Prometheus page", () => {
  it("serves metrics that can be scraped", async () => {
    const printed = await run(process.execPath, ["--import", "tsx", "test/examples/metricsToPrometheus.ts"])
    const { series, types } = scraped(`${printed.trim()}\n`)
    expect(types.get("reliability_call_duration_seconds")).toBe("histogram")
    const calls = [...series].filter(([id]) => id.startsWith('["reliability_calls_total"'))
    expect(calls.map(([, value]) => value)).toEqual([2])
    expect(root).not.toBe("")
  })
})
