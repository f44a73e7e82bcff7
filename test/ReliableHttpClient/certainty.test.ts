import type { HttpClient } from "@effect/platform"
import { FetchHttpClient, HttpClientRequest } from "@effect/platform"
import { describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, type Scope, Stream, TestClock } from "effect"
import type { ApiError } from "effect-reliability"
import { ReliableHttpClient, Workload } from "effect-reliability"
import { Transport } from "effect-reliability/node"
import { Fault, FaultServer } from "effect-reliability/testing"
import * as net from "node:net"
import { Agent } from "undici"
import { expect } from "vitest"
import { transports } from "../conformance/transports.js"
import { closedPort, deafPort } from "../support/faults.js"
import {
  agentOf,
  api,
  built,
  fake,
  once,
  overFetch,
  overUndici,
  type Request,
  scripted,
  steady,
  watched,
  workload
} from "../support/reliableHttpClient.js"

// -------------------------------------------------------------------------------------------------
// Certainty of the delivery
// -------------------------------------------------------------------------------------------------

/** A port whose server accepts connections and reads nothing. */
const readsNothing = Effect.map(
  Effect.acquireRelease(
    Effect.async<{ readonly server: net.Server; readonly sockets: Set<net.Socket> }>((resume) => {
      const sockets = new Set<net.Socket>()
      const server = net.createServer({ pauseOnConnect: true }, (socket) => {
        socket.on("error", () => undefined)
        sockets.add(socket)
      })
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed({ server, sockets })))
    }),
    ({ server, sockets }) =>
      Effect.sync(() => {
        for (const socket of sockets) socket.destroy()
        server.close()
      })
  ),
  ({ server }) => {
    const address = server.address()
    return typeof address === "object" && address !== null ? address.port : 0
  }
)

