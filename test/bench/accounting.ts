import { Effect } from "effect"
import { Accounting, Reliability, Workload } from "effect-reliability"
import { type Comparison, type Subject, timed } from "./harness.js"

const call = Effect.async<number>((resume) => queueMicrotask(() => resume(Effect.succeed(1))))

const policy = Reliability.make({
  workload: Workload.interactive,
  about: { host: "api.fireworks.ai", model: "accounts/fireworks/models/a" }
})

const protect = Reliability.protect(call, policy)

const leaf = Reliability.leaf(policy, (attempt) =>
  Effect.async<number, "timeout">((resume) => {
    const timer = setTimeout(() => resume(Effect.fail("timeout")), attempt.millis)
    queueMicrotask(() => {
      clearTimeout(timer)
      resume(Effect.succeed(1))
    })
    return Effect.sync(() => clearTimeout(timer))
  })
)

const many = (effect: Effect.Effect<number, unknown>, times: number) =>
  Effect.orDie(Effect.replicateEffect(effect, times, { discard: true }))

const accounting = Effect.runSync(Accounting.make())

const plain = (name: string, effect: Effect.Effect<number, unknown>): Subject =>
  timed(name, 2000, (times) => Effect.runPromise(many(effect, times)))

const counted = (name: string, effect: Effect.Effect<number, unknown>): Subject =>
  timed(`${name}, counted`, 2000, (times) => Effect.runPromise(Accounting.count(many(effect, times), accounting)))

/** What it costs a call that nothing happens to that it is counted. */
export const counting: ReadonlyArray<Comparison> = [
  { subject: counted("protect", protect), rival: plain("protect", protect), unit: "µs", bound: 1.15 },
  // of the microsecond that a leaf takes, the same is more
  { subject: counted("leaf", leaf), rival: plain("leaf", leaf), unit: "µs" }
]
