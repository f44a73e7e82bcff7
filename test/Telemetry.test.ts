import * as Otlp from "@effect/opentelemetry/Otlp"
import { FetchHttpClient, HttpClient, HttpClientRequest } from "@effect/platform"
import { it } from "@effect/vitest"
import {
  Cause,
  Effect,
  FastCheck as fc,
  Fiber,
  Layer,
  ManagedRuntime,
  Metric,
  MetricBoundaries,
  MetricState,
  Option,
  Redacted,
  Stream,
  TestClock,
  Tracer
} from "effect"
import { ApiError, Reliability, ReliableHttpClient, Retry, RetryBudget, Telemetry, Workload } from "effect-reliability"
import { Fireworks } from "effect-reliability/fireworks"
import * as EventStream from "effect-reliability/stream"
import { Fault, ScriptedClient } from "effect-reliability/testing"
import { spawnSync } from "node:child_process"
import { once } from "node:events"
import { createServer } from "node:http"
import { describe, expect } from "vitest"
import { controlOf } from "../src/fireworks/internal/control.js"
import { showing } from "../src/internal/telemetry/metrics.js"
import { read, root, run } from "./support/project.js"

// -------------------------------------------------------------------------------------------------
// What is seen
// -------------------------------------------------------------------------------------------------

interface Seen {
  readonly name: string
  readonly kind: string
  readonly unit: string
  readonly attributes: Readonly<Record<string, unknown>>
}

interface SeenSpan extends Tracer.Span {
  readonly attributes: Map<string, unknown>
  status: Tracer.SpanStatus
}

/** A tracer that keeps all spans, in the order in which they began. */
const recorder = () => {
  const spans: Array<SeenSpan> = []
  const tracer = Tracer.make({
    span: (name, parent, context, links, startTime, kind) => {
      const span: SeenSpan = {
        _tag: "Span",
        name,
        parent,
        context,
        links,
        kind,
        spanId: `span-${spans.length}`,
        traceId: Option.match(parent, { onNone: () => `trace-${spans.length}`, onSome: ({ traceId }) => traceId }),
        sampled: true,
        attributes: new Map(),
        status: { _tag: "Started", startTime },
        end: (endTime, exit) => {
          if (span.status._tag === "Ended") throw new Error(`${name} ended twice`)
          span.status = { _tag: "Ended", startTime, endTime, exit }
        },
        attribute: (key, value) => void span.attributes.set(key, value),
        event: () => {},
        addLinks: () => {}
      }
      spans.push(span)
      return span
    },
    context: (f) => f()
  })
  return { spans, tracer }
}

const attributesOf = (span: SeenSpan | undefined) => Object.fromEntries(span?.attributes ?? [])

/** How long a span took, in milliseconds, and how it ended. */
const endOf = (span: SeenSpan | undefined) => {
  if (span?.status._tag !== "Ended") return "still open"
  const { endTime, exit, startTime } = span.status
  const how = exit._tag === "Success" ? "ok" : Cause.isInterruptedOnly(exit.cause) ? "interrupted" : "error"
  return `${how} after ${(endTime - startTime) / 1_000_000n} ms`
}

const kindOf = (state: MetricState.MetricState.Untyped) =>
  MetricState.isCounterState(state) ? "counter" : MetricState.isGaugeState(state) ? "gauge" : "histogram"

const valueOf = (state: unknown): number => {
  if (MetricState.isCounterState(state)) return Number(state.count)
  if (MetricState.isGaugeState(state)) return Number(state.value)
  return MetricState.isHistogramState(state) ? state.count : Number.NaN
}

/** The metrics of one workload, since metrics are one for the whole process: each line a name, what differs, and the value. */
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

const failing = (...errors: ReadonlyArray<ApiError.ApiError>) => {
  const left = [...errors]
  return Effect.suspend(() => {
    const error = left.shift()
    return error === undefined ? Effect.succeed("an answer") : Effect.fail(error)
  })
}

