import { Effect } from "effect"
import { RateLimiter } from "effect-reliability"
import { RedisStore } from "effect-reliability/redis"
import { ioredis } from "../support/redisClient.js"
import * as RedisServer from "../support/redisServer.js"

const quantile = (sorted: ReadonlyArray<number>, share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN

/** The milliseconds that each of many runs takes, in order. */
const latencies = (times: number, run: Effect.Effect<unknown>) =>
  Effect.gen(function* () {
    const taken: Array<number> = []
    for (let n = 0; n < times; n++) {
      const started = performance.now()
      yield* run
      taken.push(performance.now() - started)
    }
    return taken.toSorted((a, b) => a - b)
  })

const row = (what: string, value: number, unit: string, bound?: string, held?: boolean) => ({
  what,
  value: Number(value.toFixed(3)),
  unit,
  bound: bound ?? "",
  held: held === undefined ? "" : held ? "yes" : "NO"
})

const measure = Effect.gen(function* () {
  const server = yield* RedisServer.make
  const redis = yield* ioredis(server.port)
  let commands = 0
  const client = RedisStore.fromIoredis(redis)
  const counted: RedisStore.Client = {
    eval: client.eval,
    evalSha: (...command) => {
      commands++
      return client.evalSha(...command)
    }
  }
  const store = yield* RedisStore.make({ client: counted, timeout: "5 seconds" })
  // a rate that no loop of this machine reaches
  const limiter = yield* RateLimiter.make({ store, requests: { limit: 1e9, per: "1 second" } })
  const call = Effect.void.pipe(RateLimiter.limit(limiter, { key: "key" }), Effect.orDie)
  const ping = Effect.promise(() => redis.ping())
  yield* latencies(1000, ping)
  yield* latencies(1000, call)
  const pings: Array<number> = []
  const calls: Array<number> = []
  // turn by turn, so that a machine that slows down slows both
  for (let turn = 0; turn < 20; turn++) {
    pings.push(...(yield* latencies(500, ping)))
    calls.push(...(yield* latencies(500, call)))
  }
  pings.sort((a, b) => a - b)
  calls.sort((a, b) => a - b)
  const added = (share: number) => quantile(calls, share) - quantile(pings, share)
  const before = commands
  const started = performance.now()
  yield* Effect.replicateEffect(call, 5000, { discard: true })
  const alone = 5_000_000 / (performance.now() - started)
  const trips = (commands - before) / 5000
  const rates: Array<number> = []
  for (const concurrency of [16, 64]) {
    const began = performance.now()
    yield* Effect.forEach(Array.from({ length: 20_000 }), () => call, { concurrency, discard: true })
    rates.push(20_000_000 / (performance.now() - began))
  }
  return [
    row("PING, median", quantile(pings, 0.5), "ms"),
    row("a call through a shared limiter, median", quantile(calls, 0.5), "ms"),
    row("added to a PING, median", added(0.5), "ms", "≤ 0.5", added(0.5) <= 0.5),
    row("added to a PING, 99 %", added(0.99), "ms", "≤ 3", added(0.99) <= 3),
    row("round trips of a call, its report included", trips, ""),
    row("calls one at a time", alone, "calls/s"),
    row("16 calls at a time", rates[0] ?? Number.NaN, "calls/s"),
    row("64 calls at a time", rates[1] ?? Number.NaN, "calls/s", "≥ 5000", (rates[1] ?? 0) >= 5000)
  ]
})

/** What a step of a limiter costs whose state is in Redis. */
export const redisCosts = async () =>
  RedisServer.isInstalled
    ? Effect.runPromise(Effect.scoped(measure))
    : [row(`a shared limiter on Redis${RedisServer.needed}`, Number.NaN, "")]
