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

describe("make", () => {
  it("fails with ApiError, and nothing else", () => {
    const reliable = ReliableHttpClient.make(client)
    expectTypeOf(reliable).toEqualTypeOf<ReliableHttpClient.ReliableHttpClient>()
    expectTypeOf(reliable.get("/")).toEqualTypeOf<Effect.Effect<Answer, ApiError.ApiError>>()
    expectTypeOf(ReliableHttpClient.make(foreign).get("/")).toEqualTypeOf<
      Effect.Effect<Answer, ApiError.ApiError, Token>
    >()
  })

  it("takes the client last, also inside of another combinator's arguments", () => {
    expectTypeOf(client.pipe(ReliableHttpClient.make())).toEqualTypeOf<ReliableHttpClient.ReliableHttpClient>()
    expectTypeOf(foreign.pipe(ReliableHttpClient.make({ maxBody: 1 }))).toEqualTypeOf<
      ReliableHttpClient.ReliableHttpClient<Token>
    >()
    const caught = HttpClient.catchTag(ReliableHttpClient.make(client, { maxBody: 1 }), "Fatal", (error) =>
      Effect.fail(error.reason)
    )
    expectTypeOf(caught.get("/")).toExtend<Effect.Effect<Answer, unknown>>()
  })

  it("requires what the client and the observers require", () => {
    const observed = ReliableHttpClient.make(foreign, { onRetry: ({ error }) => log(error.message) })
    expectTypeOf(observed).toEqualTypeOf<ReliableHttpClient.ReliableHttpClient<Token | Log>>()
    expectTypeOf(observed.get("/")).toEqualTypeOf<Effect.Effect<Answer, ApiError.ApiError, Token | Log>>()
    const both = ReliableHttpClient.make<HttpClientError.HttpClientError, never, Log | Metrics>(client, {
      onRetry: ({ error }) => log(error.message),
      onGiveUp: ({ error }) => count(error.reason)
    })
    expectTypeOf(both.get("/")).toEqualTypeOf<Effect.Effect<Answer, ApiError.ApiError, Log | Metrics>>()
  })

  it("is a client like others", () => {
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

  it("declares the idempotency of a request, with the type of the effect unchanged", () => {
    const reliable = ReliableHttpClient.make(client)
    const call = reliable.post("/")
    expectTypeOf(ReliableHttpClient.withIdempotency(call, "safe")).toEqualTypeOf(call)
    expectTypeOf(call.pipe(ReliableHttpClient.withIdempotency("never"))).toEqualTypeOf(call)
    expectTypeOf<Reliability.Idempotency>().toEqualTypeOf<"safe" | "keyed" | "never">()
  })

  it("takes no option that would break it", () => {
    // @ts-expect-error a client of its own has errors of its own
    ReliableHttpClient.make(client, { classify: (error: Foreign) => error })
    // @ts-expect-error no such word
    ReliableHttpClient.make(client, { idempotency: "sure" })
    // @ts-expect-error no such word
    ReliableHttpClient.withIdempotency("sure")
    // @ts-expect-error a function of the request, not an effect
    ReliableHttpClient.make(client, { idempotency: () => Effect.succeed("safe") })
    // @ts-expect-error no such place
    ReliableHttpClient.make(client, { target: "here" })
    // @ts-expect-error a number of bytes
    ReliableHttpClient.make(client, { maxBody: "64 MiB" })
  })
})

describe("Options", () => {
  it("may all be left out, or be undefined", () => {
    expectTypeOf<Record<keyof ReliableHttpClient.Options, undefined>>().toExtend<ReliableHttpClient.Options>()
    expectTypeOf<ReliableHttpClient.Options["workload"]>().toEqualTypeOf<Workload.Workload | undefined>()
  })
})

describe("transform", () => {
  it("keeps the type of a client, for who takes one", () => {
    expectTypeOf(ReliableHttpClient.transform()).toEqualTypeOf<
      (client: HttpClient.HttpClient) => HttpClient.HttpClient
    >()
    expectTypeOf(ReliableHttpClient.transform({})(client)).toEqualTypeOf<HttpClient.HttpClient>()
  })

  it("requires for each call what the observers require", () => {
    const observed = ReliableHttpClient.transform({ onRetry: () => log("again") })(client)
    expectTypeOf(observed.get("/")).toEqualTypeOf<Effect.Effect<Answer, HttpClientError.HttpClientError, Log>>()
    // @ts-expect-error who takes a client without requirements does not take this one
    expectTypeOf(observed).toExtend<HttpClient.HttpClient>()
  })
})

describe("layer", () => {
  it("needs an HttpClient", () => {
    expectTypeOf(ReliableHttpClient.layer()).toEqualTypeOf<
      Layer.Layer<ReliableHttpClient.ReliableHttpClient, never, HttpClient.HttpClient>
    >()
    expectTypeOf<
      Context.Tag.Service<typeof ReliableHttpClient.ReliableHttpClient>
    >().toEqualTypeOf<ReliableHttpClient.ReliableHttpClient>()
  })

  it("needs what the observers need, and what it provides needs nothing", () => {
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

describe("replayable", () => {
  it("keeps the request's type", () => {
    expectTypeOf(ReliableHttpClient.replayable).toEqualTypeOf<
      (request: HttpClientRequest.HttpClientRequest) => HttpClientRequest.HttpClientRequest
    >()
  })
})
