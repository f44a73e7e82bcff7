import { describe, it } from "@effect/vitest"
import { Cause, Context, Effect, Exit, Fiber, FiberRef, Logger, TestClock } from "effect"
import {
  Accounting,
  ApiError,
  Deadline,
  Hedge,
  RateLimiter,
  Reliability,
  ReliableHttpClient,
  Retry,
  Workload
} from "effect-reliability"
import { Fault, ScriptedClient } from "effect-reliability/testing"
import { expect } from "vitest"

const settle = Effect.repeatN(Effect.yieldNow(), 20)

const key = "api"

/** A hedge with a fixed delay of 1 second and a copy for each call. */
const always = Hedge.make({ after: "1 second", budget: { ratio: 1 } })

/** An effect that runs another program on each copy, and counts the copies. */
const copies = <A, E, R>(...programs: ReadonlyArray<Effect.Effect<A, E, R>>) => {
  const log: Array<string> = []
  let count = 0
  const effect = Effect.suspend(() => {
    const name = count === 0 ? "first" : `hedge${count === 1 ? "" : count}`
    const program = programs[count++] ?? Effect.die(`copy ${count}`)
    log.push(`${name} begins`)
    return Effect.onExit(program, (exit) =>
      Effect.sync(() => {
        const end = Exit.isSuccess(exit) ? "succeeds" : Cause.isInterruptedOnly(exit.cause) ? "is interrupted" : "fails"
        log.push(`${name} ${end}`)
      })
    )
  })
  return { effect, log, begun: () => count }
}

const after = <A>(seconds: number, value: A) => Effect.delay(Effect.succeed(value), seconds * 1000)
const failsAfter = <E>(seconds: number, error: E) => Effect.delay(Effect.fail(error), seconds * 1000)

const only = (hedge: Hedge.Hedge) => {
  const [known, ...others] = Hedge.describe(hedge)
  if (known === undefined || others.length > 0) throw new Error(`${others.length} keys`)
  return known
}

/** Runs an effect in a fiber of its own while the clock advances. */
const during = <A, E, R>(seconds: number, effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.fork(effect)
    yield* settle
    for (let second = 0; second < seconds; second++) yield* TestClock.adjust("1 second")
    return yield* Fiber.await(fiber)
  })

