/**
 * Reduces foreign exceptions to the names and codes along their cause chain, which may be shown.
 *
 * Messages, stacks, requests and headers of foreign exceptions can hold keys and prompts; names and codes do not.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Runtime from "effect/Runtime"
import { isSecret } from "./redact.js"

const maxDepth = 16

/** Returns the result of `f`, or undefined if it throws. On a proxy any operation can throw, `instanceof` included. */
export const attempt = <A>(f: () => A): A | undefined => {
  try {
    return f()
  } catch {
    return undefined
  }
}

/** Returns the effect that `f` makes. What it throws is a defect of the effect, as in `Effect.suspend`, which costs an operation. */
export const evaluate = <A, E, R>(f: () => Effect.Effect<A, E, R>): Effect.Effect<A, E, R> => {
  try {
    return f()
  } catch (defect) {
    return Effect.die(defect)
  }
}

/** Reads a property of any value; undefined if reading it throws. */
export const read = (u: unknown, key: PropertyKey): unknown =>
  (typeof u === "object" && u !== null) || typeof u === "function"
    ? attempt<unknown>(() => Reflect.get(u, key))
    : undefined

/** Returns an array unchanged, and an empty array for any other value. */
export const list = (u: unknown): ReadonlyArray<unknown> =>
  attempt(() => Array.isArray(u)) === true ? (u as ReadonlyArray<unknown>) : []

const namePattern = /^[A-Za-z_$][\w$]{0,63}$/
const codePattern = /^[A-Z][A-Z0-9_/]{0,63}$/
// such codes can look like keys, long and with digits: ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION
const platformCode = /^(?:ERR|HPE|UND_ERR)_[A-Z0-9]+(?:[_/][A-Z0-9]+)*$/

const safeName = (u: unknown): string | undefined =>
  typeof u === "string" && namePattern.test(u) && !isSecret(u) ? u : undefined

/**
 * Returns the name of an exception's class. Many exceptions, such as those of the `openai` package, have it only as the name of
 * their constructor.
 */
export const nameOf = (u: unknown): string | undefined => {
  const name = safeName(read(u, "_tag")) ?? safeName(read(u, "name"))
  if (name !== undefined && name !== "Error") return name
  return safeName(read(read(u, "constructor"), "name")) ?? name
}

/** Returns the code of an exception, such as `ECONNREFUSED`; never free text. */
export const codeOf = (u: unknown): string | undefined => {
  const code = read(u, "code")
  if (typeof code !== "string" || !codePattern.test(code)) return undefined
  return platformCode.test(code) || !isSecret(code) ? code : undefined
}

const next = (u: unknown): ReadonlyArray<unknown> => {
  const tag = read(u, "_tag")
  return [
    read(u, "cause"),
    // `Effect.runPromise` rejects with a `FiberFailure`, which holds a `Cause`
    read(u, Runtime.FiberFailureCauseId),
    tag === "Fail" ? read(u, "error") : tag === "Die" ? read(u, "defect") : undefined,
    ...(tag === "Sequential" || tag === "Parallel" ? [read(u, "left"), read(u, "right")] : []),
    // Node connects to each address of a name in turn, and fails with an AggregateError
    ...list(read(u, "errors")).slice(0, 2)
  ]
}

/** Returns an exception and its causes, outermost first. Safe against cycles, endless chains and throwing getters. */
export const chain = (u: unknown): ReadonlyArray<unknown> => {
  const seen = new Set<unknown>([u])
  for (const node of seen) {
    if (seen.size > maxDepth) break
    for (const inner of next(node)) {
      if (inner !== undefined && inner !== null && typeof inner !== "string") seen.add(inner)
    }
  }
  return [...seen]
}

/** The name, code and cause of an exception, without anything that could be secret. */
export class CauseSummary {
  readonly name: string
  declare readonly code?: string
  declare readonly cause?: CauseSummary
  constructor(name: string, code: string | undefined, cause: CauseSummary | undefined) {
    this.name = name
    if (code !== undefined) this.code = code
    if (cause !== undefined) this.cause = cause
  }
  toString(): string {
    const own = this.code === undefined ? this.name : `${this.name} (${this.code})`
    return this.cause === undefined ? own : `${own} ← ${this.cause.toString()}`
  }
}

/** Reduces an exception and its causes to summaries, in the same order; undefined for undefined and null. */
export const reduce = (u: unknown): CauseSummary | undefined => {
  if (u === undefined || u === null) return undefined
  const origin = attempt(() => (u instanceof CauseSummary ? u : undefined))
  if (origin !== undefined) return origin
  return chain(u)
    .slice(0, maxDepth)
    .reduceRight<CauseSummary | undefined>(
      (cause, node) => new CauseSummary(nameOf(node) ?? typeof node, codeOf(node), cause),
      undefined
    )
}
