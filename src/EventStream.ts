/**
 * Server-sent events as a `Stream` that either reaches the provider's end of the response or fails.
 *
 * A streamed response fails in ways of its own: it breaks off in the middle, stops sending, or holds an error under the status
 * 200. Most readers take a closed connection for the end, so half a response passes for a whole one. Here only the provider's
 * own end event ends a stream. Any other end is an error.
 *
 * | what happens | before the first event | after the first event |
 * | --- | --- | --- |
 * | a response that is not a success, or not an event stream | its classified error | – |
 * | no data arrives | `Timeout` `attempt`, after `stream.first`; `Partial` once headers arrived | `Timeout` `read`, after `stream.idle`, `Partial` |
 * | an `error` event | the error of the dialect's row | the same, `Partial` |
 * | a `finish_reason` of `"error"` | `ServerError` | the same, `Partial` |
 * | the connection ends or breaks before the end event | `StreamBroken` | `StreamBroken` |
 * | an event above `maxEvent` | `EventTooLarge` | `EventTooLarge` |
 * | is it retried? | like any call, if its idempotency allows it | no: the parts of two responses do not fit together |
 *
 * @since 0.1.0
 */
import * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Channel from "effect/Channel"
import * as Chunk from "effect/Chunk"
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import { dual } from "effect/Function"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import type * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { createParser } from "eventsource-parser"
import { type ApiError, type Delivery, isApiError, type Kind, settle } from "./ApiError.js"
import * as Classify from "./Classify.js"
import * as Dialect from "./Dialect.js"
import { type Fields, unsafeMake } from "./internal/apiError/unsafeMake.js"
import { awaitFirst as begin } from "./internal/awaitFirst.js"
import { currentCall } from "./internal/call/context.js"
import { isObserved, type CallReport, reportOf } from "./internal/call/observers.js"
import { limitedTo, onLimitKey, type WithOnLimit } from "./internal/call/timeLimit.js"
import { clockOf, monotonic } from "./internal/clock.js"
import { checkIdempotency, idempotencyOf } from "./internal/http/idempotency.js"
import { completeFrom } from "./internal/http/modelResponse.js"
import { hostOf, isStreamed, methodOf } from "./internal/http/request.js"
import { checkGates, costFor, gatesFor, hasGates, type PolicyGates } from "./internal/http/requestUses.js"
import { isSuccess } from "./internal/http/response.js"
import { drain } from "./internal/eventStream/drain.js"
import { eventDecoder } from "./internal/eventStream/eventDecoder.js"
import type { Event, Options } from "./internal/eventStream/model.js"
import { completedBy, inheritedBy, withoutUndefined } from "./internal/http/clientOptions.js"
import { isEventStream, singleTry } from "./internal/http/transportHook.js"
import { number, oneOf } from "./internal/options.js"
import { idHeader, withRequestId } from "./internal/randomId.js"
import type { Pass } from "./internal/rateLimiter/pass.js"
import { usageWithin } from "./internal/rateLimiter/requestUse.js"
import { decodeEach } from "./internal/sse/decodeEach.js"
import {
  bytesOf,
  Decoder,
  type End,
  errorWithin,
  givenUpDetail,
  isLastByName,
  type Pull
} from "./internal/sse/decoder.js"
import * as Reliability from "./Reliability.js"
import { ReliableHttpClient } from "./ReliableHttpClient.js"
import * as Workload from "./Workload.js"

export type { Event, Options } from "./internal/eventStream/model.js"

// -------------------------------------------------------------------------------------------------
// Model
// -------------------------------------------------------------------------------------------------

// -------------------------------------------------------------------------------------------------
// Private: options
// -------------------------------------------------------------------------------------------------

type Request = HttpClientRequest.HttpClientRequest
type Response = HttpClientResponse.HttpClientResponse
type AnyFiber = Fiber.RuntimeFiber<unknown, unknown>

const owner = "EventStream.open"

interface Checked<R> {
  readonly policyOf: (request: Request, fiber: AnyFiber) => Reliability.Policy<R>
  readonly gatesOf: ((request: Request) => PolicyGates) | undefined
  readonly context: Pick<Classify.Context, "dialect" | "target">
  readonly maxEvent: number
  readonly isLast: (event: Event) => boolean
  readonly requestIdHeader: string
}

// a request body that is a stream can be sent again only if nothing was sent
const unlessSent = <Out>(schedule: Schedule.Schedule<Out, unknown>): Schedule.Schedule<Out, unknown> =>
  Schedule.whileInput(schedule, (error) => isApiError(error) && error.delivery === "NotSent")

