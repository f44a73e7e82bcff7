import { HttpClient, HttpClientRequest } from "@effect/platform"
import { it } from "@effect/vitest"
import { Effect, Fiber, Layer, ManagedRuntime, Metric, MetricState, Redacted, Stream, TestClock } from "effect"
import {
  ApiError,
  CircuitBreaker,
  Hedge,
  RateLimiter,
  Reliability,
  ReliableHttpClient,
  RetryBudget,
  Store,
  Telemetry
} from "effect-reliability"
import { Fireworks } from "effect-reliability/fireworks"
import * as EventStream from "effect-reliability/stream"
import { Fault, ScriptedClient } from "effect-reliability/testing"
import { describe, expect } from "vitest"
import { showing } from "../../src/internal/telemetry/showing.js"
import { read } from "../support/project.js"
import { attributesOf, chat, endOf, exactly, failing, traced, unavailable } from "../support/telemetry.js"

// -------------------------------------------------------------------------------------------------
// Observed metrics and spans
// -------------------------------------------------------------------------------------------------

interface Seen {
  readonly name: string
  readonly kind: string
  readonly unit: string
  readonly attributes: Readonly<Record<string, unknown>>
}

const kindOf = (state: MetricState.MetricState.Untyped) =>
  MetricState.isCounterState(state) ? "counter" : MetricState.isGaugeState(state) ? "gauge" : "histogram"

const valueOf = (state: unknown): number => {
  if (MetricState.isCounterState(state)) return Number(state.count)
  if (MetricState.isGaugeState(state)) return Number(state.value)
  return MetricState.isHistogramState(state) ? state.count : Number.NaN
}

/** The metrics of one workload (metrics are global to the process): each line a name, the other labels and the value. */
const metricsOf = (workload: string) =>
  Effect.map(Metric.snapshot, (snapshot) =>
    snapshot
      .filter(({ metricKey }) => metricKey.tags.some(({ value }) => value === workload))
      .map(({ metricKey, metricState }) => {
        const tags = metricKey.tags.filter(({ key, value }) => key !== "unit" && value !== workload)
        const shown = tags.map(({ key, value }) => `${key.replace(/^.*\./, "")}=${value}`).toSorted()
        return `${[metricKey.name, ...shown].join(" ")}: ${valueOf(metricState)}`
      })
      .toSorted()
  )

// -------------------------------------------------------------------------------------------------
// The table
// -------------------------------------------------------------------------------------------------

type Table = Readonly<Record<string, Telemetry.Named>>

const attributeNames = new Map<string, string>(
  Object.entries(Telemetry.attributes).map(([short, { name }]) => [name, short])
)

/** Replaces the placeholders in the name of a span by its attributes. */
const filled = (name: string, attributes: Seen["attributes"]): string =>
  name.replace(/\{([^}]+)\}/g, (_, attribute: string) => String(attributes[attribute]))

/** Returns the differences between a table and the observed metrics and spans, in both directions. */
const differences = (table: Table, seen: ReadonlyArray<Seen>): ReadonlyArray<string> => {
  const rows = Object.values(table)
  const matched = new Set<string>()
  const unknown = seen.flatMap((one) => {
    const row = rows.find(({ name, kind }) => kind === one.kind && filled(name, one.attributes) === one.name)
    if (row === undefined) return [`${one.kind} ${one.name} is not in the table`]
    matched.add(row.name)
    if (row.unit !== one.unit) return [`${row.name} is measured in ${one.unit}`]
    return Object.keys(one.attributes).flatMap((name) => {
      matched.add(`${row.name} ${name}`)
      return row.attributes.some((short) => Telemetry.attributes[short].name === name)
        ? []
        : [`${row.name} has ${attributeNames.get(name) ?? name}`]
    })
  })
  const missing = rows.flatMap(({ attributes, name }) =>
    matched.has(name)
      ? attributes
          .filter((short) => !matched.has(`${name} ${Telemetry.attributes[short].name}`))
          .map((short) => `${name} never has ${short}`)
      : [`${name} was never seen`]
  )
  return [...new Set([...unknown, ...missing])]
}