/** The table of the module's comment. */
describe("the certainty of a failure", () => {
  const hasty = Workload.make({
    name: "hasty",
    timeouts: { attempt: 600, pool: 150, connect: 150, write: 150, read: 300 },
    retry: steady({ attempts: 1 })
  })
  type Certainty = Pick<ApiError.ApiError, "reason" | "delivery" | "phase">
  interface Row {
    /** A connection that is never accepted. */
    readonly deaf: Certainty
    /** A request that is larger than what the server reads. */
    readonly unread: Certainty
    /** No response. */
    readonly silent: Certainty
    /** Half a response. */
    readonly half: Certainty
  }
  const attempt: Certainty = { reason: "Timeout", delivery: "Unconfirmed", phase: "attempt" }
  const vague: Row = { deaf: attempt, unread: attempt, silent: attempt, half: attempt }
  const sure: Row = {
    deaf: { reason: "Timeout", delivery: "NotSent", phase: "connect" },
    unread: { reason: "Timeout", delivery: "Unconfirmed", phase: "write" },
    silent: { reason: "Timeout", delivery: "Unconfirmed", phase: "read" },
    half: { reason: "Timeout", delivery: "Partial", phase: "read" }
  }
  const rows: Readonly<Record<string, Row>> = {
    Transport: sure,
    "Transport over an Agent": {
      ...sure,
      deaf: { reason: "Timeout", delivery: "NotSent", phase: "pool" },
      // a dispatcher considers a value written once the socket has it
      unread: { reason: "Timeout", delivery: "Unconfirmed", phase: "read" }
    },
    "NodeHttpClient.layerUndici": vague,
    "NodeHttpClient.layer": vague,
    FetchHttpClient: vague
  }

  for (const { client, name } of transports) {
    describe(`over ${name}`, () => {
      const fails = (request: (transport: HttpClient.HttpClient) => Effect.Effect<Request, never, Scope.Scope>) =>
        Effect.gen(function* () {
          const transport = yield* client
          const reliable = ReliableHttpClient.make(transport, { workload: hasty })
          const { delivery, phase, reason } = yield* Effect.flip(reliable.execute(yield* request(transport)))
          return { reason, delivery, phase }
        })
      const at = (effect: Effect.Effect<string, never, Scope.Scope>) => () =>
        Effect.map(effect, (origin) => HttpClientRequest.post(origin))
      const scriptedServer = (script: Fault.Script) =>
        Effect.map(FaultServer.make({ script }), ({ baseUrl }) => `${baseUrl}/models`)

      it.scopedLive("reports NotSent for a refused connection", () =>
        Effect.gen(function* () {
          const origin = Effect.map(closedPort, (port) => `http://127.0.0.1:${port}`)
          expect(yield* fails(at(origin))).toMatchObject({ reason: "Connect", delivery: "NotSent" })
        })
      )

      it.scopedLive("reports NotSent for an unknown host name", () =>
        Effect.gen(function* () {
          const error = yield* fails(at(Effect.succeed("http://nobody.invalid/")))
          expect(error).toMatchObject({ delivery: "NotSent" })
          expect(["NameNotFound", "NameLookup"]).toContain(error.reason)
        })
      )

      it.scopedLive("reports NotSent for an untrusted certificate", () =>
        Effect.gen(function* () {
          const origin = Effect.map(FaultServer.make({ tls: true }), ({ origin }) => origin)
          expect(yield* fails(at(origin))).toMatchObject({ reason: "Tls", delivery: "NotSent" })
        })
      )

      it.scopedLive("reports Unconfirmed for a reset after the request", () =>
        Effect.gen(function* () {
          expect(yield* fails(at(scriptedServer(Fault.reset)))).toMatchObject({
            reason: "ConnectionLost",
            delivery: "Unconfirmed"
          })
        })
      )

      it.scopedLive("reports Partial for a body that breaks off", () =>
        Effect.gen(function* () {
          expect(yield* fails(at(scriptedServer(Fault.cut({ by: "reset" }))))).toMatchObject({
            reason: "ConnectionLost",
            delivery: "Partial"
          })
        })
      )

      it.scopedLive("reports the documented certainty for a connection that is never accepted", () =>
        Effect.gen(function* () {
          const origin = Effect.map(deafPort, (port) => `http://127.0.0.1:${port}`)
          expect(yield* fails(at(origin))).toEqual(rows[name]?.deaf)
        })
      )

      it.scopedLive("reports the documented certainty for a server that reads nothing", () =>
        Effect.gen(function* () {
          const body = new Uint8Array(64 * 2 ** 20)
          const error = yield* fails(() =>
            Effect.map(readsNothing, (port) =>
              HttpClientRequest.bodyUint8Array(HttpClientRequest.post(`http://127.0.0.1:${port}`), body)
            )
          )
          expect(error).toEqual(rows[name]?.unread)
        })
      )

      it.scopedLive("reports the documented certainty for a server that does not respond", () =>
        Effect.gen(function* () {
          expect(yield* fails(at(scriptedServer(Fault.unanswered)))).toEqual(rows[name]?.silent)
        })
      )

      it.scopedLive("reports the documented certainty for a response that stops", () =>
        Effect.gen(function* () {
          expect(yield* fails(at(scriptedServer(Fault.cut({ by: "silence" }))))).toEqual(rows[name]?.half)
        })
      )
    })
  }

  it.scopedLive("includes the write phase for a stream over Transport with an Agent", () =>
    Effect.gen(function* () {
      const port = yield* readsNothing
      const dispatcher = yield* agentOf(1)
      const reliable = ReliableHttpClient.make(yield* Transport.make({ dispatcher }), { workload: hasty })
      const endless = Stream.repeatValue(new Uint8Array(2 ** 20))
      const request = HttpClientRequest.bodyStream(HttpClientRequest.put(`http://127.0.0.1:${port}`), endless)
      expect(yield* Effect.flip(reliable.execute(request))).toMatchObject(rows["Transport"]?.unread ?? {})
    })
  )

  it.scopedLive("includes the connect timeout of undici", () =>
    Effect.gen(function* () {
      const port = yield* deafPort
      const agent = yield* Effect.acquireRelease(
        Effect.sync(() => new Agent({ connect: { timeout: 100 } })),
        (agent) => Effect.promise(() => agent.destroy())
      )
      const patient = Workload.with(hasty, { timeouts: { attempt: "10 seconds" } })
      for (const client of [yield* overUndici(agent), yield* overFetch(agent)]) {
        const error = yield* Effect.flip(
          ReliableHttpClient.make(client, { workload: patient }).get(`http://127.0.0.1:${port}`)
        )
        expect(error).toMatchObject({ reason: "Timeout", delivery: "NotSent", phase: "connect" })
      }
    })
  )

  it.scopedLive("includes the pool phase while a call waits for a connection of Transport", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make({ script: Fault.stall(400) })
      const patient = Workload.with(hasty, { timeouts: { attempt: 1000, read: 1000 } })
      const reliable = ReliableHttpClient.make(yield* Transport.make({ connections: 1, proxy: "none" }), {
        workload: patient
      })
      const first = yield* Effect.fork(reliable.get(server.origin))
      yield* server.awaitRequests(1)
      expect(yield* Effect.flip(reliable.get(server.origin))).toMatchObject({ phase: "pool", delivery: "NotSent" })
      yield* Fiber.join(first)
    })
  )

  it.effect("does not include NotSent for a browser's fetch", () =>
    Effect.gen(function* () {
      const fetch: typeof globalThis.fetch = () => Promise.reject(new TypeError("Failed to fetch"))
      const client = yield* built(FetchHttpClient.layer)
      const error = yield* ReliableHttpClient.make(client, { workload: once })
        .get(api)
        .pipe(Effect.provideService(FetchHttpClient.Fetch, fetch), Effect.flip)
      expect(error).toMatchObject({ reason: "ConnectionLost", delivery: "Unconfirmed" })
    }).pipe(Effect.scoped)
  )
})

