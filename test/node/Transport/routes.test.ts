import { HttpBody, HttpClientRequest } from "@effect/platform"
import { describe, it } from "@effect/vitest"
import { Effect, Fiber, Redacted } from "effect"
import { Workload } from "effect-reliability"
import { Transport } from "effect-reliability/node"
import { TLSSocket } from "node:tls"
import * as undici from "undici"
import { afterEach, beforeEach, expect, vi } from "vitest"
import { selfSigned } from "../../support/certificate.js"
import { closedPort } from "../../support/faults.js"
import { bare, proxy, web } from "../../support/proxy.js"
import {
  echo,
  failure,
  make,
  note,
  nothingLeft,
  onBody,
  onRequest,
  problems,
  reliable,
  resources,
  sending,
  silent,
  text,
  until,
  workload
} from "../../support/transport.js"

const { get, post } = HttpClientRequest

beforeEach(() => {
  process.on("unhandledRejection", note)
  process.on("uncaughtException", note)
  process.on("warning", note)
})

afterEach(async () => {
  await new Promise((resolve) => setImmediate(resolve))
  for (const name of ["unhandledRejection", "uncaughtException", "warning"]) process.off(name, note)
  expect(problems.splice(0)).toEqual([])
  vi.unstubAllEnvs()
})

// -------------------------------------------------------------------------------------------------
// TLS
// -------------------------------------------------------------------------------------------------

describe("TLS", () => {
  const valid = selfSigned("127.0.0.1", 2020, 2049)
  const named = selfSigned("localhost", 2020, 2049)
  const expired = selfSigned("127.0.0.1", 2001, 2002)
  const client = selfSigned("client.test", 2020, 2049)

  it.scopedLive("accepts a server with a trusted certificate for its address or name", () =>
    Effect.gen(function* () {
      const [byAddress, byName] = yield* Effect.all([web(echo, valid), web(echo, named)])
      const transport = reliable(yield* make({ tls: { ca: [valid.cert, named.cert] } }))
      expect(yield* text(transport.execute(sending(byAddress.origin)))).toBe("POST / hello")
      expect(yield* text(transport.get(`https://localhost:${byName.port}`))).toBe("GET / ")
      // the certificate is checked against the host header
      const asked = HttpClientRequest.setHeader(get(byName.origin), "host", `localhost:${byName.port}`)
      expect(yield* text(transport.execute(asked))).toBe("GET / ")
      yield* transport.get(byAddress.origin)
      expect([byAddress.sockets.length, byName.sockets.length]).toEqual([1, 2])
    })
  )

  const untrusted: Record<string, readonly [certificate: typeof valid, ca: string | undefined, code: string]> = {
    "a self-signed certificate": [valid, undefined, "DEPTH_ZERO_SELF_SIGNED_CERT"],
    "a certificate of another authority": [valid, client.cert, "DEPTH_ZERO_SELF_SIGNED_CERT"],
    "a certificate for another name": [named, named.cert, "ERR_TLS_CERT_ALTNAME_INVALID"],
    "an expired certificate": [expired, expired.cert, "CERT_HAS_EXPIRED"]
  }
  for (const [kind, [certificate, ca, code]] of Object.entries(untrusted)) {
    it.scopedLive(`sends nothing to a server with ${kind}`, () =>
      Effect.gen(function* () {
        const server = yield* web(echo, certificate)
        const transport = reliable(yield* make({ tls: { ca } }))
        const before = resources()
        const error = yield* failure(transport.execute(sending(`${server.origin}/p`)))
        expect(error).toMatchObject({
          _tag: "Fatal",
          reason: "Tls",
          delivery: "NotSent",
          code,
          url: `${server.origin}/p`
        })
        expect(server.requests).toEqual([])
        yield* until(() => server.open() === 0)
        yield* Effect.promise(() => nothingLeft(before))
      })
    )
  }

  it.scopedLive("presents the client certificate on request", () =>
    Effect.gen(function* () {
      const server = yield* web(echo, { ...valid, requestCert: true, rejectUnauthorized: true, ca: client.cert })
      const key = Redacted.make(client.key)
      const known = reliable(yield* make({ tls: { ca: valid.cert, cert: client.cert, key } }))
      expect(yield* text(known.get(server.origin))).toBe("GET / ")
      const unknown = reliable(yield* make({ tls: { ca: valid.cert } }))
      expect((yield* failure(unknown.get(server.origin))).delivery).not.toBe("Acknowledged")
      expect(server.requests.length).toBe(1)
    })
  )

  it.scopedLive("resumes the TLS session of an earlier connection", () =>
    Effect.gen(function* () {
      const reused: Array<boolean> = []
      const server = yield* web((request, response) => {
        if (request.socket instanceof TLSSocket) reused.push(request.socket.isSessionReused())
        response.setHeader("connection", "close")
        response.end("ok")
      }, valid)
      const transport = reliable(yield* make({ tls: { ca: valid.cert } }))
      yield* Effect.all(
        [0, 1, 2, 3].map(() => text(transport.get(server.origin))),
        { concurrency: 1 }
      )
      expect(server.sockets.length).toBe(4)
      expect(reused.slice(1)).toEqual([true, true, true])
    })
  )

  it.scopedLive("fails if the server does not speak TLS, or speaks it unexpectedly", () =>
    Effect.gen(function* () {
      const [plain, secure] = yield* Effect.all([web(echo), web(echo, valid)])
      const transport = reliable(yield* make({ tls: { ca: valid.cert } }))
      const first = yield* failure(transport.get(plain.origin.replace("http:", "https:")))
      expect([first.delivery, plain.requests.length]).toEqual(["NotSent", 0])
      const second = yield* failure(transport.get(secure.origin.replace("https:", "http:")))
      expect([second.delivery, secure.requests.length]).toEqual(["Unconfirmed", 0])
      yield* until(() => plain.open() + secure.open() === 0)
    })
  )
})

