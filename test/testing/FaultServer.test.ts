import { describe, it } from "@effect/vitest"
import { Effect, Fiber, type Scope, TestClock } from "effect"
import { Fault, FaultServer } from "effect-reliability/testing"
import * as net from "node:net"
import OpenAI from "openai"
import * as undici from "undici"
import { expect } from "vitest"
import { selfSigned } from "../support/certificate.js"

type Server = FaultServer.FaultServer

// -------------------------------------------------------------------------------------------------
// Clients
// -------------------------------------------------------------------------------------------------

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | ReadonlyArray<string> | undefined>>
  readonly text: string
}

/** What a client got, or the code of its failure. */
type Get = (path?: string, body?: string) => Effect.Effect<Answer | string>

const codeOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  const { code } = error as NodeJS.ErrnoException
  return code ?? (error.cause === undefined ? error.name : codeOf(error.cause))
}

const settle = <A>(evaluate: (signal: AbortSignal) => Promise<A>): Effect.Effect<A | string> =>
  Effect.promise((signal) => evaluate(signal).catch(codeOf))

const trusting = ({ ca }: Server) => (ca === undefined ? {} : { ca })

/** One kept-alive connection, as far as the server lets it live. */
const client = (
  server: Server,
  connect: undici.Pool.Options["connect"] = trusting(server)
): Effect.Effect<Get, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => new undici.Pool(server.origin, { connections: 1, connect })),
      (pool) => Effect.promise(() => pool.destroy())
    ),
    (pool): Get =>
      (path = "/", body) =>
        settle(async (signal) => {
          const {
            body: answer,
            headers,
            statusCode
          } = await pool.request({
            path,
            signal,
            method: body === undefined ? "GET" : "POST",
            ...(body !== undefined && { body })
          })
          return { status: statusCode, headers, text: await answer.text() }
        })
  )

/** Sends bytes, and collects what comes back until the connection closes. */
const raw = (server: Server, bytes: string): Effect.Effect<string> =>
  Effect.async<string>((resume) => {
    const socket = net.connect(server.port, "127.0.0.1", () => socket.write(bytes))
    let text = ""
    socket.on("data", (chunk: Buffer) => (text += chunk.toString("latin1")))
    socket.on("error", () => undefined)
    socket.on("close", () => resume(Effect.succeed(text)))
    return Effect.sync(() => socket.destroy())
  })

const get = "GET / HTTP/1.1\r\nhost: x\r\n\r\n"

const openai = (server: Server, maxRetries = 0) =>
  new OpenAI({ baseURL: server.baseUrl, apiKey: "key", maxRetries, fetch: globalThis.fetch })

const messages = [{ role: "user" as const, content: "one two three" }]

/** Runs with a server and a client of it. */
const withServer = <A>(
  options: FaultServer.Options,
  use: (server: Server, send: Get) => Effect.Effect<A, never, Scope.Scope>
) =>
  Effect.scoped(
    Effect.gen(function* () {
      const server = yield* FaultServer.make(options)
      return yield* use(server, yield* client(server))
    })
  )

const statusOf = (answer: Answer | string) => (typeof answer === "string" ? answer : answer.status)

const closedOf = ({ closed }: FaultServer.RequestRecord | FaultServer.ConnectionRecord) =>
  closed && `${closed.how} by ${closed.by}`

// -------------------------------------------------------------------------------------------------
// Scripts
// -------------------------------------------------------------------------------------------------

