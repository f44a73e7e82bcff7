/**
 * Counts calls and attempts, and compares the counts with those of the server to find where requests were lost.
 *
 * A provider's dashboard counts only the requests that its servers acknowledged. An attempt that fails earlier, in the
 * connection pool, the name lookup or the network, appears on no dashboard. The client then reports failures while the
 * dashboard shows none. Only the client's own counts next to the server's show which side lost the requests. This module counts
 * attempts and calls by reason, phase and delivery (see `ApiError.Delivery`), and `reconcile` compares them with the server's
 * numbers. The comparison uses the *dashboard law*:
 *
 * ```text
 * Acknowledged + Partial  ≤  requests counted by the server  ≤  Acknowledged + Partial + Unconfirmed
 * ```
 *
 * `NotSent` attempts never appear in the server's numbers. A call and all its attempts count at the time when the call began: a
 * call that takes ten minutes counts in the minute that sent it. If a protected call consists of other protected calls, only
 * the innermost calls are counted. Rows with `of: "stream"` count how streams end after their first event; their requests are
 * already counted as attempts.
 *
 * `tokens` returns the tokens that were spent, and the part of them that was wasted.
 *
 * | option | default | why |
 * | --- | --- | --- |
 * | `bucket`, `buckets` | 1 minute, 120 | windows of up to two hours, with the resolution of the providers' metrics |
 * | `labels` | 100 | distinct workloads, hosts and models, each; further ones are counted as `(other)` |
 * | `rows` | 2000 | rows of all labels together, about 4 MiB, and 10 MiB if all have tokens |
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import * as Layer from "effect/Layer"
import { observedBy, observing } from "./internal/call/context.js"
import { duration, number, refuse } from "./internal/options.js"
import { judge, type Limits } from "./internal/accounting/reconcile.js"
import { Tally } from "./internal/accounting/tally.js"
import { minus, reportOf } from "./internal/accounting/tokenSums.js"
import { clockOf } from "./internal/clock.js"
import { textOf } from "./internal/accounting/verdictText.js"
import type { Outcome } from "./Reliability.js"
import type { Observer } from "./internal/call/model.js"
import type {
  Counts,
  Labels,
  ReconcileOptions,
  Row,
  ServerCounts,
  TokenReport,
  Verdict,
  Window
} from "./internal/accounting/model.js"

export type {
  Row,
  Labels,
  InFlight,
  TokenCounts,
  TokenReport,
  Counts,
  Window,
  ServerCounts,
  Phase,
  Failure,
  Bounds,
  Evidence,
  NotEnough,
  Verdict,
  ReconcileOptions
} from "./internal/accounting/model.js"

// -------------------------------------------------------------------------------------------------
// Model
// -------------------------------------------------------------------------------------------------

/**
 * The counts at one moment.
 *
 * @since 0.1.0
 * @category model
 */
export interface Snapshot extends Counts {
  /** The wall time of the snapshot in milliseconds. */
  readonly at: number
}

/**
 * Options of `make` and `layer`.
 *
 * @since 0.1.0
 * @category model
 */
export interface Options {
  /** The width of a bucket, from 10 milliseconds to 1 day. Windows consist of whole buckets. @default 1 minute */
  readonly bucket?: Duration.DurationInput | undefined
  /** The number of buckets that are kept, from 1 to 1440. @default 120 */
  readonly buckets?: number | undefined
  /** The maximum number of distinct workloads, of hosts, and of models, from 1 to 10000 each. @default 100 */
  readonly labels?: number | undefined
  /**
   * The maximum number of rows, from 1 to 10000. Above it, new combinations of labels are counted as `(other)`. @default 2000
   */
  readonly rows?: number | undefined
}

/**
 * Counts of calls.
 *
 * @since 0.1.0
 * @category model
 */
export interface Accounting {
  readonly options: { readonly [K in keyof Options]-?: number }
  /**
   * Counts one outcome. Pass it as the option `record` of a policy. Do not combine it with `count` or `layer` for the same
   * calls: they would be counted twice.
   */
  readonly record: (outcome: Outcome) => void
  /** Returns everything counted since this `Accounting` was created. */
  readonly snapshot: Effect.Effect<Snapshot>
  /**
   * Returns the counts of the calls that began at or after `from` and before `to`, both in milliseconds of wall time. The
   * window consists of whole buckets; it returns its actual `from` and `to`. It excludes buckets that are no longer kept,
   * and the future.
   */
  readonly window: (from: number, to: number) => Effect.Effect<Window>
}

