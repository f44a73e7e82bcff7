/**
 * An `HttpClient` whose calls either succeed or fail with an `ApiError` that says why.
 *
 * A plain `HttpClient` leaves the difficult cases to each call. It treats a 503 as a success, and a body that breaks off fails
 * outside of the retries. A response that is not read keeps its socket, and the provider cannot recognise a retry as the same
 * call. Here every response that is not a success is an error. The body is read within the attempt, up to a size limit. All
 * attempts of a call carry the same id.
 *
 * A POST or PATCH that the server may have executed is repeated only if the request declares it: by the client's option
 * `idempotency`, by an `Idempotency-Key` header, or by `withIdempotency`. No workload or policy around a call changes that.
 *
 * The transport decides how precise `delivery` and `phase` of an error are:
 *
 * | transport | `NotSent` is reported | phases with a timeout of their own |
 * | --- | --- | --- |
 * | `Transport` (`effect-reliability/node`) | if no byte was sent | `pool` `connect` `write` `read` `attempt` |
 * | `Transport` over another dispatcher | if writing had not begun | `pool` (with connecting) `write` (of streams) `read` `attempt` |
 * | `NodeHttpClient.layerUndici` | for failed connects, name lookups and certificates | `connect` (10 s, by undici) `attempt` |
 * | `NodeHttpClient.layer` | for failed connects, name lookups and certificates | `attempt` |
 * | `FetchHttpClient.layer` on Node | for failed connects, name lookups and certificates | `connect` (10 s, by undici) `attempt` |
 * | `FetchHttpClient.layer` in browsers | never: browsers do not report the cause | `attempt` |
 *
 * @since 0.1.0
 */
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import { dual } from "effect/Function"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import type * as Tracer from "effect/Tracer"
import { type ApiError, type Delivery, isApiError } from "./ApiError.js"
import { CircuitBreaker } from "./CircuitBreaker.js"
import * as Classify from "./Classify.js"
import * as Dialect from "./Dialect.js"
import { unsafeMake } from "./internal/apiError/unsafeMake.js"
import { currentCall } from "./internal/call/context.js"
import { aboutOf, withParts } from "./internal/http/clientOptions.js"
import { isObserved } from "./internal/call/observers.js"
import { withContext } from "./internal/call/observerServices.js"
import { limitedTo } from "./internal/call/timeLimit.js"
import type { BreakerUse } from "./internal/circuitBreaker/breakerService.js"
import { clockOf, monotonic } from "./internal/clock.js"
import { checkIdempotency, declaredIdempotency, idempotencyOf } from "./internal/http/idempotency.js"
import type { HedgeService, RequestHedge } from "./internal/hedge/model.js"
import { modelResponseOf } from "./internal/http/modelResponse.js"
import { check, hostOf, methodOf, Unsendable } from "./internal/http/request.js"
import { type BaseResponse, isSuccess, BufferedResponse, readWithin, TooLarge } from "./internal/http/response.js"
import {
  type Bounds,
  type Exchanging,
  exchangeOf,
  isTransport,
  isEventStream,
  isJson,
  isSingle,
  singleTry
} from "./internal/http/transportHook.js"
import { type CheckedGates, checkGates, gatesFor, hasGates } from "./internal/http/requestUses.js"
import { number, oneOf } from "./internal/options.js"
import { idHeader, withRequestId } from "./internal/randomId.js"
import { type RequestUse, usageOf } from "./internal/rateLimiter/requestUse.js"
import { redactUrl } from "./internal/redact.js"
import { hasCosts } from "./internal/reliability/payment.js"
import { refused, toHttpClientError } from "./internal/reliableHttpClient/clientErrors.js"
import { hedgedRequest, toRequestHedge } from "./internal/reliableHttpClient/hedgedRequest.js"
import { OutgoingRequest, replayables } from "./internal/reliableHttpClient/outgoingRequest.js"
import { RateLimiter } from "./RateLimiter.js"
import * as Reliability from "./Reliability.js"
import { RetryBudget } from "./RetryBudget.js"
import * as Workload from "./Workload.js"

