import { HttpClient, HttpClientRequest } from "@effect/platform"
import { describe, it } from "@effect/vitest"
import { Cause, Chunk, Clock, Effect, Exit, Fiber, Layer, ParseResult, Schema, Stream, TestClock } from "effect"
import { type ApiError, Classify, Dialect, ReliableHttpClient, Retry, Workload } from "effect-reliability"
import * as EventStream from "effect-reliability/stream"
import { expect } from "vitest"
import {
  all,
  collect,
  done,
  event,
  expectError,
  hang,
  outcomeOf,
  provider,
  request,
  reset,
  say,
  streaming,
  through,
  wait,
  workload
} from "../support/eventStream.js"

// -------------------------------------------------------------------------------------------------

describe("EventStream.open", () => {
  it.effect("emits events without comments, pings and [DONE]", () =>
    Effect.gen(function* () {
      const { client } = yield* provider(
        streaming(say(": hi\n\nevent: ping\ndata: {}\n\n", "id: 7\nevent: delta\nda", `ta: ä\ndata: b\n\n${done}`))
      )
      const events = yield* Stream.runCollect(EventStream.open(request, { client }))
      expect(Chunk.toArray(events)).toEqual([{ id: "7", event: "delta", data: "ä\nb" }])
    })
  )

  it.effect("uses the client of its context if none is given", () =>
    Effect.gen(function* () {
      const { inner } = yield* provider(streaming(say(event("a") + done)))
      const layer = ReliableHttpClient.layer().pipe(Layer.provide(Layer.succeed(HttpClient.HttpClient, inner)))
      const { data } = yield* Effect.provide(collect(EventStream.open(request)), layer)
      expect(data).toEqual(["a"])
    })
  )

  it.effect("makes a new call each time the stream runs", () =>
    Effect.gen(function* () {
      const { client, seen } = yield* provider(streaming(say(event("a") + done)))
      const stream = EventStream.open(request, { client })
      expect(yield* collect(stream)).toEqual(yield* collect(stream))
      const ids = seen.requests.map(({ headers }) => headers["x-request-id"])
      expect(new Set(ids).size).toBe(2)
    })
  )

  it.effect("sends one request id on all attempts, the caller's own if given", () =>
    Effect.gen(function* () {
      const { client, seen } = yield* provider({ status: 503 }, streaming(say(done)))
      const own = HttpClientRequest.setHeader(request, "x-request-id", "mine")
      yield* through(collect(EventStream.open(request, { client, workload, idempotency: "safe" })))
      yield* through(collect(EventStream.open(own, { client, workload, idempotency: "safe" })))
      const ids = seen.requests.map(({ headers }) => headers["x-request-id"])
      expect(ids[0]).toMatch(/^[\da-f]{24}$/)
      expect(ids).toEqual([ids[0], ids[0], "mine"])
    })
  )

  it.effect("emits all events of a piece together, and reads only on demand", () =>
    Effect.gen(function* () {
      let pulled = 0
      const pieces = Stream.range(0, 99).pipe(
        Stream.rechunk(1),
        Stream.tap(() => Effect.sync(() => pulled++)),
        Stream.map((n) => event(`${n}a`) + event(`${n}b`)),
        Stream.encodeText
      )
      const { client } = yield* provider(streaming(pieces))
      const chunks = yield* EventStream.open(request, { client }).pipe(
        Stream.chunks,
        Stream.map((chunk) => ({ size: chunk.length, ahead: pulled })),
        Stream.take(3),
        Stream.runCollect
      )
      expect(Chunk.toArray(chunks).map(({ size }) => size)).toEqual([2, 2, 2])
      expect(Math.max(...Chunk.map(chunks, ({ ahead }) => ahead))).toBeLessThanOrEqual(4)
    })
  )

  for (const [option, value, bound] of [
    ["maxEvent", 0, "an integer of at least 1"],
    ["requestIdHeader", "a b", "the name of a header"],
    ["idempotency", "always", "one of safe, keyed, never"],
    ["target", "moon", "one of serverless, dedicated"]
  ] as const) {
    it(`rejects ${option} ${value}`, () => {
      expect(() => EventStream.open(request, { [option]: value })).toThrow(`EventStream.open: ${option} is`)
      expect(() => EventStream.open(request, { [option]: value })).toThrow(bound)
    })
  }
})

