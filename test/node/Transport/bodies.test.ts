import { HttpBody, HttpClientRequest } from "@effect/platform"
import { describe, it } from "@effect/vitest"
import { Chunk, Duration, Effect, Fiber, Option, Stream } from "effect"
import { ApiError, ReliableHttpClient } from "effect-reliability"
import type * as http from "node:http"
import { Readable } from "node:stream"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { afterEach, beforeEach, expect, vi } from "vitest"
import { bare, web } from "../../support/proxy.js"
import {
  answer,
  both,
  echo,
  failure,
  make,
  matching,
  note,
  onBody,
  onRequest,
  pause,
  problems,
  reliable,
  silent,
  text,
  until,
  workload
} from "../../support/transport.js"

const { post } = HttpClientRequest

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
// Request bodies
// -------------------------------------------------------------------------------------------------

describe("a request body", () => {
  /** Responds with the parts of the request. */
  const describeRequest = onBody((body, { headers }, response) => {
    const { "content-length": length, "content-type": type, "transfer-encoding": encoding } = headers
    response.setHeader("content-type", "application/json")
    response.end(JSON.stringify({ length, type, encoding, body: body.toString("latin1") }))
  })

  const form = (): FormData => {
    const form = new FormData()
    form.append("a", "ä")
    form.append("file", new Blob(["file"], { type: "text/x" }), "name.txt")
    return form
  }

  const readable = () => Readable.from([Buffer.from("ab"), "cd"])
  const webStream = () => new Blob(["abcd"]).stream()
  const stream = () => Stream.encodeText(Stream.make("ab", "cd"))
  const chunked = { encoding: "chunked", body: "abcd" }
  const sized = { length: "4", encoding: undefined, body: "abcd" }

  const bodies: Record<string, readonly [body: () => HttpBody.HttpBody, expected: object]> = {
    "an empty body": [() => HttpBody.empty, { length: "0", body: "" }],
    "a string": [() => HttpBody.raw("abcd"), sized],
    "a text": [
      () => HttpBody.text("äöü"),
      { length: "6", type: "text/plain", body: "\u00c3\u00a4\u00c3\u00b6\u00c3\u00bc" }
    ],
    bytes: [() => HttpBody.uint8Array(new TextEncoder().encode("abcdef").subarray(0, 4)), sized],
    "an ArrayBuffer": [() => HttpBody.raw(new Uint8Array([97, 98, 99, 100]).buffer), sized],
    JSON: [() => HttpBody.unsafeJson({ a: 1 }), { length: "7", type: "application/json", body: '{"a":1}' }],
    parameters: [
      () => HttpBody.raw(new URLSearchParams({ a: "b c" })),
      { length: "5", type: "application/x-www-form-urlencoded;charset=UTF-8", body: "a=b+c" }
    ],
    "a blob": [() => HttpBody.raw(new Blob(["abcd"], { type: "text/blob" })), { ...sized, type: "text/blob" }],
    "a form": [() => HttpBody.formData(form()), { type: matching(/^multipart\/form-data; boundary=/) }],
    "a raw form": [() => HttpBody.raw(form()), { body: matching(/filename="name.txt"/) }],
    "a stream": [() => HttpBody.stream(stream()), chunked],
    "a stream of known length": [() => HttpBody.stream(stream(), "text/x", 4), { ...sized, type: "text/x" }],
    "an empty stream": [() => HttpBody.stream(Stream.empty), { length: "0", body: "" }],
    "a web stream": [() => HttpBody.raw(webStream()), chunked],
    "a web stream of known length": [() => HttpBody.raw(webStream(), { contentLength: 4 }), sized],
    "a Node stream": [() => HttpBody.raw(readable()), chunked],
    "a Node stream of known length": [() => HttpBody.raw(readable(), { contentLength: 4 }), sized]
  }

  it.scopedLive("encodes forms as `fetch` does, with a content-length", () =>
    Effect.gen(function* () {
      const received: Array<readonly [body: Buffer, headers: http.IncomingHttpHeaders]> = []
      const server = yield* web(
        onBody((body, { headers }, response) => {
          received.push([body, headers])
          response.end()
        })
      )
      const form = new FormData()
      form.append("plain", "text")
      form.append('a "name"\r\nof\ntwo lines', "a\nb\rc\r\nd")
      form.append("empty", "")
      form.append("file", new Blob([new Uint8Array([0, 13, 10, 45, 45, 255])]), 'a "file".bin')
      form.append("file", new File(["ä"], "ä.txt", { type: "text/plain" }))
      const client = yield* make()
      yield* client.execute(HttpClientRequest.setBody(post(server.origin), HttpBody.formData(form)))
      yield* Effect.promise(() => fetch(server.origin, { method: "POST", body: form }))

      const [ours, theirs] = received.map(([body, headers]) => {
        const boundary = /boundary=(.*)/.exec(headers["content-type"] ?? "")?.[1] ?? ""
        expect(headers["content-length"]).toBe(`${body.length}`)
        expect(headers["transfer-encoding"]).toBeUndefined()
        return body.toString("latin1").replaceAll(boundary, "boundary").trimEnd()
      })
      expect(ours).toBe(theirs)
    })
  )

  for (const [what, [body, expected]] of Object.entries(bodies)) {
    it.scopedLive(`arrives unchanged: ${what}`, () =>
      Effect.gen(function* () {
        const server = yield* web(describeRequest)
        const transport = yield* make()
        for (const client of both(transport)) {
          const call = Effect.flatMap(
            client.execute(HttpClientRequest.setBody(post(server.origin), body())),
            ({ json }) => json
          )
          const received = yield* call
          expect({ encoding: undefined, length: undefined, ...(received as object) }).toMatchObject(expected)
        }
        expect(server.sockets.length).toBe(1)
      })
    )
  }

  it.scopedLive("arrives complete with 20 MiB", () =>
    Effect.gen(function* () {
      const server = yield* web(onBody(({ length }, _, response) => response.end(`${length}`)))
      const client = reliable(yield* make())
      const large = new Uint8Array(20 * 2 ** 20)
      const pieces = Stream.fromChunk(Chunk.fromIterable(Array.from({ length: 320 }, () => new Uint8Array(2 ** 16))))
      for (const body of [HttpBody.uint8Array(large), HttpBody.stream(pieces), HttpBody.raw(new Blob([large]))]) {
        expect(yield* text(client.post(server.origin, { body }))).toBe(`${20 * 2 ** 20}`)
      }
      expect(server.sockets.length).toBe(1)
    })
  )

  class Broken extends Error {
    override readonly name = "Broken"
    readonly code = "ECONNRESET"
  }

  const unavailable = new ApiError.Transient({ reason: "Unavailable", delivery: "Acknowledged", status: 503 })
  const failing = (after: string, error: Error) =>
    Readable.from(
      (async function* () {
        if (after !== "") yield after
        throw error
      })()
    )

  const failures: Record<string, readonly [body: () => HttpBody.HttpBody, name: string, delivery: ApiError.Delivery]> =
    {
      "before its first chunk": [() => HttpBody.stream(Stream.fail(new Broken("secret"))), "Broken", "NotSent"],
      midway: [
        () => HttpBody.stream(Stream.concat(Stream.make(new Uint8Array(9)), Stream.fail(new Broken("secret")))),
        "Broken",
        "Unconfirmed"
      ],
      "midway, with an ApiError": [
        () => HttpBody.stream(Stream.concat(Stream.make(new Uint8Array(9)), Stream.fail(unavailable))),
        "Transient",
        "Unconfirmed"
      ],
      "midway, with a defect": [
        () => HttpBody.stream(Stream.concat(Stream.make(new Uint8Array(9)), Stream.die(new Broken("secret")))),
        "Broken",
        "Unconfirmed"
      ],
      "midway, as a Node stream": [() => HttpBody.raw(failing("abc", new Broken("secret"))), "Broken", "Unconfirmed"],
      "at an invalid chunk": [() => HttpBody.raw(Readable.from([{ a: 1 }])), "TypeError", "NotSent"]
    }

  for (const [when, [body, name, delivery]] of Object.entries(failures)) {
    it.scopedLive(`fails the call with InvalidRequest and names the failure if it fails ${when}`, () =>
      Effect.gen(function* () {
        const server = yield* web(silent)
        const client = reliable(yield* make())
        const error = yield* failure(client.post(server.origin, { body: body() }))
        expect(error).toMatchObject({ _tag: "Fatal", reason: "InvalidRequest", delivery, method: "POST" })
        expect(error.detail).toBe(`the request body stream failed: ${name}`)
        expect(JSON.stringify(error)).not.toContain("secret")
        yield* until(() => server.open() === 0)
        expect(server.requests.length).toBe(delivery === "NotSent" ? 0 : 1)
      })
    )
  }

  it.scopedLive("fails the call with NotSent if a Node stream breaks before there is a connection", () =>
    Effect.gen(function* () {
      const server = yield* web(silent)
      const client = reliable(yield* make({ connections: 1 }))
      const first = yield* Effect.fork(client.get(server.origin))
      yield* until(() => server.requests.length === 1)
      const body = new Readable({ read: () => undefined })
      const second = yield* Effect.fork(failure(client.post(server.origin, { body: HttpBody.raw(body) })))
      yield* Effect.yieldNow()
      body.destroy(new Broken("no such file"))
      yield* pause(10)
      yield* Fiber.interrupt(first)
      expect(yield* Fiber.join(second)).toMatchObject({ reason: "InvalidRequest", delivery: "NotSent" })
    })
  )

  it.scopedLive("fails the call if it is longer or shorter than announced", () =>
    Effect.gen(function* () {
      const server = yield* web(silent)
      const client = reliable(yield* make())
      for (const length of [2, 9]) {
        const call = client.post(server.origin, { body: HttpBody.stream(stream(), "text/x", length) })
        expect(yield* failure(call)).toMatchObject({ reason: "InvalidRequest" })
      }
      yield* until(() => server.open() === 0)
    })
  )

  it.scopedLive("releases its source when the request ends", () =>
    Effect.gen(function* () {
      const server = yield* bare((socket, nth) =>
        socket.once("data", () => {
          if (nth % 3 === 0) socket.resetAndDestroy()
          else if (nth % 3 === 1) socket.write("HTTP/1.1 413 No\r\ncontent-length: 0\r\n\r\n")
        })
      )
      const client = reliable(yield* make(), { attempt: 100 })
      let released = 0
      const release = () => void released++
      const sources: ReadonlyArray<() => HttpBody.HttpBody> = [
        () =>
          HttpBody.stream(
            Stream.ensuring(Stream.concat(Stream.make(new Uint8Array(1)), Stream.never), Effect.sync(release))
          ),
        () => {
          let begun = false
          const read = function (this: Readable) {
            if (!begun) this.push("x")
            begun = true
          }
          return HttpBody.raw(new Readable({ read }).on("close", release))
        },
        () =>
          HttpBody.raw(
            new ReadableStream({ start: (controller) => controller.enqueue(new Uint8Array(1)), cancel: release })
          )
      ]
      for (const source of sources) {
        // the request is reset, receives an early response, and times out
        for (let n = 0; n < 3; n++) yield* failure(client.post(server.origin, { body: source() }))
      }
      yield* until(() => released === 9)
    })
  )

  it.scopedLive("reads a stream at most once, even if an idle connection turns out to be closed", () =>
    Effect.gen(function* () {
      let runs = 0
      const server = yield* bare((socket) =>
        onRequest(socket, () => {
          socket.write(answer())
          setImmediate(() => socket.destroy())
        })
      )
      const client = reliable(yield* make())
      for (let n = 0; n < 20; n++) {
        const body = Stream.suspend(() => {
          runs++
          return stream()
        })
        yield* Effect.exit(client.post(server.origin, { body: HttpBody.stream(body) }))
        expect(runs).toBeLessThanOrEqual(n + 1)
      }
    })
  )
})