describe("a script", () => {
  it.live("gives all requests one fault", () =>
    withServer({ script: Fault.answer(503) }, (_, send) =>
      Effect.gen(function* () {
        expect([statusOf(yield* send()), statusOf(yield* send())]).toEqual([503, 503])
      })
    )
  )

  it.live("gives the nth request the nth, and the rest a healthy answer", () =>
    withServer({ script: [Fault.answer(500), Fault.answer(418)] }, (_, send) =>
      Effect.gen(function* () {
        expect([statusOf(yield* send()), statusOf(yield* send()), statusOf(yield* send())]).toEqual([500, 418, 200])
      })
    )
  )

  it.live("decides by what is asked", () =>
    withServer(
      { script: ({ body, path }) => (path === "/bad?x=1" && body === "b" ? Fault.answer(400) : Fault.healthy) },
      (_, send) =>
        Effect.gen(function* () {
          expect([statusOf(yield* send("/bad?x=1", "b")), statusOf(yield* send("/bad?x=1"))]).toEqual([400, 200])
        })
    )
  )

  it.live("is replaced at once, and its list begins anew", () =>
    withServer({ script: [Fault.answer(500), Fault.answer(501)] }, (server, send) =>
      Effect.gen(function* () {
        yield* send()
        yield* server.script([Fault.answer(502)])
        expect([statusOf(yield* send()), statusOf(yield* send())]).toEqual([502, 200])
      })
    )
  )

  it.live("that gives nothing is a 500 that says so", () =>
    // as of somebody who writes JavaScript
    withServer({ script: () => undefined as unknown as Fault.Fault }, (_, send) =>
      Effect.map(send(), (answer) => expect(answer).toMatchObject({ status: 500 }))
    )
  )

  it.live("that throws is a 500 that says so", () => {
    const script = () => {
      throw new Error("oops")
    }
    return withServer({ script, connections: script }, (_, send) =>
      Effect.gen(function* () {
        const answer = yield* send()
        expect(answer).toMatchObject({ status: 500 })
        expect(JSON.stringify(answer)).toContain("The server failed: Error: oops")
      })
    )
  })
})

// -------------------------------------------------------------------------------------------------
// Faults
// -------------------------------------------------------------------------------------------------

/** What one connection gets: of its first request, and of its second. */
const seen = (fault: Fault.Fault, requests = 1, tls = false) =>
  withServer({ script: fault, tls }, (server, send) =>
    Effect.gen(function* () {
      let answer: Answer | string = ""
      for (let n = 0; n < requests; n++) answer = yield* send("/", "hello")
      if (typeof answer === "string") yield* server.awaitClosed(1)
      const record = (yield* server.requests).at(-1)
      return { answer, record, closed: record && closedOf(record), complete: record?.ended?.complete }
    })
  )