// -------------------------------------------------------------------------------------------------
// Proxies
// -------------------------------------------------------------------------------------------------

describe("proxies", () => {
  const certificate = selfSigned("127.0.0.1", 2020, 2049)
  const tls = { ca: certificate.cert }
  const credentials = `Basic ${btoa("user:pa:ss%")}`
  const at = (port: number) => `http://user:pa%3Ass%@127.0.0.1:${port}`

  beforeEach(() => {
    for (const name of ["http_proxy", "https_proxy", "all_proxy", "no_proxy"]) {
      vi.stubEnv(name, "")
      vi.stubEnv(name.toUpperCase(), "")
    }
  })

  it.scopedLive("tunnels to an HTTPS server, and sends absolute URLs for a plain one", () =>
    Effect.gen(function* () {
      const [secure, plain, between] = yield* Effect.all([web(echo, certificate), web(echo), proxy()])
      const client = reliable(yield* Transport.make({ tls, proxy: at(between.port) }))
      for (let n = 0; n < 2; n++) {
        expect(yield* text(client.execute(sending(`${secure.origin}/a?b`)))).toBe("POST /a?b hello")
        expect(yield* text(client.execute(sending(`${plain.origin}/a?b`)))).toBe("POST /a?b hello")
      }
      expect(between.asked).toEqual([
        { method: "CONNECT", target: `127.0.0.1:${secure.port}`, credentials },
        { method: "POST", target: `${plain.origin}/a?b`, credentials },
        { method: "POST", target: `${plain.origin}/a?b`, credentials }
      ])
      expect([...secure.requests, ...plain.requests].map(({ headers }) => headers.host)).toEqual([
        `127.0.0.1:${secure.port}`,
        `127.0.0.1:${secure.port}`,
        `127.0.0.1:${plain.port}`,
        `127.0.0.1:${plain.port}`
      ])
      expect(secure.requests[0]?.headers["proxy-authorization"]).toBeUndefined()
    })
  )

  it.scopedLive("accepts a proxy over TLS with a trusted certificate", () =>
    Effect.gen(function* () {
      const own = selfSigned("localhost", 2020, 2049)
      const [secure, plain, between] = yield* Effect.all([web(echo, certificate), web(echo), proxy(undefined, own)])
      const trusted = { ca: [certificate.cert, own.cert] }
      const client = reliable(yield* Transport.make({ tls: trusted, proxy: `https://localhost:${between.port}` }))
      expect(yield* text(client.get(secure.origin))).toBe("GET / ")
      expect(yield* text(client.get(plain.origin))).toBe("GET / ")
      expect(between.asked.map(({ method }) => method)).toEqual(["CONNECT", "GET"])
    })
  )

  const environments: Record<
    string,
    readonly [environment: (port: number) => Record<string, string>, proxied: number]
  > = {
    HTTPS_PROXY: [(port) => ({ HTTPS_PROXY: at(port) }), 1],
    https_proxy: [(port) => ({ https_proxy: at(port) }), 1],
    "HTTPS_PROXY without a scheme": [(port) => ({ HTTPS_PROXY: `127.0.0.1:${port}` }), 1],
    HTTP_PROXY: [(port) => ({ HTTP_PROXY: at(port) }), 1],
    "HTTP_PROXY and HTTPS_PROXY": [(port) => ({ HTTP_PROXY: at(port), HTTPS_PROXY: at(port) }), 2],
    ALL_PROXY: [(port) => ({ ALL_PROXY: at(port) }), 2],
    NO_PROXY: [(port) => ({ ALL_PROXY: at(port), NO_PROXY: "127.0.0.1" }), 0],
    no_proxy: [(port) => ({ all_proxy: at(port), no_proxy: "localhost,127.0.0.1" }), 0]
  }
  for (const [name, [environment, proxied]] of Object.entries(environments)) {
    it.scopedLive(`selects the proxy according to the environment: ${name}`, () =>
      Effect.gen(function* () {
        const [secure, plain, between] = yield* Effect.all([web(echo, certificate), web(echo), proxy()])
        for (const [key, value] of Object.entries(environment(between.port))) vi.stubEnv(key, value)
        const client = reliable(yield* Transport.make({ tls }))
        for (const { origin } of [secure, plain]) expect(yield* text(client.get(origin))).toBe("GET / ")
        expect(between.asked.length).toBe(proxied)
      })
    )
  }

  for (const [status, expected] of [
    [407, { _tag: "Fatal", reason: "ProxyRefused", delivery: "NotSent", status: 407 }],
    [403, { _tag: "Fatal", reason: "ProxyRefused", delivery: "NotSent", status: 403 }],
    [502, { _tag: "Transient", reason: "Connect", delivery: "NotSent", status: 502 }],
    [0, { _tag: "Transient", reason: "Timeout", phase: "connect", delivery: "NotSent" }]
  ] as const) {
    it.scopedLive(
      `fails with ${expected.reason} if the proxy ${status === 0 ? "does not respond" : `responds with ${status}`}`,
      () =>
        Effect.gen(function* () {
          const between = yield* proxy(status)
          const client = reliable(yield* Transport.make({ tls, proxy: at(between.port) }), { connect: 80 })
          const before = resources()
          const error = yield* failure(client.execute(sending("https://example.invalid/p?q")))
          expect(error).toMatchObject({ ...expected, url: "https://example.invalid/p" })
          expect(`${JSON.stringify(error)} ${error.message} ${String(error.cause)}`).not.toMatch(/pa(?::|%3A)ss|Basic/)
          expect(between.asked.length).toBe(1)
          yield* until(() => between.open() === 0)
          yield* Effect.promise(() => nothingLeft(before))
        })
    )
  }

  it.scopedLive("fails with Connect if the proxy is unreachable or hangs up", () =>
    Effect.gen(function* () {
      const port = yield* closedPort
      const hangsUp = yield* bare((socket) => socket.once("data", () => socket.destroy()))
      for (const target of [port, hangsUp.port]) {
        const client = reliable(yield* Transport.make({ proxy: at(target) }))
        expect(yield* failure(client.get("https://example.invalid"))).toMatchObject({
          reason: "Connect",
          delivery: "NotSent"
        })
      }
    })
  )
})

