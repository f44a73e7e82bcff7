import { HttpClientRequest } from "@effect/platform"
import { describe, it } from "@effect/vitest"
import { Array as Arr, Effect, Exit, Fiber, Layer, ManagedRuntime, Scheduler, Stream, TestClock } from "effect"
import { Accounting, ApiError, Reliability, ReliableHttpClient, Retry, RetryBudget, Workload } from "effect-reliability"
import { Transport } from "effect-reliability/node"
import * as EventStream from "effect-reliability/stream"
import { Fault, FaultServer, ScriptedClient } from "effect-reliability/testing"
import * as fc from "effect/FastCheck"
import { expect } from "vitest"
import { observedBy } from "../../src/internal/call/context.js"
import type { Observer } from "../../src/internal/call/model.js"
import { bare } from "../support/proxy.js"

const once = Workload.make({
  name: "once",
  timeouts: { attempt: "10 seconds" },
  deadline: "1 minute",
  retry: Retry.make({ attempts: 1 })
})

const thrice = Workload.with(once, { retry: Retry.make({ attempts: 3, base: "1 second", jitter: "none" }) })

const failure = (reason: ApiError.TransientReason, delivery: ApiError.Delivery = "Acknowledged") =>
  new ApiError.Transient({ reason, delivery })

const policyOf = (workload: Workload.Workload, about: Reliability.About = {}) => Reliability.make({ workload, about })

/** Formats rows as sorted lines. */
const shown = ({ rows }: Accounting.Counts): ReadonlyArray<string> =>
  rows
    .map(({ count, delivery, host, model, of, outcome, phase, reason, workload }) =>
      [count, of, outcome, reason, phase, delivery, workload, host, model]
        .filter((part) => part !== undefined)
        .join(" ")
    )
    .toSorted()

const sum = (rows: ReadonlyArray<Accounting.Row>, fits: (row: Accounting.Row) => boolean = () => true): number =>
  rows.filter(fits).reduce((total, { count }) => total + count, 0)

// -------------------------------------------------------------------------------------------------
// Counting
// -------------------------------------------------------------------------------------------------

