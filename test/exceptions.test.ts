/**
 * What real clients throw when real servers fail, and what `Classify.exception` makes of it.
 *
 * Two rules decide what is right where an exception does not tell everything: `NotSent` is claimed only if no byte of
 * the request can have arrived, and each test here looks at the server's side for that; and what cannot be known is left
 * out, or is the weaker `Unconfirmed`.
 */
import { FetchHttpClient, HttpClient, HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { NodeHttpClient } from "@effect/platform-node"
import { describe, it } from "@effect/vitest"
import { Cause, Console, Deferred, Duration, Effect, Logger, Record, Schema, type Scope, Stream } from "effect"
import { ApiError, Classify, Dialect } from "effect-reliability"
import { Console as NodeConsole } from "node:console"
import { Writable } from "node:stream"
import { setImmediate } from "node:timers/promises"
import { inspect } from "node:util"
import OpenAI from "openai"
import { expect, vi } from "vitest"
import { selfSigned } from "./support/certificate.js"
import { attempt, type Call, clients, type Name, type Settings } from "./support/clients.js"
import { type Behaviour, closedPort, deafPort, serve, type Server } from "./support/faults.js"

// Node loads its `fetch` with the first use of it; were the `undici` package loaded before, `fetch` would use its pool
vi.hoisted(() => Reflect.get(globalThis, "Response"))

// -------------------------------------------------------------------------------------------------
// What is expected
// -------------------------------------------------------------------------------------------------

/** The fields that are concluded; an absent one has to be absent. A pattern stands for several versions of Node. */
interface Verdict extends Partial<Pick<ApiError.ApiError, "phase" | "reusedSocket">> {
  readonly _tag: ApiError.ApiError["_tag"]
  readonly reason: ApiError.Reason
  readonly delivery: ApiError.Delivery
  readonly code?: string | RegExp
}

type Cells = Readonly<Partial<Record<Name, Verdict>>>

type More = Partial<Pick<Verdict, "code" | "phase" | "reusedSocket">>

const transient = (reason: ApiError.TransientReason, delivery: ApiError.Delivery, more?: More): Verdict => ({
  _tag: "Transient",
  reason,
  delivery,
  ...more
})

const fatal = (reason: ApiError.FatalReason, delivery: ApiError.Delivery, more?: More): Verdict => ({
  _tag: "Fatal",
  reason,
  delivery,
  ...more
})

/** The clients above Node's `fetch`. */
const fetches = (verdict: Verdict) => ({ fetch: verdict, "FetchHttpClient.layer": verdict, openai: verdict })

/** The clients above some version of undici. */
const undicis = (verdict: Verdict) => ({ ...fetches(verdict), undici: verdict, "NodeHttpClient.layerUndici": verdict })

const everyone = (verdict: Verdict) => ({ ...undicis(verdict), "NodeHttpClient.layer": verdict })

const effects = (verdict: Verdict) => ({
  "FetchHttpClient.layer": verdict,
  "NodeHttpClient.layer": verdict,
  "NodeHttpClient.layerUndici": verdict
})

// -------------------------------------------------------------------------------------------------
// How it is raised
// -------------------------------------------------------------------------------------------------

interface Raised {
  readonly exception: unknown
  /** The server that the request was meant for, if there is one. */
  readonly server?: Server
}

type Raise = (client: Name) => Effect.Effect<Raised, unknown, Scope.Scope>

interface Options {
  readonly settings?: Settings
  readonly call?: Omit<Call, "url">
}

/** One call to a server that misbehaves; whose behaviour needs a controller, aborts the call with it. */
const against =
  (behaviour: Behaviour | ((controller: AbortController) => Behaviour), { call, settings = {} }: Options = {}): Raise =>
  (name) =>
    Effect.gen(function* () {
      const controller = new AbortController()
      const aborts = typeof behaviour === "function"
      const server = yield* serve(aborts ? behaviour(controller) : behaviour)
      const client = yield* clients[name](settings)
      const signal = aborts ? { signal: controller.signal } : {}
      const exception = yield* Effect.flip(client({ url: server.origin, ...signal, ...call }))
      return { exception, server }
    })

/** One call to where no server is. */
const towards =
  (url: Effect.Effect<string, never, Scope.Scope>, { call, settings = {} }: Options = {}): Raise =>
  (name) =>
    Effect.gen(function* () {
      const client = yield* clients[name](settings)
      return { exception: yield* Effect.flip(client({ url: yield* url, ...call })) }
    })

/** Calls until one fails, which is the first on a connection that has served another. */
const onKeptAlive =
  (behaviour: Behaviour): Raise =>
  (name) =>
    Effect.gen(function* () {
      const server = yield* serve(behaviour)
      const client = yield* clients[name]({})
      const exception = yield* Effect.flip(Effect.forever(client({ url: server.origin })))
      expect(server.connections.map(({ requests }) => requests)).toContain(2)
      return { exception, server }
    })

/** What one side of a connection on this machine has sent, the other has read some turns of the loop later. */
const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 4; turn++) await setImmediate()
}

const soon = (f: () => void): void => void turns().then(f)

const received = (server: Server | undefined): number =>
  server?.connections.reduce((sum, { bytes }) => sum + bytes, 0) ?? 0

/** Classifies, and holds the claim against what the server has seen. */
const classify = ({ exception, server }: Raised, options?: Partial<Classify.ExceptionOptions>) =>
  Effect.gen(function* () {
    const error = Classify.exception(exception, { now: 0, ...options })
    yield* Effect.promise(turns)
    if (error.delivery === "NotSent") expect(received(server)).toBe(0)
    return error
  })

