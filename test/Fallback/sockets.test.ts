import { HttpClient, HttpClientRequest } from "@effect/platform"
import { Effect, Redacted, Stream } from "effect"
import { Deadline, Dialect, Fallback, ReliableHttpClient, Retry, Workload } from "effect-reliability"
import { Fireworks } from "effect-reliability/fireworks"
import { Transport } from "effect-reliability/node"
import { Fault, FaultServer } from "effect-reliability/testing"
import { describe, expect, it } from "vitest"

const workload = Workload.with(Workload.interactive, { retry: Retry.make({ attempts: 2, base: "1 millis" }) })

/** Makes two servers, a fallback between their clients, and a call that needs the idempotency of a request. */
const setup = Effect.gen(function* () {
  const servers = yield* Effect.all([FaultServer.make(), FaultServer.make()])
  const transport = yield* Transport.make({ proxy: "none" })
  const client = ReliableHttpClient.make(transport, { workload, dialect: Dialect.openai })
  const [first, second] = servers
  const providers = Fallback.make([
    { name: "first", client: first.baseUrl },
    { name: "second", client: second.baseUrl }
  ])
  const ask = Fallback.run(providers, ({ client: baseUrl }) =>
    Effect.flatMap(
      client.execute(
        HttpClientRequest.bodyUnsafeJson(HttpClientRequest.post(`${baseUrl}/chat/completions`), {
          model: "m",
          messages: [{ role: "user", content: "Hello" }]
        })
      ),
      (response) => response.json
    )
  )
  const counts = Effect.map(Effect.all([first.counts, second.counts]), (counts) =>
    counts.map(({ requests }) => requests)
  )
  return { first, second, transport, ask, counts }
})

const running = <A, E>(effect: Effect.Effect<A, E, Effect.Effect.Context<typeof setup>>) =>
  Effect.runPromise(Effect.scoped(effect))

describe("a fallback between two servers on sockets", () => {
  it("uses the second after all attempts at the first have failed", () =>
    running(
      Effect.gen(function* () {
        const { ask, counts, first } = yield* setup
        yield* first.script(() => Fault.answer(429, { retryAfter: "1 millis", form: "millis" }))
        const { errors, step } = yield* ask
        expect(step).toBe("second")
        expect(errors).toMatchObject([{ step: "first", error: { reason: "RateExceeded", attempts: 2, status: 429 } }])
        expect(yield* counts).toEqual([2, 1])
      })
    ))

  it("sends nothing to the second if the first may have executed a request that is not safe", () =>
    running(
      Effect.gen(function* () {
        const { ask, counts, first } = yield* setup
        yield* first.script(() => Fault.reset)
        const error = yield* Effect.flip(ask)
        expect(error).toMatchObject({ reason: "ConnectionLost", stopped: "Idempotency" })
        expect(yield* counts).toEqual([1, 0])
        // the same request, declared safe
        const { step } = yield* ask.pipe(ReliableHttpClient.withIdempotency("safe"))
        expect(step).toBe("second")
        expect(yield* counts).toEqual([3, 1])
      })
    ))

  it("uses the second for any request if the first refuses connections", () =>
    running(
      Effect.gen(function* () {
        const { ask, counts, first } = yield* setup
        yield* first.down
        const { errors, step } = yield* ask
        expect(step).toBe("second")
        expect(errors).toMatchObject([{ error: { reason: "Connect", delivery: "NotSent", attempts: 2 } }])
        expect(yield* counts).toEqual([0, 1])
      })
    ))

  it("leaves the second time to respond if the first hangs, and closes the connection to the first", () =>
    running(
      Effect.gen(function* () {
        const { ask, first } = yield* setup
        yield* first.script(() => Fault.unanswered)
        const { errors, step } = yield* ask.pipe(
          ReliableHttpClient.withIdempotency("safe"),
          Deadline.within("2 seconds")
        )
        expect(step).toBe("second")
        expect(errors).toMatchObject([{ step: "first", error: { reason: "Timeout", phase: "deadline" } }])
        yield* first.awaitClosed()
      })
    ))

  it("streams from the second only if the first sends no event", () =>
    running(
      Effect.gen(function* () {
        const { counts, first, second, transport } = yield* setup
        const connect = ({ origin }: FaultServer.FaultServer) =>
          Fireworks.make({ apiKey: Redacted.make("fw_secret"), baseUrl: origin, workload }).pipe(
            Effect.provideService(HttpClient.HttpClient, transport)
          )
        const providers = Fallback.make([
          { name: "first", client: yield* connect(first) },
          { name: "second", client: yield* connect(second) }
        ])
        const messages = [{ role: "user", content: "one two three" }]
        const received: Array<string> = []
        const chat = Fallback.stream(providers, ({ client, name }) =>
          Stream.tap(client.chatStream({ model: "m", messages }), () => Effect.sync(() => received.push(name)))
        ).pipe(Stream.runDrain)
        yield* first.script(() => Fault.answer(503))
        yield* chat
        expect(new Set(received)).toEqual(new Set(["second"]))
        expect(yield* counts).toEqual([2, 1])
        received.length = 0
        yield* first.script(() => Fault.stream({ events: 5, after: 2, every: "5 millis", ending: "reset" }))
        const error = yield* Effect.flip(chat)
        expect(error).toMatchObject({ reason: "StreamBroken", stopped: "StreamBegan" })
        expect(new Set(received)).toEqual(new Set(["first"]))
        expect(yield* counts).toEqual([3, 1])
      })
    ))
})