describe("Accounting", () => {
  it.effect("counts each attempt and each call by outcome", () =>
    Effect.gen(function* () {
      const accounting = yield* Accounting.make()
      let left = 2
      const call = Effect.suspend(() =>
        left-- > 0 ? Effect.fail(failure("Unavailable")) : Effect.succeed("value")
      ).pipe(Reliability.protect(policyOf(thrice, { host: "h:1", model: "m" })), Accounting.count(accounting))
      const fiber = yield* Effect.fork(call)
      yield* TestClock.adjust("10 seconds")
      yield* Fiber.join(fiber)
      expect(shown(yield* accounting.snapshot)).toEqual([
        "1 attempt ok Acknowledged once h:1 m",
        "1 call ok Acknowledged once h:1 m",
        "2 attempt failed Unavailable Acknowledged once h:1 m"
      ])
    })
  )

  it.effect("sums the durations of the calls", () =>
    Effect.gen(function* () {
      const accounting = yield* Accounting.make()
      const call = Effect.sleep("3 seconds").pipe(Reliability.protect(once), Accounting.count(accounting))
      const fiber = yield* Effect.fork(Effect.all([call, call], { concurrency: 2 }))
      yield* TestClock.adjust("3 seconds")
      yield* Fiber.join(fiber)
      const { rows } = yield* accounting.snapshot
      expect(rows.map(({ millis, of }) => [of, millis])).toEqual([
        ["attempt", 6000],
        ["call", 6000]
      ])
    })
  )

  it.effect("does not count calls that contain other calls", () =>
    Effect.gen(function* () {
      const accounting = yield* Accounting.make()
      const inner = Reliability.protect(Effect.succeed(1), policyOf(once, { host: "inner" }))
      yield* Effect.all([inner, inner]).pipe(
        Reliability.protect(policyOf(once, { host: "outer" })),
        Accounting.count(accounting)
      )
      expect(shown(yield* accounting.snapshot)).toEqual([
        "2 attempt ok Acknowledged once inner",
        "2 call ok Acknowledged once inner"
      ])
    })
  )

  it.effect("counts the outcomes that a policy passes to record", () =>
    Effect.gen(function* () {
      const accounting = yield* Accounting.make()
      const policy = Reliability.make({ workload: once, record: accounting.record })
      yield* Effect.ignore(Reliability.protect(Effect.fail(failure("Connect", "NotSent")), policy))
      const snapshot = yield* accounting.snapshot
      expect(shown(snapshot)).toEqual(["1 attempt failed Connect NotSent once", "1 call failed Connect NotSent once"])
      expect(snapshot.inFlight).toBe(0)
    })
  )

  it.effect("counts the calls in flight, by model", () =>
    Effect.gen(function* () {
      const accounting = yield* Accounting.make()
      const call = (model: string) =>
        Effect.never.pipe(Reliability.protect(policyOf(once, { model })), Accounting.count(accounting))
      const fibers = yield* Effect.forEach(["a", "a", "b"], (model) => Effect.fork(call(model)))
      yield* TestClock.adjust("1 second")
      const { inFlight, open, rows } = yield* accounting.snapshot
      expect([inFlight, rows]).toEqual([3, []])
      expect(open.map(({ calls, model }) => [model, calls])).toEqual([
        ["a", 2],
        ["b", 1]
      ])
      yield* Fiber.interruptAll(fibers)
      const after = yield* accounting.snapshot
      expect([after.inFlight, after.open]).toEqual([0, []])
      expect(sum(after.rows, ({ reason }) => reason === "Aborted")).toBe(6)
    })
  )

  it.effect("returns the counts between two snapshots", () =>
    Effect.gen(function* () {
      const accounting = yield* Accounting.make()
      const call = (host: string) =>
        Effect.succeed(1).pipe(Reliability.protect(policyOf(once, { host })), Accounting.count(accounting))
      yield* Effect.all([call("a"), call("a"), call("b")])
      const before = yield* accounting.snapshot
      yield* Effect.all([call("a"), call("c")])
      const between = Accounting.since(yield* accounting.snapshot, before)
      expect(shown(between)).toEqual([
        "1 attempt ok Acknowledged once a",
        "1 attempt ok Acknowledged once c",
        "1 call ok Acknowledged once a",
        "1 call ok Acknowledged once c"
      ])
      expect(shown(Accounting.only(between, { host: "c" }))).toHaveLength(2)
      expect(shown(Accounting.since(before, before))).toEqual([])
    })
  )

  it.effect("limits the number of labels and rows", () =>
    Effect.gen(function* () {
      const accounting = yield* Accounting.make({ labels: 5, rows: 8, buckets: 3 })
      const call = (n: number) =>
        Effect.succeed(1).pipe(
          Reliability.protect(policyOf(once, { model: `m${n}`, host: `h${n % 3}` })),
          Accounting.count(accounting)
        )
      yield* Effect.forEach(Arr.range(1, 1000), call, { discard: true })
      yield* Effect.forEach(Arr.range(1, 1000), call, { discard: true })
      const { rows } = yield* accounting.snapshot
      expect(rows.length).toBeLessThanOrEqual(8 + 2)
      expect(sum(rows)).toBe(4000)
      expect(new Set(rows.map(({ model }) => model)).size).toBeLessThanOrEqual(6)
      expect(
        rows.some(({ host, model, workload }) => [host, model, workload].every((label) => label === "(other)"))
      ).toBe(true)
      const { rows: windowed } = yield* accounting.window(-Infinity, Infinity)
      expect(sum(windowed)).toBe(4000)
    })
  )

  for (const [options, message] of [
    [{ bucket: 5 }, "bucket is 5ms; it must be at least 10 ms"],
    [{ bucket: "2 days" }, "bucket is"],
    [{ buckets: 0 }, "buckets is 0"],
    [{ buckets: 1.5 }, "buckets is 1.5"],
    [{ labels: 0 }, "labels is 0"],
    [{ rows: Number.NaN }, "rows is NaN"]
  ] satisfies ReadonlyArray<readonly [Accounting.Options, string]>) {
    it(`rejects ${JSON.stringify(options)}`, () => {
      expect(() => Accounting.make(options)).toThrow(`Accounting.make: ${message}`)
      expect(() => Accounting.layer(options)).toThrow("Accounting.layer")
    })
  }
})

