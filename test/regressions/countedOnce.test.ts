/**
 * Accounting missed calls or counted them late: around retries without observers, with tokens fetched within the call, for
 * streams whose reader stops, and for interrupted leaves.
 */
import { HttpClient, HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { it } from "@effect/vitest"
import { Effect, Fiber, Stream, TestClock } from "effect"
import { Accounting, ApiError, Reliability, ReliableHttpClient, Retry, Workload } from "effect-reliability"
import * as EventStream from "effect-reliability/stream"
import { describe, expect } from "vitest"

const once = Workload.with(Workload.interactive, { retry: Retry.make({ attempts: 1 }) })

const answering = (body: string, type: string) =>
  HttpClient.make((request) =>
    Effect.succeed(HttpClientResponse.fromWeb(request, new Response(body, { headers: { "content-type": type } })))
  )

const json = answering("{}", "application/json")
const events = answering("data: {}\n\ndata: [DONE]\n\n", "text/event-stream")
const refused = HttpClient.make(() => Effect.fail(Object.assign(new Error(), { code: "ECONNREFUSED" }) as never))

/** Counts an effect, and returns the rows with their hosts. */
const counted = <A, E>(effect: Effect.Effect<A, E>) =>
  Effect.gen(function* () {
    const accounting = yield* Accounting.make()
    yield* Effect.exit(Accounting.count(effect, accounting))
    const { inFlight, rows } = yield* accounting.snapshot
    expect(inFlight).toBe(0)
    return rows.map(({ count, host, of, reason }) => [count, of, reason ?? "ok", host])
  })

const token = ReliableHttpClient.make(json).get("https://auth.test/token")
const withToken = <E>(client: HttpClient.HttpClient.With<E>) =>
  HttpClient.mapRequestEffect(client, (request) => Effect.as(Effect.orDie(token), request))

const open = (url: string, client: ReliableHttpClient.ReliableHttpClient) =>
  EventStream.open(HttpClientRequest.post(url), { client, workload: once })

describe("Accounting", () => {
  it.live("counts a call whose attempts were retried without an observer", () =>
    Effect.gen(function* () {
      const lost = Effect.fail(new ApiError.Transient({ reason: "Connect", delivery: "NotSent" }))
      const call = lost.pipe(Retry.retry(Retry.make({ attempts: 3, base: "1 millis" })), Reliability.protect(once))
      expect(yield* counted(call)).toEqual([
        [1, "attempt", "Connect", undefined],
        [1, "call", "Connect", undefined]
      ])
    })
  )

  it.effect("counts a client's call for a recording policy around it", () =>
    Effect.gen(function* () {
      const accounting = yield* Accounting.make()
      const policy = Reliability.make({ workload: once, record: accounting.record })
      yield* Reliability.protect(ReliableHttpClient.make(json).get("https://api.test/"), policy)
      expect((yield* accounting.snapshot).rows.map(({ count, of }) => [count, of])).toEqual([
        [1, "attempt"],
        [1, "call"]
      ])
    })
  )

  it.effect("counts a request and the fetch of its token", () =>
    Effect.gen(function* () {
      const both = [
        [1, "attempt", "ok", "auth.test"],
        [1, "call", "ok", "auth.test"],
        [1, "attempt", "ok", "api.test"],
        [1, "call", "ok", "api.test"]
      ]
      expect(yield* counted(ReliableHttpClient.make(withToken(json)).get("https://api.test/"))).toEqual(both)
      const stream = open("https://api.test/", withToken(ReliableHttpClient.make(events)))
      expect(yield* counted(Stream.runDrain(stream))).toEqual([...both, [1, "stream", "ok", "api.test"]])
    })
  )

  it.effect("records the host of a refused stream if the client completes the URL", () =>
    Effect.gen(function* () {
      const client = ReliableHttpClient.make(refused).pipe(
        HttpClient.mapRequest(HttpClientRequest.prependUrl("https://api.test"))
      )
      expect(yield* counted(Stream.runDrain(open("/chat", client)))).toEqual([
        [1, "attempt", "Connect", "api.test"],
        [1, "call", "Connect", "api.test"]
      ])
    })
  )

  it.effect("records Aborted for a stream whose error arrived with the events that were read", () =>
    Effect.gen(function* () {
      const broken = answering(`data: {}\n\ndata: {}\n\ndata: {"error":{"message":"no"}}\n\n`, "text/event-stream")
      const stream = open("https://api.test/", ReliableHttpClient.make(broken))
      expect((yield* counted(Stream.runDrain(Stream.take(stream, 1)))).at(-1)).toEqual([
        1,
        "stream",
        "Aborted",
        "api.test"
      ])
    })
  )

  it.effect("ends an interrupted call before its cleanup", () =>
    Effect.gen(function* () {
      const accounting = yield* Accounting.make()
      const call = Effect.onInterrupt(
        Reliability.leaf(once, () => Effect.never),
        () => Effect.sleep("10 seconds")
      )
      const fiber = yield* Effect.fork(Accounting.count(call, accounting))
      yield* TestClock.adjust("50 millis")
      yield* Effect.fork(Fiber.interrupt(fiber))
      yield* TestClock.adjust("1 second")
      const { inFlight, rows } = yield* accounting.snapshot
      expect([inFlight, rows.map(({ millis, reason }) => [reason, millis])]).toEqual([
        0,
        [
          ["Aborted", 50],
          ["Aborted", 50]
        ]
      ])
      yield* TestClock.adjust("10 seconds")
    })
  )

  it.effect("counts a call whose `about` throws", () =>
    Effect.gen(function* () {
      const about = () => {
        throw new Error("about")
      }
      expect(yield* counted(ReliableHttpClient.make(json, { about }).get("https://api.test/"))).toEqual([
        [1, "attempt", "ok", "api.test"],
        [1, "call", "ok", "api.test"]
      ])
    })
  )
})
