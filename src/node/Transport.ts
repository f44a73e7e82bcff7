/**
 * An `HttpClient` for Node that knows what became of each request.
 *
 * Retrying asks two things of a failure: in which phase it came, and whether the server may have seen the request. The
 * usual clients cannot tell. A wait for a free connection looks like a slow connect, a connect like a slow answer, and a
 * broken connection may or may not have carried the request. Here each phase has its limit, taken from the current
 * `Workload`, and an error says `NotSent` only if no byte of the request left.
 *
 * There are no limits beneath: undici, which writes and parses, has all its timeouts off.
 *
 * @since 0.1.0
 */
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Runtime from "effect/Runtime"
import * as RuntimeFlags from "effect/RuntimeFlags"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { getProxyForUrl } from "proxy-from-env"
import type { Dispatcher } from "undici"
import { type ApiError, unsafeMake } from "../ApiError.js"
import { currentCall, remaining } from "../internal/call.js"
import { type Bounds, type Try, withExchange } from "../internal/exchange.js"
import { duration, number, refuse } from "../internal/options.js"
import { check, Unsendable } from "../internal/request.js"
import { clockOf } from "../internal/time.js"
import type { Workload } from "../Workload.js"
import { hostOf, proxyAuthorization, type Route } from "./internal/connect.js"
import { Exchange, type Limits, type Sending } from "./internal/exchange.js"
import { Origin, type Settings } from "./internal/pool.js"

// -------------------------------------------------------------------------------------------------
// Options
// -------------------------------------------------------------------------------------------------

/**
 * Certificates, beside those that Node trusts.
 *
 * @since 0.1.0
 * @category model
 */
export interface Tls {
  /** Certificates to trust, in PEM, instead of Node's. @default Node's */
  readonly ca?: string | ReadonlyArray<string> | undefined
  /** The client's own certificate, in PEM. @default none */
  readonly cert?: string | undefined
  /** The key of `cert`, in PEM. @default none */
  readonly key?: Redacted.Redacted<string> | undefined
}

/**
 * What `make` takes.
 *
 * @since 0.1.0
 * @category model
 */
export interface Options {
  /** The most connections to one origin, from 1 on; further calls wait. @default 1000 */
  readonly connections?: number | undefined
  /** How long an idle connection is kept, unless the server says less; zero for not at all. @default 4 seconds */
  readonly keepAlive?: Duration.DurationInput | undefined
  /** The most bytes of an answer's headers. @default 65536 */
  readonly maxHeaders?: number | undefined
  /** Certificates. @default Node's */
  readonly tls?: Tls | undefined
  /**
   * The proxy: its URL, `"environment"` for what `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` say (upper or lower
   * case), or `"none"`. @default "environment"
   */
  readonly proxy?: "environment" | "none" | (string & {}) | undefined
  /**
   * A dispatcher of undici's to send with; all of the above is then its business. It cannot tell waiting for a connection
   * from making one: both have one limit, and `pool` is what running into it is called.
   * @default connections of its own
   */
  readonly dispatcher?: Dispatcher | undefined
}

const settingsOf = (owner: string, options: Options): Settings => ({
  connections: number(owner, "connections", options.connections ?? 1000, { min: 1, integer: true }),
  keepAlive: Duration.toMillis(duration(owner, "keepAlive", options.keepAlive ?? "4 seconds")),
  maxHeaders: number(owner, "maxHeaders", options.maxHeaders ?? 65_536, { min: 1024, max: 2 ** 24, integer: true })
})

const proxyOf = (owner: string, proxy: Options["proxy"] = "environment"): ((url: URL) => URL | undefined) => {
  const parse = (text: string): URL => {
    const url = URL.canParse(text) ? new URL(text) : undefined
    return url !== undefined && /^https?:$/.test(url.protocol)
      ? url
      : // it may hold a password
        refuse(owner, "proxy", "a URL", 'the http: or https: URL of a proxy, "environment" or "none"')
  }
  if (proxy === "none") return () => undefined
  if (proxy === "environment") {
    return (url) => {
      const found = getProxyForUrl(url)
      return found === "" ? undefined : parse(found)
    }
  }
  const fixed = parse(proxy)
  return () => fixed
}

// -------------------------------------------------------------------------------------------------
// make
// -------------------------------------------------------------------------------------------------

type AnyFiber = Fiber.RuntimeFiber<unknown, unknown>