describe("a fault as a client sees it", () => {
  it.live("a status, headers and a body", () =>
    Effect.gen(function* () {
      const fault = Fault.answer(429, { body: { a: 1 }, retryAfter: "3 seconds", shouldRetry: true })
      expect((yield* seen(fault)).answer).toMatchObject({
        status: 429,
        headers: { "content-type": "application/json", "retry-after": "3", "x-should-retry": "true" },
        text: `{"a":1}`
      })
      const date = yield* seen(Fault.answer(503, { retryAfter: "10 seconds", form: "date" }))
      const until = typeof date.answer === "string" ? NaN : Date.parse(String(date.answer.headers["retry-after"]))
      expect(until - (date.record?.at ?? 0)).toBeGreaterThanOrEqual(10_000)
      expect(until - (date.record?.at ?? 0)).toBeLessThan(11_000)
      expect((yield* seen(Fault.answer(204))).answer).toMatchObject({ status: 204, text: "" })
    })
  )

  it.live("JSON that is none", () =>
    Effect.gen(function* () {
      const { answer } = yield* seen(Fault.invalidJson)
      expect(answer).toMatchObject({ status: 200, headers: { "content-type": "application/json" } })
      expect(() => void (typeof answer !== "string" && JSON.parse(answer.text))).toThrow(SyntaxError)
    })
  )

  for (const tls of [false, true]) {
    const on = tls ? "on TLS" : "on TCP"

    it.live(`a connection that is closed or reset instead of an answer, ${on}`, () =>
      Effect.gen(function* () {
        expect(yield* seen(Fault.reset, 1, tls)).toMatchObject({
          answer: "ECONNRESET",
          closed: "reset by server",
          complete: false,
          record: { status: undefined }
        })
        expect(yield* seen(Fault.close, 1, tls)).toMatchObject({ answer: "UND_ERR_SOCKET", closed: "end by server" })
      })
    )

    it.live(`a body that breaks off, ${on}`, () =>
      Effect.gen(function* () {
        for (const framing of ["length", "chunked"] as const) {
          expect(yield* seen(Fault.cut({ by: "close", framing }), 1, tls)).toMatchObject({
            answer: "UND_ERR_SOCKET",
            closed: "end by server",
            complete: false,
            record: { status: 200 }
          })
          const { answer, closed } = yield* seen(Fault.cut({ by: "reset", framing }), 1, tls)
          expect(["ECONNRESET", "UND_ERR_SOCKET"]).toContain(answer)
          expect(closed).toBe("reset by server")
        }
      })
    )

    it.live(`a kept-alive connection that dies when it is used again, ${on}`, () =>
      Effect.gen(function* () {
        const once = yield* seen(Fault.reused(Fault.reset), 1, tls)
        expect(once).toMatchObject({ answer: { status: 200 }, complete: true })
        expect(yield* seen(Fault.reused(Fault.reset), 2, tls)).toMatchObject({
          answer: "ECONNRESET",
          record: { number: 2, connection: 1, onConnection: 2 },
          closed: "reset by server"
        })
      })
    )
  }

  it.live("a truncated body whose bytes all arrive before the end", () =>
    withServer({ script: Fault.cut({ by: "reset", after: 4 }, Fault.answer(200, { body: "0123456789" })) }, (server) =>
      Effect.gen(function* () {
        const text = yield* raw(server, get)
        expect(text).toMatch(/content-length: 10\r\n/)
        expect(text.endsWith("\r\n\r\n0123")).toBe(true)
      })
    )
  )

  it.live("chunks without the last one", () =>
    withServer(
      { script: Fault.cut({ by: "close", framing: "chunked", after: 4 }, Fault.answer(200, { body: "0123456789" })) },
      (server) =>
        Effect.gen(function* () {
          const text = yield* raw(server, get)
          expect(text).toMatch(/transfer-encoding: chunked/i)
          expect(text.endsWith("\r\n\r\n4\r\n0123\r\n")).toBe(true)
        })
    )
  )

  it.live("a connection that is closed after the answer, unannounced", () =>
    withServer({ script: Fault.closeAfter("10 millis") }, (server, send) =>
      Effect.gen(function* () {
        const answer = yield* send()
        expect(answer).toMatchObject({ status: 200, headers: { connection: "keep-alive" } })
        yield* server.awaitClosed(1)
        const [record] = yield* server.requests
        expect(record && closedOf(record)).toBe("end by server")
        expect(record?.ended?.complete).toBe(true)
        expect((record?.closed?.at ?? 0) - (record?.at ?? 0)).toBeGreaterThanOrEqual(9)
      })
    )
  )

  it.live("bytes that are no HTTP", () =>
    Effect.gen(function* () {
      expect((yield* seen(Fault.garbage())).answer).toBe("HTTPParserError")
      const text = yield* withServer({ script: Fault.garbage("SSH-2.0\r\n") }, (server) => raw(server, get))
      expect(text).toBe("SSH-2.0\r\n")
    })
  )

  it.live("headers that are too long", () =>
    Effect.map(seen(Fault.oversizedHeaders()), ({ answer }) => expect(answer).toBe("UND_ERR_HEADERS_OVERFLOW"))
  )

  it.live("a length that is wrong, on a connection that stays", () =>
    withServer({ script: [Fault.mislabel(-2, Fault.answer(200, { body: "abcdef" }))] }, (server, send) =>
      Effect.gen(function* () {
        expect(
          yield* Effect.timeoutTo(raw(server, get), { duration: 50, onSuccess: String, onTimeout: () => "open" })
        ).toBe("open")
        yield* server.script(Fault.mislabel(5, Fault.answer(200, { body: "abcdef" })))
        const waiting = yield* Effect.fork(send())
        yield* server.awaitRequests(2)
        expect((yield* server.requests)[1]).toMatchObject({ closed: undefined })
        yield* Fiber.interrupt(waiting)
      })
    )
  )

  it.live("a wait before the status line", () =>
    Effect.gen(function* () {
      const { record } = yield* seen(Fault.stall("40 millis", Fault.answer(503)))
      expect(record?.status).toBe(503)
      expect((record?.ended?.at ?? 0) - (record?.at ?? 0)).toBeGreaterThanOrEqual(38)
    })
  )

  it.live("a body a byte at a time", () =>
    withServer({ script: Fault.drip({ every: "2 millis" }, Fault.answer(200, { body: "0123456789" })) }, (server) =>
      Effect.gen(function* () {
        const { chunks, text } = yield* Effect.promise(async () => {
          const { body } = await fetch(server.origin)
          const chunks: Array<string> = []
          for await (const chunk of body ?? []) chunks.push(Buffer.from(chunk).toString())
          return { chunks, text: chunks.join("") }
        })
        expect(text).toBe("0123456789")
        expect(chunks.length).toBeGreaterThan(3)
      })
    )
  )

  for (const [title, script, status] of [
    ["no answer", Fault.unanswered, undefined],
    ["a body that never ends", Fault.cut({ by: "silence" }), 200],
    ["a stream that stalls", Fault.stream({ events: 5, after: 2, ending: "silence" }), 200]
  ] as const) {
    it.live(`${title}, until the client leaves`, () =>
      withServer({ script }, (server, send) =>
        Effect.gen(function* () {
          const waiting = yield* Effect.fork(send())
          yield* server.awaitRequests(1)
          yield* Effect.sleep(20)
          expect(yield* server.counts).toMatchObject({ requests: 1, answered: 0, closed: 0 })
          yield* Fiber.interrupt(waiting)
          yield* server.awaitClosed()
          const [record] = yield* server.requests
          expect(record).toMatchObject({ status, ended: { complete: false }, closed: { by: "client" } })
        })
      )
    )
  }
})

