/**
 * A service in trouble, which fills each panel of the dashboard of `effect-reliability dashboards`, until it is stopped.
 */
import { Effect, Layer, Redacted, Stream } from "effect"
import {
  ApiError,
  CircuitBreaker,
  RateLimiter,
  Reliability,
  Retry,
  RetryBudget,
  Store,
  Telemetry,
  Workload
} from "effect-reliability"
import { Fireworks } from "effect-reliability/fireworks"
import { Fault, ScriptedClient } from "effect-reliability/testing"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"

// one model is down; of the other one, requests are lost, and responses break off or never arrive
const faults = [Fault.healthy, Fault.reset, Fault.healthy, Fault.cut({ by: "reset" }), Fault.unanswered]
const Api = ScriptedClient.layer(({ body, number }) =>
  body.includes("a-model-down") ? Fault.answer(503) : (faults[number % 5] ?? Fault.healthy)
)

const unreachable: Store.Store = { modify: () => Effect.fail(new Store.StoreUnavailable({ detail: "refused" })) }
const Shared = Layer.mergeAll(
  CircuitBreaker.layer({ tripPolicy: CircuitBreaker.consecutive(3), openDuration: "500 millis" }),
  RateLimiter.layer({ concurrency: 1 }),
  RetryBudget.layer({ ratio: 0.05, minPerSecond: 0, max: 2, store: unreachable })
)

const retry = Retry.make({ base: "20 millis" })
const workload = Workload.with(Workload.interactive, { retry, deadline: "1 second" })
const Model = Fireworks.layer({ apiKey: Redacted.make("fw_secret"), workload }).pipe(Layer.provide(Api))
const connect = new ApiError.Transient({ reason: "Connect", delivery: "NotSent" })
const messages = [{ role: "user" as const, content: "Count to three: one two three" }]

const server = createServer((_, response) => {
  response.setHeader("content-type", Telemetry.prometheusType)
  Effect.runFork(Effect.map(Telemetry.prometheus, (page) => response.end(page)))
}).listen(0, "127.0.0.1", () => console.log("http://127.0.0.1:%d/metrics", (server.address() as AddressInfo).port))

const program = Effect.gen(function* () {
  const { chat, chatStream } = yield* Fireworks.Fireworks
  yield* Telemetry.observeBreaker(yield* CircuitBreaker.CircuitBreaker, { every: "200 millis" })
  yield* Telemetry.observeLimiter(yield* RateLimiter.RateLimiter, { every: "200 millis" })
  yield* Telemetry.observeBudget("inference", yield* RetryBudget.RetryBudget, { every: "200 millis" })

  const stream = Stream.runDrain(chatStream({ model: "a-model", messages }))
  const search = Reliability.protect(Effect.fail(connect), workload)
  const calls = [chat({ model: "a-model", messages }), stream, chat({ model: "a-model-down", messages }), search]
  yield* Effect.forEach(calls, (call) => Effect.forever(Effect.delay(Effect.ignore(call), "50 millis")), {
    concurrency: "unbounded"
  })
})

const Live = Layer.mergeAll(Layer.provideMerge(Model, Shared), Telemetry.metrics, Telemetry.genAi())
await Effect.runPromise(Effect.scoped(program).pipe(Effect.provide(Live)))
