/**
 * Whether a request may be repeated once the server may have executed it.
 *
 * @since 0.1.0
 */
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import { globalValue } from "effect/GlobalValue"
import type { Idempotency } from "../call/model.js"
import { oneOf } from "../options.js"

type Request = HttpClientRequest.HttpClientRequest

/** What `ReliableHttpClient.withIdempotency` declares of the requests that the current fiber sends. */
export const declaredIdempotency: FiberRef.FiberRef<Idempotency | undefined> = /*#__PURE__*/ globalValue(
  /*#__PURE__*/ Symbol.for("effect-reliability/Idempotency"),
  () => FiberRef.unsafeMake<Idempotency | undefined>(undefined)
)

/** Checks an idempotency. */
export const checkIdempotency = (owner: string, value: Idempotency): Idempotency =>
  oneOf(owner, "idempotency", value, ["safe", "keyed", "never"])

// RFC 9110 §9.2.2: the methods whose requests are idempotent
const idempotent: ReadonlySet<string> = /*#__PURE__*/ new Set(["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])

/** The idempotency that a request has by its method. */
export const idempotencyOfMethod = ({ method }: Request): Idempotency => (idempotent.has(method) ? "safe" : "never")

/**
 * The idempotency of a request. The first that is given decides: `withIdempotency`, a function of the request, an
 * `Idempotency-Key` header, a value for all requests, the method. Nothing else around the call has a say.
 */
export const idempotencyOf = (
  request: Request,
  fiber: Fiber.RuntimeFiber<unknown, unknown>,
  option: Idempotency | ((request: Request) => Idempotency) | undefined
): Idempotency => {
  const declared = fiber.getFiberRef(declaredIdempotency)
  if (declared !== undefined) return declared
  if (typeof option === "function") return option(request)
  return request.headers["idempotency-key"] ? "keyed" : (option ?? idempotencyOfMethod(request))
}
