/**
 * A provider's table of the meanings of its statuses and error codes.
 *
 * The same status has different meanings: a 429 is a rate limit at one provider, a saturated deployment at another, and an
 * account without credit at a third. A dialect gives each status and code an error reason. It also says whether the server
 * executed anything before it responded, what to do, and the source of each statement. A dialect is plain data: read its
 * `entries`, extend it with `make`, or print it.
 *
 * | status | meaning in the dialect `generic` |
 * | --- | --- |
 * | 408, 425, 500, 502, 503, 504, every other 5xx but 501 and 505 | `Transient` |
 * | 429 | `RateLimit`, or `Fatal` `QuotaExhausted` by its code |
 * | 400, 401, 402, 403, 404, 405, 407, 409, 412, 413, 422 | `Fatal` |
 * | anything else | `Fatal` `UnexpectedStatus` |
 *
 * @since 0.1.0
 */
import type { Kind } from "./ApiError.js"
import { anthropic as anthropicEntries, anthropicLimits } from "./internal/dialect/anthropic.js"
import { fireworks as fireworksEntries, fireworksLimits } from "./internal/dialect/fireworks.js"
import { generic as genericEntries, genericLimits } from "./internal/dialect/generic.js"
import { openai as openaiEntries, openaiLimits } from "./internal/dialect/openai.js"
import { fatalReasons, rateLimitReasons, transientReasons } from "./internal/reasons.js"
import { oneOf } from "./internal/options.js"
import type { LimitsReader } from "./internal/dialect/limitHeaders.js"
import type { HeadersInput } from "./internal/http/headers.js"
import type { ServerLimit } from "./internal/rateLimiter/model.js"
import type { Condition, Entry, Target } from "./internal/dialect/model.js"

export type { LimitsReader } from "./internal/dialect/limitHeaders.js"
export type { Entry, Condition, Target, Meaning } from "./internal/dialect/model.js"
export type { Resource, ServerLimit } from "./internal/rateLimiter/model.js"

// -------------------------------------------------------------------------------------------------
// Model
// -------------------------------------------------------------------------------------------------

/**
 * The table of a provider.
 *
 * @since 0.1.0
 * @category model
 */
export interface Dialect {
  /** The provider's name. */
  readonly name: string
  /** All rows, including those of the base. */
  readonly entries: ReadonlyArray<Entry>
  /** The response headers that may hold the request id, in lower case, the most reliable first. */
  readonly requestIdHeaders: ReadonlyArray<string>
  /** The rows by status and by code, the most specific first. */
  readonly index: ReadonlyMap<number | string, ReadonlyArray<Entry>>
  /** Reads rate limits from headers. */
  readonly limits: LimitsReader
  /** The unit of these limits, if the headers do not contain it. */
  readonly limitsPer: "second" | "minute" | "hour" | "day"
}

/**
 * Options of `make`.
 *
 * @since 0.1.0
 * @category model
 */
export interface Options {
  /** The provider's name. */
  readonly name: string
  /** The dialect to extend. A row with the same condition as a row of the base replaces it. @default `generic` */
  readonly base?: Dialect | undefined
  /** The rows to add or to replace. */
  readonly entries: ReadonlyArray<Entry>
  /** The response headers that may hold the request id, the most reliable first. @default those of the base */
  readonly requestIdHeaders?: ReadonlyArray<string> | undefined
  /**
   * Reads rate limits from headers. `scale` converts an amount per `limitsPer` into one per minute. `now` is wall time in
   * milliseconds. @default that of the base
   */
  readonly limits?: LimitsReader | undefined
  /**
   * The unit of these limits, if the headers do not contain it. A wrong unit sets a wrong pace. @default that of the base; without a
   * base, "minute"
   */
  readonly limitsPer?: Dialect["limitsPer"] | undefined
}

// -------------------------------------------------------------------------------------------------
// make
// -------------------------------------------------------------------------------------------------

const reasons: { readonly [C in Kind["class"]]: ReadonlyArray<string> } = {
  RateLimit: Object.keys(rateLimitReasons),
  Transient: Object.keys(transientReasons),
  Fatal: Object.keys(fatalReasons)
}

const conditionKey = (entry: Condition): string =>
  [entry.status ?? "any status", entry.code?.toLowerCase(), entry.target, entry.says?.source]
    .filter((part) => part !== undefined)
    .join(" / ")

const specificity = (entry: Condition): number =>
  (entry.code === undefined ? 0 : 4) + (entry.target === undefined ? 0 : 2) + (entry.says === undefined ? 0 : 1)

const refuse = (dialect: string, problem: string): never => {
  throw new RangeError(`Dialect.make(${JSON.stringify(dialect)}): ${problem}`)
}

