/**
 * A chat endpoint for people who sit and wait: it answers, or says at once when to come back.
 * Look at `workload`, which gives up before people do, and at `sorry`, which makes of each error what they can use.
 */
import { HttpBody, HttpClient, HttpRouter, HttpServer, HttpServerRequest, HttpServerResponse } from "@effect/platform"
import { NodeHttpServer } from "@effect/platform-node"
import { Console, Duration, Effect, Layer, Schema } from "effect"
import { ApiError, Workload } from "effect-reliability"
import { Fireworks } from "effect-reliability/fireworks"
import { Transport } from "effect-reliability/node"
import { FireworksServer } from "effect-reliability/testing"
import { createServer } from "node:http"

// a wait that would end after the deadline is not begun: who is to come back in 30 seconds hears it now
const workload = Workload.with(Workload.interactive, { deadline: "20 seconds" })

const busy = ({ retryAfter = Duration.seconds(5) }: ApiError.ApiError) =>
  HttpServerResponse.text("Many people are asking just now, please try again.", {
    status: 503,
    headers: { "retry-after": String(Math.ceil(Duration.toSeconds(retryAfter))) }
  })

const sorry = ApiError.match({
  RateLimit: busy,
  Transient: busy,
  Fatal: () => HttpServerResponse.text("That went wrong, and we know of it.", { status: 500 })
})

const answer = Effect.gen(function* () {
  const { question } = yield* HttpServerRequest.schemaBodyJson(Schema.Struct({ question: Schema.NonEmptyString }))
  const { chat } = yield* Fireworks.Fireworks
  const messages = [{ role: "user", content: question }]
  const { value } = yield* chat({ model: "accounts/fireworks/models/kimi-k2", messages })
  return HttpServerResponse.text(value.choices[0]?.message.content ?? "")
}).pipe(
  Effect.tapErrorTag("Fatal", (error) => Effect.logError(error.message, error.advice)),
  Effect.catchIf(ApiError.isApiError, (error) => sorry(error)),
  Effect.catchTag("ParseError", () => HttpServerResponse.text("What is the question?", { status: 400 }))
)

const Endpoint = HttpRouter.empty.pipe(HttpRouter.post("/chat", answer), HttpServer.serve())

// in place of the API, which is `Fireworks.layerConfig({ workload })`: here one that takes a request a minute
const Model = FireworksServer.layerClient((api) => Fireworks.layer({ ...api, workload })).pipe(
  Layer.provide(FireworksServer.layer({ limits: { requests: 1, retryAfter: "30 seconds" } }))
)

const people = Effect.gen(function* () {
  const url = yield* HttpServer.addressFormattedWith((address) => Effect.succeed(`${address}/chat`))
  for (const body of [{ question: "Is it you?" }, { question: "Still there?" }, {}]) {
    const { headers, status, text } = yield* HttpClient.post(url, { body: HttpBody.unsafeJson(body) })
    yield* Console.log(status, headers["retry-after"] ?? "-", yield* text)
  }
})

const Server = Endpoint.pipe(Layer.provideMerge(NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" })))
const Live = Layer.provideMerge(Server, Layer.provideMerge(Model, Transport.layer()))
await Effect.runPromise(people.pipe(Effect.provide(Live)))