const concluded = (error: ApiError.ApiError, like: Verdict): Verdict => {
  const { _tag, code, delivery, phase, reason, reusedSocket } = error
  const sameCode = like.code instanceof RegExp && like.code.test(code ?? "")
  return {
    _tag,
    reason,
    delivery,
    ...(sameCode ? { code: like.code } : code !== undefined && { code }),
    ...(phase && { phase }),
    ...(reusedSocket !== undefined && { reusedSocket })
  }
}

// -------------------------------------------------------------------------------------------------
// Answers
// -------------------------------------------------------------------------------------------------

const head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
const good = `${head}Content-Length: 2\r\n\r\n{}`
const halfBody = `${head}Content-Length: 100\r\n\r\n{"a":`

const says = (text: string): Behaviour => ({ onRequest: ({ socket }) => socket.end(text) })

/** Says JSON, without regard to what is asked. */
const saysJson = (status: number, body: unknown, ...headers: ReadonlyArray<string>): Behaviour => {
  const text = JSON.stringify(body)
  const lines = [`HTTP/1.1 ${status} -`, "Content-Type: application/json", `Content-Length: ${text.length}`, ...headers]
  return says(`${lines.join("\r\n")}\r\n\r\n${text}`)
}

const host = "127.0.0.1"
const trusted = selfSigned(host, 2020, 2049)
const expired = selfSigned(host, 2020, 2021)
const foreign = selfSigned("elsewhere.example", 2020, 2049)

/** A TLS server that every client trusts. */
const secured = (behaviour: Behaviour, certificate = trusted): Raise =>
  against({ secure: certificate, ...behaviour }, { settings: { ca: certificate.cert } })

const large = "x".repeat(8_000_000)

// -------------------------------------------------------------------------------------------------
// The table
// -------------------------------------------------------------------------------------------------

// of Node 22 and later: ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE
const tlsAlert = /^ERR_SSL_[\w/]+_ALERT_/

interface Situation {
  readonly title: string
  readonly raise: Raise
  readonly cells: Cells
}

const connecting: ReadonlyArray<Situation> = [
  {
    title: "a refused port",
    raise: towards(Effect.map(closedPort, (port) => `http://${host}:${port}`)),
    cells: everyone(transient("Connect", "NotSent", { code: "ECONNREFUSED" }))
  },
  {
    title: "a refused port of a name with several addresses",
    raise: towards(Effect.map(closedPort, (port) => `http://localhost:${port}`)),
    cells: everyone(transient("Connect", "NotSent", { code: "ECONNREFUSED" }))
  },
  {
    title: "a connection that is not made in time",
    raise: towards(
      Effect.map(deafPort, (port) => `http://${host}:${port}`),
      { settings: { connectTimeout: 50 } }
    ),
    cells: {
      ...undicis(transient("Timeout", "NotSent", { phase: "connect", code: "UND_ERR_CONNECT_TIMEOUT" })),
      // the package throws away what was thrown
      openai: transient("Timeout", "Unconfirmed", { phase: "attempt" })
    }
  },
  {
    title: "a self-signed certificate",
    raise: against({ secure: trusted }),
    cells: everyone(fatal("Tls", "NotSent", { code: "DEPTH_ZERO_SELF_SIGNED_CERT" }))
  },
  {
    title: "an expired certificate",
    raise: secured({}, expired),
    cells: everyone(fatal("Tls", "NotSent", { code: "CERT_HAS_EXPIRED" }))
  },
  {
    title: "a certificate of another host",
    raise: secured({}, foreign),
    cells: everyone(fatal("Tls", "NotSent", { code: "ERR_TLS_CERT_ALTNAME_INVALID" }))
  },
  {
    title: "a handshake that the server breaks off",
    raise: secured({ onConnect: (tcp) => tcp.end() }),
    cells: everyone(transient("Connect", "NotSent", { code: "ECONNRESET" }))
  },
  {
    title: "a handshake without the certificate that the server asks for",
    raise: against(
      { secure: { ...trusted, requestCert: true, maxVersion: "TLSv1.2" } },
      { settings: { ca: trusted.cert } }
    ),
    cells: {
      ...undicis(fatal("Tls", "Unconfirmed", { code: tlsAlert })),
      "NodeHttpClient.layer": fatal("Tls", "NotSent", { code: "EPROTO" })
    }
  },
  {
    // in TLS 1.3 the client has sent the request by then; undici sees only the end of the connection
    title: "an alert after the handshake",
    raise: against({ secure: { ...trusted, requestCert: true } }, { settings: { ca: trusted.cert } }),
    cells: { "NodeHttpClient.layer": fatal("Tls", "Unconfirmed", { code: tlsAlert }) }
  },
  {
    // the code is that of the next situation, where a request was sent
    title: "TLS to a port without it",
    raise: (name) =>
      Effect.gen(function* () {
        const server = yield* serve({})
        const client = yield* clients[name]({})
        return { exception: yield* Effect.flip(client({ url: server.origin.replace("http:", "https:") })), server }
      }),
    cells: {
      ...undicis(fatal("Tls", "Unconfirmed", { code: /^ERR_SSL_/ })),
      "NodeHttpClient.layer": fatal("Tls", "NotSent", { code: "EPROTO" })
    }
  },
  {
    title: "plain bytes in the midst of TLS",
    raise: secured({ onRequest: ({ tcp }) => tcp.write("HTTP/1.1 400 Bad Request\r\n\r\n") }),
    cells: { "NodeHttpClient.layer": fatal("Tls", "Unconfirmed", { code: /^ERR_SSL_/ }) }
  },
  {
    title: "a proxy that refuses the tunnel",
    raise: (name) =>
      Effect.gen(function* () {
        const server = yield* serve({})
        const proxy = yield* serve(says("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"))
        const client = yield* clients[name]({ proxy: proxy.origin })
        return { exception: yield* Effect.flip(client({ url: server.origin })), server }
      }),
    cells: undicis(fatal("ProxyRefused", "NotSent", { code: "UND_ERR_ABORTED" }))
  }
]

