/**
 * Who may end a call, when, and what is left then: interruption at every point of it, limits that must be no different
 * from Effect's own, clocks that jump, observers that misbehave, and limits within limits.
 */
import { it } from "@effect/vitest"
import {
  Cause,
  Chunk,
  Context,
  Duration,
  Effect,
  Exit,
  FastCheck as fc,
  Fiber,
  FiberRef,
  HashMap,
  Logger,
  LogLevel,
  Option,
  RuntimeFlags,
  RuntimeFlagsPatch,
  Schedule,
  Scheduler,
  Scope,
  TestClock,
  TestContext
} from "effect"
import { ApiError, Deadline, Reliability, Retry, RetryBudget, Workload } from "effect-reliability"
import { setImmediate } from "node:timers/promises"
import { afterEach, describe, expect, vi } from "vitest"
import * as ManualClock from "./support/manualClock.js"

// -------------------------------------------------------------------------------------------------
// Time, and what is left behind
// -------------------------------------------------------------------------------------------------

/** Time that passes when it is told to, in no time. */
interface Time {
  readonly provide: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  /** Monotonic milliseconds since the start. */
  readonly now: () => number
  /** Fires what is due before it returns. */
  readonly advance: (millis: number) => void
  /** Goes to the next timer that is set. */
  readonly next: () => void
  /** The number of timers that are set. */
  readonly timers: () => number
  /** Sets the wall clock forward or back. */
  readonly jump: (millis: number) => void
}

const manual = (): Time => {
  const clock = ManualClock.make()
  const start = clock.now()
  return {
    provide: Effect.withClock(clock),
    now: () => clock.now() - start,
    advance: clock.advance,
    next: () => clock.advance(clock.pending()[0] ?? 0),
    timers: () => clock.pending().length,
    jump: clock.jump
  }
}

/** The default clock, above a host whose timers are moved by hand. */
const host = (): Time => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date", "performance"] })
  const start = performance.now()
  return {
    provide: (effect) => effect,
    now: () => performance.now() - start,
    advance: (millis) => void vi.advanceTimersByTime(millis),
    next: () => void vi.advanceTimersToNextTimer(),
    timers: () => vi.getTimerCount(),
    jump: (millis) => void vi.setSystemTime(Date.now() + millis)
  }
}

afterEach(() => void vi.useRealTimers())

const clocks = [
  ["the default clock", host],
  ["a clock of the user's", manual]
] as const

/** Lets all fibers run until each of them waits for something. */
const quiet = () => setImmediate()

/** The fibers that belong to nobody, and so end with nobody. */
const roots = (): ReadonlySet<unknown> => new Set(Fiber.unsafeRoots())

const started = (before: ReadonlySet<unknown>): number => [...roots()].filter((fiber) => !before.has(fiber)).length

/** Lets time pass until a fiber has ended. */
const finish = async <A, E>(time: Time, fiber: Fiber.RuntimeFiber<A, E>): Promise<Exit.Exit<A, E>> => {
  for (let wakes = 0; wakes < 1000; wakes++) {
    await quiet()
    const exit = fiber.unsafePoll()
    if (exit !== null) return exit
    if (time.timers() === 0) throw new Error("waits for ever")
    time.next()
  }
  throw new Error("goes on for ever")
}

/** Lets time pass, stopping at each wake-up on the way. */
const pass = async (time: Time, millis: number) => {
  const end = time.now() + millis
  for (;;) {
    await quiet()
    const left = end - time.now()
    if (left <= 0) return
    time.advance(Math.min(left, 50))
  }
}

/** An exit, reduced to what its reader can tell. */
const shape = (exit: Exit.Exit<unknown, unknown>) =>
  Exit.match(exit, {
    onSuccess: (value) => ({ value }),
    onFailure: (cause) => ({
      failures: Chunk.toReadonlyArray(Cause.failures(cause)),
      defects: Chunk.toReadonlyArray(Cause.defects(cause)),
      interrupted: Cause.isInterrupted(cause)
    })
  })

const interrupted = { failures: [], defects: [], interrupted: true }

const failed = (error: unknown) => ({ failures: [error], defects: [], interrupted: false })

const transient = (props: Partial<ConstructorParameters<typeof ApiError.Transient>[0]> = {}) =>
  new ApiError.Transient({ reason: "Unavailable", delivery: "Acknowledged", status: 503, ...props })

const fatal = new ApiError.Fatal({ reason: "Unauthorized", delivery: "Acknowledged", status: 401 })

const closed = transient({ reason: "ConnectionLost", delivery: "Unconfirmed", reusedSocket: true })

const retry = (attempts: number, base: Duration.DurationInput = "1 second") =>
  Retry.make({ attempts, base, cap: Duration.infinity, jitter: "none" })

const workload = (options: Partial<Workload.Options> & Pick<Workload.Options, "timeouts">) =>
  Workload.make({ name: "test", retry: retry(3), ...options })

