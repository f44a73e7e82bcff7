import { describe, it } from "@effect/vitest"
import { Effect, FastCheck as fc, Stream } from "effect"
import { type ApiError, Dialect, Retry, Workload } from "effect-reliability"
import * as EventStream from "effect-reliability/stream"
import { createParser } from "eventsource-parser"
import { expect } from "vitest"
import { isEventStream } from "../../src/internal/http/transportHook.js"
import { Decoder, type End, isLastByName } from "../../src/internal/sse/decoder.js"
import {
  type Answer,
  type Body,
  collect,
  done,
  encoder,
  event,
  expectError,
  hang,
  outcomeOf,
  provider,
  request,
  say,
  streaming,
  workload
} from "../support/eventStream.js"

describe("a response that is not an event stream", () => {
  const responses: ReadonlyArray<readonly [string, Answer, Partial<ApiError.ApiError>]> = [
    [
      "an error as JSON",
      { headers: { "content-type": "application/json" }, body: `{"error":{"code":"server_error"}}` },
      { reason: "ServerError", status: 200 }
    ],
    [
      "other JSON",
      { headers: { "content-type": "application/json" }, body: `{"choices":[]}` },
      { _tag: "Fatal", reason: "Decode", detail: "the response is application/json and not an event stream" }
    ],
    [
      "an HTML page",
      { headers: { "content-type": "text/html; charset=utf-8" }, body: "<html>" },
      { reason: "InvalidAnswer", detail: "the response is text/html and not an event stream" }
    ],
    ["no body", { status: 204, headers: {} }, { reason: "InvalidAnswer", status: 204 }],
    [
      "an error as JSON, with a status as its code",
      { headers: { "content-type": "application/json" }, body: `{"object":"error","message":"no","code":503}` },
      { _tag: "Transient", reason: "Unavailable", status: 503, detail: "no" }
    ],
    [
      "a longer media type",
      { headers: { "content-type": "text/event-stream-bogus" }, body: event("a") + done },
      { reason: "InvalidAnswer", detail: "the response is text/event-stream-bogus and not an event stream" }
    ],
    ["an error status", { status: 401, body: `{"error":{"message":"key"}}` }, { reason: "Unauthorized", status: 401 }],
    [
      "an error status with an event stream",
      { status: 429, body: event(`{"error":{}}`) },
      { reason: "RateExceeded", status: 429 }
    ]
  ]
  for (const [name, answer, expected] of responses) {
    it.effect(`fails the stream: ${name}`, () =>
      Effect.gen(function* () {
        const { data, error } = yield* outcomeOf(answer, { dialect: Dialect.openai })
        expectError(error, { ...expected, delivery: "Acknowledged" })
        expect(data).toEqual([])
      })
    )
  }
})

describe("a response wrongly labelled as an event stream", () => {
  const bodies: ReadonlyArray<readonly [string, string, Partial<ApiError.ApiError>]> = [
    ["an error on one line", `{"error":{"code":"invalid_api_key","message":"no"}}`, { reason: "Unauthorized" }],
    [
      "an error on many lines",
      JSON.stringify({ error: { message: "no", type: "server_error" } }, undefined, 2),
      { reason: "ServerError", detail: "no" }
    ],
    ["other JSON", `{"choices":[]}\n`, { reason: "StreamBroken" }],
    ["truncated JSON", `{"error":{"code":"invalid_api_key"`, { reason: "StreamBroken" }],
    ["an HTML page", "<html>\n{}", { reason: "StreamBroken" }],
    ["an empty body", "", { reason: "StreamBroken" }]
  ]
  const own = Dialect.make({
    name: "own",
    base: Dialect.openai,
    entries: [{ code: "invalid_api_key", class: "Fatal", reason: "Unauthorized", source: "this test" }]
  })
  for (const [name, body, expected] of bodies) {
    it.effect(`fails according to its body: ${name}`, () =>
      Effect.gen(function* () {
        const once = { dialect: own, workload: Workload.with(workload, { retry: Retry.make({ attempts: 1 }) }) }
        const { data, error } = yield* outcomeOf(streaming(say(body)), once)
        expectError(error, { ...expected, status: 200 })
        expect({ data, delivery: error?.delivery }).toEqual({
          data: [],
          delivery: expected.reason === "StreamBroken" ? "Partial" : "Acknowledged"
        })
      })
    )
  }

  it("keeps a bounded part of its body", () => {
    const decoder = new Decoder(createParser, { maxEvent: 2 ** 20, isLast: isLastByName })
    decoder.feed(encoder.encode(`{\n"a": "${"x".repeat(20_000)}",\n"error": {}\n}`))
    decoder.finish()
    expect(decoder.end).toBe(undefined)
  })
})

