/**
 * An `HttpClient` whose calls succeed, or fail with an `ApiError` that says why.
 *
 * A client by itself leaves the hard part to each call: an answer of 503 is a success to it, a body that breaks off fails
 * outside of the retries, an unread one keeps its socket, and a request that is sent again looks like another one to the
 * provider. Here an answer that is no success is an error, the body is read within the try, within bounds, and all tries of
 * a call carry one id.
 *
 * How sure `delivery` and `phase` are depends on the transport:
 *
 * | transport                           | `NotSent` is said                         | phases told apart                               |
 * | ----------------------------------- | ----------------------------------------- | ----------------------------------------------- |
 * | `Transport` (`…/node`)              | whenever no byte left                     | `pool` `connect` `write` `read` `attempt`       |
 * | `Transport` over another dispatcher | whenever nothing began to be written      | `pool` (with connecting) `write` `read` `attempt` |
 * | `NodeHttpClient.layerUndici`        | of failed connects, lookups, certificates | `connect` (10 s of undici's own) `attempt`      |
 * | `NodeHttpClient.layer`              | of failed connects, lookups, certificates | `attempt`                                       |
 * | `FetchHttpClient.layer` on Node     | of failed connects, lookups, certificates | `connect` (10 s of undici's own) `attempt`      |
 * | `FetchHttpClient.layer` in browsers | never: browsers do not tell               | `attempt`                                       |
 *
 * @since 0.1.0
 */
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as HttpTraceContext from "@effect/platform/HttpTraceContext"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Random from "effect/Random"
import * as Stream from "effect/Stream"
import { type ApiError, settle, unsafeMake } from "./ApiError.js"
import * as Classify from "./Classify.js"
import type * as Dialect from "./Dialect.js"
import { type Answer, bodyOf, ReadAnswer } from "./internal/answer.js"
import { currentCall } from "./internal/call.js"
import { type Bounds, type Exchange, exchangeOf, isEventStream, singleTry } from "./internal/exchange.js"
import { number, oneOf, refuse } from "./internal/options.js"
import { check, isStreamed, Unsendable } from "./internal/request.js"
import { clockOf } from "./internal/time.js"
import * as Reliability from "./Reliability.js"
import * as Workload from "./Workload.js"

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
 * What `make` takes. Budget and observers are those of `Reliability.make`.
 *
 * @since 0.1.0
 * @category model
 */
export interface Options<R = never> extends Omit<Reliability.Options<R>, "workload"> {
  /**
   * The limits and retries of calls that no `Workload.within` or `Reliability.protect` around them says more of.
   * @default `Workload.interactive`, with what POST and PATCH send repeated only if nothing was sent
   */
  readonly workload?: Workload.Workload | undefined
  /**
   * Whether a request may be repeated that may have been carried out.
   * @default "safe" for GET, HEAD, PUT, DELETE and OPTIONS, for others what the workload says
   */
  readonly idempotency?:
    | Workload.Idempotency
    | ((request: HttpClientRequest.HttpClientRequest) => Workload.Idempotency)
    | undefined
  /** What the provider means by its answers. @default `Dialect.generic` */
  readonly dialect?: Dialect.Dialect | undefined
  /** Where the model of a request runs, which decides what a 429 means. @default unknown */
  readonly target?:
    | Dialect.Target
    | ((request: HttpClientRequest.HttpClientRequest) => Dialect.Target | undefined)
    | undefined
  /** The most bytes of an answer; a longer one is `AnswerTooLarge`. Event streams have no bound. @default 64 MiB */
  readonly maxBody?: number | undefined
  /** The header that carries the id of a call, the same on each try; the caller's own is kept. @default "x-request-id" */
  readonly requestIdHeader?: string | undefined
  /** Whether the server is told of the current span (`traceparent`, `b3`). @default false */
  readonly propagateTrace?: boolean | undefined
}

// -------------------------------------------------------------------------------------------------
// Bodies
// -------------------------------------------------------------------------------------------------

const replayables = new WeakSet<HttpBody.HttpBody>()

