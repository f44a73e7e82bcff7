/**
 * Server-sent events as a `Stream` that ends well or fails, and never just stops.
 *
 * An answer that is streamed fails differently from one that is not: it breaks off in the middle and looks complete, it
 * falls silent, it brings an error under a status of 200. Most readers take a closed connection for the end, so that half
 * an answer passes for a whole one. Here the end is what the provider says it is; whatever else ends a stream is an error.
 *
 * | what happens | before the first event | after it |
 * | --- | --- | --- |
 * | an answer that is no success, or no event stream | what it is | – |
 * | nothing arrives | `Timeout` `attempt`, after `stream.first`, `Partial` once there are headers | `Timeout` `read`, after `stream.idle`, `Partial` |
 * | an `error` event | what the dialect says it is | the same, `Partial` |
 * | a `finish_reason` of `"error"` | `ServerError` | the same, `Partial` |
 * | the end without `[DONE]`, a broken connection | `StreamBroken` | `StreamBroken` |
 * | an event above `maxEvent` | `EventTooLarge` | `EventTooLarge` |
 * | and then | it is retried if its idempotency allows it, as any call | it fails: two halves of two answers are no answer |
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
import * as Either from "effect/Either"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import { dual } from "effect/Function"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { createParser } from "eventsource-parser"
import { type ApiError, type Delivery, isApiError, type Kind, settle } from "./ApiError.js"
import * as Classify from "./Classify.js"
import type * as Dialect from "./Dialect.js"
import { type Fields, unsafeMake } from "./internal/apiError/unsafeMake.js"
import { currentCall } from "./internal/call/context.js"
import { isObserved, type Telling, telling } from "./internal/call/observers.js"
import { limitedTo, onLimitKey, type WithOnLimit } from "./internal/call/timeLimit.js"
import { fromException } from "./internal/classify/fromException.js"
import { clockOf, monotonic } from "./internal/clock.js"
import { checkIdempotency, idempotencyOf } from "./internal/http/idempotency.js"
import { hostOf, isStreamed, methodOf } from "./internal/http/request.js"
import { isSuccess } from "./internal/http/response.js"
import { inheritedBy, withoutUndefined } from "./internal/http/clientOptions.js"
import { isEventStream, singleTry } from "./internal/http/transportHook.js"
import { number, oneOf } from "./internal/options.js"
import { idHeader, withRequestId } from "./internal/randomId.js"
import { decodeEach, known } from "./internal/sse/decodeEach.js"
import {
  bytesOf,
  Decoder,
  type End,
  errorWithin,
  givenUpDetail,
  isLastByName,
  type Pull
} from "./internal/sse/decoder.js"
import type { Event } from "./internal/sse/model.js"
import * as Reliability from "./Reliability.js"
import { ReliableHttpClient } from "./ReliableHttpClient.js"
import * as Workload from "./Workload.js"

export type { Event } from "./internal/sse/model.js"

// -------------------------------------------------------------------------------------------------
// Model
// -------------------------------------------------------------------------------------------------

/**
 * Options of `open`. An option that is not set is that of the client, as `ReliableHttpClient.make` got it. Budget and observers are
 * those of `Reliability.make`; for them, a call succeeds with its first event.
 *
 * @since 0.1.0
 * @category model
 */
export interface Options<R = never> extends Omit<Reliability.Options<R>, "workload"> {
  /**
   * The limits and retries of a stream without a `Workload.within` or `Reliability.protect` around it.
   * @default that of the client
   */
  readonly workload?: Workload.Workload | undefined
  /**
   * Whether the request may be repeated once the server may have executed it. `ReliableHttpClient.withIdempotency` and an
   * `Idempotency-Key` header of the request count before it.
   * @default the option of the client; without one, "safe" for GET, HEAD, PUT, DELETE and OPTIONS, and "never" for other methods
   */
  readonly idempotency?: Reliability.Idempotency | undefined
  /** The provider's rules for reading errors. @default that of the client */
  readonly dialect?: Dialect.Dialect | undefined
  /** Where the model runs, which decides the meaning of a 429. @default that of the client */
  readonly target?: Dialect.Target | undefined
  /** The most characters of one event, the names of its fields included, from 1 on. @default 1 048 576 */
  readonly maxEvent?: number | undefined
  /**
   * Whether an event is the last one. It is handed out; `[DONE]`, which always is the end, is not.
   * @default by their names, Anthropic's `message_stop` and OpenAI's `response.completed`, `.incomplete` and `.failed`
   */
  readonly done?: ((event: Event) => boolean) | undefined
  /** The header that carries the id of the call, the same on each attempt; the caller's own is kept. @default that of the client */
  readonly requestIdHeader?: string | undefined
}