describe("the end of a stream", () => {
  const ends: ReadonlyArray<readonly [string, string, ReadonlyArray<string>, EventStream.Options["done"]?]> = [
    ["[DONE]", "data: [DONE]\n\n", []],
    ["[DONE] with spaces around it", "data:  [DONE] \r\n\r\n", []],
    ["Anthropic's message_stop", `event: message_stop\ndata: {}\n\n`, ["{}"]],
    ["OpenAI's response.completed", `event: response.completed\ndata: {}\n\n`, ["{}"]],
    ["the caller's own last event", `data: fin\n\n`, ["fin"], ({ data }) => data === "fin"]
  ]
  for (const [name, text, last, isLast] of ends) {
    it.effect(`comes with ${name}, whether or not the server closes, and ignores what follows`, () =>
      Effect.gen(function* () {
        for (const body of [
          all(say(event("a") + text + event("b")), hang),
          all(say(event("a")), say(text), wait(1000), say(event("b"))),
          say(event("a"), text)
        ]) {
          const { client, seen } = yield* provider(streaming(body))
          const start = yield* Clock.currentTimeMillis
          const { now, value } = yield* through(
            collect(EventStream.open(request, { client, workload, idempotency: "safe", done: isLast }))
          )
          expect({ ...value, took: now - start }).toEqual({ data: ["a", ...last], error: undefined, took: 0 })
          yield* TestClock.adjust("250 millis")
          expect(seen.reading).toBe(0)
        }
      })
    )
  }

  const whole: ReadonlyArray<readonly [string, string, ReadonlyArray<string>]> = [
    ["[DONE]", "data: [DONE]", []],
    ["[DONE] on a line", "data: [DONE]\r\n", []],
    ["[DONE] on a line that ends by a carriage return", "data: [DONE]\r", []],
    ["Anthropic's message_stop", `event: message_stop\ndata: {"type":"message_stop"}`, [`{"type":"message_stop"}`]]
  ]
  for (const [name, text, last] of whole) {
    it.effect(`requires no blank line if the body ends with it: ${name}`, () =>
      Effect.gen(function* () {
        expect(yield* outcomeOf(streaming(say(event("a"), text)))).toMatchObject({
          data: ["a", ...last],
          error: undefined
        })
        const reset_ = yield* outcomeOf(streaming(say(event("a"), text), reset))
        expectError(reset_.error, { reason: "StreamBroken", code: "ECONNRESET" })
      })
    )
  }

  it.effect("fails with an error event at the end of the body, without a blank line", () =>
    Effect.gen(function* () {
      const error = `data: {"error":{"code":"server_error"}}`
      const { data, error: found } = yield* outcomeOf(streaming(say(event("a"), error)), { dialect: Dialect.openai })
      expectError(found, { reason: "ServerError", delivery: "Partial" })
      expect(data).toEqual(["a"])
    })
  )

  it.effect("does not include half an event", () =>
    Effect.gen(function* () {
      for (const half of [
        "data: [DON",
        `data: {"text":"b"}`,
        `data: {"error":{"code":"server_err`,
        `event: error\ndata: {"error":{"code":"serv`,
        `event: message_stop\ndata: {"ty`
      ]) {
        const { data, error } = yield* outcomeOf(streaming(say(event("a"), half)), { dialect: Dialect.openai })
        expectError(error, { reason: "StreamBroken", delivery: "Partial" })
        expect(data).toEqual(["a"])
      }
    })
  )

  it.effect("comes even before any event", () =>
    Effect.gen(function* () {
      expect(yield* outcomeOf(streaming(say(done), hang))).toMatchObject({ data: [], error: undefined, attempts: 1 })
    })
  )

  it.effect("does not come with other events, or with [DONE] among other words", () =>
    Effect.gen(function* () {
      const { data, error } = yield* outcomeOf(streaming(say(event("[DONE] not"), "event: done\ndata: 1\n\n")))
      expect({ data, reason: error?.reason }).toEqual({ data: ["[DONE] not", "1"], reason: "StreamBroken" })
    })
  )

  it.effect("does not wait for a server that continues to send", () =>
    Effect.gen(function* () {
      const { client, seen } = yield* provider(streaming(say(done), Stream.repeatValue(new Uint8Array(1000))))
      yield* collect(EventStream.open(request, { client }))
      yield* TestClock.adjust(0)
      expect(seen.reading).toBe(0)
    })
  )

  it.effect("dies if `done` throws, and closes the connection", () =>
    Effect.gen(function* () {
      const { client, seen } = yield* provider(streaming(say(event("a")), hang))
      const done = () => {
        throw new Error("mine")
      }
      const exit = yield* Effect.exit(
        collect(EventStream.open(request, { client, workload, idempotency: "safe", done }))
      )
      expect(Exit.isFailure(exit) && Cause.isDie(exit.cause)).toBe(true)
      expect(seen).toMatchObject({ reading: 0, requests: { length: 1 } })
    })
  )
})

