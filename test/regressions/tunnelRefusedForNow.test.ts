/**
 * If a proxy rejected a tunnel because of too many requests, the call was not retried, and the `Retry-After` was ignored.
 */
import { describe, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
import { ReliableHttpClient, Retry, Workload } from "effect-reliability"
import { Transport } from "effect-reliability/node"
import { expect } from "vitest"
import { bare } from "../support/proxy.js"

const date = "Date: Sun, 29 Nov 2026 14:28:51 GMT"

const refusals: ReadonlyArray<readonly [response: string, error: object]> = [
  ["429 No", { _tag: "Transient", reason: "Connect", status: 429 }],
  ["429 No\r\nRetry-After: 7", { _tag: "Transient", retryAfter: Duration.seconds(7) }],
  ["503 No\r\nRetry-After: 7", { _tag: "Transient", retryAfter: Duration.seconds(7) }],
  [
    `503 No\r\n${date}\r\nRetry-After: Sun, 29 Nov 2026 14:29:00 GMT`,
    { _tag: "Transient", reason: "Connect", retryAfter: Duration.seconds(9) }
  ],
  ["502 No", { _tag: "Transient", reason: "Connect", status: 502 }],
  ["500 Unable to connect", { _tag: "Transient", reason: "Connect", status: 500 }],
  ["407 No", { _tag: "Fatal", reason: "ProxyRefused", status: 407 }],
  ["403 No", { _tag: "Fatal", reason: "ProxyRefused", status: 403 }],
  ["400 No", { _tag: "Fatal", reason: "ProxyRefused", status: 400 }]
]

const through = (response: string, workload: Workload.Workload, asked: () => void = () => undefined) =>
  Effect.gen(function* () {
    const proxy = yield* bare((socket) =>
      socket.once("data", () => {
        asked()
        socket.end(`HTTP/1.1 ${response}\r\nContent-Length: 0\r\n\r\n`)
      })
    )
    const client = ReliableHttpClient.make(yield* Transport.make({ proxy: proxy.origin }), { workload })
    return yield* Effect.flip(client.get("https://example.invalid"))
  }).pipe(Effect.scoped)

const workloadOf = (attempts: number) =>
  Workload.make({
    name: "test",
    timeouts: { attempt: "10 seconds" },
    retry: Retry.make({ attempts, base: "1 millis" })
  })

describe("a proxy that rejects a tunnel", () => {
  for (const [response, error] of refusals) {
    it.live(`fails the call with NotSent for ${response.replaceAll("\r\n", ", ")}`, () =>
      Effect.gen(function* () {
        expect(yield* through(response, workloadOf(1))).toMatchObject({ ...error, delivery: "NotSent" })
      })
    )
  }

  it.live("receives a CONNECT for each attempt of the call", () =>
    Effect.gen(function* () {
      let asked = 0
      const error = yield* through("429 No", workloadOf(3), () => asked++)
      expect(error).toMatchObject({ _tag: "Transient", attempts: 3 })
      expect(asked).toBe(3)
    })
  )
})
