/**
 * The options and the mapped requests of a reliable client, for modules that call through the client with retries of their own.
 *
 * @since 0.2.0
 */
import type { HttpClient } from "@effect/platform/HttpClient"
import type { HttpClientRequest } from "@effect/platform/HttpClientRequest"
import * as Effect from "effect/Effect"
import type { Target } from "../../Dialect.js"
import type { About, Idempotency } from "../call/model.js"
import { attempt } from "../errors.js"

const key: unique symbol = Symbol.for("effect-reliability/ClientOptions")

/** The parts of a reliable client's execution of a request. */
interface Parts {
  readonly options: object
  /** The request after all mappings of the client. */
  readonly mapped: Effect.Effect<HttpClientRequest, unknown, unknown>
}

interface Marked {
  [key]?: Parts
}

/** Attaches its parts to the execution of a reliable client. */
export const withParts = <A extends object>(execution: A & Marked, parts: Parts): A => {
  execution[key] = parts
  return execution
}

// the execution is not run: it only shows its parts
const partsOf = (request: HttpClientRequest, client: HttpClient.With<unknown, unknown>): Parts | undefined => {
  const execution: (object & Marked) | undefined = attempt(() => client.execute(request))
  return execution?.[key]
}

/** Returns the request as the functions mapped onto a reliable client complete it. */
export const completedBy = <E, R>(
  request: HttpClientRequest,
  client: HttpClient.With<E, R>
): Effect.Effect<HttpClientRequest, unknown, R> => {
  const parts = partsOf(request, client)
  // mappings require what the client requires
  return parts === undefined ? Effect.succeed(request) : (parts.mapped as Effect.Effect<HttpClientRequest, unknown, R>)
}

/** The options of `ReliableHttpClient.make` that may be functions of the request. */
interface OfRequest {
  readonly about?: ((request: HttpClientRequest) => About) | undefined
  readonly idempotency?: Idempotency | ((request: HttpClientRequest) => Idempotency) | undefined
  readonly target?: Target | ((request: HttpClientRequest) => Target | undefined) | undefined
}

/** Returns the attributes that the option `about` adds. Its exceptions never fail a call. */
export const aboutOf = ({ about }: Pick<OfRequest, "about">, request: HttpClientRequest): About | undefined =>
  attempt(() => about?.(request))

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
  const options = partsOf(request, client)?.options
  if (options === undefined) return undefined
  const { idempotency, target }: OfRequest = options
  return {
    ...options,
    about: aboutOf(options, request),
    idempotency: of(idempotency, request),
    target: of(target, request)
  }
}

/** The options that are set. */
export const withoutUndefined = <A extends object>(options: A): A =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as A
