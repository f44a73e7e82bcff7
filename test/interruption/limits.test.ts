import { it } from "@effect/vitest"
import {
  Cause,
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
  Scope
} from "effect"
import { ApiError, Deadline, Reliability, Retry, Workload } from "effect-reliability"
import { afterEach, describe, expect, vi } from "vitest"
import {
  failed,
  finish,
  manual,
  type Note,
  nothing,
  quiet,
  retry,
  roots,
  shape,
  started,
  transient,
  workload
} from "../support/interruption.js"

afterEach(() => void vi.useRealTimers())

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

// a defect after a limit that follows an interruption: `Effect.timeoutFail` reports neither the limit nor the defect
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
  /** The behaviour of a program that is visible from outside. */
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

describe("a fiber that is forked in an attempt", () => {
  const scope = Effect.runSync(Scope.make())

  /** Runs in a fiber of its own until it is interrupted, or for an hour. */
  const forks: Record<string, (running: Effect.Effect<unknown>) => Effect.Effect<unknown, never, Scope.Scope>> = {
    "Effect.fork": Effect.fork,
    "Effect.forkDaemon": Effect.forkDaemon,
    "Effect.forkScoped": Effect.forkScoped,
    "Effect.forkIn": Effect.forkIn(scope)
  }

  const attemptEnds: Record<string, Effect.Effect<unknown, ApiError.ApiError>> = {
    succeeds: Effect.sleep(50),
    "succeeds at once": Effect.yieldNow(),
    fails: Effect.zipRight(Effect.sleep(50), transient()),
    "times out": nothing
  }

  type Protect = (effect: Effect.Effect<unknown, ApiError.ApiError>) => Effect.Effect<unknown, unknown>

  const twice: Record<string, Protect> = {
    "Effect.timeoutFail": (effect) => Effect.retry(timeoutFail(effect), { times: 1 }),
    "Reliability.protect": Reliability.protect(
      workload({ timeouts: { attempt: "100 millis" }, retry: retry(2, "1 millis") })
    ),
    "Workload.timeout": (effect) => Effect.retry(Workload.timeout(effect, brief), { times: 1 }),
    "Deadline.within": (effect) => Effect.retry(Deadline.within(effect, "100 millis"), { times: 1 })
  }

  /** What happens, in order: attempts that begin, forked fibers that end, and the end of the call. */
  const observe = async (protect: Protect, fork: (typeof forks)[string], end: (typeof attemptEnds)[string]) => {
    const time = manual()
    const notes: Array<string> = []
    const note = (event: string) => Effect.sync(() => void notes.push(event))
    const program = Effect.gen(function* () {
      const around = yield* Effect.scope
      let attempts = 0
      const attempt = Effect.suspend(() => {
        const name = `the fiber of attempt ${++attempts}`
        const running = Effect.onInterrupt(nothing, () => note(`${name} is interrupted`))
        return Effect.all([note(`attempt ${attempts}`), fork(running), Effect.yieldNow(), end], { discard: true })
      })
      yield* Effect.exit(protect(Scope.extend(attempt, around)))
      yield* note("the call has ended")
      yield* Effect.sleep(1000)
      yield* note("the scope closes")
    })
    await finish(time, Effect.runFork(time.provide(Effect.scoped(program))))
    await quiet()
    return notes
  }

  for (const [name, fork] of Object.entries(forks)) {
    for (const [how, end] of Object.entries(attemptEnds)) {
      it(`ends when it does under Effect.timeoutFail, forked by ${name} in an attempt that ${how}`, async () => {
        const observed: Record<string, ReadonlyArray<string>> = {}
        for (const [by, protect] of Object.entries(twice)) observed[by] = await observe(protect, fork, end)
        const expected = observed["Effect.timeoutFail"]
        expect(observed).toEqual(Object.fromEntries(Object.keys(twice).map((by) => [by, expected])))
      })
    }
  }

  it("ends with an attempt that times out, before the next one begins", async () => {
    for (const protect of Object.values(twice)) {
      expect(await observe(protect, Effect.fork, nothing)).toEqual([
        "attempt 1",
        "the fiber of attempt 1 is interrupted",
        "attempt 2",
        "the fiber of attempt 2 is interrupted",
        "the call has ended",
        "the scope closes"
      ])
    }
  })

  it("outlives an attempt that times out if it belongs to a scope around the call", async () => {
    for (const protect of Object.values(twice)) {
      const notes = await observe(protect, Effect.forkScoped, nothing)
      expect(notes.slice(0, 4)).toEqual(["attempt 1", "attempt 2", "the call has ended", "the scope closes"])
      expect(notes).toHaveLength(6)
    }
  })
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

    it(`becomes a defect of the call if \`classify\` throws, ${when}`, async () => {
      const time = manual()
      const policy = Reliability.make({ workload: once, classify: (_: string) => throws() })
      const exit = await finish(time, Effect.runFork(time.provide(Reliability.protect(failing, policy))))
      expect(shape(exit)).toEqual({ failures: [], defects: [defect], interrupted: false })
    })

    it(`becomes a defect of the call if its schedule throws, ${when}`, async () => {
      const time = manual()
      const broken = Workload.with(once, { retry: Schedule.makeWithState(0, throws) })
      const exit = await finish(time, Effect.runFork(time.provide(Reliability.protect(unavailable, broken))))
      expect(shape(exit)).toEqual({ failures: [], defects: [defect], interrupted: false })
    })
  }

  it("becomes a defect of the call if its schedule throws at the limit of the attempt", async () => {
    const time = manual()
    const broken = Workload.with(once, { retry: Schedule.makeWithState(0, throws) })
    const exit = await finish(time, Effect.runFork(time.provide(Reliability.protect(nothing, broken))))
    expect(shape(exit)).toEqual({ failures: [], defects: [defect], interrupted: false })
  })
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

  it("retries an effect that a limit cut off if it has no owner of retries inside", async () => {
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
