import { it } from "@effect/vitest"
import { Cause, Config, ConfigProvider, Duration, Effect, Exit, Fiber, Layer, Logger, Redacted, Schedule } from "effect"
import { RateLimiter, RetryBudget, Store } from "effect-reliability"
import { RedisStore } from "effect-reliability/redis"
import { describe, expect } from "vitest"
import { ioredis, nodeRedis } from "../../support/redisClient.js"
import * as RedisServer from "../../support/redisServer.js"
import * as ScriptedRedis from "../../support/scriptedRedis.js"

const counter: Store.Slot<number> = {
  name: "counter",
  decode: (json) => (typeof json === "number" ? json : undefined),
  timeToLive: Duration.minutes(1)
}

const increment = (store: Store.Store, key = "key") =>
  store.modify(counter, key, (state = 0) => [state + 1, state + 1] as const)

const read = (store: Store.Store, key = "key") => store.modify(counter, key, (state = -1) => [state, state] as const)

describe("a store", () => {
  const scripted = (options: Partial<RedisStore.Options> = {}) => {
    const redis = ScriptedRedis.make()
    return Effect.map(RedisStore.make({ client: redis.client, ...options }), (store) => ({ redis, store }))
  }

  it.live("takes one round trip for a step that no other process disturbs, and one for steps of the same time", () =>
    Effect.gen(function* () {
      const { redis, store } = yield* scripted()
      yield* increment(store)
      expect(redis.commands).toBe(2)
      for (let i = 0; i < 10; i++) yield* increment(store)
      expect(redis.commands).toBe(12)
      // the first one leaves alone, and the others together after it
      const results = yield* Effect.all(Effect.replicate(increment(store), 50), { concurrency: "unbounded" })
      expect(results).toEqual(Array.from({ length: 50 }, (_, n) => n + 12))
      expect(redis.commands).toBe(14)
    })
  )

  it.live("writes nothing if a step returns the given state, and does not trust its own copy", () =>
    Effect.gen(function* () {
      const { redis, store } = yield* scripted()
      yield* increment(store)
      const written = redis.values.get("effect-reliability:counter:{key}")
      expect(written).toMatch(/^\w+\.1 - 0 1$/)
      expect(yield* read(store)).toBe(1)
      expect(redis.values.get("effect-reliability:counter:{key}")).toBe(written)
      const other = yield* RedisStore.make({ client: redis.client })
      yield* increment(other)
      expect(yield* read(store)).toBe(2)
    })
  )

  it.live("repeats a step with the state of another process that was faster, and loses no change", () =>
    Effect.gen(function* () {
      const { redis } = yield* scripted()
      const stores = yield* Effect.all(Effect.replicate(RedisStore.make({ client: redis.client }), 4))
      yield* Effect.forEach(stores, (store) => Effect.repeatN(increment(store), 99), { concurrency: "unbounded" })
      expect(yield* read(stores[0] as Store.Store)).toBe(400)
    })
  )

  it.live("fails a step that others always overtake, and does not rest after it", () =>
    Effect.gen(function* () {
      const { redis, store } = yield* scripted({ timeout: "5 seconds" })
      yield* increment(store)
      let n = 0
      redis.before = (key) => {
        redis.values.set(key, `other.${n++} - 0 5`)
        return undefined
      }
      expect(yield* Effect.flip(increment(store))).toMatchObject({ detail: "31 conflicts with other processes" })
      redis.before = () => undefined
      expect(yield* increment(store)).toBe(6)
    })
  )

  it.live.each(["", "x", "5", "v 5", "v - 0 x", "v - 0 {", "v - 0 null", 'v - 0 "text"', "a b c", " 5"])(
    "treats the value %j as absent",
    (value) =>
      Effect.gen(function* () {
        const { redis, store } = yield* scripted()
        redis.values.set("effect-reliability:counter:{key}", value)
        expect(yield* increment(store)).toBe(1)
      })
  )

  it.live("passes the time of the server to steps, however wrong the clock of the client is", () =>
    Effect.gen(function* () {
      const { redis, store } = yield* scripted()
      let offset = 3_600_000
      redis.now = () => 1.7e12 + performance.now() + offset
      const time = store.modify(counter, "key", (state = 0, now) => [now, state + 1] as const)
      expect(Math.abs((yield* time) - redis.now())).toBeLessThan(20)
      // another server takes over
      offset = -3_600_000
      expect(Math.abs((yield* time) - redis.now())).toBeLessThan(20)
      offset = 7_200_000
      expect(Math.abs((yield* time) - redis.now())).toBeLessThan(20)
    })
  )

  it.live("fails after the time limit, rests, fails at once meanwhile, and continues", () =>
    Effect.gen(function* () {
      const { redis, store } = yield* scripted({ timeout: "50 millis", rest: "300 millis" })
      yield* increment(store)
      redis.before = () => new Promise(() => {})
      const [took, error] = yield* Effect.timed(Effect.flip(increment(store)))
      expect(error).toEqual(new Store.StoreUnavailable({ detail: "no response within 50 ms" }))
      expect(Duration.toMillis(took)).toBeGreaterThan(45)
      expect(Duration.toMillis(took)).toBeLessThan(120)
      redis.before = () => undefined
      const { commands } = redis
      expect(yield* Effect.flip(increment(store, "other"))).toMatchObject({ detail: "it rests after a failure" })
      expect(redis.commands).toBe(commands)
      yield* Effect.sleep("310 millis")
      expect(yield* increment(store)).toBe(2)
    })
  )

  it.live("reports the code of an error of the client, and no address", () =>
    Effect.gen(function* () {
      const errors: ReadonlyArray<readonly [unknown, string]> = [
        [Object.assign(new Error("connect ECONNREFUSED 10.0.0.1:6379"), { code: "ECONNREFUSED" }), "ECONNREFUSED"],
        [new Error("NOAUTH Authentication required."), "NOAUTH"],
        [new TypeError("10.0.0.1 is away"), "TypeError"],
        ["text", "an unknown error"]
      ]
      for (const [error, code] of errors) {
        const { redis, store } = yield* scripted({ rest: 0 })
        redis.before = () => Promise.reject(error)
        expect(yield* Effect.flip(increment(store))).toMatchObject({ detail: `the client reports ${code}` })
        redis.before = () => Promise.resolve("OK")
        expect(yield* Effect.flip(increment(store))).toMatchObject({ detail: "an unexpected response" })
        redis.before = () => {
          throw error
        }
        expect(yield* Effect.flip(increment(store))).toMatchObject({ detail: `the client reports ${code}` })
      }
    })
  )

  it.live("stops at once when it is interrupted, and leaves other steps alone", () =>
    Effect.gen(function* () {
      const { redis, store } = yield* scripted({ timeout: "1 second" })
      yield* increment(store)
      let respond = () => {}
      redis.before = () => new Promise((resolve) => (respond = () => resolve(undefined)))
      const fibers = yield* Effect.forEach([1, 2, 3], () => Effect.fork(increment(store)))
      yield* Effect.sleep("5 millis")
      const [took] = yield* Effect.timed(Fiber.interruptAll(fibers.slice(0, 2)))
      expect(Duration.toMillis(took)).toBeLessThan(50)
      redis.before = () => undefined
      respond()
      // the first was sent already, the second was not
      expect(yield* Fiber.join(fibers[2] as Fiber.Fiber<number, Store.StoreUnavailable>)).toBe(3)
    })
  )

  it.live("dies with a step that throws, and with a state that is not JSON", () =>
    Effect.gen(function* () {
      const { store } = yield* scripted()
      const broken = store.modify(counter, "key", () => {
        throw new Error("broken")
      })
      const [exit, result] = yield* Effect.all([Effect.exit(broken), increment(store)], { concurrency: 2 })
      expect(Exit.isFailure(exit) && Cause.isDie(exit.cause)).toBe(true)
      expect(result).toBe(1)
      const slot: Store.Slot<unknown> = { name: "any", decode: (json) => json, timeToLive: Duration.minutes(1) }
      const wrong = yield* Effect.exit(store.modify(slot, "key", () => [1, 1n]))
      expect(Exit.isFailure(wrong) && Cause.isDie(wrong.cause)).toBe(true)
      expect(yield* store.modify(slot, "key", () => [2, 2])).toBe(2)
    })
  )

  it.live("keeps the last states of 1000 keys in memory", () =>
    Effect.gen(function* () {
      const { redis, store } = yield* scripted()
      for (let n = 0; n < 1001; n++) yield* increment(store, `key ${n}`)
      const { commands } = redis
      yield* increment(store, "key 1000")
      yield* increment(store, "key 1")
      expect(redis.commands - commands).toBe(2)
      yield* increment(store, "key 0")
      expect(redis.commands - commands).toBe(4)
    })
  )

  it.live("says how many processes share it", () =>
    Effect.gen(function* () {
      expect((yield* scripted({ processes: 3 })).store.processes).toBe(3)
      expect((yield* scripted()).store.processes).toBe(1)
    })
  )

  it("rejects invalid options", () => {
    const { client } = ScriptedRedis.make()
    expect(() => RedisStore.make({ client, timeout: 0 })).toThrow(
      "RedisStore.make: timeout is 0; it must be at least 1 ms"
    )
    expect(() => RedisStore.layer({ client, processes: 1.5 })).toThrow("RedisStore.layer: processes is 1.5")
    expect(() => RedisStore.make({ client, rest: "-1 second" })).toThrow("RedisStore.make: rest")
  })
})