// -------------------------------------------------------------------------------------------------
// make
// -------------------------------------------------------------------------------------------------

const checked = (owner: string, options: Options): Accounting["options"] => ({
  bucket: Math.round(
    Duration.toMillis(duration(owner, "bucket", withinDay(owner, options.bucket ?? "1 minute"), { min: 10 }))
  ),
  buckets: number(owner, "buckets", options.buckets ?? 120, { integer: true, min: 1, max: 1440 }),
  labels: number(owner, "labels", options.labels ?? 100, { integer: true, min: 1, max: 10_000 }),
  rows: number(owner, "rows", options.rows ?? 2000, { integer: true, min: 1, max: 10_000 })
})

const withinDay = (owner: string, input: Duration.DurationInput): Duration.DurationInput =>
  Duration.toMillis(duration(owner, "bucket", input)) <= 86_400_000
    ? input
    : refuse(owner, "bucket", input, "at most 1 day")

const observers = new WeakMap<Accounting, Observer>()

const makeWith = (options: Accounting["options"]): Effect.Effect<Accounting> =>
  Effect.withFiberRuntime((fiber) => {
    const tally = new Tally(options, clockOf(fiber).unsafeCurrentTimeMillis())
    const accounting: Accounting = {
      options,
      record: tally.record,
      snapshot: Effect.map(Clock.currentTimeMillis, (at) => ({ at, ...tally.read() })),
      window: (from, to) => Effect.map(Clock.currentTimeMillis, (now) => tally.window(from, to, now))
    }
    observers.set(accounting, tally)
    return Effect.succeed(accounting)
  })

/**
 * Creates an `Accounting` without counts. It counts the calls inside `count`, and each outcome that is passed to its `record`.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Effect } from "effect"
 * import { Accounting, Reliability, Workload } from "effect-reliability"
 *
 * const program = Effect.gen(function* () {
 *   const accounting = yield* Accounting.make()
 *   const policy = Reliability.make({ workload: Workload.interactive, record: accounting.record })
 *   yield* Effect.succeed("an answer").pipe(Reliability.protect(policy))
 *
 *   const { rows } = yield* accounting.snapshot
 *   assert.deepStrictEqual(rows.map(({ count, of, outcome }) => [of, outcome, count]), [["attempt", "ok", 1], ["call", "ok", 1]])
 * })
 *
 * await Effect.runPromise(program)
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}): Effect.Effect<Accounting> => makeWith(checked("Accounting.make", options))

// -------------------------------------------------------------------------------------------------
// count
// -------------------------------------------------------------------------------------------------

/**
 * Counts all protected calls that an effect makes. Other observers still see these calls.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Effect } from "effect"
 * import { Accounting, Reliability, Workload } from "effect-reliability"
 *
 * const call = Effect.succeed("an answer").pipe(Reliability.protect(Workload.interactive))
 *
 * const program = Effect.gen(function* () {
 *   const accounting = yield* Accounting.make()
 *   yield* Effect.all([call, call]).pipe(Accounting.count(accounting))
 *   yield* call
 *
 *   const { rows } = yield* accounting.snapshot
 *   assert.strictEqual(rows.find(({ of }) => of === "call")?.count, 2)
 * })
 *
 * await Effect.runPromise(program)
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const count: {
  (accounting: Accounting): <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  <A, E, R>(effect: Effect.Effect<A, E, R>, accounting: Accounting): Effect.Effect<A, E, R>
} = /*#__PURE__*/ dual(2, <A, E, R>(effect: Effect.Effect<A, E, R>, accounting: Accounting) =>
  observedBy(effect, observerOf(accounting))
)

/** An `Accounting` that was not created by this module is notified through its `record`. */
const observerOf = (accounting: Accounting): Observer => {
  const known = observers.get(accounting)
  if (known !== undefined) return known
  const observed = { notify: accounting.record }
  const observer: Observer = { begin: () => observed }
  observers.set(accounting, observer)
  return observer
}

// -------------------------------------------------------------------------------------------------
// layer
// -------------------------------------------------------------------------------------------------

/**
 * The `Accounting` of an application, as a service.
 *
 * @since 0.1.0
 * @category layers
 */
