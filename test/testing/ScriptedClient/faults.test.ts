import { HttpClientRequest, type HttpClientResponse } from "@effect/platform"
import { describe, it } from "@effect/vitest"
import { Clock, Effect, Exit, Fiber, Option, Stream, TestClock } from "effect"
import { ReliableHttpClient, Retry, Workload } from "effect-reliability"
import { Fault, ScriptedClient } from "effect-reliability/testing"
import { expect } from "vitest"
import { run } from "../../support/project.js"
import { type Client, echo, leavesNothing, recorded, seenBy, url, within } from "../../support/scriptedClient.js"

/** One attempt of a minute. */
const workload = Workload.make({
  name: "test",
  timeouts: { attempt: "1 minute" },
  deadline: "10 minutes",
  retry: Retry.make({ attempts: 1 })
})

/** Returns the result of an effect with its duration. */
const timed = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<readonly [A, number], E> =>
  Effect.gen(function* () {
    const from = yield* Clock.currentTimeMillis
    const result = yield* effect
    return [result, (yield* Clock.currentTimeMillis) - from] as const
  })

/** Returns the times at which the chunks of a response arrived. */
const pieces = (client: Client) =>
  Effect.gen(function* () {
    const response = yield* client.get(url)
    const times: Array<number> = []
    const end = yield* response.stream.pipe(
      Stream.runForEach(() => Effect.map(Clock.currentTimeMillis, (at) => void times.push(at))),
      Effect.exit
    )
    return { times, ended: Exit.isSuccess(end) }
  })

/** Returns for each request the number of its connection and its position on it. */
const places = (client: Client) =>
  Effect.map(client.requests, (requests) =>
    requests.map(({ connection, onConnection }) => `${connection}.${onConnection}`)
  )

// -------------------------------------------------------------------------------------------------
// Faults
// -------------------------------------------------------------------------------------------------

const lost = "ConnectionLost Unconfirmed"
const broken = "ConnectionLost Partial"
const timeout = "Timeout Unconfirmed attempt"

/** The results of a plain client, and of a reliable one that gives up after a minute. */
const cases: ReadonlyArray<readonly [name: string, fault: Fault.Fault, plain: string | undefined, reliable: string]> = [
  ["healthy", Fault.healthy, echo, echo],
  ["a success", Fault.answer(201, { body: "made" }), "201 made", "201 made"],
  ["an empty response", Fault.answer(204), "204", "204"],
  ["an error response", Fault.answer(503), `503 {"error":{"messag…`, "Unavailable Acknowledged 503"],
  ["invalidJson", Fault.invalidJson, `200 {"id":"chatcmpl-1…`, "InvalidAnswer Acknowledged 200"],
  ["oversizedHeaders", Fault.oversizedHeaders(), "AnswerTooLarge Partial", "AnswerTooLarge Partial"],
  ["garbage", Fault.garbage(), "InvalidAnswer Partial", "InvalidAnswer Partial"],
  ["reset", Fault.reset, lost, lost],
  ["close", Fault.close, lost, lost],
  ["unanswered", Fault.unanswered, undefined, timeout],
  ["a stall", Fault.stall("59 seconds"), echo, echo],
  ["a stall that is too long", Fault.stall("61 seconds"), echo, timeout],
  [
    "a stalled error response",
    Fault.stall("1 second", Fault.answer(500)),
    `500 {"error":{"messag…`,
    "ServerError Acknowledged 500"
  ],
  ["a drip", Fault.drip({ every: "100 millis", bytes: 10 }), echo, echo],
  ["a drip that is too slow", Fault.drip({ every: "10 seconds", bytes: 10 }), echo, timeout],
  ["a body that is cut by close", Fault.cut({ by: "close" }), broken, broken],
  ["a body that is cut by reset", Fault.cut({ by: "reset" }), broken, broken],
  ["a chunked body that is cut", Fault.cut({ by: "close", framing: "chunked" }), broken, broken],
  ["a body that falls silent", Fault.cut({ by: "silence" }), undefined, timeout],
  ["a length that is too long", Fault.mislabel(5), undefined, timeout],
  ["a length that is too short", Fault.mislabel(-5, Fault.answer(200, { body: "123456789" })), "200 1234", "200 1234"],
  ["closeAfter", Fault.closeAfter("1 second"), echo, echo],
  ["reused, on a first request", Fault.reused(Fault.reset), echo, echo],
  ["a stream", Fault.stream({ events: 2 }), `200 data: {"id":"chat…`, `200 data: {"id":"chat…`],
  ["a stream that breaks", Fault.stream({ events: 2, after: 1, ending: "reset" }), broken, broken],
  ["a stream that closes", Fault.stream({ events: 2, after: 1, ending: "close" }), broken, broken],
  ["rateLimit with a token left", Fault.rateLimit({ burst: 1, perSecond: 1 }), echo, echo],
  ["capacity with room", Fault.capacity({ concurrent: 1 }), echo, echo]
]