describe("an error event", () => {
  const own = Dialect.make({
    name: "own",
    entries: [{ code: "502", class: "Fatal", reason: "Conflict", source: "this test" }]
  })
  const errors: ReadonlyArray<readonly [string, string, Dialect.Dialect, Partial<ApiError.ApiError>]> = [
    [
      "by name",
      `event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"busy"}}\n\n`,
      Dialect.anthropic,
      { reason: "Overloaded", code: "overloaded_error", detail: "busy", status: 200 }
    ],
    [
      "by its data",
      `data: {"error":{"code":"rate_limit_exceeded","message":"slow"}}\n\n`,
      Dialect.openai,
      { _tag: "RateLimit", reason: "RateExceeded" }
    ],
    [
      "with the fields at the top",
      `event: error\ndata: {"type":"error","code":"server_error","message":"no"}\n\n`,
      Dialect.openai,
      { reason: "ServerError", detail: "no" }
    ],
    [
      "with a status as its code",
      `data: {"error":{"code":502,"message":"no"},"choices":[]}\n\n`,
      Dialect.generic,
      { reason: "BadGateway", status: 502 }
    ],
    ["with a number that the dialect lists as a code", `data: {"error":{"code":502}}\n\n`, own, { reason: "Conflict" }],
    [
      "with an unknown code",
      `data: {"error":{"code":"odd","message":"no"}}\n\n`,
      Dialect.generic,
      { _tag: "Fatal", reason: "Unknown", code: "odd" }
    ],
    [
      "with a string as its error",
      `data: {"error":"went wrong"}\n\n`,
      Dialect.fireworks,
      { reason: "Unknown", detail: "went wrong" }
    ],
    [
      "that is not JSON",
      `event: error\ndata: went wrong\n\n`,
      Dialect.generic,
      { reason: "Unknown", detail: "went wrong" }
    ],
    ["with empty data", `event: error\ndata: {}\n\n`, Dialect.generic, { _tag: "Fatal", reason: "Decode" }],
    [
      "of vLLM, with the status as its code",
      `data: {"object":"error","message":"no","type":"InternalServerError","param":null,"code":500}\n\n`,
      Dialect.generic,
      { _tag: "Transient", reason: "ServerError", status: 500, code: "500", detail: "no" }
    ],
    [
      "of vLLM, with a type that the dialect knows",
      `data: {"object":"error","message":"no","type":"server_error","code":null}\n\n`,
      Dialect.openai,
      { _tag: "Transient", reason: "ServerError", status: 200, code: "server_error" }
    ],
    [
      "of OpenAI's responses, without its name",
      `data: {"type":"error","code":"rate_limit_exceeded","message":"slow"}\n\n`,
      Dialect.openai,
      { _tag: "RateLimit", reason: "RateExceeded", detail: "slow" }
    ],
    [
      "with a status after an unknown code",
      `data: {"error":{"code":"odd","status":503,"message":"no"}}\n\n`,
      Dialect.generic,
      { _tag: "Transient", reason: "Unavailable", status: 503, code: "odd" }
    ],
    [
      "with its message beside it",
      `data: {"error":true,"code":"server_error","message":"no"}\n\n`,
      Dialect.openai,
      { _tag: "Transient", reason: "ServerError", detail: "no" }
    ],
    [
      "in a field of llama.cpp's own",
      `error: {"code":500,"message":"no","type":"server_error"}\n\n`,
      Dialect.generic,
      { _tag: "Transient", reason: "ServerError", detail: "no" }
    ],
    [
      "as the finish reason",
      `data: {"choices":[{"finish_reason":null},{"finish_reason":"error"}]}\n\n`,
      Dialect.generic,
      { _tag: "Transient", reason: "ServerError", status: 200 }
    ]
  ]
  for (const [name, text, dialect, expected] of errors) {
    it.effect(`fails the stream as the dialect defines, first or later: ${name}`, () =>
      Effect.gen(function* () {
        const response = {
          ...streaming(say(text)),
          headers: { "content-type": "text/event-stream", "x-request-id": "r1" }
        }
        const once = { dialect, workload: Workload.with(workload, { retry: Retry.make({ attempts: 1 }) }) }
        const first = yield* outcomeOf(response, once)
        expectError(first.error, { ...expected, delivery: "Acknowledged", requestId: "r1", attempts: 1 })
        const later = yield* outcomeOf({ ...response, ...streaming(say(event("a")), say(text)) }, once)
        expectError(later.error, { ...expected, delivery: "Partial", requestId: "r1", attempts: 1 })
      })
    )
  }

  it.effect("maps each code of each dialect as in a body", () =>
    Effect.gen(function* () {
      const once = { workload: Workload.with(workload, { retry: Retry.make({ attempts: 1 }) }) }
      for (const dialect of [Dialect.generic, Dialect.openai, Dialect.anthropic, Dialect.fireworks]) {
        const codes = dialect.entries.flatMap(({ code }) => code ?? [])
        for (const code of ["server_error", "odd", ...codes]) {
          for (const body of [
            { error: { code } },
            { error: { type: code } },
            { type: "error", error: { type: code } }
          ]) {
            const { class: _class, reason } = Dialect.lookup(dialect, { status: 200, codes: [code] })
            const known = reason === "UnexpectedStatus" ? "Unknown" : reason
            for (const name of ["", "event: error\n"]) {
              const { error } = yield* outcomeOf(streaming(say(`${name}data: ${JSON.stringify(body)}\n\n`)), {
                ...once,
                dialect
              })
              expect([dialect.name, code, error?._tag, error?.reason]).toEqual([dialect.name, code, _class, known])
            }
          }
        }
      }
    })
  )

  it.effect("does not include events that only mention an error", () =>
    Effect.gen(function* () {
      const events = [
        `{"object":"chat.completion.chunk","message":"error"}`,
        `{"a":{"object":"error"}}`,
        `{"error":false}`,
        `{"error":null}`,
        `{"error":""}`,
        `{"text":"an \\"error\\": {}"}`,
        `{"a":{"error":{}}}`,
        `{"choices":[{"delta":{"finish_reason":"error"}}]}`,
        `an "error"`,
        `["error"]`
      ]
      const { data, error } = yield* outcomeOf(streaming(say(events.map(event).join("") + done)))
      expect({ data, error }).toEqual({ data: events, error: undefined })
    })
  )
})

