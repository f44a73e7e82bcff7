/** The doctor as a process, against servers that fail in one way each: what it prints is what a person reads. */
import { describe, it } from "@effect/vitest"
import { Arbitrary, Effect, Either, FastCheck, Redacted, Schema, TestClock } from "effect"
import { ApiError } from "effect-reliability"
import { Doctor } from "effect-reliability/cli"
import type { ServerMetrics } from "effect-reliability/fireworks"
import { Fault, FaultServer, FireworksServer } from "effect-reliability/testing"
import { beforeAll, expect } from "vitest"
import { judge } from "../../src/cli/internal/doctor/diagnosis.js"
import type { Observation, Proxy } from "../../src/cli/internal/doctor/observation.js"
import type { Handshake } from "../../src/cli/internal/doctor/probes.js"
import { reconcileSection } from "../../src/cli/internal/doctor/reconcileSection.js"
import { selfSigned } from "../support/certificate.js"
import { buildProgram, deafByIPv6, type Ended, isolate, names, program } from "../support/doctor.js"
import { deafPort } from "../support/faults.js"
import { bare, proxy, web } from "../support/proxy.js"

const key = "fw_3ZthisIsTheKeyThatMustNotShow"
const model = "accounts/fireworks/models/test-model"

beforeAll(isolate)
beforeAll(buildProgram)

/** What was printed, without what is never the same twice. */
const still = ({ stdout }: Pick<Ended, "stdout">): string =>
  stdout
    .replace(/(?<=127\.0\.0\.1:|\.com:|port )\d+/gi, "PORT")
    .replace(/\b[\d.]+ m?s\b/g, "TIME")
    .replace(/(?<=for support: ).*/g, "ID")
    .trimEnd()

const doctor = (url: string, args: ReadonlyArray<string> = [], env: Readonly<Record<string, string>> = {}) =>
  Effect.tap(program(["doctor", "--url", url, ...args], env), ({ stderr, stdout }) => {
    expect(`${stdout}${stderr}`).not.toContain(key)
    expect(`${stdout}${stderr}`, "colours, and no terminal").not.toContain("\u001b")
  })

/** The same without a process, whose start takes longer than what it does. */
const reading = (url: string, options: Doctor.Options = {}) =>
  Effect.map(examine({ url, ...options }), (report) => ({
    status: Doctor.exitStatus(report),
    stdout: Doctor.render(report),
    stderr: ""
  }))

/** With a proxy in the environment. */
const withProxy = <A, E, R>(proxy: string, effect: Effect.Effect<A, E, R>, variable = "HTTPS_PROXY") =>
  Effect.acquireUseRelease(
    Effect.sync(() => void (process.env[variable] = proxy)),
    () => effect,
    () => Effect.sync(() => void delete process.env[variable])
  )

const examine = (options: Doctor.Options) => Doctor.examine({ timeout: "60 seconds", ...options })

/** What has failed, and what is said of it. */
const problemIn = (report: Doctor.Report): string =>
  still({ stdout: Doctor.render(report) })
    .split("\n")
    .slice(2)
    .filter((line) => !/^(?:ok|-) /.test(line))
    .join("\n")

const codesOf = (report: Doctor.Report) => report.findings.map(({ code }) => code)

const api = (options: FireworksServer.Options = {}) => FireworksServer.make({ keys: [key], ...options })

// -------------------------------------------------------------------------------------------------
// What people read
// -------------------------------------------------------------------------------------------------

