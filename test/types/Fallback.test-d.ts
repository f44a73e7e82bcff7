import type { LanguageModel } from "@effect/ai"
import { Context, type Effect, ExecutionPlan, type Layer, pipe, Schedule, type Scope, type Stream } from "effect"
import { type ApiError, Fallback } from "effect-reliability"
import { describe, expectTypeOf, it } from "vitest"

class Model extends Context.Tag("Model")<Model, { readonly name: string }>() {}
class Other extends Context.Tag("Other")<Other, { readonly other: string }>() {}
class Key extends Context.Tag("Key")<Key, string>() {}
class Log extends Context.Tag("Log")<Log, { readonly write: (line: string) => Effect.Effect<void> }>() {}

declare const layer: Layer.Layer<Model, "no key", Key>
declare const both: Layer.Layer<Model | Other>
declare const context: Context.Context<Model>
declare const openai: Layer.Layer<LanguageModel.LanguageModel, never, Key>
declare const anthropic: Layer.Layer<LanguageModel.LanguageModel>
declare const call: Effect.Effect<number, ApiError.ApiError | "own", Model | Other>
declare const chat: Effect.Effect<string, ApiError.ApiError, LanguageModel.LanguageModel>
declare const tokens: Stream.Stream<string, ApiError.Fatal, Model>
declare const ask: (model: string) => Effect.Effect<string, ApiError.ApiError>

const { make, run, stream, withFallback } = Fallback

describe("Fallback.run", () => {
  it("passes each step to the call with its own types, and returns the names of the steps", () => {
    const models = make([
      { name: "large", model: "kimi", client: 1 },
      { name: "small", model: { fast: "llama", smart: "qwen" }, client: "c" }
    ])
    const result = run(models, (step) => {
      expectTypeOf(step.name).toEqualTypeOf<"large" | "small">()
      if (step.name === "large") expectTypeOf(step.client).toEqualTypeOf<1>()
      else expectTypeOf(step.model).toEqualTypeOf<{ readonly fast: "llama"; readonly smart: "qwen" }>()
      return ask(step.name)
    })
    expectTypeOf(result).toEqualTypeOf<Effect.Effect<Fallback.Result<string, "large" | "small">, ApiError.ApiError>>()
  })

  it("fails with the errors of the call and that of a share, and nothing else", () => {
    const own = run(make([{ name: "a" }]), () => call)
    expectTypeOf(own).toEqualTypeOf<
      Effect.Effect<Fallback.Result<number, "a">, ApiError.ApiError | "own", Model | Other>
    >()
  })

  it("requires the services of its observer", () => {
    const observed = make([{ name: "a" }, { name: "b" }], {
      onFallback: ({ error, next, step }) => {
        expectTypeOf(error).toEqualTypeOf<ApiError.ApiError>()
        expectTypeOf(next).toEqualTypeOf<"a" | "b">()
        expectTypeOf(step).toEqualTypeOf<"a" | "b">()
        return Log
      }
    })
    expectTypeOf(withFallback(ask("m"), observed)).toEqualTypeOf<Effect.Effect<string, ApiError.ApiError, Log>>()
  })
})

describe("a fallback whose steps provide services", () => {
  it("eliminates services that all steps provide, and adds errors and requirements of their layers", () => {
    const models = make([
      { name: "a", provide: layer },
      { name: "b", provide: both },
      { name: "c", provide: context }
    ])
    expectTypeOf(withFallback(call, models)).toEqualTypeOf<
      Effect.Effect<number, ApiError.ApiError | "own" | "no key", Other | Key>
    >()
    expectTypeOf(pipe(call, withFallback(models))).toEqualTypeOf<
      Effect.Effect<number, ApiError.ApiError | "own" | "no key", Other | Key>
    >()
    expectTypeOf(stream(models, () => tokens)).toEqualTypeOf<
      Stream.Stream<string, ApiError.Fatal | ApiError.Transient | "no key", Key>
    >()
  })

  it("requires services that only some of the steps provide", () => {
    const models = make([{ name: "a", provide: both }, { name: "b" }])
    expectTypeOf(withFallback(call, models)).toEqualTypeOf<
      Effect.Effect<number, ApiError.ApiError | "own", Model | Other>
    >()
  })

  it("works with language models of @effect/ai", () => {
    const models = make([
      { name: "openai", provide: openai },
      { name: "anthropic", provide: anthropic }
    ])
    expectTypeOf(withFallback(chat, models)).toEqualTypeOf<Effect.Effect<string, ApiError.ApiError, Key>>()
  })

  it("takes them from a plan only if the plan accepts every error", () => {
    const plan = ExecutionPlan.make({ provide: layer, attempts: 2, schedule: Schedule.spaced(10) }, { provide: both })
    const models = make([
      { name: "plan", provide: plan },
      { name: "b", provide: both }
    ])
    expectTypeOf(withFallback(call, models)).toEqualTypeOf<
      Effect.Effect<number, ApiError.ApiError | "own" | "no key", Other | Key>
    >()
    const picky = ExecutionPlan.make({ provide: both, while: (error: "own") => error === "own" })
    // @ts-expect-error its condition does not accept every error
    void make([{ name: "plan", provide: picky }])
  })

  it("adds the errors and requirements of the layers to build", () => {
    const models = make([
      { name: "a", provide: layer, model: "kimi" },
      { name: "b", provide: context }
    ])
    const built = Fallback.build(models)
    type Kept = Effect.Effect.Success<typeof built>
    expectTypeOf<Effect.Effect.Error<typeof built>>().toEqualTypeOf<"no key">()
    expectTypeOf<Effect.Effect.Context<typeof built>>().toEqualTypeOf<Key | Scope.Scope>()
    const use = (kept: Kept) => withFallback(call, kept)
    expectTypeOf(use).returns.toEqualTypeOf<Effect.Effect<number, ApiError.ApiError | "own", Other>>()
  })
})

describe("Fallback.make", () => {
  it("needs at least one step, with known options only", () => {
    // @ts-expect-error a step is needed
    void make([])
    // @ts-expect-error a name is needed
    void make([{ model: "kimi" }])
    // @ts-expect-error share
    void make([{ name: "a", shares: 0.5 }])
    // @ts-expect-error idempotency
    void make([{ name: "a" }], { idempotent: "safe" })
  })

  it("accepts steps that are computed", () => {
    const [first = "a", ...rest] = ["a", "b"].map((name) => name)
    const models = make([{ name: first, model: first }, ...rest.map((name) => ({ name, model: name }))])
    expectTypeOf(run(models, ({ model }) => ask(model))).toEqualTypeOf<
      Effect.Effect<Fallback.Result<string>, ApiError.ApiError>
    >()
  })
})
