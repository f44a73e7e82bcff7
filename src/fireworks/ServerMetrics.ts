/**
 * Server-side request counts of a deployment, to compare with the counts of the client (`Accounting.reconcile`).
 *
 * The servers count the requests that they acknowledged. If a client counts more failures in the same time, the others happened
 * on its side: in its connection pool, its DNS lookups or its network.
 *
 * The API exports rates, not counters: the rate over the last minute, updated every 30 seconds. This module computes counts
 * from the rates. A scrape covers the time since the previous scrape, and at most one minute.
 *
 * | limit | value | reason |
 * | --- | --- | --- |
 * | scrapes | one per 10 seconds, for all users of a layer | the API allows 6 per minute and account, then responds with 429 |
 * | attempts | one | another attempt would count towards the limit, and the next scrape follows soon |
 * | `resolution` | 90 seconds | a rate of one minute, up to 30 seconds old, makes the ends of a window uncertain |
 *
 * Only dedicated deployments have metrics. It is not documented whether the number of requests includes failed requests; this
 * module assumes that it does. Processes of one account share the limit of 6 scrapes, without knowing of each other.
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
import { detached } from "../internal/call/context.js"
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
 * A time window, in milliseconds since 1970.
 *
 * @since 0.1.0
 * @category model
 */
export interface Window {
  readonly from: number
  readonly to: number
}

/**
 * Server-side counts in a window, for `Accounting.reconcile`. They are computed from rates, and need not be integers.
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
  /** The time of the reading, in milliseconds since 1970. */
  readonly at: number
  /** The rates by the deployment's full name, `accounts/{account}/deployments/{id}`. */
  readonly deployments: ReadonlyMap<string, Rates>
}

/**
 * The rates of one deployment at one time; undefined if the metrics did not include the deployment.
 *
 * @since 0.1.0
 * @category model
 */
export interface Reading {
  /** The time of the reading, in milliseconds since 1970. */
  readonly at: number
  readonly rates: Rates | undefined
}

/**
 * The collected metrics of one deployment. They are read repeatedly while a scope is open.
 *
 * @since 0.1.0
 * @category model
 */
export interface Collector {
  /** Returns the counts in a window. Their `coverage` is the part of the window with readings. */
  readonly counts: (window: Window) => Effect.Effect<ServerCounts>
  /** The stored readings, oldest first. */
  readonly readings: Effect.Effect<ReadonlyArray<Reading>>
  /** The result of the last scrape; undefined before the first. */
  readonly last: Effect.Effect<Exit.Exit<Scrape, ApiError> | undefined>
}

/**
 * Options of `collect`.
 *
 * @since 0.1.0
 * @category model
 */
export interface CollectOptions {
  /** The time between two scrapes, from 10 seconds to 1 minute. @default 30 seconds */
  readonly every?: Duration.DurationInput | undefined
  /** The time for which readings are stored, from 1 minute to 1 day. @default 2 hours */
  readonly keep?: Duration.DurationInput | undefined
}

/**
 * The metrics of an account's deployments.
 *
 * @since 0.1.0
 * @category model
 */
export interface ServerMetrics {
  /** Reads the metrics. Within 10 seconds after another scrape, returns the result of that scrape. */
  readonly scrape: Effect.Effect<Scrape, ApiError>
  /**
   * Returns the counts from one scrape, which covers at most the last minute. Use `collect` for longer windows.
   *
   * `deployment` is an id or a full name, `accounts/{account}/deployments/{id}`.
   */
  readonly counts: (options: {
    readonly deployment: string
    /** The window of the counts. @default the last minute */
    readonly window?: Window | undefined
  }) => Effect.Effect<ServerCounts, ApiError>
  /** Reads the metrics of a deployment repeatedly, until the scope closes. A failed scrape leaves a gap. */
  readonly collect: (deployment: string, options?: CollectOptions) => Effect.Effect<Collector, never, Scope.Scope>
}

// -------------------------------------------------------------------------------------------------
// Arithmetic
// -------------------------------------------------------------------------------------------------

/** The interval that a rate is computed over, in milliseconds. */
const minute = 60_000

/** The interval at which the API updates rates, in milliseconds. */
const refresh = 30_000

// removes floating-point noise of sums
const rounded = (value: number): number => Math.round(value * 1e6) / 1e6

/**
 * Computes counts from rates. Each reading covers the time since the previous one, and at most one minute.
 *
 * The readings must be in order of time. If no reading includes the deployment, the coverage is 0.
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

/** The minimum time from the end of one scrape to the start of the next, in milliseconds: the limit of the API. */
const spacing = 10_000

const once: Workload.Workload = /*#__PURE__*/ Workload.make({
  name: "serverMetrics",
  timeouts: { attempt: "10 seconds" },
  retry: /*#__PURE__*/ Retry.make({ attempts: 1 })
})

