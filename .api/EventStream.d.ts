import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { type ApiError } from "./ApiError.js"
import type { Event, Options } from "./internal/eventStream/model.js"
import { ReliableHttpClient } from "./ReliableHttpClient.js"
export type { Event, Options } from "./internal/eventStream/model.js"
export declare const open: {
  <R, R2 = never>(
    request: HttpClientRequest.HttpClientRequest,
    options: Options<R2> & {
      readonly client: ReliableHttpClient<R>
    }
  ): Stream.Stream<Event, ApiError, R | R2>
  <R2 = never>(
    request: HttpClientRequest.HttpClientRequest,
    options?: Options<R2> & {
      readonly client?: undefined
    }
  ): Stream.Stream<Event, ApiError, ReliableHttpClient | R2>
}
export declare const awaitFirst: <A, E, R>(
  stream: Stream.Stream<A, E, R>
) => Effect.Effect<Stream.Stream<A, E, R>, E, R | Scope.Scope>
export declare const decode: {
  <A, I, R>(
    schema: Schema.Schema<A, I, R>
  ): <E, R2>(events: Stream.Stream<Event, E, R2>) => Stream.Stream<A, E | ApiError, R | R2>
  <E, R2, A, I, R>(
    events: Stream.Stream<Event, E, R2>,
    schema: Schema.Schema<A, I, R>
  ): Stream.Stream<A, E | ApiError, R | R2>
}
