/**
 * Ids such as all attempts of a call carry, by which the jobs of all processes differ.
 *
 * @since 0.1.0
 */
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Context from "effect/Context"
import * as DefaultServices from "effect/DefaultServices"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import { refuse } from "./options.js"

let threes: ReadonlyArray<string> | undefined

/** 12 bits in hexadecimal; `toString(16)` takes five times as long for numbers of 48. */
const three = (bits: number): string => {
  threes ??= Array.from({ length: 4096 }, (_, number) => number.toString(16).padStart(3, "0"))
  return threes[bits & 4095] ?? ""
}

const hexadecimal = (random: number): string => {
  const high = random * 2 ** 24
  const low = (high - Math.floor(high)) * 2 ** 24
  return three(high >> 12) + three(high) + three(low >> 12) + three(low)
}

// To ask for bits takes as long for many ids as for one
const size = 8 * 64
const supply = /*#__PURE__*/ new Uint16Array(size)
let used = size

const unpredictable = (): string => {
  if (used >= size) {
    crypto.getRandomValues(supply)
    used = 0
  }
  let id = ""
  for (const end = used + 8; used < end; used++) id += three(supply[used] ?? 0)
  return id
}

/** 96 bits in hexadecimal, by the `Random` service where a test, or anybody, has put another than Effect's own. */
export const randomId: Effect.Effect<string> = /*#__PURE__*/ Effect.randomWith((random) =>
  // of which all that is random is a seed of 31 bits, once for a process
  random === Context.get(DefaultServices.liveServices, Random.Random)
    ? Effect.sync(unpredictable)
    : Effect.zipWith(random.next, random.next, (a, b) => hexadecimal(a) + hexadecimal(b))
)

const headerName = /^[!#$%&'*+.^_`|~\da-z-]+$/

/** The name of the header that carries the id, in lower case. */
export const idHeader = (owner: string, name = "x-request-id"): string => {
  const lower = name.toLowerCase()
  return headerName.test(lower) ? lower : refuse(owner, "requestIdHeader", lower, "the name of a header")
}

/** The request with an id, unless it has one of its own. */
export const withRequestId = (
  request: HttpClientRequest.HttpClientRequest,
  header: string
): Effect.Effect<HttpClientRequest.HttpClientRequest> =>
  request.headers[header] === undefined
    ? Effect.map(randomId, (id) => HttpClientRequest.setHeader(request, header, id))
    : Effect.succeed(request)