const checked = <R>(options: Options<R>): Checked<R> => {
  const { about, budget, dialect, idempotency, onGiveUp, onRetry, record, target } = options
  if (idempotency !== undefined) checkIdempotency(owner, idempotency)
  if (target !== undefined) oneOf(owner, "target", target, ["serverless", "dedicated"])
  const requestIdHeader = idHeader(owner, options.requestIdHeader)
  const gates = checkGates(owner, options)
  return {
    policyOf: (request, fiber) => {
      const around = fiber.getFiberRef(currentCall)?.workload
      const workload = around ?? options.workload ?? Workload.interactive
      const policy = Reliability.make({
        about: isObserved(fiber, record)
          ? { host: hostOf(request.url), method: methodOf(request), stream: true, ...about }
          : undefined,
        budget,
        onRetry,
        onGiveUp,
        record,
        idempotency: idempotencyOf(request, fiber, idempotency),
        workload: {
          ...workload,
          // the attempt of a stream ends with its first event
          timeouts: { ...workload.timeouts, attempt: workload.stream.first },
          retry: isStreamed(request.body) ? unlessSent(workload.retry) : workload.retry
        }
      })
      return { ...policy, cost: costFor(gates, request, about?.model) }
    },
    gatesOf: hasGates(gates) ? (request) => gatesFor(gates, request, about?.model) : undefined,
    context: { dialect, target },
    maxEvent: number(owner, "maxEvent", options.maxEvent ?? 2 ** 20, { min: 1, integer: true }),
    isLast: options.done ?? isLastByName,
    requestIdHeader
  }
}

// -------------------------------------------------------------------------------------------------
// Private: one stream
// -------------------------------------------------------------------------------------------------

/** The next events, or `undefined` at the end. */
type Pulled<R = never> = Effect.Effect<Chunk.Chunk<Event> | undefined, ApiError, R>

const broken: Kind = { class: "Transient", reason: "StreamBroken" }
const timeout: Kind = { class: "Transient", reason: "Timeout" }
const aborted: Kind = { class: "Fatal", reason: "Aborted" }
const eventTooLarge: Kind = { class: "Fatal", reason: "EventTooLarge" }
const serverError: Kind = { class: "Transient", reason: "ServerError" }

/** One run of a stream: its attempts until the first event, then the events of the last attempt. */
class Session<R, R2> {
  readonly client: ReliableHttpClient<R>
  readonly request: Request
  readonly options: Checked<R2>
  readonly policy: Reliability.Policy<R2>
  readonly clock: Clock.Clock

  attempts = 0
  /** The request of the current attempt, as the client completed it. Absent until the client has prepared it. */
  sent: Request | undefined
  scope: Scope.CloseableScope | undefined
  response: Response | undefined
  source: Pull | undefined
  decoder: Decoder
  /** True once the first events, or the end, were emitted. */
  isOpen = false
  /** True once events of the current attempt were read. Tracked only if the call is observed. */
  hasEvents = false
  /** Notifies observers of the end of the stream, once. Absent afterwards, and if the call is not observed. */
  observation: CallReport | undefined
  /** The admission of the current attempt by the rate limiter; absent without a limiter. */
  pass: Pass | undefined

  constructor(client: ReliableHttpClient<R>, request: Request, options: Checked<R2>, fiber: AnyFiber) {
    this.client = HttpClient.mapRequest(client, (sent) => (this.sent = sent))
    this.request = request
    this.options = options
    const onLimit: WithOnLimit = { [onLimitKey]: (error) => this.timedOut(error) }
    this.policy = { ...options.policyOf(request, fiber), ...onLimit }
    this.clock = clockOf(fiber)
    this.decoder = new Decoder(createParser, options)
    const { clock, policy } = this
    const outer = fiber.getFiberRef(currentCall)
    this.observation = reportOf({ fiber, policy, clock, outer, startedAt: monotonic(clock) }, "stream")
  }

  readonly pull: Pulled<R | R2> = Effect.suspend(() => {
    if (this.isOpen) return this.decoder.end === undefined ? this.next : this.finish(this.decoder.end)
    return Effect.flatMap(this.opened, (events) => {
      this.isOpen = true
      return this.emit(events)
    })
  })

  // --- Before the first event ---------------------------------------------------------------------