describe("an event stream", () => {
  const read = (fault: Fault.Fault, requests = {}) =>
    withServer({ script: fault }, (server) =>
      settle(async () => {
        const words: Array<string> = []
        const body = { model: "m", messages, stream: true as const, ...requests }
        try {
          for await (const { choices } of await openai(server).chat.completions.create(body)) {
            words.push(choices[0]?.delta.content ?? ".")
          }
        } catch (error) {
          return `${words.join("")}!${codeOf(error)}`
        }
        return words.join("")
      })
    )

  it.live("is read by the openai package to its end", () =>
    Effect.gen(function* () {
      expect(yield* read(Fault.healthy)).toBe("one two three.")
      expect(yield* read(Fault.healthy, { stream_options: { include_usage: true } })).toBe("one two three..")
      expect(yield* read(Fault.stream({ pings: true }))).toBe("one two three.")
      expect(yield* read(Fault.stream({ events: 3, every: 2 }))).toBe("word1 word2 .")
      // the package does not miss [DONE]
      expect(yield* read(Fault.stream({ events: 3, after: 1, ending: "missing" }))).toBe("word1 ")
    })
  )

  it.live("breaks after some events", () =>
    Effect.gen(function* () {
      expect(yield* read(Fault.stream({ events: 3, after: 1, ending: "close" }))).toBe("word1 !UND_ERR_SOCKET")
      expect(yield* read(Fault.stream({ events: 3, after: 1, ending: "reset" }))).toMatch(
        /^word1 !(UND_ERR_SOCKET|ECONNRESET)$/
      )
    })
  )

  it.live("sends an error event, first or later", () =>
    Effect.gen(function* () {
      expect(yield* read(Fault.stream({ after: 0, ending: "error" }))).toBe("!fault")
      expect(yield* read(Fault.stream({ after: 2, ending: "error" }))).toBe("one two !fault")
    })
  )
})

// -------------------------------------------------------------------------------------------------
// Limits
// -------------------------------------------------------------------------------------------------

describe("a limit", () => {
  const burst = (server: Server, count: number) =>
    Effect.forEach(Array.from({ length: count }), () => Effect.promise(() => fetch(server.origin)), {
      concurrency: "unbounded"
    })

  it.live("of the rate turns away what is too much, and counts it", () =>
    withServer({ script: Fault.rateLimit({ burst: 3, perSecond: 0.5 }) }, (server) =>
      Effect.gen(function* () {
        const answers = yield* burst(server, 10)
        expect(answers.filter(({ status }) => status === 200)).toHaveLength(3)
        const rejected = answers.filter(({ status }) => status === 429)
        expect(new Set(rejected.map(({ headers }) => headers.get("retry-after")))).toEqual(new Set(["2"]))
        expect((yield* server.counts).rejected).toBe(7)
        expect((yield* server.requests).filter(({ rejected }) => rejected)).toHaveLength(7)
      })
    )
  )

  it.live("of the capacity works on some, lets some wait, and turns the others away", () => {
    const script = Fault.capacity({
      concurrent: 2,
      queue: 3,
      rejection: Fault.answer(429),
      admitted: Fault.stall("400 millis")
    })
    return withServer({ script }, (server) =>
      Effect.gen(function* () {
        const statuses = (yield* burst(server, 8)).map(({ status }) => status)
        expect(statuses.filter((status) => status === 200)).toHaveLength(5)
        expect(statuses.filter((status) => status === 429)).toHaveLength(3)
        const times = (yield* server.requests).flatMap(({ at, ended, status }) =>
          status === 200 && ended ? [ended.at - at] : []
        )
        // three rounds of two at a time
        expect(Math.max(...times)).toBeGreaterThanOrEqual(1150)
        expect(times.filter((time) => time < 780)).toHaveLength(2)
        yield* burst(server, 2)
        expect((yield* server.counts).rejected).toBe(3)
      })
    )
  })

  it.live("of the capacity forgets those who leave, at work or waiting", () =>
    withServer({ script: Fault.capacity({ concurrent: 1, queue: 1, admitted: Fault.stall("1 hour") }) }, (server) =>
      Effect.gen(function* () {
        const leaving = yield* Effect.fork(Effect.all([raw(server, get), raw(server, get)], { concurrency: 2 }))
        yield* server.awaitRequests(2)
        yield* Fiber.interrupt(leaving)
        yield* server.awaitClosed(2)
        const next = yield* Effect.fork(Effect.all([raw(server, get), raw(server, get)], { concurrency: 2 }))
        yield* server.awaitRequests(4)
        expect((yield* server.counts).rejected).toBe(0)
        yield* Fiber.interrupt(next)
      })
    )
  )
})

