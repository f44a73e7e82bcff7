import { it } from "@effect/vitest"
import { Duration, Effect, Exit, Fiber, Scheduler, TestClock } from "effect"
import type { ApiError } from "effect-reliability"
import { Deadline, Reliability, Retry, RetryBudget, Workload } from "effect-reliability"
import { afterEach, describe, expect, vi } from "vitest"
import {
  clocks,
  failed,
  fatal,
  finish,
  manual,
  pass,
  quiet,
  retry,
  roots,
  shape,
  started,
  type Time,
  transient,
  workload
} from "../support/interruption.js"

afterEach(() => void vi.useRealTimers())

const interrupted = { failures: [], defects: [], interrupted: true }

describe("a protected call that is interrupted", () => {
  /** A policy, and a count of what becomes of its calls. */
  const observed = (options: Partial<Reliability.Options> = {}) => {
    const seen = {
      attempts: 0,
      open: 0,
      finalized: 0,
      waits: 0,
      recorded: [] as Array<string>,
      exits: [] as Array<unknown>
    }
    const policy = Reliability.make({
      workload: workload({ timeouts: { attempt: "10 seconds" }, deadline: "15 seconds" }),
      onRetry: () => Effect.sync(() => void seen.waits++),
      record: ({ of }) => void seen.recorded.push(of),
      ...options
    })
    /** Each attempt holds a resource while it runs. */
    const holding = <A, E, R>(use: (attempt: number) => Effect.Effect<A, E, R>) =>
      Effect.acquireUseRelease(
        Effect.sync(() => {
          seen.open++
          return ++seen.attempts
        }),
        use,
        () =>
          Effect.sync(() => {
            seen.open--
            seen.finalized++
          })
      )
    const watched = <A, E, R>(call: Effect.Effect<A, E, R>) =>
      Effect.onExit(call, (exit) => Effect.sync(() => void seen.exits.push(shape(exit))))
    return { seen, policy, holding, watched }
  }

  type Observed = ReturnType<typeof observed>

  interface Point {
    readonly title: string
    readonly options?: Partial<Reliability.Options>
    /** What the nth try does. */
    readonly use: (attempt: number) => Effect.Effect<unknown, ApiError.ApiError>
    /** Brings the call to the point, and returns without a pause between two things that happen at once. */
    readonly reach: (time: Time, interrupt: () => void, seen: Observed["seen"]) => Promise<void>
    readonly attempts: number
    /** What it may end with; whichever, once. */
    readonly outcome?: ReadonlyArray<unknown>
  }

  const timeout = (phase: ApiError.Phase) => failed(expect.objectContaining({ reason: "Timeout", phase }))

  const patient = workload({ timeouts: { attempt: "10 seconds" } })

  const points: ReadonlyArray<Point> = [
    {
      title: "in its first attempt",
      use: () => Effect.never,
      reach: async (time, interrupt) => {
        await pass(time, 5000)
        interrupt()
      },
      attempts: 1
    },
    {
      title: "in a later try",
      use: (attempt) => (attempt === 1 ? transient() : Effect.never),
      reach: async (time, interrupt) => {
        await pass(time, 3000)
        interrupt()
      },
      attempts: 2
    },
    {
      title: "in the wait before the next attempt",
      use: () => transient(),
      reach: async (time, interrupt, seen) => {
        await pass(time, 500)
        expect([seen.attempts, seen.waits, time.timers()]).toEqual([1, 1, 1])
        interrupt()
      },
      attempts: 1
    },
    {
      title: "in the same moment as the wait ends, just before",
      use: (attempt) => (attempt === 1 ? transient() : Effect.never),
      reach: async (time, interrupt) => {
        await quiet()
        interrupt()
        time.advance(1000)
      },
      attempts: 1
    },
    {
      title: "in the same moment as the wait ends, just after",
      use: (attempt) => (attempt === 1 ? transient() : Effect.never),
      reach: async (time, interrupt) => {
        await quiet()
        time.advance(1000)
        interrupt()
      },
      attempts: 1
    },
    {
      title: "exactly at the attempt's limit, just before",
      use: () => Effect.never,
      reach: async (time, interrupt) => {
        await quiet()
        interrupt()
        time.advance(10_000)
      },
      attempts: 1
    },
    {
      title: "exactly at the attempt's limit, just after",
      use: () => Effect.never,
      reach: async (time, interrupt) => {
        await quiet()
        time.advance(10_000)
        interrupt()
      },
      attempts: 1
    },
    {
      title: "exactly at the limit of the last attempt, just after",
      options: { workload: Workload.with(patient, { retry: retry(1) }) },
      use: () => Effect.never,
      reach: async (time, interrupt) => {
        await quiet()
        time.advance(10_000)
        interrupt()
      },
      attempts: 1,
      outcome: [interrupted, timeout("attempt")]
    },
    {
      title: "exactly at the deadline, just before",
      use: () => Effect.never,
      reach: async (time, interrupt) => {
        await pass(time, 14_999)
        interrupt()
        time.advance(1)
      },
      attempts: 2
    },
    {
      title: "exactly at the deadline, just after",
      use: () => Effect.never,
      reach: async (time, interrupt) => {
        await pass(time, 14_999)
        time.advance(1)
        interrupt()
      },
      attempts: 2,
      outcome: [interrupted, timeout("deadline")]
    },
    {
      title: "after the deadline, while the last attempt is still cleaning up",
      use: () => Effect.never.pipe(Effect.ensuring(Effect.sleep("1 minute"))),
      options: { workload: Workload.with(patient, { deadline: "10 seconds" }) },
      reach: async (time, interrupt) => {
        await pass(time, 20_000)
        interrupt()
      },
      attempts: 1,
      outcome: [interrupted, timeout("deadline")]
    },
    {
      title: "in the same moment as its answer arrives, just before",
      use: () => Effect.as(Effect.sleep("1 second"), "answer"),
      reach: async (time, interrupt) => {
        await quiet()
        interrupt()
        time.advance(1000)
      },
      attempts: 1
    },
    {
      title: "in the same moment as its answer arrives, just after",
      use: () => Effect.as(Effect.sleep("1 second"), "answer"),
      reach: async (time, interrupt) => {
        await quiet()
        time.advance(1000)
        interrupt()
      },
      attempts: 1,
      outcome: [interrupted, { value: "answer" }]
    },
    {
      title: "after it has ended",
      use: () => Effect.succeed("answer"),
      reach: async (_, interrupt) => {
        await quiet()
        interrupt()
      },
      attempts: 1,
      outcome: [{ value: "answer" }]
    }
  ]

  for (const [name, makeTime] of clocks) {
    for (const { options, outcome = [interrupted], reach, title, attempts, use } of points) {
      it(`${title}, on ${name}: finalizers run, nothing is left, the outcome is one`, async () => {
        const time = makeTime()
        const before = { roots: roots(), timers: time.timers() }
        const { holding, policy, seen, watched } = observed(options)
        const fiber = Effect.runFork(time.provide(watched(Reliability.protect(holding(use), policy))))
        await reach(time, () => fiber.unsafeInterruptAsFork(fiber.id()), seen)
        const exit = await finish(time, fiber)
        await quiet()

        expect(seen).toMatchObject({ attempts, open: 0, finalized: attempts })
        expect(started(before.roots)).toBe(0)
        expect(time.timers()).toBe(before.timers)
        expect(seen.exits).toEqual([shape(exit)])
        expect(outcome).toContainEqual(shape(exit))
        const ended = (of: string) => seen.recorded.filter((recorded) => recorded === of).length
        expect([ended("attempt"), ended("call")]).toEqual([attempts, 1])

        // nothing comes later, either
        time.advance(Duration.toMillis("2 hours"))
        await quiet()
        expect(seen).toMatchObject({ attempts, open: 0, finalized: attempts, exits: [shape(exit)] })
      })
    }

    it(`does not start ${name} when interrupted before its start`, async () => {
      const time = makeTime()
      const before = { roots: roots(), timers: time.timers() }
      const { holding, policy, seen, watched } = observed()
      const call = watched(
        Reliability.protect(
          holding(() => Effect.void),
          policy
        )
      )
      const fiber = Effect.runFork(time.provide(call), { immediate: false })
      fiber.unsafeInterruptAsFork(fiber.id())
      expect(shape(await finish(time, fiber))).toEqual(interrupted)
      expect(seen).toEqual({ attempts: 0, open: 0, finalized: 0, waits: 0, recorded: [], exits: [] })
      expect([started(before.roots), time.timers()]).toEqual([0, before.timers])
    })

    it(`withdraws nothing and leaves nothing of ${name} while the budget is empty`, async () => {
      const time = makeTime()
      const before = { roots: roots(), timers: time.timers() }
      const budget = Effect.runSync(time.provide(RetryBudget.make({ ratio: 0, minPerSecond: 0, max: 1 })))
      Effect.runSync(time.provide(budget.withdraw))
      const { holding, policy, seen, watched } = observed({ budget })

      const inFlight = watched(
        Reliability.protect(
          holding(() => Effect.never),
          policy
        )
      )
      const cut = Effect.runFork(time.provide(inFlight))
      await quiet()
      cut.unsafeInterruptAsFork(cut.id())
      expect(shape(await finish(time, cut))).toEqual(interrupted)
      expect(Effect.runSync(budget.suppressed)).toBe(0)

      // the failure and the interruption come in one moment
      const failing = watched(
        Reliability.protect(
          holding(() => Effect.zipRight(Effect.sleep(5), transient())),
          policy
        )
      )
      const both = Effect.runFork(time.provide(failing))
      await quiet()
      time.advance(5)
      both.unsafeInterruptAsFork(both.id())
      const exit = await finish(time, both)
      expect([interrupted, failed(expect.objectContaining({ attempts: 1 }))]).toContainEqual(shape(exit))
      expect(Effect.runSync(budget.suppressed)).toBe(Exit.isInterrupted(exit) ? 0 : 1)

      expect(seen).toMatchObject({ attempts: 2, open: 0, finalized: 2, waits: 0, exits: [interrupted, shape(exit)] })
      expect([started(before.roots), time.timers()]).toEqual([0, before.timers])
    })

    it(`leaves nothing of ${name} as a leaf that is interrupted before its first attempt`, async () => {
      const time = makeTime()
      const before = { roots: roots(), timers: time.timers() }
      const { holding, policy, seen, watched } = observed()
      const leaf = (use: Effect.Effect<unknown, ApiError.ApiError>) =>
        Effect.runFork(time.provide(watched(Reliability.leaf(policy, () => holding(() => use)))))

      const inTry = leaf(Effect.never)
      const inWait = leaf(transient())
      await pass(time, 500)
      for (const fiber of [inTry, inWait]) {
        fiber.unsafeInterruptAsFork(fiber.id())
        expect(shape(await finish(time, fiber))).toEqual(interrupted)
      }
      expect(seen).toMatchObject({ attempts: 2, open: 0, finalized: 2, exits: [interrupted, interrupted] })
      expect(seen.recorded).toEqual(["attempt", "attempt", "call", "call"])
      expect([started(before.roots), time.timers()]).toEqual([0, before.timers])
    })
  }

  // real timers, none of which gets to fire
  const held = () => process.getActiveResourcesInfo().filter((resource) => resource === "Timeout").length

  const hours = workload({ timeouts: { attempt: "10 hours" }, deadline: "20 hours", retry: retry(3, "5 hours") })

  // `Effect.never` keeps the process alive by a timer of its own
  const silence = Effect.async<never>(() => {})

  const holders: Record<string, Effect.Effect<unknown, unknown>> = {
    "an attempt of Reliability.protect": Reliability.protect(silence, hours),
    "a wait of Reliability.protect": Reliability.protect(transient(), hours),
    "a wait of Reliability.leaf": Reliability.leaf(hours, () => transient()),
    "a wait of Retry.retry": Retry.retry(transient(), hours.retry),
    "Workload.timeout": Workload.timeout(silence, hours),
    "Deadline.within": Deadline.within(silence, "10 hours")
  }

  // with as many at once, so that the few timers of the test runner do not change the count
  const many = 100

  const expectHeld = (before: number, expected: number) =>
    expect(Math.abs(held() - before - expected)).toBeLessThan(many / 4)

  const runMany = (effect: Effect.Effect<unknown, unknown>) =>
    Array.from({ length: many }, () => Effect.runFork(effect))

  for (const [name, effect] of Object.entries(holders)) {
    it(`holds one timer of the host in ${name}, and none after`, async () => {
      const before = held()
      const fibers = runMany(effect)
      await quiet()
      expectHeld(before, many)
      for (const fiber of fibers) fiber.unsafeInterruptAsFork(fiber.id())
      await quiet()
      expect(fibers.filter((fiber) => fiber.unsafePoll() === null)).toEqual([])
      expectHeld(before, 0)
    })
  }

  const ends: Record<string, Effect.Effect<unknown, unknown>> = {
    "a value": Effect.succeed(1),
    "a Fatal": fatal,
    "an error of its own": Effect.fail("foreign"),
    "a defect": Effect.die("defect"),
    "its own interruption": Effect.interrupt
  }

  for (const [name, end] of Object.entries(ends)) {
    it(`leaves no timer of the host after ${name}`, async () => {
      const late = Effect.zipRight(Effect.yieldNow(), end)
      for (const limited of [
        Reliability.protect(late, hours),
        Workload.timeout(late, hours),
        Deadline.within(late, "10 hours")
      ]) {
        const before = held()
        const fibers = runMany(limited)
        await quiet()
        expect(fibers.filter((fiber) => fiber.unsafePoll() === null)).toEqual([])
        expectHeld(before, 0)
      }
    })
  }

  /** Interrupts a fiber before its nth operation. */
  class Interrupting extends Scheduler.MixedScheduler {
    operations = 0
    readonly nth: number
    target: unknown

    constructor(nth: number) {
      super(2048)
      this.nth = nth
    }

    override shouldYield(fiber: Fiber.RuntimeFiber<unknown, unknown>): number | false {
      // the first that runs is the one
      this.target ??= fiber
      if (fiber === this.target && ++this.operations === this.nth) fiber.unsafeInterruptAsFork(fiber.id())
      return super.shouldYield(fiber)
    }
  }

  type Limiting = <A>(
    use: Effect.Effect<A, ApiError.ApiError>,
    record?: Reliability.Options["record"]
  ) => Effect.Effect<A, ApiError.ApiError>

  const limiting: Record<string, Limiting> = {
    "Reliability.protect": (use, record) => Reliability.protect(use, observed({ record }).policy),
    "Reliability.protect within another": (use, record) =>
      Reliability.protect(Reliability.protect(use, observed({ record }).policy), observed().policy),
    "Reliability.leaf": (use, record) => Reliability.leaf(observed({ record }).policy, () => use),
    "Retry.retry": (use) => Retry.retry(use, retry(3)),
    "Workload.timeout": Workload.timeout(patient),
    "Deadline.within": Deadline.within("10 seconds")
  }

  const uses: Record<string, Effect.Effect<unknown, ApiError.ApiError>> = {
    "never ends": silence,
    "fails at once": transient(),
    "fails after a yield": Effect.zipRight(Effect.yieldNow(), transient()),
    "succeeds at once": Effect.succeed("value"),
    "succeeds after a yield": Effect.zipRight(Effect.yieldNow(), Effect.succeed("value"))
  }

  for (const [name, limited] of Object.entries(limiting)) {
    for (const [what, use] of Object.entries(uses)) {
      it(`${name} of what ${what}, between any two operations: finalizers run, nothing is left`, async () => {
        const before = roots()
        for (let nth = 1; ; nth++) {
          const time = manual()
          const { holding, seen, watched } = observed()
          const scheduler = new Interrupting(nth)
          const told = { attempts: 0, calls: 0 }
          const record = ({ of }: Reliability.Outcome) => void told[of === "attempt" ? "attempts" : "calls"]++
          const call = time.provide(
            watched(
              limited(
                holding(() => use),
                record
              )
            )
          )
          const fiber = Effect.runFork(call, { scheduler })
          await quiet()
          const reached = scheduler.operations >= nth
          if (!reached) fiber.unsafeInterruptAsFork(fiber.id())
          await quiet()
          const left = {
            running: fiber.unsafePoll() === null,
            open: seen.open,
            fibers: started(before),
            timers: time.timers(),
            exits: seen.exits.length > 1
          }
          expect({ nth, ...left }).toEqual({ nth, running: false, open: 0, fibers: 0, timers: 0, exits: false })
          if (name.startsWith("Reliability")) {
            // an attempt may be cut off before its first operation, and a call before its first attempt
            expect([seen.attempts, seen.attempts + 1]).toContain(told.attempts)
            expect(told.calls).toBe(told.attempts > 0 ? 1 : 0)
          }
          if (!reached) {
            expect(nth).toBeGreaterThan(5)
            return
          }
        }
      })
    }
  }

  it.effect("leaves no fiber under TestClock, in an attempt or in a wait, at a limit or before", () =>
    Effect.gen(function* () {
      const { policy } = observed()
      const before = roots()
      for (const use of [Effect.never, transient(), Effect.zipRight(Effect.sleep("2 seconds"), transient())]) {
        for (const after of [0, 500, 2500, 10_000, 15_000]) {
          const fiber = yield* Effect.fork(Reliability.protect(use, policy))
          yield* TestClock.adjust(after)
          yield* Fiber.interrupt(fiber)
          expect(started(before)).toBe(0)
        }
      }
    })
  )
})