export const Accounting: Context.Tag<Accounting, Accounting> = /*#__PURE__*/ Context.GenericTag<Accounting>(
  "effect-reliability/Accounting"
)

/**
 * Counts all protected calls of the effects that it is provided to, and provides the `Accounting` service.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Effect } from "effect"
 * import { Accounting, Reliability, Workload } from "effect-reliability"
 *
 * const program = Effect.gen(function* () {
 *   const before = yield* Accounting.snapshot
 *   yield* Effect.succeed("an answer").pipe(Reliability.protect(Workload.interactive))
 *
 *   const { rows } = Accounting.since(yield* Accounting.snapshot, before)
 *   assert.deepStrictEqual(rows.map(({ count, of }) => [of, count]), [["attempt", 1], ["call", 1]])
 * })
 *
 * await Effect.runPromise(program.pipe(Effect.provide(Accounting.layer({ bucket: "10 seconds" }))))
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options = {}): Layer.Layer<Accounting> => {
  const settings = checked("Accounting.layer", options)
  return Layer.scoped(
    Accounting,
    Effect.tap(makeWith(settings), (accounting) => observing(observerOf(accounting)))
  )
}

// -------------------------------------------------------------------------------------------------
// Getters
// -------------------------------------------------------------------------------------------------

/**
 * Returns everything that the `Accounting` of the application has counted.
 *
 * @since 0.1.0
 * @category getters
 */
export const snapshot: Effect.Effect<Snapshot, never, Accounting> = /*#__PURE__*/ Effect.flatMap(
  Accounting,
  (accounting) => accounting.snapshot
)

/**
 * Returns the counts of the application's calls that began within a period; see the method `window` of `Accounting`.
 *
 * @since 0.1.0
 * @category getters
 */
export const window = (from: number, to: number): Effect.Effect<Window, never, Accounting> =>
  Effect.flatMap(Accounting, (accounting) => accounting.window(from, to))

const keyOf = ({ class: kind, delivery, host, model, of, phase, reason, workload }: Row): string =>
  JSON.stringify([of, kind, reason, phase, delivery, workload, model, host])

/**
 * Returns the counts between two snapshots: of all calls and attempts that ended in between, whenever they began. The calls in
 * flight are those of the later snapshot.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { Accounting } from "effect-reliability"
 *
 * const program = Effect.gen(function* () {
 *   const before = yield* Accounting.snapshot
 *   // …
 *   return yield* Effect.map(Accounting.snapshot, Accounting.since(before))
 * })
 *
 * console.log((await Effect.runPromise(program.pipe(Effect.provide(Accounting.layer())))).rows) // []
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const since: {
  (earlier: Snapshot): (later: Snapshot) => Snapshot
  (later: Snapshot, earlier: Snapshot): Snapshot
} = /*#__PURE__*/ dual(2, (later: Snapshot, earlier: Snapshot): Snapshot => {
  const before = new Map(earlier.rows.map((row) => [keyOf(row), row]))
  const rows = later.rows.flatMap((row) => {
    const old = before.get(keyOf(row))
    if (old === undefined) return [row]
    const more = row.count - old.count
    const tokens = row.tokens && { tokens: minus(row.tokens, old.tokens) }
    return more > 0 ? [{ ...row, count: more, millis: Math.max(0, row.millis - old.millis), ...tokens }] : []
  })
  return { ...later, rows }
})

/**
 * Selects the counts of one host, model or workload, for example those of one deployment. Calls in flight whose host or model
 * is not known yet are kept.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { Accounting } from "effect-reliability"
 *
 * const program = Effect.map(Accounting.snapshot, Accounting.only({ host: "api.fireworks.ai" }))
 *
 * console.log((await Effect.runPromise(program.pipe(Effect.provide(Accounting.layer())))).rows) // []
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const only: {
  (labels: Partial<Labels>): <C extends Counts>(counts: C) => C
  <C extends Counts>(counts: C, labels: Partial<Labels>): C
} = /*#__PURE__*/ dual(2, <C extends Counts>(counts: C, { host, model, workload }: Partial<Labels>): C => {
  const fits = (wanted: string | undefined, label: string | undefined): boolean =>
    wanted === undefined || wanted === label
  const may = (wanted: string | undefined, label: string | undefined): boolean =>
    label === undefined || fits(wanted, label)
  const rows = counts.rows.filter(
    (row) => fits(host, row.host) && fits(model, row.model) && fits(workload, row.workload)
  )
  const open = counts.open.filter((row) => may(host, row.host) && may(model, row.model) && fits(workload, row.workload))
  return { ...counts, rows, open, inFlight: open.reduce((sum, { calls }) => sum + calls, 0) }
})

