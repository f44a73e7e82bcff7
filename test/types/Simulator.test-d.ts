import { Context, Effect, type Scope } from "effect"
import { type ApiError, RateLimiter, Reliability, Workload } from "effect-reliability"
import { Simulator } from "effect-reliability/testing"
import { describe, expectTypeOf, it } from "vitest"

class Name extends Context.Tag("Name")<Name, string>() {}

const setup = { server: Simulator.bucket({ perSecond: 1 }), load: { workers: 1 }, duration: "1 minute" } as const

describe("Simulator.run", () => {
  it("returns a report, or one for each name", () => {
    const one = Simulator.run({ ...setup, policy: Workload.interactive })
    expectTypeOf(one).toEqualTypeOf<Effect.Effect<Simulator.Report>>()
    const two = Simulator.run({
      ...setup,
      policies: { a: Workload.interactive, b: (attempt) => attempt.pipe(Effect.retry({ times: 1 })) }
    })
    expectTypeOf(two).toEqualTypeOf<Effect.Effect<{ readonly a: Simulator.Report; readonly b: Simulator.Report }>>()
  })

  it("keeps the errors and the services of its policies, without their scope", () => {
    const limited = Effect.map(RateLimiter.make(), (limiter) =>
      Reliability.make({ workload: Workload.interactive, limiter })
    )
    expectTypeOf(Simulator.run({ ...setup, policy: limited })).toEqualTypeOf<Effect.Effect<Simulator.Report>>()
    const scoped = Effect.zipRight(Effect.scope, Effect.zipRight(Name, Effect.as(Effect.fail("no"), Workload.agentic)))
    expectTypeOf<Effect.Effect.Context<typeof scoped>>().toEqualTypeOf<Scope.Scope | Name>()
    const run = Simulator.run({ ...setup, policy: scoped })
    expectTypeOf(run).toEqualTypeOf<Effect.Effect<Simulator.Report, string, Name>>()
    const calling = Simulator.run({ ...setup, policy: (attempt) => Effect.zipRight(Name, attempt) })
    expectTypeOf(calling).toEqualTypeOf<Effect.Effect<Simulator.Report, never, Name>>()
  })

  it("gives functions the attempt of the server", () => {
    void Simulator.run({
      ...setup,
      policy: (attempt, call) => {
        expectTypeOf(attempt).toEqualTypeOf<Effect.Effect<Simulator.Response, ApiError.ApiError>>()
        expectTypeOf(call).toEqualTypeOf<Simulator.Call>()
        return attempt
      }
    })
    void Simulator.run({
      ...setup,
      server: Simulator.effect(() => Effect.fail("no")),
      policy: (attempt) => {
        expectTypeOf(attempt).toEqualTypeOf<Effect.Effect<never, string>>()
        return attempt
      }
    })
  })
})
