import { Config, type ConfigError, Context, type Duration, Effect, type Layer, type Option, Schedule } from "effect"
import {
  ApiError,
  Classify,
  Deadline,
  type RateLimiter,
  Reliability,
  Retry,
  RetryBudget,
  Workload
} from "effect-reliability"
import { describe, expectTypeOf, it } from "vitest"

class Other {
  readonly _tag = "Other"
  readonly detail: string = ""
}

class Foreign {
  readonly _tag = "Foreign"
  readonly code: number = 0
}

class Client extends Context.Tag("Client")<Client, { readonly url: string }>() {}

class Log extends Context.Tag("Log")<Log, { readonly write: (line: string) => Effect.Effect<void> }>() {}

type Answer = { readonly text: string }

declare const fails: Effect.Effect<Answer, ApiError.ApiError, Client>
declare const failsOtherwise: Effect.Effect<Answer, ApiError.ApiError | Other, Client>
declare const other: Effect.Effect<Answer, Other, Client>
declare const foreign: Effect.Effect<Answer, Foreign, Client>
declare const safe: Effect.Effect<Answer, never, Client>
declare const fatal: Effect.Effect<Answer, ApiError.Fatal, Client>
declare const loose: Effect.Effect<Answer, unknown, Client>

const schedule = Retry.make({ attempts: 3 })
const { interactive } = Workload

// -------------------------------------------------------------------------------------------------
// Retry
// -------------------------------------------------------------------------------------------------

describe("a schedule of Retry", () => {
  it("extends a plain schedule over any input", () => {
    expectTypeOf(Retry.documented).toEqualTypeOf<Schedule.Schedule<Retry.Step, unknown>>()
    expectTypeOf(Retry.sdk).toEqualTypeOf<Schedule.Schedule<Retry.Step, unknown>>()
    expectTypeOf(Retry.make).returns.toEqualTypeOf<Schedule.Schedule<Retry.Step, unknown>>()
    expectTypeOf(Retry.make).toBeCallableWith()
    expectTypeOf(Retry.delay).returns.toEqualTypeOf<Duration.Duration>()
  })

  it("preserves all types with Effect.retry", () => {
    for (const each of [Retry.documented, Retry.sdk, schedule]) {
      expectTypeOf(fails.pipe(Effect.retry(each))).toEqualTypeOf(fails)
      expectTypeOf(failsOtherwise.pipe(Effect.retry(each))).toEqualTypeOf(failsOtherwise)
      expectTypeOf(other.pipe(Effect.retry(each))).toEqualTypeOf(other)
      expectTypeOf(Effect.retry(fails, each)).toEqualTypeOf(fails)
      expectTypeOf(Effect.retry(failsOtherwise, each)).toEqualTypeOf(failsOtherwise)
      expectTypeOf(Effect.retry(fails, { schedule: each, times: 2 })).toEqualTypeOf(fails)
      expectTypeOf(Effect.retry(fails, { schedule: each, while: (error) => error._tag !== "Fatal" })).toEqualTypeOf(
        fails
      )
    }
  })

  it("accepts combinators without annotations", () => {
    const composed = Retry.documented.pipe(
      Schedule.intersect(Schedule.recurs(2)),
      Schedule.tapOutput(([step]) => {
        expectTypeOf(step).toEqualTypeOf<Retry.Step>()
        return Log
      })
    )
    expectTypeOf(fails.pipe(Effect.retry(composed))).toEqualTypeOf<
      Effect.Effect<Answer, ApiError.ApiError, Client | Log>
    >()
  })
})