/**
 * Declares that the stream that a request sends may be read again, from its beginning, for another try.
 *
 * A body that is a value is always sent again as it was. One that is a stream is never copied: once its first bytes were
 * asked for, the call is not repeated, unless this was said.
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
// Private: options
// -------------------------------------------------------------------------------------------------

type Request = HttpClientRequest.HttpClientRequest
type Response = HttpClientResponse.HttpClientResponse
type AnyFiber = Fiber.RuntimeFiber<unknown, unknown>

const idempotencies = ["safe", "keyed", "never"] as const

const safeMethods: ReadonlySet<string> = new Set(["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])

const headerName = /^[!#$%&'*+.^_`|~\da-z-]+$/

interface Checked<R> {
  readonly policyOf: (request: Request, fiber: AnyFiber) => Reliability.Policy<R>
  readonly contextOf: (request: Request, fiber: AnyFiber) => Classify.Context & { readonly now: number }
  readonly bounds: Bounds
  readonly requestIdHeader: string
  readonly propagateTrace: boolean
}

const checked = <R>(owner: string, options: Options<R>): Checked<R> => {
  const { idempotency, target } = options
  if (typeof idempotency === "string") oneOf(owner, "idempotency", idempotency, idempotencies)
  if (typeof target === "string") oneOf(owner, "target", target, ["serverless", "dedicated"])
  const requestIdHeader = (options.requestIdHeader ?? "x-request-id").toLowerCase()
  if (!headerName.test(requestIdHeader)) refuse(owner, "requestIdHeader", requestIdHeader, "the name of a header")

  const fallback = options.workload ?? Workload.with(Workload.interactive, { idempotency: "never" })
  const observed = Reliability.make({ ...options, workload: fallback })
  const policies = new WeakMap<Workload.Workload, Map<Workload.Idempotency, Reliability.Policy<R>>>()

  const policyOf = (request: Request, fiber: AnyFiber): Reliability.Policy<R> => {
    const workload = fiber.getFiberRef(currentCall)?.workload ?? fallback
    const allowed =
      typeof idempotency === "function"
        ? idempotency(request)
        : (idempotency ?? (safeMethods.has(request.method) ? "safe" : workload.idempotency))
    const known = policies.get(workload)?.get(allowed)
    if (known !== undefined) return known
    const policy = { ...observed, workload: { ...workload, idempotency: allowed } }
    policies.set(workload, new Map([...(policies.get(workload) ?? []), [allowed, policy]]))
    return policy
  }

  return {
    policyOf,
    contextOf: (request, fiber) => ({
      dialect: options.dialect,
      target: typeof target === "function" ? target(request) : target,
      method: request.method,
      url: request.url,
      now: clockOf(fiber).unsafeCurrentTimeMillis()
    }),
    bounds: {
      body: number(owner, "maxBody", options.maxBody ?? 64 * 2 ** 20, { min: 1, integer: true }),
      kept: 64 * 1024,
      drained: 2 ** 20,
      draining: 250
    },
    requestIdHeader,
    propagateTrace: options.propagateTrace ?? false
  }
}

// -------------------------------------------------------------------------------------------------
// Private: one try
// -------------------------------------------------------------------------------------------------

const isSuccess = (status: number): boolean => status >= 200 && status < 300

const isJson = (contentType: string | undefined): boolean =>
  contentType !== undefined && /^application\/(?:[\w.+-]+\+)?json\b/i.test(contentType)

const noBody = (request: Request, status: number): boolean => request.method === "HEAD" || status === 204

/** An answer as the caller gets it, or the error that it is. */
const judge = (
  answer: ReadAnswer,
  context: () => Classify.Context & { readonly now: number }
): Effect.Effect<Response, ApiError> => {
  const { request, status } = answer
  if (isSuccess(status)) {
    if (noBody(request, status) || !isJson(answer.head.contentType)) return Effect.succeed(answer)
    try {
      answer.parse()
      return Effect.succeed(answer)
    } catch {
      // the parser's message quotes the answer
    }
  }
  return Effect.fail(Classify.answer({ ...context(), status, headers: answer.headers, body: answer.readText() }))
}

/** Reads the body of any client's answer, within bounds. */
const read = (
  response: Response,
  bounds: Bounds
): Effect.Effect<ReadAnswer, ApiError | HttpClientError.ResponseError> => {
  const success = isSuccess(response.status)
  const [kept, most] = success ? [bounds.body, bounds.body] : [bounds.kept, bounds.drained]
  const chunks: Array<Uint8Array> = []
  let size = 0
  const all = Stream.runForEachWhile(response.stream, (chunk) =>
    Effect.sync(() => {
      if (size < kept) chunks.push(chunk.subarray(0, kept - size))
      size += chunk.length
      return size <= most
    })
  ).pipe(
    Effect.catchIf(
      (error) => error.reason === "EmptyBody",
      () => Effect.void
    )
  )
  // how much of a failure's body there is does not matter, nor whether it breaks off
  const reading = success ? all : Effect.ignore(Effect.timeoutOption(all, bounds.draining))
  return Effect.flatMap(reading, () => {
    if (success && size > most) {
      const detail = `the limit is ${most} bytes`
      return Effect.fail(
        unsafeMake(
          { class: "Fatal", reason: "AnswerTooLarge" },
          { delivery: "Partial", status: response.status, detail }
        )
      )
    }
    const { cookies, headers, remoteAddress, request, status } = response
    const head = {
      request,
      status,
      contentType: headers["content-type"],
      headers: () => headers,
      cookies: () => cookies,
      remoteAddress: remoteAddress._tag === "Some" ? remoteAddress.value : undefined
    }
    return Effect.succeed(new ReadAnswer(head, bodyOf(chunks)))
  })
}

