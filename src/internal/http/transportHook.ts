/**
 * What a transport of this package can do besides being an `HttpClient`: one request within limits that it keeps itself,
 * its answer read whole.
 *
 * @since 0.1.0
 */
import type * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Effect from "effect/Effect"
import * as FiberRef from "effect/FiberRef"
import { globalValue } from "effect/GlobalValue"
import type { ApiError } from "../../ApiError.js"
import type { Workload } from "../call/model.js"
import type { Dialect, Target } from "../../Dialect.js"

/** How much of an answer is read. */
export interface Bounds {
  /** Bytes of a success, above which the call fails. */
  readonly body: number
  /** Bytes of a success that is JSON, above which the call fails: nothing can interrupt its parser. */
  readonly json: number
  /** Bytes of a failure that are kept, and that are read to keep the connection. */
  readonly kept: number
  readonly drained: number
  /** Milliseconds that reading a failure may take. */
  readonly draining: number
}

/** One attempt. */
export interface Try {
  readonly workload: Workload
  /** How long it may take, in milliseconds. */
  readonly millis: number
  readonly phase: "attempt" | "deadline"
  readonly bounds: Bounds
}

/**
 * Sends a request and reads its answer, whatever its status; an event stream is handed out as it comes. Keeps all its
 * limits itself, and lets go of its connection when it is interrupted.
 */
export type Exchange = (
  request: HttpClientRequest.HttpClientRequest,
  options: Try
) => Effect.Effect<HttpClientResponse.HttpClientResponse, ApiError>

/** What a client of `HttpClient.makeWith` consists of; its type does not show it. */
interface Parts<E, R> {
  readonly preprocess?: HttpClient.HttpClient.Preprocess<E, R> | undefined
  readonly postprocess?: { readonly [key]?: Exchange | undefined } | undefined
}

const key: unique symbol = Symbol.for("effect-reliability/Exchange")

/** The function of a client that `HttpClient.mapRequest` and its relatives keep. */
export const postprocessOf = (client: object): object | undefined => (client as Parts<never, never>).postprocess

/** Gives a client its exchange. */
export const withExchange = <C extends HttpClient.HttpClient>(client: C, exchange: Exchange): C => {
  const { postprocess } = client as Parts<never, never>
  if (postprocess !== undefined) Object.defineProperty(postprocess, key, { value: exchange })
  return client
}

/** An exchange, and what is done to requests before. */
export interface Exchanging<E, R> {
  readonly exchange: Exchange
  readonly preprocess: HttpClient.HttpClient.Preprocess<E, R> | undefined
}

/** The client's exchange, if it is one of this package's transports, to which nothing was done but to map its requests. */
export const exchangeOf = <E, R>(client: HttpClient.HttpClient.With<E, R>): Exchanging<E, R> | undefined => {
  const { postprocess, preprocess } = client as Parts<E, R>
  const exchange = postprocess?.[key]
  // what a transport is made with
  const untouched = preprocess === (Effect.succeed as unknown)
  return exchange && { exchange, preprocess: untouched ? undefined : preprocess }
}

/** Set where somebody else keeps a call's limits and repeats it: a reliable client then makes one attempt, and no more. */
export const singleTry: FiberRef.FiberRef<SingleTry | undefined> = /*#__PURE__*/ globalValue(
  /*#__PURE__*/ Symbol.for("effect-reliability/SingleTry"),
  () => FiberRef.unsafeMake<SingleTry | undefined>(undefined)
)

/** Which request it is of, by its id: others that are made on the way are calls of their own. */
export interface SingleTry {
  readonly id: string | undefined
  /** What is told of the call, which the client knows better. */
  /** The owner's rules for reading the response, where they differ from the client's. */
  readonly context?: { readonly dialect?: Dialect | undefined; readonly target?: Target | undefined } | undefined
  readonly about: { host?: string | undefined; status?: number | undefined } | undefined
}

/** Tests whether a response of this type is one JSON text. */
export const isJson = (contentType: string | undefined): boolean =>
  contentType !== undefined && /^application\/(?:(?!stream\+)[\w.-]+\+)?json\s*(?:[;,]|$)/i.test(contentType)

// RFC 9110 §8.3.1: a type, a subtype and parameters, whose values may be quoted
const quotedValue = /"(?:[^"\\]|\\[^]?)*(?:"|$)/g
const essence = /^[\t ]*([!#$%&'*+.^_`|~\w-]+\/[!#$%&'*+.^_`|~\w-]+)[\t ]*(?:;|$)/

/**
 * Whether a response's body is an event stream, by its media type. Of a list, as repeated headers are joined to, the last valid
 * media type counts: that is what Fetch says of `Content-Type`.
 */
export const isEventStream = (contentType: string | undefined): boolean => {
  // nearly all responses have another type
  if (contentType === undefined || !/event-stream/i.test(contentType)) return false
  const types = contentType.replace(quotedValue, "").split(",")
  return (
    types
      .findLast((type) => essence.test(type))
      ?.match(essence)?.[1]
      ?.toLowerCase() === "text/event-stream"
  )
}
