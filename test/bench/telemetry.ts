import { Effect, Layer, ManagedRuntime } from "effect"
import { Accounting, Reliability, Telemetry, Workload } from "effect-reliability"
import { type Comparison, type Subject, timed } from "./harness.js"

// what a call to a server looks like to the runtime: it suspends once, and comes back
const call = Effect.async<number>((resume) => queueMicrotask(() => resume(Effect.succeed(1))))

const about = { host: "api.example.com", model: "a-model", operation: "chat", provider: "a-provider" }
const policy = Reliability.make({ workload: Workload.interactive, about })
const protectedCall = Reliability.protect(call, policy)

const leaf = Reliability.leaf(policy, () => call)

// layers are built once, as an application does; many calls a sample, so that none has more of the collector's work than another
const inFiber = <R>(name: string, effect: Effect.Effect<number, unknown>, layer: Layer.Layer<R>): Subject => {
  const runtime = ManagedRuntime.make(layer)
  return timed(`${name}, in a fiber`, 10_000, async (times) => {
    for (let done = 0; done < times; done += 1000) {
      await runtime.runPromise(Effect.orDie(Effect.replicateEffect(effect, 1000, { discard: true })))
    }
  })
}

const unobserved = inFiber("protect", protectedCall, Layer.empty)
const all = Layer.merge(Accounting.layer(), Telemetry.metrics)

/** What it costs a call that succeeds to be told of. */
export const telemetry: ReadonlyArray<Comparison> = [
  {
    subject: inFiber("protect, accounting and metrics", protectedCall, all),
    rival: unobserved,
    unit: "µs",
    bound: 1.15
  },
  {
    subject: inFiber("protect, metrics", protectedCall, Telemetry.metrics),
    rival: unobserved,
    unit: "µs",
    bound: 1.15
  },
  { subject: inFiber("protect, logs", protectedCall, Telemetry.logs()), rival: unobserved, unit: "µs", bound: 1.15 },
  { subject: inFiber("protect, GenAI metrics", protectedCall, Telemetry.genAi()), rival: unobserved, unit: "µs" },
  { subject: inFiber("protect, spans", protectedCall, Telemetry.spans), rival: unobserved, unit: "µs" },
  {
    subject: inFiber(
      "protect, spans with the tracer off",
      Effect.withTracerEnabled(protectedCall, false),
      Telemetry.spans
    ),
    rival: inFiber("protect, the tracer off", Effect.withTracerEnabled(protectedCall, false), Layer.empty),
    unit: "µs"
  },
  {
    subject: inFiber("leaf, accounting and metrics", leaf, all),
    rival: inFiber("leaf", leaf, Layer.empty),
    unit: "µs"
  }
]