describe("ScriptedClient faults", () => {
  for (const [name, fault, plain, reliable] of cases) {
    it.effect(`returns ${plain ?? "nothing"} to a plain client and ${reliable} to a reliable one: ${name}`, () =>
      Effect.gen(function* () {
        const scripted = yield* ScriptedClient.make(fault)
        const forked = yield* Effect.fork(seenBy(scripted))
        yield* TestClock.adjust("20 minutes")
        const polled = yield* Fiber.poll(forked)
        expect(Option.map(polled, Exit.getOrElse(String))).toEqual(Option.fromNullable(plain))
        yield* Fiber.interrupt(forked)

        const again = yield* ScriptedClient.make(fault)
        expect(yield* within("20 minutes")(seenBy(ReliableHttpClient.make(again, { workload })))).toBe(reliable)
      })
    )
  }

  it.effect("sends the hint in each form, relative to the arrival of the request", () =>
    Effect.gen(function* () {
      yield* TestClock.adjust(400)
      const hinted = (form: Fault.HintForm) => Fault.answer(429, { retryAfter: "1500 millis", form })
      const client = yield* ScriptedClient.make([hinted("seconds"), hinted("millis"), hinted("date")])
      const headers = yield* Effect.replicateEffect(
        Effect.map(client.get(url), ({ headers }) => ({ ...headers })),
        3
      )
      expect(headers).toMatchObject([
        { "retry-after": "2" },
        { "retry-after-ms": "1500" },
        { "retry-after": new Date(2000).toUTCString() }
      ])
    })
  )
})

// -------------------------------------------------------------------------------------------------
// Time
// -------------------------------------------------------------------------------------------------

describe("ScriptedClient time", () => {
  it.effect("records the exact times of requests and responses", () =>
    Effect.gen(function* () {
      const client = yield* ScriptedClient.make([
        Fault.answer(503),
        Fault.answer(429, { retryAfter: "30 seconds" }),
        Fault.stall("7 seconds", Fault.answer(500)),
        // a request on a reused connection that breaks is retried immediately
        Fault.reset
      ])
      const retry = Retry.make({ attempts: 5, base: "1 second", jitter: "none" })
      const reliable = ReliableHttpClient.make(client, { workload: Workload.with(workload, { retry }) })
      expect(yield* within("1 hour")(seenBy(reliable))).toBe(echo)
      expect((yield* client.requests).map(({ at }) => at)).toEqual([0, 1000, 31_000, 42_000, 42_000])
      expect((yield* client.requests).map(({ ended }) => ended?.at)).toEqual([0, 1000, 38_000, 42_000, 42_000])
    })
  )

  it.effect("delays a response by the time of its stall", () =>
    Effect.gen(function* () {
      const client = yield* ScriptedClient.make(Fault.stall("90 minutes"))
      expect(yield* within("2 hours")(timed(seenBy(client)))).toEqual([echo, 5_400_000])
    })
  )

  it.effect("emits the first chunk or event immediately, and the others at their intervals", () =>
    Effect.gen(function* () {
      const body = Fault.answer(200, { body: "123456789" })
      const client = yield* ScriptedClient.make([
        Fault.drip({ every: "1 second", bytes: 4 }, body),
        Fault.stream({ events: 3, every: "10 seconds", ending: "close" }),
        Fault.stall(
          "5 seconds",
          Fault.cut({ by: "reset", after: 8 }, Fault.drip({ every: "1 second", bytes: 4 }, body))
        )
      ])
      expect(yield* within("1 hour")(pieces(client))).toEqual({ times: [0, 1000, 2000], ended: true })
      const hour = 3_600_000
      expect(yield* within("1 hour")(pieces(client))).toEqual({
        times: [hour, hour + 10_000, hour + 20_000],
        ended: false
      })
      expect(yield* within("1 hour")(pieces(client))).toEqual({
        times: [2 * hour + 5000, 2 * hour + 6000],
        ended: false
      })
    })
  )

  it.effect("responds without a sleep if the fault has no delay", () =>
    Effect.gen(function* () {
      const client = yield* ScriptedClient.make([Fault.answer(500), Fault.reset])
      yield* Effect.replicateEffect(seenBy(client), 200)
      expect((yield* client.requests).map(({ at }) => at)).toEqual(Array.from({ length: 200 }, () => 0))
      expect(yield* TestClock.sleeps()).toHaveLength(0)
    })
  )

  it.live("follows the live clock outside of TestClock", () =>
    Effect.gen(function* () {
      const client = yield* ScriptedClient.make(Fault.stall("20 millis"))
      const [seen, took] = yield* timed(seenBy(client))
      expect(seen).toBe(echo)
      expect(took).toBeGreaterThanOrEqual(18)
    })
  )
})

