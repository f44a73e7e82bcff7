import { WorkflowEngine } from "@effect/workflow"
import { describe, it } from "@effect/vitest"
import { Effect, Equal, FastCheck as fc, Fiber, Layer, Schema, Schedule, TestClock, TestContext, Tracer } from "effect"
import { ApiError, Deadline } from "effect-reliability"
import { BatchJobs, type Fireworks, TrainerJobs } from "effect-reliability/fireworks"
import { FireworksServer } from "effect-reliability/testing"
import { DurableJob } from "effect-reliability/workflow"
import { expect } from "vitest"
import { StoredPast, StoredWatching } from "../../../src/workflow/internal/stored.js"
import {
  active,
  down,
  ended,
  forbidden,
  healthy,
  kindOf,
  lost,
  makeServer,
  missing,
  type Plan,
  type Snapshot
} from "../../support/jobs.js"
import { printed } from "../../support/durable.js"
import { account, lives, over, preempted, quiet, reached, serving } from "../../support/trainers.js"

type Server = ReturnType<typeof makeServer>

const durable = (
  server: Pick<Server, "create" | "get">,
  options: Partial<DurableJob.Options<string, string, Snapshot, string, string, never>> = {}
) => DurableJob.make({ name: "Job", kind: kindOf(server), input: Schema.String, outcome: Schema.String, ...options })

const engine = <I, S, A, R>(job: DurableJob.DurableJob<I, S, A, R>) =>
  Layer.provideMerge(job.layer, WorkflowEngine.layerMemory)

/** Runs a test of a durable job on the engine in memory. */
const on = <I, S, A, R, B, E, R2>(
  job: DurableJob.DurableJob<I, S, A, R>,
  test: (job: DurableJob.DurableJob<I, S, A, R>) => Effect.Effect<B, E, R2>
) => Effect.provide(test(job), engine(job))

/** A span that records nothing. */
const noSpan: (...args: Parameters<Tracer.Tracer["span"]>) => Tracer.Span = (
  name,
  parent,
  context,
  links,
  startTime,
  kind
) => ({
  _tag: "Span",
  name,
  spanId: "span",
  traceId: "trace",
  parent,
  context,
  status: { _tag: "Started", startTime },
  attributes: new Map(),
  links,
  sampled: true,
  kind,
  end: () => undefined,
  attribute: () => undefined,
  event: () => undefined,
  addLinks: () => undefined
})

// the engine hashes ids asynchronously, and the clock does not wait for that: an adjustment of hours would jump over polls
const pass = (hours: number) => Effect.repeatN(TestClock.adjust("20 minutes"), 3 * hours - 1)
const settled = Effect.promise(async () => new Promise((resolve) => setTimeout(resolve, 100)))

const twoDays: Plan = { ...healthy, phases: [3600, 47 * 3600] }

