/**
 * The timeouts, the deadline and the retries of one kind of work, as a single value.
 *
 * A chat that hangs for five minutes has lost its user. A long generation that some library cuts off after its default of five
 * minutes is paid for without a result. A workload sets every time limit of a call, from the wait for a free connection to the
 * deadline of the whole call. The client beneath it must not have shorter timeouts.
 *
 * | workload | guide | attempt | deadline | stream: first / idle | patience |
 * | --- | --- | --- | --- | --- | --- |
 * | `interactive` | 30–60 s | 60 s | 2 min | 30 s / 30 s | none |
 * | `agentic` | 5–30 min | 30 min | 60 min | 5 min / 2 min | 30 waits, 5 s × 1.5 up to 60 s |
 * | `largeModel` | 10–30 min | 30 min | 60 min | 10 min / 2 min | the same |
 * | `batchSubmission` | 60 s | 60 s | 5 min | – | the same |
 *
 * The column "guide" is the client timeout that the [Fireworks reliability guide](https://docs.fireworks.ai/guides/reliability)
 * recommends. All four workloads allow 10 s for a free connection, 10 s to connect and 30 s to write; `read` is as long as the
 * attempt. Patience is the waits for a deployment that is starting: they use neither attempts nor retry budget.
 *
 * A workload does not declare whether a call may be repeated. That is a property of the request: see the option `idempotency`
 * of `ReliableHttpClient.make` and of `Reliability.make`.
 *
 * @since 0.1.0
 */
import * as Config from "effect/Config"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schedule from "effect/Schedule"
import type { Transient } from "./ApiError.js"
import { inheritedFrom, currentCall, nested } from "./internal/call/context.js"
import type { Patience, Workload } from "./internal/call/model.js"
import { limitedTo } from "./internal/call/timeLimit.js"
import { timedOut } from "./internal/deadline/timedOut.js"
import { duration, number, refuse } from "./internal/options.js"
import * as Retry from "./Retry.js"

export type { Workload, Timeouts, StreamTimeouts, Patience } from "./internal/call/model.js"

// -------------------------------------------------------------------------------------------------
// Model
// -------------------------------------------------------------------------------------------------

/**
 * Options of `make`.
 *
 * @since 0.1.0
 * @category model
 */
export interface Options {
  /** The name in errors, spans and metrics. */
  readonly name: string
  /** The timeouts of one attempt. None may exceed `attempt`, and `attempt` may not exceed `deadline`. */
  readonly timeouts: {
    /** The wait for a free connection. @default 10 seconds, or `attempt` if that is less */
    readonly pool?: Duration.DurationInput | undefined
    /** The time to connect, including TLS. @default 10 seconds, or `attempt` if that is less */
    readonly connect?: Duration.DurationInput | undefined
    /** The time to write the request. @default 30 seconds, or `attempt` if that is less */
    readonly write?: Duration.DurationInput | undefined
    /** The longest wait for the next bytes of the response. @default `attempt` */
    readonly read?: Duration.DurationInput | undefined
    /** The time for the whole attempt, above zero. */
    readonly attempt: Duration.DurationInput
  }
  /** The timeouts of event streams: until the first event, and between two pieces of data. @default `attempt` for both */
  readonly stream?:
    | {
        /** The time from the request to the first event, at most `timeouts.attempt`. */
        readonly first?: Duration.DurationInput | undefined
        /** The longest time between two pieces of data. It may exceed `timeouts.attempt`. */
        readonly idle?: Duration.DurationInput | undefined
      }
    | undefined
  /** The time for the whole call, at least `timeouts.attempt`; may be infinite. @default infinite */
  readonly deadline?: Duration.DurationInput | undefined
  /**
   * The retry schedule: one of `Retry`, with or without combinators that keep its output, such as
   * `Schedule.zipLeft(Retry.documented, Schedule.recurs(2))`. A schedule of another origin uses no budget, and does not check
   * whether the error is `Fatal`. @default `Retry.documented`
   */
  readonly retry?: Schedule.Schedule<Retry.Step, unknown> | undefined
  /** The waits for a deployment that is starting. Without patience, `ScalingUp` fails at once. @default none */
  readonly patience?:
    | {
        /** The maximum number of waits, at least 1. */
        readonly waits: number
        /** The first wait. */
        readonly base: Duration.DurationInput
        /** The factor by which each wait grows, at least 1. @default 1 */
        readonly factor?: number | undefined
        /** The longest wait, at least `base`. @default `base`; if `factor` is above 1, the longer of `base` and 1 minute */
        readonly cap?: Duration.DurationInput | undefined
      }
    | undefined
}

