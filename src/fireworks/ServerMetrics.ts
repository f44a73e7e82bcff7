/**
 * What the provider's servers counted of a deployment's requests, to hold against what the clients counted.
 *
 * The servers count what they acknowledged. What a client sees fail beyond that got lost on its own side, in its pool, its
 * name lookup, its network; and that can only be shown with both numbers for the same time. The API exports its numbers as
 * metrics, which are no counters: each is the rate over the last minute, made anew every 30 seconds. Counts come of them
 * by adding up: a scrape stands for the time since the one before it, at most for its own minute.
 *
 * | limit | value | why |
 * | --- | --- | --- |
 * | scrapes | one in 10 seconds, for all users of a layer | the API answers 6 a minute for an account, then 429 |
 * | attempts | one | a second one would count too; the next scrape is soon |
 * | `resolution` | 90 seconds | a minute's rate, up to 30 seconds old: at a window's ends so much belongs to neither side |
 *
 * Only dedicated deployments have metrics. Whether requests that failed are among all requests is not documented; it is
 * taken to be so. Several processes of one account share its 6 scrapes, and do not know of each other.
 *
 * @since 0.1.0
 */
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import type { ServerCounts as Counted } from "../Accounting.js"
import type { ApiError } from "../ApiError.js"
import { unsafeMake } from "../internal/apiError/unsafeMake.js"
import { apart } from "../internal/call/context.js"
import { monotonicMillis } from "../internal/clock.js"
import { duration, refuse } from "../internal/options.js"
import * as Retry from "../Retry.js"
import * as Workload from "../Workload.js"
import * as Fireworks from "./Fireworks.js"
import { controlOf } from "./internal/control.js"
import { fullName, parseRates, type Rates } from "./internal/rates.js"

export type { Rates } from "./internal/rates.js"

// -------------------------------------------------------------------------------------------------
// Model
// -------------------------------------------------------------------------------------------------

/**
 * A time between two moments, in milliseconds of wall time.
 *
 * @since 0.1.0
 * @category model
 */
export interface Window {
  readonly from: number
  readonly to: number
}

/**
 * What servers counted within a window, for `Accounting.reconcile`. The numbers come of rates, so that they need not be whole.
 *
 * @since 0.1.0
 * @category model
 */
export interface ServerCounts extends Counted {
  readonly byStatus: Readonly<Record<string, number>>
  readonly coverage: number
  readonly resolution: number
}

/**
 * One reading of the metrics.
 *
 * @since 0.1.0
 * @category model
 */
export interface Scrape {
  /** When it was read, in milliseconds of wall time. */
  readonly at: number
  /** By the full name, `accounts/{account}/deployments/{id}`. */
  readonly deployments: ReadonlyMap<string, Rates>
}

/**
 * The rates of one deployment at a moment; none where it was not among the metrics.
 *
 * @since 0.1.0
 * @category model
 */
export interface Reading {
  /** In milliseconds of wall time. */
  readonly at: number
  readonly rates: Rates | undefined
}

/**
 * A deployment whose metrics are read as long as a scope is open.
 *
 * @since 0.1.0
 * @category model
 */
export interface Collector {
  /** What the servers counted in a window, as far as it was read. */
  readonly counts: (window: Window) => Effect.Effect<ServerCounts>
  /** The readings that are remembered, the oldest first. */
  readonly readings: Effect.Effect<ReadonlyArray<Reading>>
  /** What became of the last scrape; none before the first. */
  readonly last: Effect.Effect<Exit.Exit<Scrape, ApiError> | undefined>
}

/**
 * What `collect` takes.
 *
 * @since 0.1.0
 * @category model
 */
export interface CollectOptions {
  /** The time between two scrapes, from 10 seconds to 1 minute. @default 30 seconds */
  readonly every?: Duration.DurationInput | undefined
  /** For how long readings are remembered, from 1 minute to 1 day. @default 2 hours */
  readonly keep?: Duration.DurationInput | undefined
}

/**
 * The metrics of an account's deployments.
 *
 * @since 0.1.0
 * @category model
 */
