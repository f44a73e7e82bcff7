import * as Otlp from "@effect/opentelemetry/Otlp"
import { FetchHttpClient, HttpClient, HttpClientRequest } from "@effect/platform"
import { it } from "@effect/vitest"
import { Cause, Effect, Fiber, Layer, Option, Redacted, Stream, Tracer } from "effect"
import { ApiError, Hedge, Reliability, ReliableHttpClient, Retry, Telemetry } from "effect-reliability"
import { Fireworks } from "effect-reliability/fireworks"
import { Fault, ScriptedClient } from "effect-reliability/testing"
import { once } from "node:events"
import { createServer } from "node:http"
import { describe, expect } from "vitest"
import { controlOf } from "../../src/fireworks/internal/control.js"
import { attributesOf, chat, endOf, exactly, failing, traced, unavailable } from "../support/telemetry.js"

// -------------------------------------------------------------------------------------------------
// Spans
// -------------------------------------------------------------------------------------------------

describe("Telemetry.spans", () => {
  it.effect("marks the span of the second copy of a hedged call", () =>
    Effect.gen(function* () {
      const hedge = yield* Hedge.make({ after: "1 second", budget: { ratio: 1 } })
      let copies = 0
      const call = Effect.suspend(() => (++copies === 1 ? Effect.never : Effect.void))
      const { spans } = yield* traced(Reliability.protect(call, Reliability.make({ workload: exactly("w"), hedge })))
      const found = spans.filter(({ name }) => name === "reliability.call")
      expect(found.map((span) => attributesOf(span)["reliability.copy"])).toEqual([undefined, "hedge"])
      expect(found.map(endOf).map((end) => end.split(" ")[0])).toEqual(["interrupted", "ok"])
    })
  )

  it.effect("nests a call below its caller, and its attempts below the call", () =>
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

  it.effect("marks an attempt that times out as an error, for protect and for a leaf", () =>
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

  it.effect("ends its spans at once when an attempt or a wait is interrupted", () =>
    Effect.gen(function* () {
      const workload = exactly("w")
      for (const [call, attempts] of [
        [Effect.never, 1],
        [Effect.fail(unavailable), 1]
      ] as const) {
        const { spans } = yield* traced(
          Effect.gen(function* () {
            // the fiber runs for another minute
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

  it.effect("ends its spans on defects and foreign errors", () =>
    Effect.gen(function* () {
      for (const call of [Effect.die(new Error("secret")), Effect.fail({ secret: 1 })]) {
        const { spans } = yield* traced(Reliability.protect(call, exactly("w")))
        expect(spans.map(endOf)).toEqual(["error after 0 ms", "error after 0 ms"])
        expect(attributesOf(spans[0])["error.type"]).toBe("Unknown")
      }
    })
  )

  it.effect("includes annotations and links, and ignores a parent without propagation", () =>
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

  it.effect("creates no spans if tracing is disabled, and tolerates a broken tracer", () =>
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

describe("a span or metric", () => {
  const secrets = ["fw_Zx81markerKeyQq", "markercorp", "zebra-9-marker", "secret-path", "secret-query"]
  const [key = "", account = "", prompt = ""] = secrets

  it.effect("contains no key, account, prompt, path or query", () =>
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
        // `@effect/platform` itself makes spans of plain clients
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

/** A collector on its own port, and the exports that it received. */
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

// runs before metrics of one name and two kinds exist, which this exporter cannot distinguish
describe("a collector of OpenTelemetry", () => {
  it.scopedLive("receives spans and metrics over HTTP with the documented names and attributes", () =>
    Effect.gen(function* () {
      const { received, url } = yield* collector
      const about = { host: "api.test:8443", model: "m", operation: "chat", provider: "p" }
      const workload = exactly("exported", { retry: Retry.make({ attempts: 3, base: "1 millis" }) })
      const call = Reliability.protect(failing(unavailable), Reliability.make({ workload, about }))
      const exporter = Otlp.layerJson({ baseUrl: url, resource: { serviceName: "a-service" } })
      // closing the layer exports the rest
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
