import { describe, it } from "@effect/vitest"
import { Clock, Config, ConfigProvider, Duration, Effect, FastCheck as fc, Fiber, Option, Ref, TestClock } from "effect"
import { ApiError, Reliability, Retry, Workload } from "effect-reliability"
import { expect } from "vitest"

const { format } = Duration

/** Passes values that TypeScript would reject. */
const bad = (value: unknown) => value as Duration.DurationInput

const maxMillis = 2 ** 31 - 1

describe("a built-in workload", () => {
  it.each([
    [Workload.interactive, "interactive", "1m", "2m", "30s / 30s", "none"],
    [Workload.agentic, "agentic", "30m", "1h", "5m / 2m", "30 waits, 5s × 1.5 up to 1m"],
    [Workload.largeModel, "largeModel", "30m", "1h", "10m / 2m", "30 waits, 5s × 1.5 up to 1m"],
    [Workload.batchSubmission, "batchSubmission", "1m", "5m", "1m / 1m", "30 waits, 5s × 1.5 up to 1m"]
  ] as const)("uses the documented numbers: $name", (workload, name, attempt, deadline, stream, patience) => {
    expect(workload.name).toBe(name)
    expect(format(workload.timeouts.attempt)).toBe(attempt)
    expect(format(workload.deadline)).toBe(deadline)
    expect(`${format(workload.stream.first)} / ${format(workload.stream.idle)}`).toBe(stream)
    const { patience: patient } = workload
    expect(
      patient === undefined
        ? "none"
        : `${patient.waits} waits, ${format(patient.base)} × ${patient.factor} up to ${format(patient.cap)}`
    ).toBe(patience)
    const { connect, pool, read, write } = workload.timeouts
    expect([pool, connect, write, read].map((limit) => format(limit))).toEqual(["10s", "10s", "30s", attempt])
    expect(workload.retry).toBe(Retry.documented)
  })
})

describe("Workload.make", () => {
  it("requires only a name and the attempt timeout", () => {
    expect(Workload.make({ name: "x", timeouts: { attempt: "45 seconds" } })).toEqual({
      name: "x",
      timeouts: {
        pool: Duration.seconds(10),
        connect: Duration.seconds(10),
        write: Duration.seconds(30),
        read: Duration.seconds(45),
        attempt: Duration.seconds(45)
      },
      stream: { first: Duration.seconds(45), idle: Duration.seconds(45) },
      deadline: Duration.infinity,
      retry: Retry.documented,
      patience: undefined
    })
  })

  it.each([
    ["5 seconds", { pool: "5s", connect: "5s", write: "5s", read: "5s" }],
    ["9999 millis", { pool: "9s 999ms", connect: "9s 999ms", write: "9s 999ms", read: "9s 999ms" }],
    ["10 seconds", { pool: "10s", connect: "10s", write: "10s", read: "10s" }],
    ["20 seconds", { pool: "10s", connect: "10s", write: "20s", read: "20s" }],
    ["30 seconds", { pool: "10s", connect: "10s", write: "30s", read: "30s" }],
    ["1 hour", { pool: "10s", connect: "10s", write: "30s", read: "1h" }]
  ] as const)("limits the default of each phase to an attempt of %s", (attempt, expected) => {
    const { connect, pool, read, write } = Workload.make({ name: "x", timeouts: { attempt } }).timeouts
    expect({
      pool: format(pool),
      connect: format(connect),
      write: format(write),
      read: format(read)
    }).toEqual(expected)
  })

  it("keeps the waits of patience constant by default", () => {
    const { patience } = Workload.make({
      name: "x",
      timeouts: { attempt: "1 minute" },
      patience: { waits: 3, base: "5 seconds" }
    })
    expect(patience).toEqual({ waits: 3, base: Duration.seconds(5), factor: 1, cap: Duration.seconds(5) })
  })

  it("caps the growing waits of patience at one minute by default", () => {
    const capOf = (base: Duration.DurationInput, factor: number, cap?: Duration.DurationInput) => {
      const patience = { waits: 3, base, factor, cap }
      return Workload.make({ name: "x", timeouts: { attempt: "1 minute" }, patience }).patience?.cap
    }
    expect(capOf("5 seconds", 1.5)).toEqual(Duration.minutes(1))
    expect(capOf("2 minutes", 1.5)).toEqual(Duration.minutes(2))
    expect(capOf("5 seconds", 1)).toEqual(Duration.seconds(5))
    expect(capOf("5 seconds", 1.5, "5 seconds")).toEqual(Duration.seconds(5))
  })

  it("uses every given option", () => {
    const workload = Workload.make({
      name: "x",
      timeouts: { pool: 1, connect: 2, write: 3, read: 4, attempt: 5 },
      stream: { first: 4, idle: 7 },
      deadline: 6,
      retry: Retry.sdk,
      patience: { waits: 2, base: 8, factor: 3, cap: 9 }
    })
    const { connect, pool, read, write, attempt } = workload.timeouts
    expect([pool, connect, write, read, attempt, workload.deadline].map(Duration.toMillis)).toEqual([1, 2, 3, 4, 5, 6])
    expect(workload.stream).toEqual({ first: Duration.millis(4), idle: Duration.millis(7) })
    expect(workload.retry).toBe(Retry.sdk)
    expect(workload.patience).toEqual({ waits: 2, base: Duration.millis(8), factor: 3, cap: Duration.millis(9) })
  })
})

