import { HttpBody, HttpClient, type HttpClientError, HttpClientRequest } from "@effect/platform"
import { describe, it } from "@effect/vitest"
import { Effect, FastCheck as fc, Stream, TestClock } from "effect"
import { Classify } from "effect-reliability"
import { Transport } from "effect-reliability/node"
import { Fault, FaultServer, ScriptedClient } from "effect-reliability/testing"
import { Readable } from "node:stream"
import { expect } from "vitest"
import { outlastsAnOutage } from "../../examples/testingYourService.js"
import { type Client, echo, leavesNothing, recorded, seenBy, url, within } from "../../support/scriptedClient.js"

// -------------------------------------------------------------------------------------------------
// Requests
// -------------------------------------------------------------------------------------------------

const bytes = Uint8Array.from([0, 255, 0xef, 0xbb, 0xbf, 65])
const form = () => {
  const data = new FormData()
  data.append("name", "a value")
  return data
}
const post = HttpClientRequest.post(url)
const raw = (body: unknown) => HttpClientRequest.setBody(post, HttpBody.raw(body))

describe("ScriptedClient requests", () => {
  const bodies: ReadonlyArray<
    readonly [kind: string, request: () => HttpClientRequest.HttpClientRequest, body: RegExp, bytes?: number]
  > = [
    ["an empty body", () => post, /^$/, 0],
    ["text", () => HttpClientRequest.bodyText(post, "\ufeffzwölf"), /^\ufeffzwölf$/, 9],
    ["JSON", () => HttpClientRequest.bodyUnsafeJson(post, { a: 1 }), /^{"a":1}$/, 7],
    ["bytes", () => HttpClientRequest.bodyUint8Array(post, bytes), /^\0\ufffd\ufeffA$/, 6],
    ["URL parameters", () => HttpClientRequest.bodyUrlParams(post, { a: "1 2" }), /^a=1\+2$/, 5],
    ["a form", () => HttpClientRequest.bodyFormData(post, form()), /name="name"\r\n\r\na value\r\n/],
    ["a stream", () => HttpClientRequest.bodyStream(post, Stream.make(bytes, bytes)), /A.*A$/su, 12],
    ["an empty stream", () => HttpClientRequest.bodyStream(post, Stream.empty), /^$/, 0],
    ["raw text", () => raw("text"), /^text$/, 4],
    ["a raw null", () => raw(null), /^$/, 0],
    ["raw parameters", () => raw(new URLSearchParams({ a: "1" })), /^a=1$/, 3],
    ["a raw form", () => raw(form()), /a value/],
    ["a raw buffer", () => raw(bytes.buffer), /A$/, 6],
    ["a blob", () => raw(new Blob(["blob"], { type: "text/x" })), /^blob$/, 4],
    ["a Node stream", () => raw(Readable.from(["one ", Buffer.from("two")])), /^one two$/, 7],
    ["a web stream", () => raw(new Blob(["web"]).stream()), /^web$/, 3]
  ]

  for (const [kind, request, body, size] of bodies) {
    it.effect(`records the body of a request with ${kind}`, () =>
      Effect.gen(function* () {
        const script: Array<string> = []
        const client = yield* ScriptedClient.make(({ body }) => {
          script.push(body)
          return Fault.healthy
        })
        expect(yield* seenBy(client, request())).toBe(echo)
        const [record] = yield* client.requests
        expect(record?.body).toMatch(body)
        expect(script).toEqual([record?.body])
        if (size !== undefined) expect(record?.bytes).toBe(size)
      })
    )
  }

  it.effect("sends the content-type of forms and URL parameters", () =>
    Effect.gen(function* () {
      const client = yield* ScriptedClient.make()
      yield* Effect.forEach([raw(form()), raw(new URLSearchParams()), raw("text")], (request) =>
        seenBy(client, request)
      )
      const types = (yield* client.requests).map(({ headers }) => headers["content-type"]?.replace(/=.*/, ""))
      expect(types).toEqual(["multipart/form-data; boundary", "application/x-www-form-urlencoded;charset", undefined])
    })
  )

  it.effect("records the first 64 KiB of a body, and passes the whole body to the script", () =>
    Effect.gen(function* () {
      let length = 0
      const client = yield* ScriptedClient.make(({ body }) => {
        length = body.length
        return Fault.answer(200)
      })
      yield* seenBy(client, HttpClientRequest.bodyText(post, "x".repeat(100_000)))
      const [record] = yield* client.requests
      expect([length, record?.body.length, record?.bytes]).toEqual([100_000, 65_536, 100_000])
    })
  )

  it.effect("fails with InvalidRequest if the body fails, and reports the delivery", () =>
    Effect.gen(function* () {
      const client = yield* ScriptedClient.make()
      const streamed = (stream: Stream.Stream<Uint8Array, unknown>) => HttpClientRequest.bodyStream(post, stream)
      const failing = Stream.fail("no")
      const locked = new Blob(["x"]).stream()
      locked.getReader()
      const requests = [
        streamed(failing),
        streamed(Stream.concat(Stream.make(bytes), failing)),
        streamed(Stream.die("no")),
        raw(Readable.from([1])),
        raw(locked)
      ]
      expect(yield* Effect.forEach(requests, (request) => seenBy(client, request))).toEqual([
        "InvalidRequest NotSent",
        "InvalidRequest Unconfirmed",
        "InvalidRequest NotSent",
        "InvalidRequest Unconfirmed",
        "InvalidRequest NotSent"
      ])
      expect([yield* client.requests, yield* client.connections]).toEqual([[], requests.length])
    })
  )

  it.effect("rejects invalid requests, and does not read the body if the server is down", () =>
    Effect.gen(function* () {
      const client = yield* ScriptedClient.make()
      const requests = [
        HttpClientRequest.get("nowhere"),
        HttpClientRequest.get("ftp://api.test/"),
        HttpClientRequest.setHeader(HttpClientRequest.get(url), "x", "a\nb"),
        raw({ no: "body" })
      ]
      const error = yield* Effect.flip(client.get("nowhere"))
      expect(error).toMatchObject({ _tag: "RequestError", reason: "Encode" })
      expect(new Set(yield* Effect.forEach(requests, (request) => seenBy(client, request)))).toEqual(
        new Set(["InvalidRequest NotSent"])
      )
      let read = false
      const body = Stream.suspend(() => ((read = true), Stream.empty))
      yield* client.down
      expect(yield* seenBy(client, HttpClientRequest.bodyStream(post, body))).toBe("Connect NotSent")
      expect([read, yield* client.connections]).toEqual([false, 0])
    })
  )
})

