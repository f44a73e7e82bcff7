import { Effect } from "effect"
import { Deadline, Fallback } from "effect-reliability"
import { dearer, row } from "./limiter.js"

/** What a fallback costs a call whose first step succeeds. */
export const fallbackCosts = async () => {
  const call = Effect.async<number>((resume) => queueMicrotask(() => resume(Effect.succeed(1))))
  const models = Fallback.make([{ name: "first" }, { name: "second" }])
  const fallen = Fallback.withFallback(call, models)
  const within = Deadline.within("1 minute")
  return [
    row("fallback", await dearer(fallen, call), "µs more", 1.5),
    // the share of a step is a second deadline
    row("fallback within a deadline", await dearer(within(fallen), within(call)), "µs more", 10),
    row("a second deadline, in comparison", await dearer(within(within(call)), within(call)), "µs more", 10)
  ]
}