  /** Makes the call that opens the stream. */
  readonly opened: Effect.Effect<Array<Event>, ApiError, R | R2> = Effect.suspend(() => {
    const { gatesOf } = this.options
    if (gatesOf === undefined) return Reliability.protect(this.attempt, this.policy)
    // only the client knows the host and the credential, which the keys of limiter and breaker name
    const completed = limitedTo(completedBy(this.request, this.client), {
      millis: Duration.toMillis(this.policy.workload.stream.first),
      error: () => undefined
    })
    return Effect.flatMap(
      Effect.orElseSucceed(completed, () => this.request),
      (request) => Reliability.protect(this.attempt, { ...this.policy, ...gatesOf(request) })
    )
  })

  /** Runs one attempt. Its scope is kept in the session and not in the result, which an interruption may discard. */
  readonly attempt: Effect.Effect<Array<Event>, ApiError, R> = Effect.uninterruptibleMask((restore) =>
    Effect.flatMap(Effect.zip(Scope.make(), FiberRef.get(currentCall)), ([scope, call]) => {
      this.attempts++
      this.pass = call?.pass
      this.scope = scope
      this.sent = undefined
      this.response = undefined
      this.decoder = new Decoder(createParser, this.options)
      if (this.policy.about !== undefined) Object.assign(this.policy.about, { response: undefined })
      this.hasEvents = false
      return Effect.onError(restore(this.begin(scope)), () => this.release)
    })
  )

  begin(scope: Scope.Scope): Effect.Effect<Array<Event>, ApiError, R> {
    const responded = Effect.locally(this.client.execute(this.request), singleTry, {
      id: this.request.headers[this.options.requestIdHeader],
      about: this.policy.about,
      context: this.options.context
    })
    return Effect.flatMap(responded, (response) => {
      this.response = response
      // the client may have completed the URL; `about` was created for this call, so that it may be changed
      if (this.policy.about !== undefined) {
        Object.assign(this.policy.about, { host: hostOf(response.request.url), status: response.status })
      }
      if (!isSuccess(response.status) || !isEventStream(response.headers["content-type"])) {
        return Effect.matchEffect(response.text, {
          onFailure: (cause) => Effect.fail(this.breakage(cause)),
          onSuccess: (body) => Effect.fail(this.refusal(response, body))
        })
      }
      if (this.pass !== undefined) {
        const { dialect = Dialect.generic, now } = this.context()
        this.pass.note(Dialect.limits(dialect, response.headers, now))
        this.pass.first()
      }
      const bytes = bytesOf(response)
      const opened =
        bytes === undefined
          ? Scope.extend(Stream.toPull(response.stream), scope)
          : Effect.as(Scope.addFinalizer(scope, Effect.sync(bytes.close)), bytes.pull)
      return Effect.flatMap(opened, (source) => {
        this.source = source
        return this.first
      })
    })
  }

  readonly first: Effect.Effect<Array<Event>, ApiError> = Effect.suspend(() =>
    Effect.flatMap(this.read, (events) => {
      const { end } = this.decoder
      if (events.length > 0 || end?._tag === "Done") return Effect.succeed(events)
      return end === undefined ? this.first : Effect.fail(this.errorOf(end, "Acknowledged"))
    })
  )

  // --- After the first event ------------------------------------------------------------------------

  readonly next: Pulled = Effect.suspend(() => {
    const { idle } = this.policy.workload.stream
    const limited = limitedTo(this.read, {
      millis: Duration.toMillis(idle),
      error: () => this.silence(idle)
    })
    return Effect.matchEffect(limited, {
      onFailure: (error) => this.fail(error),
      onSuccess: (events) => this.emit(events)
    })
  })

  emit(events: Array<Event>): Pulled {
    if (events.length > 0) return Effect.succeed(Chunk.unsafeFromArray(events))
    return this.decoder.end === undefined ? this.next : this.finish(this.decoder.end)
  }

  finish(end: End): Pulled {
    if (end._tag !== "Done") return this.fail(this.errorOf(end, "Partial"))
    this.pass?.end()
    this.report(undefined)
    return Effect.succeed(undefined)
  }

  fail(error: ApiError): Effect.Effect<never, ApiError> {
    this.pass?.fail(error)
    const settled = settle(error, this.attempts, this.isOpen ? { stopped: "StreamBegan" } : {})
    this.report(settled)
    return Effect.fail(settled)
  }

  /** Notifies observers once of the end of a stream that was open. */
  report(error: ApiError | undefined): void {
    const { observation } = this
    this.observation = undefined
    if (this.isOpen) observation?.notify("stream", this.attempts, error)
  }