/** Calls of all kinds, each of which ends in all ways. */
const everything = Effect.gen(function* () {
  const http = yield* ScriptedClient.make()
  const budget = yield* RetryBudget.make({ max: 4, ratio: 0, minPerSecond: 0 })
  yield* Telemetry.observeBudget("all", budget)
  const costs = { cost: () => 1, minPerSecond: 0, max: 0.5 }
  yield* Telemetry.observeBudget("all", yield* RetryBudget.make(costs))
  const limiter = yield* RateLimiter.make({ concurrency: 1, queue: 1, requests: { limit: 6000 } })
  yield* Telemetry.observeLimiter(limiter)
  const limited = RateLimiter.limit(limiter, { key: "everything" })
  const slow = Effect.ignore(limited(Effect.sleep("1 second")))
  yield* Effect.all([slow, slow, slow], { concurrency: "unbounded" })
  const refused = new ApiError.RateLimit({ reason: "RateExceeded", delivery: "Acknowledged", status: 429 })
  yield* Effect.ignore(limited(Effect.fail(refused)))
  yield* policies
  const workload = exactly("everything", { timeouts: { attempt: "5 seconds" }, stream: { idle: "5 seconds" } })
  const options = { apiKey: Redacted.make("fw_table"), baseUrl: "http://127.0.0.1:8080", workload, budget }
  const fireworks = yield* Fireworks.make(options).pipe(Effect.provideService(HttpClient.HttpClient, http))
  const client = ReliableHttpClient.make(http, { workload })
  const calls: ReadonlyArray<Effect.Effect<unknown, unknown>> = [
    fireworks.chat(chat()),
    Stream.runDrain(fireworks.chatStream({ ...chat(), stream_options: { include_usage: true } })),
    fireworks.embeddings({ model: "accounts/fireworks/models/embed", input: "Hello" }),
    client.get("http://127.0.0.1:8080/v1/models")
  ]
  for (const fault of [Fault.healthy, Fault.answer(503), Fault.unanswered]) {
    yield* http.script(fault)
    for (const call of calls) yield* Effect.exit(call)
  }
  for (const ending of ["reset", "silence"] as const) {
    yield* http.script(Fault.stream({ events: 3, after: 2, ending }))
    yield* Effect.exit(Stream.runDrain(fireworks.chatStream(chat())))
  }
  const hedge = yield* Hedge.make({ after: "1 second", budget: { ratio: 1 } })
  const about = { host: "127.0.0.1:8080", model: "m", operation: "chat", provider: "p", method: "POST" }
  for (const policy of [Reliability.make({ workload, hedge }), Reliability.make({ workload, hedge, about })]) {
    let copies = 0
    yield* Reliability.protect(
      Effect.suspend(() => (++copies === 1 ? Effect.never : Effect.void)),
      policy
    )
  }
}).pipe(Effect.provide(Telemetry.genAi({ conventions: "genai-0.1" })), Effect.scoped)

/** A circuit that opens and closes, and a policy whose store is unavailable. */
const policies = Effect.gen(function* () {
  const breaker = yield* CircuitBreaker.make({ tripPolicy: CircuitBreaker.consecutive(1), openDuration: "1 second" })
  const inCircuit = CircuitBreaker.withBreaker(breaker, { key: "everything" })
  yield* Effect.ignore(inCircuit(unavailable))
  yield* Effect.ignore(inCircuit(Effect.void))
  yield* Effect.sleep("1 second")
  yield* inCircuit(Effect.void)
  const store: Store.Store = { modify: () => Effect.fail(new Store.StoreUnavailable({ detail: "down" })) }
  const budget = yield* RetryBudget.make({ store })
  yield* budget.withdraw
})

