import { describe, it } from "@effect/vitest"
import {
  Cause,
  Context,
  Effect,
  Equal,
  ExecutionPlan,
  Exit,
  FastCheck as fc,
  Fiber,
  Layer,
  Schema,
  TestClock,
  Tracer
} from "effect"
import { ApiError, Classify, Deadline, Fallback, Reliability, Retry, Workload } from "effect-reliability"
import { expect } from "vitest"
import { fatalReasons, rateLimitReasons, type Reason, transientReasons } from "../../src/internal/reasons.js"

const unavailable = new ApiError.Transient({ reason: "Unavailable", delivery: "Acknowledged", status: 503 })
const busy = new ApiError.RateLimit({ reason: "RateExceeded", delivery: "Acknowledged", status: 429 })
const unknownModel = new ApiError.Fatal({ reason: "NotFound", delivery: "Acknowledged", status: 404 })
const lost = new ApiError.Transient({ reason: "ConnectionLost", delivery: "Unconfirmed" })
const unconnected = new ApiError.Transient({ reason: "Connect", delivery: "NotSent" })

const errorOf = (reason: Reason, delivery: ApiError.Delivery = "NotSent"): ApiError.ApiError => {
  if (Object.hasOwn(rateLimitReasons, reason)) {
    return new ApiError.RateLimit({ reason: reason as ApiError.RateLimitReason, delivery })
  }
  return Object.hasOwn(transientReasons, reason)
    ? new ApiError.Transient({ reason: reason as ApiError.TransientReason, delivery })
    : new ApiError.Fatal({ reason: reason as ApiError.FatalReason, delivery })
}

const reasons = Object.keys({ ...rateLimitReasons, ...transientReasons, ...fatalReasons }) as ReadonlyArray<Reason>

const two = Fallback.make([{ name: "first" }, { name: "second" }])

/** Runs a call whose steps end as given, and returns its end and the steps that were attempted. */
const attempts = <S extends { readonly name: string }>(
  fallback: Fallback.Fallback<S>,
  ends: { readonly [name: string]: Effect.Effect<string, unknown> }
) => {
  const attempted: Array<string> = []
  const run = Fallback.run(fallback, ({ name }) =>
    Effect.zipRight(
      Effect.sync(() => attempted.push(name)),
      ends[name] ?? Effect.succeed(`from ${name}`)
    )
  )
  return Effect.map(Effect.exit(run), (exit) => ({ exit, attempted }))
}

