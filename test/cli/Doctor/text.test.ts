import { describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { Doctor } from "effect-reliability/cli"
import { Fault, FaultServer } from "effect-reliability/testing"
import { beforeAll, expect } from "vitest"
import { selfSigned } from "../../support/certificate.js"
import { buildProgram, deafByIPv6, type Ended, isolate, names, program } from "../../support/doctor.js"
import { api, codesOf, examine, key, model, withProxy } from "../../support/doctorReports.js"
import { deafPort } from "../../support/faults.js"
import { bare, proxy, web } from "../../support/proxy.js"

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

/** What has failed, and what is said of it. */
const problemIn = (report: Doctor.Report): string =>
  still({ stdout: Doctor.render(report) })
    .split("\n")
    .slice(2)
    .filter((line) => !/^(?:ok|-) /.test(line))
    .join("\n")

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