// -------------------------------------------------------------------------------------------------
// Interruption at every point
// -------------------------------------------------------------------------------------------------

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

    it(`before it starts, on ${name}: it does not start`, async () => {
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

    it(`while the budget is empty, on ${name}: nothing is withdrawn, nothing is left`, async () => {
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

    it(`before its first attempt, and by itself, on ${name}: a leaf leaves nothing`, async () => {
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

  // of as many at once, so that the few timers which the test runner sets meanwhile are none of them
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

// -------------------------------------------------------------------------------------------------
// Limits that are no different from Effect's
// -------------------------------------------------------------------------------------------------

class Late {
  readonly _tag = "Late"
}

/** A limit of 100 ms. */
type Limit = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E | Late, R>

/** Takes the limit's error for the same, whoever it is from. */
const late = <A, E, R>(effect: Effect.Effect<A, unknown, R>): Effect.Effect<A, E | Late, R> =>
  Effect.mapError(effect, (error) =>
    error instanceof Late || (ApiError.isApiError(error) && error.reason === "Timeout") ? new Late() : (error as E)
  )

const timeoutFail: Limit = (effect) =>
  late(Effect.timeoutFail(effect, { duration: "100 millis", onTimeout: () => new Late() }))

const brief = workload({ timeouts: { attempt: "100 millis" }, retry: retry(1) })

const limits: Record<string, Limit> = {
  "Workload.timeout": (effect) => late(Workload.timeout(effect, brief)),
  "Deadline.within": (effect) => late(Deadline.within(effect, "100 millis")),
  "Reliability.protect": (effect) => late(Reliability.protect(effect, brief))
}

const thrice =
  (limit: Limit): Limit =>
  (effect) =>
    limit(limit(limit(effect)))

/** What a program may note, with the moment at which it happened. */
type Note = (event: unknown) => Effect.Effect<void>

type Program = (limit: Limit, note: Note) => Effect.Effect<unknown, unknown>

class Greeting extends Context.Tag("test/Greeting")<Greeting, string>() {}

const ref = FiberRef.unsafeMake<string | undefined>("initial")

/** One that its owner gets back changed in ways of its own. */
const counter = FiberRef.unsafeMake(0, { fork: (n) => n + 1, join: (parent, child) => parent * 10 + child })

const values = Effect.all([FiberRef.get(ref), FiberRef.get(counter)])

const change = Effect.zipRight(
  FiberRef.set(ref, "changed"),
  FiberRef.update(counter, (n) => n + 100)
)

/** Runs a limited effect in a fiber of its own, and interrupts it from outside after 10 ms. */
const interruptedFromOutside = <A, E>(effect: Effect.Effect<A, E>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.fork(effect)
    yield* Effect.sleep(10)
    return shape(yield* Fiber.interrupt(fiber))
  })

const cooperative = Effect.map(Effect.getRuntimeFlags, RuntimeFlags.cooperativeYielding)

const uncooperative = RuntimeFlagsPatch.disable(RuntimeFlags.CooperativeYielding)

const resource = (note: Note) => Effect.acquireRelease(note("acquired"), () => note("released"))

/** What no limit of these tests waits for. */
const nothing = Effect.as(Effect.sleep("1 hour"), "value")

/** Effects that end in each possible way, at once or later. */
const endings: Record<string, Effect.Effect<unknown, unknown>> = {
  "a value at once": Effect.succeed("value"),
  "a value after a yield": Effect.zipRight(Effect.yieldNow(), Effect.succeed("value")),
  "a value after many yields": Effect.as(Effect.repeatN(Effect.yieldNow(), 100), "value"),
  "a value by promise": Effect.promise(() => Promise.resolve("value")),
  "a value from a callback": Effect.async((resume) => queueMicrotask(() => resume(Effect.succeed("value")))),
  "a value from a callback that is called at once": Effect.async((resume) => resume(Effect.succeed("value"))),
  "a value just in time": Effect.as(Effect.sleep(99), "value"),
  "a value too late": Effect.as(Effect.sleep(101), "value"),
  "a value computed at length": Effect.sync(() => Array.from({ length: 10_000 }, (_, n) => n).length),
  "a failure at once": Effect.fail("failure"),
  "a failure after a yield": Effect.zipRight(Effect.yieldNow(), Effect.fail("failure")),
  "a defect at once": Effect.die("defect"),
  "a defect after a yield": Effect.zipRight(Effect.yieldNow(), Effect.die("defect")),
  "an exception": Effect.sync((): string => {
    throw new TypeError("thrown")
  }),
  "a failure, and a defect of its finalizer": Effect.ensuring(Effect.fail("failure"), Effect.die("defect")),
  "a failure, and a defect beside it": Effect.failCause(Cause.parallel(Cause.fail("failure"), Cause.die("defect"))),
  "failures of fibers side by side": Effect.all([Effect.fail("one"), Effect.fail("two"), nothing], {
    concurrency: "unbounded"
  }),
  "its own interruption": Effect.interrupt,
  "its own interruption after a yield": Effect.zipRight(Effect.yieldNow(), Effect.interrupt),
  "its own interruption, and a defect": Effect.ensuring(Effect.interrupt, Effect.die("defect")),
  nothing: nothing,
  "nothing, disconnected": Effect.disconnect(nothing),
  "nothing, and a finalizer that takes longer than the limit": Effect.ensuring(nothing, Effect.sleep(500)),
  "nothing, and a finalizer that dies": Effect.ensuring(nothing, Effect.die("defect")),
  "nothing, and a long finalizer, disconnected": Effect.disconnect(Effect.ensuring(nothing, Effect.sleep(500))),
  "a value, uninterruptible, too late": Effect.uninterruptible(Effect.as(Effect.sleep(150), "value")),
  "a failure, uninterruptible, too late": Effect.uninterruptible(Effect.zipRight(Effect.sleep(150), Effect.fail("x"))),
  "a defect, uninterruptible, too late": Effect.uninterruptible(Effect.zipRight(Effect.sleep(150), Effect.die("x"))),
  "a value, uninterruptible, in time": Effect.uninterruptible(Effect.as(Effect.sleep(50), "value")),
  "nothing, interruptible within uninterruptible": Effect.uninterruptible(Effect.interruptible(nothing))
}

// what dies after the limit that follows its interruption: `Effect.timeoutFail` tells of neither limit nor defect
const untold = "a defect, uninterruptible, too late, interrupted from outside"

const programs: Record<string, Program> = {
  ...Object.fromEntries(
    Object.entries(endings).flatMap(([title, effect]): ReadonlyArray<readonly [string, Program]> => [
      [
        `${title}: references of the fiber come back on success only`,
        (limit, note) =>
          Effect.zipRight(change, effect).pipe(
            limit,
            Effect.onExit(() => Effect.flatMap(values, note))
          )
      ],
      [`${title}, in an uninterruptible region`, (limit) => Effect.uninterruptible(limit(effect))],
      [
        `${title}, in an uninterruptible region that lets it be interrupted`,
        (limit) => Effect.uninterruptibleMask((restore) => limit(restore(effect)))
      ],
      [
        `${title}: tells its finalizers, once`,
        (limit, note) =>
          effect.pipe(
            Effect.onExit((exit) => note(["inside", shape(exit)])),
            limit,
            Effect.onExit((exit) => note(["outside", shape(exit)]))
          )
      ],
      [
        `${title}, interrupted from outside`,
        (limit, note) =>
          interruptedFromOutside(
            effect.pipe(
              Effect.onInterrupt(() => note("inside")),
              limit,
              Effect.onExit((exit) => note(shape(exit)))
            )
          )
      ],
      [
        `${title}, interrupted from outside an uninterruptible region`,
        (limit, note) =>
          interruptedFromOutside(
            Effect.uninterruptible(
              effect.pipe(
                limit,
                Effect.onExit((exit) => note(shape(exit)))
              )
            )
          )
      ],
      [
        `${title}, interrupted from outside an uninterruptible region that lets it be interrupted`,
        (limit, note) =>
          interruptedFromOutside(
            Effect.uninterruptibleMask((restore) =>
              limit(restore(effect)).pipe(Effect.onExit((exit) => note(shape(exit))))
            )
          )
      ],
      [
        `${title}: a scope outside stays open, one inside is closed`,
        (limit, note) =>
          Effect.scoped(
            Effect.gen(function* () {
              const outer = resource((event) => note(["outer", event]))
              const inner = resource((event) => note(["inner", event]))
              yield* note(shape(yield* Effect.exit(limit(Effect.all([outer, Effect.scoped(inner), effect])))))
              yield* note("about to close")
            })
          )
      ],
      [
        `${title}: says nothing of its own to the loggers`,
        (limit, note) =>
          Effect.gen(function* () {
            const messages: Array<unknown> = []
            const logger = Logger.make(({ message }) => void messages.push(message))
            yield* limit(Effect.zipRight(Effect.logDebug("mine"), effect)).pipe(
              Effect.exit,
              Effect.provide(Logger.replace(Logger.defaultLogger, logger)),
              Logger.withMinimumLogLevel(LogLevel.All)
            )
            yield* note(messages)
          })
      ]
    ])
  ),

  "a reference set to nothing comes back": (limit, note) =>
    Effect.zipRight(limit(FiberRef.set(ref, undefined)), Effect.flatMap(values, note)),
  "a reference changed by some of several limited effects comes back": (limit, note) =>
    Effect.all([limit(change), limit(Effect.fail("failure").pipe(Effect.ensuring(FiberRef.set(ref, "lost"))))], {
      concurrency: 2,
      mode: "either"
    }).pipe(Effect.zipRight(Effect.flatMap(values, note))),
  "a reference set around is seen inside": (limit, note) =>
    Effect.locally(limit(Effect.flatMap(values, note)), ref, "around"),
  "a reference set inside for a while is not seen outside": (limit, note) =>
    Effect.zipRight(limit(Effect.locally(Effect.flatMap(values, note), ref, "inside")), Effect.flatMap(values, note)),
  "a reference changed inside another's scope goes back with it": (limit, note) =>
    Effect.gen(function* () {
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* limit(Effect.locallyScoped(ref, "scoped"))
          yield* Effect.flatMap(values, note)
        })
      )
      yield* Effect.flatMap(values, note)
    }),
  "references changed before, inside and after": (limit, note) =>
    Effect.gen(function* () {
      yield* change
      yield* limit(change)
      yield* change
      yield* Effect.exit(limit(Effect.zipRight(change, Effect.fail("failure"))))
      yield* Effect.flatMap(values, note)
    }),
  "services given around are seen inside": (limit, note) =>
    limit(Effect.flatMap(Greeting, note)).pipe(Effect.provideService(Greeting, "around")),
  "services given inside are not seen outside": (limit, note) =>
    Effect.gen(function* () {
      yield* limit(Effect.flatMap(Greeting, note).pipe(Effect.provideService(Greeting, "inside")))
      yield* Effect.flatMap(Greeting, note)
    }).pipe(Effect.provideService(Greeting, "around")),
  "a scope of the caller's holds what is acquired inside": (limit, note) =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      yield* limit(resource(note)).pipe(Scope.extend(scope))
      yield* note("after")
      yield* Scope.close(scope, Exit.void)
    }),
  "spans nest": (limit, note) =>
    Effect.gen(function* () {
      const names = Effect.gen(function* () {
        const span = yield* Effect.currentSpan
        const parent = Option.flatMap(span.parent, (outer) =>
          outer._tag === "Span" ? Option.some(outer.name) : Option.none()
        )
        yield* note([span.name, Option.getOrNull(parent)])
      })
      yield* limit(Effect.zipRight(names, Effect.withSpan(names, "inner")))
      yield* names
    }).pipe(Effect.withSpan("outer")),
  "a span that is annotated inside is the one outside": (limit, note) =>
    Effect.gen(function* () {
      yield* limit(Effect.annotateCurrentSpan("key", "value"))
      yield* note([...(yield* Effect.currentSpan).attributes])
    }).pipe(Effect.withSpan("outer")),
  "annotations of the log are seen inside, and their changes stay there": (limit, note) =>
    Effect.gen(function* () {
      const annotations = Effect.map(Effect.logAnnotations, (map) => Object.fromEntries(HashMap.toEntries(map)))
      yield* limit(Effect.annotateLogs(Effect.flatMap(annotations, note), "inside", 2))
      yield* Effect.flatMap(annotations, note)
    }).pipe(Effect.annotateLogs("around", 1)),
  "flags of the runtime set around are seen inside": (limit, note) =>
    Effect.withRuntimeFlagsPatch(limit(Effect.flatMap(cooperative, note)), uncooperative),
  "flags of the runtime set inside for a while are not seen outside": (limit, note) =>
    Effect.zipRight(
      limit(Effect.withRuntimeFlagsPatch(Effect.flatMap(cooperative, note), uncooperative)),
      Effect.flatMap(cooperative, note)
    ),
  "flags of the runtime set inside for good come back": (limit, note) =>
    Effect.zipRight(limit(Effect.patchRuntimeFlags(uncooperative)), Effect.flatMap(cooperative, note)),
  "flags of the runtime set inside for good, after a yield, come back": (limit, note) =>
    Effect.zipRight(
      limit(Effect.zipRight(Effect.yieldNow(), Effect.patchRuntimeFlags(uncooperative))),
      Effect.flatMap(cooperative, note)
    ),
  "flags of the runtime set inside are lost with a failure": (limit, note) =>
    Effect.zipRight(
      Effect.exit(limit(Effect.zipRight(Effect.patchRuntimeFlags(uncooperative), Effect.fail("failure")))),
      Effect.flatMap(cooperative, note)
    ),
  "a fiber forked as a daemon outlives all": (limit, note) =>
    Effect.gen(function* () {
      const daemon = yield* limit(Effect.forkDaemon(Effect.zipRight(Effect.sleep(200), note("daemon"))))
      yield* note("after")
      yield* Fiber.await(daemon)
    }),
  "a fiber forked in a scope ends with the scope": (limit, note) =>
    Effect.gen(function* () {
      const forked = Effect.never.pipe(
        Effect.onInterrupt(() => note("interrupted")),
        Effect.forkScoped
      )
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* limit(forked)
          yield* Effect.sleep(200)
          yield* note("about to close")
        })
      )
    }),
  "a fiber joined inside": (limit) =>
    limit(Effect.flatMap(Effect.fork(Effect.zipRight(change, values)), Fiber.join)).pipe(Effect.zip(values)),
  "a race inside": (limit) =>
    limit(Effect.race(Effect.as(Effect.sleep(20), "slow"), Effect.as(Effect.sleep(10), "fast"))),
  "side by side": (limit) =>
    Effect.forEach([10, 50, 150], (millis) => Effect.option(limit(Effect.as(Effect.sleep(millis), millis))), {
      concurrency: "unbounded"
    }),
  "interrupted while it finalizes what its limit interrupted": (limit, note) =>
    Effect.gen(function* () {
      const cleaning = Effect.zipRight(Effect.sleep(100), note("cleaned"))
      const fiber = yield* Effect.fork(limit(Effect.ensuring(Effect.never, cleaning)))
      yield* Effect.sleep(150)
      return shape(yield* Fiber.interrupt(fiber))
    }),
  "the limit of an effect that finalizes what interrupted it": (limit, note) =>
    Effect.gen(function* () {
      const cleaning = Effect.zipRight(Effect.sleep(200), note("cleaned"))
      const fiber = yield* Effect.fork(limit(Effect.ensuring(Effect.never, cleaning)))
      yield* Effect.sleep(50)
      return shape(yield* Fiber.interrupt(fiber))
    }),
  "interrupted twice": (limit, note) =>
    Effect.gen(function* () {
      const cleaning = Effect.zipRight(Effect.sleep(200), note("cleaned"))
      const fiber = yield* Effect.fork(limit(Effect.ensuring(Effect.never, cleaning)))
      yield* Effect.sleep(10)
      yield* Fiber.interruptFork(fiber)
      yield* Effect.sleep(10)
      return shape(yield* Fiber.interrupt(fiber))
    }),
  "in a finalizer of an interrupted fiber, interruptible inside": (limit, note) =>
    interruptedFromOutside(
      Effect.ensuring(
        Effect.never,
        Effect.interruptible(Effect.as(Effect.sleep(20), "value")).pipe(
          limit,
          Effect.exit,
          Effect.flatMap((exit) => note(shape(exit)))
        )
      )
    ),
  "interrupted with the fiber that forked it": (limit, note) =>
    Effect.gen(function* () {
      const limited = limit(Effect.never.pipe(Effect.onInterrupt(() => note("inside"))))
      const parent = yield* Effect.fork(Effect.zipRight(Effect.fork(limited), Effect.sleep(10)))
      yield* Fiber.join(parent)
      yield* note("parent ended")
    }),
  "interrupted by the winner of a race": (limit, note) =>
    Effect.race(limit(Effect.never.pipe(Effect.onInterrupt(() => note("lost")))), Effect.as(Effect.sleep(10), "won"))
}

