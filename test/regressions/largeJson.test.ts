/**
 * `JSON.parse` cannot be interrupted: 40 MB of nested arrays blocked the event loop for 11 seconds under a timeout of 3.
 */
import { HttpClient, HttpClientResponse } from "@effect/platform"
import { describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { ReliableHttpClient, Retry, Workload } from "effect-reliability"
import { Transport } from "effect-reliability/node"
import { FaultServer, Fault } from "effect-reliability/testing"
import { expect, vi } from "vitest"
import { transports } from "../conformance/transports.js"

const workload = Workload.with(Workload.interactive, { retry: Retry.make({ attempts: 1 }) })

const answering = (body: string, contentType = "application/json", status = 200) =>
  HttpClient.make((request) =>
    Effect.sync(() =>
      HttpClientResponse.fromWeb(
        request,
        new Response(new TextEncoder().encode(body), { status, headers: { "content-type": contentType } })
      )
    )
  )

const get = (client: HttpClient.HttpClient, options: ReliableHttpClient.Options = {}) =>
  ReliableHttpClient.make(client, { workload, ...options }).get("https://api.example.com/v1/models")

describe("maxJson", () => {
  it.effect("rejects JSON above 8 MiB without parsing it", () =>
    Effect.gen(function* () {
      const parse = vi.spyOn(JSON, "parse")
      const most = 8 * 2 ** 20
      expect(yield* (yield* get(answering("[]".padEnd(most)))).json).toEqual([])
      parse.mockClear()
      const error = yield* Effect.flip(get(answering("[]".padEnd(most + 1))))
      expect(error).toMatchObject({
        _tag: "Fatal",
        reason: "AnswerTooLarge",
        delivery: "Partial",
        detail: "the limit for JSON is 8388608 bytes; raise it with maxJson",
        status: 200,
        attempts: 1
      })
      expect(parse).not.toHaveBeenCalled()
      parse.mockRestore()
    })
  )

  it.effect("applies only to successful responses with a JSON content type", () =>
    Effect.gen(function* () {
      const body = `{"error":{"code":"c"}}`
      expect(yield* (yield* get(answering(body, "text/plain"), { maxJson: 10 })).text).toBe(body)
      expect(yield* (yield* get(answering(body, "application/jsonl"), { maxJson: 10 })).text).toBe(body)
      expect(yield* Effect.flip(get(answering(body, "application/json", 500), { maxJson: 10 }))).toMatchObject({
        reason: "ServerError",
        code: "c"
      })
    })
  )

  it.effect("applies in addition to maxBody", () =>
    Effect.gen(function* () {
      expect(yield* Effect.flip(get(answering("[100]"), { maxBody: 4, maxJson: 10 }))).toMatchObject({
        reason: "AnswerTooLarge",
        detail: "the limit is 4 bytes"
      })
    })
  )

  for (const { client, name } of transports) {
    it.scopedLive(`accepts exactly maxJson bytes over ${name}`, () =>
      Effect.gen(function* () {
        const reliable = ReliableHttpClient.make(yield* client, { workload, maxJson: 100_000 })
        const headers = { "content-type": "application/json" }
        const server = yield* FaultServer.make({
          script: [100_000, 100_001].map((size) => Fault.answer(200, { headers, body: "[1]".padEnd(size) }))
        })
        expect(yield* (yield* reliable.get(server.origin)).json).toEqual([1])
        expect(yield* Effect.flip(reliable.get(server.origin))).toMatchObject({
          reason: "AnswerTooLarge",
          delivery: "Partial",
          status: 200
        })
      })
    )
  }

  it.scopedLive("fails with an error of @effect/platform after `transform`", () =>
    Effect.gen(function* () {
      const hardy = ReliableHttpClient.transform({ workload, maxJson: 10 })(yield* Transport.make({ proxy: "none" }))
      const headers = { "content-type": "application/json" }
      const server = yield* FaultServer.make({ script: Fault.answer(200, { headers, body: "[1]".padEnd(11) }) })
      const error = yield* Effect.flip(hardy.get(server.origin))
      expect(error.cause).toMatchObject({ reason: "AnswerTooLarge" })
    })
  )
})
