import { HttpClientRequest } from "@effect/platform"
import { Context, Effect, Schema, type Stream } from "effect"
import { type ApiError, Dialect, type ReliableHttpClient, Workload } from "effect-reliability"
import * as EventStream from "effect-reliability/stream"
import { describe, expectTypeOf, it } from "vitest"

class Token extends Context.Tag("Token")<Token, string>() {}

class Log extends Context.Tag("Log")<Log, { readonly write: (line: string) => Effect.Effect<void> }>() {}

class Table extends Context.Tag("Table")<Table, ReadonlyMap<string, number>>() {}

const request = HttpClientRequest.post("/v1/chat/completions")

declare const client: ReliableHttpClient.ReliableHttpClient
declare const authorized: ReliableHttpClient.ReliableHttpClient<Token>
declare const events: Stream.Stream<EventStream.Event, "other", Token>

describe("EventStream.open", () => {
  it("requires the services of its client and its observers", () => {
    expectTypeOf(EventStream.open(request, { client })).toEqualTypeOf<
      Stream.Stream<EventStream.Event, ApiError.ApiError>
    >()
    expectTypeOf(EventStream.open(request, { client: authorized, dialect: Dialect.openai })).toEqualTypeOf<
      Stream.Stream<EventStream.Event, ApiError.ApiError, Token>
    >()
    const onRetry = () => Effect.flatMap(Log, (log) => log.write("again"))
    expectTypeOf(EventStream.open(request, { client: authorized, onRetry })).toEqualTypeOf<
      Stream.Stream<EventStream.Event, ApiError.ApiError, Token | Log>
    >()
    expectTypeOf(EventStream.open(request, { onRetry })).toEqualTypeOf<
      Stream.Stream<EventStream.Event, ApiError.ApiError, ReliableHttpClient.ReliableHttpClient | Log>
    >()
  })

  it("requires the service if no client is given", () => {
    type FromService = Stream.Stream<EventStream.Event, ApiError.ApiError, ReliableHttpClient.ReliableHttpClient>
    expectTypeOf(EventStream.open(request)).toEqualTypeOf<FromService>()
    expectTypeOf(EventStream.open(request, { workload: Workload.agentic })).toEqualTypeOf<FromService>()
  })
})

describe("EventStream.decode", () => {
  const Piece = Schema.Struct({ n: Schema.NumberFromString })

  it("returns the type of the schema, in both orders of arguments, and adds its error", () => {
    type Decoded = Stream.Stream<{ readonly n: number }, "other" | ApiError.ApiError, Token>
    expectTypeOf(events.pipe(EventStream.decode(Piece))).toEqualTypeOf<Decoded>()
    expectTypeOf(EventStream.decode(events, Piece)).toEqualTypeOf<Decoded>()
    expectTypeOf(EventStream.open(request, { client }).pipe(EventStream.decode(Piece))).toEqualTypeOf<
      Stream.Stream<{ readonly n: number }, ApiError.ApiError>
    >()
  })

  it("requires the services of the schema", () => {
    const Known = Schema.transformOrFail(Schema.String, Schema.Number, {
      strict: true,
      decode: (name) => Effect.map(Table, (table) => table.get(name) ?? 0),
      encode: (n) => Effect.succeed(String(n))
    })
    expectTypeOf(events.pipe(EventStream.decode(Known))).toEqualTypeOf<
      Stream.Stream<number, "other" | ApiError.ApiError, Token | Table>
    >()
  })
})