describe("Accounting.window", () => {
  it.effect("includes calls that begin after the clock was set back", () =>
    Effect.gen(function* () {
      const accounting = yield* Accounting.make({ buckets: 10 })
      const call = Accounting.count(Reliability.protect(Effect.void, Workload.interactive), accounting)
      yield* TestClock.setTime(100 * 60_000)
      yield* call
      yield* TestClock.setTime(10 * 60_000)
      yield* call
      const { rows } = yield* accounting.window(0, Infinity)
      expect(rows.map(({ count, of }) => [count, of])).toEqual([
        [1, "attempt"],
        [1, "call"]
      ])
    })
  )

  it.effect("includes the calls that began within it, with their attempts, whenever they end", () =>
    Effect.gen(function* () {
      const accounting = yield* Accounting.make()
      yield* TestClock.adjust("10 minutes")
      const call = Effect.sleep("9 minutes").pipe(
        Reliability.protect(Workload.with(Workload.agentic, { name: "long" })),
        Accounting.count(accounting)
      )
      const first = yield* Effect.fork(call)
      yield* TestClock.adjust("1 minute")
      const second = yield* Effect.fork(call)
      yield* TestClock.adjust("20 minutes")
      yield* Fiber.joinAll([first, second])
      const minute = (n: number) => accounting.window(n * 60_000, (n + 1) * 60_000)
      expect(sum((yield* minute(10)).rows)).toBe(2)
      expect(sum((yield* minute(11)).rows)).toBe(2)
      expect(sum((yield* minute(19)).rows)).toBe(0)
      expect(sum((yield* minute(20)).rows)).toBe(0)
      expect(sum((yield* accounting.window(0, 11.5 * 60_000)).rows)).toBe(4)
    })
  )

  it.effect("reports its bounds in whole buckets, from the creation of the accounts until now", () =>
    Effect.gen(function* () {
      yield* TestClock.adjust(90_500)
      const accounting = yield* Accounting.make({ bucket: "1 second" })
      yield* TestClock.adjust(10_250)
      const edges = (from: number, to: number) => Effect.map(accounting.window(from, to), (w) => [w.from, w.to])
      expect(yield* edges(95_300, 96_700)).toEqual([95_000, 97_000])
      expect(yield* edges(0, Infinity)).toEqual([90_500, 100_750])
      expect(yield* edges(Number.NaN, Number.NaN)).toEqual([90_500, 100_750])
      expect(yield* edges(97_000, 96_000)).toEqual([97_000, 97_000])
      expect(yield* edges(200_000, 300_000)).toEqual([100_000, 100_750])
    })
  )

  it.effect("starts at the oldest bucket that is kept", () =>
    Effect.gen(function* () {
      const accounting = yield* Accounting.make({ bucket: "1 second", buckets: 3 })
      const call = Effect.succeed(1).pipe(Reliability.protect(once), Accounting.count(accounting))
      for (let second = 0; second < 10; second++) {
        yield* call
        yield* TestClock.adjust("1 second")
      }
      const window = yield* accounting.window(0, Infinity)
      expect([window.from, window.to, sum(window.rows, ({ of }) => of === "call")]).toEqual([8000, 10_000, 2])
      expect(sum((yield* accounting.snapshot).rows, ({ of }) => of === "call")).toBe(10)
    })
  )

  it.effect("counts its calls in flight, which the snapshot keeps when their bucket is dropped", () =>
    Effect.gen(function* () {
      const accounting = yield* Accounting.make({ bucket: "1 second", buckets: 2 })
      const slow = Effect.sleep("10 seconds").pipe(Reliability.protect(once), Accounting.count(accounting))
      const call = Effect.succeed(1).pipe(Reliability.protect(once), Accounting.count(accounting))
      const fiber = yield* Effect.fork(Effect.ignore(slow))
      yield* TestClock.adjust("1 second")
      expect((yield* accounting.window(0, 1000)).inFlight).toBe(1)
      expect((yield* accounting.window(1000, 2000)).inFlight).toBe(0)
      yield* TestClock.adjust("5 seconds")
      yield* Effect.zipRight(call, Effect.zipRight(TestClock.adjust("1 second"), call))
      expect((yield* accounting.snapshot).inFlight).toBe(1)
      yield* TestClock.adjust("10 seconds")
      yield* Fiber.join(fiber)
      const { inFlight, rows } = yield* accounting.snapshot
      expect([inFlight, sum(rows, ({ of }) => of === "call")]).toEqual([0, 3])
    })
  )
})

