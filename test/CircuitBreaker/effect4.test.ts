/** The documented scenarios of `effect/persistence/CircuitBreaker` of Effect 4, run against it and against this module. */
import {
  Cause,
  Deferred,
  Duration,
  Effect,
  Exit,
  FastCheck as fc,
  Fiber,
  Schedule,
  Stream,
  TestClock,
  TestContext
} from "effect"
import { ApiError, CircuitBreaker } from "effect-reliability"
import * as E4 from "effect4"
import { CircuitBreaker as CircuitBreaker4 } from "effect4/persistence"
import { TestClock as TestClock4 } from "effect4/testing"
import { describe, expect, it } from "vitest"

type Outcome = "success" | "failure" | "ignored" | "interrupt" | "defect" | { readonly hint: number }

/** A step of a scenario. A call that `starts` runs until it `ends`; `call` does both. */
type Step =
  | { readonly does: "call"; readonly key?: string; readonly outcome: Outcome }
  | { readonly does: "start"; readonly id: string; readonly key?: string }
  | { readonly does: "end"; readonly id: string; readonly outcome: Outcome }
  | { readonly does: "wait"; readonly millis: number }

const call = (outcome: Outcome, key?: string): Step => ({ does: "call", outcome, ...(key !== undefined && { key }) })
const start = (id: string): Step => ({ does: "start", id })
const end = (id: string, outcome: Outcome): Step => ({ does: "end", id, outcome })
const wait = (millis: number): Step => ({ does: "wait", millis })

interface Options {
  readonly policy: { readonly consecutive: number } | Parameters<typeof CircuitBreaker4.rate>[0]
  readonly openMillis: number | "exponential" | "exponential up to a minute"
  readonly maxOpenMillis?: number
}

/** What a scenario shows: the result of each call, the state after each step, and all transitions. */
interface Trace {
  readonly results: ReadonlyArray<string>
  readonly states: ReadonlyArray<string>
  readonly transitions: ReadonlyArray<string>
}

class Own {
  readonly _tag = "Own"
  readonly outcome: Outcome
  constructor(outcome: Outcome) {
    this.outcome = outcome
  }
}

const keysOf = (steps: ReadonlyArray<Step>) => [
  ...new Set(steps.flatMap((step) => ("key" in step && step.key !== undefined ? [step.key] : ["a"])))
]

const shown = (
  state: { readonly _tag: string; readonly [name: string]: unknown },
  millis: number | undefined
): string =>
  [state._tag, millis, state["probing"], state["consecutiveOpenings"]]
    .filter((part) => part !== undefined)
    .map(String)
    .join(" ")

// --- This module -----------------------------------------------------------------------------------