// -------------------------------------------------------------------------------------------------
// Private: options
// -------------------------------------------------------------------------------------------------

type Request = HttpClientRequest.HttpClientRequest
type Response = HttpClientResponse.HttpClientResponse
type AnyFiber = Fiber.RuntimeFiber<unknown, unknown>

const owner = "EventStream.open"

interface Checked<R> {
  readonly policyOf: (request: Request, fiber: AnyFiber) => Reliability.Policy<R>
  readonly context: Pick<Classify.Context, "dialect" | "target">
  readonly maxEvent: number
  readonly isLast: (event: Event) => boolean
  readonly requestIdHeader: string
}

// What a stream sends cannot be had again, unless nobody has asked for it yet
const unlessSent = <Out>(schedule: Schedule.Schedule<Out, unknown>): Schedule.Schedule<Out, unknown> =>
  Schedule.whileInput(schedule, (error) => isApiError(error) && error.delivery === "NotSent")

const checked = <R>(options: Options<R>): Checked<R> => {
  const { about, budget, dialect, idempotency, onGiveUp, onRetry, record, target } = options
  if (idempotency !== undefined) checkIdempotency(owner, idempotency)
  if (target !== undefined) oneOf(owner, "target", target, ["serverless", "dedicated"])
  const requestIdHeader = idHeader(owner, options.requestIdHeader)
  return {
    policyOf: (request, fiber) => {
      const around = fiber.getFiberRef(currentCall)?.workload
      const workload = around ?? options.workload ?? Workload.interactive
      return Reliability.make({
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
          // an attempt ends with its first event
          timeouts: { ...workload.timeouts, attempt: workload.stream.first },
          retry: isStreamed(request.body) ? unlessSent(workload.retry) : workload.retry
        }
      })
    },
    context: { dialect, target },
    maxEvent: number(owner, "maxEvent", options.maxEvent ?? 2 ** 20, { min: 1, integer: true }),
    isLast: options.done ?? isLastByName,
    requestIdHeader
  }
}

// -------------------------------------------------------------------------------------------------
// Private: one stream
// -------------------------------------------------------------------------------------------------

/** The next events; nothing at the end. */
type Pulled<R = never> = Effect.Effect<Chunk.Chunk<Event> | undefined, ApiError, R>

const broken: Kind = { class: "Transient", reason: "StreamBroken" }
const timeout: Kind = { class: "Transient", reason: "Timeout" }
const aborted: Kind = { class: "Fatal", reason: "Aborted" }
const eventTooLarge: Kind = { class: "Fatal", reason: "EventTooLarge" }
const serverError: Kind = { class: "Transient", reason: "ServerError" }

// How much may follow the last event until the connection is given up, and for how long
const drained = 64 * 1024
const draining = 250

/** One run of a stream: its attempts, of which the last one is read on. */
class Session<R, R2> {
  readonly client: ReliableHttpClient<R>
  readonly request: Request
  readonly options: Checked<R2>
  readonly policy: Reliability.Policy<R2>
  readonly clock: Clock.Clock

  attempts = 0
  /** The request of the present attempt as the client completed it; absent until it is handed to be sent. */
  sent: Request | undefined
  scope: Scope.CloseableScope | undefined
  response: Response | undefined
  source: Pull | undefined
  decoder: Decoder
  /** Whether the first event, or the end, has been handed out. */
  isOpen = false
  /** What is told of the stream after its first event, until it was; absent where nobody listens. */
  told: Telling | undefined

  constructor(client: ReliableHttpClient<R>, request: Request, options: Checked<R2>, fiber: AnyFiber) {
    this.client = HttpClient.mapRequest(client, (sent) => (this.sent = sent))
    this.request = request
    this.options = options
    const onLimit: WithOnLimit = { [onLimitKey]: (error) => this.late(error) }
    this.policy = { ...options.policyOf(request, fiber), ...onLimit }
    this.clock = clockOf(fiber)
    this.decoder = new Decoder(createParser, options)
    const { clock, policy } = this
    const outer = fiber.getFiberRef(currentCall)
    this.told = telling({ fiber, policy, clock, outer, startedAt: monotonic(clock) }, "stream")
  }

  readonly pull: Pulled<R | R2> = Effect.suspend(() => {
    if (this.isOpen) return this.decoder.end === undefined ? this.next : this.finish(this.decoder.end)
    return Effect.flatMap(Reliability.protect(this.attempt, this.policy), (events) => {
      this.isOpen = true
      return this.emit(events)
    })
  })

