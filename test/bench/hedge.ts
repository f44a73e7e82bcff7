import { Effect } from "effect"
import { Hedge, Reliability, Workload } from "effect-reliability"
import { type Comparison, type Subject, timed } from "./harness.js"

// suspends once, as a call to a server does
const call = Effect.async<number>((resume) => queueMicrotask(() => resume(Effect.succeed(1))))

const inFiber = (name: string, effect: Effect.Effect<number, unknown>): Subject =>
  timed(name, 1000, (times) =>
    Effect.runPromise(Effect.orDie(Effect.replicateEffect(effect, times, { discard: true })))
  )

/** Measures what a hedge costs a call that ends before the delay. */
export const hedge = async (measure: (comparisons: ReadonlyArray<Comparison>) => Promise<void>) => {
  const key = "api.example.com"
  const { interactive: workload } = Workload
  const learning = await Effect.runPromise(Hedge.make({ samples: 1e9 }))
  const ready = await Effect.runPromise(Hedge.make({ after: "1 minute" }))
  const protect = (hedge?: Hedge.Hedge) => Reliability.protect(call, Reliability.make({ workload, hedge }))
  const bare = inFiber("the bare call", call)
  await measure([
    {
      subject: inFiber("hedge, off for never", Hedge.hedge(call, ready, { key, idempotency: "never" })),
      rival: bare,
      unit: "µs"
    },
    { subject: inFiber("hedge, while it learns", Hedge.hedge(call, learning, { key })), rival: bare, unit: "µs" },
    { subject: inFiber("hedge", Hedge.hedge(call, ready, { key })), rival: bare, unit: "µs" },
    {
      subject: inFiber("hedge", Hedge.hedge(call, ready, { key })),
      rival: inFiber("Effect.timeout", Effect.timeout(call, "1 minute")),
      unit: "µs",
      bound: 0.5
    },
    {
      subject: inFiber("protect with a hedge", protect(ready)),
      rival: inFiber("protect", protect()),
      unit: "µs",
      bound: 2.5
    }
  ])
}