describe("a media type", () => {
  const types: ReadonlyArray<readonly [string, boolean]> = [
    ["text/event-stream", true],
    ["Text/Event-Stream", true],
    ["text/event-stream;charset=utf-8", true],
    ["text/event-stream ; x", true],
    ["\ttext/event-stream\t;", true],
    ["text/event-stream;", true],
    [`text/event-stream; a="b, text/html"`, true],
    ["text/event-stream, text/event-stream", true],
    ["text/html, text/event-stream; charset=utf-8", true],
    ["text/event-stream,", true],
    ["text/event-stream, no type", true],
    ["text/event-stream, application/json", false],
    ["text/event-stream-bogus", false],
    ["text/event-stream+json", false],
    ["text/event-stream x", false],
    ["text/event-stream/x", false],
    ["x-text/event-stream", false],
    ["application/x; a=text/event-stream", false],
    [`application/x; a=", text/event-stream"`, false],
    [`application/x; a=", text/event-stream`, false],
    ["text /event-stream", false],
    ["event-stream", false],
    ["", false]
  ]
  for (const [type, expected] of types) {
    it(`${expected ? "denotes" : "does not denote"} an event stream: ${JSON.stringify(type)}`, () => {
      expect(isEventStream(type)).toBe(expected)
    })
  }

  it("requires at most linear time to read", () => {
    const started = performance.now()
    for (const part of ['"', '\\"', ",", ";", "a/b", " ", "text/event-stream,", '"\\', "\t;"])
      isEventStream(`text/event-stream${part.repeat(100_000)}`)
    expect(performance.now() - started).toBeLessThan(5000)
  })
})

describe("the option maxEvent", () => {
  const tooLarge: ReadonlyArray<readonly [string, Body]> = [
    ["one line", say(`data: ${"x".repeat(95)}\n\n`)],
    ["many lines", say("data: xxx\n".repeat(11) + "\n")],
    ["a line without an end", say("x".repeat(60), "x".repeat(60))],
    ["a comment without an end", say(":" + "x".repeat(60), "x".repeat(60))],
    ["a name", say(`event: ${"x".repeat(100)}\ndata: 1\n\n`)]
  ]
  for (const [name, body] of tooLarge) {
    it.effect(`limits ${name}`, () =>
      Effect.gen(function* () {
        const { data, error, attempts } = yield* outcomeOf(streaming(say(event("a")), body, hang), { maxEvent: 100 })
        expectError(error, { _tag: "Fatal", reason: "EventTooLarge", delivery: "Partial", attempts: 1 })
        expect({ data, attempts, detail: error?.detail }).toEqual({
          data: ["a"],
          attempts: 1,
          detail: "the limit is 100 characters"
        })
        const first = yield* outcomeOf(streaming(body, hang), { maxEvent: 100 })
        expect(first).toMatchObject({ data: [], attempts: 1, error: { reason: "EventTooLarge" } })
      })
    )
  }

  it.effect("accepts events of exactly this length, and any number of short comments", () =>
    Effect.gen(function* () {
      const fits = "x".repeat(94)
      const body = streaming(say(": hello\n".repeat(100), event(fits), event(fits) + event(fits), done))
      expect(yield* outcomeOf(body, { maxEvent: 100 })).toMatchObject({ data: [fits, fits, fits], error: undefined })
    })
  )
})

/** A fast random generator with a seed. */
const dice = (seed: number) => {
  let state = seed
  return (below: number): number => {
    // mulberry32
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % below
  }
}

