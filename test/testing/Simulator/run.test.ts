import { HttpClient } from "@effect/platform"
import { Cause, Context, Data, Deferred, Effect, Exit, Fiber, Layer, Option, Random } from "effect"
import { type ApiError, Classify, RateLimiter, Reliability, Retry, RetryBudget, Workload } from "effect-reliability"
import { Fault, ScriptedClient, Simulator } from "effect-reliability/testing"
import { describe, expect, it } from "vitest"

class Broken extends Data.TaggedError("Broken") {}

const one: Simulator.Policy = (attempt) => attempt

const toolkit = Effect.gen(function* () {
  const budget = yield* RetryBudget.make()
  const limiter = yield* RateLimiter.make()
  return Reliability.make({ workload: Workload.interactive, budget, limiter })
})

/** A server that admits everything. */
const ample = Simulator.bucket({ perSecond: 1e6, latency: 90 })

const sum = (values: ReadonlyArray<number>) => values.reduce((total, value) => total + value, 0)

describe("a simulation", () => {
  const outage = {
    server: Simulator.bucket({ perSecond: 20, outages: [{ from: "10 seconds", to: "15 seconds" }] }),
    load: [{ workers: 10 }, { perSecond: 5, class: "open" }],
    duration: "30 seconds",
    processes: 2
  } as const

  it("gives byte-identical reports for the same seed, and others for another one", async () => {
    const run = (seed: number) => Effect.runPromise(Simulator.run({ ...outage, policies: Simulator.policies, seed }))
    const [first, again, other] = [await run(1), await run(1), await run(2)]
    expect(JSON.stringify(again)).toBe(JSON.stringify(first))
    expect(JSON.stringify(other)).not.toBe(JSON.stringify(first))
  })

  it("gives all policies the same calls", async () => {
    const { documented, none } = await Effect.runPromise(
      Simulator.run({
        server: Simulator.bucket({ perSecond: 10 }),
        load: { perSecond: 20 },
        policies: { none: one, documented: Workload.interactive },
        duration: "1 minute"
      })
    )
    expect(none.series.started).toEqual(documented.series.started)
    expect(none.attempts).toBe(none.calls)
    expect(documented.attempts).toBeGreaterThan(documented.calls)
  })

  it("returns plain data", async () => {
    const report = await Effect.runPromise(Simulator.run({ ...outage, policy: toolkit }))
    expect(JSON.parse(JSON.stringify(report))).toEqual(report)
  })

  it("counts every attempt and every call once", async () => {
    const { documented } = await Effect.runPromise(
      Simulator.run({ ...outage, policies: { documented: Workload.interactive } })
    )
    const { attempts, calls, classes, failed, failures, series, succeeded } = documented
    expect(sum(series.started)).toBe(calls)
    expect(sum(series.sent)).toBe(attempts)
    expect(sum(series.succeeded)).toBe(succeeded)
    expect(sum(series.gaveUp)).toBe(failed)
    expect(sum(Object.values(failures))).toBe(failed)
    // those of the last moments are on their way
    const decided = sum(series.admitted) + sum(series.refused) + sum(series.failed)
    expect(attempts - decided).toBeGreaterThanOrEqual(0)
    expect(attempts - decided).toBeLessThan(20)
    expect(Object.values(classes).map(({ latencies }) => sum(latencies.map(({ count }) => count)))).toEqual(
      Object.values(classes).map(({ succeeded }) => succeeded)
    )
    expect(sum(Object.values(classes).map(({ calls }) => calls))).toBe(calls)
  })

  it("leaves the warm-up out of its figures", async () => {
    const setup = { server: ample, load: { perSecond: 100 }, policy: one, duration: "10 seconds" } as const
    const whole = await Effect.runPromise(Simulator.run(setup))
    const half = await Effect.runPromise(Simulator.run({ ...setup, warmUp: "5 seconds" }))
    expect(half.series).toEqual(whole.series)
    expect(half.calls).toBe(sum(whole.series.started.slice(5)))
    expect(half.goodput).toBeGreaterThan(0.95)
  })

  it("reports its progress", async () => {
    const seen: Array<Simulator.Progress> = []
    await Effect.runPromise(
      Simulator.run({
        server: ample,
        load: { workers: 1 },
        policies: { a: one, b: one },
        duration: "10 seconds",
        onProgress: (progress) => seen.push(progress)
      })
    )
    expect(seen).toHaveLength(200)
    expect(seen[0]).toEqual({ policy: "a", share: 0.01 })
    expect(seen.at(-1)).toEqual({ policy: "b", share: 1 })
  })

  it("lets the event loop have its turns", async () => {
    let turns = 0
    const timer = setInterval(() => turns++, 1)
    await Effect.runPromise(Simulator.run({ server: ample, load: { workers: 100 }, policy: one, duration: "1 minute" }))
    clearInterval(timer)
    expect(turns).toBeGreaterThan(2)
  })
})

