/**
 * Sends the calls of the Fireworks modules: adds the API key and headers, applies the workload, and masks secrets in errors.
 *
 * @since 0.1.0
 */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import type * as Chunk from "effect/Chunk"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { ApiError } from "../../ApiError.js"
import * as Classify from "../../Classify.js"
import type { CircuitBreaker } from "../../CircuitBreaker.js"
import * as Dialect from "../../Dialect.js"
import * as EventStream from "../../EventStream.js"
import { unsafeMake } from "../../internal/apiError/unsafeMake.js"
import { currentCall } from "../../internal/call/context.js"
import { hasLogs } from "../../internal/call/notices.js"
import { isObserved } from "../../internal/call/observers.js"
import { fromException } from "../../internal/classify/fromException.js"
import { clockOf } from "../../internal/clock.js"
import { declaredIdempotency, idempotencyOfMethod } from "../../internal/http/idempotency.js"
import { hostOf } from "../../internal/http/request.js"
import { checkGates, gatesFor, gatesOfModel } from "../../internal/http/requestUses.js"
import { singleTry } from "../../internal/http/transportHook.js"
import { withRequestId } from "../../internal/randomId.js"
import { withoutAccount } from "../../internal/redact.js"
import { errorWithin, givenUpDetail, isErrorBody, isGivenUp } from "../../internal/sse/decoder.js"
import type { RateLimiter } from "../../RateLimiter.js"
import * as Reliability from "../../Reliability.js"
import * as ReliableHttpClient from "../../ReliableHttpClient.js"
import * as Workload from "../../Workload.js"
import { altered, type Confidential, withoutSecrets } from "./confidential.js"

type Request = HttpClientRequest.HttpClientRequest
type Response = HttpClientResponse.HttpClientResponse
type Pull<A> = Effect.Effect<Chunk.Chunk<A>, Option.Option<ApiError>>
type AnyFiber = Fiber.RuntimeFiber<unknown, unknown>

/** The budget, the rate limiter, the circuit breaker and the observers of calls. */
export interface Observers<R = never> extends Omit<
  Reliability.Options<R>,
  "workload" | "about" | "idempotency" | "limiter" | "breaker" | "hedge" | "cost"
> {
  /**
   * Returns the estimated tokens of a request, for a limiter, for a budget with costs and for `Accounting`. @default the `cost` of the
   * limiter's `RequestUse`; without one, for requests that name a model, its default
   */
  readonly cost?: ReliableHttpClient.RequestUse["cost"]
  /**
   * The rate limiter that admits each attempt of each call. Several clients may share one: its keys consist of the host, the model
   * and a digest of the API key. @default none
   */
  readonly limiter?: RateLimiter | ReliableHttpClient.RequestUse | undefined
  /**
   * The circuit breaker that admits each attempt of each call. Several clients may share one: its keys consist of the host, the
   * model and a digest of the API key. A stream is a success with its first event. @default none
   */
  readonly breaker?: CircuitBreaker | ReliableHttpClient.BreakerUse | undefined
}

/** The validated settings of a client. */
export interface Settings<R = never> extends Observers<R> {
  readonly apiKey: Redacted.Redacted
  readonly accountId: string | undefined
  /** The base URL without a trailing slash; inference is below `/inference/v1`. */
  readonly baseUrl: string
  /** The URL of the control plane without a trailing slash; the control plane is below `/v1`. */
  readonly controlUrl: string
  readonly workload: Workload.Workload
  readonly limitsPer: "minute" | "second"
}

/** A call to the API. */
export interface Call {
  readonly request: Request
  /** Returns the body as a value, so that its content can be masked in errors. */
  readonly body?: (() => unknown) | undefined
  readonly model?: string | undefined
  /** The name of the operation, for observers. */
  readonly operation?: string | undefined
  readonly target?: Dialect.Target | undefined
  /** The workload of the call. It takes precedence over that of the fiber and that of the client. */
  readonly workload?: Workload.Workload | undefined
  /** The idempotency of the call. @default according to the method of the request */
  readonly idempotency?: Reliability.Idempotency | undefined
  /** If true, retries are reported in debug logs. */
  readonly isLogged?: boolean | undefined
}

const perSecond = /*#__PURE__*/ Dialect.make({
  name: "fireworks",
  base: Dialect.fireworks,
  entries: [],
  limitsPer: "second"
})

/** Returns the error for a request that cannot be sent. `detail` must not contain values of the request. */
export const invalidRequest = (detail: string): ApiError =>
  unsafeMake({ class: "Fatal", reason: "InvalidRequest" }, { delivery: "NotSent", detail, attempts: 1 })

// --- Without patience ----------------------------------------------------------------------------