export type { RequestHedge } from "./internal/hedge/model.js"
export type { BreakerUse } from "./internal/circuitBreaker/breakerService.js"
export type { RequestUse } from "./internal/rateLimiter/requestUse.js"

// -------------------------------------------------------------------------------------------------
// Model
// -------------------------------------------------------------------------------------------------

/**
 * An `HttpClient` that fails with `ApiError` only.
 *
 * @since 0.1.0
 * @category model
 */
export interface ReliableHttpClient<R = never> extends HttpClient.HttpClient.With<ApiError, R> {}

/**
 * Options of `make`, `transform` and `layer`. Budget and observers are those of `Reliability.make`.
 *
 * @since 0.1.0
 * @category model
 */
export interface Options<R = never> extends Omit<
  Reliability.Options<R>,
  "workload" | "about" | "idempotency" | "limiter" | "breaker" | "hedge" | "cost"
> {
  /** Returns attributes of a request for observers. Host and method are always included. @default nothing */
  readonly about?: ((request: HttpClientRequest.HttpClientRequest) => Reliability.About) | undefined
  /** The workload of calls without a `Workload.within` or `Reliability.protect` around them. @default `Workload.interactive` */
  readonly workload?: Workload.Workload | undefined
  /**
   * The idempotency of requests: whether a request may be repeated once the server may have executed it. It is a value for all
   * requests, or a function of the request. The first of these that is given decides: `withIdempotency` around the call, a
   * function given here, an `Idempotency-Key` header of the request (`keyed`), a value given here, the method. Workloads and
   * policies around the call do not change it.
   * @default "safe" for GET, HEAD, PUT, DELETE and OPTIONS, "never" for POST, PATCH and other methods
   */
  readonly idempotency?:
    | Reliability.Idempotency
    | ((request: HttpClientRequest.HttpClientRequest) => Reliability.Idempotency)
    | undefined
  /** The dialect of the provider: its table of statuses and error codes. @default `Dialect.generic` */
  readonly dialect?: Dialect.Dialect | undefined
  /** The place where the model of a request runs, which decides the meaning of a 429. @default unknown */
  readonly target?:
    | Dialect.Target
    | ((request: HttpClientRequest.HttpClientRequest) => Dialect.Target | undefined)
    | undefined
  /**
   * Returns the estimated tokens of a request, for a limiter, for a budget with costs and for `Accounting`. @default the `cost` of the
   * limiter's `RequestUse`; without one, for requests that name a model, its default
   */
  readonly cost?: RequestUse["cost"]
  /**
   * The rate limiter that admits each attempt of each request. It learns from statuses, server hints, the headers that the dialect
   * reads, and the `usage` of JSON bodies. Its key and the cost are read from the request as this client receives it. @default none
   */
  readonly limiter?: RateLimiter | RequestUse | undefined
  /**
   * The circuit breaker that admits each attempt of each request. A response is a success with its body, and that of an event stream
   * with its headers. The key is read from the request as this client receives it. @default none
   */
  readonly breaker?: CircuitBreaker | BreakerUse | undefined
  /**
   * The hedge that starts a second copy of a slow request, with attempts of its own and the same deadline. Only requests that are
   * `safe` are hedged, and none whose body is a stream that can be read only once. It has no effect on `EventStream.open`, see
   * `Hedge.hedgeStream`. @default none
   */
  readonly hedge?: HedgeService | RequestHedge | undefined
  /**
   * The maximum size of a response in bytes. A larger one fails with `AnswerTooLarge`. Event streams have no limit. @default 64
   * MiB
   */
  readonly maxBody?: number | undefined
  /**
   * The maximum size of a successful response with a JSON `content-type`, in bytes. A larger one fails with `AnswerTooLarge`
   * and is not parsed, because no timeout can interrupt a parser. Below the limit, parsing still blocks the event loop as long
   * as it takes. A megabyte of deeply nested arrays takes about thirty times as long as one of numbers. A body of another type
   * is not parsed by the call: its limit is `maxBody`, and `response.json` parses it on demand. @default 8 MiB
   */
  readonly maxJson?: number | undefined
  /** The header with the id of a call, the same on each attempt. The caller's own id is kept. @default "x-request-id" */
  readonly requestIdHeader?: string | undefined
  /** If true, requests carry the current span in the headers `traceparent` and `b3`. @default false */
  readonly propagateTrace?: boolean | undefined
}