// -------------------------------------------------------------------------------------------------
// Connections
// -------------------------------------------------------------------------------------------------

describe("ScriptedClient connections", () => {
  it.effect("serves consecutive requests on one connection", () =>
    Effect.gen(function* () {
      const client = yield* ScriptedClient.make()
      yield* Effect.replicateEffect(seenBy(client), 3)
      expect(yield* places(client)).toEqual(["1.1", "1.2", "1.3"])
      expect(yield* client.connections).toBe(1)
    })
  )

  it.effect("opens a connection for each request that finds none free, and reuses the one freed last", () =>
    Effect.gen(function* () {
      const client = yield* ScriptedClient.make([
        Fault.stall("1 second"),
        Fault.stall("3 seconds"),
        Fault.stall("2 seconds")
      ])
      yield* within("1 minute")(
        Effect.replicateEffect(seenBy(client), 3).pipe(Effect.asVoid, Effect.zipRight(seenBy(client)))
      )
      expect(yield* places(client)).toEqual(["1.1", "1.2", "1.3", "1.4"])

      const busy = yield* ScriptedClient.make([
        Fault.stall("1 second"),
        Fault.stall("3 seconds"),
        Fault.stall("2 seconds")
      ])
      yield* within("1 minute")(
        Effect.all(
          Array.from({ length: 3 }, () => seenBy(busy)),
          { concurrency: 3 }
        )
      )
      yield* seenBy(busy)
      expect(yield* places(busy)).toEqual(["1.1", "2.1", "3.1", "2.2"])
    })
  )

  it.effect("uses separate connections for separate origins", () =>
    Effect.gen(function* () {
      const client = yield* ScriptedClient.make()
      const hosts = ["http://a.test", "http://b.test", "http://a.test", "https://a.test"]
      yield* Effect.forEach(hosts, (host) => seenBy(client, HttpClientRequest.get(host)))
      expect(yield* places(client)).toEqual(["1.1", "2.1", "1.2", "3.1"])
      expect((yield* client.requests).map(({ headers }) => headers["host"])).toEqual([
        "a.test",
        "b.test",
        "a.test",
        "a.test"
      ])
    })
  )

  it.effect("does not reuse a connection that the server closed or broke", () =>
    Effect.gen(function* () {
      const client = yield* ScriptedClient.make([
        Fault.healthy,
        Fault.reset,
        Fault.closeAfter(0),
        Fault.cut({ by: "close" }),
        Fault.garbage(),
        Fault.mislabel(-5),
        Fault.oversizedHeaders()
      ])
      yield* Effect.replicateEffect(seenBy(client), 8)
      expect((yield* client.requests).map(recorded)).toEqual([
        { number: 1, connection: "1.1", status: 200, complete: true, closed: "reset by server" },
        { number: 2, connection: "1.2", status: undefined, complete: false, closed: "reset by server" },
        { number: 3, connection: "2.1", status: 200, complete: true, closed: "end by server" },
        { number: 4, connection: "3.1", status: 200, complete: false, closed: "end by server" },
        { number: 5, connection: "4.1", status: undefined, complete: false, closed: "end by server" },
        { number: 6, connection: "5.1", status: 200, complete: true, closed: "end by client" },
        { number: 7, connection: "6.1", status: 200, complete: true, closed: "end by client" },
        { number: 8, connection: "7.1", status: 200, complete: true, closed: undefined }
      ])
    })
  )

  it.effect("keeps the connection after responses without a body", () =>
    Effect.gen(function* () {
      const client = yield* ScriptedClient.make([
        Fault.healthy,
        Fault.drip({ every: 0 }),
        Fault.stream({ events: 3 }),
        Fault.answer(304, { body: "none" })
      ])
      for (let n = 0; n < 3; n++) expect(yield* seenBy(client, HttpClientRequest.head(url))).toBe("200")
      expect(yield* seenBy(client)).toBe("304")
      expect(yield* places(client)).toEqual(["1.1", "1.2", "1.3", "1.4"])
    })
  )

  it.effect("closes the connection exactly at the delay of closeAfter", () =>
    Effect.gen(function* () {
      const client = yield* ScriptedClient.make([Fault.closeAfter("5 seconds"), Fault.healthy, Fault.unanswered])
      yield* seenBy(client)
      yield* TestClock.adjust(4999)
      yield* seenBy(client)
      const third = yield* Effect.fork(seenBy(client))
      yield* TestClock.adjust(1)
      // the request was in flight when the server closed
      expect(yield* Fiber.join(third)).toBe(`${lost} reused`)
      expect((yield* client.requests).map(recorded)).toMatchObject([
        { connection: "1.1", complete: true, closed: "end by server" },
        { connection: "1.2", complete: true, closed: "end by server" },
        { connection: "1.3", complete: false, closed: "end by server" }
      ])
      expect((yield* client.requests)[0]).toMatchObject({ ended: { at: 0 }, closed: { at: 5000 } })
      yield* client.script(Fault.healthy)
      yield* seenBy(client)
      expect((yield* places(client)).at(-1)).toBe("2.1")
    })
  )

  it.effect("applies a reused fault only from the second request of a connection on", () =>
    Effect.gen(function* () {
      const client = yield* ScriptedClient.make(Fault.reused(Fault.reset))
      const seen = yield* Effect.replicateEffect(seenBy(client), 4)
      expect(seen).toEqual([echo, `${lost} reused`, echo, `${lost} reused`])
      expect(yield* places(client)).toEqual(["1.1", "1.2", "2.1", "2.2"])
    })
  )

  it.effect("refuses, ignores or accepts connections by their number", () =>
    Effect.gen(function* () {
      const client = yield* ScriptedClient.make([], { connections: [Fault.refuse, Fault.ignore] })
      expect(yield* seenBy(client)).toBe(lost)
      const ignored = yield* Effect.fork(seenBy(client))
      yield* TestClock.adjust("1 hour")
      expect(yield* Fiber.poll(ignored)).toEqual(Option.none())
      // the ignored connection is busy, so this request opens another one
      expect(yield* seenBy(client)).toBe(echo)
      expect(yield* places(client)).toEqual(["3.1"])
      yield* Fiber.interrupt(ignored)
      expect(yield* client.connections).toBe(3)
      yield* client.scriptConnections(Fault.refuse)
      yield* client.script(Fault.reset)
      expect([yield* seenBy(client), yield* seenBy(client)]).toEqual([`${lost} reused`, lost])
    })
  )

  it.effect("breaks open connections and refuses new ones while the server is down", () =>
    Effect.gen(function* () {
      const client = yield* ScriptedClient.make([Fault.healthy, Fault.stall("1 hour"), Fault.drip({ every: "1 hour" })])
      yield* seenBy(client)
      const calls = yield* Effect.forEach([1, 2], () => Effect.fork(seenBy(client)))
      yield* TestClock.adjust("1 second")
      yield* client.scriptConnections(Fault.ignore)
      const ignored = yield* Effect.fork(seenBy(client))
      yield* TestClock.adjust("1 second")

      yield* leavesNothing(Effect.zipRight(client.up, client.up))
      yield* client.down
      expect(yield* Fiber.join(Fiber.all([...calls, ignored]))).toEqual([`${lost} reused`, broken, lost])
      expect(yield* seenBy(client)).toBe("Connect NotSent")
      const records = yield* client.requests
      yield* TestClock.adjust("1 day")
      expect(yield* client.requests).toEqual(records)
      expect(records.map(recorded)).toEqual([
        { number: 1, connection: "1.1", status: 200, complete: true, closed: "reset by server" },
        { number: 2, connection: "1.2", status: undefined, complete: false, closed: "reset by server" },
        { number: 3, connection: "2.1", status: 200, complete: false, closed: "reset by server" }
      ])

      yield* client.up
      yield* client.scriptConnections(Fault.accept)
      yield* client.script(Fault.healthy)
      expect(yield* seenBy(client)).toBe(echo)
    })
  )
})