// -------------------------------------------------------------------------------------------------
// Response bodies
// -------------------------------------------------------------------------------------------------

describe("a response", () => {
  it.scopedLive("provides status, headers, cookies, remote address and all forms of the body", () =>
    Effect.gen(function* () {
      const server = yield* web((request, response) => {
        response.statusCode = 201
        response.setHeader("X-Twice", ["1", "2"])
        response.setHeader("Set-Cookie", ["a=1; Path=/", "b=2"])
        if (request.url === "/form") {
          response.setHeader("content-type", "application/x-www-form-urlencoded")
          response.end("a=b")
        } else response.end('{"a":"ä"}')
      })
      const transport = yield* make()
      for (const client of both(transport)) {
        const call = client.get(server.origin)
        const { cookies, headers, remoteAddress, status } = yield* call
        expect([status, headers["x-twice"], remoteAddress]).toEqual([201, "1, 2", Option.some("127.0.0.1")])
        expect(Object.keys(cookies.cookies)).toEqual(["a", "b"])
        const bytes = new TextEncoder().encode('{"a":"ä"}')
        expect(yield* Effect.flatMap(call, ({ json }) => json)).toEqual({ a: "ä" })
        expect(yield* Effect.flatMap(call, ({ text }) => text)).toBe('{"a":"ä"}')
        expect(new Uint8Array(yield* Effect.flatMap(call, ({ arrayBuffer }) => arrayBuffer))).toEqual(bytes)
        expect(yield* Effect.flatMap(call, ({ stream }) => Stream.mkString(Stream.decodeText(stream)))).toBe(
          '{"a":"ä"}'
        )
        const other = client.get(`${server.origin}/form`)
        expect((yield* Effect.flatMap(other, ({ formData }) => formData)).get("a")).toBe("b")
        expect(yield* Effect.flatMap(other, ({ urlParamsBody }) => urlParamsBody)).toEqual([["a", "b"]])
      }
      yield* until(() => server.open() <= 2)
    })
  )

  it.scopedLive("allows repeated reads of a buffered body, but only one read of a stream", () =>
    Effect.gen(function* () {
      const server = yield* web(echo)
      const client = yield* make()
      const whole = yield* client.get(server.origin)
      expect([yield* whole.text, yield* whole.text]).toEqual(["GET / ", "GET / "])
      expect(yield* Stream.mkString(Stream.decodeText(whole.stream))).toBe("GET / ")
      const pieces = yield* client.get(server.origin)
      yield* Stream.runDrain(pieces.stream)
      for (const again of [pieces.text, Stream.runDrain(pieces.stream)]) {
        expect(yield* Effect.flip(again)).toMatchObject({ _tag: "ResponseError", reason: "Decode" })
      }
    })
  )

  it.scopedLive("applies backpressure to the server while the body is not read", () =>
    Effect.gen(function* () {
      let written = 0
      let blocked = false
      const server = yield* web((_, response) => {
        const chunk = Buffer.alloc(2 ** 16)
        const go = () => {
          while (written < 2 ** 26) {
            written += chunk.length
            if (!response.write(chunk)) {
              blocked = true
              response.once("drain", go)
              return
            }
          }
          response.end()
        }
        go()
      })
      const client = yield* make()
      const { stream } = yield* client.get(server.origin)
      yield* pause(100)
      expect(blocked).toBe(true)
      const held = written
      expect(held).toBeLessThan(2 ** 25)
      yield* pause(50)
      expect(written).toBe(held)
      expect(yield* Stream.runFold(stream, 0, (size, chunk) => size + chunk.length)).toBe(2 ** 26)
      expect(server.open()).toBe(1)
    })
  )

  it.scopedLive("emits the bytes that arrived before it fails with ConnectionLost", () =>
    Effect.gen(function* () {
      const server = yield* bare((socket) =>
        onRequest(socket, () => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf"))
      )
      const client = yield* make()
      const { stream } = yield* client.get(server.origin)
      yield* pause(20)
      let seen = ""
      const error = yield* failure(
        Stream.runForEach(Stream.decodeText(stream), (piece) => Effect.sync(() => void (seen += piece)))
      )
      expect([seen, error.reason, error.delivery]).toEqual(["half", "ConnectionLost", "Partial"])
    })
  )

  it.scopedLive("closes its connection when its reader stops, or when it is garbage-collected unread", () =>
    Effect.gen(function* () {
      const server = yield* web((_, response) => void response.write("half"))
      const client = yield* make()
      const { stream } = yield* client.get(server.origin)
      yield* Stream.runHead(stream)
      yield* until(() => server.open() === 0)

      setFlagsFromString("--expose-gc")
      // the flag makes `gc` a global of new contexts
      const collect = runInNewContext("gc") as () => void
      // no reference to the exit remains once the fiber is gone
      yield* Effect.forEach([1, 2, 3], () => Fiber.await(Effect.runFork(client.get(server.origin))), { discard: true })
      expect(server.open()).toBe(3)
      yield* until(() => {
        collect()
        return server.open() === 0
      }, 5000)
    })
  )

  it.scopedLive("drains an error body within bounds to keep the connection", () =>
    Effect.gen(function* () {
      const server = yield* web((request, response) => {
        response.statusCode = 503
        if (request.url === "/small") response.end("x".repeat(200_000))
        else if (request.url === "/large") response.end("x".repeat(3 * 2 ** 20))
        else response.write('{"error":{"message":"half"')
      })
      const transport = yield* make()
      const client = reliable(transport)
      for (let n = 0; n < 10; n++) yield* failure(client.get(`${server.origin}/small`))
      expect(server.sockets.length).toBe(1)
      expect(yield* failure(client.get(`${server.origin}/large`))).toMatchObject({ status: 503 })
      yield* until(() => server.open() === 0)
      const [elapsed, error] = yield* Effect.timed(failure(client.get(`${server.origin}/stalls`)))
      expect(error).toMatchObject({ status: 503, delivery: "Acknowledged" })
      expect(Duration.toMillis(elapsed)).toBeLessThan(400)
      // the error has the status of the response, not the timeout
      const brief = reliable(transport, { attempt: 100 })
      expect(yield* failure(brief.get(`${server.origin}/stalls`))).toMatchObject({ status: 503 })
      yield* until(() => server.open() === 0)
    })
  )

  it.scopedLive("fails with AnswerTooLarge above maxBody, and closes its connection", () =>
    Effect.gen(function* () {
      const server = yield* web((_, response) => response.end("x".repeat(100_000)))
      const client = ReliableHttpClient.make(yield* make(), { workload: workload(), maxBody: 99_999 })
      expect(yield* failure(client.get(`${server.origin}/a`))).toMatchObject({
        reason: "AnswerTooLarge",
        delivery: "Partial",
        url: `${server.origin}/a`
      })
      yield* until(() => server.open() === 0)
      const enough = ReliableHttpClient.make(yield* make(), { workload: workload(), maxBody: 100_000 })
      expect((yield* text(enough.get(server.origin))).length).toBe(100_000)
    })
  )
})
