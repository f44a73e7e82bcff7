/**
 * Ten tool calls of an agent that go to one API: they share a circuit breaker, a rate limiter and a retry budget.
 * See `Shared`, which the client takes from its context. The API is down for the first three requests.
 */
import { HttpClientRequest } from "@effect/platform"
import { Console, Effect, Fiber, Layer, Stream } from "effect"
import {
  CircuitBreaker,
  RateLimiter,
  Reliability,
  ReliableHttpClient,
  Retry,
  RetryBudget,
  Workload
} from "effect-reliability"
import { Transport } from "effect-reliability/node"
import { Fault, FaultServer } from "effect-reliability/testing"

const workload = Workload.with(Workload.interactive, {
  retry: Retry.make({ base: "20 millis" }),
  deadline: "20 seconds"
})

const Shared = Layer.mergeAll(
  CircuitBreaker.layer({ tripPolicy: CircuitBreaker.consecutive(3), openDuration: "200 millis" }),
  RateLimiter.layer({ concurrency: 5 }),
  RetryBudget.layer()
)

const Client = ReliableHttpClient.layer({ workload }).pipe(Layer.provideMerge(Shared), Layer.provide(Transport.layer()))

const search = (topic: string) =>
  Effect.gen(function* () {
    const client = yield* ReliableHttpClient.ReliableHttpClient
    const server = yield* FaultServer.FaultServer
    const response = yield* client.execute(HttpClientRequest.get(`${server.baseUrl}/search?topic=${topic}`))
    return response.status
  })

const program = Effect.gen(function* () {
  const breaker = yield* CircuitBreaker.CircuitBreaker
  const states = yield* Effect.fork(Stream.runCollect(Stream.take(breaker.transitions, 3)))
  yield* Effect.yieldNow()
  const topics = Array.from({ length: 10 }, (_, index) => `topic-${index}`)
  const found = yield* Effect.forEach(topics, search, { concurrency: "unbounded" })
  yield* Console.log(`${found.filter((status) => status === 200).length} of ${topics.length} tools succeeded`)
  yield* Console.log([...(yield* Fiber.join(states))].map(({ to }) => to).join(", "))
  yield* Console.log(Reliability.describe(Reliability.make({ workload, breaker })).breaker)
})

// down, then healthy
const Server = FaultServer.layer({ script: [Fault.answer(503), Fault.answer(503), Fault.answer(503), Fault.healthy] })

await Effect.runPromise(program.pipe(Effect.provide(Layer.mergeAll(Client, Server))))