const losing: ReadonlyArray<Situation> = [
  {
    title: "a reset in the midst of the request",
    raise: against({ onFirstBytes: ({ tcp }) => tcp.resetAndDestroy() }, { call: { body: large } }),
    cells: everyone(transient("ConnectionLost", "Unconfirmed", { code: /^(?:ECONNRESET|EPIPE|UND_ERR_SOCKET)$/ }))
  },
  {
    title: "a reset before the headers",
    raise: against({ onRequest: ({ tcp }) => tcp.resetAndDestroy() }),
    cells: everyone(transient("ConnectionLost", "Unconfirmed", { code: "ECONNRESET" }))
  },
  {
    title: "an orderly close before the headers",
    raise: against(says("")),
    cells: {
      ...undicis(transient("ConnectionLost", "Unconfirmed", { code: "UND_ERR_SOCKET" })),
      "NodeHttpClient.layer": transient("ConnectionLost", "Unconfirmed", { code: "ECONNRESET" })
    }
  },
  {
    title: "an orderly close before the headers, encrypted",
    raise: secured(says("")),
    cells: {
      ...undicis(transient("ConnectionLost", "Unconfirmed", { code: "UND_ERR_SOCKET" })),
      "NodeHttpClient.layer": transient("ConnectionLost", "Unconfirmed", { code: "ECONNRESET" })
    }
  },
  {
    title: "a close in the midst of the headers",
    raise: against(says(`${head}X-Half`)),
    cells: {
      // a known limit: bytes of this answer pass for those of an earlier one
      ...undicis(transient("ConnectionLost", "Unconfirmed", { code: "UND_ERR_SOCKET", reusedSocket: true })),
      undici: transient("ConnectionLost", "Unconfirmed", { code: "UND_ERR_SOCKET" }),
      "NodeHttpClient.layer": transient("ConnectionLost", "Unconfirmed", { code: "ECONNRESET" })
    }
  },
  {
    title: "a kept-alive connection that the server closes",
    raise: onKeptAlive({
      onRequest: ({ requests, socket }) => (requests === 1 ? socket.write(good) : socket.destroy())
    }),
    cells: {
      ...undicis(transient("ConnectionLost", "Unconfirmed", { code: "UND_ERR_SOCKET", reusedSocket: true })),
      // the one throws the same within a body, the other says nothing of its socket
      undici: transient("ConnectionLost", "Unconfirmed", { code: "UND_ERR_SOCKET" }),
      "NodeHttpClient.layer": transient("ConnectionLost", "Unconfirmed", { code: "ECONNRESET" })
    }
  },
  {
    title: "a kept-alive connection that the server resets",
    raise: onKeptAlive({
      onRequest: ({ requests, socket, tcp }) => (requests === 1 ? socket.write(good) : tcp.resetAndDestroy())
    }),
    cells: everyone(transient("ConnectionLost", "Unconfirmed", { code: "ECONNRESET" }))
  },
  {
    title: "a reset in the midst of the body",
    raise: against({
      onRequest: ({ socket, tcp }) => {
        socket.write(halfBody)
        // a reset takes back what was not read yet
        soon(() => tcp.resetAndDestroy())
      }
    }),
    cells: {
      ...everyone(transient("ConnectionLost", "Partial", { code: /^(?:ECONNRESET|UND_ERR_SOCKET)$/ })),
      // the same exception as before the headers, here and below
      undici: transient("ConnectionLost", "Unconfirmed", { code: /^(?:ECONNRESET|UND_ERR_SOCKET)$/ })
    }
  },
  {
    title: "a close in the midst of a body of known length",
    raise: against(says(halfBody)),
    cells: {
      ...undicis(transient("ConnectionLost", "Partial", { code: "UND_ERR_SOCKET" })),
      undici: transient("ConnectionLost", "Unconfirmed", { code: "UND_ERR_SOCKET" }),
      "NodeHttpClient.layer": transient("ConnectionLost", "Partial", { code: "ECONNRESET" })
    }
  },
  {
    title: "an announced close in the midst of a body of known length",
    raise: against(says(`${head}Connection: close\r\nContent-Length: 100\r\n\r\n{"a":`)),
    cells: {
      ...undicis(transient("ConnectionLost", "Partial", { code: "UND_ERR_RES_CONTENT_LENGTH_MISMATCH" })),
      "NodeHttpClient.layer": transient("ConnectionLost", "Partial", { code: "ECONNRESET" })
    }
  },
  {
    title: "a truncated chunked body",
    raise: against(says(`${head}Transfer-Encoding: chunked\r\n\r\n5\r\n{"a":\r\n`)),
    cells: {
      ...undicis(transient("ConnectionLost", "Partial", { code: "UND_ERR_SOCKET" })),
      undici: transient("ConnectionLost", "Unconfirmed", { code: "UND_ERR_SOCKET" }),
      "NodeHttpClient.layer": transient("ConnectionLost", "Partial", { code: "ECONNRESET" })
    }
  },
  // browsers say no more than this, whatever happened
  ...["Failed to fetch", "NetworkError when attempting to fetch resource.", "Load failed"].map((message) => ({
    title: `a browser's "${message}"`,
    raise: against({}, { settings: { fetch: () => Promise.reject(new TypeError(message)) } }),
    cells: fetches(transient("ConnectionLost", "Unconfirmed"))
  }))
]

