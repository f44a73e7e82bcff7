/**
 * Other models, deployments or providers for a call whose first choice fails.
 *
 * Retries do not help against a provider that is down for an hour, a quota that is used up, or a model that was withdrawn. Another
 * model could respond. Three mistakes are common then: the first provider uses up the time, so that none is left for the second; a
 * call that was executed is executed again; and only the last error is reported. A fallback gives each step a share of the time
 * left, moves on only where a repetition is allowed, and keeps the errors of all steps.
 *
 * | outcome of a step | moves on to the next |
 * | --- | --- |
 * | `RateLimit`, every reason | yes |
 * | `Transient`, every reason; also the end of the step's share | yes |
 * | `Fatal`: `QuotaExhausted`, `NotFound` (such as an unknown model) | yes |
 * | any other `Fatal`, such as `BadRequest` or `Unauthorized` | no |
 * | an error after which the call may have been executed (`ApiError.mayHaveExecuted`), if the call is not `safe` | no |
 * | an error after the first element of a stream | no |
 * | an error that is no `ApiError`, a defect, an interruption | no |
 *
 * The option `moveOn` of a step replaces the first four rows. Each step is attempted at most once: retries belong to
 * `Reliability.protect` inside it, and a fallback sees only the error of the whole call. A pause after a failure belongs to a
 * circuit breaker inside it.
 *
 * ```text
 * ❌ Effect.orElse(kimi, () => llama)    also after a mistake of the caller, and after kimi has used up the deadline
 * ❌ protect(run(fallback, call))        the retries repeat all steps if these are not protected, and none if they are
 * ❌ run(fallback, call)                 with a deadline inside each step only: their times add up
 * ❌ provide: a layer with a pool        built for each call: no connection is reused (see `build`)
 * ✅ run(fallback, (step) => protect(call(step))) |> Deadline.within("30 seconds")
 * ```
 *
 * This module does not use `Effect.withExecutionPlan`, which cannot express these rules. Its call does not learn which step runs, so
 * that it can neither limit the step to a share nor name it in the result. Its conditions see the error, but neither the step that
 * failed nor the time left. A condition that fails skips a step and not those after it. Only the last error is kept, and a schedule
 * of a later step delays its first attempt. A plan can be a step, with its own retries: see `provide` of `Step`.
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as ExecutionPlan from "effect/ExecutionPlan"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import { dual } from "effect/Function"
import * as Layer from "effect/Layer"
import * as Predicate from "effect/Predicate"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { ApiError, Transient } from "./ApiError.js"
import { awaitFirst } from "./internal/awaitFirst.js"
import {
  type Built,
  type ErrorOf,
  type Fallback,
  type Options,
  type RequirementsOf,
  type Result,
  type Services,
  type Step,
  TypeId
} from "./internal/fallback/model.js"
import { movesOn as movesOnByDefault, runSteps, withEarlier } from "./internal/fallback/attemptSteps.js"
import { checkIdempotency } from "./internal/http/idempotency.js"
import { number, refuse } from "./internal/options.js"

export * from "./internal/fallback/model.js"

// -------------------------------------------------------------------------------------------------
// Model
// -------------------------------------------------------------------------------------------------

/**
 * Returns `true` if another model or provider may succeed where this error occurred: for `RateLimit`, `Transient`, and `Fatal`
 * with the reason `QuotaExhausted` or `NotFound`. This is the default of `moveOn`.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { ApiError, Fallback } from "effect-reliability"
 *
 * // an account without balance concerns one provider only
 * const moveOn = (error: ApiError.ApiError) => Fallback.movesOn(error) || error.reason === "PaymentRequired"
 *
 * const unpaid = new ApiError.Fatal({ reason: "PaymentRequired", delivery: "Acknowledged", status: 402 })
 * assert.deepStrictEqual([Fallback.movesOn(unpaid), moveOn(unpaid)], [false, true])
 * ```
 *
 * @since 0.2.0
 * @category guards
 */
export const movesOn: (error: ApiError) => boolean = movesOnByDefault

// -------------------------------------------------------------------------------------------------
// make
// -------------------------------------------------------------------------------------------------

const owner = "Fallback.make"

