import { performance } from "node:perf_hooks"
import { HttpClientRequest } from "@effect/platform"
import { Effect, Fiber } from "effect"
import { RateLimiter, ReliableHttpClient, Reliability, Retry, Workload } from "effect-reliability"
import { Transport } from "effect-reliability/node"
import { Fault, FaultServer, Simulator } from "effect-reliability/testing"
import { describe, expect, it } from "vitest"

const workers = 40
const seconds = 20
const limit = { burst: 10, perSecond: 40 }

const workload = Workload.make({
  name: "compared",
  deadline: "1 minute",
  timeouts: { attempt: "10 seconds" },
  retry: Retry.make({ attempts: 10, base: "500 millis", cap: "2 seconds" })
})

interface Outcome {
  readonly goodput: number
  readonly attemptsPerSuccess: number
}

/** Runs workers for some seconds on real sockets, and measures how late the timers of this process are. */
const onSockets = (isLimited: boolean) =>
  Effect.gen(function* () {
    const script = Fault.rateLimit({ ...limit, hint: "none" })
    const server = yield* FaultServer.make({ script: () => script, keep: 1 })
    const limiter = isLimited ? yield* RateLimiter.make() : undefined
    const client = ReliableHttpClient.make(yield* Transport.make({ proxy: "none" }), {
      workload,
      idempotency: "safe",
      limiter
    })
    const request = HttpClientRequest.get(`${server.baseUrl}/models`)
    let succeeded = 0
    const worker = Effect.forever(
      Effect.matchEffect(client.execute(request), {
        onFailure: () => Effect.sleep("1 second"),
        onSuccess: () => Effect.sync(() => succeeded++)
      })
    )
    const fibers = yield* Effect.replicateEffect(Effect.fork(worker), workers)
    let late = 0
    const interval = 10
    let before = performance.now()
    const timer = setInterval(() => {
      const now = performance.now()
      late += Math.max(0, now - before - 2 * interval)
      before = now
    }, interval)
    yield* Effect.sleep(seconds * 1000)
    clearInterval(timer)
    const { requests: attempts } = yield* server.counts
    const outcome: Outcome = {
      goodput: succeeded / (limit.burst + limit.perSecond * seconds),
      attemptsPerSuccess: attempts / succeeded
    }
    yield* Fiber.interruptAll(fibers)
    return { outcome, starved: late / (seconds * 1000) }
  }).pipe(Effect.scoped, Effect.runPromise)

const simulated = (isLimited: boolean) =>
  Simulator.run({
    server: Simulator.bucket({ ...limit, latency: 0 }),
    load: { workers },
    // of the loopback interface
    roundTrip: "3 millis",
    duration: seconds * 1000,
    policy: Effect.map(RateLimiter.make(), (limiter) =>
      Reliability.make({ workload, limiter: isLimited ? { limiter, key: "server" } : undefined })
    )
  }).pipe(
    Effect.map(({ attemptsPerSuccess = Number.NaN, goodput = Number.NaN }): Outcome => ({
      attemptsPerSuccess,
      goodput
    })),
    Effect.runPromise
  )

describe("a simulation compared with reality", () => {
  it.each([
    ["a rate limiter", true],
    ["retries alone", false]
  ] as const)("predicts the goodput and the attempts per success of real sockets: %s", async (_name, isLimited) => {
    const expected = await simulated(isLimited)
    // a process that gets no CPU sends late; such a run says nothing about the simulation, and is repeated
    let real = await onSockets(isLimited)
    for (let i = 0; i < 5 && real.starved > 0.02; i++) real = await onSockets(isLimited)
    const { outcome, starved } = real
    const seen = `${JSON.stringify({ outcome, expected })}, late for ${starved} of the time`
    expect(Math.abs(outcome.goodput / expected.goodput - 1), seen).toBeLessThanOrEqual(0.05 + starved)
    expect(Math.abs(outcome.attemptsPerSuccess - expected.attemptsPerSuccess), seen).toBeLessThanOrEqual(0.05 + starved)
  })
})
