/**
 * A service in trouble, whose metrics fill each panel of the dashboard and fire alerts: see `effect-reliability dashboards`.
 * It serves them at the address that it prints, until it is stopped.
 */
import { HttpRouter, HttpServer, HttpServerResponse } from "@effect/platform"
import { NodeHttpServer } from "@effect/platform-node"
import { Console, Effect, Layer, Redacted, Stream } from "effect"
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

const workload = Workload.with(Workload.interactive, {
  retry: Retry.make({ base: "20 millis" }),
  deadline: "1 second"
})
const refused = new ApiError.Transient({ reason: "Connect", delivery: "NotSent" })
const search = Reliability.protect(Effect.fail(refused), workload)
const Model = Fireworks.layer({ apiKey: Redacted.make("fw_secret"), workload }).pipe(Layer.provide(Api))

const Metrics = HttpRouter.empty.pipe(
  HttpRouter.get(
    "/metrics",
    Effect.map(Telemetry.prometheus, (page) => HttpServerResponse.text(page, { contentType: Telemetry.prometheusType }))
  ),
  HttpServer.serve(),
  Layer.provideMerge(NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" }))
)

const program = Effect.gen(function* () {
  const { chat, chatStream } = yield* Fireworks.Fireworks
  const ask = (model: string) => ({
    model,
    messages: [{ role: "user" as const, content: "Count to three: one two three" }]
  })
  yield* Telemetry.observeBreaker(yield* CircuitBreaker.CircuitBreaker, { every: "200 millis" })
  yield* Telemetry.observeLimiter(yield* RateLimiter.RateLimiter, { every: "200 millis" })
  yield* Telemetry.observeBudget("inference", yield* RetryBudget.RetryBudget, { every: "200 millis" })
  yield* HttpServer.addressFormattedWith((address) => Console.log(`${address}/metrics`))

  const calls = [chat(ask("a-model")), Stream.runDrain(chatStream(ask("a-model"))), chat(ask("a-model-down")), search]
  const repeated = (call: Effect.Effect<unknown, unknown>) =>
    Effect.forever(Effect.zipRight(Effect.ignore(call), Effect.sleep("50 millis")))
  yield* Effect.forEach(calls, repeated, { concurrency: "unbounded" })
})

const Live = Layer.mergeAll(Metrics, Layer.provideMerge(Model, Shared), Telemetry.metrics, Telemetry.genAi())
await Effect.runPromise(Effect.scoped(program).pipe(Effect.provide(Live)))