const unavailable = new ApiError.Transient({ reason: "Unavailable", delivery: "Acknowledged", status: 503 })

const exactly = (name: string, options: Partial<Workload.Options> = {}) =>
  Workload.make({
    name,
    timeouts: { attempt: "10 seconds" },
    deadline: "1 minute",
    retry: Retry.make({ attempts: 3, base: "1 second", jitter: "none" }),
    ...options
  })

/** Runs a program whose calls are watched, with all its waits, and tells its spans. */
const traced = <A, E>(effect: Effect.Effect<A, E>, wait = "10 minutes" as const) =>
  Effect.gen(function* () {
    const { spans, tracer } = recorder()
    const fiber = yield* Effect.fork(
      effect.pipe(Effect.provide(Telemetry.layer()), Effect.withTracer(tracer), Effect.exit)
    )
    yield* TestClock.adjust(wait)
    const exit = yield* Fiber.join(fiber)
    return { exit, spans }
  })

// -------------------------------------------------------------------------------------------------
// The table
// -------------------------------------------------------------------------------------------------

type Table = Readonly<Record<string, Telemetry.Named>>

const attributeNames = new Map<string, string>(
  Object.entries(Telemetry.attributes).map(([short, { name }]) => [name, short])
)

/** A span's name with the values for what it says in braces. */
const filled = (name: string, attributes: Seen["attributes"]): string =>
  name.replace(/\{([^}]+)\}/g, (_, attribute: string) => String(attributes[attribute]))

/** Where a table and what was seen differ, both ways. */
const differences = (table: Table, seen: ReadonlyArray<Seen>): ReadonlyArray<string> => {
  const rows = Object.values(table)
  const said = new Set<string>()
  const unknown = seen.flatMap((one) => {
    const row = rows.find(({ name, kind }) => kind === one.kind && filled(name, one.attributes) === one.name)
    if (row === undefined) return [`${one.kind} ${one.name} is not in the table`]
    said.add(row.name)
    if (row.unit !== one.unit) return [`${row.name} is measured in ${one.unit}`]
    return Object.keys(one.attributes).flatMap((name) => {
      said.add(`${row.name} ${name}`)
      return row.attributes.some((short) => Telemetry.attributes[short].name === name)
        ? []
        : [`${row.name} has ${attributeNames.get(name) ?? name}`]
    })
  })
  const missing = rows.flatMap(({ attributes, name }) =>
    said.has(name)
      ? attributes
          .filter((short) => !said.has(`${name} ${Telemetry.attributes[short].name}`))
          .map((short) => `${name} never has ${short}`)
      : [`${name} was never seen`]
  )
  return [...new Set([...unknown, ...missing])]
}

const chat = (content = "Hello") => ({
  model: "accounts/fireworks/models/kimi-k2",
  messages: [{ role: "user" as const, content }]
})