describe("Retry.retry", () => {
  it("keeps A, E and R, with the effect first and last", () => {
    expectTypeOf(Retry.retry(fails, schedule)).toEqualTypeOf(fails)
    expectTypeOf(Retry.retry(failsOtherwise, schedule)).toEqualTypeOf(failsOtherwise)
    expectTypeOf(Retry.retry(other, schedule)).toEqualTypeOf(other)
    expectTypeOf(Retry.retry(safe, schedule)).toEqualTypeOf(safe)
    expectTypeOf(fails.pipe(Retry.retry(schedule))).toEqualTypeOf(fails)
    expectTypeOf(failsOtherwise.pipe(Retry.retry(schedule))).toEqualTypeOf(failsOtherwise)
    expectTypeOf(fatal.pipe(Retry.retry(schedule))).toEqualTypeOf(fatal)
    expectTypeOf(safe.pipe(Retry.retry(schedule))).toEqualTypeOf(safe)
  })

  it("accepts any schedule over any error, and adds its requirements", () => {
    const logging = Schedule.recurs(2).pipe(Schedule.tapOutput(() => Log))
    expectTypeOf(fails.pipe(Retry.retry(logging))).toEqualTypeOf<
      Effect.Effect<Answer, ApiError.ApiError, Client | Log>
    >()
    expectTypeOf(Retry.retry(fails, logging)).toEqualTypeOf<Effect.Effect<Answer, ApiError.ApiError, Client | Log>>()
  })
})

// -------------------------------------------------------------------------------------------------
// Limits
// -------------------------------------------------------------------------------------------------

describe("Workload.timeout", () => {
  it("adds Transient and nothing else", () => {
    expectTypeOf(other.pipe(Workload.timeout(interactive))).toEqualTypeOf<
      Effect.Effect<Answer, Other | ApiError.Transient, Client>
    >()
    expectTypeOf(Workload.timeout(other, interactive)).toEqualTypeOf<
      Effect.Effect<Answer, Other | ApiError.Transient, Client>
    >()
    expectTypeOf(Workload.timeout(fails, interactive)).toEqualTypeOf(fails)
    expectTypeOf(safe.pipe(Workload.timeout(interactive))).toEqualTypeOf<
      Effect.Effect<Answer, ApiError.Transient, Client>
    >()
  })
})

describe("Workload.within", () => {
  it("keeps A, E and R", () => {
    expectTypeOf(failsOtherwise.pipe(Workload.within(interactive))).toEqualTypeOf(failsOtherwise)
    expectTypeOf(Workload.within(safe, interactive)).toEqualTypeOf(safe)
    expectTypeOf(Workload.current).toEqualTypeOf<Effect.Effect<Option.Option<Workload.Workload>>>()
  })
})

describe("Workload.with", () => {
  it("accepts any part of a workload, first or last", () => {
    expectTypeOf(Workload.with(interactive, { timeouts: { pool: "1 second" } })).toEqualTypeOf<Workload.Workload>()
    const change = Workload.with({ deadline: "1 minute", patience: undefined })
    expectTypeOf(change).toEqualTypeOf<(workload: Workload.Workload) => Workload.Workload>()
    expectTypeOf<{ timeouts: { total: number } }>().not.toExtend<Workload.Overrides>()
    expectTypeOf<{ workload: Workload.Workload; idempotency: "maybe" }>().not.toExtend<Reliability.Options>()
    expectTypeOf<Workload.Workload>().not.toHaveProperty("idempotency")
  })

  it("requires fewer options than Workload.make", () => {
    expectTypeOf<{ name: string; timeouts: { attempt: "1 second" } }>().toExtend<Workload.Options>()
    expectTypeOf<{ name: string; timeouts: { read: "1 second" } }>().not.toExtend<Workload.Options>()
    expectTypeOf<{ timeouts: { attempt: "1 second" } }>().not.toExtend<Workload.Options>()
  })
})

describe("Deadline", () => {
  it("adds Transient and nothing else", () => {
    expectTypeOf(other.pipe(Deadline.within("1 minute"))).toEqualTypeOf<
      Effect.Effect<Answer, Other | ApiError.Transient, Client>
    >()
    expectTypeOf(Deadline.within(safe, 1000)).toEqualTypeOf<Effect.Effect<Answer, ApiError.Transient, Client>>()
    expectTypeOf(Deadline.within(fails, 1000)).toEqualTypeOf(fails)
  })

  it("returns the remaining time and requires nothing", () => {
    expectTypeOf(Deadline.remaining).toEqualTypeOf<Effect.Effect<Option.Option<Duration.Duration>>>()
  })
})