describe("Accounting.layer", () => {
  const call = Effect.succeed(1).pipe(Reliability.protect(once))
  const calls = Effect.map(Accounting.snapshot, ({ rows }) => sum(rows, ({ of }) => of === "call"))

  it.effect("counts the effect that it is provided to, in all its fibers", () =>
    Effect.gen(function* () {
      yield* Effect.all(Arr.replicate(call, 10), { concurrency: "unbounded" })
      yield* Effect.forkDaemon(call).pipe(Effect.flatMap(Fiber.join))
      expect(yield* calls).toBe(11)
    }).pipe(Effect.provide(Accounting.layer()))
  )

  it.effect("does not count effects that it is not provided to", () =>
    Effect.gen(function* () {
      yield* call
      const inside = yield* Effect.zipRight(call, calls).pipe(Effect.provide(Accounting.layer()))
      yield* call
      expect(inside).toBe(1)
      expect(yield* calls.pipe(Effect.provide(Accounting.layer()))).toBe(0)
    })
  )

  it.effect("counts independently of other accounts", () =>
    Effect.gen(function* () {
      const [a, b] = yield* Effect.all([Accounting.make(), Accounting.make()])
      yield* call.pipe(Accounting.count(a), Accounting.count(b), Accounting.count(b))
      for (const one of [a, b]) expect(sum((yield* one.snapshot).rows)).toBe(2)
      const both = Layer.merge(
        Accounting.layer({ labels: 1 }),
        Layer.effectDiscard(Effect.void).pipe(Layer.provideMerge(Accounting.layer()))
      )
      expect(yield* Effect.zipRight(call, calls).pipe(Effect.provide(both))).toBe(1)
    })
  )

  it("counts the calls of a ManagedRuntime", async () => {
    const runtime = ManagedRuntime.make(Accounting.layer({ bucket: "1 second" }))
    await runtime.runPromise(call)
    await Promise.all(Arr.makeBy(5, () => runtime.runPromise(call)))
    expect(await runtime.runPromise(calls)).toBe(6)
    await runtime.dispose()
  })
})