// -------------------------------------------------------------------------------------------------
// Options that do not fit
// -------------------------------------------------------------------------------------------------

const sound: Workload.Options = { name: "x", timeouts: { attempt: "1 minute" } }

type Change = (value: Duration.DurationInput) => Workload.Overrides

/** Every option that is a duration, by the name that messages give it. */
const durations: Readonly<Record<string, Change>> = {
  "timeouts.attempt": (attempt) => ({ timeouts: { attempt } }),
  "timeouts.pool": (pool) => ({ timeouts: { pool } }),
  "timeouts.connect": (connect) => ({ timeouts: { connect } }),
  "timeouts.write": (write) => ({ timeouts: { write } }),
  "timeouts.read": (read) => ({ timeouts: { read } }),
  "stream.first": (first) => ({ stream: { first } }),
  "stream.idle": (idle) => ({ stream: { idle } }),
  deadline: (deadline) => ({ deadline }),
  "patience.base": (base) => ({ patience: { waits: 1, base } }),
  "patience.cap": (cap) => ({ patience: { waits: 1, base: "1 second", cap } })
}

const made = ({ timeouts, ...overrides }: Workload.Overrides) =>
  Workload.make({
    ...sound,
    ...overrides,
    timeouts: { ...sound.timeouts, ...timeouts, attempt: timeouts?.attempt ?? sound.timeouts.attempt }
  })

const changed = (overrides: Workload.Overrides) => Workload.with(Workload.make(sound), overrides)

const owners = { "Workload.make": made, "Workload.with": changed }

const refusal = (owner: string, option: string, value: string, bound: string) =>
  new RangeError(`${owner}: ${option} is ${value}; it must be ${bound}`)

it("rejects options of the wrong type and names them", () => {
  const untyped = (options: object): unknown => Reflect.apply(Workload.make, undefined, [{ ...sound, ...options }])
  expect(() => untyped({ timeouts: undefined })).toThrow(
    refusal("Workload.make", "timeouts", "undefined", "an object with the field attempt")
  )
  expect(() => untyped({ retry: 5 })).toThrow(refusal("Workload.make", "retry", "5", "a Schedule"))
})