  /** Notifies observers of events, and adds the facts that the events state to the description of the call. */
  observe(events: ReadonlyArray<Event>): void {
    if (events.length > 0) this.observation?.chunks(events.length, !this.hasEvents)
    this.hasEvents ||= events.length > 0
    // `about` was created for this call, so that it may be changed
    if (this.policy.about !== undefined) completeFrom(this.policy.about, events)
  }

  /** Reads the next bytes and returns their events, of which there may be zero. */
  readonly read: Effect.Effect<Array<Event>, ApiError> = Effect.suspend(() =>
    Effect.matchEffect(this.source ?? Effect.fail(Option.none()), {
      onFailure: (end) => {
        if (Option.isNone(end)) this.decoder.finish()
        return this.decoder.end === undefined
          ? Effect.fail(this.breakage(Option.getOrUndefined(end)))
          : Effect.succeed(this.decoder.take())
      },
      onSuccess: (pieces) => {
        for (const piece of pieces) this.decoder.feed(piece)
        const events = this.decoder.take()
        if (this.pass !== undefined) for (const { data } of events) this.pass.use(usageWithin(data))
        if (this.observation !== undefined) this.observe(events)
        return Effect.succeed(events)
      }
    })
  )

  // --- Release -------------------------------------------------------------------------------------

  /** Ends the stream, in every case. */
  readonly close: Effect.Effect<void> = Effect.suspend(() => {
    this.pass?.close(this.decoder.end?._tag === "Done")
    return this.release
  })

  readonly release: Effect.Effect<void> = Effect.suspend(() => {
    const { decoder, scope, source } = this
    if (this.observation !== undefined && this.isOpen) {
      this.report(
        decoder.end?._tag === "Done" ? undefined : settle(this.fault(aborted, { delivery: "Partial" }), this.attempts)
      )
    }
    this.scope = undefined
    this.source = undefined
    if (scope === undefined) return Effect.void
    // cancelling a web stream that broke off throws its error again
    const close = Effect.catchAllCause(Scope.close(scope, Exit.void), () => Effect.void)
    if (source === undefined || decoder.end?._tag !== "Done") return close
    // most servers end the response shortly after the last event: reading on lets another request reuse the connection
    return Effect.forkDaemon(Effect.ensuring(Effect.interruptible(drain(source)), close))
  })

  // --- Errors -------------------------------------------------------------------------------------

  context(): Classify.Context & { readonly headers?: Response["headers"]; readonly now: number } {
    // the client may have changed the request before it sent it
    const { headers, request } = this.response ?? { headers: undefined, request: this.sent ?? this.request }
    const { method, url } = request
    const now = this.clock.unsafeCurrentTimeMillis()
    return { ...this.options.context, method, url, now, ...(headers !== undefined && { headers }) }
  }

  fault(kind: Kind, fields: Fields, cause?: unknown): ApiError {
    const status = this.response?.status
    const { method, requestId, url } = Classify.answer({ ...this.context(), status: status ?? 0 })
    return unsafeMake(kind, { status, method, requestId, url, ...fields }, cause)
  }

  breakage(cause: unknown): ApiError {
    if (cause === undefined) return this.fault(broken, { delivery: "Partial" })
    const { code, detail, phase, reason } = Classify.exception(cause, this.context())
    const kind = reason === "Timeout" ? timeout : reason === "Aborted" ? aborted : broken
    return this.fault(kind, { delivery: "Partial", code, detail, phase }, cause)
  }

  /** Returns the error of an attempt that timed out before the first event. */
  timedOut({ delivery, detail, phase }: ApiError): ApiError {
    const begun = this.response !== undefined
    const reached = begun ? "Partial" : this.sent === undefined ? "NotSent" : delivery
    return this.fault(timeout, { delivery: reached, detail, phase })
  }

  silence(limit: Duration.Duration): ApiError {
    return this.fault(timeout, {
      delivery: "Partial",
      phase: "read",
      detail: `the limit is ${Duration.format(limit)}`
    })
  }

  refusal({ headers, status }: Response, body: string): ApiError {
    const input = { ...this.context(), status, body }
    if (!isSuccess(status)) return Classify.answer(input)
    const error = errorWithin(Classify.answer, input)
    const { reason } = error
    if (reason !== "Decode" && reason !== "InvalidAnswer") return error
    const type = /^[\w.+-]{1,40}\/[\w.+-]{1,40}/.exec(headers["content-type"] ?? "")?.[0] ?? "of an unknown media type"
    const detail = `the response is ${type} and not an event stream`
    const kind: Kind = reason === "Decode" ? { class: "Fatal", reason } : { class: "Transient", reason }
    return this.fault(kind, { delivery: "Acknowledged", detail })
  }

