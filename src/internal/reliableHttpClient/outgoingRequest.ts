/**
 * The request of a call as it is sent: with trace headers, and with a body that may not be sent again.
 *
 * @since 0.2.0
 */
import * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpTraceContext from "@effect/platform/HttpTraceContext"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type * as Tracer from "effect/Tracer"
import { type ApiError, settle } from "../../ApiError.js"
import type { Call } from "../call/model.js"
import { hostOf, isStreamed, wasRead } from "../http/request.js"
import type { SingleTry } from "../http/transportHook.js"
import type { Pass } from "../rateLimiter/pass.js"

type Request = HttpClientRequest.HttpClientRequest

/** The bodies that were declared to be replayable. */
export const replayables = new WeakSet<HttpBody.HttpBody>()

const traceHeaders = (span: Tracer.AnySpan) => {
  if (span._tag === "Span") return HttpTraceContext.toHeaders(span)
  const { sampled, spanId, traceId } = span
  return {
    b3: `${traceId}-${spanId}-${sampled ? 1 : 0}`,
    traceparent: `00-${traceId}-${spanId}-${sampled ? "01" : "00"}`
  }
}

// `setBody` sets headers again that the caller may have changed since
const withBody = (request: Request, body: HttpBody.HttpBody): Request =>
  HttpClientRequest.setHeaders(HttpClientRequest.setBody(request, body), request.headers)

/** The request of a call. It tracks whether a body that can be read only once has been read. */
export class OutgoingRequest {
  request: Request
  /** The rules for reading the response, where the owner of the retries has rules of its own. */
  context: SingleTry["context"] = undefined
  /** The description of the call that observers receive. */
  about: SingleTry["about"]
  /** The admission of the current attempt by the rate limiter; absent without a limiter. */
  pass: Pass | undefined
  /** True if the body is a stream that cannot be sent again. */
  streamed = false
  /** True once reading the body has begun. */
  #started = false
  #source: unknown
  /** The error of the attempt after which the body could not be sent again. */
  #last: ApiError | undefined

  constructor(request: Request) {
    this.request = request
  }

  /** Prepares the request for an attempt and watches its body. `call` is given if the time limit is enforced from outside. */
  prepare(request: Request, trace: Tracer.AnySpan | undefined, call: Call | undefined): Request {
    const { body } = request
    const traced = trace === undefined ? request : HttpClientRequest.setHeaders(request, traceHeaders(trace))
    this.request = traced
    if (this.about !== undefined) this.about.host = hostOf(traced.url)
    // calls made while preparing the request report themselves; the request belongs to this call
    if (call?.owned === true) call.owned = false
    if (body._tag === "Empty" || body._tag === "Uint8Array" || !isStreamed(body) || replayables.has(body)) return traced
    this.streamed = true
    const start = (): void => {
      this.#started = true
      // with an owner inside, a timeout of the attempt ends the call
      if (call !== undefined) call.owners++
    }
    if (body._tag === "Stream") {
      const watched = Stream.concat(Stream.execute(Effect.sync(start)), body.stream)
      return withBody(traced, HttpBody.stream(watched, body.contentType, body.contentLength))
    }
    if (body._tag === "Raw") this.#source = body.body
    if (call !== undefined) call.owners++
    return traced
  }

  /** True if the body has been read and cannot be sent again. */
  get spent(): boolean {
    return this.#started || (this.#source !== undefined && wasRead(this.#source))
  }

  /** Settles the errors of the call once its body cannot be sent again, so that no schedule retries them. */
  guard<A, R>(attempts: number, effect: Effect.Effect<A, ApiError, R>): Effect.Effect<A, ApiError, R> {
    if (this.#last !== undefined) return Effect.fail(this.#last)
    return Effect.mapError(effect, (error) =>
      this.spent ? (this.#last = settle(error, error.attempts || attempts, { stopped: "SpentBody" })) : error
    )
  }
}