describe("the load", () => {
  it("repeats the calls of workers after their pauses", async () => {
    // each call takes 90 ms and the network
    const run = (load: Simulator.Load, policy = one) =>
      Effect.runPromise(Simulator.run({ server: ample, load, policy, roundTrip: 0, duration: "10 seconds" }))
    expect((await run({ workers: 3 })).succeeded).toBe(3 * 111)
    expect((await run({ workers: 3, think: 110 })).succeeded).toBe(3 * 50)
    expect((await run({ workers: 3, from: "4 seconds", to: "6 seconds" })).succeeded).toBe(3 * 23)
    const failing = await run({ workers: 2, afterFailure: 910 }, (attempt) =>
      Effect.zipRight(attempt, Effect.fail(new Broken()))
    )
    expect(failing).toMatchObject({ failed: 20, failures: { Broken: 20 }, tokens: { wasted: 40 } })
  })

  it("lets calls of an open loop arrive at random", async () => {
    const report = await Effect.runPromise(
      Simulator.run({ server: ample, load: { perSecond: 50 }, policy: one, duration: "200 seconds" })
    )
    const { started } = report.series
    const mean = sum(started) / started.length
    const variance = sum(started.map((count) => (count - mean) ** 2)) / started.length
    // four standard deviations of a Poisson distribution
    expect(Math.abs(mean - 50)).toBeLessThan((4 * Math.sqrt(50)) / Math.sqrt(200))
    expect(variance / mean).toBeGreaterThan(0.6)
    expect(variance / mean).toBeLessThan(1.4)
  })

  it("gives calls their class, their size and their process", async () => {
    const calls: Array<Simulator.Call> = []
    await Effect.runPromise(
      Simulator.run({
        server: ample,
        load: [
          { workers: 1, class: "batch", sizes: () => ({ input: 5, output: 7, maxOutput: 9 }), think: "1 minute" },
          { workers: 1, stagger: "1 second", think: "1 minute" }
        ],
        processes: 2,
        policy: (attempt, call) =>
          Effect.zipRight(
            Effect.sync(() => calls.push(call)),
            attempt
          ),
        duration: "10 seconds"
      })
    )
    expect(calls).toMatchObject([
      { id: 0, class: "batch", process: 0, input: 5, maxOutput: 9 },
      { id: 1, class: "batch", process: 1, input: 5, maxOutput: 9 },
      { id: 2, class: "interactive", process: 0, input: 1, maxOutput: undefined },
      { id: 3, class: "interactive", process: 1, input: 1, maxOutput: undefined }
    ])
  })

  it("ends calls at the deadline of the caller", async () => {
    const report = await Effect.runPromise(
      Simulator.run({
        server: Simulator.bucket({ perSecond: 100, latency: "10 seconds" }),
        load: { workers: 1, deadline: "1 second", sizes: () => ({ input: 30, output: 12 }) },
        policy: one,
        duration: "5 seconds"
      })
    )
    expect(report).toMatchObject({ succeeded: 0, failed: 2, failures: { Timeout: 2 }, tokens: { wasted: 84 } })
    expect(report.oracle).toBe(0)
  })
})

