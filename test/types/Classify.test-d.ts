import { Effect } from "effect"
import { type ApiError, Classify, Dialect, Reliability, Workload } from "effect-reliability"
import OpenAI from "openai"
import OpenAI7 from "openai7"
import { describe, expectTypeOf, it } from "vitest"

const dialect = Dialect.fireworks

describe("a classification without a time", () => {
  it("fails to compile", () => {
    // @ts-expect-error now is missing
    Classify.exception(new Error("-"))
    // @ts-expect-error now is missing
    Classify.exception(new Error("-"), {})
    // @ts-expect-error now is missing
    Classify.exception(new Error("-"), { dialect })
    // @ts-expect-error now is undefined
    Classify.exception(new Error("-"), { now: undefined })
    // @ts-expect-error now is missing
    Classify.answer({ status: 429 })
    // @ts-expect-error now is missing
    Classify.answer({ status: 429, dialect, headers: {} })
    // @ts-expect-error now is undefined
    Classify.answer({ status: 429, now: undefined })
    // @ts-expect-error the time is the Clock's
    Classify.mapError({ now: 0 })
    expectTypeOf<Classify.ExceptionOptions["now"]>().toEqualTypeOf<number>()
    expectTypeOf<Classify.Answer["now"]>().toEqualTypeOf<number>()
  })

  it("compiles in a policy, which provides the time", () => {
    Reliability.make({ workload: Workload.interactive, classify: Classify.exception })
    Reliability.make({
      workload: Workload.interactive,
      classify: ({ headers, status }: Response, { now }) => Classify.answer({ status, headers, now })
    })
  })
})

describe("Classify.mapError", () => {
  it("returns ApiError as the only error, and preserves the rest", () => {
    const call = Effect.flatMap(Dependency, () => Effect.tryPromise(() => Promise.resolve(1)))
    type Call = Effect.Effect<number, ApiError.ApiError, Dependency>
    expectTypeOf(call.pipe(Classify.mapError())).toEqualTypeOf<Call>()
    expectTypeOf(call.pipe(Classify.mapError({ dialect, target: "dedicated" }))).toEqualTypeOf<Call>()
    expectTypeOf(Classify.mapError(call)).toEqualTypeOf<Call>()
    expectTypeOf(Classify.mapError(call, { dialect })).toEqualTypeOf<Call>()
    expectTypeOf(
      call.pipe(Classify.mapError({ dialect }), Reliability.protect(Workload.interactive))
    ).toEqualTypeOf<Call>()
  })
})

describe("the official openai package", () => {
  it("compiles in a policy, in version 6 and 7", () => {
    const six = new OpenAI({ maxRetries: 0, timeout: 1000 })
    const seven = new OpenAI7({ maxRetries: 0, timeout: 1000 })
    const question = { model: "a-model", messages: [{ role: "user" as const, content: "-" }] }
    const ask = (create: (signal: AbortSignal) => PromiseLike<{ readonly id: string }>) =>
      Effect.tryPromise(create).pipe(Classify.mapError({ dialect }), Reliability.protect(Workload.interactive))
    type Asked = Effect.Effect<{ readonly id: string }, ApiError.ApiError>
    expectTypeOf(ask((signal) => six.chat.completions.create(question, { signal }))).toEqualTypeOf<Asked>()
    expectTypeOf(ask((signal) => seven.chat.completions.create(question, { signal }))).toEqualTypeOf<Asked>()
  })
})

class Dependency extends Effect.Tag("Dependency")<Dependency, { readonly a: 1 }>() {}
