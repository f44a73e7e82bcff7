/**
 * An `HttpClient` for Node whose errors report the phase of the failure, and whether the request was sent.
 *
 * Retries depend on both facts, and most clients report neither. They do not distinguish a wait for a free connection from a
 * slow connect, nor a slow connect from a slow response. When a connection breaks, they do not report whether it had carried
 * the request. This transport limits each phase by the timeouts of the current `Workload`. An error has the delivery `NotSent`
 * only if no byte of the request was sent to the server.
 *
 * Undici writes requests and parses responses. All of its own timeouts are off.
 *
 * The transport decodes responses in gzip, deflate and br, and in zstd if Node supports it. It removes their headers
 * `content-encoding` and `content-length`, and applies size limits to the decoded bytes. It sends no `accept-encoding` of its
 * own. A response in another encoding fails with `Fatal` `Decode`, and one that cannot be decoded with `InvalidAnswer`.
 *
 * @since 0.1.0
 */
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Runtime from "effect/Runtime"
import * as RuntimeFlags from "effect/RuntimeFlags"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { X509Certificate } from "node:crypto"
import * as tls from "node:tls"
import type { ApiError } from "../ApiError.js"
import { unsafeMake } from "../internal/apiError/unsafeMake.js"
import { timeLeftOf, currentCall } from "../internal/call/context.js"
import { clockOf } from "../internal/clock.js"
import { check, isStreamed, reduced, Unsendable } from "../internal/http/request.js"
import { type Bounds, type Try, withExchange } from "../internal/http/transportHook.js"
import { duration, number, refuse } from "../internal/options.js"
import { redactUrl } from "../internal/redact.js"
import type { Workload } from "../Workload.js"
import { authorization, type Failure, hostOf, type Route, Sessions, unbracketed } from "./internal/connect.js"
import { environmentProxy } from "./internal/environmentProxy.js"
import type { Dispatching, Limits, Sending } from "./internal/model.js"
import { multipart } from "./internal/multipart.js"
import { Origin, type Settings } from "./internal/pool.js"
import { RequestHandler } from "./internal/requestHandler.js"
import { Client } from "./internal/undici.js"
import { type Source, Upload } from "./internal/upload.js"

// -------------------------------------------------------------------------------------------------
// Options
// -------------------------------------------------------------------------------------------------

/**
 * Certificates for TLS connections.
 *
 * @since 0.1.0
 * @category model
 */
export interface Tls {
  /** CA certificates to trust instead of Node's, in PEM. @default Node's */
  readonly ca?: string | ReadonlyArray<string> | undefined
  /** The client certificate, in PEM. @default none */
  readonly cert?: string | undefined
  /** The private key of `cert`, in PEM. @default none */
  readonly key?: Redacted.Redacted<string> | undefined
}

/**
 * Options of `make`.
 *
 * @since 0.1.0
 * @category model
 */
export interface Options {
  /** Maximum number of connections to one origin, at least 1. Further requests wait. @default 1000 */
  readonly connections?: number | undefined
  /** Time that an idle connection is kept, unless the server announces less; 0 to close it at once. @default 4 seconds */
  readonly keepAlive?: Duration.DurationInput | undefined
  /** Maximum size of response headers in bytes, from 1024 to 2^24. @default 65536 */
  readonly maxHeaders?: number | undefined
  /** Certificates for TLS connections. @default Node's */
  readonly tls?: Tls | undefined
  /**
   * The proxy: its URL, `"environment"` or `"none"`. @default "environment"
   *
   * `"environment"` reads `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`, in upper or lower case. `NO_PROXY` lists
   * hosts (with their subdomains), IP addresses and subnets, each with an optional port.
   *
   * For an `http:` URL, the proxy itself may send an error response. The error's delivery is `NotSent` if the proxy rejected
   * the request, and `Unconfirmed` if the response does not show whether the server sent it.
   */
  readonly proxy?: "environment" | "none" | (string & {}) | undefined
  /**
   * A dispatcher of undici 7 or 8 that sends all requests. The options above then have no effect.
   *
   * A dispatcher does not report when a connection is free, nor when bytes are written. Waiting and connecting therefore share
   * one limit, the sum of `pool` and `connect`, and `write` limits only streamed bodies. When the scope closes, only requests
   * of this transport are aborted. @default connections of the transport
   */
  readonly dispatcher?: Dispatching | undefined
}