/** Where a call is within no workload, only connecting and writing have an end. */
const unlimited: Limits = {
  pool: 10_000,
  connect: 10_000,
  write: 30_000,
  read: Infinity,
  whole: Infinity,
  as: "attempt"
}

const limitsOf = (workload: Workload, whole: number, as: Limits["as"]): Limits => {
  const { connect, pool, read, write } = workload.timeouts
  return {
    pool: Duration.toMillis(pool),
    connect: Duration.toMillis(connect),
    write: Duration.toMillis(write),
    read: Duration.toMillis(read),
    whole,
    as
  }
}

/** The limits of a fiber that made no `Try`: who limits the whole of it does so from outside. */
const currentLimits = (fiber: AnyFiber): Limits => {
  const call = fiber.getFiberRef(currentCall)
  if (call === undefined) return unlimited
  const left = Math.max(1, remaining(call))
  return call.workload === undefined
    ? { ...unlimited, whole: left, as: "deadline" }
    : limitsOf(call.workload, left, "deadline")
}

const bodyOf = ({ body }: HttpClientRequest.HttpClientRequest, fiber: AnyFiber): Sending["body"] => {
  switch (body._tag) {
    case "Empty":
      return null
    case "Uint8Array":
      return body.body
    case "FormData":
      // Node's own is undici's
      return body.formData as unknown as Sending["body"]
    case "Raw":
      // `check` has seen what it is
      return body.body instanceof URLSearchParams ? body.body.toString() : (body.body as Uint8Array)
    case "Stream": {
      const runtime = Runtime.make({
        context: fiber.currentContext,
        fiberRefs: fiber.getFiberRefs(),
        runtimeFlags: RuntimeFlags.make(RuntimeFlags.Interruption, RuntimeFlags.CooperativeYielding)
      })
      // an async iterable, which undici takes and its types do not know
      return Stream.toAsyncIterableRuntime(body.stream, runtime) as unknown as Sending["body"]
    }
  }
}

class Transport {
  readonly settings: Settings
  readonly tls: Route["tls"]
  readonly proxy: (url: URL) => URL | undefined
  readonly dispatcher: Dispatcher | undefined
  readonly origins = new Map<string, Origin>()
  closed: ApiError | undefined

  constructor(options: Options) {
    const owner = "Transport.make"
    this.settings = settingsOf(owner, options)
    this.proxy = proxyOf(owner, options.proxy)
    this.dispatcher = options.dispatcher
    const { ca, cert, key } = options.tls ?? {}
    this.tls = {
      ...(ca !== undefined && { ca: typeof ca === "string" ? ca : [...ca] }),
      ...(cert !== undefined && { cert }),
      ...(key !== undefined && { key: Redacted.value(key) })
    }
  }

  originOf(url: URL, host: string | undefined): Origin {
    const key = host === undefined ? url.origin : `${url.origin} ${host}`
    const known = this.origins.get(key)
    if (known !== undefined) return known
    const route: Route = {
      url,
      servername: host?.replace(/:\d*$/, "") ?? hostOf(url),
      proxy: this.proxy(url),
      tls: this.tls
    }
    const origin = new Origin(route, this.settings, () => this.origins.delete(key))
    this.origins.set(key, origin)
    return origin
  }

  send(
    request: HttpClientRequest.HttpClientRequest,
    fiber: AnyFiber,
    limits: Limits,
    bounds: Bounds | undefined
  ): Effect.Effect<HttpClientResponse.HttpClientResponse, ApiError> {
    if (this.closed !== undefined) return Effect.fail(this.closed)
    const url = check(request)
    if (url instanceof Unsendable) {
      const { detail } = url
      return Effect.fail(unsafeMake({ class: "Fatal", reason: "InvalidRequest" }, { delivery: "NotSent", detail }))
    }
    let exchange: Exchange | undefined
    // the interruption is looked for outside: `async` does not see one that comes right after it was begun
    return Effect.onInterrupt(
      Effect.async<HttpClientResponse.HttpClientResponse, ApiError>((resume) => {
        const { dispatcher } = this
        const origin = dispatcher === undefined ? this.originOf(url, request.headers["host"]) : undefined
        const sending = this.sendingOf(request, url, origin, fiber)
        exchange = new Exchange(sending, limits, clockOf(fiber), bounds, resume)
        if (origin !== undefined) exchange.start(origin)
        else if (dispatcher !== undefined) exchange.startOn(dispatcher)
      }),
      () => Effect.sync(() => exchange?.cancel())
    )
  }