// -------------------------------------------------------------------------------------------------
// Bodies
// -------------------------------------------------------------------------------------------------

/**
 * Declares that the body stream of a request can be read again from its beginning for another attempt.
 *
 * A body that is a value is always sent again unchanged. A body that is a stream is never copied. Once its first bytes were
 * requested, the call is not repeated, unless the stream was declared replayable. `fetch` requests these bytes before it
 * connects.
 *
 * @example
 * ```ts
 * import { HttpClientRequest } from "@effect/platform"
 * import { Stream } from "effect"
 * import { ReliableHttpClient } from "effect-reliability"
 *
 * const lines = Stream.make(`{"n":1}\n`, `{"n":2}\n`).pipe(Stream.encodeText)
 *
 * const upload = HttpClientRequest.post("https://api.example.com/v1/files").pipe(
 *   HttpClientRequest.bodyStream(lines),
 *   ReliableHttpClient.replayable
 * )
 * console.log(upload.body._tag) // Stream
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const replayable = (request: HttpClientRequest.HttpClientRequest): HttpClientRequest.HttpClientRequest => {
  replayables.add(request.body)
  return request
}

// -------------------------------------------------------------------------------------------------
// Idempotency
// -------------------------------------------------------------------------------------------------

/**
 * Declares whether the requests of an effect may be repeated once the server may have executed them.
 *
 * It applies to the calls of reliable clients and of `EventStream.open`, and takes precedence over their option `idempotency`.
 * Apply it to a single call: around a whole program, it applies to every request of the program. For a call of `Fireworks`, it
 * can only make the idempotency stricter.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Effect } from "effect"
 * import { ReliableHttpClient, Retry, Workload } from "effect-reliability"
 * import { Fault, ScriptedClient } from "effect-reliability/testing"
 *
 * const program = Effect.gen(function* () {
 *   const server = yield* ScriptedClient.make([Fault.answer(500)])
 *   const client = ReliableHttpClient.make(server, {
 *     workload: Workload.with(Workload.interactive, { retry: Retry.make({ base: "1 millis" }) })
 *   })
 *   const search = client.post("https://api.example.com/v1/search")
 *   return yield* search.pipe(ReliableHttpClient.withIdempotency("safe"))
 * })
 *
 * const { status } = await Effect.runPromise(program)
 * assert.strictEqual(status, 200)
 * ```
 *
 * @since 0.2.0
 * @category combinators
 */
export const withIdempotency: {
  (idempotency: Reliability.Idempotency): <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  <A, E, R>(effect: Effect.Effect<A, E, R>, idempotency: Reliability.Idempotency): Effect.Effect<A, E, R>
} = /*#__PURE__*/ dual(2, <A, E, R>(effect: Effect.Effect<A, E, R>, idempotency: Reliability.Idempotency) =>
  Effect.locally(effect, declaredIdempotency, checkIdempotency("ReliableHttpClient.withIdempotency", idempotency))
)

// -------------------------------------------------------------------------------------------------
// Private: options
// -------------------------------------------------------------------------------------------------

type Request = HttpClientRequest.HttpClientRequest
type Response = HttpClientResponse.HttpClientResponse
type AnyFiber = Fiber.RuntimeFiber<unknown, unknown>
type AnswerContext = Classify.Context & { readonly now: number }

