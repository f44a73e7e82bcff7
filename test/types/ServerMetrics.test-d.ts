import type { Effect, Layer, Scope } from "effect"
import type { Accounting, ApiError } from "effect-reliability"
import { type Fireworks, ServerMetrics } from "effect-reliability/fireworks"
import { describe, expectTypeOf, it } from "vitest"

describe("ServerMetrics", () => {
  it("returns counts that Accounting reconciles", () => {
    expectTypeOf<ServerMetrics.ServerCounts>().toExtend<Accounting.ServerCounts>()
    expectTypeOf(ServerMetrics.integrate([], { from: 0, to: 1 }).coverage).toEqualTypeOf<number>()
  })

  it("fails with ApiError only, and collects without failing", () => {
    expectTypeOf(ServerMetrics.counts({ deployment: "d" })).toEqualTypeOf<
      Effect.Effect<ServerMetrics.ServerCounts, ApiError.ApiError, ServerMetrics.ServerMetrics>
    >()
    expectTypeOf(ServerMetrics.collect("d")).toEqualTypeOf<
      Effect.Effect<ServerMetrics.Collector, never, ServerMetrics.ServerMetrics | Scope.Scope>
    >()
  })

  it("provides a layer over Fireworks", () => {
    expectTypeOf(ServerMetrics.layer()).toEqualTypeOf<
      Layer.Layer<ServerMetrics.ServerMetrics, never, Fireworks.Fireworks>
    >()
  })
})