/**
 * Options of `with`: any part of the options of `make`.
 *
 * @since 0.1.0
 * @category model
 */
export interface Overrides extends Partial<Omit<Options, "timeouts">> {
  readonly timeouts?: { readonly [K in keyof Options["timeouts"]]?: Options["timeouts"][K] | undefined } | undefined
}

// -------------------------------------------------------------------------------------------------
// make
// -------------------------------------------------------------------------------------------------

const patienceOf = (owner: string, options: Options["patience"]): Patience | undefined => {
  if (options === undefined) return undefined
  const base = duration(owner, "patience.base", options.base)
  const factor = number(owner, "patience.factor", options.factor ?? 1, { min: 1 })
  // a factor above 1 needs a cap above the base to have an effect
  const cap = duration(owner, "patience.cap", options.cap ?? (factor > 1 ? Duration.max(base, "1 minute") : base))
  if (Duration.lessThan(cap, base))
    refuse(owner, "patience.cap", cap, `at least patience.base, ${Duration.format(base)}`)
  return { waits: number(owner, "patience.waits", options.waits, { min: 1, integer: true }), base, factor, cap }
}

const build = (owner: string, options: Options): Workload => {
  if (typeof options.name !== "string" || options.name === "") refuse(owner, "name", options.name, "a non-empty string")
  const { retry = Retry.documented, timeouts } = options
  if (!Predicate.isObject(timeouts)) refuse(owner, "timeouts", timeouts, "an object with the field attempt")
  if (!Schedule.isSchedule(retry)) refuse(owner, "retry", retry, "a Schedule")
  const attempt = duration(owner, "timeouts.attempt", timeouts.attempt, { min: 1 })
  const deadline = duration(owner, "deadline", options.deadline ?? Duration.infinity, { min: 1, infinite: true })
  if (Duration.greaterThan(attempt, deadline)) {
    refuse(owner, "timeouts.attempt", attempt, `at most the deadline, ${Duration.format(deadline)}`)
  }
  const limit = (option: string, input: Duration.DurationInput | undefined, otherwise: Duration.DurationInput) => {
    if (input === undefined) return Duration.min(otherwise, attempt)
    const value = duration(owner, option, input, { min: 1 })
    return Duration.lessThanOrEqualTo(value, attempt)
      ? value
      : refuse(owner, option, value, `at most timeouts.attempt, ${Duration.format(attempt)}`)
  }
  const { connect, pool, read, write } = timeouts
  return {
    name: options.name,
    timeouts: {
      pool: limit("timeouts.pool", pool, "10 seconds"),
      connect: limit("timeouts.connect", connect, "10 seconds"),
      write: limit("timeouts.write", write, "30 seconds"),
      read: limit("timeouts.read", read, attempt),
      attempt
    },
    stream: {
      first: limit("stream.first", options.stream?.first, attempt),
      // a stream may be idle for longer than one attempt may take
      idle: duration(owner, "stream.idle", options.stream?.idle ?? attempt, { min: 1 })
    },
    deadline,
    retry,
    patience: patienceOf(owner, options.patience)
  }
}

/**
 * Creates a workload. Throws a `RangeError` that names the invalid option if the time limits contradict each other.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Duration } from "effect"
 * import { Workload } from "effect-reliability"
 *
 * const embeddings = Workload.make({
 *   name: "embeddings",
 *   timeouts: { attempt: "20 seconds" },
 *   deadline: "1 minute"
 * })
 * assert.deepStrictEqual(embeddings.timeouts.connect, Duration.seconds(10))
 * assert.throws(() => Workload.make({ name: "x", timeouts: { attempt: "2 minutes" }, deadline: "1 minute" }), {
 *   message: "Workload.make: timeouts.attempt is 2m; it must be at most the deadline, 1m"
 * })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options): Workload => build("Workload.make", options)

const with_: {
  (overrides: Overrides): (workload: Workload) => Workload
  (workload: Workload, overrides: Overrides): Workload
} = /*#__PURE__*/ dual(2, (workload: Workload, overrides: Overrides): Workload =>
  override("Workload.with", workload, overrides)
)