describe("Accounting under concurrency", () => {
  it("agrees with a naive recorder, whatever is interrupted when", async () => {
    const plan = fc.record({
      model: fc.integer({ min: 0, max: 12 }),
      host: fc.constantFrom("a", "b", undefined),
      yields: fc.nat(6),
      attempts: fc.array(
        fc.constantFrom<ApiError.TransientReason | "ok" | "never">("ok", "Unavailable", "Connect", "Timeout", "never"),
        { minLength: 1, maxLength: 3 }
      ),
      cut: fc.option(fc.nat(12), { nil: undefined }),
      nested: fc.boolean(),
      leaf: fc.boolean()
    })
    const impatient = Workload.with(once, { retry: Retry.make({ attempts: 3, base: 0, jitter: "none" }) })

    await fc.assert(
      fc.asyncProperty(fc.array(plan, { minLength: 150, maxLength: 150, size: "max" }), async (plans) => {
        const naive: Array<string> = []
        let composites = 0
        const note = ({ about, composite, error, of }: Reliability.Outcome) => {
          if (composite) composites++
          else naive.push([of, error?.reason, error?.delivery, about.host, about.model].join())
        }
        const yielding = (times: number) => Effect.replicateEffect(Effect.yieldNow(), times, { discard: true })
        const one = ({ cut, host, leaf, model, nested, attempts, yields }: (typeof plans)[number]) =>
          Effect.gen(function* () {
            let nth = 0
            const act = Effect.suspend(() => {
              const what = attempts[nth++] ?? "ok"
              const done =
                what === "ok"
                  ? Effect.succeed(1)
                  : what === "never"
                    ? Effect.never
                    : Effect.fail(failure(what, "NotSent"))
              return Effect.zipRight(yielding(yields), done)
            })
            const policy = Reliability.make({ workload: impatient, about: { host, model: `m${model}` }, record: note })
            const call = leaf ? Reliability.leaf(policy, () => act) : Reliability.protect(act, policy)
            const whole = nested ? Reliability.protect(call, Reliability.make({ workload: once, record: note })) : call
            const fiber = yield* Effect.forkDaemon(whole)
            if (cut !== undefined || attempts.includes("never")) {
              yield* yielding(cut ?? 30)
              yield* Fiber.interrupt(fiber)
            }
            yield* Fiber.await(fiber)
          })
        const { inFlight, rows } = await Effect.runPromise(
          Effect.gen(function* () {
            const accounting = yield* Accounting.make({ labels: 20 })
            yield* Effect.forEach(Arr.replicate(plans, 5).flat(), one, {
              concurrency: "unbounded",
              discard: true
            }).pipe(Accounting.count(accounting))
            return yield* accounting.snapshot
          })
        )
        const counted = rows.flatMap(({ count, delivery, host, model, of, outcome, reason }) =>
          Arr.replicate([of, reason, outcome === "ok" ? undefined : delivery, host, model].join(), count)
        )
        expect(inFlight).toBe(0)
        expect(composites).toBeGreaterThan(0)
        // an outer call that is interrupted before its first inner call counts as a plain call
        expect(counted.toSorted()).toEqual(naive.toSorted())
      }),
      { numRuns: 2 }
    )
  })
})

/** Interrupts the first fiber that it runs, after so many of its operations. */
class Interrupting extends Scheduler.MixedScheduler {
  operations = 0
  readonly nth: number
  target: unknown

  constructor(nth: number) {
    super(2048)
    this.nth = nth
  }

  override shouldYield(fiber: Fiber.RuntimeFiber<unknown, unknown>): number | false {
    this.target ??= fiber
    if (fiber === this.target && ++this.operations === this.nth) fiber.unsafeInterruptAsFork(fiber.id())
    return super.shouldYield(fiber)
  }
}

describe("an observer", () => {
  const call = Effect.succeed("a response").pipe(Reliability.protect(Workload.interactive))

  it("receives the start of each call in wall-clock time", async () => {
    const starts: Array<number> = []
    const observer: Observer = { late: true, begin: ({ at }) => ({ notify: () => starts.push(at) }) }
    const before = Date.now()
    await Effect.runPromise(observedBy(Effect.zipRight(Effect.sleep(20), call), observer))
    expect(starts.length).toBe(2)
    for (const at of starts) {
      expect(at).toBeGreaterThanOrEqual(before + 15)
      expect(at).toBeLessThanOrEqual(Date.now() + 1)
    }
  })

  it("receives the end of the call even if it throws at the end of an attempt", async () => {
    const ends: Array<string> = []
    const notify = ({ of }: Reliability.Outcome) => {
      ends.push(of)
      throw new Error("no")
    }
    await Effect.runPromise(observedBy(call, { begin: () => ({ notify }) }))
    expect(ends).toEqual(["attempt", "call"])
  })
})

