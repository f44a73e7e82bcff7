/**
 * Many concurrent calls on real sockets, and the resources that remain after them.
 */
import { HttpClientRequest } from "@effect/platform"
import { Array as Arr, Effect, Either } from "effect"
import { type ApiError, ReliableHttpClient, Retry, Workload } from "effect-reliability"
import { Transport } from "effect-reliability/node"
import { Fault, FaultServer } from "effect-reliability/testing"
import { request } from "undici"
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"

const hurried = Workload.make({
  name: "hurried",
  timeouts: { attempt: "5 seconds", pool: "5 seconds", connect: "5 seconds", write: "5 seconds" },
  deadline: "30 seconds",
  retry: Retry.make({ attempts: 8, base: 1, cap: 20, maxHint: "1 second" })
})

/** Returns a deterministic number from 0 to 1 without a visible pattern. */
const roll = (number: number): number => ((number * 2_654_435_761) % 2 ** 32) / 2 ** 32

const mixed = (faults: ReadonlyArray<Fault.Fault>) => (request: Fault.Request) => {
  const chance = roll(request.number)
  return chance < 0.3 ? (faults[Math.floor((chance / 0.3) * faults.length)] ?? Fault.healthy) : Fault.healthy
}

/** The number of attempts by delivery; a success counts as acknowledged. */
interface Tally {
  attempts: number
  calls: number
  readonly by: Record<ApiError.Delivery, number>
}

const thousand = (faults: ReadonlyArray<Fault.Fault>, connections: number) =>
  Effect.gen(function* () {
    const server = yield* FaultServer.make({ script: mixed(faults), keep: 100_000 })
    const tally: Tally = { attempts: 0, calls: 0, by: { NotSent: 0, Unconfirmed: 0, Partial: 0, Acknowledged: 0 } }
    const results = yield* Effect.scoped(
      Effect.gen(function* () {
        const client = ReliableHttpClient.make(yield* Transport.make({ connections, proxy: "none" }), {
          workload: hurried,
          idempotency: "safe",
          record: ({ error, of }) => {
            if (of === "call") tally.calls++
            else {
              tally.attempts++
              tally.by[error?.delivery ?? "Acknowledged"]++
            }
          }
        })
        const request = HttpClientRequest.bodyUnsafeJson(HttpClientRequest.post(`${server.baseUrl}/chat/completions`), {
          model: "m",
          messages: [{ role: "user", content: "hello" }]
        })
        return yield* Effect.forEach(
          Arr.range(1, 1000),
          () => Effect.either(Effect.flatMap(client.execute(request), (response) => response.json)),
          { concurrency: "unbounded" }
        )
      })
    )
    yield* server.awaitClosed()
    return { results, tally, counts: yield* server.counts, connections: yield* server.connections }
  }).pipe(Effect.scoped)