// -------------------------------------------------------------------------------------------------
// decode
// -------------------------------------------------------------------------------------------------

describe("EventStream.decode", () => {
  const Piece = Schema.Struct({ n: Schema.NumberFromString })
  const piece = (n: number) => ({ data: `{"n":"${n}"}` })
  const decoded = (...events: ReadonlyArray<EventStream.Event>) =>
    Effect.gen(function* () {
      const values = new Array<number>()
      const error = yield* Stream.make(...events).pipe(
        EventStream.decode(Piece),
        Stream.runForEach(({ n }) => Effect.sync(() => values.push(n))),
        Effect.match({ onFailure: (error) => error, onSuccess: () => undefined })
      )
      return { values, error }
    })

  it.effect("decodes the data of each event except [DONE]", () =>
    Effect.gen(function* () {
      expect(yield* decoded(piece(1), piece(2), { data: "[DONE]" })).toEqual({ values: [1, 2], error: undefined })
      const dataFirst = EventStream.decode(Stream.make(piece(3)), Piece)
      expect(Chunk.toArray(yield* Stream.runCollect(dataFirst))).toEqual([{ n: 3 }])
    })
  )

  it.effect("ignores events without data", () =>
    Effect.gen(function* () {
      const blank = [{ data: "" }, { data: " " }, { event: "heartbeat", data: "\n" }]
      expect(yield* decoded(...blank, piece(1), ...blank, piece(2))).toEqual({ values: [1, 2], error: undefined })
    })
  )

  it.effect("fails with Decode or InvalidAnswer after the values before it", () =>
    Effect.gen(function* () {
      const other = yield* decoded(piece(1), piece(2), { data: `{"n":"secret"}` }, piece(3))
      expect(other.values).toEqual([1, 2])
      expectError(other.error, { _tag: "Fatal", reason: "Decode", delivery: "Partial", detail: "at n", attempts: 1 })
      const none = yield* decoded({ data: `{"n": secret` })
      expectError(none.error, { _tag: "Transient", reason: "InvalidAnswer", delivery: "Partial", attempts: 1 })
    })
  )

  it.effect("runs schemas with effects and requirements", () =>
    Effect.gen(function* () {
      const Slow = Schema.transformOrFail(Schema.Number, Schema.Number, {
        strict: true,
        decode: (n, _, ast) =>
          Effect.zipRight(
            Effect.sleep("1 second"),
            Effect.flatMap(Clock.currentTimeMillis, (now) =>
              n < 2 ? Effect.succeed(now) : Effect.fail(new ParseResult.Type(ast, n))
            )
          ),
        encode: (n) => Effect.succeed(n)
      })
      const events = Stream.make({ data: "0" }, { data: "1" }, { data: "2" })
      const values = new Array<number>()
      const run = Stream.runForEach(EventStream.decode(events, Slow), (n) => Effect.sync(() => values.push(n)))
      const { value } = yield* through(Effect.flip(run))
      expect({ values, reason: value.reason }).toEqual({ values: [1000, 2000], reason: "Decode" })
    })
  )

  it.effect("passes on the error of the stream", () =>
    Effect.gen(function* () {
      const error = Classify.answer({ now: 0, status: 503 })
      const stream = Stream.concat(Stream.make(piece(1)), Stream.fail(error)).pipe(EventStream.decode(Piece))
      expect(yield* Effect.flip(Stream.runDrain(stream))).toBe(error)
    })
  )
})

