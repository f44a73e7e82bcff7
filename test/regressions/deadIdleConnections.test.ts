/** Idle connections that a load balancer had dropped were used one after another, and each of them cost an attempt. */
import { HttpClientRequest } from "@effect/platform"
import { it } from "@effect/vitest"
import { Array as Arr, Effect } from "effect"
import { ReliableHttpClient, Retry, type Reliability, Workload } from "effect-reliability"
import { Transport } from "effect-reliability/node"
import type * as net from "node:net"
import { describe, expect } from "vitest"
import { bare } from "../support/proxy.js"

const response = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"

/** Makes a server whose first ten connections respond once, after all ten have sent a request, and then die. */
const forgetful = (onDead: (socket: net.Socket) => void) =>
  Effect.gen(function* () {
    const old: Array<net.Socket> = []
    const server = yield* bare((socket, nth) => {
      let requests = 0
      socket.on("data", () => {
        if (nth >= 10) socket.write(response)
        else if (requests++ > 0) onDead(socket)
        else if (old.push(socket) === 10) for (const each of old) each.write(response)
      })
    })
    return { ...server, old }
  })

const workload = (attempts: number) =>
  Workload.make({
    name: "test",
    timeouts: { attempt: "10 seconds" },
    retry: Retry.make({ attempts, base: "10 seconds" })
  })

describe("after an idle connection has failed", () => {
  for (const keepAlive of ["4 seconds", "30 seconds"] as const) {
    it.scopedLive(`retries once without a wait, on a new connection: keepAlive of ${keepAlive}`, () =>
      Effect.gen(function* () {
        let dead = 0
        const server = yield* forgetful((socket) => {
          dead++
          socket.resetAndDestroy()
        })
        const outcomes: Array<Reliability.Outcome> = []
        const client = ReliableHttpClient.make(yield* Transport.make({ proxy: "none", keepAlive }), {
          workload: workload(2),
          record: (outcome) => void outcomes.push(outcome)
        })
        const call = Effect.flatMap(client.execute(HttpClientRequest.get(server.origin)), ({ text }) => text)
        yield* Effect.forEach(Arr.range(1, 10), () => call, { concurrency: "unbounded" })
        yield* Effect.sleep("200 millis")
        expect(server.sockets.length).toBe(10)
        outcomes.length = 0

        expect(yield* call).toBe("ok")
        expect(outcomes.filter(({ of }) => of === "attempt").map(({ error }) => error?.reason)).toEqual([
          "ConnectionLost",
          undefined
        ])
        expect(outcomes[0]?.error).toMatchObject({ reusedSocket: true, delivery: "Unconfirmed" })
        expect(dead).toBe(1)
        expect(server.sockets.length).toBe(11)
      })
    )
  }

  it.scopedLive("sends nothing on the other idle connections, even if they closed before the request was written", () =>
    Effect.gen(function* () {
      let dead = 0
      const server = yield* forgetful(() => dead++)
      const client = ReliableHttpClient.make(yield* Transport.make({ proxy: "none" }), { workload: workload(1) })
      const call = Effect.flatMap(client.execute(HttpClientRequest.get(server.origin)), ({ text }) => text)
      yield* Effect.forEach(Arr.range(1, 10), () => call, { concurrency: "unbounded" })
      yield* Effect.sleep("200 millis")
      for (const socket of server.old) socket.end()

      expect(yield* call).toBe("ok")
      expect(dead).toBe(0)
      expect(server.sockets.length).toBe(11)
    })
  )

  it.scopedLive("keeps connections that became idle later", () =>
    Effect.gen(function* () {
      let isForgotten = false
      const server = yield* bare((socket, nth) => {
        let requests = 0
        socket.on("data", () => {
          if (nth === 0 && requests++ > 0 && isForgotten) socket.resetAndDestroy()
          else setTimeout(() => socket.write(response), nth === 0 ? 0 : 50)
        })
      })
      const client = ReliableHttpClient.make(yield* Transport.make({ proxy: "none" }), { workload: workload(2) })
      const call = Effect.flatMap(client.execute(HttpClientRequest.get(server.origin)), ({ text }) => text)
      yield* Effect.all([call, call], { concurrency: "unbounded" })
      yield* Effect.sleep("200 millis")
      isForgotten = true
      // the second connection was used last and works; the first one fails the other call
      expect(yield* Effect.all([call, call], { concurrency: "unbounded" })).toEqual(["ok", "ok"])
      yield* Effect.sleep("200 millis")
      expect(server.sockets.length).toBe(3)
      expect(server.open()).toBe(2)
    })
  )
})