export interface ServerMetrics {
  /** Reads the metrics; within 10 seconds of another scrape, what that one read. */
  readonly scrape: Effect.Effect<Scrape, ApiError>
  /**
   * What the servers counted, by one scrape: it covers no more than the last minute. `collect` covers more.
   *
   * A deployment is named by its id, or in full: `accounts/{account}/deployments/{id}`.
   */
  readonly counts: (options: {
    readonly deployment: string
    /** @default the last minute */
    readonly window?: Window | undefined
  }) => Effect.Effect<ServerCounts, ApiError>
  /** Reads the metrics of a deployment again and again, until the scope closes. A scrape that fails leaves a gap. */
  readonly collect: (deployment: string, options?: CollectOptions) => Effect.Effect<Collector, never, Scope.Scope>
}

// -------------------------------------------------------------------------------------------------
// Arithmetic
// -------------------------------------------------------------------------------------------------

/** What a rate is of. */
const minute = 60_000

/** How long a rate stays before it is made anew. */
const refresh = 30_000

// what adding up adds in the last digits
const rounded = (value: number): number => Math.round(value * 1e6) / 1e6

/**
 * Adds rates up to counts: each reading stands for the time since the one before it, at most for a minute. The readings are in
 * the order of time. Where the deployment was in none of them, nothing is known, and nothing is covered.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { ServerMetrics } from "effect-reliability/fireworks"
 *
 * const rates = { requests: 2, errors: 0.5, byStatus: { "503": 0.5 } }
 * const readings = [{ at: 60_000, rates }, { at: 90_000, rates }]
 *
 * const counts = ServerMetrics.integrate(readings, { from: 60_000, to: 120_000 })
 * assert.deepStrictEqual([counts.requests, counts.errors, counts.coverage], [60, 15, 0.5])
 * ```
 *
 * @since 0.1.0
 * @category conversions
 */
export const integrate = (readings: ReadonlyArray<Reading>, window: Window): ServerCounts => {
  const { from, to } = window
  const byStatus: Record<string, number> = {}
  let [requests, errors, covered, before] = [0, 0, 0, -Infinity]
  const isKnown = readings.some(({ rates }) => rates !== undefined)
  for (const { at, rates } of isKnown ? readings : []) {
    const span = Math.min(at, to) - Math.max(before, at - minute, from)
    before = at
    if (!(span > 0)) continue
    covered += span
    if (rates === undefined) continue
    requests += (rates.requests * span) / 1000
    errors += (rates.errors * span) / 1000
    for (const [status, rate] of Object.entries(rates.byStatus)) {
      byStatus[status] = rounded((byStatus[status] ?? 0) + (rate * span) / 1000)
    }
  }
  return {
    from,
    to,
    requests: rounded(requests),
    errors: rounded(errors),
    byStatus,
    coverage: to > from ? Math.min(1, rounded(covered / (to - from))) : 0,
    resolution: minute + refresh
  }
}

// -------------------------------------------------------------------------------------------------
// make
// -------------------------------------------------------------------------------------------------

/** The API's limit, held from the end of one scrape to the start of the next. */
const spacing = 10_000

const once: Workload.Workload = /*#__PURE__*/ Workload.make({
  name: "serverMetrics",
  timeouts: { attempt: "10 seconds" },
  retry: /*#__PURE__*/ Retry.make({ attempts: 1 })
})

const unreadable = (status: number): ApiError =>
  unsafeMake(
    { class: "Transient", reason: "InvalidAnswer" },
    { delivery: "Acknowledged", status, detail: "the answer holds no metrics", attempts: 1 }
  )

const read = (fireworks: Fireworks.Fireworks): Effect.Effect<Scrape, ApiError> =>
  Effect.gen(function* () {
    const response = yield* controlOf(fireworks).request(HttpClientRequest.get("/metrics"), once)
    const text = yield* Effect.mapError(response.text, () => unreadable(response.status))
    const deployments = parseRates(text)
    if (deployments === undefined) return yield* Effect.fail(unreadable(response.status))
    return { at: yield* Clock.currentTimeMillis, deployments }
  })

const checkName = (method: string, deployment: string): string =>
  fullName.test(deployment) || /^[\w.-]{1,128}$/.test(deployment)
    ? deployment
    : refuse(`ServerMetrics.${method}`, "deployment", deployment, "an id, or accounts/{account}/deployments/{id}")

