import { HttpClientRequest } from "@effect/platform"
import { describe, it } from "@effect/vitest"
import { Chunk, Effect, Exit, Fiber, FiberRef, Option, Stream, TestClock } from "effect"
import { Accounting, Hedge, ReliableHttpClient, Workload } from "effect-reliability"
import * as EventStream from "effect-reliability/stream"
import { Fault, ScriptedClient } from "effect-reliability/testing"
import { expect } from "vitest"

const key = "streams"

const settle = Effect.repeatN(Effect.yieldNow(), 50)

const always = Hedge.make({ after: "1 second", budget: { ratio: 1 } })

/** A stream of words, the first of which comes after some seconds, and each other one a second later. */
const words = (seconds: number, ...all: ReadonlyArray<string>): Stream.Stream<string> =>
  Stream.fromIterable(all).pipe(
    Stream.rechunk(1),
    Stream.mapEffect((word) => Effect.delay(Effect.succeed(word), word === all[0] ? seconds * 1000 : 1000))
  )

/** A stream that is another one on each run, with a log of what is opened and closed. */
const copies = <A, E>(...streams: ReadonlyArray<Stream.Stream<A, E>>) => {
  const log: Array<string> = []
  let count = 0
  const stream = Stream.suspend(() => {
    const name = count === 0 ? "first" : "hedge"
    const one = streams[count++] ?? Stream.die(`copy ${count}`)
    log.push(`${name} opens`)
    return Stream.ensuring(
      one,
      Effect.sync(() => log.push(`${name} closes`))
    )
  })
  return { stream, log }
}

const during = <A, E, R>(seconds: number, effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.fork(effect)
    yield* settle
    for (let second = 0; second < seconds; second++) yield* TestClock.adjust("1 second")
    return yield* Fiber.await(fiber)
  })

const collect = <A, E, R>(stream: Stream.Stream<A, E, R>) => Effect.map(Stream.runCollect(stream), Chunk.toArray)

