import { it } from "@effect/vitest"
import { Cause, Chunk, Effect, Exit, FastCheck as fc, Fiber, TestClock, TestContext } from "effect"
import { ApiError, Deadline, Reliability, RetryBudget, Workload } from "effect-reliability"
import { afterEach, describe, expect, vi } from "vitest"
import { fatal, retry, roots, started, transient, workload } from "../support/interruption.js"

afterEach(() => void vi.useRealTimers())

const closed = transient({ reason: "ConnectionLost", delivery: "Unconfirmed", reusedSocket: true })

describe("a hundred thousand calls, of which some are interrupted", () => {
  // `TestClock` wakes sleepers that are long gone, and takes its time for each: limits that are not to be reached lie
  // beyond the minute that a round takes
  const relaxed = workload({ timeouts: { attempt: "10 minutes" }, deadline: "20 minutes", retry: retry(2) })

  const hasty = workload({ timeouts: { attempt: "5 seconds" }, deadline: "5 seconds", retry: retry(2) })

  /** Lets a number of others run before. */
  const yields = (times: number) =>
    Effect.forEach(Array.from({ length: times }), () => Effect.yieldNow(), { discard: true })

  interface Kind {
    readonly weight: number
    readonly workload?: Workload.Workload
    readonly broke?: boolean
    readonly use: (attempt: number, pauses: number) => Effect.Effect<unknown, ApiError.ApiError | "foreign">
    readonly expected: string
  }

  /** An exit in a few words. */
  const inWords = (exit: Exit.Exit<unknown, unknown>): string => {
    if (Exit.isSuccess(exit)) return String(exit.value)
    const failures = Chunk.map(Cause.failures(exit.cause), (error) =>
      ApiError.isApiError(error) ? `${error.phase ?? error.reason} after ${error.attempts}` : String(error)
    )
    const interruption = Cause.isInterrupted(exit.cause) ? ["interrupted"] : []
    return [...failures, ...Cause.defects(exit.cause), ...interruption].join(", ")
  }

  const kinds: Record<string, Kind> = {
    // without a wake-up of the clock
    "a value at once": { weight: 30, use: () => Effect.succeed("value"), expected: "value" },
    "a value from a callback": {
      weight: 30,
      use: () => Effect.async((resume) => queueMicrotask(() => resume(Effect.succeed("value")))),
      expected: "value"
    },
    "a value after yields": {
      weight: 30,
      use: (_, pauses) => Effect.as(yields(pauses), "value"),
      expected: "value"
    },
    "a Fatal": {
      weight: 15,
      use: (_, pauses) => Effect.zipRight(yields(pauses), fatal),
      expected: "Unauthorized after 1"
    },
    "an error of its own": {
      weight: 15,
      use: (_, pauses) => Effect.zipRight(yields(pauses), Effect.fail("foreign" as const)),
      expected: "foreign"
    },
    "a defect": {
      weight: 15,
      use: (_, pauses) => Effect.zipRight(yields(pauses), Effect.die("defect")),
      expected: "defect"
    },
    "a closed connection, then a value": {
      weight: 15,
      use: (attempt, pauses) => Effect.zipRight(yields(pauses), attempt === 1 ? closed : Effect.succeed("value")),
      expected: "value"
    },
    "a closed connection, then a Fatal": {
      weight: 5,
      use: (attempt, pauses) => Effect.zipRight(yields(pauses), Effect.fail(attempt === 1 ? closed : fatal)),
      expected: "Unauthorized after 2"
    },
    "an empty budget": {
      weight: 15,
      broke: true,
      use: (_, pauses) => Effect.zipRight(yields(pauses), transient()),
      expected: "Unavailable after 1"
    },
    "a wait that would end after the deadline": {
      weight: 15,
      workload: Workload.with(relaxed, { retry: retry(2, "20 minutes") }),
      use: (_, pauses) => Effect.zipRight(yields(pauses), transient()),
      expected: "Unavailable after 1"
    },
    // with one, or two
    "a wait, then a value": {
      weight: 1,
      use: (attempt, pauses) => Effect.zipRight(yields(pauses), attempt === 1 ? transient() : Effect.succeed("value")),
      expected: "value"
    },
    "the attempt's limit": {
      weight: 1,
      workload: Workload.with(hasty, { retry: retry(1) }),
      use: () => Effect.never,
      expected: "attempt after 1"
    },
    "the deadline": {
      weight: 1,
      workload: hasty,
      use: (attempt) => (attempt === 1 ? transient() : Effect.never),
      expected: "deadline after 2"
    }
  }

  const named = Object.keys(kinds)

  interface Plan {
    readonly kind: string
    /** What is around it. */
    readonly around: "nothing" | "Workload.timeout" | "Deadline.within" | "Reliability.protect"
    readonly pauses: number
    /** After how many yields it is interrupted from outside. */
    readonly interruptedAfter: number | "before its start" | undefined
  }

  const plan: fc.Arbitrary<Plan> = fc.record({
    kind: fc.oneof(...named.map((kind) => ({ weight: kinds[kind]?.weight ?? 0, arbitrary: fc.constant(kind) }))),
    around: fc.oneof(
      { weight: 7, arbitrary: fc.constant("nothing" as const) },
      {
        weight: 1,
        arbitrary: fc.constantFrom(
          "Workload.timeout" as const,
          "Deadline.within" as const,
          "Reliability.protect" as const
        )
      }
    ),
    pauses: fc.nat(4),
    interruptedAfter: fc.oneof(
      { weight: 16, arbitrary: fc.constant(undefined) },
      { weight: 3, arbitrary: fc.nat(6) },
      { weight: 1, arbitrary: fc.constant("before its start" as const) }
    )
  })

  const rounds = 100
  const calls = 1000

  const around: { readonly [K in Plan["around"]]: <A, E>(call: Effect.Effect<A, E>) => Effect.Effect<A, unknown> } = {
    nothing: (call) => call,
    "Workload.timeout": Workload.timeout(relaxed),
    "Deadline.within": Deadline.within("10 minutes"),
    "Reliability.protect": Reliability.protect(relaxed)
  }

  /** Makes a thousand calls at once, and tells what became of each. */
  const round = (seed: number) =>
    Effect.gen(function* () {
      const before = roots()
      const empty = yield* RetryBudget.make({ ratio: 0, minPerSecond: 0, max: 1 })
      yield* empty.withdraw
      const made = fc.sample(plan, { seed, numRuns: calls }).map((plan) => {
        const kind = kinds[plan.kind]
        if (kind === undefined) throw new Error(plan.kind)
        const seen = { attempts: 0, open: 0, exits: [] as Array<string>, recorded: [] as Array<string> }
        const policy = Reliability.make({
          workload: kind.workload ?? relaxed,
          budget: kind.broke === true ? empty : undefined,
          record: ({ of }) => void seen.recorded.push(of)
        })
        const use = Effect.acquireUseRelease(
          Effect.sync(() => {
            seen.open++
            return ++seen.attempts
          }),
          (attempt) => kind.use(attempt, plan.pauses),
          () => Effect.sync(() => void seen.open--)
        )
        const call = around[plan.around](Reliability.protect(use, policy)).pipe(
          Effect.onExit((exit) => Effect.sync(() => void seen.exits.push(inWords(exit))))
        )
        return { plan, kind, seen, call }
      })
      const fibers = yield* Effect.forEach(
        made,
        ({ call, plan }) =>
          Effect.gen(function* () {
            const { interruptedAfter } = plan
            const fiber = yield* Effect.fork(call)
            if (interruptedAfter === "before its start") yield* Fiber.interruptAsFork(fiber, fiber.id())
            else if (interruptedAfter !== undefined) {
              yield* Effect.fork(Effect.zipRight(yields(interruptedAfter), Fiber.interrupt(fiber)))
            }
            return fiber
          })
        // none starts before all are there
      ).pipe(Effect.withMaxOpsBeforeYield(Infinity))
      yield* TestClock.adjust("1 minute")

      for (const [index, { kind, plan, seen }] of made.entries()) {
        const exit = fibers[index]?.unsafePoll() ?? undefined
        const end = exit === undefined ? "has not ended" : inWords(exit)
        const cut = end.endsWith("interrupted")
        const neverStarted = plan.interruptedAfter === "before its start"
        const { exits, open, recorded, attempts } = seen
        const records = (of: string) => recorded.filter((recorded) => recorded === of).length

        const fine =
          open === 0 &&
          exits.join("; ") === (neverStarted ? "" : end) &&
          (cut ? records("call") <= 1 : records("call") === 1) &&
          (cut ? records("attempt") <= attempts : records("attempt") === attempts) &&
          (neverStarted
            ? end === "interrupted" && attempts === 0 && recorded.length === 0
            : plan.interruptedAfter === undefined
              ? end === kind.expected
              : // a defect at the moment of an interruption appears with it
                [kind.expected, "interrupted", "defect, interrupted"].includes(end))
        // the seed and the index are what it takes to make the same call again
        if (!fine) expect.fail(JSON.stringify({ seed, index, plan, expected: kind.expected, end, ...seen }))
      }
      expect(started(before), `fibers left by seed ${seed}`).toBe(0)
      return made.length
    })

  it("ends each call once, in one way, and leaves nothing", async () => {
    let ended = 0
    for (let seed = 1; seed <= rounds; seed++) {
      ended += await Effect.runPromise(Effect.provide(round(seed), TestContext.TestContext))
    }
    expect(ended).toBe(rounds * calls)
  })
})