describe("a step that fails", () => {
  it.effect("leads to the next step after the documented reasons only", () =>
    Effect.gen(function* () {
      const followed: Array<Reason> = []
      for (const reason of reasons) {
        const { attempted } = yield* attempts(two, { first: Effect.fail(errorOf(reason)) })
        if (attempted.length === 2) followed.push(reason)
      }
      expect(followed).toEqual([
        ...Object.keys(rateLimitReasons),
        ...Object.keys(transientReasons),
        "NotFound",
        "QuotaExhausted"
      ])
      expect(reasons.filter((reason) => Fallback.movesOn(errorOf(reason)))).toEqual(followed)
    })
  )

  it.effect("leads to the next step when its error is settled", () =>
    Effect.gen(function* () {
      const policy = Workload.with(Workload.interactive, { retry: Retry.make({ attempts: 1 }) })
      const { attempted, exit } = yield* attempts(two, { first: Reliability.protect(Effect.fail(busy), policy) })
      expect(attempted).toEqual(["first", "second"])
      expect(exit).toMatchObject({ value: { step: "second", value: "from second" } })
      expect(exit).toMatchObject({
        value: { errors: [{ step: "first", error: { attempts: 1, reason: "RateExceeded" } }] }
      })
    })
  )

  it.effect("ends the call after an error of another kind, a defect or an interruption", () =>
    Effect.gen(function* () {
      const bug = new Error("a bug")
      for (const first of [
        Effect.fail("own"),
        Effect.die(bug),
        Effect.interrupt,
        Effect.fail(unavailable).pipe(Effect.ensuring(Effect.die(bug)))
      ]) {
        const { attempted, exit } = yield* attempts(two, { first })
        expect(attempted).toEqual(["first"])
        expect(Exit.isFailure(exit)).toBe(true)
      }
    })
  )

  it.effect("ends the call when the fiber is interrupted, without another step", () =>
    Effect.gen(function* () {
      const attempted: Array<string> = []
      const call = Fallback.run(two, ({ name }) =>
        Effect.zipRight(
          Effect.sync(() => attempted.push(name)),
          // the failure of a finalizer is that of an interrupted step
          Effect.onInterrupt(Effect.never, () => Effect.void)
        )
      )
      for (const fiber of [yield* Effect.fork(call), yield* Effect.fork(Deadline.within(call, "1 minute"))]) {
        yield* Effect.yieldNow()
        const exit = yield* Fiber.interrupt(fiber)
        expect(Exit.isInterrupted(exit)).toBe(true)
      }
      expect(attempted).toEqual(["first", "first"])
    })
  )

  it.effect("follows its own option moveOn", () =>
    Effect.gen(function* () {
      const unauthorized = errorOf("Unauthorized")
      const own = Fallback.make([
        { name: "first", moveOn: (error) => error.reason === "Unauthorized" },
        { name: "second", moveOn: () => false },
        { name: "third" }
      ])
      const changed = yield* attempts(own, { first: Effect.fail(unauthorized), second: Effect.fail(busy) })
      expect(changed.attempted).toEqual(["first", "second"])
      expect((yield* attempts(own, { first: Effect.fail(busy) })).attempted).toEqual(["first"])
    })
  )

  it("leads to each later step in order, at most once, and never after a mistake of the caller", () => {
    const mistakes: ReadonlyArray<Reason> = [
      "BadRequest",
      "Unauthorized",
      "TooLarge",
      "Unprocessable",
      "InvalidRequest"
    ]
    const end = fc.constantFrom<Reason | "success" | "defect" | "foreign">("success", "defect", "foreign", ...reasons)
    fc.assert(
      fc.property(
        fc.array(fc.tuple(end, fc.constantFrom<ApiError.Delivery>("NotSent", "Unconfirmed", "Partial")), {
          minLength: 1,
          maxLength: 6
        }),
        fc.constantFrom<Reliability.Idempotency | undefined>("safe", "keyed", "never", undefined),
        (ends, idempotency) => {
          const [first = { name: "0" }, ...rest] = ends.map((_, index) => ({ name: `${index}` }))
          const fallback = Fallback.make([first, ...rest], { idempotency })
          const calls = ends.map(([how, delivery]) => {
            if (how === "success") return Effect.succeed("")
            if (how === "defect") return Effect.die("a bug")
            return Effect.fail(how === "foreign" ? how : errorOf(how, delivery))
          })
          const { attempted, exit } = Effect.runSync(attempts(fallback, Object.fromEntries(calls.entries())))
          expect(attempted).toEqual([...attempted.keys()].map(String))
          const before = ends.slice(0, attempted.length - 1)
          for (const [how, delivery] of before) {
            if (how === "success" || how === "defect" || how === "foreign") throw new Error(`${how} was followed`)
            expect(mistakes).not.toContain(how)
            const repeatable = idempotency === undefined || idempotency === "safe"
            expect(repeatable || !ApiError.mayHaveExecuted(errorOf(how, delivery))).toBe(true)
          }
          // the end is that of the last attempt, and a call that could go on went on
          const [how, delivery = "NotSent"] = ends[attempted.length - 1] ?? ["success"]
          expect(Exit.isSuccess(exit)).toBe(how === "success")
          if (how === "success" || how === "defect" || how === "foreign" || attempted.length === ends.length) return
          const error = errorOf(how, delivery)
          const forbidden = idempotency !== undefined && idempotency !== "safe" && ApiError.mayHaveExecuted(error)
          expect(!Fallback.movesOn(error) || forbidden).toBe(true)
        }
      ),
      { numRuns: 500, seed: 18 }
    )
  })
})