// -------------------------------------------------------------------------------------------------
// Connections
// -------------------------------------------------------------------------------------------------

describe("a connection", () => {
  it.live("is refused, or accepted, by its number", () =>
    withServer({ connections: [Fault.refuse] }, (server, send) =>
      Effect.gen(function* () {
        expect(["ECONNRESET", "UND_ERR_SOCKET", "EPIPE"]).toContain(yield* send())
        expect(statusOf(yield* send())).toBe(200)
        const records = yield* server.connections
        expect(records.map(closedOf)).toEqual(["reset by server", undefined])
        expect(records.map(({ requests }) => requests)).toEqual([0, 1])
        expect(records[1]?.bytesRead).toBeGreaterThan(20)
        expect(records[1]?.bytesWritten).toBeGreaterThan(100)
      })
    )
  )

  for (const tls of [false, true]) {
    it.live(`is ignored, until the client leaves, on ${tls ? "TLS" : "TCP"}`, () =>
      withServer({ connections: Fault.ignore, tls }, (server) =>
        Effect.gen(function* () {
          const waiting = yield* Effect.fork(raw(server, get))
          yield* server.until(({ opened }) => opened === 1)
          yield* Effect.sleep(20)
          expect(yield* server.connections).toMatchObject([{ bytesWritten: 0, requests: 0, closed: undefined }])
          yield* Fiber.interrupt(waiting)
          yield* server.awaitClosed(1)
          expect((yield* server.connections).map(({ closed }) => closed?.by)).toEqual(["client"])
        })
      )
    )
  }

  it.live("takes no bytes without end from those it ignores", () =>
    withServer({ connections: Fault.ignore }, (server) =>
      Effect.gen(function* () {
        const sending = yield* Effect.fork(raw(server, "x".repeat(2 ** 25)))
        yield* server.until(({ opened }) => opened === 1)
        yield* Effect.sleep(150)
        expect((yield* server.connections)[0]?.bytesRead).toBeLessThan(2 ** 21)
        yield* Fiber.interrupt(sending)
      })
    )
  )

  it.live("finds the port closed while the server is down, and open when it is up again", () =>
    withServer({}, (server, send) =>
      Effect.gen(function* () {
        yield* send()
        yield* server.down
        expect((yield* server.connections).map(closedOf)).toEqual(["reset by server"])
        yield* server.down
        expect(
          yield* Effect.flip(Effect.tryPromise({ try: () => fetch(server.origin), catch: codeOf })).pipe(Effect.orDie)
        ).toBe("ECONNREFUSED")
        yield* server.up
        yield* server.up
        expect((yield* Effect.promise(() => fetch(server.origin))).status).toBe(200)
      })
    )
  )
})

describe("TLS", () => {
  const attempt = (tls: FaultServer.TlsOptions, connect: (server: Server) => undici.Pool.Options["connect"]) =>
    Effect.scoped(
      Effect.gen(function* () {
        const server = yield* FaultServer.make({ tls })
        return statusOf(yield* (yield* client(server, connect(server)))())
      })
    )
  it.live("is trusted by who has its certificate, if that is good", () =>
    Effect.gen(function* () {
      expect(yield* attempt({}, trusting)).toBe(200)
      expect(yield* attempt({}, () => ({}))).toBe("DEPTH_ZERO_SELF_SIGNED_CERT")
      expect(yield* attempt({ certificate: "expired" }, trusting)).toBe("CERT_HAS_EXPIRED")
      expect(yield* attempt({ certificate: "otherHost" }, trusting)).toBe("ERR_TLS_CERT_ALTNAME_INVALID")
    })
  )

  it.live("asks clients for their certificate", () =>
    Effect.gen(function* () {
      const { cert, key } = selfSigned("client", 2020, 2049)
      expect(yield* attempt({ clientCa: cert }, (server) => ({ ...trusting(server), cert, key }))).toBe(200)
      expect(yield* attempt({ clientCa: cert }, trusting)).toMatch(/^(ERR_SSL_TLSV13_ALERT|ECONNRESET|UND_ERR_SOCKET)/)
    })
  )

  it.live("records who came and who left", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make({ tls: true })
      yield* Effect.scoped(Effect.flatMap(client(server), (send) => send("/", "hello")))
      yield* server.awaitClosed(1)
      expect(yield* server.connections).toMatchObject([{ requests: 1, closed: { by: "client" } }])
    }).pipe(Effect.scoped)
  )
})

