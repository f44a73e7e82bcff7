/**
 * Reads rate limits from response headers. Headers come from the network: invalid ones are ignored, and every number that is
 * returned is finite and bounded.
 *
 * @since 0.2.0
 */
import { get, type HeadersInput } from "../http/headers.js"
import type { Resource, ServerLimit } from "../rateLimiter/model.js"

/**
 * Reads limits; `scale` turns an amount of the provider's unit into one per minute, `now` is wall time in milliseconds.
 *
 * @since 0.2.0
 * @category model
 */
export type LimitsReader = (headers: HeadersInput, now: number, scale: number) => ReadonlyArray<ServerLimit>

const largest = 1e12
/** A reset that is further away does not describe a rate. */
const longestReset = 86_400_000

/** Reads an amount that is not negative. */
export const amount = (text: string | undefined): number | undefined => {
  if (text === undefined || !/^\d{1,15}(?:\.\d{1,9})?$/.test(text)) return undefined
  const value = Number(text)
  return value <= largest ? value : undefined
}

const bounded = (millis: number): number | undefined =>
  millis >= 0 && millis <= longestReset ? Math.ceil(millis) : undefined

const units: { readonly [unit: string]: number } = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000, ms: 1 }

/** Reads a duration such as `6m0s`, `1h2m`, `20ms` or `12.5s`; a number alone is seconds. */
export const resetIn = (text: string | undefined): number | undefined => {
  if (text === undefined) return undefined
  const seconds = amount(text)
  if (seconds !== undefined) return bounded(seconds * 1000)
  if (!/^(?:\d{1,9}(?:\.\d{1,9})?(?:ms|[dhms])){1,5}$/.test(text)) return undefined
  let millis = 0
  for (const [, value, unit = ""] of text.matchAll(/([\d.]+)(ms|[dhms])/g)) millis += Number(value) * (units[unit] ?? 0)
  return bounded(millis)
}

/** Reads a date of RFC 3339. */
export const resetAt = (text: string | undefined, now: number): number | undefined =>
  text !== undefined && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/i.test(text)
    ? bounded(Math.max(0, Date.parse(text) - now))
    : undefined

/** Returns a list of one limit, or an empty list if the admitted amount is missing or zero. */
export const limitOf = (
  resource: Resource,
  admitted: number | undefined,
  remaining: number | undefined,
  resetAfter: number | undefined,
  scale: number
): ReadonlyArray<ServerLimit> => {
  const perMinute = admitted === undefined ? 0 : admitted * scale
  return perMinute > 0 && perMinute <= largest
    ? [{ resource, perMinute, remaining: remaining && remaining * scale, resetAfter }]
    : []
}

/** Returns the limit of which the smallest share is left. */
export const tighter = (limits: ReadonlyArray<ServerLimit>): ReadonlyArray<ServerLimit> => {
  const left = ({ perMinute, remaining }: ServerLimit) => (remaining ?? perMinute) / perMinute
  const [first, ...others] = limits
  return first === undefined
    ? []
    : [others.reduce((least, other) => (left(other) < left(least) ? other : least), first)]
}

// --- The IETF's draft ------------------------------------------------------------------------------

/** A member of a structured list: its name and its parameters. */
interface Member {
  readonly name: string
  readonly parameters: ReadonlyMap<string, string>
}

const membersOf = (text: string | undefined): ReadonlyArray<Member> =>
  (text ?? "").split(",", 16).map((member) => {
    const [name = "", ...parameters] = member.split(";", 16).map((part) => part.trim())
    const pairs = parameters.map((parameter) => {
      const at = parameter.indexOf("=")
      return at < 0
        ? ([parameter, ""] as const)
        : ([parameter.slice(0, at).trim().toLowerCase(), parameter.slice(at + 1).trim()] as const)
    })
    return { name, parameters: new Map(pairs) }
  })

/** The longest window of a policy, in seconds. A longer one is a quota and does not describe a rate. */
const longestWindow = 3600

const shareOf = (members: ReadonlyArray<Member>, name: string) => {
  const found = members.find((member) => member.name === name) ?? members[0]
  return {
    remaining: amount(found?.parameters.get("r")),
    resetAfter: resetIn(amount(found?.parameters.get("t")) === undefined ? undefined : found?.parameters.get("t"))
  }
}

/** Reads `RateLimit-Policy` and `RateLimit` of the IETF draft, and the forms of its earlier versions, such as `RateLimit-Limit`. */
export const ietfLimits: LimitsReader = (headers, _now, scale) => {
  const policies = membersOf(get(headers, "ratelimit-policy")).flatMap(({ name, parameters }) => {
    const [quota, window] = [amount(parameters.get("q")), amount(parameters.get("w"))]
    const unit = parameters.get("qu")?.replaceAll('"', "") ?? "requests"
    if (quota === undefined || unit !== "requests" || window === 0 || (window ?? 0) > longestWindow) return []
    return [{ name, quota, perMinute: window === undefined ? quota * scale : (quota * 60) / window }]
  })
  const [first, ...others] = policies
  if (first !== undefined) {
    const slowest = others.reduce((least, other) => (other.perMinute < least.perMinute ? other : least), first)
    const { remaining, resetAfter } = shareOf(membersOf(get(headers, "ratelimit")), slowest.name)
    return limitOf("requests", slowest.perMinute, remaining, resetAfter, 1)
  }
  const older = new Map(membersOf(get(headers, "ratelimit")).map(({ name }) => name.split("=", 2) as [string, string]))
  const [limit] = membersOf(get(headers, "ratelimit-limit"))
  const window = amount(limit?.parameters.get("w"))
  if (window === 0 || (window ?? 0) > longestWindow) return []
  return limitOf(
    "requests",
    amount(limit?.name ?? older.get("limit")) ?? amount(older.get("limit")),
    amount(get(headers, "ratelimit-remaining") ?? older.get("remaining")),
    resetIn(get(headers, "ratelimit-reset") ?? older.get("reset")),
    window === undefined ? scale : 60 / window
  )
}