describe("a limit is no different from Effect.timeoutFail", () => {
  /** All that can be told of a program from outside. */
  const observe = async (program: Program, limit: Limit) => {
    const time = manual()
    const before = roots()
    const notes: Array<readonly [at: number, event: unknown]> = []
    const note: Note = (event) => Effect.sync(() => void notes.push([time.now(), event]))
    const fiber = Effect.runFork(
      time.provide(Effect.asVoid(Effect.exit(program(limit, note)).pipe(Effect.tap((exit) => note(shape(exit))))))
    )
    await finish(time, fiber)
    while (time.timers() > 0) {
      time.next()
      await quiet()
    }
    return { notes, left: started(before) }
  }

  for (const [title, program] of Object.entries(programs).filter(([title]) => title !== untold)) {
    it(title, async () => {
      const once = await observe(program, timeoutFail)
      const nested = await observe(program, thrice(timeoutFail))
      for (const [name, limit] of Object.entries(limits)) {
        expect([name, await observe(program, limit)]).toEqual([name, once])
        expect([name, "three deep", await observe(program, thrice(limit))]).toEqual([name, "three deep", nested])
      }
    })
  }
})

describe("a fiber that is forked under a limit", () => {
  // `Effect.timeoutFail` ends it with the effect; but a limit that is not reached should not be noticed
  const forks = (note: Note) => Effect.fork(nothing.pipe(Effect.onInterrupt(() => note("interrupted"))))

  for (const [name, limit] of Object.entries(limits)) {
    for (const [depth, wrap] of [
      ["", limit],
      [", three deep", thrice(limit)]
    ] as const) {
      for (const [ending, end] of [
        ["a success", Effect.void],
        ["a success after a yield", Effect.yieldNow()],
        ["a failure", Effect.fail("failure")],
        ["the limit", nothing]
      ] as const) {
        it(`outlives ${ending} of ${name}${depth}, and ends with the fiber around it`, async () => {
          const time = manual()
          const before = roots()
          const notes: Array<unknown> = []
          const note: Note = (event) => Effect.sync(() => void notes.push(event))
          const parent = Effect.gen(function* () {
            yield* Effect.exit(wrap(Effect.zipRight(forks(note), end)))
            yield* Effect.sleep(1000)
            yield* note("the fiber around it ends")
          })
          await finish(time, Effect.runFork(time.provide(parent)))
          await quiet()
          expect(notes).toEqual(["the fiber around it ends", "interrupted"])
          expect([started(before), time.timers()]).toEqual([0, 0])
        })
      }
    }
  }
})