describe("doctor", () => {
  it.scopedLive("tells of a port that is closed", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make()
      yield* server.down
      const ended = yield* doctor(server.origin, [], { FIREWORKS_API_KEY: key })
      expect(ended.status).toBe(1)
      expect(still(ended)).toMatchInlineSnapshot(`
        "The way to http://127.0.0.1:PORT

        ok    proxy    none in the environment
        ok    dns      127.0.0.1 is an address
        FAIL  tcp      port PORT of 127.0.0.1: ECONNREFUSED (TIME)
        -     tls      not used: the URL is http:
        -     http     not reached
        -     key      not reached
        -     model    none given: --model or --deployment

        Problem, on your side: Nothing listens at 127.0.0.1, port PORT.
          127.0.0.1: ECONNREFUSED
          Nothing was sent.
          What to do:
          - Start the server, or correct the port in --url or FIREWORKS_BASE_URL: the address is this machine itself.

        1 problem was found."
      `)
    })
  )

  it.scopedLive("tells of a name that does not exist", () =>
    Effect.gen(function* () {
      const ended = yield* reading("https://nowhere.invalid")
      expect(ended.status).toBe(1)
      // a machine without a DNS server has no answer
      if (ended.stdout.includes("EAI_AGAIN")) {
        expect(still(ended)).toContain("Problem, on your side: The name nowhere.invalid cannot be looked up.")
        return
      }
      expect(still(ended)).toMatchInlineSnapshot(`
        "The way to https://nowhere.invalid

        ok    proxy    none in the environment
        FAIL  dns      nowhere.invalid: ENOTFOUND (TIME)
        -     tcp      not reached
        -     tls      not reached
        -     http     not reached
        -     key      FIREWORKS_API_KEY is not set
        -     model    none given: --model or --deployment

        Problem, on your side: The name nowhere.invalid does not exist.
          The DNS server of this machine says so (ENOTFOUND). Nothing was sent.
          What to do:
          - Check the spelling of the host in --url or FIREWORKS_BASE_URL.
          - Ask for it by hand: nslookup nowhere.invalid. If only this machine does not know it, correct its DNS server or VPN.

        1 problem was found."
      `)
    })
  )

  it.scopedLive("tells of a certificate that nobody trusts", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make({ tls: true })
      const ended = yield* doctor(server.origin, [], { FIREWORKS_API_KEY: key })
      expect(ended.status).toBe(1)
      expect(still(ended)).toMatchInlineSnapshot(`
        "The way to https://127.0.0.1:PORT

        ok    proxy    none in the environment
        ok    dns      127.0.0.1 is an address
        ok    tcp      port PORT of 127.0.0.1: connects (TIME)
        FAIL  tls      TLSv1.3, DEPTH_ZERO_SELF_SIGNED_CERT (TIME)
        -     http     not reached
        -     key      not reached
        -     model    none given: --model or --deployment

        Problem, on your side: The certificate is not trusted: TLS is intercepted, or the server vouches for itself.
          The certificate is for 127.0.0.1; issued by 127.0.0.1; valid from 2020-01-01 to 2049-01-01.
          Node does not trust it: DEPTH_ZERO_SELF_SIGNED_CERT. Nothing was sent.
          What to do:
          - If a proxy or virus scanner of yours opens TLS (the issuer, 127.0.0.1, tells), get its certificate and set NODE_EXTRA_CA_CERTS to the file.
          - If the server is your own, do the same with its certificate.
          - If neither is so, send nothing: somebody is in between. NODE_TLS_REJECT_UNAUTHORIZED=0 would hand them your key.

        1 problem was found."
      `)
      expect(yield* server.requests).toEqual([])
    })
  )

  it.scopedLive("tells of a key that is not accepted", () =>
    Effect.gen(function* () {
      const { origin } = yield* api({ keys: ["another"] })
      const ended = yield* doctor(origin, ["--timeout", "60s", "--model", model], { FIREWORKS_API_KEY: key })
      expect(ended.status).toBe(1)
      expect(still(ended)).toMatchInlineSnapshot(`
        "The way to http://127.0.0.1:PORT

        ok    proxy    none in the environment
        ok    dns      127.0.0.1 is an address
        ok    tcp      port PORT of 127.0.0.1: connects (TIME)
        -     tls      not used: the URL is http:
        ok    http     answers 401 without a key (TIME)
        FAIL  key      HTTP 401, Unauthorized (TIME)
        -     model    not reached

        Problem, in your account: The API key is not accepted.
          The answer was HTTP 401, UNAUTHORIZED.
          The server says: The API key you provided is invalid.
          Request id, for support: ID
          Without a key the answer is the same: the key may not have arrived.
          What to do:
          - Check FIREWORKS_API_KEY: that it is whole, of this account, and not revoked; make a new one if in doubt.
          - If the key is good, look for what drops it or answers in the API's place, such as a proxy or gateway.

        1 problem was found."
      `)
    })
  )

  it.scopedLive("tells of a deployment that is scaling up", () =>
    Effect.gen(function* () {
      const { account, origin } = yield* api({ deployments: { ours: {} } })
      const ended = yield* reading(origin, { apiKey: Redacted.make(key), accountId: account, deployment: "ours" })
      expect(ended.status).toBe(1)
      expect(still(ended)).toMatchInlineSnapshot(`
        "The way to http://127.0.0.1:PORT

        ok    proxy    none in the environment
        ok    dns      127.0.0.1 is an address
        ok    tcp      port PORT of 127.0.0.1: connects (TIME)
        -     tls      not used: the URL is http:
        ok    http     answers 401 without a key (TIME)
        ok    key      accepted (TIME)
        FAIL  model    HTTP 503, ScalingUp (TIME)
        ok    metrics  0 requests, 0 errors in the last minute (TIME)

        Problem, in your account: The deployment is scaling up, and takes no requests yet.
          The answer was HTTP 503, DEPLOYMENT_SCALING_UP.
          The server says: Deployment is currently scaled to zero and is scaling up. Please retry your request in a few minutes.
          Request id, for support: ID
          What to do:
          - Wait a few minutes and run this again; meanwhile, calls under Workload.agentic wait by themselves.
          - To keep it from scaling to zero, set its minimum to one replica.

        What the servers counted:
          In the last minute the servers counted 0 requests of the deployment, 0 of them errors.

        1 problem was found."
      `)
    })
  )

  it.scopedLive("finds nothing wrong where nothing is", () =>
    Effect.gen(function* () {
      const { origin, requests } = yield* api()
      const ended = yield* doctor(origin, ["--timeout", "60s", "--model", model], { FIREWORKS_API_KEY: key })
      expect(ended.status).toBe(0)
      expect(still(ended)).toMatchInlineSnapshot(`
        "The way to http://127.0.0.1:PORT

        ok    proxy    none in the environment
        ok    dns      127.0.0.1 is an address
        ok    tcp      port PORT of 127.0.0.1: connects (TIME)
        -     tls      not used: the URL is http:
        ok    http     answers 401 without a key (TIME)
        ok    key      accepted (TIME)
        ok    model    accounts/fireworks/models/test-model begins to answer (TIME)

        No problem was found."
      `)
      const [without, , chat] = yield* requests
      expect(without?.headers["authorization"]).toBeUndefined()
      expect(JSON.parse(chat?.body ?? "")).toMatchObject({ max_tokens: 1, stream: true, model })
    })
  )

  it.scopedLive("goes by the address that takes connections, and tells of the one that does not", () =>
    Effect.gen(function* () {
      const { origin } = yield* api()
      names.set("several.example.com", ["127.0.0.2", "127.0.0.1"])
      const ended = yield* reading(origin.replace("127.0.0.1", "several.example.com"), { apiKey: Redacted.make(key) })
      expect(ended.status).toBe(0)
      expect(still(ended)).toMatchInlineSnapshot(`
        "The way to http://several.example.com:PORT

        ok    proxy    none in the environment
        ok    dns      several.example.com is 127.0.0.2, 127.0.0.1 (TIME)
        ok    tcp      port PORT connects at 1 of 2 addresses (TIME)
                       127.0.0.2: ECONNREFUSED
                       127.0.0.1: connects
        -     tls      not used: the URL is http:
        ok    http     answers 401 without a key (TIME)
        ok    key      accepted (TIME)
        -     model    none given: --model or --deployment

        Note, in the network between, or on the provider's side: Some of the addresses take no connections.
          127.0.0.2: ECONNREFUSED
          What to do:
          - Node tries the next address; clients that try only one fail now and then. If it stays so, tell whoever runs several.example.com.

        No problem was found."
      `)
    })
  )

  it.scopedLive("tells of an answer that is not what the API answers", () =>
    Effect.gen(function* () {
      const { origin } = yield* FaultServer.make({ script: Fault.answer(200, { body: { hello: "world" } }) })
      const report = yield* examine({ url: origin, apiKey: Redacted.make(key), model })
      expect([codesOf(report), report.findings[0]?.side]).toEqual([["key.decode"], "unclear"])
      expect(problemIn(report)).toMatchInlineSnapshot(`
        "FAIL  key      HTTP 200, Decode (TIME)

        Problem, in the network between, or on the provider's side: What answers does not speak the API's language.
          The answer was HTTP 200.
          It is JSON, but its fields are not those of the API's answers.
          What to do:
          - Check --url or FIREWORKS_BASE_URL: another API, or a gateway, may answer in the API's place.
          - If it is right, the API may be newer than this version of effect-reliability: update it.

        1 problem was found."
      `)
    })
  )

  it.scopedLive("tells of events that are not what the API sends", () =>
    Effect.gen(function* () {
      const told = (fault: Fault.Fault) =>
        Effect.gen(function* () {
          const server = yield* api()
          yield* server.inject({ path: "/chat/completions", fault })
          const { findings } = yield* examine({ url: server.origin, apiKey: Redacted.make(key), model })
          return findings.map(({ code, side }) => `${code} ${side}`)
        })
      expect(yield* told(Fault.answer(200, { body: { hello: "world" } }))).toEqual(["model.decode unclear"])
      expect(yield* told(Fault.stream({ after: 0, ending: "done" }))).toEqual(["model.stream-broken unclear"])
    })
  )

  it.scopedLive("goes through a proxy that speaks TLS", () =>
    Effect.gen(function* () {
      const certificate = selfSigned("127.0.0.1", 2020, 2049)
      const server = yield* web((_, response) => response.writeHead(401).end(), certificate)
      const between = yield* proxy(undefined, certificate)
      const ended = yield* withProxy(
        `https://me:hidden@127.0.0.1:${between.port}`,
        reading(server.origin, { ca: certificate.cert })
      )
      expect(ended.status).toBe(0)
      expect(still(ended)).toMatchInlineSnapshot(`
        "The way to https://127.0.0.1:PORT

        ok    proxy    https://127.0.0.1:PORT, of the environment
        ok    dns      the proxy 127.0.0.1 is an address
        ok    tcp      port PORT of the proxy 127.0.0.1: connects (TIME)
        ok    tls      TLSv1.3, issued by 127.0.0.1, until 2049-01-01 (TIME)
        ok    http     answers 401 without a key (TIME)
        -     key      FIREWORKS_API_KEY is not set
        -     model    none given: --model or --deployment

        Note, on your side: Key and model were not tried.
          FIREWORKS_API_KEY is not set.
          What to do:
          - Set FIREWORKS_API_KEY to try them.

        No problem was found."
      `)
      // one to look at the certificate, one to ask
      expect(between.asked.map(({ method, target }) => [method, `https://${target}`])).toEqual([
        ["CONNECT", server.origin],
        ["CONNECT", server.origin]
      ])
      expect(new Set(between.asked.map(({ credentials }) => credentials))).toEqual(
        new Set([`Basic ${Buffer.from("me:hidden").toString("base64")}`])
      )
      expect(server.requests).toHaveLength(1)
    })
  )

  it.scopedLive("tells of a proxy whose own certificate nobody trusts", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make({ tls: true })
      const between = yield* proxy(undefined, selfSigned("127.0.0.1", 2020, 2049))
      const apiKey = Redacted.make(key)
      const url = `https://127.0.0.1:${between.port}`
      expect(problemIn(yield* withProxy(url, examine({ url: server.origin, apiKey })))).toMatchInlineSnapshot(`
        "FAIL  tls      DEPTH_ZERO_SELF_SIGNED_CERT (TIME)

        Problem, on your side: The proxy's own certificate is not trusted.
          The connection to the proxy was made; then: DEPTH_ZERO_SELF_SIGNED_CERT. Nothing was sent to the server.
          What to do:
          - Set NODE_EXTRA_CA_CERTS to a file with the proxy's certificate, or with that of who issued it.
          - If the proxy does not speak TLS by design, name it by an http: URL.

        1 problem was found."
      `)
      // whose URL is http: asks the proxy itself
      const plain = yield* withProxy(url, examine({ url: "http://api.example.invalid", apiKey }), "HTTP_PROXY")
      expect(plain.findings.map(({ code, side }) => `${code} ${side}`)).toEqual(["http.proxy-untrusted yours"])
      expect([between.asked, yield* server.requests]).toEqual([[], []])
    })
  )

  it.scopedLive("tells of a proxy that takes connections and opens no tunnel", () =>
    Effect.gen(function* () {
      const between = yield* proxy(0)
      const options = { url: "https://api.example.invalid", timeout: "1 second" } as const
      expect(problemIn(yield* withProxy(`http://127.0.0.1:${between.port}`, examine(options)))).toMatchInlineSnapshot(`
        "FAIL  tls      no answer within TIME (TIME)

        Problem, on your side: The proxy takes the connection and opens no tunnel.
          The connection to the proxy was made; then: no answer within TIME. Nothing was sent to the server.
          What to do:
          - Ask who runs the proxy whether it reaches api.example.invalid, port PORT. If this machine does by itself, list the host in NO_PROXY.

        1 problem was found."
      `)
    })
  )

  it.scopedLive("tells of a proxy that is asked for a tunnel and speaks something else", () =>
    Effect.gen(function* () {
      const between = yield* bare((socket) => socket.once("data", () => socket.end("SSH-2.0-sshd\r\n")))
      expect(problemIn(yield* withProxy(between.origin, examine({ url: "https://api.example.invalid" }))))
        .toMatchInlineSnapshot(`
        "FAIL  tls      HPE_INVALID_CONSTANT (TIME)

        Problem, on your side: The proxy does not answer as proxies do.
          The connection to the proxy was made; then: HPE_INVALID_CONSTANT. Nothing was sent to the server.
          What to do:
          - Check host and port in HTTPS_PROXY, and its scheme: most proxies are spoken to by http:, for https: URLs too.
          - Look at the proxy's log.

        1 problem was found."
      `)
      // it speaks plain HTTP
      const { port } = yield* proxy()
      const other = yield* withProxy(`https://127.0.0.1:${port}`, examine({ url: "https://api.example.invalid" }))
      expect(codesOf(other)).toEqual(["tls.proxy-broken"])
    })
  )

  it.scopedLive("tells of a connection that breaks off", () =>
    Effect.gen(function* () {
      const { origin } = yield* FaultServer.make({ script: Fault.reset })
      const ended = yield* reading(origin)
      expect(ended.status).toBe(1)
      expect(still(ended)).toMatchInlineSnapshot(`
        "The way to http://127.0.0.1:PORT

        ok    proxy    none in the environment
        ok    dns      127.0.0.1 is an address
        ok    tcp      port PORT of 127.0.0.1: connects (TIME)
        -     tls      not used: the URL is http:
        FAIL  http     ConnectionLost (TIME)
        -     key      FIREWORKS_API_KEY is not set
        -     model    none given: --model or --deployment

        Problem, in the network between, or on the provider's side: The connection breaks off before the answer.
          The code is ECONNRESET.
          What to do:
          - Look for a firewall, VPN or proxy in between that ends connections.
          - The server is on this machine: look at its log.

        1 problem was found."
      `)
    })
  )
})