// -------------------------------------------------------------------------------------------------
// Interruption
// -------------------------------------------------------------------------------------------------

describe("an interruption", () => {
  it.effect("ends the call between two attempts", () =>
    Effect.gen(function* () {
      const { client, reliable } = yield* scripted(Fault.answer(503))
      const fiber = yield* Effect.fork(reliable.get(api))
      yield* TestClock.adjust(500)
      expect(Exit.isInterrupted(yield* Fiber.interrupt(fiber))).toBe(true)
      yield* TestClock.adjust("1 hour")
      expect(yield* client.requests).toHaveLength(1)
    })
  )

  it.effect("cancels a body that is being read or drained", () =>
    Effect.gen(function* () {
      for (const status of [200, 500]) {
        const silent = watched((pulls) => (pulls === 1 ? new Uint8Array(1) : "silence"))
        const { client } = fake(() => new Response(silent.stream, { status }))
        const fiber = yield* Effect.fork(ReliableHttpClient.make(client, { workload }).get(api))
        yield* TestClock.adjust(100)
        expect(silent.seen.pulls).toBe(2)
        yield* Fiber.interrupt(fiber)
        expect(silent.seen.cancelled).toBe(true)
      }
    })
  )

  const moments = {
    "before the headers": Fault.unanswered,
    "within a body": Fault.cut({ by: "silence" }),
    "within the body of an error": Fault.cut({ by: "silence" }, Fault.answer(500)),
    "within a slow body": Fault.drip({ every: 5 })
  } as const

  for (const { client, name } of transports) {
    it.scopedLive.each(Object.entries(moments))(`closes the socket %s over ${name}`, ([, fault]) =>
      Effect.gen(function* () {
        const server = yield* FaultServer.make({ script: fault })
        const reliable = ReliableHttpClient.make(yield* client, { workload: once })
        const fiber = yield* Effect.fork(reliable.get(`${server.baseUrl}/models`))
        yield* server.awaitRequests(1)
        yield* Effect.sleep(30)
        yield* Fiber.interrupt(fiber)
        yield* server.awaitClosed()
        expect((yield* server.connections).map(({ closed }) => closed?.by)).toEqual(["client"])
      })
    )

    it.scopedLive(`closes all connections at any time over ${name}`, () =>
      Effect.gen(function* () {
        const server = yield* FaultServer.make({
          script: ({ number }) =>
            number % 3 === 0
              ? Fault.answer(503)
              : number % 3 === 1
                ? Fault.drip({ every: 1, bytes: 20 })
                : Fault.healthy
        })
        yield* Effect.scoped(
          Effect.gen(function* () {
            const brisk = Workload.with(workload, { retry: steady({ base: 1 }) })
            const reliable = ReliableHttpClient.make(yield* client, { workload: brisk })
            yield* Effect.forEach(
              Array.from({ length: 60 }, (_, index) => index),
              (index) =>
                Effect.gen(function* () {
                  const fiber = yield* Effect.fork(reliable.get(`${server.baseUrl}/models`))
                  yield* Effect.sleep(index / 4)
                  yield* Fiber.interrupt(fiber)
                }),
              { concurrency: 5 }
            )
            // the remaining connections still work
            expect((yield* Effect.exit(reliable.get(`${server.baseUrl}/models`)))._tag).toBe("Success")
          })
        )
        if (name !== "FetchHttpClient") yield* server.awaitClosed()
      })
    )
  }
})