interface Checked<R> {
  readonly about: Options["about"]
  readonly policyOf: (request: Request, fiber: AnyFiber) => Reliability.Policy<R>
  readonly contextOf: (outgoing: OutgoingRequest, fiber: AnyFiber) => AnswerContext
  readonly bounds: Bounds
  readonly requestIdHeader: string
  readonly propagateTrace: boolean
  readonly gates: CheckedGates
  readonly hedge: RequestHedge | undefined
}

const checked = <R>(owner: string, options: Options<R>): Checked<R> => {
  const { idempotency, target } = options
  if (idempotency !== undefined && typeof idempotency !== "function") checkIdempotency(owner, idempotency)
  if (typeof target === "string") oneOf(owner, "target", target, ["serverless", "dedicated"])
  const requestIdHeader = idHeader(owner, options.requestIdHeader)

  const fallback = options.workload ?? Workload.interactive
  const observed = Reliability.make({
    ...options,
    about: undefined,
    idempotency: undefined,
    limiter: undefined,
    breaker: undefined,
    hedge: undefined,
    cost: undefined,
    workload: fallback
  })
  const policies = new WeakMap<Workload.Workload, Map<Reliability.Idempotency, Reliability.Policy<R>>>()

  const policyOf = (request: Request, fiber: AnyFiber): Reliability.Policy<R> => {
    const workload = fiber.getFiberRef(currentCall)?.workload ?? fallback
    const allowed = idempotencyOf(request, fiber, idempotency)
    const known = policies.get(workload)?.get(allowed)
    if (known !== undefined) return known
    const policy = { ...observed, workload, idempotency: checkIdempotency(owner, allowed) }
    policies.set(workload, new Map([...(policies.get(workload) ?? []), [allowed, policy]]))
    return policy
  }

  return {
    about: options.about,
    policyOf,
    contextOf: ({ context, request }, fiber) => ({
      dialect: context?.dialect ?? options.dialect,
      target: context?.target ?? (typeof target === "function" ? target(request) : target),
      method: request.method,
      url: request.url,
      now: clockOf(fiber).unsafeCurrentTimeMillis()
    }),
    bounds: {
      body: number(owner, "maxBody", options.maxBody ?? 64 * 2 ** 20, { min: 1, integer: true }),
      json: number(owner, "maxJson", options.maxJson ?? 8 * 2 ** 20, { min: 1, integer: true }),
      kept: 64 * 1024,
      drained: 2 ** 20,
      draining: 250
    },
    requestIdHeader,
    propagateTrace: options.propagateTrace ?? false,
    gates: checkGates(owner, options),
    hedge: toRequestHedge(options.hedge)
  }
}

// -------------------------------------------------------------------------------------------------
// Private: what is answered
// -------------------------------------------------------------------------------------------------

/** Tests whether a response is a success whose body is valid JSON, if it claims to be JSON. */
const isSound = (answer: BufferedResponse): boolean => {
  if (!isSuccess(answer.status)) return false
  if (!isJson(answer.head.contentType)) return true
  try {
    answer.parse()
    return true
  } catch {
    // the message of the parser quotes the response
    return false
  }
}

const toApiError = (answer: BufferedResponse, context: AnswerContext): ApiError => {
  const { head, headers, status } = answer
  // the content of a successful response must not appear in errors or logs
  const body = isSuccess(status) ? undefined : answer.readText()
  return Classify.answer({ ...context, status, headers, body, sender: head.sender })
}

const answerTooLarge = ({ detail, status }: TooLarge, { method, url = "" }: AnswerContext): ApiError =>
  unsafeMake(
    { class: "Fatal", reason: "AnswerTooLarge" },
    { delivery: "Partial", status, detail, method, url: redactUrl(url) }
  )