describe("RetryBudget", () => {
  it("requires nothing and cannot fail", () => {
    expectTypeOf(RetryBudget.make()).toEqualTypeOf<Effect.Effect<RetryBudget.RetryBudget>>()
    expectTypeOf(RetryBudget.layer()).toEqualTypeOf<Layer.Layer<RetryBudget.RetryBudget>>()
    const costs = { cost: ({ input = 0 }: RateLimiter.Cost) => input, minPerSecond: 1, max: 10 }
    expectTypeOf(RetryBudget.make(costs)).toEqualTypeOf<Effect.Effect<RetryBudget.RetryBudget>>()
    const config = { cost: Config.succeed(costs.cost), minPerSecond: Config.succeed(1), max: Config.number("MAX") }
    expectTypeOf(RetryBudget.layerConfig(config)).toEqualTypeOf<
      Layer.Layer<RetryBudget.RetryBudget, ConfigError.ConfigError>
    >()
    expectTypeOf(RetryBudget.RetryBudget).toExtend<
      Effect.Effect<RetryBudget.RetryBudget, never, RetryBudget.RetryBudget>
    >()
  })

  it("infers the tokens of a cost", () => {
    void RetryBudget.make({
      cost: (tokens) => {
        expectTypeOf(tokens).toEqualTypeOf<RateLimiter.Cost>()
        return 1
      }
    })
    // @ts-expect-error the tokens are numbers
    void Reliability.make({ workload: interactive, cost: { input: "7" } })
  })
})

// -------------------------------------------------------------------------------------------------
// Reliability.protect
// -------------------------------------------------------------------------------------------------

const plain = Reliability.make({ workload: interactive })

describe("Reliability.protect with a workload or a plain policy", () => {
  it("preserves the type of an ApiError", () => {
    expectTypeOf(fails.pipe(Reliability.protect(interactive))).toEqualTypeOf(fails)
    expectTypeOf(fails.pipe(Reliability.protect(plain))).toEqualTypeOf(fails)
    expectTypeOf(Reliability.protect(fails, interactive)).toEqualTypeOf(fails)
    expectTypeOf(Reliability.protect(fails, plain)).toEqualTypeOf(fails)
  })

  it("preserves other errors", () => {
    expectTypeOf(failsOtherwise.pipe(Reliability.protect(interactive))).toEqualTypeOf(failsOtherwise)
    expectTypeOf(Reliability.protect(failsOtherwise, plain)).toEqualTypeOf(failsOtherwise)
  })

  it("adds Transient to errors without it", () => {
    expectTypeOf(other.pipe(Reliability.protect(interactive))).toEqualTypeOf<
      Effect.Effect<Answer, Other | ApiError.Transient, Client>
    >()
    expectTypeOf(Reliability.protect(fatal, plain)).toEqualTypeOf<
      Effect.Effect<Answer, ApiError.Fatal | ApiError.Transient, Client>
    >()
  })

  it("adds Transient to an effect that cannot fail, because of the timeouts", () => {
    const limited = expectTypeOf<Effect.Effect<Answer, ApiError.Transient, Client>>()
    limited.toEqualTypeOf(safe.pipe(Reliability.protect(interactive)))
    limited.toEqualTypeOf(Reliability.protect(safe, plain))
  })

  it("preserves unknown errors", () => {
    expectTypeOf(loose.pipe(Reliability.protect(interactive))).toEqualTypeOf(loose)
  })

  it("supports a stored combinator that is applied to any effect", () => {
    const reliably = Reliability.protect(interactive)
    expectTypeOf(reliably(fails)).toEqualTypeOf(fails)
    expectTypeOf(reliably(safe)).toEqualTypeOf<Effect.Effect<Answer, ApiError.Transient, Client>>()
    expectTypeOf(reliably(other)).toEqualTypeOf<Effect.Effect<Answer, Other | ApiError.Transient, Client>>()
  })

  it("changes the type only once when applied twice", () => {
    const twice = other.pipe(Reliability.protect(interactive), Reliability.protect(plain))
    expectTypeOf(twice).toEqualTypeOf<Effect.Effect<Answer, Other | ApiError.Transient, Client>>()
  })
})

