import { ExponentialBackoff, handleAll, retry, timeout, TimeoutStrategy, wrap } from "cockatiel"
import { Effect, Fiber, Schedule } from "effect"
import { ApiError, Reliability, Workload } from "effect-reliability"
import { type Comparison, type Subject, timed } from "./harness.js"

class TimedOut {
  readonly _tag = "TimedOut"
}

// what a call to a server looks like to the runtime: it suspends once, and comes back
const call = Effect.async<number, TimedOut>((resume) => queueMicrotask(() => resume(Effect.succeed(1))))

const stock = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  effect.pipe(
    Effect.timeoutFail({ duration: "60 seconds", onTimeout: () => new TimedOut() }),
    Effect.retry(Schedule.exponential("1 second").pipe(Schedule.intersect(Schedule.recurs(4))))
  )

// with the accounting hook in place
const policy = Reliability.make({ workload: Workload.interactive, record: () => {} })

const leaf = Reliability.leaf(policy, (attempt) =>
  Effect.async<number, TimedOut>((resume) => {
    const timer = setTimeout(() => resume(Effect.fail(new TimedOut())), attempt.millis)
    queueMicrotask(() => {
      clearTimeout(timer)
      resume(Effect.succeed(1))
    })
    return Effect.sync(() => clearTimeout(timer))
  })
)

const cockatiel = wrap(
  retry(handleAll, { maxAttempts: 4, backoff: new ExponentialBackoff() }),
  timeout(60_000, TimeoutStrategy.Cooperative)
)

const inFiber = (name: string, effect: Effect.Effect<number, unknown>): Subject =>
  timed(`${name}, in a fiber`, 1000, (times) =>
    Effect.runPromise(Effect.orDie(Effect.replicateEffect(effect, times, { discard: true })))
  )

const byPromise = (name: string, run: () => Promise<number>): Subject =>
  timed(`${name}, by promise`, 1000, async (times) => {
    for (let i = 0; i < times; i++) await run()
  })

const protectedCall = Reliability.protect(call, policy)
const stockFiber = inFiber("retry + timeoutFail", stock(call))
const stockPromise = byPromise("retry + timeoutFail", () => Effect.runPromise(stock(call)))
const ours = byPromise("protect", () => Effect.runPromise(protectedCall))

const waiting = 10_000

const settle = async () => {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve))
  globalThis.gc?.()
}

/** The bytes that each of many calls holds while it waits. */
const held = (name: string, effect: Effect.Effect<number, unknown>): Subject => ({
  name,
  sample: async () => {
    await settle()
    const before = process.memoryUsage().heapUsed
    const fibers = Array.from({ length: waiting }, () => Effect.runFork(effect))
    await settle()
    const bytes = (process.memoryUsage().heapUsed - before) / waiting
    await Effect.runPromise(Fiber.interruptAll(fibers))
    return bytes
  }
})

const hanging = Effect.async<number>(() => {})
// fails after a turn, with an error that both sides can make cheaply
const failing = Effect.async<number, TimedOut>((resume) => queueMicrotask(() => resume(Effect.fail(new TimedOut()))))
const classifying = Reliability.make({
  workload: Workload.interactive,
  classify: () => new ApiError.Transient({ reason: "Unavailable", delivery: "Acknowledged" })
})

/** What protection costs while nothing fails, and what a call holds while it waits. */
export const protect: ReadonlyArray<Comparison> = [
  { subject: inFiber("protect", protectedCall), rival: stockFiber, unit: "µs", bound: 0.35 },
  { subject: ours, rival: stockPromise, unit: "µs", bound: 0.4 },
  { subject: inFiber("leaf", leaf), rival: stockFiber, unit: "µs", bound: 0.2 },
  {
    subject: ours,
    rival: byPromise("cockatiel's retry + timeout", () =>
      cockatiel.execute(() => new Promise<number>((resolve) => queueMicrotask(() => resolve(1))))
    ),
    unit: "µs",
    bound: 1
  },
  {
    subject: held("protect, waiting in an attempt", Reliability.protect(hanging, policy)),
    rival: held("retry + timeoutFail, waiting in an attempt", stock(hanging)),
    unit: "bytes",
    bound: 0.5
  },
  {
    subject: held("protect, waiting in a backoff", Reliability.protect(failing, classifying)),
    rival: held("retry + timeoutFail, waiting in a backoff", stock(failing)),
    unit: "bytes",
    bound: 0.5
  }
]