const defaults = { connections: 1000, keepAlive: "4 seconds", maxHeaders: 65_536 } as const

const settingsOf = (owner: string, options: Options): Settings => ({
  connections: number(owner, "connections", options.connections ?? defaults.connections, { min: 1, integer: true }),
  keepAlive: Duration.toMillis(duration(owner, "keepAlive", options.keepAlive ?? defaults.keepAlive)),
  maxHeaders: number(owner, "maxHeaders", options.maxHeaders ?? defaults.maxHeaders, {
    min: 1024,
    max: 2 ** 24,
    integer: true
  }),
  abrupt: new Set()
})

const proxyUrl = (text: string): URL | undefined => {
  const url = URL.canParse(text) ? new URL(text) : undefined
  return url !== undefined && /^https?:$/.test(url.protocol) ? url : undefined
}

const fromEnvironment = (url: URL): URL | undefined | Unsendable => {
  const proxy = environmentProxy(url)
  return typeof proxy === "string"
    ? new Unsendable(`the proxy that the environment sets for ${url.protocol} is not an http: or https: URL`)
    : proxy
}

const proxyOf = (
  owner: string,
  proxy: Options["proxy"] = "environment"
): ((url: URL) => ReturnType<typeof fromEnvironment>) => {
  if (proxy === "environment") return fromEnvironment
  if (proxy === "none") return () => undefined
  const fixed =
    proxyUrl(proxy) ??
    // the value is not shown, because it may contain a password
    refuse(owner, "proxy", "an invalid URL", 'the http: or https: URL of a proxy, "environment" or "none"')
  return () => fixed
}

/** Throws if undici cannot send: some runtimes and bundlers replace undici with a stub. */
const dispatcherOf = (owner: string, dispatcher: Dispatching | undefined): Dispatching | undefined => {
  const sender: Partial<Dispatching> = dispatcher ?? Client.prototype
  if (typeof sender.dispatch === "function") return dispatcher
  const missing = dispatcher === undefined ? "undici's Client" : "the dispatcher"
  throw new Error(
    `${owner}: ${missing} has no method dispatch in this runtime. Use FetchHttpClient of @effect/platform instead.`
  )
}

/** Returns a function that gives the TLS context. Custom certificates are loaded at once, Node's on first use. */
const certificatesOf = (owner: string, options: Tls | undefined): (() => tls.SecureContext) => {
  let context: tls.SecureContext | undefined
  if (options === undefined) return () => (context ??= tls.createSecureContext())
  const { ca, cert, key } = options
  try {
    // `createSecureContext` ignores text without a certificate, so that each text is parsed first
    for (const text of [ca ?? []].flat()) void new X509Certificate(text)
    context = tls.createSecureContext({
      ...(ca !== undefined && { ca: typeof ca === "string" ? ca : [...ca] }),
      ...(cert !== undefined && { cert }),
      ...(key !== undefined && { key: Redacted.value(key) })
    })
  } catch {
    // OpenSSL's message is dropped: it is not helpful, and may quote its input
  }
  const made = context ?? refuse(owner, "tls", "unreadable", "certificates in PEM, and a key that belongs to cert")
  return () => made
}

// -------------------------------------------------------------------------------------------------
// make
// -------------------------------------------------------------------------------------------------

type AnyFiber = Fiber.RuntimeFiber<unknown, unknown>

/** The limits of a call without a workload: only waiting, connecting and writing are limited. */
const unlimited: Limits = {
  pool: 10_000,
  connect: 10_000,
  write: 30_000,
  read: Infinity,
  whole: Infinity,
  as: "attempt"
}

const phases = new WeakMap<Workload, Omit<Limits, "whole" | "as">>()

const limitsOf = (workload: Workload, whole: number, as: Limits["as"]): Limits => {
  const known = phases.get(workload)
  if (known !== undefined) {
    const { connect, pool, read, write } = known
    return { pool, connect, write, read, whole, as }
  }
  const { connect, pool, read, write } = workload.timeouts
  phases.set(workload, {
    pool: Duration.toMillis(pool),
    connect: Duration.toMillis(connect),
    write: Duration.toMillis(write),
    read: Duration.toMillis(read)
  })
  return limitsOf(workload, whole, as)
}

