/**
 * Random ids of requests and jobs. They differ between all processes; all attempts of a call carry the same one.
 *
 * @since 0.1.0
 */
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Context from "effect/Context"
import * as DefaultServices from "effect/DefaultServices"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import { refuse } from "./options.js"

/** Returns 48 random bits in hexadecimal. */
const hexadecimal = (random: number): string =>
  Math.floor(random * 2 ** 48)
    .toString(16)
    .padStart(12, "0")

// `getRandomValues` takes as long for the bits of many ids as for those of one
const size = 8 * 64
const supply = /*#__PURE__*/ new Uint16Array(size)
let used = size

const unpredictable = (): string => {
  if (used >= size) {
    crypto.getRandomValues(supply)
    used = 0
  }
  let id = ""
  for (const end = used + 8; used < end; used++) id += ((supply[used] ?? 0) & 0xfff).toString(16).padStart(3, "0")
  return id
}

/**
 * Returns 96 random bits in hexadecimal. They come from the system, or from the `Random` service if a test or the application
 * has replaced Effect's own.
 */
export const randomId: Effect.Effect<string> = /*#__PURE__*/ Effect.randomWith((random) =>
  // Effect's own generator has a random seed of only 31 bits, once for each process
  random === Context.get(DefaultServices.liveServices, Random.Random)
    ? Effect.sync(unpredictable)
    : Effect.zipWith(random.next, random.next, (a, b) => hexadecimal(a) + hexadecimal(b))
)

const headerName = /^[!#$%&'*+.^_`|~\da-z-]+$/

/** Checks the name of the header that carries the id, and returns it in lower case. */
export const idHeader = (owner: string, name = "x-request-id"): string => {
  const lower = name.toLowerCase()
  return headerName.test(lower) ? lower : refuse(owner, "requestIdHeader", lower, "the name of a header")
}

/** Adds an id to a request that has none. */
export const withRequestId = (
  request: HttpClientRequest.HttpClientRequest,
  header: string
): Effect.Effect<HttpClientRequest.HttpClientRequest> =>
  request.headers[header] === undefined
    ? Effect.map(randomId, (id) => HttpClientRequest.setHeader(request, header, id))
    : Effect.succeed(request)