describe("Hedge.hedgeStream", () => {
  it.effect("opens no copy of a stream whose first element comes before the delay", () =>
    Effect.gen(function* () {
      const hedge = yield* always
      // the second element is late, and nothing is hedged after the first
      const { log, stream } = copies(words(0.5, "a", "b", "c"), words(0, "x"))
      expect(yield* during(5, collect(Hedge.hedgeStream(stream, hedge, { key })))).toEqual(
        Exit.succeed(["a", "b", "c"])
      )
      expect(log).toEqual(["first opens", "first closes"])
      expect(Hedge.describe(hedge)).toMatchObject([{ calls: 1, hedged: 0, inFlight: 0 }])
    })
  )

  it.effect("emits the elements of the copy that has one first, and closes the other at once", () =>
    Effect.gen(function* () {
      const hedge = yield* always
      const { log, stream } = copies(words(9, "a", "b"), words(1, "x", "y", "z"))
      const emitted: Array<string> = []
      const logged = Stream.tap(Hedge.hedgeStream(stream, hedge, { key }), (word) => {
        if (emitted.length === 0) log.push(`emits ${word}`)
        return Effect.sync(() => emitted.push(word))
      })
      expect(Exit.isSuccess(yield* during(6, Stream.runDrain(logged)))).toBe(true)
      expect(emitted).toEqual(["x", "y", "z"])
      expect(log).toEqual(["first opens", "hedge opens", "first closes", "emits x", "hedge closes"])
      expect(Hedge.describe(hedge)).toMatchObject([{ hedged: 1, won: 1 }])
    })
  )

  it.effect("emits only the first copy if it is faster after both have begun", () =>
    Effect.gen(function* () {
      const hedge = yield* always
      const { log, stream } = copies(words(2, "a", "b"), words(9, "x"))
      expect(yield* during(5, collect(Hedge.hedgeStream(stream, hedge, { key })))).toEqual(Exit.succeed(["a", "b"]))
      expect(log).toEqual(["first opens", "hedge opens", "hedge closes", "first closes"])
    })
  )

  it.effect("closes the copy whose first element comes at the same moment, and emits none of it", () =>
    Effect.gen(function* () {
      const hedge = yield* always
      const { log, stream } = copies(words(2, "a", "b"), words(1, "x", "y"))
      const exit = yield* during(5, collect(Hedge.hedgeStream(stream, hedge, { key })))
      expect([
        ["a", "b"],
        ["x", "y"]
      ]).toContainEqual(Exit.isSuccess(exit) ? exit.value : exit)
      expect(log.filter((line) => line.endsWith("closes"))).toHaveLength(2)
    })
  )

  it.effect("fails as the stream that decided, before or after its first element", () =>
    Effect.gen(function* () {
      const hedge = yield* always
      const early = copies<string, string>(Stream.fail("early"), Stream.make("x"))
      expect(yield* during(2, collect(Hedge.hedgeStream(early.stream, hedge, { key })))).toEqual(Exit.fail("early"))
      const broken = Stream.concat(words(1, "x"), Stream.fail("broken"))
      const late = copies<string, string>(words(9, "a"), broken)
      expect(yield* during(4, collect(Hedge.hedgeStream(late.stream, hedge, { key })))).toEqual(Exit.fail("broken"))
      const waits = copies<string, string>(
        Stream.concat(Stream.drain(words(2, "a")), Stream.fail("first")),
        words(3, "x")
      )
      expect(yield* during(6, collect(Hedge.hedgeStream(waits.stream, hedge, { key })))).toEqual(Exit.succeed(["x"]))
    })
  )

  it.effect("ends as a stream that has no elements, and skips empty chunks", () =>
    Effect.gen(function* () {
      const hedge = yield* always
      expect(yield* collect(Hedge.hedgeStream(Stream.empty, hedge, { key }))).toEqual([])
      const { stream } = copies(
        Stream.concat(Stream.fromChunk(Chunk.empty<string>()), words(9, "a")),
        Stream.filter(words(1, "no", "x"), (word) => word === "x")
      )
      expect(yield* during(5, collect(Hedge.hedgeStream(stream, hedge, { key })))).toEqual(Exit.succeed(["x"]))
    })
  )

  it.effect("closes all copies when the reader stops early or is interrupted, at any time", () =>
    Effect.gen(function* () {
      const hedge = yield* always
      for (const seconds of [0, 0.5, 1, 1.5, 2, 3, 4]) {
        const { log, stream } = copies(words(9, "a", "b"), words(1, "x", "y", "z"))
        const fiber = yield* Effect.fork(collect(Hedge.hedgeStream(stream, hedge, { key })))
        yield* settle
        for (let half = 0; half < seconds; half += 0.5) yield* TestClock.adjust("500 millis")
        yield* Fiber.interrupt(fiber)
        const count = (what: string) => log.filter((line) => line.endsWith(what)).length
        expect(count("closes")).toBe(count("opens"))
      }
      const { log, stream } = copies(words(9, "a", "b"), words(1, "x", "y", "z"))
      const taken = collect(Stream.take(Hedge.hedgeStream(stream, hedge, { key }), 1))
      expect(yield* during(3, taken)).toEqual(Exit.succeed(["x"]))
      expect(log.at(-1)).toBe("hedge closes")
      expect(Hedge.describe(hedge)).toMatchObject([{ inFlight: 0 }])
    })
  )

  it.effect("runs streams that have fibers of their own", () =>
    Effect.gen(function* () {
      const hedge = yield* always
      const merged = Stream.merge(words(1, "a"), words(1.5, "b")).pipe(Stream.buffer({ capacity: 2 }))
      const parallel = Stream.flatMap(merged, (word) => words(1, `${word}1`, `${word}2`), { concurrency: 2 })
      const exit = yield* during(8, collect(Hedge.hedgeStream(parallel, hedge, { key })))
      expect(Exit.isSuccess(exit) && exit.value.toSorted()).toEqual(["a1", "a2", "b1", "b2"])
    })
  )

  it.effect("brings no references of the loser to the reader", () =>
    Effect.gen(function* () {
      const hedge = yield* always
      const ref = FiberRef.unsafeMake(Option.none<string>())
      const set = (name: string) => Stream.drain(Stream.fromEffect(FiberRef.set(ref, Option.some(name))))
      const { stream } = copies(Stream.concat(set("first"), words(9, "a")), Stream.concat(set("hedge"), words(1, "x")))
      const read = Effect.zipRight(Stream.runDrain(Hedge.hedgeStream(stream, hedge, { key })), FiberRef.get(ref))
      expect(yield* during(3, read)).toEqual(Exit.succeed(Option.some("hedge")))
    })
  )

  it.effect("hedges the first event of an event stream, and counts both calls", () =>
    Effect.gen(function* () {
      const hedge = yield* always
      const accounting = yield* Accounting.make()
      const silent = Fault.stream({ after: 0, ending: "silence" })
      const server = yield* ScriptedClient.make([silent, Fault.stream({ events: 3 })])
      const client = ReliableHttpClient.make(server, { workload: Workload.interactive, hedge })
      const events = EventStream.open(HttpClientRequest.post("https://api.example.com/v1/chat"), {
        client,
        idempotency: "safe"
      })
      const hedged = Hedge.hedgeStream(events, hedge, { key })
      const exit = yield* during(3, collect(hedged).pipe(Accounting.count(accounting)))
      expect(Exit.isSuccess(exit) && exit.value).toHaveLength(3)
      expect(yield* server.requests).toHaveLength(2)
      const { rows } = yield* accounting.snapshot
      expect(rows.map(({ count, of, reason }) => `${of} ${reason ?? "ok"} ${count}`).toSorted()).toEqual([
        "attempt Aborted 1",
        "attempt ok 1",
        "call Aborted 1",
        "call ok 1",
        "stream ok 1"
      ])
    })
  )
})