/** Returns the limits of a request that is not an attempt of a reliable client: the current workload's, and the deadline. */
const currentLimits = (fiber: AnyFiber): Limits => {
  const call = fiber.getFiberRef(currentCall)
  if (call === undefined) return unlimited
  const left = timeLeftOf(call)
  return call.workload === undefined
    ? { ...unlimited, whole: left, as: "deadline" }
    : limitsOf(call.workload, left, "deadline")
}

/** A body with its content type and length, which apply unless the request sets these headers. */
interface Encoded {
  readonly body: Sending["body"]
  readonly type?: string
  readonly length?: number
}

const encodedForm = (form: FormData): Encoded => {
  const { length, type, upload } = multipart(form)
  return { body: upload, type, length }
}

const rawBody = (body: unknown): Encoded => {
  // compared by name, since forms and blobs may be instances of another library's classes
  switch (Object.prototype.toString.call(body)) {
    case "[object URLSearchParams]":
      return { body: String(body), type: "application/x-www-form-urlencoded;charset=UTF-8" }
    case "[object FormData]":
      return encodedForm(body as FormData)
    case "[object Blob]":
    case "[object File]": {
      const blob = body as Blob
      return { body: new Upload(() => blob.stream()), length: blob.size, ...(blob.type !== "" && { type: blob.type }) }
    }
    default:
      // strings and bytes; `check` has rejected everything else
      return { body: body as Uint8Array }
  }
}

const encoded = ({ body }: HttpClientRequest.HttpClientRequest, fiber: AnyFiber): Encoded => {
  switch (body._tag) {
    case "Empty":
      return { body: null }
    case "Uint8Array":
      return { body: body.body }
    case "FormData":
      return encodedForm(body.formData)
    case "Raw":
      return isStreamed(body) ? { body: new Upload(body.body as Source) } : rawBody(body.body)
    case "Stream": {
      const runtime = Runtime.make({
        context: fiber.currentContext,
        fiberRefs: fiber.getFiberRefs(),
        runtimeFlags: RuntimeFlags.make(RuntimeFlags.Interruption, RuntimeFlags.CooperativeYielding)
      })
      return { body: new Upload(Stream.toAsyncIterableRuntime(body.stream, runtime)) }
    }
  }
}

/** Headers that undici sets itself and rejects in requests. */
const unsettable = ["expect", "keep-alive", "transfer-encoding", "upgrade"] as const

const faultOf = (headers: Readonly<Record<string, string>>): Unsendable | undefined => {
  for (const name of unsettable) {
    if (headers[name] !== undefined) return new Unsendable(`the header ${name} cannot be set`)
  }
  const length = headers["content-length"]
  return length === undefined || /^\d+$/.test(length)
    ? undefined
    : new Unsendable("the header content-length is not a number")
}

const invalid = ({ detail }: Unsendable, about: Partial<Parameters<Failure>[0]> = {}): ApiError =>
  unsafeMake({ class: "Fatal", reason: "InvalidRequest" }, { delivery: "NotSent", ...about, detail })

class Transport {
  readonly settings: Settings
  readonly certificates: Route["certificates"]
  readonly proxy: ReturnType<typeof proxyOf>
  readonly dispatcher: Dispatching | undefined
  readonly origins = new Map<string, Origin>()
  readonly sessions = new Sessions()
  /** The requests that the dispatcher is processing. */
  readonly dispatched = new Set<RequestHandler>()
  closed = false

  constructor(options: Options) {
    const owner = "Transport.make"
    this.settings = settingsOf(owner, options)
    this.proxy = proxyOf(owner, options.proxy)
    this.dispatcher = dispatcherOf(owner, options.dispatcher)
    this.certificates = certificatesOf(owner, options.tls)
  }

  originOf(url: URL, host: string | undefined): Origin | Unsendable {
    const key = host === undefined ? url.origin : `${url.origin} ${host}`
    const known = this.origins.get(key)
    if (known !== undefined) return known
    const proxy = this.proxy(url)
    if (proxy instanceof Unsendable) return proxy
    const route: Route = {
      url,
      servername: host === undefined ? hostOf(url) : unbracketed(host.replace(/:\d*$/, "")),
      proxy,
      certificates: this.certificates,
      sessions: this.sessions
    }
    const origin: Origin = new Origin(route, this.settings, () => {
      if (this.origins.get(key) === origin) this.origins.delete(key)
    })
    this.origins.set(key, origin)
    return origin
  }