describe("a call that may have been executed", () => {
  it.effect("does not move on if the option says that it is not safe", () =>
    Effect.gen(function* () {
      for (const idempotency of ["never", "keyed"] as const) {
        const fallback = Fallback.make([{ name: "first" }, { name: "second" }], { idempotency })
        const { attempted, exit } = yield* attempts(fallback, { first: Effect.fail(lost) })
        expect(attempted).toEqual(["first"])
        // an owner of retries around the call does not repeat it either
        expect(exit).toMatchObject({
          cause: { error: { reason: "ConnectionLost", attempts: 1, stopped: "Idempotency" } }
        })
        expect((yield* attempts(fallback, { first: Effect.fail(unconnected) })).attempted).toHaveLength(2)
        expect((yield* attempts(fallback, { first: Effect.fail(busy) })).attempted).toHaveLength(2)
      }
    })
  )

  it.effect("does not move on within a call that is not safe, unless the option says that it is", () =>
    Effect.gen(function* () {
      const policy = Reliability.make({ workload: Workload.interactive, idempotency: "never" })
      const within = (fallback: Fallback.Fallback<{ readonly name: string }>) =>
        attempts(fallback, { first: Effect.fail(lost) }).pipe(Reliability.protect(policy))
      expect((yield* within(two)).attempted).toEqual(["first"])
      const safe = Fallback.make([{ name: "first" }, { name: "second" }], { idempotency: "safe" })
      expect((yield* within(safe)).attempted).toEqual(["first", "second"])
    })
  )

  it.effect("does not move on if the protected call inside is not safe", () =>
    Effect.gen(function* () {
      for (const idempotency of ["never", "keyed", "safe"] as const) {
        const workload = Workload.with(Workload.interactive, { retry: Retry.make({ attempts: 1 }) })
        const policy = Reliability.make({ workload, idempotency })
        const first = Reliability.protect(Effect.fail(lost), policy)
        const followed = idempotency === "safe" ? ["first", "second"] : ["first"]
        expect((yield* attempts(two, { first })).attempted).toEqual(followed)
        // also through another fallback, which adds its own earlier steps to the error
        const nested = Fallback.run(two, ({ name }): Effect.Effect<void, ApiError.ApiError> =>
          name === "first" ? Effect.fail(busy) : first
        )
        expect((yield* attempts(two, { first: Effect.as(nested, "") })).attempted).toEqual(followed)
      }
    })
  )

  it.effect("moves on if nothing says that it is not safe", () =>
    Effect.gen(function* () {
      expect((yield* attempts(two, { first: Effect.fail(lost) })).attempted).toEqual(["first", "second"])
    })
  )
})

