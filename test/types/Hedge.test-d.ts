import type { HttpClientRequest } from "@effect/platform"
import { type Duration, type Effect, type Layer, pipe, type Stream } from "effect"
import { Hedge, type RateLimiter, Reliability, type ReliableHttpClient, Workload } from "effect-reliability"
import type * as EventStream from "effect-reliability/stream"
import { describe, expectTypeOf, it } from "vitest"

declare const hedge: Hedge.Hedge
declare const limiter: RateLimiter.RateLimiter
declare const call: Effect.Effect<number, "own", "service">
declare const stream: Stream.Stream<number, "own", "service">

describe("Hedge", () => {
  it("does not change the type of an effect or of a stream", () => {
    expectTypeOf(Hedge.hedge(call, hedge, { key: "a" })).toEqualTypeOf<typeof call>()
    expectTypeOf(pipe(call, Hedge.hedge(hedge, { key: "a", idempotency: "safe", limiter }))).toEqualTypeOf<
      typeof call
    >()
    expectTypeOf(Hedge.hedgeStream(stream, hedge, { key: "a" })).toEqualTypeOf<typeof stream>()
    expectTypeOf(pipe(stream, Hedge.hedgeStream(hedge, { key: "a" }))).toEqualTypeOf<typeof stream>()
    // @ts-expect-error a key is needed
    void Hedge.hedge(call, hedge, {})
  })

  it("returns the winner with the value", () => {
    expectTypeOf(Hedge.hedgeWithWinner(call, hedge, { key: "a" })).toEqualTypeOf<
      Effect.Effect<Hedge.Winner<number>, "own", "service">
    >()
    expectTypeOf<Hedge.Winner<number>["by"]>().toEqualTypeOf<"first" | "hedge">()
  })

  it("provides a service whose tag has the name of its interface", () => {
    expectTypeOf(Hedge.make()).toEqualTypeOf<Effect.Effect<Hedge.Hedge>>()
    expectTypeOf(Hedge.layer({ quantile: 0.9 })).toEqualTypeOf<Layer.Layer<Hedge.Hedge>>()
    expectTypeOf<Hedge.KeyDescription["after"]>().toEqualTypeOf<Duration.Duration | undefined>()
  })

  it("works as an option of policies and clients, but not of streams", () => {
    const { interactive: workload } = Workload
    expectTypeOf(Reliability.make({ workload, hedge })).toEqualTypeOf<Reliability.Policy>()
    expectTypeOf(Reliability.make({ workload, hedge: { hedge, key: "a" } })).toEqualTypeOf<Reliability.Policy>()
    expectTypeOf<NonNullable<ReliableHttpClient.RequestHedge["key"]>>().toEqualTypeOf<
      (request: HttpClientRequest.HttpClientRequest) => string
    >()
    expectTypeOf<ReliableHttpClient.Options>().toHaveProperty("hedge")
    expectTypeOf<EventStream.Options>().not.toHaveProperty("hedge")
  })
})