  send(
    request: HttpClientRequest.HttpClientRequest,
    fiber: AnyFiber,
    limits: Limits,
    bounds: Bounds | undefined,
    onCancel?: Try["onCancel"]
  ): Effect.Effect<HttpClientResponse.HttpClientResponse, ApiError> {
    const { headers, method } = request
    const url = check(request)
    if (url instanceof Unsendable) return Effect.fail(invalid(url))
    const about = () => ({ method, url: redactUrl(url.href), delivery: "NotSent" }) as const
    const fault = faultOf(headers)
    if (fault !== undefined) return Effect.fail(invalid(fault, about()))
    let exchange: RequestHandler | undefined
    // `onInterrupt` is outside, because `async` misses an interruption that comes right after its start
    return Effect.onInterrupt(
      Effect.async<HttpClientResponse.HttpClientResponse, ApiError>((resume) => {
        if (this.closed) {
          resume(Effect.fail(shut(about())))
          return
        }
        const { dispatcher } = this
        const origin = dispatcher === undefined ? this.originOf(url, headers["host"]) : undefined
        if (origin instanceof Unsendable) {
          resume(Effect.fail(invalid(origin, about())))
          return
        }
        const sending = this.sendingOf(request, url, origin, fiber)
        exchange = new RequestHandler(sending, limits, clockOf(fiber), bounds, resume)
        if (origin !== undefined) exchange.start(origin)
        else if (dispatcher !== undefined) exchange.startOn(dispatcher, this.dispatched)
      }),
      () =>
        Effect.sync(() => {
          const delivery = exchange?.cancel() ?? "NotSent"
          onCancel?.(delivery)
        })
    )
  }

  sendingOf(
    request: HttpClientRequest.HttpClientRequest,
    url: URL,
    origin: Origin | undefined,
    fiber: AnyFiber
  ): Sending {
    const proxy = url.protocol === "http:" ? origin?.route.proxy : undefined
    const path = url.pathname + url.search
    const { body, length, type } = encoded(request, fiber)
    const { headers } = request
    const isPlain = url.username === "" && url.password === "" && type === undefined && length === undefined
    if (proxy === undefined && isPlain) return { request, url, path, headers, body }
    const more: Record<string, string | undefined> = {
      authorization: headers["authorization"] ?? authorization(url),
      "content-length": headers["content-length"] ?? length?.toString(),
      "content-type": headers["content-type"] ?? type,
      "proxy-authorization": (proxy && authorization(proxy)) ?? headers["proxy-authorization"]
    }
    const all = { ...headers }
    for (const [name, value] of Object.entries(more)) if (value !== undefined) all[name] = value
    return { request, url, path: proxy === undefined ? path : url.origin + path, headers: all, body }
  }

  /** Aborts all requests, closes all connections, and waits until their sockets are closed. */
  readonly close = Effect.suspend(() => {
    this.closed = true
    for (const exchange of this.dispatched) exchange.onFailure(shut)
    return Effect.forEach([...this.origins.values()], (origin) => origin.close(shut), {
      concurrency: "unbounded",
      discard: true
    })
  })
}

const shut: Failure = (about) =>
  unsafeMake({ class: "Fatal", reason: "Aborted" }, { ...about, detail: "the transport was closed" })

/** Wraps an `ApiError` as the cause of an error of `@effect/platform`. */
const toHttpClientError = (request: HttpClientRequest.HttpClientRequest, cause: ApiError) =>
  new HttpClientError.RequestError({
    // the error must not contain the headers and the body, which hold the key and the prompt
    request: reduced(request),
    reason: cause.reason === "InvalidRequest" ? "Encode" : "Transport",
    cause
  })

