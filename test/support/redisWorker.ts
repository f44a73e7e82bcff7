/**
 * A process whose callers share a limit with other processes through Redis. It starts and ends at messages of its parent, and
 * reports what its calls have done.
 */
import { HttpClientRequest } from "@effect/platform"
import { Effect, Fiber } from "effect"
import { RateLimiter, ReliableHttpClient, Retry, Workload } from "effect-reliability"
import { Transport } from "effect-reliability/node"
import { RedisStore } from "effect-reliability/redis"
import { once } from "node:events"
import { ioredis } from "./redisClient.js"

export interface WorkerOptions {
  readonly url: string
  readonly port: number
  readonly callers: number
  readonly processes: number
  /** The limit of requests per second. */
  readonly limit: number
  /** The error of the wall clock of the process, in milliseconds. */
  readonly skew: number
}

export interface WorkerReport {
  readonly successes: number
  readonly failures: ReadonlyArray<string>
  readonly outages: number
}

const options = JSON.parse(process.argv[2] ?? "{}") as WorkerOptions
const now = Date.now
Date.now = () => now() + options.skew

const message = Effect.promise(() => once(process, "message"))

const program = Effect.gen(function* () {
  const store = yield* RedisStore.make({
    client: RedisStore.fromIoredis(yield* ioredis(options.port)),
    processes: options.processes
  })
  const limiter = yield* RateLimiter.make({ store, requests: { limit: options.limit, per: "1 second" } })
  const workload = Workload.with(Workload.interactive, { retry: Retry.make({ base: "20 millis" }) })
  const client = ReliableHttpClient.make(yield* Transport.make({ proxy: "none" }), {
    workload,
    idempotency: "safe",
    limiter: { limiter, key: () => "key" }
  })
  const request = HttpClientRequest.bodyUnsafeJson(HttpClientRequest.post(options.url), {
    model: "m",
    messages: [{ role: "user", content: "hello" }]
  })
  let successes = 0
  const failures: Array<string> = []
  const caller = Effect.forever(
    Effect.matchEffect(client.execute(request), {
      onFailure: (error) => Effect.sync(() => void failures.push(error.message)),
      onSuccess: () => Effect.sync(() => void successes++)
    })
  )
  process.send?.("ready")
  yield* message
  const callers = yield* Effect.forkAll(Effect.replicate(caller, options.callers))
  yield* message
  yield* Fiber.interrupt(callers)
  const outages = RateLimiter.describe(limiter)[0]?.outages ?? 0
  const report: WorkerReport = { successes, failures, outages }
  yield* Effect.async<void>((resume) => void process.send?.(report, () => resume(Effect.void)))
})

await Effect.runPromise(Effect.scoped(program))
process.disconnect()