describe("a thousand calls at once through ten sockets", () => {
  it("ends each call once, and keeps the server's count within the dashboard law", async () => {
    const faults = [
      Fault.answer(500),
      Fault.answer(503),
      Fault.answer(429, { retryAfter: 5, form: "millis" }),
      Fault.reset,
      Fault.close,
      Fault.cut({ by: "reset" }),
      Fault.cut({ by: "close", framing: "chunked" }),
      Fault.invalidJson,
      Fault.garbage(),
      Fault.closeAfter(0),
      Fault.reused(Fault.reset)
    ]
    const { counts, results, tally } = await Effect.runPromise(thousand(faults, 10))
    const { Acknowledged, Partial, Unconfirmed } = tally.by

    expect(results).toHaveLength(1000)
    expect(tally.calls).toBe(1000)
    expect(results.filter(Either.isRight).length).toBeGreaterThan(950)
    expect(counts.requests).toBeGreaterThanOrEqual(Acknowledged + Partial)
    expect(counts.requests).toBeLessThanOrEqual(Acknowledged + Partial + Unconfirmed)
    expect(counts.opened).toBe(counts.closed)
  })

  it("counts the same requests on both sides if no fault loses headers", async () => {
    const faults = [
      Fault.answer(500),
      Fault.answer(503),
      Fault.answer(429),
      Fault.invalidJson,
      Fault.cut({ by: "reset" })
    ]
    const { connections, counts, results, tally } = await Effect.runPromise(thousand(faults, 10))

    expect(results.every(Either.isRight)).toBe(true)
    expect(tally.by.Unconfirmed).toBe(0)
    expect(tally.by.NotSent).toBe(0)
    expect(counts.requests).toBe(tally.by.Acknowledged + tally.by.Partial)
    expect(counts.requests).toBe(tally.attempts)
    // each reset closes a socket
    expect(connections.length).toBeLessThanOrEqual(10 + tally.by.Partial)
  })

  it("reports NotSent only for requests that the server never received", async () => {
    const { counts, tally } = await Effect.runPromise(
      Effect.gen(function* () {
        const server = yield* FaultServer.make({ script: Fault.stall("50 millis") })
        const tally: Tally = { attempts: 0, calls: 0, by: { NotSent: 0, Unconfirmed: 0, Partial: 0, Acknowledged: 0 } }
        const impatient = Workload.with(hurried, {
          timeouts: { pool: "20 millis" },
          retry: Retry.make({ attempts: 1 })
        })
        yield* Effect.scoped(
          Effect.gen(function* () {
            const client = ReliableHttpClient.make(yield* Transport.make({ connections: 10, proxy: "none" }), {
              workload: impatient,
              record: ({ error, of }) => {
                if (of === "attempt") tally.by[error?.delivery ?? "Acknowledged"]++
              }
            })
            yield* Effect.forEach(Arr.range(1, 200), () => Effect.ignore(client.get(`${server.baseUrl}/models`)), {
              concurrency: "unbounded"
            })
          })
        )
        return { counts: yield* server.counts, tally }
      }).pipe(Effect.scoped)
    )
    expect(tally.by.NotSent).toBeGreaterThan(100)
    expect(counts.requests).toBe(tally.by.Acknowledged)
    expect(tally.by.Unconfirmed + tally.by.Partial).toBe(0)
  })
})

describe("the timers below the workload", () => {
  /** Advances the fake timers by so many minutes, while sockets run in real time. */
  const pass = async (minutes: number): Promise<void> => {
    for (let second = 0; second < minutes * 60; second++) {
      vi.advanceTimersByTime(1000)
      if (second % 20 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve))
  }

  const slow = <A>(use: (url: string) => Promise<A>, minutes: number): Promise<A> =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make({ script: Fault.stall("25 minutes") })
      return yield* Effect.promise(async () => {
        const response = use(`${server.baseUrl}/models`)
        await Effect.runPromise(server.awaitRequests(1))
        await pass(minutes)
        return response
      })
    }).pipe(Effect.scoped, Effect.runPromise)

  const under = (workload: Workload.Workload) => (url: string) =>
    Effect.gen(function* () {
      const client = ReliableHttpClient.make(yield* Transport.make({ proxy: "none" }), { workload })
      return yield* Effect.either(client.get(url))
    }).pipe(Effect.scoped, Effect.runPromise)

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "Date", "performance"] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it("allows a response after 25 minutes under agentic", async () => {
    const result = await slow(under(Workload.agentic), 26)
    expect(Either.isRight(result) && result.right.status).toBe(200)
  })

  it("fails at the attempt timeout under interactive", async () => {
    const once = Workload.with(Workload.interactive, { retry: Retry.make({ attempts: 1 }) })
    const result = await slow(under(once), 2)
    expect(Either.isLeft(result) && result.left).toMatchObject({ reason: "Timeout", phase: "attempt", attempts: 1 })
  })

  it("fails after five minutes in plain undici", async () => {
    const error = await slow(
      (url) =>
        request(url).then(
          () => undefined,
          (error: Error) => error
        ),
      26
    )
    expect(error).toMatchObject({ code: "UND_ERR_HEADERS_TIMEOUT" })
  })
})

describe("a thousand calls of every kind", () => {
  // the runner has timers of its own
  const resources = () =>
    process
      .getActiveResourcesInfo()
      .filter((name) => name !== "Timeout")
      .toSorted()

  it("releases all resources", async () => {
    const before = resources()
    await Effect.runPromise(thousand([Fault.answer(503), Fault.reset, Fault.cut({ by: "close" }), Fault.garbage()], 10))
    // closed sockets disappear in later turns of the event loop
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(resources()).toEqual(before)
  })
})