/**
 * Returns the tokens that were spent, and those that were wasted on attempts that failed, were hedged away or were aborted.
 *
 * The tokens are those that the `usage` of a response states. Without it, those of the prompt are estimated by the client, or by the
 * option `cost` of `Reliability.make`. An attempt costs nothing if nothing was sent, or if the server refused to execute it (see
 * `ApiError.mayHaveExecuted`).
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Effect, Fiber, TestClock, TestContext } from "effect"
 * import { Accounting, ApiError, Reliability, Workload } from "effect-reliability"
 *
 * const program = Effect.gen(function* () {
 *   const accounting = yield* Accounting.make()
 *   const policy = Reliability.make({ workload: Workload.interactive, cost: { input: 200_000 }, record: accounting.record })
 *   const down = Effect.fail(new ApiError.Transient({ reason: "Unavailable", delivery: "Acknowledged" }))
 *   const call = yield* Effect.fork(Effect.flip(down.pipe(Reliability.protect(policy))))
 *   yield* TestClock.adjust("2 minutes")
 *   yield* Fiber.join(call)
 *
 *   const { wasted } = Accounting.tokens(yield* accounting.snapshot)
 *   assert.deepStrictEqual(wasted, { input: 1_000_000, estimated: 1_000_000, output: 0 })
 * })
 *
 * await Effect.runPromise(program.pipe(Effect.provide(TestContext.TestContext)))
 * ```
 *
 * @since 0.2.0
 * @category getters
 */
export const tokens = ({ rows }: Pick<Counts, "rows">): TokenReport => reportOf(rows)

// -------------------------------------------------------------------------------------------------
// reconcile
// -------------------------------------------------------------------------------------------------

/**
 * Compares the client's counts with the server's by the dashboard law, which the module documentation explains. If both sides
 * failed, the verdict names the side with more failures; the failures of both are in the evidence.
 *
 * Invalid numbers return `NotEnoughData`. Invalid options throw a `RangeError`. If the server's numbers cover only one host or
 * model, apply `only` to the window first.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Effect } from "effect"
 * import { Accounting, ApiError, Reliability, Retry, Workload } from "effect-reliability"
 *
 * const once = Workload.with(Workload.interactive, { retry: Retry.make({ attempts: 1 }) })
 * const refused = Effect.fail(new ApiError.Transient({ reason: "Connect", delivery: "NotSent" }))
 *
 * const program = Effect.gen(function* () {
 *   yield* Effect.replicateEffect(Effect.ignore(Reliability.protect(refused, once)), 20)
 *   const window = yield* Accounting.window(0, Infinity)
 *   const { from, to } = window
 *   const verdict = Accounting.reconcile(window, { from, to, requests: 0, errors: 0 })
 *   assert.deepStrictEqual([verdict._tag, "phase" in verdict && verdict.phase], ["ClientSide", "connect"])
 *   console.log(Accounting.format(verdict))
 * })
 *
 * await Effect.runPromise(Effect.delay(program, 5).pipe(Effect.provide(Accounting.layer())))
 * ```
 *
 * @since 0.1.0
 * @category conversions
 */
export const reconcile = (window: Window, counts: ServerCounts, options: ReconcileOptions = {}): Verdict =>
  judge(window, counts, limitsOf(options))

const limitsOf = ({ count, coverage, failing, share, attempts }: ReconcileOptions): Limits => {
  const owner = "Accounting.reconcile"
  return {
    count: number(owner, "count", count ?? 3, {}),
    share: number(owner, "share", share ?? 0.1, { max: 1 }),
    failing: number(owner, "failing", failing ?? 0.01, { max: 1 }),
    coverage: number(owner, "coverage", coverage ?? 0.5, { max: 1 }),
    attempts: number(owner, "attempts", attempts ?? 10, { min: 1 })
  }
}

/**
 * Formats a verdict as text: which side lost the requests, the numbers, and what to do next.
 *
 * @since 0.1.0
 * @category conversions
 */
export const format = (verdict: Verdict): string => textOf(verdict)
