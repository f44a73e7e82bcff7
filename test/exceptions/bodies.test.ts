import { FetchHttpClient, HttpClient, HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { NodeHttpClient } from "@effect/platform-node"
import { describe, it } from "@effect/vitest"
import { Cause, Console, Deferred, Duration, Effect, Logger, Record, Schema, type Scope, Stream } from "effect"
import { ApiError, Classify, Dialect } from "effect-reliability"
import { Console as NodeConsole } from "node:console"
import { Writable } from "node:stream"
import { inspect } from "node:util"
import { expect, vi } from "vitest"
import { attempt, clients, type OpenaiName, openais } from "../support/clients.js"
import {
  against,
  classify,
  concluded,
  fatal,
  head,
  host,
  promised,
  type Raised,
  received,
  says,
  towards,
  transient
} from "../support/exceptions.js"
import { type Behaviour, closedPort, serve, type Server } from "../support/faults.js"

// Node loads its `fetch` with the first use of it; were the `undici` package loaded before, `fetch` would use its pool
vi.hoisted(() => Reflect.get(globalThis, "Response"))

/** Responds with JSON to any request. */
const saysJson = (status: number, body: unknown, ...headers: ReadonlyArray<string>): Behaviour => {
  const text = JSON.stringify(body)
  const lines = [`HTTP/1.1 ${status} -`, "Content-Type: application/json", `Content-Length: ${text.length}`, ...headers]
  return says(`${lines.join("\r\n")}\r\n\r\n${text}`)
}

// -------------------------------------------------------------------------------------------------
// Bodies
// -------------------------------------------------------------------------------------------------

const layers = {
  "FetchHttpClient.layer": FetchHttpClient.layer,
  "NodeHttpClient.layer": NodeHttpClient.layer,
  "NodeHttpClient.layerUndici": NodeHttpClient.layerUndici
}

const openai = (name: OpenaiName, server: Server, timeout?: number) =>
  new openais[name]({
    apiKey: "a key",
    baseURL: server.origin,
    maxRetries: 0,
    ...(timeout !== undefined && { timeout })
  })

describe.concurrent("a body that cannot be sent", () => {
  const request = HttpClientRequest.post("http://127.0.0.1")

  it.effect("fails with InvalidRequest, NotSent if it is not JSON (HttpClientRequest.bodyJson)", () =>
    Effect.gen(function* () {
      const exception = yield* Effect.flip(HttpClientRequest.bodyJson(request, { tokens: 1n }))
      const expected = fatal("InvalidRequest", "NotSent")
      expect(concluded(yield* classify({ exception }), expected)).toStrictEqual(expected)
    })
  )

  it.effect("fails with InvalidRequest, NotSent if it violates the schema (HttpClientRequest.schemaBodyJson)", () =>
    Effect.gen(function* () {
      const send = HttpClientRequest.schemaBodyJson(Schema.Struct({ prompt: Schema.NonEmptyString }))
      const exception = yield* Effect.flip(send(request, { prompt: "" }))
      const expected = fatal("InvalidRequest", "NotSent")
      expect(concluded(yield* classify({ exception }), expected)).toStrictEqual(expected)
    })
  )

  for (const client of Record.keys(openais)) {
    // `JSON.stringify` fails with a TypeError, like many mistakes in a program
    it.scopedLive(`fails with Unknown, Unconfirmed if it is not JSON (${client})`, () =>
      Effect.gen(function* () {
        const server = yield* serve({})
        const exception = yield* Effect.flip(attempt(() => openai(client, server).post("", { body: { tokens: 1n } })))
        const expected = fatal("Unknown", "Unconfirmed")
        expect(concluded(yield* classify({ exception, server }), expected)).toStrictEqual(expected)
        expect(received(server)).toBe(0)
      })
    )
  }

  for (const [client, layer] of Record.toEntries(layers)) {
    it.scopedLive(`fails with Unconfirmed if its source fails midway (${client})`, () =>
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
// Responses
// -------------------------------------------------------------------------------------------------

describe.concurrent("a response that a client turns into an exception", () => {
  for (const [client, layer] of Record.toEntries(layers)) {
    it.scopedLive(
      `fails with Decode, Acknowledged for another schema, and names the field but no value (${client})`,
      () =>
        Effect.gen(function* () {
          const server = yield* serve(saysJson(200, { choices: [{ text: "whole" }, { text: 4711 }] }))
          const shape = Schema.Struct({ choices: Schema.Array(Schema.Struct({ text: Schema.String })) })
          const call = Effect.flatMap(HttpClient.post(server.origin), HttpClientResponse.schemaBodyJson(shape))
          const exception = yield* Effect.flip(Effect.provide(call, layer))
          const error = yield* classify({ exception, server })
          expect(error).toMatchObject(fatal("Decode", "Acknowledged"))
          expect(error.detail).toBe("at choices.1.text")
        })
    )

    it.scopedLive(`preserves status, headers and request if filterStatusOk rejects it (${client})`, () =>
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

  it.scopedLive("measures a Retry-After date against now, and ignores it without now", () =>
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

  const responses: ReadonlyArray<{
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
  const events = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
  const event = (data: unknown): string => {
    const text = `data: ${JSON.stringify(data)}\n\n`
    return `${text.length.toString(16)}\r\n${text}\r\n`
  }
  const readStream = (client: OpenaiName, server: Server) =>
    attempt(async () => {
      const stream = await openai(client, server).chat.completions.create({ model: "m", messages: [], stream: true })
      for await (const chunk of stream) expect(chunk).toBeDefined()
    })

  for (const client of Record.keys(openais)) {
    for (const { is, says } of responses) {
      it.scopedLive(`maps ${is.status} to ${is.reason}, Acknowledged (${client})`, () =>
        Effect.gen(function* () {
          const server = yield* serve(says)
          const exception = yield* Effect.flip(attempt(() => openai(client, server).models.list()))
          const error = yield* classify({ exception, server })
          expect(error).toMatchObject({ ...is, delivery: "Acknowledged" })
        })
      )
    }

    it.scopedLive(`maps a stream that breaks off to ConnectionLost, Partial (${client})`, () =>
      Effect.gen(function* () {
        const server = yield* serve(says(events + event({ choices: [] })))
        const expected = transient("ConnectionLost", "Partial", { code: "UND_ERR_SOCKET" })
        const error = yield* classify({ exception: yield* Effect.flip(readStream(client, server)), server })
        expect(concluded(error, expected)).toStrictEqual(expected)
      })
    )

    it.scopedLive(`maps an error event of a stream by its code (${client})`, () =>
      Effect.gen(function* () {
        const failure = { message: "The server had an error.", type: "server_error", code: "server_error" }
        const server = yield* serve(says(`${events}${event({ error: failure })}0\r\n\r\n`))
        const exception = yield* Effect.flip(readStream(client, server))
        const error = yield* classify({ exception, server }, { dialect: Dialect.openai })
        expect(error).toMatchObject({ _tag: "Transient", reason: "ServerError", detail: failure.message })
        expect(["Partial", "Acknowledged"]).toContain(error.delivery)
      })
    )
  }
})

// -------------------------------------------------------------------------------------------------
// Secrets
// -------------------------------------------------------------------------------------------------

// secrets that match no pattern
const key = "opensesame"
const prompt = "wombats at dawn"

const built = [
  Logger.stringLogger,
  Logger.logfmtLogger,
  Logger.jsonLogger,
  Logger.map(Logger.structuredLogger, (entry) => inspect(entry, { depth: null }))
]

/** Returns the output of each of Effect's loggers for an error. */
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

/** Returns everything that a program may print of an error. */
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
  ...(["fetch", "FetchHttpClient.layer", "openai 6", "openai 7"] as const).map((client) => ({
    title: `a header in a message (${client})`,
    raise: against({}, { call: { ...secretCall, headers: { authorization: `Bearer ${key}\n${prompt}` } } })(client)
  })),
  ...Record.keys(layers).map((client) => ({
    title: `headers, body and query of a request (${client})`,
    raise: towards(
      Effect.map(closedPort, (port) => `http://${host}:${port}/v1?key=${key}&prompt=${prompt}`),
      { call: secretCall }
    )(client)
  })),
  {
    title: "a request in a rejected promise (NodeHttpClient.layer)",
    raise: against(says(""), { call: { ...secretCall, ...promised().call } })("NodeHttpClient.layer")
  },
  {
    title: "an invalid URL (undici)",
    raise: towards(Effect.succeed(`no url?key=${key}`))("undici")
  },
  {
    title: "bytes that are not HTTP (undici)",
    raise: against(says(`${prompt} ${key}\r\n\r\n`))("undici")
  },
  ...Record.keys(clients).map((client) => ({
    title: `a response that is not JSON (${client})`,
    raise: against(says(`${head}Content-Length: ${prompt.length}\r\n\r\n${prompt}`), { call: { as: "json" } })(client)
  })),
  {
    title: "a value of another type (NodeHttpClient.layer)",
    raise: Effect.gen(function* () {
      const server = yield* serve(saysJson(200, { text: [key, prompt] }))
      const shape = HttpClientResponse.schemaBodyJson(Schema.Struct({ text: Schema.String }))
      const call = Effect.provide(Effect.flatMap(HttpClient.get(server.origin), shape), NodeHttpClient.layer)
      return { exception: yield* Effect.flip(call) }
    })
  },
  {
    title: "a value of another type (HttpClientRequest.schemaBodyJson)",
    raise: Effect.gen(function* () {
      const send = HttpClientRequest.schemaBodyJson(Schema.Struct({ prompt: Schema.String.pipe(Schema.maxLength(3)) }))
      return { exception: yield* Effect.flip(send(HttpClientRequest.post(`http://${host}`), { prompt })) }
    })
  },
  ...Record.keys(openais).flatMap((client) => [
    {
      title: `a key that the server repeats (${client})`,
      raise: against(saysJson(401, { error: { message: `Incorrect API key provided: ${key}.` } }))(client)
    },
    {
      title: `a prompt that the server quotes (${client})`,
      raise: against(saysJson(400, { error: { message: `Invalid prompt: "${prompt}"`, input: prompt } }))(client)
    }
  ]),
  {
    title: "the reason of an abort (fetch)",
    raise: against((controller) => ({ onRequest: () => controller.abort(new Error(`${prompt} ${key}`)) }))("fetch")
  }
]

describe.concurrent("a classified exception", () => {
  for (const { raise, title } of leaks) {
    it.scopedLive(`does not reveal ${title}`, () =>
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
