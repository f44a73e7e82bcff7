/**
 * A foreign exception, reduced to what may be shown: the names and codes along its cause chain.
 *
 * Messages, stacks, requests and headers of foreign exceptions hold keys and prompts; names and codes do not.
 *
 * @since 0.1.0
 */
import { isSecret } from "./redact.js"

const maxDepth = 16

/** What `f` returns, or nothing where it throws: proxies do so where one would least think, `instanceof` included. */
export const attempt = <A>(f: () => A): A | undefined => {
  try {
    return f()
  } catch {
    return undefined
  }
}

/** Reads a property of anything; what throws reads as absent. */
export const read = (u: unknown, key: PropertyKey): unknown =>
  (typeof u === "object" && u !== null) || typeof u === "function"
    ? attempt<unknown>(() => Reflect.get(u, key))
    : undefined

/** Anything as a list: empty where it is none. */
export const list = (u: unknown): ReadonlyArray<unknown> =>
  attempt(() => Array.isArray(u)) === true ? (u as ReadonlyArray<unknown>) : []

const namePattern = /^[A-Za-z_$][\w$]{0,63}$/
const codePattern = /^[A-Z][A-Z0-9_/]{0,63}$/
// as long, and with digits, as keys are: ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION
const platformCode = /^(?:ERR|HPE|UND_ERR)_[A-Z0-9]+(?:[_/][A-Z0-9]+)*$/

const safeName = (u: unknown): string | undefined =>
  typeof u === "string" && namePattern.test(u) && !isSecret(u) ? u : undefined

/** The class that an exception says it is: many, like the `openai` package's, set only the constructor's name. */
export const nameOf = (u: unknown): string | undefined => {
  const name = safeName(read(u, "_tag")) ?? safeName(read(u, "name"))
  if (name !== undefined && name !== "Error") return name
  return safeName(read(read(u, "constructor"), "name")) ?? name
}

/** `ECONNREFUSED` and its like; never free text. */
export const codeOf = (u: unknown): string | undefined => {
  const code = read(u, "code")
  if (typeof code !== "string" || !codePattern.test(code)) return undefined
  return platformCode.test(code) || !isSecret(code) ? code : undefined
}

const fiberFailureCause = Symbol.for("effect/Runtime/FiberFailure/Cause")

const next = (u: unknown): ReadonlyArray<unknown> => {
  const tag = read(u, "_tag")
  return [
    read(u, "cause"),
    // what `Effect.runPromise` rejects with, and the `Cause` inside it
    read(u, fiberFailureCause),
    tag === "Fail" ? read(u, "error") : tag === "Die" ? read(u, "defect") : undefined,
    ...(tag === "Sequential" || tag === "Parallel" ? [read(u, "left"), read(u, "right")] : []),
    // Node tries each address of a name, and fails with an AggregateError
    ...list(read(u, "errors")).slice(0, 2)
  ]
}

/** The exception and what caused it, outermost first; safe against cycles, endless chains and throwing getters. */
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

/** What is left of an exception once everything that could be secret is gone. */
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

/** Reduces an exception, keeping the order of its chain; `undefined` where there is nothing to tell. */
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
