/**
 * Ids by the `Random` service, such as all tries of a call carry.
 *
 * @since 0.1.0
 */
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import { refuse } from "./options.js"

let threes: ReadonlyArray<string> | undefined

/** 48 bits in hexadecimal; `toString(16)` takes five times as long for numbers of this size. */
const hexadecimal = (random: number): string => {
  threes ??= Array.from({ length: 4096 }, (_, number) => number.toString(16).padStart(3, "0"))
  const high = random * 2 ** 24
  const low = (high - Math.floor(high)) * 2 ** 24
  return `${threes[(high >> 12) & 4095]}${threes[high & 4095]}${threes[(low >> 12) & 4095]}${threes[low & 4095]}`
}

/** 96 bits in hexadecimal. */
export const randomId: Effect.Effect<string> = /*#__PURE__*/ Effect.flatMap(Random.next, (a) =>
  Effect.map(Random.next, (b) => hexadecimal(a) + hexadecimal(b))
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
