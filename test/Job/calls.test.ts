import { describe, it } from "@effect/vitest"
import {
  Cause,
  Chunk,
  Clock,
  Duration,
  Effect,
  Exit,
  FastCheck as fc,
  Fiber,
  HashMap,
  Logger,
  LogLevel,
  Random,
  Stream,
  TestClock
} from "effect"
import type { ApiError } from "effect-reliability"
import { Deadline, Job, Reliability, Retry, Workload } from "effect-reliability"
import { expect } from "vitest"
import {
  active,
  Died,
  down,
  ended,
  forbidden,
  glances,
  gone,
  healthy,
  kindOf,
  lost,
  makeServer,
  missing,
  moods,
  type Plan,
  queued,
  type Snapshot,
  stopped,
  taken,
  unavailable
} from "../support/jobs.js"

// -------------------------------------------------------------------------------------------------
// A server
// -------------------------------------------------------------------------------------------------

/** A clock that skips every sleep, for programs of one fiber. */
const skipping = (): Clock.Clock => {
  let now = 0
  const unsafeCurrentTimeMillis = () => now
  const unsafeCurrentTimeNanos = () => BigInt(Math.round(now * 1e6))
  return {
    [Clock.ClockTypeId]: Clock.ClockTypeId,
    unsafeCurrentTimeMillis,
    currentTimeMillis: Effect.sync(unsafeCurrentTimeMillis),
    unsafeCurrentTimeNanos,
    currentTimeNanos: Effect.sync(unsafeCurrentTimeNanos),
    sleep: (duration) => Effect.sync(() => void (now += Duration.toMillis(duration)))
  }
}

/** Submits and waits, and repeats both under the same id while they die or the submission fails. */
const persistently = (kind: Job.Kind<string, Snapshot, string>): Effect.Effect<string, ApiError.ApiError> =>
  Effect.gen(function* () {
    for (let lives = 0; lives < 60; lives++) {
      const submitted = yield* Effect.exit(Job.submit(kind, "job", "input"))
      if (Exit.isFailure(submitted)) {
        if (Cause.isDie(submitted.cause) && !(Cause.squash(submitted.cause) instanceof Died))
          return yield* Effect.failCause(submitted.cause)
        yield* Effect.sleep("1 minute")
        continue
      }
      const ended = yield* Effect.exit(Job.await(kind, "job"))
      if (Exit.isSuccess(ended) || !(Cause.squash(ended.cause) instanceof Died)) return yield* ended
    }
    return yield* Effect.dieMessage("it went on for too long")
  })

const anyPlan: fc.Arbitrary<Plan> = fc.record({
  phases: fc.array(fc.nat(4000), { minLength: 1, maxLength: 4 }),
  end: fc.constantFrom("Stopped", "Ended"),
  sends: fc.array(fc.constantFrom(...moods), { maxLength: 8 }),
  looks: fc.array(fc.constantFrom(...glances), { maxLength: 40 })
})

const expectOne = (server: ReturnType<typeof makeServer>, plan: Plan, outcome: string, now: number) => {
  expect(server.made).toEqual(["job"])
  expect(outcome).toBe(`${plan.end} 0`)
  const seconds = plan.phases.reduce((sum, phase) => sum + phase, 0)
  const since = server.jobs.get("job")?.life.since ?? Number.NaN
  expect(now - since).toBeGreaterThanOrEqual(seconds * 1000)
  // the last lookup is late by at most one wait, or by a server that lags or hides the job
  expect(now - since).toBeLessThanOrEqual(seconds * 1000 + 45 * 72_000)
}

describe("Job.submit and Job.await", () => {
  it("makes one job and returns its true end, whatever gets lost, lags or dies", () => {
    fc.assert(
      fc.property(anyPlan, fc.integer(), (plan, seed) => {
        const server = makeServer(plan)
        const clock = skipping()
        const program = persistently(kindOf(server)).pipe(Effect.withRandom(Random.make(seed)), Effect.withClock(clock))
        expectOne(server, plan, Effect.runSync(program), clock.unsafeCurrentTimeMillis())
      }),
      { numRuns: 2000 }
    )
  })

  it.effect("makes one job and returns its true end in the time of a TestClock", () =>
    Effect.gen(function* () {
      const plans = fc.sample(anyPlan, { numRuns: 6, seed: 6 })
      const runs = yield* Effect.forEach(plans, (plan) => {
        const server = makeServer(plan)
        const run = Effect.zip(persistently(kindOf(server)), Clock.currentTimeMillis)
        return Effect.map(Effect.fork(run), (fiber) => ({ fiber, plan, server }))
      })
      yield* TestClock.adjust("1 day")
      for (const { fiber, plan, server } of runs) {
        const [outcome, now] = yield* Fiber.join(fiber)
        expectOne(server, plan, outcome, now)
      }
    })
  )
})

