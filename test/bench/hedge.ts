import { Effect } from "effect"
import { Hedge, Reliability, Workload } from "effect-reliability"

const median = (values: ReadonlyArray<number>): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN

const times = 2000

/** Microseconds of the processor for one run, in a fiber. */
const micros = async (effect: Effect.Effect<number>): Promise<number> => {
  const started = process.cpuUsage()
  await Effect.runPromise(Effect.replicateEffect(effect, times, { discard: true }))
  const { system, user } = process.cpuUsage(started)
  return (user + system) / times
}

/** The additional time of an effect over another one, both measured turn by turn. */
const row = async (what: string, subject: Effect.Effect<number>, rival: Effect.Effect<number>, bound: number) => {
  const differences: Array<number> = []
  for (let round = -5; round < 25; round++) {
    const difference = (await micros(subject)) - (await micros(rival))
    if (round >= 0) differences.push(difference)
  }
  const value = median(differences)
  return {
    what,
    value: Number(value.toFixed(2)),
    unit: "µs more",
    bound: `≤ ${bound}`,
    held: value <= bound ? "yes" : "NO"
  }
}

/** The cost of a hedge for a call that ends before the delay. */
export const hedgeCosts = async () => {
  const call = Effect.async<number>((resume) => queueMicrotask(() => resume(Effect.succeed(1))))
  const key = "api.example.com"
  const learning = await Effect.runPromise(Hedge.make({ samples: 1e9 }))
  const ready = await Effect.runPromise(Hedge.make({ after: "1 minute" }))
  // more latencies than this would be a delay of one millisecond, which a busy machine exceeds
  const learned = await Effect.runPromise(Hedge.make({ samples: 1, quantile: 0.999 }))
  await Effect.runPromise(Effect.sleep("100 millis").pipe(Hedge.hedge(learned, { key })))
  const { interactive: workload } = Workload
  const protect = (hedge?: Hedge.Hedge) =>
    Effect.orDie(Reliability.protect(call, Reliability.make({ workload, hedge })))
  return [
    await row("hedge, while it learns", Hedge.hedge(call, learning, { key }), call, 2),
    await row("hedge, with a fixed delay", Hedge.hedge(call, ready, { key }), call, 5),
    await row("hedge, with a learned delay", Hedge.hedge(call, learned, { key }), call, 5),
    await row("protect with a hedge", protect(ready), protect(), 5),
    await row("a call whose idempotency is never", Hedge.hedge(call, ready, { key, idempotency: "never" }), call, 1)
  ]
}
