/** Runs the doctor as a process, against servers that each fail in one way, and reads its report. */
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

/** The output, without ports, times, ids and the configuration. */
const stable = ({ stdout }: Pick<Ended, "stdout">): string =>
  stdout
    .replace(/\nConfiguration:\n(?: {2}.*\n)+/, "")
    .replace(/(?<=127\.0\.0\.1:|\.com:|port )\d+/gi, "PORT")
    .replace(/\b[\d.]+ m?s\b/g, "TIME")
    .replace(/(?<=for support: ).*/g, "ID")
    .trimEnd()

const doctor = (url: string, args: ReadonlyArray<string> = [], env: Readonly<Record<string, string>> = {}) =>
  Effect.tap(program(["doctor", "--url", url, ...args], env), ({ stderr, stdout }) => {
    expect(`${stdout}${stderr}`).not.toContain(key)
    expect(`${stdout}${stderr}`, "no colours without a terminal").not.toContain("\u001b")
  })

/** The same without a process, which takes long to start. */
const reading = (url: string, options: Doctor.Options = {}) =>
  Effect.map(examine({ url, ...options }), (report) => ({
    status: Doctor.exitStatus(report),
    stdout: Doctor.render(report),
    stderr: ""
  }))

/** The output without the steps that succeeded or were skipped. */
const problemIn = (report: Doctor.Report): string =>
  stable({ stdout: Doctor.render(report) })
    .split("\n")
    .slice(2)
    .filter((line) => !/^(?:ok|-) /.test(line))
    .join("\n")

// -------------------------------------------------------------------------------------------------
// The output
// -------------------------------------------------------------------------------------------------