describe.each(Object.entries(owners))("%s", (owner, construct) => {
  describe.each(Object.entries(durations))("option %s", (option, change) => {
    it.each([
      ["a negative number", -1, "-1"],
      ["a tiny negative number", -1e-9, "-1e-9"],
      ["minus infinity", -Infinity, "-Infinity"],
      ["NaN", Number.NaN, "NaN"],
      ["a negative number of nanoseconds", -5n, "-5"],
      ["a negative duration string", "-1 seconds", `"-1 seconds"`],
      ["a string that is not a duration", "soon", `"soon"`],
      ["a number without its unit", "10", `"10"`],
      ["an empty string", "", `""`],
      ["a boolean", true, "true"],
      ["seconds and a negative number of nanoseconds", [1, -1], "1,-1"],
      ["seconds that are NaN", [Number.NaN, 0], "NaN,0"],
      ["seconds in a string", ["1", 0], "1,0"]
    ])("rejects %s", (_, value, shown) => {
      const bound = "a duration that is not negative"
      expect(() => construct(change(bad(value)))).toThrow(refusal(owner, option, shown, bound))
    })

    it("rejects more than 2^31-1 ms", () => {
      const bound =
        option === "deadline" ? "at most 2^31-1 ms (24.8 days), or infinite" : "at most 2^31-1 ms (24.8 days)"
      expect(() => construct(change(maxMillis + 1))).toThrow(refusal(owner, option, "24d 20h 31m 23s 648ms", bound))
      expect(() => construct(change("25 days"))).toThrow(refusal(owner, option, "25d", bound))
    })
  })

  it.each(Object.keys(durations).filter((option) => !["deadline", "patience.base", "patience.cap"].includes(option)))(
    "rejects less than a millisecond for %s",
    (option) => {
      const change = durations[option]
      if (change === undefined) return expect.unreachable()
      const bound = "at least 1 ms"
      expect(() => construct(change(0))).toThrow(refusal(owner, option, "0", bound))
      expect(() => construct(change(0.999))).toThrow(refusal(owner, option, "999000ns", bound))
      expect(() => construct(change(Duration.infinity))).toThrow(RangeError)
      expect(() => construct(change(1))).not.toThrow()
    }
  )

  it.each<[Duration.DurationInput, Duration.Duration]>([
    ["2 seconds", Duration.seconds(2)],
    [2000, Duration.seconds(2)],
    [2_000_000_000n, Duration.seconds(2)],
    [[1, 1_000_000_000], Duration.seconds(2)],
    [Duration.seconds(2), Duration.seconds(2)],
    [1e-7, Duration.zero],
    [0, Duration.zero]
  ])("accepts a duration in any form: %s", (base, expected) => {
    const { patience } = construct({ patience: { waits: 1, base } })
    expect(patience?.base).toSatisfy((actual: Duration.Duration) => Duration.equals(actual, expected))
  })

  it("accepts durations up to 2^31-1 ms, and an infinite deadline", () => {
    expect(construct({ timeouts: { attempt: maxMillis } }).timeouts.attempt).toEqual(Duration.millis(maxMillis))
    expect(construct({ stream: { idle: maxMillis } }).stream.idle).toEqual(Duration.millis(maxMillis))
    expect(construct({ deadline: maxMillis }).deadline).toEqual(Duration.millis(maxMillis))
    expect(construct({ deadline: Infinity }).deadline).toEqual(Duration.infinity)
  })

  it("rejects an attempt timeout longer than the deadline", () => {
    const limits = (attempt: number, deadline: number) => () => construct({ timeouts: { attempt }, deadline })
    expect(limits(1000, 999)).toThrow(refusal(owner, "timeouts.attempt", "1s", "at most the deadline, 999ms"))
    expect(limits(1000, 1000)).not.toThrow()
    expect(() => construct({ deadline: 0 })).toThrow(refusal(owner, "deadline", "0", "at least 1 ms"))
    expect(limits(1, 1)).not.toThrow()
  })

  it.each(["timeouts.pool", "timeouts.connect", "timeouts.write", "timeouts.read", "stream.first"])(
    "rejects %s longer than the attempt timeout",
    (option) => {
      const change = durations[option]
      if (change === undefined) return expect.unreachable()
      expect(() => construct(change(60_001))).toThrow(refusal(owner, option, "1m 1ms", "at most timeouts.attempt, 1m"))
      expect(() => construct(change(60_000))).not.toThrow()
    }
  )

  it("accepts stream.idle longer than the attempt timeout", () => {
    expect(construct({ stream: { idle: "2 minutes" } }).stream.idle).toEqual(Duration.minutes(2))
  })

  it.each([0, 1.5, -1, Number.NaN, Infinity])("rejects %s waits of patience", (waits) => {
    expect(() => construct({ patience: { waits, base: 1 } })).toThrow(
      refusal(owner, "patience.waits", String(waits), "an integer of at least 1")
    )
    expect(() => construct({ patience: { waits: 1, base: 1 } })).not.toThrow()
  })

  it.each([0.999, 0, -2, Number.NaN, Infinity])("rejects a patience factor of %s", (factor) => {
    expect(() => construct({ patience: { waits: 1, base: 1, factor } })).toThrow(
      refusal(owner, "patience.factor", String(factor), "a number of at least 1")
    )
    expect(() => construct({ patience: { waits: 1, base: 1, factor: 1 } })).not.toThrow()
  })

  it("rejects a patience cap shorter than its base", () => {
    const patience = (cap: number) => () => construct({ patience: { waits: 1, base: 1000, cap } })
    expect(patience(999)).toThrow(refusal(owner, "patience.cap", "999ms", "at least patience.base, 1s"))
    expect(patience(1000)).not.toThrow()
  })

  it("rejects a name that is empty or not a string", () => {
    const name = (value: unknown) => () => construct({ name: value as string })
    expect(name("")).toThrow(refusal(owner, "name", `""`, "a non-empty string"))
    expect(name(7)).toThrow(refusal(owner, "name", "7", "a non-empty string"))
    expect(name(" ")).not.toThrow()
  })
})

