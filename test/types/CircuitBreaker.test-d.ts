import type { HttpClientRequest } from "@effect/platform"
import { type ConfigError, Effect, type Exit, type Layer, pipe, Schedule, type Stream } from "effect"
import { type ApiError, CircuitBreaker, Reliability, type ReliableHttpClient, Workload } from "effect-reliability"
import { describe, expectTypeOf, it } from "vitest"

declare const breaker: CircuitBreaker.CircuitBreaker
declare const call: Effect.Effect<number, "own", "service">

describe("CircuitBreaker", () => {
  it("adds its own error to those of an effect, and nothing else", () => {
    const guarded = CircuitBreaker.withBreaker(call, breaker, { key: "a" })
    expectTypeOf(guarded).toEqualTypeOf<Effect.Effect<number, "own" | ApiError.Transient, "service">>()
    const piped = pipe(call, CircuitBreaker.withBreaker(breaker, { key: "a" }))
    expectTypeOf(piped).toEqualTypeOf<typeof guarded>()
    // @ts-expect-error a key is needed
    void CircuitBreaker.withBreaker(call, breaker, {})
  })

  it("passes the exit to `classify`, and requires its services", () => {
    const classify = (exit: Exit.Exit<number, "own">) =>
      Effect.as(Effect.context<"other">(), exit._tag === "Success" ? CircuitBreaker.success : CircuitBreaker.ignored)
    const guarded = CircuitBreaker.withBreaker(call, breaker, { key: "a", classify })
    expectTypeOf(guarded).toEqualTypeOf<Effect.Effect<number, "own" | ApiError.Transient, "service" | "other">>()
    const piped = pipe(call, CircuitBreaker.withBreaker(breaker, { key: "a", classify }))
    expectTypeOf(piped).toEqualTypeOf<typeof guarded>()
  })

  it("provides a service whose tag has the name of its interface", () => {
    expectTypeOf(CircuitBreaker.make()).toEqualTypeOf<Effect.Effect<CircuitBreaker.CircuitBreaker>>()
    expectTypeOf(CircuitBreaker.layer()).toEqualTypeOf<Layer.Layer<CircuitBreaker.CircuitBreaker>>()
    expectTypeOf(CircuitBreaker.layerConfig({})).toEqualTypeOf<
      Layer.Layer<CircuitBreaker.CircuitBreaker, ConfigError.ConfigError>
    >()
    expectTypeOf(breaker.transitions).toEqualTypeOf<Stream.Stream<CircuitBreaker.Transition>>()
    expectTypeOf(breaker.state("a")).toEqualTypeOf<Effect.Effect<CircuitBreaker.State>>()
  })

  it("takes a duration or a schedule as its open time", () => {
    void CircuitBreaker.make({ openDuration: "1 second" })
    void CircuitBreaker.make({ openDuration: Schedule.exponential("1 second") })
    // @ts-expect-error a schedule must not need services
    void CircuitBreaker.make({ openDuration: Schedule.tapOutput(Schedule.forever, () => Effect.context<"service">()) })
  })

  it("works as an option of policies and clients, alone or with a key", () => {
    const { interactive: workload } = Workload
    expectTypeOf(Reliability.make({ workload, breaker })).toEqualTypeOf<Reliability.Policy>()
    expectTypeOf(Reliability.make({ workload, breaker: { breaker, key: "a" } })).toEqualTypeOf<Reliability.Policy>()
    expectTypeOf<ReliableHttpClient.Options["breaker"]>().toEqualTypeOf<
      CircuitBreaker.CircuitBreaker | ReliableHttpClient.BreakerUse | undefined
    >()
    expectTypeOf<NonNullable<ReliableHttpClient.BreakerUse["key"]>>().toEqualTypeOf<
      (request: HttpClientRequest.HttpClientRequest) => string
    >()
  })
})