// -------------------------------------------------------------------------------------------------
// What people read after a wait: side by side, since they do nothing else
// -------------------------------------------------------------------------------------------------

describe.concurrent("doctor, where nothing comes", () => {
  const timeout = "3 seconds"
  const apiKey = Redacted.make(key)

  /** Examines, and holds that the step that failed took the time that was given, and little more. */
  const examined = (url: string, options: Doctor.Options = {}) =>
    Effect.gen(function* () {
      const report = yield* examine({ url, timeout, apiKey, ...options })
      const step = report.steps.find(({ summary }) => summary.includes("no answer within 3 s"))
      expect(step?.millis).toBeGreaterThan(2900)
      expect(step?.millis).toBeLessThan(30_000)
      return report
    })

  const waited = (...args: Parameters<typeof examined>) => Effect.map(examined(...args), problemIn)

  it.scopedLive("tells of a server that takes connections and says nothing", ({ expect }) =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make({ connections: Fault.ignore })
      const report = yield* examined(server.origin)
      expect(Doctor.exitStatus(report)).toBe(1)
      expect(still({ stdout: Doctor.render(report) })).toMatchInlineSnapshot(`
        "The way to http://127.0.0.1:PORT

        ok    proxy    none in the environment
        ok    dns      127.0.0.1 is an address
        ok    tcp      port PORT of 127.0.0.1: connects (TIME)
        -     tls      not used: the URL is http:
        FAIL  http     no answer within TIME (TIME)
        -     key      not reached
        -     model    none given: --model or --deployment

        Problem, on the provider's side: The server takes the connection and gives no answer within TIME.
          Name lookup, connection and writing were fine: it is the answer that does not come.
          What to do:
          - Try again with more time: --timeout 60s. If an answer comes then, the server is slow: give calls a workload with more patience.
          - The server is on this machine: look at its log.

        1 problem was found."
      `)
    })
  )

  it.scopedLive("tells of a server that is slow", ({ expect }) =>
    Effect.gen(function* () {
      const { origin } = yield* FaultServer.make({ script: Fault.stall("1500 millis", Fault.answer(401)) })
      const ended = yield* reading(origin, { timeout: "5 seconds" })
      expect(ended.status).toBe(1)
      expect(still(ended)).toMatchInlineSnapshot(`
        "The way to http://127.0.0.1:PORT

        ok    proxy    none in the environment
        ok    dns      127.0.0.1 is an address
        ok    tcp      port PORT of 127.0.0.1: connects (TIME)
        -     tls      not used: the URL is http:
        FAIL  http     answers 401 without a key (TIME)
        -     key      FIREWORKS_API_KEY is not set
        -     model    none given: --model or --deployment

        Problem, on the provider's side: The server answers slowly.
          The answer took TIME; connecting was quick.
          What to do:
          - Look at the provider's status page, and run this again in a few minutes.
          - Give calls more time: Workload.agentic and Workload.largeModel have minutes.

        Note, on your side: Key and model were not tried.
          FIREWORKS_API_KEY is not set.
          What to do:
          - Set FIREWORKS_API_KEY to try them.

        1 problem was found."
      `)
    })
  )

  it.scopedLive("tells of a DNS server that gives no answer", ({ expect }) =>
    Effect.gen(function* () {
      names.set("unanswered.example.com", "silent")
      expect(yield* waited("https://unanswered.example.com")).toMatchInlineSnapshot(`
        "FAIL  dns      unanswered.example.com: no answer within TIME (TIME)

        Problem, on your side: The name unanswered.example.com cannot be looked up.
          The DNS server of this machine gives no answer within TIME. Nothing was sent.
          What to do:
          - Check that this machine has a network at all, and which DNS server it asks (/etc/resolv.conf, the VPN, the container's settings).
          - Ask for it by hand: nslookup unanswered.example.com.

        1 problem was found."
      `)
    })
  )

  it.scopedLive("tells of connections that get no answer", ({ expect }) =>
    Effect.gen(function* () {
      names.set("dropped.example.com", ["127.0.0.1"])
      const port = yield* deafPort
      const [remote, here] = yield* Effect.all(
        [waited(`https://dropped.example.com:${port}`), waited(`http://127.0.0.1:${port}`)],
        { concurrency: "unbounded" }
      )
      expect(remote).toMatchInlineSnapshot(`
        "FAIL  tcp      port PORT of 127.0.0.1: no answer within TIME (TIME)

        Problem, on your side: Connections to dropped.example.com, port PORT get no answer.
          127.0.0.1: no answer within TIME
          Nothing was sent.
          What to do:
          - Check that firewall, VPN and security groups let connections out to dropped.example.com, port PORT. Silence is how a firewall drops them.
          - Try from another network, and look at the provider's status page: if dropped.example.com fails from anywhere, it is down.

        1 problem was found."
      `)
      expect(here).toMatchInlineSnapshot(`
        "FAIL  tcp      port PORT of 127.0.0.1: no answer within TIME (TIME)

        Problem, on your side: What listens at 127.0.0.1, port PORT takes no connections.
          127.0.0.1: no answer within TIME
          Nothing was sent.
          What to do:
          - The address is this machine itself: look at the server's log. It hangs, or has more connections waiting than it takes.

        1 problem was found."
      `)
    })
  )

  it.scopedLive("tells of a TLS handshake that gets no answer", ({ expect }) =>
    Effect.gen(function* () {
      const { origin } = yield* FaultServer.make({ connections: Fault.ignore })
      expect(yield* waited(origin.replace("http:", "https:"))).toMatchInlineSnapshot(`
        "FAIL  tls      no answer within TIME (TIME)

        Problem, in the network between, or on the provider's side: The server takes connections and says nothing.
          The connection was made; TLS was not (no answer within TIME). Nothing was sent.
          What to do:
          - Look for a firewall, VPN or proxy that lets connections be made, and then drops those to hosts that it does not allow.
          - The server is on this machine: look at its log.

        1 problem was found."
      `)
    })
  )

  it.scopedLive("tells of a key that gets no answer", ({ expect }) =>
    Effect.gen(function* () {
      const { origin } = yield* FaultServer.make({ script: [Fault.answer(401), Fault.unanswered] })
      expect(yield* waited(origin, { model })).toMatchInlineSnapshot(`
        "FAIL  key      no answer within TIME (TIME)

        Problem, on the provider's side: The server takes the connection and gives no answer within TIME.
          Name lookup, connection and writing were fine: it is the answer that does not come.
          What to do:
          - Try again with more time: --timeout 60s. If an answer comes then, the server is slow: give calls a workload with more patience.
          - The server is on this machine: look at its log.

        1 problem was found."
      `)
    })
  )

  it.scopedLive("tells of a first token that does not come, with and without the head of an answer", ({ expect }) =>
    Effect.gen(function* () {
      const silent = (fault: Fault.Fault) =>
        Effect.gen(function* () {
          const server = yield* api()
          yield* server.inject({ path: "/chat/completions", fault })
          return yield* waited(server.origin, { model })
        })
      const headless = Fault.stream({ after: 0, ending: "silence" })
      const [without, withHead] = yield* Effect.all([silent(Fault.unanswered), silent(headless)], {
        concurrency: "unbounded"
      })
      expect(without).toMatchInlineSnapshot(`
        "FAIL  model    no answer within TIME (TIME)

        Problem, on the provider's side: The first token does not come within TIME.
          Name lookup, connection and writing were fine: it is the answer that does not come.
          What to do:
          - Try again with more time: --timeout 60s. If an answer comes then, the server is slow: give calls a workload with more patience.
          - The server is on this machine: look at its log.

        1 problem was found."
      `)
      expect(withHead).toBe(without)
    })
  )

  it.scopedLive("tells of metrics that do not come", ({ expect }) =>
    Effect.gen(function* () {
      const server = yield* api({ deployments: { ours: { replicas: 1 } } })
      yield* server.inject({ path: "/metrics", fault: Fault.unanswered })
      const { account, origin } = server
      expect(yield* waited(origin, { deployment: "ours", accountId: account })).toMatchInlineSnapshot(`
        "
        Note, on the provider's side: The deployment's metrics cannot be read.
          The server takes the connection and gives no answer within TIME.
          Name lookup, connection and writing were fine: it is the answer that does not come.
          What to do:
          - Try again with more time: --timeout 60s. If an answer comes then, the server is slow: give calls a workload with more patience.
          - The server is on this machine: look at its log.

        No problem was found."
      `)
    })
  )

  it.scopedLive("goes by IPv4 where IPv6 leads nowhere, and tells", ({ expect }) =>
    Effect.gen(function* () {
      const { origin } = yield* api()
      const { port } = new URL(origin)
      yield* deafByIPv6(Number(port))
      names.set("both.example.com", ["::1", "127.0.0.1"])
      const ended = yield* reading(`http://both.example.com:${port}`, { timeout, apiKey })
      expect(ended.status).toBe(0)
      expect(still(ended).replaceAll(/(?<=::1: ).*/g, "CODE")).toMatchInlineSnapshot(`
        "The way to http://both.example.com:PORT

        ok    proxy    none in the environment
        ok    dns      both.example.com is ::1, 127.0.0.1 (TIME)
        ok    tcp      port PORT connects at 1 of 2 addresses (TIME)
                       ::1: CODE
                       127.0.0.1: connects
        -     tls      not used: the URL is http:
        ok    http     answers 401 without a key (TIME)
        ok    key      accepted (TIME)
        -     model    none given: --model or --deployment

        Note, on your side: IPv6 does not work from here.
          ::1: CODE
          What to do:
          - Nothing, as long as IPv4 works: Node tries the next address. Clients that do not will seem to hang at times.

        No problem was found."
      `)
    })
  )
})