/** Returns all metrics and spans of `everything`. */
const seenOf = Effect.gen(function* () {
  const { spans } = yield* traced(everything)
  const ours = new Set(["everything", "all", "RetryBudget"])
  const metrics = (yield* Metric.snapshot).filter(
    ({ metricKey }) => metricKey.tags.some(({ value }) => ours.has(value)) || metricKey.name.startsWith("gen_ai.")
  )
  return [
    ...metrics.map(({ metricKey, metricState }): Seen => {
      const tags = Object.fromEntries(metricKey.tags.map(({ key, value }) => [key, value]))
      const { unit = "", ...attributes } = tags
      return { name: metricKey.name, kind: kindOf(metricState), unit, attributes }
    }),
    ...spans.map((span): Seen => ({ name: span.name, kind: "span", unit: "", attributes: attributesOf(span) }))
  ]
})

describe("Telemetry.names", () => {
  it.effect("matches the metrics and spans of calls of all kinds exactly", () =>
    Effect.gen(function* () {
      const seen = yield* seenOf
      expect(differences(Telemetry.names, seen)).toEqual([])

      // any other table would be detected
      for (const [key, row] of Object.entries(Telemetry.names)) {
        const { [key]: _, ...without } = Telemetry.names as Table
        expect(differences(without, seen), `without ${key}`).not.toEqual([])
        const renamed = { ...Telemetry.names, [key]: { ...row, name: `${row.name}.x` } }
        expect(differences(renamed, seen), `another name of ${key}`).not.toEqual([])
        for (const attribute of row.attributes) {
          const attributes = row.attributes.filter((other) => other !== attribute)
          const fewer = { ...Telemetry.names, [key]: { ...row, attributes } }
          expect(differences(fewer, seen), `${key} without ${attribute}`).not.toEqual([])
        }
      }
    })
  )

  it("contains each name and each attribute once, and uses all", () => {
    const rows = Object.values(Telemetry.names)
    const all = [...rows, ...Object.values(Telemetry.attributes)].map(({ name }) => name)
    expect(new Set(all).size).toBe(all.length)
    const used = new Set(rows.flatMap(({ attributes }) => attributes))
    expect(Object.keys(Telemetry.attributes).filter((short) => !used.has(short as never))).toEqual([])
  })

  it.each(["name", "attribute"] as const)("matches the table of each %s in .github/TELEMETRY.md", (of) => {
    const [, shown = "no table"] =
      new RegExp(`<!-- ${of}s -->\\n([^]*?)<!-- /${of}s -->`).exec(read(".github/TELEMETRY.md")) ?? []
    expect(table(shown)).toEqual(table(markdown(of)))
  })
})