// -------------------------------------------------------------------------------------------------
// Records
// -------------------------------------------------------------------------------------------------

describe("a record", () => {
  it.live("tells all of a request", () =>
    withServer({ script: [Fault.answer(503)] }, (server) =>
      Effect.gen(function* () {
        const before = Date.now()
        yield* raw(
          server,
          `PUT /a/b?c=d HTTP/1.1\r\nhost: x\r\nx-mine: 1\r\nX-Mine: 2\r\nset-cookie: a\r\nset-cookie: b\r\nconnection: close\r\ncontent-length: 6\r\n\r\ngröß`
        )
        yield* server.awaitAnswered(1)
        yield* server.awaitClosed(1)
        const [record] = yield* server.requests
        expect(record).toMatchObject({
          number: 1,
          connection: 1,
          onConnection: 1,
          method: "PUT",
          path: "/a/b?c=d",
          headers: { "x-mine": "1, 2", "set-cookie": "a, b", host: "x" },
          body: "größ",
          bytes: 6,
          fault: Fault.answer(503),
          rejected: false,
          status: 503,
          ended: { complete: true },
          closed: { by: "server", how: "end" }
        })
        expect(record?.at).toBeGreaterThanOrEqual(before)
        expect(record?.ended?.at).toBeGreaterThanOrEqual(record?.at ?? NaN)
        expect(record?.closed?.at).toBeLessThanOrEqual(Date.now())
      })
    )
  )

  it.live("is a snapshot, and the oldest are dropped", () =>
    withServer({ keep: 2 }, (server, send) =>
      Effect.gen(function* () {
        yield* send("/1")
        const early = yield* server.requests
        for (const n of [2, 3, 4, 5]) yield* send(`/${n}`)
        expect(early.map(({ path }) => path)).toEqual(["/1"])
        expect((yield* server.requests).map(({ number, path }) => [number, path])).toEqual([
          [4, "/4"],
          [5, "/5"]
        ])
        yield* server.awaitAnswered(5)
        expect(yield* server.counts).toEqual({ requests: 5, answered: 5, rejected: 0, opened: 1, closed: 0 })
      })
    )
  )

  it.live("is awaited, before and after it is made", () =>
    withServer({}, (server, send) =>
      Effect.gen(function* () {
        const waiting = yield* Effect.fork(server.awaitRequests(2))
        yield* send()
        expect(waiting.unsafePoll()).toBeNull()
        yield* send()
        yield* Fiber.join(waiting)
        yield* server.awaitRequests(2)
        const never = yield* Effect.fork(server.until(() => false))
        yield* Fiber.interrupt(never)
        const broken = yield* Effect.exit(
          server.until(() => {
            throw new Error("oops")
          })
        )
        expect(broken._tag).toBe("Failure")
      })
    )
  )
})