// -------------------------------------------------------------------------------------------------
// with
// -------------------------------------------------------------------------------------------------

/** Any valid workload. */
const anyWorkload = fc
  .record({
    attempt: fc.integer({ min: 1, max: maxMillis }),
    phases: fc.array(fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined }), {
      minLength: 6,
      maxLength: 6
    }),
    deadline: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined }),
    patience: fc.option(fc.record({ waits: fc.integer({ min: 1 }), base: fc.nat() }), { nil: undefined })
  })
  .map(({ attempt, deadline, patience, phases }) => {
    const [pool, connect, write, read, first, idle] = phases.map((share) =>
      share === undefined ? undefined : Math.max(1, Math.floor(attempt * share))
    )
    return Workload.make({
      name: "any",
      timeouts: { pool, connect, write, read, attempt },
      stream: { first, idle },
      deadline: deadline === undefined ? undefined : attempt + Math.floor((maxMillis - attempt) * deadline),
      patience,
      retry: Retry.sdk
    })
  })

const phasesOf = ({ stream, timeouts }: Workload.Workload) => [
  timeouts.pool,
  timeouts.connect,
  timeouts.write,
  timeouts.read,
  stream.first
]

describe("Workload.with", () => {
  it("changes only the given options", () => {
    const renamed = Workload.with(Workload.agentic, { name: "renamed", retry: Retry.sdk })
    expect(renamed).toEqual({ ...Workload.agentic, name: "renamed", retry: Retry.sdk })
    expect(renamed.retry).toBe(Retry.sdk)
    expect(Workload.with(renamed, { deadline: "45 minutes" }).retry).toBe(Retry.sdk)
    expect(Workload.agentic.name).toBe("agentic")
  })

  it("returns an equal workload for empty overrides", () => {
    fc.assert(
      fc.property(anyWorkload, (workload) => {
        expect(Workload.with(workload, {})).toEqual(workload)
      })
    )
  })

  it("treats an undefined limit as not given", () => {
    const workload = Workload.with(Workload.agentic, { retry: Retry.sdk })
    expect(
      Workload.with(workload, {
        timeouts: { pool: undefined, connect: undefined, write: undefined, read: undefined },
        stream: { first: undefined, idle: undefined },
        deadline: undefined
      })
    ).toEqual(workload)
    expect(Workload.with(workload, { timeouts: undefined, stream: undefined })).toEqual(workload)
  })

  it("keeps the schedule if retry is undefined", () => {
    const { retry } = Workload.with(Workload.with(Workload.agentic, { retry: Retry.sdk }), { retry: undefined })
    expect(retry).toBe(Retry.sdk)
  })

  it("accepts the workload as first or last argument", () => {
    const overrides: Workload.Overrides = { name: "typing", deadline: "5 seconds" }
    expect(Workload.with(overrides)(Workload.interactive)).toEqual(Workload.with(Workload.interactive, overrides))
  })

  it("shortens the attempt with the deadline, and the phases with the attempt", () => {
    const { deadline, stream, timeouts } = Workload.with(Workload.interactive, { deadline: "5 seconds" })
    expect(Object.values({ ...timeouts, first: stream.first, deadline }).map(format)).toEqual(Array(7).fill("5s"))
    expect(format(stream.idle)).toBe("30s")

    const shorter = Workload.with(Workload.interactive, { timeouts: { attempt: "20 seconds" } })
    const { attempt, connect, pool, read, write } = shorter.timeouts
    expect([pool, connect, write, read, attempt, shorter.stream.first].map((limit) => format(limit))).toEqual([
      "10s",
      "10s",
      "20s",
      "20s",
      "20s",
      "20s"
    ])
    expect(format(shorter.deadline)).toBe("2m")
  })

  it("shortens only timeouts that exceed the deadline", () => {
    const { timeouts } = Workload.with(Workload.interactive, { deadline: "59 seconds" })
    expect(Object.values(timeouts).map(format).toSorted()).toEqual(["10s", "10s", "30s", "59s", "59s"])
    expect(Workload.with(Workload.interactive, { deadline: "60 seconds" }).timeouts).toEqual(
      Workload.interactive.timeouts
    )
  })

  it("lengthens with the attempt only phases that lasted as long", () => {
    const longer = Workload.with(Workload.interactive, { timeouts: { attempt: "90 seconds" } })
    expect(format(longer.timeouts.read)).toBe("1m 30s")
    expect([longer.timeouts.connect, longer.timeouts.write].map((limit) => format(limit))).toEqual(["10s", "30s"])

    const slow = Workload.with(Workload.interactive, { timeouts: { read: "20 seconds" } })
    expect(format(Workload.with(slow, { timeouts: { attempt: "90 seconds" } }).timeouts.read)).toBe("20s")
  })

  it("keeps the attempt timeout when the deadline is lengthened", () => {
    const { deadline, timeouts } = Workload.with(Workload.interactive, { deadline: "1 hour" })
    expect([deadline, timeouts.attempt].map((limit) => format(limit))).toEqual(["1h", "1m"])
  })

  it("fits phases into the attempt and the attempt into the deadline, for any workload", () => {
    const limit = fc.integer({ min: 1, max: maxMillis })
    fc.assert(
      fc.property(anyWorkload, limit, limit, (workload, deadline, attempt) => {
        const byDeadline = Workload.with(workload, { deadline })
        expect(Duration.toMillis(byDeadline.deadline)).toBe(deadline)
        expect(Duration.toMillis(byDeadline.timeouts.attempt)).toBe(
          Math.min(deadline, Duration.toMillis(workload.timeouts.attempt))
        )
        const whole = Workload.with(workload, { timeouts: { attempt }, deadline: Infinity })
        expect(Duration.toMillis(whole.timeouts.attempt)).toBe(attempt)
        for (const result of [byDeadline, whole]) {
          for (const phase of phasesOf(result)) {
            expect(Duration.lessThanOrEqualTo(phase, result.timeouts.attempt)).toBe(true)
          }
          expect(Duration.lessThanOrEqualTo(result.timeouts.attempt, result.deadline)).toBe(true)
        }
      })
    )
  })

  it("rejects overrides that contradict each other or an unchanged limit", () => {
    expect(() =>
      Workload.with(Workload.interactive, { timeouts: { attempt: "2 minutes" }, deadline: 119_999 })
    ).toThrow("Workload.with: timeouts.attempt is 2m; it must be at most the deadline, 1m 59s 999ms")
    expect(() => Workload.with(Workload.interactive, { timeouts: { attempt: 120_001 } })).toThrow(
      "Workload.with: timeouts.attempt is 2m 1ms; it must be at most the deadline, 2m"
    )
    expect(() => Workload.with(Workload.interactive, { timeouts: { attempt: "2 minutes" } })).not.toThrow()
    expect(() => Workload.with(Workload.interactive, { timeouts: { read: 5001 }, deadline: "5 seconds" })).toThrow(
      "Workload.with: timeouts.read is 5s 1ms; it must be at most timeouts.attempt, 5s"
    )
    expect(() => Workload.with(Workload.interactive, { stream: { first: 5001 }, deadline: "5 seconds" })).toThrow(
      "Workload.with: stream.first is 5s 1ms; it must be at most timeouts.attempt, 5s"
    )
  })

  it("keeps, removes and replaces patience", () => {
    const { patience } = Workload.agentic
    expect(Workload.with(Workload.agentic, { name: "x" }).patience).toEqual(patience)
    expect(Workload.with(Workload.agentic, { patience: undefined }).patience).toBeUndefined()
    expect(Workload.with(Workload.interactive, { patience: { waits: 2, base: 1 } }).patience).toEqual({
      waits: 2,
      base: Duration.millis(1),
      factor: 1,
      cap: Duration.millis(1)
    })
  })
})

