/** The simulator: how much faster its clock is than `TestClock`, and the CPU time of long runs. */
import { Effect, Fiber, TestClock, TestContext } from "effect"
import { RateLimiter, Reliability, RetryBudget, Workload } from "effect-reliability"
import { Simulator } from "effect-reliability/testing"
import { within } from "../../src/testing/internal/simulator/execute.js"
import { VirtualTime } from "../../src/testing/internal/simulator/virtualTime.js"

const secondsOfCpu = async (run: () => Promise<unknown>): Promise<number> => {
  const started = process.cpuUsage()
  await run()
  const { system, user } = process.cpuUsage(started)
  return (user + system) / 1e6
}

const seconds = async (run: () => Promise<unknown>): Promise<number> => {
  const started = process.hrtime.bigint()
  await run()
  return Number(process.hrtime.bigint() - started) / 1e9
}

const heap = (): number => {
  globalThis.gc?.()
  return process.memoryUsage().heapUsed / 2 ** 20
}

const row = (what: string, value: number, unit: string, bound: number, isLeast = false) => ({
  what,
  value: Number(value.toFixed(2)),
  unit,
  bound: `${isLeast ? "≥" : "≤"} ${bound}`,
  held: (isLeast ? value >= bound : value <= bound) ? "yes" : "NO"
})

const sleepers = 10_000

/** Fibers that sleep for different times, and each of them twice. */
const sleeping = Effect.forEach(
  Array.from({ length: sleepers }, (_, n) => n),
  (n) => Effect.fork(Effect.zipRight(Effect.sleep(((n * 7919) % sleepers) + 1), Effect.sleep(1)))
)

const interrupted = Effect.flatMap(sleeping, Fiber.interruptAll)

const ratioOfClocks = async () => {
  const virtual = (effect: Effect.Effect<unknown>) => () =>
    Effect.runPromise(within(new VirtualTime({ promises: false }), 1, effect))
  const tested = (effect: Effect.Effect<unknown>) => () =>
    Effect.runPromise(Effect.provide(effect, TestContext.TestContext))
  const all = Effect.flatMap(sleeping, Fiber.joinAll)
  const some = Effect.flatMap(sleeping, (fibers) =>
    // the fibers that wake up at each step sleep again, among all others
    Effect.zipRight(Effect.replicateEffect(TestClock.adjust(1), steps, { discard: true }), Fiber.interruptAll(fibers))
  )
  await virtual(all)()
  const ours = (await seconds(virtual(all))) - (await seconds(virtual(interrupted)))
  const theirs = (await seconds(tested(some))) - (await seconds(tested(interrupted)))
  return theirs / steps / (Math.max(ours, 1e-3) / sleepers)
}

/** The wake-ups of the `TestClock` that are measured; all ten thousand would take an hour. */
const steps = 50

const toolkit = Effect.gen(function* () {
  const budget = yield* RetryBudget.make()
  const limiter = yield* RateLimiter.make()
  return Reliability.make({ workload: Workload.interactive, budget, limiter })
})

const long = async (perSecond: number, workers: number, duration: "1 hour" | "1 day") => {
  const heaps: Array<number> = []
  let report: Simulator.Report | undefined
  const cpu = await secondsOfCpu(async () => {
    report = await Effect.runPromise(
      Simulator.run({
        server: Simulator.bucket({ perSecond, burst: 10 }),
        load: { workers },
        policy: toolkit,
        duration,
        onProgress: ({ share }) => (share === 0.1 || share === 0.9) && heaps.push(heap())
      })
    )
  })
  const [early = Number.NaN, late = Number.NaN] = heaps
  return { calls: report?.succeeded ?? Number.NaN, cpu, growth: late - early }
}

/** Costs of the simulator. */
export const simulatorCosts = async () => {
  const hour = await long(50, 1000, "1 hour")
  const day = await long(5, 100, "1 day")
  return [
    row(`${sleepers} sleepers: the time of a wake-up with TestClock`, await ratioOfClocks(), "times ours", 50, true),
    row(`an hour, 1000 workers, 50 per second: ${hour.calls} calls`, hour.cpu, "s of CPU", 10),
    row("the growth of its heap from 10 % to 90 %", hour.growth, "MiB", 5),
    row(`a day, 100 workers, 5 per second: ${day.calls} calls`, day.cpu, "s of CPU", 30),
    row("the growth of its heap from 10 % to 90 %", day.growth, "MiB", 5)
  ]
}
