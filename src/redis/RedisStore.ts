/**
 * A store in Redis for the state that rate limiters, circuit breakers and retry budgets of several processes share.
 *
 * Each step is a compare-and-set. This process applies the step to the last state that it has seen, and one script replaces the
 * stored state unless another process was faster. A step that no other process disturbs takes one round trip, and steps that are
 * ready at the same time share it. All times are those of the server, so the clocks of the clients do not matter. Each key has a
 * time to live, and each script uses one key, so that the store also works on Redis Cluster. It needs Redis 5 or later.
 *
 * Redis holds nothing that cannot be lost. If it does not respond in time, the users of the store decide alone with the share of
 * this process. The store then rests for a while, in which steps fail at once. If Redis restarts without its data, each
 * limit continues from the state that a process knows, with empty buckets.
 *
 * `RateLimiter` of `@effect/experimental` 0.61 also works on Redis. It is not used here: fractional refills fail, keys have no time to
 * live, a second key is in another hash slot, and the time is that of the client.
 *
 * @since 0.2.0
 */
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Random from "effect/Random"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { createHash } from "node:crypto"
import { afterPoll, clearTimer, clockOf, monotonic, setTimer, type Timer } from "../internal/clock.js"
import { duration, number } from "../internal/options.js"
import { randomId } from "../internal/randomId.js"
import { type Slot, Store, StoreUnavailable } from "../Store.js"
import { type Connection, type Job, Line } from "./internal/line.js"
import { replyOf, script } from "./internal/script.js"

// -------------------------------------------------------------------------------------------------
// Model
// -------------------------------------------------------------------------------------------------

/**
 * The two commands of a Redis client that a store uses: see `fromIoredis` and `fromNodeRedis`.
 *
 * @since 0.2.0
 * @category model
 */
export interface Client {
  /** Runs a script by its digest, with one key. */
  readonly evalSha: (digest: string, key: string, args: ReadonlyArray<string>) => Promise<unknown>
  /** Runs a script by its text, with one key. */
  readonly eval: (script: string, key: string, args: ReadonlyArray<string>) => Promise<unknown>
}

/**
 * Options of a store that do not depend on the client.
 *
 * @since 0.2.0
 * @category model
 */
export interface Settings {
  /** The beginning of each key. @default "effect-reliability:" */
  readonly prefix?: string | undefined
  /** The time limit of a response of the server, at least 1 millisecond. @default "100 millis" */
  readonly timeout?: Duration.DurationInput | undefined
  /** The time for which steps fail at once after a failure of the server. @default "1 second" */
  readonly rest?: Duration.DurationInput | undefined
  /**
   * The number of processes that share the store, at least 1. While the store is unavailable, each process decides alone with this
   * share of the limits. @default 1
   */
  readonly processes?: number | undefined
}

/**
 * Options of `make` and `layer`.
 *
 * @since 0.2.0
 * @category model
 */
export interface Options extends Settings {
  readonly client: Client
}

/**
 * The part of `Redis` and `Cluster` of the package `ioredis` that a store uses.
 *
 * @since 0.2.0
 * @category model
 */
export interface Ioredis {
  readonly evalsha: (digest: string, numberOfKeys: number, ...args: Array<string>) => Promise<unknown>
  readonly eval: (script: string, numberOfKeys: number, ...args: Array<string>) => Promise<unknown>
}

/**
 * The part of a client of the package `redis` that a store uses.
 *
 * @since 0.2.0
 * @category model
 */
export interface NodeRedis {
  readonly evalSha: (digest: string, options: NodeRedisOptions) => Promise<unknown>
  readonly eval: (script: string, options: NodeRedisOptions) => Promise<unknown>
}

/**
 * The key and the arguments of a script, as a client of the package `redis` takes them.
 *
 * @since 0.2.0
 * @category model
 */
export interface NodeRedisOptions {
  keys: Array<string>
  arguments: Array<string>
}

// -------------------------------------------------------------------------------------------------
// Clients
// -------------------------------------------------------------------------------------------------

/**
 * Returns the client of a store that uses the package `ioredis`, version 5.
 *
 * Set `enableOfflineQueue: false` and `maxRetriesPerRequest: 0`: commands for a server that is away then fail at once.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { RedisStore } from "effect-reliability/redis"
 * import { Redis } from "ioredis"
 *
 * const redis = new Redis({ lazyConnect: true, enableOfflineQueue: false, maxRetriesPerRequest: 0 })
 * redis.on("error", () => {})
 * const client = RedisStore.fromIoredis(redis)
 * assert.strictEqual(typeof client.evalSha, "function")
 * ```
 *
 * @since 0.2.0
 * @category constructors
 */