// -------------------------------------------------------------------------------------------------
// The shell
// -------------------------------------------------------------------------------------------------

/** Returns the error of a program, with its waits skipped. */
const failing = <A>(program: Effect.Effect<A, ApiError.ApiError>) =>
  Effect.runSync(program.pipe(Effect.flip, Effect.withClock(skipping())))

describe("Job.submit", () => {
  it("fails with Conflict for a job of the same id and another input", () => {
    const two = makeServer()
    const kind = kindOf(two)
    const error = failing(Effect.zipRight(Job.submit(kind, "job", "one"), Job.submit(kind, "job", "another")))
    expect(error).toMatchObject({ reason: "Conflict", attempts: 1 })
    expect(error.message).toContain("a job with this id exists, and its input is different")
    expect(two.made).toEqual(["job"])
  })

  it("fails with Conflict for the id of a deleted job", () => {
    const grave = { create: () => Effect.fail(taken), get: () => Effect.succeed({ input: "one", standing: gone }) }
    const error = failing(Job.submit(kindOf(grave), "job", "one"))
    expect(error.message).toContain("a job with this id was deleted, and the id cannot be used again")
    expect(error.reason).toBe("Conflict")
  })

  it("finds an existing job that becomes visible only after several lookups", () => {
    const server = makeServer({ ...healthy, sends: ["dies after"], looks: ["late", "late", "late", "late"] })
    const submission = Job.submit(kindOf(server), "job", "one")
    const program = Effect.exit(submission).pipe(Effect.zipRight(submission), Effect.zipRight(Clock.currentTimeMillis))
    const now = Effect.runSync(program.pipe(Effect.withClock(skipping())))
    expect(server.lookedAt.length).toBe(5)
    expect(now).toBeLessThanOrEqual(22_000)
  })

  it("fails with Conflict if the server returns another job as created", () => {
    const upserting = {
      create: () => Effect.succeed({ input: "two", standing: queued }),
      get: () => Effect.fail(missing)
    }
    expect(failing(Job.submit(kindOf(upserting), "job", "one")).reason).toBe("Conflict")
  })

  it("reports the id under which a job may exist, and the original error", () => {
    const dark = { create: () => Effect.fail(lost), get: () => Effect.fail(down) }
    const error = failing(Job.submit(kindOf(dark), "job-17", "one", { isNew: true }))
    expect(error).toMatchObject({ _tag: "Transient", reason: "ConnectionLost", delivery: "Unconfirmed", attempts: 1 })
    expect(error.advice).toContain("The job may exist: submit it again with the id job-17")
    const refused = { create: () => Effect.fail(forbidden), get: () => Effect.fail(missing) }
    expect(failing(Job.submit(kindOf(refused), "job-17", "one")).advice).not.toContain("job-17")
  })

  it("reports that nothing was submitted if nothing was sent or the lookup failed", () => {
    const dark = { create: () => Effect.fail(down), get: () => Effect.fail(missing) }
    expect(failing(Job.submit(kindOf(dark), "job-17", "one")).advice).toMatch(
      /^Nothing was sent, so no job exists: .* submit again with the id job-17\.$/
    )
    const blind = { create: () => Effect.dieMessage("it was sent"), get: () => Effect.fail(down) }
    expect(failing(Job.submit(kindOf(blind), "job-17", "one")).advice).toMatch(
      /^The job could not be looked up, so nothing was submitted: .* submit again with the id job-17\.$/
    )
  })

  it.effect("fails at its deadline and reports whether the job may exist", () =>
    Effect.gen(function* () {
      const ends = (kind: Parameters<typeof kindOf>[0]) =>
        Effect.gen(function* () {
          const submission = Job.submit(kindOf(kind), "job-17", "one", { deadline: "5 minutes" })
          const fiber = yield* Effect.fork(Effect.flip(submission))
          yield* TestClock.adjust("299999 millis")
          expect(fiber.unsafePoll()).toBeNull()
          yield* TestClock.adjust("1 millis")
          const error = yield* Fiber.join(fiber)
          expect(error).toMatchObject({ reason: "Timeout", phase: "deadline", attempts: 1 })
          return error.advice
        })
      const hanging = { create: () => Effect.never, get: () => Effect.fail(missing) }
      expect(yield* ends(hanging)).toContain("The job may exist")
      expect(yield* ends({ ...hanging, get: () => Effect.never })).toContain("nothing was submitted")
      expect(() => Job.submit(kindOf(hanging), "job-17", "one", { deadline: -1 })).toThrow("Job.submit: deadline is -1")
    })
  )

  it("logs each lookup and send with its reason, at level debug", () => {
    const server = makeServer({ ...healthy, sends: ["lost before"] })
    const lines: Array<unknown> = []
    const logger = Logger.make(({ annotations, logLevel, message }) => {
      lines.push([logLevel.label, String(message), Object.fromEntries(HashMap.entries(annotations))])
    })
    const program = Job.submit(kindOf(server), "job", "one").pipe(
      Logger.withMinimumLogLevel(LogLevel.Debug),
      Effect.provide(Logger.replace(Logger.defaultLogger, logger)),
      Effect.withClock(skipping())
    )
    Effect.runSync(program)
    const unseen = { reason: "NotFound", delivery: "Acknowledged" }
    expect(lines).toEqual([
      ["DEBUG", "the job is sent", { job: "job", sends: 1, delay: "0", ...unseen }],
      [
        "DEBUG",
        "the job is looked up",
        { job: "job", sends: 1, delay: "0", reason: "ConnectionLost", delivery: "Unconfirmed" }
      ],
      ["DEBUG", "the job is looked up", { job: "job", sends: 1, delay: "1s", ...unseen }],
      ["DEBUG", "the job is sent", { job: "job", sends: 2, delay: "1s", ...unseen }]
    ])
  })

  it("waits for the server hint", () => {
    const server = makeServer({ ...healthy, sends: ["lost after"], looks: ["busy"] })
    const clock = skipping()
    Effect.runSync(Job.submit(kindOf(server), "job", "one", { isNew: true }).pipe(Effect.withClock(clock)))
    const [first = 0, second = 0] = server.lookedAt
    expect(first).toBe(0)
    expect(second).toBeGreaterThanOrEqual(30_000)
    expect(second).toBeLessThanOrEqual(33_000)
  })
})

