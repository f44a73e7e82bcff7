/** Reads the options of a limiter from variables. */
import { describe, it } from "@effect/vitest"
import { ConfigProvider, Effect } from "effect"
import { RateLimiter } from "effect-reliability"
import { expect } from "vitest"

type Variables = Readonly<Record<string, string>>

const provider = (variables: Variables) => ConfigProvider.fromMap(new Map(Object.entries(variables)))

const read = (variables: Variables) => Effect.withConfigProvider(RateLimiter.config, provider(variables))

describe("RateLimiter.config", () => {
  it.effect("reads each limit, and leaves the others to be learned", () =>
    Effect.gen(function* () {
      expect(yield* read({ REQUESTS_PER_MINUTE: "600", QUEUE: "5" })).toEqual({
        requests: { limit: 600 },
        inputTokens: undefined,
        outputTokens: undefined,
        concurrency: undefined,
        queue: 5
      })
      const tokens = { INPUT_TOKENS_PER_MINUTE: "1e6", OUTPUT_TOKENS_PER_MINUTE: "60000", CONCURRENCY: "8" }
      expect(yield* read(tokens)).toMatchObject({
        inputTokens: { limit: 1e6 },
        outputTokens: { limit: 60_000 },
        concurrency: 8
      })
    })
  )

  it.effect.each([
    [{ CONCURRENCY: "0" }, /concurrency is 0/],
    [{ REQUESTS_PER_MINUTE: "0" }, /requests\.limit is 0/],
    [{ QUEUE: "many" }, /integer.*many/]
  ] as const)("fails for %o", ([variables, message]) =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(read(variables))
      expect(error).toMatchObject({ message: expect.stringMatching(message) as unknown })
    })
  )
})

describe("RateLimiter.layerConfig", () => {
  it.effect("provides a limiter with the limits of the variables", () =>
    Effect.gen(function* () {
      const limiter = yield* RateLimiter.RateLimiter
      yield* Effect.void.pipe(RateLimiter.limit(limiter, { key: "key" }))
      expect(RateLimiter.describe(limiter)[0]?.paces).toMatchObject([{ perSecond: 10 }])
    }).pipe(
      Effect.provide(RateLimiter.layerConfig()),
      Effect.withConfigProvider(provider({ REQUESTS_PER_MINUTE: "600" }))
    )
  )
})