export const fromIoredis = (redis: Ioredis): Client => ({
  evalSha: (digest, key, args) => redis.evalsha(digest, 1, key, ...args),
  eval: (text, key, args) => redis.eval(text, 1, key, ...args)
})

/**
 * Returns the client of a store that uses the package `redis`, from version 4.
 *
 * Set `disableOfflineQueue: true`: commands for a server that is away then fail at once.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { RedisStore } from "effect-reliability/redis"
 * import { createClient } from "redis"
 *
 * const redis = createClient({ url: "redis://127.0.0.1:6379", disableOfflineQueue: true })
 * redis.on("error", () => {})
 * const client = RedisStore.fromNodeRedis(redis)
 * assert.strictEqual(typeof client.evalSha, "function")
 * ```
 *
 * @since 0.2.0
 * @category constructors
 */
export const fromNodeRedis = (redis: NodeRedis): Client => ({
  evalSha: (digest, key, args) => redis.evalSha(digest, { keys: [key], arguments: [...args] }),
  eval: (text, key, args) => redis.eval(text, { keys: [key], arguments: [...args] })
})

// -------------------------------------------------------------------------------------------------
// make
// -------------------------------------------------------------------------------------------------

/** The maximum number of keys whose last state is kept in memory. */
const mostLines = 1000

const checked = (owner: string, { prefix = "effect-reliability:", processes = 1, rest, timeout }: Settings) => ({
  prefix,
  processes: number(owner, "processes", processes, { integer: true, min: 1 }),
  timeout: Duration.toMillis(duration(owner, "timeout", timeout ?? "100 millis", { min: 1 })),
  rest: Duration.toMillis(duration(owner, "rest", rest ?? "1 second"))
})

/** Returns the code of an error of a client, without its message, which may contain addresses. */
const codeOf = (error: unknown): string => {
  const { code, message, name } = Object(error) as { readonly [name: string]: unknown }
  if (typeof code === "string") return code
  const [word] = /^[A-Z]{2,}\b/.exec(String(message)) ?? []
  return word ?? (typeof name === "string" ? name : "an unknown error")
}

/**
 * Makes a store that uses a client. The client stays connected when the store is no longer used.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Effect } from "effect"
 * import { RateLimiter } from "effect-reliability"
 * import { RedisStore } from "effect-reliability/redis"
 * import { Redis } from "ioredis"
 *
 * // nothing listens on this port: the limiter decides with its share
 * const redis = new Redis("redis://127.0.0.1:1", { lazyConnect: true, enableOfflineQueue: false, maxRetriesPerRequest: 0 })
 * redis.on("error", () => {})
 *
 * const program = Effect.gen(function* () {
 *   const store = yield* RedisStore.make({ client: RedisStore.fromIoredis(redis), processes: 4 })
 *   const limiter = yield* RateLimiter.make({ store, requests: { limit: 600 } })
 *   return yield* Effect.succeed("a response").pipe(RateLimiter.limit(limiter, { key: "api.example.com" }))
 * })
 *
 * assert.strictEqual(await Effect.runPromise(program), "a response")
 * redis.disconnect()
 * ```
 *
 * @since 0.2.0
 * @category constructors
 */
export const make = (options: Options): Effect.Effect<Store> =>
  build(options.client, checked("RedisStore.make", options))