describe.skipIf(!RedisServer.isInstalled)(`a store on redis-server${RedisServer.needed}`, () => {
  const clients = [
    ["ioredis", (port: number) => Effect.map(ioredis(port), RedisStore.fromIoredis)],
    ["node-redis", nodeRedis]
  ] as const

  it.scopedLive.each(clients)("loses no change of many processes, with a key that expires (%s)", ([, connect]) =>
    Effect.gen(function* () {
      const server = yield* RedisServer.make
      const stores = yield* Effect.replicateEffect(
        Effect.flatMap(connect(server.port), (client) =>
          RedisStore.make({ client, prefix: "own:", timeout: "2 seconds" })
        ),
        4
      )
      yield* Effect.forEach(stores, (store) => Effect.repeatN(increment(store), 249), { concurrency: "unbounded" })
      expect(yield* read(stores[0] as Store.Store)).toBe(1000)
      expect(yield* Effect.promise(() => server.command("KEYS", "*"))).toBe("*1\r\n$17\r\nown:counter:{key}\r\n")
      const ttl = yield* Effect.promise(() => server.command("PTTL", "own:counter:{key}"))
      expect(Number(ttl.slice(1))).toBeGreaterThan(50_000)
      expect(Number(ttl.slice(1))).toBeLessThanOrEqual(60_000)
    })
  )

  it.scopedLive.each(clients)("loads its script again when the server has lost it (%s)", ([, connect]) =>
    Effect.gen(function* () {
      const server = yield* RedisServer.make
      const store = yield* RedisStore.make({ client: yield* connect(server.port) })
      yield* increment(store)
      yield* Effect.promise(() => server.command("SCRIPT", "FLUSH"))
      expect(yield* increment(store)).toBe(2)
    })
  )

  it.scopedLive("keeps numbers and the time exactly, and ignores values of other types", () =>
    Effect.gen(function* () {
      const server = yield* RedisServer.make
      const client = RedisStore.fromIoredis(yield* ioredis(server.port))
      const [one, other] = yield* Effect.all([RedisStore.make({ client }), RedisStore.make({ client })])
      const numbers = [Number.MAX_VALUE, 1e-9, 0.1 + 0.2, -1e9, 1_700_000_000_000.123, 2 ** 53 - 1]
      const slot: Store.Slot<ReadonlyArray<number>> = {
        name: "numbers",
        decode: (json) => json as ReadonlyArray<number>,
        timeToLive: Duration.minutes(1)
      }
      yield* one.modify(slot, "key", () => [undefined, numbers])
      expect(yield* other.modify(slot, "key", (state = []) => [state, state])).toEqual(numbers)
      const now = yield* one.modify(slot, "key", (state = [], now) => [now, state])
      const time = yield* Effect.promise(() => server.command("TIME"))
      const [seconds = 0, micros = 0] = [...time.matchAll(/^\d+/gm)].map(Number)
      expect(seconds * 1000 + micros / 1000 - now).toBeGreaterThanOrEqual(-6)
      expect(seconds * 1000 + micros / 1000 - now).toBeLessThan(100)
      yield* Effect.promise(() => server.command("RPUSH", "effect-reliability:counter:{list}", "1"))
      expect(yield* increment(one, "list")).toBe(1)
      expect(yield* increment(other, "list")).toBe(2)
    })
  )

  it.scopedLive("fails while the server stalls or is away, and succeeds after it", () =>
    Effect.gen(function* () {
      const server = yield* RedisServer.make
      const store = yield* RedisStore.make({
        client: RedisStore.fromIoredis(yield* ioredis(server.port)),
        rest: "200 millis"
      })
      const until = (wanted: boolean) =>
        Effect.exit(increment(store)).pipe(
          Effect.repeat({ until: (exit) => Exit.isSuccess(exit) === wanted, schedule: Schedule.spaced("20 millis") }),
          Effect.timeout("5 seconds")
        )
      yield* increment(store)
      server.pause()
      const [stalled, { detail }] = yield* Effect.timed(Effect.flip(increment(store)))
      expect(detail).toBe("no response within 100 ms")
      expect(Duration.toMillis(stalled)).toBeLessThan(200)
      server.resume()
      yield* until(true)
      yield* Effect.promise(server.kill)
      const [away, refused] = yield* Effect.timed(Effect.flip(increment(store)))
      expect(Duration.toMillis(away)).toBeLessThan(200)
      expect(refused.message).not.toMatch(/127\.0|\d{5}/)
      yield* Effect.promise(server.start)
      yield* until(true)
      expect(yield* read(store)).toBeLessThan(3)
    })
  )

  it.scopedLive("holds the state of limiters and budgets, from a URL in the configuration", () =>
    Effect.gen(function* () {
      const server = yield* RedisServer.make
      const provider = ConfigProvider.fromMap(new Map([["REDIS_URL", `redis://127.0.0.1:${server.port}/1`]]))
      const shared = Layer.mergeAll(RateLimiter.layer(), RetryBudget.layer({ max: 3 })).pipe(
        Layer.provide(
          RedisStore.layerConfig({ url: Config.redacted("REDIS_URL"), timeout: Config.succeed("5 seconds") })
        ),
        Layer.provide(Layer.setConfigProvider(provider))
      )
      const program = Effect.gen(function* () {
        const limiter = yield* RateLimiter.RateLimiter
        const budget = yield* RetryBudget.RetryBudget
        yield* Effect.void.pipe(RateLimiter.limit(limiter, { key: "key" }))
        yield* budget.withdraw
        return yield* budget.available
      })
      expect(yield* program.pipe(Effect.provide(shared))).toBe(2)
      expect(yield* program.pipe(Effect.provide(shared))).toBe(1)
      const keys = yield* Effect.promise(() => server.command("INFO", "keyspace"))
      expect(keys).toContain("db1:keys=2,expires=2")
    })
  )
})

describe("layerConfig", () => {
  it.live("provides a store whose server is away", () => {
    const Away = RedisStore.layerConfig({ url: Config.succeed(Redacted.make("redis://127.0.0.1:1")) })
    return Effect.flatMap(Store.Store, (store) => Effect.flip(increment(store))).pipe(
      Effect.provide(Away),
      Effect.map(({ message }) => expect(message).toContain("the store of shared limits is unavailable")),
      Effect.provide(Logger.remove(Logger.defaultLogger))
    )
  })

  it.effect("fails with an invalid option", () =>
    Effect.gen(function* () {
      const url = Config.succeed(Redacted.make("redis://127.0.0.1:1"))
      const error = yield* Effect.flip(Layer.build(RedisStore.layerConfig({ url, processes: Config.succeed(0) })))
      expect(error.message).toContain("RedisStore.layerConfig: processes is 0")
    }).pipe(Effect.scoped)
  )
})
