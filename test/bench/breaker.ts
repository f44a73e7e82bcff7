import { Effect } from "effect"
import { CircuitBreaker, Reliability, Workload } from "effect-reliability"

const median = (values: ReadonlyArray<number>): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN

const times = 2000

/** The microseconds of the processor for one run, in a fiber. */
const micros = async (effect: Effect.Effect<number, unknown>): Promise<number> => {
  const started = process.cpuUsage()
  await Effect.runPromise(Effect.orDie(Effect.replicateEffect(effect, times, { discard: true })))
  const { system, user } = process.cpuUsage(started)
  return (user + system) / times
}

/** The difference between the costs of two effects, measured in interleaved rounds. */
const difference = async (subject: Effect.Effect<number, unknown>, rival: Effect.Effect<number, unknown>) => {
  const differences: Array<number> = []
  for (let round = -5; round < 25; round++) {
    const one = (await micros(subject)) - (await micros(rival))
    if (round >= 0) differences.push(one)
  }
  return median(differences)
}

const row = (what: string, value: number, bound: number) => ({
  what,
  value: Number(value.toFixed(2)),
  unit: "µs more",
  bound: `≤ ${bound}`,
  held: value <= bound ? "yes" : "NO"
})

/** Measures the cost of a closed circuit. */
export const breakerCosts = async () => {
  const call = Effect.async<number>((resume) => queueMicrotask(() => resume(Effect.succeed(1))))
  const { interactive: workload } = Workload
  const key = "api.example.com"
  const consecutive = await Effect.runPromise(CircuitBreaker.make())
  const rate = await Effect.runPromise(CircuitBreaker.make({ tripPolicy: CircuitBreaker.rate({ size: 100 }) }))
  const off = Reliability.protect(call, Reliability.make({ workload }))
  const on = (breaker: CircuitBreaker.CircuitBreaker) =>
    Reliability.protect(call, Reliability.make({ workload, breaker: { breaker, key } }))
  return [
    row("protect with a breaker, consecutive", await difference(on(consecutive), off), 1),
    row("protect with a breaker, rate", await difference(on(rate), off), 1),
    row("withBreaker", await difference(CircuitBreaker.withBreaker(call, consecutive, { key }), call), 3)
  ]
}
