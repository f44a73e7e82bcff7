/** Fixtures of the tests in Classify/. */
import type { ApiError } from "effect-reliability"
import { Classify, Dialect } from "effect-reliability"

export const fireworks = (status: number, body?: unknown, options: Partial<Classify.Answer> = {}) =>
  Classify.answer({ status, body, dialect: Dialect.fireworks, now: 0, ...options })

export const kind = (error: ApiError.ApiError) => `${error._tag} ${error.reason}`

/** Returns the number of runs of a property; a mutation test runs a fraction of them for each mutant. */
export const runs = (all: number) => (process.env["MUTATION_TESTS"] === undefined ? all : all / 50)

export const throwing = () => {
  throw new Error("trap")
}

/** Replaces placeholders by proxies, which fast-check cannot generate. */
export const withProxies = (u: unknown): unknown => {
  if (u === "throwing proxy")
    return new Proxy(() => 1, { get: throwing, has: throwing, getPrototypeOf: throwing, ownKeys: throwing })
  if (u === "revoked proxy") {
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()
    return proxy
  }
  if (Array.isArray(u)) return u.map(withProxies)
  return typeof u === "object" && u !== null && Object.getPrototypeOf(u) === Object.prototype
    ? Object.fromEntries(Object.entries(u).map(([k, v]) => [k, withProxies(v)]))
    : u
}