const build = (
  client: Client,
  { prefix, processes, rest, timeout }: ReturnType<typeof checked>
): Effect.Effect<Store> =>
  Effect.flatMap(Effect.zip(randomId, Random.nextIntBetween(1, 2 ** 31 - 1)), ([id, seed]) =>
    Effect.withFiberRuntime((fiber) => {
      const clock = clockOf(fiber)
      const digest = createHash("sha1").update(script).digest("hex")
      let versions = 0
      let restsUntil = -Infinity
      let random = seed
      const run = async (key: string, args: ReadonlyArray<string>): Promise<unknown> => {
        try {
          return await client.evalSha(digest, key, args)
        } catch (error) {
          const { message } = Object(error) as { readonly message?: unknown }
          if (!String(message).startsWith("NOSCRIPT")) throw error
          return client.eval(script, key, args)
        }
      }
      const connection: Connection = {
        timeout,
        now: () => monotonic(clock),
        id,
        nextVersion: () => `${id}.${(++versions).toString(36)}`,
        random: () => (random = (random * 48_271) % (2 ** 31 - 1)) / (2 ** 31 - 1),
        failed: () => {
          restsUntil = monotonic(clock) + rest
        },
        after: (millis, fire) => {
          // responses that have arrived while the event loop was blocked are read first
          let timer: Timer | undefined = setTimer(clock, millis, () => {
            timer = afterPoll(clock, fire)
          })
          return () => clearTimer(timer)
        },
        send: (key, args, onReply, onFailure) => {
          run(key, args).then(
            (response) => {
              const reply = replyOf(response)
              return reply === undefined ? onFailure("an unexpected response") : onReply(reply)
            },
            (error: unknown) => onFailure(`the client reports ${codeOf(error)}`)
          )
        }
      }
      const lines = new Map<string, Line>()
      const lineOf = (key: string): Line => {
        const line = lines.get(key) ?? new Line(key, connection)
        // the least recently used line is the first
        lines.delete(key)
        lines.set(key, line)
        if (lines.size > mostLines) {
          for (const [other, { isIdle }] of lines) {
            if (!isIdle || other === key) continue
            lines.delete(other)
            break
          }
        }
        return line
      }
      return Effect.succeed<Store>({
        processes,
        modify: <S, A>(slot: Slot<S>, key: string, step: (state: S | undefined, now: number) => readonly [A, S]) =>
          Effect.async<A, StoreUnavailable>((resume) => {
            if (monotonic(clock) < restsUntil) {
              return resume(Effect.fail(new StoreUnavailable({ detail: "it rests after a failure" })))
            }
            const line = lineOf(`${prefix}${slot.name}:{${key}}`)
            const job: Job = {
              slot,
              // all steps on the key of a slot have the types of the slot
              step: step as Job["step"],
              done: (result) => resume(Effect.succeed(result as A)),
              failed: (detail) => resume(Effect.fail(new StoreUnavailable({ detail }))),
              died: (defect) => resume(Effect.die(defect))
            }
            line.add(job)
            return Effect.sync(() => line.remove(job))
          })
      })
    })
  )

// -------------------------------------------------------------------------------------------------
// Service
// -------------------------------------------------------------------------------------------------

/**
 * Provides a store that uses a client, as the service `Store.Store`.
 *
 * @since 0.2.0
 * @category layers
 */
export const layer = (options: Options): Layer.Layer<Store> =>
  Layer.effect(Store, build(options.client, checked("RedisStore.layer", options)))

/**
 * Options of `layerConfig`.
 *
 * @since 0.2.0
 * @category model
 */
export interface ConfigOptions extends Settings {
  /** The URL of the server, such as `redis://:password@localhost:6379/0`. */
  readonly url: Redacted.Redacted
}

/**
 * Provides a store whose options are read from `Config`. It connects with the package `ioredis`, which must be installed.
 *
 * The layer also succeeds if the server is away; the store is then unavailable until the server is back.
 *
 * @since 0.2.0
 * @category layers
 */
export const layerConfig = (options: Config.Config.Wrap<ConfigOptions>): Layer.Layer<Store, ConfigError.ConfigError> =>
  Layer.scoped(
    Store,
    Config.unwrap(options).pipe(
      Config.mapAttempt(({ url, ...settings }) => ({ url, settings: checked("RedisStore.layerConfig", settings) })),
      Effect.flatMap(({ settings, url }) =>
        Effect.flatMap(connect(url, settings.timeout), (redis) => build(fromIoredis(redis), settings))
      )
    )
  )

/** Connects to a server, and waits at most ten times the time limit of a response for it. */
const connect = (url: Redacted.Redacted, timeout: number): Effect.Effect<Ioredis, never, Scope.Scope> =>
  Effect.gen(function* () {
    const { Redis } = yield* Effect.promise(() => import("ioredis"))
    const redis = yield* Effect.acquireRelease(
      Effect.sync(() => {
        const made = new Redis(Redacted.value(url), {
          lazyConnect: true,
          enableOfflineQueue: false,
          maxRetriesPerRequest: 0
        })
        // without a listener, the client writes its errors, which contain addresses, to the console
        return made.on("error", () => {})
      }),
      (made) => Effect.sync(() => made.disconnect())
    )
    yield* Effect.tryPromise(() => redis.connect()).pipe(Effect.timeout(10 * timeout), Effect.ignore)
    return redis
  })
