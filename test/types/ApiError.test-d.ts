import { Effect, type Schema } from "effect"
import { ApiError, Classify, type Dialect } from "effect-reliability"
import { describe, expectTypeOf, it } from "vitest"

declare const error: ApiError.ApiError

describe("ApiError", () => {
  it("equals the union of its three classes", () => {
    expectTypeOf(error._tag).toEqualTypeOf<"RateLimit" | "Transient" | "Fatal">()
    expectTypeOf<Schema.Schema.Type<typeof ApiError.ApiError>>().toEqualTypeOf<ApiError.ApiError>()
    expectTypeOf<Schema.Schema.Context<typeof ApiError.ApiError>>().toEqualTypeOf<never>()
  })

  it("keeps error channels exact through catchTag", () => {
    const call = Effect.fail(error).pipe(Effect.as(1))
    expectTypeOf(call).toEqualTypeOf<Effect.Effect<number, ApiError.ApiError>>()
    const rest = call.pipe(Effect.catchTag("Fatal", () => Effect.succeed("x")))
    expectTypeOf(rest).toEqualTypeOf<Effect.Effect<number | string, ApiError.RateLimit | ApiError.Transient>>()
  })

  it("ties the reasons to their classes", () => {
    expectTypeOf<ApiError.RateLimit["reason"]>().toEqualTypeOf<
      "RateExceeded" | "Capacity" | "Overloaded" | "LocallyLimited"
    >()
    expectTypeOf<ConstructorParameters<typeof ApiError.Fatal>[0]["reason"]>().toEqualTypeOf<ApiError.FatalReason>()
    expectTypeOf<ApiError.Reason>().toEqualTypeOf<ApiError.ApiError["reason"]>()
  })

  it("requires only a reason and a delivery", () => {
    expectTypeOf<{ reason: "Tls"; delivery: "NotSent" }>().toExtend<ConstructorParameters<typeof ApiError.Fatal>[0]>()
    expectTypeOf<{ reason: "Tls" }>().not.toExtend<ConstructorParameters<typeof ApiError.Fatal>[0]>()
    expectTypeOf<{ reason: "Capacity"; delivery: "NotSent" }>().not.toExtend<
      ConstructorParameters<typeof ApiError.Fatal>[0]
    >()
  })

  it("narrows foreign values", () => {
    const u: unknown = error
    if (ApiError.isApiError(u)) expectTypeOf(u).toEqualTypeOf<ApiError.ApiError>()
  })

  it("keeps the class through settle and unsettle", () => {
    const fatal = new ApiError.Fatal({ reason: "Tls", delivery: "NotSent" })
    expectTypeOf(ApiError.settle(fatal, 1)).toEqualTypeOf<ApiError.Fatal>()
    expectTypeOf(ApiError.settle(1)(fatal)).toEqualTypeOf<ApiError.Fatal>()
    expectTypeOf(ApiError.unsettle(fatal)).toEqualTypeOf<ApiError.Fatal>()
  })

  it("infers the results of match", () => {
    const cases = { RateLimit: () => 1 as const, Transient: () => "t" as const, Fatal: () => null }
    expectTypeOf(ApiError.match(error, cases)).toEqualTypeOf<1 | "t" | null>()
    expectTypeOf(ApiError.match(cases)(error)).toEqualTypeOf<1 | "t" | null>()
  })
})

describe("Classify", () => {
  it("returns an ApiError for anything, and fits tryPromise", () => {
    const call = Effect.tryPromise({ try: () => Promise.resolve(1), catch: (u) => Classify.exception(u, { now: 0 }) })
    expectTypeOf(call).toEqualTypeOf<Effect.Effect<number, ApiError.ApiError>>()
    expectTypeOf(Classify.answer).returns.toEqualTypeOf<ApiError.ApiError>()
  })
})

describe("Dialect", () => {
  it("rejects a reason of another class", () => {
    expectTypeOf<{ status: 503; class: "Transient"; reason: "Capacity"; source: "s" }>().not.toExtend<Dialect.Entry>()
    expectTypeOf<{ status: 503; class: "Transient"; reason: "Unavailable"; source: "s" }>().toExtend<Dialect.Entry>()
  })
})