const ours = (options: Options, steps: ReadonlyArray<Step>): Promise<Trace> => {
  const exponential = Schedule.exponential("1 second")
  const program = Effect.gen(function* () {
    const breaker = yield* CircuitBreaker.make({
      tripPolicy:
        "consecutive" in options.policy
          ? CircuitBreaker.consecutive(options.policy.consecutive)
          : CircuitBreaker.rate(options.policy),
      openDuration:
        options.openMillis === "exponential"
          ? exponential
          : options.openMillis === "exponential up to a minute"
            ? exponential.pipe(Schedule.upTo("1 minute"))
            : options.openMillis,
      maxOpenDuration: options.maxOpenMillis
    })
    const transitions: Array<string> = []
    yield* Effect.fork(
      Stream.runForEach(breaker.transitions, ({ from, key, to, ...rest }) =>
        Effect.sync(() => {
          const opened = "retryAfter" in rest ? [Duration.toMillis(rest.retryAfter), rest.consecutiveOpenings] : []
          transitions.push([key, from, to, ...opened].join(" "))
        })
      )
    )
    yield* Effect.repeatN(Effect.yieldNow(), 20)
    const results: Array<string> = []
    const states: Array<string> = []
    const gates = new Map<string, Deferred.Deferred<number, Own>>()
    const fibers = new Map<string, Fiber.RuntimeFiber<number, Own | ApiError.ApiError>>()
    const begin = Effect.fn(function* (id: string, key: string = "a") {
      const gate = yield* Deferred.make<number, Own>()
      gates.set(id, gate)
      const guarded = Deferred.await(gate).pipe(
        CircuitBreaker.withBreaker(breaker, {
          key,
          classify: (exit) => {
            if (Exit.isSuccess(exit)) return CircuitBreaker.success
            const error = Cause.failureOption(exit.cause)
            const outcome = error._tag === "Some" ? error.value.outcome : "failure"
            if (typeof outcome === "object") return CircuitBreaker.failure({ retryAfter: outcome.hint })
            return outcome === "ignored" ? CircuitBreaker.ignored : CircuitBreaker.failure()
          }
        })
      )
      fibers.set(id, yield* Effect.fork(guarded))
      yield* Effect.repeatN(Effect.yieldNow(), 5)
    })
    const finish = Effect.fn(function* (id: string, outcome: Outcome) {
      const [gate, fiber] = [gates.get(id), fibers.get(id)]
      if (gate === undefined || fiber === undefined) return
      if (outcome === "interrupt") yield* Fiber.interrupt(fiber)
      else if (outcome === "success") yield* Deferred.succeed(gate, 1)
      else if (outcome === "defect") yield* Deferred.die(gate, "defect")
      else yield* Deferred.fail(gate, new Own(outcome))
      const exit = yield* Fiber.await(fiber)
      results.push(
        Exit.match(exit, {
          onSuccess: () => "success",
          onFailure: (cause) => {
            const error = Cause.failureOption(cause)
            if (error._tag === "None") return Cause.isInterruptedOnly(cause) ? "interrupted" : "defect"
            if (!ApiError.isApiError(error.value)) return "own"
            const { code, retryAfter = 0 } = error.value
            return code === "open" ? `open ${Duration.toMillis(retryAfter)}` : `${code}`
          }
        })
      )
    })
    for (const [index, step] of steps.entries()) {
      if (step.does === "wait") yield* TestClock.adjust(step.millis)
      else if (step.does === "start") yield* begin(step.id, step.key)
      else if (step.does === "end") yield* finish(step.id, step.outcome)
      else {
        yield* begin(`#${index}`, step.key)
        yield* finish(`#${index}`, step.outcome)
      }
      for (const key of keysOf(steps)) {
        const state = yield* breaker.state(key)
        states.push(shown(state, state._tag === "Open" ? Duration.toMillis(state.retryAfter) : undefined))
      }
    }
    yield* Effect.repeatN(Effect.yieldNow(), 20)
    return { results, states, transitions }
  })
  return Effect.runPromise(Effect.provide(program, TestContext.TestContext))
}

// --- Effect 4 --------------------------------------------------------------------------------------

