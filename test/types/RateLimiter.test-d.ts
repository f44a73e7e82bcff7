import type { HttpClientRequest } from "@effect/platform"
import { type Effect, type Layer, pipe } from "effect"
import { type ApiError, RateLimiter, Reliability, type ReliableHttpClient, Workload } from "effect-reliability"
import { describe, expectTypeOf, it } from "vitest"

declare const limiter: RateLimiter.RateLimiter
declare const call: Effect.Effect<number, "own", "service">

describe("RateLimiter", () => {
  it("adds its own error to those of an effect, and nothing else", () => {
    const limited = RateLimiter.limit(call, limiter, { key: "a" })
    expectTypeOf(limited).toEqualTypeOf<Effect.Effect<number, "own" | ApiError.RateLimit, "service">>()
    const piped = pipe(call, RateLimiter.limit(limiter, { key: "a", cost: { input: 1 }, class: "batch" }))
    expectTypeOf(piped).toEqualTypeOf<typeof limited>()
    // @ts-expect-error a key is needed
    void RateLimiter.limit(call, limiter, {})
  })

  it("provides a service whose tag has the name of its interface", () => {
    expectTypeOf(RateLimiter.make()).toEqualTypeOf<Effect.Effect<RateLimiter.RateLimiter>>()
    expectTypeOf(RateLimiter.layer({ concurrency: 1 })).toEqualTypeOf<Layer.Layer<RateLimiter.RateLimiter>>()
  })

  it("works as an option of policies and clients, alone or with options of each call", () => {
    const { interactive: workload } = Workload
    expectTypeOf(Reliability.make({ workload, limiter })).toEqualTypeOf<Reliability.Policy>()
    expectTypeOf(Reliability.make({ workload, limiter: { limiter, key: "a" } })).toEqualTypeOf<Reliability.Policy>()
    expectTypeOf<ReliableHttpClient.Options["limiter"]>().toEqualTypeOf<
      RateLimiter.RateLimiter | ReliableHttpClient.RequestUse | undefined
    >()
    expectTypeOf<NonNullable<ReliableHttpClient.RequestUse["key"]>>().toEqualTypeOf<
      (request: HttpClientRequest.HttpClientRequest) => string
    >()
  })
})