  sendingOf(
    request: HttpClientRequest.HttpClientRequest,
    url: URL,
    origin: Origin | undefined,
    fiber: AnyFiber
  ): Sending {
    const proxy = origin?.route.proxy
    const path = url.pathname + url.search
    const body = bodyOf(request, fiber)
    if (proxy === undefined || url.protocol === "https:") return { request, url, path, headers: request.headers, body }
    const authorization = proxyAuthorization(proxy)
    const headers = {
      ...request.headers,
      ...(authorization !== undefined && { "proxy-authorization": authorization })
    }
    return { request, url, path: url.origin + path, headers, body }
  }

  /** Nothing is left when it ends. */
  readonly close = Effect.suspend(() => {
    const error = unsafeMake(
      { class: "Fatal", reason: "Aborted" },
      { delivery: "NotSent", detail: "the transport was closed" }
    )
    this.closed = error
    return Effect.forEach([...this.origins.values()], (origin) => origin.close(error), { discard: true })
  })
}

/** What `@effect/platform` calls a failure; the `ApiError` is its cause. */
const toHttpClientError = (request: HttpClientRequest.HttpClientRequest, cause: ApiError) =>
  new HttpClientError.RequestError({
    request,
    reason: cause.reason === "InvalidRequest" ? "Encode" : "Transport",
    cause
  })

/**
 * Makes a transport, which closes its connections with the scope.
 *
 * Requests fail with `@effect/platform`'s errors, of which an `ApiError` is the cause; under `ReliableHttpClient` they fail
 * with that.
 *
 * @example
 * ```ts
 * import { HttpClientRequest } from "@effect/platform"
 * import { Effect } from "effect"
 * import { ReliableHttpClient, Workload } from "effect-reliability"
 * import { Transport } from "effect-reliability/node"
 *
 * const program = Effect.gen(function* () {
 *   const transport = yield* Transport.make({ connections: 10, proxy: "none" })
 *   const client = ReliableHttpClient.make(transport, {
 *     workload: Workload.with(Workload.interactive, { deadline: "100 millis" })
 *   })
 *   const error = yield* Effect.flip(client.execute(HttpClientRequest.get("http://127.0.0.1:4/")))
 *   console.log(error.reason, error.delivery) // Connect NotSent
 * })
 *
 * await Effect.runPromise(Effect.scoped(program))
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}): Effect.Effect<HttpClient.HttpClient, never, Scope.Scope> => {
  const construct = () => new Transport(options)
  // refuses bad options here and not when it runs
  construct()
  return Effect.map(
    Effect.acquireRelease(Effect.sync(construct), (transport) => transport.close),
    (transport) => {
      const exchange = (request: HttpClientRequest.HttpClientRequest, { bounds, millis, phase, workload }: Try) =>
        Effect.withFiberRuntime<HttpClientResponse.HttpClientResponse, ApiError>((fiber) =>
          transport.send(request, fiber, limitsOf(workload, millis, phase), bounds)
        )
      const execute = (request: HttpClientRequest.HttpClientRequest) =>
        Effect.withFiberRuntime<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError>((fiber) =>
          Effect.mapError(transport.send(request, fiber, currentLimits(fiber), undefined), (error) =>
            toHttpClientError(request, error)
          )
        )
      const client = HttpClient.makeWith<never, never, HttpClientError.HttpClientError, never>(
        Effect.flatMap(execute),
        Effect.succeed
      )
      return withExchange(client, exchange)
    }
  )
}

// -------------------------------------------------------------------------------------------------
// layer
// -------------------------------------------------------------------------------------------------

/**
 * Provides a transport made with options.
 *
 * @example
 * ```ts
 * import { HttpClient } from "@effect/platform"
 * import { Effect } from "effect"
 * import { Transport } from "effect-reliability/node"
 *
 * const program = Effect.flatMap(HttpClient.HttpClient, (client) => client.get("http://127.0.0.1:4/"))
 *
 * const error = await Effect.runPromise(
 *   program.pipe(Effect.flip, Effect.provide(Transport.layerWith({ connections: 100, keepAlive: "30 seconds" })))
 * )
 * console.log(error._tag) // RequestError
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerWith = (options: Options): Layer.Layer<HttpClient.HttpClient> =>
  Layer.scoped(HttpClient.HttpClient, make(options))

/**
 * Provides a transport with the defaults.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<HttpClient.HttpClient> = /*#__PURE__*/ Layer.scoped(
  HttpClient.HttpClient,
  Effect.suspend(() => make())
)
