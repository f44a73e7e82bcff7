/**
 * The HTTP clients of Node behind one interface: each sends one request, reads the whole response, and fails with its own
 * errors.
 */
import { FetchHttpClient, HttpClient, HttpClientRequest } from "@effect/platform"
import { NodeHttpClient } from "@effect/platform-node"
import { Cause, Context, Duration, Effect, Either, Layer, type Scope } from "effect"
import OpenAI from "openai"
import OpenAI7 from "openai7"
import * as undici from "undici"

export type OpenaiName = "openai 6" | "openai 7"

export type Name =
  | "fetch"
  | "undici"
  | "FetchHttpClient.layer"
  | "NodeHttpClient.layer"
  | "NodeHttpClient.layerUndici"
  | OpenaiName

/** A request. */
export interface Call {
  readonly url: string
  /** @default "POST", which no client repeats by itself */
  readonly method?: "GET" | "POST"
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** Aborts the call; interrupts it if the client is an Effect. */
  readonly signal?: AbortSignal
  /** The type that the response is read as. @default "text" */
  readonly as?: "text" | "json"
}

/** The settings of a client; not every client supports every setting. */
export interface Settings {
  readonly headersTimeout?: number
  readonly bodyTimeout?: number
  readonly connectTimeout?: number
  /** The timeout of the whole call: the `openai` package's own one, or `Effect.timeout` for an Effect. */
  readonly timeout?: Duration.DurationInput
  /** The certificate to trust. */
  readonly ca?: string
  /** The origin of an HTTP proxy. */
  readonly proxy?: string
  /** A replacement for Node's `fetch`. */
  readonly fetch?: typeof globalThis.fetch
}

export type Client = (call: Call) => Effect.Effect<unknown, unknown>

type Make = (settings: Settings) => Effect.Effect<Client, never, Scope.Scope>

/** Runs a promise, and fails with its rejection unchanged. */
export const attempt = (evaluate: () => Promise<unknown>): Effect.Effect<unknown, unknown> =>
  Effect.mapError(Effect.tryPromise(evaluate), ({ error }) => error)

const init = ({ body = "{}", headers, method = "POST", signal }: Call) => ({
  method,
  headers: { "content-type": "application/json", ...headers },
  ...(method === "POST" && { body }),
  ...(signal && { signal })
})

/** Makes a new pool, so that tests do not share connections. */
const pool = ({ bodyTimeout, ca, connectTimeout, headersTimeout, proxy }: Settings) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const options = {
        ...(headersTimeout !== undefined && { headersTimeout }),
        ...(bodyTimeout !== undefined && { bodyTimeout }),
        connect: { ...(connectTimeout !== undefined && { timeout: connectTimeout }), ...(ca !== undefined && { ca }) }
      }
      return proxy === undefined ? new undici.Agent(options) : new undici.ProxyAgent({ ...options, uri: proxy })
    }),
    (dispatcher) => Effect.promise(() => dispatcher.destroy())
  )

// Node's `fetch` has a pool; another one is needed only for settings that this pool does not support
const fetchOptions = (settings: Settings): Effect.Effect<object, never, Scope.Scope> =>
  Object.keys(settings).every((key) => key === "fetch" || key === "timeout")
    ? Effect.succeed({})
    : Effect.map(pool(settings), (dispatcher) => ({ dispatcher }))

const platform = (layer: Layer.Layer<HttpClient.HttpClient>, { timeout = Duration.infinity }: Settings) =>
  Effect.map(Layer.build(layer), (context): Client => {
    const client = Context.get(context, HttpClient.HttpClient)
    return ({ as = "text", body = "{}", headers = {}, method = "POST", signal, url }) => {
      const request = HttpClientRequest.make(method)(url).pipe(
        method === "POST" ? HttpClientRequest.bodyText(body, "application/json") : (self) => self,
        HttpClientRequest.setHeaders(headers)
      )
      const effect = client.execute(request).pipe(
        Effect.flatMap((response): Effect.Effect<unknown, unknown> => response[as]),
        Effect.timeout(timeout)
      )
      return signal === undefined
        ? Effect.catchAllCause(effect, (cause) => Effect.fail(Either.merge(Cause.failureOrCause(cause))))
        : // an interruption becomes an error only outside of the fiber
          attempt(() => Effect.runPromise(effect, { signal }))
    }
  })

/** The classes of the official package, by version. */
export const openais: { readonly [name in OpenaiName]: typeof OpenAI } = {
  "openai 6": OpenAI,
  // a union of the two classes cannot be called; the tests use nothing that differs
  "openai 7": OpenAI7 as unknown as typeof OpenAI
}

const byOpenai = (Class: typeof OpenAI, settings: Settings) =>
  Effect.map(
    fetchOptions(settings),
    (options): Client =>
      ({ body = "{}", headers, signal, url }) =>
        attempt(async () => {
          const client = new Class({
            apiKey: "a key",
            baseURL: url,
            maxRetries: 0,
            fetchOptions: options,
            ...(settings.timeout !== undefined && { timeout: Duration.toMillis(settings.timeout) }),
            ...(settings.fetch && { fetch: settings.fetch })
          })
          return client.post("", { body, ...(headers && { headers }), ...(signal && { signal }) })
        })
  )

export const clients: Readonly<Record<Name, Make>> = {
  fetch: (settings) =>
    Effect.map(
      fetchOptions(settings),
      (options) => (call) =>
        attempt(async () => {
          const response = await (settings.fetch ?? fetch)(call.url, { ...options, ...init(call) })
          return response[call.as ?? "text"]()
        })
    ),

  undici: (settings) =>
    Effect.map(
      pool(settings),
      (dispatcher) => (call) =>
        attempt(async () => {
          const response = await undici.request(call.url, { dispatcher, ...init(call) })
          return response.body[call.as ?? "text"]()
        })
    ),

  "FetchHttpClient.layer": (settings) =>
    Effect.flatMap(fetchOptions(settings), (options) => {
      const services = Layer.merge(
        Layer.succeed(FetchHttpClient.RequestInit, options),
        Layer.succeed(FetchHttpClient.Fetch, settings.fetch ?? fetch)
      )
      return platform(Layer.provide(FetchHttpClient.layer, services), settings)
    }),

  "NodeHttpClient.layer": (settings) => {
    // the agent of `layer` itself never keeps a connection alive
    const agent = NodeHttpClient.makeAgentLayer({
      keepAlive: true,
      ...(settings.ca !== undefined && { ca: settings.ca })
    })
    return platform(Layer.provide(NodeHttpClient.layerWithoutAgent, agent), settings)
  },

  "NodeHttpClient.layerUndici": (settings) =>
    Effect.flatMap(pool(settings), (dispatcher) =>
      platform(
        Layer.provide(
          NodeHttpClient.layerUndiciWithoutDispatcher,
          Layer.succeed(NodeHttpClient.Dispatcher, dispatcher)
        ),
        settings
      )
    ),

  "openai 6": (settings) => byOpenai(openais["openai 6"], settings),
  "openai 7": (settings) => byOpenai(openais["openai 7"], settings)
}