/** Calls of all kinds, each of which ends in all ways. */
const everything = Effect.gen(function* () {
  const http = yield* ScriptedClient.make()
  const budget = yield* RetryBudget.make({ max: 4, ratio: 0, minPerSecond: 0 })
  yield* Telemetry.observeBudget("all", budget)
  const workload = exactly("everything", { timeouts: { attempt: "5 seconds" }, stream: { idle: "5 seconds" } })
  const options = { apiKey: Redacted.make("fw_table"), baseUrl: "http://127.0.0.1:8080", workload, budget }
  const fireworks = yield* Fireworks.make(options).pipe(Effect.provideService(HttpClient.HttpClient, http))
  const client = ReliableHttpClient.make(http, { workload })
  const calls: ReadonlyArray<Effect.Effect<unknown, unknown>> = [
    fireworks.chat(chat()),
    Stream.runDrain(fireworks.chatStream(chat())),
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
}).pipe(Effect.scoped)

/** Everything that it makes. */
const seenOf = Effect.gen(function* () {
  const { spans } = yield* traced(everything)
  const ours = new Set(["everything", "all"])
  const metrics = (yield* Metric.snapshot).filter(({ metricKey }) =>
    metricKey.tags.some(({ value }) => ours.has(value))
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

describe("the table of names", () => {
  it.effect("is what is seen of calls of all kinds, no more and no less", () =>
    Effect.gen(function* () {
      const seen = yield* seenOf
      expect(differences(Telemetry.names, seen)).toEqual([])

      // and whatever else the table said, would be found out
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

  it("has each name and each attribute once, and uses all", () => {
    const rows = Object.values(Telemetry.names)
    const all = [...rows, ...Object.values(Telemetry.attributes)].map(({ name }) => name)
    expect(new Set(all).size).toBe(all.length)
    const used = new Set(rows.flatMap(({ attributes }) => attributes))
    expect(Object.keys(Telemetry.attributes).filter((short) => !used.has(short as never))).toEqual([])
  })

  it.each(["name", "attribute"] as const)("has its table of each %s in .github/TELEMETRY.md", (of) => {
    const [, shown = "no table"] =
      new RegExp(`<!-- ${of}s -->\\n([^]*?)<!-- /${of}s -->`).exec(read(".github/TELEMETRY.md")) ?? []
    expect(table(shown)).toEqual(table(markdown(of)))
  })
})

/** What the documents hold; `npm run format` sets the columns. */
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

/** The words of a table, however wide its columns are. */
const table = (text: string): ReadonlyArray<string> =>
  text
    .split("\n")
    .map((line) => line.replace(/-{3,}/g, "---").replace(/\s+/g, " ").trim())
    .filter((line) => line !== "")

// -------------------------------------------------------------------------------------------------
// Metrics
// -------------------------------------------------------------------------------------------------

describe("what is shown", () => {
  it.each([
    [{ model: "accounts/acme/deployments/d" }, { model: "deployments/d" }],
    [{ model: "Accounts%2Facme%2Fmodels%2Fm" }, { model: "models%2Fm" }],
    [{ model: "accounts/fireworks-2/models/m" }, { model: "models/m" }],
    [{ model: "accounts/fireworks/models/m" }, { model: "accounts/fireworks/models/m" }],
    [{ host: "user:secret@h.test:8443" }, { address: "h.test", port: "8443" }],
    [{ host: "h.test/v1/accounts/acme" }, { address: undefined, port: undefined }],
    [{ host: "[::1]:80" }, { address: "::1", port: "80" }]
  ])("of %j is %j", (about, expected) => {
    expect(showing({ about, workload: exactly("shown") })).toMatchObject(expected)
  })
})

describe("metrics", () => {
  it.effect("count calls, attempts and waits, by what became of them", () =>
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

  it.effect("measure in seconds", () =>
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

  it.effect("count what the budget did not grant", () =>
    Effect.gen(function* () {
      const budget = yield* RetryBudget.make({ max: 1, ratio: 0, minPerSecond: 0 })
      const policy = Reliability.make({ workload: exactly("poor"), budget })
      yield* traced(Reliability.protect(Effect.fail(unavailable), policy))
      expect(yield* metricsOf("poor")).toContain("reliability.retries.suppressed type=Unavailable: 1")
    })
  )

  it.effect("tell how long a stream took to begin, and how it ended", () =>
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

  it.effect("count what was interrupted, in an attempt and in a wait", () =>
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

  it.effect("count a call that is made of calls no second time, and nothing twice under two layers", () =>
    Effect.gen(function* () {
      const inner = Reliability.protect(Effect.succeed(1), exactly("once"))
      const both = Reliability.protect(inner, exactly("twice"))
      const inside = Effect.provide(both, Layer.merge(Telemetry.metrics, Telemetry.layer()))
      yield* Effect.provide(inside, Telemetry.metrics)
      expect(yield* metricsOf("once")).toContain("reliability.calls outcome=success: 1")
      expect(yield* metricsOf("twice")).toEqual([])
    })
  )

  it.effect("have the tags of the fiber too", () =>
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

  it.effect("are there for all that a ManagedRuntime runs, and end with the scope of the layer", () =>
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

  it.effect("look at a budget now and then, until the scope is closed", () =>
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

  it("refuse to look at a budget without a pause", () => {
    const budget = Effect.runSync(RetryBudget.make())
    expect(() => Telemetry.observeBudget("b", budget, { every: 0 })).toThrow(
      "Telemetry.observeBudget: every is 0; it must be at least 1 ms"
    )
  })
})

// -------------------------------------------------------------------------------------------------
// Spans
// -------------------------------------------------------------------------------------------------

describe("spans", () => {
  it.effect("show a call below its caller, and its attempts below the call", () =>
    Effect.gen(function* () {
      const about = {
        host: "[::1]:8080",
        model: "accounts/acme/models/m",
        operation: "chat",
        provider: "p",
        method: "POST"
      }
      const policy = Reliability.make({ workload: exactly("w"), about })
      const inside = Effect.flatMap(failing(unavailable, unavailable), () => Effect.withSpan(Effect.void, "inside"))
      const once = yield* Effect.cached(failing(unavailable))
      const { spans } = yield* traced(
        Effect.zipRight(Effect.ignore(once), Reliability.protect(failing(unavailable), policy)).pipe(
          Effect.zipRight(Reliability.protect(inside, policy)),
          Effect.withSpan("caller")
        )
      )
      const parents = spans.map(({ name, parent }) => [
        name,
        Option.getOrUndefined(Option.map(parent, (span) => (span._tag === "Span" ? span.name : "")))
      ])
      expect(parents).toEqual([
        ["caller", undefined],
        ["chat models/m", "caller"],
        ["reliability.attempt", "chat models/m"],
        ["reliability.attempt", "chat models/m"],
        ["chat models/m", "caller"],
        ["reliability.attempt", "chat models/m"],
        ["reliability.attempt", "chat models/m"],
        ["reliability.attempt", "chat models/m"],
        ["inside", "reliability.attempt"]
      ])
      expect(spans.slice(0, 4).map(endOf)).toEqual([
        expect.stringMatching(/^ok/),
        "ok after 1000 ms",
        "error after 0 ms",
        "ok after 0 ms"
      ])
      expect(
        new Set(spans.filter(({ name }) => name !== "caller" && name !== "inside").map(({ kind }) => kind))
      ).toEqual(new Set(["client"]))
      const where = { "reliability.workload": "w", "server.address": "::1", "server.port": 8080 }
      expect(attributesOf(spans[1])).toEqual({
        ...where,
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "p",
        "gen_ai.request.model": "models/m",
        "reliability.attempt_count": 2
      })
      expect(attributesOf(spans[2])).toEqual({
        ...where,
        "http.request.method": "POST",
        "http.response.status_code": 503,
        "error.type": "Unavailable",
        "reliability.delivery": "Acknowledged"
      })
      expect(attributesOf(spans[3])).toEqual({
        ...where,
        "http.request.method": "POST",
        "http.request.resend_count": 1,
        "reliability.waited": "Backoff"
      })
    })
  )

  it.effect("call an attempt that runs into its limit an error, for protect and for a leaf", () =>
    Effect.gen(function* () {
      const workload = exactly("w", { retry: Retry.make({ attempts: 1 }) })
      const leaf = Reliability.leaf(workload, ({ millis }) =>
        Effect.delay(
          Effect.fail(new ApiError.Transient({ reason: "Timeout", delivery: "NotSent", phase: "connect" })),
          millis
        )
      )
      for (const [call, phase] of [
        [Reliability.protect(Effect.never, workload), "attempt"],
        [leaf, "connect"]
      ] as const) {
        const { spans } = yield* traced(call)
        expect(spans.map(endOf)).toEqual(["error after 10000 ms", "error after 10000 ms"])
        for (const span of spans) {
          expect(attributesOf(span)).toMatchObject({ "error.type": "Timeout", "reliability.phase": phase })
        }
        expect(attributesOf(spans[0])).toMatchObject({ "reliability.stopped": "Attempts" })
      }
    })
  )

  it.effect("end when an attempt is interrupted, and when a wait is, with all that follows still to come", () =>
    Effect.gen(function* () {
      const workload = exactly("w")
      for (const [call, attempts] of [
        [Effect.never, 1],
        [Effect.fail(unavailable), 1]
      ] as const) {
        const { spans } = yield* traced(
          Effect.gen(function* () {
            // the fiber lives on for a minute
            const slow = Effect.ensuring(Reliability.protect(call, workload), Effect.sleep("1 minute"))
            const fiber = yield* Effect.fork(slow)
            yield* Effect.sleep("500 millis")
            yield* Fiber.interrupt(fiber)
          })
        )
        expect(endOf(spans[0])).toBe("interrupted after 500 ms")
        expect(attributesOf(spans[0])).toMatchObject({ "error.type": "Aborted", "reliability.attempt_count": attempts })
        expect(spans.map(endOf)).not.toContain("still open")
      }
    })
  )

  it.effect("end with defects and foreign errors", () =>
    Effect.gen(function* () {
      for (const call of [Effect.die(new Error("secret")), Effect.fail({ secret: 1 })]) {
        const { spans } = yield* traced(Reliability.protect(call, exactly("w")))
        expect(spans.map(endOf)).toEqual(["error after 0 ms", "error after 0 ms"])
        expect(attributesOf(spans[0])["error.type"]).toBe("Unknown")
      }
    })
  )

  it.effect("carry annotations, links and a parent that is not kept to itself", () =>
    Effect.gen(function* () {
      const external = Tracer.externalSpan({ spanId: "e", traceId: "t" })
      const { spans } = yield* traced(
        Reliability.protect(Effect.void, exactly("w")).pipe(
          Effect.annotateSpans("tenant", "a"),
          Effect.linkSpans(external),
          Effect.withSpan("kept", { context: Tracer.DisablePropagation.context(true) }),
          Effect.withParentSpan(external)
        )
      )
      const call = spans.find(({ name }) => name === "reliability.call")
      expect(attributesOf(call)).toMatchObject({ tenant: "a" })
      expect(call?.links.map(({ span }) => span.spanId)).toEqual(["e"])
      expect(call?.traceId).toBe("t")
    })
  )

  it.effect("are not made where the tracer is off, and those of others cannot break a call", () =>
    Effect.gen(function* () {
      const call = Reliability.protect(Effect.succeed(1), exactly("w"))
      const { exit, spans } = yield* traced(Effect.withTracerEnabled(call, false))
      expect([exit._tag, spans.length]).toEqual(["Success", 0])
      const broken = Tracer.make({
        span: () => {
          throw new Error("a tracer's own")
        },
        context: (f) => f()
      })
      expect(yield* call.pipe(Effect.provide(Telemetry.spans), Effect.withTracer(broken))).toBe(1)
    })
  )
})

// -------------------------------------------------------------------------------------------------
// Secrets
// -------------------------------------------------------------------------------------------------

describe("no span or metric", () => {
  const secrets = ["fw_Zx81markerKeyQq", "markercorp", "zebra-9-marker", "secret-path", "secret-query"]
  const [key = "", account = "", prompt = ""] = secrets

  it.effect("holds a key, an account, a prompt, a path or a query", () =>
    Effect.gen(function* () {
      const echo = `${prompt} by ${key} of accounts/${account}/x`
      const faults = [
        Fault.healthy,
        ...[400, 401, 429, 503].map((status) =>
          Fault.answer(status, { body: { error: { message: echo, code: key } } })
        ),
        Fault.answer(200, { body: echo }),
        Fault.stream({ ending: "error", error: { message: echo, code: key } }),
        Fault.stream({ events: 2, after: 1, ending: "reset" }),
        Fault.garbage(echo),
        Fault.unanswered
      ]
      const http = yield* ScriptedClient.make()
      const options = { apiKey: Redacted.make(key), accountId: account, workload: exactly("secretive") }
      const fireworks = yield* Fireworks.make(options).pipe(Effect.provideService(HttpClient.HttpClient, http))
      const client = ReliableHttpClient.make(http, {
        workload: exactly("secretive"),
        idempotency: "safe",
        about: () => ({ model: `accounts/${account}/deployments/d`, operation: "chat" })
      })
      const request = { ...chat(prompt), model: `accounts/${account}/deployments/ours` }
      const url = `https://user:${key}@a.test/secret-path/accounts/${account}?secret-query=${key}`
      const calls: ReadonlyArray<Effect.Effect<unknown, unknown>> = [
        fireworks.chat(request),
        Stream.runDrain(fireworks.chatStream(request)),
        client.post(url),
        controlOf(fireworks).request(HttpClientRequest.get("/secret-path"), exactly("secretive"))
      ]
      const seen: Array<string> = []
      for (const fault of faults) {
        yield* http.script(fault)
        const { spans } = yield* traced(Effect.forEach(calls, Effect.exit))
        // what `@effect/platform` itself makes of plain clients is not ours
        for (const span of spans.filter(({ name }) => !name.startsWith("http.client"))) {
          seen.push(span.name, JSON.stringify(attributesOf(span)))
          if (span.status._tag === "Ended" && span.status.exit._tag === "Failure") {
            const { cause } = span.status.exit
            seen.push(Cause.pretty(cause, { renderErrorCause: true }), JSON.stringify(cause))
          }
        }
      }
      seen.push(yield* Telemetry.prometheus)
      const all = seen.join("\n")
      expect(all).toContain("secretive")
      expect(all).toContain("Unauthorized")
      expect(secrets.filter((secret) => all.includes(secret))).toEqual([])
    })
  )
})

// -------------------------------------------------------------------------------------------------
// A collector
// -------------------------------------------------------------------------------------------------

interface KeyValue {
  readonly key: string
  readonly value: { readonly stringValue?: string; readonly intValue?: number; readonly doubleValue?: number }
}

interface Exported {
  readonly resourceSpans?: ReadonlyArray<{
    readonly scopeSpans: ReadonlyArray<{
      readonly spans: ReadonlyArray<{
        readonly name: string
        readonly kind: number
        readonly spanId: string
        readonly parentSpanId?: string
        readonly attributes: ReadonlyArray<KeyValue>
        readonly status: { readonly code: number; readonly message?: string }
      }>
    }>
  }>
  readonly resourceMetrics?: ReadonlyArray<{
    readonly scopeMetrics: ReadonlyArray<{
      readonly metrics: ReadonlyArray<{
        readonly name: string
        readonly unit: string
        readonly sum?: { readonly dataPoints: ReadonlyArray<{ readonly attributes: ReadonlyArray<KeyValue> }> }
        readonly histogram?: {
          readonly dataPoints: ReadonlyArray<{ readonly attributes: ReadonlyArray<KeyValue>; readonly count: number }>
        }
      }>
    }>
  }>
}

const plain = (attributes: ReadonlyArray<KeyValue>) =>
  Object.fromEntries(
    attributes.map(({ key, value }) => [key, value.stringValue ?? Number(value.intValue ?? value.doubleValue)])
  )

/** A collector on a port of its own, and what it was sent. */
const collector = Effect.acquireRelease(
  Effect.promise(async () => {
    const received: Array<readonly [path: string, type: string | undefined, body: Exported]> = []
    const server = createServer((request, response) => {
      const pieces: Array<Buffer> = []
      request.on("data", (piece: Buffer) => pieces.push(piece))
      request.on("end", () => {
        const body = JSON.parse(Buffer.concat(pieces).toString()) as Exported
        received.push([request.url ?? "", request.headers["content-type"], body])
        response.writeHead(200, { "content-type": "application/json" }).end("{}")
      })
    })
    server.listen(0, "127.0.0.1")
    await once(server, "listening")
    const address = server.address()
    return { server, received, url: `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}` }
  }),
  ({ server }) =>
    Effect.sync(() => {
      server.closeAllConnections()
      server.close()
    })
)

// before metrics of one name and two kinds, which this exporter cannot tell apart
describe("a collector of OpenTelemetry", () => {
  it.scopedLive("gets spans and metrics over HTTP, by the names and attributes of the table", () =>
    Effect.gen(function* () {
      const { received, url } = yield* collector
      const about = { host: "api.test:8443", model: "m", operation: "chat", provider: "p" }
      const workload = exactly("exported", { retry: Retry.make({ attempts: 3, base: "1 millis" }) })
      const call = Reliability.protect(failing(unavailable), Reliability.make({ workload, about }))
      const exporter = Otlp.layerJson({ baseUrl: url, resource: { serviceName: "a-service" } })
      // closing the layer exports what is left
      yield* call.pipe(
        Effect.withSpan("caller"),
        Effect.provide(Layer.merge(Telemetry.layer(), exporter).pipe(Layer.provide(FetchHttpClient.layer)))
      )

      const spans = received.flatMap(([, , { resourceSpans = [] }]) =>
        resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans))
      )
      const named = (name: string) => spans.filter((span) => span.name === name)
      const [generation] = named("chat m")
      const attempts = named("reliability.attempt")
      expect(generation?.parentSpanId).toBe(named("caller")[0]?.spanId)
      expect(attempts.map(({ parentSpanId }) => parentSpanId)).toEqual([generation?.spanId, generation?.spanId])
      const client = 3
      expect([generation, ...attempts].map((span) => span?.kind)).toEqual([client, client, client])
      expect(attempts[0]?.status).toEqual({ code: 2, message: "Unavailable, Acknowledged, HTTP 503" })
      const where = { "reliability.workload": "exported", "server.address": "api.test", "server.port": 8443 }
      expect(plain(generation?.attributes ?? [])).toEqual({
        ...where,
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "p",
        "gen_ai.request.model": "m",
        "reliability.attempt_count": 2
      })
      expect(plain(attempts[0]?.attributes ?? [])).toMatchObject({
        ...where,
        "error.type": "Unavailable",
        "http.response.status_code": 503
      })
      expect(plain(attempts[1]?.attributes ?? [])).toEqual({
        ...where,
        "http.request.resend_count": 1,
        "reliability.waited": "Backoff"
      })

      const metrics = received.flatMap(([, , { resourceMetrics = [] }]) =>
        resourceMetrics.flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics))
      )
      const points = metrics.flatMap(({ histogram, name, sum, unit }) =>
        [...(sum?.dataPoints ?? []), ...(histogram?.dataPoints ?? [])].map(({ attributes, ...point }) => ({
          name,
          unit,
          attributes: plain(attributes),
          point
        }))
      )
      const ours = points.filter(({ attributes }) => attributes["reliability.workload"] === "exported")
      const table = new Map(Object.values(Telemetry.names).map((row) => [row.name, row]))
      for (const { attributes, name, unit } of ours) {
        const row = table.get(name)
        expect(unit, name).toBe(row?.unit)
        const allowed = new Set(["unit", ...(row?.attributes ?? []).map((short) => Telemetry.attributes[short].name)])
        expect(Object.keys(attributes).filter((attribute) => !allowed.has(attribute))).toEqual([])
      }
      const duration = ours.find(({ name }) => name === "reliability.call.duration")
      expect(duration?.attributes).toMatchObject({ "gen_ai.request.model": "m", "server.port": "8443" })
      expect(duration?.point).toMatchObject({ count: 1 })
      expect(ours.filter(({ name }) => name === "reliability.attempts")).toMatchObject([
        { point: { asDouble: 1 }, attributes: { "error.type": "Unavailable" } },
        { point: { asDouble: 1 }, attributes: { "reliability.outcome": "success" } }
      ])
      expect(new Set(received.map(([path]) => path))).toEqual(new Set(["/v1/traces", "/v1/metrics"]))
    })
  )
})

// -------------------------------------------------------------------------------------------------
// Prometheus
// -------------------------------------------------------------------------------------------------

/** A page as a scraper reads it: each family with its type, each series with its labels unescaped. */
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

/** Whether Prometheus's own tool is there, which the other tests do without. */
const hasPromtool = spawnSync("promtool", ["--version"]).status === 0

/** What Prometheus's own tool says of a page. */
const checked = (page: string) => {
  const { status, stderr, stdout } = spawnSync("promtool", ["check", "metrics"], { input: page, encoding: "utf8" })
  return { status, said: stdout + stderr }
}

/** Metrics that need another name or label than their own, each with an id that keeps them apart from those of other tests. */
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

describe("Prometheus's text", () => {
  it.effect("keeps the names and labels that the format reserves", () =>
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

  it.skipIf(!hasPromtool)("is accepted by promtool (skipped where promtool is not installed)", () =>
    Effect.runPromise(
      Effect.gen(function* () {
        yield* awkward("p5")
        const { said, status } = checked(Telemetry.prometheusOf(yield* snapshotOf("p5")))
        // 3: it can be read, and names could be better
        expect([0, 3], said).toContain(status)
        const call = Reliability.protect(
          failing(unavailable),
          exactly("p5", { retry: Retry.make({ base: "1 millis" }) })
        )
        yield* Telemetry.observeBudget("p5", yield* RetryBudget.make())
        const page = yield* Effect.zipRight(call, Telemetry.prometheus).pipe(Effect.provide(Telemetry.metrics))
        expect(checked(page)).toEqual({ status: 0, said: "" })
      }).pipe(Effect.scoped)
    )
  )

  it.effect("tells buckets that add up, names with units, and escapes what it quotes", () =>
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

  it.effect("has a form for every kind of metric, and keeps kinds of one name apart", () =>
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

  it.effect("keeps apart what has one name in this format, and together what has one label", () =>
    Effect.gen(function* () {
      const jobs = Metric.counter("p3.jobs")
      yield* Metric.update(jobs, 1)
      yield* Metric.update(jobs.pipe(Metric.tagged("z", "1"), Metric.tagged("a:b", "2"), Metric.tagged("a_b", "3")), 2)
      yield* Metric.update(Metric.gauge("p3.jobs_total"), 7)
      yield* Metric.update(Metric.gauge("p3.wait").pipe(Metric.tagged("time_unit", "ms")), 5)
      const lines = Telemetry.prometheusOf(yield* snapshotOf("p3")).split("\n")
      const numbers = lines.filter((line) => line !== "" && !line.startsWith("#"))
      const counter = lines.indexOf("# TYPE p3_jobs_total counter") >= 0
      // whichever comes first has the name
      expect(numbers.map((line) => line.replace(/^p3_jobs_total_(gauge|counter)/, "p3_jobs_total")).toSorted()).toEqual(
        ["p3_jobs_total 1", "p3_jobs_total 7", `p3_jobs_total{a_b="2;3",z="1"} 2`, "p3_wait_milliseconds 5"]
      )
      expect(lines).toContain(counter ? "# TYPE p3_jobs_total_gauge gauge" : "# TYPE p3_jobs_total_counter counter")
    })
  )

  it.effect("can be read, whatever names and tags are", () =>
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

describe("a page of metrics", () => {
  it("is served and scraped in an example", async () => {
    const printed = await run(process.execPath, ["--import", "tsx", "test/examples/metricsToPrometheus.ts"])
    const { series, types } = scraped(`${printed.trim()}\n`)
    expect(types.get("reliability_call_duration_seconds")).toBe("histogram")
    const calls = [...series].filter(([id]) => id.startsWith('["reliability_calls_total"'))
    expect(calls.map(([, value]) => value)).toEqual([2])
    expect(root).not.toBe("")
  })
})

// -------------------------------------------------------------------------------------------------
// Bounds: last, since metrics are never forgotten
// -------------------------------------------------------------------------------------------------

describe("labels", () => {
  it.effect("are a hundred of a kind at most, and exact in their sum", () =>
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
