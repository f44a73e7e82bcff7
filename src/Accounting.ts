/**
 * Counts what became of calls and of their tries, and finds out who lost the requests.
 *
 * A provider's dashboard counts the requests that its servers acknowledged. What failed before, in the pool, the name lookup,
 * the network, is on no dashboard: the client failed, and the console looks clean. Who is to look into it can only be told
 * with the client's own numbers beside the server's. Here they are counted, by reason, phase and delivery, and attributed to the
 * start of the call: a call of ten minutes belongs to the minute that sent it, with all its tries.
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
import type { ApiError, Delivery, Phase as Limit, Reason } from "./ApiError.js"
import { observedBy, observing } from "./internal/call/context.js"
import type { Observer } from "./internal/call/observers.js"
import { duration, number, refuse } from "./internal/options.js"
import { judge, type Limits } from "./internal/accounting/reconcile.js"
import { Tally } from "./internal/accounting/tally.js"
import { clockOf } from "./internal/clock.js"
import { textOf } from "./internal/accounting/verdictText.js"
import type { Outcome } from "./Reliability.js"

// -------------------------------------------------------------------------------------------------
// Model: what was counted
// -------------------------------------------------------------------------------------------------

/**
 * What makes calls different for those who look at numbers.
 *
 * @since 0.1.0
 * @category model
 */
export interface Labels {
  /** The workload's name. */
  readonly workload: string
  /** Absent where the call did not say. */
  readonly model: string | undefined
  /** Host and port; absent where the call did not say. */
  readonly host: string | undefined
}

/**
 * How many came to the same.
 *
 * @since 0.1.0
 * @category model
 */
export interface Row extends Labels {
  readonly of: Outcome["of"]
  readonly outcome: "ok" | "failed"
  /** The error's class and reason; absent for a success. */
  readonly class: ApiError["_tag"] | undefined
  readonly reason: Reason | undefined
  /** The limit that a timeout ran into. */
  readonly phase: Limit | undefined
  /** Of a success, `Acknowledged`. */
  readonly delivery: Delivery
  readonly count: number
  /** How long all of them took together. */
  readonly millis: number
}

/**
 * Calls that have begun and not ended.
 *
 * @since 0.1.0
 * @category model
 */
export interface InFlight extends Labels {
  readonly calls: number
}

/**
 * What was counted.
 *
 * @since 0.1.0
 * @category model
 */
export interface Counts {
  readonly rows: ReadonlyArray<Row>
  /** How many calls had begun and not ended when it was looked at, those around other calls included. */
  readonly inFlight: number
  /** The same by what they are about, as far as that is known when a call begins. */
  readonly open: ReadonlyArray<InFlight>
}

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
 * What became of the calls that began within a time.
 *
 * @since 0.1.0
 * @category model
 */
export interface Window extends Counts {
  /** In milliseconds of wall time, at the edge of a bucket: what to ask the servers for. */
  readonly from: number
  /** The same, or the moment that it was looked at. */
  readonly to: number
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
 *   assert.deepStrictEqual(rows.map(({ count, of, outcome }) => [of, outcome, count]), [["try", "ok", 1], ["call", "ok", 1]])
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
export class Service extends Context.Tag("effect-reliability/Accounting")<Service, Accounting>() {}

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
 *   assert.deepStrictEqual(rows.map(({ count, of }) => [of, count]), [["try", 1], ["call", 1]])
 * })
 *
 * await Effect.runPromise(program.pipe(Effect.provide(Accounting.layerWith({ bucket: "10 seconds" }))))
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerWith = (options: Options): Layer.Layer<Service> => {
  const settings = checked("Accounting.layerWith", options)
  return Layer.scoped(
    Service,
    Effect.tap(makeWith(settings), (accounting) => observing(observerOf(accounting)))
  )
}

/**
 * Counts all protected calls of what it is provided to, and provides the accounts, with the defaults.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<Service> = /*#__PURE__*/ Layer.suspend(() => layerWith({}))

// -------------------------------------------------------------------------------------------------
// Reading
// -------------------------------------------------------------------------------------------------

/**
 * All that the application's accounts have counted.
 *
 * @since 0.1.0
 * @category getters
 */
export const snapshot: Effect.Effect<Snapshot, never, Service> = /*#__PURE__*/ Effect.flatMap(
  Service,
  (accounting) => accounting.snapshot
)

/**
 * What became of the application's calls that began within a time; see `Accounting`.
 *
 * @since 0.1.0
 * @category getters
 */
export const window = (from: number, to: number): Effect.Effect<Window, never, Service> =>
  Effect.flatMap(Service, (accounting) => accounting.window(from, to))

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
 * console.log((await Effect.runPromise(program.pipe(Effect.provide(Accounting.layer)))).rows) // []
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
 * console.log((await Effect.runPromise(program.pipe(Effect.provide(Accounting.layer)))).rows) // []
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
// Model: verdicts
// -------------------------------------------------------------------------------------------------

/**
 * What servers counted between two moments, in milliseconds of wall time. The numbers may come of rates: they need not be whole.
 *
 * @since 0.1.0
 * @category model
 */
export interface ServerCounts {
  readonly from: number
  readonly to: number
  /** Requests that were acknowledged, those that failed among them. */
  readonly requests: number
  /** Requests that were answered by an error. */
  readonly errors: number
  /** Of the errors, how many had which HTTP status. */
  readonly byStatus?: Readonly<Record<string, number>> | undefined
  /** The part of the time that the numbers are of, from 0 to 1. @default 1 */
  readonly coverage?: number | undefined
  /** How far off in time they may be at both ends, in milliseconds. @default 0 */
  readonly resolution?: number | undefined
}