// -------------------------------------------------------------------------------------------------
// Responses
// -------------------------------------------------------------------------------------------------

describe("ScriptedClient responses", () => {
  it.effect("allows repeated reads of a buffered body", () =>
    Effect.gen(function* () {
      const client = yield* ScriptedClient.make(Fault.answer(200, { body: { a: "ö" } }))
      const answer = yield* client.get(url)
      expect([yield* answer.text, yield* answer.json, yield* answer.text]).toEqual([
        `{"a":"ö"}`,
        { a: "ö" },
        `{"a":"ö"}`
      ])
      expect(yield* Stream.mkString(Stream.decodeText(answer.stream))).toBe(`{"a":"ö"}`)
      expect((yield* answer.arrayBuffer).byteLength).toBe(10)
    })
  )

  it.effect("allows one reader of a stream, and fails for all others", () =>
    Effect.gen(function* () {
      const client = yield* ScriptedClient.make(Fault.drip({ every: "1 second" }, Fault.answer(200, { body: "abc" })))
      const answer = yield* client.get(url)
      const [first, second] = yield* within("1 minute")(
        Effect.all([Effect.either(answer.text), Effect.either(answer.text)], { concurrency: 2 })
      )
      expect([first, second]).toMatchObject([{ right: "abc" }, { left: { _tag: "ResponseError", reason: "Decode" } }])

      const streamed = yield* client.get(url)
      yield* within("1 minute")(Stream.runDrain(streamed.stream))
      expect(yield* Effect.flip(streamed.text)).toMatchObject({ _tag: "ResponseError", reason: "Decode" })
    })
  )

  it.effect("delivers the whole body to a slow reader", () =>
    Effect.gen(function* () {
      const client = yield* ScriptedClient.make(
        Fault.drip({ every: "1 second" }, Fault.answer(200, { body: "abcdef" }))
      )
      const { stream } = yield* client.get(url)
      const slowly = Stream.tap(stream, () => Effect.sleep("1 minute"))
      expect(yield* within("1 hour")(Stream.mkString(Stream.decodeText(slowly)))).toBe("abcdef")
      expect((yield* client.requests)[0]).toMatchObject({ ended: { at: 5000, complete: true } })
    })
  )

  it.effect("emits the bytes before a cut, and then fails", () =>
    Effect.gen(function* () {
      const client = yield* ScriptedClient.make(
        Fault.cut({ by: "reset", after: 3 }, Fault.answer(200, { body: "abcdef" }))
      )
      const { headers, stream } = yield* client.get(url)
      let text = ""
      const end = yield* Effect.flip(
        Stream.runForEach(Stream.decodeText(stream), (part) => Effect.sync(() => (text += part)))
      )
      expect([text, end._tag, headers["content-length"]]).toEqual(["abc", "ResponseError", "6"])
    })
  )

  it.effect("completes a response that is not read", () =>
    Effect.gen(function* () {
      const client = yield* ScriptedClient.make(Fault.stream({ events: 10_000 }))
      yield* leavesNothing(Effect.zipRight(client.get(url), TestClock.adjust(0)))
      expect((yield* client.requests).map(recorded)).toMatchObject([{ complete: true }])
    })
  )

  it.effect("returns the cookies of set-cookie", () =>
    Effect.gen(function* () {
      const client = yield* ScriptedClient.make(Fault.answer(200, { headers: { "set-cookie": "a=1; Path=/" } }))
      const { cookies } = yield* client.get(url)
      expect(cookies.cookies).toHaveProperty("a")
    })
  )
})