describe("what throws where it should not", () => {
  const once = workload({ timeouts: { attempt: "1 second" }, retry: retry(1) })

  const defect = new Error("thrown")

  const throws = (): never => {
    throw defect
  }

  for (const [when, pause] of [
    ["at once", Effect.void],
    ["after a pause", Effect.sleep(10)]
  ] as const) {
    const failing = Effect.zipRight(pause, Effect.fail("foreign"))
    const unavailable = Effect.zipRight(pause, transient())

    it(`is a defect of the call if it is \`classify\`, ${when}`, async () => {
      const time = manual()
      const policy = Reliability.make({ workload: once, classify: (_: string) => throws() })
      const exit = await finish(time, Effect.runFork(time.provide(Reliability.protect(failing, policy))))
      expect(shape(exit)).toEqual({ failures: [], defects: [defect], interrupted: false })
    })

    it(`is a defect of the call if it is its schedule, ${when}`, async () => {
      const time = manual()
      const broken = Workload.with(once, { retry: Schedule.makeWithState(0, throws) })
      const exit = await finish(time, Effect.runFork(time.provide(Reliability.protect(unavailable, broken))))
      expect(shape(exit)).toEqual({ failures: [], defects: [defect], interrupted: false })
    })
  }

  it("is a defect of the call if it is its schedule, at the attempt's limit", async () => {
    const time = manual()
    const broken = Workload.with(once, { retry: Schedule.makeWithState(0, throws) })
    const exit = await finish(time, Effect.runFork(time.provide(Reliability.protect(nothing, broken))))
    expect(shape(exit)).toEqual({ failures: [], defects: [defect], interrupted: false })
  })
})