// -------------------------------------------------------------------------------------------------
// Dispatchers
// -------------------------------------------------------------------------------------------------

describe("an undici dispatcher", () => {
  const agents: Record<string, () => undici.Dispatcher> = {
    Agent: () => new undici.Agent({ connections: 1, headersTimeout: 20, bodyTimeout: 20 }),
    "Pool with an interceptor": () =>
      new undici.Agent({ connections: 1 }).compose(undici.interceptors.redirect({ maxRedirections: 1 })),
    RetryAgent: () => new undici.RetryAgent(new undici.Agent({ connections: 1 }), { maxRetries: 0 })
  }

  for (const [name, agent] of Object.entries(agents)) {
    it.scopedLive(`applies the timeouts of the workload instead of its own: ${name}`, () =>
      Effect.gen(function* () {
        const dispatcher = agent()
        yield* Effect.addFinalizer(() => Effect.promise(() => dispatcher.destroy()))
        // undici checks its timeouts once a second
        const wait = name === "Agent" ? 1100 : 150
        const server = yield* web(
          onBody((body, _, response) => {
            response.setHeader("set-cookie", ["a=1", "b=2"])
            setTimeout(() => {
              response.write("half ")
              setTimeout(() => response.end(body), wait)
            }, wait)
          })
        )
        const client = reliable(yield* make({ dispatcher }), { write: 100, pool: 50, connect: 50 })
        const answer = yield* client.execute(sending(server.origin))
        expect(yield* answer.text).toBe("half hello")
        expect(Object.keys(answer.cookies.cookies)).toEqual(["a", "b"])
      })
    )
  }

  it.scopedLive("reports NotSent for waiting and connecting requests, and Unconfirmed for sent ones", () =>
    Effect.gen(function* () {
      const dispatcher = new undici.Agent({ connections: 1 })
      yield* Effect.addFinalizer(() => Effect.promise(() => dispatcher.destroy()))
      const server = yield* web(silent)
      const transport = yield* make({ dispatcher })
      const client = reliable(transport, { pool: 40, connect: 40, read: 150 })
      const first = yield* Effect.fork(failure(client.get(server.origin)))
      yield* until(() => server.requests.length === 1)
      const waiting = yield* failure(client.get(`${server.origin}/waits`))
      expect(waiting).toMatchObject({ reason: "Timeout", phase: "pool", delivery: "NotSent" })
      expect(waiting.detail).toContain("80ms")
      expect(yield* Fiber.join(first)).toMatchObject({ reason: "Timeout", phase: "read", delivery: "Unconfirmed" })
      const port = yield* closedPort
      expect(yield* failure(client.get(`http://127.0.0.1:${port}`))).toMatchObject({
        reason: "Connect",
        delivery: "NotSent"
      })
      const fiber = yield* Effect.fork(transport.get(server.origin))
      yield* until(() => server.requests.length === 2)
      yield* Fiber.interrupt(fiber)
      yield* until(() => server.open() === 0)
      // a request that timed out in the queue is never sent
      expect(server.requests.map(({ url }) => url)).toEqual(["/", "/"])
    })
  )

  it.scopedLive("fails the reader of a body with the timeout of the workload", () =>
    Effect.gen(function* () {
      const dispatcher = new undici.Agent({ connections: 1 })
      yield* Effect.addFinalizer(() => Effect.promise(() => dispatcher.destroy()))
      const server = yield* web((_, response) => void response.write("half"))
      const client = yield* make({ dispatcher })
      const call = text(client.get(server.origin)).pipe(Workload.within(workload({ read: 60 })))
      expect(yield* failure(call)).toMatchObject({ reason: "Timeout", phase: "read", delivery: "Partial" })
    })
  )

  it.scopedLive("reports InvalidAnswer and Partial for an invalid response, with any dispatcher", () =>
    Effect.gen(function* () {
      const server = yield* bare((socket) => onRequest(socket, () => socket.end("\u0000 no HTTP\r\n\r\n")))
      for (const agent of Object.values(agents)) {
        const dispatcher = agent()
        yield* Effect.addFinalizer(() => Effect.promise(() => dispatcher.destroy()))
        const client = reliable(yield* make({ dispatcher }))
        const error = yield* failure(client.get(server.origin))
        expect(error).toMatchObject({ reason: "InvalidAnswer", delivery: "Partial" })
      }
    })
  )

  it.scopedLive("accepts a MockAgent, and fails with Aborted if the dispatcher is closed", () =>
    Effect.gen(function* () {
      const mock = new undici.MockAgent()
      mock.disableNetConnect()
      yield* Effect.addFinalizer(() => Effect.promise(() => mock.close()))
      mock
        .get("http://api.test")
        .intercept({ path: "/a", method: "POST" })
        .reply(200, { a: 1 }, { headers: { "x-b": "c" } })
      const client = reliable(yield* make({ dispatcher: mock }))
      const answer = yield* client.execute(sending("http://api.test/a"))
      expect([yield* answer.json, answer.headers["x-b"]]).toEqual([{ a: 1 }, "c"])
      expect((yield* failure(client.get("http://api.test/b")))._tag).toBe("Fatal")

      const closed = new undici.Agent()
      yield* Effect.promise(() => closed.close())
      const error = yield* failure(reliable(yield* make({ dispatcher: closed })).get("http://api.test/"))
      expect(error).toMatchObject({ reason: "Aborted", delivery: "NotSent" })
    })
  )

  it.scopedLive("accepts a ProxyAgent", () =>
    Effect.gen(function* () {
      const [plain, between] = yield* Effect.all([web(echo), proxy()])
      const dispatcher = new undici.ProxyAgent(`http://127.0.0.1:${between.port}`)
      yield* Effect.addFinalizer(() => Effect.promise(() => dispatcher.destroy()))
      const client = reliable(yield* make({ dispatcher }))
      expect(yield* text(client.execute(sending(plain.origin)))).toBe("POST / hello")
      expect(between.asked.length).toBe(1)
    })
  )

  it.live("aborts all calls in flight when the scope closes", () =>
    Effect.gen(function* () {
      const dispatcher = new undici.Agent({ connections: 1 })
      yield* Effect.addFinalizer(() => Effect.promise(() => dispatcher.destroy()))
      const server = yield* web(silent)
      const fibers = yield* Effect.scoped(
        Effect.gen(function* () {
          const client = yield* make({ dispatcher })
          const fibers = yield* Effect.forEach([1, 2], () => Effect.fork(failure(client.get(server.origin))))
          yield* until(() => server.requests.length === 1)
          return fibers
        })
      )
      const errors = yield* Effect.forEach(fibers, Fiber.join)
      expect(errors.map(({ delivery, reason }) => `${reason} ${delivery}`)).toEqual([
        "Aborted Unconfirmed",
        "Aborted NotSent"
      ])
      yield* until(() => server.open() === 0)
      expect(server.requests.length).toBe(1)
    }).pipe(Effect.scoped)
  )
})