const reading: ReadonlyArray<Situation> = [
  {
    title: "garbage instead of HTTP",
    raise: against(says("220 mail.example ESMTP\r\n\r\n")),
    cells: {
      // undici 7 gives no code
      ...undicis(transient("InvalidAnswer", "Partial", { code: /^(?:HPE_INVALID_CONSTANT)?$/ })),
      "NodeHttpClient.layer": transient("InvalidAnswer", "Partial", { code: "HPE_INVALID_CONSTANT" })
    }
  },
  {
    title: "headers of 100 kB",
    raise: against(says(`${head}X-Large: ${"x".repeat(100_000)}\r\n\r\n{}`)),
    cells: {
      ...undicis(fatal("AnswerTooLarge", "Partial", { code: "UND_ERR_HEADERS_OVERFLOW" })),
      "NodeHttpClient.layer": fatal("AnswerTooLarge", "Partial", { code: "HPE_HEADER_OVERFLOW" })
    }
  },
  {
    title: "a content-length that is no number",
    raise: against(says(`${head}Content-Length: many\r\n\r\n{}`)),
    cells: {
      ...undicis(transient("InvalidAnswer", "Partial", { code: /^(?:HPE_INVALID_CONTENT_LENGTH)?$/ })),
      "NodeHttpClient.layer": transient("InvalidAnswer", "Partial", { code: "HPE_INVALID_CONTENT_LENGTH" })
    }
  },
  {
    title: "a content-length that cuts the JSON off",
    raise: against(says(`${head}Content-Length: 4\r\n\r\n{"a":1}`), { call: { as: "json" } }),
    cells: everyone(transient("InvalidAnswer", "Acknowledged"))
  },
  {
    title: "a chunk without a size",
    raise: against(says(`${head}Transfer-Encoding: chunked\r\n\r\nmany\r\n{}`)),
    cells: {
      ...undicis(transient("InvalidAnswer", "Partial", { code: /^(?:HPE_INVALID_CHUNK_SIZE)?$/ })),
      "NodeHttpClient.layer": transient("ConnectionLost", "Partial", { code: "ECONNRESET" })
    }
  },
  {
    // the others do not decompress
    title: "a body that is not compressed as announced",
    raise: against(says(`${head}Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello`)),
    cells: fetches(transient("InvalidAnswer", "Partial", { code: "Z_DATA_ERROR" }))
  },
  {
    title: "a 200 that is no JSON",
    raise: against(says(`${head}Content-Length: 6\r\n\r\n<html>`), { call: { as: "json" } }),
    cells: everyone(transient("InvalidAnswer", "Acknowledged"))
  },
  {
    title: "a circle of redirections",
    raise: against({
      onRequest: ({ socket }) => socket.write("HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n")
    }),
    cells: fetches(fatal("UnexpectedStatus", "Acknowledged"))
  }
]

const halfBodyAndAbort = (controller: AbortController): Behaviour => ({
  onRequest: ({ socket }) => {
    socket.write(halfBody)
    soon(() => controller.abort())
  }
})

const waiting: ReadonlyArray<Situation> = [
  {
    title: "a timeout for the headers",
    raise: against({}, { settings: { headersTimeout: 50 } }),
    cells: {
      fetch: transient("Timeout", "Unconfirmed", { phase: "read", code: "UND_ERR_HEADERS_TIMEOUT" }),
      undici: transient("Timeout", "Unconfirmed", { phase: "read", code: "UND_ERR_HEADERS_TIMEOUT" }),
      "FetchHttpClient.layer": transient("Timeout", "Unconfirmed", { phase: "read", code: "UND_ERR_HEADERS_TIMEOUT" }),
      openai: transient("Timeout", "Unconfirmed", { phase: "attempt" })
    }
  },
  {
    title: "a timeout within the body",
    raise: against({ onRequest: ({ socket }) => socket.write(halfBody) }, { settings: { bodyTimeout: 50 } }),
    cells: {
      ...fetches(transient("Timeout", "Partial", { phase: "read", code: "UND_ERR_BODY_TIMEOUT" })),
      undici: transient("Timeout", "Partial", { phase: "read", code: "UND_ERR_BODY_TIMEOUT" })
    }
  },
  {
    title: "a timeout of the whole call",
    raise: against({}, { settings: { timeout: "50 millis" } }),
    cells: {
      ...effects(transient("Timeout", "Unconfirmed", { phase: "attempt" })),
      openai: transient("Timeout", "Unconfirmed", { phase: "attempt" })
    }
  },
  {
    title: "AbortSignal.timeout",
    raise: (name) => against({}, { call: { signal: AbortSignal.timeout(50) } })(name),
    cells: {
      fetch: transient("Timeout", "Unconfirmed", { phase: "attempt" }),
      undici: transient("Timeout", "Unconfirmed", { phase: "attempt" }),
      // these say only that they were aborted
      ...effects(fatal("Aborted", "Unconfirmed")),
      openai: fatal("Aborted", "Unconfirmed")
    }
  },
  {
    // the exception is that of the next situation
    title: "an abort before the call",
    raise: against((controller) => {
      controller.abort()
      return {}
    }),
    cells: everyone(fatal("Aborted", "Unconfirmed"))
  },
  {
    title: "an abort during the call",
    raise: against((controller) => ({ onRequest: () => controller.abort() })),
    cells: everyone(fatal("Aborted", "Unconfirmed"))
  },
  {
    title: "an abort within the body",
    raise: against(halfBodyAndAbort),
    cells: everyone(fatal("Aborted", "Unconfirmed"))
  }
]

