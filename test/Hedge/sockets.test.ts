import { HttpClientRequest } from "@effect/platform"
import { it } from "@effect/vitest"
import { Chunk, Effect, Fiber, Stream } from "effect"
import { Hedge, ReliableHttpClient, Workload } from "effect-reliability"
import { Transport } from "effect-reliability/node"
import * as EventStream from "effect-reliability/stream"
import { Fault, FaultServer } from "effect-reliability/testing"
import { describe, expect } from "vitest"

const hanging = [Fault.unanswered, Fault.healthy]
const silent = [Fault.stream({ after: 0, ending: "silence" }), Fault.stream({ events: 3 })]

const setUp = (script: ReadonlyArray<Fault.Fault>) =>
  Effect.gen(function* () {
    const server = yield* FaultServer.make({ script: (request) => script[request.number - 1] ?? Fault.healthy })
    const hedge = yield* Hedge.make({ after: "30 millis", budget: { ratio: 1 } })
    const transport = yield* Transport.make({ proxy: "none" })
    const client = ReliableHttpClient.make(transport, { workload: Workload.interactive, idempotency: "safe", hedge })
    const request = HttpClientRequest.bodyUnsafeJson(HttpClientRequest.post(`${server.baseUrl}/chat/completions`), {
      model: "m",
      messages: [{ role: "user", content: "hello" }]
    })
    return { server, hedge, client, request }
  })

/** Expects that the connection of the first request was closed by the client, and that of the second was not. */
const expectReleased = (server: FaultServer.FaultServer) =>
  Effect.gen(function* () {
    yield* server.awaitClosed(1)
    const [first, second, ...others] = yield* server.requests
    expect(others).toEqual([])
    expect(first?.closed?.by).toBe("client")
    expect(second?.ended?.complete).toBe(true)
    expect(first?.connection).not.toBe(second?.connection)
  })

describe("a hedged call on sockets", () => {
  it.scopedLive("closes the connection of the copy that lost", () =>
    Effect.gen(function* () {
      const { client, hedge, request, server } = yield* setUp(hanging)
      const response = yield* client.execute(request)
      expect(response.status).toBe(200)
      yield* expectReleased(server)
      expect(Hedge.describe(hedge)).toMatchObject([{ hedged: 1, won: 1, inFlight: 0 }])
    })
  )

  it.scopedLive("closes the stream that had no first event", () =>
    Effect.gen(function* () {
      const { client, hedge, request, server } = yield* setUp(silent)
      const events = EventStream.open(request, { client }).pipe(Hedge.hedgeStream(hedge, { key: "streams" }))
      expect(Chunk.size(yield* Stream.runCollect(events))).toBe(3)
      yield* expectReleased(server)
    })
  )

  it.scopedLive("closes both connections when the caller is interrupted", () =>
    Effect.gen(function* () {
      const { client, request, server } = yield* setUp([Fault.unanswered, Fault.unanswered])
      const fiber = yield* Effect.fork(client.execute(request))
      yield* server.awaitRequests(2)
      yield* Fiber.interrupt(fiber)
      yield* server.awaitClosed(2)
      const requests = yield* server.requests
      expect(requests.map(({ closed }) => closed?.by)).toEqual(["client", "client"])
    })
  )
})