// -------------------------------------------------------------------------------------------------
// Scripts
// -------------------------------------------------------------------------------------------------

describe("ScriptedClient scripts", () => {
  const statuses = (client: Client, count: number) =>
    Effect.replicateEffect(
      Effect.map(client.get(url), ({ status }) => status),
      count
    )

  it.effect("accepts one fault, a list that ends in healthy responses, or a function, and can be replaced", () =>
    Effect.gen(function* () {
      const client = yield* ScriptedClient.make(Fault.answer(500))
      expect(yield* statuses(client, 2)).toEqual([500, 500])
      const list = [Fault.answer(501), Fault.answer(502)]
      yield* client.script(list)
      expect(yield* statuses(client, 3)).toEqual([501, 502, 200])
      yield* client.script(list)
      expect(yield* statuses(client, 1)).toEqual([501])
      yield* client.script(({ headers, method, number, path }) =>
        method === "GET" && path === "/path?q=1" && headers["host"] === "api.test"
          ? Fault.answer(200 + number)
          : Fault.reset
      )
      expect(yield* statuses(client, 2)).toEqual([207, 208])
    })
  )

  it.effect("responds with 500 if the script throws or returns undefined, and accepts the connection", () =>
    Effect.gen(function* () {
      const oops = () => {
        throw new Error("oops")
      }
      const client = yield* ScriptedClient.make(oops, { connections: oops })
      const answer = yield* client.get(url)
      expect([answer.status, yield* answer.text]).toMatchObject([500, expect.stringContaining("oops")])
      // @ts-expect-error a function in JavaScript may return undefined
      yield* client.script(() => undefined)
      expect(yield* statuses(client, 1)).toEqual([500])
      expect((yield* client.requests).map(({ fault, rejected, status }) => [fault._tag, rejected, status])).toEqual([
        ["Answer", false, 500],
        ["Answer", false, 500]
      ])
    })
  )

  it.effect("starts again for each client", () =>
    Effect.gen(function* () {
      const make = ScriptedClient.make([Fault.answer(500)])
      for (const client of [yield* make, yield* make]) expect(yield* statuses(client, 2)).toEqual([500, 200])
    })
  )

  it.effect("controls the HttpClient of the same layer", () =>
    Effect.gen(function* () {
      const client = yield* HttpClient.HttpClient
      const scripted = yield* ScriptedClient.ScriptedClient
      yield* client.get(url)
      yield* scripted.script(Fault.reset)
      const error: HttpClientError.HttpClientError = yield* Effect.flip(client.get(url))
      expect(error).toMatchObject({ _tag: "RequestError", reason: "Transport" })
      expect((yield* scripted.requests).map(({ status }) => status)).toEqual([418, undefined])
    }).pipe(Effect.provide(ScriptedClient.layer(Fault.answer(418))))
  )
})

// -------------------------------------------------------------------------------------------------
// In memory and on sockets
// -------------------------------------------------------------------------------------------------