/**
 * Where a client loses tries: looking up the name, waiting for a connection, making one, trusting it, passing the proxy,
 * sending, waiting for the answer, by a connection that breaks, by the time that runs out before anything is sent, by an
 * interruption, or by what the client itself cannot send or read.
 *
 * @since 0.1.0
 * @category model
 */
export type Phase =
  | "dns"
  | "pool"
  | "connect"
  | "tls"
  | "proxy"
  | "write"
  | "read"
  | "connection"
  | "attempt"
  | "abort"
  | "client"

/**
 * Tries that failed alike.
 *
 * @since 0.1.0
 * @category model
 */
export interface Failure {
  /** Where the client lost them; absent where a server answered. */
  readonly phase: Phase | undefined
  readonly reason: Reason
  readonly delivery: Delivery
  readonly count: number
}

/**
 * Between what the law says that servers count, and by how much they may be off.
 *
 * @since 0.1.0
 * @category model
 */
export interface Bounds {
  readonly least: number
  readonly most: number
  readonly tolerance: number
}

/**
 * The numbers that a verdict rests on.
 *
 * @since 0.1.0
 * @category model
 */
export interface Evidence {
  /** Calls that ended, their tries by delivery, and those that succeeded. */
  readonly client: { readonly [D in Delivery]: number } & {
    readonly calls: number
    readonly tries: number
    readonly ok: number
    readonly inFlight: number
  }
  readonly server: ServerCounts
  readonly bounds: Bounds
  /** What this side lost, the most frequent first. */
  readonly lost: ReadonlyArray<Failure>
  /** What servers answered with errors, the most frequent first. */
  readonly refused: ReadonlyArray<Failure>
}

/**
 * Why there is no verdict: numbers that are none, a window that is empty or to come, counts of different times, numbers of too
 * little of it, a window shorter than they are sharp, too few requests, too many calls that have not ended, or servers
 * that counted less than succeeded.
 *
 * @since 0.1.0
 * @category model
 */
export type NotEnough =
  | "NoNumbers"
  | "NoTime"
  | "OtherTime"
  | "Coverage"
  | "TooShort"
  | "TooFew"
  | "InFlight"
  | "OtherServer"

/**
 * Who lost the requests, by which numbers, and what to do next.
 *
 * @since 0.1.0
 * @category model
 */
export type Verdict = { readonly next: string } & (
  | {
      /**
       * Tries were lost between this client and the servers, most often in this phase: before or while they were sent, so that
       * the servers may know nothing of them, or on the way back, where they counted a request whose answer nobody got.
       */
      readonly _tag: "ClientSide"
      readonly phase: Phase
      /** The tries that were lost in this phase. */
      readonly lost: number
      readonly evidence: Evidence
    }
  | {
      /** The servers answered, with errors. */
      readonly _tag: "ServerSide"
      readonly errors: number
      readonly byReason: Readonly<Record<string, number>>
      readonly byStatus: Readonly<Record<string, number>> | undefined
      readonly evidence: Evidence
    }
  | { readonly _tag: "InAgreement"; readonly evidence: Evidence }
  | {
      /** The servers counted more than this client can have sent. */
      readonly _tag: "MissingOnClient"
      readonly missing: number
      readonly evidence: Evidence
    }
  | {
      readonly _tag: "NotEnoughData"
      readonly why: NotEnough
      /** Absent where the numbers are none. */
      readonly evidence: Evidence | undefined
    }
)

/**
 * How much difference counts as one. The tolerance is the greater of `count` and `share`, plus what the server's numbers are
 * off by their own account.
 *
 * @since 0.1.0
 * @category model
 */
export interface ReconcileOptions {
  /** Requests that may be missing, whatever the share, and failures that do not matter. @default 3 */
  readonly count?: number | undefined
  /** The share of all requests that may be missing, 0 to 1: server counts come of rates. @default 0.1 */
  readonly share?: number | undefined
  /** The share of tries that may fail without mattering, 0 to 1. @default 0.01 */
  readonly failing?: number | undefined
  /** The least coverage of the server's numbers, 0 to 1. @default 0.5 */
  readonly coverage?: number | undefined
  /** The fewest requests, on the side that has more of them, that allow a verdict, from 1 on. @default 10 */
  readonly tries?: number | undefined
}

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
 * await Effect.runPromise(Effect.delay(program, 5).pipe(Effect.provide(Accounting.layer)))
 * ```
 *
 * @since 0.1.0
 * @category conversions
 */
export const reconcile = (window: Window, counts: ServerCounts, options: ReconcileOptions = {}): Verdict =>
  judge(window, counts, limitsOf(options))

const limitsOf = ({ count, coverage, failing, share, tries }: ReconcileOptions): Limits => {
  const owner = "Accounting.reconcile"
  return {
    count: number(owner, "count", count ?? 3, {}),
    share: number(owner, "share", share ?? 0.1, { max: 1 }),
    failing: number(owner, "failing", failing ?? 0.01, { max: 1 }),
    coverage: number(owner, "coverage", coverage ?? 0.5, { max: 1 }),
    tries: number(owner, "tries", tries ?? 10, { min: 1 })
  }
}

/**
 * A verdict as a person reads it: who it was, by which numbers, and what to do next.
 *
 * @since 0.1.0
 * @category conversions
 */
export const format = (verdict: Verdict): string => textOf(verdict)