const concat = (parts: ReadonlyArray<Uint8Array>): Uint8Array => {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

const words = [
  "",
  "a",
  "ä€😀",
  "\u{feff}",
  " ",
  ":",
  "x".repeat(20),
  "[DONE]x",
  `{"error":null}`,
  "\u2028",
  "ï»¿",
  "\0"
]
const lines = [
  (word: string) => `data: ${word}`,
  (word: string) => `data:${word}`,
  () => "data",
  (word: string) => `event: ${word}`,
  (word: string) => `id: ${word}`,
  (word: string) => `: ${word}`,
  () => "retry: 5",
  (word: string) => `other: ${word}`,
  (word: string) => `${word}data: a`,
  () => "event: ping",
  () => "",
  () => "",
  () => "",
  () => ""
]
const rarely = [
  "data: [DONE]\n",
  "event: error\ndata",
  `data: {"error":{"code":"x"}}\n`,
  `data: {"choices":[{"finish_reason":"error"}]}\n`,
  "event: message_stop\ndata",
  "x".repeat(120)
]

const lineEnds = ["\n", "\n", "\r\n", "\r"]
const encoded = (texts: ReadonlyArray<string>) =>
  texts.flatMap((text) => lineEnds.map((end) => encoder.encode(text + end)))
const usual = encoded(lines.flatMap((line) => words.map(line)))
const rare = encoded(rarely)
const mark = Uint8Array.of(0xef, 0xbb, 0xbf)

/** A stream as servers send them, or one with noise in it, or nothing but noise. */
const anyBytes = (below: (n: number) => number): Uint8Array => {
  const pick = <A>(list: ReadonlyArray<A>): A => list[below(list.length)] as A
  const noise = () => Uint8Array.from({ length: below(12) }, () => pick([below(256), 10, 13, 0xef, 0xf0, 58]))
  const kind = below(4)
  const parts: Array<Uint8Array> = below(8) === 0 ? [mark] : []
  const count = below(24)
  for (let n = 0; n < count; n++) {
    if (kind === 0 || (kind === 1 && below(4) === 0)) parts.push(noise())
    if (kind !== 0) parts.push(pick(below(40) === 0 ? rare : usual))
  }
  return concat(parts)
}

const cut = (bytes: Uint8Array, below: (n: number) => number): ReadonlyArray<Uint8Array> => {
  const pieces: Array<Uint8Array> = []
  const longest = 1 + below(below(8) === 0 ? 2 : 64)
  for (let at = 0; at < bytes.length;) {
    const size = below(longest + 1)
    pieces.push(bytes.subarray(at, at + size))
    at += size
  }
  return pieces
}

interface Decoded {
  readonly events: ReadonlyArray<EventStream.Event>
  readonly end: End | undefined
}

const maxEvent = 100

const decode = (pieces: ReadonlyArray<Uint8Array>, finished = false): Decoded => {
  const decoder = new Decoder(createParser, { maxEvent, isLast: isLastByName })
  const events: Array<EventStream.Event> = []
  for (const piece of pieces) {
    decoder.feed(piece)
    events.push(...decoder.take().map(({ data, event, id }) => ({ data, event, id })))
  }
  if (finished) decoder.finish()
  events.push(...decoder.take().map(({ data, event, id }) => ({ data, event, id })))
  return { events, end: decoder.end }
}

const same = (a: Decoded, b: Decoded): boolean =>
  a.end?._tag === b.end?._tag &&
  a.events.length === b.events.length &&
  a.events.every((event, index) => {
    const other = b.events[index]
    return event.data === other?.data && event.event === other.event && event.id === other.id
  })

/** A literal implementation of the standard's algorithm over the whole text. */
const model = (bytes: Uint8Array): Decoded => {
  const events: Array<EventStream.Event> = []
  const all = new TextDecoder().decode(bytes, { stream: true }).split(/\r\n|\r|\n/)
  let [data, name, id, size]: [string | undefined, string | undefined, string | undefined, number] = [
    undefined,
    undefined,
    undefined,
    0
  ]
  for (const [index, line] of all.entries()) {
    if (line !== "" && size + line.length > maxEvent) return { events, end: { _tag: "TooLarge" } }
    if (index === all.length - 1) break
    if (line === "") {
      const event = data === undefined ? undefined : { data, event: name || undefined, id }
      ;[data, name, id, size] = [undefined, undefined, undefined, 0]
      if (event === undefined || event.event === "ping") continue
      if (event.data.trim() === "[DONE]") return { events, end: { _tag: "Done" } }
      const content = event.data.replaceAll(/^[ \n]+|[ \n]+$/g, "")
      if (content === `{"error":{"code":"x"}}`)
        return { events, end: { _tag: "Error", body: { error: { code: "x" } } } }
      if (event.event === "error") return { events, end: expect.objectContaining({ _tag: "Error" }) as End }
      if (content === `{"choices":[{"finish_reason":"error"}]}`) return { events, end: { _tag: "GivenUp" } }
      events.push(event)
      if (event.event === "message_stop") return { events, end: { _tag: "Done" } }
      continue
    }
    if (line.startsWith(":")) continue
    size += line.length + 1
    const colon = line.indexOf(":")
    const [field, value] = colon < 0 ? [line, ""] : [line.slice(0, colon), line.slice(colon + 1).replace(/^ /, "")]
    if (field === "data") data = data === undefined ? value : `${data}\n${value}`
    if (field === "event") name = value
    if (field === "id" && !value.includes("\0")) id = value
  }
  return { events, end: undefined }
}

describe("the decoder with any bytes", () => {
  it("returns the events of the standard, wherever the bytes are split", () => {
    const ends = { Done: 0, Error: 0, GivenUp: 0, TooLarge: 0, open: 0 }
    let events = 0
    for (let seed = 0; seed < 100_000; seed++) {
      const below = dice(seed)
      const bytes = anyBytes(below)
      const whole = decode([bytes])
      const pieces = decode(cut(bytes, below))
      // matchers are slow, so they run only on a difference
      if (!same(pieces, whole)) expect(pieces, `seed ${seed}`).toEqual(whole)
      if (seed % 10 === 0) {
        // the end of the body adds only a whole event that ends the stream
        const finished = decode(cut(bytes, below), true)
        expect(finished, `seed ${seed}`).toEqual(decode([bytes], true))
        const added = finished.events.slice(whole.events.length)
        if (added.length > 0) expect({ added, end: finished.end }).toMatchObject({ added: [{}], end: { _tag: "Done" } })
      }
      if (seed % 10 === 0) expect(whole, `seed ${seed}`).toEqual(model(bytes))
      events += whole.events.length
      ends[whole.end?._tag ?? "open"]++
    }
    // every kind of end has occurred
    expect(Math.min(...Object.values(ends), events / 50)).toBeGreaterThan(1000)
  }, 300_000)

  it("passes no longer line or event than the limit to the parser", () => {
    for (let seed = 0; seed < 10_000; seed++) {
      const below = dice(seed)
      let fed = ""
      const watched: typeof createParser = (callbacks) => {
        const parser = createParser(callbacks)
        return { ...parser, feed: (text) => ((fed += text), parser.feed(text)) }
      }
      const decoder = new Decoder(watched, { maxEvent, isLast: () => false })
      for (const piece of cut(concat([anyBytes(below), new Uint8Array(below(200)).fill(120)]), below))
        decoder.feed(piece)
      expect(Math.max(...fed.split("\n").map((line) => line.length))).toBeLessThanOrEqual(maxEvent)
      for (const block of fed.split("\n\n")) {
        const lines = block.split("\n").filter((line) => line !== "" && !line.startsWith(":"))
        expect(lines.join("\n").length).toBeLessThanOrEqual(maxEvent)
      }
    }
  })

  it("requires at most linear time", () => {
    const million = (text: string) => encoder.encode(text.repeat(1_000_000 / text.length))
    for (const text of ["\r", "\n", "\r\n", ":\r", "\r:\n", "data:\r\r", "x", "data: a\n\n"]) {
      const decoder = new Decoder(createParser, { maxEvent: 2 ** 20, isLast: isLastByName })
      const started = performance.now()
      decoder.feed(million(text))
      expect(performance.now() - started, JSON.stringify(text)).toBeLessThan(5000)
    }
  })

  it("uses bounded memory for an endless line", () => {
    const decoder = new Decoder(createParser, { maxEvent: 2 ** 20, isLast: isLastByName })
    const piece = new Uint8Array(64 * 1024).fill(120)
    const before = process.memoryUsage().heapUsed
    for (let n = 0; n < 10_000; n++) decoder.feed(piece)
    expect(decoder.end).toEqual({ _tag: "TooLarge" })
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(16 * 2 ** 20)
  })

  it.effect("ends a stream or fails it with a settled error", () =>
    Effect.gen(function* () {
      const reasons = new Set<string | undefined>()
      for (let seed = 0; seed < 200; seed++) {
        const below = dice(seed)
        const pieces = cut(anyBytes(below), below)
        const { client } = yield* provider(streaming(Stream.fromIterable(pieces)))
        const { data, error } = yield* collect(EventStream.open(request, { client, maxEvent }))
        const { end, events } = decode(pieces, true)
        expect({ data, done: error === undefined }).toEqual({
          data: events.map(({ data }) => data),
          done: end?._tag === "Done"
        })
        if (error !== undefined) expect(error.attempts).toBe(1)
        reasons.add(error?.reason)
      }
      expect([...reasons]).toEqual(expect.arrayContaining([undefined, "StreamBroken", "EventTooLarge", "Unknown"]))
    })
  )

  it("returns the events that were encoded", () => {
    const anyText = fc.string({ unit: "binary" }).map((text) => text.replaceAll(/[\r\n]/g, ""))
    const anyEvent = fc.record({
      event: fc.constantFrom(undefined, "delta"),
      data: fc.array(anyText, { minLength: 1, maxLength: 3 })
    })
    fc.assert(
      fc.property(fc.array(anyEvent), fc.constantFrom("\n", "\r", "\r\n"), fc.integer(), (sent, end, seed) => {
        const text = sent
          .map(({ data, event }) =>
            [...(event ? [`event: ${event}`] : []), ...data.map((line) => `data: ${line}`), "", ""].join(end)
          )
          .join("")
        const decoder = new Decoder(createParser, { maxEvent: 2 ** 20, isLast: () => false })
        for (const piece of cut(encoder.encode(text), dice(seed))) decoder.feed(piece)
        const got = decoder.take().map(({ data, event }) => ({ data, event }))
        expect(got).toEqual(sent.map(({ data, event }) => ({ data: data.join("\n"), event })))
      }),
      { numRuns: 500 }
    )
  })
})
