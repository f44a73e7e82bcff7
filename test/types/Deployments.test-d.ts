import type { Effect, Scope, Stream } from "effect"
import type { ApiError } from "effect-reliability"
import { Deployments, type Fireworks } from "effect-reliability/fireworks"
import { describe, expectTypeOf, it } from "vitest"

interface Meter {
  readonly _: unique symbol
}

describe("Deployments", () => {
  it("requires Fireworks and fails with ApiError", () => {
    expectTypeOf(Deployments.get("d")).toEqualTypeOf<
      Effect.Effect<Deployments.Deployment, ApiError.ApiError, Fireworks.Fireworks>
    >()
    expectTypeOf(Deployments.scale("d", 1)).toEqualTypeOf<Effect.Effect<void, ApiError.ApiError, Fireworks.Fireworks>>()
    expectTypeOf(Deployments.list()).toEqualTypeOf<
      Stream.Stream<Deployments.Deployment, ApiError.ApiError, Fireworks.Fireworks>
    >()
    expectTypeOf<Deployments.Deployment["ofTomorrow"]>().toEqualTypeOf<unknown>()
  })

  it("fails with a type of its own if a deployment does not become ready", () => {
    expectTypeOf(Deployments.awaitReady("d")).toEqualTypeOf<
      Effect.Effect<Deployments.Deployment, ApiError.ApiError | Deployments.DeploymentFailed, Fireworks.Fireworks>
    >()
  })

  it("requires the services of the probe and the observer", () => {
    const needy = {} as Effect.Effect<void, never, Meter>
    expectTypeOf(Deployments.awaitReady("d", { probe: () => needy })).toEqualTypeOf<
      Effect.Effect<
        Deployments.Deployment,
        ApiError.ApiError | Deployments.DeploymentFailed,
        Fireworks.Fireworks | Meter
      >
    >()
    expectTypeOf(Deployments.scaleOutOn429("d", { maxReplicas: 2, onDecision: () => needy })).toEqualTypeOf<
      Effect.Effect<Deployments.ScaleOut, never, Fireworks.Fireworks | Scope.Scope | Meter>
    >()
  })

  it("rejects scaling out without a bound", () => {
    // @ts-expect-error maxReplicas is required
    void Deployments.scaleOutOn429("d", { dryRun: true })
    // @ts-expect-error options are required, because scaling spends money
    void Deployments.scaleOutOn429("d")
  })

  it("preserves the type of a watched effect", () => {
    const scaleOut = {} as Deployments.ScaleOut
    const effect = {} as Effect.Effect<number, string, Meter>
    expectTypeOf(scaleOut.watch(effect)).toEqualTypeOf<Effect.Effect<number, string, Meter>>()
    expectTypeOf<Extract<Deployments.Decision, { _tag: "Failed" }>["error"]>().toEqualTypeOf<ApiError.ApiError>()
  })
})
