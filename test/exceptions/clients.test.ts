import { describe, it } from "@effect/vitest"
import { Effect, Record } from "effect"
import { expect, vi } from "vitest"
import { selfSigned } from "../support/certificate.js"
import { clients, type Name } from "../support/clients.js"
import {
  against,
  classify,
  concluded,
  fatal,
  head,
  host,
  promised,
  type Raise,
  says,
  towards,
  transient,
  turns,
  type Verdict
} from "../support/exceptions.js"
import { type Behaviour, closedPort, deafPort, serve } from "../support/faults.js"

// Node loads its `fetch` with the first use of it; were the `undici` package loaded before, `fetch` would use its pool
vi.hoisted(() => Reflect.get(globalThis, "Response"))

type Cells = Readonly<Partial<Record<Name, Verdict>>>

const openais = (verdict: Verdict) => ({ "openai 6": verdict, "openai 7": verdict })

/** The clients above Node's `fetch`. */
const fetches = (verdict: Verdict) => ({ fetch: verdict, "FetchHttpClient.layer": verdict, ...openais(verdict) })

/** The clients above some version of undici. */
const undicis = (verdict: Verdict) => ({ ...fetches(verdict), undici: verdict, "NodeHttpClient.layerUndici": verdict })

const everyone = (verdict: Verdict) => ({ ...undicis(verdict), "NodeHttpClient.layer": verdict })

const effects = (verdict: Verdict) => ({
  "FetchHttpClient.layer": verdict,
  "NodeHttpClient.layer": verdict,
  "NodeHttpClient.layerUndici": verdict
})

/** Calls until a call fails, the first on a reused connection. */
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

const soon = (f: () => void): void => void turns().then(f)
const good = `${head}Content-Length: 2\r\n\r\n{}`
const halfBody = `${head}Content-Length: 100\r\n\r\n{"a":`
const trusted = selfSigned(host, 2020, 2049)
const expired = selfSigned(host, 2020, 2021)
const foreign = selfSigned("elsewhere.example", 2020, 2049)

/** A TLS server that every client trusts. */
const secured = (behaviour: Behaviour, certificate = trusted): Raise =>
  against({ secure: certificate, ...behaviour }, { settings: { ca: certificate.cert } })

const large = "x".repeat(8_000_000)

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
      // version 6 of the package discards the original exception
      "openai 6": transient("Timeout", "Unconfirmed", { phase: "attempt" }),
      "openai 7": transient("Timeout", "NotSent", { phase: "connect", code: "UND_ERR_CONNECT_TIMEOUT" })
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
      // a known limitation: bytes of this response look like those of an earlier one
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
      // undici throws the same within a body, node:http reports nothing about its socket
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
        // a reset discards bytes that were not read yet
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
  // browsers report nothing more specific
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
      // undici 7 reports no code
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
    title: "a content-length that is not a number",
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
    title: "a 200 that is not JSON",
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
      "openai 6": transient("Timeout", "Unconfirmed", { phase: "attempt" }),
      "openai 7": transient("Timeout", "Unconfirmed", { phase: "read", code: "UND_ERR_HEADERS_TIMEOUT" })
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
      ...openais(transient("Timeout", "Unconfirmed", { phase: "attempt" }))
    }
  },
  {
    title: "AbortSignal.timeout",
    raise: (name) => against({}, { call: { signal: AbortSignal.timeout(50) } })(name),
    cells: {
      fetch: transient("Timeout", "Unconfirmed", { phase: "attempt" }),
      undici: transient("Timeout", "Unconfirmed", { phase: "attempt" }),
      "openai 7": transient("Timeout", "Unconfirmed", { phase: "attempt" }),
      // these report only the abort
      ...effects(fatal("Aborted", "Unconfirmed")),
      "openai 6": fatal("Aborted", "Unconfirmed")
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
    // a generated body may already be partly sent when its length turns out to be wrong
    title: "a request of another length than announced",
    raise: against({}, { call: { headers: { "content-length": "1" } } }),
    cells: { undici: fatal("InvalidRequest", "Unconfirmed", { code: "UND_ERR_REQ_CONTENT_LENGTH_MISMATCH" }) }
  }
]

const wrapping: ReadonlyArray<Situation> = [
  {
    title: "a refused port, rejected by Effect.runPromise",
    raise: towards(
      Effect.map(closedPort, (port) => `http://${host}:${port}`),
      promised()
    ),
    cells: effects(transient("Connect", "NotSent", { code: "ECONNREFUSED" }))
  },
  {
    title: "a truncated body, rejected by Effect.runPromise",
    raise: against(says(halfBody), promised()),
    cells: {
      ...effects(transient("ConnectionLost", "Partial", { code: "UND_ERR_SOCKET" })),
      "NodeHttpClient.layer": transient("ConnectionLost", "Partial", { code: "ECONNRESET" })
    }
  },
  {
    title: "a defect of the client, rejected by Effect.runPromise",
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

describe.concurrent("Classify.exception with real clients", () => {
  for (const { cells, raise, title } of [...connecting, ...losing, ...reading, ...waiting, ...asking, ...wrapping]) {
    for (const [client, verdict] of Record.toEntries(cells as Required<Cells>)) {
      it.scopedLive(`returns ${verdict.reason}, ${verdict.delivery} for ${title} (${client})`, () =>
        Effect.gen(function* () {
          const error = yield* classify(yield* raise(client))
          expect(concluded(error, verdict)).toStrictEqual(verdict)
        })
      )
    }
  }

  for (const client of Record.keys(clients)) {
    it.scopedLive(`returns NameNotFound, or NameLookup without a resolver, for an unknown host name (${client})`, () =>
      Effect.gen(function* () {
        const error = yield* classify(yield* towards(Effect.succeed("http://nowhere.invalid"))(client))
        const reason = error.code === "ENOTFOUND" ? "NameNotFound" : "NameLookup"
        expect(error).toMatchObject({ _tag: "Transient", reason, delivery: "NotSent" })
        expect(["ENOTFOUND", "EAI_AGAIN"]).toContain(error.code)
      })
    )
  }
})