/** The bytes of a body that is a stream, which tells when they were first asked for. */
const watched = (request: Request, onStart: () => void): Request =>
  request.body._tag === "Stream"
    ? HttpClientRequest.bodyStream(
        request,
        Stream.concat(Stream.execute(Effect.sync(onStart)), request.body.stream),
        request.body
      )
    : (onStart(), request)

const hexadecimal = (number: number): string =>
  Math.floor(number * 2 ** 52)
    .toString(16)
    .padStart(13, "0")

/** The id of a call, 104 bits by the `Random` service. */
const newId = (fiber: AnyFiber): Effect.Effect<string> => {
  const { next } = Context.get(fiber.currentDefaultServices, Random.Random)
  return Effect.zipWith(next, next, (a, b) => hexadecimal(a) + hexadecimal(b))
}

// -------------------------------------------------------------------------------------------------
// Private: one call
// -------------------------------------------------------------------------------------------------

/** One try of a request, with nothing around it. */
type Once<E, R> = (request: Request) => Effect.Effect<Response, E, R>

class Caller<E, R, R2> {
  readonly options: Checked<R2>
  readonly once: Once<E, R>
  readonly exchange: Exchange | undefined

  constructor(owner: string, client: HttpClient.HttpClient.With<E, R>, options: Options<R2>) {
    this.options = checked(owner, options)
    this.exchange = exchangeOf(client)
    this.once = this.options.propagateTrace ? client.execute : HttpClient.withTracerPropagation(client, false).execute
  }

  /** A call with all its tries; `onAnswer` sees each answer that is no success. */
  call(request: Request, onAnswer?: (answer: Answer) => void): Effect.Effect<Response, ApiError, R | R2> {
    return Effect.withFiberRuntime<Response, ApiError, R | R2>((fiber) => {
      const { requestIdHeader } = this.options
      return request.headers[requestIdHeader] === undefined
        ? Effect.flatMap(newId(fiber), (id) =>
            this.tries(HttpClientRequest.setHeader(request, requestIdHeader, id), fiber, onAnswer)
          )
        : this.tries(request, fiber, onAnswer)
    })
  }

  tries(
    request: Request,
    fiber: AnyFiber,
    onAnswer: ((answer: Answer) => void) | undefined
  ): Effect.Effect<Response, ApiError, R | R2> {
    const { bounds, contextOf, policyOf, propagateTrace } = this.options
    const { exchange } = this
    const policy = policyOf(request, fiber)
    const single = fiber.getFiberRef(singleTry)
    const spent = isStreamed(request.body) && !replayables.has(request.body) ? { started: false } : undefined
    const sent = spent === undefined ? request : watched(request, () => void (spent.started = true))

    const judged = (answer: ReadAnswer): Effect.Effect<Response, ApiError> => {
      if (!isSuccess(answer.status)) onAnswer?.(answer)
      return judge(answer, () => contextOf(request, fiber))
    }
    // a body that cannot be sent again ends the call, whatever its error says
    const final = <A, R3>(effect: Effect.Effect<A, ApiError, R3>, tries: number): Effect.Effect<A, ApiError, R3> =>
      spent === undefined
        ? effect
        : Effect.mapError(effect, (error) => (spent.started ? settle(error, error.attempts || tries) : error))

    if (exchange !== undefined) {
      const traced =
        propagateTrace && fiber.currentSpan?._tag === "Span"
          ? HttpClientRequest.setHeaders(sent, HttpTraceContext.toHeaders(fiber.currentSpan))
          : sent
      const attempt = ({ attempt, millis, phase, workload }: Reliability.Attempt) =>
        final(
          Effect.flatMap(exchange(traced, { workload, millis, phase, bounds }), (answer) =>
            answer instanceof ReadAnswer ? judged(answer) : Effect.succeed(answer)
          ),
          attempt
        )
      return single
        ? attempt({ attempt: 1, workload: policy.workload, millis: Infinity, phase: "attempt" })
        : Reliability.leaf(policy, attempt)
    }

    let tries = 0
    const attempt = Effect.suspend((): Effect.Effect<Response, ApiError, R> => {
      tries++
      const fault = check(request)
      if (fault instanceof Unsendable) {
        const { detail } = fault
        return Effect.fail(unsafeMake({ class: "Fatal", reason: "InvalidRequest" }, { delivery: "NotSent", detail }))
      }
      const answered = Effect.flatMap(this.once(sent), (response): Effect.Effect<Response, unknown> =>
        isSuccess(response.status) && isEventStream(response.headers["content-type"])
          ? Effect.succeed(response)
          : Effect.flatMap(read(response, bounds), judged)
      )
      return final(
        Effect.mapError(answered, (cause) => Classify.exception(cause, contextOf(request, fiber))),
        tries
      )
    })
    return single ? attempt : Reliability.protect(attempt, policy)
  }
}