const checkWindow = (method: string, { from, to }: Window): Window =>
  Number.isFinite(from) && Number.isFinite(to) && from <= to
    ? { from, to }
    : refuse(`ServerMetrics.${method}`, "window", `${from} to ${to}`, "two times in milliseconds, in order")

/** Takes the readings of one deployment out of scrapes. */
const readingOf =
  (fireworks: Fireworks.Fireworks, deployment: string) =>
  (scrape: Scrape): Effect.Effect<Reading, ApiError> => {
    const full = deployment.includes("/")
      ? Effect.succeed(deployment)
      : Effect.map(controlOf(fireworks).accountId, (account) => `accounts/${account}/deployments/${deployment}`)
    return Effect.map(full, (name) => ({ at: scrape.at, rates: scrape.deployments.get(name) }))
  }

/** One scrape at a time; its outcome is everybody's, until the next one is due. */
const makeScrape = (fireworks: Fireworks.Fireworks): Effect.Effect<Scrape, ApiError> => {
  const turn = Effect.unsafeMakeSemaphore(1)
  let due = -Infinity
  let outcome: Exit.Exit<Scrape, ApiError> | undefined
  const attempt = Effect.gen(function* () {
    // one that was interrupted may have been counted
    const wait = due - (yield* monotonicMillis)
    if (wait > 0) yield* Effect.sleep(Duration.millis(wait))
    outcome = undefined
    const pause = Effect.map(monotonicMillis, (at) => void (due = at + spacing))
    // everybody's outcome is bound by nobody's deadline
    const unbound = apart(read(fireworks))
    const exit = yield* Effect.ensuring(Effect.exit(unbound), pause)
    due += Exit.match(exit, { onSuccess: () => 0, onFailure: askedFor })
    outcome = exit
    return exit
  })
  return turn.withPermits(1)(
    Effect.flatMap(monotonicMillis, (at) => (outcome !== undefined && at < due ? outcome : Effect.flatten(attempt)))
  )
}

/** What a server asks for beyond the usual pause, within reason. */
const askedFor = (cause: Cause.Cause<ApiError>): number => {
  const hint = Option.getOrUndefined(Cause.failureOption(cause))?.retryAfter
  return hint === undefined ? 0 : Math.min(minute, Math.max(0, Duration.toMillis(hint) - spacing))
}

const build = (fireworks: Fireworks.Fireworks): ServerMetrics => {
  const scrape = makeScrape(fireworks)
  return {
    scrape,
    counts: ({ deployment, window }) => {
      const ask = readingOf(fireworks, checkName("counts", deployment))
      const checked = window && checkWindow("counts", window)
      return Effect.map(Effect.flatMap(scrape, ask), (reading) =>
        integrate([reading], checked ?? { from: reading.at - minute, to: reading.at })
      )
    },
    collect: (deployment, options = {}) => {
      const owner = "ServerMetrics.collect"
      const ask = readingOf(fireworks, checkName("collect", deployment))
      const every = duration(owner, "every", options.every ?? "30 seconds", { min: spacing })
      const keep = Duration.toMillis(duration(owner, "keep", options.keep ?? "2 hours", { min: minute }))
      if (Duration.toMillis(every) > minute) refuse(owner, "every", every, "at most 1 minute, or there are gaps")
      if (keep > 24 * 60 * minute) refuse(owner, "keep", options.keep, "at most 1 day")
      let readings: ReadonlyArray<Reading> = []
      let last: Exit.Exit<Scrape, ApiError> | undefined
      const remember = (reading: Reading): void => {
        // a scrape may be handed out twice; and of a clock that was set back, what it said before is no use
        const kept = readings.filter(({ at }) => at < reading.at && at > reading.at - keep - minute)
        readings = [...kept, reading]
      }
      const step = scrape.pipe(
        Effect.tap((one) => Effect.map(ask(one), remember)),
        Effect.exit,
        Effect.map((exit) => void (last = exit))
      )
      return Effect.as(Effect.forkScoped(Effect.interruptible(Effect.repeat(step, Schedule.spaced(every)))), {
        counts: (window) => {
          const checked = checkWindow("collect", window)
          return Effect.sync(() => integrate(readings, checked))
        },
        readings: Effect.sync(() => readings),
        last: Effect.sync(() => last)
      })
    }
  }
}