const checkStep = ({ name, share }: Step, index: number, steps: ReadonlyArray<Step>): void => {
  const option = (field: string) => `steps[${index}].${field}`
  if (!Predicate.isString(name) || name === "" || name.length > 64) {
    refuse(owner, option("name"), name, "a string of 1 to 64 characters")
  }
  if (steps.findIndex((step) => step.name === name) !== index) {
    refuse(owner, option("name"), name, "different from the names of the other steps")
  }
  if (share !== undefined && number(owner, option("share"), share, { max: 1 }) === 0) {
    refuse(owner, option("share"), share, "above 0")
  }
}

/** Rejects unknown options of steps, which inference would otherwise accept. */
type Known<Steps extends ReadonlyArray<Step>> = {
  readonly [K in keyof Steps]: { readonly [_ in Exclude<keyof Steps[K], keyof Step>]: never }
}

/**
 * Creates a fallback from its steps, in the order in which they are attempted.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Effect } from "effect"
 * import { ApiError, Deadline, Fallback } from "effect-reliability"
 *
 * const models = Fallback.make(
 *   [
 *     { name: "large", model: "accounts/fireworks/models/kimi-k2", share: 0.6 },
 *     { name: "small", model: "accounts/fireworks/models/llama-v3p1-8b-instruct" }
 *   ],
 *   { onFallback: ({ error, next, step }) => Effect.log(`${step} failed with ${error.reason}: ${next} is next`) }
 * )
 *
 * const ask = (model: string) =>
 *   model.endsWith("kimi-k2")
 *     ? Effect.fail(new ApiError.Fatal({ reason: "NotFound", delivery: "Acknowledged", status: 404 }))
 *     : Effect.succeed(`a response of ${model}`)
 *
 * const program = Fallback.run(models, (step) => ask(step.model)).pipe(Deadline.within("30 seconds"))
 *
 * const { errors, step } = await Effect.runPromise(program)
 * assert.strictEqual(step, "small")
 * assert.deepStrictEqual(errors.map(({ error, step }) => [step, error.reason]), [["large", "NotFound"]])
 * ```
 *
 * @since 0.2.0
 * @category constructors
 */
export const make = <const Steps extends readonly [Step, ...ReadonlyArray<Step>], R = never>(
  steps: Steps & Known<Steps>,
  options: Options<R, Steps[number]["name"]> = {}
): Fallback<Steps[number], R> => {
  if (steps.length === 0) refuse(owner, "steps", "[]", "an array that is not empty")
  steps.forEach(checkStep)
  if (options.idempotency !== undefined) checkIdempotency(owner, options.idempotency)
  return { [TypeId]: TypeId, steps, options }
}

/**
 * Builds the layers of the steps once, and returns a fallback that provides what they built until the scope closes.
 *
 * A layer that several steps use is built once for all of them. If a layer fails, `build` fails. Layers inside an `ExecutionPlan`
 * are still built for each call.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Context, Effect, Layer } from "effect"
 * import { Fallback } from "effect-reliability"
 *
 * class Model extends Context.Tag("Model")<Model, { readonly name: string }>() {}
 *
 * let built = 0
 * const layer = Layer.effect(Model, Effect.sync(() => ({ name: `model ${++built}` })))
 *
 * const program = Effect.gen(function* () {
 *   const models = yield* Fallback.build(Fallback.make([{ name: "first", provide: layer }]))
 *   const ask = Effect.map(Model, ({ name }) => name).pipe(Fallback.withFallback(models))
 *   return [yield* ask, yield* ask]
 * })
 *
 * assert.deepStrictEqual(await Effect.runPromise(Effect.scoped(program)), ["model 1", "model 1"])
 * ```
 *
 * @since 0.2.0
 * @category constructors
 */
export const build = <S extends Step, R>(
  fallback: Fallback<S, R>
): Effect.Effect<Fallback<Built<S>, R>, ErrorOf<S>, RequirementsOf<S> | Scope.Scope> => {
  const built = Effect.flatMap(Effect.zip(Layer.makeMemoMap, Effect.scope), ([memoMap, scope]) =>
    Effect.map(
      Effect.forEach(fallback.steps, ({ provide, ...step }) =>
        Layer.isLayer(provide)
          ? Effect.map(Layer.buildWithMemoMap(provide, memoMap, scope), (provide) => ({ ...step, provide }))
          : Effect.succeed({ ...step, provide })
      ),
      (steps) => ({ ...fallback, steps })
    )
  )
  // the steps are the same, with a context for each layer; the errors and requirements are those of their layers
  return built as Effect.Effect<unknown> as ReturnType<typeof build<S, R>>
}

