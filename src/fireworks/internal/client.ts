/**
 * How the calls of this folder are made: key, headers, workload, and errors that hold nothing secret.
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
import * as Dialect from "../../Dialect.js"
import * as EventStream from "../../EventStream.js"
import { unsafeMake } from "../../internal/apiError/unsafeMake.js"
import { currentCall } from "../../internal/call/context.js"
import { isObserved } from "../../internal/call/observers.js"
import { fromException } from "../../internal/classify/fromException.js"
import { clockOf } from "../../internal/clock.js"
import { declaredIdempotency, idempotencyOfMethod } from "../../internal/http/idempotency.js"
import { hostOf } from "../../internal/http/request.js"
import { singleTry } from "../../internal/http/transportHook.js"
import { withRequestId } from "../../internal/randomId.js"
import { withoutAccount } from "../../internal/redact.js"
import { errorWithin, givenUpDetail, isErrorBody, isGivenUp } from "../../internal/sse/decoder.js"
import * as Reliability from "../../Reliability.js"
import * as ReliableHttpClient from "../../ReliableHttpClient.js"
import * as Workload from "../../Workload.js"
import { altered, type Confidential, withoutSecrets } from "./confidential.js"

type Request = HttpClientRequest.HttpClientRequest
type Response = HttpClientResponse.HttpClientResponse
type Pull<A> = Effect.Effect<Chunk.Chunk<A>, Option.Option<ApiError>>
type AnyFiber = Fiber.RuntimeFiber<unknown, unknown>

/** What is told of calls while they are made. */
export interface Observers<R = never> extends Omit<Reliability.Options<R>, "workload" | "about" | "idempotency"> {}

/** What a client is made with, once it has been checked. */
export interface Settings<R = never> extends Observers<R> {
  readonly apiKey: Redacted.Redacted
  readonly accountId: string | undefined
  /** Without a slash at its end; inference is below `/inference/v1`. */
  readonly baseUrl: string
  /** Without a slash at its end; the control plane is below `/v1`. */
  readonly controlUrl: string
  readonly workload: Workload.Workload
  readonly limitsPer: "minute" | "second"
}

/** One call. */
export interface Call {
  readonly request: Request
  /** What is sent, as a value, so that it can be kept out of errors. */
  readonly body?: (() => unknown) | undefined
  readonly model?: string | undefined
  /** What is done, in a word. */
  readonly operation?: string | undefined
  readonly target?: Dialect.Target | undefined
  /** Before what the fiber says, and what the client was made with. */
  readonly workload?: Workload.Workload | undefined
  /** Whether the call may be repeated once the server may have executed it. @default by the method of the request */
  readonly idempotency?: Reliability.Idempotency | undefined
  /** Whether debug logs report its retries. */
  readonly isLogged?: boolean | undefined
}

const dialect = Dialect.fireworks

/** A request that cannot be sent, and why, in words that hold nothing of its contents. */
export const invalidRequest = (detail: string): ApiError =>
  unsafeMake({ class: "Fatal", reason: "InvalidRequest" }, { delivery: "NotSent", detail, attempts: 1 })

// --- Without patience ----------------------------------------------------------------------------

/** What to do about a deployment that starts, for whom a workload does not wait. */
const starting = ({ name }: Workload.Workload): string =>
  `Use a workload with patience, such as Workload.agentic, since starting from zero takes minutes and "${name}" has none; or set a minimum of one replica.`

const isImpatient = (error: ApiError, { patience }: Workload.Workload): boolean =>
  error.reason === "ScalingUp" && patience === undefined && error.shouldRetry !== true

// --- Answers ---------------------------------------------------------------------------------------

const contextOf = (response: Response, target: Dialect.Target | undefined, now: number) => {
  const { headers, request, status } = response
  return { dialect, target, status, headers, now, method: request.method, url: request.url }
}

