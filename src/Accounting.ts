/**
 * Counts what became of calls and of their attempts, and finds out who lost the requests.
 *
 * A provider's dashboard counts the requests that its servers acknowledged. What failed before, in the pool, the name lookup,
 * the network, is on no dashboard: the client failed, and the console looks clean. Who is to look into it can only be told
 * with the client's own numbers beside the server's. Here they are counted, by reason, phase and delivery, and attributed to the
 * start of the call: a call of ten minutes belongs to the minute that sent it, with all its attempts.
 *
 * ```text
 * Acknowledged + Partial  ≤  what the servers count  ≤  Acknowledged + Partial + Unconfirmed
 * ```
 *
 * `NotSent` never appears there. Only what reaches out is a request: where protected calls are made of protected calls, the
 * innermost count, and those around them do not. What a stream comes to after its first event is counted apart (`of` is
 * `"stream"`), since its request was counted when it began.
 *
 * | option | default | why |
 * | --- | --- | --- |
 * | `bucket`, `buckets` | 1 minute, 120 | windows of up to two hours, as sharp as the providers' metrics |
 * | `labels` | 100 | of workloads, hosts and models each; the rest is counted as `(other)` |
 * | `rows` | 2000 | what all labels together may make, some 4 MiB |
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
  Verdict,
  Window
} from "./internal/accounting/model.js"

export type {
  Row,
  Labels,
  InFlight,
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
// Model: what was counted
// -------------------------------------------------------------------------------------------------

/**
 * What was counted until a moment.
 *
 * @since 0.1.0
 * @category model
 */
export interface Snapshot extends Counts {
  /** Milliseconds of wall time. */
  readonly at: number
}

/**
 * What `make` takes.
 *
 * @since 0.1.0
 * @category model
 */
export interface Options {
  /** How sharp windows are, from 10 milliseconds to 1 day. @default 1 minute */
  readonly bucket?: Duration.DurationInput | undefined
  /** How many buckets are remembered, 1 to 1440. @default 120 */
  readonly buckets?: number | undefined
  /** The most workloads, hosts and models that are told apart, of each, 1 to 10000. @default 100 */
  readonly labels?: number | undefined
  /** The most rows, 1 to 10000; what comes later is counted under other labels. @default 2000 */
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
  /** Counts by hand, as `record` of a policy. What `count` or `layer` counts already, this would count twice. */
  readonly record: (outcome: Outcome) => void
  /** All that was counted since it was made. */
  readonly snapshot: Effect.Effect<Snapshot>
  /**
   * What became of the calls that began from one moment on and before another, in milliseconds of wall time. It is made of
   * whole buckets, and says from when to when it is. What is forgotten, or not yet, is not within it.
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
 * Makes accounts, which hold nothing yet. They count what `count` runs, or what `record` is told.
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
 * Counts all protected calls that an effect makes, whoever else counts them.
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

/** One that was not made here counts what it is told. */
const observerOf = (accounting: Accounting): Observer => {
  const known = observers.get(accounting)
  if (known !== undefined) return known
  const observed = { tell: accounting.record }
  const observer: Observer = { begin: () => observed }
  observers.set(accounting, observer)
  return observer
}

// -------------------------------------------------------------------------------------------------
// layer
// -------------------------------------------------------------------------------------------------

/**
 * The accounts of an application.
 *
 * @since 0.1.0
 * @category layers
 */
export const Accounting: Context.Tag<Accounting, Accounting> = /*#__PURE__*/ Context.GenericTag<Accounting>(
  "effect-reliability/Accounting"
)

/**
 * Counts all protected calls of what it is provided to, and provides the accounts.
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
// Reading
// -------------------------------------------------------------------------------------------------

/**
 * All that the application's accounts have counted.
 *
 * @since 0.1.0
 * @category getters
 */
export const snapshot: Effect.Effect<Snapshot, never, Accounting> = /*#__PURE__*/ Effect.flatMap(
  Accounting,
  (accounting) => accounting.snapshot
)

/**
 * What became of the application's calls that began within a time; see `Accounting`.
 *
 * @since 0.1.0
 * @category getters
 */
export const window = (from: number, to: number): Effect.Effect<Window, never, Accounting> =>
  Effect.flatMap(Accounting, (accounting) => accounting.window(from, to))

const keyOf = ({ class: kind, delivery, host, model, of, phase, reason, workload }: Row): string =>
  JSON.stringify([of, kind, reason, phase, delivery, workload, model, host])

/**
 * What was counted between two snapshots: what ended then, whenever it began. What is in flight, is so at the later one.
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
    return more > 0 ? [{ ...row, count: more, millis: Math.max(0, row.millis - old.millis) }] : []
  })
  return { ...later, rows }
})

/**
 * The part of what was counted that is about one host, model or workload, as one deployment's servers see it. Calls in flight
 * that have not said what they are about remain.
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

// -------------------------------------------------------------------------------------------------
// reconcile
// -------------------------------------------------------------------------------------------------

/**
 * Holds what the client counted against what the servers counted, by the dashboard law. Where both failed, the verdict names
 * the side with more failures; the other is in the evidence.
 *
 * Any numbers have a verdict: those that are none, `NotEnoughData`. `only` selects what the servers' numbers are of.
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
 * A verdict as a person reads it: who it was, by which numbers, and what to do next.
 *
 * @since 0.1.0
 * @category conversions
 */
export const format = (verdict: Verdict): string => textOf(verdict)