describe("an interruption between any two operations", () => {
  const budget = Effect.runSync(RetryBudget.make())
  const again = Workload.with(once, { retry: Retry.make({ attempts: 2, base: 0, jitter: "none" }) })
  const failing = Effect.zipRight(Effect.yieldNow(), Effect.fail(failure("Unavailable")))
  const ok = Effect.zipRight(Effect.yieldNow(), Effect.succeed(1))
  const budgeted = Reliability.make({ workload: again, budget })
  const calls: Record<string, Effect.Effect<unknown, ApiError.ApiError>> = {
    "a call": Reliability.protect(ok, again),
    "a call that is retried": Reliability.protect(failing, again),
    "a call with a budget": Reliability.protect(failing, budgeted),
    "a call within another": Reliability.protect(Reliability.protect(failing, again), once),
    "a leaf": Reliability.leaf(again, () => ok),
    "a leaf with a budget": Reliability.leaf(budgeted, () => failing),
    "a leaf within a call": Reliability.protect(
      Reliability.leaf(again, () => failing),
      once
    )
  }
  const early: Observer = { begin: () => ({ notify: () => {} }) }

  for (const [name, call] of Object.entries(calls)) {
    for (const beside of [false, true]) {
      it(`removes the call from those in flight: ${name}${beside ? ", with another observer" : ""}`, async () => {
        for (let nth = 1; ; nth++) {
          const accounting = Effect.runSync(Accounting.make())
          const scheduler = new Interrupting(nth)
          const counted = Accounting.count(call, accounting)
          const observed = beside ? observedBy(counted, early) : counted
          const exit = await Effect.runPromise(Fiber.await(Effect.runFork(observed, { scheduler })))
          const { inFlight, rows } = Effect.runSync(accounting.snapshot)
          expect({ nth, inFlight }).toEqual({ nth, inFlight: 0 })
          expect(sum(rows, ({ of }) => of === "call")).toBeLessThanOrEqual(1)
          if (scheduler.operations < nth) {
            expect(Exit.isInterrupted(exit)).toBe(false)
            expect(nth).toBeGreaterThan(5)
            return
          }
        }
      })
    }
  }
})

// -------------------------------------------------------------------------------------------------
// On sockets
// -------------------------------------------------------------------------------------------------

const hurried = Workload.make({
  name: "hurried",
  timeouts: { attempt: "30 seconds", pool: "30 seconds", connect: "30 seconds", write: "30 seconds" },
  deadline: "1 minute",
  retry: Retry.make({ attempts: 4, base: 1, cap: 20, maxHint: "1 second" })
})

/** Counts the requests in the server's own log. */
const logOf = (server: FaultServer.FaultServer, { from, to }: Accounting.Window) =>
  Effect.map(server.requests, (requests): Accounting.ServerCounts => {
    const byStatus: Record<string, number> = {}
    for (const { status = 0 } of requests) {
      if (status >= 400) byStatus[status] = (byStatus[status] ?? 0) + 1
    }
    return { from, to, requests: requests.length, errors: sumOf(Object.values(byStatus)), byStatus }
  })

const sumOf = (numbers: ReadonlyArray<number>): number => numbers.reduce((total, n) => total + n, 0)

/** Makes so many concurrent calls and returns the counts of both sides. */
const measured = (
  options: FaultServer.Options,
  {
    calls,
    transport = {},
    url,
    workload = hurried
  }: {
    readonly calls: number
    readonly transport?: Transport.Options
    readonly url?: (server: FaultServer.FaultServer) => string
    readonly workload?: Workload.Workload
  }
) =>
  Effect.gen(function* () {
    const server = yield* FaultServer.make({ keep: 100_000, ...options })
    const accounting = yield* Accounting.make({ bucket: "50 millis", buckets: 1440 })
    const client = ReliableHttpClient.make(yield* Transport.make({ connections: 50, proxy: "none", ...transport }), {
      workload,
      idempotency: "safe"
    })
    const request = HttpClientRequest.bodyUnsafeJson(
      HttpClientRequest.post(`${url?.(server) ?? server.baseUrl}/chat/completions`),
      { model: "m" }
    )
    const call = Effect.ignore(Effect.flatMap(client.execute(request), (response) => response.json))
    yield* Effect.replicateEffect(call, calls, { concurrency: "unbounded", discard: true }).pipe(
      Accounting.count(accounting)
    )
    // the log of the server lags behind
    yield* Effect.sleep("50 millis")
    const window = yield* accounting.window(0, Infinity)
    return { window, counts: yield* logOf(server, window), server }
  })

const attemptRows = ({ rows }: Accounting.Window, delivery: ApiError.Delivery): number =>
  sum(rows, (row) => row.of === "attempt" && row.delivery === delivery)