// -------------------------------------------------------------------------------------------------
// Combinators
// -------------------------------------------------------------------------------------------------

const typing = Workload.make({ name: "typing", timeouts: { attempt: "10 seconds" } })

/** Returns the error of the effect and the time of its end. */
const failureAt = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.all({ error: Effect.flip(effect), at: Clock.currentTimeMillis })

describe("Workload.timeout", () => {
  it.effect("fails at the attempt timeout and not a millisecond earlier", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.fork(failureAt(Workload.timeout(Effect.never, typing)))
      yield* TestClock.adjust(9999)
      expect(yield* Fiber.poll(fiber)).toEqual(Option.none())
      yield* TestClock.adjust(1)
      const { at, error } = yield* Fiber.join(fiber)
      expect(at).toBe(10_000)
      expect(error).toBeInstanceOf(ApiError.Transient)
      expect(error).toMatchObject({
        reason: "Timeout",
        phase: "attempt",
        delivery: "Unconfirmed",
        detail: "the limit is 10s",
        attempts: 0
      })
      expect(ApiError.isRetryable(error)).toBe(true)
    })
  )

  it.effect("passes on a success, failure or defect that comes a millisecond before the timeout", () =>
    Effect.gen(function* () {
      const late = Effect.sleep(9999)
      const success = yield* Effect.fork(late.pipe(Effect.as("a response"), Workload.timeout(typing)))
      const failure = yield* Effect.fork(late.pipe(Effect.zipRight(Effect.fail("mine")), Workload.timeout(typing)))
      const defect = yield* Effect.fork(late.pipe(Effect.zipRight(Effect.die("bug")), Workload.timeout(typing)))
      yield* TestClock.adjust("1 minute")
      expect(yield* Fiber.join(success)).toBe("a response")
      expect(yield* Effect.flip(Fiber.join(failure))).toBe("mine")
      expect(yield* Fiber.join(defect).pipe(Effect.catchAllDefect(Effect.succeed))).toBe("bug")
    })
  )

  it.live("clears its timer when the effect ends", () =>
    Effect.gen(function* () {
      const timers = () => process.getActiveResourcesInfo().filter((resource) => resource === "Timeout").length
      const before = timers()
      const during: Array<number> = []
      const turn = Effect.yieldNow().pipe(Effect.andThen(() => during.push(timers())))
      yield* Workload.timeout(turn, typing)
      yield* Effect.exit(Workload.timeout(Effect.zipRight(turn, Effect.fail("mine")), typing))
      expect(during).toEqual([before + 1, before + 1])
      expect(timers()).toBe(before)
    })
  )

  it.effect("interrupts the effect and waits for it to clean up", () =>
    Effect.gen(function* () {
      const log = yield* Ref.make<ReadonlyArray<string>>([])
      const note = (text: string) =>
        Effect.flatMap(Clock.currentTimeMillis, (now) => Ref.update(log, (lines) => [...lines, `${now} ${text}`]))
      const slow = Effect.never.pipe(
        Effect.onInterrupt(() => Effect.zipRight(Effect.sleep("3 seconds"), note("clean")))
      )
      const fiber = yield* Effect.fork(Effect.tapError(Workload.timeout(slow, typing), () => note("failed")))
      yield* TestClock.adjust("1 minute")
      expect((yield* Effect.flip(Fiber.join(fiber))).reason).toBe("Timeout")
      expect(yield* log).toEqual(["13000 clean", "13000 failed"])
    })
  )

  it.effect("waits for an uninterruptible effect and still fails", () =>
    Effect.gen(function* () {
      const stubborn = Effect.uninterruptible(Effect.sleep("15 seconds"))
      const fiber = yield* Effect.fork(failureAt(Workload.timeout(stubborn, typing)))
      yield* TestClock.adjust("1 minute")
      const { at, error } = yield* Fiber.join(fiber)
      expect([at, error.phase]).toEqual([15_000, "attempt"])
    })
  )

  it.effect("fails even if the effect succeeds after the timeout", () =>
    Effect.gen(function* () {
      const late = Effect.sleep("15 seconds").pipe(Workload.timeout(typing), Effect.uninterruptible)
      const fiber = yield* Effect.fork(failureAt(late))
      yield* TestClock.adjust("1 minute")
      const { at, error } = yield* Fiber.join(fiber)
      expect([at, error.phase]).toEqual([15_000, "attempt"])
    })
  )

  it.effect("restarts for each attempt of a retry around it", () =>
    Effect.gen(function* () {
      const attempts = yield* Ref.make(0)
      const hangs = Effect.zipRight(
        Ref.update(attempts, (n) => n + 1),
        Effect.never
      )
      const policy = Retry.make({ attempts: 3, base: "1 second", factor: 1, jitter: "none" })
      const fiber = yield* Effect.fork(failureAt(hangs.pipe(Workload.timeout(typing), Retry.retry(policy))))
      yield* TestClock.adjust("1 hour")
      const { at, error } = yield* Fiber.join(fiber)
      expect([at, error.attempts, yield* attempts]).toEqual([32_000, 3, 3])
    })
  )

  it.effect("stops a retry inside before a wait past the timeout", () =>
    Effect.gen(function* () {
      const down = new ApiError.Transient({ reason: "Unavailable", delivery: "Acknowledged", status: 503 })
      const policy = Retry.make({ attempts: 9, base: "4 seconds", factor: 1, jitter: "none" })
      const fiber = yield* Effect.fork(failureAt(down.pipe(Effect.retry(policy), Workload.timeout(typing))))
      yield* TestClock.adjust("1 hour")
      expect(yield* Fiber.join(fiber)).toEqual({ at: 8000, error: down })
    })
  )

  it.effect("fails with a settled error when it interrupts a retry inside", () =>
    Effect.gen(function* () {
      const attempts = yield* Ref.make(0)
      const hangs = Effect.zipRight(
        Ref.update(attempts, (n) => n + 1),
        Effect.never
      )
      const policy = Retry.make({ attempts: 3, base: 1, jitter: "none" })
      const owned = hangs.pipe(Retry.retry(policy), Workload.timeout(typing), Retry.retry(policy))
      const fiber = yield* Effect.fork(failureAt(owned))
      yield* TestClock.adjust("1 hour")
      const { at, error } = yield* Fiber.join(fiber)
      expect([at, error.phase, ApiError.isSettled(error), yield* attempts]).toEqual([10_000, "attempt", true, 1])
    })
  )
})