/** Tests whether a filter of the underlying client (`filterStatusOk`) failed a response whose body is not read yet. */
const wasFiltered = (cause: unknown): cause is HttpClientError.ResponseError =>
  HttpClientError.isHttpClientError(cause) &&
  cause._tag === "ResponseError" &&
  cause.reason === "StatusCode" &&
  !isApiError(cause.cause)

// -------------------------------------------------------------------------------------------------
// Private: one call
// -------------------------------------------------------------------------------------------------

type OnAnswer = ((answer: BaseResponse) => void) | undefined

class Caller<E, R, R2> {
  readonly options: Checked<R2>
  readonly client: HttpClient.HttpClient.With<E, R>
  /** The client as it was given, if it is one of this package's transports. */
  readonly transport: HttpClient.HttpClient.With<E, R> | undefined

  constructor(owner: string, client: HttpClient.HttpClient.With<E, R>, options: Options<R2>) {
    this.options = checked(owner, options)
    this.transport = isTransport(client) ? client : undefined
    this.client = HttpClient.withTracerPropagation(client, this.options.propagateTrace)
  }

  /** Makes a call with all its attempts. `onAnswer` receives each response that is an error. */
  call(request: Request, onAnswer?: OnAnswer): Effect.Effect<Response, ApiError, R | R2> {
    return Effect.flatMap(withRequestId(request, this.options.requestIdHeader), (identified) => {
      const copy = Effect.withFiberRuntime<Response, ApiError, R | R2>((fiber) => {
        const attempts = this.attempts(identified, fiber, onAnswer)
        // what was declared of this request does not hold for requests that are sent on its way, such as one for a token
        return fiber.getFiberRef(declaredIdempotency) === undefined
          ? attempts
          : Effect.locally(attempts, declaredIdempotency, undefined)
      })
      const { gates, hedge, policyOf } = this.options
      if (hedge === undefined) return copy
      return Effect.withFiberRuntime((fiber) => {
        // a single attempt belongs to a call that another module makes
        if (isSingle(fiber.getFiberRef(singleTry), identified)) return copy
        const useOf = () => gatesFor(gates, identified, aboutOf(this.options, identified)?.model).limiter
        return hedgedRequest(copy, hedge, { request: identified, policy: policyOf(identified, fiber), useOf })
      })
    })
  }

  attempts(request: Request, fiber: AnyFiber, onAnswer: OnAnswer): Effect.Effect<Response, ApiError, R | R2> {
    const exchanging = this.transport && exchangeOf(this.transport, request)
    const policy = this.options.policyOf(request, fiber)
    const owned = fiber.getFiberRef(singleTry)
    const single = isSingle(owned, request)
    const sending = new OutgoingRequest(request)
    if (single) {
      sending.about = owned.about
      sending.context = owned.context
    }
    const observed = single ? policy : this.policyFor(policy, request, sending, fiber)

    if (exchanging !== undefined) {
      const attempt = (limits: Reliability.Attempt) =>
        this.exchanged(exchanging, request, sending, fiber, onAnswer, limits)
      // the owner of the retries asked its rate limiter
      if (!single) return Reliability.leaf(observed, attempt)
      const call = fiber.getFiberRef(currentCall)
      const onCancel = call && ((delivery: Delivery) => void (call.cancelled = delivery))
      const { workload } = policy
      return attempt({ attempt: 1, workload, millis: Infinity, phase: "attempt", pass: call?.pass, onCancel })
    }
    let attempts = 0
    const attempt = Effect.withFiberRuntime<Response, ApiError, R>((inner) => {
      attempts++
      sending.pass = inner.getFiberRef(currentCall)?.pass
      return sending.guard(attempts, this.executed(request, sending, inner, onAnswer))
    })
    return single ? attempt : Reliability.protect(attempt, observed)
  }

