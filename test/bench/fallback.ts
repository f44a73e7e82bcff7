import { Effect } from "effect"
import { Deadline, Fallback } from "effect-reliability"
import { type Comparison, type Subject, timed } from "./harness.js"
import { dearer } from "./harness.js"
import { row } from "./limiter.js"

const call = Effect.async<number>((resume) => queueMicrotask(() => resume(Effect.succeed(1))))
const models = Fallback.make([{ name: "first" }, { name: "second" }])
const within = Deadline.within("1 minute")

const inFiber = (name: string, effect: Effect.Effect<number, unknown>): Subject =>
  timed(name, 1000, (times) =>
    Effect.runPromise(Effect.orDie(Effect.replicateEffect(effect, times, { discard: true })))
  )

/** What the share of a step costs a call that ends within it: as much as a second deadline. */
export const fallback: ReadonlyArray<Comparison> = [
  {
    subject: inFiber("fallback, within a deadline", within(Fallback.withFallback(call, models))),
    rival: inFiber("a deadline within another", within(within(call))),
    unit: "µs",
    bound: 1.25
  }
]

/** What a fallback costs a call without a deadline whose first step succeeds. */
export const fallbackCosts = async () => [
  row("fallback", await dearer(Fallback.withFallback(call, models), call), "µs more", 2)
]
