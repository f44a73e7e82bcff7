/**
 * A chat endpoint for people: it responds in time, or fails at once with the time after which to try again.
 * See `workload`, whose deadline is short, and `toResponse`, which turns each error into a response for the user.
 */
import { HttpBody, HttpClient, HttpRouter, HttpServer, HttpServerRequest, HttpServerResponse } from "@effect/platform"
import { NodeHttpServer } from "@effect/platform-node"
import { Console, Duration, Effect, Layer, Schema } from "effect"
import { ApiError, Workload } from "effect-reliability"
import { Fireworks } from "effect-reliability/fireworks"
import { Transport } from "effect-reliability/node"
import { FireworksServer } from "effect-reliability/testing"
import { createServer } from "node:http"

// a wait that would end after the deadline is not started: a hint of 30 seconds fails the call at once
const workload = Workload.with(Workload.interactive, { deadline: "20 seconds" })

const busy = ({ retryAfter = Duration.seconds(5) }: ApiError.ApiError) =>
  HttpServerResponse.text("The service is busy. Please try again later.", {
    status: 503,
    headers: { "retry-after": String(Math.ceil(Duration.toSeconds(retryAfter))) }
  })

const toResponse = ApiError.match({
  RateLimit: busy,
  Transient: busy,
  Fatal: () => HttpServerResponse.text("The request failed. The error was logged.", { status: 500 })
})

const chat = Effect.gen(function* () {
  const { question } = yield* HttpServerRequest.schemaBodyJson(Schema.Struct({ question: Schema.NonEmptyString }))
  const fireworks = yield* Fireworks.Fireworks
  const messages = [{ role: "user", content: question }]
  const { value } = yield* fireworks.chat({ model: "accounts/fireworks/models/kimi-k2", messages })
  return HttpServerResponse.text(value.choices[0]?.message.content ?? "")
}).pipe(
  Effect.tapErrorTag("Fatal", (error) => Effect.logError(error.message, error.advice)),
  Effect.catchIf(ApiError.isApiError, (error) => toResponse(error)),
  Effect.catchTag("ParseError", () => HttpServerResponse.text("What is the question?", { status: 400 }))
)

const Endpoint = HttpRouter.empty.pipe(HttpRouter.post("/chat", chat), HttpServer.serve())

// a local server that accepts one request per minute; for the real API, use `Fireworks.layerConfig({ workload })`
const Model = FireworksServer.layerClient((api) => Fireworks.layer({ ...api, workload })).pipe(
  Layer.provide(FireworksServer.layer({ limits: { requests: 1, retryAfter: "30 seconds" } }))
)

const users = Effect.gen(function* () {
  const url = yield* HttpServer.addressFormattedWith((address) => Effect.succeed(`${address}/chat`))
  for (const body of [{ question: "Is it you?" }, { question: "Still there?" }, {}]) {
    const { headers, status, text } = yield* HttpClient.post(url, { body: HttpBody.unsafeJson(body) })
    yield* Console.log(status, headers["retry-after"] ?? "-", yield* text)
  }
})

const Server = Endpoint.pipe(Layer.provideMerge(NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" })))
const Live = Layer.provideMerge(Server, Layer.provideMerge(Model, Transport.layer()))
await Effect.runPromise(users.pipe(Effect.provide(Live)))