const decodeAnswer = <A, I>(
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

/** Each pull of a stream within something. */
const eachPull = <A>(stream: Stream.Stream<A, ApiError>, f: (pull: Pull<A>) => Pull<A>): Stream.Stream<A, ApiError> =>
  Stream.fromPull(Effect.map(Stream.toPull(stream), f))

// the spans of `@effect/platform` show the URL, and all headers of the answer, in which accounts are named
const untraced = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> =>
  Effect.locally(effect, HttpClient.currentTracerDisabledWhen, () => true)

// `fetch` follows redirects, and takes x-api-key to whatever host they lead to
const undiverted = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> =>
  Effect.flatMap(Effect.serviceOption(FetchHttpClient.RequestInit), (given) =>
    Effect.provideService(effect, FetchHttpClient.RequestInit, { ...Option.getOrUndefined(given), redirect: "manual" })
  )

const guarded = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> => undiverted(untraced(effect))

const accountsIn = (model: string | undefined): ReadonlyArray<string> =>
  [...(model ?? "").matchAll(/accounts\/([\w.-]+)/g)].flatMap(([, account]) =>
    account === undefined || account === "fireworks" ? [] : [account]
  )

interface About extends Omit<Reliability.About, "status"> {
  status?: number | undefined
}

/** What a call is about, in words that name no account. */
const aboutOf = ({ model, operation, request: { method, url } }: Call): About => ({
  host: hostOf(url),
  method,
  model: model === undefined ? undefined : withoutAccount(model),
  operation,
  provider: "fireworks"
})

/** An observer that logs each retry, by fields that hold neither URL nor words of the server. */
const logging =
  (onRetry: Settings["onRetry"]): NonNullable<Settings["onRetry"]> =>
  (retrying) => {
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
    return Effect.zipRight(
      log,
      Effect.suspend(() => onRetry?.(retrying) ?? Effect.void)
    )
  }

/** Sends the calls of one account. */
export interface Client {
  /** A call with all its attempts, of which `answer` reads each. */
  readonly send: <A>(
    call: Call,
    answer: (response: Response) => Effect.Effect<A, ApiError>
  ) => Effect.Effect<A, ApiError>
  /** A call whose answer is JSON of a schema. */
  readonly json: <A, I, B>(
    call: Call,
    schema: Schema.Schema<A, I>,
    answer: (value: A, response: Response) => B
  ) => Effect.Effect<B, ApiError>
  /** A call whose answer is a stream of events, each of them JSON of a schema; `opened` sees the answers that begin one. */
  readonly events: <A, I>(
    call: Call,
    schema: Schema.Schema<A, I>,
    opened: (response: Response) => Effect.Effect<unknown>
  ) => Stream.Stream<A, ApiError>
}

export const makeClient = (http: HttpClient.HttpClient, settings: Settings): Client => {
  const { accountId, apiKey, budget, onGiveUp, onRetry, record } = settings
  const reliable = (target?: Dialect.Target) => ReliableHttpClient.make(http, { dialect, target })
  const clients = { serverless: reliable("serverless"), dedicated: reliable("dedicated"), unknown: reliable() }
  const clientOf = ({ target }: Call) => clients[target ?? "unknown"]

  const authorized = ({ request }: Call): Request =>
    HttpClientRequest.setHeader(request, "authorization", `Bearer ${Redacted.value(apiKey)}`)

  const workloadOf = (call: Call, fiber: AnyFiber): Workload.Workload =>
    call.workload ?? fiber.getFiberRef(currentCall)?.workload ?? settings.workload

  // a submission must not become repeatable by what is declared around it: it is looked up before it is sent again
  const idempotencyOf = ({ idempotency, request }: Call, fiber: AnyFiber): Reliability.Idempotency =>
    fiber.getFiberRef(declaredIdempotency) === "never" ? "never" : (idempotency ?? idempotencyOfMethod(request))

  const tell =
    (call: Call) =>
    (error: ApiError, workload: Workload.Workload): ApiError => {
      const accounts = [...(accountId === undefined ? [] : [accountId]), ...accountsIn(call.model)]
      const secrets: Confidential = { apiKey: Redacted.value(apiKey), accounts, body: call.body }
      const told = withoutSecrets(error, secrets)
      return isImpatient(told, workload) ? altered(told, { remedy: starting(workload) }) : told
    }

  const send: Client["send"] = (call, answer) =>
    Effect.withFiberRuntime((fiber) => {
      const workload = workloadOf(call, fiber)
      const told = tell(call)
      return Effect.flatMap(withRequestId(authorized(call), "x-request-id"), (request) => {
        // all attempts are owned here, so that an answer of 200 that is a failure is tried again too
        const executed = Effect.locally(clientOf(call).execute(request), singleTry, {
          id: request.headers["x-request-id"],
          about: undefined
        })
        const about: About | undefined = isObserved(fiber, record) ? aboutOf(call) : undefined
        const answered = Effect.flatMap(executed, (response) => {
          if (about !== undefined) about.status = response.status
          return answer(response)
        })
        const attempt = Effect.mapError(answered, (error) => told(error, workload))
        const observer = call.isLogged === true ? logging(onRetry) : onRetry
        const idempotency = idempotencyOf(call, fiber)
        const policy = Reliability.make({ about, budget, idempotency, onGiveUp, onRetry: observer, record, workload })
        return guarded(Reliability.protect(attempt, policy))
      })
    })

  return {
    send,
    json: (call, schema, answer) =>
      send(call, (response) =>
        Effect.map(decodeAnswer(schema, response, call.target), (value) => answer(value, response))
      ),
    events: (call, schema, opened) =>
      Stream.unwrap(
        Effect.withFiberRuntime((fiber) => {
          const workload = workloadOf(call, fiber)
          const told = tell(call)
          const toldIn = <A extends { readonly workload: Workload.Workload; readonly error: ApiError }>(
            event: A
          ): A => ({
            ...event,
            error: told(event.error, event.workload)
          })
          const events = EventStream.open(authorized(call), {
            about: isObserved(fiber, record) ? aboutOf(call) : undefined,
            client: HttpClient.transformResponse(clientOf(call), Effect.tap(opened)),
            dialect,
            target: call.target,
            workload,
            idempotency: idempotencyOf(call, fiber),
            budget,
            onRetry: onRetry && ((retrying) => onRetry(toldIn(retrying))),
            onGiveUp: onGiveUp && ((givenUp) => onGiveUp(toldIn(givenUp))),
            record:
              record &&
              ((outcome) =>
                record(outcome.error === undefined ? outcome : { ...outcome, error: told(outcome.error, workload) }))
          })
          const chunks = EventStream.decode(events, schema).pipe(Stream.mapError((error) => told(error, workload)))
          return Effect.succeed(eachPull(chunks, (pull) => guarded(Workload.within(pull, workload))))
        })
      )
  }
}