const asking: ReadonlyArray<Situation> = [
  {
    title: "an invalid URL",
    raise: towards(Effect.succeed("no url")),
    cells: everyone(fatal("InvalidRequest", "NotSent", { code: "ERR_INVALID_URL" }))
  },
  {
    title: "a URL of another protocol",
    raise: towards(Effect.succeed(`ftp://${host}/`)),
    cells: {
      ...fetches(fatal("InvalidRequest", "NotSent")),
      undici: fatal("InvalidRequest", "NotSent", { code: "UND_ERR_INVALID_ARG" }),
      "NodeHttpClient.layer": fatal("InvalidRequest", "NotSent", { code: "ERR_INVALID_PROTOCOL" }),
      "NodeHttpClient.layerUndici": fatal("InvalidRequest", "NotSent", { code: "UND_ERR_INVALID_ARG" })
    }
  },
  {
    // https://fetch.spec.whatwg.org/#port-blocking
    title: "a port that fetch blocks",
    raise: towards(Effect.succeed(`http://${host}:1/`)),
    cells: fetches(fatal("InvalidRequest", "NotSent"))
  },
  {
    title: "an invalid header value",
    raise: against({}, { call: { headers: { authorization: "Bearer a\nb" } } }),
    cells: {
      ...fetches(fatal("InvalidRequest", "NotSent")),
      undici: fatal("InvalidRequest", "NotSent", { code: "UND_ERR_INVALID_ARG" }),
      "NodeHttpClient.layer": fatal("InvalidRequest", "NotSent", { code: "ERR_INVALID_CHAR" }),
      "NodeHttpClient.layerUndici": fatal("InvalidRequest", "NotSent", { code: "UND_ERR_INVALID_ARG" })
    }
  },
  {
    title: "a header value outside of Latin-1",
    raise: against({}, { call: { headers: { "x-title": "☃" } } }),
    cells: {
      ...fetches(fatal("InvalidRequest", "NotSent")),
      undici: fatal("InvalidRequest", "NotSent", { code: "UND_ERR_INVALID_ARG" }),
      "NodeHttpClient.layer": fatal("InvalidRequest", "NotSent", { code: "ERR_INVALID_CHAR" }),
      "NodeHttpClient.layerUndici": fatal("InvalidRequest", "NotSent", { code: "UND_ERR_INVALID_ARG" })
    }
  },
  {
    // a body that is generated may be on its way when its length turns out wrong
    title: "a request of another length than announced",
    raise: against({}, { call: { headers: { "content-length": "1" } } }),
    cells: { undici: fatal("InvalidRequest", "Unconfirmed", { code: "UND_ERR_REQ_CONTENT_LENGTH_MISMATCH" }) }
  }
]

// what an Effect fails with reaches the world outside of Effect in a `Cause`, and that in a `FiberFailure`
const promised = (): Options => ({ call: { signal: new AbortController().signal } })

const wrapping: ReadonlyArray<Situation> = [
  {
    title: "a refused port, as Effect.runPromise rejects with it,",
    raise: towards(
      Effect.map(closedPort, (port) => `http://${host}:${port}`),
      promised()
    ),
    cells: effects(transient("Connect", "NotSent", { code: "ECONNREFUSED" }))
  },
  {
    title: "a body cut off, as Effect.runPromise rejects with it,",
    raise: against(says(halfBody), promised()),
    cells: {
      ...effects(transient("ConnectionLost", "Partial", { code: "UND_ERR_SOCKET" })),
      "NodeHttpClient.layer": transient("ConnectionLost", "Partial", { code: "ECONNRESET" })
    }
  },
  {
    title: "a defect of the client, as Effect.runPromise rejects with it,",
    raise: against({}, { call: { ...promised().call, headers: { "x-title": "☃" } } }),
    cells: { "NodeHttpClient.layer": fatal("InvalidRequest", "NotSent", { code: "ERR_INVALID_CHAR" }) }
  },
  {
    title: "a refused port in an UnknownException",
    raise: () =>
      Effect.gen(function* () {
        const port = yield* closedPort
        return { exception: yield* Effect.flip(Effect.tryPromise(() => fetch(`http://${host}:${port}`))) }
      }),
    cells: { fetch: transient("Connect", "NotSent", { code: "ECONNREFUSED" }) }
  }
]

