import { type Effect, type Layer, Metric, type Scope } from "effect"
import { type RetryBudget, Telemetry } from "effect-reliability"
import { describe, expectTypeOf, it } from "vitest"

declare const budget: RetryBudget.RetryBudget

describe("the layers", () => {
  it("need nothing, provide nothing and cannot fail", () => {
    for (const layer of [Telemetry.metrics, Telemetry.spans, Telemetry.layer()]) {
      expectTypeOf(layer).toEqualTypeOf<Layer.Layer<never>>()
    }
  })
})

describe("observeBudget", () => {
  it("needs a scope", () => {
    expectTypeOf(Telemetry.observeBudget("b", budget)).toEqualTypeOf<Effect.Effect<void, never, Scope.Scope>>()
  })
})

describe("prometheus", () => {
  it("is text, of ours or of any snapshot", () => {
    expectTypeOf(Telemetry.prometheus).toEqualTypeOf<Effect.Effect<string>>()
    expectTypeOf(Telemetry.prometheusOf(Metric.unsafeSnapshot())).toEqualTypeOf<string>()
  })
})

describe("names", () => {
  it("refer to attributes that exist", () => {
    expectTypeOf(Telemetry.names.calls.attributes[0]).toEqualTypeOf<keyof typeof Telemetry.attributes | undefined>()
    // @ts-expect-error: there is no such metric
    void Telemetry.names.nothing
  })
})