/** Returns advice for a deployment that is starting while the workload has no patience. */
const starting = ({ name }: Workload.Workload): string =>
  `Use a workload with patience, such as Workload.agentic: starting from zero replicas takes minutes, and the workload "${name}" has no patience. Or set minReplicaCount to at least 1.`

const isImpatient = (error: ApiError, { patience }: Workload.Workload): boolean =>
  error.reason === "ScalingUp" && patience === undefined && error.shouldRetry !== true

// --- Responses -------------------------------------------------------------------------------------

const contextOf = (response: Response, target: Dialect.Target | undefined, now: number) => {
  const { headers, request, status } = response
  return { dialect: Dialect.fireworks, target, status, headers, now, method: request.method, url: request.url }
}

const decodeResponse = <A, I>(
  schema: Schema.Schema<A, I>,
  response: Response,
  target: Dialect.Target | undefined
): Effect.Effect<A, ApiError> =>
  Effect.withFiberRuntime((fiber) => {
    const context = contextOf(response, target, clockOf(fiber).unsafeCurrentTimeMillis())
    const about = () => {
      const { method, requestId, url } = Classify.answer(context)
      return { delivery: "Acknowledged", status: response.status, method, requestId, url } as const
    }
    return Effect.flatMap(
      Effect.mapError(response.json, (cause) => Classify.exception(cause, context)),
      (json): Effect.Effect<A, ApiError> => {
        if (isErrorBody(json)) return Effect.fail(errorWithin(Classify.answer, { ...context, body: json }))
        if (isGivenUp(json)) {
          const fields = { ...about(), detail: givenUpDetail }
          return Effect.fail(unsafeMake({ class: "Transient", reason: "ServerError" }, fields))
        }
        return Effect.mapError(Schema.decodeUnknown(schema)(json), (cause) =>
          unsafeMake({ class: "Fatal", reason: "Decode" }, { ...about(), detail: fromException(cause).detail }, cause)
        )
      }
    )
  })

// --- The client ------------------------------------------------------------------------------------

/** Applies a function to each pull of a stream. */
const eachPull = <A>(stream: Stream.Stream<A, ApiError>, f: (pull: Pull<A>) => Pull<A>): Stream.Stream<A, ApiError> =>
  Stream.fromPull(Effect.map(Stream.toPull(stream), f))

// the spans of `@effect/platform` contain the URL and all response headers, which name accounts
const untraced = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> =>
  Effect.locally(effect, HttpClient.currentTracerDisabledWhen, () => true)

// `fetch` follows redirects, and sends x-api-key to the new host
const undiverted = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> =>
  Effect.flatMap(Effect.serviceOption(FetchHttpClient.RequestInit), (given) =>
    Effect.provideService(effect, FetchHttpClient.RequestInit, { ...Option.getOrUndefined(given), redirect: "manual" })
  )

const guarded = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> => undiverted(untraced(effect))

const accountsIn = (model: string | undefined): ReadonlyArray<string> =>
  [...(model ?? "").matchAll(/accounts\/([\w.-]+)/g)].flatMap(([, account]) =>
    account === undefined || account === "fireworks" ? [] : [account]
  )

/** Describes a call for observers, without account ids. The client completes the description. */
const aboutOf = ({ model, operation, request: { method, url } }: Call) => ({
  host: hostOf(url),
  method,
  model: model === undefined ? undefined : withoutAccount(model),
  operation,
  provider: "fireworks"
})

/**
 * Returns an observer that logs each retry, unless telemetry logs it. The fields of the log contain neither the URL nor text of the
 * server.
 */
const logging =
  (onRetry: Settings["onRetry"]): NonNullable<Settings["onRetry"]> =>
  (retrying) => {
    const next = Effect.suspend(() => onRetry?.(retrying) ?? Effect.void)
    if (hasLogs()) return next
    const { error, step, workload } = retrying
    const { code, delivery, phase, reason, status } = error
    const known = Object.entries({ reason, delivery, phase, status, code }).filter(([, value]) => value !== undefined)
    const log = Effect.logDebug("a request to the control plane is retried").pipe(
      Effect.annotateLogs({
        workload: workload.name,
        attempt: step.attempt,
        delay: Duration.format(step.delay),
        why: step.why,
        ...Object.fromEntries(known)
      })
    )
    return Effect.zipRight(log, next)
  }

/** Sends the calls of one account. */
export interface Client {
  /** Runs a call with all its attempts. `read` handles the response of each attempt. */
  readonly send: <A>(call: Call, read: (response: Response) => Effect.Effect<A, ApiError>) => Effect.Effect<A, ApiError>
  /** Runs a call, and decodes its JSON response with a schema. */
  readonly json: <A, I, B>(
    call: Call,
    schema: Schema.Schema<A, I>,
    resultOf: (value: A, response: Response) => B
  ) => Effect.Effect<B, ApiError>
  /**
   * Runs a call whose response is an event stream, and decodes each event as JSON with a schema. `opened` runs with each
   * response that begins a stream.
   */
  readonly events: <A, I>(
    call: Call,
    schema: Schema.Schema<A, I>,
    opened: (response: Response) => Effect.Effect<unknown>
  ) => Stream.Stream<A, ApiError>
}