describe("doctor", () => {
  it.scopedLive("reports a closed port", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make()
      yield* server.down
      const ended = yield* doctor(server.origin, [], { FIREWORKS_API_KEY: key })
      expect(ended.status).toBe(1)
      expect(stable(ended)).toMatchInlineSnapshot(`
        "Checking http://127.0.0.1:PORT

        ok    proxy    none in the environment
        ok    dns      127.0.0.1 is an IP address
        FAIL  tcp      port PORT of 127.0.0.1: ECONNREFUSED (TIME)
        -     tls      not used: the URL is http:
        -     http     not reached
        -     key      not reached
        -     model    no --model or --deployment

        Problem, on your side: Nothing listens at 127.0.0.1, port PORT.
          127.0.0.1: ECONNREFUSED
          Nothing was sent.
          What to do:
          - Start the server, or correct the port in --url or FIREWORKS_BASE_URL. The address is this machine.

        1 problem was found."
      `)
    })
  )

  it.scopedLive("reports a host name that does not exist", () =>
    Effect.gen(function* () {
      const ended = yield* reading("https://nowhere.invalid")
      expect(ended.status).toBe(1)
      // a machine without a DNS server gets no response
      if (ended.stdout.includes("EAI_AGAIN")) {
        expect(stable(ended)).toContain("Problem, on your side: The name nowhere.invalid cannot be looked up.")
        return
      }
      expect(stable(ended)).toMatchInlineSnapshot(`
        "Checking https://nowhere.invalid

        ok    proxy    none in the environment
        FAIL  dns      nowhere.invalid: ENOTFOUND (TIME)
        -     tcp      not reached
        -     tls      not reached
        -     http     not reached
        -     key      FIREWORKS_API_KEY is not set
        -     model    no --model or --deployment

        Problem, on your side: The name nowhere.invalid does not exist.
          The DNS server of this machine reports ENOTFOUND. Nothing was sent.
          What to do:
          - Check the spelling of the host in --url or FIREWORKS_BASE_URL.
          - Run nslookup nowhere.invalid. If only this machine does not find the name, correct its DNS server or VPN.

        1 problem was found."
      `)
    })
  )

  it.scopedLive("reports a certificate that is not trusted", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make({ tls: true })
      const ended = yield* doctor(server.origin, [], { FIREWORKS_API_KEY: key })
      expect(ended.status).toBe(1)
      expect(stable(ended)).toMatchInlineSnapshot(`
        "Checking https://127.0.0.1:PORT

        ok    proxy    none in the environment
        ok    dns      127.0.0.1 is an IP address
        ok    tcp      port PORT of 127.0.0.1: connects (TIME)
        FAIL  tls      TLSv1.3, DEPTH_ZERO_SELF_SIGNED_CERT (TIME)
        -     http     not reached
        -     key      not reached
        -     model    no --model or --deployment

        Problem, on your side: The certificate is not trusted: TLS is intercepted, or the certificate is self-signed.
          The certificate is for 127.0.0.1; issued by 127.0.0.1; valid from 2020-01-01 to 2049-01-01.
          Node does not trust it: DEPTH_ZERO_SELF_SIGNED_CERT. Nothing was sent.
          What to do:
          - If your own proxy or virus scanner intercepts TLS (the issuer is 127.0.0.1), set NODE_EXTRA_CA_CERTS to a file with its certificate.
          - If the server is your own, do the same with the certificate of the server.
          - Otherwise send nothing: an unknown machine intercepts the connection. NODE_TLS_REJECT_UNAUTHORIZED=0 would give it your key.

        1 problem was found."
      `)
      expect(yield* server.requests).toEqual([])
    })
  )

  it.scopedLive("reports a key that is not accepted", () =>
    Effect.gen(function* () {
      const { origin } = yield* api({ keys: ["another"] })
      const ended = yield* doctor(origin, ["--timeout", "60s", "--model", model], { FIREWORKS_API_KEY: key })
      expect(ended.status).toBe(1)
      expect(stable(ended)).toMatchInlineSnapshot(`
        "Checking http://127.0.0.1:PORT

        ok    proxy    none in the environment
        ok    dns      127.0.0.1 is an IP address
        ok    tcp      port PORT of 127.0.0.1: connects (TIME)
        -     tls      not used: the URL is http:
        ok    http     HTTP 401 without a key (TIME)
        FAIL  key      HTTP 401, Unauthorized (TIME)
        -     model    not reached

        Problem, in your account: The API key is not accepted.
          The response was HTTP 401, UNAUTHORIZED.
          The server says: The API key you provided is invalid.
          Request id, for support: ID
          Without a key the response is the same: the key may not have arrived.
          What to do:
          - Check that FIREWORKS_API_KEY is complete, belongs to this account, and is not revoked. If in doubt, create a new key.
          - If the key is good, check for a proxy or gateway that removes the key or responds instead of the API.

        1 problem was found."
      `)
    })
  )

  it.scopedLive("reports a deployment that is scaling up", () =>
    Effect.gen(function* () {
      const { account, origin } = yield* api({ deployments: { ours: {} } })
      const ended = yield* reading(origin, { apiKey: Redacted.make(key), accountId: account, deployment: "ours" })
      expect(ended.status).toBe(1)
      expect(stable(ended)).toMatchInlineSnapshot(`
        "Checking http://127.0.0.1:PORT

        ok    proxy    none in the environment
        ok    dns      127.0.0.1 is an IP address
        ok    tcp      port PORT of 127.0.0.1: connects (TIME)
        -     tls      not used: the URL is http:
        ok    http     HTTP 401 without a key (TIME)
        ok    key      accepted (TIME)
        FAIL  model    HTTP 503, ScalingUp (TIME)
        ok    metrics  0 requests, 0 errors in the last minute (TIME)

        Problem, in your account: The deployment is scaling up, and accepts no requests yet.
          The response was HTTP 503, DEPLOYMENT_SCALING_UP.
          The server says: Deployment is currently scaled to zero and is scaling up. Please retry your request in a few minutes.
          Request id, for support: ID
          What to do:
          - Wait a few minutes and run the doctor again. Calls under Workload.agentic wait by themselves.
          - To avoid scaling to zero, set the minimum of the deployment to one replica.

        Server counts:
          In the last minute the servers counted 0 requests to the deployment, 0 of them errors.

        1 problem was found."
      `)
    })
  )

  it.scopedLive("finds no problem with a healthy API", () =>
    Effect.gen(function* () {
      const { origin, requests } = yield* api()
      const ended = yield* doctor(origin, ["--timeout", "60s", "--model", model], { FIREWORKS_API_KEY: key })
      expect(ended.status).toBe(0)
      expect(stable(ended)).toMatchInlineSnapshot(`
        "Checking http://127.0.0.1:PORT

        ok    proxy    none in the environment
        ok    dns      127.0.0.1 is an IP address
        ok    tcp      port PORT of 127.0.0.1: connects (TIME)
        -     tls      not used: the URL is http:
        ok    http     HTTP 401 without a key (TIME)
        ok    key      accepted (TIME)
        ok    model    accounts/fireworks/models/test-model responds (TIME)

        No problem was found."
      `)
      const [without, , chat] = yield* requests
      expect(without?.headers["authorization"]).toBeUndefined()
      expect(JSON.parse(chat?.body ?? "")).toMatchObject({ max_tokens: 1, stream: true, model })
    })
  )

  it.scopedLive("uses the address that accepts connections, and notes the other", () =>
    Effect.gen(function* () {
      const { origin } = yield* api()
      names.set("several.example.com", ["127.0.0.2", "127.0.0.1"])
      const ended = yield* reading(origin.replace("127.0.0.1", "several.example.com"), { apiKey: Redacted.make(key) })
      expect(ended.status).toBe(0)
      expect(stable(ended)).toMatchInlineSnapshot(`
        "Checking http://several.example.com:PORT

        ok    proxy    none in the environment
        ok    dns      several.example.com is 127.0.0.2, 127.0.0.1 (TIME)
        ok    tcp      port PORT connects at 1 of 2 addresses (TIME)
                       127.0.0.2: ECONNREFUSED
                       127.0.0.1: connects
        -     tls      not used: the URL is http:
        ok    http     HTTP 401 without a key (TIME)
        ok    key      accepted (TIME)
        -     model    no --model or --deployment

        Note, in the network between, or on the provider's side: Some of the addresses accept no connections.
          127.0.0.2: ECONNREFUSED
          What to do:
          - Node uses the next address; clients that use only one address sometimes fail. If the problem persists, report it to the operator of several.example.com.

        No problem was found."
      `)
    })
  )

  it.scopedLive("reports a response that is not from the API", () =>
    Effect.gen(function* () {
      const { origin } = yield* FaultServer.make({ script: Fault.answer(200, { body: { hello: "world" } }) })
      const report = yield* examine({ url: origin, apiKey: Redacted.make(key), model })
      expect([codesOf(report), report.findings[0]?.side]).toEqual([["key.decode"], "unclear"])
      expect(problemIn(report)).toMatchInlineSnapshot(`
        "FAIL  key      HTTP 200, Decode (TIME)

        Problem, in the network between, or on the provider's side: The response is not one of the API.
          The response was HTTP 200.
          The response is JSON, but does not have the fields of the API.
          What to do:
          - Check --url or FIREWORKS_BASE_URL: the response may come from another API or a gateway.
          - If the URL is right, the API may be newer than this version of effect-reliability: update the package.

        1 problem was found."
      `)
    })
  )

  it.scopedLive("reports events that are not from the API", () =>
    Effect.gen(function* () {
      const found = (fault: Fault.Fault) =>
        Effect.gen(function* () {
          const server = yield* api()
          yield* server.inject({ path: "/chat/completions", fault })
          const { findings } = yield* examine({ url: server.origin, apiKey: Redacted.make(key), model })
          return findings.map(({ code, side }) => `${code} ${side}`)
        })
      expect(yield* found(Fault.answer(200, { body: { hello: "world" } }))).toEqual(["model.decode unclear"])
      expect(yield* found(Fault.stream({ after: 0, ending: "done" }))).toEqual(["model.stream-broken unclear"])
    })
  )

  it.scopedLive("connects through a proxy with TLS", () =>
    Effect.gen(function* () {
      const certificate = selfSigned("127.0.0.1", 2020, 2049)
      const server = yield* web((_, response) => response.writeHead(401).end(), certificate)
      const between = yield* proxy(undefined, certificate)
      const ended = yield* withProxy(
        `https://me:hidden@127.0.0.1:${between.port}`,
        reading(server.origin, { ca: certificate.cert })
      )
      expect(ended.status).toBe(0)
      expect(stable(ended)).toMatchInlineSnapshot(`
        "Checking https://127.0.0.1:PORT

        ok    proxy    https://127.0.0.1:PORT, from the environment
        ok    dns      the proxy 127.0.0.1 is an IP address
        ok    tcp      port PORT of the proxy 127.0.0.1: connects (TIME)
        ok    tls      TLSv1.3, issued by 127.0.0.1, valid until 2049-01-01 (TIME)
        ok    http     HTTP 401 without a key (TIME)
        -     key      FIREWORKS_API_KEY is not set
        -     model    no --model or --deployment

        Note, on your side: The key and the model were not checked.
          FIREWORKS_API_KEY is not set.
          What to do:
          - Set FIREWORKS_API_KEY to check them.

        No problem was found."
      `)
      // one for the certificate, one for the request
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

  it.scopedLive("reports a proxy whose certificate is not trusted", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make({ tls: true })
      const between = yield* proxy(undefined, selfSigned("127.0.0.1", 2020, 2049))
      const apiKey = Redacted.make(key)
      const url = `https://127.0.0.1:${between.port}`
      expect(problemIn(yield* withProxy(url, examine({ url: server.origin, apiKey })))).toMatchInlineSnapshot(`
        "FAIL  tls      DEPTH_ZERO_SELF_SIGNED_CERT (TIME)

        Problem, on your side: The certificate of the proxy is not trusted.
          The proxy accepted the connection, and then failed: DEPTH_ZERO_SELF_SIGNED_CERT. Nothing was sent to the server.
          What to do:
          - Set NODE_EXTRA_CA_CERTS to a file with the certificate of the proxy, or of its issuer.
          - If the proxy does not use TLS, give it an http: URL.

        1 problem was found."
      `)
      // with an http: URL, the proxy itself gets the request
      const plain = yield* withProxy(url, examine({ url: "http://api.example.invalid", apiKey }), "HTTP_PROXY")
      expect(plain.findings.map(({ code, side }) => `${code} ${side}`)).toEqual(["http.proxy-untrusted yours"])
      expect([between.asked, yield* server.requests]).toEqual([[], []])
    })
  )

  it.scopedLive("reports a proxy that opens no tunnel", () =>
    Effect.gen(function* () {
      const between = yield* proxy(0)
      const options = { url: "https://api.example.invalid", timeout: "1 second" } as const
      expect(problemIn(yield* withProxy(`http://127.0.0.1:${between.port}`, examine(options)))).toMatchInlineSnapshot(`
        "FAIL  tls      no response within TIME (TIME)

        Problem, on your side: The proxy accepts the connection and opens no tunnel.
          The proxy accepted the connection, and then failed: no response within TIME. Nothing was sent to the server.
          What to do:
          - Ask the operator of the proxy whether it can reach api.example.invalid, port PORT. If this machine can reach the host directly, add the host to NO_PROXY.

        1 problem was found."
      `)
    })
  )

  it.scopedLive("reports a proxy whose response is not HTTP", () =>
    Effect.gen(function* () {
      const between = yield* bare((socket) => socket.once("data", () => socket.end("SSH-2.0-sshd\r\n")))
      expect(problemIn(yield* withProxy(between.origin, examine({ url: "https://api.example.invalid" }))))
        .toMatchInlineSnapshot(`
          "FAIL  tls      HPE_INVALID_CONSTANT (TIME)

          Problem, on your side: The response is not that of a proxy.
            The proxy accepted the connection, and then failed: HPE_INVALID_CONSTANT. Nothing was sent to the server.
            What to do:
            - Check the host, the port and the scheme in HTTPS_PROXY: most proxies have an http: URL, for https: requests too.
            - Check the log of the proxy.

          1 problem was found."
        `)
      // a proxy without TLS
      const { port } = yield* proxy()
      const other = yield* withProxy(`https://127.0.0.1:${port}`, examine({ url: "https://api.example.invalid" }))
      expect(codesOf(other)).toEqual(["tls.proxy-broken"])
    })
  )

  it.scopedLive("reports a connection that breaks", () =>
    Effect.gen(function* () {
      const { origin } = yield* FaultServer.make({ script: Fault.reset })
      const ended = yield* reading(origin)
      expect(ended.status).toBe(1)
      expect(stable(ended)).toMatchInlineSnapshot(`
        "Checking http://127.0.0.1:PORT

        ok    proxy    none in the environment
        ok    dns      127.0.0.1 is an IP address
        ok    tcp      port PORT of 127.0.0.1: connects (TIME)
        -     tls      not used: the URL is http:
        FAIL  http     ConnectionLost (TIME)
        -     key      FIREWORKS_API_KEY is not set
        -     model    no --model or --deployment

        Problem, in the network between, or on the provider's side: The connection breaks before the response.
          The code is ECONNRESET.
          What to do:
          - Check for a firewall, VPN or proxy that closes connections.
          - The server is on this machine: check its log.

        1 problem was found."
      `)
    })
  )
})