describe("Hedge.hedge", () => {
  it.effect("starts no copy of a call that ends before the delay", () =>
    Effect.gen(function* () {
      const hedge = yield* always
      const { effect, log } = copies(after(0.5, "a"), after(0, "b"))
      expect(yield* during(3, Hedge.hedge(effect, hedge, { key }))).toEqual(Exit.succeed("a"))
      expect(log).toEqual(["first begins", "first succeeds"])
      expect(only(hedge)).toMatchObject({ calls: 1, hedged: 0, won: 0, inFlight: 0 })
    })
  )

  it.effect("returns the first success, and interrupts the other copy before the call ends", () =>
    Effect.gen(function* () {
      const hedge = yield* always
      const slow = copies(after(9, "a"), after(2, "b"))
      expect(yield* during(4, Hedge.hedge(slow.effect, hedge, { key }))).toEqual(Exit.succeed("b"))
      expect(slow.log).toEqual(["first begins", "hedge begins", "hedge succeeds", "first is interrupted"])
      const fast = copies(after(2, "a"), after(9, "b"))
      expect(yield* during(4, Hedge.hedge(fast.effect, hedge, { key }))).toEqual(Exit.succeed("a"))
      expect(fast.log).toEqual(["first begins", "hedge begins", "first succeeds", "hedge is interrupted"])
      expect(only(hedge)).toMatchObject({ calls: 2, hedged: 2, won: 1, inFlight: 0 })
    })
  )

  it.effect("fails at once if the first copy fails before the delay", () =>
    Effect.gen(function* () {
      const hedge = yield* always
      const { begun, effect } = copies(failsAfter(0.9, "first"), after(0, "b"))
      expect(yield* during(3, Hedge.hedge(effect, hedge, { key }))).toEqual(Exit.fail("first"))
      expect(begun()).toBe(1)
    })
  )

  it.effect("waits for the other copy when one fails after both have begun", () =>
    Effect.gen(function* () {
      const hedge = yield* always
      const first = copies<string, string, never>(failsAfter(2, "first"), after(5, "b"))
      expect(yield* during(8, Hedge.hedge(first.effect, hedge, { key }))).toEqual(Exit.succeed("b"))
      const second = copies<string, string, never>(after(5, "a"), failsAfter(1, "second"))
      expect(yield* during(8, Hedge.hedge(second.effect, hedge, { key }))).toEqual(Exit.succeed("a"))
    })
  )

  it.effect("fails with the error of the first copy if both fail, in either order", () =>
    Effect.gen(function* () {
      const hedge = yield* always
      for (const [one, other] of [
        [2, 5],
        [5, 1]
      ] as const) {
        const { effect, log } = copies(failsAfter(one, "first"), failsAfter(other, "second"))
        expect(yield* during(8, Hedge.hedge(effect, hedge, { key }))).toEqual(Exit.fail("first"))
        expect(log).toHaveLength(4)
      }
    })
  )

  it.effect("names the copy that won", () =>
    Effect.gen(function* () {
      const hedge = yield* always
      const won = copies(after(9, "a"), after(1, "b"))
      expect(yield* during(3, Hedge.hedgeWithWinner(won.effect, hedge, { key }))).toEqual(
        Exit.succeed({ value: "b", by: "hedge" })
      )
      const lost = copies(after(2, "a"), after(9, "b"))
      expect(yield* during(3, Hedge.hedgeWithWinner(lost.effect, hedge, { key }))).toEqual(
        Exit.succeed({ value: "a", by: "first" })
      )
      const never = yield* Hedge.hedgeWithWinner(Effect.succeed("a"), hedge, { key, idempotency: "never" })
      expect(never).toEqual({ value: "a", by: "first" })
    })
  )

  it.effect("interrupts both copies when its caller is interrupted, and waits for their finalizers", () =>
    Effect.gen(function* () {
      const hedge = yield* always
      let released = 0
      const held = Effect.onInterrupt(Effect.never, () =>
        Effect.zipRight(
          Effect.sleep("1 second"),
          Effect.sync(() => released++)
        )
      )
      const { begun, effect } = copies(held, held)
      const fiber = yield* Effect.fork(Hedge.hedge(effect, hedge, { key }))
      yield* TestClock.adjust("2 seconds")
      expect(begun()).toBe(2)
      const interrupting = yield* Effect.fork(Fiber.interrupt(fiber))
      yield* TestClock.adjust("900 millis")
      expect(interrupting.unsafePoll()).toBe(null)
      yield* TestClock.adjust("100 millis")
      expect(Exit.isInterrupted(yield* Fiber.join(interrupting))).toBe(true)
      expect(released).toBe(2)
      expect(only(hedge).inFlight).toBe(0)
    })
  )

  it.effect("starts no copy after its caller was interrupted", () =>
    Effect.gen(function* () {
      const hedge = yield* always
      const { begun, effect } = copies(Effect.uninterruptible(after(5, "a")), after(0, "b"))
      const fiber = yield* Effect.fork(Hedge.hedge(effect, hedge, { key }))
      yield* TestClock.adjust("500 millis")
      yield* Fiber.interruptFork(fiber)
      yield* TestClock.adjust("10 seconds")
      expect(Exit.isInterrupted(yield* Fiber.await(fiber))).toBe(true)
      expect(begun()).toBe(1)
    })
  )

  it.effect("runs in an uninterruptible region and in a finalizer, where the loser runs to its end", () =>
    Effect.gen(function* () {
      const hedge = yield* always
      const region = copies(after(5, "a"), after(1, "b"))
      const uninterruptible = Effect.uninterruptible(Hedge.hedge(region.effect, hedge, { key }))
      expect(yield* during(6, uninterruptible)).toEqual(Exit.succeed("b"))
      expect(region.log.at(-1)).toBe("first succeeds")
      const finalizer = copies(after(5, "a"), after(1, "b"))
      let value = ""
      const ending = Effect.map(Hedge.hedge(finalizer.effect, hedge, { key }), (found) => void (value = found))
      const fiber = yield* Effect.fork(Effect.onInterrupt(Effect.never, () => ending))
      yield* settle
      yield* Fiber.interruptFork(fiber)
      yield* settle
      for (let second = 0; second < 6; second++) yield* TestClock.adjust("1 second")
      expect(fiber.unsafePoll()).not.toBe(null)
      expect(value).toBe("b")
    })
  )

  it.effect("brings the references that the winner changed to the caller, and not those of the loser", () =>
    Effect.gen(function* () {
      const hedge = yield* always
      const ref = FiberRef.unsafeMake("initial")
      const { effect } = copies(
        Effect.zipRight(FiberRef.set(ref, "first"), after(9, "a")),
        Effect.zipRight(FiberRef.set(ref, "second"), after(1, "b"))
      )
      const exit = yield* during(3, Effect.zipRight(Hedge.hedge(effect, hedge, { key }), FiberRef.get(ref)))
      expect(exit).toEqual(Exit.succeed("second"))
    })
  )

  it.effect("gives both copies the services of the call", () =>
    Effect.gen(function* () {
      class Greeting extends Context.Tag("test/Greeting")<Greeting, string>() {}
      const hedge = yield* always
      let count = 0
      const call = Effect.flatMap(Greeting, (greeting) => (++count === 1 ? Effect.never : Effect.succeed(greeting)))
      const exit = yield* during(2, Effect.provideService(Hedge.hedge(call, hedge, { key }), Greeting, "hello"))
      expect(exit).toEqual(Exit.succeed("hello"))
    })
  )

  it.effect("starts no copy of a call that is keyed, or must not be repeated", () =>
    Effect.gen(function* () {
      const hedge = yield* always
      const policy = (idempotency: Reliability.Idempotency) =>
        Reliability.make({ workload: Workload.interactive, idempotency })
      const slow = () => copies(after(5, "a"), after(0, "b"))
      for (const idempotency of ["keyed", "never"] as const) {
        const byOption = slow()
        yield* during(6, Hedge.hedge(byOption.effect, hedge, { key, idempotency }))
        const byCall = slow()
        yield* during(6, Reliability.protect(Hedge.hedge(byCall.effect, hedge, { key }), policy(idempotency)))
        const byRequest = slow()
        yield* during(
          6,
          Hedge.hedge(byRequest.effect, hedge, { key }).pipe(ReliableHttpClient.withIdempotency(idempotency))
        )
        expect([byOption.begun(), byCall.begun(), byRequest.begun()]).toEqual([1, 1, 1])
      }
      // the option takes precedence
      const declared = slow()
      yield* during(
        6,
        Reliability.protect(Hedge.hedge(declared.effect, hedge, { key, idempotency: "safe" }), policy("never"))
      )
      expect(declared.begun()).toBe(2)
    })
  )

  it.effect("interrupts a second copy at a protected call that must not be repeated", () =>
    Effect.gen(function* () {
      const hedge = yield* always
      let sent = 0
      const send = Effect.zipRight(
        Effect.sync(() => sent++),
        after(5, "sent")
      )
      const submit = Reliability.protect(
        send,
        Reliability.make({ workload: Workload.interactive, idempotency: "never" })
      )
      // an error would let the copy win with another value
      const call = Effect.catchAll(submit, () => Effect.succeed("not sent")).pipe(Deadline.within("1 minute"))
      expect(yield* during(6, Hedge.hedge(call, hedge, { key }))).toEqual(Exit.succeed("sent"))
      expect(sent).toBe(1)
      expect(only(hedge)).toMatchObject({ hedged: 1, won: 0 })
    })
  )

  it.effect("does not hedge copies again", () =>
    Effect.gen(function* () {
      const hedge = yield* always
      const never = copies(...Array.from({ length: 9 }, () => Effect.never))
      const twice = Hedge.hedge(Hedge.hedge(never.effect, hedge, { key: "inner" }), hedge, { key: "outer" })
      const fiber = yield* Effect.fork(twice)
      yield* TestClock.adjust("1 second")
      yield* TestClock.adjust("5 seconds")
      // the first copy of the outer hedge has two copies, its second copy has one
      expect(never.begun()).toBe(3)
      yield* Fiber.interrupt(fiber)
    })
  )

  it.effect("starts no copy while the limiter would hold it back", () =>
    Effect.gen(function* () {
      const hedge = yield* always
      const limiter = yield* RateLimiter.make({ concurrency: 2 })
      const slow = () => {
        const { begun, effect } = copies(after(5, "a"), after(5, "b"))
        return { begun, call: Hedge.hedge(RateLimiter.limit(effect, limiter, { key }), hedge, { key, limiter }) }
      }
      const [one, other, alone] = [slow(), slow(), slow()]
      yield* during(6, Effect.all([one.call, other.call], { concurrency: 2 }))
      expect([one.begun(), other.begun()]).toEqual([1, 1])
      expect(only(hedge).suppressed).toEqual({ limiter: 2, budget: 0 })
      yield* during(6, alone.call)
      expect(alone.begun()).toBe(2)
      expect(RateLimiter.describe(limiter)).toMatchObject([{ inFlight: 0, waiting: 0 }])
    })
  )

  it.effect("learns the delay from the calls of its key, and hedges none before", () =>
    Effect.gen(function* () {
      const hedge = yield* Hedge.make({ samples: 10, budget: { ratio: 1 } })
      const fast = Hedge.hedge(after(1, "fast"), hedge, { key })
      const slow = () => copies(after(60, "slow"), after(1, "b"))
      const early = slow()
      yield* during(61, Hedge.hedge(early.effect, hedge, { key: "other" }))
      expect(early.begun()).toBe(1)
      yield* during(2, Effect.all(Effect.replicate(fast, 100), { concurrency: "unbounded" }))
      const late = slow()
      expect(yield* during(3, Hedge.hedge(late.effect, hedge, { key }))).toEqual(Exit.succeed("b"))
      const known = Hedge.describe(hedge).find((one) => one.key === key)
      expect(known).toMatchObject({ samples: 101, hedged: 1 })
    })
  )

  it.effect("removes keys that were not used", () =>
    Effect.gen(function* () {
      const hedge = yield* Hedge.make({ idleTimeToLive: "10 seconds" })
      yield* Hedge.hedge(Effect.void, hedge, { key: "a" })
      yield* TestClock.adjust("11 seconds")
      yield* Hedge.hedge(Effect.void, hedge, { key: "b" })
      expect(Hedge.describe(hedge).map(({ key }) => key)).toEqual(["b"])
    })
  )

  it.effect("warns once when it is inside of the retries", () =>
    Effect.gen(function* () {
      const hedge = yield* always
      const messages: Array<unknown> = []
      const logger = Logger.replace(
        Logger.defaultLogger,
        Logger.make(({ message }) => void messages.push(message))
      )
      const wrong = () =>
        Reliability.protect(
          Hedge.hedge(copies(after(3, "a"), after(3, "b")).effect, hedge, { key }),
          Workload.interactive
        )
      const right = () =>
        Hedge.hedge(Reliability.protect(copies(after(3, "a"), after(3, "b")).effect, Workload.interactive), hedge, {
          key
        })
      yield* during(5, Effect.provide(right(), logger))
      yield* during(5, Effect.provide(Reliability.protect(right(), Workload.batchSubmission), logger))
      expect(messages).toEqual([])
      yield* during(5, Effect.provide(wrong(), logger))
      yield* during(5, Effect.provide(wrong(), logger))
      expect(messages).toHaveLength(1)
      expect(String(messages[0])).toContain("outside of `Reliability.protect`")
    })
  )

  it("rejects invalid options", () => {
    const hedge = Effect.runSync(Hedge.make())
    expect(() => Hedge.make({ after: 0 })).toThrow("Hedge.make: after is 0; it must be at least 1 ms")
    expect(() => Hedge.make({ quantile: 0.3 })).toThrow("quantile is 0.3")
    expect(() => Hedge.make({ samples: 0 })).toThrow("samples is 0")
    expect(() => Hedge.layer({ budget: { ratio: 2 } })).toThrow("Hedge.layer: budget.ratio is 2")
    expect(() => Hedge.make({ budget: { max: 0 } })).toThrow("budget.max is 0")
    expect(() => Hedge.hedge(Effect.void, hedge, { key: "" })).toThrow("Hedge.hedge: key")
    // @ts-expect-error only three words are an idempotency
    expect(() => Hedge.hedge(Effect.void, hedge, { key, idempotency: "maybe" })).toThrow("idempotency")
    expect(() => Reliability.make({ workload: Workload.interactive, hedge: { hedge, key: "" } })).toThrow("key")
  })

  it.effect("uses the service that the layer provides", () =>
    Effect.gen(function* () {
      const hedge = yield* Hedge.Hedge
      yield* Hedge.hedge(Effect.void, hedge, { key })
      expect(only(hedge).calls).toBe(1)
    }).pipe(Effect.provide(Hedge.layer()))
  )
})