export const makeClient = (http: HttpClient.HttpClient, settings: Settings): Client => {
  const { accountId, apiKey, budget, onGiveUp, onRetry, record } = settings
  const dialect = settings.limitsPer === "second" ? perSecond : Dialect.fireworks
  const gates = checkGates("Fireworks.make", settings)
  const reliable = (target?: Dialect.Target) => ReliableHttpClient.make(http, { dialect, target })
  const clients = { serverless: reliable("serverless"), dedicated: reliable("dedicated"), unknown: reliable() }
  const clientOf = ({ target }: Call) => clients[target ?? "unknown"]

  const authorized = ({ request }: Call): Request =>
    HttpClientRequest.setHeader(request, "authorization", `Bearer ${Redacted.value(apiKey)}`)

  const workloadOf = (call: Call, fiber: AnyFiber): Workload.Workload =>
    call.workload ?? fiber.getFiberRef(currentCall)?.workload ?? settings.workload

  // the fiber may declare `never`, but must not make a submission repeatable: `Job.submit` looks it up before it sends it again
  const idempotencyOf = ({ idempotency, request }: Call, fiber: AnyFiber): Reliability.Idempotency =>
    fiber.getFiberRef(declaredIdempotency) === "never" ? "never" : (idempotency ?? idempotencyOfMethod(request))

  const maskedIn =
    (call: Call) =>
    (error: ApiError, workload: Workload.Workload): ApiError => {
      const accounts = [...(accountId === undefined ? [] : [accountId]), ...accountsIn(call.model)]
      const secrets: Confidential = { apiKey: Redacted.value(apiKey), accounts, body: call.body }
      const masked = withoutSecrets(error, secrets)
      return isImpatient(masked, workload) ? altered(masked, { remedy: starting(workload) }) : masked
    }

  const send: Client["send"] = (call, read) =>
    Effect.withFiberRuntime((fiber) => {
      const workload = workloadOf(call, fiber)
      const masked = maskedIn(call)
      return Effect.flatMap(withRequestId(authorized(call), "x-request-id"), (request) => {
        // this policy owns all attempts, so that a 200 response that contains an error is retried too
        const about = isObserved(fiber, record) ? aboutOf(call) : undefined
        const executed = Effect.locally(clientOf(call).execute(request), singleTry, {
          id: request.headers["x-request-id"],
          about
        })
        const attempt = Effect.mapError(Effect.flatMap(executed, read), (error) => masked(error, workload))
        const observer = call.isLogged === true ? logging(onRetry) : onRetry
        const idempotency = idempotencyOf(call, fiber)
        const { breaker, cost, limiter } = gatesFor(gates, request, call.model)
        const policy = Reliability.make({
          about,
          budget,
          idempotency,
          breaker,
          limiter,
          onGiveUp,
          onRetry: observer,
          record,
          workload
        })
        return guarded(Reliability.protect(attempt, { ...policy, cost }))
      })
    })

  return {
    send,
    json: (call, schema, resultOf) =>
      send(call, (response) =>
        Effect.map(decodeResponse(schema, response, call.target), (value) => resultOf(value, response))
      ),
    events: (call, schema, opened) =>
      Stream.unwrap(
        Effect.withFiberRuntime((fiber) => {
          const workload = workloadOf(call, fiber)
          const masked = maskedIn(call)
          const maskedEvent = <A extends { readonly workload: Workload.Workload; readonly error: ApiError }>(
            event: A
          ): A => ({
            ...event,
            error: masked(event.error, event.workload)
          })
          const events = EventStream.open(authorized(call), {
            about: isObserved(fiber, record) ? aboutOf(call) : undefined,
            client: HttpClient.transformResponse(clientOf(call), Effect.tap(opened)),
            dialect,
            target: call.target,
            workload,
            idempotency: idempotencyOf(call, fiber),
            budget,
            ...gatesOfModel(gates, call.model),
            onRetry: onRetry && ((retrying) => onRetry(maskedEvent(retrying))),
            onGiveUp: onGiveUp && ((givenUp) => onGiveUp(maskedEvent(givenUp))),
            record:
              record &&
              ((outcome) =>
                record(outcome.error === undefined ? outcome : { ...outcome, error: masked(outcome.error, workload) }))
          })
          const chunks = EventStream.decode(events, schema).pipe(Stream.mapError((error) => masked(error, workload)))
          return Effect.succeed(eachPull(chunks, (pull) => guarded(Workload.within(pull, workload))))
        })
      )
  }
}
