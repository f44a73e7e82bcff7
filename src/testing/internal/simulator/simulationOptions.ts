/**
 * Validation of the options of simulations. All durations become milliseconds.
 *
 * @since 0.2.0
 */
import * as Duration from "effect/Duration"
import { duration, number, oneOf, refuse } from "../../../internal/options.js"
import type { CheckedLoad } from "./load.js"
import type {
  BucketOptions,
  HeaderStyle,
  Latency,
  Load,
  Period,
  ServerOptions,
  ServerState,
  SlotsOptions,
  TokenLimits,
  TokensOptions
} from "./model.js"
import { lognormal } from "./random.js"

/** A latency in milliseconds. */
export type Late = (state: ServerState) => number

interface CheckedPeriod {
  readonly from: number
  readonly to: number
}

export interface CheckedServer {
  readonly hint: NonNullable<ServerOptions["hint"]>
  readonly headers: HeaderStyle
  readonly misstated: number
  readonly outages: ReadonlyArray<CheckedPeriod & { readonly status: number | "hang"; readonly announced: boolean }>
  readonly brownOuts: ReadonlyArray<CheckedPeriod & { readonly factor: number }>
  readonly errors: ReadonlyArray<CheckedPeriod & { readonly share: number; readonly status: number }>
}

export interface CheckedBucket extends CheckedServer {
  readonly perSecond: number
  readonly burst: number
  readonly window: number | undefined
  readonly latency: Late
  readonly changes: ReadonlyArray<{ readonly at: number; readonly perSecond: number }>
  readonly growth: { readonly every: number; readonly max: number } | undefined
}

export interface CheckedTokens extends CheckedServer {
  readonly perMinute: TokenLimits
  readonly burst: number
  readonly latency: Late
  readonly speed: number
  readonly stream: boolean
  readonly changes: ReadonlyArray<{ readonly at: number; readonly perMinute: Partial<TokenLimits> }>
}

export interface CheckedSlots extends CheckedServer {
  readonly slots: number
  readonly queue: number
  readonly status: number
  readonly latency: Late
  readonly firstByte: number
  readonly changes: ReadonlyArray<{
    readonly at: number
    readonly slots: number | undefined
    readonly latency: Late | undefined
  }>
}

/** Returns a duration in milliseconds. */
export const millisOf = (owner: string, option: string, input: Duration.DurationInput, min = 0): number =>
  Duration.toMillis(duration(owner, option, input, { min }))

const positive = (owner: string, option: string, value: number): number => {
  const checked = number(owner, option, value, {})
  return checked > 0 ? checked : refuse(owner, option, value, "above 0")
}

const period = (owner: string, option: string, { from, to }: Period): CheckedPeriod => {
  const checked = { from: millisOf(owner, `${option}.from`, from), to: millisOf(owner, `${option}.to`, to) }
  return checked.to > checked.from ? checked : refuse(owner, `${option}.to`, to, "after from")
}

const late = (owner: string, latency: Latency): Late => {
  if (typeof latency !== "function") {
    const millis = millisOf(owner, "latency", latency)
    return () => millis
  }
  return (state) => {
    const given = latency(state)
    return typeof given === "number" ? given : Duration.toMillis(given)
  }
}

const forms = ["none", "seconds", "millis", "date"] as const
const styles = ["none", "ietf", "openai", "anthropic", "fireworks"] as const
const status = (owner: string, option: string, value: number): number =>
  number(owner, option, value, { integer: true, min: 400, max: 599 })

const checkServer = (owner: string, options: ServerOptions): CheckedServer => ({
  hint: oneOf(owner, "hint", options.hint ?? "none", forms),
  headers: oneOf(owner, "headers", options.headers ?? "none", styles),
  misstated: positive(owner, "misstated", options.misstated ?? 1),
  outages: (options.outages ?? []).map((outage) => ({
    ...period(owner, "outages", outage),
    status: outage.status === "hang" ? "hang" : status(owner, "outages.status", outage.status ?? 503),
    announced: outage.announced ?? false
  })),
  brownOuts: (options.brownOuts ?? []).map((brownOut) => ({
    ...period(owner, "brownOuts", brownOut),
    factor: number(owner, "brownOuts.factor", brownOut.factor, { min: 1 })
  })),
  errors: (options.errors ?? []).map(({ from = 0, share, status: given = 500, to }) => ({
    from: millisOf(owner, "errors.from", from),
    to: to === undefined ? Infinity : millisOf(owner, "errors.to", to),
    share: number(owner, "errors.share", share, { max: 1 }),
    status: status(owner, "errors.status", given)
  }))
})