const override = (owner: string, workload: Workload, overrides: Overrides): Workload => {
  const { timeouts } = workload
  const deadline = duration(owner, "deadline", overrides.deadline ?? workload.deadline, { min: 1, infinite: true })
  const attempt = duration(
    owner,
    "timeouts.attempt",
    overrides.timeouts?.attempt ?? Duration.min(timeouts.attempt, deadline),
    { min: 1 }
  )
  const atMost = (value: Duration.Duration) => Duration.min(value, attempt)
  const whole = (value: Duration.Duration) => Duration.equals(value, timeouts.attempt)
  return build(owner, {
    name: overrides.name ?? workload.name,
    deadline,
    retry: overrides.retry ?? workload.retry,
    timeouts: {
      pool: overrides.timeouts?.pool ?? atMost(timeouts.pool),
      connect: overrides.timeouts?.connect ?? atMost(timeouts.connect),
      write: overrides.timeouts?.write ?? atMost(timeouts.write),
      read: overrides.timeouts?.read ?? (whole(timeouts.read) ? undefined : atMost(timeouts.read)),
      attempt
    },
    stream: {
      first: overrides.stream?.first ?? (whole(workload.stream.first) ? undefined : atMost(workload.stream.first)),
      idle: overrides.stream?.idle ?? (whole(workload.stream.idle) ? undefined : workload.stream.idle)
    },
    patience: "patience" in overrides ? overrides.patience : workload.patience
  })
}

export {
  /**
   * Changes parts of a workload. Timeouts that are not given are adapted: a shorter deadline shortens the attempt, and a
   * shorter attempt shortens its phases.
   *
   * @example
   * ```ts
   * import * as assert from "node:assert"
   * import { Duration } from "effect"
   * import { Workload } from "effect-reliability"
   *
   * const typing = Workload.with(Workload.interactive, { name: "typing", deadline: "5 seconds" })
   * assert.deepStrictEqual(typing.timeouts.attempt, Duration.seconds(5))
   * ```
   *
   * @since 0.1.0
   * @category combinators
   */
  with_ as with
}

/**
 * Reads the time limits of a workload from `Config`. A limit without a variable is that of the given workload, by the rules of
 * `with`.
 *
 * | variable | limit | | variable | limit |
 * | --- | --- | --- | --- | --- |
 * | `DEADLINE` | `deadline` | | `WRITE_TIMEOUT` | `timeouts.write` |
 * | `ATTEMPT_TIMEOUT` | `timeouts.attempt` | | `READ_TIMEOUT` | `timeouts.read` |
 * | `POOL_TIMEOUT` | `timeouts.pool` | | `STREAM_FIRST_TIMEOUT` | `stream.first` |
 * | `CONNECT_TIMEOUT` | `timeouts.connect` | | `STREAM_IDLE_TIMEOUT` | `stream.idle` |
 *
 * Write durations as `30 seconds`. If there are several workloads, give their variables prefixes with `Config.nested`.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Config, ConfigProvider, Duration, Effect } from "effect"
 * import { Workload } from "effect-reliability"
 *
 * const environment = ConfigProvider.fromMap(new Map([["CHAT_DEADLINE", "45 seconds"]]), { pathDelim: "_" })
 * const chat = Config.nested(Workload.config(Workload.interactive), "CHAT")
 *
 * const workload = await Effect.runPromise(Effect.withConfigProvider(chat, environment))
 * assert.deepStrictEqual(workload.deadline, Duration.seconds(45))
 * assert.deepStrictEqual(workload.timeouts.attempt, Duration.seconds(45))
 * ```
 *
 * @since 0.2.0
 * @category constructors
 */
export const config = (workload: Workload): Config.Config<Workload> => {
  const limit = (name: string) => Config.map(Config.option(Config.duration(name)), Option.getOrUndefined)
  return Config.all({
    deadline: limit("DEADLINE"),
    timeouts: Config.all({
      pool: limit("POOL_TIMEOUT"),
      connect: limit("CONNECT_TIMEOUT"),
      write: limit("WRITE_TIMEOUT"),
      read: limit("READ_TIMEOUT"),
      attempt: limit("ATTEMPT_TIMEOUT")
    }),
    stream: Config.all({ first: limit("STREAM_FIRST_TIMEOUT"), idle: limit("STREAM_IDLE_TIMEOUT") })
  }).pipe(Config.mapAttempt((limits) => override("Workload.config", workload, limits)))
}

// -------------------------------------------------------------------------------------------------
// Workloads
// -------------------------------------------------------------------------------------------------

const patience = { waits: 30, base: "5 seconds", factor: 1.5, cap: "60 seconds" } as const

/**
 * A workload for calls whose result a person waits for.
 *
 * @since 0.1.0
 * @category constants
 */
