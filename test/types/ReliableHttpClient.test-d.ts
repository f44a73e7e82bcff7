import type { HttpClientError, HttpClientResponse } from "@effect/platform"
import { HttpClient, HttpClientRequest } from "@effect/platform"
import { Context, Effect, type Layer } from "effect"
import { type ApiError, type Reliability, ReliableHttpClient, type Workload } from "effect-reliability"
import { describe, expectTypeOf, it } from "vitest"

class Log extends Context.Tag("Log")<Log, { readonly write: (line: string) => Effect.Effect<void> }>() {}
class Metrics extends Context.Tag("Metrics")<Metrics, { readonly count: (name: string) => Effect.Effect<void> }>() {}
class Token extends Context.Tag("Token")<Token, string>() {}

class Foreign {
  readonly _tag = "Foreign"
}

type Answer = HttpClientResponse.HttpClientResponse

declare const client: HttpClient.HttpClient
declare const foreign: HttpClient.HttpClient.With<Foreign, Token>
declare const log: (line: string) => Effect.Effect<void, never, Log>
declare const count: (name: string) => Effect.Effect<void, Foreign, Metrics>

describe("ReliableHttpClient.make", () => {
  it("fails with ApiError only", () => {
    const reliable = ReliableHttpClient.make(client)
    expectTypeOf(reliable).toEqualTypeOf<ReliableHttpClient.ReliableHttpClient>()
    expectTypeOf(reliable.get("/")).toEqualTypeOf<Effect.Effect<Answer, ApiError.ApiError>>()
    expectTypeOf(ReliableHttpClient.make(foreign).get("/")).toEqualTypeOf<
      Effect.Effect<Answer, ApiError.ApiError, Token>
    >()
  })

  it("accepts the client last, also inside the arguments of another combinator", () => {
    expectTypeOf(client.pipe(ReliableHttpClient.make())).toEqualTypeOf<ReliableHttpClient.ReliableHttpClient>()
    expectTypeOf(foreign.pipe(ReliableHttpClient.make({ maxBody: 1 }))).toEqualTypeOf<
      ReliableHttpClient.ReliableHttpClient<Token>
    >()
    const caught = HttpClient.catchTag(ReliableHttpClient.make(client, { maxBody: 1 }), "Fatal", (error) =>
      Effect.fail(error.reason)
    )
    expectTypeOf(caught.get("/")).toExtend<Effect.Effect<Answer, unknown>>()
  })

  it("requires the services of the client and the observers", () => {
    const observed = ReliableHttpClient.make(foreign, { onRetry: ({ error }) => log(error.message) })
    expectTypeOf(observed).toEqualTypeOf<ReliableHttpClient.ReliableHttpClient<Token | Log>>()
    expectTypeOf(observed.get("/")).toEqualTypeOf<Effect.Effect<Answer, ApiError.ApiError, Token | Log>>()
    const both = ReliableHttpClient.make<HttpClientError.HttpClientError, never, Log | Metrics>(client, {
      onRetry: ({ error }) => log(error.message),
      onGiveUp: ({ error }) => count(error.reason)
    })
    expectTypeOf(both.get("/")).toEqualTypeOf<Effect.Effect<Answer, ApiError.ApiError, Log | Metrics>>()
  })

  it("supports the combinators of other clients", () => {
    const reliable = ReliableHttpClient.make(client)
    expectTypeOf(reliable.pipe(HttpClient.mapRequest(HttpClientRequest.prependUrl("/")))).toEqualTypeOf<
      HttpClient.HttpClient.With<ApiError.ApiError>
    >()
    expectTypeOf(HttpClient.filterStatusOk(reliable).get("/")).toEqualTypeOf<
      Effect.Effect<Answer, ApiError.ApiError | HttpClientError.ResponseError>
    >()
    expectTypeOf(Effect.catchTag(reliable.get("/"), "RateLimit", () => Effect.succeed(1))).toEqualTypeOf<
      Effect.Effect<Answer | number, ApiError.Transient | ApiError.Fatal>
    >()
    expectTypeOf(ReliableHttpClient.make(reliable)).toEqualTypeOf<ReliableHttpClient.ReliableHttpClient>()
  })

  it("preserves the type of an effect in withIdempotency", () => {
    const reliable = ReliableHttpClient.make(client)
    const call = reliable.post("/")
    expectTypeOf(ReliableHttpClient.withIdempotency(call, "safe")).toEqualTypeOf(call)
    expectTypeOf(call.pipe(ReliableHttpClient.withIdempotency("never"))).toEqualTypeOf(call)
    expectTypeOf<Reliability.Idempotency>().toEqualTypeOf<"safe" | "keyed" | "never">()
  })

  it("rejects invalid options", () => {
    // @ts-expect-error the client classifies its own errors
    ReliableHttpClient.make(client, { classify: (error: Foreign) => error })
    // @ts-expect-error unknown idempotency
    ReliableHttpClient.make(client, { idempotency: "sure" })
    // @ts-expect-error unknown idempotency
    ReliableHttpClient.withIdempotency("sure")
    // @ts-expect-error a function of the request, not an effect
    ReliableHttpClient.make(client, { idempotency: () => Effect.succeed("safe") })
    // @ts-expect-error unknown target
    ReliableHttpClient.make(client, { target: "here" })
    // @ts-expect-error a number of bytes
    ReliableHttpClient.make(client, { maxBody: "64 MiB" })
  })
})

