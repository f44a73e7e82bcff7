/**
 * The idempotency of requests: the condition under which they may be repeated after the server may have executed them.
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

/** The idempotency that `ReliableHttpClient.withIdempotency` declares for the requests of the current fiber. */
export const declaredIdempotency: FiberRef.FiberRef<Idempotency | undefined> = /*#__PURE__*/ globalValue(
  /*#__PURE__*/ Symbol.for("effect-reliability/Idempotency"),
  () => FiberRef.unsafeMake<Idempotency | undefined>(undefined)
)

/** Returns an idempotency, or throws a `RangeError` if it is invalid. */
export const checkIdempotency = (owner: string, value: Idempotency): Idempotency =>
  oneOf(owner, "idempotency", value, ["safe", "keyed", "never"])

// RFC 9110 §9.2.2: the methods whose requests are idempotent
const idempotent: ReadonlySet<string> = /*#__PURE__*/ new Set(["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])

/** Returns the idempotency that follows from the method of a request. */
export const idempotencyOfMethod = ({ method }: Request): Idempotency => (idempotent.has(method) ? "safe" : "never")

/**
 * Returns the idempotency of a request. The first source that is present decides: `withIdempotency`, an option that is a
 * function of the request, an `Idempotency-Key` header, an option that is a value, the method. The workload does not matter.
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