export const checkBucket = (options: BucketOptions): CheckedBucket => {
  const owner = "Simulator.bucket"
  const perSecond = positive(owner, "perSecond", options.perSecond)
  const { changes = [], growth, latency, window } = options
  return {
    ...checkServer(owner, options),
    perSecond,
    burst: number(owner, "burst", options.burst ?? Math.max(1, perSecond / 5), { min: 1 }),
    window: window === undefined ? undefined : millisOf(owner, "window", window, 1),
    latency: late(owner, latency ?? (({ random }) => 8 + 4 * random())),
    changes: changes.map(({ at, perSecond }) => ({
      at: millisOf(owner, "changes.at", at),
      perSecond: positive(owner, "changes.perSecond", perSecond)
    })),
    growth: growth && {
      every: millisOf(owner, "growth.every", growth.every, 1),
      max: positive(owner, "growth.max", growth.max)
    }
  }
}

const checkLimits = (owner: string, option: string, limits: Partial<TokenLimits>): Partial<TokenLimits> => {
  for (const [resource, limit] of Object.entries(limits)) positive(owner, `${option}.${resource}`, limit)
  return limits
}

export const checkTokens = (options: TokensOptions): CheckedTokens => {
  const owner = "Simulator.tokens"
  const { burst = "10 seconds", changes = [], latency = 300, perMinute = {}, speed = 80, stream = true } = options
  return {
    ...checkServer(owner, options),
    perMinute: { requests: 600, input: 600_000, output: 120_000, ...checkLimits(owner, "perMinute", perMinute) },
    burst: millisOf(owner, "burst", burst, 1),
    latency: late(owner, latency),
    speed: positive(owner, "speed", speed),
    stream,
    changes: changes.map(({ at, perMinute }) => ({
      at: millisOf(owner, "changes.at", at),
      perMinute: checkLimits(owner, "changes.perMinute", perMinute)
    }))
  }
}

const loaded: Late = ({ active, random, slots }) => lognormal(random, 2000, 0.5) * (0.5 + (0.5 * active) / slots)

export const checkSlots = (options: SlotsOptions): CheckedSlots => {
  const owner = "Simulator.slots"
  const { changes = [], firstByte = 0.15, latency, queue = 32, slots = 32 } = options
  const least = { integer: true, min: 1 }
  return {
    ...checkServer(owner, options),
    slots: number(owner, "slots", slots, least),
    queue: number(owner, "queue", queue, { integer: true }),
    status: status(owner, "status", options.status ?? 429),
    latency: latency === undefined ? loaded : late(owner, latency),
    firstByte: number(owner, "firstByte", firstByte, { max: 1 }),
    changes: changes.map(({ at, latency, slots }) => ({
      at: millisOf(owner, "changes.at", at),
      slots: slots === undefined ? undefined : number(owner, "changes.slots", slots, least),
      latency: latency === undefined ? undefined : late(owner, latency)
    }))
  }
}

export const checkLoad = (owner: string, load: Load): CheckedLoad => {
  const { deadline, from = 0, sizes, stagger = 0, to } = load
  const closed = load.workers === undefined ? undefined : load
  return {
    class: load.class ?? "interactive",
    workers: closed && number(owner, "load.workers", closed.workers, { integer: true, min: 1 }),
    perSecond: load.perSecond === undefined ? 0 : positive(owner, "load.perSecond", load.perSecond),
    sizes,
    deadline: deadline === undefined ? Infinity : millisOf(owner, "load.deadline", deadline, 1),
    from: millisOf(owner, "load.from", from),
    to: to === undefined ? Infinity : millisOf(owner, "load.to", to),
    stagger: millisOf(owner, "load.stagger", stagger),
    think: millisOf(owner, "load.think", closed?.think ?? 0),
    afterFailure: millisOf(owner, "load.afterFailure", closed?.afterFailure ?? 1000)
  }
}