const replies: fc.Arbitrary<Fault.Reply> = fc.letrec<{ reply: Fault.Reply; whole: Fault.Reply }>((tie) => ({
  whole: fc.oneof(
    fc.constant<Fault.Reply>(Fault.healthy),
    fc.constantFrom(200, 204, 304, 404, 429, 500, 503).map((status) => Fault.answer(status)),
    fc.constantFrom<Fault.Reply>(Fault.invalidJson, Fault.answer(200, { body: "x".repeat(70_000) }), Fault.stream()),
    fc
      .record({
        events: fc.nat(4),
        pings: fc.boolean(),
        ending: fc.constantFrom("done" as const, "missing" as const, "error" as const)
      })
      .map((options) => Fault.stream(options))
  ),
  reply: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    tie("whole"),
    fc.constantFrom<Fault.Reply>(Fault.reset, Fault.close, Fault.garbage(), Fault.oversizedHeaders()),
    fc
      .record({ events: fc.nat(4), after: fc.nat(4), ending: fc.constantFrom("close" as const, "reset" as const) })
      .map((options) => Fault.stream(options)),
    fc.nat(30).map((bytes) => Fault.drip({ every: 0, bytes: bytes + 1 })),
    fc
      .tuple(
        fc.record({
          by: fc.constantFrom("close" as const, "reset" as const),
          framing: fc.constantFrom("length" as const, "chunked" as const),
          after: fc.option(fc.nat(40), { nil: undefined })
        }),
        tie("whole")
      )
      .map(([options, reply]) => Fault.cut(options, reply)),
    fc.integer({ min: 1, max: 20 }).map((by) => Fault.mislabel(-by)),
    tie("reply").map((reply) => Fault.closeAfter(0, reply)),
    fc.tuple(tie("reply"), tie("reply")).map(([reply, first]) => Fault.reused(reply, first))
  )
})).reply

const limits = fc.oneof(
  { weight: 3, arbitrary: fc.constant((admitted: Fault.Fault): Fault.Fault => admitted) },
  {
    weight: 1,
    arbitrary: fc.constant((admitted: Fault.Fault) =>
      Fault.rateLimit({ burst: 2, perSecond: 0, hint: "none", admitted })
    )
  },
  { weight: 1, arbitrary: fc.constant((admitted: Fault.Fault) => Fault.capacity({ concurrent: 1, admitted })) }
)

const scripts: fc.Arbitrary<ReadonlyArray<Fault.Fault>> = fc
  .tuple(limits, fc.array(replies, { minLength: 1, maxLength: 5 }), fc.boolean())
  .map(([limit, faults, same]) => {
    const [first = Fault.healthy] = faults
    const one = limit(first)
    // a limit is counted by its identity
    return same ? faults.map(() => one) : faults.map((fault) => limit(fault))
  })

const methods = fc.constantFrom("GET" as const, "POST" as const)

const outcomeOf = (client: HttpClient.HttpClient, origin: string, method: "GET" | "POST") => {
  const request = HttpClientRequest.make(method)(`${origin}/path?q=1`).pipe((self) =>
    method === "POST" ? HttpClientRequest.bodyText(self, "some text") : self
  )
  return client.execute(request).pipe(
    Effect.flatMap((answer) =>
      Effect.map(answer.text, (text) => ({ status: answer.status, text: text.replaceAll(/"created":\d+/g, "") }))
    ),
    Effect.mapError((error) => {
      const { delivery, reason, reusedSocket } = Classify.exception(error, { now: 0 })
      return { tag: error._tag, reason: error.reason, is: reason, delivery, reusedSocket }
    }),
    Effect.merge,
    // a close after the response must reach the client
    Effect.zipLeft(Effect.sleep(6))
  )
}

const seen = ({
  bytes,
  closed,
  connection,
  ended,
  number,
  onConnection,
  rejected,
  status
}: FaultServer.RequestRecord) => ({
  number,
  connection,
  onConnection,
  bytes,
  rejected,
  status,
  complete: ended?.complete,
  // unread bytes of the client decide how the host closes, so only the side is compared
  closed: closed?.by
})

describe("the same script", () => {
  it.live("produces the same responses and records in memory and on sockets", () =>
    Effect.promise(() =>
      fc.assert(
        fc.asyncProperty(scripts, fc.array(methods, { minLength: 1, maxLength: 6 }), (script, sent) =>
          Effect.gen(function* () {
            const server = yield* FaultServer.make({ script })
            const transport = yield* Transport.make({ proxy: "none" })
            const scripted = yield* ScriptedClient.make(script)
            const sockets = yield* Effect.forEach(sent, (method) => outcomeOf(transport, server.origin, method))
            const memory = yield* Effect.forEach(sent, (method) => outcomeOf(scripted, server.origin, method))
            expect(memory).toEqual(sockets)
            expect((yield* scripted.requests).map(seen)).toEqual((yield* server.requests).map(seen))
          }).pipe(Effect.scoped, Effect.runPromise)
        ),
        { numRuns: 50 }
      )
    )
  )
})

// -------------------------------------------------------------------------------------------------
// The example
// -------------------------------------------------------------------------------------------------

describe("the example testingYourService", () => {
  it.effect("passes as a test", () => outlastsAnOutage)
})