const unreadable = (status: number): ApiError =>
  unsafeMake(
    { class: "Transient", reason: "InvalidAnswer" },
    { delivery: "Acknowledged", status, detail: "the response contains no metrics", attempts: 1 }
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

/** Returns the reading of one deployment in a scrape. */
const readingOf =
  (fireworks: Fireworks.Fireworks, deployment: string) =>
  (scrape: Scrape): Effect.Effect<Reading, ApiError> => {
    const full = deployment.includes("/")
      ? Effect.succeed(deployment)
      : Effect.map(controlOf(fireworks).accountId, (account) => `accounts/${account}/deployments/${deployment}`)
    return Effect.map(full, (name) => ({ at: scrape.at, rates: scrape.deployments.get(name) }))
  }

/** Returns an effect that runs one scrape at a time, and shares its result until the next scrape is allowed. */
const makeScrape = (fireworks: Fireworks.Fireworks): Effect.Effect<Scrape, ApiError> => {
  const turn = Effect.unsafeMakeSemaphore(1)
  let due = -Infinity
  let outcome: Exit.Exit<Scrape, ApiError> | undefined
  const attempt = Effect.gen(function* () {
    // the API may have counted a scrape that was interrupted
    const wait = due - (yield* monotonicMillis)
    if (wait > 0) yield* Effect.sleep(Duration.millis(wait))
    outcome = undefined
    const pause = Effect.map(monotonicMillis, (at) => void (due = at + spacing))
    // the result is shared, so the deadline of one caller must not limit it
    const unbound = detached(read(fireworks))
    const exit = yield* Effect.ensuring(Effect.exit(unbound), pause)
    due += Exit.match(exit, { onSuccess: () => 0, onFailure: extraPause })
    outcome = exit
    return exit
  })
  return turn.withPermits(1)(
    Effect.flatMap(monotonicMillis, (at) => (outcome !== undefined && at < due ? outcome : Effect.flatten(attempt)))
  )
}

/** Returns the part of the server hint that exceeds the usual pause, at most one minute, in milliseconds. */
const extraPause = (cause: Cause.Cause<ApiError>): number => {
  const hint = Option.getOrUndefined(Cause.failureOption(cause))?.retryAfter
  return hint === undefined ? 0 : Math.min(minute, Math.max(0, Duration.toMillis(hint) - spacing))
}

const build = (fireworks: Fireworks.Fireworks): ServerMetrics => {
  const scrape = makeScrape(fireworks)
  return {
    scrape,
    counts: ({ deployment, window }) => {
      const select = readingOf(fireworks, checkName("counts", deployment))
      const checked = window && checkWindow("counts", window)
      return Effect.map(Effect.flatMap(scrape, select), (reading) =>
        integrate([reading], checked ?? { from: reading.at - minute, to: reading.at })
      )
    },
    collect: (deployment, options = {}) => {
      const owner = "ServerMetrics.collect"
      const select = readingOf(fireworks, checkName("collect", deployment))
      const every = duration(owner, "every", options.every ?? "30 seconds", { min: spacing })
      const keep = Duration.toMillis(duration(owner, "keep", options.keep ?? "2 hours", { min: minute }))
      if (Duration.toMillis(every) > minute)
        refuse(owner, "every", every, "at most 1 minute, because a longer interval leaves gaps")
      if (keep > 24 * 60 * minute) refuse(owner, "keep", options.keep, "at most 1 day")
      let readings: ReadonlyArray<Reading> = []
      let last: Exit.Exit<Scrape, ApiError> | undefined
      const remember = (reading: Reading): void => {
        // drops a reading of the same scrape, and readings from before the wall clock was set back
        const kept = readings.filter(({ at }) => at < reading.at && at > reading.at - keep - minute)
        readings = [...kept, reading]
      }
      const step = scrape.pipe(
        Effect.tap((one) => Effect.map(select(one), remember)),
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
 * Makes the metrics service for the account of `Fireworks.Fireworks`. Its scrape limit applies to all users of the service.
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
 * The tag of the service for the metrics of an account.
 *
 * @since 0.1.0
 * @category layers
 */
export const ServerMetrics: Context.Tag<ServerMetrics, ServerMetrics> = /*#__PURE__*/ Context.GenericTag<ServerMetrics>(
  "effect-reliability/fireworks/ServerMetrics"
)

/**
 * Provides the metrics of the account of `Fireworks.Fireworks`, with one scrape limit for all its users.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (): Layer.Layer<ServerMetrics, never, Fireworks.Fireworks> => Layer.effect(ServerMetrics, make)

// -------------------------------------------------------------------------------------------------
// Accessors
// -------------------------------------------------------------------------------------------------

/**
 * Reads the metrics. Within 10 seconds after another scrape, returns the result of that scrape.
 *
 * @since 0.1.0
 * @category getters
 */
export const scrape: Effect.Effect<Scrape, ApiError, ServerMetrics> = /*#__PURE__*/ Effect.flatMap(
  ServerMetrics,
  (metrics) => metrics.scrape
)

/**
 * Returns the server-side counts of a deployment from one scrape. They cover at most the last minute, also in a longer window.
 *
 * @since 0.1.0
 * @category getters
 */
export const counts = (
  options: Parameters<ServerMetrics["counts"]>[0]
): Effect.Effect<ServerCounts, ApiError, ServerMetrics> =>
  Effect.flatMap(ServerMetrics, (metrics) => metrics.counts(options))

/**
 * Reads the metrics of a deployment repeatedly, until the scope closes.
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
