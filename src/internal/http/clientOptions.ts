/**
 * The options of a reliable client, for modules that call through the client with retries of their own.
 *
 * @since 0.2.0
 */
import type { HttpClient } from "@effect/platform/HttpClient"
import type { HttpClientRequest } from "@effect/platform/HttpClientRequest"
import type { Target } from "../../Dialect.js"
import type { About, Idempotency } from "../call/model.js"
import { attempt } from "../errors.js"

const key: unique symbol = Symbol.for("effect-reliability/ClientOptions")

interface Marked {
  [key]?: object
}

/** Attaches the options of a client to its execution of a request. */
export const withClientOptions = <A extends object>(execution: A & Marked, options: object): A => {
  execution[key] = options
  return execution
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
export const inheritedBy = (
  request: HttpClientRequest,
  client: HttpClient.With<unknown, unknown>
): object | undefined => {
  // the execution is not run: it only shows whose it is
  const execution: object | undefined = attempt(() => client.execute(request))
  const options = (execution as Marked | undefined)?.[key]
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