describe("Reliability.protect with observers", () => {
  const observing = Reliability.make({
    workload: interactive,
    onRetry: ({ error, step, workload }) => {
      expectTypeOf(error).toEqualTypeOf<ApiError.ApiError>()
      expectTypeOf(step).toEqualTypeOf<Retry.Step>()
      expectTypeOf(workload).toEqualTypeOf<Workload.Workload>()
      return Log
    },
    onGiveUp: ({ error, why }) => {
      expectTypeOf(error).toEqualTypeOf<ApiError.ApiError>()
      expectTypeOf(why).toEqualTypeOf<Retry.Stopping>()
      return Effect.flatMap(Log, (log) => log.write(why))
    },
    record: ({ error, of }) => {
      expectTypeOf(error).toEqualTypeOf<ApiError.ApiError | undefined>()
      expectTypeOf(of).toEqualTypeOf<"attempt" | "call" | "stream">()
    }
  })

  it("adds their requirements", () => {
    expectTypeOf(observing).toEqualTypeOf<Reliability.Policy<Log>>()
    const expected = expectTypeOf<Effect.Effect<Answer, ApiError.ApiError, Client | Log>>()
    expected.toEqualTypeOf(fails.pipe(Reliability.protect(observing)))
    expected.toEqualTypeOf(Reliability.protect(fails, observing))
    expected.toEqualTypeOf(Reliability.leaf(observing, () => fails))
  })

  it("adds their requirements to an effect without requirements and errors", () => {
    const nothing = Effect.succeed(1)
    expectTypeOf(nothing.pipe(Reliability.protect(observing))).toEqualTypeOf<
      Effect.Effect<number, ApiError.Transient, Log>
    >()
  })

  it("accepts observers that fail, without adding their errors", () => {
    const failing = Reliability.make({ workload: interactive, onGiveUp: () => Effect.fail(new Other()) })
    expectTypeOf(fails.pipe(Reliability.protect(failing))).toEqualTypeOf(fails)
  })

  it("adds the requirements of two observers", () => {
    class Metrics extends Context.Tag("Metrics")<Metrics, { readonly count: Effect.Effect<void> }>() {}
    const both = Reliability.make({ workload: interactive, onRetry: () => Log, onGiveUp: () => Metrics })
    expectTypeOf(both).toEqualTypeOf<Reliability.Policy<Log | Metrics>>()
  })
})