  /** Returns the policy with its parts that depend on the request: attributes for observers, limiter, breaker and cost. */
  policyFor(
    policy: Reliability.Policy<R2>,
    request: Request,
    sending: OutgoingRequest,
    fiber: AnyFiber
  ): Reliability.Policy<R2> {
    const { gates } = this.options
    const observed = isObserved(fiber, policy.record)
    if (!observed && !hasGates(gates) && !hasCosts(policy.budget, fiber)) return policy
    const given = aboutOf(this.options, request)
    if (observed) sending.about = { host: hostOf(request.url), method: methodOf(request), ...given }
    return { ...policy, about: sending.about, ...gatesFor(gates, request, given?.model) }
  }

  judge(
    answer: BufferedResponse,
    sending: OutgoingRequest,
    fiber: AnyFiber,
    onAnswer: OnAnswer
  ): Effect.Effect<Response, ApiError> {
    if (sending.about !== undefined) sending.about.status = answer.status
    const { bounds, contextOf } = this.options
    const { body, head, status } = answer
    const { pass } = sending
    if (pass !== undefined) {
      const { dialect = Dialect.generic, now } = contextOf(sending, fiber)
      pass.note(Dialect.limits(dialect, answer.headers, now))
    }
    if (isSuccess(status) && isJson(head.contentType) && body.isLongerThan(bounds.json)) {
      return Effect.fail(answerTooLarge(new TooLarge(status, bounds, true), contextOf(sending, fiber)))
    }
    if (isSound(answer)) {
      pass?.use(usageOf(answer.parsed))
      if (sending.about !== undefined) sending.about.response = modelResponseOf(answer.parsed)
      return Effect.succeed(answer)
    }
    onAnswer?.(answer)
    return Effect.fail(toApiError(answer, contextOf(sending, fiber)))
  }

  trace(fiber: AnyFiber): Tracer.AnySpan | undefined {
    return this.options.propagateTrace ? fiber.currentSpan : undefined
  }

  /** Makes an attempt over a transport of this package, which applies the timeouts itself. */
  exchanged(
    { exchange, mapped }: Exchanging<E, R>,
    request: Request,
    sending: OutgoingRequest,
    fiber: AnyFiber,
    onAnswer: OnAnswer,
    { attempt, millis, onCancel, pass, phase, workload }: Reliability.Attempt
  ): Effect.Effect<Response, ApiError, R> {
    const { bounds, contextOf } = this.options
    sending.pass = pass
    const send = (complete: Request, left: number): Effect.Effect<Response, ApiError> => {
      const sent = sending.prepare(complete, this.trace(fiber), undefined)
      const answered = Effect.flatMap(exchange(sent, { workload, millis: left, phase, bounds, onCancel }), (answer) =>
        answer instanceof BufferedResponse ? this.judge(answer, sending, fiber, onAnswer) : Effect.succeed(answer)
      )
      return sending.streamed ? sending.guard(attempt, answered) : answered
    }
    // nothing was mapped: the effect has its value, and takes no time
    const known = Exit.isExit(mapped) ? (mapped as Exit.Exit<Request, E>) : undefined
    if (known?._tag === "Success") return send(known.value, millis)

    const clock = clockOf(fiber)
    const since = monotonic(clock)
    const outOfTime = (settled: boolean): ApiError =>
      unsafeMake(
        { class: "Transient", reason: "Timeout" },
        { delivery: "NotSent", phase, method: request.method, attempts: settled ? attempt : 0 }
      )
    return limitedTo(mapped, { millis, error: outOfTime }).pipe(
      Effect.mapError((cause) => Classify.exception(cause, { ...contextOf(sending, fiber), delivery: "NotSent" })),
      Effect.flatMap((complete) => send(complete, Math.max(1, millis - (monotonic(clock) - since))))
    )
  }

