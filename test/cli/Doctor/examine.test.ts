/** Runs the doctor as a function, and its judgement on observations. */
import { describe, it } from "@effect/vitest"
import { Arbitrary, Effect, Either, FastCheck, Redacted, Schema, TestClock } from "effect"
import { ApiError } from "effect-reliability"
import { Doctor } from "effect-reliability/cli"
import type { ServerMetrics } from "effect-reliability/fireworks"
import { Fault, FaultServer } from "effect-reliability/testing"
import { beforeAll, expect } from "vitest"
import { judge } from "../../../src/cli/internal/doctor/diagnosis.js"
import type { Observation, Proxy } from "../../../src/cli/internal/doctor/observation.js"
import type { Handshake } from "../../../src/cli/internal/doctor/probes.js"
import { reconcileSection } from "../../../src/cli/internal/doctor/reconcileSection.js"
import { buildProgram, isolate, program } from "../../support/doctor.js"
import { api, codesOf, examine, key, model, withProxy } from "../../support/doctorReports.js"
import { proxy } from "../../support/proxy.js"

beforeAll(isolate)
beforeAll(buildProgram)

// -------------------------------------------------------------------------------------------------
// The process
// -------------------------------------------------------------------------------------------------

describe("the program", () => {
  const Json = Schema.parseJson(Doctor.Report)

  it.scopedLive("prints one JSON object with the schema of the report, and the progress to stderr", () =>
    Effect.gen(function* () {
      const { account, origin } = yield* api({ deployments: { ours: { replicas: 1 } } })
      const env = { FIREWORKS_API_KEY: key, FIREWORKS_BASE_URL: origin }
      const args = ["doctor", "--json", "--timeout", "60s", "--deployment", `accounts/${account}/deployments/ours`]
      const { status, stderr, stdout } = yield* program(args, env)
      const report = yield* Schema.decode(Json)(stdout)
      expect([status, report.healthy, report.version, report.url]).toEqual([0, true, 1, origin])
      expect(report.timeout).toBe(60_000)
      expect(report.steps.map(({ name, status }) => `${name} ${status}`)).toEqual([
        "proxy ok",
        "dns ok",
        "tcp ok",
        "tls skipped",
        "http ok",
        "key ok",
        "model ok",
        "metrics ok"
      ])
      expect(report.server?.counts).toMatchObject({ coverage: 1, errors: 0 })
      expect(stderr.trim().split("\n")).toEqual(
        ["tcp", "http", "key", "model", "metrics"].map((step) => `checking ${step}`)
      )
      expect(`${stdout}${stderr}`).not.toContain(key)
    })
  )

  it.live("exits with 2 on wrong usage, and names the mistake", () =>
    Effect.gen(function* () {
      const uses: ReadonlyArray<readonly [ReadonlyArray<string>, RegExp, Readonly<Record<string, string>>?]> = [
        [["doctor", "--model", model], /: --model needs a key: set the variable FIREWORKS_API_KEY/],
        [["doctor", "--deployment", "accounts/a/deployments/b"], /: --deployment needs a key: set the variable/],
        [["doctor", "--unknown"], /'--unknown'/],
        [["doctor", "--timeout", "soon"], /--timeout is "soon"; it must be a time such as 10s/],
        [["doctor", "--url", "ftp://user:secret@host"], /: --url begins with neither http: nor https:/],
        [["doctor", "--url", "user:secret@host"], /: --url has no scheme: write https:/],
        [
          ["doctor", "--deployment", "ours"],
          /: --deployment is "ours"; .* set FIREWORKS_ACCOUNT_ID/,
          { FIREWORKS_API_KEY: key }
        ],
        [["doctor"], /: FIREWORKS_BASE_URL has no scheme: write https:/, { FIREWORKS_BASE_URL: "localhost:3" }],
        [["doctor"], /: FIREWORKS_ACCOUNT_ID is "<redacted>"/, { FIREWORKS_ACCOUNT_ID: "a/secret" }],
        [["doctor"], /: FIREWORKS_CONTROL_URL contains cred/, { FIREWORKS_CONTROL_URL: "https://me:secret@host" }]
      ]
      const ended = yield* Effect.forEach(uses, ([args, , env]) => program(args, env), { concurrency: 2 })
      for (const [index, { status, stderr, stdout }] of ended.entries()) {
        expect([status, stdout]).toEqual([2, ""])
        expect(stderr).toMatch(uses[index]?.[1] ?? /^$/)
        expect(stderr).not.toContain("secret")
      }
    })
  )

  it.live("prints its help and its version", () =>
    Effect.gen(function* () {
      const [help, version, all] = yield* Effect.all(
        [program(["doctor", "--help"]), program(["--version"]), program([])],
        { concurrency: 2 }
      )
      expect([help.status, version.status, all.status]).toEqual([0, 0, 0])
      expect(all.stdout).toMatch(/^ {2}- doctor \[--url/m)
      expect(help.stdout).toContain("--deployment")
      expect(help.stdout).toContain("2m; by default 10s")
      expect(help.stdout).toMatch(/Exit codes: 0 for success, 1 if a problem was found, 2 for wrong usage/)
      expect(help.stdout).toMatch(/^\$ effect-reliability doctor \[--url/m)
      expect(help.stdout).toMatch(/^npx effect-reliability doctor --model accounts/m)
      expect(help.stdout).not.toContain("\u001b")
      expect(version.stdout.trim()).toMatch(/^\d+\.\d+\.\d+/)
    })
  )
})

// -------------------------------------------------------------------------------------------------
// examine
// -------------------------------------------------------------------------------------------------

describe("examine", () => {
  it.scopedLive("continues after TLS with a certificate of the option ca", () =>
    Effect.gen(function* () {
      const { ca, origin } = yield* FaultServer.make({ tls: true, script: Fault.answer(401) })
      const report = yield* examine({ url: origin, ca })
      expect([report.healthy, codesOf(report)]).toEqual([true, ["key.missing"]])
    })
  )

  it.scopedLive("names the fault of a certificate, and the side", () =>
    Effect.gen(function* () {
      const found = (certificate: "expired" | "otherHost") =>
        Effect.flatMap(FaultServer.make({ tls: { certificate } }), ({ ca, origin }) =>
          Effect.map(examine({ url: origin, ca }), ({ findings }) => findings.map(({ code, side }) => [code, side]))
        )
      expect(yield* found("expired")).toEqual([["tls.expired", "provider"]])
      expect(yield* found("otherHost")).toEqual([["tls.other-host", "yours"]])
    })
  )

  it.scopedLive("recognises a port without TLS", () =>
    Effect.gen(function* () {
      const { origin } = yield* FaultServer.make()
      const report = yield* examine({ url: origin.replace("http:", "https:") })
      expect(codesOf(report)).toEqual(["tls.not-tls"])
    })
  )

  it.scopedLive("uses the tunnel of a proxy", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make({ tls: true, script: Fault.answer(401) })
      const between = yield* proxy()
      const report = yield* withProxy(
        `http://me:hidden@127.0.0.1:${between.port}`,
        examine({ url: server.origin, ca: server.ca })
      )
      expect(report.healthy).toBe(true)
      expect(report.steps[0]?.summary).toBe(`http://127.0.0.1:${between.port}, from the environment`)
      expect(JSON.stringify(report)).not.toContain("hidden")
      expect(between.asked.map(({ method }) => method)).toEqual(["CONNECT", "CONNECT"])
      expect((yield* server.requests).map(({ path }) => path)).toEqual(["/inference/v1/models"])
    })
  )

  it.scopedLive("reports a proxy that refuses, one that is down, and an invalid one", () =>
    Effect.gen(function* () {
      const refuses = yield* proxy(407)
      const fails = yield* proxy(502)
      const gone = yield* FaultServer.make()
      yield* gone.down
      const found = (proxy: string) =>
        Effect.map(withProxy(proxy, examine({ url: "https://api.example.invalid" })), ({ findings }) =>
          findings.map(({ code, side }) => `${code} ${side}`)
        )
      expect(yield* found(`http://127.0.0.1:${refuses.port}`)).toEqual(["tls.proxy-refused yours"])
      expect(yield* found(`http://127.0.0.1:${fails.port}`)).toEqual(["tls.proxy-refused unclear"])
      expect(yield* found(gone.origin)).toEqual(["tcp.refused yours"])
      expect(yield* found("socks://127.0.0.1:1")).toEqual(["proxy.invalid yours"])
    })
  )

  const responses: ReadonlyArray<readonly [string, Fault.Fault, string, Doctor.Side]> = [
    ["a failing server", Fault.answer(503), "http.unavailable", "provider"],
    ["a page", Fault.answer(200, { headers: { "content-type": "text/html" }, body: "<html>" }), "http.page", "yours"],
    ["a redirect", Fault.answer(302, { headers: { location: "http://login.invalid/?a=b" } }), "http.redirect", "yours"],
    ["another API", Fault.answer(404), "http.not-found", "yours"],
    ["garbage", Fault.garbage(), "http.invalid-answer", "unclear"],
    ["a wrong clock", Fault.answer(401, { headers: { date: new Date(0).toUTCString() } }), "http.clock", "yours"]
  ]
  for (const [title, fault, code, side] of responses) {
    it.scopedLive(`recognises ${title} by the response without a key`, () =>
      Effect.gen(function* () {
        const { origin } = yield* FaultServer.make({ script: fault })
        const { findings } = yield* examine({ url: origin })
        const [first] = findings
        expect([first?.code, first?.side]).toEqual([code, side])
        expect(JSON.stringify(findings)).not.toContain("a=b")
      })
    )
  }

  it.scopedLive("sends no key to a server that is not the API", () =>
    Effect.gen(function* () {
      const found = (fault: Fault.Fault) =>
        Effect.gen(function* () {
          const { origin, requests } = yield* FaultServer.make({ script: fault })
          const report = yield* examine({ url: origin, apiKey: Redacted.make(key), model })
          expect((yield* requests).map(({ headers }) => headers["authorization"])).toEqual([undefined])
          expect(report.steps[5]?.summary).toBe("not sent: the response without a key is not from the API")
          return codesOf(report)
        })
      expect(yield* found(Fault.answer(302, { headers: { location: "/login" } }))).toEqual(["http.redirect"])
      const page = Fault.answer(403, { headers: { "content-type": "text/html" }, body: "<html>" })
      expect(yield* found(page)).toEqual(["http.page"])
    })
  )

  it.scopedLive("reports a server that fails with and without a key once", () =>
    Effect.gen(function* () {
      const { origin } = yield* FaultServer.make({ script: Fault.answer(500) })
      const report = yield* examine({ url: origin, apiKey: Redacted.make(key), model })
      expect(codesOf(report)).toEqual(["http.server-error"])
      expect(report.steps.map(({ name, status }) => `${name} ${status}`).slice(4)).toEqual([
        "http failed",
        "key failed",
        "model skipped"
      ])
    })
  )

  it.scopedLive("does not blame the account for a response that is the same without a key", () =>
    Effect.gen(function* () {
      const found = (script: (count: number) => Fault.Fault) =>
        Effect.gen(function* () {
          const server = yield* FaultServer.make()
          let count = 0
          yield* server.script(() => script(count++))
          const { findings } = yield* examine({ url: server.origin, apiKey: Redacted.make(key) })
          return findings.map(({ code, evidence, side }) => [code, side, evidence.join(" ").includes("Without a key")])
        })
      const [limited, refused] = [Fault.answer(429), Fault.answer(401)]
      expect(yield* found(() => limited)).toEqual([["key.rate-exceeded", "unclear", true]])
      expect(yield* found((count) => (count === 0 ? refused : limited))).toEqual([
        ["key.rate-exceeded", "account", false]
      ])
      expect(yield* found(() => Fault.answer(403))).toEqual([["key.forbidden", "unclear", true]])
      expect(yield* found(() => refused)).toEqual([["key.unauthorized", "account", true]])
      expect(yield* found(() => Fault.answer(402))).toEqual([["http.payment-required", "unclear", false]])
      const revoked = Fault.answer(401, { body: { error: { message: "That key is revoked.", code: "REVOKED" } } })
      expect(yield* found((count) => (count === 0 ? refused : revoked))).toEqual([
        ["key.unauthorized", "account", false]
      ])
    })
  )

  it.scopedLive("prints a status once that equals its code", () =>
    Effect.gen(function* () {
      const body = { error: { message: "No.", code: 403 } }
      const { origin } = yield* FaultServer.make({ script: Fault.answer(403, { body }) })
      const { findings } = yield* examine({ url: origin, apiKey: Redacted.make(key) })
      expect(findings[0]?.evidence[0]).toBe("The response was HTTP 403.")
    })
  )

  it.scopedLive("does not fail if metrics cannot be read", () =>
    Effect.gen(function* () {
      const server = yield* api({ deployments: { ours: { replicas: 1 } } })
      yield* server.inject({ path: "/metrics", fault: Fault.answer(403) })
      const { account, origin } = server
      const report = yield* examine({ url: origin, apiKey: Redacted.make(key), accountId: account, deployment: "ours" })
      expect([report.healthy, codesOf(report)]).toEqual([true, ["metrics.forbidden"]])
      expect(report.steps.at(-1)).toMatchObject({ status: "skipped", summary: "not readable: HTTP 403, Forbidden" })
      expect(Doctor.render(report)).not.toContain("FAIL")
    })
  )

  it.scopedLive("does not send an invalid key, and masks a key that a server repeats", () =>
    Effect.gen(function* () {
      const echo = Fault.answer(401, { body: { error: { message: `no such key, ${key}`, code: key } } })
      const { origin, requests } = yield* FaultServer.make({ script: echo })
      const malformed = yield* examine({ url: origin, apiKey: Redacted.make(`${key}\n`) })
      expect(codesOf(malformed)).toEqual(["key.malformed"])
      expect((yield* requests).map(({ headers }) => headers["authorization"])).toEqual([undefined])
      const refused = yield* examine({ url: origin, apiKey: Redacted.make(key) })
      expect(codesOf(refused)).toEqual(["key.unauthorized"])
      // a key in place of the name of a model
      const { origin: healthy } = yield* api()
      const mistaken = yield* examine({ url: healthy, apiKey: Redacted.make(key), model: key })
      expect(mistaken.steps.at(-1)?.summary).toBe("[redacted] responds")
      expect(JSON.stringify([malformed, refused, mistaken])).not.toContain(key)
    })
  )

  it.scopedLive("reports the fault of a model by the dialect", () =>
    Effect.gen(function* () {
      const server = yield* api({ models: [model], deployments: { full: { replicas: 1 } }, capacity: 1 })
      const apiKey = Redacted.make(key)
      const found = (name: string) =>
        Effect.map(examine({ url: server.origin, apiKey, model: name }), ({ findings }) =>
          findings.map(({ code, side }) => `${code} ${side}`)
        )
      expect(yield* found("accounts/fireworks/models/unknown")).toEqual(["model.not-found account"])
      yield* server.suspend(true)
      expect(yield* found(model)).toEqual(["key.precondition-failed account"])
      yield* server.suspend(false)
    })
  )

  it.scopedLive("closes its connections when it is interrupted", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make({ script: Fault.unanswered })
      yield* Effect.race(examine({ url: server.origin }), server.awaitRequests(1))
      yield* server.awaitClosed()
      const { closed, opened } = yield* server.counts
      expect(closed).toBe(opened)
    })
  )

  it("rejects invalid options by their names", () => {
    expect(() => Doctor.examine({ url: "nowhere" })).toThrow("Doctor.examine: url has no scheme: write https://…")
    expect(() => Doctor.examine({ timeout: "1 millis" })).toThrow("Doctor.examine: timeout is 1ms")
    expect(() => Doctor.examine({ timeout: "1 hour" })).toThrow("Doctor.examine: timeout is 1h")
    expect(() => Doctor.examine({ model: "a\nb" })).toThrow("Doctor.examine: model")
    expect(() => Doctor.examine({ deployment: "a b" })).toThrow("Doctor.examine: deployment")
    expect(() => Doctor.examine({ deployment: "ours" })).toThrow(/deployment is "ours"; .* set FIREWORKS_ACCOUNT_ID/)
    expect(() => Doctor.examine({ deployment: "ours", accountId: "acme" })).not.toThrow()
    expect(() => Doctor.examine({ deployment: "accounts/acme/deployments/ours" })).not.toThrow()
    expect(() => Doctor.examine({ accountId: "a/b" })).toThrow('Doctor.examine: accountId is "<redacted>"')
  })
})