describe("the error of the last step", () => {
  it.effect("names the earlier steps in a field, in the message and in its JSON", () =>
    Effect.gen(function* () {
      const secret = "fw_aVerySecretKey123456"
      const detailed = Classify.answer({
        status: 503,
        headers: { "x-request-id": "req_1" },
        body: `{"error":{"message":"no ${secret}"}}`,
        now: 0
      })
      const three = Fallback.make([{ name: "first" }, { name: "second" }, { name: "third" }])
      const { attempted, exit } = yield* attempts(three, {
        first: Effect.fail(detailed),
        second: Effect.fail(unknownModel),
        third: Effect.fail(busy)
      })
      expect(attempted).toEqual(["first", "second", "third"])
      const error = Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
      if (!(error instanceof ApiError.RateLimit)) throw new Error("the error of the last step is expected")
      expect(error).toMatchObject({ reason: "RateExceeded", status: 429, delivery: "Acknowledged" })
      expect(error.earlier).toEqual([
        {
          step: "first",
          reason: "Unavailable",
          delivery: "Acknowledged",
          status: 503,
          requestId: "req_1",
          attempts: 0
        },
        { step: "second", reason: "NotFound", delivery: "Acknowledged", status: 404, attempts: 0 }
      ])
      expect(error.message).toMatch(
        /Earlier steps: first failed with Unavailable \(HTTP 503\); second failed with NotFound \(HTTP 404\)\.$/
      )
      const json = JSON.stringify(Schema.encodeSync(ApiError.ApiError)(error))
      expect(json).not.toContain(secret)
      expect(Equal.equals(Schema.decodeSync(ApiError.ApiError)(JSON.parse(json) as never), error)).toBe(true)
      // the error that the step failed with is shared, and stays as it was
      expect(busy.earlier).toBeUndefined()
    })
  )

  it.effect("keeps a bounded number of earlier steps, the last ones, and those of nested fallbacks", () =>
    Effect.gen(function* () {
      const [first, ...rest] = Array.from({ length: 20 }, (_, n) => ({ name: `step ${n}` }))
      if (first === undefined) return
      const many = Fallback.make([first, ...rest])
      const fails = Effect.fail(unavailable)
      const flat = yield* Effect.flip(Fallback.withFallback(fails, many))
      expect(flat.earlier?.map(({ step }) => step)).toEqual(rest.slice(2, 18).map(({ name }) => name))
      const inner = Fallback.withFallback(fails, two)
      const nested = yield* Effect.flip(Fallback.withFallback(inner, Fallback.make([{ name: "A" }, { name: "B" }])))
      expect(nested.earlier?.map(({ step }) => step)).toEqual(["first", "A", "first"])
      const { errors } = yield* Fallback.run(many, ({ name }) => (name === "step 19" ? Effect.void : fails))
      expect(errors.map(({ step }) => step)).toEqual(rest.slice(2, 18).map(({ name }) => name))
    })
  )

  it.effect("stays the same object if no step failed before", () =>
    Effect.gen(function* () {
      expect(yield* Effect.flip(Fallback.withFallback(Effect.fail(busy), Fallback.make([{ name: "only" }])))).toBe(busy)
    })
  )
})

describe("a move to the next step", () => {
  it.effect("calls onFallback, whose failure affects nothing", () =>
    Effect.gen(function* () {
      const moves: Array<unknown> = []
      const fallback = Fallback.make([{ name: "first" }, { name: "second" }, { name: "third" }], {
        onFallback: ({ error, next, step }) =>
          Effect.zipRight(
            Effect.sync(() => moves.push([step, next, error.reason])),
            Effect.die("the observer fails")
          )
      })
      const { exit } = yield* attempts(fallback, { first: Effect.fail(busy), second: Effect.fail(unavailable) })
      yield* Effect.yieldNow()
      expect(exit).toMatchObject({ value: { step: "third" } })
      expect(moves).toEqual([
        ["first", "second", "RateExceeded"],
        ["second", "third", "Unavailable"]
      ])
    })
  )

  it.effect("adds an event to the span of the caller", () =>
    Effect.gen(function* () {
      const events: Array<unknown> = []
      const tracer = Tracer.make({
        span: (name, parent, context, links, startTime, kind) => ({
          _tag: "Span",
          name,
          parent,
          context,
          links,
          kind,
          spanId: "1",
          traceId: "1",
          sampled: true,
          attributes: new Map(),
          status: { _tag: "Started", startTime },
          end: () => {},
          attribute: () => {},
          addLinks: () => {},
          event: (event, at, attributes) => events.push([name, event, at, attributes])
        }),
        context: (f) => f()
      })
      yield* TestClock.adjust("1 second")
      yield* attempts(two, { first: Effect.fail(busy) }).pipe(Effect.withSpan("chat"), Effect.withTracer(tracer))
      expect(events).toEqual([
        [
          "chat",
          "fallback",
          1_000_000_000n,
          {
            "reliability.fallback.from": "first",
            "reliability.fallback.to": "second",
            "error.type": "RateExceeded"
          }
        ]
      ])
    })
  )
})