  /** Makes an attempt over any other client. */
  executed(
    request: Request,
    sending: OutgoingRequest,
    fiber: AnyFiber,
    onAnswer: OnAnswer
  ): Effect.Effect<Response, ApiError, R> {
    const { bounds, contextOf } = this.options
    const context = () => contextOf(sending, fiber)
    // what was mapped onto the client comes before
    const client = HttpClient.mapRequestEffect(this.client, (mapped): Effect.Effect<Request, ApiError> => {
      const fault = check(mapped)
      if (!(fault instanceof Unsendable)) {
        return Effect.succeed(sending.prepare(mapped, this.trace(fiber), fiber.getFiberRef(currentCall)))
      }
      const { detail } = fault
      return Effect.fail(
        unsafeMake(
          { class: "Fatal", reason: "InvalidRequest" },
          { delivery: "NotSent", detail, method: methodOf(mapped) }
        )
      )
    })
    const read = (response: Response): Effect.Effect<Response, unknown> => {
      const { headers, status } = response
      const success = isSuccess(status)
      return success && isEventStream(headers["content-type"])
        ? Effect.succeed(response)
        : Effect.flatMap(readWithin(response, bounds, success, headers), (answer) =>
            this.judge(answer, sending, fiber, onAnswer)
          )
    }
    const answered = Effect.matchEffect(client.execute(request), {
      onFailure: (cause) => (wasFiltered(cause) ? Effect.flatMap(refused(cause, bounds), read) : Effect.fail(cause)),
      onSuccess: read
    })
    return Effect.mapError(answered, (cause) =>
      cause instanceof TooLarge ? answerTooLarge(cause, context()) : Classify.exception(cause, context())
    )
  }
}

// -------------------------------------------------------------------------------------------------
// make
// -------------------------------------------------------------------------------------------------

/**
 * Makes each call of a client reliable: with the workload's time limits and retries, and with responses that are read and
 * classified within the attempt.
 *
 * Functions that are mapped onto the returned client (`HttpClient.mapRequest` and the like) run once per call. Those that were
 * mapped onto the given client run in each attempt. All errors are `ApiError`s, whatever the errors of the given client are.
 *
 * If observers require services, use the form with the client as the first argument.
 *
 * @example
 * ```ts
 * import { FetchHttpClient, HttpClient, HttpClientRequest } from "@effect/platform"
 * import { Effect } from "effect"
 * import { Dialect, ReliableHttpClient, Workload } from "effect-reliability"
 *
 * const program = Effect.gen(function* () {
 *   const client = (yield* HttpClient.HttpClient).pipe(
 *     ReliableHttpClient.make({
 *       workload: Workload.with(Workload.interactive, { deadline: "100 millis" }),
 *       dialect: Dialect.fireworks
 *     }),
 *     HttpClient.mapRequest(HttpClientRequest.prependUrl("http://127.0.0.1:4"))
 *   )
 *
 *   const models = client.get("/v1/models").pipe(Effect.flatMap((response) => response.json))
 *   return yield* Effect.catchTag(models, "Transient", (error) => Effect.succeed(error.reason))
 * })
 *
 * console.log(await Effect.runPromise(program.pipe(Effect.provide(FetchHttpClient.layer)))) // Connect
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: {
  (options?: Options): <E, R>(client: HttpClient.HttpClient.With<E, R>) => ReliableHttpClient<R>
  <E, R, R2 = never>(client: HttpClient.HttpClient.With<E, R>, options?: Options<R2>): ReliableHttpClient<R | R2>
} = /*#__PURE__*/ dual(
  (args) => Predicate.hasProperty(args[0], HttpClient.TypeId),
  <E, R, R2>(client: HttpClient.HttpClient.With<E, R>, options: Options<R2> = {}): ReliableHttpClient<R | R2> => {
    const caller = new Caller("ReliableHttpClient.make", client, options)
    return HttpClient.makeWith<never, never, ApiError, R | R2>(
      (mapped) =>
        withParts(
          Effect.flatMap(mapped, (request) => caller.call(request)),
          { options, mapped }
        ),
      Effect.succeed
    )
  }
)