describe("Reliability.protect with a policy that classifies", () => {
  const classifying = Reliability.make({
    workload: interactive,
    classify: (error: Other) => new ApiError.Fatal({ reason: "Unknown", delivery: "Unconfirmed", detail: error.detail })
  })
  const anything = Reliability.make({
    workload: interactive,
    classify: (cause: unknown) => Classify.exception(cause, { now: 0 })
  })
  const observing = Reliability.make({ workload: interactive, classify: Classify.exception, onGiveUp: () => Log })

  it("infers the errors that its classify accepts", () => {
    expectTypeOf(classifying).toEqualTypeOf<Reliability.Classifying<Other>>()
    expectTypeOf(anything).toEqualTypeOf<Reliability.Classifying<unknown>>()
    expectTypeOf(observing).toEqualTypeOf<Reliability.Classifying<unknown, Log>>()
  })

  it("fails with ApiError", () => {
    expectTypeOf(other.pipe(Reliability.protect(classifying))).toEqualTypeOf(fails)
    expectTypeOf(Reliability.protect(other, classifying)).toEqualTypeOf(fails)
    for (const effect of [other, foreign, fatal, fails, failsOtherwise, loose]) {
      expectTypeOf(effect.pipe(Reliability.protect(anything))).toEqualTypeOf(fails)
      expectTypeOf(Reliability.protect(effect, anything)).toEqualTypeOf(fails)
    }
  })

  it("adds ApiError to an effect that cannot fail, because of the timeouts", () => {
    expectTypeOf(safe.pipe(Reliability.protect(anything))).toEqualTypeOf(fails)
    expectTypeOf(safe.pipe(Reliability.protect(classifying))).toEqualTypeOf(fails)
    expectTypeOf(Reliability.protect(safe, anything)).toEqualTypeOf(fails)
  })

  it("adds the requirements of the policy", () => {
    const expected = expectTypeOf<Effect.Effect<Answer, ApiError.ApiError, Client | Log>>()
    expected.toEqualTypeOf(foreign.pipe(Reliability.protect(observing)))
    expected.toEqualTypeOf(Reliability.protect(foreign, observing))
    expected.toEqualTypeOf(Reliability.leaf(observing, () => foreign))
    expected.toEqualTypeOf(safe.pipe(Reliability.protect(observing)))
  })

  it("rejects errors that its classify does not accept", () => {
    const reliably = Reliability.protect(classifying)
    type Accepted = Parameters<typeof reliably>[0]
    expectTypeOf(other).toExtend<Accepted>()
    expectTypeOf(safe).toExtend<Accepted>()
    expectTypeOf(foreign).not.toExtend<Accepted>()
    // an ApiError needs no classify
    expectTypeOf(failsOtherwise).toExtend<Accepted>()
    expectTypeOf(loose).not.toExtend<Accepted>()
  })

  it("does not accept the policy as a plain one, whose types would keep the errors", () => {
    expectTypeOf(classifying).not.toExtend<Reliability.Policy>()
  })

  it("rejects such errors with the effect first, and in leaf", () => {
    // the last overload of each accepts any error, so it must reject this policy
    expectTypeOf(classifying).not.toExtend<Parameters<typeof Reliability.protect<Answer, Foreign, Client>>[1]>()
    expectTypeOf(classifying).not.toExtend<Parameters<typeof Reliability.leaf<Answer, Foreign, Client>>[0]>()
  })
})

describe("Reliability.leaf", () => {
  it("infers the same types as protect", () => {
    const expected = expectTypeOf<Effect.Effect<Answer, Other | ApiError.Transient, Client>>()
    expected.toEqualTypeOf(Reliability.leaf(interactive, () => other))
    expected.toEqualTypeOf(Reliability.leaf(plain, () => other))
    expectTypeOf(Reliability.leaf(interactive, () => fails)).toEqualTypeOf(fails)
    expectTypeOf(Reliability.leaf(interactive, () => failsOtherwise)).toEqualTypeOf(failsOtherwise)
    expectTypeOf(Reliability.leaf(interactive, () => safe)).toEqualTypeOf<
      Effect.Effect<Answer, ApiError.Transient, Client>
    >()
    const anything = Reliability.make({ workload: interactive, classify: Classify.exception })
    expectTypeOf(Reliability.leaf(anything, () => foreign)).toEqualTypeOf(fails)
    expectTypeOf(Reliability.leaf(anything, () => safe)).toEqualTypeOf(fails)
  })

  it("passes its limits to the call", () => {
    const leaf = Reliability.leaf(interactive, (attempt) => {
      expectTypeOf(attempt).toEqualTypeOf<Reliability.Attempt>()
      expectTypeOf(attempt.phase).toEqualTypeOf<"attempt" | "deadline">()
      return Effect.succeed(attempt.millis)
    })
    expectTypeOf(leaf).toEqualTypeOf<Effect.Effect<number, ApiError.Transient>>()
  })
})

describe("Reliability.describe", () => {
  it("accepts workloads and policies of any kind", () => {
    expectTypeOf(Reliability.describe(interactive).workload).toEqualTypeOf<string>()
    expectTypeOf(Reliability.describe(plain).observes).toEqualTypeOf<Array<"onRetry" | "onGiveUp" | "record">>()
    expectTypeOf(
      Reliability.describe(Reliability.make({ workload: interactive, classify: Classify.exception })).classifies
    ).toEqualTypeOf<boolean>()
  })
})
