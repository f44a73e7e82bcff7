/**
 * An endpoint that hands a model's answer on while it is made, to somebody who may hang up.
 * Look at what is printed: with the reader, the socket to the model is gone, and nothing more is paid for.
 */
import { HttpClient, HttpRouter, HttpServer, HttpServerResponse } from "@effect/platform"
import { NodeHttpServer } from "@effect/platform-node"
import { Effect, Layer, Redacted, Sink, Stream } from "effect"
import { ApiError } from "effect-reliability"
import { Fireworks } from "effect-reliability/fireworks"
import { Transport } from "effect-reliability/node"
import { Fault, FaultServer } from "effect-reliability/testing"
import { createServer } from "node:http"

const story = Effect.gen(function* () {
  const { chatStream } = yield* Fireworks.Service
  const messages = [{ role: "user", content: "Tell me a long story." }]
  const text = chatStream({ model: "accounts/fireworks/models/kimi-k2", messages }).pipe(
    Stream.map((chunk) => chunk.choices[0]?.delta.content ?? "")
  )
  // what fails before the first word has a status; what fails after it can only break off
  const [first, rest] = yield* Stream.peel(text, Sink.take(1))
  const all = Stream.encodeText(Stream.concat(Stream.fromChunk(first), rest))
  return HttpServerResponse.stream(all, { contentType: "text/plain; charset=utf-8" })
}).pipe(Effect.catchIf(ApiError.isApiError, () => HttpServerResponse.empty({ status: 503 })))

const Endpoint = HttpRouter.empty.pipe(HttpRouter.get("/story", story), HttpServer.serve())

const impatient = Effect.gen(function* () {
  const url = yield* HttpServer.addressFormattedWith((address) => Effect.succeed(`${address}/story`))
  const words = HttpClient.get(url).pipe(
    Effect.map((response) => Stream.decodeText(response.stream)),
    Stream.unwrap,
    Stream.mapConcat((text) => text.match(/\S+ /g) ?? [])
  )
  console.log(yield* words.pipe(Stream.take(3), Stream.mkString))

  // the model's end of it
  const api = yield* FaultServer.Service
  yield* api.until(({ answered, closed }) => answered === 1 && closed === 1)
  const [seen] = yield* api.requests
  console.log(`complete: ${seen?.ended?.complete}, hung up by the ${seen?.closed?.by}`)

  const { status } = yield* HttpClient.get(url)
  console.log(`the next reader: ${status}`)
})

const script = [Fault.stream({ events: 10_000, every: "20 millis" }), Fault.answer(429, { retryAfter: "1 hour" })]

// in place of the API, which is `Fireworks.layerConfig()`
const Model = Layer.unwrapEffect(
  Effect.map(FaultServer.Service, ({ origin }) =>
    Fireworks.layer({ apiKey: Redacted.make("fw-test-key"), baseUrl: origin })
  )
).pipe(Layer.provideMerge(FaultServer.layer({ script })))

const Server = Endpoint.pipe(Layer.provideMerge(NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" })))
const Live = Layer.provideMerge(Server, Layer.provideMerge(Model, Transport.layer))
await Effect.runPromise(impatient.pipe(Effect.provide(Live)))