// -------------------------------------------------------------------------------------------------
// run
// -------------------------------------------------------------------------------------------------

/**
 * Runs a call at one step after another until it succeeds, and returns the value with the name of the step.
 *
 * The call receives the step, with its `model` and its `client`. It should be protected (see `Reliability.protect`), as the calls
 * of `Fireworks` and of `ReliableHttpClient` are. A step that takes longer than its share is interrupted; its error is
 * `Transient` `Timeout`.
 *
 * If no step follows, the call fails with the error of the last step. The field `earlier` of an `ApiError` has the steps that
 * failed before, and the message of the error names them. Each move adds an event `fallback` to the current span.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Effect, Redacted } from "effect"
 * import { Deadline, Fallback } from "effect-reliability"
 * import { Fireworks } from "effect-reliability/fireworks"
 * import { Fault, ScriptedClient } from "effect-reliability/testing"
 *
 * const models = Fallback.make([
 *   { name: "kimi", model: "accounts/fireworks/models/kimi-k2" },
 *   { name: "llama", model: "accounts/fireworks/models/llama-v3p1-8b-instruct" }
 * ])
 *
 * const program = Effect.gen(function* () {
 *   const fireworks = yield* Fireworks.make({ apiKey: Redacted.make("fw_secret") })
 *   const messages = [{ role: "user", content: "Hello" }]
 *   return yield* Fallback.run(models, ({ model }) => fireworks.chat({ model, messages }))
 * }).pipe(Deadline.within("30 seconds"))
 *
 * const withdrawn = ScriptedClient.layer([Fault.answer(404), Fault.healthy])
 * const { step, value } = await Effect.runPromise(Effect.provide(program, withdrawn))
 * assert.deepStrictEqual([step, value.value.choices[0]?.message.content], ["llama", "Hello"])
 * ```
 *
 * @since 0.2.0
 * @category combinators
 */
export const run = <S extends Step, R2, A, E, R>(
  fallback: Fallback<S, R2>,
  call: (step: S) => Effect.Effect<A, E, R>
): Effect.Effect<
  Result<A, S["name"]>,
  E | Transient | ErrorOf<S>,
  Exclude<R, Services<S>> | RequirementsOf<S> | R2
> => {
  const steps = runSteps(fallback, (step) => provideTo(step, call(step)))
  // the services that all steps provide are no longer required, and each step's layer adds its errors and requirements
  return steps as Effect.Effect<
    Result<A, S["name"]>,
    E | Transient | ErrorOf<S>,
    Exclude<R, Services<S>> | RequirementsOf<S> | R2
  >
}

/**
 * Runs an effect with the services of one step after another until it succeeds, and returns its value.
 *
 * The same as `run`, for effects that find their model or client among their services.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Context, Effect } from "effect"
 * import { ApiError, Fallback } from "effect-reliability"
 *
 * class Model extends Context.Tag("Model")<Model, { readonly ask: Effect.Effect<string, ApiError.ApiError> }>() {}
 *
 * const down = new ApiError.Transient({ reason: "Unavailable", delivery: "Acknowledged", status: 503 })
 *
 * const models = Fallback.make([
 *   { name: "first", provide: Context.make(Model, { ask: Effect.fail(down) }) },
 *   { name: "second", provide: Context.make(Model, { ask: Effect.succeed("a response") }) }
 * ])
 *
 * const program = Effect.flatMap(Model, ({ ask }) => ask).pipe(Fallback.withFallback(models))
 * assert.strictEqual(await Effect.runPromise(program), "a response")
 * ```
 *
 * @since 0.2.0
 * @category combinators
 */
