/** After the event loop was blocked, a call timed out although its response had arrived meanwhile. */
import { type HttpClient, HttpClientRequest } from "@effect/platform"
import { it } from "@effect/vitest"
import { Effect } from "effect"
import { ReliableHttpClient, Reliability, Retry, Workload } from "effect-reliability"
import { Transport } from "effect-reliability/node"
import * as net from "node:net"
import { describe, expect } from "vitest"
import { bare } from "../support/proxy.js"

const block = (millis: number): void => {
  const end = performance.now() + millis
  while (performance.now() < end);
}

const workload = (timeouts: Partial<Workload.Options["timeouts"]>) =>
  Workload.make({
    name: "test",
    timeouts: { attempt: "10 seconds", ...timeouts },
    retry: Retry.make({ attempts: 1 })
  })

const response = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"

/** Makes a server that sends the bytes, and then blocks the event loop that it shares with the client. */
const blocking = (bytes: string, millis = 300) =>
  bare((socket) =>
    socket.on("data", () => {
      socket.write(bytes)
      block(millis)
    })
  )

const text = (client: HttpClient.HttpClient, url: string, timeouts: Partial<Workload.Options["timeouts"]>) =>
  Effect.flatMap(
    ReliableHttpClient.make(client, { workload: workload(timeouts) }).execute(HttpClientRequest.get(url)),
    ({ text }) => text
  )

const limits = { attempt: { attempt: "150 millis" }, read: { read: "150 millis" } } as const

describe("after the event loop was blocked", () => {
  for (const [phase, timeouts] of Object.entries(limits)) {
    it.scopedLive(`returns a response that has arrived: timeout of phase ${phase}`, () =>
      Effect.gen(function* () {
        const server = yield* blocking(response)
        const client = yield* Transport.make({ proxy: "none" })
        expect(yield* text(client, server.origin, timeouts)).toBe("ok")
      })
    )

    it.scopedLive(`fails with Timeout without a response: timeout of phase ${phase}`, () =>
      Effect.gen(function* () {
        const server = yield* blocking("")
        const client = yield* Transport.make({ proxy: "none" })
        const error = yield* Effect.flip(text(client, server.origin, timeouts))
        expect(error).toMatchObject({ reason: "Timeout", phase, delivery: "Unconfirmed" })
      })
    )

    it.scopedLive(`fails with Timeout after a part of a response: timeout of phase ${phase}`, () =>
      Effect.gen(function* () {
        const server = yield* blocking(response.slice(0, -1))
        const client = yield* Transport.make({ proxy: "none" })
        const error = yield* Effect.flip(text(client, server.origin, timeouts))
        expect(error).toMatchObject({ reason: "Timeout", phase, delivery: "Partial" })
      })
    )
  }

  it.scopedLive("uses a connection that was established: timeout of phase connect", () =>
    Effect.gen(function* () {
      const server = yield* bare((socket) => socket.on("data", () => socket.write(response)))
      const client = yield* Transport.make({ proxy: "none" })
      const call = text(client, server.origin, { connect: "100 millis" })
      const fiber = yield* Effect.fork(call)
      yield* Effect.yieldNow()
      block(300)
      expect(yield* fiber).toBe("ok")
    })
  )

  const read = (port: number) =>
    Effect.async<string>((resume) => {
      const socket = net.connect(port, "127.0.0.1", () => socket.write("?"))
      socket.once("data", (data) => resume(Effect.succeed(data.toString())))
      return Effect.sync(() => socket.destroy())
    })

  it.scopedLive(
    "returns the result of a protected effect that can end, and fails with Timeout for one that cannot",
    () =>
      Effect.gen(function* () {
        const prompt = yield* blocking("ok")
        const silent = yield* blocking("")
        const protect = Reliability.protect(workload({ attempt: "150 millis" }))
        expect(yield* protect(read(prompt.port))).toBe("ok")
        expect(yield* Effect.flip(protect(read(silent.port)))).toMatchObject({ reason: "Timeout", phase: "attempt" })
      })
  )
})