// -------------------------------------------------------------------------------------------------
// A hundred thousand calls
// -------------------------------------------------------------------------------------------------

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
              : // what dies in the moment of its interruption tells of both
                [kind.expected, "interrupted", "defect, interrupted"].includes(end))
        // the seed and the index are what it takes to make the same call again
        if (!fine) expect.fail(JSON.stringify({ seed, index, plan, expected: kind.expected, end, ...seen }))
      }
      expect(started(before), `fibers left by seed ${seed}`).toBe(0)
      return made.length
    })

  it("each ends once, in one way, and leaves nothing", async () => {
    let ended = 0
    for (let seed = 1; seed <= rounds; seed++) {
      ended += await Effect.runPromise(Effect.provide(round(seed), TestContext.TestContext))
    }
    expect(ended).toBe(rounds * calls)
  })
})

// -------------------------------------------------------------------------------------------------
// Clocks that jump
// -------------------------------------------------------------------------------------------------

describe("a wall clock that jumps", () => {
  const hour = Duration.toMillis("1 hour")

  const jumps: Record<string, ReadonlyArray<readonly [at: number, millis: number]>> = {
    "not at all": [],
    "an hour forward in the first wait": [[500, hour]],
    "an hour back in the first wait": [[500, -hour]],
    "an hour forward later": [[5500, hour]],
    "an hour back later": [[5500, -hour]],
    "forward, and back, and back again": [
      [500, hour],
      [1500, -hour],
      [2000, -hour],
      [5500, hour],
      [9500, hour]
    ]
  }

  const late = workload({ timeouts: { attempt: "4 seconds" }, deadline: "11 seconds", retry: retry(3) })

  const sampled = (note: Note) =>
    Effect.gen(function* () {
      for (let second = 0; second < 5; second++) {
        yield* note(Option.map(yield* Deadline.remaining, (left) => Math.round(Duration.toMillis(left))))
        yield* Effect.sleep("1 second")
      }
    })

  const left = (millis: number) => Option.some(millis)

  interface Scenario {
    readonly effect: (note: Note) => Effect.Effect<unknown, unknown>
    readonly expected: ReadonlyArray<readonly [at: number, event: unknown]>
  }

  const timedOut = (phase: ApiError.Phase, attempts: number) =>
    failed(expect.objectContaining({ reason: "Timeout", phase, attempts }))

  const unavailable = (attempts: number) => failed(expect.objectContaining({ reason: "Unavailable", attempts }))

  const scenarios: Record<string, Scenario> = {
    "waits of Reliability.protect": {
      effect: (note) => Reliability.protect(Effect.zipRight(note("attempt"), transient()), late),
      expected: [
        [0, "attempt"],
        [1000, "attempt"],
        [3000, "attempt"],
        [3000, unavailable(3)]
      ]
    },
    "waits of Retry.retry": {
      effect: (note) => Retry.retry(Effect.zipRight(note("attempt"), transient()), retry(3)),
      expected: [
        [0, "attempt"],
        [1000, "attempt"],
        [3000, "attempt"],
        [3000, unavailable(3)]
      ]
    },
    "waits that the server asked for": {
      effect: (note) =>
        Reliability.protect(Effect.zipRight(note("attempt"), transient({ retryAfter: Duration.seconds(4) })), late),
      expected: [
        [0, "attempt"],
        [4000, "attempt"],
        [8000, "attempt"],
        [8000, unavailable(3)]
      ]
    },
    "the attempt's limit and the deadline of Reliability.protect": {
      effect: (note) =>
        Reliability.protect(Effect.zipRight(note("attempt"), nothing), Workload.with(late, { deadline: "8 seconds" })),
      expected: [
        [0, "attempt"],
        [5000, "attempt"],
        [8000, timedOut("deadline", 2)]
      ]
    },
    "the limits that a leaf is told": {
      effect: (note) =>
        Reliability.leaf(late, ({ millis, phase }) =>
          Effect.zipRight(note([Math.round(millis), phase]), Effect.zipRight(Effect.sleep("4 seconds"), transient()))
        ),
      expected: [
        [0, [4000, "attempt"]],
        [5000, [4000, "attempt"]],
        [9000, unavailable(2)]
      ]
    },
    "Workload.timeout": {
      effect: () => Workload.timeout(nothing, late),
      expected: [[4000, timedOut("attempt", 0)]]
    },
    "Deadline.within": {
      effect: () => Deadline.within(nothing, "7 seconds"),
      expected: [[7000, timedOut("deadline", 0)]]
    },
    "Deadline.remaining": {
      effect: (note) => Deadline.within(sampled(note), "4 seconds"),
      expected: [
        [0, left(4000)],
        [1000, left(3000)],
        [2000, left(2000)],
        [3000, left(1000)],
        [4000, timedOut("deadline", 0)]
      ]
    },
    "Deadline.remaining within an attempt": {
      effect: (note) =>
        Reliability.protect(
          Effect.zipRight(sampled(note), Effect.succeed("done")),
          Workload.with(late, { timeouts: { attempt: "11 seconds" } })
        ),
      expected: [
        [0, left(11_000)],
        [1000, left(10_000)],
        [2000, left(9000)],
        [3000, left(8000)],
        [4000, left(7000)],
        [5000, { value: "done" }]
      ]
    },
    "what a budget saves up": {
      effect: (note) =>
        Effect.gen(function* () {
          const budget = yield* RetryBudget.make({ minPerSecond: 1, max: 3 })
          yield* Effect.replicateEffect(budget.withdraw, 3)
          for (let second = 0; second < 3; second++) {
            yield* note(yield* budget.available)
            yield* Effect.sleep("1 second")
          }
        }),
      expected: [
        [0, 0],
        [1000, 1],
        [2000, 2],
        [3000, { value: undefined }]
      ]
    }
  }

  for (const [clock, makeTime] of clocks) {
    for (const [title, { effect, expected }] of Object.entries(scenarios)) {
      for (const [when, jumping] of Object.entries(jumps)) {
        it(`changes nothing about ${title}, on ${clock}: ${when}`, async () => {
          const time = makeTime()
          const notes: Array<readonly [at: number, event: unknown]> = []
          const note: Note = (event) => Effect.sync(() => void notes.push([Math.round(time.now()), event]))
          const fiber = Effect.runFork(
            time.provide(Effect.flatMap(Effect.exit(effect(note)), (exit) => note(shape(exit))))
          )
          for (const [at, millis] of jumping) {
            await pass(time, at - time.now())
            time.jump(millis)
          }
          await finish(time, fiber)
          expect(notes).toEqual(expected)
        })
      }
    }
  }
})