/**
 * Makes a transport. Its connections are closed when the scope closes.
 *
 * Requests fail with the errors of `@effect/platform`, whose `cause` is an `ApiError`. With `ReliableHttpClient`, they fail
 * with the `ApiError` itself.
 *
 * Invalid options throw a `RangeError` at construction. A runtime whose undici is a stub without `dispatch` throws an
 * `Error`: use `FetchHttpClient` there.
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
  // throws on invalid options now, not when the effect runs
  construct()
  return Effect.map(
    Effect.acquireRelease(Effect.sync(construct), (transport) => transport.close),
    (transport) => {
      const exchange = (
        request: HttpClientRequest.HttpClientRequest,
        { bounds, millis, onCancel, phase, workload }: Try
      ) =>
        Effect.withFiberRuntime<HttpClientResponse.HttpClientResponse, ApiError>((fiber) =>
          transport.send(request, fiber, limitsOf(workload, millis, phase), bounds, onCancel)
        )
      const execute = (request: HttpClientRequest.HttpClientRequest) =>
        Effect.withFiberRuntime<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError>((fiber) =>
          Effect.mapError(transport.send(request, fiber, currentLimits(fiber), undefined), (error) =>
            toHttpClientError(request, error)
          )
        )
      return HttpClient.makeWith<never, never, HttpClientError.HttpClientError, never>(
        (mapped) => withExchange(Effect.flatMap(mapped, execute), { exchange, mapped }),
        Effect.succeed
      )
    }
  )
}

// -------------------------------------------------------------------------------------------------
// layer
// -------------------------------------------------------------------------------------------------

/**
 * Provides a transport as the `HttpClient`.
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
 *   program.pipe(Effect.flip, Effect.provide(Transport.layer({ connections: 100, keepAlive: "30 seconds" })))
 * )
 * console.log(error._tag) // RequestError
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options = {}): Layer.Layer<HttpClient.HttpClient> =>
  Layer.scoped(HttpClient.HttpClient, make(options))

/**
 * Reads options of a transport from `Config`. An option without a variable has its default value.
 *
 * | variable | option |
 * | --- | --- |
 * | `HTTP_CONNECTIONS` | `connections` |
 * | `HTTP_KEEP_ALIVE` | `keepAlive`, such as `30 seconds` |
 * | `HTTP_MAX_HEADERS` | `maxHeaders` |
 *
 * The variables of the proxy are read by the option `proxy`.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { ConfigProvider, Duration, Effect } from "effect"
 * import { Transport } from "effect-reliability/node"
 *
 * const environment = ConfigProvider.fromMap(new Map([["HTTP_KEEP_ALIVE", "30 seconds"]]))
 * const { connections, keepAlive } = await Effect.runPromise(Effect.withConfigProvider(Transport.config, environment))
 * assert.deepStrictEqual([connections, keepAlive], [1000, Duration.seconds(30)])
 * ```
 *
 * @since 0.2.0
 * @category constructors
 */
export const config: Config.Config<{
  readonly connections: number
  readonly keepAlive: Duration.DurationInput
  readonly maxHeaders: number
}> = /*#__PURE__*/ Config.mapAttempt(
  /*#__PURE__*/ Config.all({
    connections: /*#__PURE__*/ Config.withDefault(Config.integer("HTTP_CONNECTIONS"), defaults.connections),
    keepAlive: /*#__PURE__*/ Config.withDefault(Config.duration("HTTP_KEEP_ALIVE"), defaults.keepAlive),
    maxHeaders: /*#__PURE__*/ Config.withDefault(Config.integer("HTTP_MAX_HEADERS"), defaults.maxHeaders)
  }),
  (options) => (settingsOf("Transport.config", options), options)
)

/**
 * Provides a transport as the `HttpClient`, with options that are read from `Config`, by default those of `config`.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { HttpClient } from "@effect/platform"
 * import { ConfigProvider, Effect, Layer } from "effect"
 * import { Transport } from "effect-reliability/node"
 *
 * const environment = ConfigProvider.fromMap(new Map([["HTTP_CONNECTIONS", "0"]]))
 * const Live = Transport.layerConfig().pipe(Layer.provide(Layer.setConfigProvider(environment)))
 *
 * const error = await Effect.runPromise(HttpClient.HttpClient.pipe(Effect.provide(Live), Effect.flip))
 * assert.match(String(error), /connections is 0; it must be an integer of at least 1/)
 * ```
 *
 * @since 0.2.0
 * @category layers
 */
export const layerConfig = (
  options: Config.Config.Wrap<Omit<Options, "dispatcher">> = config
): Layer.Layer<HttpClient.HttpClient, ConfigError.ConfigError> =>
  Layer.scoped(
    HttpClient.HttpClient,
    Config.unwrap(options).pipe(
      Config.mapAttempt((found) => make(found)),
      Effect.flatten
    )
  )