const theirs = (options: Options, steps: ReadonlyArray<Step>): Promise<Trace> => {
  const exponential = E4.Schedule.exponential("1 second")
  const program = E4.Effect.gen(function* () {
    const breaker = yield* CircuitBreaker4.make({
      tripPolicy:
        "consecutive" in options.policy
          ? CircuitBreaker4.consecutive(options.policy.consecutive)
          : CircuitBreaker4.rate(options.policy),
      openDuration:
        options.openMillis === "exponential"
          ? exponential
          : options.openMillis === "exponential up to a minute"
            ? exponential.pipe(E4.Schedule.upTo({ duration: "1 minute" }))
            : options.openMillis,
      maxOpenDuration: options.maxOpenMillis
    })
    const transitions: Array<string> = []
    yield* E4.Effect.forkScoped(
      E4.Stream.runForEach(breaker.transitions, ({ from, key, to, ...rest }) =>
        E4.Effect.sync(() => {
          const opened = "retryAfter" in rest ? [E4.Duration.toMillis(rest.retryAfter), rest.consecutiveOpenings] : []
          transitions.push([key, from, to, ...opened].join(" "))
        })
      ),
      { startImmediately: true }
    )
    const yields = (times: number) => E4.Effect.forEach(Array.from({ length: times }), () => E4.Effect.yieldNow)
    yield* yields(20)
    const results: Array<string> = []
    const states: Array<string> = []
    const gates = new Map<string, E4.Deferred.Deferred<number, Own>>()
    const fibers = new Map<string, E4.Fiber.Fiber<number, Own | CircuitBreaker4.CircuitBreakerError>>()
    const begin = E4.Effect.fn(function* (id: string, key: string = "a") {
      const gate = yield* E4.Deferred.make<number, Own>()
      gates.set(id, gate)
      const guarded = E4.Deferred.await(gate).pipe(
        breaker.execute({
          key,
          classify: (exit) => {
            if (E4.Exit.isSuccess(exit)) return CircuitBreaker4.success
            const error = E4.Cause.findErrorOption(exit.cause)
            const outcome = error._tag === "Some" ? error.value.outcome : "failure"
            if (typeof outcome === "object") return CircuitBreaker4.failure({ retryAfter: outcome.hint })
            return outcome === "ignored" ? CircuitBreaker4.ignored : CircuitBreaker4.failure()
          }
        })
      )
      fibers.set(id, yield* E4.Effect.forkScoped(guarded, { startImmediately: true }))
      yield* yields(5)
    })
    const finish = E4.Effect.fn(function* (id: string, outcome: Outcome) {
      const [gate, fiber] = [gates.get(id), fibers.get(id)]
      if (gate === undefined || fiber === undefined) return
      if (outcome === "interrupt") yield* E4.Fiber.interrupt(fiber)
      else if (outcome === "success") yield* E4.Deferred.succeed(gate, 1)
      else if (outcome === "defect") yield* E4.Deferred.die(gate, "defect")
      else yield* E4.Deferred.fail(gate, new Own(outcome))
      const exit = yield* E4.Fiber.await(fiber)
      results.push(
        E4.Exit.match(exit, {
          onSuccess: () => "success",
          onFailure: (cause) => {
            const error = E4.Cause.findErrorOption(cause)
            if (error._tag === "None") return E4.Cause.hasInterruptsOnly(cause) ? "interrupted" : "defect"
            if (error.value._tag === "Own") return "own"
            const { reason } = error.value
            return reason._tag === "CircuitOpen"
              ? `open ${E4.Duration.toMillis(reason.retryAfter)}`
              : reason._tag === "CircuitHalfOpen"
                ? "half-open"
                : reason._tag
          }
        })
      )
    })
    for (const [index, step] of steps.entries()) {
      if (step.does === "wait") yield* TestClock4.adjust(step.millis)
      else if (step.does === "start") yield* begin(step.id, step.key)
      else if (step.does === "end") yield* finish(step.id, step.outcome)
      else {
        yield* begin(`#${index}`, step.key)
        yield* finish(`#${index}`, step.outcome)
      }
      for (const key of keysOf(steps)) {
        const state = yield* breaker.state(key)
        states.push(shown(state, state._tag === "Open" ? E4.Duration.toMillis(state.retryAfter) : undefined))
      }
    }
    yield* yields(20)
    return { results, states, transitions }
  })
  return program.pipe(
    E4.Effect.scoped,
    E4.Effect.provide(E4.Layer.provideMerge(CircuitBreaker4.layerStoreMemory(), TestClock4.layer())),
    E4.Effect.runPromise
  )
}

// --- The scenarios ---------------------------------------------------------------------------------

const opens = [call("failure"), call("failure")]
const two: Options = { policy: { consecutive: 2 }, openMillis: 30_000 }

const scenarios: ReadonlyArray<
  readonly [title: string, options: Options, steps: ReadonlyArray<Step>, shows: Partial<Trace>]