describe("Fallback.make", () => {
  it("fails at construction if an option is invalid", () => {
    expect(() => Fallback.make([{ name: "" }])).toThrow(
      'steps[0].name is ""; it must be a string of 1 to 64 characters'
    )
    expect(() => Fallback.make([{ name: "a" }, { name: "a" }])).toThrow('steps[1].name is "a"; it must be different')
    for (const share of [0, -1, 1.5, Number.NaN]) {
      expect(() => Fallback.make([{ name: "a", share }])).toThrow("Fallback.make: steps[0].share is")
    }
    expect(() => Fallback.make([{ name: "a" }], { idempotency: "sure" as "safe" })).toThrow("idempotency is")
    expect(() => Fallback.make([] as never)).toThrow("Fallback.make: steps is")
  })
})

class Model extends Context.Tag("Model")<Model, { readonly name: string }>() {}

describe("a step that provides services", () => {
  const name = Effect.map(Model, (model) => model.name)

  it.effect("takes them from a context or a layer", () =>
    Effect.gen(function* () {
      const fallback = Fallback.make([
        { name: "first", provide: Context.make(Model, { name: "of a context" }) },
        { name: "second", provide: Layer.succeed(Model, { name: "of a layer" }) },
        { name: "third" }
      ])
      const used: Array<string> = []
      const call = Effect.flatMap(name, (name) => {
        used.push(name)
        return Effect.fail(unavailable)
      })
      yield* Effect.flip(Fallback.withFallback(call, fallback)).pipe(Effect.provideService(Model, { name: "around" }))
      expect(used).toEqual(["of a context", "of a layer", "around"])
    })
  )

  it.effect("takes them from a plan, with its steps and attempts", () =>
    Effect.gen(function* () {
      const used: Array<string> = []
      const call = Effect.flatMap(name, (name) => {
        used.push(name)
        return name === "b" ? Effect.succeed(name) : Effect.fail(busy)
      })
      const plan = ExecutionPlan.make(
        { provide: Context.make(Model, { name: "a" }), attempts: 2 },
        { provide: Context.make(Model, { name: "c" }) }
      )
      const fallback = Fallback.make([
        { name: "plan", provide: plan },
        { name: "other", provide: Context.make(Model, { name: "b" }) }
      ])
      expect(yield* Fallback.run(fallback, () => call)).toMatchObject({ step: "other", value: "b" })
      expect(used).toEqual(["a", "a", "c", "b"])
    })
  )

  it.effect("builds a layer for each call, and once for all calls and steps with build", () =>
    Effect.gen(function* () {
      let built = 0
      let closed = 0
      const layer = Layer.scoped(
        Model,
        Effect.acquireRelease(
          Effect.sync(() => ({ name: `built ${++built}` })),
          () => Effect.sync(() => closed++)
        )
      )
      const fallback = Fallback.make([
        { name: "first", provide: layer, model: "a" },
        { name: "second", provide: Layer.map(layer, (context) => context) }
      ])
      const ask = (fallback: Fallback.Fallback<{ name: "first" | "second"; provide: Layer.Layer<Model> }>) =>
        Fallback.run(fallback, ({ name: step }) => (step === "first" ? Effect.zipRight(name, Effect.fail(busy)) : name))
      expect(yield* ask(fallback)).toMatchObject({ value: "built 2" })
      expect([built, closed]).toEqual([2, 2])
      yield* Effect.gen(function* () {
        const kept = yield* Fallback.build(fallback)
        for (let n = 0; n < 3; n++) {
          const { value } = yield* Fallback.run(kept, ({ name: step }) =>
            step === "first" ? Effect.zipRight(name, Effect.fail(busy)) : name
          )
          expect(value).toBe("built 3")
        }
        expect([built, closed]).toEqual([3, 2])
      }).pipe(Effect.scoped)
      expect([built, closed]).toEqual([3, 3])
    })
  )

  it.effect("fails without another step if a layer fails with an error of another kind", () =>
    Effect.gen(function* () {
      const fallback = Fallback.make([
        { name: "first", provide: Layer.fail("no key" as const) },
        { name: "second", provide: Layer.succeed(Model, { name: "b" }) }
      ])
      expect(yield* Effect.flip(Fallback.withFallback(Effect.succeed("a"), fallback))).toBe("no key")
    })
  )
})