// -------------------------------------------------------------------------------------------------
// judge
// -------------------------------------------------------------------------------------------------

describe("judge", () => {
  const outcome = <A, E>(values: FastCheck.Arbitrary<A>, errors: FastCheck.Arbitrary<E>) =>
    FastCheck.oneof(
      FastCheck.record({ _tag: FastCheck.constant("Ok" as const), millis: FastCheck.nat(12_000), value: values }),
      FastCheck.record({ _tag: FastCheck.constant("Failed" as const), millis: FastCheck.nat(12_000), error: errors })
    )
  const done = FastCheck.constant(undefined)
  const codes = FastCheck.constantFrom("ECONNREFUSED", "TIMEOUT", "ENOTFOUND", "PROXY_407", "ENETUNREACH")
  const apiErrors = Arbitrary.make(ApiError.ApiError)
  const addresses = FastCheck.constantFrom(
    { address: "192.0.2.1", family: 4 as const },
    { address: "2001:db8::1", family: 6 as const }
  )
  const hand: Handshake = {
    protocol: "TLSv1.3",
    distrust: undefined,
    subject: "a",
    issuer: "b",
    names: ["a"],
    validFrom: 0,
    validTo: 2e12
  }
  const counts = { from: 0, to: 60_000, requests: 1, errors: 1, byStatus: {}, coverage: 1, resolution: 1 }
  const seen: FastCheck.Arbitrary<Observation> = FastCheck.record(
    {
      url: FastCheck.constant("https://api.example.com"),
      host: FastCheck.constant("api.example.com"),
      port: FastCheck.constant(443),
      secure: FastCheck.boolean(),
      at: FastCheck.constantFrom(1e12, 3e12),
      timeout: FastCheck.constant(10_000),
      proxy: FastCheck.constantFrom<Proxy>({ _tag: "None" }, { _tag: "Invalid" }),
      trustsAll: FastCheck.boolean(),
      dns: outcome(FastCheck.array(addresses), codes),
      tcp: FastCheck.array(
        FastCheck.tuple(addresses, outcome(done, codes)).map(([address, outcome]) => ({ ...address, outcome })),
        { minLength: 1, maxLength: 3 }
      ),
      tls: outcome(FastCheck.constantFrom(hand, { ...hand, distrust: "CERT_HAS_EXPIRED" }), codes),
      http: outcome(
        FastCheck.record({
          status: FastCheck.constantFrom(200, 302, 401, 429, 500),
          error: FastCheck.option(apiErrors, { nil: undefined }),
          isPage: FastCheck.boolean(),
          location: FastCheck.constant(undefined),
          date: FastCheck.constantFrom(undefined, 0)
        }),
        apiErrors
      ),
      key: FastCheck.constantFrom("missing" as const, "malformed" as const, "given" as const),
      keyed: outcome(done, apiErrors),
      model: FastCheck.constantFrom(undefined, "m"),
      first: outcome(done, apiErrors),
      deployment: FastCheck.constantFrom(undefined, "d"),
      metrics: outcome(FastCheck.constant(counts), apiErrors)
    },
    {
      requiredKeys: [
        "url",
        "host",
        "port",
        "secure",
        "at",
        "timeout",
        "proxy",
        "trustsAll",
        "key",
        "model",
        "deployment"
      ]
    }
  )

  it("distinguishes broken IPv6 from a server that listens on IPv4 only", () => {
    const found = (host: string, error: string) => {
      const { findings } = judge({
        url: `http://${host}`,
        host,
        port: 80,
        secure: false,
        at: 0,
        timeout: 10_000,
        proxy: { _tag: "None" },
        trustsAll: false,
        tcp: [
          { address: "::1", family: 6, outcome: { _tag: "Failed", millis: 1, error } },
          { address: "127.0.0.1", family: 4, outcome: { _tag: "Ok", millis: 1, value: undefined } }
        ],
        key: "missing",
        model: undefined,
        deployment: undefined
      })
      return findings.map(({ code, next, side }) => [code, side, next.join(" ").includes("Make the server listen")])
    }
    expect(found("api.example.com", "ENETUNREACH")).toEqual([["tcp.no-ipv6", "yours", false]])
    expect(found("api.example.com", "ECONNREFUSED")).toEqual([["tcp.some-unreachable", "unclear", false]])
    expect(found("localhost", "ECONNREFUSED")).toEqual([["tcp.some-unreachable", "yours", true]])
  })

  it("marks a step as failed if, and only if, it has a problem", () => {
    FastCheck.assert(
      FastCheck.property(seen, (observation) => {
        const { findings, steps } = judge(observation)
        const failed = new Set(steps.filter(({ status }) => status === "failed").map(({ name }) => name))
        const problems = findings.filter(({ severity }) => severity === "problem")
        expect(failed.size > 0).toBe(problems.length > 0)
        for (const { step } of problems) expect(failed).toContain(step)
      }),
      { numRuns: 300 }
    )
  })
})