  // --- Until the first event ----------------------------------------------------------------------

  /** An attempt keeps its scope where the end of the stream finds it: what it succeeds with may be lost to an interruption. */
  readonly attempt: Effect.Effect<Array<Event>, ApiError, R> = Effect.uninterruptibleMask((restore) =>
    Effect.flatMap(Scope.make(), (scope) => {
      this.attempts++
      this.scope = scope
      this.sent = undefined
      this.response = undefined
      this.decoder = new Decoder(createParser, this.options)
      return Effect.onError(restore(this.begin(scope)), () => this.release)
    })
  )

  begin(scope: Scope.Scope): Effect.Effect<Array<Event>, ApiError, R> {
    const answered = Effect.locally(this.client.execute(this.request), singleTry, {
      id: this.request.headers[this.options.requestIdHeader],
      about: this.policy.about,
      context: this.options.context
    })
    return Effect.flatMap(answered, (response) => {
      this.response = response
      // the client may have completed the URL; the object was made for this call
      if (this.policy.about !== undefined) {
        Object.assign(this.policy.about, { host: hostOf(response.request.url), status: response.status })
      }
      if (!isSuccess(response.status) || !isEventStream(response.headers["content-type"])) {
        return Effect.matchEffect(response.text, {
          onFailure: (cause) => Effect.fail(this.breakage(cause)),
          onSuccess: (body) => Effect.fail(this.refusal(response, body))
        })
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

  // --- After it -----------------------------------------------------------------------------------

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
    this.tell(undefined)
    return Effect.succeed(undefined)
  }

  fail(error: ApiError): Effect.Effect<never, ApiError> {
    const settled = settle(error, this.attempts, this.isOpen ? { stopped: "StreamBegan" } : {})
    this.tell(settled)
    return Effect.fail(settled)
  }

  /** Tells once how a stream that was open has ended. */
  tell(error: ApiError | undefined): void {
    const { told } = this
    this.told = undefined
    if (this.isOpen) told?.tell("stream", this.attempts, error)
  }

  /** The events in what arrives next, of which there may be none. */
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
        return Effect.succeed(this.decoder.take())
      }
    })
  )

  // --- Letting go ---------------------------------------------------------------------------------

  readonly release: Effect.Effect<void> = Effect.suspend(() => {
    const { decoder, scope, source } = this
    if (this.told !== undefined && this.isOpen) {
      this.tell(
        decoder.end?._tag === "Done" ? undefined : settle(this.fault(aborted, { delivery: "Partial" }), this.attempts)
      )
    }
    this.scope = undefined
    this.source = undefined
    if (scope === undefined) return Effect.void
    // a web stream that broke off throws its error once more when it is cancelled
    const close = Effect.catchAllCause(Scope.close(scope, Exit.void), () => Effect.void)
    if (source === undefined || decoder.end?._tag !== "Done") return close
    // most servers end their answer a moment later, and the connection can serve again
    return Effect.forkDaemon(Effect.ensuring(Effect.interruptible(drain(source)), close))
  })

  // --- Errors -------------------------------------------------------------------------------------

  context(): Classify.Context & { readonly headers?: Response["headers"]; readonly now: number } {
    // the client may have changed the request
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

  /** The error of an attempt that ran into its limit before the first event. */
  late({ delivery, detail, phase }: ApiError): ApiError {
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
    const answer = { ...this.context(), status, body }
    if (!isSuccess(status)) return Classify.answer(answer)
    const said = errorWithin(Classify.answer, answer)
    if (said.reason !== "Decode" && said.reason !== "InvalidAnswer") return said
    const type = /^[\w.+-]{1,40}\/[\w.+-]{1,40}/.exec(headers["content-type"] ?? "")?.[0]
    const detail = `the answer is ${type ?? "something"} and no event stream`
    return this.fault(
      said.reason === "Decode" ? { class: "Fatal", reason: "Decode" } : { class: "Transient", reason: "InvalidAnswer" },
      { delivery: "Acknowledged", detail }
    )
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

const drain = (source: Pull): Effect.Effect<void> => {
  let size = 0
  const rest: Effect.Effect<void, unknown> = Effect.flatMap(source, (pieces) => {
    for (const piece of pieces) size += piece.length
    return size > drained ? Effect.void : rest
  })
  return Effect.ignore(limitedTo(rest, { millis: draining, error: () => undefined }))
}

// -------------------------------------------------------------------------------------------------
// open
// -------------------------------------------------------------------------------------------------

/**
 * Sends a request, and streams the events of its answer.
 *
 * Until the first event it is a call like any other, with the workload's retries, deadline and patience, and the limit
 * `stream.first` for each attempt; then only `stream.idle` and deadlines from outside apply. The errors that leave it are
 * settled. Comments and pings are signs of life, and not handed out. Nothing is read ahead of who takes the events, and
 * ending the stream early, or interrupting it, closes the connection.
 *
 * The stream makes its attempts itself, with the client's options and those given here, which take precedence. Options are found
 * if the client comes from `ReliableHttpClient.make` and only its requests were mapped since.
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
      /** Who sends the request. */
      readonly client: ReliableHttpClient<R>
    }
  ): Stream.Stream<Event, ApiError, R | R2>
  <R2 = never>(
    request: HttpClientRequest.HttpClientRequest,
    options?: Options<R2> & {
      /** Who sends the request. @default `ReliableHttpClient.ReliableHttpClient` */
      readonly client?: undefined
    }
  ): Stream.Stream<Event, ApiError, ReliableHttpClient | R2>
} = <R, R2>(
  request: HttpClientRequest.HttpClientRequest,
  options?: Options<R2> & { readonly client?: ReliableHttpClient<R> | undefined }
) => {
  const own = options ?? {}
  const settings = checked(own)
  // where there is none, the second signature requires the service
  const client = (options?.client === undefined ? ReliableHttpClient : Effect.succeed(options.client)) as Effect.Effect<
    ReliableHttpClient<R>
  >
  // channels as they are, not `Stream.fromPull`, whose scope doubles what it costs to run a short stream
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
      Effect.suspend(() => session?.release ?? Effect.void)
    )
  })
  return Stream.fromChannel(events)
}