// -------------------------------------------------------------------------------------------------
// make
// -------------------------------------------------------------------------------------------------

/**
 * Makes each call of a client reliable: the workload's limits and retries, answers read and judged within the try.
 *
 * What is mapped onto the client that it makes (`HttpClient.mapRequest`, …) happens once in a call; what was mapped onto the
 * client that it is given, in each try.
 *
 * @example
 * ```ts
 * import { FetchHttpClient, HttpClient, HttpClientRequest } from "@effect/platform"
 * import { Effect } from "effect"
 * import { Dialect, ReliableHttpClient, Workload } from "effect-reliability"
 *
 * const program = Effect.gen(function* () {
 *   const client = ReliableHttpClient.make(yield* HttpClient.HttpClient, {
 *     workload: Workload.with(Workload.interactive, { deadline: "100 millis" }),
 *     dialect: Dialect.fireworks
 *   }).pipe(HttpClient.mapRequest(HttpClientRequest.prependUrl("http://127.0.0.1:4")))
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
export const make = <E, R, R2 = never>(
  client: HttpClient.HttpClient.With<E, R>,
  options: Options<R2> = {}
): ReliableHttpClient<R | R2> => {
  const caller = new Caller("ReliableHttpClient.make", client, options)
  return HttpClient.makeWith<never, never, ApiError, R | R2>(
    Effect.flatMap((request) => caller.call(request)),
    Effect.succeed
  )
}

/**
 * The same for clients that are handed to other packages: what it makes fails with `@effect/platform`'s errors, of which the
 * `ApiError` is the cause. `Classify.exception` finds it there.
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
 *   transformClient(client).get("http://127.0.0.1:4/").pipe(Effect.mapError((error) => Classify.exception(error)))
 * )
 *
 * const error = await Effect.runPromise(program.pipe(Effect.flip, Effect.provide(FetchHttpClient.layer)))
 * console.log(error.reason) // Connect
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const transform = (options: Options = {}) => {
  const owner = "ReliableHttpClient.transform"
  // refuses bad options here, and not where the client is used
  checked(owner, options)
  return (client: HttpClient.HttpClient): HttpClient.HttpClient => {
    const caller = new Caller(owner, client, options)
    return HttpClient.makeWith<never, never, HttpClientError.HttpClientError, never>(
      Effect.flatMap((request) =>
        Effect.suspend(() => {
          let last: Answer | undefined
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

const toHttpClientError = (
  request: Request,
  last: Answer | undefined,
  cause: ApiError
): HttpClientError.HttpClientError => {
  if (last !== undefined && cause.status === last.status) {
    const reason = isSuccess(last.status) ? "Decode" : "StatusCode"
    return new HttpClientError.ResponseError({ request, response: last, reason, cause })
  }
  const reason = cause.reason === "InvalidRequest" ? "Encode" : "Transport"
  return new HttpClientError.RequestError({ request, reason, cause })
}

// -------------------------------------------------------------------------------------------------
// layer
// -------------------------------------------------------------------------------------------------

/**
 * The reliable client of an application.
 *
 * @since 0.1.0
 * @category layers
 */
export class Service extends Context.Tag("effect-reliability/ReliableHttpClient")<Service, ReliableHttpClient>() {}

/**
 * Provides a reliable client over the application's `HttpClient`.
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
 * const program = Effect.flatMap(ReliableHttpClient.Service, (client) => client.get("http://127.0.0.1:4/"))
 *
 * const error = await Effect.runPromise(program.pipe(Effect.flip, Effect.provide(Client)))
 * console.log(error._tag) // Transient
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options = {}): Layer.Layer<Service, never, HttpClient.HttpClient> => {
  checked("ReliableHttpClient.layer", options)
  return Layer.effect(
    Service,
    Effect.map(HttpClient.HttpClient, (client) => make(client, options))
  )
}