describe("ten thousand calls at once", () => {
  /** Returns a deterministic number from 0 to 1 without a visible pattern. */
  const roll = (number: number): number => ((number * 2_654_435_761) % 2 ** 32) / 2 ** 32

  const mixed = (faults: ReadonlyArray<Fault.Fault>) => (request: Fault.Request) => {
    const chance = roll(request.number)
    return chance < 0.1 ? (faults[Math.floor((chance / 0.1) * faults.length)] ?? Fault.healthy) : Fault.healthy
  }

  it("satisfies the dashboard law", async () => {
    const faults = [
      Fault.answer(500),
      Fault.answer(503),
      Fault.answer(429),
      Fault.reset,
      Fault.close,
      Fault.cut({ by: "reset" }),
      Fault.invalidJson,
      Fault.garbage()
    ]
    const { counts, window } = await Effect.runPromise(
      Effect.scoped(measured({ script: mixed(faults) }, { calls: 10_000 }))
    )
    const seen = attemptRows(window, "Acknowledged") + attemptRows(window, "Partial")
    expect(sum(window.rows, ({ of }) => of === "call")).toBe(10_000)
    expect(window.inFlight).toBe(0)
    expect(counts.requests).toBeGreaterThanOrEqual(seen)
    expect(counts.requests).toBeLessThanOrEqual(seen + attemptRows(window, "Unconfirmed"))
    expect(attemptRows(window, "Unconfirmed")).toBeGreaterThan(50)
    expect(Accounting.reconcile(window, counts, { failing: 0.9 })._tag).toBe("InAgreement")
  })

  it("counts the same requests on both sides if no headers are lost", async () => {
    const faults = [Fault.answer(500), Fault.answer(503), Fault.answer(429), Fault.invalidJson]
    const { counts, window } = await Effect.runPromise(
      Effect.scoped(measured({ script: mixed(faults) }, { calls: 10_000 }))
    )
    expect(attemptRows(window, "Unconfirmed") + attemptRows(window, "NotSent")).toBe(0)
    expect(counts.requests).toBe(sum(window.rows, ({ of }) => of === "attempt"))
    expect(counts.errors).toBe(
      sum(window.rows, ({ class: kind, of }) => of === "attempt" && kind !== undefined) -
        sum(window.rows, ({ of, reason }) => of === "attempt" && reason === "InvalidAnswer")
    )
    const verdict = Accounting.reconcile(window, counts)
    expect(verdict).toMatchObject({ _tag: "ServerSide" })
  })
})