describe("ReliableHttpClient.Options", () => {
  it("allows every option to be omitted or undefined", () => {
    expectTypeOf<Record<keyof ReliableHttpClient.Options, undefined>>().toExtend<ReliableHttpClient.Options>()
    expectTypeOf<ReliableHttpClient.Options["workload"]>().toEqualTypeOf<Workload.Workload | undefined>()
  })
})

describe("ReliableHttpClient.transform", () => {
  it("preserves the type of a client", () => {
    expectTypeOf(ReliableHttpClient.transform()).toEqualTypeOf<
      (client: HttpClient.HttpClient) => HttpClient.HttpClient
    >()
    expectTypeOf(ReliableHttpClient.transform({})(client)).toEqualTypeOf<HttpClient.HttpClient>()
  })

  it("requires the services of the observers for each call", () => {
    const observed = ReliableHttpClient.transform({ onRetry: () => log("again") })(client)
    expectTypeOf(observed.get("/")).toEqualTypeOf<Effect.Effect<Answer, HttpClientError.HttpClientError, Log>>()
    // @ts-expect-error this client has requirements
    expectTypeOf(observed).toExtend<HttpClient.HttpClient>()
  })
})

describe("ReliableHttpClient.layer", () => {
  it("requires an HttpClient", () => {
    expectTypeOf(ReliableHttpClient.layer()).toEqualTypeOf<
      Layer.Layer<ReliableHttpClient.ReliableHttpClient, never, HttpClient.HttpClient>
    >()
    expectTypeOf<
      Context.Tag.Service<typeof ReliableHttpClient.ReliableHttpClient>
    >().toEqualTypeOf<ReliableHttpClient.ReliableHttpClient>()
  })

  it("requires the services of the observers, and provides a client without requirements", () => {
    expectTypeOf(ReliableHttpClient.layer({ onRetry: ({ error }) => log(error.message) })).toEqualTypeOf<
      Layer.Layer<ReliableHttpClient.ReliableHttpClient, never, HttpClient.HttpClient | Log>
    >()
    expectTypeOf(
      ReliableHttpClient.layer<Log | Metrics>({
        onRetry: ({ error }) => log(error.message),
        onGiveUp: ({ error }) => count(error.reason)
      })
    ).toEqualTypeOf<Layer.Layer<ReliableHttpClient.ReliableHttpClient, never, HttpClient.HttpClient | Log | Metrics>>()
  })
})

describe("ReliableHttpClient.replayable", () => {
  it("preserves the type of the request", () => {
    expectTypeOf(ReliableHttpClient.replayable).toEqualTypeOf<
      (request: HttpClientRequest.HttpClientRequest) => HttpClientRequest.HttpClientRequest
    >()
  })
})
