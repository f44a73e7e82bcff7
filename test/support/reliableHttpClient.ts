/** Fixtures of the tests in ReliableHttpClient/. */
import { FetchHttpClient, HttpClient, HttpClientError, HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { NodeHttpClient } from "@effect/platform-node"
import { Context, Effect, Fiber, Layer, Stream, TestClock } from "effect"
import { ReliableHttpClient, Retry, Workload } from "effect-reliability"
import type { Fault } from "effect-reliability/testing"
import { ScriptedClient } from "effect-reliability/testing"
import { Agent } from "undici"

// -------------------------------------------------------------------------------------------------
// Workloads, clients and bodies
// -------------------------------------------------------------------------------------------------

export const api = "https://api.example.com/v1/models"

export const steady = (options: Retry.Options = {}) => Retry.make({ base: "1 second", jitter: "none", ...options })

export const workload = Workload.make({
  name: "test",
  timeouts: { attempt: "10 seconds" },
  deadline: "5 minutes",
  retry: steady()
})

export const once = Workload.with(workload, { retry: steady({ attempts: 1 }) })

export type Request = HttpClientRequest.HttpClientRequest

/** Makes a client in memory with `HttpClient.make`, and returns it with its requests. */
export const fake = (respond: (request: Request, number: number) => Response | Effect.Effect<Response, unknown>) => {
  const requests: Array<Request> = []
  const client = HttpClient.make((request) =>
    Effect.suspend(() => {
      requests.push(request)
      const response = respond(request, requests.length)
      return Effect.mapBoth(response instanceof Response ? Effect.succeed(response) : response, {
        onSuccess: (response) => HttpClientResponse.fromWeb(request, response),
        onFailure: (cause) => new HttpClientError.RequestError({ request, reason: "Transport", cause })
      })
    })
  )
  return { client, requests }
}

export const json = (value: unknown, init: ResponseInit = {}) =>
  new Response(JSON.stringify(value), { ...init, headers: { "content-type": "application/json", ...init.headers } })

/** Runs an effect for up to an hour of virtual time. */
export const ended = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.fork(effect)
    yield* TestClock.adjust("1 hour")
    return yield* Fiber.join(fiber)
  })

export const failed = <A, E, R>(effect: Effect.Effect<A, E, R>) => ended(Effect.flip(effect))

export const scripted = (script: Fault.Script, options: ReliableHttpClient.Options = {}) =>
  Effect.map(ScriptedClient.make(script), (client) => ({
    client,
    reliable: ReliableHttpClient.make(client, { workload, ...options })
  }))

/** Makes a body that records its pulls and its cancellation. */
export const watched = (next: (pulls: number) => Uint8Array | "silence" | "end" | Error) => {
  const seen = { pulls: 0, cancelled: false }
  const stream = new ReadableStream<Uint8Array>(
    {
      pull: (controller) => {
        const chunk = next(++seen.pulls)
        if (chunk === "silence") return new Promise<void>(() => {})
        if (chunk === "end") controller.close()
        else if (chunk instanceof Error) controller.error(chunk)
        else controller.enqueue(chunk)
        return undefined
      },
      cancel: () => {
        seen.cancelled = true
      }
    },
    { highWaterMark: 0 }
  )
  return { seen, stream }
}

export const post = HttpClientRequest.bodyUnsafeJson(HttpClientRequest.post(api), { a: 1 })

// -------------------------------------------------------------------------------------------------
// Sockets
// -------------------------------------------------------------------------------------------------

export const built = <I>(layer: Layer.Layer<HttpClient.HttpClient, never, I>) =>
  Effect.map(Layer.build(layer), (context) => Context.get(context, HttpClient.HttpClient))

export const agentOf = (connections: number) =>
  Effect.acquireRelease(
    Effect.sync(() => new Agent({ connections, pipelining: 1 })),
    (agent) => Effect.promise(() => agent.destroy())
  )

export const overUndici = (agent: Agent) =>
  built(Layer.provide(NodeHttpClient.layerUndiciWithoutDispatcher, Layer.succeed(NodeHttpClient.Dispatcher, agent)))

export const overFetch = (dispatcher: Agent) =>
  built(
    Layer.provide(
      FetchHttpClient.layer,
      // the types of the web lack this option of Node's fetch
      Layer.succeed(FetchHttpClient.RequestInit, { dispatcher } as unknown as RequestInit)
    )
  )

// -------------------------------------------------------------------------------------------------
// Request bodies
// -------------------------------------------------------------------------------------------------

export const put = HttpClientRequest.put(api)

/** Makes a body that counts its reads. */
export const counted = (chunks: Stream.Stream<string> = Stream.make("one ", "two")) => {
  const seen = { reads: 0 }
  const stream = Stream.unwrap(
    Effect.sync(() => {
      seen.reads++
      return Stream.encodeText(chunks)
    })
  )
  return { seen, stream }
}

export const refused = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED", syscall: "connect" })