describe("EventStream.awaitFirst", () => {
  const error = Classify.answer({ now: 0, status: 503 })
  const broken = Stream.fail(error)

  it.effect("fails with an error before the first elements, and passes later errors on in the stream", () =>
    Effect.gen(function* () {
      expect(yield* Effect.flip(EventStream.awaitFirst(broken))).toBe(error)
      const begun = yield* EventStream.awaitFirst(
        Stream.concat(Stream.make(1, 2), Stream.concat(Stream.make(3), broken))
      )
      const seen = Stream.catchAll(begun, (error) => Stream.make(error))
      expect(Chunk.toArray(yield* Stream.runCollect(seen))).toEqual([1, 2, 3, error])
    }).pipe(Effect.scoped)
  )

  it.effect("emits all elements on demand, or none", () =>
    Effect.gen(function* () {
      const pulled = new Array<number>()
      const numbers = Stream.rechunk(Stream.make(1, 2, 3), 1).pipe(Stream.tap((n) => Effect.sync(() => pulled.push(n))))
      const begun = yield* EventStream.awaitFirst(numbers)
      expect(pulled).toEqual([1])
      expect(Chunk.toArray(yield* Stream.runCollect(begun))).toEqual([1, 2, 3])
      const empty = yield* EventStream.awaitFirst(Stream.empty)
      expect(Chunk.isEmpty(yield* Stream.runCollect(empty))).toBe(true)
    }).pipe(Effect.scoped)
  )

  it.effect("releases the stream when it ends early, with the scope, and on interruption", () =>
    Effect.gen(function* () {
      const released = new Array<string>()
      const endless = (name: string) =>
        Stream.ensuring(
          Stream.concat(Stream.make(1), Stream.never),
          Effect.sync(() => released.push(name))
        )
      const left = yield* EventStream.awaitFirst(endless("left"))
      yield* Stream.runDrain(Stream.take(left, 1))
      expect(released).toEqual(["left"])
      yield* Effect.asVoid(Effect.scoped(EventStream.awaitFirst(endless("scope"))))
      expect(released).toEqual(["left", "scope"])
      const silent = Stream.ensuring(
        Stream.never,
        Effect.sync(() => released.push("interrupted"))
      )
      const waiting = yield* Effect.fork(Effect.scoped(EventStream.awaitFirst(silent)))
      yield* Effect.yieldNow()
      yield* Fiber.interrupt(waiting)
      expect(released).toEqual(["left", "scope", "interrupted"])
    }).pipe(Effect.scoped)
  )
})
