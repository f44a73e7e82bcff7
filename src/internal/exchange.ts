/**
 * What a transport of this package can do besides being an `HttpClient`: one request within limits that it keeps itself,
 * its answer read whole.
 *
 * @since 0.1.0
 */
import type * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import type * as Effect from "effect/Effect"
import * as FiberRef from "effect/FiberRef"
import { globalValue } from "effect/GlobalValue"
import type { ApiError } from "../ApiError.js"
import type { Workload } from "../Workload.js"

/** How much of an answer is read. */
export interface Bounds {
  /** Bytes of a success, above which the call fails. */
  readonly body: number
  /** Bytes of a failure that are kept, and that are read to keep the connection. */
  readonly kept: number
  readonly drained: number
  /** Milliseconds that reading a failure may take. */
  readonly draining: number
}

/** One try. */
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

const key: unique symbol = Symbol.for("effect-reliability/Exchange")

/** Gives a client its exchange. What is derived from the client does not have it. */
export const withExchange = <C extends HttpClient.HttpClient>(client: C, exchange: Exchange): C =>
  Object.defineProperty(client, key, { value: exchange })

/** The client's exchange, if it is one of this package's transports, as it was made. */
export const exchangeOf = (client: object): Exchange | undefined =>
  (client as { readonly [key]?: Exchange | undefined })[key]

/** Set where somebody else keeps a call's limits and repeats it: a reliable client then makes one try, and no more. */
export const singleTry: FiberRef.FiberRef<boolean> = /*#__PURE__*/ globalValue(
  /*#__PURE__*/ Symbol.for("effect-reliability/SingleTry"),
  () => FiberRef.unsafeMake(false)
)

/** What an answer is read as when nobody says otherwise. */
export const isEventStream = (contentType: string | undefined): boolean =>
  contentType !== undefined && /^text\/event-stream\b/i.test(contentType)