const workload = Workload.with(Workload.interactive, {
  retry: Retry.make({ base: "1 second", jitter: "none", attempts: 3 }),
  deadline: "20 seconds",
  timeouts: { attempt: "10 seconds" }
})

const unavailable = new ApiError.Transient({ reason: "Unavailable", delivery: "Acknowledged", status: 503 })

describe("a policy with a hedge", () => {
  it.effect("counts both copies as calls, and the loser as aborted", () =>
    Effect.gen(function* () {
      const hedge = yield* always
      const accounting = yield* Accounting.make()
      const policy = Reliability.make({ workload, hedge, record: accounting.record })
      const { effect } = copies(after(9, "a"), after(1, "b"))
      expect(yield* during(3, Reliability.protect(effect, policy))).toEqual(Exit.succeed("b"))
      const { rows } = yield* accounting.snapshot
      expect(rows.map(({ count, of, outcome, reason }) => [of, outcome, reason, count])).toEqual(
        expect.arrayContaining([
          ["attempt", "ok", undefined, 1],
          ["call", "ok", undefined, 1],
          ["attempt", "failed", "Aborted", 1],
          ["call", "failed", "Aborted", 1]
        ])
      )
      expect(rows).toHaveLength(4)
    })
  )

  it.effect("retries within each copy", () =>
    Effect.gen(function* () {
      const hedge = yield* always
      const { effect, log } = copies<string, ApiError.ApiError, never>(
        Effect.fail(unavailable),
        after(9, "a"),
        after(1, "b")
      )
      expect(yield* during(6, Reliability.protect(effect, Reliability.make({ workload, hedge })))).toEqual(
        Exit.succeed("b")
      )
      expect(log[0]).toBe("first begins")
      expect(only(hedge)).toMatchObject({ key: "default", calls: 1, hedged: 1 })
    })
  )

  it.effect("ends both copies at the deadline of the call", () =>
    Effect.gen(function* () {
      const hedge = yield* always
      const { effect } = copies(...Array.from({ length: 9 }, () => Effect.never))
      const exit = yield* during(20, Reliability.protect(effect, Reliability.make({ workload, hedge })))
      expect(exit).toMatchObject(Exit.fail({ reason: "Timeout", phase: "deadline" }))
    })
  )

  it.effect("does not start a copy of a call that must not be repeated", () =>
    Effect.gen(function* () {
      const hedge = yield* always
      const { begun, effect } = copies(after(5, "a"), after(1, "b"))
      const policy = Reliability.make({ workload, hedge, idempotency: "never" })
      expect(yield* during(6, Reliability.protect(effect, policy))).toEqual(Exit.succeed("a"))
      expect(begun()).toBe(1)
    })
  )

  it.effect("asks the limiter of the policy", () =>
    Effect.gen(function* () {
      const hedge = yield* always
      const limiter = yield* RateLimiter.make({ concurrency: 1 })
      const { begun, effect } = copies(after(5, "a"), after(1, "b"))
      const about = { host: "api.example.com", model: "m" }
      yield* during(6, Reliability.protect(effect, Reliability.make({ workload, hedge, limiter, about })))
      expect(begun()).toBe(1)
      expect(only(hedge)).toMatchObject({ key: "api.example.com m", suppressed: { limiter: 1 } })
    })
  )

  it.effect("hedges a call that applies its own timeout", () =>
    Effect.gen(function* () {
      const hedge = yield* always
      const { effect } = copies(after(9, "a"), after(1, "b"))
      const leaf = Reliability.leaf(Reliability.make({ workload, hedge: { hedge, key } }), () => effect)
      expect(yield* during(3, leaf)).toEqual(Exit.succeed("b"))
      expect(only(hedge).key).toBe(key)
    })
  )

  it.effect("describes the hedge", () =>
    Effect.gen(function* () {
      const hedge = yield* Hedge.make()
      expect(Reliability.describe(Reliability.make({ workload, hedge })).hedge).toBe(
        "a copy after the 0.95 quantile of the last 5m, for at most 0.05 of the calls"
      )
      expect(Reliability.describe(Reliability.make({ workload, hedge: { hedge: yield* always } })).hedge).toBe(
        "a copy after 1s, for at most 1 of the calls"
      )
      expect(Reliability.describe(workload).hedge).toBe("none")
    })
  )
})

