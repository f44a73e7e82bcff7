import { type Effect, type Layer, Metric, type Scope } from "effect"
import { type RetryBudget, Telemetry } from "effect-reliability"
import { describe, expectTypeOf, it } from "vitest"

declare const budget: RetryBudget.RetryBudget

describe("each layer of Telemetry", () => {
  it("requires nothing, provides nothing and cannot fail", () => {
    for (const layer of [Telemetry.metrics, Telemetry.spans, Telemetry.layer()]) {
      expectTypeOf(layer).toEqualTypeOf<Layer.Layer<never>>()
    }
  })
})

describe("Telemetry.observeBudget", () => {
  it("requires a scope", () => {
    expectTypeOf(Telemetry.observeBudget("b", budget)).toEqualTypeOf<Effect.Effect<void, never, Scope.Scope>>()
  })
})

describe("Telemetry.prometheus", () => {
  it("returns text, for our metrics or for any snapshot", () => {
    expectTypeOf(Telemetry.prometheus).toEqualTypeOf<Effect.Effect<string>>()
    expectTypeOf(Telemetry.prometheusOf(Metric.unsafeSnapshot())).toEqualTypeOf<string>()
  })
})

describe("Telemetry.names", () => {
  it("lists existing attributes only", () => {
    expectTypeOf(Telemetry.names.calls.attributes[0]).toEqualTypeOf<keyof typeof Telemetry.attributes | undefined>()
    // @ts-expect-error: unknown metric
    void Telemetry.names.nothing
  })
})