describe("Job.await", () => {
  it.effect("fails at a deadline around it and reports the deadline", () =>
    Effect.gen(function* () {
      const server = makeServer({ ...healthy, phases: [100_000] })
      yield* Job.submit(kindOf(server), "job", "one")
      const waiting = yield* Effect.fork(
        Job.await(kindOf(server), "job").pipe(Deadline.within("90 seconds"), Effect.flip)
      )
      yield* TestClock.adjust("89999 millis")
      expect(waiting.unsafePoll()).toBeNull()
      yield* TestClock.adjust("1 millis")
      expect(yield* Fiber.join(waiting)).toMatchObject({ reason: "Timeout", phase: "deadline" })
      const looks = server.lookedAt.length
      yield* TestClock.adjust("1 hour")
      expect(server.lookedAt.length).toBe(looks)
    })
  )

  it.effect("polls rarely during two days in the queue and half an hour without contact", () =>
    Effect.gen(function* () {
      const server = makeServer({ ...healthy, phases: [48 * 3600, 600] })
      const start = yield* Clock.currentTimeMillis
      const outage = (now: number) => now - start > 24 * 3_600_000 && now - start < 24.5 * 3_600_000
      const kind = {
        ...kindOf(server),
        get: (id: string) =>
          Effect.flatMap(Clock.currentTimeMillis, (now) => (outage(now) ? Effect.fail(down) : server.get(id)))
      }
      yield* Job.submit(kind, "job", "one")
      const waiting = yield* Effect.fork(Job.await(kind, "job", { cap: "20 minutes", queued: "50 hours" }))
      yield* TestClock.adjust("49 hours")
      expect(yield* Fiber.join(waiting)).toBe("Ended 0")
      expect(server.lookedAt.length).toBeLessThanOrEqual(200)
    })
  )

  it.effect("continues after the retries of a lookup have failed", () =>
    Effect.gen(function* () {
      let looks = 0
      const get = () => Effect.suspend(() => (++looks <= 9 ? Effect.fail(unavailable) : Effect.succeed("job")))
      const hasty = Workload.with(Workload.interactive, { retry: Retry.make({ attempts: 3, base: "1 second" }) })
      const kind = {
        create: () => Effect.succeed("job"),
        get: () => Reliability.protect(get(), hasty),
        standing: () => ended,
        isSame: () => true
      }
      const waiting = yield* Effect.fork(Reliability.protect(Job.await(kind, "job"), Workload.agentic))
      yield* TestClock.adjust("2 minutes")
      expect(yield* Fiber.join(waiting)).toBe("COMPLETED")
      expect(looks).toBe(10)
    })
  )

  it.effect("stops and releases everything when interrupted in a wait or in a lookup", () =>
    Effect.gen(function* () {
      let [begun, released] = [0, 0]
      const hanging = Effect.acquireUseRelease(
        Effect.sync(() => void begun++),
        () => Effect.never,
        () => Effect.sync(() => void released++)
      )
      const server = makeServer({ ...healthy, phases: [10_000] })
      yield* Job.submit(kindOf(server), "job", "one")
      const waits = yield* Effect.fork(Job.await(kindOf(server), "job"))
      const looks = yield* Effect.fork(Job.await({ ...kindOf(server), get: () => hanging }, "job"))
      yield* TestClock.adjust("1 minute")
      yield* Effect.all([Fiber.interrupt(waits), Fiber.interrupt(looks)])
      const seen = server.lookedAt.length
      yield* TestClock.adjust("1 hour")
      expect([server.lookedAt.length, begun, released]).toEqual([seen, 1, 1])
    })
  )

  it("resumes a stopped job despite lost responses, and does not resume without a resume function", () => {
    const clock = skipping()
    let [asked, alive] = [0, 0]
    const kind = {
      ...kindOf(makeServer()),
      get: () =>
        Effect.map(Clock.currentTimeMillis, (now) => ({
          input: "",
          standing: alive === 0 || now < alive ? stopped : now < alive + 600_000 ? active : ended
        })),
      resume: () =>
        Effect.flatMap(Clock.currentTimeMillis, (now) => {
          if (++asked === 1) return Effect.fail(down)
          // the resumption stays invisible for a minute
          alive = now + 60_000
          return Effect.fail(lost)
        })
    }
    expect(Effect.runSync(Job.await(kind, "job", { resumes: 1 }).pipe(Effect.withClock(clock)))).toBe("COMPLETED")
    expect(asked).toBe(2)
    alive = 0
    const fixed = { ...kind, resume: undefined }
    const before = clock.unsafeCurrentTimeMillis()
    expect(Effect.runSync(Job.await(fixed, "job", { resumes: 1 }).pipe(Effect.withClock(clock)))).toBe("FAILED")
    expect(clock.unsafeCurrentTimeMillis()).toBe(before)
  })

  it("spreads its lookups, so that concurrent waits do not stay together", () => {
    const looks = ["a", "b"].map((seed) => {
      const server = makeServer({ ...healthy, phases: [600] })
      const program = Effect.zipRight(Job.submit(kindOf(server), "job", ""), Job.await(kindOf(server), "job"))
      Effect.runSync(program.pipe(Effect.withRandom(Random.make(seed)), Effect.withClock(skipping())))
      return server.lookedAt
    })
    const [a = [], b = []] = looks
    expect(a.filter((at) => at > 0 && b.includes(at))).toEqual([])
  })
})

describe("Job.watch", () => {
  it("emits each snapshot, the last one included, and nothing for failed lookups", () => {
    const server = makeServer({ ...healthy, phases: [20, 20], looks: ["well", "down", "late"] })
    const program = Effect.zipRight(
      Job.submit(kindOf(server), "job", "", { isNew: true }),
      Stream.runCollect(Job.watch(kindOf(server), "job", { jitter: 0, interval: "10 seconds", factor: 1 }))
    )
    const seen = Chunk.toReadonlyArray(Effect.runSync(program.pipe(Effect.withClock(skipping()))))
    expect(seen.map(({ standing }) => standing._tag)).toEqual(["Queued", "Queued", "Active", "Ended"])
  })

  it("fails like Job.await", () => {
    const dark = { create: () => Effect.fail(lost), get: () => Effect.fail(down) }
    const error = failing(Stream.runDrain(Job.watch(kindOf(dark), "job", { outage: "10 minutes" })))
    expect(error).toMatchObject({ reason: "Connect", attempts: 1 })
  })
})