// -------------------------------------------------------------------------------------------------
// Observers that misbehave
// -------------------------------------------------------------------------------------------------

describe("an observer", () => {
  type Observer = () => Effect.Effect<unknown, unknown>

  const observers: Record<string, Observer> = {
    "does nothing": () => Effect.void,
    fails: () => Effect.fail("observer"),
    dies: () => Effect.die("observer"),
    "interrupts itself": () => Effect.interrupt,
    hangs: () => Effect.async<never>(() => {}),
    "hangs, uninterruptible": () => Effect.uninterruptible(Effect.async<never>(() => {})),
    "throws before it is an effect": () => {
      throw new Error("observer")
    },
    "is slow": () => Effect.sleep("1 hour"),
    "fails after a while": () => Effect.zipRight(Effect.sleep("1 second"), Effect.fail("observer")),
    "interrupts who runs it": () => Effect.withFiberRuntime((fiber) => Fiber.interrupt(fiber))
  }

  const patient = workload({ timeouts: { attempt: "4 seconds" }, deadline: "8 seconds" })

  interface Scenario {
    readonly use: (attempt: number) => Effect.Effect<unknown, ApiError.ApiError>
    readonly expected: ReadonlyArray<readonly [at: number, event: unknown]>
    readonly retried: number
    readonly gaveUp: number
  }

  const scenarios: Record<string, Scenario> = {
    "a value": { use: () => Effect.succeed("value"), expected: [[0, { value: "value" }]], retried: 0, gaveUp: 0 },
    "a value after two failures": {
      use: (attempt) => (attempt < 3 ? transient() : Effect.succeed("value")),
      expected: [[3000, { value: "value" }]],
      retried: 2,
      gaveUp: 0
    },
    "three failures": {
      use: () => transient(),
      expected: [[3000, failed(expect.objectContaining({ reason: "Unavailable", attempts: 3 }))]],
      retried: 2,
      gaveUp: 1
    },
    "a Fatal": {
      use: () => fatal,
      expected: [[0, failed(expect.objectContaining({ _tag: "Fatal", attempts: 1 }))]],
      retried: 0,
      gaveUp: 1
    },
    "an attempt that is cut off, and a deadline": {
      use: () => nothing,
      expected: [[8000, failed(expect.objectContaining({ phase: "deadline", attempts: 2 }))]],
      retried: 1,
      gaveUp: 1
    },
    "a defect": {
      use: () => Effect.die("defect"),
      expected: [[0, { failures: [], defects: ["defect"], interrupted: false }]],
      retried: 0,
      gaveUp: 0
    }
  }

  const call = async (
    scenario: Scenario,
    options: Partial<Reliability.Options>,
    around = <A, E>(effect: Effect.Effect<A, E>) => effect
  ) => {
    const time = manual()
    let attempts = 0
    const notes: Array<readonly [at: number, event: unknown]> = []
    const policy = Reliability.make({ workload: patient, ...options })
    const protectedCall = Reliability.protect(
      Effect.suspend(() => scenario.use(++attempts)),
      policy
    ).pipe(around, Effect.exit)
    const fiber = Effect.runFork(
      time.provide(Effect.map(protectedCall, (exit) => void notes.push([time.now(), shape(exit)])))
    )
    await finish(time, fiber)
    return notes
  }

  for (const [title, scenario] of Object.entries(scenarios)) {
    for (const [how, observer] of Object.entries(observers)) {
      it(`that ${how} changes neither outcome nor time of ${title}`, async () => {
        const seen = { retried: 0, gaveUp: 0 }
        const notes = await call(scenario, {
          onRetry: () => {
            seen.retried++
            return observer()
          },
          onGiveUp: () => {
            seen.gaveUp++
            return observer()
          }
        })
        expect(notes).toEqual(scenario.expected)
        expect(seen).toEqual({ retried: scenario.retried, gaveUp: scenario.gaveUp })
      })
    }

    it(`that hangs changes neither outcome nor time of ${title} in an uninterruptible region`, async () => {
      const hang = () => Effect.async<never>(() => {})
      const notes = await call(scenario, { onRetry: hang, onGiveUp: hang }, (effect) =>
        Effect.uninterruptibleMask((restore) => restore(effect))
      )
      expect(notes).toEqual(scenario.expected)
    })

    it(`that records, and throws, changes neither outcome nor time of ${title}`, async () => {
      let recorded = 0
      const notes = await call(scenario, {
        record: () => {
          recorded++
          throw new Error("record")
        }
      })
      expect(notes).toEqual(scenario.expected)
      // each attempt, and the call
      expect(recorded).toBe(scenario.retried + 2)
    })
  }
})