const nameOfCurrent = Effect.map(
  Workload.current,
  Option.map((workload) => workload.name)
)

describe("Workload.within", () => {
  it.effect("sets the workload only inside the effect", () =>
    Effect.gen(function* () {
      expect(yield* Workload.current).toEqual(Option.none())
      expect(Option.getOrThrow(yield* Workload.current.pipe(Workload.within(Workload.agentic)))).toBe(Workload.agentic)
      expect(yield* Workload.within(nameOfCurrent, typing)).toEqual(Option.some("typing"))
      expect(yield* Workload.current).toEqual(Option.none())
    })
  )

  it.effect("applies to forked fibers and does not propagate back from them", () =>
    Effect.gen(function* () {
      const inFork = Effect.flatMap(Effect.fork(nameOfCurrent), Fiber.join)
      expect(yield* inFork.pipe(Workload.within(typing))).toEqual(Option.some("typing"))
      const daemon = yield* Effect.forkDaemon(nameOfCurrent).pipe(Workload.within(typing))
      expect(yield* Fiber.join(daemon)).toEqual(Option.some("typing"))
      expect(yield* Workload.current).toEqual(Option.none())
    })
  )

  it.effect("prefers the innermost workload and restores the outer one after it", () =>
    Effect.gen(function* () {
      const both = Effect.all([nameOfCurrent.pipe(Workload.within(Workload.agentic)), nameOfCurrent])
      expect(yield* both.pipe(Workload.within(typing))).toEqual([Option.some("agentic"), Option.some("typing")])
    })
  )

  it.effect("imposes no time limit", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.fork(Effect.sleep("1 day").pipe(Workload.within(typing)))
      yield* TestClock.adjust("1 day")
      yield* Fiber.join(fiber)
    })
  )
})

