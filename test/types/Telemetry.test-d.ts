import { type Effect, type Layer, Metric, type Scope } from "effect"
import { type CircuitBreaker, type RetryBudget, Telemetry } from "effect-reliability"
import { describe, expectTypeOf, it } from "vitest"

declare const budget: RetryBudget.RetryBudget
declare const breaker: CircuitBreaker.CircuitBreaker

describe("each layer of Telemetry", () => {
  it("requires nothing, provides nothing and cannot fail", () => {
    for (const layer of [Telemetry.metrics, Telemetry.spans, Telemetry.logs(), Telemetry.genAi(), Telemetry.layer()]) {
      expectTypeOf(layer).toEqualTypeOf<Layer.Layer<never>>()
    }
  })
})

describe("an option of Telemetry.logs or Telemetry.genAi", () => {
  it("rejects unknown kinds of lines, levels and conventions", () => {
    void Telemetry.layer({ logs: { retry: "Info", pause: "None" }, conventions: "genai-0.1" })
    // @ts-expect-error unknown kind
    void Telemetry.logs({ retries: "Info" })
    // @ts-expect-error unknown level
    void Telemetry.logs({ retry: "All" })
    // @ts-expect-error unknown revision
    void Telemetry.genAi({ conventions: "1.36" })
  })
})

describe("Telemetry.observeBreaker", () => {
  it("requires a scope", () => {
    const observed = Telemetry.observeBreaker(breaker, { every: "1 second" })
    expectTypeOf(observed).toEqualTypeOf<Effect.Effect<void, never, Scope.Scope>>()
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