/** Returns the tables of the documents; `npm run format` aligns the columns. */
const markdown = (of: "name" | "attribute"): string => {
  const names = Object.values(Telemetry.names)
  const first = names[0]
  const subject = first === undefined ? [] : first.attributes.slice(0, 6)
  const attributesIn = (row: Telemetry.Named) => {
    const whole = subject.every((attribute) => row.attributes.includes(attribute))
    const rest = whole ? row.attributes.filter((attribute) => !subject.includes(attribute)) : row.attributes
    return [...(whole ? ["_what it is about_"] : []), ...rest.map((short) => `\`${Telemetry.attributes[short].name}\``)]
  }
  const kind = ({ kind, unit }: Telemetry.Named) => (unit === "" ? kind : `${kind}, ${unit}`)
  if (of === "name") {
    const rows = names.map((row) => `| \`${row.name}\` | ${kind(row)} | ${row.counts} |`)
    return ["| name | kind | what |", "| --- | --- | --- |", ...rows].join("\n")
  }
  return [
    "| name | attributes |",
    "| --- | --- |",
    ...names.map((row) => `| \`${row.name}\` | ${attributesIn(row).join(" ")} |`),
    "",
    "| attribute | what it holds |",
    "| --- | --- |",
    ...Object.values(Telemetry.attributes).map(({ holds, name }) => `| \`${name}\` | ${holds} |`),
    "",
    `_What it is about_: ${subject.map((short) => `\`${Telemetry.attributes[short].name}\``).join(" ")}.`
  ].join("\n")
}

/** Returns the lines of a table, regardless of the width of its columns. */
const table = (text: string): ReadonlyArray<string> =>
  text
    .split("\n")
    .map((line) => line.replace(/-{3,}/g, "---").replace(/\s+/g, " ").trim())
    .filter((line) => line !== "")

// -------------------------------------------------------------------------------------------------
// Metrics
// -------------------------------------------------------------------------------------------------

describe("the subject of a metric", () => {
  it.each([
    [{ model: "accounts/acme/deployments/d" }, { model: "deployments/d" }],
    [{ model: "Accounts%2Facme%2Fmodels%2Fm" }, { model: "models%2Fm" }],
    [{ model: "accounts/fireworks-2/models/m" }, { model: "models/m" }],
    [{ model: "accounts/fireworks/models/m" }, { model: "accounts/fireworks/models/m" }],
    [{ host: "user:secret@h.test:8443" }, { address: "h.test", port: "8443" }],
    [{ host: "h.test/v1/accounts/acme" }, { address: undefined, port: undefined }],
    [{ host: "[::1]:80" }, { address: "::1", port: "80" }]
  ])("shows %j as %j", (about, expected) => {
    expect(showing({ about, workload: exactly("shown") })).toMatchObject(expected)
  })
})

describe("Telemetry.metrics", () => {
  it.effect("counts tokens by outcome, stated or estimated", () =>
    Effect.gen(function* () {
      const client = ReliableHttpClient.make(yield* ScriptedClient.make([Fault.answer(503), Fault.healthy]), {
        workload: exactly("tokens"),
        idempotency: "safe",
        cost: () => ({ input: 70 })
      })
      const chatting = HttpClientRequest.bodyUnsafeJson(HttpClientRequest.post("http://a.test/v1/chat/completions"), {
        model: "m",
        messages: [{ role: "user", content: "one two three" }]
      })
      const fiber = yield* Effect.fork(client.execute(chatting).pipe(Effect.provide(Telemetry.metrics)))
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(fiber)
      const lines = (yield* metricsOf("tokens")).filter((line) => line.startsWith("reliability.tokens "))
      expect(lines.map((line) => line.replace(/ (?:address|port)=[\w.]+/g, ""))).toEqual([
        "reliability.tokens outcome=Transient type=Unavailable type=input: 70",
        "reliability.tokens outcome=success type=input: 3",
        "reliability.tokens outcome=success type=output: 3"
      ])
    })
  )

  it.effect("counts calls, attempts and waits by outcome", () =>
    Effect.gen(function* () {
      const policy = Reliability.make({ workload: exactly("counted"), about: { host: "a.test:8443", model: "m" } })
      const run = (...errors: ReadonlyArray<ApiError.ApiError>) => Reliability.protect(failing(...errors), policy)
      const denied = new ApiError.Fatal({ reason: "Forbidden", delivery: "Acknowledged" })
      yield* traced(Effect.all([run(), run(unavailable), Effect.flip(run(denied))]))
      const about = "address=a.test model=m"
      expect(yield* metricsOf("counted")).toEqual(
        [
          `reliability.calls ${about} outcome=success port=8443: 2`,
          `reliability.calls ${about} outcome=Fatal port=8443 stopped=Fatal type=Forbidden: 1`,
          `reliability.call.duration ${about} port=8443: 2`,
          `reliability.call.duration ${about} port=8443 type=Forbidden: 1`,
          `reliability.attempts ${about} delivery=Acknowledged outcome=success port=8443: 2`,
          `reliability.attempts ${about} delivery=Acknowledged outcome=Transient port=8443 type=Unavailable: 1`,
          `reliability.attempts ${about} delivery=Acknowledged outcome=Fatal port=8443 type=Forbidden: 1`,
          `reliability.attempt.duration ${about} port=8443: 2`,
          `reliability.attempt.duration ${about} port=8443 type=Unavailable: 1`,
          `reliability.attempt.duration ${about} port=8443 type=Forbidden: 1`,
          `reliability.waits ${about} port=8443 type=Unavailable waited=Backoff: 1`,
          `reliability.wait.duration ${about} port=8443 waited=Backoff: 1`
        ]
          .map((line) => line.replace(/ (.*):/, (_, tags: string) => ` ${tags.split(" ").toSorted().join(" ")}:`))
          .toSorted()
      )
    })
  )

  it.effect("measures durations in seconds", () =>
    Effect.gen(function* () {
      const slow = Effect.delay(Effect.fail(unavailable), "2 seconds")
      yield* traced(Reliability.protect(slow, exactly("slow")))
      const page = yield* Telemetry.prometheus
      // three attempts of 2 s, and waits of 1 s and 2 s
      expect(page).toContain(
        `reliability_call_duration_seconds_sum{error_type="Unavailable",reliability_workload="slow"} 9`
      )
      expect(page).toContain(
        `reliability_attempt_duration_seconds_sum{error_type="Unavailable",reliability_workload="slow"} 6`
      )
      expect(page).toContain(
        `reliability_wait_duration_seconds_sum{reliability_waited="Backoff",reliability_workload="slow"} 3`
      )
    })
  )

  it.effect("counts the retries that the budget suppressed", () =>
    Effect.gen(function* () {
      const budget = yield* RetryBudget.make({ max: 1, ratio: 0, minPerSecond: 0 })
      const policy = Reliability.make({ workload: exactly("poor"), budget })
      yield* traced(Reliability.protect(Effect.fail(unavailable), policy))
      expect(yield* metricsOf("poor")).toContain("reliability.retries.suppressed type=Unavailable: 1")
    })
  )

  it.effect("measures the time to the first event of a stream, and counts its end", () =>
    Effect.gen(function* () {
      const http = yield* ScriptedClient.make([
        Fault.stall("3 seconds", Fault.stream({ events: 2, every: "2 seconds" })),
        Fault.stream({ events: 3, after: 2, ending: "reset" }),
        Fault.stream({ events: 3, every: "1 second" })
      ])
      const client = ReliableHttpClient.make(http)
      const workload = exactly("streamed")
      const open = EventStream.open(HttpClientRequest.post("http://a.test/"), { client, workload, idempotency: "safe" })
      const { spans } = yield* traced(
        Effect.all([Stream.runDrain(open), Effect.flip(Stream.runDrain(open)), Stream.runDrain(Stream.take(open, 1))])
      )
      const about = "address=a.test"
      expect((yield* metricsOf("streamed")).filter((line) => !/attempt|tr(y|ies)/.test(line))).toEqual(
        [
          `reliability.calls ${about} outcome=success: 3`,
          `reliability.stream.duration ${about}: 1`,
          `reliability.stream.duration ${about} type=Aborted: 1`,
          `reliability.stream.duration ${about} type=StreamBroken: 1`,
          `reliability.stream.time_to_first_event ${about}: 3`,
          `reliability.streams ${about} outcome=Fatal type=Aborted: 1`,
          `reliability.streams ${about} outcome=Transient type=StreamBroken: 1`,
          `reliability.streams ${about} outcome=success: 1`
        ].toSorted()
      )
      const streams = spans.filter(({ name }) => name === "reliability.stream")
      expect(streams.map(endOf)).toEqual([
        expect.stringMatching(/^ok after [5-9]/),
        expect.stringMatching(/^error/),
        expect.stringMatching(/^interrupted/)
      ])
    })
  )

  it.effect("counts interruptions in an attempt and in a wait", () =>
    Effect.gen(function* () {
      const workload = exactly("stopped")
      yield* traced(
        Effect.gen(function* () {
          const first = yield* Effect.fork(Reliability.protect(Effect.never, workload))
          const second = yield* Effect.fork(Reliability.protect(Effect.fail(unavailable), workload))
          yield* Effect.sleep("500 millis")
          yield* Fiber.interruptAll([first, second])
        })
      )
      const lines = yield* metricsOf("stopped")
      expect(lines).toContain("reliability.calls outcome=Fatal type=Aborted: 2")
      expect(lines).toContain("reliability.attempts delivery=Unconfirmed outcome=Fatal type=Aborted: 1")
    })
  )

  it.effect("counts nested calls once, also under two layers", () =>
    Effect.gen(function* () {
      const inner = Reliability.protect(Effect.succeed(1), exactly("once"))
      const both = Reliability.protect(inner, exactly("twice"))
      const inside = Effect.provide(both, Layer.merge(Telemetry.metrics, Telemetry.layer()))
      yield* Effect.provide(inside, Telemetry.metrics)
      expect(yield* metricsOf("once")).toContain("reliability.calls outcome=success: 1")
      expect(yield* metricsOf("twice")).toEqual([])
    })
  )

  it.effect("includes the tags of the fiber", () =>
    Effect.gen(function* () {
      const call = Reliability.protect(Effect.succeed(1), exactly("tagged"))
      yield* Effect.all([call, call.pipe(Effect.tagMetrics("tenant", "a"))]).pipe(Effect.provide(Telemetry.metrics))
      expect(yield* metricsOf("tagged")).toEqual(
        expect.arrayContaining([
          "reliability.calls outcome=success: 1",
          "reliability.calls outcome=success tenant=a: 1"
        ])
      )
    })
  )

  it.effect("counts the calls of a ManagedRuntime, until the scope of the layer closes", () =>
    Effect.gen(function* () {
      const call = Reliability.protect(Effect.succeed(1), exactly("managed"))
      const runtime = ManagedRuntime.make(Telemetry.metrics)
      yield* Effect.promise(() => runtime.runPromise(Effect.all([call, call], { concurrency: 2 })))
      yield* runtime.disposeEffect
      yield* Effect.provide(Effect.void, Telemetry.metrics)
      yield* call
      expect(yield* metricsOf("managed")).toContain("reliability.calls outcome=success: 2")
    })
  )

  it.effect("polls a budget until the scope is closed", () =>
    Effect.gen(function* () {
      const budget = yield* RetryBudget.make({ max: 3, minPerSecond: 0 })
      const left = Effect.map(
        Telemetry.prometheus,
        (page) => /available\{reliability_budget="b"\} (\d)/.exec(page)?.[1]
      )
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* Telemetry.observeBudget("b", budget, { every: "1 second" })
          expect(yield* left).toBe("3")
          yield* budget.withdraw
          yield* TestClock.adjust("999 millis")
          expect(yield* left).toBe("3")
          yield* TestClock.adjust("1 millis")
          expect(yield* left).toBe("2")
        })
      )
      yield* budget.withdraw
      yield* TestClock.adjust("1 minute")
      expect(yield* left).toBe("2")
    })
  )

  it("rejects an interval of zero for a budget", () => {
    const budget = Effect.runSync(RetryBudget.make())
    expect(() => Telemetry.observeBudget("b", budget, { every: 0 })).toThrow(
      "Telemetry.observeBudget: every is 0; it must be at least 1 ms"
    )
  })
})

// -------------------------------------------------------------------------------------------------
// Bounds: last, since metrics are never forgotten
// -------------------------------------------------------------------------------------------------

describe("a label of a metric", () => {
  it.effect("keeps at most a hundred values, with an exact sum", () =>
    Effect.gen(function* () {
      const flood = Effect.forEach(
        Array.from({ length: 3000 }, (_, index) => index),
        (index) => {
          const about = { host: `h${index}.test:${index}`, model: `m${index}`, operation: `o${index % 7}` }
          return Reliability.protect(Effect.void, Reliability.make({ workload: exactly("flooded"), about }))
        },
        { discard: true }
      )
      yield* Effect.zipRight(flood, flood).pipe(Effect.provide(Telemetry.metrics))
      const snapshot = (yield* Metric.snapshot).filter(({ metricKey }) => metricKey.name === "reliability.calls")
      const values = (name: string) =>
        new Set(
          snapshot
            .flatMap(({ metricKey }) => metricKey.tags.filter(({ key }) => key === name))
            .map(({ value }) => value)
        )
      for (const name of ["gen_ai.request.model", "server.address", "server.port"]) {
        expect(values(name).size).toBeLessThanOrEqual(101)
        expect(values(name)).toContain("(other)")
      }
      const flooded = snapshot.filter(({ metricKey }) =>
        metricKey.tags.some(({ key, value }) => key === "gen_ai.operation.name" && /^o\d$/.test(value))
      )
      expect(flooded.reduce((sum, { metricState }) => sum + valueOf(metricState), 0)).toBe(6000)
      expect(snapshot.length).toBeLessThan(1200)
    })
  )
})