// -------------------------------------------------------------------------------------------------
// Limits within limits, owners within owners
// -------------------------------------------------------------------------------------------------

describe("limits and owners of retries, three deep", () => {
  const kinds = ["Reliability.protect", "Retry.retry", "Deadline.within", "Workload.timeout"] as const

  interface Level {
    readonly kind: (typeof kinds)[number]
    readonly attempts: number
    /** Of each attempt. */
    readonly limit: number
    /** Of all attempts. */
    readonly deadline: number
  }

  const levelsOf = (order: ReadonlyArray<Level["kind"]>): fc.Arbitrary<ReadonlyArray<Level>> =>
    fc.tuple(
      ...order.map((kind) =>
        fc
          .record({
            attempts: fc.integer({ min: 1, max: 4 }),
            limit: fc.integer({ min: 1, max: 30 }),
            more: fc.integer({ min: 0, max: 60 })
          })
          .map(({ attempts, limit, more }) => ({ kind, attempts, limit: limit * 10, deadline: (limit + more) * 10 }))
      )
    )

  // what an attempt does is random too, and comes again from the start when it has been used up
  const behaviours = fc.array(
    fc.oneof(fc.constant("hangs" as const), fc.constant("fails" as const), fc.integer({ min: 1, max: 12 })),
    { minLength: 1, maxLength: 6 }
  )

  const orders = kinds.flatMap((outer) =>
    kinds.flatMap((middle) => kinds.map((inner) => [outer, middle, inner] as const))
  )

  const owns = ({ kind }: Level) => kind === "Reliability.protect" || kind === "Retry.retry"

  const limitOf = ({ deadline, kind, limit }: Level) =>
    kind === "Retry.retry" ? Infinity : kind === "Reliability.protect" ? deadline : limit

  const run = async (levels: ReadonlyArray<Level>, does: ReadonlyArray<"hangs" | "fails" | number>) => {
    const time = manual()
    const wrong: Array<unknown> = []
    let attempts = 0
    const call: Effect.Effect<unknown, unknown> = Effect.suspend(() => {
      const what = does[attempts % does.length]
      attempts++
      if (what === "hangs") return nothing
      return typeof what === "number" ? Effect.zipRight(Effect.sleep(what * 10), transient()) : transient()
    })
    const leftNow = Effect.map(Deadline.remaining, Option.match({ onNone: () => Infinity, onSome: Duration.toMillis }))

    const wrapped = levels.toReversed().reduce((effect, level) => {
      const { attempts, deadline, kind, limit } = level
      const schedule = Retry.make({ attempts, base: "10 millis", factor: 1, jitter: "none" })
      return Effect.gen(function* () {
        const before = yield* leftNow
        const start = time.now()
        const inside = Effect.flatMap(leftNow, (left) => {
          if (left > Math.min(before, limitOf(level))) wrong.push({ level, before, left })
          return effect
        })
        const limited = {
          "Reliability.protect": Reliability.protect(
            inside,
            Workload.make({ name: kind, timeouts: { attempt: limit }, deadline, retry: schedule })
          ),
          "Retry.retry": Retry.retry(inside, schedule),
          "Deadline.within": Deadline.within(inside, limit),
          "Workload.timeout": Workload.timeout(inside, Workload.make({ name: kind, timeouts: { attempt: limit } }))
        }[kind]
        return yield* Effect.onExit(limited, () =>
          Effect.sync(() => {
            const took = time.now() - start
            if (took > Math.min(before, limitOf(level))) wrong.push({ level, before, took })
          })
        )
      })
    }, call)

    const exit = await finish(time, Effect.runFork(time.provide(wrapped)))
    const before = attempts
    time.advance(Duration.toMillis("2 hours"))
    await quiet()
    return { exit: shape(exit), attempts, later: attempts - before, wrong, timers: time.timers() }
  }

  for (const order of orders) {
    it(`attempts as often as the innermost owner allows, within the shortest limit: ${order.join(" › ")}`, async () => {
      await fc.assert(
        fc.asyncProperty(levelsOf(order), behaviours, async (levels, does) => {
          const { exit, later, timers, attempts, wrong } = await run(levels, does)
          const owner = levels.findLast(owns)
          expect(attempts).toBeGreaterThan(0)
          expect(attempts).toBeLessThanOrEqual(owner?.attempts ?? 1)
          expect({ later, timers, wrong }).toEqual({ later: 0, timers: 0, wrong: [] })
          // an owner inside has settled what leaves the outermost limit
          if (owner !== undefined && "failures" in exit) {
            expect(exit).toEqual(failed(expect.anything()))
            expect(exit.failures.every((error) => ApiError.isApiError(error) && error.attempts > 0)).toBe(true)
          }
        }),
        { numRuns: 25, seed: 1 }
      )
    })
  }

  it("cuts off an inner owner for good: its attempts are not made again", async () => {
    const level = (kind: Level["kind"], attempts: number, limit: number, deadline = 10_000): Level => ({
      kind,
      attempts,
      limit,
      deadline
    })
    const owners = ["Reliability.protect", "Retry.retry"] as const
    for (const outer of owners) {
      for (const cutter of ["Reliability.protect", "Deadline.within", "Workload.timeout"] as const) {
        for (const inner of owners) {
          const levels = [level(outer, 4, 5000), level(cutter, 4, 100), level(inner, 3, 1000)]
          // a failure, a wait, and a second attempt that is cut off
          const { exit, attempts } = await run(levels, ["fails", "hangs"])
          expect({ levels, attempts, exit }).toEqual({
            levels,
            attempts: 2,
            exit: failed(expect.objectContaining({ reason: "Timeout" }))
          })
        }
      }
    }
  })

  it("attempts again what a limit cut off, where nobody inside owns the retries", async () => {
    const levels: ReadonlyArray<Level> = [
      { kind: "Retry.retry", attempts: 3, limit: 10, deadline: 10 },
      { kind: "Deadline.within", attempts: 1, limit: 100, deadline: 100 },
      { kind: "Workload.timeout", attempts: 1, limit: 50, deadline: 50 }
    ]
    expect(await run(levels, ["hangs"])).toMatchObject({ attempts: 3 })
  })

  it("attempts again what a limit cut off after an owner inside had ended, however it ended", async () => {
    const schedule = retry(2, "10 millis")
    const endings: Record<string, Effect.Effect<unknown, unknown>> = {
      "with a value": Effect.succeed("value"),
      "with a failure": Effect.option(transient()),
      "with a defect": Effect.exit(Effect.die("defect")),
      "by its own interruption": Effect.exit(Effect.interrupt),
      "by a limit": Effect.option(Effect.timeout(nothing, 50))
    }
    for (const [how, ending] of Object.entries(endings)) {
      const owners: Record<string, Effect.Effect<unknown, unknown>> = {
        "Reliability.protect": Reliability.protect(ending, brief),
        "Retry.retry": Retry.retry(ending, schedule),
        "Reliability.protect, interrupted": Effect.race(Reliability.protect(nothing, brief), Effect.sleep(10)),
        "Retry.retry, interrupted": Effect.race(Retry.retry(nothing, schedule), Effect.sleep(10))
      }
      for (const [owner, inner] of Object.entries(owners)) {
        const time = manual()
        let attempts = 0
        const call = Effect.zipRight(
          Effect.suspend(() => {
            attempts++
            return Effect.exit(inner)
          }),
          nothing
        )
        const outer = Reliability.protect(call, workload({ timeouts: { attempt: "1 second" }, retry: retry(3) }))
        await finish(time, Effect.runFork(time.provide(outer)))
        expect({ how, owner, attempts }).toEqual({ how, owner, attempts: 3 })
      }
    }
  })

  it("does not begin a wait that a combinator has made longer than what is left", async () => {
    const time = manual()
    const longer = retry(3).pipe(Schedule.addDelay(() => "1 minute"))
    const call = Reliability.protect(
      transient(),
      workload({ timeouts: { attempt: "10 seconds" }, deadline: "30 seconds", retry: longer })
    )
    const exit = await finish(time, Effect.runFork(time.provide(call)))
    expect([time.now(), shape(exit)]).toEqual([0, failed(expect.objectContaining({ reason: "Unavailable" }))])
  })

  it("keeps what an effect knows of its limits from who comes after it", async () => {
    const time = manual()
    const known = Effect.all([Deadline.remaining, Workload.current])
    const knowing = Effect.zipRight(change, known)
    const program = Effect.gen(function* () {
      const before = yield* known
      for (const limit of Object.values(limits)) {
        expect(yield* limit(Deadline.within(knowing, "1 second"))).not.toEqual(before)
        expect(yield* known).toEqual(before)
      }
    })
    expect(shape(await finish(time, Effect.runFork(time.provide(program))))).toEqual({ value: undefined })
    const around = await finish(time, Effect.runFork(time.provide(Deadline.within(program, "1 hour"))))
    expect(shape(around)).toEqual({ value: undefined })
  })

  it("does not let a longer deadline extend a shorter one around it", async () => {
    const time = manual()
    const inner = Effect.zipRight(Effect.sleep(60), Deadline.remaining).pipe(
      Effect.tap(() => nothing),
      Deadline.within("1 hour")
    )
    const fiber = Effect.runFork(time.provide(Deadline.within(inner, 100)))
    expect(shape(await finish(time, fiber))).toEqual(failed(expect.objectContaining({ phase: "deadline" })))
    expect(time.now()).toBe(100)

    const left = Effect.zipRight(Effect.sleep(60), Deadline.remaining).pipe(Deadline.within("1 hour"))
    const other = await finish(time, Effect.runFork(time.provide(Deadline.within(left, 100))))
    expect(shape(other)).toEqual({ value: Option.some(Duration.millis(40)) })
  })
})