describe("a hostile client", () => {
  it.live("resets its connection", () =>
    withServer({ script: Fault.unanswered }, (server) =>
      Effect.gen(function* () {
        const socket = net.connect(server.port, "127.0.0.1", () => socket.write(get))
        yield* server.awaitRequests(1)
        socket.resetAndDestroy()
        yield* server.awaitClosed(1)
        expect((yield* server.requests).map(closedOf)).toEqual(["reset by client"])
      })
    )
  )

  it.live("sends more than the server takes", () =>
    withServer({ maxBody: 1000 }, (server, send) =>
      Effect.gen(function* () {
        expect(statusOf(yield* send("/", "x".repeat(1000)))).toBe(200)
        expect([413, "UND_ERR_SOCKET", "EPIPE", "ECONNRESET"]).toContain(statusOf(yield* send("/", "x".repeat(1001))))
        yield* server.awaitRequests(2)
        expect((yield* server.requests)[1]).toMatchObject({ fault: { status: 413 } })
      })
    )
  )

  it.live("remembers the first 64 KiB of a body, and its size", () =>
    withServer({}, (server, send) =>
      Effect.gen(function* () {
        expect(yield* send("/", "x".repeat(1e6))).toMatchObject({ status: 200 })
        const [record] = yield* server.requests
        expect([record?.body.length, record?.bytes]).toEqual([65_536, 1e6])
      })
    )
  )

  it.live("sends what is no HTTP, and leaves when it likes", () =>
    withServer({}, (server, send) =>
      Effect.gen(function* () {
        for (const bytes of [
          "\u0000\u0001\u0002",
          "GET / HTTP/9.9\r\n\r\n",
          `GET / HTTP/1.1\r\nx: ${"y".repeat(100_000)}\r\n\r\n`,
          "POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
          "CONNECT x:1 HTTP/1.1\r\nhost: x\r\n\r\n"
        ]) {
          yield* Effect.timeout(raw(server, bytes), "1 second")
        }
        const gone = yield* Effect.fork(raw(server, "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nhalf"))
        yield* server.until(({ opened }) => opened === 6)
        yield* Effect.sleep(20)
        yield* Fiber.interrupt(gone)
        yield* server.awaitClosed(6)
        expect((yield* server.counts).requests).toBe(0)
        expect(statusOf(yield* send())).toBe(200)
        for (const body of [
          "",
          "null",
          "[]",
          "{",
          `{"input":null,"dimensions":1e9}`,
          `{"messages":[1],"stream":true}`
        ]) {
          for (const path of ["/v1/chat/completions", "/v1/completions", "/v1/embeddings"]) {
            expect([200, 400]).toContain(statusOf(yield* send(path, body)))
          }
        }
        const deep = "[".repeat(200_000) + "]".repeat(200_000)
        // how deep a value may be is the engine's business
        expect([200, 400, 500]).toContain(statusOf(yield* send("/v1/embeddings", `{"input":${deep}}`)))
        expect(statusOf(yield* send("/v1/embeddings", JSON.stringify({ input: Array(3000).fill("") })))).toBe(400)
        const content = "word ".repeat(50_000)
        const long = yield* send("/v1/chat/completions", JSON.stringify({ stream: true, messages: [{ content }] }))
        expect(typeof long === "string" ? 0 : long.text.split("data: ").length).toBe(10_003)
      }).pipe(Effect.orDie)
    )
  )
})

// -------------------------------------------------------------------------------------------------
// The openai package
// -------------------------------------------------------------------------------------------------

describe("the openai package", () => {
  it.live("chats, completes, embeds and lists models", () =>
    withServer({}, (server) =>
      Effect.promise(async () => {
        const client = openai(server)
        const chat = await client.chat.completions.create({ model: "m", messages })
        expect(chat).toMatchObject({ model: "m", choices: [{ message: { content: "one two three" } }] })
        const text = await client.completions.create({ model: "m", prompt: "four" })
        expect(text.choices[0]?.text).toBe("four")
        const base64 = await client.embeddings.create({ model: "m", input: ["a", "b"], dimensions: 4 })
        const float = await client.embeddings.create({
          model: "m",
          input: "a",
          encoding_format: "float",
          dimensions: 4
        })
        expect(base64.data.map(({ embedding }) => embedding.length)).toEqual([4, 4])
        expect([...(base64.data[0]?.embedding ?? [])]).toEqual(float.data[0]?.embedding)
        const models = await client.models.list()
        expect(models.data.map(({ id }) => id)).toEqual(["fault-model"])
        expect((await client.models.retrieve("mine")).id).toBe("mine")
        const fireworks = new OpenAI({ baseURL: `${server.origin}/inference/v1`, apiKey: "key" })
        expect((await fireworks.chat.completions.create({ model: "m", messages })).object).toBe("chat.completion")
      })
    )
  )

  for (const status of [503, 429]) {
    it.live(`attempts again twice after a ${status}, as the server saw it`, () => {
      const fault = Fault.answer(status, { retryAfter: "20 millis", form: "millis" })
      return withServer({ script: [fault, fault] }, (server) =>
        Effect.gen(function* () {
          const body = { model: "m", messages }
          const answer = yield* Effect.promise(() => openai(server, 2).chat.completions.create(body))
          expect(answer.id).toBe("chatcmpl-3")
          const records = yield* server.requests
          expect(records.map((record) => record.status)).toEqual([status, status, 200])
          expect(records.map(({ headers }) => headers["x-stainless-retry-count"])).toEqual(["0", "1", "2"])
          const times = records.map(({ at }) => at)
          expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(19)
          yield* server.script(fault)
          const failure = yield* settle(() => openai(server, 2).chat.completions.create(body))
          expect(failure).toBe(String(status))
          expect((yield* server.counts).requests).toBe(6)
        })
      )
    })
  }

  it.live("does not try again when told so", () =>
    withServer({ script: Fault.answer(503, { shouldRetry: false }) }, (server) =>
      Effect.gen(function* () {
        yield* settle(() => openai(server, 2).models.list())
        expect((yield* server.counts).requests).toBe(1)
      })
    )
  )
})

