import { FetchHttpClient, HttpClient, HttpClientRequest } from "@effect/platform"
import { NodeHttpClient } from "@effect/platform-node"
import { describe, it } from "@effect/vitest"
import { Context, Deferred, Effect, Fiber, Layer, Schedule, type Scope, Stream, Supervisor } from "effect"
import { Deadline, ReliableHttpClient, Retry, Workload } from "effect-reliability"
import { Transport } from "effect-reliability/node"
import * as EventStream from "effect-reliability/stream"
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import { expect } from "vitest"
import { collect, done, event, expectError, workload } from "../support/eventStream.js"

interface Visit {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

/** A server that responds with an open event stream, whose content `respond` writes. */
const listening = (respond: (visit: Visit) => void) =>
  Effect.acquireRelease(
    Effect.async<Server>((resume) => {
      const server = createServer((request, response) => {
        response.writeHead(200, { "content-type": "text/event-stream" })
        request.resume().on("end", () => respond({ request, response }))
      })
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
    }),
    (server) =>
      Effect.sync(() => {
        server.closeAllConnections()
        server.close()
      })
  ).pipe(
    Effect.map((server) => {
      const address = server.address()
      const sockets = new Set<unknown>()
      server.on("connection", (socket) => sockets.add(socket))
      const url = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}/`
      return { sockets, request: HttpClientRequest.bodyUnsafeJson(HttpClientRequest.post(url), { stream: true }) }
    })
  )

const clientOf = (layer: Layer.Layer<HttpClient.HttpClient>) =>
  Effect.map(Layer.build(layer), (context) => Context.get(context, HttpClient.HttpClient))

const transports: ReadonlyArray<readonly [string, Effect.Effect<HttpClient.HttpClient, never, Scope.Scope>]> = [
  ["Transport", Transport.make()],
  ["fetch", clientOf(FetchHttpClient.layer)],
  ["layerUndici", clientOf(NodeHttpClient.layerUndici)],
  ["NodeHttpClient", clientOf(NodeHttpClient.layer)]
]

type HangUp = <A, E, R>(stream: Stream.Stream<A, E, R>) => Effect.Effect<unknown, E, R>

/** Returns the milliseconds until the server sees that the client has closed a stream. */
const hangingUp = (client: ReliableHttpClient.ReliableHttpClient, hangUp: HangUp) =>
  Effect.gen(function* () {
    const closed = yield* Deferred.make<number>()
    const { request } = yield* listening(({ request, response }) => {
      request.socket.once("close", () =>
        Deferred.unsafeDone(
          closed,
          Effect.sync(() => performance.now())
        )
      )
      const timer = setInterval(() => response.write(event("a")), 5)
      response.on("close", () => clearInterval(timer))
    })
    const supervisor = yield* Supervisor.track
    yield* hangUp(EventStream.open(request, { client, workload, idempotency: "safe" })).pipe(
      Effect.supervised(supervisor)
    )
    const hungUp = performance.now()
    const late = (yield* Effect.timeout(Deferred.await(closed), "5 seconds")) - hungUp
    expect(yield* supervisor.value).toEqual([])
    return late
  })

describe("an event stream on sockets", () => {
  for (const [name, transport] of transports) {
    it.scopedLive(`closes its connection within 50 ms of its early end, and ends its fibers, over ${name}`, () =>
      Effect.gen(function* () {
        const client = ReliableHttpClient.make(yield* transport)
        const ways: Readonly<Record<string, HangUp>> = {
          take: (stream) => Stream.runDrain(Stream.take(stream, 3)),
          interrupt: (stream) =>
            Stream.runDrain(stream).pipe(
              Effect.fork,
              Effect.delay(0),
              Effect.flatMap((fiber) => Effect.zipRight(Effect.sleep(100), Fiber.interrupt(fiber)))
            ),
          fail: (stream) => Effect.ignore(Stream.runForEach(Stream.drop(stream, 2), () => Effect.fail("enough")))
        }
        for (const [way, hangUp] of Object.entries(ways)) {
          const late = yield* Effect.replicateEffect(hangingUp(client, hangUp), 3)
          // the best of three, because the machine may be busy
          expect(Math.min(...late), way).toBeLessThan(50)
        }
      })
    )

    it.scopedLive(`slows the server down while the consumer does not pull, over ${name}`, () =>
      Effect.gen(function* () {
        const client = ReliableHttpClient.make(yield* transport)
        let written = 0
        const text = event("x".repeat(16_000)).repeat(4)
        const { request } = yield* listening(({ response }) => {
          const write = () => {
            while (!response.destroyed && response.write(text)) written += text.length
          }
          response.on("drain", write)
          write()
        })
        const before = process.memoryUsage().arrayBuffers
        yield* EventStream.open(request, { client, workload, idempotency: "safe" }).pipe(
          Stream.take(1),
          Stream.tap(() => Effect.sleep(500)),
          Stream.runDrain
        )
        // the buffers of both sides of a loopback connection
        expect(written).toBeLessThan(24 * 2 ** 20)
        expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 * 2 ** 20)
      })
    )

    it.scopedLive(`fails with StreamBroken when the connection breaks, over ${name}`, () =>
      Effect.gen(function* () {
        const client = ReliableHttpClient.make(yield* transport)
        for (const how of ["resetAndDestroy", "destroy"] as const) {
          const { request } = yield* listening(({ request, response }) => {
            response.write(event("a"), () => setTimeout(() => request.socket[how](), 20))
          })
          const { data, error } = yield* collect(EventStream.open(request, { client, workload, idempotency: "safe" }))
          expectError(error, { reason: "StreamBroken", delivery: "Partial", attempts: 1 })
          expect(data).toEqual(["a"])
        }
      })
    )
  }

  for (const [name, transport] of transports) {
    it.scopedLive(`releases sockets and timers, however it ends, over ${name}`, () =>
      Effect.gen(function* () {
        const client = ReliableHttpClient.make(yield* transport)
        const open = new Set<unknown>()
        const { request } = yield* listening(({ request, response }) => {
          const { socket } = request
          open.add(socket)
          socket.once("close", () => open.delete(socket))
          response.write(request.headers["x-silent"] === undefined ? event("a") : ": hi\n\n")
        })
        const silent = HttpClientRequest.setHeader(request, "x-silent", "yes")
        const once = Workload.with(workload, {
          stream: { first: "50 millis", idle: "50 millis" },
          retry: Retry.make({ attempts: 1 })
        })
        const patient = Workload.with(once, { stream: { first: "20 seconds", idle: "20 seconds" } })
        const events = (sent: HttpClientRequest.HttpClientRequest, limits: Workload.Workload) =>
          EventStream.open(sent, { client, workload: limits, idempotency: "safe" })
        const interrupted = (stream: Stream.Stream<unknown, unknown>) =>
          Effect.flatMap(Effect.fork(Stream.runDrain(stream)), (fiber) =>
            Effect.zipRight(Effect.sleep(50), Fiber.interrupt(fiber))
          )
        const ways: Readonly<Record<string, Effect.Effect<unknown, unknown>>> = {
          "first runs out": Stream.runDrain(events(silent, once)),
          "idle runs out": Stream.runDrain(events(request, once)),
          "taken early": Stream.runDrain(Stream.take(events(request, patient), 1)),
          "interrupted before the first event": interrupted(events(silent, patient)),
          "interrupted after it": interrupted(events(request, patient)),
          "its scope closes": Effect.scoped(EventStream.awaitFirst(events(request, patient))),
          "a deadline around it": Stream.runDrain(events(request, patient)).pipe(Deadline.within("50 millis")),
          "a failure of its reader": Stream.runForEach(events(request, patient), () => Effect.fail("enough"))
        }
        const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length
        yield* Effect.ignore(ways["taken early"] ?? Effect.void)
        yield* Effect.sleep(100)
        const before = timers()
        for (const [way, end] of Object.entries(ways)) {
          yield* Effect.all(
            Array.from({ length: 5 }, () => Effect.exit(end)),
            { concurrency: 5 }
          )
          const gone = Effect.suspend(() => (open.size === 0 && timers() <= before ? Effect.void : Effect.fail(way)))
          yield* Effect.retry(gone, { times: 100, schedule: Schedule.spaced("20 millis") })
        }
      })
    )
  }

  it.scopedLive("reuses the connection of a stream that has ended normally, over Transport", () =>
    Effect.gen(function* () {
      const client = ReliableHttpClient.make(yield* Transport.make())
      const { request, sockets } = yield* listening(({ response }) => {
        response.write(event("a") + done)
        setTimeout(() => response.end(), 20)
      })
      for (let n = 0; n < 5; n++) {
        expect(yield* collect(EventStream.open(request, { client, workload, idempotency: "safe" }))).toEqual({
          data: ["a"],
          error: undefined
        })
        yield* Effect.sleep(50)
      }
      expect(sockets.size).toBe(1)
    })
  )
})