// -------------------------------------------------------------------------------------------------
// The server counts
// -------------------------------------------------------------------------------------------------

describe("reconcileSection", () => {
  const counts = (requests: number, byStatus: Record<string, number> = {}): ServerMetrics.ServerCounts => ({
    from: 0,
    to: 60_000,
    requests,
    errors: Object.values(byStatus).reduce((a, b) => a + b, 0),
    byStatus,
    coverage: 1,
    resolution: 90_000
  })
  const problem = { step: "model", severity: "problem", title: "", evidence: [], next: [] } as const
  const provider: Doctor.Finding = { ...problem, code: "model.silent", side: "provider" }
  const account: Doctor.Finding = { ...problem, code: "model.scaling-up", side: "account" }
  const meaning = (findings: ReadonlyArray<Doctor.Finding>, counted: ServerMetrics.ServerCounts) =>
    reconcileSection(findings, counted).lines

  it("reports the server counts, and no meaning without a problem", () => {
    expect(meaning([], counts(120, { 503: 3, 429: 0.2 }))).toEqual([
      "In the last minute the servers counted 120 requests to the deployment, 3 of them errors (0 of HTTP 429, 3 of HTTP 503)."
    ])
    expect(meaning([account], counts(120))).toHaveLength(1)
  })

  it("reports the side on which a problem shows", () => {
    expect(meaning([provider], counts(100, { 503: 2 }))[1]).toContain("The servers report failures too")
    expect(meaning([provider], counts(100, { 503: 1.9 }))[1]).toContain("respond to other clients without errors")
    expect(meaning([provider], counts(0.9))[1]).toContain("too few")
    expect(meaning([provider], { ...counts(0), coverage: 0 })).toEqual([
      "The metrics of the account do not contain the deployment: it had no traffic, or has another name."
    ])
  })
})

describe("render", () => {
  it.effect("uses colours only on request, around the same words", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(0)
      const report = yield* Schema.decode(Doctor.Report)({
        version: 1,
        url: "https://api.fireworks.ai",
        at: 0,
        timeout: 10_000,
        healthy: true,
        steps: [{ name: "dns", status: "ok", summary: "found", lines: [], millis: 1234 }],
        findings: []
      })
      const plain = Doctor.render(report)
      expect(plain).toContain("ok    dns      found (1.2 s)")
      const coloured = Doctor.render(report, { colour: true })
      // eslint-disable-next-line no-control-regex
      expect(coloured.replace(/\u001b\[\d+m/g, "")).toBe(plain)
      expect(coloured).not.toBe(plain)
      expect(Either.isRight(Schema.encodeEither(Doctor.Report)(report))).toBe(true)
    })
  )
})