describe("Workload.current", () => {
  it.effect("returns the workload of Workload.timeout", () =>
    Effect.gen(function* () {
      expect(yield* nameOfCurrent.pipe(Workload.timeout(typing))).toEqual(Option.some("typing"))
      expect(yield* Workload.current).toEqual(Option.none())
    })
  )
})

describe("Workload.batchSubmission", () => {
  const lost = new ApiError.Transient({ reason: "ConnectionLost", delivery: "Unconfirmed" })

  it.effect("follows the idempotency of the policy for retries inside", () =>
    Effect.gen(function* () {
      const policy = Reliability.make({ workload: Workload.batchSubmission, idempotency: "never" })
      const submit = Retry.retry(lost, Retry.documented).pipe(Reliability.protect(policy))
      expect((yield* Effect.flip(submit)).attempts).toBe(1)
    })
  )

  it("lengthens with the attempt the timeouts that lasted as long", () => {
    const longer = Workload.with(Workload.batchSubmission, { timeouts: { attempt: "4 minutes" } })
    expect(longer.stream).toEqual({ first: Duration.minutes(4), idle: Duration.minutes(4) })
    expect(longer.timeouts.read).toEqual(Duration.minutes(4))
  })
})

describe("Workload.config", () => {
  const read = (variables: Readonly<Record<string, string>>, workload = Workload.interactive) =>
    Effect.withConfigProvider(
      Config.nested(Workload.config(workload), "CHAT"),
      ConfigProvider.fromMap(new Map(Object.entries(variables)), { pathDelim: "_" })
    )

  it.effect("keeps the workload when no variable is set", () =>
    Effect.gen(function* () {
      for (const workload of [Workload.interactive, Workload.largeModel, Workload.batchSubmission]) {
        expect(yield* read({}, workload)).toEqual(workload)
      }
    })
  )

  it.effect("reads each limit from its variable", () =>
    Effect.gen(function* () {
      const workload = yield* read({
        CHAT_DEADLINE: "90 seconds",
        CHAT_ATTEMPT_TIMEOUT: "40 seconds",
        CHAT_POOL_TIMEOUT: "1 seconds",
        CHAT_CONNECT_TIMEOUT: "2 seconds",
        CHAT_WRITE_TIMEOUT: "3 seconds",
        CHAT_READ_TIMEOUT: "4 seconds",
        CHAT_STREAM_FIRST_TIMEOUT: "5 seconds",
        CHAT_STREAM_IDLE_TIMEOUT: "6 seconds"
      })
      expect(workload.deadline).toEqual(Duration.seconds(90))
      expect(workload.timeouts).toEqual({
        attempt: Duration.seconds(40),
        pool: Duration.seconds(1),
        connect: Duration.seconds(2),
        write: Duration.seconds(3),
        read: Duration.seconds(4)
      })
      expect(workload.stream).toEqual({ first: Duration.seconds(5), idle: Duration.seconds(6) })
    })
  )

  it.effect("fails with a ConfigError that names the limit that does not fit", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(read({ CHAT_ATTEMPT_TIMEOUT: "3 minutes" }))
      const message = "Workload.config: timeouts.attempt is 3m; it must be at most the deadline, 2m"
      expect(error).toMatchObject({ message: expect.stringContaining(message) as unknown })
      expect(yield* Effect.flip(read({ CHAT_DEADLINE: "soon" }))).toMatchObject({ path: ["CHAT", "DEADLINE"] })
    })
  )
})