  errorOf(end: Exclude<End, { readonly _tag: "Done" }>, delivery: Delivery): ApiError {
    if (end._tag === "TooLarge") {
      const detail = `the limit is ${this.options.maxEvent} characters`
      return this.fault(eventTooLarge, { delivery: "Partial", detail })
    }
    if (end._tag === "GivenUp") return this.fault(serverError, { delivery, detail: givenUpDetail })
    return errorWithin(Classify.answer, {
      ...this.context(),
      delivery,
      body: end.body,
      status: this.response?.status ?? 200
    })
  }
}

// -------------------------------------------------------------------------------------------------
// open
// -------------------------------------------------------------------------------------------------

/**
 * Sends a request and streams the events of its response.
 *
 * Until the first event, it is a call like any other, with the workload's retries, deadline and patience. The timeout of each
 * attempt is `stream.first`. After the first event, only `stream.idle` and outer deadlines apply. The errors of the stream are
 * settled (see `ApiError.settle`). Comments and pings count as activity and are not emitted. Events are read only when they are
 * consumed. Ending the stream early, or interrupting it, closes the connection.
 *
 * The stream makes its attempts itself. It uses the options of the client; options that are given here take precedence. The
 * client's options are known if the client comes from `ReliableHttpClient.make`, even if its requests were mapped afterwards.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { HttpClient, HttpClientRequest, HttpClientResponse } from "@effect/platform"
 * import { Chunk, Effect, Stream } from "effect"
 * import { Dialect, ReliableHttpClient } from "effect-reliability"
 * import * as EventStream from "effect-reliability/stream"
 *
 * const body = `: hello\n\ndata: {"text":"Hel"}\n\ndata: {"text":"lo"}\n\ndata: [DONE]\n\n`
 * const headers = { "content-type": "text/event-stream" }
 * const inMemory = HttpClient.make((request) =>
 *   Effect.succeed(HttpClientResponse.fromWeb(request, new Response(body, { headers })))
 * )
 *
 * const request = HttpClientRequest.post("https://api.example.com/v1/chat/completions").pipe(
 *   HttpClientRequest.bodyUnsafeJson({ stream: true, messages: [{ role: "user", content: "Hi" }] })
 * )
 * const events = EventStream.open(request, {
 *   // "safe" repeats the POST until its first event
 *   client: ReliableHttpClient.make(inMemory, { dialect: Dialect.fireworks, idempotency: "safe" })
 * })
 *
 * const all = await Effect.runPromise(Stream.runCollect(events))
 * assert.deepStrictEqual(Chunk.toArray(all).map((event) => event.data), [`{"text":"Hel"}`, `{"text":"lo"}`])
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const open: {
  <R, R2 = never>(
    request: HttpClientRequest.HttpClientRequest,
    options: Options<R2> & {
      /** The client that sends the request. */
      readonly client: ReliableHttpClient<R>
    }
  ): Stream.Stream<Event, ApiError, R | R2>
  <R2 = never>(
    request: HttpClientRequest.HttpClientRequest,
    options?: Options<R2> & {
      /** The client that sends the request. @default the service `ReliableHttpClient.ReliableHttpClient` */
      readonly client?: undefined
    }
  ): Stream.Stream<Event, ApiError, ReliableHttpClient | R2>
} = <R, R2>(
  request: HttpClientRequest.HttpClientRequest,
  options?: Options<R2> & { readonly client?: ReliableHttpClient<R> | undefined }
) => {
  const own = options ?? {}
  const settings = checked(own)
  // without this option, the second signature requires the service
  const client = (options?.client === undefined ? ReliableHttpClient : Effect.succeed(options.client)) as Effect.Effect<
    ReliableHttpClient<R>
  >
  // channels are used directly: the scope of `Stream.fromPull` doubles the cost of a short stream
  const events = Channel.suspend(() => {
    let session: Session<R, R2> | undefined
    const begin = Effect.withFiberRuntime<Session<R, R2>>((fiber) =>
      Effect.flatMap(client, (client) => {
        const inherited = inheritedBy(request, client)
        const merged = inherited === undefined ? settings : checked({ ...inherited, ...withoutUndefined(own) })
        return Effect.map(
          withRequestId(request, merged.requestIdHeader),
          (sent) => (session = new Session(client, sent, merged, fiber))
        )
      })
    )
    const from = (
      pull: Pulled<R | R2>
    ): Channel.Channel<Chunk.Chunk<Event>, unknown, ApiError, unknown, void, unknown, R | R2> =>
      Channel.flatMap(Channel.fromEffect(pull), (chunk) =>
        chunk === undefined ? Channel.void : Channel.flatMap(Channel.write(chunk), () => from(pull))
      )
    return Channel.ensuring(
      Channel.flatMap(Channel.fromEffect(begin), ({ pull }) => from(pull)),
      Effect.suspend(() => session?.close ?? Effect.void)
    )
  })
  return Stream.fromChannel(events)
}