describe.concurrent("what clients throw", () => {
  for (const { cells, raise, title } of [...connecting, ...losing, ...reading, ...waiting, ...asking, ...wrapping]) {
    for (const [client, verdict] of Record.toEntries(cells as Required<Cells>)) {
      it.scopedLive(`${client}: ${title} is ${verdict.reason}, ${verdict.delivery}`, () =>
        Effect.gen(function* () {
          const error = yield* classify(yield* raise(client))
          expect(concluded(error, verdict)).toStrictEqual(verdict)
        })
      )
    }
  }

  for (const client of Record.keys(clients)) {
    it.scopedLive(
      `${client}: a name that nobody knows is NameNotFound, or NameLookup without a resolver, NotSent`,
      () =>
        Effect.gen(function* () {
          const error = yield* classify(yield* towards(Effect.succeed("http://nowhere.invalid"))(client))
          const reason = error.code === "ENOTFOUND" ? "NameNotFound" : "NameLookup"
          expect(error).toMatchObject({ _tag: "Transient", reason, delivery: "NotSent" })
          expect(["ENOTFOUND", "EAI_AGAIN"]).toContain(error.code)
        })
    )
  }
})

// -------------------------------------------------------------------------------------------------
// Bodies
// -------------------------------------------------------------------------------------------------

const layers = {
  "FetchHttpClient.layer": FetchHttpClient.layer,
  "NodeHttpClient.layer": NodeHttpClient.layer,
  "NodeHttpClient.layerUndici": NodeHttpClient.layerUndici
}

const openai = (server: Server, timeout?: number): OpenAI =>
  new OpenAI({ apiKey: "a key", baseURL: server.origin, maxRetries: 0, ...(timeout !== undefined && { timeout }) })

describe.concurrent("bodies that cannot be sent", () => {
  const request = HttpClientRequest.post("http://127.0.0.1")

  it.effect("HttpClientRequest.bodyJson: what is no JSON is InvalidRequest, NotSent", () =>
    Effect.gen(function* () {
      const exception = yield* Effect.flip(HttpClientRequest.bodyJson(request, { tokens: 1n }))
      const expected = fatal("InvalidRequest", "NotSent")
      expect(concluded(yield* classify({ exception }), expected)).toStrictEqual(expected)
    })
  )

  it.effect("HttpClientRequest.schemaBodyJson: what is against the schema is InvalidRequest, NotSent", () =>
    Effect.gen(function* () {
      const send = HttpClientRequest.schemaBodyJson(Schema.Struct({ prompt: Schema.NonEmptyString }))
      const exception = yield* Effect.flip(send(request, { prompt: "" }))
      const expected = fatal("InvalidRequest", "NotSent")
      expect(concluded(yield* classify({ exception }), expected)).toStrictEqual(expected)
    })
  )

  // the TypeError of `JSON.stringify`, and of every mistake in the program
  it.scopedLive("openai: what is no JSON is Unknown, Unconfirmed", () =>
    Effect.gen(function* () {
      const server = yield* serve({})
      const exception = yield* Effect.flip(attempt(() => openai(server).post("", { body: { tokens: 1n } })))
      const expected = fatal("Unknown", "Unconfirmed")
      expect(concluded(yield* classify({ exception, server }), expected)).toStrictEqual(expected)
      expect(received(server)).toBe(0)
    })
  )

  for (const [client, layer] of Record.toEntries(layers)) {
    it.scopedLive(`${client}: a body whose source fails on the way is Unconfirmed`, () =>
      Effect.gen(function* () {
        const arrived = yield* Deferred.make<void>()
        const server = yield* serve({ onFirstBytes: () => Deferred.unsafeDone(arrived, Effect.void) })
        const body = Stream.concat(
          Stream.encodeText(Stream.make("the beginning")),
          Stream.fromEffect(Effect.zipRight(Deferred.await(arrived), Effect.fail(new Cause.NoSuchElementException())))
        )
        const call = HttpClient.execute(HttpClientRequest.bodyStream(HttpClientRequest.post(server.origin), body))
        const exception = yield* Effect.flip(Effect.provide(call, layer))
        const error = yield* classify({ exception, server })
        expect(received(server)).toBeGreaterThan(0)
        expect(error.delivery).toBe("Unconfirmed")
      })
    )
  }
})

// -------------------------------------------------------------------------------------------------
// Answers
// -------------------------------------------------------------------------------------------------