> = [
  [
    "rejects calls once a circuit opens",
    two,
    [...opens, call("success"), wait(29_999), call("success"), wait(1), call("success")],
    {
      results: ["own", "own", "open 30000", "open 1", "success"],
      transitions: ["a Closed Open 30000 1", "a Open HalfOpen", "a HalfOpen Closed"]
    }
  ],
  [
    "keeps the circuits of keys apart",
    two,
    [call("failure", "a"), call("failure", "b"), call("failure", "a"), call("success", "b"), call("success", "a")],
    { results: ["own", "own", "own", "success", "open 30000"] }
  ],
  [
    "resets the failures in a row only with a success",
    two,
    [call("failure"), call("success"), call("failure"), call("ignored"), call("failure"), call("success")],
    { results: ["own", "success", "own", "own", "own", "open 30000"] }
  ],
  [
    "counts a defect as a failure, and an interruption not at all",
    two,
    [call("defect"), call("interrupt"), call("defect"), call("success")],
    { results: ["defect", "interrupted", "defect", "open 30000"] }
  ],
  [
    "rejects other calls while the probe runs",
    two,
    [...opens, wait(30_000), start("probe"), call("success"), end("probe", "success"), call("success")],
    { results: ["own", "own", "half-open", "success", "success"] }
  ],
  [
    "opens again after a probe that fails",
    two,
    [...opens, wait(30_000), call("failure"), call("success"), wait(30_000), call("success")],
    { results: ["own", "own", "own", "open 30000", "success"] }
  ],
  [
    "frees the slot of a probe that is interrupted or ignored",
    two,
    [
      ...opens,
      wait(30_000),
      call("interrupt"),
      call("ignored"),
      start("probe"),
      call("success"),
      end("probe", "success")
    ],
    { results: ["own", "own", "interrupted", "own", "half-open", "success"] }
  ],
  [
    "ignores the outcomes of calls that were admitted before the circuit opened",
    two,
    [
      start("old"),
      start("older"),
      ...opens,
      end("old", "success"),
      wait(30_000),
      start("probe"),
      end("older", "failure"),
      end("probe", "success")
    ],
    {
      results: ["own", "own", "success", "own", "success"],
      transitions: ["a Closed Open 30000 1", "a Open HalfOpen", "a HalfOpen Closed"]
    }
  ],
  [
    "lets openings in a row last longer, and starts again once the circuit stayed closed as long as it was last open",
    { policy: { consecutive: 1 }, openMillis: "exponential" },
    [
      call("failure"),
      wait(1000),
      call("failure"),
      wait(2000),
      call("failure"),
      wait(4000),
      call("success"),
      wait(3999),
      call("failure"),
      wait(8000),
      call("success"),
      wait(8000),
      call("failure")
    ],
    {
      transitions: [
        "a Closed Open 1000 1",
        "a Open HalfOpen",
        "a HalfOpen Open 2000 2",
        "a Open HalfOpen",
        "a HalfOpen Open 4000 3",
        "a Open HalfOpen",
        "a HalfOpen Closed",
        "a Closed Open 8000 4",
        "a Open HalfOpen",
        "a HalfOpen Closed",
        "a Closed Open 1000 1"
      ]
    }
  ],
  [
    "repeats the last delay of a schedule that ends by the time spent open",
    { policy: { consecutive: 1 }, openMillis: "exponential up to a minute" },
    [call("failure"), ...[1, 2, 4, 8, 16, 32, 32, 32].flatMap((seconds) => [wait(seconds * 1000), call("failure")])],
    { results: Array.from({ length: 9 }, () => "own") }
  ],
  [
    "lengthens the open time by a hint, up to the longest open time, and never shortens it",
    { policy: { consecutive: 1 }, openMillis: 1000, maxOpenMillis: 5000 },
    [call({ hint: 3000 }), wait(3000), call({ hint: 10 }), wait(1000), call({ hint: 60_000 }), call("success")],
    {
      results: ["own", "own", "own", "open 5000"],
      transitions: [
        "a Closed Open 3000 1",
        "a Open HalfOpen",
        "a HalfOpen Open 1000 2",
        "a Open HalfOpen",
        "a HalfOpen Open 5000 3"
      ]
    }
  ],
  [
    "opens by the rate of failures once enough calls are recorded",
    { policy: { threshold: 0.5, size: 4, minimumCalls: 3 }, openMillis: 1000 },
    [call("failure"), call("ignored"), call("failure"), call("success"), call("success")],
    { results: ["own", "own", "own", "success", "open 1000"] }
  ],
  [
    "forgets the oldest of the recorded calls",
    { policy: { threshold: 0.5, size: 4 }, openMillis: 1000 },
    [
      call("failure"),
      call("success"),
      call("success"),
      call("success"),
      call("failure"),
      call("failure"),
      call("success")
    ],
    { results: ["own", "success", "success", "success", "own", "own", "open 1000"] }
  ],
  [
    "does not open by a rate of 0 without a failure",
    { policy: { threshold: 0, size: 2 }, openMillis: 1000 },
    [call("success"), call("success"), call("success"), call("failure"), call("success")],
    { results: ["success", "success", "success", "own", "open 1000"] }
  ]
]

// --- The examples of its documentation, which compose a breaker with other combinators -------------

const key = "a"
const own = "unavailable"