// -------------------------------------------------------------------------------------------------
// Invalid input
// -------------------------------------------------------------------------------------------------

describe("invalid input", () => {
  const bad: Record<string, readonly [change: (url: string) => HttpClientRequest.HttpClientRequest, detail: string]> = {
    "an invalid URL": [() => get("not a URL"), "the URL is invalid"],
    "a scheme other than HTTP": [() => get("ftp://host/"), "ftp:"],
    "a header with a line break": [(url) => HttpClientRequest.setHeader(get(url), "x-a", "b\r\nsecret: c"), "x-a"],
    "a header with a character outside Latin-1": [(url) => HttpClientRequest.setHeader(get(url), "x-a", "ł"), "x-a"],
    "the header transfer-encoding": [
      (url) => HttpClientRequest.setHeader(get(url), "transfer-encoding", "chunked"),
      "transfer-encoding"
    ],
    "the header expect": [(url) => HttpClientRequest.setHeader(get(url), "expect", "100-continue"), "expect"],
    "the header upgrade": [(url) => HttpClientRequest.setHeader(get(url), "upgrade", "h2c"), "upgrade"],
    "an invalid content-length": [
      (url) => HttpClientRequest.setHeader(get(url), "content-length", "secret"),
      "content-length"
    ],
    "a body that is a plain object": [
      (url) => HttpClientRequest.setBody(post(url), HttpBody.raw({ secret: 1 })),
      "bodyJson"
    ]
  }
  for (const [what, [change, detail]] of Object.entries(bad)) {
    it.scopedLive(`fails with InvalidRequest before it connects: ${what}`, () =>
      Effect.gen(function* () {
        const server = yield* web(echo)
        const client = yield* make()
        const error = yield* failure(client.execute(change(server.origin)))
        expect(error).toMatchObject({ _tag: "Fatal", reason: "InvalidRequest", delivery: "NotSent" })
        expect(error.detail).toContain(detail)
        expect(error.message).not.toContain("secret")
        expect(server.sockets).toEqual([])
      })
    )
  }

  const options: Record<string, Transport.Options> = {
    "connections is 0": { connections: 0 },
    "connections is 1.5": { connections: 1.5 },
    keepAlive: { keepAlive: "-1 seconds" },
    "maxHeaders is 10": { maxHeaders: 10 },
    proxy: { proxy: "secret" },
    "proxy is": { proxy: "ftp://me:secret@host" },
    "tls is": { tls: { ca: "secret" } },
    tls: { tls: { cert: selfSigned("a.test", 2020, 2049).cert, key: Redacted.make("secret") } }
  }
  for (const [named, wrong] of Object.entries(options)) {
    it(`throws an error with the message "Transport.make: ${named}…"`, () => {
      const refused = (() => {
        try {
          return typeof Transport.make(wrong)
        } catch (error) {
          return String(error)
        }
      })()
      expect(refused).toContain(`Transport.make: ${named}`)
      expect(refused).not.toContain("secret")
    })
  }

  it.scopedLive("fails the call for an invalid proxy in the environment", () =>
    Effect.gen(function* () {
      for (const url of ["socks5://me:secret@host:1", "http://["]) {
        vi.stubEnv("https_proxy", url)
        const client = reliable(yield* Transport.make())
        const error = yield* failure(client.get("https://example.invalid"))
        expect(error).toMatchObject({ _tag: "Fatal", reason: "InvalidRequest", delivery: "NotSent" })
        expect(error.detail).toContain("proxy that the environment sets")
        expect(error.message).not.toContain("secret")
      }
    })
  )
})