describe("a durable job", () => {
  it.effect("submits once, waits, and returns the outcome", () => {
    const server = makeServer()
    return on(
      durable(server),
      Effect.fn(function* (job) {
        expect(yield* job.poll("job")).toEqual({ _tag: "Pending" })
        yield* job.start("job", "input")
        yield* TestClock.adjust("1 minute")
        expect(yield* job.poll("job")).toEqual({ _tag: "Waiting" })
        expect((yield* job.progress("job")).standing).toEqual(active)
        yield* TestClock.adjust("10 minutes")
        expect(yield* job.poll("job")).toEqual({ _tag: "Ended", outcome: "Ended 0" })
        expect(yield* job.execute("job", "input")).toBe("Ended 0")
        expect(server.made).toEqual(["job"])
      })
    )
  })

  it.effect("waits two days in less than 200 polls", () => {
    const server = makeServer(twoDays)
    return on(
      durable(server),
      Effect.fn(function* (job) {
        const began = performance.now()
        yield* job.start("job", "input")
        yield* pass(48)
        yield* TestClock.adjust("30 minutes")
        yield* settled
        expect(yield* job.poll("job")).toEqual({ _tag: "Ended", outcome: "Ended 0" })
        printed(
          `two days on the TestClock: ${Math.round(performance.now() - began)} ms, ${server.lookedAt.length} polls`
        )
        expect(server.lookedAt.length).toBeLessThan(200)
        expect(server.made).toEqual(["job"])
      })
    )
  })

  it.effect("stores a bounded number of steps, also at one poll a minute", () => {
    const server = makeServer({ ...healthy, phases: [3600, 5.5 * 3600] })
    const steps = new Map<string, number>()
    const tracer = Tracer.make({
      span: (name, parent, context, links, startTime, kind) => {
        const span = noSpan(name, parent, context, links, startTime, kind)
        return {
          ...span,
          attribute: (key, value) => {
            const step = `${String(value)}/${name}`
            if (key === "executionId" && /^(step|DurableClock)\//.test(name))
              steps.set(step, (steps.get(step) ?? 0) + 1)
          }
        }
      },
      context: (f) => f()
    })
    const watch = { interval: "1 minute", cap: "1 minute", factor: 1, jitter: 0 } as const
    return on(
      durable(server, { watch }),
      Effect.fn(function* (job) {
        yield* job.start("job", "input")
        yield* pass(7)
        yield* settled
        expect(yield* job.poll("job")).toEqual({ _tag: "Ended", outcome: "Ended 0" })
        expect(server.lookedAt.length).toBeGreaterThan(380)
        expect(steps.size).toBeLessThan(25)
        // each wake-up replays the steps of one part only
        expect(Math.max(...steps.values())).toBeLessThan(20)
      })
    ).pipe(Effect.withTracer(tracer))
  })

  it.effect("suspends for waits above `inMemory`, and spends shorter ones in one step", () => {
    const statuses = (options: Partial<DurableJob.EngineOptions>) =>
      on(
        durable(makeServer(), { watch: { interval: "5 seconds", cap: "5 seconds", jitter: 0 }, ...options }),
        Effect.fn(function* (job) {
          yield* job.start("job", "input")
          yield* TestClock.adjust("12 seconds")
          return (yield* job.poll("job"))._tag
        })
      )
    return Effect.gen(function* () {
      expect(yield* statuses({})).toBe("Pending")
      expect(yield* statuses({ inMemory: "5 seconds" })).toBe("Pending")
      expect(yield* statuses({ inMemory: "4999 millis" })).toBe("Waiting")
      expect(yield* statuses({ inMemory: 0 })).toBe("Waiting")
    })
  })

  it.effect("returns the first outcome for a repeated id, whatever the input", () => {
    const server = makeServer()
    return on(
      durable(server),
      Effect.fn(function* (job) {
        const all = yield* Effect.fork(
          Effect.all([job.execute("job", "input"), job.execute("job", "other")], { concurrency: "unbounded" })
        )
        yield* TestClock.adjust("30 minutes")
        expect(yield* Fiber.join(all)).toEqual(["Ended 0", "Ended 0"])
        expect(server.made).toEqual(["job"])
      })
    )
  })

  it.effect("distinguishes ids that resemble child executions", () => {
    const server = makeServer(twoDays)
    return on(
      durable(server),
      Effect.fn(function* (job) {
        yield* job.start("job", "input")
        yield* job.start("1/job", "input")
        yield* pass(10)
        expect(server.made).toEqual(["job", "1/job"])
      })
    )
  })

  it.effect("continues past a deadline around `execute`", () => {
    const server = makeServer()
    return on(
      durable(server),
      Effect.fn(function* (job) {
        const waiting = yield* Effect.fork(Effect.either(Deadline.within(job.execute("job", "input"), "1 minute")))
        yield* TestClock.adjust("1 minute")
        expect(yield* Fiber.join(waiting)).toMatchObject({ left: { reason: "Timeout", phase: "deadline" } })
        yield* TestClock.adjust("30 minutes")
        expect(yield* job.poll("job")).toEqual({ _tag: "Ended", outcome: "Ended 0" })
      })
    )
  })

  it("rejects invalid options", () => {
    const make = (options: Parameters<typeof durable>[1]) => () => durable(makeServer(), options)
    expect(make({ name: "it's" })).toThrow(/DurableJob.make: name is "it's"; it must be a letter/)
    expect(make({ name: "" })).toThrow(RangeError)
    expect(make({ inMemory: "61 seconds" })).toThrow(/inMemory .* at most 1 minute/)
    expect(make({ watch: { interval: "2 minutes", cap: "1 minute" } })).toThrow(/DurableJob.make: cap/)
    expect(() => DurableJob.batch({ interval: -1 })).toThrow(/DurableJob.batch: interval/)
    expect(() => DurableJob.trainer({ pollInterval: -1 })).toThrow(/DurableJob.trainer: pollInterval/)
    expect(() => durable(makeServer()).purge({ prefix: "a;b" })).toThrow(/DurableJob.purge: prefix/)
  })
})

describe("a durable job that fails", () => {
  it.effect("fails with a settled ApiError once contact is lost for longer than `outage`", () => {
    const server = makeServer({
      ...twoDays,
      looks: ["well", "well", ...Array.from({ length: 99 }, () => "down" as const)]
    })
    return on(
      durable(server, { watch: { outage: "2 hours" } }),
      Effect.fn(function* (job) {
        const error = yield* Effect.fork(Effect.flip(job.execute("job", "input")))
        yield* pass(4)
        const found = yield* Fiber.join(error)
        expect(found).toMatchObject({ _tag: "Transient", reason: "Connect", delivery: "NotSent" })
        expect(ApiError.isApiError(found) && ApiError.isSettled(found)).toBe(true)
        expect(found.advice).toContain("raise the option outage")
        const status = yield* job.poll("job")
        expect(status._tag === "Failed" && Equal.equals(status.error, found)).toBe(true)
        expect(server.made).toEqual(["job"])
      })
    )
  })

  it.effect("repeats a submission during an outage, and creates one job", () => {
    // the server creates the job, its response is lost, and then the server is away for half an hour
    const server = makeServer({ ...healthy, sends: ["lost after"], looks: ["well"] })
    let isDown = false
    const refused = <A>(call: Effect.Effect<A, ApiError.ApiError>) =>
      Effect.suspend((): Effect.Effect<A, ApiError.ApiError> => (isDown ? down : call))
    const outage = {
      create: (id: string, input: string) =>
        refused(Effect.tapError(server.create(id, input), () => Effect.sync(() => void (isDown = true)))),
      get: (id: string) => refused(server.get(id))
    }
    return on(
      durable(outage),
      Effect.fn(function* (job) {
        yield* job.start("job", "input")
        yield* TestClock.adjust("30 minutes")
        expect(yield* job.poll("job")).toEqual({ _tag: "Waiting" })
        isDown = false
        yield* TestClock.adjust("30 minutes")
        expect(yield* job.poll("job")).toEqual({ _tag: "Ended", outcome: "Ended 0" })
        expect(server.made).toEqual(["job"])
      })
    )
  })

  it.effect("fails at once if the submission is refused, and the id stays used", () => {
    const server = { create: () => forbidden, get: () => missing }
    return on(
      durable(server),
      Effect.fn(function* (job) {
        const error = yield* Effect.flip(job.execute("job", "input"))
        expect(error).toMatchObject({ _tag: "Fatal", reason: "Forbidden", attempts: 1 })
        expect(yield* job.poll("job")).toMatchObject({ _tag: "Failed", error: { reason: "Forbidden" } })
        expect(yield* Effect.flip(job.execute("job", "input"))).toMatchObject({ reason: "Forbidden" })
      })
    )
  })

  it.effect("reports a defect of the kind as `Died`", () =>
    on(
      durable({ create: () => Effect.dieMessage("no luck"), get: () => missing }),
      Effect.fn(function* (job) {
        yield* job.start("job", "input")
        yield* Effect.repeatN(TestClock.adjust("1 minute"), 20)
        yield* settled
        expect(yield* job.poll("job")).toMatchObject({ _tag: "Died" })
      })
    )
  )

  it.effect("resumes a stopped job as often as the options allow", () => {
    let [resumes, state] = [0, "FAILED"]
    const kind = {
      ...kindOf({
        create: () => Effect.succeed({ input: "input", standing: active }),
        get: () =>
          Effect.sync((): Snapshot => {
            const standing = state === "FAILED" ? ({ _tag: "Stopped", outcome: state } as const) : ended
            return { input: "input", standing }
          })
      }),
      resume: () => Effect.suspend(() => (++resumes === 1 ? lost : Effect.sync(() => void (state = "COMPLETED"))))
    }
    const job = DurableJob.make({
      name: "Job",
      kind,
      input: Schema.String,
      outcome: Schema.String,
      watch: { resumes: 2, stale: "1 minute" }
    })
    return on(
      job,
      Effect.fn(function* (job) {
        yield* job.start("job", "input")
        yield* TestClock.adjust("30 minutes")
        expect(yield* job.poll("job")).toEqual({ _tag: "Ended", outcome: "COMPLETED" })
        expect(resumes).toBe(2)
      })
    )
  })
})

describe("the control of a durable job from outside", () => {
  it.effect("interrupts the execution and not the job", () => {
    const server = makeServer(twoDays)
    return on(
      durable(server),
      Effect.fn(function* (job) {
        const waiting = yield* Effect.fork(job.execute("job", "input"))
        // far enough for a chain of executions
        yield* pass(6)
        yield* job.interrupt("job")
        yield* TestClock.adjust("1 minute")
        expect(yield* job.poll("job")).toEqual({ _tag: "Interrupted" })
        expect((yield* Fiber.await(waiting))._tag).toBe("Failure")
        const looks = server.lookedAt.length
        yield* pass(3)
        expect(server.lookedAt).toHaveLength(looks)
        expect(server.jobs.has("job")).toBe(true)
        // the id stays used
        yield* job.start("job", "input")
        expect(yield* job.poll("job")).toEqual({ _tag: "Interrupted" })
      })
    )
  })

  it.effect("continues to wait after `resume`, without a poll of its own", () => {
    const server = makeServer({ ...healthy, phases: [3600, 9 * 3600] })
    return on(
      durable(server),
      Effect.fn(function* (job) {
        yield* job.start("job", "input")
        yield* pass(6)
        const looks = server.lookedAt.length
        yield* job.resume("job")
        yield* job.resume("unknown")
        yield* settled
        expect(yield* job.poll("job")).toEqual({ _tag: "Waiting" })
        expect(server.lookedAt).toHaveLength(looks)
        yield* pass(5)
        expect(yield* job.poll("job")).toEqual({ _tag: "Ended", outcome: "Ended 0" })
      })
    )
  })

  it.effect("keeps an execution whose caller is interrupted", () => {
    const server = makeServer()
    return on(
      durable(server),
      Effect.fn(function* (job) {
        const waiting = yield* Effect.fork(job.execute("job", "input"))
        yield* TestClock.adjust("1 minute")
        yield* Fiber.interrupt(waiting)
        yield* TestClock.adjust("30 minutes")
        expect(yield* job.poll("job")).toEqual({ _tag: "Ended", outcome: "Ended 0" })
      })
    )
  })
})

describe("the stored state", () => {
  const time = fc.oneof(fc.nat(), fc.double({ min: 0, max: 1e13, noNaN: true }))
  const maybe = fc.option(time, { nil: undefined })
  const viaJson = <A>(schema: Schema.Schema<A, unknown>, value: A): A =>
    Schema.decodeUnknownSync(schema)(JSON.parse(JSON.stringify(Schema.encodeSync(schema)(value))))

  it("survives JSON in every state of a watch", () => {
    const watching: fc.Arbitrary<typeof StoredWatching.Type> = fc.record({
      lookedAt: time,
      seen: fc.constantFrom("Queued", "Active", "Changing", "Stopped", "Ended", "Gone", "Nothing"),
      wait: time,
      spent: fc.record({ queued: time, active: time, changing: time }),
      lostSince: maybe,
      unseenSince: maybe,
      refusedSince: maybe,
      missingSince: maybe,
      resumes: fc.nat(),
      resumedAt: fc.oneof(time, fc.constant(-Infinity))
    })
    fc.assert(
      fc.property(watching, (state) => {
        expect(viaJson(StoredWatching, state)).toEqual(state)
      })
    )
  })

  it("survives JSON in every history of a trainer", () => {
    const past = fc.record({
      interruptedAt: maybe,
      ranAt: maybe,
      stopped: fc.boolean(),
      unconfirmed: fc.boolean(),
      resumed: fc.nat()
    })
    fc.assert(
      fc.property(past, (state) => {
        expect(viaJson(StoredPast, state)).toEqual(state)
      })
    )
  })
})

describe("a durable batch", () => {
  it.effect("returns the outcome of `BatchJobs.await`, and submits once after a lost response", () =>
    Effect.gen(function* () {
      const server = yield* FireworksServer.inMemory({ account, timeline: FireworksServer.expired })
      yield* server.down
      const Batch = DurableJob.batch()
      const description = { id: "nightly", model: "accounts/fireworks/models/kimi-k2", inputDatasetId: "reviews" }
      yield* Effect.gen(function* () {
        yield* Batch.start("nightly", description)
        yield* TestClock.adjust("20 minutes")
        expect(yield* Batch.poll("nightly")).toEqual({ _tag: "Waiting" })
        yield* server.up
        yield* pass(26)
        const status = yield* Batch.poll("nightly")
        const outcome = yield* BatchJobs.await("nightly")
        expect(status).toEqual({ _tag: "Ended", outcome })
        expect(outcome._tag).toBe("Expired")
        expect(yield* server.creations).toHaveLength(1)
        const json = JSON.parse(
          JSON.stringify(Schema.encodeSync(BatchJobs.Outcome)(outcome))
        ) as BatchJobs.OutcomeEncoded
        expect(Schema.decodeSync(BatchJobs.Outcome)(json)).toEqual(outcome)
      }).pipe(Effect.provide(Layer.provideMerge(engine(Batch), over(server.client))))
    }).pipe(Effect.provide(quiet))
  )

  it.effect("fails with `Conflict` if the id belongs to a different batch", () =>
    Effect.gen(function* () {
      const server = yield* FireworksServer.inMemory({ account })
      const Batch = DurableJob.batch()
      const description = { model: "accounts/fireworks/models/kimi-k2", inputDatasetId: "reviews" }
      yield* Effect.gen(function* () {
        yield* BatchJobs.submit({ id: "nightly", ...description, inputDatasetId: "others" })
        const error = yield* Effect.flip(Batch.execute("nightly", description))
        expect(error).toMatchObject({ _tag: "Fatal", reason: "Conflict" })
        expect(yield* server.creations).toHaveLength(1)
        // the same batch, written by its full names, is the same
        const same = { ...description, inputDatasetId: `accounts/${account}/datasets/others` }
        yield* Batch.start("nightly-2", same)
        yield* BatchJobs.submit({ id: "nightly-2", ...description, inputDatasetId: "others" })
        expect(yield* Effect.flip(Batch.execute("no id!", description))).toMatchObject({ reason: "InvalidRequest" })
      }).pipe(Effect.provide(Layer.provideMerge(engine(Batch), over(server.client))))
    }).pipe(Effect.provide(quiet))
  )
})

describe("a durable trainer", () => {
  const outcomeOf = (options: FireworksServer.Options, isDurable: boolean) =>
    Effect.gen(function* () {
      const server = yield* FireworksServer.inMemory({ account, ...options })
      const Trainer = DurableJob.trainer({ dcpSaveInterval: 10, suspendedRetrySchedule: Schedule.spaced("20 minutes") })
      return yield* Effect.gen(function* () {
        yield* TrainerJobs.create({ id: "policy-7", dcpSaveInterval: 10 })
        yield* pass(2)
        const wait: Effect.Effect<
          TrainerJobs.Outcome,
          ApiError.ApiError,
          Fireworks.Fireworks | WorkflowEngine.WorkflowEngine
        > = isDurable ? Trainer.execute("policy-7") : TrainerJobs.reconnectAndWait("policy-7", { dcpSaveInterval: 10 })
        const fiber = yield* Effect.fork(wait)
        yield* pass(44)
        return yield* Fiber.join(fiber)
      }).pipe(Effect.provide(Layer.provideMerge(engine(Trainer), over(server.client))))
    }).pipe(Effect.provide(Layer.merge(quiet, TestContext.TestContext)))

  it.effect.each([
    ["a running trainer", { timeline: lives(serving) }, 0, "Untouched"],
    ["a preempted trainer", { timeline: lives(preempted("1 hour"), serving) }, 1, "Preserved"],
    [
      "a trainer that waits two days for machines",
      { timeline: lives(preempted("1 hour"), [{ state: "PENDING", lasts: "40 hours" }, ...serving]) },
      1,
      "Preserved"
    ],
    [
      "a trainer without checkpoints",
      { timeline: lives(preempted("1 hour"), serving), checkpointEvery: "3 hours" },
      1,
      "Lost"
    ],
    [
      "a trainer that stops twice",
      { timeline: lives(preempted("1 hour"), preempted("1 minute"), serving) },
      1,
      "Preserved"
    ]
  ] as const)("returns the outcome of `TrainerJobs.reconnectAndWait` for %s", ([, options, resumed, optimizer]) =>
    Effect.gen(function* () {
      const [stored, direct] = [yield* outcomeOf(options, true), yield* outcomeOf(options, false)]
      expect(reached(stored)).toMatchObject({ resumed, optimizer: { _tag: optimizer } })
      const { job: _, ...rest } = reached(stored)
      const { job: __, ...expected } = reached(direct)
      expect(rest).toEqual(expected)
      const json = JSON.parse(
        JSON.stringify(Schema.encodeSync(TrainerJobs.Outcome)(stored))
      ) as TrainerJobs.OutcomeEncoded
      expect(Schema.decodeSync(TrainerJobs.Outcome)(json)).toEqual(stored)
    })
  )

  it.effect("names its own options in the advice of an error", () =>
    Effect.gen(function* () {
      const server = yield* FireworksServer.inMemory({ account, timeline: [{ state: "PENDING" }] })
      const Trainer = DurableJob.trainer({
        dcpSaveInterval: 10,
        pending: "3 hours",
        suspendedRetrySchedule: Schedule.spaced("20 minutes")
      })
      yield* Effect.gen(function* () {
        yield* TrainerJobs.create({ id: "policy-7", dcpSaveInterval: 10 })
        const error = yield* Effect.fork(Effect.flip(Trainer.execute("policy-7")))
        yield* pass(4)
        expect((yield* Fiber.join(error)).advice).toContain("raise the option pending.")
      }).pipe(Effect.provide(Layer.provideMerge(engine(Trainer), over(server.client))))
    }).pipe(Effect.provide(quiet))
  )
})
