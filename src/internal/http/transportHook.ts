/**
 * The exchange of a transport of this package: one request within timeouts that the transport applies itself, with the response
 * read completely.
 *
 * @since 0.1.0
 */
import type * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import type * as Effect from "effect/Effect"
import * as FiberRef from "effect/FiberRef"
import { globalValue } from "effect/GlobalValue"
import type { ApiError, Delivery } from "../../ApiError.js"
import type { ModelResponse, Workload } from "../call/model.js"
import type { Dialect, Target } from "../../Dialect.js"
import { attempt } from "../errors.js"

/** Limits for reading a response. */
export interface Bounds {
  /** Maximum bytes of a successful response. */
  readonly body: number
  /** Maximum bytes of a successful JSON response. No timeout can interrupt its parser. */
  readonly json: number
  /** Bytes of an error response that are kept. */
  readonly kept: number
  /** Bytes of an error response that are read so that the connection can be reused. */
  readonly drained: number
  /** Maximum milliseconds for reading an error response. */
  readonly draining: number
}

/** The limits of one attempt. */
export interface Try {
  readonly workload: Workload
  /** The time limit in milliseconds. */
  readonly millis: number
  readonly phase: "attempt" | "deadline"
  readonly bounds: Bounds
  /** Called when the attempt is interrupted, with its delivery. */
  readonly onCancel?: ((delivery: Delivery) => void) | undefined
}

/**
 * Sends a request and reads its response, whatever the status; an event stream is returned unread. It applies all timeouts itself
 * and releases its connection when it is interrupted.
 */
export type Exchange = (
  request: HttpClientRequest.HttpClientRequest,
  options: Try
) => Effect.Effect<HttpClientResponse.HttpClientResponse, ApiError>

const key: unique symbol = Symbol.for("effect-reliability/Exchange")

/** The parts of a transport's execution of a request. */
export interface Exchanging<E, R> {
  readonly exchange: Exchange
  /** The request after all mappings of the client. */
  readonly mapped: Effect.Effect<HttpClientRequest.HttpClientRequest, E, R>
}

interface Marked<E, R> {
  readonly [key]?: Exchanging<E, R> | undefined
}

/** Attaches its parts to the execution of a transport. */
export const withExchange = <A extends object, E, R>(execution: A, exchanging: Exchanging<E, R>): A =>
  Object.defineProperty(execution, key, { value: exchanging })

/**
 * Returns the parts of a client's execution of a request, if the client is a transport of this package or one whose requests were
 * mapped. Any other combinator wraps the execution in an effect without these parts. The execution is not run.
 */
export const exchangeOf = <E, R>(
  client: HttpClient.HttpClient.With<E, R>,
  request: HttpClientRequest.HttpClientRequest
): Exchanging<E, R> | undefined => {
  const execution = client.execute(request) as Marked<E, R>
  return execution[key]
}

/** Tests whether a client is such a transport. */
export const isTransport = <E, R>(client: HttpClient.HttpClient.With<E, R>): boolean =>
  attempt(() => exchangeOf(client, HttpClientRequest.get("/"))) !== undefined

/** Set while the limits and retries of a call have another owner: a reliable client then makes a single attempt. */
export const singleTry: FiberRef.FiberRef<SingleTry | undefined> = /*#__PURE__*/ globalValue(
  /*#__PURE__*/ Symbol.for("effect-reliability/SingleTry"),
  () => FiberRef.unsafeMake<SingleTry | undefined>(undefined)
)

/** The parts of the description of a call that the client completes. */
export interface Completed {
  host?: string | undefined
  status?: number | undefined
  response?: ModelResponse | undefined
}

/** The request of such a call, by its id. Other requests, sent to prepare it, are calls of their own. */
export interface SingleTry {
  readonly id: string | undefined
  /** The owner's rules for reading the response, where they differ from the client's. */
  readonly context?: { readonly dialect?: Dialect | undefined; readonly target?: Target | undefined } | undefined
  /** The description of the call for observers, which the client completes. */
  readonly about: Completed | undefined
}

/** Tests whether the media type of a response is JSON. */
export const isJson = (contentType: string | undefined): boolean =>
  contentType !== undefined && /^application\/(?:(?!stream\+)[\w.-]+\+)?json\s*(?:[;,]|$)/i.test(contentType)

// RFC 9110 §8.3.1: a type, a subtype and parameters, whose values may be quoted
const quotedValue = /"(?:[^"\\]|\\[^]?)*(?:"|$)/g
const essence = /^[\t ]*([!#$%&'*+.^_`|~\w-]+\/[!#$%&'*+.^_`|~\w-]+)[\t ]*(?:;|$)/

/**
 * Tests whether the media type of a response is an event stream. Repeated headers are joined to a list, of which the last valid
 * media type counts, as the Fetch standard defines for `Content-Type`.
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

/** Tests whether a request is a single attempt of a call that another module makes. */
export const isSingle = (
  owned: SingleTry | undefined,
  { headers }: HttpClientRequest.HttpClientRequest
): owned is SingleTry => owned !== undefined && (owned.id === undefined || Object.values(headers).includes(owned.id))