describe("a policy", () => {
  const limited = Simulator.bucket({ perSecond: 10, burst: 1, hint: "seconds" })
  const setup = { server: limited, load: { workers: 20 }, duration: "1 minute" } as const

  it("accepts a workload, a policy, a function, or an effect of one of them", async () => {
    const reports = await Effect.runPromise(
      Simulator.run({
        ...setup,
        policies: {
          workload: Workload.interactive,
          policy: Reliability.make({ workload: Workload.interactive }),
          function: (attempt) => Reliability.protect(attempt, Workload.interactive),
          effect: Effect.succeed(Workload.interactive),
          own: (attempt) => attempt.pipe(Effect.retry({ times: 4, while: ({ _tag }) => _tag === "RateLimit" }))
        }
      })
    )
    const { effect, own, policy, workload, function: fn } = reports
    expect(policy).toEqual(workload)
    expect(fn).toEqual(workload)
    expect(effect).toEqual(workload)
    expect(own.attemptsPerSuccess).toBeGreaterThan(5)
  })

  it("retries and fails as in an application", async () => {
    let error: unknown
    const report = await Effect.runPromise(
      Simulator.run({
        ...setup,
        server: Simulator.slots({ outages: [{ from: 0, to: "1 hour" }] }),
        policy: (attempt) =>
          attempt.pipe(
            Retry.retry(Retry.make({ attempts: 3, base: "1 second" })),
            Effect.tapError((failure) => Effect.sync(() => (error = failure)))
          )
      })
    )
    expect(report.failures).toEqual({ "Unavailable (Attempts)": report.failed })
    expect(error).toMatchObject({ _tag: "Transient", status: 503, attempts: 3, stopped: "Attempts" })
    expect(report.attempts).toBeGreaterThanOrEqual(3 * report.failed)
  })

  it("reports limits in headers and streams to the limiter", async () => {
    let known: ReadonlyArray<RateLimiter.KeyDescription> = []
    const policy = Effect.map(RateLimiter.make(), (limiter) => {
      const made = Reliability.make({ workload: Workload.interactive, limiter: { limiter, key: "server" } })
      const apply: Simulator.Apply<Simulator.Response, ApiError.ApiError, never> = (attempt) =>
        Effect.tap(Reliability.protect(attempt, made), () => Effect.sync(() => (known = RateLimiter.describe(limiter))))
      return apply
    })
    const server = Simulator.tokens({ headers: "anthropic", perMinute: { requests: 300 } })
    await Effect.runPromise(Simulator.run({ ...setup, server, policy }))
    expect(known[0]?.paces.map(({ limitPerSecond, resource }) => [resource, limitPerSecond])).toEqual([
      ["requests", 5],
      ["input", 10_000],
      ["output", 2000]
    ])
  })

  it("makes an instance for each process, and releases it at the end", async () => {
    const log: Array<string> = []
    const policy = Effect.acquireRelease(
      Effect.sync(() => {
        log.push("acquired")
        return one
      }),
      () =>
        Effect.zipRight(
          Effect.sleep("1 second"),
          Effect.sync(() => log.push("released"))
        )
    )
    await Effect.runPromise(Simulator.run({ ...setup, processes: 2, policy }))
    expect(log).toEqual(["acquired", "acquired", "released", "released"])
  })

  it("takes services and errors of the caller", async () => {
    class Name extends Context.Tag("Name")<Name, string>() {}
    const program = Simulator.run({ ...setup, policy: Effect.flatMap(Name, (name) => Effect.fail(name)) })
    expect(await Effect.runPromise(program.pipe(Effect.provideService(Name, "broken"), Effect.flip))).toBe("broken")
    const inCall = Simulator.run({ ...setup, policy: (attempt) => Effect.zipRight(Name, attempt) })
    expect((await Effect.runPromise(Effect.provide(inCall, Layer.succeed(Name, "n")))).succeeded).toBeGreaterThan(0)
  })

  it("ends the simulation by a defect", async () => {
    const policy: Simulator.Policy = (attempt) =>
      Effect.flatMap(Random.next, (random) => (random < 0.1 ? Effect.die("a bug") : attempt))
    const exit = await Effect.runPromiseExit(Simulator.run({ ...setup, policy }))
    expect(Exit.isFailure(exit) && Option.getOrNull(Cause.dieOption(exit.cause))).toBe("a bug")
  })

  it("stops when the simulation is interrupted", async () => {
    const log: Array<string> = []
    const program = Effect.gen(function* () {
      const began = yield* Deferred.make<void>()
      const policy: Simulator.Policy = () =>
        Effect.forever(Effect.sleep("1 hour")).pipe(
          Effect.onInterrupt(() => Effect.sync(() => log.push("interrupted")))
        )
      const endless = Simulator.run({
        ...setup,
        load: { workers: 3, think: "1 day" },
        duration: "20 days",
        policy,
        onProgress: () => Effect.runSync(Deferred.succeed(began, undefined)),
        // the event loop has its turns
        promises: true
      })
      const fiber = yield* Effect.fork(endless)
      yield* Deferred.await(began)
      yield* Fiber.interrupt(fiber)
    })
    await Effect.runPromise(program)
    expect(log).toEqual(["interrupted", "interrupted", "interrupted"])
  })

  it("does not affect the call in which the simulation runs", async () => {
    const program = Simulator.run({ ...setup, policy: Workload.interactive, duration: "10 minutes" }).pipe(
      Reliability.protect(Workload.interactive)
    )
    const report = await Effect.runPromise(program)
    expect(report.failures).not.toHaveProperty("Timeout (Deadline)")
    expect(report.succeeded).toBeGreaterThan(2000)
  })
})