/**
 * Makes the metrics of the account of `Fireworks.Fireworks`. Whoever shares what is made shares its limit.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Effect, Layer, Redacted } from "effect"
 * import { Fireworks, ServerMetrics } from "effect-reliability/fireworks"
 * import { Fault, ScriptedClient } from "effect-reliability/testing"
 *
 * const text = `request_counter_total:sum_by_deployment{deployment="accounts/me/deployments/ours"} 0.5`
 * const Live = Fireworks.layer({ apiKey: Redacted.make("fw_secret"), accountId: "me" }).pipe(
 *   Layer.provide(ScriptedClient.layer(Fault.answer(200, { body: text })))
 * )
 *
 * const program = Effect.gen(function* () {
 *   const metrics = yield* ServerMetrics.make
 *   const { coverage, requests } = yield* metrics.counts({ deployment: "ours" })
 *   assert.deepStrictEqual([requests, coverage], [30, 1])
 * })
 *
 * await Effect.runPromise(program.pipe(Effect.provide(Live)))
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: Effect.Effect<ServerMetrics, never, Fireworks.Fireworks> = /*#__PURE__*/ Effect.map(
  Fireworks.Fireworks,
  build
)

// -------------------------------------------------------------------------------------------------
// layer
// -------------------------------------------------------------------------------------------------

/**
 * The metrics of an application's account.
 *
 * @since 0.1.0
 * @category layers
 */
export const ServerMetrics: Context.Tag<ServerMetrics, ServerMetrics> = /*#__PURE__*/ Context.GenericTag<ServerMetrics>(
  "effect-reliability/fireworks/ServerMetrics"
)

/**
 * Provides the metrics of the account of `Fireworks.Fireworks`, with one limit for all who ask.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (): Layer.Layer<ServerMetrics, never, Fireworks.Fireworks> => Layer.effect(ServerMetrics, make)

// -------------------------------------------------------------------------------------------------
// Accessors
// -------------------------------------------------------------------------------------------------

/**
 * Reads the metrics; within 10 seconds of another scrape, what that one read.
 *
 * @since 0.1.0
 * @category getters
 */
export const scrape: Effect.Effect<Scrape, ApiError, ServerMetrics> = /*#__PURE__*/ Effect.flatMap(
  ServerMetrics,
  (metrics) => metrics.scrape
)

/**
 * Tells what the servers counted of a deployment within the last minute, or so much of another window as that covers.
 *
 * @since 0.1.0
 * @category getters
 */
export const counts = (
  options: Parameters<ServerMetrics["counts"]>[0]
): Effect.Effect<ServerCounts, ApiError, ServerMetrics> =>
  Effect.flatMap(ServerMetrics, (metrics) => metrics.counts(options))

/**
 * Reads the metrics of a deployment again and again, until the scope closes.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Effect, Layer, Redacted, TestClock, TestContext } from "effect"
 * import { Fireworks, ServerMetrics } from "effect-reliability/fireworks"
 * import { Fault, ScriptedClient } from "effect-reliability/testing"
 *
 * const text = `request_counter_total:sum_by_deployment{deployment="accounts/me/deployments/ours"} 2`
 * const Live = ServerMetrics.layer().pipe(
 *   Layer.provide(Fireworks.layer({ apiKey: Redacted.make("fw_secret"), accountId: "me" })),
 *   Layer.provide(ScriptedClient.layer(Fault.answer(200, { body: text })))
 * )
 *
 * const program = Effect.gen(function* () {
 *   const collector = yield* ServerMetrics.collect("ours", { every: "30 seconds" })
 *   yield* TestClock.adjust("10 minutes")
 *   const { coverage, requests } = yield* collector.counts({ from: 0, to: 600_000 })
 *   assert.deepStrictEqual([requests, coverage], [1200, 1])
 * })
 *
 * await Effect.runPromise(Effect.scoped(program).pipe(Effect.provide(Live), Effect.provide(TestContext.TestContext)))
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const collect = (
  deployment: string,
  options?: CollectOptions
): Effect.Effect<Collector, never, ServerMetrics | Scope.Scope> =>
  Effect.flatMap(ServerMetrics, (metrics) => metrics.collect(deployment, options))