describe("the verdict on a planted cause", () => {
  const single = Workload.with(hurried, { name: "single", retry: Retry.make({ attempts: 1 }) })

  const named = (
    options: FaultServer.Options,
    settings: Omit<Parameters<typeof measured>[1], "calls"> = {}
  ): Effect.Effect<Accounting.Verdict> =>
    Effect.scoped(
      Effect.map(measured(options, { calls: 20, workload: single, ...settings }), ({ counts, window }) =>
        Accounting.reconcile(window, counts)
      )
    )

  const brief = (timeouts: Workload.Overrides["timeouts"]) => Workload.with(single, { timeouts })

  it("names the phase dns for a name that does not resolve", async () => {
    const verdict = await Effect.runPromise(named({}, { url: () => "http://nowhere.invalid" }))
    expect(verdict).toMatchObject({ _tag: "ClientSide", phase: "dns", lost: 20, evidence: { server: { requests: 0 } } })
  })

  it("names the phase connect for a closed port", async () => {
    const verdict = await Effect.runPromise(named({}, { url: () => "http://127.0.0.1:1" }))
    expect(verdict).toMatchObject({ _tag: "ClientSide", phase: "connect", lost: 20 })
  })

  it("names the phase tls for an untrusted certificate", async () => {
    const verdict = await Effect.runPromise(named({ tls: true }))
    expect(verdict).toMatchObject({ _tag: "ClientSide", phase: "tls", lost: 20, evidence: { server: { requests: 0 } } })
  })

  it("names the phase connect for a server that stays silent before TLS", async () => {
    const silent = Effect.flatMap(
      bare(() => undefined),
      ({ port }) =>
        measured({}, { calls: 20, url: () => `https://127.0.0.1:${port}`, workload: brief({ connect: "200 millis" }) })
    )
    const { counts, window } = await Effect.runPromise(Effect.scoped(silent))
    expect(Accounting.reconcile(window, counts)).toMatchObject({ _tag: "ClientSide", phase: "connect", lost: 20 })
  })

  it("names the phase read for requests that no server counts", async () => {
    const silent = Effect.flatMap(
      bare((socket) => void socket.resume()),
      ({ origin }) => measured({}, { calls: 20, url: () => origin, workload: brief({ attempt: "300 millis" }) })
    )
    const { counts, window } = await Effect.runPromise(Effect.scoped(silent))
    const verdict = Accounting.reconcile(window, counts)
    expect(verdict).toMatchObject({
      _tag: "ClientSide",
      phase: "read",
      lost: 20,
      evidence: { server: { requests: 0 } }
    })
    expect(verdict.next).toContain("network path")
  })

  it("names the phase read for a slow server", async () => {
    const verdict = await Effect.runPromise(
      named({ script: Fault.stall("1 minute") }, { workload: brief({ attempt: "500 millis" }) })
    )
    expect(verdict).toMatchObject({ _tag: "ClientSide", phase: "read", lost: 20, evidence: { server: { errors: 0 } } })
  })

  it("names the phase pool for a pool that is too small", async () => {
    const verdict = await Effect.runPromise(
      named(
        { script: Fault.stall("2 seconds") },
        { transport: { connections: 1 }, workload: brief({ pool: "200 millis" }) }
      )
    )
    expect(verdict).toMatchObject({ _tag: "ClientSide", phase: "pool", lost: 19 })
  })

  it("names the phase connection for connections that are reset", async () => {
    const verdict = await Effect.runPromise(named({ script: Fault.reset }))
    expect(verdict).toMatchObject({ _tag: "ClientSide", phase: "connection", lost: 20 })
  })

  it("names the servers for errors of the server", async () => {
    const verdict = await Effect.runPromise(named({ script: Fault.answer(503) }))
    expect(verdict).toMatchObject({
      _tag: "ServerSide",
      errors: 20,
      byReason: { Unavailable: 20 },
      byStatus: { "503": 20 }
    })
  })

  it("reports the requests of another client as missing on the client", async () => {
    const both = Effect.gen(function* () {
      const { counts, server, window } = yield* measured({}, { calls: 20 })
      yield* Effect.promise(() =>
        Promise.all(Arr.makeBy(30, () => fetch(server.origin).then((response) => response.text())))
      )
      return [Accounting.reconcile(window, counts), Accounting.reconcile(window, yield* logOf(server, window))] as const
    })
    const [before, after] = await Effect.runPromise(Effect.scoped(both))
    expect(before._tag).toBe("InAgreement")
    expect(after).toMatchObject({ _tag: "MissingOnClient", missing: 30 })
  })
})

describe("the accounting of a stream", () => {
  it.effect("counts it as one request and once more by its outcome", () =>
    Effect.gen(function* () {
      const accounting = yield* Accounting.make()
      const scripted = yield* ScriptedClient.make([
        Fault.stream({ events: 3 }),
        Fault.stream({ events: 5, after: 2, ending: "reset" }),
        Fault.answer(503)
      ])
      const client = ReliableHttpClient.make(scripted)
      const request = HttpClientRequest.post("http://h.test/v1/chat/completions")
      const read = Effect.ignore(Stream.runDrain(EventStream.open(request, { client, workload: once })))
      yield* Effect.all([read, read, read]).pipe(Accounting.count(accounting))
      const snapshot = yield* accounting.snapshot
      expect(shown(snapshot)).toEqual([
        "1 attempt failed Unavailable Acknowledged once h.test",
        "1 call failed Unavailable Acknowledged once h.test",
        "1 stream failed StreamBroken Partial once h.test",
        "1 stream ok Acknowledged once h.test",
        "2 attempt ok Acknowledged once h.test",
        "2 call ok Acknowledged once h.test"
      ])
      expect(snapshot.inFlight).toBe(0)
    })
  )
})
