/**
 * The options of a reliable client, for modules that call through the client with retries of their own.
 *
 * @since 0.2.0
 */
import type { HttpClientRequest } from "@effect/platform/HttpClientRequest"
import type { Target } from "../../Dialect.js"
import type { About, Idempotency } from "../call/model.js"
import { postprocessOf } from "./transportHook.js"

const key: unique symbol = Symbol.for("effect-reliability/ClientOptions")

// `HttpClient.mapRequest` and its relatives make a new client with the same postprocess
const carrierOf = (client: object): { readonly [key]?: object } => postprocessOf(client) ?? client

/** Attaches the options that a client was made with. */
export const withClientOptions = <C extends object>(client: C, options: object): C => {
  Object.defineProperty(carrierOf(client), key, { value: options })
  return client
}

/** The options of `ReliableHttpClient.make` that may be functions of the request. */
interface OfRequest {
  readonly about?: ((request: HttpClientRequest) => About) | undefined
  readonly idempotency?: Idempotency | ((request: HttpClientRequest) => Idempotency) | undefined
  readonly target?: Target | ((request: HttpClientRequest) => Target | undefined) | undefined
}

const of = <A>(option: A | ((request: HttpClientRequest) => A), request: HttpClientRequest): A =>
  typeof option === "function" ? (option as (request: HttpClientRequest) => A)(request) : option

/**
 * Returns the options of a client for one request, and `undefined` if the client was not made by `ReliableHttpClient.make`. They are
 * also found if the client's requests were mapped since.
 */
export const inheritedBy = (request: HttpClientRequest, client: object): object | undefined => {
  const options = carrierOf(client)[key]
  if (options === undefined) return undefined
  const { about, idempotency, target }: OfRequest = options
  let attributes: About | undefined
  try {
    attributes = about?.(request)
  } catch {
    // an observer's error never fails a call
  }
  return { ...options, about: attributes, idempotency: of(idempotency, request), target: of(target, request) }
}

/** The options that are set. */
export const withoutUndefined = <A extends object>(options: A): A =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as A