// -------------------------------------------------------------------------------------------------
// awaitFirst
// -------------------------------------------------------------------------------------------------

/**
 * Waits for the first elements of a stream: what fails before them fails the effect, what fails after them the stream that it
 * answers. An endpoint that hands a stream on can answer with a status as long as nothing has begun.
 *
 * The stream that it answers can be run once. Its end closes the connection, as does that of the scope: of an endpoint the
 * request's, which ends when the reader hangs up. `Stream.peel` would make defects of what fails later.
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
export const awaitFirst = <A, E, R>(
  stream: Stream.Stream<A, E, R>
): Effect.Effect<Stream.Stream<A, E, R>, E, R | Scope.Scope> =>
  Effect.gen(function* () {
    const scope = yield* Scope.fork(yield* Effect.scope, ExecutionStrategy.sequential)
    const pull = yield* Scope.extend(Stream.toPull(stream), scope)
    const first = yield* Effect.catchAll(pull, (end) =>
      Option.isSome(end) ? Effect.fail(end.value) : Effect.succeed(undefined)
    )
    const begun =
      first === undefined ? Stream.empty : Stream.concat(Stream.fromChunk(first), Stream.repeatEffectChunkOption(pull))
    return Stream.ensuringWith(begun, (exit) => Scope.close(scope, exit))
  })

// -------------------------------------------------------------------------------------------------
// decode
// -------------------------------------------------------------------------------------------------

const decoder = <A, I, R>(schema: Schema.Schema<A, I, R>) => {
  const decode = Schema.decodeUnknown(schema)
  const failed = (cause: unknown) => settle(fromException(cause, { delivery: "Partial" }), 1)
  return ({ data }: Event): Effect.Effect<A, ApiError, R> => {
    let value: unknown
    try {
      value = JSON.parse(data)
    } catch (cause) {
      return Effect.fail(failed(cause))
    }
    const decoded = decode(value)
    const outcome = known(decoded)
    return outcome === undefined ? Effect.mapError(decoded, failed) : Either.mapLeft(outcome, failed)
  }
}

/**
 * Reads the data of each event as JSON of a schema.
 *
 * What is no JSON fails the stream with `InvalidAnswer`, JSON of another shape with `Decode`, naming the place; what came
 * before is handed out first. Events of several shapes are a union. Events without data, which some servers send to keep
 * a connection open, are skipped.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Chunk, Effect, Schema, Stream } from "effect"
 * import * as EventStream from "effect-reliability/stream"
 *
 * const Piece = Schema.Struct({ text: Schema.String })
 *
 * // as `EventStream.open` hands them out
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
  ): Stream.Stream<A, E | ApiError, R | R2> => decodeEach(events, decoder(schema))
)
