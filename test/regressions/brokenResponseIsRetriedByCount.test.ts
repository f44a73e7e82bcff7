/** A truncated response on a reused connection was retried immediately and without a count, as if no response had begun. */
import { HttpClientRequest } from "@effect/platform"
import { it } from "@effect/vitest"
import { Effect } from "effect"
import { ApiError, Classify, ReliableHttpClient, Reliability, Retry, Workload } from "effect-reliability"
import { Transport } from "effect-reliability/node"
import { describe, expect } from "vitest"
import { bare } from "../support/proxy.js"

const once = Workload.make({
  name: "once",
  timeouts: { attempt: "10 seconds" },
  retry: Retry.make({ attempts: 1 })
})

const whole = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"

describe("a response that breaks off on a reused connection", () => {
  const broken = { "in its body": whole.slice(0, -1), "in its head": whole.slice(0, 12), "after its first byte": "H" }
  for (const [where, bytes] of Object.entries(broken)) {
    it.scopedLive(`fails with ConnectionLost after one attempt: ${where}`, () =>
      Effect.gen(function* () {
        let requests = 0
        const server = yield* bare((socket) =>
          socket.on("data", () => {
            if (requests++ === 0) socket.write(whole)
            else socket.write(bytes, () => socket.end())
          })
        )
        const client = ReliableHttpClient.make(yield* Transport.make({ proxy: "none" }), { workload: once })
        const call = Effect.flatMap(client.execute(HttpClientRequest.get(server.origin)), ({ text }) => text)
        expect(yield* call).toBe("ok")
        const error = yield* Effect.flip(call)
        expect(error).toMatchObject({ reason: "ConnectionLost", delivery: "Partial" })
        expect(error).not.toHaveProperty("reusedSocket")
        expect(requests).toBe(2)
        expect(server.sockets.length).toBe(1)
      })
    )
  }

  it.live("receives an uncounted retry only with delivery NotSent or Unconfirmed", () =>
    Effect.gen(function* () {
      for (const delivery of ["NotSent", "Unconfirmed", "Partial", "Acknowledged"] as const) {
        let attempts = 0
        const attempt = Effect.suspend(() => {
          attempts++
          return Effect.fail(new ApiError.Transient({ reason: "ConnectionLost", delivery, reusedSocket: true }))
        })
        yield* Effect.flip(Reliability.protect(attempt, once))
        expect([delivery, attempts]).toEqual([delivery, delivery === "NotSent" || delivery === "Unconfirmed" ? 2 : 1])
        const lost = Object.assign(new Error(), { code: "ECONNRESET" })
        expect(Classify.exception(lost, { delivery, reusedSocket: true, now: 0 }).reusedSocket === true).toBe(
          attempts === 2
        )
      }
    })
  )
})