export const withFallback: {
  <S extends Step, R2>(
    fallback: Fallback<S, R2>
  ): <A, E, R>(
    effect: Effect.Effect<A, E, R>
  ) => Effect.Effect<A, E | Transient | ErrorOf<S>, Exclude<R, Services<S>> | RequirementsOf<S> | R2>
  <A, E, R, S extends Step, R2>(
    effect: Effect.Effect<A, E, R>,
    fallback: Fallback<S, R2>
  ): Effect.Effect<A, E | Transient | ErrorOf<S>, Exclude<R, Services<S>> | RequirementsOf<S> | R2>
} = /*#__PURE__*/ dual(2, <A, E, R, S extends Step, R2>(effect: Effect.Effect<A, E, R>, fallback: Fallback<S, R2>) =>
  Effect.map(
    run(fallback, () => effect),
    ({ value }) => value
  )
)

/**
 * Runs a stream at one step after another until one has a first element, or ends without one.
 *
 * An error after the first element is passed on, because the elements of two streams do not fit together. The share of a step
 * limits the time until its first element. A deadline around the stream limits all of it: apply `Deadline.within` to the effect
 * that runs the stream.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Effect, Stream } from "effect"
 * import { ApiError, Fallback } from "effect-reliability"
 *
 * const busy = new ApiError.RateLimit({ reason: "RateExceeded", delivery: "Acknowledged", status: 429 })
 *
 * const models = Fallback.make([
 *   { name: "first", client: Stream.fail(busy) },
 *   { name: "second", client: Stream.make("Hel", "lo") }
 * ])
 *
 * const tokens = Fallback.stream(models, (step) => Stream.map(step.client, (token) => `${step.name}: ${token}`))
 * const printed = await Effect.runPromise(Stream.runCollect(tokens))
 * assert.deepStrictEqual([...printed], ["second: Hel", "second: lo"])
 * ```
 *
 * @since 0.2.0
 * @category combinators
 */
export const stream = <S extends Step, R2, A, E, R>(
  fallback: Fallback<S, R2>,
  call: (step: S) => Stream.Stream<A, E, R>
): Stream.Stream<A, E | Transient | ErrorOf<S>, Exclude<R, Services<S>> | RequirementsOf<S> | R2> => {
  const opened = Effect.map(
    runSteps(fallback, (step) => open(streamTo(step, call(step)))),
    ({ errors, value }) =>
      errors.length === 0 ? value : Stream.mapError(value, (error: unknown) => withEarlier(error, errors))
  )
  // as in `run`
  return Stream.unwrapScoped(opened as Effect.Effect<Stream.Stream<A>, never, Scope.Scope>)
}

// -------------------------------------------------------------------------------------------------
// Private
// -------------------------------------------------------------------------------------------------

/** A plan that accepts every error, which `Plan` demands. */
type AnyPlan = ExecutionPlan.ExecutionPlan<{ provides: unknown; input: unknown; error: unknown; requirements: unknown }>

const provideTo = <A, E, R>({ provide }: Step, effect: Effect.Effect<A, E, R>): Effect.Effect<A, unknown, unknown> => {
  if (provide === undefined) return effect
  if (Context.isContext(provide)) return Effect.provide(effect, provide)
  // what is neither a context nor a layer is a plan
  return Layer.isLayer(provide) ? Effect.provide(effect, provide) : Effect.withExecutionPlan(effect, provide as AnyPlan)
}

const streamTo = <A, E, R>({ provide }: Step, self: Stream.Stream<A, E, R>): Stream.Stream<A, unknown, unknown> => {
  if (provide === undefined) return self
  if (Context.isContext(provide)) return Stream.provideSomeContext(self, provide)
  return Layer.isLayer(provide)
    ? Stream.provideSomeLayer(self, provide)
    : Stream.withExecutionPlan(self, provide as AnyPlan, { preventFallbackOnPartialStream: true })
}

/** Waits for the first elements. A step that fails before has released its resources when the next one begins. */
const open = <A, E, R>(self: Stream.Stream<A, E, R>) =>
  Effect.uninterruptibleMask((restore) =>
    Effect.flatMap(Effect.scope, (outer) =>
      Effect.flatMap(Scope.fork(outer, ExecutionStrategy.sequential), (scope) =>
        Effect.onError(restore(Scope.extend(awaitFirst(self), scope)), (cause) =>
          Scope.close(scope, Exit.failCause(cause))
        )
      )
    )
  )