/** The programs of the documentation for this module. Each is the same as that of `examples4`. */
const examples = (breaker: CircuitBreaker.CircuitBreaker) => {
  const guarded = CircuitBreaker.withBreaker(breaker, { key })
  let attempts = 0
  let isHealthy = false
  const state = Effect.map(breaker.state(key), ({ _tag }) => _tag)
  const flaky = Effect.suspend(() => (++attempts <= 2 ? Effect.fail(own) : Effect.succeed(7)))
  const quote = guarded(Effect.suspend(() => (isHealthy ? Effect.succeed(42) : Effect.fail(own))))
  const isRejection = (error: unknown) => ApiError.isApiError(error) && error.reason === "CircuitOpen"
  const lookup = (name: string, address: Effect.Effect<string, string>) =>
    CircuitBreaker.withBreaker(address, breaker, { key: `geocoder:${name}` })
  return {
    "a timeout inside the breaker": Effect.never.pipe(
      Effect.timeout("5 millis"),
      guarded,
      Effect.ignore,
      Effect.zipRight(state)
    ),
    "a timeout outside of the breaker": Effect.never.pipe(
      guarded,
      Effect.timeout("5 millis"),
      Effect.ignore,
      Effect.zipRight(state)
    ),
    "a retry inside the breaker": flaky.pipe(Effect.retry({ times: 3 }), guarded, Effect.zip(state)),
    "a retry of rejections": Effect.gen(function* () {
      yield* Effect.flip(quote)
      isHealthy = true
      const schedule = Schedule.exponential("5 millis").pipe(
        Schedule.intersect(Schedule.identity<unknown>()),
        Schedule.modifyDelay(([, error], delay) =>
          ApiError.isApiError(error) ? Duration.max(delay, error.retryAfter ?? delay) : delay
        )
      )
      return yield* Effect.retry(quote, { schedule, while: isRejection, times: 5 })
    }),
    "a fallback": lookup("primary", Effect.fail(own)).pipe(
      Effect.orElse(() => lookup("fallback", Effect.succeed("1 Main St (fallback)")))
    ),
    "a defect of the call": Effect.die("defect").pipe(guarded, Effect.exit, Effect.zipRight(state))
  }
}

const examples4 = (
  breaker: CircuitBreaker4.CircuitBreaker
): Record<keyof ReturnType<typeof examples>, E4.Effect.Effect<unknown, unknown>> => {
  const guarded = breaker.execute({ key })
  let attempts = 0
  let isHealthy = false
  const state = E4.Effect.map(breaker.state(key), ({ _tag }) => _tag)
  const flaky = E4.Effect.suspend(() => (++attempts <= 2 ? E4.Effect.fail(own) : E4.Effect.succeed(7)))
  const quote = E4.Effect.suspend(() => (isHealthy ? E4.Effect.succeed(42) : E4.Effect.fail(own))).pipe(
    breaker.execute({ key })
  )
  const isRejection = (error: unknown): error is CircuitBreaker4.CircuitBreakerError =>
    error instanceof CircuitBreaker4.CircuitBreakerError
  const lookup = (name: string, address: E4.Effect.Effect<string, string>) =>
    breaker.execute(address, { key: `geocoder:${name}` })
  return {
    "a timeout inside the breaker": E4.Effect.never.pipe(
      E4.Effect.timeout("5 millis"),
      breaker.execute({ key }),
      E4.Effect.ignore,
      E4.Effect.flatMap(() => state)
    ),
    "a timeout outside of the breaker": E4.Effect.never.pipe(
      guarded,
      E4.Effect.timeout("5 millis"),
      E4.Effect.ignore,
      E4.Effect.flatMap(() => state)
    ),
    "a retry inside the breaker": E4.Effect.gen(function* () {
      const result = yield* flaky.pipe(E4.Effect.retry({ times: 3 }), breaker.execute({ key }))
      return [result, yield* state]
    }),
    "a retry of rejections": E4.Effect.gen(function* () {
      yield* E4.Effect.flip(quote)
      isHealthy = true
      const schedule = E4.Schedule.exponential("5 millis").pipe(
        E4.Schedule.modifyDelay(({ duration, input }) =>
          E4.Effect.succeed(
            isRejection(input) && input.reason._tag === "CircuitOpen"
              ? E4.Duration.max(duration, input.reason.retryAfter)
              : duration
          )
        )
      )
      return yield* E4.Effect.retry(quote, { schedule, while: isRejection, times: 5 })
    }),
    "a fallback": lookup("primary", E4.Effect.fail(own)).pipe(
      E4.Effect.catchCause(() => lookup("fallback", E4.Effect.succeed("1 Main St (fallback)")))
    ),
    "a defect of the call": E4.Effect.gen(function* () {
      yield* E4.Effect.exit(E4.Effect.die("defect").pipe(guarded))
      return yield* state
    })
  }
}