/**
 * Makes a client reliable like `make`, for packages that require an `HttpClient` with its original error type.
 *
 * The client fails with the errors of `@effect/platform`, whose `cause` is the `ApiError`. `Classify.mapError` finds it there.
 * The request in these errors is reduced to its method and its URL without secrets, so that it can be logged.
 *
 * @example
 * ```ts
 * import { FetchHttpClient, HttpClient } from "@effect/platform"
 * import { Effect } from "effect"
 * import { Classify, ReliableHttpClient, Workload } from "effect-reliability"
 *
 * const impatient = Workload.with(Workload.interactive, { deadline: "100 millis" })
 *
 * // such as `transformClient` of `@effect/ai-openai`
 * const transformClient = ReliableHttpClient.transform({ workload: impatient })
 *
 * const program = Effect.flatMap(HttpClient.HttpClient, (client) =>
 *   transformClient(client).get("http://127.0.0.1:4/").pipe(Classify.mapError())
 * )
 *
 * const error = await Effect.runPromise(program.pipe(Effect.flip, Effect.provide(FetchHttpClient.layer)))
 * console.log(error.reason) // Connect
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const transform = <R = never>(options: Options<R> = {}) => {
  const owner = "ReliableHttpClient.transform"
  // refuses bad options here, and not where the client is used
  checked(owner, options)
  return (client: HttpClient.HttpClient): HttpClient.HttpClient.With<HttpClientError.HttpClientError, R> => {
    const caller = new Caller(owner, client, options)
    return HttpClient.makeWith<never, never, HttpClientError.HttpClientError, R>(
      Effect.flatMap((request) =>
        Effect.suspend(() => {
          let last: BaseResponse | undefined
          return Effect.mapError(
            caller.call(request, (answer) => (last = answer)),
            (cause) => toHttpClientError(request, last, cause)
          )
        })
      ),
      Effect.succeed
    )
  }
}

// -------------------------------------------------------------------------------------------------
// layer
// -------------------------------------------------------------------------------------------------

/**
 * The reliable client of an application, as a service.
 *
 * @since 0.1.0
 * @category layers
 */
export const ReliableHttpClient: Context.Tag<ReliableHttpClient, ReliableHttpClient> =
  /*#__PURE__*/ Context.GenericTag<ReliableHttpClient>("effect-reliability/ReliableHttpClient")

/**
 * Provides a reliable client over the application's `HttpClient`. The services that observers require are taken from the
 * context of the layer. So are a `RetryBudget`, a `RateLimiter` and a `CircuitBreaker`, if they are there and the options `budget`,
 * `limiter` and `breaker` are not set.
 *
 * @example
 * ```ts
 * import { FetchHttpClient } from "@effect/platform"
 * import { Effect, Layer } from "effect"
 * import { ReliableHttpClient, Workload } from "effect-reliability"
 *
 * const impatient = Workload.with(Workload.interactive, { deadline: "100 millis" })
 * const Client = ReliableHttpClient.layer({ workload: impatient }).pipe(Layer.provide(FetchHttpClient.layer))
 *
 * const program = Effect.flatMap(ReliableHttpClient.ReliableHttpClient, (client) => client.get("http://127.0.0.1:4/"))
 *
 * const error = await Effect.runPromise(program.pipe(Effect.flip, Effect.provide(Client)))
 * console.log(error._tag) // Transient
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = <R = never>(
  options: Options<R> = {}
): Layer.Layer<ReliableHttpClient, never, HttpClient.HttpClient | R> => {
  checked("ReliableHttpClient.layer", options)
  return Layer.effect(
    ReliableHttpClient,
    Effect.zipWith(HttpClient.HttpClient, Effect.context<R>(), (client, context) =>
      make(client, {
        ...options,
        budget: options.budget ?? Option.getOrUndefined(Context.getOption(context, RetryBudget)),
        limiter: options.limiter ?? Option.getOrUndefined(Context.getOption(context, RateLimiter)),
        breaker: options.breaker ?? Option.getOrUndefined(Context.getOption(context, CircuitBreaker)),
        ...withContext(options, context)
      })
    )
  )
}
