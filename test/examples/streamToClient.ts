/**
 * An endpoint that streams a model's response to a client that may disconnect.
 * See `story`: a failure before the first word is an error status, a later one an event. A disconnect interrupts the call.
 */
import { HttpClient, HttpClientResponse, HttpRouter, HttpServer, HttpServerResponse } from "@effect/platform"
import { NodeHttpServer } from "@effect/platform-node"
import { Console, Duration, Effect, Layer, Stream } from "effect"
import { ApiError, Workload } from "effect-reliability"
import { Fireworks } from "effect-reliability/fireworks"
import { Transport } from "effect-reliability/node"
import * as EventStream from "effect-reliability/stream"
import { Fault, FireworksServer } from "effect-reliability/testing"
import { createServer } from "node:http"

// the deadline until the first word, with all attempts and waits
const workload = Workload.with(Workload.interactive, { deadline: "1 second" })

const refusal = ({ _tag, reason, retryAfter = Duration.seconds(5) }: ApiError.ApiError) => {
  const headers = { "retry-after": String(Math.ceil(Duration.toSeconds(retryAfter))) }
  if (_tag === "RateLimit") return HttpServerResponse.empty({ status: 429, headers })
  return HttpServerResponse.empty({ status: reason.endsWith("Timeout") ? 504 : 502 })
}

const event = (name: string, data: string) => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`

const story = Effect.gen(function* () {
  const { chatStream } = yield* Fireworks.Fireworks
  const messages = [{ role: "user", content: "Tell me a long story." }]
  const chunks = yield* EventStream.awaitFirst(chatStream({ model: "accounts/fireworks/models/kimi-k2", messages }))
  const events = Stream.map(chunks, (chunk) => event("words", chunk.choices[0]?.delta.content ?? "")).pipe(
    Stream.concat(Stream.make(event("end", ""))),
    Stream.catchAll(({ reason }) => Stream.make(event("error", reason)))
  )
  return HttpServerResponse.stream(Stream.encodeText(events), { contentType: "text/event-stream" })
}).pipe(Effect.catchIf(ApiError.isApiError, (error) => Effect.succeed(refusal(error))))

const endless = Fault.stream({ events: 10_000, every: "20 millis" })
const busy = Fault.answer(429, { retryAfter: "1 hour" })
const faults = [endless, busy, Fault.answer(502), Fault.unanswered, Fault.stream({ after: 1, ending: "reset" })]

const readers = Effect.gen(function* () {
  const url = yield* HttpServer.addressFormattedWith((address) => Effect.succeed(`${address}/story`))
  const lines = HttpClient.get(url).pipe(HttpClientResponse.stream, Stream.decodeText(), Stream.splitLines)
  yield* Stream.runForEach(Stream.take(lines, 5), Console.log) // then disconnects
  const seen = Effect.flatMap(FireworksServer.FireworksServer, ({ requests }) => Effect.delay(requests, "20 millis"))
  const [first] = yield* Effect.repeat(seen, { until: ([first]) => first?.closed !== undefined })
  console.log(`complete: ${first?.ended?.complete}, closed by the ${first?.closed?.by}`)
  for (const _ of faults.slice(1)) {
    const { headers, status, text } = yield* HttpClient.get(url)
    console.log(status, headers["retry-after"] ?? "-", yield* text)
  }
})

const Endpoint = HttpRouter.empty.pipe(HttpRouter.get("/story", story), HttpServer.serve())
const Server = Layer.provideMerge(Endpoint, NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" }))
// a local server; for the real API, use `Fireworks.layerConfig({ workload })`
const Model = FireworksServer.layerClient((api) => Fireworks.layer({ ...api, workload }))
const Api = FireworksServer.layer({ injections: faults.map((fault) => ({ fault })) })
const Live = Server.pipe(Layer.provideMerge(Model), Layer.provideMerge(Layer.merge(Api, Transport.layer())))
await Effect.runPromise(readers.pipe(Effect.provide(Live)))