export const interactive: Workload = /*#__PURE__*/ make({
  name: "interactive",
  timeouts: { attempt: "60 seconds" },
  stream: { first: "30 seconds", idle: "30 seconds" },
  deadline: "2 minutes"
})

/**
 * A workload for agents, with tool calls and many steps, whose result a program waits for.
 *
 * @since 0.1.0
 * @category constants
 */
export const agentic: Workload = /*#__PURE__*/ make({
  name: "agentic",
  timeouts: { attempt: "30 minutes" },
  stream: { first: "5 minutes", idle: "2 minutes" },
  deadline: "60 minutes",
  patience
})

/**
 * A workload for large models and long contexts, where the first token alone may take minutes.
 *
 * @since 0.1.0
 * @category constants
 */
export const largeModel: Workload = /*#__PURE__*/ make({
  name: "largeModel",
  timeouts: { attempt: "30 minutes" },
  stream: { first: "10 minutes", idle: "2 minutes" },
  deadline: "60 minutes",
  patience
})

/**
 * A workload for submitting a batch job, whose results come later. A job that is submitted twice runs twice. Send its request
 * with the idempotency `never`, or with `keyed` if it carries a client-chosen id.
 *
 * @since 0.1.0
 * @category constants
 */
export const batchSubmission: Workload = /*#__PURE__*/ make({
  name: "batchSubmission",
  timeouts: { attempt: "60 seconds" },
  deadline: "5 minutes",
  patience
})

// -------------------------------------------------------------------------------------------------
// Combinators
// -------------------------------------------------------------------------------------------------

/**
 * Interrupts an effect after the workload's `timeouts.attempt` and fails with `Transient`, reason `Timeout`, phase `attempt`.
 *
 * It waits until the interrupted effect has ended. `Reliability.protect` does the same for each attempt.
 *
 * As under `Effect.timeoutFail`, a fiber that the effect forks with `Effect.fork` ends with the effect, at the limit or before.
 * Fibers of `Effect.forkDaemon`, `Effect.forkScoped` and `Effect.forkIn` outlive it.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { Workload } from "effect-reliability"
 *
 * const typing = Workload.make({ name: "typing", timeouts: { attempt: "10 millis" } })
 * const program = Effect.sleep("1 hour").pipe(Workload.timeout(typing), Effect.flip)
 *
 * const error = await Effect.runPromise(program)
 * console.log(error.reason, error.phase) // Timeout attempt
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const timeout: {
  (workload: Workload): <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E | Transient, R>
  <A, E, R>(effect: Effect.Effect<A, E, R>, workload: Workload): Effect.Effect<A, E | Transient, R>
} = /*#__PURE__*/ dual(2, <A, E, R>(effect: Effect.Effect<A, E, R>, workload: Workload) =>
  limitedTo(effect, {
    millis: Duration.toMillis(workload.timeouts.attempt),
    workload,
    error: (settled) => timedOut("attempt", workload.timeouts.attempt, { attempts: settled ? 1 : 0 })
  })
)

/**
 * Sets the workload of an effect. Clients inside it use its timeouts and retries, and `Retry`'s schedules use its patience. By
 * itself, it limits no time and makes no request repeatable.
 *
 * `Reliability.protect` and the options of a single call have a workload of their own, which replaces this one inside.
 *
 * @example
 * ```ts
 * import { Effect, Option } from "effect"
 * import { Workload } from "effect-reliability"
 *
 * const program = Workload.current.pipe(Workload.within(Workload.agentic))
 *
 * const current = await Effect.runPromise(program)
 * console.log(Option.map(current, (workload) => workload.name)) // agentic
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const within: {
  (workload: Workload): <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  <A, E, R>(effect: Effect.Effect<A, E, R>, workload: Workload): Effect.Effect<A, E, R>
} = /*#__PURE__*/ dual(2, <A, E, R>(effect: Effect.Effect<A, E, R>, workload: Workload) =>
  Effect.withFiberRuntime<A, E, R>((fiber) => {
    const outer = fiber.getFiberRef(currentCall)
    return Effect.locally(effect, currentCall, nested(outer, { ...inheritedFrom(outer, fiber), workload }, Infinity))
  })
)

/**
 * Returns the workload of the current fiber, if there is one.
 *
 * @since 0.1.0
 * @category getters
 */
export const current: Effect.Effect<Option.Option<Workload>> = /*#__PURE__*/ Effect.withFiberRuntime((fiber) =>
  Effect.succeed(Option.fromNullable(fiber.getFiberRef(currentCall)?.workload))
)