describe("Workload.within with Reliability.protect", () => {
  const slow = Workload.with(Workload.interactive, { name: "slow", deadline: "30 minutes" })
  const quick = Workload.with(Workload.interactive, { name: "quick", deadline: "1 second" })
  const lasts = (effect: Effect.Effect<unknown, unknown>) =>
    Effect.gen(function* () {
      const fiber = yield* Effect.fork(Effect.exit(effect))
      yield* TestClock.adjust("1 second")
      return Option.isSome(yield* Fiber.poll(fiber)) ? "at most a second" : "longer"
    })

  it.effect("uses the workload of protect if within is outside", () =>
    Effect.gen(function* () {
      const call = nameOfCurrent.pipe(Reliability.protect(quick), Workload.within(slow))
      expect(yield* call).toEqual(Option.some("quick"))
      const hanging = Effect.never.pipe(Reliability.protect(quick), Workload.within(slow))
      expect(yield* lasts(hanging)).toBe("at most a second")
    })
  )

  it.effect("uses the workload of within if protect is outside, and keeps the deadline of protect", () =>
    Effect.gen(function* () {
      const call = nameOfCurrent.pipe(Workload.within(slow), Reliability.protect(quick))
      expect(yield* call).toEqual(Option.some("slow"))
      const hanging = Effect.never.pipe(Workload.within(slow), Reliability.protect(quick))
      expect(yield* lasts(hanging)).toBe("at most a second")
    })
  )
})