describe("a server of the user", () => {
  it("runs any effect, such as a request of a client with promises", async () => {
    const program = Effect.gen(function* () {
      const scripted = yield* ScriptedClient.make(Fault.rateLimit({ burst: 5, perSecond: 10 }))
      const get = HttpClient.filterStatusOk(scripted)
        .get("https://api.example.com/v1/models")
        .pipe(
          Effect.flatMap((response) => response.json),
          Classify.mapError()
        )
      const server = Simulator.effect(() => get)
      return yield* Simulator.run({
        server,
        load: { perSecond: 20 },
        policy: (attempt) => attempt,
        duration: "10 seconds"
      })
    })
    const report = await Effect.runPromise(program)
    expect(report.failures).toEqual({ RateExceeded: report.failed })
    expect(report.succeeded).toBeGreaterThanOrEqual(100)
    expect(report.succeeded).toBeLessThanOrEqual(105)
    expect(report.goodput).toBe(report.succeeded / report.calls)
    expect(sum(report.series.refused)).toBe(report.failed)
  })

  it("reports no goodput for a closed loop", async () => {
    const server = Simulator.effect(() => Effect.sleep("1 second"))
    const report = await Effect.runPromise(
      Simulator.run({ server, load: { workers: 2 }, policy: (attempt) => attempt, duration: "10 seconds" })
    )
    expect(report).not.toHaveProperty("goodput")
    expect(report).toMatchObject({ succeeded: 18, attempts: 20 })
  })
})

describe("the oracle", () => {
  it.each([
    // 10 at once and 50 per second, less the requests on their way at the end
    ["a bucket", Simulator.bucket({ perSecond: 50, burst: 10 }), { workers: 100 }, 10 + 50 * 60, 3],
    // 20 ms for each call, or a little more
    ["a single worker", Simulator.bucket({ perSecond: 1e6 }), { workers: 1 }, 60_000 / 20, 30],
    ["slots", Simulator.slots({ slots: 4, latency: 1000 }), { workers: 100 }, 4 * 60, 4],
    ["two workers of four slots", Simulator.slots({ slots: 4, latency: 990 }), { workers: 2 }, 2 * 60, 4],
    [
      "an outage",
      Simulator.bucket({ perSecond: 50, burst: 10, outages: [{ from: 0, to: "30 seconds" }] }),
      { workers: 100 },
      10 + 50 * 30,
      3
    ],
    [
      "a limit that changes",
      Simulator.bucket({ perSecond: 50, burst: 10, changes: [{ at: "30 seconds", perSecond: 10 }] }),
      { workers: 100 },
      10 + 50 * 30 + 10 * 30,
      3
    ]
  ] as const)("does all that is possible: %s", async (_name, server, load, most, tolerance) => {
    const report = await Effect.runPromise(Simulator.run({ server, load, policy: one, duration: "1 minute" }))
    expect(report.oracle).toBeLessThanOrEqual(most)
    expect(report.oracle).toBeGreaterThanOrEqual(most - tolerance)
  })

  it("does at least as well as any policy, but for chance", async () => {
    for (const name of Simulator.scenarioNames) {
      const { description, ...scenario } = Simulator.scenario(name, { workers: 20, perSecond: 10 })
      const { documented, toolkit } = Simulator.policies
      const reports = await Effect.runPromise(Simulator.run({ ...scenario, policies: { documented, toolkit } }))
      for (const [policy, { goodput }] of Object.entries(reports)) {
        expect(goodput, `${name}, ${policy}: ${description}`).toBeLessThanOrEqual(1.05)
        expect(goodput, `${name}, ${policy}: ${description}`).toBeGreaterThan(0)
      }
    }
  })
})

describe("the options of a simulation", () => {
  const setup = { server: ample, load: { workers: 1 }, policy: one, duration: "1 minute" } as const

  it.each([
    [{ duration: 1 }, "Simulator.run: duration is 1ms; it must be at least 1000 ms"],
    [{ load: { workers: 0 } }, "Simulator.run: load.workers is 0; it must be an integer of at least 1"],
    [{ load: { perSecond: 0 } }, "Simulator.run: load.perSecond is 0; it must be above 0"],
    [{ processes: 0 }, "Simulator.run: processes is 0; it must be an integer of at least 1"],
    [{ seed: 0.5 }, "Simulator.run: seed is 0.5; it must be an integer"],
    [{ warmUp: "1 minute" }, 'Simulator.run: warmUp is "1 minute"; it must be less than duration']
  ] as const)("rejects invalid options: %j", (options, message) => {
    expect(() => Simulator.run({ ...setup, ...options })).toThrow(message)
  })

  it("rejects unknown scenarios, and lists the others", () => {
    // plain JavaScript may pass any name
    expect(() => Simulator.scenario("nothing" as "limit")).toThrow(
      /name is "nothing"; it must be one of limit, headers/
    )
  })
})
