import { HttpClientRequest } from "@effect/platform"
import { Effect, Fiber } from "effect"
import { RateLimiter, ReliableHttpClient, Workload } from "effect-reliability"
import { Transport } from "effect-reliability/node"
import { Fault, FaultServer } from "effect-reliability/testing"
import { describe, expect, it } from "vitest"
import { jain as jainOf } from "../../src/testing/internal/simulator/report.js"

const clients = 200
const seconds = 20

describe("many clients of a limited server on sockets", () => {
  // both sides share this thread, and a machine that is starved bunches what the limiter has spread
  it.each(["none", "seconds"] as const)(
    "uses the admitted rate with few refusals and without failures (hints: %s)",
    { retry: 2 },
    async (hint) => {
      const program = Effect.gen(function* () {
        const script = [Fault.rateLimit({ burst: 10, perSecond: 50, hint })]
        const server = yield* FaultServer.make({ script: () => script[0] ?? Fault.healthy, keep: 100_000 })
        const limiter = yield* RateLimiter.make()
        const client = ReliableHttpClient.make(yield* Transport.make({ proxy: "none" }), {
          workload: Workload.interactive,
          idempotency: "safe",
          limiter
        })
        const request = HttpClientRequest.bodyUnsafeJson(HttpClientRequest.post(`${server.baseUrl}/chat/completions`), {
          model: "m",
          messages: [{ role: "user", content: "hello" }]
        })
        const successes = Array<number>(clients).fill(0)
        const failures: Array<unknown> = []
        const worker = (n: number) =>
          Effect.forever(
            Effect.matchEffect(client.execute(request), {
              onFailure: (error) => Effect.sync(() => void failures.push(error)),
              onSuccess: () => Effect.sync(() => void (successes[n] = (successes[n] ?? 0) + 1))
            })
          )
        const workers = yield* Effect.forEach(successes, (_, n) => Effect.fork(worker(n)))
        yield* Effect.sleep(seconds * 1000)
        const { requests: attempts } = yield* server.counts
        const succeeded = successes.reduce((sum, count) => sum + count, 0)
        yield* Fiber.interruptAll(workers)
        return { attempts, succeeded, failures, jain: jainOf(successes), known: RateLimiter.describe(limiter) }
      })
      const { attempts, failures, jain, known, succeeded } = await Effect.runPromise(Effect.scoped(program))
      expect(failures).toEqual([])
      expect(attempts / succeeded).toBeLessThanOrEqual(1.06)
      expect(jain).toBeGreaterThanOrEqual(0.95)
      expect(succeeded / (10 + 50 * seconds)).toBeGreaterThan(0.7)
      // what was interrupted is not in flight
      expect(known).toMatchObject([{ inFlight: 0, waiting: 0 }])
    }
  )
})
