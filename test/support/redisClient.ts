/** Clients of a server of a test. */
import { Effect, type Scope } from "effect"
import { RedisStore } from "effect-reliability/redis"
import { Redis } from "ioredis"
import { createClient } from "redis"

export const ioredis = (port: number): Effect.Effect<Redis, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const redis = new Redis({
        port,
        host: "127.0.0.1",
        lazyConnect: true,
        enableOfflineQueue: false,
        maxRetriesPerRequest: 0,
        retryStrategy: () => 50
      }).on("error", () => {})
      await redis.connect()
      return redis
    }),
    (redis) => Effect.sync(() => redis.disconnect())
  )

export const nodeRedis = (port: number): Effect.Effect<RedisStore.Client, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const redis = createClient({ url: `redis://127.0.0.1:${port}`, disableOfflineQueue: true })
      await redis.on("error", () => {}).connect()
      return redis
    }),
    (redis) => Effect.sync(() => redis.destroy())
  ).pipe(Effect.map(RedisStore.fromNodeRedis))