// -------------------------------------------------------------------------------------------------
// Scope
// -------------------------------------------------------------------------------------------------

/** What keeps the process alive; what is left of earlier tests goes away first. */
const handles = Effect.sync(() => process.getActiveResourcesInfo().filter((name) => name !== "Immediate"))

/** What is in one list and not, or less often, in the other. */
const without = (list: ReadonlyArray<string>, other: ReadonlyArray<string>) =>
  other.reduce((rest, name) => (rest.includes(name) ? rest.toSpliced(rest.indexOf(name), 1) : rest), list)

describe("the scope", () => {
  for (const tls of [false, true]) {
    it.live(`ends everything that is under way, and leaves nothing behind, on ${tls ? "TLS" : "TCP"}`, () =>
      Effect.gen(function* () {
        yield* Effect.sleep(50)
        const before = yield* handles
        const faults = [
          Fault.unanswered,
          Fault.stall("1 hour"),
          Fault.drip({ every: "1 hour" }),
          Fault.cut({ by: "silence" }),
          Fault.stream({ events: 5, after: 1, ending: "silence" }),
          Fault.capacity({ concurrent: 1, queue: 9, admitted: Fault.stall("1 hour") }),
          Fault.closeAfter("1 hour"),
          Fault.healthy
        ]
        const connections = [...faults.map(() => Fault.accept), Fault.ignore]
        const sending = yield* Effect.scoped(
          Effect.gen(function* () {
            const server = yield* FaultServer.make({ script: faults, connections, tls })
            const fibers = yield* Effect.forEach([...faults, null], () =>
              Effect.forkDaemon(Effect.scoped(Effect.flatMap(client(server), (send) => send("/", "hello"))))
            )
            yield* server.awaitRequests(faults.length - 1)
            yield* server.until(({ opened }) => opened === faults.length + 1)
            return fibers
          })
        )
        // each client is told: no one waits on
        yield* Fiber.joinAll(sending)
        expect(without(yield* handles, before)).toEqual([])
      })
    )
  }

  it.effect("waits by the host's clock, whatever clock the test has", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const server = yield* FaultServer.make({ script: Fault.stall("5 millis") })
        yield* Effect.promise(() => fetch(server.origin))
        const [record] = yield* server.requests
        expect(record?.at).toBeGreaterThan(1e12)
        expect(yield* TestClock.currentTimeMillis).toBe(0)
      })
    )
  )

  it.live("can hold a thousand calls at once", () =>
    withServer({ script: Fault.stall("50 millis") }, (server) =>
      Effect.gen(function* () {
        const pool = new undici.Pool(server.origin, { pipelining: 1 })
        const one = Effect.promise(() => pool.request({ path: "/", method: "GET" }).then(({ body }) => body.dump()))
        yield* Effect.all(
          Array.from({ length: 1000 }, () => one),
          { concurrency: "unbounded", discard: true }
        )
        expect(yield* server.counts).toMatchObject({ requests: 1000, opened: 1000 })
        yield* Effect.promise(() => pool.destroy())
        yield* server.awaitClosed()
      })
    )
  )

  it("refuses options that cannot be, when it is made", () => {
    expect(() => FaultServer.make({ keep: 0 })).toThrow("FaultServer.make: keep is 0")
    expect(() => FaultServer.make({ maxBody: -1 })).toThrow("FaultServer.make: maxBody is -1")
  })

  it.live("is provided as a layer", () =>
    Effect.flatMap(FaultServer.FaultServer, (server) => Effect.promise(() => fetch(server.origin))).pipe(
      Effect.provide(FaultServer.layer({ script: Fault.answer(204) })),
      Effect.map(({ status }) => expect(status).toBe(204))
    )
  )
})