// -------------------------------------------------------------------------------------------------
// rateLimit and capacity
// -------------------------------------------------------------------------------------------------

describe("ScriptedClient limits", () => {
  it.effect("admits a burst, and hints at the time of the next token", () =>
    Effect.gen(function* () {
      const client = yield* ScriptedClient.make(Fault.rateLimit({ burst: 2, perSecond: 0.5, hint: "millis" }))
      const get = Effect.map(client.get(url), ({ headers, status }) => [status, headers["retry-after-ms"]])
      expect(yield* Effect.replicateEffect(get, 3)).toEqual([
        [200, undefined],
        [200, undefined],
        [429, "2000"]
      ])
      yield* TestClock.adjust(1999)
      expect(yield* get).toEqual([429, "1"])
      yield* TestClock.adjust(1)
      expect(yield* get).toEqual([200, undefined])
      expect((yield* client.requests).map(({ rejected }) => rejected)).toEqual([false, false, true, true, false])
    })
  )

  it.effect("rejects requests above the capacity, and admits the queue in turn", () =>
    Effect.gen(function* () {
      const room = Fault.capacity({ concurrent: 1, queue: 1, admitted: Fault.stall("1 second") })
      const client = yield* ScriptedClient.make(room)
      const calls = Effect.all(
        Array.from({ length: 3 }, () => timed(seenBy(client))),
        { concurrency: "unbounded" }
      )
      expect(yield* within("1 minute")(calls)).toEqual([
        [echo, 1000],
        [echo, 2000],
        [`503 {"error":{"messag…`, 0]
      ])
    })
  )

  it.effect("frees capacity at the end of a response", () =>
    Effect.gen(function* () {
      for (const admitted of [
        Fault.healthy,
        Fault.reset,
        Fault.garbage(),
        Fault.closeAfter(0),
        Fault.cut({ by: "close" }),
        Fault.stream({ events: 500 }),
        Fault.drip({ every: 1 }, Fault.answer(200, { body: "x".repeat(20) }))
      ]) {
        const client = yield* ScriptedClient.make(Fault.capacity({ concurrent: 1, admitted }))
        yield* within("1 minute")(Effect.replicateEffect(seenBy(client), 8))
        expect((yield* client.requests).map(({ rejected }) => rejected)).toEqual(Array.from({ length: 8 }, () => false))
      }
    })
  )

  it.effect("frees capacity when a request is interrupted, admitted or queued, at any moment", () =>
    Effect.gen(function* () {
      for (let yields = 0; yields < 40; yields++) {
        const slow = Fault.capacity({ concurrent: 1, queue: 1, admitted: Fault.stall("1 second") })
        const client = yield* ScriptedClient.make(slow)
        const two = Effect.all([Effect.fork(seenBy(client)), Effect.fork(seenBy(client))])
        const calls = yield* two
        yield* Effect.repeatN(Effect.yieldNow(), yields)
        yield* Fiber.interruptAll(calls)
        yield* Effect.flatMap(two, Fiber.joinAll).pipe(within("2 seconds"))
        const records = yield* client.requests
        expect(records.filter(({ rejected }) => rejected)).toEqual([])
        expect(records.slice(-2).map(({ ended }) => ended?.complete)).toEqual([true, true])
      }
    })
  )

  it.effect("frees capacity immediately when a reader stops", () =>
    Effect.gen(function* () {
      const admitted = Fault.drip({ every: "1 second" })
      const client = yield* ScriptedClient.make(Fault.capacity({ concurrent: 1, admitted }))
      for (let n = 0; n < 5; n++) {
        const { status, stream } = yield* client.get(url)
        expect(status).toBe(200)
        yield* Stream.runHead(stream)
      }
    })
  )

  it.effect("frees capacity when the server goes down", () =>
    Effect.gen(function* () {
      const client = yield* ScriptedClient.make(Fault.capacity({ concurrent: 1, admitted: Fault.stall("1 hour") }))
      const call = yield* Effect.fork(seenBy(client))
      yield* TestClock.adjust(1)
      yield* client.down
      yield* client.up
      const next = yield* Effect.fork(client.get(url))
      yield* TestClock.adjust("2 hours")
      expect([yield* Fiber.join(call), (yield* Fiber.join(next)).status]).toEqual([lost, 200])
    })
  )
})

