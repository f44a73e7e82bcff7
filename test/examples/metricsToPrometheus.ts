/**
 * A service that records metrics of its calls to a model, and serves them at an endpoint for Prometheus.
 */
import { FetchHttpClient, HttpClient, HttpRouter, HttpServer, HttpServerResponse } from "@effect/platform"
import { NodeHttpServer } from "@effect/platform-node"
import { Console, Effect, Layer } from "effect"
import { Telemetry } from "effect-reliability"
import { Fireworks } from "effect-reliability/fireworks"
import { FireworksServer } from "effect-reliability/testing"
import { createServer } from "node:http"

const Metrics = HttpRouter.empty.pipe(
  HttpRouter.get(
    "/metrics",
    Effect.map(Telemetry.prometheus, (page) => HttpServerResponse.text(page, { contentType: Telemetry.prometheusType }))
  ),
  HttpServer.serve()
)

// an API in memory; for the real one, use `Fireworks.layerConfig()`
const Model = FireworksServer.layerClient(Fireworks.layer).pipe(Layer.provide(FireworksServer.layerInMemory()))

const program = Effect.gen(function* () {
  const { chat } = yield* Fireworks.Fireworks
  const ask = chat({ model: "accounts/fireworks/models/kimi-k2", messages: [{ role: "user", content: "Hello" }] })
  yield* Effect.all([ask, ask])

  // Prometheus sends this request at its scrape interval
  const client = yield* HttpClient.HttpClient
  const url = yield* HttpServer.addressFormattedWith((address) => Effect.succeed(`${address}/metrics`))
  yield* Console.log(yield* Effect.flatMap(client.get(url), (response) => response.text))
})

const Live = Layer.mergeAll(
  Model,
  FetchHttpClient.layer,
  Metrics.pipe(Layer.provideMerge(NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" }))),
  Telemetry.metrics
)

await Effect.runPromise(program.pipe(Effect.provide(Live)))