const check = (dialect: string, entry: Entry, position: number): void => {
  const at = `entries[${position}]`
  const { status, code, target, says, reason, source } = entry
  const known = Object.hasOwn(reasons, entry.class) ? reasons[entry.class] : undefined
  if (status === undefined && code === undefined) refuse(dialect, `${at} has neither a status nor a code; give it one`)
  if (status !== undefined && !(Number.isInteger(status) && status >= 100 && status <= 999)) {
    refuse(dialect, `${at}.status is ${String(status)}; it must be an integer from 100 to 999`)
  }
  if (code !== undefined && (typeof code !== "string" || code === "")) {
    refuse(dialect, `${at}.code is ${JSON.stringify(code)}; it must be a non-empty string`)
  }
  if (target !== undefined && target !== "serverless" && target !== "dedicated") {
    refuse(dialect, `${at}.target is ${JSON.stringify(target)}; it must be "serverless" or "dedicated"`)
  }
  if (says !== undefined && !(says instanceof RegExp && !says.global && !says.sticky)) {
    refuse(dialect, `${at}.says is ${String(says)}; it must be a regular expression without the flags g and y`)
  }
  if (known === undefined) {
    refuse(
      dialect,
      `${at}.class is ${JSON.stringify(entry.class)}; it must be one of ${Object.keys(reasons).join(", ")}`
    )
  } else if (!known.includes(reason)) {
    refuse(dialect, `${at}.reason is ${JSON.stringify(reason)}; the reasons of ${entry.class} are ${known.join(", ")}`)
  }
  if (typeof source !== "string" || source === "") {
    refuse(dialect, `${at}.source is ${JSON.stringify(source)}; name the page or the observation that it comes from`)
  }
}

const minutes = { second: 60, minute: 1, hour: 1 / 60, day: 1 / 1440 }

const units = ["second", "minute", "hour", "day"] as const

const makeIndex = (entries: ReadonlyArray<Entry>): Dialect["index"] => {
  const index = new Map<number | string, Array<Entry>>()
  for (const entry of entries) {
    const key = entry.status ?? entry.code?.toLowerCase() ?? ""
    const rows = index.get(key) ?? []
    rows.push(entry)
    index.set(
      key,
      rows.toSorted((a, b) => specificity(b) - specificity(a))
    )
  }
  return index
}

const build = (
  options: Options,
  base: Pick<Dialect, "entries" | "requestIdHeaders" | "limits" | "limitsPer">
): Dialect => {
  if (typeof options.name !== "string" || options.name === "") {
    refuse("", `name is ${JSON.stringify(options.name)}; it must be a non-empty string`)
  }
  const own = new Map<string, number>()
  options.entries.forEach((entry, position) => {
    check(options.name, entry, position)
    const key = conditionKey(entry)
    const before = own.get(key)
    if (before !== undefined)
      refuse(options.name, `entries[${before}] and entries[${position}] have the same condition, ${key}; remove one`)
    own.set(key, position)
  })
  const entries = [...base.entries.filter((entry) => !own.has(conditionKey(entry))), ...options.entries]
  // an entry with `says` must have the meaning of the entry without it: the class of an error never depends on the words of a
  // message
  options.entries.forEach((entry, position) => {
    if (entry.says === undefined) return
    const plain = entries.find((other) => conditionKey(other) === conditionKey({ ...entry, says: undefined }))
    if (plain?.reason !== entry.reason || plain.executed !== entry.executed) {
      refuse(
        options.name,
        `entries[${position}].says is ${String(entry.says)}; an entry with says may change the advice only; add an entry for ` +
          `${conditionKey({ ...entry, says: undefined })} with the same reason and the same executed`
      )
    }
  })
  const requestIdHeaders = (options.requestIdHeaders ?? base.requestIdHeaders).map((name) => name.toLowerCase())
  return {
    name: options.name,
    entries,
    requestIdHeaders,
    index: makeIndex(entries),
    limits: options.limits ?? base.limits,
    limitsPer: oneOf("Dialect.make", "limitsPer", options.limitsPer ?? base.limitsPer, units)
  }
}