// -------------------------------------------------------------------------------------------------
// The output after a timeout: these tests run at the same time, because they only wait
// -------------------------------------------------------------------------------------------------

describe.concurrent("doctor, without a response", () => {
  const timeout = "3 seconds"
  const apiKey = Redacted.make(key)

  /** Examines, and checks that the failed step took the given time, and little more. */
  const examined = (url: string, options: Doctor.Options = {}) =>
    Effect.gen(function* () {
      const report = yield* examine({ url, timeout, apiKey, ...options })
      const step = report.steps.find(({ summary }) => summary.includes("no response within 3 s"))
      expect(step?.millis).toBeGreaterThan(2900)
      expect(step?.millis).toBeLessThan(30_000)
      return report
    })

  const waited = (...args: Parameters<typeof examined>) => Effect.map(examined(...args), problemIn)

  it.scopedLive("reports a server that never responds", ({ expect }) =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make({ connections: Fault.ignore })
      const report = yield* examined(server.origin)
      expect(Doctor.exitStatus(report)).toBe(1)
      expect(stable({ stdout: Doctor.render(report) })).toMatchInlineSnapshot(`
        "Checking http://127.0.0.1:PORT

        ok    proxy    none in the environment
        ok    dns      127.0.0.1 is an IP address
        ok    tcp      port PORT of 127.0.0.1: connects (TIME)
        -     tls      not used: the URL is http:
        FAIL  http     no response within TIME (TIME)
        -     key      not reached
        -     model    no --model or --deployment

        Problem, on the provider's side: The server accepts the connection, and no response arrives within TIME.
          The DNS lookup, the connection and the request succeeded. Only the response is missing.
          What to do:
          - Run the doctor with more time: --timeout 60s. If a response arrives then, the server is slow: use a workload with longer timeouts.
          - The server is on this machine: check its log.

        1 problem was found."
      `)
    })
  )

  it.scopedLive("reports a slow server", ({ expect }) =>
    Effect.gen(function* () {
      const { origin } = yield* FaultServer.make({ script: Fault.stall("1500 millis", Fault.answer(401)) })
      const ended = yield* reading(origin, { timeout: "5 seconds" })
      expect(ended.status).toBe(1)
      expect(stable(ended)).toMatchInlineSnapshot(`
        "Checking http://127.0.0.1:PORT

        ok    proxy    none in the environment
        ok    dns      127.0.0.1 is an IP address
        ok    tcp      port PORT of 127.0.0.1: connects (TIME)
        -     tls      not used: the URL is http:
        FAIL  http     HTTP 401 without a key (TIME)
        -     key      FIREWORKS_API_KEY is not set
        -     model    no --model or --deployment

        Problem, on the provider's side: The server responds slowly.
          The response took TIME, although connecting was fast.
          What to do:
          - Check the status page of the provider, and run the doctor again in a few minutes.
          - Give calls more time: Workload.agentic and Workload.largeModel allow 30 minutes.

        Note, on your side: The key and the model were not checked.
          FIREWORKS_API_KEY is not set.
          What to do:
          - Set FIREWORKS_API_KEY to check them.

        1 problem was found."
      `)
    })
  )

  it.scopedLive("reports a DNS server that does not respond", ({ expect }) =>
    Effect.gen(function* () {
      names.set("unanswered.example.com", "silent")
      expect(yield* waited("https://unanswered.example.com")).toMatchInlineSnapshot(`
        "FAIL  dns      unanswered.example.com: no response within TIME (TIME)

        Problem, on your side: The name unanswered.example.com cannot be looked up.
          The DNS server of this machine gives no response within TIME. Nothing was sent.
          What to do:
          - Check that this machine has a network, and which DNS server it uses (/etc/resolv.conf, the VPN, the settings of the container).
          - Run nslookup unanswered.example.com.

        1 problem was found."
      `)
    })
  )

  it.scopedLive("reports connections without a response", ({ expect }) =>
    Effect.gen(function* () {
      names.set("dropped.example.com", ["127.0.0.1"])
      const port = yield* deafPort
      const [remote, here] = yield* Effect.all(
        [waited(`https://dropped.example.com:${port}`), waited(`http://127.0.0.1:${port}`)],
        { concurrency: "unbounded" }
      )
      expect(remote).toMatchInlineSnapshot(`
        "FAIL  tcp      port PORT of 127.0.0.1: no response within TIME (TIME)

        Problem, on your side: Connections to dropped.example.com, port PORT get no response.
          127.0.0.1: no response within TIME
          Nothing was sent.
          What to do:
          - Check that the firewall, the VPN and the security groups allow connections to dropped.example.com, port PORT. A firewall often drops connections without a response.
          - Try from another network, and check the status page of the provider: if dropped.example.com fails from everywhere, it is down.

        1 problem was found."
      `)
      expect(here).toMatchInlineSnapshot(`
        "FAIL  tcp      port PORT of 127.0.0.1: no response within TIME (TIME)

        Problem, on your side: The server at 127.0.0.1, port PORT accepts no connections.
          127.0.0.1: no response within TIME
          Nothing was sent.
          What to do:
          - The address is this machine: check the log of the server. It hangs, or its queue of connections is full.

        1 problem was found."
      `)
    })
  )

  it.scopedLive("reports a TLS handshake without a response", ({ expect }) =>
    Effect.gen(function* () {
      const { origin } = yield* FaultServer.make({ connections: Fault.ignore })
      expect(yield* waited(origin.replace("http:", "https:"))).toMatchInlineSnapshot(`
        "FAIL  tls      no response within TIME (TIME)

        Problem, in the network between, or on the provider's side: The server accepts the connection and does not respond to the TLS handshake.
          The server accepted the connection, and the TLS handshake failed (no response within TIME). Nothing was sent.
          What to do:
          - Check for a firewall, VPN or proxy that accepts connections, and then drops those to hosts that are not allowed.
          - The server is on this machine: check its log.

        1 problem was found."
      `)
    })
  )

  it.scopedLive("reports a key without a response", ({ expect }) =>
    Effect.gen(function* () {
      const { origin } = yield* FaultServer.make({ script: [Fault.answer(401), Fault.unanswered] })
      expect(yield* waited(origin, { model })).toMatchInlineSnapshot(`
        "FAIL  key      no response within TIME (TIME)

        Problem, on the provider's side: The server accepts the connection, and no response arrives within TIME.
          The DNS lookup, the connection and the request succeeded. Only the response is missing.
          What to do:
          - Run the doctor with more time: --timeout 60s. If a response arrives then, the server is slow: use a workload with longer timeouts.
          - The server is on this machine: check its log.

        1 problem was found."
      `)
    })
  )

  it.scopedLive("reports a missing first token, with and without headers", ({ expect }) =>
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
        "FAIL  model    no response within TIME (TIME)

        Problem, on the provider's side: The first token does not arrive within TIME.
          The DNS lookup, the connection and the request succeeded. Only the response is missing.
          What to do:
          - Run the doctor with more time: --timeout 60s. If a response arrives then, the server is slow: use a workload with longer timeouts.
          - The server is on this machine: check its log.

        1 problem was found."
      `)
      expect(withHead).toBe(without)
    })
  )

  it.scopedLive("notes metrics that do not arrive", ({ expect }) =>
    Effect.gen(function* () {
      const server = yield* api({ deployments: { ours: { replicas: 1 } } })
      yield* server.inject({ path: "/metrics", fault: Fault.unanswered })
      const { account, origin } = server
      expect(yield* waited(origin, { deployment: "ours", accountId: account })).toMatchInlineSnapshot(`
        "
        Note, on the provider's side: The metrics of the deployment cannot be read.
          The server accepts the connection, and no response arrives within TIME.
          The DNS lookup, the connection and the request succeeded. Only the response is missing.
          What to do:
          - Run the doctor with more time: --timeout 60s. If a response arrives then, the server is slow: use a workload with longer timeouts.
          - The server is on this machine: check its log.

        No problem was found."
      `)
    })
  )

  it.scopedLive("uses IPv4 if IPv6 does not work, and notes it", ({ expect }) =>
    Effect.gen(function* () {
      const { origin } = yield* api()
      const { port } = new URL(origin)
      yield* deafByIPv6(Number(port))
      names.set("both.example.com", ["::1", "127.0.0.1"])
      const ended = yield* reading(`http://both.example.com:${port}`, { timeout, apiKey })
      expect(ended.status).toBe(0)
      expect(stable(ended).replaceAll(/(?<=::1: ).*/g, "CODE")).toMatchInlineSnapshot(`
        "Checking http://both.example.com:PORT

        ok    proxy    none in the environment
        ok    dns      both.example.com is ::1, 127.0.0.1 (TIME)
        ok    tcp      port PORT connects at 1 of 2 addresses (TIME)
                       ::1: CODE
                       127.0.0.1: connects
        -     tls      not used: the URL is http:
        ok    http     HTTP 401 without a key (TIME)
        ok    key      accepted (TIME)
        -     model    no --model or --deployment

        Note, on your side: IPv6 does not work from here.
          ::1: CODE
          What to do:
          - Nothing, while IPv4 works: Node uses the next address. Clients that do not may hang.

        No problem was found."
      `)
    })
  )
})