// -------------------------------------------------------------------------------------------------
// awaitFirst
// -------------------------------------------------------------------------------------------------

/**
 * Waits for the first elements of a stream, then returns a stream that begins with them.
 *
 * A failure before the first elements fails the effect; a later failure fails the returned stream. An endpoint that passes a
 * stream on can therefore still respond with an error status if the stream fails before its first element.
 *
 * The returned stream can be run once. Its end closes the connection, and so does the end of the scope. In an endpoint, the
 * scope is that of the request, which ends when the reader disconnects. `Stream.peel` would turn later failures into defects.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Effect, Stream } from "effect"
 * import { ApiError } from "effect-reliability"
 * import * as EventStream from "effect-reliability/stream"
 *
 * const answer = <A>(events: Stream.Stream<A, ApiError.ApiError>) =>
 *   EventStream.awaitFirst(events).pipe(
 *     Effect.map((events) => ({ status: 200, body: Stream.orElseSucceed(events, () => "it broke off") })),
 *     Effect.catchTag("RateLimit", () => Effect.succeed({ status: 429, body: Stream.empty })),
 *     Effect.flatMap(({ body, status }) => Effect.map(Stream.runCollect(body), (body) => [status, ...body])),
 *     Effect.scoped
 *   )
 *
 * const busy = Stream.fail(new ApiError.RateLimit({ reason: "RateExceeded", delivery: "Acknowledged", status: 429 }))
 * assert.deepStrictEqual(await Effect.runPromise(answer(busy)), [429])
 *
 * const broken = new ApiError.Transient({ reason: "StreamBroken", delivery: "Partial" })
 * const half = Stream.concat(Stream.make("Hel"), Stream.fail(broken))
 * assert.deepStrictEqual(await Effect.runPromise(answer(half)), [200, "Hel", "it broke off"])
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const awaitFirst: <A, E, R>(
  stream: Stream.Stream<A, E, R>
) => Effect.Effect<Stream.Stream<A, E, R>, E, R | Scope.Scope> = begin

// -------------------------------------------------------------------------------------------------
// decode
// -------------------------------------------------------------------------------------------------

/**
 * Decodes the data of each event as JSON, with a schema.
 *
 * Invalid JSON fails the stream with `InvalidAnswer`. JSON that does not match the schema fails it with `Decode`, and `detail`
 * names the field. Events before the failure are still emitted. For events of several shapes, use a union. Events without data,
 * which some servers send to keep a connection open, are skipped.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Chunk, Effect, Schema, Stream } from "effect"
 * import * as EventStream from "effect-reliability/stream"
 *
 * const Piece = Schema.Struct({ text: Schema.String })
 *
 * // such as `EventStream.open` emits
 * const events = Stream.make({ data: `{"text":"Hel"}` }, { data: `{"text":"lo"}` })
 *
 * const pieces = await Effect.runPromise(events.pipe(EventStream.decode(Piece), Stream.runCollect))
 * assert.strictEqual(Chunk.toArray(pieces).map((piece) => piece.text).join(""), "Hello")
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const decode: {
  <A, I, R>(
    schema: Schema.Schema<A, I, R>
  ): <E, R2>(events: Stream.Stream<Event, E, R2>) => Stream.Stream<A, E | ApiError, R | R2>
  <E, R2, A, I, R>(
    events: Stream.Stream<Event, E, R2>,
    schema: Schema.Schema<A, I, R>
  ): Stream.Stream<A, E | ApiError, R | R2>
} = /*#__PURE__*/ dual(
  2,
  <E, R2, A, I, R>(
    events: Stream.Stream<Event, E, R2>,
    schema: Schema.Schema<A, I, R>
  ): Stream.Stream<A, E | ApiError, R | R2> => decodeEach(events, eventDecoder(schema))
)
