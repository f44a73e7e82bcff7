/** The HTTP clients of the Node world made alike: each sends one request, reads the whole answer, and fails as it fails. */
import { FetchHttpClient, HttpClient, HttpClientRequest } from "@effect/platform"
import { NodeHttpClient } from "@effect/platform-node"
import { Cause, Context, Duration, Effect, Either, Layer, type Scope } from "effect"
import OpenAI from "openai"
import * as undici from "undici"

export type Name =
  | "fetch"
  | "undici"
  | "FetchHttpClient.layer"
  | "NodeHttpClient.layer"
  | "NodeHttpClient.layerUndici"
  | "openai"

/** What a client is asked for. */
export interface Call {
  readonly url: string
  /** @default "POST", which nobody repeats by himself */
  readonly method?: "GET" | "POST"
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** Aborts the call; an Effect is interrupted by it. */
  readonly signal?: AbortSignal
  /** How the answer is read. @default "text" */
  readonly as?: "text" | "json"
}

/** What a client is made with; not every client knows every setting. */
export interface Settings {
  readonly headersTimeout?: number
  readonly bodyTimeout?: number
  readonly connectTimeout?: number
  /** The whole call's: of the `openai` package its own, of an Effect `Effect.timeout`. */
  readonly timeout?: Duration.DurationInput
  /** The certificate to trust. */
  readonly ca?: string
  /** The origin of an HTTP proxy. */
  readonly proxy?: string
  /** Instead of Node's. */
  readonly fetch?: typeof globalThis.fetch
}

export type Client = (call: Call) => Effect.Effect<unknown, unknown>

type Make = (settings: Settings) => Effect.Effect<Client, never, Scope.Scope>

/** Fails with what the promise rejects with, untouched. */
export const attempt = (evaluate: () => Promise<unknown>): Effect.Effect<unknown, unknown> =>
  Effect.mapError(Effect.tryPromise(evaluate), ({ error }) => error)

const init = ({ body = "{}", headers, method = "POST", signal }: Call) => ({
  method,
  headers: { "content-type": "application/json", ...headers },
  ...(method === "POST" && { body }),
  ...(signal && { signal })
})

/** A pool of its own, so that no test meets another's connections. */
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

// Node's `fetch` has a pool, and needs another only for what that one cannot be told
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
        Effect.flatMap((answer): Effect.Effect<unknown, unknown> => answer[as]),
        Effect.timeout(timeout)
      )
      return signal === undefined
        ? Effect.catchAllCause(effect, (cause) => Effect.fail(Either.merge(Cause.failureOrCause(cause))))
        : // an interrupted fiber has no error until somebody outside waits for it
          attempt(() => Effect.runPromise(effect, { signal }))
    }
  })

export const clients: Readonly<Record<Name, Make>> = {
  fetch: (settings) =>
    Effect.map(
      fetchOptions(settings),
      (options) => (call) =>
        attempt(async () => {
          const answer = await (settings.fetch ?? fetch)(call.url, { ...options, ...init(call) })
          return answer[call.as ?? "text"]()
        })
    ),

  undici: (settings) =>
    Effect.map(
      pool(settings),
      (dispatcher) => (call) =>
        attempt(async () => {
          const answer = await undici.request(call.url, { dispatcher, ...init(call) })
          return answer.body[call.as ?? "text"]()
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

  openai: (settings) =>
    Effect.map(
      fetchOptions(settings),
      (options) =>
        ({ body = "{}", headers, signal, url }) =>
          attempt(async () => {
            const client = new OpenAI({
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
}