// -------------------------------------------------------------------------------------------------
// The process
// -------------------------------------------------------------------------------------------------

describe("the program", () => {
  const Json = Schema.parseJson(Doctor.Report)

  it.scopedLive("prints one JSON object of the report's schema, and progress elsewhere", () =>
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
        ["tcp", "http", "key", "model", "metrics"].map((step) => `trying ${step}`)
      )
      expect(`${stdout}${stderr}`).not.toContain(key)
    })
  )

  it.live("ends with 2 where it is used badly, and says how", () =>
    Effect.gen(function* () {
      const uses: ReadonlyArray<readonly [ReadonlyArray<string>, RegExp, Readonly<Record<string, string>>?]> = [
        [[], /say what to do; effect-reliability --help/],
        [["doctor", "--unknown"], /'--unknown'/],
        [["doctor", "--timeout", "soon"], /--timeout is "soon"; it must be a time such as 10s/],
        [["doctor", "--url", "ftp://user:secret@host"], /: --url begins with neither http: nor https:/],
        [["doctor", "--url", "user:secret@host"], /: --url has no scheme: write https:/],
        [["doctor", "--deployment", "ours"], /: --deployment is "ours"; .* set FIREWORKS_ACCOUNT_ID/],
        [["doctor"], /: FIREWORKS_BASE_URL has no scheme: write https:/, { FIREWORKS_BASE_URL: "localhost:3" }],
        [["doctor"], /: FIREWORKS_ACCOUNT_ID is "<redacted>"/, { FIREWORKS_ACCOUNT_ID: "a/secret" }],
        [["doctor"], /: FIREWORKS_CONTROL_URL holds cred/, { FIREWORKS_CONTROL_URL: "https://me:secret@host" }]
      ]
      const ended = yield* Effect.forEach(uses, ([args, , env]) => program(args, env), { concurrency: 2 })
      for (const [index, { status, stderr, stdout }] of ended.entries()) {
        expect([status, stdout]).toEqual([2, ""])
        expect(stderr).toMatch(uses[index]?.[1] ?? /^$/)
        expect(stderr).not.toContain("secret")
      }
    })
  )

  it.live("tells what there is, and its version", () =>
    Effect.gen(function* () {
      const [help, version] = yield* Effect.all([program(["doctor", "--help"]), program(["--version"])], {
        concurrency: 2
      })
      expect([help.status, version.status]).toEqual([0, 0])
      expect(help.stdout).toContain("--deployment")
      expect(help.stdout).toContain("2m; 10s where none is given")
      expect(help.stdout).toMatch(/Ends with 0 where all is well, 1 where a problem was found, 2 where/)
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
  it.scopedLive("goes on past TLS with a certificate that it is told to trust", () =>
    Effect.gen(function* () {
      const { ca, origin } = yield* FaultServer.make({ tls: true, script: Fault.answer(401) })
      const report = yield* examine({ url: origin, ca })
      expect([report.healthy, codesOf(report)]).toEqual([true, ["key.missing"]])
    })
  )

  it.scopedLive("names what is wrong with a certificate, and whose business it is", () =>
    Effect.gen(function* () {
      const found = (certificate: "expired" | "otherHost") =>
        Effect.flatMap(FaultServer.make({ tls: { certificate } }), ({ ca, origin }) =>
          Effect.map(examine({ url: origin, ca }), ({ findings }) => findings.map(({ code, side }) => [code, side]))
        )
      expect(yield* found("expired")).toEqual([["tls.expired", "provider"]])
      expect(yield* found("otherHost")).toEqual([["tls.other-host", "yours"]])
    })
  )

  it.scopedLive("tells TLS that is no TLS", () =>
    Effect.gen(function* () {
      const { origin } = yield* FaultServer.make()
      const report = yield* examine({ url: origin.replace("http:", "https:") })
      expect(codesOf(report)).toEqual(["tls.not-tls"])
    })
  )

  it.scopedLive("goes the way that a proxy opens", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make({ tls: true, script: Fault.answer(401) })
      const between = yield* proxy()
      const report = yield* withProxy(
        `http://me:hidden@127.0.0.1:${between.port}`,
        examine({ url: server.origin, ca: server.ca })
      )
      expect(report.healthy).toBe(true)
      expect(report.steps[0]?.summary).toBe(`http://127.0.0.1:${between.port}, of the environment`)
      expect(JSON.stringify(report)).not.toContain("hidden")
      expect(between.asked.map(({ method }) => method)).toEqual(["CONNECT", "CONNECT"])
      expect((yield* server.requests).map(({ path }) => path)).toEqual(["/inference/v1/models"])
    })
  )

  it.scopedLive("tells of a proxy that opens no way, of one that is not there, and of one that is none", () =>
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

  const answers: ReadonlyArray<readonly [string, Fault.Fault, string, Doctor.Side]> = [
    ["a failing server", Fault.answer(503), "http.unavailable", "provider"],
    ["a page", Fault.answer(200, { headers: { "content-type": "text/html" }, body: "<html>" }), "http.page", "yours"],
    ["a redirect", Fault.answer(302, { headers: { location: "http://login.invalid/?a=b" } }), "http.redirect", "yours"],
    ["another API", Fault.answer(404), "http.not-found", "yours"],
    ["garbage", Fault.garbage(), "http.invalid-answer", "unclear"],
    ["a wrong clock", Fault.answer(401, { headers: { date: new Date(0).toUTCString() } }), "http.clock", "yours"]
  ]
  for (const [title, fault, code, side] of answers) {
    it.scopedLive(`knows ${title} by the answer without a key`, () =>
      Effect.gen(function* () {
        const { origin } = yield* FaultServer.make({ script: fault })
        const { findings } = yield* examine({ url: origin })
        const [first] = findings
        expect([first?.code, first?.side]).toEqual([code, side])
        expect(JSON.stringify(findings)).not.toContain("a=b")
      })
    )
  }

  it.scopedLive("tells no key to what answers in the API's place", () =>
    Effect.gen(function* () {
      const told = (fault: Fault.Fault) =>
        Effect.gen(function* () {
          const { origin, requests } = yield* FaultServer.make({ script: fault })
          const report = yield* examine({ url: origin, apiKey: Redacted.make(key), model })
          expect((yield* requests).map(({ headers }) => headers["authorization"])).toEqual([undefined])
          expect(report.steps[5]?.summary).toBe("not sent: something else answers in the API's place")
          return codesOf(report)
        })
      expect(yield* told(Fault.answer(302, { headers: { location: "/login" } }))).toEqual(["http.redirect"])
      const page = Fault.answer(403, { headers: { "content-type": "text/html" }, body: "<html>" })
      expect(yield* told(page)).toEqual(["http.page"])
    })
  )

  it.scopedLive("tells a server that fails with and without a key once", () =>
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

  it.scopedLive("blames no account for what is answered without a key as well", () =>
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
      const told = Fault.answer(401, { body: { error: { message: "That key is revoked.", code: "REVOKED" } } })
      expect(yield* found((count) => (count === 0 ? refused : told))).toEqual([["key.unauthorized", "account", false]])
    })
  )

  it.scopedLive("says a status once that is its own code", () =>
    Effect.gen(function* () {
      const body = { error: { message: "No.", code: 403 } }
      const { origin } = yield* FaultServer.make({ script: Fault.answer(403, { body }) })
      const { findings } = yield* examine({ url: origin, apiKey: Redacted.make(key) })
      expect(findings[0]?.evidence[0]).toBe("The answer was HTTP 403.")
    })
  )

  it.scopedLive("takes metrics that cannot be read for no failure", () =>
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

  it.scopedLive("sends no key that no header can hold, and shows none that a server repeats", () =>
    Effect.gen(function* () {
      const echo = Fault.answer(401, { body: { error: { message: `no such key, ${key}`, code: key } } })
      const { origin, requests } = yield* FaultServer.make({ script: echo })
      const malformed = yield* examine({ url: origin, apiKey: Redacted.make(`${key}\n`) })
      expect(codesOf(malformed)).toEqual(["key.malformed"])
      expect((yield* requests).map(({ headers }) => headers["authorization"])).toEqual([undefined])
      const refused = yield* examine({ url: origin, apiKey: Redacted.make(key) })
      expect(codesOf(refused)).toEqual(["key.unauthorized"])
      // given where a model's name belongs
      const { origin: healthy } = yield* api()
      const mistaken = yield* examine({ url: healthy, apiKey: Redacted.make(key), model: key })
      expect(mistaken.steps.at(-1)?.summary).toBe("[redacted] begins to answer")
      expect(JSON.stringify([malformed, refused, mistaken])).not.toContain(key)
    })
  )

  it.scopedLive("tells what is wrong with a model, by the table of the provider", () =>
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

  it.scopedLive("leaves no connection behind, nor when it is interrupted", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make({ script: Fault.unanswered })
      yield* Effect.race(examine({ url: server.origin }), server.awaitRequests(1))
      yield* server.awaitClosed()
      const { closed, opened } = yield* server.counts
      expect(closed).toBe(opened)
    })
  )

  it("refuses options that are none, by their names", () => {
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

  it("tells IPv6 that leads nowhere from a server that listens by IPv4 only", () => {
    const told = (host: string, error: string) => {
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
      return findings.map(({ code, next, side }) => [code, side, next.join(" ").includes("Let the server listen")])
    }
    expect(told("api.example.com", "ENETUNREACH")).toEqual([["tcp.no-ipv6", "yours", false]])
    expect(told("api.example.com", "ECONNREFUSED")).toEqual([["tcp.some-unreachable", "unclear", false]])
    expect(told("localhost", "ECONNREFUSED")).toEqual([["tcp.some-unreachable", "yours", true]])
  })

  it("calls no step failed where it finds no problem, and finds none without a failed step", () => {
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
// What the servers counted
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

  it("tells what the servers counted, and no more where nothing is wrong", () => {
    expect(meaning([], counts(120, { 503: 3, 429: 0.2 }))).toEqual([
      "In the last minute the servers counted 120 requests of the deployment, 3 of them errors (0 of HTTP 429, 3 of HTTP 503)."
    ])
    expect(meaning([account], counts(120))).toHaveLength(1)
  })

  it("tells on which side a problem shows", () => {
    expect(meaning([provider], counts(100, { 503: 2 }))[1]).toContain("The servers see failures too")
    expect(meaning([provider], counts(100, { 503: 1.9 }))[1]).toContain("answer others without errors")
    expect(meaning([provider], counts(0.9))[1]).toContain("too little")
    expect(meaning([provider], { ...counts(0), coverage: 0 })).toEqual([
      "The deployment is not among the metrics of the account: it has had no traffic, or another name."
    ])
  })
})

describe("render", () => {
  it.effect("uses colours only where it is told to, and around the same words", () =>
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
