import { describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { Fault, FaultServer } from "effect-reliability/testing"
import type * as undici from "undici"
import { expect } from "vitest"
import { selfSigned } from "../../support/certificate.js"
import {
  type Answer,
  client,
  closedOf,
  codeOf,
  get,
  messages,
  openai,
  raw,
  type Server,
  settle,
  statusOf,
  trusting,
  withServer
} from "../../support/faultServer.js"

// -------------------------------------------------------------------------------------------------
// Scripts
// -------------------------------------------------------------------------------------------------

describe("FaultServer scripts", () => {
  it.live("applies one fault to all requests", () =>
    withServer({ script: Fault.answer(503) }, (_, send) =>
      Effect.gen(function* () {
        expect([statusOf(yield* send()), statusOf(yield* send())]).toEqual([503, 503])
      })
    )
  )

  it.live("applies the nth fault of a list to the nth request, and then responds normally", () =>
    withServer({ script: [Fault.answer(500), Fault.answer(418)] }, (_, send) =>
      Effect.gen(function* () {
        expect([statusOf(yield* send()), statusOf(yield* send()), statusOf(yield* send())]).toEqual([500, 418, 200])
      })
    )
  )

  it.live("calls a function with each request", () =>
    withServer(
      { script: ({ body, path }) => (path === "/bad?x=1" && body === "b" ? Fault.answer(400) : Fault.healthy) },
      (_, send) =>
        Effect.gen(function* () {
          expect([statusOf(yield* send("/bad?x=1", "b")), statusOf(yield* send("/bad?x=1"))]).toEqual([400, 200])
        })
    )
  )

  it.live("replaces the script immediately, and starts the new list at its first fault", () =>
    withServer({ script: [Fault.answer(500), Fault.answer(501)] }, (server, send) =>
      Effect.gen(function* () {
        yield* send()
        yield* server.script([Fault.answer(502)])
        expect([statusOf(yield* send()), statusOf(yield* send())]).toEqual([502, 200])
      })
    )
  )

  it.live("responds with 500 if the script returns undefined", () =>
    // a script in JavaScript may return undefined
    withServer({ script: () => undefined as unknown as Fault.Fault }, (_, send) =>
      Effect.map(send(), (answer) => expect(answer).toMatchObject({ status: 500 }))
    )
  )

  it.live("responds with 500 and the message if the script throws", () => {
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

/** Sends requests on one connection, and returns the last response and its record. */
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

describe("FaultServer faults", () => {
  it.live("sends a status, headers and a body", () =>
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

  it.live("sends invalid JSON", () =>
    Effect.gen(function* () {
      const { answer } = yield* seen(Fault.invalidJson)
      expect(answer).toMatchObject({ status: 200, headers: { "content-type": "application/json" } })
      expect(() => void (typeof answer !== "string" && JSON.parse(answer.text))).toThrow(SyntaxError)
    })
  )

  for (const tls of [false, true]) {
    const on = tls ? "on TLS" : "on TCP"

    it.live(`resets or closes the connection without a response, ${on}`, () =>
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

    it.live(`cuts a body by close and by reset, ${on}`, () =>
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

    it.live(`resets a reused connection, ${on}`, () =>
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

  it.live("sends all bytes of a cut body before the reset", () =>
    withServer({ script: Fault.cut({ by: "reset", after: 4 }, Fault.answer(200, { body: "0123456789" })) }, (server) =>
      Effect.gen(function* () {
        const text = yield* raw(server, get)
        expect(text).toMatch(/content-length: 10\r\n/)
        expect(text.endsWith("\r\n\r\n0123")).toBe(true)
      })
    )
  )

  it.live("omits the last chunk of a cut chunked body", () =>
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

  it.live("closes the connection after a keep-alive response", () =>
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

  it.live("sends bytes that are not HTTP", () =>
    Effect.gen(function* () {
      expect((yield* seen(Fault.garbage())).answer).toBe("HTTPParserError")
      const text = yield* withServer({ script: Fault.garbage("SSH-2.0\r\n") }, (server) => raw(server, get))
      expect(text).toBe("SSH-2.0\r\n")
    })
  )

  it.live("sends oversized headers", () =>
    Effect.map(seen(Fault.oversizedHeaders()), ({ answer }) => expect(answer).toBe("UND_ERR_HEADERS_OVERFLOW"))
  )

  it.live("announces a wrong length, and keeps the connection open", () =>
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

  it.live("delays the status line", () =>
    Effect.gen(function* () {
      const { record } = yield* seen(Fault.stall("40 millis", Fault.answer(503)))
      expect(record?.status).toBe(503)
      expect((record?.ended?.at ?? 0) - (record?.at ?? 0)).toBeGreaterThanOrEqual(38)
    })
  )

  it.live("drips a body byte by byte", () =>
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
    ["the response", Fault.unanswered, undefined],
    ["the rest of a body", Fault.cut({ by: "silence" }), 200],
    ["the rest of a stream", Fault.stream({ events: 5, after: 2, ending: "silence" }), 200]
  ] as const) {
    it.live(`withholds ${title} until the client disconnects`, () =>
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

describe("FaultServer event streams", () => {
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

  it.live("sends streams that the openai package reads to their end", () =>
    Effect.gen(function* () {
      expect(yield* read(Fault.healthy)).toBe("one two three.")
      expect(yield* read(Fault.healthy, { stream_options: { include_usage: true } })).toBe("one two three..")
      expect(yield* read(Fault.stream({ pings: true }))).toBe("one two three.")
      expect(yield* read(Fault.stream({ events: 3, every: 2 }))).toBe("word1 word2 .")
      // the package accepts a stream without [DONE]
      expect(yield* read(Fault.stream({ events: 3, after: 1, ending: "missing" }))).toBe("word1 ")
    })
  )

  it.live("breaks a stream after some events", () =>
    Effect.gen(function* () {
      expect(yield* read(Fault.stream({ events: 3, after: 1, ending: "close" }))).toBe("word1 !UND_ERR_SOCKET")
      expect(yield* read(Fault.stream({ events: 3, after: 1, ending: "reset" }))).toMatch(
        /^word1 !(UND_ERR_SOCKET|ECONNRESET)$/
      )
    })
  )

  it.live("sends an error event first or later", () =>
    Effect.gen(function* () {
      expect(yield* read(Fault.stream({ after: 0, ending: "error" }))).toBe("!fault")
      expect(yield* read(Fault.stream({ after: 2, ending: "error" }))).toBe("one two !fault")
    })
  )
})

// -------------------------------------------------------------------------------------------------
// rateLimit and capacity
// -------------------------------------------------------------------------------------------------

describe("FaultServer limits", () => {
  const burst = (server: Server, count: number) =>
    Effect.forEach(Array.from({ length: count }), () => Effect.promise(() => fetch(server.origin)), {
      concurrency: "unbounded"
    })

  it.live("rejects and counts requests above a rate limit", () =>
    withServer({ script: Fault.rateLimit({ burst: 3, perSecond: 0.5 }) }, (server) =>
      Effect.gen(function* () {
        const responses = yield* burst(server, 10)
        expect(responses.filter(({ status }) => status === 200)).toHaveLength(3)
        const rejected = responses.filter(({ status }) => status === 429)
        expect(new Set(rejected.map(({ headers }) => headers.get("retry-after")))).toEqual(new Set(["2"]))
        expect((yield* server.counts).rejected).toBe(7)
        expect((yield* server.requests).filter(({ rejected }) => rejected)).toHaveLength(7)
      })
    )
  )

  it.live("admits requests up to the capacity, queues some, and rejects the others", () => {
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

  it.live("frees capacity when clients disconnect, admitted or queued", () =>
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

describe("FaultServer connections", () => {
  it.live("refuses or accepts connections by their number", () =>
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
    it.live(`ignores a connection until the client disconnects, on ${tls ? "TLS" : "TCP"}`, () =>
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

  it.live("limits the bytes that it reads from an ignored connection", () =>
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

  it.live("closes the port while it is down, and opens it again", () =>
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

describe("FaultServer TLS", () => {
  const attempt = (tls: FaultServer.TlsOptions, connect: (server: Server) => undici.Pool.Options["connect"]) =>
    Effect.scoped(
      Effect.gen(function* () {
        const server = yield* FaultServer.make({ tls })
        return statusOf(yield* (yield* client(server, connect(server)))())
      })
    )
  it.live("presents a certificate that clients trust only if it is known, current and for this host", () =>
    Effect.gen(function* () {
      expect(yield* attempt({}, trusting)).toBe(200)
      expect(yield* attempt({}, () => ({}))).toBe("DEPTH_ZERO_SELF_SIGNED_CERT")
      expect(yield* attempt({ certificate: "expired" }, trusting)).toBe("CERT_HAS_EXPIRED")
      expect(yield* attempt({ certificate: "otherHost" }, trusting)).toBe("ERR_TLS_CERT_ALTNAME_INVALID")
    })
  )

  it.live("requires a client certificate", () =>
    Effect.gen(function* () {
      const { cert, key } = selfSigned("client", 2020, 2049)
      expect(yield* attempt({ clientCa: cert }, (server) => ({ ...trusting(server), cert, key }))).toBe(200)
      expect(yield* attempt({ clientCa: cert }, trusting)).toMatch(/^(ERR_SSL_TLSV13_ALERT|ECONNRESET|UND_ERR_SOCKET)/)
    })
  )

  it.live("records connections and the side that closes them", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make({ tls: true })
      yield* Effect.scoped(Effect.flatMap(client(server), (send) => send("/", "hello")))
      yield* server.awaitClosed(1)
      expect(yield* server.connections).toMatchObject([{ requests: 1, closed: { by: "client" } }])
    }).pipe(Effect.scoped)
  )
})