const url = "https://api.example.com/v1/models"

describe("a client with a hedge", () => {
  it.effect("sends a second copy of a slow request that is safe", () =>
    Effect.gen(function* () {
      const hedge = yield* always
      const server = yield* ScriptedClient.make([Fault.stall("30 seconds"), Fault.healthy])
      const client = ReliableHttpClient.make(server, { workload, hedge })
      const exit = yield* during(3, client.get(url))
      expect(exit).toMatchObject({ _tag: "Success", value: { status: 200 } })
      const requests = yield* server.requests
      expect(requests).toHaveLength(2)
      // both copies are one call to the server
      expect(new Set(requests.map(({ headers }) => headers["x-request-id"])).size).toBe(1)
      expect(only(hedge)).toMatchObject({ key: "GET api.example.com", hedged: 1, won: 1 })
    })
  )

  it.effect("sends one copy of a POST, unless it is declared safe", () =>
    Effect.gen(function* () {
      const hedge = yield* always
      const script = () => Fault.stall("3 seconds")
      const server = yield* ScriptedClient.make(script)
      const client = ReliableHttpClient.make(server, { workload, hedge, requestIdHeader: "x-id" })
      yield* during(4, client.post(url))
      expect(yield* server.requests).toHaveLength(1)
      yield* during(4, client.post(url).pipe(ReliableHttpClient.withIdempotency("safe")))
      expect(yield* server.requests).toHaveLength(3)
    })
  )

  it.effect("asks the limiter of the client", () =>
    Effect.gen(function* () {
      const hedge = yield* always
      const limiter = yield* RateLimiter.make({ concurrency: 1 })
      const server = yield* ScriptedClient.make(() => Fault.stall("3 seconds"))
      const client = ReliableHttpClient.make(server, { workload, limiter, hedge: { hedge, key: () => key } })
      yield* during(4, client.get(url))
      expect(yield* server.requests).toHaveLength(1)
      expect(only(hedge)).toMatchObject({ key, suppressed: { limiter: 1 } })
    })
  )
})