describe.concurrent("answers that clients turn into exceptions", () => {
  for (const [client, layer] of Record.toEntries(layers)) {
    it.scopedLive(
      `${client}: an answer of another shape is Decode, Acknowledged, and names the field but no value`,
      () =>
        Effect.gen(function* () {
          const server = yield* serve(saysJson(200, { choices: [{ text: "whole" }, { text: 4711 }] }))
          const answer = Schema.Struct({ choices: Schema.Array(Schema.Struct({ text: Schema.String })) })
          const call = Effect.flatMap(HttpClient.post(server.origin), HttpClientResponse.schemaBodyJson(answer))
          const exception = yield* Effect.flip(Effect.provide(call, layer))
          const error = yield* classify({ exception, server })
          expect(error).toMatchObject(fatal("Decode", "Acknowledged"))
          expect(error.detail).toBe("at choices.1.text")
        })
    )

    it.scopedLive(
      `${client}: a status that filterStatusOk refuses is an answer, with its headers and its request`,
      () =>
        Effect.gen(function* () {
          const server = yield* serve(saysJson(429, {}, "Retry-After: 7", "X-Request-Id: r-1"))
          const call = Effect.flatMap(HttpClient.HttpClient, (client) =>
            HttpClient.filterStatusOk(client).post(`${server.origin}/v1/completions?draft`)
          )
          const exception = yield* Effect.flip(Effect.provide(call, layer))
          const error = yield* classify({ exception, server })
          expect({ ...error }).toStrictEqual({
            _tag: "RateLimit",
            reason: "RateExceeded",
            delivery: "Acknowledged",
            status: 429,
            retryAfter: Duration.seconds(7),
            executed: false,
            requestId: "r-1",
            method: "POST",
            url: `${server.origin}/v1/completions`,
            attempts: 0
          })
        })
    )
  }

  it.scopedLive("a Retry-After that is a date is read against now, and ignored without it", () =>
    Effect.gen(function* () {
      const server = yield* serve(saysJson(429, {}, "Retry-After: Thu, 01 Jan 1970 00:01:00 GMT"))
      const call = Effect.flatMap(HttpClient.HttpClient, (client) =>
        HttpClient.filterStatusOk(client).get(server.origin)
      )
      const exception = yield* Effect.flip(Effect.provide(call, NodeHttpClient.layer))
      const withClock = yield* classify({ exception, server }, { now: 15_000 })
      const without = yield* classify({ exception, server }, { now: Number.NaN })
      expect(withClock.retryAfter).toStrictEqual(Duration.seconds(45))
      expect(without).toMatchObject({ _tag: "RateLimit", reason: "RateExceeded" })
      expect(without.retryAfter).toBeUndefined()
    })
  )

  const answers: ReadonlyArray<{
    readonly says: Behaviour
    readonly is: Partial<ApiError.ApiError> & { readonly status: number; readonly reason: ApiError.Reason }
  }> = [
    {
      says: saysJson(
        429,
        { error: { message: "Slow down.", type: "requests", code: "rate_limit_exceeded" } },
        "Retry-After: 3",
        "X-Should-Retry: true",
        "X-Request-Id: r-2"
      ),
      is: {
        _tag: "RateLimit",
        reason: "RateExceeded",
        status: 429,
        code: "rate_limit_exceeded",
        detail: "Slow down.",
        retryAfter: Duration.seconds(3),
        shouldRetry: true,
        requestId: "r-2"
      }
    },
    {
      says: saysJson(429, { error: { message: "Pay first.", code: "insufficient_quota" } }),
      is: { _tag: "Fatal", reason: "QuotaExhausted", status: 429, code: "insufficient_quota" }
    },
    {
      says: saysJson(401, { error: { message: "Incorrect API key provided.", code: "invalid_api_key" } }),
      is: { _tag: "Fatal", reason: "Unauthorized", status: 401, code: "invalid_api_key" }
    },
    {
      says: saysJson(500, { error: { message: "Oh." } }),
      is: { _tag: "Transient", reason: "ServerError", status: 500, detail: "Oh." }
    },
    {
      says: says("HTTP/1.1 502 -\r\nContent-Type: text/html\r\nContent-Length: 15\r\n\r\n<html>no</html>"),
      is: { _tag: "Transient", reason: "BadGateway", status: 502 }
    },
    {
      says: saysJson(503, { error: { message: "Soon.", code: "DEPLOYMENT_SCALING_UP" } }, "Retry-After: 30"),
      is: {
        _tag: "Transient",
        reason: "ScalingUp",
        status: 503,
        code: "DEPLOYMENT_SCALING_UP",
        retryAfter: Duration.seconds(30),
        executed: false
      }
    }
  ]
  for (const { is, says } of answers) {
    it.scopedLive(`openai: a ${is.status} is ${is.reason}, Acknowledged`, () =>
      Effect.gen(function* () {
        const server = yield* serve(says)
        const exception = yield* Effect.flip(attempt(() => openai(server).models.list()))
        const error = yield* classify({ exception, server })
        expect(error).toMatchObject({ ...is, delivery: "Acknowledged" })
      })
    )
  }

  const events = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
  const event = (data: unknown): string => {
    const text = `data: ${JSON.stringify(data)}\n\n`
    return `${text.length.toString(16)}\r\n${text}\r\n`
  }
  const readStream = (server: Server) =>
    attempt(async () => {
      const stream = await openai(server).chat.completions.create({ model: "m", messages: [], stream: true })
      for await (const chunk of stream) expect(chunk).toBeDefined()
    })

  it.scopedLive("openai: a stream that breaks off is ConnectionLost, Partial", () =>
    Effect.gen(function* () {
      const server = yield* serve(says(events + event({ choices: [] })))
      const expected = transient("ConnectionLost", "Partial", { code: "UND_ERR_SOCKET" })
      const error = yield* classify({ exception: yield* Effect.flip(readStream(server)), server })
      expect(concluded(error, expected)).toStrictEqual(expected)
    })
  )

  it.scopedLive("openai: an error event within a stream is what its code means", () =>
    Effect.gen(function* () {
      const failure = { message: "The server had an error.", type: "server_error", code: "server_error" }
      const server = yield* serve(says(`${events}${event({ error: failure })}0\r\n\r\n`))
      const exception = yield* Effect.flip(readStream(server))
      const error = yield* classify({ exception, server }, { dialect: Dialect.openai })
      expect(error).toMatchObject({ _tag: "Transient", reason: "ServerError", detail: failure.message })
      expect(["Partial", "Acknowledged"]).toContain(error.delivery)
    })
  )
})

// -------------------------------------------------------------------------------------------------
// Secrets
// -------------------------------------------------------------------------------------------------

// nothing that a pattern would know
const key = "opensesame"
const prompt = "wombats at dawn"

