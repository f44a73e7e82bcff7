import { Effect, Fiber } from "effect"
import { RateLimiter, Reliability, Workload } from "effect-reliability"
import { dearer } from "./harness.js"

const settle = async () => {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve))
  globalThis.gc?.()
}

const waiting = 10_000

/** The bytes that each of many waiting calls holds. */
const held = async (effect: Effect.Effect<number, unknown>): Promise<number> => {
  await settle()
  const before = process.memoryUsage().heapUsed
  const fibers = Array.from({ length: waiting }, () => Effect.runFork(effect))
  await settle()
  const bytes = (process.memoryUsage().heapUsed - before) / waiting
  await Effect.runPromise(Fiber.interruptAll(fibers))
  return bytes
}

export const row = (what: string, value: number, unit: string, bound: number) => ({
  what,
  value: Number(value.toFixed(2)),
  unit,
  bound: `≤ ${bound}`,
  held: value <= bound ? "yes" : "NO"
})

/** What a limiter costs a call that it does not hold back, and what a call holds that waits. */
export const limiterCosts = async () => {
  const call = Effect.async<number>((resume) => queueMicrotask(() => resume(Effect.succeed(1))))
  const { interactive: workload } = Workload
  // of a rate that no loop of this machine reaches
  const idle = await Effect.runPromise(RateLimiter.make({ requests: { limit: 1e9 } }))
  const full = await Effect.runPromise(RateLimiter.make({ concurrency: 1 }))
  const asking = { key: "api.example.com" }
  const hanging = Effect.runFork(RateLimiter.limit(Effect.never, full, asking))
  // what a fiber holds that waits for anything that can be interrupted
  const bare = await held(Effect.async(() => Effect.void))
  const rows = [
    row("limit, idle", await dearer(RateLimiter.limit(call, idle, asking), call), "µs more", 3),
    row(
      "protect with a limiter, idle",
      await dearer(
        Reliability.protect(call, Reliability.make({ workload, limiter: { limiter: idle, ...asking } })),
        Reliability.protect(call, Reliability.make({ workload }))
      ),
      "µs more",
      3
    ),
    row("a call that waits in limit", (await held(RateLimiter.limit(call, full, asking))) - bare, "bytes more", 2048),
    row(
      "a call that waits in protect",
      (await held(Reliability.protect(call, Reliability.make({ workload, limiter: { limiter: full, ...asking } })))) -
        bare,
      "bytes more",
      2048
    )
  ]
  await Effect.runPromise(Fiber.interrupt(hanging))
  return rows
}