const results: Record<keyof ReturnType<typeof examples>, unknown> = {
  "a timeout inside the breaker": "Open",
  "a timeout outside of the breaker": "Closed",
  "a retry inside the breaker": [7, "Closed"],
  "a retry of rejections": 42,
  "a fallback": "1 Main St (fallback)",
  "a defect of the call": "Open"
}

describe("the circuit breakers of Effect 4 and of this package", () => {
  it.each(Object.keys(results) as Array<keyof typeof results>)(
    "returns the result of Effect 4 for %s",
    async (name) => {
      const openDuration = "20 millis"
      const mine = Effect.flatMap(
        CircuitBreaker.make({ tripPolicy: CircuitBreaker.consecutive(1), openDuration }),
        (breaker): Effect.Effect<unknown, unknown> => examples(breaker)[name]
      )
      const reference = CircuitBreaker4.make({ tripPolicy: CircuitBreaker4.consecutive(1), openDuration }).pipe(
        E4.Effect.flatMap((breaker) => examples4(breaker)[name]),
        E4.Effect.scoped,
        E4.Effect.provide(CircuitBreaker4.layerStoreMemory())
      )
      expect(await Effect.runPromise(mine)).toEqual(results[name])
      expect(await E4.Effect.runPromise(reference)).toEqual(results[name])
    }
  )

  it.each(scenarios)("%s", async (_, options, steps, shows) => {
    const [mine, reference] = await Promise.all([ours(options, steps), theirs(options, steps)])
    expect(mine).toEqual(reference)
    expect(mine).toMatchObject(shows)
  })

  it("agrees with Effect 4 in any order of calls that do not overlap", async () => {
    const step: fc.Arbitrary<Step> = fc.oneof(
      fc
        .constantFrom<Outcome>("success", "failure", "ignored", "defect", "interrupt", { hint: 700 })
        .map((one) => call(one)),
      fc.constantFrom(1, 200, 500, 1000, 4000).map(wait)
    )
    const options = fc.constantFrom<Options>(
      { policy: { consecutive: 2 }, openMillis: 500 },
      { policy: { consecutive: 1 }, openMillis: "exponential" },
      { policy: { threshold: 0.5, size: 5, minimumCalls: 2 }, openMillis: "exponential" }
    )
    await fc.assert(
      fc.asyncProperty(options, fc.array(step, { minLength: 10, maxLength: 60 }), async (options, steps) => {
        const [mine, reference] = await Promise.all([ours(options, steps), theirs(options, steps)])
        expect(mine).toEqual(reference)
      }),
      { numRuns: 40 }
    )
  })

  it.each([0, -1, 1.5, Number.NaN])("refuses %d failures in a row, like Effect 4", (failures) => {
    expect(() => CircuitBreaker.consecutive(failures)).toThrow(RangeError)
    expect(() => CircuitBreaker4.consecutive(failures)).toThrow(RangeError)
  })

  it.each([
    { threshold: 1.1 },
    { threshold: -0.1 },
    { size: 0 },
    { size: 1.5 },
    { minimumCalls: 0 },
    { size: 2, minimumCalls: 3 }
  ])("refuses the rate %j, like Effect 4", (options) => {
    expect(() => CircuitBreaker.rate(options)).toThrow(RangeError)
    expect(() => CircuitBreaker4.rate(options)).toThrow(RangeError)
  })

  it("uses the defaults of Effect 4 for a rate", () => {
    expect(CircuitBreaker.rate({})).toEqual(CircuitBreaker4.rate({}))
    expect(CircuitBreaker.consecutive(3)).toEqual(CircuitBreaker4.consecutive(3))
  })
})