const built = [
  Logger.stringLogger,
  Logger.logfmtLogger,
  Logger.jsonLogger,
  Logger.map(Logger.structuredLogger, (entry) => inspect(entry, { depth: null }))
]

/** What each of Effect's loggers makes of an error. */
const logged = (error: ApiError.ApiError) =>
  Effect.gen(function* () {
    const lines: Array<string> = []
    const log = Effect.annotateLogs(Effect.logError("failed", error, Cause.fail(error)), { error })
    for (const logger of built) {
      const keep = Logger.map(logger, (line) => void lines.push(line))
      yield* Effect.provide(log, Logger.replace(Logger.defaultLogger, keep))
    }
    const screen = new Writable({
      write: (chunk: Buffer, _, done) => {
        lines.push(chunk.toString())
        done()
      }
    })
    const pretty = Logger.replace(Logger.defaultLogger, Logger.prettyLogger({ mode: "tty", colors: false }))
    yield* Console.consoleWith((console) =>
      Effect.withConsole(Effect.provide(log, pretty), { ...console, unsafe: new NodeConsole(screen) })
    )
    return lines
  })

/** All that a program may print of an error. */
const printed = (error: ApiError.ApiError) =>
  Effect.gen(function* () {
    return [
      error.message,
      error.detail ?? "",
      String(error),
      error.stack ?? "",
      inspect(error),
      inspect(error, { depth: null, showHidden: true, customInspect: false }),
      JSON.stringify(error),
      JSON.stringify(yield* Schema.encode(ApiError.ApiError)(error)),
      Cause.pretty(Cause.fail(error), { renderErrorCause: true }),
      Cause.pretty(Cause.die(error), { renderErrorCause: true }),
      ...(yield* logged(error))
    ]
  })

interface Leak {
  readonly title: string
  readonly raise: Effect.Effect<Raised, unknown, Scope.Scope>
}

const secretCall = {
  headers: { authorization: `Bearer ${key}` },
  body: JSON.stringify({ prompt })
}

const leaks: ReadonlyArray<Leak> = [
  ...(["fetch", "FetchHttpClient.layer", "openai"] as const).map((client) => ({
    title: `${client}: a header in a message`,
    raise: against({}, { call: { ...secretCall, headers: { authorization: `Bearer ${key}\n${prompt}` } } })(client)
  })),
  ...Record.keys(layers).map((client) => ({
    title: `${client}: headers, body and query of a request`,
    raise: towards(
      Effect.map(closedPort, (port) => `http://${host}:${port}/v1?key=${key}&prompt=${prompt}`),
      { call: secretCall }
    )(client)
  })),
  {
    title: "NodeHttpClient.layer: a request in a rejected promise",
    raise: against(says(""), { call: { ...secretCall, ...promised().call } })("NodeHttpClient.layer")
  },
  {
    title: "undici: a URL that is none",
    raise: towards(Effect.succeed(`no url?key=${key}`))("undici")
  },
  {
    title: "undici: the bytes that are no HTTP",
    raise: against(says(`${prompt} ${key}\r\n\r\n`))("undici")
  },
  ...Record.keys(clients).map((client) => ({
    title: `${client}: an answer that is no JSON`,
    raise: against(says(`${head}Content-Length: ${prompt.length}\r\n\r\n${prompt}`), { call: { as: "json" } })(client)
  })),
  {
    title: "NodeHttpClient.layer: a value of another type",
    raise: Effect.gen(function* () {
      const server = yield* serve(saysJson(200, { text: [key, prompt] }))
      const shape = HttpClientResponse.schemaBodyJson(Schema.Struct({ text: Schema.String }))
      const call = Effect.provide(Effect.flatMap(HttpClient.get(server.origin), shape), NodeHttpClient.layer)
      return { exception: yield* Effect.flip(call) }
    })
  },
  {
    title: "HttpClientRequest.schemaBodyJson: a value of another type",
    raise: Effect.gen(function* () {
      const send = HttpClientRequest.schemaBodyJson(Schema.Struct({ prompt: Schema.String.pipe(Schema.maxLength(3)) }))
      return { exception: yield* Effect.flip(send(HttpClientRequest.post(`http://${host}`), { prompt })) }
    })
  },
  {
    title: "openai: a key that the server repeats",
    raise: against(saysJson(401, { error: { message: `Incorrect API key provided: ${key}.` } }))("openai")
  },
  {
    title: "openai: a prompt that the server quotes",
    raise: against(saysJson(400, { error: { message: `Invalid prompt: "${prompt}"`, input: prompt } }))("openai")
  },
  {
    title: "fetch: the reason of an abort",
    raise: against((controller) => ({ onRequest: () => controller.abort(new Error(`${prompt} ${key}`)) }))("fetch")
  }
]

describe.concurrent("what is kept of an exception", () => {
  for (const { raise, title } of leaks) {
    it.scopedLive(`${title} is not`, () =>
      Effect.gen(function* () {
        const { exception } = yield* raise
        const raw = inspect(exception, { depth: null, showHidden: true, customInspect: false })
        expect(raw).toMatch(/opensesame|wombats/)

        const error = Classify.exception(exception, { now: 0 })
        for (const text of yield* printed(error)) expect(text).not.toMatch(/opensesame|wombats/)
        expect((yield* logged(error)).filter((line) => line.includes(error.reason))).not.toHaveLength(0)
      })
    )
  }
})