// -------------------------------------------------------------------------------------------------
// Interruption
// -------------------------------------------------------------------------------------------------

describe("ScriptedClient interruption", () => {
  const gone = { complete: false, closed: "end by client" }

  it.effect("ends the request on the server before the headers", () =>
    Effect.gen(function* () {
      for (const fault of [
        Fault.unanswered,
        Fault.stall("1 hour"),
        Fault.capacity({ concurrent: 1, admitted: Fault.unanswered })
      ]) {
        const client = yield* ScriptedClient.make(fault)
        yield* leavesNothing(
          Effect.gen(function* () {
            const call = yield* Effect.fork(seenBy(client))
            yield* TestClock.adjust("1 second")
            yield* Fiber.interrupt(call)
          })
        )
        expect((yield* client.requests).map(recorded)).toMatchObject([{ ...gone, status: undefined }])
        expect((yield* client.requests)[0]).toMatchObject({ ended: { at: yield* Clock.currentTimeMillis } })
        yield* client.script(Fault.healthy)
        yield* seenBy(client)
        expect(yield* places(client)).toEqual(["1.1", "2.1"])
      }
    })
  )

  it.effect("ends the response within a body, for each way of reading it", () =>
    Effect.gen(function* () {
      const readers: ReadonlyArray<(answer: HttpClientResponse.HttpClientResponse) => Effect.Effect<unknown, unknown>> =
        [
          ({ text }) => text,
          ({ arrayBuffer }) => arrayBuffer,
          ({ stream }) => Stream.runDrain(stream),
          ({ stream }) => Stream.runDrain(Stream.take(stream, 2)),
          ({ stream }) => Effect.scoped(Effect.flatMap(Stream.toPull(stream), (pull) => Effect.zipRight(pull, pull)))
        ]
      for (const read of readers) {
        const client = yield* ScriptedClient.make(Fault.drip({ every: "1 second" }))
        yield* leavesNothing(
          Effect.gen(function* () {
            const call = yield* Effect.fork(Effect.flatMap(client.get(url), (answer) => read(answer)))
            yield* TestClock.adjust("5 seconds")
            yield* Fiber.interrupt(call)
          })
        )
        expect((yield* client.requests).map(recorded)).toMatchObject([{ ...gone, status: 200 }])
      }
    })
  )

  it.effect("keeps the connection if the reader stops after the whole body has arrived", () =>
    Effect.gen(function* () {
      const client = yield* ScriptedClient.make()
      const answer = yield* client.get(url)
      expect(Option.isSome(yield* Stream.runHead(answer.stream))).toBe(true)
      yield* seenBy(client)
      expect(yield* places(client)).toEqual(["1.1", "1.2"])
    })
  )

  it.effect("closes the connection within an upload, and records no request", () =>
    Effect.gen(function* () {
      const client = yield* ScriptedClient.make()
      let released = 0
      const silent = Stream.concat(Stream.make(new Uint8Array(1)), Stream.never).pipe(
        Stream.ensuring(Effect.sync(() => void released++))
      )
      const upload = HttpClientRequest.bodyStream(HttpClientRequest.post(url), silent)
      const call = yield* Effect.fork(seenBy(client, upload))
      yield* TestClock.adjust("1 second")
      yield* Fiber.interrupt(call)
      const second = yield* Effect.fork(seenBy(client, upload))
      yield* TestClock.adjust("1 second")
      yield* client.down
      expect(yield* Fiber.join(second)).toBe(lost)
      expect([released, yield* client.requests, yield* client.connections]).toEqual([2, [], 2])
    })
  )

  it.live("allows the process to exit while the server still waits", () =>
    Effect.promise(async () => {
      const script = `
        import { Effect } from "effect"
        import { Fault, ScriptedClient } from "effect-reliability/testing"
        const client = await Effect.runPromise(ScriptedClient.make(Fault.closeAfter("1 hour")))
        const answer = await Effect.runPromise(client.get("http://api.test/"))
        await Effect.runPromise(answer.text)
        await Effect.runPromise(Effect.flatMap(ScriptedClient.make(Fault.cut({ by: "silence" })), (client) => client.get("http://api.test/")))
        console.log("done")`
      const printed = await run(process.execPath, ["--import", "tsx", "--input-type=module", "-e", script])
      expect(printed.trim()).toBe("done")
    })
  )
})