/**
 * Creates a dialect from rows, on top of another dialect.
 *
 * Throws a `RangeError` if two rows have the same condition, if a class or reason is unknown, or if a row names no source.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Classify, Dialect } from "effect-reliability"
 *
 * const acme = Dialect.make({
 *   name: "acme",
 *   entries: [
 *     {
 *       status: 503,
 *       code: "warming_up",
 *       class: "Transient",
 *       reason: "ScalingUp",
 *       executed: false,
 *       advice: "Wait two minutes.",
 *       source: "https://acme.example/docs/errors"
 *     }
 *   ]
 * })
 * const error = Classify.answer({ status: 503, body: { error: { code: "WARMING_UP" } }, dialect: acme, now: 0 })
 * assert.strictEqual(error.reason, "ScalingUp")
 * assert.strictEqual(error.advice, "Wait two minutes.")
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options): Dialect => build(options, options.base ?? generic)

// -------------------------------------------------------------------------------------------------
// lookup
// -------------------------------------------------------------------------------------------------

const unexpected: Entry = { class: "Fatal", reason: "UnexpectedStatus", source: "no entry" }

const unknownServerError: Entry = {
  class: "Transient",
  reason: "UnknownStatus",
  source: "RFC 9110 §15.6: a 5xx is the server's failure"
}

/**
 * Finds the meaning of a response. Every status has one.
 *
 * The status decides first, and codes refine it. A row without a status applies only if the status has no row of its own. An
 * example is an error event in a stream that began with 200.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Dialect } from "effect-reliability"
 *
 * const saturated = Dialect.lookup(Dialect.fireworks, { status: 429, codes: [], target: "dedicated" })
 * assert.strictEqual(saturated.reason, "Capacity")
 * ```
 *
 * @since 0.1.0
 * @category getters
 */
export const lookup = (
  dialect: Dialect,
  answer: {
    readonly status: number
    /** The codes and types in the body, the most specific first. */
    readonly codes: ReadonlyArray<string>
    readonly target?: Target | undefined
    /** The message in the body. */
    readonly text?: string | undefined
  }
): Entry => {
  const { codes, status, target, text } = answer
  const applies = ({ code: own, says, target: where }: Entry): boolean =>
    (own === undefined || codes.some((code) => code.toLowerCase() === own.toLowerCase())) &&
    (where === undefined || where === target) &&
    (says === undefined || (text !== undefined && says.test(text)))
  for (const key of [status, ...codes]) {
    const row = dialect.index.get(typeof key === "string" ? key.toLowerCase() : key)?.find(applies)
    if (row !== undefined) return row
  }
  return Math.floor(status / 100) === 5 ? unknownServerError : unexpected
}

// -------------------------------------------------------------------------------------------------
// limits
// -------------------------------------------------------------------------------------------------

/**
 * Reads the rate limits in the headers of a response, each per minute. Invalid headers are ignored.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Dialect } from "effect-reliability"
 *
 * const headers = { "x-ratelimit-limit-requests": "60", "x-ratelimit-remaining-requests": "59", "x-ratelimit-reset-requests": "6m0s" }
 * assert.deepStrictEqual(Dialect.limits(Dialect.openai, headers, Date.now()), [
 *   { resource: "requests", perMinute: 60, remaining: 59, resetAfter: 360_000 }
 * ])
 * ```
 *
 * @since 0.2.0
 * @category getters
 */
export const limits = (dialect: Dialect, headers: HeadersInput, now: number): ReadonlyArray<ServerLimit> =>
  dialect.limits(headers, now, minutes[dialect.limitsPer])

// -------------------------------------------------------------------------------------------------
// Tables
// -------------------------------------------------------------------------------------------------

/**
 * The meanings that HTTP defines, and the codes that OpenAI-compatible APIs share. It is the base of all other dialects.
 *
 * @since 0.1.0
 * @category constants
 */
export const generic: Dialect = /*#__PURE__*/ build(
  { name: "generic", entries: genericEntries },
  {
    entries: [],
    requestIdHeaders: ["x-request-id", "request-id", "cf-ray"],
    limits: genericLimits,
    limitsPer: "minute"
  }
)

/**
 * The dialect of Fireworks AI: inference, and the control plane of jobs and deployments.
 *
 * @since 0.1.0
 * @category constants
 */
export const fireworks: Dialect = /*#__PURE__*/ make({
  name: "fireworks",
  entries: fireworksEntries,
  limits: fireworksLimits,
  requestIdHeaders: ["x-request-id", "x-fireworks-request-id", "cf-ray"]
})

/**
 * The dialect of OpenAI.
 *
 * @since 0.1.0
 * @category constants
 */
export const openai: Dialect = /*#__PURE__*/ make({
  name: "openai",
  entries: openaiEntries,
  limits: openaiLimits
})

/**
 * The dialect of Anthropic, and of the Anthropic-compatible endpoints of other providers.
 *
 * @since 0.1.0
 * @category constants
 */
export const anthropic: Dialect = /*#__PURE__*/ make({
  name: "anthropic",
  entries: anthropicEntries,
  limits: anthropicLimits,
  requestIdHeaders: ["request-id", "x-request-id", "cf-ray"]
})
